/* count.h - the processes and descriptors of a server with one pump; behind rig.h */
#ifndef TESTS_UNIT_SERVE_COUNT_H
#define TESTS_UNIT_SERVE_COUNT_H

#include <dirent.h>

static int children(pid_t parent, pid_t *out, int max)
{
	char name[64], text[4096];
	int fd, n = 0;
	ssize_t len;
	char *at, *end;

	snprintf(name, sizeof name, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	fd = open(name, O_RDONLY);
	len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[len < 0 ? 0 : len] = 0;
	for (at = text; n < max; at = end) {
		out[n] = (pid_t)strtol(at, &end, 10);
		if (end == at)
			break;
		n++;
	}
	return n;
}

static int descriptors(pid_t pid)
{
	char name[64];
	int n = 0;
	DIR *d;

	snprintf(name, sizeof name, "/proc/%d/fd", (int)pid);
	d = opendir(name);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static int64_t memory_kb(pid_t pid)
{
	char name[64], text[4096], *at;
	int fd;
	ssize_t n;

	snprintf(name, sizeof name, "/proc/%d/status", (int)pid);
	fd = open(name, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	at = strstr(text, "VmRSS:");
	return at ? atoll(at + 6) : -1;
}

static pid_t pump_pid, spawner_pid;

static void begin_one(int pool, void (*change)(struct serve_opts *o))
{
	pid_t pids[4];

	start(pool, change);
	pump_pid = children(server, pids, 4) == 1 ? pids[0] : 0;
	spawner_pid = pump_pid && children(pump_pid, pids, 4) == 1 ? pids[0] : 0;
}

/* workers and descriptors, when all has come to rest */
static int rests_at(int workers, int fds)
{
	pid_t pids[64];
	int i;

	for (i = 0; i < 5000; i++, usleep(2000))
		if (children(spawner_pid, pids, 64) <= workers && descriptors(pump_pid) <= fds)
			return 1;
	return 0;
}

#endif
