/*
 * add_priv.h - what the files of add share.
 */
#ifndef OPS_ADD_PRIV_H
#define OPS_ADD_PRIV_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/idset.h"
#include "base/ignore.h"
#include "board/board.h"
#include "ops/add.h"

enum { CACHE_DIGEST = 32 };

/* Knows that a put failed: that is the end, while a file that cannot be read is not. */
struct watch {
	struct dag_sink sink;
	struct dag_sink *to;
	int rc;
	struct store *against;		/* NULL: nothing is counted here */
	struct store_puts puts;
};

struct adder {
	struct store *st;		/* NULL: only names */
	struct ops_add o;
	struct watch watch;
	struct unixfs_builder *b;
	struct unixfs_dir *wrap;
	struct idset *names;		/* in the wrapper */
	struct feed *feed;		/* NULL: nothing was fed */
	struct ignore *rules;		/* the one file for all tops; NULL: none */
	struct board *board;
	int board_op;
	struct ops_add_counts counts;
	struct store_puts before;	/* of the store's handle, when the session began */
	struct store_puts read;		/* of the file that was read last, until it is told */
	struct unixfs_cuts cuts;	/* of the file that is read */
	size_t chunk;			/* bytes */
	int rc;				/* the error that ended the session */
	int user_rc;			/* a callback said stop */

	struct buf told;		/* what is told after the next commit */
	/* roots that wait for their commit, and the path of each should it have to be added anew, or
	 * NULL */
	struct cid *roots;
	char **again;
	size_t n_roots;
	uint64_t waiting;		/* bytes added since the last commit */
	int alone;			/* roots do not wait: there is a quota, and each may meet it */

	int cache_off;			/* it led us astray: this time do not trust it */
	int vouched;			/* it was trusted, in this session */
	uint64_t sweeps;		/* the store's counter when the session began */
	uint8_t fingerprint[CACHE_DIGEST];	/* of the options that shape files */
};

/* ---- add_tell.c ---- */
/* add_told - an entry is there; told when durable.  Only roots when not o.all. */
int add_told(struct adder *a, const char *path, const struct unixfs_node *node, int root);
/* add_told_bytes, add_told_top - ops_add.bytes and .top, in their place among what is told. */
int add_told_bytes(struct adder *a, const char *path, uint64_t so_far, int end);
int add_told_top(struct adder *a, const char *name, const struct ops_add_feed_entry *e);
/* add_tell_all - tell what waits: it is durable now. */
int add_tell_all(struct adder *a);

/* ---- add.c ---- */
/* add_flush - make durable, pin and tell what waits; also in the middle of something, whose root does not wait yet. */
int add_flush(struct adder *a);
/* add_top - something asked for is complete: a root, or an entry of the wrapper.  again: the path to add
 * once more if need be, or NULL. */
int add_top(struct adder *a, const char *path, const char *name, const struct unixfs_node *node,
	    const char *again);
/* add_trouble - an entry cannot be added: 0 to go on without it. */
int add_trouble(struct adder *a, int rc, const char *path);
/* add_fatal - must `rc`, which came from building, end the session? */
int add_fatal(const struct adder *a, int rc);
int add_progress(void *arg, uint64_t bytes);	/* arg is the adder */
int add_counted(struct adder *a, int cached);	/* one more file is done */
/* add_meta - the metadata to store of something, NULL: none; `m` is room for it. */
const struct unixfs_meta *add_meta(const struct adder *a, const struct unixfs_meta *of, int symlink,
				   struct unixfs_meta *m);

struct store_puts add_puts(const struct adder *a);	/* of this session */
struct store_puts puts_since(struct store_puts now, const struct store_puts *from);

/* ---- add_body.c ---- */
/* add_body_start - ERR_USAGE: the chunker cannot do what ops_add.tensors asks.
 * add_body_fd - the bytes of a file into blocks, as unixfs_add_fd; _read - as unixfs_add_read.  Tell add_progress (fd),
 * and ops_add.file. */
int add_body_start(struct adder *a);
int add_body_fd(struct adder *a, int fd, const char *path, int clonable, const struct unixfs_meta *meta,
		struct unixfs_node *out);
int add_body_read(struct adder *a, const char *path, ssize_t (*read)(void *arg, void *p, size_t len), void *arg,
		  const struct unixfs_meta *meta, struct unixfs_node *out);

/* ---- add_tree.c ---- */
/* add_tree - a path of the file system into *out: 1, or 0: nothing came of it (told to trouble). */
int add_tree(struct adder *a, const char *path, const char *shown, struct unixfs_node *out);

/* ---- add_feed.c ---- */
void feed_free(struct feed *f);		/* accepts NULL */

/* ---- add_cache.c ---- */
int cache_start(struct adder *a);
/* cache_top - the digest that names of the folder holding `path` are mixed with, and the whole path of
 * that folder, appended to *where; cache_down - the digest of a folder in it. */
int cache_top(struct adder *a, const char *path, uint8_t digest[CACHE_DIGEST], struct buf *where);
void cache_down(const uint8_t above[CACHE_DIGEST], const char *name, uint8_t digest[CACHE_DIGEST]);
/* cache_get - 1: the file was not touched since it was added, and all its blocks are there. */
int cache_get(struct adder *a, const uint8_t dir[CACHE_DIGEST], const char *name,
	      const struct stat *st, struct unixfs_node *node);
/* cache_put - remember; path is the whole one, `before` and `after` are of the open file, around
 * reading it. */
int cache_put(struct adder *a, const uint8_t dir[CACHE_DIGEST], const char *name, const char *path,
	      const struct stat *before, const struct stat *after, const struct unixfs_node *node);
/* cache_leave - a folder was added, with so many files: forget those that went away. */
int cache_leave(struct adder *a, const uint8_t dir[CACHE_DIGEST], uint64_t files);

#endif
