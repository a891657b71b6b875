/* tmpfile_test.c - a file that appears whole or not at all, also when a signal comes */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/sig.h"
#include "base/tmpfile.h"
#include "tests/unit/unit.h"

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		abort();
	return fd;
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = -2;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static const char *contents(int dirfd, const char *path)
{
	static struct buf b = BUF_INIT(1000);

	buf_reset(&b);
	return io_slurp_file(dirfd, path, &b) < 0 ? NULL : (const char *)b.data;
}

static int put(struct tmpfile *t, int dirfd, const char *path, const char *text)
{
	int rc = tmpfile_open(t, dirfd, path, 0640);

	return rc < 0 ? rc : io_write(t->fd, text, strlen(text), path);
}

/* root could put a file in the place of /dev/null */
static void devices_and_pipes_stay(void)
{
	char *dir = unit_tmpdir();
	int d = open_dir(dir);
	struct tmpfile t;
	struct stat st;

	if (mkfifoat(d, "fifo", 0600) < 0 || symlinkat("fifo", d, "link") < 0 || symlinkat("/dev/null", d, "null") < 0)
		abort();
	CHECK_ERR(tmpfile_open(&t, d, "fifo", 0600), ERR_USAGE);
	tmpfile_close(&t);
	CHECK_ERR(tmpfile_open(&t, d, "link", 0600), ERR_USAGE);
	CHECK_ERR(tmpfile_open(&t, d, "null", 0600), ERR_USAGE);
	CHECK(fstatat(d, "fifo", &st, 0) == 0 && S_ISFIFO(st.st_mode) && entries(dir) == 3);
	/* a symlink that leads nowhere, or to a file, is replaced itself */
	NEED(symlinkat("nowhere", d, "gone") == 0);
	NEED(put(&t, d, "gone", "one") == 0);
	CHECK(tmpfile_commit(&t, 0) == 0);
	CHECK_STR(contents(d, "gone"), "one");
	close(d);
}

static void written_as_they_are(void)
{
	char *dir = unit_tmpdir(), path[4096], got[8] = "";
	struct tmpfile t;
	int fd;

	snprintf(path, sizeof path, "%s/fifo", dir);
	if (mkfifo(path, 0600) < 0 || (fd = open(path, O_RDONLY | O_NONBLOCK)) < 0)
		abort();
	CHECK(tmpfile_open_any(&t, path, 0600) == 0 && write(t.fd, "one", 3) == 3);
	CHECK(tmpfile_commit(&t, 1) == 0 && t.fd == -1);
	CHECK(read(fd, got, 7) == 3 && !strcmp(got, "one") && entries(dir) == 1);
	CHECK(tmpfile_open_any(&t, path, 0600) == 0);
	tmpfile_close(&t);
	CHECK(entries(dir) == 1);		/* what was not committed is there still */
	close(fd);
	snprintf(path, sizeof path, "%s/file", dir);
	CHECK(tmpfile_open_any(&t, path, 0600) == 0 && entries(dir) == 2 && tmpfile_commit(&t, 0) == 0);
	CHECK(access(path, F_OK) == 0);
}

static void whole(int sync)
{
	char *dir = unit_tmpdir();
	int d = open_dir(dir);
	struct tmpfile t;
	struct stat st;

	umask(022);
	NEED(put(&t, d, "f", "one") == 0);
	CHECK(faccessat(d, "f", F_OK, 0) < 0);		/* not yet */
	CHECK(tmpfile_commit(&t, sync) == 0 && t.fd == -1);
	CHECK_STR(contents(d, "f"), "one");
	CHECK(fstatat(d, "f", &st, 0) == 0 && (st.st_mode & 0777) == 0640);
	NEED(put(&t, d, "f", "two") == 0);
	CHECK_STR(contents(d, "f"), "one");		/* still */
	CHECK(tmpfile_commit(&t, sync) == 0);
	CHECK_STR(contents(d, "f"), "two");
	tmpfile_close(&t);				/* may be called again */
	CHECK(entries(dir) == 1);
	close(d);
}

static void synced(void) { whole(1); }
static void unsynced(void) { whole(0); }

static void dropped(void)
{
	char *dir = unit_tmpdir();
	int d = open_dir(dir);
	struct tmpfile t, u;

	NEED(put(&t, d, "f", "one") == 0);
	NEED(put(&u, d, "f", "two") == 0);		/* two writers of one target */
	tmpfile_close(&t);
	tmpfile_close(&t);
	CHECK(entries(dir) == 1);
	CHECK(tmpfile_commit(&u, 1) == 0);
	CHECK_STR(contents(d, "f"), "two");
	CHECK_ERR(put(&t, d, "no/f", "x"), ERR_NOTFOUND);
	tmpfile_close(&t);
	NEED(mkdirat(d, "sub", 0755) == 0);
	NEED(put(&t, d, "sub/f", "x") == 0);
	CHECK(tmpfile_commit(&t, 1) == 0);
	CHECK_STR(contents(d, "sub/f"), "x");
	NEED(mkdirat(d, "folder", 0755) == 0);
	NEED(put(&t, d, "folder", "x") == 0);
	CHECK(tmpfile_commit(&t, 1) < 0);		/* a folder stands in its way */
	CHECK(entries(dir) == 3);			/* f, sub, folder: nothing temporary */
	close(d);
}

/* the signal ends the process as it would have, without what was half written */
static void signalled(int sig)
{
	char *dir = unit_tmpdir();
	int d = open_dir(dir), status;
	struct tmpfile t;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		signal(sig, SIG_DFL);
		sig_start();
		if (put(&t, d, "kept", "x") < 0 || tmpfile_commit(&t, 0) < 0 ||
		    put(&t, d, "half", "x") < 0)
			_exit(9);
		raise(sig);
		_exit(8);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == sig);
	CHECK(entries(dir) == 1 && contents(d, "kept") != NULL);
	close(d);
}

static void terminated(void) { signalled(SIGTERM); }
static void interrupted(void) { signalled(SIGINT); }

static void slots(void)
{
	int i, n = 0, slot[100];

	for (i = 0; i < 100; i++)
		n += (slot[i] = sig_unlink_later(AT_FDCWD, "no such file")) >= 0;
	CHECK(n >= 8 && n < 100);		/* the rest are told that there is no room */
	for (i = 0; i < 100; i++)
		sig_unlink_done(slot[i]);
	CHECK((i = sig_unlink_later(AT_FDCWD, "no such file")) >= 0);
	sig_unlink_done(i);
	sig_unlink_done(-1);
}

int main(void)
{
	RUN(devices_and_pipes_stay);
	RUN(written_as_they_are);
	RUN(synced);
	RUN(unsynced);
	RUN(dropped);
	RUN(terminated);
	RUN(interrupted);
	RUN(slots);
	return UNIT_END();
}
