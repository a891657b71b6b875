/* car_log.c - CIDs put aside, in memory while they are few, then in a file without a name */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "ops/car_priv.h"

enum { TAIL = 64 * 1024, IN = 64 * 1024 };

static const char *const file = "a temporary file";

void cidlog_init(struct cidlog *l, const char *tmpdir)
{
	*l = (struct cidlog){ .fd = -1, .tmpdir = tmpdir, .tail = BUF_INIT(TAIL + 2 + CID_BYTES_MAX) };
}

void cidlog_clear(struct cidlog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	buf_clear(&l->tail);
	free(l->in);
	cidlog_init(l, l->tmpdir);
}

static int flush(struct cidlog *l)
{
	int rc;

	if (l->fd < 0) {
		rc = tmpfile_nameless(l->tmpdir);
		if (rc < 0)
			return rc;
		l->fd = rc;
	}
	rc = io_pwrite(l->fd, l->tail.data, l->tail.len, l->len, file);
	if (rc < 0)
		return rc;
	l->len += l->tail.len;
	buf_reset(&l->tail);
	return 0;
}

/* a record is the length of the CID in two bytes, and the CID */
int cidlog_add(struct cidlog *l, const struct cid *cid)
{
	int rc = l->tail.len >= TAIL ? flush(l) : 0;

	if (rc == 0)
		rc = buf_le16(&l->tail, cid->len);
	return rc < 0 ? rc : buf_add(&l->tail, cid_span(cid));
}

/* n bytes of the log, which are there */
static int take(struct cidlog *l, uint8_t *to, size_t n)
{
	while (n) {
		size_t some = l->in_have - l->in_pos;
		ssize_t got;

		if (l->pos >= l->len) {		/* the rest was never written */
			memcpy(to, l->tail.data + (l->pos - l->len), n);
			l->pos += n;
			return 0;
		}
		if (some == 0) {
			if (!l->in && !(l->in = malloc(IN)))
				return err_nomem();
			got = io_pread(l->fd, l->in, l->len - l->pos < IN ? (size_t)(l->len - l->pos) : IN,
				       l->pos, file);
			if (got <= 0)
				return got < 0 ? (int)got : err_set(ERR_IO, "%s ended early", file);
			l->in_pos = 0;
			l->in_have = some = (size_t)got;
		}
		if (some > n)
			some = n;
		memcpy(to, l->in + l->in_pos, some);
		l->in_pos += some;
		l->pos += some;
		to += some;
		n -= some;
	}
	return 0;
}

int cidlog_next(struct cidlog *l, struct cid *cid)
{
	uint8_t head[2], bytes[CID_BYTES_MAX];
	size_t len;
	int rc;

	if (l->pos == l->len + l->tail.len)
		return 0;
	rc = take(l, head, 2);
	if (rc < 0)
		return rc;
	len = head[0] | (size_t)head[1] << 8;
	if (len > sizeof bytes)
		return err_set(ERR_CORRUPT, "%s was damaged", file);
	rc = take(l, bytes, len);
	if (rc == 0)
		rc = cid_decode(span_of(bytes, len), cid);
	return rc < 0 ? rc : 1;
}
