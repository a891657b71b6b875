/* flat.c - FlatBuffers, written front to back */
#include "arrow_priv.h"
#include "base/err.h"

enum { LENGTH_MAX = 0x7fffffff };

static size_t end_of(const struct flat *f)
{
	return f->out->len - f->start;
}

/* n zero bytes; where they begin */
static size_t add_zeros(struct flat *f, size_t n)
{
	size_t at = end_of(f);

	if (f->rc < 0)
		return 0;
	if (n > LENGTH_MAX || at > LENGTH_MAX - n)
		f->rc = err_set(ERR_LIMIT, "more than %d bytes of Arrow metadata", LENGTH_MAX);
	else
		f->rc = buf_reserve(f->out, n);
	if (f->rc < 0)
		return 0;
	memset(f->out->data + f->out->len, 0, n + 1);
	f->out->len += n;
	return at;
}

/* until what follows, `before` bytes further on, stands `phase` behind a multiple of `align` */
static void add_padding(struct flat *f, size_t before, size_t align, size_t phase)
{
	add_zeros(f, (align + phase - (end_of(f) + before) % align) % align);
}

void flat_begin(struct flat *f, struct buf *out)
{
	*f = (struct flat){ out, out->len, 0 };
	add_zeros(f, 8);		/* to the root, which begins with a wide field, and padding */
}

int flat_end(struct flat *f)
{
	add_padding(f, 0, 8, 0);
	return f->rc;
}

size_t flat_table(struct flat *f, const struct flat_table *t)
{
	size_t vtable = 4 + 2 * t->n_slots, at;
	unsigned i;

	add_padding(f, vtable, t->wide ? 8 : 4, t->wide ? 4 : 0);
	at = add_zeros(f, vtable);
	flat_set16(f, at, (unsigned)vtable);
	flat_set16(f, at + 2, t->size);
	for (i = 0; i < t->n_slots; i++)
		flat_set16(f, at + 4 + 2 * i, t->slot[i]);
	at = add_zeros(f, t->size);
	flat_set32(f, at, (uint32_t)vtable);
	return at;
}

size_t flat_string(struct flat *f, struct span text)
{
	size_t at;

	add_padding(f, 0, 4, 0);
	if (text.len > LENGTH_MAX - 8)
		return add_zeros(f, text.len);	/* fails */
	at = add_zeros(f, 4 + text.len + 1);
	flat_set32(f, at, (uint32_t)text.len);
	if (f->rc == 0 && text.len)
		memcpy(f->out->data + f->start + at + 4, text.p, text.len);
	return at;
}

size_t flat_vector(struct flat *f, size_t n)
{
	size_t at;

	add_padding(f, 0, 4, 0);
	at = add_zeros(f, n > LENGTH_MAX / 4 ? SIZE_MAX : 4 + 4 * n);
	flat_set32(f, at, (uint32_t)n);
	return at;
}

size_t flat_vector_wide(struct flat *f, size_t n, size_t size)
{
	size_t at;

	add_padding(f, 4, 8, 0);	/* the items, not their number */
	at = add_zeros(f, n > LENGTH_MAX / size ? SIZE_MAX : 4 + size * n);
	flat_set32(f, at, (uint32_t)n);
	return at;
}

static void set(struct flat *f, size_t at, uint64_t v, size_t bytes)
{
	size_t i;

	for (i = 0; f->rc == 0 && i < bytes; i++)
		f->out->data[f->start + at + i] = (uint8_t)(v >> (8 * i));
}

void flat_set8(struct flat *f, size_t at, unsigned v) { set(f, at, v, 1); }
void flat_set16(struct flat *f, size_t at, unsigned v) { set(f, at, v, 2); }
void flat_set32(struct flat *f, size_t at, uint32_t v) { set(f, at, v, 4); }
void flat_set64(struct flat *f, size_t at, uint64_t v) { set(f, at, v, 8); }

void flat_refer(struct flat *f, size_t at, size_t target)
{
	set(f, at, target - at, 4);
}
