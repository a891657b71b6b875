/* answer_test - heads of answers: how a body ends for whom, and that nobody can write into them */
#include "wire/http/answer.h"
#include "wire/http/field.h"
#include "tests/unit/unit.h"

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static void framing(void)
{
	static const struct {
		int minor, head_only, keep, status;
		uint64_t len;
		const char *lines;		/* behind the date */
		int has_body, chunked, kept;
	} rows[] = {
		{ 1, 0, 1, 200, 5, "content-length: 5\r\n", 1, 0, 1 },
		{ 1, 0, 0, 200, 5, "content-length: 5\r\nconnection: close\r\n", 1, 0, 0 },
		{ 0, 0, 1, 200, 5, "content-length: 5\r\nconnection: keep-alive\r\n", 1, 0, 1 },
		{ 0, 0, 0, 200, 5, "content-length: 5\r\nconnection: close\r\n", 1, 0, 0 },
		{ 1, 0, 1, 200, 0, "content-length: 0\r\n", 0, 0, 1 },
		{ 1, 0, 1, 200, HTTP_LEN_UNKNOWN, "transfer-encoding: chunked\r\n", 1, 1, 1 },
		{ 0, 0, 1, 200, HTTP_LEN_UNKNOWN, "connection: close\r\n", 1, 0, 0 },
		{ 1, 1, 1, 200, 5, "content-length: 5\r\n", 0, 0, 1 },
		{ 1, 1, 1, 200, HTTP_LEN_UNKNOWN, "", 0, 0, 1 },
		{ 0, 1, 1, 200, HTTP_LEN_UNKNOWN, "connection: keep-alive\r\n", 0, 0, 1 },
		{ 1, 0, 1, 204, 5, "", 0, 0, 1 }, { 1, 0, 1, 304, 5, "", 0, 0, 1 },
		{ 1, 0, 1, 304, HTTP_LEN_UNKNOWN, "", 0, 0, 1 },
		{ 1, 0, 1, 205, 5, "content-length: 0\r\n", 0, 0, 1 },
		{ 1, 0, 1, 404, 18446744073709551614u, "content-length: 18446744073709551614\r\n", 1, 0, 1 },
	};
	char want[512];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http1_answer a = { rows[i].minor, rows[i].head_only, rows[i].keep, 9, 9, 9 };
		struct buf out = BUF_INIT(4096);

		CHECK(http1_answer(&out, &a, rows[i].status, "Why", DATE, span_str("x: y\r\n"), rows[i].len) == 0);
		snprintf(want, sizeof want, "HTTP/1.1 %d Why\r\ndate: " DATE "\r\nx: y\r\n%s\r\n", rows[i].status,
			 rows[i].lines);
		CHECK_STR((const char *)out.data, want);
		CHECK(a.has_body == rows[i].has_body && a.chunked == rows[i].chunked && a.keep_alive == rows[i].kept);
		buf_clear(&out);
	}
}

static void interim(void)
{
	struct http1_answer a = { .minor = 1, .keep_alive = 1 };
	struct buf out = BUF_INIT(4096);

	CHECK(http1_answer(&out, &a, 100, "Continue", NULL, span_of(NULL, 0), 0) == 0);
	CHECK_STR((const char *)out.data, "HTTP/1.1 100 Continue\r\n\r\n");
	buf_reset(&out);
	CHECK(http1_answer(&out, &a, 101, NULL, NULL, span_str("upgrade: websocket\r\n"), 0) == 0);
	CHECK_STR((const char *)out.data, "HTTP/1.1 101 \r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
	CHECK_ERR(http1_answer(&out, &a, 200, NULL, NULL, span_str("upgrade: websocket\r\n"), 0), ERR_INVALID);
	buf_clear(&out);
}

/* RFC 9112 7.1 */
static void chunks(void)
{
	struct http1_answer a = { .minor = 1, .keep_alive = 1 };
	struct buf out = BUF_INIT(4096), head = BUF_INIT(4096);

	CHECK(http1_answer(&head, &a, 200, "OK", DATE, span_of(NULL, 0), HTTP_LEN_UNKNOWN) == 0);
	CHECK(http1_answer_begin(&out, &a, 11) == 0 && buf_str(&out, "hello world") == 0);
	CHECK(http1_answer_behind(&out, &a) == 0);
	CHECK_ERR(http1_answer_begin(&out, &a, 0), ERR_INVALID);
	CHECK_ERR(http1_answer_end(&out, &a, span_str("a: b\n")), ERR_INVALID);
	CHECK_ERR(http1_answer_end(&out, &a, span_str("content-type: b\r\n")), ERR_INVALID);
	CHECK(http1_answer_end(&out, &a, span_str("x-stream-error: none\r\n")) == 0);
	CHECK_STR((const char *)out.data, "b\r\nhello world\r\n0\r\nx-stream-error: none\r\n\r\n");
	CHECK_ERR(http1_answer_begin(&out, &a, 1), ERR_INVALID);	/* it is over */
	buf_clear(&out);
	buf_clear(&head);
}

static void counted(void)
{
	struct http1_answer a = { .minor = 1, .keep_alive = 1 };
	struct buf out = BUF_INIT(4096);

	CHECK(http1_answer(&out, &a, 200, "OK", DATE, span_of(NULL, 0), 10) == 0);
	buf_reset(&out);
	CHECK(http1_answer_begin(&out, &a, 4) == 0 && http1_answer_behind(&out, &a) == 0);
	CHECK_ERR(http1_answer_end(&out, &a, span_of(NULL, 0)), ERR_INVALID);
	CHECK_ERR(http1_answer_begin(&out, &a, 7), ERR_INVALID);
	CHECK(http1_answer_begin(&out, &a, 6) == 0);
	CHECK(http1_answer_end(&out, &a, span_str("x: dropped\r\n")) == 0 && out.len == 0);
	buf_clear(&out);
}

/* response splitting: every byte of a name, a value and a reason */
static void no_writing_in(void)
{
	static const char *const wrong[] = {
		"a: b", "a: b\n", "a: b\r", "a:b\r\n", "a : b\r\n", ": b\r\n", "a\r\n", "\r\n", "a: b\r\n\r\n",
		"a: b\r\n c: d\r\n", "a: b\r\n\r\nHTTP/1.1 200 OK\r\n", "a: b\nc: d\r\n", "a: b\rc: d\r\n", "a: \x01\r\n",
		"a: \x7f\r\n", "Content-Length: 1\r\n", "TRANSFER-ENCODING: chunked\r\n", "x: y\r\nconnection: close\r\n",
		"date: now\r\n", "keep-alive: 1\r\n", "\xc3: a\r\n", "a: b\r\n:\r\n", ":\r\n", "a:\r\n",
	};
	struct http1_answer a = { .minor = 1 };
	struct buf out = BUF_INIT(4096), fields = BUF_INIT(256);
	char name[4], value[4];
	size_t i;
	int c;

	for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (http_lines_ok(span_str(wrong[i]), HTTP_LINES_HEAD))
			printf("# %s\n", wrong[i]);
		CHECK_ERR(http1_answer(&out, &a, 200, "OK", DATE, span_str(wrong[i]), 0), ERR_INVALID);
		CHECK(out.len == 0);
	}
	CHECK(!http_lines_ok(span_of("a: b\0c\r\n", 8), HTTP_LINES_HEAD));
	CHECK(http_lines_ok(span_str("a: \r\nb: c d\t\xc3\xa9\r\n"), HTTP_LINES_HEAD));
	CHECK_ERR(http1_answer(&out, &a, 200, "OK\r\nx: y", DATE, span_of(NULL, 0), 0), ERR_INVALID);
	CHECK_ERR(http1_answer(&out, &a, 200, "OK", "x\r\ny: z", span_of(NULL, 0), 0), ERR_INVALID);
	CHECK_ERR(http1_answer(&out, &a, 99, "OK", DATE, span_of(NULL, 0), 0), ERR_INVALID);
	CHECK_ERR(http1_answer(&out, &a, 1000, "OK", DATE, span_of(NULL, 0), 0), ERR_INVALID);
	for (c = 0; c < 256; c++) {
		int value_ok = (c >= ' ' && c != 0x7f) || c == '\t';

		snprintf(name, sizeof name, "a%c", c ? c : ' ');
		buf_reset(&fields);
		CHECK((http_line(&fields, name, span_str("v")) == 0) ==
		      (c && c < 0x80 && (strchr("!#$%&'*+-.^_`|~", c) || (c >= '0' && c <= '9') ||
		       (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))));
		buf_reset(&fields);
		value[0] = 'a', value[1] = (char)c, value[2] = 'b';
		CHECK((http_line(&fields, "n", span_of(value, 3)) == 0) == value_ok);
		CHECK(http_lines_ok(buf_span(&fields), HTTP_LINES_HEAD));
	}
	CHECK_ERR(http_line(&fields, "", span_str("v")), ERR_INVALID);
	CHECK_ERR(http_line(&fields, "n", span_str(" v")), ERR_INVALID);
	out.max = 40;
	CHECK_ERR(http1_answer(&out, &a, 200, "OK", DATE, span_of(NULL, 0), 0), ERR_LIMIT);
	CHECK(out.len == 0);
	buf_clear(&out);
	buf_clear(&fields);
}

int main(void)
{
	RUN(framing);
	RUN(interim);
	RUN(chunks);
	RUN(counted);
	RUN(no_writing_in);
	return UNIT_END();
}
