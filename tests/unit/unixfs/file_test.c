/* file_test.c - files that are read ahead by the threads: the same blocks as from a pipe, whatever
 * the file is made of and whoever changes it meanwhile */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unixfs/make.h"

enum { MIB = 1024 * 1024 };

#define MUST(c) do { if (!(c)) abort(); } while (0)

static int scratch(void)
{
	char name[4096];
	const char *dir = getenv("TMPDIR");
	int fd;

	snprintf(name, sizeof name, "%s/file_test.XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(name);
	MUST(fd >= 0);
	unlink(name);
	return fd;
}

static void put(int fd, uint64_t off, size_t len, unsigned seed)
{
	uint8_t *p = malloc(len);
	size_t i;

	MUST(p);
	for (i = 0; i < len; i++)
		p[i] = (uint8_t)((i * 2654435761u) >> 11 ^ seed ^ i >> 16);
	MUST(pwrite(fd, p, len, (off_t)off) == (ssize_t)len);
	free(p);
}

static ssize_t from_fd(void *arg, void *p, size_t len)
{
	return read(*(int *)arg, p, len > 100003 ? 100003 : len);
}

/* the file as a pipe would give it */
static struct unixfs_node plainly(const char *options, int fd)
{
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node n;

	MUST(lseek(fd, 0, SEEK_SET) == 0);
	MUST(unixfs_add_read(b, from_fd, &fd, NULL, &n) == 0);
	unixfs_builder_free(b);
	return n;
}

/* something done to the file once `after` bytes were told */
struct change {
	int fd;
	uint64_t told, after;
	off_t cut;		/* -1: append instead */
	int done;
};

static int on_progress(void *arg, uint64_t bytes)
{
	struct change *c = arg;

	c->told += bytes;
	if (!c->done && c->after && c->told >= c->after) {
		c->done = 1;
		if (c->cut >= 0)
			MUST(ftruncate(c->fd, c->cut) == 0);
		else
			put(c->fd, (uint64_t)lseek(c->fd, 0, SEEK_END), 3 * MIB + 77, 9);
	}
	return 0;
}

static struct unixfs_node ahead(const char *options, int fd, struct change *c)
{
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node n;

	MUST(lseek(fd, 0, SEEK_SET) == 0);
	MUST(unixfs_add_fd(b, fd, "a file", 1, NULL, on_progress, c, &n) == 0);
	unixfs_builder_free(b);
	return n;
}

static void expect_same(const char *options, int fd)
{
	struct unixfs_node want = plainly(options, fd);
	struct change c = { .fd = fd };
	struct unixfs_node got = ahead(options, fd, &c);

	CHECK(cid_equal(&got.cid, &want.cid));
	CHECK(got.size == want.size && got.tsize == want.tsize);
	CHECK(c.told == want.size);
}

static void sizes_around_slabs(void)
{
	static const uint64_t sizes[] = {
		0, 1, 262143, 262144, 262145, 524288, 2 * MIB, 2 * MIB + 1, 5 * MIB - 1, 5 * MIB,
		13 * MIB + 262144, 21 * MIB + 12345
	};
	size_t i;
	int fd;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		fd = scratch();
		put(fd, 0, sizes[i], (unsigned)i);
		expect_same("", fd);
		expect_same("cid-version=1", fd);
		expect_same("layout=trickle", fd);
		expect_same("chunker=size-100000", fd);
		expect_same("chunker=size-1048576 cid-version=1", fd);
		expect_same("chunker=buzhash", fd);
		close(fd);
	}
}

static void holes_are_zeros(void)
{
	int fd = scratch();

	NEED(ftruncate(fd, 40 * MIB + 5) == 0);		/* nothing but a hole */
	expect_same("", fd);
	expect_same("cid-version=1", fd);
	expect_same("chunker=size-300000", fd);
	put(fd, 0, 10, 1);				/* data, hole, data, hole, data */
	put(fd, 12 * MIB + 4096, 3 * MIB, 2);
	put(fd, 40 * MIB, 5, 3);
	expect_same("", fd);
	expect_same("cid-version=1", fd);
	expect_same("chunker=size-300000", fd);
	expect_same("hash=blake3", fd);
	NEED(ftruncate(fd, 80 * MIB) == 0);		/* ends in a hole, at a slab's end */
	expect_same("", fd);
	close(fd);
}

/* a large part of the file does not need a large part of the disk to be read: names only */
static void a_great_hole_is_quick(void)
{
	struct unixfs_builder *b = make_builder("");
	struct unixfs_node n;
	int fd = scratch();

	NEED(ftruncate(fd, (off_t)10 * 1024 * MIB) == 0);
	NEED(unixfs_add_fd(b, fd, "a hole", 1, NULL, NULL, NULL, &n) == 0);
	CHECK(n.size == (uint64_t)10 * 1024 * MIB);
	CHECK_STR(make_cid(&n), "QmaBQKueEF3pi8mdpecQQvxi96LzMRaup3CAn3Jr9P5W2M");
	unixfs_builder_free(b);
	close(fd);
}

/* cut while it is read: what we get is the file as it is now, or more of it; never zeros behind */
static void a_file_cut_short_meanwhile(void)
{
	static const off_t cuts[] = { 0, 1, 3 * MIB, 17 * MIB + 333, 30 * MIB - 1 };
	size_t i;
	int fd;

	for (i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
		struct change c = { .after = 2 * MIB, .cut = cuts[i] };
		struct unixfs_node n, whole;

		fd = c.fd = scratch();
		put(fd, 0, 30 * MIB, 7);
		n = ahead("cid-version=1", fd, &c);
		CHECK(c.done);
		CHECK(n.size == c.told && n.size <= 30 * MIB && n.size >= 2 * MIB);
		put(fd, 0, 30 * MIB, 7);		/* the same as it was, to that length */
		NEED(ftruncate(fd, (off_t)n.size) == 0);
		whole = plainly("cid-version=1", fd);
		CHECK(cid_equal(&n.cid, &whole.cid));
		close(fd);
	}
}

/* the same with holes: what lies behind the new end is not taken for one */
static void a_sparse_file_cut_short_meanwhile(void)
{
	struct change c = { .after = 3 * MIB, .cut = 2 * MIB };
	struct unixfs_node n, whole;
	int fd = c.fd = scratch();

	put(fd, 0, 8 * MIB, 7);
	put(fd, 30 * MIB, MIB, 8);
	n = ahead("cid-version=1", fd, &c);
	CHECK(c.done && n.size == c.told && n.size <= 31 * MIB);
	put(fd, 0, 8 * MIB, 7);			/* as it was, to that length */
	put(fd, 30 * MIB, MIB, 8);
	NEED(ftruncate(fd, (off_t)n.size) == 0);
	whole = plainly("cid-version=1", fd);
	CHECK(cid_equal(&n.cid, &whole.cid));
	close(fd);
}

static void a_file_that_grows_meanwhile(void)
{
	struct change c = { .after = 4 * MIB, .cut = -1 };
	struct unixfs_node n, whole;
	int fd = c.fd = scratch();

	put(fd, 0, 20 * MIB, 7);
	n = ahead("", fd, &c);
	CHECK(c.done && n.size == 23 * MIB + 77);
	whole = plainly("", fd);
	CHECK(cid_equal(&n.cid, &whole.cid));
	close(fd);
}

static void a_read_that_fails(void)
{
	struct unixfs_builder *b = make_builder("");
	struct unixfs_node n;
	int fd = scratch(), wr;
	char name[64];

	put(fd, 0, 9 * MIB, 7);
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	wr = open(name, O_WRONLY);
	NEED(wr >= 0);
	CHECK_ERR(unixfs_add_fd(b, wr, "a file", 1, NULL, NULL, NULL, &n), ERR_IO);
	/* the builder is good for the next file */
	NEED(lseek(fd, 0, SEEK_SET) == 0);
	CHECK(unixfs_add_fd(b, fd, "a file", 1, NULL, NULL, NULL, &n) == 0);
	close(wr);
	close(fd);
	unixfs_builder_free(b);
}

int main(void)
{
	RUN(sizes_around_slabs);
	RUN(holes_are_zeros);
	RUN(a_great_hole_is_quick);
	RUN(a_file_cut_short_meanwhile);
	RUN(a_sparse_file_cut_short_meanwhile);
	RUN(a_file_that_grows_meanwhile);
	RUN(a_read_that_fails);
	return UNIT_END();
}
