/* h2frames.c - what nghttp2 says of frames that came and were sent */
#include "base/err.h"
#include "h2_priv.h"

enum {
	BLOCK_FACTOR = 4,		/* a header block may be this many times as long as a head, before it is abuse */
	BLOCK_SLACK = 64 * 1024
};

/* ---- what nghttp2 says of what came ---- */

static struct h2_stream *stream_of(struct h2 *h, int32_t id)
{
	return id > 0 ? nghttp2_session_get_stream_user_data(h->session, id) : NULL;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
	struct h2 *h = user;

	(void)session;
	switch (hd->type) {
	case NGHTTP2_DATA:			/* h2.c, watch: we are told of those only whose stream there is */
		break;
	case NGHTTP2_HEADERS:
		h->block_bytes = 0;
		h->pieces = 0;
		h->in_block = !(hd->flags & NGHTTP2_FLAG_END_HEADERS);
		h2_charge(h, PRICE_HEAD);
		break;
	case NGHTTP2_CONTINUATION:
		h->in_block = !(hd->flags & NGHTTP2_FLAG_END_HEADERS);
		h2_charge(h, PRICE_PIECE);
		h->pieces++;
		break;
	case NGHTTP2_SETTINGS:
		h2_charge(h, hd->flags & NGHTTP2_FLAG_ACK ? PRICE_OTHER : PRICE_SETTINGS);
		break;
	case NGHTTP2_PING:
		h2_charge(h, hd->flags & NGHTTP2_FLAG_ACK ? PRICE_OTHER : PRICE_PING);
		break;
	case NGHTTP2_RST_STREAM:
		h2_charge(h, PRICE_RESET);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		h2_charge(h, PRICE_WINDOW);
		break;
	default:				/* PRIORITY, and what we do not know */
		h2_charge(h, PRICE_OTHER);
	}
	return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s;

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	/* a client that resets what it asks for does not get more at one time by that */
	if (h->n_all >= 2 * h->opts.streams) {
		h2_charge(h, PRICE_RESET);
		nghttp2_submit_rst_stream(session, 0, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	s = h2_stream_new(h, frame->hd.stream_id);
	if (!s)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	nghttp2_session_set_stream_user_data(session, s->id, s);
	return 0;
}

static int malformed(struct h2 *h, int32_t id)
{
	h2_charge(h, PRICE_RESET);
	nghttp2_submit_rst_stream(h->session, 0, id, NGHTTP2_PROTOCOL_ERROR);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
		     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);
	struct span n = span_of(name, name_len), v = span_of(value, value_len);
	int rc;

	(void)session;
	(void)flags;
	h->block_bytes += name_len + value_len + 32;
	if (h->block_bytes > BLOCK_FACTOR * h->limits->head + BLOCK_SLACK) {
		h->credit = -1;			/* a few bytes that unpack to many (RFC 7541 7.3) */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	if (!s)
		return 0;
	rc = frame->headers.cat == NGHTTP2_HCAT_REQUEST ? h2_head_line(s, n, v) : h2_trailer_line(s, n, v);
	return rc < 0 ? malformed(h, s->id) : 0;
}

/* nghttp2 would pass over some of them */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
			     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	(void)session;
	(void)name;
	(void)name_len;
	(void)value;
	(void)value_len;
	(void)flags;
	return malformed(user, frame->hd.stream_id);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t len, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = stream_of(h, id);

	(void)flags;
	if (!s || !s->callers || s->status) {	/* nobody will read it */
		nghttp2_session_consume(session, id, len);
		return 0;
	}
	if (s->body_at == s->body.len) {
		buf_reset(&s->body);
		s->body_at = 0;
	} else if (s->body_at >= H2_BODY_SLACK) {
		memmove(s->body.data, s->body.data + s->body_at, s->body.len - s->body_at);
		s->body.len -= s->body_at;
		s->body_at = 0;
	}
	s->body_bytes += len;
	if (buf_bytes(&s->body, p, len) < 0) {
		s->body_bytes -= len;
		nghttp2_session_consume(session, id, len);
		nghttp2_submit_rst_stream(session, 0, id, NGHTTP2_INTERNAL_ERROR);
		return 0;
	}
	if (len >= 256)
		h2_earn(h, PAY_DATA_IN);
	if (s->body_asked)
		h2_wake(s, WAIT_BODY);
	return 0;
}

static int head_whole(struct h2 *h, struct h2_stream *s, const nghttp2_frame *frame)
{
	int rc;

	s->has_body = !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
	s->body_over = !s->has_body;
	rc = h2_head_check(s);
	if (rc < 0) {
		h2_charge(h, PRICE_RESET);
		nghttp2_submit_rst_stream(h->session, 0, s->id,
					  rc == ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_PROTOCOL_ERROR);
		return 0;
	}
	h2_wake(s, WAIT_HEAD);
	return 0;
}

static void look_at_windows(struct h2 *h, int32_t id)
{
	struct h2_stream *s = stream_of(h, id);

	if (id > 0 && s)
		h2_look_for_room(s);
	for (s = id > 0 ? NULL : h->all; s; s = s->next)
		h2_look_for_room(s);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);
	int over = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		if (s && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
			return head_whole(h, s, frame);
		/* fall through */
	case NGHTTP2_DATA:
		if (s && over && !s->body_over) {
			s->body_over = 1;
			if (s->body_asked)
				h2_wake(s, WAIT_BODY);
		}
		break;
	case NGHTTP2_SETTINGS:
		h->greeted = 1;
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			look_at_windows(h, 0);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		look_at_windows(h, frame->hd.stream_id);
		break;
	case NGHTTP2_PING:
		if (frame->hd.flags & NGHTTP2_FLAG_ACK && h->draining == 1)
			h2_drain(h);
		break;
	default:
		break;
	}
	return 0;
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int why, void *user)
{
	(void)session;
	(void)frame;
	(void)why;
	h2_charge(user, PRICE_RESET);		/* most of them make us reset a stream */
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = stream_of(h, id);

	(void)session;
	if (!s)
		return 0;
	s->closed = 1;
	s->code = code;
	if (!s->callers || !s->shown)		/* malformed, or reset before it was told of */
		h2_drop(s);
	else if (!s->ended)
		h2_wake(s, WAIT_GONE);
	return 0;
}

/* ---- and of what was sent ---- */

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct h2 *h = user;
	struct h2_stream *s = stream_of(h, frame->hd.stream_id);
	int type = frame->hd.type;

	if (type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR && h->rc == 0)
		h2_fail(h, ERR_INVALID, nghttp2_http2_strerror(frame->goaway.error_code));
	if (!s || (type != NGHTTP2_DATA && type != NGHTTP2_HEADERS) || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	s->ended = 1;
	h2_earn(h, PAY_ANSWER);
	if (!s->body_over)			/* RFC 9113 8.1: the rest of the request is of no use */
		nghttp2_submit_rst_stream(session, 0, s->id, NGHTTP2_NO_ERROR);
	return 0;
}

void h2_hear_frames(nghttp2_session_callbacks *c)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(c, on_invalid_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_send_data_callback(c, h2_frame_made);
}
