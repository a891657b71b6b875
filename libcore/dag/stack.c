/* stack.c - the blocks on the way down, within a budget of memory */
#include <stdlib.h>

#include "base/err.h"
#include "dag/dag.h"

void dag_stack_init(struct dag_stack *s, struct dag_source *src)
{
	*s = (struct dag_stack){ .src = src };
}

static void drop(struct dag_stack *s, struct dag_level *l)
{
	buf_clear(&l->block);
	s->held -= l->held;
	l->held = 0;
}

void dag_stack_clear(struct dag_stack *s)
{
	while (s->n)
		dag_stack_pop(s);
	free(s->level);
	dag_stack_init(s, s->src);
}

void dag_stack_pop(struct dag_stack *s)
{
	drop(s, &s->level[--s->n]);
	if (s->whole > s->n)
		s->whole = s->n;
}

/* the deepest level always stays */
static void keep_budget(struct dag_stack *s)
{
	while (s->held > DAG_STACK_MEM && s->whole < s->n - 1)
		drop(s, &s->level[s->whole++]);
}

int dag_stack_push(struct dag_stack *s, const struct cid *cid, struct buf *block)
{
	struct dag_level *l;
	int rc = 0;

	if (s->n >= DAG_DEPTH_MAX) {
		rc = err_set(ERR_LIMIT, "more than %d levels of blocks", DAG_DEPTH_MAX);
		goto out;
	}
	if (s->n == s->cap) {
		int cap = s->cap ? 2 * s->cap : 8;

		l = realloc(s->level, (size_t)cap * sizeof *l);
		if (!l) {
			rc = err_nomem();
			goto out;
		}
		s->level = l;
		s->cap = cap;
	}
	if (block->cap > 2 * block->len + 4096) {	/* it held something larger before */
		uint8_t *fit = realloc(block->data, block->len + 1);

		if (fit) {
			block->data = fit;
			block->cap = block->len + 1;
		}
	}
	l = &s->level[s->n++];
	*l = (struct dag_level){ .cid = *cid, .block = *block, .held = block->cap };
	buf_init(block, block->max);
	s->held += l->held;
	keep_budget(s);
	return 0;
out:
	buf_clear(block);
	return rc;
}

int dag_stack_top(struct dag_stack *s, struct dag_level **level)
{
	struct dag_level *l;
	int rc;

	if (s->n == 0)
		return 0;
	*level = l = &s->level[s->n - 1];
	if (s->whole < s->n)
		return 1;
	buf_init(&l->block, DAG_BLOCK_MAX);
	rc = dag_get(dag_tap_under(s->src), &l->cid, &l->block);
	if (rc < 0) {
		buf_clear(&l->block);
		return rc;
	}
	s->whole = s->n - 1;
	l->held = l->block.cap;
	s->held += l->held;
	return 2;
}
