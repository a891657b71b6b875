#include "selectors.h"

/* every rule of reference 15, and the place it is broken at */
static void what_is_refused(void)
{
	static const struct { const char *json, *words; } rows[] = {
		{ "1", "/: a selector is a map" },
		{ "[]", "/: a selector is a map" },
		{ "{}", "one key" },
		{ "{\".\":{},\"a\":{}}", "one key" },
		{ "{\"x\":{}}", "/x: unknown clause" },
		{ "{\"\":{}}", "unknown clause" },
		{ "{\".\":[]}", "/.: the body is not a map" },
		{ "{\".\":{\"x\":1}}", "unknown key \"x\"" },
		{ "{\".\":{\"label\":1}}", "\"label\" is not a string" },
		{ "{\".\":{\"subset\":{\"[\":1}}}", "/./subset: missing \"]\"" },
		{ "{\".\":{\"subset\":{\"[\":1,\"]\":\"2\"}}}", "\"]\" is not an integer" },
		{ "{\".\":{\"subset\":{\"[\":1,\"]\":9223372036854775808}}}", "too large" },
		{ "{\".\":{\"subset\":[1,2]}}", "not a map" },
		{ "{\".\":{\"subset\":{\"[\":3,\"]\":2}}}", "the end of the subset is before its start" },
		{ "{\".\":{\"onlyIf\":{}}}", "a condition is a map with one key" },
		{ "{\".\":{\"onlyIf\":{\"is\":1}}}", "/./onlyIf/is: unknown condition" },
		{ "{\".\":{\"onlyIf\":{\"and\":{}}}}", "not a list" },
		{ "{\".\":{\"onlyIf\":{\"and\":[{\"%\":\"maps\"}]}}}", "not the name of a kind" },
		{ "{\".\":{\"onlyIf\":{\"hasField\":1}}}", "not a string" },
		{ "{\".\":{\"onlyIf\":{\"<\":\"1\"}}}", "not a number" },
		{ "{\".\":{\"onlyIf\":{\"/\":[]}}}", "not a link" },
		{ "{\"a\":{}}", "/a: missing \">\"" },
		{ "{\"a\":{\">\":1}}", "/a/>: a selector is a map" },
		{ "{\"a\":{\">\":{\".\":{}},\"<\":1}}", "unknown key" },
		{ "{\"f\":{}}", "missing \"f>\"" },
		{ "{\"f\":{\"f>\":[]}}", "the fields are not a map" },
		{ "{\"f\":{\"f>\":{\"a\":{\".\":{}},\"b\":{\"y\":{}}}}}", "/f/f>/b/y: unknown clause" },
		{ "{\"i\":{\">\":{\".\":{}}}}", "missing \"i\"" },
		{ "{\"i\":{\"i\":1.5,\">\":{\".\":{}}}}", "not an integer" },
		{ "{\"i\":{\"i\":-1,\">\":{\".\":{}}}}", "negative" },
		{ "{\"i\":{\"i\":1}}", "missing \">\"" },
		{ "{\"r\":{\"^\":1,\"$\":1,\">\":{\".\":{}}}}", "the end of the range is not behind its start" },
		{ "{\"r\":{\"^\":2,\"$\":1,\">\":{\".\":{}}}}", "the end of the range is not behind its start" },
		{ "{\"r\":{\"^\":1,\">\":{\".\":{}}}}", "missing \"$\"" },
		{ "{\"r\":{\"$\":1,\">\":{\".\":{}}}}", "missing \"^\"" },
		{ "{\"r\":{\"^\":1,\"$\":2}}", "missing \">\"" },
		{ "{\"@\":{}}", "/@: an edge (\"@\") outside of a recursion" },
		{ "{\"a\":{\">\":{\"@\":{}}}}", "outside of a recursion" },
		{ "{\"R\":{\"l\":{\"none\":{}},\":>\":{\".\":{}}}}", "/R: a recursion without an edge" },
		{ "{\"R\":{\"l\":{\"none\":{}},\":>\":{\"R\":{\"l\":{\"none\":{}},\":>\":{\"@\":{}}}}}}",
		  "/R: a recursion without an edge" },
		{ "{\"R\":{\"l\":{\"none\":{}},\":>\":{\"|\":[{\"@\":{}},{\"R\":{\"l\":{\"none\":{}},\":>\":"
		  "{\".\":{}}}}]}}}", "/R/:>/|/1/R: a recursion without an edge" },
		{ "{\"R\":{\":>\":{\"@\":{}}}}", "missing \"l\"" },
		{ "{\"R\":{\"l\":{},\":>\":{\"@\":{}}}}", "a limit is a map with one key" },
		{ "{\"R\":{\"l\":5,\":>\":{\"@\":{}}}}", "a limit is a map with one key" },
		{ "{\"R\":{\"l\":{\"deep\":1},\":>\":{\"@\":{}}}}", "missing \"depth\"" },
		{ "{\"R\":{\"l\":{\"depth\":-1},\":>\":{\"@\":{}}}}", "/R/l: \"depth\" is negative" },
		{ "{\"R\":{\"l\":{\"none\":1},\":>\":{\"@\":{}}}}", "not an empty map" },
		{ "{\"R\":{\"l\":{\"none\":{}}}}", "missing \":>\"" },
		{ "{\"R\":{\"l\":{\"none\":{}},\"!\":3,\":>\":{\"@\":{}}}}", "/R/!: a condition" },
		{ "{\"|\":{}}", "/|: the body is not a list" },
		{ "{\"|\":[{\".\":{}},{}]}", "/|/1: a selector is a map with one key" },
		{ "{\"&\":{\">\":{\".\":{}}}}", "missing \"&\"" },
		{ "{\"&\":{\"&\":{\"%\":\"map\"}}}", "missing \">\"" },
		{ "{\"~\":{\">\":{\".\":{}}}}", "/~: missing \"as\"" },
		{ "{\"~\":{\"as\":\"unixfs\"}}", "missing \">\"" },
		{ "{\"~\":{\"as\":1,\">\":{\".\":{}}}}", "\"as\" is not a string" },
		{ "{\"selector\":{\"selector\":{\".\":{}}}}", "/selector: unknown clause" },
		{ "{\"selector\":{\"@\":{}}}", "outside of a recursion" }
	};
	struct dag_selector *sel;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ERR(sel_parse(rows[i].json, &sel), ERR_INVALID);
		CHECK(sel == NULL);
		if (!strstr(err_text(), rows[i].words))
			printf("# %s\n", rows[i].json);
		CHECK(strstr(err_text(), rows[i].words) != NULL);
		CHECK(strstr(err_text(), "selector: /") == err_text());
	}
}

static void what_is_read(void)
{
	static const char *const rows[] = {
		"{\".\":{}}",
		"{\"selector\":{\".\":{\"label\":\"x\"}}}",
		"{\".\":{\"subset\":{\"[\":-5,\"]\":9223372036854775807}}}",
		"{\".\":{\"onlyIf\":{\"or\":[{\"hasField\":\"a\"},{\"and\":[]},{\"=\":{\"x\":[1,\"s\"]}}]}}}",
		"{\"R\":{\"l\":{\"depth\":0},\":>\":{\"@\":{}}}}",
		"{\"R\":{\"l\":{\"depth\":9223372036854775807},\":>\":" ALL_FURTHER "}}",
		"{\"R\":{\"l\":{\"none\":{}},\"!\":{\"/\":\"bafkqaaa\"},\":>\":" ALL_FURTHER "}}",
		"{\"|\":[]}",
		"{\"f\":{\"f>\":{}}}",
		"{\"&\":{\"&\":{\"%\":\"link\"},\">\":{\".\":{}}}}",
		"{\"~\":{\"as\":\"anything\",\">\":{\".\":{}}}}"
	};
	struct dag_selector *sel;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(sel_parse(rows[i], &sel) == 0);
		dag_selector_free(sel);
	}
	dag_selector_free(NULL);
}

/* `open` n times around a matcher */
static int nested(const char *open, const char *inside, const char *close, int n)
{
	struct buf json = BUF_INIT(1 << 24);
	struct dag_selector *sel;
	int i, rc;

	for (i = 0; i < n; i++)
		buf_str(&json, open);
	buf_str(&json, inside);
	for (i = 0; i < n; i++)
		buf_str(&json, close);
	rc = sel_parse((char *)json.data, &sel);
	dag_selector_free(sel);
	buf_clear(&json);
	return rc;
}

static void bounds(void)
{
	struct buf json = BUF_INIT(1 << 24);
	struct dag_selector *sel;
	int i;

	CHECK(nested("{\"a\":{\">\":", "{\".\":{}}", "}}", SELECTOR_DEPTH_MAX - 1) == 0);
	CHECK_ERR(nested("{\"a\":{\">\":", "{\".\":{}}", "}}", SELECTOR_DEPTH_MAX), ERR_LIMIT);
	CHECK(nested("{\"R\":{\"l\":{\"none\":{}},\":>\":{\"|\":[{\"@\":{}},", "{\".\":{}}", "]}}}",
		     SELECTOR_NEST_MAX) == 0);
	CHECK_ERR(nested("{\"R\":{\"l\":{\"none\":{}},\":>\":{\"|\":[{\"@\":{}},", "{\".\":{}}", "]}}}",
			 SELECTOR_NEST_MAX + 1), ERR_LIMIT);
	CHECK_ERR(nested("{\".\":{\"onlyIf\":{\"and\":[", "", "]}}}", SELECTOR_DEPTH_MAX), ERR_INVALID);
	for (i = 0; i <= SELECTOR_CLAUSES_MAX; i++)
		buf_str(&json, i == 0 ? "{\"|\":[{\".\":{}}" : ",{\".\":{}}");
	buf_str(&json, "]}");
	CHECK_ERR(sel_parse((char *)json.data, &sel), ERR_LIMIT);
	buf_clear(&json);
}

int main(void)
{
	RUN(what_is_refused);
	RUN(what_is_read);
	RUN(bounds);
	return UNIT_END();
}
