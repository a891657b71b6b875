/* /v1/tensor/{cid}: the stored file, what is in it, slices; conditions, ranges, errors (ipfrs-http-v1 5) */
#include <unistd.h>

#include "api/v1/v1.h"
#include "ops/read.h"
#include "unixfs/unixfs.h"
#include "tests/unit/api/heard.h"

/* section 5.1's vector: "w", F32, [2,3], 1 to 6 */
static const char vector[] = "bafkreigoh7thilgygj36hfasa3duf7rd2k6kpmr6warhngwqtub4nidyba";
static const uint8_t file[96] =
	"\x40\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}       "
	"\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40\0\0\xc0\x40";

static struct store *st;
static struct heard heard;
static int deny, only;
static char deny_asked[256];		/* the path last asked for */
static uint64_t n_told, n_sliced, told_bytes;

static int denied(void *arg, struct span path, const struct cid *cid)
{
	(void)arg;
	if (path.len)
		snprintf(deny_asked, sizeof deny_asked, "%.*s", (int)path.len, (const char *)path.p);
	if (deny == 3)			/* a rule for a file, wherever it is */
		return path.len > 14 && !memcmp(path.p + path.len - 14, "/a.safetensors", 14) ? 451 : 0;
	return deny && (deny == 1 ? path.len > 0 : cid && !path.len) ? 451 : 0;
}

static void told(void *arg, int sliced, uint64_t bytes)
{
	(void)arg;
	n_told++;
	n_sliced += (uint64_t)sliced;
	told_bytes += bytes;
}

static int ask(const char *method, const char *target, const char *fields)
{
	struct field f[HEARD_FIELDS_MAX];
	struct request rq = heard_request(method, target, "127.0.0.1:8080", fields, f);
	const struct v1_env e = { .st = st, .src = store_source(st), .denied = denied, .tensor = told,
				  .verifiable_only = only };

	heard_begin(&heard);
	heard.rc = v1_wants(&rq) ? v1_answer(&e, &rq, &heard.r) : -1;
	return heard.r.status;
}

static int get(const char *rest)
{
	char target[4096];

	snprintf(target, sizeof target, "/v1/tensor/%s%s", vector, rest);
	return ask("GET", target, NULL);
}

static const char *field(const char *name)
{
	const char *is = heard_line(&heard.r.fields, name);

	return is ? is : "";
}

static int floats(const float *want, size_t n)
{
	return heard.body.len == n * 4 && !memcmp(heard.body.data, want, n * 4);
}

/* the answer is this error */
static int fails(int status, const char *code, const char *begins)
{
	char want[512];
	const char *body = heard_body(&heard);

	snprintf(want, sizeof want, "{\"error\":\"%s", begins);
	if (heard.r.status == status && !strncmp(body, want, strlen(want)) && strstr(body, code) &&
	    strstr(body, "\"request_id\":\"id-1\"") && !strcmp(field("content-type"), "application/json"))
		return 1;
	printf("# %d %s", heard.r.status, body);
	return 0;
}

static void open_store(void)
{
	struct ops_block_put o;
	char path[4200], text[CID_TEXT_MAX];
	struct cid cid;

	snprintf(path, sizeof path, "%s/store", unit_tmpdir());
	CHECK(store_init(path, "") == 0 && store_open(&st, path, STORE_WRITE | STORE_UNSYNCED) == 0);
	ops_block_put_init(&o);
	CHECK(ops_block_put_bytes(st, &o, span_of(file, sizeof file), &cid) == 0 && store_commit(st) == 0);
	CHECK_STR(cid_text(&cid, text), vector);
}

static void whole(void)
{
	CHECK(get("") == 200 && heard.len == 96 && heard.body.len == 96 && !memcmp(heard.body.data, file, 96));
	CHECK_STR(field("content-type"), "application/vnd.safetensors");
	CHECK_STR(field("x-tensor-format"), "safetensors");
	CHECK_STR(field("x-tensor-shape"), "[2,3]");
	CHECK_STR(field("x-tensor-dtype"), "F32");
	CHECK_STR(field("x-tensor-name"), "w");
	CHECK_STR(field("accept-ranges"), "bytes");
	CHECK(strstr(field("etag"), vector) && strstr(field("cache-control"), "immutable"));
	CHECK(get("?format=safetensors") == 200 && heard.body.len == 96);
}

static void ranges_and_conditions(void)
{
	char target[200], match[200];

	snprintf(target, sizeof target, "/v1/tensor/%s", vector);
	CHECK(ask("GET", target, "range: bytes=72-75\n") == 206 && floats((const float[]){ 1 }, 1));
	CHECK_STR(field("content-range"), "bytes 72-75/96");
	CHECK(ask("GET", target, "range: bytes=96-\n") == 416 && fails(416, "RANGE_NOT_SATISFIABLE", "none of the ranges"));
	CHECK_STR(field("content-range"), "bytes */96");
	snprintf(match, sizeof match, "if-none-match: \"%s\"\n", vector);
	CHECK(ask("GET", target, match) == 304 && heard.body.len == 0);
	CHECK(ask("GET", target, "if-match: \"other\"\n") == 412);
	CHECK(ask("HEAD", target, NULL) == 200 && heard.len == 96 && heard.body.len == 0);
	/* a tensor by name is a thing of its own, with ranges and a tag of its own */
	snprintf(target, sizeof target, "/v1/tensor/%s?tensor=w", vector);
	CHECK(ask("GET", target, "range: bytes=20-\n") == 206 && floats((const float[]){ 6 }, 1));
	CHECK(strlen(field("etag")) > strlen(vector) + 2);
	snprintf(match, sizeof match, "if-none-match: %s\n", field("etag"));
	CHECK(ask("GET", target, match) == 304);
}

static void slices(void)
{
	uint64_t was = n_sliced;

	CHECK(get("?slice=0:1,1:3") == 206 && floats((const float[]){ 2, 3 }, 2) && heard.len == 8);
	CHECK_STR(field("x-tensor-format"), "raw");
	CHECK_STR(field("x-tensor-shape"), "[1,2]");
	CHECK_STR(field("x-tensor-full-shape"), "[2,3]");
	CHECK_STR(field("content-type"), "application/octet-stream");
	CHECK(get("?slice=1,:") == 206 && floats((const float[]){ 4, 5, 6 }, 3));
	CHECK_STR(field("x-tensor-shape"), "[1,3]");		/* a single index keeps its dimension here */
	CHECK(get("?slice=:,2&tensor=w") == 206 && floats((const float[]){ 3, 6 }, 2));
	CHECK_STR(field("x-tensor-shape"), "[2,1]");
	CHECK(get("?slice=:,::2") == 206 && floats((const float[]){ 1, 3, 4, 6 }, 4));
	CHECK(get("?slice=...,-1") == 206 && floats((const float[]){ 3, 6 }, 2));
	CHECK(n_sliced == was + 5);
	CHECK(get("?slice=0,0:2&format=safetensors") == 206);
	CHECK(heard.body.len > 8 && heard.body.len % 8 == 0 && strstr((char *)heard.body.data + 8, "\"shape\":[1,2]"));
	CHECK_STR(field("content-type"), "application/vnd.safetensors");
	CHECK(get("?slice=0,0:2&format=npy") == 206 && !memcmp(heard.body.data, "\x93NUMPY", 6));
	CHECK(get("?slice=0,0:2&format=json") == 206 && heard.len == LEN_UNKNOWN);
	CHECK_STR(heard_body(&heard), "[[1,2]]\n");
	CHECK(get("?slice=0,0:1&dtype=f64") == 206 && heard.body.len == 8);
	CHECK_STR(field("x-tensor-dtype"), "F64");
}

static void info_and_arrow(void)
{
	CHECK(get("/info") == 200);
	CHECK_STR(field("content-type"), "application/json");
	CHECK(strstr(heard_body(&heard), vector) && strstr(heard_body(&heard), "\"num_elements\":6") &&
	      strstr(heard_body(&heard), "\"size_bytes\":24") && strstr(heard_body(&heard), "\"tensors\":[{"));
	CHECK(get("?metadata_only=true") == 200 && strstr(heard_body(&heard), "\"layout\":\"RowMajor\""));
	CHECK(get("/arrow") == 200 && heard.len == heard.body.len && !memcmp(heard.body.data, "\xff\xff\xff\xff", 4));
	CHECK_STR(field("content-type"), "application/vnd.apache.arrow.stream");
	CHECK_STR(field("x-tensor-elements"), "6");
	CHECK(get("/arrow?slice=0,0:2") == 200);
	CHECK_STR(field("x-tensor-elements"), "2");
	CHECK(get("/arrow?format=arrow-rows") == 200);
	CHECK_STR(field("x-tensor-elements"), "2");
	CHECK(get("/mmap") == 200 && heard.body.len == 96);
	CHECK_STR(field("x-served-by"), "mmap");
	CHECK(get("/mmap?slice=0,0:1") == 206 && floats((const float[]){ 1 }, 1));
}

static void errors(void)
{
	CHECK(ask("GET", "/v1/tensor/none", NULL) == 400 && fails(400, "INVALID_CID", "Invalid CID: "));
	CHECK(ask("GET", "/v1/tensor/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy", NULL) == 404 &&
	      fails(404, "NOT_FOUND", "Tensor not found: bafkreigh2akis"));
	CHECK(ask("GET", "/v1/other", NULL) == 404 && fails(404, "NOT_FOUND", ""));
	CHECK(get("/other") == 404 && fails(404, "NOT_FOUND", ""));
	CHECK(ask("POST", "/v1/tensor/x", NULL) == 405 && fails(405, "METHOD_NOT_ALLOWED", ""));
	CHECK_STR(field("allow"), "GET, HEAD");
	CHECK(get("?slice=0:1") == 400 &&
	      fails(400, "INVALID_PARAMETER", "Invalid parameter 'slice': Slice dimensions (1) don't match tensor dimensions (2)"));
	CHECK(get("?slice=") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'slice': "));
	CHECK(get("?slice=0:3,0") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'slice': "));
	CHECK(get("?slice=1:1,0") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'slice': "));
	CHECK(get("?slice=a") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'slice': "));
	CHECK(get("?tensor=v") == 404 && fails(404, "NOT_FOUND", "Tensor not found: "));
	CHECK(get("?format=x") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'format': "));
	CHECK(get("?dtype=x") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'dtype': "));
	CHECK(get("?dtype=i8") == 400 && fails(400, "UNSUPPORTED_DTYPE", "Unsupported dtype: "));
	CHECK(field("etag")[0] == 0 && field("x-tensor-shape")[0] == 0);	/* nothing of an answer that is not given */
	/* a block of text is no container: sent as it is, but neither sliced nor described */
	CHECK(ask("GET", "/v1/tensor/bafkqac3imvwgy3zao5xxe3de", NULL) == 200 && !strcmp(heard_body(&heard), "hello world"));
	CHECK_STR(field("content-type"), "application/octet-stream");
	CHECK(ask("GET", "/v1/tensor/bafkqac3imvwgy3zao5xxe3de?slice=0", NULL) == 400 &&
	      fails(400, "INVALID_TENSOR", "Invalid tensor format: "));
	CHECK(ask("GET", "/v1/tensor/bafkqac3imvwgy3zao5xxe3de/info", NULL) == 400 &&
	      fails(400, "INVALID_TENSOR", "Invalid tensor format: "));
}

/* False and True are what clients in Python make of a bool; what is neither must not become all of a model */
static void yes_or_no(void)
{
	CHECK(get("?metadata_only=true") == 200 && !strncmp(heard_body(&heard), "{\"cid\":", 7));
	CHECK(get("?metadata_only=True") == 200 && !strncmp(heard_body(&heard), "{\"cid\":", 7));
	CHECK(get("?metadata_only=1") == 200 && !strncmp(heard_body(&heard), "{\"cid\":", 7));
	CHECK(get("?metadata_only=False") == 200 && heard.body.len == sizeof file);
	CHECK(get("?metadata_only=0") == 200 && heard.body.len == sizeof file);
	CHECK(get("?metadata_only=") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'metadata_only': "));
	CHECK(get("?metadata_only=yes") == 400);
}

/* a path is looked up, and looked for on the deny list, as what it comes to; it does not lead elsewhere */
static void paths_below_a_cid(void)
{
	char target[256];

	CHECK(get("?path=") == 200 && get("?path=/") == 200 && get("?path=a/..") == 200);
	CHECK(get("?path=a") == 404);
	CHECK(get("?path=../bafkqac3imvwgy3zao5xxe3de") == 400 && fails(400, "INVALID_PARAMETER", "Invalid parameter 'path': "));
	CHECK(get("?path=..") == 400 && get("?path=../..") == 400 && get("?path=../../ipns/example.com") == 400);
	deny = 1;
	CHECK(get("?path=.//a//b/") == 451);
	snprintf(target, sizeof target, "/ipfs/%s/a/b", vector);
	CHECK_STR(deny_asked, target);
	deny = 0;
}

/* more dimensions than we count are no reason not to send the file */
static void beyond_our_limits(void)
{
	struct buf text = BUF_INIT(4096), b = BUF_INIT(4096);
	char target[256], id[CID_TEXT_MAX];
	struct ops_block_put o;
	struct cid cid;
	int i;

	buf_str(&text, "{\"w\":{\"dtype\":\"U8\",\"shape\":[1");
	for (i = 0; i < 100; i++)
		buf_str(&text, ",1");
	buf_str(&text, "],\"data_offsets\":[0,1]}}");
	buf_le64(&b, text.len);
	buf_add(&b, buf_span(&text));
	buf_u8(&b, 7);
	ops_block_put_init(&o);
	NEED(ops_block_put_bytes(st, &o, buf_span(&b), &cid) == 0 && store_commit(st) == 0);
	snprintf(target, sizeof target, "/v1/tensor/%.80s", cid_text(&cid, id));
	CHECK(ask("GET", target, NULL) == 200 && heard.body.len == b.len);
	snprintf(target, sizeof target, "/v1/tensor/%.80s/info", id);
	CHECK(ask("GET", target, NULL) == 400 && fails(400, "INVALID_TENSOR", "Invalid tensor format: tensor 'w' has more than"));
	buf_clear(&text);
	buf_clear(&b);
}

/* a folder with the vector, and an index if it is given: the text of a request */
static const char *folder(const char *index, const char *rest)
{
	struct unixfs_node model = { .tsize = sizeof file, .size = sizeof file, .type = UNIXFS_RAW }, text = model, dir;
	char *target = unit_kept(4096), id[CID_TEXT_MAX];
	struct unixfs_builder *b = NULL;
	struct ops_block_put put;
	struct unixfs_opts o;
	struct unixfs_dir *d = NULL;

	unixfs_opts_init(&o);
	o.cid_version = 1;
	ops_block_put_init(&put);
	CHECK(cid_parse(span_str(vector), &model.cid, NULL) == 0 && unixfs_opts_finish(&o, 0) == 0 &&
	     unixfs_builder_new(&b, &o, store_sink(st), NULL) == 0 && unixfs_dir_new(&d, b, NULL) == 0 &&
	     unixfs_dir_add(d, span_str("a.safetensors"), &model) == 0);
	if (index) {
		text.size = text.tsize = strlen(index);
		CHECK(ops_block_put_bytes(st, &put, span_str(index), &text.cid) == 0 &&
		     unixfs_dir_add(d, span_str("model.safetensors.index.json"), &text) == 0);
	}
	CHECK(unixfs_dir_end(d, &dir) == 0);
	unixfs_builder_free(b);
	CHECK(store_commit(st) == 0);
	snprintf(target, 4096, "/v1/tensor/%s%s", cid_text(&dir.cid, id), rest);
	return target;
}

/* what a folder stands for, or an index leads to, is not served under any other name than its own, either */
static void files_of_folders(void)
{
	static const char index[] = "{\"weight_map\":{\"w\":\"a.safetensors\"}}";
	static const char *const rest[] = {
		"?tensor=w", "/info", "?tensor=w&slice=0,0", "/arrow?path=model.safetensors.index.json", "?path=a.safetensors"
	};
	size_t i;

	for (i = 0; i < sizeof rest / sizeof *rest; i++) {
		CHECK(ask("GET", folder(index, rest[i]), NULL) / 100 == 2);
		deny = 3;
		CHECK(ask("GET", folder(index, rest[i]), NULL) == 451);
		CHECK(strstr(heard_body(&heard), "FORBIDDEN") != NULL);
		deny = 0;
	}
	CHECK(ask("GET", folder(NULL, "?tensor=w"), NULL) == 200);
	deny = 3;
	CHECK(ask("GET", folder(NULL, "?tensor=w"), NULL) == 451 && ask("GET", folder(NULL, "/info"), NULL) == 451);
	deny = 0;
}

/* of a model with a part missing, what is there can be had, and the list of all is an error and no half a list */
static void a_shard_that_is_missing(void)
{
	static const char index[] = "{\"weight_map\":{\"v\":\"b.safetensors\",\"w\":\"a.safetensors\"}}";
	static const char lies[] = "{\"weight_map\":{\"x\":\"a.safetensors\",\"w\":\"a.safetensors\"}}";

	CHECK(ask("GET", folder(index, "?tensor=w"), NULL) == 200);
	CHECK(ask("GET", folder(index, "/info?tensor=w"), NULL) == 404 && heard.starts == 1 &&
	      fails(404, "NOT_FOUND", "Tensor not found: "));
	CHECK(ask("HEAD", folder(index, "/info?tensor=w"), NULL) == 404);
	CHECK(ask("GET", folder(lies, "/info?tensor=w"), NULL) == 400 && fails(400, "INVALID_TENSOR", "Invalid tensor format: "));
}

static void what_is_not_served(void)
{
	deny = 1;
	CHECK(get("") == 451 && fails(451, "FORBIDDEN", "this content"));
	deny = 2;
	CHECK(get("?slice=0,0") == 451);
	deny = 0;
	only = 1;
	CHECK(get("") == 406);
	only = 0;
	CHECK(get("") == 200);
}

int main(void)
{
	RUN(open_store);
	RUN(whole);
	RUN(ranges_and_conditions);
	RUN(slices);
	RUN(info_and_arrow);
	RUN(errors);
	RUN(yes_or_no);
	RUN(paths_below_a_cid);
	RUN(beyond_our_limits);
	RUN(files_of_folders);
	RUN(a_shard_that_is_missing);
	RUN(what_is_not_served);
	heard_clear(&heard);
	store_close(st);
	return UNIT_END();
}
