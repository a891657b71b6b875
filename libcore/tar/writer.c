/* writer.c - archives out */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/io.h"
#include "tar/tar_priv.h"

/* By function and not by number: asking libarchive by number makes programs carry, or load, all formats it has. */
static const struct format {
	const char *name;
	int (*set)(struct archive *a);
	int (*filter)(struct archive *a);
	int utf8;
	int own;			/* heads are made by pax.c, libarchive only packs */
} formats[] = {
	{ "tar", archive_write_set_format_pax_restricted, archive_write_add_filter_none, 1, 0 },
	{ "tar.gz", archive_write_set_format_pax_restricted, archive_write_add_filter_gzip, 1, 0 },
	{ "tar.zst", archive_write_set_format_pax_restricted, archive_write_add_filter_zstd, 1, 0 },
	{ "tar.xz", archive_write_set_format_pax_restricted, archive_write_add_filter_xz, 1, 0 },
	{ "tar.bz2", archive_write_set_format_pax_restricted, archive_write_add_filter_bzip2, 1, 0 },
	{ "tar.lz4", archive_write_set_format_pax_restricted, archive_write_add_filter_lz4, 1, 0 },
	{ "pax", archive_write_set_format_raw, archive_write_add_filter_none, 1, 1 },
	{ "pax.gz", archive_write_set_format_raw, archive_write_add_filter_gzip, 1, 1 },
	{ "cpio", archive_write_set_format_cpio_newc, archive_write_add_filter_none, 0, 0 },
	{ "cpio.gz", archive_write_set_format_cpio_newc, archive_write_add_filter_gzip, 0, 0 },
	{ "cpio.zst", archive_write_set_format_cpio_newc, archive_write_add_filter_zstd, 0, 0 },
	{ "cpio.xz", archive_write_set_format_cpio_newc, archive_write_add_filter_xz, 0, 0 },
	{ "cpio.bz2", archive_write_set_format_cpio_newc, archive_write_add_filter_bzip2, 0, 0 },
	{ "cpio.lz4", archive_write_set_format_cpio_newc, archive_write_add_filter_lz4, 0, 0 },
	{ "zip", archive_write_set_format_zip, archive_write_add_filter_none, 1, 0 },
	{ "7z", archive_write_set_format_7zip, archive_write_add_filter_none, 1, 0 },
};

struct tar_writer {
	struct sink *sink;		/* NULL: to fd */
	int fd;
	char *what;
	int own;
	struct buf head;		/* of an own format: between the data of entries */
	uint64_t size;
	struct archive *a;
	struct archive_entry *e;
	struct tar_locale loc;
	char *path;			/* of the entry being written */
	uint64_t left;			/* bytes its data lacks */
	int rc;				/* what went wrong there */
	int drop;			/* no more is to be written */
	char *copy;			/* room for bytes of an extent */
};

enum { COPY = 256 * 1024 };

const char *tar_format_name(int i)
{
	return i >= 0 && i < (int)(sizeof formats / sizeof *formats) ? formats[i].name : NULL;
}

static la_ssize_t put(struct archive *a, void *arg, const void *p, size_t len)
{
	struct tar_writer *w = arg;

	(void)a;
	/* libarchive never hears of a failure here: one that has would not release all it holds.  Whoever called
	 * it looks at w->rc. */
	if (!w->drop && w->rc == 0)
		w->rc = w->sink ? sink_bytes(w->sink, span_of(p, len)) : io_write(w->fd, p, len, w->what);
	return (la_ssize_t)len;
}

static int wrong(struct tar_writer *w)
{
	return w->rc < 0 ? w->rc : tar_fail(w->a, ERR_IO, "writing", w->what);
}

static int writer_open(struct tar_writer *w, const struct format *f)
{
	int rc = tar_locale_new(&w->loc, f->utf8);

	if (rc < 0)
		return rc;
	w->a = archive_write_new();
	w->e = archive_entry_new();
	if (!w->a || !w->e)
		return err_nomem();
	if (f->set(w->a) < ARCHIVE_WARN ||
	    f->filter(w->a) < ARCHIVE_WARN)
		return tar_fail(w->a, ERR_UNSUPPORTED, "writing", w->what);
	/* gzip would store the time of day */
	if (f->filter == archive_write_add_filter_gzip &&
	    archive_write_set_filter_option(w->a, "gzip", "timestamp", NULL) < ARCHIVE_WARN)
		return tar_fail(w->a, ERR_UNSUPPORTED, "writing", w->what);
	archive_write_set_bytes_per_block(w->a, 65536);
	archive_write_set_bytes_in_last_block(w->a, 1);
	tar_enter(&w->loc);
	if (archive_write_open(w->a, w, NULL, put, NULL) < ARCHIVE_WARN || w->rc < 0)
		rc = wrong(w);
	if (rc == 0 && f->own) {
		archive_entry_set_filetype(w->e, AE_IFREG);
		rc = archive_write_header(w->a, w->e) < ARCHIVE_WARN ? wrong(w) : w->rc;
	}
	tar_leave(&w->loc);
	return rc;
}

static int writer_new(struct tar_writer **out, int fd, struct sink *sink, const char *format,
		      const char *what)
{
	const struct format *f = formats;
	const struct format *end = formats + sizeof formats / sizeof *formats;
	struct tar_writer *w;
	int rc;

	*out = NULL;
	while (f < end && strcmp(f->name, format))
		f++;
	if (f == end)
		return err_set(ERR_USAGE, "no archive format '%s' (tar, tar.gz, cpio, zip, 7z, ...)",
			       format);
	w = calloc(1, sizeof *w);
	if (!w)
		return err_nomem();
	w->fd = fd;
	w->sink = sink;
	w->own = f->own;
	w->head = BUF_INIT(8 * TAR_PATH_MAX);
	w->what = strdup(what);
	rc = w->what ? writer_open(w, f) : err_nomem();
	if (rc < 0) {
		tar_writer_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

int tar_writer_new(struct tar_writer **w, int fd, const char *format, const char *what)
{
	return writer_new(w, fd, NULL, format, what);
}

int tar_writer_new_sink(struct tar_writer **w, struct sink *sink, const char *format, const char *what)
{
	return writer_new(w, -1, sink, format, what);
}

static int entry_over(struct tar_writer *w)
{
	if (w->left)
		return err_set(ERR_CORRUPT, "'%s' ended %" PRIu64 " bytes before its size", w->path,
			       w->left);
	return 0;
}

static int feed(struct tar_writer *w, struct span bytes)
{
	while (bytes.len) {
		la_ssize_t n = archive_write_data(w->a, bytes.p, bytes.len);

		if (n <= 0 || w->rc < 0)
			return wrong(w);
		bytes.p += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

/* what comes behind the data of the last entry, and in front of that of the next, or the end */
static int own_head(struct tar_writer *w, const struct tar_entry *e, unsigned mode)
{
	static const char zero[2 * PAX_BLOCK];
	int rc;

	buf_reset(&w->head);
	rc = pax_pad(&w->head, w->size);
	w->size = w->left;
	if (rc == 0)
		rc = e ? pax_head(&w->head, e, w->size, mode) : buf_bytes(&w->head, zero, sizeof zero);
	return rc < 0 ? rc : feed(w, buf_span(&w->head));
}

static int entry_make(struct tar_writer *w, const struct tar_entry *e)
{
	static const unsigned types[] = { AE_IFREG, AE_IFDIR, AE_IFLNK, AE_IFREG };
	static const unsigned modes[] = { 0644, 0755, 0777, 0644 };
	unsigned mode = (e->meta.mode ? e->meta.mode : modes[e->kind]) & 07777;

	if (w->own)
		return own_head(w, e, mode);
	archive_entry_clear(w->e);
	archive_entry_copy_pathname(w->e, e->path);
	archive_entry_set_filetype(w->e, types[e->kind]);
	archive_entry_set_perm(w->e, mode);
	archive_entry_set_mtime(w->e, e->meta.has_mtime ? e->meta.mtime : 0,
				e->meta.has_mtime ? (long)e->meta.nsec : 0);
	archive_entry_set_size(w->e, (la_int64_t)w->left);
	if (e->kind == TAR_SYMLINK)
		archive_entry_copy_symlink(w->e, e->link);
	else if (e->kind == TAR_HARDLINK)
		archive_entry_copy_hardlink(w->e, e->link);
	/* a warning says that a name is not UTF-8: it was stored as it is */
	return archive_write_header(w->a, w->e) < ARCHIVE_WARN ? wrong(w) : w->rc;
}

int tar_writer_entry(struct tar_writer *w, const struct tar_entry *e)
{
	int rc = entry_over(w);

	if (rc < 0)
		return rc;
	if (e->size > INT64_MAX)
		return err_set(ERR_LIMIT, "'%s' is too large for an archive", e->path);
	free(w->path);
	w->path = strdup(e->path);
	if (!w->path)
		return err_nomem();
	w->left = e->kind == TAR_FILE ? e->size : 0;
	tar_enter(&w->loc);
	rc = entry_make(w, e);
	tar_leave(&w->loc);
	return rc < 0 ? err_add(rc, "'%s'", e->path) : 0;
}

int tar_writer_data(struct tar_writer *w, struct span bytes)
{
	int rc;

	if (bytes.len > w->left)
		return err_set(ERR_CORRUPT, "'%s' holds more than its size says",
			       w->path ? w->path : "");
	w->left -= bytes.len;
	tar_enter(&w->loc);
	rc = feed(w, bytes);
	tar_leave(&w->loc);
	return rc;
}

int tar_writer_piece(struct tar_writer *w, const struct piece *p)
{
	uint64_t done = 0;
	int rc = 0;

	if (p->fd < 0)
		return tar_writer_data(w, p->bytes);
	if (!w->copy && !(w->copy = malloc(COPY)))
		return err_nomem();
	while (rc == 0 && done < p->len) {
		size_t want = p->len - done < COPY ? (size_t)(p->len - done) : COPY;
		ssize_t n = io_pread(p->fd, w->copy, want, p->off + done, "segment");

		if (n < 0)
			return (int)n;
		if ((size_t)n < want)
			return err_set(ERR_CORRUPT, "a segment ends before its record does");
		rc = tar_writer_data(w, span_of(w->copy, want));
		done += want;
	}
	return rc;
}

int tar_writer_end(struct tar_writer *w)
{
	int rc = entry_over(w);

	tar_enter(&w->loc);
	if (rc == 0 && w->own)
		rc = own_head(w, NULL, 0);
	if (rc == 0 && (archive_write_close(w->a) < ARCHIVE_WARN || w->rc < 0))
		rc = wrong(w);
	tar_leave(&w->loc);
	tar_writer_free(w);
	return rc;
}

void tar_writer_free(struct tar_writer *w)
{
	if (!w)
		return;
	w->drop = 1;			/* libarchive would write the archive's end now */
	archive_write_free(w->a);
	archive_entry_free(w->e);
	tar_locale_free(&w->loc);
	buf_clear(&w->head);
	free(w->copy);
	free(w->path);
	free(w->what);
	free(w);
}
