/* head.c - the header of a safetensors file, as the library of its makers writes it */
#include <inttypes.h>

#include "base/err.h"
#include "base/json.h"
#include "tensor_priv.h"

static int put_tensor(struct buf *out, const struct tensor_head *t, uint64_t begin)
{
	unsigned i;
	int rc = json_str(out, t->name);

	if (rc == 0)
		rc = buf_printf(out, ":{\"dtype\":\"%s\",\"shape\":[", tensor_dtype_name(t->dtype));
	for (i = 0; rc == 0 && i < t->rank; i++)
		rc = buf_printf(out, "%s%" PRIu64, i ? "," : "", t->shape[i]);
	return rc < 0 ? rc : buf_printf(out, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin, begin + t->len);
}

static int put_meta(struct buf *out, const struct span *keys, size_t n)
{
	size_t i;
	int rc = buf_str(out, "\"__metadata__\":{");

	for (i = 0; rc == 0 && i < n; i++) {
		if (i)
			rc = buf_u8(out, ',');
		if (rc == 0)
			rc = json_str(out, keys[2 * i]);
		if (rc == 0)
			rc = buf_u8(out, ':');
		if (rc == 0)
			rc = json_str(out, keys[2 * i + 1]);
	}
	return rc < 0 ? rc : buf_u8(out, '}');
}

static int put_header(struct buf *out, const struct tensor_head *t, size_t n, const struct span *keys, size_t n_keys)
{
	uint64_t at = 0;
	size_t i;
	int rc = buf_u8(out, '{');

	if (rc == 0 && n_keys)
		rc = put_meta(out, keys, n_keys);
	for (i = 0; rc == 0 && i < n; i++) {
		if (t[i].dtype > TENSOR_U64)
			return err_set(ERR_UNSUPPORTED, "safetensors has no type %s", tensor_dtype_name(t[i].dtype));
		if (span_equal(t[i].name, span_str("__metadata__")))
			return err_set(ERR_UNSUPPORTED, "safetensors has no tensor of the name '__metadata__': that is its own");
		if (i || n_keys)
			rc = buf_u8(out, ',');
		if (rc == 0)
			rc = put_tensor(out, &t[i], at);
		if (__builtin_add_overflow(at, t[i].len, &at))
			return err_set(ERR_LIMIT, "tensors of more bytes than 64 bits count");
	}
	return rc < 0 ? rc : buf_u8(out, '}');
}

int tensor_safetensors_head(struct buf *out, const struct tensor_head *t, size_t n, const struct span *keys, size_t n_keys)
{
	size_t start = out->len, i;
	uint64_t len;
	int rc = buf_le64(out, 0);

	if (rc == 0)
		rc = put_header(out, t, n, keys, n_keys);
	while (rc == 0 && (out->len - start) % 8)
		rc = buf_u8(out, ' ');
	if (rc == 0 && out->len - start - 8 > TENSOR_HEADER_MAX)
		rc = err_set(ERR_LIMIT, "a header of more than %d bytes", TENSOR_HEADER_MAX);
	if (rc < 0) {
		out->len = start;
		return rc;
	}
	for (len = out->len - start - 8, i = 0; i < 8; i++)
		out->data[start + i] = (uint8_t)(len >> 8 * i);
	return 0;
}
