/* metrics_test.c - the page of measurements, read as strictly as its format asks for; and what is counted */
#include <math.h>

#include "rig.h"

/* ---- a parser of the text format 0.0.4 that takes nothing it need not take ---- */

struct sample { char name[80], labels[200]; double value; };

static struct {
	struct sample s[4000];
	size_t n, n_families;
	char family[100][80], kind[100][16];
} page;

static int is_name(const char *p, size_t n, int colon)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') || p[i] == '_' ||
		      (colon && p[i] == ':') || (i && p[i] >= '0' && p[i] <= '9')))
			return 0;
	return n > 0;
}

/* name="value",…} with \\, \" and \n the only escapes: where it ends, or NULL */
static const char *labels_end(const char *p)
{
	for (;;) {
		size_t n = strcspn(p, "=");

		if (!is_name(p, n, 0) || p[n] != '=' || p[n + 1] != '"')
			return NULL;
		for (p += n + 2; *p != '"'; p++) {
			if (!*p || (unsigned char)*p < ' ')
				return NULL;
			if (*p == '\\' && !strchr("\\\"n", *++p))
				return NULL;
		}
		if (p[1] == '}')
			return p + 1;
		if (p[1] != ',')
			return NULL;
		p += 2;
	}
}

static int family_of(const char *name)
{
	static const char *const tails[] = { "", "_bucket", "_sum", "_count" };
	size_t i, k, n;

	for (i = 0; i < page.n_families; i++)
		for (k = 0, n = strlen(page.family[i]); k < 4; k++)
			if (!strncmp(name, page.family[i], n) && !strcmp(name + n, tails[k]) &&
			    (k == 0) == (strcmp(page.kind[i], "histogram") != 0))
				return (int)i;
	return -1;
}

/* HELP, then TYPE, then the family's samples, and no line of it anywhere else */
static int comment(const char *line)
{
	char name[80], kind[16];
	size_t i;

	if (!strncmp(line, "# HELP ", 7)) {
		if (sscanf(line, "# HELP %79s", name) != 1 || strchr(line, '\\') || page.n_families == 100 ||
		    !line[7 + strlen(name)])
			return 0;
		for (i = 0; i < page.n_families; i++)
			if (!strcmp(page.family[i], name))
				return 0;
		strcpy(page.kind[page.n_families], "");
		strcpy(page.family[page.n_families++], name);
		return is_name(name, strlen(name), 1);
	}
	if (sscanf(line, "# TYPE %79s %15s", name, kind) != 2 || !page.n_families ||
	    strcmp(page.family[page.n_families - 1], name) != 0 || *page.kind[page.n_families - 1])
		return 0;
	strcpy(page.kind[page.n_families - 1], kind);
	return !strcmp(kind, "counter") || !strcmp(kind, "gauge") || !strcmp(kind, "histogram");
}

static int sample_line(const char *line)
{
	struct sample *s = &page.s[page.n];
	size_t n = strcspn(line, "{ "), i;
	const char *end = line + n;
	char *rest;

	if (page.n == 4000 || n >= sizeof s->name || !is_name(line, n, 1))
		return 0;
	*s = (struct sample){ .labels = "" };
	memcpy(s->name, line, n);
	if (*end == '{') {
		end = labels_end(line + n + 1);
		if (!end || (size_t)(end - line) - n - 1 >= sizeof s->labels)
			return 0;
		memcpy(s->labels, line + n + 1, (size_t)(end - line) - n - 1);
		end++;
	}
	if (*end != ' ')
		return 0;
	s->value = strtod(end + 1, &rest);
	for (i = 0; i < page.n; i++)
		if (!strcmp(page.s[i].name, s->name) && !strcmp(page.s[i].labels, s->labels))
			return 0;
	page.n++;
	return rest != end + 1 && !*rest && family_of(s->name) == (int)page.n_families - 1;
}

static int parse(const char *text)
{
	char line[512];
	size_t n;

	memset(&page, 0, sizeof page);
	for (; *text; text += n + 1) {
		n = strcspn(text, "\n");
		if (text[n] != '\n' || n >= sizeof line)
			return 0;
		memcpy(line, text, n);
		line[n] = 0;
		if (!(line[0] == '#' ? comment(line) : sample_line(line))) {
			printf("# this line: %s\n", line);
			return 0;
		}
	}
	return 1;
}

static double value(const char *name, const char *labels)
{
	size_t i;

	for (i = 0; i < page.n; i++)
		if (!strcmp(page.s[i].name, name) && !strcmp(page.s[i].labels, labels))
			return page.s[i].value;
	return -1;
}

static int read_page(void)
{
	return rig_ask("GET", "/metrics", NULL) == 200 && parse(rig_body());
}

/* ---- tests ---- */

/* ipfrs-http-v1 section 16 */
static const struct { const char *name, *kind; } table[] = {
	{ "ipfrs_http_requests_total", "counter" },
	{ "ipfrs_http_request_duration_seconds", "histogram" },
	{ "ipfrs_http_request_size_bytes", "histogram" },
	{ "ipfrs_http_response_size_bytes", "histogram" },
	{ "ipfrs_http_connections_active", "gauge" },
	{ "ipfrs_blocks_retrieved_total", "counter" },
	{ "ipfrs_blocks_stored_total", "counter" },
	{ "ipfrs_block_errors_total", "counter" },
	{ "ipfrs_block_retrieval_duration_seconds", "histogram" },
	{ "ipfrs_batch_operation_size", "histogram" },
	{ "ipfrs_batch_operation_duration_seconds", "histogram" },
	{ "ipfrs_upload_bytes_total", "counter" },
	{ "ipfrs_download_bytes_total", "counter" },
	{ "ipfrs_streaming_operations_active", "gauge" },
	{ "ipfrs_streaming_chunk_size_bytes", "histogram" },
	{ "ipfrs_cache_hits_total", "counter" },
	{ "ipfrs_cache_misses_total", "counter" },
	{ "ipfrs_cache_size_bytes", "gauge" },
	{ "ipfrs_auth_attempts_total", "counter" },
	{ "ipfrs_auth_sessions_active", "gauge" },
	{ "ipfrs_rate_limit_hits_total", "counter" },
	{ "ipfrs_rate_limit_tokens_available", "gauge" },
	{ "ipfrs_websocket_connections_active", "gauge" },
	{ "ipfrs_websocket_messages_sent_total", "counter" },
	{ "ipfrs_websocket_messages_received_total", "counter" },
	{ "ipfrs_grpc_requests_total", "counter" },
	{ "ipfrs_grpc_request_duration_seconds", "histogram" },
	{ "ipfrs_tensor_operations_total", "counter" },
	{ "ipfrs_tensor_slice_operations_total", "counter" },
	{ "ipfrs_tensor_size_bytes", "histogram" },
	{ "ipfrs_memory_allocated_bytes", "gauge" },
	{ "ipfrs_async_tasks_active", "gauge" },
};

static int is_listed(const char *name, const char *kind)
{
	size_t i;

	for (i = 0; i < page.n_families; i++)
		if (!strcmp(page.family[i], name))
			return !strcmp(page.kind[i], kind);
	return 0;
}

static void before_anything_happened(void)
{
	size_t i;

	rig_open("");
	NEED(read_page());
	CHECK_STR(rig_field("content-type"), "text/plain; version=0.0.4; charset=utf-8");
	CHECK_STR(rig_field("cache-control"), "no-store");
	for (i = 0; i < sizeof table / sizeof *table; i++)
		if (!is_listed(table[i].name, table[i].kind))
			CHECK_STR(table[i].name, "is not listed as it should be");
	for (i = 0; i < page.n_families; i++)
		CHECK(*page.kind[i] && !strncmp(page.family[i], "ipfrs_", 6));
	CHECK(value("ipfrs_storage_blocks_total", "") == 0);
	CHECK(value("ipfrs_metrics_lost_total", "") == 0);
	CHECK(value("ipfrs_build_info", "version=\"" IPFRS_VERSION "\"") == 1);
	CHECK(value("ipfrs_start_time_seconds", "") > 1.7e9);
}

static void count(const char *method, const char *path, int status, uint64_t sent, double seconds, int whole)
{
	struct front_done d = { .method = method, .path = path, .status = status, .sent = sent, .seconds = seconds,
				.whole = whole, .load = { 3, 2, 1 } };

	front_count(rig.f, &d);
}

#define IPFS "endpoint=\"/ipfs/{cid}\",method=\"GET\""

static void requests(void)
{
	rig_open("");
	count("GET", "/ipfs/bafy/a", 200, 1000, 0.004, 1);
	count("GET", "/ipfs/bafk", 200, 2000, 0.02, 1);
	count("GET", "/ipfs/bafk", 404, 100, 60, 1);
	count("HEAD", "/ipns/k51", 304, 50, 0.0001, 1);
	count("BREW", "/\"coffee\\\n", 405, 10, 0, 1);
	count("", "", 400, 10, 0, 1);
	count("GET", "/health/live", 200, 10, 0, 0);
	NEED(read_page());
	CHECK(value("ipfrs_http_requests_total", IPFS ",status=\"200\"") == 2);
	CHECK(value("ipfrs_http_requests_total", IPFS ",status=\"404\"") == 1);
	CHECK(value("ipfrs_http_requests_total", "endpoint=\"/ipns/{name}\",method=\"HEAD\",status=\"304\"") == 1);
	/* nothing a client writes becomes a label */
	CHECK(value("ipfrs_http_requests_total", "endpoint=\"/\",method=\"other\",status=\"405\"") == 1);
	CHECK(value("ipfrs_http_requests_total", "endpoint=\"/\",method=\"other\",status=\"400\"") == 1);
	CHECK(value("ipfrs_http_answers_cut_total", "endpoint=\"/health/live\"") == 1);
	CHECK(value("ipfrs_http_answers_cut_total", "endpoint=\"/\"") == -1);
	CHECK(value("ipfrs_download_bytes_total", "endpoint=\"/ipfs/{cid}\"") == 3100);
	CHECK(value("ipfrs_http_connections_active", "") == 3);
	CHECK(value("ipfrs_streaming_operations_active", "type=\"answer\"") == 2);
	CHECK(value("ipfrs_async_tasks_active", "type=\"queued\"") == 1);
}

static void histograms(void)
{
	static const char *const le[] = {
		"0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"
	};
	static const int below[] = { 1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5 };
	char labels[160];
	size_t i;

	rig_open("");
	count("GET", "/ipfs/a", 200, 100, 0.001, 1);		/* a bound is within its bucket */
	count("GET", "/ipfs/a", 200, 101, 0.004, 1);
	count("GET", "/ipfs/a", 200, UINT64_C(5000000000), 0.02, 1);
	count("GET", "/ipfs/a", 200, 0, 10, 1);
	count("GET", "/ipfs/a", 200, 7, 60.5, 1);
	NEED(read_page());
	for (i = 0; i < 13; i++) {
		snprintf(labels, sizeof labels, IPFS ",le=\"%s\"", le[i]);
		if (value("ipfrs_http_request_duration_seconds_bucket", labels) != below[i])
			printf("# le %s\n", le[i]);
		CHECK(value("ipfrs_http_request_duration_seconds_bucket", labels) == below[i]);
	}
	CHECK(value("ipfrs_http_request_duration_seconds_count", IPFS) == 5);
	CHECK(fabs(value("ipfrs_http_request_duration_seconds_sum", IPFS) - 70.525) < 1e-6);
	CHECK(value("ipfrs_http_response_size_bytes_bucket", IPFS ",le=\"100\"") == 3);
	CHECK(value("ipfrs_http_response_size_bytes_bucket", IPFS ",le=\"1e+08\"") == 4);
	CHECK(value("ipfrs_http_response_size_bytes_bucket", IPFS ",le=\"1e+09\"") == -1);
	CHECK(value("ipfrs_http_response_size_bytes_bucket", IPFS ",le=\"+Inf\"") == 5);
	CHECK(value("ipfrs_http_response_size_bytes_sum", IPFS) == 5000000208.0);
	CHECK(value("ipfrs_http_request_size_bytes_count", IPFS) == -1);	/* none had a body */
}

static void bodies(void)
{
	struct front_done d = { .method = "POST", .path = "/x", .status = 405, .received = 1234, .whole = 1 };

	rig_open("");
	front_count(rig.f, &d);
	NEED(read_page());
	CHECK(value("ipfrs_upload_bytes_total", "endpoint=\"/\"") == 1234);
	CHECK(value("ipfrs_http_request_size_bytes_sum", "endpoint=\"/\",method=\"POST\"") == 1234);
}

static void refusals_and_blocks(void)
{
	struct front_wish w = { .peer = span_str("192.0.2.1"), .path = span_str("/") };
	unsigned limit, left, wait_s;
	int i;

	rig_open("rate.requests = 10\nrate.seconds = 1000\nrate.burst = 1\n");
	for (i = 0; i < 4; i++)
		front_admit(rig.f, &w, &limit, &left, &wait_s);
	CHECK(rig_ask("GET", "/ipfs/bafybeiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b", NULL) == 404);
	NEED(read_page());
	CHECK(value("ipfrs_rate_limit_hits_total", "endpoint=\"/\"") == 3);
	CHECK(value("ipfrs_block_errors_total", "operation=\"get\",error_type=\"not_found\"") >= 1);
}

/* a file of some bytes, raw: its path */
static const char *put_file(const char *text, char path[CID_TEXT_MAX + 8])
{
	struct dag_block block = { .parts = { span_str(text) }, .n_parts = 1, .src_fd = -1 };
	struct store *st = NULL;
	char cid_words[CID_TEXT_MAX];
	struct cid cid;

	block.cid = &cid;
	if (cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, block.parts, 1) < 0 || store_open(&st, rig.path, STORE_WRITE) < 0 ||
	    store_put(st, &block) < 0 || store_commit(st) < 0)
		printf("# no block: %s\n", err_text());
	store_close(st);
	snprintf(path, CID_TEXT_MAX + 8, "/ipfs/%s", cid_text(&cid, cid_words));
	return path;
}

static void blocks_caches_and_chunks(void)
{
	char path[CID_TEXT_MAX + 8];
	double stored;

	rig_open("");
	NEED(read_page());
	stored = value("ipfrs_blocks_stored_total", "destination=\"blockstore\"");
	CHECK(stored >= 0 && value("ipfrs_cache_size_bytes", "cache_type=\"types\"") > 0);
	put_file("what is this?\n", path);
	CHECK(rig_ask("GET", path, NULL) == 200);
	CHECK_STR(rig_body(), "what is this?\n");
	CHECK(rig_ask("GET", path, NULL) == 200);
	CHECK(rig_ask("HEAD", path, NULL) == 200);
	NEED(read_page());
	CHECK(value("ipfrs_blocks_stored_total", "destination=\"blockstore\"") == stored + 1);
	CHECK(value("ipfrs_blocks_retrieved_total", "source=\"local\"") >= 2);
	CHECK(value("ipfrs_block_retrieval_duration_seconds_count", "source=\"local\"") ==
	      value("ipfrs_blocks_retrieved_total", "source=\"local\""));
	CHECK(value("ipfrs_block_retrieval_duration_seconds_sum", "source=\"local\"") < 10);
	CHECK(value("ipfrs_cache_misses_total", "cache_type=\"types\"") == 1);
	CHECK(value("ipfrs_cache_hits_total", "cache_type=\"types\"") == 2);
	/* the two files, and pages of ours; a HEAD sends nothing */
	CHECK(value("ipfrs_streaming_chunk_size_bytes_bucket", "operation=\"download\",le=\"1024\"") == 2);
}

static int guard_rpc(void)
{
	static const char text[] = "{\"API\":{\"Authorizations\":{\"a\":{\"AuthSecret\":\"bearer:secret\","
				   "\"AllowedPaths\":[\"/api/v0\"]}}}}";
	char path[4300];
	FILE *out;

	snprintf(path, sizeof path, "%s/token/kubo.json", rig.path);
	out = fopen(path, "w");
	return out && fputs(text, out) >= 0 && fclose(out) == 0;
}

static void who_asks_the_rpc(void)
{
	struct front *f;

	rig_roles = FRONT_GATEWAY | FRONT_RPC;
	rig_open("");
	CHECK(rig_ask("POST", "/api/v0/version", NULL) == 200);
	NEED(read_page());
	CHECK(value("ipfrs_auth_attempts_total", "method=\"none\",result=\"failure\"") == -1);	/* nobody has to */
	NEED(guard_rpc());
	NEED(front_new(&f, rig.path, rig.c, rig_roles) == 0 && front_begin(f) == 0);
	front_free(rig.f);
	rig.f = f;
	CHECK(rig_ask("POST", "/api/v0/id", NULL) == 403);
	CHECK(rig_ask("POST", "/api/v0/version", "authorization: Bearer wrong\n") == 403);
	CHECK(rig_ask("POST", "/api/v0/version", "authorization: Bearer secret\n") == 200);
	CHECK(rig_ask("POST", "/api/v0/version", "authorization: Negotiate x\n") == 403);
	rig_roles = FRONT_GATEWAY;
	NEED(read_page());
	CHECK(value("ipfrs_auth_attempts_total", "method=\"none\",result=\"failure\"") == 1);
	CHECK(value("ipfrs_auth_attempts_total", "method=\"bearer\",result=\"failure\"") == 1);
	CHECK(value("ipfrs_auth_attempts_total", "method=\"bearer\",result=\"success\"") == 1);
	CHECK(value("ipfrs_auth_attempts_total", "method=\"other\",result=\"failure\"") == 1);
}

/* a pump says what it holds, and takes it back when it ends */
static void memory_of_a_pump(void)
{
	struct front_load load = { 7, 0, 0 };
	struct front *pump;

	rig_open("serve.sandbox = no\n");
	NEED(front_new(&pump, rig.path, rig.c, FRONT_GATEWAY) == 0 && front_pump(pump) == 0);
	NEED(read_page());
	CHECK(value("ipfrs_http_connections_active", "") == 0);
	CHECK(value("ipfrs_streaming_operations_active", "type=\"answer\"") == 0);
	CHECK(value("ipfrs_async_tasks_active", "type=\"queued\"") == 0);
	front_levels(pump, &load);
	NEED(read_page());
	CHECK(value("ipfrs_http_connections_active", "") == 7);
	CHECK(value("ipfrs_memory_allocated_bytes", "component=\"pump\"") > 100e3);
	front_free(pump);
	NEED(read_page());
	CHECK(value("ipfrs_http_connections_active", "") == 0);
	CHECK(value("ipfrs_memory_allocated_bytes", "component=\"pump\"") == 0);
}

/* a server that was killed left its clients in the gauge, and the next one had them still */
static void clients_of_the_dead(void)
{
	struct front *other;

	rig_open("");
	count("GET", "/", 200, 1, 0, 1);
	NEED(front_new(&other, rig.path, rig.c, FRONT_GATEWAY) == 0);		/* one beside it does not reset what it counts */
	NEED(read_page());
	CHECK(value("ipfrs_http_connections_active", "") == 3);
	front_free(other);
	front_free(rig.f);					/* gone without a word */
	NEED(front_new(&rig.f, rig.path, rig.c, FRONT_GATEWAY) == 0 && front_begin(rig.f) == 0);
	NEED(read_page());
	CHECK(value("ipfrs_http_connections_active", "") == 0);
	CHECK(value("ipfrs_http_requests_total", "endpoint=\"/\",method=\"GET\",status=\"200\"") == 1);
}

static void who_may_read_it(void)
{
	static const struct { const char *who; int local, remote; } rows[] = {
		{ "local", 200, 403 }, { "all", 200, 200 }, { "off", 403, 403 },
	};
	char text[64];
	size_t i;

	for (i = 0; i < 3; i++) {
		snprintf(text, sizeof text, "serve.metrics = %s\n", rows[i].who);
		rig_open(text);
		CHECK(rig_ask("GET", "/metrics", NULL) == rows[i].local);
		rig.remote = 1;
		CHECK(rig_ask("GET", "/metrics", NULL) == rows[i].remote);
		rig.remote = 0;
	}
	CHECK(rig_ask("HEAD", "/metrics", NULL) == 403 && rig.heard.body.len == 0);
	rig_open("");
	CHECK(rig_ask("HEAD", "/metrics", NULL) == 200 && rig.heard.body.len == 0);
	CHECK(rig_ask("POST", "/metrics", NULL) == 405);
}

/* a store that cannot be measured is served all the same, and the page is there */
static void without_a_board(void)
{
	rig_open("");
	board_series_close(rig.f->series);
	rig.f->series = NULL;
	count("GET", "/", 200, 1, 0, 1);
	CHECK(read_page() && value("ipfrs_storage_blocks_total", "") == 0);
	CHECK(value("ipfrs_http_requests_total", "endpoint=\"/\",method=\"GET\",status=\"200\"") == -1);
}

int main(void)
{
	RUN(before_anything_happened);
	RUN(requests);
	RUN(histograms);
	RUN(bodies);
	RUN(refusals_and_blocks);
	RUN(blocks_caches_and_chunks);
	RUN(who_asks_the_rpc);
	RUN(memory_of_a_pump);
	RUN(clients_of_the_dead);
	RUN(who_may_read_it);
	RUN(without_a_board);
	rig_close();
	return UNIT_END();
}
