/* record_test - IPNS records as they are kept, for whoever can verify them */
#include "ask.h"

#define RECORDS "tests/golden/gateway-conformance/"
#define BOTH "k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w"
#define V2 "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f"
#define RSA36 "k2k4r8m7xvggw5pxxk3abrkwyer625hg01hfyggrai7lk1m63fuihi7w"
#define RSA58 "QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3"
#define TYPE "application/vnd.ipfs.ipns-record"

static struct buf file_of(const char *path)
{
	struct buf b = BUF_INIT(1 << 20);

	if (io_slurp_file(AT_FDCWD, path, &b) < 0)
		abort();
	return b;
}

static void setup(void)
{
	ask_open("");
	CHECK(ask_record(RECORDS "ipns_records/" BOTH "_v1-v2.ipns-record") == 1);
	CHECK(ask_record(RECORDS "ipns_records/" V2 "_v2.ipns-record") == 1);
	CHECK(ask_record(RECORDS "subdomain_gateway/" RSA58 ".ipns-record") == 1);
}

static void as_they_are(void)
{
	static const char *const asked[][2] = {
		{ "/ipns/" BOTH "?format=ipns-record", NULL }, { "/ipns/" BOTH, "accept: " TYPE "\n" },
		{ "/ipns/" BOTH "/?format=ipns-record", NULL }
	};
	struct buf want = file_of(RECORDS "ipns_records/" BOTH "_v1-v2.ipns-record");
	size_t i;

	for (i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		CHECK(ask_with(asked[i][0], asked[i][1]) == 200 && ask_now.heard.len == want.len);
		CHECK(span_equal(buf_span(&ask_now.heard.body), buf_span(&want)));
		CHECK(ask_field_is("content-type", TYPE) && ask_field_is("x-content-type-options", "nosniff"));
		CHECK(ask_field_is("cache-control", "public, max-age=1800"));
		CHECK(ask_field_is("content-disposition", "attachment; filename=\"" BOTH ".ipns-record\"; "
				   "filename*=UTF-8''" BOTH ".ipns-record"));
		CHECK(ask_field("etag") && ask_field("etag")[0] == '"');
	}
	buf_clear(&want);
	want = file_of(RECORDS "ipns_records/" V2 "_v2.ipns-record");
	CHECK(ask_get("/ipns/" V2 "?format=ipns-record") == 200);
	CHECK(span_equal(buf_span(&ask_now.heard.body), buf_span(&want)));
	buf_clear(&want);
	want = file_of(RECORDS "subdomain_gateway/" RSA58 ".ipns-record");
	CHECK(ask_get("/ipns/" RSA36 "?format=ipns-record") == 200);
	CHECK(span_equal(buf_span(&ask_now.heard.body), buf_span(&want)));
	buf_clear(&want);
}

static void heads_names_and_conditions(void)
{
	char fields[200];

	CHECK(ask("HEAD", "/ipns/" BOTH "?format=ipns-record", "127.0.0.1", NULL) == 200);
	CHECK(ask_now.heard.len == 326 && !ask_now.heard.body.len && ask_field_is("content-type", TYPE));
	snprintf(fields, sizeof fields, "if-none-match: %s\n", ask_field("etag"));
	CHECK(ask_with("/ipns/" BOTH "?format=ipns-record", fields) == 304 && !ask_now.heard.body.len);
	CHECK(ask_field_is("cache-control", "public, max-age=1800"));
	CHECK(ask_with("/ipns/" V2 "?format=ipns-record", fields) == 200);
	CHECK(ask_get("/ipns/" BOTH "?format=ipns-record&filename=test%D1%82%D0%B5%D1%81%D1%82.ipns-record") == 200);
	CHECK(ask_field_is("content-disposition", "attachment; filename=\"test____.ipns-record\"; "
			   "filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.ipns-record"));
	/* the other ways to write the name have another address */
	CHECK(ask_get("/ipns/" RSA58 "?format=ipns-record") == 302);
}

static void what_has_no_record(void)
{
	CHECK(ask_get("/ipns/" BOTH "/sub?format=ipns-record") == 400);
	CHECK(ask_get("/ipfs/bafkqaaa?format=ipns-record") == 400);
	CHECK(ask_get("/ipns/example.org?format=ipns-record") == 400);
	CHECK(ask_get("/ipns/k51qzi5uqu5djokp3m1keo36hoxtd6u3a1d2rg1camf6al7p3huy63dojlm57c?format=ipns-record") == 404);
	CHECK(!ask_field("etag") && !ask_field("cache-control"));
}

/* put where a store keeps it, without a look at it */
static void slip_in(const char *name, struct span record)
{
	char path[4300];
	FILE *f;

	snprintf(path, sizeof path, "%s/names/%s", store_path(ask_now.st), name);
	f = fopen(path, "w");
	if (!f || fwrite(record.p, 1, record.len, f) != record.len || fclose(f) != 0)
		abort();
}

/* whoever verifies it would not take it: that is a fault here, and nothing to hand out */
static void records_that_are_no_good(void)
{
	static const char *const bad[][2] = {
		{ "k51qzi5uqu5diamp7qnnvs1p1gzmku3eijkeijs3418j23j077zrkok63xdm8c", "v1-v2-broken-signature-v2" },
		{ "k51qzi5uqu5dlmit2tuwdvnx4sbnyqgmvbxftl0eo3f33wwtb9gr7yozae9kpw", "v1-v2-broken-v1-value" },
		{ "k51qzi5uqu5dm4tm0wt8srkg9h9suud4wuiwjimndrkydqm81cqtlb5ak6p7ku", "v1" }
	};
	char path[300], target[200];
	struct buf record;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(path, sizeof path, RECORDS "ipns_records/%s_%s.ipns-record", bad[i][0], bad[i][1]);
		record = file_of(path);
		slip_in(bad[i][0], buf_span(&record));
		buf_clear(&record);
		snprintf(target, sizeof target, "/ipns/%s?format=ipns-record", bad[i][0]);
		CHECK(ask_get(target) == 500 && !ask_field("etag") && !ask_field("cache-control"));
	}
}

static void how_long_a_record_may_be_kept(void)
{
	struct name_create c = { .value = span_str("/ipfs/bafkqaaa"), .ttl_ns = 7000000000 };
	struct buf record = BUF_INIT(NAME_RECORD_MAX);
	char target[CID_TEXT_MAX + 40], text[CID_TEXT_MAX];
	struct key *k = NULL;

	NEED(key_generate(KEY_ED25519, 0, &k) == 0);
	cid_text(key_name(k), text);
	snprintf(target, sizeof target, "/ipns/%s?format=ipns-record", text);
	clock_gettime(CLOCK_REALTIME, &c.ends);
	c.ends.tv_sec += 100000;
	CHECK(name_create(k, &c, &record) == 0);
	slip_in(text, buf_span(&record));
	CHECK(ask_get(target) == 200 && ask_field_is("cache-control", "public, max-age=7"));
	c.ends.tv_sec -= 200000;		/* it has expired */
	buf_reset(&record);
	CHECK(name_create(k, &c, &record) == 0);
	slip_in(text, buf_span(&record));
	CHECK(ask_get(target) == 500 && !ask_field("cache-control") && strstr(ask_body(), "expired"));
	buf_clear(&record);
	key_free(k);
}

int main(void)
{
	setup();
	RUN(as_they_are);
	RUN(heads_names_and_conditions);
	RUN(what_has_no_record);
	RUN(records_that_are_no_good);
	RUN(how_long_a_record_may_be_kept);
	ask_close();
	return UNIT_END();
}
