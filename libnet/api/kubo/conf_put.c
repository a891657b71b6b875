/* conf_put.c - a value as JSON, as Go's encoding/json writes it */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

static int new_line(int indent, struct buf *out)
{
	return indent < 0 ? 0 : buf_printf(out, "\n%*s", 2 * indent, "");
}

/* the shortest that reads back the same, with an exponent where Go has one */
static int put_float(double f, struct buf *out)
{
	char text[64];
	double a = fabs(f);
	int digits, places;

	for (digits = 1; digits < 17; digits++) {
		snprintf(text, sizeof text, "%.*e", digits - 1, f);
		if (strtod(text, NULL) == f)
			break;
	}
	snprintf(text, sizeof text, "%.*e", digits - 1, f);
	if (a != 0 && (a < 1e-6 || a >= 1e21)) {
		char *zero = strchr(text, 'e') + 2;	/* "1e-09" */

		return buf_printf(out, "%.*s%s", (int)(zero - text), text, zero + (*zero == '0'));
	}
	places = digits - 1 - atoi(strchr(text, 'e') + 1);
	return buf_printf(out, "%.*f", places > 0 ? places : 0, f);
}

static int put_int(const struct node_step *s, struct buf *out)
{
	if (s->neg)		/* -1 - u; u + 1 may not fit */
		return s->u == UINT64_MAX ? buf_str(out, "-18446744073709551616") : buf_printf(out, "-%" PRIu64, s->u + 1);
	return buf_printf(out, "%" PRIu64, s->u);
}

struct entry { struct span key; size_t value; };

static int by_key(const void *a, const void *b)
{
	return span_cmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static int put_map(const struct node *nd, size_t at, int indent, struct buf *out)
{
	size_t n = nd->step[at].n, i, k = 0, end = (size_t)nd->step[at].end;
	struct entry *e = calloc(n + 1, sizeof *e);
	int rc = e ? buf_u8(out, '{') : err_nomem(), in = indent < 0 ? -1 : indent + 1;

	for (i = at + 1; e && i < end; i = node_next(nd, i + 1))
		e[k++] = (struct entry){ node_span(nd, i), i + 1 };
	if (k)
		qsort(e, k, sizeof *e, by_key);
	for (i = 0; rc == 0 && i < k; i++) {
		rc = i ? buf_u8(out, ',') : 0;
		if (rc == 0)
			rc = new_line(in, out);
		if (rc == 0)
			rc = json_str(out, e[i].key);
		if (rc == 0)
			rc = buf_str(out, indent < 0 ? ":" : ": ");
		if (rc == 0)
			rc = conf_put(nd, e[i].value, in, out);
	}
	free(e);
	if (rc == 0 && n)
		rc = new_line(indent, out);
	return rc < 0 ? rc : buf_u8(out, '}');
}

static int put_list(const struct node *nd, size_t at, int indent, struct buf *out)
{
	size_t i, v;
	int rc = buf_u8(out, '['), in = indent < 0 ? -1 : indent + 1;

	for (i = 0; rc == 0 && node_entry(nd, at, i, &v); i++) {
		rc = i ? buf_u8(out, ',') : 0;
		if (rc == 0)
			rc = new_line(in, out);
		if (rc == 0)
			rc = conf_put(nd, v, in, out);
	}
	if (rc == 0 && i)
		rc = new_line(indent, out);
	return rc < 0 ? rc : buf_u8(out, ']');
}

int conf_put(const struct node *nd, size_t at, int indent, struct buf *out)
{
	const struct node_step *s = &nd->step[at];

	switch (s->kind) {
	case NODE_BOOL: return buf_str(out, s->neg ? "true" : "false");
	case NODE_INT: return put_int(s, out);
	case NODE_FLOAT: return put_float(s->f, out);
	case NODE_STRING: return json_str(out, node_span(nd, at));
	case NODE_LIST: return put_list(nd, at, indent, out);
	case NODE_MAP: return put_map(nd, at, indent, out);
	default: return buf_str(out, "null");
	}
}
