/* man_test.c - the page of the manual tells of every command, and of no other */
#include "rpc.h"

static struct buf page = { .max = 1 << 20 };

static int told(const char *path)
{
	char row[200];

	snprintf(row, sizeof row, "\n.It %s Ta ", path);
	return strstr((char *)page.data, row) != NULL;
}

static void all_commands(void)
{
	const struct command *c;
	size_t i, rows = 0;
	const char *p;

	NEED(io_slurp_file(AT_FDCWD, "man/ipfrs-rpc.7", &page) == 0);
	for (i = 0; (c = query_command(i)); i++)
		if (!told(c->path)) {
			printf("# man/ipfrs-rpc.7 does not tell of %s\n", c->path);
			CHECK(0);
		}
	p = strstr((char *)page.data, ".Sh COMMANDS");
	for (p = strstr(p, "\n.It add Ta"); p && !strncmp(p, "\n.It ", 5); p = strchr(p + 1, '\n'))
		rows++;
	CHECK(rows == i && i > 150);
	buf_clear(&page);
}

int main(void)
{
	RUN(all_commands);
	return UNIT_END();
}
