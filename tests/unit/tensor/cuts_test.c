/* cuts_test.c - places where blocks of tensors begin */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "tensor/tensor.h"
#include "tests/unit/unit.h"

enum { PLACES = 20000 };

struct one {
	const char *dtype, *shape;
	uint64_t len;			/* bytes */
};

static uint64_t place[PLACES];
static size_t n_places;

static int note(void *arg, uint64_t off)
{
	if (n_places == PLACES || (n_places && off <= place[n_places - 1]))
		abort();
	place[n_places++] = off;
	return *(int *)arg && n_places == 3 ? 7 : 0;
}

/* a file with these bytes, and holes up to `size` */
static const char *file_of(struct span bytes, uint64_t size)
{
	char *path = unit_kept(4096);
	int fd;

	snprintf(path, 4096, "%s/cuts_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, bytes.p, bytes.len) != (ssize_t)bytes.len || ftruncate(fd, (off_t)size) < 0)
		abort();
	close(fd);
	return path;
}

/* a file of such tensors, in this order; returns where its data begin */
static uint64_t safetensors(const struct one *t, size_t n, const char **path)
{
	struct buf head = BUF_INIT(1 << 22), file = BUF_INIT(1 << 22);
	uint64_t at = 0, data;
	size_t i;
	int rc = buf_str(&head, "{");

	for (i = 0; rc == 0 && i < n; i++, at += t[i - 1].len)
		rc = buf_printf(&head, "%s\"t%zu\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
				i ? "," : "", n - i, t[i].dtype, t[i].shape, at, at + t[i].len);
	if (rc < 0 || buf_str(&head, "}") < 0 || buf_le64(&file, head.len) < 0 || buf_add(&file, buf_span(&head)) < 0)
		abort();
	data = file.len;
	*path = file_of(buf_span(&file), data + at);
	buf_clear(&head);
	buf_clear(&file);
	return data;
}

static int cuts_of(const char *path, uint64_t chunk, int stop)
{
	struct tensor_place *p = NULL;
	struct tensor_set *set = NULL;
	int rc = tensor_place_path(&p, path);

	n_places = 0;
	if (rc == 0)
		rc = tensor_open(&set, p, NULL, NULL);
	if (rc == 0)
		rc = tensor_cuts(set, chunk, note, &stop);
	tensor_close(set);
	tensor_place_free(p);
	unlink(path);
	return rc;
}

/* the places of such a file, from its data on */
static void expect(const struct one *t, size_t n, uint64_t chunk, const uint64_t *want, size_t n_want)
{
	const char *path;
	uint64_t data = safetensors(t, n, &path);
	size_t i;

	CHECK(cuts_of(path, chunk, 0) == 0);
	CHECK(n_places == n_want);
	for (i = 0; i < n_places && i < n_want; i++)
		CHECK(place[i] == data + want[i]);
}

#define EXPECT(t, chunk, ...) do { \
	static const uint64_t want[] = { __VA_ARGS__ }; \
	expect(t, sizeof(t) / sizeof *(t), chunk, want, sizeof want / sizeof *want); \
} while (0)

static void each_tensor_and_its_rows(void)
{
	static const struct one t[] = {
		{ "F32", "[100,25]", 10000 }, { "U8", "[4096]", 4096 }, { "BF16", "[10,3000]", 60000 },
		{ "F16", "[2,3,5000]", 60000 }, { "U8", "[50000]", 50000 }
	};

	/* 6000 a row of the third: two; 30000 and 10000 a step of the fourth: one of the second; the fifth is bytes */
	EXPECT(t, 16384, 0, 10000, 14096, 26096, 38096, 50096, 62096, 74096, 84096, 94096, 104096, 114096, 124096,
	       134096, 150480, 166864, 183248);
	/* a step of the first dimension fits now */
	EXPECT(t, 32768, 0, 10000, 14096, 44096, 74096, 104096, 134096, 166864);
	EXPECT(t, 262144, 0, 10000, 14096, 74096, 134096);
}

/* packed elements whose rows do not end with a byte */
static void chunks_where_no_step_is_whole(void)
{
	static const struct one t[] = { { "F4", "[16,1001]", 8008 }, { "F4", "[16,1002]", 8016 } };

	EXPECT(t, 3000, 0, 3000, 6000, 8008, 8008 + 2505, 8008 + 5010, 8008 + 7515);
}

static void small_ones_stay_together(void)
{
	static const struct one t[] = {
		{ "U8", "[100]", 100 }, { "U8", "[4000]", 4000 }, { "U8", "[50]", 50 }, { "U8", "[60]", 60 },
		{ "U8", "[5000]", 5000 }, { "U8", "[0]", 0 }, { "F32", "[]", 4 }, { "F32", "[1]", 4 }, { "U8", "[4096]", 4096 },
		{ "U8", "[4095]", 4095 }, { "U8", "[4095]", 4095 }, { "U8", "[1]", 1 }
	};

	EXPECT(t, 262144, 0, 4100, 4210, 9210, 9218, 13314, 21504);
}

static void thousands_of_scalars(void)
{
	static struct one t[10000];
	const char *path;
	uint64_t data;
	size_t i;

	for (i = 0; i < 10000; i++)
		t[i] = (struct one){ "F32", "[]", 4 };
	data = safetensors(t, 10000, &path);
	CHECK(cuts_of(path, 262144, 0) == 0);
	CHECK(n_places == 10);
	for (i = 0; i < n_places; i++)
		CHECK(place[i] == data + i * 4096);
}

/* an .npy in the order of columns: a step is one of its last dimension */
static void columns(void)
{
	struct buf b = BUF_INIT(1000);
	const char *head = "{'descr': '|u1', 'fortran_order': True, 'shape': (3000, 10), }";
	size_t i;

	NEED(buf_bytes(&b, "\x93NUMPY\1\0", 8) == 0 && buf_le16(&b, 118) == 0);
	NEED(buf_printf(&b, "%-117s\n", head) == 0 && b.len == 128);
	NEED(cuts_of(file_of(buf_span(&b), 128 + 30000), 7000, 0) == 0);
	CHECK(n_places == 5);
	for (i = 0; i < n_places; i++)
		CHECK(place[i] == 128 + i * 6000);
	buf_clear(&b);
}

/* a GGUF: what fills up to the next multiple of 32 is as a short tensor, and nothing of a long one */
static void gaps(void)
{
	static const struct { uint64_t n, off; } t[] = {
		{ 5, 0 }, { 3, 32 }, { 2000, 64 }, { 1, 8064 }, { 1021, 8096 }, { 1, 12192 }, { 1500, 12224 }, { 2, 18240 }
	};
	static const uint64_t want[] = { 0, 64, 8064, 12180, 12224, 18224 };
	struct buf b = BUF_INIT(4000);
	char name[] = "a";
	size_t i;

	NEED(buf_str(&b, "GGUF") == 0 && buf_le32(&b, 3) == 0 && buf_le64(&b, 8) == 0 && buf_le64(&b, 0) == 0);
	for (i = 0; i < 8; i++, name[0]++)
		NEED(buf_le64(&b, 1) == 0 && buf_str(&b, name) == 0 && buf_le32(&b, 1) == 0 &&
		     buf_le64(&b, t[i].n) == 0 && buf_le32(&b, 0) == 0 && buf_le64(&b, t[i].off) == 0);
	while (b.len % 32)
		NEED(buf_u8(&b, 0) == 0);
	NEED(cuts_of(file_of(buf_span(&b), b.len + 18248), 262144, 0) == 0);
	CHECK(n_places == sizeof want / sizeof *want);
	for (i = 0; i < n_places && i < sizeof want / sizeof *want; i++)
		CHECK(place[i] == b.len + want[i]);
	buf_clear(&b);
}

static void who_asks_may_stop(void)
{
	static const struct one t[] = { { "U8", "[50000]", 50000 } };
	const char *path;

	safetensors(t, 1, &path);
	CHECK(cuts_of(path, 4096, 1) == 7 && n_places == 3);
}

static void nothing_to_cut(void)
{
	static const struct one t[] = { { "U8", "[0]", 0 }, { "F64", "[3,0]", 0 } };
	const char *path;

	safetensors(t, 2, &path);
	CHECK(cuts_of(path, 4096, 0) == 0 && n_places == 0);
	safetensors(t, 0, &path);
	CHECK(cuts_of(path, 4096, 0) == 0 && n_places == 0);
}

/* a model of 300 tensors of some GiB: no more places than blocks, none of them beyond a chunk from the next */
static void a_large_model(void)
{
	static struct one t[300];
	static char shape[300][32];
	uint64_t data, end = 0;
	const char *path;
	size_t i, bad = 0;

	for (i = 0; i < 300; i++) {
		uint64_t rows = 1 + i * 37, cols = 1 + i * i % 4097;

		snprintf(shape[i], sizeof shape[i], "[%" PRIu64 ",%" PRIu64 "]", rows, cols);
		t[i] = (struct one){ "BF16", shape[i], 2 * rows * cols };
		end += t[i].len;
	}
	data = safetensors(t, 300, &path);
	NEED(end > (uint64_t)4 << 30);
	CHECK(cuts_of(path, 1048576, 0) == 0);
	for (i = 1; i < n_places; i++)
		bad += place[i] - place[i - 1] > 1048576;
	CHECK(bad == 0 && data + end - place[n_places - 1] <= 1048576 && n_places < end / 524288 + 600);
}

int main(void)
{
	RUN(each_tensor_and_its_rows);
	RUN(chunks_where_no_step_is_whole);
	RUN(small_ones_stay_together);
	RUN(thousands_of_scalars);
	RUN(columns);
	RUN(gaps);
	RUN(who_asks_may_stop);
	RUN(nothing_to_cut);
	RUN(a_large_model);
	return UNIT_END();
}
