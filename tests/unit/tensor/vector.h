/* vector.h - files of tests/golden as bytes one may change */
#ifndef TESTS_VECTOR_H
#define TESTS_VECTOR_H

#include <fcntl.h>

#include "base/io.h"
#include "../unit.h"

struct vector {
	uint8_t *p;
	size_t len;
};

/* vector_read - a file below tests/golden; its bytes end where the allocation ends */
__attribute__((unused)) static struct vector vector_read(const char *name)
{
	struct buf b = BUF_INIT(16 << 20);
	struct vector v;
	char path[300];

	snprintf(path, sizeof path, "tests/golden/%s", name);
	if (io_slurp_file(AT_FDCWD, path, &b) < 0)
		abort();
	v = (struct vector){ unit_kept(b.len), b.len };
	if (b.len)
		memcpy(v.p, b.data, b.len);
	buf_clear(&b);
	return v;
}

__attribute__((unused)) static struct span vector_span(struct vector v)
{
	return span_of(v.p, v.len);
}

/* vector_put - little-endian, `bytes` wide, at `off` */
__attribute__((unused)) static void vector_put(struct vector v, size_t off, uint64_t n, int bytes)
{
	int i;

	for (i = 0; i < bytes; i++)
		v.p[off + (size_t)i] = (uint8_t)(n >> (8 * i));
}

__attribute__((unused)) static uint64_t vector_get(struct vector v, size_t off, int bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | v.p[off + (size_t)bytes];
	return n;
}

/* vector_find - where that text stands for the nth time, counted from 0 */
__attribute__((unused)) static size_t vector_find(struct vector v, const char *text, size_t len, int nth)
{
	uint8_t *at = v.p;

	for (;; at++) {
		at = memmem(at, v.len - (size_t)(at - v.p), text, len);
		if (!at)
			abort();
		if (nth-- == 0)
			return (size_t)(at - v.p);
	}
}

#endif
