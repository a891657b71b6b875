/* idset.c - a set of ids of 8 or 16 bytes that may outgrow memory */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/idset.h"
#include "base/io.h"
#include "base/num.h"
#include "base/tmpfile.h"

enum { PAGE = 4096, CACHE_MIN = 64 * 1024, GROW_LINES = 8 };

/* A table of n slots; a slot of zeros is free (the id of zeros is a flag of the set).  Its home
 * grows with the hash, so a bigger table is filled from a smaller one front to back. */
struct table {
	uint64_t n;			/* slots, a multiple of those in a page */
	uint8_t *mem;			/* the slots, or NULL */
	size_t mapped;			/* bytes, when mem is a map of the file */
	int fd;				/* of slots, and without a map its cache: */
	size_t n_lines;
	uint8_t *cache;			/* n_lines pages */
	struct line { uint64_t page; int used, dirty; } *lines;
};

struct idset {
	size_t width, mem_bytes;
	const char *tmpdir;
	uint64_t count, seed;		/* count leaves out the id of zeros */
	int zero;
	struct table t;
};

static void table_clear(struct table *t)
{
	if (t->mapped)
		munmap(t->mem, t->mapped);
	else
		free(t->mem);
	free(t->cache);
	free(t->lines);
	if (t->fd >= 0)
		close(t->fd);
	*t = (struct table){ .fd = -1 };
}

/* give a file-backed table a cache of that many pages, dropping the one it has (flushed before) */
static int table_cache(struct table *t, size_t n_lines)
{
	free(t->cache);
	free(t->lines);
	t->n_lines = n_lines;
	t->cache = malloc(n_lines * PAGE);
	t->lines = calloc(n_lines, sizeof *t->lines);
	return t->cache && t->lines ? 0 : err_nomem();
}

/* Map the file, if address space is free: with a limit on it (ulimit -v) others need what is left.
 * The room is taken from the disk now, for a map tells of a full one with SIGBUS.  1: done. */
static int table_map(struct table *t, uint64_t bytes)
{
	struct rlimit space;
	void *map;
	int rc;

	if (getrlimit(RLIMIT_AS, &space) < 0 || space.rlim_cur != RLIM_INFINITY)
		return 0;
	rc = posix_fallocate(t->fd, 0, (off_t)bytes);
	if (rc) {
		errno = rc;
		return err_sys("sizing a temporary file");
	}
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	if (map == MAP_FAILED)
		return 0;
	t->mem = map;
	t->mapped = bytes;
	return 1;
}

static int table_new(struct table *t, const struct idset *s, uint64_t n)
{
	size_t cache = s->mem_bytes / 4 < CACHE_MIN ? CACHE_MIN : s->mem_bytes / 4;
	uint64_t bytes;
	int rc;

	*t = (struct table){ .n = n, .fd = -1 };
	rc = num_mul(n, s->width, &bytes);
	if (rc < 0)
		return rc;
	if (bytes <= s->mem_bytes) {
		t->mem = calloc((size_t)n, s->width);
		return t->mem ? 0 : err_nomem();
	}
	t->fd = tmpfile_nameless(s->tmpdir);
	if (t->fd < 0)
		return t->fd;
	rc = table_map(t, bytes);
	if (rc == 1)
		return 0;
	if (rc == 0)
		rc = table_cache(t, cache / PAGE);
	if (rc == 0 && ftruncate(t->fd, (off_t)bytes) < 0)
		rc = err_sys("sizing a temporary file");
	if (rc < 0)
		table_clear(t);
	return rc;
}

static int line_flush(struct table *t, size_t i)
{
	int rc;

	if (!t->lines[i].used || !t->lines[i].dirty)
		return 0;
	rc = io_pwrite(t->fd, t->cache + i * PAGE, PAGE, t->lines[i].page * PAGE,
		       "a temporary file");
	if (rc == 0)
		t->lines[i].dirty = 0;
	return rc;
}

/* the bytes of slot i; write says that the caller will change them */
static int slot_at(struct table *t, size_t width, uint64_t i, int write, uint8_t **p)
{
	uint64_t at, page;
	struct line *l;
	ssize_t got;
	int rc;

	if (t->mem) {
		*p = t->mem + i * width;
		return 0;
	}
	at = i * width;
	page = at / PAGE;
	l = &t->lines[page % t->n_lines];
	*p = t->cache + (size_t)(l - t->lines) * PAGE;
	if (!l->used || l->page != page) {
		rc = line_flush(t, (size_t)(l - t->lines));
		if (rc < 0)
			return rc;
		l->used = 0;
		got = io_pread(t->fd, *p, PAGE, page * PAGE, "a temporary file");
		if (got < 0)
			return (int)got;
		if (got < PAGE)
			return err_set(ERR_IO, "a temporary file is shorter than it was made");
		*l = (struct line){ .page = page, .used = 1 };
	}
	l->dirty |= write;
	*p += at % PAGE;
	return 0;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t home_of(const struct idset *s, const struct table *t, const uint8_t *id)
{
	uint64_t a, b = 0;

	memcpy(&a, id, 8);
	if (s->width == 16)
		memcpy(&b, id + 8, 8);
	a = mix(mix(a ^ s->seed) + b + 0x9e3779b97f4a7c15u);
	return (uint64_t)((unsigned __int128)a * t->n >> 64);
}

static int is_zero(const uint8_t *id, size_t width)
{
	static const uint8_t zeros[16];

	return memcmp(id, zeros, width) == 0;
}

/* 1: the id is there, 0: *free_at is where it would go */
static int find(const struct idset *s, struct table *t, const uint8_t *id, uint64_t *free_at)
{
	uint64_t i = home_of(s, t, id);
	uint8_t *p;
	int rc;

	for (;;) {			/* never full: ends at a free slot */
		rc = slot_at(t, s->width, i, 0, &p);
		if (rc < 0)
			return rc;
		if (memcmp(p, id, s->width) == 0)
			return 1;
		if (is_zero(p, s->width)) {
			*free_at = i;
			return 0;
		}
		if (++i == t->n)
			i = 0;
	}
}

static int insert(const struct idset *s, struct table *t, const uint8_t *id)
{
	uint64_t at = 0;
	uint8_t *p;
	int rc = find(s, t, id, &at);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = slot_at(t, s->width, at, 1, &p);
	if (rc < 0)
		return rc;
	memcpy(p, id, s->width);
	return 1;
}

static int grow(struct idset *s)
{
	uint64_t slots = PAGE / s->width, n, i;
	struct table big;
	uint8_t *p, id[16];
	size_t k;
	int rc;

	n = s->t.n + s->t.n / 2;
	n = (n + slots - 1) / slots * slots;
	rc = table_new(&big, s, n);
	if (rc < 0)
		return rc;
	if (!s->t.mem) {		/* read once, front to back */
		for (k = 0; rc == 0 && k < s->t.n_lines; k++)
			rc = line_flush(&s->t, k);
		if (rc == 0)
			rc = table_cache(&s->t, GROW_LINES);
	}
	for (i = 0; rc >= 0 && i < s->t.n; i++) {
		rc = slot_at(&s->t, s->width, i, 0, &p);
		if (rc < 0 || is_zero(p, s->width))
			continue;
		memcpy(id, p, s->width);
		rc = insert(s, &big, id);
	}
	if (rc < 0) {
		table_clear(&big);
		return rc;
	}
	table_clear(&s->t);
	s->t = big;
	return 0;
}

int idset_new(struct idset **out, size_t width, size_t mem_bytes, const char *tmpdir)
{
	struct idset *s;
	int rc;

	*out = NULL;
	if (width != 8 && width != 16)
		return err_set(ERR_USAGE, "a set of ids of %zu bytes", width);
	s = calloc(1, sizeof *s);
	if (!s)
		return err_nomem();
	s->width = width;
	s->mem_bytes = mem_bytes;
	s->tmpdir = tmpdir;
	s->t.fd = -1;
	if (getrandom(&s->seed, sizeof s->seed, GRND_NONBLOCK) != sizeof s->seed)
		s->seed = (uint64_t)time(NULL) ^ (uintptr_t)s;	/* early in boot */
	rc = table_new(&s->t, s, PAGE / width);
	if (rc < 0) {
		idset_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void idset_free(struct idset *s)
{
	if (!s)
		return;
	table_clear(&s->t);
	free(s);
}

int idset_add(struct idset *s, const void *id)
{
	uint64_t at = 0;
	uint8_t *p;
	int rc;

	if (is_zero(id, s->width)) {
		rc = !s->zero;
		s->zero = 1;
		return rc;
	}
	rc = find(s, &s->t, id, &at);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if ((s->count + 1) * 5 > s->t.n * 4) {
		rc = grow(s);
		if (rc == 0)
			rc = insert(s, &s->t, id);
	} else {
		rc = slot_at(&s->t, s->width, at, 1, &p);
		if (rc == 0) {
			memcpy(p, id, s->width);
			rc = 1;
		}
	}
	s->count += rc == 1;
	return rc;
}

int idset_has(struct idset *s, const void *id)
{
	uint64_t at;

	return is_zero(id, s->width) ? s->zero : find(s, &s->t, id, &at);
}

uint64_t idset_count(const struct idset *s)
{
	return s->count + (uint64_t)s->zero;
}
