/* add_test.c - sessions of adding: what is told and when, what stops them, what the cache knows */
#include <sys/wait.h>

#include "tests/unit/ops/told.h"

/* told means durable: another handle finds it */
static int durable(void *arg, const struct ops_added *e)
{
	if (st && e->root) {
		struct store *other;

		CHECK(store_open(&other, store_path(st), STORE_READ) == 0);
		CHECK(store_has(other, &e->node.cid) == 1);
		store_close(other);
	}
	return entry(arg, e);
}

static struct ops_add all_told(void)
{
	struct ops_add o = options();

	o.entry = durable;
	return o;
}

static int add(const struct ops_add *o, const char *path)
{
	return add_one(o, path, -1);
}

static const char *last_cid(void)
{
	static char text[CID_TEXT_MAX];

	return cid_text(&got.last.node.cid, text);
}

static uint64_t pins(void)
{
	uint64_t n = 0;

	CHECK(pin_count(st, &n) == 0);
	return n;
}

static void a_tree(void)
{
	struct ops_add o = all_told();
	enum pin_mode mode;
	struct cid root;

	mkdir(at("t"), 0755);
	mkdir(at("t/d"), 0755);
	make_file("t/a", 10, 1);
	make_file("t/d/b", 600000, 2);
	NEED(symlink("a", at("t/l")) == 0);
	CHECK(add(&o, at("t")) == 0);
	CHECK(got.entries == 5 && got.roots == 1 && got.troubles == 0);
	CHECK_STR(got.path, at("t"));
	CHECK(got.bytes == 600010 && got.files == 3);
	root = got.last.node.cid;
	CHECK(pin_get(st, &root, &mode, NULL) == 1 && mode == PIN_RECURSIVE);
	o = all_told();
	o.all = 0;
	o.only_hash = 1;
	CHECK(add(&o, at("t")) == 0);
	CHECK(got.entries == 1 && got.roots == 1 && cid_equal(&got.last.node.cid, &root));
	o = all_told();
	o.pin = 0;
	CHECK(add(&o, at("t/a")) == 0);
	CHECK(pins() == 1);
	o.recursive = 0;
	CHECK(add(&o, at("t")) == 0);
	CHECK(got.troubles == 1 && got.trouble_rc == ERR_USAGE);
}

static void roots_wait_for_company(void)
{
	enum { MANY = 1100 };		/* more than wait for one commit */
	struct ops_add o = all_told();
	char name[32], text[CID_TEXT_MAX];
	struct adder *a;
	uint64_t before = pins();
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "small%d", i);
		make_file(name, 100, (unsigned)i + 10);
	}
	NEED(ops_add_begin(&a, st, &o) == 0);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "small%d", i);
		CHECK(ops_add_path(a, at(name)) == 0);
	}
	CHECK(got.entries >= 1000 && got.entries < MANY);
	CHECK(ops_add_flush(a) == 0);
	CHECK(got.entries == MANY && got.roots == MANY);
	CHECK(pins() == before + MANY);
	snprintf(text, sizeof text, "%s", last_cid());
	CHECK(ops_add_counts(a).files == MANY && ops_add_counts(a).bytes == MANY * 100);
	CHECK(ops_add_end(a) == 0);
	CHECK(got.entries == MANY);
}

static void wrapped(void)
{
	struct ops_add o = all_told();
	struct adder *a;
	int fd;

	o.wrap = 1;
	NEED(ops_add_begin(&a, st, &o) == 0);
	CHECK(ops_add_path(a, at("t")) == 0);
	CHECK(ops_add_path(a, at("small1")) == 0);
	CHECK(ops_add_path(a, at("t/../small1")) == 0);	/* the name is taken */
	CHECK(got.troubles == 1 && got.trouble_rc == ERR_EXISTS);
	fd = open(at("small2"), O_RDONLY | O_CLOEXEC);
	CHECK(ops_add_fd(a, fd, "-", NULL) == 0);
	close(fd);
	CHECK(got.roots == 0);
	CHECK(ops_add_end(a) == 0);
	CHECK(got.roots == 1 && got.last.root);
	CHECK_STR(got.path, "");
	CHECK(got.entries == 5 + 1 + 1 + 1);
}

static void what_stops_a_session(void)
{
	struct ops_add o = all_told();
	struct adder *a;

	got.stop_entry = 1;
	CHECK_ERR(add(&o, at("t")), ERR_INTERRUPTED);
	o = all_told();
	got.stop_progress = 1;
	CHECK(add(&o, at("t")) < 0);
	CHECK(got.entries == 0);
	o = all_told();
	got.stop_trouble = 1;
	CHECK_ERR(add(&o, at("none")), ERR_NOTFOUND);
	o.trouble = NULL;
	CHECK_ERR(add(&o, at("none")), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "none"));
	/* after an error nothing more is taken */
	NEED(ops_add_begin(&a, st, &o) == 0);
	CHECK(ops_add_path(a, at("none")) < 0);
	CHECK(ops_add_path(a, at("t")) < 0);
	CHECK(ops_add_end(a) < 0);
}

static void contradictions(void)
{
	struct ops_add o = all_told();
	struct adder *a;

	o.pin = 0;
	o.pin_name = "x";
	CHECK_ERR(ops_add_begin(&a, st, &o), ERR_USAGE);
	CHECK_STR(err_text(), "pin-name option requires pin to be set");
	o = all_told();
	o.meta.mode = 04755;
	CHECK_ERR(ops_add_begin(&a, st, &o), ERR_USAGE);
	o = all_told();
	o.keep_mode = 1;
	CHECK(ops_add_set(&o, "raw-leaves=yes") == 0);
	CHECK_ERR(ops_add_begin(&a, st, &o), ERR_USAGE);
	CHECK_ERR(ops_add_set(&o, "raw-leaves"), ERR_USAGE);
	CHECK_ERR(ops_add_set(&o, "chunker=size-1,colour=red"), ERR_USAGE);
	o = all_told();
	o.ignore_rules = at("none");
	CHECK_ERR(ops_add_begin(&a, st, &o), ERR_NOTFOUND);
}

/* seconds ago, by the time of modification */
static void age(const char *name, long seconds)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - seconds } };

	if (utimensat(AT_FDCWD, at(name), t, 0) < 0)
		abort();
}

static uint64_t cached(const struct ops_add *o, const char *path)
{
	struct adder *a;
	uint64_t n;

	if (ops_add_begin(&a, st, o) < 0 || ops_add_path(a, path) < 0)
		return 999;
	n = ops_add_counts(a).cached;
	CHECK(ops_add_end(a) == 0);
	return n;
}

static void cache(void)
{
	struct ops_add o = all_told();
	struct cid first;
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };

	mkdir(at("c"), 0755);
	make_file("c/a", 5000, 1);
	make_file("c/b", 500000, 2);
	age("c/a", 100);
	age("c/b", 100);
	sleep(3);			/* until their change times are old enough */
	o.cache = 1;
	CHECK(cached(&o, at("c")) == 0);
	first = got.last.node.cid;
	CHECK(cached(&o, at("c")) == 2);
	CHECK(cid_equal(&got.last.node.cid, &first));
	CHECK(cached(&o, at("c/a")) == 1);
	CHECK(cached(&o, at("c/../c//a")) == 1);
	/* other options, other rows */
	o.dag.raw_leaves = 1;
	CHECK(cached(&o, at("c")) == 0);
	o.dag.raw_leaves = -1;
	CHECK(cached(&o, at("c")) == 2);
	/* touched: read again, and too young to be remembered */
	make_file("c/a", 5000, 1);
	CHECK(cached(&o, at("c")) == 1);
	CHECK(cached(&o, at("c")) == 1);
	CHECK(cid_equal(&got.last.node.cid, &first));
	/* collected: known, but not there */
	store_start();
	CHECK(cached(&o, at("c/b")) == 0);
	CHECK(cached(&o, at("c/b")) == 1);
	CHECK(pin_rm(st, &got.last.node.cid, PIN_RECURSIVE) == 0);
	first = got.last.node.cid;
	{	/* the lease of this handle protects what it added */
		char path[4200];

		snprintf(path, sizeof path, "%s", store_path(st));
		store_close(st);
		CHECK(store_open(&st, path, STORE_WRITE) == 0);
	}
	CHECK(pin_gc(st, &gc) == 0);
	CHECK(store_has(st, &first) == 0);
	CHECK(cached(&o, at("c/b")) == 0);
	CHECK(store_has(st, &first) == 1);
}

static uint64_t rows(void)
{
	uint64_t n = 999;

	CHECK(store_table_count(st, STORE_FILES, &n) == 0);
	return n;
}

/* rows of files that went away stayed for ever */
static void cache_forgets(void)
{
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	struct ops_add o = all_told();
	char name[64], path[4200];
	uint64_t n;
	int i;

	store_start();
	mkdir(at("f"), 0755);
	mkdir(at("f/sub"), 0755);
	for (i = 0; i < 1200; i++) {
		snprintf(name, sizeof name, "f/sub/%d", i);
		make_file(name, 10, (unsigned)i);
		age(name, 100);
	}
	make_file("f/a", 10, 1);
	make_file("f/b", 10, 2);
	age("f/a", 100);
	age("f/b", 100);
	sleep(3);
	o.cache = 1;
	CHECK(cached(&o, at("f")) == 0 && rows() == 1202);
	CHECK(ops_add_forget(st, &n) == 0 && n == 0 && rows() == 1202);
	/* with its folder, when that is added again; the others are told apart */
	unlink(at("f/a"));
	CHECK(cached(&o, at("f")) == 1201 && rows() == 1201);
	CHECK(cached(&o, at("f")) == 1201 && rows() == 1201);
	/* a file that became a folder, and more than one transaction takes */
	unlink(at("f/b"));
	CHECK(rename(at("f/sub"), at("f/other")) == 0);
	CHECK(rename(at("f/other/7"), at("f/sub")) == 0);
	CHECK(ops_add_forget(st, &n) == 0 && n == 1201 && rows() == 0);
	CHECK(ops_add_forget(st, &n) == 0 && n == 0);
	/* the file is there, its blocks are not */
	store_start();
	o.pin = 0;
	CHECK(cached(&o, at("f/other/9")) == 0 && rows() == 1);
	snprintf(path, sizeof path, "%s", store_path(st));
	store_close(st);			/* with the lease on what it added */
	st = NULL;
	CHECK(store_open(&st, path, STORE_WRITE) == 0);
	CHECK(ops_add_forget(st, &n) == 0 && n == 0);
	CHECK(pin_gc(st, &gc) == 0 && gc.n_deleted == 1);
	CHECK(ops_add_forget(st, &n) == 0 && n == 1 && rows() == 0);
}

/* a sweep while an add relies on what the cache says: the pin must not lose a block */
static void cache_and_sweep(void)
{
	struct ops_add o = all_told();
	struct adder *a;
	char path[4200];
	struct cid root;
	int status;
	pid_t pid;

	store_start();
	snprintf(path, sizeof path, "%s", store_path(st));
	o.cache = 1;
	CHECK(cached(&o, at("c/b")) == 0);
	root = got.last.node.cid;
	CHECK(pin_rm(st, &root, PIN_RECURSIVE) == 0);
	store_close(st);
	CHECK(store_open(&st, path, STORE_WRITE) == 0);
	NEED(ops_add_begin(&a, st, &o) == 0);
	CHECK(ops_add_path(a, at("c/b")) == 0);
	CHECK(ops_add_counts(a).cached == 1);
	/* another process collects before this one pins */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct pin_gc gc = { .keep_bytes = UINT64_MAX };
		struct store *other;

		if (store_open(&other, path, STORE_WRITE) < 0 || pin_gc(other, &gc) < 0)
			_exit(1);
		_exit(gc.n_deleted > 0 ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	CHECK(status == 0);
	CHECK(ops_add_end(a) == 0);
	CHECK(got.roots >= 1 && cid_equal(&got.last.node.cid, &root));
	CHECK(pin_verify(st, NULL, NULL) == 0);
	CHECK(pins() == 1);
}

int main(void)
{
	dir = unit_tmpdir();
	store_start();
	RUN(a_tree);
	RUN(roots_wait_for_company);
	RUN(wrapped);
	RUN(what_stops_a_session);
	RUN(contradictions);
	RUN(cache);
	RUN(cache_forgets);
	RUN(cache_and_sweep);
	store_close(st);
	return UNIT_END();
}
