/* board_test.c - counters are shared, operations end with their process */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/board.h"
#include "unit.h"

static char path[4200];

static void counters_add_up_over_processes(void)
{
	struct board *b;
	int i;

	NEED(board_open(&b, path) == 0);
	for (i = 0; i < 4; i++) {
		if (fork() == 0) {
			struct board *mine;
			int k;

			if (board_open(&mine, path) < 0)
				_exit(1);
			for (k = 0; k < 10000; k++)
				board_count(mine, BOARD_BLOCKS_PUT, 1);
			board_close(mine);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	CHECK(board_value(b, BOARD_BLOCKS_PUT) == 40000);
	CHECK(board_value(b, BOARD_BYTES_PUT) == 0);
	CHECK_STR(board_counter_name(BOARD_BLOCKS_PUT), "blocks_put");
	CHECK(board_counter_name(BOARD_N_COUNTERS) == NULL);
	board_close(b);
}

static void operations_show_while_they_run(void)
{
	struct board *b;
	struct board_op ops[4];
	int ready[2], go[2], slot, mine;
	char c;
	pid_t pid;

	NEED(board_open(&b, path) == 0);
	CHECK(board_ops(b, ops, 4) == 0);
	mine = board_op_begin(b, "gc", "", 7);
	CHECK(mine >= 0);
	NEED(pipe(ready) == 0 && pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		struct board *their;

		if (board_open(&their, path) < 0)
			_exit(1);
		slot = board_op_begin(their, "add", "/some/where", 1000);
		board_op_progress(their, slot, 10);
		if (write(ready[1], "x", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(2);
		_exit(0);		/* dies without ending the operation */
	}
	NEED(read(ready[0], &c, 1) == 1);
	CHECK(board_ops(b, ops, 4) == 2);
	CHECK_STR(ops[0].verb, "gc");
	CHECK_STR(ops[1].verb, "add");
	CHECK_STR(ops[1].what, "/some/where");
	CHECK(ops[1].done == 10 && ops[1].total == 1000 && ops[1].pid == pid);
	NEED(write(go[1], "x", 1) == 1);
	waitpid(pid, NULL, 0);
	CHECK(board_ops(b, ops, 4) == 1);
	board_op_end(b, mine);
	CHECK(board_ops(b, ops, 4) == 0);
	board_close(b);
}

static void works_without_a_board(void)
{
	struct board *b;
	struct board_op op;
	int fd;

	CHECK_ERR(board_open(&b, "/nonexistent/board"), ERR_NOTFOUND);
	CHECK(b == NULL);
	board_count(NULL, BOARD_COMMITS, 1);
	CHECK(board_value(NULL, BOARD_COMMITS) == 0);
	CHECK(board_op_begin(NULL, "x", "y", 0) == -1);
	board_op_progress(NULL, -1, 0);
	board_op_end(NULL, -1);
	CHECK(board_ops(NULL, &op, 1) == 0);
	strcat(path, ".bad");
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	NEED(fd >= 0 && write(fd, "garbage!", 8) == 8);
	close(fd);
	CHECK_ERR(board_open(&b, path), ERR_CORRUPT);
}

int main(void)
{
	char *dir = unit_tmpdir();

	snprintf(path, sizeof path, "%s/state", dir);
	RUN(counters_add_up_over_processes);
	RUN(operations_show_while_they_run);
	RUN(works_without_a_board);
	return UNIT_END();
}
