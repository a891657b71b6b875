/*
 * sniff_fuzz.c - what kind of file: always the same answer to the same bytes, always a type and nothing else, and
 * nothing that a browser runs but by our own rules.  The name up to a NUL, then the bytes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/gateway/sniff_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_type(const char *t)
{
	const char *c;

	if (!t)
		return;
	for (c = t; *c; c++)
		if (*c < 0x20 || *c > 0x7e || *c == '<' || *c == '"')
			__builtin_trap();
	if (!strchr(t, '/') || c - t > 128)
		__builtin_trap();
	gw_compressible(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gw_types *types;
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	struct span name = span_of(data, nul ? (size_t)(nul - data) : size);
	struct span first = span_of(data + name.len + !!nul, size - name.len - !!nul);
	char was[160];
	const char *t;

	if (!types && gw_types_new(&types) < 0)
		abort();
	is_type(gw_type_by_name(name));
	t = gw_type_by_bytes(types, first);
	is_type(t);
	snprintf(was, sizeof was, "%s", t);
	if (strcmp(was, gw_type_by_bytes(types, first)))
		__builtin_trap();
	/* a whole text is the beginning of one */
	if (first.len < GW_SNIFF && gw_json_begins(first, 0) && !gw_json_begins(first, 1))
		__builtin_trap();
	return 0;
}
