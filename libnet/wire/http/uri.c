/* uri.c - percent-encoding and query arguments (RFC 3986 2.1) */
#include "base/err.h"
#include "http_priv.h"
#include "field.h"

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = http_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int http_unescape(struct span s, int plus, struct buf *out)
{
	size_t i, n = 0;
	uint8_t *to;
	int rc = buf_reserve(out, s.len);

	if (rc < 0)
		return rc;
	to = out->data ? out->data + out->len : NULL;
	for (i = 0; i < s.len; i++) {
		int c = s.p[i], high, low;

		if (c == '%') {
			high = s.len - i > 2 ? hex(s.p[i + 1]) : -1;
			low = high >= 0 ? hex(s.p[i + 2]) : -1;
			if (low < 0) {
				rc = err_set(ERR_INVALID, "a percent sign without two hexadecimal digits");
				break;
			}
			c = high << 4 | low;
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == 0) {
			rc = err_set(ERR_INVALID, "a NUL in a path or query");
			break;
		}
		to[n++] = (uint8_t)c;
	}
	if (to) {			/* the NUL behind the last byte, in either case */
		out->len += rc < 0 ? 0 : n;
		out->data[out->len] = 0;
	}
	return rc;
}

int http_query_next(struct span *rest, struct span *name, struct span *value)
{
	const uint8_t *end, *eq;
	struct span one;

	while (rest->len) {
		end = memchr(rest->p, '&', rest->len);
		one = span_of(rest->p, end ? (size_t)(end - rest->p) : rest->len);
		*rest = end ? span_of(end + 1, rest->len - one.len - 1) : span_of(NULL, 0);
		if (!one.len)
			continue;
		eq = memchr(one.p, '=', one.len);
		*name = span_of(one.p, eq ? (size_t)(eq - one.p) : one.len);
		*value = eq ? span_of(eq + 1, one.len - name->len - 1) : span_of(NULL, 0);
		return 1;
	}
	return 0;
}
