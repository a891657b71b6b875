/*
 * gguf_priv.h - the head of a GGUF file: counts, keys with values, tensors.
 * Spec: ggml docs/gguf.md "File Structure"; numbers of types and their blocks from ggml.h and ggml-common.h.
 */
#ifndef TENSOR_GGUF_PRIV_H
#define TENSOR_GGUF_PRIV_H

#include "feed_priv.h"

enum {
	GGUF_KEY_MAX = 65535,		/* bytes of a key */
	GGUF_RANK_MAX = 4,		/* as ggml */
	GGUF_DEPTH_MAX = 8,		/* of arrays in arrays */
	GGUF_SHOWN = 8,			/* items of an array that are shown */
	GGUF_ITEM_MAX = 200,		/* bytes of a string in an array that are shown, */
	GGUF_TEXT_MAX = 65536		/* and of one by itself */
};
enum gguf_value {
	GGUF_U8, GGUF_I8, GGUF_U16, GGUF_I16, GGUF_U32, GGUF_I32, GGUF_F32, GGUF_BOOL, GGUF_STRING, GGUF_ARRAY, GGUF_U64,
	GGUF_I64, GGUF_F64, GGUF_VALUES
};

struct gguf {
	struct feed feed;
	uint64_t n_tensors, n_keys;
	uint32_t alignment;		/* of data, bytes; what the key says once it was read */
};

/*
 * gguf_front - magic, version and counts; the feed is at the first key.
 * gguf_key - the next key (of n_keys) and the type of its value, which comes next.
 * gguf_value - a value as text, appended to `out` (NULL: go over it).  Long strings are cut, of arrays only the first items
 * and the count are shown.
 */
int gguf_front(struct gguf *g, struct tensor_in *in);
int gguf_key(struct gguf *g, struct buf *key, uint32_t *type);
int gguf_value(struct gguf *g, uint32_t type, struct buf *out);

/* A type of ggml: `block` elements take so many bytes. */
struct gguf_type {
	const char *name;
	enum tensor_dtype dtype;
	uint16_t block, bytes;
};
const struct gguf_type *gguf_type_find(uint32_t type);		/* NULL: no such */

#endif
