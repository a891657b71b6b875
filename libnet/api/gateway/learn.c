/*
 * learn.c - records of names that somebody else may know: asked for, and put into the store, by the upstream.
 * Nobody is asked again before the record's time to live is over.  When that is, all workers of the server know: the table is
 * memory they share, of words that are a name's tag and a second, so that no lock is needed.  Names that share a
 * place are asked about more often than they need.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "base/err.h"
#include "gateway_priv.h"
#include "name/name.h"

enum {
	PLACES = 4096,
	AGAIN_S = 10,			/* where nobody knew it */
	LONGEST_S = 3600
};

struct gw_asked { _Atomic uint64_t place[PLACES]; };

int gw_asked_new(struct gw_asked **k)
{
	*k = mmap(NULL, sizeof **k, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (*k == MAP_FAILED) {
		*k = NULL;
		return err_sys("making room for names");
	}
	return 0;
}

void gw_asked_free(struct gw_asked *k)
{
	if (k)
		munmap(k, sizeof *k);
}

void gateway_upstream(struct gateway *g, int (*resolve)(void *ctx, const char *path, struct buf *out), void *ctx)
{
	g->resolve = resolve;
	g->resolve_ctx = ctx;
}

static uint64_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static uint64_t hash(const struct cid *key)
{
	uint64_t h = 0;
	size_t i;

	for (i = 0; i < key->len; i++)		/* FNV-1a */
		h = (h ^ key->bytes[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 29;
}

/* for how long what the store has now may be believed without asking */
static uint64_t life(struct store *st, const struct cid *key)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	int64_t age = name_get(st, key, &bytes, &r) == 0 ? name_max_age(&r, NULL) : AGAIN_S;

	buf_clear(&bytes);
	return age < 1 ? 1 : age > LONGEST_S ? LONGEST_S : (uint64_t)age;
}

static int has_record(struct store *st, const struct cid *key)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	int rc = name_get(st, key, &bytes, NULL);

	buf_clear(&bytes);
	return rc == 0;
}

int gw_learn(struct gw_ask *a, const struct cid *key)
{
	struct buf path = BUF_INIT(CID_TEXT_MAX + 8), out = BUF_INIT(2 * GW_PATH_MAX);
	uint64_t h = hash(key), tag = h & ~UINT64_C(0xffffffff), now = seconds();
	_Atomic uint64_t *place = a->g->asked ? &a->g->asked->place[h % PLACES] : NULL;
	uint64_t was = place ? atomic_load_explicit(place, memory_order_relaxed) : 0;
	char text[CID_TEXT_MAX], why[GW_TEXT_MAX];
	int rc = 0;

	if (!a->g->resolve || a->only_cached || ((was & ~UINT64_C(0xffffffff)) == tag && (was & 0xffffffff) > now))
		goto out;
	rc = buf_printf(&path, "/ipns/%s", cid_text(key, text));
	if (rc == 0)
		rc = a->g->resolve(a->g->resolve_ctx, (const char *)path.data, &out);
	snprintf(why, sizeof why, "%s", rc < 0 ? err_text() : "");
	if (place)
		atomic_store_explicit(place, tag | ((seconds() + life(a->st, key)) & 0xffffffff), memory_order_relaxed);
	/* what is here is good until it expires, whatever became of asking; and where it leads is found out by who asks us */
	if (rc >= 0 || rc == ERR_NOTFOUND || has_record(a->st, key))
		rc = 0;
	else
		err_set(rc, "%s", why);
out:
	buf_clear(&path);
	buf_clear(&out);
	return rc;
}
