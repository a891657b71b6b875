/*
 * h2_fuzz.c - HTTP/2: whatever a client sends, what is told of it is well-formed and so is what is sent back.
 * The first byte says where to cut, the second what the application does; the preface is put in front, unless
 * that says not to.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "wire/http/h2.h"

enum { IN_MAX = 1 << 16, OUT_MAX = 40 * 1024, STREAMS = 10 };

struct run {
	struct h2 *h;
	struct http_head head;
	struct buf out;
	uint8_t how;
	uint64_t body_max;
	unsigned n;
	size_t due;			/* of a frame that comes out: bytes of its payload */
	uint8_t header[9];
	size_t have;
};

static void must(int good)
{
	if (!good)
		__builtin_trap();
}

/* what comes out is whole frames, none of them one a server may not send */
static void look_at_output(struct run *r)
{
	size_t i, n;

	for (i = 0; i < r->out.len; ) {
		if (r->due) {
			n = r->out.len - i < r->due ? r->out.len - i : r->due;
			r->due -= n;
			i += n;
			continue;
		}
		r->header[r->have++] = r->out.data[i++];
		if (r->have < 9)
			continue;
		r->have = 0;
		r->due = (size_t)r->header[0] << 16 | (size_t)r->header[1] << 8 | r->header[2];
		must(r->due <= 16384 && r->header[3] <= 9 && r->header[3] != 5 && r->header[3] != 2);
	}
	buf_reset(&r->out);
}

static void look_at_head(const struct h2_event *e)
{
	const struct http_head *d = e->head;
	size_t i;

	must(d->n_fields <= HTTP_FIELDS_MAX);
	for (i = 0; i < d->n_fields; i++)
		must(http_is_token(d->field[i].name) && http_is_value(d->field[i].value));
	must(http_is_token(d->method));
	if (e->what == H2_BAD) {
		must(e->status >= 400 && e->status < 505 && e->why && !e->has_body);
		return;
	}
	must(d->host.len > 0 && (d->form == HTTP_AUTHORITY || d->path.len > 0));
	must(d->form != HTTP_ORIGIN || d->path.p[0] == '/');
	must(e->has_body || e->length == 0);
}

static void send_body(struct run *r, struct h2_stream *s)
{
	static const uint8_t zeros[20000];
	size_t used, n;
	int rc;

	if (r->how & 8) {
		rc = h2_data(r->h, s, span_of(zeros, sizeof zeros), &r->out, &used);
		must(rc == 0 || rc == ERR_LIMIT || rc == ERR_INVALID);
		return;
	}
	rc = h2_data_begin(r->h, s, 3000, &r->out, &n);
	if (rc == 1) {
		must(n > 0 && n <= 3000 && !h2_wants_out(r->h));
		if (buf_bytes(&r->out, zeros, n) < 0)
			look_at_output(r), buf_bytes(&r->out, zeros, n);
		h2_data_behind(r->h);
	}
}

static void answer(struct run *r, const struct h2_event *e)
{
	int has_body = 0, rc;
	uint64_t len = r->how & 1 ? HTTP_LEN_UNKNOWN : 3000;

	if ((r->how & 32) && r->n % 3 == 0) {
		h2_reset(r->h, e->s, H2_CANCEL);
		return;
	}
	if (e->expects)
		must(h2_interim(r->h, e->s, 100, span_of(NULL, 0)) == 0);
	rc = h2_answer(r->h, e->s, e->what == H2_BAD ? e->status : 200, NULL, span_str("a: b\r\n"), len, &has_body);
	must(rc == 0);
	if (has_body)
		send_body(r, e->s);
	if (!(r->how & 2) || e->what == H2_BAD)
		h2_end(r->h, e->s, span_str(r->how & 16 ? "x: y\r\n" : ""));
}

static void events(struct run *r)
{
	struct h2_event e;
	struct span d;
	int rc;

	while (h2_next(r->h, &e)) {
		must(h2_n_streams(r->h) <= 2 * STREAMS);
		switch (e.what) {
		case H2_HEAD:
			*e.user = r;
			look_at_head(&e);
			r->n++;
			if (e.has_body && r->how & 4) {
				h2_body(r->h, e.s, &d);
				break;
			}
			answer(r, &e);
			break;
		case H2_BAD:
			*e.user = r;
			look_at_head(&e);
			answer(r, &e);
			break;
		case H2_BODY:
			must(*e.user == r);
			while ((rc = h2_body(r->h, e.s, &d)) == 1) {
				must(d.len > 0);
				h2_took(r->h, e.s, d.len > 100 ? d.len / 2 : d.len);
			}
			if (rc < 0)
				h2_reset(r->h, e.s, H2_CANCEL);
			else if (rc == 2 && !(r->how & 2))
				answer(r, &e);
			break;
		case H2_ROOM:
			must(*e.user == r && h2_window(r->h, e.s) > 0);
			send_body(r, e.s);
			break;
		default:
			must(*e.user == r);
		}
		look_at_output(r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char greeting[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	struct http_limits limits = { 500, 2000, 5000 };
	struct h2_opts o = { STREAMS, 65535, 100000 };
	struct run r = { .out = BUF_INIT(OUT_MAX) };
	struct span in;
	size_t step, used, n;
	int rc = 0, idle = 0;
	int64_t now = 0;

	if (size < 2 || size > IN_MAX || h2_new(&r.h, &limits, &r.head, &o) < 0)
		return 0;
	step = 1 + data[0] * 4;
	r.how = data[1];
	in = span_of(data + 2, size - 2);
	if (!(r.how & 64))
		must(h2_in(r.h, span_of(greeting, sizeof greeting - 1), 0, &used) == 0 && used == sizeof greeting - 1);
	while (in.len && rc == 0 && idle < 3) {
		n = in.len < step ? in.len : step;
		rc = h2_in(r.h, span_of(in.p, n), now++, &used);
		must(used <= n);
		in = span_of(in.p + used, in.len - used);
		idle = used ? 0 : idle + 1;
		events(&r);
		must(h2_out(r.h, &r.out) == 0);
		look_at_output(&r);
		if (r.how & 128 && r.n == 2)
			h2_drain(r.h);
	}
	must(rc == 0 || rc == ERR_INVALID || rc == ERR_LIMIT);
	must(rc < 0 || in.len == 0);
	events(&r);
	while (h2_wants_out(r.h)) {
		must(h2_out(r.h, &r.out) == 0 && r.out.len > 0);
		look_at_output(&r);
	}
	must(r.due == 0 && r.have == 0);
	must(rc == 0 || (h2_over(r.h) && *h2_why(r.h)));
	h2_free(r.h);
	buf_clear(&r.out);
	return 0;
}
