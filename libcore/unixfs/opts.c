/* opts.c - what shapes a DAG: options, profiles, and how they settle (reference section 6) */
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "base/err.h"
#include "base/num.h"
#include "unixfs/unixfs.h"

enum { KIB = 1024, INLINE_DEFAULT = 32, FANOUT_MIN = 8, FANOUT_MAX = 1024, LINKS_MAX = 1 << 20 };

/* Kubo config/profile.go and IPIP-499; the test profiles lived from 0.29 to 0.39 */
static const struct profile {
	const char *name;
	int cid_version, raw_leaves;
	const char *chunker;
	uint32_t max_links, hamt_fanout;
	uint64_t hamt_threshold;
	enum unixfs_estimate estimate;
} profiles[] = {
	{ "unixfs-v0-2015", 0, 0, "size-262144", 174, 256, 256 * KIB, UNIXFS_EST_LINKS },
	{ "legacy-cid-v0", 0, 0, "size-262144", 174, 256, 256 * KIB, UNIXFS_EST_LINKS },
	{ "unixfs-v1-2025", 1, 1, "size-1048576", 1024, 256, 256 * KIB, UNIXFS_EST_BLOCK },
	{ "test-cid-v1", 1, 1, "size-1048576", 174, 256, 256 * KIB, UNIXFS_EST_LINKS },
	{ "test-cid-v1-wide", 1, 1, "size-1048576", 1024, 1024, 1024 * KIB, UNIXFS_EST_LINKS },
};
enum { N_PROFILES = sizeof profiles / sizeof profiles[0] };

static void apply(struct unixfs_opts *o, const struct profile *p)
{
	snprintf(o->chunker, sizeof o->chunker, "%s", p->chunker);
	o->trickle = 0;
	o->cid_version = p->cid_version;
	o->raw_leaves = p->raw_leaves;
	o->hash = MH_SHA2_256;
	o->max_links = p->max_links;
	o->dir_max_links = 0;
	o->hamt_fanout = p->hamt_fanout;
	o->hamt_threshold = p->hamt_threshold;
	o->hamt_estimate = p->estimate;
}

void unixfs_opts_init(struct unixfs_opts *o)
{
	*o = (struct unixfs_opts){ .inline_limit = 0 };
	apply(o, &profiles[0]);
	o->cid_version = o->raw_leaves = -1;	/* chosen by nobody yet */
}

int unixfs_opts_profile(struct unixfs_opts *o, const char *name)
{
	int i;

	for (i = 0; i < N_PROFILES; i++) {
		if (strcmp(profiles[i].name, name) == 0) {
			apply(o, &profiles[i]);
			o->hash_set = o->raw_leaves_set = 1;
			return 0;
		}
	}
	return err_set(ERR_NOTFOUND, "no profile \"%s\"", name);
}

const char *unixfs_profile_name(int i)
{
	return i >= 0 && i < N_PROFILES ? profiles[i].name : NULL;
}

int unixfs_opts_flag(const char *key, const char *text)
{
	static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = {
		"false", "no", "off", "0" };
	size_t i;

	for (i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return 1;
		if (strcasecmp(text, no[i]) == 0)
			return 0;
	}
	return err_set(ERR_USAGE, "%s is yes or no, not \"%s\"", key, text);
}

static int parse_count(const char *key, const char *text, uint64_t min, uint64_t max, uint32_t *out)
{
	uint64_t v;
	int rc = num_parse(text, &v);

	if (rc < 0)
		return err_add(rc, "%s", key);
	if (v < min || v > max)
		return err_set(ERR_USAGE, "%s must be from %" PRIu64 " to %" PRIu64 ", not %" PRIu64,
			       key, min, max, v);
	*out = (uint32_t)v;
	return 0;
}

static int fanout_ok(uint64_t n)
{
	if (n < FANOUT_MIN || n > FANOUT_MAX || (n & (n - 1)))
		return err_set(ERR_USAGE, "HAMT fanout must be a positive power of 2 and multiple of 8: "
			       "%" PRIu64, n);
	return 0;
}

static int set_chunker(struct unixfs_opts *o, const char *value)
{
	struct chunker *c;
	int rc = chunker_new(&c, value);

	if (rc < 0)
		return rc;
	chunker_free(c);
	if (strlen(value) >= sizeof o->chunker)
		return err_set(ERR_USAGE, "chunker \"%.64s...\" is too long", value);
	memcpy(o->chunker, value, strlen(value) + 1);
	return 0;
}

static int set_layout(struct unixfs_opts *o, const char *value)
{
	if (strcmp(value, "balanced") && strcmp(value, "trickle"))
		return err_set(ERR_USAGE, "layout must be balanced or trickle, not \"%s\"", value);
	o->trickle = value[0] == 't';
	return 0;
}

static int set_cid_version(struct unixfs_opts *o, const char *value)
{
	uint64_t v;

	if (num_parse(value, &v) < 0 || v > 1)
		return err_set(ERR_USAGE, "unknown CID version: %s", value);
	o->cid_version = (int)v;
	return 0;
}

static int set_raw_leaves(struct unixfs_opts *o, const char *value)
{
	int v = unixfs_opts_flag("raw-leaves", value);

	if (v < 0)
		return v;
	o->raw_leaves = v;
	o->raw_leaves_set = 1;
	return 0;
}

static int set_hash(struct unixfs_opts *o, const char *value)
{
	int rc = mh_by_name(value, &o->hash);

	if (rc < 0)
		return err_add(ERR_USAGE, "hash");
	o->hash_set = 1;
	return 0;
}

static int set_inline(struct unixfs_opts *o, const char *value)
{
	uint64_t v;
	int yes;

	if (num_parse(value, &v) < 0) {
		yes = unixfs_opts_flag("inline", value);
		if (yes < 0)
			return yes;
		v = yes ? INLINE_DEFAULT : 0;
	}
	if (v > UNIXFS_INLINE_MAX)
		return err_set(ERR_USAGE, "inline-limit %" PRIu64 " exceeds maximum allowed size of %d "
			       "bytes", v, UNIXFS_INLINE_MAX);
	o->inline_limit = (int)v;
	return 0;
}

static int set_max_links(struct unixfs_opts *o, const char *value)
{
	return parse_count("max-links", value, 1, LINKS_MAX, &o->max_links);
}

static int set_dir_max_links(struct unixfs_opts *o, const char *value)
{
	return parse_count("dir-max-links", value, 0, UINT32_MAX, &o->dir_max_links);
}

static int set_fanout(struct unixfs_opts *o, const char *value)
{
	uint64_t v;
	int rc = num_parse(value, &v);

	if (rc == 0)
		rc = fanout_ok(v);
	if (rc == 0)
		o->hamt_fanout = (uint32_t)v;
	return rc;
}

static int set_threshold(struct unixfs_opts *o, const char *value)
{
	int rc = num_parse_size(value, &o->hamt_threshold);

	return rc < 0 ? err_add(rc, "hamt-threshold") : 0;
}

static int set_estimate(struct unixfs_opts *o, const char *value)
{
	static const char *const names[] = { "links", "block", "disabled" };
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(value, names[i]) == 0) {
			o->hamt_estimate = (enum unixfs_estimate)i;
			return 0;
		}
	}
	return err_set(ERR_USAGE, "hamt-estimate must be links, block or disabled, not \"%s\"", value);
}

static int set_profile(struct unixfs_opts *o, const char *value)
{
	int rc = unixfs_opts_profile(o, value);

	return rc < 0 ? err_add(ERR_USAGE, "profile") : 0;
}

int unixfs_opts_set(struct unixfs_opts *o, const char *key, const char *value)
{
	static const struct {
		const char *key;
		int (*set)(struct unixfs_opts *o, const char *value);
	} table[] = {
		{ "chunker", set_chunker },
		{ "layout", set_layout },
		{ "cid-version", set_cid_version },
		{ "raw-leaves", set_raw_leaves },
		{ "hash", set_hash },
		{ "inline", set_inline },
		{ "max-links", set_max_links },
		{ "dir-max-links", set_dir_max_links },
		{ "hamt-fanout", set_fanout },
		{ "hamt-threshold", set_threshold },
		{ "hamt-estimate", set_estimate },
		{ "profile", set_profile },
	};
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strcmp(table[i].key, key) == 0)
			return table[i].set(o, value);
	return err_set(ERR_USAGE, "no import option \"%s\"", key);
}

/* The store and the network refuse blocks named by weak or unknown hashes: say so before reading. */
static int hash_ok(uint64_t code)
{
	static const uint8_t zeros[MH_DIGEST_MAX];
	int len = mh_native(code);
	const char *name = mh_name(code);

	if (len < 0)
		return err_set(ERR_USAGE, "cannot compute hash %s (0x%" PRIx64 ")", name ? name : "?",
			       code);
	if (mh_allowed(&(struct mh){ code, span_of(zeros, (size_t)len) }) < 0)
		return err_add(ERR_USAGE, "hash %s", name ? name : "?");
	return 0;
}

int unixfs_opts_finish(struct unixfs_opts *o, int with_meta)
{
	struct chunker *c;
	int rc;

	if (o->inline_limit < UNIXFS_INLINE_EMPTY || o->inline_limit > UNIXFS_INLINE_MAX)
		return err_set(ERR_USAGE, "inline-limit %d exceeds maximum allowed size of %d bytes",
			       o->inline_limit, UNIXFS_INLINE_MAX);
	if (with_meta && o->raw_leaves == 1)
		return err_set(ERR_USAGE, "raw-leaves can't be used with UnixFS metadata like mode or "
			       "modification time");
	if (with_meta)
		o->raw_leaves = 0;
	if (o->hash != MH_SHA2_256 && o->cid_version == 0)
		return err_set(ERR_USAGE, "CIDv0 only supports sha2-256");
	if (o->cid_version < 0)
		o->cid_version = o->hash != MH_SHA2_256;
	if (o->cid_version > 1)
		return err_set(ERR_USAGE, "unknown CID version: %d", o->cid_version);
	if (o->raw_leaves < 0)
		o->raw_leaves = o->cid_version == 1;
	/* one link a node never comes to an end: Kubo hangs here */
	if (o->max_links < (o->trickle ? 1u : 2u) || o->max_links > LINKS_MAX)
		return err_set(ERR_USAGE, "max-links must be from %d to %d, not %" PRIu32,
			       o->trickle ? 1 : 2, LINKS_MAX, o->max_links);
	rc = fanout_ok(o->hamt_fanout);
	if (rc == 0)
		rc = hash_ok(o->hash);
	if (rc == 0)
		rc = chunker_new(&c, o->chunker);
	if (rc == 0)
		chunker_free(c);
	return rc;
}
