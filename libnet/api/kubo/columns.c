/* columns.c - text in columns, as Go's text/tabwriter lays it out */
#include <string.h>

#include "call.h"

enum { COLUMNS_MAX = 8 };

/* the next cell of the text, without what ends it: 1; 0: there is none */
static int next_cell(struct span *rest, struct span *cell, int *ended_by_tab)
{
	size_t i;

	for (i = 0; i < rest->len && rest->p[i] != '\t' && rest->p[i] != '\n'; i++)
		;
	*cell = span_of(rest->p, i);
	*ended_by_tab = i < rest->len && rest->p[i] == '\t';
	i += i < rest->len;
	*rest = span_of(rest->p + i, rest->len - i);
	return 1;
}

static size_t width(struct span s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

int call_columns(struct span in, struct buf *out)
{
	size_t widest[COLUMNS_MAX] = { 0 }, col = 0;
	struct span rest = in, cell;
	int tab, rc = 0;

	while (rest.len && next_cell(&rest, &cell, &tab)) {
		if (tab && col < COLUMNS_MAX && width(cell) > widest[col])
			widest[col] = width(cell);
		col = tab ? col + 1 : 0;
	}
	for (rest = in, col = 0; rc == 0 && rest.len && next_cell(&rest, &cell, &tab); col = tab ? col + 1 : 0) {
		rc = buf_add(out, cell);
		if (rc == 0 && tab && col < COLUMNS_MAX)
			rc = buf_printf(out, "%*s", (int)(widest[col] + 1 - width(cell)), "");
		else if (rc == 0 && !tab)
			rc = buf_u8(out, '\n');
	}
	return rc;
}
