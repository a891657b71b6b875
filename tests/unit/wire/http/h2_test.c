/* h2_test.c - HTTP/2 with a client that means well: requests, bodies, windows, resets, the end */
#include "h2test.h"

static struct pair p;

/* ---- applications ---- */

static struct span lines(const char *s) { return span_str(s); }

static void answer(struct h2_stream *s, int status, const char *text)
{
	size_t used;
	int has_body;

	CHECK(h2_answer(p.h, s, status, "Sun, 06 Nov 1994 08:49:37 GMT", lines("Content-Type: text/plain\r\n"),
			strlen(text), &has_body) == 0);
	if (has_body) {
		CHECK(h2_data(p.h, s, span_str(text), &p.wire, &used) == 0);
		CHECK(used == strlen(text));
	}
	CHECK(h2_end(p.h, s, lines("")) == 0);
}

static void app_hello(struct pair *q, const struct h2_event *e)
{
	if (e->what == H2_HEAD)
		answer(e->s, q->status, "hello");
	else if (e->what == H2_BAD)
		answer(e->s, e->status, e->why);
}

static const uint8_t *pattern(size_t len)
{
	static uint8_t *b;
	static size_t have;
	size_t i;

	if (have < len) {
		b = unit_kept(len);
		for (i = 0; i < len; i++)
			b[i] = (uint8_t)(i * 7 + (i >> 9) + (i >> 17));
		have = len;
	}
	return b;
}

/* what is still to be sent to each client: kept in `user` */
struct sending { size_t at, len; int known, frames, plain; };

static void go_on(struct pair *q, struct h2_stream *s, struct sending *t)
{
	const uint8_t *b = pattern(t->len);
	size_t n, used;
	int rc;

	while (t->at < t->len) {
		if (t->plain) {
			rc = h2_data(q->h, s, span_of(b + t->at, t->len - t->at), &q->wire, &used);
			t->at += rc == 0 ? used : 0;
			if (rc == 0 && t->at < t->len && h2_window(q->h, s) > 0)
				rc = ERR_LIMIT;		/* it is `wire` that was too small */
		} else {
			rc = h2_data_begin(q->h, s, t->len - t->at, &q->wire, &n);
			if (rc == 1) {			/* a caller that sends a file */
				CHECK(n >= 1 && n <= 16384 && n <= t->len - t->at);
				CHECK(!h2_wants_out(q->h) && !h2_over(q->h));
				CHECK(buf_bytes(&q->wire, b + t->at, n) == 0);
				h2_data_behind(q->h);
				t->at += n;
			}
		}
		t->frames++;
		if (rc == ERR_LIMIT || q->wire.len > 100000) {
			to_client(q);
			continue;
		}
		CHECK(rc >= 0);
		if (rc <= 0 && t->at < t->len)
			return;			/* H2_ROOM tells */
	}
	CHECK(h2_end(q->h, s, lines(t->known ? "" : "x-sum: 1\r\n")) == 0);
	free(t);
}

static void app_send(struct pair *q, const struct h2_event *e)
{
	struct sending *t = *e->user;
	int has_body;

	if (e->what == H2_GONE)
		free(t);
	if (e->what != H2_HEAD && e->what != H2_ROOM)
		return;
	if (e->what == H2_HEAD) {
		*e->user = t = calloc(1, sizeof *t);
		NEED(t);
		t->len = (size_t)q->arg;
		t->known = q->status == 200;
		t->plain = q->n_heads % 2;
		CHECK(h2_answer(q->h, e->s, 200, NULL, lines(""), t->known ? t->len : HTTP_LEN_UNKNOWN, &has_body) == 0);
		CHECK(has_body);
	}
	go_on(q, e->s, t);
}

static void app_read(struct pair *q, const struct h2_event *e)
{
	struct span d;
	int rc;

	if (e->what == H2_HEAD && e->expects)
		CHECK(h2_interim(q->h, e->s, 100, lines("")) == 0);
	if (e->what != H2_HEAD && e->what != H2_BODY)
		return;
	while ((rc = h2_body(q->h, e->s, &d)) == 1) {
		size_t n = d.len < 5000 ? d.len : 5000;

		CHECK(buf_bytes(&q->body, d.p, n) == 0);
		h2_took(q->h, e->s, n);
	}
	if (rc == 2)
		answer(e->s, 200, "taken");
	else if (rc < 0)
		answer(e->s, 413, "too large");
}

static void app_wait(struct pair *q, const struct h2_event *e)
{
	(void)q;
	(void)e;
}

/* ---- tests ---- */

static void the_preface_tells(void)
{
	const char *pre = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

	CHECK(h2_is_preface(span_str(pre)) == 1);
	CHECK(h2_is_preface(span_str("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore")) == 1);
	CHECK(h2_is_preface(span_of(pre, 23)) == -1);
	CHECK(h2_is_preface(span_of(NULL, 0)) == -1);
	CHECK(h2_is_preface(span_str("GET / HTTP/1.1\r\n")) == 0);
	CHECK(h2_is_preface(span_str("PRI * HTTP/2.1")) == 0);
}

static void a_request_is_told_as_one_of_http1(void)
{
	struct got *g;

	pair_start(&p, NULL, 0, 0);
	p.app = app_hello;
	g = request(&p, "GET", "/ipfs/x%20y?a=b&c", "accept", "text/html", NULL, 0, 0);
	CHECK(h2_in_head(p.h));
	run(&p);
	CHECK_STR(p.line, "GET /ipfs/x%20y|a=b&c a.example:8443 accept=text/html");
	CHECK(p.head.tls && p.head.form == HTTP_ORIGIN && p.head.minor == 1);
	CHECK(g->status == 200 && g->closed && g->code == 0 && g->bytes == 5);
	CHECK_STR(g->fields, "date=Sun, 06 Nov 1994 08:49:37 GMT;content-type=text/plain;content-length=5;");
	CHECK(!h2_in_head(p.h) && h2_n_streams(p.h) == 0 && p.settings == 1);
	CHECK(p.rc == 0 && !h2_over(p.h) && !*h2_why(p.h));
	pair_end(&p);
}

static void many_requests_at_one_time(void)
{
	int i;

	pair_start(&p, NULL, 0, 0);
	p.app = app_hello;
	for (i = 0; i < 250; i++)
		request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	CHECK(p.n_heads == 250);
	for (i = 0; i < 250; i++)
		CHECK(p.got[i].status == 200 && p.got[i].bytes == 5 && p.got[i].ended);
	pair_end(&p);
}

static void head_and_statuses_without_a_body(void)
{
	static const int statuses[] = { 200, 204, 205, 304, 404 };
	struct got *g;
	size_t i;
	int has_body;

	for (i = 0; i < 5; i++) {
		pair_start(&p, NULL, 0, 0);
		g = request(&p, i ? "GET" : "HEAD", "/", NULL, NULL, NULL, 0, 0);
		run(&p);
		NEED(p.s);
		CHECK(h2_answer(p.h, p.s, statuses[i], NULL, lines(""), 7, &has_body) == 0);
		CHECK(has_body == (i == 4));
		run(&p);
		if (has_body)
			CHECK_ERR(h2_end(p.h, p.s, lines("")), ERR_INVALID);	/* seven bytes are missing */
		else
			CHECK(h2_end(p.h, p.s, lines("")) == 0);
		run(&p);
		CHECK(g->closed && g->bytes == 0);
		CHECK(g->code == (i == 4 ? H2_INTERNAL_ERROR : 0));
		CHECK(g->status == statuses[i]);
		CHECK_STR(g->fields, i == 1 || i == 3 ? "" : i == 2 ? "content-length=0;" : "content-length=7;");
		pair_end(&p);
	}
}

static void a_body_larger_than_all_windows(int known, size_t len, uint32_t window, int n)
{
	int i;

	pair_start(&p, NULL, window, 0);
	p.app = app_send;
	p.arg = (int)len;
	p.status = known ? 200 : 0;
	for (i = 0; i < n; i++)
		request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	for (i = 0; i < n; i++) {
		struct got *g = &p.got[i];

		CHECK(g->status == 200 && g->ended && g->closed && g->code == 0);
		CHECK(g->bytes == len && g->sum == add_up(2166136261u, pattern(len), len));
		CHECK_STR(g->trailers, known ? "" : "x-sum=1;");
	}
	CHECK(h2_n_streams(p.h) == 0);
	pair_end(&p);
}

static void bodies_go_out_through_windows(void)
{
	a_body_larger_than_all_windows(1, 2000000, 0, 1);
	a_body_larger_than_all_windows(0, 2000000, 0, 2);
	a_body_larger_than_all_windows(1, 300000, 1000, 5);
	a_body_larger_than_all_windows(0, 300000, 1000, 5);
	a_body_larger_than_all_windows(1, 500000, 1 << 20, 4);
	a_body_larger_than_all_windows(0, 1, 1, 1);
}

static void a_closed_window_is_told_and_so_is_its_opening(void)
{
	struct got *g;
	struct sending *t;
	int has_body;

	pair_start(&p, NULL, 3000, 1);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	t = calloc(1, sizeof *t);
	NEED(t);
	t->len = 6000;
	CHECK(h2_answer(p.h, p.s, 200, NULL, lines(""), HTTP_LEN_UNKNOWN, &has_body) == 0);
	CHECK(h2_window(p.h, p.s) == 3000);
	go_on(&p, p.s, t);
	run(&p);
	CHECK(t->at == 3000 && g->bytes == 3000 && h2_window(p.h, p.s) == 0);
	nghttp2_session_consume(p.client, g->id, 3000);
	p.app = app_wait;
	run(&p);
	CHECK(h2_window(p.h, p.s) == 3000);
	go_on(&p, p.s, t);		/* to the end, while the window is closed again: trailers do not wait */
	run(&p);
	CHECK(g->bytes == 6000 && g->ended);
	CHECK_STR(g->trailers, "x-sum=1;");
	pair_end(&p);
}

static void an_end_without_trailers_does_not_wait_for_a_window(void)
{
	struct got *g;
	int has_body;
	size_t used;

	pair_start(&p, NULL, 3000, 1);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	CHECK(h2_answer(p.h, p.s, 200, NULL, lines(""), HTTP_LEN_UNKNOWN, &has_body) == 0);
	CHECK(h2_data(p.h, p.s, span_of(pattern(3000), 3000), &p.wire, &used) == 0 && used == 3000);
	CHECK(h2_window(p.h, p.s) == 0);
	CHECK(h2_end(p.h, p.s, lines("")) == 0);
	run(&p);
	CHECK(g->ended && g->closed && g->code == 0 && g->bytes == 3000);
	pair_end(&p);
}

static void settings_of_the_client_open_windows_too(void)
{
	nghttp2_settings_entry s = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 50000 };
	struct got *g;

	pair_start(&p, NULL, 10, 1);
	p.app = app_send;
	p.arg = 40000;
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	CHECK(g->bytes == 10 && !g->ended);
	nghttp2_submit_settings(p.client, 0, &s, 1);
	run(&p);
	CHECK(g->bytes == 40000 && g->ended);
	pair_end(&p);
}

static void a_small_buffer_out_loses_nothing(void)
{
	struct buf out = BUF_INIT(18 * 1024);
	struct got *g;
	int has_body, rc, rounds = 0;
	size_t used, at = 0;

	pair_start(&p, NULL, 1 << 20, 0);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	CHECK(h2_answer(p.h, p.s, 200, NULL, lines(""), 60000, &has_body) == 0);
	while (at < 60000 && rounds++ < 100) {
		rc = h2_data(p.h, p.s, span_of(pattern(60000) + at, 60000 - at), &out, &used);
		CHECK(rc == 0 || rc == ERR_LIMIT);
		CHECK(out.len <= out.max);
		at += used;
		CHECK(nghttp2_session_mem_recv(p.client, out.data, out.len) == (ssize_t)out.len);
		buf_reset(&out);
	}
	CHECK(h2_end(p.h, p.s, lines("")) == 0);
	run(&p);
	CHECK(g->ended && g->bytes == 60000 && g->sum == add_up(2166136261u, pattern(60000), 60000));
	buf_clear(&out);
	pair_end(&p);
}

static void no_more_and_no_less_than_was_said(void)
{
	int has_body;
	size_t n, i;
	struct got *g;

	for (i = 0; i < 2; i++) {
		pair_start(&p, NULL, 0, 0);
		g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
		run(&p);
		NEED(p.s);
		CHECK_ERR(h2_data_begin(p.h, p.s, 10, &p.wire, &n), ERR_INVALID);	/* no head yet */
		CHECK(h2_answer(p.h, p.s, 200, NULL, lines(""), 10, &has_body) == 0);
		CHECK_ERR(h2_answer(p.h, p.s, 200, NULL, lines(""), 10, &has_body), ERR_INVALID);
		CHECK_ERR(h2_data_begin(p.h, p.s, 11, &p.wire, &n), ERR_INVALID);
		CHECK_ERR(h2_data_begin(p.h, p.s, 0, &p.wire, &n), ERR_INVALID);
		CHECK(h2_data(p.h, p.s, span_of(pattern(10), 9 + i), &p.wire, &n) == 0 && n == 9 + i);
		if (i)
			CHECK_ERR(h2_data_begin(p.h, p.s, 1, &p.wire, &n), ERR_INVALID);
		CHECK(h2_end(p.h, p.s, lines("")) == (i ? 0 : ERR_INVALID));
		run(&p);
		CHECK(g->closed && g->ended == (int)i && g->code == (i ? 0 : H2_INTERNAL_ERROR));
		pair_end(&p);
	}
}

static void heads_that_may_not_be_sent(void)
{
	static const char *const bad[] = {
		"connection: close\r\n", "content-length: 4\r\n", "transfer-encoding: chunked\r\n", "upgrade: x\r\n",
		"a: b\r\nc\r\n", "a b: c\r\n", "a: b\x01\r\n", ":status: 200\r\n", "date: x\r\n", NULL
	};
	const char *const *b;
	struct got *g;
	int has_body;

	pair_start(&p, NULL, 0, 0);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	for (b = bad; *b; b++) {
		CHECK_ERR(h2_answer(p.h, p.s, 200, NULL, lines(*b), 0, &has_body), ERR_INVALID);
		CHECK_ERR(h2_interim(p.h, p.s, 103, lines(*b)), ERR_INVALID);
	}
	CHECK_ERR(h2_answer(p.h, p.s, 101, NULL, lines(""), 0, &has_body), ERR_INVALID);
	CHECK_ERR(h2_answer(p.h, p.s, 100, NULL, lines(""), 0, &has_body), ERR_INVALID);
	CHECK_ERR(h2_answer(p.h, p.s, 200, "a\nb", lines(""), 0, &has_body), ERR_INVALID);
	CHECK_ERR(h2_interim(p.h, p.s, 200, lines("")), ERR_INVALID);
	CHECK_ERR(h2_interim(p.h, p.s, 101, lines("")), ERR_INVALID);
	CHECK(h2_interim(p.h, p.s, 103, lines("Link: </a>\r\n")) == 0);
	CHECK(h2_answer(p.h, p.s, 200, NULL, lines("X-A: b\r\n"), HTTP_LEN_UNKNOWN, &has_body) == 0);
	CHECK_ERR(h2_interim(p.h, p.s, 103, lines("")), ERR_INVALID);
	run(&p);
	CHECK(g->status == 200 && g->interim == 103 && !g->closed);
	CHECK_STR(g->fields, "link=</a>;x-a=b;");
	CHECK_ERR(h2_end(p.h, p.s, lines("content-type: a\r\n")), ERR_INVALID);
	run(&p);
	CHECK(g->closed && g->code == H2_INTERNAL_ERROR);
	pair_end(&p);
}

static void bodies_come_in_as_they_are_taken(void)
{
	struct got *g, *g2;

	pair_start(&p, NULL, 0, 0);
	p.app = app_read;
	g = request(&p, "POST", "/", "content-length", "1500000", pattern(1500000), 1500000, 0);
	run(&p);
	CHECK(g->status == 200 && g->ended);
	CHECK(span_equal(buf_span(&p.body), span_of(pattern(1500000), 1500000)));
	buf_reset(&p.body);
	g2 = request(&p, "POST", "/", NULL, NULL, pattern(70000), 70000, 0);
	g2->trailer = "x-t";
	run(&p);
	CHECK(g2->status == 200 && g2->closed);
	CHECK(span_equal(buf_span(&p.body), span_of(pattern(70000), 70000)));
	pair_end(&p);
}

static struct h2_stream *kept[4];

static void app_keep(struct pair *q, const struct h2_event *e)
{
	if (e->what == H2_HEAD)
		kept[q->n_heads - 1] = e->s;
}

static void what_is_not_taken_closes_the_window(void)
{
	struct h2_opts o = { 100, 70000, 150000 };
	struct got *g;
	size_t sum = 0;
	int i;

	pair_start(&p, &o, 0, 0);
	p.app = app_keep;
	g = request(&p, "POST", "/", NULL, NULL, pattern(500000), 500000, 0);
	run(&p);
	CHECK(g->send_at == 70000);		/* the stream's */
	for (i = 1; i < 4; i++)
		request(&p, "POST", "/", NULL, NULL, pattern(500000), 500000, 0);
	run(&p);
	for (i = 0; i < 4; i++)
		sum += p.got[i].send_at;
	CHECK(p.n_heads == 4 && sum == 150000);	/* the connection's */
	/* those that are given up open it to the others */
	for (i = 0; i < 4; i++)
		h2_reset(p.h, kept[i], H2_CANCEL);
	p.app = app_read;
	g = request(&p, "POST", "/", NULL, NULL, pattern(500000), 500000, 0);
	run(&p);
	CHECK(g->status == 200 && p.body.len == 500000);
	CHECK(p.got[3].closed && p.got[3].code == H2_CANCEL && p.n_gone == 0);
	pair_end(&p);
}

static void a_body_nobody_reads_does_not_stop_the_others(void)
{
	struct h2_opts o = { 100, 70000, 70000 };
	struct got *g;
	int i;

	pair_start(&p, &o, 0, 0);
	p.app = app_hello;		/* answers at once */
	for (i = 0; i < 50; i++) {
		g = request(&p, "POST", "/", NULL, NULL, pattern(500000), 500000, 0);
		run(&p);
		CHECK(g->status == 200 && g->closed && g->bytes == 5);
	}
	p.app = app_read;
	g = request(&p, "POST", "/", NULL, NULL, pattern(500000), 500000, 0);
	run(&p);
	CHECK(g->status == 200 && p.body.len == 500000);
	pair_end(&p);
}

static void a_client_that_expects_is_told_to_go_on(void)
{
	struct got *g;

	pair_start(&p, NULL, 0, 0);
	p.app = app_read;
	g = request(&p, "PUT", "/", "expect", "100-continue", pattern(10), 10, 0);
	run(&p);
	CHECK(g->interim == 100 && g->status == 200 && p.body.len == 10);
	pair_end(&p);
}

static void a_body_beyond_the_limit(void)
{
	struct got *g;

	pair_start(&p, NULL, 0, 0);
	p.limits.body = 50000;
	p.app = app_read;
	g = request(&p, "PUT", "/", NULL, NULL, pattern(200000), 200000, 0);
	run(&p);
	CHECK(g->status == 413 && g->closed && p.body.len <= 50000 + 16384);
	p.app = app_hello;
	g = request(&p, "PUT", "/", "content-length", "50001", pattern(50001), 50001, 0);
	run(&p);
	CHECK(g->status == 413 && g->closed && p.n_bad == 1);
	pair_end(&p);
}

static void a_reset_by_the_client_is_told(void)
{
	struct got *g;
	int has_body;
	size_t n;

	pair_start(&p, NULL, 0, 0);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	CHECK(h2_n_streams(p.h) == 1);
	CHECK(h2_answer(p.h, p.s, 200, NULL, lines(""), 100, &has_body) == 0);
	run(&p);
	nghttp2_submit_rst_stream(p.client, 0, g->id, NGHTTP2_CANCEL);
	run(&p);
	CHECK(p.n_gone == 1 && p.gone_code == H2_CANCEL && !p.s && h2_n_streams(p.h) == 0);
	/* in the middle of a body, and before the caller looked */
	request(&p, "POST", "/", NULL, NULL, pattern(1000), 1000, 1);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	CHECK(h2_answer(p.h, p.s, 200, NULL, lines(""), 200, &has_body) == 0);
	CHECK(h2_data_begin(p.h, p.s, 100, &p.wire, &n) == 1 && n == 100);
	nghttp2_submit_rst_stream(p.client, 0, g->id, NGHTTP2_CANCEL);
	{
		const uint8_t *b;
		ssize_t len;
		size_t used;

		while ((len = nghttp2_session_mem_send(p.client, &b)) > 0)
			CHECK(h2_in(p.h, span_of(b, (size_t)len), 0, &used) == 0);
	}
	CHECK(!h2_wants_out(p.h));
	CHECK(buf_bytes(&p.wire, pattern(100), n) == 0);	/* the frame has to be whole in any case */
	h2_data_behind(p.h);
	run(&p);
	CHECK(p.n_gone == 2 && h2_n_streams(p.h) == 1 && p.rc == 0);
	pair_end(&p);
}

static void a_reset_by_us_is_seen(void)
{
	struct got *g;

	pair_start(&p, NULL, 0, 0);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	h2_reset(p.h, p.s, H2_REFUSED_STREAM);
	CHECK(h2_n_streams(p.h) == 0);
	run(&p);
	CHECK(g->closed && g->code == H2_REFUSED_STREAM && p.n_gone == 0);
	pair_end(&p);
}

static void draining_lets_what_is_under_way_end(void)
{
	struct got *g, *late;

	pair_start(&p, NULL, 0, 0);
	g = request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	NEED(p.s);
	h2_drain(p.h);
	run(&p);			/* the ping comes back, and the second GOAWAY goes out */
	CHECK(p.n_goaway == 2 && p.goaway_last == g->id && p.goaway_code == 0);
	CHECK(!h2_over(p.h));
	late = got_of(&p, 99);
	CHECK(nghttp2_session_check_request_allowed(p.client) == 0 && late->status == 0);
	answer(p.s, 200, "hello");
	run(&p);
	CHECK(g->status == 200 && g->closed && g->bytes == 5);
	CHECK(h2_over(p.h) && p.rc == 0);
	pair_end(&p);
}

static void draining_without_a_request_is_soon_over(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		pair_start(&p, NULL, 0, 0);
		run(&p);
		h2_drain(p.h);
		if (i)
			h2_drain(p.h);		/* without waiting for the ping */
		run(&p);
		CHECK(p.n_goaway >= 1 && p.goaway_code == 0 && h2_over(p.h));
		h2_drain(p.h);
		CHECK(h2_over(p.h));
		pair_end(&p);
	}
}

static void a_client_that_leaves_politely(void)
{
	pair_start(&p, NULL, 0, 0);
	p.app = app_hello;
	request(&p, "GET", "/", NULL, NULL, NULL, 0, 0);
	run(&p);
	nghttp2_session_terminate_session(p.client, 0);
	run(&p);
	CHECK(h2_over(p.h) && p.rc == 0);
	pair_end(&p);
}

static void freed_in_the_middle_of_everything(void)
{
	int i, has_body;

	pair_start(&p, NULL, 0, 0);
	for (i = 0; i < 5; i++)
		request(&p, "POST", "/", "cookie", "a=b", pattern(100000), 100000, 0);
	run(&p);
	NEED(p.s);
	CHECK(h2_answer(p.h, p.s, 200, NULL, lines("a: b\r\n"), 5, &has_body) == 0);
	CHECK(h2_n_streams(p.h) == 5);
	pair_end(&p);
}

int main(void)
{
	RUN(the_preface_tells);
	RUN(a_request_is_told_as_one_of_http1);
	RUN(many_requests_at_one_time);
	RUN(head_and_statuses_without_a_body);
	RUN(bodies_go_out_through_windows);
	RUN(a_closed_window_is_told_and_so_is_its_opening);
	RUN(an_end_without_trailers_does_not_wait_for_a_window);
	RUN(settings_of_the_client_open_windows_too);
	RUN(a_small_buffer_out_loses_nothing);
	RUN(no_more_and_no_less_than_was_said);
	RUN(heads_that_may_not_be_sent);
	RUN(bodies_come_in_as_they_are_taken);
	RUN(what_is_not_taken_closes_the_window);
	RUN(a_body_nobody_reads_does_not_stop_the_others);
	RUN(a_client_that_expects_is_told_to_go_on);
	RUN(a_body_beyond_the_limit);
	RUN(a_reset_by_the_client_is_told);
	RUN(a_reset_by_us_is_seen);
	RUN(draining_lets_what_is_under_way_end);
	RUN(draining_without_a_request_is_soon_over);
	RUN(a_client_that_leaves_politely);
	RUN(freed_in_the_middle_of_everything);
	return UNIT_END();
}
