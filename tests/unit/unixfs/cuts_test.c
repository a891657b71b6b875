/* cuts_test.c - blocks that begin at given places, wherever the bytes come from, and else as the chunker has it */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unixfs/make.h"
#include "unixfs/unixfs_priv.h"

enum { MIB = 1024 * 1024, LEAVES = 200000 };

static uint64_t seed = 20260101;

static uint64_t below(uint64_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (seed >> 33) % n;
}

/* the leaves of the last file, in order */
static uint64_t begins[LEAVES], lens[LEAVES];
static struct cid names[LEAVES];
static size_t n_leaves;

static int note(struct dag_sink *s, const struct dag_block *b)
{
	(void)s;
	if (b->cid->codec != CID_RAW)
		return dag_put(&make_dag.sink, b);
	begins[n_leaves] = n_leaves ? begins[n_leaves - 1] + lens[n_leaves - 1] : 0;
	lens[n_leaves] = b->parts[0].len;
	names[n_leaves++] = *b->cid;
	return dag_put(&make_dag.sink, b);
}

static struct dag_sink noting = { note };

static struct unixfs_builder *builder(const char *options)
{
	struct unixfs_builder *b;
	struct unixfs_opts o;

	if (!make_dag.slot)
		memdag_init(&make_dag);
	if (make_opts(&o, options) < 0 || unixfs_builder_new(&b, &o, &noting, NULL) < 0)
		abort();
	return b;
}

/* some places below `size`, many close to each other and some just beside others */
static size_t places(uint64_t size, uint64_t *out, size_t n)
{
	uint64_t at = below(2) ? 0 : below(5000), step;
	size_t i = 0, k;

	while (i < n && at < size) {
		step = 1 + below(below(3) ? 9000 : 900000);
		for (k = below(5); i < n && at < size && k < 5; k++, at += step)
			out[i++] = at;
	}
	return i;
}

static void list(struct unixfs_cuts *c, const uint64_t *at, size_t n)
{
	size_t i;

	unixfs_cuts_init(c);
	for (i = 0; i < n; i++)
		NEED(unixfs_cuts_add(c, at[i]) == 0);
}

/* every place is where a leaf begins, and between two of them leaves are as long as may be */
static void expect_leaves(uint64_t size, size_t max, const uint64_t *at, size_t n)
{
	size_t i, k = 0, bad = 0;

	for (i = 0; i < n_leaves; i++) {
		uint64_t end = begins[i] + lens[i];

		while (k < n && at[k] <= begins[i])
			k++;
		bad += lens[i] > max || lens[i] == 0 || (k < n && at[k] < end);
		bad += lens[i] < max && end != size && !(k < n && at[k] == end);
	}
	CHECK(bad == 0);
	CHECK(n_leaves > 0 && begins[n_leaves - 1] + lens[n_leaves - 1] == size);
}

static void expect_bytes(const struct unixfs_node *node, struct span bytes)
{
	struct buf got = BUF_INIT(bytes.len + 1);
	struct sink_buf out;

	sink_buf_start(&out, &got);
	CHECK(node->size == bytes.len);
	CHECK(unixfs_cat(&make_dag.source, &node->cid, 0, UINT64_MAX, &out.sink, NULL, NULL) == 0);
	CHECK(span_equal(buf_span(&got), bytes));
	buf_clear(&got);
}

static int scratch(struct span bytes)
{
	char name[4096];
	const char *dir = getenv("TMPDIR");
	int fd;

	snprintf(name, sizeof name, "%s/cuts_test.XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(name);
	if (fd < 0 || write(fd, bytes.p, bytes.len) != (ssize_t)bytes.len || lseek(fd, 0, SEEK_SET))
		abort();
	unlink(name);
	return fd;
}

static struct unixfs_node from_pipe(struct unixfs_builder *b, struct span bytes, struct unixfs_cuts *c)
{
	n_leaves = 0;
	if (c && unixfs_builder_cut(b, c) < 0)
		abort();
	return make_file(b, bytes, NULL);
}

static struct unixfs_node from_file(struct unixfs_builder *b, int fd, struct unixfs_cuts *c)
{
	struct unixfs_node n = { .tsize = 0 };

	n_leaves = 0;
	if (lseek(fd, 0, SEEK_SET) < 0 || (c && unixfs_builder_cut(b, c) < 0) ||
	    unixfs_add_fd(b, fd, "a file", 1, NULL, NULL, NULL, &n) < 0)
		abort();
	return n;
}

static void any_places_and_chunks(void)
{
	static const uint64_t sizes[] = { 1, 4096, 262144, 262145, 3 * MIB + 17, 9 * MIB, 11 * MIB + 4097 };
	static const char *const chunks[] = { "1048576", "262144", "300000", "65536", "5000", "2096896" };
	static uint64_t at[3000];
	struct span all = make_bytes("cuts", 12 * MIB);
	char options[64];
	size_t i, k, n;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (k = 0; k < sizeof chunks / sizeof chunks[0]; k++) {
			struct span bytes = span_of(all.p, sizes[i]);
			struct unixfs_node want, got;
			struct unixfs_builder *b;
			struct unixfs_cuts c;
			int fd = scratch(bytes);

			snprintf(options, sizeof options, "cid-version=1 chunker=size-%s", chunks[k]);
			b = builder(options);
			n = places(sizes[i], at, 1 + below(3000));
			list(&c, at, n);
			want = from_pipe(b, bytes, &c);
			expect_leaves(sizes[i], (size_t)atol(chunks[k]), at, n);
			expect_bytes(&want, bytes);
			got = from_file(b, fd, &c);
			CHECK(cid_equal(&got.cid, &want.cid) && got.tsize == want.tsize);
			unixfs_builder_free(b);
			unixfs_cuts_clear(&c);
			close(fd);
		}
	}
}

/* none, or none inside: the file has the name it had; and cuts are of one file only */
static void without_a_place(void)
{
	struct span bytes = make_bytes("none", 3 * MIB + 5);
	struct unixfs_node want, got;
	struct unixfs_builder *b = builder("");
	struct unixfs_cuts c;

	want = from_pipe(b, bytes, NULL);
	unixfs_cuts_init(&c);
	got = from_pipe(b, bytes, &c);
	CHECK(cid_equal(&got.cid, &want.cid));
	NEED(unixfs_cuts_add(&c, 0) == 0 && unixfs_cuts_add(&c, bytes.len) == 0);
	NEED(unixfs_cuts_add(&c, bytes.len + 5) == 0 && unixfs_cuts_add(&c, UINT64_MAX) == 0);
	got = from_pipe(b, bytes, &c);
	CHECK(cid_equal(&got.cid, &want.cid));
	unixfs_cuts_clear(&c);
	NEED(unixfs_cuts_add(&c, 262144) == 0 && unixfs_cuts_add(&c, 262144) == 0);
	got = from_pipe(b, bytes, &c);			/* the chunker cuts there, too */
	CHECK(cid_equal(&got.cid, &want.cid));
	NEED(unixfs_cuts_add(&c, 262145) == 0);
	got = from_pipe(b, bytes, &c);
	CHECK(!cid_equal(&got.cid, &want.cid));
	got = from_pipe(b, bytes, NULL);
	CHECK(cid_equal(&got.cid, &want.cid));
	unixfs_cuts_clear(&c);
	unixfs_builder_free(b);
}

/* what stands between two places is the same blocks wherever it stands */
static void what_is_shared(void)
{
	struct span all = make_bytes("shared", 6 * MIB), head = make_bytes("head", 5000);
	static struct cid before[64];
	struct unixfs_builder *b = builder("cid-version=1");
	uint64_t at[3] = { 0, 2 * MIB + 77, 5 * MIB };
	struct unixfs_cuts c;
	struct buf longer = BUF_INIT(8 * MIB);
	size_t i, n;

	list(&c, at, 3);
	from_pipe(b, all, &c);
	n = n_leaves;
	NEED(n < 64);
	memcpy(before, names, n * sizeof *before);
	unixfs_cuts_clear(&c);
	NEED(buf_add(&longer, head) == 0 && buf_add(&longer, all) == 0);
	for (i = 0; i < 3; i++)
		at[i] += head.len;
	list(&c, at, 3);
	from_pipe(b, buf_span(&longer), &c);
	CHECK(n_leaves == n + 1);
	for (i = 0; i < n; i++)
		CHECK(cid_equal(&before[i], &names[i + 1]));
	buf_clear(&longer);
	unixfs_cuts_clear(&c);
	unixfs_builder_free(b);
}

/* stretches of one length need no room, however many there are */
static void runs_are_kept_short(void)
{
	struct unixfs_builder *b = builder("chunker=size-4000");
	struct unixfs_cuts c;
	uint64_t i, sum = 0;
	struct cutter k;

	unixfs_cuts_init(&c);
	for (i = 1; i <= 1000000; i++)
		NEED(unixfs_cuts_add(&c, i * 4096) == 0);
	for (i = 1; i <= 1000; i++)
		NEED(unixfs_cuts_add(&c, UINT64_C(4096000000) + i * 777) == 0);
	CHECK(c.runs.len < 16);
	CHECK(c.n == 1000);			/* not in there until it is used */
	NEED(unixfs_builder_cut(b, &c) == 0);
	CHECK(c.runs.len < 16);
	k = cutter_from(&c, 4000);
	for (i = 0; i < 2001000; i++)
		sum += cutter_next(&k);
	CHECK(sum == UINT64_C(4096000000) + 777000);
	CHECK(cutter_next(&k) == 4000 && cutter_next(&k) == 4000);
	CHECK(cutter_ahead(cutter_from(&c, 4000), 16384, 256) == 16384);
	CHECK(cutter_ahead(cutter_from(&c, 4000), 16383, 256) == 16288);
	CHECK(cutter_ahead(cutter_from(&c, 4000), 16384, 3) == 8096);
	CHECK(cutter_ahead(cutter_from(&c, 4000), 4000, 256) == 4000);
	unixfs_builder_free(b);
	unixfs_cuts_clear(&c);
}

static void too_many_places(void)
{
	struct unixfs_cuts c;
	uint64_t at = 0, i;
	int rc = 0;

	unixfs_cuts_init(&c);
	for (i = 0; rc == 0 && i < 20000000; i++)
		rc = unixfs_cuts_add(&c, at += 1 + i % 2);
	CHECK(rc == ERR_LIMIT && i > 8000000);
	CHECK_ERR(unixfs_cuts_add(&c, at + 5), ERR_LIMIT);
	unixfs_cuts_clear(&c);
}

static void chunkers_without_a_size(void)
{
	static const char *const options[] = { "chunker=rabin", "chunker=buzhash" };
	struct unixfs_cuts c;
	size_t i;

	unixfs_cuts_init(&c);
	for (i = 0; i < 2; i++) {
		struct unixfs_builder *b = builder(options[i]);

		CHECK_ERR(unixfs_builder_cut(b, &c), ERR_USAGE);
		unixfs_builder_free(b);
	}
}

/* a hole in stretches of several lengths is the zeros it reads as, and takes no longer than that */
static void holes(void)
{
	uint64_t at[] = { 3 * MIB + 9, 3 * MIB + 4105, 20 * MIB, 90 * MIB + 4, 90 * MIB + 5, 300 * MIB };
	struct unixfs_builder *b = builder("cid-version=1");
	struct make_chacha zeros = make_chacha(NULL, 400 * MIB);
	struct unixfs_node want, got;
	struct unixfs_cuts c;
	int fd = scratch(span_str(""));

	list(&c, at, sizeof at / sizeof at[0]);
	NEED(ftruncate(fd, 400 * MIB) == 0);
	n_leaves = 0;
	NEED(unixfs_builder_cut(b, &c) == 0);
	NEED(unixfs_add_read(b, make_chacha_read, &zeros, NULL, &want) == 0);
	expect_leaves(400 * MIB, 262144, at, sizeof at / sizeof at[0]);
	got = from_file(b, fd, &c);
	expect_leaves(400 * MIB, 262144, at, sizeof at / sizeof at[0]);
	CHECK(cid_equal(&got.cid, &want.cid));
	unixfs_cuts_clear(&c);
	unixfs_builder_free(b);
	close(fd);
}

struct change {
	int fd;
	off_t len;
	uint64_t told;
};

static int on_progress(void *arg, uint64_t bytes)
{
	struct change *c = arg;

	if (c->told < 2 * MIB && c->told + bytes >= 2 * MIB && ftruncate(c->fd, c->len) < 0)
		abort();
	c->told += bytes;
	return 0;
}

/* cut short while it is read: what we have is what it was, up to some length */
static void a_file_cut_short_meanwhile(void)
{
	static const off_t ends[] = { 0, 3 * MIB, 17 * MIB + 333, 29 * MIB };
	struct span bytes = make_bytes("short", 30 * MIB);
	struct unixfs_builder *b = builder("cid-version=1");
	static uint64_t at[2000];
	struct unixfs_cuts c;
	size_t i, n = places(30 * MIB, at, 2000);

	list(&c, at, n);
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct change ch = { scratch(bytes), ends[i], 0 };
		struct unixfs_node got, want;

		n_leaves = 0;
		NEED(unixfs_builder_cut(b, &c) == 0);
		NEED(unixfs_add_fd(b, ch.fd, "a file", 1, NULL, on_progress, &ch, &got) == 0);
		CHECK(got.size == ch.told && got.size >= 2 * MIB && got.size < 30 * MIB);
		expect_leaves(got.size, 262144, at, n);
		want = from_pipe(b, span_of(bytes.p, got.size), &c);
		CHECK(cid_equal(&got.cid, &want.cid));
		close(ch.fd);
	}
	unixfs_cuts_clear(&c);
	unixfs_builder_free(b);
}

int main(void)
{
	RUN(any_places_and_chunks);
	RUN(without_a_place);
	RUN(what_is_shared);
	RUN(runs_are_kept_short);
	RUN(too_many_places);
	RUN(chunkers_without_a_size);
	RUN(holes);
	RUN(a_file_cut_short_meanwhile);
	return UNIT_END();
}
