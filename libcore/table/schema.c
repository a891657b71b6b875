/* schema.c - types and names of columns as text */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/jsonrd.h"
#include "table/table_priv.h"

static const struct {
	const char *name;
	struct table_type t;
} types[] = {				/* of names for the same the first is ours, the others what people write */
	{ "bool", { .type = ARROW_BOOL } }, { "boolean", { .type = ARROW_BOOL } },
	{ "int8", { .type = ARROW_INT, .bits = 8, .is_signed = 1 } },
	{ "int16", { .type = ARROW_INT, .bits = 16, .is_signed = 1 } },
	{ "int32", { .type = ARROW_INT, .bits = 32, .is_signed = 1 } },
	{ "int64", { .type = ARROW_INT, .bits = 64, .is_signed = 1 } },
	{ "uint8", { .type = ARROW_INT, .bits = 8 } }, { "uint16", { .type = ARROW_INT, .bits = 16 } },
	{ "uint32", { .type = ARROW_INT, .bits = 32 } }, { "uint64", { .type = ARROW_INT, .bits = 64 } },
	{ "float16", { .type = ARROW_FLOAT, .bits = 16 } }, { "halffloat", { .type = ARROW_FLOAT, .bits = 16 } },
	{ "float32", { .type = ARROW_FLOAT, .bits = 32 } }, { "float", { .type = ARROW_FLOAT, .bits = 32 } },
	{ "float64", { .type = ARROW_FLOAT, .bits = 64 } }, { "double", { .type = ARROW_FLOAT, .bits = 64 } },
	{ "utf8", { .type = ARROW_UTF8 } }, { "string", { .type = ARROW_UTF8 } },
	{ "large_utf8", { .type = ARROW_LARGE_UTF8 } }, { "large_string", { .type = ARROW_LARGE_UTF8 } },
	{ "binary", { .type = ARROW_BINARY } }, { "large_binary", { .type = ARROW_LARGE_BINARY } },
	{ "date32", { .type = ARROW_DATE, .unit = 0 } }, { "date32[day]", { .type = ARROW_DATE, .unit = 0 } },
	{ "date64", { .type = ARROW_DATE, .unit = 1 } }, { "date64[ms]", { .type = ARROW_DATE, .unit = 1 } },
	{ "json", { .type = ARROW_UTF8, .json = 1 } },
};
static const char *const units[] = { "s", "ms", "us", "ns" };

/* ---- types ---- */

static struct span trimmed(struct span s)
{
	const uint8_t *p = s.p, *end = s.p + s.len;

	if (s.len == 0)
		return s;
	value_trim(&p, &end);
	return span_of(p, (size_t)(end - p));
}

/* without `prefix`, if it begins with that: 1 */
static int skip(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->len < n || memcmp(s->p, prefix, n) != 0)
		return 0;
	*s = span_of(s->p + n, s->len - n);
	return 1;
}

static int no_type(struct span text)
{
	return err_set(ERR_USAGE, "'%.*s' is no type of a column "
		       "(int64, float64, utf8, bool, date32, timestamp[us], list<float32> ...)",
		       text.len < 100 ? (int)text.len : 100, (const char *)text.p);
}

/* "us]", "ns, UTC]", "s, tz=Europe/Berlin]" */
static int parse_timestamp(struct table_type *t, struct span s)
{
	const uint8_t *comma;
	struct span unit, zone = { 0 };
	size_t i;

	if (s.len == 0 || s.p[s.len - 1] != ']')
		return 0;
	s.len--;
	comma = memchr(s.p, ',', s.len);
	unit = trimmed(span_of(s.p, comma ? (size_t)(comma - s.p) : s.len));
	if (comma) {
		zone = trimmed(span_of(comma + 1, (size_t)(s.p + s.len - comma - 1)));
		skip(&zone, "tz=");
	}
	if ((comma && zone.len == 0) || zone.len >= TABLE_ZONE_MAX || !utf8_valid(zone))
		return 0;
	*t = (struct table_type){ .type = ARROW_TIMESTAMP };
	if (zone.len)
		memcpy(t->zone, zone.p, zone.len);
	for (i = 0; i < 4; i++)
		if (span_equal(unit, span_str(units[i]))) {
			t->unit = (uint8_t)i;
			return strlen(t->zone) == zone.len;
		}
	return 0;
}

/* any but a list: 1 or 0 */
static int parse_item(struct table_type *t, struct span text)
{
	struct span s = trimmed(text);
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (span_equal(s, span_str(types[i].name))) {
			*t = types[i].t;
			return 1;
		}
	return skip(&s, "timestamp[") && parse_timestamp(t, s);
}

int table_type_parse(struct table_type *t, struct span text)
{
	struct span s = trimmed(text);
	int list = skip(&s, "list<");

	if (list) {
		if (s.len == 0 || s.p[s.len - 1] != '>')
			return no_type(text);
		s.len--;
		skip(&s, "item:");
	}
	if (!parse_item(t, s))
		return no_type(text);
	t->list = (uint8_t)list;
	return 0;
}

static int same_type(const struct table_type *a, const struct table_type *b)
{
	return a->type == b->type && a->bits == b->bits && a->is_signed == b->is_signed && a->unit == b->unit &&
	       a->json == b->json;
}

int table_type_format(const struct table_type *t, struct buf *out)
{
	const char *front = t->list ? "list<" : "", *behind = t->list ? ">" : "";
	size_t i;

	if (t->type == ARROW_TIMESTAMP)
		return buf_printf(out, "%stimestamp[%s%s%s]%s", front, units[t->unit & 3], *t->zone ? "," : "", t->zone,
				  behind);
	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (same_type(t, &types[i].t))
			return buf_printf(out, "%s%s%s", front, types[i].name, behind);
	return buf_str(out, "?");
}

/* ---- schemas ---- */

int table_schema_add(struct table_schema *s, struct span name, const struct table_type *t, size_t src)
{
	struct table_column *col = s->col;
	size_t cap = s->cap ? 2 * s->cap : 16;
	uint8_t *copy;

	if (name.len > TABLE_NAME_MAX)
		return err_set(ERR_LIMIT, "the name of a column has %zu bytes, more than %d", name.len, TABLE_NAME_MAX);
	if (s->n == TABLE_COLUMNS_MAX)
		return err_set(ERR_LIMIT, "more than %d columns", TABLE_COLUMNS_MAX);
	if (s->bytes + name.len > TABLE_NAMES_MAX)
		return err_set(ERR_LIMIT, "the names of the columns have more than %d bytes", TABLE_NAMES_MAX);
	if (s->n == s->cap) {
		col = realloc(col, cap * sizeof *col);
		if (!col)
			return err_nomem();
		s->col = col;
		s->cap = cap;
	}
	copy = malloc(name.len + 1);
	if (!copy)
		return err_nomem();
	if (name.len)
		memcpy(copy, name.p, name.len);
	copy[name.len] = 0;
	s->bytes += name.len;
	col[s->n++] = (struct table_column){ span_of(copy, name.len), *t, src };
	return 0;
}

int table_schema_copy(struct table_schema *s, const struct table_schema *from)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < from->n; i++)
		rc = table_schema_add(s, from->col[i].name, &from->col[i].type, from->col[i].src);
	return rc;
}

void table_schema_clear(struct table_schema *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free((void *)s->col[i].name.p);
	free(s->col);
	*s = (struct table_schema){ 0 };
}

int table_schema_known(const struct table_schema *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!s->col[i].type.type)
			return 0;
	return !s->rest;
}

static ssize_t read_span(void *arg, void *p, size_t len)
{
	struct span *s = arg;
	size_t n = len < s->len ? len : s->len;

	if (n)
		memcpy(p, s->p, n);
	*s = span_of(s->p + n, s->len - n);
	return (ssize_t)n;
}

/* where the string of JSON that begins at p ends: behind its quote, or `end` */
static const uint8_t *behind_string(const uint8_t *p, const uint8_t *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && end - p > 1)
			p++;
	return p < end ? p + 1 : p;
}

/* a name in quotes, appended to out */
static int unquote(struct span text, struct buf *out)
{
	struct jsonrd j;
	int rc;

	jsonrd_init(&j, read_span, &text, TABLE_NAME_MAX);
	rc = jsonrd_next(&j);
	if (rc == JSONRD_STRING)
		rc = buf_add(out, buf_span(&j.text));
	if (rc == 0)
		rc = jsonrd_next(&j);
	rc = rc == JSONRD_DONE ? 0 : rc < 0 ? err_add(ERR_USAGE, "the name of a column") :
	     err_set(ERR_USAGE, "the name of a column is no string of JSON");
	jsonrd_clear(&j);
	return rc;
}

/* where what begins at p ends: at `stop`, or a comma outside of brackets */
static const uint8_t *piece_end(const uint8_t *p, const uint8_t *end, uint8_t stop)
{
	int depth = 0;

	for (; p < end; p++) {
		if (*p == '[' || *p == '<')
			depth += stop != ':';
		else if (*p == ']' || *p == '>')
			depth -= depth > 0;
		else if (depth == 0 && (*p == ',' || *p == stop))
			break;
	}
	return p;
}

/* one column, from *p on, which moves to the comma behind it or the end */
static int parse_column(struct table_schema *s, const uint8_t **p, const uint8_t *end)
{
	struct buf name = BUF_INIT(TABLE_NAME_MAX);
	struct table_type t = { 0 };
	const uint8_t *from = *p, *to;
	struct span bare;
	int rc;

	while (from < end && (*from == ' ' || *from == '\t' || *from == '\n'))
		from++;
	to = from < end && *from == '"' ? behind_string(from, end) : piece_end(from, end, ':');
	bare = trimmed(span_of(from, (size_t)(to - from)));
	if (bare.len && *bare.p == '"')
		rc = unquote(bare, &name);
	else if (span_equal(bare, span_str("..."))) {
		s->rest = 1;
		*p = to;
		return to < end && *to == ':' ? err_set(ERR_USAGE, "'...' has no type") : 0;
	} else
		rc = bare.len && utf8_valid(bare) ? buf_add(&name, bare) :
		     err_set(ERR_USAGE, "a column without a name in UTF-8");
	while (to < end && (*to == ' ' || *to == '\t'))
		to++;
	if (rc == 0 && to < end && *to == ':') {
		from = to + 1;
		to = piece_end(from, end, ',');
		rc = table_type_parse(&t, span_of(from, (size_t)(to - from)));
	}
	if (rc == 0 && to < end && *to != ',')
		rc = err_set(ERR_USAGE, "no comma between two columns");
	if (rc == 0)
		rc = table_schema_add(s, buf_span(&name), &t, SIZE_MAX);
	buf_clear(&name);
	*p = to;
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return span_cmp(*(const struct span *)a, *(const struct span *)b);
}

static int names_differ(const struct table_schema *s)
{
	struct span *name = malloc((s->n + 1) * sizeof *name);
	size_t i;
	int rc = 0;

	if (!name)
		return err_nomem();
	for (i = 0; i < s->n; i++)
		name[i] = s->col[i].name;
	qsort(name, s->n, sizeof *name, by_name);
	for (i = 1; i < s->n && rc == 0; i++)
		if (span_equal(name[i - 1], name[i]))
			rc = err_set(ERR_USAGE, "column '%.200s' is named twice", (const char *)name[i].p);
	free(name);
	return rc;
}

int table_schema_parse(struct table_schema *s, struct span text)
{
	const uint8_t *p = text.p, *end = text.p + text.len;
	int rc = 0;

	*s = (struct table_schema){ 0 };
	if (trimmed(text).len == 0)
		return err_set(ERR_USAGE, "a schema without columns");
	for (;;) {
		rc = parse_column(s, &p, end);
		if (rc < 0 || p == end)
			break;
		p++;
	}
	if (rc == 0)
		rc = names_differ(s);
	if (rc < 0)
		table_schema_clear(s);
	return rc < 0 ? err_add(rc, "schema") : 0;
}

static int put_name(struct span name, struct buf *out)
{
	size_t i;

	for (i = 0; i < name.len; i++)
		if (name.p[i] < ' ' || name.p[i] == 0x7f || strchr(",:\"", name.p[i]))
			return json_str(out, name);
	if (name.len == 0 || trimmed(name).len != name.len || span_equal(name, span_str("...")))
		return json_str(out, name);
	return buf_add(out, name);
}

int table_schema_format(const struct table_schema *s, struct buf *out)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < s->n && rc == 0; i++) {
		rc = i ? buf_u8(out, ',') : 0;
		if (rc == 0)
			rc = put_name(s->col[i].name, out);
		if (rc == 0 && s->col[i].type.type)
			rc = buf_u8(out, ':');
		if (rc == 0 && s->col[i].type.type)
			rc = table_type_format(&s->col[i].type, out);
	}
	if (rc == 0 && s->rest)
		rc = buf_str(out, s->n ? ",..." : "...");
	return rc;
}

/* ---- complaints ---- */

/* a text in quotes, not too much of it */
static const char *shown(struct span text, struct buf *out)
{
	enum { SHOWN = 60 };
	size_t n = text.len < SHOWN ? text.len : SHOWN;

	while (n < text.len && n > 0 && (text.p[n] & 0xc0) == 0x80)
		n--;			/* no half of a character */
	buf_reset(out);
	if (json_str(out, span_of(text.p, n)) < 0)
		return "\"...\"";
	if (n < text.len && buf_str(out, "...") < 0)
		return "\"...\"";
	return (const char *)out->data;
}

int table_bad(uint64_t line, const struct table_column *col, struct span text, int rc)
{
	struct buf name = BUF_INIT(1024), value = BUF_INIT(1024), type = BUF_INIT(256);

	if (rc < 0)
		return rc;
	if (table_type_format(&col->type, &type) == 0)
		rc = err_set(ERR_INVALID, "line %llu, column %s: %s %s %s", (unsigned long long)line, shown(col->name, &name),
			     shown(text, &value), rc == VALUE_RANGE ? "does not fit" : "is no", (const char *)type.data);
	else
		rc = err_nomem();
	buf_clear(&name);
	buf_clear(&value);
	buf_clear(&type);
	return rc;
}

int table_missing(struct span name)
{
	struct buf text = BUF_INIT(1024);
	int rc = err_set(ERR_USAGE, "there is no column %s", shown(name, &text));

	buf_clear(&text);
	return rc;
}
