/*
 * multipart_fuzz.c - a body in parts means the same however it is cut, and what is told of it stays inside.
 * The first byte says where to cut.
 */
#include <stdlib.h>

#include "wire/http/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum { uint64_t h; enum multipart_event end; };

static void mix(struct sum *s, const void *p, size_t len)
{
	const uint8_t *b = p;

	while (len--)
		s->h = (s->h ^ *b++) * 0x100000001b3u;
}

static void inside(struct span in, struct span s)
{
	if (s.len && (s.p < in.p || s.p + s.len > in.p + in.len))
		__builtin_trap();
}

/* in pieces of memory that go when they are used */
static struct sum hear(struct span body, size_t step)
{
	struct sum s = { .h = 0xcbf29ce484222325u };
	struct multipart m;
	uint8_t *kept = NULL;
	size_t have = 0, given = 0, used, i;
	enum multipart_event e = MULTIPART_MORE;

	if (multipart_start(&m, span_str("multipart/form-data; boundary=a-")) < 0)
		__builtin_trap();
	while (e != MULTIPART_BAD && e != MULTIPART_END && given < body.len) {
		size_t n = step < body.len - given ? step : body.len - given;
		uint8_t *room = malloc(have + n);
		struct span rest = span_of(room, have + n), bytes;

		if (!room)
			abort();
		if (have)
			memcpy(room, kept, have);
		memcpy(room + have, body.p + given, n);
		given += n;
		do {
			e = multipart_next(&m, rest, &used, &bytes);
			if (used > rest.len)
				__builtin_trap();
			if (e == MULTIPART_DATA) {
				inside(bytes.p >= m.delim && bytes.p < m.delim + sizeof m.delim ?
				       span_of(m.delim, m.delim_len) : rest, bytes);
				mix(&s, bytes.p, bytes.len);
			} else if (e == MULTIPART_PART) {
				inside(rest, m.name);
				inside(rest, m.filename);
				mix(&s, "[", 1);
				for (i = 0; i < m.n_fields; i++) {
					inside(rest, m.field[i].name);
					inside(rest, m.field[i].value);
					mix(&s, m.field[i].name.p, m.field[i].name.len);
					mix(&s, m.field[i].value.p, m.field[i].value.len);
				}
			} else if (e == MULTIPART_PART_END) {
				mix(&s, "]", 1);
			}
			rest = span_of(rest.p + used, rest.len - used);
		} while (e == MULTIPART_DATA || e == MULTIPART_PART || e == MULTIPART_PART_END);
		have = rest.len;
		if (e == MULTIPART_MORE && have > MULTIPART_HEAD_MAX)
			__builtin_trap();
		free(kept);
		kept = malloc(have + 1);
		if (!kept)
			abort();
		memcpy(kept, rest.p, have);
		free(room);
	}
	free(kept);
	s.end = e;
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole, cut;

	if (size < 2)
		return 0;
	whole = hear(span_of(data + 1, size - 1), size);
	cut = hear(span_of(data + 1, size - 1), 1 + data[0] % 64);
	if (whole.h != cut.h || whole.end != cut.end)
		__builtin_trap();
	return 0;
}
