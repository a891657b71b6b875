/* gather_priv.h - what the files that read slices share */
#ifndef TENSOR_GATHER_PRIV_H
#define TENSOR_GATHER_PRIV_H

#include "tensor_priv.h"

/* member_in - the data of a deflated tensor as a file of t->len bytes; `under` is borrowed until close.  Going back begins
 * anew. */
int member_in(struct tensor_in **in, struct tensor_in *under, const struct tensor_info *t);

/* plan_step - go over n runs, which all lie in the last dimension. */
void plan_step(struct tensor_plan *p, uint64_t n);

/* What tensor_cat does for one slice. */
struct gather {
	struct tensor_in *in;
	uint64_t base;			/* of the tensor in `in` */
	struct tensor_plan plan;
	unsigned swap;			/* bytes to turn around, 0: none */
	uint64_t left;			/* bytes to be gathered; some more than `give` where parts of elements are wanted */
	uint64_t give;			/* bytes still to leave */
	uint32_t drop;			/* bytes not wanted of what comes next */
	uint8_t *mem;
	size_t have, size;		/* bytes of mem: in use; all */
	int look;			/* runs lie close enough for in->view */
	uint8_t *span;			/* FETCH_SPAN bytes, where there is no view; NULL until needed */
	uint8_t *columns;		/* of tile.c, likewise */
	struct sink *out;
	int (*progress)(void *arg, uint64_t bytes);
	void *arg;
};
/* gather_flush - let go what mem holds. */
int gather_flush(struct gather *g);
/* gather_seen - 1: what mem was filled with was the file's; 0: fill it again; an error: that happened too often. */
int gather_seen(struct gather *g, int *tries);
/* gather_scattered - 1: runs that stand in another order in the file than in the result.  gather_tiles - those, block by
 * block, from byte `at` of the result on.  gather_tile_count - how many blocks that is, for all of it. */
enum { GATHER_TILE = 16 * 1024 * 1024 };
int gather_scattered(const struct tensor_plan *p);
int gather_tiles(struct gather *g, uint64_t at);
uint64_t gather_tile_count(const struct tensor_plan *p);
/* gather_cat - tensor_cat from one file, where the tensor begins at `base`. */
int gather_cat(struct gather *g, const struct tensor_info *t, const struct tensor_slice *s, uint64_t off, uint64_t len);

/* fetch_runs - n runs of `run` bytes, the first at `off` of the tensor and the others `from` bytes apart, to places `to`
 * bytes apart. */
enum { FETCH_SPAN = 128 * 1024 };
int fetch_runs(struct gather *g, uint64_t off, int64_t from, size_t run, uint64_t n, uint8_t *p, int64_t to);

#endif
