/* file.c - the keys of a store: one file a key, that only its owner may read */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/tmpfile.h"
#include "key_priv.h"

static const char temporary[] = ".tmp.";	/* in the names tmpfile makes */

int key_name_check(const char *name)
{
	size_t len = strlen(name), i;
	int bad = len == 0 || len > KEY_NAME_MAX || name[0] == '.' || strstr(name, temporary) ||
		  !utf8_valid(span_str(name));

	for (i = 0; !bad && i < len; i++)
		bad = name[i] == '/' || (unsigned char)name[i] < 0x20 || name[i] == 0x7f;
	return bad ? err_set(ERR_USAGE, "'%.*s' cannot be the name of a key", KEY_NAME_MAX, name) : 0;
}

static int no_key(const char *name)
{
	return err_set(ERR_NOTFOUND, "no key named '%s'", name);
}

/* The folder.  `change` waits until nobody else changes it, too; closing it lets the next one in. */
static int open_folder(const char *path, int change, int *dirfd)
{
	struct buf name = BUF_INIT(8192);
	int rc = buf_printf(&name, "%s/key", path), r;

	*dirfd = -1;
	if (rc == 0) {
		*dirfd = open((char *)name.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (*dirfd < 0)
			rc = errno == ENOENT || errno == ENOTDIR ?
			     err_set(ERR_NOTFOUND, "no store at '%s'; run 'ipfrs-init'", path) :
			     err_sys("opening '%s'", (char *)name.data);
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

static int load(int dirfd, const char *name, struct key **k)
{
	uint8_t bytes[KEY_PRIVATE_MAX + 1];
	ssize_t n;
	int rc, fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return errno == ENOENT ? no_key(name) : err_sys("opening key '%s'", name);
	n = io_read(fd, bytes, sizeof bytes, name);
	close(fd);
	rc = n < 0 ? (int)n : key_decode(span_of(bytes, (size_t)n), k);
	explicit_bzero(bytes, sizeof bytes);
	if (n >= 0 && rc == ERR_INVALID)
		rc = ERR_CORRUPT;
	return rc < 0 ? err_add(rc, "key '%s'", name) : 0;
}

int key_load(const char *path, const char *name, struct key **k)
{
	int dirfd, rc = key_name_check(name);

	if (rc == 0)
		rc = open_folder(path, 0, &dirfd);
	if (rc < 0)
		return rc;
	rc = load(dirfd, name, k);
	close(dirfd);
	return rc;
}

/* 1: there is one of that name */
static int there(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : err_sys("looking for key '%s'", name);
}

static int write_key(int dirfd, const char *name, const struct key *k)
{
	struct buf pb = BUF_INIT(KEY_PRIVATE_MAX + 16);
	struct tmpfile t;
	int rc = key_encode(k, &pb);

	if (rc == 0)
		rc = tmpfile_open(&t, dirfd, name, 0600);
	if (rc == 0) {
		rc = io_write(t.fd, pb.data, pb.len, name);
		if (rc == 0)
			rc = tmpfile_commit(&t, 1);
		tmpfile_close(&t);
	}
	key_wipe(&pb);
	return rc;
}

int key_save(const char *path, const char *name, const struct key *k, int replace)
{
	int dirfd, rc = key_name_check(name);

	if (rc == 0)
		rc = open_folder(path, 1, &dirfd);
	if (rc < 0)
		return rc;
	rc = replace ? 0 : there(dirfd, name);
	if (rc > 0)
		rc = err_set(ERR_EXISTS, "key with name '%s' already exists", name);
	if (rc == 0)
		rc = write_key(dirfd, name, k);
	close(dirfd);
	return rc;
}

int key_self(const char *path, struct key **k)
{
	int rc = key_load(path, "self", k);

	if (rc != ERR_NOTFOUND)
		return rc;
	rc = key_generate(KEY_ED25519, 0, k);
	if (rc == 0)
		rc = key_save(path, "self", *k, 0);
	if (rc == 0)
		return 0;
	key_free(*k);
	*k = NULL;
	return rc == ERR_EXISTS ? key_load(path, "self", k) : rc;	/* another one was faster */
}

int key_remove(const char *path, const char *name)
{
	int dirfd, rc = key_name_check(name);

	if (rc == 0)
		rc = open_folder(path, 1, &dirfd);
	if (rc < 0)
		return rc;
	if (unlinkat(dirfd, name, 0) < 0)
		rc = errno == ENOENT ? no_key(name) : err_sys("removing key '%s'", name);
	if (rc == 0)
		rc = io_sync_dir(dirfd, ".");
	close(dirfd);
	return rc;
}

int key_rename(const char *path, const char *old, const char *new, int replace)
{
	int dirfd, taken = 0, rc = key_name_check(old);

	if (rc == 0)
		rc = key_name_check(new);
	if (rc == 0)
		rc = open_folder(path, 1, &dirfd);
	if (rc < 0)
		return rc;
	rc = there(dirfd, old);
	if (rc == 0)
		rc = no_key(old);
	if (rc > 0)
		rc = taken = there(dirfd, new);
	if (taken > 0 && !replace)
		rc = err_set(ERR_EXISTS, "key with name '%s' already exists", new);
	if (rc >= 0 && renameat(dirfd, old, dirfd, new) < 0)
		rc = err_sys("renaming key '%s'", old);
	if (rc >= 0)
		rc = io_sync_dir(dirfd, ".");
	close(dirfd);
	return rc < 0 ? rc : taken;
}

/* ---- all of them ---- */

struct list { char **name; size_t n, cap; };

static int list_add(struct list *l, const char *name)
{
	char **more;

	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		more = realloc(l->name, l->cap * sizeof *more);
		if (!more)
			return err_nomem();
		l->name = more;
	}
	l->name[l->n] = strdup(name);
	return l->name[l->n++] ? 0 : err_nomem();
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_read(int dirfd, struct list *l)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		rc = err_sys("reading the keys");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (rc == 0 && (e = readdir(d)))
		if (e->d_name[0] != '.' && key_name_check(e->d_name) == 0)
			rc = list_add(l, e->d_name);
	closedir(d);
	if (l->n)
		qsort(l->name, l->n, sizeof *l->name, by_bytes);
	return rc;
}

int key_each(const char *path, int (*fn)(void *arg, const char *name), void *arg)
{
	struct list l = { 0 };
	int dirfd, rc = open_folder(path, 0, &dirfd);
	size_t i;

	if (rc < 0)
		return rc;
	rc = list_read(dirfd, &l);
	for (i = 0; rc == 0 && i < l.n; i++)
		rc = fn(arg, l.name[i]);
	for (i = 0; i < l.n; i++)
		free(l.name[i]);
	free(l.name);
	close(dirfd);
	return rc;
}

struct seek {
	const char *path;
	const struct cid *id;
	struct buf *name;
};

static int is_it(void *arg, const char *name)
{
	struct seek *s = arg;
	struct key *k = NULL;
	int rc = key_load(s->path, name, &k);

	if (rc < 0)
		return 0;		/* a damaged one is not the one */
	rc = cid_equal(key_name(k), s->id) ? buf_str(s->name, name) : 0;
	rc = rc < 0 ? rc : cid_equal(key_name(k), s->id);
	key_free(k);
	return rc;
}

int key_find(const char *path, const struct cid *id, struct buf *name)
{
	struct seek s = { path, id, name };
	char text[CID_TEXT_MAX];
	int rc = key_each(path, is_it, &s);

	if (rc == 0)
		return err_set(ERR_NOTFOUND, "the key of %s is not here", cid_text(id, text));
	return rc < 0 ? rc : 0;
}
