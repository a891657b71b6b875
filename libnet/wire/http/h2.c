/*
 * h2.c - a connection of HTTP/2: what comes in, what is told of it, what is rationed.
 * The state of RFC 9113 is nghttp2's; nothing here depends on how new it is.
 */
#include <stdlib.h>

#include "base/err.h"
#include "h2_priv.h"

enum {
	SLICE = 4096,			/* bytes looked at between two looks at the queue and at the credit */
	QUEUE_MAX = 500,		/* frames that wait to be sent */
	PIECES_MAX = 7,			/* CONTINUATION frames of one head */
	CREDIT = 4000, CREDIT_PER_S = 400
};

const struct h2_opts h2_opts_default = { 100, 128 * 1024, 256 * 1024 };

static const uint8_t preface[H2_PREFACE_LEN + 1] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

int h2_is_preface(struct span in)
{
	size_t n = in.len < H2_PREFACE_LEN ? in.len : H2_PREFACE_LEN;

	if (n && memcmp(in.p, preface, n) != 0)
		return 0;
	return n == H2_PREFACE_LEN ? 1 : -1;
}

int h2_submitted(int rv)
{
	if (rv >= 0)
		return 0;
	if (rv == NGHTTP2_ERR_NOMEM)
		return err_nomem();
	return err_set(ERR_INVALID, "HTTP/2: %s", nghttp2_strerror(rv));
}

/* ---- what is rationed ---- */

void h2_charge(struct h2 *h, int price)
{
	h->credit -= price;
}

void h2_earn(struct h2 *h, int price)
{
	h->credit += price;
	if (h->credit > CREDIT)
		h->credit = CREDIT;
}

static void earn_by_time(struct h2 *h, int64_t now_ms)
{
	int64_t ms = h->have_time && now_ms > h->at_ms ? now_ms - h->at_ms : 0;
	int64_t pay = (ms < 60000 ? ms : 60000) * CREDIT_PER_S / 1000;

	if (h->have_time && pay == 0 && now_ms >= h->at_ms)
		return;				/* it adds up */
	h->have_time = 1;
	h->at_ms = now_ms;
	h2_earn(h, (int)pay);
}

/* a DATA frame without data; one that may be padding only counts as one */
static int is_empty_data(const uint8_t f[9])
{
	uint32_t len = (uint32_t)f[0] << 16 | (uint32_t)f[1] << 8 | f[2];

	return f[3] == NGHTTP2_DATA && !(f[4] & NGHTTP2_FLAG_END_STREAM) &&
	       (len == 0 || (len <= 256 && f[4] & NGHTTP2_FLAG_PADDED));
}

/* Looks at the headers of frames as they go by: nghttp2 passes over DATA of streams that are closed without a word. */
static void watch(struct h2 *h, const uint8_t *p, size_t n)
{
	size_t k;

	while (n) {
		if (h->frame_left) {
			k = n < h->frame_left ? n : h->frame_left;
			h->frame_left -= (uint32_t)k;
			p += k;
			n -= k;
			continue;
		}
		h->begun[h->n_begun++] = *p++;
		n--;
		if (h->n_begun < sizeof h->begun)
			continue;
		h->n_begun = 0;
		h->frame_left = (uint32_t)h->begun[0] << 16 | (uint32_t)h->begun[1] << 8 | h->begun[2];
		if (is_empty_data(h->begun))
			h2_charge(h, PRICE_EMPTY);
	}
}

/* ---- coming and going ---- */

/* Newer versions, and older ones with the fix for CVE-2023-44487, ration resets by a clock of their own. */
extern void nghttp2_option_set_stream_reset_rate_limit(nghttp2_option *o, uint64_t burst, uint64_t rate)
	__attribute__((weak));

static int make_session(struct h2 *h)
{
	nghttp2_session_callbacks *c = NULL;
	nghttp2_option *o = NULL;
	int rv = nghttp2_session_callbacks_new(&c);

	if (rv == 0)
		rv = nghttp2_option_new(&o);
	if (rv == 0) {
		h2_hear_frames(c);
		nghttp2_option_set_no_auto_window_update(o, 1);
		nghttp2_option_set_no_closed_streams(o, 1);
		if (nghttp2_option_set_stream_reset_rate_limit)
			nghttp2_option_set_stream_reset_rate_limit(o, 1000000, 1000000);	/* ours is enough */
		rv = nghttp2_session_server_new2(&h->session, c, h, o);
	}
	nghttp2_option_del(o);
	nghttp2_session_callbacks_del(c);
	return h2_submitted(rv);
}

static int greet(struct h2 *h)
{
	uint32_t head = h->limits->head < UINT32_MAX ? (uint32_t)h->limits->head : UINT32_MAX;
	nghttp2_settings_entry said[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h->opts.streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, h->opts.window },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, head },
		/* RFC 9218 2.1: no tree of priorities to keep */
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};
	int rv = nghttp2_submit_settings(h->session, 0, said, sizeof said / sizeof *said);

	if (rv == 0)
		rv = nghttp2_session_set_local_window_size(h->session, 0, 0, (int32_t)h->opts.conn_window);
	return h2_submitted(rv);
}

int h2_new(struct h2 **out, const struct http_limits *limits, struct http_head *head, const struct h2_opts *o)
{
	struct h2 *h = calloc(1, sizeof *h);
	int rc;

	if (!h)
		return err_nomem();
	h->limits = limits;
	h->head = head;
	h->opts = o ? *o : h2_opts_default;
	h->ready_end = &h->ready;
	h->credit = CREDIT;
	h->frame_left = H2_PREFACE_LEN;
	h->why = "";
	rc = make_session(h);
	if (rc == 0)
		rc = greet(h);
	if (rc < 0) {
		h2_free(h);
		return rc;
	}
	*out = h;
	return 0;
}

void h2_free(struct h2 *h)
{
	if (!h)
		return;
	h->broken = 1;
	while (h->all)
		h2_drop(h->all);
	nghttp2_session_del(h->session);
	free(h);
}

/* ---- in ---- */

/* RFC 9113 6.8 */
static void say_farewell(struct h2 *h, uint32_t code)
{
	uint32_t words[] = { (uint32_t)nghttp2_session_get_last_proc_stream_id(h->session), code };
	size_t i;

	memcpy(h->farewell, "\0\0\10\7\0\0\0\0\0", 9);
	for (i = 0; i < 8; i++)
		h->farewell[9 + i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
	h->farewell_len = sizeof h->farewell;
}

/* What nghttp2 does not go on from, nor say farewell after.  Versions differ in what that is. */
static int fatal(struct h2 *h, ssize_t rv)
{
	int rc = rv == NGHTTP2_ERR_NOMEM || rv == NGHTTP2_ERR_CALLBACK_FAILURE ? ERR_NOMEM :
		 rv == NGHTTP2_ERR_FLOODED || h->pieces > PIECES_MAX ? ERR_LIMIT : ERR_INVALID;

	if (rv != NGHTTP2_ERR_BAD_CLIENT_MAGIC)		/* RFC 9113 3.4: it would not understand */
		say_farewell(h, rc == ERR_NOMEM ? H2_INTERNAL_ERROR :
			     rc == ERR_LIMIT ? H2_ENHANCE_YOUR_CALM : H2_PROTOCOL_ERROR);
	h->broken = 1;
	return h2_fail(h, rc, nghttp2_strerror((int)rv));
}

int h2_in(struct h2 *h, struct span in, int64_t now_ms, size_t *used)
{
	ssize_t n;

	*used = 0;
	earn_by_time(h, now_ms);
	while (h->rc == 0 && *used < in.len && nghttp2_session_get_outbound_queue_size(h->session) < QUEUE_MAX) {
		n = nghttp2_session_mem_recv(h->session, in.p + *used, in.len - *used < SLICE ? in.len - *used : SLICE);
		if (n < 0)
			return fatal(h, n);
		watch(h, in.p + *used, (size_t)n);
		*used += (size_t)n;
		if ((h->credit < 0 || h->pieces > PIECES_MAX) && h->rc == 0) {
			nghttp2_session_terminate_session(h->session, NGHTTP2_ENHANCE_YOUR_CALM);
			return h2_fail(h, ERR_LIMIT, "much that is of no use came in short time");
		}
	}
	if (h->rc < 0)
		return err_set(h->rc, "HTTP/2: %s", h->why);
	return 0;
}

/* ---- the end ---- */

void h2_drain(struct h2 *h)
{
	if (h->rc < 0 || h->broken || h->draining > 1)
		return;
	if (h->draining++ == 0) {
		nghttp2_submit_shutdown_notice(h->session);
		nghttp2_submit_ping(h->session, 0, NULL);
		return;
	}
	nghttp2_submit_goaway(h->session, 0, nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
			      NULL, 0);
}

int h2_over(const struct h2 *h)
{
	if (h->payload_due)
		return 0;
	if (h2_wants_out(h))
		return 0;
	return h->broken || h->rc < 0 || !nghttp2_session_want_read(h->session);
}

unsigned h2_n_streams(const struct h2 *h)
{
	return h->n_streams;
}

int h2_in_head(const struct h2 *h)
{
	return !h->greeted || h->in_block;
}

const char *h2_why(const struct h2 *h)
{
	return h->why;
}
