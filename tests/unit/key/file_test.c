/* file_test.c - the keys of a store */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/key/vectors.h"

static char *folder(void)
{
	char *path = unit_tmpdir(), *sub = unit_kept(4096);

	snprintf(sub, 4096, "%s/key", path);
	if (mkdir(sub, 0700) < 0)
		abort();
	return path;
}

static struct key *key(const char *section)
{
	struct key *k = NULL;

	if (key_decode(vector(section).private_pb, &k) < 0)
		abort();
	return k;
}

static int gather(void *arg, const char *name)
{
	struct buf *all = arg;

	return buf_printf(all, "%s,", name);
}

static void life(void)
{
	char *path = folder(), file[4096];
	struct key *a = key("ed25519-seed1"), *b = key("spec-secp256k1"), *k = NULL;
	struct buf all = BUF_INIT(1024);
	struct stat st;

	CHECK(key_save(path, "site", a, 0) == 0);
	snprintf(file, sizeof file, "%s/key/site", path);
	CHECK(stat(file, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_ERR(key_save(path, "site", b, 0), ERR_EXISTS);
	CHECK(key_save(path, "blog", b, 0) == 0);
	NEED(key_load(path, "site", &k) == 0);
	CHECK(cid_equal(key_name(k), key_name(a)));
	key_free(k);
	CHECK(key_each(path, gather, &all) == 0);
	CHECK_STR((char *)all.data, "blog,site,");
	buf_reset(&all);
	CHECK(key_find(path, key_name(b), &all) == 0);
	CHECK_STR((char *)all.data, "blog");

	CHECK_ERR(key_rename(path, "none", "x", 0), ERR_NOTFOUND);
	CHECK_ERR(key_rename(path, "blog", "site", 0), ERR_EXISTS);
	CHECK(key_rename(path, "blog", "diary", 0) == 0);
	CHECK(key_rename(path, "diary", "site", 1) == 1);
	NEED(key_load(path, "site", &k) == 0);
	CHECK(cid_equal(key_name(k), key_name(b)));
	key_free(k);
	CHECK(key_save(path, "site", a, 1) == 0);
	CHECK_ERR(key_find(path, key_name(b), &all), ERR_NOTFOUND);
	CHECK(key_remove(path, "site") == 0);
	CHECK_ERR(key_remove(path, "site"), ERR_NOTFOUND);
	CHECK_ERR(key_load(path, "site", &k), ERR_NOTFOUND);
	buf_clear(&all);
	key_free(a);
	key_free(b);
}

static void names(void)
{
	static const char *bad[] = { "", ".", "..", ".hidden", "a/b", "a\nb", "a\x7f", "a\xff", "x.tmp.1.2" };
	char longest[KEY_NAME_MAX + 2];
	char *path = folder();
	struct key *a = key("ed25519-seed1");
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_ERR(key_name_check(bad[i]), ERR_USAGE);
		CHECK_ERR(key_save(path, bad[i], a, 1), ERR_USAGE);
	}
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	CHECK_ERR(key_name_check(longest), ERR_USAGE);
	longest[KEY_NAME_MAX] = 0;
	CHECK(key_save(path, longest, a, 0) == 0 && key_remove(path, longest) == 0);
	CHECK(key_name_check("Gr\xc3\xbc\xc3\x9f" "e 1") == 0);
	key_free(a);
}

static void damaged(void)
{
	char *path = folder(), file[4096];
	struct key *k = NULL;
	struct buf all = BUF_INIT(1024);
	FILE *f;

	snprintf(file, sizeof file, "%s/key/bad", path);
	f = fopen(file, "w");
	NEED(f && fputs("not a key", f) >= 0 && fclose(f) == 0);
	CHECK_ERR(key_load(path, "bad", &k), ERR_CORRUPT);
	snprintf(file, sizeof file, "%s/key/x.tmp.1.2.3", path);	/* one of a process that died */
	f = fopen(file, "w");
	NEED(f && fclose(f) == 0);
	CHECK(key_each(path, gather, &all) == 0);
	CHECK_STR((char *)all.data, "bad,");
	CHECK_ERR(key_load("/nowhere", "bad", &k), ERR_NOTFOUND);
	buf_clear(&all);
}

/* of many that save under one name, one wins */
static void at_once(void)
{
	char *path = folder();
	int i, status, won = 0;

	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			struct key *k = NULL;

			if (key_generate(KEY_ED25519, 0, &k) < 0)
				_exit(9);
			i = key_save(path, "one", k, 0);
			key_free(k);
			_exit(i == 0 ? 0 : i == ERR_EXISTS ? 1 : 9);
		}
	for (i = 0; i < 8; i++) {
		CHECK(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	CHECK(won == 1);
}

int main(void)
{
	RUN(life);
	RUN(names);
	RUN(damaged);
	RUN(at_once);
	return UNIT_END();
}
