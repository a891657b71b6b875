/* keep.c - the records of a store: one file a name, named by its canonical text */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "base/tmpfile.h"
#include "name_priv.h"

/* The folder.  `change` waits until nobody else changes it, too; closing it lets the next one in. */
static int open_folder(struct store *st, int change, int *dirfd)
{
	struct buf name = BUF_INIT(8192);
	int rc = buf_printf(&name, "%s/names", store_path(st)), r;

	*dirfd = -1;
	if (rc == 0) {
		*dirfd = open((char *)name.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (*dirfd < 0)
			rc = err_sys("opening '%s'", (char *)name.data);
	}
	if (rc == 0 && change) {
		do
			r = flock(*dirfd, LOCK_EX);
		while (r < 0 && errno == EINTR);
		if (r < 0)
			rc = err_sys("locking '%s'", (char *)name.data);
	}
	if (rc < 0 && *dirfd >= 0) {
		close(*dirfd);
		*dirfd = -1;
	}
	buf_clear(&name);
	return rc;
}

static int none(const struct cid *name)
{
	char text[CID_TEXT_MAX];

	return err_set(ERR_NOTFOUND, "no record of the name \"%s\"", cid_text(name, text));
}

static int read_record(int dirfd, const struct cid *name, struct buf *bytes)
{
	char file[CID_TEXT_MAX];
	struct buf in = BUF_INIT(NAME_RECORD_MAX);
	int rc = io_slurp_file(dirfd, cid_text(name, file), &in);

	buf_reset(bytes);
	if (rc == 0)
		rc = buf_add(bytes, buf_span(&in));
	buf_clear(&in);
	return rc == ERR_NOTFOUND ? none(name) : rc;
}

int name_get(struct store *st, const struct cid *name, struct buf *bytes, struct name_record *r)
{
	int dirfd, rc = open_folder(st, 0, &dirfd);

	if (rc == 0)
		rc = read_record(dirfd, name, bytes);
	if (dirfd >= 0)
		close(dirfd);
	return rc < 0 ? rc : name_verify(buf_span(bytes), name, NULL, r);
}

static int write_record(struct store *st, int dirfd, const struct cid *name, struct span record)
{
	char file[CID_TEXT_MAX];
	struct tmpfile t;
	int rc = tmpfile_open(&t, dirfd, cid_text(name, file), 0644);

	if (rc < 0)
		return rc;
	rc = io_write(t.fd, record.p, record.len, file);
	if (rc == 0)
		rc = tmpfile_commit(&t, !(store_flags(st) & STORE_UNSYNCED));
	tmpfile_close(&t);
	return rc;
}

int name_put(struct store *st, const struct cid *name, struct span record, int force)
{
	struct buf here = BUF_INIT(NAME_RECORD_MAX);
	struct name_record ours, theirs;
	int dirfd = -1, better = 1, rc = name_verify(record, name, NULL, &theirs);

	if (rc == 0)
		rc = open_folder(st, 1, &dirfd);
	if (rc < 0)
		return rc;
	if (!force && read_record(dirfd, name, &here) == 0 &&
	    name_verify(buf_span(&here), name, NULL, &ours) == 0)
		better = name_compare(&theirs, &ours) > 0;
	if (better)
		rc = write_record(st, dirfd, name, record);
	close(dirfd);
	buf_clear(&here);
	return rc < 0 ? rc : better;
}

/* the sequence of the next record, from the one here, however old that is */
static int next_sequence(int dirfd, const struct cid *name, const struct name_create *c, uint64_t *sequence)
{
	struct buf here = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	int rc = read_record(dirfd, name, &here), there = 0;

	if (rc == 0) {
		rc = name_verify(buf_span(&here), name, NULL, &r);
		there = rc == 0 || rc == ERR_TIMEOUT;
	}
	if (rc != ERR_NOMEM && rc != ERR_IO && rc != ERR_DENIED)
		rc = 0;
	*sequence = c->sequence;
	if (c->sequence == UINT64_MAX)
		*sequence = there ? r.sequence + !span_equal(r.value, c->value) : 0;
	else if (rc == 0 && there && (c->sequence < r.sequence ||
				      (c->sequence == r.sequence && !span_equal(r.value, c->value))))
		rc = err_set(ERR_DIFFER, "the record here has the sequence %llu already",
			     (unsigned long long)r.sequence);
	if (rc == 0 && there && *sequence < r.sequence)
		rc = err_set(ERR_LIMIT, "the name has no sequence left");
	buf_clear(&here);
	return rc;
}

int name_publish(struct store *st, const struct key *k, const struct name_create *c, struct buf *record)
{
	struct buf out = BUF_INIT(NAME_RECORD_MAX);
	struct name_create now = *c;
	int dirfd, rc = open_folder(st, 1, &dirfd);

	if (rc < 0)
		return rc;
	rc = next_sequence(dirfd, key_name(k), c, &now.sequence);
	if (rc == 0)
		rc = name_create(k, &now, &out);
	if (rc == 0)
		rc = name_verify(buf_span(&out), key_name(k), NULL, NULL);
	if (rc == 0)
		rc = write_record(st, dirfd, key_name(k), buf_span(&out));
	close(dirfd);
	if (record)
		buf_reset(record);
	if (rc == 0 && record)
		rc = buf_add(record, buf_span(&out));
	buf_clear(&out);
	return rc;
}

int name_remove(struct store *st, const struct cid *name)
{
	char file[CID_TEXT_MAX];
	int dirfd, rc = open_folder(st, 1, &dirfd);

	if (rc < 0)
		return rc;
	if (unlinkat(dirfd, cid_text(name, file), 0) < 0)
		rc = errno == ENOENT ? none(name) : err_sys("removing the record of '%s'", file);
	if (rc == 0)
		rc = io_sync_dir(dirfd, ".");
	close(dirfd);
	return rc;
}

/* ---- all of them ---- */

struct list { struct cid *id; size_t n, cap; };

static int list_add(struct list *l, const char *file)
{
	char text[CID_TEXT_MAX];
	struct cid id, *more;

	if (key_id_parse(span_str(file), &id) < 0 || strcmp(cid_text(&id, text), file))
		return 0;		/* something else that is kept here */
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		more = realloc(l->id, l->cap * sizeof *more);
		if (!more)
			return err_nomem();
		l->id = more;
	}
	l->id[l->n++] = id;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	char x[CID_TEXT_MAX], y[CID_TEXT_MAX];

	return strcmp(cid_text(a, x), cid_text(b, y));
}

int name_each(struct store *st, int (*fn)(void *arg, const struct cid *name), void *arg)
{
	struct list l = { 0 };
	struct dirent *e;
	size_t i;
	DIR *d;
	int dirfd, rc = open_folder(st, 0, &dirfd);

	if (rc < 0)
		return rc;
	d = fdopendir(dirfd);
	if (!d) {
		rc = err_sys("reading the names");
		close(dirfd);
		return rc;
	}
	while (rc == 0 && (e = readdir(d)))
		rc = list_add(&l, e->d_name);
	closedir(d);
	if (rc == 0 && l.n)
		qsort(l.id, l.n, sizeof *l.id, by_text);
	for (i = 0; rc == 0 && i < l.n; i++)
		rc = fn(arg, &l.id[i]);
	free(l.id);
	return rc;
}
