/* preview_test.c - blocks of dag-json and dag-cbor, shown to people */
#include "form.h"
#include "tests/unit/memdag.h"

#define DAG_JSON "baguqeeram5ujjqrwheyaty3w5gdsmoz6vittchvhk723jjqxk7hakxkd47xq"
#define DAG_CBOR "bafyreibs4utpgbn7uqegmd2goqz4bkyflre2ek2iwv743fhvylwi4zeeim"

static struct memdag mem;

static void own(void)
{
	form_open();
	memdag_init(&mem);
	ask_now.src = &mem.source;
}

static int shown(uint64_t codec, struct span block)
{
	struct form f = { .path = "/ipfs/" DAG_CBOR "/" };

	f.of = memdag_add(&mem, 1, codec, block);
	return form(&f, gw_preview);
}

/* cases 102 and 115 of the conformance suite */
static void fixtures(void)
{
	struct form f = { .path = "/ipfs/" DAG_JSON "/", .cid = DAG_JSON };

	form_open();
	ask_import("tests/golden/gateway/dag-json-traversal.car");
	ask_import("tests/golden/gateway/dag-cbor-traversal.car");
	CHECK(form(&f, gw_preview) == 200 && ask_now.heard.rc == 1);
	CHECK(ask_field_has("etag", "\"DagIndex-") && ask_field_has("etag", "_CID-" DAG_JSON "\""));
	CHECK(ask_field_is("content-type", "text/html"));
	CHECK(ask_field_is("content-disposition", NULL));
	CHECK(ask_field_is("cache-control", "public, max-age=604800, stale-while-revalidate=2678400"));
	CHECK(form_has("<b>foo</b>") && form_has("<b>link</b>: <a translate=\"no\" href=\"/ipfs/bagu"));
	CHECK(form_has("href=\"?format=dag-json\"") && form_has("href=\"?format=raw\"") && form_has("</html>"));
	CHECK(ask_now.heard.len == ask_now.heard.body.len);
	f = (struct form){ .path = "/ipfs/" DAG_CBOR "/", .web = "/", .cid = DAG_CBOR, .view = GW_SUBDOMAIN,
			   .gw_host = "example.com" };
	CHECK(form(&f, gw_preview) == 200);
	CHECK(form_has("<a translate=\"no\" href=\"//example.com/ipfs/bafy") && form_has("?format=dag-cbor"));
	f.view = GW_DNSLINK;
	f.host = "example.org";
	CHECK(form(&f, gw_preview) == 200);
	CHECK(form_has("href=\"https://cid.ipfs.tech/#bafy"));
}

static void without_a_slash(void)
{
	struct form f = { .path = "/ipfs/" DAG_CBOR "/\xc4\x85", .query = "a=%20b&c", .cid = DAG_CBOR };

	form_open();
	ask_import("tests/golden/gateway/dag-cbor-traversal.car");
	CHECK(form(&f, gw_preview) == 301);
	CHECK(ask_field_is("location", "/ipfs/" DAG_CBOR "/%C4%85/?a=%20b&c"));
}

static void every_kind(void)
{
	own();
	CHECK(shown(CID_DAG_JSON, span_str("{\"b\":{\"/\":{\"bytes\":\"AAH/\"}},\"f\":-1.5,\"i\":-7,\"l\":[],"
					   "\"n\":null,\"s\":\"a\\u0000<b>\",\"t\":true}")) == 200);
	CHECK(form_has("<b>b</b>: <i>3 bytes</i> <code>0001ff</code>"));
	CHECK(form_has("<b>f</b>: -1.5") && form_has("<b>i</b>: -7") && form_has("<b>l</b>: <i>[0]</i>"));
	CHECK(form_has("<b>n</b>: null") && form_has("<b>t</b>: true"));
	CHECK(form_has("<b>s</b>: <q>a\xe2\x90\x80&lt;b&gt;</q>"));
	CHECK(form_has("<i>{7}</i>"));
	CHECK(shown(CID_DAG_JSON, span_str("\"alone\"")) == 200 && form_has("<q>alone</q>"));
	CHECK(shown(CID_DAG_CBOR, unit_hex("a1613c811864")) == 200 && form_has("<b>&lt;</b>: <i>[1]</i>"));
	CHECK(form_has("<li>100</li>"));
}

static void what_cannot_be_read(void)
{
	own();
	CHECK(shown(CID_DAG_CBOR, unit_hex("a1ff")) == 200);
	CHECK(form_has("cannot be shown as a tree: dag-cbor") && form_has("</html>"));
	CHECK(!strstr(ask_body(), "class=\"tree\""));
	CHECK(shown(CID_DAG_JSON, span_str("{\"<script>\":")) == 200 && form_has("cannot be shown"));
	CHECK(!strstr(ask_body(), "<script>"));
	CHECK(shown(CID_DAG_JSON, span_of("", 0)) == 200 && form_has("cannot be shown"));
}

static size_t count(const char *text)
{
	const char *p = ask_body();
	size_t n = 0;

	while ((p = strstr(p, text))) {
		n++;
		p++;
	}
	return n;
}

static void what_is_large_is_cut(void)
{
	static char list[200000], deep[1201], big[3000000];
	size_t i;

	own();
	list[0] = '[';
	for (i = 1; i < 100000; i += 2)
		memcpy(list + i, "1,", 2);
	memcpy(list + i - 1, "]", 2);
	CHECK(shown(CID_DAG_JSON, span_str(list)) == 200);
	CHECK(count("<li>") == 3 + 4000 + 1 && form_has("46000 more not shown"));
	memset(deep, '[', 600);
	memset(deep + 600, ']', 600);
	CHECK(shown(CID_DAG_JSON, span_str(deep)) == 200 && form_has("too deep to be shown"));
	CHECK(count("<ul>") == 40);
	memset(big, 'x', sizeof big - 1);
	big[0] = big[sizeof big - 2] = '"';
	CHECK(shown(CID_DAG_JSON, span_str(big)) == 200 && form_has("too large to be shown as a tree"));
	big[9000] = '"';
	CHECK(shown(CID_DAG_JSON, span_of(big, 9001)) == 200 && form_has("6951 bytes more"));
	CHECK(ask_now.heard.body.len < 20000);
}

static void an_absent_block(void)
{
	struct form f = { .path = "/ipfs/" DAG_CBOR "/", .cid = DAG_CBOR };

	own();
	CHECK(form(&f, gw_preview) == 404 && ask_field_is("etag", NULL));
}

static void again(void)
{
	struct form f = { .path = "/ipfs/" DAG_CBOR "/", .head = 1 };
	char fields[256];

	own();
	f.of = memdag_add(&mem, 1, CID_DAG_JSON, span_str("{}"));
	CHECK(form(&f, gw_preview) == 200 && ask_now.heard.body.len == 0 && ask_now.heard.len > 1000);
	snprintf(fields, sizeof fields, "if-none-match: %s", ask_field("etag"));
	f.fields = fields;
	CHECK(form(&f, gw_preview) == 304);
}

int main(void)
{
	RUN(fixtures);
	RUN(without_a_slash);
	RUN(every_kind);
	RUN(what_cannot_be_read);
	RUN(what_is_large_is_cut);
	RUN(an_absent_block);
	RUN(again);
	form_close();
	return UNIT_END();
}
