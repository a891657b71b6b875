/* dag_text_test - records of nodes and graphs, as text, for NUL, and as JSON */
#include "ops/dag.h"
#include "../unit.h"

#define RAW "bafkqaaa"
#define PB "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"

static struct cid cid_of(const char *text)
{
	struct cid cid;

	if (cid_parse(span_str(text), &cid, NULL) < 0)
		abort();
	return cid;
}

/* one record in each form; want[form] */
#define FORMS(call, ...) do { \
	static const char *const want[3] = { __VA_ARGS__ }; \
	struct buf out = BUF_INIT(4096); \
	int form; \
	for (form = OPS_TEXT; form <= OPS_JSON; form++) { \
		buf_reset(&out); \
		CHECK(call(&it, (enum ops_form)form, &out) == 0); \
		CHECK_STR((char *)out.data, want[form]); \
	} \
	out.max = 5; \
	buf_reset(&out); \
	CHECK_ERR(call(&it, OPS_JSON, &out), ERR_LIMIT); \
	buf_clear(&out); \
} while (0)

static void cids_and_missing_ones(void)
{
	struct cid it = cid_of(RAW);

	FORMS(ops_dag_cid_text, RAW, RAW, "{\"cid\":\"" RAW "\"}");
	FORMS(ops_dag_missing_text, RAW, RAW, "{\"cid\":\"" RAW "\",\"missing\":true}");
}

static void places(void)
{
	char rest[] = "a/0";
	struct ops_place it = { cid_of(PB), NULL, rest };

	FORMS(ops_place_text, PB "/a/0", PB "/a/0", "{\"cid\":\"" PB "\",\"rest\":\"a/0\"}");
	rest[0] = 0;
	FORMS(ops_place_text, PB, PB, "{\"cid\":\"" PB "\",\"rest\":\"\"}");
}

static void links(void)
{
	struct cid cid = cid_of(RAW);
	struct ops_dag_link it = { &cid, span_str("a\nb"), 1, 7 };

	FORMS(ops_dag_link_text, RAW "\ta\\nb\t7", RAW "\ta\nb\t7",
	      "{\"cid\":\"" RAW "\",\"name\":\"a\\nb\",\"size\":7}");
	it.has_tsize = 0;
	FORMS(ops_dag_link_text, RAW "\ta\\nb\t-", RAW "\ta\nb\t-",
	      "{\"cid\":\"" RAW "\",\"name\":\"a\\nb\"}");
}

static void what_a_walk_meets(void)
{
	struct cid cid = cid_of(RAW), up = cid_of(PB);
	struct ops_dag_met it = { .cid = &cid, .depth = -1 };
	struct node nd = NODE_INIT;
	struct dag_selected sel = { .path = span_str("x/\t"), .matched = 1, .label = span_str("l"), .nd = &nd };

	NEED(node_bool(&nd, 1) == 0);
	FORMS(ops_dag_met_text, RAW, RAW, "{\"cid\":\"" RAW "\",\"codec\":\"raw\"}");
	it = (struct ops_dag_met){ &cid, &up, span_str("n"), 2, NULL };
	FORMS(ops_dag_met_text, RAW, RAW, "{\"cid\":\"" RAW "\",\"codec\":\"raw\",\"depth\":2,\"parent\":\"" PB
	      "\",\"name\":\"n\"}");
	it = (struct ops_dag_met){ .cid = &cid, .depth = -1, .node = &sel };
	FORMS(ops_dag_met_text, RAW "\tx/\\t", RAW "\tx/\t", "{\"cid\":\"" RAW "\",\"codec\":\"raw\","
	      "\"path\":\"x/\\t\",\"match\":true,\"kind\":\"bool\",\"label\":\"l\"}");
	node_clear(&nd);
}

static void changes(void)
{
	struct cid cid = cid_of(RAW);
	struct node nd = NODE_INIT;
	struct ops_dag_change it = { OPS_DAG_CHANGED, span_str("a\n"), { .cid = &cid }, { .nd = &nd, .at = 0 } };

	NEED(node_int(&nd, -5) == 0);
	FORMS(ops_dag_change_text, "~\ta\\n\t" RAW "\t-5", "~\ta\n\t" RAW "\t-5",
	      "{\"change\":\"changed\",\"path\":\"a\\n\",\"from\":{\"/\":\"" RAW "\"},\"to\":-5}");
	it.kind = OPS_DAG_ADDED;
	it.path = span_str("");
	FORMS(ops_dag_change_text, "+\t.\t-5", "+\t.\t-5",
	      "{\"change\":\"added\",\"path\":\"\",\"to\":-5}");
	it.kind = OPS_DAG_REMOVED;
	FORMS(ops_dag_change_text, "-\t.\t" RAW, "-\t.\t" RAW,
	      "{\"change\":\"removed\",\"path\":\"\",\"from\":{\"/\":\"" RAW "\"}}");
	node_clear(&nd);
}

static void orders_have_names(void)
{
	enum ops_dag_order order = OPS_DAG_PRE;

	CHECK(ops_dag_order_by_name("wide", &order) == 0 && order == OPS_DAG_WIDE);
	CHECK(ops_dag_order_by_name("post", &order) == 0 && order == OPS_DAG_POST);
	CHECK(ops_dag_order_by_name("pre", &order) == 0 && order == OPS_DAG_PRE);
	CHECK_ERR(ops_dag_order_by_name("up", &order), ERR_USAGE);
}

int main(void)
{
	RUN(cids_and_missing_ones);
	RUN(places);
	RUN(links);
	RUN(what_a_walk_meets);
	RUN(changes);
	RUN(orders_have_names);
	return UNIT_END();
}
