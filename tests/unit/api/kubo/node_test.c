#include <sys/wait.h>

#include "base/log.h"
#include "key/key.h"
#include "multi/mb.h"
#include "rpc.h"

#define ERROR(text) "{\"Message\":\"" text "\",\"Code\":0,\"Type\":\"error\"}\n"
#define ONLINE ERROR("this command must be run in online mode. Try running 'ipfs daemon' first")
#define OTHER "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV"
#define OTHER_ID "k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq"
#define AGENT "kubo/" KUBO_VERSION "/ipfrs-" IPFRS_VERSION

static void says(const char *call, int status, const char *body)
{
	CHECK(rpc(call) == status);
	CHECK_STR(rpc_body(), body);
}

static struct buf peer = BUF_INIT(CID_TEXT_MAX), public = BUF_INIT(4096);
static char name[128];

static void is_somebody(void)
{
	char want[2048];
	struct key *k = NULL;

	CHECK(rpc("id") == 200);		/* makes the key */
	NEED(key_load(rpc_now.path, "self", &k) == 0);
	NEED(key_id_peer(key_name(k), &peer) == 0);
	NEED(mb_encode_body(mb_by_name("base64pad"), key_public_pb(k), &public) == 0);
	snprintf(name, sizeof name, "%.*s", (int)peer.len, (char *)peer.data);
	snprintf(want, sizeof want, "{\"ID\":\"%s\",\"PublicKey\":\"%s\",\"Addresses\":null,\"AgentVersion\":\"" AGENT
		 "\",\"Protocols\":null}\n", name, (char *)public.data);
	CHECK_STR(rpc_body(), want);
	says("id", 200, want);			/* and is the same ever after */
	snprintf(want, sizeof want, "{\n\t\"ID\": \"%s\",\n\t\"PublicKey\": \"%s\",\n\t\"Addresses\": null,\n\t"
		 "\"AgentVersion\": \"" AGENT "\",\n\t\"Protocols\": null\n}\n\n", name, (char *)public.data);
	says("id?enc=text", 200, want);
	snprintf(want, sizeof want, "%s %s\n%s", name, AGENT, (char *)public.data);
	says("id?enc=text&f=%3Cid%3E%20%3Caver%3E%5Cn%3Cpubkey%3E%3Caddrs%3E", 200, want);
	key_free(k);
}

static void knows_nobody_else(void)
{
	says("id?arg=" OTHER, 500, ERROR("'ipfs id' cannot query information on remote peers without a running daemon; if you "
					 "only want to convert --peerid-base, pass --offline option"));
	says("id?arg=" OTHER "&offline=1&peerid-base=base36", 200, "{\"ID\":\"" OTHER_ID "\",\"PublicKey\":\"\","
	     "\"Addresses\":null,\"AgentVersion\":\"\",\"Protocols\":null}\n");
	says("id?arg=xx", 500, ERROR("invalid peer id"));
	says("id?peerid-base=zz", 500, ERROR("unsupported multibase encoding: zz"));
	says("mount", 500, ONLINE);
	says("version/check", 500, ONLINE);
}

static void tells_its_version(void)
{
	CHECK(rpc("version") == 200);
	CHECK(!strncmp(rpc_body(), "{\"Version\":\"" KUBO_VERSION "\",\"Commit\":\"ipfrs-" IPFRS_VERSION "\",\"Repo\":\"18\","
		       "\"System\":\"", 72 + sizeof KUBO_VERSION + sizeof IPFRS_VERSION - 24));
	says("version?enc=text", 200, "ipfs version " KUBO_VERSION "\n");
	says("version?enc=text&number=1", 200, KUBO_VERSION "\n");
	says("version?enc=text&n=1&commit=1", 200, KUBO_VERSION "-ipfrs-" IPFRS_VERSION "\n");
	says("version?enc=text&repo=1", 200, "18\n");
	CHECK(rpc("version?enc=text&all=1") == 200);
	CHECK(!strncmp(rpc_body(), "Kubo version: " KUBO_VERSION "-ipfrs-", 14 + sizeof KUBO_VERSION + 6));
	CHECK(rpc("version/deps") == 200);
	CHECK(!strncmp(rpc_body(), "{\"Path\":\"ipfrs\",\"Version\":\"v" IPFRS_VERSION "\",\"ReplacedBy\":\"\",\"Sum\":\"\"}\n",
		       60));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
}

/* every command that can be called is in the tree, below the groups it is in */
static void lists_all_commands(void)
{
	const struct command *cmd;
	char line[256];
	size_t i, k;

	CHECK(rpc("commands?enc=text&flags=true") == 200);
	CHECK(!strncmp(rpc_body(), "ipfs\nipfs add\n", 14));
	for (i = 0; (cmd = query_command(i)); i++) {
		snprintf(line, sizeof line, "\nipfs %s\n", cmd->path);
		for (k = 0; line[k]; k++)
			if (line[k] == '/')
				line[k] = ' ';
		if (!strstr(rpc_body(), line))
			printf("# missing: %s", line);
		CHECK(strstr(rpc_body(), line) != NULL);
	}
	CHECK(i > 80);
	CHECK(strstr(rpc_body(), "\nipfs name pubsub\nipfs name pubsub cancel\n") != NULL);
	CHECK(strstr(rpc_body(), "\nipfs key gen --type / ipfs key gen -t\n") != NULL);
	CHECK(rpc("commands") == 200);
	CHECK(!strncmp(rpc_body(), "{\"Name\":\"ipfs\",\"Subcommands\":[{\"Name\":\"add\",", 43));
	CHECK(strstr(rpc_body(), "{\"Name\":\"pubsub\",\"Subcommands\":[{\"Name\":\"cancel\",\"Subcommands\":[],\"Options\":[]},"
		     "{\"Name\":\"state\",") != NULL);
	CHECK(strstr(rpc_body(), "{\"Name\":\"diag\",\"Subcommands\":[{\"Name\":\"cmds\",\"Subcommands\":[{\"Name\":\"clear\","
		     "\"Subcommands\":[],\"Options\":[]},{\"Name\":\"set-time\",\"Subcommands\":[],\"Options\":[]}],"
		     "\"Options\":[{\"Names\":[\"verbose\",\"v\"]}]}") != NULL);
	says("commands/completion/bash", 404, "404 page not found\n");
	says("commands/completion", 404, "404 page not found\n");
	says("diag", 200, "");
	CHECK_STR(rpc_field("x-chunked-output"), "1");
}

static void diagnoses(void)
{
	char want[4400];

	says("diag/healthy", 200, "\"ok\"\n");
	says("diag/healthy?enc=text", 200, "ok");
	CHECK(rpc("diag/sys") == 200);
	CHECK(!strncmp(rpc_body(), "{\"diskinfo\":{\"free_space\":", 26));
	snprintf(want, sizeof want, "\"IPFS_PATH\":\"%s\"}", rpc_now.path);
	CHECK(strstr(rpc_body(), want) != NULL);
	CHECK(strstr(rpc_body(), "\"ipfs_version\":\"" KUBO_VERSION "\",\"memory\":{\"swap\":") != NULL);
	CHECK(strstr(rpc_body(), "\"online\":false},\"runtime\":{\"arch\":\"") != NULL);
	/* what runs: this very call */
	CHECK(rpc("diag/cmds") == 200);
	CHECK(!strncmp(rpc_body(), "[{\"StartTime\":\"2", 16));
	snprintf(want, sizeof want, "Z\",\"EndTime\":\"0001-01-01T00:00:00Z\",\"Active\":true,\"Command\":\"diag/cmds\","
		 "\"Options\":{\"encoding\":\"json\"},\"Args\":[],\"ID\":%ld}]\n", (long)getpid());
	CHECK(strstr(rpc_body(), want) != NULL);
	CHECK(rpc("diag/cmds?encoding=json&v=true") == 200);
	CHECK(strstr(rpc_body(), "\"Options\":{\"encoding\":\"json\",\"verbose\":true}") != NULL);
	CHECK(rpc("diag/cmds?verbose=1&enc=text") == 200);
	CHECK(!strncmp(rpc_body(), "ID", 2) && strstr(rpc_body(), " diag/cmds []        []      true   ") != NULL);
	says("diag/cmds/clear", 200, "");
	says("diag/cmds/set-time?arg=1h", 200, "");
	says("diag/cmds/set-time?arg=x", 500, ERROR("time: invalid duration \\\"x\\\""));
	says("diag/cmds/set-time", 400, "argument \"time\" is required\n");
}

static void changes_levels(void)
{
	unsetenv("IPFRS_LOG");
	says("log/level?arg=kubo&arg=debug", 500, ERROR("levels are those of IPFRS_LOG"));	/* nothing is shared */
	NEED(log_share() == 0);
	says("log/level", 200, "{\"Levels\":{\"\":\"warn\"}}\n");
	says("log/level?arg=kubo&enc=text", 200, "warn\n");
	says("log/level?arg=kubo&arg=debug", 200, "{\"Message\":\"Changed log level of 'kubo' to 'debug'\\n\"}\n");
	CHECK(log_wants("kubo", LOG_DEBUG_) && !log_wants("store", LOG_INFO_));
	says("log/level?arg=kubo", 200, "{\"Levels\":{\"kubo\":\"debug\"}}\n");
	says("log/level?arg=kubo&arg=default", 200, "{\"Message\":\"Changed log level of 'kubo' to 'warn'\\n\"}\n");
	says("log/level?arg=*&arg=error&enc=text", 200, "Changed log level of '*' to 'error'\n");
	CHECK(!log_wants("store", LOG_WARN_));
	CHECK(rpc("log/level?arg=all&enc=text") == 200);
	CHECK(!strncmp(rpc_body(), "(default): error\nfetch: error\n", 30));
	says("log/level?arg=nope", 500, ERROR("error: No such logger"));
	says("log/level?arg=kubo&arg=nope", 500, ERROR("unrecognized level: \\\"nope\\\""));
	CHECK(rpc("log/ls") == 200);
	CHECK(!strncmp(rpc_body(), "{\"Strings\":[\"fetch\",\"front\",", 28));
}

/* what another process says while one listens */
static void hears_others(void)
{
	int status;
	pid_t pid;

	CHECK(log_set("store", LOG_INFO_) == 0);
	log_line("store", LOG_INFO_, "before");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		usleep(300000);
		log_info("store", "said \"%d\"", 7);
		log_warn("store", "and <more>");
		_exit(0);
	}
	CHECK(rpc("log/tail?timeout=1s") == 200);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_STR(rpc_field("x-stream-output"), "1");
	CHECK(!strncmp(rpc_body(), "{\"level\":\"info\",\"ts\":\"2", 22));
	CHECK(strstr(rpc_body(), "Z\",\"logger\":\"store\",\"msg\":\"said \\\"7\\\"\"}\n{\"level\":\"warn\",") != NULL);
	CHECK(strstr(rpc_body(), "\"msg\":\"and <more>\"}\n") != NULL);
	CHECK(!strstr(rpc_body(), "before"));
	CHECK_STR(rpc_trailer("x-stream-error"), "context deadline exceeded");
	says("log/tail?log-level=loud", 500, ERROR("setting log level loud: unrecognized level: \\\"loud\\\""));
}

static void shuts_down_where_it_may(void)
{
	CHECK(rpc("shutdown") == 400);
	CHECK_STR(rpc_body(), "{\"Message\":\"daemon not running\",\"Code\":1,\"Type\":\"error\"}\n");
	CHECK(!rpc_now.heard.r.ends);
	rpc_now.may_end = 1;
	says("shutdown", 200, "");
	CHECK(rpc_now.heard.r.ends);
	rpc_now.may_end = 0;
}

int main(void)
{
	rpc_open("");
	RUN(is_somebody);
	RUN(knows_nobody_else);
	RUN(tells_its_version);
	RUN(lists_all_commands);
	RUN(diagnoses);
	RUN(changes_levels);
	RUN(hears_others);
	RUN(shuts_down_where_it_may);
	buf_clear(&peer);
	buf_clear(&public);
	rpc_close();
	return UNIT_END();
}
