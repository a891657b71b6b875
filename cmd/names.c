/* names.c - paths that begin with a name, for programs that read paths */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/cmd.h"
#include "name/name.h"

enum { PATH_ROOM = 65536 };

static struct buf found = { .max = PATH_ROOM };

static void forget(void)
{
	buf_clear(&found);
}

const char *cmd_name_in(const char *path)
{
	if (!strncasecmp(path, "ipns:", 5))		/* ipns://X and ipns:X, as for ipfs: */
		path += 5;
	else if (!strncmp(path, "/ipns/", 6))
		path += 6;
	else
		return NULL;
	return path + strspn(path, "/");
}

/* A file of its own, as run.c. */
int cmd_name(struct store *st, const char *path, const char **out)
{
	struct buf text = BUF_INIT(PATH_ROOM);
	const char *name = cmd_name_in(path);
	int rc;

	*out = path;
	if (!name)
		return 0;
	if (!found.data)
		atexit(forget);
	buf_reset(&found);
	rc = buf_printf(&text, "/ipns/%s", name);
	if (rc == 0)
		rc = name_resolve(st, buf_span(&text), NULL, NULL, &found, NULL);
	if (rc == 0)
		*out = (const char *)found.data;
	buf_clear(&text);
	return rc;
}
