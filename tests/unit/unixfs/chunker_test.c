/* chunker_test.c - where to cut: reference/unixfs.md sections 4 and 19.9 */
#include "tests/unit/unixfs/make.h"
#include "unixfs/unixfs_priv.h"

static void refused(const char *spec, const char *words)
{
	struct chunker *c;

	CHECK_ERR(chunker_new(&c, spec), ERR_USAGE);
	CHECK_STR(err_text(), words);
}

static void spellings(void)
{
	static const struct { const char *spec; size_t min, max; } rows[] = {
		{ "", 262144, 262144 }, { "default", 262144, 262144 }, { "size-1", 1, 1 },
		{ "size-262144", 262144, 262144 }, { "size-+5", 5, 5 },
		{ "size-2096896", 2096896, 2096896 }, { "rabin", 87381, 393216 },
		{ "rabin-48", 16, 72 }, { "rabin-1000", 333, 1500 }, { "rabin-1397930", 465976, 2096895 },
		{ "rabin-16-17-18", 16, 18 }, { "rabin-min:128-avg:256-max:512", 128, 512 },
		{ "rabin-min:128-256-max:512", 128, 512 }, { "rabin-16-32-2096896", 16, 2096896 },
		{ "buzhash", 131072, 524288 }, { "buzhash-whatever-1", 131072, 524288 },
	};
	static const char too_large[] =
		"chunker parameters may not exceed the maximum chunk size of 2096896";
	static const char arity[] = "incorrect format (expected 'rabin' 'rabin-[avg]' or "
		"'rabin-[min]-[avg]-[max]'";
	static const char size_form[] = "incorrect chunker string format (expected size-{size})";
	struct chunker *c;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		NEED(chunker_new(&c, rows[i].spec) == 0);
		if (chunker_max(c) != rows[i].max)
			printf("# %s\n", rows[i].spec);
		CHECK(chunker_min(c) == rows[i].min && chunker_max(c) == rows[i].max);
		CHECK(chunker_next(c, span_of(NULL, 0), 1) == 0);
		chunker_free(c);
	}
	chunker_free(NULL);
	refused("sizes-5", "unrecognized chunker option: sizes-5");
	refused("-", "unrecognized chunker option: -");
	refused("size", size_form);
	refused("size-1-2", size_form);
	refused("size--5", size_form);
	refused("size-0", "chunker size must be greater than 0");
	refused("size-2096897", too_large);
	refused("size-x", "strconv.Atoi: parsing \"x\": invalid syntax");
	refused("size-", "strconv.Atoi: parsing \"\": invalid syntax");
	refused("size-1k", "strconv.Atoi: parsing \"1k\": invalid syntax");
	refused("size-99999999999999999999", "strconv.Atoi: parsing \"99999999999999999999\": value out of "
		"range");
	refused("rabin-x", "strconv.Atoi: parsing \"x\": invalid syntax");
	refused("rabin-1397932", too_large);
	refused("rabin-47", "rabin avg must be at least 48");
	refused("rabin-1-2", arity);
	refused("rabin-16-32-64-128", arity);
	refused("rabin-15-32-64", "rabin min must be greater than 16");
	refused("rabin-32-32-64", "incorrect format: rabin-min must be smaller than rabin-avg");
	refused("rabin-16-64-64", "incorrect format: rabin-avg must be smaller than rabin-max");
	refused("rabin-16-32-2096897", too_large);
	refused("rabin-max:16-32-64", "first label must be min");
	refused("rabin-min:16-min:32-64", "second label must be avg");
	refused("rabin-16-32-avg:64", "final label must be max");
}

/* all chunk lengths of `bytes` through windows of `window` bytes at least */
static int cut_all(const char *spec, struct span bytes, size_t window, size_t *lens, int max)
{
	struct chunker *c;
	size_t pos = 0, n, have;
	int count = 0;

	if (chunker_new(&c, spec) < 0)
		abort();
	if (window < chunker_max(c))
		window = chunker_max(c);
	for (; pos < bytes.len; pos += n) {
		have = bytes.len - pos < window ? bytes.len - pos : window;
		n = chunker_next(c, span_of(bytes.p + pos, have), pos + have == bytes.len);
		if (n == 0 || n > chunker_max(c) || n > have ||
		    (n < chunker_min(c) && pos + n < bytes.len)) {
			CHECK(!"a chunk out of bounds");
			break;
		}
		if (count < max)
			lens[count] = n;
		count++;
	}
	chunker_free(c);
	return count;
}

static void expect(const char *spec, struct span bytes, int count, const size_t *want, int n)
{
	size_t lens[16];
	int i, got = cut_all(spec, bytes, 0, lens, 16);

	if (got != count)
		printf("# %s makes %d chunks\n", spec, got);
	CHECK(got == count);
	for (i = 0; i < n; i++) {
		if (lens[i] != want[i])
			printf("# %s: chunk %d has %zu bytes\n", spec, i, lens[i]);
		CHECK(lens[i] == want[i]);
	}
	/* the same cuts however much of the future is in the window */
	CHECK(cut_all(spec, bytes, bytes.len, lens, 16) == count);
	CHECK(n == 0 || lens[0] == want[0]);
}

#define EXPECT(spec, bytes, count, ...) do { \
	static const size_t want_[] = { __VA_ARGS__ }; \
	expect(spec, bytes, count, want_, sizeof want_ / sizeof want_[0]); } while (0)

static void known_cuts(void)
{
	struct span zeros = make_bytes(NULL, 2097152);

	EXPECT("buzhash", make_bytes("buz-seed", 10 << 20), 43, 437535, 322798, 138652, 164886, 224605,
	       149324);
	EXPECT("buzhash", make_bytes("buz-seed", 524289), 2, 437535, 86754);
	EXPECT("buzhash", make_bytes("buz-seed", 131071), 1, 131071);
	EXPECT("buzhash", make_bytes("buz-seed", 131072), 1, 131072);
	EXPECT("buzhash", zeros, 16, 131072, 131072);
	EXPECT("rabin", make_bytes("rabin-seed", 10 << 20), 36, 345232, 393216, 128707, 393216, 238068,
	       393216, 143520, 286233);
	EXPECT("rabin-512-1024-2048", make_bytes("rabin-seed", 300000), 222, 767, 2048, 2048, 1057, 1224,
	       795, 955, 646);
	EXPECT("rabin-min:128-avg:256-max:512", make_bytes("rabin-seed", 100000), 314, 512, 197, 174, 226,
	       152, 512, 289, 349);
	EXPECT("rabin-16-32-64", make_bytes("rabin-seed", 5000), 132, 64, 19, 16, 28, 39, 64, 18, 39);
	EXPECT("rabin", zeros, 25, 87381, 87381);
	EXPECT("size-1000", make_bytes("x", 3001), 4, 1000, 1000, 1000, 1);
	EXPECT("size-1000", make_bytes("x", 3000), 3, 1000, 1000, 1000);
}

/* ---- against the text of the reference, byte by byte ---- */

static uint64_t poly_mod(uint64_t hi, uint64_t lo)	/* (hi x^64 + lo) mod P */
{
	const uint64_t p = UINT64_C(17437180132763653);
	int i;

	for (i = 127; i >= 53; i--) {
		uint64_t bit = i >= 64 ? hi >> (i - 64) & 1 : lo >> i & 1;

		if (!bit)
			continue;
		if (i >= 64) {
			hi ^= i - 53 >= 64 ? p << (i - 117) : p >> (117 - i);
			lo ^= i - 53 >= 64 ? 0 : p << (i - 53);
		} else {
			lo ^= p << (i - 53);
		}
	}
	return lo;
}

static uint64_t shift8(uint64_t h)
{
	return poly_mod(h >> 56, h << 8);
}

static size_t slow_rabin(size_t min, size_t avg, size_t max, struct span s)
{
	uint64_t out[256], digest, h;
	uint8_t window[16] = { 1 };
	int wpos = 1, bits = 63 - __builtin_clzll(avg), i, k;
	size_t count = min - 16;

	for (i = 0; i < 256; i++) {
		h = (uint64_t)i;
		for (k = 0; k < 15; k++)
			h = shift8(h);
		out[i] = h;
	}
	digest = 1;
	while (count < s.len) {
		uint8_t b = s.p[count];

		digest ^= out[window[wpos]];
		window[wpos] = b;
		wpos = (wpos + 1) % 16;
		digest = shift8(digest) ^ b;
		count++;
		if (count < min)
			continue;
		if ((digest & ((UINT64_C(1) << bits) - 1)) == 0 || count >= max)
			return count;
	}
	return s.len;
}

static void rabin_by_the_book(void)
{
	static const size_t params[][3] = { { 16, 17, 40 }, { 16, 64, 300 }, { 100, 512, 9000 },
					    { 1000, 8192, 20000 }, { 333, 1000, 1500 } };
	struct span bytes = make_bytes("book", 200000);
	char spec[64];
	struct chunker *c;
	size_t i, pos, n;

	for (i = 0; i < sizeof params / sizeof params[0]; i++) {
		snprintf(spec, sizeof spec, "rabin-%zu-%zu-%zu", params[i][0], params[i][1], params[i][2]);
		NEED(chunker_new(&c, spec) == 0);
		for (pos = 0; pos < bytes.len && pos < 60000 * (i + 1); pos += n) {
			struct span rest = span_of(bytes.p + pos, bytes.len - pos);

			n = chunker_next(c, rest, 1);
			if (n != slow_rabin(params[i][0], params[i][1], params[i][2], rest)) {
				CHECK(!"cut in another place");
				break;
			}
		}
		chunker_free(c);
	}
}

int main(void)
{
	RUN(spellings);
	RUN(known_cuts);
	RUN(rabin_by_the_book);
	return UNIT_END();
}
