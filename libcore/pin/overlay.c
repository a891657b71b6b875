/* overlay.c - the changes since the copy in the index was made, by CID */
#include <stdlib.h>

#include "base/err.h"
#include "pin/pin_priv.h"

enum { TEXT_MAX = 8 * 1024 * 1024 };

void overlay_init(struct overlay *o)
{
	*o = (struct overlay){ .text = BUF_INIT(TEXT_MAX) };
}

void overlay_clear(struct overlay *o)
{
	free(o->over);
	free(o->slots);
	buf_clear(&o->text);
	overlay_init(o);
}

static size_t home(const struct overlay *o, const uint8_t id[16])
{
	uint64_t h;

	memcpy(&h, id, sizeof h);
	return (size_t)h & (o->n_slots - 1);
}

/* where id is, or the free slot where it would be */
static size_t slot_of(const struct overlay *o, const uint8_t id[16])
{
	size_t i = home(o, id);

	while (o->slots[i] && memcmp(o->over[o->slots[i] - 1].id, id, 16) != 0)
		i = (i + 1) & (o->n_slots - 1);
	return i;
}

static int grow(struct overlay *o)
{
	size_t cap = o->cap ? 2 * o->cap : 64, i;
	struct over *over = realloc(o->over, cap * sizeof *over);
	uint32_t *slots;

	if (!over)
		return err_nomem();
	o->over = over;
	slots = calloc(2 * cap, sizeof *slots);
	if (!slots)
		return err_nomem();
	free(o->slots);
	o->slots = slots;
	o->n_slots = 2 * cap;
	o->cap = cap;
	for (i = 0; i < o->n; i++)
		o->slots[slot_of(o, o->over[i].id)] = (uint32_t)i + 1;
	return 0;
}

/* bytes and a NUL into the text */
static int keep(struct overlay *o, const void *p, size_t len, uint32_t *at)
{
	int rc = buf_reserve(&o->text, len + 1);

	if (rc < 0)
		return rc;
	*at = (uint32_t)o->text.len;
	if (len)
		buf_bytes(&o->text, p, len);
	return buf_u8(&o->text, 0);
}

int overlay_set(struct overlay *o, const struct cid *cid, enum pin_mode mode, const char *name)
{
	struct over *v, new = { .mode = mode };
	size_t len = strlen(name), i;
	int rc = o->n == o->cap ? grow(o) : 0;

	if (rc < 0)
		return rc;
	dag_id(cid, new.id);
	i = slot_of(o, new.id);
	v = o->slots[i] ? &o->over[o->slots[i] - 1] : &new;
	if (v == &new) {
		new.key_len = cid->len;
		rc = keep(o, cid->bytes, cid->len, &new.key_at);
	}
	if (rc == 0 && (v == &new || strcmp(over_name(o, v), name) != 0))
		rc = keep(o, name, len, &v->name_at);
	if (rc < 0)
		return rc;
	v->mode = mode;
	v->name_len = (uint16_t)len;
	if (v == &new) {
		o->over[o->n++] = new;
		o->slots[i] = (uint32_t)o->n;
	}
	return 0;
}

const struct over *overlay_find(const struct overlay *o, const struct cid *cid)
{
	uint8_t id[16];
	size_t i;

	if (!o->n)
		return NULL;
	dag_id(cid, id);
	i = slot_of(o, id);
	return o->slots[i] ? &o->over[o->slots[i] - 1] : NULL;
}

static int by_key(const void *a, const void *b, void *arg)
{
	const struct overlay *o = arg;

	return span_cmp(over_key(o, a), over_key(o, b));
}

int overlay_sorted(const struct overlay *o, struct overlay *out)
{
	int rc;

	overlay_init(out);
	if (!o->n)
		return 0;
	rc = buf_add(&out->text, buf_span(&o->text));
	out->over = malloc(o->n * sizeof *out->over);
	if (rc == 0 && !out->over)
		rc = err_nomem();
	if (rc < 0) {
		overlay_clear(out);
		return rc;
	}
	memcpy(out->over, o->over, o->n * sizeof *out->over);
	out->n = o->n;
	qsort_r(out->over, out->n, sizeof *out->over, by_key, out);
	return 0;
}
