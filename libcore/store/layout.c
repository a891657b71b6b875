/* layout.c - the folder of a store: making it, its version, its lock */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/tmpfile.h"
#include "store_priv.h"

enum { LAYOUT_VERSION = 1, RESERVE = 256 * 1024 };	/* bytes */

static const char *const reserve = "board/reserve";

const char *const layout_dirs[] = {
	"seg", "index", "pins", "names", "key", "token", "board", "tmp", NULL
};

mode_t layout_mode(const char *dir)
{
	return strcmp(dir, "key") && strcmp(dir, "token") ? 0755 : 0700;
}

int layout_open(const char *path, int *dirfd)
{
	*dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*dirfd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(ERR_NOTFOUND, "no store at '%s'; run 'ipfrs-init'", path);
	if (*dirfd < 0)
		return err_sys("opening '%s'", path);
	return 0;
}

/* "ipfrs-store 1\n" */
int layout_version(int dirfd, const char *path)
{
	struct buf text = BUF_INIT(64);
	uint64_t version = 0;
	char *end;
	int rc = io_slurp_file(dirfd, "version", &text);

	if (rc == ERR_NOTFOUND) {
		if (layout_has_segments(dirfd))
			rc = err_set(ERR_CORRUPT, "the store at '%s' has lost its file 'version'; "
				     "run 'ipfrs-fsck -r'", path);
		else
			rc = err_set(ERR_NOTFOUND, "no store at '%s'; run 'ipfrs-init'", path);
	} else if (rc == 0 || rc == ERR_LIMIT) {
		end = text.len ? strchr((char *)text.data, '\n') : NULL;
		rc = ERR_CORRUPT;
		if (end && end[1] == 0 && !memchr(text.data, 0, text.len) &&
		    !strncmp((char *)text.data, "ipfrs-store ", 12)) {
			*end = 0;
			rc = num_parse((char *)text.data + 12, &version);
		}
		if (rc < 0 || version == 0)
			rc = err_set(ERR_CORRUPT, "'%s/version' is damaged; run 'ipfrs-fsck -r'",
				     path);
		else if (version > LAYOUT_VERSION)
			rc = err_set(ERR_UNSUPPORTED, "the store at '%s' has version %" PRIu64
				     "; this program knows version %d", path, version,
				     LAYOUT_VERSION);
	}
	buf_clear(&text);
	return rc;
}

int layout_write_version(int dirfd)
{
	struct tmpfile t;
	char text[32];
	int rc;

	snprintf(text, sizeof text, "ipfrs-store %d\n", LAYOUT_VERSION);
	rc = tmpfile_open(&t, dirfd, "version", 0644);
	if (rc == 0)
		rc = io_write(t.fd, text, strlen(text), "version");
	if (rc == 0)
		rc = tmpfile_commit(&t, 1);
	tmpfile_close(&t);
	return rc;
}

int layout_busy(const char *path, int how)
{
	return err_set(ERR_BUSY, how == LOCK_EX ? "the store at '%s' is in use; try again later" :
		       "the store at '%s' is being repaired; try again later", path);
}

int layout_same(int dirfd, const char *name, int fd)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && fstatat(dirfd, name, &there, 0) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

int layout_lock(int dirfd, const char *path, int how, int *out)
{
	int fd, rc, tries;

	*out = -1;
	for (tries = 0; tries < 100; tries++) {
		fd = openat(dirfd, "lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0)
			return err_sys("opening '%s/lock'", path);
		do
			rc = flock(fd, how | LOCK_NB);
		while (rc < 0 && errno == EINTR);
		if (rc < 0 && errno == EWOULDBLOCK) {
			close(fd);
			return layout_busy(path, how);
		}
		if (rc < 0) {
			rc = err_sys("locking '%s/lock'", path);
			close(fd);
			return rc;
		}
		/* somebody may have deleted the file we hold */
		if (layout_same(dirfd, "lock", fd)) {
			*out = fd;
			return 0;
		}
		close(fd);
	}
	return err_set(ERR_BUSY, "'%s/lock' does not stay", path);
}

/* Deleting needs room, too: a transaction of the index writes new pages before it frees old ones.
 * So a little is kept, to be given up by whoever frees more. */
void layout_reserve(int dirfd)
{
	int fd = openat(dirfd, reserve, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, RESERVE))
		unlinkat(dirfd, reserve, 0);	/* it would only look like one */
	close(fd);
}

int layout_unreserve(int dirfd)
{
	return unlinkat(dirfd, reserve, 0) == 0;
}

int layout_has_segments(int dirfd)
{
	uint32_t *ids;
	size_t n = 0;

	if (seg_list(dirfd, &ids, &n) == 0)
		free(ids);
	return n > 0;
}

/* remove_tree - a folder of files and folders of the store's own; 0 when it is not there */
int remove_tree(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0) {
		if (errno == ENOENT || unlinkat(dirfd, name, 0) == 0)
			return 0;
		return err_sys("removing '%s'", name);
	}
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_nomem();
	}
	while (rc == 0 && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0)
			rc = errno == EISDIR || errno == EPERM ? remove_tree(fd, e->d_name)
							       : err_sys("removing '%s/%s'",
									 name, e->d_name);
	}
	closedir(d);
	if (rc == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		rc = err_sys("removing '%s'", name);
	return rc;
}

/* 1: only what an init that was cut off may have left */
static int unborn(int dirfd)
{
	static const char *const files[] = { "config", "version", "lock", NULL };
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), i, ours = 1;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (ours && (e = readdir(d))) {
		ours = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
		for (i = 0; !ours && layout_dirs[i]; i++)
			ours = !strcmp(e->d_name, layout_dirs[i]);
		for (i = 0; !ours && files[i]; i++) {
			size_t n = strlen(files[i]);

			ours = !strncmp(e->d_name, files[i], n) &&
			       (!e->d_name[n] || !strncmp(e->d_name + n, ".tmp.", 5));
		}
	}
	closedir(d);
	return ours && !layout_has_segments(dirfd);
}

static int populate(int dirfd, const char *path, const struct config *config)
{
	char dir[4096];
	struct db db;
	int i, rc;

	rc = remove_tree(dirfd, "index");
	for (i = 0; rc == 0 && layout_dirs[i]; i++)
		if (mkdirat(dirfd, layout_dirs[i], layout_mode(layout_dirs[i])) < 0 &&
		    errno != EEXIST)
			rc = err_sys("making folder '%s/%s'", path, layout_dirs[i]);
	if (rc == 0 && snprintf(dir, sizeof dir, "%s/index", path) >= (int)sizeof dir)
		rc = err_set(ERR_LIMIT, "the path '%s' is too long", path);
	if (rc == 0)
		rc = db_open(&db, dir, 0, 1);
	if (rc < 0)
		return rc;
	db_close(&db);
	layout_reserve(dirfd);
	rc = io_sync_dir(dirfd, "index");
	if (rc == 0)
		rc = store_config_save(path, config);
	/* the version comes last: a folder without one is no store yet */
	return rc < 0 ? rc : layout_write_version(dirfd);
}

int store_init(const char *path, const char *config)
{
	struct config *c = NULL;
	char *parent = NULL, *slash;
	int dirfd = -1, lock = -1, rc;

	rc = config_parse(&c, span_str(config ? config : ""));
	if (rc < 0)
		return rc;
	if (mkdir(path, 0755) < 0 && errno != EEXIST) {
		rc = err_sys("making folder '%s'", path);
		goto out;
	}
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0) {
		rc = errno == ENOTDIR ? err_set(ERR_EXISTS, "'%s' is not a folder", path)
				      : err_sys("opening '%s'", path);
		goto out;
	}
	rc = layout_version(dirfd, path);
	if (rc == 0 || rc == ERR_UNSUPPORTED || rc == ERR_CORRUPT)
		rc = err_set(ERR_EXISTS, "there is a store at '%s' already", path);
	else if (rc == ERR_NOTFOUND)
		rc = unborn(dirfd) ? 0 : err_set(ERR_EXISTS, "'%s' is not empty", path);
	if (rc == 0)
		rc = layout_lock(dirfd, path, LOCK_EX, &lock);
	if (rc == 0 && faccessat(dirfd, "version", F_OK, 0) == 0)
		rc = err_set(ERR_EXISTS, "there is a store at '%s' already", path);
	if (rc == 0)
		rc = populate(dirfd, path, c);
	if (rc == 0) {
		parent = strdup(path);
		if (!parent) {
			rc = err_nomem();
			goto out;
		}
		while ((slash = strrchr(parent, '/')) && slash != parent && !slash[1])
			*slash = 0;
		if (slash)
			slash[slash == parent] = 0;
		rc = io_sync_dir(AT_FDCWD, slash ? parent : ".");
	}
out:
	free(parent);
	if (lock >= 0)
		close(lock);
	if (dirfd >= 0)
		close(dirfd);
	config_free(c);
	return rc;
}
