#include "tensor/feed_priv.h"
#include "memin.h"

static uint8_t bytes[100000];

static struct tensor_in *file(void)
{
	size_t i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	return memin_new(span_of(bytes, sizeof bytes));
}

static void read_and_skip(void)
{
	struct tensor_in *in = file();
	struct buf b = BUF_INIT(5000);
	uint8_t p[40000];
	struct feed f;

	feed_start(&f, in, 10, 99000);
	CHECK(feed_read(&f, p, 3) == 0 && !memcmp(p, bytes + 10, 3) && f.at == 13);
	CHECK(feed_read(&f, p, 40000) == 0 && !memcmp(p, bytes + 13, 40000));
	CHECK(feed_skip(&f, 20000) == 0 && feed_read(&f, p, 1) == 0 && *p == bytes[60013]);
	CHECK(feed_skip(&f, 5) == 0 && feed_buf(&f, &b, 4000) == 0);
	CHECK(span_equal(buf_span(&b), span_of(bytes + 60019, 4000)));
	CHECK_ERR(feed_buf(&f, &b, 1001), ERR_LIMIT);
	CHECK(b.len == 4000 && f.at == 64019 && feed_left(&f) == 99000 - 64019);
	buf_clear(&b);
	tensor_in_close(in);
}

static void its_end_is_an_end(void)
{
	struct tensor_in *in = file();
	uint8_t p[2000];
	struct feed f;

	feed_start(&f, in, 98000, 99000);
	CHECK_ERR(feed_read(&f, p, 1001), ERR_INVALID);
	CHECK_ERR(feed_skip(&f, UINT64_MAX), ERR_INVALID);
	CHECK(feed_read(&f, p, 1000) == 0 && feed_left(&f) == 0);
	CHECK(feed_read(&f, p, 0) == 0 && feed_skip(&f, 0) == 0);
	CHECK_ERR(feed_read(&f, p, 1), ERR_INVALID);
	CHECK(!memin_beyond);
	tensor_in_close(in);
}

/* what is skipped is not read */
static void skipping_costs_nothing(void)
{
	struct tensor_in *in = file();
	struct feed f;
	uint8_t p[8];

	feed_start(&f, in, 0, sizeof bytes);
	CHECK(feed_read(&f, p, 8) == 0 && feed_skip(&f, 90000) == 0 && feed_read(&f, p, 8) == 0);
	CHECK(((struct memin *)(void *)in)->n_reads == 2 && in->n_bytes < 30000);
	tensor_in_close(in);
}

static void ranges(void)
{
	static const struct { uint64_t at[3][2]; uint64_t limit; const char *words; } cases[] = {
		{ { { 50, 60 }, { 0, 10 }, { 10, 50 } }, 60, NULL },
		{ { { 50, 60 }, { 0, 10 }, { 10, 50 } }, 59, "ends 1 bytes behind the file" },
		{ { { 50, 60 }, { 0, 10 }, { 10, 51 } }, 60, "thing 'x' begins within" },
		{ { { 50, 60 }, { 50, 60 }, { 0, 1 } }, 60, "begins within" },
		{ { { 5, 5 }, { 0, 10 }, { 999, 999 } }, 10, NULL },
		{ { { 0, UINT64_MAX }, { 0, 0 }, { 0, 0 } }, UINT64_MAX, NULL },
	};
	size_t i, k;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ranges r;

		NEED(ranges_new(&r, "thing", NULL) == 0);
		for (k = 0; k < 3; k++)
			CHECK(ranges_add(&r, cases[i].at[k][0], cases[i].at[k][1], span_str(k ? "y" : "x")) == 0);
		if (cases[i].words) {
			CHECK_ERR(ranges_check(&r, cases[i].limit), ERR_INVALID);
			CHECK(strstr(err_text(), cases[i].words));
		} else {
			CHECK(ranges_check(&r, cases[i].limit) == 0);
		}
		ranges_free(&r);
	}
}

static void the_class_stays_in_front(void)
{
	err_set(ERR_INVALID, "InvalidOffset: it ends");
	CHECK(class_add(ERR_INVALID, "tensor", span_str("w")) == ERR_INVALID);
	CHECK_STR(err_text(), "InvalidOffset: tensor 'w': it ends");
	err_set(ERR_INVALID, "it: ends");
	class_add(ERR_INVALID, "tensor", span_str("w"));
	CHECK_STR(err_text(), "tensor 'w': it: ends");
	err_set(ERR_IO, "InvalidOffset: it ends");
	CHECK(class_add(ERR_IO, "tensor", span_str("w")) == ERR_IO);
	CHECK_STR(err_text(), "tensor 'w': InvalidOffset: it ends");
}

int main(void)
{
	RUN(read_and_skip);
	RUN(its_end_is_an_end);
	RUN(skipping_costs_nothing);
	RUN(ranges);
	RUN(the_class_stays_in_front);
	return UNIT_END();
}
