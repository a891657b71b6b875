/* jsonl_test.c - lines of JSON as tables: keys as columns, lists, what is nested, what is wrong and in which line */
#include "text.h"

static struct table_opts jsonl = { .form = TABLE_JSONL };

static void reads_as(const char *text, const char *columns, const char *says)
{
	static const size_t piece[] = { SIZE_MAX, 1, 2, 3, 7 };
	size_t i;

	for (i = 0; i < sizeof piece / sizeof *piece; i++) {
		text_piece = piece[i];
		CHECK_STR(text_of(&jsonl, text, columns), says);
	}
	text_piece = SIZE_MAX;
}

static void flat(void)
{
	reads_as("{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n", NULL, "a:int64,b:utf8\n1|x\n2|y\n");
	reads_as("\n {\"a\" : 1}\r\n\n{\"b\":true}", NULL, "a:int64,b:bool\n1|null\nnull|true\n");
	reads_as("{\"a\":null,\"b\":1.5}\n{}\n{\"b\":2,\"a\":false}\n", NULL, "a:bool,b:float64\nnull|1.5\nnull|null\nfalse|2\n");
	reads_as("{\"\\u00e9\\n\":\"\\ud83d\\ude00\"}\n", NULL, "\"\xc3\xa9\\n\":utf8\n\xf0\x9f\x98\x80\n");
	reads_as("{\"a\":18446744073709551615}\n{\"a\":1}\n", NULL, "a:uint64\n18446744073709551615\n1\n");
	reads_as("{\"a\":1}\n{\"a\":-0.0}\n{\"a\":1e5}\n", NULL, "a:float64\n1\n-0\n100000\n");
	reads_as("{\"a\":\"1\"}\n", NULL, "a:utf8\n1\n");
	reads_as("{\"a\":\"true\"}\n", NULL, "a:utf8\ntrue\n");
	reads_as("{\"a\":\"2024-01-01\",\"b\":\"2024-01-01T00:00:00Z\"}\n", NULL,
		 "a:date32,b:timestamp[us,UTC]\n19723|1704067200000000\n");
	reads_as("{\"a\":null}\n", NULL, "a:utf8\nnull\n");
	reads_as("{\"a\":\"\"}\n", NULL, "a:utf8\n\n");
}

/* values of several kinds under one key */
static void mixtures(void)
{
	reads_as("{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":true}\n{\"a\":1.50}\n", NULL, "a:utf8\n1\nx\ntrue\n1.50\n");
	reads_as("{\"a\":1}\n{\"a\":true}\n", NULL, "a:utf8\n1\ntrue\n");
	reads_as("{\"a\":\"2024-01-01\"}\n{\"a\":5}\n", NULL, "a:utf8\n2024-01-01\n5\n");
	reads_as("{\"a\":{\"x\": [1, {}, []]}}\n{\"a\":\"q\\\"\"}\n{\"a\":1.0}\n{\"a\":null}\n", NULL,
		 "a:json\n{\"x\":[1,{},[]]}\n\"q\\\"\"\n1.0\nnull\n");
	reads_as("{\"a\":[1]}\n{\"a\":2}\n", NULL, "a:json\n[1]\n2\n");
}

static void lists(void)
{
	reads_as("{\"a\":[1,2]}\n{\"a\":[]}\n{\"a\":null}\n{\"a\":[null,3]}\n", NULL, "a:list<int64>\n[1 2]\n[]\nnull\n[null 3]\n");
	reads_as("{\"a\":[1,2.5]}\n", NULL, "a:list<float64>\n[1 2.5]\n");
	reads_as("{\"a\":[\"x\",\"y\"]}\n", NULL, "a:list<utf8>\n[x y]\n");
	reads_as("{\"a\":[\"2024-01-01\"]}\n", NULL, "a:list<date32>\n[19723]\n");
	reads_as("{\"a\":[true]}\n{}\n", NULL, "a:list<bool>\n[true]\nnull\n");
	reads_as("{\"a\":[]}\n", NULL, "a:list<utf8>\n[]\n");
	reads_as("{\"a\":[1,\"x\"]}\n", NULL, "a:json\n[1,\"x\"]\n");
	reads_as("{\"a\":[1,true]}\n", NULL, "a:json\n[1,true]\n");
	reads_as("{\"a\":[[1],[2]]}\n", NULL, "a:json\n[[1],[2]]\n");
	reads_as("{\"a\":[0.1,2],\"b\":1}\n", "a:list<float32>", "a:list<float32>\n[0.10000000149011612 2]\n");
}

static void given(void)
{
	reads_as("{\"a\":1,\"b\":2,\"c\":{\"d\":[1]}}\n", "c:utf8,a:int8", "c:utf8,a:int8\n{\"d\":[1]}|1\n");
	reads_as("{\"a\":1,\"b\":2}\n{\"c\":3}\n", "b:float32,...", "b:float32,a:int64,c:int64\n2|1|null\nnull|null|3\n");
	reads_as("{\"a\":1,\"b\":2}\n", "b,z:int8", "b:int64,z:int8\n2|null\n");
	reads_as("{\"a\":\"12\",\"b\":\"nan\",\"c\":\"1\"}\n", "a:int8,b:float64,c:bool",
		 "a:int8,b:float64,c:bool\n12|nan|true\n");
	reads_as("{\"a\":\"\\u0000\"}\n", "a:binary", "a:binary\n");
	reads_as("{\"a\":5,\"b\":\"x\"}\n", "a:json,b:json", "a:json,b:json\n5|\"x\"\n");
}

static void arrays(void)
{
	reads_as("[{\"a\":1},\n {\"a\":2}]\n", NULL, "a:int64\n1\n2\n");
	reads_as("[]", "a:int8", "a:int8\n");
	reads_as("[{\"a\":1}]\n{\"a\":2}\n", NULL, "line 2: a value that is no object");
	reads_as("[[1]]", NULL, "line 1: a value that is no object");
}

static void wrong(void)
{
	reads_as("", NULL, "no records with keys, and so no columns");
	reads_as("{}\n", NULL, "no records with keys, and so no columns");
	reads_as("{\"a\":1}\n\n5\n", NULL, "line 3: a value that is no object");
	reads_as("{\"a\":1}\n{\"a\":2\n", NULL, "line 3: byte 15: the end, in an object");
	reads_as("{\"a\":1} {\"a\":2}\n", NULL, "line 1: byte 8: two values on a line");
	reads_as("{\"a\":1}\n{\"a\":1,\"a\":2}\n", "a:int8", "line 2: a key that is there twice");
	reads_as("{\"a\":1,\"a\":[]}\n", NULL, "line 1: a key that is there twice");
	reads_as("{\"a\":1}\n{\"a\":300}\n", "a:int8", "line 2, column \"a\": \"300\" does not fit int8");
	reads_as("{\"a\":1.5}\n", "a:int8", "line 1, column \"a\": \"1.5\" is no int8");
	reads_as("{\"a\":1}\n", "a:bool", "line 1, column \"a\": \"1\" is no bool");
	reads_as("{\"a\":true}\n", "a:int8", "line 1, column \"a\": \"true\" is no int8");
	reads_as("{\"a\":[1]}\n", "a:int8", "line 1, column \"a\": \"[1]\" is no int8");
	reads_as("{\"a\":{\"b\":\n1}}\n", "a:int8", "line 2, column \"a\": \"{\\\"b\\\":1}\" is no int8");
	reads_as("{\"a\":[1,\"x\"]}\n", "a:list<int8>", "line 1, column \"a\": \"x\" is no list<int8>");
	reads_as("{\"a\":5}\n", "a:list<int8>", "line 1, column \"a\": \"5\" is no list<int8>");
	reads_as("{\"a\":[[1]]}\n", "a:list<int8>", "line 1, column \"a\": \"[1]\" is no list<int8>");
}

/* keys that come one by one: as many columns as there are */
static void many_keys(void)
{
	struct buf text = BUF_INIT(64 << 20);
	struct table_schema s;
	int i;

	for (i = 0; i < 1000; i++)
		buf_printf(&text, "{\"k%d\":%d}\n", i, i);
	CHECK(text_arrow(&jsonl, buf_span(&text), NULL, &s) == 0 && s.n == 1000);
	table_schema_clear(&s);
	buf_reset(&text);
	buf_u8(&text, '{');
	for (i = 0; i <= TABLE_COLUMNS_MAX; i++)
		buf_printf(&text, "%s\"k%d\":%d", i ? "," : "", i, i);
	buf_str(&text, "}\n");
	CHECK_ERR(text_arrow(&jsonl, buf_span(&text), NULL, &s), ERR_LIMIT);
	buf_clear(&text);
}

static void long_ones(void)
{
	struct table_opts o = { .form = TABLE_JSONL, .record_max = 1000 };
	struct buf text = BUF_INIT(64 << 20);
	struct table_schema s;
	int i;

	buf_str(&text, "{\"a\":1}\n{\"a\":[");
	for (i = 0; i < 600; i++)
		buf_str(&text, "1,");
	buf_str(&text, "1]}\n");
	CHECK_ERR(text_arrow(&o, buf_span(&text), NULL, &s), ERR_LIMIT);
	CHECK_STR(err_text(), "line 2: a record of more than 1000 bytes");
	CHECK_ERR(text_arrow(&o, buf_span(&text), "a:json", &s), ERR_LIMIT);
	table_schema_clear(&s);
	o.record_max = 2000;
	CHECK(text_arrow(&o, buf_span(&text), "a:json", &s) == 0);
	table_schema_clear(&s);
	buf_clear(&text);
}

static void batches(void)
{
	struct table_opts tens = { .form = TABLE_JSONL, .rows_max = 10 };
	struct buf text = BUF_INIT(64 << 20);
	struct table_schema s;
	int i;

	for (i = 0; i < 25; i++)
		buf_printf(&text, i % 2 ? "{\"a\":%d}\n" : "{\"b\":[%d]}\n", i);
	CHECK(text_arrow(&tens, buf_span(&text), NULL, &s) == 0);
	CHECK_STR(text_rows(&s), "b:list<int64>,a:int64\n[20]|null\nnull|21\n[22]|null\nnull|23\n[24]|null\n");
	CHECK(strstr((const char *)text_ipc.text.data, "schema\n b? list\n  item? int(64)\n a? int(64)\nbatch 10 nodes 10,5 5,0 10,5 "));
	table_schema_clear(&s);
	buf_clear(&text);
}

/* columns that lag behind are as long as the others when they leave: rows of nothing fill a batch, too */
static void rows_of_nulls(void)
{
	struct table_opts o = { .form = TABLE_JSONL, .batch_max = 10000 };
	struct buf text = BUF_INIT(1 << 20);
	struct table_schema s;
	int i;

	buf_str(&text, "{\"a\":1,\"b\":2,\"c\":\"x\",\"d\":[1],\"e\":true}\n");	/* 64, 64, 32, 32 and 1 bits */
	for (i = 0; i < 1000; i++)
		buf_str(&text, "{}\n");
	CHECK(text_arrow(&o, buf_span(&text), NULL, &s) == 0);
	CHECK(strstr(text_rows(&s), "null|null|null|null|null\n"));
	CHECK(strstr((const char *)text_ipc.text.data, "\nbatch 415 nodes ") && text_ipc.rows == 1001 - 2 * 415);
	table_schema_clear(&s);
	buf_clear(&text);
}

static void json_is_said(void)
{
	CHECK_STR(text_of(&jsonl, "{\"a\":{}}", NULL), "a:json\n{}\n");
	CHECK(strstr((const char *)text_ipc.text.data, " a? utf8 {ARROW:extension:name=arrow.json} {ARROW:extension:metadata=}\n"));
}

int main(void)
{
	RUN(flat);
	RUN(mixtures);
	RUN(lists);
	RUN(given);
	RUN(arrays);
	RUN(wrong);
	RUN(many_keys);
	RUN(long_ones);
	RUN(batches);
	RUN(rows_of_nulls);
	RUN(json_is_said);
	buf_clear(&text_stream);
	buf_clear(&text_ipc.text);
	return UNIT_END();
}
