/*
 * dag.h - graphs of blocks: where blocks come from and go to, walking, plain paths.
 */
#ifndef DAG_DAG_H
#define DAG_DAG_H

#include "base/buf.h"
#include "base/piece.h"
#include "codec/codec.h"
#include "multi/cid.h"

/*
 * dag_source - how everything above the store reads blocks.  A source belongs to one thread.
 * Identity CIDs never reach it: use the dag_get family below.
 */
struct dag_source {
	/* appends the block, checked against the CID; ERR_NOTFOUND, ERR_CORRUPT, ERR_LIMIT */
	int (*get)(struct dag_source *s, const struct cid *cid, struct buf *out);
	/* 1 or 0 */
	int (*has)(struct dag_source *s, const struct cid *cid);
	/* length of the block in bytes; ERR_NOTFOUND */
	int (*size)(struct dag_source *s, const struct cid *cid, uint64_t *len);
	/* 1 and the block as an extent (fd borrowed until the next call on the source), 0: not to
	 * be had as one (compressed, remote), ERR_NOTFOUND.  May be NULL.  Extents are not hashed. */
	int (*extent)(struct dag_source *s, const struct cid *cid, struct piece *p);
};

/* dag_get, dag_has, dag_size, dag_extent - the source's answer; identity CIDs are answered from
 * themselves (dag_extent: inline bytes borrowed from the CID), and the block policy (mh_allowed) is
 * applied first: ERR_DENIED. */
int dag_get(struct dag_source *s, const struct cid *cid, struct buf *out);
int dag_has(struct dag_source *s, const struct cid *cid);
int dag_size(struct dag_source *s, const struct cid *cid, uint64_t *len);
int dag_extent(struct dag_source *s, const struct cid *cid, struct piece *p);

/*
 * A block on its way in: up to four runs of bytes that together are the block.  When its bytes
 * [payload_at, payload_at + payload_len) are also found at src_off of the open file src_fd, a store
 * may share the extent with that file instead of writing them (src_fd -1: no such file).
 */
struct dag_block {
	const struct cid *cid;
	struct span parts[4];
	int n_parts;
	int src_fd;
	uint64_t src_off;
	uint32_t payload_at, payload_len;
};

/* dag_sink - where new blocks go.  put borrows everything for the call.  Identity CIDs must not be
 * handed in (dag_put leaves them out). */
struct dag_sink {
	int (*put)(struct dag_sink *s, const struct dag_block *b);
};
int dag_put(struct dag_sink *s, const struct dag_block *b);

/* dag_sink_null - forgets everything: for "only hash". */
struct dag_sink *dag_sink_null(void);

/*
 * dag_stack - the blocks between a root and the place a walk has reached, for walks that come back
 * to them.  Holds the deepest one and as many above it as fit in DAG_STACK_MEM; the others are dropped
 * and read again when the walk returns to them, so that depth costs time but not memory.
 */
enum { DAG_DEPTH_MAX = 1024, DAG_STACK_MEM = 16 * 1024 * 1024, DAG_BLOCK_MAX = 32 * 1024 * 1024 };

struct dag_level {
	struct cid cid;
	struct buf block;		/* the caller may put something else in its place */
	size_t pos, end;		/* the caller's place in the block */
	size_t held;			/* the stack's: memory it counts for this level */
};

struct dag_stack {
	struct dag_source *src;		/* borrowed */
	struct dag_level *level;	/* level[0] is the root */
	int n, cap;
	int whole;			/* level[whole] and deeper have their blocks */
	size_t held;			/* bytes of blocks */
};

void dag_stack_init(struct dag_stack *s, struct dag_source *src);
void dag_stack_clear(struct dag_stack *s);
/* dag_stack_push - takes the bytes of `block` and leaves it empty (also on failure).  0, or ERR_LIMIT:
 * over DAG_DEPTH_MAX levels; ERR_NOMEM. */
int dag_stack_push(struct dag_stack *s, const struct cid *cid, struct buf *block);
/* dag_stack_top - the deepest level with its block: 1; 2 when the block was just read again, so that
 * what the caller made of it must be made anew; 0 when the stack is empty; or the read's error. */
int dag_stack_top(struct dag_stack *s, struct dag_level **level);
void dag_stack_pop(struct dag_stack *s);

/* dag_leaf - 1: this block has no links, as its codec or a glance at its first bytes shows (a dag-pb
 * block that is Data from end to end); 0: it must be read to tell; or an error (ERR_NOTFOUND: of a
 * dag-pb block that is not there; raw blocks are not looked for).  It spares walks over files of the
 * oldest profile, whose leaves are dag-pb, the reading of every byte in them. */
int dag_leaf(struct dag_source *s, const struct cid *cid);

/* dag_id - a name of 16 bytes for a CID, from a hash with a key drawn once a process: nobody can make
 * two CIDs meet.  For sets of what was seen (base/idset.h).  CIDv0 and CIDv1 of one block differ. */
void dag_id(const struct cid *cid, uint8_t id[16]);

/*
 * dag_walk - depth first, pre-order, parents before children, links in block order.
 * With `once` each CID is visited once; the set of those seen takes up to `seen_mem` bytes of
 * memory (0: 16 MiB), beyond that a temporary file in `tmpdir` (NULL: $TMPDIR or /tmp).
 * Memory: a dag_stack plus the set; more than DAG_DEPTH_MAX levels are ERR_LIMIT.
 * visit: `parent` is NULL for a root; `name` is the link's; `block` holds the bytes.  With want_leaves 0
 * it is empty for leaves: raw blocks, what stands at depth_max, and dag-pb blocks that a glance
 * (dag_extent) shows to be without links are only looked for, not read.  It returns 0 to go on, 1 to
 * skip what is below, or a negative error to stop.  `missing`, if set, is asked about a block that
 * is not there: 0 goes on without it, a negative error stops (default: the ERR_NOTFOUND).
 * With `once` and a depth_max a CID met again higher up is entered again (it reaches deeper) but not
 * visited again.  A codec whose links we cannot read is ERR_UNSUPPORTED, not a leaf.
 */
struct dag_visit {
	const struct cid *cid, *parent;
	struct span name, block;
	int depth;			/* 0: the root */
	int first;			/* with `edges`: 0 when this CID was visited before */
};

struct dag_walk {
	int once;
	int edges;			/* call visit for every link, also to CIDs seen before */
	int want_leaves;		/* read (and so verify) leaves too */
	int depth_max;			/* -1: no limit but DAG_DEPTH_MAX */
	size_t seen_mem;
	const char *tmpdir;
	int (*visit)(void *arg, const struct dag_visit *v);
	int (*missing)(void *arg, const struct cid *cid);
	void *arg;
};

int dag_walk(struct dag_source *s, const struct cid *root, const struct dag_walk *w);

/* dag_stat - unique blocks below root: their number and bytes.  0 or the walk's error. */
struct dag_stat { uint64_t n_blocks, bytes; };
int dag_stat(struct dag_source *s, const struct cid *root, struct dag_stat *out);

/*
 * dag_path - the text of a path, taken apart.
 * Accepts /ipfs/CID/a/b, /ipld/CID/…, ipfs://CID/…, ipfs:CID/… and CID/a/b; cleans as POSIX (`//`,
 * `.` and `..` go).  /ipns/… is ERR_UNSUPPORTED here.  ERR_USAGE: `invalid path "<text>": <reason>`.
 */
struct dag_path {
	struct cid root;
	const struct mb_base *base;	/* the base the CID was written in */
	int ipld;			/* the /ipld/ name space */
	char *rest;			/* "a/b", "" for the root; owned */
};
int dag_path_parse(struct dag_path *p, const char *text);
void dag_path_clear(struct dag_path *p);

#endif
