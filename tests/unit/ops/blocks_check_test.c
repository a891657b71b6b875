/* blocks_check.c - every block of a store in use */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "ops/fsck.h"
#include "opstore.h"

enum { N = 50 };

static struct store *st;
static struct cid cid[N];

static void setup(void)
{
	char text[64];
	int i;

	st = opstore();
	for (i = 0; i < N; i++) {
		snprintf(text, sizeof text, "this is block number %02d, plain", i);
		cid[i] = opblock(st, 1, CID_RAW, span_str(text));
	}
	if (store_commit(st) < 0)
		abort();
}

/* change a byte of a block in its segment */
static void damage(int i)
{
	char text[64], path[8600];
	struct buf all = BUF_INIT(1 << 20);
	struct dirent *e;
	uint8_t *at;
	DIR *d;
	int fd;

	snprintf(text, sizeof text, "this is block number %02d, plain", i);
	snprintf(path, sizeof path, "%s/seg", store_path(st));
	d = opendir(path);
	while (d && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/seg/%s", store_path(st), e->d_name);
		buf_reset(&all);
		fd = *e->d_name == '.' ? -1 : open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (io_slurp(fd, &all, path) < 0)
			abort();
		at = all.len ? memmem(all.data, all.len, text, strlen(text)) : NULL;
		if (at && io_pwrite(fd, "X", 1, (uint64_t)(at - all.data) + 5, path) < 0)
			abort();
		close(fd);
	}
	if (d)
		closedir(d);
	buf_clear(&all);
}

struct told {
	int good, bad, dropped, stop_at;
	struct cid first;
};

static int tell(void *arg, const struct ops_block_state *b)
{
	struct told *t = arg;

	t->good += b->rc == 0;
	t->bad += b->rc < 0;
	t->dropped += b->dropped == 1;
	if (b->rc < 0) {
		CHECK(b->rc == ERR_CORRUPT && b->why && *b->why);
		t->first = t->bad == 1 ? b->cid : t->first;
	}
	return t->stop_at && t->good + t->bad == t->stop_at ? 77 : 0;
}

static void good_ones(void)
{
	struct told t = { 0 };

	setup();
	CHECK(ops_blocks_check(st, 0, tell, &t) == 0 && t.good == N && t.bad == 0);
	t = (struct told){ .stop_at = 7 };
	CHECK(ops_blocks_check(st, 0, tell, &t) == 77 && t.good == 7);
	t = (struct told){ 0 };
	CHECK(ops_blocks_check(st, 1, tell, &t) == 0 && t.good == N && t.dropped == 0);
	store_close(st);
}

static void damaged_ones(void)
{
	struct told t = { 0 };
	int i, left = 0;

	setup();
	CHECK(pin_add(st, &cid[3], PIN_DIRECT, NULL) == 0);	/* which keeps nothing that is damaged */
	damage(3);
	damage(40);
	CHECK(ops_blocks_check(st, 0, tell, &t) == 0 && t.good == N - 2 && t.bad == 2 && t.dropped == 0);
	CHECK(store_has(st, &cid[3]) == 1);
	CHECK(cid_equal(&t.first, &cid[3]) || cid_equal(&t.first, &cid[40]));
	t = (struct told){ 0 };
	CHECK(ops_blocks_check(st, 1, tell, &t) == 0 && t.good == N - 2 && t.bad == 2 && t.dropped == 2);
	for (i = 0; i < N; i++)
		left += store_has(st, &cid[i]);
	CHECK(left == N - 2 && store_has(st, &cid[3]) == 0 && store_has(st, &cid[40]) == 0);
	t = (struct told){ 0 };
	CHECK(ops_blocks_check(st, 0, tell, &t) == 0 && t.good == N - 2 && t.bad == 0);
	store_close(st);
}

int main(void)
{
	RUN(good_ones);
	RUN(damaged_ones);
	return UNIT_END();
}
