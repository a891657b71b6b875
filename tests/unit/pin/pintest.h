/*
 * pintest.h - stores with blocks in them, for the tests of the pin room
 */
#ifndef TESTS_PINTEST_H
#define TESTS_PINTEST_H

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pin/pin_priv.h"
#include "../unit.h"

/* a fresh store; its path is kept */
__attribute__((unused)) static char *new_store(const char *config)
{
	char *path = unit_kept(4200);

	snprintf(path, 4200, "%s/store", unit_tmpdir());
	if (store_init(path, config ? config : "") < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	return path;
}

__attribute__((unused)) static struct store *open_store(const char *path, int flags)
{
	struct store *st;

	if (store_open(&st, path, flags) < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	return st;
}

/* put these bytes under this codec; not committed */
__attribute__((unused)) static struct cid put(struct store *st, uint64_t codec, struct span bytes)
{
	struct dag_block b = { .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	struct cid cid;

	if (cid_sum(&cid, 1, codec, MH_SHA2_256, &bytes, 1) < 0)
		abort();
	b.cid = &cid;
	if (dag_put(store_sink(st), &b) < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	return cid;
}

/* a raw block of `len` bytes that belongs to number i */
__attribute__((unused)) static struct cid put_leaf(struct store *st, uint64_t i, size_t len)
{
	uint8_t *bytes = malloc(len + 8);
	uint64_t x = i * 0x9e3779b97f4a7c15u + 1;
	struct cid cid;
	size_t k;

	memcpy(bytes, &i, 8);
	for (k = 8; k < len; k++) {		/* nothing that would compress */
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[k] = (uint8_t)x;
	}
	cid = put(st, CID_RAW, span_of(bytes, len < 8 ? 8 : len));
	free(bytes);
	return cid;
}

/* a dag-pb block with these links, called a, b, c … */
__attribute__((unused)) static struct cid put_node(struct store *st, const struct cid *links,
						   size_t n)
{
	struct buf block = BUF_INIT(4 * 1024 * 1024);
	struct cid cid;
	char name[24];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%05zu", i);
		if (pb_put_link(&block, cid_span(&links[i]), span_str(name), 0) < 0)
			abort();
	}
	cid = put(st, CID_DAG_PB, buf_span(&block));
	buf_clear(&block);
	return cid;
}

/* a root over n leaves of `len` bytes, all of them of number `seed` */
__attribute__((unused)) static struct cid put_tree(struct store *st, uint64_t seed, size_t n,
						   size_t len)
{
	struct cid *links = malloc(n * sizeof *links), root;
	size_t i;

	for (i = 0; i < n; i++)
		links[i] = put_leaf(st, seed * 1000000 + i, len);
	root = put_node(st, links, n);
	free(links);
	return root;
}

/* the CID of a raw block that is nowhere */
__attribute__((unused)) static struct cid some_cid(uint64_t i)
{
	struct span bytes = span_of(&i, sizeof i);
	struct cid cid;

	if (cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &bytes, 1) < 0)
		abort();
	return cid;
}

__attribute__((unused)) static void commit(struct store *st)
{
	if (store_commit(st) < 0) {
		printf("# %s\n", err_text());
		abort();
	}
}

/* 1: everything below root is here and reads well */
__attribute__((unused)) static int visit_nothing(void *arg, const struct dag_visit *v)
{
	(void)v;
	++*(int *)arg;
	return 0;
}

__attribute__((unused)) static int complete(struct store *st, const struct cid *root)
{
	int n = 0;
	struct dag_walk w = { .once = 1, .want_leaves = 1, .depth_max = -1, .visit = visit_nothing,
			      .arg = &n };

	return dag_walk(store_source(st), root, &w) == 0;
}

__attribute__((unused)) static int count_pin(void *arg, const struct pin *p)
{
	(void)p;
	++*(int *)arg;
	return 0;
}

__attribute__((unused)) static int n_pins(struct store *st)
{
	int n = 0;

	return pin_each(st, PIN_NONE, count_pin, &n) < 0 ? -1 : n;
}

__attribute__((unused)) static enum pin_mode mode_of(struct store *st, const struct cid *cid)
{
	enum pin_mode mode;

	return pin_get(st, cid, &mode, NULL) < 0 ? (enum pin_mode)-1 : mode;
}

__attribute__((unused)) static char *path_in(const char *store, const char *rest)
{
	char *p = unit_kept(4300);

	snprintf(p, 4300, "%s/%s", store, rest);
	return p;
}

__attribute__((unused)) static struct buf slurp(const char *path)
{
	struct buf b = BUF_INIT(64 * 1024 * 1024);
	int fd = open(path, O_RDONLY);
	ssize_t n;

	while (fd >= 0 && buf_reserve(&b, 65536) == 0 &&
	       (n = read(fd, b.data + b.len, 65536)) > 0)
		b.len += (size_t)n;
	if (fd >= 0)
		close(fd);
	return b;
}

__attribute__((unused)) static void spew(const char *path, struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, bytes.p, bytes.len) != (ssize_t)bytes.len)
		abort();
	close(fd);
}

#endif
