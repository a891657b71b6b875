#include "car.h"
#include "multi/murmur3.h"

static const struct span none = { NULL, 0 };

struct names {
	char text[8192];
	size_t len, n;
	int stop;
};

static int note_name(void *arg, const struct unixfs_dirent *e)
{
	struct names *t = arg;

	t->n++;
	if (t->len + e->name.len + 2 < sizeof t->text)
		t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%.*s ",
					   (int)e->name.len, (const char *)e->name.p);
	return t->stop;
}

static int ls(struct memdag *m, struct cid cid, struct names *t)
{
	*t = (struct names){ .stop = t->stop };
	return unixfs_ls(&m->source, &cid, note_name, t);
}

static struct cid dir(struct memdag *m, const struct memdag_link *l, size_t n)
{
	return memdag_node(m, 1, l, n, unit_hex("0801"));
}

static struct cid hamt(struct memdag *m, const struct memdag_link *l, size_t n, const char *field,
		       unsigned fanout)
{
	return memdag_node(m, 1, l, n, message(UNIXFS_HAMT, *field ? unit_hex(field) : none, -1,
					       NULL, fanout));
}

static void basic_directories_keep_their_order(void)
{
	struct names t = { .n = 0 };
	struct memdag_link l[3] = { { .name = "zeta" }, { .name = "alpha" }, { .name = "zeta" } };
	struct memdag m;

	memdag_init(&m);
	l[0].cid = l[1].cid = l[2].cid = memdag_add(&m, 1, CID_RAW, none);
	CHECK(ls(&m, dir(&m, l, 3), &t) == 0);
	CHECK_STR(t.text, "zeta alpha zeta ");
	CHECK(ls(&m, dir(&m, l, 0), &t) == 0 && t.n == 0);
	t.stop = 7;
	CHECK(ls(&m, dir(&m, l, 3), &t) == 7 && t.n == 1);
	t.stop = ERR_IO;
	CHECK(ls(&m, dir(&m, l, 3), &t) == ERR_IO && t.n == 1);
}

/* a link without a Name, which other writers leave out */
static void names_may_be_absent(void)
{
	struct names t = { .n = 0 };
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	cid = memdag_add(&m, 1, CID_DAG_PB, unit_hex("120b0a09015500050001020304" "0a020801"));
	CHECK(ls(&m, cid, &t) == 0 && t.n == 1);
	CHECK_STR(t.text, " ");
}

static void what_is_no_directory(void)
{
	static const char *const hex[] = { "0a0408021800", "0a07080412036c6e6b", "0a020803", "0a020809" };
	struct names t = { .n = 0 };
	struct memdag m;
	size_t i;

	memdag_init(&m);
	for (i = 0; i < 4; i++)
		CHECK_ERR(ls(&m, memdag_add(&m, 1, CID_DAG_PB, unit_hex(hex[i])), &t), ERR_INVALID);
	CHECK_ERR(ls(&m, memdag_add(&m, 1, CID_RAW, none), &t), ERR_INVALID);
	CHECK_STR(err_text(), "this dag node is not a directory");
	CHECK_ERR(ls(&m, memdag_add(&m, 1, CID_DAG_CBOR, unit_hex("a0")), &t), ERR_INVALID);
}

/* reference 17: valid dag-pb, not UnixFS */
static void not_unixfs(void)
{
	static const char *const hex[] = {
		"", "0a00", "0a050001020304", "0a03010203",
		"12240a2212207521fe19c374a97759226dc5c0c8e674e73950e81b211f7dd3b6b30883a08a51",
		"120b0a09015500050001020304", "120d0a090155000500010203041200",
		"12160a090155000500010203041209736f6d65206e616d65",
		"120d0a090155000500010203041800", "12140a0901550005000102030418ffffffffffffff0f",
		"120b0a0901550005000102030412100a09015500050001020304120362617212100a0901550005000102"
		"03041203666f6f",
		"120b0a09015500050001020304120e0a09015500050001020304120161120e0a09015500050001020304"
		"120161",
		"120e0a09015500050001020304120161120e0a09015500050001020304120161",
		"12340a2212208ab7a6c5e74737878ac73863cb76739d15d4666de44e5756bf55a2f9e9ab5f431209736f"
		"6d65206c696e6b1880c2d72f12370a2212208ab7a6c5e74737878ac73863cb76739d15d4666de44e5756"
		"bf55a2f9e9ab5f44120f736f6d65206f74686572206c696e6b18080a09736f6d652064617461",
	};
	static const char *const name[] = {
		"bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
		"bafybeiaqfni3s5s2k2r6rgpxz4hohdsskh44ka5tk6ztbjerqpvxwfkwaq",
		"bafybeibazl2z4vqp2tmwcfag6wirmtpnomxknqcgrauj7m2yisrz3qjbom",
		"bafybeia2qk4u55f2qj7zimmtpulejgz7urp7rzs44cvledcaj42gltkk3u",
		"bafybeihyivpglm6o6wrafbe36fp5l67abmewk7i2eob5wacdbhz7as5obe",
		"bafybeia53f5n75ituvc3yupuf7tdnxf6fqetrmo2alc6g6iljkmk7ys5mm",
		"bafybeie7fstnkm4yshfwnmpp7d3mlh4f4okmk7a54d6c3ffr755q7qzk44",
		"bafybeifq4hcxma3kjljrpxtunnljtc6tvbkgsy3vldyfpfbx2lij76niyu",
		"bafybeichjs5otecmbvwh5azdr4jc45mp2qcofh2fr54wjdxhz4znahod2i",
		"bafybeiezymjvhwfuharanxmzxwuomzjjuzqjewjolr4phaiyp6l7qfwo64",
		"bafybeiahfgovhod2uvww72vwdgatl5r6qkoeegg7at2bghiokupfphqcku",
		"bafybeidrg2f6slbv4yzydqtgmsi2vzojajnt7iufcreynfpxndca4z5twm",
		"bafybeieube7zxmzoc5bgttub2aqofi6xdzimv5munkjseeqccn36a6v6j4",
		"bafybeibh647pmxyksmdm24uad6b5f7tx4dhvilzbg2fiqgzll4yek7g7y4",
	};
	struct names t = { .n = 0 };
	struct unixfs_stat st;
	struct sink_null sink;
	char text[CID_TEXT_MAX];
	struct memdag m;
	struct cid cid;
	size_t i;

	memdag_init(&m);
	sink_null_start(&sink);
	for (i = 0; i < sizeof hex / sizeof *hex; i++) {
		cid = memdag_add(&m, 1, CID_DAG_PB, unit_hex(hex[i]));
		CHECK_STR(cid_text(&cid, text), name[i]);
		CHECK_ERR(ls(&m, cid, &t), ERR_INVALID);
		CHECK_ERR(unixfs_stat(&m.source, &cid, &st), ERR_INVALID);
		CHECK_ERR(unixfs_cat(&m.source, &cid, 0, UINT64_MAX, &sink.sink, NULL, NULL),
			  ERR_INVALID);
	}
	CHECK(sink.bytes == 0);
}

static void hamt_entries_lose_their_slot(void)
{
	struct names t = { .n = 0 };
	struct memdag_link in[2] = { { .name = "00deep" }, { .name = "FFdown" } };
	struct memdag_link l[3] = { { .name = "09x" }, { .name = "0A" }, { .name = "0Blast" } };
	struct memdag m;

	memdag_init(&m);
	in[0].cid = in[1].cid = l[0].cid = l[2].cid = memdag_add(&m, 1, CID_RAW, none);
	l[1].cid = hamt(&m, in, 2, "80000000000000000000000000000000000000000000000000000000000000"
				   "01", 256);
	CHECK(ls(&m, hamt(&m, l, 3, "0e00", 256), &t) == 0);
	CHECK_STR(t.text, "x deep down last ");
	CHECK(ls(&m, hamt(&m, l, 0, "", 256), &t) == 0 && t.n == 0);
	CHECK(ls(&m, hamt(&m, l, 3, "000e00", 256), &t) == 0);	/* zeros in front are harmless */
}

/* reference 8.4 */
static void malformed_shards(void)
{
	static const struct { const char *message, *says; } rows[] = {
		{ "08051201012822" "3007", "hamt size should be a power of two" },
		{ "08051201012822", "hamt size should be a power of two" },
		{ "08051201012822" "3004", "bitfield size must be a multiple of 8; got 4" },
		{ "08051201012822" "308010", "hamt width (2048) exceed maximum allowed (1024)" },
		{ "08051201012812" "308002", "only murmur3 supported as hash function" },
		{ "0805120101" "308002", "only murmur3 supported as hash function" },
		{ "08051202" "00012822" "3008", "bitfield too small: got 8; need 16" },
		{ "08051201032822" "308002", "invalid index passed to operate children" },
		{ "08052822" "308002", "invalid index passed to operate children" },
	};
	struct memdag_link l = { .name = "00x" };
	struct names t = { .n = 0 };
	struct memdag m;
	struct cid cid, out;
	size_t i;

	memdag_init(&m);
	l.cid = memdag_add(&m, 1, CID_RAW, none);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		cid = memdag_node(&m, 1, &l, 1, unit_hex(rows[i].message));
		CHECK_ERR(ls(&m, cid, &t), ERR_INVALID);
		if (!strstr(err_text(), rows[i].says))
			CHECK_STR(err_text(), rows[i].says);
		CHECK_ERR(unixfs_lookup(&m.source, &cid, span_str("x"), &out), ERR_INVALID);
		CHECK(strstr(err_text(), rows[i].says) != NULL);
	}
	l.name = "0";
	CHECK_ERR(ls(&m, hamt(&m, &l, 1, "01", 256), &t), ERR_INVALID);
	CHECK_STR(err_text(), "invalid link name '0'");
	/* below a shard only shards: not raw, not a basic directory */
	l.name = "00";
	CHECK_ERR(ls(&m, hamt(&m, &l, 1, "01", 256), &t), ERR_INVALID);
	l.cid = dir(&m, NULL, 0);
	CHECK_ERR(ls(&m, hamt(&m, &l, 1, "01", 256), &t), ERR_INVALID);
	CHECK(strstr(err_text(), "node was not a dir shard") != NULL);
}

static void shards_end_with_the_hash(void)
{
	struct names t = { .n = 0 };
	struct memdag_link l = { .name = "0x" };
	struct memdag m;
	int i;

	memdag_init(&m);
	l.cid = memdag_add(&m, 1, CID_RAW, none);
	l.cid = hamt(&m, &l, 1, "01", 8);
	l.name = "0";
	for (i = 1; i < 21; i++)		/* 21 levels of 3 bits */
		l.cid = hamt(&m, &l, 1, "01", 8);
	CHECK(ls(&m, l.cid, &t) == 0);
	CHECK_STR(t.text, "x ");
	CHECK_ERR(ls(&m, hamt(&m, &l, 1, "01", 8), &t), ERR_INVALID);
	CHECK(strstr(err_text(), "sharded directory too deep") != NULL);
}

/* eight links to one shard, twenty levels deep, and nothing at the end */
static void empty_shard_bombs_are_refused(void)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7" };
	struct names t = { .n = 0 };
	struct memdag_link l[8];
	struct memdag m;
	struct cid cid;
	int i, k;

	memdag_init(&m);
	cid = hamt(&m, NULL, 0, "", 8);
	for (i = 0; i < 20; i++) {
		for (k = 0; k < 8; k++)
			l[k] = (struct memdag_link){ cid, names[k], 0 };
		cid = hamt(&m, l, 8, "ff", 8);
	}
	CHECK_ERR(ls(&m, cid, &t), ERR_LIMIT);
	CHECK(t.n == 0);
}

static void a_thousand_files_in_one_shard_tree(void)
{
	struct cid root = the_cid("bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i");
	struct names t = { .n = 0 };
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	car_load(&m, "single-layer-hamt-with-multi-block-files.car");
	CHECK(ls(&m, root, &t) == 0);
	CHECK(t.n == 1000);
	CHECK(!strncmp(t.text, "470.txt ", 8));	/* slot 00, sub-slot 6E */
	CHECK(unixfs_lookup(&m.source, &root, span_str("470.txt"), &cid) == 0);
	CHECK_ERR(unixfs_lookup(&m.source, &root, span_str("1001.txt"), &cid), ERR_NOTFOUND);
}

/* ---- trees ---- */

struct tree {
	char text[8192];
	size_t len;
	int n, bad;
	const char *avoid;
};

static int note_visit(void *arg, const struct unixfs_visit *v)
{
	struct tree *t = arg;

	t->n++;
	t->bad += v->rc < 0;
	if (t->len + v->path.len + 16 < sizeof t->text)
		t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "%d:%.*s%s ",
					   v->depth, (int)v->path.len, (const char *)v->path.p,
					   v->rc < 0 ? "?" : v->target.len ? "@" : "");
	return t->avoid && span_equal(v->entry->name, span_str(t->avoid));
}

static int note_leave(void *arg)
{
	struct tree *t = arg;

	t->len += (size_t)snprintf(t->text + t->len, sizeof t->text - t->len, "< ");
	return 0;
}

static struct cid forest(struct memdag *m)
{
	struct memdag_link in[2] = { { .name = "f" }, { .name = "l" } };
	struct memdag_link shard[2] = { { .name = "00s" }, { .name = "01" } };
	struct memdag_link sub = { .name = "07t" };
	struct memdag_link top[4] = { { .name = "a" }, { .name = "b" }, { .name = "e" }, { .name = "z" } };

	in[0].cid = memdag_add(m, 1, CID_RAW, span_str("f"));
	in[1].cid = memdag_add(m, 1, CID_DAG_PB, unit_hex("0a07080412036c6e6b"));
	top[0].cid = dir(m, in, 2);
	sub.cid = top[0].cid;
	shard[0].cid = in[0].cid;
	shard[1].cid = hamt(m, &sub, 1, "80", 256);
	top[1].cid = hamt(m, shard, 2, "03", 256);
	top[2].cid = dir(m, NULL, 0);
	top[3].cid = in[0].cid;
	return dir(m, top, 4);
}

static void trees_are_told_in_order(void)
{
	struct tree t = { .n = 0 }, u = { .avoid = "b" }, flat = { .n = 0 };
	struct unixfs_tree w = { .recursive = 1, .fn = note_visit, .leave = note_leave, .arg = &t };
	struct memdag m;
	struct cid root;

	memdag_init(&m);
	root = forest(&m);
	CHECK(unixfs_tree(&m.source, &root, &w) == 0);
	CHECK_STR(t.text, "1:a 2:a/f 2:a/l@ < 1:b 2:b/s 2:b/t 3:b/t/f 3:b/t/l@ < < 1:e < 1:z ");
	w.arg = &u;
	CHECK(unixfs_tree(&m.source, &root, &w) == 0);
	CHECK_STR(u.text, "1:a 2:a/f 2:a/l@ < 1:b 1:e < 1:z ");
	w = (struct unixfs_tree){ .fn = note_visit, .arg = &flat };
	m.n_gets = 0;
	CHECK(unixfs_tree(&m.source, &root, &w) == 0);
	CHECK_STR(flat.text, "1:a 1:b 1:e 1:z ");
	CHECK(m.n_gets == 1);
}

static void a_missing_entry_is_told(void)
{
	struct tree t = { .n = 0 };
	struct unixfs_tree w = { .recursive = 1, .fn = note_visit, .arg = &t };
	struct memdag_link l[3] = { { .name = "gone" }, { .name = "here" }, { .name = "odd" } };
	struct memdag m, other;
	struct cid root;

	memdag_init(&m);
	memdag_init(&other);
	l[0].cid = dir(&other, l, 0);
	l[1].cid = memdag_add(&m, 1, CID_RAW, none);
	l[2].cid = memdag_add(&m, 1, CID_DAG_PB, unit_hex("0a00"));
	root = dir(&m, l, 3);
	CHECK(unixfs_tree(&m.source, &root, &w) == 0);
	CHECK_STR(t.text, "1:gone? 1:here 1:odd? ");
}

/* two entries each, sixty levels deep: streamed, and stopped when the caller has enough */
static int count_to(void *arg, const struct unixfs_visit *v)
{
	int *n = arg;

	return ++*n > 10000 && v->depth > 0 ? err_set(ERR_LIMIT, "enough") : 0;
}

static void wide_trees_stream(void)
{
	struct memdag_link l[2] = { { .name = "l" }, { .name = "r" } };
	struct unixfs_tree w = { .recursive = 1, .fn = count_to };
	struct memdag m;
	struct cid cid;
	int i, n = 0;

	memdag_init(&m);
	w.arg = &n;
	cid = dir(&m, NULL, 0);
	for (i = 0; i < 60; i++) {
		l[0].cid = l[1].cid = cid;
		cid = dir(&m, l, 2);
	}
	CHECK_ERR(unixfs_tree(&m.source, &cid, &w), ERR_LIMIT);
	CHECK(n == 10001);
}

static void deep_trees_have_an_end(void)
{
	struct memdag_link l = { .name = "d" };
	struct tree t = { .n = 0 };
	struct unixfs_tree w = { .recursive = 1, .fn = note_visit, .arg = &t };
	struct memdag m;
	int i;

	memdag_init(&m);
	l.cid = dir(&m, NULL, 0);
	for (i = 0; i < DAG_DEPTH_MAX + 5; i++)
		l.cid = dir(&m, &l, 1);
	CHECK_ERR(unixfs_tree(&m.source, &l.cid, &w), ERR_LIMIT);
	CHECK(t.n >= DAG_DEPTH_MAX - 1);
	/* and so have paths: names of 100,000 bytes */
	{
		char *name = unit_kept(100001);

		memset(name, 'n', 100000);
		name[100000] = 0;
		l = (struct memdag_link){ dir(&m, NULL, 0), name, 0 };
		for (i = 0; i < 12; i++)
			l.cid = dir(&m, &l, 1);
		CHECK_ERR(unixfs_tree(&m.source, &l.cid, &w), ERR_LIMIT);
	}
}

int main(void)
{
	RUN(basic_directories_keep_their_order);
	RUN(names_may_be_absent);
	RUN(what_is_no_directory);
	RUN(not_unixfs);
	RUN(hamt_entries_lose_their_slot);
	RUN(malformed_shards);
	RUN(shards_end_with_the_hash);
	RUN(empty_shard_bombs_are_refused);
	RUN(a_thousand_files_in_one_shard_tree);
	RUN(trees_are_told_in_order);
	RUN(a_missing_entry_is_told);
	RUN(wide_trees_stream);
	RUN(deep_trees_have_an_end);
	return UNIT_END();
}
