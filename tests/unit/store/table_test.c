/* table_test.c - the small tables */
#include "storetest.h"

static struct span key(int i)
{
	static char text[16];

	snprintf(text, sizeof text, "key-%06d", i);
	return span_str(text);
}

static void rows_join_the_batch(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE), *other = opened(dir, STORE_READ);
	struct buf v = BUF_INIT(1000);
	uint64_t n;

	CHECK(store_table_put(st, STORE_META, key(1), span_str("one")) == 0);
	CHECK_ERR(store_table_get(st, STORE_META, key(1), &v), ERR_NOTFOUND);
	CHECK(put(st, 1, 100) == 0 && store_commit(st) == 0);
	CHECK(store_table_get(other, STORE_META, key(1), &v) == 0);
	CHECK_STR((char *)v.data, "one");
	CHECK_ERR(store_table_get(other, STORE_PINS, key(1), &v), ERR_NOTFOUND);
	CHECK(store_table_put(st, STORE_META, key(1), span_str("two")) == 0);
	store_rollback(st);
	CHECK(store_commit(st) == 0);
	buf_reset(&v);
	CHECK(store_table_get(st, STORE_META, key(1), &v) == 0);
	CHECK_STR((char *)v.data, "one");
	CHECK(store_table_put(st, STORE_META, key(1), span_str("")) == 0);
	CHECK(store_table_put(st, STORE_META, key(2), span_str("b")) == 0);
	CHECK(store_table_del(st, STORE_META, key(2)) == 0);
	CHECK(store_table_del(st, STORE_META, key(3)) == 0);	/* nothing there: fine */
	CHECK(store_commit(st) == 0);
	buf_reset(&v);
	CHECK(store_table_get(st, STORE_META, key(1), &v) == 0 && v.len == 0);
	CHECK_ERR(store_table_get(st, STORE_META, key(2), &v), ERR_NOTFOUND);
	CHECK(store_table_count(st, STORE_META, &n) == 0 && n == 1);
	CHECK_ERR(store_table_put(st, STORE_META, span_str(""), span_str("x")), ERR_USAGE);
	CHECK_ERR(store_table_put(other, STORE_META, key(1), span_str("x")), ERR_DENIED);
	buf_clear(&v);
	store_close(st);
	store_close(other);
	NO_FAULTS(dir);
}

static void long_keys(void)
{
	static char name[600];
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct buf v = BUF_INIT(1 << 20), big = BUF_INIT(1 << 20);

	memset(name, 'k', sizeof name);
	while (big.len < 100000)
		CHECK(buf_str(&big, "0123456789") == 0);
	CHECK(store_table_put(st, STORE_FILES, span_of(name, 511), buf_span(&big)) == 0);
	CHECK_ERR(store_table_put(st, STORE_FILES, span_of(name, 512), span_str("v")), ERR_USAGE);
	CHECK(store_commit(st) == 0);
	CHECK(store_table_get(st, STORE_FILES, span_of(name, 511), &v) == 0);
	CHECK(span_equal(buf_span(&v), buf_span(&big)));
	buf_clear(&v);
	buf_clear(&big);
	store_close(st);
}

struct seen {
	int n, stop;
	char last[32];
};

static int see(void *arg, struct span k, struct span v)
{
	struct seen *s = arg;
	char now[32];

	snprintf(now, sizeof now, "%.*s", (int)k.len, (const char *)k.p);
	if (v.len != 4 || strcmp(now, s->last) <= 0)
		return -1;
	strcpy(s->last, now);
	return ++s->n == s->stop;
}

static void each_from_a_key_on(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	struct seen s = { 0, 0, "" };
	uint64_t n;
	int i;

	for (i = 0; i < 5000; i++)	/* more than one automatic commit's */
		CHECK(store_table_put(st, STORE_PINS, key(i * 7 % 5000), span_str("pin!")) == 0);
	CHECK(store_commit(st) == 0);
	CHECK(store_table_each(st, STORE_PINS, span_of(NULL, 0), see, &s) == 0 && s.n == 5000);
	s = (struct seen){ 0, 0, "" };
	CHECK(store_table_each(st, STORE_PINS, key(4990), see, &s) == 0 && s.n == 10);
	s = (struct seen){ 0, 3, "" };
	CHECK(store_table_each(st, STORE_PINS, span_str("key-00499"), see, &s) == 1);
	CHECK_STR(s.last, "key-004992");
	CHECK(store_table_count(st, STORE_PINS, &n) == 0 && n == 5000);
	CHECK(store_table_clear(st, STORE_PINS) == 0);
	CHECK(store_table_put(st, STORE_PINS, key(1), span_str("left")) == 0);
	CHECK(store_table_count(st, STORE_PINS, &n) == 0 && n == 5000);
	CHECK(store_commit(st) == 0);
	CHECK(store_table_count(st, STORE_PINS, &n) == 0 && n == 1);
	store_close(st);
	NO_FAULTS(dir);
}

static int copy_row(void *arg, struct span k, struct span v)
{
	struct store *st = arg;
	int rc = store_table_put(st, STORE_ADDED, k, v);

	return rc == 0 ? store_commit(st) : rc;
}

static void a_walk_may_write(void)
{
	char *dir = fresh("");
	struct store *st = opened(dir, STORE_WRITE);
	uint64_t n;
	int i;

	for (i = 0; i < 1200; i++)
		CHECK(store_table_put(st, STORE_PINS, key(i), span_str("pin!")) == 0);
	CHECK(store_commit(st) == 0);
	CHECK(store_table_each(st, STORE_PINS, span_of(NULL, 0), copy_row, st) == 0);
	CHECK(store_table_count(st, STORE_ADDED, &n) == 0 && n == 1200);
	store_close(st);
}

int main(void)
{
	RUN(rows_join_the_batch);
	RUN(long_keys);
	RUN(each_from_a_key_on);
	RUN(a_walk_may_write);
	return UNIT_END();
}
