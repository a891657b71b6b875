/*
 * cbor_read.c - dag-cbor and cbor, in one pass and without recursion.
 * One reader serves both purposes: with a node it builds one, without it only checks and lists links, and
 * the compiler makes two functions of it.  Strings are borrowed from the block.
 */
#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/num.h"
#include "cbor_priv.h"

enum { COST_ENTRY = 4, COST_FIELD = 8 };

/* A list or map that is still open. */
struct level {
	uint64_t left;			/* entries to come */
	const uint8_t *key;		/* map: the latest key, NULL before the first */
	uint32_t key_len, at;		/* at: its step, when there is a node */
	uint32_t n;
	uint8_t is_map, unsorted;
};

struct reader {
	const uint8_t *p, *end, *start;
	const char *codec;		/* its name, for messages */
	int strict, links;		/* links: tag 42 is taken */
	int unsorted;			/* a map with keys out of order was met */
	struct listener to;
	int64_t budget;
	size_t depth;
	struct level level[NODE_DEPTH_MAX];
};

/* ---- errors ---- */

__attribute__((format(printf, 3, 4)))
static int bad_at(const struct reader *r, const uint8_t *where, const char *fmt, ...)
{
	char rule[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rule, sizeof rule, fmt, ap);
	va_end(ap);
	return err_set(ERR_INVALID, "%s, offset %zu: %s", r->codec, (size_t)(where - r->start), rule);
}

static int over(const struct reader *r, const uint8_t *where, const char *what, int limit)
{
	return err_set(ERR_LIMIT, "%s, offset %zu: %s %d", r->codec, (size_t)(where - r->start), what, limit);
}

/* ---- heads ---- */

static uint64_t load_be(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* the number in a head of more than one byte; `p` is at its first */
static int long_head(struct reader *r, uint64_t *v)
{
	unsigned info = *r->p & 31, n;

	if (info > 27)
		return bad_at(r, r->p, info == 31 ? "an indefinite length or a break" :
			      "a head with a reserved length");
	n = 1u << (info - 24);
	if ((size_t)(r->end - r->p) <= n)
		return bad_at(r, r->p, "the block ends in a head");
	*v = load_be(r->p + 1, n);
	if (*v < (n == 1 ? 24 : UINT64_C(1) << 4 * n))
		return bad_at(r, r->p, "%" PRIu64 " is not written in its shortest form", *v);
	r->p += n + 1;
	return 0;
}

/* the number in any head; leaves p behind it */
static inline __attribute__((always_inline)) int head(struct reader *r, uint64_t *v)
{
	unsigned info = *r->p & 31;

	if (info >= 24)
		return long_head(r, v);
	*v = info;
	r->p++;
	return 0;
}

/* ---- strings ---- */

static int spend(struct reader *r, uint64_t cost)
{
	r->budget -= (int64_t)cost;
	return r->budget < 0 ? over(r, r->p, "the node costs more units than", NODE_BUDGET) : 0;
}

/* the bytes that a head announced */
static inline __attribute__((always_inline)) int text(struct reader *r, uint64_t len, struct span *s)
{
	if (len > (uint64_t)(r->end - r->p))
		return bad_at(r, r->p, "%" PRIu64 " bytes are announced, and %zu follow", len,
			      (size_t)(r->end - r->p));
	if (len > NODE_TEXT_MAX)
		return over(r, r->p, "a string of more bytes than", NODE_TEXT_MAX);
	*s = span_of(r->p, (size_t)len);
	r->p += len;
	r->budget -= (int64_t)len;
	return r->budget < 0 ? spend(r, 0) : 0;
}

static inline __attribute__((always_inline)) int check_text(struct reader *r, struct span s)
{
	if (!r->strict || cbor_ascii(s) || utf8_valid(s))
		return 0;
	return bad_at(r, s.p, "a string that is not UTF-8");
}

/* ---- links ---- */

/* behind the head of tag 42: a byte string of 00 and a binary CID */
static int link_body(struct reader *r, struct span *bytes)
{
	const uint8_t *where = r->p;
	struct cid cid;
	uint64_t len;
	int rc;

	if (r->p == r->end || *r->p >> 5 != CBOR_BYTES)
		return bad_at(r, where, "tag 42 must stand before a byte string");
	rc = head(r, &len);
	if (rc == 0)
		rc = text(r, len, bytes);
	if (rc < 0)
		return rc;
	if (bytes->len == 0 || bytes->p[0] != 0)
		return bad_at(r, where, "the bytes of a link must begin with 00");
	*bytes = span_of(bytes->p + 1, bytes->len - 1);
	if (cid_decode(*bytes, &cid) < 0)
		return err_add(ERR_INVALID, "%s, offset %zu: a link that is no CID", r->codec,
			       (size_t)(where - r->start));
	return r->to.link ? r->to.link(r->to.arg, &cid, span_of(NULL, 0)) : 0;
}

static int tag(struct reader *r, struct span *bytes)
{
	const uint8_t *where = r->p;
	uint64_t v;
	int rc = head(r, &v);

	if (rc < 0)
		return rc;
	if (!r->links)
		return bad_at(r, where, "tags are not allowed");
	if (v != CBOR_LINK)
		return bad_at(r, where, "tag %" PRIu64 ", where only 42 is allowed", v);
	return link_body(r, bytes);
}

/* ---- floats and words ---- */

static double half(unsigned h)
{
	unsigned e = h >> 10 & 31, m = h & 1023;
	uint64_t bits;
	double f;

	if (e == 0) {
		f = m / 16777216.0;			/* 2^-24 */
	} else {
		bits = (uint64_t)(e - 15 + 1023) << 52 | (uint64_t)m << 42;
		memcpy(&f, &bits, sizeof f);
	}
	return h & 0x8000 ? -f : f;
}

static int number(struct reader *r, const uint8_t *where, unsigned n, double *f)
{
	uint64_t bits;
	uint32_t single;
	float s;

	if ((size_t)(r->end - r->p) < n)
		return bad_at(r, where, "the block ends in a float");
	if (n < 8 && r->strict)
		return bad_at(r, where, "a float of %u bits", 8 * n);
	bits = load_be(r->p, n);
	r->p += n;
	if (n == 8) {
		memcpy(f, &bits, sizeof *f);
	} else if (n == 4) {
		single = (uint32_t)bits;
		memcpy(&s, &single, sizeof s);
		*f = (double)s;
	} else if ((bits >> 10 & 31) == 31) {
		return bad_at(r, where, "NaN or infinity");
	} else {
		*f = half((unsigned)bits);
	}
	return *f - *f != 0 ? bad_at(r, where, "NaN or infinity") : 0;
}

/* major type 7 */
static inline __attribute__((always_inline)) int other(struct reader *r, struct node_step *s)
{
	const uint8_t *where = r->p++;
	uint64_t bits;

	switch (*where) {
	case 0xfb:
		s->kind = NODE_FLOAT;
		if (r->end - r->p >= 8) {		/* without a call, and finite */
			memcpy(&bits, r->p, sizeof bits);
			bits = be64toh(bits);
			if ((bits >> 52 & 0x7ff) != 0x7ff) {
				memcpy(&s->f, &bits, sizeof bits);
				r->p += 8;
				return 0;
			}
		}
		return number(r, where, 8, &s->f);
	case 0xf4: s->kind = NODE_BOOL; return 0;
	case 0xf5: s->kind = NODE_BOOL; s->neg = 1; return 0;
	case 0xf6: s->kind = NODE_NULL; return 0;
	case 0xf7:
		if (r->strict)
			return bad_at(r, where, "the value undefined");
		s->kind = NODE_NULL;		/* as Kubo takes it */
		return 0;
	case 0xf9: s->kind = NODE_FLOAT; return number(r, where, 2, &s->f);
	case 0xfa: s->kind = NODE_FLOAT; return number(r, where, 4, &s->f);
	case 0xff: return bad_at(r, where, "an indefinite length or a break");
	}
	return bad_at(r, where, "simple value or reserved head 0x%02x", *where);
}

/* ---- lists and maps ---- */

static int put(struct node *nd, struct node_step s)
{
	int rc = nd->n == nd->cap ? node_grow(nd) : 0;

	if (rc == 0)
		nd->step[nd->n++] = s;
	return rc;
}

static inline __attribute__((always_inline))
int open_level(struct reader *r, struct node *nd, int is_map, uint64_t n)
{
	struct level *l = &r->level[r->depth];
	size_t most = (size_t)(r->end - r->p);

	if (r->depth == NODE_DEPTH_MAX)
		return over(r, r->p, "more levels of lists and maps than", NODE_DEPTH_MAX);
	/* an entry has a byte at least, a field two: what cannot be there is not waited for */
	if (n > (is_map ? most / 2 : most))
		return bad_at(r, r->p, "%" PRIu64 " entries are announced, and %zu bytes follow", n, most);
	*l = (struct level){ .left = n, .n = (uint32_t)n, .is_map = (uint8_t)is_map,
			     .at = nd ? (uint32_t)nd->n : 0 };
	r->depth++;
	r->budget -= (int64_t)n * (is_map ? COST_FIELD : COST_ENTRY);
	if (r->budget < 0)
		return spend(r, 0);
	return nd ? put(nd, (struct node_step){ .kind = is_map ? NODE_MAP : NODE_LIST, .n = (uint32_t)n }) : 0;
}

static int key_order(struct reader *r, struct level *l, struct span key)
{
	int c = cbor_key_cmp(span_of(l->key, l->key_len), key);

	if (c == 0)
		return bad_at(r, key.p, "a map has the same key twice");
	if (r->strict)
		return bad_at(r, key.p, "map keys are not sorted");
	l->unsorted = 1;
	r->unsorted = 1;
	return 0;
}

static inline __attribute__((always_inline)) int read_key(struct reader *r, struct node *nd, struct level *l)
{
	struct span key;
	uint64_t len;
	int rc;

	if (r->p == r->end)
		return bad_at(r, r->p, "the block ends where a key is due");
	if (*r->p >> 5 != CBOR_TEXT)
		return bad_at(r, r->p, "a map key that is not a string");
	rc = head(r, &len);
	if (rc == 0)
		rc = text(r, len, &key);
	if (rc == 0)
		rc = check_text(r, key);
	if (rc < 0)
		return rc;
	if (l->key && r->links && (l->key_len > key.len ||
				   (l->key_len == key.len && memcmp(l->key, key.p, key.len) >= 0)))
		rc = key_order(r, l, key);
	else if (l->key && !r->links)
		l->unsorted = r->unsorted = 1;	/* cbor has no order: look for duplicates at the end */
	l->key = key.p;
	l->key_len = (uint32_t)key.len;
	if (rc == 0 && nd)
		rc = put(nd, (struct node_step){ .kind = NODE_STRING, .n = (uint32_t)key.len, .p = key.p });
	return rc;
}

static int close_level(struct reader *r, struct node *nd, const struct level *l)
{
	struct keys keys = KEYS_INIT;
	int rc;

	nd->step[l->at].end = nd->n;
	if (!l->unsorted)
		return 0;
	rc = keys_push(&keys, nd, l->at);
	keys_clear(&keys);
	return rc < 0 ? rc : rc ? 0 : bad_at(r, r->p, "a map has the same key twice");
}

/* ---- values ---- */

/* a value; of a list or map only its head */
static inline __attribute__((always_inline)) int value(struct reader *r, struct node *nd)
{
	struct node_step s = { 0 };
	struct span bytes;
	uint64_t v = 0;
	unsigned major;
	int rc;

	if (r->p == r->end)
		return bad_at(r, r->p, "the block ends where a value is due");
	major = *r->p >> 5;
	if (major == CBOR_OTHER) {
		rc = other(r, &s);
		return rc < 0 || !nd ? rc : put(nd, s);
	}
	if (major == CBOR_TAG) {
		rc = tag(r, &bytes);
		return rc || !nd ? rc : put(nd, (struct node_step){ .kind = NODE_LINK, .p = bytes.p,
								    .n = (uint32_t)bytes.len });
	}
	rc = head(r, &v);
	if (rc < 0)
		return rc;
	switch (major) {
	case CBOR_UINT:
	case CBOR_NINT:
		return nd ? put(nd, (struct node_step){ .kind = NODE_INT, .neg = major == CBOR_NINT, .u = v }) : 0;
	case CBOR_BYTES:
	case CBOR_TEXT:
		rc = text(r, v, &bytes);
		if (rc == 0 && major == CBOR_TEXT)
			rc = check_text(r, bytes);
		return rc < 0 || !nd ? rc : put(nd, (struct node_step){
			.kind = major == CBOR_TEXT ? NODE_STRING : NODE_BYTES, .p = bytes.p,
			.n = (uint32_t)bytes.len });
	}
	return open_level(r, nd, major == CBOR_MAP, v);
}

static inline __attribute__((always_inline)) int read_block(struct reader *r, struct node *nd)
{
	int rc = value(r, nd);

	while (rc == 0 && r->depth > 0) {
		struct level *l = &r->level[r->depth - 1];

		if (l->left == 0) {
			r->depth--;
			if (nd)
				rc = close_level(r, nd, l);
			continue;
		}
		l->left--;
		if (l->is_map)
			rc = read_key(r, nd, l);
		if (rc == 0)
			rc = value(r, nd);
	}
	if (rc == 0 && r->p < r->end)
		rc = bad_at(r, r->p, "bytes after the value");
	return rc;
}

/* ---- the codecs ---- */

static void start(struct reader *r, struct span block, const char *codec, int flags, int links)
{
	/* not all of it: the levels are set as they open */
	r->p = r->start = block.p;
	r->end = block.p + block.len;
	r->codec = codec;
	r->strict = (flags & CODEC_STRICT) != 0;
	r->links = links;
	r->unsorted = 0;
	r->to = (struct listener){ NULL, NULL };
	r->budget = NODE_BUDGET;
	r->depth = 0;
}

static int decode(struct span block, const char *codec, int flags, int links, struct node *nd)
{
	struct reader r;

	start(&r, block, codec, flags, links);
	return read_block(&r, nd);
}

/* Duplicates among keys that are out of order are only found in a node: such blocks are rare, and are
 * read again for it; what is wrong with them first is what reading says. */
static int check(struct span block, const char *codec, int flags, int links, struct listener to)
{
	struct node nd = NODE_INIT;
	struct reader r;
	int rc, read;

	start(&r, block, codec, flags, links);
	r.to = to;
	rc = read_block(&r, NULL);
	if (rc > 0 || !r.unsorted)
		return rc;
	read = decode(block, codec, flags, links, &nd);
	node_clear(&nd);
	return read < 0 ? read : rc;
}

static int dag_cbor_decode(struct span block, int flags, struct node *nd)
{
	return decode(block, "dag-cbor", flags, 1, nd);
}

static int dag_cbor_links(struct span block, int flags, struct listener to)
{
	return check(block, "dag-cbor", flags, 1, to);
}

static int cbor_decode(struct span block, int flags, struct node *nd)
{
	return decode(block, "cbor", flags, 0, nd);
}

static int cbor_links(struct span block, int flags, struct listener to)
{
	return check(block, "cbor", flags, 0, to);
}

const struct codec codec_dag_cbor = { CID_DAG_CBOR, dag_cbor_decode, dag_cbor_encode, dag_cbor_links };
const struct codec codec_cbor = { CID_CBOR, cbor_decode, cbor_encode, cbor_links };
