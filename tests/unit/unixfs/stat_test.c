#include "car.h"

static const struct span none = { NULL, 0 };

static int stat_hex(struct memdag *m, const char *hex, struct unixfs_stat *st)
{
	struct cid cid = memdag_add(m, 1, CID_DAG_PB, unit_hex(hex));

	return unixfs_stat(&m->source, &cid, st);
}

static void what_nodes_say(void)
{
	struct unixfs_stat st;
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	cid = memdag_add(&m, 1, CID_RAW, span_str("hello"));
	CHECK(unixfs_stat(&m.source, &cid, &st) == 0);
	CHECK(st.type == UNIXFS_RAW && st.size == 5 && st.cumulative == 5 && st.block_len == 5);
	CHECK(m.n_gets == 0);				/* its length is known without it */
	CHECK(stat_hex(&m, "0a0408021800", &st) == 0);
	CHECK(st.type == UNIXFS_FILE && st.size == 0 && st.cumulative == 6 && st.n_links == 0);
	CHECK(stat_hex(&m, "0a020801", &st) == 0);
	CHECK(st.type == UNIXFS_DIRECTORY && st.size == 0 && st.cumulative == 4);
	CHECK(stat_hex(&m, "0a07080412036c6e6b", &st) == 0);
	CHECK(st.type == UNIXFS_SYMLINK && st.size == 3);
	CHECK(stat_hex(&m, "0a07080212036c6e6b", &st) == 0);	/* no filesize: what is inside */
	CHECK(st.type == UNIXFS_FILE && st.size == 3);
	CHECK_ERR(stat_hex(&m, "0a00", &st), ERR_INVALID);
	CHECK_ERR(stat_hex(&m, "0a000a00", &st), ERR_INVALID);
	cid = memdag_add(&m, 1, CID_DAG_CBOR, unit_hex("a0"));
	CHECK_ERR(unixfs_stat(&m.source, &cid, &st), ERR_INVALID);
	NEED(cid_sum(&cid, 1, CID_DAG_PB, MH_SHA2_256, &(struct span){ NULL, 0 }, 1) == 0);
	CHECK_ERR(unixfs_stat(&m.source, &cid, &st), ERR_NOTFOUND);
	cid.codec = CID_RAW;
	CHECK_ERR(unixfs_stat(&m.source, &cid, &st), ERR_NOTFOUND);
}

static void mode_and_time(void)
{
	struct unixfs_stat st;
	struct memdag m;

	memdag_init(&m);
	/* file, filesize 0, mode 0764, mtime 1603539720 and 54321 ns */
	CHECK(stat_hex(&m, "0a140802180038f403420b0888a6d0fc051531d40000", &st) == 0);
	CHECK(st.meta.mode == 0764 && st.meta.has_mtime);
	CHECK(st.meta.mtime == 1603539720 && st.meta.nsec == 54321);
}

static void claims_are_added_up(void)
{
	uint64_t sizes[3] = { 10, 20, UINT64_MAX };
	struct memdag_link l[3] = { { .name = "" }, { .name = "" }, { .name = "" } };
	struct unixfs_stat st;
	struct memdag m;
	struct cid cid;

	memdag_init(&m);
	l[0].cid = l[1].cid = l[2].cid = memdag_add(&m, 1, CID_RAW, none);
	l[0].tsize = 100;
	l[1].tsize = 1000;
	cid = memdag_node(&m, 1, l, 2, message(UNIXFS_FILE, none, -1, sizes, 2));
	CHECK(unixfs_stat(&m.source, &cid, &st) == 0);
	CHECK(st.size == 30 && st.n_links == 2 && st.cumulative == st.block_len + 1100);
	/* sums of lies end at the largest number, not at a small one */
	l[0].tsize = l[1].tsize = l[2].tsize = INT64_MAX;
	cid = memdag_node(&m, 1, l, 3, message(UNIXFS_FILE, none, -1, sizes, 3));
	CHECK(unixfs_stat(&m.source, &cid, &st) == 0);
	CHECK(st.size == UINT64_MAX && st.cumulative == UINT64_MAX);
}

int main(void)
{
	RUN(what_nodes_say);
	RUN(mode_and_time);
	RUN(claims_are_added_up);
	return UNIT_END();
}
