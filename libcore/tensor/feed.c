/* feed.c - a range of a file in small steps; what lies where in a file */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/spill.h"
#include "feed_priv.h"

void feed_start(struct feed *f, struct tensor_in *in, uint64_t off, uint64_t end)
{
	f->in = in;
	f->at = off;
	f->end = end;
	f->pos = f->have = 0;
}

static int ends(const struct feed *f, uint64_t len)
{
	if (len <= feed_left(f))
		return 0;
	return err_set(ERR_INVALID, "InvalidHeaderLength: %" PRIu64 " bytes at byte %" PRIu64 ", there are %" PRIu64,
		       len, f->at, feed_left(f));
}

static int fill(struct feed *f)
{
	size_t n = feed_left(f) < sizeof f->buf ? (size_t)feed_left(f) : sizeof f->buf;
	int rc = f->in->read(f->in, f->at, f->buf, n);

	f->pos = 0;
	f->have = rc < 0 ? 0 : n;
	return rc;
}

int feed_read(struct feed *f, void *p, size_t len)
{
	uint8_t *to = p;
	int rc = ends(f, len);
	size_t n;

	for (; rc == 0 && len; to += n, len -= n) {
		if (f->pos == f->have)
			rc = fill(f);
		n = f->have - f->pos < len ? f->have - f->pos : len;
		if (n)
			memcpy(to, f->buf + f->pos, n);
		f->pos += n;
		f->at += n;
	}
	return rc;
}

int feed_skip(struct feed *f, uint64_t len)
{
	int rc = ends(f, len);

	if (rc < 0)
		return rc;
	f->at += len;
	if (len < f->have - f->pos)
		f->pos += (size_t)len;
	else
		f->pos = f->have = 0;
	return 0;
}

int feed_buf(struct feed *f, struct buf *out, uint64_t len)
{
	int rc = ends(f, len);

	if (rc == 0)
		rc = buf_reserve(out, len < SIZE_MAX ? (size_t)len : SIZE_MAX);
	if (rc == 0)
		rc = feed_read(f, out->data + out->len, (size_t)len);
	if (rc == 0) {
		out->len += (size_t)len;
		out->data[out->len] = 0;
	}
	return rc;
}

/* ---- ranges ---- */

enum { RANGES_MEM = 1 << 20 };		/* bytes of them in memory before they go to a file */

static int by_place(struct span a, struct span b)
{
	return span_cmp(span_of(a.p, 8), span_of(b.p, 8));
}

int ranges_new(struct ranges *r, const char *what, const char *tmpdir)
{
	*r = (struct ranges){ .what = what, .row = BUF_INIT(SPILL_RECORD_MAX) };
	return spill_new(&r->sorted, tmpdir, RANGES_MEM, by_place);
}

int ranges_add(struct ranges *r, uint64_t off, uint64_t end, struct span name)
{
	int rc = 0;

	if (off == end)
		return 0;
	buf_reset(&r->row);
	rc = buf_be64(&r->row, off);
	if (rc == 0)
		rc = buf_be64(&r->row, end);
	if (rc == 0)
		rc = buf_add(&r->row, name);
	return rc < 0 ? rc : spill_add(r->sorted, buf_span(&r->row));
}

int ranges_check(struct ranges *r, uint64_t limit)
{
	char quoted[QUOTED_MAX];
	uint64_t behind = 0;
	struct span s;
	int rc = spill_read(r->sorted);

	while (rc == 0 && (rc = spill_next(r->sorted, &s)) == 1) {
		struct rd in = rd_from(s);
		uint64_t off = rd_be64(&in), end = rd_be64(&in);

		quoted_name(rd_rest(&in), quoted);
		if (off < behind)
			return err_set(ERR_INVALID, "InvalidOffset: %s %s begins within another one", r->what, quoted);
		if (end > limit)
			return err_set(ERR_INVALID, "MetadataIncompleteBuffer: %s %s ends %" PRIu64 " bytes behind"
				       " the file", r->what, quoted, end - limit);
		behind = end;
		rc = 0;
	}
	return rc;
}

void ranges_free(struct ranges *r)
{
	spill_free(r->sorted);
	buf_clear(&r->row);
}

/* ---- messages ---- */

int class_add(int rc, const char *what, struct span name)
{
	char text[512], quoted[QUOTED_MAX];
	size_t n = 0;

	snprintf(text, sizeof text, "%s", err_text());
	while (isalnum((unsigned char)text[n]))
		n++;
	quoted_name(name, quoted);
	if (rc != ERR_INVALID || !isupper((unsigned char)*text) || text[n] != ':' || text[n + 1] != ' ')
		return err_add(rc, "%s %s", what, quoted);
	return err_set(rc, "%.*s: %s %s: %s", (int)n, text, what, quoted, text + n + 2);
}
