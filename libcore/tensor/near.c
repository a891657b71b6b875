/* near.c - names of tensors that are like one that is not there */
#include <stdlib.h>

#include "base/err.h"
#include "tensor_priv.h"

enum {
	NEAR = 3,			/* names to tell */
	NEAR_ROWS = 65536,		/* looked at, around the place where the name would be */
	NEAR_LEN = 255			/* bytes of names that are compared */
};

struct near {
	unsigned far;			/* 0: as near as can be */
	struct buf name;
};

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* bytes to change, add or take away to make b of a; `max` and more are all the same, so that cells of the table which lie
 * so far from its diagonal need not be looked at */
static unsigned distance(struct span a, struct span b, unsigned max)
{
	unsigned row[NEAR_LEN + 1], diagonal, was, low;
	size_t i, k, from, to;

	while (a.len && b.len && *a.p == *b.p)
		a = span_of(a.p + 1, a.len - 1), b = span_of(b.p + 1, b.len - 1);
	while (a.len && b.len && a.p[a.len - 1] == b.p[b.len - 1])
		a.len--, b.len--;
	if ((a.len > b.len ? a.len - b.len : b.len - a.len) >= max)
		return max;
	for (k = 0; k <= b.len; k++)
		row[k] = (unsigned)k;
	for (i = 1; i <= a.len; i++) {
		from = i > max ? i - max + 1 : 1;
		to = b.len < i + max ? b.len : i + max - 1;
		diagonal = row[from - 1];
		low = row[from - 1] = from > 1 ? max : (unsigned)i;
		for (k = from; k <= to; k++) {
			was = row[k];
			row[k] = least(row[k] + 1, row[k - 1] + 1, diagonal + (a.p[i - 1] != b.p[k - 1]));
			diagonal = was;
			low = row[k] < low ? row[k] : low;
		}
		if (low >= max)
			return max;
	}
	return row[b.len];
}

/* does s end with all of `end`, behind a dot or a slash? */
static int ends_with(struct span s, struct span end)
{
	return s.len > end.len && memcmp(s.p + s.len - end.len, end.p, end.len) == 0 &&
	       (s.p[s.len - end.len - 1] == '.' || s.p[s.len - end.len - 1] == '/');
}

/* how far from each other, below `max`: the nearest lack what stands in front, or have it too much; then those with other
 * letters; then what goes on behind */
static unsigned how_far(struct span name, struct span asked, unsigned max)
{
	unsigned few = asked.len < 8 ? 2 : asked.len < 20 ? 3 : 4, most = few < max ? few : max, d;

	if (name.len > NEAR_LEN || name.len == 0)
		return max;
	if (ends_with(name, asked) || ends_with(asked, name))
		return 0;
	d = distance(name, asked, most);
	if (d < most)
		return d;
	return few < max && name.len > asked.len && memcmp(name.p, asked.p, asked.len) == 0 ? few : max;
}

static int keep_near(struct near *best, unsigned far, struct span name)
{
	struct buf spare;
	int i;

	if (far >= best[NEAR - 1].far)
		return 0;
	spare = best[NEAR - 1].name;
	for (i = NEAR - 1; i > 0 && best[i - 1].far > far; i--)
		best[i] = best[i - 1];
	best[i] = (struct near){ far, spare };
	buf_reset(&best[i].name);
	return buf_add(&best[i].name, name);
}

static int look_around(struct table *t, struct span asked, struct near *best)
{
	uint64_t at, i, to;
	struct tensor_info row;
	unsigned far;
	int rc = table_find(t, asked, &at);

	if (rc < 0)
		return rc;
	i = at > NEAR_ROWS / 2 ? at - NEAR_ROWS / 2 : 0;
	to = table_count(t) - i > NEAR_ROWS ? i + NEAR_ROWS : table_count(t);
	for (rc = 0; rc == 0 && i < to; i++) {
		rc = table_get(t, i, &row);
		if (rc < 0)
			break;
		far = how_far(row.name, asked, best[NEAR - 1].far);
		rc = keep_near(best, far, row.name);
	}
	return rc;
}

static int tell(const struct near *best, struct buf *out)
{
	char quoted[QUOTED_MAX];
	int i, n = 0, rc = 0;

	while (n < NEAR && best[n].far < NEAR_LEN)
		n++;
	for (i = 0; rc == 0 && i < n; i++)
		rc = buf_printf(out, "%s %s%s", i == 0 ? "; is it" : i < n - 1 ? "," : " or",
				quoted_name(buf_span(&best[i].name), quoted), i == n - 1 ? "?" : "");
	return rc;
}

int near_names(struct table *t, struct span name, struct buf *out)
{
	struct near best[NEAR];
	int i, rc = 0;

	for (i = 0; i < NEAR; i++)
		best[i] = (struct near){ NEAR_LEN, BUF_INIT(NEAR_LEN) };
	if (name.len <= NEAR_LEN)
		rc = look_around(t, name, best);
	if (rc == 0)
		rc = tell(best, out);
	for (i = 0; i < NEAR; i++)
		buf_clear(&best[i].name);
	return rc;
}
