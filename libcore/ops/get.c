/* get.c - a DAG into files and folders */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/sig.h"
#include "base/tmpfile.h"
#include "ops/dirs.h"
#include "ops/get_priv.h"

enum { COMPARE = 128 * 1024 };

/* A folder that is being filled. */
struct folder {
	mode_t mode;			/* to set at the end; only if set_mode */
	int set_mode;
	struct unixfs_meta meta;
};

struct get {
	struct getter g;
	struct dirs dirs;
	struct folder *folder;		/* of each level of dirs */
	int cap;
	char *a, *b;			/* room to compare in */
};

/* ---- metadata ---- */

static void times_of(const struct unixfs_meta *m, struct timespec t[2])
{
	t[0] = (struct timespec){ .tv_nsec = UTIME_OMIT };
	t[1] = (struct timespec){ .tv_sec = m->mtime, .tv_nsec = m->nsec };
}

static int set_meta(int fd, const struct unixfs_meta *m)
{
	struct timespec t[2];

	/* setuid and its like are not for files from elsewhere */
	if (m->mode && fchmod(fd, m->mode & 0777) < 0)
		return err_sys("setting its mode");
	times_of(m, t);
	if (m->has_mtime && futimens(fd, t) < 0)
		return err_sys("setting its time");
	return 0;
}

/* ---- files ---- */

/* A sink that says ERR_DIFFER when a file holds other bytes than it gets. */
struct same {
	struct sink sink;
	struct get *x;
	int fd;
	uint64_t at;
};

static int same_bytes(struct same *s, const void *p, size_t len)
{
	struct get *x = s->x;

	while (len) {
		size_t want = len < COMPARE ? len : COMPARE;
		ssize_t n = io_pread(s->fd, x->a, want, s->at, "a file that was there");

		if (n < 0)
			return (int)n;
		if ((size_t)n < want || memcmp(x->a, p, want))
			return err_set(ERR_DIFFER, "it differs");
		p = (const char *)p + want;
		len -= want;
		s->at += want;
	}
	return 0;
}

static int same_put(struct sink *sink, const struct piece *p)
{
	struct same *s = (struct same *)(void *)sink;
	uint64_t done = 0;
	int rc = 0;

	if (p->fd < 0)
		return same_bytes(s, p->bytes.p, p->bytes.len);
	while (rc == 0 && done < p->len) {
		size_t want = p->len - done < COMPARE ? (size_t)(p->len - done) : COMPARE;
		ssize_t n = io_pread(p->fd, s->x->b, want, p->off + done, "segment");

		if (n < 0)
			return (int)n;
		if ((size_t)n < want)
			return err_set(ERR_CORRUPT, "a segment ends before its record does");
		rc = same_bytes(s, s->x->b, want);
		done += want;
	}
	return rc;
}

/* 1: there is such a file with these very bytes (its metadata is set), 0: it must be written */
static int is_there(struct get *x, int dirfd, const char *name, const struct got *e)
{
	struct same s = { { same_put }, x, -1, 0 };
	struct stat st;
	int rc = 0;

	s.fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (s.fd < 0)
		return 0;
	if (!x->a)
		x->a = malloc(COMPARE);
	if (!x->b)
		x->b = malloc(COMPARE);
	if (!x->a || !x->b) {
		rc = err_nomem();
	} else if (fstat(s.fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == e->stat->size) {
		rc = unixfs_cat(x->g.src, e->cid, 0, UINT64_MAX, &s.sink, get_progress, &x->g);
		if (rc == 0)
			rc = s.at == e->stat->size;
		else if (rc == ERR_DIFFER)
			rc = 0;
		if (rc == 1 && set_meta(s.fd, &e->stat->meta) < 0)
			rc = 0;			/* someone else's: put ours in its place */
	}
	close(s.fd);
	return rc;
}

static int put_file(struct get *x, int dirfd, const char *name, const struct got *e)
{
	struct sink_fd sink;
	struct tmpfile t;
	int rc = is_there(x, dirfd, name, e);

	if (rc != 0)
		return rc < 0 ? rc : get_done(&x->g, e, 0);
	rc = tmpfile_open(&t, dirfd, name, 0666);
	if (rc < 0)
		return rc;
	rc = sink_fd_start(&sink, t.fd, name);
	if (rc == 0) {
		rc = unixfs_cat(x->g.src, e->cid, 0, UINT64_MAX, &sink.sink, get_progress, &x->g);
		if (rc == 0)
			rc = sink_fd_end(&sink);
		sink_fd_clear(&sink);
	}
	if (rc == 0)
		rc = set_meta(t.fd, &e->stat->meta);
	if (rc == 0)
		rc = tmpfile_commit(&t, 0);
	tmpfile_close(&t);
	return rc < 0 ? rc : get_done(&x->g, e, 1);
}

/* ---- symlinks ---- */

static int link_is_there(int dirfd, const char *name, const char *target)
{
	char now[4097];
	ssize_t n = readlinkat(dirfd, name, now, sizeof now);

	return n >= 0 && (size_t)n == strlen(target) && !memcmp(now, target, (size_t)n);
}

static int link_new(int dirfd, const char *name, const char *target)
{
	static unsigned counter;
	char tmp[64];
	int tries, slot, rc = 0;

	if (symlinkat(target, dirfd, name) == 0)
		return 0;
	for (tries = 0; errno == EEXIST && tries < 100; tries++) {
		snprintf(tmp, sizeof tmp, ".ipfrs-get.%ld.%u", (long)getpid(), counter++);
		slot = sig_unlink_later(dirfd, tmp);
		if (symlinkat(target, dirfd, tmp) < 0) {
			sig_unlink_done(slot);
			continue;
		}
		if (renameat(dirfd, tmp, dirfd, name) < 0) {
			rc = err_sys("putting a symlink in its place");
			unlinkat(dirfd, tmp, 0);
		}
		sig_unlink_done(slot);
		return rc;
	}
	return err_sys("making a symlink");
}

static int put_link(struct get *x, int dirfd, const char *name, const struct got *e)
{
	struct timespec t[2];
	char *target = strndup((const char *)e->target.p, e->target.len);
	int was = 0, rc = 0;

	if (!target)
		return err_nomem();
	if (strlen(target) != e->target.len || !e->target.len)
		rc = err_set(ERR_INVALID, "a symlink cannot point to nothing, or to a NUL");
	else
		was = link_is_there(dirfd, name, target);
	if (rc == 0 && !was)
		rc = link_new(dirfd, name, target);
	free(target);
	times_of(&e->stat->meta, t);
	if (rc == 0 && e->stat->meta.has_mtime && utimensat(dirfd, name, t, AT_SYMLINK_NOFOLLOW) < 0)
		rc = err_sys("setting its time");
	return rc < 0 ? rc : get_done(&x->g, e, !was);
}

/* ---- folders ---- */

/* make or find the folder and go into it */
static int enter(struct get *x, int dirfd, const char *name, const struct got *e, int follow)
{
	struct folder f = { .meta = e->stat->meta };
	int made = mkdirat(dirfd, name, 0777) == 0, fd, rc;
	struct stat st;

	if (!made && errno != EEXIST)
		return err_sys("making the folder");
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return err_set(ERR_EXISTS, "is there already and is not a folder");
	if (fd < 0)
		return err_sys("opening the folder");
	if (fstat(fd, &st) < 0) {
		rc = err_sys("looking at the folder");
		close(fd);
		return rc;
	}
	f.mode = f.meta.mode ? f.meta.mode & 0777 : st.st_mode & 07777;
	if ((st.st_mode & 0700) != 0700) {	/* from an earlier time, or the umask */
		if (fchmod(fd, (st.st_mode & 07777) | 0700) == 0)
			f.set_mode = 1;
	}
	f.set_mode |= f.meta.mode != 0;
	if (x->dirs.n == x->cap) {
		int cap = x->cap ? 2 * x->cap : 16;
		struct folder *more = realloc(x->folder, (size_t)cap * sizeof *more);

		if (!more) {
			close(fd);
			return err_nomem();
		}
		x->folder = more;
		x->cap = cap;
	}
	rc = dirs_push(&x->dirs, fd, name, &st);
	if (rc == 0)
		x->folder[x->dirs.n - 1] = f;
	return rc;
}

/* all in it is there: only now its mode and time */
static int leave(struct get *x)
{
	struct folder *f = &x->folder[x->dirs.n - 1];
	int fd = dirs_fd(&x->dirs), rc = fd < 0 ? fd : 0;
	struct timespec t[2];

	if (rc == 0 && f->set_mode && fchmod(fd, f->mode) < 0)
		rc = err_sys("setting its mode");
	times_of(&f->meta, t);
	if (rc == 0 && f->meta.has_mtime && futimens(fd, t) < 0)
		rc = err_sys("setting its time");
	dirs_pop(&x->dirs);
	return rc;
}

/* ---- the way through ---- */

static int put(struct get *x, int dirfd, const char *name, const struct got *e, int follow)
{
	if (unixfs_is_dir(e->stat->type))
		return enter(x, dirfd, name, e, follow);
	if (unixfs_is_file(e->stat->type))
		return put_file(x, dirfd, name, e);
	if (e->stat->type == UNIXFS_SYMLINK)
		return put_link(x, dirfd, name, e);
	return err_set(ERR_INVALID, "unrecognized node type");
}

static int visit(void *arg, const struct unixfs_visit *v)
{
	struct get *x = arg;
	char name[NAME_MAX + 1];
	struct got e;
	int rc, fd;

	rc = get_entry(&x->g, v, &e);
	if (rc == 0 && v->entry->name.len > NAME_MAX)
		rc = err_set(ERR_LIMIT, "the name has more than %d bytes", NAME_MAX);
	if (rc == 0) {
		memcpy(name, v->entry->name.p, v->entry->name.len);
		name[v->entry->name.len] = 0;
		fd = dirs_fd(&x->dirs);
		if (fd < 0)
			return fd;
		rc = put(x, fd, name, &e, 0);
	}
	if (rc < 0) {
		rc = get_trouble(&x->g, rc, v->path);
		return rc < 0 ? rc : 1;
	}
	return 0;
}

static int left(void *arg)
{
	struct get *x = arg;
	int rc = leave(x);

	return rc < 0 ? get_trouble(&x->g, rc, span_of(NULL, 0)) : 0;
}

static int get_tree(struct get *x, int dirfd, const char *name, const struct got *root)
{
	struct unixfs_tree t = { .recursive = 1, .want_stat = 1, .fn = visit, .leave = left, .arg = x };
	int rc = put(x, dirfd, name, root, 1);

	if (rc < 0 || !unixfs_is_dir(root->stat->type))
		return rc;
	rc = unixfs_tree(x->g.src, root->cid, &t);
	if (rc == 0)
		rc = leave(x);
	return rc;
}

/* the folder that holds the target, open, and the target's name in it */
static int open_parent(const char *target, char **name)
{
	size_t len = strlen(target), from;
	char *dir;
	int fd;

	while (len > 1 && target[len - 1] == '/')
		len--;
	for (from = len; from && target[from - 1] != '/'; from--)
		;
	dir = from ? strndup(target, from) : strdup(".");
	*name = strndup(target + from, len - from);
	if (!dir || !*name) {
		free(dir);
		return err_nomem();
	}
	if (!**name) {			/* "/" */
		free(*name);
		*name = strdup(".");
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = err_sys("opening folder '%s'", dir);
	free(dir);
	return fd;
}

static int is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int ops_get_from(struct dag_source *src, const char *path, const char *target, const struct ops_get *o)
{
	struct get x = { .g = { .o = o } };
	char *own = NULL, *name = NULL, *inside = NULL;
	struct got root;
	int fd = -1, rc;

	rc = ops_get_name(path, &own);
	if (rc == 0)
		rc = get_root(&x.g, src, path, &root);
	if (rc == 0 && !target)
		target = own;
	/* as cp does: a file into a folder */
	if (rc == 0 && !unixfs_is_dir(root.stat->type) && is_folder(target)) {
		if (asprintf(&inside, "%s/%s", target, own) < 0) {
			inside = NULL;
			rc = err_nomem();
		}
		target = inside;
	}
	if (rc == 0)
		rc = fd = open_parent(target, &name);
	if (rc >= 0) {
		x.g.top = target;
		rc = get_tree(&x, fd, name, &root);
	}
	dirs_clear(&x.dirs);
	if (fd >= 0)
		close(fd);
	get_clear(&x.g);
	free(x.folder);
	free(x.a);
	free(x.b);
	free(own);
	free(name);
	free(inside);
	return rc < 0 ? rc : 0;
}

int ops_get(struct store *st, const char *path, const char *target, const struct ops_get *o)
{
	return ops_get_from(store_source(st), path, target, o);
}
