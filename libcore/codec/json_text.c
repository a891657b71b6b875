/* json_text.c - strings of JSON text: scanned eight bytes at a time, unescaped, and written */
#include "base/err.h"
#include "base/json.h"
#include "json_priv.h"

static const uint8_t *stop(const uint8_t *p, const char *rule, const uint8_t **where, const char **why)
{
	*where = p;
	*why = rule;
	return NULL;
}

const uint8_t *json_text_scan(const uint8_t *p, const uint8_t *end, struct json_raw *raw,
			      const uint8_t **where, const char **why)
{
	const uint8_t *start = p;
	uint64_t wide = 0;

	raw->escaped = 0;
	for (;;) {
		p = json_run_end(p, end, &wide);
		if (p == end)
			return stop(start, "a string without end", where, why);
		if (*p == '"')
			break;
		if (*p < 0x20)
			return stop(p, "a control character in a string", where, why);
		raw->escaped = 1;
		p += 2;			/* whatever is escaped, it does not end the string */
		if (p > end)
			return stop(start, "a string without end", where, why);
	}
	raw->raw = span_of(start, (size_t)(p - start));
	raw->wide = (wide & JSON_EACH(0x80)) != 0;
	return p;
}

/* ---- escapes ---- */

/* Is \uXXXX of this character something a writer makes?  Controls, the line separators and U+FFFD are
 * Go's; pairs of surrogates are told apart by the caller. */
static int written_as_hex(int32_t c)
{
	return c < 0x20 || c == 0x2028 || c == 0x2029 || c == 0xfffd;
}

/* \uXXXX with *p at the first digit */
static const char *unescape_hex(const uint8_t **p, const uint8_t *end, int strict, uint8_t **out)
{
	int32_t hi = json_hex4(*p, end), lo;

	if (hi < 0)
		return "\\u without four hex digits";
	*p += 4;
	if (hi >= 0xdc00 && hi <= 0xdfff)
		return "the second half of a surrogate pair alone";
	if (hi < 0xd800 || hi > 0xdfff) {
		if (strict && !written_as_hex(hi))
			return "an escape of a character that needs none";
		*out += utf8_put((uint32_t)hi, *out);
		return NULL;
	}
	lo = end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u' ? json_hex4(*p + 2, end) : -1;
	if (lo < 0xdc00 || lo > 0xdfff)
		return "the first half of a surrogate pair alone";
	*p += 6;
	*out += utf8_put(0x10000 + ((uint32_t)(hi - 0xd800) << 10) + (uint32_t)(lo - 0xdc00), *out);
	return NULL;
}

ptrdiff_t json_text_unescape(struct span raw, int strict, uint8_t *out, const uint8_t **where,
			     const char **why)
{
	const uint8_t *p = raw.p, *end = raw.p + raw.len, *mark;
	uint8_t *o = out;
	int c;

	while (p < end) {
		mark = memchr(p, '\\', (size_t)(end - p));
		if (!mark)
			mark = end;
		memcpy(o, p, (size_t)(mark - p));
		o += mark - p;
		if (mark == end)
			break;
		p = mark + 2;		/* the scan saw to it that a byte follows */
		c = json_escape(mark[1]);
		*why = NULL;
		if (c >= 0 && !(strict && c == '/'))
			*o++ = (uint8_t)c;
		else if (c >= 0)
			*why = "an escape of a character that needs none";
		else if (mark[1] != 'u')
			*why = "an escape that JSON does not have";
		else
			*why = unescape_hex(&p, end, strict, &o);
		if (*why) {
			*where = mark;
			return -1;
		}
	}
	return o - out;
}

/* ---- writing ---- */

/* The escape of the character at p, which begins with a byte that may need one: its length in *n (0: none
 * is needed) and that of the character in *skip. */
static size_t escape(const uint8_t *p, const uint8_t *end, char *text, size_t *skip)
{
	static const char hex[] = "0123456789abcdef";

	*skip = 1;
	text[0] = '\\';
	switch (*p) {
	case '"':
	case '\\': text[1] = (char)*p; return 2;
	case '\n': text[1] = 'n'; return 2;
	case '\r': text[1] = 'r'; return 2;
	case '\t': text[1] = 't'; return 2;
	}
	if (*p < 0x20) {
		memcpy(text + 1, "u00", 3);
		text[4] = hex[*p >> 4];
		text[5] = hex[*p & 15];
		return 6;
	}
	/* U+2028 and U+2029: legal in JSON, but Go escapes them for the sake of JavaScript */
	if (*p == 0xe2 && end - p >= 3 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) {
		memcpy(text + 1, "u202", 4);
		text[5] = p[2] == 0xa8 ? '8' : '9';
		*skip = 3;
		return 6;
	}
	return 0;
}

static int wide(struct span s)
{
	uint64_t all = 0;
	size_t i = 0;

	for (; s.len - i >= 8; i += 8)
		all |= json_load(s.p + i);
	for (; i < s.len; i++)
		all |= s.p[i];
	return (all & JSON_EACH(0x80)) != 0;
}

int json_text_put(struct buf *out, struct span s)
{
	const uint8_t *p = s.p, *end = s.p + s.len, *from = p;
	int non_ascii = wide(s), rc;
	uint64_t hit;
	char text[8];
	size_t n, skip;

	if (non_ascii && !utf8_valid(s))
		return err_set(ERR_INVALID, "a string that is not UTF-8 cannot be written as JSON");
	rc = buf_reserve(out, s.len + 2);
	if (rc == 0)
		rc = buf_u8(out, '"');
	while (rc == 0 && p < end) {
		if (!non_ascii && end - p >= 8) {
			hit = json_special(json_load(p));
			if (!hit) {
				p += 8;
				continue;
			}
			p += __builtin_ctzll(hit) / 8;
		}
		n = escape(p, end, text, &skip);
		if (n > 0) {
			rc = buf_bytes(out, from, (size_t)(p - from));
			if (rc == 0)
				rc = buf_bytes(out, text, n);
			from = p + skip;
		}
		p += skip;
	}
	if (rc == 0)
		rc = buf_bytes(out, from, (size_t)(end - from));
	return rc < 0 ? rc : buf_u8(out, '"');
}
