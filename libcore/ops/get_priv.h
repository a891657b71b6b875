/*
 * get_priv.h - what getting files and getting archives share.
 */
#ifndef OPS_GET_PRIV_H
#define OPS_GET_PRIV_H

#include "base/buf.h"
#include "ops/get.h"

/* What is to be written: the root, or an entry. */
struct got {
	const struct cid *cid;
	const struct unixfs_stat *stat;
	struct span path;		/* below the root; empty: the root */
	struct span target;		/* of a symlink */
};

struct getter {
	const struct ops_get *o;
	struct dag_source *src;
	const char *top;		/* the target, for messages */
	int stopped;			/* a callback said stop */
	/* of the root */
	struct cid cid;
	struct unixfs_stat stat;
	struct buf target;
	struct buf text;		/* a path for a message */
};

/* get_root - find what `path` leads to; *root borrows from g. */
int get_root(struct getter *g, struct dag_source *src, const char *path, struct got *root);
/* get_entry - an entry as something to write; an error when it cannot be: it was not to be looked at, or
 * has a name that might lead elsewhere. */
int get_entry(struct getter *g, const struct unixfs_visit *v, struct got *e);
/* get_trouble - 0 to go on without the entry; or an error. */
int get_trouble(struct getter *g, int rc, struct span path);
int get_done(struct getter *g, const struct got *e, int written);
int get_progress(void *arg, uint64_t bytes);	/* arg is the getter */
void get_clear(struct getter *g);

#endif
