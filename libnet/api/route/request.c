/* request.c - fields and arguments of a request */
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "route.h"

static int is_named(const struct field *f, const char *name)
{
	return f->name.len == strlen(name) && memcmp(f->name.p, name, f->name.len) == 0;
}

struct span request_field(const struct request *rq, const char *name)
{
	size_t i;

	for (i = 0; i < rq->n_fields; i++)
		if (is_named(&rq->field[i], name))
			return rq->field[i].value;
	return span_of(NULL, 0);
}

int request_list(const struct request *rq, const char *name, struct buf *out)
{
	int rc = 0, any = 0;
	size_t i;

	for (i = 0; rc == 0 && i < rq->n_fields; i++) {
		if (!is_named(&rq->field[i], name))
			continue;
		if (any)
			rc = buf_str(out, ", ");
		if (rc == 0)
			rc = buf_add(out, rq->field[i].value);
		any = 1;
	}
	return rc < 0 ? rc : any;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int request_unescape(struct span in, struct buf *out)
{
	size_t i;
	int rc = 0, hi, lo;

	for (i = 0; rc == 0 && i < in.len; i++) {
		uint8_t c = in.p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			hi = i + 2 < in.len ? hex(in.p[i + 1]) : -1;
			lo = i + 2 < in.len ? hex(in.p[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return err_set(ERR_INVALID, "a bad %% escape in the query");
			c = (uint8_t)(hi << 4 | lo);
			i += 2;
		}
		rc = buf_u8(out, c);
	}
	return rc;
}

/* … as text */
static int unescape(struct span in, struct buf *out)
{
	size_t was = out->len;
	int rc = request_unescape(in, out);

	if (rc == 0 && out->len > was && memchr(out->data + was, 0, out->len - was))
		return err_set(ERR_INVALID, "a zero byte in the query");
	return rc;
}

int request_arg(const struct request *rq, const char *name, struct buf *out)
{
	struct span rest = rq->query, part;
	struct buf key = BUF_INIT(4096);
	const uint8_t *end, *eq;
	int rc = 0, found = 0;

	while (rc >= 0 && !found && rest.len > 0) {
		end = memchr(rest.p, '&', rest.len);
		part = span_of(rest.p, end ? (size_t)(end - rest.p) : rest.len);
		rest = end ? span_of(end + 1, rest.len - part.len - 1) : span_of(NULL, 0);
		eq = part.len ? memchr(part.p, '=', part.len) : NULL;
		buf_reset(&key);
		/* a key of ours is short: one that does not fit is not it */
		rc = unescape(span_of(part.p, eq ? (size_t)(eq - part.p) : part.len), &key);
		if (rc == ERR_LIMIT) {
			rc = 0;
			continue;
		}
		if (rc < 0 || !span_equal(buf_span(&key), span_str(name)))
			continue;
		found = 1;
		if (eq)
			rc = unescape(span_of(eq + 1, part.len - (size_t)(eq + 1 - part.p)), out);
	}
	buf_clear(&key);
	return rc < 0 ? rc : found;
}
