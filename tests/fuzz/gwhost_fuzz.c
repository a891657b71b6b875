/* gwhost_fuzz - host, X-Forwarded-Host, path and query, NUL between them: whatever a Location says is ours to say */
#include <stdlib.h>

#include "api/gateway/gateway_priv.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span part(const uint8_t **p, size_t *left)
{
	const uint8_t *end = *left ? memchr(*p, 0, *left) : NULL;
	struct span s = span_of(*p, end ? (size_t)(end - *p) : *left);

	*p += s.len;
	*left -= s.len;
	if (*left) {
		(*p)++;
		(*left)--;
	}
	return s;
}

static int start(struct reply *r, uint64_t len)
{
	(void)r;
	(void)len;
	return 0;
}

static int put(struct sink *s, const struct piece *p)
{
	(void)s;
	(void)p;
	return 0;
}

/* one line, and either a path of this host or a name below it */
static void check(const struct reply *r)
{
	const char *p = r->fields.data ? strstr((const char *)r->fields.data, "location: ") : NULL;

	if (!p)
		return;
	p += strlen("location: ");
	if (*p == '/' ? p[1] == '/' || p[1] == '\\' : strncmp(p, "http", 4) != 0)
		abort();
	if (strstr(p, "\r\n") != strstr(p, "\r") || strlen(strstr(p, "\r\n")) != 2)
		abort();
}

static struct gw_host hosts[] = {
	{ (char []){ "example.com" }, GATEWAY_SUBDOMAINS | GATEWAY_INLINE },
	{ (char []){ "plain.example:80" }, GATEWAY_NO_IPNS },
	{ (char []){ "*.wild.example" }, GATEWAY_SUBDOMAINS },
};

static struct gateway *gateway(void)
{
	static struct gateway g = { .hosts = hosts, .n_hosts = 3 };

	if (!g.names && gw_names_new(&g.names, "a.b-c.example:/ipfs/bafkqaaa,x-y:/ipfs/bafkqaaa") < 0)
		abort();
	return &g;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span host = part(&data, &size), forwarded = part(&data, &size);
	struct field f = { span_str("x-forwarded-host"), forwarded };
	struct request rq = { .method = span_str("GET"), .host = host, .field = &f, .n_fields = forwarded.len > 0,
			      .local = 1 };
	struct reply r = { .sink = { put }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .start = start };
	struct gw_ask a = { .g = gateway(), .rq = &rq, .r = &r, .host = BUF_INIT(GW_TEXT_MAX),
			    .gw_host = BUF_INIT(GW_TEXT_MAX), .web = BUF_INIT(GW_PATH_MAX),
			    .path = BUF_INIT(GW_PATH_MAX + GW_TEXT_MAX) };
	int rc;

	rq.path = part(&data, &size);
	rq.query = part(&data, &size);
	rc = gw_host(&a);
	if (rc == 0 && (!a.path.len || a.path.data[0] != '/' || !a.web.len || a.web.data[0] != '/'))
		abort();
	if ((rc == 1) != (r.status != 0))
		abort();
	check(&r);
	buf_clear(&a.host);
	buf_clear(&a.gw_host);
	buf_clear(&a.web);
	buf_clear(&a.path);
	buf_clear(&r.fields);
	return 0;
}
