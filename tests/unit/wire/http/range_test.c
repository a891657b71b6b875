/* range_test - ranges: RFC 9110's own, and against a model that marks bytes one by one */
#include "wire/http/field.h"
#include "tests/unit/unit.h"

/* "0+500 9500+500", "-" for none that can be satisfied, "" for a field that is ignored */
static void expect(const char *value, uint64_t size, const char *want)
{
	struct http_range r[HTTP_RANGES_MAX];
	int n = http_ranges(span_str(value), size, r), i;
	char got[4096] = "";
	size_t at = 0;

	if (n < 0)
		strcpy(got, "-");
	for (i = 0; i < n; i++)
		at += (size_t)sprintf(got + at, "%s%" PRIu64 "+%" PRIu64, i ? " " : "", r[i].off, r[i].len);
	if (strcmp(got, want))
		printf("# %s of %" PRIu64 "\n", value, size);
	CHECK_STR(got, want);
}

static void of_the_rfc(void)
{
	expect("bytes=0-499", 10000, "0+500");
	expect("bytes=500-999", 10000, "500+500");
	expect("bytes=-500", 10000, "9500+500");
	expect("bytes=9500-", 10000, "9500+500");
	expect("bytes=0-0,-1", 10000, "0+1 9999+1");
	expect("bytes= 0-0 ,, -1", 10000, "0+1 9999+1");
	expect("bytes=500-600,601-999", 10000, "500+500");
	expect("bytes=500-700,601-999", 10000, "500+500");
	expect("BYTES=0-1", 10, "0+2");
}

static void corners(void)
{
	char many[HTTP_RANGES_MAX * 8 + 64];
	size_t i, at;

	expect("bytes=0-99999", 10, "0+10");
	expect("bytes=-99999", 10, "0+10");
	expect("bytes=10-", 10, "-");
	expect("bytes=-0", 10, "-");
	expect("bytes=-0, 3-4", 10, "3+2");
	expect("bytes=9-9", 10, "9+1");
	expect("bytes=5-4", 10, "");
	expect("bytes=", 10, "");
	expect("bytes=,", 10, "");
	expect("bytes", 10, "");
	expect("bytes=-", 10, "");
	expect("bytes=a-b", 10, "");
	expect("bytes=1-2x", 10, "");
	expect("bytes=1-2-3", 10, "");
	expect("bytes=+1-2", 10, "");
	expect("bytes=1 -2", 10, "");
	expect("bytes=0-1,x", 10, "");
	expect("bytes =0-1", 10, "");
	expect("items=0-1", 10, "");
	expect("bytes=0-", 0, "");
	expect("bytes=8-9,0-1,4-5", 10, "0+2 4+2 8+2");
	expect("bytes=18446744073709551615-", UINT64_MAX, "-");
	expect("bytes=18446744073709551614-", UINT64_MAX, "18446744073709551614+1");
	expect("bytes=0-99999999999999999999999", UINT64_MAX, "0+18446744073709551615");
	expect("bytes=99999999999999999999999-", UINT64_MAX, "-");
	expect("bytes=-99999999999999999999999", 7, "0+7");
	for (at = (size_t)sprintf(many, "bytes=0-0"), i = 1; i < HTTP_RANGES_MAX; i++)
		at += (size_t)sprintf(many + at, ",%zu-%zu", 2 * i, 2 * i);
	CHECK(http_ranges(span_str(many), 1000, (struct http_range[HTTP_RANGES_MAX]){ { 0, 0 } }) == HTTP_RANGES_MAX);
	strcat(many, ",1-1");
	expect(many, 1000, "");
}

static uint64_t rnd_state = 42;
static unsigned rnd(unsigned below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (unsigned)(rnd_state >> 33) % below;
}

/* the model marks what was asked for; the answer is the runs of marks */
static void as_the_model(void)
{
	int round, i, bad = 0, many = 0;

	for (round = 0; round < 100000; round++) {
		struct http_range r[HTTP_RANGES_MAX];
		unsigned size = 1 + rnd(40), n = 1 + rnd(6), k, b;
		unsigned char mark[42] = { 0 };
		char text[256];
		size_t at = (size_t)sprintf(text, "bytes=");
		int got;

		for (k = 0; k < n; k++) {
			unsigned first = rnd(50), last = first + rnd(12), kind = rnd(3);

			if (k)
				text[at++] = ',';
			at += (size_t)(kind == 0 ? sprintf(text + at, "%u-%u", first, last) :
				       kind == 1 ? sprintf(text + at, "%u-", first) : sprintf(text + at, "-%u", last));
			for (b = 0; b < size; b++)
				mark[b] |= kind == 0 ? b >= first && b <= last :
					   kind == 1 ? b >= first : b + last >= size;
		}
		got = http_ranges(span_str(text), size, r);
		many += got > 1;
		for (i = 0, b = 0; b < size; ) {
			unsigned end = b;

			if (!mark[b]) {
				b++;
				continue;
			}
			while (end < size && mark[end])
				end++;
			if (i >= got || r[i].off != b || r[i].len != end - b)
				bad++;
			i++;
			b = end;
		}
		if (i != (got < 0 ? 0 : got) || got == 0)
			bad++;
	}
	CHECK(bad == 0);
	CHECK(many > 1000);
}

int main(void)
{
	RUN(of_the_rfc);
	RUN(corners);
	RUN(as_the_model);
	return UNIT_END();
}
