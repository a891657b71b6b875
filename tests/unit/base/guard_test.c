/* guard_test.c - files that are cut short while they are mapped */
#include <fcntl.h>
#include <unistd.h>

#include "base/guard.h"
#include "tests/unit/unit.h"

enum { LEN = 64 * 1024 };

static int file_of(size_t len)
{
	char *path = unit_kept(4096);
	uint8_t *p = unit_kept(len);
	int fd;

	snprintf(path, 4096, "%s/mapped", unit_tmpdir());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	memset(p, 0x5a, len);
	if (fd < 0 || write(fd, p, len) != (ssize_t)len)
		abort();
	unlink(path);
	return fd;
}

static int all(struct span s, size_t from, size_t to, uint8_t byte)
{
	while (from < to && s.p[from] == byte)
		from++;
	return from == to;
}

static void what_is_cut_off_is_zeros(void)
{
	int fd = file_of(LEN);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct guard g = { { NULL, 0 }, -1 };

	NEED(guard_open(&g, fd, 0, LEN) == 1);
	CHECK(g.map.len == LEN && all(g.map, 0, LEN, 0x5a) && !guard_hit(&g));
	CHECK(ftruncate(fd, (off_t)(2 * page)) == 0);
	CHECK(all(g.map, 0, 2 * page, 0x5a) && !guard_hit(&g));
	CHECK(all(g.map, LEN - 1, LEN, 0) && guard_hit(&g));	/* one page alone */
	CHECK(all(g.map, 2 * page, LEN, 0) && all(g.map, 0, 2 * page, 0x5a));
	guard_close(&g);
	CHECK(!g.map.p && !guard_hit(&g));
	guard_close(&g);
	close(fd);
}

static void a_part_of_a_file(void)
{
	int fd = file_of(LEN);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct guard g, h;

	CHECK(pwrite(fd, "here", 4, (off_t)(2 * page)) == 4);
	NEED(guard_open(&g, fd, 2 * page, page) == 1);
	NEED(guard_open(&h, fd, 0, LEN) == 1);
	CHECK(memcmp(g.map.p, "here", 4) == 0 && g.map.len == page);
	CHECK(ftruncate(fd, (off_t)page) == 0);
	CHECK(all(g.map, 0, page, 0) && guard_hit(&g) && !guard_hit(&h));	/* each for itself */
	CHECK(all(h.map, 0, page, 0x5a) && !guard_hit(&h));
	guard_close(&g);
	guard_close(&h);
	close(fd);
}

static void what_cannot_be_mapped(void)
{
	int fd = file_of(LEN), i, n = 0;
	struct guard g[100];

	CHECK(guard_open(&g[0], fd, 0, 0) == 0 && !g[0].map.p);
	CHECK(guard_open(&g[0], fd, 0, UINT64_MAX) == 0 && !g[0].map.p);
	CHECK(guard_open(&g[0], -1, 0, LEN) == 0 && !g[0].map.p);
	for (i = 0; i < 100; i++)		/* there are not as many places */
		n += guard_open(&g[i], fd, 0, LEN);
	CHECK(n > 10 && n < 100);
	for (i = 0; i < 100; i++)
		guard_close(&g[i]);
	CHECK(guard_open(&g[0], fd, 0, LEN) == 1);
	guard_close(&g[0]);
	close(fd);
}

int main(void)
{
	RUN(what_is_cut_off_is_zeros);
	RUN(a_part_of_a_file);
	RUN(what_cannot_be_mapped);
	return UNIT_END();
}
