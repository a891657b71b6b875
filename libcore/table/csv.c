/*
 * csv.c - text into records and fields, in a window that moves over it.
 * RFC 4180, and what there is besides: any separator, records that end in LF, CRLF or CR, empty lines between them, a byte
 * order mark.  Fields are where they are in the window; nothing is copied.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/utf8.h"
#include "table/table_priv.h"

enum {
	WINDOW = 256 * 1024,		/* bytes, at first; with its fields it stays in the cache */
	FIELDS = 32 * 1024,
	SNIFF_ROWS = 64
};
static const char separators[] = ",\t;|";

/* ---- 64 bytes at a time: a bit for each that may end a field ---- */

#if defined(__SSE2__)
#include <immintrin.h>

static inline uint64_t marks(const uint8_t *p, uint8_t sep)
{
	const __m128i s = _mm_set1_epi8((char)sep), q = _mm_set1_epi8('"'), n = _mm_set1_epi8('\n'), r = _mm_set1_epi8('\r');
	uint64_t m = 0;
	int i;

	for (i = 0; i < 4; i++) {
		__m128i x = _mm_loadu_si128((const void *)(p + 16 * i));
		__m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, s), _mm_cmpeq_epi8(x, q)),
					   _mm_or_si128(_mm_cmpeq_epi8(x, n), _mm_cmpeq_epi8(x, r)));

		m |= (uint64_t)(unsigned)_mm_movemask_epi8(hit) << (16 * i);
	}
	return m;
}

#else

static inline uint64_t marks(const uint8_t *p, uint8_t sep)
{
	uint64_t m = 0;
	int i;

	for (i = 0; i < 64; i++)
		m |= (uint64_t)(p[i] == sep || p[i] == '"' || p[i] == '\n' || p[i] == '\r') << i;
	return m;
}

#endif

/* ---- records ---- */

/* the record that is being read */
struct record {
	size_t start;			/* of the field */
	size_t n;			/* fields before it */
	int in, escaped;		/* in quotes; quotes in them */
	size_t closed, pair;		/* behind the closing quote; the second of two quotes */
	uint64_t lines;			/* in quotes */
};

static int wrong(struct csv *c, enum csv_wrong why, size_t at, size_t n)
{
	c->wrong = why;
	c->wrong_at = at;
	c->wrong_n = n;
	return 0;
}

/* room for as many fields as any record may have */
static int grow_fields(struct csv *c)
{
	struct csv_field *f = realloc(c->field, (TABLE_COLUMNS_MAX + FIELDS) * sizeof *f);

	if (!f)
		return err_nomem();
	c->field = f;
	c->cap_fields = TABLE_COLUMNS_MAX + FIELDS;
	return 0;
}

/* the field that ends at `end`: 1, or 0: something is wrong with it */
static inline int put_field(struct csv *c, struct record *r, size_t end)
{
	struct csv_field *f = &c->field[c->n_fields + r->n];

	if (c->n_fields + r->n >= c->cap_fields)
		return wrong(c, CSV_WIDE, end, 0);
	f->off = (uint32_t)r->start;
	f->len = (uint32_t)(end - r->start);
	if (r->closed) {
		if (r->closed != end)
			return wrong(c, CSV_BEHIND, r->closed, 0);
		f->off++;
		f->len = (uint32_t)(end - r->start - 2) | CSV_QUOTED | (r->escaped ? CSV_ESCAPED : 0);
		r->closed = 0;
		r->escaped = 0;
	}
	r->n++;
	r->start = end + 1;
	return 1;
}

/* the record ends with the byte in front of `behind`: 1, or 0: something is wrong */
static inline int put_record(struct csv *c, struct record *r, size_t behind)
{
	if (r->n == 1 && c->field[c->n_fields].len == 0) {	/* an empty line, or the LF of CRLF */
		c->next_line += !(c->after_cr && c->win[behind - 1] == '\n');
	} else {
		if (c->n_cols == 0)
			c->n_cols = r->n;
		if (c->n_cols != r->n)
			return wrong(c, CSV_RAGGED, c->at, r->n);
		c->n_fields += r->n;
		c->rows++;
		c->next_line += r->lines + 1;
	}
	c->after_cr = c->win[behind - 1] == '\r';
	c->at = behind;
	r->n = 0;
	r->lines = 0;
	r->start = behind;
	return 1;
}

/* a byte of note within quotes: 1, or 0: whether that quote is the last is not known before there is more text */
static inline int within(struct csv *c, struct record *r, size_t i)
{
	uint8_t next = c->win[i + 1];	/* 0 behind the end */

	if (c->win[i] != '"') {
		r->lines += c->win[i] == '\n' || (c->win[i] == '\r' && next != '\n');
	} else if (i == r->pair) {
		r->pair = SIZE_MAX;
	} else if (i + 1 == c->have && !c->eof) {
		return 0;
	} else if (next == '"') {
		r->escaped = 1;
		r->pair = i + 1;
	} else {
		r->in = 0;
		r->closed = i + 1;
	}
	return 1;
}

/* the end of all text */
static void last_record(struct csv *c, struct record *r)
{
	if (r->in)
		wrong(c, CSV_OPEN, r->start, 0);
	else if ((r->start < c->have || r->n > 0 || r->closed) && put_field(c, r, c->have))
		put_record(c, r, c->have);
}

/* whole records from `at` on, as many as there are in the window, up to rows_max, and room for */
static void split(struct csv *c, size_t rows_max)
{
	struct record r = { .start = c->at, .pair = SIZE_MAX };
	const uint8_t *w = c->win;
	uint8_t sep = c->sep;
	size_t base;

	c->n_fields = c->rows = 0;
	c->wrong = CSV_FINE;
	for (base = c->at; base < c->have; base += 64) {
		uint64_t m = marks(w + base, sep);

		if (c->have - base < 64)
			m &= ((uint64_t)1 << (c->have - base)) - 1;
		for (; m; m &= m - 1) {
			size_t i = base + (size_t)__builtin_ctzll(m);

			if (r.in) {
				if (!within(c, &r, i))
					return;
			} else if (w[i] == '"') {
				r.in = i == r.start;	/* elsewhere it is a character as any other */
			} else {
				if (!put_field(c, &r, i))
					return;
				if (w[i] == sep)
					continue;
				if (!put_record(c, &r, i + 1))
					return;
				if (c->rows == rows_max || c->n_fields + c->n_cols > c->cap_fields)
					return;
			}
		}
	}
	if (c->eof)
		last_record(c, &r);
}

/* ---- the window ---- */

/* more text behind what is left, which moves to the front */
static int fill(struct csv *c)
{
	size_t most = c->opts->record_max ? c->opts->record_max : TABLE_RECORD, cap = c->cap;
	uint8_t *p;
	ssize_t n;
	int rc = 0;

	memmove(c->win, c->win + c->at, c->have - c->at);
	c->have -= c->at;
	c->from = c->at = 0;
	if (c->have > cap / 2) {
		if (c->have >= most)
			return err_set(ERR_LIMIT, "line %llu: a record of more than %zu bytes",
				       (unsigned long long)c->line, most);
		cap *= 2;
		p = realloc(c->win, cap + CSV_SLACK);
		if (!p)
			return err_nomem();
		c->win = p;
		c->cap = cap;
	}
	while (!c->eof && c->have < c->cap) {
		n = c->in.read(c->in.arg, c->win + c->have, c->cap - c->have);
		if (n < 0)
			return (int)n;
		c->eof = n == 0;
		c->have += (size_t)n;
		if (c->opts->progress)
			rc = c->opts->progress(c->opts->arg, (uint64_t)n);
		if (rc < 0)
			return rc;
	}
	memset(c->win + c->have, 0, CSV_SLACK);
	return 0;
}

static int complain(const struct csv *c)
{
	unsigned long long line = csv_line(c, c->wrong_at);

	switch (c->wrong) {
	case CSV_RAGGED:
		return err_set(ERR_INVALID, "line %llu: %zu fields, where the first record has %zu", line,
			       c->wrong_n, c->n_cols);
	case CSV_BEHIND:
		return err_set(ERR_INVALID, "line %llu: text behind a closing quote", line);
	case CSV_OPEN:
		return err_set(ERR_INVALID, "line %llu: a quote that is never closed", line);
	default:
		if (c->n_cols == 0)
			return err_set(ERR_LIMIT, "more than %d columns", TABLE_COLUMNS_MAX);
		return err_set(ERR_INVALID, "line %llu: more fields than the %zu of the first record", line, c->n_cols);
	}
}

static int check_utf8(const struct csv *c)
{
	struct span rest = span_of(c->win + c->from, c->at - c->from);
	size_t n;

	if (c->any_bytes || utf8_valid(rest))
		return 0;
	while (rest.len) {
		n = utf8_len(rest);
		if (n == 0)
			break;
		rest = span_of(rest.p + n, rest.len - n);
	}
	return csv_not_utf8(c, (size_t)(rest.p - c->win));
}

int csv_next(struct csv *c, size_t rows_max)
{
	int rc;

	for (;;) {
		c->line = c->next_line;
		c->from = c->at;
		c->from_cr = c->after_cr;
		split(c, rows_max);
		if (c->rows) {
			rc = check_utf8(c);
			return rc < 0 ? rc : (int)c->rows;
		}
		if (c->wrong)
			return complain(c);
		c->line = c->next_line;
		if (c->eof)
			return 0;
		rc = fill(c);
		if (rc < 0)
			return rc;
	}
}

/* ---- beginning ---- */

/* what is between fields: what gives all of the first records as many of them, the more the better; else what gives the first
 * record most */
static void sniff(struct csv *c)
{
	struct csv was = *c;
	size_t best = 1;
	int even = 0;
	const char *s;

	was.sep = ',';
	for (s = separators; *s; s++) {
		int fine;

		c->sep = (uint8_t)*s;
		split(c, SNIFF_ROWS);
		fine = c->wrong == CSV_FINE;
		if (c->n_cols > 1 && (fine > even || (fine == even && c->n_cols > best))) {
			was.sep = c->sep;
			best = c->n_cols;
			even = fine;
		}
		c->at = was.at;
		c->n_cols = 0;
	}
	*c = was;
}

int csv_open(struct csv *c, const struct table_opts *o, struct table_in in)
{
	int rc;

	*c = (struct csv){ .in = in, .opts = o, .cap = WINDOW, .line = 1, .next_line = 1 };
	if (o->sep == '"' || o->sep == '\n' || o->sep == '\r' || o->sep < 0 || o->sep > 0x7f)
		return err_set(ERR_USAGE, "fields cannot be separated by that");
	if (o->record_max > CSV_LEN / 4)
		return err_set(ERR_USAGE, "records of %zu bytes are too many", o->record_max);
	c->win = malloc(c->cap + CSV_SLACK);
	if (!c->win)
		return err_nomem();
	rc = grow_fields(c);
	if (rc == 0)
		rc = fill(c);
	if (rc < 0)
		return rc;
	if (c->have >= 3 && !memcmp(c->win, "\xef\xbb\xbf", 3))
		c->at = 3;
	c->sep = (uint8_t)o->sep;
	if (!c->sep)
		sniff(c);
	return 0;
}

void csv_close(struct csv *c)
{
	free(c->win);
	free(c->field);
	*c = (struct csv){ 0 };
}

/* ---- for those who read fields ---- */

int csv_text(const struct csv *c, const struct csv_field *f, struct buf *tmp, struct span *text)
{
	const uint8_t *p = c->win + f->off, *end = p + (f->len & CSV_LEN), *q;
	int rc;

	*text = span_of(p, f->len & CSV_LEN);
	if (!(f->len & CSV_ESCAPED))
		return 0;
	buf_reset(tmp);
	for (; p < end; p = q + 2) {
		q = memchr(p, '"', (size_t)(end - p));
		rc = buf_bytes(tmp, p, (size_t)((q ? q + 1 : end) - p));	/* with the first of two quotes */
		if (rc < 0)
			return rc;
		if (!q)
			break;
	}
	*text = buf_span(tmp);
	return 0;
}

int csv_not_utf8(const struct csv *c, size_t off)
{
	return err_set(ERR_INVALID, "line %llu: text that is not UTF-8", (unsigned long long)csv_line(c, off));
}

uint64_t csv_line(const struct csv *c, size_t off)
{
	uint64_t line = c->line;
	size_t i;

	for (i = c->from; i < off; i++)
		line += (c->win[i] == '\n' && !(i == c->from && c->from_cr)) || (c->win[i] == '\r' && c->win[i + 1] != '\n');
	return line;
}
