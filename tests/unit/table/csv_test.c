/* csv_test.c - records and fields of CSV: quotes, ends of lines, separators, what is wrong and in which line */
#include "table/table_priv.h"
#include "text.h"

static struct table_opts csv;		/* all zero */
static struct table_opts bare = { .no_header = 1 };

/* the same in pieces of any length */
static void reads_as(const struct table_opts *o, const char *text, const char *columns, const char *says)
{
	static const size_t piece[] = { SIZE_MAX, 1, 2, 3, 7 };
	size_t i;

	for (i = 0; i < sizeof piece / sizeof *piece; i++) {
		text_piece = piece[i];
		CHECK_STR(text_of(o, text, columns), says);
	}
	text_piece = SIZE_MAX;
}

static void fields(void)
{
	reads_as(&csv, "a,b\n1,x\n2,y\n", NULL, "a:int64,b:utf8\n1|x\n2|y\n");
	reads_as(&csv, "a,b\r\n1,x\r\n2,y", NULL, "a:int64,b:utf8\n1|x\n2|y\n");
	reads_as(&csv, "a,b\r1,x\r2,y\r", NULL, "a:int64,b:utf8\n1|x\n2|y\n");
	reads_as(&csv, "\xef\xbb\xbf" "a,b\n1,\n", NULL, "a:int64,b:utf8\n1|null\n");
	reads_as(&csv, "a,b\n\n1,x\n\r\n\n2,y\n\n", NULL, "a:int64,b:utf8\n1|x\n2|y\n");
	reads_as(&csv, "a\n1\n\n2\n", NULL, "a:int64\n1\n2\n");
	reads_as(&csv, "a,b\n", NULL, "a:utf8,b:utf8\n");
	reads_as(&csv, "a,b", NULL, "a:utf8,b:utf8\n");
	reads_as(&csv, "a,b\n,", NULL, "a:utf8,b:utf8\nnull|null\n");
	reads_as(&csv, ",b\n1,2", NULL, "\"\":int64,b:int64\n1|2\n");
	reads_as(&csv, "a,a\n1,x\n", NULL, "a:int64,a:utf8\n1|x\n");
}

static void quotes(void)
{
	reads_as(&csv, "a,b\n\"1\",\"x\"\n", NULL, "a:int64,b:utf8\n1|x\n");
	reads_as(&csv, "a,b\n\"\",\"\"\n1,z\n", NULL, "a:int64,b:utf8\nnull|\n1|z\n");
	reads_as(&csv, "\"a,\"\"\n\",b\n\"x,\r\ny\"\"\",\"\"\"\"\n", NULL, "\"a,\\\"\\n\":utf8,b:utf8\nx,\r\ny\"|\"\n");
	reads_as(&csv, "a,b\nx\"y\"z,5'\"\n", NULL, "a:utf8,b:utf8\nx\"y\"z|5'\"\n");
	reads_as(&csv, "a\n\"x\"", NULL, "a:utf8\nx\n");
	reads_as(&csv, "a\n\"\"\"\"\"\"\n", NULL, "a:utf8\n\"\"\n");
	reads_as(&csv, "a,b\n\"12\"\"\",1\n", NULL, "a:utf8,b:int64\n12\"|1\n");
}

static void separators(void)
{
	static struct table_opts tab = { .sep = '\t' }, comma = { .sep = ',' };

	reads_as(&csv, "a;b\n1,5;2\n3,5;4\n", NULL, "a:utf8,b:int64\n1,5|2\n3,5|4\n");
	reads_as(&csv, "a\tb c\n1\tx, y\n", NULL, "a:int64,b c:utf8\n1|x, y\n");
	reads_as(&csv, "a|b|c\n1|2|3\n", NULL, "a:int64,b:int64,c:int64\n1|2|3\n");
	reads_as(&csv, "a,b;c\n1,2;3\n4,5\n", NULL, "a:int64,b;c:utf8\n1|2;3\n4|5\n");
	reads_as(&csv, "\"a;b;c\",d\n1,2\n", NULL, "a;b;c:int64,d:int64\n1|2\n");
	reads_as(&tab, "a,b\n1,2\n", NULL, "\"a,b\":utf8\n1,2\n");
	reads_as(&comma, "a;b\n1;2\n", NULL, "a;b:utf8\n1;2\n");
}

static void without_header(void)
{
	reads_as(&bare, "1,x\n2,y\n", NULL, "f0:int64,f1:utf8\n1|x\n2|y\n");
	reads_as(&bare, "1,x\n2,y\n", "id:int8,name:utf8", "id:int8,name:utf8\n1|x\n2|y\n");
	reads_as(&bare, "1,x\n2,y\n", "id,...", "id:int64,f1:utf8\n1|x\n2|y\n");
	reads_as(&bare, "1,x\n2,y\n", "f1,...", "f1:int64,f1:utf8\n1|x\n2|y\n");
	reads_as(&bare, "1,x\n", "id:int8", "the schema has 1 columns, and the table 2");
	reads_as(&bare, "", "id:int8", "id:int8\n");
	reads_as(&bare, "", "id", "id:utf8\n");
	reads_as(&bare, "", NULL, "no records, and so no columns");
}

static void chosen(void)
{
	reads_as(&csv, "a,b,c\n1,x,2\n", "c,a:utf8", "c:int64,a:utf8\n2|1\n");
	reads_as(&csv, "a,b,c\n1,x,2\n", "c:float32,a:int8", "c:float32,a:int8\n2|1\n");
	reads_as(&csv, "a,b,c\n1,x,2\n", "c:utf8,...", "a:int64,b:utf8,c:utf8\n1|x|2\n");
	reads_as(&csv, "a,b\n1,x\n", "a:int8,z", "there is no column \"z\"");
	reads_as(&csv, "a,a\n1,x\n", "a:int8", "column 'a' is there twice");
	reads_as(&csv, "a\n1\n", "a:list<int8>", "column 'a': there are no lists in CSV");
}

static void nulls(void)
{
	static const struct span null[] = { { (const uint8_t *)"NA", 2 }, { (const uint8_t *)"-", 1 } };
	static struct table_opts na = { .null = null, .n_null = 2 };

	reads_as(&na, "a,b\nNA,NA\n-,x\n5,\"NA\"\n", NULL, "a:int64,b:utf8\nnull|null\nnull|x\n5|NA\n");
	reads_as(&na, "a,b\nNA,NA\n", "a:bool,b:large_utf8", "a:bool,b:large_utf8\nnull|null\n");
	reads_as(&csv, "a,b\n,NA\n", NULL, "a:utf8,b:utf8\nnull|NA\n");
}

static void wrong(void)
{
	reads_as(&csv, "a,b\n1,2\n3\n", NULL, "line 3: 1 fields, where the first record has 2");
	reads_as(&csv, "a,b\n\n\"x\ny\",2\n3,4,5\n", NULL, "line 5: 3 fields, where the first record has 2");
	reads_as(&csv, "a,b\r\n\r\n1,2\r\n3\r\n", NULL, "line 4: 1 fields, where the first record has 2");
	reads_as(&csv, "a,b\r\r1,2\r3\r", NULL, "line 4: 1 fields, where the first record has 2");
	reads_as(&csv, "a,b\n1,\"x\" \n", NULL, "line 2: text behind a closing quote");
	reads_as(&csv, "a,b\n1,\"x\"y\"\n", NULL, "line 2: text behind a closing quote");
	reads_as(&csv, "a,b\n1,2\n1,\"x\ny\n\n", NULL, "line 3: a quote that is never closed");
	reads_as(&csv, "a,b\n1,x\n2,\xff\n", NULL, "line 3: text that is not UTF-8");
	reads_as(&csv, "a,b\n1,\"\n\n\xc3\"\n", NULL, "line 4: text that is not UTF-8");
	reads_as(&csv, "", NULL, "no records, and so no columns");
	reads_as(&csv, "\n\n", NULL, "no records, and so no columns");
	reads_as(&csv, "a,b\n1,x\n2,y\n", "a:int64,b:int8", "line 2, column \"b\": \"x\" is no int8");
	reads_as(&csv, "a,b\n1,5\n2,128\n", "a:int64,b:int8", "line 3, column \"b\": \"128\" does not fit int8");
	/* the first row with something wrong, whichever column it is */
	reads_as(&csv, "a,b\n1,x\nz,y\n", "a:int8,b:int8", "line 2, column \"b\": \"x\" is no int8");
	reads_as(&csv, "a,b\n\"q\n\",1\nq,y\n", "a:utf8,b:int8", "line 4, column \"b\": \"y\" is no int8");
}

static void any_bytes(void)
{
	struct table_schema s;

	CHECK(text_arrow(&csv, span_of("a,b\n\xff,x\n\xc3,\n", 11), "a:binary,b:utf8", &s) == 0);
	CHECK_STR(text_rows(&s), "a:binary,b:utf8\n\xff|x\n\xc3|null\n");
	table_schema_clear(&s);
	CHECK(text_arrow(&csv, span_of("a,b\n\xff,x\n\xc3,\n", 11), "a:binary,...", &s) == 0);
	CHECK_STR(text_rows(&s), "a:binary,b:utf8\n\xff|x\n\xc3|null\n");
	table_schema_clear(&s);
	CHECK_ERR(text_arrow(&csv, span_of("a,b\n\xff,x\nz,\xc3\n", 12), "a:binary,b", &s), ERR_INVALID);
	CHECK_STR(err_text(), "line 3: text that is not UTF-8");
	CHECK_ERR(text_arrow(&csv, span_of("a,b\xff\n\xff,x\n", 9), "a:binary,...", &s), ERR_INVALID);
	CHECK_STR(err_text(), "line 1: text that is not UTF-8");
	CHECK_ERR(text_arrow(&csv, span_of("a,b\n\xff,x\nz,\xc3\n", 12), "a:binary,b:utf8", &s), ERR_INVALID);
	CHECK_STR(err_text(), "line 3, column \"b\": \"\xef\xbf\xbd\" is no utf8");
	table_schema_clear(&s);
	CHECK(text_arrow(&csv, span_of("a,b\nx\0y,\0\n", 10), NULL, &s) == 0);
	CHECK(!memcmp(text_rows(&s), "a:utf8,b:utf8\nx\0y|\0\n", 21));
	table_schema_clear(&s);
}

/* a whole number that no double holds is text, also among floats */
static void beyond_doubles(void)
{
	char text[500], says[500];

	snprintf(text, sizeof text, "a\n1.5\n1%0400d\n", 0);
	snprintf(says, sizeof says, "a:utf8\n1.5\n1%0400d\n", 0);
	reads_as(&csv, text, NULL, says);
	snprintf(text, sizeof text, "a\n1.5\n-1%0400d\n", 0);
	snprintf(says, sizeof says, "a:utf8\n1.5\n-1%0400d\n", 0);
	reads_as(&csv, text, NULL, says);
	snprintf(text, sizeof text, "a\n1.5\n1%0300d\n", 0);
	reads_as(&csv, text, NULL, "a:float64\n1.5\n1.0000000000000001e+300\n");
}

/* records longer than the window, and than they may be; more columns than there may be */
static void long_ones(void)
{
	struct table_opts small = { .record_max = 300000 };
	struct buf text = BUF_INIT(64 << 20);
	struct table_schema s;
	size_t i, n = 1 << 20;

	buf_str(&text, "a,b\n1,\"");
	for (i = 0; i < n / 4; i++)
		buf_str(&text, "\"\"\nx");
	buf_str(&text, "\"\n2,y\n");
	text_piece = 1000;
	CHECK(text_arrow(&csv, buf_span(&text), NULL, &s) == 0 && s.n == 2);
	CHECK(strstr(text_rows(&s), "x\n2|y\n") && strlen(text_rows(&s)) > n / 4 * 3);
	table_schema_clear(&s);
	CHECK_ERR(text_arrow(&small, buf_span(&text), NULL, &s), ERR_LIMIT);
	CHECK_STR(err_text(), "line 2: a record of more than 300000 bytes");
	text_piece = SIZE_MAX;
	buf_reset(&text);
	for (i = 0; i < TABLE_COLUMNS_MAX; i++)
		buf_str(&text, i ? ",a" : "a");
	CHECK(text_arrow(&csv, buf_span(&text), NULL, &s) == 0 && s.n == TABLE_COLUMNS_MAX);
	table_schema_clear(&s);
	buf_str(&text, ",a\n");
	CHECK(text_arrow(&csv, buf_span(&text), NULL, &s) < 0);
	for (i = 0; i < 2 * TABLE_COLUMNS_MAX; i++)
		buf_str(&text, ",a");
	CHECK_ERR(text_arrow(&csv, buf_span(&text), NULL, &s), ERR_LIMIT);
	buf_clear(&text);
}

/* many rows over many windows; the last batch has the rest */
static void batches(void)
{
	struct table_opts tens = { .rows_max = 10 }, bytes = { .batch_max = 1 };
	struct buf text = BUF_INIT(64 << 20);
	struct table_schema s;
	int i;

	buf_str(&text, "n,t\n");
	for (i = 0; i < 100005; i++)
		buf_printf(&text, "%d,row %d\n", i, i);
	CHECK(text_arrow(&tens, buf_span(&text), NULL, &s) == 0);
	CHECK_STR(text_rows(&s), "n:int64,t:utf8\n100000|row 100000\n100001|row 100001\n100002|row 100002\n100003|row 100003\n"
				 "100004|row 100004\n");
	CHECK(strstr((const char *)text_ipc.text.data, "schema\n n? int(64)\n t? utf8\nbatch 10 nodes 10,0 10,0 buffers 0+0 0+80 "
						       "128+0 128+44 192+50 body 256\n"));
	table_schema_clear(&s);
	CHECK(text_arrow(&csv, buf_span(&text), NULL, &s) == 0);
	text_rows(&s);
	CHECK(strstr((const char *)text_ipc.text.data, "\nbatch 65536 nodes"));
	CHECK(strstr((const char *)text_ipc.text.data, "\nbatch 34469 nodes"));
	table_schema_clear(&s);
	CHECK(text_arrow(&bytes, buf_span(&text), NULL, &s) == 0);
	CHECK(strstr(text_rows(&s), "100004|row 100004\n"));
	table_schema_clear(&s);
	buf_clear(&text);
}

static uint64_t heard;

static int hear(void *arg, uint64_t n)
{
	(void)arg;
	heard += n;
	return heard > 15 ? err_set(ERR_INTERRUPTED, "enough") : 0;
}

static void hears_what_is_read(void)
{
	struct table_opts o = { .progress = hear };

	heard = 0;
	CHECK_STR(text_of(&o, "a\n1\n", "a:int8"), "a:int8\n1\n");
	CHECK(heard == 4);
	CHECK_STR(text_of(&o, "a,b,c,d,e\n1,2,3,4,5\n", NULL), "enough");
}

static void refused(void)
{
	struct table_schema s = { 0 };
	struct table_opts o = { .sep = '"' };
	struct sink_null out;
	struct table_in in = { feed_read, &(struct feed){ span_str(""), 1, 0 } };

	sink_null_start(&out);
	CHECK_ERR(table_infer(&o, in, NULL, &s), ERR_USAGE);
	CHECK(table_schema_parse(&s, span_str("a")) == 0);
	CHECK_ERR(table_arrow(&csv, in, &s, &out.sink), ERR_USAGE);
	table_schema_clear(&s);
}

int main(void)
{
	RUN(fields);
	RUN(quotes);
	RUN(separators);
	RUN(without_header);
	RUN(chosen);
	RUN(nulls);
	RUN(wrong);
	RUN(any_bytes);
	RUN(beyond_doubles);
	RUN(long_ones);
	RUN(batches);
	RUN(hears_what_is_read);
	RUN(refused);
	buf_clear(&text_stream);
	buf_clear(&text_ipc.text);
	return UNIT_END();
}
