/* numbers that many processes add to, and buckets they share */
#include <math.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "board/board.h"
#include "unit.h"

static char dir[] = "/tmp/series-test-XXXXXX";
static const double bounds[] = { .001, .01, .1, 1 };

static char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

struct found { uint64_t value; int64_t level; struct board_sample h; int n; };

static int look(void *arg, const struct board_sample *x)
{
	struct found *f = arg;

	f->n++;
	if (x->kind == BOARD_COUNTER && !strcmp(x->family, "hits") && !strcmp(x->labels, "a=\"1\""))
		f->value = x->value;
	if (x->kind == BOARD_GAUGE)
		f->level = x->level;
	if (x->kind == BOARD_HISTOGRAM)
		f->h = *x;
	return 0;
}

static void many_processes(void)
{
	struct board_series *s;
	struct found f = { 0 };
	pid_t pid[4];
	int i, k, status;
	char label[32];

	NEED(board_series_open(&s, path_of("series")) == 0);
	fflush(stdout);
	for (k = 0; k < 4; k++)
		if ((pid[k] = fork()) == 0) {
			for (i = 0; i < 5000; i++) {
				snprintf(label, sizeof label, "a=\"%d\"", i % 20);
				board_add(s, "hits", label, 2);
				board_gauge(s, "now", "", i % 2 ? 1 : -1);
				board_observe(s, "time", "", bounds, 4, i % 2 ? .005 : 5);
			}
			_exit(0);
		}
	for (k = 0; k < 4; k++)
		CHECK(waitpid(pid[k], &status, 0) == pid[k] && status == 0);
	CHECK(board_each(s, look, &f) == 0);
	CHECK(f.n == 22 && f.value == 4 * 250 * 2 && f.level == 0);
	CHECK(f.h.count == 20000 && f.h.in[1] == 10000 && f.h.in[4] == 10000 && f.h.in[0] == 0);
	CHECK(fabs(f.h.sum - 10000 * 5.005) < .01);
	CHECK(board_lost(s) == 0);
	board_gauge(s, "now", "", 7);
	board_gauges_reset(s);
	CHECK(board_each(s, look, &f) == 0 && f.level == 0 && f.value == 2000);
	board_series_close(s);
}

static void a_full_table_drops(void)
{
	struct board_series *s;
	char label[300];
	int i;

	NEED(board_series_open(&s, path_of("full")) == 0);
	for (i = 0; i < 2 * BOARD_SERIES_MAX; i++) {
		snprintf(label, sizeof label, "n=\"%d\"", i);
		board_add(s, "f", label, 1);
	}
	CHECK(board_lost(s) >= BOARD_SERIES_MAX);
	memset(label, 'x', sizeof label - 1);
	label[sizeof label - 1] = '\0';
	board_add(s, "f", label, 1);
	board_add(NULL, "f", "", 1);
	CHECK(board_each(NULL, look, NULL) == 0);
	board_series_close(s);
	CHECK_ERR(board_series_open(&s, "/no/such/folder/series"), ERR_NOTFOUND);
}

static void buckets(void)
{
	struct board_buckets *b;
	unsigned left, wait, i;

	NEED(board_buckets_open(&b, path_of("rates")) == 0);
	for (i = 0; i < 10; i++)
		CHECK(board_take(b, "alice", 5, 10, .001, &left, &wait) == 1 && left == 9 - i);
	CHECK(board_take(b, "alice", 5, 10, .001, &left, &wait) == 0 && left == 0 && wait > 900 && wait <= 1000);
	CHECK(board_take(b, "bob", 3, 10, .001, &left, &wait) == 1 && left == 9);
	/* what comes back in a second is there at once for those who ask slowly enough */
	CHECK(board_take(b, "eve", 3, 1, 1e9, &left, &wait) == 1);
	CHECK(board_take(b, "eve", 3, 1, 1e9, &left, &wait) == 1);
	CHECK(board_take(NULL, "x", 1, 5, 1, &left, &wait) == 1 && left == 5);
	/* a flood of others does not fill anything up for good */
	for (i = 0; i < 200000; i++)
		if (board_take(b, &i, sizeof i, 1, 1, &left, &wait) != 1)
			break;
	CHECK(i == 200000);
	board_buckets_close(b);
}

static void buckets_of_many(void)
{
	struct board_buckets *b;
	unsigned left, wait;
	int k, i, n = 0, status;
	pid_t pid[4];

	NEED(board_buckets_open(&b, path_of("many")) == 0);
	fflush(stdout);
	for (k = 0; k < 4; k++)
		if ((pid[k] = fork()) == 0) {
			for (i = 0; i < 100; i++)
				n += board_take(b, "all", 3, 200, .001, &left, &wait);
			_exit(n);
		}
	for (k = 0, n = 0; k < 4; k++)
		if (waitpid(pid[k], &status, 0) == pid[k])
			n += WEXITSTATUS(status);
	CHECK(n == 200);
	board_buckets_close(b);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(many_processes);
	RUN(a_full_table_drops);
	RUN(buckets);
	RUN(buckets_of_many);
	unlink(path_of("series")), unlink(path_of("full")), unlink(path_of("rates")), unlink(path_of("many"));
	rmdir(dir);
	return UNIT_END();
}
