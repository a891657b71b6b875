/* settings.c - the settings of a server: presets, the environment, and how they are read */
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "front_priv.h"

const char *front_text(const struct config *c, const char *key)
{
	const char *v = "";

	return config_get(c, key, &v) < 0 ? "" : v;
}

uint64_t front_number(const struct config *c, const char *key)
{
	const char *v = front_text(c, key);
	uint64_t n = 0;

	if (num_parse(v, &n) < 0)
		num_parse_size(v, &n);
	return n;
}

int front_is_set(const struct config *c, const char *key)
{
	const char *name, *value, *help;
	int i, set;

	for (i = 0; config_each(c, i, &name, &value, &set, &help); i++)
		if (!strcmp(name, key))
			return set;
	return 0;
}

int front_preset(struct config *c, const char *name)
{
	static const struct { const char *key, *of[3]; } rows[] = {
		/* production, development, testing */
		{ "serve.listen", { "0.0.0.0:8080", "127.0.0.1:8080", "127.0.0.1:0" } },
		{ "serve.log", { "combined", "common", "off" } },
		{ "serve.sandbox", { "must", "yes", "yes" } },
		{ "serve.metrics", { "local", "all", "all" } },
		{ "rate.requests", { "6000", "0", "0" } },
		{ "rate.burst", { "200", "10", "10" } },
		{ "compress.codings", { "zstd br gzip deflate", "gzip", "" } },
		{ "compress.level", { "best", "fastest", "fastest" } },
		{ "compress.min-size", { "512", "2048", "1MiB" } },
	};
	static const char *const names[] = { "production", "development", "testing" };
	size_t i, which;
	int rc = 0;

	for (which = 0; which < 3 && strcmp(names[which], name) != 0; which++)
		;
	if (which == 3)
		return err_set(ERR_USAGE, "no preset '%.40s'; there are production, development and testing", name);
	for (i = 0; rc == 0 && i < sizeof rows / sizeof *rows; i++)
		if (!front_is_set(c, rows[i].key))
			rc = config_set(c, rows[i].key, rows[i].of[which]);
	return rc;
}

/* the limit is that of a minute; who set no burst for it meant none beyond */
static int a_minute(struct config *c, const char *v)
{
	int rc = config_set(c, "rate.seconds", "60");
	uint64_t n = front_number(c, "rate.requests");

	if (rc == 0 && n && front_number(c, "rate.burst") > n)
		rc = config_set(c, "rate.burst", v);
	return rc;
}

int front_env(struct config *c)
{
	static const char *const rows[][2] = {
		{ "IPFRS_LISTEN_ADDR", "serve.listen" },
		{ "IPFRS_TLS_CERT", "serve.tls-cert" },
		{ "IPFRS_TLS_KEY", "serve.tls-key" },
		{ "IPFRS_RATE_LIMIT", "rate.requests" },
		{ "IPFRS_CORS_ORIGINS", "cors.origins" },
		{ "IPFRS_MAX_BODY_SIZE", "serve.body-max" },
	};
	const char *v;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof rows / sizeof *rows; i++) {
		v = getenv(rows[i][0]);
		rc = v ? config_set(c, rows[i][1], v) : 0;
		if (rc < 0)
			err_add(rc, "$%s", rows[i][0]);
		else if (v && i == 3)
			rc = a_minute(c, v);
	}
	return rc;
}

int front_word(struct span *rest, struct span *word)
{
	while (rest->len && (*rest->p == ' ' || *rest->p == ',' || *rest->p == '\t'))
		*rest = span_of(rest->p + 1, rest->len - 1);
	*word = span_of(rest->p, 0);
	while (rest->len && *rest->p != ' ' && *rest->p != ',' && *rest->p != '\t') {
		*rest = span_of(rest->p + 1, rest->len - 1);
		word->len++;
	}
	return word->len > 0;
}

int front_worded(struct span words, struct span word)
{
	struct span w;

	while (front_word(&words, &w))
		if (span_equal(w, word))
			return 1;
	return 0;
}
