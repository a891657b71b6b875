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
/* dag_need - 0: it is there; or ERR_NOTFOUND, in the words of the source. */
int dag_need(struct dag_source *s, const struct cid *cid);

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
 * `leave`, if set, is called when everything below a block was told (of leaves, too): after a visit that
 * returned 0, post-order.
 * With `once` and a depth_max a CID met again higher up is entered again (it reaches deeper) but not
 * visited again, but left again.  A codec whose links we cannot read is ERR_UNSUPPORTED, not a leaf.
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
	int (*leave)(void *arg, const struct cid *cid, int depth);
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

/*
 * dag_tap - a source in front of another, that tells of the blocks read through it, as they are read; also of
 * identity ones.  `block` gets no bytes (p NULL) for a block that was taken as an extent; a negative return
 * fails the read.  Blocks a dag_stack reads again are not told again.  A dag_extent and the dag_get that
 * follows it for the same CID are one reading.
 */
struct dag_tap {
	struct dag_source source;	/* give this one away */
	struct dag_source *under;	/* borrowed */
	int (*block)(void *arg, const struct cid *cid, struct span bytes);
	void *arg;
	struct cid quiet;		/* is not told; len 0: none.  For a root that is known */
	struct cid taken;		/* the tap's: the last one told as an extent */
};
void dag_tap_init(struct dag_tap *t, struct dag_source *under,
		  int (*block)(void *arg, const struct cid *cid, struct span bytes), void *arg);
/* dag_tap_under - the source behind all taps; any other source is its own. */
struct dag_source *dag_tap_under(struct dag_source *s);

/*
 * dag_names - what the links in dag-pb blocks are called, where that takes more than the codec: files
 * and directories.  unixfs_names() is the one there is.
 * lookup: the CID `name` leads to from the dag-pb block `dir`.  ERR_NOTFOUND, `no link named "x" under
 * <cid>`, or the reading's error.
 */
struct dag_names {
	int (*lookup)(struct dag_source *src, const struct cid *dir, struct span name, struct cid *out);
};

/* A value is a block, or stands inside one. */
struct dag_place {
	struct cid cid;			/* of the block */
	const char *rest;		/* the segments inside it; "": the block itself.  Borrowed from the path */
};

/*
 * dag_resolve - follow the segments of `rest` ("a/b", as dag_path has it) from the block `root`: keys of
 * maps, decimal indexes of lists, and across links into the blocks they lead to.  dag-pb blocks go by `names`
 * (the name space /ipfs/), or with NULL by the data model, Links/0/Hash (/ipld/).  A link at the end is
 * the answer and what it leads to is not read.  `rest` must outlive *out.
 * Reads one block at a time and at most DAG_SEGMENTS_MAX segments (ERR_LIMIT).  ERR_NOTFOUND: `no link named
 * "x" under <cid>`, or of the last segment inside a block `key not found: "x"`, or a block is not there; ERR_UNSUPPORTED: a codec without a decoder; ERR_INVALID.
 * To hear of the blocks on the way hand in a dag_tap.  Spec: boxo path/resolver, ResolveToLastNode.
 */
enum { DAG_SEGMENTS_MAX = 16384 };
int dag_resolve(struct dag_source *src, const struct cid *root, const char *rest,
		const struct dag_names *names, struct dag_place *out);
/* dag_value - the value at `place`: its block into `block`, decoded as *nd (which borrows from it), and the
 * step of the value in *at.  Both are reset first.  For raw and others without segments, rest is "". */
int dag_value(struct dag_source *src, const struct dag_place *place, struct buf *block, struct node *nd,
	      size_t *at);

/*
 * dag_selector - which part of a DAG is meant: a program for a walk, written as a value of the data model.
 * Spec: ipld/ipld specs/selectors/selectors.md.  What the text leaves open is taken from
 * go-ipld-prime, and for conditions, which that has not: "/": the link; "=": any value; "%": the name of a
 * kind; "hasField": a key; "greaterThan" (">") and "lessThan" ("<"): a number; "and", "or": lists of
 * conditions.  A value that a condition cannot be asked of does not meet it; links are not followed to ask.
 */
struct dag_selector;

enum {
	SELECTOR_CLAUSES_MAX = 4096,	/* clauses and conditions */
	SELECTOR_DEPTH_MAX = 256,	/* in each other */
	SELECTOR_NEST_MAX = 16		/* recursions in each other */
};

/* dag_selector_parse - the selector at `at`, bare or in its envelope {"selector": …}.  gives *sel, which
 * keeps nothing of the node.  ERR_INVALID: `selector: /R/:>/a: missing ">"`, the place and the rule broken;
 * ERR_LIMIT: over the limits above. */
int dag_selector_parse(const struct node *nd, size_t at, struct dag_selector **sel);
void dag_selector_free(struct dag_selector *sel);		/* accepts NULL */

/* Ready-made ones; each gives *sel.  all: everything, every node matched.  block: the root alone.  depth:
 * `n` levels of nodes from the root, which is the first (a dag-pb link is three: Links, an index, Hash).
 * entity: of a file all blocks, of a directory its own.  bytes: what [from, to) of a file needs; negative ones
 * count from the end, INT64_MAX is the end. */
int dag_selector_all(struct dag_selector **sel);
int dag_selector_block(struct dag_selector **sel);
int dag_selector_depth(uint64_t n, struct dag_selector **sel);
int dag_selector_entity(struct dag_selector **sel);
int dag_selector_bytes(int64_t from, int64_t to, struct dag_selector **sel);

/*
 * dag_adl - another reading of a block, by name, for the clause "interpret as": a file as bytes, a directory
 * as a map of links, though both may be many blocks.  unixfs_adls() lists those there are.
 * A view is of one block of the thing; it is plain, owns nothing, and is handed the block at every call.
 */
enum dag_view_kind { DAG_VIEW_NONE, DAG_VIEW_MAP, DAG_VIEW_BYTES };
struct dag_view {
	const struct dag_adl *adl;
	enum dag_view_kind kind;	/* NONE: there is no other reading of this block */
	uint64_t len;			/* BYTES: of the whole, as the block claims */
	uint64_t off, end;		/* BYTES: what is wanted of it, below this block */
	int state;			/* the adl's; 0: the first block of the thing */
	uint64_t own[8];		/* the adl's: where it is in this block */
};
struct dag_adl {
	const char *name;		/* "unixfs"; NULL ends a list */
	int whole;			/* load every block of the thing when it is met */
	/* open - what the block is; adl, off, end and state (next gave them, or all is wanted) are there */
	int (*open)(const struct cid *cid, struct span block, struct dag_view *v);
	/* next - 1: an entry of a map; 2: a block with more of the same thing, BYTES: of what is wanted, and
	 * *below (off, end, state) is for it; 0: the end of this block */
	int (*next)(struct dag_view *v, struct span block, struct span *name, struct cid *cid,
		    struct dag_view *below);
	/* step - of a map: 1: the entry `name`; 2: if at all, it is in this block; 0: there is none */
	int (*step)(const struct dag_view *v, struct span block, struct span name, struct cid *cid,
		    struct dag_view *below);
	int (*read)(struct dag_source *src, const struct cid *cid, uint64_t off, uint64_t len,
		    struct sink *out);
};

/* A node the walk has reached. */
struct dag_selected {
	struct span path;		/* from the root, "a/0/b" */
	const struct cid *cid;		/* of the block it stands in */
	struct span label;		/* the matcher's; p NULL: none */
	int matched;			/* 1: meant; 0: on the way */
	const struct node *nd;		/* the value is at `at`; of a subset the part alone.  NULL: a view */
	size_t at;
	const struct dag_view *view;	/* NULL: a plain node */
	uint64_t off, len;		/* bytes of the view that are meant */
	struct dag_source *src;		/* for dag_selected_read */
};
/* dag_selected_read - the bytes of a matched file, into `out`. */
int dag_selected_read(const struct dag_selected *s, struct sink *out);

/*
 * dag_select - walk a DAG as the selector says: depth first, a node before what is below it, in the order
 * of the block, or of the selector where it names fields.  A link is loaded when it is met.
 *
 * block: every block, when it is loaded; with `once` the first time only.  With `lazy` raw blocks, and leaves
 * of files, that nobody looks into are only looked for (bytes.p NULL).
 * node: every node reached; once for each part of it, or label, that a matcher means.  The blocks that hold what is meant of a
 * file are loaded after it, when there is a `block` to hear of them.
 * Both: 0 goes on, a negative value stops and is returned; either may be NULL.
 * missing: asked about a block that is not there: 0 goes on without it, negative stops (NULL: ERR_NOTFOUND).
 * once: a link is followed again only where the selector is in a state it was not in there before; so nothing
 * that is meant is left out, but the same nodes are not told again under another path.
 * nodes_max, links_max: nodes reached and blocks loaded before the walk ends with ERR_LIMIT; 0: no limit.
 * Memory: the blocks on the way down as in a dag_stack, their nodes, and with `once` a set as in dag_walk.
 * ERR_LIMIT: over DAG_DEPTH_MAX blocks in each other; ERR_UNSUPPORTED: a codec without a decoder, or no adl of
 * that name; ERR_INVALID: a block is not what its codec says.
 */
struct dag_select {
	int (*block)(void *arg, const struct cid *cid, struct span bytes);
	int (*node)(void *arg, const struct dag_selected *s);
	int (*missing)(void *arg, const struct cid *cid);
	void *arg;
	int once, lazy;
	uint64_t nodes_max, links_max;
	const struct dag_adl *adls;	/* borrowed; NULL: none */
	size_t seen_mem;		/* as in dag_walk */
	const char *tmpdir;
};
int dag_select(struct dag_source *src, const struct cid *root, const struct dag_selector *sel,
	       const struct dag_select *opts);

#endif
