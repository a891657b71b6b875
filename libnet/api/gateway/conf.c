/* conf.c - the settings of a gateway (gateway.*), and $IPFS_NS_MAP */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "base/num.h"
#include "gateway_priv.h"

enum { MAP_MAX = 1 << 20 };

static const struct { const char *word; unsigned flag; } host_words[] = {
	{ "path", 0 },
	{ "subdomains", GATEWAY_SUBDOMAINS },
	{ "inline", GATEWAY_INLINE },
	{ "no-dnslink", GATEWAY_NO_DNSLINK },
	{ "trustless", GATEWAY_TRUSTLESS },
	{ "no-ipfs", GATEWAY_NO_IPFS },
	{ "no-ipns", GATEWAY_NO_IPNS },
};

static struct span next_word(struct span *s)
{
	struct span w;

	while (s->len && isspace(s->p[0]))
		*s = span_of(s->p + 1, s->len - 1);
	for (w = span_of(s->p, 0); w.len < s->len && !isspace(s->p[w.len]); w.len++)
		;
	*s = span_of(s->p + w.len, s->len - w.len);
	return w;
}

static int host_flag(struct span word, unsigned *flags)
{
	size_t i;

	for (i = 0; i < sizeof host_words / sizeof *host_words; i++)
		if (span_equal(word, span_str(host_words[i].word))) {
			*flags |= host_words[i].flag;
			return 0;
		}
	return err_set(ERR_USAGE, "gateway.hosts: '%.*s' is none of path, subdomains, inline, no-dnslink, trustless, "
		       "no-ipfs, no-ipns", (int)word.len, (const char *)word.p);
}

/* one entry: a name, and words about it */
static int add_host(struct gateway *g, struct span entry)
{
	struct gw_host h = { .flags = g->flags }, *more;
	struct span name = next_word(&entry), word;
	size_t i;
	int rc = 0;

	if (!name.len)
		return 0;
	while (rc == 0 && (word = next_word(&entry)).len)
		rc = host_flag(word, &h.flags);
	if (rc < 0)
		return rc;
	more = realloc(g->hosts, (g->n_hosts + 1) * sizeof *more);
	if (!more)
		return err_nomem();
	g->hosts = more;
	h.name = strndup((const char *)name.p, name.len);
	if (!h.name)
		return err_nomem();
	for (i = 0; i < name.len; i++)
		h.name[i] = (char)tolower((unsigned char)h.name[i]);
	g->hosts[g->n_hosts++] = h;
	return 0;
}

static int add_hosts(struct gateway *g, const char *text)
{
	int rc = 0;

	while (rc == 0 && *text) {
		size_t n = strcspn(text, ",");

		rc = add_host(g, span_of(text, n));
		text += n + (text[n] == ',');
	}
	return rc;
}

/* What the environment says of a name goes before the setting. */
static int open_names(struct gateway *g, const char *setting)
{
	const char *env = getenv("IPFS_NS_MAP");
	struct buf map = BUF_INIT(MAP_MAX);
	int rc = buf_printf(&map, "%s%s%s", env ? env : "", env && *env && *setting ? "," : "", setting);

	if (rc == 0)
		rc = gw_names_new(&g->names, map.len ? (char *)map.data : NULL);
	buf_clear(&map);
	return rc;
}

static int yes(const char *v)
{
	return strcmp(v, "yes") == 0;
}

static int numbers(struct gateway *g, const struct config *c)
{
	const char *v = "";
	uint64_t ms = 0;
	int rc = config_get(c, "gateway.listing", &v);

	if (rc == 0)
		rc = num_parse(v, &g->listing_max);
	if (rc == 0)
		rc = config_get(c, "gateway.car-max", &v);
	if (rc == 0)
		rc = num_parse_size(v, &g->car_bytes_max);
	if (rc == 0)
		rc = config_get(c, "gateway.dns-timeout", &v);
	if (rc == 0)
		rc = num_parse(v, &ms);
	g->dns_ms = (int)(ms < 60000 ? ms : 60000);
	return rc;
}

static int name_server(struct gateway *g, const struct config *c)
{
	const char *v = "";
	int rc = config_get(c, "gateway.dns-server", &v);

	if (rc == 0 && *v)
		rc = gw_dns_server_check(v);
	if (rc < 0)
		return err_add(rc, "gateway.dns-server");
	snprintf(g->dns_server, sizeof g->dns_server, "%s", v);
	return 0;
}

static int fill(struct gateway *g, const struct config *c)
{
	const char *v = "", *names = "", *deny = "";
	int rc = config_get(c, "gateway.trustless", &v);

	if (rc == 0 && yes(v))
		g->flags |= GATEWAY_TRUSTLESS;
	if (rc == 0)
		rc = config_get(c, "gateway.dnslink", &v);
	if (rc == 0 && strcmp(v, "off") == 0)
		g->flags |= GATEWAY_NO_DNSLINK;
	g->dns = strcmp(v, "dns") == 0;
	if (rc == 0)
		rc = config_get(c, "gateway.archives", &v);
	g->archives = yes(v);
	if (rc == 0)
		rc = config_get(c, "gateway.precompressed", &v);
	g->precompressed = yes(v);
	if (rc == 0)
		rc = numbers(g, c);
	if (rc == 0)
		rc = name_server(g, c);
	if (rc == 0)
		rc = config_get(c, "gateway.hosts", &v);
	if (rc == 0)
		rc = add_hosts(g, v);
	if (rc == 0)
		rc = config_get(c, "gateway.names", &names);
	if (rc == 0)
		rc = open_names(g, names);
	if (rc == 0)
		rc = config_get(c, "gateway.deny", &deny);
	if (rc == 0 && *deny)
		rc = gw_deny_open(&g->deny, deny);
	if (rc == 0)
		rc = gw_known_new(&g->known);
	if (rc == 0)
		rc = gw_asked_new(&g->asked);
	return rc < 0 ? rc : gw_types_new(&g->types);
}

int gateway_new(struct gateway **out, const struct config *config)
{
	struct gateway *g = calloc(1, sizeof *g);
	struct config *defaults = NULL;
	int rc = 0;

	*out = NULL;
	if (!g)
		return err_nomem();
	if (!config)
		rc = config_parse(&defaults, span_of("", 0));
	if (rc == 0)
		rc = fill(g, config ? config : defaults);
	config_free(defaults);
	if (rc < 0) {
		gateway_free(g);
		return rc;
	}
	*out = g;
	return 0;
}

void gateway_free(struct gateway *g)
{
	size_t i;

	if (!g)
		return;
	gw_types_free(g->types);
	gw_known_free(g->known);
	gw_asked_free(g->asked);
	gw_deny_free(g->deny);
	gw_names_free(g->names);
	for (i = 0; i < g->n_hosts; i++)
		free(g->hosts[i].name);
	free(g->hosts);
	free(g);
}

int gateway_wants_net(const struct gateway *g)
{
	return g->dns;
}

void gateway_caches(const struct gateway *g, struct gateway_caches *c)
{
	*c = g->caches;
	c->types_bytes = gw_known_bytes(g->known);
}
