/* json.c - write JSON text */
#include <inttypes.h>

#include "base/json.h"

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
