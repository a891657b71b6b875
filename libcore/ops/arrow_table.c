/* arrow_table.c - tables of text, wherever they are, as Arrow streams */
#include <strings.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "ops/arrow.h"
#include "ops/tensor.h"

int ops_table_named(const char *path, struct table_opts *o)
{
	static const struct { const char *end; enum table_form form; int sep; } names[] = {
		{ ".csv", TABLE_CSV, 0 }, { ".tsv", TABLE_CSV, '\t' }, { ".psv", TABLE_CSV, '|' },
		{ ".jsonl", TABLE_JSONL, 0 }, { ".ndjson", TABLE_JSONL, 0 },
	};
	size_t i, len = strlen(path);

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		size_t n = strlen(names[i].end);

		if (len > n && !strcasecmp(path + len - n, names[i].end)) {
			o->form = names[i].form;
			if (!o->sep)
				o->sep = names[i].sep;
			return 1;
		}
	}
	return 0;
}

static ssize_t read_in(void *arg, void *p, size_t len)
{
	struct ops_table *t = arg;
	uint64_t left = t->in->size - t->at;
	size_t n = left < len ? (size_t)left : len;
	int rc = n ? t->in->read(t->in, t->at, p, n) : 0;

	if (rc < 0)
		return rc;
	t->at += n;
	return (ssize_t)n;
}

static ssize_t read_stdin(void *arg, void *p, size_t len)
{
	(void)arg;
	return io_read(0, p, len, "standard input");
}

static struct table_in from_start(struct ops_table *t)
{
	t->at = 0;
	return (struct table_in){ t->in ? read_in : read_stdin, t };
}

int ops_table_open(struct ops_table *t, struct dag_source *src, const char *path, const char *tmpdir,
		   const struct table_opts *o, const struct table_schema *want)
{
	int known = want && table_schema_known(want), rc = 0;

	*t = (struct ops_table){ .opts = o };
	if (!known || strcmp(path, "-") != 0) {
		rc = ops_tensor_place(&t->place, src, path, tmpdir, NULL);
		if (rc == 0)
			rc = t->place->open(t->place, span_of(NULL, 0), &t->in);
		if (rc > 0)
			rc = err_set(ERR_INVALID, "a directory");
	}
	if (rc == 0)
		rc = known ? table_schema_copy(&t->schema, want) : table_infer(o, from_start(t), want, &t->schema);
	if (rc < 0)
		ops_table_close(t);
	return rc;
}

int ops_table_cat(struct ops_table *t, struct sink *out)
{
	return table_arrow(t->opts, from_start(t), &t->schema, out);
}

void ops_table_close(struct ops_table *t)
{
	table_schema_clear(&t->schema);
	tensor_in_close(t->in);
	tensor_place_free(t->place);
	*t = (struct ops_table){ 0 };
}
