/*
 * memdag.h - blocks in memory, as a source and a sink, for tests.
 * Keyed by multihash, as the store is.  Everything lives as long as the test program.
 */
#ifndef TESTS_MEMDAG_H
#define TESTS_MEMDAG_H

#include <fcntl.h>
#include <unistd.h>

#include "dag/dag.h"
#include "unit.h"

struct memdag_block {
	struct span mh, bytes;
	uint64_t off;			/* of the bytes in the file of extents */
};

struct memdag {
	struct dag_source source;
	struct dag_sink sink;
	struct memdag_block *slot;	/* open addressing */
	size_t n_slots, n_blocks;
	uint64_t n_gets, n_puts;	/* calls so far; puts of known blocks count too */
	uint64_t n_extents;
	int fd;				/* with memdag_extents: a file with every block in it */
	uint64_t end;			/* of that file */
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
		slot->off = m->end;
		if (m->fd >= 0 && pwrite(m->fd, slot->bytes.p, slot->bytes.len, (off_t)m->end) !=
		    (ssize_t)slot->bytes.len)
			abort();
		m->end += slot->bytes.len + 7;		/* blocks do not touch */
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
			      .sink = { memdag_put }, .n_slots = 1024, .fd = -1 };
	m->slot = unit_kept(m->n_slots * sizeof *m->slot);
	memset(m->slot, 0, m->n_slots * sizeof *m->slot);
}

static int memdag_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	struct memdag *m = (struct memdag *)(void *)s;
	struct memdag_block *b = memdag_look(s, cid);
	char text[CID_TEXT_MAX];

	m->n_extents++;
	if (!b->mh.p)
		return err_set(ERR_NOTFOUND, "block %s is not there", cid_text(cid, text));
	*p = (struct piece){ .fd = m->fd, .off = b->off, .len = b->bytes.len };
	return 1;
}

/* memdag_extents - blocks put from now on are to be had as extents, too */
__attribute__((unused)) static void memdag_extents(struct memdag *m)
{
	char *path = unit_kept(4096);

	snprintf(path, 4096, "%s/extents", unit_tmpdir());
	m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (m->fd < 0)
		abort();
	unlink(path);
	m->source.extent = memdag_extent;
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

struct memdag_link {
	struct cid cid;
	const char *name;
	uint64_t tsize;
};

/* memdag_node - a dag-pb block of these links, in this order, and data (p NULL: none) */
__attribute__((unused)) static struct cid memdag_node(struct memdag *m, int version,
						      const struct memdag_link *links, size_t n,
						      struct span data)
{
	struct buf block = BUF_INIT(64 * 1024 * 1024);
	struct cid cid;
	size_t i;

	for (i = 0; i < n; i++)
		if (pb_put_link(&block, cid_span(&links[i].cid), span_str(links[i].name),
				links[i].tsize) < 0)
			abort();
	if (data.p && pb_put_data(&block, data) < 0)
		abort();
	cid = memdag_add(m, version, CID_DAG_PB, buf_span(&block));
	buf_clear(&block);
	return cid;
}

#endif
