/* sink.c - what comes in pieces of any length, as whole elements; and converted */
#include <stdlib.h>

#include "base/err.h"
#include "body_priv.h"

enum {
	IN = 48 * 1024,			/* whole elements of every type, packed ones, too */
	OUT = 48 * 1024
};

/* the bytes that are whole elements: of packed ones the fewest that fill bytes */
static size_t unit_of(enum tensor_dtype t)
{
	unsigned bits = tensor_dtype_bits(t), n = 1;

	while (n * bits % 8)
		n++;
	return bits ? n * bits / 8 : 1;
}

static int as_it_is(struct sink *sink, const struct piece *p)
{
	struct tensor_sink *s = (struct tensor_sink *)(void *)sink;

	s->have = (size_t)((s->have + p->len % s->unit) % s->unit);
	return sink_put(s->out, p);
}

/* what is gathered, but for the elements that are not whole */
static int gathered(struct tensor_sink *s)
{
	size_t whole = s->have - s->have % s->unit;
	int rc = whole ? s->step(s, s->work, whole) : 0;

	s->have -= whole;
	memmove(s->work, s->work + whole, s->have);
	return rc;
}

static int elements_put(struct sink *sink, const struct piece *p)
{
	struct tensor_sink *s = (struct tensor_sink *)(void *)sink;
	uint64_t done = 0;
	int rc = 0;

	while (rc == 0 && done < p->len) {
		size_t n = p->len - done < IN - s->have ? (size_t)(p->len - done) : IN - s->have;

		if (p->fd < 0 && s->have == 0 && n >= s->unit) {
			n -= n % s->unit;
			rc = s->step(s, p->bytes.p + done, n);
		} else {
			rc = piece_read(p, done, s->work + s->have, n);
			s->have += rc == 0 ? n : 0;
			if (rc == 0 && (s->have == IN || p->fd >= 0 || s->have % s->unit == 0))
				rc = gathered(s);
		}
		done += n;
	}
	return rc;
}

int elements_start(struct tensor_sink *s, enum tensor_dtype type,
		   int (*step)(struct tensor_sink *s, const uint8_t *p, size_t len), struct sink *out)
{
	*s = (struct tensor_sink){ .sink = { elements_put }, .out = out, .from = type, .to = type, .step = step };
	s->unit = unit_of(type);
	s->work = malloc(IN + OUT);
	return s->work ? 0 : err_nomem();
}

uint8_t *elements_room(struct tensor_sink *s, size_t *len)
{
	*len = OUT;
	return s->work + IN;
}

static int convert(struct tensor_sink *s, const uint8_t *p, size_t len)
{
	unsigned bits = tensor_dtype_bits(s->from), size = tensor_dtype_bits(s->to) / 8;
	size_t n = len / s->unit * (s->unit * 8 / bits), done, k, room;
	uint8_t *out = elements_room(s, &room);
	int rc = 0;

	room /= size;			/* a multiple of 8 elements: whole bytes of every type */
	for (done = 0; rc == 0 && done < n; done += k) {
		k = n - done < room ? n - done : room;
		tensor_convert(s->from, s->to, p + done / 8 * bits, out, k);
		rc = sink_bytes(s->out, span_of(out, k * size));
	}
	return rc;
}

int not_convertible(struct span type, enum tensor_dtype to)
{
	return err_set(ERR_UNSUPPORTED, "%.*s cannot become %s; floats, integers and BOOL become F32 or F64",
		       (int)(type.len < 80 ? type.len : 80), (const char *)type.p, tensor_dtype_name(to));
}

int tensor_sink_start(struct tensor_sink *s, enum tensor_dtype from, enum tensor_dtype to, struct sink *out)
{
	int rc;

	*s = (struct tensor_sink){ .sink = { as_it_is }, .out = out, .from = from, .to = to, .unit = unit_of(from) };
	if (!tensor_convertible(from, to))
		return not_convertible(span_str(tensor_dtype_name(from)), to);
	if (from == to)
		return 0;
	rc = elements_start(s, from, convert, out);
	s->to = to;
	return rc;
}

int tensor_sink_end(struct tensor_sink *s)
{
	size_t rest = s->have;

	tensor_sink_clear(s);
	if (rest)
		return err_set(ERR_INVALID, "%zu bytes at the end are no whole element of type %s", rest,
			       tensor_dtype_name(s->from));
	return 0;
}

void tensor_sink_clear(struct tensor_sink *s)
{
	free(s->work);
	s->work = NULL;
	s->have = 0;
}
