/* select_priv.h - a walk by a selector: where it is, and the blocks on the way there */
#ifndef DAG_SELECT_PRIV_H
#define DAG_SELECT_PRIV_H

#include "base/idset.h"
#include "selector_priv.h"

/* A block some frame stands in.  Those far up may be without their bytes, as in a dag_stack. */
struct held {
	struct cid cid;
	struct buf block;
	struct node nd;
	int whole, decoded;		/* has its bytes; nd is of use (or was, when not whole) */
	size_t len;			/* of the block */
	size_t bytes;			/* of memory it counts for */
};

/*
 * NODE goes through the children of a map or list, VIEW through the entries of a directory, LOAD through
 * the blocks of a thing.  READING is a block that waits to be taken as something else.
 */
enum frame_kind { FRAME_NODE, FRAME_VIEW, FRAME_LOAD, FRAME_READING };

struct frame {
	uint8_t kind;
	uint8_t picks;			/* only the children that the set names */
	uint8_t quiet;			/* the blocks of the view were loaded before */
	uint8_t open;			/* READING: `view` is made */
	int block;			/* index of the one it stands in */
	int depth;			/* segments of its path */
	size_t first, n;		/* what is meant: a set in spots */
	size_t at, pos;			/* NODE: the map or list, and the next step in it */
	uint64_t i, j;			/* NODE: the next index; with `picks` the spot, and which of its names */
	size_t path;			/* bytes of its path */
	struct dag_view view;
};

struct select {
	struct dag_source *src;
	const struct dag_selector *sel;
	const struct dag_select *o;
	struct spots spots;
	struct frame *frame;
	int n_frames, cap_frames;
	struct held *held;
	int n_held, cap_held;
	int whole;			/* held[whole] and later have their bytes */
	size_t bytes;			/* of memory of all */
	struct node spare;		/* memory for the next one */
	struct idset *seen;		/* with `once`: told blocks, followed states */
	struct buf path, state, scratch;
	uint64_t n_nodes, n_links;
};

/* ---- blocks (select_block.c) ---- */

/* select_fetch - a block on the first visit: counted, loaded into `out`, told unless `quiet`.  1; 0: it is not
 * there and the walk goes on without it; or an error. */
int select_fetch(struct select *w, const struct cid *cid, int quiet, struct buf *out);
/* select_glance - as select_fetch for a block nobody looks into: 1 when that was enough. 2: it must be read. */
int select_glance(struct select *w, const struct cid *cid, int quiet);
/* select_hold - a fetched block becomes the deepest one; takes the bytes. */
int select_hold(struct select *w, const struct cid *cid, struct buf *block);
/* select_trim - let go of the blocks behind the first n. */
void select_trim(struct select *w, int n);
/* select_bytes, select_node - the bytes of a held block, and the same with its node. */
int select_bytes(struct select *w, int i, struct span *block);
int select_node(struct select *w, int i, const struct node **nd);
/* select_fresh - 1: this CID was not followed in this state (any bytes) yet; 0: it was. */
int select_fresh(struct select *w, const struct cid *cid, const void *state, size_t len);
void select_blocks_clear(struct select *w);

/* ---- nodes (select.c) ---- */

int select_push(struct select *w, const struct frame *f);
/* select_follow - a link to cid at the path that stands in w->path; the set of it begins at `first`. */
int select_follow(struct select *w, const struct cid *cid, size_t first, int depth);
/* select_arrive - at the value `at` of a held block. */
int select_arrive(struct select *w, int block, size_t at, size_t first, int depth, int through);
/* select_segment - the path of a child of this frame. */
int select_segment(struct select *w, const struct frame *f, struct span name);
/* select_picks - 1: the set names all children it means; 0: any may be. */
int select_picks(const struct select *w, size_t first, size_t n);
/* select_explores - 1: the set means something of children. */
int select_explores(const struct select *w, size_t first, size_t n);
/* select_named_before - 1: a spot of the set before `i` names this child, too. */
int select_named_before(const struct select *w, const struct frame *f, const struct segment *seg);
/* select_told_before - 1: a matcher of the set before `i` means the same part of the node. */
int select_told_before(const struct select *w, size_t first, size_t i, const struct value *v);
/* select_count - one more node. */
int select_count(struct select *w);
/* select_slice - the part [*from, *to) of `len` bytes that a matcher means: 1 or 0. */
int select_slice(const struct clause *c, uint64_t len, uint64_t *from, uint64_t *to);

/* ---- other readings (select_view.c) ---- */

int select_readable(struct select *w);	/* 0; ERR_UNSUPPORTED: the selector names one that is not there */
int select_run_reading(struct select *w);
int select_run_view(struct select *w);
int select_run_load(struct select *w);

#endif
