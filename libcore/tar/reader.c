/* reader.c - archives in */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/tmpfile.h"
#include "tar/tar_priv.h"

enum { IN = 128 * 1024, MAGIC = 8 };

/*
 * Two libarchive readers, one behind the other: `outer` takes compression off, `inner` knows archive
 * formats.  Between them we see what comes out, and can put zip and 7z, which must be read from the
 * end, into a file first.
 */
struct tar_reader {
	int fd, spool;			/* spool: our own copy, or -1 */
	char *what;
	struct archive *outer, *inner;
	struct tar_locale loc;
	uint8_t *in;			/* what `outer` reads into */
	const void *held;		/* the first run out of `outer`, not yet handed on */
	size_t held_len;
	int piped;			/* inner reads from outer */
	int rc;				/* the error that ended it */
	struct buf path, link;
};

/* ---- compressed bytes in, plain bytes out ---- */
static la_ssize_t outer_read(struct archive *a, void *arg, const void **p)
{
	struct tar_reader *r = arg;
	ssize_t n;

	do
		n = read(r->fd, r->in, IN);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, EIO, "%s", strerror(errno));
	*p = r->in;
	return n;
}

/* 1 and a run of plain bytes, 0 at the end */
static int outer_next(struct tar_reader *r, const void **p, size_t *len)
{
	la_int64_t off;
	int rc;

	if (r->held) {
		*p = r->held;
		*len = r->held_len;
		r->held = NULL;
		return 1;
	}
	do
		rc = archive_read_data_block(r->outer, p, len, &off);
	while (rc == ARCHIVE_RETRY || (rc == ARCHIVE_OK && *len == 0));
	if (rc == ARCHIVE_EOF)
		return 0;
	if (rc < ARCHIVE_WARN)
		return tar_fail(r->outer, ERR_INVALID, "reading", r->what);
	return 1;
}

static la_ssize_t inner_read(struct archive *a, void *arg, const void **p)
{
	struct tar_reader *r = arg;
	size_t len = 0;
	int rc = outer_next(r, p, &len);

	if (rc < 0) {
		r->rc = rc;
		archive_set_error(a, EINVAL, "%s", err_text());
		return -1;
	}
	return rc ? (la_ssize_t)len : 0;
}

static int outer_open(struct tar_reader *r)
{
	struct archive_entry *e;
	int rc;

	r->in = malloc(IN);
	r->outer = archive_read_new();
	if (!r->in || !r->outer)
		return err_nomem();
	/* not the filters that start other programs */
	archive_read_support_filter_gzip(r->outer);
	archive_read_support_filter_bzip2(r->outer);
	archive_read_support_filter_xz(r->outer);
	archive_read_support_filter_zstd(r->outer);
	archive_read_support_filter_lz4(r->outer);
	archive_read_support_format_raw(r->outer);
	archive_read_support_format_empty(r->outer);
	if (archive_read_open(r->outer, r, NULL, outer_read, NULL) < ARCHIVE_WARN)
		return tar_fail(r->outer, ERR_INVALID, "reading", r->what);
	if (archive_filter_count(r->outer) > TAR_NEST_MAX + 1)
		return err_set(ERR_LIMIT, "'%s' is compressed more than %d times over", r->what,
			       TAR_NEST_MAX);
	rc = archive_read_next_header(r->outer, &e);
	if (rc == ARCHIVE_EOF)
		return err_set(ERR_INVALID, "'%s' is empty, not an archive", r->what);
	if (rc < ARCHIVE_WARN)
		return tar_fail(r->outer, ERR_INVALID, "reading", r->what);
	rc = outer_next(r, &r->held, &r->held_len);
	if (rc == 0)
		return err_set(ERR_INVALID, "'%s' is empty, not an archive", r->what);
	return rc < 0 ? rc : 0;
}

/* all plain bytes into a file without a name */
static int spool(struct tar_reader *r)
{
	const void *p;
	size_t len;
	int rc;

	r->spool = tmpfile_nameless(NULL);
	if (r->spool < 0)
		return r->spool;
	while ((rc = outer_next(r, &p, &len)) > 0) {
		rc = io_write(r->spool, p, len, "temporary file");
		if (rc < 0)
			return rc;
	}
	if (rc == 0 && lseek(r->spool, 0, SEEK_SET) < 0)
		rc = err_sys("rewinding a temporary file");
	return rc;
}

static int is_zip(const uint8_t *p, size_t len)
{
	/* a local header, or the end record of an empty archive */
	return len >= 4 && (!memcmp(p, "PK\3\4", 4) || !memcmp(p, "PK\5\6", 4));
}

static int is_7z(const uint8_t *p, size_t len)
{
	return len >= 6 && !memcmp(p, "7z\xbc\xaf\x27\x1c", 6);
}

static int inner_open_fd(struct tar_reader *r, int fd, int zip)
{
	if (zip)
		archive_read_support_format_zip_seekable(r->inner);
	else
		archive_read_support_format_7zip(r->inner);
	if (archive_read_open_fd(r->inner, fd, IN) < ARCHIVE_WARN)
		return tar_fail(r->inner, ERR_INVALID, "reading", r->what);
	return 0;
}

static int reader_open(struct tar_reader *r)
{
	uint8_t magic[MAGIC];
	off_t at = lseek(r->fd, 0, SEEK_CUR);
	ssize_t n = at < 0 ? 0 : pread(r->fd, magic, sizeof magic, at);
	int rc, direct, table;

	if (n < 0)
		n = 0;
	direct = is_zip(magic, (size_t)n) || is_7z(magic, (size_t)n);
	rc = direct ? 0 : outer_open(r);
	if (rc < 0)
		return rc;
	table = direct || is_zip(r->held, r->held_len) || is_7z(r->held, r->held_len);
	rc = tar_locale_new(&r->loc, table);
	if (rc < 0)
		return rc;
	r->inner = archive_read_new();
	if (!r->inner)
		return err_nomem();
	if (direct)
		return inner_open_fd(r, r->fd, is_zip(magic, (size_t)n));
	if (table) {
		int zip = is_zip(r->held, r->held_len);

		rc = spool(r);
		return rc < 0 ? rc : inner_open_fd(r, r->spool, zip);
	}
	r->piped = 1;
	archive_read_support_format_tar(r->inner);
	archive_read_support_format_cpio(r->inner);
	if (archive_read_open(r->inner, r, NULL, inner_read, NULL) < ARCHIVE_WARN)
		return r->rc < 0 ? r->rc : tar_fail(r->inner, ERR_INVALID, "reading", r->what);
	return 0;
}

int tar_reader_new(struct tar_reader **out, int fd, const char *what)
{
	struct tar_reader *r = calloc(1, sizeof *r);
	int rc;

	*out = NULL;
	if (!r)
		return err_nomem();
	r->fd = fd;
	r->spool = -1;
	buf_init(&r->path, TAR_PATH_MAX);
	buf_init(&r->link, TAR_PATH_MAX);
	r->what = strdup(what);
	rc = r->what ? reader_open(r) : err_nomem();
	if (rc < 0) {
		tar_reader_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

/* ---- entries ---- */

/* make a path of names and single slashes, or refuse it */
static int clean(const struct tar_reader *r, const char *text, const char *role, struct buf *out)
{
	const char *p = text;

	buf_reset(out);
	if (*p == '/')
		return err_set(ERR_INVALID, "'%s': %s '%s' is absolute; refused", r->what, role, text);
	if (!*p)
		return err_set(ERR_INVALID, "'%s': an entry without a %s", r->what, role);
	while (*p) {
		size_t n = strcspn(p, "/");
		int rc = 0;

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return err_set(ERR_INVALID, "'%s': %s '%s' contains '..'; refused", r->what,
				       role, text);
		if (n && !(n == 1 && *p == '.')) {
			if (out->len)
				rc = buf_u8(out, '/');
			if (rc == 0)
				rc = buf_bytes(out, p, n);
		}
		if (rc < 0)
			return err_set(rc, "'%s': %s '%.80s...' is longer than %d bytes", r->what,
				       role, text, TAR_PATH_MAX);
		p += n + (p[n] == '/');
	}
	return out->len ? 0 : buf_str(out, ".");
}

static const char *kind_name(unsigned type)
{
	switch (type) {
	case AE_IFBLK: return "a block device";
	case AE_IFCHR: return "a character device";
	case AE_IFIFO: return "a fifo";
	case AE_IFSOCK: return "a socket";
	default: return "of an unknown kind";
	}
}

static void entry_meta(struct tar_entry *e, struct archive_entry *ae)
{
	long nsec = archive_entry_mtime_nsec(ae);

	e->meta.mode = archive_entry_perm(ae) & 07777;
	if (archive_entry_mtime_is_set(ae)) {
		e->meta.has_mtime = 1;
		e->meta.mtime = archive_entry_mtime(ae);
		e->meta.nsec = nsec > 0 && nsec < 1000000000 ? (uint32_t)nsec : 0;
	}
}

static int entry_fill(struct tar_reader *r, struct tar_entry *e, struct archive_entry *ae)
{
	const char *path = archive_entry_pathname(ae), *link = archive_entry_hardlink(ae);
	unsigned type = archive_entry_filetype(ae);
	int rc;

	*e = (struct tar_entry){ .kind = TAR_FILE };
	if (!path)
		return err_set(ERR_INVALID, "'%s': an entry's name is not text: %s", r->what,
			       archive_error_string(r->inner) ? archive_error_string(r->inner) :
			       "unreadable");
	rc = clean(r, path, "name", &r->path);
	if (rc < 0)
		return rc;
	e->path = (const char *)r->path.data;
	if (link) {
		e->kind = TAR_HARDLINK;
		rc = clean(r, link, "hard link target", &r->link);
	} else if (type == AE_IFDIR) {
		e->kind = TAR_DIR;
	} else if (type == AE_IFLNK) {
		e->kind = TAR_SYMLINK;
		link = archive_entry_symlink(ae);
		buf_reset(&r->link);
		if (!link || !*link)
			return err_set(ERR_INVALID, "'%s': symbolic link '%s' has no target",
				       r->what, e->path);
		rc = buf_str(&r->link, link);
		if (rc < 0)
			return err_set(rc, "'%s': the target of '%s' is longer than %d bytes",
				       r->what, e->path, TAR_PATH_MAX);
	} else if (type != AE_IFREG) {
		return err_set(ERR_INVALID, "'%s': '%s' is %s; refused", r->what, e->path,
			       kind_name(type));
	}
	if (rc < 0)
		return rc;
	if (archive_entry_is_encrypted(ae))
		return err_set(ERR_UNSUPPORTED, "'%s': '%s' is encrypted", r->what, e->path);
	if (e->kind != TAR_DIR && !strcmp(e->path, "."))
		return err_set(ERR_INVALID, "'%s': '%s' is not a name for a file", r->what, path);
	if (e->kind == TAR_SYMLINK || e->kind == TAR_HARDLINK)
		e->link = (const char *)r->link.data;
	if (archive_entry_size_is_set(ae) && archive_entry_size(ae) > 0 && e->kind != TAR_DIR &&
	    e->kind != TAR_SYMLINK)
		e->size = (uint64_t)archive_entry_size(ae);
	entry_meta(e, ae);
	return 0;
}

/* read what follows the archive, so that checksums of the compression are checked and the program
 * that writes into our pipe may finish */
static int drain(struct tar_reader *r)
{
	const void *p;
	size_t len;
	int rc;

	if (!r->piped)
		return 0;
	while ((rc = outer_next(r, &p, &len)) > 0)
		;
	return rc;
}

int tar_reader_next(struct tar_reader *r, struct tar_entry *e)
{
	struct archive_entry *ae;
	int rc;

	if (r->rc < 0)
		return err_set(r->rc, "'%s' could not be read before", r->what);
	tar_enter(&r->loc);
	do
		rc = archive_read_next_header(r->inner, &ae);
	while (rc == ARCHIVE_RETRY);
	if (rc == ARCHIVE_EOF)
		rc = drain(r);
	else if (rc < ARCHIVE_WARN)
		rc = r->rc < 0 ? r->rc : tar_fail(r->inner, ERR_INVALID, "reading", r->what);
	else {
		rc = entry_fill(r, e, ae);
		rc = rc < 0 ? rc : 1;
	}
	tar_leave(&r->loc);
	if (rc < 0)
		r->rc = rc;
	return rc;
}

ssize_t tar_reader_data(struct tar_reader *r, void *p, size_t len)
{
	la_ssize_t n;

	if (r->rc < 0)
		return err_set(r->rc, "'%s' could not be read before", r->what);
	tar_enter(&r->loc);
	do
		n = archive_read_data(r->inner, p, len);
	while (n == ARCHIVE_RETRY);
	if (n < 0)
		r->rc = r->rc < 0 ? r->rc : tar_fail(r->inner, ERR_INVALID, "reading", r->what);
	tar_leave(&r->loc);
	return n < 0 ? r->rc : n;
}

void tar_reader_free(struct tar_reader *r)
{
	if (!r)
		return;
	archive_read_free(r->inner);
	archive_read_free(r->outer);
	if (r->spool >= 0)
		close(r->spool);
	tar_locale_free(&r->loc);
	buf_clear(&r->path);
	buf_clear(&r->link);
	free(r->in);
	free(r->what);
	free(r);
}
