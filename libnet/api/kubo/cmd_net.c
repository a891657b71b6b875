/*
 * cmd_net.c - commands that need peers, answered as a Kubo that is offline answers them.
 * Kubo has three ways to say so, by the layer that notices; clients match these texts.  What is checked before that is
 * checked here, too.
 */
#include <string.h>

#include "key/key.h"
#include "kubo_priv.h"

static const char act_offline[] = "this action must be run in online mode, try running 'ipfs daemon' first";

/* ---- what is said ---- */

static int command_offline(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "this command must be run in online mode. Try running 'ipfs daemon' first");
}

static int action_offline(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "%s", act_offline);
}

static int unable_offline(struct call *c)
{
	return call_client_error(c, "unable to run offline: this command must be run in online mode. Try running "
				    "'ipfs daemon' first");
}

static int no_resource_manager(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "missing ResourceMgr: make sure the daemon is running with "
					"Swarm.ResourceMgr.Enabled");
}

static int no_dht(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "routing service is not a DHT");
}

static int removed_routing(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "removed, use 'ipfs routing' instead");
}

static int no_p2p(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "libp2p stream mounting not enabled");
}

static int no_filestore(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "filestore is not enabled, see https://git.io/vNItf");
}

/* ---- pubsub: topics are base64url multibase ---- */

static int check_topic(const char *text)
{
	struct buf topic = BUF_INIT(64 * 1024);
	const struct mb_base *base = NULL;
	int rc = mb_decode(span_str(text), &topic, &base);

	buf_clear(&topic);
	if (rc < 0)
		return err_add(rc, "URL arg must be multibase encoded");
	if (strcmp(base->name, "base64url") != 0)
		return err_set(ERR_USAGE, "URL arg must be base64url encoded");
	return 0;
}

static int no_pubsub(struct call *c)
{
	size_t i;

	for (i = 0; i < c->n_args; i++)
		if (check_topic(c->arg[i]) < 0)
			return ERR_USAGE;
	return err_set(ERR_UNSUPPORTED, "experimental pubsub feature not enabled, run daemon with "
					"--enable-pubsub-experiment to use");
}

static int pubsub_reset(struct call *c)
{
	return call_one(c, span_str("{\"deleted\":0}"), span_str("Deleted 0 pubsub peer records\n"));
}

static int provide_clear(struct call *c)
{
	return call_value(c, span_str("0"), span_str("removed 0 items from provide queue\n"));
}

/* ---- connections: the addresses are looked at ---- */

/* the peer at the end of a multiaddr; gives its text as it is shown */
static int peer_of(const char *addr, struct buf *peer)
{
	const char *at = NULL, *next;
	struct cid id;
	int rc;

	if (*addr != '/')
		return err_set(ERR_USAGE, "failed to parse multiaddr \"%s\": must begin with /", addr);
	for (next = addr; (next = strstr(next, "/p2p/")); next += 5)
		at = next + 5;
	for (next = addr; !at && (next = strstr(next, "/ipfs/")); next += 6)
		at = next + 6;
	if (!at)
		return err_set(ERR_USAGE, "found no ipfs peers at %s", addr);
	rc = key_id_parse(span_of(at, strcspn(at, "/")), &id);
	if (rc < 0)
		return err_add(rc, "failed to parse multiaddr \"%s\"", addr);
	buf_reset(peer);
	return key_id_peer(&id, peer);
}

static int swarm_connect(struct call *c)
{
	struct buf peer = BUF_INIT(256);
	size_t i;
	int rc = 0;

	for (i = c->n_args; rc == 0 && i-- > 0; )	/* all are looked at; the first is tried */
		rc = peer_of(c->arg[i], &peer);
	if (rc == 0)
		rc = err_set(ERR_UNSUPPORTED, "connect %s failure: %s", (const char *)peer.data, act_offline);
	buf_clear(&peer);
	return rc;
}

static int swarm_disconnect(struct call *c)
{
	struct buf peer = BUF_INIT(256), json = BUF_INIT(1 << 24), text = BUF_INIT(1 << 24), line = BUF_INIT(1024);
	size_t i;
	int rc = buf_str(&json, "{\"Strings\":[");

	for (i = 0; rc == 0 && i < c->n_args; i++) {
		rc = peer_of(c->arg[i], &peer);
		buf_reset(&line);
		if (rc == 0)
			rc = buf_printf(&line, "disconnect %s failure: %s", (const char *)peer.data, act_offline);
		if (rc == 0 && i)
			rc = buf_u8(&json, ',');
		if (rc == 0)
			rc = json_str(&json, buf_span(&line));
		if (rc == 0)
			rc = buf_printf(&text, "%s\n", (const char *)line.data);
	}
	if (rc == 0)
		rc = buf_str(&json, "]}");
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&line);
	buf_clear(&text);
	buf_clear(&json);
	buf_clear(&peer);
	return rc;
}

/* ---- the table ---- */

static const struct opt peers_opts[] = {
	{ "verbose,v", OPT_BOOL, NULL }, { "streams", OPT_BOOL, NULL }, { "latency", OPT_BOOL, NULL },
	{ "direction", OPT_BOOL, NULL }, { "identify", OPT_BOOL, NULL }, { 0 }
};
static const struct opt local_opts[] = { { "id", OPT_BOOL, NULL }, { 0 } };
static const struct opt stat_opts[] = { { "verbose,v", OPT_BOOL, NULL }, { "human", OPT_BOOL, NULL }, { 0 } };
static const struct opt peer_opts[] = { { "peer,p", OPT_STRING, NULL }, { 0 } };
static const struct opt verbose_opts[] = { { "verbose,v", OPT_BOOL, NULL }, { 0 } };
static const struct opt findprovs_opts[] = {
	{ "verbose,v", OPT_BOOL, NULL }, { "num-providers,n", OPT_INT, "20" }, { 0 }
};
static const struct opt provide_opts[] = {
	{ "verbose,v", OPT_BOOL, NULL }, { "recursive,r", OPT_BOOL, NULL }, { 0 }
};
static const struct opt put_opts[] = {
	{ "allow-offline", OPT_BOOL, NULL }, { "verbose,v", OPT_BOOL, NULL }, { 0 }
};
static const struct opt ping_opts[] = { { "count,n", OPT_INT, "10" }, { 0 } };
static const struct opt bw_opts[] = {
	{ "peer,p", OPT_STRING, NULL }, { "proto,t", OPT_STRING, NULL }, { "poll", OPT_BOOL, NULL },
	{ "interval,i", OPT_STRING, "1s" }, { 0 }
};
static const struct opt sweep_opts[] = {
	{ "lan", OPT_BOOL, NULL }, { "all,a", OPT_BOOL, NULL }, { "compact", OPT_BOOL, NULL },
	{ "connectivity", OPT_BOOL, NULL }, { "network", OPT_BOOL, NULL }, { "schedule", OPT_BOOL, NULL },
	{ "timings", OPT_BOOL, NULL }, { "workers", OPT_BOOL, NULL }, { "operations", OPT_BOOL, NULL },
	{ "queues", OPT_BOOL, NULL }, { 0 }
};
static const struct opt quiet_opts[] = { { "quiet,q", OPT_BOOL, NULL }, { 0 } };
static const struct opt forward_opts[] = {
	{ "allow-custom-protocol", OPT_BOOL, NULL }, { "report-peer-id,r", OPT_BOOL, NULL },
	{ "foreground,f", OPT_BOOL, NULL }, { 0 }
};
static const struct opt close_opts[] = {
	{ "all,a", OPT_BOOL, NULL }, { "protocol,p", OPT_STRING, NULL }, { "listen-address,l", OPT_STRING, NULL },
	{ "target-address,t", OPT_STRING, NULL }, { 0 }
};
static const struct opt stream_opts[] = { { "all,a", OPT_BOOL, NULL }, { "headers,v", OPT_BOOL, NULL }, { 0 } };
static const struct opt filestore_opts[] = {
	{ "file-order", OPT_BOOL, NULL }, { "remove-bad-blocks", OPT_BOOL, NULL }, { 0 }
};

const struct command kubo_net_commands[] = {
	{ "swarm/peers", "", NULL, peers_opts, CMD_NO_STORE, action_offline },
	{ "swarm/addrs", "", NULL, NULL, CMD_NO_STORE, action_offline },
	{ "swarm/addrs/local", "", NULL, local_opts, CMD_NO_STORE, action_offline },
	{ "swarm/addrs/listen", "", NULL, NULL, CMD_NO_STORE, action_offline },
	{ "swarm/addrs/autonat", "", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "swarm/connect", "address!...", NULL, NULL, CMD_STDIN | CMD_NO_STORE, swarm_connect },
	{ "swarm/disconnect", "address!...", NULL, NULL, CMD_STDIN | CMD_NO_STORE, swarm_disconnect },
	{ "swarm/filters", "", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "swarm/filters/add", "address!...", NULL, NULL, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "swarm/filters/rm", "address!...", NULL, NULL, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "swarm/peering/add", "address!...", NULL, NULL, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "swarm/peering/ls", "", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "swarm/peering/rm", "ID!...", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "swarm/resources", "", NULL, NULL, CMD_NO_STORE, no_resource_manager },
	{ "ping", "peer\tID!...", NULL, ping_opts, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "bitswap/stat", "", NULL, stat_opts, CMD_NO_STORE, unable_offline },
	{ "bitswap/wantlist", "", NULL, peer_opts, CMD_NO_STORE, command_offline },
	{ "bitswap/ledger", "peer!", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "bitswap/reprovide", "", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "stats/bitswap", "", NULL, stat_opts, CMD_NO_STORE, unable_offline },
	{ "stats/bw", "", NULL, bw_opts, CMD_NO_STORE, unable_offline },
	{ "stats/dht", "dht...", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "stats/provide", "", NULL, sweep_opts, CMD_NO_STORE, command_offline },
	{ "stats/reprovide", "", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "provide/stat", "", NULL, sweep_opts, CMD_NO_STORE, command_offline },
	{ "provide/clear", "", NULL, quiet_opts, CMD_NO_STORE, provide_clear },
	{ "provide/once", "cid!...", NULL, provide_opts, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "routing/findprovs", "key!...", NULL, findprovs_opts, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "routing/findpeer", "peerID!...", NULL, verbose_opts, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "routing/provide", "key!...", NULL, provide_opts, CMD_STDIN | CMD_NO_STORE, command_offline },
	{ "routing/get", "key!...", NULL, NULL, CMD_STDIN | CMD_NO_STORE, action_offline },
	{ "routing/put", "key!", "value-file!", put_opts, CMD_FILE, name_routing_put },
	{ "routing/reprovide", "", NULL, NULL, CMD_NO_STORE, command_offline },
	{ "dht/query", "peerID!...", NULL, verbose_opts, CMD_NO_STORE, no_dht },
	{ "dht/findprovs", "", NULL, NULL, CMD_NO_STORE, removed_routing },
	{ "dht/findpeer", "", NULL, NULL, CMD_NO_STORE, removed_routing },
	{ "dht/get", "", NULL, NULL, CMD_NO_STORE, removed_routing },
	{ "dht/put", "", NULL, NULL, CMD_NO_STORE, removed_routing },
	{ "dht/provide", "", NULL, NULL, CMD_NO_STORE, removed_routing },
	{ "pubsub/ls", "", NULL, NULL, CMD_NO_STORE, no_pubsub },
	{ "pubsub/peers", "topic", NULL, NULL, CMD_NO_STORE, no_pubsub },
	{ "pubsub/pub", "topic!", "data!", NULL, CMD_FILE | CMD_NO_STORE, no_pubsub },
	{ "pubsub/sub", "topic!", NULL, NULL, CMD_NO_STORE, no_pubsub },
	{ "pubsub/reset", "", NULL, peer_opts, CMD_NO_STORE, pubsub_reset },
	{ "p2p/listen", "protocol! target-address!", NULL, forward_opts, CMD_NO_STORE, no_p2p },
	{ "p2p/forward", "protocol! listen-address! target-address!", NULL, forward_opts, CMD_NO_STORE, no_p2p },
	{ "p2p/ls", "", NULL, stream_opts, CMD_NO_STORE, no_p2p },
	{ "p2p/close", "", NULL, close_opts, CMD_NO_STORE, no_p2p },
	{ "p2p/stream/ls", "", NULL, stream_opts, CMD_NO_STORE, no_p2p },
	{ "p2p/stream/close", "id", NULL, stream_opts, CMD_NO_STORE, no_p2p },
	{ "filestore/ls", "obj...", NULL, filestore_opts, CMD_NO_STORE, no_filestore },
	{ "filestore/verify", "obj...", NULL, filestore_opts, CMD_NO_STORE, no_filestore },
	{ "filestore/dups", "", NULL, NULL, CMD_NO_STORE, no_filestore },
	{ 0 }
};
