/* store.c - the handle: opening and closing it */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "store_priv.h"

enum { PATH_ROOM = 3800 };

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* ---- source and sink ---- */

static struct store *of_source(struct dag_source *s)
{
	return (struct store *)(void *)((char *)s - offsetof(struct store, source));
}

static int source_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	return store_get(of_source(s), cid, out);
}

static int source_has(struct dag_source *s, const struct cid *cid)
{
	return store_has(of_source(s), cid);
}

static int source_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	return store_size(of_source(s), cid, len);
}

static int source_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	return store_extent(of_source(s), cid, p);
}

static int sink_put_block(struct dag_sink *s, const struct dag_block *b)
{
	return store_put((struct store *)(void *)((char *)s - offsetof(struct store, sink)), b);
}

struct dag_source *store_source(struct store *st) { return &st->source; }
struct dag_sink *store_sink(struct store *st) { return &st->sink; }

/* ---- opening ---- */

static uint64_t size_of(const struct config *c, const char *key)
{
	const char *text;
	uint64_t n = 0;

	if (config_get(c, key, &text) < 0 || num_parse_size(text, &n) < 0)
		return 0;			/* checked when it was parsed */
	return n;
}

/* Space comes back a segment at a time, so on a small disk, or under a small quota, segments of the
 * default size would never give any. */
static void fit_segments(struct store *st, const struct statfs *fs)
{
	enum { USUAL = 256 << 20, LEAST = 1 << 20 };
	uint64_t room = (uint64_t)fs->f_blocks * (uint64_t)fs->f_bsize / 64;

	if (st->max_bytes && st->max_bytes / 16 < room)
		room = st->max_bytes / 16;
	if (room < LEAST)
		room = LEAST;
	if (st->seg_max == USUAL && room < st->seg_max)
		st->seg_max = room;
}

static void settle(struct store *st)
{
	const char *text = "";
	struct statfs fs;
	int known = fstatfs(st->dirfd, &fs) == 0;

	st->seg_max = size_of(st->config, "store.segment");
	st->batch_max = size_of(st->config, "store.batch");
	st->max_bytes = size_of(st->config, "store.max");
	if (known)
		fit_segments(st, &fs);
	if (config_get(st->config, "store.compress", &text) == 0 && !strncmp(text, "zstd", 4))
		st->zstd_level = text[4] ? atoi(text + 5) : 3;
	if (config_get(st->config, "store.align", &text) == 0 && !strcmp(text, "always"))
		st->align = 1;
	/* filesystems that share extents */
	if (!strcmp(text, "auto") && known &&
	    (fs.f_type == BTRFS_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC))
		st->align = 1;
}

/* what tells one config file from another that takes its place */
static uint64_t config_stamp(const struct store *st)
{
	struct stat sb;

	if (fstatat(st->dirfd, "config", &sb, 0) < 0)
		return 0;
	return (uint64_t)sb.st_ino * 0x9e3779b97f4a7c15u + (uint64_t)sb.st_size * 31 +
	       (uint64_t)sb.st_mtim.tv_sec * 1000000007u + (uint64_t)sb.st_mtim.tv_nsec;
}

int config_moved(const struct store *st)
{
	return config_stamp(st) != st->config_was;
}

static char *below(const struct store *st, const char *name)
{
	char *p = NULL;

	return asprintf(&p, "%s/%s", st->path, name) < 0 ? NULL : p;
}

/* make the index anew while nobody else can write */
static int rebuild(struct store *st)
{
	struct store_report none = { 0 };
	struct timespec nap = { .tv_nsec = 50000000 };
	int rc = ERR_BUSY, tries, lock;

	close(st->lockfd);
	st->lockfd = -1;
	for (tries = 0; tries < 40; tries++) {
		char dir[4096];
		struct index *ix;

		rc = layout_lock(st->dirfd, st->path, LOCK_EX, &lock);
		if (rc == 0) {
			log_warn("store", "the index is missing; building it from the segments");
			rc = reindex_locked(st->dirfd, st->path, &none);
			close(lock);
			break;
		}
		if (rc != ERR_BUSY)
			break;
		snprintf(dir, sizeof dir, "%s/index", st->path);
		if (index_open(&ix, dir, STORE_WRITE) == 0) {	/* another has made it */
			index_close(ix);
			rc = 0;
			break;
		}
		nanosleep(&nap, NULL);
		rc = err_set(ERR_BUSY, "the index is missing, and others write to '%s'; "
			     "try again later", st->path);
	}
	return rc < 0 ? rc : layout_lock(st->dirfd, st->path, LOCK_SH, &st->lockfd);
}

static int open_index(struct store *st)
{
	char dir[4096];
	int write = (st->flags & STORE_WRITE) != 0, rc;

	snprintf(dir, sizeof dir, "%s/index", st->path);
	rc = index_open(&st->ix, dir, st->flags);
	if ((rc == ERR_NOTFOUND || rc == ERR_CORRUPT) && write) {
		rc = rebuild(st);
		if (rc == 0)
			rc = index_open(&st->ix, dir, st->flags);
	} else if (rc == ERR_NOTFOUND) {
		rc = err_set(ERR_CORRUPT, "the store at '%s' has no index; run 'ipfrs-reindex'",
			     st->path);
	}
	if (rc < 0)
		return rc;
	reader_join(st->ix, &st->reader);
	return write ? recover_unsynced(st) : 0;
}

static int open_parts(struct store *st, const char *path, int lenient)
{
	int rc = layout_open(path, &st->dirfd);

	if (rc == 0 && !lenient)
		rc = layout_version(st->dirfd, path);
	if (rc < 0)
		return rc;
	st->path = realpath(path, NULL);
	if (!st->path)
		return err_sys("opening '%s'", path);
	if (strlen(st->path) > PATH_ROOM)
		return err_set(ERR_LIMIT, "the path '%s' is too long", path);
	st->tmpdir = below(st, "tmp");
	if (!st->tmpdir)
		return err_nomem();
	st->config_was = config_stamp(st);
	rc = store_config_load(st->path, &st->config);
	if (rc == ERR_INVALID && lenient)
		rc = config_parse(&st->config, span_of(NULL, 0));
	if (rc == 0 && (st->flags & STORE_WRITE))
		rc = layout_lock(st->dirfd, st->path, LOCK_SH, &st->lockfd);
	if (rc < 0)
		return rc;
	settle(st);
	return open_index(st);
}

static int open_how(struct store **out, const char *path, int flags, int lenient)
{
	struct store *st = calloc(1, sizeof *st);
	int rc, i;

	*out = NULL;
	if (!st)
		return err_nomem();
	st->dirfd = st->lockfd = st->w.fd = st->lease_fd = st->lease_slot = st->group.fd = -1;
	st->flags = flags;
	st->pid = getpid();
	for (i = 0; i < SEG_FDS; i++)
		st->fds[i].fd = -1;
	st->batch.mhs = BUF_INIT(UINT32_MAX);
	st->batch.ops = BUF_INIT(UINT32_MAX);
	st->scratch = BUF_INIT(2 * STORE_BLOCK_MAX);
	st->group.wants = BUF_INIT(GROUP_END);
	st->packed = BUF_INIT(2 * STORE_BLOCK_MAX);
	if (getrandom(&st->batch.seed, sizeof st->batch.seed, GRND_NONBLOCK) < 0)
		st->batch.seed = (uint64_t)time(NULL) ^ (uintptr_t)st;
	st->source = (struct dag_source){ source_get, source_has, source_size, source_extent };
	st->sink.put = sink_put_block;
	rc = open_parts(st, path, lenient);
	if (rc < 0) {
		store_close(st);
		return rc;
	}
	*out = st;
	return 0;
}

int store_open(struct store **out, const char *path, int flags)
{
	return open_how(out, path, flags, 0);
}

int store_open_damaged(struct store **out, const char *path)
{
	return open_how(out, path, STORE_READ, 1);
}

void store_close(struct store *st)
{
	int i, ours;

	if (!st)
		return;
	/* a child that closes what it got from its parent lets go of files and memory only: locks,
	 * the reader's slot and the tail of the segment are the parent's */
	ours = st->pid == getpid();
	if (ours && st->attached && st->release)
		st->release(st->attached);
	batch_clear(st);
	writer_close(st);
	lease_drop(st);
	group_close(st);
	for (i = 0; i < SEG_FDS; i++)
		if (st->fds[i].fd >= 0)
			close(st->fds[i].fd);
	if (st->ix && ours) {
		reader_leave(st->ix, &st->reader);
		index_close(st->ix);
	}
	board_close(st->board);
	config_free(st->config);
	free(st->batch.pend);
	free(st->batch.slots);
	buf_clear(&st->batch.mhs);
	buf_clear(&st->batch.ops);
	buf_clear(&st->scratch);
	buf_clear(&st->group.wants);
	buf_clear(&st->packed);
	if (st->lockfd >= 0)
		close(st->lockfd);
	if (st->dirfd >= 0)
		close(st->dirfd);
	free(st->tmpdir);
	free(st->cachedir);
	free(st->tmp_cachedir);
	free(st->path);
	free(st);
}

const char *store_path(const struct store *st) { return st->path; }
const char *store_tmpdir(const struct store *st) { return st->tmpdir; }

/* Not among layout_dirs: a store without one, or a disk that takes none, is as good. */
const char *store_cachedir(struct store *st)
{
	if (!st->cachedir) {
		st->cachedir = below(st, "cache");
		mkdirat(st->dirfd, "cache", 0755);
	}
	return st->cachedir;
}

const char *store_tmp_cachedir(struct store *st)
{
	if (!st->tmp_cachedir)
		st->tmp_cachedir = below(st, "tmp/cache");
	return st->tmp_cachedir;
}

const struct config *store_config(const struct store *st) { return st->config; }
int store_flags(const struct store *st) { return st->flags; }
void *store_attached(const struct store *st) { return st->attached; }

void store_attach(struct store *st, void *p, void (*release)(void *p))
{
	st->attached = p;
	st->release = release;
}

uint64_t store_max_bytes(const struct store *st)
{
	return st->max_bytes;
}

struct board *store_board(struct store *st)
{
	char *path;

	if (!st->board_tried) {
		st->board_tried = 1;
		path = below(st, "board/state");
		if (path && board_open(&st->board, path) < 0)
			log_debug("store", "%s", err_text());
		free(path);
	}
	return st->board;
}
