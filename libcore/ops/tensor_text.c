/* tensor_text.c - what a container holds, in words */
#include <inttypes.h>
#include <math.h>

#include "base/decimal.h"
#include "base/err.h"
#include "base/json.h"
#include "ops/tensor.h"

enum { RECORD_MAX = 1024 * 1024 };	/* a name of TENSOR_NAME_MAX, escaped, and numbers */

int ops_tensor_shape(unsigned rank, const uint64_t *shape, struct buf *out)
{
	unsigned i;
	int rc = buf_str(out, "[");

	for (i = 0; rc == 0 && i < rank; i++)
		rc = buf_printf(out, "%s%" PRIu64, i ? "," : "", shape[i]);
	return rc < 0 ? rc : buf_str(out, "]");
}

struct span ops_tensor_dtype(const struct tensor_info *t)
{
	return t->dtype == TENSOR_OTHER ? t->type : span_str(tensor_dtype_name(t->dtype));
}

/* ---- statistics ---- */

static int number(double x, const char *none, struct buf *out)
{
	char text[DECIMAL_MAX];

	return isfinite(x) ? buf_bytes(out, text, decimal_put_double(x, text)) : buf_str(out, none);
}

static int bins(const struct tensor_stats *s, struct buf *out)
{
	int i, rc = 0;

	for (i = 0; rc == 0 && i < TENSOR_BINS; i++)
		rc = buf_printf(out, "%s%" PRIu64, i ? "," : "", s->bins[i]);
	return rc;
}

static int stats_text(const struct tensor_stats *s, struct buf *out)
{
	const double x[] = { s->min, s->max, s->mean, s->std };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof x / sizeof *x; i++) {
		rc = buf_str(out, "\t");
		if (rc == 0)
			rc = number(x[i], "-", out);
	}
	if (rc == 0)
		rc = buf_printf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t", s->zeros, s->nans, s->infs);
	return rc < 0 ? rc : bins(s, out);
}

static int json_number(struct buf *out, const char *name, double x)
{
	int rc = json_key(out, name);

	return rc < 0 ? rc : number(x, "null", out);
}

static int stats_json(const struct tensor_stats *s, struct buf *out)
{
	int rc = json_number(out, "min", s->min);

	if (rc == 0)
		rc = json_number(out, "max", s->max);
	if (rc == 0)
		rc = json_number(out, "mean", s->mean);
	if (rc == 0)
		rc = json_number(out, "std", s->std);
	if (rc == 0)
		rc = json_num(out, "zeros", s->zeros);
	if (rc == 0)
		rc = json_num(out, "nans", s->nans);
	if (rc == 0)
		rc = json_num(out, "infs", s->infs);
	if (rc == 0)
		rc = json_key(out, "histogram");
	if (rc == 0)
		rc = buf_str(out, "[");
	if (rc == 0)
		rc = bins(s, out);
	return rc < 0 ? rc : buf_str(out, "]");
}

/* ---- a tensor ---- */

/* name, dtype and shape, which all forms begin with */
static int json_head(const struct tensor_info *t, struct buf *out)
{
	int rc = json_field(out, "name", t->name);

	if (rc == 0)
		rc = json_field(out, "dtype", ops_tensor_dtype(t));
	if (rc == 0)
		rc = json_key(out, "shape");
	return rc < 0 ? rc : ops_tensor_shape(t->rank, t->shape, out);
}

/* where it lies, and what is unusual about it */
static int json_place(struct tensor_set *set, const struct tensor_info *t, struct buf *out)
{
	struct span file = { 0 };
	int rc = json_num(out, "bytes", t->len);

	if (rc == 0)
		rc = tensor_part_name(set, t->part, &file);
	if (rc == 0 && file.len)
		rc = json_field(out, "file", file);
	if (rc == 0)
		rc = json_num(out, "offset", t->off);
	if (rc == 0 && t->deflated)
		rc = json_num(out, "deflated", t->packed);
	if (rc == 0 && t->column_order)
		rc = json_field(out, "layout", span_str("columnmajor"));
	if (rc == 0 && t->big_endian)
		rc = json_field(out, "endian", span_str("big"));
	return rc;
}

static int line_json(struct tensor_set *set, const struct tensor_info *t, const struct tensor_stats *stats, struct buf *out)
{
	int rc = buf_str(out, "{");

	if (rc == 0)
		rc = json_head(t, out);
	if (rc == 0)
		rc = json_place(set, t, out);
	if (rc == 0 && stats)
		rc = stats_json(stats, out);
	return rc < 0 ? rc : buf_str(out, "}");
}

int ops_tensor_line(struct tensor_set *set, const struct tensor_info *t, const struct tensor_stats *stats, enum ops_form form,
		    struct buf *out)
{
	int rc;

	if (form == OPS_JSON)
		return line_json(set, t, stats, out);
	rc = ops_name_form(t->name, form, out);
	if (rc == 0)
		rc = buf_str(out, "\t");
	if (rc == 0)
		rc = ops_name_form(ops_tensor_dtype(t), form, out);
	if (rc == 0)
		rc = buf_str(out, "\t");
	if (rc == 0)
		rc = ops_tensor_shape(t->rank, t->shape, out);
	if (rc == 0)
		rc = buf_printf(out, "\t%" PRIu64, t->len);
	return rc == 0 && stats ? stats_text(stats, out) : rc;
}

/* ---- the container ---- */

static int info_metadata(const struct tensor_info *t, struct buf *out)
{
	int rc = json_key(out, "metadata");

	if (rc == 0)
		rc = buf_str(out, "{");
	if (rc == 0)
		rc = json_key(out, "shape");
	if (rc == 0)
		rc = ops_tensor_shape(t->rank, t->shape, out);
	if (rc == 0)
		rc = json_field(out, "dtype", ops_tensor_dtype(t));
	if (rc == 0)
		rc = json_num(out, "num_elements", t->n);
	if (rc == 0)
		rc = json_num(out, "size_bytes", t->len);
	if (rc == 0)
		rc = json_field(out, "layout", span_str(t->column_order ? "columnmajor" : "rowmajor"));
	return rc < 0 ? rc : buf_str(out, "}");
}

/* the same values where other clients look for them */
static int info_top(const struct tensor_info *t, struct buf *out)
{
	int rc = json_head(t, out);

	if (rc == 0)
		rc = json_num(out, "num_elements", t->n);
	if (rc == 0)
		rc = json_num(out, "size", t->len);
	if (rc == 0)
		rc = json_field(out, "layout", span_str(t->column_order ? "ColumnMajor" : "RowMajor"));
	return rc;
}

static int info_head(struct ops_tensor *t, const struct tensor_info *first, struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc = buf_str(out, "{");

	if (rc == 0 && t->cid.len)
		rc = json_field(out, "cid", span_str(cid_text(&t->cid, text)));
	if (rc == 0)
		rc = json_field(out, "container", span_str(tensor_kind_name(tensor_set_kind(t->set))));
	if (rc == 0 && first)
		rc = info_metadata(first, out);
	if (rc == 0 && first)
		rc = info_top(first, out);
	if (rc == 0)
		rc = json_key(out, "tensors");
	return rc < 0 ? rc : buf_str(out, "[");
}

static int info_entry(const struct tensor_info *t, int comma, struct buf *out)
{
	int rc = buf_str(out, comma ? ",{" : "{");

	if (rc == 0)
		rc = json_head(t, out);
	if (rc == 0)
		rc = json_num(out, "size_bytes", t->len);
	return rc < 0 ? rc : buf_str(out, "}");
}

int ops_tensor_info(struct ops_tensor *t, struct span name, struct sink *out)
{
	struct buf line = BUF_INIT(RECORD_MAX);
	uint64_t i, n = tensor_count(t->set);
	struct tensor_info info;
	int rc = n || name.len ? tensor_find(t->set, name, &info) : 0;

	if (rc == 0)
		rc = info_head(t, n ? &info : NULL, &line);
	for (i = 0; rc == 0 && i < n; i++) {
		rc = sink_bytes(out, buf_span(&line));
		buf_reset(&line);
		if (rc == 0)
			rc = tensor_get(t->set, i, &info);
		if (rc == 0)
			rc = info_entry(&info, i > 0, &line);
	}
	if (rc == 0)
		rc = buf_str(&line, "]}");
	if (rc == 0)
		rc = sink_bytes(out, buf_span(&line));
	buf_clear(&line);
	return rc;
}
