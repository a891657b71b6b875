/*
 * memdag.h - blocks in memory, as a source and a sink, for tests.
 * Keyed by multihash, as the store is.  Everything lives as long as the test program.
 */
#ifndef TESTS_MEMDAG_H
#define TESTS_MEMDAG_H

#include "dag/dag.h"
#include "unit.h"

struct memdag_block {
	struct span mh, bytes;
};

struct memdag {
	struct dag_source source;
	struct dag_sink sink;
	struct memdag_block *slot;	/* open addressing */
	size_t n_slots, n_blocks;
	uint64_t n_gets, n_puts;	/* calls so far; puts of known blocks count too */
};

__attribute__((unused)) static struct memdag_block *memdag_find(struct memdag *m,
								 struct span mh)
{
	uint64_t h = 14695981039346656037u;
	size_t i;

	for (i = 0; i < mh.len; i++)
		h = (h ^ mh.p[i]) * 1099511628211u;
	for (i = (size_t)h & (m->n_slots - 1); m->slot[i].mh.p; i = (i + 1) & (m->n_slots - 1))
		if (span_equal(m->slot[i].mh, mh))
			break;
	return &m->slot[i];
}

static struct span memdag_kept(const struct span *parts, int n)
{
	size_t len = 0;
	uint8_t *p;
	int i;

	for (i = 0; i < n; i++)
		len += parts[i].len;
	p = unit_kept(len + 1);
	for (i = 0, len = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(p + len, parts[i].p, parts[i].len);
		len += parts[i].len;
	}
	return span_of(p, len);
}

static int memdag_put(struct dag_sink *s, const struct dag_block *b)
{
	struct memdag *m = (struct memdag *)(void *)((char *)s - offsetof(struct memdag, sink));
	struct memdag_block *slot;
	struct span mh = cid_mh(b->cid);

	m->n_puts++;
	if (2 * m->n_blocks >= m->n_slots) {
		struct memdag_block *old = m->slot;
		size_t n = m->n_slots, i;

		m->n_slots = n * 2;
		m->slot = unit_kept(m->n_slots * sizeof *m->slot);
		memset(m->slot, 0, m->n_slots * sizeof *m->slot);
		for (i = 0; i < n; i++)
			if (old[i].mh.p)
				*memdag_find(m, old[i].mh) = old[i];
	}
	slot = memdag_find(m, mh);
	if (!slot->mh.p) {
		slot->mh = memdag_kept(&mh, 1);
		slot->bytes = memdag_kept(b->parts, b->n_parts);
		m->n_blocks++;
	}
	return 0;
}

static struct memdag_block *memdag_look(struct dag_source *s, const struct cid *cid)
{
	struct memdag *m = (struct memdag *)(void *)s;

	return memdag_find(m, cid_mh(cid));
}

static int memdag_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct memdag_block *b = memdag_look(s, cid);
	char text[CID_TEXT_MAX];

	((struct memdag *)(void *)s)->n_gets++;
	if (!b->mh.p)
		return err_set(ERR_NOTFOUND, "block %s is not there", cid_text(cid, text));
	return buf_add(out, b->bytes);
}

static int memdag_has(struct dag_source *s, const struct cid *cid)
{
	return memdag_look(s, cid)->mh.p != NULL;
}

static int memdag_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	struct memdag_block *b = memdag_look(s, cid);
	char text[CID_TEXT_MAX];

	if (!b->mh.p)
		return err_set(ERR_NOTFOUND, "block %s is not there", cid_text(cid, text));
	*len = b->bytes.len;
	return 0;
}

__attribute__((unused)) static void memdag_init(struct memdag *m)
{
	*m = (struct memdag){ .source = { memdag_get, memdag_has, memdag_size, NULL },
			      .sink = { memdag_put }, .n_slots = 1024 };
	m->slot = unit_kept(m->n_slots * sizeof *m->slot);
	memset(m->slot, 0, m->n_slots * sizeof *m->slot);
}

/* memdag_add - name the bytes (sha2-256) and keep them; the CID */
__attribute__((unused)) static struct cid memdag_add(struct memdag *m, int version,
						     uint64_t codec, struct span bytes)
{
	struct dag_block b = { .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	struct cid cid;

	if (cid_sum(&cid, version, codec, MH_SHA2_256, &bytes, 1) < 0)
		abort();
	b.cid = &cid;
	dag_put(&m->sink, &b);
	return cid;
}

#endif
