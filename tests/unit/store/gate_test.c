/* gate_test.c - the last to close and the next to open, at one time: LMDB's lock file outlives neither of them */
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/unit/unit.h"

enum { PROCESSES = 4, ROUNDS = 300 };

/* 0: all went well */
static int come_and_go(const char *path, int writes)
{
	struct store_stat s;
	struct store *st;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (store_open(&st, path, writes ? STORE_WRITE | STORE_UNSYNCED : STORE_READ) < 0 || store_stat(st, &s) < 0) {
			printf("# round %d: %s\n", i, err_text());
			fflush(stdout);
			return 1;
		}
		store_close(st);
	}
	return 0;
}

static void coming_and_going(void)
{
	char path[4200];
	pid_t pid[PROCESSES];
	int i, status;

	snprintf(path, sizeof path, "%s/store", unit_tmpdir());
	NEED(store_init(path, "") == 0);
	fflush(stdout);
	for (i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(come_and_go(path, i & 1));
	}
	for (i = 0; i < PROCESSES; i++)
		CHECK(pid[i] > 0 && waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	RUN(coming_and_going);
	return UNIT_END();
}
