/* modify_priv.h - what the files that modify a file share */
#ifndef UNIXFS_MODIFY_PRIV_H
#define UNIXFS_MODIFY_PRIV_H

#include "unixfs/read_priv.h"
#include "unixfs/unixfs_priv.h"

enum { MODIFY_DEPTH_MAX = LAYOUT_LEVELS };	/* of what is changed in place */

/* Bytes on their way into a file. */
struct pour {
	ssize_t (*read)(void *arg, void *p, size_t len);	/* NULL: they are zeros */
	void *arg;
	uint64_t left;			/* that may still be read; 0: also when the input ended */
	uint64_t stretch;		/* … before a chunk ends, whatever the chunker says */
	uint8_t *mem;			/* `cap` bytes, at least a chunk; [pos, pos + n) was read and not used yet */
	size_t cap, pos, n;
};

/* pour_more - 1: there is a byte to come; 0: not in this stretch; or the error of `read`. */
int pour_more(struct pour *p);
/* pour_fill - have `want` bytes in memory, a chunk at most, or all of the stretch. */
int pour_fill(struct pour *p, size_t want);
/* pour_take - up to `len` bytes, fewer only at the end; returns how many. */
ssize_t pour_take(struct pour *p, void *out, size_t len);

/* One file being modified. */
struct modify {
	struct unixfs_builder *b;
	struct dag_source *src;
	struct naming as;		/* of new blocks */
	int raw;			/* new leaves are raw */
	struct unixfs_meta now;		/* the time */
	struct pour in;
	struct unixfs_node zero;	/* a leaf of zeros, and full subtrees of them by depth; */
	struct unixfs_node zeros[LAYOUT_LEVELS];	/* size 0: not made yet */
};

/* modify_naming - how the block that takes the place of this one is named. */
struct naming modify_naming(const struct modify *m, const struct cid *cid);
/* modify_touch - a time that is there becomes now. */
void modify_touch(const struct modify *m, struct unixfs_meta *meta);
/* modify_read - a dag-pb node of a file, whose sizes agree with each other and with *size (UINT64_MAX: any;
 * set).  ERR_INVALID.  `block` is emptied first. */
int modify_read(const struct modify *m, const struct cid *cid, uint64_t *size, struct buf *block,
		struct read_node *n);
/* modify_raw, modify_leaf - write a raw block; a leaf with the message of *like, whose data is its bytes. */
int modify_raw(const struct modify *m, const struct naming *as, struct span bytes, struct unixfs_node *out);
int modify_leaf(const struct modify *m, const struct naming *as, const struct unixfs_data *like,
		struct unixfs_node *out);
/* modify_append - what is left of this stretch of the input behind the file *at, which is exchanged. */
int modify_append(struct modify *m, struct unixfs_node *at);

#endif
