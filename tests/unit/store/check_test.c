/* check_test.c - every kind of damage is told, and mended as far as it can be */
#include "store/store_priv.h"
#include "storetest.h"

enum { N = 40, LEN = 1000, REC = 58 + LEN };

static char *filled(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t i;

	for (i = 0; i < N; i++)
		CHECK(put(st, i, LEN) == 0);
	CHECK(store_commit(st) == 0);
	store_close(st);
	return dir;
}

static int edit(const char *path, off_t at, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644), ok;

	ok = fd >= 0 && pwrite(fd, text, strlen(text), at) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

/* so many blocks of the family are whole */
static int alive(const char *dir)
{
	struct store *st;
	int i, n = 0;

	if (store_open(&st, dir, STORE_READ) < 0)
		return -1;
	for (i = 0; i < N; i++)
		n += got(st, (uint64_t)i, LEN) == 1;
	store_close(st);
	return n;
}

/* Check tells `faults` of them, repair leaves `lost`, and then all is well with what remains. */
static void mends(const char *dir, int faults, int lost, const char *word)
{
	struct heard h = HEARD_INIT;
	int n;

	n = checked(dir, 0, &h);
	CHECK(n == faults);
	CHECK(h.n == faults && h.n_fixed == 0);
	CHECK(faults == 0 || (h.text.data && strstr((char *)h.text.data, word)));
	if (n != faults || (n && !strstr((char *)h.text.data, word)))
		printf("# %s", h.text.data ? (char *)h.text.data : "(nothing said)\n");
	n = checked(dir, 1, &h);
	CHECK(n == lost);
	if (n != lost)
		printf("# %s", h.text.data ? (char *)h.text.data : err_text());
	if (lost)
		CHECK(h.text.data && strstr((char *)h.text.data, "is lost"));
	n = checked(dir, 0, &h);
	CHECK(n == 0);
	if (n)
		printf("# %s", h.text.data ? (char *)h.text.data : err_text());
	CHECK(alive(dir) == N - lost);
	buf_clear(&h.text);
}

static void nothing_wrong(void)
{
	char *dir = filled();
	struct heard h = HEARD_INIT;
	struct store_report r = { .say = hear, .arg = &h };

	CHECK(store_check(dir, 0, &r) == 0);
	CHECK(r.n_records == N && r.n_blocks == N && r.n_bad_records == 0 && h.n == 0);
	CHECK(store_check(dir, 1, &r) == 0);
	CHECK(h.n == 0 && alive(dir) == N);
	CHECK_ERR(store_check(below(dir, "nothing"), 0, &r), ERR_NOTFOUND);
	CHECK_ERR(store_check(below(dir, "seg"), 1, &r), ERR_NOTFOUND);
	buf_clear(&h.text);
}

static void version_and_config(void)
{
	char *dir = filled();

	CHECK(unlink(below(dir, "version")) == 0);
	mends(dir, 1, 0, "'version'");
	CHECK(truncate(below(dir, "version"), 3) == 0);
	mends(dir, 1, 0, "'version'");
	CHECK(edit(below(dir, "config"), 0, "what = ever\n"));
	mends(dir, 1, 0, "unknown key");
	CHECK(file_size(below(dir, "config.bad")) > 0);
	CHECK(unlink(below(dir, "config")) == 0);
	mends(dir, 1, 0, "'config' is missing");
	CHECK(edit(below(dir, "version"), 0, "ipfrs-store 7\n"));
	{
		struct heard h = HEARD_INIT;

		CHECK_ERR(checked(dir, 1, &h), ERR_UNSUPPORTED);
		buf_clear(&h.text);
	}
}

static void folders(void)
{
	char *dir = filled();

	CHECK(rmdir(below(dir, "tmp")) == 0 && rmdir(below(dir, "names")) == 0);
	mends(dir, 2, 0, "folder 'names' is missing");
	CHECK(chmod(below(dir, "key"), 0755) == 0);
	mends(dir, 1, 0, "others may look into folder 'key'");
	CHECK(unlink(below(dir, "lock")) == 0);
	mends(dir, 0, 0, "");
}

static void the_board(void)
{
	char *dir = filled();

	CHECK(edit(below(dir, "board/state"), 0, "gibberish"));
	mends(dir, 1, 0, "board/state");
	CHECK(truncate(below(dir, "board/leases"), 300000) == 0);
	mends(dir, 1, 0, "board/leases");
	CHECK(truncate(below(dir, "board/commits"), GROUP_END + 1) == 0);
	mends(dir, 1, 0, "board/commits");
}

static void the_index_gone_or_garbage(void)
{
	char *dir = filled();

	CHECK(unlink(below(dir, "index/data.mdb")) == 0);
	mends(dir, 1, 0, "index is missing or damaged");
	CHECK(edit(below(dir, "index/data.mdb"), 0, "garbage where a page header should be...."));
	mends(dir, 1, 0, "index is missing or damaged");
	CHECK(truncate(below(dir, "index/data.mdb"), 8192) == 0);
	mends(dir, 1, 0, "index is missing or damaged");
	CHECK(unlink(below(dir, "index/data.mdb")) == 0 &&
	      unlink(below(dir, "index/lock.mdb")) == 0 && rmdir(below(dir, "index")) == 0);
	{
		struct heard h = HEARD_INIT;

		CHECK(checked(dir, 0, &h) == 2);	/* the folder, and what was in it */
		CHECK(checked(dir, 1, &h) == 0 && checked(dir, 0, &h) == 0);
		CHECK(alive(dir) == N);
		buf_clear(&h.text);
	}
}

/* whatever byte of a page is wrong: no crash, and all comes back */
static void pages_of_the_index(void)
{
	char *dir = filled(), *file = below(dir, "index/data.mdb");
	struct heard h = HEARD_INIT;
	long long size = file_size(file);
	uint64_t x = 12345;
	int i, k, told = 0;

	for (i = 0; i < 60; i++) {
		int fd = open(file, O_RDWR);

		for (k = 0; k < 20; k++) {
			uint8_t b;

			x = x * 6364136223846793005u + 1442695040888963407u;
			b = (uint8_t)(x >> 56);
			if (pwrite(fd, &b, 1, (off_t)((x >> 16) % (uint64_t)size)) != 1)
				abort();
		}
		close(fd);
		told += checked(dir, 0, &h) > 0;
		CHECK(checked(dir, 1, &h) >= 0);
		CHECK(checked(dir, 0, &h) == 0);
		CHECK(alive(dir) == N);
	}
	CHECK(told > 10);
	buf_clear(&h.text);
}

static void a_record(void)
{
	char *dir = filled(), *seg = below(dir, "seg/00000001.seg");

	CHECK(edit(seg, 32 + 5 * REC + 58 + 300, "rot"));
	/* the record, and the block that has no other */
	mends(dir, 2, 1, "bad checksum");
	CHECK(file_size(seg) == -1);
	dir = filled();
	CHECK(edit(below(dir, "seg/00000001.seg"), 32 + 5 * REC + 10, "rot"));
	mends(dir, 2, 1, "damaged bytes");
	dir = filled();
	CHECK(edit(below(dir, "seg/00000001.seg"), 32 + (N - 1) * REC + 10, "rot"));
	mends(dir, 2, 1, "damaged bytes");
}

static void the_name_of_what_is_lost(void)
{
	char *dir = filled(), text[CID_TEXT_MAX];
	struct heard h = HEARD_INIT;
	struct cid cid;

	blk(5, LEN, &cid);
	cid_text(&cid, text);
	CHECK(edit(below(dir, "seg/00000001.seg"), 32 + 5 * REC + 10, "rot"));
	CHECK(checked(dir, 0, &h) == 2 && strstr((char *)h.text.data, text));
	CHECK(checked(dir, 1, &h) == 1);
	CHECK(strstr((char *)h.text.data, "0 block ") &&
	      strstr(strstr((char *)h.text.data, "0 block "), text));
	buf_clear(&h.text);
	/* without an index the record itself tells */
	dir = filled();
	CHECK(edit(below(dir, "seg/00000001.seg"), 32 + 5 * REC + 500, "rot"));
	CHECK(unlink(below(dir, "index/data.mdb")) == 0);
	CHECK(checked(dir, 1, &h) == 1 && strstr((char *)h.text.data, text));
	CHECK(checked(dir, 0, &h) == 0 && alive(dir) == N - 1);
	buf_clear(&h.text);
}

static void another_copy_is_found(void)
{
	char *dir = filled();
	struct store *st = opened(dir, STORE_WRITE);
	struct entry e;
	struct cid cid;

	blk(5, LEN, &cid);
	CHECK(store_delete(st, &cid) == 0 && store_commit(st) == 0);
	CHECK(put(st, 5, LEN) == 0 && store_commit(st) == 0);
	CHECK(store_lookup(st, cid_mh(&cid), &e) == 1);
	store_close(st);
	CHECK(edit(below(dir, "seg/00000001.seg"), e.off + 58 + 300, "rot"));
	mends(dir, 2, 0, "bad checksum");
}

static void a_wrong_name(void)
{
	char *dir = filled();
	struct store *st = opened(dir, STORE_WRITE);
	struct cid cid;
	struct dag_block b = { .cid = &cid, .n_parts = 1, .src_fd = -1 };

	blk(1000, LEN, &cid);			/* not the hash of what is put */
	b.parts[0] = blk(1001, LEN, &(struct cid){ 0 });
	CHECK(store_put(st, &b) == 0 && store_commit(st) == 0);
	store_close(st);
	{
		struct heard h = HEARD_INIT;

		CHECK(checked(dir, 0, &h) == 2);
		CHECK(strstr((char *)h.text.data, "does not hash to its name"));
		CHECK(checked(dir, 1, &h) == 1 && strstr((char *)h.text.data, "is lost"));
		CHECK(checked(dir, 0, &h) == 0 && alive(dir) == N);
		buf_clear(&h.text);
	}
}

static void heads_and_ends_of_segments(void)
{
	char *dir = filled(), *seg = below(dir, "seg/00000001.seg");
	struct heard h = HEARD_INIT;

	CHECK(edit(seg, 3, "rot"));
	mends(dir, 1, 0, "bad header");
	CHECK(truncate(seg, 32 + (N - 2) * REC + 7) == 0);
	CHECK(checked(dir, 0, &h) == 4);	/* cut short, torn bytes, two blocks */
	CHECK(checked(dir, 1, &h) == 2 && checked(dir, 0, &h) == 0);
	CHECK(alive(dir) == N - 2);
	dir = filled();
	CHECK(truncate(below(dir, "seg/00000001.seg"), 5) == 0);
	CHECK(checked(dir, 1, &h) == N && checked(dir, 0, &h) == 0 && alive(dir) == 0);
	dir = filled();
	CHECK(unlink(below(dir, "seg/00000001.seg")) == 0);
	CHECK(checked(dir, 0, &h) == N + 1);
	CHECK(checked(dir, 1, &h) == N && checked(dir, 0, &h) == 0 && alive(dir) == 0);
	buf_clear(&h.text);
}

static void a_tail_behind_the_index_is_no_fault(void)
{
	char *dir = filled();

	CHECK(edit(below(dir, "seg/00000001.seg"), 32 + N * REC, "unfinished work"));
	mends(dir, 0, 0, "");
}

static int tamper(struct wtx *w, void *arg)
{
	int what = *(int *)arg;
	struct seg_row row;
	struct entry e;
	struct cid cid;
	struct entry old;

	switch (what) {
	case 0:
		w->stats.n_blocks++;
		return 0;
	case 1:
		if (wtx_seg_get(w, 1, &row) != 1)
			return -1;
		row.live += 5;
		return wtx_seg_put(w, 1, &row);
	case 2:				/* an entry that points elsewhere */
		blk(3, LEN, &cid);
		if (wtx_get(w, cid_mh(&cid), &e) != 1)
			return -1;
		old = e;
		e.off += REC;
		return wtx_put(w, cid_mh(&cid), &e, &old);
	default:			/* one that is not there at all */
		blk(3, LEN, &cid);
		if (wtx_get(w, cid_mh(&cid), &e) != 1)
			return -1;
		blk(12345, LEN, &cid);
		e.seg = 99;
		return wtx_put(w, cid_mh(&cid), &e, NULL);
	}
}

static void the_index_against_the_segments(void)
{
	static const struct { int what, faults, lost; const char *word; } rows[] = {
		{ 0, 1, 0, "wrong counters" }, { 1, 1, 0, "wrong counters of segment" },
		{ 2, 1, 0, "two entries at one record" },
	};
	struct heard h = HEARD_INIT;
	struct store *st;
	char *dir;
	int i, what = 3;

	for (i = 0; i < 3; i++) {
		dir = filled();
		st = opened(dir, STORE_WRITE);
		what = rows[i].what;
		CHECK(index_write(st->ix, INDEX_SYNC, tamper, &what) == 0);
		store_close(st);
		mends(dir, rows[i].faults, rows[i].lost, rows[i].word);
	}
	dir = filled();
	st = opened(dir, STORE_WRITE);
	what = 3;
	CHECK(index_write(st->ix, INDEX_SYNC, tamper, &what) == 0);
	store_close(st);
	CHECK(checked(dir, 0, &h) == 1);
	CHECK(checked(dir, 1, &h) == 1 && strstr((char *)h.text.data, "is lost"));
	CHECK(checked(dir, 0, &h) == 0 && alive(dir) == N);
	buf_clear(&h.text);
}

static void writers_hold_repair_off(void)
{
	char *dir = filled();
	struct heard h = HEARD_INIT;
	struct store *st = opened(dir, STORE_WRITE);

	CHECK_ERR(checked(dir, 1, &h), ERR_BUSY);
	CHECK(put(st, 500, 100) == 0);
	CHECK(checked(dir, 0, &h) == 0);	/* looking is always allowed */
	CHECK(store_commit(st) == 0);
	store_close(st);
	buf_clear(&h.text);
}

static int busy(const char *dir)
{
	uint64_t base = (uint64_t)getpid() << 20, i, k;

	for (k = 0; k < 20; k++) {
		struct store *st = opened(dir, STORE_WRITE | STORE_UNSYNCED);
		struct store_sweep s = { .want_bytes = 20000 };
		struct store_gc *gc;
		uint64_t freed;

		for (i = 0; i < 200; i++)
			if (put(st, base + k * 1000 + i, 300) != 0)
				return 1;
		if (store_commit(st) != 0)
			return 2;
		if (store_gc_begin(&gc, st) == 0) {
			if (store_gc_sweep(gc, &s) < 0 || store_gc_compact(gc, 10, &freed) < 0)
				return 3;
			store_gc_end(gc);
		}
		store_close(st);
	}
	return 0;
}

/* a check beside writers and collectors tells no faults that are none */
static void checking_while_others_work(void)
{
	char *dir = filled();
	pid_t pids[2];
	int k, status, left = 2;

	fflush(stdout);
	for (k = 0; k < 2; k++)
		if ((pids[k] = fork()) == 0)
			_exit(busy(dir));
	while (left) {
		NO_FAULTS(dir);
		for (k = 0; k < 2; k++)
			if (pids[k] && waitpid(pids[k], &status, WNOHANG) == pids[k]) {
				CHECK(status == 0);
				pids[k] = 0;
				left--;
			}
	}
	NO_FAULTS(dir);
}

int main(void)
{
	RUN(nothing_wrong);
	RUN(version_and_config);
	RUN(folders);
	RUN(the_board);
	RUN(the_index_gone_or_garbage);
	RUN(pages_of_the_index);
	RUN(a_record);
	RUN(the_name_of_what_is_lost);
	RUN(another_copy_is_found);
	RUN(a_wrong_name);
	RUN(heads_and_ends_of_segments);
	RUN(a_tail_behind_the_index_is_no_fault);
	RUN(the_index_against_the_segments);
	RUN(writers_hold_repair_off);
	RUN(checking_while_others_work);
	return UNIT_END();
}
