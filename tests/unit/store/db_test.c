/* db.c: an index whose file ends before its last page */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"
#include "../unit.h"

enum { ROWS = 1500 };

/* keys in no order, as hashes have it */
static void row(uint32_t i, uint8_t key[40])
{
	uint64_t x = i * 0x9e3779b97f4a7c15u + 1;
	int k;

	for (k = 0; k < 40; k++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		key[k] = (uint8_t)(x >> 32);
	}
}

/* of the newer of the two headers of an index with pages of 4096 bytes */
static uint64_t last_page(const char *file)
{
	uint64_t last[2] = { 0, 0 }, txn[2] = { 0, 0 };
	int fd = open(file, O_RDONLY), i;

	for (i = 0; i < 2; i++)
		if (pread(fd, &last[i], 8, i * 4096 + 136) != 8 ||
		    pread(fd, &txn[i], 8, i * 4096 + 144) != 8)
			abort();
	close(fd);
	return last[txn[1] > txn[0]];
}

static int fill(struct store *st, int del, uint32_t from, uint32_t to)
{
	uint8_t key[40];
	int rc = 0;

	for (; rc == 0 && from < to; from++) {
		row(from, key);
		rc = del ? store_table_del(st, STORE_ADDED, span_of(key, 40)) :
		     store_table_put(st, STORE_ADDED, span_of(key, 40), span_of(key, 20));
	}
	return rc == 0 ? store_commit(st) : rc;
}

/* Pages that a transaction both takes and gives back are never written; at the end, the file is then
 * shorter than the count of its pages says, and nothing is wrong with it. */
static void pages_given_back_at_once_are_no_cut(void)
{
	char path[4200], file[4300];
	struct store *st;
	struct stat sb;
	uint32_t step, i;
	int n_short = 0;

	for (step = 300; step < ROWS; step += 50) {
		snprintf(path, sizeof path, "%s/store", unit_tmpdir());
		snprintf(file, sizeof file, "%s/index/data.mdb", path);
		NEED(store_init(path, "") == 0);
		NEED(store_open(&st, path, STORE_WRITE | STORE_UNSYNCED) == 0);
		NEED(fill(st, 0, 0, ROWS) == 0);
		for (i = 0; i < ROWS; i += step) {
			NEED(fill(st, 1, i, i + step < ROWS ? i + step : ROWS) == 0);
			store_close(st);		/* handles of one process share the index */
			NEED(stat(file, &sb) == 0);
			n_short += last_page(file) >= (uint64_t)sb.st_size / 4096;
			NEED(store_open(&st, path, STORE_READ) == 0);
			store_close(st);
			NEED(store_open(&st, path, STORE_WRITE | STORE_UNSYNCED) == 0);
		}
		store_close(st);
	}
	CHECK(n_short > 0);
}

static void pages_in_use_are(void)
{
	char path[4200], file[4300];
	struct store_report r = { .say = NULL };
	struct store *st;
	struct stat sb;
	int i;

	snprintf(path, sizeof path, "%s/store", unit_tmpdir());
	snprintf(file, sizeof file, "%s/index/data.mdb", path);
	NEED(store_init(path, "") == 0);
	for (i = 1; i < 20; i++) {
		NEED(store_open(&st, path, STORE_WRITE) == 0);
		NEED(fill(st, 0, 0, ROWS) == 0);
		store_close(st);
		NEED(stat(file, &sb) == 0);
		NEED(truncate(file, sb.st_size / 20 * i / 4096 * 4096) == 0);
		CHECK_ERR(store_open(&st, path, STORE_READ), ERR_CORRUPT);
		NEED(store_reindex(path, &r) == 0);	/* anew for the next cut */
	}
}

int main(void)
{
	RUN(pages_given_back_at_once_are_no_cut);
	RUN(pages_in_use_are);
	return UNIT_END();
}
