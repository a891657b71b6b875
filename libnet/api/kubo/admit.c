/*
 * admit.c - who may ask, and in which way.
 * The API changes things, and listens where browsers can reach it: pages of strangers must not.  The order of the checks
 * is Kubo's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kubo_priv.h"

static const char denied[] = "Kubo RPC Access Denied: Please provide a valid authorization token as defined in the "
			     "API.Authorizations configuration.";

int text_error(struct reply *r, int status, const char *text)
{
	struct buf body = BUF_INIT(64 * 1024);
	int rc = reply_field(r, "x-content-type-options", "nosniff");

	if (rc == 0)
		rc = buf_printf(&body, "%s\n", text);
	if (rc == 0)
		rc = reply_whole(r, status, "text/plain; charset=utf-8", buf_span(&body));
	buf_clear(&body);
	return rc;
}

/* ---- authorization ---- */

/* constant time in the bytes, so that nothing is learned of a secret by the clock */
static int same(struct span a, struct span b)
{
	volatile uint8_t diff = 0;
	size_t i;

	if (a.len != b.len)
		return 0;
	for (i = 0; i < a.len; i++)
		diff |= a.p[i] ^ b.p[i];
	return !diff;
}

static int base64(struct span in, struct buf *out)
{
	return mb_encode_body(mb_by_name("base64pad"), in, out);
}

static int begins(struct span s, const char *head)
{
	size_t n = strlen(head);

	return s.len >= n && memcmp(s.p, head, n) == 0;
}

/* AuthSecret to the field it wants; 1, 0: no such kind */
static int wanted_field(struct span secret, struct buf *out)
{
	struct span rest;
	int rc;

	if (begins(secret, "basic:")) {
		rest = span_of(secret.p + 6, secret.len - 6);
		rc = buf_str(out, "Basic ");
		if (rc == 0)
			rc = rest.len && memchr(rest.p, ':', rest.len) ? base64(rest, out) : buf_add(out, rest);
		return rc == 0;
	}
	if (begins(secret, "bearer:"))
		secret = span_of(secret.p + 7, secret.len - 7);
	else if (secret.len && memchr(secret.p, ':', secret.len))
		return 0;
	return buf_str(out, "Bearer ") == 0 && buf_add(out, secret) == 0;
}

static int may_use(const struct node *nd, size_t entry, struct span path)
{
	size_t list, at, i;
	struct span head;

	if (span_equal(path, span_str("/api/v0/version")))
		return 1;
	if (!node_field(nd, entry, span_str("AllowedPaths"), &list))
		return 0;
	for (i = 0; node_entry(nd, list, i, &at); i++) {
		head = node_span(nd, at);
		if (nd->step[at].kind == NODE_STRING && path.len >= head.len &&
		    memcmp(path.p, head.p, head.len) == 0)
			return 1;
	}
	return 0;
}

int kubo_allows(const struct kubo *k, const struct request *rq)
{
	const struct node *nd = &k->conf;
	struct span got = request_field(rq, "authorization");
	struct buf want = BUF_INIT(8192);
	size_t at, end, secret;
	int yes = 0;

	if (!kubo_guarded(k))
		return 1;
	kubo_conf(k, "API.Authorizations", &at);
	end = (size_t)nd->step[at].end;
	for (at++; !yes && got.p && at < end; at = node_next(nd, at + 1)) {
		buf_reset(&want);
		yes = node_field(nd, at + 1, span_str("AuthSecret"), &secret) &&
		      nd->step[secret].kind == NODE_STRING && wanted_field(node_span(nd, secret), &want) &&
		      same(got, buf_span(&want)) && may_use(nd, at + 1, rq->path);
	}
	if (want.data)
		explicit_bzero(want.data, want.len);
	buf_clear(&want);
	return yes;
}

/* ---- origins ---- */

/* the port we were asked at, as it stands in an origin (":5001"); a browser sends the true one */
static struct span port_of(const struct request *rq)
{
	size_t i = rq->host.len;

	while (i > 0 && rq->host.p[i - 1] >= '0' && rq->host.p[i - 1] <= '9')
		i--;
	return i > 0 && rq->host.p[i - 1] == ':' ? span_of(rq->host.p + i - 1, rq->host.len - i + 1) : span_of("", 0);
}

static int is_ours(const struct request *rq, struct span origin)
{
	static const char *const hosts[] = {
		"http://127.0.0.1", "https://127.0.0.1", "http://[::1]", "https://[::1]", "http://localhost", "https://localhost"
	};
	static const char *const apps[] = {
		"chrome-extension://nibjojkomfdiaoajekhjakgkdhaomnch", "chrome-extension://hjoieblefckbooibpepigmacodalfndh"
	};
	struct span port = port_of(rq);
	size_t i, n;

	for (i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		n = strlen(hosts[i]);
		if (origin.len == n + port.len && memcmp(origin.p, hosts[i], n) == 0 &&
		    (!port.len || memcmp(origin.p + n, port.p, port.len) == 0))
			return 1;
	}
	for (i = 0; i < sizeof apps / sizeof *apps; i++)
		if (span_equal(origin, span_str(apps[i])))
			return 1;
	return 0;
}

/* an origin of the configuration, where <port> stands for ours */
static int matches(const struct request *rq, struct span want, struct span origin)
{
	static const char mark[] = ":<port>";
	struct span port = port_of(rq);
	const uint8_t *at = want.len ? memmem(want.p, want.len, mark, sizeof mark - 1) : NULL;
	size_t n = at ? (size_t)(at - want.p) : 0, tail;

	if (!at)
		return span_equal(want, origin);
	tail = want.len - n - (sizeof mark - 1);
	return origin.len == n + port.len + tail && memcmp(origin.p, want.p, n) == 0 &&
	       (!port.len || memcmp(origin.p + n, port.p, port.len) == 0) &&
	       memcmp(origin.p + n + port.len, at + sizeof mark - 1, tail) == 0;
}

/* 1: this one; 2: any */
static int allowed(const struct kubo *k, const struct request *rq, struct span origin)
{
	const struct node *nd = &k->conf;
	size_t list, at, i;
	int yes = is_ours(rq, origin);

	if (!kubo_conf(k, "API.HTTPHeaders.Access-Control-Allow-Origin", &list))
		return yes;
	for (i = 0; node_entry(nd, list, i, &at); i++) {
		if (nd->step[at].kind != NODE_STRING)
			continue;
		if (span_equal(node_span(nd, at), span_str("*")))
			return 2;
		yes |= matches(rq, node_span(nd, at), origin);
	}
	return yes;
}

/* of a URL its scheme and authority; 0: it has none */
static int origin_of(struct span url, struct span *origin)
{
	const uint8_t *at = url.len ? memmem(url.p, url.len, "://", 3) : NULL, *p;

	if (!at || at == url.p)
		return 0;
	for (p = at + 3; p < url.p + url.len && *p != '/' && *p != '?' && *p != '#'; p++)
		;
	*origin = span_of(url.p, (size_t)(p - url.p));
	return p > at + 3;
}

static int holds(struct span s, const char *word)
{
	return s.len && memmem(s.p, s.len, word, strlen(word));
}

/* a page of a stranger? */
static int foreign(const struct kubo *k, const struct request *rq)
{
	struct span origin = request_field(rq, "origin"), referer = request_field(rq, "referer");
	struct span agent = request_field(rq, "user-agent"), from;

	if (origin.len && !allowed(k, rq, origin))
		return 1;
	if (referer.len && !(origin_of(referer, &from) && allowed(k, rq, from)))
		return 1;
	return !origin.len && !referer.len && begins(agent, "Mozilla") && !holds(agent, "Electron");
}

/* ---- CORS ---- */

static int credentials(const struct kubo *k)
{
	size_t list, at;

	return kubo_conf(k, "API.HTTPHeaders.Access-Control-Allow-Credentials", &list) &&
	       node_entry(&k->conf, list, 0, &at) && k->conf.step[at].kind == NODE_STRING &&
	       span_equal(node_span(&k->conf, at), span_str("true"));
}

static int allow_origin(const struct kubo *k, const struct request *rq, struct reply *r)
{
	struct span origin = request_field(rq, "origin");
	int how = origin.len ? allowed(k, rq, origin) : 0, rc = 0;

	if (how == 2 && !credentials(k))
		rc = reply_field(r, "access-control-allow-origin", "*");
	else if (how)
		rc = reply_field(r, "access-control-allow-origin", "%.*s", (int)origin.len, (const char *)origin.p);
	if (rc == 0 && how && credentials(k))
		rc = reply_field(r, "access-control-allow-credentials", "true");
	return rc < 0 ? rc : how;
}

static int is_allowed_header(struct span name)
{
	static const char *const known[] = { "origin", "accept", "content-type", "x-requested-with" };
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (name.len == strlen(known[i]) && strncasecmp((const char *)name.p, known[i], name.len) == 0)
			return 1;
	return 0;
}

static int headers_ok(struct span list)
{
	size_t i, from = 0, to;

	for (i = 0; i <= list.len; i++) {
		if (i < list.len && list.p[i] != ',')
			continue;
		for (to = i; from < to && list.p[from] == ' '; from++)
			;
		while (to > from && list.p[to - 1] == ' ')
			to--;
		if (to > from && !is_allowed_header(span_of(list.p + from, to - from)))
			return 0;
		from = i + 1;
	}
	return 1;
}

static int method_ok(const struct kubo *k, struct span method)
{
	size_t list, at, i;

	if (!kubo_conf(k, "API.HTTPHeaders.Access-Control-Allow-Methods", &list))
		return span_equal(method, span_str("POST"));
	for (i = 0; node_entry(&k->conf, list, i, &at); i++)
		if (k->conf.step[at].kind == NODE_STRING && span_equal(node_span(&k->conf, at), method))
			return 1;
	return 0;
}

static int preflight(const struct kubo *k, const struct request *rq, struct reply *r)
{
	struct span origin = request_field(rq, "origin"), method = request_field(rq, "access-control-request-method");
	struct span headers = request_field(rq, "access-control-request-headers");
	int rc = reply_field(r, "vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");

	if (rc == 0 && origin.len && allowed(k, rq, origin) && method_ok(k, method) && headers_ok(headers)) {
		rc = allow_origin(k, rq, r);
		if (rc >= 0)
			rc = reply_field(r, "access-control-allow-methods", "%.*s", (int)method.len,
					 (const char *)method.p);
		if (rc == 0 && headers.len)
			rc = reply_field(r, "access-control-allow-headers", "%.*s", (int)headers.len,
					 (const char *)headers.p);
	}
	return rc < 0 ? rc : reply_start(r, 204, 0);
}

/* ---- all of it ---- */

/* Kubo's own command line, of another version than we speak; what others call themselves is their business */
static int mismatch(const struct request *rq)
{
	static const char free_for_all[] = "/api/v0/version", own[] = "/kubo/" KUBO_VERSION "/";
	struct span agent = request_field(rq, "user-agent");
	size_t n = sizeof free_for_all - 1;

	if ((!holds(agent, "/go-ipfs/") && !holds(agent, "/kubo/")) || span_equal(agent, span_str(own)) ||
	    !begins(rq->path, "/api/v0/"))
		return 0;
	if (begins(rq->path, free_for_all) && (rq->path.len == n || rq->path.p[n] == '/'))
		return 0;
	return err_set(ERR_INVALID, "api version mismatch (%s != %.*s)", own, (int)agent.len, (const char *)agent.p);
}

static int not_post(const struct request *rq, struct reply *r)
{
	int rc = reply_field(r, "allow", "OPTIONS, POST");

	if (rc < 0)
		return rc;
	return span_equal(rq->method, span_str("OPTIONS")) ? reply_start(r, 204, 0) :
							     text_error(r, 405, "405 - Method Not Allowed");
}

static int moved(const struct request *rq, struct reply *r)
{
	int rc = rq->query.len ? reply_field(r, "location", "/api/v0/?%.*s", (int)rq->query.len,
					     (const char *)rq->query.p) :
				 reply_field(r, "location", "/api/v0/");

	return rc < 0 ? rc : reply_whole(r, 307, NULL, span_of(NULL, 0));
}

int admit(struct kubo *k, struct request *rq, struct reply *r, int *rc)
{
	int options = span_equal(rq->method, span_str("OPTIONS"));

	*rc = 0;
	if (mismatch(rq) < 0) {
		*rc = text_error(r, 400, err_text());
		return 0;
	}
	if (!kubo_allows(k, rq)) {
		*rc = text_error(r, 403, denied);
		return 0;
	}
	if (options && request_field(rq, "access-control-request-method").len) {
		*rc = preflight(k, rq, r);
		return 0;
	}
	if (span_equal(rq->path, span_str("/api/v0"))) {
		*rc = moved(rq, r);
		return 0;
	}
	*rc = reply_field(r, "vary", "Origin");
	if (*rc == 0)
		*rc = allow_origin(k, rq, r);
	if (*rc < 0)
		return 0;
	*rc = 0;
	if (!span_equal(rq->method, span_str("POST")))
		*rc = not_post(rq, r);
	else if (foreign(k, rq))
		*rc = text_error(r, 403, "403 - Forbidden");
	else
		return 1;
	return 0;
}
