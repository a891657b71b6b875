#include "car.h"
#include "multi/murmur3.h"

static const struct span none = { NULL, 0 };

static void check_path(struct memdag *m, const char *path, const char *want)
{
	char text[CID_TEXT_MAX];
	struct cid cid;
	int rc = unixfs_resolve(&m->source, path, &cid);

	CHECK_STR(rc < 0 ? err_text() : cid_text(&cid, text), want);
}

/* reference 16.3 with the fixtures' own trees */
static void paths_of_the_fixtures(void)
{
	struct memdag m;

	memdag_init(&m);
	car_load(&m, "dir-with-files.car");
	car_load(&m, "path-gateway-tar.car");
	car_load(&m, "dir-with-percent-encoded-filename.car");
	car_load(&m, "single-layer-hamt-with-multi-block-files.car");
	car_load(&m, "subdir-with-two-single-block-files.car");
	car_load(&m, "subdir-with-mixed-block-files.car");
	car_load(&m, "redirects.car");
	car_load(&m, "dag-pb.car");
	car_load(&m, "gateway-raw-block.car");
	check_path(&m, "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy/multiblock.txt",
		   "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa");
	check_path(&m, "/ipfs/bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy/hello.txt",
		   "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4");
	check_path(&m, "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy/nope",
		   "no link named \"nope\" under "
		   "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy");
	check_path(&m, "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy/hello.txt/x",
		   "no link named \"x\" under "
		   "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4");
	check_path(&m, "bafybeihchr7vmgjaasntayyatmp5sv6xza57iy2h4xj7g46bpjij6yhrmy/multiblock.txt/x",
		   "no link named \"x\" under "
		   "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa");
	check_path(&m, "bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i/1001.txt",
		   "no link named \"1001.txt\" under "
		   "bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i");
}

/* every name of the big HAMT is found where ls saw it */
static struct memdag *hamt_dag;
static const struct cid *hamt_root;
static int hamt_found;

static int find_again(void *arg, const struct unixfs_dirent *e)
{
	struct cid cid;

	(void)arg;
	if (unixfs_lookup(&hamt_dag->source, hamt_root, e->name, &cid) == 0 && cid_equal(&cid, &e->cid))
		hamt_found++;
	return 0;
}

static void every_entry_of_a_hamt(void)
{
	struct cid root = the_cid("bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i");
	struct memdag m;

	memdag_init(&m);
	car_load(&m, "single-layer-hamt-with-multi-block-files.car");
	hamt_dag = &m;
	hamt_root = &root;
	CHECK(unixfs_ls(&m.source, &root, find_again, NULL) == 0);
	CHECK(hamt_found == 1000);
}

static void lookup_reads_one_block_a_level(void)
{
	struct cid root = the_cid("bafybeidbclfqleg2uojchspzd4bob56dqetqjsj27gy2cq3klkkgxtpn4i"), cid;
	struct memdag m;

	memdag_init(&m);
	car_load(&m, "single-layer-hamt-with-multi-block-files.car");
	m.n_gets = 0;
	CHECK(unixfs_lookup(&m.source, &root, span_str("470.txt"), &cid) == 0);
	CHECK(m.n_gets == 2);
}

/* the first of two entries of one name; a node without UnixFS data has its links */
static void plain_nodes_and_doubles(void)
{
	struct memdag_link l[3] = { { .name = "a" }, { .name = "a" }, { .name = "Links" } };
	char path[3 * CID_TEXT_MAX], text[CID_TEXT_MAX], first[CID_TEXT_MAX];
	struct memdag m;
	struct cid plain, dir, out;

	memdag_init(&m);
	l[0].cid = memdag_add(&m, 1, CID_RAW, span_str("1"));
	l[1].cid = memdag_add(&m, 1, CID_RAW, span_str("2"));
	l[2].cid = memdag_add(&m, 1, CID_RAW, span_str("3"));
	cid_text(&l[0].cid, first);
	plain = memdag_node(&m, 1, l, 3, none);
	snprintf(path, sizeof path, "/ipfs/%s/a", cid_text(&plain, text));
	check_path(&m, path, first);
	snprintf(path, sizeof path, "/ipfs/%s/Links", text);
	check_path(&m, path, cid_text(&l[2].cid, text));
	dir = memdag_node(&m, 1, l, 3, unit_hex("0801"));
	CHECK(unixfs_lookup(&m.source, &dir, span_str("a"), &out) == 0 && cid_equal(&out, &l[0].cid));
	CHECK_ERR(unixfs_lookup(&m.source, &plain, span_str("a"), &out), ERR_INVALID);
	CHECK_ERR(unixfs_lookup(&m.source, &dir, span_str(""), &out), ERR_NOTFOUND);
	CHECK(cid_equal(&out, &l[0].cid));	/* as it was */
}

static void what_stops_a_path(void)
{
	struct memdag_link l[2] = { { .name = "cbor" }, { .name = "gone" } };
	char path[3 * CID_TEXT_MAX], text[CID_TEXT_MAX];
	struct memdag m;
	struct cid dir, cid;

	memdag_init(&m);
	l[0].cid = memdag_add(&m, 1, 0x1234, unit_hex("a0"));
	NEED(cid_sum(&l[1].cid, 1, CID_DAG_PB, MH_SHA2_256, &(struct span){ NULL, 0 }, 1) == 0);
	dir = memdag_node(&m, 1, l, 2, unit_hex("0801"));
	snprintf(path, sizeof path, "/ipfs/%s/cbor/x", cid_text(&dir, text));
	CHECK_ERR(unixfs_resolve(&m.source, path, &cid), ERR_UNSUPPORTED);
	snprintf(path, sizeof path, "/ipfs/%s/gone", text);	/* the last block need not be here */
	CHECK(unixfs_resolve(&m.source, path, &cid) == 0 && cid_equal(&cid, &l[1].cid));
	snprintf(path, sizeof path, "/ipfs/%s/gone/x", text);
	CHECK_ERR(unixfs_resolve(&m.source, path, &cid), ERR_NOTFOUND);
	snprintf(path, sizeof path, "/ipld/%s", text);
	CHECK(unixfs_resolve(&m.source, path, &cid) == 0 && cid_equal(&cid, &dir));
	snprintf(path, sizeof path, "/ipld/%s/Links", text);
	CHECK_ERR(unixfs_resolve(&m.source, path, &cid), ERR_INVALID);
	snprintf(path, sizeof path, "/ipld/%s/Links/1/Hash", text);
	CHECK(unixfs_resolve(&m.source, path, &cid) == 0 && cid_equal(&cid, &l[1].cid));
	CHECK_ERR(unixfs_resolve(&m.source, "/ipns/x", &cid), ERR_UNSUPPORTED);
	CHECK_ERR(unixfs_resolve(&m.source, "nonsense", &cid), ERR_USAGE);
}

/* symlinks are entries, not roads */
static void symlinks_are_not_followed(void)
{
	struct buf target = BUF_INIT(2);
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	car_load(&m, "symlink.car");
	check_path(&m, "QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt/bar",
		   "QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5");
	check_path(&m, "QmWvY6FaqFMS89YAQ9NAPjVP4WZKA1qbHbicc9HeSKQTgt/bar/x",
		   "no link named \"x\" under QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5");
	cid = the_cid("QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5");
	CHECK_ERR(unixfs_readlink(&m.source, &cid, &target), ERR_LIMIT);
	target.max = 100;
	CHECK(unixfs_readlink(&m.source, &cid, &target) == 0);
	CHECK_STR((char *)target.data, "foo");
	cid = the_cid("Qme2y5HA5kvo2jAx13UsnV5bQJVijiAJCPvaW3JGQWhvJZ");
	CHECK_ERR(unixfs_readlink(&m.source, &cid, &target), ERR_INVALID);
	cid = memdag_add(&m, 1, CID_RAW, span_str("foo"));
	CHECK_ERR(unixfs_readlink(&m.source, &cid, &target), ERR_INVALID);
	buf_clear(&target);
}

/* one fanout for each: the slot of a name, shard by shard */
static void every_fanout(void)
{
	static const unsigned fanout[] = { 8, 16, 32, 64, 128, 256, 512, 1024 };
	const char *name = "hello";
	uint64_t hash = murmur3_x64_64(span_str(name));
	struct memdag m;
	size_t i;

	memdag_init(&m);
	for (i = 0; i < sizeof fanout / sizeof *fanout; i++) {
		int bits = 3 + (int)i, digits = (bits + 3) / 4, level;
		struct memdag_link l = { memdag_add(&m, 1, CID_RAW, span_str(name)), NULL, 0 };
		struct cid leaf = l.cid, out;

		for (level = 64 / bits - 1; level >= 0; level--) {
			unsigned slot = (unsigned)(hash << level * bits >> (64 - bits));
			uint8_t field[128] = { 0 };
			char *link = unit_kept(32);

			snprintf(link, 32, "%0*X%s", digits, slot, l.name ? "" : name);
			field[fanout[i] / 8 - 1 - slot / 8] = (uint8_t)(1 << slot % 8);
			l.name = link;
			l.cid = memdag_node(&m, 1, &l, 1,
					    message(UNIXFS_HAMT, span_of(field, fanout[i] / 8), -1, NULL,
						    fanout[i]));
		}
		CHECK(unixfs_lookup(&m.source, &l.cid, span_str(name), &out) == 0);
		CHECK(cid_equal(&out, &leaf));
		CHECK_ERR(unixfs_lookup(&m.source, &l.cid, span_str("hallo"), &out), ERR_NOTFOUND);
		l.name = "";
	}
}

int main(void)
{
	RUN(paths_of_the_fixtures);
	RUN(every_entry_of_a_hamt);
	RUN(lookup_reads_one_block_a_level);
	RUN(plain_nodes_and_doubles);
	RUN(what_stops_a_path);
	RUN(symlinks_are_not_followed);
	RUN(every_fanout);
	return UNIT_END();
}
