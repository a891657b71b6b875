/*
 * patch.h - a dag-pb node with one link more or less, and the nodes above it made anew.
 * Works on nodes as they are: directories that are not sharded, and what is no UnixFS at all.  Names below "/" are of
 * the nodes on the way.  What a HAMT or a file says of its links besides would be wrong afterwards, so these are refused
 * unless `any`.
 */
#ifndef OPS_PATCH_H
#define OPS_PATCH_H

#include "store/store.h"

struct ops_patch {
	int any;			/* also what is no plain UnixFS directory */
	int create;			/* make the directories on the way */
	int allow_big;			/* nodes over BLOCK_MAX, too */
};

/*
 * ops_patch_add - `root` with a link to `to` at `path` ("a/b/name"), in place of any of that name; gives its CID in *out.
 * ops_patch_rm - … without the links of that name.
 * The nodes keep version and hash of their CIDs.  Read from src, put into st and committed.
 * ERR_NOTFOUND: "no link by that name", or a block is not there; ERR_INVALID: not dag-pb, or refused as above; ERR_USAGE:
 * no name; ERR_LIMIT: a node over BLOCK_MAX.
 */
int ops_patch_add(struct store *st, struct dag_source *src, const struct cid *root, const char *path,
		  const struct cid *to, const struct ops_patch *o, struct cid *out);
int ops_patch_rm(struct store *st, struct dag_source *src, const struct cid *root, const char *path,
		 const struct ops_patch *o, struct cid *out);

#endif
