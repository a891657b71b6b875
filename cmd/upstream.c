/* upstream.c - the option -g: blocks from gateways, through ipfrs-fetch -c */
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/upstream.h"
#include "ops/coproc.h"

enum { URLS_MAX = 64 };

/* A file of its own, as run.c. */
static struct {
	const char *argv[2 * URLS_MAX + 8];
	const char *url[URLS_MAX];
	int n;
	struct store *st;
	struct coproc *proc;
	struct buf name, path;
} up = { .name = { .max = 65536 }, .path = { .max = 65536 } };

void cmd_gateway(const char *url)
{
	if (strcmp(url, "-") != 0 && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		cmd_usage("gateway '%s' is no URL such as https://example.net", url);
	if (up.n == URLS_MAX)
		cmd_usage("more than %d gateways", URLS_MAX);
	up.url[up.n++] = url;
}

struct dag_source *cmd_source(struct store *st)
{
	int i, n = 0, rc;

	up.st = st;
	if (up.n == 0)
		return store_source(st);
	up.argv[n++] = "ipfrs-fetch";
	up.argv[n++] = "-c";
	up.argv[n++] = "-S";
	up.argv[n++] = store_path(st);
	for (i = 0; i < up.n; i++) {
		if (!strcmp(up.url[i], "-"))
			continue;
		up.argv[n++] = "-g";
		up.argv[n++] = up.url[i];
	}
	rc = coproc_new(&up.proc, store_source(st), up.argv);
	if (rc < 0)
		exit(cmd_fail(rc));
	return coproc_source(up.proc);
}

int cmd_path(const char *path, const char **out)
{
	int rc;

	*out = path;
	if (!up.proc)
		return cmd_name(up.st, path, out);
	path = cmd_name_in(path);
	if (!path)
		return 0;
	buf_reset(&up.path);
	buf_reset(&up.name);
	rc = buf_printf(&up.name, "/ipns/%s", path);
	if (rc == 0)
		rc = coproc_resolve(up.proc, (const char *)up.name.data, &up.path);
	if (rc == 0)
		*out = (const char *)up.path.data;
	return rc;
}

void cmd_source_end(void)
{
	coproc_free(up.proc);
	up.proc = NULL;
	buf_clear(&up.name);
	buf_clear(&up.path);
}
