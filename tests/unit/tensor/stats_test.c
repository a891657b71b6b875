/* stats_test.c - what numbers are like, against a plain reckoning in long double */
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "base/io.h"
#include "tensor/tensor.h"
#include "unit.h"

enum { MANY = 1000003 };		/* several buffers, and no whole number of anything */

static char *path;
static uint64_t seed = 1;

static double draw(void)		/* [0, 1) */
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(seed >> 11) / 9007199254740992.0;
}

/* what stands between a file and its statistics */
static int stats(enum tensor_dtype dtype, const void *data, size_t len, uint64_t n, const char *slice, int threads,
		 struct tensor_stats *out, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct tensor_head head = { span_str("w"), dtype, 1, &n, len };
	struct buf text = BUF_INIT(65536);
	struct tensor_place *place = NULL;
	struct tensor_set *set = NULL;
	struct tensor_info info;
	struct tensor_slice s;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), rc = fd;

	if (rc >= 0)
		rc = tensor_safetensors_head(&text, &head, 1, NULL, 0);
	if (rc == 0)
		rc = io_write(fd, text.data, text.len, "file");
	if (rc == 0)
		rc = io_write(fd, data, len, "file");
	close(fd);
	buf_clear(&text);
	if (rc == 0)
		rc = tensor_place_path(&place, path);
	if (rc == 0)
		rc = tensor_open(&set, place, NULL, NULL);
	if (rc == 0)
		rc = tensor_find(set, span_str("w"), &info);
	if (rc == 0)
		rc = tensor_slice_parse(&s, span_str(slice), 0, info.rank, info.shape);
	if (rc == 0)
		rc = tensor_stats(set, &info, &s, threads, out, progress, arg);
	tensor_close(set);
	tensor_place_free(place);
	return rc;
}

static long double root(long double v)
{
	long double x = v > 1 ? v : 1;
	int i;

	for (i = 0; i < 3000 && v > 0; i++)
		x = (x + v / x) / 2;
	return v > 0 ? x : 0;
}

static double size(double x)
{
	return x < 0 ? -x : x;
}

static void plain(const double *x, size_t n, struct tensor_stats *out)
{
	long double sum = 0, sq = 0;
	double edge[TENSOR_BINS + 1], scale = 1;
	size_t i, k = 0;
	int b;

	*out = (struct tensor_stats){ .n = n, .min = NAN, .max = NAN, .mean = NAN, .std = NAN };
	for (i = 0; i < n; i++) {
		out->zeros += x[i] == 0;
		out->nans += isnan(x[i]) != 0;
		out->infs += isinf(x[i]) != 0;
		if (!isfinite(x[i]))
			continue;
		out->min = k == 0 || x[i] < out->min ? x[i] : out->min;
		out->max = k == 0 || x[i] > out->max ? x[i] : out->max;
		sum += x[i];
		k++;
	}
	if (!k)
		return;
	out->mean = (double)(sum / k);
	for (i = 0; i < n; i++)
		if (isfinite(x[i]))
			sq += (x[i] - sum / k) * (x[i] - sum / k);
	out->std = (double)root(sq / k);
	if (isinf(out->max - out->min))
		scale = 0.5;
	for (b = 0; b < TENSOR_BINS; b++)
		edge[b] = out->min * scale + b * ((out->max * scale - out->min * scale) / TENSOR_BINS);
	for (i = 0; i < n; i++) {
		if (!isfinite(x[i]))
			continue;
		for (b = 0; b < TENSOR_BINS - 1 && x[i] > out->min && x[i] * scale >= edge[b + 1]; b++)
			;
		out->bins[b]++;
	}
}

static int near(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b || size(a - b) <= 1e-12 * (size(a) + size(b));
}

static void same(const struct tensor_stats *got, const struct tensor_stats *want)
{
	int b;

	CHECK(got->n == want->n);
	CHECK(got->zeros == want->zeros);
	CHECK(got->nans == want->nans);
	CHECK(got->infs == want->infs);
	CHECK(near(got->min, want->min) && near(got->max, want->max));
	CHECK(near(got->mean, want->mean));
	CHECK(near(got->std, want->std));
	for (b = 0; b < TENSOR_BINS; b++)
		if (got->bins[b] != want->bins[b]) {
			printf("# bin %d: %" PRIu64 ", not %" PRIu64 "\n", b, got->bins[b], want->bins[b]);
			CHECK(!"bins");
		}
}

/* the numbers of the bytes of this type, as the plain reckoning and as ours has them, with any number of threads */
static void check(enum tensor_dtype dtype, const void *data, size_t len, uint64_t n)
{
	double *x = malloc((size_t)n * sizeof *x + 1);
	struct tensor_stats want, got, again;
	int threads;

	NEED(x);
	tensor_convert(dtype, TENSOR_F64, data, x, (size_t)n);
	plain(x, (size_t)n, &want);
	CHECK(stats(dtype, data, len, n, "...", 1, &got, NULL, NULL) == 0);
	same(&got, &want);
	for (threads = 0; threads < 8; threads += 3) {
		CHECK(stats(dtype, data, len, n, "...", threads, &again, NULL, NULL) == 0);
		CHECK(memcmp(&got, &again, sizeof got) == 0 || isnan(got.min));
	}
	free(x);
}

static void doubles(void)
{
	double *x = unit_kept(MANY * sizeof *x);
	size_t i;

	for (i = 0; i < MANY; i++)
		x[i] = draw() + draw() + draw() - 1.5;
	check(TENSOR_F64, x, MANY * sizeof *x, MANY);
	for (i = 0; i < MANY; i++)		/* far from zero: a sum of squares would lose them */
		x[i] = 1e9 + x[i];
	check(TENSOR_F64, x, MANY * sizeof *x, MANY);
	for (i = 0; i < MANY; i++)		/* many sizes */
		x[i] = ldexp(draw() - 0.5, (int)(draw() * 100) - 50);
	check(TENSOR_F64, x, MANY * sizeof *x, MANY);
}

static void singles(void)
{
	float *x = unit_kept(MANY * sizeof *x);
	size_t i;

	for (i = 0; i < MANY; i++)
		x[i] = i % 1000 == 0 ? NAN : i % 1001 == 0 ? INFINITY : i % 7 == 0 ? -0.0f : (float)(draw() - 0.5);
	check(TENSOR_F32, x, MANY * sizeof *x, MANY);
}

/* every byte and every pair of bytes is some number of each of these */
static void small_types(void)
{
	static const enum tensor_dtype types[] = {
		TENSOR_BOOL, TENSOR_U8, TENSOR_I8, TENSOR_F8_E5M2, TENSOR_F8_E4M3, TENSOR_F8_E8M0, TENSOR_F8_E4M3FNUZ,
		TENSOR_F8_E5M2FNUZ, TENSOR_I16, TENSOR_U16, TENSOR_F16, TENSOR_BF16, TENSOR_I32, TENSOR_U32, TENSOR_I64, TENSOR_U64
	};
	uint8_t *x = unit_kept(MANY * 8);
	size_t i, t;

	for (i = 0; i < MANY * 8; i++)
		x[i] = (uint8_t)(draw() * 256);
	for (t = 0; t < sizeof types / sizeof *types; t++) {
		if (types[t] == TENSOR_BOOL)
			for (i = 0; i < MANY; i++)
				x[i] &= 1;
		check(types[t], x, MANY * (tensor_dtype_bits(types[t]) / 8), MANY);
	}
}

static void packed_types(void)
{
	uint8_t *x = unit_kept(MANY);
	size_t i;

	for (i = 0; i < MANY; i++)
		x[i] = (uint8_t)(draw() * 256);
	check(TENSOR_F4, x, MANY, 2 * MANY);
	check(TENSOR_F6_E2M3, x, MANY / 3 * 3, MANY / 3 * 4);
	check(TENSOR_F6_E3M2, x, MANY / 3 * 3, MANY / 3 * 4);
}

static void extremes(void)
{
	static const double huge[] = { 1e308, -1e308, 1.7e308, -1.7e308 }, tiny[] = { 0, 5e-324, -5e-324, 1e-323 },
			    one[] = { 42 }, none[] = { NAN, INFINITY, NAN, -INFINITY };
	static const uint64_t ends[] = { 0, UINT64_MAX, 1u << 31 };
	struct tensor_stats got;

	CHECK(stats(TENSOR_F64, huge, sizeof huge, 4, "...", 0, &got, NULL, NULL) == 0);
	CHECK(got.min == -1.7e308 && got.max == 1.7e308 && got.mean == 0);
	CHECK(near(got.std, 1.3946325680981354e308));
	CHECK(got.bins[0] == 1 && got.bins[TENSOR_BINS - 1] == 1);
	check(TENSOR_F64, huge, sizeof huge, 4);
	check(TENSOR_F64, one, sizeof one, 1);
	check(TENSOR_F64, none, sizeof none, 4);
	check(TENSOR_U64, ends, sizeof ends, 3);
	check(TENSOR_I64, ends, sizeof ends, 3);
	check(TENSOR_F32, ends, 0, 0);
	CHECK(stats(TENSOR_F64, tiny, sizeof tiny, 4, "...", 0, &got, NULL, NULL) == 0);
	CHECK(got.min == -5e-324 && got.max == 1e-323 && got.zeros == 1);
	CHECK(got.bins[0] >= 1 && got.bins[TENSOR_BINS - 1] >= 1);
	CHECK(stats(TENSOR_F64, one, sizeof one, 1, "...", 0, &got, NULL, NULL) == 0);
	CHECK(got.std == 0 && got.bins[0] == 1);
}

static void of_a_slice(void)
{
	static const int32_t x[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct tensor_stats got;

	CHECK(stats(TENSOR_I32, x, sizeof x, 8, "::-3", 0, &got, NULL, NULL) == 0);
	CHECK(got.n == 3 && got.min == 2 && got.max == 8 && got.mean == 5);
	CHECK(stats(TENSOR_I32, x, sizeof x, 8, "7", 0, &got, NULL, NULL) == 0);
	CHECK(got.n == 1 && got.min == 8 && got.std == 0);
}

static int count(void *arg, uint64_t bytes)
{
	*(uint64_t *)arg += bytes;
	return 0;
}

static int stop(void *arg, uint64_t bytes)
{
	(void)arg;
	(void)bytes;
	return err_set(ERR_INTERRUPTED, "enough");
}

static void progress_and_trouble(void)
{
	float *x = unit_kept(MANY * sizeof *x);
	struct tensor_stats got;
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < MANY; i++)
		x[i] = (float)i;
	CHECK(stats(TENSOR_F32, x, MANY * sizeof *x, MANY, "...", 2, &got, count, &bytes) == 0);
	CHECK(bytes == 2 * MANY * sizeof *x);
	bytes = 0;
	CHECK(stats(TENSOR_BF16, x, MANY * 2, MANY, "...", 2, &got, count, &bytes) == 0);
	CHECK(bytes == MANY * 2);
	CHECK_ERR(stats(TENSOR_F32, x, MANY * sizeof *x, MANY, "...", 2, &got, stop, NULL), ERR_INTERRUPTED);
	CHECK_ERR(stats(TENSOR_C64, x, 8, 1, "...", 2, &got, NULL, NULL), ERR_UNSUPPORTED);
}

/* between the two passes someone writes larger numbers */
static int grow(void *arg, uint64_t bytes)
{
	static const double x[] = { 1e300, -1e300, 1e18, 0.5 };
	int fd = open(path, O_WRONLY), *times = arg;

	CHECK(bytes == sizeof x);
	if ((*times)++ == 0)
		CHECK(fd >= 0 && pwrite(fd, x, sizeof x, lseek(fd, 0, SEEK_END) - (off_t)sizeof x) == sizeof x);
	close(fd);
	return 0;
}

static void a_file_that_changes_meanwhile(void)
{
	static const double x[] = { 0, 0.25, 0.75, 1 };
	struct tensor_stats got;
	int times = 0;

	CHECK(stats(TENSOR_F64, x, sizeof x, 4, "...", 1, &got, grow, &times) == 0);
	CHECK(times == 2 && got.min == 0 && got.max == 1);
	CHECK(got.bins[0] == 1 && got.bins[TENSOR_BINS / 2] == 1 && got.bins[TENSOR_BINS - 1] == 2);
}

int main(void)
{
	path = unit_kept(4096);
	snprintf(path, 4096, "%s/x.safetensors", unit_tmpdir());
	RUN(doubles);
	RUN(singles);
	RUN(small_types);
	RUN(packed_types);
	RUN(extremes);
	RUN(of_a_slice);
	RUN(progress_and_trouble);
	RUN(a_file_that_changes_meanwhile);
	return UNIT_END();
}
