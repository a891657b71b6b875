/* gguf.c - the containers of ggml */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/spill.h"
#include "base/utf8.h"
#include "gguf_priv.h"

enum { SORT_MEM = 1 << 20 };		/* bytes of keys, and of places, before they go to a file */

/* ---- types: QK and the sizes of blocks of ggml-common.h ---- */

static const struct gguf_type types[] = {
	[0] = { "F32", TENSOR_F32, 1, 4 }, [1] = { "F16", TENSOR_F16, 1, 2 }, [30] = { "BF16", TENSOR_BF16, 1, 2 },
	[28] = { "F64", TENSOR_F64, 1, 8 }, [24] = { "I8", TENSOR_I8, 1, 1 }, [25] = { "I16", TENSOR_I16, 1, 2 },
	[26] = { "I32", TENSOR_I32, 1, 4 }, [27] = { "I64", TENSOR_I64, 1, 8 },
	[2] = { "Q4_0", TENSOR_OTHER, 32, 18 }, [3] = { "Q4_1", TENSOR_OTHER, 32, 20 },
	[6] = { "Q5_0", TENSOR_OTHER, 32, 22 }, [7] = { "Q5_1", TENSOR_OTHER, 32, 24 },
	[8] = { "Q8_0", TENSOR_OTHER, 32, 34 }, [9] = { "Q8_1", TENSOR_OTHER, 32, 36 },
	[10] = { "Q2_K", TENSOR_OTHER, 256, 84 }, [11] = { "Q3_K", TENSOR_OTHER, 256, 110 },
	[12] = { "Q4_K", TENSOR_OTHER, 256, 144 }, [13] = { "Q5_K", TENSOR_OTHER, 256, 176 },
	[14] = { "Q6_K", TENSOR_OTHER, 256, 210 }, [15] = { "Q8_K", TENSOR_OTHER, 256, 292 },
	[16] = { "IQ2_XXS", TENSOR_OTHER, 256, 66 }, [17] = { "IQ2_XS", TENSOR_OTHER, 256, 74 },
	[18] = { "IQ3_XXS", TENSOR_OTHER, 256, 98 }, [19] = { "IQ1_S", TENSOR_OTHER, 256, 50 },
	[20] = { "IQ4_NL", TENSOR_OTHER, 32, 18 }, [21] = { "IQ3_S", TENSOR_OTHER, 256, 110 },
	[22] = { "IQ2_S", TENSOR_OTHER, 256, 82 }, [23] = { "IQ4_XS", TENSOR_OTHER, 256, 136 },
	[29] = { "IQ1_M", TENSOR_OTHER, 256, 56 },
	[34] = { "TQ1_0", TENSOR_OTHER, 256, 54 }, [35] = { "TQ2_0", TENSOR_OTHER, 256, 66 },
	[39] = { "MXFP4", TENSOR_OTHER, 32, 17 }, [40] = { "NVFP4", TENSOR_OTHER, 64, 36 },
	[41] = { "Q1_0", TENSOR_OTHER, 128, 18 }, [42] = { "Q2_0", TENSOR_OTHER, 64, 18 },
};

const struct gguf_type *gguf_type_find(uint32_t type)
{
	return type < sizeof types / sizeof *types && types[type].name ? &types[type] : NULL;
}

/* ---- keys ---- */

static int alignment_read(struct gguf *g, uint32_t type)
{
	struct feed *f = &g->feed;
	uint8_t b[4];
	struct rd r = rd_from(span_of(b, sizeof b));
	int rc = 0;

	if (type != GGUF_U32)
		return err_set(ERR_INVALID, "InvalidHeaderDeserialization: general.alignment is no UINT32");
	rc = feed_read(f, b, sizeof b);
	if (rc < 0)
		return rc;
	g->alignment = rd_le32(&r);
	if (g->alignment == 0 || g->alignment & (g->alignment - 1))
		return err_set(ERR_INVALID, "InvalidHeaderDeserialization: an alignment of %" PRIu32 ", no power of 2",
			       g->alignment);
	return 0;
}

static int twice(struct spill *keys)
{
	struct buf last = BUF_INIT(GGUF_KEY_MAX);
	char quoted[QUOTED_MAX];
	struct span s;
	int rc = spill_read(keys);

	while (rc == 0 && (rc = spill_next(keys, &s)) == 1) {
		if (last.len && span_equal(buf_span(&last), s)) {
			rc = err_set(ERR_INVALID, "DuplicateKey: two keys %s", quoted_name(s, quoted));
			break;
		}
		buf_reset(&last);
		rc = buf_add(&last, s);
	}
	buf_clear(&last);
	return rc;
}

static int keys_read(struct gguf *g, const char *tmpdir)
{
	struct buf key = BUF_INIT(GGUF_KEY_MAX);
	struct spill *keys = NULL;
	uint32_t type = 0;
	uint64_t i;
	int rc = spill_new(&keys, tmpdir, SORT_MEM, span_cmp);

	for (i = 0; rc == 0 && i < g->n_keys; i++) {
		rc = gguf_key(g, &key, &type);
		if (rc == 0)
			rc = spill_add(keys, buf_span(&key));
		if (rc < 0)
			break;
		rc = span_equal(buf_span(&key), span_str("general.alignment")) ? alignment_read(g, type) :
		     gguf_value(g, type, NULL);
		if (rc < 0)
			rc = class_add(rc, "key", buf_span(&key));
	}
	if (rc == 0)
		rc = twice(keys);
	spill_free(keys);
	buf_clear(&key);
	return rc;
}

/* ---- tensors ---- */

/* from dimensions as ggml has them, the fastest first, and a type */
static int measure(struct tensor_info *t, uint32_t type)
{
	const struct gguf_type *k = gguf_type_find(type);

	if (!k)
		return err_set(ERR_INVALID, "InvalidHeaderDeserialization: %" PRIu32 " is no type of ggml", type);
	t->dtype = k->dtype;
	t->type = span_str(k->name);
	t->bits = k->block == 1 ? k->bytes * 8u : 0;
	if ((t->rank ? t->shape[t->rank - 1] : 1) % k->block)
		return err_set(ERR_INVALID, "TensorInvalidInfo: rows of type %s are multiples of %d elements",
			       k->name, k->block);
	return info_measure(t, k->block, k->bytes);
}

/* behind the name: dimensions, type, place */
static int tensor_read(struct gguf *g, struct tensor_info *t)
{
	uint8_t b[GGUF_RANK_MAX * 8 + 12];
	struct rd r = rd_from(span_of(b, 4));
	int rc = feed_read(&g->feed, b, 4);
	unsigned i;

	if (rc < 0)
		return rc;
	t->rank = rd_le32(&r);
	if (t->rank > GGUF_RANK_MAX)
		return err_set(ERR_INVALID, "InvalidHeaderDeserialization: %u dimensions, %d are the most",
			       t->rank, GGUF_RANK_MAX);
	rc = feed_read(&g->feed, b, t->rank * 8 + 12);
	if (rc < 0)
		return rc;
	r = rd_from(span_of(b, t->rank * 8 + 12));
	for (i = 0; i < t->rank; i++)
		t->shape[t->rank - 1 - i] = rd_le64(&r);
	rc = measure(t, rd_le32(&r));
	t->off = rd_le64(&r);
	if (rc == 0 && t->off & (g->alignment - 1))
		return err_set(ERR_INVALID, "InvalidOffset: it begins at %" PRIu64 ", no multiple of %" PRIu32,
			       t->off, g->alignment);
	if (rc == 0 && t->off > INT64_MAX)
		return err_set(ERR_INVALID, "InvalidOffset: it begins at %" PRIu64, t->off);
	return rc;
}

/* offsets in rows are those of the file's; the format's get adds where the data begins */
static int tensors_read(struct tensor_set *set, struct gguf *g, struct ranges *places)
{
	struct buf name = BUF_INIT(TENSOR_NAME_MAX);
	uint8_t b[8];
	uint64_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < g->n_tensors; i++) {
		struct tensor_info t = { .rank = 0 };
		struct rd r = rd_from(span_of(b, sizeof b));

		buf_reset(&name);
		rc = feed_read(&g->feed, b, sizeof b);
		if (rc == 0)
			rc = feed_buf(&g->feed, &name, rd_le64(&r));
		if (rc < 0)
			break;
		if (!utf8_valid(buf_span(&name)))
			rc = err_set(ERR_INVALID, "InvalidHeader: its name is not UTF-8");
		if (rc == 0)
			rc = tensor_read(g, &t);
		t.name = buf_span(&name);
		if (rc == 0)
			rc = table_add(set->rows, &t);
		if (rc == 0)
			rc = ranges_add(places, t.off, t.off + t.len, t.name);
		if (rc < 0)
			rc = class_add(rc, "tensor", t.name);
	}
	buf_clear(&name);
	return rc;
}

static int all_read(struct tensor_set *set, struct gguf *g, struct tensor_in *in)
{
	struct ranges places = { .what = NULL };
	uint64_t data, size = in->size;
	int rc = gguf_front(g, in);

	if (rc == 0)
		rc = keys_read(g, set->tmpdir);
	if (rc == 0)
		rc = ranges_new(&places, "tensor", set->tmpdir);
	if (rc == 0)
		rc = tensors_read(set, g, &places);
	if (rc == 0) {
		data = g->feed.at + (g->alignment - g->feed.at % g->alignment) % g->alignment;
		rc = ranges_check(&places, data < size ? size - data : 0);
	}
	if (rc == 0)
		rc = buf_le64(&set->note, data);
	ranges_free(&places);
	return rc;
}

/* ---- the format ---- */

static int gguf_looks(struct span head, uint64_t size)
{
	return size != TENSOR_UNSIZED && head.len >= 4 && !memcmp(head.p, "GGUF", 4);
}

static int gguf_read(struct tensor_set *set, struct tensor_in *in)
{
	struct gguf *g = malloc(sizeof *g);
	int rc = g ? all_read(set, g, in) : err_nomem();

	free(g);
	return rc;
}

/* the note: where data begins */
static int gguf_get(struct tensor_set *set, struct tensor_info *info)
{
	struct rd r = rd_from(table_note(set->rows));
	uint64_t data = rd_le64(&r);

	if (!rd_done(&r) || __builtin_add_overflow(info->off, data, &info->off))
		return err_set(ERR_INVALID, "InvalidOffset: what was kept of the file is of another one");
	if (info->len == 0 && info->off > set->in->size)
		info->off = set->in->size;	/* the padding of a file that ends without data may be missing */
	return 0;
}

static int each_key(struct gguf *g, int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	struct buf key = BUF_INIT(GGUF_KEY_MAX), text = BUF_INIT(8 * GGUF_TEXT_MAX);
	uint32_t type = 0;
	uint64_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < g->n_keys; i++) {
		buf_reset(&text);
		rc = gguf_key(g, &key, &type);
		if (rc == 0)
			rc = gguf_value(g, type, &text);
		if (rc == 0)
			rc = fn(arg, buf_span(&key), buf_span(&text));
	}
	buf_clear(&text);
	buf_clear(&key);
	return rc;
}

static int gguf_meta(struct tensor_set *set, int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	struct gguf *g = malloc(sizeof *g);
	int rc = g ? gguf_front(g, set->in) : err_nomem();

	if (rc == 0)
		rc = each_key(g, fn, arg);
	free(g);
	return rc;
}

const struct tensor_format tensor_gguf = { .looks = gguf_looks, .read = gguf_read, .get = gguf_get, .meta = gguf_meta };
