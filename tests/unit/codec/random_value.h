/* random_value.h - values of the data model nobody thought of, the same every time */
#ifndef TESTS_UNIT_CODEC_RANDOM_VALUE_H
#define TESTS_UNIT_CODEC_RANDOM_VALUE_H

#include "codec/codec.h"
#include "tests/unit/unit.h"

struct random {
	uint64_t state;			/* not 0 */
	int whole_floats;		/* also floats without a fraction, which dag-json takes for integers */
};

static inline uint64_t random_next(struct random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state * 0x2545f4914f6cdd1dull;
}

static inline unsigned random_below(struct random *r, unsigned n)
{
	return (unsigned)((random_next(r) >> 33) % n);
}

/* a length: mostly small, sometimes around the steps of CBOR heads */
static inline unsigned random_len(struct random *r, unsigned most)
{
	static const unsigned edges[] = { 23, 24, 255, 256 };
	unsigned n = random_below(r, 16) ? random_below(r, 12) : edges[random_below(r, 4)];

	return n < most ? n : most;
}

/* UTF-8 text of up to 4 bytes a character, from every range that is special to some writer */
static inline struct span random_text(struct random *r, struct node *nd, unsigned chars)
{
	static const char *const some[] = {
		"a", "b", "Z", "0", "/", "\"", "\\", "\n", "\x01", "\x1f", " ", "\x7f", "\xc3\xa9",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe6\xbc\xa2", "\xef\xbf\xbf", "\xf0\x9f\x98\x80",
		"\xf4\x8f\xbf\xbf", "\xc2\x80", "bytes"
	};
	uint8_t *p = node_room(nd, chars * 5 + 1);
	size_t len = 0;
	const char *c;

	while (p && chars-- > 0) {
		c = some[random_below(r, sizeof some / sizeof *some)];
		memcpy(p + len, c, strlen(c));
		len += strlen(c);
	}
	if (p && random_below(r, 8) == 0)
		p[len++] = 0;
	return span_of(p, len);
}

static inline struct span random_bytes(struct random *r, struct node *nd, unsigned len)
{
	uint8_t *p = node_room(nd, len + 1);
	unsigned i;

	for (i = 0; p && i < len; i++)
		p[i] = (uint8_t)random_next(r);
	return span_of(p, len);
}

static inline double random_float(struct random *r)
{
	uint64_t bits;
	double f;

	for (;;) {
		bits = random_next(r);
		if (random_below(r, 2))		/* of a size that is seen in the wild */
			bits = (bits & 0x800fffffffffffffull) | (uint64_t)(1003 + random_below(r, 40)) << 52;
		memcpy(&f, &bits, sizeof f);
		if (f - f != 0)
			continue;
		if (r->whole_floats && random_below(r, 4) == 0)
			f = (double)(int)random_next(r);
		if (r->whole_floats || (f > -1e15 && f < 1e15 && f != (double)(int64_t)f))
			return f;
	}
}

static inline uint64_t random_int(struct random *r)
{
	return random_next(r) >> random_below(r, 64);
}

static inline struct span random_link(struct random *r, struct node *nd)
{
	static const uint8_t head[] = { 0x01, 0x71, 0x12, 0x20 };
	struct span s = random_bytes(r, nd, 36);
	uint8_t *p = (uint8_t *)(uintptr_t)s.p;

	if (random_below(r, 3) == 0) {
		p[0] = 0x12;
		p[1] = 0x20;
		return span_of(p, 34);
	}
	memcpy(p, head, sizeof head);
	return s;
}

/* a key that differs from the others of its map by its number, but for the first, which may be empty */
static inline struct span random_key(struct random *r, struct node *nd, unsigned i)
{
	struct span s = random_text(r, nd, random_len(r, 30)), own;
	char *text = unit_kept(s.len + 16);

	if (i == 0 && random_below(r, 4) == 0)
		return span_of(NULL, 0);
	memcpy(text, s.p, s.len);
	s.len += (size_t)sprintf(text + s.len, "#%u", i);
	return node_own(nd, span_of(text, s.len), &own) < 0 ? span_of(NULL, 0) : own;
}

/* a value of at most `depth` levels */
static inline int random_value(struct random *r, struct node *nd, int depth)
{
	unsigned kind = random_below(r, depth > 0 ? NODE_MAP + 4 : NODE_LIST), n, i;
	enum node_kind k = kind > NODE_MAP ? NODE_LIST + random_below(r, 2) : (enum node_kind)kind;
	struct span text;
	size_t at;
	int rc;

	switch (k) {
	case NODE_NULL: return node_null(nd);
	case NODE_BOOL: return node_bool(nd, (int)random_below(r, 2));
	case NODE_INT: return random_below(r, 2) ? node_uint(nd, random_int(r)) : node_nint(nd, random_int(r));
	case NODE_FLOAT: return node_float(nd, random_float(r));
	case NODE_STRING: return node_add(nd, k, random_text(r, nd, random_len(r, 300)));
	case NODE_BYTES: return node_add(nd, k, random_bytes(r, nd, random_len(r, 300)));
	case NODE_LINK: return node_add(nd, k, random_link(r, nd));
	case NODE_LIST:
	case NODE_MAP: break;
	}
	n = random_len(r, depth > 2 ? 6 : 30);
	rc = node_open(nd, k, &at);
	for (i = 0; rc == 0 && i < n; i++) {
		if (k == NODE_MAP) {
			text = random_key(r, nd, i);
			rc = node_add(nd, NODE_STRING, text);
		}
		if (rc == 0)
			rc = random_value(r, nd, depth - 1);
	}
	return rc < 0 ? rc : node_close(nd, at);
}

#endif
