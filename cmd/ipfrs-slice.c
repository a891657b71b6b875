/* ipfrs-slice - read slices of tensors out of files */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/progress.h"
#include "base/tmpfile.h"
#include "cmd/cmd.h"
#include "cmd/where.h"

static const struct cmd_opt opts[] = {
	{ '0', NULL, "the records of -i, and JSON, end in NUL instead of newline" },
	{ 'f', "form", "raw, npy, safetensors, arrow, arrow-rows or json" },
	CMD_OPT_G,
	{ 'i', NULL, "read names and slices from standard input, one a line" },
	{ 'l', "bytes", "write at most this much of the answer" },
	{ 'o', "file", "write to this file, which appears whole or not at all" },
	{ 's', "bytes", "start this far into the answer" },
	{ 't', "type", "convert the elements: F32 or F64" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-slice", "path [name] [slice]", "read slices of tensors out of files", opts
};

static struct {
	const char *target;		/* NULL: standard output */
	enum tensor_form form;
	enum tensor_dtype to;		/* TENSOR_DTYPES: as they are */
	uint64_t start, len;
	int list;
	struct ops_tensor t;
	struct sink_fd out;
	int fd;
	int cut;			/* an answer ended before its end */
	uint64_t told;			/* bytes of slices */
	int (*progress)(void *arg, uint64_t bytes);
} me = { .form = TENSOR_FORMS, .to = TENSOR_DTYPES, .len = UINT64_MAX, .fd = 1 };

/* ---- one slice ---- */

/* JSON ends in a newline, the only one in it; with -0 that is a NUL */
static int ended(struct sink *s, const struct piece *p)
{
	struct piece q = *p;
	int rc;

	(void)s;
	if (q.fd >= 0 || q.bytes.len == 0 || q.bytes.p[q.bytes.len - 1] != '\n')
		return sink_put(&me.out.sink, p);
	q.bytes.len--;
	rc = sink_bytes(&me.out.sink, q.bytes);
	return rc < 0 ? rc : sink_bytes(&me.out.sink, span_of("", 1));
}

/* at most what there is of it */
static int put_body(struct tensor_body *b)
{
	struct sink zero = { ended };
	struct sink *out = me.form == TENSOR_FORM_JSON && cmd_zero() ? &zero : &me.out.sink;
	uint64_t start = me.start < b->len ? me.start : b->len, left = b->len - start;

	return tensor_body_cat(b, start, me.len < left ? me.len : left, out, me.progress, NULL);
}

/* slice NULL or empty: all of it */
static int put(struct span name, const char *slice)
{
	struct span s = slice && *slice ? span_str(slice) : span_of(NULL, 0);
	struct tensor_body b = { 0 };
	int rc = ops_tensor_body(&b, me.t.set, name, s, 0, me.form, me.to);

	if (rc == 0) {
		rc = put_body(&b);
		me.cut = rc < 0;
		me.told += b.data;
	}
	tensor_body_clear(&b);
	return rc;
}

/*
 * Operands behind the path: of a file with one tensor its name may be left out, so that a lone word is the slice, unless it is
 * that name.
 */
static int put_operands(int n)
{
	struct tensor_info info_one;
	const char *name = cmd_operand(1);
	int rc;

	if (n == 3)
		return put(span_str(name), cmd_operand(2));
	if (tensor_count(me.t.set) != 1)
		return n == 2 ? put(span_str(name), NULL)
			      : err_set(ERR_USAGE, "there are %" PRIu64 " tensors: name one, or see 'ipfrs-tensor'",
					tensor_count(me.t.set));
	if (n == 1)
		return put(span_of(NULL, 0), NULL);
	rc = tensor_find(me.t.set, span_of(NULL, 0), &info_one);
	if (rc < 0)
		return rc;
	return span_equal(info_one.name, span_str(name)) ? put(span_of(NULL, 0), NULL) : put(span_of(NULL, 0), name);
}

/* ---- many ---- */

/* NAME TAB SLICE TAB AS, the latter two may be missing; takes the line apart where it is */
struct wanted {
	struct span name;
	const char *slice;
	struct span as;
};

static int wanted_parse(char *line, struct wanted *w)
{
	char *slice = strchr(line, '\t'), *as = slice ? strchr(slice + 1, '\t') : NULL;

	if (slice)
		*slice++ = 0;
	if (as)
		*as++ = 0;
	*w = (struct wanted){ span_str(line), slice && *slice ? slice : NULL, span_str(as ? as : "") };
	if (strchr((const char *)w->as.p, '\t'))
		return err_set(ERR_USAGE, "a line with more than a name, a slice and another name");
	return 0;
}

/* whoever writes the list may be waiting for an answer */
static int give(void)
{
	int rc = sink_fd_end(&me.out);

	return rc < 0 ? rc : sink_fd_start(&me.out, me.fd, me.target ? me.target : "standard output");
}

static int deal(struct ops_tensor_file *file, const struct wanted *w)
{
	struct span slice = w->slice ? span_str(w->slice) : span_of(NULL, 0);

	if (file)
		return ops_tensor_file_add(file, w->name, slice, 0, w->as);
	if (w->as.len)
		return err_set(ERR_USAGE, "only in safetensors a slice can have another name");
	return put(w->name, w->slice);
}

/* A line that cannot be answered is told, and the others are answered; *bad counts them.  Nothing follows half an answer. */
static int each_line(struct ops_tensor_file *file, int *bad)
{
	struct names lines;
	struct wanted w;
	const char *line;
	int rc = 0, one;

	names_init(&lines, 0, cmd_end(), "standard input");
	for (;;) {
		if (!me.target && names_wait(&lines))
			rc = give();
		if (rc < 0 || (rc = names_next(&lines, &line)) <= 0)
			break;
		rc = 0;
		one = wanted_parse((char *)lines.line.data, &w);
		if (one == 0)
			one = deal(file, &w);
		if (me.cut) {
			rc = one;
			break;
		}
		if (one < 0) {
			cmd_complain(one, line);
			++*bad;
		}
	}
	names_clear(&lines);
	return rc;
}

static int put_file(struct ops_tensor_file *file)
{
	uint64_t len;
	int rc = ops_tensor_file_end(file, &len);

	if (rc == 0)
		rc = ops_tensor_file_cat(file, me.start, me.len, &me.out.sink, me.progress, NULL);
	me.told += rc == 0 ? len : 0;
	return rc;
}

/* 1: told already, and what there is of an answer is not all of it */
static int put_list(void)
{
	struct ops_tensor_file *file = NULL;
	int rc = 0, bad = 0;

	if (me.form == TENSOR_FORM_SAFETENSORS)
		rc = ops_tensor_file_new(&file, me.t.set, me.to);
	if (rc == 0)
		rc = each_line(file, &bad);
	if (rc == 0 && file && !bad)
		rc = put_file(file);
	ops_tensor_file_free(file);
	return rc < 0 ? rc : bad > 0;
}

/* ---- where it goes ---- */

static int answer(int n)
{
	struct progress *bar = cmd_progress();
	int rc = sink_fd_start(&me.out, me.fd, me.target ? me.target : "standard output"), end;

	if (rc < 0)
		return rc;
	if (!isatty(me.fd)) {			/* bar and answer would share the screen */
		me.progress = cmd_tensors_read;
		progress_start(bar, "reading", 0, 1);
	}
	rc = me.list ? put_list() : put_operands(n);
	progress_end(bar);
	end = sink_fd_end(&me.out);		/* what came before any trouble is good: let it out */
	return end < 0 ? end : rc;
}

static int answer_into(int n)
{
	struct tmpfile t;
	int rc;

	if (!me.target)
		return answer(n);
	rc = tmpfile_open_any(&t, me.target, 0666);
	if (rc < 0)
		return rc;
	me.fd = t.fd;
	rc = answer(n);
	if (rc == 0)
		rc = tmpfile_commit(&t, 0);
	tmpfile_close(&t);
	return rc;
}

/* ---- options ---- */

/* without -f, what the file is called says it */
static enum tensor_form form_of(const char *target)
{
	static const struct { const char *end; enum tensor_form form; } forms[] = {
		{ ".npy", TENSOR_FORM_NPY }, { ".safetensors", TENSOR_FORM_SAFETENSORS }, { ".json", TENSOR_FORM_JSON },
		{ ".arrow", TENSOR_FORM_ARROW }, { ".arrows", TENSOR_FORM_ARROW },
	};
	size_t i, len = target ? strlen(target) : 0;

	for (i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t n = strlen(forms[i].end);

		if (len > n && !strcmp(target + len - n, forms[i].end))
			return forms[i].form;
	}
	return TENSOR_FORM_RAW;
}

static void option(int c)
{
	switch (c) {
	case 'f':
		if (!tensor_form_find(span_str(cmd_arg()), &me.form))
			cmd_usage("no form '%s': it is raw, npy, safetensors, arrow, arrow-rows or json", cmd_arg());
		break;
	case 'g': cmd_gateway(cmd_arg()); break;
	case 'i': me.list = 1; break;
	case 'l': me.len = cmd_bytes(); break;
	case 'o': me.target = cmd_arg(); break;
	case 's': me.start = cmd_bytes(); break;
	case 't':
		if (!tensor_dtype_find(span_str(cmd_arg()), 1, &me.to))
			cmd_usage("no type '%s' of elements: such as F32", cmd_arg());
		break;
	}
}

static void check(void)
{
	int part = me.start || me.len != UINT64_MAX;

	if (me.target && !strcmp(me.target, "-"))
		me.target = NULL;
	if (me.form == TENSOR_FORMS)
		me.form = form_of(me.target);
	if (part && me.form == TENSOR_FORM_JSON)
		cmd_usage("-s and -l are not for JSON");
	if (part && me.list && me.form != TENSOR_FORM_SAFETENSORS)
		cmd_usage("-s and -l are for one answer, and -i asks for several");
	if (me.list && !strcmp(cmd_operand(0), "-"))
		cmd_usage("standard input cannot be the file and the list");
	if (!me.target && me.form != TENSOR_FORM_JSON && isatty(1))
		cmd_usage("bytes are not for the terminal; redirect them, use -o, or -f json");
}

int main(int argc, char **argv)
{
	const char *path;
	int c, n, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1)
		option(c);
	n = cmd_operands(1, me.list ? 1 : 3);
	check();
	path = cmd_operand(0);
	rc = cmd_tensors(&me.t, path);
	if (rc == 0)
		rc = answer_into(n);
	if (rc < 0)
		cmd_complain(rc, cmd_shown(path));
	else if (cmd_verbose())
		cmd_tensors_note(&me.t, me.told);
	ops_tensor_close(&me.t);
	cmd_where_end();
	return cmd_finish();
}
