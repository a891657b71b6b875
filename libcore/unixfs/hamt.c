/*
 * hamt.c - a HAMT directory from its entries in the order of their hashes.
 * In that order a shard is complete when the first entry outside it comes, so only the shards on
 * the way from the root to the last entry are in memory.
 * Shape: boxo ipld/unixfs/hamt; an entry stands as high as it is alone in its slot.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "unixfs/unixfs_priv.h"

struct open_shard {
	struct buf links;
	struct hamt_bits bits;
	uint64_t below;			/* Σ Tsize */
};

struct hamt {
	struct unixfs_builder *b;
	struct naming as;
	struct unixfs_meta meta;
	int consumed, lg2, digits;	/* hash bits above the root; bits and hex digits a level */
	uint32_t fanout;
	int levels;			/* the hash has bits for */
	struct open_shard level[HAMT_LEVELS];
	int n;				/* shards open */
	uint64_t path;			/* hash of an entry below the deepest of them */
	/* the last entry waits for the one after it, which says how deep it must stand */
	int have, shared;		/* levels it shares with the one before it */
	uint64_t hash, tsize;
	struct buf name, cid;
};

void hamt_prefix(char prefix[8], unsigned slot, int digits)
{
	snprintf(prefix, 8, "%0*X", digits, slot & 0xffff);
}

void hamt_bit(struct hamt_bits *bits, unsigned slot, int on)
{
	uint8_t *byte = &bits->b[sizeof bits->b - 1 - slot / 8], bit = (uint8_t)(1u << slot % 8);

	*byte = (uint8_t)(on ? *byte | bit : *byte & ~bit);
}

int hamt_put(struct unixfs_builder *b, const struct naming *as, const struct buf *links,
	     const struct hamt_bits *bits, uint32_t fanout, const struct unixfs_meta *meta,
	     uint64_t below, struct unixfs_node *out)
{
	struct unixfs_data d = { .type = UNIXFS_HAMT, .hash_type = MH_MURMUR3_X64_64,
				 .fanout = fanout };
	struct buf data = BUF_INIT(BLOCK_MAX);
	size_t lead = 0;
	int rc;

	while (lead < sizeof bits->b && bits->b[lead] == 0)
		lead++;
	d.data = span_of(bits->b + lead, sizeof bits->b - lead);
	d.has_data = d.data.len > 0;
	if (meta)
		d.meta = *meta;
	rc = unixfs_encode(&data, &d, NULL, 0);
	if (rc == 0)
		rc = put_node(b, as, links, buf_span(&data), below, out);
	buf_clear(&data);
	out->size = 0;
	out->type = UNIXFS_HAMT;
	return rc;
}

static unsigned slot_of(const struct hamt *h, uint64_t hash, int level)
{
	return (unsigned)(hash << (h->consumed + level * h->lg2) >> (64 - h->lg2));
}

static int shared_levels(const struct hamt *h, uint64_t a, uint64_t b)
{
	uint64_t differ = (a ^ b) << h->consumed;

	return differ ? __builtin_clzll(differ) / h->lg2 : h->levels;
}

static void open_next(struct hamt *h)
{
	struct open_shard *s = &h->level[h->n++];

	s->links.max = BLOCK_MAX;
	buf_reset(&s->links);
	s->bits = (struct hamt_bits){ { 0 } };
	s->below = 0;
}

/* a link in the shard at `level`: an entry, or with an empty name the shard below */
static int put_link(struct hamt *h, int level, uint64_t hash, struct span name, struct span cid,
		    uint64_t tsize)
{
	struct open_shard *s = &h->level[level];
	unsigned slot = slot_of(h, hash, level);
	struct buf full = BUF_INIT(BLOCK_MAX);
	char prefix[8];
	int rc;

	hamt_prefix(prefix, slot, h->digits);
	rc = buf_str(&full, prefix);
	if (rc == 0)
		rc = buf_add(&full, name);
	if (rc == 0)
		rc = pb_put_link(&s->links, cid, buf_span(&full), tsize);
	buf_clear(&full);
	if (rc < 0)
		return rc == ERR_LIMIT ? err_add(rc, "directory shard") : rc;
	hamt_bit(&s->bits, slot, 1);
	s->below += tsize;
	return 0;
}

static int close_deepest(struct hamt *h, struct unixfs_node *out)
{
	struct open_shard *s = &h->level[--h->n];

	return hamt_put(h->b, &h->as, &s->links, &s->bits, h->fanout, h->n == 0 ? &h->meta : NULL,
			s->below, out);
}

/* close shards until `n` are open */
static int close_to(struct hamt *h, int n)
{
	struct unixfs_node sub;
	int rc = 0;

	while (rc == 0 && h->n > n) {
		rc = close_deepest(h, &sub);
		if (rc == 0)
			rc = put_link(h, h->n - 1, h->path, span_of(NULL, 0), cid_span(&sub.cid),
				      sub.tsize);
	}
	return rc;
}

/* Put the waiting entry in its place, knowing how many levels it shares with the next one. */
static int place(struct hamt *h, int shared_next)
{
	int level = h->shared > shared_next ? h->shared : shared_next, rc;

	rc = close_to(h, h->shared + 1);
	while (rc == 0 && h->n <= level)
		open_next(h);
	if (rc == 0)
		rc = put_link(h, level, h->hash, buf_span(&h->name), buf_span(&h->cid), h->tsize);
	h->path = h->hash;
	h->have = 0;
	return rc;
}

int hamt_new(struct hamt **out, struct unixfs_builder *b, const struct naming *as, uint32_t fanout,
	     int consumed, const struct unixfs_meta *meta)
{
	struct hamt *h = calloc(1, sizeof *h);

	if (!h)
		return err_nomem();
	*h = (struct hamt){ .b = b, .as = *as, .fanout = fanout, .consumed = consumed,
			    .lg2 = __builtin_ctz(fanout), .name = BUF_INIT(BLOCK_MAX),
			    .cid = BUF_INIT(CID_BYTES_MAX) };
	if (meta)
		h->meta = *meta;
	h->levels = (64 - consumed) / h->lg2;
	h->digits = (h->lg2 + 3) / 4;		/* of fanout - 1 */
	*out = h;
	return 0;
}

void hamt_free(struct hamt *h)
{
	int i;

	if (!h)
		return;
	for (i = 0; i < HAMT_LEVELS; i++)
		buf_clear(&h->level[i].links);
	buf_clear(&h->name);
	buf_clear(&h->cid);
	free(h);
}

int hamt_add(struct hamt *h, const struct hamt_entry *e)
{
	int shared = 0, rc;

	if (h->have) {
		if (h->hash == e->hash && span_equal(buf_span(&h->name), e->name))
			return err_set(ERR_EXISTS, "directory already has entry by that name");
		shared = shared_levels(h, h->hash, e->hash);
		if (shared >= h->levels)
			return err_set(ERR_LIMIT, "sharded directory too deep");
		rc = place(h, shared);
		if (rc < 0)
			return rc;
	} else if (h->levels < 1) {
		return err_set(ERR_LIMIT, "sharded directory too deep");
	}
	buf_reset(&h->name);
	buf_reset(&h->cid);
	rc = buf_add(&h->name, e->name);
	if (rc == 0)
		rc = buf_add(&h->cid, e->cid);
	h->hash = e->hash;
	h->tsize = e->tsize;
	h->shared = shared;
	h->have = rc == 0;
	return rc;
}

int hamt_end(struct hamt *h, struct unixfs_node *out)
{
	int rc = 0;

	if (h->have)
		rc = place(h, 0);
	else
		open_next(h);			/* no entries at all */
	if (rc == 0)
		rc = close_to(h, 1);
	return rc < 0 ? rc : close_deepest(h, out);
}
