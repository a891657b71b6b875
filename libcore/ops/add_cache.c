/*
 * add_cache.c - what ipfrs-add -c remembers: files that were not touched need not be read.
 *
 * A row of STORE_FILES is keyed by digests of the folder's absolute path and the options (8 bytes, so that
 * rows of one folder stand together) and of the file's name with them (24 bytes).  It holds what stat said
 * of the file, what it became, and the store's count of sweeps at that time: as long as no sweep
 * deleted anything, all its blocks are there.  Rows are put in the batch of the blocks, so they
 * become durable together.
 */
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/rd.h"
#include "ops/add_priv.h"

enum {
	ROW_VERSION = 1,
	KEY_DIR = 8, KEY_FILE = 24,
	ROW_MAX = 256 + CID_BYTES_MAX,
	RACE_NS = 2000000000		/* FAT counts times in two seconds; others less */
};

static void digest_of(const struct span *parts, int n, uint8_t digest[CACHE_DIGEST])
{
	/* cannot fail: the hash is built in and the length its own */
	(void)mh_sum(MH_SHA2_256, parts, n, CACHE_DIGEST, digest);
}

/* everything that decides which CID the same bytes get */
int cache_start(struct adder *a)
{
	const struct unixfs_opts *d = &a->o.dag;
	struct buf b = BUF_INIT(1024);
	struct span s;
	int rc = buf_printf(&b, "%d %s %d %d %d %llx %d %u %d %d %o %d", ROW_VERSION, d->chunker,
			    d->trickle, d->cid_version, d->raw_leaves, (unsigned long long)d->hash,
			    d->inline_limit, d->max_links, a->o.keep_mode, a->o.keep_mtime,
			    a->o.meta.mode, a->o.meta.has_mtime);

	if (rc == 0 && a->o.meta.has_mtime)
		rc = buf_printf(&b, " %lld.%u", (long long)a->o.meta.mtime, a->o.meta.nsec);
	s = buf_span(&b);
	if (rc == 0)
		digest_of(&s, 1, a->fingerprint);
	buf_clear(&b);
	return rc;
}

int cache_top(struct adder *a, const char *path, uint8_t digest[CACHE_DIGEST])
{
	size_t len = strlen(path);
	char *dir, *whole, *part, *rest;

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len && path[len - 1] != '/')
		len--;
	dir = len ? strndup(path, len) : strdup(".");
	if (!dir)
		return err_nomem();
	whole = realpath(dir, NULL);
	free(dir);
	if (!whole)
		return err_sys("looking at the folder it is in");
	/* from the root down, as a walk that began there would have it */
	memcpy(digest, a->fingerprint, CACHE_DIGEST);
	for (part = strtok_r(whole, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		uint8_t above[CACHE_DIGEST];

		memcpy(above, digest, CACHE_DIGEST);
		cache_down(above, part, digest);
	}
	free(whole);
	return 0;
}

void cache_down(const uint8_t above[CACHE_DIGEST], const char *name, uint8_t digest[CACHE_DIGEST])
{
	struct span parts[3] = { span_str("/"), span_of(above, CACHE_DIGEST), span_str(name) };

	digest_of(parts, 3, digest);
}

static struct span key_of(const uint8_t dir[CACHE_DIGEST], const char *name,
			  uint8_t key[KEY_DIR + CACHE_DIGEST])
{
	struct span parts[2] = { span_of(dir, CACHE_DIGEST), span_str(name) };

	memcpy(key, dir, KEY_DIR);
	digest_of(parts, 2, key + KEY_DIR);
	return span_of(key, KEY_DIR + KEY_FILE);
}

static uint64_t ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static int seen(void *arg, const struct dag_visit *v)
{
	(void)arg;
	(void)v;
	return 0;
}

/* are all blocks below (still) there? */
static int complete(struct adder *a, const struct cid *cid)
{
	struct dag_walk w = { .once = 1, .depth_max = -1, .tmpdir = store_tmpdir(a->st), .visit = seen };
	int rc;

	if (cid->codec == CID_RAW)
		return dag_has(store_source(a->st), cid);
	rc = dag_walk(store_source(a->st), cid, &w);
	return rc == ERR_NOTFOUND || rc == ERR_CORRUPT ? 0 : rc < 0 ? rc : 1;
}

static int row_put(struct adder *a, struct span key, const struct stat *st,
		   const struct unixfs_node *node)
{
	uint8_t room[ROW_MAX];
	struct buf row = { room, 0, sizeof room, sizeof room - 1 };

	buf_u8(&row, ROW_VERSION);		/* all of it fits */
	buf_le64(&row, st->st_dev);
	buf_le64(&row, st->st_ino);
	buf_le64(&row, (uint64_t)st->st_size);
	buf_le64(&row, ns(&st->st_mtim));
	buf_le64(&row, ns(&st->st_ctim));
	buf_le64(&row, a->sweeps);
	buf_u8(&row, node->type);
	buf_le64(&row, node->tsize);
	buf_le64(&row, node->size);
	buf_add(&row, cid_span(&node->cid));
	return store_table_put(a->st, STORE_FILES, key, buf_span(&row));
}

int cache_get(struct adder *a, const uint8_t dir[CACHE_DIGEST], const char *name,
	      const struct stat *st, struct unixfs_node *node)
{
	uint8_t key[KEY_DIR + CACHE_DIGEST], room[ROW_MAX];
	struct buf row = { room, 0, sizeof room, sizeof room - 1 };
	struct span k = key_of(dir, name, key);
	uint64_t sweeps;
	struct rd r;
	int rc, same;

	if (a->cache_off)
		return 0;
	rc = store_table_get(a->st, STORE_FILES, k, &row);
	if (rc < 0)
		return rc == ERR_NOTFOUND || rc == ERR_LIMIT ? 0 : rc;
	r = rd_from(buf_span(&row));
	same = rd_u8(&r) == ROW_VERSION;
	same &= rd_le64(&r) == st->st_dev;
	same &= rd_le64(&r) == st->st_ino;
	same &= rd_le64(&r) == (uint64_t)st->st_size;
	same &= rd_le64(&r) == ns(&st->st_mtim);
	same &= rd_le64(&r) == ns(&st->st_ctim);
	sweeps = rd_le64(&r);
	node->type = (enum unixfs_type)rd_u8(&r);
	node->tsize = rd_le64(&r);
	node->size = rd_le64(&r);
	if (!same || !rd_ok(&r) || cid_decode(rd_rest(&r), &node->cid) < 0)
		return 0;
	a->vouched = 1;
	if (sweeps == a->sweeps)
		return 1;
	rc = complete(a, &node->cid);
	if (rc <= 0)
		return rc;
	rc = row_put(a, k, st, node);
	return rc < 0 ? rc : 1;
}

/* A file that was written to an instant ago may be written to again in the same tick of the file
 * system's clock, and nobody could tell: not remembered. */
static int settled(const struct stat *st)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ns(&st->st_mtim) + RACE_NS < ns(&t) && ns(&st->st_ctim) + RACE_NS < ns(&t);
}

int cache_put(struct adder *a, const uint8_t dir[CACHE_DIGEST], const char *name,
	      const struct stat *before, const struct stat *after, const struct unixfs_node *node)
{
	uint8_t key[KEY_DIR + CACHE_DIGEST];

	if (before->st_size != after->st_size || node->size != (uint64_t)after->st_size ||
	    ns(&before->st_mtim) != ns(&after->st_mtim) ||
	    ns(&before->st_ctim) != ns(&after->st_ctim) || !settled(after))
		return 0;
	return row_put(a, key_of(dir, name, key), after, node);
}
