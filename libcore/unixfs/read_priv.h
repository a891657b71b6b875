/* read_priv.h - what the reading files of this room share */
#ifndef UNIXFS_READ_PRIV_H
#define UNIXFS_READ_PRIV_H

#include "unixfs/unixfs.h"

/* As many blocks may follow each other without a byte or an entry in them; more are a bomb. */
enum { READ_IDLE_MAX = 65536 };

/* A dag-pb block with the UnixFS message in it, decoded; both borrow from the block. */
struct read_node {
	struct pb_node pb;
	struct unixfs_data data;
};

/* read_decode - the block of a dag-pb CID.  ERR_INVALID: not dag-pb, or `proto: …`. */
int read_decode(const struct buf *block, struct read_node *n);

/* read_get - fetch and decode a node of codec dag-pb; other codecs: ERR_INVALID, "unknown node
 * type".  `block` is emptied first. */
int read_get(struct dag_source *src, const struct cid *cid, struct buf *block, struct read_node *n);

/* read_leaf_extent - the bytes of a leaf that lies plain in the store: 1 and the extent (dag_extent's, without what
 * stands around the bytes); 0: not a leaf, or it must be read; or an error.  from: another way to read a few bytes of
 * the extent, or NULL. */
struct read_bytes {
	ssize_t (*read)(void *arg, int fd, void *to, size_t len, uint64_t off);	/* as io_pread */
	void *arg;
};
int read_leaf_extent(struct dag_source *src, const struct cid *cid, const struct read_bytes *from, struct piece *p);

/* read_wrong_node - ERR_INVALID in the words for a node of this type where a file should be. */
int read_wrong_node(unsigned type, int root);

/* read_stat - what a decoded node says about itself. */
void read_stat(const struct read_node *n, struct unixfs_stat *st);

/* One HAMT shard, checked. */
struct shard {
	int bits;			/* of the hash it uses up: log2 of the fanout */
	size_t prefix;			/* characters of a slot in a link name */
	struct span field;		/* the bitfield, leading zero bytes cut */
};

/* shard_open - the checks of boxo hamt.NewHamtFromDag and go-unixfsnode; ERR_INVALID. */
int shard_open(const struct read_node *n, struct shard *s);
int shard_has(const struct shard *s, unsigned slot);		/* 1 or 0 */
unsigned shard_below(const struct shard *s, unsigned slot);	/* slots in use before this one */

/* read_link - the first link of that name: 1, or 0. */
int read_link(const struct pb_node *node, struct span name, struct pb_link *link);
/* shard_step - the name in one shard, with *used hash bits above it: 1 and the entry, 2 and the shard below
 * where it is if at all (*used counts on), 0: it is not there; ERR_INVALID. */
int shard_step(const struct read_node *n, int *used, struct span name, struct cid *out);

/* read_any - as unixfs_cat; leaves may be of any codec that holds bytes. */
int read_any(struct dag_source *src, const struct cid *cid, uint64_t off, uint64_t len,
	     struct sink *out);

#endif
