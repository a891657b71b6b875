/* body_priv.h - what the forms share: heads, and sinks of whole elements */
#ifndef TENSOR_BODY_PRIV_H
#define TENSOR_BODY_PRIV_H

#include "arrow/arrow.h"
#include "tensor.h"

enum { BODY_HEAD_MAX = 1 << 20 };	/* bytes in front of the data: names and types are at most 64 KiB and 16 KiB long */

/* ---- sink.c ---- */

/* elements_start - a sink that gives `step` whole elements of one type (of packed ones: as many as fill bytes), 48 KiB at
 * most.  What is left over stays in work, have; tensor_sink_end complains, tensor_sink_clear gives up.
 * elements_room - memory for step to work in. */
int elements_start(struct tensor_sink *s, enum tensor_dtype type,
		   int (*step)(struct tensor_sink *s, const uint8_t *p, size_t len), struct sink *out);
uint8_t *elements_room(struct tensor_sink *s, size_t *len);
int not_convertible(struct span type, enum tensor_dtype to);	/* ERR_UNSUPPORTED, and what would be */

/* ---- body.c ---- */

/* body_bytes - what the data looks like to who sees bytes where elements are no whole bytes (F4, F6, blocks of GGUF): 1,
 * and the shape of the bytes; else 0 and the shape as it is.  Rows that are whole bytes stay rows. */
int body_bytes(const struct tensor_body *b, unsigned *rank, uint64_t shape[TENSOR_RANK_MAX]);
struct span body_type(const struct tensor_body *b);		/* "F32", or as the container spells it */
int body_unsupported(const struct tensor_body *b, const char *instead);

/* ---- body_arrow.c ---- */

/* What the messages of a column are made of; fields and pairs point into it. */
enum { BODY_PAIRS = 5 };
struct body_column {
	struct arrow_field field, item;
	struct arrow_pair pair[BODY_PAIRS];	/* of the schema the last three */
	struct buf shape, extension;
	struct arrow_node node[2];		/* as many as field and children; of all rows */
	struct arrow_buffer buffer[3];		/* one more than nodes, the last the data */
};
/* arrow_column - of one that is made but for head, tail and, where elements leave as bits, data.  Clear it on failure, too. */
int arrow_column(struct tensor_body *b, struct body_column *c);
void arrow_column_clear(struct body_column *c);
int arrow_head(struct tensor_body *b);				/* head, tail and data of one that is made but for these */
int arrow_bits(const struct tensor_body *b);			/* 1: elements leave as bits */
int arrow_bits_cat(struct tensor_body *b, uint64_t off, uint64_t len, struct sink *out,
		   int (*progress)(void *arg, uint64_t bytes), void *arg);

/* ---- body_json.c ---- */
int json_make(struct tensor_body *b);
int json_cat(struct tensor_body *b, struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg);

#endif
