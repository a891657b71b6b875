/*
 * car_undo.c - the blocks a session brought, and taking them out of the store again.
 * Only what was not here before is remembered.  Pins that were made since the session began may keep such
 * a block; and a block that another writer may rely on is not ours to delete: the store says so, and it
 * is left to a collection.
 */
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "ops/car_priv.h"
#include "ops/read.h"

enum { BATCH = 65536, BUSY_WAIT_MS = 2000, BUSY_NAP_MS = 50 };

struct undo {
	struct store *st;
	struct cidlog log;
	uint64_t pins;			/* pin_changes when the session began */
	uint64_t until_ms;		/* how long to wait for others */
};

int undo_new(struct undo **out, struct store *st)
{
	struct undo *u = calloc(1, sizeof *u);
	int rc;

	*out = NULL;
	if (!u)
		return err_nomem();
	u->st = st;
	cidlog_init(&u->log, store_tmpdir(st));
	rc = pin_changes(st, &u->pins);
	if (rc < 0)
		undo_free(u);
	else
		*out = u;
	return rc;
}

void undo_free(struct undo *u)
{
	if (u)
		cidlog_clear(&u->log);
	free(u);
}

int undo_note(struct undo *u, const struct cid *cid)
{
	return cidlog_add(&u->log, cid);
}

/* nobody has pinned anything since: what was not here then is under no pin */
static int drop_all(struct undo *u, const struct cid *cids, size_t n)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = store_delete(u->st, &cids[i]);
		if (rc == ERR_NOTFOUND)		/* it never was committed */
			rc = 0;
	}
	return rc == 0 ? store_commit(u->st) : rc;
}

static int told(void *arg, const struct cid *cid, int rc)
{
	(void)arg;
	(void)cid;
	(void)rc;		/* pinned now: let it stay; gone: as it should be */
	return 0;
}

static int drop_batch(struct undo *u, const struct cid *cids, size_t n)
{
	uint64_t now = 0;
	int rc = pin_hold(u->st);

	if (rc < 0)
		return rc;
	rc = pin_changes(u->st, &now);
	if (rc == 0 && now == u->pins)
		rc = drop_all(u, cids, n);
	pin_release(u->st);
	if (rc == 0 && now != u->pins)
		rc = ops_block_rm(u->st, cids, n, 0, told, NULL);
	return rc;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* others come and go */
static int drop_patiently(struct undo *u, const struct cid *cids, size_t n)
{
	struct timespec nap = { .tv_nsec = BUSY_NAP_MS * 1000000L };
	int rc;

	for (;;) {
		rc = drop_batch(u, cids, n);
		if (rc < 0)
			store_rollback(u->st);
		if (rc != ERR_BUSY || now_ms() > u->until_ms)
			return rc;
		nanosleep(&nap, NULL);
	}
}

int undo_run(struct undo *u)
{
	struct cid *cids = malloc(BATCH * sizeof *cids);
	int rc = cids ? 1 : err_nomem(), bad;
	size_t n;

	u->until_ms = now_ms() + BUSY_WAIT_MS;
	store_rollback(u->st);
	while (rc == 1) {
		for (n = 0; n < BATCH && (rc = cidlog_next(&u->log, &cids[n])) == 1; n++)
			;
		bad = n ? drop_patiently(u, cids, n) : 0;
		if (bad < 0)
			rc = bad;
	}
	free(cids);
	return rc;
}
