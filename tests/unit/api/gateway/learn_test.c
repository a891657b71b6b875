/* learn_test - names of which somebody else knows: who is asked, when, and what is made of it */
#include "ask.h"

#define RECORDS "tests/golden/gateway-conformance/"
#define BOTH "k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w"
#define NOBODY "k51qzi5uqu5djokp3m1keo36hoxtd6u3a1d2rg1camf6al7p3huy63dojlm57c"
#define AS_RECORD "?format=ipns-record"

static struct { int n, rc; const char *file; char path[100]; } up;

/* as an upstream that has the record in up.file, or fails with up.rc */
static int resolve(void *ctx, const char *path, struct buf *out)
{
	CHECK(ctx == &up && out->len == 0);
	up.n++;
	snprintf(up.path, sizeof up.path, "%s", path);
	if (up.file && ask_record(up.file) < 0)
		return ERR_INVALID;
	return up.rc < 0 ? err_set(up.rc, "as the upstream says") : buf_str(out, "/ipfs/bafkqaaa");
}

static void begin(int rc, const char *file)
{
	ask_open("");
	up.n = 0;
	up.rc = rc;
	up.file = file;
	gateway_upstream(ask_now.g, resolve, &up);
}

static void learned_once(void)
{
	begin(0, RECORDS "ipns_records/" BOTH "_v1-v2.ipns-record");
	CHECK(ask_with("/ipns/" BOTH AS_RECORD, "cache-control: only-if-cached\n") == 412 && up.n == 0);
	CHECK(ask_get("/ipns/" BOTH AS_RECORD) == 200 && up.n == 1);
	CHECK_STR(strncmp(up.path, "/ipns/", 6) == 0 ? "path" : up.path, "path");
	/* its time to live is half an hour */
	CHECK(ask_get("/ipns/" BOTH AS_RECORD) == 200 && up.n == 1);
	CHECK(ask_get("/ipns/" BOTH "/x") != 500 && up.n == 1);
	CHECK(ask_get("/ipns/" NOBODY "/") == 500 && up.n == 2);	/* another name is another question */
}

/* the chain the upstream follows may break behind what it learned */
static void learned_though_it_failed(void)
{
	begin(ERR_TIMEOUT, RECORDS "ipns_records/" BOTH "_v1-v2.ipns-record");
	CHECK(ask_get("/ipns/" BOTH AS_RECORD) == 200 && up.n == 1);
}

static void nobody_knows(void)
{
	begin(ERR_NOTFOUND, NULL);
	CHECK(ask_get("/ipns/" NOBODY "/") == 500 && strstr(ask_body(), "no record of the name") && up.n == 1);
	CHECK(ask_get("/ipns/" NOBODY "/") == 500 && up.n == 1);
	CHECK(ask_get("/ipns/" NOBODY AS_RECORD) == 404 && up.n == 1);
}

static void it_cannot_tell(void)
{
	begin(ERR_TIMEOUT, NULL);
	CHECK(ask_get("/ipns/" NOBODY "/") == 504 && strstr(ask_body(), "as the upstream says") && up.n == 1);
	begin(ERR_TIMEOUT, NULL);
	CHECK(ask_get("/ipns/" NOBODY AS_RECORD) == 504 && up.n == 1);
}

static void who_is_not_asked_for(void)
{
	begin(0, NULL);
	CHECK(ask_get("/ipns/example.org/") != 200 && up.n == 0);
	CHECK(ask_get("/ipfs/bafkqaaa") == 200 && up.n == 0);
	gateway_upstream(ask_now.g, NULL, NULL);
	CHECK(ask_get("/ipns/" NOBODY "/") == 500 && up.n == 0);
}

int main(void)
{
	RUN(learned_once);
	RUN(learned_though_it_failed);
	RUN(nobody_knows);
	RUN(it_cannot_tell);
	RUN(who_is_not_asked_for);
	ask_close();
	return UNIT_END();
}
