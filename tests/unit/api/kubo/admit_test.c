/* admit_test.c - who may ask: methods, origins, authorization, in Kubo's order and words */
#include "rpc.h"

static const char offline[] =
	"{\"Message\":\"this action must be run in online mode, try running 'ipfs daemon' first\",\"Code\":0,"
	"\"Type\":\"error\"}\n";

static int post(const char *fields)
{
	return rpc_ask("POST", "/api/v0/swarm/peers", fields);
}

static void methods(void)
{
	static const char *const others[] = { "GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW" };
	size_t i;

	rpc_open("");
	for (i = 0; i < sizeof others / sizeof *others; i++) {
		CHECK(rpc_ask(others[i], "/api/v0/swarm/peers", NULL) == 405);
		CHECK_STR(rpc_field("allow"), "OPTIONS, POST");
		CHECK_STR(rpc_field("content-type"), "text/plain; charset=utf-8");
		CHECK_STR(rpc_field("x-content-type-options"), "nosniff");
		CHECK_STR(rpc_field("vary"), "Origin");
		CHECK_STR(rpc_body(), "405 - Method Not Allowed\n");
	}
	CHECK(rpc_ask("OPTIONS", "/api/v0/swarm/peers", NULL) == 204);
	CHECK_STR(rpc_field("allow"), "OPTIONS, POST");
	CHECK_STR(rpc_body(), "");
	/* a method that is none comes before a command that is none */
	CHECK(rpc_ask("GET", "/api/v0/nonsense", NULL) == 405);
	CHECK(post(NULL) == 500);
	CHECK_STR(rpc_body(), offline);
	CHECK_STR(rpc_field("content-type"), "application/json");
	CHECK_STR(rpc_field("trailer"), "X-Stream-Error");
	CHECK_STR(rpc_field("access-control-expose-headers"), "X-Stream-Output, X-Chunked-Output, X-Content-Length");
}

static void paths(void)
{
	rpc_open("");
	CHECK(rpc_ask("POST", "/api/v0", NULL) == 307);
	CHECK_STR(rpc_field("location"), "/api/v0/");
	CHECK(rpc_ask("POST", "/api/v0/", NULL) == 404);
	CHECK_STR(rpc_body(), "404 page not found\n");
	CHECK(rpc("nonsense") == 404);
	CHECK(rpc("swarm") == 200 && !rpc_now.heard.body.len);	/* a group, as Kubo has it */
	CHECK(rpc("swarm/nonsense/more") == 404);
	CHECK(rpc("%zz") == 404);
	CHECK(kubo_wants(&(struct request){ .path = span_str("/api/v0/id") }));
	CHECK(kubo_wants(&(struct request){ .path = span_str("/api/v0") }));
	CHECK(!kubo_wants(&(struct request){ .path = span_str("/api/v01/id") }));
	CHECK(!kubo_wants(&(struct request){ .path = span_str("/api/v1/id") }));
	CHECK(!kubo_wants(&(struct request){ .path = span_str("/ipfs/api/v0/id") }));
}

static int reads(const char *path)
{
	return kubo_reads(&(struct request){ .path = span_str(path) });
}

/* what changes nothing gets a store that is open for reading */
static void readers(void)
{
	CHECK(reads("/api/v0/cat") && reads("/api/v0/cat/QmX") && reads("/api/v0/block/get") && reads("/api/v0/files/ls"));
	CHECK(reads("/api/v0/version") && reads("/api/v0/cid/format/QmX") && reads("/api/v0/log/tail"));
	CHECK(reads("/api/v0/refs/local") && reads("/api/v0/refs/QmX") && reads("/api/v0/pin/ls/QmX"));
	CHECK(!reads("/api/v0/add") && !reads("/api/v0/block/put") && !reads("/api/v0/pin/add/QmX") && !reads("/api/v0/id"));
	CHECK(!reads("/api/v0") && !reads("/api/v0/") && !reads("/api/v0/%63at") && !reads("/api/v0/catx") && !reads(""));
}

static void origins(void)
{
	rpc_open("");
	CHECK(post("origin: http://127.0.0.1:5001\n") == 500);
	CHECK_STR(rpc_field("access-control-allow-origin"), "http://127.0.0.1:5001");
	CHECK_STR(rpc_field("vary"), "Origin");
	CHECK(post("origin: https://localhost:5001\n") == 500);
	CHECK(post("origin: http://[::1]:5001\n") == 500);
	CHECK(post("origin: chrome-extension://nibjojkomfdiaoajekhjakgkdhaomnch\n") == 500);
	CHECK(post("origin: http://127.0.0.1:5002\n") == 403);
	CHECK_STR(rpc_body(), "403 - Forbidden\n");
	CHECK_STR(rpc_field("access-control-allow-origin"), "");
	CHECK(post("origin: http://127.0.0.1\n") == 403);
	CHECK(post("origin: http://127.0.0.1:50011\n") == 403);
	CHECK(post("origin: HTTP://127.0.0.1:5001\n") == 403);
	CHECK(post("origin: http://evil.example\n") == 403);
	CHECK(post("origin: null\n") == 403);
	CHECK(post("referer: http://evil.example/page\n") == 403);
	CHECK(post("referer: nonsense\n") == 403);
	CHECK(post("referer: http://localhost:5001/webui/#/x\n") == 500);
	CHECK(post("origin: http://localhost:5001\nreferer: http://evil.example/\n") == 403);
	CHECK(post("user-agent: Mozilla/5.0\n") == 403);
	CHECK(post("user-agent: Mozilla/5.0 Electron/8\n") == 500);
	CHECK(post("user-agent: Mozilla/5.0\norigin: http://localhost:5001\n") == 500);
	CHECK(post("user-agent: curl/8\n") == 500);
}

/* as Kubo 0.43.1 answers */
static void versions(void)
{
	rpc_open("");
	CHECK(post("user-agent: /kubo/0.1.2/") == 400);
	CHECK_STR(rpc_body(), "api version mismatch (/kubo/0.43.1/ != /kubo/0.1.2/)\n");
	CHECK_STR(rpc_field("content-type"), "text/plain; charset=utf-8");
	CHECK(post("user-agent: x/go-ipfs/0.4.0/abc") == 400);
	CHECK(post("user-agent: /kubo/0.43.1/") == 500);
	CHECK(post("user-agent: kubo") == 500);
	CHECK(rpc_ask("GET", "/api/v0/id", "user-agent: /kubo/0.1.2/") == 400);	/* before all else */
	CHECK(rpc_ask("POST", "/api/v0/version", "user-agent: /kubo/0.1.2/") == 200);
	CHECK(rpc_ask("POST", "/api/v0/versions", "user-agent: /kubo/0.1.2/") == 400);
}

static void configured(void)
{
	rpc_open("");
	rpc_conf("{\"API\":{\"HTTPHeaders\":{\"Access-Control-Allow-Origin\":[\"https://a.example\",\"http://b:<port>\"],"
		 "\"Access-Control-Allow-Credentials\":[\"true\"],\"X-Two\":[\"a\",\"b\"],\"X-Bad\":1}}}");
	CHECK(post("origin: https://a.example\n") == 500);
	CHECK_STR(rpc_field("access-control-allow-origin"), "https://a.example");
	CHECK_STR(rpc_field("access-control-allow-credentials"), "true");
	CHECK_STR(rpc_field("x-two"), "a, b");
	CHECK(strstr((char *)rpc_now.heard.r.fields.data, "X-Two: b\r\n"));
	CHECK(post("origin: http://b:5001\n") == 500);
	CHECK(post("origin: http://b:5002\n") == 403);
	CHECK_STR(rpc_field("x-two"), "");		/* not on errors of text */
	CHECK(post("origin: http://localhost:5001\n") == 500);
	rpc_conf("{\"API\":{\"HTTPHeaders\":{\"Access-Control-Allow-Origin\":[\"*\"]}}}");
	CHECK(post("origin: https://any.example\n") == 500);
	CHECK_STR(rpc_field("access-control-allow-origin"), "*");
	CHECK_STR(rpc_field("access-control-allow-credentials"), "");
}

static int preflight(const char *origin, const char *method, const char *headers)
{
	char fields[1024];

	snprintf(fields, sizeof fields, "origin: %s\naccess-control-request-method: %s\n%s%s%s", origin, method,
		 headers ? "access-control-request-headers: " : "", headers ? headers : "", headers ? "\n" : "");
	if (rpc_ask("OPTIONS", "/api/v0/add", fields) != 204)
		return -1;
	CHECK_STR(rpc_field("vary"), "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
	CHECK_STR(rpc_body(), "");
	return *rpc_field("access-control-allow-methods") != 0;
}

static void preflights(void)
{
	rpc_open("");
	CHECK(preflight("http://localhost:5001", "POST", "content-type, x-requested-with") == 1);
	CHECK_STR(rpc_field("access-control-allow-origin"), "http://localhost:5001");
	CHECK_STR(rpc_field("access-control-allow-methods"), "POST");
	CHECK_STR(rpc_field("access-control-allow-headers"), "content-type, x-requested-with");
	CHECK(preflight("http://localhost:5001", "POST", NULL) == 1);
	CHECK_STR(rpc_field("access-control-allow-headers"), "");
	CHECK(preflight("http://localhost:5001", "PUT", NULL) == 0);
	CHECK(preflight("http://localhost:5001", "POST", "authorization") == 0);
	CHECK(preflight("http://evil.example", "POST", NULL) == 0);
	CHECK_STR(rpc_field("access-control-allow-origin"), "");
	rpc_conf("{\"API\":{\"HTTPHeaders\":{\"Access-Control-Allow-Methods\":[\"PUT\",\"POST\"]}}}");
	CHECK(preflight("http://localhost:5001", "PUT", NULL) == 1);
	CHECK(preflight("http://localhost:5001", "GET", NULL) == 0);
}

static void authorization(void)
{
	static const char refused[] = "Kubo RPC Access Denied: Please provide a valid authorization token as defined in "
				      "the API.Authorizations configuration.\n";

	rpc_open("");
	CHECK(!kubo_guarded(rpc_now.k));
	rpc_conf("{\"API\":{\"Authorizations\":{"
		 "\"a\":{\"AuthSecret\":\"bearer:tok\",\"AllowedPaths\":[\"/api/v0\"]},"
		 "\"b\":{\"AuthSecret\":\"basic:user:pass\",\"AllowedPaths\":[\"/api/v0/swarm\",\"/api/v0/pin\"]},"
		 "\"c\":{\"AuthSecret\":\"basic:dXNlcjI6cGFzcw==\",\"AllowedPaths\":[\"/api/v0\"]},"
		 "\"d\":{\"AuthSecret\":\"plain\",\"AllowedPaths\":[\"/api/v0/cat\"]},"
		 "\"e\":{\"AuthSecret\":\"other:plain2\",\"AllowedPaths\":[\"/api/v0\"]},"
		 "\"f\":{\"AllowedPaths\":[\"/api/v0\"]}}}}");
	CHECK(kubo_guarded(rpc_now.k));
	CHECK(post(NULL) == 403);
	CHECK_STR(rpc_body(), refused);
	CHECK(post("authorization: Bearer tok\n") == 500);
	CHECK(post("authorization: bearer tok\n") == 403);
	CHECK(post("authorization: Bearer tok2\n") == 403);
	CHECK(post("authorization: Bearer to\n") == 403);
	CHECK(post("authorization: Bearer \n") == 403);
	CHECK(post("authorization: Basic dXNlcjpwYXNz\n") == 500);
	CHECK(rpc_ask("POST", "/api/v0/bitswap/wantlist", "authorization: Basic dXNlcjpwYXNz\n") == 403);
	CHECK(post("authorization: Basic dXNlcjI6cGFzcw==\n") == 500);
	CHECK(post("authorization: Bearer plain\n") == 403);
	CHECK(rpc_ask("POST", "/api/v0/version", "authorization: Bearer plain\n") != 403);
	CHECK(rpc_ask("POST", "/api/v0/version", NULL) == 403);
	CHECK(post("authorization: Bearer plain2\n") == 403);
	CHECK(post("authorization: Bearer other:plain2\n") == 403);
	/* before everything else, preflights too */
	CHECK(rpc_ask("GET", "/api/v0/swarm/peers", NULL) == 403);
	CHECK(rpc_ask("OPTIONS", "/api/v0/add",
		      "origin: http://localhost:5001\naccess-control-request-method: POST\n") == 403);
}

static void settings(void)
{
	static const char *const bad[] = { "", "[]", "nonsense", "{\"API\":", "7" };
	char path[4300];
	struct kubo *k;
	size_t i;
	int fd;

	rpc_open("");
	snprintf(path, sizeof path, "%s/token/kubo.json", rpc_now.path);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		CHECK(fd >= 0 && io_write(fd, bad[i], strlen(bad[i]), path) == 0);
		close(fd);
		CHECK(kubo_new(&k, rpc_now.path, store_config(rpc_now.st)) < 0 && !k);
		CHECK(strstr(err_text(), "kubo.json"));
	}
	/* of another shape than it has: nothing is guarded by it, nothing breaks */
	rpc_conf("{\"API\":{\"HTTPHeaders\":[1,2],\"Authorizations\":[]}}");
	CHECK(!kubo_guarded(rpc_now.k) && post("origin: http://localhost:5001\n") == 500);
	rpc_conf("{\"API\":null}");
	CHECK(post(NULL) == 500);
}

int main(void)
{
	RUN(methods);
	RUN(paths);
	RUN(readers);
	RUN(origins);
	RUN(versions);
	RUN(configured);
	RUN(preflights);
	RUN(authorization);
	RUN(settings);
	rpc_close();
	return UNIT_END();
}
