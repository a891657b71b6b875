/* segment_test.c - records, and reading them over damage */
#include "base/crc32c.h"
#include "store/store_priv.h"
#include "storetest.h"

enum { N = 50 };

static uint32_t at[N], end[N];

/* a segment of N records of 100 and more bytes; its open file */
static int segment(const char *dir)
{
	struct store *st = opened(dir, STORE_WRITE);
	struct entry e;
	struct cid cid;
	uint64_t i;

	for (i = 0; i < N; i++)
		CHECK(put(st, i, 100 + 10 * i) == 0);
	CHECK(store_commit(st) == 0);
	for (i = 0; i < N; i++) {
		blk(i, 100 + 10 * i, &cid);
		CHECK(store_lookup(st, cid_mh(&cid), &e) == 1 && e.seg == 1);
		at[i] = e.off;
		end[i] = e.off + 58 + e.stored;
	}
	store_close(st);
	return open(below(dir, "seg/00000001.seg"), O_RDWR);
}

struct result {
	int n, bad, gaps;
	uint64_t gap_bytes;
	uint8_t seen[N];
};

static struct result scanned(int fd)
{
	struct result r = { 0 };
	struct scanned s;
	struct scan scan;
	struct stat sb;
	int rc;

	fstat(fd, &sb);
	CHECK(scan_start(&scan, fd, (uint64_t)sb.st_size, "test") == 0);
	while ((rc = scan_next(&scan, &s)) == 1) {
		r.gaps += s.gap_len > 0;
		r.gap_bytes += s.gap_len;
		r.bad += s.bad;
		if (s.bad)
			continue;
		CHECK(s.rec.mh_len == 34 && s.stored.len == s.rec.stored_len);
		r.n++;
		if (s.stored.len >= 8 && s.stored.p[0] < N)
			r.seen[s.stored.p[0]]++;
	}
	CHECK(rc == 0);
	r.gaps += s.gap_len > 0;
	r.gap_bytes += s.gap_len;
	scan_end(&scan);
	return r;
}

static void flip(int fd, uint32_t off)
{
	uint8_t b;

	CHECK(pread(fd, &b, 1, off) == 1);
	b ^= 0x40;
	CHECK(pwrite(fd, &b, 1, off) == 1);
}

static void records_round_trip(void)
{
	struct rec r = { .codec = 0x70, .raw_len = 5, .stored_len = 5, .crc = 77, .mh_len = 34 };
	uint8_t bytes[REC_HEAD + REC_MH_MAX];
	struct rec back;
	size_t n, i;

	memset(r.mh, 9, 34);
	n = rec_encode(&r, bytes);
	CHECK(n == 58);
	CHECK(rec_decode(bytes, n, &back) == 1);
	CHECK(back.codec == 0x70 && back.raw_len == 5 && back.crc == 77 && back.mh_len == 34);
	for (i = 0; i < n; i++) {	/* every bit of it counts */
		bytes[i] ^= 1;
		CHECK(rec_decode(bytes, n, &back) == 0);
		bytes[i] ^= 1;
		CHECK(rec_decode(bytes, i, &back) == 0);
	}
	r.raw_len = 6;			/* plain, but of two lengths */
	n = rec_encode(&r, bytes);
	CHECK(rec_decode(bytes, n, &back) == 0);
	r.flags = REC_ZSTD;
	n = rec_encode(&r, bytes);
	CHECK(rec_decode(bytes, n, &back) == 1);
	r.flags = 0x10;
	n = rec_encode(&r, bytes);
	CHECK(rec_decode(bytes, n, &back) == 0);
	r = (struct rec){ .raw_len = UINT32_MAX, .stored_len = UINT32_MAX, .mh_len = 34 };
	n = rec_encode(&r, bytes);
	CHECK(rec_decode(bytes, n, &back) == 0);
}

static void heads_are_checked(void)
{
	uint8_t head[SEG_HEAD];
	uint32_t id;
	int i;

	seg_head_encode(0x2a, head);
	CHECK(seg_head_check(head, 0x2a) == 0);
	CHECK_ERR(seg_head_check(head, 0x2b), ERR_CORRUPT);
	for (i = 0; i < SEG_HEAD; i++) {
		head[i] ^= 1;
		CHECK_ERR(seg_head_check(head, 0x2a), ERR_CORRUPT);
		head[i] ^= 1;
	}
	CHECK(seg_id_of("0000002a.seg", &id) == 1 && id == 0x2a);
	CHECK(seg_id_of("0000002A.seg", &id) == 0 && seg_id_of("2a.seg", &id) == 0);
	CHECK(seg_id_of("00000000.seg", &id) == 0 && seg_id_of("0000002a.segx", &id) == 0);
}

static void all_of_a_good_one(void)
{
	int fd = segment(fresh(""));
	struct result r = scanned(fd);

	CHECK(r.n == N && r.bad == 0 && r.gaps == 0);
	close(fd);
}

static void damage_costs_one_record(void)
{
	static const uint32_t where[] = { 0, 2, 3, 5, 9, 13, 17, 21, 24, 57, 58, 100 };
	size_t i;

	for (i = 0; i < sizeof where / sizeof *where; i++) {
		int fd = segment(fresh(""));
		struct result r;
		int k;

		flip(fd, at[10] + where[i]);
		r = scanned(fd);
		CHECK(r.n == N - 1 && r.seen[10] == 0);
		if (where[i] >= 58)		/* its header says how far to go */
			CHECK(r.bad == 1 && r.gaps == 0);
		else
			CHECK(r.gaps == 1 && r.gap_bytes == end[10] - at[10]);
		for (k = 0; k < N; k++)
			CHECK(r.seen[k] == (k != 10));
		close(fd);
	}
}

static void a_torn_end(void)
{
	int fd = segment(fresh("")), k;
	struct result r;

	CHECK(ftruncate(fd, end[30] + 20) == 0);
	r = scanned(fd);
	CHECK(r.n == 31 && r.gaps == 1 && r.gap_bytes == 20);
	CHECK(ftruncate(fd, at[30] + 70) == 0);
	r = scanned(fd);
	CHECK(r.n == 30 && r.gap_bytes == 70);
	CHECK(ftruncate(fd, at[30] + 4096) == 0);	/* zeros, as after a power cut */
	r = scanned(fd);
	CHECK(r.n == 30);
	for (k = 0; k < N; k++)
		CHECK(r.seen[k] == (k < 30));
	close(fd);
}

/* A block may hold the bytes of a record.  Read over damage before it, those must not pass for a
 * record unless they are one: the bytes named by their hash. */
static void forged_records_inside_blocks(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint8_t inner[4000];
	struct rec forged = { .codec = CID_RAW, .raw_len = 10, .stored_len = 10, .mh_len = 34 };
	struct span s, stored = span_of("0123456789", 10);
	struct entry e;
	struct cid cid;
	struct dag_block b = { .cid = &cid, .n_parts = 1, .src_fd = -1 };
	struct result r;
	size_t n;
	int fd;

	memset(inner, 0, sizeof inner);
	blk(3, 10, &cid);		/* the name of another block */
	memcpy(forged.mh, cid_mh(&cid).p, 34);
	forged.crc = crc32c(0, stored);	/* the right checksum, the wrong name */
	n = rec_encode(&forged, inner + 500);
	memcpy(inner + 500 + n, stored.p, 10);
	s = span_of(inner, sizeof inner);
	CHECK(put(st, 1, 200) == 0);
	CHECK(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &s, 1) == 0);
	b.parts[0] = s;
	CHECK(store_put(st, &b) == 0 && put(st, 2, 200) == 0 && store_commit(st) == 0);
	CHECK(store_lookup(st, cid_mh(&cid), &e) == 1);
	store_close(st);
	fd = open(below(dir, "seg/00000001.seg"), O_RDWR);
	flip(fd, e.off + 9);
	r = scanned(fd);
	CHECK(r.n == 2 && r.seen[1] == 1 && r.seen[2] == 1 && r.gap_bytes == 58 + sizeof inner);
	close(fd);
}

static void pads_are_passed_over(void)
{
	char *dir = fresh("store.align = always\n");
	struct store *st = opened(dir, STORE_WRITE);
	struct cid cid;
	struct dag_block b = { .cid = &cid, .n_parts = 1, .src_fd = -1,
			       .payload_at = 6, .payload_len = 69990 };
	struct store_stat stat;
	struct piece p;

	CHECK(put(st, 5, 100) == 0);
	b.parts[0] = blk(1, 70000, &cid);
	CHECK(store_put(st, &b) == 0 && put(st, 2, 100) == 0 && store_commit(st) == 0);
	CHECK(store_extent(st, &cid, &p) == 1 && (p.off + 6) % 4096 == 0);
	CHECK(got(st, 1, 70000) == 1 && got(st, 2, 100) == 1 && got(st, 5, 100) == 1);
	CHECK(store_stat(st, &stat) == 0 && stat.dead_bytes == 0);
	store_close(st);
	NO_FAULTS(dir);
}

int main(void)
{
	RUN(records_round_trip);
	RUN(heads_are_checked);
	RUN(all_of_a_good_one);
	RUN(damage_costs_one_record);
	RUN(a_torn_end);
	RUN(forged_records_inside_blocks);
	RUN(pads_are_passed_over);
	return UNIT_END();
}
