/*
 * npy_priv.h - the head of an .npy, in three steps: the words of a Python literal, types, the head.
 */
#ifndef TENSOR_NPY_PRIV_H
#define TENSOR_NPY_PRIV_H

#include "tensor.h"

enum {
	NPY_TEXT_MAX = 10000,		/* characters of the dictionary, NumPy's max_header_size */
	NPY_DEPTH_MAX = 32,		/* of records in records */
	NPY_ITEM_MAX = 0x7fffffff	/* bytes of an element, as NumPy */
};

/* ---- npylit.c: words of a literal ---- */

struct npy_lit {
	const char *start, *p, *end;
	int latin1;			/* versions 1 and 2, else UTF-8 */
};
/* npy_lit_bad - ERR_INVALID with the byte where it happened. */
int npy_lit_bad(const struct npy_lit *l, const char *want);
/* npy_lit_peek - the next character that is no white space, NUL: none.  npy_lit_take - go over it if it is `c`: 1 or 0. */
char npy_lit_peek(struct npy_lit *l);
int npy_lit_take(struct npy_lit *l, char c);
int npy_lit_need(struct npy_lit *l, char c);	/* 0 or ERR_INVALID */
/* npy_lit_comma - behind a member: 1: another one follows, 0: `close` was next and is taken. */
int npy_lit_comma(struct npy_lit *l, char close);
int npy_lit_str(struct npy_lit *l, struct buf *out);		/* unescaped, as UTF-8, in place of what was there */
int npy_lit_uint(struct npy_lit *l, uint64_t *v);
int npy_lit_bool(struct npy_lit *l, int *v);
/* npy_lit_shape - a tuple of lengths. */
int npy_lit_shape(struct npy_lit *l, unsigned *rank, uint64_t shape[TENSOR_RANK_MAX]);
int npy_utf8(struct buf *out, uint32_t c);			/* append a character */

/* ---- npytype.c: what an element is ---- */

struct npy_type {
	enum tensor_dtype dtype;
	uint8_t big_endian;
	uint8_t object;			/* Python objects are in it */
	uint8_t filler;			/* of no type: fills a record when it has no name */
	uint64_t item;			/* bytes */
};
int npy_type_read(struct npy_lit *l, struct npy_type *t, struct buf *text);	/* text: as in tensor_info */

/* ---- npy.c ---- */

struct npy {
	struct tensor_info info;	/* but for name, part and where it is; type is borrowed from `text` */
	int object;
	uint32_t head;			/* bytes in front of the data */
	struct buf text;
};
/* npy_head - read a head from a stream: `read` gives all that is asked, or an error.  `left`: bytes there are, of head and data.
 * Errors as of tensor_open.  Afterwards npy_clear. */
int npy_head(struct npy *n, uint64_t left, int (*read)(void *arg, void *p, size_t len), void *arg);
void npy_clear(struct npy *n);

#endif
