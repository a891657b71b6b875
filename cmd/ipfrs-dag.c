/* ipfrs-dag - nodes of any codec, and the graphs they make */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "ops/dag.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'b', NULL, "put: allow blocks over 2 MiB, which other peers may refuse" },
	{ 'c', "codec", "get: show in this; put: store in this; walk: only blocks of this (repeatable)" },
	{ 'D', NULL, "walk: a block as often as it is met" },
	{ 'd', "levels", "walk: go down at most so many links" },
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

static int json, by_line, matched, only_missing, dry;
static uint64_t codecs[CODECS_MAX];
static size_t n_codecs;
static struct ops_dag_put in;
static struct ops_dag_walk how = { .depth_max = -1 };
static struct ops_dag_diff comparison;
static struct dag_selector *selector;
static struct progress progress;
static struct buf line = { .max = SIZE_MAX };

static int worked(void *arg, uint64_t bytes, uint64_t blocks)
{
	(void)arg;
	progress_add(&progress, bytes, blocks);
	return 0;
}

static int record(int rc)
{
	if (rc == 0)
		cmd_record(buf_span(&line));
	return rc;
}

/* a name for one line, unless records end in NUL */
static int add_name(struct span name)
{
	return cmd_zero() ? buf_add(&line, name) : ops_name_text(name, &line);
}

static int cid_field(const char *key, const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	return json_field(&line, key, span_str(cid_text(cid, text)));
}

/* `deal` with every operand */
static int each(struct store *st, int (*deal)(struct store *st, const char *path))
{
	const char *path;
	int rc;

	while (cmd_next(&path)) {
		rc = deal(st, path);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	return 0;
}

/* ---- get ---- */

static int is_text(uint64_t codec)
{
	return codec == CID_DAG_JSON || codec == CID_JSON;
}

static int get_one(struct store *st, const char *path)
{
	uint64_t codec = n_codecs ? codecs[n_codecs - 1] : CID_DAG_JSON;
	int rc;

	buf_reset(&line);
	rc = ops_dag_get(store_source(st), path, codec, &line);
	if (rc < 0 || by_line)
		return record(rc);
	if (is_text(codec) && isatty(1))	/* only so that the prompt stands on a line of its own */
		rc = buf_u8(&line, '\n');
	return rc < 0 ? rc : io_write(1, line.data, line.len, "standard output");
}

static int get(struct store *st)
{
	return each(st, get_one);
}

/* ---- put ---- */

static const char *input;		/* what is being read */

static int was_put(void *arg, const struct cid *cid, int rc)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	if (!cid)
		cmd_complain(rc, input);
	else if (json)
		cmd_print("{\"cid\":\"%s\"}", cid_text(cid, text));
	else
		cmd_print("%s", cid_text(cid, text));
	return 0;
}

/* whoever writes the lines may wait for the answers */
static void give(void *arg)
{
	(void)arg;
	fflush(stdout);
}

static int put_one(struct dag_putter *p, const char *name)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : 0, rc;

	input = strcmp(name, "-") ? name : "standard input";
	rc = fd < 0 ? err_sys("opening") : ops_dag_put_fd(p, fd, input);
	if (fd > 0)
		close(fd);
	if (fd >= 0)
		return rc;
	cmd_complain(rc, input);
	return 0;
}

static int put(struct store *none)
{
	struct dag_putter *p = NULL;
	struct store *st = NULL;
	const char *name;
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
	while (rc == 0 && cmd_next(&name)) {
		rc = put_one(p, name);
		if (rc < 0)
			rc = err_add(rc, "%s", input);
	}
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
	int rc = ops_resolve_place(st, path, &place);

	buf_reset(&line);
	if (rc == 0 && json) {
		rc = buf_u8(&line, '{');
		if (rc == 0)
			rc = cid_field("cid", &place.cid);
		if (rc == 0)
			rc = json_field(&line, "rest", span_str(place.rest));
		if (rc == 0)
			rc = buf_u8(&line, '}');
	} else if (rc == 0) {
		rc = ops_place_format(&place, NULL, &line);
	}
	ops_place_clear(&place);
	return record(rc);
}

static int resolve(struct store *st)
{
	return each(st, resolve_one);
}

/* ---- stat: the table and the figures of Kubo ---- */

/* as github.com/dustin/go-humanize writes bytes */
static const char *human(uint64_t n, char out[32])
{
	static const char unit[][3] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double val, pow = 1;
	int e = 0;

	for (val = (double)n; val >= 1000 && e < 6; e++, val = (double)n / pow)
		pow *= 1000;
	val = (double)(uint64_t)(val * 10 + 0.5) / 10;
	if (n < 10)
		snprintf(out, 32, "%" PRIu64 " B", n);
	else
		snprintf(out, 32, val < 10 ? "%.1f %s" : "%.0f %s", val, unit[e]);
	return out;
}

/* the shortest digits that are this number in single precision, as in Go */
static int add_float(const char *key, float f)
{
	char digits[32];
	int n = 1, rc = json_key(&line, key);

	do
		snprintf(digits, sizeof digits, "%.*g", n, (double)f);
	while (strtof(digits, NULL) != f && n++ < 9);
	return rc < 0 ? rc : buf_str(&line, digits);
}

static int root_text(struct buf *rows, const struct ops_dag_root *r)
{
	char text[CID_TEXT_MAX];
	int rc = 0;

	cid_text(&r->cid, text);
	if (rows->len == 0)
		rc = buf_printf(rows, "\n%-*s\t%-15s\tSize\n", (int)strlen(text), "CID", "Blocks");
	return rc < 0 ? rc : buf_printf(rows, "%s\t%-15" PRIu64 "\t%" PRIu64 "\n", text, r->n_blocks,
					r->bytes);
}

static int root_json(struct buf *rows, const struct ops_dag_root *r)
{
	char text[CID_TEXT_MAX];
	int rc = buf_printf(rows, "%s{\"Cid\":\"%s\"", rows->len ? "," : "", cid_text(&r->cid, text));

	if (rc == 0 && r->bytes)
		rc = json_num(rows, "Size", r->bytes);
	if (rc == 0 && r->n_blocks)
		rc = json_num(rows, "NumBlocks", r->n_blocks);
	return rc < 0 ? rc : buf_u8(rows, '}');
}

static int sum_text(const struct buf *rows, const struct ops_dag_sum *s)
{
	char total[32], shared[32];
	int rc = buf_add(&line, buf_span(rows));

	if (rc == 0)
		rc = buf_printf(&line, "\nSummary\nTotal Size: %" PRIu64 " (%s)\nUnique Blocks: %" PRIu64
				"\nShared Size: %" PRIu64 " (%s)\n", s->bytes, human(s->bytes, total),
				s->n_blocks, s->shared, human(s->shared, shared));
	/* without its last newline, which ends the record; 0 of 0 as Go writes it */
	if (rc == 0)
		rc = s->bytes ? buf_printf(&line, "Ratio: %f\n\n", (double)s->ratio) :
		     buf_str(&line, "Ratio: NaN\n\n");
	return rc;
}

/* Kubo leaves out what is 0 */
static int sum_json(const struct buf *rows, const struct ops_dag_sum *s)
{
	int rc = buf_u8(&line, '{');

	if (rc == 0 && s->n_blocks)
		rc = json_num(&line, "UniqueBlocks", s->n_blocks);
	if (rc == 0 && s->bytes)
		rc = json_num(&line, "TotalSize", s->bytes);
	if (rc == 0 && s->shared)
		rc = json_num(&line, "SharedSize", s->shared);
	if (rc == 0 && s->ratio > 0)
		rc = add_float("Ratio", s->ratio);
	if (rc == 0)
		rc = json_key(&line, "DagStats");
	if (rc == 0)
		rc = buf_u8(&line, '[');
	if (rc == 0)
		rc = buf_add(&line, buf_span(rows));
	return rc < 0 ? rc : buf_str(&line, "]}");
}

static int count(struct store *st)
{
	struct buf rows = BUF_INIT(SIZE_MAX);
	struct dag_counter *c = NULL;
	struct ops_dag_root root;
	struct ops_dag_sum sum;
	const char *path;
	int rc = ops_dag_count_begin(&c, store_source(st), cmd_operands(0, -1) != 1, store_tmpdir(st),
				     worked, NULL);

	progress_start(&progress, "counting", 0, 1);
	while (rc == 0 && cmd_next(&path)) {
		rc = ops_dag_count_root(c, path, &root);
		if (rc < 0)
			err_add(rc, "%s", path);
		else
			rc = json ? root_json(&rows, &root) : root_text(&rows, &root);
	}
	progress_end(&progress);
	if (rc == 0) {
		sum = ops_dag_count_sum(c);
		buf_reset(&line);
		rc = record(json ? sum_json(&rows, &sum) : sum_text(&rows, &sum));
	}
	ops_dag_count_end(c);
	buf_clear(&rows);
	return rc;
}

/* ---- links ---- */

static int print_link(void *arg, const struct ops_dag_link *l)
{
	char text[CID_TEXT_MAX];
	int rc;

	(void)arg;
	buf_reset(&line);
	if (json) {
		rc = buf_u8(&line, '{');
		if (rc == 0)
			rc = cid_field("cid", l->cid);
		if (rc == 0)
			rc = json_field(&line, "name", l->name);
		if (rc == 0 && l->has_tsize)
			rc = json_num(&line, "size", l->tsize);
		return record(rc < 0 ? rc : buf_u8(&line, '}'));
	}
	rc = buf_printf(&line, "%s\t", cid_text(l->cid, text));
	if (rc == 0)
		rc = add_name(l->name);
	if (rc == 0)
		rc = l->has_tsize ? buf_printf(&line, "\t%" PRIu64, l->tsize) : buf_str(&line, "\t-");
	return record(rc);
}

static int links_one(struct store *st, const char *path)
{
	return ops_dag_links(store_source(st), path, print_link, NULL);
}

static int links(struct store *st)
{
	return each(st, links_one);
}

/* ---- walk ---- */

static int met_node(const struct dag_selected *s)
{
	const char *kind = s->view ? s->view->kind == DAG_VIEW_MAP ? "map" : "bytes" :
			   s->nd ? node_kind_name(s->nd->step[s->at].kind) : NULL;
	int rc = json_field(&line, "path", s->path);

	if (rc == 0)
		rc = json_bool(&line, "match", s->matched);
	if (rc == 0 && kind)
		rc = json_field(&line, "kind", span_str(kind));
	if (rc == 0 && s->label.p)
		rc = json_field(&line, "label", s->label);
	return rc;
}

static int met_json(const struct ops_dag_met *m)
{
	const char *codec = codec_name(m->cid->codec);
	int rc = buf_u8(&line, '{');

	if (rc == 0)
		rc = cid_field("cid", m->cid);
	if (rc == 0 && codec)
		rc = json_field(&line, "codec", span_str(codec));
	if (rc == 0 && m->depth >= 0)
		rc = json_num(&line, "depth", (uint64_t)m->depth);
	if (rc == 0 && m->parent)
		rc = cid_field("parent", m->parent);
	if (rc == 0 && m->name.len)
		rc = json_field(&line, "name", m->name);
	if (rc == 0 && m->node)
		rc = met_node(m->node);
	return rc < 0 ? rc : buf_u8(&line, '}');
}

static int met(void *arg, const struct ops_dag_met *m)
{
	char text[CID_TEXT_MAX];
	int rc;

	(void)arg;
	if (only_missing)
		return 0;
	buf_reset(&line);
	if (json)
		return record(met_json(m));
	rc = buf_str(&line, cid_text(m->cid, text));
	if (rc == 0 && m->node)
		rc = buf_u8(&line, '\t');
	if (rc == 0 && m->node)
		rc = add_name(m->node->path);
	return record(rc);
}

static int absent(void *arg, const struct cid *cid)
{
	char text[CID_TEXT_MAX];
	size_t i;

	(void)arg;
	cmd_status(1);
	for (i = 0; i < n_codecs; i++)
		if (codecs[i] == cid->codec)
			break;
	if (n_codecs && i == n_codecs)
		return 0;
	if (json)
		cmd_print("{\"cid\":\"%s\",\"missing\":true}", cid_text(cid, text));
	else
		cmd_print("%s", cid_text(cid, text));
	return 0;
}

static int walk_one(struct store *st, const char *path)
{
	return ops_dag_walk(store_source(st), path, &how);
}

static int walk(struct store *st)
{
	if (matched && !selector)
		cmd_usage("-M goes with a selector (-x)");
	how.selector = selector;
	how.fn = met;
	how.missing = only_missing ? absent : NULL;
	how.nodes = matched ? 2 : selector && json ? 1 : 0;
	how.codecs = codecs;
	how.n_codecs = n_codecs;
	how.tmpdir = store_tmpdir(st);
	return each(st, walk_one);
}

static enum ops_dag_order order(const char *name)
{
	if (!strcmp(name, "pre"))
		return OPS_DAG_PRE;
	if (!strcmp(name, "post"))
		return OPS_DAG_POST;
	if (strcmp(name, "wide"))
		cmd_usage("unknown order '%s', it is one of: pre post wide", name);
	return OPS_DAG_WIDE;
}

/* ---- diff ---- */

/* the side of a change: a CID, or the value; as JSON both are dag-json */
static int add_side(const struct ops_dag_side *s)
{
	char text[CID_TEXT_MAX];

	if (!s->cid)
		return codec_encode(CID_DAG_JSON, s->nd, s->at, &line);
	return json ? buf_printf(&line, "{\"/\":\"%s\"}", cid_text(s->cid, text)) :
	       buf_str(&line, cid_text(s->cid, text));
}

static int change_json(const struct ops_dag_change *c)
{
	static const char *const names[] = { "added", "removed", "changed" };
	int rc = buf_u8(&line, '{');

	if (rc == 0)
		rc = json_field(&line, "change", span_str(names[c->kind]));
	if (rc == 0)
		rc = json_field(&line, "path", c->path);
	if (rc == 0 && c->kind != OPS_DAG_ADDED && (rc = json_key(&line, "from")) == 0)
		rc = add_side(&c->from);
	if (rc == 0 && c->kind != OPS_DAG_REMOVED && (rc = json_key(&line, "to")) == 0)
		rc = add_side(&c->to);
	return rc < 0 ? rc : buf_u8(&line, '}');
}

static int change_text(const struct ops_dag_change *c)
{
	int rc = buf_printf(&line, "%c\t", "+-~"[c->kind]);

	if (rc == 0)
		rc = c->path.len ? add_name(c->path) : buf_u8(&line, '.');
	if (rc == 0 && c->kind != OPS_DAG_ADDED && (rc = buf_u8(&line, '\t')) == 0)
		rc = add_side(&c->from);
	if (rc == 0 && c->kind != OPS_DAG_REMOVED && (rc = buf_u8(&line, '\t')) == 0)
		rc = add_side(&c->to);
	return rc;
}

static int changed(void *arg, const struct ops_dag_change *c)
{
	(void)arg;
	if (cmd_quiet() && !json)
		return 1;		/* that it differs is all that is asked */
	buf_reset(&line);
	return record(json ? change_json(c) : change_text(c));
}

static int diff(struct store *st)
{
	int rc;

	comparison.missing = only_missing;
	comparison.tmpdir = store_tmpdir(st);
	comparison.fn = changed;
	rc = ops_dag_diff(store_source(st), cmd_operand(0), cmd_operand(1), &comparison);
	if (rc == 1)
		cmd_status(1);
	return rc;
}

static const struct cmd_verb verbs[] = {
	{ "get", "0Lc", "[path ...]", "print nodes in a codec", 0, -1, get, STORE_READ },
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
	case 'i': return codec_by_name(cmd_arg(), &in.input);
	case 'j': json = 1; break;
	case 'L': by_line = 1; break;
	case 'M': matched = 1; break;
	case 'm': only_missing = 1; break;
	case 'n': dry = 1; break;
	case 'O': how.order = order(cmd_arg()); break;
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
	c = cmd_run(verb);
	dag_selector_free(selector);
	buf_clear(&line);
	return c;
}
