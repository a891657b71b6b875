/* cmd_node.c - who answers, and what it is made of: id, version; and the table of what else is about the node */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd_node.h"
#include "key/key.h"

enum { TEXT_MAX = 256 * 1024 };

/* of Kubo's repository, of the layout that clients may ask for */
#define REPO_VERSION "18"
#define COMMIT "ipfrs-" IPFRS_VERSION
#ifdef __clang__
#define COMPILER "clang-" __clang_version__
#else
#define COMPILER "gcc-" __VERSION__
#endif

int node_offline(struct call *c)
{
	(void)c;
	return err_set(ERR_UNSUPPORTED, "this command must be run in online mode. Try running 'ipfs daemon' first");
}

const char *node_arch(void)
{
	static const struct { const char *linux_, *go; } names[] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "armv7l", "arm" }, { "armv6l", "arm" }
	};
	static struct utsname u;
	size_t i;

	if (!*u.machine && uname(&u) < 0)
		return "unknown";
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(u.machine, names[i].linux_))
			return names[i].go;
	return u.machine;
}

/* ---- id ---- */

struct identity {
	struct buf id, public;		/* as text */
};

static int identify(struct call *c, const struct key *k, struct identity *x)
{
	struct id_base b;
	int rc = id_base(c, "peerid-base", &b);

	if (rc == 0)
		rc = id_text(&b, key_name(k), &x->id);
	return rc < 0 ? rc : mb_encode_body(mb_by_name("base64pad"), key_public_pb(k), &x->public);
}

/* `step` stands in front of every member, `end` behind them: "" or the white space of Go's MarshalIndent */
static int id_json(const struct identity *x, const char *step, const char *colon, const char *end, struct buf *out)
{
	return buf_printf(out, "{%s\"ID\":%s\"%s\",%s\"PublicKey\":%s\"%s\",%s\"Addresses\":%snull,%s\"AgentVersion\":%s\""
			  AGENT "\",%s\"Protocols\":%snull%s}", step, colon, (char *)x->id.data, step, colon,
			  (char *)x->public.data, step, colon, step, colon, step, colon, end);
}

/* <id>, <aver>, <pubkey>; there are no <addrs> and <protocols> */
static int id_format(const struct identity *x, const char *format, struct buf *out)
{
	const struct { const char *word, *text; } words[] = {
		{ "<id>", (char *)x->id.data }, { "<aver>", AGENT }, { "<pubkey>", (char *)x->public.data },
		{ "<addrs>", "" }, { "<protocols>", "" }, { "\\n", "\n" }, { "\\t", "\t" }
	};
	size_t i;
	int rc = 0;

	while (rc == 0 && *format) {
		for (i = 0; i < sizeof words / sizeof *words && strncmp(format, words[i].word, strlen(words[i].word)); i++)
			;
		if (i < sizeof words / sizeof *words) {
			rc = buf_str(out, words[i].text);
			format += strlen(words[i].word);
		} else {
			rc = buf_u8(out, (unsigned char)*format++);
		}
	}
	return rc;
}

/* is it us who are asked for? */
static int asked_for(struct call *c, const struct key *k)
{
	struct cid id;

	if (!c->n_args)
		return 0;
	if (key_id_parse(span_str(c->arg[0]), &id) < 0)
		return err_set(ERR_USAGE, "invalid peer id");
	return cid_equal(&id, key_name(k)) ? 0 :
	       err_set(ERR_NOTFOUND, "'ipfs id' cannot query information on remote peers without a running daemon; if you "
		       "only want to convert --peerid-base, pass --offline option");
}

/* somebody else, of whom nothing is known: the name itself, in the base that is asked for */
static int tell_other(struct call *c)
{
	struct buf json = BUF_INIT(TEXT_MAX), id = BUF_INIT(CID_TEXT_MAX);
	struct id_base b;
	struct cid cid;
	int rc = id_base(c, "peerid-base", &b);

	if (rc == 0 && key_id_parse(span_str(c->arg[0]), &cid) < 0)
		rc = err_set(ERR_USAGE, "invalid peer id");
	if (rc == 0)
		rc = id_text(&b, &cid, &id);
	if (rc == 0)
		rc = buf_printf(&json, "{\"ID\":\"%s\",\"PublicKey\":\"\",\"Addresses\":null,\"AgentVersion\":\"\","
				"\"Protocols\":null}", (char *)id.data);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), span_of(NULL, 0));
	buf_clear(&id);
	buf_clear(&json);
	return rc;
}

static int id(struct call *c)
{
	struct identity x = { BUF_INIT(CID_TEXT_MAX), BUF_INIT(4 * KEY_PUBLIC_MAX) };
	struct buf json = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	struct key *k = NULL;
	int rc = key_self(c->k->path, &k);

	if (rc == 0)
		rc = asked_for(c, k);
	if (rc == ERR_NOTFOUND && k && (call_bool(c, "offline") || call_bool(c, "local"))) {
		key_free(k);
		return tell_other(c);
	}
	if (rc == 0)
		rc = identify(c, k, &x);
	if (rc == 0)
		rc = id_json(&x, "", "", "", &json);
	if (rc == 0)
		rc = call_given(c, "format") ? id_format(&x, call_text(c, "format"), &text) :
					       id_json(&x, "\n\t", " ", "\n", &text);
	if (rc == 0 && !call_given(c, "format"))
		rc = buf_str(&text, "\n\n");
	if (rc == 0)
		rc = call_one(c, buf_span(&json), text.data ? buf_span(&text) : span_of("", 0));
	key_free(k);
	buf_clear(&text);
	buf_clear(&json);
	buf_clear(&x.id);
	buf_clear(&x.public);
	return rc;
}

/* ---- version ---- */

static int version_text(struct call *c, struct buf *out)
{
	const char *commit = call_bool(c, "commit") ? "-" COMMIT : "";

	if (call_bool(c, "all"))
		return buf_printf(out, "Kubo version: " KUBO_VERSION "-" COMMIT "\nRepo version: " REPO_VERSION
				  "\nSystem version: %s/linux\nGolang version: " COMPILER "\n", node_arch());
	if (call_bool(c, "repo"))
		return buf_str(out, REPO_VERSION "\n");
	return buf_printf(out, "%s" KUBO_VERSION "%s\n", call_bool(c, "number") ? "" : "ipfs version ", commit);
}

static int version(struct call *c)
{
	struct buf json = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	int rc = buf_printf(&json, "{\"Version\":\"" KUBO_VERSION "\",\"Commit\":\"" COMMIT "\",\"Repo\":\"" REPO_VERSION
			    "\",\"System\":\"%s/linux\",\"Golang\":\"" COMPILER "\"}", node_arch());

	if (rc == 0)
		rc = version_text(c, &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* what is known for sure of what runs here */
static int deps(struct call *c)
{
	char libc[64] = "glibc ";		/* "glibc 2.36" */
	const struct { const char *path, *version; } parts[] = {
		{ "ipfrs", IPFRS_VERSION }, { "gnu.org/libc", libc + strlen("glibc ") }
	};
	struct buf json = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	size_t i;
	int rc = 0;

	confstr(_CS_GNU_LIBC_VERSION, libc, sizeof libc);
	for (i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++) {
		buf_reset(&json);
		buf_reset(&text);
		rc = buf_printf(&json, "{\"Path\":\"%s\",\"Version\":\"v%s\",\"ReplacedBy\":\"\",\"Sum\":\"\"}", parts[i].path,
				parts[i].version);
		if (rc == 0)
			rc = buf_printf(&text, "%s@v%s\n", parts[i].path, parts[i].version);
		if (rc == 0)
			rc = call_value(c, buf_span(&json), buf_span(&text));
	}
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- shutdown ---- */

/* the server ends when the client has this answer; what others wait for is finished first */
static int shut_down(struct call *c)
{
	int rc;

	if (!c->r->may_end)
		return call_client_error(c, "daemon not running");
	rc = call_empty(c);
	c->r->ends = rc == 0;
	return rc;
}

/* ---- the table ---- */

static const struct opt id_opts[] = { { "format,f", OPT_STRING, NULL }, { "peerid-base", OPT_STRING, "b58mh" }, { 0 } };
static const struct opt version_opts[] = {
	{ "number,n", OPT_BOOL, NULL }, { "commit", OPT_BOOL, NULL }, { "repo", OPT_BOOL, NULL }, { "all", OPT_BOOL, NULL },
	{ 0 }
};
static const struct opt check_opts[] = { { "min-percent,t", OPT_INT, "5" }, { 0 } };
static const struct opt commands_opts[] = { { "flags,f", OPT_BOOL, NULL }, { 0 } };
static const struct opt cmds_opts[] = { { "verbose,v", OPT_BOOL, NULL }, { 0 } };
static const struct opt tail_opts[] = { { "log-level", OPT_STRING, NULL }, { 0 } };
static const struct opt mount_opts[] = {
	{ "ipfs-path,f", OPT_STRING, NULL }, { "ipns-path,n", OPT_STRING, NULL }, { "mfs-path,m", OPT_STRING, NULL }, { 0 }
};

const struct command kubo_node_commands[] = {
	{ "commands", NULL, NULL, commands_opts, CMD_NO_STORE | CMD_READS, tree_commands },
	{ "diag/cmds", NULL, NULL, cmds_opts, 0, diag_cmds },
	{ "diag/cmds/clear", NULL, NULL, NULL, CMD_NO_STORE, diag_clear },
	{ "diag/cmds/set-time", "time!", NULL, NULL, CMD_NO_STORE, diag_set_time },
	{ "diag/healthy", NULL, NULL, NULL, 0, diag_healthy },
	{ "diag/sys", NULL, NULL, NULL, CMD_NO_STORE | CMD_READS, diag_sys },
	{ "id", "peerid", NULL, id_opts, CMD_NO_STORE, id },
	{ "log/level", "subsystem level", NULL, NULL, CMD_NO_STORE, log_cmd_level },
	{ "log/ls", NULL, NULL, NULL, CMD_NO_STORE | CMD_READS, log_cmd_ls },
	{ "log/tail", NULL, NULL, tail_opts, CMD_NO_STORE | CMD_READS, log_cmd_tail },
	{ "mount", NULL, NULL, mount_opts, CMD_NO_STORE, node_offline },
	{ "shutdown", NULL, NULL, NULL, CMD_NO_STORE, shut_down },
	{ "version", NULL, NULL, version_opts, CMD_NO_STORE | CMD_READS, version },
	{ "version/check", NULL, NULL, check_opts, CMD_NO_STORE, node_offline },
	{ "version/deps", NULL, NULL, NULL, CMD_NO_STORE | CMD_READS, deps },
	{ 0 }
};
