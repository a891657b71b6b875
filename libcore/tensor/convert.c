/*
 * convert.c - numbers of one type as numbers of another.
 * Every float of at most 16 bits is one of 32 bits, too: its exponent and fraction are moved to their places there, and
 * then the exponent is put right, also of those numbers which are too small to be normal.  Those of at most 8 bits are
 * looked up.
 */
#include <endian.h>
#include <pthread.h>

#include "tensor.h"

enum { BLOCK = 512 };			/* elements on their way through 32 bits */

static inline uint16_t load16(const uint8_t *p, size_t i) { uint16_t v; memcpy(&v, p + 2 * i, 2); return le16toh(v); }
static inline uint32_t load32(const uint8_t *p, size_t i) { uint32_t v; memcpy(&v, p + 4 * i, 4); return le32toh(v); }
static inline uint64_t load64(const uint8_t *p, size_t i) { uint64_t v; memcpy(&v, p + 8 * i, 8); return le64toh(v); }

static inline float float_of(uint32_t u) { float f; memcpy(&f, &u, sizeof f); return f; }
static inline double double_of(uint64_t u) { double d; memcpy(&d, &u, sizeof d); return d; }
static inline uint32_t bits_of(float f) { uint32_t u; memcpy(&u, &f, sizeof u); return u; }

static inline void store32(uint8_t *p, size_t i, uint32_t v) { v = htole32(v); memcpy(p + 4 * i, &v, 4); }
static inline void store_float(uint8_t *p, size_t i, float f) { store32(p, i, bits_of(f)); }
static inline void store_double(uint8_t *p, size_t i, double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof u);
	u = htole64(u);
	memcpy(p + 8 * i, &u, 8);
}

/* ---- floats of at most 8 bits ---- */

/* what is NaN: nothing; as IEEE 754; all ones; what would be -0.  SCALE: an exponent and nothing else */
enum special { FINITE, IEEE, ONES_NAN, ZERO_NAN, SCALE };

static const struct small {
	enum tensor_dtype dtype;
	unsigned bits, fraction, bias;
	enum special special;
} smalls[] = {
	{ TENSOR_F4, 4, 1, 1, FINITE },
	{ TENSOR_F6_E2M3, 6, 3, 1, FINITE },
	{ TENSOR_F6_E3M2, 6, 2, 3, FINITE },
	{ TENSOR_F8_E5M2, 8, 2, 15, IEEE },
	{ TENSOR_F8_E4M3, 8, 3, 7, ONES_NAN },
	{ TENSOR_F8_E8M0, 8, 0, 127, SCALE },
	{ TENSOR_F8_E4M3FNUZ, 8, 3, 8, ZERO_NAN },
	{ TENSOR_F8_E5M2FNUZ, 8, 2, 16, ZERO_NAN },
};
enum { SMALLS = sizeof smalls / sizeof *smalls };

static uint32_t small_value[SMALLS][256];	/* as F32 */
static pthread_once_t small_once = PTHREAD_ONCE_INIT;

static const uint32_t A_NAN = 0x7fc00000, INF = 0x7f800000;

static uint32_t small_make(const struct small *k, unsigned v)
{
	unsigned sign = v >> (k->bits - 1), rest = v & ((1u << (k->bits - 1)) - 1);
	unsigned ones = (1u << (k->bits - 1)) - 1;	/* all that is no sign */
	uint32_t u;

	if (k->special == SCALE)		/* 2^-127 is not normal */
		return v == 0xff ? A_NAN : v == 0 ? 0x00400000 : v << 23;
	if (k->special == ONES_NAN && rest == ones)
		return sign << 31 | A_NAN;
	if (k->special == ZERO_NAN && sign && rest == 0)
		return A_NAN;
	u = rest << (23 - k->fraction);
	u = bits_of(float_of(u) * float_of((254 - k->bias) << 23));
	if (k->special == IEEE && rest >> k->fraction == ones >> k->fraction)
		u |= INF;
	return sign << 31 | u;
}

static void small_fill(void)
{
	unsigned i, v;

	for (i = 0; i < SMALLS; i++)
		for (v = 0; v < 1u << smalls[i].bits; v++)
			small_value[i][v] = small_make(&smalls[i], v);
}

static unsigned packed4(const uint8_t *p, size_t i)
{
	return p[i / 2] >> (i % 2 * 4) & 15;
}

static unsigned packed6(const uint8_t *p, size_t i)
{
	size_t at = i / 4 * 3 + i % 4 * 6 / 8;
	unsigned shift = i % 4 * 6 % 8, v = p[at];

	if (shift > 2)
		v |= (unsigned)p[at + 1] << 8;
	return v >> shift & 63;
}

static void small_convert(enum tensor_dtype from, const uint8_t *p, uint8_t *out, size_t n)
{
	const uint32_t *value = NULL;
	size_t i;

	pthread_once(&small_once, small_fill);
	for (i = 0; i < SMALLS; i++)
		if (smalls[i].dtype == from)
			value = small_value[i];
	if (from == TENSOR_F4)
		for (i = 0; i < n; i++)
			store32(out, i, value[packed4(p, i)]);
	else if (from == TENSOR_F6_E2M3 || from == TENSOR_F6_E3M2)
		for (i = 0; i < n; i++)
			store32(out, i, value[packed6(p, i)]);
	else
		for (i = 0; i < n; i++)
			store32(out, i, value[p[i]]);
}

/* ---- all ---- */

/* Without branches, and without a number that is not normal, which processors are slow at. */
static inline uint32_t half_bits(uint16_t h)
{
	uint32_t rest = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
	uint32_t normal = rest + (112u << 23), tiny = bits_of(float_of(rest + (113u << 23)) - 0x1p-14f);
	uint32_t is_tiny = 0 - (uint32_t)(rest < 0x00800000), is_inf = 0 - (uint32_t)(rest >= 0x0f800000);

	/* infinite, or a NaN, which keeps its fraction */
	return sign | (tiny & is_tiny) | (normal & ~is_tiny) | (INF & is_inf);
}

/* so many at once that compilers make vectors of it */
static void halves(const uint8_t *p, uint8_t *out, size_t n)
{
	enum { LANES = 32 };
	uint16_t h[LANES];
	uint32_t u[LANES];
	size_t i;

	for (; n >= LANES; n -= LANES, p += sizeof h, out += sizeof u) {
		memcpy(h, p, sizeof h);
		for (i = 0; i < LANES; i++)
			u[i] = htole32(half_bits(le16toh(h[i])));
		memcpy(out, u, sizeof u);
	}
	for (i = 0; i < n; i++)
		store32(out, i, half_bits(load16(p, i)));
}

#define EACH(store, value) do { \
	for (i = 0; i < n; i++) \
		store(out, i, value); \
	} while (0)

static void to_single(enum tensor_dtype from, const uint8_t *p, uint8_t *out, size_t n)
{
	size_t i;

	switch (from) {
	case TENSOR_BOOL: EACH(store_float, p[i] != 0); break;
	case TENSOR_U8: EACH(store_float, (float)p[i]); break;
	case TENSOR_I8: EACH(store_float, (float)(int8_t)p[i]); break;
	case TENSOR_U16: EACH(store_float, (float)load16(p, i)); break;
	case TENSOR_I16: EACH(store_float, (float)(int16_t)load16(p, i)); break;
	case TENSOR_U32: EACH(store_float, (float)load32(p, i)); break;
	case TENSOR_I32: EACH(store_float, (float)(int32_t)load32(p, i)); break;
	case TENSOR_U64: EACH(store_float, (float)load64(p, i)); break;
	case TENSOR_I64: EACH(store_float, (float)(int64_t)load64(p, i)); break;
	case TENSOR_F16: halves(p, out, n); break;
	case TENSOR_BF16: EACH(store32, (uint32_t)load16(p, i) << 16); break;
	case TENSOR_F64: EACH(store_float, (float)double_of(load64(p, i))); break;
	default: small_convert(from, p, out, n);
	}
}

/* those whose values a float may not hold */
static int to_double(enum tensor_dtype from, const uint8_t *p, uint8_t *out, size_t n)
{
	size_t i;

	switch (from) {
	case TENSOR_U32: EACH(store_double, (double)load32(p, i)); break;
	case TENSOR_I32: EACH(store_double, (double)(int32_t)load32(p, i)); break;
	case TENSOR_U64: EACH(store_double, (double)load64(p, i)); break;
	case TENSOR_I64: EACH(store_double, (double)(int64_t)load64(p, i)); break;
	case TENSOR_F32: EACH(store_double, (double)float_of(load32(p, i))); break;
	default: return 0;
	}
	return 1;
}

static void through_single(enum tensor_dtype from, const uint8_t *p, uint8_t *out, size_t n)
{
	unsigned bits = tensor_dtype_bits(from);
	uint8_t single[4 * BLOCK];
	size_t done, k;

	for (done = 0; done < n; done += k) {
		k = n - done < BLOCK ? n - done : BLOCK;
		to_single(from, p + done / 8 * bits, single, k);	/* BLOCK is whole bytes of every type */
		to_double(TENSOR_F32, single, out + 8 * done, k);
	}
}

int tensor_convertible(enum tensor_dtype from, enum tensor_dtype to)
{
	if (from == to)
		return 1;
	if (to != TENSOR_F32 && to != TENSOR_F64)
		return 0;
	return (unsigned)from < TENSOR_C128 && from != TENSOR_C64;
}

void tensor_convert(enum tensor_dtype from, enum tensor_dtype to, const void *in, void *out, size_t n)
{
	if (n == 0)
		return;
	if (from == to)
		memmove(out, in, (n * tensor_dtype_bits(from) + 7) / 8);
	else if (to == TENSOR_F32)
		to_single(from, in, out, n);
	else if (!to_double(from, in, out, n))
		through_single(from, in, out, n);
}
