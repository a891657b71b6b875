/* ipfrs-tensor - list the tensors in files, and tell what they are like */
#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cmd/where.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	CMD_OPT_G,
	CMD_OPT_J,
	{ 'm', NULL, "print what the header says besides: keys and values" },
	{ 't', NULL, "print a table for people, with totals" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-tensor", "[path [name ...]]", "list the tensors in files, and tell what they are like", opts
};

enum { COLUMNS = 4, WIDTH_MAX = 64, RECORD_MAX = 1024 * 1024 };

static struct {
	int json, meta, table, stats;
	int many;			/* paths come from standard input: records begin with them */
	const char *path;
	struct ops_tensor t;
	struct buf line, cell;
	size_t width[COLUMNS];		/* of the table, characters */
	uint64_t n, elements, bytes;	/* what was listed */
} me = { .line = { .max = RECORD_MAX }, .cell = { .max = RECORD_MAX } };

typedef int tell_fn(const struct tensor_info *t);

/* ---- which ---- */

static int is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

static int matches(const char *pattern, struct span name)
{
	buf_reset(&me.cell);
	return buf_add(&me.cell, name) == 0 && buf_u8(&me.cell, 0) == 0 &&
	       fnmatch(pattern, (char *)me.cell.data, 0) == 0;
}

/* all whose names match; NULL: all */
static int tell_matching(const char *pattern, tell_fn *fn)
{
	uint64_t i, n = tensor_count(me.t.set), hits = 0;
	struct tensor_info t;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = tensor_get(me.t.set, i, &t);
		if (rc < 0 || (pattern && !matches(pattern, t.name)))
			continue;
		hits++;
		rc = fn(&t);
	}
	if (rc == 0 && pattern && !hits)
		rc = err_set(ERR_NOTFOUND, "no tensor's name is like '%s'", pattern);
	return rc;
}

/* by its name, else as a pattern */
static int tell_named(const char *name, tell_fn *fn)
{
	struct tensor_info t;
	int rc = tensor_find(me.t.set, span_str(name), &t);

	if (rc == 0)
		return fn(&t);
	return rc == ERR_NOTFOUND && is_pattern(name) ? tell_matching(name, fn) : rc;
}

/* those that operands name, or all; a name that leads nowhere is told when `say`, and the others are listed */
static int tell_all(tell_fn *fn, int say)
{
	int i, n = cmd_operands(0, -1), rc = 0;

	if (n < 2)
		return tell_matching(NULL, fn);
	for (i = 1; rc == 0 && i < n; i++) {
		rc = tell_named(cmd_operand(i), fn);
		if (rc == ERR_NOTFOUND && say)
			cmd_complain(rc, cmd_shown(me.path));
		if (rc == ERR_NOTFOUND)
			rc = 0;
	}
	return rc;
}

/* ---- statistics ---- */

/* 1, or 0: its elements have no order and no mean */
static int stats_of(const struct tensor_info *t, struct tensor_stats *stats)
{
	struct tensor_slice all;
	int rc;

	tensor_slice_all(&all, t->rank, t->shape);
	progress_start(cmd_progress(), "reading", 0, 1);
	rc = tensor_stats(me.t.set, t, &all, 0, stats, cmd_tensors_read, NULL);
	progress_end(cmd_progress());
	return rc == ERR_UNSUPPORTED ? 0 : rc < 0 ? rc : 1;
}

/* ---- records ---- */

/* the path in front, where there are several */
static int begin(void)
{
	enum ops_form form = cmd_zero() ? OPS_PLAIN : OPS_TEXT;
	int rc = 0;

	buf_reset(&me.line);
	if (me.many && me.json) {
		rc = buf_str(&me.line, "{");
		if (rc == 0)
			rc = json_field(&me.line, "path", span_str(me.path));
	} else if (me.many) {
		rc = ops_name_form(span_str(me.path), form, &me.line);
		if (rc == 0)
			rc = buf_str(&me.line, "\t");
	}
	return rc;
}

/* the record that was made behind the path: in JSON, one object */
static int end(size_t at)
{
	if (me.many && me.json)
		me.line.data[at] = ',';		/* its '{' */
	return cmd_told(&me.line, 0);
}

/* a tensor and what is known of it, for good: the set lends names until it is asked something else */
static int keep(const struct tensor_info *t, struct tensor_info *kept)
{
	int rc;

	*kept = *t;
	buf_reset(&me.cell);
	rc = buf_add(&me.cell, t->name);
	if (rc == 0)
		rc = buf_add(&me.cell, t->type);
	kept->name.p = me.cell.data;
	kept->type.p = me.cell.data + t->name.len;
	return rc;
}

static int tell_record(const struct tensor_info *t)
{
	enum ops_form form = me.json ? OPS_JSON : cmd_zero() ? OPS_PLAIN : OPS_TEXT;
	struct tensor_info kept;
	struct tensor_stats stats;
	int i, rc = keep(t, &kept), have = 0;
	size_t at;

	if (rc == 0 && me.stats)
		rc = have = stats_of(&kept, &stats);
	if (rc >= 0)
		rc = begin();
	at = me.line.len;
	if (rc == 0)
		rc = ops_tensor_line(me.t.set, &kept, have ? &stats : NULL, form, &me.line);
	for (i = 0; rc == 0 && me.stats && !have && !me.json && i < 8; i++)
		rc = buf_str(&me.line, "\t-");
	return rc < 0 ? rc : end(at);
}

static int tell_meta(void *arg, struct span key, struct span value)
{
	enum ops_form form = cmd_zero() ? OPS_PLAIN : OPS_TEXT;
	int rc = begin();
	size_t at = me.line.len;

	(void)arg;
	if (rc == 0 && me.json) {
		rc = buf_str(&me.line, "{");
		if (rc == 0)
			rc = json_field(&me.line, "key", key);
		if (rc == 0)
			rc = json_field(&me.line, "value", value);
		if (rc == 0)
			rc = buf_str(&me.line, "}");
		return rc < 0 ? rc : end(at);
	}
	if (rc == 0)
		rc = ops_name_form(key, form, &me.line);
	if (rc == 0)
		rc = buf_str(&me.line, "\t");
	if (rc == 0)
		rc = ops_name_form(value, form, &me.line);
	return rc < 0 ? rc : end(at);
}

/* ---- a table for people ---- */

/* one of the columns, in me.line */
static int cell(const struct tensor_info *t, int column)
{
	char size[NUM_SIZE_MAX];

	switch (column) {
	case 0: return ops_name_text(t->name, &me.line);
	case 1: return ops_name_text(ops_tensor_dtype(t), &me.line);
	case 2: return ops_tensor_shape(t->rank, t->shape, &me.line);
	default: return buf_str(&me.line, num_format_size(t->len, size));
	}
}

static size_t characters(struct span s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

static int blanks(size_t n)
{
	int rc = 0;

	for (; rc == 0 && n; n--)
		rc = buf_u8(&me.line, ' ');
	return rc;
}

static int measure(const struct tensor_info *t)
{
	size_t n;
	int i, rc = 0;

	for (i = 0; rc == 0 && i < COLUMNS; i++) {
		buf_reset(&me.line);
		rc = cell(t, i);
		n = characters(buf_span(&me.line));
		if (n > me.width[i])
			me.width[i] = n < WIDTH_MAX ? n : WIDTH_MAX;
	}
	return rc;
}

/* as much of the last column as there is, to its right edge; the others to their left ones */
static int put_cell(const char *text, const struct tensor_info *t, int column)
{
	size_t at = me.line.len, n;
	struct buf right = BUF_INIT(NUM_SIZE_MAX);
	int rc = text ? buf_str(&me.line, text) : cell(t, column);

	if (rc < 0)
		return rc;
	n = characters(span_of(me.line.data + at, me.line.len - at));
	n = n < me.width[column] ? me.width[column] - n : 0;
	if (column == COLUMNS - 1) {
		rc = buf_bytes(&right, me.line.data + at, me.line.len - at);
		me.line.len = at;
		if (rc == 0)
			rc = blanks(n);
		if (rc == 0)
			rc = buf_add(&me.line, buf_span(&right));
		buf_clear(&right);
		return rc;
	}
	rc = blanks(n);
	return rc < 0 ? rc : buf_str(&me.line, "  ");
}

/* heights of bins, as eighths of the highest */
static int bars(const struct tensor_stats *s)
{
	uint64_t most = 1;
	int i, rc = buf_str(&me.line, "  ");

	for (i = 0; i < TENSOR_BINS; i++)
		most = s->bins[i] > most ? s->bins[i] : most;
	for (i = 0; rc == 0 && i < TENSOR_BINS; i++) {
		double h = 8 * (double)s->bins[i] / (double)most;

		rc = h > 0 ? buf_printf(&me.line, "\xe2\x96%c", 0x81 + (int)(h < 1 ? 0 : h - 1)) : buf_str(&me.line, " ");
	}
	return rc;
}

static int put_stats(const struct tensor_stats *s)
{
	const double x[] = { s->min, s->max, s->mean, s->std };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof x / sizeof *x; i++)
		rc = isfinite(x[i]) ? buf_printf(&me.line, "  %11.5g", x[i]) : buf_printf(&me.line, "  %11s", "-");
	if (rc == 0)
		rc = buf_printf(&me.line, "  %10" PRIu64 "  %6" PRIu64 "  %6" PRIu64, s->zeros, s->nans, s->infs);
	return rc < 0 ? rc : bars(s);
}

static int tell_row(const struct tensor_info *t)
{
	struct tensor_info kept;
	struct tensor_stats stats;
	int i, rc = keep(t, &kept), have = 0;

	if (rc == 0 && me.stats)
		rc = have = stats_of(&kept, &stats);
	buf_reset(&me.line);
	for (i = 0; rc >= 0 && i < COLUMNS; i++)
		rc = put_cell(NULL, &kept, i);
	if (rc >= 0 && have)
		rc = put_stats(&stats);
	me.n++;
	me.elements += t->n;
	me.bytes += t->len;
	return rc < 0 ? rc : cmd_told(&me.line, 0);
}

static int tell_table(void)
{
	static const char *const heads[COLUMNS] = { "NAME", "TYPE", "SHAPE", "SIZE" };
	char size[NUM_SIZE_MAX];
	int i, rc;

	me.n = me.elements = me.bytes = 0;
	for (i = 0; i < COLUMNS; i++)
		me.width[i] = strlen(heads[i]);
	rc = tell_all(measure, 0);
	if (rc == 0 && me.many)
		cmd_print("%s:", me.path);
	buf_reset(&me.line);
	for (i = 0; rc == 0 && i < COLUMNS; i++)
		rc = put_cell(heads[i], NULL, i);
	if (rc == 0 && me.stats)
		rc = buf_printf(&me.line, "  %11s  %11s  %11s  %11s  %10s  %6s  %6s  %s", "MIN", "MAX", "MEAN", "STD", "ZEROS", "NANS",
				"INFS", "HISTOGRAM");
	if (rc == 0)
		rc = cmd_told(&me.line, 0);
	if (rc == 0)
		rc = tell_all(tell_row, 1);
	if (rc == 0)
		cmd_print("%s: %" PRIu64 " tensors, %" PRIu64 " elements, %s", tensor_kind_name(tensor_set_kind(me.t.set)), me.n,
			  me.elements, num_format_size(me.bytes, size));
	return rc;
}

/* ---- a path ---- */

static void deal(const char *path)
{
	int rc = cmd_tensors(&me.t, path);

	me.path = path;
	if (rc == 0 && me.meta)
		rc = tensor_meta(me.t.set, tell_meta, NULL);
	else if (rc == 0)
		rc = me.table ? tell_table() : tell_all(tell_record, 1);
	if (rc < 0)
		cmd_complain(rc, cmd_shown(path));
	ops_tensor_close(&me.t);
}

int main(int argc, char **argv)
{
	const char *path;
	int c;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'g': cmd_gateway(cmd_arg()); break;
		case 'j': me.json = 1; break;
		case 'm': me.meta = 1; break;
		case 't': me.table = 1; break;
		}
	}
	if (me.table && (me.json || cmd_zero()))
		cmd_usage("-t is for people; -j and -0 are for programs");
	if (me.meta && (me.table || cmd_operands(0, -1) > 1))
		cmd_usage("-m is about the whole file, and no table");
	me.stats = cmd_verbose();
	me.many = cmd_operands(0, -1) == 0;
	if (me.many)
		while (cmd_next(&path))
			deal(path);
	else
		deal(cmd_operand(0));
	cmd_where_end();
	buf_clear(&me.line);
	buf_clear(&me.cell);
	return cmd_finish();
}
