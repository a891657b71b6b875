/*
 * get.h - DAGs become files and folders again, or an archive.
 */
#ifndef OPS_GET_H
#define OPS_GET_H

#include <time.h>

#include "store/store.h"
#include "unixfs/unixfs.h"

struct ops_get {
	/* an entry could not be had (err_text); path as the target has it.  0 goes on without it.  NULL:
	 * stop */
	int (*trouble)(void *arg, int rc, const char *path);
	/* an entry is there, each folder behind what is in it; may be NULL */
	int (*entry)(void *arg, const char *path, int written);	/* 0: it was there already */
	int (*progress)(void *arg, uint64_t bytes, uint64_t files);	/* may be NULL; nonzero stops */
	void *arg;
};

/*
 * ops_get - write what is at `path` (as dag_path_parse takes it) to the file system at `target`; NULL:
 * the last component of the path, or the CID, where we stand.
 *
 * A file appears whole or not at all, under a temporary name until then.  A file that is there is read and
 * compared, if its length is right, and left alone when it is the same: an interrupted get goes on
 * where it stopped, and what is damaged is replaced.  Other files in a folder are left.  A target that is a
 * folder receives a file under the path's last name.
 *
 * Nothing is written outside the target: entries are opened relative to their folder, a symlink is never
 * followed (but the target itself), and the names "", ".", ".." and those with '/' or NUL are
 * ERR_INVALID.  Modes (only the bits 0777) and times are set where the DAG has them.  Nothing is synced.
 */
int ops_get(struct store *st, const char *path, const char *target, const struct ops_get *o);
/* ops_get_from - the same from any source of blocks. */
int ops_get_from(struct dag_source *src, const char *path, const char *target, const struct ops_get *o);

/*
 * ops_get_archive - the same as an archive (tar.h lists formats) to fd; everything is below the name
 * ops_get would use.  An entry that turns out broken once its head is out ends the archive with that error.
 */
int ops_get_archive(struct store *st, const char *path, int fd, const char *what, const char *format,
		    const struct ops_get *o);
int ops_get_archive_from(struct dag_source *src, const char *path, int fd, const char *what, const char *format,
			 const struct ops_get *o);

/* ops_get_archive_sink - the same of what is at a CID, below `name`, into a sink (borrowed).  mtime: of entries that
 * have none, NULL: 1970. */
int ops_get_archive_sink(struct dag_source *src, const struct cid *cid, const char *name, const struct timespec *mtime,
			 struct sink *sink, const char *format, const struct ops_get *o);

/* ops_get_name - the name of the target when none is given: gives, release with free().  ERR_USAGE. */
int ops_get_name(const char *path, char **name);

#endif
