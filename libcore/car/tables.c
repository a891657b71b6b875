/*
 * tables.c - the index in a CARv2, looked up where it lies.
 * codec, then for 0x0400 a table of widths, for 0x0401 a table of hash codes, each with one of widths.
 * Spec: the text of carv2 "Index format" as corrected by ipld/ipld #292 and #366.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/rd.h"
#include "file_priv.h"

enum {
	WIDTH_MAX = 32 * 1024 * 1024,	/* go-car's */
	GUESSES = 12,			/* by interpolation, then halves: digests somebody chose cost no more */
	EQUALS_MAX = 64			/* entries with one digest that are looked at */
};

/* ---- finding the tables ---- */

/* Little-endian fields of the index, `at` a running offset in the file. */
static int take(struct car_file *f, uint64_t *at, size_t len, struct rd *r)
{
	struct span s;
	int rc = file_peek(f, *at, len, &s);

	if (rc < 0)
		return rc;
	if (s.len < len)
		return err_set(ERR_INVALID, "'%s', offset %" PRIu64 ": the index is cut short", f->path, *at);
	*r = rd_from(s);
	*at += len;
	return 0;
}

static int bad(const struct car_file *f, uint64_t at, const char *why)
{
	return err_set(ERR_INVALID, "'%s', offset %" PRIu64 ": the index: %s", f->path, at, why);
}

static int take_count(struct car_file *f, uint64_t *at, uint32_t *n)
{
	struct rd r;
	int rc = take(f, at, 4, &r);

	if (rc < 0)
		return rc;
	*n = rd_le32(&r);
	if (*n > INT32_MAX)
		return bad(f, *at - 4, "a negative count");
	return 0;
}

static int add_table(struct car_file *f, const struct table *t)
{
	struct table *grown;

	if (f->n_tables == TABLES_MAX)
		return err_set(ERR_LIMIT, "'%s': an index of more than %d kinds and lengths of hashes",
			       f->path, TABLES_MAX);
	grown = realloc(f->table, (f->n_tables + 1) * sizeof *grown);
	if (!grown)
		return err_nomem();
	f->table = grown;
	f->table[f->n_tables++] = *t;
	return 0;
}

/* One width: its head; on to behind the entries. */
static int take_width(struct car_file *f, uint64_t *at, uint64_t code, uint32_t above)
{
	uint64_t head = *at, bytes;
	uint32_t width;
	struct rd r;
	int rc = take(f, at, 12, &r);

	if (rc < 0)
		return rc;
	width = rd_le32(&r);
	bytes = rd_le64(&r);
	if (width <= 8)
		return bad(f, head, "entries without a digest");
	if (width > WIDTH_MAX)
		return bad(f, head, "entries over 32 MiB");
	if (width <= above)
		return bad(f, head, "widths are not ascending");
	if (bytes % width)
		return bad(f, head + 4, "the length of the entries is no multiple of their width");
	if (bytes > f->size - *at)
		return bad(f, head + 4, "the entries end behind the end of the file");
	rc = add_table(f, &(struct table){ .code = code, .off = *at, .n = bytes / width, .width = width });
	*at += bytes;
	return rc < 0 ? rc : (int)width;
}

static int take_widths(struct car_file *f, uint64_t *at, uint64_t code)
{
	uint32_t n, i;
	int width = 0, rc = take_count(f, at, &n);

	for (i = 0; rc >= 0 && width >= 0 && i < n; i++)
		width = take_width(f, at, code, (uint32_t)width);
	return rc < 0 ? rc : width < 0 ? width : 0;
}

static int take_codes(struct car_file *f, uint64_t *at)
{
	uint64_t code, last = 0;
	uint32_t n, i;
	struct rd r;
	int rc = take_count(f, at, &n);

	for (i = 0; rc == 0 && i < n; i++) {
		rc = take(f, at, 8, &r);
		if (rc < 0)
			break;
		code = rd_le64(&r);
		if (i && code <= last)
			return bad(f, *at - 8, "hash codes are not ascending");
		last = code;
		rc = take_widths(f, at, code);
	}
	return rc;
}

int tables_open(struct car_file *f)
{
	uint64_t at = f->v2.index_off;
	struct span s;
	struct rd r;
	int rc;

	if (at == 0)
		return 0;
	rc = file_peek(f, at, 9, &s);
	if (rc < 0)
		return rc;
	r = rd_from(s);
	f->codec = rd_uvarint(&r);
	if (!rd_ok(&r))
		return bad(f, at, r.bad);
	at += s.len - r.left;
	if (f->codec == CAR_INDEX_SORTED)
		return take_widths(f, &at, 0);
	if (f->codec == CAR_INDEX_MH_SORTED)
		return take_codes(f, &at);
	return 0;			/* somebody's own: the payload is good without it */
}

void tables_clear(struct car_file *f)
{
	size_t i;

	for (i = 0; i < f->n_tables; i++)
		free(f->table[i].mark);
	free(f->scan.mark);
	free(f->scan.mem);
	free(f->table);
	f->table = NULL;
	f->n_tables = 0;
}

/* ---- looking up ---- */

static int entry_at(struct car_file *f, const struct table *t, uint64_t i, const uint8_t **e)
{
	struct span s;
	int rc;

	if (t->mem) {
		*e = t->mem + i * t->width;
		return 0;
	}
	rc = file_peek(f, t->off + i * t->width, t->width, &s);
	if (rc == 0 && s.len < t->width)
		rc = bad(f, t->off + i * t->width, "an entry is cut short");
	*e = s.p;
	return rc;
}

static uint64_t offset_of(const struct table *t, const uint8_t *e)
{
	struct rd r = rd_from(span_of(e + t->width - 8, 8));

	return rd_le64(&r);
}

/* The search so far: the digest stands in [lo, hi), if at all, and keys there are in [lo_key, hi_key]. */
struct range {
	uint64_t lo, hi, lo_key, hi_key;
};

static uint64_t guess(const struct range *r, uint64_t key, int tries)
{
	uint64_t n = r->hi - r->lo, i = n / 2;

	if (tries < GUESSES && r->hi_key > r->lo_key)
		i = (uint64_t)((double)(key - r->lo_key) / (double)(r->hi_key - r->lo_key) * (double)n);
	return r->lo + (i < n ? i : n - 1);
}

/* Of [lo, hi) what lies above the entry at `at`, or below it. */
static void narrow(struct range *r, uint64_t at, uint64_t key, int above)
{
	if (above) {
		r->lo = at + 1;
		r->lo_key = key;
	} else {
		r->hi = at;
		r->hi_key = key;
	}
}

/*
 * Begin where earlier searches have been nearby.  The first guess in a large table is a thousand entries
 * off, and each page a search comes to costs more than all its arithmetic; between two marks it is right
 * by a few entries.
 */
static void recall(const struct table *t, uint64_t key, struct range *r)
{
	size_t b, i;
	const struct mark *m;

	if (!t->mark)
		return;
	b = key >> (64 - t->mark_bits);
	for (i = b ? b - 1 : b; i <= b + 1 && i >> t->mark_bits == 0; i++) {
		m = &t->mark[i];
		if (!m->at || m->at - 1 < r->lo || m->at - 1 >= r->hi)
			continue;
		if (m->key < key)
			narrow(r, m->at - 1, m->key, 1);
		else if (m->key > key)
			narrow(r, m->at - 1, m->key, 0);
	}
}

/* A place for marks, where they are worth it. */
static void make_marks(struct table *t)
{
	if (t->mark || t->n < 64 * MARK_EVERY)
		return;
	for (t->mark_bits = 6; t->mark_bits < MARK_BITS && t->n >> t->mark_bits > MARK_EVERY; )
		t->mark_bits++;
	t->mark = calloc((size_t)1 << t->mark_bits, sizeof *t->mark);	/* without memory, without marks */
}

/* 1 and an entry with this digest, 0: there is none; ERR_INVALID: entries are out of order. */
static int search(struct car_file *f, struct table *t, const uint8_t *digest, uint64_t *at)
{
	struct range r = { 0, t->n, 0, UINT64_MAX };
	uint64_t key = digest_prefix(digest, t->width - 8), k;
	const uint8_t *e;
	int c, rc, tries = 0;

	make_marks(t);
	recall(t, key, &r);
	while (r.lo < r.hi) {
		*at = guess(&r, key, tries++);
		rc = entry_at(f, t, *at, &e);
		if (rc < 0)
			return rc;
		__builtin_prefetch(e - 64);	/* the next guess is likely to be beside it */
		__builtin_prefetch(e + 128);
		k = digest_prefix(e, t->width - 8);
		if (k < r.lo_key || k > r.hi_key)
			return bad(f, t->off + *at * t->width, "entries are not in order");
		if (t->mark)
			t->mark[k >> (64 - t->mark_bits)] = (struct mark){ *at + 1, k };
		c = k != key ? (k < key ? -1 : 1) : memcmp(e, digest, t->width - 8);
		if (c == 0)
			return 1;
		narrow(&r, *at, k, c < 0);
	}
	return 0;
}

static int lie(const struct car_file *f, const struct table *t, uint64_t i, uint64_t off, const char *what)
{
	if (t->mem)
		return err_set(ERR_CORRUPT, "'%s' has changed since it was scanned", f->path);
	return err_set(ERR_INVALID, "'%s', offset %" PRIu64 ": an entry of the index gives the offset %" PRIu64
		       ": %s", f->path, t->off + i * t->width, off, what);
}

static int section_at(struct car_file *f, const struct table *t, uint64_t i, uint64_t off, struct place *p)
{
	char why[256];
	int rc;

	if (off >= f->v2.data_size)
		return lie(f, t, i, off, "that is behind the payload");
	if (off < f->first)
		return lie(f, t, i, off, "that is inside the header");
	rc = file_section(f, off, p);
	if (rc != ERR_INVALID && rc != ERR_LIMIT)
		return rc;
	snprintf(why, sizeof why, "%s", err_text());
	return lie(f, t, i, off, why);
}

/* Is the section of entry i the one with this multihash?  1; 0: it has the same digest of another function
 * (0x0400 does not tell them apart); ERR_INVALID: neither. */
static int confirm(struct car_file *f, const struct table *t, uint64_t i, const struct cid *cid,
		   struct place *p)
{
	struct mh want, got;
	const uint8_t *e;
	int rc = entry_at(f, t, i, &e);

	if (rc == 0)
		rc = section_at(f, t, i, offset_of(t, e), p);
	if (rc < 0)
		return rc;
	if (span_equal(cid_mh(&p->cid), cid_mh(cid)))
		return 1;
	if (f->codec == CAR_INDEX_SORTED && !t->mem && mh_decode(cid_mh(&p->cid), &got) == 0 &&
	    mh_decode(cid_mh(cid), &want) == 0 && span_equal(got.digest, want.digest))
		return 0;
	return lie(f, t, i, p->off, "another block is there");
}

/* Entry i has the digest; it, or one of its equals beside it, is the block. */
static int among_equals(struct car_file *f, const struct table *t, uint64_t i, const uint8_t *digest,
			const struct cid *cid, struct place *p)
{
	uint64_t k;
	const uint8_t *e;
	int rc = confirm(f, t, i, cid, p), step, n;

	for (step = -1; rc == 0 && step <= 1; step += 2) {
		for (k = i + (uint64_t)step, n = 0; rc == 0 && k < t->n; k += (uint64_t)step) {
			rc = entry_at(f, t, k, &e);
			if (rc < 0 || memcmp(e, digest, t->width - 8) || n++ == EQUALS_MAX)
				break;
			rc = confirm(f, t, k, cid, p);
		}
	}
	return rc;
}

static int find_in(struct car_file *f, struct table *t, const uint8_t *digest,
		   const struct cid *cid, struct place *p)
{
	uint64_t i;
	int rc = search(f, t, digest, &i);

	return rc <= 0 ? rc : among_equals(f, t, i, digest, cid, p);
}

/* What the tables of a scan are sorted by: see scan.c. */
static int find_scanned(struct car_file *f, const struct cid *cid, struct place *p)
{
	uint8_t id[SCAN_ID];
	int rc = scan_id(cid, id);

	return rc < 0 ? rc : find_in(f, &f->scan, id, cid, p);
}

static int find(struct car_file *f, const struct cid *cid, struct place *p)
{
	struct table *t;
	struct mh mh;
	size_t i;
	int rc = mh_decode(cid_mh(cid), &mh);

	if (rc < 0)
		return rc;
	if (f->scanned)
		return find_scanned(f, cid, p);
	if (!car_file_indexed(f))
		return err_set(ERR_UNSUPPORTED, "'%s' has no index", f->path);
	for (i = 0; i < f->n_tables; i++) {
		t = &f->table[i];
		if (t->width != mh.digest.len + 8 || (f->codec == CAR_INDEX_MH_SORTED && t->code != mh.code))
			continue;
		return find_in(f, t, mh.digest.p, cid, p);
	}
	return 0;
}

int car_file_find(struct car_file *f, const struct cid *cid, uint64_t *off, uint64_t *len)
{
	struct place p;
	int rc = find(f, cid, &p), cut = file_cut(f);

	if (cut < 0)			/* whatever was seen was not the file */
		return cut;
	if (rc == 1) {
		*off = p.off;
		*len = p.len;
	}
	return rc;
}

/* ---- all of it, for those who verify ---- */

static int check_table(struct car_file *f, const struct table *t, uint64_t *n)
{
	uint8_t before[DIGEST_INDEX_MAX];
	size_t len = t->width - 8;
	const uint8_t *e;
	struct place p;
	struct mh mh;
	uint64_t i, off;
	int rc;

	if (len > sizeof before)
		return bad(f, t->off - 12, "digests longer than those of any block");
	for (i = 0; i < t->n; i++) {
		rc = entry_at(f, t, i, &e);
		if (rc < 0)
			return rc;
		if (i && memcmp(before, e, len) > 0)
			return bad(f, t->off + i * t->width, "entries are not in order");
		memcpy(before, e, len);
		off = offset_of(t, e);
		rc = section_at(f, t, i, off, &p);
		if (rc == 0)
			rc = mh_decode(cid_mh(&p.cid), &mh);
		if (rc < 0)
			return rc;
		if (!span_equal(mh.digest, span_of(before, len)) ||
		    (f->codec == CAR_INDEX_MH_SORTED && mh.code != t->code))
			return lie(f, t, i, off, "another block is there");
		++*n;
	}
	return 0;
}

int car_file_check(struct car_file *f, uint64_t *n)
{
	size_t i;
	int rc = 0, cut;

	*n = 0;
	if (!car_file_indexed(f))
		return err_set(ERR_UNSUPPORTED, "'%s' has no index", f->path);
	for (i = 0; rc == 0 && i < f->n_tables; i++)
		rc = check_table(f, &f->table[i], n);
	cut = file_cut(f);
	return cut < 0 ? cut : rc;
}
