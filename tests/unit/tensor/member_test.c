#include <zlib.h>

#include "memin.h"

enum { SIZE = 300000, SKIP = 128 };

/* something that can be packed, but not well */
static uint8_t *plain(void)
{
	static uint8_t p[SIZE];
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)(x >> 24 & 15);
	}
	return p;
}

/* all of it as a raw stream in a file, with bytes in front and behind it */
static struct span packed(struct tensor_info *t)
{
	static uint8_t file[SIZE + 1000];
	z_stream z = { .next_in = plain(), .avail_in = SIZE, .next_out = file + 10, .avail_out = sizeof file - 20 };

	*t = (struct tensor_info){ .off = 10, .skip = SKIP, .len = SIZE - SKIP, .deflated = 1 };
	if (deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	t->packed = z.total_out;
	deflateEnd(&z);
	t->crc = (uint32_t)crc32(0, plain(), SIZE);
	return span_of(file, 10 + t->packed + 10);
}

static void read_in_steps(void)
{
	static const size_t steps[] = { 1, 7, 4096, 65536, SIZE };
	static uint8_t got[SIZE];
	struct tensor_info t;
	struct tensor_in *in = memin_new(packed(&t));
	struct member *m;
	size_t i, at, n;

	for (i = 0; i < sizeof steps / sizeof *steps; i++) {
		memset(got, 0, sizeof got);
		NEED(member_open(&m, in, &t) == 0);
		for (at = 0; at < t.len; at += n) {
			n = steps[i] < t.len - at ? steps[i] : t.len - at;
			NEED(member_at(m) == at);
			NEED(member_read(m, got + at, n) == 0);
		}
		CHECK(!memcmp(got, plain() + SKIP, t.len));
		CHECK_ERR(member_read(m, got, 1), ERR_INVALID);
		CHECK_ERR(member_skip(m, 1), ERR_INVALID);
		CHECK(member_read(m, got, 0) == 0 && member_skip(m, 0) == 0);
		member_close(m);
	}
	CHECK(!memin_beyond);
	tensor_in_close(in);
}

static void some_is_skipped(void)
{
	struct tensor_info t;
	struct tensor_in *in = memin_new(packed(&t));
	struct member *m;
	uint8_t got[100];

	NEED(member_open(&m, in, &t) == 0);
	CHECK(member_skip(m, 100000) == 0 && member_at(m) == 100000);
	CHECK(member_read(m, got, 100) == 0 && !memcmp(got, plain() + SKIP + 100000, 100));
	CHECK_ERR(member_skip(m, t.len), ERR_INVALID);
	CHECK(member_skip(m, t.len - 100100) == 0 && member_at(m) == t.len);
	member_close(m);
	tensor_in_close(in);
}

/* what is wrong with these comes out at the last byte */
static void lies_are_seen_at_the_end(void)
{
	static const struct { int crc, len, packed; const char *words; } lies[] = {
		{ 1, 0, 0, "another checksum" }, { 0, -1, 0, "longer than it says" }, { 0, 1, 0, "shorter than it says" },
		{ 0, 0, 1, "bytes behind its stream" }, { 0, 0, -1, "ends within its stream" },
		{ 0, 0, -200, "ends within its stream" },
	};
	static uint8_t got[SIZE + 1];
	struct tensor_info good, t;
	struct span file = packed(&good);
	size_t i;

	for (i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct tensor_in *in = memin_new(file);
		struct member *m;

		t = good;
		t.crc += (uint32_t)lies[i].crc;
		t.len += (uint64_t)lies[i].len;
		t.packed += (uint64_t)lies[i].packed;
		NEED(member_open(&m, in, &t) == 0);
		CHECK(member_read(m, got, 1000) == 0);
		CHECK_ERR(member_read(m, got, (size_t)t.len - 1000), ERR_INVALID);
		CHECK(strstr(err_text(), lies[i].words));
		member_close(m);
		tensor_in_close(in);
	}
	CHECK(!memin_beyond);
}

static void what_is_no_stream_is_refused(void)
{
	struct tensor_info t = { .off = 0, .packed = 4, .skip = 1, .len = 3 };
	struct tensor_in *in = memin_new(span_of("\xff\xff\xff\xff", 4));
	struct member *m;

	CHECK_ERR(member_open(&m, in, &t), ERR_INVALID);
	CHECK(!m);
	t.packed = 5;
	CHECK_ERR(member_open(&m, in, &t), ERR_INVALID);
	t.off = UINT64_MAX;
	CHECK_ERR(member_open(&m, in, &t), ERR_INVALID);
	t = (struct tensor_info){ .skip = 1, .len = UINT64_MAX };
	CHECK_ERR(member_open(&m, in, &t), ERR_INVALID);
	tensor_in_close(in);
	CHECK(!memin_beyond);
}

/* an array without elements: its member is all head */
static void nothing_is_checked_too(void)
{
	struct tensor_info t;
	struct tensor_in *in = memin_new(packed(&t));
	struct member *m;

	t.skip = SIZE;
	t.len = 0;
	NEED(member_open(&m, in, &t) == 0);
	CHECK(member_at(m) == 0);
	member_close(m);
	t.crc++;
	CHECK_ERR(member_open(&m, in, &t), ERR_INVALID);
	tensor_in_close(in);
}

int main(void)
{
	RUN(read_in_steps);
	RUN(some_is_skipped);
	RUN(lies_are_seen_at_the_end);
	RUN(what_is_no_stream_is_refused);
	RUN(nothing_is_checked_too);
	return UNIT_END();
}
