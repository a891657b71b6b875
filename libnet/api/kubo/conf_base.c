/* conf_base.c - what holds when kubo.json says nothing: Kubo's defaults, and the settings of the store in its words */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "key/key.h"

static const char *setting(struct call *c, const char *key)
{
	const char *v;

	return config_get(c->k->c, key, &v) == 0 ? v : "";
}

/* ---- addresses as multiaddrs ---- */

/* "127.0.0.1", "[::1]", "localhost", "": any */
static int put_host(const char *host, size_t n, struct buf *out)
{
	if (n == 0 || (n == 1 && *host == '*'))
		return buf_str(out, "/ip4/0.0.0.0");
	if (*host == '[')
		return n > 2 ? buf_printf(out, "/ip6/%.*s", (int)(n - 2), host + 1) : buf_str(out, "/ip6/::");
	return buf_printf(out, "/%s/%.*s", strspn(host, "0123456789.") >= n ? "ip4" : "dns", (int)n, host);
}

/* one word of serve.listen */
static int put_address(const char *word, size_t n, struct buf *out)
{
	int tls = n > 4 && !strncmp(word, "tls:", 4), rc;
	size_t colon;

	if (n > 5 && !strncmp(word, "unix:", 5))
		return buf_printf(out, "/unix/%.*s", (int)(n - 5 - (word[5] == '/')), word + 5 + (word[5] == '/'));
	word += tls ? 4 : 0;
	n -= tls ? 4 : 0;
	for (colon = n; colon > 0 && word[colon - 1] != ':'; colon--)
		;
	rc = put_host(word, colon ? colon - 1 : 0, out);
	if (rc == 0)
		rc = buf_printf(out, "/tcp/%.*s", (int)(n - colon), word + colon);
	return rc == 0 && tls ? buf_str(out, "/tls") : rc;
}

/* a string, or a list where there are several; `standard` where there is none */
static int put_addresses(const char *words, const char *standard, struct buf *json)
{
	struct buf one = BUF_INIT(4096);
	const char *w = words + strspn(words, " \t,");
	size_t n = strcspn(w, " \t,"), more = strspn(w + n, " \t,");
	int many = w[n + more] != 0, rc;

	if (!*w || !strcmp(words, "default"))
		return json_str(json, span_str(standard));
	rc = many ? buf_u8(json, '[') : 0;
	for (; rc == 0 && *w; w += n, w += strspn(w, " \t,")) {
		n = strcspn(w, " \t,");
		buf_reset(&one);
		rc = put_address(w, n, &one);
		if (rc == 0 && json->data[json->len - 1] == '"')
			rc = buf_u8(json, ',');
		if (rc == 0)
			rc = json_str(json, buf_span(&one));
	}
	buf_clear(&one);
	return rc == 0 && many ? buf_u8(json, ']') : rc;
}

/* ---- the parts ---- */

static int put_places(struct call *c, struct buf *json)
{
	const char *gateway = setting(c, "serve.listen");
	int rc = buf_str(json, "{\"API\":{\"HTTPHeaders\":{}},\"Addresses\":{\"API\":");

	if (rc == 0)
		rc = put_addresses(setting(c, "serve.rpc"), "/ip4/127.0.0.1/tcp/5001", json);
	if (rc == 0)
		rc = buf_str(json, ",\"Announce\":[],\"AppendAnnounce\":[],\"Gateway\":");
	if (rc == 0)
		rc = !strcmp(gateway, "none") ? buf_str(json, "\"\"") :
		     put_addresses(gateway, "/ip4/127.0.0.1/tcp/8080", json);
	/* nobody is heard or dialled */
	return rc < 0 ? rc : buf_str(json, ",\"NoAnnounce\":[],\"Swarm\":[]},\"AutoConf\":{\"Enabled\":false},\"AutoNAT\":{},"
				     "\"AutoTLS\":{},\"Bitswap\":{},\"Bootstrap\":[],\"DNS\":{\"Resolvers\":{}}");
}

static int put_store(struct call *c, struct buf *json)
{
	const char *max = setting(c, "store.max");
	int rc = buf_str(json, ",\"Datastore\":{\"BlockKeyCacheSize\":null,\"BloomFilterSize\":0,\"GCPeriod\":\"1h\","
			 "\"HashOnRead\":true,\"Spec\":{\"type\":\"ipfrs\"},\"StorageGCWatermark\":90");

	if (rc == 0)
		rc = json_field(json, "StorageMax", span_str(strcmp(max, "0") ? max : "0B"));
	return rc < 0 ? rc : buf_str(json, "},\"Discovery\":{\"MDNS\":{\"Enabled\":false}},\"Experimental\":{"
				     "\"FilestoreEnabled\":false,\"Libp2pStreamMounting\":false,\"OptimisticProvide\":false,"
				     "\"OptimisticProvideJobsPoolSize\":0,\"P2pHttpProxy\":false,\"UrlstoreEnabled\":false}");
}

static int put_gateway(struct call *c, struct buf *json)
{
	int fetches = !strcmp(setting(c, "gateway.upstream"), "yes"), trustless = !strcmp(setting(c, "gateway.trustless"), "yes");

	return buf_printf(json, ",\"Gateway\":{\"AllowCodecConversion\":null,\"DeprecatedXIpfsPath\":null,"
			  "\"DeserializedResponses\":%s,\"DisableHTMLErrors\":null,\"ExposeRoutingAPI\":null,\"HTTPHeaders\":{},"
			  "\"NoDNSLink\":%s,\"NoFetch\":%s,\"PublicGateways\":null,\"RootRedirect\":\"\"},\"HTTPRetrieval\":{}",
			  trustless ? "false" : "null", strcmp(setting(c, "gateway.dnslink"), "off") ? "false" : "true",
			  fetches ? "false" : "true");
}

static int put_identity(struct call *c, struct buf *json)
{
	struct buf id = BUF_INIT(CID_TEXT_MAX);
	struct key *k = NULL;
	int rc = key_self(c->k->path, &k);

	if (rc == 0)
		rc = key_id_peer(key_name(k), &id);
	if (rc == 0)
		rc = buf_printf(json, ",\"Identity\":{\"PeerID\":\"%s\"}", (char *)id.data);
	key_free(k);
	buf_clear(&id);
	return rc;
}

/* a setting under Kubo's name: as it is (`quoted`), a number, or null where it has no value */
static int put_import(struct call *c, const char *name, const char *key, int quoted, struct buf *json)
{
	const char *v = setting(c, key);
	int rc;

	if (!*v)
		v = "null";
	else if (quoted)
		return json_field(json, name, span_str(v));
	else if (!strcmp(v, "yes") || !strcmp(v, "no"))
		v = *v == 'y' ? "true" : "false";
	rc = json_key(json, name);
	return rc < 0 ? rc : buf_str(json, v);
}

static int put_imports(struct call *c, struct buf *json)
{
	static const struct { const char *name, *key; int quoted; } rows[] = {
		{ "CidVersion", "import.cid-version", 0 }, { "HashFunction", "import.hash", 1 },
		{ "UnixFSChunker", "import.chunker", 1 }, { "UnixFSDAGLayout", "import.layout", 1 },
		{ "UnixFSDirectoryMaxLinks", "import.dir-max-links", 0 }, { "UnixFSFileMaxLinks", "import.max-links", 0 },
		{ "UnixFSHAMTDirectoryMaxFanout", "import.hamt-fanout", 0 },
		{ "UnixFSHAMTDirectorySizeEstimation", "import.hamt-estimate", 1 },
		{ "UnixFSHAMTDirectorySizeThreshold", "import.hamt-threshold", 1 },
		{ "UnixFSRawLeaves", "import.raw-leaves", 0 }
	};
	size_t i;
	int rc = buf_str(json, ",\"Import\":{\"BatchMaxNodes\":null,\"BatchMaxSize\":null,\"FastProvideDAG\":null,"
			 "\"FastProvideRoot\":null,\"FastProvideWait\":null,\"UnixFSPBNodeFieldOrder\":null");

	for (i = 0; rc == 0 && i < sizeof rows / sizeof *rows; i++)
		rc = put_import(c, rows[i].name, rows[i].key, rows[i].quoted, json);
	return rc < 0 ? rc : buf_u8(json, '}');
}

static int put_network(struct buf *json)
{
	return buf_str(json, ",\"Internal\":{},\"Ipns\":{\"DelegatedPublishers\":[],\"RecordLifetime\":\"\","
		"\"RepublishPeriod\":\"\",\"ResolveCacheSize\":128},\"Migration\":{},\"Mounts\":{\"FuseAllowOther\":null,"
		"\"IPFS\":\"/ipfs\",\"IPNS\":\"/ipns\",\"MFS\":\"/mfs\",\"StoreMode\":null,\"StoreMtime\":null},"
		"\"Peering\":{\"Peers\":null},\"Pinning\":{\"RemoteServices\":{}},\"Plugins\":{\"Plugins\":null},"
		"\"Provide\":{\"DHT\":{}},\"Provider\":{},\"Pubsub\":{\"DisableSigning\":false,\"Router\":\"\"},"
		"\"Reprovider\":{},\"Routing\":{\"DelegatedRouters\":[]},\"Swarm\":{\"AddrFilters\":null,"
		"\"ConnMgr\":{},\"DisableBandwidthMetrics\":false,\"DisableNatPortMap\":false,\"RelayClient\":{},"
		"\"RelayService\":{},\"ResourceMgr\":{},\"Transports\":{\"Multiplexers\":{},\"Network\":{},\"Security\":{}}},"
		"\"Version\":{}}");
}

int conf_base(struct call *c, struct buf *json)
{
	int rc = put_places(c, json);

	if (rc == 0)
		rc = put_store(c, json);
	if (rc == 0)
		rc = put_gateway(c, json);
	if (rc == 0)
		rc = put_identity(c, json);
	if (rc == 0)
		rc = put_imports(c, json);
	return rc < 0 ? rc : put_network(json);
}
