/* car_text.c - what is said of archives, as records */
#include <inttypes.h>

#include "base/json.h"
#include "ops/car.h"

/* the block itself, not its section: what a person would cut out */
int ops_car_section_text(const struct car_section *s, int json, struct buf *out)
{
	uint64_t off = s->off + (s->len - s->data.len);
	char text[CID_TEXT_MAX];

	cid_text(&s->cid, text);
	if (!json)
		return buf_printf(out, "%s\t%" PRIu64 "\t%zu", text, off, s->data.len);
	return buf_printf(out, "{\"cid\":\"%s\",\"offset\":%" PRIu64 ",\"length\":%zu,\"section_offset\":%"
			  PRIu64 ",\"section_length\":%" PRIu64 "}", text, off, s->data.len, s->off, s->len);
}

int ops_car_counts_json(const struct ops_car_counts *n, struct buf *out)
{
	return buf_printf(out, "{\"files\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"bytes\":%" PRIu64
			  ",\"new_blocks\":%" PRIu64 ",\"new_bytes\":%" PRIu64 "}", n->files, n->blocks,
			  n->bytes, n->new_blocks, n->new_bytes);
}

/* `{"file":"name"`, to go on from there */
static int open_json(const char *name, struct buf *out)
{
	int rc = buf_u8(out, '{');

	return rc < 0 ? rc : json_field(out, "file", span_str(name));
}

int ops_car_missing_text(const char *name, const struct cid *cid, enum ops_form form, struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc;

	if (form != OPS_JSON) {
		rc = ops_name_form(span_str(name), form, out);
		return rc < 0 ? rc : buf_printf(out, "\tmissing\t%s", cid_text(cid, text));
	}
	rc = open_json(name, out);
	if (rc == 0)
		rc = json_field(out, "missing", span_str(cid_text(cid, text)));
	return rc < 0 ? rc : buf_u8(out, '}');
}

static int verify_json(const char *name, const struct ops_car_verify *v, struct buf *out)
{
	int rc = open_json(name, out);

	if (rc == 0)
		rc = json_bool(out, "ok", v->n_missing == 0);
	if (rc == 0)
		rc = json_num(out, "version", (uint64_t)v->version);
	if (rc == 0)
		rc = json_bool(out, "packed", v->packed);
	if (rc == 0)
		rc = json_bool(out, "indexed", v->indexed);
	if (rc == 0)
		rc = json_num(out, "roots", v->n_roots);
	if (rc == 0)
		rc = json_num(out, "blocks", v->n_blocks);
	if (rc == 0)
		rc = json_num(out, "bytes", v->bytes);
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_car_verify_text(const char *name, const struct ops_car_verify *v, enum ops_form form,
			struct buf *out)
{
	int rc;

	if (form == OPS_JSON)
		return verify_json(name, v, out);
	rc = ops_name_form(span_str(name), form, out);
	return rc < 0 ? rc : buf_str(out, "\tok");
}

int ops_car_piece_json(const char *path, uint64_t bytes, uint64_t blocks, struct buf *out)
{
	int rc = open_json(path, out);

	if (rc == 0)
		rc = json_num(out, "bytes", bytes);
	if (rc == 0)
		rc = json_num(out, "blocks", blocks);
	return rc < 0 ? rc : buf_u8(out, '}');
}
