/* ask.c - one request to a pinning service, and its answer */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer/pinning/pinning_priv.h"

enum { CONNECT_MS = 10000, STALL_S = 60, TOTAL_MS = 300000, REDIRECTS = 5 };

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct pinning *p = arg;

	return buf_bytes(&p->answer, data, size * n) < 0 ? 0 : size * n;
}

static int part(CURLU *u, CURLUPart what, char **text)
{
	return curl_url_get(u, what, text, 0) == CURLUE_OK;
}

int pinning_check(const char *endpoint)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;
	size_t n = strlen(endpoint);
	int ok;

	if (!u)
		return err_nomem();
	ok = curl_url_set(u, CURLUPART_URL, endpoint, 0) == CURLUE_OK && part(u, CURLUPART_SCHEME, &scheme) &&
	     part(u, CURLUPART_HOST, &host) && (!strcmp(scheme, "http") || !strcmp(scheme, "https"));
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	if (!ok)
		return err_set(ERR_USAGE, "service endpoint must be a valid HTTP URL");
	while (n && endpoint[n - 1] == '/')
		n--;
	if (n >= 5 && strncmp(endpoint + n - 5, "/pins", 5) == 0)
		return err_set(ERR_USAGE, "service endpoint should be provided without the /pins suffix");
	return 0;
}

static int set_fields(struct pinning *p, const char *key)
{
	struct curl_slist *more;
	char *line;

	if (asprintf(&line, "Authorization: Bearer %s", key) < 0)
		return err_nomem();
	p->fields = curl_slist_append(NULL, line);
	explicit_bzero(line, strlen(line));
	free(line);
	if (!p->fields)
		return err_nomem();
	more = curl_slist_append(p->fields, "Content-Type: application/json");
	if (more)
		more = curl_slist_append(more, "Accept: application/json");
	return more ? 0 : err_nomem();
}

static int set_up(struct pinning *p)
{
	CURL *c = p->curl;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, p->fields);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "ipfrs/" IPFRS_VERSION);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->why);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	return curl_easy_setopt(c, CURLOPT_WRITEDATA, p) == CURLE_OK ? 0 : err_nomem();
}

int pinning_new(struct pinning **out, const char *endpoint, const char *key)
{
	struct pinning *p;
	size_t n = strlen(endpoint);
	int rc = pinning_check(endpoint);

	*out = NULL;
	if (rc == 0 && strpbrk(key, "\r\n"))
		rc = err_set(ERR_USAGE, "a key is one line");
	if (rc < 0)
		return rc;
	p = calloc(1, sizeof *p);
	if (!p)
		return err_nomem();
	p->answer = BUF_INIT(PINNING_ANSWER_MAX);
	p->nd = NODE_INIT;
	while (n && endpoint[n - 1] == '/')
		n--;
	p->endpoint = strndup(endpoint, n);
	p->curl = curl_easy_init();
	rc = p->endpoint && p->curl ? set_fields(p, key) : err_nomem();
	if (rc == 0)
		rc = set_up(p);
	if (rc < 0) {
		pinning_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void pinning_free(struct pinning *p)
{
	struct curl_slist *f;

	if (!p)
		return;
	curl_easy_cleanup(p->curl);
	for (f = p->fields; f; f = f->next)
		explicit_bzero(f->data, strlen(f->data));
	curl_slist_free_all(p->fields);
	free(p->endpoint);
	node_clear(&p->nd);
	buf_clear(&p->answer);
	free(p);
}

/* ---- answers ---- */

static int code_of(long status)
{
	switch (status) {
	case 400: return ERR_USAGE;
	case 401: case 403: return ERR_DENIED;
	case 404: return ERR_NOTFOUND;
	case 409: return ERR_EXISTS;
	case 429: case 503: return ERR_BUSY;
	case 507: return ERR_NOSPACE;
	default: return ERR_IO;
	}
}

static struct span text_at(const struct node *nd, size_t map, const char *key)
{
	size_t at;

	if (!node_field(nd, map, span_str(key), &at) || nd->step[at].kind != NODE_STRING)
		return span_of("", 0);
	return node_span(nd, at);
}

/* {"error":{"reason":"…","details":"…"}}, as Kubo repeats it */
static int refused(struct pinning *p, long status)
{
	struct span reason = span_of("", 0), details = reason;
	size_t at;

	if (codec_decode(CID_JSON, buf_span(&p->answer), 0, &p->nd) == 0 &&
	    node_field(&p->nd, 0, span_str("error"), &at)) {
		reason = text_at(&p->nd, at, "reason");
		details = text_at(&p->nd, at, "details");
	}
	if (!reason.len)
		return err_set(code_of(status), "remote pinning service returned http error %ld", status);
	return err_set(code_of(status), "reason: \"%.*s\", details: \"%.*s\": http error %ld", (int)(reason.len & 0xfff),
		       (const char *)reason.p, (int)(details.len & 0xfff), (const char *)details.p, status);
}

static int no_answer(struct pinning *p, CURLcode rc, const char *method, const char *url)
{
	if (rc == CURLE_WRITE_ERROR)
		return err_set(ERR_LIMIT, "the answer of the remote pinning service is too long");
	return err_set(rc == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO,
		       "empty response from remote pinning service: %c%s \"%s\": %s", *method,
		       !strcmp(method, "GET") ? "et" : !strcmp(method, "POST") ? "ost" : "elete", url,
		       *p->why ? p->why : curl_easy_strerror(rc));
}

int pinning_ask(struct pinning *p, const char *method, const char *path, const char *body)
{
	char *url;
	long status = 0;
	CURLcode rc;
	int err;

	if (asprintf(&url, "%s%s", p->endpoint, path) < 0)
		return err_nomem();
	buf_reset(&p->answer);
	node_reset(&p->nd);
	*p->why = 0;
	curl_easy_setopt(p->curl, CURLOPT_URL, url);
	if (body)
		curl_easy_setopt(p->curl, CURLOPT_COPYPOSTFIELDS, body);
	else
		curl_easy_setopt(p->curl, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(p->curl, CURLOPT_CUSTOMREQUEST, method);
	rc = curl_easy_perform(p->curl);
	curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc != CURLE_OK)
		err = no_answer(p, rc, method, url);
	else if (status < 200 || status > 299)
		err = refused(p, status);
	else if (p->answer.len == 0)
		err = node_null(&p->nd);
	else
		err = codec_decode(CID_JSON, buf_span(&p->answer), 0, &p->nd);
	if (err < 0 && rc == CURLE_OK && status >= 200 && status <= 299)
		err_add(err, "the answer of the remote pinning service");
	free(url);
	return err;
}
