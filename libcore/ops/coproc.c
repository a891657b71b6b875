/* coproc.c - blocks and names from another program */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/num.h"
#include "ops/coproc.h"

extern char **environ;

enum { HEAD_MAX = 64, PATH_MAX_ = 4096 };

struct coproc {
	struct dag_source source;
	struct dag_source *under;
	const char *const *argv;
	pid_t pid;			/* 0: not started */
	int fd;
	int dead;			/* it did not keep to the rules, or would not start */
	struct cid last;		/* the block that was given last, for size and has */
	struct buf block;
};

/* ---- the program ---- */

static int spawn(struct coproc *p, const char *path, int theirs, int search)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	if (posix_spawn_file_actions_init(&files) != 0)
		return err_nomem();
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return err_nomem();
	}
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_adddup2(&files, theirs, 0);
	posix_spawn_file_actions_adddup2(&files, theirs, 1);
	err = (search ? posix_spawnp : posix_spawn)(&p->pid, path, &files, &attr,
						    (char *const *)(uintptr_t)p->argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (err == 0)
		return 0;
	p->pid = 0;
	errno = err;
	return err_sys("running '%s'", path);
}

/* the program of that name beside this one */
static int beside(const char *name, char path[PATH_MAX_ + 64])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX_);
	char *slash;

	if (n <= 0 || strlen(name) > 48 || strchr(name, '/'))
		return 0;
	path[n] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return 0;
	strcpy(slash + 1, name);
	return access(path, X_OK) == 0;
}

void coproc_exec(const char *program, const char *const *argv)
{
	char path[PATH_MAX_ + 64];

	if (beside(program, path))
		execv(path, (char *const *)(uintptr_t)argv);
	else
		execvp(program, (char *const *)(uintptr_t)argv);
}

int coproc_start(struct coproc *p)
{
	char path[PATH_MAX_ + 64];
	int pair[2], rc;

	if (p->dead)
		return err_set(ERR_IO, "'%s' does not answer", p->argv[0]);
	if (p->pid)
		return 0;
	/* a socket, for what is written to it when the other end is gone raises no SIGPIPE */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys("making a socket pair");
	rc = beside(p->argv[0], path) ? spawn(p, path, pair[1], 0) : spawn(p, p->argv[0], pair[1], 1);
	close(pair[1]);
	if (rc < 0) {
		close(pair[0]);
		p->dead = 1;
		return rc == ERR_NOTFOUND ? err_set(ERR_IO, "there is no program '%s'", p->argv[0]) : rc;
	}
	p->fd = pair[0];
	return 0;
}

static int broken(struct coproc *p, const char *why)
{
	p->dead = 1;
	return err_set(ERR_IO, "'%s' %s", p->argv[0], why);
}

static int say(struct coproc *p, struct span line)
{
	while (line.len) {
		ssize_t n = send(p->fd, line.p, line.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return broken(p, "ended");
		line = span_of(line.p + n, line.len - (size_t)n);
	}
	return 0;
}

/* "OK 123": *code 0 or the error, *len; byte by byte, because what follows is not ours to buffer */
static int hear_head(struct coproc *p, int *code, uint64_t *len)
{
	char head[HEAD_MAX], *blank;
	size_t n = 0;
	int c;

	do {
		if (n == sizeof head - 1)
			return broken(p, "answers what is not to be understood");
		if (io_read(p->fd, head + n, 1, "the answer") != 1)
			return broken(p, "ended without an answer");
	} while (head[n++] != '\n');
	head[n - 1] = 0;
	blank = strchr(head, ' ');
	if (!blank || num_parse(blank + 1, len) < 0)
		return broken(p, "answers what is not to be understood");
	*blank = 0;
	for (c = 0; c > -ERR_INDEX_END; c--)
		if (!strcmp(err_name(c), head)) {
			*code = c;
			return 0;
		}
	*code = ERR_IO;
	return 0;
}

static int hear(struct coproc *p, struct buf *out)
{
	uint64_t len = 0;
	size_t max = out->max - out->len;
	struct buf message = BUF_INIT(4096), *into = out;
	int code = 0, rc = hear_head(p, &code, &len);

	if (rc < 0)
		return rc;
	if (code < 0) {
		into = &message;
		max = message.max;
	}
	if (len > max || buf_reserve(into, (size_t)len) < 0) {
		p->dead = 1;		/* its bytes stand in the way of the next answer */
		return code < 0 ? code : err_set(ERR_LIMIT, "an answer of %" PRIu64 " bytes", len);
	}
	if (len && io_read(p->fd, into->data + into->len, (size_t)len, "the answer") != (ssize_t)len)
		rc = broken(p, "ended in the middle of an answer");
	else
		into->len += (size_t)len;
	if (into->data)
		into->data[into->len] = 0;
	if (rc == 0 && code < 0)
		rc = err_set(code, "%s", message.len ? (char *)message.data : "no reason given");
	buf_clear(&message);
	return rc;
}

static int ask(struct coproc *p, const char *what, struct buf *out)
{
	int rc = strchr(what, '\n') ? err_set(ERR_USAGE, "a line break in a path") : coproc_start(p);

	if (rc == 0)
		rc = say(p, span_str(what));
	if (rc == 0)
		rc = say(p, span_str("\n"));
	return rc < 0 ? rc : hear(p, out);
}

/* ---- the source ---- */

/* the block into p->block */
static int have(struct coproc *p, const struct cid *cid)
{
	char text[CID_TEXT_MAX];
	int rc;

	if (p->last.len && cid_equal(&p->last, cid))
		return 0;
	p->last.len = 0;
	buf_reset(&p->block);
	rc = ask(p, cid_text(cid, text), &p->block);
	if (rc == 0)
		rc = cid_verify(cid, buf_span(&p->block));
	if (rc == 0)
		p->last = *cid;
	return rc;
}

static struct coproc *of(struct dag_source *s)
{
	return (struct coproc *)(void *)s;
}

static int coproc_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct coproc *p = of(s);
	int rc = p->under->get(p->under, cid, out);

	if (rc != ERR_NOTFOUND)
		return rc;
	rc = have(p, cid);
	return rc < 0 ? rc : buf_add(out, buf_span(&p->block));
}

static int coproc_has(struct dag_source *s, const struct cid *cid)
{
	struct coproc *p = of(s);
	int rc = p->under->has(p->under, cid);

	if (rc != 0)
		return rc;
	rc = have(p, cid);
	return rc == 0 ? 1 : rc == ERR_NOTFOUND ? 0 : rc;
}

static int coproc_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	struct coproc *p = of(s);
	int rc = p->under->size(p->under, cid, len);

	if (rc != ERR_NOTFOUND)
		return rc;
	rc = have(p, cid);
	if (rc == 0)
		*len = p->block.len;
	return rc;
}

static int coproc_extent(struct dag_source *s, const struct cid *cid, struct piece *piece)
{
	struct coproc *p = of(s);
	int rc = p->under->extent ? p->under->extent(p->under, cid, piece) : 0;

	if (rc != ERR_NOTFOUND)
		return rc;
	return 0;			/* not to be had as one: get will say */
}

int coproc_new(struct coproc **out, struct dag_source *under, const char *const *argv)
{
	struct coproc *p = calloc(1, sizeof *p);

	*out = p;
	if (!p)
		return err_nomem();
	p->source = (struct dag_source){ coproc_get, coproc_has, coproc_size, coproc_extent };
	p->under = under;
	p->argv = argv;
	p->fd = -1;
	buf_init(&p->block, DAG_BLOCK_MAX);
	return 0;
}

void coproc_free(struct coproc *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	while (p->pid && waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	buf_clear(&p->block);
	free(p);
}

struct dag_source *coproc_source(struct coproc *p)
{
	return &p->source;
}

int coproc_resolve(struct coproc *p, const char *path, struct buf *out)
{
	return ask(p, path, out);
}

int coproc_answer(int fd, int rc, struct span bytes)
{
	struct buf head = BUF_INIT(HEAD_MAX);
	struct iovec iov[2];
	int end;

	if (rc < 0)
		bytes = span_str(err_text());
	end = buf_printf(&head, "%s %zu\n", err_name(rc < 0 ? rc : 0), bytes.len);
	iov[0] = (struct iovec){ head.data, head.len };
	iov[1] = (struct iovec){ (void *)(uintptr_t)bytes.p, bytes.len };
	if (end == 0)
		end = io_writev(fd, iov, bytes.len ? 2 : 1, "the answer");
	buf_clear(&head);
	return end;
}
