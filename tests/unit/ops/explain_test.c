/* explain_test.c - the way back from a CID to options */
#include "ops/explain.h"
#include "tests/unit/ops/told.h"

static char told[512];
static int n_found;

static int found(void *arg, const char *text, const struct cid *cid)
{
	(void)arg;
	(void)cid;
	if (!n_found++)
		snprintf(told, sizeof told, "%s", text);
	return 0;
}

static int stop(void *arg, uint64_t bytes)
{
	(void)arg;
	(void)bytes;
	return 1;
}

static struct cid name(const char *path, const char *set)
{
	struct ops_add o = options();

	o.only_hash = 1;
	if (ops_add_set(&o, set) < 0 || add_one(&o, path, -1) < 0 || got.troubles) {
		printf("# %s: %s\n", set, err_text());
		abort();
	}
	return got.root.cid;
}

static int explain(const char *path, const struct cid *cid)
{
	const struct ops_explain e = { found, NULL, NULL };

	n_found = 0;
	told[0] = 0;
	return ops_explain(path, cid, &e);
}

static void files(void)
{
	static const char *const ways[] = {
		"", "cid-version=1", "cid-version=1,raw-leaves=no", "raw-leaves=yes", "layout=trickle",
		"chunker=size-1024,max-links=11", "chunker=buzhash,hash=blake2b-256", "chunker=rabin",
		"cid-version=1,chunker=size-65536,layout=trickle,max-links=11",
		"raw-leaves=yes,chunker=rabin-16384-131072-524288", NULL
	};
	int i;

	make_file("f", 700000, 5);
	for (i = 0; ways[i]; i++) {
		struct cid cid = name(at("f"), ways[i]), again;

		CHECK(explain(at("f"), &cid) == 1);
		CHECK(n_found >= 1);
		again = name(at("f"), strncmp(told, "-O ", 3) ? told : told + 3);
		if (!cid_equal(&again, &cid))
			printf("# %s is not %s\n", told, ways[i]);
		CHECK(cid_equal(&again, &cid));
	}
}

static void small_files(void)
{
	struct cid cid;

	make_file("s", 20, 5);
	cid = name(at("s"), "inline=32,raw-leaves=yes");
	CHECK(explain(at("s"), &cid) == 1);
	CHECK(strstr(told, "inline="));
	cid = name(at("s"), "hash=sha3-256");
	CHECK(explain(at("s"), &cid) == 1);
	CHECK(strstr(told, "hash=sha3-256"));
}

static void not_found(void)
{
	const struct ops_explain e = { found, stop, NULL };
	struct span x = span_str("something else");
	struct cid cid;

	NEED(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &x, 1) == 0);
	CHECK(explain(at("s"), &cid) == 0 && n_found == 0);
	CHECK_ERR(ops_explain(at("f"), &cid, &e), ERR_INTERRUPTED);
	CHECK_ERR(explain(at("none"), &cid), ERR_NOTFOUND);
	NEED(cid_sum(&cid, 1, CID_DAG_CBOR, MH_SHA2_256, &x, 1) == 0);
	CHECK_ERR(explain(at("s"), &cid), ERR_UNSUPPORTED);
}

int main(void)
{
	dir = unit_tmpdir();
	RUN(files);
	RUN(small_files);
	RUN(not_found);
	return UNIT_END();
}
