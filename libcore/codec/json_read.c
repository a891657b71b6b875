/*
 * json_read.c - dag-json and json into nodes, in one pass and without recursion.
 * Strings without escapes are borrowed from the block.  When only links are asked for, finished values
 * are dropped as soon as nothing depends on them: what stays is the keys of the maps still open.
 * Spec: ipld/ipld specs/codecs/dag-json/spec.md; RFC 8259.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"
#include "json_priv.h"

/* A form of bytes is two maps deep and yet a scalar: those two may lie below the last level. */
enum { LEVELS = NODE_DEPTH_MAX + 2, COST_ENTRY = 4, COST_FIELD = 8 };

/* A list or map that is still open. */
struct level {
	uint32_t at;		/* its step */
	uint32_t key;		/* map: the step of the latest key */
	uint32_t n;		/* entries */
	uint8_t kind, unsorted;
};

struct reader {
	const uint8_t *p, *end, *start;
	struct node *nd;
	const char *codec;	/* its name, for messages */
	int strict, forms;	/* forms: links and bytes are told from maps */
	const struct listener *to;	/* only links are asked for; else NULL */
	int stopped;		/* what the listener returned */
	int64_t budget;
	struct keys keys;
	size_t depth;
	struct level level[LEVELS];
};

/* ---- errors ---- */

__attribute__((format(printf, 3, 4)))
static int bad_at(const struct reader *r, const uint8_t *where, const char *fmt, ...)
{
	char rule[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rule, sizeof rule, fmt, ap);
	va_end(ap);
	return err_set(ERR_INVALID, "%s, offset %zu: %s", r->codec, (size_t)(where - r->start), rule);
}

#define bad(r, ...) bad_at(r, (r)->p, __VA_ARGS__)

/* what stands at p, where something else was due */
static int unexpected(const struct reader *r, const char *due)
{
	if (r->p == r->end)
		return bad(r, "the block ends where %s is due", due);
	if (*r->p > 0x20 && *r->p < 0x7f)
		return bad(r, "'%c' where %s is due", *r->p, due);
	return bad(r, "byte 0x%02x where %s is due", *r->p, due);
}

static int too_deep(const struct reader *r)
{
	return err_set(ERR_LIMIT, "%s, offset %zu: more than %d levels of lists and maps", r->codec,
		       (size_t)(r->p - r->start), NODE_DEPTH_MAX);
}

static inline int spend(struct reader *r, size_t cost)
{
	r->budget -= (int64_t)cost;
	if (r->budget < 0)
		return err_set(ERR_LIMIT, "%s, offset %zu: a node of more than %d units", r->codec,
			       (size_t)(r->p - r->start), NODE_BUDGET);
	return 0;
}

/* ---- steps and space ---- */

static inline int put(struct reader *r, struct node_step s)
{
	struct node *nd = r->nd;
	int rc = nd->n == nd->cap ? node_grow(nd) : 0;

	if (rc == 0)
		nd->step[nd->n++] = s;
	return rc;
}

static inline int is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* skip - white space, which no writer of dag-json makes */
static inline int skip(struct reader *r)
{
	if (r->p == r->end || *r->p > ' ' || !is_space(*r->p))
		return 0;
	if (r->strict)
		return bad(r, "white space");
	do
		r->p++;
	while (r->p < r->end && is_space(*r->p));
	return 0;
}

/* ---- strings ---- */

/* a string with escapes, or near the end of the block, or that is none */
static int read_any_string(struct reader *r, struct span *text)
{
	const uint8_t *open = r->p, *where = NULL, *close;
	const char *why = NULL;
	struct json_raw raw;
	uint8_t *own;
	ptrdiff_t len;

	close = json_text_scan(r->p + 1, r->end, &raw, &where, &why);
	if (!close)
		return bad_at(r, where, "%s", why);
	if (raw.raw.len > NODE_TEXT_MAX)
		return err_set(ERR_LIMIT, "%s, offset %zu: a string of more than %d bytes", r->codec,
			       (size_t)(open - r->start), NODE_TEXT_MAX);
	if (raw.wide && !utf8_valid(raw.raw))
		return bad(r, "a string that is not UTF-8");
	*text = raw.raw;
	if (raw.escaped) {
		own = node_room(r->nd, raw.raw.len);
		if (!own)
			return ERR_NOMEM;
		len = json_text_unescape(raw.raw, r->strict, own, &where, &why);
		if (len < 0)
			return bad_at(r, where, "%s", why);
		*text = span_of(own, (size_t)len);
	}
	r->p = close + 1;
	return 0;
}

/* the string whose opening quote is at p */
static inline int read_string(struct reader *r, struct span *text)
{
	int wide;
	const uint8_t *first = r->p + 1, *close = json_text_plain(first, r->end, &wide);

	if (!close || close - first > NODE_TEXT_MAX)
		return read_any_string(r, text);
	*text = span_of(first, (size_t)(close - first));
	if (wide && !utf8_valid(*text))
		return bad(r, "a string that is not UTF-8");
	r->p = close + 1;
	return 0;
}

/* ---- links and bytes ---- */

static inline int key_is(const struct reader *r, size_t at, const char *text)
{
	return span_equal(node_span(r->nd, at), span_str(text));
}

/* Is the map at `at` of n entries one whose first key is "bytes", with a string? */
static int bytes_body(const struct reader *r, size_t at)
{
	const struct node_step *s = &r->nd->step[at];

	return s->kind == NODE_MAP && s->n > 0 && key_is(r, at + 1, "bytes") && s[2].kind == NODE_STRING;
}

static int make_link(struct reader *r, size_t at)
{
	struct span text = node_span(r->nd, at + 2), own;
	int canonical = 1, rc;
	struct cid cid;

	if (json_cid_read(text, &cid, r->strict ? &canonical : NULL) < 0)
		return err_add(ERR_INVALID, "%s, offset %zu: a link that is no CID", r->codec,
			       (size_t)(r->p - r->start));
	if (!canonical)
		return bad(r, "a CID that is not written in its canonical base");
	r->nd->n = at;
	if (r->to) {
		r->stopped = r->to->link ? r->to->link(r->to->arg, &cid, span_of(NULL, 0)) : 0;
		return r->stopped ? r->stopped : node_null(r->nd);
	}
	rc = node_own(r->nd, cid_span(&cid), &own);
	return rc < 0 ? rc : node_add(r->nd, NODE_LINK, own);
}

static int make_bytes(struct reader *r, size_t at)
{
	struct span text = node_span(r->nd, at + 4);
	uint8_t *own = node_room(r->nd, json_base64_room(text.len));
	const char *why = NULL;
	ptrdiff_t len;

	if (!own)
		return ERR_NOMEM;
	len = json_base64_read(text, r->strict, own, &why);
	if (len < 0)
		return bad(r, "%s", why);
	r->nd->n = at;
	return node_add(r->nd, NODE_BYTES, span_of(own, (size_t)len));
}

/* A closed map whose first key is "/": 1 if it became a link or bytes, 0 if it is a map. */
static int make_form(struct reader *r, size_t at)
{
	const struct node_step *s = &r->nd->step[at];
	int rc;

	if (s[2].kind == NODE_STRING) {
		if (s->n != 1)
			return bad(r, "a map whose first key is \"/\" with a string, which is reserved");
		rc = make_link(r, at);
		return rc ? rc : 1;
	}
	if (!bytes_body(r, at + 2))
		return 0;
	if (s->n != 1 || s[2].n != 1)
		return bad(r, "a map that begins as the form of bytes, which is reserved");
	rc = make_bytes(r, at);
	return rc ? rc : 1;
}

/* ---- lists and maps ---- */

/* May this map still become part of a form?  Only the inner map of bytes, when it closes. */
static int inside_form(const struct reader *r, size_t at)
{
	const struct level *up = r->depth > 0 ? &r->level[r->depth - 1] : NULL;

	return r->forms && up && up->kind == NODE_MAP && up->n == 1 && key_is(r, up->key, "/") &&
	       bytes_body(r, at);
}

/* Only links are asked for: nothing else depends on the value at `at`, the latest. */
static void forget(struct reader *r, size_t at)
{
	const struct level *up = r->depth > 0 ? &r->level[r->depth - 1] : NULL;

	if (!up || inside_form(r, at))
		return;
	r->nd->n = at;
	if (up->kind == NODE_MAP)		/* a place for the value behind its key */
		r->nd->step[r->nd->n++] = (struct node_step){ .kind = NODE_NULL };
}

static int open_level(struct reader *r, enum node_kind kind)
{
	struct level *l = &r->level[r->depth];

	if (r->depth >= (kind == NODE_MAP && r->forms ? LEVELS : NODE_DEPTH_MAX))
		return too_deep(r);
	*l = (struct level){ .at = (uint32_t)r->nd->n, .kind = (uint8_t)kind };
	r->depth++;
	r->p++;
	return put(r, (struct node_step){ .kind = (uint8_t)kind });
}

static int close_level(struct reader *r)
{
	const struct level l = r->level[--r->depth];
	struct node_step *s = &r->nd->step[l.at];
	int rc;

	s->n = l.n;
	s->end = r->nd->n;
	if (l.unsorted) {
		r->keys.n = 0;
		rc = keys_push(&r->keys, r->nd, l.at);
		if (rc <= 0)
			return rc < 0 ? rc : bad(r, "a map has the same key twice");
	}
	if (r->forms && l.kind == NODE_MAP && l.n > 0 && key_is(r, l.at + 1, "/")) {
		rc = make_form(r, l.at);
		if (rc != 0) {
			r->p++;
			return rc == 1 && !r->stopped ? 0 : rc;
		}
	}
	if (r->depth >= NODE_DEPTH_MAX && !inside_form(r, l.at))
		return too_deep(r);
	r->p++;
	if (r->to)
		forget(r, l.at);
	return 0;
}

/* span_cmp, when most keys differ in their first byte */
static inline int key_order(struct span a, struct span b)
{
	if (a.len > 0 && b.len > 0 && *a.p != *b.p)
		return *a.p - *b.p;
	return span_cmp(a, b);
}

/* a key and its colon */
static inline int read_key(struct reader *r, struct level *l)
{
	const uint8_t *where = r->p;
	struct span key;
	int rc, order;

	if (r->p == r->end || *r->p != '"')
		return unexpected(r, "a key");
	rc = read_string(r, &key);
	if (rc < 0)
		return rc;
	rc = spend(r, key.len + COST_FIELD);
	if (rc < 0)
		return rc;
	if (l->n > 0) {
		order = key_order(node_span(r->nd, l->key), key);
		if (order == 0)
			return bad_at(r, where, "a map has the same key twice");
		if (order > 0 && r->strict)
			return bad_at(r, where, "map keys are not sorted");
		l->unsorted |= order > 0;
	}
	l->key = (uint32_t)r->nd->n;
	rc = put(r, (struct node_step){ .kind = NODE_STRING, .utf8 = 1, .n = (uint32_t)key.len,
					 .p = key.p });
	if (rc < 0 || (rc = skip(r)) < 0)
		return rc;
	if (r->p == r->end || *r->p != ':')
		return unexpected(r, "':'");
	r->p++;
	return skip(r);
}

/* ---- values ---- */

static int read_word(struct reader *r, const char *word, struct node_step s)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return bad(r, "a word that is not '%s'", word);
	r->p += n;
	return put(r, s);
}

static int read_number(struct reader *r)
{
	struct node *nd = r->nd;
	int minus_zero, rc = nd->n == nd->cap ? node_grow(nd) : 0;
	const char *why = NULL;
	const uint8_t *p;

	if (rc < 0)
		return rc;
	p = json_num_read(r->p, r->end, &nd->step[nd->n], &minus_zero, &why);
	if (!p)
		return bad(r, "%s", why);
	if (minus_zero && r->strict)
		return bad(r, "the integer -0");
	nd->n++;
	r->p = p;
	return 0;
}

/* A value; of a list or map only its beginning. */
static int read_value(struct reader *r)
{
	struct span text;
	int rc;

	if (r->p == r->end)
		return unexpected(r, "a value");
	switch (*r->p) {
	case '{': return open_level(r, NODE_MAP);
	case '[': return open_level(r, NODE_LIST);
	case '"':
		rc = read_string(r, &text);
		if (rc == 0)
			rc = spend(r, text.len);
		if (rc < 0)
			return rc;
		return put(r, (struct node_step){ .kind = NODE_STRING, .utf8 = 1, .n = (uint32_t)text.len,
						  .p = text.p });
	case 'n': return read_word(r, "null", (struct node_step){ .kind = NODE_NULL });
	case 't': return read_word(r, "true", (struct node_step){ .kind = NODE_BOOL, .neg = 1 });
	case 'f': return read_word(r, "false", (struct node_step){ .kind = NODE_BOOL });
	case '-':
	case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return read_number(r);
	}
	return unexpected(r, "a value");
}

/* The next entry of the innermost list or map, or its end. */
static int read_entry(struct reader *r)
{
	struct level *l = &r->level[r->depth - 1];
	int is_map = l->kind == NODE_MAP, rc = skip(r);

	if (rc < 0)
		return rc;
	if (r->p < r->end && *r->p == (is_map ? '}' : ']'))
		return close_level(r);
	if (l->n > 0) {
		if (r->p == r->end || *r->p != ',')
			return unexpected(r, is_map ? "',' or '}'" : "',' or ']'");
		r->p++;
		rc = skip(r);
		if (rc < 0)
			return rc;
	}
	rc = is_map ? read_key(r, l) : spend(r, COST_ENTRY);
	if (rc < 0)
		return rc;
	l->n++;
	if (r->to && !is_map)		/* what went before in this list */
		r->nd->n = l->at + 1;
	return read_value(r);
}

static int read_document(struct reader *r)
{
	int rc = skip(r);

	if (rc == 0)
		rc = read_value(r);
	while (rc == 0 && r->depth > 0)
		rc = read_entry(r);
	if (rc == 0)
		rc = skip(r);
	if (rc == 0 && r->p < r->end)
		rc = bad(r, "bytes after the value");
	return rc;
}

static int read_json(struct span block, int strict, int forms, const struct listener *to, struct node *nd)
{
	struct reader r;
	int rc;

	/* not all of it: the levels are set as they open */
	r.p = r.start = block.p;
	r.end = block.p + block.len;
	r.nd = nd;
	r.codec = forms ? "dag-json" : "json";
	r.strict = strict;
	r.forms = forms;
	r.to = to;
	r.stopped = 0;
	r.budget = NODE_BUDGET;
	r.keys = KEYS_INIT;
	r.depth = 0;
	rc = block.len == 0 ? bad(&r, "an empty block") : read_document(&r);
	keys_clear(&r.keys);
	return rc;
}

static int read_links(struct span block, int strict, int forms, struct listener to)
{
	struct node nd = NODE_INIT;
	int rc = read_json(block, strict, forms, &to, &nd);

	node_clear(&nd);
	return rc;
}

/* ---- the codecs ---- */

static int dag_json_decode(struct span block, int flags, struct node *nd)
{
	return read_json(block, flags & CODEC_STRICT, 1, NULL, nd);
}

static int dag_json_links(struct span block, int flags, struct listener to)
{
	return read_links(block, flags & CODEC_STRICT, 1, to);
}

/* Nobody says how json is to be written: any text is as good as another. */
static int json_decode(struct span block, int flags, struct node *nd)
{
	(void)flags;
	return read_json(block, 0, 0, NULL, nd);
}

static int json_links(struct span block, int flags, struct listener to)
{
	(void)flags;
	return read_links(block, 0, 0, to);
}

const struct codec codec_dag_json = { CID_DAG_JSON, dag_json_decode, dag_json_encode, dag_json_links };
const struct codec codec_json = { CID_JSON, json_decode, json_encode, json_links };
