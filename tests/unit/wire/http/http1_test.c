/* http1_test - requests in HTTP/1: what is taken, what is refused and with which status, at every split */
#include "wire/http/http.h"
#include "tests/unit/unit.h"

enum { IN_MAX = 65536 };

/* everything a stream comes to, as text: requests, bodies, and the fault at the end */
struct heard {
	struct buf text;
	int status;
	size_t n;
};

static struct http_limits limits = { 8192, 32768, UINT64_MAX };

static void say_head(struct heard *h, const struct http1 *s)
{
	const struct http_head *d = s->head;
	size_t i;

	buf_printf(&h->text, "%.*s %d %.*s?%.*s host=%.*s 1.%d keep=%d exp=%d\n", (int)d->method.len,
		   (const char *)d->method.p, d->form, (int)d->path.len, (const char *)d->path.p,
		   (int)d->query.len, (const char *)d->query.p, (int)d->host.len, (const char *)d->host.p,
		   d->minor, s->keep_alive, s->expects);
	for (i = 0; i < d->n_fields; i++)
		buf_printf(&h->text, " %.*s=%.*s\n", (int)d->field[i].name.len,
			   (const char *)d->field[i].name.p, (int)d->field[i].value.len,
			   (const char *)d->field[i].value.p);
}

/* the stream in steps of `step` bytes (0: of random length), as a connection would get it */
static void hear(const char *bytes, size_t len, size_t step, struct heard *h)
{
	static uint8_t room[IN_MAX];
	size_t have = 0, given = 0, used, at;
	static struct http_head head;
	static struct http1 s;
	enum http1_event e = HTTP1_MORE;
	uint64_t rnd = 88172645463325252u + len;
	struct span data;

	*h = (struct heard){ .text = BUF_INIT(1 << 22) };
	http1_start(&s, &limits, &head);
	for (;;) {
		at = 0;
		while (e != HTTP1_BAD) {
			if (s.state == 0) {
				e = http1_head(&s, room + at, have - at, &used);
				at += used;
				if (e != HTTP1_HEAD)
					break;
				h->n++;
				say_head(h, &s);
			}
			e = http1_body(&s, span_of(room + at, have - at), &used, &data);
			at += used;
			if (e == HTTP1_DATA)
				buf_add(&h->text, data);
			if (e == HTTP1_MORE)
				break;
			if (e == HTTP1_END) {
				buf_str(&h->text, "<end>\n");
				http1_next(&s);
			}
		}
		memmove(room, room + at, have - at);
		have -= at;
		if (e == HTTP1_BAD || given == len)
			break;
		rnd ^= rnd << 13;
		rnd ^= rnd >> 7;
		rnd ^= rnd << 17;
		at = step ? step : 1 + rnd % 40;
		if (at > len - given)
			at = len - given;
		NEED(have + at <= IN_MAX);
		memcpy(room + have, bytes + given, at);
		have += at;
		given += at;
	}
	h->status = e == HTTP1_BAD ? s.status : have ? -1 : 0;
	if (e == HTTP1_BAD)
		CHECK(s.why && s.status >= 400 && !s.keep_alive);
}

/* the same whole, byte by byte and at random; how it ends, and what was heard in *text if wanted */
static int ends(const char *bytes, size_t len, char **text)
{
	struct heard whole, other;
	size_t steps[] = { 1, 2, 3, 7, 0, 0 }, i;

	hear(bytes, len, len ? len : 1, &whole);
	for (i = 0; i < sizeof steps / sizeof *steps; i++) {
		hear(bytes, len, steps[i], &other);
		if (whole.status != other.status || !span_equal(buf_span(&whole.text), buf_span(&other.text)))
			printf("# in steps of %zu: %d, not %d: %s\n", steps[i], other.status, whole.status, bytes);
		CHECK(whole.status == other.status);
		CHECK(span_equal(buf_span(&whole.text), buf_span(&other.text)));
		buf_clear(&other.text);
	}
	if (text)
		*text = buf_take(&whole.text);
	buf_clear(&whole.text);
	return whole.status;
}

static void expect(const char *bytes, int status)
{
	int got = ends(bytes, strlen(bytes), NULL);

	if (got != status)
		printf("# %d, not %d: %s\n", got, status, bytes);
	CHECK(got == status);
}

#define H "Host: h\r\n"

static void requests(void)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "GET / HTTP/1.1\r\n" H "\r\n", "GET 0 /? host=h 1.1 keep=1 exp=0\n host=h\n<end>\n" },
		{ "\r\n\r\nGET /a?b?c HTTP/1.1\r\nHOST:  h:80 \t\r\n\r\n",
		  "GET 0 /a?b?c host=h:80 1.1 keep=1 exp=0\n host=h:80\n<end>\n" },
		{ "GET / HTTP/1.0\r\n\r\n", "GET 0 /? host= 1.0 keep=0 exp=0\n<end>\n" },
		{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		  "GET 0 /? host= 1.0 keep=1 exp=0\n connection=Keep-Alive\n<end>\n" },
		{ "GET / HTTP/1.1\r\n" H "Connection: x, Close\r\n\r\n",
		  "GET 0 /? host=h 1.1 keep=0 exp=0\n host=h\n connection=x, Close\n<end>\n" },
		{ "GET / HTTP/1.9\r\n" H "\r\n", "GET 0 /? host=h 1.1 keep=1 exp=0\n host=h\n<end>\n" },
		{ "GET http://other/x?y HTTP/1.1\r\n" H "\r\n",
		  "GET 1 /x?y host=other 1.1 keep=1 exp=0\n host=h\n<end>\n" },
		{ "GET HTTPS://[::1]:8 HTTP/1.1\r\n" H "\r\n",
		  "GET 1 /? host=[::1]:8 1.1 keep=1 exp=0\n host=h\n<end>\n" },
		{ "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
		  "CONNECT 2 ? host=h:443 1.1 keep=1 exp=0\n host=h:443\n<end>\n" },
		{ "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS 3 *? host=h 1.1 keep=1 exp=0\n host=h\n<end>\n" },
		{ "GET / HTTP/1.1\r\nHost:\r\nX:\xc3\xa9 \t y\r\nX:2\r\n\r\n",
		  "GET 0 /? host= 1.1 keep=1 exp=0\n host=\n x=\xc3\xa9 \t y\n x=2\n<end>\n" },
		/* bodies, and one request behind the other */
		{ "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\nhelloGET /2 HTTP/1.1\r\n" H "\r\n",
		  "POST 0 /? host=h 1.1 keep=1 exp=1\n host=h\n content-length=5\n expect=100-Continue\nhello<end>\n"
		  "GET 0 /2? host=h 1.1 keep=1 exp=0\n host=h\n<end>\n" },
		{ "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n",
		  "POST 0 /? host=h 1.1 keep=1 exp=0\n host=h\n content-length=0\n expect=100-continue\n<end>\n" },
		{ "PUT / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00B;x=\"y\";z\r\n, chunked!\n\r\n0\r\nT: v\r\nU:\r\n\r\n"
		  "GET /2 HTTP/1.1\r\n" H "\r\n",
		  "PUT 0 /? host=h 1.1 keep=1 exp=0\n host=h\n transfer-encoding=Chunked\nhello, chunked!\n<end>\n"
		  "GET 0 /2? host=h 1.1 keep=1 exp=0\n host=h\n<end>\n" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = NULL;

		CHECK(ends(rows[i].in, strlen(rows[i].in), &text) == 0);
		CHECK_STR(text, rows[i].out);
		free(text);
	}
}

/* What two programs could read differently, what is too much, what is none of ours. */
static void refused(void)
{
	static const struct { int status; const char *in; } rows[] = {
		/* the request line */
		{ 400, "GET  / HTTP/1.1\r\n" H "\r\n" }, { 400, "GET /\r\n" H "\r\n" },
		{ 400, "GET / HTTP/1.1 \r\n" H "\r\n" }, { 400, " GET / HTTP/1.1\r\n" H "\r\n" },
		{ 400, "GET\t/ HTTP/1.1\r\n" H "\r\n" }, { 400, "GET / http/1.1\r\n" H "\r\n" },
		{ 400, "GET / HTTP/11\r\n" H "\r\n" }, { 400, "GET / HTTP/1.1x\r\n" H "\r\n" },
		{ 400, "GET / HTTP/1.\r\n" H "\r\n" }, { 505, "GET / HTTP/2.0\r\n" H "\r\n" },
		{ 505, "GET / HTTP/0.9\r\n" H "\r\n" }, { 400, "G@T / HTTP/1.1\r\n" H "\r\n" },
		{ 400, "GET /\x01 HTTP/1.1\r\n" H "\r\n" }, { 400, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n" },
		{ 400, "GET /#x HTTP/1.1\r\n" H "\r\n" }, { 400, "GET x HTTP/1.1\r\n" H "\r\n" },
		{ 400, "GET * HTTP/1.1\r\n" H "\r\n" }, { 400, "GET ftp://h/ HTTP/1.1\r\n" H "\r\n" },
		{ 400, "GET http:///x HTTP/1.1\r\n" H "\r\n" }, { 400, "GET http://u@h/ HTTP/1.1\r\n" H "\r\n" },
		{ 400, "GET http://h:x/ HTTP/1.1\r\n" H "\r\n" }, { 400, "GET http://[::1/ HTTP/1.1\r\n" H "\r\n" },
		{ 400, "CONNECT h HTTP/1.1\r\n" H "\r\n" }, { 400, "CONNECT /x HTTP/1.1\r\n" H "\r\n" },
		{ 400, "CONNECT h: HTTP/1.1\r\n" H "\r\n" },
		/* lines */
		{ 400, "GET / HTTP/1.1\nHost: h\n\n" }, { 400, "GET / HTTP/1.1\r\nHost: h\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: h\r\n\n" }, { 400, "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n" }, { 400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n X: a\r\n" H "\r\n" }, { 400, "GET / HTTP/1.1\r\n" H "X : a\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" H "X\t: a\r\n\r\n" }, { 400, "GET / HTTP/1.1\r\n" H "X\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" H ": a\r\n\r\n" }, { 400, "GET / HTTP/1.1\r\n" H "X(: a\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n" }, { 400, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n" },
		/* Host */
		{ 400, "GET / HTTP/1.1\r\n\r\n" }, { 400, "GET / HTTP/1.1\r\n" H H "\r\n" },
		{ 400, "GET / HTTP/1.0\r\n" H H "\r\n" }, { 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" }, { 400, "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost: h:123456\r\n\r\n" }, { 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" },
		{ 400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n" }, { 400, "GET http://h/ HTTP/1.1\r\n\r\n" },
		/* lengths */
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\na" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\na" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\na" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\na" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\na" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\na" },
		{ 413, "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\na" },
		{ 413, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551616\r\n\r\na" },
		{ 400, "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n" },
		{ 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n" },
		{ 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n" },
		{ 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n" },
		{ 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n" },
		{ 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
		{ 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" },
		{ 417, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nExpect: a miracle\r\n\r\na" },
		{ 400, "GET / HTTP/1.1\r\n" H "Connection: a b\r\n\r\n" },
		/* another protocol */
		{ 400, "\x16\x03\x01\x02" }, { 400, "\x80\x01" }, { 400, "{\"a\":1}" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		expect(rows[i].in, rows[i].status);
	CHECK(sizeof rows / sizeof *rows > 65);
	CHECK(ends("GET / HTTP/1.1\r\nHost: h\0\r\n\r\n", 28, NULL) == 400);
	CHECK(ends("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28, NULL) == 400);
}

static void chunks(void)
{
	static const struct { int status; const char *in; } rows[] = {
		{ 400, "\r\n" }, { 400, ";x\r\na\r\n" }, { 400, "g\r\n" }, { 400, "0x5\r\nhello\r\n" },
		{ 400, "-1\r\n" }, { 400, "+5\r\nhello\r\n" }, { 400, " 5\r\nhello\r\n" }, { 400, "5 \r\nhello\r\n" },
		{ 400, "5\nhello\r\n" }, { 400, "5\r\rhello\r\n" }, { 400, "5\r\nhello\n" }, { 400, "5\r\nhelloX\r\n" },
		{ 400, "5\r\nhello\rX" }, { 400, "5;a\x01\r\nhello\r\n" }, { 400, "5;a\nhello\r\n" },
		{ 413, "00000000000000005\r\nhello\r\n" }, { 413, "fffffffffffffffff\r\n" },
		{ 400, "0\r\nX\r\n\r\n" }, { 400, "0\r\n: v\r\n\r\n" }, { 400, "0\r\nX : v\r\n\r\n" },
		{ 400, "0\r\nX: v\n\r\n" }, { 400, "0\r\n X: v\r\n\r\n" }, { 400, "0\r\nX: v\x01\r\n\r\n" },
		{ 400, "0\r\n\n" }, { 400, "0\r\n\rX" }, { 0, "0\r\n\r\n" }, { 0, "000\r\nX:v\r\n\r\n" },
		{ 0, "1;a=b ; c=\"d\"\r\nx\r\n0;z\r\n\r\n" }, { 0, "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n" },
	};
	char in[4096];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(in, sizeof in, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n%s", rows[i].in);
		expect(in, rows[i].status);
	}
	/* sizes that add up to more than there is */
	expect("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nffffffffffffffff\r\n", 413);
}

static char *filled(const char *before, size_t n, char c, const char *behind)
{
	char *p = unit_kept(strlen(before) + n + strlen(behind) + 1);

	strcpy(p, before);
	memset(p + strlen(before), c, n);
	strcpy(p + strlen(before) + n, behind);
	return p;
}

static void limits_and_statuses(void)
{
	char *many;
	size_t i, at;

	expect(filled("GET /", 8100, 'a', " HTTP/1.1\r\n" H "\r\n"), 0);
	expect(filled("GET /", 8192, 'a', " HTTP/1.1\r\n" H "\r\n"), 414);
	expect(filled("GET /", 60000, 'a', ""), 414);
	expect(filled("GET / HTTP/1.1\r\n" H "X: ", 32000, 'a', "\r\n\r\n"), 0);
	expect(filled("GET / HTTP/1.1\r\n" H "X: ", 32768, 'a', "\r\n\r\n"), 431);
	expect(filled("GET / HTTP/1.1\r\n" H "X: ", 60000, 'a', ""), 431);
	many = unit_kept(4096);
	at = (size_t)sprintf(many, "GET / HTTP/1.1\r\n" H);
	for (i = 1; i <= HTTP_FIELDS_MAX; i++)
		at += (size_t)sprintf(many + at, "X: %zu\r\n", i);
	strcpy(many + at, "\r\n");
	expect(many, 431);
	limits.body = 10;
	expect("POST / HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\n0123456789", 0);
	expect("POST / HTTP/1.1\r\n" H "Content-Length: 11\r\n\r\n", 413);
	expect("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n3\r\n", 413);
	limits.body = UINT64_MAX;
	expect(filled("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;", 1025, 'x', "\r\n"), 400);
	expect(filled("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", 33000, 'x', "\r\n\r\n"), 431);
}

/* RFC 9110 7.8; 9113 3.1 as it was */
static void upgrades(void)
{
	static const struct { const char *in, *upgrade; } rows[] = {
		{ "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "websocket" },
		{ "GET / HTTP/1.1\r\n" H "Upgrade: h2c, x/1\r\nConnection: keep-alive, upgrade\r\n\r\n", "h2c, x/1" },
		{ "GET / HTTP/1.1\r\n" H "Upgrade: websocket\r\n\r\n", NULL },
		{ "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\n\r\n", NULL },
		{ "GET / HTTP/1.0\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", NULL },
		{ "GET / HTTP/1.1\r\n" H "\r\n", NULL },		/* nothing is left of those before */
	};
	static struct http_head head;
	static uint8_t room[256];
	struct http1 h;
	size_t i, used;

	http1_start(&h, &limits, &head);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		strcpy((char *)room, rows[i].in);
		CHECK(http1_head(&h, room, strlen(rows[i].in), &used) == HTTP1_HEAD);
		CHECK(rows[i].upgrade ? span_equal(h.upgrade, span_str(rows[i].upgrade)) : !h.upgrade.p);
		http1_next(&h);
	}
}

static void words(void)
{
	CHECK(http_is_token(span_str("a-Z!#$%&'*+.^_`|~9")) && !http_is_token(span_str("")));
	CHECK(!http_is_token(span_str("a b")) && !http_is_token(span_str("a:b")) && !http_is_token(span_str("\xc3")));
	CHECK(http_is(span_str("ChUnked"), "chunked") && !http_is(span_str("chunkedx"), "chunked"));
	CHECK(!http_is(span_str("chunke"), "chunked"));
	CHECK(http_listed(span_str(" a ,\tGZIP ,, b"), "gzip") && !http_listed(span_str("gzipx, x gzip"), "gzip"));
	CHECK(!http_listed(span_str(""), "a"));
}

int main(void)
{
	RUN(requests);
	RUN(refused);
	RUN(chunks);
	RUN(limits_and_statuses);
	RUN(upgrades);
	RUN(words);
	return UNIT_END();
}
