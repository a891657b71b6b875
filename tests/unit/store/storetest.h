/* storetest.h - stores and blocks for the tests of the store room */
#ifndef TESTS_STORETEST_H
#define TESTS_STORETEST_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/unit/unit.h"

/* blk - the ith of a family of blocks of len bytes, and its CID */
__attribute__((unused)) static struct span blk(uint64_t i, size_t len, struct cid *cid)
{
	static _Thread_local uint8_t bytes[4 << 20];
	uint64_t x = i * 0x9e3779b97f4a7c15u + len;
	struct span s = span_of(bytes, len);
	size_t k;

	for (k = 0; k < len; k++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes[k] = (uint8_t)(x >> 32);
	}
	if (len >= 8)
		memcpy(bytes, &i, 8);
	if (cid_sum(cid, 1, CID_RAW, MH_SHA2_256, &s, 1) < 0)
		abort();
	return s;
}

__attribute__((unused)) static int put(struct store *st, uint64_t i, size_t len)
{
	struct cid cid;
	struct span s = blk(i, len, &cid);
	struct dag_block b = { .cid = &cid, .parts = { s }, .n_parts = 1, .src_fd = -1 };

	return store_put(st, &b);
}

/* 1: the block comes back as it was put; else the error, or 0 for other bytes */
__attribute__((unused)) static int got(struct store *st, uint64_t i, size_t len)
{
	struct buf out = BUF_INIT(STORE_BLOCK_MAX);
	struct cid cid;
	struct span s = blk(i, len, &cid);
	int rc = store_get(st, &cid, &out);

	if (rc == 0)
		rc = span_equal(s, buf_span(&out));
	buf_clear(&out);
	return rc;
}

__attribute__((unused)) static int has(struct store *st, uint64_t i, size_t len)
{
	struct cid cid;

	blk(i, len, &cid);
	return store_has(st, &cid);
}

/* fresh - a new empty store with this configuration */
__attribute__((unused)) static char *fresh(const char *config)
{
	char *dir = unit_tmpdir();

	if (store_init(dir, config) < 0) {
		printf("# store_init: %s\n", err_text());
		abort();
	}
	return dir;
}

__attribute__((unused)) static struct store *opened(const char *dir, int flags)
{
	struct store *st;

	if (store_open(&st, dir, flags) < 0) {
		printf("# store_open: %s\n", err_text());
		abort();
	}
	return st;
}

__attribute__((unused)) static char *below(const char *dir, const char *name)
{
	char *p = unit_kept(4096);

	snprintf(p, 4096, "%s/%s", dir, name);
	return p;
}

__attribute__((unused)) static long long file_size(const char *path)
{
	struct stat sb;

	return stat(path, &sb) < 0 ? -1 : (long long)sb.st_size;
}

/* in_child - run fn in a forked process; its exit status, 128 + signal if killed */
__attribute__((unused)) static int in_child(int (*fn)(const char *dir), const char *dir)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(fn(dir));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* faults - store_check without or with repair; what it says goes to `said` */
struct heard {
	int n, n_fixed;
	struct buf text;
};

__attribute__((unused)) static void hear(void *arg, int fixed, const char *text)
{
	struct heard *h = arg;

	h->n++;
	h->n_fixed += fixed;
	if (buf_printf(&h->text, "%d %s\n", fixed, text) < 0)
		abort();
}

__attribute__((unused)) static int checked(const char *dir, int repair, struct heard *h)
{
	struct store_report r = { .say = hear, .arg = h };

	h->n = h->n_fixed = 0;
	buf_reset(&h->text);
	return store_check(dir, repair, &r);
}

#define HEARD_INIT ((struct heard){ .text = BUF_INIT(1 << 20) })

#define NO_FAULTS(dir) do { struct heard h_ = HEARD_INIT; int n_ = checked((dir), 0, &h_); \
	if (n_) { unit_bad++; printf("# %s:%d: %d faults:\n%s", __FILE__, __LINE__, n_, \
	h_.text.data ? (char *)h_.text.data : err_text()); } buf_clear(&h_.text); } while (0)

#endif
