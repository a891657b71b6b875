/*
 * dag.h - nodes, and graphs of them: the verbs behind ipfrs-dag.
 * Those that read take any source of blocks; paths are what dag_path_parse accepts, and go across codecs.
 * Spec: the verbs of Kubo core/commands/dag.
 */
#ifndef OPS_DAG_H
#define OPS_DAG_H

#include "ops/read.h"

/* ops_dag_get - append the node at `path`, or the value inside one, encoded by `codec`.  ERR_INVALID: that
 * codec cannot hold it (raw: only bytes; json: no links …). */
int ops_dag_get(struct dag_source *src, const char *path, uint64_t codec, struct buf *out);

/* ---- put ---- */

/*
 * Putting is a session: any number of inputs, each one node or, with `lines`, one in every line.  `put`
 * hears of every node, in order: its CID, when it is safe on the disk and pinned if so asked; or NULL and
 * why not, with err_text (inputs: what stands in it; lines: "line 3: …").  A nonzero return of put stops
 * and is returned.
 * Nodes are kept for a while, to be made durable together; but not while an input that is a pipe lets us wait.
 */
#define OPS_DAG_HASH UINT64_MAX
struct ops_dag_put {
	struct ops_block_put block;	/* how it is stored; hash OPS_DAG_HASH: sha1 for git-raw, else sha2-256 */
	uint64_t input;			/* the codec it comes in; git-raw: also as in .git/objects, by zlib */
	int lines;
	char end;			/* of a line: newline or NUL */
	int (*put)(void *arg, const struct cid *cid, int rc);
	void (*wait)(void *arg);	/* all that came was told, and the next line is not there yet; may be NULL */
	void *arg;
};
void ops_dag_put_init(struct ops_dag_put *o);	/* Kubo's: dag-json to dag-cbor, sha2-256, no pin */

struct dag_putter;
/* begin - o is copied; st NULL: only name the nodes.  ERR_USAGE, ERR_UNSUPPORTED: a codec without a
 * decoder or encoder. */
int ops_dag_put_begin(struct dag_putter **p, struct store *st, const struct ops_dag_put *o);
/* fd - one input to its end.  A node that is refused is no error here; ERR_IO and the like are. */
int ops_dag_put_fd(struct dag_putter *p, int fd, const char *what);
/* read - the same from a function: bytes, 0 at the end, or an error, which is returned.  Lines are not looked for. */
int ops_dag_put_read(struct dag_putter *p, ssize_t (*read)(void *arg, void *p, size_t len), void *arg);
/* path - the same from a file; "-": standard input.  One that cannot be opened is refused as a node is. */
int ops_dag_put_path(struct dag_putter *p, const char *path);
/* end - what waits becomes durable; releases p in any case.  Accepts NULL. */
int ops_dag_put_end(struct dag_putter *p);

/* ---- stat ---- */

/* ops_dag_count - all blocks below one root after the other, each CID once a root; and over all roots
 * each CID once.  Memory: bounded sets, files in tmpdir (borrowed) beyond. */
struct dag_counter;
struct ops_dag_root {
	struct cid cid;
	const char *name;		/* what it is shown as; NULL: by its CID.  The caller's */
	uint64_t n_blocks, bytes;
};
struct ops_dag_sum {
	uint64_t n_blocks, bytes;	/* each CID once */
	uint64_t shared;		/* bytes counted for more than one root */
	float ratio;			/* bytes with those counted again, by bytes without; 0 of 0 is 0 */
};
/* several: there may be more than one root.  progress: bytes and blocks since the last call; nonzero stops */
int ops_dag_count_begin(struct dag_counter **c, struct dag_source *src, int several, const char *tmpdir,
			int (*progress)(void *arg, uint64_t bytes, uint64_t blocks), void *arg);
/* root - ERR_USAGE: the path leads to a value inside a block.  After an error the sum is wrong. */
int ops_dag_count_root(struct dag_counter *c, const char *path, struct ops_dag_root *out);
struct ops_dag_sum ops_dag_count_sum(const struct dag_counter *c);
void ops_dag_count_end(struct dag_counter *c);	/* accepts NULL */

/* ---- links ---- */

/* ops_dag_links - the links of the node at `path`, in its order.  A nonzero return of fn stops and is
 * returned. */
struct ops_dag_link {
	const struct cid *cid;
	struct span name;		/* dag-pb: of the link; else the way to it in the node, "a/0/b" */
	int has_tsize;			/* dag-pb only */
	uint64_t tsize;
};
int ops_dag_links(struct dag_source *src, const char *path,
		  int (*fn)(void *arg, const struct ops_dag_link *l), void *arg);

/* ---- walk ---- */

enum ops_dag_order {
	OPS_DAG_PRE,			/* a block, then what is below it */
	OPS_DAG_POST,			/* … before it: whoever stores them so never has a block without its links */
	OPS_DAG_WIDE			/* by levels */
};

/* What a walk meets: a block; with a selector and `nodes` a node. */
struct ops_dag_met {
	const struct cid *cid;		/* of the block, or of that which holds the node */
	const struct cid *parent;	/* NULL: a root, or not known (with a selector) */
	struct span name;		/* of the link; dag-pb only */
	int depth;			/* links from the root; -1: not known */
	const struct dag_selected *node;	/* with `nodes` */
};

/*
 * ops_dag_walk - every block below `path`, each CID once unless `dups`.
 * With a selector only what it visits, in its order; nodes 1: tell the nodes it reaches, 2: the matched ones.
 * missing: asked about blocks that are not there, each once unless `dups`: 0 goes on without, a negative
 * value stops (NULL: ERR_NOTFOUND).  codecs: tell only of blocks of these; all are walked.
 * post-order with a depth limit: what stands at the limit is told before what is below it, if it is met
 * again further up.  A nonzero return of fn stops and is returned.
 * Memory: bounded; by levels: a list of the next level, which goes to a file in tmpdir when it grows.
 * ERR_USAGE: a selector together with an order or a depth.
 */
struct ops_dag_walk {
	enum ops_dag_order order;
	int depth_max;			/* -1: no limit but DAG_DEPTH_MAX (by levels: none) */
	int dups;
	const struct dag_selector *selector;
	int nodes;
	const uint64_t *codecs;
	size_t n_codecs;
	const char *tmpdir;
	int (*fn)(void *arg, const struct ops_dag_met *m);
	int (*missing)(void *arg, const struct cid *cid);
	void *arg;
};
int ops_dag_walk(struct dag_source *src, const char *path, const struct ops_dag_walk *o);
/* ops_dag_wants - 1: blocks of this codec are told; to ask about missing ones. */
int ops_dag_wants(const struct ops_dag_walk *o, const struct cid *cid);
/* ops_dag_order_by_name - "pre", "post", "wide"; ERR_USAGE. */
int ops_dag_order_by_name(const char *name, enum ops_dag_order *order);

/* ops_dag_selector - a selector as dag-json ("{…"), or the name of a file with it, "-": standard input.
 * Gives *sel, dag_selector_free releases.  Errors of reading; ERR_USAGE: what was read is none. */
int ops_dag_selector(const char *arg, struct dag_selector **sel);

/* ---- diff ---- */

enum ops_dag_change_kind { OPS_DAG_ADDED, OPS_DAG_REMOVED, OPS_DAG_CHANGED };

/* One side of a change: a block (cid), or a value (nd, at) inside one. */
struct ops_dag_side {
	const struct cid *cid;
	const struct node *nd;
	size_t at;
};
struct ops_dag_change {
	enum ops_dag_change_kind kind;
	struct span path;		/* below the roots, "a/b/0"; "": the roots themselves */
	struct ops_dag_side from, to;	/* from of what was added, to of what was removed: empty */
};

/*
 * ops_dag_diff - what leads from one DAG to another.
 * Directories are compared by name, however they are sharded; what has the same CID on both sides is not
 * looked at, so a change deep in a large tree costs the blocks on the way to it, twice.  Values of the
 * data model are compared by key and by index, across links.  Files, and things of different kinds, are
 * changed when their CIDs are.  A directory or node whose CID is another although all below it is equal
 * (other metadata, codec or sharding) is changed itself.  So two roots differ exactly when something is told.
 * deep: tell all below a directory that was added or removed.  missing: what cannot be compared because
 * a block is not there is changed; else ERR_NOTFOUND.
 * Returns 0, or 1: they differ, or fn's negative return, or an error.
 * Memory: the blocks of one pair of nodes; what is still to be compared goes to a file in tmpdir when it
 * grows.  ERR_LIMIT: over DAG_DEPTH_MAX levels; paths over 1 MiB; 65536 shards in a row
 * that differ though no entry does.
 */
struct ops_dag_diff {
	int deep, missing;
	const char *tmpdir;
	int (*fn)(void *arg, const struct ops_dag_change *c);	/* a positive return stops, too: 1 is returned */
	void *arg;
};
int ops_dag_diff(struct dag_source *src, const char *from, const char *to, const struct ops_dag_diff *o);

/* ---- records ---- */

/* Appended to `out` without an end: 0, or the buf's error (on which some of it may be there). */
int ops_dag_cid_text(const struct cid *cid, enum ops_form form, struct buf *out);
int ops_dag_missing_text(const struct cid *cid, enum ops_form form, struct buf *out);
int ops_place_text(const struct ops_place *p, enum ops_form form, struct buf *out);
int ops_dag_link_text(const struct ops_dag_link *l, enum ops_form form, struct buf *out);
int ops_dag_met_text(const struct ops_dag_met *m, enum ops_form form, struct buf *out);
int ops_dag_change_text(const struct ops_dag_change *c, enum ops_form form, struct buf *out);

/* The table of Kubo, or its JSON: a row for every root, gathered in `rows`, and then the whole. */
int ops_dag_root_text(const struct ops_dag_root *r, enum ops_form form, struct buf *rows);
int ops_dag_sum_text(const struct ops_dag_sum *s, struct span rows, enum ops_form form, struct buf *out);
/* ops_human - bytes as Kubo shows them to people, "4.3 MB"; returns out. */
const char *ops_human(uint64_t n, char out[32]);

#endif
