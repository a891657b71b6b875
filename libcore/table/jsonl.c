/*
 * jsonl.c - JSON lines into columns: an object a line, a column for each of its keys.
 * What is not flat: lists of numbers, truth or text are lists; objects and any other lists are text of JSON.  An array of
 * objects, as others write a table in JSON, is read as well.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/jsonrd.h"
#include "table/table_priv.h"

/* ---- names to columns ---- */

/* numbers of columns by the hash of their name; 0: free, else one more */
struct index {
	uint32_t *slot;
	size_t cap;			/* a power of two, over twice as many as there are names */
};

static size_t hash(struct span name)
{
	uint64_t h = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < name.len; i++)
		h = (h ^ name.p[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

/* where the name is, or would be */
static uint32_t *slot_of(const struct index *x, const struct table_schema *s, struct span name)
{
	size_t at = hash(name) & (x->cap - 1);

	while (x->slot[at] && !span_equal(s->col[x->slot[at] - 1].name, name))
		at = (at + 1) & (x->cap - 1);
	return &x->slot[at];
}

/* all names of s, with room for one more */
static int index_all(struct index *x, const struct table_schema *s)
{
	size_t i;

	if (x->cap <= 2 * s->n + 2) {
		free(x->slot);
		for (x->cap = 64; x->cap <= 4 * s->n + 2;)
			x->cap *= 2;
		x->slot = calloc(x->cap, sizeof *x->slot);
		if (!x->slot)
			return err_nomem();
		for (i = 0; i < s->n; i++)
			*slot_of(x, s, s->col[i].name) = (uint32_t)i + 1;
	}
	return 0;
}

/* ---- the text ---- */

/* what is seen of a column before its type is known */
struct look {
	unsigned seen, items;		/* of values that are no list; in lists */
	uint64_t record;		/* that had it last */
};

struct lines {
	struct jsonrd j;
	struct table_in in;
	const struct table_opts *o;
	uint64_t newlines;		/* read so far */
	int in_array, begun;
	uint64_t begin;			/* byte where the record begins */
	uint64_t record;		/* how many there were, with this one */
	size_t record_max;
	struct table_schema *schema;	/* grows, if `grow` */
	struct index index;
	int grow;
	struct look *look;		/* when types are looked for, as many as look_cap */
	size_t look_cap;
	struct stream s;		/* when they are known */
	struct buf text;
};

static const char key_twice[] = "a key that is there twice";

static ssize_t more(void *arg, void *p, size_t len)
{
	struct lines *l = arg;
	ssize_t n = l->in.read(l->in.arg, p, len);
	const uint8_t *at = p, *end = at + (n > 0 ? n : 0);
	int rc;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		l->newlines++;
		at++;
	}
	if (n > 0 && l->o->progress) {
		rc = l->o->progress(l->o->arg, (uint64_t)n);
		if (rc < 0)
			return rc;
	}
	return n;
}

/* the line of the token */
static uint64_t line_of(const struct lines *l)
{
	const struct jsonrd *j = &l->j;
	uint64_t n = l->newlines;
	size_t i;

	for (i = j->at; i < j->have; i++)
		n -= j->in[i] == '\n';
	return n + 1;
}

static int bad(const struct lines *l, const char *what)
{
	return err_set(ERR_INVALID, "line %llu: %s", (unsigned long long)line_of(l), what);
}

static int too_long(const struct lines *l)
{
	return err_set(ERR_LIMIT, "line %llu: a record of more than %zu bytes", (unsigned long long)line_of(l),
		       l->record_max);
}

/* the next token of a record */
static int token(struct lines *l)
{
	int t = jsonrd_next(&l->j);

	if (t < 0)
		return err_add(t, "line %llu", (unsigned long long)line_of(l));
	if (l->j.off - l->begin > l->record_max)
		return too_long(l);
	return t;
}

static void clear(struct lines *l)
{
	jsonrd_clear(&l->j);
	free(l->index.slot);
	free(l->look);
	stream_clear(&l->s);
	buf_clear(&l->text);
}

static void start(struct lines *l, const struct table_opts *o, struct table_in in, struct table_schema *schema)
{
	*l = (struct lines){ .in = in, .o = o, .schema = schema };
	l->record_max = o->record_max ? o->record_max : TABLE_RECORD;
	jsonrd_init(&l->j, more, l, l->record_max);
	l->j.lines = 1;
	buf_init(&l->text, l->record_max);
}

/* the next record, up to its opening brace: 1, 0 at the end, or an error */
static int next_record(struct lines *l)
{
	int t;

	l->begin = UINT64_MAX;			/* what is between records does not count */
	do {
		t = jsonrd_next(&l->j);
		if (t < 0)
			return err_add(t, "line %llu", (unsigned long long)line_of(l));
		if (t == JSONRD_ARRAY && !l->begun)
			l->in_array = 1;
		else if (t == JSONRD_ARRAY_END && l->in_array == 1)
			l->in_array = 2;
		else if (t != JSONRD_LINE)
			break;
		l->begun = 1;
	} while (1);
	l->begun = 1;
	l->begin = l->j.off;
	l->record++;
	if (t == JSONRD_DONE)
		return 0;
	if (t != JSONRD_OBJECT || l->in_array == 2)
		return bad(l, "a value that is no object");
	return 1;
}

/* the value whose first token is t as text of JSON, into l->text */
static int render(struct lines *l, int t)
{
	struct buf *out = &l->text;
	int depth = 0, rc = 0;

	buf_reset(out);
	for (;; t = token(l)) {
		uint8_t last = out->len ? out->data[out->len - 1] : '[';

		if (t < 0)
			return t;
		if (t != JSONRD_OBJECT_END && t != JSONRD_ARRAY_END && last != '[' && last != '{' && last != ':')
			rc = buf_u8(out, ',');
		if (rc == 0)
			switch (t) {
			case JSONRD_OBJECT: rc = buf_u8(out, '{'); depth++; break;
			case JSONRD_ARRAY: rc = buf_u8(out, '['); depth++; break;
			case JSONRD_OBJECT_END: rc = buf_u8(out, '}'); depth--; break;
			case JSONRD_ARRAY_END: rc = buf_u8(out, ']'); depth--; break;
			case JSONRD_KEY: rc = json_str(out, buf_span(&l->j.text)); break;
			case JSONRD_STRING: rc = json_str(out, buf_span(&l->j.text)); break;
			case JSONRD_NUMBER: rc = buf_add(out, buf_span(&l->j.text)); break;
			case JSONRD_TRUE: rc = buf_str(out, "true"); break;
			case JSONRD_FALSE: rc = buf_str(out, "false"); break;
			default: rc = buf_str(out, "null");
			}
		if (rc == 0 && t == JSONRD_KEY)
			rc = buf_u8(out, ':');
		if (rc < 0)
			return too_long(l);
		if (depth == 0)
			return 0;
	}
}

static int skip(struct lines *l, int t)
{
	int rc = jsonrd_skip(&l->j, t);

	return rc < 0 ? err_add(rc, "line %llu", (unsigned long long)line_of(l)) : 0;
}

/* ---- what types? ---- */

/* of a value that is neither list nor object */
static unsigned seen_scalar(const struct lines *l, int t)
{
	const uint8_t *p = l->j.text.data, *end = p + l->j.text.len;
	unsigned seen;

	if (t == JSONRD_NULL)
		return 0;
	if (t == JSONRD_TRUE || t == JSONRD_FALSE)
		return SEEN_BOOL;
	if (t == JSONRD_NUMBER)
		return value_seen(p, end);
	seen = l->j.text.len ? value_seen_time(p, end) : 0;
	return SEEN_STRING | (seen ? seen : SEEN_TEXT);
}

static int see_list(struct lines *l, struct look *k)
{
	int t;

	k->seen |= SEEN_LIST;
	for (;;) {
		t = token(l);
		if (t < 0 || t == JSONRD_ARRAY_END)
			return t < 0 ? t : 0;
		if (t == JSONRD_OBJECT || t == JSONRD_ARRAY) {
			k->seen |= SEEN_JSON;
			t = skip(l, t);
			if (t < 0)
				return t;
		} else {
			k->items |= seen_scalar(l, t);
		}
	}
}

static int see(struct lines *l, size_t col, int t)
{
	struct look *k;
	size_t cap = l->look_cap ? l->look_cap : 64;

	while (cap <= col)
		cap *= 2;
	if (cap != l->look_cap) {
		k = realloc(l->look, cap * sizeof *k);
		if (!k)
			return err_nomem();
		memset(k + l->look_cap, 0, (cap - l->look_cap) * sizeof *k);
		l->look = k;
		l->look_cap = cap;
	}
	k = &l->look[col];
	if (k->record == l->record)
		return bad(l, key_twice);
	k->record = l->record;
	if (l->schema->col[col].type.type)
		return skip(l, t);
	if (t == JSONRD_ARRAY)
		return see_list(l, k);
	if (t == JSONRD_OBJECT) {
		k->seen |= SEEN_JSON;
		return skip(l, t);
	}
	k->seen |= seen_scalar(l, t);
	return 0;
}

/* text and other things together are no one type of anything */
static int mixed(unsigned seen)
{
	return (seen & SEEN_STRING) && (seen & (SEEN_BOOL | SEEN_INT | SEEN_UINT | SEEN_MINUS | SEEN_HUGE | SEEN_FLOAT));
}

static void type_of(const struct look *k, struct table_type *t)
{
	static const struct table_type json = { .type = ARROW_UTF8, .json = 1 };

	if ((k->seen & SEEN_JSON) || ((k->seen & SEEN_LIST) && ((k->seen & ~(unsigned)SEEN_LIST) || mixed(k->items)))) {
		*t = json;
	} else if (k->seen & SEEN_LIST) {
		value_type(k->items & ~(unsigned)SEEN_STRING, t);
		if (t->type == ARROW_UTF8 && k->items && !(k->items & SEEN_STRING))
			*t = json;	/* truth and numbers, or numbers that no type holds */
		else
			t->list = 1;
	} else {
		value_type(k->seen & ~(unsigned)SEEN_STRING, t);
	}
}

/* ---- values ---- */

/* the value whose first token is t is not what was wanted: 0, and it is in text of j, to be complained of */
static int refuse(struct lines *l, int t)
{
	int rc = render(l, t);

	buf_reset(&l->j.text);
	if (rc == 0)
		rc = buf_add(&l->j.text, buf_span(&l->text));
	return rc;
}

/* a value that is neither list nor object, into c: as column_value */
static int add_scalar(struct lines *l, struct column *c, int t)
{
	int rc;

	if (t == JSONRD_NULL) {
		rc = column_null(c);
		return rc < 0 ? rc : 1;
	}
	if (t == JSONRD_TRUE || t == JSONRD_FALSE) {
		buf_reset(&l->j.text);
		rc = buf_str(&l->j.text, t == JSONRD_TRUE ? "true" : "false");
		if (rc < 0)
			return rc;
	}
	if (!column_is_text(c) && t != JSONRD_STRING && (t == JSONRD_NUMBER) == (c->type.type == ARROW_BOOL))
		return 0;
	return column_value(c, buf_span(&l->j.text));
}

static int add_list(struct lines *l, struct column *c)
{
	int t, rc;

	for (;;) {
		t = token(l);
		if (t < 0)
			return t;
		if (t == JSONRD_ARRAY_END)
			break;
		if (t == JSONRD_OBJECT || t == JSONRD_ARRAY)
			return refuse(l, t);
		rc = add_scalar(l, c->item, t);
		if (rc != 1)
			return rc;
		if (c->item->data.len > (l->o->batch_max ? l->o->batch_max : TABLE_BATCH) + 2 * l->record_max)
			return too_long(l);
	}
	rc = column_end_list(c);
	return rc < 0 ? rc : 1;
}

/* the value whose first token is t: as column_value */
static int add_value(struct lines *l, size_t i, int t)
{
	int nested = t == JSONRD_OBJECT || t == JSONRD_ARRAY, rc;
	struct column *c = &l->s.col[i];

	if (c->item && t == JSONRD_ARRAY)
		return add_list(l, c);
	if (t == JSONRD_NULL || (!c->item && !c->type.json && !nested))
		return add_scalar(l, c, t);
	if (c->item || (c->type.type != ARROW_UTF8 && c->type.type != ARROW_LARGE_UTF8))
		return refuse(l, t);
	rc = render(l, t);
	return rc < 0 ? rc : column_value(c, buf_span(&l->text));
}

static int add(struct lines *l, size_t i, int t)
{
	struct column *c = &l->s.col[i];
	int rc;

	if (c->rows > l->s.rows)
		return bad(l, key_twice);
	rc = column_pad(c, l->s.rows);
	if (rc < 0)
		return rc;
	rc = add_value(l, i, t);
	return rc == 1 ? 0 : rc < 0 ? rc : table_bad(line_of(l), &l->schema->col[i], buf_span(&l->j.text), rc);
}

/* ---- records ---- */

/* the column of the key that was read: *col, or l->schema->n: of no concern.  `likely` is looked at first. */
static int column_of(struct lines *l, size_t likely, size_t *col)
{
	const struct table_type none = { 0 };
	struct span name = buf_span(&l->j.text);
	uint32_t *slot;
	int rc;

	*col = likely;
	if (likely < l->schema->n && span_equal(l->schema->col[likely].name, name))
		return 0;
	rc = index_all(&l->index, l->schema);
	if (rc < 0)
		return rc;
	slot = slot_of(&l->index, l->schema, name);
	*col = *slot ? *slot - 1 : l->schema->n;
	if (*slot || !l->grow)
		return 0;
	*slot = (uint32_t)l->schema->n + 1;
	return table_schema_add(l->schema, name, &none, SIZE_MAX);
}

static int read_record(struct lines *l)
{
	size_t col = SIZE_MAX;
	int t, rc = 0;

	while (rc == 0) {
		t = token(l);
		if (t < 0 || t == JSONRD_OBJECT_END)
			return t < 0 ? t : 0;
		rc = column_of(l, col + 1, &col);
		if (rc < 0)
			break;
		t = token(l);
		if (t < 0)
			return t;
		if (col >= l->schema->n)
			rc = skip(l, t);
		else
			rc = l->s.col ? add(l, col, t) : see(l, col, t);
	}
	return rc;
}

int jsonl_infer(const struct table_opts *o, struct table_in in, const struct table_schema *want, struct table_schema *out)
{
	struct lines *l = malloc(sizeof *l);
	size_t i;
	int rc;

	if (!l)
		return err_nomem();
	start(l, o, in, out);
	l->grow = !want || want->rest;
	rc = want ? table_schema_copy(out, want) : 0;
	if (rc == 0)
		rc = next_record(l);
	while (rc > 0) {
		rc = read_record(l);
		if (rc == 0)
			rc = next_record(l);
	}
	if (rc == 0 && out->n == 0)
		rc = err_set(ERR_INVALID, "no records with keys, and so no columns");
	for (i = 0; rc == 0 && i < out->n; i++)
		if (!out->col[i].type.type) {
			struct look nothing = { 0 };

			type_of(i < l->look_cap ? &l->look[i] : &nothing, &out->col[i].type);
		}
	clear(l);
	free(l);
	return rc;
}

/* time for a batch?  Not asked after every record: it costs as much as a small one. */
static int now_and_then(struct lines *l, uint64_t *asked)
{
	if (!stream_must(&l->s) && l->j.off - *asked < 64 * 1024)
		return 0;
	*asked = l->j.off;
	return stream_full(&l->s);
}

int jsonl_arrow(const struct table_opts *o, struct table_in in, const struct table_schema *schema, struct sink *out)
{
	struct lines *l = malloc(sizeof *l);
	struct table_schema s = { 0 };
	uint64_t asked = 0;
	int rc = l ? 0 : err_nomem();

	if (!l)
		return rc;
	start(l, o, in, &s);
	rc = table_schema_copy(&s, schema);
	if (rc == 0)
		rc = stream_start(&l->s, o, &s, out);
	if (rc == 0)
		rc = next_record(l);
	while (rc > 0) {
		rc = read_record(l);
		if (rc < 0)
			break;
		l->s.rows++;
		rc = now_and_then(l, &asked);
		if (rc == 0)
			rc = next_record(l);
	}
	if (rc == 0)
		rc = stream_finish(&l->s);
	clear(l);
	free(l);
	table_schema_clear(&s);
	return rc;
}
