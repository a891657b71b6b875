/* keep_test.c - the records of a store */
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "name/name.h"
#include "tests/unit/unit.h"

static struct store *store(char **path)
{
	struct store *st = NULL;
	char *p = unit_tmpdir();

	if (store_init(p, NULL) < 0 || store_open(&st, p, STORE_WRITE | STORE_UNSYNCED) < 0)
		abort();
	if (path)
		*path = p;
	return st;
}

static struct key *new_key(void)
{
	struct key *k = NULL;

	if (key_generate(KEY_ED25519, 0, &k) < 0)
		abort();
	return k;
}

static int make(const struct key *k, const char *value, uint64_t sequence, int64_t lives, struct buf *out)
{
	struct name_create c = { span_str(value), sequence, 60000000000, { time(NULL) + lives, 0 }, 0 };

	buf_reset(out);
	return name_create(k, &c, out);
}

static int put(struct store *st, const struct key *k, const char *value, uint64_t sequence, int64_t lives)
{
	struct buf rec = BUF_INIT(NAME_RECORD_MAX);
	int rc = make(k, value, sequence, lives, &rec);

	if (rc == 0)
		rc = name_put(st, key_name(k), buf_span(&rec), 0);
	buf_clear(&rec);
	return rc;
}

static void better_stays(void)
{
	struct store *st = store(NULL);
	struct key *k = new_key(), *other = new_key();
	struct buf rec = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;

	CHECK_ERR(name_get(st, key_name(k), &rec, &r), ERR_NOTFOUND);
	CHECK(put(st, k, "/ipfs/bafkqaaa", 5, 1000) == 1);
	CHECK(put(st, k, "/ipfs/bafkqaaa", 5, 1000) == 0);		/* the same */
	CHECK(put(st, k, "/ipfs/bafkqaalb", 4, 2000) == 0);
	CHECK(put(st, k, "/ipfs/bafkqaaa", 5, 2000) == 1);
	CHECK(put(st, k, "/ipfs/bafkqaalb", 5, 1500) == 0);
	CHECK(put(st, k, "/ipfs/bafkqaalb/x", 6, 10) == 1);
	NEED(name_get(st, key_name(k), &rec, &r) == 0);
	CHECK(r.sequence == 6 && span_equal(r.value, span_str("/ipfs/bafkqaalb/x")));
	/* one that is no longer good is not taken, and another's neither */
	CHECK_ERR(put(st, k, "/ipfs/bafkqaalb", 9, -10), ERR_TIMEOUT);
	CHECK(make(other, "/ipfs/bafkqaaa", 9, 100, &rec) == 0);
	CHECK_ERR(name_put(st, key_name(k), buf_span(&rec), 0), ERR_CORRUPT);
	CHECK(make(k, "/ipfs/bafkqaaa", 1, 100, &rec) == 0);
	CHECK(name_put(st, key_name(k), buf_span(&rec), 1) == 1);
	NEED(name_get(st, key_name(k), &rec, &r) == 0 && r.sequence == 1);
	CHECK(name_remove(st, key_name(k)) == 0);
	CHECK_ERR(name_remove(st, key_name(k)), ERR_NOTFOUND);
	buf_clear(&rec);
	key_free(k);
	key_free(other);
	store_close(st);
}

/* a record that was damaged or has expired on the disk is told as such, and counts for nothing */
static void gone_bad(void)
{
	char *path, file[8192], text[CID_TEXT_MAX];
	struct store *st = store(&path);
	struct key *k = new_key();
	struct buf rec = BUF_INIT(NAME_RECORD_MAX);
	FILE *f;

	CHECK(put(st, k, "/ipfs/bafkqaaa", 5, 1000) == 1);
	snprintf(file, sizeof file, "%s/names/%s", path, cid_text(key_name(k), text));
	f = fopen(file, "r+");
	NEED(f && fseek(f, -3, SEEK_END) == 0 && fputc('x', f) == 'x' && fclose(f) == 0);
	CHECK(name_get(st, key_name(k), &rec, NULL) < 0 && rec.len > 0);
	CHECK(put(st, k, "/ipfs/bafkqaaa", 1, 1000) == 1);
	CHECK(make(k, "/ipfs/bafkqaaa", 70, -1, &rec) == 0);
	f = fopen(file, "w");
	NEED(f && fwrite(rec.data, 1, rec.len, f) == rec.len && fclose(f) == 0);
	CHECK_ERR(name_get(st, key_name(k), &rec, NULL), ERR_TIMEOUT);
	CHECK(put(st, k, "/ipfs/bafkqaaa", 2, 1000) == 1);
	buf_clear(&rec);
	key_free(k);
	store_close(st);
}

static int publish(struct store *st, const struct key *k, const char *value, uint64_t sequence,
		   struct name_record *r, struct buf *rec)
{
	struct name_create c = { span_str(value), sequence, 1000000000, { time(NULL) + 100, 0 }, 0 };
	int rc = name_publish(st, k, &c, rec);

	return rc == 0 ? name_verify(buf_span(rec), key_name(k), NULL, r) : rc;
}

static void sequences(void)
{
	struct store *st = store(NULL);
	struct key *k = new_key();
	struct buf rec = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;

	CHECK(publish(st, k, "/ipfs/bafkqaaa", UINT64_MAX, &r, &rec) == 0 && r.sequence == 0);
	CHECK(publish(st, k, "/ipfs/bafkqaaa", UINT64_MAX, &r, &rec) == 0 && r.sequence == 0);
	CHECK(publish(st, k, "/ipfs/bafkqaalb", UINT64_MAX, &r, &rec) == 0 && r.sequence == 1);
	CHECK(publish(st, k, "/ipfs/bafkqaaa", 10, &r, &rec) == 0 && r.sequence == 10);
	CHECK_ERR(publish(st, k, "/ipfs/bafkqaaa", 9, &r, &rec), ERR_DIFFER);
	CHECK_ERR(publish(st, k, "/ipfs/bafkqaalb", 10, &r, &rec), ERR_DIFFER);
	CHECK(publish(st, k, "/ipfs/bafkqaaa", 10, &r, &rec) == 0);
	CHECK_ERR(publish(st, k, "bafkqaaa", UINT64_MAX, &r, &rec), ERR_USAGE);
	CHECK(publish(st, k, "/ipfs/bafkqaaa", UINT64_MAX - 1, &r, &rec) == 0);
	CHECK(publish(st, k, "/ipfs/bafkqaalb", UINT64_MAX, &r, &rec) == 0 && r.sequence == UINT64_MAX);
	CHECK_ERR(publish(st, k, "/ipfs/bafkqaaa", UINT64_MAX, &r, &rec), ERR_LIMIT);
	buf_clear(&rec);
	key_free(k);
	store_close(st);
}

static int count(void *arg, const struct cid *name)
{
	char last[CID_TEXT_MAX];
	struct cid *was = arg;
	char text[CID_TEXT_MAX];

	if (was->len && strcmp(cid_text(was, last), cid_text(name, text)) >= 0)
		return ERR_INVALID;
	*was = *name;
	return 0;
}

static void all(void)
{
	char *path, file[8192];
	struct store *st = store(&path);
	struct cid last = { 0 };
	FILE *f;
	int i;

	CHECK(name_each(st, count, &last) == 0 && last.len == 0);
	for (i = 0; i < 20; i++) {
		struct key *k = new_key();

		CHECK(put(st, k, "/ipfs/bafkqaaa", 1, 1000) == 1);
		key_free(k);
	}
	snprintf(file, sizeof file, "%s/names/files", path);	/* what others keep here */
	f = fopen(file, "w");
	NEED(f && fclose(f) == 0);
	CHECK(name_each(st, count, &last) == 0 && last.len);
	store_close(st);
}

/* many processes that put records of one name leave the best */
static void at_once(void)
{
	char *path;
	struct store *st = store(&path);
	struct key *k = new_key();
	struct buf rec = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	int i, n, status;

	store_close(st);
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			if (store_open(&st, path, STORE_READ) < 0)
				_exit(9);
			for (n = 0; n < 5; n++)
				if (put(st, k, "/ipfs/bafkqaaa", (uint64_t)(n * 8 + (i * 5) % 8), 1000) < 0)
					_exit(8);
			store_close(st);
			buf_clear(&rec);
			key_free(k);
			_exit(0);
		}
	for (i = 0; i < 8; i++)
		CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	NEED(store_open(&st, path, STORE_READ) == 0);
	CHECK(name_get(st, key_name(k), &rec, &r) == 0 && r.sequence == 39);
	buf_clear(&rec);
	key_free(k);
	store_close(st);
}

int main(void)
{
	RUN(better_stays);
	RUN(gone_bad);
	RUN(sequences);
	RUN(all);
	RUN(at_once);
	return UNIT_END();
}
