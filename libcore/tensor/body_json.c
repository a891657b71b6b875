/* body_json.c - a slice as nested arrays of JSON */
#include <endian.h>
#include <inttypes.h>
#include <math.h>

#include "base/decimal.h"
#include "base/err.h"
#include "body_priv.h"

enum {
	BLOCK = 256,					/* small floats converted at once, whole bytes of every type */
	ITEM_MAX = 2 * TENSOR_RANK_MAX + 2 * DECIMAL_MAX + 8,	/* an element and all brackets around it */
	LISTS_MAX = 1 << 20				/* empty lists: they cost nothing in the file */
};

struct json {
	struct tensor_sink in;
	unsigned rank;					/* of what is walked: to the first axis of length 0 */
	const uint64_t *shape;
	uint64_t at[TENSOR_RANK_MAX];
	unsigned open;					/* lists that begin before the next element */
	size_t have;					/* bytes of text */
};

/* the axes in front of the first that has length 0, all when there is none */
static unsigned walked(const struct tensor_body *b)
{
	unsigned i = 0;

	while (i < b->rank && b->shape[i])
		i++;
	return i;
}

int json_make(struct tensor_body *b)
{
	unsigned rank = walked(b), i;
	uint64_t lists = 1;

	if (b->to == TENSOR_OTHER)
		return body_unsupported(b, b->info.bits ? "npy and raw have" : "raw has");
	for (i = 0; rank < b->rank && i < rank; i++)
		if (__builtin_mul_overflow(lists, b->shape[i], &lists) || lists > LISTS_MAX)
			return err_set(ERR_LIMIT, "json: over %d empty lists", LISTS_MAX);
	return 0;
}

/* ---- text ---- */

static int flush(struct json *j)
{
	size_t room, n = j->have;

	j->have = 0;
	return sink_bytes(j->in.out, span_of(elements_room(&j->in, &room), n));
}

/* where the next element's text goes */
static int make_room(struct json *j, char **text)
{
	size_t room;
	uint8_t *p = elements_room(&j->in, &room);
	int rc = room - j->have < ITEM_MAX ? flush(j) : 0;

	*text = (char *)p + j->have;
	return rc;
}

/* the brackets before an element */
static size_t put_before(struct json *j, char *text)
{
	memset(text, '[', j->open);
	return j->open;
}

/* those behind it, and a comma unless it was the last */
static size_t put_after(struct json *j, char *text)
{
	unsigned d = j->rank;
	size_t n = 0;

	while (d > 0 && ++j->at[d - 1] == j->shape[d - 1]) {
		j->at[--d] = 0;
		text[n++] = ']';
	}
	j->open = j->rank - d;
	if (d > 0)
		text[n++] = ',';
	return n;
}

static size_t put_text(char *text, const char *s)
{
	size_t n = strlen(s);

	memcpy(text, s, n);
	return n;
}

/* ---- elements ---- */

static inline uint64_t load(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	memcpy(&v, p, bytes);		/* little-endian: the others stay 0 */
	return le64toh(v);
}

static size_t put_double(char *text, const uint8_t *p)
{
	uint64_t u = load(p, 8);
	double d;

	memcpy(&d, &u, sizeof d);
	return isfinite(d) ? decimal_put_double(d, text) : put_text(text, "null");
}

static size_t put_single(char *text, const uint8_t *p)
{
	uint32_t u = (uint32_t)load(p, 4);
	float f;

	memcpy(&f, &u, sizeof f);
	return isfinite(f) ? decimal_put_single(f, text) : put_text(text, "null");
}

static size_t put_int(char *text, const uint8_t *p, size_t bytes)
{
	uint64_t v = load(p, bytes), sign = (uint64_t)1 << (8 * bytes - 1);

	if (!(v & sign))
		return decimal_put_uint(v, text);
	text[0] = '-';
	return 1 + decimal_put_uint(sign - (v & (sign - 1)), text + 1);
}

static size_t put_pair(char *text, const uint8_t *p, size_t half)
{
	size_t n = 1;

	text[0] = '[';
	n += half == 8 ? put_double(text + n, p) : put_single(text + n, p);
	text[n++] = ',';
	n += half == 8 ? put_double(text + n, p + half) : put_single(text + n, p + half);
	text[n++] = ']';
	return n;
}

static size_t put_element(char *text, enum tensor_dtype t, const uint8_t *p, size_t bytes)
{
	switch (t) {
	case TENSOR_BOOL: return put_text(text, *p ? "true" : "false");
	case TENSOR_F64: return put_double(text, p);
	case TENSOR_F32: return put_single(text, p);
	case TENSOR_C64:
	case TENSOR_C128: return put_pair(text, p, bytes / 2);
	case TENSOR_I8:
	case TENSOR_I16:
	case TENSOR_I32:
	case TENSOR_I64: return put_int(text, p, bytes);
	default: return decimal_put_uint(load(p, bytes), text);
	}
}

static int put_elements(struct json *j, enum tensor_dtype t, const uint8_t *p, size_t n)
{
	size_t bytes = tensor_dtype_bits(t) / 8, i, k;
	char *text;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = make_room(j, &text);
		if (rc < 0)
			break;
		k = put_before(j, text);
		k += put_element(text + k, t, p + i * bytes, bytes);
		k += put_after(j, text + k);
		j->have += k;
	}
	return rc;
}

/* floats that are written as F32 is */
static int is_small_float(enum tensor_dtype t)
{
	switch (t) {
	case TENSOR_F4:
	case TENSOR_F6_E2M3:
	case TENSOR_F6_E3M2:
	case TENSOR_F8_E5M2:
	case TENSOR_F8_E4M3:
	case TENSOR_F8_E8M0:
	case TENSOR_F8_E4M3FNUZ:
	case TENSOR_F8_E5M2FNUZ:
	case TENSOR_F16:
	case TENSOR_BF16: return 1;
	default: return 0;
	}
}

static int step(struct tensor_sink *s, const uint8_t *p, size_t len)
{
	struct json *j = (struct json *)(void *)s;
	unsigned bits = tensor_dtype_bits(s->from);
	size_t n = len * 8 / bits, done, k;
	uint8_t single[4 * BLOCK];
	int rc = 0;

	if (!is_small_float(s->from))
		return put_elements(j, s->from, p, n);
	for (done = 0; rc == 0 && done < n; done += k) {
		k = n - done < BLOCK ? n - done : BLOCK;
		tensor_convert(s->from, TENSOR_F32, p + done / 8 * bits, single, k);
		rc = put_elements(j, TENSOR_F32, single, k);
	}
	return rc;
}

/* ---- all of it ---- */

static int empty_lists(struct json *j)
{
	char *text;
	size_t k;
	int rc;

	do {
		rc = make_room(j, &text);
		if (rc < 0)
			return rc;
		k = put_before(j, text);
		k += put_text(text + k, "[]");
		k += put_after(j, text + k);
		j->have += k;
	} while (text[k - 1] == ',');
	return 0;
}

static int from_elements(struct tensor_body *b, struct json *j, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct tensor_sink conv;
	int rc = tensor_sink_start(&conv, b->info.dtype, b->to, &j->in.sink);

	if (rc == 0)
		rc = tensor_cat(b->set, &b->info, &b->slice, 0, UINT64_MAX, &conv.sink, progress, arg);
	if (rc == 0)
		return tensor_sink_end(&conv);
	tensor_sink_clear(&conv);
	return rc;
}

int json_cat(struct tensor_body *b, struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct json j = { .rank = walked(b), .shape = b->shape };
	char *text;
	int rc = elements_start(&j.in, b->to, step, out);

	j.open = j.rank;
	if (rc == 0)
		rc = j.rank < b->rank ? empty_lists(&j) : from_elements(b, &j, progress, arg);
	if (rc == 0)
		rc = make_room(&j, &text);
	if (rc == 0) {
		*text = '\n';
		j.have++;
		rc = flush(&j);
	}
	tensor_sink_clear(&j.in);
	return rc;
}
