/*
 * tar.h - archives in and out, through libarchive; the only room that knows it.
 */
#ifndef TAR_TAR_H
#define TAR_TAR_H

#include <sys/types.h>

#include "base/piece.h"
#include "unixfs/unixfs.h"

enum tar_kind { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK };
enum {
	TAR_PATH_MAX = 32768,		/* bytes of a path or link target */
	TAR_NEST_MAX = 2		/* compressions inside one another */
};

struct tar_entry {
	const char *path;		/* as in the archive, checked: relative, no "..", cleaned;
					 * "." for the top */
	enum tar_kind kind;
	const char *link;		/* target of a symlink, or of a hard link: cleaned as path */
	uint64_t size;			/* file bytes if known (see data of the reader) */
	struct unixfs_meta meta;
};

/* tar_reader - open an archive on fd (borrowed): tar (ustar, pax, gnu), cpio, zip, 7z, each also inside
 * gzip, bzip2, xz, zstd or lz4.  Zip and 7z keep their table at the end: where fd cannot seek, or they
 * are compressed once more, they are first copied to a file without a name in $TMPDIR.
 * ERR_INVALID: not an archive.
 * next: 1, 0 at the end; ERR_INVALID: an absolute path or "..", a device, fifo or socket, each named;
 * ERR_LIMIT: a path over TAR_PATH_MAX.  After an error the archive is over.  The entry borrows from
 * the reader until the next call.
 * data: file bytes, 0 at the end of the entry.  Holes read as zeros.  A hard link may have data, too
 * (cpio stores them with the last name): they are the file's that the link points to.
 * Names are the archive's bytes, but libarchive gives those of 7z, and of zip entries marked as UTF-8,
 * in Unicode normal form C. */
struct tar_reader;
int tar_reader_new(struct tar_reader **r, int fd, const char *what);
int tar_reader_next(struct tar_reader *r, struct tar_entry *e);
ssize_t tar_reader_data(struct tar_reader *r, void *p, size_t len);
void tar_reader_free(struct tar_reader *r);

/* tar_writer - format "tar" (pax where it has to be, with whole seconds), "pax" (with parts of them, and no slash
 * behind the names of directories; also "pax.gz"), "cpio", "zip", "7z", with ".gz", ".zst", ".xz", ".bz2", ".lz4" for tar
 * and cpio: "tar.gz".  ERR_USAGE: no such format.  Output is
 * deterministic: no owner, mtime 0 unless the node has one, mode 0755 for directories and 0644 for files
 * without one.  (Zip stores local time besides: whoever wants the same bytes everywhere sets TZ.)
 * entry: a file's size must be right: data beyond it is ERR_CORRUPT, as is less when the entry ends.
 * piece: as data; an extent is read.
 * A 7z is collected in a file without a name in $TMPDIR first.
 * new_sink: the same into a sink (borrowed), in pieces of up to 64 KiB; what its put returns comes back, and
 * after a failure nothing more is put. */
struct tar_writer;
int tar_writer_new(struct tar_writer **w, int fd, const char *format, const char *what);
int tar_writer_new_sink(struct tar_writer **w, struct sink *sink, const char *format, const char *what);
int tar_writer_entry(struct tar_writer *w, const struct tar_entry *e);
int tar_writer_data(struct tar_writer *w, struct span bytes);
int tar_writer_piece(struct tar_writer *w, const struct piece *p);
int tar_writer_end(struct tar_writer *w);	/* finish the archive and release */
void tar_writer_free(struct tar_writer *w);
const char *tar_format_name(int i);		/* NULL at the end */

#endif
