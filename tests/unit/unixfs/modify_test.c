/* modify_test.c - files written at an offset, cut, and given modes and times */
#include <time.h>

#include "tests/unit/unixfs/make.h"
#include "unixfs/unixfs_priv.h"

static struct unixfs_builder *b;

static struct unixfs_node written(const struct unixfs_node *file, uint64_t off, struct span bytes)
{
	struct make_input in = { bytes };
	struct unixfs_node out = *file;

	CHECK(unixfs_write_at(b, &make_dag.source, &file->cid, off, make_read, &in, UINT64_MAX, &out) == 0);
	return out;
}

static struct unixfs_node written_anew(const struct unixfs_node *file, uint64_t off, struct span bytes)
{
	struct make_input in = { bytes };
	struct unixfs_node out = *file;

	CHECK(unixfs_write_anew(b, &make_dag.source, &file->cid, off, make_read, &in, UINT64_MAX, &out) == 0);
	return out;
}

static struct unixfs_node cut(const struct unixfs_node *file, uint64_t size)
{
	struct unixfs_node out = *file;

	CHECK(unixfs_truncate(b, &make_dag.source, &file->cid, size, &out) == 0);
	return out;
}

/* an empty node, as `files write --create` makes it */
static struct unixfs_node empty(const char *options)
{
	struct unixfs_builder *e = make_builder(options);
	struct unixfs_node n = make_file(e, span_str(""), NULL);

	unixfs_builder_free(e);
	return n;
}

struct into { struct sink sink; struct buf bytes; };

static int into_put(struct sink *s, const struct piece *p)
{
	return buf_add(&((struct into *)(void *)s)->bytes, p->bytes);
}

/* is this what the file holds, and do its root and the node agree? */
static int holds(const struct unixfs_node *n, struct span want)
{
	struct into to = { { into_put }, BUF_INIT(64 << 20) };
	struct unixfs_stat st;
	int rc = unixfs_cat(&make_dag.source, &n->cid, 0, UINT64_MAX, &to.sink, NULL, NULL), same;

	same = rc == 0 && span_equal(buf_span(&to.bytes), want) &&
	       unixfs_stat(&make_dag.source, &n->cid, &st) == 0 && st.size == want.len && n->size == want.len &&
	       st.cumulative == n->tsize && n->type == UNIXFS_FILE;
	buf_clear(&to.bytes);
	return same;
}

/* Kubo test/sharness/t0250-files-api.sh (reference/unixfs.md 19.7, rows 77 to 82), t0252 (88, 89) */
static void known_answers(void)
{
	static const struct { const char *made, *over, *anew; } rows[] = {
		{ "", "QmQdQt9qooenjeaNhiKHF3hBvmNteB4MQBtgu3jxgf9c7i",
		  "QmPVnT9gocPbqzN4G6SMp8vAPyzcjDbUJrNdKgzQquuDg4" },
		{ "cid-version=1 raw-leaves=no", "bafybeibkrazpbejqh3qun7xfnsl7yofl74o4jwhxebpmtrcpavebokuqtm",
		  "bafybeigwhb3q36yrm37jv5fo2ap6r6eyohckqrxmlejrenex4xlnuxiy3e" },
		{ "hash=blake2b-256 raw-leaves=no", "bafykbzaceca45w2i3o3q3ctqsezdv5koakz7sxsw37ygqjg4w54m2bshzevxy",
		  "bafykbzaceadeu7onzmlq7v33ytjpmo37rsqk2q6mzeqf5at55j32zxbcdbwig" },
	};
	struct unixfs_node n;
	size_t i;

	b = make_builder("");
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		n = empty(rows[i].made);
		n = written(&n, 0, span_str("ipfs rocks\n"));
		n = written(&n, 5, span_str("is super cool\n"));
		CHECK_STR(make_cid(&n), rows[i].over);
		CHECK(holds(&n, span_str("ipfs is super cool\n")));
		n = empty(rows[i].made);
		n = written(&n, 0, span_str("some content\n"));
		n = written_anew(&n, 0, span_str("fish\n"));
		CHECK_STR(make_cid(&n), rows[i].anew);
	}
	n = empty("");
	n = written(&n, 0, span_str("hello world\n"));
	CHECK_STR(make_cid(&n), "QmVib14uvPnCP73XaCDpwugRuwfTsVbGyWbatHAmLSdZUS");
	n = empty("");
	n = written(&n, 0, span_str("file1\n"));
	CHECK_STR(make_cid(&n), "QmX4eaSJz39mNhdu5ACUwTDpyA6y24HmrQNnAape6u3buS");
	unixfs_builder_free(b);
	b = make_builder("raw-leaves=yes");		/* raw leaves below a v0 root, and alone */
	n = empty("");
	n = written(&n, 0, span_str("ipfs rocks\n"));
	CHECK(n.cid.codec == CID_RAW);
	n = written(&n, 5, span_str("is super cool\n"));
	CHECK_STR(make_cid(&n), rows[1].over);
	unixfs_builder_free(b);
}

/* the noise of tests/interop/gomodify */
static struct span noise(uint64_t state, size_t n)
{
	uint8_t *p = unit_kept(n + 1);
	size_t i;

	for (i = 0; i < n; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(state >> 56);
	}
	return span_of(p, n);
}

/* computed with boxo v0.43.0, DagModifier: a file, one edit, the CID; from tests/interop/gomodify */
static void as_boxo(void)
{
	static const struct { const char *options; size_t n; } files[] = {
		{ "chunker=size-64", 1000 },
		{ "chunker=size-64 cid-version=1", 100000 },
		{ "chunker=size-16 cid-version=1 layout=trickle", 20000 },
		{ "chunker=size-16 layout=trickle", 3000 },
		{ "chunker=size-64 cid-version=1 raw-leaves=no", 50 },
		{ "chunker=size-64 hash=blake2b-256", 64 },
		{ "chunker=size-64 cid-version=1 raw-leaves=no", 0 },
	};
	static const struct { int file; const char *options; char how; uint64_t off; size_t n; const char *cid; } edits[] = {
		{ 0, "chunker=size-64", 'w', 100, 300, "QmZeMdgW9ycZEUu1rzu2hyiLCoHEo7KxpPfj9KNJLG3cVh" },
		{ 0, "chunker=size-64", 'w', 990, 300, "QmaeuBEwkRVUr2xJFMQ8Hm9AGxJ6NCcVUdammYCqumQwhx" },
		{ 0, "chunker=size-64 raw-leaves=yes", 'w', 5000, 10, "QmQNrVLnojVnmyBPj1nap3tmGdgfRSo8o3cd81xU8g8V1y" },
		{ 0, "chunker=size-64", 't', 500, 0, "QmTM5qwoL1Mf4rdA2wNxddVAZANjRuLmLRKKq33Pqod3VJ" },
		{ 0, "chunker=size-64", 't', 0, 0, "QmSjtaHKSoFN3aJ4tGz1baFTt8eHKMfaid3UpGb3szxuBc" },
		{ 0, "chunker=size-64", 'a', 3, 100, "QmSmrXTBGNkcdkz848triFNcueQtohYw6NASLdcm9Rd3P9" },
		{ 1, "chunker=size-64", 'w', 99999, 20000, "bafybeiejbdxck5n62aoribgnwtoxvz25unwpvxocn75y6expof7tzwjvnq" },
		{ 1, "chunker=size-64", 'w', 50, 99000, "bafybeibf73p5s3pcnb4stx3g3zkev5inuwpck4phdzxcdfhbkodpoqviuy" },
		{ 1, "chunker=size-64", 't', 64, 0, "bafybeigoyfxs5bqlqzdnlztc4kkxpnd7375sue7nu4av4y4aba2fpaisnu" },
		{ 1, "chunker=size-64", 't', 63, 0, "bafybeiaal6ky7fwysfahrsrvbn664coc6ykylag4elxjnuoh7ankzytknq" },
		{ 1, "chunker=size-64 raw-leaves=no", 't', 10, 0, "bafybeiecp7bos2fr4sc2pcf3g2qmtgsbm22r4xzh5xzfnn7pbfysm45zla" },
		{ 2, "chunker=size-16", 'w', 20000, 1, "bafybeiamworbhrjombp77xrxeiiedvlskzllemucynq6svpb5eyziennle" },
		{ 2, "chunker=size-16", 'w', 20000, 90000, "bafybeieqo7mkegbq75qefavug6grlqw3qgh5hmvnlzz2rkgkf43wbbm7f4" },
		{ 2, "chunker=size-16", 't', 15000, 0, "bafybeienvst5ym6xbpgc7tnrarl5xugflbgy7f2woonljnk5kzmxg7wxsa" },
		{ 3, "chunker=size-16", 'w', 3000, 40000, "Qmd5aZMaFWRDyBRMrjUL3ZSqRXj3gvJhdKuD6t9WH5p73B" },
		{ 3, "chunker=rabin-48-64-128", 'w', 3000, 4000, "QmSQrL3jXgzboJVYa9DRgPwVban3zKjFyBrzjDyyt2TxSH" },
		{ 4, "chunker=size-64", 'w', 10, 40, "bafybeidv6df2g7e4n6wdm6lemqkruunvxk4uh4sahf42h74ypbxkldd33i" },
		{ 4, "chunker=size-64", 'a', 0, 10, "bafkreifaonglwxig6alagegoctfkhgi6yyxswuigcyxc6e7hd7kiahzgya" },
		{ 4, "chunker=size-64", 't', 20, 0, "QmYhHjvWiSHRTr6XPm7YWGEWhBsftC3cnLDTjuaL8ThpUA" },
		{ 5, "chunker=size-64", 'w', 64, 1, "bafykbzacecztbgpub6nuh6pnlevkvjrklj5scievyfem7buwlfjoe7hye4huc" },
		{ 5, "chunker=size-64 raw-leaves=no", 'w', 64, 200,
		  "bafykbzacebwbbh44ghonorenz2diuoobmwspq7subvdpod4l4tzklygwkoduw" },
		{ 5, "chunker=size-64", 'w', 9000, 5, "bafykbzacebuokapu5io6q3heynrw6nx2fvrsrahjmmwvkb6gfezvjyywv7xmq" },
		{ 5, "chunker=size-64", 'w', 0, 64, "bafk2bzacedmjbm2oi2z3gzg25723d5ayfqmii7a7kipotwgpvps6uszuvxmtg" },
		{ 6, "chunker=size-64", 'w', 0, 64, "bafkreig3mcxfcscjtild3pbsi6sm23ezkjnkqgutzxth7pradb2awjjiha" },
		{ 6, "chunker=size-64", 'w', 0, 65, "bafybeih3tlkvnbz35l4uzi6facuzyqdg7h4qk2264xtjrqdm7c5uhrjnuq" },
		/* longer than its buffer */
		{ 6, "", 'w', 0, 2200000, "bafybeicu46d3ynbbk5gs3abgrok5aehsnmoprlng33o63e77cby3dpalbi" },
		{ 6, "chunker=size-64", 'w', 10000, 0, "bafybeienwlixo5zqzgvcce7zq7gdhkawcnxxkw6xq2nypl6xunv5besjue" },
		{ 6, "chunker=size-64 raw-leaves=no", 'w', 0, 12000,
		  "bafybeicgxhy7kt3yoaunct75lq5nfb5fdb35pjzeebsxfqoinidacynbqi" },
	};
	struct unixfs_builder *old;
	struct unixfs_node n;
	size_t i;

	for (i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		old = make_builder(files[edits[i].file].options);
		n = make_file(old, noise(1, files[edits[i].file].n), NULL);
		unixfs_builder_free(old);
		b = make_builder(edits[i].options);
		if (edits[i].how == 't')
			n = cut(&n, edits[i].off);
		else
			n = (edits[i].how == 'a' ? written_anew : written)(&n, edits[i].off, noise(2, edits[i].n));
		CHECK_STR(make_cid(&n), edits[i].cid);
		unixfs_builder_free(b);
	}
}

/* ---- the bytes, whatever is done ---- */

struct model { uint8_t *p; size_t len; };
enum { MODEL_MAX = 200000 };

static void model_write(struct model *m, size_t off, struct span s)
{
	if (off > m->len)
		memset(m->p + m->len, 0, off - m->len);
	if (s.len)
		memcpy(m->p + off, s.p, s.len);
	m->len = off > m->len ? off : m->len;
	m->len = off + s.len > m->len ? off + s.len : m->len;
}

static uint64_t draw(uint64_t n)
{
	static uint64_t state = 99;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % n;
}

static void edited_at_random(const char *made, const char *options, size_t chunk)
{
	struct model m = { unit_kept(MODEL_MAX), 0 };
	struct unixfs_builder *old = make_builder(made);
	struct span bytes = noise(3, MODEL_MAX), part;
	struct unixfs_node n;
	size_t off, len;
	int i;

	m.len = strstr(made, "identity") ? draw(40) : draw(400) * chunk + draw(2);
	memcpy(m.p, bytes.p, m.len);
	n = make_file(old, span_of(m.p, m.len), NULL);
	b = make_builder(options);
	for (i = 0; i < 12; i++) {
		off = draw(3) ? draw(m.len + 1) : m.len + draw(2) * draw(5000);
		len = draw(2) ? draw(4 * chunk) : draw(300 * chunk);
		part = span_of(bytes.p + draw(1000), len);
		switch (draw(4)) {
		case 0:
			n = cut(&n, off);
			if (off > m.len)
				model_write(&m, off, span_str(""));
			m.len = off;
			break;
		case 1:
			n = written_anew(&n, off / 10, part);
			m.len = 0;
			model_write(&m, off / 10, part);
			break;
		default:
			n = written(&n, off, part);
			model_write(&m, off, part);
		}
		CHECK(holds(&n, span_of(m.p, m.len)));
		if (m.len > MODEL_MAX / 2)
			break;
	}
	unixfs_builder_free(old);
	unixfs_builder_free(b);
}

static void bytes_stay_right(void)
{
	static const char *const made[] = { "chunker=size-16", "chunker=size-16 cid-version=1",
		"chunker=size-16 layout=trickle", "chunker=size-16 max-links=300", "chunker=size-16 max-links=2",
		"chunker=size-16 cid-version=1 max-links=300", "chunker=size-100 layout=trickle max-links=3",
		"chunker=size-50 hash=identity cid-version=1", "inline=yes chunker=size-16" };
	size_t i, k;

	for (i = 0; i < sizeof made / sizeof made[0]; i++) {
		for (k = 0; k < 6; k++) {
			edited_at_random(made[i], "chunker=size-16", 16);
			edited_at_random(made[i], "chunker=size-50 raw-leaves=yes", 16);
			edited_at_random(made[i], "chunker=rabin-48-100-200 raw-leaves=no", 20);
		}
	}
}

/* Kubo 0.43 reads " world" back from what it makes of this */
static void bytes_in_the_root_are_not_lost(void)
{
	struct unixfs_node n;

	b = make_builder("");
	n = make_text(b, "hello");
	n = written(&n, 5, span_str(" world"));
	CHECK(holds(&n, span_str("hello world")));
	n = make_text(b, "hello");
	n = cut(&n, 7);
	CHECK(holds(&n, span_of("hello\0\0", 7)));
	unixfs_builder_free(b);
}

/* ---- zeros ---- */

static void far_beyond_the_end(void)
{
	struct into to = { { into_put }, BUF_INIT(4096) };
	struct unixfs_node n, m;
	uint64_t puts;

	b = make_builder("cid-version=1");
	n = make_text(b, "begin");
	puts = make_dag.n_puts;
	n = written(&n, UINT64_C(1) << 50, span_str("end"));
	CHECK(n.size == (UINT64_C(1) << 50) + 3 && make_dag.n_puts - puts < 100);
	CHECK(unixfs_cat(&make_dag.source, &n.cid, (UINT64_C(1) << 50) - 1, 4, &to.sink, NULL, NULL) == 0);
	CHECK(span_equal(buf_span(&to.bytes), span_of("\0end", 4)));
	m = cut(&n, 5);
	CHECK(holds(&m, span_str("begin")));
	CHECK_ERR(unixfs_truncate(b, &make_dag.source, &n.cid, UINT64_MAX - 5, &m), ERR_LIMIT);
	CHECK_ERR(unixfs_truncate(b, &make_dag.source, &n.cid, INT64_MAX, &m), ERR_LIMIT);	/* with its links */
	buf_clear(&to.bytes);
	unixfs_builder_free(b);
}

/* zeros by the shortest way are the zeros of the long way */
static void zeros_are_zeros(void)
{
	struct unixfs_node n, one, two;
	size_t len = 4096 * 174 * 30 + 5;

	b = make_builder("cid-version=1 chunker=size-4096");
	n = empty("cid-version=1 raw-leaves=no");
	one = cut(&n, len);
	/* in pieces that fit into its buffer, so that no chunk is cut short */
	for (two = n; two.size < len; )
		two = written(&two, two.size, span_of(make_bytes(NULL, 4096 * 500).p,
						     len - two.size < 4096 * 500 ? len - two.size : 4096 * 500));
	CHECK(one.size == len && two.size == len);
	CHECK(holds(&one, make_bytes(NULL, len)));
	unixfs_builder_free(b);
}

static void touches_little(void)
{
	struct unixfs_node n;
	uint64_t gets, puts;

	b = make_builder("chunker=size-64 max-links=10");
	n = make_file(b, noise(1, 640000), NULL);		/* five levels */
	gets = make_dag.n_gets;
	puts = make_dag.n_puts;
	n = written(&n, 320000, span_str("x"));
	CHECK(make_dag.n_gets - gets <= 8 && make_dag.n_puts - puts == 5);
	puts = make_dag.n_puts;
	n = written(&n, 640000, span_str("x"));
	CHECK(make_dag.n_puts - puts <= 3);
	puts = make_dag.n_puts;
	gets = make_dag.n_gets;
	n = cut(&n, 77777);
	CHECK(make_dag.n_gets - gets <= 8 && make_dag.n_puts - puts == 5);
	unixfs_builder_free(b);
}

/* ---- mode and time ---- */

static struct unixfs_node with(const struct unixfs_node *n, uint32_t mode, int64_t mtime, uint32_t nsec, int which)
{
	struct unixfs_meta set = { mode, 1, mtime, nsec };
	struct unixfs_node out = *n;

	CHECK(unixfs_set_meta(b, &make_dag.source, &n->cid, &set, which, &out) == 0);
	return out;
}

static int64_t mtime_of(const struct unixfs_node *n)
{
	struct unixfs_stat st;

	CHECK(unixfs_stat(&make_dag.source, &n->cid, &st) == 0);
	return st.meta.has_mtime ? st.meta.mtime : INT64_MIN;
}

/* boxo changes a time where it writes the message that holds it, and nowhere else */
static void times_of_what_changed(void)
{
	int64_t now = time(NULL);
	struct unixfs_node n, m;

	b = make_builder("chunker=size-16");
	n = make_text(b, "short");
	n = with(&n, 0, 1000, 0, UNIXFS_SET_MTIME);
	m = written(&n, 1, span_str("H"));
	CHECK(mtime_of(&m) >= now && mtime_of(&m) <= now + 60);
	m = cut(&n, 2);
	CHECK(mtime_of(&m) >= now);
	m = written(&n, 5, span_str("er"));
	CHECK(mtime_of(&m) >= now && holds(&m, span_str("shorter")));
	m = written(&n, 3, span_str(""));		/* nothing */
	CHECK(cid_equal(&m.cid, &n.cid));
	n = make_file(b, noise(1, 1600), NULL);
	n = with(&n, 0644, 1000, 0, UNIXFS_SET_MODE | UNIXFS_SET_MTIME);
	m = written(&n, 1600, span_str("more"));
	CHECK(mtime_of(&m) >= now);
	m = written(&n, 100, span_str("other"));
	CHECK(mtime_of(&m) == 1000);
	m = cut(&n, 100);
	CHECK(mtime_of(&m) == 1000);
	n = make_file(b, noise(1, 1600), NULL);
	m = written(&n, 1600, span_str("more"));
	CHECK(mtime_of(&m) == INT64_MIN);
	unixfs_builder_free(b);
}

/* Kubo test/sharness/t0047-add-mode-mtime.sh (reference/unixfs.md 19.5), and computed with Kubo 0.43.1 */
static void metas(void)
{
	struct unixfs_builder *v1;
	struct unixfs_node n, m;
	struct unixfs_dir *d;

	b = make_builder("");
	v1 = make_builder("cid-version=1");
	n = make_text(b, "");
	m = with(&n, 0640, 0, 0, UNIXFS_SET_MODE);
	CHECK_STR(make_cid(&m), "QmQLgxypSNGNFTuUPGCecq6dDEjb6hNB5xSyVmP3cEuNtq");
	m = with(&m, 0, 1604320482, 0, UNIXFS_SET_MTIME);
	CHECK_STR(make_cid(&m), "QmYkvboLsvLFcSYmqVJRxvBdYRQLroLv9kELf3LRiCqBri");
	m = with(&n, 0764, 1603539720, 54321, UNIXFS_SET_MODE | UNIXFS_SET_MTIME);
	CHECK_STR(make_cid(&m), "QmUkxrtBA8tPjwCYz1HrsoRfDz6NgKut3asVeHVQNH4C8L");
	CHECK(unixfs_set_meta(b, &make_dag.source, &m.cid, &(struct unixfs_meta){ 0 },
			      UNIXFS_SET_MODE | UNIXFS_SET_MTIME, &m) == 0 && cid_equal(&m.cid, &n.cid));
	/* a raw block becomes a node with its bytes, v0 */
	n = make_text(v1, "raw");
	m = with(&n, 0644, 0, 0, UNIXFS_SET_MODE);
	CHECK(n.cid.codec == CID_RAW && m.cid.version == 0 && holds(&m, span_str("raw")));
	/* links and kind of name stay */
	n = make_file(v1, noise(1, 300000), NULL);
	m = with(&n, 0644, 0, 0, UNIXFS_SET_MODE);
	CHECK(m.cid.version == 1 && holds(&m, noise(1, 300000)));
	m = with(&m, 0, 0, 0, UNIXFS_SET_MODE);
	CHECK(cid_equal(&n.cid, &m.cid) && n.tsize == m.tsize);
	/* directories and symlinks */
	NEED(unixfs_dir_new(&d, b, NULL) == 0 && unixfs_dir_end(d, &n) == 0);
	m = with(&n, 0755, 0, 0, UNIXFS_SET_MODE);
	CHECK_STR(make_cid(&m), "QmRviohgafvCsbkiTgfQFipbuXJ6k1YtoiaQW4quttJPKu");
	m = with(&n, 0, 1000, 0, UNIXFS_SET_MTIME);
	CHECK_STR(make_cid(&m), "QmRYG9yfXvMVtAkPCCQTRPHbGMrejCujafJZJPAeidfCYV");
	m = with(&m, 0755, 0, 0, UNIXFS_SET_MODE);
	CHECK_STR(make_cid(&m), "QmR8zyAJjCD413A6WFnAHwwp6E33y5Xt5wszZpjVVMPj2F");
	CHECK(m.type == UNIXFS_DIRECTORY);
	NEED(unixfs_add_symlink(b, span_str("foo"), NULL, &n) == 0);
	m = with(&n, 0644, 0, 0, UNIXFS_SET_MODE);
	CHECK_STR(make_cid(&m), "QmURPFcgNnmnwrEZy4CCc5oR3xWwRhPoGUbtVCf8pCPQU9");
	unixfs_builder_free(v1);
	unixfs_builder_free(b);
}

/* a sharded directory gets a mode and a time (the CIDs are Kubo's, 0.43.1), and loses them again */
static void meta_of_a_shard(void)
{
	struct unixfs_node n, m, file;
	struct unixfs_stat st;
	struct unixfs_dir *d;
	char name[16];
	int i;

	b = make_builder("hamt-threshold=100 cid-version=1");
	NEED(unixfs_dir_new(&d, b, NULL) == 0);
	for (i = 1; i <= 30; i++) {
		snprintf(name, sizeof name, "%d\n", i);
		file = make_text(b, name);
		snprintf(name, sizeof name, "f%d", i);
		CHECK(unixfs_dir_add(d, span_str(name), &file) == 0);
	}
	NEED(unixfs_dir_end(d, &n) == 0);
	CHECK_STR(make_cid(&n), "bafybeie5ig7qoktqif6hfmtfednynuvfncqkovutjwk5bmmmlww6zsm3zm");
	m = with(&n, 0711, 77, 0, UNIXFS_SET_MODE | UNIXFS_SET_MTIME);
	CHECK_STR(make_cid(&m), "bafybeih37zwothrmibu4mzbpqlv7h7mg5lckagrmzfvbxsgbxezja7of2q");
	m = with(&n, 0711, -5, 6, UNIXFS_SET_MODE | UNIXFS_SET_MTIME);
	CHECK(unixfs_stat(&make_dag.source, &m.cid, &st) == 0);
	CHECK(st.type == UNIXFS_HAMT && st.meta.mode == 0711 && st.meta.mtime == -5 && st.meta.nsec == 6);
	CHECK(m.type == UNIXFS_HAMT && st.cumulative == m.tsize);
	CHECK(unixfs_set_meta(b, &make_dag.source, &m.cid, &(struct unixfs_meta){ 0 },
			      UNIXFS_SET_MODE | UNIXFS_SET_MTIME, &m) == 0 && cid_equal(&m.cid, &n.cid));
	unixfs_builder_free(b);
}

/* bits of a mode nobody knows are kept */
static void mode_of_many_bits(void)
{
	static const char file[] = "0a0808021800388ea07e";	/* File, filesize 0, mode 0x1f900e */
	struct cid c;
	struct unixfs_node n = { .tsize = 0 };
	struct unixfs_data d;
	struct buf block = BUF_INIT(4096);

	b = make_builder("");
	c = memdag_add(&make_dag, 0, CID_DAG_PB, unit_hex(file));
	CHECK(unixfs_set_meta(b, &make_dag.source, &c, &(struct unixfs_meta){ .mode = 0644 }, UNIXFS_SET_MODE, &n) == 0);
	CHECK(dag_get(&make_dag.source, &n.cid, &block) == 0 && block.len > 2);
	CHECK(unixfs_decode(span_of(block.data + 2, block.len - 2), &d) == 0);
	CHECK(d.meta.mode == 0644 && d.mode_high == 0x1f9000);
	buf_clear(&block);
	unixfs_builder_free(b);
}

/* ---- names ---- */

static void what_identity_cannot_hold(void)
{
	struct unixfs_node n, m;

	b = make_builder("chunker=size-200");
	n = empty("cid-version=1 hash=identity raw-leaves=no");
	CHECK(cid_mh(&n.cid).p[0] == MH_IDENTITY);
	m = written(&n, 0, span_str("short"));
	CHECK(cid_mh(&m.cid).p[0] == MH_IDENTITY && holds(&m, span_str("short")));
	m = written(&m, 5, noise(1, 1000));
	CHECK(cid_mh(&m.cid).p[0] == MH_SHA2_256 && m.cid.version == 1 && m.size == 1005);
	n = make_text(b, "v0");
	m = written(&n, 0, span_str("V"));
	CHECK(m.cid.version == 0);
	unixfs_builder_free(b);
}

/* ---- what is refused leaves nothing ---- */

static ssize_t fails(void *arg, void *p, size_t len)
{
	int *n = arg;

	memset(p, 'x', len);
	return --*n < 0 ? err_set(ERR_IO, "no more") : (ssize_t)(len < 100 ? len : 100);
}

static void refuse(const char *hex, int code)
{
	struct cid c = memdag_add(&make_dag, 0, CID_DAG_PB, unit_hex(hex));
	struct make_input in = { span_str("x") };
	struct unixfs_node out = { .tsize = 4711 };

	CHECK_ERR(unixfs_write_at(b, &make_dag.source, &c, 0, make_read, &in, 1, &out), code);
	CHECK_ERR(unixfs_truncate(b, &make_dag.source, &c, 3, &out), code);
	CHECK(out.tsize == 4711);
}

static void refusals(void)
{
	struct unixfs_node n, out = { .tsize = 4711 };
	struct make_input in = { span_str("x") };
	struct cid c;
	int times = 3;

	b = make_builder("");
	refuse("0a020801", ERR_INVALID);			/* a directory */
	refuse("0a0708041203666f6f", ERR_INVALID);		/* a symlink */
	refuse("0a020803", ERR_INVALID);			/* metadata */
	refuse("0a00", ERR_INVALID);
	refuse("0a04080218ff7f", ERR_INVALID);
	refuse("0a0608021801203f", ERR_INVALID);		/* a size of a child that is not there */
	refuse("0a0b080212056865ff6c6f180620", ERR_INVALID);
	refuse("0a09080212036162631804", ERR_INVALID);	/* says it has more bytes than it has */
	/* bytes beside a link, as Kubo makes them */
	refuse("12280a221220e9daf38792d2e16838d1082cbd6cfd202e492ff21ae42095d6f3a9f4b9b8d6d21200180e"
	       "0a0d0802120568656c6c6f180b2006", ERR_INVALID);
	/* a child that is not there */
	refuse("12280a221220e9daf38792d2e16838d1082cbd6cfd202e492ff21ae42095d6f3a9f4b9b8d6d31200180e"
	       "0a06080218062006", ERR_NOTFOUND);
	n = make_text(b, "hello");
	CHECK_ERR(unixfs_write_at(b, &make_dag.source, &n.cid, 2, fails, &times, UINT64_MAX, &out), ERR_IO);
	CHECK_ERR(unixfs_write_at(b, &make_dag.source, &n.cid, UINT64_MAX, make_read, &in, 1, &out), ERR_LIMIT);
	CHECK(out.tsize == 4711);
	c = n.cid;
	c.bytes[10] ^= 1;
	CHECK_ERR(unixfs_truncate(b, &make_dag.source, &c, 1, &out), ERR_NOTFOUND);
	CHECK_ERR(unixfs_set_meta(b, &make_dag.source, &c, &(struct unixfs_meta){ 0 }, UNIXFS_SET_MODE, &out), ERR_NOTFOUND);
	c = memdag_add(&make_dag, 0, CID_DAG_PB, unit_hex("0a020803"));
	CHECK_ERR(unixfs_set_meta(b, &make_dag.source, &c, &(struct unixfs_meta){ 0 }, UNIXFS_SET_MODE, &out), ERR_INVALID);
	CHECK(out.tsize == 4711);
	unixfs_builder_free(b);
}

/* no more than `max`, however much there is, and not a byte more is read than that */
static void only_so_many(void)
{
	struct make_input in = { noise(1, 1000) };
	struct unixfs_node n;

	b = make_builder("chunker=size-64");
	n = make_text(b, "");
	CHECK(unixfs_write_at(b, &make_dag.source, &n.cid, 0, make_read, &in, 333, &n) == 0);
	CHECK(holds(&n, noise(1, 333)) && in.left.len == 667);
	unixfs_builder_free(b);
}

int main(void)
{
	RUN(known_answers);
	RUN(as_boxo);
	RUN(bytes_stay_right);
	RUN(bytes_in_the_root_are_not_lost);
	RUN(far_beyond_the_end);
	RUN(zeros_are_zeros);
	RUN(touches_little);
	RUN(times_of_what_changed);
	RUN(metas);
	RUN(meta_of_a_shard);
	RUN(mode_of_many_bits);
	RUN(what_identity_cannot_hold);
	RUN(refusals);
	RUN(only_so_many);
	return UNIT_END();
}
