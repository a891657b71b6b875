/*
 * tar.h - archives in and out, through libarchive; the only room that knows it.
 */
#ifndef TAR_TAR_H
#define TAR_TAR_H

#include <sys/types.h>

#include "base/piece.h"
#include "unixfs/unixfs.h"

enum tar_kind { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK };

struct tar_entry {
	const char *path;		/* as in the archive, checked: relative, no "..", cleaned */
	enum tar_kind kind;
	const char *link;		/* target of a symlink or hard link */
	uint64_t size;			/* file bytes if known */
	struct unixfs_meta meta;
};

/* tar_read - open an archive on fd: tar (ustar, pax, gnu), cpio, zip, 7z, each also inside gzip, bzip2,
 * xz, zstd or lz4.  7z needs a seekable fd.  ERR_INVALID: not an archive.
 * next: 1, 0 at the end; ERR_INVALID: an absolute path or "..", a device, fifo or socket, each named;
 * data: file bytes, 0 at the end of the entry. */
struct tar_reader;
int tar_reader_new(struct tar_reader **r, int fd, const char *what);
int tar_reader_next(struct tar_reader *r, struct tar_entry *e);
ssize_t tar_reader_data(struct tar_reader *r, void *p, size_t len);
void tar_reader_free(struct tar_reader *r);

/* tar_writer - format "tar" (pax), "cpio", "zip", "7z", with ".gz", ".zst", ".xz", ".bz2" for tar and
 * cpio: "tar.gz".  ERR_USAGE: no such format.  Output is deterministic: no owner, mtime 0 unless the
 * node has one. */
struct tar_writer;
int tar_writer_new(struct tar_writer **w, int fd, const char *format, const char *what);
int tar_writer_entry(struct tar_writer *w, const struct tar_entry *e);
int tar_writer_data(struct tar_writer *w, struct span bytes);
int tar_writer_end(struct tar_writer *w);	/* finish the archive and release */
void tar_writer_free(struct tar_writer *w);
const char *tar_format_name(int i);		/* NULL at the end */

#endif
