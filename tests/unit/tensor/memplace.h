/*
 * memplace.h - a folder of files in memory as the place of a container, for tests.
 * With an empty name the file called `self` is opened; without that the place is a folder.
 */
#ifndef TESTS_MEMPLACE_H
#define TESTS_MEMPLACE_H

#include "memin.h"

struct memfile {
	const char *name;
	struct span bytes;
	const char *key;		/* of the content; NULL: none */
};

struct memplace {
	struct tensor_place place;
	const struct memfile *files;	/* ended by one without a name */
	const char *self;
	unsigned n_opens;
};

static int memplace_open(struct tensor_place *place, struct span name, struct tensor_in **in)
{
	struct memplace *p = (struct memplace *)(void *)place;
	const struct memfile *f;

	if (name.len == 0 && !p->self)
		return 1;
	if (name.len == 0)
		name = span_str(p->self);
	p->n_opens++;
	for (f = p->files; f->name; f++) {
		if (!span_equal(name, span_str(f->name)))
			continue;
		*in = memin_new(f->bytes);
		if (f->key)
			snprintf((*in)->key, sizeof (*in)->key, "%s", f->key);
		return 0;
	}
	return err_set(ERR_NOTFOUND, "no file '%.*s'", (int)name.len, (const char *)name.p);
}

static int memplace_list(struct tensor_place *place, int (*fn)(void *arg, struct span name), void *arg)
{
	struct memplace *p = (struct memplace *)(void *)place;
	const struct memfile *f;
	int rc = 0;

	for (f = p->files; rc == 0 && f->name; f++)
		rc = fn(arg, span_str(f->name));
	return rc;
}

/* memplace_init - files and self are borrowed */
__attribute__((unused)) static void memplace_init(struct memplace *p, const struct memfile *files, const char *self)
{
	*p = (struct memplace){ .place = { memplace_open, memplace_list, NULL }, .files = files, .self = self };
}

/* memfile_st - a safetensors file of this header and so many bytes of data, 0 1 2 ..., in an allocation that is kept */
__attribute__((unused)) static struct span memfile_st(const char *header, size_t data)
{
	size_t len = strlen(header), i;
	uint8_t *p = unit_kept(8 + len + data);

	for (i = 0; i < 8; i++)
		p[i] = (uint8_t)((uint64_t)len >> 8 * i);
	memcpy(p + 8, header, len);
	for (i = 0; i < data; i++)
		p[8 + len + i] = (uint8_t)i;
	return span_of(p, 8 + len + data);
}

#endif
