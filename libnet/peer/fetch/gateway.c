/* gateway.c - whom to ask, and who was not good to us */
#include <stdlib.h>
#include <string.h>

#include "peer/fetch/fetch_priv.h"

uint64_t gateway_bit(int i)
{
	return (uint64_t)1 << i;
}

static int part(CURLU *u, CURLUPart what, char **text)
{
	return curl_url_get(u, what, text, 0) == CURLUE_OK;
}

static int check(CURLU *u, const char *text, int *https)
{
	char *scheme = NULL, *more = NULL;
	int ok = part(u, CURLUPART_SCHEME, &scheme), rc = 0;

	*https = ok && !strcmp(scheme, "https");
	if (!ok || (!*https && strcmp(scheme, "http") != 0))
		rc = err_set(ERR_USAGE, "gateway '%s': only http: and https:", text);
	else if (part(u, CURLUPART_QUERY, &more) || part(u, CURLUPART_FRAGMENT, &more))
		rc = err_set(ERR_USAGE, "gateway '%s': it ends with its path", text);
	curl_free(more);
	curl_free(scheme);
	return rc;
}

int gateway_parse(const char *text, char **url, int *https)
{
	CURLU *u = curl_url();
	char *whole = NULL;
	size_t n;
	int rc;

	*url = NULL;
	if (!u)
		return err_nomem();
	if (!strstr(text, "://") || curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK)
		rc = err_set(ERR_USAGE, "gateway '%s' is no URL such as https://example.net", text);
	else
		rc = check(u, text, https);
	if (rc == 0 && curl_url_get(u, CURLUPART_URL, &whole, 0) != CURLUE_OK)
		rc = err_nomem();
	if (rc == 0) {
		*url = strdup(whole);
		if (!*url)
			rc = err_nomem();
	}
	if (rc == 0) {
		n = strlen(*url);
		while (n && (*url)[n - 1] == '/')
			(*url)[--n] = 0;
		if (n > 5 && !strcmp(*url + n - 5, "/ipfs"))	/* as some write it */
			(*url)[n - 5] = 0;
	}
	curl_free(whole);
	curl_url_cleanup(u);
	return rc;
}

void gateway_failed(const struct fetch *f, struct gateway *g, uint64_t now, int64_t retry_after_s)
{
	uint64_t pause = (uint64_t)f->o.backoff_ms;
	int i;

	g->stat.n_failed++;
	if (now < g->not_before && retry_after_s <= 0)
		return;			/* of the requests that were under way when it failed first */
	for (i = 0; i < g->fails && pause < BACKOFF_MAX_MS; i++)
		pause *= 2;
	if (pause > BACKOFF_MAX_MS)
		pause = BACKOFF_MAX_MS;
	g->fails++;
	if (retry_after_s > 0) {
		if (retry_after_s > 86400)
			retry_after_s = 86400;
		pause = (uint64_t)retry_after_s * 1000;
	}
	if (now + pause > g->not_before)
		g->not_before = now + pause;
}

void gateway_fine(struct gateway *g)
{
	g->fails = 0;
}
