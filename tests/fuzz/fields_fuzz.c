/*
 * fields_fuzz.c - values of request fields: what is read stays inside them, and inside what it is about.
 * The first byte chooses the field.
 */
#include <stdlib.h>

#include "wire/http/answer.h"
#include "wire/http/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span whole;

static void inside(struct span s)
{
	if (s.len && (s.p < whole.p || s.p + s.len > whole.p + whole.len))
		__builtin_trap();
}

static void ranges(struct span s, uint64_t size)
{
	struct http_range r[HTTP_RANGES_MAX];
	int n = http_ranges(s, size, r), i;

	if (n < -1 || n > HTTP_RANGES_MAX)
		__builtin_trap();
	for (i = 0; i < n; i++)
		if (!r[i].len || r[i].off >= size || r[i].len > size - r[i].off ||
		    (i && r[i].off <= r[i - 1].off + r[i - 1].len))
			__builtin_trap();
}

static void dates(struct span s)
{
	char text[HTTP_DATE_LEN + 1];
	int64_t t, back;

	if (!http_date_parse(s, 1764000000, &t))
		return;
	http_date(t, text);
	if (t <= 253402300799 && (!http_date_parse(span_str(text), 1764000000, &back) || back != t))
		__builtin_trap();
}

static void media(struct span s)
{
	static const char *const types[] = { "text/html", "application/json", "text/plain" };
	static const char *const codings[] = { "br", "zstd", "gzip" };
	struct span rest = s, params, name, value;
	struct http_media m;
	int got;

	while (http_media_next(&rest, &m)) {
		inside(m.type);
		if (m.q < 0 || m.q > 1000 || !m.type.len)
			__builtin_trap();
		params = m.params;
		while ((got = http_param_next(&params, &name, &value)) > 0) {
			struct buf out = BUF_INIT(1 << 20);

			inside(name);
			inside(value);
			if (http_unquote(value, &out) == 0 && out.len > value.len)
				__builtin_trap();
			buf_clear(&out);
		}
		if (got < 0)			/* those were refused already */
			__builtin_trap();
	}
	got = http_accept_pick(s, types, 3);
	if (got < -1 || got > 2 || (got >= 0 && http_accept_q(s, types[got]) == 0))
		__builtin_trap();
	got = http_coding_pick(s, codings, 3);
	if (got < -2 || got > 2)
		__builtin_trap();
}

static void conditions(struct span s)
{
	struct http_validators v = { 1, span_str("\"a\""), 1, 784111777 };
	struct http_conditions c[5] = {
		{ .match = s }, { .none_match = s }, { .modified_since = s }, { .unmodified_since = s },
		{ .if_range = s }
	};
	size_t i;
	int rc;

	for (i = 0; i < 5; i++) {
		rc = http_condition(&c[i], 1, &v, 1764000000);
		if ((rc && rc != 304 && rc != 412) || http_condition(&c[i], 0, &v, 1764000000) == 304)
			__builtin_trap();
		http_if_range(&c[i], &v, 1764000000);
	}
	/* what matches strongly matches weakly */
	if (http_etag_listed(s, v.etag, 0) && !http_etag_listed(s, v.etag, 1))
		__builtin_trap();
}

static void targets(struct span s)
{
	struct buf out = BUF_INIT(1 << 20);
	struct span rest = s, name, value;

	if (http_unescape(s, 1, &out) == 0 && (out.len > s.len || (out.len && memchr(out.data, 0, out.len))))
		__builtin_trap();
	buf_clear(&out);
	while (http_query_next(&rest, &name, &value)) {
		inside(name);
		inside(value);
	}
}

static void forwarded(struct span s)
{
	struct http_forwarded f;

	http_forwarded(s, &f);
	inside(f.host);
	inside(f.client);
	if (f.host.p && (memchr(f.host.p, '/', f.host.len) || memchr(f.host.p, '@', f.host.len)))
		__builtin_trap();
	http_forwarded_x(s, s, s, &f);
	inside(f.host);
	inside(f.client);
}

/* lines that may stand in an answer end it nowhere but at its end */
static void lines(struct span s)
{
	struct http1_answer a = { .minor = 1, .keep_alive = 1 };
	struct buf out = BUF_INIT(1 << 20);
	int ok = http_lines_ok(s, HTTP_LINES_HEAD);
	uint8_t *end;

	if ((http1_answer(&out, &a, 200, "OK", NULL, s, HTTP_LEN_UNKNOWN) == 0) != ok)
		__builtin_trap();
	if (ok) {
		end = memmem(out.data, out.len, "\r\n\r\n", 4);
		if (!end || end + 4 != out.data + out.len || memchr(out.data, 0, out.len))
			__builtin_trap();
		for (; (end = memchr(out.data, '\r', out.len)); *end = ' ')
			if (end[1] != '\n')
				__builtin_trap();
	}
	if (http_lines_ok(s, HTTP_LINES_TRAILER) && !ok)
		__builtin_trap();
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	struct span s;

	if (size < 1)
		return 0;
	copy = malloc(size - 1 ? size - 1 : 1);	/* so that reading past its end is seen */
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	s = whole = span_of(copy, size - 1);
	switch (data[0] % 7) {
	case 0: ranges(s, data[0] & 0x80 ? UINT64_MAX : 1u + data[0] / 7); break;
	case 1: dates(s); break;
	case 2: media(s); break;
	case 3: conditions(s); break;
	case 4: targets(s); break;
	case 5: forwarded(s); break;
	default: lines(s); break;
	}
	free(copy);
	return 0;
}
