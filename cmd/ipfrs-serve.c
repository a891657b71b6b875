/* ipfrs-serve - answer HTTP: the gateway to what is in the store, and Kubo's RPC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/front/front.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/serve.h"

static const struct cmd_opt opts[] = {
	{ 'A', "file", "write the address of the RPC there, as a multiaddr, when ready" },
	{ 'a', "address", "listen there: HOST:PORT, PORT, tls:HOST:PORT or unix:PATH; may be repeated" },
	{ 'C', "n", "clients at one time; 1: a process for each" },
	{ 'c', "file", "certificate (PEM) for tls: addresses, or self" },
	{ 'i', NULL, "take the client or socket given by inetd or systemd" },
	{ 'k', "file", "key of the certificate (PEM)" },
	{ 'l', "file", "log requests there" },
	{ 'm', "mode", "fork: a process for each request; pool: some that stay" },
	CMD_OPT_N,
	{ 'o', "setting", "a setting for this run, KEY=VALUE as in the configuration" },
	{ 'p', "preset", "start from the settings of production, development or testing" },
	{ 'r', "address", "answer Kubo's RPC there: as -a, or default; may be repeated" },
	{ 'U', NULL, "answers of the RPC do not wait for the disk" },
	{ 'u', NULL, "print the URL when ready, on standard output" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-serve", "", "answer HTTP requests for what is in the store", opts
};

int main(int argc, char **argv)
{
	struct serve_plan plan = { 0 };
	int c, rc, only_show = 0;

	cmd_start(&info, argc, argv);
	rc = plan_begin(&plan);
	if (rc < 0)
		return cmd_fail(rc);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'A': plan_set(&plan, "rpc.api-file", cmd_arg()); break;
		case 'a': plan_listen(&plan, cmd_arg()); break;
		case 'C': plan_set(&plan, "serve.conns", cmd_arg()); break;
		case 'c': plan_set(&plan, "serve.tls-cert", cmd_arg()); break;
		case 'i': plan.given = 1; break;
		case 'k': plan_set(&plan, "serve.tls-key", cmd_arg()); break;
		case 'l': plan_set(&plan, "serve.log-file", cmd_arg()); break;
		case 'm': plan_set(&plan, "serve.mode", cmd_arg()); break;
		case 'n': only_show = 1; break;
		case 'o': plan_set_text(&plan, cmd_arg()); break;
		case 'p': plan.preset = cmd_arg(); break;
		case 'r': plan_rpc(&plan, cmd_arg()); break;
		case 'U': plan_set(&plan, "rpc.unsynced", "yes"); break;
		case 'u': plan.say_url = 1; break;
		}
	}
	cmd_operands(0, 0);
	rc = plan_settle(&plan, cmd_store());
	if (rc == 0)
		rc = only_show ? plan_show(&plan) : plan_run(&plan);
	plan_end(&plan);
	return rc < 0 ? cmd_fail(rc) : cmd_finish();
}
