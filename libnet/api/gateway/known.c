/*
 * known.c - types that were found by looking, remembered for all workers.
 * What a CID stands for does not change, so neither does its type, and looking costs more than all the rest of a small
 * answer.  The table is memory all processes of the server share; a row is written under a sequence number that
 * is odd meanwhile (a seqlock), and whoever comes at that moment goes without.
 */
#include <stdatomic.h>
#include <sys/mman.h>

#include "base/err.h"
#include "gateway_priv.h"

enum { ROWS = 4096, CID_MAX_HERE = 72, TYPE_MAX = 96 };

struct row {
	_Atomic uint32_t seq;
	uint8_t cid_len;
	uint8_t cid[CID_MAX_HERE];
	char type[TYPE_MAX];
};

struct gw_known { struct row rows[ROWS]; };

int gw_known_new(struct gw_known **k)
{
	*k = mmap(NULL, sizeof **k, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (*k == MAP_FAILED) {
		*k = NULL;
		return err_sys("making room for types");
	}
	return 0;
}

void gw_known_free(struct gw_known *k)
{
	if (k)
		munmap(k, sizeof *k);
}

uint64_t gw_known_bytes(const struct gw_known *k)
{
	return k ? sizeof *k : 0;
}

static struct row *row_of(struct gw_known *k, struct span cid)
{
	uint64_t h = 0;
	size_t i;

	for (i = 0; i < cid.len; i++)		/* the end of a CID is a hash already */
		h = h * 31 + cid.p[i];
	return &k->rows[(h ^ h >> 32) % ROWS];
}

const char *gw_known_get(struct gw_known *k, const struct cid *cid)
{
	static char type[TYPE_MAX];		/* a worker answers one request at a time */
	struct span c = span_of(cid->bytes, cid->len);
	struct row *r = k ? row_of(k, c) : NULL;
	uint32_t before, same;

	if (!r)
		return NULL;
	before = atomic_load_explicit(&r->seq, memory_order_acquire);
	same = !(before & 1) && c.len == r->cid_len && c.len <= CID_MAX_HERE && !memcmp(r->cid, c.p, c.len);
	if (!same)
		return NULL;
	memcpy(type, r->type, sizeof type);
	type[sizeof type - 1] = 0;
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&r->seq, memory_order_relaxed) == before && *type ? type : NULL;
}

void gw_known_put(struct gw_known *k, const struct cid *cid, const char *type)
{
	struct span c = span_of(cid->bytes, cid->len);
	struct row *r = k ? row_of(k, c) : NULL;
	uint32_t seq;

	if (!r || !type || c.len > CID_MAX_HERE || strlen(type) >= TYPE_MAX)
		return;
	seq = atomic_load_explicit(&r->seq, memory_order_relaxed);
	/* one that died writing leaves its row odd, and unused */
	if ((seq & 1) || !atomic_compare_exchange_strong(&r->seq, &seq, seq + 1))
		return;
	r->cid_len = (uint8_t)c.len;
	memcpy(r->cid, c.p, c.len);
	memset(r->type, 0, sizeof r->type);
	memcpy(r->type, type, strlen(type));
	atomic_store_explicit(&r->seq, seq + 2, memory_order_release);
}
