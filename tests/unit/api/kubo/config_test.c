#include <sys/stat.h>
#include <sys/wait.h>

#include "key/key.h"
#include "rpc.h"

#define PEER "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV"
#define ADDR "/ip4/1.2.3.4/tcp/4001/p2p/" PEER
#define DNS "/dns4/x.org/tcp/1/p2p/" PEER
#define ERROR(text) "{\"Message\":\"" text "\",\"Code\":0,\"Type\":\"error\"}\n"

/* a call, its status and its body */
static void says(const char *call, int status, const char *body)
{
	CHECK(rpc(call) == status);
	CHECK_STR(rpc_body(), body);
}

static char *file(void)
{
	struct buf text = BUF_INIT(1 << 20);
	char path[4300];

	snprintf(path, sizeof path, "%s/token/kubo.json", rpc_now.path);
	if (io_slurp_file(AT_FDCWD, path, &text) < 0)
		return strdup("");
	return buf_take(&text);
}

static int in_file(const char *what)
{
	char *text = file();
	int there = strstr(text, what) != NULL;

	free(text);
	return there;
}

static void gets(void)
{
	char want[256], peer[128];
	struct buf text = BUF_INIT(CID_TEXT_MAX);
	struct key *k = NULL;

	says("config?arg=Addresses.API", 200, "{\"Key\":\"Addresses.API\",\"Value\":\"/ip4/127.0.0.1/tcp/5001\"}\n");
	says("config?arg=Addresses.API&enc=text", 200, "/ip4/127.0.0.1/tcp/5001\n");
	says("config?arg=Discovery&enc=text", 200, "{\n  \"MDNS\": {\n    \"Enabled\": false\n  }\n}\n");
	says("config?arg=Bootstrap", 200, "{\"Key\":\"Bootstrap\",\"Value\":[]}\n");
	says("config?arg=Nope.x", 500, ERROR("failed to get config value: \\\"Nope not found\\\""));
	says("config?arg=addresses.api", 500, ERROR("failed to get config value: \\\"addresses not found\\\""));
	says("config?arg=Addresses.API.x", 500, ERROR("failed to get config value: \\\"Addresses.API key is not a map\\\""));
	says("config?arg=", 500, ERROR("failed to get config value: \\\" not found\\\""));
	says("config", 400, "argument \"key\" is required\n");
	says("config/edit", 404, "404 page not found\n");
	NEED(key_self(rpc_now.path, &k) == 0);
	NEED(key_id_peer(key_name(k), &text) == 0);
	snprintf(peer, sizeof peer, "%s", (char *)text.data);
	snprintf(want, sizeof want, "{\"Key\":\"Identity.PeerID\",\"Value\":\"%s\"}\n", peer);
	says("config?arg=Identity.PeerID", 200, want);
	snprintf(want, sizeof want, "config?arg=Identity.PeerID&arg=%s", peer);
	CHECK(rpc(want) == 200);
	CHECK(!in_file("PeerID"));
	says("config?arg=Identity.PeerID&arg=x", 500, ERROR("cannot set Identity.PeerID to a value that does not match the "
	     "node's private key; use 'ipfs key rotate' to change the node identity"));
	key_free(k);
	buf_clear(&text);
}

static void the_settings_of_the_store_are_in_it(void)
{
	rpc_open("serve.rpc = 127.0.0.1:5002 [::1]:5002 unix:/run/x\nserve.listen = *:80\nstore.max = 10GiB\n"
		 "import.cid-version = 1\nimport.raw-leaves = yes\nimport.chunker = size-1048576\ngateway.dnslink = off\n");
	says("config?arg=Addresses.API", 200, "{\"Key\":\"Addresses.API\",\"Value\":[\"/ip4/127.0.0.1/tcp/5002\","
	     "\"/ip6/::1/tcp/5002\",\"/unix/run/x\"]}\n");
	says("config?arg=Addresses.Gateway", 200, "{\"Key\":\"Addresses.Gateway\",\"Value\":\"/ip4/0.0.0.0/tcp/80\"}\n");
	says("config?arg=Datastore.StorageMax&enc=text", 200, "10GiB\n");
	says("config?arg=Import.CidVersion", 200, "{\"Key\":\"Import.CidVersion\",\"Value\":1}\n");
	says("config?arg=Import.UnixFSRawLeaves", 200, "{\"Key\":\"Import.UnixFSRawLeaves\",\"Value\":true}\n");
	says("config?arg=Import.UnixFSChunker", 200, "{\"Key\":\"Import.UnixFSChunker\",\"Value\":\"size-1048576\"}\n");
	says("config?arg=Gateway.NoDNSLink", 200, "{\"Key\":\"Gateway.NoDNSLink\",\"Value\":true}\n");
	says("config?arg=Gateway.NoFetch", 200, "{\"Key\":\"Gateway.NoFetch\",\"Value\":true}\n");
	rpc_open("");
}

static void sets(void)
{
	struct stat st;
	char path[4300];

	says("config?arg=Datastore.StorageMax&arg=20GB", 200, "{\"Key\":\"Datastore.StorageMax\",\"Value\":\"20GB\"}\n");
	says("config?arg=Datastore.StorageMax&arg=21GB&enc=text", 200, "");
	says("config?arg=Datastore.StorageMax&enc=text", 200, "21GB\n");
	says("config?arg=Swarm.DisableNatPortMap&arg=true&bool=1", 200,
	     "{\"Key\":\"Swarm.DisableNatPortMap\",\"Value\":true}\n");
	says("config?arg=Swarm.ConnMgr.LowWater&arg=12&json=1", 200, "{\"Key\":\"Swarm.ConnMgr.LowWater\",\"Value\":12}\n");
	says("config?arg=Swarm.ConnMgr", 200, "{\"Key\":\"Swarm.ConnMgr\",\"Value\":{\"LowWater\":12}}\n");
	snprintf(path, sizeof path, "%s/token/kubo.json", rpc_now.path);
	NEED(stat(path, &st) == 0);
	CHECK((st.st_mode & 0777) == 0600);
	CHECK(in_file("{\n  \"Datastore\": {\n    \"StorageMax\": \"21GB\"\n  },\n  \"Swarm\": {\n    \"ConnMgr\": {\n"));
}

static void refuses_to_set(void)
{
	char *before = file(), *after;

	says("config?arg=Swarm.DisableNatPortMap&arg=true", 500, ERROR("failed to set config value: failure to decode config: "
	     "json: cannot unmarshal string into Go struct field Swarm.DisableNatPortMap of type bool (maybe use --json?)"));
	says("config?arg=My.Own&arg=1", 500, ERROR("failed to set config value: My not found (maybe use --json?)"));
	says("config?arg=Addresses.API.x&arg=x", 500,
	     ERROR("failed to set config value: Addresses.API key is not a map (maybe use --json?)"));
	says("config?arg=Swarm..x&arg=x", 500, ERROR("failed to set config value: Swarm..x not found (maybe use --json?)"));
	CHECK(rpc("config?arg=Swarm.ConnMgr.LowWater&arg=x12&json=1") == 500);
	CHECK(!strncmp(rpc_body(), "{\"Message\":\"failed to unmarshal json. ", 38));
	says("config?arg=Datastore.StorageMax&arg=1&expand-auto=1", 500,
	     ERROR("--expand-auto can only be used for reading config values, not for setting them"));
	after = file();
	CHECK_STR(after, before);
	free(before);
	free(after);
}

/* what clients put in comes out as it was */
static void numbers_keep_their_form(void)
{
	says("config?arg=Internal.A&arg=%7B%22a%22:1.5,%22b%22:[18446744073709551615,-9223372036854775808,0.1,1e-9,1e21]%7D&json=1",
	     200, "{\"Key\":\"Internal.A\",\"Value\":{\"a\":1.5,\"b\":[18446744073709551615,-9223372036854775808,0.1,1e-9,1e+21]}}\n");
	says("config?arg=Internal.B&arg=1&json=1", 200, "{\"Key\":\"Internal.B\",\"Value\":1}\n");
	says("config?arg=Internal.A.b", 200,
	     "{\"Key\":\"Internal.A.b\",\"Value\":[18446744073709551615,-9223372036854775808,0.1,1e-9,1e+21]}\n");
	CHECK(in_file("18446744073709551615"));
}

static void secrets_are_never_shown(void)
{
	static const char *const hidden[] = { "Pinning", "Pinning.RemoteServices", "Pinning.RemoteServices.x.API",
					      "Pinning.RemoteServices.x.API.Key" };
	char call[256];
	size_t i;

	says("config?arg=API.Authorizations&arg=%7B%22a%22:%7B%22AuthSecret%22:%22bearer:s3cret%22,%22AllowedPaths%22:[%22/api/v0%22]"
	     "%7D%7D&json=1", 200, "{\"Key\":\"API.Authorizations\",\"Value\":null}\n");
	CHECK(in_file("s3cret"));
	says("config?arg=API.Authorizations", 500, ERROR("failed to get config value: \\\"API.Authorizations not found\\\""));
	says("config?arg=API", 200, "{\"Key\":\"API\",\"Value\":{\"HTTPHeaders\":{}}}\n");
	CHECK(rpc("config/show") == 200);
	CHECK(!strstr(rpc_body(), "s3cret") && !strstr(rpc_body(), "Authorizations"));
	CHECK(!strstr(rpc_body(), "PrivKey"));
	CHECK(rpc("config/profile/apply?arg=announce-off&dry-run=1") == 200);
	CHECK(!strstr(rpc_body(), "s3cret"));
	says("config?arg=Identity", 500, ERROR("cannot show or change private key through API"));
	says("config?arg=identity.PRIVKEY&arg=x", 500, ERROR("cannot show or change private key through API"));
	for (i = 0; i < 4; i++) {
		snprintf(call, sizeof call, "config?arg=%s", hidden[i]);
		says(call, 500, ERROR("cannot show or change pinning services credentials"));
	}
	CHECK(!kubo_guarded(rpc_now.k));	/* it counts from the next start on */
	kubo_free(rpc_now.k);
	NEED(kubo_new(&rpc_now.k, rpc_now.path, store_config(rpc_now.st)) == 0);
	CHECK(kubo_guarded(rpc_now.k));
	CHECK(rpc("version") == 403);
	/* and without the secret nobody takes it away by giving back what is shown */
	rpc_open("");
	says("config?arg=API.Authorizations&arg=%7B%22a%22:%7B%22AuthSecret%22:%22bearer:s3cret%22%7D%7D&json=1", 200,
	     "{\"Key\":\"API.Authorizations\",\"Value\":null}\n");
	rpc_file("", "{\"API\":{\"HTTPHeaders\":{\"X-A\":[\"b\"]}}}");
	CHECK(rpc_send("config/replace") == 200);
	CHECK_STR(rpc_body(), "");
	CHECK(in_file("s3cret") && in_file("X-A"));
	rpc_open("");
}

static void replaces(void)
{
	CHECK(rpc("config?arg=Datastore.StorageMax&arg=20GB") == 200);
	rpc_file("", "{\"Gateway\":{\"RootRedirect\":\"/x\"},\"Identity\":{\"PeerID\":\"" PEER "\"}}");
	CHECK(rpc_send("config/replace") == 200);
	CHECK_STR(rpc_body(), "");
	CHECK_STR(rpc_field("content-type"), "application/json");
	says("config?arg=Gateway.RootRedirect&enc=text", 200, "/x\n");
	says("config?arg=Datastore.StorageMax&enc=text", 200, "0B\n");
	CHECK(!in_file(PEER));
	rpc_file("", "x");
	CHECK(rpc_send("config/replace") == 500);
	CHECK_STR(rpc_body(), ERROR("failed to decode file as config"));
	rpc_file("", "[]");
	CHECK(rpc_send("config/replace") == 500);
	CHECK_STR(rpc_body(), ERROR("failed to decode file as config"));
	rpc_file("", "{\"Identity\":{\"PrivKey\":\"x\"}}");
	CHECK(rpc_send("config/replace") == 500);
	CHECK_STR(rpc_body(), ERROR("setting private key with API is not supported"));
	says("config?arg=Gateway.RootRedirect&enc=text", 200, "/x\n");
	says("config/replace", 400, "file argument 'file' is required\n");
}

static void applies_profiles(void)
{
	says("config/profile/apply?arg=nope", 500, ERROR("nope is not a profile"));
	CHECK(rpc("config/profile/apply?arg=pebbleds") == 500);
	CHECK(strstr(rpc_body(), "profile \\\"pebbleds\\\" changes the datastore layout, which is fixed") != NULL);
	CHECK(rpc("config/profile/apply?arg=lowpower&dry-run=true") == 200);
	CHECK(!strncmp(rpc_body(), "{\"OldCfg\":{\"API\":", 17) && strstr(rpc_body(), "},\"NewCfg\":{\"API\":"));
	says("config?arg=Routing.Type", 500, ERROR("failed to get config value: \\\"Routing.Type not found\\\""));
	CHECK(rpc("config/profile/apply?arg=lowpower") == 200);
	says("config?arg=Swarm.ConnMgr", 200, "{\"Key\":\"Swarm.ConnMgr\",\"Value\":{\"GracePeriod\":\"1m0s\",\"HighWater\":40,"
	     "\"LowWater\":20,\"Type\":\"basic\"}}\n");
	/* lists are joined with what stands there, and taken out again */
	CHECK(rpc("config?arg=Addresses.NoAnnounce&arg=[%22/ip4/1.1.1.1%22,%22/ip4/10.0.0.0/ipcidr/8%22]&json=1") == 200);
	CHECK(rpc("config/profile/apply?arg=server") == 200);
	CHECK(rpc("config?arg=Addresses.NoAnnounce") == 200);
	CHECK(strstr(rpc_body(), "[\"/ip4/1.1.1.1\",\"/ip4/10.0.0.0/ipcidr/8\",\"/ip4/100.64.0.0/ipcidr/10\",") != NULL);
	CHECK(rpc("config/profile/apply?arg=local-discovery") == 200);
	says("config?arg=Addresses.NoAnnounce", 200, "{\"Key\":\"Addresses.NoAnnounce\",\"Value\":[\"/ip4/1.1.1.1\"]}\n");
	says("config?arg=Routing.Type&enc=text", 200, "autoclient\n");
}

static void bootstraps(void)
{
	says("bootstrap", 200, "{\"Peers\":[]}\n");
	says("bootstrap/list?enc=text", 200, "");
	CHECK(rpc("bootstrap/add?arg=default") == 500);
	CHECK(strstr(rpc_body(), "cannot add default bootstrap peers: AutoConf is disabled (AutoConf.Enabled=false)") != NULL);
	CHECK(rpc("config?arg=AutoConf.Enabled&arg=true&bool=1") == 200);
	says("bootstrap/add", 500, ERROR("no bootstrap peers to add"));
	says("bootstrap/add?arg=x", 500, ERROR("failed to parse multiaddr \\\"x\\\": must begin with /"));
	says("bootstrap/add?arg=/ip4/1.2.3.4/tcp/4001", 500, ERROR("invalid bootstrap address: /ip4/1.2.3.4/tcp/4001"));
	says("bootstrap/add?arg=/p2p/" PEER, 500, ERROR("bootstrap address without a transport: /p2p/" PEER));
	CHECK(rpc("bootstrap/add?arg=/ip4/1.2.3/tcp/1/p2p/" PEER) == 500);
	CHECK(rpc("bootstrap/add?arg=/ip4/1.2.3.4/tcp/70000/p2p/" PEER) == 500);
	CHECK(rpc("bootstrap/add?arg=/foo/1/p2p/" PEER) == 500);
	says("bootstrap/add?arg=" ADDR, 200, "{\"Peers\":[\"" ADDR "\"]}\n");
	says("bootstrap/add?arg=default&enc=text", 200, "added auto\n");
	says("bootstrap/list", 200, "{\"Peers\":[\"auto\",\"" ADDR "\"]}\n");
	CHECK(rpc("bootstrap/rm?arg=" ADDR) == 500);
	CHECK(strstr(rpc_body(), "cannot remove individual bootstrap peers when using 'auto' placeholder") != NULL);
	says("bootstrap/rm/all", 200, "{\"Peers\":[\"auto\",\"" ADDR "\"]}\n");
	says("bootstrap/list", 200, "{\"Peers\":[]}\n");
	says("bootstrap/rm?all=1", 200, "{\"Peers\":[]}\n");
	rpc_file("", ADDR "\n" DNS "\n");
	CHECK(rpc_send("bootstrap/add?enc=text") == 200);
	CHECK_STR(rpc_body(), "added " ADDR "\nadded " DNS "\n");
	says("bootstrap/rm?arg=" ADDR, 200, "{\"Peers\":[\"" ADDR "\"]}\n");
	says("bootstrap/rm?arg=/p2p/" PEER, 200, "{\"Peers\":[\"" DNS "\"]}\n");
	says("bootstrap/rm?arg=x", 500, ERROR("failed to parse multiaddr \\\"x\\\": must begin with /"));
	says("bootstrap/rm", 200, "{\"Peers\":[]}\n");
}

/* each change builds on the one before, whoever makes them */
static void changes_at_once_are_all_kept(void)
{
	char call[128], want[64];
	int i, status;

	rpc_open("");
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			int k, bad = 0;

			for (k = 0; k < 5; k++) {
				snprintf(call, sizeof call, "config?arg=Internal.P%d.N%d&arg=%d&json=1", i, k, i * 10 + k);
				bad |= rpc(call) != 200;
			}
			_exit(bad);
		}
	for (i = 0; i < 8; i++) {
		wait(&status);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	for (i = 0; i < 40; i++) {
		snprintf(call, sizeof call, "config?arg=Internal.P%d.N%d&enc=text", i / 5, i % 5);
		snprintf(want, sizeof want, "%d\n", i / 5 * 10 + i % 5);
		says(call, 200, want);
	}
}

/* a file that somebody broke is said to be so, and left alone */
static void a_broken_file_stays(void)
{
	char path[4300], *after;
	int fd;

	rpc_open("");
	snprintf(path, sizeof path, "%s/token/kubo.json", rpc_now.path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	NEED(fd >= 0 && io_write(fd, "{\"API\":", 7, path) == 0);
	close(fd);
	CHECK(rpc("config?arg=Datastore.StorageMax&arg=1") == 500);
	CHECK(strstr(rpc_body(), "token/kubo.json: json, offset") != NULL);
	CHECK(rpc("config/show") == 500);
	after = file();
	CHECK_STR(after, "{\"API\":");
	free(after);
}

int main(void)
{
	rpc_open("");
	RUN(gets);
	RUN(the_settings_of_the_store_are_in_it);
	RUN(sets);
	RUN(refuses_to_set);
	RUN(numbers_keep_their_form);
	RUN(secrets_are_never_shown);
	RUN(replaces);
	RUN(applies_profiles);
	RUN(bootstraps);
	RUN(changes_at_once_are_all_kept);
	RUN(a_broken_file_stays);
	rpc_close();
	return UNIT_END();
}
