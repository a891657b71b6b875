/* index.c - where sections are: gathered, sorted, written as go-car writes it */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/spill.h"
#include "index_priv.h"

enum {
	MEM = 64 * 1024 * 1024,		/* bytes, unless told otherwise */
	MEM_MIN = 128 * 1024,
	OUT = 256 * 1024		/* written at a time: enough for a sink to take it as it is */
};

struct car_index {
	size_t mem, held;		/* bytes entries may cost, and do */
	const char *tmpdir;
	int full, read;			/* read: too late to add */
	uint64_t n;
	struct pile *pile;
	size_t n_piles, cap, last;	/* last: the one used last */
};

int car_index_new(struct car_index **out, size_t mem, const char *tmpdir, int full)
{
	struct car_index *x = calloc(1, sizeof *x);

	if (!x)
		return err_nomem();
	x->mem = mem ? mem : MEM;
	if (x->mem < MEM_MIN)
		x->mem = MEM_MIN;
	x->tmpdir = tmpdir;
	x->full = full;
	*out = x;
	return 0;
}

void car_index_free(struct car_index *x)
{
	size_t i;

	if (!x)
		return;
	for (i = 0; i < x->n_piles; i++)
		pile_clear(&x->pile[i]);
	free(x->pile);
	free(x);
}

uint64_t car_index_count(const struct car_index *x)
{
	return x->n;
}

/* ---- gathering ---- */

static int new_pile(struct car_index *x, const struct mh *mh)
{
	size_t cap = x->cap ? 2 * x->cap : 4;
	struct pile *p;

	if (x->n_piles == PILES_MAX)
		return err_set(ERR_LIMIT, "an index of more than %d kinds and lengths of hashes", PILES_MAX);
	if (x->n_piles == x->cap) {
		p = realloc(x->pile, cap * sizeof *p);
		if (!p)
			return err_nomem();
		x->pile = p;
		x->cap = cap;
	}
	x->last = x->n_piles++;
	x->pile[x->last] = (struct pile){ .code = mh->code, .width = mh->digest.len + 8 };
	return 0;
}

static int find_pile(struct car_index *x, const struct mh *mh)
{
	size_t i;

	for (i = 0; i < x->n_piles; i++) {
		if (x->pile[i].code == mh->code && x->pile[i].width == mh->digest.len + 8) {
			x->last = i;
			return 0;
		}
	}
	return new_pile(x, mh);
}

/* Memory is used up: the largest pile goes to disk. */
static int make_room(struct car_index *x)
{
	size_t i, most = 0;
	struct pile *p;

	for (i = 1; i < x->n_piles; i++)
		if (pile_cost(&x->pile[i]) > pile_cost(&x->pile[most]))
			most = i;
	p = &x->pile[most];
	x->held -= pile_cost(p);
	return pile_flush(p, x->tmpdir);
}

int car_index_add(struct car_index *x, const struct cid *cid, uint64_t off)
{
	struct mh mh;
	struct pile *p;
	int rc = mh_decode(cid_mh(cid), &mh);

	if (rc < 0)
		return rc;
	if (x->read)
		return err_set(ERR_USAGE, "an index that was written takes no more entries");
	if (mh.digest.len == 0 || (mh.code == MH_IDENTITY && !x->full))
		return 0;		/* readers refuse empty digests */
	p = x->n_piles ? &x->pile[x->last] : NULL;
	if (!p || p->code != mh.code || p->width != mh.digest.len + 8) {
		rc = find_pile(x, &mh);
		if (rc < 0)
			return rc;
		p = &x->pile[x->last];
	}
	if (x->held + p->width + PILE_SORT > x->mem) {
		rc = make_room(x);
		if (rc < 0)
			return rc;
	}
	rc = pile_add(p, mh.digest, off);
	if (rc < 0)
		return rc;
	x->held += p->width + PILE_SORT;
	x->n++;
	return 0;
}

/* ---- writing ---- */

/* what goes out, in larger pieces */
struct writer {
	struct sink *out;
	struct buf b;
};

static int flush(struct writer *w)
{
	int rc = sink_bytes(w->out, buf_span(&w->b));

	buf_reset(&w->b);
	return rc;
}

/* room for `n` bytes, few, which then can be added without asking */
static int room(struct writer *w, size_t n)
{
	return w->b.len + n > w->b.max ? flush(w) : 0;
}

static int by_code(const void *a, const void *b)
{
	const struct pile *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return (x->width > y->width) - (x->width < y->width);
}

static int by_width(const void *a, const void *b)
{
	const struct pile *x = a, *y = b;

	if (x->width != y->width)
		return x->width < y->width ? -1 : 1;
	return (x->code > y->code) - (x->code < y->code);
}

/* The piles [from, return) are of one width (and code). */
static size_t same(const struct car_index *x, size_t from, int codes_too)
{
	size_t to = from + 1;

	while (to < x->n_piles && x->pile[to].width == x->pile[from].width &&
	       (!codes_too || x->pile[to].code == x->pile[from].code))
		to++;
	return to;
}

static size_t same_code(const struct car_index *x, size_t from)
{
	size_t to = from + 1;

	while (to < x->n_piles && x->pile[to].code == x->pile[from].code)
		to++;
	return to;
}

/* How many groups `next` makes of the piles [from, to). */
static size_t widths(const struct car_index *x, size_t from, size_t to, int codes_too)
{
	size_t n = 0;

	for (; from < to; n++)
		from = same(x, from, codes_too);
	return n;
}

/* The entries of the piles [from, to), which have one width, merged. */
static int write_entries(struct car_index *x, struct writer *w, size_t from, size_t to)
{
	size_t i, least;
	struct pile *p;
	int rc = 0;

	for (i = from; rc >= 0 && i < to; i++) {
		rc = pile_read(&x->pile[i]);
		if (rc == 0)
			rc = pile_next(&x->pile[i]);
	}
	while (rc >= 0) {
		for (least = to, i = from; i < to; i++) {
			p = &x->pile[i];
			if (p->now && (least == to ||
				       memcmp(p->now, x->pile[least].now, p->width - 8) < 0))
				least = i;
		}
		if (least == to)
			return 0;
		p = &x->pile[least];
		rc = room(w, p->width);
		if (rc == 0)
			rc = buf_bytes(&w->b, p->now, p->width);
		if (rc == 0)
			rc = pile_next(p);
	}
	return rc;
}

/* One width: its head and entries.  Piles give their memory back when they are written. */
static int write_width(struct car_index *x, struct writer *w, size_t from, size_t to)
{
	uint64_t n = 0;
	size_t i;
	int rc;

	for (i = from; i < to; i++)
		n += x->pile[i].n;
	rc = room(w, 12);
	if (rc < 0)
		return rc;
	buf_le32(&w->b, (uint32_t)x->pile[from].width);
	buf_le64(&w->b, n * x->pile[from].width);
	rc = write_entries(x, w, from, to);
	for (i = from; i < to; i++)
		pile_clear(&x->pile[i]);
	return rc;
}

/* An IndexSorted: the piles [from, to) by width. */
static int write_widths(struct car_index *x, struct writer *w, size_t from, size_t to, int codes_too)
{
	size_t next;
	int rc = room(w, 4);

	if (rc == 0)
		buf_le32(&w->b, (uint32_t)widths(x, from, to, codes_too));
	for (; rc == 0 && from < to; from = next) {
		next = same(x, from, codes_too);
		rc = write_width(x, w, from, next);
	}
	return rc;
}

static int write_codes(struct car_index *x, struct writer *w)
{
	uint32_t n = 0;
	size_t i, next;
	int rc = 0;

	for (i = 0; i < x->n_piles; n++)
		i = same_code(x, i);
	buf_le32(&w->b, n);
	for (i = 0; rc == 0 && i < x->n_piles; i = next) {
		next = same_code(x, i);
		rc = room(w, 8);
		if (rc < 0)
			break;
		buf_le64(&w->b, x->pile[i].code);
		rc = write_widths(x, w, i, next, 1);
	}
	return rc;
}

static int known(uint64_t codec)
{
	return codec == CAR_INDEX_SORTED || codec == CAR_INDEX_MH_SORTED ? 0 :
		err_set(ERR_UNSUPPORTED, "index codec 0x%" PRIx64 " is not known here (0x0400 and 0x0401 are)",
			codec);
}

int car_index_write(struct car_index *x, uint64_t codec, struct sink *out)
{
	struct writer w = { out, BUF_INIT(OUT) };
	int rc = known(codec);

	if (rc == 0 && x->read)
		rc = err_set(ERR_USAGE, "an index can be written once");
	if (rc == 0)
		rc = buf_reserve(&w.b, OUT);
	if (rc < 0)
		return rc;
	x->read = 1;
	if (x->n_piles)
		qsort(x->pile, x->n_piles, sizeof *x->pile, codec == CAR_INDEX_SORTED ? by_width : by_code);
	rc = buf_varint(&w.b, codec);
	if (rc == 0)
		rc = codec == CAR_INDEX_SORTED ? write_widths(x, &w, 0, x->n_piles, 0) : write_codes(x, &w);
	if (rc == 0)
		rc = flush(&w);
	buf_clear(&w.b);
	return rc;
}

int car_index_len(struct car_index *x, uint64_t codec, uint64_t *len)
{
	uint64_t n = varint_len(codec) + 4;
	size_t i;
	int rc = known(codec);

	if (rc < 0)
		return rc;
	if (x->n_piles)
		qsort(x->pile, x->n_piles, sizeof *x->pile, codec == CAR_INDEX_SORTED ? by_width : by_code);
	x->last = 0;
	for (i = 0; i < x->n_piles; i++)
		n += x->pile[i].n * x->pile[i].width;
	if (codec == CAR_INDEX_SORTED) {
		n += 12 * widths(x, 0, x->n_piles, 0);
	} else {
		n += 12 * x->n_piles;
		for (i = 0; i < x->n_piles; i = same_code(x, i))
			n += 8 + 4;
	}
	*len = n;
	return 0;
}
