/* db.c: an index whose file ends before its last page */
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"
#include "../unit.h"

enum { ROWS = 3000 };

static void row(uint32_t i, uint8_t key[40])
{
	memset(key, (int)(i * 37), 40);
	memcpy(key, &i, sizeof i);
}

/* A transaction that makes a table large and small again leaves pages that were never written; the file
 * is then shorter than the count of its pages says, and nothing is wrong with it. */
static void pages_given_back_at_once_are_no_cut(void)
{
	char path[4200], file[4300];
	struct store *st;
	struct stat sb;
	uint8_t key[40];
	uint32_t i;
	int round, bad = 0;

	snprintf(path, sizeof path, "%s/store", unit_tmpdir());
	snprintf(file, sizeof file, "%s/index/data.mdb", path);
	NEED(store_init(path, "") == 0);
	for (round = 0; round < 4; round++) {
		NEED(store_open(&st, path, STORE_WRITE) == 0);
		for (i = 0; i < ROWS; i++) {
			row(i, key);
			bad += store_table_put(st, STORE_ADDED, span_of(key, 40), span_of(key, 40)) < 0;
		}
		if (round % 2)
			bad += store_commit(st) < 0;
		for (i = 0; i < ROWS; i++) {
			row(i, key);
			bad += store_table_del(st, STORE_ADDED, span_of(key, 40)) < 0;
		}
		bad += store_commit(st) < 0;
		store_close(st);
		CHECK(!bad);
		NEED(store_open(&st, path, STORE_READ) == 0);
		store_close(st);
	}
	/* but a file that lacks pages in use is */
	NEED(store_open(&st, path, STORE_WRITE) == 0);
	for (i = 0; i < ROWS; i++) {
		row(i, key);
		bad += store_table_put(st, STORE_ADDED, span_of(key, 40), span_of(key, 40)) < 0;
	}
	CHECK(store_commit(st) == 0 && !bad);
	store_close(st);
	NEED(stat(file, &sb) == 0);
	for (i = 1; i < 20; i++) {
		NEED(truncate(file, sb.st_size / 20 * i / 4096 * 4096) == 0);
		CHECK_ERR(store_open(&st, path, STORE_READ), ERR_CORRUPT);
		NEED(truncate(file, 0) == 0);
		if (i < 19) {			/* anew for the next cut */
			struct store_report r = { .say = NULL };

			NEED(store_reindex(path, &r) == 0);
			NEED(store_open(&st, path, STORE_WRITE) == 0);
			{
				uint32_t k;

				for (k = 0; k < ROWS; k++) {
					row(k, key);
					bad += store_table_put(st, STORE_ADDED, span_of(key, 40),
							       span_of(key, 40)) < 0;
				}
			}
			CHECK(store_commit(st) == 0 && !bad);
			store_close(st);
			NEED(stat(file, &sb) == 0);
		}
	}
}

int main(void)
{
	RUN(pages_given_back_at_once_are_no_cut);
	return UNIT_END();
}
