/* utf8.c - what is UTF-8, a character at a time or sixteen bytes at a time */
#include "base/utf8.h"

size_t utf8_len(struct span s)
{
	uint8_t c = s.p[0], lo = 0x80, hi = 0xbf;
	size_t n, i;

	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		n = 2;
	else if (c >= 0xe0 && c <= 0xef)
		n = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		n = 4;
	else
		return 0;
	if (c == 0xe0)
		lo = 0xa0;
	if (c == 0xed)
		hi = 0x9f;
	if (c == 0xf0)
		lo = 0x90;
	if (c == 0xf4)
		hi = 0x8f;
	if (s.len < n || s.p[1] < lo || s.p[1] > hi)
		return 0;
	for (i = 2; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t utf8_unfinished(struct span s)
{
	size_t i, need;

	for (i = 1; i <= 3 && i <= s.len; i++) {
		uint8_t c = s.p[s.len - i];

		if (c < 0x80)
			return 0;
		if (c < 0xc0)
			continue;
		need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
		return need > i ? i : 0;
	}
	return 0;
}

size_t utf8_put(uint32_t c, uint8_t *out)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* three bytes e0..ef: a first bit pattern, neither too long a form nor a surrogate */
static inline int three_bytes(const uint8_t *p)
{
	uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2], high = v & 0x0f2000;

	return (v & 0xf0c0c0) == 0xe08080 && high != 0 && high != 0x0d2000;
}

int utf8_valid_plain(struct span s)
{
	const uint8_t *p = s.p, *end;
	uint64_t word;
	size_t n;

	if (s.len == 0)			/* and p may be NULL */
		return 1;
	end = s.p + s.len;
	while (p < end) {
		if (*p < 0x80) {
			for (; end - p >= 8; p += 8) {
				memcpy(&word, p, sizeof word);
				if (word & 0x8080808080808080)
					break;
			}
			while (p < end && *p < 0x80)
				p++;
		} else if (*p >= 0xc2 && *p <= 0xdf && end - p >= 2 && (p[1] & 0xc0) == 0x80) {
			p += 2;
		} else if (end - p >= 3 && three_bytes(p)) {
			p += 3;
		} else {
			n = utf8_len(span_of(p, (size_t)(end - p)));
			if (n == 0)
				return 0;
			p += n;
		}
	}
	return 1;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define SSSE3 __attribute__((target("ssse3")))

/*
 * Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte" (2020), section 6: whatever can be
 * wrong with two bytes in a row shows in three of their half bytes.  A bit stands for each fault; three tables
 * tell which faults a half byte allows, and those allowed by all three are there.  FOLLOWS is a fault only where
 * no third or fourth byte is due.
 */
enum {
	CUT = 1,		/* a first byte and no byte 80..bf behind it */
	STRAY = 2,		/* ASCII and 80..bf behind it */
	LONG2 = 4,		/* c0, c1 */
	LONG3 = 8,		/* e0 80..9f */
	LONG4 = 16,		/* f0 80..8f */
	HIGH8 = LONG4,		/* f5..ff 80..8f: told from f0 by the low half */
	HIGH = 32,		/* f4..ff 90..bf */
	SURROGATE = 64,		/* ed a0..bf */
	FOLLOWS = 128,		/* 80..bf and one more */
	ANY = CUT | STRAY | FOLLOWS	/* whatever the low half of the first byte */
};

#define TABLE(...) _mm_setr_epi8(__VA_ARGS__)
#define B(x) ((char)(x))

/* the faults of the bytes `at`, with the three bytes in front of each */
static inline SSSE3 __m128i faults(__m128i at, __m128i before)
{
	const __m128i low4 = _mm_set1_epi8(15);
	const __m128i first_high = TABLE(STRAY, STRAY, STRAY, STRAY, STRAY, STRAY, STRAY, STRAY, B(FOLLOWS),
		B(FOLLOWS), B(FOLLOWS), B(FOLLOWS), CUT | LONG2, CUT, CUT | LONG3 | SURROGATE,
		CUT | LONG4 | HIGH8 | HIGH);
	const __m128i first_low = TABLE(B(ANY | LONG2 | LONG3 | LONG4), B(ANY | LONG2), B(ANY), B(ANY),
		B(ANY | HIGH), B(ANY | HIGH8 | HIGH), B(ANY | HIGH8 | HIGH), B(ANY | HIGH8 | HIGH),
		B(ANY | HIGH8 | HIGH), B(ANY | HIGH8 | HIGH), B(ANY | HIGH8 | HIGH), B(ANY | HIGH8 | HIGH),
		B(ANY | HIGH8 | HIGH), B(ANY | HIGH8 | HIGH | SURROGATE), B(ANY | HIGH8 | HIGH),
		B(ANY | HIGH8 | HIGH));
	const __m128i second_high = TABLE(CUT, CUT, CUT, CUT, CUT, CUT, CUT, CUT,
		B(STRAY | FOLLOWS | LONG2 | LONG3 | LONG4 | HIGH8), B(STRAY | FOLLOWS | LONG2 | LONG3 | HIGH),
		B(STRAY | FOLLOWS | LONG2 | SURROGATE | HIGH), B(STRAY | FOLLOWS | LONG2 | SURROGATE | HIGH),
		CUT, CUT, CUT, CUT);
	__m128i one = _mm_alignr_epi8(at, before, 15), two = _mm_alignr_epi8(at, before, 14);
	__m128i three = _mm_alignr_epi8(at, before, 13), pair, due;

	pair = _mm_and_si128(_mm_shuffle_epi8(first_high, _mm_and_si128(_mm_srli_epi16(one, 4), low4)),
			     _mm_shuffle_epi8(first_low, _mm_and_si128(one, low4)));
	pair = _mm_and_si128(pair, _mm_shuffle_epi8(second_high, _mm_and_si128(_mm_srli_epi16(at, 4), low4)));
	/* the top bit of what is e0 or more two bytes before, or f0 or more three before: one more is due */
	due = _mm_or_si128(_mm_subs_epu8(two, _mm_set1_epi8(0xe0 - 0x80)),
			   _mm_subs_epu8(three, _mm_set1_epi8(0xf0 - 0x80)));
	return _mm_xor_si128(pair, _mm_and_si128(due, _mm_set1_epi8(B(FOLLOWS))));
}

/* text of 16 bytes and more */
static SSSE3 int valid_ssse3(struct span s)
{
	/* moves the last bytes of a vector to its beginning, zeros behind them */
	static const uint8_t down[32] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 128, 128, 128, 128, 128, 128, 128, 128,
		128, 128, 128, 128, 128, 128, 128, 128
	};
	__m128i before = _mm_setzero_si128(), bad = before, at;
	size_t i, rest = s.len % 16;

	for (i = 0; i + 16 <= s.len; i += 16) {
		at = _mm_loadu_si128((const void *)(s.p + i));
		bad = _mm_or_si128(bad, faults(at, before));
		before = at;
	}
	/* what is left, and a zero at least, before which every character has to end */
	at = _mm_loadu_si128((const void *)(s.p + s.len - 16));
	at = _mm_shuffle_epi8(at, _mm_loadu_si128((const void *)(down + 16 - rest)));
	bad = _mm_or_si128(bad, faults(at, before));
	return _mm_movemask_epi8(_mm_cmpeq_epi8(bad, _mm_setzero_si128())) == 0xffff;
}

int utf8_valid(struct span s)
{
	return s.len >= 16 && __builtin_cpu_supports("ssse3") ? valid_ssse3(s) : utf8_valid_plain(s);
}

#else

int utf8_valid(struct span s)
{
	return utf8_valid_plain(s);
}

#endif
