/* ipfrs-dag - nodes of any codec, and the graphs they make */
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cmd/upstream.h"
#include "ops/dag.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'b', NULL, "put: allow blocks over 2 MiB, which other peers may refuse" },
	{ 'c', "codec", "get: show in this; put: store in this; walk: only blocks of this (repeatable)" },
	{ 'D', NULL, "walk: a block as often as it is met" },
	{ 'd', "levels", "walk: go down at most so many links" },
	{ 'g', "url", "get: fetch what is not here from this gateway (-: from those of fetch.gateways)" },
	{ 'i', "codec", "put: what comes in is in this (default dag-json)" },
	CMD_OPT_J,
	{ 'L', NULL, "put: every line is a node; get: every node is a line" },
	{ 'M', NULL, "walk: print the nodes the selector matches, not the blocks it visits" },
	{ 'm', NULL, "walk: print only what is missing here; diff: what is missing is changed" },
	{ 'n', NULL, "put: only print the CIDs" },
	{ 'O', "order", "walk: pre, post or wide (default pre)" },
	{ 'p', NULL, "put: pin the node and what is below it" },
	{ 'r', NULL, "diff: also all that is below what was added or removed" },
	{ 't', "hash", "put: name it by this hash (default sha2-256; git-raw: sha1)" },
	{ 'x', "selector", "walk: only what this visits: dag-json, or a file with it" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-dag", "[path or file ...]", "nodes of any codec, and the graphs they make", opts
};

enum { CODECS_MAX = 32 };

static int by_line, matched, only_missing, dry;
static enum ops_form form;		/* of records; PLAIN with -0, JSON with -j */
static uint64_t codecs[CODECS_MAX];
static size_t n_codecs;
static struct ops_dag_put in;
static struct ops_dag_walk how = { .depth_max = -1 };
static struct ops_dag_diff comparison;
static struct dag_selector *selector;
static struct buf line = { .max = SIZE_MAX };

/* ---- get ---- */

static int is_text(uint64_t codec)
{
	return codec == CID_DAG_JSON || codec == CID_JSON;
}

static struct dag_source *from;		/* the store, and the gateways behind it */

static int get_one(struct store *st, const char *path)
{
	uint64_t codec = n_codecs ? codecs[n_codecs - 1] : CID_DAG_JSON;
	int rc;

	(void)st;
	buf_reset(&line);
	rc = cmd_path(path, &path);
	if (rc == 0)
		rc = ops_dag_get(from, path, codec, &line);
	if (rc < 0 || by_line)
		return cmd_told(&line, rc);
	if (is_text(codec) && isatty(1))	/* only so that the prompt stands on a line of its own */
		rc = buf_u8(&line, '\n');
	return rc < 0 ? rc : io_write(1, line.data, line.len, "standard output");
}

static int get(struct store *st)
{
	int rc;

	from = cmd_source(st);
	rc = cmd_each(st, get_one);
	cmd_source_end();
	return rc;
}

/* ---- put ---- */

static const char *input;		/* what is being read */

static int was_put(void *arg, const struct cid *cid, int rc)
{
	(void)arg;
	if (cid)
		return cmd_told(&line, ops_dag_cid_text(cid, form, &line));
	cmd_complain(rc, input);
	return 0;
}

/* whoever writes the lines may wait for the answers */
static void give(void *arg)
{
	(void)arg;
	fflush(stdout);
}

static int put_all(struct dag_putter *p)
{
	const char *name;
	int rc = 0;

	while (rc == 0 && cmd_next(&name)) {
		input = cmd_shown(name);
		rc = ops_dag_put_path(p, name);
	}
	return rc < 0 ? err_add(rc, "%s", input) : rc;
}

static int put(struct store *none)
{
	struct dag_putter *p = NULL;
	struct store *st = NULL;
	int rc, end;

	(void)none;
	in.put = was_put;
	in.wait = give;
	in.lines = by_line;
	in.end = cmd_end();
	if (n_codecs)
		in.block.codec = codecs[n_codecs - 1];
	if (dry && in.block.pin)
		cmd_usage("-n and -p exclude each other");
	rc = dry ? 0 : store_open(&st, cmd_store(), STORE_WRITE);
	if (rc == 0)
		rc = ops_dag_put_begin(&p, st, &in);
	if (rc == 0)
		rc = put_all(p);
	if (rc < 0)
		cmd_complain(rc, NULL);	/* what came before may still be put */
	end = ops_dag_put_end(p);
	if (end < 0 && rc == 0)
		cmd_complain(end, NULL);
	store_close(st);
	return 0;
}

/* ---- resolve ---- */

static int resolve_one(struct store *st, const char *path)
{
	struct ops_place place = { .rest = NULL };
	int rc = cmd_name(st, path, &path);

	if (rc == 0)
		rc = ops_resolve_place(st, path, &place);
	if (rc == 0)
		rc = ops_place_text(&place, form, &line);
	ops_place_clear(&place);
	return cmd_told(&line, rc);
}

static int resolve(struct store *st)
{
	return cmd_each(st, resolve_one);
}

/* ---- stat ---- */

static int count(struct store *st)
{
	struct buf rows = BUF_INIT(SIZE_MAX);
	struct dag_counter *c = NULL;
	struct ops_dag_root root;
	struct ops_dag_sum sum;
	const char *path, *found;
	int rc = ops_dag_count_begin(&c, store_source(st), cmd_operands(0, -1) != 1, store_tmpdir(st),
				     cmd_worked, NULL);

	progress_start(cmd_progress(), "counting", 0, 1);
	while (rc == 0 && cmd_next(&path)) {
		rc = cmd_name(st, path, &found);
		if (rc == 0)
			rc = ops_dag_count_root(c, found, &root);
		if (rc < 0)
			err_add(rc, "%s", path);
		else
			rc = ops_dag_root_text(&root, form, &rows);
	}
	progress_end(cmd_progress());
	if (rc == 0) {
		sum = ops_dag_count_sum(c);
		rc = cmd_told(&line, ops_dag_sum_text(&sum, buf_span(&rows), form, &line));
	}
	ops_dag_count_end(c);
	buf_clear(&rows);
	return rc;
}

/* ---- links ---- */

static int print_link(void *arg, const struct ops_dag_link *l)
{
	(void)arg;
	return cmd_told(&line, ops_dag_link_text(l, form, &line));
}

static int links_one(struct store *st, const char *path)
{
	int rc = cmd_name(st, path, &path);

	return rc < 0 ? rc : ops_dag_links(store_source(st), path, print_link, NULL);
}

static int links(struct store *st)
{
	return cmd_each(st, links_one);
}

/* ---- walk ---- */

static int met(void *arg, const struct ops_dag_met *m)
{
	(void)arg;
	return only_missing ? 0 : cmd_told(&line, ops_dag_met_text(m, form, &line));
}

static int absent(void *arg, const struct cid *cid)
{
	(void)arg;
	cmd_status(1);
	return ops_dag_wants(&how, cid) ? cmd_told(&line, ops_dag_missing_text(cid, form, &line)) : 0;
}

static int walk_one(struct store *st, const char *path)
{
	int rc = cmd_name(st, path, &path);

	return rc < 0 ? rc : ops_dag_walk(store_source(st), path, &how);
}

static int walk(struct store *st)
{
	if (matched && !selector)
		cmd_usage("-M goes with a selector (-x)");
	how.selector = selector;
	how.fn = met;
	how.missing = only_missing ? absent : NULL;
	how.nodes = matched ? 2 : selector && form == OPS_JSON ? 1 : 0;
	how.codecs = codecs;
	how.n_codecs = n_codecs;
	how.tmpdir = store_tmpdir(st);
	return cmd_each(st, walk_one);
}

/* ---- diff ---- */

static int changed(void *arg, const struct ops_dag_change *c)
{
	(void)arg;
	if (cmd_quiet() && form != OPS_JSON)
		return 1;		/* that it differs is all that is asked */
	return cmd_told(&line, ops_dag_change_text(c, form, &line));
}

static int diff(struct store *st)
{
	struct buf old = BUF_INIT(65536);
	const char *path;
	int rc = cmd_name(st, cmd_operand(0), &path);

	if (rc == 0)
		rc = buf_str(&old, path);
	if (rc == 0)
		rc = cmd_name(st, cmd_operand(1), &path);
	comparison.missing = only_missing;
	comparison.tmpdir = store_tmpdir(st);
	comparison.fn = changed;
	if (rc == 0)
		rc = ops_dag_diff(store_source(st), (char *)old.data, path, &comparison);
	if (rc == 1)
		cmd_status(1);
	buf_clear(&old);
	return rc;
}

static const struct cmd_verb verbs[] = {
	{ "get", "0Lcg", "[path ...]", "print nodes in a codec", 0, -1, get, STORE_READ },
	{ "put", "0Lbcijnpt", "[file ...]", "store nodes, and print their CIDs", 0, -1, put, CMD_NO_STORE },
	{ "resolve", "0j", "[path ...]", "print the block at the end of a path, and what is left of the path",
	  0, -1, resolve, STORE_READ },
	{ "stat", "0j", "[path ...]", "count the blocks and bytes below roots", 0, -1, count, STORE_READ },
	{ "walk", "0DMOcdjmx", "[path ...]", "list the blocks below roots", 0, -1, walk, STORE_READ },
	{ "diff", "0jmr", "old new", "tell what changed between two directories or nodes", 2, 2, diff,
	  STORE_READ },
	{ "links", "0j", "[path ...]", "list the links of nodes", 0, -1, links, STORE_READ },
	{ 0 }
};

static int codec(const char *name)
{
	if (n_codecs == CODECS_MAX)
		cmd_usage("more than %d codecs", CODECS_MAX);
	return codec_by_name(name, &codecs[n_codecs++]);
}

static int option(int c)
{
	switch (c) {
	case 'b': in.block.allow_big = 1; break;
	case 'c': return codec(cmd_arg());
	case 'D': how.dups = 1; break;
	case 'd': how.depth_max = cmd_count() < DAG_DEPTH_MAX ? (int)cmd_count() : -1; break;
	case 'g': cmd_gateway(cmd_arg()); break;
	case 'i': return codec_by_name(cmd_arg(), &in.input);
	case 'j': form = OPS_JSON; break;
	case 'L': by_line = 1; break;
	case 'M': matched = 1; break;
	case 'm': only_missing = 1; break;
	case 'n': dry = 1; break;
	case 'O': return ops_dag_order_by_name(cmd_arg(), &how.order);
	case 'p': in.block.pin = 1; break;
	case 'r': comparison.deep = 1; break;
	case 't': return mh_by_name(cmd_arg(), &in.block.hash);
	case 'x':
		dag_selector_free(selector);
		selector = NULL;
		return ops_dag_selector(cmd_arg(), &selector);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c;

	cmd_start(&info, argc, argv);
	verb = cmd_pick(verbs);
	ops_dag_put_init(&in);
	while ((c = cmd_getopt()) != -1)
		if (option(c) < 0)
			cmd_usage("%s", err_text());
	if (form == OPS_TEXT && cmd_zero())
		form = OPS_PLAIN;
	c = cmd_run(verb);
	dag_selector_free(selector);
	buf_clear(&line);
	return c;
}
