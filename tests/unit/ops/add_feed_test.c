/* add_feed_test.c - entries as a client sends them: Kubo's answers, any order, and ends in the middle */
#include "tests/unit/ops/feeder.h"

static uint64_t pins(void)
{
	uint64_t n = 0;

	CHECK(pin_count(st, &n) == 0);
	return n;
}

/* ---- what was told, as the vectors write it ---- */

static struct buf heard = BUF_INIT(1 << 20);
static int is_early, not_durable;

static void check_durable(const struct ops_added *e)
{
	enum pin_mode mode;
	struct store *other;

	if (store_open(&other, store_path(st), STORE_READ) < 0 || dag_has(store_source(other), &e->node.cid) != 1 ||
	    (e->root && pin_get(other, &e->node.cid, &mode, NULL) != 1)) {
		printf("# '%s' is not durable\n", e->path);
		not_durable++;
	}
	store_close(other);
}

static int hear(void *arg, const struct ops_added *e)
{
	char text[CID_TEXT_MAX];

	if (!is_early || unixfs_is_dir(e->node.type) || e->root)
		check_durable(e);
	CHECK(buf_printf(&heard, "= %s|%s|%" PRIu64 "\n", e->path, cid_text(&e->node.cid, text),
			 e->node.tsize) == 0);
	return entry(arg, e);
}

static int hear_bytes(void *arg, const char *path, uint64_t so_far, int end)
{
	(void)arg;
	(void)end;
	return buf_printf(&heard, "= %s|%" PRIu64 "\n", path, so_far);
}

static struct ops_add hearing(void)
{
	struct ops_add o = options();

	not_durable = 0;
	buf_reset(&heard);
	CHECK(buf_str(&heard, "") == 0);
	o.entry = hear;
	o.trouble = NULL;
	return o;
}

/* an option of the RPC */
static void set(struct ops_add *o, const char *key, const char *value)
{
	static const char *const same[] = { "cid-version", "hash", "inline", "chunker" };
	static const char *const ours[][2] = { { "max-file-links", "max-links" },
		{ "max-directory-links", "dir-max-links" }, { "max-hamt-fanout", "hamt-fanout" } };
	size_t i;

	for (i = 0; i < sizeof same / sizeof *same; i++)
		if (!strcmp(key, same[i]))
			CHECK(unixfs_opts_set(&o->dag, key, !strcmp(key, "inline") ? "yes" : value) == 0);
	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		if (!strcmp(key, ours[i][0]))
			CHECK(unixfs_opts_set(&o->dag, ours[i][1], value) == 0);
	if (!strcmp(key, "inline-limit"))
		o->dag.inline_limit = *value == '0' ? UNIXFS_INLINE_EMPTY : atoi(value);
	if (!strcmp(key, "raw-leaves"))
		o->dag.raw_leaves = 1;
	if (!strcmp(key, "trickle"))
		o->dag.trickle = 1;
	if (!strcmp(key, "wrap-with-directory"))
		o->wrap = 1;
	if (!strcmp(key, "empty-dirs"))
		o->drop_empty = 1;
	if (!strcmp(key, "preserve-mode"))
		o->keep_mode = 1;
	if (!strcmp(key, "preserve-mtime"))
		o->keep_mtime = 1;
	if (!strcmp(key, "mode"))
		CHECK(ops_add_mode(o, value) == 0);
	if (!strcmp(key, "mtime"))
		CHECK(ops_add_mtime(o, value) == 0);
	if (!strcmp(key, "progress"))
		o->bytes = hear_bytes;
}

static void set_all(struct ops_add *o, const char *query)
{
	char *text = strdup(query), *save, *pair;

	if (!text)
		abort();
	for (pair = strtok_r(text, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
		char *eq = strchr(pair, '=');

		*eq = 0;
		set(o, pair, eq + 1);
	}
	free(text);
}

/* one vector: the events and the error, and the pins that are left */
static void vector(const char *query, const char *script, const char *events, const char *error)
{
	struct ops_add o = hearing();
	struct adder *a;
	int rc;

	set_all(&o, query);
	is_early = o.tell_early = 1;
	store_start();
	NEED(ops_add_begin(&a, st, &o) == 0);
	rc = feeder_all(a, script, 0, NULL);
	CHECK((rc < 0) == (*error != 0) && (rc == 0 || !strcmp(err_text(), error)));
	if (rc == 0)
		rc = ops_add_end(a);
	else
		ops_add_free(a);
	if (strcmp((char *)heard.data, events))
		printf("# ?%s +%s\n# expected\n%s# heard\n%s", query, script, events, (char *)heard.data);
	CHECK(!strcmp((char *)heard.data, events));
	CHECK((rc == 0) == !*error && pins() <= (uint64_t)got.roots && (!got.roots || pins()) && !not_durable);

	/* told when durable: the same, without what an error took back */
	o = hearing();
	set_all(&o, query);
	o.bytes = NULL;
	is_early = 0;
	store_start();
	NEED(ops_add_begin(&a, st, &o) == 0);
	rc = feeder_all(a, script, 1, NULL);
	CHECK((rc < 0) == (*error != 0));
	if (rc == 0 && ops_add_end(a) == 0 && !strstr(query, "progress"))
		CHECK(!strcmp((char *)heard.data, events));
	if (rc < 0) {
		ops_add_free(a);
		CHECK(!heard.len && !pins());
	}
	CHECK(!not_durable);
}

static void as_kubo_does(void)
{
	FILE *f = fopen("tests/golden/kubo_add.txt", "r");
	struct buf events = BUF_INIT(1 << 20);
	char line[1024], query[1024] = "", script[1024] = "", error[1024] = "";
	int n = 0, more = 1;

	NEED(f);
	NEED(buf_str(&events, "") == 0);
	while (more) {
		more = fgets(line, sizeof line, f) != NULL;
		line[strcspn(line, "\n")] = 0;
		if (!more || *line == '?') {
			if (n++)
				vector(query, script, (char *)events.data, error);
			buf_reset(&events);
			*error = 0;
		}
		if (more && *line == '?')
			snprintf(query, sizeof query, "%s", line + (line[1] ? 2 : 1));
		if (more && *line == '+')
			snprintf(script, sizeof script, "%s", line + (line[1] ? 2 : 1));
		if (more && *line == '!')
			snprintf(error, sizeof error, "%s", line + 2);
		if (more && *line == '=')
			CHECK(buf_printf(&events, "%s\n", line) == 0);
	}
	CHECK(n - 1 >= 55);
	fclose(f);
	buf_clear(&events);
}

/* ---- the same tree from disk ---- */

static unsigned seed;

static unsigned any(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

struct made {
	char path[600];
	char what;			/* d f l */
	unsigned number;
};

static void make_entry(const struct made *m)
{
	char text[64];

	if (m->what == 'd')
		CHECK(mkdir(at(m->path), 0755) == 0);
	else if (m->what == 'f')
		make_file(m->path, m->number % 3000, m->number);
	else if (snprintf(text, sizeof text, "to %u", m->number) > 0)
		CHECK(symlink(text, at(m->path)) == 0);
}

/* n entries below `top`, each in a folder that was made before */
static struct made *make_tree(const char *top, size_t n)
{
	struct made *m = unit_kept(n * sizeof *m);
	size_t i, dirs = 1, where[512] = { 0 };

	snprintf(m[0].path, sizeof m[0].path, "%s", top);
	m[0].what = 'd';
	make_entry(&m[0]);
	for (i = 1; i < n; i++) {
		const char *in = m[where[any((unsigned)dirs)]].path;

		m[i].what = any(10) == 0 ? 'd' : any(12) == 0 ? 'l' : 'f';
		m[i].number = (unsigned)i;
		snprintf(m[i].path, sizeof m[i].path, "%.500s/%c%c%zu", in, 'a' + any(26), "-.0 ~\xc3"[any(6)], i);
		if (m[i].what == 'd' && dirs < 512)
			where[dirs++] = i;
		make_entry(&m[i]);
	}
	return m;
}

static void shuffle(struct made *m, size_t n)
{
	size_t i;

	for (i = n - 1; i > 1; i--) {		/* the top stays the first */
		size_t k = 1 + any((unsigned)i);
		struct made t = m[i];

		m[i] = m[k];
		m[k] = t;
	}
}

static ssize_t file_read(void *arg, void *p, size_t len)
{
	return read(*(int *)arg, p, len);
}

static int feed_made(struct adder *a, const struct made *m, size_t n)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		struct ops_add_feed_entry e = { .path = m[i].path };
		struct feeder f = { .fill = 0 };
		int fd = -1;

		e.what = m[i].what == 'd' ? OPS_FEED_DIR : m[i].what == 'l' ? OPS_FEED_LINK : OPS_FEED_FILE;
		if (m[i].what == 'f') {
			fd = open(at(m[i].path), O_RDONLY | O_CLOEXEC);
			e.read = file_read;
			e.arg = &fd;
		} else {
			snprintf(f.text, sizeof f.text, "to %u", m[i].number);
			f.len = strlen(f.text);
			e.read = feeder_read;
			e.arg = &f;
		}
		rc = ops_add_feed(a, &e);
		if (fd >= 0)
			close(fd);
	}
	return rc;
}

static void as_from_disk(const char *top, size_t n, const char *settings)
{
	struct ops_add o = options();
	struct made *m = make_tree(top, n);
	struct unixfs_node root;
	int entries;
	struct adder *a;

	o.hidden = 1;
	o.only_hash = 1;
	CHECK(ops_add_set(&o, settings) == 0);
	CHECK(add_one(&o, at(top), -1) == 0);
	root = got.root;
	entries = got.entries;
	o = options();
	CHECK(ops_add_set(&o, settings) == 0);
	store_start();
	NEED(ops_add_begin(&a, st, &o) == 0);
	CHECK(feed_made(a, m, n) == 0);
	CHECK(ops_add_end(a) == 0);
	CHECK(cid_equal(&got.root.cid, &root.cid) && got.root.tsize == root.tsize);
	CHECK(got.entries == entries && (size_t)got.entries == n && got.roots == 1);
	CHECK(pin_verify(st, NULL, NULL) == 0 && pins() == 1);
	shuffle(m, n);
	o = options();
	o.only_hash = 1;
	CHECK(ops_add_set(&o, settings) == 0);
	NEED(ops_add_begin(&a, NULL, &o) == 0);
	CHECK(feed_made(a, m, n) == 0);
	CHECK(ops_add_end(a) == 0);
	CHECK(cid_equal(&got.root.cid, &root.cid) && got.entries == entries);
}

static void trees(void)
{
	seed = 7;
	as_from_disk("one", 1, "");
	as_from_disk("few", 12, "");
	as_from_disk("some", 400, "profile=unixfs-v1-2025");
	as_from_disk("sharded", 700, "hamt-threshold=1KiB,hamt-fanout=8,inline=yes");
	as_from_disk("many", 10000, "");
}

/* more than directories keep in memory, and more than is told in one commit */
static void beyond_memory(void)
{
	enum { N = 60000 };
	struct ops_add o = options();
	struct feeder f = { .fill = 'a' };
	char path[300];
	struct unixfs_node first = { .tsize = 0 };
	struct adder *a;
	int i, turn;

	for (turn = 0; turn < 2; turn++) {
		o = options();
		o.only_hash = turn;
		NEED(ops_add_begin(&a, turn ? NULL : st, &o) == 0);
		for (i = 0; i < N; i++) {
			struct ops_add_feed_entry e = { .path = path, .read = feeder_read, .arg = &f };
			unsigned k = (unsigned)(i * (turn ? 7919ull : 1) % N);

			f.at = 0;
			snprintf(path, sizeof path, "top/folder%u/%0200u", k / 20000, k);
			NEED(ops_add_feed(a, &e) == 0);
		}
		CHECK(ops_add_end(a) == 0);
		CHECK(got.entries == N + 3 + 1 && got.files == N);
		CHECK(!turn || cid_equal(&got.root.cid, &first.cid));
		first = got.root;
	}
}

/* ---- limits ---- */

static const char *nested(int n)
{
	static char path[8 * OPS_ADD_DEPTH];
	int i;

	for (i = 0; i < n; i++)
		memcpy(path + 2 * i, "d/", 3);
	path[2 * n] = 'f';
	path[2 * n + 1] = 0;
	return path;
}

static int feed_one(struct ops_add *o, enum ops_feed what, const char *path, struct feeder *f)
{
	struct ops_add_feed_entry e = { .path = path, .what = what, .read = feeder_read, .arg = f };
	struct adder *a;
	int rc;

	if (ops_add_begin(&a, st, o) < 0)
		abort();
	rc = ops_add_feed(a, &e);
	if (rc == 0)
		return ops_add_end(a);
	CHECK_ERR(ops_add_feed(a, &e), rc);
	CHECK_ERR(ops_add_feed_end(a), rc);
	ops_add_free(a);
	return rc;
}

static void deep(void)
{
	struct ops_add o = options();
	struct feeder f = { .text = "x", .len = 1 };
	uint64_t before;

	CHECK(feed_one(&o, OPS_FEED_FILE, nested(OPS_ADD_DEPTH), &f) == 0);
	CHECK(got.roots == 1 && got.entries == OPS_ADD_DEPTH + 1);
	before = pins();
	CHECK_ERR(feed_one(&o, OPS_FEED_FILE, nested(OPS_ADD_DEPTH + 2), &f), ERR_LIMIT);
	CHECK_ERR(feed_one(&o, OPS_FEED_FILE, nested(4 * OPS_ADD_DEPTH - 2), &f), ERR_LIMIT);
	CHECK(pins() == before);
}

static void paths_that_are_none(void)
{
	static const char *const bad[] = { "/", "/a", "a/", "a//b", ".", "..", "a/.", "a/../b", "../a", "./a" };
	struct ops_add o = options();
	struct feeder f = { .text = "x", .len = 1 };
	char *name = unit_kept(OPS_FEED_PATH_MAX + 2);
	uint64_t before = pins();
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_ERR(feed_one(&o, OPS_FEED_FILE, bad[i], &f), ERR_INVALID);
		CHECK_ERR(feed_one(&o, OPS_FEED_DIR, bad[i], &f), ERR_INVALID);
	}
	memset(name, 'n', OPS_FEED_PATH_MAX + 1);
	name[OPS_FEED_PATH_MAX + 1] = 0;
	CHECK_ERR(feed_one(&o, OPS_FEED_FILE, name, &f), ERR_LIMIT);
	CHECK(pins() == before && got.entries == 0);
	name[OPS_FEED_PATH_MAX] = 0;
	name[100] = '/';
	CHECK(feed_one(&o, OPS_FEED_FILE, name, &f) == 0 && got.roots == 1);
}

static void long_targets(void)
{
	struct ops_add o = options();
	struct feeder f = { .fill = 't', .len = OPS_FEED_TARGET_MAX };

	CHECK(feed_one(&o, OPS_FEED_LINK, "l", &f) == 0 && got.root.type == UNIXFS_SYMLINK);
	f = (struct feeder){ .fill = 't', .len = OPS_FEED_TARGET_MAX + 1 };
	CHECK_ERR(feed_one(&o, OPS_FEED_LINK, "l", &f), ERR_LIMIT);
	f = (struct feeder){ .fill = 't', .len = SIZE_MAX / 2 };
	CHECK_ERR(feed_one(&o, OPS_FEED_LINK, "t/l", &f), ERR_LIMIT);
}

/* ---- ends in the middle ---- */

static const char *const script = "d:t f:t/a z:t/b/c l:t/l f:t/b/d e:t/e f:s y:t/x f:t/y";

static int cut_at(int early, int wrap, int cut, int *left)
{
	struct ops_add o = hearing();
	struct adder *a;
	int rc;

	o.wrap = wrap;
	is_early = o.tell_early = early;
	if (ops_add_begin(&a, st, &o) < 0)
		abort();
	*left = cut;
	rc = feeder_all(a, script, 100000, left);
	if (rc == 0)
		return ops_add_end(a);
	ops_add_free(a);
	return rc;
}

static void the_client_goes_away(void)
{
	int kind, cut, left, ended = 0;

	for (kind = 0; kind < 4; kind++) {
		for (cut = 1, ended = 0; !ended && cut < 200; cut++) {
			int rc;

			store_start();
			rc = cut_at(kind & 1, kind & 2, cut, &left);
			ended = rc == 0;
			CHECK(ended || (rc == ERR_IO && !strcmp(err_text(), "the client went away")));
			CHECK(ended == (left > 0));
			/* the tops that were complete, and nothing of the others; with tell_early their files */
			CHECK(pins() == (uint64_t)got.roots && !not_durable);
			CHECK(kind & 2 ? got.roots == ended : ended ? got.roots == 3 : got.roots < 3);
			if (!ended && !(kind & 1))
				CHECK(got.entries == (got.roots == 0 ? 0 : got.roots == 1 ? 7 : 8));
			CHECK(ended || !strstr((char *)heard.data, "= t/b|") == (got.roots == 0));
		}
		CHECK(ended && cut > 20);
	}
}

static int stop_bytes(void *arg, const char *path, uint64_t so_far, int end)
{
	(void)arg;
	(void)path;
	(void)end;
	return so_far >= (uint64_t)got.stop_progress;
}

static void told_to_stop(void)
{
	struct ops_add o = options();
	struct feeder f = { .fill = 'z', .len = 1000000 };

	store_start();
	o.bytes = stop_bytes;
	got.stop_progress = 600000;
	o.progress = NULL;
	CHECK_ERR(feed_one(&o, OPS_FEED_FILE, "t/a", &f), ERR_INTERRUPTED);
	CHECK(f.at == 3 * OPS_FEED_STEP && got.entries == 0 && pins() == 0);
	o = options();
	o.tell_early = 1;
	got.stop_entry = 1;
	f.at = 0;
	CHECK_ERR(feed_one(&o, OPS_FEED_FILE, "t/a", &f), ERR_INTERRUPTED);
	CHECK(got.entries == 1 && pins() == 0);
	o = options();
	got.stop_progress = 1;
	f.at = 0;
	CHECK_ERR(feed_one(&o, OPS_FEED_FILE, "t/a", &f), ERR_INTERRUPTED);
	CHECK(pins() == 0);
}

/* roots wait for company, and what is told behind them waits in its place, until there is a hurry */
static void company(void)
{
	static const char first[] = "f:a z:b d:t f:t/x y:c f:t/x";
	struct ops_add_feed_entry e;
	struct ops_add o = hearing();
	const char *script_at = first;
	struct feeder f;
	struct adder *a;
	int rc = 0, n;

	store_start();
	o.bytes = hear_bytes;
	is_early = o.tell_early = 1;
	NEED(ops_add_begin(&a, st, &o) == 0);
	for (n = 0; rc == 0 && feeder_next(&script_at, &e, &f); n++) {
		rc = ops_add_feed(a, &e);
		if (n == 1) {
			CHECK(got.entries == 0 && pins() == 0 && !strcmp((char *)heard.data, "= a|1\n"));
			CHECK(ops_add_hurry(a) == 0);
			CHECK(got.roots == 2 && pins() == 2 && ops_add_hurry(a) == 0 && got.roots == 2);
		}
		if (n == 3)
			CHECK(strstr((char *)heard.data, "= t/x|1\n= t/x|Qm"));
		if (n == 4)
			CHECK(got.roots == 3);	/* c waits */
	}
	/* a second "t" that fails takes nothing of what was complete with it */
	CHECK(rc == 0 && n == 6 && ops_add_fail(a, err_set(ERR_IO, "gone")) == ERR_IO);
	CHECK_STR(err_text(), "gone");
	CHECK(got.roots == 4 && pins() == 4 && !not_durable);
	CHECK_ERR(ops_add_feed_end(a), ERR_IO);
	ops_add_free(a);
	CHECK(strncmp((char *)heard.data, "= a|1\n= a|Qm", 12) == 0 && strstr((char *)heard.data, "|9\n= b|262144\n= b|524288\n"
		      "= b|600000\n= b|Qm") && strstr((char *)heard.data, "= t|Qm"));
	CHECK(strstr((char *)heard.data, "= c|2\n= c|Qm"));
}

/* what is fed joins what was added to the wrapper before */
static void beside_paths(void)
{
	struct ops_add o = hearing();
	struct adder *a;

	store_start();
	o.wrap = 1;
	make_file("beside", 10, 1);
	NEED(ops_add_begin(&a, st, &o) == 0);
	CHECK(ops_add_path(a, at("beside")) == 0);
	CHECK(feeder_all(a, "f:t/a f:u", 0, NULL) == 0);
	CHECK(ops_add_end(a) == 0);
	CHECK(got.roots == 1 && got.entries == 5 && pins() == 1);
	CHECK(strstr((char *)heard.data, "= t/a|") && strstr((char *)heard.data, "= beside|"));
	o = hearing();
	o.wrap = 1;
	NEED(ops_add_begin(&a, st, &o) == 0);
	CHECK(ops_add_path(a, at("beside")) == 0);
	CHECK_ERR(feeder_all(a, "f:t/a f:beside", 0, NULL), ERR_EXISTS);
	ops_add_free(a);
	CHECK(got.roots == 0 && pins() == 1);
}

int main(void)
{
	dir = unit_tmpdir();
	store_start();
	RUN(as_kubo_does);
	RUN(trees);
	store_start();
	RUN(beyond_memory);
	RUN(deep);
	RUN(paths_that_are_none);
	RUN(long_targets);
	RUN(the_client_goes_away);
	RUN(told_to_stop);
	RUN(company);
	RUN(beside_paths);
	store_close(st);
	buf_clear(&heard);
	return UNIT_END();
}
