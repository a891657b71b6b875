/* opts_test.c - options, profiles and how they settle: reference/unixfs.md sections 6 and 14 */
#include "unixfs/unixfs.h"
#include "tests/unit/unit.h"

/* set "key=value" words; 0 or the first error */
static int set_all(struct unixfs_opts *o, const char *text)
{
	char copy[512], *word, *save = NULL, *eq;
	int rc = 0;

	unixfs_opts_init(o);
	snprintf(copy, sizeof copy, "%s", text);
	for (word = strtok_r(copy, " ", &save); word && rc == 0; word = strtok_r(NULL, " ", &save)) {
		eq = strchr(word, '=');
		*eq = 0;
		rc = unixfs_opts_set(o, word, eq + 1);
	}
	return rc;
}

static void settle(const char *text, int meta, int version, int raw)
{
	struct unixfs_opts o;

	NEED(set_all(&o, text) == 0);
	CHECK(unixfs_opts_finish(&o, meta) == 0);
	if (o.cid_version != version || o.raw_leaves != raw)
		printf("# \"%s\": version %d, raw %d\n", text, o.cid_version, o.raw_leaves);
	CHECK(o.cid_version == version && o.raw_leaves == raw);
}

static void contradicts(const char *text, int meta, const char *words)
{
	struct unixfs_opts o;

	NEED(set_all(&o, text) == 0);
	CHECK_ERR(unixfs_opts_finish(&o, meta), ERR_USAGE);
	if (!strstr(err_text(), words))
		printf("# \"%s\": %s\n", text, err_text());
	CHECK(strstr(err_text(), words) != NULL);
}

static void refused(const char *key, const char *value, const char *words)
{
	struct unixfs_opts o, before;

	unixfs_opts_init(&o);
	before = o;
	CHECK_ERR(unixfs_opts_set(&o, key, value), ERR_USAGE);
	if (!strstr(err_text(), words))
		printf("# %s=%s: %s\n", key, value, err_text());
	CHECK(strstr(err_text(), words) != NULL);
	CHECK(memcmp(&o, &before, sizeof o) == 0);
}

static void defaults(void)
{
	struct unixfs_opts o;

	unixfs_opts_init(&o);
	CHECK_STR(o.chunker, "size-262144");
	CHECK(o.cid_version == -1 && o.raw_leaves == -1 && o.hash == MH_SHA2_256 && !o.trickle);
	CHECK(o.max_links == 174 && o.dir_max_links == 0 && o.hamt_fanout == 256);
	CHECK(o.hamt_threshold == 262144 && o.hamt_estimate == UNIXFS_EST_LINKS && o.inline_limit == 0);
}

static void profiles(void)
{
	static const char *const names[] = { "unixfs-v0-2015", "legacy-cid-v0", "unixfs-v1-2025",
					     "test-cid-v1", "test-cid-v1-wide" };
	struct unixfs_opts o;
	int i;

	for (i = 0; i < 5; i++)
		CHECK_STR(unixfs_profile_name(i), names[i]);
	CHECK(unixfs_profile_name(5) == NULL && unixfs_profile_name(-1) == NULL);
	unixfs_opts_init(&o);
	CHECK_ERR(unixfs_opts_profile(&o, "unixfs-v2"), ERR_NOTFOUND);
	CHECK(unixfs_opts_profile(&o, "unixfs-v1-2025") == 0);
	CHECK_STR(o.chunker, "size-1048576");
	CHECK(o.cid_version == 1 && o.raw_leaves == 1 && o.max_links == 1024 && o.hamt_fanout == 256);
	CHECK(o.hamt_threshold == 262144 && o.hamt_estimate == UNIXFS_EST_BLOCK);
	CHECK(unixfs_opts_profile(&o, "test-cid-v1-wide") == 0);
	CHECK(o.max_links == 1024 && o.hamt_fanout == 1024 && o.hamt_threshold == 1048576);
	CHECK(o.hamt_estimate == UNIXFS_EST_LINKS);
	CHECK(unixfs_opts_profile(&o, "test-cid-v1") == 0);
	CHECK(o.max_links == 174 && o.cid_version == 1 && o.hamt_threshold == 262144);
	CHECK(unixfs_opts_profile(&o, "legacy-cid-v0") == 0);
	CHECK(o.cid_version == 0 && o.raw_leaves == 0 && o.max_links == 174);
}

static void settling(void)
{
	settle("", 0, 0, 0);
	settle("raw-leaves=yes", 0, 0, 1);
	settle("cid-version=1", 0, 1, 1);
	settle("cid-version=1 raw-leaves=no", 0, 1, 0);
	settle("hash=sha2-512", 0, 1, 1);
	settle("hash=sha2-512 raw-leaves=false", 0, 1, 0);
	settle("hash=sha2-256", 0, 0, 0);
	settle("hash=identity", 0, 1, 1);
	settle("", 1, 0, 0);
	settle("cid-version=1", 1, 1, 0);
	settle("cid-version=1 raw-leaves=no", 1, 1, 0);
	settle("hash=blake3", 1, 1, 0);
	settle("profile=unixfs-v0-2015 cid-version=1", 0, 1, 0);
	settle("profile=unixfs-v1-2025", 0, 1, 1);
	settle("layout=trickle max-links=1", 0, 0, 0);
	contradicts("raw-leaves=yes", 1, "raw-leaves can't be used with UnixFS metadata like mode or "
		    "modification time");
	contradicts("profile=unixfs-v1-2025", 1, "raw-leaves can't be used");
	contradicts("cid-version=0 hash=sha2-512", 0, "CIDv0 only supports sha2-256");
	contradicts("profile=unixfs-v0-2015 hash=sha2-512", 0, "CIDv0 only supports sha2-256");
	contradicts("max-links=1", 0, "max-links must be from 2");
	contradicts("hash=md5", 0, "hash md5");
	contradicts("hash=shake-128", 0, "potentially insecure hash functions not allowed");
	contradicts("hash=murmur3-x64-64", 0, "hash murmur3-x64-64");
}

static void finish_checks_the_struct_too(void)
{
	struct unixfs_opts o;

	unixfs_opts_init(&o);
	o.inline_limit = 129;
	CHECK_ERR(unixfs_opts_finish(&o, 0), ERR_USAGE);
	unixfs_opts_init(&o);
	o.cid_version = 2;
	CHECK_ERR(unixfs_opts_finish(&o, 0), ERR_USAGE);
	CHECK_STR(err_text(), "unknown CID version: 2");
	unixfs_opts_init(&o);
	o.hamt_fanout = 100;
	CHECK_ERR(unixfs_opts_finish(&o, 0), ERR_USAGE);
	unixfs_opts_init(&o);
	strcpy(o.chunker, "size-x");
	CHECK_ERR(unixfs_opts_finish(&o, 0), ERR_USAGE);
	unixfs_opts_init(&o);
	o.hash = 0x7fffffff;
	CHECK_ERR(unixfs_opts_finish(&o, 0), ERR_USAGE);
}

static void values(void)
{
	struct unixfs_opts o;

	NEED(set_all(&o, "chunker=rabin-16-32-64 layout=trickle inline=yes max-links=7 dir-max-links=9 "
		     "hamt-fanout=1024 hamt-threshold=1MiB hamt-estimate=disabled") == 0);
	CHECK_STR(o.chunker, "rabin-16-32-64");
	CHECK(o.trickle && o.inline_limit == 32 && o.max_links == 7 && o.dir_max_links == 9);
	CHECK(o.hamt_fanout == 1024 && o.hamt_threshold == 1 << 20);
	CHECK(o.hamt_estimate == UNIXFS_EST_DISABLED);
	CHECK(set_all(&o, "inline=128") == 0 && o.inline_limit == 128);
	CHECK(set_all(&o, "inline=32 inline=no") == 0 && o.inline_limit == 0);
	CHECK(set_all(&o, "hash=SHA2-512") == 0 && o.hash == MH_SHA2_512 && o.hash_set);
	CHECK(set_all(&o, "hamt-threshold=0") == 0 && o.hamt_threshold == 0);
	CHECK(set_all(&o, "layout=trickle layout=balanced") == 0 && !o.trickle);

	refused("colour", "red", "no import option \"colour\"");
	refused("chunker", "cake", "unrecognized chunker option: cake");
	refused("layout", "flat", "layout");
	refused("cid-version", "2", "unknown CID version: 2");
	refused("cid-version", "one", "unknown CID version: one");
	refused("raw-leaves", "maybe", "raw-leaves");
	refused("hash", "sha2-257", "unrecognized hash function: \"sha2-257\"");
	refused("inline", "129", "inline-limit 129 exceeds maximum allowed size of 128 bytes");
	refused("inline", "some", "inline");
	refused("max-links", "0", "max-links");
	refused("max-links", "-1", "max-links");
	refused("dir-max-links", "99999999999", "dir-max-links");
	refused("hamt-fanout", "4", "HAMT fanout must be a positive power of 2 and multiple of 8: 4");
	refused("hamt-fanout", "100", "HAMT fanout must be a positive power of 2 and multiple of 8: 100");
	refused("hamt-fanout", "2048", "HAMT fanout");
	refused("hamt-threshold", "big", "hamt-threshold");
	refused("hamt-estimate", "guess", "hamt-estimate");
	refused("profile", "none", "no profile \"none\"");
}

int main(void)
{
	RUN(defaults);
	RUN(profiles);
	RUN(settling);
	RUN(finish_checks_the_struct_too);
	RUN(values);
	return UNIT_END();
}
