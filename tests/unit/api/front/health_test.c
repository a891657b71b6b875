/* health_test.c - is there anybody, and can they do what they are for? */
#include <sys/stat.h>

#include "rig.h"

static void alive(void)
{
	rig_open("");
	CHECK(rig_ask("GET", "/health", NULL) == 200);
	CHECK_STR(rig_body(), "{\"status\":\"ok\",\"service\":\"ipfrs-gateway\",\"version\":\"" IPFRS_VERSION "\"}\n");
	CHECK_STR(rig_field("content-type"), "application/json");
	CHECK_STR(rig_field("cache-control"), "no-store");
	CHECK(rig_ask("GET", "/health/live", NULL) == 200);
	CHECK(strstr(rig_body(), "\"name\":\"process\",\"status\":\"healthy\""));
	CHECK(rig_ask("GET", "/health/ready", NULL) == 200);
	CHECK(strstr(rig_body(), "{\"status\":\"healthy\",\"uptime_seconds\":"));
	CHECK(strstr(rig_body(), "\"name\":\"storage\",\"status\":\"healthy\""));
	CHECK(rig_ask("HEAD", "/health/ready", NULL) == 200 && rig.heard.body.len == 0);
	CHECK(rig_ask("DELETE", "/health", NULL) == 405);
	CHECK(strstr(rig_field("allow"), "GET"));
}

/* under a name that is content's own, so is the path */
static void not_on_sites(void)
{
	struct request rq = { .method = span_str("GET"), .path = span_str("/health"), .id = span_str("id"),
			      .host = span_str("bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.ipfs.localhost") };

	rig_open("");
	rig_ask("GET", "/x", NULL);
	buf_reset(&rig.heard.r.fields);
	buf_reset(&rig.heard.body);
	rig.heard.r.status = 0;
	CHECK(front_answer(&rq, &rig.heard.r, rig.f) == 0 && rig.heard.r.status == 404);
	CHECK(!strstr(rig_body(), "ipfrs-gateway"));
}

/* A store that cannot be opened when a worker begins is told to those who ask for content, health goes on, and
 * when it is there again it is served. */
static void the_store_is_away(void)
{
	char away[4300];

	rig_open("");
	snprintf(away, sizeof away, "%s.away", rig.path);
	front_close(rig.f);
	NEED(rename(rig.path, away) == 0);
	CHECK(front_begin(rig.f) == 0);
	CHECK(rig_ask("GET", "/ipfs/bafkqaaa", NULL) == 503 && rig.heard.rc == 0);
	CHECK(strstr(rig_body(), "\"code\":503"));
	CHECK(rig_ask("GET", "/health/ready", NULL) == 503);
	CHECK(strstr(rig_body(), "\"unhealthy\"") && !strstr(rig_body(), rig.path));
	CHECK(rig_ask("GET", "/health/live", NULL) == 200);
	CHECK(rig_ask("GET", "/metrics", NULL) == 200 && strstr(rig_body(), "ipfrs_build_info"));
	NEED(rename(away, rig.path) == 0);
	CHECK(rig_ask("GET", "/ipfs/bafkqaaa", NULL) == 200);
	CHECK(rig_ask("GET", "/health/ready", NULL) == 200);
}

/* one that can be read and not written is good enough for those who read */
static void a_store_that_cannot_be_written(void)
{
	char tmp[4300];

	rig_open("");
	snprintf(tmp, sizeof tmp, "%s", store_tmpdir(rig.f->st));
	if (geteuid() == 0) {
		NEED(rmdir(tmp) == 0);			/* root may write anywhere: take the folder away */
		CHECK(rig_ask("GET", "/health/ready", NULL) == 503);
		CHECK(strstr(rig_body(), "unhealthy"));
		NEED(mkdir(tmp, 0700) == 0);
		return;
	}
	NEED(chmod(tmp, 0500) == 0);
	CHECK(rig_ask("GET", "/health/ready", NULL) == 200);
	CHECK(strstr(rig_body(), "{\"status\":\"degraded\"") && !strstr(rig_body(), tmp));
	NEED(chmod(tmp, 0700) == 0);
}

static void the_probe_leaves_nothing(void)
{
	rig_open("");
	CHECK(rig_ask("GET", "/health/ready", NULL) == 200);
	CHECK(rmdir(store_tmpdir(rig.f->st)) == 0);
}

int main(void)
{
	unsetenv("IPFS_NS_MAP");
	RUN(alive);
	RUN(not_on_sites);
	RUN(the_store_is_away);
	RUN(a_store_that_cannot_be_written);
	RUN(the_probe_leaves_nothing);
	rig_close();
	return UNIT_END();
}
