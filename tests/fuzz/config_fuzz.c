/* config_fuzz.c - a configuration that parses is written out the same, and parses again */
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = BUF_INIT(SIZE_MAX), twice = BUF_INIT(SIZE_MAX);
	struct config *c, *d;
	const char *key, *value, *help, *other;
	int i, set;

	if (config_parse(&c, span_of(data, size)) < 0)
		return 0;
	if (config_format(c, &once) < 0 || config_parse(&d, buf_span(&once)) < 0)
		abort();
	for (i = 0; config_each(c, i, &key, &value, &set, &help); i++) {
		if (config_get(d, key, &other) < 0 || strcmp(value, other))
			abort();
		if (set && config_set(d, key, value) < 0)	/* parsed means good */
			abort();
	}
	if (config_format(d, &twice) < 0)
		abort();
	config_free(d);
	if (config_parse(&d, buf_span(&twice)) < 0)
		abort();
	for (i = 0; config_each(c, i, &key, &value, &set, &help); i++)
		if (config_get(d, key, &other) < 0 || strcmp(value, other))
			abort();
	config_free(c);
	config_free(d);
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
