/*
 * add.h - files, directories and archives become DAGs.
 *
 * An adder is a session: options, then any number of things to add, then the end.  Everything added is a
 * root of its own, pinned and told when it is durable; with `wrap` all become entries of one directory.
 * Names are Kubo's: ipfs add with the same options gives the same CIDs.
 */
#ifndef OPS_ADD_H
#define OPS_ADD_H

#include "pin/pin.h"
#include "store/store.h"
#include "unixfs/unixfs.h"

/* folders within folders; the DAG must not become deeper than DAG_DEPTH_MAX */
enum { OPS_ADD_DEPTH = DAG_DEPTH_MAX - 64 };

struct ops_added {
	const char *path;		/* as asked for, and below it "/a/b"; with wrap the names
					 * inside the wrapper, "" for itself */
	struct unixfs_node node;
	int root;			/* a root: pinned if asked for */
	struct store_puts puts;		/* of a file that was read, with ops_add.measure: its blocks */
};

/* A file that was read. */
struct ops_add_file {
	const char *path;
	uint64_t size;			/* bytes */
	struct store_puts puts;		/* its blocks, and what of them the store had */
	const char *whole;		/* with ops_add.tensors: why it is not cut where tensors begin; NULL: it is */
};

enum ops_follow { OPS_FOLLOW_NONE, OPS_FOLLOW_TOP, OPS_FOLLOW_ALL };

struct ops_add_feed_entry;
struct ops_add {
	struct unixfs_opts dag;		/* ops_add_begin finishes them */
	int recursive;			/* directories are errors without */
	int hidden;			/* entries that begin with a dot, too */
	int wrap;			/* one directory around everything */
	enum ops_follow follow;		/* which symlinks are replaced by what they point to */
	int keep_mode, keep_mtime;	/* store them from the file system or archive */
	struct unixfs_meta meta;	/* store these; go before the kept ones */
	const char *ignore_name;	/* files of rules by this name, in every folder; NULL: none */
	const char *ignore_rules;	/* a file of rules for the top of everything; NULL: none */
	int only_hash;			/* store nothing */
	int pin;
	const char *pin_name;		/* NULL or "": none */
	int cache;			/* remember files in STORE_FILES, and trust it */
	int tensors;			/* files that hold tensors are cut where these begin (tensor_cuts), not those
					 * of a feed; the chunker has to be of a fixed size */
	int measure;			/* count what of each file the store had */
	struct store *against;		/* with only_hash and measure: that store; NULL: none */
	int all;			/* tell every entry, not only roots */
	int tell_early;			/* tell files of a top at once, not when they are durable: its root
					 * vouches for them.  Behind a root that waits to become so, all wait */
	int drop_empty;			/* of a feed, no folder that came with nothing in it but its top */
	int depth_max;
	/* an entry is durable (with only_hash: named), each folder behind what is in it; a nonzero return
	 * stops */
	int (*entry)(void *arg, const struct ops_added *e);
	/* something could not be added (err_text); 0 goes on without it.  NULL: stop */
	int (*trouble)(void *arg, int rc, const char *path);
	/* with measure or tensors: a file was read, and is not durable yet; a nonzero return stops; may be NULL */
	int (*file)(void *arg, const struct ops_add_file *f);
	/* bytes and files since the last call; a nonzero return stops; may be NULL */
	int (*progress)(void *arg, uint64_t bytes, uint64_t files);
	/* of a file of a feed: bytes so far, each time OPS_FEED_STEP more were read, and at its end; a nonzero
	 * return stops; may be NULL */
	int (*bytes)(void *arg, const char *path, uint64_t so_far, int end);
	/* a top of a feed begins ("": without a name, or the wrapper); all of the one before was told (with tell_early).
	 * e: its own entry, only to be looked at, NULL: it has none.  An error ends the session; may be NULL */
	int (*top)(void *arg, const char *name, const struct ops_add_feed_entry *e);
	void *arg;
};

/* ops_add_init - Kubo's defaults: pinned, not recursive, unixfs-v0-2015. */
void ops_add_init(struct ops_add *o);
/* ops_add_config - the import.* values of a store's configuration that Kubo has, too. */
int ops_add_config(struct ops_add *o, const struct config *c);
/* ops_add_set - "key=value,key=value" as unixfs_opts_set knows them, and tensor-align.  ERR_USAGE. */
int ops_add_set(struct ops_add *o, const char *text);
/* ops_add_mode - "644", octal; ops_add_mtime - seconds since 1970, with a fraction if need be;
 * ops_add_preserve - "mode", "mtime" or "mode,mtime".  ERR_USAGE, and *o is as it was (preserve: what
 * came before the mistake is set). */
int ops_add_mode(struct ops_add *o, const char *text);
int ops_add_mtime(struct ops_add *o, const char *text);
int ops_add_preserve(struct ops_add *o, const char *text);
/* ops_add_open - the store at path (STORE_ flags), its settings into *o, then those of `settings` (as
 * ops_add_set; may be NULL).  With only_hash the store may be absent and *st stays as it is.  Gives *st,
 * also when the settings are wrong. */
int ops_add_open(struct ops_add *o, const char *path, int flags, const char *settings,
		 struct store **st);

/* What was added as a record, appended without an end: CID TAB path (plain: the path as it is, not fit
 * for a terminal), or a JSON object. */
int ops_added_text(const struct ops_added *e, int plain, struct buf *out);
int ops_added_json(const struct ops_added *e, struct buf *out);

struct adder;
/* ops_add_begin - o is copied, what it points to borrowed.  st may be NULL with only_hash.
 * ERR_USAGE: options that contradict each other. */
int ops_add_begin(struct adder **a, struct store *st, const struct ops_add *o);

/* ops_add_path - a file, directory or symlink, opened where we stand.
 * ops_add_fd - the bytes of fd to their end, one file.  ops_add_archive - what is in the archive on fd (tar.h
 * says which), as if it had been unpacked and added: entries in any order, the last of one name wins.
 * In `path` they are told under; with wrap its last component is the name (NULL: the CID).
 * 0, also when something was told to `trouble`; an error ends the session: only ops_add_free is left. */
int ops_add_path(struct adder *a, const char *path);
int ops_add_fd(struct adder *a, int fd, const char *path, const char *name);
int ops_add_archive(struct adder *a, int fd, const char *path, const char *name);

/*
 * Entries as they come, one top after the other: what a client sends who has the files.
 *
 * The first component of a path is its top.  A top that is a directory lasts as long as entries below it
 * come; inside it they come in any order, and a directory may be left and entered again: what is
 * said of it the first time counts, folders nobody spoke of are made without metadata.  An entry
 * of another top, or a directory of the top's own name, begins the next one, a root of its own.
 * A directory without a name is a top that holds all that follows; with ops_add.wrap the wrapper
 * is. What is below a file is skipped while it comes right behind the file.
 * Told, as Kubo does: files and symlinks when they are read, directories when their top is complete, each
 * behind what is in it and by names, the top last.
 */
enum { OPS_FEED_STEP = 256 * 1024, OPS_FEED_PATH_MAX = 32768, OPS_FEED_TARGET_MAX = 64 * 1024 };
enum ops_feed { OPS_FEED_FILE, OPS_FEED_DIR, OPS_FEED_LINK };
struct ops_add_feed_entry {
	const char *path;		/* "top/a/b", no "." or ".." in it; "": a file without a name is
					 * called as its CID is */
	enum ops_feed what;
	struct unixfs_meta meta;	/* stored as keep_mode and keep_mtime say */
	/* bytes of the file, or the target; 0 at the end, or an error */
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
};
/* ops_add_feed - may not call `read` at all (the entry is skipped).  Any error ends the session, with nothing
 * pinned or told of the top it is in but its files.  ERR_EXISTS: "directory already has entry by
 * that name", "file already exists" (where a directory should be); ERR_INVALID, ERR_LIMIT: a path.
 * ops_add_feed_end - no more entries: the last top is complete, and the wrapper if there is one and anything
 * came: what is added later stands beside it.  (ops_add_end does it, too.) */
int ops_add_feed(struct adder *a, const struct ops_add_feed_entry *e);
int ops_add_feed_end(struct adder *a);

/* ops_add_counts - what was done so far: files and symlinks, those of them that the cache knew, bytes
 * read, and the blocks of all (with only_hash: if they are measured). */
struct ops_add_counts {
	uint64_t files, cached, bytes;
	struct store_puts puts;
};
struct ops_add_counts ops_add_counts(const struct adder *a);

/* ops_add_flush - make durable, pin and tell everything so far (roots wait a little for company).
 * ops_add_hurry - the same if anything waits: before something may take its time, also in `read` of a feed, so that
 * nobody waits for us while we wait for him. */
int ops_add_flush(struct adder *a);
int ops_add_hurry(struct adder *a);
/* ops_add_fail - an error of the caller's ends the session, too: returns rc, with its message.  With tell_early, what was
 * complete before is made durable and told. */
int ops_add_fail(struct adder *a, int rc);
/* ops_add_end - flush, with wrap the wrapper, and release, always. */
int ops_add_end(struct adder *a);
void ops_add_free(struct adder *a);	/* drop what is not durable; accepts NULL */

/* ops_add_forget - forget what ops_add.cache remembers of files that are no longer where they were, or whose
 * block is no longer in the store; *n of them.  Works while others read and write: some hundred rows
 * a transaction.  Commits the batch. */
int ops_add_forget(struct store *st, uint64_t *n);

#endif
