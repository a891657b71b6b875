/* files.c - operands that are files, "-" standard input */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"

const char *cmd_shown(const char *name)
{
	return strcmp(name, "-") ? name : "standard input";
}

int cmd_open(const char *name)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY) : 0;

	return fd < 0 ? err_sys("opening '%s'", name) : fd;
}

void cmd_close(int fd)
{
	if (fd > 0)
		close(fd);
}

int cmd_each_file(int (*deal)(const char *name, int fd))
{
	const char *name;
	int fd, rc;

	while (cmd_next(&name)) {
		fd = cmd_open(name);
		rc = fd < 0 ? fd : deal(name, fd);
		cmd_close(fd);
		if (rc < 0)
			cmd_complain(rc, NULL);
	}
	return 0;
}

const char **cmd_gather(size_t *n)
{
	const char **names = NULL, *name;
	size_t cap = 0;

	for (*n = 0; cmd_next(&name); ++*n) {
		if (*n == cap) {
			cap = cap ? 2 * cap : 64;
			names = realloc(names, cap * sizeof *names);
		}
		if (!names || !(names[*n] = strdup(name)))
			exit(cmd_fail(err_nomem()));
	}
	return names;
}

void cmd_scatter(const char **names, size_t n)
{
	while (n)
		free((void *)(uintptr_t)names[--n]);
	free(names);
}

uint64_t cmd_size(const char *const *names, size_t n)
{
	uint64_t sum = 0;
	struct stat st;

	for (; n; n--, names++)
		if ((strcmp(*names, "-") ? stat(*names, &st) : fstat(0, &st)) == 0 && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
	return sum;
}
