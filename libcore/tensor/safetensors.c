/* safetensors.c - the header of a safetensors file */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/jsonrd.h"
#include "base/rd.h"
#include "base/spill.h"
#include "base/utf8.h"
#include "tensor_priv.h"

enum {
	PREFIX = 8,			/* the length of the header */
	KEYS_MEM = 512 * 1024,
	RANGES_MEM = 4 << 20
};

#define HEADER_BAD "InvalidHeaderDeserialization"

struct header {
	struct jsonrd j;
	struct tensor_set *set;
	uint64_t base, data;		/* of the file: where the data begins; its bytes, UINT64_MAX: not known */
	uint64_t expect;		/* where the next range begins, as long as they follow each other */
	int scattered;			/* they do not: look again when all are there */
	int has_meta;
	uint64_t meta_at, meta_end;	/* of the file: the object __metadata__ */
	struct buf name;
};

/* what is remembered besides the rows */
static int note_write(struct buf *out, const struct header *h)
{
	int rc = buf_le64(out, h->meta_at);

	if (rc == 0)
		rc = buf_le64(out, h->meta_end);
	if (rc == 0)
		rc = buf_le64(out, h->base);
	return rc < 0 ? rc : buf_le64(out, h->scattered);
}

/* ---- one tensor ---- */

struct entry {
	struct tensor_info info;
	uint64_t begin, end;
	int has_type, has_shape, has_offsets;
};

static int bad(struct header *h, const char *class, const char *what)
{
	char quoted[QUOTED_MAX];

	return err_set(ERR_INVALID, "%s: tensor %s %s", class, quoted_name(buf_span(&h->name), quoted), what);
}

/* the next token; what is wrong with the text is wrong with the header */
static int token(struct header *h)
{
	int t = jsonrd_next(&h->j);

	return t == ERR_INVALID ? err_add(t, HEADER_BAD) : t == ERR_LIMIT ? err_add(t, "the header") : t;
}

static int read_type(struct header *h, struct entry *e)
{
	char what[QUOTED_MAX + 64], quoted[QUOTED_MAX];
	int t = token(h);

	if (t < 0)
		return t;
	if (t != JSONRD_STRING)
		return bad(h, HEADER_BAD, "has a dtype that is no text");
	if (tensor_dtype_find(buf_span(&h->j.text), 0, &e->info.dtype) && e->info.dtype <= TENSOR_U64) {
		e->info.bits = tensor_dtype_bits(e->info.dtype);
		return 0;
	}
	snprintf(what, sizeof what, "has the dtype %s, which there is not", quoted_name(buf_span(&h->j.text), quoted));
	return bad(h, HEADER_BAD, what);
}

/* numbers of an array, at most `max`; how many, or an error */
static int read_numbers(struct header *h, uint64_t *v, unsigned max, const char *what)
{
	char quoted[QUOTED_MAX];
	unsigned n = 0;
	int t = token(h);

	if (t >= 0 && t != JSONRD_ARRAY)
		return bad(h, HEADER_BAD, what);
	while (t >= 0 && (t = token(h)) != JSONRD_ARRAY_END && t >= 0) {
		if (t != JSONRD_NUMBER || (n < max && !jsonrd_uint(&h->j, &v[n])))
			return bad(h, HEADER_BAD, what);
		if (n++ == max)
			return max == 2 ? bad(h, HEADER_BAD, what) :
			       err_set(ERR_LIMIT, "tensor %s has more than %u dimensions",
				       quoted_name(buf_span(&h->name), quoted), max);
	}
	return t < 0 ? t : (int)n;
}

static int read_shape(struct header *h, struct entry *e)
{
	int n = read_numbers(h, e->info.shape, TENSOR_RANK_MAX, "has a shape that is no list of whole numbers");

	e->info.rank = n < 0 ? 0 : (unsigned)n;
	return n < 0 ? n : 0;
}

static int read_offsets(struct header *h, struct entry *e)
{
	static const char what[] = "has data_offsets that are not two whole numbers";
	uint64_t v[2] = { 0, 0 };
	int n = read_numbers(h, v, 2, what);

	e->begin = v[0];
	e->end = v[1];
	return n < 0 ? n : n == 2 ? 0 : bad(h, HEADER_BAD, what);
}

/* a value nobody asks for */
static int skip(struct header *h)
{
	int t;

	h->j.drop = 1;
	t = token(h);
	h->j.drop = 0;
	if (t >= 0)
		t = jsonrd_skip(&h->j, t);
	return t == ERR_INVALID ? err_add(t, HEADER_BAD) : t < 0 ? t : 0;
}

static int read_member(struct header *h, struct entry *e)
{
	static const struct {
		const char *name;
		size_t has;
		int (*read)(struct header *h, struct entry *e);
	} members[] = {
		{ "dtype", offsetof(struct entry, has_type), read_type },
		{ "shape", offsetof(struct entry, has_shape), read_shape },
		{ "data_offsets", offsetof(struct entry, has_offsets), read_offsets }
	};
	size_t i;
	int *has;

	for (i = 0; i < sizeof members / sizeof *members; i++) {
		if (!span_equal(buf_span(&h->j.text), span_str(members[i].name)))
			continue;
		has = (int *)(void *)((char *)e + members[i].has);
		if (*has)
			return bad(h, "DuplicateKey", "says one thing twice");
		*has = 1;
		return members[i].read(h, e);
	}
	return skip(h);
}

/* its place, and that it has the size of its shape */
static int check_entry(struct header *h, struct entry *e)
{
	int rc;

	if (e->end < e->begin)
		return bad(h, "InvalidOffset", "ends before it begins");
	rc = info_size(&e->info);
	if (rc < 0)
		return rc;
	if (e->info.len != e->end - e->begin)
		return bad(h, "TensorInvalidInfo", "does not have the bytes of its shape and dtype");
	if (e->end > h->data)
		return bad(h, "MetadataIncompleteBuffer", "ends behind the end of the file");
	if (e->begin != h->expect)
		h->scattered = 1;
	h->expect = e->end;
	return 0;
}

static int read_entry(struct header *h)
{
	struct entry e = { .info = { .name = buf_span(&h->name) } };
	int t = token(h);
	int rc = t < 0 ? t : 0;

	if (t >= 0 && t != JSONRD_OBJECT)
		return bad(h, HEADER_BAD, "is no object");
	while (rc == 0 && (t = token(h)) == JSONRD_KEY)
		rc = read_member(h, &e);
	if (rc < 0 || t < 0)
		return rc < 0 ? rc : t;
	if (!e.has_type || !e.has_shape || !e.has_offsets)
		return bad(h, HEADER_BAD, "lacks its dtype, shape or data_offsets");
	rc = check_entry(h, &e);
	if (rc < 0)
		return rc;
	e.info.packed = e.info.len;
	if (__builtin_add_overflow(h->base, e.begin, &e.info.off))
		return bad(h, "ValidationOverflow", "lies beyond 64 bits");
	return table_add(h->set->rows, &e.info);
}

/* ---- __metadata__ ---- */

/* no two keys are the same */
static int unique(struct spill *keys)
{
	struct buf last = BUF_INIT(TENSOR_NAME_MAX);
	char quoted[QUOTED_MAX];
	struct span key;
	uint64_t i;
	int rc = spill_read(keys);

	for (i = 0; rc >= 0 && (rc = spill_next(keys, &key)) == 1; i++) {
		if (i && span_equal(key, buf_span(&last)))
			rc = err_set(ERR_INVALID, "DuplicateKey: __metadata__ has %s twice", quoted_name(key, quoted));
		buf_reset(&last);
		if (rc > 0)
			rc = buf_add(&last, key);
	}
	buf_clear(&last);
	return rc;
}

static int read_meta_keys(struct header *h, struct spill *keys)
{
	int t, rc = 0;

	while (rc == 0 && (t = token(h)) == JSONRD_KEY) {
		rc = spill_add(keys, buf_span(&h->j.text));
		h->j.drop = 1;
		t = rc < 0 ? rc : token(h);
		h->j.drop = 0;
		if (t >= 0 && t != JSONRD_STRING)
			return err_set(ERR_INVALID, HEADER_BAD ": __metadata__ has something else than text");
		rc = t < 0 ? t : 0;
	}
	return rc < 0 ? rc : t < 0 ? t : 0;
}

static int read_meta(struct header *h)
{
	struct spill *keys;
	int t = token(h), rc;

	if (h->has_meta)
		return err_set(ERR_INVALID, "DuplicateKey: two __metadata__");
	if (t != JSONRD_OBJECT)
		return t < 0 ? t : err_set(ERR_INVALID, HEADER_BAD ": __metadata__ is no object");
	h->has_meta = 1;
	h->meta_at = PREFIX + h->j.off - 1;
	rc = spill_new(&keys, h->set->tmpdir, KEYS_MEM, span_cmp);
	if (rc < 0)
		return rc;
	rc = read_meta_keys(h, keys);
	if (rc == 0)
		rc = unique(keys);
	spill_free(keys);
	h->meta_end = PREFIX + h->j.off;
	return rc;
}

/* ---- all of it ---- */

static int read_all(struct header *h)
{
	int t = token(h), rc = t < 0 ? t : 0;

	if (t >= 0 && t != JSONRD_OBJECT)
		return err_set(ERR_INVALID, HEADER_BAD ": the header is no object");
	while (rc == 0 && (t = token(h)) == JSONRD_KEY) {
		buf_reset(&h->name);
		rc = buf_add(&h->name, buf_span(&h->j.text));
		if (rc == 0)
			rc = span_equal(buf_span(&h->name), span_str("__metadata__")) ? read_meta(h) : read_entry(h);
	}
	if (rc == 0)
		rc = t < 0 ? t : token(h);		/* which finds text behind the object */
	if (rc == 0 && !h->scattered && h->data != UINT64_MAX && h->expect != h->data)
		rc = err_set(ERR_INVALID, "MetadataIncompleteBuffer: the tensors end at %" PRIu64 " of %" PRIu64
			     " bytes of data", h->expect, h->data);
	return rc;
}

/* is the header UTF-8?  Asked when it is no JSON, for the better word. */
static int header_utf8(struct tensor_in *in, uint64_t end)
{
	struct in_range r = { in, PREFIX, end };
	uint8_t text[4096];
	size_t have = 0, cut;
	ssize_t n;

	while ((n = in_range_read(&r, text + have, sizeof text - have)) > 0) {
		have += (size_t)n;
		cut = utf8_unfinished(span_of(text, have));
		if (!utf8_valid(span_of(text, have - cut)))
			return 0;
		memmove(text, text + have - cut, cut);
		have = cut;
	}
	return n < 0 || have == 0;
}

static int read_header(struct tensor_set *set, struct tensor_in *in, uint64_t len)
{
	struct in_range range = { in, PREFIX, PREFIX + len };
	struct header h = { .set = set, .base = PREFIX + len, .data = in->size - PREFIX - len,
			    .name = BUF_INIT(TENSOR_NAME_MAX) };
	int rc;

	if (in->size == TENSOR_UNSIZED)
		h.data = UINT64_MAX;
	jsonrd_init(&h.j, in_range_read, &range, TENSOR_NAME_MAX);
	rc = read_all(&h);
	if (rc == ERR_INVALID && !strncmp(err_text(), HEADER_BAD, sizeof HEADER_BAD - 1)) {
		char said[400];

		snprintf(said, sizeof said, "%s", err_text());
		rc = header_utf8(in, PREFIX + len) ? err_set(rc, "%s", said) :
						     err_set(rc, "InvalidHeader: the header is not UTF-8");
	}
	if (rc == 0)
		rc = note_write(&set->note, &h);
	jsonrd_clear(&h.j);
	buf_clear(&h.name);
	return rc;
}

static int st_read(struct tensor_set *set, struct tensor_in *in)
{
	uint8_t prefix[PREFIX];
	struct rd r = rd_from(span_of(prefix, PREFIX));
	uint64_t len;
	int rc;

	if (in->size < PREFIX)
		return err_set(ERR_INVALID, "HeaderTooSmall: %" PRIu64 " bytes are no safetensors file", in->size);
	rc = in->read(in, 0, prefix, PREFIX);
	if (rc < 0)
		return rc;
	len = rd_le64(&r);
	if (len > TENSOR_HEADER_MAX)
		return err_set(ERR_INVALID, "HeaderTooLarge: %" PRIu64 " bytes of header are more than %d; this is "
			       "no safetensors file, nor any other with tensors that is known", len, TENSOR_HEADER_MAX);
	if (PREFIX + len > in->size)
		return err_set(ERR_INVALID, "InvalidHeaderLength: a header of %" PRIu64 " bytes in a file of %" PRIu64,
			       len, in->size);
	return read_header(set, in, len);
}

/* ---- ranges that did not come in order ---- */

static int add_ranges(struct tensor_set *set, struct spill *ranges)
{
	struct buf record = BUF_INIT(64);
	struct tensor_info info;
	uint64_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < table_count(set->rows); i++) {
		rc = table_get(set->rows, i, &info);
		buf_reset(&record);
		if (rc == 0)
			rc = buf_be64(&record, info.off);
		if (rc == 0)
			rc = buf_be64(&record, info.off + info.len);
		if (rc == 0)
			rc = buf_be64(&record, i);
		if (rc == 0)
			rc = spill_add(ranges, buf_span(&record));
	}
	buf_clear(&record);
	return rc;
}

static int bad_range(struct tensor_set *set, uint64_t i, uint64_t begin, uint64_t expect)
{
	char quoted[QUOTED_MAX];
	struct tensor_info info;
	int rc = table_get(set->rows, i, &info);

	return rc < 0 ? rc : err_set(ERR_INVALID, "InvalidOffset: tensor %s %s", quoted_name(info.name, quoted),
				     begin > expect ? "has a gap before it" : "overlaps another");
}

static int check_ranges(struct tensor_set *set, struct spill *ranges, uint64_t expect)
{
	uint64_t begin, end, i;
	struct span record;
	struct rd r;
	int rc;

	while ((rc = spill_next(ranges, &record)) == 1) {
		r = rd_from(record);
		begin = rd_be64(&r);
		end = rd_be64(&r);
		i = rd_be64(&r);
		if (begin != expect)
			return bad_range(set, i, begin, expect);
		expect = end;
	}
	if (rc == 0 && set->in->size != TENSOR_UNSIZED && expect != set->in->size)
		rc = err_set(ERR_INVALID, "MetadataIncompleteBuffer: the tensors end at byte %" PRIu64 " of %" PRIu64,
			     expect, set->in->size);
	return rc;
}

static int st_check(struct tensor_set *set)
{
	struct rd r = rd_from(buf_span(&set->note));
	struct spill *ranges;
	uint64_t base;
	int rc;

	rd_bytes(&r, 16);
	base = rd_le64(&r);
	if (rd_le64(&r) == 0)
		return 0;
	rc = spill_new(&ranges, set->tmpdir, RANGES_MEM, span_cmp);
	if (rc < 0)
		return rc;
	rc = add_ranges(set, ranges);
	if (rc == 0)
		rc = spill_read(ranges);
	if (rc == 0)
		rc = check_ranges(set, ranges, base);
	spill_free(ranges);
	return rc;
}

/* ---- asking ---- */

static int st_looks(struct span head, uint64_t size)
{
	(void)head;
	(void)size;
	return 1;
}

static int st_meta(struct tensor_set *set, int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	struct rd r = rd_from(table_note(set->rows));
	struct in_range range = { .in = set->in, .off = rd_le64(&r) };

	range.end = rd_le64(&r);
	return meta_read(&range, fn, arg);
}

const struct tensor_format tensor_safetensors = {
	.looks = st_looks, .read = st_read, .check = st_check, .meta = st_meta
};
