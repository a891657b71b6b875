/* idset_test.c - a set of ids that may outgrow memory */
#include <dirent.h>
#include <sys/resource.h>
#include <signal.h>

#include "base/idset.h"
#include "tests/unit/unit.h"

/* the ith of a family of scattered ids */
static void make(uint64_t i, uint8_t id[16])
{
	uint64_t a = i * 0x9e3779b97f4a7c15u, b = ~i;

	memcpy(id, &a, 8);
	memcpy(id + 8, &b, 8);
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static void fill_and_ask(size_t width, size_t mem, uint64_t n)
{
	char *dir = unit_tmpdir();
	struct idset *s;
	uint8_t id[16];
	uint64_t i, wrong = 0;

	NEED(idset_new(&s, width, mem, dir) == 0);
	for (i = 0; i < n; i++) {
		make(i, id);
		wrong += idset_has(s, id) != 0;
		wrong += idset_add(s, id) != 1;
		if (i % 7 == 0)
			wrong += idset_add(s, id) != 0;
	}
	CHECK(wrong == 0);
	CHECK(idset_count(s) == n);
	for (i = 0; i < 2 * n; i++) {
		make(i, id);
		wrong += idset_has(s, id) != (i < n);
	}
	CHECK(wrong == 0);
	CHECK(entries(dir) == 0);	/* the file has no name */
	idset_free(s);
}

static void in_memory(void)
{
	fill_and_ask(8, 16 << 20, 100000);
	fill_and_ask(16, 16 << 20, 100000);
}

static void beyond_memory(void)
{
	fill_and_ask(8, 64 << 10, 200000);
	fill_and_ask(16, 0, 100000);
}

/* with a limit on address space there is no map */
static void beyond_memory_and_maps(void)
{
#ifdef __SANITIZE_ADDRESS__
	printf("# the sanitizer maps everything: skipped\n");
#else
	struct rlimit was, some;

	NEED(getrlimit(RLIMIT_AS, &was) == 0);
	some = was;
	some.rlim_cur = 1 << 30;
	NEED(setrlimit(RLIMIT_AS, &some) == 0);
	fill_and_ask(8, 64 << 10, 100000);
	fill_and_ask(16, 0, 50000);
	NEED(setrlimit(RLIMIT_AS, &was) == 0);
#endif
}

static void ids_of_zeros_and_neighbours(void)
{
	uint8_t id[16] = { 0 };
	struct idset *s;
	int i;

	NEED(idset_new(&s, 16, 1 << 20, NULL) == 0);
	CHECK(idset_has(s, id) == 0);
	CHECK(idset_add(s, id) == 1);
	CHECK(idset_add(s, id) == 0);
	CHECK(idset_has(s, id) == 1);
	for (i = 0; i < 16; i++) {	/* one bit away from the id of zeros */
		memset(id, 0, sizeof id);
		id[i] = 1;
		CHECK(idset_has(s, id) == 0);
		CHECK(idset_add(s, id) == 1);
		CHECK(idset_has(s, id) == 1);
	}
	CHECK(idset_count(s) == 17);
	idset_free(s);
	idset_free(NULL);
}

static void odd_widths_are_refused(void)
{
	struct idset *s;

	CHECK_ERR(idset_new(&s, 12, 1 << 20, NULL), ERR_USAGE);
	CHECK(s == NULL);
}

static void folder_that_cannot_be_written(void)
{
	struct idset *s;
	uint8_t id[16];
	uint64_t i;

	NEED(idset_new(&s, 8, 0, "/nonexistent/folder") == 0);
	for (i = 0; i < 1000; i++) {
		make(i, id);
		CHECK(idset_add(s, id) == 1);
	}
	idset_free(s);
}

/* a full disk is an error of one add; what was in the set stays */
static void disk_full(void)
{
	struct rlimit was, small = { 1 << 20, RLIM_INFINITY };
	struct idset *s;
	uint8_t id[16];
	uint64_t i, n, wrong = 0;
	int rc = 1;

	NEED(idset_new(&s, 16, 64 << 10, unit_tmpdir()) == 0);
	NEED(getrlimit(RLIMIT_FSIZE, &was) == 0);
	small.rlim_max = was.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	NEED(setrlimit(RLIMIT_FSIZE, &small) == 0);
	for (i = 0; i < 1000000 && rc == 1; i++) {
		make(i, id);
		rc = idset_add(s, id);
	}
	CHECK(rc == ERR_NOSPACE);
	n = idset_count(s);
	CHECK(n == i - 1 && n > 10000);
	NEED(setrlimit(RLIMIT_FSIZE, &was) == 0);
	for (i = 0; i < n; i++) {
		make(i, id);
		wrong += idset_has(s, id) != 1;
	}
	CHECK(wrong == 0);
	make(n, id);
	CHECK(idset_add(s, id) == 1);
	idset_free(s);
}

int main(void)
{
	RUN(in_memory);
	RUN(beyond_memory);
	RUN(beyond_memory_and_maps);
	RUN(ids_of_zeros_and_neighbours);
	RUN(odd_widths_are_refused);
	RUN(folder_that_cannot_be_written);
	RUN(disk_full);
	return UNIT_END();
}
