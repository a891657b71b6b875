/* arrow.c - tensors as the columns of an Arrow stream */
#include <inttypes.h>
#include <stdlib.h>

#include "arrow/arrow.h"
#include "base/err.h"
#include "base/json.h"
#include "ops/arrow.h"
#include "ops/tensor.h"

/* ---- which ---- */

/* one tensor; `at` (with two places) is where its name and type will be in c->names */
static int add(struct ops_columns *c, struct tensor_set *set, const struct tensor_info *info,
	       const struct ops_columns_opts *o, int alone, size_t *at)
{
	struct tensor_body *b = &c->out.body[c->out.n++];
	int flags = alone ? 0 : SLICE_KEEP, rc;

	*b = (struct tensor_body){ .set = set, .info = *info };
	b->to = o->to == TENSOR_DTYPES ? info->dtype : o->to;
	b->form = alone || info->rank < 2 ? TENSOR_FORM_ARROW : TENSOR_FORM_ARROW_ROWS;
	at[0] = c->names.len;
	rc = buf_add(&c->names, info->name);
	at[1] = c->names.len;
	if (rc == 0)
		rc = buf_add(&c->names, info->type);
	if (rc == 0 && o->slice)
		return tensor_slice_parse(&b->slice, span_str(o->slice), flags, info->rank, info->shape);
	tensor_slice_all(&b->slice, info->rank, info->shape);
	return rc;
}

/* the set forgets what it lent with its next answer */
static void lend(struct ops_columns *c, const size_t *at)
{
	size_t i;

	for (i = 0; i < c->out.n; i++) {
		struct tensor_info *t = &c->out.body[i].info;

		t->name.p = c->names.data + at[2 * i];
		t->type.p = c->names.data + at[2 * i + 1];
	}
}

static int find_all(struct ops_columns *c, struct tensor_set *set, const char *const *name, size_t n,
		    const struct ops_columns_opts *o)
{
	size_t all = n ? n : (size_t)tensor_count(set), i, *at;
	struct tensor_info info;
	int rc = 0;

	if (!n && tensor_count(set) > TENSOR_COLUMNS_MAX)
		all = TENSOR_COLUMNS_MAX + 1;
	if (all > TENSOR_COLUMNS_MAX)
		return err_set(ERR_LIMIT, "more than %d columns; name those to take", TENSOR_COLUMNS_MAX);
	if (all == 0)
		return err_set(ERR_NOTFOUND, "there are no tensors");
	at = calloc(2 * all, sizeof *at);
	c->out.body = calloc(all, sizeof *c->out.body);
	if (!at || !c->out.body)
		rc = err_nomem();
	for (i = 0; rc == 0 && i < all; i++) {
		rc = n ? tensor_find(set, span_str(name[i]), &info) : tensor_get(set, i, &info);
		if (rc == 0)
			rc = add(c, set, &info, o, all == 1 && !o->rows, &at[2 * i]);
	}
	if (rc == 0)
		lend(c, at);
	free(at);
	return rc;
}

int ops_columns_open(struct ops_columns *c, struct tensor_set *set, const char *const *name, size_t n,
		     const struct ops_columns_opts *o)
{
	int rc;

	*c = (struct ops_columns){ .names = BUF_INIT(TENSOR_COLUMNS_HEAD) };
	c->out.batch = o->batch;
	rc = find_all(c, set, name, n, o);
	if (rc == 0)
		rc = tensor_columns_make(&c->out);
	if (rc < 0)
		ops_columns_close(c);
	return rc;
}

void ops_columns_close(struct ops_columns *c)
{
	size_t i;

	tensor_columns_clear(&c->out);
	for (i = 0; i < c->out.n; i++)
		tensor_body_clear(&c->out.body[i]);
	free(c->out.body);
	buf_clear(&c->names);
	c->out = (struct tensor_columns){ 0 };
}

/* ---- telling ---- */

static int line(struct span name, struct span type, int nullable, enum ops_form form, struct buf *out)
{
	int rc;

	if (form == OPS_JSON) {
		rc = buf_u8(out, '{');
		if (rc == 0)
			rc = json_field(out, "name", name);
		if (rc == 0)
			rc = json_field(out, "type", type);
		if (rc == 0)
			rc = json_bool(out, "nullable", nullable);
		return rc < 0 ? rc : buf_u8(out, '}');
	}
	rc = ops_name_form(name, form, out);
	if (rc == 0)
		rc = buf_u8(out, '\t');
	return rc < 0 ? rc : buf_add(out, type);
}

/* "float32", "fixed_size_binary[3]", "fixed_size_list<float32>[2]", "fixed_shape_tensor<float32>[2,2]" */
static int put_type(const struct tensor_body *b, const struct arrow_field *f, struct buf *out)
{
	struct table_type t = { .type = (uint8_t)f->type, .bits = (uint8_t)f->bits, .is_signed = (uint8_t)f->is_signed };
	unsigned i;
	int rc;

	if (f->type == ARROW_FIXED_BINARY)
		return buf_printf(out, "fixed_size_binary[%" PRId64 "]", f->size);
	if (f->type != ARROW_FIXED_LIST)
		return table_type_format(&t, out);
	rc = buf_str(out, b->form == TENSOR_FORM_ARROW ? "fixed_size_list<" : "fixed_shape_tensor<");
	if (rc == 0)
		rc = put_type(b, f->child, out);
	if (rc == 0 && b->form == TENSOR_FORM_ARROW)
		return buf_printf(out, ">[%" PRId64 "]", f->size);
	if (rc == 0)
		rc = buf_str(out, ">[");
	for (i = 1; rc == 0 && i < b->rank; i++)
		rc = buf_printf(out, "%s%" PRIu64, i > 1 ? "," : "", b->shape[i]);
	if (rc == 0 && (b->to == TENSOR_C64 || b->to == TENSOR_C128))
		rc = buf_str(out, b->rank > 1 ? ",2" : "2");
	return rc < 0 ? rc : buf_u8(out, ']');
}

int ops_columns_line(const struct ops_columns *c, size_t i, enum ops_form form, struct buf *out)
{
	const struct arrow_field *f = tensor_columns_field(&c->out, i);
	struct buf type = BUF_INIT(65536);
	int rc = put_type(&c->out.body[i], f, &type);

	if (rc == 0)
		rc = line(f->name, buf_span(&type), f->nullable, form, out);
	buf_clear(&type);
	return rc;
}

int ops_table_line(const struct ops_table *t, size_t i, enum ops_form form, struct buf *out)
{
	struct buf type = BUF_INIT(65536);
	int rc = table_type_format(&t->schema.col[i].type, &type);

	if (rc == 0)
		rc = line(t->schema.col[i].name, buf_span(&type), 1, form, out);
	buf_clear(&type);
	return rc;
}
