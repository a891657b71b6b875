/* jsonrd.c - read JSON text as it streams by, token by token */
#include <inttypes.h>

#include "base/err.h"
#include "base/jsonrd.h"
#include "base/jsonscan.h"
#include "base/utf8.h"

/* what is due next */
enum {
	TOP,				/* the first value; of lines: or none */
	VALUE,
	IN_ARRAY, IN_OBJECT,		/* just opened: a value, a key, or the end */
	KEY, COLON,
	BEHIND,				/* behind a value: a comma or the end of what it is in */
	DONE, FAILED
};

enum { NOTHING = -1 };			/* the end of the text, where a byte was looked for */

static uint64_t offset(const struct jsonrd *j)
{
	return j->before + j->at;
}

static int bad(struct jsonrd *j, const char *why)
{
	return err_set(ERR_INVALID, "byte %" PRIu64 ": %s", offset(j), why);
}

/* more bytes behind those not used yet, which move to the front: 1, 0 at the end, or the error of read */
static int fill(struct jsonrd *j)
{
	ssize_t n;

	if (j->eof)
		return 0;
	j->have -= j->at;
	if (j->have)
		memmove(j->in, j->in + j->at, j->have);
	j->before += j->at;
	j->at = 0;
	n = j->read(j->arg, j->in + j->have, sizeof j->in - j->have);
	if (n < 0)
		return (int)n;
	j->eof = n == 0;
	j->have += (size_t)n;
	return n > 0;
}

/* n bytes at in[at], or all that are left: 0 or an error */
static int ensure(struct jsonrd *j, size_t n)
{
	int rc = 1;

	while (rc > 0 && j->have - j->at < n)
		rc = fill(j);
	return rc < 0 ? rc : 0;
}

/* the next byte that is no white space: *c, or NOTHING; *lines counts ends of lines on the way */
static int look(struct jsonrd *j, int *c, int *lines)
{
	int rc;

	for (;;) {
		while (j->at < j->have) {
			*c = j->in[j->at];
			if (*c > ' ' || (*c != ' ' && *c != '\n' && *c != '\t' && *c != '\r'))
				return 0;
			*lines += *c == '\n';
			j->at++;
		}
		rc = fill(j);
		if (rc <= 0) {
			*c = NOTHING;
			return rc;
		}
	}
}

static int keep(struct jsonrd *j, const uint8_t *p, size_t len)
{
	int rc = j->drop ? 0 : buf_bytes(&j->text, p, len);

	return rc < 0 ? err_set(rc, "byte %" PRIu64 ": a string or number longer than %zu bytes", offset(j), j->text.max) : 0;
}

/* ---- strings ---- */

/* the plain bytes at in[at], as many as there are */
static int run(struct jsonrd *j)
{
	const uint8_t *p = j->in + j->at, *end = j->in + j->have, *q;
	uint64_t all = 0;
	int wide, rc;

	q = json_run_end(p, end, &all);
	wide = (all & JSON_EACH(0x80)) != 0;
	if (wide && q == end)
		q -= utf8_unfinished(span_of(p, (size_t)(q - p)));
	if (wide && !utf8_valid(span_of(p, (size_t)(q - p))))
		return bad(j, "a string that is not UTF-8");
	rc = keep(j, p, (size_t)(q - p));
	j->at += (size_t)(q - p);
	return rc;
}

/* the second half of a surrogate pair: 1 and *c, 0: it is not there */
static int low_half(struct jsonrd *j, uint32_t *c)
{
	const uint8_t *p = j->in + j->at;
	int32_t lo = j->have - j->at >= 12 && p[6] == '\\' && p[7] == 'u' ? json_hex4(p + 8, p + 12) : -1;

	if (lo < 0xdc00 || lo > 0xdfff)
		return 0;
	*c = 0x10000 + ((*c - 0xd800) << 10) + (uint32_t)(lo - 0xdc00);
	return 1;
}

/* an escape, from its backslash on */
static int unescape(struct jsonrd *j)
{
	uint8_t utf8[4];
	size_t n = 2;
	uint32_t c;
	int32_t v;
	int rc = ensure(j, 12);

	if (rc < 0)
		return rc;
	if (j->have - j->at < 2)
		return bad(j, "a string without end");
	if (j->in[j->at + 1] == 'u') {
		n = 6;
		v = json_hex4(j->in + j->at + 2, j->in + j->have);
		if (v < 0)
			return bad(j, "\\u without four hex digits");
		if (v >= 0xdc00 && v <= 0xdfff)
			return bad(j, "the second half of a surrogate pair alone");
	} else {
		v = json_escape(j->in[j->at + 1]);
		if (v < 0)
			return bad(j, "an escape that JSON does not have");
	}
	c = (uint32_t)v;
	if (v >= 0xd800 && v <= 0xdbff) {
		n = 12;
		if (!low_half(j, &c))
			return bad(j, "the first half of a surrogate pair alone");
	}
	rc = keep(j, utf8, utf8_put(c, utf8));
	j->at += n;
	return rc;
}

/* a string, from its quote on */
static int string(struct jsonrd *j)
{
	int rc = 0;

	j->at++;
	while (rc == 0) {
		rc = run(j);
		if (rc < 0)
			break;
		if (j->at == j->have || j->in[j->at] >= 0x80) {
			rc = fill(j);
			rc = rc == 0 ? bad(j, "a string without end") : rc < 0 ? rc : 0;
		} else if (j->in[j->at] == '"') {
			j->at++;
			return 0;
		} else if (j->in[j->at] == '\\') {
			rc = unescape(j);
		} else {
			rc = bad(j, "a control character in a string");
		}
	}
	return rc;
}

/* ---- numbers and names ---- */

/* RFC 8259, section 6: what was read of a number */
enum { NUM_START, NUM_MINUS, NUM_ZERO, NUM_INT, NUM_POINT, NUM_FRACTION, NUM_E, NUM_SIGN, NUM_EXPONENT, NUM_BAD };

static int step(int was, uint8_t c)
{
	if (c >= '0' && c <= '9') {
		switch (was) {
		case NUM_START: case NUM_MINUS: return c == '0' ? NUM_ZERO : NUM_INT;
		case NUM_POINT: return NUM_FRACTION;
		case NUM_E: case NUM_SIGN: return NUM_EXPONENT;
		case NUM_ZERO: return NUM_BAD;
		}
		return was;
	}
	if (c == '-' && was == NUM_START)
		return NUM_MINUS;
	if (c == '.' && (was == NUM_ZERO || was == NUM_INT))
		return NUM_POINT;
	if ((c == 'e' || c == 'E') && (was == NUM_ZERO || was == NUM_INT || was == NUM_FRACTION))
		return NUM_E;
	if ((c == '-' || c == '+') && was == NUM_E)
		return NUM_SIGN;
	return NUM_BAD;
}

static int number(struct jsonrd *j)
{
	int state = NUM_START, next, rc;
	size_t from;

	for (;;) {
		for (from = j->at; j->at < j->have; j->at++, state = next) {
			next = step(state, j->in[j->at]);
			if (next == NUM_BAD)
				break;
		}
		rc = keep(j, j->in + from, j->at - from);
		if (rc < 0 || j->at < j->have)
			break;
		rc = fill(j);
		if (rc <= 0)
			break;
	}
	if (rc < 0)
		return rc;
	if (state != NUM_ZERO && state != NUM_INT && state != NUM_FRACTION && state != NUM_EXPONENT)
		return bad(j, state == NUM_START ? "no JSON value" : "a number that ends too early");
	return JSONRD_NUMBER;
}

static int word(struct jsonrd *j, const char *text, int token)
{
	size_t len = strlen(text);
	int rc = ensure(j, len);

	if (rc < 0)
		return rc;
	if (j->have - j->at < len || memcmp(j->in + j->at, text, len) != 0)
		return bad(j, "no JSON value");
	j->at += len;
	return token;
}

/* ---- structure ---- */

static int in_object(const struct jsonrd *j)
{
	return (int)(j->stack >> (j->depth - 1) & 1);
}

static int enter(struct jsonrd *j, int object)
{
	uint64_t bit = (uint64_t)1 << (j->depth & 63);

	if (j->depth == JSONRD_DEPTH_MAX)
		return err_set(ERR_LIMIT, "byte %" PRIu64 ": nested deeper than %d", offset(j), JSONRD_DEPTH_MAX);
	j->stack = object ? j->stack | bit : j->stack & ~bit;
	j->depth++;
	j->at++;
	j->state = object ? IN_OBJECT : IN_ARRAY;
	return object ? JSONRD_OBJECT : JSONRD_ARRAY;
}

static int leave(struct jsonrd *j)
{
	int object = in_object(j);

	j->depth--;
	j->at++;
	j->state = BEHIND;
	return object ? JSONRD_OBJECT_END : JSONRD_ARRAY_END;
}

static int value(struct jsonrd *j, int c)
{
	int rc;

	if (c == '{' || c == '[')
		return enter(j, c == '{');
	j->state = BEHIND;
	switch (c) {
	case '"':
		rc = string(j);
		return rc < 0 ? rc : JSONRD_STRING;
	case 't':
		return word(j, "true", JSONRD_TRUE);
	case 'f':
		return word(j, "false", JSONRD_FALSE);
	case 'n':
		return word(j, "null", JSONRD_NULL);
	case NOTHING:
		return bad(j, "the end, where a value is due");
	}
	return number(j);
}

static int key(struct jsonrd *j, int c)
{
	int rc;

	if (c != '"')
		return bad(j, c == NOTHING ? "the end, in an object" : "no name in quotes, where one is due");
	rc = string(j);
	j->state = COLON;
	return rc < 0 ? rc : JSONRD_KEY;
}

/* behind the outermost value */
static int behind_all(struct jsonrd *j, int c, int lines)
{
	if (c == NOTHING) {
		j->state = DONE;
		return JSONRD_DONE;
	}
	if (!j->lines)
		return bad(j, "text behind the value");
	if (!lines)
		return bad(j, "two values on a line");
	j->state = VALUE;
	return JSONRD_LINE;
}

/* behind a value in another: the end of that, or 0 and a comma was taken */
static int behind(struct jsonrd *j, int c)
{
	int object = in_object(j);

	if (c == (object ? '}' : ']'))
		return leave(j);
	if (c != ',')
		return bad(j, c == NOTHING ? object ? "the end, in an object" : "the end, in an array" :
			   object ? "neither , nor } behind a value" : "neither , nor ] behind a value");
	j->at++;
	j->state = object ? KEY : VALUE;
	return 0;
}

static int next(struct jsonrd *j)
{
	int c, lines = 0, rc = look(j, &c, &lines);

	if (rc == 0 && j->state == BEHIND && j->depth == 0)
		return behind_all(j, c, lines);
	if (rc == 0 && j->state == BEHIND) {
		rc = behind(j, c);
		if (rc == 0)
			rc = look(j, &c, &lines);
	} else if (rc == 0 && j->state == COLON) {
		if (c != ':')
			return bad(j, "no : behind a name");
		j->at++;
		j->state = VALUE;
		rc = look(j, &c, &lines);
	}
	if (rc != 0)
		return rc;
	switch (j->state) {
	case KEY:
		return key(j, c);
	case IN_OBJECT:
		return c == '}' ? leave(j) : key(j, c);
	case IN_ARRAY:
		return c == ']' ? leave(j) : value(j, c);
	case TOP:
		if (c == NOTHING && j->lines)
			return behind_all(j, c, lines);
	}
	return value(j, c);
}

/* ---- the door ---- */

void jsonrd_init(struct jsonrd *j, ssize_t (*read)(void *arg, void *p, size_t len), void *arg, size_t text_max)
{
	/* not in[]: 16 KiB of zeros for every short text */
	j->read = read;
	j->arg = arg;
	j->lines = j->drop = 0;
	j->text = BUF_INIT(text_max);
	j->off = j->before = j->stack = 0;
	j->at = j->have = 0;
	j->eof = j->depth = 0;
	j->state = TOP;
}

void jsonrd_clear(struct jsonrd *j)
{
	buf_clear(&j->text);
}

int jsonrd_next(struct jsonrd *j)
{
	int rc;

	if (j->state == DONE)
		return JSONRD_DONE;
	if (j->state == FAILED)
		return bad(j, "read on behind an error");
	buf_reset(&j->text);
	rc = next(j);
	j->off = offset(j);
	if (rc < 0)
		j->state = FAILED;
	return rc;
}

int jsonrd_skip(struct jsonrd *j, int token)
{
	int to = j->depth - 1, drop = j->drop;

	if (token != JSONRD_OBJECT && token != JSONRD_ARRAY)
		return 0;
	j->drop = 1;
	while (token >= 0 && j->depth > to)
		token = jsonrd_next(j);
	j->drop = drop;
	return token < 0 ? token : 0;
}

int jsonrd_uint(const struct jsonrd *j, uint64_t *v)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < j->text.len; i++) {
		unsigned d = (unsigned)(j->text.data[i] - '0');

		if (d > 9 || sum > (UINT64_MAX - d) / 10)
			return 0;
		sum = sum * 10 + d;
	}
	*v = sum;
	return j->text.len > 0;
}
