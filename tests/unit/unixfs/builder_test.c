/* builder_test.c - files into blocks: the known answers of reference/unixfs.md 19.1, 19.3 to 19.6, 19.9 */
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/unixfs/make.h"

static struct unixfs_meta meta_of(uint32_t mode, int has_mtime, int64_t mtime, uint32_t nsec)
{
	return (struct unixfs_meta){ mode, has_mtime, mtime, nsec };
}

static void expect_text(const char *options, const char *text, const char *want)
{
	struct unixfs_builder *b = make_builder(options);
	struct unixfs_node n = make_text(b, text);

	if (strcmp(make_cid(&n), want))
		printf("# \"%s\" with %s\n", text, options);
	CHECK_STR(make_cid(&n), want);
	CHECK(n.size == strlen(text));
	CHECK(n.type == UNIXFS_FILE);
	unixfs_builder_free(b);
}

/* 19.1, rows 1 to 18 */
static void small_files(void)
{
	static const char worlds[] = "Hello Worlds!\n";
	static const char worlds_cid[] = "QmVr26fY1tKyspEJBniVhqxQeEjhF78XerGiqWAwraVLQH";
	struct unixfs_builder *b;
	struct unixfs_node n;
	struct buf text = BUF_INIT(CID_TEXT_MAX);

	expect_text("", "hello world", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD");
	expect_text("cid-version=1", "hello world",
		    "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
	expect_text("cid-version=1 raw-leaves=no", "hello world",
		    "bafybeihykld7uyxzogax6vgyvag42y7464eywpf55gxi5qpoisibh3c5wa");
	expect_text("hash=sha2-512", "hello world",
		    "bafkrgqbqt3gerhas23vuzrapkdeqf4vu2dwxp3srdj6hvg6nhsug2tgyn6mj3u23yx7utftq3i2ckw2fw"
		    "dh5qmhid5qf3t35yvkc5e5ottlw6");
	expect_text("", worlds, worlds_cid);
	expect_text("layout=trickle", worlds, "QmUkUQgxXeggyaD5Ckv8ZqfW8wHBX6cYyeiyqvVZYzq5Bi");
	expect_text("chunker=rabin", worlds, worlds_cid);
	expect_text("chunker=size-64", worlds, worlds_cid);
	expect_text("chunker=rabin-36-512-1024", worlds, worlds_cid);
	expect_text("chunker=buzhash", worlds, worlds_cid);
	expect_text("", "", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
	expect_text("raw-leaves=yes", "", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
	expect_text("cid-version=1 raw-leaves=no", "",
		    "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y");
	expect_text("", "IPFS\n", "QmdFyxZXsFiP4csgfM5uPu99AvFiKH62CSPDw5TP92nr7w");
	expect_text("", "Hello Neptune!\nHello Pluton!",
		    "QmZDhWpi8NvKrekaYYhxKCdNVGWsFFe1CREnAjP1QbPaB3");
	expect_text("cid-version=1 raw-leaves=no", "Hello from IPFS Gateway Checker\n",
		    "bafybeifx7yeb55armcsxwwitkymga5xf53dxiarykms3ygqic223w5sk3m");
	expect_text("cid-version=1", "hello world\n",
		    "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4");
	expect_text("cid-version=1", "hello application/vnd.ipld.car\n",
		    "bafkreifkam6ns4aoolg3wedr4uzrs3kvq66p4pecirz6y2vlrngla62mxm");
	expect_text("hash=blake3", "foo\n",
		    "bafkr4icj3sdq34o6p7lapfgoxtset5om3lsxll72uz5cjnrkzmb6aoo3si");
	expect_text("", "100\n", "QmZ3RfWk1u5LEGYLHA633B5TNJy3Du27K6Fny9wcxpowGS");

	b = make_builder("");		/* row 12: printed as v1 */
	n = make_text(b, "base32 test\n");
	CHECK(cid_format(&n.cid, mb_by_name("base32"), &text) == 0);
	CHECK_STR((const char *)text.data,
		  "bafybeibyosqxljd2eptb4ebbtvk7pb4aoxzqa6ttdsflty6rsslz5y6i34");
	buf_clear(&text);
	unixfs_builder_free(b);
}

static void expect_link(const char *target, const struct unixfs_meta *meta, const char *want)
{
	struct unixfs_builder *b = make_builder(meta ? "meta" : "");
	struct unixfs_node n;

	CHECK(unixfs_add_symlink(b, span_str(target), meta, &n) == 0);
	CHECK_STR(make_cid(&n), want);
	CHECK(n.type == UNIXFS_SYMLINK && n.size == strlen(target));
	unixfs_builder_free(b);
}

/* 19.3, rows 33 and 34; 19.5, rows 47, 52, 53 */
static void symlinks(void)
{
	struct unixfs_meta m = meta_of(0777, 1, 1604320482, 0);

	expect_link("files/foo/baz", NULL, "QmdocmZeF7qwPT9Z8SiVhMSyKA2KKoA2J7jToW6z6WBmxR");
	expect_link("files/does/not/exist", NULL, "QmWYN8SEXCgNT2PSjB6BnxAx6NJQtazWoBkTRH9GRfPFFQ");
	expect_link("foo", NULL, "QmTB8BaCJdCH5H3k7GrxJsxgDNmNYGGR71C58ERkivXoj5");
	expect_link("nothing", &m, "QmbJwotgtr84JxcnjpwJ86uZiyMoxbZuNH4YrdJMypkYaB");
	m = meta_of(0, 1, 1603539720, 0);
	expect_link("nothing", &m, "QmV1Uot2gy4bhY9yvYiZxhhchhyYC6MKKoGV1XtWNmpCLe");
	m.nsec = 54321;
	expect_link("nothing", &m, "QmPHYCxYvvHj6VxiPNJ3kXxcPsnJLDYUJqsDJWjvytmrmY");
}

static void expect_meta(const char *text, struct unixfs_meta meta, const char *want)
{
	struct unixfs_builder *b = make_builder("meta");
	struct unixfs_node n = make_file(b, span_str(text), &meta);

	CHECK_STR(make_cid(&n), want);
	unixfs_builder_free(b);
}

/* 19.5, rows 44 to 51, 59, 60 */
static void mode_and_mtime(void)
{
	expect_meta("", meta_of(0640, 0, 0, 0), "QmQLgxypSNGNFTuUPGCecq6dDEjb6hNB5xSyVmP3cEuNtq");
	expect_meta("", meta_of(0, 1, 1604320482, 0), "QmQ6kErEW8kztQFV8vbwNU8E4dmtGsYpRiboiLxUEwibvj");
	expect_meta("", meta_of(0640, 1, 1604320482, 0),
		    "QmYkvboLsvLFcSYmqVJRxvBdYRQLroLv9kELf3LRiCqBri");
	expect_meta("", meta_of(0764, 0, 0, 0), "QmchD3BN8TQ3RW6jPLxSaNkqvfuj7syKhzTRmL4EpyY1Nz");
	expect_meta("", meta_of(0, 1, 1603539720, 0), "QmT3aY4avDcYXCWpU8CJzqUkW7YEuEsx36S8cTNoLcuK1B");
	expect_meta("", meta_of(0, 1, 1603539720, 54321),
		    "QmaKH8H5rXBUBCX4vdxi7ktGQEL7wejV7L9rX2qpZjwncz");
	expect_meta("", meta_of(0764, 1, 1603539720, 54321),
		    "QmUkxrtBA8tPjwCYz1HrsoRfDz6NgKut3asVeHVQNH4C8L");
	expect_meta("x", meta_of(0, 1, -1, 0), "QmbUW3Ngfn6gxRZXRvRtv4sMsqgyyMAU1uqcWe7J6ThMNY");
	expect_meta("x", meta_of(0, 1, -1, 1), "QmehFGkyv73hCgpZMeTkSP2LW8yUPq8MS4SznUiqXL7x6W");
}

/* metadata belongs to the root only, wherever the root turns out to be */
static void metadata_of_many_chunks(void)
{
	static const size_t sizes[] = { 9, 10, 11, 255990, 262140, 262150, 300000, 3000000 };
	struct unixfs_meta m = meta_of(0640, 1, 7, 0);
	struct unixfs_builder *b = make_builder("chunker=size-10 meta");
	struct unixfs_stat st;
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct unixfs_node n = make_file(b, make_bytes("meta", sizes[i]), &m);

		NEED(unixfs_stat(&make_dag.source, &n.cid, &st) == 0);
		CHECK(st.size == sizes[i] && st.meta.mode == 0640 && st.meta.mtime == 7);
		CHECK(st.cumulative == n.tsize);
	}
	unixfs_builder_free(b);
}

/* 19.4, rows 38 to 43 */
static void inlining(void)
{
	static const char b128[] =
		"bafkqbaabijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqs"
		"cijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqs"
		"cijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbeeqscijbee";
	struct unixfs_builder *b = make_builder("hash=identity");
	uint8_t letters[129];
	struct make_input in;
	struct unixfs_node n;
	struct unixfs_dir *d;

	expect_text("raw-leaves=yes inline=yes", "jkD98jkD975hkD8\n",
		    "bafkqaedknncdsodknncdsnzvnbvuioak");
	expect_text("hash=identity", "jkD98jkD975hkD8\n", "bafkqaedknncdsodknncdsnzvnbvuioak");
	expect_text("cid-version=1 inline=yes", "", "bafkqaaa");
	memset(letters, 'B', 128);
	n = make_file(b, span_of(letters, 128), NULL);
	CHECK_STR(make_cid(&n), b128);
	memset(letters, 'A', 129);
	in.left = span_of(letters, 129);
	CHECK_ERR(unixfs_add_read(b, make_read, &in, NULL, &n), ERR_LIMIT);
	CHECK(strstr(err_text(),
		     "digest too large: identity digest got 129 bytes, maximum 128") != NULL);
	unixfs_builder_free(b);

	b = make_builder("cid-version=1 inline=yes");
	NEED(unixfs_dir_new(&d, b, NULL) == 0);
	CHECK(unixfs_dir_end(d, &n) == 0);
	CHECK_STR(make_cid(&n), "bafyaabakaieac");
	unixfs_builder_free(b);

	/* the limit is inclusive and counts the block, not the data */
	b = make_builder("inline=20");
	n = make_file(b, span_of(letters, 12), NULL);
	CHECK(n.cid.version == 1 && n.cid.codec == CID_DAG_PB && n.tsize == 20);
	CHECK(n.cid.bytes[2] == 0 && n.cid.bytes[3] == 20);
	n = make_file(b, span_of(letters, 13), NULL);
	CHECK(n.cid.version == 0 && n.tsize == 21);
	unixfs_builder_free(b);
}

static void expect_stream(const char *options, const char *seed, uint64_t len, const char *want)
{
	struct unixfs_builder *b = make_builder(options);
	struct make_chacha c = make_chacha(seed, len);
	struct unixfs_node n;

	NEED(unixfs_add_read(b, make_chacha_read, &c, NULL, &n) == 0);
	if (strcmp(make_cid(&n), want))
		printf("# %s, %" PRIu64 " bytes with %s\n", seed ? seed : "zeros", len, options);
	CHECK_STR(make_cid(&n), want);
	CHECK(n.size == len);
	unixfs_builder_free(b);
}

/* 19.6, rows 61 to 76 */
static void large_files(void)
{
	static const char v1[] = "profile=unixfs-v1-2025";

	expect_stream("", "chunk-v0-seed", 262144, "QmWmRj3dFDZdb6ABvbmKhEL6TmPbAfBZ1t5BxsEyJrcZhE");
	expect_stream("", "chunk-v0-seed", 262145, "QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ");
	expect_stream("", "v0-seed", 174 * 262144, "QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2");
	expect_stream("", "v0-seed", 174 * 262144 + 1, "QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW");
	expect_stream(v1, "chunk-v1-seed", 1048576,
		      "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta");
	expect_stream(v1, "chunk-v1-seed", 1048577,
		      "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64");
	expect_stream("max-links=1024", "hello world", UINT64_C(1024) * 262144,
		      "QmbBftNHWmjSWKLC49dMVrfnY8pjrJYntiAXirFJ7oJrNk");
	expect_stream("layout=trickle", "trickle-test", 45 * 1048576,
		      "QmbqR6g7YCpndLcCZZXkGyj13uMcSrwDYUvZ47vJqBVjUH");
	expect_stream("", NULL, 45900000, "QmRdPboiJQoZ5cdazR9a8vGqdJvWg6M5bfdtUSKNHpuscj");
	expect_stream("layout=trickle", NULL, 45900000,
		      "QmdZcefqMZ3tzdS4CRBN5s1c67eS3nQzN8TNXFBYfgofoy");
	expect_stream("max-links=176", NULL, 45900000,
		      "QmeJ9FRWKnXZQiX5CM1E8j4gpGbg6otpgajThqsbnBpoyD");
	expect_stream("cid-version=1 layout=trickle chunker=size-1000", "trickle-small", 2000000,
		      "bafybeih3hjb6a66qghhiglhwlonzhoi5hercf2guxe5cchh37hg4cletbi");
	expect_stream("layout=trickle chunker=size-1000 max-links=10", "trickle-small", 500000,
		      "QmZynukJgyFb4ppEwoPXCCKdcs7MJkZ7fRJr9ZjtJZawFH");
	expect_stream("cid-version=1 chunker=size-1000 max-links=10", "bal-small", 1234567,
		      "bafybeiae7aslfwhhtqnnof6uregae2cllxwlhgpcjnjsa2pcnzp3f3oliq");
}

/* a sink that keeps nothing, as "only hash" has */
static int forget(struct dag_sink *s, const struct dag_block *b)
{
	(void)s;
	(void)b;
	return 0;
}

/* rows 67 and 68: a GiB each */
static void huge_files(void)
{
	static const char *const want[] = {
		"bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm",
		"bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe" };
	struct dag_sink sink = { forget };
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct unixfs_node n;
	int i;

	if (!getenv("IPFRS_SLOW"))
		return;
	NEED(make_opts(&o, "profile=unixfs-v1-2025") == 0);
	NEED(unixfs_builder_new(&b, &o, &sink, NULL) == 0);
	for (i = 0; i < 2; i++) {
		struct make_chacha c = make_chacha("v1-2025-seed", UINT64_C(1024) * 1048576 + (uint64_t)i);

		CHECK(unixfs_add_read(b, make_chacha_read, &c, NULL, &n) == 0);
		CHECK_STR(make_cid(&n), want[i]);
	}
	unixfs_builder_free(b);
}

/* 19.9 */
static void content_defined(void)
{
	expect_stream("chunker=buzhash", "buz-seed", 10 * 1048576,
		      "QmfA3qHwkQMRjud77h6NqNhnEuqE58GMQMWKbuGNsGz4py");
	expect_stream("chunker=buzhash cid-version=1", "buz-seed", 10 * 1048576,
		      "bafybeibdkfar237ssjcioexb5wydy6m4pedvs4pocb6yfelqmpjkukkoqy");
	expect_stream("chunker=buzhash cid-version=1", "buz-seed", 524289,
		      "bafybeih742q2qqgnttswd7t7ji4dwcng4ezjrjg52wzs7jtjqkzdxsaqhy");
	expect_stream("chunker=buzhash cid-version=1", "buz-seed", 131071,
		      "bafkreibhx4zp73wbxsrgikhhhjfk2jygdxxycqkwdaaabttmrgncythqk4");
	expect_stream("chunker=buzhash cid-version=1", NULL, 2097152,
		      "bafybeihxtyrxxdn4enpbfzmsvnz7i646zxnlttb6gfqt664wqx44uxunvm");
	expect_stream("chunker=rabin", "rabin-seed", 10 * 1048576,
		      "QmR57ECbSQXLP7aVgdfHo3HxRCPV79oxfJBYvh6Z4xA3jG");
	expect_stream("chunker=rabin cid-version=1", "rabin-seed", 10 * 1048576,
		      "bafybeih62uwipgcgcdqf3ruilmmtg2idbymyj36now4pxs6rvy5voxrb5y");
	expect_stream("chunker=rabin-512-1024-2048 cid-version=1", "rabin-seed", 300000,
		      "bafybeidavuzvy6t2u47jmedkv7kpqnvuv5vblddse4pqmbfi4kjwv45oam");
	expect_stream("chunker=rabin-min:128-avg:256-max:512 cid-version=1", "rabin-seed", 100000,
		      "bafybeiezpapj2is74goptuf4ce32vbbzdlezbvvxj4fhkmpnvgpkkrnx2e");
	expect_stream("chunker=rabin-16-32-64", "rabin-seed", 5000,
		      "Qmc6HWJakpZA91dMVy8tKdqbJFmY7ZYYUSnrukbwJZV5DU");
	expect_stream("chunker=rabin cid-version=1", NULL, 2097152,
		      "bafybeigqjrvb4qyscjdwq4a3zxj42uuykvjbc2acsrzzgx45t4qvqonqtm");
}

/* ---- descriptors ---- */

static const char *put_file(struct span bytes)
{
	char *path = unit_kept(4096);
	int fd;

	snprintf(path, 4096, "%s/file", unit_tmpdir());
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, bytes.p, bytes.len) != (ssize_t)bytes.len)
		abort();
	close(fd);
	return path;
}

/* checks that a block's payload is where it says in the file, and counts bytes */
struct clone_sink {
	struct dag_sink sink;
	struct span file;
	uint64_t payload;
	int blocks, clonable;
};

static int clone_put(struct dag_sink *s, const struct dag_block *b)
{
	struct clone_sink *c = (struct clone_sink *)(void *)s;
	struct span whole;
	struct cid cid;

	c->blocks++;
	if (b->src_fd < 0)
		return 0;
	c->clonable++;
	c->payload += b->payload_len;
	whole = memdag_kept(b->parts, b->n_parts);
	CHECK(cid_verify(b->cid, whole) == 0);
	cid = *b->cid;
	CHECK(cid.len > 0);
	if (b->src_off + b->payload_len > c->file.len || b->payload_at + b->payload_len > whole.len)
		CHECK(!"payload out of bounds");
	else
		CHECK(memcmp(whole.p + b->payload_at, c->file.p + b->src_off, b->payload_len) == 0);
	return 0;
}

static void extents_for_the_store(void)
{
	static const char *const options[] = { "", "raw-leaves=yes", "chunker=buzhash", "layout=trickle",
					       "chunker=size-1000 raw-leaves=yes", "chunker=rabin" };
	struct span bytes = make_bytes("extents", 3000000);
	const char *path = put_file(bytes);
	struct unixfs_builder *b, *plain;
	struct unixfs_opts o;
	struct unixfs_node n, same;
	size_t i;
	int fd;

	for (i = 0; i < sizeof options / sizeof options[0]; i++) {
		struct clone_sink c = { { clone_put }, bytes, 0, 0, 0 };

		NEED(make_opts(&o, options[i]) == 0);
		NEED(unixfs_builder_new(&b, &o, &c.sink, NULL) == 0);
		fd = open(path, O_RDONLY);
		CHECK(unixfs_add_fd(b, fd, path, 1, NULL, NULL, NULL, &n) == 0);
		CHECK(c.payload == bytes.len && c.clonable > 0 && c.blocks > c.clonable);
		close(fd);
		plain = make_builder(options[i]);
		same = make_file(plain, bytes, NULL);
		CHECK(cid_equal(&n.cid, &same.cid) && n.tsize == same.tsize);
		unixfs_builder_free(plain);
		unixfs_builder_free(b);
	}
}

/* all sizes around the edges of chunks, slabs and nodes give back what was put in */
static void edges(void)
{
	static const char *const options[] = { "chunker=size-64 max-links=3", "raw-leaves=yes",
		"chunker=size-64 max-links=2 layout=trickle", "chunker=size-300000 cid-version=1",
		"chunker=rabin-16-32-64 max-links=5" };
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 128, 192, 193, 576, 577, 1728, 1729, 65535,
		65536, 65537, 262143, 262144, 262145, 299999, 300000, 300001, 524288, 524289, 600000,
		1000000 };
	struct span bytes = make_bytes("edges", 1000000);
	size_t i, k;

	for (i = 0; i < sizeof options / sizeof options[0]; i++) {
		struct unixfs_builder *b = make_builder(options[i]);

		for (k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
			struct unixfs_node n = make_file(b, span_of(bytes.p, sizes[k]), NULL);
			struct buf back = BUF_INIT(SIZE_MAX / 2);
			struct unixfs_stat st;
			struct sink_buf sink;

			sink_buf_start(&sink, &back);
			CHECK(unixfs_cat(&make_dag.source, &n.cid, 0, UINT64_MAX, &sink.sink, NULL,
					 NULL) == 0);
			CHECK(span_equal(buf_span(&back), span_of(bytes.p, sizes[k])));
			CHECK(unixfs_stat(&make_dag.source, &n.cid, &st) == 0);
			CHECK(st.size == sizes[k] && st.cumulative == n.tsize);
			buf_clear(&back);
		}
		unixfs_builder_free(b);
	}
}

/* ---- failures ---- */

struct failing {
	struct dag_sink sink;
	int after;
};

static int failing_put(struct dag_sink *s, const struct dag_block *b)
{
	struct failing *f = (struct failing *)(void *)s;

	(void)b;
	return f->after-- > 0 ? 0 : err_set(ERR_NOSPACE, "the store is full");
}

/* wherever the store fails, the add fails with its words, and the builder can be used again */
static void store_fails(void)
{
	struct span bytes = make_bytes("fails", 4000000);
	struct failing f = { { failing_put }, 0 };
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct unixfs_node n;
	int after;

	NEED(make_opts(&o, "") == 0);
	NEED(unixfs_builder_new(&b, &o, &f.sink, NULL) == 0);
	for (after = 0; after < 17; after++) {
		struct make_input in = { bytes };

		f.after = after;
		CHECK_ERR(unixfs_add_read(b, make_read, &in, NULL, &n), ERR_NOSPACE);
		CHECK_STR(err_text(), "the store is full");
	}
	f.after = 1000;
	{
		struct make_input in = { bytes };

		CHECK(unixfs_add_read(b, make_read, &in, NULL, &n) == 0);
	}
	unixfs_builder_free(b);
}

struct bad_read { size_t left; };

static ssize_t bad_read(void *arg, void *p, size_t len)
{
	struct bad_read *r = arg;

	if (r->left == 0)
		return err_set(ERR_IO, "the wire is cut");
	len = len < r->left ? len : r->left;
	memset(p, 1, len);
	r->left -= len;
	return (ssize_t)len;
}

static uint64_t heard;
static int stop_after(void *arg, uint64_t bytes)
{
	heard += bytes;
	return heard >= *(uint64_t *)arg ? *(uint64_t *)arg == 7 ? ERR_DENIED : 1 : 0;
}

static void input_fails(void)
{
	static const size_t sizes[] = { 0, 100, 262144, 1000000, 5000000 };
	struct unixfs_builder *b = make_builder("");
	const char *path = put_file(make_bytes("progress", 2000000));
	struct unixfs_node n;
	uint64_t limit;
	size_t i;
	int fd;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct bad_read r = { sizes[i] };

		CHECK_ERR(unixfs_add_read(b, bad_read, &r, NULL, &n), ERR_IO);
		CHECK_STR(err_text(), "the wire is cut");
	}
	fd = open(path, O_RDONLY);
	limit = UINT64_MAX;
	heard = 0;
	CHECK(unixfs_add_fd(b, fd, path, 0, NULL, stop_after, &limit, &n) == 0);
	CHECK(heard == 2000000);
	lseek(fd, 0, SEEK_SET);
	limit = 1000000;
	heard = 0;
	CHECK_ERR(unixfs_add_fd(b, fd, path, 0, NULL, stop_after, &limit, &n), ERR_INTERRUPTED);
	CHECK(heard < 1500000);
	lseek(fd, 0, SEEK_SET);
	limit = 7;
	heard = 0;
	err_set(0, "my own words");
	CHECK(unixfs_add_fd(b, fd, path, 0, NULL, stop_after, &limit, &n) == ERR_DENIED);
	close(fd);
	unixfs_builder_free(b);
	unixfs_builder_free(NULL);
}

int main(void)
{
	RUN(small_files);
	RUN(symlinks);
	RUN(mode_and_mtime);
	RUN(metadata_of_many_chunks);
	RUN(inlining);
	RUN(large_files);
	RUN(huge_files);
	RUN(content_defined);
	RUN(extents_for_the_store);
	RUN(edges);
	RUN(store_fails);
	RUN(input_fails);
	return UNIT_END();
}
