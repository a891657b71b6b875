/* files*.c: the mutable files: names as Kubo gives them, one transaction a change, nothing lost */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ops/files.h"
#include "ops/fsck.h"
#include "opstore.h"

static struct ops_files plain(void)
{
	struct ops_files o;

	ops_files_init(&o);
	return o;
}

static char store_again[4200];		/* the store a test's callbacks and children open */

static void opens(struct store *st)
{
	snprintf(store_again, sizeof store_again, "%s", store_path(st));
}

static struct store *again(int flags)
{
	struct store *st;

	if (store_open(&st, store_again, flags) < 0) {
		printf("# %s\n", err_text());
		fflush(stdout);
		abort();
	}
	return st;
}

/* ---- input ---- */

struct text { const char *p; size_t left; };

static ssize_t text_read(void *arg, void *p, size_t len)
{
	struct text *t = arg;

	len = len < t->left ? len : t->left;
	len = len > 3 ? 3 : len;		/* in small pieces */
	memcpy(p, t->p, len);
	t->p += len;
	t->left -= len;
	return (ssize_t)len;
}

static int put(struct store *st, const char *path, uint64_t off, const char *text, const struct ops_files *o)
{
	struct text t = { text, strlen(text) };
	struct ops_files_in in = { text_read, &t, UINT64_MAX };

	return ops_files_write(st, path, off, &in, o);
}

static int create(struct store *st, const char *path, const char *text)
{
	struct ops_files o = plain();

	o.create = o.parents = 1;
	return put(st, path, 0, text, &o);
}

static int has(struct store *st, const char *path, const char *text)
{
	struct buf b = BUF_INIT(1 << 20);
	struct sink_buf s;
	int rc, same;

	sink_buf_start(&s, &b);
	rc = ops_files_read(st, path, 0, UINT64_MAX, &s.sink, NULL, NULL);
	same = rc == 0 && span_equal(buf_span(&b), span_str(text));
	buf_clear(&b);
	return same;
}

static int names(struct store *st, const char *path, const char *want)
{
	struct ops_files_stat s;
	char text[CID_TEXT_MAX];

	if (ops_files_stat(st, path, &s) < 0)
		return 0;
	if (!strcmp(cid_text(&s.cid, text), want))
		return 1;
	printf("# %s is %s\n", path, text);
	return 0;
}

/* ---- names ---- */

static void paths_are_cleaned(void)
{
	static const char *const cases[][2] = {
		{ "/", "/" }, { "//", "/" }, { "/a", "/a" }, { "/a/", "/a/" }, { "/a//b/./c/../d", "/a/b/d" },
		{ "/..", "/" }, { "/../a/", "/a/" }, { "/a/..", "/" }, { "/a/.", "/a" }, { "/a/./", "/a/" },
		{ "/...", "/..." }, { "/a/../", "/" },
	};
	struct buf b = BUF_INIT(4096);
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK(ops_files_path(cases[i][0], &b) == 0);
		CHECK_STR((char *)b.data, cases[i][1]);
	}
	CHECK_ERR(ops_files_path("", &b), ERR_USAGE);
	CHECK_STR(err_text(), "paths must not be empty");
	CHECK_ERR(ops_files_path("a/b", &b), ERR_USAGE);
	CHECK_STR(err_text(), "paths must start with a leading slash");
	buf_clear(&b);
}

/* kubo test/sharness/t0250-files-api.sh: reference section 19.7, 77 to 90 */
static void the_cats(void)
{
	static const struct { int version, raw; const char *hash, *a, *b; } sets[] = {
		{ -1, -1, NULL, "QmQdQt9qooenjeaNhiKHF3hBvmNteB4MQBtgu3jxgf9c7i",
		  "QmPVnT9gocPbqzN4G6SMp8vAPyzcjDbUJrNdKgzQquuDg4" },
		{ 1, -1, NULL, "bafybeibkrazpbejqh3qun7xfnsl7yofl74o4jwhxebpmtrcpavebokuqtm",
		  "bafybeigwhb3q36yrm37jv5fo2ap6r6eyohckqrxmlejrenex4xlnuxiy3e" },
		{ -1, 1, NULL, "bafybeibkrazpbejqh3qun7xfnsl7yofl74o4jwhxebpmtrcpavebokuqtm",
		  "bafybeigwhb3q36yrm37jv5fo2ap6r6eyohckqrxmlejrenex4xlnuxiy3e" },
		{ -1, -1, "blake2b-256", "bafykbzaceca45w2i3o3q3ctqsezdv5koakz7sxsw37ygqjg4w54m2bshzevxy",
		  "bafykbzaceadeu7onzmlq7v33ytjpmo37rsqk2q6mzeqf5at55j32zxbcdbwig" },
	};
	struct store *st = opstore();
	size_t i;

	for (i = 0; i < sizeof sets / sizeof *sets; i++) {
		struct ops_files o = plain();

		o.create = 1;
		o.cid_version = sets[i].version;
		o.raw_leaves = sets[i].raw;
		o.hash = sets[i].hash;
		CHECK(put(st, "/a", 0, "ipfs rocks\n", &o) == 0);
		CHECK(put(st, "/a", 5, "is super cool\n", &o) == 0);
		CHECK(names(st, "/a", sets[i].a));
		CHECK(has(st, "/a", "ipfs is super cool\n"));
		CHECK(put(st, "/b", 0, "some content\n", &o) == 0);
		o.truncate = 1;
		CHECK(put(st, "/b", 0, "fish\n", &o) == 0);
		CHECK(names(st, "/b", sets[i].b));
		o.recursive = 1;
		CHECK(ops_files_rm(st, (const char *const[]){ "/a", "/b" }, 2, &o, NULL, NULL) == 0);
		CHECK(names(st, "/", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"));
	}
	CHECK(create(st, "/file1", "file1\n") == 0 && create(st, "/file2", "file2\n") == 0);
	CHECK(names(st, "/file1", "QmX4eaSJz39mNhdu5ACUwTDpyA6y24HmrQNnAape6u3buS"));
	CHECK(names(st, "/", "QmbCgoMYVuZq8m1vK31JQx9DorwQdLMF1M3sJ7kygLLqnW"));
	store_close(st);
}

/* boxo mfs/mfs_test.go: reference section 19.7, 91 and 92 */
static void a_directory_of_boxo(void)
{
	static const uint8_t inline_file[] = "\x0a\x15\x08\x02\x12\x0fthis is a test\n\x18\x0f";
	struct store *st = opstore();
	struct ops_files o = plain();
	const char *at[] = { "/a/b/c/TEST", "/a/b/d/TEST", "/a/b/e/TEST", "/FILE" };
	const char *src = "/ipfs/QmYi7wrRFKVCcTB56A6Pep2j31Q5mHfmmu21RzHXu25RVR";
	struct cid cid = opblock(st, 0, CID_DAG_PB, span_of(inline_file, sizeof inline_file - 1));
	size_t i;

	CHECK(store_commit(st) == 0 && store_has(st, &cid) == 1);
	o.parents = 1;
	for (i = 0; i < 4; i++)
		CHECK(ops_files_cp(st, src, at[i], &o) == 0);
	CHECK(names(st, "/", "QmWMVyhTuyxUrXX3ynz171jq76yY3PktfY9Bxiph7b9ikr"));
	store_close(st);
}

/* ---- what goes wrong ---- */

static int hear(void *arg, const char *path, int rc)
{
	struct buf *b = arg;

	(void)path;
	(void)rc;
	return buf_printf(b, "%s;", err_text());
}

static void failing_changes_nothing(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct buf said = BUF_INIT(4096);
	struct cid before, after;
	const char *gone[] = { "/d", "/none", "/", "x", "/f" };

	CHECK(create(st, "/d/f", "one") == 0 && create(st, "/f", "two") == 0);
	CHECK(ops_files_root(st, &before) == 0);
	CHECK_ERR(put(st, "/g", 0, "x", &o), ERR_NOTFOUND);
	CHECK_STR(err_text(), "file does not exist");
	CHECK_ERR(put(st, "/d", 0, "x", &o), ERR_INVALID);
	CHECK_STR(err_text(), "/d was not a file");
	CHECK_ERR(ops_files_mkdir(st, "/f/g/h", &o), ERR_INVALID);
	CHECK_STR(err_text(), "/f was not a directory");
	CHECK_ERR(ops_files_mkdir(st, "/d", &o), ERR_EXISTS);
	CHECK_STR(err_text(), "file already exists");
	CHECK_ERR(ops_files_mkdir(st, "/", &o), ERR_EXISTS);
	CHECK_ERR(ops_files_cp(st, "/none", "/x", &o), ERR_NOTFOUND);
	CHECK_STR(err_text(), "cp: cannot get node from path /none: file does not exist");
	CHECK_ERR(ops_files_cp(st, "/f", "/d/f", &o), ERR_EXISTS);
	CHECK_STR(err_text(), "cp: cannot put node in path /d/f: directory already has entry by that name");
	CHECK_ERR(ops_files_mv(st, "/d", "/d/e", &o), ERR_INVALID);
	CHECK_ERR(ops_files_mv(st, "/d", "/d", &o), ERR_INVALID);
	CHECK_ERR(ops_files_mv(st, "/none", "/d", &o), ERR_NOTFOUND);
	CHECK_ERR(ops_files_chcid(st, "/f", &(struct ops_files){ .flush = 1, .cid_version = 1 }), ERR_USAGE);
	CHECK_ERR(ops_files_touch(st, "/none", NULL, &o), ERR_NOTFOUND);
	o.hash = "nonsense";
	CHECK_ERR(ops_files_mkdir(st, "/n", &o), ERR_USAGE);
	o.hash = NULL;
	o.flush = 0;
	CHECK_ERR(ops_files_rm(st, gone, 5, &o, hear, &said), ERR_USAGE);
	CHECK(ops_files_root(st, &after) == 0 && cid_equal(&before, &after));
	o.flush = 1;
	CHECK_ERR(ops_files_rm(st, gone, 5, &o, hear, &said), ERR_DIFFER);
	CHECK_STR(err_text(), "can't remove some files");
	CHECK_STR((char *)said.data, "/d: path is a directory, use -r to remove directories;"
		  "/none: file does not exist;/: cannot delete root;"
		  "x is not a valid path: paths must start with a leading slash;");
	CHECK_ERR(put(st, "/f", 0, "x", &o), ERR_NOTFOUND);	/* the one that could go went */
	CHECK(has(st, "/d/f", "one"));
	buf_clear(&said);
	store_close(st);
}

static void to_read_only(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();

	CHECK(create(st, "/f", "x") == 0);
	opens(st);
	{
		struct store *ro = again(STORE_READ);

		CHECK(has(ro, "/f", "x"));
		CHECK_ERR(ops_files_mkdir(ro, "/d", &o), ERR_DENIED);
		CHECK_ERR(create(ro, "/g", "x"), ERR_DENIED);
		store_close(ro);
	}
	store_close(st);
}

static void numbers_of_chmod(void)
{
	uint32_t mode = 7;

	CHECK(ops_files_mode("0644", &mode) == 0 && mode == 0644);
	CHECK(ops_files_mode("0", &mode) == 0 && mode == 0);
	CHECK(ops_files_mode("17777777777", &mode) == 0 && mode == 0x7fffffff);
	CHECK_ERR(ops_files_mode("20000000000", &mode), ERR_USAGE);
	CHECK_STR(err_text(), "strconv.ParseInt: parsing \"20000000000\": value out of range");
	CHECK_ERR(ops_files_mode("", &mode), ERR_USAGE);
	CHECK_STR(err_text(), "strconv.ParseInt: parsing \"\": invalid syntax");
	CHECK_ERR(ops_files_mode("u+x", &mode), ERR_USAGE);
	CHECK_ERR(ops_files_mode("08", &mode), ERR_USAGE);
}

/* ---- the input ---- */

struct long_input {
	uint64_t left;
	int meddled, fails;
	const char *create;		/* what somebody else makes when all is read */
};

/* While it is read others change the files: who held the lock would wait for himself. */
static ssize_t long_read(void *arg, void *p, size_t len)
{
	struct long_input *l = arg;
	size_t i;

	if (!l->meddled) {
		struct store *st = again(STORE_WRITE);
		struct ops_files o = plain();

		l->meddled = 1;
		CHECK(ops_files_mkdir(st, "/meanwhile", &o) == 0);
		store_close(st);
	}
	if (l->left == 0 && l->create) {
		struct store *st = again(STORE_WRITE);

		CHECK(create(st, l->create, "somebody else's, and it is longer than that") == 0);
		l->create = NULL;
		store_close(st);
	}
	if (l->left == 0)
		return l->fails ? err_set(ERR_IO, "the line broke") : 0;
	len = len < l->left ? len : (size_t)l->left;
	for (i = 0; i < len; i++)
		((char *)p)[i] = (char)('a' + l->left-- / 100000 % 26);
	return (ssize_t)len;
}

static uint64_t size_of(struct store *st, const char *path)
{
	struct ops_files_stat s;

	return ops_files_stat(st, path, &s) < 0 ? UINT64_MAX : s.node.size;
}

static void a_slow_input_keeps_nobody_waiting(void)
{
	static const uint64_t sizes[] = { 10, 1024 * 1024, 1024 * 1024 + 1, 5000000 };
	struct store *st = opstore();
	struct ops_files o = plain();
	size_t i;
	int anew;

	opens(st);
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (anew = 0; anew < 2; anew++) {
			struct long_input l = { .left = sizes[i] };
			struct ops_files_in in = { long_read, &l, UINT64_MAX };
			const char *f = "/f", *m = "/meanwhile";

			o = plain();
			o.create = o.recursive = 1;
			if (!anew)
				CHECK(create(st, "/f", "old") == 0);
			CHECK(ops_files_write(st, "/f", 0, &in, &o) == 0);
			CHECK(size_of(st, "/f") == (sizes[i] < 3 ? 3 : sizes[i]));
			CHECK(size_of(st, "/meanwhile") == 0);
			CHECK(ops_files_rm(st, &f, 1, &o, NULL, NULL) == 0);
			CHECK(ops_files_rm(st, &m, 1, &o, NULL, NULL) == 0);
		}
	store_close(st);
}

/* it was to be a new file, and is none any more: written over the other's, as it came second */
static void somebody_was_faster(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct long_input l = { .left = 3000000, .create = "/f", .meddled = 1 };
	struct ops_files_in in = { long_read, &l, UINT64_MAX };
	struct buf b = BUF_INIT(100);
	struct sink_buf s;

	opens(st);
	o.create = 1;
	CHECK(ops_files_write(st, "/f", 0, &in, &o) == 0);
	CHECK(size_of(st, "/f") == 3000000);
	sink_buf_start(&s, &b);
	CHECK(ops_files_read(st, "/f", 2999990, 100, &s.sink, NULL, NULL) == 0 && b.len == 10);
	CHECK(!memcmp(b.data, "aaaaaaaaaa", 10));
	buf_clear(&b);
	store_close(st);
}

struct spoiler { const char *text, *dir, *file; };

/* all is read in one go, and the directory goes, and where there is a name for it becomes a file */
static ssize_t spoil(void *arg, void *p, size_t len)
{
	struct spoiler *s = arg;
	struct ops_files o = plain();
	size_t n = strlen(s->text);
	struct store *st;

	if (!n || len < n)
		return 0;
	memcpy(p, s->text, n);
	s->text = "";
	st = again(STORE_WRITE);
	o.recursive = 1;
	CHECK(ops_files_rm(st, &s->dir, 1, &o, NULL, NULL) == 0);
	if (s->file)
		CHECK(create(st, s->file, "in the way") == 0);
	store_close(st);
	return (ssize_t)n;
}

/* what was seen before the input came is not so any more */
static void the_way_is_gone(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct spoiler s = { "text", "/d", NULL };
	struct ops_files_in in = { spoil, &s, UINT64_MAX };

	opens(st);
	CHECK(create(st, "/d/e/old", "old") == 0);
	o.create = 1;
	CHECK_ERR(ops_files_write(st, "/d/e/f", 0, &in, &o), ERR_NOTFOUND);
	CHECK_STR(err_text(), "file does not exist");
	CHECK(size_of(st, "/d") == UINT64_MAX);
	CHECK(create(st, "/d/e/old", "old") == 0 && create(st, "/x/e/old", "old") == 0);
	s = (struct spoiler){ "text", "/d/e", "/d/e" };
	CHECK_ERR(ops_files_write(st, "/d/e/f", 0, &in, &o), ERR_INVALID);
	CHECK(has(st, "/d/e", "in the way"));
	s = (struct spoiler){ "text", "/x", NULL };
	o.parents = 1;
	CHECK(ops_files_write(st, "/x/e/f", 0, &in, &o) == 0);
	CHECK(size_of(st, "/x/e/old") == UINT64_MAX && has(st, "/x/e/f", "text"));
	store_close(st);
}

/* a short one, too: and what it was put behind is what the other made */
static void somebody_was_faster_with_little(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct long_input l = { .left = 4, .create = "/d/f", .meddled = 1 };
	struct ops_files_in in = { long_read, &l, UINT64_MAX };

	opens(st);
	CHECK(create(st, "/d/other", "") == 0);
	o.create = 1;
	CHECK(ops_files_write(st, "/d/f", 0, &in, &o) == 0);
	CHECK(has(st, "/d/f", "aaaabody else's, and it is longer than that"));
	CHECK(has(st, "/d/other", ""));
	store_close(st);
}

static void the_input_fails(void)
{
	static const uint64_t sizes[] = { 0, 10, 3000000 };
	struct store *st = opstore();
	struct ops_files o = plain();
	size_t i;

	opens(st);
	o.create = 1;
	for (i = 0; i < 3; i++) {
		struct long_input l = { .left = sizes[i], .fails = 1, .meddled = 1 };
		struct ops_files_in in = { long_read, &l, UINT64_MAX };

		CHECK_ERR(ops_files_write(st, "/f", 0, &in, &o), ERR_IO);
		CHECK(size_of(st, "/f") == UINT64_MAX);
	}
	CHECK(create(st, "/f", "fine") == 0 && has(st, "/f", "fine"));
	store_close(st);
}

static ssize_t never(void *arg, void *p, size_t len)
{
	(void)p;
	(void)len;
	++*(int *)arg;
	return 0;
}

/* nobody reads a terabyte to say then that there is no such file */
static void no_input_for_nothing(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	int n = 0;
	struct ops_files_in in = { never, &n, UINT64_MAX };

	CHECK(create(st, "/d/f", "x") == 0);
	CHECK_ERR(ops_files_write(st, "/none", 0, &in, &o), ERR_NOTFOUND);
	CHECK_ERR(ops_files_write(st, "/d", 0, &in, &o), ERR_INVALID);
	o.create = 1;
	CHECK_ERR(ops_files_write(st, "/none/f", 0, &in, &o), ERR_NOTFOUND);
	CHECK_ERR(ops_files_write(st, "/d/f/g", 0, &in, &o), ERR_INVALID);
	CHECK(n == 0);
	store_close(st);
}

/* ---- without the disk ---- */

static void unflushed(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct pin_mfs m;
	struct cid cid;
	char path[32];
	int i;

	o.flush = 0;
	o.unflushed_max = 4;
	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "/%d", i);
		CHECK(ops_files_mkdir(st, path, &o) == 0);
	}
	CHECK_ERR(ops_files_mkdir(st, "/x", &o), ERR_LIMIT);
	CHECK(!strncmp(err_text(), "reached limit of 4 unflushed MFS operations. To resolve: 1)", 59));
	CHECK(pin_mfs_get(st, &m) == 1 && m.unsynced == 4);
	CHECK(ops_files_flush(st, "/", &cid) == 0);
	CHECK(pin_mfs_get(st, &m) == 1 && m.unsynced == 0 && cid_equal(&m.root, &cid));
	CHECK(ops_files_mkdir(st, "/x", &o) == 0);
	o.flush = 1;
	o.parents = 1;
	CHECK(ops_files_mkdir(st, "/x", &o) == 0);	/* changes nothing, and is durable all the same */
	CHECK(pin_mfs_get(st, &m) == 1 && m.unsynced == 0);
	CHECK_ERR(ops_files_flush(st, "/none", &cid), ERR_NOTFOUND);
	store_close(st);
}

/* ---- the rest ---- */

static void what_is_local(void)
{
	struct store *st = opstore();
	struct cid leaf = opblock(st, 1, CID_RAW, span_str("here")), root;
	struct oplink l[3] = { { leaf, "a" }, { leaf, "b" }, { leaf, "c" } };
	uint64_t bytes;
	int all;

	cid_sum(&l[2].cid, 1, CID_RAW, MH_SHA2_256, (struct span[]){ span_str("nowhere") }, 1);
	root = opdir(st, l, 2);
	CHECK(store_commit(st) == 0);
	CHECK(ops_files_local(st, &root, &all, &bytes) == 0 && all == 1);
	CHECK(bytes == 8 + 2 * (2 + 38 + 3 + 2) + 4);
	root = opdir(st, l, 3);
	CHECK(ops_files_local(st, &root, &all, &bytes) == 0 && all == 0);
	CHECK(bytes == 8 + 3 * (2 + 38 + 3 + 2) + 4);
	store_close(st);
}

static void added_into_the_files(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct cid cid = opblock(st, 1, CID_RAW, span_str("added"));
	unsigned n = 0;

	CHECK(ops_files_link(st, &cid, "dir/name", "/", &n, &o) == 0 && n == 1);
	CHECK(has(st, "/name", "added"));
	CHECK(ops_files_link(st, &cid, "other", "", &n, &o) == 0 && n == 2);
	CHECK(has(st, "/other", "added"));
	CHECK_ERR(ops_files_link(st, &cid, "other", "/", &n, &o), ERR_EXISTS);
	CHECK_STR(err_text(), "to-files: cannot put node in path \"/other\": directory already has entry by that "
		  "name");
	CHECK_ERR(ops_files_link(st, &cid, "x", "/y", &n, &o), ERR_EXISTS);
	n = 0;
	CHECK(ops_files_link(st, &cid, "x", "/y", &n, &o) == 0 && has(st, "/y", "added"));
	CHECK_ERR(ops_files_link(st, &cid, "x", "/none/", &n, &o), ERR_NOTFOUND);
	CHECK_ERR(ops_files_link(st, &cid, "", "/", &n, &o), ERR_USAGE);
	CHECK_STR(err_text(), "to-files: cannot add unnamed files to MFS");
	store_close(st);
}

/* as deep as it goes, and no deeper */
static void deep(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct buf path = BUF_INIT(8192);
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	int i;

	o.parents = 1;
	for (i = 0; i < DAG_DEPTH_MAX - 64; i++)
		CHECK(buf_str(&path, "/d") == 0);
	CHECK(ops_files_mkdir(st, (char *)path.data, &o) == 0);
	CHECK(size_of(st, (char *)path.data) == 0);
	CHECK(buf_str(&path, "/d") == 0);
	CHECK_ERR(ops_files_mkdir(st, (char *)path.data, &o), ERR_LIMIT);
	CHECK(pin_gc(st, &gc) == 0);
	buf_clear(&path);
	store_close(st);
}

/* ---- an index made anew ---- */

static int exchange(const char *path, struct buf *bytes)
{
	int fd = open(path, O_RDWR);
	uint8_t now[MFS_SLOT + MFS_USED];
	int ok = fd >= 0 && read(fd, now, sizeof now) == sizeof now;

	if (ok && bytes->len)
		ok = pwrite(fd, bytes->data, bytes->len, 0) == (ssize_t)bytes->len;
	else if (ok)
		ok = buf_bytes(bytes, now, sizeof now) == 0;
	close(fd);
	return ok;
}

/* what only the index knew, when the power went, is known after the index is gone */
static void reindexed(void)
{
	struct store *st = opstore();
	struct store_report r = { .say = NULL };
	struct buf bytes = BUF_INIT(2 * MFS_SLOT);
	char file[4300];
	int mend;

	opens(st);
	snprintf(file, sizeof file, "%s/names/mfs", store_again);
	store_close(st);
	for (mend = 0; mend < 2; mend++) {
		st = again(STORE_WRITE);
		CHECK(create(st, "/first", "first") == 0 && exchange(file, &bytes));
		CHECK(create(st, "/second", "second") == 0);
		store_close(st);
		CHECK(exchange(file, &bytes));
		CHECK((mend ? ops_fsck(store_again, 1, &r) : ops_reindex(store_again, &r)) == 0);
		st = again(STORE_READ);
		CHECK(has(st, "/first", "first") && has(st, "/second", "second"));
		store_close(st);
		buf_reset(&bytes);
	}
	buf_clear(&bytes);
}

/* ---- many at once ---- */

enum { WRITERS = 2 };

static int how, changes;		/* so those who change the files open the store; this many each */

static void die(const char *what)
{
	printf("# %s: %s\n", what, err_text());
	fflush(stdout);
	_exit(1);
}

/* own files, a directory both write into, files that come and go, and content from outside */
static void writer(int who)
{
	struct ops_files o = plain();
	char path[64], to[64], text[64];
	int i;

	o.force = 1;
	for (i = 0; i < changes; i++) {
		struct store *st = again(how);
		const char *gone = to;

		snprintf(path, sizeof path, "/both/%d-%d", who, i);
		snprintf(to, sizeof to, "/own%d/%d", who, i);
		snprintf(text, sizeof text, "%d of %d", i, who);
		if (create(st, path, text) < 0)
			die("write");
		if (i % 4 == 1) {
			struct cid cid = opblock(st, 1, CID_RAW, span_str(text));

			o.parents = 1;
			if (store_commit(st) < 0)
				die("commit");
			store_close(st);	/* nothing keeps it now */
			st = again(how);
			if (ops_files_cp(st, oppath(&cid, ""), to, &o) < 0 && err_http(ERR_NOTFOUND) == 404 &&
			    !strstr(err_text(), "cannot get node"))
				die("cp");	/* but collected it may have been */
		} else if (create(st, to, text) < 0) {
			die("write");
		}
		if (i % 4 == 2 && ops_files_rm(st, &gone, 1, &o, NULL, NULL) < 0)
			die("rm");
		store_close(st);
	}
	_exit(0);
}

static void collector(int fd)
{
	char c;
	int n = 0;

	while (read(fd, &c, 1) < 0) {		/* EAGAIN until the end */
		struct store *st = again(how);
		struct pin_gc gc = { .keep_bytes = UINT64_MAX };

		if (pin_gc(st, &gc) < 0)
			die("gc");
		store_close(st);
		n++;
	}
	_exit(n > 1 ? 0 : 9);
}

static void nothing_is_lost_so(int flags, int n)
{
	struct store *st = opstore(), *ro;
	pid_t pid[WRITERS + 1];
	char path[64], text[64];
	int end[2], i, who, status, lost = 0;
	struct store_report r = { .say = NULL };

	how = flags;
	changes = n;
	opens(st);
	CHECK(pipe2(end, O_NONBLOCK | O_CLOEXEC) == 0);
	fflush(stdout);
	for (who = 0; who <= WRITERS; who++) {
		pid[who] = fork();
		if (pid[who] == 0 && who < WRITERS)
			writer(who);
		if (pid[who] == 0) {
			close(end[1]);
			collector(end[0]);
		}
	}
	for (who = 0; who < WRITERS; who++)
		CHECK(waitpid(pid[who], &status, 0) == pid[who] && status == 0);
	close(end[1]);
	CHECK(waitpid(pid[WRITERS], &status, 0) == pid[WRITERS] && status == 0);
	close(end[0]);
	ro = again(STORE_READ);
	for (who = 0; who < WRITERS; who++)
		for (i = 0; i < changes; i++) {
			snprintf(text, sizeof text, "%d of %d", i, who);
			snprintf(path, sizeof path, "/both/%d-%d", who, i);
			lost += !has(ro, path, text);
			snprintf(path, sizeof path, "/own%d/%d", who, i);
			if (i % 4 == 2)
				lost += size_of(ro, path) != UINT64_MAX;
			else if (i % 4 != 1 || size_of(ro, path) != UINT64_MAX)
				lost += !has(ro, path, text);
		}
	CHECK(lost == 0);
	store_close(ro);
	CHECK(ops_fsck(store_again, 0, &r) == 0);
	store_close(st);
}

static void nothing_is_lost(void)
{
	nothing_is_lost_so(STORE_WRITE | STORE_UNSYNCED, 200);
	nothing_is_lost_so(STORE_WRITE, 60);
}

/* says what it has done, until it is killed */
static void victim(int out, int round)
{
	struct store *st = again(how);
	char path[64];
	int i;

	for (i = 0;; i++) {
		snprintf(path, sizeof path, "/r%d/%d", round, i);
		if (create(st, path, path) < 0)
			die("write");
		if (write(out, &i, sizeof i) != sizeof i)
			_exit(1);
	}
}

static void killed_at_any_moment(void)
{
	struct store *st = opstore(), *ro;
	struct store_report r = { .say = NULL };
	char path[64];
	int round, i, n = 0, bad = 0, ends[2];
	pid_t pid;

	opens(st);
	store_close(st);
	srand(7);
	for (round = 0; round < 40; round++) {
		struct timespec nap = { .tv_nsec = (20 + rand() % 30) * 1000000L };

		how = round % 2 ? STORE_WRITE : STORE_WRITE | STORE_UNSYNCED;
		CHECK(pipe(ends) == 0);
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			victim(ends[1], round);
		close(ends[1]);
		CHECK(read(ends[0], &i, sizeof i) == sizeof i && i == 0);	/* however slow this machine is */
		nanosleep(&nap, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ro = again(STORE_READ);
		do {
			snprintf(path, sizeof path, "/r%d/%d", round, i);
			bad += !has(ro, path, path);
			n++;
		} while (read(ends[0], &i, sizeof i) == sizeof i);
		store_close(ro);
		close(ends[0]);
	}
	CHECK(n >= 40);
	CHECK(bad == 0);
	CHECK(ops_fsck(store_again, 0, &r) == 0);
}

/* a directory whose block is gone is not one in which the name is missing: nothing is made there */
static void a_block_is_gone(void)
{
	struct store *st = opstore();
	struct ops_files o = plain();
	struct cid was, is;
	struct ops_files_stat dir;

	CHECK(create(st, "/a/b/f", "text") == 0 && ops_files_stat(st, "/a/b", &dir) == 0 && ops_files_root(st, &was) == 0);
	opens(st);
	store_close(st);			/* its lease keeps what it has put */
	st = again(STORE_WRITE);
	CHECK(store_delete(st, &dir.cid) == 0 && store_commit(st) == 0);
	o.create = 1;
	CHECK_ERR(put(st, "/a/b/g", 0, "more", &o), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "is not in the store"));
	o.parents = 1;
	CHECK_ERR(put(st, "/a/b/g", 0, "more", &o), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "is not in the store"));
	CHECK(ops_files_root(st, &is) == 0 && cid_equal(&was, &is));
	CHECK(create(st, "/a/g", "more") == 0 && has(st, "/a/g", "more"));
	store_close(st);
}

int main(void)
{
	RUN(paths_are_cleaned);
	RUN(the_cats);
	RUN(a_directory_of_boxo);
	RUN(failing_changes_nothing);
	RUN(to_read_only);
	RUN(numbers_of_chmod);
	RUN(a_slow_input_keeps_nobody_waiting);
	RUN(somebody_was_faster);
	RUN(somebody_was_faster_with_little);
	RUN(the_way_is_gone);
	RUN(the_input_fails);
	RUN(no_input_for_nothing);
	RUN(a_block_is_gone);
	RUN(unflushed);
	RUN(what_is_local);
	RUN(added_into_the_files);
	RUN(deep);
	RUN(reindexed);
	RUN(nothing_is_lost);
	RUN(killed_at_any_moment);
	return UNIT_END();
}
