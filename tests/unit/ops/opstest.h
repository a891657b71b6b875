/*
 * opstest.h - a store and some files for tests of the verbs.
 */
#ifndef TESTS_OPSTEST_H
#define TESTS_OPSTEST_H

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/unit/unit.h"

static char *dir;			/* scratch; files are made in it */
static struct store *st;

/* a fresh store; its handle in st */
__attribute__((unused)) static void store_start(void)
{
	static int n;
	char path[4200];

	store_close(st);
	st = NULL;
	snprintf(path, sizeof path, "%s/store%d", dir, n++);
	if (store_init(path, "") < 0 || store_open(&st, path, STORE_WRITE) < 0) {
		printf("# no store: %s\n", err_text());
		abort();
	}
}

/* a path in the scratch folder; good for the next seven calls */
__attribute__((unused)) static const char *at(const char *name)
{
	static char path[8][8300];
	static int turn;

	turn = (turn + 1) % 8;
	snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
	return path[turn];
}

/* a file with n bytes that depend on seed, an hour old */
__attribute__((unused)) static void make_file(const char *name, size_t n, unsigned seed)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	uint32_t x = seed * 2654435761u + 1;
	uint8_t b[4096];
	size_t i;

	if (fd < 0)
		abort();
	while (n) {
		size_t k = n < sizeof b ? n : sizeof b;

		for (i = 0; i < k; i++) {
			x = x * 1664525u + 1013904223u;
			b[i] = (uint8_t)(x >> 24);
		}
		if (write(fd, b, k) != (ssize_t)k)
			abort();
		n -= k;
	}
	close(fd);
}

__attribute__((unused)) static int same_files(const char *a, const char *b)
{
	FILE *f = fopen(a, "r"), *g = fopen(b, "r");
	int c = 0, d = 0;

	while (f && g && c == d && c != EOF) {
		c = getc(f);
		d = getc(g);
	}
	if (f)
		fclose(f);
	if (g)
		fclose(g);
	return f && g && c == d;
}

#endif
