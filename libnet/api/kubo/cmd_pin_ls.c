/*
 * cmd_pin_ls.c - the list of pins, as values or as one object.
 * The object's keys stand in the order of their texts, as Go writes a map, so they are sorted first; beyond some memory
 * that is done on disk, and the object goes out in pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "base/spill.h"
#include "cmd_pin.h"
#include "ops/pin.h"

enum { SORT_MEM = 4 * 1024 * 1024, PIECE_BYTES = 16 * 1024 };

int pin_name_check(const char *name)
{
	size_t n = strlen(name);

	return n > PIN_NAME_MAX ? err_set(ERR_USAGE, "pin name is %zu bytes (max %d bytes)", n, PIN_NAME_MAX) : 0;
}

struct list {
	struct call *c;
	int names, stream, quiet;
	struct spill *keys;		/* CID, type and name, with a zero byte behind the first two; NULL: they are told at once */
	struct buf cid, json, text;	/* of one pin, of a piece */
};

/* ---- one pin ---- */

/* as text it is a line in either form */
static int add_text(struct list *l, const char *cid, const char *type, const char *name)
{
	if (l->quiet)
		return buf_printf(&l->text, "%s\n", cid);
	return *name ? buf_printf(&l->text, "%s %s %s\n", cid, type, name) :
		       buf_printf(&l->text, "%s %s\n", cid, type);
}

static int tell_now(struct list *l, const char *cid, const char *type, const char *name)
{
	int rc;

	buf_reset(&l->json);
	buf_reset(&l->text);
	rc = buf_u8(&l->json, '{');
	if (rc == 0)
		rc = json_field(&l->json, "Cid", span_str(cid));
	if (rc == 0 && *name)
		rc = json_field(&l->json, "Name", span_str(name));
	if (rc == 0)
		rc = json_field(&l->json, "Type", span_str(type));
	if (rc == 0)
		rc = buf_u8(&l->json, '}');
	if (rc == 0)
		rc = add_text(l, cid, type, name);
	return rc < 0 ? rc : call_value_soon(l->c, buf_span(&l->json), buf_span(&l->text));
}

static int keep(struct list *l, const char *cid, const char *type, const char *name)
{
	int rc;

	buf_reset(&l->json);
	rc = buf_printf(&l->json, "%s%c%s%c%s", cid, 0, type, 0, name);
	return rc < 0 ? rc : spill_add(l->keys, buf_span(&l->json));
}

static int take(struct list *l, const struct cid *cid, const char *type, const char *name)
{
	int rc = call_expired(l->c);

	buf_reset(&l->cid);
	if (rc == 0)
		rc = call_cid(l->c, cid, &l->cid);
	if (rc < 0)
		return rc;
	return (l->keys ? keep : tell_now)(l, (const char *)l->cid.data, type, l->names ? name : "");
}

/* ---- all, or some ---- */

static int take_pin(void *arg, const struct pin *p)
{
	return take(arg, &p->cid, ops_pin_mode_name(p->mode), p->name);
}

/* recursive ones first, indirect ones last */
static int take_all(struct list *l, int types, const char *name)
{
	static const int order[] = { OPS_PIN_RECURSIVE, OPS_PIN_DIRECT, OPS_PIN_INDIRECT };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof order / sizeof *order; i++)
		if (types & order[i])
			rc = ops_pin_ls(l->c->st, order[i], *name ? name : NULL, take_pin, l);
	return rc;
}

static int take_through(struct list *l, const struct cid *cid, const struct cid *root)
{
	struct buf type = BUF_INIT(PIN_LINE_MAX);
	int rc = buf_str(&type, "indirect through ");

	if (rc == 0)
		rc = call_cid(l->c, root, &type);
	if (rc == 0)
		rc = take(l, cid, (const char *)type.data, "");
	buf_clear(&type);
	return rc;
}

static int take_arg(struct list *l, int types, const char *arg, const struct cid *cid)
{
	struct buf name = BUF_INIT(PIN_NAME_MAX);
	char text[CID_TEXT_MAX];
	struct cid root;
	struct pin p;
	int rc = ops_pin_look(l->c->st, cid_text(cid, text), types, &p, &name, &root);

	if (rc == ERR_NOTFOUND)
		rc = err_set(rc, "path '%s' is not pinned", arg);
	if (rc == 0)
		rc = p.mode == PIN_INDIRECT ? take_through(l, cid, &root) : take_pin(l, &p);
	buf_clear(&name);
	return rc;
}

/* every path is followed before the first pin is told */
static int take_args(struct list *l, int types)
{
	struct cid *cids = calloc(l->c->n_args, sizeof *cids);
	struct ops_place p;
	size_t i;
	int rc = cids ? 0 : err_nomem();

	for (i = 0; rc == 0 && i < l->c->n_args; i++) {
		rc = call_place(l->c, l->c->arg[i], &p);
		cids[i] = p.cid;
		ops_place_clear(&p);
	}
	for (i = 0; rc == 0 && i < l->c->n_args; i++)
		rc = take_arg(l, types, l->c->arg[i], &cids[i]);
	free(cids);
	return rc;
}

/* ---- the object ---- */

static int by_cid(struct span a, struct span b)
{
	return strcmp((const char *)a.p, (const char *)b.p);	/* there is a zero byte */
}

static int give(struct list *l)
{
	int rc = call_more(l->c, buf_span(&l->json), buf_span(&l->text));

	buf_reset(&l->json);
	buf_reset(&l->text);
	return rc;
}

static int give_key(struct list *l, const struct buf *record, uint64_t n)
{
	const char *cid = (const char *)record->data, *type = cid + strlen(cid) + 1, *name = type + strlen(type) + 1;
	int rc = buf_str(&l->json, n ? "," : "{\"Keys\":{");

	if (rc == 0)
		rc = json_str(&l->json, span_str(cid));
	if (rc == 0)
		rc = buf_str(&l->json, ":{");
	if (rc == 0)
		rc = json_field(&l->json, "Type", span_str(type));
	if (rc == 0)
		rc = json_field(&l->json, "Name", span_str(name));
	if (rc == 0)
		rc = buf_u8(&l->json, '}');
	if (rc == 0)
		rc = add_text(l, cid, type, name);
	return rc == 0 && l->json.len > PIECE_BYTES ? give(l) : rc;
}

/* two pins may have one text (a CIDv0, shown as the v1 that is pinned, too): a map keeps the last */
static int give_all(struct list *l)
{
	struct buf last = BUF_INIT(SPILL_RECORD_MAX);
	struct span r;
	uint64_t n = 0;
	int rc = spill_read(l->keys);

	buf_reset(&l->json);
	while (rc == 0 && (rc = spill_next(l->keys, &r)) == 1) {
		rc = last.len && strcmp((const char *)last.data, (const char *)r.p) != 0 ? give_key(l, &last, n++) : 0;
		buf_reset(&last);
		if (rc == 0)
			rc = buf_add(&last, r);
	}
	if (rc == 0 && last.len)
		rc = give_key(l, &last, n++);
	if (rc == 0)
		rc = buf_str(&l->json, n ? "}}" : "{}");
	buf_clear(&last);
	return rc < 0 ? rc : give(l);
}

int pin_list(struct call *c)
{
	struct list l = { .c = c, .stream = call_bool(c, "stream"), .quiet = call_bool(c, "quiet"),
			  .cid = BUF_INIT(PIN_LINE_MAX), .json = BUF_INIT(PIN_LINE_MAX), .text = BUF_INIT(PIN_LINE_MAX) };
	const char *name = call_text(c, "name");
	int types, rc = pin_name_check(name);

	l.names = call_bool(c, "names") || *name;
	types = rc == 0 ? ops_pin_type(call_text(c, "type")) : rc;
	rc = types < 0 ? types : l.stream ? 0 : spill_new(&l.keys, store_tmpdir(c->st), SORT_MEM, by_cid);
	if (rc == 0)
		rc = c->n_args ? take_args(&l, types) : take_all(&l, types, name);
	if (rc == 0 && l.keys)
		rc = give_all(&l);
	spill_free(l.keys);
	buf_clear(&l.text);
	buf_clear(&l.json);
	buf_clear(&l.cid);
	return rc;
}
