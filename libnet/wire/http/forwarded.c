/* forwarded.c - what a proxy says of the client (RFC 7239, and the X- fields from before it) */
#include "http_priv.h"
#include "field.h"

static const struct http_forwarded nothing = { .tls = -1 };

/* A node or host that can be believed to be one: nothing that could make a URL mean something else. */
static struct span authority(struct span s)
{
	return http_is_authority(s, 0) ? s : span_of(NULL, 0);
}

/* X-Forwarded-For has IPv6 addresses without brackets */
static struct span address(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!strchr("0123456789abcdefABCDEF:.", s.p[i]) || !s.p[i])
			return authority(s);
	return s.len > 1 && s.len < 46 ? s : authority(s);
}

static int scheme(struct span s)
{
	return http_is(s, "https") ? 1 : http_is(s, "http") ? 0 : -1;
}

int http_forwarded(struct span value, struct http_forwarded *f)
{
	struct span name, v;
	int more, ended = 0;
	size_t i;

	*f = nothing;
	/* the first element; a comma may stand in quotes */
	for (i = 0; i < value.len; i++) {
		if (value.p[i] == '"')
			ended = !ended;
		else if (value.p[i] == '\\')
			return 0;		/* no valid host or node needs one */
		else if (value.p[i] == ',' && !ended)
			break;
	}
	value = span_of(value.p, i);
	while ((more = http_param_next(&value, &name, &v)) > 0) {
		if (http_is(name, "host"))
			f->host = authority(v);
		else if (http_is(name, "for"))
			f->client = authority(v);
		else if (http_is(name, "proto"))
			f->tls = scheme(v);
	}
	if (more < 0)
		*f = nothing;
	return more == 0;
}

/* the first of a list */
static struct span first(struct span list)
{
	struct span word;

	return http_list_next(&list, &word) ? word : span_of(NULL, 0);
}

int http_forwarded_x(struct span client, struct span host, struct span proto, struct http_forwarded *f)
{
	f->client = address(first(client));
	f->host = authority(first(host));
	f->tls = scheme(first(proto));
	return 1;
}
