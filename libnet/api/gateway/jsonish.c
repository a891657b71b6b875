/* jsonish.c - is this JSON, or the beginning of it? */
#include <string.h>

#include "sniff_priv.h"

/* Where we are in a text.  What is open is kept as one bit a level: 1 for an object. */
struct scan {
	const uint8_t *p, *end;
	int depth;
	uint8_t open[GW_SNIFF / 8 + 1];
};

enum want { VALUE, VALUE_OR_CLOSE, KEY, KEY_OR_CLOSE, COMMA_OR_CLOSE, NOTHING };
enum { OVER = -1, BAD = 0, GOOD = 1 };		/* OVER: the bytes ended inside */

static int string(struct scan *s)
{
	for (s->p++; s->p < s->end; s->p++) {
		if (*s->p == '"') {
			s->p++;
			return GOOD;
		}
		if (*s->p < 0x20)
			return BAD;
		if (*s->p == '\\' && ++s->p < s->end && !strchr("\"\\/bfnrtu", *s->p))
			return BAD;
	}
	return OVER;
}

static int word(struct scan *s, const char *w)
{
	for (; *w; w++, s->p++) {
		if (s->p == s->end)
			return OVER;
		if (*s->p != (uint8_t)*w)
			return BAD;
	}
	return GOOD;
}

static int digits(struct scan *s)
{
	const uint8_t *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	if (s->p > from)
		return GOOD;
	return s->p == s->end ? OVER : BAD;
}

/* RFC 8259 6 */
static int number(struct scan *s)
{
	int rc;

	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0') {
		s->p++;
	} else if ((rc = digits(s)) != GOOD) {
		return rc;
	}
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if ((rc = digits(s)) != GOOD)
			return rc;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		return digits(s);
	}
	return GOOD;
}

static int scalar(struct scan *s)
{
	switch (*s->p) {
	case '"': return string(s);
	case 't': return word(s, "true");
	case 'f': return word(s, "false");
	case 'n': return word(s, "null");
	default: return (*s->p >= '0' && *s->p <= '9') || *s->p == '-' ? number(s) : BAD;
	}
}

static void blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static int in_object(const struct scan *s)
{
	int i = s->depth - 1;

	return i >= 0 && (s->open[i / 8] >> (i % 8) & 1);
}

static enum want enter(struct scan *s, int object)
{
	int i = s->depth++;

	s->open[i / 8] = (uint8_t)((s->open[i / 8] & ~(1 << (i % 8))) | object << (i % 8));
	s->p++;
	return object ? KEY_OR_CLOSE : VALUE_OR_CLOSE;
}

static enum want leave(struct scan *s)
{
	s->p++;
	s->depth--;
	return s->depth ? COMMA_OR_CLOSE : NOTHING;
}

/* a key and its colon */
static int key(struct scan *s)
{
	int rc = *s->p == '"' ? string(s) : BAD;

	if (rc != GOOD)
		return rc;
	blanks(s);
	return word(s, ":");
}

static int step(struct scan *s, enum want *want)
{
	int closes = s->depth && *s->p == (in_object(s) ? '}' : ']'), rc;

	switch (*want) {
	case KEY_OR_CLOSE:
	case VALUE_OR_CLOSE:
		if (closes) {
			*want = leave(s);
			return GOOD;
		}
		*want = *want == KEY_OR_CLOSE ? KEY : VALUE;
		return GOOD;
	case KEY:
		*want = VALUE;
		return key(s);
	case VALUE:
		if (*s->p == '{' || *s->p == '[') {
			*want = enter(s, *s->p == '{');
			return GOOD;
		}
		rc = scalar(s);
		*want = s->depth ? COMMA_OR_CLOSE : NOTHING;
		return rc;
	case COMMA_OR_CLOSE:
		if (closes) {
			*want = leave(s);
			return GOOD;
		}
		*want = in_object(s) ? KEY : VALUE;
		return word(s, ",");
	default:
		return BAD;			/* something behind the end */
	}
}

int gw_json_begins(struct span in, int cut)
{
	struct scan s = { .p = in.p, .end = in.p + in.len };
	enum want want = VALUE;
	int rc = GOOD;

	if (in.len == 0 || in.len > GW_SNIFF)
		return 0;
	while (rc == GOOD) {
		blanks(&s);
		if (s.p == s.end)
			break;
		rc = step(&s, &want);
	}
	if (rc == BAD)
		return 0;
	return cut || (rc == GOOD && want == NOTHING);
}
