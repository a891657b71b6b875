/* segment.c - the format of segments and records, and reading them over damage */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "base/rd.h"
#include "store_priv.h"

enum {
	SEG_VERSION = 1,
	REC_MAGIC = 0xb1ce,		/* little-endian: ce b1 */
	SCAN_READ = 1 << 20,		/* bytes read at once */
	SCAN_FALSE_MAX = 1000		/* forged or broken headers searched behind, a segment */
};
static const char seg_magic[8] = { 'i', 'p', 'f', 'r', 's', 's', 'e', 'g' };

char *seg_name(uint32_t id, char name[SEG_NAME_MAX])
{
	snprintf(name, SEG_NAME_MAX, "seg/%08x.seg", id);
	return name;
}

int seg_id_of(const char *file, uint32_t *id)
{
	char name[SEG_NAME_MAX];
	unsigned v;

	if (sscanf(file, "%8x.seg", &v) != 1 || v == 0)
		return 0;
	*id = v;
	return strcmp(seg_name(v, name) + 4, file) == 0;
}

static void put32(uint8_t *p, uint32_t v)
{
	int i;

	for (i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void seg_head_encode(uint32_t id, uint8_t out[SEG_HEAD])
{
	memset(out, 0, SEG_HEAD);
	memcpy(out, seg_magic, 8);
	put32(out + 8, SEG_VERSION);
	put32(out + 12, id);
	put32(out + 28, crc32c(0, span_of(out, 28)));
}

int seg_head_check(const uint8_t head[SEG_HEAD], uint32_t id)
{
	if (memcmp(head, seg_magic, 8) != 0 || crc32c(0, span_of(head, 28)) != get32(head + 28))
		return err_set(ERR_CORRUPT, "segment '%08x': bad header", id);
	if (get32(head + 8) != SEG_VERSION)
		return err_set(ERR_UNSUPPORTED, "segment '%08x': version %u of the format", id,
			       get32(head + 8));
	if (get32(head + 12) != id)
		return err_set(ERR_CORRUPT, "segment '%08x': the header of segment '%08x'", id,
			       get32(head + 12));
	return 0;
}

/*  0 u16 magic   2 u8 flags   3 u8 mh_len   4 u32 codec   8 u32 raw_len   12 u32 stored_len
 * 16 u32 crc of this header with this field 0, and the multihash   20 u32 crc of the stored bytes */
size_t rec_encode(const struct rec *r, uint8_t out[REC_HEAD + REC_MH_MAX])
{
	size_t len = REC_HEAD + (size_t)r->mh_len;

	out[0] = REC_MAGIC & 0xff;
	out[1] = REC_MAGIC >> 8;
	out[2] = r->flags;
	out[3] = r->mh_len;
	put32(out + 4, r->codec);
	put32(out + 8, r->raw_len);
	put32(out + 12, r->stored_len);
	put32(out + 16, 0);
	put32(out + 20, r->crc);
	memcpy(out + REC_HEAD, r->mh, r->mh_len);
	put32(out + 16, crc32c(0, span_of(out, len)));
	return len;
}

int rec_decode(const uint8_t *p, size_t len, struct rec *r)
{
	uint8_t head[REC_HEAD + REC_MH_MAX];
	size_t n;

	if (len < REC_HEAD || p[0] != (REC_MAGIC & 0xff) || p[1] != REC_MAGIC >> 8)
		return 0;
	n = REC_HEAD + (size_t)p[3];
	if (len < n)
		return 0;
	memcpy(head, p, n);
	put32(head + 16, 0);
	if (crc32c(0, span_of(head, n)) != get32(p + 16))
		return 0;
	r->flags = p[2];
	r->mh_len = p[3];
	r->codec = get32(p + 4);
	r->raw_len = get32(p + 8);
	r->stored_len = get32(p + 12);
	r->crc = get32(p + 20);
	memcpy(r->mh, p + REC_HEAD, r->mh_len);
	if (r->flags & ~(REC_ZSTD | REC_PAD))
		return 0;
	if (r->flags & REC_PAD)
		return r->mh_len == 0 && r->raw_len == 0 && r->flags == REC_PAD;
	if (r->mh_len == 0 || r->raw_len > STORE_BLOCK_MAX || r->stored_len > STORE_BLOCK_MAX)
		return 0;
	return (r->flags & REC_ZSTD) || r->raw_len == r->stored_len;
}

int rec_unpack(const struct rec *r, struct span stored, struct buf *out)
{
	size_t n;
	int rc;

	if (!(r->flags & REC_ZSTD))
		return buf_add(out, stored);
	rc = buf_reserve(out, r->raw_len);
	if (rc < 0)
		return rc;
	n = ZSTD_decompress(out->data + out->len, r->raw_len, stored.p, stored.len);
	if (ZSTD_isError(n) || n != r->raw_len) {
		out->data[out->len] = 0;
		return err_set(ERR_CORRUPT, "a compressed record does not unpack");
	}
	out->len += n;
	out->data[out->len] = 0;
	return 0;
}

int mh_fits(struct span mh, struct span bytes)
{
	struct cid cid;
	int rc = cid_make_mh(&cid, 1, CID_RAW, mh);

	if (rc < 0)
		return 0;
	rc = cid_verify(&cid, bytes);
	return rc == 0 ? 1 : rc == ERR_CORRUPT ? 0 : rc;
}

int scan_start(struct scan *s, int fd, uint64_t end, const char *what)
{
	*s = (struct scan){ .fd = fd, .what = what, .off = SEG_HEAD, .end = end,
			    .cap = SCAN_READ };
	s->buf = malloc(s->cap);
	return s->buf ? 0 : err_nomem();
}

void scan_end(struct scan *s)
{
	free(s->buf);
	s->buf = NULL;
}

/* have [off, off + len) in the buffer as far as the file goes; *got says how far */
static int fill(struct scan *s, uint64_t off, size_t len, const uint8_t **p, size_t *got)
{
	uint64_t left = off < s->end ? s->end - off : 0;
	ssize_t n;

	if (len > left)
		len = (size_t)left;
	if (off < s->at || off + len > s->at + s->have) {
		size_t want = len > SCAN_READ ? len : SCAN_READ;

		if (want > s->cap) {
			uint8_t *more = realloc(s->buf, want);

			if (!more)
				return err_nomem();
			s->buf = more;
			s->cap = want;
		}
		s->have = 0;
		s->at = off;
		n = io_pread(s->fd, s->buf, want < left ? want : (size_t)left, off, s->what);
		if (n < 0)
			return (int)n;
		s->have = (size_t)n;
	}
	*p = s->buf + (off - s->at);
	*got = (size_t)(s->at + s->have - off) < len ? (size_t)(s->at + s->have - off) : len;
	return 0;
}

/* 1: a whole record at off, its bytes not looked at */
static int head_at(struct scan *s, uint64_t off, struct rec *r)
{
	const uint8_t *p;
	size_t got;
	int rc = fill(s, off, REC_HEAD + REC_MH_MAX, &p, &got);

	if (rc < 0)
		return rc;
	if (!rec_decode(p, got, r) || rec_total(r->mh_len, r->stored_len) > s->end - off)
		return 0;
	r->off = (uint32_t)off;
	return 1;
}

/* the next place behind `off` that could be a record */
static int search(struct scan *s, uint64_t off, uint64_t *at, struct rec *r)
{
	const uint8_t *p, *hit;
	size_t got;
	int rc;

	while (off < s->end) {
		rc = fill(s, off, SCAN_READ / 2, &p, &got);
		if (rc < 0)
			return rc;
		if (got == 0)
			return 0;
		hit = memchr(p, REC_MAGIC & 0xff, got);
		if (!hit) {
			off += got;
			continue;
		}
		off += (uint64_t)(hit - p);
		rc = head_at(s, off, r);
		if (rc < 0)
			return rc;
		if (rc) {
			*at = off;
			return 1;
		}
		off++;
	}
	return 0;
}

/* 1: the record's bytes have its checksum and, behind damage, its hash */
static int body_fits(struct scan *s, const struct rec *r, struct span *stored)
{
	struct buf raw = BUF_INIT(STORE_BLOCK_MAX);
	const uint8_t *p;
	size_t got;
	int rc = fill(s, r->off + REC_HEAD + (uint64_t)r->mh_len, r->stored_len, &p, &got);

	if (rc < 0)
		return rc;
	*stored = span_of(p, got);
	if (got < r->stored_len || crc32c(0, *stored) != r->crc)
		return 0;
	if (!s->distrust)
		return 1;
	rc = rec_unpack(r, *stored, &raw);
	if (rc == 0)
		rc = mh_fits(span_of(r->mh, r->mh_len), buf_span(&raw)) != 0;
	else if (rc != ERR_NOMEM)
		rc = 0;
	buf_clear(&raw);
	return rc;
}

int scan_next(struct scan *s, struct scanned *out)
{
	uint64_t from = s->off;
	int rc;

	*out = (struct scanned){ .gap_at = s->off };
	while (s->off < s->end) {
		rc = head_at(s, s->off, &out->rec);
		if (rc == 0) {
			s->distrust = 1;
			rc = search(s, s->off + 1, &s->off, &out->rec);
			if (rc == 0)
				s->off = s->end;
		}
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		rc = 1;
		if (!(out->rec.flags & REC_PAD))
			rc = body_fits(s, &out->rec, &out->stored);
		if (rc < 0)
			return rc;
		if (!rc && s->distrust && s->false_hits++ < SCAN_FALSE_MAX) {
			s->off++;		/* no record: bytes that look like one */
			continue;
		}
		out->bad = !rc;
		out->gap_len = s->off - from;
		s->off += rec_total(out->rec.mh_len, out->rec.stored_len);
		return 1;
	}
	out->gap_len = s->off - from;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int seg_list(int dirfd, uint32_t **ids, size_t *n)
{
	int fd = openat(dirfd, "seg", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct buf all = BUF_INIT(SIZE_MAX / 2);
	struct dirent *e;
	uint32_t id;
	int rc = 0;

	*ids = NULL;
	*n = 0;
	if (!d) {
		rc = err_sys("opening folder 'seg'");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (rc == 0 && (e = readdir(d)))
		if (seg_id_of(e->d_name, &id))
			rc = buf_bytes(&all, &id, sizeof id);
	closedir(d);
	if (rc < 0) {
		buf_clear(&all);
		return rc;
	}
	*n = all.len / sizeof id;
	*ids = (uint32_t *)(void *)buf_take(&all);
	if (!*ids)
		return err_nomem();
	qsort(*ids, *n, sizeof id, by_id);
	return 0;
}
