/* sharded_test.c - models in several files */
#include "memplace.h"

#define A "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}," \
	"\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[4,5]}}"
#define B "{\"__metadata__\":{\"of\":\"the shard\"},\"b\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}"
#define INDEX "model.safetensors.index.json"

static struct memfile files[8];
static struct memplace place;

/* a folder of this index and the files a.st and b.st; self: the index, or the folder when it is NULL */
static void make(const char *index, const char *self)
{
	int n = 0;

	memset(files, 0, sizeof files);
	files[n++] = (struct memfile){ "README.md", span_str("not a model"), NULL };
	if (index)
		files[n++] = (struct memfile){ INDEX, span_str(index), NULL };
	files[n++] = (struct memfile){ "a.st", memfile_st(A, 5), NULL };
	files[n++] = (struct memfile){ "b.st", memfile_st(B, 8), NULL };
	memplace_init(&place, files, self);
}

static int open_index(struct tensor_set **set, const char *index)
{
	make(index, INDEX);
	return tensor_open(set, &place.place, NULL, NULL);
}

static int gather(void *arg, struct span key, struct span value)
{
	return buf_printf(arg, "%.*s=%.*s;", (int)key.len, (const char *)key.p, (int)value.len, (const char *)value.p);
}

static void files_are_opened_when_asked_for(void)
{
	struct buf meta = BUF_INIT(1000);
	struct tensor_set *set;
	struct tensor_info t;
	struct tensor_in *in;
	uint64_t blocks, bytes, more;
	struct span name;

	NEED(open_index(&set, "{\"metadata\":{\"total_size\":13,\"x\":[1],\"y\":true,\"z\":\"t\"},\"weight_map\":"
			"{\"b\":\"b.st\",\"a\":\"a.st\"},\"other\":{\"weight_map\":1}}") == 0);
	CHECK(place.n_opens == 1 && tensor_set_kind(set) == TENSOR_SHARDED && tensor_count(set) == 2);
	tensor_opened(set, &blocks, &bytes);
	CHECK(tensor_get(set, 1, &t) == 0 && place.n_opens == 2);
	CHECK(span_equal(t.name, span_str("b")) && t.dtype == TENSOR_F32 && t.rank == 2 && t.shape[1] == 2 && t.len == 8 &&
	      t.part == 0);
	CHECK(tensor_part(set, t.part, &in) == 0 && t.off == in->size - 8 && place.n_opens == 2);
	tensor_opened(set, &blocks, &more);
	CHECK(more > bytes);
	CHECK(tensor_part_name(set, t.part, &name) == 0 && span_equal(name, span_str("b.st")));
	CHECK(tensor_find(set, span_str("a"), &t) == 0 && t.len == 4 && t.part == 1 && place.n_opens == 3);
	CHECK(tensor_part_name(set, 1, &name) == 0 && span_equal(name, span_str("a.st")));
	/* what is in a file and not in the index does not exist */
	CHECK_ERR(tensor_find(set, span_str("x"), &t), ERR_NOTFOUND);
	CHECK_ERR(tensor_part(set, 2, &in), ERR_NOTFOUND);
	CHECK_ERR(tensor_part_name(set, 2, &name), ERR_NOTFOUND);
	CHECK(tensor_meta(set, gather, &meta) == 0);
	CHECK_STR((char *)meta.data, "total_size=13;y=true;z=t;");
	CHECK(place.n_opens == 3);
	buf_clear(&meta);
	tensor_close(set);
}

static void folders(void)
{
	struct tensor_set *set;
	struct tensor_info t;

	make("{\"weight_map\":{\"a\":\"a.st\"}}", NULL);
	NEED(tensor_open(&set, &place.place, NULL, NULL) == 0);
	CHECK(tensor_set_kind(set) == TENSOR_SHARDED && tensor_get(set, 0, &t) == 0);
	tensor_close(set);
	files[4] = (struct memfile){ "other.safetensors.index.json", files[1].bytes, NULL };
	CHECK_ERR(tensor_open(&set, &place.place, NULL, NULL), ERR_INVALID);
	CHECK(set == NULL);
	make(NULL, NULL);
	CHECK_ERR(tensor_open(&set, &place.place, NULL, NULL), ERR_INVALID);
	files[1].name = "one.safetensors";
	NEED(tensor_open(&set, &place.place, NULL, NULL) == 0);
	CHECK(tensor_set_kind(set) == TENSOR_SAFETENSORS && tensor_count(set) == 2);
	tensor_close(set);
	files[2].name = "two.safetensors";
	CHECK_ERR(tensor_open(&set, &place.place, NULL, NULL), ERR_INVALID);
}

static int refused(const char *index, int code, const char *says)
{
	struct tensor_set *set;
	int rc = open_index(&set, index), same = rc == code && strstr(err_text(), says);

	if (!same)
		printf("# %s: %s\n", index, err_text());
	tensor_close(set);
	return same;
}

static void strange_indexes(void)
{
	CHECK(refused("{", ERR_INVALID, "InvalidIndex: byte 1"));
	CHECK(refused("{}", ERR_INVALID, "InvalidIndex: there is no weight_map"));
	CHECK(refused("{\"metadata\":{}}  ", ERR_INVALID, "InvalidIndex: there is no weight_map"));
	CHECK(refused("{\"weight_map\":[]}", ERR_INVALID, "InvalidIndex: weight_map is no object"));
	CHECK(refused("{\"weight_map\":{\"a\":1}}", ERR_INVALID, "InvalidIndex: weight_map has"));
	CHECK(refused("{\"weight_map\":{\"a\":null}}", ERR_INVALID, "InvalidIndex: weight_map has"));
	CHECK(refused("{\"weight_map\":{\"a\":\"a.st\",\"a\":\"b.st\"}}", ERR_INVALID, "DuplicateKey: two tensors 'a'"));
	CHECK(refused("{\"weight_map\":{},\"weight_map\":{}}", ERR_INVALID, "DuplicateKey"));
	CHECK(refused("{\"metadata\":{},\"metadata\":{},\"weight_map\":{}}", ERR_INVALID, "DuplicateKey"));
	CHECK(refused("{\"weight_map\":{}} x", ERR_INVALID, "InvalidIndex: byte 18"));
	CHECK(refused("{\"weight_map\":{\"a\":\"\xff\"}}", ERR_INVALID, "InvalidIndex"));
	CHECK(refused("{\"x\":[\"\xff\"],\"weight_map\":{}}", ERR_INVALID, "InvalidIndex"));
}

static void names_that_lead_elsewhere(void)
{
	static const char *const name[] = { "", ".", "..", "/etc/passwd", "../a.st", "a/b.st", "./a.st", "a.st\\u0000" };
	char index[200];
	size_t i;

	for (i = 0; i < sizeof name / sizeof *name; i++) {
		snprintf(index, sizeof index, "{\"weight_map\":{\"a\":\"%s\"}}", name[i]);
		CHECK(refused(index, ERR_INVALID, "is no name of a file beside the index"));
	}
}

static void files_that_disappoint(void)
{
	struct tensor_set *set;
	struct tensor_info t;

	NEED(open_index(&set, "{\"weight_map\":{\"a\":\"a.st\",\"b\":\"a.st\",\"c\":\"none.st\",\"d\":\"README.md\"}}") == 0);
	CHECK(tensor_count(set) == 4);
	CHECK_ERR(tensor_find(set, span_str("b"), &t), ERR_INVALID);
	CHECK(!strcmp(err_text(), "InvalidIndex: tensor 'b' is not in its file 'a.st'"));
	CHECK_ERR(tensor_find(set, span_str("c"), &t), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "tensor 'c': shard 'none.st': ") == err_text());
	CHECK_ERR(tensor_find(set, span_str("d"), &t), ERR_INVALID);
	CHECK(strstr(err_text(), "shard 'README.md': HeaderTooLarge") != NULL);
	CHECK(tensor_find(set, span_str("a"), &t) == 0 && t.len == 4);
	tensor_close(set);
}

/* more files than stay open: they come and go, and are counted */
static void many_files(void)
{
	enum { N = 100 };
	static struct memfile many[N + 2];
	struct buf index = BUF_INIT(1 << 20);
	struct tensor_set *set;
	struct tensor_info t;
	uint64_t blocks, bytes, before = 0;
	struct memplace p;
	unsigned i;

	buf_str(&index, "{\"weight_map\":{");
	for (i = 0; i < N; i++) {
		char *name = unit_kept(32), header[200];

		snprintf(name, 32, "%03u.st", i);
		snprintf(header, sizeof header, "{\"t%03u\":{\"dtype\":\"U8\",\"shape\":[%u],\"data_offsets\":[0,%u]}}", i, i, i);
		many[i] = (struct memfile){ name, memfile_st(header, i), NULL };
		buf_printf(&index, "%s\"t%03u\":\"%s\"", i ? "," : "", i, name);
	}
	buf_str(&index, "}}");
	many[N] = (struct memfile){ INDEX, buf_span(&index), NULL };
	memplace_init(&p, many, INDEX);
	NEED(tensor_open(&set, &p.place, NULL, NULL) == 0);
	for (i = 0; i < 3 * N; i++) {
		CHECK(tensor_get(set, i * 37 % N, &t) == 0 && t.len == i * 37 % N);
		tensor_opened(set, &blocks, &bytes);
		CHECK(bytes > before);
		before = bytes;
	}
	CHECK(p.n_opens == 1 + 3 * N);
	for (i = 0; i < 16; i++)		/* those used last are open still */
		CHECK(tensor_get(set, (3 * N - 1 - i) * 37 % N, &t) == 0);
	CHECK(p.n_opens == 1 + 3 * N);
	tensor_close(set);
	buf_clear(&index);
}

static void near(void)
{
	struct tensor_set *set;
	struct tensor_info t;

	NEED(open_index(&set, "{\"weight_map\":{\"model.layers.0.weight\":\"a.st\",\"model.layers.1.weight\":\"a.st\","
			"\"model.layers.10.bias\":\"a.st\",\"lm_head.weight\":\"a.st\"}}") == 0);
	CHECK_ERR(tensor_find(set, span_str("model.layer.0.weight"), &t), ERR_NOTFOUND);
	CHECK_STR(err_text(), "there is no tensor 'model.layer.0.weight'; "
		  "is it 'model.layers.0.weight' or 'model.layers.1.weight'?");
	CHECK_ERR(tensor_find(set, span_str("layers.10.bias"), &t), ERR_NOTFOUND);
	CHECK_STR(err_text(), "there is no tensor 'layers.10.bias'; is it 'model.layers.10.bias'?");
	CHECK_ERR(tensor_find(set, span_str("model.lm_head.weight"), &t), ERR_NOTFOUND);
	CHECK_STR(err_text(), "there is no tensor 'model.lm_head.weight'; is it 'lm_head.weight'?");
	CHECK_ERR(tensor_find(set, span_str("model"), &t), ERR_NOTFOUND);
	CHECK_STR(err_text(), "there is no tensor 'model'; "
		  "is it 'model.layers.0.weight', 'model.layers.1.weight' or 'model.layers.10.bias'?");
	/* three letters that are too many or missing, and four */
	CHECK_ERR(tensor_find(set, span_str("odel.layers.0.weightsx"), &t), ERR_NOTFOUND);
	CHECK_STR(err_text(), "there is no tensor 'odel.layers.0.weightsx'; is it 'model.layers.0.weight'?");
	CHECK_ERR(tensor_find(set, span_str("del.layers.0.weightsx"), &t), ERR_NOTFOUND);
	CHECK_STR(err_text(), "there is no tensor 'del.layers.0.weightsx'");
	CHECK_ERR(tensor_find(set, span_str("something else"), &t), ERR_NOTFOUND);
	CHECK_STR(err_text(), "there is no tensor 'something else'");
	tensor_close(set);
}

int main(void)
{
	RUN(files_are_opened_when_asked_for);
	RUN(folders);
	RUN(strange_indexes);
	RUN(names_that_lead_elsewhere);
	RUN(files_that_disappoint);
	RUN(many_files);
	RUN(near);
	return UNIT_END();
}
