/* redirects_fuzz - a _redirects file, then NUL, a path, NUL, and a query: nothing breaks, and a Location is one line */
#include <stdlib.h>

#include "api/gateway/gateway_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span part(const uint8_t **p, size_t *left)
{
	const uint8_t *end = *left ? memchr(*p, 0, *left) : NULL;
	struct span s = span_of(*p, end ? (size_t)(end - *p) : *left);

	*p += s.len;
	*left -= s.len;
	if (*left) {
		(*p)++;
		(*left)--;
	}
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_rule rule = { .status = 0 };
	struct span file = part(&data, &size), path = part(&data, &size), query = part(&data, &size);
	size_t i;

	if (gw_redirects(file, path, query, &rule) == 1 && rule.status >= 300 && rule.status < 400)
		for (i = 0; i < rule.to.len; i++)
			if (rule.to.data[i] <= 0x20 || rule.to.data[i] >= 0x7f)
				abort();
	buf_clear(&rule.to);
	return 0;
}
