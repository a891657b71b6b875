#include <unistd.h>

#include "opstore.h"

static void put_names_as_told(void)
{
	struct store *st = opstore();
	struct ops_block_put o;
	struct span hello = span_str("hello world");
	char text[CID_TEXT_MAX];
	struct cid cid;

	ops_block_put_init(&o);
	CHECK(ops_block_put_bytes(st, &o, hello, &cid) == 0);
	CHECK_STR(cid_text(&cid, text), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
	o.version = 0;
	CHECK_ERR(ops_block_put_bytes(st, &o, hello, &cid), ERR_USAGE);		/* raw */
	o.codec = CID_DAG_PB;
	CHECK(ops_block_put_bytes(st, &o, hello, &cid) == 0 && cid.version == 0);
	ops_block_put_init(&o);
	o.hash = MH_MURMUR3_X64_64;
	CHECK_ERR(ops_block_put_bytes(st, &o, hello, &cid), ERR_DENIED);
	o.hash = MH_SHA2_256;
	o.digest_len = 19;
	CHECK_ERR(ops_block_put_bytes(st, &o, hello, &cid), ERR_DENIED);
	o.digest_len = 33;
	CHECK_ERR(ops_block_put_bytes(st, &o, hello, &cid), ERR_USAGE);
	store_close(st);
}

static void big_blocks_are_refused_unread(void)
{
	struct store *st = opstore();
	struct ops_block_put o;
	uint8_t *bytes = unit_kept(BLOCK_MAX + 1);
	FILE *f = tmpfile();
	struct cid cid;

	memset(bytes, 7, BLOCK_MAX + 1);
	ops_block_put_init(&o);
	CHECK(ops_block_put_bytes(st, &o, span_of(bytes, BLOCK_MAX), &cid) == 0);
	CHECK_ERR(ops_block_put_bytes(st, &o, span_of(bytes, BLOCK_MAX + 1), &cid), ERR_LIMIT);
	NEED(ftruncate(fileno(f), BLOCK_MAX + 1) == 0);
	CHECK_ERR(ops_block_put(st, &o, fileno(f), "f", &cid), ERR_LIMIT);
	rewind(f);
	o.allow_big = 1;
	CHECK(ops_block_put(st, &o, fileno(f), "f", &cid) == 0);
	NEED(ftruncate(fileno(f), 4LL << 30) == 0);		/* 4 GiB of nothing */
	rewind(f);
	CHECK_ERR(ops_block_put(st, &o, fileno(f), "f", &cid), ERR_LIMIT);
	rewind(f);
	o.allow_big = 0;
	CHECK_ERR(ops_block_put(st, &o, fileno(f), "f", &cid), ERR_LIMIT);
	fclose(f);
	store_close(st);
}

static void get_writes_it_back(void)
{
	struct store *st = opstore();
	struct cid cid = opblock(st, 1, CID_RAW, span_str("hello")), none;
	FILE *f = tmpfile();
	char got[16];

	NEED(store_commit(st) == 0);
	NEED(cid_parse(span_str("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"), &none,
		       NULL) == 0);
	CHECK(ops_block_get(st, &cid, fileno(f)) == 0);
	CHECK(pread(fileno(f), got, 16, 0) == 5 && !memcmp(got, "hello", 5));
	CHECK_ERR(ops_block_get(st, &none, fileno(f)), ERR_NOTFOUND);
	fclose(f);
	store_close(st);
}

/* ---- rm ---- */

struct fates {
	int rc[8], n;
	char text[8][200];
};

static int note(void *arg, const struct cid *cid, int rc)
{
	struct fates *f = arg;

	(void)cid;
	snprintf(f->text[f->n], sizeof f->text[0], "%s", rc < 0 ? err_text() : "");
	f->rc[f->n++] = rc;
	return 0;
}

static void pinned_blocks_stay(void)
{
	struct store *st = opstore();
	struct ops_block_put o;
	struct oplink l = { .name = "f" };
	struct fates f = { .n = 0 }, g = { .n = 0 }, h = { .n = 0 };
	struct cid c[5], dir;
	char via[CID_TEXT_MAX + 32], text[CID_TEXT_MAX];

	ops_block_put_init(&o);
	o.pin = 1;
	c[0] = opblock(st, 1, CID_RAW, span_str("free"));
	c[1] = l.cid = opblock(st, 1, CID_RAW, span_str("below"));
	c[2] = dir = opdir(st, &l, 1);
	c[3] = opblock(st, 1, CID_RAW, span_str("direct"));
	NEED(cid_parse(span_str("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"), &c[4],
		       NULL) == 0);
	NEED(ops_block_commit(st, &o, &dir, 1) == 0);
	NEED(pin_add(st, &c[3], PIN_DIRECT, NULL) == 0);
	/* alone: the root above is named */
	NEED(ops_block_rm(st, &c[1], 1, 0, note, &f) == 0);
	snprintf(via, sizeof via, "pinned via %s", cid_text(&dir, text));
	CHECK(f.rc[0] == ERR_DIFFER);
	CHECK_STR(f.text[0], via);
	/* many: one walk for all */
	NEED(ops_block_rm(st, c, 5, 0, note, &g) == 0);
	CHECK(g.n == 5 && g.rc[0] == 0 && g.rc[4] == ERR_NOTFOUND);
	CHECK_STR(g.text[1], "pinned: indirect");
	CHECK_STR(g.text[2], "pinned: recursive");
	CHECK_STR(g.text[3], "pinned: direct");
	CHECK(store_has(st, &c[0]) == 0 && store_has(st, &c[1]) == 1);
	NEED(ops_block_rm(st, c, 5, 1, note, &h) == 0);
	CHECK(h.n == 5 && !h.rc[0] && !h.rc[1] && !h.rc[2] && !h.rc[3] && !h.rc[4]);
	CHECK(store_has(st, &c[1]) == 0 && store_has(st, &c[3]) == 0);
	store_close(st);
}

static int stop_at_first(void *arg, const struct cid *cid, int rc)
{
	(void)arg;
	(void)cid;
	return rc == 0 ? err_set(ERR_INTERRUPTED, "stop") : 0;
}

static void a_stop_removes_nothing(void)
{
	struct store *st = opstore();
	struct cid cid = opblock(st, 1, CID_RAW, span_str("stays"));

	NEED(store_commit(st) == 0);
	CHECK_ERR(ops_block_rm(st, &cid, 1, 0, stop_at_first, NULL), ERR_INTERRUPTED);
	NEED(store_commit(st) == 0);
	CHECK(store_has(st, &cid) == 1);
	store_close(st);
}

int main(void)
{
	RUN(put_names_as_told);
	RUN(big_blocks_are_refused_unread);
	RUN(get_writes_it_back);
	RUN(pinned_blocks_stay);
	RUN(a_stop_removes_nothing);
	return UNIT_END();
}
