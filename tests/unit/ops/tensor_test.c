/* tensor_test.c - where operands lead, what containers hold in words, and several slices in one file */
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "ops/tensor.h"
#include "opstore.h"

static const uint64_t shape23[] = { 2, 3 }, shape2[] = { 2 };

/* w: F32 [2,3], 1 to 6; b: U8 [2], 7 and 8 */
static struct span model(void)
{
	static const float w[] = { 1, 2, 3, 4, 5, 6 };
	const struct tensor_head t[] = {
		{ span_str("w"), TENSOR_F32, 2, shape23, sizeof w }, { span_str("b"), TENSOR_U8, 1, shape2, 2 }
	};
	static struct buf all;

	if (all.len)
		return buf_span(&all);
	all = BUF_INIT(4096);
	if (tensor_safetensors_head(&all, t, 2, NULL, 0) < 0 || buf_bytes(&all, w, sizeof w) < 0 || buf_str(&all, "\7\10") < 0)
		abort();
	return buf_span(&all);
}

static char *write_file(const char *folder, const char *name, struct span bytes)
{
	char *path = unit_kept(4400);
	int fd;

	snprintf(path, 4400, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || io_write(fd, bytes.p, bytes.len, "file") < 0)
		abort();
	close(fd);
	return path;
}

static void stored_or_not(void)
{
	static const char *const in[] = {
		"bafkqaaa", "bafkqaaa/a/b", "/ipfs/bafkqaaa", "/ipfs/nonsense", "ipfs://bafkqaaa", "IPFS:bafkqaaa", "/ipns/name/x",
		"ipns://name", "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
	};
	static const char *const out[] = {
		"./bafkqaaa", "../bafkqaaa", "a.safetensors", "/tmp/bafkqaaa", "/ipfs", "ipfs", "", ".", "bafkqaaa.safetensors",
		"folder/bafkqaaa", "-"
	};
	size_t i;

	for (i = 0; i < sizeof in / sizeof *in; i++)
		CHECK(ops_tensor_stored(in[i]) == 1);
	for (i = 0; i < sizeof out / sizeof *out; i++)
		CHECK(ops_tensor_stored(out[i]) == 0);
}

static int first_name(struct ops_tensor *t, const char *name)
{
	struct tensor_info info;

	return tensor_get(t->set, 0, &info) == 0 && span_equal(info.name, span_str(name));
}

static void operands(void)
{
	struct store *st = opstore();
	struct cid cid = opblock(st, 1, CID_RAW, model()), dir;
	struct oplink l = { cid, "m.safetensors" };
	char *folder = unit_tmpdir(), text[CID_TEXT_MAX], *file = write_file(folder, "m.safetensors", model());
	struct ops_tensor t;

	dir = opdir(st, &l, 1);
	NEED(store_commit(st) == 0);
	CHECK(ops_tensor_open(&t, NULL, NULL, file) == 0 && first_name(&t, "b") && !t.cid.len);
	ops_tensor_close(&t);
	CHECK(ops_tensor_open(&t, st, NULL, file) == 0 && !t.cid.len);
	ops_tensor_close(&t);
	CHECK(ops_tensor_open(&t, st, NULL, cid_text(&cid, text)) == 0 && cid_equal(&t.cid, &cid) && first_name(&t, "b"));
	ops_tensor_close(&t);
	CHECK(ops_tensor_open(&t, st, store_source(st), oppath(&dir, "/m.safetensors")) == 0 && cid_equal(&t.cid, &cid));
	ops_tensor_close(&t);
	CHECK(ops_tensor_open_cid(&t, st, NULL, &cid) == 0 && first_name(&t, "b"));
	ops_tensor_close(&t);
	CHECK_ERR(ops_tensor_open(&t, NULL, NULL, cid_text(&cid, text)), ERR_USAGE);
	ops_tensor_close(&t);
	CHECK_ERR(ops_tensor_open(&t, st, NULL, oppath(&dir, "/n")), ERR_NOTFOUND);
	CHECK_ERR(ops_tensor_open(&t, NULL, NULL, "/nonexistent/x"), ERR_NOTFOUND);
	CHECK_ERR(ops_tensor_open(&t, st, NULL, "bafkqaaa"), ERR_INVALID);
	ops_tensor_close(&t);
	store_close(st);
}

/* shards are found in the folder a path went through, and nowhere when there was none */
static void shards_beside(void)
{
	static const char index[] = "{\"metadata\":{},\"weight_map\":{\"w\":\"m-1.safetensors\",\"b\":\"m-1.safetensors\"}}";
	struct store *st = opstore();
	struct oplink l[2] = { { .name = "m-1.safetensors" }, { .name = "m.safetensors.index.json" } };
	struct tensor_info info;
	struct ops_tensor t;
	struct cid dir, top;

	l[0].cid = opblock(st, 1, CID_RAW, model());
	l[1].cid = opblock(st, 1, CID_RAW, span_str(index));
	dir = opdir(st, l, 2);
	top = opdir(st, &(struct oplink){ dir, "sub" }, 1);
	NEED(store_commit(st) == 0);
	CHECK(ops_tensor_open(&t, st, NULL, oppath(&dir, "/m.safetensors.index.json")) == 0);
	CHECK(tensor_find(t.set, span_str("w"), &info) == 0 && info.rank == 2);
	ops_tensor_close(&t);
	CHECK(ops_tensor_open(&t, st, NULL, oppath(&top, "/sub/m.safetensors.index.json")) == 0);
	CHECK(tensor_find(t.set, span_str("w"), &info) == 0);
	ops_tensor_close(&t);
	CHECK(ops_tensor_open(&t, st, NULL, oppath(&top, "/sub")) == 0);
	CHECK(tensor_find(t.set, span_str("b"), &info) == 0 && info.dtype == TENSOR_U8);
	ops_tensor_close(&t);
	CHECK(ops_tensor_open(&t, st, NULL, oppath(&l[1].cid, "")) == 0);
	CHECK_ERR(tensor_find(t.set, span_str("w"), &info), ERR_NOTFOUND);
	ops_tensor_close(&t);
	store_close(st);
}

static void records(void)
{
	char *file = write_file(unit_tmpdir(), "m", model());
	struct tensor_stats s = { .n = 6, .zeros = 1, .nans = 2, .infs = 3, .min = 0.5, .max = 1e21, .mean = 1.0 / 3, .std = 0 };
	struct tensor_stats none = { 0 };
	struct buf out = BUF_INIT(4096);
	struct tensor_info info;
	struct ops_tensor t;
	uint64_t big[] = { UINT64_MAX, 0 };

	none.min = none.max = none.mean = none.std = __builtin_nan("");
	NEED(ops_tensor_open(&t, NULL, NULL, file) == 0 && tensor_find(t.set, span_str("w"), &info) == 0);
	CHECK(ops_tensor_shape(0, big, &out) == 0 && ops_tensor_shape(2, big, &out) == 0);
	CHECK_STR((char *)out.data, "[][18446744073709551615,0]");
	buf_reset(&out);
	CHECK(ops_tensor_line(t.set, &info, NULL, OPS_TEXT, &out) == 0);
	CHECK_STR((char *)out.data, "w\tF32\t[2,3]\t24");
	buf_reset(&out);
	s.bins[0] = 4;
	s.bins[TENSOR_BINS - 1] = 5;
	CHECK(ops_tensor_line(t.set, &info, &s, OPS_PLAIN, &out) == 0);
	CHECK_STR((char *)out.data, "w\tF32\t[2,3]\t24\t0.5\t1e+21\t0.3333333333333333\t0\t1\t2\t3\t"
		  "4,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,5");
	buf_reset(&out);
	CHECK(ops_tensor_line(t.set, &info, &none, OPS_TEXT, &out) == 0 && strstr((char *)out.data, "\t-\t-\t-\t-\t0\t0\t0\t0,"));
	buf_reset(&out);
	info.column_order = info.big_endian = info.deflated = 1;
	info.off = 5;
	info.packed = 17;
	CHECK(ops_tensor_line(t.set, &info, &none, OPS_JSON, &out) == 0);
	CHECK(strstr((char *)out.data, "{\"name\":\"w\",\"dtype\":\"F32\",\"shape\":[2,3],\"bytes\":24,\"offset\":5,\"deflated\":17,"
		       "\"layout\":\"columnmajor\",\"endian\":\"big\",\"min\":null,") == (char *)out.data);
	buf_reset(&out);
	info.dtype = TENSOR_OTHER;
	info.type = span_str("Q4_K");
	info.name = span_str("a\tb");
	CHECK(ops_tensor_line(t.set, &info, NULL, OPS_TEXT, &out) == 0);
	CHECK_STR((char *)out.data, "a\\tb\tQ4_K\t[2,3]\t24");
	ops_tensor_close(&t);
	buf_clear(&out);
}

static void information(void)
{
	struct store *st = opstore();
	struct cid cid = opblock(st, 1, CID_RAW, model());
	struct buf out = BUF_INIT(65536);
	struct ops_tensor t;
	struct sink_buf s;

	sink_buf_start(&s, &out);
	NEED(store_commit(st) == 0 && ops_tensor_open_cid(&t, st, NULL, &cid) == 0);
	CHECK(ops_tensor_info(&t, span_str("w"), &s.sink) == 0);
	CHECK(strstr((char *)out.data, "{\"cid\":\"bafkrei") == (char *)out.data);
	CHECK_STR(strstr((char *)out.data, ",\"container\""), ",\"container\":\"safetensors\","
		  "\"metadata\":{\"shape\":[2,3],\"dtype\":\"F32\",\"num_elements\":6,\"size_bytes\":24,\"layout\":\"rowmajor\"},"
		  "\"name\":\"w\",\"dtype\":\"F32\",\"shape\":[2,3],\"num_elements\":6,\"size\":24,\"layout\":\"RowMajor\","
		  "\"tensors\":[{\"name\":\"b\",\"dtype\":\"U8\",\"shape\":[2],\"size_bytes\":2},"
		  "{\"name\":\"w\",\"dtype\":\"F32\",\"shape\":[2,3],\"size_bytes\":24}]}");
	buf_reset(&out);
	CHECK(ops_tensor_info(&t, span_of(NULL, 0), &s.sink) == 0 && strstr((char *)out.data, "\"num_elements\":2,\"size\":2"));
	CHECK_ERR(ops_tensor_info(&t, span_str("x"), &s.sink), ERR_NOTFOUND);
	ops_tensor_close(&t);
	buf_clear(&out);
	store_close(st);
}

static void bodies(void)
{
	char *file = write_file(unit_tmpdir(), "m", model());
	struct tensor_body b = { 0 };
	struct ops_tensor t;

	NEED(ops_tensor_open(&t, NULL, NULL, file) == 0);
	CHECK(ops_tensor_body(&b, t.set, span_str("w"), span_str("1"), 0, TENSOR_FORM_RAW, TENSOR_DTYPES) == 0);
	CHECK(b.rank == 1 && b.len == 12 && b.to == TENSOR_F32);
	tensor_body_clear(&b);
	CHECK(ops_tensor_body(&b, t.set, span_str("w"), span_str("1"), SLICE_KEEP, TENSOR_FORM_RAW, TENSOR_F64) == 0);
	CHECK(b.rank == 2 && b.len == 24);
	tensor_body_clear(&b);
	CHECK(ops_tensor_body(&b, t.set, span_of(NULL, 0), span_of(NULL, 0), 0, TENSOR_FORM_RAW, TENSOR_DTYPES) == 0 && b.len == 2);
	tensor_body_clear(&b);
	CHECK_ERR(ops_tensor_body(&b, t.set, span_str("x"), span_of(NULL, 0), 0, TENSOR_FORM_RAW, TENSOR_DTYPES), ERR_NOTFOUND);
	tensor_body_clear(&b);
	CHECK_ERR(ops_tensor_body(&b, t.set, span_str("w"), span_str("2"), 0, TENSOR_FORM_RAW, TENSOR_DTYPES), ERR_USAGE);
	tensor_body_clear(&b);
	ops_tensor_close(&t);
}

static int take(struct ops_tensor_file *f, uint64_t off, uint64_t len, struct buf *out)
{
	struct sink_buf s;

	buf_reset(out);
	sink_buf_start(&s, out);
	return ops_tensor_file_cat(f, off, len, &s.sink, NULL, NULL);
}

static void several_in_one_file(void)
{
	char *folder = unit_tmpdir(), *file = write_file(folder, "m", model());
	struct buf whole = BUF_INIT(65536), part = BUF_INIT(65536);
	struct ops_tensor t, again;
	struct tensor_info info;
	struct ops_tensor_file *f = NULL;
	uint64_t len, off, n;

	NEED(ops_tensor_open(&t, NULL, NULL, file) == 0 && ops_tensor_file_new(&f, t.set, TENSOR_DTYPES) == 0);
	CHECK_ERR(ops_tensor_file_end(f, &len), ERR_USAGE);
	CHECK(ops_tensor_file_add(f, span_str("b"), span_str("1"), 0, span_str("")) == 0);
	CHECK(ops_tensor_file_add(f, span_str("w"), span_str("::-1,0"), 0, span_str("z")) == 0);
	CHECK(ops_tensor_file_add(f, span_str("w"), span_of(NULL, 0), 0, span_str("")) == 0);
	CHECK_ERR(ops_tensor_file_add(f, span_str("x"), span_str(""), 0, span_str("")), ERR_NOTFOUND);
	CHECK(ops_tensor_file_end(f, &len) == 0);
	CHECK(take(f, 0, UINT64_MAX, &whole) == 0 && whole.len == len);
	for (off = 0; off <= len + 1; off++)
		for (n = 0; n < 40; n += 13) {
			uint64_t from = off < len ? off : len, want = n < len - from ? n : len - from;

			CHECK(take(f, off, n, &part) == 0 && part.len == want);
			CHECK(!want || !memcmp(part.data, whole.data + from, (size_t)want));
		}
	NEED(ops_tensor_open(&again, NULL, NULL, write_file(folder, "n", buf_span(&whole))) == 0);
	CHECK(tensor_count(again.set) == 3);
	CHECK(tensor_find(again.set, span_str("z"), &info) == 0 && info.rank == 1 && info.len == 8);
	CHECK(!memcmp(whole.data + info.off, (const float[]){ 4, 1 }, 8));
	CHECK(tensor_find(again.set, span_str("b"), &info) == 0 && info.rank == 0 && whole.data[info.off] == 8);
	ops_tensor_close(&again);
	CHECK(ops_tensor_file_add(f, span_str("w"), span_str("0"), 0, span_str("b")) == 0);
	CHECK_ERR(ops_tensor_file_end(f, &len), ERR_USAGE);
	CHECK(strstr(err_text(), "'b'") != NULL);
	ops_tensor_file_free(f);
	ops_tensor_close(&t);
	buf_clear(&whole);
	buf_clear(&part);
}

static void too_many_in_one_file(void)
{
	char *file = write_file(unit_tmpdir(), "m", model()), name[32];
	struct ops_tensor_file *f = NULL;
	struct ops_tensor t;
	int i, rc = 0;

	NEED(ops_tensor_open(&t, NULL, NULL, file) == 0 && ops_tensor_file_new(&f, t.set, TENSOR_F64) == 0);
	for (i = 0; rc == 0 && i < 1000000; i++) {
		snprintf(name, sizeof name, "row %d", i);
		rc = ops_tensor_file_add(f, span_str("w"), span_str("0,0"), 0, span_str(name));
	}
	CHECK(rc == ERR_LIMIT && i > 50000);
	ops_tensor_file_free(f);
	ops_tensor_close(&t);
}

int main(void)
{
	RUN(stored_or_not);
	RUN(operands);
	RUN(shards_beside);
	RUN(records);
	RUN(information);
	RUN(bodies);
	RUN(several_in_one_file);
	RUN(too_many_in_one_file);
	return UNIT_END();
}
