/*
 * add_cache.c - what ipfrs-add -c remembers: files that were not touched need not be read.
 *
 * A row of STORE_FILES is keyed by digests of the folder's absolute path and the options (8 bytes, so that
 * rows of one folder stand together) and of the file's name with them (24 bytes).  It holds what stat said
 * of the file, what it became, where it is, and the store's count of sweeps at that time: as long as no
 * sweep deleted anything, all its blocks are there.  Rows are put in the batch of the blocks, so they
 * become durable together.
 *
 * A row may go at any time: then the file is read again.  Rows of files that went away go when their
 * folder is added the next time, and all with ipfrs-gc.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/rd.h"
#include "ops/add_priv.h"

enum {
	ROW_VERSION = 2,
	KEY_DIR = 8, KEY_FILE = 24,
	ROW_SWEEPS = 1 + 5 * 8,		/* where the count of sweeps stands */
	ROW_MAX = 256 + CID_BYTES_MAX + PATH_MAX,
	PRUNE_BATCH = 512,		/* rows a transaction */
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

	if (rc == 0 && a->o.tensors)
		rc = buf_str(&b, " tensors");
	if (rc == 0 && a->o.meta.has_mtime)
		rc = buf_printf(&b, " %lld.%u", (long long)a->o.meta.mtime, a->o.meta.nsec);
	s = buf_span(&b);
	if (rc == 0)
		digest_of(&s, 1, a->fingerprint);
	buf_clear(&b);
	return rc;
}

int cache_top(struct adder *a, const char *path, uint8_t digest[CACHE_DIGEST], struct buf *where)
{
	size_t len = strlen(path);
	char *dir, *whole, *part, *rest;
	int rc;

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
	rc = buf_str(where, whole);
	/* from the root down, as a walk that began there would have it */
	memcpy(digest, a->fingerprint, CACHE_DIGEST);
	for (part = strtok_r(whole, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		uint8_t above[CACHE_DIGEST];

		memcpy(above, digest, CACHE_DIGEST);
		cache_down(above, part, digest);
	}
	free(whole);
	return rc;
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

struct row {
	uint64_t dev, ino, size, mtime, ctime, sweeps;
	struct unixfs_node node;
	struct span path;		/* "" when it is too long */
};

static int row_decode(struct span bytes, struct row *row)
{
	struct rd r = rd_from(bytes);

	if (rd_u8(&r) != ROW_VERSION)
		return 0;
	row->dev = rd_le64(&r);
	row->ino = rd_le64(&r);
	row->size = rd_le64(&r);
	row->mtime = rd_le64(&r);
	row->ctime = rd_le64(&r);
	row->sweeps = rd_le64(&r);
	row->node.type = (enum unixfs_type)rd_u8(&r);
	row->node.tsize = rd_le64(&r);
	row->node.size = rd_le64(&r);
	if (cid_decode(rd_bytes(&r, rd_uvarint(&r)), &row->node.cid) < 0)
		return 0;
	row->path = rd_rest(&r);
	return rd_ok(&r);
}

int cache_get(struct adder *a, const uint8_t dir[CACHE_DIGEST], const char *name,
	      const struct stat *st, struct unixfs_node *node)
{
	uint8_t key[KEY_DIR + CACHE_DIGEST], room[ROW_MAX];
	struct buf row = { room, 0, sizeof room, sizeof room - 1 };
	struct span k = key_of(dir, name, key);
	struct row was;
	int rc, i;

	if (a->cache_off)
		return 0;
	rc = store_table_get(a->st, STORE_FILES, k, &row);
	if (rc < 0)
		return rc == ERR_NOTFOUND || rc == ERR_LIMIT ? 0 : rc;
	if (!row_decode(buf_span(&row), &was) || was.dev != st->st_dev || was.ino != st->st_ino ||
	    was.size != (uint64_t)st->st_size || was.mtime != ns(&st->st_mtim) ||
	    was.ctime != ns(&st->st_ctim))
		return 0;
	*node = was.node;
	a->vouched = 1;
	if (was.sweeps == a->sweeps)
		return 1;
	rc = complete(a, &node->cid);
	if (rc <= 0)
		return rc;
	for (i = 0; i < 8; i++)			/* little-endian, in its place */
		room[ROW_SWEEPS + i] = (uint8_t)(a->sweeps >> 8 * i);
	rc = store_table_put(a->st, STORE_FILES, k, buf_span(&row));
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

int cache_put(struct adder *a, const uint8_t dir[CACHE_DIGEST], const char *name, const char *path,
	      const struct stat *before, const struct stat *after, const struct unixfs_node *node)
{
	uint8_t key[KEY_DIR + CACHE_DIGEST], room[ROW_MAX];
	struct buf row = { room, 0, sizeof room, sizeof room - 1 };

	if (before->st_size != after->st_size || node->size != (uint64_t)after->st_size ||
	    ns(&before->st_mtim) != ns(&after->st_mtim) ||
	    ns(&before->st_ctim) != ns(&after->st_ctim) || !settled(after))
		return 0;
	buf_u8(&row, ROW_VERSION);		/* all of it fits */
	buf_le64(&row, after->st_dev);
	buf_le64(&row, after->st_ino);
	buf_le64(&row, (uint64_t)after->st_size);
	buf_le64(&row, ns(&after->st_mtim));
	buf_le64(&row, ns(&after->st_ctim));
	buf_le64(&row, a->sweeps);
	buf_u8(&row, node->type);
	buf_le64(&row, node->tsize);
	buf_le64(&row, node->size);
	buf_varint(&row, node->cid.len);
	buf_add(&row, cid_span(&node->cid));
	if (strlen(path) < PATH_MAX)
		buf_str(&row, path);
	return store_table_put(a->st, STORE_FILES, key_of(dir, name, key), buf_span(&row));
}

/* ---- forgetting ---- */

struct prune {
	struct store *st;
	struct span folder;		/* only rows whose keys begin so */
	int blocks;			/* look for the blocks, too, and commit as we go */
	uint64_t rows, gone;
};

static int is_gone(const struct prune *p, struct span value)
{
	char path[PATH_MAX];
	struct stat st;
	struct row row;
	int rc = 1;

	if (!row_decode(value, &row) || row.path.len >= sizeof path)
		return 1;		/* of an earlier version */
	memcpy(path, row.path.p, row.path.len);
	path[row.path.len] = 0;
	/* what cannot be looked at now may be there tomorrow */
	if (*path && lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (p->blocks)
		rc = dag_has(store_source(p->st), &row.node.cid);
	return rc < 0 ? rc : !rc;
}

static int prune_row(void *arg, struct span key, struct span value)
{
	struct prune *p = arg;
	int rc;

	if (key.len < p->folder.len || memcmp(key.p, p->folder.p, p->folder.len) != 0)
		return 1;
	rc = is_gone(p, value);
	if (rc == 1)
		rc = store_table_del(p->st, STORE_FILES, key);
	else
		return rc;
	if (rc == 0 && ++p->gone % PRUNE_BATCH == 0 && p->blocks)
		rc = store_commit(p->st);
	return rc;
}

static int count_row(void *arg, struct span key, struct span value)
{
	struct prune *p = arg;

	(void)value;
	if (key.len < p->folder.len || memcmp(key.p, p->folder.p, p->folder.len) != 0)
		return 1;
	p->rows++;
	return 0;
}

/* more rows than files: only then is it worth looking at each */
int cache_leave(struct adder *a, const uint8_t dir[CACHE_DIGEST], uint64_t files)
{
	struct prune p = { .st = a->st, .folder = span_of(dir, KEY_DIR) };
	int rc = store_table_each(a->st, STORE_FILES, p.folder, count_row, &p);

	if (rc >= 0 && p.rows > files)
		rc = store_table_each(a->st, STORE_FILES, p.folder, prune_row, &p);
	return rc < 0 ? rc : 0;
}

int ops_add_forget(struct store *st, uint64_t *n)
{
	struct prune p = { .st = st, .folder = span_of("", 0), .blocks = 1 };
	int rc = store_table_each(st, STORE_FILES, p.folder, prune_row, &p);

	if (rc == 0)
		rc = store_commit(st);
	*n = p.gone;
	return rc;
}
