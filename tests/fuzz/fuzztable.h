/*
 * fuzztable.h - a table of text out of anything: what is found out about it holds, however it is read, and what is written is
 * a stream.  The first bytes say how: pieces, rows of a batch, options.
 */
#ifndef TESTS_FUZZTABLE_H
#define TESTS_FUZZTABLE_H

#include "table/table.h"
#include "tests/unit/feed.h"
#include "tests/unit/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_text {
	struct span all;
	struct feed feed;
};

static struct table_in fuzz_again(struct fuzz_text *t, size_t piece)
{
	t->feed = (struct feed){ t->all, piece, 0 };
	return (struct table_in){ feed_read, &t->feed };
}

static void fuzz_stream(struct span stream)
{
	struct ipc ipc = { .text = BUF_INIT(1 << 20) };

	if (ipc_read(&ipc, stream) < 0)
		abort();
	buf_clear(&ipc.text);
}

/* written twice, from pieces of two lengths: the same */
static void fuzz_write(const struct table_opts *o, struct fuzz_text *t, size_t piece, const struct table_schema *s, int must)
{
	struct buf one = BUF_INIT(64 << 20), two = BUF_INIT(64 << 20);
	struct sink_buf out;
	int rc, rc2;

	sink_buf_start(&out, &one);
	rc = table_arrow(o, fuzz_again(t, piece), s, &out.sink);
	if (must && rc < 0 && rc != ERR_LIMIT)
		abort();
	sink_buf_start(&out, &two);
	rc2 = table_arrow(o, fuzz_again(t, SIZE_MAX), s, &out.sink);
	if (rc != rc2 || (rc == 0 && !span_equal(buf_span(&one), buf_span(&two))))
		abort();
	if (rc == 0)
		fuzz_stream(buf_span(&one));
	buf_clear(&one);
	buf_clear(&two);
}

static void fuzz_table(struct table_opts *o, struct span text, size_t piece, const char *columns)
{
	struct table_schema want = { 0 }, s = { 0 };
	struct fuzz_text t = { .all = text };

	if (columns && table_schema_parse(&want, span_str(columns)) < 0)
		abort();
	if (columns && table_schema_known(&want))
		fuzz_write(o, &t, piece, &want, 0);
	else if (table_infer(o, fuzz_again(&t, piece), columns ? &want : NULL, &s) == 0)
		fuzz_write(o, &t, piece, &s, !columns);
	table_schema_clear(&s);
	table_schema_clear(&want);
}

#endif
