/* get_test.c - what getting tells, what stops it, and what it compares */
#include "ops/get.h"
#include "tests/unit/ops/told.h"

static int got_one(void *arg, const char *path, int new)
{
	(void)arg;
	(void)path;
	got.entries++;
	got.written += new;
	return got.stop_entry;
}

static const struct ops_get how = { trouble, got_one, progress, NULL };

static const char *added(const char *name)
{
	static char text[CID_TEXT_MAX];
	struct ops_add o = options();

	if (add_one(&o, at(name), -1) < 0 || got.troubles)
		abort();
	return cid_text(&got.root.cid, text);
}

static int get(const char *path, const char *target)
{
	int stop_entry = got.stop_entry, stop_trouble = got.stop_trouble, stop = got.stop_progress;

	memset(&got, 0, sizeof got);
	got.stop_entry = stop_entry;
	got.stop_trouble = stop_trouble;
	got.stop_progress = stop;
	return ops_get(st, path, target, &how);
}

static void there_and_back(void)
{
	const char *cid;
	char text[256];
	char *name;

	mkdir(at("t"), 0755);
	mkdir(at("t/d"), 0755);
	make_file("t/a", 100, 1);
	make_file("t/d/big", 1000000, 2);
	make_file("t/d/none", 0, 3);
	NEED(symlink("a", at("t/l")) == 0);
	cid = added("t");
	CHECK(get(cid, at("out")) == 0);
	CHECK(got.entries == 4 && got.written == 4 && got.troubles == 0 && got.bytes >= 1000100);
	CHECK(same_files(at("t/d/big"), at("out/d/big")) && same_files(at("t/a"), at("out/a")));
	/* again: compared, nothing written */
	CHECK(get(cid, at("out")) == 0);
	CHECK(got.entries == 4 && got.written == 0);
	/* one byte in the middle, one more, one less */
	make_file("out/d/big", 1000000, 3);
	make_file("out/a", 101, 1);
	make_file("out/d/none", 1, 1);
	CHECK(get(cid, at("out")) == 0);
	CHECK(got.written == 3);
	CHECK(same_files(at("t/d/big"), at("out/d/big")) && same_files(at("t/a"), at("out/a")) &&
	      same_files(at("t/d/none"), at("out/d/none")));
	snprintf(text, sizeof text, "/ipfs/%s/d/", cid);
	CHECK(ops_get_name(text, &name) == 0);
	CHECK_STR(name, "d");
	free(name);
	CHECK(ops_get_name(cid, &name) == 0);
	CHECK_STR(name, cid);
	free(name);
	CHECK_ERR(ops_get_name("..", &name), ERR_USAGE);
}

static void stops(void)
{
	struct ops_get alone = { NULL, NULL, NULL, NULL };
	const char *cid = added("t");

	got.stop_entry = 1;
	CHECK_ERR(get(cid, at("s1")), ERR_INTERRUPTED);
	CHECK(got.entries == 1);
	got.stop_entry = 0;
	got.stop_progress = 1;
	CHECK(get(cid, at("s2")) < 0);
	CHECK(got.entries == 0 && got.troubles == 0);
	got.stop_progress = 0;
	/* a folder where a file must be: the rest is written, or not, as the caller says */
	mkdir(at("s3"), 0755);
	mkdir(at("s3/a"), 0755);
	CHECK(get(cid, at("s3")) == 0);
	CHECK(got.troubles == 1 && got.entries == 3);
	got.stop_trouble = 1;
	CHECK(get(cid, at("s3")) < 0);
	CHECK(got.troubles == 1);
	got.stop_trouble = 0;
	CHECK(ops_get(st, cid, at("s3"), &alone) < 0);
	CHECK(strstr(err_text(), "s3/a"));
	CHECK(ops_get(st, cid, at("s4"), &alone) == 0);
}

static void archives_stop_too(void)
{
	const char *cid = added("t");
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memset(&got, 0, sizeof got);
	CHECK(ops_get_archive(st, cid, fd, "null", "tar", &how) == 0);
	CHECK(got.entries == 6 && got.bytes == 1000100);
	got.stop_entry = 1;
	CHECK_ERR(ops_get_archive(st, cid, fd, "null", "tar", &how), ERR_INTERRUPTED);
	got.stop_entry = 0;
	got.stop_progress = 1;
	CHECK(ops_get_archive(st, cid, fd, "null", "tar", &how) < 0);
	got.stop_progress = 0;
	CHECK_ERR(ops_get_archive(st, cid, fd, "null", "shar", &how), ERR_USAGE);
	CHECK_ERR(ops_get_archive(st, "/ipns/x", fd, "null", "tar", &how), ERR_UNSUPPORTED);
	close(fd);
}

/* a file that claims another size than it has */
static void sizes_that_lie(void)
{
	struct unixfs_data d = { .type = UNIXFS_FILE, .has_data = 1, .has_filesize = 1, .filesize = 4,
				 .data = span_str("twelve bytes") };
	struct buf msg = BUF_INIT(200), block = BUF_INIT(300);
	struct dag_block b = { .n_parts = 1, .src_fd = -1 };
	char text[CID_TEXT_MAX];
	struct cid cid;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	NEED(unixfs_encode(&msg, &d, NULL, 0) == 0 && pb_put_data(&block, buf_span(&msg)) == 0);
	b.parts[0] = buf_span(&block);
	b.cid = &cid;
	NEED(cid_sum(&cid, 1, CID_DAG_PB, MH_SHA2_256, b.parts, 1) == 0);
	NEED(store_put(st, &b) == 0 && store_commit(st) == 0);
	cid_text(&cid, text);
	CHECK(get(text, at("liar")) == 0);
	make_file("liar4", 4, 1);
	CHECK(get(text, at("liar4")) == 0);
	CHECK(same_files(at("liar"), at("liar4")));
	CHECK_ERR(ops_get_archive(st, text, fd, "null", "tar", &how), ERR_CORRUPT);
	close(fd);
	buf_clear(&msg);
	buf_clear(&block);
}

int main(void)
{
	dir = unit_tmpdir();
	store_start();
	RUN(there_and_back);
	RUN(stops);
	RUN(archives_stop_too);
	RUN(sizes_that_lie);
	store_close(st);
	return UNIT_END();
}
