#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/key.h"
#include "unit.h"

static char *dir;

static void signs_and_verifies(void)
{
	struct span data = span_str("hello"), other = span_str("hallo");
	struct buf sig = BUF_INIT(KEY_SIG_MAX);
	char text[CID_TEXT_MAX];
	struct key *k = NULL;
	struct cid id;
	int kept;

	NEED(key_generate(KEY_SECP256K1, 0, &k) == 0);
	NEED(key_save(dir, "a", k, 0) == 0);
	CHECK(ops_key_sign(k, data, &sig) == 0);
	CHECK(ops_key_verify(dir, "a", data, buf_span(&sig), &id, &kept) == 1);
	CHECK(kept && cid_equal(&id, key_name(k)));
	CHECK(ops_key_verify(dir, "a", other, buf_span(&sig), &id, &kept) == 0);
	CHECK(ops_key_verify(dir, cid_text(key_name(k), text), data, buf_span(&sig), &id, &kept) == 1);
	CHECK(!kept);
	CHECK(ops_key_verify(dir, "self", data, buf_span(&sig), &id, &kept) == 0);
	CHECK_ERR(ops_key_verify(dir, "nobody", data, buf_span(&sig), &id, &kept), ERR_USAGE);
	CHECK_ERR(ops_key_verify(dir, "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", data, buf_span(&sig), &id, &kept),
		  ERR_UNSUPPORTED);
	key_free(k);
	buf_clear(&sig);
}

/* the prefix keeps a signature from being one over a record */
static void what_is_signed_is_not_the_bytes_alone(void)
{
	struct span data = span_str("hello"), whole = span_str("libp2p-key signed message:hello");
	struct buf sig = BUF_INIT(KEY_SIG_MAX);
	struct key_public p;
	struct key *k = NULL;

	NEED(key_generate(KEY_ED25519, 0, &k) == 0);
	CHECK(ops_key_sign(k, data, &sig) == 0);
	NEED(key_public_decode(key_public_pb(k), &p) == 0);
	CHECK_ERR(key_verify(&p, &data, 1, buf_span(&sig)), ERR_CORRUPT);
	CHECK(key_verify(&p, &whole, 1, buf_span(&sig)) == 0);
	key_free(k);
	buf_clear(&sig);
}

static void finds_by_name_and_by_id(void)
{
	char text[CID_TEXT_MAX];
	struct key *k = NULL, *found = NULL;

	NEED(key_load(dir, "a", &k) == 0);
	cid_text(key_name(k), text);
	NEED(ops_key_find(dir, text, &found) == 0);
	CHECK(cid_equal(key_name(found), key_name(k)));
	key_free(found);
	key_free(k);
	NEED(ops_key_find(dir, "", &k) == 0);
	cid_text(key_name(k), text);
	NEED(ops_key_find(dir, text, &found) == 0);
	CHECK(cid_equal(key_name(found), key_name(k)));
	key_free(found);
	key_free(k);
	CHECK_ERR(ops_key_find(dir, "nobody", &k), ERR_NOTFOUND);
	CHECK_ERR(ops_key_find(dir, "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", &k), ERR_NOTFOUND);
}

/* many who need the node's key for the first time at once agree on one */
static void all_make_the_same_self(void)
{
	char fresh[4200], folder[4300], text[CID_TEXT_MAX], first[CID_TEXT_MAX] = "";
	struct key *k = NULL;
	int fd[2], i, status;
	ssize_t n;

	snprintf(fresh, sizeof fresh, "%s/fresh", dir);
	snprintf(folder, sizeof folder, "%s/key", fresh);
	NEED(mkdir(fresh, 0700) == 0 && mkdir(folder, 0700) == 0);
	NEED(pipe(fd) == 0);
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			memset(text, 0, sizeof text);
			if (key_self(fresh, &k) < 0 || write(fd[1], cid_text(key_name(k), text), 128) != 128)
				_exit(1);
			_exit(0);
		}
	close(fd[1]);
	for (i = 0; i < 8; i++) {
		wait(&status);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	for (i = 0; (n = read(fd[0], text, 128)) == 128; i++) {
		if (!*first)
			memcpy(first, text, 128);
		CHECK_STR(text, first);
	}
	CHECK(i == 8);
	close(fd[0]);
	NEED(key_self(fresh, &k) == 0);
	CHECK_STR(cid_text(key_name(k), text), first);
	key_free(k);
}

int main(void)
{
	char folder[4200];

	dir = unit_tmpdir();
	snprintf(folder, sizeof folder, "%s/key", dir);
	if (mkdir(folder, 0700) < 0)
		return 1;
	RUN(signs_and_verifies);
	RUN(what_is_signed_is_not_the_bytes_alone);
	RUN(finds_by_name_and_by_id);
	RUN(all_make_the_same_self);
	return UNIT_END();
}
