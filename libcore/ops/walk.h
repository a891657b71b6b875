/*
 * walk.h - a tree of files, entry by entry, for the verbs that read one (inside ops only).
 *
 * Everything is opened relative to the folder it was found in and symlinks are not followed unless
 * asked to, so that nobody who renames folders meanwhile can lead the walk elsewhere.  Names come in
 * byte order.  Memory: WALK_NAMES_MEM for names, beyond that a file without a name in tmpdir.  Few folders
 * are open at once (dirs.h).
 */
#ifndef OPS_WALK_H
#define OPS_WALK_H

#include <sys/stat.h>

#include "base/span.h"

enum { WALK_NAMES_MEM = 16 * 1024 * 1024, WALK_SORT_MAX = 65536 };

enum walk_event {
	WALK_END,
	WALK_FILE,		/* an ordinary file */
	WALK_LINK,		/* a symlink not followed */
	WALK_ENTER, WALK_LEAVE,	/* a folder, and when all in it was told */
	WALK_OTHER,		/* a device, fifo or socket */
	WALK_FAIL		/* an entry that cannot be had: rc and err_text; the walk goes on */
};

struct walk_opts {
	int hidden;		/* tell names that begin with a dot, too */
	int follow;		/* symlinks are what they point to */
	int follow_top;		/* … only for the path the walk begins with */
	int want_stat;		/* st of files is needed; else only of folders */
	int depth_max;		/* folders within folders; deeper ones WALK_FAIL with ERR_LIMIT */
	const char *tmpdir;
	/* asked about every entry but the first: 0 passes it over; may be NULL */
	int (*want)(void *arg, const char *rel, int is_dir);
	void *arg;
};

struct walk_entry {
	const char *path;	/* the path the walk began with, "/", and rel */
	const char *rel;	/* below the top: "" for itself */
	const char *name;	/* last component; for opening relative to dirfd */
	int dirfd;		/* the folder that holds it; for ENTER and LEAVE the folder itself */
	int has_stat;
	struct stat st;
	int depth;		/* 0: the top */
	int rc;			/* of WALK_FAIL */
};

struct walk;
/* walk_new - borrows path and opts until free.  ERR_NOTFOUND …: from walk_next, as WALK_FAIL. */
int walk_new(struct walk **w, const char *path, const struct walk_opts *opts);
/* walk_next - the event or an error that ends the walk; *e is good until the next call.  A folder that
 * was entered is left again, whatever happens in it. */
int walk_next(struct walk *w, struct walk_entry *e);
/* walk_open - open the file of a WALK_FILE event: a descriptor whose fstat is in *st, or an error.  Not
 * an ordinary file any more: ERR_INVALID. */
int walk_open(struct walk *w, const struct walk_entry *e, struct stat *st);
void walk_free(struct walk *w);

/* walk_kind - "a fifo", for complaints. */
const char *walk_kind(mode_t mode);

#endif
