/*
 * modify_fuzz.c - files written on and cut.
 * First byte even: blocks of the input, hostile ones (fuzzdag.h), then edits: they end, in little memory, and what
 * fails leaves nothing.  Odd: a file made of the input, then edits: its bytes are as expected after each.
 */
#include <stdlib.h>

#include "fuzzdag.h"
#include "unixfs/unixfs.h"

enum { EDITS = 6, BLOCKS_MAX = 4096, BYTES_MAX = 8 << 20, FILE_MAX = 100000, DATA_MAX = 20000 };

/* Blocks that were put, in front of hostile ones. */
struct stock {
	struct dag_source source;
	struct dag_sink sink;
	struct fuzzdag under;
	struct kept { struct cid cid; uint8_t *p; size_t len; } kept[BLOCKS_MAX];
	size_t n, bytes;
};

static const struct kept *stock_find(struct stock *s, const struct cid *cid)
{
	size_t i;

	for (i = s->n; i-- > 0; )
		if (span_equal(cid_mh(&s->kept[i].cid), cid_mh(cid)))
			return &s->kept[i];
	return NULL;
}

static int stock_get(struct dag_source *src, const struct cid *cid, struct buf *out)
{
	struct stock *s = (struct stock *)(void *)src;
	const struct kept *k = stock_find(s, cid);

	if (k)
		return buf_bytes(out, k->p, k->len);
	return s->under.n ? fuzzdag_get(&s->under.source, cid, out) : err_set(ERR_NOTFOUND, "not one of ours");
}

static int stock_has(struct dag_source *src, const struct cid *cid)
{
	return stock_find((struct stock *)(void *)src, cid) != NULL;
}

static int stock_size(struct dag_source *src, const struct cid *cid, uint64_t *len)
{
	struct buf b = BUF_INIT(1 << 20);
	int rc = stock_get(src, cid, &b);

	*len = b.len;
	buf_clear(&b);
	return rc;
}

static int stock_put(struct dag_sink *sink, const struct dag_block *b)
{
	struct stock *s = (struct stock *)(void *)((char *)sink - offsetof(struct stock, sink));
	struct kept *k = &s->kept[s->n];
	int i;

	if (stock_find(s, b->cid))
		return 0;
	if (s->n == BLOCKS_MAX || s->bytes > BYTES_MAX)
		return err_set(ERR_NOSPACE, "enough");
	*k = (struct kept){ .cid = *b->cid };
	for (i = 0; i < b->n_parts; i++)
		k->len += b->parts[i].len;
	k->p = malloc(k->len + 1);
	if (!k->p)
		abort();
	for (i = 0, k->len = 0; i < b->n_parts; i++) {
		if (b->parts[i].len)
			memcpy(k->p + k->len, b->parts[i].p, b->parts[i].len);
		k->len += b->parts[i].len;
	}
	s->bytes += k->len;
	s->n++;
	return 0;
}

/* bytes that go on for ever, read in odd pieces */
struct flow { uint8_t next; };

static ssize_t flow_read(void *arg, void *p, size_t len)
{
	struct flow *f = arg;
	size_t i;

	len = len < 777 ? len : 777;
	for (i = 0; i < len; i++) {
		((uint8_t *)p)[i] = f->next;
		f->next = (uint8_t)(f->next * 5 + 7);
	}
	return (ssize_t)len;
}

/* … so many of them */
struct made { struct flow *f; size_t left; };

static ssize_t made_read(void *arg, void *p, size_t len)
{
	struct made *m = arg;
	ssize_t got = flow_read(m->f, p, len < m->left ? len : m->left);

	m->left -= (size_t)got;
	return got;
}

struct into { struct sink sink; struct buf bytes; };

static int into_put(struct sink *s, const struct piece *p)
{
	return buf_add(&((struct into *)(void *)s)->bytes, p->bytes);
}

static int enough(void *arg, uint64_t bytes)
{
	uint64_t *n = arg;

	return (*n += bytes) > FILE_MAX ? err_set(ERR_INTERRUPTED, "enough") : 0;
}

/* One edit, and what it means for the bytes. */
struct edit { int what; uint64_t off; size_t len; uint8_t first; };
struct model { uint8_t p[FILE_MAX]; size_t len; };

static struct edit edit_read(struct rd *r)
{
	struct edit e = { .what = rd_u8(r) % 4 };

	e.off = rd_varint(r);
	e.len = (size_t)(rd_varint(r) % DATA_MAX);
	e.first = rd_u8(r);
	return e;
}

static int edit_do(struct unixfs_builder *b, struct stock *s, const struct edit *e, struct unixfs_node *at)
{
	struct unixfs_meta meta = { e->len & 07777, e->first & 1, (int64_t)e->off, e->first };
	struct flow f = { e->first };

	switch (e->what) {
	case 0: return unixfs_truncate(b, &s->source, &at->cid, e->off, at);
	case 1: return unixfs_set_meta(b, &s->source, &at->cid, &meta, e->first % 4, at);
	case 2: return unixfs_write_anew(b, &s->source, &at->cid, e->off, flow_read, &f, e->len, at);
	default: return unixfs_write_at(b, &s->source, &at->cid, e->off, flow_read, &f, e->len, at);
	}
}

static void edit_model(const struct edit *e, struct model *m)
{
	struct flow f = { e->first };
	size_t off = (size_t)e->off, len = e->what < 2 ? 0 : e->len, i;

	if (e->what == 1)
		return;
	if (e->what == 2)
		m->len = 0;
	if (off > m->len)
		memset(m->p + m->len, 0, off - m->len);
	if (e->what == 0 || off > m->len)
		m->len = off;
	for (i = 0; i < len; i++)
		flow_read(&f, m->p + off + i, 1);
	if (off + len > m->len)
		m->len = off + len;
}

static void must_hold(struct stock *s, const struct unixfs_node *n, const struct model *m)
{
	struct into to = { { into_put }, BUF_INIT(FILE_MAX) };

	if (unixfs_cat(&s->source, &n->cid, 0, UINT64_MAX, &to.sink, NULL, NULL) < 0 || n->size != m->len ||
	    !span_equal(buf_span(&to.bytes), span_of(m->p, m->len)))
		__builtin_trap();
	buf_clear(&to.bytes);
}

static void hostile(struct unixfs_builder *b, struct stock *s, struct span input)
{
	struct unixfs_node at = { .tsize = 0 }, was;
	struct rd r = rd_from(fuzzdag_init(&s->under, input, &at.cid));
	struct sink_null out;
	uint64_t heard;
	struct edit e;
	int i;

	for (i = 0; i < EDITS && rd_ok(&r) && r.left > 0; i++) {
		e = edit_read(&r);
		was = at;
		if (edit_do(b, s, &e, &at) < 0) {
			if (!cid_equal(&at.cid, &was.cid))
				__builtin_trap();
			continue;
		}
		heard = 0;
		sink_null_start(&out);
		unixfs_cat(&s->source, &at.cid, 0, UINT64_MAX, &out.sink, enough, &heard);
	}
}

/* a file of some shape */
static int make(struct stock *s, unsigned how, struct flow *f, size_t len, struct unixfs_node *out)
{
	static const char *const widths[] = { "174", "2", "300", "5" };
	struct made in = { f, len };
	struct unixfs_builder *b;
	struct unixfs_opts o;
	int rc;

	unixfs_opts_init(&o);
	unixfs_opts_set(&o, "chunker", how & 1 ? "size-64" : "size-500");
	unixfs_opts_set(&o, "layout", how & 2 ? "trickle" : "balanced");
	unixfs_opts_set(&o, "cid-version", how & 4 ? "1" : "0");
	unixfs_opts_set(&o, "raw-leaves", how & 8 ? "yes" : "no");
	unixfs_opts_set(&o, "inline", how & 16 ? "yes" : "no");
	unixfs_opts_set(&o, "max-links", widths[how >> 5 & 3]);
	if (unixfs_opts_finish(&o, 0) < 0 || unixfs_builder_new(&b, &o, &s->sink, NULL) < 0)
		abort();
	rc = unixfs_add_read(b, made_read, &in, NULL, out);
	unixfs_builder_free(b);
	return rc;
}

/* only what fits is asked for, so that nothing may fail */
static void sound(struct unixfs_builder *b, struct stock *s, struct rd *r)
{
	static struct model m;
	unsigned how = rd_u8(r);
	struct flow f = { rd_u8(r) }, again = f;
	struct unixfs_node at;
	struct edit e;
	size_t i;

	m.len = rd_le16(r) % DATA_MAX;
	for (i = 0; i < m.len; i++)
		flow_read(&again, m.p + i, 1);
	if (make(s, how, &f, m.len, &at) < 0)
		__builtin_trap();
	must_hold(s, &at, &m);
	for (i = 0; i < EDITS && rd_ok(r) && r->left > 0; i++) {
		e = edit_read(r);
		e.off %= m.len + 5000;
		if (e.what != 1 && e.off + e.len > FILE_MAX)
			break;
		if (edit_do(b, s, &e, &at) < 0) {
			if (s->n < BLOCKS_MAX && s->bytes <= BYTES_MAX)
				__builtin_trap();
			break;
		}
		edit_model(&e, &m);
		must_hold(s, &at, &m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stock s;
	struct rd r = rd_from(span_of(data, size));
	unsigned how = rd_u8(&r);
	struct unixfs_builder *b;
	struct unixfs_opts o;
	size_t i;

	s.source = (struct dag_source){ stock_get, stock_has, stock_size, NULL };
	s.sink = (struct dag_sink){ stock_put };
	s.under.n = 0;
	s.n = s.bytes = 0;
	unixfs_opts_init(&o);
	unixfs_opts_set(&o, "chunker", how & 2 ? "size-64" : how & 4 ? "rabin-48-96-200" : "size-1000");
	if (how & 8)
		unixfs_opts_set(&o, "raw-leaves", how & 16 ? "yes" : "no");
	if (unixfs_opts_finish(&o, 0) < 0 || unixfs_builder_new(&b, &o, &s.sink, NULL) < 0)
		abort();
	if (how & 1)
		sound(b, &s, &r);
	else
		hostile(b, &s, rd_rest(&r));
	unixfs_builder_free(b);
	for (i = 0; i < s.n; i++)
		free(s.kept[i].p);
	return 0;
}
