/* route.c - which function answers, and what becomes of its failures */
#include <string.h>

#include "base/err.h"
#include "route.h"

/* is `word` one of the words of the list? */
static int listed(const char *list, struct span word)
{
	const char *end;

	for (; *list; list = *end ? end + 1 : end) {
		end = strchr(list, ' ');
		if (!end)
			end = list + strlen(list);
		if (span_equal(span_of((const uint8_t *)list, (size_t)(end - list)), word))
			return 1;
	}
	return 0;
}

static int takes(const struct route *row, struct span method)
{
	return listed(row->methods, method) ||
	       (span_equal(method, span_str("HEAD")) && listed(row->methods, span_str("GET")));
}

/* how many bytes of the path this row spells out; -1: it does not fit */
static ptrdiff_t fits(const struct route *row, struct span path)
{
	size_t len = strlen(row->path);
	int open = len > 0 && row->path[len - 1] == '*';

	len -= open;
	if (path.len < len || (!open && path.len != len) || memcmp(path.p, row->path, len) != 0)
		return -1;
	return (ptrdiff_t)(2 * len + !open);	/* exact before open */
}

int route_find(const struct route *rows, size_t n, const struct request *rq, const struct route **row,
	       int *status, const char **allow)
{
	ptrdiff_t best = -1, other = -1, f;
	size_t i;

	*row = NULL;
	*allow = NULL;
	for (i = 0; i < n; i++) {
		f = fits(&rows[i], rq->path);
		if (f > best && takes(&rows[i], rq->method)) {
			best = f;
			*row = &rows[i];
		} else if (f > other && !takes(&rows[i], rq->method)) {
			other = f;
			*allow = rows[i].methods;
		}
	}
	/* a longer path that does not take the method says more than a shorter one that does */
	if (*row && best >= other)
		return 1;
	*status = *allow ? 405 : 404;
	return 0;
}

/* RFC 9110 10.2.1: a list with commas */
static void say_allowed(struct reply *r, const char *methods)
{
	struct buf list = BUF_INIT(256);
	const char *p;
	int rc = 0;

	for (p = methods; rc == 0 && *p; p++)
		rc = *p == ' ' ? buf_str(&list, ", ") : buf_u8(&list, (unsigned char)*p);
	if (rc == 0 && listed(methods, span_str("GET")) && !listed(methods, span_str("HEAD")))
		rc = buf_str(&list, ", HEAD");
	if (rc == 0)
		reply_field(r, "allow", "%s", (const char *)list.data);
	buf_clear(&list);
}

int route_run(const struct route *rows, size_t n, struct request *rq, struct reply *r, void *ctx)
{
	const struct route *row;
	const char *allow;
	int rc, status;

	r->head_only = span_equal(rq->method, span_str("HEAD"));
	if (!route_find(rows, n, rq, &row, &status, &allow)) {
		if (allow)
			say_allowed(r, allow);
		return reply_status(rq, r, status, status == 404 ? "nothing is served under this path" :
				    "this path does not take the method");
	}
	rc = row->run(rq, r, ctx);
	if (rc < 0 && r->status && rc != ERR_INTERRUPTED) {
		r->failed = 1;			/* the head is out: the body ends in a way that shows */
		rc = 0;
	}
	if (rc < 0 && !r->status)
		rc = reply_error(rq, r, rc);
	else if (rc >= 0 && !r->status)
		rc = reply_status(rq, r, 500, "the handler gave no answer");
	return rc < 0 ? rc : 0;
}
