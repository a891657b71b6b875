/* conf_profile.c - sets of values with a name: config/profile/apply */
#include <string.h>

#include "conf.h"

#define FILTERS "\"/ip4/10.0.0.0/ipcidr/8\",\"/ip4/100.64.0.0/ipcidr/10\",\"/ip4/127.0.0.0/ipcidr/8\"," \
	"\"/ip4/169.254.0.0/ipcidr/16\",\"/ip4/172.16.0.0/ipcidr/12\",\"/ip4/192.0.0.0/ipcidr/24\"," \
	"\"/ip4/192.0.2.0/ipcidr/24\",\"/ip4/192.168.0.0/ipcidr/16\",\"/ip4/198.18.0.0/ipcidr/15\"," \
	"\"/ip4/198.51.100.0/ipcidr/24\",\"/ip4/203.0.113.0/ipcidr/24\",\"/ip4/240.0.0.0/ipcidr/4\",\"/ip6/::/ipcidr/3\"," \
	"\"/ip6/::1/ipcidr/128\",\"/ip6/100::/ipcidr/64\",\"/ip6/2001:2::/ipcidr/48\",\"/ip6/2001:db8::/ipcidr/32\"," \
	"\"/ip6/fc00::/ipcidr/7\",\"/ip6/fe80::/ipcidr/10\""
#define LISTS "{\"Addresses\":{\"NoAnnounce\":[" FILTERS "]},\"Swarm\":{\"AddrFilters\":[" FILTERS "]," \
	"\"DisableNatPortMap\":"
#define AUTO "\"DNS\":{\"Resolvers\":{\".\":\"auto\"}},\"Routing\":{\"DelegatedRouters\":[\"auto\"]}," \
	"\"Ipns\":{\"DelegatedPublishers\":[\"auto\"]}"
#define NO_AUTO "\"DNS\":{\"Resolvers\":null},\"Routing\":{\"DelegatedRouters\":null}," \
	"\"Ipns\":{\"DelegatedPublishers\":null}"
#define UNIXFS_V0 "{\"Import\":{\"CidVersion\":0,\"HashFunction\":\"sha2-256\",\"UnixFSChunker\":\"size-262144\"," \
	"\"UnixFSDAGLayout\":\"balanced\",\"UnixFSDirectoryMaxLinks\":0,\"UnixFSFileMaxLinks\":174," \
	"\"UnixFSHAMTDirectoryMaxFanout\":256,\"UnixFSHAMTDirectorySizeEstimation\":\"links\"," \
	"\"UnixFSHAMTDirectorySizeThreshold\":\"256KiB\",\"UnixFSPBNodeFieldOrder\":\"links-first\",\"UnixFSRawLeaves\":false}}"

static const struct profile {
	const char *name, *values;	/* NULL: of the layout on the disk */
	enum conf_lists lists;
} profiles[] = {
	{ "announce-off", "{\"Provide\":{\"Enabled\":false,\"DHT\":{\"Interval\":\"0s\"}}}", CONF_REPLACE },
	{ "announce-on", "{\"Provide\":{\"Enabled\":true,\"DHT\":{\"Interval\":\"22h0m0s\"}}}", CONF_REPLACE },
	{ "autoconf-off", "{\"AutoConf\":{\"Enabled\":false},\"Bootstrap\":null," NO_AUTO "}", CONF_REPLACE },
	{ "autoconf-on", "{\"AutoConf\":{\"Enabled\":true,\"URL\":\"https://conf.ipfs-mainnet.org/autoconf.json\"},"
			 "\"Bootstrap\":[\"auto\"]," AUTO "}", CONF_REPLACE },
	{ "badgerds", NULL, CONF_REPLACE }, { "badgerds-measure", NULL, CONF_REPLACE },
	{ "default-datastore", NULL, CONF_REPLACE },
	{ "default-networking", "{\"Addresses\":{\"API\":\"/ip4/127.0.0.1/tcp/5001\",\"Gateway\":\"/ip4/127.0.0.1/tcp/8080\","
				"\"Announce\":[],\"AppendAnnounce\":[],\"NoAnnounce\":[],\"Swarm\":[\"/ip4/0.0.0.0/tcp/4001\","
				"\"/ip6/::/tcp/4001\",\"/ip4/0.0.0.0/udp/4001/webrtc-direct\",\"/ip4/0.0.0.0/udp/4001/quic-v1\","
				"\"/ip4/0.0.0.0/udp/4001/quic-v1/webtransport\",\"/ip6/::/udp/4001/webrtc-direct\","
				"\"/ip6/::/udp/4001/quic-v1\",\"/ip6/::/udp/4001/quic-v1/webtransport\"]},"
				"\"AutoConf\":{\"Enabled\":null},\"AutoTLS\":{\"Enabled\":null},\"Bootstrap\":[\"auto\"],"
				"\"Discovery\":{\"MDNS\":{\"Enabled\":true}},\"Swarm\":{\"DisableNatPortMap\":false}}", CONF_REPLACE },
	{ "flatfs", NULL, CONF_REPLACE }, { "flatfs-levelds", NULL, CONF_REPLACE },
	{ "flatfs-levelds-measure", NULL, CONF_REPLACE }, { "flatfs-measure", NULL, CONF_REPLACE },
	{ "flatfs-pebbleds", NULL, CONF_REPLACE }, { "flatfs-pebbleds-measure", NULL, CONF_REPLACE },
	{ "legacy-cid-v0", UNIXFS_V0, CONF_REPLACE },
	{ "local-discovery", LISTS "false},\"Discovery\":{\"MDNS\":{\"Enabled\":true}}}", CONF_SUBTRACT },
	{ "lowpower", "{\"AutoNAT\":{\"ServiceMode\":\"disabled\"},\"Routing\":{\"Type\":\"autoclient\"},\"Swarm\":{\"ConnMgr\":{"
		      "\"GracePeriod\":\"1m0s\",\"HighWater\":40,\"LowWater\":20,\"Type\":\"basic\"},"
		      "\"RelayService\":{\"Enabled\":false}}}", CONF_REPLACE },
	{ "pebbleds", NULL, CONF_REPLACE }, { "pebbleds-measure", NULL, CONF_REPLACE },
	{ "server", LISTS "true},\"Discovery\":{\"MDNS\":{\"Enabled\":false}}}", CONF_UNITE },
	{ "test", "{\"Addresses\":{\"API\":\"/ip4/127.0.0.1/tcp/0\",\"Gateway\":\"/ip4/127.0.0.1/tcp/0\","
		  "\"Swarm\":[\"/ip4/127.0.0.1/tcp/0\"]},\"AutoConf\":{\"Enabled\":false},\"AutoTLS\":{\"Enabled\":false},"
		  "\"Bootstrap\":[],\"Discovery\":{\"MDNS\":{\"Enabled\":false}},\"DNS\":{\"Resolvers\":null},"
		  "\"Ipns\":{\"DelegatedPublishers\":[]},\"Routing\":{\"DelegatedRouters\":[],\"LoopbackAddressesOnLanDHT\":true},"
		  "\"Swarm\":{\"DisableNatPortMap\":true}}", CONF_REPLACE },
	{ "unixfs-v0-2015", UNIXFS_V0, CONF_REPLACE },
	{ "unixfs-v1-2025", "{\"Import\":{\"CidVersion\":1,\"HashFunction\":\"sha2-256\",\"UnixFSChunker\":\"size-1048576\","
			    "\"UnixFSDAGLayout\":\"balanced\",\"UnixFSDirectoryMaxLinks\":0,\"UnixFSFileMaxLinks\":1024,"
			    "\"UnixFSHAMTDirectoryMaxFanout\":256,\"UnixFSHAMTDirectorySizeEstimation\":\"block\","
			    "\"UnixFSHAMTDirectorySizeThreshold\":\"256KiB\",\"UnixFSPBNodeFieldOrder\":\"links-first\","
			    "\"UnixFSRawLeaves\":true}}", CONF_REPLACE },
};

struct applying {
	struct call *c;
	const struct profile *p;
	struct buf *json;
};

static int put_shown(const struct node *nd, struct buf *json)
{
	struct node shown = NODE_INIT;
	int rc = conf_scrub(&shown, nd);

	if (rc == 0)
		rc = conf_put(&shown, 0, -1, json);
	node_clear(&shown);
	return rc;
}

/* The lists of the profile are joined with those of the document, which the file need not have. */
static int of_document(const struct conf *d, const struct node *values, enum conf_lists how, struct node *out)
{
	struct node all = NODE_INIT;
	size_t i, end = (size_t)values->step[0].end, head, at;
	int rc = conf_merge(&all, &d->all, 0, values, 0, how);

	/* of it only what the profile is about: whole sections, as far as it has values in them */
	if (rc == 0)
		rc = node_open(out, NODE_MAP, &head);
	for (i = 1; rc == 0 && i < end; i = node_next(values, i + 1)) {
		rc = conf_copy(out, values, i);
		if (rc == 0)
			rc = node_field(&all, 0, node_span(values, i), &at) ? conf_copy(out, &all, at) :
									      conf_copy(out, values, i + 1);
	}
	if (rc == 0)
		rc = node_close(out, head);
	node_clear(&all);
	return rc;
}

static int apply(void *arg, const struct conf *d, struct node *out)
{
	struct applying *a = arg;
	struct node values = NODE_INIT, wanted = NODE_INIT, all = NODE_INIT;
	int rc = codec_decode(CID_JSON, span_str(a->p->values), 0, &values);

	if (rc == 0)
		rc = a->p->lists == CONF_REPLACE ? conf_copy(&wanted, &values, 0) :
						   of_document(d, &values, a->p->lists, &wanted);
	if (rc == 0)
		rc = conf_merge(out, &d->file, 0, &wanted, 0, CONF_REPLACE);
	if (rc == 0)
		rc = conf_merge(&all, &d->base, 0, out, 0, CONF_REPLACE);
	if (rc == 0)
		rc = buf_str(a->json, "{\"OldCfg\":");
	if (rc == 0)
		rc = put_shown(&d->all, a->json);
	if (rc == 0)
		rc = buf_str(a->json, ",\"NewCfg\":");
	if (rc == 0)
		rc = put_shown(&all, a->json);
	if (rc == 0)
		rc = buf_u8(a->json, '}');
	if (rc == 0)
		rc = call_bool(a->c, "dry-run") ? 0 : 1;
	node_clear(&all);
	node_clear(&wanted);
	node_clear(&values);		/* out borrows no text of theirs: it stands in the profile, or in the document */
	return rc;
}

int config_profile_apply(struct call *c)
{
	struct buf json = BUF_INIT(4 * CONF_MAX);
	struct applying a = { c, NULL, &json };
	const char *name = c->arg[0];
	size_t i;
	int rc;

	for (i = 0; i < sizeof profiles / sizeof *profiles; i++)
		if (!strcmp(profiles[i].name, name))
			a.p = &profiles[i];
	if (!a.p)
		return err_set(ERR_USAGE, "%s is not a profile", name);
	if (!a.p->values)
		return err_set(ERR_UNSUPPORTED, "profile \"%s\" changes the datastore layout, which is fixed when the repo is "
			       "created. Create a new repo with 'ipfs init --profile=%s' and move your data there with 'ipfs dag "
			       "export' and 'ipfs dag import', or with 'ipfs pin ls -t recursive' and 'ipfs pin add'", name, name);
	rc = conf_edit(c, apply, &a);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), span_of(NULL, 0));
	buf_clear(&json);
	return rc;
}
