/* zip.c - the directory of a ZIP archive */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/rd.h"
#include "zip_priv.h"

enum {
	END_LEN = 22, END_BACK = END_LEN + UINT16_MAX,	/* with the longest comment */
	LOCATOR_LEN = 20, END64_LEN = 56, ENTRY_LEN = 46, LOCAL_LEN = 30,
	END_SIGN = 0x06054b50, LOCATOR_SIGN = 0x07064b50, END64_SIGN = 0x06064b50, ENTRY_SIGN = 0x02014b50,
	LOCAL_SIGN = 0x04034b50,
	FLAG_CRYPT = 1 << 0, FLAG_LATER = 1 << 3, FLAG_STRONG = 1 << 6, FLAG_MASKED = 1 << 13,
	RATIO_MAX = 1040		/* deflate cannot do more than 1032, and ends of streams */
};

static int bad(const char *what)
{
	return err_set(ERR_INVALID, "InvalidHeader: ZIP archive: %s", what);
}

/* ---- the end ---- */

/* The last end record whose comment reaches the end of the file: its place in `tail`, or -1. */
static ssize_t end_find(const uint8_t *tail, size_t n)
{
	size_t at, comment;

	for (at = n - END_LEN + 1; at-- > 0; ) {
		if (memcmp(tail + at, "PK\5\6", 4))
			continue;
		comment = tail[at + 20] | (size_t)tail[at + 21] << 8;
		if (at + END_LEN + comment == n)
			return (ssize_t)at;
	}
	return -1;
}

/* The 64-bit end record in front of the other one, if there is one.  *end: where the directory has to end. */
static int end64(struct tensor_in *in, uint64_t *end, struct zip_dir *d, int wanted)
{
	uint8_t b[END64_LEN];
	uint64_t off, n;
	struct rd r;
	int rc;

	if (*end < LOCATOR_LEN + END64_LEN)
		return wanted ? bad("no 64-bit end") : 0;
	rc = in->read(in, *end - LOCATOR_LEN, b, LOCATOR_LEN);
	if (rc < 0)
		return rc;
	r = rd_from(span_of(b, LOCATOR_LEN));
	if (rd_le32(&r) != LOCATOR_SIGN)
		return wanted ? bad("no 64-bit end") : 0;
	rd_le32(&r);
	off = rd_le64(&r);
	if (off > *end - LOCATOR_LEN - END64_LEN)
		return bad("its 64-bit end is not in the file");
	rc = in->read(in, off, b, END64_LEN);
	if (rc < 0)
		return rc;
	r = rd_from(span_of(b, END64_LEN));
	if (rd_le32(&r) != END64_SIGN)
		return bad("no 64-bit end where it should be");
	n = rd_le64(&r);
	if (n != *end - LOCATOR_LEN - off - 12)
		return bad("its 64-bit end is as long as it does not say");
	rd_bytes(&r, 4);
	if (rd_le32(&r) || rd_le32(&r))
		return bad("more than one disk");
	n = rd_le64(&r);
	d->n = rd_le64(&r);
	d->len = rd_le64(&r);
	d->off = rd_le64(&r);
	*end = off;
	return n == d->n ? 0 : bad("more than one disk");
}

static int end_read(struct tensor_in *in, const uint8_t *p, uint64_t end, struct zip_dir *d)
{
	struct rd r = rd_from(span_of(p, END_LEN));
	int rc, wanted;

	rd_bytes(&r, 4);
	if (rd_le16(&r) || rd_le16(&r))
		return bad("more than one disk");
	if (rd_le16(&r) != (d->n = rd_le16(&r)))
		return bad("more than one disk");
	d->len = rd_le32(&r);
	d->off = rd_le32(&r);
	wanted = d->n == UINT16_MAX || d->len == UINT32_MAX || d->off == UINT32_MAX;
	rc = end64(in, &end, d, wanted && d->off != end - d->len);
	if (rc < 0)
		return rc;
	if (d->len > end || d->off != end - d->len)
		return bad("its directory is not where it should be");
	if (d->n > d->len / ENTRY_LEN)
		return bad("more members than its directory has room for");
	return 0;
}

/* the end within the last n bytes of the file: 1, or 0: it is not there */
static int end_in(struct tensor_in *in, size_t n, struct zip_dir *d)
{
	uint8_t *tail = malloc(n);
	ssize_t at;
	int rc;

	if (!tail)
		return err_nomem();
	rc = in->read(in, in->size - n, tail, n);
	if (rc == 0) {
		at = end_find(tail, n);
		rc = at < 0 ? 0 : end_read(in, tail + at, in->size - n + (uint64_t)at, d);
		if (rc == 0)
			rc = at >= 0;
	}
	free(tail);
	return rc;
}

/* comments are rare: their room is looked at only when there must be one */
int zip_dir_find(struct tensor_in *in, struct zip_dir *d)
{
	size_t most = in->size < END_BACK ? (size_t)in->size : END_BACK;
	int rc;

	if (most < END_LEN)
		return err_set(ERR_INVALID, "HeaderTooSmall: %zu bytes are no ZIP archive", most);
	rc = end_in(in, END_LEN, d);
	if (rc == 0)
		rc = end_in(in, most, d);
	return rc == 0 ? bad("it has no end, is it cut off?") : rc < 0 ? rc : 0;
}

/* ---- entries ---- */

/* The extra field of that kind; empty: there is none. */
static struct span extra_find(struct span extra, unsigned kind)
{
	struct rd r = rd_from(extra);

	while (rd_ok(&r) && r.left) {
		unsigned k = rd_le16(&r);
		struct span s = rd_bytes(&r, rd_le16(&r));

		if (rd_ok(&r) && k == kind)
			return s;
	}
	return span_of(NULL, 0);
}

/* a 32-bit field that may stand in the extra field instead */
static void widen(uint64_t *v, struct rd *wide)
{
	if (*v == UINT32_MAX)
		*v = rd_le64(wide);
}

int zip_next(struct feed *f, struct zip_entry *e)
{
	size_t n_name, n_extra, n_comment;
	uint8_t b[ENTRY_LEN];
	struct rd r, wide;
	int rc = feed_read(f, b, sizeof b);

	if (rc < 0)
		return rc;
	r = rd_from(span_of(b, sizeof b));
	if (rd_le32(&r) != ENTRY_SIGN)
		return bad("no entry where one should be");
	rd_bytes(&r, 4);
	e->flags = rd_le16(&r);
	e->method = rd_le16(&r);
	rd_bytes(&r, 4);
	e->crc = rd_le32(&r);
	e->packed = rd_le32(&r);
	e->plain = rd_le32(&r);
	n_name = rd_le16(&r);
	n_extra = rd_le16(&r);
	n_comment = rd_le16(&r);
	rd_bytes(&r, 8);
	e->off = rd_le32(&r);
	buf_reset(&e->name);
	buf_reset(&e->extra);
	rc = feed_buf(f, &e->name, n_name);
	if (rc == 0)
		rc = feed_buf(f, &e->extra, n_extra);
	if (rc == 0)
		rc = feed_skip(f, n_comment);
	if (rc < 0)
		return rc;
	wide = rd_from(extra_find(buf_span(&e->extra), 1));
	widen(&e->plain, &wide);
	widen(&e->packed, &wide);
	widen(&e->off, &wide);
	return rd_ok(&wide) ? 0 : bad("a member has no 64-bit length");
}

/* ---- members ---- */

static int readable(const struct zip_entry *e)
{
	if (e->flags & (FLAG_CRYPT | FLAG_STRONG | FLAG_MASKED))
		return err_set(ERR_UNSUPPORTED, "it is encrypted");
	if (e->method != ZIP_STORED && e->method != ZIP_DEFLATED)
		return err_set(ERR_UNSUPPORTED, "it is packed by method %d, only deflated ones are read", e->method);
	if (e->method == ZIP_STORED && e->packed != e->plain)
		return err_set(ERR_INVALID, "InvalidOffset: it is stored, but in another length");
	if (e->method == ZIP_DEFLATED && e->plain / RATIO_MAX > e->packed)
		return err_set(ERR_INVALID, "InvalidOffset: %" PRIu64 " bytes cannot be packed into %" PRIu64,
			       e->plain, e->packed);
	return 0;
}

/* what follows the fixed part of a member's own head: name and extra field */
static int local_rest(struct tensor_in *in, const struct zip_entry *e, size_t n_extra, uint64_t packed, uint64_t plain,
		      int later)
{
	struct buf rest = BUF_INIT(2 * UINT16_MAX);
	size_t n = e->name.len + n_extra;
	int rc = buf_reserve(&rest, n);
	struct rd wide;

	if (rc == 0)
		rc = in->read(in, e->off + LOCAL_LEN, rest.data, n);
	if (rc == 0 && memcmp(rest.data, e->name.data, e->name.len))
		rc = bad("a member has another name than its entry");
	if (rc == 0 && !later) {
		wide = rd_from(extra_find(span_of(rest.data + e->name.len, n_extra), 1));
		widen(&plain, &wide);
		widen(&packed, &wide);
		if (!rd_ok(&wide) || plain != e->plain || packed != e->packed)
			rc = bad("a member has another length than its entry");
	}
	buf_clear(&rest);
	return rc;
}

int zip_locate(struct tensor_in *in, const struct zip_entry *e, uint64_t limit, uint64_t *data)
{
	uint32_t crc, packed, plain;
	uint16_t flags, method;
	uint8_t b[LOCAL_LEN];
	size_t n_extra;
	struct rd r;
	int rc = readable(e);

	if (rc < 0)
		return rc;
	if (e->off > limit || limit - e->off < LOCAL_LEN)
		return err_set(ERR_INVALID, "InvalidOffset: it begins outside the archive");
	rc = in->read(in, e->off, b, sizeof b);
	if (rc < 0)
		return rc;
	r = rd_from(span_of(b, sizeof b));
	if (rd_le32(&r) != LOCAL_SIGN)
		return bad("no member where one should be");
	rd_le16(&r);
	flags = rd_le16(&r);
	method = rd_le16(&r);
	rd_bytes(&r, 4);
	crc = rd_le32(&r);
	packed = rd_le32(&r);
	plain = rd_le32(&r);
	if (method != e->method || (flags ^ e->flags) & FLAG_CRYPT || rd_le16(&r) != e->name.len)
		return bad("a member is another than its entry says");
	if (!(flags & FLAG_LATER) && crc != e->crc)
		return bad("a member has another checksum than its entry");
	n_extra = rd_le16(&r);
	*data = e->off + LOCAL_LEN + e->name.len + n_extra;
	if (*data > limit || e->packed > limit - *data)
		return err_set(ERR_INVALID, "InvalidOffset: it ends outside the archive");
	return local_rest(in, e, n_extra, packed, plain, flags & FLAG_LATER);
}
