/* route_test - which handler answers, and that fields and errors are what they should be */
#include "api/route/route.h"
#include "tests/unit/unit.h"

/* a reply that is kept */
struct kept {
	struct reply r;
	struct buf body;
	uint64_t len;
};

static int keep_start(struct reply *r, uint64_t len)
{
	((struct kept *)(void *)r)->len = len;
	return 0;
}

static int keep_put(struct sink *s, const struct piece *p)
{
	struct kept *k = (struct kept *)(void *)((char *)s - offsetof(struct reply, sink));

	return buf_add(&k->body, p->bytes);
}

static struct kept fresh(void)
{
	return (struct kept){ .r = { .sink = { keep_put }, .fields = BUF_INIT(REPLY_FIELDS_MAX),
				     .trailers = BUF_INIT(1000), .start = keep_start },
			      .body = BUF_INIT(1 << 20) };
}

static void drop(struct kept *k)
{
	buf_clear(&k->r.fields);
	buf_clear(&k->r.trailers);
	buf_clear(&k->body);
}

static struct request ask(const char *method, const char *path, const char *query)
{
	return (struct request){ .method = span_str(method), .path = span_str(path),
				 .query = query ? span_str(query) : span_of(NULL, 0), .id = span_str("id-1") };
}

static int hello(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	return reply_whole(r, 200, "text/plain", span_str(ctx ? ctx : "hello"));
}

static int missing(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)ctx;
	reply_field(r, "etag", "\"x\"");
	reply_field(r, "cache-control", "immutable");
	reply_field(r, "access-control-allow-origin", "*");
	return err_set(ERR_NOTFOUND, "no \"such\" block");
}

static int silent(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)r;
	(void)ctx;
	return 0;
}

static int half(struct request *rq, struct reply *r, void *ctx)
{
	(void)rq;
	(void)ctx;
	reply_start(r, 200, LEN_UNKNOWN);
	return err_set(ERR_CORRUPT, "the second block is damaged");
}

static const struct route rows[] = {
	{ "GET", "/hello", hello, 0 },
	{ "GET", "/ipfs/*", hello, 0 },
	{ "GET POST", "/ipfs/api", missing, 0 },
	{ "POST", "/silent", silent, ROUTE_WRITES },
	{ "GET", "/half", half, 0 },
};
enum { N = sizeof rows / sizeof *rows };

static int has(const struct kept *k, const char *line)
{
	return k->r.fields.data && strstr((const char *)k->r.fields.data, line) != NULL;
}

static void the_row_that_says_most(void)
{
	const struct route *row;
	struct request rq;
	const char *allow;
	int status;

	rq = ask("GET", "/ipfs/abc", NULL);
	CHECK(route_find(rows, N, &rq, &row, &status, &allow) == 1 && row == &rows[1]);
	rq = ask("GET", "/ipfs/api", NULL);
	CHECK(route_find(rows, N, &rq, &row, &status, &allow) == 1 && row == &rows[2]);
	rq = ask("GET", "/ipfs", NULL);
	CHECK(route_find(rows, N, &rq, &row, &status, &allow) == 0 && status == 404);
	rq = ask("HEAD", "/hello", NULL);
	CHECK(route_find(rows, N, &rq, &row, &status, &allow) == 1 && row == &rows[0]);
	rq = ask("DELETE", "/ipfs/api", NULL);
	CHECK(route_find(rows, N, &rq, &row, &status, &allow) == 0 && status == 405);
	CHECK_STR(allow, "GET POST");
	rq = ask("GETX", "/hello", NULL);
	CHECK(route_find(rows, N, &rq, &row, &status, &allow) == 0 && status == 405);
}

static void answers(void)
{
	struct request rq = ask("GET", "/hello", NULL);
	struct kept k = fresh();

	CHECK(route_run(rows, N, &rq, &k.r, NULL) == 0);
	CHECK(k.r.status == 200 && k.len == 5 && has(&k, "content-type: text/plain\r\n"));
	CHECK(span_equal(buf_span(&k.body), span_str("hello")));
	drop(&k);
	k = fresh();
	rq = ask("HEAD", "/hello", NULL);
	CHECK(route_run(rows, N, &rq, &k.r, NULL) == 0);
	CHECK(k.r.status == 200 && k.len == 5 && k.body.len == 0);
	drop(&k);
}

static void failures_become_errors(void)
{
	struct request rq = ask("GET", "/ipfs/api", NULL);
	struct kept k = fresh();

	CHECK(route_run(rows, N, &rq, &k.r, NULL) == 0);
	CHECK(k.r.status == 404 && !has(&k, "etag") && !has(&k, "cache-control"));
	CHECK(has(&k, "access-control-allow-origin: *\r\n") && has(&k, "application/json"));
	NEED(k.body.len);
	CHECK_STR((const char *)k.body.data, "{\"error\":{\"code\":404,\"status\":\"Not Found\",\"message\":"
		  "\"no \\\"such\\\" block\",\"request_id\":\"id-1\"}}\n");
	drop(&k);
	k = fresh();
	rq = ask("PUT", "/hello", NULL);
	CHECK(route_run(rows, N, &rq, &k.r, NULL) == 0 && k.r.status == 405);
	CHECK(has(&k, "allow: GET, HEAD\r\n"));
	drop(&k);
	k = fresh();
	rq = ask("POST", "/silent", NULL);
	CHECK(route_run(rows, N, &rq, &k.r, NULL) == 0 && k.r.status == 500);
	drop(&k);
	k = fresh();
	rq = ask("GET", "/half", NULL);
	CHECK(route_run(rows, N, &rq, &k.r, NULL) == 0 && k.r.status == 200 && k.r.failed);
	drop(&k);
}

static void nobody_makes_a_field_of_his_own(void)
{
	struct kept k = fresh();

	CHECK_ERR(reply_field(&k.r, "location", "%s", "/x\r\nset-cookie: a=b"), ERR_INVALID);
	CHECK_ERR(reply_field(&k.r, "location", "%s", "/x\n"), ERR_INVALID);
	CHECK_ERR(reply_field(&k.r, "location", "%s", "a\x7f"), ERR_INVALID);
	CHECK(k.r.fields.len == 0);
	CHECK(reply_field(&k.r, "x-name", "%s", "\xc3\xa9\tok") == 0);
	CHECK(reply_field(&k.r, "x-names", "2") == 0 && reply_field(&k.r, "X-Name", "3") == 0);
	CHECK(span_equal(reply_value(&k.r, "X-name"), span_str("\xc3\xa9\tok")));
	CHECK(span_equal(reply_value(&k.r, "x-names"), span_str("2")) && !reply_value(&k.r, "x-nam").p);
	reply_drop(&k.r, "x-name");
	CHECK(span_equal(buf_span(&k.r.fields), span_str("x-names: 2\r\n")));
	CHECK(reply_field(&k.r, "x-none", "%s", "") == 0 && !reply_value(&k.r, "x-none").p && !reply_value(&k.r, "x-name").p);
	drop(&k);
}

static void arguments(void)
{
	static const struct { const char *query, *name, *value; } good[] = {
		{ "a=1&b=2", "b", "2" }, { "a=1&a=2", "a", "1" }, { "a", "a", "" }, { "a=", "a", "" },
		{ "x&&a=b+c%20d%2B", "a", "b c d+" }, { "%61=z", "a", "z" }, { "a=%C3%A9", "a", "\xc3\xa9" },
		{ "a=1=2", "a", "1=2" },
	};
	static const char *const bad[] = { "a=%", "a=%4", "a=%zz", "a=%00", "%=1&a=1" };
	struct buf out = BUF_INIT(100);
	struct request rq;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		rq = ask("GET", "/", good[i].query);
		buf_reset(&out);
		CHECK(request_arg(&rq, good[i].name, &out) == 1);
		CHECK(span_equal(buf_span(&out), span_str(good[i].value)));
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		rq = ask("GET", "/", bad[i]);
		CHECK_ERR(request_arg(&rq, "a", &out), ERR_INVALID);
	}
	rq = ask("GET", "/", NULL);
	CHECK(request_arg(&rq, "a", &out) == 0);
	rq = ask("GET", "/", "aa=1&b=a");
	CHECK(request_arg(&rq, "a", &out) == 0);
	buf_clear(&out);
}

static void fields_of_a_request(void)
{
	struct field f[] = { { span_str("accept"), span_str("a") }, { span_str("host"), span_str("h") },
			     { span_str("accept"), span_str("b;q=0") } };
	struct request rq = { .field = f, .n_fields = 3 };
	struct buf out = BUF_INIT(100);

	CHECK(span_equal(request_field(&rq, "accept"), span_str("a")));
	CHECK(request_field(&rq, "range").p == NULL);
	CHECK(request_list(&rq, "accept", &out) == 1);
	CHECK(span_equal(buf_span(&out), span_str("a, b;q=0")));
	CHECK(request_list(&rq, "range", &out) == 0);
	buf_clear(&out);
}

int main(void)
{
	RUN(the_row_that_says_most);
	RUN(answers);
	RUN(failures_become_errors);
	RUN(nobody_makes_a_field_of_his_own);
	RUN(arguments);
	RUN(fields_of_a_request);
	return UNIT_END();
}
