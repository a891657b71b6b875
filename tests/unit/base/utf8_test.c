/* utf8_test.c - what is UTF-8, by each way of looking and by what a character is */
#include "base/utf8.h"
#include "tests/unit/unit.h"

static uint64_t seed = 1;

static uint32_t any(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) * n >> 32);
}

static size_t write_char(uint32_t c, uint8_t *p)
{
	if (c < 0x80) {
		p[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (uint8_t)(0xc0 | c >> 6);
		p[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (uint8_t)(0xe0 | c >> 12);
		p[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		p[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	p[0] = (uint8_t)(0xf0 | c >> 18);
	p[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	p[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	p[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

/* by the meaning: the numbers that the bits give are characters, and the same bytes are written for them */
static int by_meaning(struct span s)
{
	uint8_t again[4];
	uint32_t c;
	size_t i, n, k;

	for (i = 0; i < s.len; i += n) {
		c = s.p[i];
		n = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : (c & 0xf8) == 0xf0 ? 4 : 0;
		if (n == 0 || s.len - i < n)
			return 0;
		c &= n == 1 ? 0x7f : 0xffu >> (n + 1);
		for (k = 1; k < n; k++)
			c = c << 6 | (s.p[i + k] & 63);
		if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || write_char(c, again) != n ||
		    memcmp(again, s.p + i, n) != 0)
			return 0;
	}
	return 1;
}

static int differs(struct span s)
{
	int is = by_meaning(s);

	return utf8_valid(s) != is || utf8_valid_plain(s) != is;
}

static void examples(void)
{
	static const char *good[] = { "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
				      "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
				      "\xf4\x8f\xbf\xbf" };
	static const char *bad[] = { "\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf",
				     "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
				     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "\xc2",
				     "\xe2\x82", "\xf0\x9f\x9a", "a\xc2z", "\xe2\x28\xa1" };
	char text[80];
	size_t i;
	int n;

	/* at every place of a run of ASCII, which is looked at in words and vectors */
	CHECK(utf8_valid(span_of(NULL, 0)) && utf8_valid_plain(span_of(NULL, 0)));
	for (n = 0; n < 40; n++) {
		for (i = 0; i < sizeof good / sizeof *good; i++) {
			snprintf(text, sizeof text, "%.*s%s", n, "abcdefghijklmnopqrstabcdefghijklmnopqrst",
				 good[i]);
			CHECK(utf8_valid(span_str(text)) && utf8_valid_plain(span_str(text)));
		}
		for (i = 0; i < sizeof bad / sizeof *bad; i++) {
			snprintf(text, sizeof text, "%.*s%s", n, "abcdefghijklmnopqrstabcdefghijklmnopqrst",
				 bad[i]);
			CHECK(!utf8_valid(span_str(text)) && !utf8_valid_plain(span_str(text)));
			strcat(text, "abcdefghijklmnopqrstuvwxyz");
			CHECK(!utf8_valid(span_str(text)) && !utf8_valid_plain(span_str(text)));
		}
	}
}

static void every_character(void)
{
	uint8_t text[24], put[4];
	uint32_t c;
	size_t n;
	int bad = 0;

	for (c = 0; c < 0x200000; c++) {
		memset(text, 'x', sizeof text);
		n = write_char(c, text + c % 20);
		if (c <= 0x10ffff)
			bad += utf8_put(c, put) != n || memcmp(put, text + c % 20, n) != 0;
		bad += utf8_valid(span_of(text, sizeof text)) !=
		       (c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
		if (c < 0xd800)
			bad += utf8_len(span_of(text + c % 20, 24 - c % 20)) != n;
	}
	CHECK(bad == 0);
}

/* a cut within a character leaves its beginning behind, and only that */
static void unfinished(void)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t want[] = { 0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0, 0 };
	size_t i;

	for (i = 0; i < sizeof text; i++)
		CHECK(utf8_unfinished(span_of(text, i)) == want[i]);
	CHECK(utf8_unfinished(span_str("\x80\x80\x80\x80")) == 0);
	CHECK(utf8_unfinished(span_str("\xff")) == 1);		/* which is no character, whatever comes */
}

/* four bytes in a row, each of them next to a border of the table in RFC 3629 */
static void every_border(void)
{
	static const uint8_t border[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
					  0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
	enum { N = sizeof border };
	uint8_t text[40];
	uint32_t i, at;
	int bad = 0;

	for (i = 0; i < N * N * N * N; i++) {
		memset(text, 'x', sizeof text);
		at = i % 37;		/* 36: the very end */
		text[at] = border[i % N];
		text[at + 1] = border[i / N % N];
		text[at + 2] = border[i / N / N % N];
		text[at + 3] = border[i / N / N / N];
		bad += differs(span_of(text, sizeof text)) || differs(span_of(text, at + 4)) ||
		       differs(span_of(text + at, 4)) || differs(span_of(text, at + 2));
	}
	CHECK(bad == 0);
}

/* text of many scripts, and of what is left when some bytes of it are something else */
static void random_text(void)
{
	static const uint32_t upto[] = { 0x80, 0x800, 0xd800, 0x10000, 0x110000 };
	uint8_t text[160];
	size_t i, n, len;
	int bad = 0, valid = 0;

	for (i = 0; i < 200000; i++) {
		len = 1 + any(150);
		for (n = 0; n < len;)
			n += write_char(any(upto[any(5)]), text + n);
		for (len = any(3); len; len--)
			text[any((uint32_t)n)] = (uint8_t)any(256);
		n -= any(2);
		valid += by_meaning(span_of(text, n));
		bad += differs(span_of(text, n));
	}
	CHECK(bad == 0);
	CHECK(valid > 20000 && valid < 180000);
}

int main(void)
{
	RUN(examples);
	RUN(every_character);
	RUN(every_border);
	RUN(unfinished);
	RUN(random_text);
	return UNIT_END();
}
