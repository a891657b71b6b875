/* make.h - build things in tests: the deterministic data of the vectors, files and directories */
#ifndef TESTS_UNIXFS_MAKE_H
#define TESTS_UNIXFS_MAKE_H

#include <nettle/chacha.h>

#include "tests/unit/memdag.h"
#include "unixfs/unixfs.h"

/* make_chacha - ChaCha20 key stream, key SHA-256(seed), zero nonce (Kubo test/cli/testutils/
 * random_deterministic.go) */
struct make_chacha {
	struct chacha_ctx ctx;
	uint64_t left;
	int zeros;			/* zero bytes instead */
	uint8_t block[CHACHA_BLOCK_SIZE];	/* key stream not given yet: its last `n` bytes */
	size_t n;
};

__attribute__((unused)) static struct make_chacha make_chacha(const char *seed, uint64_t len)
{
	static const uint8_t nonce[CHACHA_NONCE_SIZE];
	struct make_chacha c = { .left = len, .zeros = !seed };
	uint8_t key[MH_DIGEST_MAX];
	struct span s = span_str(seed ? seed : "");

	if (mh_sum(MH_SHA2_256, &s, 1, 0, key) != 32)
		abort();
	chacha_set_key(&c.ctx, key);
	chacha_set_nonce(&c.ctx, nonce);
	return c;
}

__attribute__((unused)) static ssize_t make_chacha_read(void *arg, void *p, size_t len)
{
	struct make_chacha *c = arg;

	uint8_t *out = p;
	size_t whole;

	if (len > 999983)			/* as odd as a pipe may be */
		len = 999983;
	if (len > c->left)
		len = (size_t)c->left;
	c->left -= len;
	memset(p, 0, len);
	if (c->zeros)
		return (ssize_t)len;
	/* nettle goes on with a fresh block at every call */
	for (whole = 0; whole < len && c->n > 0; whole++)
		out[whole] = c->block[sizeof c->block - c->n--];
	if (whole < len) {
		size_t n = (len - whole) / CHACHA_BLOCK_SIZE * CHACHA_BLOCK_SIZE;

		chacha_crypt(&c->ctx, n, out + whole, out + whole);
		whole += n;
	}
	if (whole < len) {
		memset(c->block, 0, sizeof c->block);
		chacha_crypt(&c->ctx, sizeof c->block, c->block, c->block);
		for (c->n = sizeof c->block; whole < len; whole++)
			out[whole] = c->block[sizeof c->block - c->n--];
	}
	return (ssize_t)len;
}

/* make_bytes - n bytes of the stream, kept */
__attribute__((unused)) static struct span make_bytes(const char *seed, size_t n)
{
	struct make_chacha c = make_chacha(seed, n);
	uint8_t *p = unit_kept(n + 64);

	memset(p, 0, n);
	if (seed)
		chacha_crypt(&c.ctx, n, p, p);
	return span_of(p, n);
}

/* make_opts - options from "key=value key=value"; "meta" among them: with metadata */
__attribute__((unused)) static int make_opts(struct unixfs_opts *o, const char *text)
{
	char copy[512], *word, *save = NULL, *eq;
	int rc = 0, meta = 0;

	unixfs_opts_init(o);
	snprintf(copy, sizeof copy, "%s", text);
	for (word = strtok_r(copy, " ", &save); word && rc == 0; word = strtok_r(NULL, " ", &save)) {
		eq = strchr(word, '=');
		if (!eq) {
			meta = 1;
			continue;
		}
		*eq = 0;
		rc = unixfs_opts_set(o, word, eq + 1);
	}
	return rc < 0 ? rc : unixfs_opts_finish(o, meta);
}

static struct memdag make_dag;

/* make_builder - one into make_dag; options as make_opts takes them */
__attribute__((unused)) static struct unixfs_builder *make_builder(const char *options)
{
	struct unixfs_builder *b;
	struct unixfs_opts o;

	if (!make_dag.slot)
		memdag_init(&make_dag);
	if (make_opts(&o, options) < 0 || unixfs_builder_new(&b, &o, &make_dag.sink, NULL) < 0) {
		printf("# options \"%s\": %s\n", options, err_text());
		abort();
	}
	return b;
}

struct make_input { struct span left; };

__attribute__((unused)) static ssize_t make_read(void *arg, void *p, size_t len)
{
	struct make_input *in = arg;

	if (len > in->left.len)
		len = in->left.len;
	if (len)
		memcpy(p, in->left.p, len);
	in->left = span_of(in->left.p + len, in->left.len - len);
	return (ssize_t)len;
}

__attribute__((unused)) static struct unixfs_node make_file(struct unixfs_builder *b, struct span bytes,
							    const struct unixfs_meta *meta)
{
	struct make_input in = { bytes };
	struct unixfs_node n = { .tsize = 0 };

	if (unixfs_add_read(b, make_read, &in, meta, &n) < 0) {
		printf("# adding: %s\n", err_text());
		abort();
	}
	return n;
}

__attribute__((unused)) static struct unixfs_node make_text(struct unixfs_builder *b, const char *text)
{
	return make_file(b, span_str(text), NULL);
}

/* make_tree - a directory from "name=text" and "dir/name=text" lines, "link@target" for symlinks,
 * "dir/" for an empty folder; lines are sorted so that what is in a folder stands together */
__attribute__((unused)) static struct unixfs_node make_tree(struct unixfs_builder *b,
							    const char *const *lines, size_t n)
{
	struct unixfs_node out, sub;
	struct unixfs_dir *d;
	size_t i, j, k;

	if (unixfs_dir_new(&d, b, NULL) < 0)
		abort();
	for (i = 0; i < n; i = j) {
		size_t name = strcspn(lines[i], "/=@");
		const char *rest = lines[i] + name + 1;
		int rc;

		j = i + 1;
		if (lines[i][name] == '/') {
			const char *inner[32];

			while (j < n && strncmp(lines[i], lines[j], name + 1) == 0)
				j++;
			for (k = i; k < j; k++)
				inner[k - i] = lines[k] + name + 1;
			sub = make_tree(b, inner, *rest ? j - i : 0);
		} else if (lines[i][name] == '@') {
			if (unixfs_add_symlink(b, span_str(rest), NULL, &sub) < 0)
				abort();
		} else {
			sub = make_text(b, rest);
		}
		rc = unixfs_dir_add(d, span_of(lines[i], name), &sub);
		if (rc < 0)
			abort();
	}
	if (unixfs_dir_end(d, &out) < 0)
		abort();
	return out;
}

static char make_text_room[8][CID_TEXT_MAX];
static int make_text_next;

__attribute__((unused)) static const char *make_cid(const struct unixfs_node *n)
{
	return cid_text(&n->cid, make_text_room[make_text_next++ % 8]);
}

#endif
