/* columns.c - columns and durations as Go writes them */
#include <inttypes.h>
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

/* "1.5": without zeros at its end */
static int put_fraction(struct buf *out, uint64_t whole, uint64_t part, int digits)
{
	for (; part && part % 10 == 0; digits--)
		part /= 10;
	return part ? buf_printf(out, "%" PRIu64 ".%0*" PRIu64, whole, digits, part) : buf_printf(out, "%" PRIu64, whole);
}

int call_duration_text(int64_t ns, struct buf *out)
{
	uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns, s = u / 1000000000;
	int rc = ns < 0 ? buf_u8(out, '-') : 0;

	if (rc == 0 && u == 0)
		return buf_str(out, "0s");
	if (rc == 0 && u < 1000)
		return buf_printf(out, "%" PRIu64 "ns", u);
	if (rc == 0 && s == 0) {
		rc = u < 1000000 ? put_fraction(out, u / 1000, u % 1000, 3) :
				   put_fraction(out, u / 1000000, u % 1000000, 6);
		return rc < 0 ? rc : buf_str(out, u < 1000000 ? "\xc2\xb5s" : "ms");
	}
	if (rc == 0 && s >= 3600)
		rc = buf_printf(out, "%" PRIu64 "h", s / 3600);
	if (rc == 0 && s >= 60)
		rc = buf_printf(out, "%" PRIu64 "m", s / 60 % 60);
	if (rc == 0)
		rc = put_fraction(out, s % 60, u % 1000000000, 9);
	return rc < 0 ? rc : buf_u8(out, 's');
}
