/* files_priv.h - what the files of the mutable files share (inside ops only) */
#ifndef OPS_FILES_PRIV_H
#define OPS_FILES_PRIV_H

#include "base/err.h"
#include "ops/files.h"

enum { FILES_DEPTH = DAG_DEPTH_MAX - 64, FILES_PATH_MAX = 1 << 20 };

enum { KEPT = 8, KEPT_MAX = 1024 * 1024 };	/* blocks; bytes of one */

/* The blocks of the store, and the empty directory, which need not be there.  Keeps a few of them, since a change
 * looks at the same directories again and again. */
struct files_source {
	struct dag_source source;
	struct dag_source *under;
	struct cid empty;		/* as the root is named */
	struct cid file;		/* an empty file that need not be there either; len 0: none */
	struct {
		struct cid cid;
		struct buf block;
	} kept[KEPT];
	unsigned next;			/* the one that goes next */
};

/* How something new is named: the version of its CID, and the hash. */
struct naming_as {
	int version;
	uint64_t hash;
};

/* A thing in the tree. */
struct fnode {
	struct cid cid;
	struct unixfs_stat st;
};

/* A path taken apart. */
struct fpath {
	struct buf text;		/* cleaned; a slash at the end, if there was one */
	struct span *name;		/* n of them, in text */
	size_t n;
	int slash;			/* ends in one */
};
/* fpath_parse - ERR_USAGE; ERR_LIMIT: over FILES_DEPTH.  fpath_clear in any case. */
int fpath_parse(struct fpath *p, const char *path);
/* fpath_loose - the same for a path whose first slash may be missing. */
int fpath_loose(struct fpath *p, const char *path);
void fpath_clear(struct fpath *p);
static inline const char *fpath_text(const struct fpath *p) { return (const char *)p->text.data; }
/* fpath_add - one name more, behind the slash at the end. */
int fpath_add(struct fpath *p, struct span name);
/* fpath_span - "/a/b" of the first n names, appended. */
int fpath_span(const struct fpath *p, size_t n, struct buf *out);

/* is_content - begins as a path of content does, which is not looked for among the files. */
int is_content(const char *path);

/* files_settings - the import settings as they count here (Kubo config/import.go UnixFSCidBuilder);
 * not finished yet. */
int files_settings(struct store *st, struct unixfs_opts *o);
/* under NULL: the store's own */
int files_source_init(struct files_source *s, struct store *st, struct dag_source *under);
struct span files_empty_file(void);	/* its block */
/* files_source_clear - in any case, in the end; and when what is read must be there still. */
void files_source_clear(struct files_source *s);

/* node_look - what is at cid; node_child - … at the entry `name` of a directory, ERR_NOTFOUND: `file does not
 * exist`; node_at - … at the end of a path.  node_walk - the same, but 1: a name is missing, which is not said (and a
 * block that is missing is another thing); *found names of the path led somewhere, and dirs, unless it is NULL, has the
 * directories they were looked for in, the root first: as many, and one more where a name was missing. */
int node_look(struct dag_source *src, const struct cid *cid, struct fnode *out);
int node_child(struct dag_source *src, const struct cid *dir, struct span name, struct fnode *out);
int node_at(struct dag_source *src, const struct cid *root, const struct fpath *p, struct fnode *out);
int node_walk(struct dag_source *src, const struct cid *root, const struct fpath *p, struct cid *dirs, size_t *found,
	      struct fnode *out);
static inline int node_is_dir(const struct fnode *f) { return unixfs_is_dir(f->st.type); }
int no_file(void);
/* files_find - what is at p now.  file_only - 0, or why it is no file one can read or write. */
int files_find(struct store *st, const struct fpath *p, struct fnode *out);
/* A path, as it was when somebody looked. */
struct seen {
	const struct fpath *p;
	struct cid *dirs;		/* as of node_walk; room for the names of p */
	struct cid root;
	size_t found;
	struct fnode node;		/* where all names were found */
};
/* files_see - s->p as it is now, through a source that may go on being used; as node_walk. */
int files_see(struct store *st, struct files_source *src, struct seen *s);
int file_only(const struct fpath *p, const struct fnode *n);
/* not_a_dir - the error for a directory, of the first n names, that is none. */
int not_a_dir(const struct fpath *p, size_t n);

/* ---- one transaction: files_change.c ---- */

struct change {
	struct store *st;
	const struct ops_files *o;
	struct files_source src;
	struct unixfs_opts opts;	/* the settings, finished */
	struct naming_as root_as;	/* by the settings */
	struct unixfs_builder *b;
	struct pin_mfs m;
	struct cid root;		/* as it has become so far */
	int grows;			/* it brings bytes: there must be room for them (a store too full must still let go) */
	int foreign;			/* it refers to what was not below the old root */
	uint64_t sweeps;		/* … and was there when this was counted */
};

/* change - make one: fn edits c->root.  It may be called again. */
int change(struct store *st, const struct ops_files *o, int (*fn)(struct change *c, void *arg), void *arg);
/* change_prepare - what a change needs, but for the lock and the root; change_make - with that.  change_clear in any case. */
int change_make(struct change *c, int (*fn)(struct change *c, void *arg), void *arg);
int change_prepare(struct change *c, struct store *st, const struct ops_files *o);
void change_clear(struct change *c);
/* change_as - the naming that the options ask for, else that of the settings. */
int change_as(const struct ops_files *o, const struct naming_as *settings, struct naming_as *as);

/* edit_put - the entry at the end of the first n names becomes `node`; its parents must be there.  n 0: the root.
 * edit_rm - it goes. */
int edit_put(struct change *c, const struct fpath *p, size_t n, const struct unixfs_node *node);
/* edit_put_in - the same for the whole of p, whose directories are known. */
int edit_put_in(struct change *c, const struct fpath *p, const struct cid *dirs, const struct unixfs_node *node);
int edit_rm(struct change *c, const struct fpath *p, size_t n);
/* edit_mkdir - the first n names are directories afterwards; those made are named so.  ERR_EXISTS: the last one is
 * there (only without `parents`, or if it is a file); ERR_NOTFOUND: one above it is not (without parents). */
int edit_mkdir(struct change *c, const struct fpath *p, size_t n, int parents, const struct naming_as *as);
/* edit_parent - the directory of the first n names, which is looked up for something in it. */
int edit_parent(struct change *c, const struct fpath *p, size_t n, struct fnode *dir);
/* put_bytes - a block, into the batch. */
int put_bytes(struct change *c, struct span bytes, const struct naming_as *as, struct cid *cid);
/* renamed - the same block by another CID. */
int renamed(struct change *c, const struct cid *cid, const struct naming_as *as, struct cid *out);

static inline struct unixfs_node node_of(const struct fnode *f)
{
	return (struct unixfs_node){ f->cid, f->st.cumulative, f->st.size, f->st.type };
}

#endif
