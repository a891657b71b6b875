/* h2raw_test.c - HTTP/2 with clients that do not mean well: malformed requests, frames in the wrong place, floods */
#include <nghttp2/nghttp2.h>

#include "unit.h"
#include "wire/http/h2.h"

enum { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8 };

static struct h2 *h;
static struct http_head head;
static struct http_limits limits;
static nghttp2_hd_deflater *deflater;
static int rc, n_heads, n_gone, status, answers, head_fields;
static uint32_t rst_code, goaway_code, gone_code;
static int n_rst, n_goaway, n_out;
static int64_t now_ms;
static struct h2_stream *last;
static struct http_field cookie;
static char text[300], why[100];

/* ---- frames out of bytes ---- */

static void frame(struct buf *b, unsigned type, unsigned flags, uint32_t id, struct span payload)
{
	buf_be32(b, (uint32_t)payload.len << 8 | type);
	buf_u8(b, flags);
	buf_be32(b, id);
	buf_add(b, payload);
}

/* a header block: name, value, name, value … NULL */
static struct span block(const char *const *nv)
{
	nghttp2_nv v[200];
	size_t n = 0, max;
	uint8_t *to;
	ssize_t len;

	for (; nv[2 * n]; n++)
		v[n] = (nghttp2_nv){ (uint8_t *)(uintptr_t)nv[2 * n], (uint8_t *)(uintptr_t)nv[2 * n + 1],
				     strlen(nv[2 * n]), strlen(nv[2 * n + 1]), 0 };
	max = nghttp2_hd_deflate_bound(deflater, v, n);
	to = unit_kept(max);
	len = nghttp2_hd_deflate_hd(deflater, to, max, v, n);
	if (len < 0)
		abort();
	return span_of(to, (size_t)len);
}

/* ---- the server ---- */

static void start(void)
{
	limits = http_limits_default;
	rc = n_heads = n_gone = status = n_rst = n_goaway = n_out = answers = head_fields = 0;
	rst_code = goaway_code = gone_code = 99;
	now_ms = 0;
	last = NULL;
	*text = *why = 0;
	if (h2_new(&h, &limits, &head, NULL) || nghttp2_hd_deflate_new(&deflater, 4096))
		abort();
}

static void end(void)
{
	h2_free(h);
	nghttp2_hd_deflate_del(deflater);
}

static void look_at_events(int answer)
{
	struct h2_event e;
	size_t i;
	int has_body;

	while (h2_next(h, &e)) {
		if (e.what == H2_GONE) {
			n_gone++;
			gone_code = e.code;
			last = last == e.s ? NULL : last;
		}
		if (e.what != H2_HEAD && e.what != H2_BAD)
			continue;
		n_heads++;
		last = e.s;
		status = e.status;
		head_fields = (int)e.head->n_fields;
		snprintf(text, sizeof text, "%.*s|%.*s|%.*s", (int)e.head->method.len, (const char *)e.head->method.p,
			 (int)e.head->target.len, (const char *)e.head->target.p, (int)e.head->host.len,
			 (const char *)e.head->host.p);
		snprintf(why, sizeof why, "%s", e.why ? e.why : "");
		for (i = 0; i < e.head->n_fields; i++)
			if (span_equal(e.head->field[i].name, span_str("cookie"))) {
				cookie = e.head->field[i];
				snprintf(why, sizeof why, "%.*s", (int)cookie.value.len,
					 (const char *)cookie.value.p);
			}
		if (answer || e.what == H2_BAD) {
			CHECK(h2_answer(h, e.s, e.status ? e.status : 200, NULL, span_str(""), 0, &has_body) == 0);
			CHECK(h2_end(h, e.s, span_str("")) == 0);
			answers++;
			last = NULL;
		}
	}
}

static void look_at_output(void)
{
	struct buf out = BUF_INIT(1 << 20);
	size_t at, len;

	do {
		buf_reset(&out);
		CHECK(h2_out(h, &out) == 0);
		for (at = 0; at + 9 <= out.len; at += 9 + len) {
			const uint8_t *f = out.data + at;

			len = (size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2];
			n_out++;
			if (f[3] == RST_STREAM) {
				n_rst++;
				rst_code = f[12];
			} else if (f[3] == GOAWAY) {
				n_goaway++;
				goaway_code = f[16];
			}
		}
		CHECK(at == out.len);
	} while (out.len);
	buf_clear(&out);
}

/* give it all, in pieces; whatever it says, it says no more after an error */
static void give(struct span in, size_t step, int answer)
{
	size_t used, n;
	int idle = 0;

	while (in.len && rc == 0 && idle < 2) {
		n = in.len < step ? in.len : step;
		rc = h2_in(h, span_of(in.p, n), now_ms, &used);
		in = span_of(in.p + used, in.len - used);
		look_at_events(answer);
		idle = used ? 0 : idle + 1;
		if (rc == 0 && used < n)
			look_at_output();	/* it wants to be rid of something first */
	}
	CHECK(rc < 0 || in.len == 0);
	look_at_output();
	look_at_events(answer);
}

static void greeting(struct buf *b)
{
	buf_str(b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	frame(b, SETTINGS, 0, 0, span_of(NULL, 0));
}

/* one request; `body` NULL: it has none */
static void ask(const char *const *nv, const char *body, const char *const *trailers)
{
	struct buf b = BUF_INIT(1 << 20);

	start();
	greeting(&b);
	frame(&b, HEADERS, END_HEADERS | (body ? 0 : END_STREAM), 1, block(nv));
	if (body && !trailers)
		frame(&b, DATA, END_STREAM, 1, span_str(body));
	if (trailers) {
		frame(&b, DATA, 0, 1, span_str(body));
		frame(&b, HEADERS, END_HEADERS | END_STREAM, 1, block(trailers));
	}
	give(buf_span(&b), 7, 0);
	buf_clear(&b);
}

#define GOOD ":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/"
#define NVS(...) ((const char *const []){ __VA_ARGS__, NULL, NULL })

/* ---- requests that are malformed, and some that only look so ---- */

static void malformed(const char *const *nv, const char *body, const char *const *trailers, int line)
{
	ask(nv, body, trailers);
	if (n_heads != (body ? n_heads : 0) || n_rst != 1 || rst_code != H2_PROTOCOL_ERROR || rc || n_goaway)
		printf("# line %d: %d heads, %d resets (%u), %d\n", line, n_heads, n_rst, rst_code, rc);
	CHECK(n_rst == 1 && rst_code == H2_PROTOCOL_ERROR);
	CHECK(rc == 0 && n_goaway == 0);
	CHECK(n_heads == n_gone);
	CHECK(h2_n_streams(h) == 0);
	end();
}
#define MALFORMED(...) malformed(NVS(__VA_ARGS__), NULL, NULL, __LINE__)

static void refused(const char *const *nv, int with, int line)
{
	ask(nv, NULL, NULL);
	if (status != with)
		printf("# line %d: %d, not %d\n", line, status, with);
	CHECK(n_heads == 1 && status == with && (with == 0 || *why));
	CHECK(n_rst == 0 && rc == 0);
	if (last)
		h2_reset(h, last, H2_CANCEL);
	end();
}
#define REFUSED(with, ...) refused(NVS(__VA_ARGS__), with, __LINE__)

static void malformed_heads(void)
{
	MALFORMED(GOOD, "Accept", "a");
	MALFORMED(GOOD, "connection", "close");
	MALFORMED(GOOD, "keep-alive", "1");
	MALFORMED(GOOD, "proxy-connection", "close");
	MALFORMED(GOOD, "transfer-encoding", "chunked");
	MALFORMED(GOOD, "upgrade", "websocket");
	MALFORMED(GOOD, "te", "gzip");
	MALFORMED(GOOD, "te", "trailers, gzip");
	MALFORMED(GOOD, "a b", "c");
	MALFORMED(GOOD, "a:", "c");
	MALFORMED(GOOD, "", "c");
	MALFORMED(GOOD, "a", "b\rc");
	MALFORMED(GOOD, "a", "b\nc");
	MALFORMED(GOOD, "a", "b\x01");
	MALFORMED(GOOD, "a", "b\x7f");
	MALFORMED(GOOD, "a", " b");
	MALFORMED(GOOD, "a", "b\t");
	MALFORMED(GOOD, "content-length", "x");
	MALFORMED(GOOD, "content-length", "");
	MALFORMED(GOOD, "content-length", "+1");
	MALFORMED(GOOD, "content-length", "0", "content-length", "0");
	MALFORMED(GOOD, "content-length", "3");
	MALFORMED(GOOD, "host", "a.example", "host", "a.example");
	MALFORMED(GOOD, ":path", "/b");
	MALFORMED(GOOD, ":method", "GET");
	MALFORMED(GOOD, ":authority", "b.example");
	MALFORMED(GOOD, ":status", "200");
	MALFORMED(GOOD, ":protocol", "websocket");
	MALFORMED(GOOD, ":x", "y");
	MALFORMED("a", "b", GOOD);
	MALFORMED(":method", "GET", ":scheme", "https", "a", "b", ":authority", "a.example", ":path", "/");
	MALFORMED(":method", "GET", ":scheme", "https", ":path", "/");
	MALFORMED(":method", "GET", ":scheme", "https", ":authority", "a.example");
	MALFORMED(":method", "GET", ":authority", "a.example", ":path", "/");
	MALFORMED(":scheme", "https", ":authority", "a.example", ":path", "/");
	MALFORMED(":method", "G T", ":scheme", "https", ":authority", "a.example", ":path", "/");
	MALFORMED(":method", "", ":scheme", "https", ":authority", "a.example", ":path", "/");
	MALFORMED(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "");
	MALFORMED(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "x");
	MALFORMED(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "*");
	MALFORMED(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/a b");
	MALFORMED(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/a\r\nb: c");
	MALFORMED(":method", "CONNECT", ":scheme", "https", ":authority", "a.example:1", ":path", "/");
	MALFORMED(":method", "CONNECT", ":path", "/");
}

static void a_nul_in_a_field(void)
{
	nghttp2_nv nv[] = {
		{ (uint8_t *)(uintptr_t)":method", (uint8_t *)(uintptr_t)"GET", 7, 3, 0 },
		{ (uint8_t *)(uintptr_t)":scheme", (uint8_t *)(uintptr_t)"http", 7, 4, 0 },
		{ (uint8_t *)(uintptr_t)":authority", (uint8_t *)(uintptr_t)"a", 10, 1, 0 },
		{ (uint8_t *)(uintptr_t)":path", (uint8_t *)(uintptr_t)"/", 5, 1, 0 },
		{ (uint8_t *)(uintptr_t)"x", (uint8_t *)(uintptr_t)"a\0b", 1, 3, 0 },
	};
	struct buf b = BUF_INIT(4096);
	uint8_t to[500];
	ssize_t n;

	start();
	greeting(&b);
	n = nghttp2_hd_deflate_hd(deflater, to, sizeof to, nv, 5);
	CHECK(n > 0);
	frame(&b, HEADERS, END_HEADERS | END_STREAM, 1, span_of(to, (size_t)n));
	give(buf_span(&b), 1000, 1);
	CHECK(n_heads == 0 && n_rst == 1 && rst_code == H2_PROTOCOL_ERROR && rc == 0);
	buf_clear(&b);
	end();
}

static void requests_that_are_answered_with_an_error(void)
{
	REFUSED(400, ":method", "GET", ":scheme", "ftp", ":authority", "a.example", ":path", "/");
	REFUSED(400, ":method", "GET", ":scheme", "https", ":authority", "a.example:123456", ":path", "/");
	REFUSED(400, ":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/a#b");
	REFUSED(400, GOOD, "host", "b.example");
	REFUSED(400, GOOD, "host", "a.example:443");
	REFUSED(400, ":method", "CONNECT", ":authority", "a.example");
	REFUSED(417, GOOD, "expect", "200-ok");
}

static void requests_that_are_good(void)
{
	REFUSED(0, GOOD, "te", "trailers", "host", "A.example");
	REFUSED(0, ":method", "GET", ":scheme", "http", ":path", "/?", "host", "[::1]:80");
	REFUSED(0, ":method", "OPTIONS", ":scheme", "http", ":authority", "a", ":path", "*");
	REFUSED(0, GOOD, "content-length", "0", "x", "");
	REFUSED(0, GOOD, "x", "\xc3\xa4 \"b\"\t;");
	ask(NVS(":method", "CONNECT", ":authority", "a.example:443"), NULL, NULL);
	CHECK(n_heads == 1 && status == 0 && head.form == HTTP_AUTHORITY);
	CHECK_STR(text, "CONNECT|a.example:443|a.example:443");
	end();
	ask(NVS(":method", "GET", ":scheme", "http", ":path", "/a?b=c", "host", "b.example"), NULL, NULL);
	CHECK_STR(text, "GET|/a?b=c|b.example");
	end();
}

static void cookies_in_pieces_are_one(void)
{
	ask(NVS(GOOD, "cookie", "a=b", "x", "y", "cookie", "c=d", "cookie", "e=f"), NULL, NULL);
	CHECK(n_heads == 1 && head_fields == 2);
	CHECK_STR(why, "a=b; c=d; e=f");
	end();
}

static void bodies_that_are_not_as_long_as_said(void)
{
	malformed(NVS(GOOD, "content-length", "4"), "abc", NULL, __LINE__);
	malformed(NVS(GOOD, "content-length", "2"), "abc", NULL, __LINE__);
	malformed(NVS(GOOD, "content-length", "4"), "abc", NVS("x", "y"), __LINE__);
	ask(NVS(GOOD, "content-length", "3"), "abc", NVS("x", "y"));
	CHECK(n_heads == 1 && n_rst == 0);
	end();
}

static void trailers_that_are_malformed(void)
{
	malformed(NVS(GOOD), "abc", NVS(":path", "/"), __LINE__);
	malformed(NVS(GOOD), "abc", NVS("Big", "x"), __LINE__);
	malformed(NVS(GOOD), "abc", NVS("connection", "x"), __LINE__);
	malformed(NVS(GOOD), "abc", NVS("x", "a\nb"), __LINE__);
}

/* ---- heads that are too long ---- */

static char *long_text(size_t n)
{
	char *s = unit_kept(n + 1);

	memset(s, 'a', n);
	s[n] = 0;
	return s;
}

static void long_heads(void)
{
	const char *nv[2 * 140 + 10] = { GOOD };
	char *path = long_text(9000);
	int i;

	path[0] = '/';
	ask(NVS(":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", path), NULL, NULL);
	CHECK(n_heads == 1 && status == 414);
	end();
	for (i = 0; i < 130; i++) {
		nv[8 + 2 * i] = "x";
		nv[9 + 2 * i] = "y";
	}
	ask(nv, NULL, NULL);
	CHECK(n_heads == 1 && status == 431);
	end();
}

/* in frames of 16 KiB, as many as it takes */
static void send_head(struct buf *b, uint32_t id, struct span blk)
{
	unsigned type = HEADERS, flags = END_STREAM;
	size_t n;

	do {
		n = blk.len < 16384 ? blk.len : 16384;
		frame(b, type, flags | (n == blk.len ? END_HEADERS : 0), id, span_of(blk.p, n));
		blk = span_of(blk.p + n, blk.len - n);
		type = CONTINUATION;
		flags = 0;
	} while (blk.len);
}

static void a_head_of_many_kilobytes(void)
{
	struct buf b = BUF_INIT(1 << 20);

	start();
	greeting(&b);
	send_head(&b, 1, block(NVS(GOOD, "a", long_text(30000))));
	give(buf_span(&b), 5000, 1);
	CHECK(n_heads == 1 && status == 0 && rc == 0);
	buf_reset(&b);
	send_head(&b, 3, block(NVS(GOOD, "b", long_text(40000))));
	send_head(&b, 5, block(NVS(GOOD, "c", "d")));
	give(buf_span(&b), 5000, 1);
	CHECK(n_heads == 3 && answers == 3 && rc == 0);
	buf_clear(&b);
	end();
}

/* RFC 7541 7.3: a byte that stands for three thousand, many times */
static void a_head_that_unpacks_to_megabytes(void)
{
	struct buf b = BUF_INIT(1 << 20), blk = BUF_INIT(1 << 16);
	int i;

	start();
	greeting(&b);
	buf_add(&blk, block(NVS(GOOD, "a", long_text(2900))));
	for (i = 0; i < 10000; i++)
		buf_u8(&blk, 0x80 | 62);
	send_head(&b, 1, buf_span(&blk));
	give(buf_span(&b), 5000, 1);
	CHECK(rc == ERR_LIMIT && n_heads == 0 && n_goaway == 1 && goaway_code == H2_ENHANCE_YOUR_CALM);
	buf_clear(&b);
	buf_clear(&blk);
	end();
}

/* ---- frames in the wrong place: the connection ends ---- */

static void broken(const char *hex, uint32_t code, int line)
{
	struct buf b = BUF_INIT(1 << 16);

	start();
	greeting(&b);
	buf_add(&b, unit_hex(hex));
	frame(&b, HEADERS, END_HEADERS | END_STREAM, 11, block(NVS(GOOD)));
	give(buf_span(&b), 1000, 1);
	if (n_goaway != 1 || goaway_code != code)
		printf("# line %d: %d GOAWAY, %u\n", line, n_goaway, goaway_code);
	CHECK(n_goaway == 1 && goaway_code == code && n_heads == 0);
	CHECK(h2_over(h) && *h2_why(h));
	{
		size_t used;

		CHECK_ERR(h2_in(h, span_str("x"), 0, &used), ERR_INVALID);
		CHECK(used == 0);
	}
	buf_clear(&b);
	end();
}

static void frames_in_the_wrong_place(void)
{
	broken("000001" "00" "01" "00000001" "61", 1, __LINE__);		/* DATA of an idle stream */
	broken("000000" "01" "05" "00000000", 1, __LINE__);			/* HEADERS of stream 0 */
	broken("000000" "01" "05" "00000002", 1, __LINE__);			/* an even one */
	broken("000000" "09" "04" "00000001", 1, __LINE__);			/* CONTINUATION of nothing */
	broken("000000" "01" "01" "00000001" "000000" "06" "00" "00000000", 1, __LINE__);	/* not continued */
	broken("000004" "05" "04" "00000001" "00000002", 1, __LINE__);	/* PUSH_PROMISE by a client */
	broken("000005" "04" "00" "00000000" "0000000000", 6, __LINE__);	/* SETTINGS of a wrong size */
	broken("000006" "04" "00" "00000000" "000480000000", 3, __LINE__);	/* a window beyond 2^31-1 */
	broken("000006" "04" "00" "00000000" "000500000001", 1, __LINE__);	/* a frame size below 2^14 */
	broken("000004" "08" "00" "00000000" "00000000", 1, __LINE__);		/* a window grown by nothing */
	broken("000004" "08" "00" "00000000" "7fffffff", 3, __LINE__);		/* … beyond its end */
	broken("000007" "06" "00" "00000000" "00000000000000", 6, __LINE__);	/* a PING of a wrong size */
	broken("000004" "03" "00" "00000001" "00000008", 1, __LINE__);		/* RST_STREAM of an idle stream */
	broken("004001" "00" "00" "00000001", 6, __LINE__);			/* larger than we said */
	broken("000001" "01" "05" "00000001" "ff", 9, __LINE__);		/* a header block cut off */
}

static void what_is_no_http2(void)
{
	start();
	give(span_str("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), 100, 1);
	CHECK(rc == ERR_INVALID && h2_over(h) && n_goaway == 0);
	end();
	start();
	give(span_str("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"), 100, 1);
	CHECK(h2_over(h) && n_goaway == 1 && goaway_code != H2_NO_ERROR);
	end();
}

static void streams_are_told_of_the_end(void)
{
	struct buf b = BUF_INIT(1 << 16);
	int has_body;

	start();
	greeting(&b);
	frame(&b, HEADERS, END_HEADERS | END_STREAM, 1, block(NVS(GOOD)));
	frame(&b, HEADERS, END_HEADERS, 3, block(NVS(GOOD)));
	give(buf_span(&b), 1000, 0);
	CHECK(n_heads == 2 && last);
	buf_reset(&b);
	frame(&b, SETTINGS, 0, 1, span_of(NULL, 0));
	{
		size_t used;

		CHECK(h2_in(h, buf_span(&b), 0, &used) == 0);
	}
	CHECK(h2_answer(h, last, 200, NULL, span_str(""), 5, &has_body) == 0);
	look_at_output();
	look_at_events(0);
	CHECK(n_gone == 2 && gone_code == H2_PROTOCOL_ERROR && n_goaway == 1 && h2_n_streams(h) == 0);
	buf_clear(&b);
	end();
}

/* ---- floods: the connection ends, but what means well goes on ---- */

enum flood { F_PING, F_SETTINGS, F_RESET, F_EMPTY, F_PADDING, F_PRIORITY, F_CONTINUATION, F_WINDOW, F_MALFORMED,
	     F_BAD, F_PING_ACK, F_CLOSED, FLOODS, F_UNKNOWN };

static void flood_frame(struct buf *b, enum flood f, uint32_t *id)
{
	switch (f) {
	case F_PING: frame(b, PING, 0, 0, unit_hex("0000000000000000")); break;
	case F_PING_ACK: frame(b, PING, ACK, 0, unit_hex("0000000000000000")); break;
	case F_SETTINGS: frame(b, SETTINGS, 0, 0, span_of(NULL, 0)); break;
	case F_RESET:
		frame(b, HEADERS, END_HEADERS | END_STREAM, *id, block(NVS(GOOD)));
		frame(b, RST_STREAM, 0, *id, unit_hex("00000008"));
		*id += 2;
		break;
	case F_MALFORMED:
		frame(b, HEADERS, END_HEADERS | END_STREAM, *id, block(NVS(GOOD, "connection", "x")));
		*id += 2;
		break;
	case F_BAD:
		frame(b, HEADERS, END_HEADERS | END_STREAM, *id, block(NVS(GOOD, "host", "other")));
		*id += 2;
		break;
	case F_EMPTY: frame(b, DATA, 0, 1, span_of(NULL, 0)); break;
	case F_CLOSED: frame(b, DATA, 0, 3, span_of(NULL, 0)); break;
	case F_PADDING: frame(b, DATA, PADDED, 1, unit_hex("03000000")); break;
	case F_PRIORITY: frame(b, PRIORITY, 0, *id, unit_hex("0000000010")); *id += 2; break;
	case F_CONTINUATION: frame(b, CONTINUATION, 0, 3, span_of(NULL, 0)); break;
	case F_UNKNOWN: frame(b, 0x77, 0, 0, span_str("x")); break;
	default: frame(b, WINDOW_UPDATE, 0, 1, unit_hex("00000001"));
	}
}

/* how many it takes until the connection ends; 0: they all passed */
static int flooded(enum flood f, int n, int ms_between, int answer)
{
	struct buf b = BUF_INIT(1 << 16);
	uint32_t id = 5;
	int i;

	start();
	greeting(&b);
	frame(&b, HEADERS, END_HEADERS, 1, block(NVS(GOOD)));
	if (f == F_CONTINUATION)
		frame(&b, HEADERS, 0, 3, block(NVS(GOOD)));
	if (f == F_CLOSED) {
		frame(&b, HEADERS, END_HEADERS, 3, block(NVS(GOOD)));
		frame(&b, RST_STREAM, 0, 3, unit_hex("00000008"));
	}
	for (i = 1; i <= n && rc == 0; i++) {
		flood_frame(&b, f, &id);
		give(buf_span(&b), 65536, answer);
		buf_reset(&b);
		now_ms += ms_between;
	}
	if (rc < 0)
		CHECK(rc == ERR_LIMIT && n_goaway == 1 && goaway_code == H2_ENHANCE_YOUR_CALM && h2_over(h));
	if (rc < 0)
		CHECK(n_gone >= 1 || f == F_RESET || answer);
	buf_clear(&b);
	end();
	return rc < 0 ? i - 1 : 0;
}

static void floods_end_the_connection(void)
{
	int f, n;

	for (f = 0; f < FLOODS; f++) {
		n = flooded((enum flood)f, 20000, 0, 0);
		CHECK(n > 0 && n <= 4200);
	}
	CHECK(flooded(F_RESET, 20000, 0, 0) <= 400);
	CHECK(flooded(F_RESET, 20000, 0, 0) >= 100);	/* somebody who closes a page of pictures */
	CHECK(flooded(F_CONTINUATION, 100, 0, 0) <= 9);
	CHECK(flooded(F_UNKNOWN, 5000, 0, 0) == 0);	/* RFC 9113 5.5: passed over, and that is all */
}

/* the same frames, with time between them, are no flood */
static void what_comes_slowly_is_no_flood(void)
{
	CHECK(flooded(F_PING, 5000, 1000, 1) == 0);
	CHECK(flooded(F_SETTINGS, 2000, 1000, 1) == 0);
	CHECK(flooded(F_RESET, 2000, 100, 1) == 0);
	CHECK(flooded(F_WINDOW, 20000, 10, 1) == 0);
}

/* all of a flood in one piece: what it makes us send stays bounded, and the rest is not even looked at */
static void a_flood_in_one_piece(void)
{
	struct buf b = BUF_INIT(1 << 20);
	uint32_t id = 5;
	int i;

	start();
	greeting(&b);
	for (i = 0; i < 20000; i++)
		flood_frame(&b, F_PING, &id);
	give(buf_span(&b), b.len, 1);
	CHECK(rc == ERR_LIMIT && n_out < 1300);
	buf_clear(&b);
	end();
}

/* what is to be sent is taken by nobody: no more is read */
static void input_waits_for_output(void)
{
	struct buf b = BUF_INIT(1 << 20);
	size_t used;
	uint32_t id = 5;
	int i;

	start();
	greeting(&b);
	for (i = 0; i < 900; i++)
		flood_frame(&b, F_PING, &id);
	CHECK(h2_in(h, buf_span(&b), 0, &used) == 0 && used > 0 && used < b.len);
	CHECK(h2_in(h, span_of(b.data + used, b.len - used), 0, &used) == 0 && used == 0);
	look_at_output();
	CHECK(n_out >= 500);
	CHECK(h2_in(h, span_of(b.data + 10000, 17), 0, &used) == 0 && used == 17);
	buf_clear(&b);
	end();
}

/* one that opens streams and resets them at once does not get more of them than one that does not */
static void resets_do_not_buy_more_streams(void)
{
	struct buf b = BUF_INIT(1 << 20);
	size_t used;
	uint32_t id;

	start();
	greeting(&b);
	for (id = 1; id < 2 * 300; id += 2) {
		frame(&b, HEADERS, END_HEADERS | END_STREAM, id, block(NVS(GOOD)));
		frame(&b, RST_STREAM, 0, id, unit_hex("00000008"));
	}
	CHECK(h2_in(h, buf_span(&b), 0, &used) == 0);
	CHECK(h2_n_streams(h) <= 200);
	look_at_events(0);
	CHECK(h2_n_streams(h) == 0);
	buf_clear(&b);
	end();
}

static void more_streams_than_allowed_are_refused(void)
{
	struct buf b = BUF_INIT(1 << 20);
	uint32_t id;

	start();
	greeting(&b);
	for (id = 1; id < 2 * 105; id += 2)
		frame(&b, HEADERS, END_HEADERS | END_STREAM, id, block(NVS(GOOD)));
	give(buf_span(&b), 65536, 0);
	CHECK(n_heads == 100 && n_rst == 5 && rst_code == H2_REFUSED_STREAM && rc == 0);
	buf_clear(&b);
	end();
}

int main(void)
{
	RUN(malformed_heads);
	RUN(a_nul_in_a_field);
	RUN(requests_that_are_answered_with_an_error);
	RUN(requests_that_are_good);
	RUN(cookies_in_pieces_are_one);
	RUN(bodies_that_are_not_as_long_as_said);
	RUN(trailers_that_are_malformed);
	RUN(long_heads);
	RUN(a_head_of_many_kilobytes);
	RUN(a_head_that_unpacks_to_megabytes);
	RUN(frames_in_the_wrong_place);
	RUN(what_is_no_http2);
	RUN(streams_are_told_of_the_end);
	RUN(floods_end_the_connection);
	RUN(what_comes_slowly_is_no_flood);
	RUN(a_flood_in_one_piece);
	RUN(input_waits_for_output);
	RUN(resets_do_not_buy_more_streams);
	RUN(more_streams_than_allowed_are_refused);
	return UNIT_END();
}
