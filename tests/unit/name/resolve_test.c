/* resolve_test.c - names followed to what they stand for */
#include <time.h>

#include "name/name.h"
#include "tests/unit/unit.h"

static struct store *st;

static void begin(void)
{
	char *p = unit_tmpdir();

	if (store_init(p, NULL) < 0 || store_open(&st, p, STORE_WRITE | STORE_UNSYNCED) < 0)
		abort();
}

/* publish `value` with a ttl (seconds) for a life (seconds); the name's text in `name` */
static void publish(struct key **k, const char *value, uint64_t ttl, int64_t lives, char name[CID_TEXT_MAX])
{
	struct name_create c = { span_str(value), UINT64_MAX, ttl * 1000000000, { time(NULL) + lives, 0 }, 0 };

	if ((!*k && key_generate(KEY_ED25519, 0, k) < 0) || name_publish(st, *k, &c, NULL) < 0)
		abort();
	cid_text(key_name(*k), name);
}

/* a map of names, "name=path" each; a path that begins with "!" has no ttl */
static int map(void *arg, struct span name, struct buf *value, int64_t *ttl)
{
	const char *const *row = arg;

	for (; *row; row++)
		if (!strncmp(*row, (const char *)name.p, name.len) && (*row)[name.len] == '=') {
			const char *path = *row + name.len + 1;

			*ttl = *path == '!' ? -1 : 77;
			return buf_str(value, path + (*path == '!')) < 0 ? ERR_NOMEM : 1;
		}
	return 0;
}

static int64_t ttl;

static int resolve(const char *const *rows, const char *path, struct buf *out)
{
	buf_reset(out);
	ttl = -5;
	return name_resolve(st, span_str(path), rows ? map : NULL, (void *)rows, out, &ttl);
}

static void records(void)
{
	struct key *a = NULL, *b = NULL;
	char one[CID_TEXT_MAX], two[CID_TEXT_MAX], path[4096], value[4096];
	struct buf out = BUF_INIT(65536), peer = BUF_INIT(128);

	begin();
	publish(&a, "/ipfs/bafkqaaa/x/", 60, 1000, one);
	snprintf(value, sizeof value, "/ipns/%s/y", one);
	publish(&b, value, 30, 1000, two);

	snprintf(path, sizeof path, "/ipns/%s", one);
	CHECK(resolve(NULL, path, &out) == 0 && ttl == 60);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaaa/x/");
	snprintf(path, sizeof path, "/ipns/%s/r/s/", one);
	CHECK(resolve(NULL, path, &out) == 0);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaaa/x/r/s/");
	snprintf(path, sizeof path, "/ipns/%s/z", two);
	CHECK(resolve(NULL, path, &out) == 0 && ttl == 30);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaaa/x/y/z");
	/* in another text form */
	CHECK(key_id_peer(key_name(a), &peer) == 0);
	snprintf(path, sizeof path, "/ipns/%s/", (char *)peer.data);
	CHECK(resolve(NULL, path, &out) == 0);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaaa/x/");
	/* the ttl is not longer than the record lives */
	publish(&a, "/ipfs/bafkqaaa", 60, 20, one);
	snprintf(path, sizeof path, "/ipns/%s", one);
	CHECK(resolve(NULL, path, &out) == 0 && ttl <= 20 && ttl >= 15);
	buf_clear(&out);
	buf_clear(&peer);
	key_free(a);
	key_free(b);
	store_close(st);
	st = NULL;
}

static void maps(void)
{
	struct key *k = NULL;
	char key[CID_TEXT_MAX], row[4096], path[4096];
	const char *rows[] = { "a.example=/ipns/b.example/1", "b.example=!/ipfs/bafkqaalb", "bad=bafkqaalb",
			       "loop=/ipns/loop/x", "worse=/ipns/", row, NULL };
	struct buf out = BUF_INIT(65536);

	begin();
	snprintf(row, sizeof row, "none=!/ipfs/bafkqaaa");
	publish(&k, "/ipns/a.example", 99, 1000, key);
	snprintf(path, sizeof path, "/ipns/%s/2", key);
	CHECK(resolve(rows, path, &out) == 0 && ttl == 77);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaalb/1/2");
	CHECK(resolve(rows, "/ipns/b.example", &out) == 0 && ttl == -1);
	/* the map is asked about keys, too, and first */
	snprintf(row, sizeof row, "%s=!/ipfs/bafkqaaa", key);
	CHECK(resolve(rows, path, &out) == 0 && ttl == -1);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaaa/2");

	CHECK_ERR(resolve(rows, "/ipns/bad", &out), ERR_INVALID);
	CHECK_ERR(resolve(rows, "/ipns/worse", &out), ERR_INVALID);
	CHECK_ERR(resolve(rows, "/ipns/loop", &out), ERR_LIMIT);
	CHECK_ERR(resolve(rows, "/ipns/c.example", &out), ERR_NOTFOUND);
	CHECK_ERR(resolve(NULL, "/ipns/a.example", &out), ERR_NOTFOUND);
	CHECK_ERR(resolve(rows, "/ipns/", &out), ERR_USAGE);
	CHECK_ERR(resolve(rows, "/ipns//a", &out), ERR_USAGE);
	CHECK(resolve(rows, "/ipfs/bafkqaaa/../x/", &out) == 0 && ttl == -1);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaaa/../x/");
	buf_clear(&out);
	key_free(k);
	store_close(st);
	st = NULL;
}

/* a chain of the length that is allowed, and one that is longer by one */
static void depth(void)
{
	char *row[NAME_DEPTH_MAX + 3];
	struct buf out = BUF_INIT(65536);
	int i;

	for (i = 0; i < NAME_DEPTH_MAX + 1; i++) {
		row[i] = unit_kept(64);
		snprintf(row[i], 64, "n%d=/ipns/n%d", i, i + 1);
	}
	row[i] = unit_kept(64);
	snprintf(row[i], 64, "n%d=/ipfs/bafkqaaa", i);
	row[i + 1] = NULL;
	/* n33 is the path; from n2 it is 32 names away */
	CHECK(resolve((const char *const *)row, "/ipns/n2", &out) == 0);
	CHECK_STR((char *)out.data, "/ipfs/bafkqaaa");
	CHECK_ERR(resolve((const char *const *)row, "/ipns/n1", &out), ERR_LIMIT);
	buf_clear(&out);
}

static void without_records(void)
{
	struct buf out = BUF_INIT(65536);

	CHECK_ERR(resolve(NULL, "/ipns/k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe", &out),
		  ERR_NOTFOUND);
	CHECK(strstr(err_text(), "k51qzi5uqu5dgy8qsq67hbz73jqkw87l3fgf4a91qb0d9b5173tir7n4vxk1oe") != NULL);
	CHECK(out.len == 0);
	buf_clear(&out);
}

int main(void)
{
	RUN(records);
	RUN(maps);
	RUN(depth);
	RUN(without_records);
	return UNIT_END();
}
