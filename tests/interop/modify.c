/*
 * modify.c - files made and modified as lines on standard input say, and their CIDs; for go_modify.py
 * and kubo_modify.py.
 *
 *   add LAYOUT VERSION RAW HASH CHUNKER WIDTH SEED LEN      a file of noise
 *   edit CID RAW CHUNKER [t SIZE] [w OFF SEED LEN] ...      RAW -: not said; t 0 right before w: together
 *   meta CID MODE MTIME NSEC                                - leaves one as it is
 *   read CID                                                its bytes, as their SHA-256
 *   look CID                                                raw | leaf and its bytes | inner and its links
 *   mtime CID                                               none | then | now
 *
 * tests/interop/gomodify/main.go answers the same lines with boxo.
 */
#include <time.h>

#include "memdag.h"
#include "multi/mh.h"
#include "unixfs/unixfs.h"

static struct memdag dag;

/* noise - the same bytes as the other side makes: a linear congruential generator */
struct noise { uint64_t state, left; };

static ssize_t noise_read(void *arg, void *p, size_t len)
{
	struct noise *n = arg;
	uint8_t *out = p;
	size_t i;

	if (len > 70001)			/* as odd as a pipe may be */
		len = 70001;
	if (len > n->left)
		len = (size_t)n->left;
	for (i = 0; i < len; i++) {
		n->state = n->state * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(n->state >> 56);
	}
	n->left -= len;
	return (ssize_t)len;
}

static uint64_t number(const char *text)
{
	return text ? strtoull(text, NULL, 10) : 0;
}

static struct unixfs_builder *builder(struct unixfs_opts *o)
{
	struct unixfs_builder *b;

	if (unixfs_opts_finish(o, 0) < 0 || unixfs_builder_new(&b, o, &dag.sink, NULL) < 0) {
		fprintf(stderr, "%s\n", err_text());
		exit(4);
	}
	return b;
}

static char *word(char **line)
{
	return strtok_r(NULL, " \n", line);
}

static int add(char **line, struct unixfs_node *out)
{
	static const char *const keys[] = { "layout", "cid-version", "raw-leaves", "hash", "chunker", "max-links" };
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct noise n;
	size_t i;
	int rc;

	unixfs_opts_init(&o);
	for (i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (unixfs_opts_set(&o, keys[i], word(line)) < 0)
			return ERR_USAGE;
	b = builder(&o);
	n.state = number(word(line));
	n.left = number(word(line));
	rc = unixfs_add_read(b, noise_read, &n, NULL, out);
	unixfs_builder_free(b);
	return rc;
}

static int edit(char **line, struct unixfs_node *out)
{
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct noise n;
	uint64_t off;
	char *w;
	int rc = cid_parse(span_str(word(line)), &out->cid, NULL), anew = 0;

	unixfs_opts_init(&o);
	w = word(line);
	if (rc == 0 && *w != '-')
		rc = unixfs_opts_set(&o, "raw-leaves", w);
	if (rc == 0)
		rc = unixfs_opts_set(&o, "chunker", word(line));
	if (rc < 0)
		return rc;
	b = builder(&o);
	while (rc == 0 && (w = word(line))) {
		off = number(word(line));
		if (*w == 't' && off == 0 && *line && **line == 'w') {
			anew = 1;
			continue;
		}
		if (*w == 't') {
			rc = unixfs_truncate(b, &dag.source, &out->cid, off, out);
			continue;
		}
		n.state = number(word(line));
		n.left = number(word(line));
		rc = (anew ? unixfs_write_anew : unixfs_write_at)(b, &dag.source, &out->cid, off, noise_read, &n,
								  UINT64_MAX, out);
		anew = 0;
	}
	unixfs_builder_free(b);
	return rc;
}

static int meta(char **line, struct unixfs_node *out)
{
	int rc = cid_parse(span_str(word(line)), &out->cid, NULL), which = 0;
	struct unixfs_meta set = { .mode = 0 };
	struct unixfs_builder *b;
	struct unixfs_opts o;
	char *mode = word(line), *mtime = word(line), *nsec = word(line);

	unixfs_opts_init(&o);
	b = builder(&o);
	if (strcmp(mode, "-")) {
		set.mode = (uint32_t)strtoul(mode, NULL, 8);
		which |= UNIXFS_SET_MODE;
	}
	if (strcmp(mtime, "-")) {
		set.has_mtime = 1;
		set.mtime = strtoll(mtime, NULL, 10);
		set.nsec = (uint32_t)number(nsec);
		which |= UNIXFS_SET_MTIME;
	}
	if (rc == 0)
		rc = unixfs_set_meta(b, &dag.source, &out->cid, &set, which, out);
	unixfs_builder_free(b);
	return rc;
}

struct sum {
	struct sink sink;
	struct mh_ctx *ctx;
};

static int sum_put(struct sink *s, const struct piece *p)
{
	mh_update(((struct sum *)(void *)s)->ctx, p->bytes);
	return 0;
}

static int read_back(char **line, struct unixfs_node *out)
{
	struct sum s = { .sink = { sum_put } };
	uint8_t digest[MH_DIGEST_MAX];
	int rc = cid_parse(span_str(word(line)), &out->cid, NULL), i;

	if (rc == 0)
		rc = mh_begin(&s.ctx, MH_SHA2_256);
	if (rc < 0)
		return rc;
	rc = unixfs_cat(&dag.source, &out->cid, 0, UINT64_MAX, &s.sink, NULL, NULL);
	mh_end(s.ctx, 0, digest);
	for (i = 0; rc == 0 && i < 32; i++)
		printf("%02x", digest[i]);
	return rc < 0 ? rc : 1;
}

static int look(char **line, struct unixfs_node *out)
{
	struct unixfs_stat st;
	int rc = cid_parse(span_str(word(line)), &out->cid, NULL);

	if (rc == 0)
		rc = unixfs_stat(&dag.source, &out->cid, &st);
	if (rc == 0)
		printf("%s %" PRIu64, out->cid.codec == CID_RAW ? "raw" : st.n_links ? "inner" : "leaf",
		       st.n_links ? st.n_links : st.size);
	return rc < 0 ? rc : 1;
}

static int mtime(char **line, struct unixfs_node *out)
{
	struct unixfs_stat st;
	int rc = cid_parse(span_str(word(line)), &out->cid, NULL);

	if (rc == 0)
		rc = unixfs_stat(&dag.source, &out->cid, &st);
	if (rc == 0)
		printf("%s", !st.meta.has_mtime ? "none" : st.meta.mtime < time(NULL) - 3600 ? "then" : "now");
	return rc < 0 ? rc : 1;
}

static const struct {
	const char *name;
	int (*run)(char **line, struct unixfs_node *out);	/* 0: *out; 1: it printed */
} verbs[] = {
	{ "add", add }, { "edit", edit }, { "meta", meta }, { "read", read_back }, { "look", look }, { "mtime", mtime },
};

static int run(const char *verb, char **line, struct unixfs_node *out)
{
	size_t i;

	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (!strcmp(verb, verbs[i].name))
			return verbs[i].run(line, out);
	return err_set(ERR_USAGE, "no verb %s", verb);
}

int main(void)
{
	struct unixfs_node out;
	char line[4096], *rest = NULL, *verb;
	char text[CID_TEXT_MAX];
	int rc;

	memdag_init(&dag);
	while (fgets(line, sizeof line, stdin)) {
		verb = strtok_r(line, " \n", &rest);
		if (!verb)
			continue;
		rc = run(verb, &rest, &out);
		if (rc == 0)
			printf("%s", cid_text(&out.cid, text));
		else if (rc < 0)
			printf("error %s", err_text());
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
