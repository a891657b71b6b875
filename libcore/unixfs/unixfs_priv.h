/* unixfs_priv.h - what the writing files of this room share */
#ifndef UNIXFS_UNIXFS_PRIV_H
#define UNIXFS_UNIXFS_PRIV_H

#include "base/pool.h"
#include "unixfs/unixfs.h"

/* How new blocks are named: the version of dag-pb CIDs and the hash; blocks of up to inline_limit
 * bytes are inlined (0: none).  Those identity cannot hold take the big ones (hash 0: are refused). */
struct naming {
	int version;
	uint64_t hash;
	int inline_limit;
	int big_version;
	uint64_t big_hash;
};

/* name_block - the CID of these bytes.  ERR_LIMIT: identity over 128 bytes.  Safe in any thread. */
int name_block(const struct naming *as, uint64_t codec, const struct span *parts, int n,
	       struct cid *cid);

/* chunker_min - length of the shortest chunk but the last; equal to chunker_max: all are alike. */
size_t chunker_min(const struct chunker *c);

/* A place in a list of cuts; cuts NULL: there are none. */
struct cutter {
	const struct unixfs_cuts *cuts;
	size_t max;			/* bytes of a chunk */
	size_t at;			/* in cuts->runs */
	uint64_t len, n;		/* stretches of this run that are still to come */
	uint64_t left;			/* bytes of the stretch we are in */
};

struct cutter cutter_from(const struct unixfs_cuts *cuts, size_t max);
/* cutter_next - the length of the next chunk, of a file without end.  _ahead - of as many of them as there is room for,
 * in bytes and chunks, at least one. */
size_t cutter_next(struct cutter *k);
size_t cutter_ahead(struct cutter k, size_t room, int chunks);

/* ---- file layouts: leaves in, root out ---- */

/* An inner node of a file that is still taking children. */
struct inner {
	struct buf links;
	uint64_t *sizes;		/* file bytes below each child */
	size_t n, cap;
	uint64_t size, below;		/* file bytes; Σ Tsize */
	/* trickle: */
	int depth_max;			/* of its subtrees; -1: no limit */
	int depth, repeat;		/* of the subtree that comes next */
};

void inner_start(struct inner *in);		/* empty; memory is kept */
void inner_clear(struct inner *in);
/* inner_link - a child with its name (file nodes have none); inner_add - the next child.  ERR_LIMIT. */
int inner_link(struct inner *in, struct span cid, struct span name, uint64_t tsize, uint64_t size);
int inner_add(struct inner *in, const struct unixfs_node *child);
/* inner_put - write it with a message like this one, sizes apart. */
int inner_put(struct unixfs_builder *b, const struct naming *as, const struct inner *in,
	      const struct unixfs_data *like, struct unixfs_node *out);

enum { LAYOUT_LEVELS = 64 };		/* 2^64 leaves, and more than any trickle needs */

struct layout {
	struct unixfs_builder *b;
	struct inner level[LAYOUT_LEVELS];	/* balanced: [0] holds leaves; trickle: [0] is the root */
	int n;				/* levels open */
	uint64_t n_leaves;
	struct unixfs_node first;
};

void layout_start(struct layout *l, struct unixfs_builder *b);
int layout_leaf(struct layout *l, const struct unixfs_node *leaf);
/* layout_end - writes the open nodes; balanced with less than two leaves: *out is the first. */
int layout_end(struct layout *l, const struct unixfs_meta *meta, struct unixfs_node *out);
void layout_clear(struct layout *l);

/* ---- the builder ---- */

struct chunk;
struct slab;				/* file.c: a stretch of a file and the chunks in it */

struct unixfs_builder {
	struct unixfs_opts opts;
	struct naming as;
	struct dag_sink *sink;
	const char *tmpdir;
	struct chunker *chunker;
	const struct unixfs_cuts *cuts;	/* of the next file; NULL: none */
	struct pool *pool;		/* made for the first file that needs it */
	struct slab *slabs;
	int n_slabs;
	size_t slab_first, slab_len;	/* bytes of the first few and of the others */
	int slab_chunks;		/* at most */
	uint8_t *zeros;			/* the longest chunk of a hole, once there was one, */
	struct chunk *zero;		/* and the leaf of the last one */
	struct layout layout;
	size_t dir_mem;			/* entries of open directories in memory, bytes */
};

/* The ring of slabs; slabs_plan looks at the chunker. */
int slabs_new(struct unixfs_builder *b);
void slabs_plan(struct unixfs_builder *b);
void slabs_free(struct unixfs_builder *b);

/* put_node - name and hand over a dag-pb block made of `links` and the message `data`; its own
 * length is added to `below`.  Sets cid and tsize of *out. */
int put_node(struct unixfs_builder *b, const struct naming *as, const struct buf *links,
	     struct span data, uint64_t below, struct unixfs_node *out);

/* ---- HAMT from entries sorted by hash ---- */

enum { HAMT_LEVELS = 22 };		/* 64 bits, at least 3 a level, and one */

struct hamt_entry {
	uint64_t hash;			/* murmur3_x64_64 of the name */
	struct span name;
	struct span cid;		/* binary */
	uint64_t tsize;
};

struct hamt;

/* hamt_new - the hash bits before `consumed` are used up by the shards above.  meta may be NULL. */
int hamt_new(struct hamt **h, struct unixfs_builder *b, const struct naming *as, uint32_t fanout,
	     int consumed, const struct unixfs_meta *meta);
/* hamt_add - entries in ascending order of (hash, name).  ERR_EXISTS: the same name again; ERR_LIMIT:
 * "sharded directory too deep". */
int hamt_add(struct hamt *h, const struct hamt_entry *e);
int hamt_end(struct hamt *h, struct unixfs_node *out);
void hamt_free(struct hamt *h);		/* accepts NULL */

/* hamt_prefix - the hex digits of a slot; `digits` of them and a NUL. */
void hamt_prefix(char prefix[8], unsigned slot, int digits);

/* A shard's bitfield, big-endian: bit i is slot i. */
struct hamt_bits { uint8_t b[128]; };
void hamt_bit(struct hamt_bits *bits, unsigned slot, int on);
/* hamt_put - encode the Data message and hand the shard over. */
int hamt_put(struct unixfs_builder *b, const struct naming *as, const struct buf *links,
	     const struct hamt_bits *bits, uint32_t fanout, const struct unixfs_meta *meta,
	     uint64_t below, struct unixfs_node *out);

/* ---- directories, for editing ---- */

/* dir_edit - d was made with unixfs_dir_new for a directory that exists: it is named like that one,
 * a basic one keeps the message `data` (borrowed), names may come twice (old DAGs have them). */
enum dir_form { DIR_AUTO, DIR_BASIC };
void dir_edit(struct unixfs_dir *d, const struct naming *as, struct span data, enum dir_form form,
	      int replaces);
/* dir_name_ok - 0; ERR_INVALID, ERR_LIMIT: no name for a directory entry. */
int dir_name_ok(struct span name);
/* dir_link - as unixfs_dir_add, without looking at the name. */
int dir_link(struct unixfs_dir *d, struct span name, struct span cid, uint64_t tsize);
/* dir_full - it may have fewer entries than n as a basic directory.  dir_over - one of n entries, of that estimate of
 * its size, becomes a HAMT, if the last of them did not take the place of another. */
static inline int dir_full(const struct unixfs_opts *o, uint64_t n)
{
	return o->dir_max_links && n > o->dir_max_links;
}
int dir_over(const struct unixfs_opts *o, uint64_t n, uint64_t estimate, int replaces);

/* dir_data_len - bytes of the Data field of a basic directory (the D of reference section 7.2). */
size_t dir_data_len(const struct unixfs_meta *meta);

#endif
