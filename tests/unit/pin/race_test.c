/* gc.c against everyone: collections while others add, pin, unpin and rely on what is there */
#include <time.h>

#include "pintest.h"

enum { FLAGS = STORE_WRITE | STORE_UNSYNCED, POOL = 200, ADDERS = 3, ROUNDS = 400 };

static void die(const char *what)
{
	printf("# %s: %s\n", what, err_text());
	fflush(stdout);
	_exit(1);
}

static void collector(const char *path, const char *stop)
{
	struct store *st = open_store(path, FLAGS);
	int n = 0;

	while (access(stop, F_OK) < 0) {
		struct pin_gc gc = { .keep_bytes = UINT64_MAX };

		if (pin_gc(st, &gc) < 0)
			die("gc");
		n++;
	}
	store_close(st);
	_exit(n > 1 ? 0 : 9);
}

/* A tree of its own leaves and of some that all others use, too, pinned in one of three ways; half of
 * the pins are taken back.  The CIDs that stay pinned go to `out`. */
static void adder(const char *path, uint64_t who, int out)
{
	uint64_t i, k;

	for (i = 0; i < ROUNDS; i++) {
		struct store *st = open_store(path, FLAGS), *other;
		struct cid links[40], root;
		uint64_t x = who * 7919 + i * 104729;

		for (k = 0; k < 20; k++)
			links[k] = put_leaf(st, 1000000 * (who + 1) + i * 100 + k, 200);
		for (; k < 40; k++)
			links[k] = put_leaf(st, (x += 7) % POOL, 200);
		root = put_node(st, links, 40);
		commit(st);
		switch (i % 3) {
		case 0:				/* the end of an add */
			if (pin_added(st, &root, NULL) < 0)
				die("pin_added");
			break;
		case 1:				/* pinned by another while the adder is there */
			other = open_store(path, FLAGS);
			if (pin_add(other, &root, PIN_RECURSIVE, NULL) < 0)
				die("pin_add");
			store_close(other);
			break;
		default:			/* pinned by another when nobody keeps it any more */
			store_close(st);
			st = open_store(path, FLAGS);
			if (pin_add(st, &root, PIN_RECURSIVE, NULL) < 0) {
				store_close(st);
				continue;	/* collected in time */
			}
		}
		if (!complete(st, &root))
			die("complete");
		if (i % 2 == 0) {
			if (pin_rm(st, &root, PIN_RECURSIVE) < 0)
				die("pin_rm");
		} else if (write(out, &root, sizeof root) != sizeof root) {
			die("write");
		}
		store_close(st);
	}
	_exit(0);
}

static void no_acknowledged_pin_loses_a_block(void)
{
	char *path = new_store("store.segment = 256KiB\n"), *stop = path_in(path, "tmp/stop");
	pid_t pids[ADDERS + 1];
	struct store *st;
	struct cid root;
	char *name = path_in(path, "tmp/acked");
	int fd = open(name, O_RDWR | O_CREAT | O_APPEND, 0600), i, status, n = 0, bad = 0;
	struct store_report report = { 0 };

	NEED(fd >= 0);
	fflush(stdout);
	for (i = 0; i <= ADDERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0 && i == ADDERS)
			collector(path, stop);
		if (pids[i] == 0)
			adder(path, (uint64_t)i, fd);
	}
	for (i = 0; i <= ADDERS; i++) {
		if (i == ADDERS)
			spew(stop, span_of("", 0));
		CHECK(waitpid(pids[i], &status, 0) == pids[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	st = open_store(path, STORE_WRITE);
	{
		struct pin_gc gc = { .keep_bytes = UINT64_MAX };

		CHECK(pin_gc(st, &gc) == 0);
	}
	lseek(fd, 0, SEEK_SET);
	while (read(fd, &root, sizeof root) == sizeof root) {
		n++;
		bad += mode_of(st, &root) != PIN_RECURSIVE || !complete(st, &root);
	}
	CHECK(n > ROUNDS / 3);
	CHECK(bad == 0);
	CHECK(n_pins(st) == n);
	CHECK(pin_check(st, 0, NULL) == 0);
	close(fd);
	store_close(st);
	CHECK(store_check(path, 0, &report) == 0);
}

/* Something unpinned, a collection and someone who pins it, all at once: it is pinned and whole, or it
 * is gone and was not pinned. */
static void pinned_whole_or_not_at_all(void)
{
	char *path = new_store(NULL);
	int i, won = 0, lost = 0, bad = 0, status;

	for (i = 0; i < 60; i++) {
		struct store *st = open_store(path, FLAGS);
		struct cid tree[8], root;
		struct timespec nap = { .tv_nsec = i * 100000 };
		pid_t pid;
		int k, rc;

		for (k = 0; k < 8; k++)
			tree[k] = put_tree(st, (uint64_t)(i * 10 + k), 100, 30);
		root = put_node(st, tree, 8);
		commit(st);
		store_close(st);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			struct pin_gc gc = { .keep_bytes = UINT64_MAX };

			st = open_store(path, FLAGS);
			if (pin_gc(st, &gc) < 0)
				die("gc");
			store_close(st);
			_exit(0);
		}
		nanosleep(&nap, NULL);
		st = open_store(path, FLAGS);
		rc = pin_add(st, &root, PIN_RECURSIVE, NULL);
		if (rc == 0)
			won++;
		else if (rc == ERR_NOTFOUND)
			lost++;
		else
			bad++;
		CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status));
		if (rc == 0 && !complete(st, &root))
			bad++;
		if (rc != 0 && mode_of(st, &root) != PIN_NONE)
			bad++;
		if (rc == 0)
			CHECK(pin_rm(st, &root, PIN_RECURSIVE) == 0);
		store_close(st);
	}
	printf("# pinned in time %d times, too late %d times\n", won, lost);
	CHECK(bad == 0 && won + lost == 60);
}

/* whoever deletes under pin_hold and whoever pins exclude each other, too */
static void removing_blocks_while_others_pin(void)
{
	char *path = new_store(NULL);
	int i, bad = 0, status;

	for (i = 0; i < 60; i++) {
		struct store *st = open_store(path, FLAGS);
		struct cid leaf = put_leaf(st, (uint64_t)i, 100), root = put_node(st, &leaf, 1), why;
		pid_t pid;
		int rc;

		commit(st);
		store_close(st);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			st = open_store(path, FLAGS);
			if (pin_hold(st) < 0)
				die("pin_hold");
			if (mode_of(st, &leaf) == PIN_NONE && pin_why(st, &leaf, &why) == 0) {
				if (store_delete(st, &leaf) < 0)
					die("store_delete");
				rc = store_commit(st);
				if (rc < 0 && rc != ERR_BUSY)
					die("store_commit");
			}
			pin_release(st);
			store_close(st);
			_exit(0);
		}
		st = open_store(path, FLAGS);
		rc = pin_add(st, &root, PIN_RECURSIVE, NULL);
		CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status));
		bad += rc != 0 && rc != ERR_NOTFOUND;
		bad += rc == 0 && !complete(st, &root);
		store_close(st);
	}
	CHECK(bad == 0);
}

/* What a running add has found in the store is not pinned yet, and not to be removed by hand either. */
static void a_block_in_use_is_not_removed(void)
{
	char *path = new_store(NULL);
	struct store *adder = open_store(path, FLAGS), *other;
	struct cid x, root;

	put_leaf(adder, 1, 100);			/* takes the lease */
	other = open_store(path, FLAGS);
	x = put_leaf(other, 2, 100);
	commit(other);
	store_close(other);
	CHECK(cid_equal(&x, &(struct cid){ 0 }) == 0);
	x = put_leaf(adder, 2, 100);			/* is there already */
	other = open_store(path, FLAGS);
	CHECK(store_delete(other, &x) == 0);
	CHECK_ERR(store_commit(other), ERR_BUSY);
	store_rollback(other);
	root = put_node(adder, &x, 1);
	commit(adder);
	CHECK(pin_added(adder, &root, NULL) == 0 && complete(adder, &root));
	CHECK(store_delete(adder, &x) == 0 && store_commit(adder) == 0);	/* its own */
	store_close(adder);
	x = put_leaf(other, 2, 100);
	commit(other);
	CHECK(store_delete(other, &x) == 0 && store_commit(other) == 0);
	store_close(other);
}

/* a collection that had begun when the pin came: its next transaction sees the journal has grown */
static struct {
	char *path;
	struct cid root;
	int n;
} late;

static int pin_it_now(void *arg, struct span mh, uint64_t raw_len)
{
	struct store *st;

	(void)arg;
	(void)mh;
	(void)raw_len;
	if (late.n++ == 0) {
		st = open_store(late.path, FLAGS);
		late.n = pin_add(st, &late.root, PIN_RECURSIVE, NULL) == 0 ? 1 : 1000000;
		store_close(st);
	}
	return 0;
}

static void a_pin_in_the_middle_of_a_sweep(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, FLAGS);
	struct pin_gc gc = { .keep_bytes = UINT64_MAX, .deleted = pin_it_now };
	struct cid links[3000];
	int i;

	for (i = 0; i < 5000; i++)			/* several transactions of garbage */
		put_leaf(st, (uint64_t)i, 20);
	for (i = 0; i < 3000; i++)
		links[i] = put_leaf(st, 100000 + (uint64_t)i, 20);
	commit(st);
	late.path = path;
	store_close(st);
	/* of leaves that the first transactions have left */
	st = open_store(path, FLAGS);
	for (i = 0; i < 3000; i++)
		if (links[i].bytes[4] < 0xe0)		/* the index is in order of hashes */
			links[i] = links[0];
	for (i = 0; i < 3000 && links[i].bytes[4] < 0xe0; i++)
		;
	NEED(i < 3000);
	links[0] = links[i];
	for (i = 0; i < 3000; i++)
		if (links[i].bytes[4] < 0xe0)
			links[i] = links[0];
	late.root = put_node(st, links, 3000);
	commit(st);
	store_close(st);
	st = open_store(path, FLAGS);
	CHECK(pin_gc(st, &gc) == 0);
	CHECK(late.n > 1 && late.n < 1000000);
	CHECK(mode_of(st, &late.root) == PIN_RECURSIVE && complete(st, &late.root));
	store_close(st);
}

int main(void)
{
	RUN(no_acknowledged_pin_loses_a_block);
	RUN(pinned_whole_or_not_at_all);
	RUN(removing_blocks_while_others_pin);
	RUN(a_block_in_use_is_not_removed);
	RUN(a_pin_in_the_middle_of_a_sweep);
	return UNIT_END();
}
