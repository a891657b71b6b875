/* dag_stat_text_test - the table of Kubo, and its numbers */
#include "ops/dag.h"
#include "../unit.h"

static struct ops_dag_root root_of(uint64_t n_blocks, uint64_t bytes)
{
	struct ops_dag_root r = { .n_blocks = n_blocks, .bytes = bytes };

	if (cid_parse(span_str("bafkqaaa"), &r.cid, NULL) < 0)
		abort();
	return r;
}

static const char *table(const struct ops_dag_root *r, size_t n, struct ops_dag_sum s, enum ops_form form)
{
	static char text[4096];
	struct buf rows = BUF_INIT(4096), out = BUF_INIT(sizeof text - 1);

	for (; n; n--, r++)
		CHECK(ops_dag_root_text(r, form, &rows) == 0);
	CHECK(ops_dag_sum_text(&s, buf_span(&rows), form, &out) == 0);
	snprintf(text, sizeof text, "%s", (char *)out.data);
	buf_clear(&rows);
	buf_clear(&out);
	return text;
}

static void tables(void)
{
	struct ops_dag_root r[] = { root_of(2, 1500), root_of(1, 9) };

	CHECK_STR(table(r, 2, (struct ops_dag_sum){ 3, 1509, 1000000, 1.5f }, OPS_TEXT),
		  "\nCID     \tBlocks         \tSize\nbafkqaaa\t2              \t1500\n"
		  "bafkqaaa\t1              \t9\n\nSummary\nTotal Size: 1509 (1.5 kB)\nUnique Blocks: 3\n"
		  "Shared Size: 1000000 (1.0 MB)\nRatio: 1.500000\n\n");
	CHECK_STR(table(r, 0, (struct ops_dag_sum){ 0, 0, 0, 0 }, OPS_PLAIN),
		  "\nSummary\nTotal Size: 0 (0 B)\nUnique Blocks: 0\nShared Size: 0 (0 B)\nRatio: NaN\n\n");
}

static void figures(void)
{
	struct ops_dag_root r[] = { root_of(2, 1500), root_of(0, 0) };

	CHECK_STR(table(r, 2, (struct ops_dag_sum){ 3, 1509, 7, 1.1f }, OPS_JSON),
		  "{\"UniqueBlocks\":3,\"TotalSize\":1509,\"SharedSize\":7,\"Ratio\":1.1,\"DagStats\":["
		  "{\"Cid\":\"bafkqaaa\",\"Size\":1500,\"NumBlocks\":2},{\"Cid\":\"bafkqaaa\"}]}");
	CHECK_STR(table(r, 0, (struct ops_dag_sum){ 0, 0, 0, 0 }, OPS_JSON), "{\"DagStats\":[]}");
}

/* what goes before "Unique", of each size */
static void sizes_as_go_humanize_writes_them(void)
{
	static const struct {
		uint64_t n;
		const char *text;
	} of[] = { { 9, "(9 B)" }, { 10, "(10 B)" }, { 999, "(999 B)" }, { 1000, "(1.0 kB)" }, { 9949, "(9.9 kB)" },
		   { 9950, "(10 kB)" }, { 12345678, "(12 MB)" }, { UINT64_MAX, "(18 EB)" } };
	size_t i;

	for (i = 0; i < sizeof of / sizeof *of; i++)
		CHECK(strstr(table(NULL, 0, (struct ops_dag_sum){ .bytes = of[i].n }, OPS_TEXT), of[i].text));
}

int main(void)
{
	RUN(tables);
	RUN(figures);
	RUN(sizes_as_go_humanize_writes_them);
	return UNIT_END();
}
