/* ipfrs-arrow - tensors, and tables of text, as Arrow streams */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/tmpfile.h"
#include "cmd/cmd.h"
#include "cmd/where.h"
#include "ops/arrow.h"

static const struct cmd_opt opts[] = {
	{ 'b', "rows", "how many rows a batch has" },
	{ 'c', "columns", "of text: name:type,name:type ..., and ... for all others" },
	{ 'd', "char", "CSV: what stands between fields, or tab" },
	{ 'f', "form", "what the file is: csv, jsonl or tensors" },
	CMD_OPT_G,
	{ 'H', NULL, "CSV: the first line is no header" },
	{ 'j', NULL, "only tell the columns, as JSON lines" },
	{ 'N', "text", "CSV: this stands for null, too (may be repeated)" },
	{ 'n', NULL, "only tell the columns: name and type" },
	{ 'o', "file", "write to this file, which appears whole or not at all" },
	{ 'r', NULL, "one tensor: a row for each step of its first axis" },
	{ 't', "type", "convert elements of tensors: F32 or F64" },
	{ 'x', "slice", "this slice of a tensor, or these rows of several" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-arrow", "path [name ...]", "write tensors and tables of text as Arrow streams", opts
};

enum { NULLS_MAX = 64 };
enum what { UNSAID, TENSORS, CSV, JSONL };

static struct {
	const char *path, *target;	/* target NULL: standard output */
	enum what what;
	int said;			/* by -f */
	int tell;			/* the columns, instead of what is in them */
	enum ops_form form;		/* of that */
	const char *columns;
	struct ops_columns_opts tensors;
	struct table_opts table;
	struct span null[NULLS_MAX];
	int tensors_only, table_only;	/* the letter of an option that is for these only */
} me = { .form = OPS_TEXT, .tensors = { .to = TENSOR_DTYPES } };

/* ---- going out ---- */

/* `cat` of `it` into a file, or standard output */
static int put(int fd, int (*cat)(void *it, struct sink *out), void *it)
{
	struct sink_fd out;
	int rc = sink_fd_start(&out, fd, me.target ? me.target : "standard output"), end;

	if (rc < 0)
		return rc;
	rc = cat(it, &out.sink);
	end = sink_fd_end(&out);
	return end < 0 ? end : rc;
}

static int put_out(int (*cat)(void *it, struct sink *out), void *it)
{
	struct tmpfile t;
	int rc;

	if (!me.target)
		return put(1, cat, it);
	rc = tmpfile_open_any(&t, me.target, 0666);
	if (rc < 0)
		return rc;
	rc = put(t.fd, cat, it);
	if (rc == 0)
		rc = tmpfile_commit(&t, 0);
	tmpfile_close(&t);
	return rc;
}

/* ---- tensors ---- */

static int cat_columns(void *it, struct sink *out)
{
	struct ops_columns *c = it;

	progress_start(cmd_progress(), "writing", c->out.data, 1);
	return tensor_columns_cat(&c->out, out, cmd_tensors_read, NULL);
}

static int tell_columns(const struct ops_columns *c)
{
	struct buf line = BUF_INIT(SIZE_MAX);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->out.n; i++)
		rc = cmd_told(&line, ops_columns_line(c, i, me.form, &line));
	buf_clear(&line);
	return rc;
}

/* a file that nobody said is of tensors may be a table */
static int hint(int rc)
{
	static const char *const ends[] = { ".safetensors", ".npy", ".npz", ".gguf", ".json" };
	size_t i, len = strlen(me.path), n;
	char text[256];

	for (i = 0; i < sizeof ends / sizeof *ends; i++) {
		n = strlen(ends[i]);
		if (rc != ERR_INVALID || me.said || (len > n && !strcmp(me.path + len - n, ends[i])))
			return rc;
	}
	snprintf(text, sizeof text, "%s", err_text());
	return err_set(rc, "%s (if it is a table, say so: -f csv or -f jsonl)", text);
}

static int tensors(const char *const *names, size_t n)
{
	struct ops_tensor t;
	struct ops_columns c = { 0 };
	int rc = cmd_tensors(&t, me.path);

	if (rc < 0)
		return hint(rc);
	rc = ops_columns_open(&c, t.set, names, n, &me.tensors);
	if (rc == 0)
		rc = me.tell ? tell_columns(&c) : put_out(cat_columns, &c);
	if (rc == 0 && cmd_verbose())
		cmd_tensors_note(&t, me.tell ? 0 : c.out.data);
	ops_columns_close(&c);
	ops_tensor_close(&t);
	return rc;
}

/* ---- tables ---- */

static int cat_table(void *it, struct sink *out)
{
	return ops_table_cat(it, out);
}

static int tell_table(const struct ops_table *t)
{
	struct buf line = BUF_INIT(SIZE_MAX);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < t->schema.n; i++)
		rc = cmd_told(&line, ops_table_line(t, i, me.form, &line));
	buf_clear(&line);
	return rc;
}

/* which columns: those named, as -c has them or of types to be found out */
static int wanted(struct table_schema *want, const char *const *names, size_t n)
{
	const struct table_type open = { 0 };
	size_t i;
	int rc = 0;

	if (me.columns)
		return table_schema_parse(want, span_str(me.columns));
	for (i = 0; rc == 0 && i < n; i++)
		rc = table_schema_add(want, span_str(names[i]), &open, SIZE_MAX);
	return rc;
}

static int table(const char *const *names, size_t n)
{
	struct table_schema want = { 0 };
	struct ops_table t = { 0 };
	struct dag_source *src;
	struct store *st;
	const char *found;
	int rc = wanted(&want, names, n);

	if (rc == 0)
		rc = cmd_where(me.path, &st, &src, &found);
	if (rc == 0) {
		progress_start(cmd_progress(), "reading", 0, 1);
		rc = ops_table_open(&t, src, found, st ? store_tmpdir(st) : NULL, &me.table, want.n || want.rest ? &want : NULL);
	}
	if (rc == 0)
		rc = me.tell ? tell_table(&t) : put_out(cat_table, &t);
	ops_table_close(&t);
	table_schema_clear(&want);
	return rc;
}

/* ---- options ---- */

static void option_form(const char *form)
{
	static const struct { const char *name; enum what what; } forms[] = {
		{ "csv", CSV }, { "jsonl", JSONL }, { "ndjson", JSONL }, { "tensors", TENSORS }, { "tensor", TENSORS },
	};
	size_t i;

	for (i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(form, forms[i].name)) {
			me.what = forms[i].what;
			return;
		}
	cmd_usage("no form '%s': it is csv, jsonl or tensors", form);
}

static void option_null(const char *text)
{
	if (me.table.n_null == NULLS_MAX)
		cmd_usage("more than %d texts for null", NULLS_MAX);
	me.null[me.table.n_null++] = span_str(text);
	me.table.null = me.null;
}

static int separator(const char *text)
{
	if (!strcmp(text, "tab") || !strcmp(text, "\\t"))
		return '\t';
	if (strlen(text) != 1 || *text == '"' || *text == '\n' || *text == '\r' || *text & 0x80)
		cmd_usage("'%s' is no one character to stand between fields", text);
	return *text;
}

static void option(int c)
{
	switch (c) {
	case 'b': me.tensors.batch = cmd_count(); break;
	case 'c': me.columns = cmd_arg(); me.table_only = c; break;
	case 'd': me.table.sep = separator(cmd_arg()); me.table_only = c; break;
	case 'f': option_form(cmd_arg()); me.said = 1; break;
	case 'g': cmd_gateway(cmd_arg()); break;
	case 'H': me.table.no_header = 1; me.table_only = c; break;
	case 'j': me.tell = 1; me.form = OPS_JSON; break;
	case 'N': option_null(cmd_arg()); me.table_only = c; break;
	case 'n': me.tell = 1; break;
	case 'o': me.target = cmd_arg(); break;
	case 'r': me.tensors.rows = 1; me.tensors_only = c; break;
	case 't':
		if (!tensor_dtype_find(span_str(cmd_arg()), 1, &me.tensors.to))
			cmd_usage("no type '%s' of elements: such as F32", cmd_arg());
		me.tensors_only = c;
		break;
	case 'x': me.tensors.slice = cmd_arg(); me.tensors_only = c; break;
	}
}

/* what the file is: -f, or what its name ends in, says it */
static void decide(void)
{
	struct table_opts named = me.table;

	if (me.what == UNSAID && ops_table_named(me.path, &named)) {
		me.what = named.form == TABLE_CSV ? CSV : JSONL;
		me.table = named;
	}
	if (me.what == UNSAID)
		me.what = TENSORS;
	me.table.form = me.what == JSONL ? TABLE_JSONL : TABLE_CSV;
}

static void check(int n)
{
	if (me.what == TENSORS && me.table_only)
		cmd_usage("-%c is for tables of text; -f csv or -f jsonl says that it is one", me.table_only);
	if (me.what != TENSORS && me.tensors_only)
		cmd_usage("-%c is for tensors", me.tensors_only);
	if (me.what == JSONL && (me.table.sep || me.table.no_header || me.table.n_null))
		cmd_usage("-d, -H and -N are for CSV");
	if (me.columns && n > 1)
		cmd_usage("-c names the columns already");
	if (me.what != TENSORS && me.tensors.batch > TABLE_ROWS * 16)
		cmd_usage("a batch of text has %d rows at most", TABLE_ROWS * 16);
	if (me.target && !strcmp(me.target, "-"))
		me.target = NULL;
	if (!me.tell && !me.target && isatty(1))
		cmd_usage("bytes are not for the terminal; redirect them, use -o, or -n");
}

int main(int argc, char **argv)
{
	const char **names;
	int c, n, i, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1)
		option(c);
	n = cmd_operands(1, -1);
	me.path = cmd_operand(0);
	decide();
	check(n);
	me.table.rows_max = (size_t)me.tensors.batch;
	me.table.progress = cmd_tensors_read;
	names = calloc((size_t)n, sizeof *names);
	if (!names)
		return cmd_fail(err_nomem());
	for (i = 1; i < n; i++)
		names[i - 1] = cmd_operand(i);
	rc = me.what == TENSORS ? tensors(names, (size_t)n - 1) : table(names, (size_t)n - 1);
	progress_end(cmd_progress());
	if (rc < 0)
		cmd_complain(rc, cmd_shown(me.path));
	free(names);
	cmd_where_end();
	return cmd_finish();
}
