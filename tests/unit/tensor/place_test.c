/* place_test.c - files and folders, in a DAG and in the file system, and nothing beside them */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensor/tensor.h"
#include "tests/unit/unixfs/make.h"

static const char *content(struct tensor_place *p, const char *name)
{
	static char text[64];
	struct tensor_in *in = NULL;
	int rc = p->open(p, span_str(name), &in);

	if (rc)
		return rc == 1 ? "a folder" : err_text();
	if (in->size >= sizeof text || in->read(in, 0, text, (size_t)in->size) < 0)
		return "unreadable";
	text[in->size] = 0;
	tensor_in_close(in);
	return text;
}

static int open_rc(struct tensor_place *p, struct span name)
{
	struct tensor_in *in = NULL;
	int rc = p->open(p, name, &in);

	if (rc == 0)
		tensor_in_close(in);
	return rc;
}

static int add_name(void *arg, struct span name)
{
	size_t n = strlen(arg);

	snprintf((char *)arg + n, 4096 - n, "%.*s ", (int)name.len, (const char *)name.p);
	return 0;
}

static int stop_at_once(void *arg, struct span name)
{
	(void)name;
	++*(int *)arg;
	return 7;
}

/* what may not be the name of a neighbour, wherever the folder is */
static void no_way_out(struct tensor_place *p)
{
	static const char *const bad[] = { ".", "..", "../secret", "a/b", "/etc/passwd" };
	char more[300];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(open_rc(p, span_str(bad[i])), ERR_INVALID);
	CHECK_ERR(open_rc(p, span_of("a\0b", 3)), ERR_INVALID);
	memset(more, 'x', sizeof more);
	CHECK_ERR(open_rc(p, span_of(more, sizeof more)), ERR_INVALID);
}

static void folder_of_a_dag(const char *options)
{
	static const char *const lines[] = { "a=one", "b=two", "sub/c=three" };
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node dir = make_tree(b, lines, 3);
	struct tensor_place *p = NULL;
	char names[4096] = "";
	int n = 0;

	unixfs_builder_free(b);
	NEED(tensor_place_dag(&p, &make_dag.source, &dir.cid) == 0);
	CHECK_STR(content(p, ""), "a folder");
	CHECK_STR(content(p, "a"), "one");
	CHECK_STR(content(p, "b"), "two");
	CHECK_ERR(open_rc(p, span_str("c")), ERR_NOTFOUND);
	CHECK_ERR(open_rc(p, span_str("sub")), ERR_INVALID);
	no_way_out(p);
	CHECK(p->list(p, add_name, names) == 0);
	CHECK(strlen(names) == strlen("a b sub ") && strstr(names, "a ") && strstr(names, "b ") && strstr(names, "sub "));
	CHECK(p->list(p, stop_at_once, &n) == 7 && n == 1);
	tensor_place_free(p);
}

static void folders_of_a_dag(void)
{
	folder_of_a_dag("cid-version=1");
	folder_of_a_dag("cid-version=1 hamt-threshold=1");
}

static void file_of_a_dag(void)
{
	struct unixfs_builder *b = make_builder("cid-version=1");
	struct unixfs_node file = make_text(b, "content");
	struct tensor_place *p = NULL;
	struct span s = span_str("nobody has it");
	struct cid gone;

	unixfs_builder_free(b);
	NEED(tensor_place_dag(&p, &make_dag.source, &file.cid) == 0);
	CHECK_STR(content(p, ""), "content");
	CHECK_ERR(open_rc(p, span_str("a")), ERR_NOTFOUND);
	tensor_place_free(p);
	CHECK(cid_sum(&gone, 1, CID_RAW, MH_SHA2_256, &s, 1) == 0);
	CHECK_ERR(tensor_place_dag(&p, &make_dag.source, &gone), ERR_NOTFOUND);
}

/* a cache of models is full of symlinks: what they are is said, not that they were directories */
static void symlinks_of_a_dag(void)
{
	static const char *const lines[] = { "blobs/a=one", "link@blobs/a" };
	struct unixfs_builder *b = make_builder("");
	struct unixfs_node dag = make_tree(b, lines, 2);
	struct tensor_place *p = NULL;

	unixfs_builder_free(b);
	NEED(tensor_place_dag(&p, &make_dag.source, &dag.cid) == 0);
	CHECK_ERR(open_rc(p, span_str("link")), ERR_INVALID);
	CHECK(strstr(err_text(), "symlink") != NULL);
	tensor_place_free(p);
}

static char *dir;

static char *path(const char *name)
{
	char *p = unit_kept(4096);

	snprintf(p, 4096, "%s/%s", dir, name);
	return p;
}

static void put(const char *name, const char *text)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	close(fd);
}

static void folder_of_the_file_system(void)
{
	struct tensor_place *p = NULL;
	char names[4096] = "";

	NEED(tensor_place_path(&p, dir) == 0);
	CHECK_STR(content(p, ""), "a folder");
	CHECK_STR(content(p, "a"), "one");
	CHECK_STR(content(p, "link"), "one");
	CHECK_ERR(open_rc(p, span_str("c")), ERR_NOTFOUND);
	CHECK(strstr(err_text(), path("c")) != NULL);
	CHECK_ERR(open_rc(p, span_str("fifo")), ERR_INVALID);
	CHECK_ERR(open_rc(p, span_str("sub")), ERR_INVALID);
	no_way_out(p);
	CHECK(p->list(p, add_name, names) == 0);
	CHECK(strlen(names) == strlen("a b fifo link sub ") && strstr(names, "link "));
	tensor_place_free(p);
}

static void file_of_the_file_system(void)
{
	struct tensor_place *p = NULL;

	NEED(tensor_place_path(&p, path("a")) == 0);
	CHECK_STR(content(p, ""), "one");
	CHECK_STR(content(p, "b"), "two");		/* beside it */
	no_way_out(p);
	tensor_place_free(p);
	NEED(chdir(dir) == 0);
	NEED(tensor_place_path(&p, "a") == 0);
	CHECK_STR(content(p, ""), "one");
	CHECK_STR(content(p, "b"), "two");
	tensor_place_free(p);
	CHECK_ERR(tensor_place_path(&p, path("nowhere")), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "nowhere") != NULL);
	NEED(tensor_place_path(&p, path("fifo")) == 0);
	CHECK_ERR(open_rc(p, span_str("")), ERR_INVALID);
	tensor_place_free(p);
}

/* a sink that cuts the file before it reads what it was given */
static int cut_and_read(struct sink *s, const struct piece *p)
{
	char c[8];

	(void)s;
	CHECK(truncate(path("cut"), 4) == 0);
	return piece_read(p, 0, c, (size_t)p->len);
}

static void a_file_that_is_cut_while_it_is_sent(void)
{
	struct sink sink = { cut_and_read };
	struct tensor_in *in;

	put("cut", "12345678");
	NEED(tensor_in_fd(&in, open(path("cut"), O_RDONLY | O_CLOEXEC), "name") == 0);
	CHECK_ERR(in->cat(in, 2, 6, &sink), ERR_INVALID);
	CHECK_STR(err_text(), "'name' ends before that");
	tensor_in_close(in);
}

static void a_file_that_is_cut_meanwhile(void)
{
	struct tensor_in *in = NULL;
	struct sink_null sink;
	char c[8];

	sink_null_start(&sink);
	put("cut", "12345678");
	NEED(tensor_in_fd(&in, open(path("cut"), O_RDONLY | O_CLOEXEC), "cut") == 0);
	CHECK(in->size == 8 && in->key[0] == 0);
	CHECK(in->read(in, 2, c, 6) == 0 && memcmp(c, "345678", 6) == 0);
	CHECK(in->cat(in, 2, 6, &sink.sink) == 0 && sink.bytes == 6 && in->n_bytes == 12);
	CHECK_ERR(in->read(in, 2, c, 7), ERR_INVALID);
	CHECK_ERR(in->read(in, UINT64_MAX, c, 2), ERR_INVALID);
	CHECK_ERR(in->cat(in, UINT64_MAX, 2, &sink.sink), ERR_INVALID);
	CHECK(truncate(path("cut"), 4) == 0);
	CHECK_ERR(in->read(in, 2, c, 6), ERR_INVALID);
	CHECK_ERR(in->cat(in, 2, 6, &sink.sink), ERR_INVALID);
	CHECK(sink.bytes == 6);
	tensor_in_close(in);
}

int main(void)
{
	dir = unit_tmpdir();
	put("a", "one");
	put("b", "two");
	if (mkdir(path("sub"), 0700) < 0 || symlink("a", path("link")) < 0 || mkfifo(path("fifo"), 0600) < 0)
		abort();
	RUN(folders_of_a_dag);
	RUN(file_of_a_dag);
	RUN(symlinks_of_a_dag);
	RUN(folder_of_the_file_system);
	RUN(file_of_the_file_system);
	RUN(a_file_that_is_cut_meanwhile);
	RUN(a_file_that_is_cut_while_it_is_sent);
	return UNIT_END();
}
