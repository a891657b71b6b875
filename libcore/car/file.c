/* file.c - an archive at hand, as a source of blocks */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "file_priv.h"
#include "multi/uvarint.h"
#include "read_priv.h"

/* ---- bytes of the file ---- */

static int shorter(const struct car_file *f)
{
	return err_set(ERR_CORRUPT, "'%s' was cut short while it was read", f->path);
}

int file_cut(const struct car_file *f)
{
	return guard_hit(&f->guard) ? shorter(f) : 0;
}

int file_peek(struct car_file *f, uint64_t off, size_t len, struct span *out)
{
	ssize_t n;

	*out = span_of(NULL, 0);
	if (off >= f->size)
		return 0;
	if (len > f->size - off)
		len = (size_t)(f->size - off);
	if (f->guard.map.p) {
		*out = span_of(f->guard.map.p + off, len);
		return 0;
	}
	if (len > sizeof f->peeked)
		len = sizeof f->peeked;
	n = io_pread(f->fd, f->peeked, len, off, f->path);
	if (n < 0)
		return (int)n;
	if ((size_t)n < len)
		return shorter(f);
	*out = span_of(f->peeked, len);
	return 0;
}

int file_section(struct car_file *f, uint64_t off, struct place *p)
{
	uint64_t left = f->v2.data_size - off, len;
	size_t most = UVARINT_MAX + CID_BYTES_MAX;
	struct span s;
	int n, k, rc = file_peek(f, f->v2.data_off + off, left < most ? (size_t)left : most, &s);

	if (rc < 0)
		return rc;
	n = car_section_length(s, &len);
	if (n < 0)
		return n;
	if (n == 0)
		return err_set(ERR_INVALID, "unexpected end of the payload inside the length of a section");
	if (len == 0)
		return err_set(ERR_INVALID, "a section of length 0 (padding is not allowed)");
	if (len > left - (uint64_t)n)
		return err_set(ERR_INVALID, "a section of %" PRIu64 " bytes where the payload has %" PRIu64,
			       len, left - (uint64_t)n);
	s = span_of(s.p + n, s.len - (size_t)n);
	k = cid_read(len < s.len ? span_of(s.p, (size_t)len) : s, &p->cid);
	if (k < 0)
		return err_add(k, "the section's CID");
	p->next = off + (uint64_t)n + len;
	p->off = f->v2.data_off + off + (uint64_t)n + (uint64_t)k;
	p->len = len - (uint64_t)k;
	return 0;
}

/* ---- the source ---- */

static int locate(struct car_file *f, const struct cid *cid, uint64_t *off, uint64_t *len)
{
	char text[CID_TEXT_MAX];
	int rc = car_file_find(f, cid, off, len);

	return rc == 0 ? err_set(ERR_NOTFOUND, "block '%s' is not in '%s'", cid_text(cid, text), f->path) : rc;
}

static int source_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct car_file *f = (struct car_file *)(void *)s;
	uint64_t off, len;
	ssize_t n;
	int rc = locate(f, cid, &off, &len);

	if (rc == 1)
		rc = buf_reserve(out, (size_t)len);
	if (rc < 0)
		return rc;
	n = io_pread(f->fd, out->data + out->len, (size_t)len, off, f->path);
	if (n < 0)
		return (int)n;
	if ((uint64_t)n < len)
		return shorter(f);
	rc = cid_verify(cid, span_of(out->data + out->len, (size_t)len));
	if (rc < 0)
		return err_add(rc, "'%s', offset %" PRIu64, f->path, off);
	out->len += (size_t)len;
	out->data[out->len] = 0;
	return 0;
}

static int source_has(struct dag_source *s, const struct cid *cid)
{
	uint64_t off, len;

	return car_file_find((struct car_file *)(void *)s, cid, &off, &len);
}

static int source_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	uint64_t off;
	int rc = locate((struct car_file *)(void *)s, cid, &off, len);

	return rc < 0 ? rc : 0;
}

struct dag_source *car_file_source(struct car_file *f)
{
	return &f->source;
}

/* ---- opening ---- */

/* Header and roots, by the reader, which checks them. */
static int read_head(struct car_file *f, int flags)
{
	struct car_in *in;
	int rc = car_in_open(&in, f->fd, f->path, CAR_NO_HASH | flags);

	if (rc < 0)
		return rc;
	if (car_in_packed(in)) {
		rc = err_set(ERR_UNSUPPORTED, "'%s' is packed (%s): unpack it, or import it", f->path,
			     in->in.packed == PACK_GZIP ? "gzip" : "zstd");
	} else {
		f->version = in->version;
		f->head = in->head;
		in->head.roots = NULL;		/* ours now */
		f->first = in->slab[0].off;
		f->v2 = in->v2;
		if (f->version == 1)
			f->v2 = (struct car_v2){ .data_size = f->size };
	}
	car_in_close(in);
	return rc;
}

static int start(struct car_file *f, int flags)
{
	struct stat st;
	int rc;

	if (fstat(f->fd, &st) < 0)
		return err_sys("looking at '%s'", f->path);
	if (!S_ISREG(st.st_mode))
		return err_set(ERR_UNSUPPORTED, "'%s' is not a regular file: it can only be read front to back",
			       f->path);
	f->size = (uint64_t)st.st_size;
	rc = read_head(f, flags);
	if (rc < 0)
		return rc;
	guard_open(&f->guard, f->fd, 0, f->size);
	rc = tables_open(f);
	return rc < 0 ? rc : file_cut(f);
}

int car_file_open_flags(struct car_file **out, const char *path, int flags)
{
	struct car_file *f = calloc(1, sizeof *f);
	int rc;

	if (!f || !(f->path = strdup(path))) {
		free(f);
		return err_nomem();
	}
	/* no extents: they are sent without being hashed, and this file may be anybody's */
	f->source = (struct dag_source){ source_get, source_has, source_size, NULL };
	/* a fifo nobody writes into shall not keep us */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	rc = f->fd < 0 ? err_sys("opening '%s'", path) : start(f, flags & CAR_LOOSE_HEADER);
	if (rc < 0) {
		car_file_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

int car_file_open(struct car_file **f, const char *path)
{
	return car_file_open_flags(f, path, 0);
}

void car_file_close(struct car_file *f)
{
	if (!f)
		return;
	tables_clear(f);
	guard_close(&f->guard);
	free(f->head.roots);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f);
}

int car_file_version(const struct car_file *f)
{
	return f->version;
}

int car_file_indexed(const struct car_file *f)
{
	return f->codec == CAR_INDEX_SORTED || f->codec == CAR_INDEX_MH_SORTED;
}

uint64_t car_file_index_codec(const struct car_file *f)
{
	return f->codec;
}

const struct cid *car_file_roots(const struct car_file *f, size_t *n)
{
	*n = f->head.n_roots;
	return f->head.roots;
}

const struct car_v2 *car_file_v2(const struct car_file *f)
{
	return &f->v2;
}
