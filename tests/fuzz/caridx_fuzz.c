/*
 * caridx_fuzz.c - strange bytes as an archive at hand, above all its index.
 * A CARv2 of a few blocks stands before the input, which is its index; or, when the first byte is odd, the
 * input is the whole file.  Look-ups end, and find what is there or complain: what they find has the
 * multihash asked for.  A checked index finds everything it holds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "car/file_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s: %s\n", #x, err_text()); abort(); } } while (0)

enum { BLOCKS = 8 };

static struct cid cids[BLOCKS + 1];	/* the last one is not there */
static struct span block[BLOCKS + 1] = {
	{ (const uint8_t *)"hello world", 11 }, { (const uint8_t *)"second block", 12 }, { (const uint8_t *)"c", 1 },
	{ (const uint8_t *)"", 0 }, { (const uint8_t *)"e", 1 }, { (const uint8_t *)"ff", 2 },
	{ (const uint8_t *)"g", 1 }, { (const uint8_t *)"h", 1 }, { (const uint8_t *)"absent", 6 },
};

static void payload(struct buf *out)
{
	static const uint64_t hash[] = { MH_SHA2_256, MH_SHA2_256, MH_SHA2_512, MH_SHA1, MH_BLAKE3 };
	struct sink_buf to;
	struct car_out o;
	int i;

	for (i = 0; i <= BLOCKS; i++)
		MUST(cid_sum(&cids[i], 1, CID_RAW, hash[i % 5], &block[i], 1) == 0);
	sink_buf_start(&to, out);
	MUST(car_out_start(&o, &to.sink, NULL, cids, 1) == 0);
	for (i = 0; i < BLOCKS; i++)
		MUST(car_out_block(&o, &cids[i], &(struct piece){ .bytes = block[i], .fd = -1 }) == 0);
}

static void archive(struct span index, struct buf *out)
{
	struct buf inner = BUF_INIT(1 << 20);
	struct car_v2 v = { .data_off = CAR_V2_HEADER };
	uint8_t head[CAR_V2_HEADER];

	payload(&inner);
	v.data_size = inner.len;
	v.index_off = index.len ? CAR_V2_HEADER + inner.len : 0;
	car_v2_encode(&v, head);
	MUST(buf_bytes(out, head, sizeof head) == 0 && buf_add(out, buf_span(&inner)) == 0 &&
	     buf_add(out, index) == 0);
	buf_clear(&inner);
}

static void look_up(struct car_file *f, int honest)
{
	struct buf got = BUF_INIT(CAR_SECTION_MAX);
	uint64_t off, len;
	int i, rc;

	for (i = 0; i <= BLOCKS; i++) {
		rc = car_file_find(f, &cids[i], &off, &len);
		MUST(rc <= 1);
		MUST(rc != 1 || off + len <= f->v2.data_off + f->v2.data_size);
		/* only a table of our own is right about lengths, too: an entry may point into a CID, where with
		 * some luck another section begins */
		MUST(rc != 1 || !honest || (i < BLOCKS && len == block[i].len));
		buf_reset(&got);
		rc = dag_get(car_file_source(f), &cids[i], &got);
		MUST(rc < 0 || span_equal(buf_span(&got), block[i]));
		MUST(!honest || rc == (i < BLOCKS ? 0 : ERR_NOTFOUND));
	}
	buf_clear(&got);
}

/* An index that is good in all its entries: each is found by what it stands for. */
static void look_up_all(struct car_file *f)
{
	struct place p;
	uint64_t off, len, at;

	for (at = f->first; at < f->v2.data_size && file_section(f, at, &p) == 0; at = p.next)
		MUST(car_file_find(f, &p.cid, &off, &len) <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf car = BUF_INIT(4 << 20);
	struct span in;
	struct car_file *f;
	uint64_t n;
	char path[64];
	int fd, ours, good;

	if (size < 1 || size > 1 << 16)
		return 0;
	ours = !(data[0] & 1);
	in = span_of(data + 1, size - 1);
	archive(ours ? in : span_of(NULL, 0), &car);
	if (!ours) {
		buf_reset(&car);
		MUST(buf_add(&car, in) == 0);
	}
	fd = memfd_create("archive", MFD_CLOEXEC);
	MUST(fd >= 0 && io_pwrite(fd, car.data, car.len, 0, "memfd") == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (car_file_open(&f, path) == 0) {
		good = car_file_check(f, &n) == 0;
		look_up(f, 0);
		if (good)
			look_up_all(f);
		if (car_file_scan(f) == 0)
			look_up(f, ours);
		MUST(!ours || f->scanned);
		car_file_close(f);
	}
	close(fd);
	buf_clear(&car);
	return 0;
}
