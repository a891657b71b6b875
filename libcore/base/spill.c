/* spill.c - sort any number of records in bounded memory */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "base/spill.h"
#include "base/tmpfile.h"

enum {
	FAN_IN = 64,			/* runs of a level that are merged into one of the next */
	LEVELS_MAX = 8,
	READ_AHEAD = 32 * 1024 - 1,	/* bytes of a run in memory while merging; a buf adds one */
	WRITE_BEHIND = 256 * 1024,
	MEM_MIN = 2 * SPILL_RECORD_MAX
};

/* A sorted run on disk and the place a merge has reached in it. */
struct run {
	int fd;				/* borrowed from the level */
	uint64_t off, end;		/* not read yet */
	struct buf in;			/* read, from `pos` on not used */
	size_t pos;
	struct span now;		/* the record a merge looks at; NULL at the end */
};

struct level {
	int fd, n;
	uint64_t len;			/* of the file */
	uint64_t end[FAN_IN];		/* of each run */
};

struct spill {
	int (*cmp)(struct span a, struct span b);
	const char *tmpdir;
	size_t max;			/* bytes of memory for records and offsets */
	uint8_t *mem;			/* records, each after its length */
	size_t cap, used;
	uint32_t *offs, n, n_cap;	/* where they begin, in order of adding or sorted */
	struct level level[LEVELS_MAX];
	int n_levels;
	/* reading */
	uint32_t next;			/* of those in memory */
	struct run *runs;
	int n_runs, *heap, n_heap, last;
};

/* ---- records in memory ---- */

static struct span record_at(const struct spill *s, uint32_t off)
{
	uint32_t len;

	memcpy(&len, s->mem + off, sizeof len);
	return span_of(s->mem + off + sizeof len, len);
}

/* Merge sort of n offsets: stable.  `spare` has room for half of them. */
static void sort(const struct spill *s, uint32_t *v, uint32_t *spare, uint32_t n)
{
	uint32_t half = n / 2, a = 0, b = half, i = 0;

	if (n < 2)
		return;
	sort(s, v, spare, half);
	sort(s, v + half, spare, n - half);
	if (s->cmp(record_at(s, v[half - 1]), record_at(s, v[half])) <= 0)
		return;
	memcpy(spare, v, half * sizeof *v);
	while (a < half && b < n)
		v[i++] = s->cmp(record_at(s, spare[a]), record_at(s, v[b])) <= 0 ? spare[a++] : v[b++];
	memcpy(v + i, spare + a, (half - a) * sizeof *v);
}

static int sort_memory(struct spill *s)
{
	uint32_t *spare = malloc((s->n / 2 + 1) * sizeof *spare);

	if (!spare)
		return err_nomem();
	sort(s, s->offs, spare, s->n);
	free(spare);
	return 0;
}

/* room for one more record of `len` bytes */
static int grow(struct spill *s, size_t len)
{
	size_t want = s->used + len, cap = s->cap ? s->cap : 1024;
	uint32_t n_cap = s->n_cap ? s->n_cap * 2 : 32, *offs;
	uint8_t *mem;

	if (want > s->cap) {
		while (cap < want)
			cap *= 2;
		mem = realloc(s->mem, cap);
		if (!mem)
			return err_nomem();
		s->mem = mem;
		s->cap = cap;
	}
	if (s->n == s->n_cap) {
		offs = realloc(s->offs, n_cap * sizeof *offs);
		if (!offs)
			return err_nomem();
		s->offs = offs;
		s->n_cap = n_cap;
	}
	return 0;
}

static void forget_memory(struct spill *s)
{
	free(s->mem);
	free(s->offs);
	s->mem = NULL;
	s->offs = NULL;
	s->cap = s->used = 0;
	s->n = s->n_cap = 0;
}

/* ---- runs on disk ---- */

/* a run being written at the end of a level's file */
struct writer {
	struct level *level;
	struct buf out;
};

static int flush(struct writer *w)
{
	int rc = io_pwrite(w->level->fd, w->out.data, w->out.len, w->level->len, "a temporary file");

	if (rc == 0)
		w->level->len += w->out.len;
	buf_reset(&w->out);
	return rc;
}

static int write_record(struct writer *w, struct span record)
{
	int rc = 0;

	if (w->out.len + record.len + 4 > WRITE_BEHIND)
		rc = w->out.len ? flush(w) : 0;
	if (rc == 0)
		rc = buf_le32(&w->out, (uint32_t)record.len);
	return rc < 0 ? rc : buf_add(&w->out, record);
}

static int writer_start(struct spill *s, struct writer *w, int at)
{
	struct level *l = &s->level[at];

	if (at >= LEVELS_MAX)
		return err_set(ERR_LIMIT, "too many records to sort");
	if (at >= s->n_levels) {
		*l = (struct level){ .fd = tmpfile_nameless(s->tmpdir) };
		if (l->fd < 0)
			return l->fd;
		s->n_levels = at + 1;
	}
	*w = (struct writer){ l, BUF_INIT(SPILL_RECORD_MAX + WRITE_BEHIND) };
	return 0;
}

static int writer_end(struct writer *w)
{
	int rc = w->out.len ? flush(w) : 0;

	if (rc == 0)
		w->level->end[w->level->n++] = w->level->len;
	buf_clear(&w->out);
	return rc;
}

/* ---- merging ---- */

/* have at least n bytes of the run in memory behind pos */
static int run_fill(struct run *r, size_t n)
{
	size_t have = r->in.len - r->pos, want = n > READ_AHEAD ? n : READ_AHEAD;
	ssize_t got;
	int rc;

	if (have >= n)
		return 0;
	if (have)
		memmove(r->in.data, r->in.data + r->pos, have);
	r->in.len = have;
	r->pos = 0;
	if (want - have > r->end - r->off)
		want = have + (size_t)(r->end - r->off);
	rc = buf_reserve(&r->in, want - have);
	if (rc < 0)
		return rc;
	got = io_pread(r->fd, r->in.data + have, want - have, r->off, "a temporary file");
	if (got < 0)
		return (int)got;
	r->off += (uint64_t)got;
	r->in.len += (size_t)got;
	if (r->in.len < n)
		return err_set(ERR_IO, "a temporary file has lost its end");
	return 0;
}

static int run_next(struct run *r)
{
	uint32_t len;
	struct rd rd;
	int rc;

	r->now = span_of(NULL, 0);
	if (r->in.len == r->pos && r->off == r->end)
		return 0;
	rc = run_fill(r, 4);
	if (rc < 0)
		return rc;
	rd = rd_from(span_of(r->in.data + r->pos, 4));
	len = rd_le32(&rd);
	if (len > SPILL_RECORD_MAX)
		return err_set(ERR_IO, "a temporary file has changed");
	rc = run_fill(r, 4 + (size_t)len);
	if (rc < 0)
		return rc;
	r->now = span_of(r->in.data + r->pos + 4, len);
	r->pos += 4 + (size_t)len;
	return 0;
}

/* Is run a's record to come before run b's?  Earlier runs first among equals. */
static int before(const struct spill *s, int a, int b)
{
	int c = s->cmp(s->runs[a].now, s->runs[b].now);

	return c < 0 || (c == 0 && a < b);
}

static void sift(struct spill *s, int i)
{
	int child, t;

	for (; (child = 2 * i + 1) < s->n_heap; i = child) {
		if (child + 1 < s->n_heap && before(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (!before(s, s->heap[child], s->heap[i]))
			return;
		t = s->heap[i];
		s->heap[i] = s->heap[child];
		s->heap[child] = t;
	}
}

static void merge_clear(struct spill *s)
{
	int i;

	for (i = 0; i < s->n_runs; i++)
		buf_clear(&s->runs[i].in);
	free(s->runs);
	free(s->heap);
	s->runs = NULL;
	s->heap = NULL;
	s->n_runs = s->n_heap = 0;
}

/* Open all runs of the levels [lo, hi], the higher levels (older records) first. */
static int merge_start(struct spill *s, int lo, int hi)
{
	int n = 0, i, k, rc;
	struct level *l;

	for (k = lo; k <= hi; k++)
		n += s->level[k].n;
	s->runs = calloc((size_t)n + 1, sizeof *s->runs);
	s->heap = calloc((size_t)n + 1, sizeof *s->heap);
	if (!s->runs || !s->heap)
		return err_nomem();
	for (k = hi; k >= lo; k--) {
		l = &s->level[k];
		for (i = 0; i < l->n; i++)
			s->runs[s->n_runs++] = (struct run){ .fd = l->fd, .end = l->end[i],
				.off = i ? l->end[i - 1] : 0, .in = BUF_INIT(SIZE_MAX / 2) };
	}
	for (i = 0; i < s->n_runs; i++) {
		rc = run_next(&s->runs[i]);
		if (rc < 0)
			return rc;
		if (s->runs[i].now.p)
			s->heap[s->n_heap++] = i;
	}
	for (i = s->n_heap / 2; i-- > 0; )
		sift(s, i);
	s->last = -1;
	return 0;
}

static int merge_next(struct spill *s, struct span *record)
{
	int rc;

	if (s->last >= 0) {
		rc = run_next(&s->runs[s->last]);
		if (rc < 0)
			return rc;
		if (!s->runs[s->last].now.p)
			s->heap[0] = s->heap[--s->n_heap];
		sift(s, 0);
	}
	if (s->n_heap == 0) {
		s->last = -1;
		return 0;
	}
	s->last = s->heap[0];
	*record = s->runs[s->last].now;
	return 1;
}

/* Level k is full: make one run of the next level of it. */
static int fold(struct spill *s, int k)
{
	struct writer w = { NULL, BUF_INIT(0) };
	struct span record;
	int rc;

	if (k + 1 < s->n_levels && s->level[k + 1].n == FAN_IN) {
		rc = fold(s, k + 1);
		if (rc < 0)
			return rc;
	}
	rc = writer_start(s, &w, k + 1);
	if (rc == 0)
		rc = merge_start(s, k, k);
	while (rc == 0 && (rc = merge_next(s, &record)) == 1)
		rc = write_record(&w, record);
	if (rc == 0)
		rc = writer_end(&w);
	buf_clear(&w.out);
	merge_clear(s);
	if (rc < 0)
		return rc;
	s->level[k].n = 0;
	s->level[k].len = 0;
	return ftruncate(s->level[k].fd, 0) < 0 ? err_sys("emptying a temporary file") : 0;
}

/* A run at the end of the lowest level, of records in order. */
static int write_run(struct spill *s, size_t n, struct span (*at)(void *arg, size_t i), void *arg)
{
	struct writer w = { NULL, BUF_INIT(0) };
	size_t i;
	int rc = 0;

	if (s->n_levels > 0 && s->level[0].n == FAN_IN)
		rc = fold(s, 0);
	if (rc == 0)
		rc = writer_start(s, &w, 0);
	for (i = 0; rc == 0 && i < n; i++)
		rc = write_record(&w, at(arg, i));
	if (rc == 0)
		rc = writer_end(&w);
	buf_clear(&w.out);
	return rc;
}

static struct span in_memory(void *spill, size_t i)
{
	struct spill *s = spill;

	return record_at(s, s->offs[i]);
}

int spill_flush(struct spill *s)
{
	int rc;

	if (s->n == 0)
		return 0;
	rc = sort_memory(s);
	if (rc == 0)
		rc = write_run(s, s->n, in_memory, s);
	s->used = 0;
	s->n = 0;
	return rc;
}

int spill_run(struct spill *s, size_t n, struct span (*at)(void *arg, size_t i), void *arg)
{
	int rc = spill_flush(s);

	return rc < 0 || n == 0 ? rc : write_run(s, n, at, arg);
}

/* ---- the door ---- */

int spill_new(struct spill **out, const char *tmpdir, size_t mem,
	      int (*cmp)(struct span a, struct span b))
{
	struct spill *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem();
	mem = mem < MEM_MIN ? MEM_MIN : mem > UINT32_MAX / 2 ? UINT32_MAX / 2 : mem;
	*s = (struct spill){ .cmp = cmp, .tmpdir = tmpdir, .max = mem };
	*out = s;
	return 0;
}

void spill_free(struct spill *s)
{
	int i;

	if (!s)
		return;
	merge_clear(s);
	for (i = 0; i < s->n_levels; i++)
		close(s->level[i].fd);
	forget_memory(s);
	free(s);
}

int spill_add(struct spill *s, struct span record)
{
	uint32_t len = (uint32_t)record.len;
	int rc;

	if (record.len > SPILL_RECORD_MAX)
		return err_set(ERR_LIMIT, "record of %zu bytes is too long to sort", record.len);
	if (spill_mem(s) + record.len + 2 * sizeof len > s->max) {
		rc = spill_flush(s);
		if (rc < 0)
			return rc;
	}
	rc = grow(s, sizeof len + record.len);
	if (rc < 0)
		return rc;
	s->offs[s->n++] = (uint32_t)s->used;
	memcpy(s->mem + s->used, &len, sizeof len);
	if (len)
		memcpy(s->mem + s->used + sizeof len, record.p, len);
	s->used += sizeof len + len;
	return 0;
}

size_t spill_mem(const struct spill *s)
{
	return s->used + s->n * sizeof *s->offs;
}

int spill_order(struct spill *s, int (*cmp)(struct span a, struct span b))
{
	if (s->n_levels > 0)
		return 0;
	s->cmp = cmp;
	return 1;
}

int spill_read(struct spill *s)
{
	int rc;

	s->next = 0;
	if (s->n_levels == 0)
		return sort_memory(s);
	rc = spill_flush(s);
	forget_memory(s);
	return rc < 0 ? rc : merge_start(s, 0, s->n_levels - 1);
}

int spill_next(struct spill *s, struct span *record)
{
	if (s->n_levels > 0)
		return merge_next(s, record);
	if (s->next == s->n)
		return 0;
	*record = record_at(s, s->offs[s->next++]);
	return 1;
}
