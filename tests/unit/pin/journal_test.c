/* journal.c, copy.c, scan.c, check.c: torn lines, crash points, damage, the copy and its loss */
#include "pintest.h"

enum { N = 12 };

static const char *const journal = "pins/journal", *const snapshot = "pins/snapshot";

/* N pins: even ones direct, odd ones recursive; the third is removed again */
static char *with_pins(struct cid cids[N])
{
	char *path = new_store(NULL), name[16];
	struct store *st = open_store(path, STORE_WRITE);
	int i;

	for (i = 0; i < N; i++) {
		cids[i] = put_leaf(st, (uint64_t)i, 20);
		snprintf(name, sizeof name, "n%d", i);
		if (pin_add(st, &cids[i], i % 2 ? PIN_RECURSIVE : PIN_DIRECT, name) < 0)
			abort();
	}
	if (pin_rm(st, &cids[3], PIN_RECURSIVE) < 0)
		abort();
	store_close(st);
	return path;
}

static int as_made(struct store *st, const struct cid cids[N])
{
	int i, good = n_pins(st) == N - 1;

	for (i = 0; i < N; i++)
		good &= mode_of(st, &cids[i]) == (i == 3 ? PIN_NONE : i % 2 ? PIN_RECURSIVE :
						  PIN_DIRECT);
	return good;
}

static int fold(const char *path)
{
	struct store *st = open_store(path, STORE_WRITE);
	struct pins *p;
	int rc = pins_of(st, &p);

	if (rc == 0)
		rc = pins_lock(p);
	if (rc == 0) {
		rc = copy_fold(p);
		pins_unlock(p);
	}
	store_close(st);
	return rc;
}

/* the copy of the pins in the index goes away, as after a rebuild of the index */
static void lose_copy(const char *path)
{
	struct store *st = open_store(path, STORE_WRITE);

	if (store_table_clear(st, STORE_PINS) < 0)
		abort();
	commit(st);
	store_close(st);
}

/* ---- torn ends ---- */

/* cut at every byte of the last line, readers and the next writer see the lines before it */
static void torn_at_every_byte(void)
{
	struct cid cids[N], more;
	char *path = with_pins(cids), *file = path_in(path, journal);
	struct buf whole = slurp(file), now;
	size_t last = whole.len - 1, cut;
	struct store *st;

	more = some_cid(12345);
	while (last > 0 && whole.data[last - 1] != '\n')
		last--;				/* where the last line (the removal) begins */
	for (cut = last; cut < whole.len; cut++) {
		int removed = cut == whole.len;

		spew(file, span_of(whole.data, cut));
		st = open_store(path, STORE_READ);
		CHECK(n_pins(st) == N - removed);
		CHECK((mode_of(st, &cids[3]) == PIN_RECURSIVE) == !removed);
		store_close(st);
		st = open_store(path, STORE_WRITE | STORE_UNSYNCED);
		more = put_leaf(st, 5000, 30);
		CHECK(pin_add(st, &more, PIN_RECURSIVE, NULL) == 0);
		CHECK(mode_of(st, &more) == PIN_RECURSIVE);
		CHECK(n_pins(st) == N + 1);
		CHECK(pin_rm(st, &more, PIN_RECURSIVE) == 0);
		CHECK(pin_check(st, 0, NULL) == 0);
		store_close(st);
		now = slurp(file);
		CHECK(now.len > last && memcmp(now.data, whole.data, last) == 0);
		buf_clear(&now);
	}
	buf_clear(&whole);
}

/* a file that was grown but whose bytes did not reach the disk; bad bytes in the last line */
static void zeros_and_rubbish_at_the_end(void)
{
	struct cid cids[N];
	char *path = with_pins(cids), *file = path_in(path, journal);
	struct buf whole = slurp(file), bad = BUF_INIT(1 << 20);
	static const char *const tails[] = { "\0\0\0\0\0\0", "\0\0\n\0\0\0", "x\n", "\n\n", "1\t+\tr\n" };
	struct store *st;
	size_t i;

	for (i = 0; i < sizeof tails / sizeof *tails; i++) {
		buf_reset(&bad);
		NEED(buf_add(&bad, buf_span(&whole)) == 0);
		NEED(buf_bytes(&bad, tails[i], i < 2 ? 6 : strlen(tails[i])) == 0);
		spew(file, buf_span(&bad));
		st = open_store(path, STORE_READ);
		CHECK(as_made(st, cids));
		CHECK(pin_check(st, 0, NULL) == 0);
		store_close(st);
		st = open_store(path, STORE_WRITE | STORE_UNSYNCED);
		CHECK(pin_add(st, &cids[3], PIN_DIRECT, NULL) == 0);
		CHECK(pin_rm(st, &cids[3], PIN_DIRECT) == 0);
		CHECK(as_made(st, cids));
		CHECK(pin_check(st, 0, NULL) == 0);
		store_close(st);
	}
	buf_clear(&whole);
	buf_clear(&bad);
}

static void repair_cuts_the_torn_end(void)
{
	struct cid cids[N];
	char *path = with_pins(cids), *file = path_in(path, journal);
	struct buf whole = slurp(file), now;
	struct store *st;

	spew(file, span_of(whole.data, whole.len - 5));
	st = open_store(path, STORE_WRITE);
	CHECK(pin_check(st, 1, NULL) == 0);
	store_close(st);
	now = slurp(file);
	CHECK(now.len < whole.len - 5 && now.data[now.len - 1] == '\n');
	buf_clear(&now);
	buf_clear(&whole);
}

/* ---- crash points of folding ---- */

/* The snapshot may be there without the new journal, and both without the index knowing. */
static void a_fold_cut_short_at_any_step(void)
{
	struct cid cids[N];
	char *path = with_pins(cids);
	char *j = path_in(path, journal), *s = path_in(path, snapshot);
	struct buf j0 = slurp(j), j1, s1;
	int step, copy;

	CHECK(fold(path) == 0);
	j1 = slurp(j);
	s1 = slurp(s);
	NEED(j1.len && s1.len && j1.len < j0.len);
	for (copy = 0; copy < 2; copy++) {
		for (step = 0; step < 4; step++) {
			struct store *st;

			unlink(s);
			spew(j, buf_span(&j0));
			lose_copy(path);
			if (copy) {		/* a copy that goes with the journal before the fold */
				st = open_store(path, STORE_WRITE);
				CHECK(pin_check(st, 1, NULL) == 0);
				store_close(st);
			}
			if (step == 1)		/* killed while the snapshot was written */
				spew(path_in(path, "pins/snapshot.tmp.1.2.3"), span_of("half", 4));
			if (step >= 2)		/* killed before the journal was replaced */
				spew(s, buf_span(&s1));
			if (step >= 3)		/* killed before the index heard of it */
				spew(j, buf_span(&j1));
			st = open_store(path, STORE_READ);
			CHECK(as_made(st, cids));
			CHECK(pin_check(st, 0, NULL) == 0);
			store_close(st);
			st = open_store(path, STORE_WRITE);
			CHECK(as_made(st, cids));
			CHECK(pin_add(st, &cids[3], PIN_DIRECT, NULL) == 0);
			CHECK(pin_rm(st, &cids[3], PIN_DIRECT) == 0);
			CHECK(as_made(st, cids));
			store_close(st);
			CHECK(fold(path) == 0);
			CHECK(access(path_in(path, "pins/snapshot.tmp.1.2.3"), F_OK) < 0);
			st = open_store(path, STORE_READ);
			CHECK(as_made(st, cids));
			CHECK(pin_check(st, 0, NULL) == 0);
			store_close(st);
		}
	}
	buf_clear(&j0);
	buf_clear(&j1);
	buf_clear(&s1);
}

static void numbers_go_on_after_a_fold(void)
{
	struct cid cids[N];
	char *path = with_pins(cids);
	struct store *st;
	struct buf text;

	CHECK(fold(path) == 0);
	st = open_store(path, STORE_WRITE);
	CHECK(pin_add(st, &cids[3], PIN_DIRECT, NULL) == 0);
	store_close(st);
	text = slurp(path_in(path, journal));
	CHECK(strstr((char *)text.data, "13\t=\t\t\t\t") == (char *)text.data);
	CHECK(strstr((char *)text.data, "\n14\t+\td\t"));
	buf_clear(&text);
	lose_copy(path);
	st = open_store(path, STORE_READ);
	CHECK(mode_of(st, &cids[3]) == PIN_DIRECT && n_pins(st) == N);
	store_close(st);
}

/* ---- a reader beside a writer ---- */

static void a_reader_follows(void)
{
	struct cid cids[N], cid;
	char *path = with_pins(cids);
	struct store *r = open_store(path, STORE_READ), *w;
	int i;

	CHECK(as_made(r, cids));
	w = open_store(path, STORE_WRITE);
	for (i = 0; i < 3; i++) {
		cid = put_leaf(w, 700 + (uint64_t)i, 20);
		CHECK(mode_of(r, &cid) == PIN_NONE);
		CHECK(pin_add(w, &cid, PIN_RECURSIVE, NULL) == 0);
		CHECK(mode_of(r, &cid) == PIN_RECURSIVE);
		CHECK(n_pins(r) == N);
		store_close(w);
		CHECK(fold(path) == 0);		/* the journal is another file now */
		w = open_store(path, STORE_WRITE);
		CHECK(mode_of(r, &cid) == PIN_RECURSIVE);
		CHECK(pin_rm(w, &cid, PIN_RECURSIVE) == 0);
		CHECK(mode_of(r, &cid) == PIN_NONE);
		CHECK(as_made(r, cids));
	}
	store_close(w);
	store_close(r);
}

/* a change that failed is cut off after readers have seen it, and another takes its place */
static void a_line_taken_back_is_forgotten(void)
{
	struct cid cids[N];
	char *path = with_pins(cids), *file = path_in(path, journal);
	struct store *r = open_store(path, STORE_READ), *w;
	struct buf whole = slurp(file);
	size_t last = whole.len - 1;

	CHECK(as_made(r, cids));
	while (last > 0 && whole.data[last - 1] != '\n')
		last--;
	CHECK(truncate(file, (off_t)last) == 0);
	w = open_store(path, STORE_WRITE);
	CHECK(pin_rm(w, &cids[4], PIN_DIRECT) == 0);	/* a line of the same length */
	store_close(w);
	CHECK(mode_of(r, &cids[3]) == PIN_RECURSIVE && mode_of(r, &cids[4]) == PIN_NONE);
	store_close(r);
	buf_clear(&whole);
}

static void many_changes_go_into_the_index(void)
{
	char *path = new_store(NULL);
	struct store *st = open_store(path, STORE_WRITE | STORE_UNSYNCED), *r;
	struct cid *cids = calloc(20000, sizeof *cids);
	struct head h;
	struct stat sb;
	uint64_t n;
	int i, bad = 0;

	for (i = 0; i < 20000; i++)
		cids[i] = put_leaf(st, (uint64_t)i, 20);
	commit(st);
	for (i = 0; i < 20000; i++)
		bad += pin_add(st, &cids[i], PIN_DIRECT, NULL) < 0;
	CHECK(!bad);
	CHECK(copy_head(st, &h) == 1 && h.seq > 19000);
	CHECK(stat(path_in(path, snapshot), &sb) == 0);
	CHECK(stat(path_in(path, journal), &sb) == 0 && sb.st_size < 3 * FOLD_MIN);
	CHECK(pin_count(st, &n) == 0 && n == 20000);
	r = open_store(path, STORE_READ);
	for (i = 0; i < 20000; i += 7)
		bad += mode_of(r, &cids[i]) != PIN_DIRECT;
	CHECK(!bad && n_pins(r) == 20000);
	CHECK(pin_check(r, 0, NULL) == 0);
	store_close(r);
	store_close(st);
	lose_copy(path);
	r = open_store(path, STORE_READ);		/* from the files alone */
	CHECK(mode_of(r, &cids[19999]) == PIN_DIRECT && n_pins(r) == 20000);
	CHECK(pin_count(r, &n) == 0 && n == 20000);
	CHECK(pin_check(r, 0, NULL) == 0);
	store_close(r);
	st = open_store(path, STORE_WRITE);
	CHECK(n_pins(st) == 20000);			/* which makes the copy anew */
	CHECK(copy_head(st, &h) == 1);
	CHECK(pin_check(st, 0, NULL) == 0);
	store_close(st);
	free(cids);
}

/* ---- damage ---- */

struct heard {
	int n, fixed;
	char text[4096];
};

static void hear(void *arg, int fixed, const char *text)
{
	struct heard *h = arg;

	h->n++;
	h->fixed += fixed;
	snprintf(h->text + strlen(h->text), sizeof h->text - strlen(h->text), "%s\n", text);
}

static void flip(const char *file, const char *line)
{
	struct buf b = slurp(file);
	char *at = strstr((char *)b.data, line);

	if (!at)
		abort();
	at[0] ^= 1;
	spew(file, buf_span(&b));
	buf_clear(&b);
}

/* damage to what the index has taken in costs nothing */
static void damage_is_mended_from_the_copy(void)
{
	struct cid cids[N];
	char *path = with_pins(cids);
	struct heard h = { 0 };
	struct store_report r = { .say = hear, .arg = &h };
	struct store *st = open_store(path, STORE_WRITE);

	CHECK(pin_check(st, 1, &r) == 0 && h.n == 0);
	NEED(fold(path) == 0);
	flip(path_in(path, snapshot), "n5\t");
	CHECK(pin_check(st, 0, &r) > 0 && h.n >= 1 && h.fixed == 0);
	CHECK(strstr(h.text, "pins/snapshot: line "));
	CHECK(as_made(st, cids));
	CHECK(pin_check(st, 1, &r) == 0 && h.fixed == 1);
	CHECK(strstr(h.text, "nothing is lost"));
	CHECK(pin_check(st, 0, &r) == 0);
	CHECK(as_made(st, cids));
	store_close(st);
	lose_copy(path);
	st = open_store(path, STORE_READ);
	CHECK(as_made(st, cids));
	store_close(st);
}

/* a damaged line that only the journal had: told, the others kept */
static void damage_before_the_end_of_the_journal(void)
{
	struct cid cids[N];
	char *path = with_pins(cids);
	struct heard h = { 0 };
	struct store_report r = { .say = hear, .arg = &h };
	struct store *st;

	lose_copy(path);
	flip(path_in(path, journal), "n5\t");
	st = open_store(path, STORE_READ);
	CHECK(mode_of(st, &cids[5]) == PIN_NONE && n_pins(st) == N - 2);
	CHECK(pin_check(st, 0, &r) > 0);
	CHECK(strstr(h.text, "pins/journal: line 6: damaged"));
	store_close(st);
	st = open_store(path, STORE_WRITE);
	CHECK(pin_check(st, 1, &r) == 0 && h.fixed == 1);
	CHECK(pin_check(st, 0, NULL) == 0);
	CHECK(n_pins(st) == N - 2 && mode_of(st, &cids[6]) == PIN_DIRECT);
	CHECK(pin_add(st, &cids[5], PIN_RECURSIVE, "n5") == 0);
	CHECK(as_made(st, cids));
	store_close(st);
}

static void a_lost_snapshot(void)
{
	struct cid cids[N];
	char *path = with_pins(cids);
	struct heard h = { 0 };
	struct store_report r = { .say = hear, .arg = &h };
	struct store *st;

	NEED(fold(path) == 0);
	unlink(path_in(path, snapshot));
	st = open_store(path, STORE_WRITE);
	CHECK(as_made(st, cids));
	CHECK(pin_check(st, 0, &r) > 0 && h.n > 0);
	CHECK(pin_check(st, 1, &r) == 0);
	CHECK(as_made(st, cids));
	store_close(st);
	lose_copy(path);
	st = open_store(path, STORE_READ);
	CHECK(as_made(st, cids));
	store_close(st);
}

/* rows of the index that say something else than the files */
static void a_wrong_copy_is_made_anew(void)
{
	struct cid cids[N];
	char *path = with_pins(cids);
	struct heard h = { 0 };
	struct store_report r = { .say = hear, .arg = &h };
	struct store *st = open_store(path, STORE_WRITE);

	CHECK(pin_check(st, 1, NULL) == 0);
	NEED(fold(path) == 0);
	CHECK(store_table_del(st, STORE_PINS, cid_span(&cids[5])) == 0);
	commit(st);
	CHECK(mode_of(st, &cids[5]) == PIN_NONE);
	CHECK(pin_check(st, 0, &r) > 0);
	CHECK(strstr(h.text, "differs"));
	CHECK(pin_check(st, 1, &r) == 0);
	CHECK(as_made(st, cids));
	CHECK(pin_check(st, 0, &r) == 0);
	store_close(st);
}

/* ---- many writers of one journal ---- */

static void writers_do_not_lose_each_others_lines(void)
{
	enum { WRITERS = 4, EACH = 150 };
	char *path = new_store(NULL);
	struct store *st;
	pid_t pids[WRITERS];
	struct cid cid;
	int i, k, status, bad = 0;

	fflush(stdout);
	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			st = open_store(path, STORE_WRITE | STORE_UNSYNCED);
			for (k = 0; k < EACH; k++) {
				struct cid gone = put_leaf(st, (uint64_t)(i * 1000 + k) + 100000, 20);

				cid = put_leaf(st, (uint64_t)(i * 1000 + k), 20);
				if (pin_add(st, &cid, PIN_RECURSIVE, "keep") < 0 ||
				    pin_add(st, &gone, PIN_DIRECT, NULL) < 0 ||
				    pin_rm(st, &gone, PIN_DIRECT) < 0)
					_exit(1);
				if (k % 50 == 49 && fold(path) < 0)
					_exit(2);
			}
			store_close(st);
			_exit(0);
		}
	}
	for (i = 0; i < WRITERS; i++) {
		waitpid(pids[i], &status, 0);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	st = open_store(path, STORE_READ);
	CHECK(n_pins(st) == WRITERS * EACH);
	for (i = 0; i < WRITERS; i++)
		for (k = 0; k < EACH; k++) {
			struct buf bytes = BUF_INIT(64);
			uint64_t seed = (uint64_t)(i * 1000 + k), x = seed * 0x9e3779b97f4a7c15u + 1;
			size_t n;

			buf_bytes(&bytes, &seed, 8);
			for (n = 8; n < 20; n++) {
				x ^= x << 13;
				x ^= x >> 7;
				x ^= x << 17;
				buf_u8(&bytes, (uint8_t)x);
			}
			struct span s = buf_span(&bytes);

			cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &s, 1);
			bad += mode_of(st, &cid) != PIN_RECURSIVE;
			buf_clear(&bytes);
		}
	CHECK(bad == 0);
	CHECK(pin_check(st, 0, NULL) == 0);
	store_close(st);
}

int main(void)
{
	RUN(torn_at_every_byte);
	RUN(zeros_and_rubbish_at_the_end);
	RUN(repair_cuts_the_torn_end);
	RUN(a_fold_cut_short_at_any_step);
	RUN(numbers_go_on_after_a_fold);
	RUN(a_reader_follows);
	RUN(a_line_taken_back_is_forgotten);
	RUN(many_changes_go_into_the_index);
	RUN(damage_is_mended_from_the_copy);
	RUN(damage_before_the_end_of_the_journal);
	RUN(a_lost_snapshot);
	RUN(a_wrong_copy_is_made_anew);
	RUN(writers_do_not_lose_each_others_lines);
	return UNIT_END();
}
