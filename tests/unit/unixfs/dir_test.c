/* dir_test.c - directories: the known answers of reference/unixfs.md 19.2 to 19.5, 19.8 */
#include <sys/resource.h>

#include "tests/unit/unixfs/make.h"
#include "unixfs/unixfs_priv.h"

/* sanitizers keep freed memory for a while */
#if defined __has_feature
#if __has_feature(address_sanitizer)
#define UNIT_CLANG_ASAN 1
#endif
#endif
#ifndef UNIT_CLANG_ASAN
#define UNIT_CLANG_ASAN 0
#endif

static void expect_tree(const char *options, const char *const *lines, size_t n, const char *want)
{
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node node = make_tree(b, lines, n);

	if (strcmp(make_cid(&node), want))
		printf("# options %s\n", options);
	CHECK_STR(make_cid(&node), want);
	CHECK(node.type == UNIXFS_DIRECTORY && node.size == 0);
	unixfs_builder_free(b);
}
#define EXPECT_TREE(options, lines, want) \
	expect_tree(options, lines, sizeof lines / sizeof lines[0], want)

/* 19.2 */
static void small_trees(void)
{
	static const char *const hey[] = { "hey=Hey\n", "hello/world=World\n" };
	static const char *const planets[] = { "mars.txt=Hello Mars!\n", "venus.txt=Hello Venus!\n" };
	static const char *const moons[] = { "jupiter/europa.txt=Hello Europa!\n",
		"saturn/titan.txt=Hello Titan!\n", "mercury.txt=hey you are no moon!\n" };
	static const char *const plain[] = { "mars.txt=Hello Mars\n", "venus.txt=Hello Venus\n" };
	static const char *const hidden[] = { "mars.txt=Hello Mars\n", "venus.txt=Hello Venus\n",
		".asteroids/ceres.txt=Hello Ceres\n", ".asteroids/pallas.txt=Hello Pallas\n",
		".charon.txt=Hello Charon\n", ".gitignore=mars.txt\n", ".pluto.txt=Hello Pluto\n" };
	static const char *const foo[] = { "foo=bar\n" };
	static const char *const mixed[] = { "a=", "b/", "c@a" };
	static const char *const links[] = { "foo/baz=some text\n", "bar/baz@files/foo/baz",
		"bad@files/does/not/exist" };
	static const char *const link[] = { "foo=content\n", "bar@foo" };

	expect_tree("", NULL, 0, "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
	expect_tree("cid-version=1", NULL, 0,
		    "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
	expect_tree("hash=blake2b-256", NULL, 0,
		    "bafykbzacebugfutjir6qie7apo5shpry32ruwfi762uytd5g3u2gk7tpscndq");
	EXPECT_TREE("", hey, "QmZQWnfcqJ6hNkkPvrY9Q5X39GP3jUnUbAV4AbmbbR3Cb1");
	EXPECT_TREE("", planets, "QmWSgS32xQEcXMeqd3YPJLrNBLSdsfYCep2U7CFkyrjXwY");
	EXPECT_TREE("raw-leaves=yes", planets, "QmfWfQfKCY5Ukv9peBbxM5vqWM9BzmqUSXvdCgjT2wsiBT");
	EXPECT_TREE("cid-version=1", planets,
		    "bafybeih7e5dmkyk25up5vxug4q3hrg2fxbzf23dfrac2fns5h7z4aa7ioi");
	EXPECT_TREE("cid-version=1 raw-leaves=no", planets,
		    "bafybeif5tuep5ap2d7zyhbktucey75aoacxufgt6i3v4gebmixyipnyp7y");
	EXPECT_TREE("hash=blake2b-256", planets,
		    "bafykbzaceaptbcs7ik5mdfpot3b4ackvxlwh7loc5jcrtkayf64ukl7zyk46e");
	EXPECT_TREE("", moons, "QmbGoaQZm8kjYfCiN1aBsgwhqfUBGDYTrDb91Mz7Dvq81B");
	EXPECT_TREE("", plain, "QmR8nD1Vzk5twWVC6oShTHvv7mMYkVh6dApCByBJyV2oj3");
	EXPECT_TREE("", hidden, "QmczhHaXyb3bc9APMxe4MXbr87V5YDLKLaw3DZX3fK7HrK");
	EXPECT_TREE("raw-leaves=yes", foo, "QmThNTdtKaVoCVrYmM5EBS6U3S5vfKFue2TxbxxAxRcKKE");
	EXPECT_TREE("cid-version=1", mixed,
		    "bafybeicajycbrzm3z23sa34345rvpvslxyhlvs5lq3ufxxhrun6q6edejm");
	EXPECT_TREE("", links, "QmWdiHKoeSW8G1u7ATCgpx4yMoUhYaJBQGkyPLkS9goYZ8");
	EXPECT_TREE("cid-version=1", links,
		    "bafybeibyhlx64cklod6isy3h7tsmr4qvam3ae3b74n3hfes5bythjrwyua");
	EXPECT_TREE("", link, "QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt");
}

static void expect_meta(struct unixfs_meta meta, const char *want)
{
	struct unixfs_builder *b = make_builder("meta");
	struct unixfs_node n;
	struct unixfs_dir *d;

	NEED(unixfs_dir_new(&d, b, &meta) == 0);
	CHECK(unixfs_dir_end(d, &n) == 0);
	CHECK_STR(make_cid(&n), want);
	unixfs_builder_free(b);
}

/* 19.5, rows 54 to 58 */
static void mode_and_mtime(void)
{
	expect_meta((struct unixfs_meta){ 0755, 0, 0, 0 },
		    "QmRviohgafvCsbkiTgfQFipbuXJ6k1YtoiaQW4quttJPKu");
	expect_meta((struct unixfs_meta){ 0, 1, 1655158722, 0 },
		    "QmYMy7CZGb498QFSQBF5ZFwv1FYbrAtYZMe4VxhDXxAcvf");
	expect_meta((struct unixfs_meta){ 0713, 0, 0, 0 },
		    "QmQ1ABnw2iip7sj23EzzBZ9T77KyyfESP6SUboiXPyzNQe");
	expect_meta((struct unixfs_meta){ 0, 1, 1603539720, 0 },
		    "QmfWitW6F13WHFXLbJzXRYmwrS1p4gaAJAfucUSMytRPn3");
	expect_meta((struct unixfs_meta){ 0, 1, 1603539720, 54321 },
		    "QmZFdCLJay31hT3Tx1LygJ7XfiLEs3qLCXtbeBfhf38aZg");
}

/* n entries; name and content from printf formats of the number; content NULL: an empty directory */
static struct unixfs_node fill(struct unixfs_builder *b, int from, int to, const char *name,
			       const char *content)
{
	struct unixfs_node n, out = { .tsize = 0 };
	struct unixfs_dir *d, *empty;
	char text[512], body[512];
	int i;

	if (unixfs_dir_new(&d, b, NULL) < 0)
		abort();
	/* not in order of names, numbers or hashes */
	for (i = to - 1; i >= from; i--) {
		snprintf(text, sizeof text, name, i);
		if (content) {
			snprintf(body, sizeof body, content, i);
			n = make_text(b, body);
		} else if (unixfs_dir_new(&empty, b, NULL) < 0 || unixfs_dir_end(empty, &n) < 0) {
			abort();
		}
		if (unixfs_dir_add(d, span_str(text), &n) < 0)
			abort();
	}
	CHECK(unixfs_dir_end(d, &out) == 0);
	return out;
}

static void expect_fill(const char *options, int from, int to, const char *name, const char *content,
			enum unixfs_type type, const char *want)
{
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node n = fill(b, from, to, name, content);

	if (strcmp(make_cid(&n), want))
		printf("# options %s\n", options);
	CHECK_STR(make_cid(&n), want);
	CHECK(n.type == type);
	unixfs_builder_free(b);
}

#define LONG_NAME "long name to fill out bytes to make the sharded directory test flip over the sharded " \
	"directory limit because link names are included in the directory entry %d"

/* 19.8, those that are built at once */
static void thresholds(void)
{
	expect_fill("hamt-threshold=1GiB", 1, 2001, "file%d", "%d\n", UNIXFS_DIRECTORY,
		    "QmavrTrQG4VhoJmantURAYuw3bowq3E2WcvP36NRQDAC1N");
	expect_fill("hamt-threshold=1", 1, 2001, "file%d", "%d\n", UNIXFS_HAMT,
		    "QmSCJD1KYLhVVHqBK3YyXuoEqHt7vggyJhzoFYbT8v1XYL");
	expect_fill("hamt-threshold=1 cid-version=1", 1, 2001, "file%d", "%d\n", UNIXFS_HAMT,
		    "bafybeibiemewfzzdyhq2l74wrd6qj2oz42usjlktgnlqv4yfawgouaqn4u");
	expect_fill("", 1, 5961, "file%06d", "%d\n", UNIXFS_HAMT,
		    "QmWfjnRWRvdvYezQWnfbvrvY7JjrpevsE9cato1x76UqGr");
	expect_fill("", 6, 5961, "file%06d", "%d\n", UNIXFS_DIRECTORY,
		    "QmbVxi5zDdzytrjdufUejM92JsWj8wGVmukk6tiPce3p1m");
	/* what `files write` makes of one chunk in v0 is what trickle makes */
	expect_fill("hamt-threshold=1 layout=trickle", 1, 101, "file%d", "%d\n", UNIXFS_HAMT,
		    "QmPkwLJTYZRGPJ8Lazr9qPdrLmswPtUjaDbEpmR9jEh1se");
	expect_fill("cid-version=1", 0, 1343, LONG_NAME, LONG_NAME, UNIXFS_DIRECTORY,
		    "bafybeihecq4rpl4nw3cgfb2uiwltgsmw5sutouvuldv5fxn4gfbihvnalq");
	expect_fill("cid-version=1", 0, 1344, LONG_NAME, LONG_NAME, UNIXFS_HAMT,
		    "bafybeigyvxs6og5jbmpaa43qbhhd5swklqcfzqdrtjgfh53qjon6hpjaye");
	expect_fill("hamt-threshold=1", 0, 200, "DIRNAME%d", NULL, UNIXFS_HAMT,
		    "QmY89TkSEVHykWMHDmyejSWFj9CYNtvzw4UwnT9xbc4Zjc");
	expect_fill("hamt-threshold=1 cid-version=1 hamt-fanout=16", 0, 100, "f%03d", "%d", UNIXFS_HAMT,
		    "bafybeibcolwdxtpkstjeg6h74lpyczhgoktbvtzvcxtbm4cjwpeg22glxm");
	expect_fill("hamt-threshold=1 cid-version=1 hamt-fanout=1024", 0, 100, "f%03d", "%d", UNIXFS_HAMT,
		    "bafybeifmf2d24qehbzglly6kqxc3ef5apzlygqb4475aegng3u3hbwavhi");
}

/* 99: a v1 directory of v0 files */
static void mixed_versions(void)
{
	struct unixfs_builder *v0 = make_builder("layout=trickle"),
			      *v1 = make_builder("cid-version=1 hamt-threshold=1");
	struct unixfs_node n;
	struct unixfs_dir *d;
	char text[64];
	int i;

	NEED(unixfs_dir_new(&d, v1, NULL) == 0);
	for (i = 1; i <= 100; i++) {
		snprintf(text, sizeof text, "%d\n", i);
		n = make_text(v0, text);
		snprintf(text, sizeof text, "file%d", i);
		CHECK(unixfs_dir_add(d, span_str(text), &n) == 0);
	}
	CHECK(unixfs_dir_end(d, &n) == 0);
	CHECK_STR(make_cid(&n), "bafybeibu4i76qi26jhpgskqhivuactsvdsia44swpi7eaw45r7c3c3lhs4");
	unixfs_builder_free(v0);
	unixfs_builder_free(v1);
}

/* the deterministic names of Kubo's cid_profiles_test.go */
static void expect_names(const char *options, const char *seed, int count, size_t len, size_t last,
			 enum unixfs_type type, const char *want)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz01234567890-_";
	struct span stream = make_bytes(seed, 1 << 20);
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node x = make_text(b, "x"), n;
	struct unixfs_dir *d;
	char name[64];
	size_t at = 0, k, take;
	int i;

	NEED(unixfs_dir_new(&d, b, NULL) == 0);
	for (i = 0; i < count; i++) {
		take = i == count - 1 ? last : len;
		for (k = 0; k < take; k++)
			name[k] = alphabet[stream.p[at++] % 39];
		CHECK(unixfs_dir_add(d, span_of(name, take), &x) == 0);
	}
	CHECK(unixfs_dir_end(d, &n) == 0);
	CHECK(n.type == type);
	CHECK_STR(make_cid(&n), want);
	unixfs_builder_free(b);
}

static void exact_thresholds(void)
{
	expect_names("", "hamt-unixfs-v0-2015", 4096, 30, 30, UNIXFS_DIRECTORY,
		     "QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN");
	expect_names("", "hamt-unixfs-v0-2015", 4033, 31, 31, UNIXFS_HAMT,
		     "QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP");
	expect_names("profile=unixfs-v1-2025", "hamt-unixfs-v1-2025", 4766, 11, 21, UNIXFS_DIRECTORY,
		     "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4");
	expect_names("profile=unixfs-v1-2025", "hamt-unixfs-v1-2025", 4766, 11, 22, UNIXFS_HAMT,
		     "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu");
}

/* in `block` mode the estimate is the length of the block, metadata included */
static void block_estimate_is_exact(void)
{
	static const struct unixfs_meta metas[] = { { 0, 0, 0, 0 }, { 0755, 0, 0, 0 }, { 07777, 1, 0, 0 },
		{ 1, 1, -1, 999 }, { 0, 1, INT64_MAX, 1 }, { 0, 1, 200, 0 } };
	struct unixfs_node x, n;
	struct unixfs_builder *b;
	struct unixfs_dir *d;
	char options[64], name[300];
	uint64_t len;
	size_t i;
	int pass, k;

	memset(name, 'n', sizeof name);
	for (i = 0; i < sizeof metas / sizeof metas[0]; i++) {
		for (pass = 0; pass < 3; pass++) {
			/* first learn the length, then forbid it by one byte, then allow it */
			snprintf(options, sizeof options, "meta hamt-estimate=block hamt-threshold=%" PRIu64,
				 pass ? len + (uint64_t)pass - 2 : 1 << 20);
			b = make_builder(options);
			x = make_text(b, "x");
			NEED(unixfs_dir_new(&d, b, &metas[i]) == 0);
			for (k = 1; k < 20; k++) {
				x.tsize = UINT64_C(1) << 2 * k;
				CHECK(unixfs_dir_add(d, span_of(name, (size_t)(k * 15)), &x) == 0);
			}
			CHECK(unixfs_dir_end(d, &n) == 0);
			CHECK(n.type == (pass == 1 ? UNIXFS_HAMT : UNIXFS_DIRECTORY));
			if (pass == 0)
				CHECK(dag_size(&make_dag.source, &n.cid, &len) == 0);
			unixfs_builder_free(b);
		}
	}
}

static void link_limits(void)
{
	struct unixfs_node n;
	struct unixfs_builder *b = make_builder("dir-max-links=10");

	CHECK(fill(b, 0, 10, "%d", "x").type == UNIXFS_DIRECTORY);
	CHECK(fill(b, 0, 11, "%d", "x").type == UNIXFS_HAMT);
	unixfs_builder_free(b);
	b = make_builder("dir-max-links=10 hamt-estimate=disabled");
	CHECK(fill(b, 0, 10, "%d", "x").type == UNIXFS_DIRECTORY);
	CHECK(fill(b, 0, 11, "%d", "x").type == UNIXFS_HAMT);
	unixfs_builder_free(b);
	b = make_builder("hamt-estimate=disabled");
	CHECK(fill(b, 0, 9000, "%d", "x").type == UNIXFS_DIRECTORY);
	unixfs_builder_free(b);
	b = make_builder("hamt-threshold=0");
	CHECK(fill(b, 0, 9000, "%d", "x").type == UNIXFS_DIRECTORY);
	unixfs_builder_free(b);

	/* no HAMT allowed and too many links: Kubo's words */
	b = make_builder("hamt-threshold=0 dir-max-links=3");
	{
		struct unixfs_node x = make_text(b, "x");
		struct unixfs_dir *d;
		char name[16];
		int i;

		NEED(unixfs_dir_new(&d, b, NULL) == 0);
		for (i = 0; i < 4; i++) {
			snprintf(name, sizeof name, "%d", i);
			CHECK(unixfs_dir_add(d, span_str(name), &x) == 0);
		}
		CHECK_ERR(unixfs_dir_end(d, &n), ERR_LIMIT);
		CHECK_STR(err_text(), "BasicDirectory: cannot add child: maxLinks reached");
	}
	unixfs_builder_free(b);
}

static void names(void)
{
	static const char *const options[] = { "", "hamt-threshold=1" };
	struct unixfs_builder *b;
	struct unixfs_node x, n;
	struct unixfs_dir *d;
	uint8_t *huge = calloc(1, 70000);
	int i;

	memset(huge, 'a', 70000);
	for (i = 0; i < 2; i++) {
		b = make_builder(options[i]);
		x = make_text(b, "x");
		NEED(unixfs_dir_new(&d, b, NULL) == 0);
		CHECK_ERR(unixfs_dir_add(d, span_str(""), &x), ERR_INVALID);
		CHECK_ERR(unixfs_dir_add(d, span_str("a/b"), &x), ERR_INVALID);
		CHECK_ERR(unixfs_dir_add(d, span_of("a\0b", 3), &x), ERR_INVALID);
		CHECK_ERR(unixfs_dir_add(d, span_of(huge, 70000), &x), ERR_LIMIT);
		CHECK(unixfs_dir_add(d, span_of(huge, 65535), &x) == 0);
		CHECK(unixfs_dir_add(d, span_str("\xff\xfe not utf-8\n"), &x) == 0);
		CHECK(unixfs_dir_end(d, &n) == 0);

		NEED(unixfs_dir_new(&d, b, NULL) == 0);
		CHECK(unixfs_dir_add(d, span_str("twice"), &x) == 0);
		CHECK(unixfs_dir_add(d, span_str("once"), &x) == 0);
		CHECK(unixfs_dir_add(d, span_str("twice"), &n) == 0);
		CHECK_ERR(unixfs_dir_end(d, &n), ERR_EXISTS);
		CHECK(strstr(err_text(), "directory already has entry by that name") != NULL);
		unixfs_builder_free(b);
	}
	NEED(unixfs_dir_new(&d, b = make_builder(""), NULL) == 0);
	unixfs_dir_free(d);
	unixfs_dir_free(NULL);
	unixfs_builder_free(b);
	free(huge);
}

/* ---- size ---- */

struct counting { struct dag_sink sink; uint64_t blocks, links, longest; };

static int counting_put(struct dag_sink *s, const struct dag_block *b)
{
	struct counting *c = (struct counting *)(void *)s;
	uint64_t len = 0;
	int i;

	for (i = 0; i < b->n_parts; i++)
		len += b->parts[i].len;
	if (len > c->longest)
		c->longest = len;
	c->blocks++;
	return 0;
}

/* many names in few megabytes: by hash from the start, and with a threshold that is passed only after
 * names went to disk in the order of names; both give the same root */
static void many_names(void)
{
	int n = getenv("IPFRS_SLOW") ? 10000000 : 300000, i, k;
	static const char *const options[] = { "cid-version=1", "cid-version=1 hamt-threshold=12MB" };
	struct counting c = { { counting_put }, 0, 0, 0 };
	struct unixfs_node x, out[2];
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct unixfs_dir *d;
	struct rusage before, after;
	char name[64];

	getrusage(RUSAGE_SELF, &before);
	for (k = 0; k < 2; k++) {
		NEED(make_opts(&o, options[k]) == 0);
		NEED(unixfs_builder_new(&b, &o, &c.sink, unit_tmpdir()) == 0);
		x = make_text(b, "x");
		NEED(unixfs_dir_new(&d, b, NULL) == 0);
		for (i = 0; i < n; i++) {
			snprintf(name, sizeof name, "%08x of many", (unsigned)i * 2654435761u);
			NEED(unixfs_dir_add(d, span_str(name), &x) == 0);
		}
		CHECK(unixfs_dir_end(d, &out[k]) == 0);
		CHECK(out[k].type == UNIXFS_HAMT);
		unixfs_builder_free(b);
	}
	getrusage(RUSAGE_SELF, &after);
	CHECK(cid_equal(&out[0].cid, &out[1].cid) && out[0].tsize == out[1].tsize);
	CHECK(c.longest < 64 * 1024);
#if !defined __SANITIZE_ADDRESS__ && !UNIT_CLANG_ASAN
	if (after.ru_maxrss - before.ru_maxrss > 32 * 1024)	/* KiB */
		printf("# %ld KiB\n", after.ru_maxrss - before.ru_maxrss);
	CHECK(after.ru_maxrss - before.ru_maxrss <= 32 * 1024);
#endif
}

/* many directories open at once share memory */
static void open_directories(void)
{
	struct counting c = { { counting_put }, 0, 0, 0 };
	struct unixfs_node x = { .tsize = 1 }, out;
	struct unixfs_dir *d[40];
	struct unixfs_builder *b;
	struct unixfs_opts o;
	char name[300];
	int i, k, rc = 0;

	NEED(make_opts(&o, "hamt-threshold=1") == 0);
	NEED(unixfs_builder_new(&b, &o, &c.sink, unit_tmpdir()) == 0);
	x = make_text(b, "x");
	for (i = 0; i < 40; i++) {
		NEED(unixfs_dir_new(&d[i], b, NULL) == 0);
		for (k = 0; k < 3000; k++) {
			snprintf(name, sizeof name, "%0250d", k);
			rc |= unixfs_dir_add(d[i], span_str(name), &x);
		}
		CHECK(b->dir_mem < 20 * 1024 * 1024);
	}
	CHECK(rc == 0);
	for (i = 0; i < 40; i++)
		CHECK(unixfs_dir_end(d[i], &out) == 0);
	CHECK(b->dir_mem == 0);
	unixfs_builder_free(b);
}

/* names whose hashes share their first bytes go as deep as it takes */
static void deep_shards(void)
{
	struct unixfs_builder *b = make_builder("hamt-threshold=1");
	struct unixfs_node x = make_text(b, "x"), out;
	struct naming as = { .hash = MH_SHA2_256 };
	struct hamt_entry e = { 0, span_str("a"), cid_span(&x.cid), 9 };
	struct hamt *h;
	int fanout, lg2;

	for (fanout = 8, lg2 = 3; fanout <= 1024; fanout *= 2, lg2++) {
		int levels = 64 / lg2;
		uint64_t last = UINT64_C(1) << (64 - levels * lg2);

		/* differ in the last level's lowest bit: the deepest place there is */
		NEED(hamt_new(&h, b, &as, (uint32_t)fanout, 0, NULL) == 0);
		e.hash = 0;
		CHECK(hamt_add(h, &e) == 0);
		e.hash = last;
		CHECK(hamt_add(h, &e) == 0);
		CHECK(hamt_end(h, &out) == 0);
		hamt_free(h);
		if (last == 1)
			continue;
		/* differ below it: no place */
		NEED(hamt_new(&h, b, &as, (uint32_t)fanout, 0, NULL) == 0);
		e.hash = 0;
		CHECK(hamt_add(h, &e) == 0);
		e.hash = 1;
		CHECK_ERR(hamt_add(h, &e), ERR_LIMIT);
		CHECK_STR(err_text(), "sharded directory too deep");
		hamt_free(h);
	}
	NEED(hamt_new(&h, b, &as, 256, 0, NULL) == 0);
	e.hash = 5;
	CHECK(hamt_add(h, &e) == 0);
	CHECK_ERR(hamt_add(h, &e), ERR_EXISTS);
	e.name = span_str("b");
	CHECK_ERR(hamt_add(h, &e), ERR_LIMIT);
	hamt_free(h);
	NEED(hamt_new(&h, b, &as, 256, 64, NULL) == 0);
	CHECK_ERR(hamt_add(h, &e), ERR_LIMIT);
	hamt_free(h);
	unixfs_builder_free(b);
}

static int failing_after;
static int failing_put(struct dag_sink *s, const struct dag_block *b)
{
	(void)s;
	(void)b;
	return failing_after-- > 0 ? 0 : err_set(ERR_NOSPACE, "the store is full");
}

static void store_fails(void)
{
	struct dag_sink sink = { failing_put };
	struct unixfs_builder *b;
	struct unixfs_node x, n;
	struct unixfs_opts o;
	struct unixfs_dir *d;
	int i, k;
	char name[16];

	NEED(make_opts(&o, "hamt-threshold=1 hamt-fanout=8") == 0);
	NEED(unixfs_builder_new(&b, &o, &sink, NULL) == 0);
	failing_after = 1;
	x = make_text(b, "x");
	for (i = 0; i < 30; i += 3) {
		NEED(unixfs_dir_new(&d, b, NULL) == 0);
		for (k = 0; k < 300; k++) {
			snprintf(name, sizeof name, "%d", k);
			CHECK(unixfs_dir_add(d, span_str(name), &x) == 0);
		}
		failing_after = i;
		CHECK_ERR(unixfs_dir_end(d, &n), ERR_NOSPACE);
	}
	unixfs_builder_free(b);
}

int main(void)
{
	RUN(many_names);
	RUN(small_trees);
	RUN(mode_and_mtime);
	RUN(thresholds);
	RUN(mixed_versions);
	RUN(exact_thresholds);
	RUN(block_estimate_is_exact);
	RUN(link_limits);
	RUN(names);
	RUN(open_directories);
	RUN(deep_shards);
	RUN(store_fails);
	return UNIT_END();
}
