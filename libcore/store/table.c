/* table.c - the small tables beside the blocks, the list of blocks, and facts */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rd.h"
#include "store_priv.h"

enum { KEY_MAX = 511, VALUE_MAX = 16 << 20, DEPTH_MAX = 16 };
enum op { OP_PUT, OP_DEL, OP_CLEAR };

static int key_ok(struct span key)
{
	if (key.len == 0 || key.len > KEY_MAX)
		return err_set(ERR_USAGE, "a key of %zu bytes", key.len);
	return 0;
}

/* an operation joins the batch: u8 table, u8 op, u16 0, u32 key length, u32 value length */
static int note(struct store *st, enum store_table t, enum op op, struct span key,
		struct span value)
{
	struct buf *ops = &st->batch.ops;
	size_t was;
	int rc;

	if (!(st->flags & STORE_WRITE))
		return err_set(ERR_DENIED, "the store is open for reading only");
	if (st->failed)
		return err_set(st->failed, "an earlier write failed, and its batch is lost");
	if (value.len > VALUE_MAX)
		return err_set(ERR_LIMIT, "a value of %zu bytes", value.len);
	rc = batch_room(st);
	was = ops->len;
	if (rc == 0)
		rc = buf_u8(ops, t);
	if (rc == 0)
		rc = buf_u8(ops, op);
	if (rc == 0)
		rc = buf_le16(ops, 0);
	if (rc == 0)
		rc = buf_le32(ops, (uint32_t)key.len);
	if (rc == 0)
		rc = buf_le32(ops, (uint32_t)value.len);
	if (rc == 0)
		rc = buf_add(ops, key);
	if (rc == 0)
		rc = buf_add(ops, value);
	if (rc < 0)
		ops->len = was;
	else
		st->batch.n_ops++;
	/* pins follow each other in the order their lock gives; of the others the last one counts */
	if (op == OP_CLEAR || (t != STORE_ADDED && t != STORE_FILES))
		st->batch.alone = 1;
	return rc;
}

int table_sane(struct span ops)
{
	struct rd r = rd_from(ops);
	uint64_t key, value;
	unsigned t, op;

	while (rd_ok(&r) && r.left) {
		t = rd_u8(&r);
		op = rd_u8(&r);
		rd_le16(&r);
		key = rd_le32(&r);
		value = rd_le32(&r);
		if (t >= STORE_TABLES || op > OP_DEL || key == 0 || key > KEY_MAX || value > VALUE_MAX)
			return 0;
		rd_bytes(&r, key + value);
	}
	return rd_done(&r);
}

int table_apply(struct wtx *w, struct span ops)
{
	size_t at;
	int rc = 0;

	for (at = 0; rc == 0 && at < ops.len;) {
		const uint8_t *p = ops.p + at;
		MDB_dbi dbi = index_dbi(w->ix, DB_TABLES + p[0]);
		struct rd r = rd_from(span_of(p + 4, 8));
		size_t key_len = rd_le32(&r), value_len = rd_le32(&r);
		MDB_val k = { key_len, (void *)(uintptr_t)(p + 12) };
		MDB_val v = { value_len, (void *)(uintptr_t)(p + 12 + key_len) };

		at += 12 + key_len + value_len;
		switch (p[1]) {
		case OP_PUT: rc = mdb_put(w->txn, dbi, &k, &v, 0); break;
		case OP_DEL: rc = mdb_del(w->txn, dbi, &k, NULL); break;
		default: rc = mdb_drop(w->txn, dbi, 0);
		}
		if (rc == MDB_NOTFOUND)
			rc = 0;
	}
	return rc ? wtx_fail(w, rc, "writing") : 0;
}

int store_table_put(struct store *st, enum store_table t, struct span key, struct span value)
{
	int rc = key_ok(key);

	return rc < 0 ? rc : note(st, t, OP_PUT, key, value);
}

int store_table_del(struct store *st, enum store_table t, struct span key)
{
	int rc = key_ok(key);

	return rc < 0 ? rc : note(st, t, OP_DEL, key, span_of(NULL, 0));
}

int store_table_clear(struct store *st, enum store_table t)
{
	return note(st, t, OP_CLEAR, span_of(NULL, 0), span_of(NULL, 0));
}

int store_table_find(struct store *st, enum store_table t, struct span key, struct buf *value)
{
	MDB_val k = { key.len, (void *)(uintptr_t)key.p }, v;
	int rc = key_ok(key), got;

	if (rc == 0)
		rc = read_begin(st->ix, &st->reader);
	if (rc < 0)
		return rc;
	got = mdb_get(st->reader.txn, index_dbi(st->ix, DB_TABLES + (int)t), &k, &v);
	if (got == 0)
		rc = buf_bytes(value, v.mv_data, v.mv_size);
	else if (got != MDB_NOTFOUND)
		rc = db_err(got, "reading");
	read_end(st->ix, &st->reader);
	return rc < 0 ? rc : got == 0;
}

int store_table_get(struct store *st, enum store_table t, struct span key, struct buf *value)
{
	int rc = store_table_find(st, t, key, value);

	return rc == 0 ? err_set(ERR_NOTFOUND, "no such row") : rc < 0 ? rc : 0;
}

int store_table_each(struct store *st, enum store_table t, struct span from,
		     int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	return index_walk(st->ix, DB_TABLES + (int)t, from, 0, 0, fn, arg);
}

int store_table_count(struct store *st, enum store_table t, uint64_t *n)
{
	MDB_stat s;
	int rc = read_begin(st->ix, &st->reader);

	if (rc < 0)
		return rc;
	rc = mdb_stat(st->reader.txn, index_dbi(st->ix, DB_TABLES + (int)t), &s);
	if (rc)
		rc = db_err(rc, "reading");
	else
		*n = s.ms_entries;
	read_end(st->ix, &st->reader);
	return rc;
}

/* ---- the list of blocks ---- */

struct each {
	int (*fn)(void *arg, const struct store_entry *e);
	void *arg;
};

static int each_row(void *arg, struct span key, struct span value)
{
	struct each *a = arg;
	struct entry e;
	int rc = entry_decode(value, &e);
	struct store_entry out = { .mh = key };

	if (rc < 0)
		return rc;
	out.codec = e.codec == REC_CODEC_NONE ? CID_RAW : e.codec;
	out.raw_len = e.raw;
	out.stored_len = e.stored;
	return a->fn(a->arg, &out);
}

int store_each(struct store *st, int (*fn)(void *arg, const struct store_entry *e), void *arg)
{
	struct each a = { fn, arg };

	return index_walk(st->ix, DB_BLOCKS, span_of(NULL, 0), 0, 0, each_row, &a);
}

/* ---- facts ---- */

int store_sweeps(struct store *st, uint64_t *n)
{
	struct stats s;
	int rc = store_read_stats(st, &s);

	if (rc == 0)
		*n = s.sweeps;
	return rc;
}

/* what a folder and all below takes on disk; takes fd */
static int usage(int fd, int depth, uint64_t *bytes)
{
	struct dirent *e;
	struct stat sb;
	DIR *d;
	int rc = 0, sub;

	if (fstat(fd, &sb) == 0)
		*bytes += (uint64_t)sb.st_blocks * 512;
	d = depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	if (!d) {
		close(fd);
		return depth < DEPTH_MAX ? err_nomem() : 0;
	}
	while (rc == 0 && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (fstatat(fd, e->d_name, &sb, AT_SYMLINK_NOFOLLOW) < 0)
			continue;		/* it went away */
		if (!S_ISDIR(sb.st_mode)) {
			*bytes += (uint64_t)sb.st_blocks * 512;
			continue;
		}
		sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (sub >= 0)
			rc = usage(sub, depth + 1, bytes);
		else
			*bytes += (uint64_t)sb.st_blocks * 512;	/* key/ of another user */
	}
	closedir(d);
	return rc;
}

int store_disk_bytes(struct store *st, uint64_t *bytes)
{
	int fd = openat(st->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*bytes = 0;
	if (fd < 0)
		return err_sys("opening '%s'", st->path);
	return usage(fd, 0, bytes);
}

int store_stat(struct store *st, struct store_stat *out)
{
	struct stats s;
	int rc = store_read_stats(st, &s);

	if (rc < 0)
		return rc;
	*out = (struct store_stat){
		.n_blocks = s.n_blocks, .raw_bytes = s.raw, .stored_bytes = s.stored,
		.n_segments = s.n_segs, .max_bytes = st->max_bytes,
		.dead_bytes = s.seg_bytes - s.n_segs * SEG_HEAD - s.live - s.pads,
	};
	return store_disk_bytes(st, &out->disk_bytes);
}
