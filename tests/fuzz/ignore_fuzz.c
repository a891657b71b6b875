/* ignore_fuzz.c - strange rules; the last line is the path they are asked about */
#include <stdlib.h>
#include <string.h>

#include "base/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size ? memrchr(data, '\n', size) : NULL;
	size_t len = nl ? (size_t)(nl - data) : 0;
	char *path = strndup((const char *)data + len + (nl != NULL), size - len - (nl != NULL));
	struct ignore *ig;

	if (path && ignore_new(&ig) == 0) {
		if (ignore_push(ig, "", span_of(data, len), "fuzz") == 0) {
			ignore_match(ig, path, 0);
			ignore_match(ig, path, 1);
		}
		ignore_free(ig);
	}
	free(path);
	return 0;
}
