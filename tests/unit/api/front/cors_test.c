/* cors_test.c - whose pages may read our answers, in all settings */
#include "rig.h"

static int nothing_said(void)
{
	return !*rig_field("access-control-allow-origin") && !*rig_field("access-control-allow-methods") &&
	       !*rig_field("access-control-allow-headers") && !*rig_field("access-control-expose-headers") &&
	       !*rig_field("access-control-allow-credentials") && !*rig_field("access-control-max-age");
}

static void anybody(void)
{
	rig_open("");
	CHECK(rig_ask("GET", "/health", NULL) == 200);
	CHECK_STR(rig_field("access-control-allow-origin"), "*");
	CHECK_STR(rig_field("access-control-allow-methods"), "GET, HEAD, OPTIONS");
	CHECK(strstr(rig_field("access-control-allow-headers"), "If-None-Match"));
	CHECK(strstr(rig_field("access-control-expose-headers"), "X-Ipfs-Roots"));
	CHECK(strstr(rig_field("access-control-expose-headers"), "X-Tensor-Shape"));
	CHECK_STR(rig_field("access-control-allow-credentials"), "");
	CHECK_STR(rig_field("vary"), "");
	CHECK(rig_ask("GET", "/health", "origin: https://x.example\n") == 200);
	CHECK_STR(rig_field("access-control-allow-origin"), "*");
	/* what has failed can be read as well */
	CHECK(rig_ask("GET", "/ipfs/nonsense", "origin: https://x.example\n") == 400);
	CHECK_STR(rig_field("access-control-allow-origin"), "*");
}

static void nobody(void)
{
	rig_open("cors.origins =\n");
	CHECK(rig_ask("GET", "/health", "origin: https://x.example\n") == 200);
	CHECK(nothing_said());
	CHECK_STR(rig_field("vary"), "");
	CHECK(rig_ask("OPTIONS", "/ipfs/x", "origin: https://x.example\naccess-control-request-method: GET\n") == 204);
	CHECK(nothing_said());
}

static void some(void)
{
	rig_open("cors.origins = https://a.example, https://b.example\n");
	CHECK(rig_ask("GET", "/health", "origin: https://b.example\n") == 200);
	CHECK_STR(rig_field("access-control-allow-origin"), "https://b.example");
	CHECK_STR(rig_field("vary"), "Origin");
	CHECK(rig_ask("GET", "/health", "origin: https://c.example\n") == 200);
	CHECK(nothing_said());
	CHECK_STR(rig_field("vary"), "Origin");
	CHECK(rig_ask("GET", "/health", NULL) == 200);
	CHECK(nothing_said());
	CHECK_STR(rig_field("vary"), "Origin");
	/* not a part of one, nor two of them, nor none */
	CHECK(rig_ask("GET", "/health", "origin: https://b.example.evil\n") == 200 && nothing_said());
	CHECK(rig_ask("GET", "/health", "origin: https://a.example, https://b.example\n") == 200 && nothing_said());
	CHECK(rig_ask("GET", "/health", "origin: null\n") == 200 && nothing_said());
	CHECK(rig_ask("GET", "/health", "origin: \n") == 200 && nothing_said());
}

static void credentials(void)
{
	rig_open("cors.origins = https://a.example\ncors.credentials = yes\n");
	CHECK(rig_ask("GET", "/health", "origin: https://a.example\n") == 200);
	CHECK_STR(rig_field("access-control-allow-origin"), "https://a.example");
	CHECK_STR(rig_field("access-control-allow-credentials"), "true");
	CHECK(rig_ask("GET", "/health", "origin: https://z.example\n") == 200 && nothing_said());
}

static void preflight(void)
{
	rig_open("cors.max-age = 60\ncors.methods = GET\ncors.headers = Range\ncors.expose = ETag\n");
	CHECK(rig_ask("OPTIONS", "/ipfs/bafy", "origin: https://a.example\naccess-control-request-method: GET\n") == 204);
	CHECK_STR(rig_field("access-control-allow-origin"), "*");
	CHECK_STR(rig_field("access-control-allow-methods"), "GET");
	CHECK_STR(rig_field("access-control-allow-headers"), "Range");
	CHECK_STR(rig_field("access-control-expose-headers"), "ETag");
	CHECK_STR(rig_field("access-control-max-age"), "60");
	CHECK_STR(rig_field("allow"), "GET, HEAD, OPTIONS");
	CHECK(rig.heard.body.len == 0 && rig.heard.len == 0);
	/* of whom nothing may be read, nothing is remembered */
	rig_open("cors.origins = https://a.example\n");
	CHECK(rig_ask("OPTIONS", "/", "origin: https://b.example\naccess-control-request-method: GET\n") == 204);
	CHECK(nothing_said());
	CHECK_STR(rig_field("vary"), "Origin");
}

/* an Origin with bytes that may not stand in a field is not repeated, and does no harm */
static void strange_origins(void)
{
	rig_open("cors.origins = https://a.example https://b\177.example\n");
	CHECK(rig_ask("GET", "/health", "origin: https://b\177.example\n") == 200);
	CHECK(nothing_said());
	CHECK(rig_ask("GET", "/health", "origin: https://a.example\r\n") == 200 && nothing_said());
}

int main(void)
{
	RUN(anybody);
	RUN(nobody);
	RUN(some);
	RUN(credentials);
	RUN(preflight);
	RUN(strange_origins);
	rig_close();
	return UNIT_END();
}
