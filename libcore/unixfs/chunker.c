/* chunker.c - where to cut: the chunker strings of Kubo, sizes, and the road to the others */
#include <limits.h>
#include <stdlib.h>

#include "base/err.h"
#include "unixfs/chunk_priv.h"
#include "unixfs/unixfs_priv.h"

enum { SIZE_DEFAULT = 262144, RABIN_AVG_MIN = 3 * RABIN_WINDOW };

struct chunker {
	enum { CHUNK_SIZE, CHUNK_RABIN, CHUNK_BUZHASH } kind;
	struct cut cut;			/* CHUNK_SIZE: min is max */
};

static int bad(const char *text)
{
	return err_set(ERR_USAGE, "%s", text);
}

static int too_large(void)
{
	return err_set(ERR_USAGE, "chunker parameters may not exceed the maximum chunk size of %d",
		       UNIXFS_CHUNK_MAX);
}

/* Go's strconv.Atoi: an optional sign, decimal digits, int64 */
static int parse_int(struct span text, int64_t *out)
{
	size_t i = text.len > 0 && (text.p[0] == '-' || text.p[0] == '+');
	uint64_t v = 0;
	int range = 0;

	if (i == text.len)
		goto syntax;
	for (; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			goto syntax;
		range |= v > (INT64_MAX - 9) / 10;
		if (!range)
			v = v * 10 + (text.p[i] - '0');
	}
	if (range)
		return err_set(ERR_USAGE, "strconv.Atoi: parsing \"%.*s\": value out of range",
			       (int)(text.len < 80 ? text.len : 80), (const char *)text.p);
	*out = text.p[0] == '-' ? -(int64_t)v : (int64_t)v;
	return 0;
syntax:
	return err_set(ERR_USAGE, "strconv.Atoi: parsing \"%.*s\": invalid syntax",
		       (int)(text.len < 80 ? text.len : 80), (const char *)text.p);
}

/* the parts of `spec` between dashes; returns their number, of which the first 4 are in part */
static int split(const char *spec, struct span part[4])
{
	const char *end;
	int n = 0;

	for (;; spec = end + 1) {
		end = strchr(spec, '-');
		if (n < 4)
			part[n] = end ? span_of(spec, (size_t)(end - spec)) : span_str(spec);
		n++;
		if (!end)
			return n;
	}
}

static int parse_size(struct chunker *c, const struct span *part, int n)
{
	int64_t v;
	int rc;

	if (n != 2)
		return bad("incorrect chunker string format (expected size-{size})");
	rc = parse_int(part[1], &v);
	if (rc < 0)
		return rc;
	if (v <= 0)
		return bad("chunker size must be greater than 0");
	if (v > UNIXFS_CHUNK_MAX)
		return too_large();
	c->cut.min = c->cut.max = (size_t)v;
	return 0;
}

/* a number that may carry a label: "min:16" */
static int parse_labelled(struct span text, const char *label, const char *complaint, int64_t *out)
{
	const uint8_t *colon = text.len ? memchr(text.p, ':', text.len) : NULL, *last;

	if (!colon)
		return parse_int(text, out);
	if (!span_equal(span_of(text.p, (size_t)(colon - text.p)), span_str(label)))
		return bad(complaint);
	last = memrchr(text.p, ':', text.len);
	return parse_int(span_of(last + 1, text.len - (size_t)(last + 1 - text.p)), out);
}

static void set_rabin(struct chunker *c, int64_t min, int64_t avg, int64_t max)
{
	int bits = 63 - __builtin_clzll((unsigned long long)avg);

	c->cut = (struct cut){ (size_t)min, (size_t)max, (UINT64_C(1) << bits) - 1 };
}

static int parse_rabin(struct chunker *c, const struct span *part, int n)
{
	int64_t min, avg = SIZE_DEFAULT, max;
	int rc;

	if (n == 4) {
		rc = parse_labelled(part[1], "min", "first label must be min", &min);
		if (rc < 0)
			return rc;
		if (min < RABIN_WINDOW)
			return bad("rabin min must be greater than 16");
		rc = parse_labelled(part[2], "avg", "second label must be avg", &avg);
		if (rc == 0)
			rc = parse_labelled(part[3], "max", "final label must be max", &max);
		if (rc < 0)
			return rc;
		if (min >= avg)
			return bad("incorrect format: rabin-min must be smaller than rabin-avg");
		if (avg >= max)
			return bad("incorrect format: rabin-avg must be smaller than rabin-max");
		if (max > UNIXFS_CHUNK_MAX)
			return too_large();
		set_rabin(c, min, avg, max);
		return 0;
	}
	if (n > 2)
		return bad("incorrect format (expected 'rabin' 'rabin-[avg]' or "
			   "'rabin-[min]-[avg]-[max]'");
	rc = n == 2 ? parse_int(part[1], &avg) : 0;
	if (rc < 0)
		return rc;
	if ((float)avg * 1.5f >= (float)(UNIXFS_CHUNK_MAX + 1))
		return too_large();
	/* Kubo takes these, and its count of bytes to skip wraps round */
	if (avg < RABIN_AVG_MIN)
		return err_set(ERR_USAGE, "rabin avg must be at least %d", RABIN_AVG_MIN);
	set_rabin(c, avg / 3, avg, avg + avg / 2);
	return 0;
}

int chunker_new(struct chunker **out, const char *spec)
{
	struct chunker c = { .cut = { SIZE_DEFAULT, SIZE_DEFAULT, 0 } };
	struct span part[4] = { { NULL, 0 } };
	int n = split(spec, part), rc = 0;

	if (*spec == 0 || strcmp(spec, "default") == 0) {
		c.kind = CHUNK_SIZE;
	} else if (span_equal(part[0], span_str("size"))) {
		rc = parse_size(&c, part, n);
	} else if (span_equal(part[0], span_str("rabin"))) {
		c.kind = CHUNK_RABIN;
		rc = parse_rabin(&c, part, n);
		rabin_setup();
	} else if (span_equal(part[0], span_str("buzhash"))) {
		c.kind = CHUNK_BUZHASH;
		c.cut = (struct cut){ BUZ_MIN, BUZ_MAX, 0 };
	} else {
		return err_set(ERR_USAGE, "unrecognized chunker option: %s", spec);
	}
	if (rc < 0)
		return rc;
	*out = malloc(sizeof **out);
	if (!*out)
		return err_nomem();
	**out = c;
	return 0;
}

void chunker_free(struct chunker *c)
{
	free(c);
}

size_t chunker_max(const struct chunker *c)
{
	return c->cut.max;
}

size_t chunker_min(const struct chunker *c)
{
	return c->cut.min;
}

size_t chunker_next(struct chunker *c, struct span window, int eof)
{
	(void)eof;			/* a window shorter than max is the end */
	if (window.len == 0)
		return 0;
	switch (c->kind) {
	case CHUNK_RABIN: return rabin_cut(&c->cut, window);
	case CHUNK_BUZHASH: return buzhash_cut(window);
	default: return window.len < c->cut.max ? window.len : c->cut.max;
	}
}
