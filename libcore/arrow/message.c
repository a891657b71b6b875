/* message.c - the messages of an Arrow stream: schema, record batch, end */
#include <inttypes.h>

#include "arrow.h"
#include "arrow_priv.h"
#include "base/err.h"

enum { VERSION = 4, HEADER_SCHEMA = 1, HEADER_BATCH = 3 };	/* V5; MessageHeader */
enum { DEPTH_MAX = 24 };			/* of fields: readers walk 64 tables deep, a field in a field takes two */

/* version, the header's type, the header, the body's length */
static const struct flat_table message_table = { 20, 1, 4, { 16, 18, 12, 4 } };
static const struct flat_table batch_table = { 20, 1, 3, { 4, 12, 16 } };	/* length, nodes, buffers */
static const struct flat_table pair_table = { 12, 0, 2, { 4, 8 } };		/* key, value */
static const struct flat_table schema_table = { 8, 0, 2, { 0, 4 } };		/* byte order, fields */
static const struct flat_table schema_pairs_table = { 12, 0, 3, { 0, 4, 8 } };
/* name, nullable, type's number, type, dictionary, children, pairs */
static const struct flat_table field_table = { 20, 0, 6, { 4, 16, 17, 8, 0, 12 } };
static const struct flat_table field_pairs_table = { 24, 0, 7, { 4, 20, 21, 8, 0, 12, 16 } };

static const struct flat_table empty_table = { 4, 0, 0, { 0 } };
static const struct flat_table number_table = { 8, 0, 1, { 4 } };
static const struct flat_table int_table = { 12, 0, 2, { 4, 8 } };		/* bits, signed */
static const struct flat_table timestamp_table = { 8, 0, 1, { 4 } };		/* unit */
static const struct flat_table zone_table = { 12, 0, 2, { 8, 4 } };		/* unit, zone */

static size_t add_pairs(struct flat *f, const struct arrow_pair *pair, size_t n)
{
	size_t list = flat_vector(f, n), i, at;

	for (i = 0; i < n; i++) {
		at = flat_table(f, &pair_table);
		flat_refer(f, list + 4 + 4 * i, at);
		flat_refer(f, at + 4, flat_string(f, pair[i].key));
		flat_refer(f, at + 8, flat_string(f, pair[i].value));
	}
	return list;
}

static size_t add_timestamp(struct flat *f, const struct arrow_field *c)
{
	size_t at;

	if (c->zone.len == 0) {
		at = flat_table(f, &timestamp_table);
		flat_set16(f, at + 4, (unsigned)c->unit);
		return at;
	}
	at = flat_table(f, &zone_table);
	flat_set16(f, at + 8, (unsigned)c->unit);
	flat_refer(f, at + 4, flat_string(f, c->zone));
	return at;
}

static size_t add_type(struct flat *f, const struct arrow_field *c)
{
	size_t at;

	switch (c->type) {
	case ARROW_INT:
		at = flat_table(f, &int_table);
		flat_set32(f, at + 4, (uint32_t)c->bits);
		flat_set8(f, at + 8, c->is_signed != 0);
		return at;
	case ARROW_FLOAT:
		at = flat_table(f, &number_table);
		flat_set16(f, at + 4, c->bits == 64 ? 2 : c->bits == 32);
		return at;
	case ARROW_DATE:
		at = flat_table(f, &number_table);
		flat_set16(f, at + 4, (unsigned)c->unit);
		return at;
	case ARROW_TIMESTAMP:
		return add_timestamp(f, c);
	case ARROW_FIXED_BINARY:
	case ARROW_FIXED_LIST:
		at = flat_table(f, &number_table);
		if (f->rc == 0 && (c->size < 0 || c->size > INT32_MAX))
			f->rc = err_set(ERR_LIMIT, "Arrow counts to %" PRId32 " in an item, not to %" PRId64, INT32_MAX,
					c->size);
		flat_set32(f, at + 4, (uint32_t)c->size);
		return at;
	default:
		return flat_table(f, &empty_table);
	}
}

static size_t add_fields(struct flat *f, const struct arrow_field *c, size_t n, int depth);

static size_t add_field(struct flat *f, const struct arrow_field *c, int depth)
{
	const struct flat_table *t = c->n_pairs ? &field_pairs_table : &field_table;
	size_t at = flat_table(f, t);

	flat_refer(f, at + 4, flat_string(f, c->name));
	flat_set8(f, at + t->slot[1], c->nullable != 0);
	flat_set8(f, at + t->slot[2], (unsigned)c->type);
	flat_refer(f, at + 8, add_type(f, c));
	flat_refer(f, at + 12, add_fields(f, c->child, c->n_children, depth + 1));	/* also of none: readers want it */
	if (c->n_pairs)
		flat_refer(f, at + 16, add_pairs(f, c->pair, c->n_pairs));
	return at;
}

static size_t add_fields(struct flat *f, const struct arrow_field *c, size_t n, int depth)
{
	size_t list = flat_vector(f, n), i;

	if (f->rc == 0 && n && depth >= DEPTH_MAX)
		f->rc = err_set(ERR_LIMIT, "Arrow fields more than %d deep", DEPTH_MAX);
	for (i = 0; f->rc == 0 && i < n; i++)
		flat_refer(f, list + 4 + 4 * i, add_field(f, &c[i], depth));
	return list;
}

/* what stands around each: the mark, the length, the root.  Returns where the reference to the header is. */
static size_t begin_message(struct flat *f, struct buf *out, unsigned header, uint64_t body_len)
{
	size_t at;
	int rc = buf_le32(out, 0xffffffff);

	if (rc == 0)
		rc = buf_le32(out, 0);
	flat_begin(f, out);
	if (rc < 0)
		f->rc = rc;
	at = flat_table(f, &message_table);
	flat_refer(f, 0, at);
	flat_set64(f, at + 4, body_len);
	flat_set16(f, at + 16, VERSION);
	flat_set8(f, at + 18, header);
	return at + 12;
}

static int end_message(struct flat *f, size_t before)
{
	struct buf *out = f->out;
	size_t i, len;

	if (flat_end(f) < 0) {
		out->len = before;
		if (out->data)
			out->data[before] = 0;
		return f->rc;
	}
	len = out->len - f->start;
	for (i = 0; i < 4; i++)
		out->data[f->start - 4 + i] = (uint8_t)(len >> (8 * i));
	return 0;
}

int arrow_schema(struct buf *out, const struct arrow_field *field, size_t n_fields, const struct arrow_pair *pair,
		 size_t n_pairs)
{
	size_t before = out->len, header, at;
	struct flat f;

	header = begin_message(&f, out, HEADER_SCHEMA, 0);
	at = flat_table(&f, n_pairs ? &schema_pairs_table : &schema_table);
	flat_refer(&f, header, at);
	flat_refer(&f, at + 4, add_fields(&f, field, n_fields, 0));
	if (n_pairs)
		flat_refer(&f, at + 8, add_pairs(&f, pair, n_pairs));
	return end_message(&f, before);
}

int arrow_batch(struct buf *out, uint64_t rows, const struct arrow_node *node, size_t n_nodes,
		const struct arrow_buffer *buffer, size_t n_buffers, uint64_t body_len)
{
	size_t before = out->len, header, at, list, i;
	struct flat f;

	header = begin_message(&f, out, HEADER_BATCH, body_len);
	at = flat_table(&f, &batch_table);
	flat_refer(&f, header, at);
	flat_set64(&f, at + 4, rows);
	list = flat_vector_wide(&f, n_nodes, 16);
	flat_refer(&f, at + 12, list);
	for (i = 0; f.rc == 0 && i < n_nodes; i++) {
		flat_set64(&f, list + 4 + 16 * i, node[i].length);
		flat_set64(&f, list + 12 + 16 * i, node[i].nulls);
	}
	list = flat_vector_wide(&f, n_buffers, 16);
	flat_refer(&f, at + 16, list);
	for (i = 0; f.rc == 0 && i < n_buffers; i++) {
		flat_set64(&f, list + 4 + 16 * i, buffer[i].off);
		flat_set64(&f, list + 12 + 16 * i, buffer[i].len);
	}
	return end_message(&f, before);
}

int arrow_end(struct buf *out)
{
	return buf_le64(out, 0xffffffff);	/* the mark, and a length of 0 */
}
