/* uri.c - "?uri=": links of the schemes ipfs: and ipns:, which browsers hand over (reference 20.6) */
#include "base/err.h"
#include "host_priv.h"

/* what an ipfs: or ipns: URI says behind its path, as far as it may stand in a URL */
static int put_query(struct buf *out, struct span query)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < query.len; i++) {
		uint8_t c = query.p[i];

		rc = c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}#", c) ? buf_printf(out, "%%%02X", c) :
									   buf_u8(out, c);
	}
	return rc;
}

static int router_path(struct span uri, int ipns, struct buf *path, struct span *query)
{
	const uint8_t *end = memchr(uri.p, '#', uri.len);
	struct buf raw = BUF_INIT(GW_PATH_MAX);
	struct span authority, rest;
	size_t n;
	int rc;

	if (end)
		uri.len = (size_t)(end - uri.p);
	end = uri.len ? memchr(uri.p, '?', uri.len) : NULL;
	*query = end ? span_of(end, uri.len - (size_t)(end - uri.p)) : span_of(NULL, 0);
	uri.len -= query->len;
	rc = buf_str(&raw, ipns ? "/ipns/" : "/ipfs/");
	n = raw.len;
	if (rc == 0)
		rc = buf_add(&raw, uri);
	if (rc == 0)
		rc = gw_clean(buf_span(&raw), path);
	/* it stays below the root it names, whatever dots and escapes there are */
	authority = host_first_segment(span_of(raw.data + n - 1, raw.len - n + 1), &rest);
	if (rc == 0 && (!authority.len || memchr(authority.p, '%', authority.len) ||
			path->len < n + authority.len || memcmp(path->data, raw.data, n + authority.len) != 0 ||
			(path->len > n + authority.len && path->data[n + authority.len] != '/')))
		rc = err_set(ERR_INVALID, "there is no root in it");
	buf_clear(&raw);
	return rc;
}

int host_uri(struct gw_ask *a)
{
	struct buf uri = BUF_INIT(GW_PATH_MAX), path = BUF_INIT(GW_PATH_MAX), to = BUF_INIT(HOST_LOCATION_MAX);
	struct span query, s;
	int rc = gw_arg(a, "uri", &uri), ipns;

	if (rc != 1 || !uri.len) {
		buf_clear(&uri);
		return rc < 0 ? gw_fail_rc(a, rc) : 0;
	}
	s = buf_span(&uri);
	ipns = s.len > 7 && host_is_word(span_of(s.p, 7), "ipns://");
	if (!ipns && !(s.len > 7 && host_is_word(span_of(s.p, 7), "ipfs://")))
		rc = gw_fail(a, 400, "the uri is not ipfs:// or ipns:// and something");
	else if (router_path(span_of(s.p + 7, s.len - 7), ipns, &path, &query) < 0)
		rc = gw_fail(a, 400, "the uri is malformed: %s", err_text());
	else if (gw_escape(&to, buf_span(&path)) < 0 || put_query(&to, query) < 0)
		rc = gw_fail(a, 414, "the uri is too long");
	else
		rc = gw_redirect(a, 301, buf_span(&to));
	buf_clear(&uri);
	buf_clear(&path);
	buf_clear(&to);
	return rc;
}
