/* convert_test.c - every value of every small type, against arithmetic of another kind; and the sink that converts */
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "base/io.h"
#include "tensor/tensor.h"
#include "tests/unit/unit.h"

/* ---- what a float of so many bits is, by the book ---- */

struct kind {
	enum tensor_dtype t;
	int bits, fraction, bias;
	const char *nan;		/* which are NaN: "ieee" (and which are infinite), "ones", "zero", "" */
	double max;
};
static const struct kind kinds[] = {
	{ TENSOR_F4, 4, 1, 1, "", 6 },
	{ TENSOR_F6_E2M3, 6, 3, 1, "", 7.5 },
	{ TENSOR_F6_E3M2, 6, 2, 3, "", 28 },
	{ TENSOR_F8_E5M2, 8, 2, 15, "ieee", 57344 },
	{ TENSOR_F8_E4M3, 8, 3, 7, "ones", 448 },
	{ TENSOR_F8_E4M3FNUZ, 8, 3, 8, "zero", 240 },
	{ TENSOR_F8_E5M2FNUZ, 8, 2, 16, "zero", 57344 },
	{ TENSOR_F16, 16, 10, 15, "ieee", 65504 },
	{ TENSOR_BF16, 16, 7, 127, "ieee", 3.3895313892515355e38 },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* 2^n by multiplying: nothing that the code under test does */
static double power(int n)
{
	double d = 1;

	for (; n > 0; n--)
		d *= 2;
	for (; n < 0; n++)
		d /= 2;
	return d;
}

static double by_the_book(const struct kind *k, unsigned v)
{
	unsigned ones = (1u << (k->bits - 1)) - 1, neg = v > ones, rest = v & ones;
	int exp = (int)(rest >> k->fraction), top = (1 << (k->bits - 1 - k->fraction)) - 1;
	double f = (double)(rest & ((1u << k->fraction) - 1)) / power(k->fraction), d;

	if (!strcmp(k->nan, "zero") && neg && rest == 0)
		return NAN;
	if (!strcmp(k->nan, "ones") && rest == ones)
		return NAN;
	if (!strcmp(k->nan, "ieee") && exp == top)
		return f > 0 ? NAN : neg ? -INFINITY : INFINITY;
	d = exp ? (1 + f) * power(exp - k->bias) : f * power(1 - k->bias);
	return neg ? -d : d;
}

static int same(double a, double b)
{
	return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static void pack(uint8_t *to, int bits, size_t i, unsigned v)
{
	size_t at = i * (size_t)bits;
	int b;

	for (b = 0; b < bits; b++, at++)
		to[at / 8] = (uint8_t)((to[at / 8] & ~(1u << at % 8)) | (v >> b & 1) << at % 8);
}

static void small_floats(void)
{
	static uint8_t in[65536 * 2];
	static float single[65536];
	static double wide[65536];
	size_t i, v, n, bad = 0;
	double max;

	for (i = 0; i < KINDS; i++) {
		n = (size_t)1 << kinds[i].bits;
		for (v = 0; v < n; v++)
			pack(in, kinds[i].bits, v, (unsigned)v);
		tensor_convert(kinds[i].t, TENSOR_F32, in, single, n);
		tensor_convert(kinds[i].t, TENSOR_F64, in, wide, n);
		for (v = 0, max = 0; v < n; v++) {
			double want = by_the_book(&kinds[i], (unsigned)v);

			bad += !same(want, (double)single[v]) || !same(want, wide[v]);
			max = isfinite(want) && want > max ? want : max;
		}
		CHECK(bad == 0);
		CHECK(max == kinds[i].max);
	}
}

static void scales(void)
{
	uint8_t in[256];
	float single[256];
	double wide[256];
	int v;

	for (v = 0; v < 256; v++)
		in[v] = (uint8_t)v;
	tensor_convert(TENSOR_F8_E8M0, TENSOR_F32, in, single, 256);
	tensor_convert(TENSOR_F8_E8M0, TENSOR_F64, in, wide, 256);
	for (v = 0; v < 255; v++)
		CHECK((double)single[v] == power(v - 127) && wide[v] == power(v - 127));
	CHECK(isnan(single[255]) && isnan(wide[255]));
}

/* of NaN every bit stays where there is room for it */
static void nans_keep_their_bits(void)
{
	static const uint16_t half[] = { 0x7c01, 0x7e00, 0xfdff, 0xffff };
	static const uint16_t brain[] = { 0x7f81, 0x7fc0, 0xffff, 0xff81 };
	uint32_t out[4];
	int i;

	tensor_convert(TENSOR_F16, TENSOR_F32, half, out, 4);
	for (i = 0; i < 4; i++)
		CHECK(out[i] == ((uint32_t)(half[i] & 0x8000) << 16 | 0x7f800000 | (uint32_t)(half[i] & 0x3ff) << 13));
	tensor_convert(TENSOR_BF16, TENSOR_F32, brain, out, 4);
	for (i = 0; i < 4; i++)
		CHECK(out[i] == (uint32_t)brain[i] << 16);
}

/* ---- integers, and what has to be rounded ---- */

static void integers(void)
{
	static const uint8_t truth[] = { 0, 1, 2, 255 };
	uint16_t words[65536];
	float single[65536];
	double wide[65536];
	size_t i, bad = 0;

	for (i = 0; i < 65536; i++)
		words[i] = (uint16_t)i;
	tensor_convert(TENSOR_U16, TENSOR_F32, words, single, 65536);
	for (i = 0; i < 65536; i++)
		bad += single[i] != (float)i;
	tensor_convert(TENSOR_I16, TENSOR_F64, words, wide, 65536);
	for (i = 0; i < 65536; i++)
		bad += wide[i] != (double)i - (i > 32767 ? 65536 : 0);
	tensor_convert(TENSOR_I16, TENSOR_F32, words, single, 65536);
	for (i = 0; i < 65536; i++)
		bad += (double)single[i] != wide[i];
	tensor_convert(TENSOR_U16, TENSOR_F64, words, wide, 65536);
	for (i = 0; i < 65536; i++)
		bad += wide[i] != (double)i;
	CHECK(bad == 0);
	for (i = 0; i < 256; i++)
		((uint8_t *)words)[i] = (uint8_t)i;
	tensor_convert(TENSOR_I8, TENSOR_F32, words, single, 256);
	tensor_convert(TENSOR_U8, TENSOR_F64, words, wide, 256);
	for (i = 0; i < 256; i++)
		CHECK(single[i] == (float)i - (i > 127 ? 256 : 0) && wide[i] == (double)i);
	tensor_convert(TENSOR_BOOL, TENSOR_F32, truth, single, 4);
	tensor_convert(TENSOR_BOOL, TENSOR_F64, truth, wide, 4);
	for (i = 0; i < 4; i++)
		CHECK(single[i] == (i != 0) && wide[i] == (i != 0));
}

static float single_of(enum tensor_dtype t, uint64_t v)
{
	float f;

	tensor_convert(t, TENSOR_F32, &v, &f, 1);
	return f;
}

static double double_of(enum tensor_dtype t, uint64_t v)
{
	double d;

	tensor_convert(t, TENSOR_F64, &v, &d, 1);
	return d;
}

static void ties_to_even(void)
{
	CHECK(single_of(TENSOR_U32, 16777217) == 16777216.0f);
	CHECK(single_of(TENSOR_U32, 16777219) == 16777220.0f);
	CHECK(single_of(TENSOR_I32, (uint32_t)-16777217) == -16777216.0f);
	CHECK(single_of(TENSOR_U32, UINT32_MAX) == 4294967296.0f);
	CHECK(single_of(TENSOR_U64, UINT64_MAX) == 18446744073709551616.0f);
	CHECK(single_of(TENSOR_U64, 0x8000008000000000) == 0x1p63f);		/* the middle */
	CHECK(single_of(TENSOR_U64, 0x8000008000000001) == 0x1.000002p63f);	/* a little more: not rounded twice */
	CHECK(single_of(TENSOR_U64, 0x8000018000000000) == 0x1.000004p63f);
	CHECK(single_of(TENSOR_I64, (uint64_t)INT64_MIN) == -0x1p63f);
	CHECK(single_of(TENSOR_I64, (uint64_t)-1) == -1);
	CHECK(double_of(TENSOR_U64, 9007199254740993) == 9007199254740992.0);
	CHECK(double_of(TENSOR_U64, 9007199254740995) == 9007199254740996.0);
	CHECK(double_of(TENSOR_U64, UINT64_MAX) == 0x1p64);
	CHECK(double_of(TENSOR_I64, (uint64_t)INT64_MIN) == -0x1p63);
	CHECK(double_of(TENSOR_I32, (uint32_t)INT32_MIN) == -2147483648.0);
	CHECK(double_of(TENSOR_U32, UINT32_MAX) == 4294967295.0);
}

static uint64_t bits(double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof u);
	return u;
}

static void doubles(void)
{
	float f = 1.5f;
	uint32_t u;

	CHECK(single_of(TENSOR_F64, bits(1 + 0x1p-24)) == 1);
	CHECK(single_of(TENSOR_F64, bits(1 + 3 * 0x1p-24)) == 1 + 0x1p-22f);
	CHECK(single_of(TENSOR_F64, bits(1 + 0x1p-24 + 0x1p-50)) == 1 + 0x1p-23f);
	CHECK(single_of(TENSOR_F64, bits(1e300)) == INFINITY && single_of(TENSOR_F64, bits(-INFINITY)) == -INFINITY);
	CHECK(single_of(TENSOR_F64, bits(0x1.fffffefp127)) == 0x1.fffffep127f);
	CHECK(single_of(TENSOR_F64, bits(0x1.ffffffp127)) == INFINITY);
	CHECK(single_of(TENSOR_F64, bits(0x1p-149)) == 0x1p-149f && single_of(TENSOR_F64, bits(0x1p-150)) == 0);
	CHECK(single_of(TENSOR_F64, bits(0x1.8p-149)) == 0x1p-148f);
	CHECK(signbit(single_of(TENSOR_F64, bits(-0.0))) && single_of(TENSOR_F64, bits(-0.0)) == 0);
	CHECK(isnan(single_of(TENSOR_F64, bits(NAN))));
	memcpy(&u, &f, sizeof u);
	CHECK(double_of(TENSOR_F32, u) == 1.5 && double_of(TENSOR_F32, 1) == 0x1p-149);
	CHECK(double_of(TENSOR_F32, 0xff800000) == -INFINITY && isnan(double_of(TENSOR_F32, 0x7fc00000)));
}

static void convertible(void)
{
	int t, u, n = 0;

	for (t = 0; t < TENSOR_DTYPES; t++)
		for (u = 0; u < TENSOR_DTYPES; u++) {
			int complex_or_other = t == TENSOR_C64 || t == TENSOR_C128 || t == TENSOR_OTHER;
			int to_float = u == TENSOR_F32 || u == TENSOR_F64;

			CHECK(tensor_convertible((enum tensor_dtype)t, (enum tensor_dtype)u) ==
			      (t == u || (to_float && !complex_or_other)));
			n++;
		}
	CHECK(n == 24 * 24);
}

/* nothing is touched beyond what was asked, wherever it begins */
static void edges(void)
{
	uint8_t in[64], out[64 * 8 + 16], want[64 * 8];
	int t, n, at;
	size_t i;

	for (i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)(i * 37);
	for (t = 0; t < TENSOR_C64; t++)
		for (n = 0; n < 8; n++)
			for (at = 0; at < 2; at++) {	/* also from an odd place */
				size_t len = ((size_t)n * tensor_dtype_bits((enum tensor_dtype)t) + 7) / 8;
				uint8_t *exact = malloc(len + (size_t)at);	/* the sanitizer looks at its end */

				memcpy(exact + at, in, len);
				tensor_convert((enum tensor_dtype)t, TENSOR_F64, in, want, (size_t)n);
				memset(out, 0xee, sizeof out);
				tensor_convert((enum tensor_dtype)t, TENSOR_F64, exact + at, out + 1, (size_t)n);
				CHECK(out[0] == 0xee && out[1 + 8 * n] == 0xee && !memcmp(out + 1, want, 8 * (size_t)n));
				free(exact);
			}
	memset(out, 0xee, sizeof out);
	tensor_convert(TENSOR_F4, TENSOR_F4, in, out, 5);
	CHECK(!memcmp(out, in, 3) && out[3] == 0xee);
}

/* ---- the sink ---- */

/* in pieces of odd lengths, as bytes or as extents of `fd`, by steps of a generator */
static int feed(struct sink *s, const uint8_t *p, size_t len, int fd, unsigned seed)
{
	size_t done, n;
	int rc = 0;

	for (done = 0; rc == 0 && done < len; done += n) {
		seed = seed * 1103515245 + 12345;
		n = seed >> 16 & 1 ? seed >> 17 & 31 : seed >> 17 & 0xffff;
		n = n < len - done ? n : len - done;
		if (fd >= 0 && seed >> 15 & 1) {
			struct piece q = { .fd = fd, .off = done, .len = n };

			rc = n ? sink_put(s, &q) : 0;
		} else {
			rc = sink_bytes(s, span_of(p + done, n));
		}
	}
	return rc;
}

static void sink_converts(void)
{
	enum { LEN = 240000 };		/* whole elements of each */
	static uint8_t in[LEN];
	struct buf got = BUF_INIT(LEN * 16);
	char path[4200];
	uint8_t *want = unit_kept(LEN * 16);
	enum tensor_dtype from, to;
	unsigned seed = 7, i;
	int fd;

	for (i = 0; i < LEN; i++)
		in[i] = (uint8_t)(i * 2654435761u >> 11);
	snprintf(path, sizeof path, "%s/in", unit_tmpdir());
	fd = open(path, O_RDWR | O_CREAT, 0600);
	NEED(fd >= 0 && io_write(fd, in, LEN, "in") == 0);
	for (from = 0; from < TENSOR_OTHER; from++)
		for (to = 0; to < TENSOR_DTYPES; to++) {
			size_t n = LEN / tensor_dtype_bits(from) * 8, len;
			struct tensor_sink s;
			struct sink_buf out;

			sink_buf_start(&out, &got);
			buf_reset(&got);
			if (!tensor_convertible(from, to)) {
				CHECK_ERR(tensor_sink_start(&s, from, to, &out.sink), ERR_UNSUPPORTED);
				tensor_sink_clear(&s);
				continue;
			}
			len = n / 8 * tensor_dtype_bits(to);
			tensor_convert(from, to, in, want, n);
			NEED(tensor_sink_start(&s, from, to, &out.sink) == 0);
			NEED(feed(&s.sink, in, LEN, seed % 3 ? fd : -1, seed) == 0);
			CHECK(tensor_sink_end(&s) == 0);
			CHECK(got.len == len && !memcmp(got.data, want, len));
			seed++;
		}
	buf_clear(&got);
	close(fd);
}

static void sink_wants_whole_elements(void)
{
	static const struct { enum tensor_dtype from, to; size_t len; int rc; } c[] = {
		{ TENSOR_BF16, TENSOR_F32, 7, ERR_INVALID }, { TENSOR_F64, TENSOR_F32, 12, ERR_INVALID },
		{ TENSOR_F6_E2M3, TENSOR_F32, 4, ERR_INVALID }, { TENSOR_F6_E2M3, TENSOR_F32, 6, 0 },
		{ TENSOR_F4, TENSOR_F64, 1, 0 }, { TENSOR_F32, TENSOR_F32, 6, ERR_INVALID },
		{ TENSOR_C128, TENSOR_C128, 16, 0 }, { TENSOR_I8, TENSOR_F32, 0, 0 },
	};
	static const uint8_t in[16];
	size_t i, k;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		struct tensor_sink s;
		struct sink_null out;
		int rc;

		sink_null_start(&out);
		NEED(tensor_sink_start(&s, c[i].from, c[i].to, &out.sink) == 0);
		for (k = 0; k < c[i].len; k++)
			CHECK(sink_bytes(&s.sink, span_of(in, 1)) == 0);
		rc = tensor_sink_end(&s);
		CHECK(rc == c[i].rc);
		if (rc < 0)
			CHECK(strstr(err_text(), "no whole element"));
		tensor_sink_clear(&s);
	}
}

static int full(struct sink *s, const struct piece *p)
{
	(void)s, (void)p;
	return err_set(ERR_NOSPACE, "no room");
}

/* what the sink behind says comes back, and a file that ends early is an error */
static void sink_errors(void)
{
	struct sink out = { full };
	struct tensor_sink s;
	struct sink_null null;
	char path[4200];
	int fd;

	snprintf(path, sizeof path, "%s/short", unit_tmpdir());
	fd = open(path, O_RDWR | O_CREAT, 0600);
	NEED(fd >= 0 && io_write(fd, "1234", 4, "short") == 0);
	NEED(tensor_sink_start(&s, TENSOR_F16, TENSOR_F32, &out) == 0);
	CHECK_ERR(sink_bytes(&s.sink, span_str("1234")), ERR_NOSPACE);
	tensor_sink_clear(&s);
	sink_null_start(&null);
	NEED(tensor_sink_start(&s, TENSOR_F16, TENSOR_F32, &null.sink) == 0);
	CHECK_ERR(sink_put(&s.sink, &(struct piece){ .fd = fd, .off = 2, .len = 4 }), ERR_CORRUPT);
	tensor_sink_clear(&s);
	close(fd);
}

int main(void)
{
	RUN(small_floats);
	RUN(scales);
	RUN(nans_keep_their_bits);
	RUN(integers);
	RUN(ties_to_even);
	RUN(doubles);
	RUN(convertible);
	RUN(edges);
	RUN(sink_converts);
	RUN(sink_wants_whole_elements);
	RUN(sink_errors);
	return UNIT_END();
}
