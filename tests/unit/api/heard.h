/*
 * heard.h - what a client would hear: an answer in memory, and requests written as text.
 * For tests of handlers without a server; each folder's own header says what is asked.
 */
#ifndef TESTS_API_HEARD_H
#define TESTS_API_HEARD_H

#include <strings.h>

#include "api/route/route.h"
#include "base/io.h"
#include "tests/unit/unit.h"

struct heard {
	struct reply r;
	struct buf body;
	uint64_t len;			/* as the head said */
	int rc;				/* what the handler returned */
	int starts;
	uint64_t n_pieces, n_extents;	/* extents: pieces that were no bytes */
	uint64_t n_flushes;
	uint64_t room;			/* bytes the client takes before it goes away; 0: all.  Stays */
};

static struct heard *heard_of(struct sink *s)
{
	return (struct heard *)(void *)((char *)s - offsetof(struct heard, r.sink));
}

static int heard_start(struct reply *r, uint64_t len)
{
	struct heard *h = heard_of(&r->sink);

	h->len = len;
	h->starts++;
	return 0;
}

static int heard_flush(struct reply *r)
{
	heard_of(&r->sink)->n_flushes++;
	return 0;
}

static int heard_put(struct sink *s, const struct piece *p)
{
	struct heard *h = heard_of(s);
	struct buf *b = &h->body;

	h->n_pieces++;
	if (h->room && b->len >= h->room)
		return err_set(ERR_INTERRUPTED, "the client is gone");
	if (p->fd < 0)
		return buf_add(b, p->bytes);
	h->n_extents++;
	if (buf_reserve(b, p->len) < 0 ||
	    io_pread(p->fd, b->data + b->len, p->len, p->off, "extent") != (ssize_t)p->len)
		abort();
	b->len += p->len;
	b->data[b->len] = 0;
	return 0;
}

static void heard_clear(struct heard *h)
{
	buf_clear(&h->body);
	buf_clear(&h->r.fields);
	buf_clear(&h->r.trailers);
}

/* heard_begin - nothing was heard yet */
static void heard_begin(struct heard *h)
{
	heard_clear(h);
	h->body = BUF_INIT(256 << 20);
	h->r = (struct reply){ .sink = { heard_put }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .trailers = BUF_INIT(65536),
			       .start = heard_start, .flush = heard_flush };
	h->n_pieces = h->n_extents = h->n_flushes = h->len = 0;
	h->starts = 0;
}

enum { HEARD_FIELDS_MAX = 32 };

/* heard_fields - the fields of "name: value\n" lines, names in lower case: how many */
static size_t heard_fields(struct field *f, size_t max, const char *lines)
{
	size_t n = 0, len;
	const char *colon;

	for (; lines && *lines && n < max; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		colon = memchr(lines, ':', len);
		if (!colon)
			abort();
		f[n].name = span_of(lines, (size_t)(colon - lines));
		colon += 1 + strspn(colon + 1, " ");
		f[n++].value = span_of(colon, len - (size_t)(colon - lines));
	}
	return n;
}

/* heard_request - a request of this machine for a target, with such fields, put into f */
__attribute__((unused)) static struct request heard_request(const char *method, const char *target, const char *host,
							    const char *fields, struct field f[HEARD_FIELDS_MAX])
{
	const char *mark = strchr(target, '?');

	return (struct request){ .method = span_str(method), .host = host ? span_str(host) : span_of(NULL, 0),
				 .path = span_of(target, strcspn(target, "?")), .id = span_str("id-1"),
				 .query = mark ? span_str(mark + 1) : span_of(NULL, 0), .peer = span_str("127.0.0.1:4711"),
				 .local = 1, .field = f, .n_fields = heard_fields(f, HEARD_FIELDS_MAX, fields) };
}

/* heard_line - the value of a field in such lines, several joined with ", "; NULL: it has none.  Kept. */
static const char *heard_line(const struct buf *lines, const char *name)
{
	const char *p = (const char *)lines->data, *end;
	size_t len = strlen(name);
	char *out = NULL;

	for (; p && *p; p = end + 1) {
		size_t was = out ? strlen(out) : 0;

		end = strchr(p, '\n');
		if (strncasecmp(p, name, len) != 0 || p[len] != ':')
			continue;
		if (!out)
			out = memset(unit_kept(REPLY_FIELDS_MAX), 0, 1);
		snprintf(out + was, REPLY_FIELDS_MAX - was, "%s%.*s", was ? ", " : "",
			 (int)((size_t)(end - p) - len - 3), p + len + 2);
	}
	return out;
}

__attribute__((unused)) static const char *heard_body(const struct heard *h)
{
	return h->body.data ? (const char *)h->body.data : "";
}

#endif
