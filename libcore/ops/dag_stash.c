/* dag_stash.c - records one after the other, in memory or in a file */
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "base/tmpfile.h"
#include "ops/dag_stash.h"

void stash_init(struct stash *p, const char *tmpdir)
{
	*p = (struct stash){ .mem = BUF_INIT(SIZE_MAX), .fd = -1, .tmpdir = tmpdir };
}

void stash_clear(struct stash *p)
{
	buf_clear(&p->mem);
	if (p->fd >= 0)
		close(p->fd);
	stash_init(p, p->tmpdir);
}

static int spill(struct stash *p)
{
	int rc;

	if (p->fd < 0)
		p->fd = tmpfile_nameless(p->tmpdir);
	if (p->fd < 0)
		return p->fd;
	rc = io_pwrite(p->fd, p->mem.data, p->mem.len, p->base, "temporary file");
	if (rc < 0)
		return rc;
	p->base += p->mem.len;
	buf_reset(&p->mem);
	return 0;
}

int stash_add(struct stash *p, struct span record)
{
	size_t before = p->mem.len;
	int rc = buf_le32(&p->mem, (uint32_t)record.len);

	if (rc == 0)
		rc = buf_add(&p->mem, record);
	if (rc < 0)
		p->mem.len = before;
	return rc == 0 && p->mem.len > STASH_MEM ? spill(p) : rc;
}

/* a record lies on one side of `base` as a whole */
static int read_at(struct stash *p, uint64_t at, void *to, size_t len)
{
	ssize_t n;

	if (at >= p->base) {
		memcpy(to, p->mem.data + (at - p->base), len);
		return 0;
	}
	n = io_pread(p->fd, to, len, at, "temporary file");
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : err_set(ERR_IO, "a temporary file became shorter");
}

int stash_get(struct stash *p, uint64_t *at, struct buf *out)
{
	uint8_t head[4];
	struct rd r = rd_from(span_of(head, sizeof head));
	int rc = read_at(p, *at, head, sizeof head);
	size_t len;

	if (rc < 0)
		return rc;
	len = rd_le32(&r);
	buf_reset(out);
	rc = buf_reserve(out, len);
	if (rc == 0)
		rc = read_at(p, *at + sizeof head, out->data, len);
	if (rc == 0) {
		out->len = len;
		*at += sizeof head + len;
	}
	return rc;
}

void stash_cut(struct stash *p, uint64_t at)
{
	if (at >= p->base) {
		p->mem.len = (size_t)(at - p->base);
		return;
	}
	p->base = at;			/* the file is written over from here */
	buf_reset(&p->mem);
}
