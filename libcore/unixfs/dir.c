/*
 * dir.c - directories: entries in any order, basic or HAMT at the end.
 * Entries are kept sorted by spill.h, by name while the directory may be a basic one and by hash
 * when it cannot.  When to switch: boxo ipld/unixfs/io/directory.go, reference section 7.2.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/spill.h"
#include "multi/murmur3.h"
#include "unixfs/unixfs_priv.h"

enum {
	NAME_MAX_LEN = 65535,
	DIR_MEM = 4 * 1024 * 1024,	/* entries of one directory in memory */
	ALL_DIRS_MEM = 16 * 1024 * 1024, /* of all that are open, in one builder */
	DIR_FLUSH_MIN = 64 * 1024
};

struct unixfs_dir {
	struct unixfs_builder *b;
	struct naming as;
	struct unixfs_meta meta;
	struct spill *entries;
	struct buf record;
	size_t mem;			/* counted in the builder */
	uint64_t n, estimate;
	int hamt, by_hash;		/* it will be one; the entries are in that order */
	/* editing: */
	enum dir_form form;
	int edit, replaces;
	struct span data;
};

/* ---- records: hash, tsize, length of the name, name, CID ---- */

enum { RECORD_HEAD = 8 + 8 + 4 };

static int record_make(struct buf *out, struct span name, struct span cid, uint64_t tsize)
{
	int rc;

	buf_reset(out);
	rc = buf_reserve(out, RECORD_HEAD + name.len + cid.len);
	if (rc < 0)
		return rc;
	buf_be64(out, murmur3_x64_64(name));	/* there is room */
	buf_be64(out, tsize);
	buf_be32(out, (uint32_t)name.len);
	buf_add(out, name);
	return buf_add(out, cid);
}

static struct hamt_entry record_read(struct span record)
{
	struct rd r = rd_from(record);
	struct hamt_entry e;

	e.hash = rd_be64(&r);
	e.tsize = rd_be64(&r);
	e.name = rd_bytes(&r, rd_be32(&r));
	e.cid = rd_rest(&r);
	return e;
}

static int by_name(struct span a, struct span b)
{
	return span_cmp(record_read(a).name, record_read(b).name);
}

static int by_hash(struct span a, struct span b)
{
	int c = memcmp(a.p, b.p, 8);

	return c ? c : by_name(a, b);
}

/* ---- the estimate ---- */

static size_t data_len(const struct unixfs_meta *meta)
{
	uint8_t room[64];
	struct buf b = { room, 0, sizeof room, sizeof room - 1 };
	struct unixfs_data d = { .type = UNIXFS_DIRECTORY, .meta = *meta };

	unixfs_encode(&b, &d, NULL, 0);		/* at most 2 + 3 + 18 bytes */
	return b.len;
}

size_t dir_data_len(const struct unixfs_meta *meta)
{
	size_t d = data_len(meta);

	return 1 + varint_len(d) + d;
}

int dir_over(const struct unixfs_opts *o, uint64_t n, uint64_t estimate, int replaces)
{
	if (o->hamt_threshold == 0)
		return 0;
	if (dir_full(o, n) && !replaces)
		return 1;
	return o->hamt_estimate != UNIXFS_EST_DISABLED && estimate > o->hamt_threshold;
}

static int over(const struct unixfs_dir *d)
{
	return d->form != DIR_BASIC && dir_over(&d->b->opts, d->n, d->estimate, d->replaces);
}

/* ---- filling ---- */

int unixfs_dir_new(struct unixfs_dir **out, struct unixfs_builder *b, const struct unixfs_meta *meta)
{
	struct unixfs_dir *d = calloc(1, sizeof *d);
	int rc;

	if (!d)
		return err_nomem();
	*d = (struct unixfs_dir){ .b = b, .as = b->as, .record = BUF_INIT(SPILL_RECORD_MAX) };
	if (meta)
		d->meta = *meta;
	if (b->opts.hamt_estimate == UNIXFS_EST_BLOCK)
		d->estimate = dir_data_len(&d->meta);
	rc = spill_new(&d->entries, b->tmpdir, DIR_MEM, by_name);
	if (rc < 0) {
		unixfs_dir_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void unixfs_dir_free(struct unixfs_dir *d)
{
	if (!d)
		return;
	d->b->dir_mem -= d->mem;
	spill_free(d->entries);
	buf_clear(&d->record);
	free(d);
}

void dir_edit(struct unixfs_dir *d, const struct naming *as, struct span data, enum dir_form form,
	      int replaces)
{
	d->as = *as;
	d->data = data;
	d->form = form;
	d->replaces = replaces;
	d->edit = 1;
}

static void account(struct unixfs_dir *d)
{
	d->b->dir_mem -= d->mem;
	d->mem = spill_mem(d->entries);
	d->b->dir_mem += d->mem;
}

int dir_link(struct unixfs_dir *d, struct span name, struct span cid, uint64_t tsize)
{
	int rc = record_make(&d->record, name, cid, tsize);

	if (rc == 0)
		rc = spill_add(d->entries, buf_span(&d->record));
	if (rc < 0)
		return rc;
	account(d);
	if (d->b->dir_mem > ALL_DIRS_MEM && d->mem > DIR_FLUSH_MIN) {
		rc = spill_flush(d->entries);
		account(d);
	}
	d->n++;
	if (d->b->opts.hamt_estimate == UNIXFS_EST_BLOCK)
		d->estimate += pb_link_len(cid.len, name.len, tsize);
	else
		d->estimate += name.len + cid.len;
	/* The estimate only grows, and a HAMT is the same in whatever order it was filled, so what
	 * boxo decides at every entry can be decided once. */
	if (!d->hamt && over(d)) {
		d->hamt = 1;
		d->by_hash = spill_order(d->entries, by_hash);
	}
	return rc;
}

int dir_name_ok(struct span name)
{
	if (name.len == 0)
		return err_set(ERR_INVALID, "directory entry with an empty name");
	if (memchr(name.p, '/', name.len) || memchr(name.p, 0, name.len))
		return err_set(ERR_INVALID, "directory entry \"%.*s\" has a slash or NUL in its name",
			       name.len < 200 ? (int)name.len : 200, (const char *)name.p);
	if (name.len > NAME_MAX_LEN)
		return err_set(ERR_LIMIT, "name of %zu bytes is too long", name.len);
	return 0;
}

int unixfs_dir_add(struct unixfs_dir *d, struct span name, const struct unixfs_node *node)
{
	int rc = dir_name_ok(name);

	return rc < 0 ? rc : dir_link(d, name, cid_span(&node->cid), node->tsize);
}

/* ---- ending ---- */

static int exists(struct span name)
{
	return err_set(ERR_EXISTS, "directory already has entry by that name: \"%.*s\"",
		       name.len < 200 ? (int)name.len : 200, (const char *)name.p);
}

static int end_basic(struct unixfs_dir *d, struct unixfs_node *out)
{
	struct unixfs_data m = { .type = UNIXFS_DIRECTORY, .meta = d->meta };
	struct buf links = BUF_INIT(DAG_BLOCK_MAX), data = BUF_INIT(DAG_BLOCK_MAX);
	struct buf last = BUF_INIT(SPILL_RECORD_MAX);
	uint64_t below = 0, seen = 0;
	struct hamt_entry e;
	struct span record;
	int rc;

	if (dir_full(&d->b->opts, d->n) && d->form == DIR_AUTO && !d->replaces)
		return err_set(ERR_LIMIT, "BasicDirectory: cannot add child: maxLinks reached");
	rc = spill_read(d->entries);
	while (rc == 0 && (rc = spill_next(d->entries, &record)) == 1) {
		e = record_read(record);
		rc = 0;
		if (seen++ && !d->edit && span_equal(buf_span(&last), e.name))
			rc = exists(e.name);
		if (rc == 0)
			rc = pb_put_link(&links, e.cid, e.name, e.tsize);
		if (rc == ERR_LIMIT)
			rc = err_add(rc, "directory of %" PRIu64 " entries in one block", d->n);
		buf_reset(&last);
		if (rc == 0)
			rc = buf_add(&last, e.name);
		below += e.tsize;
	}
	if (rc == 0)
		rc = d->edit ? buf_add(&data, d->data) : unixfs_encode(&data, &m, NULL, 0);
	if (rc == 0)
		rc = put_node(d->b, &d->as, &links, buf_span(&data), below, out);
	buf_clear(&last);
	buf_clear(&data);
	buf_clear(&links);
	out->size = 0;
	out->type = UNIXFS_DIRECTORY;
	return rc;
}

/* Entries went to disk in the order of names before their number said otherwise. */
static int reorder(struct unixfs_dir *d)
{
	struct spill *again;
	struct span record;
	int rc = spill_new(&again, d->b->tmpdir, DIR_MEM, by_hash);

	if (rc < 0)
		return rc;
	rc = spill_read(d->entries);
	while (rc == 0 && (rc = spill_next(d->entries, &record)) == 1)
		rc = spill_add(again, record);
	spill_free(d->entries);
	d->entries = again;
	return rc;
}

static int end_hamt(struct unixfs_dir *d, struct unixfs_node *out)
{
	struct hamt *h = NULL;
	struct hamt_entry e;
	struct span record;
	int rc = d->by_hash ? 0 : reorder(d);

	if (rc == 0)
		rc = spill_read(d->entries);
	if (rc == 0)
		rc = hamt_new(&h, d->b, &d->as, d->b->opts.hamt_fanout, 0, &d->meta);
	while (rc == 0 && (rc = spill_next(d->entries, &record)) == 1) {
		e = record_read(record);
		rc = hamt_add(h, &e);
		if (rc == ERR_EXISTS)
			rc = exists(e.name);
	}
	if (rc == 0)
		rc = hamt_end(h, out);
	hamt_free(h);
	return rc;
}

int unixfs_dir_end(struct unixfs_dir *d, struct unixfs_node *out)
{
	int rc = d->hamt ? end_hamt(d, out) : end_basic(d, out);

	unixfs_dir_free(d);
	return rc;
}
