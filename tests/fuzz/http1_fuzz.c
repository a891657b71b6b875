/*
 * http1_fuzz.c - HTTP/1: a stream means the same however it is cut, and what it means stays inside it.
 * The first byte says where to cut.
 */
#include <stdlib.h>

#include "wire/http/http.h"

enum { IN_MAX = 1 << 16 };

/* what a stream comes to, in a number */
struct sum {
	uint64_t h;
	int status;
};

static void mix(struct sum *s, const void *p, size_t len)
{
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < len; i++)
		s->h = (s->h ^ b[i]) * 0x100000001b3u;
}

static void inside(const uint8_t *room, size_t have, struct span s)
{
	if (s.len && (s.p < room || s.p + s.len > room + have))
		__builtin_trap();
}

static void mix_head(struct sum *s, const struct http1 *h, const uint8_t *room, size_t have)
{
	const struct http_head *d = h->head;
	size_t i;

	inside(room, have, d->method);
	inside(room, have, d->target);
	inside(room, have, d->host);
	inside(room, have, d->query);
	mix(s, d->method.p, d->method.len);
	mix(s, d->path.p, d->path.len);
	mix(s, d->host.p, d->host.len);
	for (i = 0; i < d->n_fields; i++) {
		inside(room, have, d->field[i].name);
		inside(room, have, d->field[i].value);
		if (!http_is_token(d->field[i].name) || !http_is_value(d->field[i].value))
			__builtin_trap();
		mix(s, d->field[i].name.p, d->field[i].name.len);
		mix(s, d->field[i].value.p, d->field[i].value.len);
	}
	if (h->chunked && h->length)
		__builtin_trap();
}

static struct sum run(const uint8_t *bytes, size_t len, size_t step)
{
	static struct http_head head;
	static struct http1 h;
	uint8_t *room = malloc(IN_MAX);
	size_t have = 0, given = 0, at, used, n;
	enum http1_event e = HTTP1_MORE;
	struct sum s = { 14695981039346656037u, 0 };
	struct span data;

	if (!room)
		abort();
	http1_start(&h, &http_limits_default, &head);
	do {
		n = step < len - given ? step : len - given;
		memcpy(room + have, bytes + given, n);
		have += n;
		given += n;
		for (at = 0; e != HTTP1_BAD; ) {
			if (h.state == 0) {
				e = http1_head(&h, room + at, have - at, &used);
				if (e == HTTP1_HEAD)
					mix_head(&s, &h, room + at, have - at);
				at += used;
				if (e != HTTP1_HEAD)
					break;
			}
			e = http1_body(&h, span_of(room + at, have - at), &used, &data);
			if (used > have - at)
				__builtin_trap();
			at += used;
			inside(room, have, data);
			mix(&s, data.p, data.len);
			if (e == HTTP1_MORE)
				break;
			if (e == HTTP1_END)
				http1_next(&h);
		}
		have -= at;
		memmove(room, room + at, have);
	} while (e != HTTP1_BAD && given < len);
	if (e == HTTP1_BAD && (h.status < 400 || h.status > 505 || !h.why || h.keep_alive))
		__builtin_trap();
	s.status = e == HTTP1_BAD ? h.status : have > 0;
	free(room);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum a, b;

	if (size < 2 || size > IN_MAX)
		return 0;
	a = run(data + 1, size - 1, size);
	b = run(data + 1, size - 1, 1 + data[0] % 64);
	if (a.h != b.h || a.status != b.status)
		__builtin_trap();
	return 0;
}
