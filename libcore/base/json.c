/* json.c - write JSON text */
#include <inttypes.h>

#include "base/json.h"

/* the length of the UTF-8 sequence at s (RFC 3629 table), 0 when there is none */
static size_t utf8_len(struct span s)
{
	uint8_t c = s.p[0], lo = 0x80, hi = 0xbf;
	size_t n, i;

	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		n = 2;
	else if (c >= 0xe0 && c <= 0xef)
		n = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		n = 4;
	else
		return 0;
	if (c == 0xe0)
		lo = 0xa0;
	if (c == 0xed)
		hi = 0x9f;
	if (c == 0xf0)
		lo = 0x90;
	if (c == 0xf4)
		hi = 0x8f;
	if (s.len < n || s.p[1] < lo || s.p[1] > hi)
		return 0;
	for (i = 2; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* three bytes e0..ef: a first bit pattern, neither too long a form nor a surrogate */
static inline int three_bytes(const uint8_t *p)
{
	uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2], high = v & 0x0f2000;

	return (v & 0xf0c0c0) == 0xe08080 && high != 0 && high != 0x0d2000;
}

int utf8_valid(struct span s)
{
	const uint8_t *p = s.p, *end;
	uint64_t word;
	size_t n;

	if (s.len == 0)			/* and p may be NULL */
		return 1;
	end = s.p + s.len;
	while (p < end) {
		if (*p < 0x80) {
			for (; end - p >= 8; p += 8) {
				memcpy(&word, p, sizeof word);
				if (word & 0x8080808080808080)
					break;
			}
			while (p < end && *p < 0x80)
				p++;
		} else if (*p >= 0xc2 && *p <= 0xdf && end - p >= 2 && (p[1] & 0xc0) == 0x80) {
			p += 2;
		} else if (end - p >= 3 && three_bytes(p)) {
			p += 3;
		} else {
			n = utf8_len(span_of(p, (size_t)(end - p)));
			if (n == 0)
				return 0;
			p += n;
		}
	}
	return 1;
}

int json_str(struct buf *b, struct span s)
{
	size_t i = 0, n;
	int rc = buf_u8(b, '"');

	for (; rc == 0 && i < s.len; i += n) {
		uint8_t c = s.p[i];

		n = utf8_len(span_of(s.p + i, s.len - i));
		if (n == 0) {
			n = 1;
			rc = buf_str(b, "\xef\xbf\xbd");
		} else if (c == '"' || c == '\\') {
			rc = buf_printf(b, "\\%c", c);
		} else if (c == '\n') {
			rc = buf_str(b, "\\n");
		} else if (c == '\t') {
			rc = buf_str(b, "\\t");
		} else if (c == '\r') {
			rc = buf_str(b, "\\r");
		} else if (c < 0x20 || c == 0x7f) {
			rc = buf_printf(b, "\\u%04x", c);
		} else {
			rc = buf_bytes(b, s.p + i, n);
		}
	}
	return rc < 0 ? rc : buf_u8(b, '"');
}

int json_key(struct buf *b, const char *name)
{
	uint8_t last = b->len ? b->data[b->len - 1] : 0;
	int rc = 0;

	if (b->len && last != '{' && last != '[')
		rc = buf_u8(b, ',');
	if (rc == 0)
		rc = json_str(b, span_str(name));
	return rc < 0 ? rc : buf_u8(b, ':');
}

int json_field(struct buf *b, const char *name, struct span text)
{
	int rc = json_key(b, name);

	return rc < 0 ? rc : json_str(b, text);
}

int json_num(struct buf *b, const char *name, uint64_t v)
{
	int rc = json_key(b, name);

	return rc < 0 ? rc : buf_printf(b, "%" PRIu64, v);
}

int json_bool(struct buf *b, const char *name, int yes)
{
	int rc = json_key(b, name);

	return rc < 0 ? rc : buf_str(b, yes ? "true" : "false");
}
