/* schema_test.c - names of types, and columns as people write them */
#include "text.h"

/* a schema, parsed and written again; or the message */
static const char *again(const char *text)
{
	static struct buf out;
	struct table_schema s;

	buf_reset(&out);
	out.max = 1 << 20;
	if (table_schema_parse(&s, span_str(text)) < 0)
		return err_text();
	if (table_schema_format(&s, &out) < 0)
		return "?";
	table_schema_clear(&s);
	return (const char *)out.data;
}

static void types(void)
{
	static const char *const same[] = {
		"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
		"float64", "utf8",
		"large_utf8", "binary", "large_binary", "date32", "date64", "timestamp[s]", "timestamp[ms]", "timestamp[us]",
		"timestamp[ns]",
		"timestamp[us,UTC]", "timestamp[ns,Europe/Berlin]", "timestamp[s,+02:00]", "json", "list<int64>",
		"list<timestamp[us,UTC]>",
	};
	static const struct { const char *text, *is; } other[] = {
		{ "boolean", "bool" }, { "double", "float64" }, { "float", "float32" }, { "halffloat", "float16" },
		{ "string", "utf8" },
		{ "large_string", "large_utf8" }, { "date32[day]", "date32" }, { "date64[ms]", "date64" },
		{ "timestamp[us, tz=UTC]", "timestamp[us,UTC]" }, { "list<item: double>", "list<float64>" },
		{ " int8 ", "int8" },
	};
	static const char *const none[] = {
		"", "int", "int128", "INT64", "timestamp", "timestamp[]", "timestamp[m]", "timestamp[us", "timestamp[us,]",
		"list<>", "list<int>",
		"list<list<int8>>", "list<int8", "map<utf8>", "timestamp[list<int8>", "timestamp[us,UTC]>",
		"timestamp[us,0123456789012345678901234567890123456789012345678901234567890123]",
	};
	struct buf out = BUF_INIT(1000);
	struct table_type t;
	size_t i;

	for (i = 0; i < sizeof same / sizeof *same; i++) {
		buf_reset(&out);
		CHECK(table_type_parse(&t, span_str(same[i])) == 0 && table_type_format(&t, &out) == 0);
		CHECK_STR((const char *)out.data, same[i]);
	}
	for (i = 0; i < sizeof other / sizeof *other; i++) {
		buf_reset(&out);
		CHECK(table_type_parse(&t, span_str(other[i].text)) == 0 && table_type_format(&t, &out) == 0);
		CHECK_STR((const char *)out.data, other[i].is);
	}
	for (i = 0; i < sizeof none / sizeof *none; i++)
		CHECK_ERR(table_type_parse(&t, span_str(none[i])), ERR_USAGE);
	buf_clear(&out);
}

static void schemas(void)
{
	static const struct { const char *text, *is; } c[] = {
		{ "a:int8", "a:int8" }, { "a", "a" }, { " a : int8 , b ", "a:int8,b" },
		{ "a:timestamp[us,UTC],b:utf8", "a:timestamp[us,UTC],b:utf8" },
		{ "a,...", "a,..." }, { "...", "..." }, { "..., a:utf8", "a:utf8,..." }, { "\"a,b\":int8", "\"a,b\":int8" },
		{ "\"x\"", "x" }, { "\"\":utf8", "\"\":utf8" }, { "\" a\"", "\" a\"" },
		{ "\"\\u00e9\\\"\":utf8", "\"\xc3\xa9\\\"\":utf8" },
		{ "a b:int8", "a b:int8" }, { "\xe6\xbc\xa2:json", "\xe6\xbc\xa2:json" }, { "\"...\":int8", "\"...\":int8" },
		{ "a[0]:int8,b<c", "a[0]:int8,b<c" }, { "l:list<timestamp[us,UTC]>,m", "l:list<timestamp[us,UTC]>,m" },
		{ "", "a schema without columns" }, { "a,", "schema: a column without a name in UTF-8" },
		{ ",a", "schema: a column without a name in UTF-8" }, { "a:int8,a", "schema: column 'a' is named twice" },
		{ "a:", "schema: '' is no type of a column (int64, float64, utf8, bool, date32, timestamp[us], list<float32> ...)" },
		{ "...:int8", "schema: '...' has no type" }, { "\"a\"b:int8", "schema: no comma between two columns" },
		{ "\xff", "schema: a column without a name in UTF-8" },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++)
		CHECK_STR(again(c[i].text), c[i].is);
	CHECK(strstr(again("\"a"), "name of a column") && strstr(again("\"\\x\":int8"), "name of a column"));
}

static void known(void)
{
	struct table_schema s;

	CHECK(table_schema_parse(&s, span_str("a:int8,b:utf8")) == 0 && table_schema_known(&s));
	table_schema_clear(&s);
	CHECK(table_schema_parse(&s, span_str("a:int8,b")) == 0 && !table_schema_known(&s));
	table_schema_clear(&s);
	CHECK(table_schema_parse(&s, span_str("a:int8,...")) == 0 && !table_schema_known(&s));
	table_schema_clear(&s);
}

static void limits(void)
{
	const struct table_type none = { 0 };
	struct table_schema s = { 0 };
	char *name = calloc(1, TABLE_NAME_MAX + 1);
	int i, rc = 0;

	NEED(name);
	memset(name, 'x', TABLE_NAME_MAX + 1);
	CHECK_ERR(table_schema_add(&s, span_of(name, TABLE_NAME_MAX + 1), &none, 0), ERR_LIMIT);
	for (i = 0; rc == 0; i++)
		rc = table_schema_add(&s, span_of(name, TABLE_NAME_MAX), &none, 0);
	CHECK(rc == ERR_LIMIT && i - 1 == TABLE_NAMES_MAX / TABLE_NAME_MAX);
	table_schema_clear(&s);
	for (i = 0, rc = 0; rc == 0; i++)
		rc = table_schema_add(&s, span_of(name, 1), &none, 0);
	CHECK(rc == ERR_LIMIT && i - 1 == TABLE_COLUMNS_MAX);
	table_schema_clear(&s);
	free(name);
}

int main(void)
{
	RUN(types);
	RUN(schemas);
	RUN(known);
	RUN(limits);
	return UNIT_END();
}
