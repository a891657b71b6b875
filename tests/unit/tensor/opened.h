/* opened.h - bytes as a container, opened or refused, for tests */
#ifndef TESTS_OPENED_H
#define TESTS_OPENED_H

#include "memin.h"
#include "vector.h"

static int opened(struct tensor_set **set, struct vector v)
{
	return set_open_in(set, memin_new(vector_span(v)), NULL, NULL, NULL, 1 << 20);
}

/* refuses - with this code and these words, and without a read behind the file */
static void refuses(struct vector v, int code, const char *words)
{
	struct tensor_set *set;
	int rc = opened(&set, v);

	if (rc != code || !strstr(err_text(), words))
		printf("# %d '%s', not %d '%s'\n", rc, err_text(), code, words);
	CHECK(rc == code && strstr(err_text(), words));
	CHECK(!memin_beyond);
	tensor_close(set);
}

#endif
