/* h2test.h - a client of HTTP/2 in memory, for the tests of the server's side */
#ifndef TESTS_H2TEST_H
#define TESTS_H2TEST_H

#include <nghttp2/nghttp2.h>

#include "unit.h"
#include "wire/http/h2.h"

/* ---- the client: nghttp2's, and what it got for each of its streams ---- */

enum { GOT_MAX = 300 };

struct got {
	int32_t id;
	int status, interim, closed, ended, in_head;
	uint32_t code;
	char fields[400], trailers[200];	/* "name=value;" each */
	uint64_t bytes;
	uint32_t sum;
	const uint8_t *send;			/* the body to be sent */
	size_t send_len, send_at;
	int hold;				/* not to its end */
	const char *trailer;			/* sent behind it, "x-t" */
};

struct pair {
	struct h2 *h;
	struct http_head head;
	struct http_limits limits;
	nghttp2_session *client;
	struct got got[GOT_MAX];
	size_t n_got;
	uint32_t goaway_code;
	int n_goaway, settings;
	int32_t goaway_last;
	int rc;					/* of h2_in */
	int64_t now_ms;
	struct buf wire;			/* to the client */
	/* the application */
	void (*app)(struct pair *p, const struct h2_event *e);
	struct h2_stream *s;			/* the last one */
	char line[600];				/* what was asked, last */
	int n_heads, n_bad, n_gone;
	uint32_t gone_code;
	int status;
	struct buf body;
	int arg;
};

static uint32_t add_up(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len; p++, len--)
		sum = (sum ^ *p) * 16777619u;
	return sum;
}

static struct got *got_of(struct pair *p, int32_t id)
{
	size_t i;

	for (i = 0; i < p->n_got; i++)
		if (p->got[i].id == id)
			return &p->got[i];
	if (p->n_got == GOT_MAX)
		abort();
	p->got[p->n_got] = (struct got){ .id = id, .sum = 2166136261u };
	return &p->got[p->n_got++];
}

static int client_header(nghttp2_session *c, const nghttp2_frame *f, const uint8_t *n, size_t nl, const uint8_t *v,
			 size_t vl, uint8_t flags, void *user)
{
	struct got *g = got_of(user, f->hd.stream_id);
	char *to;
	size_t max, at;

	(void)c;
	(void)flags;
	if (nl == 7 && memcmp(n, ":status", 7) == 0) {
		g->interim = g->status ? g->status : g->interim;
		g->status = atoi((const char *)v);
		g->in_head = 1;
		return 0;
	}
	to = g->in_head ? g->fields : g->trailers;
	max = g->in_head ? sizeof g->fields : sizeof g->trailers;
	at = strlen(to);
	snprintf(to + at, max - at, "%.*s=%.*s;", (int)nl, (const char *)n, (int)vl, (const char *)v);
	return 0;
}

static int client_data(nghttp2_session *c, uint8_t flags, int32_t id, const uint8_t *d, size_t len, void *user)
{
	struct got *g = got_of(user, id);

	(void)c;
	(void)flags;
	g->bytes += len;
	g->sum = add_up(g->sum, d, len);
	return 0;
}

static int client_frame(nghttp2_session *c, const nghttp2_frame *f, void *user)
{
	struct pair *p = user;

	(void)c;
	if (f->hd.type == NGHTTP2_GOAWAY) {
		p->n_goaway++;
		p->goaway_code = f->goaway.error_code;
		p->goaway_last = f->goaway.last_stream_id;
	}
	if (f->hd.type == NGHTTP2_HEADERS)
		got_of(p, f->hd.stream_id)->in_head = 0;
	if (f->hd.type == NGHTTP2_SETTINGS && !(f->hd.flags & NGHTTP2_FLAG_ACK))
		p->settings++;
	if ((f->hd.type == NGHTTP2_DATA || f->hd.type == NGHTTP2_HEADERS) && f->hd.flags & NGHTTP2_FLAG_END_STREAM)
		got_of(p, f->hd.stream_id)->ended = 1;
	return 0;
}

static int client_close(nghttp2_session *c, int32_t id, uint32_t code, void *user)
{
	struct got *g = got_of(user, id);

	(void)c;
	g->closed = 1;
	g->code = code;
	return 0;
}

static ssize_t client_read(nghttp2_session *c, int32_t id, uint8_t *to, size_t len, uint32_t *flags,
			   nghttp2_data_source *source, void *user)
{
	struct got *g = got_of(user, id);
	size_t n = g->send_len - g->send_at < len ? g->send_len - g->send_at : len;

	(void)source;
	if (n == 0 && g->hold)
		return NGHTTP2_ERR_DEFERRED;
	memcpy(to, g->send + g->send_at, n);
	g->send_at += n;
	if (g->send_at == g->send_len && !g->hold) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (g->trailer) {
			nghttp2_nv nv = { (uint8_t *)(uintptr_t)g->trailer, (uint8_t *)(uintptr_t)"1",
					  strlen(g->trailer), 1, 0 };

			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			nghttp2_submit_trailer(c, id, &nv, 1);
		}
	}
	return (ssize_t)n;
}

/* `window`: what the client says it takes for each stream; 0: the default; by hand: it does not open it again */
static void pair_start(struct pair *p, const struct h2_opts *o, uint32_t window, int by_hand)
{
	nghttp2_settings_entry s = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window };
	nghttp2_session_callbacks *c;
	nghttp2_option *opt;

	memset(p, 0, sizeof *p);
	p->limits = http_limits_default;
	p->wire = BUF_INIT(256 * 1024);
	p->body = BUF_INIT(8 << 20);
	p->status = 200;
	if (nghttp2_session_callbacks_new(&c) || nghttp2_option_new(&opt))
		abort();
	nghttp2_session_callbacks_set_on_header_callback(c, client_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, client_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, client_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, client_close);
	nghttp2_option_set_no_auto_window_update(opt, by_hand);
	if (nghttp2_session_client_new2(&p->client, c, p, opt) || h2_new(&p->h, &p->limits, &p->head, o))
		abort();
	nghttp2_option_del(opt);
	nghttp2_session_callbacks_del(c);
	nghttp2_submit_settings(p->client, 0, &s, window ? 1 : 0);
}

static void pair_end(struct pair *p)
{
	nghttp2_session_del(p->client);
	h2_free(p->h);
	buf_clear(&p->wire);
	buf_clear(&p->body);
}

/* ---- passing bytes on until nothing moves ---- */

static void note(struct pair *p, const struct h2_event *e)
{
	char *to = p->line;
	size_t at = 0, i;

	switch (e->what) {
	case H2_HEAD:
	case H2_BAD:
		p->n_heads++;
		p->n_bad += e->what == H2_BAD;
		p->s = e->s;
		at += (size_t)snprintf(to, sizeof p->line, "%.*s %.*s|%.*s %.*s", (int)e->head->method.len,
				       (const char *)e->head->method.p, (int)e->head->path.len,
				       (const char *)e->head->path.p, (int)e->head->query.len,
				       (const char *)e->head->query.p, (int)e->head->host.len,
				       (const char *)e->head->host.p);
		for (i = 0; i < e->head->n_fields && at < sizeof p->line; i++)
			at += (size_t)snprintf(to + at, sizeof p->line - at, " %.*s=%.*s",
					       (int)e->head->field[i].name.len, (const char *)e->head->field[i].name.p,
					       (int)e->head->field[i].value.len,
					       (const char *)e->head->field[i].value.p);
		break;
	case H2_GONE:
		p->n_gone++;
		p->gone_code = e->code;
		if (p->s == e->s)
			p->s = NULL;
		break;
	default:
		break;
	}
}

static void events(struct pair *p)
{
	struct h2_event e;

	while (h2_next(p->h, &e)) {
		note(p, &e);
		if (p->app)
			p->app(p, &e);
	}
}

static int to_client(struct pair *p)
{
	size_t n;

	if (h2_out(p->h, &p->wire) < 0)
		abort();
	n = p->wire.len;
	if (n && nghttp2_session_mem_recv(p->client, p->wire.data, n) != (ssize_t)n)
		n = 0;				/* the client has had enough */
	buf_reset(&p->wire);
	return n > 0;
}

static void to_server(struct pair *p, struct span in)
{
	size_t used;

	while (in.len && p->rc == 0) {
		p->rc = h2_in(p->h, in, p->now_ms, &used);
		in = span_of(in.p + used, in.len - used);
		events(p);
		if (p->rc == 0 && used == 0 && !to_client(p))
			abort();		/* it stands still */
	}
}

static void run(struct pair *p)
{
	const uint8_t *b;
	ssize_t n;
	int moved;

	do {
		events(p);
		moved = to_client(p);
		events(p);
		while ((n = nghttp2_session_mem_send(p->client, &b)) > 0) {
			to_server(p, span_of(b, (size_t)n));
			moved = 1;
		}
	} while (moved);
}

/* ---- requests ---- */

#define NV(n, v) { (uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), strlen(n), strlen(v), 0 }

static struct got *request(struct pair *p, const char *method, const char *path, const char *name,
			   const char *value, const void *body, size_t len, int hold)
{
	nghttp2_nv nv[] = { NV(":method", method), NV(":scheme", "https"), NV(":authority", "a.example:8443"),
			    NV(":path", path), NV(name ? name : "x", name ? value : "") };
	nghttp2_data_provider from = { .read_callback = client_read };
	int32_t id = nghttp2_submit_request(p->client, NULL, nv, name ? 5 : 4, body ? &from : NULL, NULL);
	struct got *g;

	if (id < 0)
		abort();
	g = got_of(p, id);
	g->send = body;
	g->send_len = len;
	g->hold = hold;
	return g;
}

#endif
