/* table.h - rows of a vector file: fields by TAB or another mark, '#' begins a comment line */
#ifndef TESTS_UNIT_MULTI_TABLE_H
#define TESTS_UNIT_MULTI_TABLE_H

#include <stdio.h>

#include "tests/unit/unit.h"

enum { TABLE_FIELDS = 16, TABLE_LINE = 65536 };

struct table {
	FILE *f;
	char mark;
	char *line, *field[TABLE_FIELDS];
	int n, rows;
};

static inline int table_open(struct table *t, const char *name, char mark)
{
	char path[256];

	snprintf(path, sizeof path, "tests/golden/multiformats/%s", name);
	*t = (struct table){ .f = fopen(path, "r"), .mark = mark, .line = malloc(TABLE_LINE) };
	if (!t->f)
		printf("# cannot open %s\n", path);
	return t->f != NULL && t->line != NULL;
}

/* the next row; 0 at the end, when everything is released */
static inline int table_next(struct table *t)
{
	char *p;

	do {
		if (!fgets(t->line, TABLE_LINE, t->f)) {
			fclose(t->f);
			free(t->line);
			return 0;
		}
	} while (t->line[0] == '#');
	t->line[strcspn(t->line, "\n")] = 0;
	for (t->n = 0, p = t->line; p && t->n < TABLE_FIELDS; ) {
		t->field[t->n++] = p;
		p = strchr(p, t->mark);
		if (p)
			*p++ = 0;
	}
	t->rows++;
	return 1;
}

static inline void to_hex(struct span s, char *out)
{
	size_t i;

	*out = 0;
	for (i = 0; i < s.len; i++)
		sprintf(out + 2 * i, "%02x", s.p[i]);
}

#define CHECK_HEX(s, hex) do { char hex_[4096]; to_hex((s), hex_); CHECK_STR(hex_, hex); \
	} while (0)

#endif
