/* add_body_test.c - files cut where their tensors begin, wherever they come from, and what of them the store had */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/unit/ops/told.h"

enum { ROWS = 3000, COLS = 500, TENSORS = 4 };

static struct ops_add_file last;
static char last_path[4096], why[400];
static int files, stop_file;

static int file(void *arg, const struct ops_add_file *f)
{
	(void)arg;
	last = *f;
	snprintf(last_path, sizeof last_path, "%s", f->path);
	snprintf(why, sizeof why, "%s", f->whole ? f->whole : "");
	files++;
	return stop_file;
}

static struct ops_add aligned(void)
{
	struct ops_add o = options();

	o.tensors = o.measure = 1;
	o.file = file;
	files = stop_file = 0;
	return o;
}

/* a model whose header is longer by `pad`; returns its bytes */
static uint64_t model(const char *name, unsigned pad, unsigned seed)
{
	struct buf head = BUF_INIT(1 << 20), out = BUF_INIT(32 << 20);
	const uint64_t len = ROWS * COLS;
	unsigned i;
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), rc = fd < 0 ? fd : 0;

	rc = rc ? rc : buf_printf(&head, "{\"__metadata__\":{\"pad\":\"%*s\"}", (int)pad, "");
	for (i = 0; rc == 0 && i < TENSORS; i++)
		rc = buf_printf(&head, ",\"t%u\":{\"dtype\":\"U8\",\"shape\":[%d,%d],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
				i, ROWS, COLS, i * len, (i + 1) * len);
	rc = rc ? rc : buf_str(&head, "}");
	rc = rc ? rc : buf_le64(&out, head.len);
	rc = rc ? rc : buf_add(&out, buf_span(&head));
	for (i = 0; rc == 0 && i < TENSORS * len; i++) {
		seed = seed * 1664525u + 1013904223u;
		rc = buf_u8(&out, seed >> 24);
	}
	if (rc < 0 || write(fd, out.data, out.len) != (ssize_t)out.len)
		abort();
	close(fd);
	buf_clear(&head);
	i = (unsigned)out.len;
	buf_clear(&out);
	return i;
}

/* the CID of a file that comes through a pipe, at most `most` bytes of it */
static struct cid piped(const struct ops_add *o, const char *path, size_t most)
{
	struct adder *a;
	char room[4096];
	int in[2], from, status;
	ssize_t n;
	pid_t pid;

	if (pipe(in) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		close(in[0]);
		from = open(path, O_RDONLY);
		while (most && (n = read(from, room, most < sizeof room ? most : sizeof room)) > 0) {
			if (write(in[1], room, (size_t)n) != n)
				_exit(1);
			most -= (size_t)n;
		}
		_exit(0);
	}
	close(in[1]);
	CHECK(ops_add_begin(&a, o->only_hash ? NULL : st, o) == 0);
	CHECK(ops_add_fd(a, in[0], "piped", NULL) == 0);
	CHECK(ops_add_end(a) == 0);
	close(in[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	return got.last.node.cid;
}

static void files_and_pipes(void)
{
	struct ops_add o = aligned(), plain = options();
	uint64_t len = model("base", 0, 1);
	struct cid cid, whole;

	store_start();
	NEED(add_one(&plain, at("base"), -1) == 0);
	whole = got.last.node.cid;
	o = aligned();
	NEED(add_one(&o, at("base"), -1) == 0);
	cid = got.last.node.cid;
	CHECK(!cid_equal(&cid, &whole));
	CHECK(files == 1 && last.size == len && !last.whole && got.bytes == len);
	CHECK_STR(last_path, at("base"));
	cid = got.last.node.cid;
	o = aligned();
	whole = piped(&o, at("base"), SIZE_MAX);
	CHECK(cid_equal(&cid, &whole));
	CHECK(files == 1 && !last.whole && last.size == len && got.bytes == len);
	CHECK_STR(last_path, "piped");
	CHECK(last.puts.n_blocks == last.puts.had_blocks && last.puts.had_bytes > len);
}

/* a stream that ends in the header, or sooner, has no tensors */
static void what_ends_in_its_header(void)
{
	static const size_t lens[] = { 0, 1, 8, 9, 100, 3000 };
	size_t i;

	store_start();
	model("base", 5000, 1);
	for (i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		struct ops_add plain = options(), o;
		struct cid want = piped(&plain, at("base"), lens[i]), is;

		o = aligned();
		is = piped(&o, at("base"), lens[i]);
		CHECK(cid_equal(&want, &is));
		CHECK(files == 1 && last.whole && *why && last.size == lens[i]);
	}
}

static void what_is_shared(void)
{
	struct ops_add o = aligned();
	struct store_puts first;
	struct buf out = BUF_INIT(4000);
	char want[400];

	store_start();
	NEED(mkdir(at("d"), 0755) == 0);
	model("d/a", 0, 1);
	NEED(add_one(&o, at("d"), -1) == 0);
	first = last.puts;
	/* the header, 3000 rows of 500 bytes 524 a block, and a node over all */
	CHECK(first.n_blocks == 1 + TENSORS * 6 + 1 && first.had_blocks == 0 && first.had_bytes == 0);
	CHECK(got.last.root && got.last.puts.n_blocks == 0);	/* a directory */
	model("d/b", 3000, 1);
	o = aligned();
	NEED(add_one(&o, at("d/b"), -1) == 0);
	CHECK(last.puts.n_blocks == first.n_blocks && last.puts.had_blocks == TENSORS * 6);
	CHECK(last.puts.had_bytes >= ROWS * COLS * TENSORS && last.puts.had_bytes < last.puts.bytes - 3000);
	/* told with the file, too */
	CHECK(!memcmp(&got.last.puts, &last.puts, sizeof last.puts));
	got.last.path = "b";
	CHECK(ops_added_json(&got.last, &out) == 0);
	snprintf(want, sizeof want, ",\"blocks\":26,\"bytes\":%" PRIu64 ",\"shared_blocks\":24,\"shared_bytes\":%" PRIu64
		 ",\"root\":true}", last.puts.bytes, last.puts.had_bytes);
	CHECK(out.len > strlen(want) && !strcmp((char *)out.data + out.len - strlen(want), want));
	buf_clear(&out);
	/* nothing measured, nothing told */
	o = aligned();
	o.measure = 0;
	NEED(add_one(&o, at("d/b"), -1) == 0);
	CHECK(files == 1 && last.puts.n_blocks == 0 && got.last.puts.n_blocks == 0);
}

static void only_named(void)
{
	struct ops_add o = aligned();

	store_start();
	model("base", 0, 1);
	model("tuned", 777, 1);
	NEED(add_one(&o, at("base"), -1) == 0);
	o = aligned();
	o.only_hash = 1;
	NEED(add_one(&o, at("tuned"), -1) == 0);
	CHECK(files == 1 && last.puts.n_blocks == 0);		/* whom should it ask? */
	o = aligned();
	o.only_hash = 1;
	o.against = st;
	NEED(add_one(&o, at("tuned"), -1) == 0);
	CHECK(last.puts.n_blocks == 26 && last.puts.had_blocks == 24);
	CHECK(store_has(st, &got.last.node.cid) == 0);
}

static void stopped(void)
{
	struct ops_add o = aligned();

	store_start();
	model("base", 0, 1);
	stop_file = 1;
	CHECK_ERR(add_one(&o, at("base"), -1), ERR_INTERRUPTED);
	CHECK(got.entries == 0);
}

static void chunkers_without_a_size(void)
{
	struct ops_add o = aligned();
	struct adder *a;

	store_start();
	NEED(ops_add_set(&o, "chunker=buzhash") == 0);
	CHECK_ERR(ops_add_begin(&a, st, &o), ERR_USAGE);
	NEED(ops_add_set(&o, "tensor-align=no") == 0 && !o.tensors);
	CHECK(ops_add_begin(&a, st, &o) == 0);
	ops_add_free(a);
	CHECK_ERR(ops_add_set(&o, "tensor-align=of course"), ERR_USAGE);
	CHECK(ops_add_set(&o, "tensor-align=yes") == 0 && o.tensors == 1);
}

static ssize_t from_fd(void *arg, void *p, size_t len)
{
	return read(*(int *)arg, p, len);
}

/* who feeds speaks for Kubo: the names are Kubo's */
static void a_feed_is_left_alone(void)
{
	struct ops_add o = options();
	struct ops_add_feed_entry e = { .path = "base", .what = OPS_FEED_FILE, .read = from_fd };
	struct adder *a;
	struct cid want;
	int fd;

	store_start();
	model("base", 0, 1);
	NEED(add_one(&o, at("base"), -1) == 0);
	want = got.last.node.cid;
	o = aligned();
	fd = open(at("base"), O_RDONLY);
	e.arg = &fd;
	NEED(fd >= 0 && ops_add_begin(&a, st, &o) == 0);
	CHECK(ops_add_feed(a, &e) == 0 && ops_add_end(a) == 0);
	CHECK(cid_equal(&want, &got.last.node.cid) && files == 0);
	close(fd);
}

int main(void)
{
	dir = unit_tmpdir();
	RUN(files_and_pipes);
	RUN(what_ends_in_its_header);
	RUN(what_is_shared);
	RUN(only_named);
	RUN(stopped);
	RUN(chunkers_without_a_size);
	RUN(a_feed_is_left_alone);
	store_close(st);
	return UNIT_END();
}
