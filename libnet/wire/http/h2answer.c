/*
 * h2answer.c - answers of HTTP/2, and the bytes of both bodies.
 * A DATA frame is made when the caller has bytes and the client has room for them; nghttp2 counts it and makes
 * its header, the caller sends what follows.  So none ever waits in a queue.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "h2_priv.h"

enum {
	FRAME_MAX = 16384,		/* bytes of payload: what every client takes (RFC 9113 4.2) */
	CHUNK_ROOM = 17 * 1024,		/* what nghttp2 gives at one time fits in */
	LINES_MAX = 256, LINES_BYTES_MAX = 48 * 1024
};

/* ---- the body of the request ---- */

int h2_body(struct h2 *h, struct h2_stream *s, struct span *data)
{
	*data = span_of(NULL, 0);
	if (s->status)
		return 2;
	if (s->body_bytes > h->limits->body)
		return err_set(ERR_LIMIT, "the body is too large");
	if (s->body_at < s->body.len) {
		*data = span_of(s->body.data + s->body_at, s->body.len - s->body_at);
		return 1;
	}
	s->body_asked = !s->body_over;
	return s->body_over ? 2 : 0;
}

void h2_took(struct h2 *h, struct h2_stream *s, size_t len)
{
	if (len > s->body.len - s->body_at)
		len = s->body.len - s->body_at;
	s->body_at += len;
	if (len && !h->broken)
		nghttp2_session_consume(h->session, s->id, len);
	if (s->body_at == s->body.len && s->body_over)
		buf_clear(&s->body), s->body_at = 0;
}

/* ---- heads ---- */

/* The fields of a head, while they are put together. */
struct lines {
	nghttp2_nv nv[LINES_MAX];
	size_t n;
	char status[4], length[24];
	struct buf text;		/* the lines, their names in lower case */
};

static int add_line(struct lines *l, struct span name, struct span value)
{
	if (l->n == LINES_MAX)
		return err_set(ERR_LIMIT, "more than %d fields in the head of an answer", LINES_MAX);
	l->nv[l->n++] = (nghttp2_nv){
		(uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)value.p, name.len, value.len, NGHTTP2_NV_FLAG_NONE
	};
	return 0;
}

/* they were looked at by http_lines_ok */
static int take_lines(struct lines *l, struct span lines)
{
	size_t at = 0, end, i;
	int rc;

	if (lines.len > LINES_BYTES_MAX)
		return err_set(ERR_LIMIT, "the head of an answer is too long");
	l->text = BUF_INIT(LINES_BYTES_MAX);
	rc = buf_add(&l->text, lines);
	while (rc == 0 && at < l->text.len) {
		uint8_t *p = l->text.data + at;

		end = (size_t)((uint8_t *)memchr(p, '\n', l->text.len - at) - p);
		for (i = 0; p[i] != ':'; i++)
			p[i] = http_lower(p[i]);
		rc = add_line(l, span_of(p, i), http_trim(span_of(p + i + 1, end - i - 2)));
		at += end + 1;
	}
	return rc;
}

static int begin_head(struct lines *l, int status, struct span lines)
{
	l->n = 0;
	l->text = BUF_INIT(0);
	if (status < 100 || status > 599 || status == 101)	/* RFC 9113 8.6: it is not for upgrades */
		return err_set(ERR_INVALID, "%d is no status of HTTP/2", status);
	if (!http_lines_ok(lines, HTTP_LINES_HEAD))
		return err_set(ERR_INVALID, "the head of the answer has bytes or fields that may not stand in it");
	snprintf(l->status, sizeof l->status, "%d", status);
	return add_line(l, span_str(":status"), span_str(l->status));
}

static int gone(const struct h2_stream *s)
{
	return s->closed || s->h->rc < 0;
}

static int send_head(struct h2_stream *s, const struct lines *l, int end)
{
	if (gone(s))			/* H2_GONE tells, or did */
		return 0;
	return h2_submitted(nghttp2_submit_headers(s->h->session, end ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE,
						   s->id, NULL, l->nv, l->n, NULL));
}

int h2_interim(struct h2 *h, struct h2_stream *s, int status, struct span lines)
{
	struct lines l;
	int rc = begin_head(&l, status, lines);

	(void)h;
	if (rc == 0 && (status > 199 || s->answered))
		rc = err_set(ERR_INVALID, "%d: not an interim answer, or too late for one", status);
	if (rc == 0)
		rc = take_lines(&l, lines);
	if (rc == 0)
		rc = send_head(s, &l, 0);
	buf_clear(&l.text);
	return rc;
}

/* RFC 9110 6.4.1, 8.6, as for HTTP/1: is there a body, and what is said of its length */
static int frame_body(struct h2_stream *s, struct lines *l, int status, uint64_t len)
{
	s->body_due = 0;
	s->left = 0;
	s->known = 1;
	if (status == 204 || status == 304)
		return 0;
	if (status == 205)			/* RFC 9110 15.3.6 */
		len = 0;
	s->known = len != HTTP_LEN_UNKNOWN;
	s->body_due = len > 0 && !s->is_head;
	s->left = s->body_due ? len : 0;
	if (!s->known)
		return 0;
	snprintf(l->length, sizeof l->length, "%" PRIu64, len);
	return add_line(l, span_str("content-length"), span_str(l->length));
}

int h2_answer(struct h2 *h, struct h2_stream *s, int status, const char *date, struct span lines, uint64_t len,
	      int *has_body)
{
	struct lines l;
	int rc = begin_head(&l, status, lines);

	(void)h;
	*has_body = 0;
	if (rc == 0 && (status < 200 || s->answered))
		rc = err_set(ERR_INVALID, "%d: an interim answer, or it was answered before", status);
	if (rc == 0 && date && !http_is_value(span_str(date)))
		rc = err_set(ERR_INVALID, "a date with bytes that may not stand there");
	if (rc == 0 && date)
		rc = add_line(&l, span_str("date"), span_str(date));
	if (rc == 0)
		rc = take_lines(&l, lines);
	if (rc == 0)
		rc = frame_body(s, &l, status, len);
	if (rc == 0)
		rc = send_head(s, &l, !s->body_due);
	if (rc == 0) {
		s->answered = 1;
		*has_body = s->body_due;
	}
	buf_clear(&l.text);
	return rc;
}

/* ---- bodies ---- */

static size_t window(const struct h2_stream *s)
{
	int32_t of_all, of_one;

	if (gone(s))
		return 0;
	of_all = nghttp2_session_get_remote_window_size(s->h->session);
	of_one = nghttp2_session_get_stream_remote_window_size(s->h->session, s->id);
	if (of_one > of_all)
		of_one = of_all;
	return of_one > 0 ? (size_t)of_one : 0;
}

size_t h2_window(struct h2 *h, struct h2_stream *s)
{
	size_t n = window(s);

	(void)h;
	if (n == 0)
		s->blocked = 1;
	return n;
}

void h2_look_for_room(struct h2_stream *s)
{
	if (s->blocked && s->callers && window(s) > 0)
		h2_wake(s, WAIT_ROOM);
}

ssize_t h2_read_offer(nghttp2_session *session, int32_t id, uint8_t *to, size_t len, uint32_t *flags,
		      nghttp2_data_source *source, void *user)
{
	struct h2_stream *s = nghttp2_session_get_stream_user_data(session, id);
	size_t n;

	(void)to;
	(void)source;
	(void)user;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (!s)				/* it was given up: an empty frame that says nothing */
		return 0;
	n = s->offer < len ? s->offer : len;
	if (!(s->last && n == s->offer))
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	if (n)
		*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	s->offer = 0;
	return (ssize_t)n;
}

/* PAUSE: it counts as sent, and nothing else is made until the payload is out */
int h2_frame_made(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *header, size_t len,
		  nghttp2_data_source *source, void *user)
{
	struct h2 *h = user;

	(void)session;
	(void)frame;
	(void)source;
	memcpy(h->frame, header, sizeof h->frame);
	h->frame_payload = len;
	h->payload_due = 1;
	h2_earn(h, PAY_DATA_OUT);
	return NGHTTP2_ERR_PAUSE;
}

int h2_wants_out(const struct h2 *h)
{
	if (h->payload_due)
		return 0;
	return h->broken ? h->farewell_len > 0 : nghttp2_session_want_write(h->session);
}

/* One piece of what nghttp2 has to send.  1; 0: there is none, or a DATA frame was made. */
static int piece_out(struct h2 *h, struct buf *out)
{
	const uint8_t *p;
	ssize_t n;

	if (h->broken) {
		p = h->farewell;
		n = (ssize_t)h->farewell_len;
		h->farewell_len = 0;
		return n == 0 ? 0 : buf_bytes(out, p, (size_t)n) < 0 ? ERR_NOMEM : 1;
	}
	n = nghttp2_session_mem_send(h->session, &p);
	if (n < 0) {
		h->broken = 1;
		return h2_fail(h, ERR_NOMEM, nghttp2_strerror((int)n));
	}
	return n == 0 ? 0 : buf_bytes(out, p, (size_t)n) < 0 ? ERR_NOMEM : 1;
}

static int full(const struct buf *out)
{
	return out->max - out->len < CHUNK_ROOM;
}

int h2_out(struct h2 *h, struct buf *out)
{
	int rc = 1;

	while (rc == 1 && h2_wants_out(h) && !full(out))
		rc = piece_out(h, out);
	return rc < 0 ? rc : 0;
}

/* `room`: of what `out` can hold, this much is for the payload as well */
static int data_begin(struct h2 *h, struct h2_stream *s, uint64_t len, struct buf *out, int payload, size_t *now)
{
	const nghttp2_data_provider from = { .read_callback = h2_read_offer };
	size_t room, n;
	int rc;

	*now = 0;
	if (!s->answered || !s->body_due || s->left == 0 || len > s->left || len == 0 || h->payload_due)
		return err_set(ERR_INVALID, "more bytes of body than the head of the answer said");
	rc = h2_out(h, out);			/* the head, if it is not out yet */
	if (rc < 0)
		return rc;
	n = h2_window(h, s);
	if (n == 0)
		return 0;
	room = out->max - out->len;
	if (h2_wants_out(h) || room <= sizeof h->frame)
		return err_set(ERR_LIMIT, "no room for what is to be sent");
	room -= sizeof h->frame;
	n = n < FRAME_MAX ? n : FRAME_MAX;
	n = n < len ? n : (size_t)len;
	s->offer = payload && n > room ? room : n;
	s->last = s->known && s->offer == s->left;
	rc = h2_submitted(nghttp2_submit_data(h->session, NGHTTP2_FLAG_END_STREAM, s->id, &from));
	while (rc == 0 && !h->payload_due) {
		rc = piece_out(h, out);
		if (rc == 0 && !h->payload_due)	/* cancelled: the stream is about to be closed */
			return 0;
		rc = rc < 0 ? rc : 0;
	}
	if (rc < 0)
		return rc;
	*now = h->frame_payload;
	if (s->left != HTTP_LEN_UNKNOWN)
		s->left -= *now;
	rc = buf_bytes(out, h->frame, sizeof h->frame);
	return rc < 0 ? rc : 1;
}

int h2_data_begin(struct h2 *h, struct h2_stream *s, uint64_t len, struct buf *out, size_t *now)
{
	return data_begin(h, s, len, out, 0, now);
}

void h2_data_behind(struct h2 *h)
{
	h->payload_due = 0;
}

int h2_data(struct h2 *h, struct h2_stream *s, struct span data, struct buf *out, size_t *used)
{
	size_t n;
	int rc = 1;

	*used = 0;
	while (rc == 1 && *used < data.len) {
		rc = data_begin(h, s, data.len - *used, out, 1, &n);
		if (rc == 1) {
			rc = buf_bytes(out, data.p + *used, n) < 0 ? ERR_NOMEM : 1;
			h->payload_due = 0;
			*used += n;
		}
	}
	return rc < 0 && !(rc == ERR_LIMIT && *used) ? rc : 0;
}

/* ---- the end of an answer ---- */

/* Without trailers an empty DATA frame is the end; but one would wait for a window that is closed, and
 * trailers do not, not even those without a field. */
static int send_end(struct h2_stream *s, const struct lines *l)
{
	const nghttp2_data_provider from = { .read_callback = h2_read_offer };

	if (gone(s) || !s->body_due || (s->known && s->left == 0))
		return 0;
	if (l->n || window(s) == 0)
		return h2_submitted(nghttp2_submit_trailer(s->h->session, s->id, l->nv, l->n));
	s->offer = 0;
	s->last = 1;
	return h2_submitted(nghttp2_submit_data(s->h->session, NGHTTP2_FLAG_END_STREAM, s->id, &from));
}

int h2_end(struct h2 *h, struct h2_stream *s, struct span trailers)
{
	struct lines l = { .n = 0 };
	int rc = 0;

	if (!s->answered || (s->known && s->left > 0))
		rc = err_set(ERR_INVALID, "%" PRIu64 " bytes of body are missing, or all of the answer", s->left);
	else if (!http_lines_ok(trailers, HTTP_LINES_TRAILER))
		rc = err_set(ERR_INVALID, "trailers with bytes or fields that may not stand in them");
	else if (!s->known)
		rc = take_lines(&l, trailers);
	if (rc == 0)
		rc = send_end(s, &l);
	buf_clear(&l.text);
	if (rc < 0)
		h2_reset(h, s, H2_INTERNAL_ERROR);
	else
		h2_let_go(s);
	return rc;
}

void h2_reset(struct h2 *h, struct h2_stream *s, enum h2_code code)
{
	if (!gone(s) && !(s->ended && s->body_over))
		nghttp2_submit_rst_stream(h->session, 0, s->id, (uint32_t)code);
	h2_let_go(s);
}
