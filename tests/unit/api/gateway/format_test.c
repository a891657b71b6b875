/* format_test - which form a request asks for, and where that form has its address */
#include "ask.h"

static struct field list[8];
static struct request rq;
static struct reply r;
static struct gw_ask a;

static int start(struct reply *reply, uint64_t len)
{
	(void)reply;
	(void)len;
	return 0;
}

static int put(struct sink *s, const struct piece *p)
{
	(void)s;
	(void)p;
	return 0;
}

/* the format of a request, or minus its status when it was answered */
static int form(const char *query, const char *accept)
{
	buf_clear(&a.accept_params);
	buf_clear(&r.fields);
	r = (struct reply){ .sink = { put }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .start = start };
	rq = (struct request){ .query = query ? span_str(query) : span_of(NULL, 0), .field = list,
			       .n_fields = accept != NULL };
	list[0] = (struct field){ span_str("accept"), span_str(accept ? accept : "") };
	a = (struct gw_ask){ .rq = &rq, .r = &r, .accept_params = BUF_INIT(1000), .web = BUF_INIT(1000) };
	return gw_negotiate(&a) == 1 ? -r.status : (int)a.format;
}

static void by_argument(void)
{
	CHECK(form("format=raw", NULL) == GW_RAW && !a.by_accept);
	CHECK(form("x=1&format=car", "application/vnd.ipld.raw") == GW_CAR && !a.accept_params.len);
	CHECK(form("format=raw", "application/vnd.ipld.car") == GW_RAW);
	CHECK(form("format=tar", NULL) == GW_TAR && form("format=zip", NULL) == GW_ZIP);
	CHECK(form("format=ipns-record", NULL) == GW_RECORD && form("format=tar.zst", NULL) == GW_TAR_ZST);
	CHECK(form("format=dag-json&format=raw", NULL) == GW_DAG_JSON);
	CHECK(form("format=nonsense", NULL) == GW_NONE);
	CHECK(form("format=nonsense", "application/vnd.ipld.raw") == GW_RAW && a.by_accept);
	CHECK(form("format=", NULL) == GW_NONE && form("format", NULL) == GW_NONE);
	CHECK(form("a=%zz&format=raw", NULL) == GW_RAW);	/* one bad argument does not hide the others */
	CHECK(form("format=car", "application/vnd.ipld.car; dups=y") == GW_CAR);
	CHECK_STR((char *)a.accept_params.data, "; dups=y");
	CHECK(!a.by_accept);
}

static void by_accept(void)
{
	CHECK(form(NULL, NULL) == GW_NONE && !a.html);
	CHECK(form(NULL, "*/*") == GW_NONE && form(NULL, "application/*") == GW_NONE);
	CHECK(form(NULL, "text/html,application/xhtml+xml,*/*;q=0.8") == GW_NONE && a.html);
	CHECK(form(NULL, "application/vnd.ipld.raw") == GW_RAW && a.by_accept && !a.html);
	CHECK(form(NULL, "Application/VND.ipld.CAR") == GW_CAR);
	CHECK(form(NULL, "application/json;q=0.5, application/cbor") == GW_CBOR);
	CHECK(form(NULL, "application/json;q=0.5, application/cbor;q=0.5") == GW_JSON);
	CHECK(form(NULL, "application/json;q=0, application/cbor;q=0.1") == GW_CBOR);
	CHECK(form(NULL, "application/json;q=0") == GW_NONE);
	CHECK(form(NULL, "text/html, application/json;q=0.9") == GW_NONE && a.html);
	CHECK(form(NULL, "text/html;q=0.9, application/json;q=0.9") == GW_JSON && a.html);
	CHECK(form(NULL, "application/x-tar") == GW_TAR);
	CHECK(form(NULL, "application/vnd.ipfs.ipns-record, */*") == GW_RECORD);
	CHECK(form(NULL, "application/zip") == GW_NONE);
	CHECK(form(NULL, "text/plain;x=\"a,application/json\"") == GW_NONE);
}

static void vendors(void)
{
	CHECK(form(NULL, "application/vnd.ipld.unknown") == -400);
	CHECK(form(NULL, "application/vnd.ipld.raw;=") == -400);
	CHECK(form(NULL, "application/vnd.ipld.") == -400);
	CHECK(form(NULL, "application/vnd.ipld.unknown, application/vnd.ipld.raw") == GW_RAW);
	CHECK(form(NULL, "application/vnd.ms-excel") == GW_NONE);
	CHECK(form("format=raw", "application/vnd.ipld.unknown") == GW_RAW);
}

static void cars(void)
{
	CHECK(form(NULL, "application/vnd.ipld.car;version=1;order=dfs;dups=n") == GW_CAR);
	CHECK_STR((char *)a.accept_params.data, ";version=1;order=dfs;dups=n");
	CHECK(form(NULL, "application/vnd.ipld.car;version=2") == -400);
	CHECK(form(NULL, "application/vnd.ipld.car;version=2, application/vnd.ipld.car;dups=y;q=0.1") == GW_CAR);
	CHECK(strstr((char *)a.accept_params.data, "dups=y"));
	CHECK(form(NULL, "application/vnd.ipld.car;order=bfs") == -400);
	CHECK(form(NULL, "application/vnd.ipld.car;dups=maybe, application/vnd.ipld.raw") == GW_RAW);
}

static const char *location(const char *query, const char *accept)
{
	static char text[2000];
	const char *p;

	if (form(query, accept) < 0)
		return "answered";
	buf_str(&a.web, "/ipfs/ą");
	CHECK(gw_content_location(&a) == 0);
	buf_clear(&a.web);
	p = r.fields.len ? strstr((char *)r.fields.data, "content-location: ") : NULL;
	if (!p)
		return "";
	snprintf(text, sizeof text, "%.*s", (int)strcspn(p + 18, "\r\n"), p + 18);
	return text;
}

static void locations(void)
{
	CHECK_STR(location(NULL, NULL), "");
	CHECK_STR(location(NULL, "application/vnd.ipld.raw"), "/ipfs/%C4%85?format=raw");
	CHECK_STR(location("format=raw", "application/vnd.ipld.car"), "");
	CHECK_STR(location(NULL, "application/vnd.ipld.car;version=1;order=dfs;dups=n"),
		  "/ipfs/%C4%85?car-dups=n&car-order=dfs&car-version=1&format=car");
	CHECK_STR(location("car-dups=y&z=%20", "application/vnd.ipld.car;dups=n"),
		  "/ipfs/%C4%85?car-dups=y&format=car&z=%20");
	CHECK_STR(location("format=nonsense", "application/json"), "/ipfs/%C4%85?format=json");
	CHECK_STR(location("b&a=1&b=2", "application/json"), "/ipfs/%C4%85?a=1&b&b=2&format=json");
	CHECK_STR(location(NULL, "application/vnd.ipld.car;dups=\"y\\\"\""), "answered");
}

/* arguments without end are as many as fit, or the field is left out */
static void many_arguments(void)
{
	char *query = unit_kept(200000);
	size_t i;

	for (i = 0, *query = 0; i < 20000; i++)
		strcpy(query + 5 * i, "aaaa&");
	CHECK(strlen(location(query, "application/json")) < 2000);
	CHECK(a.format == GW_JSON);
}

int main(void)
{
	RUN(by_argument);
	RUN(by_accept);
	RUN(vendors);
	RUN(cars);
	RUN(locations);
	RUN(many_arguments);
	buf_clear(&a.accept_params);
	buf_clear(&r.fields);
	return UNIT_END();
}
