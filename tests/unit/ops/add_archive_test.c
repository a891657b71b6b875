/* add_archive_test.c - archives of many entries, and stops in the middle of them */
#include "tar/tar.h"
#include "tests/unit/ops/told.h"

static int add(const struct ops_add *o, int fd)
{
	return add_one(o, NULL, fd);
}

enum { N = 60000 };

/* a tar of N empty files in a hundred folders, in an order that helps nobody; with folders first if asked */
static int many(int fd, int in_order)
{
	struct tar_writer *w;
	char path[128];
	int i, rc = tar_writer_new(&w, fd, "tar", "t");

	for (i = 0; rc == 0 && i < N; i++) {
		unsigned k = in_order ? (unsigned)i : (unsigned)(i * 7919ull % N);
		struct tar_entry e = { .path = path, .kind = TAR_FILE };

		snprintf(path, sizeof path, "folder%02u/a file with a number %08u", k / 600, k);
		rc = tar_writer_entry(w, &e);
	}
	return rc == 0 ? tar_writer_end(w) : (tar_writer_free(w), rc);
}

static int scratch_file(const char *name)
{
	int fd = open(at(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		abort();
	return fd;
}

/* more is told than is kept in memory before a commit; the order of entries means nothing */
static void order_means_nothing(void)
{
	struct ops_add o = options();
	struct unixfs_node first;
	int fd = scratch_file("many.tar");

	NEED(many(fd, 1) == 0);
	CHECK(add(&o, fd) == 0);
	CHECK(got.entries == N + 100 + 1 && got.roots == 1 && got.troubles == 0);
	first = got.root;
	CHECK(pin_verify(st, NULL, NULL) == 0);
	NEED(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	NEED(many(fd, 0) == 0);
	o = options();
	CHECK(add(&o, fd) == 0);
	CHECK(cid_equal(&got.root.cid, &first.cid) && got.root.tsize == first.tsize);
	o = options();
	o.only_hash = 1;
	CHECK(add(&o, fd) == 0);
	CHECK(cid_equal(&got.root.cid, &first.cid));
	/* someone has heard enough */
	o = options();
	got.stop_entry = 10;
	CHECK_ERR(add(&o, fd), ERR_INTERRUPTED);
	CHECK(got.entries == 10);
	close(fd);
}

static void broken_ones(void)
{
	struct ops_add o = options();
	int fd = scratch_file("broken.tar");
	uint64_t before, after;

	CHECK(pin_count(st, &before) == 0);
	CHECK(add(&o, fd) == 0);		/* empty */
	CHECK(got.troubles == 1 && got.trouble_rc == ERR_INVALID && got.entries == 0);
	NEED(many(fd, 1) == 0 && ftruncate(fd, 1000000) == 0);
	o = options();
	CHECK(add(&o, fd) == 0);
	CHECK(got.troubles == 1 && got.entries == 0);
	o = options();
	o.ignore_name = ".gitignore";
	CHECK(add(&o, fd) == 0);
	CHECK(got.troubles == 1 && got.trouble_rc == ERR_USAGE);
	o = options();
	o.trouble = NULL;
	CHECK_ERR(add(&o, fd), ERR_INVALID);
	CHECK(pin_count(st, &after) == 0 && before == after);
	close(fd);
}

static void into_a_wrapper(void)
{
	struct ops_add o = options();
	struct unixfs_node plain;
	struct tar_writer *w;
	struct tar_entry e = { .path = "a", .kind = TAR_FILE };
	int fd = scratch_file("w.tar");
	struct cid cid;

	NEED(tar_writer_new(&w, fd, "tar", "t") == 0);
	CHECK(tar_writer_entry(w, &e) == 0 && tar_writer_end(w) == 0);
	CHECK(add(&o, fd) == 0);
	plain = got.root;
	o = options();
	o.wrap = 1;
	CHECK(add(&o, fd) == 0);
	CHECK(got.roots == 1 && got.entries == 3);
	CHECK(unixfs_lookup(store_source(st), &got.root.cid, span_str("x.tar"), &cid) == 0);
	CHECK(cid_equal(&cid, &plain.cid));
	close(fd);
}

int main(void)
{
	dir = unit_tmpdir();
	store_start();
	RUN(order_means_nothing);
	RUN(broken_ones);
	RUN(into_a_wrapper);
	store_close(st);
	return UNIT_END();
}
