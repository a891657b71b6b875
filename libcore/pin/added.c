/*
 * added.c - roots that were added without a pin, or lost it, by age.
 * Two rows each: "t", ~microseconds since the epoch (big-endian, so that the newest sorts first), CID;
 * and "c", CID -> the same time.  A "t" row whose time is not the one of its "c" row is of an earlier
 * time the root was added, and void.
 */
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/rd.h"
#include "pin/pin_priv.h"

enum { KEY_MAX = 1 + 8 + CID_BYTES_MAX, TIDY_BATCH = 4096 };

static int time_key(struct buf *key, uint64_t stamp, const struct cid *cid)
{
	int rc;

	buf_reset(key);
	rc = buf_u8(key, 't');
	if (rc == 0)
		rc = buf_be64(key, stamp);
	return rc < 0 ? rc : buf_add(key, cid_span(cid));
}

static int cid_key(struct buf *key, const struct cid *cid)
{
	int rc;

	buf_reset(key);
	rc = buf_u8(key, 'c');
	return rc < 0 ? rc : buf_add(key, cid_span(cid));
}

/* 1 and the time the root was added last, 0: it was not */
static int stamp_of(struct store *st, const struct cid *cid, uint64_t *stamp)
{
	struct buf key = BUF_INIT(KEY_MAX), value = BUF_INIT(8);
	struct rd r;
	int rc = cid_key(&key, cid);

	if (rc == 0)
		rc = store_table_get(st, STORE_ADDED, buf_span(&key), &value);
	r = rd_from(buf_span(&value));
	*stamp = rd_be64(&r);
	buf_clear(&key);
	buf_clear(&value);
	return rc == ERR_NOTFOUND || (rc == 0 && !rd_done(&r)) ? 0 : rc < 0 ? rc : 1;
}

int pin_note(struct store *st, const struct cid *root)
{
	struct buf key = BUF_INIT(KEY_MAX), value = BUF_INIT(8);
	struct timespec now;
	uint64_t old, stamp;
	int rc = stamp_of(st, root, &old);

	clock_gettime(CLOCK_REALTIME, &now);
	stamp = ~((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	if (rc == 1 && old != stamp) {
		rc = time_key(&key, old, root);
		if (rc == 0)
			rc = store_table_del(st, STORE_ADDED, buf_span(&key));
	}
	if (rc >= 0)
		rc = time_key(&key, stamp, root);
	if (rc == 0)
		rc = store_table_put(st, STORE_ADDED, buf_span(&key), span_of("", 0));
	if (rc == 0)
		rc = cid_key(&key, root);
	if (rc == 0)
		rc = buf_be64(&value, stamp);
	if (rc == 0)
		rc = store_table_put(st, STORE_ADDED, buf_span(&key), buf_span(&value));
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

void added_unpinned(struct store *st, const struct change *changes, size_t n)
{
	size_t i, noted = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++)
		if (changes[i].op == PIN_DROP && changes[i].mode == PIN_RECURSIVE) {
			rc = pin_note(st, changes[i].cid);
			noted++;
		}
	if (rc == 0 && noted)
		rc = store_commit(st);
	if (rc < 0) {
		store_rollback(st);
		log_info("pin", "remembering what is unpinned: %s", err_text());
	}
}

struct each {
	struct store *st;
	int tidy;
	unsigned n;
	int (*fn)(void *arg, const struct cid *root);
	void *arg;
};

static int drop(struct each *e, struct span key, const struct cid *cid, int with_cid)
{
	struct buf other = BUF_INIT(KEY_MAX);
	int rc = store_table_del(e->st, STORE_ADDED, key);

	if (rc == 0 && with_cid)
		rc = cid_key(&other, cid);
	if (rc == 0 && with_cid)
		rc = store_table_del(e->st, STORE_ADDED, buf_span(&other));
	if (rc == 0 && ++e->n % TIDY_BATCH == 0)
		rc = store_commit(e->st);
	buf_clear(&other);
	return rc;
}

static int row(void *arg, struct span key, struct span value)
{
	struct each *e = arg;
	struct rd r = rd_from(key);
	uint64_t stamp, last;
	struct cid cid;
	int rc;

	(void)value;
	rd_u8(&r);				/* 't': we began there, and it sorts last */
	stamp = rd_be64(&r);
	if (!rd_ok(&r) || cid_decode(rd_rest(&r), &cid) < 0)
		return e->tidy ? store_table_del(e->st, STORE_ADDED, key) : 0;
	rc = stamp_of(e->st, &cid, &last);
	if (rc < 0)
		return rc;
	if (rc == 0 || last != stamp)
		return e->tidy ? drop(e, key, &cid, 0) : 0;
	if (!e->tidy)
		return e->fn(e->arg, &cid);
	rc = dag_has(store_source(e->st), &cid);
	return rc == 0 ? drop(e, key, &cid, 1) : rc < 0 ? rc : 0;
}

int added_each(struct store *st, int (*fn)(void *arg, const struct cid *root), void *arg)
{
	struct each e = { .st = st, .fn = fn, .arg = arg };

	return store_table_each(st, STORE_ADDED, span_of("t", 1), row, &e);
}

int added_tidy(struct store *st)
{
	struct each e = { .st = st, .tidy = 1 };
	int rc = store_table_each(st, STORE_ADDED, span_of("t", 1), row, &e);

	return rc < 0 ? rc : store_commit(st);
}
