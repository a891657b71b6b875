/* golden.h - tables of vectors: one row a line, columns by TAB, comments by # */
#ifndef TESTS_UNIT_CODEC_GOLDEN_H
#define TESTS_UNIT_CODEC_GOLDEN_H

#include "tests/unit/unit.h"

#define GOLDEN "tests/golden/ipld-codecs/"

/* golden_each - call fn with the columns of each row; the number of rows */
__attribute__((unused)) static int golden_each(const char *path, void (*fn)(char **col))
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	int n = 0, i;

	if (!f)
		return 0;
	while (getline(&line, &cap, f) > 0) {
		static char none[1];
		char *col[6] = { line, none, none, none, none, none };
		char *p = line;

		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#')
			continue;
		for (i = 1; i < 6 && (p = strchr(p, '\t')); i++) {
			*p++ = 0;
			col[i] = p;
		}
		fn(col);
		n++;
	}
	free(line);
	fclose(f);
	return n;
}

#endif
