/* ggufkey.c - GGUF: counts, keys, and values as text */
#include <inttypes.h>

#include "base/decimal.h"
#include "base/err.h"
#include "base/json.h"
#include "base/rd.h"
#include "base/utf8.h"
#include "gguf_priv.h"

enum { KEY_LEAST = 8 + 1 + 4 + 1, TENSOR_LEAST = 8 + 4 + 4 + 8 };	/* bytes of the shortest there are */

static int bad(const struct gguf *g, const char *what)
{
	return err_set(ERR_INVALID, "InvalidHeaderDeserialization: %s at byte %" PRIu64, what, g->feed.at);
}

static int read_u32(struct gguf *g, uint32_t *v)
{
	uint8_t b[4];
	int rc = feed_read(&g->feed, b, sizeof b);
	struct rd r = rd_from(span_of(b, sizeof b));

	*v = rc < 0 ? 0 : rd_le32(&r);
	return rc;
}

static int read_u64(struct gguf *g, uint64_t *v)
{
	uint8_t b[8];
	int rc = feed_read(&g->feed, b, sizeof b);
	struct rd r = rd_from(span_of(b, sizeof b));

	*v = rc < 0 ? 0 : rd_le64(&r);
	return rc;
}

int gguf_front(struct gguf *g, struct tensor_in *in)
{
	uint32_t magic, version = 0;
	int rc;

	g->alignment = 32;
	feed_start(&g->feed, in, 0, in->size);
	if (in->size < 24)
		return err_set(ERR_INVALID, "HeaderTooSmall: %" PRIu64 " bytes are no GGUF file", in->size);
	rc = read_u32(g, &magic);
	if (rc == 0)
		rc = read_u32(g, &version);
	if (rc < 0)
		return rc;
	if (magic != 0x46554747)
		return err_set(ERR_INVALID, "InvalidHeader: no GGUF file");
	if (version && (version & 0xffff) == 0)
		return err_set(ERR_UNSUPPORTED, "a big-endian GGUF file, only little-endian ones are read");
	if (version == 1)
		return err_set(ERR_UNSUPPORTED, "version 1 of GGUF, only 2 and 3 are read");
	if (version != 2 && version != 3)
		return err_set(ERR_INVALID, "InvalidHeader: version %" PRIu32 " of GGUF, known are 2 and 3", version);
	rc = read_u64(g, &g->n_tensors);
	if (rc == 0)
		rc = read_u64(g, &g->n_keys);
	if (rc == 0 && (g->n_keys > feed_left(&g->feed) / KEY_LEAST || g->n_tensors > feed_left(&g->feed) / TENSOR_LEAST))
		return err_set(ERR_INVALID, "InvalidHeaderLength: more keys or tensors than there is room for");
	return rc;
}

int gguf_key(struct gguf *g, struct buf *key, uint32_t *type)
{
	uint64_t len;
	int rc = read_u64(g, &len);

	buf_reset(key);
	if (rc == 0 && (len == 0 || len > GGUF_KEY_MAX))
		return bad(g, "an empty or endless key");
	if (rc == 0)
		rc = feed_buf(&g->feed, key, len);
	if (rc == 0 && !utf8_valid(buf_span(key)))
		return err_set(ERR_INVALID, "InvalidHeader: a key that is not UTF-8");
	if (rc == 0)
		rc = read_u32(g, type);
	if (rc == 0 && *type >= GGUF_VALUES)
		return bad(g, "a value of no type that is known");
	return rc;
}

/* ---- values ---- */

static const uint8_t widths[GGUF_VALUES] = {
	[GGUF_U8] = 1, [GGUF_I8] = 1, [GGUF_U16] = 2, [GGUF_I16] = 2, [GGUF_U32] = 4, [GGUF_I32] = 4, [GGUF_F32] = 4,
	[GGUF_BOOL] = 1, [GGUF_U64] = 8, [GGUF_I64] = 8, [GGUF_F64] = 8
};

static int float_text(double v, int single, struct buf *out)
{
	char text[DECIMAL_MAX];

	if (v != v || v - v != 0)
		return buf_str(out, v != v ? "nan" : v < 0 ? "-inf" : "inf");
	return buf_bytes(out, text, single ? decimal_put_single((float)v, text) : decimal_put_double(v, text));
}

static int number_text(uint32_t type, uint64_t v, struct buf *out)
{
	uint32_t half = (uint32_t)v;
	double d;
	float f;

	switch (type) {
	case GGUF_I8: return buf_printf(out, "%d", (int8_t)v);
	case GGUF_I16: return buf_printf(out, "%d", (int16_t)v);
	case GGUF_I32: return buf_printf(out, "%" PRId32, (int32_t)v);
	case GGUF_I64: return buf_printf(out, "%" PRId64, (int64_t)v);
	case GGUF_BOOL: return buf_str(out, v ? "true" : "false");
	case GGUF_F32: memcpy(&f, &half, sizeof f); return float_text(f, 1, out);
	case GGUF_F64: memcpy(&d, &v, sizeof d); return float_text(d, 0, out);
	default: return buf_printf(out, "%" PRIu64, v);
	}
}

static int number(struct gguf *g, uint32_t type, struct buf *out)
{
	uint8_t b[8] = { 0 };
	int rc = feed_read(&g->feed, b, widths[type]);
	struct rd r = rd_from(span_of(b, sizeof b));
	uint64_t v = rd_le64(&r);

	if (rc == 0 && type == GGUF_BOOL && v > 1)
		return bad(g, "a truth neither 0 nor 1");
	return rc < 0 || !out ? rc : number_text(type, v, out);
}

/* cut at the beginning of a character */
static void cut(struct buf *b, size_t len)
{
	if (b->len <= len)
		return;
	while (len && (b->data[len] & 0xc0) == 0x80)
		len--;
	b->len = len;
	b->data[len] = 0;
}

/* a string, at most so many bytes of it */
static int string(struct gguf *g, struct buf *out, size_t max)
{
	struct buf text = BUF_INIT(max + 1);
	uint64_t len = 0, n;
	int rc = read_u64(g, &len);

	if (rc < 0 || !out)
		return rc < 0 ? rc : feed_skip(&g->feed, len);
	n = len < max + 1 ? len : max + 1;
	rc = feed_buf(&g->feed, &text, n);
	if (rc == 0)
		rc = feed_skip(&g->feed, len - n);
	if (rc == 0) {
		cut(&text, max);
		rc = max == GGUF_ITEM_MAX ? json_str(out, buf_span(&text)) : buf_add(out, buf_span(&text));
	}
	if (rc == 0 && len > max)
		rc = buf_str(out, "...");
	buf_clear(&text);
	return rc;
}

static int value(struct gguf *g, uint32_t type, struct buf *out, int depth);

/* what of an array is not shown; runs of numbers are not looked at one by one */
static int items_skip(struct gguf *g, uint32_t type, uint64_t n, int depth)
{
	uint64_t bytes;
	int rc = 0;

	if (widths[type] && type != GGUF_BOOL) {
		if (__builtin_mul_overflow(n, (uint64_t)widths[type], &bytes))
			return bad(g, "an array without end");
		return feed_skip(&g->feed, bytes);
	}
	while (rc == 0 && n--)
		rc = value(g, type, NULL, depth);
	return rc;
}

static int array(struct gguf *g, struct buf *out, int depth)
{
	uint32_t type = 0;
	uint64_t n = 0, i, shown;
	int rc = read_u32(g, &type);

	if (rc == 0)
		rc = read_u64(g, &n);
	if (rc == 0 && type >= GGUF_VALUES)
		return bad(g, "an array of no type that is known");
	if (rc < 0)
		return rc;
	if (out && depth > 2) {			/* eight of eight of eight would be long */
		rc = buf_str(out, "[...]");
		out = NULL;
	}
	shown = !out ? 0 : n < GGUF_SHOWN ? n : GGUF_SHOWN;
	if (out)
		rc = buf_u8(out, '[');
	for (i = 0; rc == 0 && i < shown; i++) {
		if (i)
			rc = buf_str(out, ", ");
		if (rc == 0)
			rc = value(g, type, out, depth);
	}
	if (rc == 0)
		rc = items_skip(g, type, n - shown, depth);
	if (rc == 0 && out && shown < n)
		rc = buf_printf(out, ", ... %" PRIu64 " in all", n);
	return rc < 0 || !out ? rc : buf_u8(out, ']');
}

static int value(struct gguf *g, uint32_t type, struct buf *out, int depth)
{
	if (type == GGUF_STRING)
		return string(g, out, depth ? GGUF_ITEM_MAX : GGUF_TEXT_MAX);
	if (type != GGUF_ARRAY)
		return number(g, type, out);
	if (depth == GGUF_DEPTH_MAX)
		return bad(g, "arrays in arrays without end");
	return array(g, out, depth + 1);
}

int gguf_value(struct gguf *g, uint32_t type, struct buf *out)
{
	return value(g, type, out, 0);
}
