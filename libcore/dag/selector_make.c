/* selector_make.c - selectors that are often wanted, written as anybody would write them */
#include "base/err.h"
#include "dag_priv.h"

/* A node being built, and the maps and lists that are open in it. */
struct make {
	struct node nd;
	size_t open[32];
	int n_open, rc;
};

static void keep(struct make *m, int rc)
{
	if (m->rc == 0)
		m->rc = rc;
}

static void key(struct make *m, const char *name)
{
	keep(m, node_add(&m->nd, NODE_STRING, span_str(name)));
}

static void open_as(struct make *m, enum node_kind kind)
{
	keep(m, node_open(&m->nd, kind, &m->open[m->n_open++]));
}

/* a map with this key, which waits for its value */
static void open_map(struct make *m, const char *name)
{
	open_as(m, NODE_MAP);
	key(m, name);
}

static void close_all(struct make *m, int n)
{
	while (n--) {
		m->n_open--;
		if (m->rc == 0)
			keep(m, node_close(&m->nd, m->open[m->n_open]));
	}
}

static void empty(struct make *m)
{
	open_as(m, NODE_MAP);
	close_all(m, 1);
}

static void match(struct make *m)		/* {".":{}} */
{
	open_map(m, ".");
	empty(m);
	close_all(m, 1);
}

static void all_again(struct make *m)		/* {"a":{">":{"@":{}}}} */
{
	open_map(m, "a");
	open_map(m, ">");
	open_map(m, "@");
	empty(m);
	close_all(m, 3);
}

/* {"R":{"l":LIMIT,":>": which waits for its value; two to close */
static void recurse(struct make *m, uint64_t depth)
{
	open_map(m, "R");
	open_map(m, "l");
	open_map(m, depth ? "depth" : "none");
	if (depth)
		keep(m, node_uint(&m->nd, depth));
	else
		empty(m);
	close_all(m, 1);
	key(m, ":>");
}

static int parse(struct make *m, struct dag_selector **sel)
{
	int rc = m->rc;

	*sel = NULL;
	if (rc == 0)
		rc = dag_selector_parse(&m->nd, 0, sel);
	node_clear(&m->nd);
	return rc;
}

static int match_all(uint64_t depth, struct dag_selector **sel)
{
	struct make m = { .nd = NODE_INIT };

	recurse(&m, depth);
	open_map(&m, "|");
	open_as(&m, NODE_LIST);
	match(&m);
	all_again(&m);
	close_all(&m, 4);
	return parse(&m, sel);
}

int dag_selector_all(struct dag_selector **sel)
{
	return match_all(0, sel);
}

int dag_selector_depth(uint64_t n, struct dag_selector **sel)
{
	if (n == 0) {
		*sel = NULL;
		return err_set(ERR_USAGE, "a depth of 0 nodes selects nothing");
	}
	return match_all(n < INT64_MAX ? n : INT64_MAX, sel);
}

int dag_selector_block(struct dag_selector **sel)
{
	struct make m = { .nd = NODE_INIT };

	match(&m);
	return parse(&m, sel);
}

/* {"~":{"as":"unixfs",">": which waits for its value; two to close */
static void as_unixfs(struct make *m)
{
	open_map(m, "~");
	open_map(m, "as");
	key(m, "unixfs");
	key(m, ">");
}

int dag_selector_entity(struct dag_selector **sel)
{
	struct make m = { .nd = NODE_INIT };

	as_unixfs(&m);
	open_map(&m, "|");
	open_as(&m, NODE_LIST);
	match(&m);
	recurse(&m, 1);
	all_again(&m);
	close_all(&m, 6);
	return parse(&m, sel);
}

int dag_selector_bytes(int64_t from, int64_t to, struct dag_selector **sel)
{
	struct make m = { .nd = NODE_INIT };

	as_unixfs(&m);
	open_map(&m, ".");
	open_map(&m, "subset");
	open_map(&m, "[");
	keep(&m, node_int(&m.nd, from));
	key(&m, "]");
	keep(&m, node_int(&m.nd, to));
	close_all(&m, 5);
	return parse(&m, sel);
}
