/* config_test.c - the configuration */
#include "storetest.h"

static struct config *parsed(const char *text)
{
	struct config *c;

	if (config_parse(&c, span_str(text)) < 0) {
		printf("# %s\n", err_text());
		abort();
	}
	return c;
}

static void defaults_and_values(void)
{
	struct config *c = parsed("# a comment\n\n  store.max\t=  2 GiB \nimport.hash=blake3");
	const char *v;

	CHECK(config_get(c, "store.max", &v) == 0);
	CHECK_STR(v, "2 GiB");
	CHECK(config_get(c, "import.hash", &v) == 0);
	CHECK_STR(v, "blake3");
	CHECK(config_get(c, "store.segment", &v) == 0);
	CHECK_STR(v, "256MiB");
	CHECK(config_get(c, "import.cid-version", &v) == 0);
	CHECK_STR(v, "");
	CHECK_ERR(config_get(c, "import.nonsense", &v), ERR_USAGE);
	config_free(c);
	config_free(NULL);
}

static void bad_lines_are_named(void)
{
	static const struct { const char *text, *in; } rows[] = {
		{ "store.max = 1\n\nno.such.key = 1\n", "line 3: unknown key 'no.such.key'" },
		{ "store.max = many\n", "line 1" },
		{ "store.max = 1\nstore.max = 2\n", "line 2: 'store.max' is set a second time" },
		{ "just words\n", "line 1: no '='" },
		{ "= 3\n", "line 1: unknown key ''" },
		{ "gc.compact = 101\n", "line 1" }, { "gc.compact = 0\n", "line 1" },
		{ "import.layout = round\n", "line 1" },
		{ "store.segment = 5GiB\n", "line 1" }, { "store.segment = 1\n", "line 1" },
		{ "store.compress = zstd:20\n", "line 1" },
		{ "import.hash = md6\n", "line 1" }, { "import.hamt-fanout = 100\n", "line 1" },
		{ "import.hamt-fanout = 2048\n", "line 1" },
		{ "import.cid-version = 2\n", "line 1" }, { "import.max-links = 0\n", "line 1" },
		{ "import.inline = 129\n", "line 1" }, { "import.chunker = size-\n", "line 1" },
		{ "import.chunker = size-1-2\n", "line 1" },
		{ "import.chunker = rabin-1-2\n", "line 1" },
		{ "import.chunker = rabin-x\n", "line 1" },
		{ "import.chunker = size--5\n", "line 1" },
		{ "\x01\xff = 1\n", "line 1: unknown key '?\?'" },
	};
	struct config *c;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ERR(config_parse(&c, span_str(rows[i].text)), ERR_INVALID);
		CHECK(c == NULL && strstr(err_text(), rows[i].in));
	}
	CHECK_ERR(config_parse(&c, span_of("a\0b = 1\n", 8)), ERR_INVALID);
}

static void chunkers_by_their_form(void)
{
	static const char *const good[] = { "size-1", "size-1048576", "rabin", "rabin-262144",
		"rabin-100-200-300", "rabin-min:100-avg:200-max:300", "buzhash", "default" };
	struct config *c = parsed("");
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		CHECK(config_set(c, "import.chunker", good[i]) == 0);
	config_free(c);
}

static void set_keeps_comments_and_order(void)
{
	struct config *c = parsed("# first\nstore.max = 1GiB\n# second\ngc.compact=40\n");
	struct buf text = BUF_INIT(1000);

	CHECK(config_set(c, "store.max", "5GiB") == 0);
	CHECK(config_set(c, "import.inline", "32") == 0);
	CHECK_ERR(config_set(c, "store.max", "x"), ERR_USAGE);
	CHECK_ERR(config_set(c, "nope", "x"), ERR_USAGE);
	CHECK(config_format(c, &text) == 0);
	CHECK_STR((char *)text.data, "# first\nstore.max = 5GiB\n# second\ngc.compact=40\n"
		  "import.inline = 32\n");
	CHECK(config_set(c, "gc.compact", NULL) == 0);
	CHECK(config_set(c, "gc.compact", NULL) == 0);
	buf_reset(&text);
	CHECK(config_format(c, &text) == 0);
	CHECK_STR((char *)text.data, "# first\nstore.max = 5GiB\n# second\nimport.inline = 32\n");
	config_free(c);
	/* what was formatted parses to the same */
	c = parsed((char *)text.data);
	buf_clear(&text);
	config_free(c);
}

static void every_key_is_listed(void)
{
	struct config *c = parsed("gc.compact = 10\n");
	const char *key, *value, *help, *again;
	int i, set, n_set = 0;

	for (i = 0; config_each(c, i, &key, &value, &set, &help); i++) {
		CHECK(config_get(c, key, &again) == 0 && !strcmp(value, again));
		CHECK(*help);
		n_set += set;
		if (*value)		/* a default is a value its checker takes */
			CHECK(config_set(c, key, value) == 0);
	}
	CHECK(i > 50 && n_set == 1);	/* all rooms have some */
	CHECK(config_each(c, -1, &key, &value, &set, &help) == 0);
	config_free(c);
}

static void profiles(void)
{
	static const struct { const char *profile, *key, *value; } rows[] = {
		{ "unixfs-v0-2015", "import.cid-version", "0" },
		{ "unixfs-v0-2015", "import.raw-leaves", "no" },
		{ "unixfs-v0-2015", "import.max-links", "174" },
		{ "legacy-cid-v0", "import.chunker", "size-262144" },
		{ "unixfs-v1-2025", "import.cid-version", "1" },
		{ "unixfs-v1-2025", "import.chunker", "size-1048576" },
		{ "unixfs-v1-2025", "import.max-links", "1024" },
		{ "unixfs-v1-2025", "import.hamt-estimate", "block" },
		{ "test-cid-v1", "import.max-links", "174" },
		{ "test-cid-v1-wide", "import.hamt-threshold", "1048576" },
		{ "test-cid-v1-wide", "import.hamt-fanout", "1024" },
	};
	struct config *c = parsed("store.max = 1GiB\n");
	const char *v;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(config_profile(c, rows[i].profile) == 0);
		CHECK(config_get(c, rows[i].key, &v) == 0);
		CHECK_STR(v, rows[i].value);
		CHECK(config_get(c, "store.max", &v) == 0);
		CHECK_STR(v, "1GiB");
	}
	CHECK_ERR(config_profile(c, "unixfs-v9"), ERR_NOTFOUND);
	for (i = 0; config_profile_name((int)i); i++)
		CHECK(config_profile(c, config_profile_name((int)i)) == 0);
	CHECK(i == 5);
	config_free(c);
}

int main(void)
{
	RUN(defaults_and_values);
	RUN(bad_lines_are_named);
	RUN(chunkers_by_their_form);
	RUN(set_keeps_comments_and_order);
	RUN(every_key_is_listed);
	RUN(profiles);
	return UNIT_END();
}
