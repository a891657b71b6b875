#include "../memdag.h"

static struct cid big(struct memdag *m, unsigned n)
{
	size_t len = 2 * 1024 * 1024;
	uint8_t *p = unit_kept(len);

	memset(p, (int)n, len);
	return memdag_add(m, 1, CID_RAW, span_of(p, len));
}

/* thirty blocks of 2 MiB do not stay in memory together, and all come back in order */
static void blocks_over_the_budget_are_read_again(void)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct dag_level *l;
	struct dag_stack s;
	struct memdag m;
	struct cid cid[30];
	unsigned i, again = 0;
	size_t most = 0;
	int rc;

	memdag_init(&m);
	dag_stack_init(&s, &m.source);
	for (i = 0; i < 30; i++) {
		cid[i] = big(&m, i);
		NEED(dag_get(&m.source, &cid[i], &block) == 0);
		NEED(dag_stack_push(&s, &cid[i], &block) == 0);
		CHECK(block.len == 0 && block.data == NULL);
		s.level[s.n - 1].pos = 100 + i;
		most = s.held > most ? s.held : most;
	}
	CHECK(most <= DAG_STACK_MEM + 3 * 1024 * 1024);
	while ((rc = dag_stack_top(&s, &l)) > 0) {
		i--;
		again += rc == 2;
		CHECK(l->block.len == 2 * 1024 * 1024 && l->block.data[77] == i);
		CHECK(l->pos == 100 + i && cid_equal(&l->cid, &cid[i]));
		CHECK(dag_stack_top(&s, &l) == 1);		/* it is there now */
		dag_stack_pop(&s);
	}
	CHECK(rc == 0 && i == 0 && again >= 20);
	CHECK(s.held == 0);
	dag_stack_clear(&s);
}

static void depth_has_an_end(void)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct dag_stack s;
	struct memdag m;
	struct cid cid;
	int i, rc = 0;

	memdag_init(&m);
	cid = memdag_add(&m, 1, CID_RAW, span_str("x"));
	dag_stack_init(&s, &m.source);
	for (i = 0; i < DAG_DEPTH_MAX; i++) {
		NEED(buf_str(&block, "x") == 0);
		rc = dag_stack_push(&s, &cid, &block);
		NEED(rc == 0);
	}
	NEED(buf_str(&block, "x") == 0);
	CHECK_ERR(dag_stack_push(&s, &cid, &block), ERR_LIMIT);
	CHECK(block.data == NULL);
	dag_stack_clear(&s);
	CHECK(s.n == 0 && s.level == NULL);
}

static void a_lost_block_is_an_error(void)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct dag_level *l;
	struct dag_stack s;
	struct memdag m, other;
	struct cid cid;
	unsigned i;

	memdag_init(&m);
	memdag_init(&other);
	dag_stack_init(&s, &other.source);
	for (i = 0; i < 12; i++) {
		cid = big(&m, i);
		NEED(dag_get(&m.source, &cid, &block) == 0);
		NEED(dag_stack_push(&s, &cid, &block) == 0);
	}
	while (s.n > s.whole)
		dag_stack_pop(&s);
	CHECK_ERR(dag_stack_top(&s, &l), ERR_NOTFOUND);
	dag_stack_clear(&s);
}

int main(void)
{
	RUN(blocks_over_the_budget_are_read_again);
	RUN(depth_has_an_end);
	RUN(a_lost_block_is_an_error);
	return UNIT_END();
}
