/* tmpfile.c - a file that appears whole or not at all */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/sig.h"
#include "base/tmpfile.h"

enum { NAME_KEEP = 200 };		/* bytes of the name that its temporary name begins with */

/* Who is allowed to replace a device or a pipe, also one behind a symlink as /dev/stdout, does not want to. */
static int is_no_file(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, 0) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

int tmpfile_open(struct tmpfile *t, int dirfd, const char *path, mode_t mode)
{
	static _Atomic unsigned counter;
	const char *slash = strrchr(path, '/');
	/* a name of 255 bytes has no room for more behind it */
	size_t room = strlen(path) + 64, keep = strlen(path), dir = slash ? (size_t)(slash + 1 - path) : 0;
	struct timespec now;
	int tries;

	*t = (struct tmpfile){ .fd = -1, .dirfd = dirfd, .slot = -1 };
	if (is_no_file(dirfd, path))
		return err_set(ERR_USAGE, "'%s' is a device, pipe or socket, and no file takes its place", path);
	t->path = strdup(path);
	t->tmp = malloc(room);
	if (!t->path || !t->tmp) {
		tmpfile_close(t);
		return err_nomem();
	}
	if (keep - dir > NAME_KEEP)
		keep = dir + NAME_KEEP;
	for (tries = 0; tries < 100; tries++) {
		clock_gettime(CLOCK_REALTIME, &now);
		snprintf(t->tmp, room, "%.*s.tmp.%ld.%lx.%u", (int)keep, path, (long)getpid(),
			 (unsigned long)now.tv_nsec, counter++);
		/* before there is anything to remove: a signal may come in between */
		t->slot = sig_unlink_later(dirfd, t->tmp);
		t->fd = openat(dirfd, t->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (t->fd >= 0)
			break;
		sig_unlink_done(t->slot);
		t->slot = -1;
		if (errno != EEXIST)
			break;
	}
	if (t->fd < 0) {
		int rc = err_sys("creating '%s'", t->tmp);

		free(t->tmp);
		t->tmp = NULL;
		tmpfile_close(t);
		return rc;
	}
	return 0;
}

int tmpfile_open_any(struct tmpfile *t, const char *path, mode_t mode)
{
	int rc;

	if (!is_no_file(AT_FDCWD, path))
		return tmpfile_open(t, AT_FDCWD, path, mode);
	*t = (struct tmpfile){ .fd = -1, .dirfd = AT_FDCWD, .slot = -1, .path = strdup(path) };
	if (!t->path)
		return err_nomem();
	t->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (t->fd >= 0)
		return 0;
	rc = err_sys("opening '%s'", path);
	tmpfile_close(t);
	return rc;
}

/* the folder that holds the target, as a path relative to dirfd; gives, free() it */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int tmpfile_commit(struct tmpfile *t, int sync)
{
	char *dir = NULL;
	int rc = 0;

	sync = sync && t->tmp;			/* not of a device */
	if (sync && fsync(t->fd) < 0)
		rc = err_sys("syncing '%s'", t->path);
	if (close(t->fd) < 0 && rc == 0)
		rc = err_sys("closing '%s'", t->path);
	t->fd = -1;
	if (rc == 0 && t->tmp && renameat(t->dirfd, t->tmp, t->dirfd, t->path) < 0)
		rc = err_sys("renaming to '%s'", t->path);
	if (rc == 0) {
		sig_unlink_done(t->slot);
		t->slot = -1;
		free(t->tmp);
		t->tmp = NULL;
		dir = sync ? parent_of(t->path) : NULL;
		if (sync)
			rc = dir ? io_sync_dir(t->dirfd, dir) : err_nomem();
	}
	free(dir);
	tmpfile_close(t);
	return rc;
}

void tmpfile_close(struct tmpfile *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->tmp)
		unlinkat(t->dirfd, t->tmp, 0);
	sig_unlink_done(t->slot);
	free(t->tmp);
	free(t->path);
	*t = (struct tmpfile){ .fd = -1, .slot = -1 };
}

static int nameless_in(const char *dir)
{
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof path, "%s/ipfrs.XXXXXX", dir) >= (int)sizeof path)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int tmpfile_nameless(const char *dir)
{
	const char *env = getenv("TMPDIR");
	int fd = dir ? nameless_in(dir) : -1;

	if (fd < 0 && env && *env)
		fd = nameless_in(env);
	if (fd < 0)
		fd = nameless_in("/tmp");
	return fd < 0 ? err_sys("creating a temporary file") : fd;
}
