/* dtype.c - the types of elements, and what arrays of them take */
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "base/err.h"
#include "base/utf8.h"
#include "tensor_priv.h"

static const struct {
	const char *name;
	unsigned bits;
} types[TENSOR_DTYPES] = {
	[TENSOR_BOOL] = { "BOOL", 8 },
	[TENSOR_F4] = { "F4", 4 },
	[TENSOR_F6_E2M3] = { "F6_E2M3", 6 },
	[TENSOR_F6_E3M2] = { "F6_E3M2", 6 },
	[TENSOR_U8] = { "U8", 8 },
	[TENSOR_I8] = { "I8", 8 },
	[TENSOR_F8_E5M2] = { "F8_E5M2", 8 },
	[TENSOR_F8_E4M3] = { "F8_E4M3", 8 },
	[TENSOR_F8_E8M0] = { "F8_E8M0", 8 },
	[TENSOR_F8_E4M3FNUZ] = { "F8_E4M3FNUZ", 8 },
	[TENSOR_F8_E5M2FNUZ] = { "F8_E5M2FNUZ", 8 },
	[TENSOR_I16] = { "I16", 16 },
	[TENSOR_U16] = { "U16", 16 },
	[TENSOR_F16] = { "F16", 16 },
	[TENSOR_BF16] = { "BF16", 16 },
	[TENSOR_I32] = { "I32", 32 },
	[TENSOR_U32] = { "U32", 32 },
	[TENSOR_F32] = { "F32", 32 },
	[TENSOR_C64] = { "C64", 64 },
	[TENSOR_F64] = { "F64", 64 },
	[TENSOR_I64] = { "I64", 64 },
	[TENSOR_U64] = { "U64", 64 },
	[TENSOR_C128] = { "C128", 128 },
	[TENSOR_OTHER] = { "OTHER", 0 }
};

const char *tensor_dtype_name(enum tensor_dtype t)
{
	return t < TENSOR_DTYPES ? types[t].name : types[TENSOR_OTHER].name;
}

unsigned tensor_dtype_bits(enum tensor_dtype t)
{
	return t < TENSOR_DTYPES ? types[t].bits : 0;
}

int tensor_dtype_find(struct span name, int anycase, enum tensor_dtype *t)
{
	size_t i;

	for (i = 0; i < TENSOR_OTHER; i++) {
		if (strlen(types[i].name) != name.len)
			continue;
		if (anycase ? strncasecmp(types[i].name, (const char *)name.p, name.len) == 0 :
			      memcmp(types[i].name, name.p, name.len) == 0) {
			*t = (enum tensor_dtype)i;
			return 1;
		}
	}
	return 0;
}

int info_size(struct tensor_info *info)
{
	char quoted[QUOTED_MAX];
	uint64_t bits;
	unsigned i;

	if (info->rank > TENSOR_RANK_MAX)
		return err_set(ERR_LIMIT, "tensor %s has %u dimensions, more than %d", quoted_name(info->name, quoted),
			       info->rank, TENSOR_RANK_MAX);
	info->n = 1;
	for (i = 0; i < info->rank; i++)
		if (__builtin_mul_overflow(info->n, info->shape[i], &info->n))
			return err_set(ERR_INVALID, "ValidationOverflow: tensor %s has more elements than 64 bits count",
				       quoted_name(info->name, quoted));
	if (info->bits == 0)
		return 0;
	if (__builtin_mul_overflow(info->n, (uint64_t)info->bits, &bits))
		return err_set(ERR_INVALID, "ValidationOverflow: tensor %s has more bits than 64 bits count",
			       quoted_name(info->name, quoted));
	if (bits % 8)
		return err_set(ERR_INVALID, "MisalignedSlice: tensor %s ends within a byte", quoted_name(info->name, quoted));
	info->len = bits / 8;
	return 0;
}

int info_measure(struct tensor_info *info, uint64_t block, uint64_t bytes)
{
	int over = 0, empty = 0;
	unsigned i;

	info->n = 1;
	for (i = 0; i < info->rank; i++)
		if (info->shape[i])
			over |= __builtin_mul_overflow(info->n, info->shape[i], &info->n);
		else
			empty = 1;
	if (over || __builtin_mul_overflow(info->n / block, bytes, &info->len) || info->n > INT64_MAX ||
	    info->len > INT64_MAX / 8)
		return err_set(ERR_INVALID, "ValidationOverflow: shape and type are too large");
	if (empty)
		info->n = info->len = 0;
	info->packed = info->len;
	return 0;
}

char *quoted_name(struct span name, char out[QUOTED_MAX])
{
	size_t at = 0, i, n;

	out[at++] = '\'';
	for (i = 0; i < name.len; i += n) {
		n = utf8_len(span_of(name.p + i, name.len - i));
		if (at + (n ? n : 1) + sizeof "...'" > QUOTED_MAX)
			break;
		if (n == 0 || name.p[i] < 0x20 || name.p[i] == 0x7f) {
			n = 1;
			out[at++] = '?';
			continue;
		}
		memcpy(out + at, name.p + i, n);
		at += n;
	}
	snprintf(out + at, QUOTED_MAX - at, i < name.len ? "...'" : "'");
	return out;
}
