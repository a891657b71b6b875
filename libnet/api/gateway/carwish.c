/* carwish.c - the parameters of a CAR, in the URL and in Accept (IPIP-402, IPIP-412, IPIP-523) */
#include "base/err.h"
#include "car_priv.h"

/* the value of a parameter of the URL, or of the entry in Accept; 1, or 0: not given */
static int parameter(struct gw_ask *a, const char *url, const char *accept, struct buf *out)
{
	struct span value;

	if (gw_arg(a, url, out) && out->len)
		return 1;
	buf_reset(out);
	if (!accept || a->accept_params.len < 2)
		return 0;
	return http_param(span_of(a->accept_params.data + 1, a->accept_params.len - 1), accept, &value) &&
	       http_unquote(value, out) == 0 && out->len;
}

/* which of the words, ended by NULL, it is; `none` when it is not given */
static int choice(struct gw_ask *a, const char *url, const char *accept, const char *const *words, int none)
{
	struct buf v = BUF_INIT(GW_PATH_MAX);
	int i, rc = none;

	if (parameter(a, url, accept, &v)) {
		for (i = 0; words[i] && !span_equal(buf_span(&v), span_str(words[i])); i++)
			;
		rc = words[i] ? i : err_set(ERR_USAGE, "the CAR parameter %s cannot be '%.40s'", url, (char *)v.data);
	}
	buf_clear(&v);
	return rc;
}

/* a decimal number, maybe negative; 0: it is none, or too large */
static int number(struct span s, int64_t *out, int *minus)
{
	int64_t n = 0;
	size_t i;

	*minus = s.len && s.p[0] == '-';
	if (*minus)
		s = span_of(s.p + 1, s.len - 1);
	if (!s.len || s.len > 19)
		return 0;
	for (i = 0; i < s.len; i++) {
		int d = s.p[i] - '0';

		if (d < 0 || d > 9 || n > (INT64_MAX - d) / 10)
			return 0;
		n = n * 10 + d;
	}
	*out = *minus ? -n : n;
	return 1;
}

int car_bytes(struct span s, struct car_wish *w)
{
	const uint8_t *colon = s.len ? memchr(s.p, ':', s.len) : NULL;
	int minus_from, minus_to = 0;
	struct span to;

	if (!colon)
		return err_set(ERR_USAGE, "entity-bytes is FROM:TO");
	to = span_of(colon + 1, s.len - (size_t)(colon + 1 - s.p));
	w->to_end = to.len == 1 && to.p[0] == '*';
	w->to = 0;
	if (!number(span_of(s.p, (size_t)(colon - s.p)), &w->from, &minus_from) ||
	    (!w->to_end && !number(to, &w->to, &minus_to)))
		return err_set(ERR_USAGE, "entity-bytes is FROM:TO, numbers of bytes, or * for TO");
	if (!w->to_end && minus_from == minus_to && w->from > w->to)
		return err_set(ERR_USAGE, "entity-bytes ends before it begins");
	w->ranged = 1;
	return 0;
}

/* The last byte of "a:-k" is at size - k, as the specification's examples have it. */
int car_range(const struct car_wish *w, uint64_t size, uint64_t *off, uint64_t *len)
{
	int64_t n = size < INT64_MAX ? (int64_t)size : INT64_MAX, from = w->from, to = w->to;

	if (from < 0)
		from = -from > n ? 0 : n + from;
	if (w->to_end || to >= n)
		to = n - 1;
	else if (to < 0)
		to = -to > n ? -1 : n + to;
	if (to >= n)
		to = n - 1;
	if (n > 0 && from >= n)
		return err_set(ERR_USAGE, "entity-bytes begins behind the end of the file");
	if (from > to)
		return 0;
	*off = (uint64_t)from;
	*len = (uint64_t)(to - from) + 1;
	return 1;
}

static int wish_bytes(struct gw_ask *a, struct car_wish *w)
{
	struct buf v = BUF_INIT(GW_PATH_MAX);
	int rc = gw_arg(a, "entity-bytes", &v) ? car_bytes(buf_span(&v), w) : 0;

	buf_clear(&v);
	return rc;
}

int car_wish(struct gw_ask *a, struct car_wish *w)
{
	static const char *const scopes[] = { "block", "entity", "all", NULL };
	static const char *const versions[] = { "1", NULL };
	static const char *const orders[] = { "dfs", "unk", NULL };
	static const char *const yes[] = { "n", "y", NULL };
	int rc;

	*w = (struct car_wish){ .scope = CAR_ALL };
	rc = choice(a, "dag-scope", NULL, scopes, CAR_ALL);
	if (rc >= 0) {
		w->scope = (enum car_scope)rc;
		rc = choice(a, "car-version", "version", versions, 0);
	}
	if (rc >= 0)
		rc = w->any_order = choice(a, "car-order", "order", orders, 0);
	if (rc >= 0)
		rc = w->dups = choice(a, "car-dups", "dups", yes, 0);
	if (rc >= 0)
		rc = wish_bytes(a, w);
	if (rc >= 0 && w->ranged)
		w->scope = CAR_ENTITY;
	return rc < 0 ? rc : 0;
}
