/*
 * pile.c - CIDs still to be looked at, last in, first out.
 * The top is in memory; when it is full its lower half goes to a file without a name and comes back
 * when it is needed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/tmpfile.h"
#include "pin/pin_priv.h"

enum { MEM = 4 * 1024 * 1024 };

struct pile {
	uint8_t *mem;			/* records: CID, u8 its length */
	size_t used;
	int fd;				/* chunks: records, u32 length of the chunk; -1: none yet */
	uint64_t len;
	const char *tmpdir;
};

_Static_assert(CID_BYTES_MAX <= UINT8_MAX, "the length of a CID fits a byte");

int pile_new(struct pile **out, const char *tmpdir)
{
	struct pile *p = calloc(1, sizeof *p);

	*out = NULL;
	if (!p)
		return err_nomem();
	p->fd = -1;
	p->tmpdir = tmpdir;
	p->mem = malloc(MEM);		/* touched as far as it is used */
	if (!p->mem) {
		free(p);
		return err_nomem();
	}
	*out = p;
	return 0;
}

void pile_free(struct pile *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	free(p->mem);
	free(p);
}

void pile_empty(struct pile *p)
{
	p->used = 0;
	p->len = 0;
}

static int open_file(struct pile *p)
{
	p->fd = tmpfile_nameless(p->tmpdir);
	return p->fd < 0 ? p->fd : 0;
}

/* the lower half, or a little more, to the file */
static int put_away(struct pile *p)
{
	size_t keep = 0;
	uint32_t n;
	int rc = p->fd < 0 ? open_file(p) : 0;

	while (keep < p->used / 2)		/* records are told by their ends */
		keep += 1 + (size_t)p->mem[p->used - keep - 1];
	n = (uint32_t)(p->used - keep);
	if (rc == 0)
		rc = io_pwrite(p->fd, p->mem, n, p->len, "a temporary file");
	if (rc == 0)
		rc = io_pwrite(p->fd, &n, sizeof n, p->len + n, "a temporary file");
	if (rc < 0)
		return rc;
	p->len += n + sizeof n;
	memmove(p->mem, p->mem + n, keep);
	p->used = keep;
	return 0;
}

static int fetch_back(struct pile *p)
{
	uint32_t n = 0;
	ssize_t got = io_pread(p->fd, &n, sizeof n, p->len - sizeof n, "a temporary file");

	if (got < 0)
		return (int)got;
	if (got != sizeof n || n > MEM || n + sizeof n > p->len)
		return err_set(ERR_IO, "a temporary file changed");
	got = io_pread(p->fd, p->mem, n, p->len - sizeof n - n, "a temporary file");
	if (got < 0)
		return (int)got;
	if ((uint32_t)got != n)
		return err_set(ERR_IO, "a temporary file changed");
	p->len -= n + sizeof n;
	p->used = n;
	return 0;
}

int pile_push(struct pile *p, const struct cid *cid)
{
	int rc = 0;

	if (p->used + cid->len + 1 > MEM)
		rc = put_away(p);
	if (rc < 0)
		return rc;
	memcpy(p->mem + p->used, cid->bytes, cid->len);
	p->used += cid->len;
	p->mem[p->used++] = (uint8_t)cid->len;
	return 0;
}

int pile_pop(struct pile *p, struct cid *cid)
{
	size_t len;
	int rc;

	if (p->used == 0 && p->len > 0) {
		rc = fetch_back(p);
		if (rc < 0)
			return rc;
	}
	if (p->used == 0)
		return 0;
	len = p->mem[p->used - 1];
	p->used -= 1 + len;
	rc = cid_decode(span_of(p->mem + p->used, len), cid);
	return rc < 0 ? rc : 1;
}
