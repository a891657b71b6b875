/*
 * memin.h - bytes in memory as the file of a container, for tests.
 * A read outside of the file is a fault of the reader, and is counted.
 */
#ifndef TESTS_MEMIN_H
#define TESTS_MEMIN_H

#include "tensor/tensor_priv.h"
#include "../unit.h"

struct memin {
	struct tensor_in in;
	struct span bytes;
	uint64_t n_reads;
};
__attribute__((unused)) static int memin_beyond;

static int memin_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	struct memin *m = (struct memin *)(void *)in;

	m->n_reads++;
	m->in.n_bytes += len;
	if (off > m->bytes.len || len > m->bytes.len - off) {
		memin_beyond++;
		return err_set(ERR_INVALID, "read behind the file");
	}
	if (len)
		memcpy(p, m->bytes.p + off, len);
	return 0;
}

static int memin_cat(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out)
{
	struct memin *m = (struct memin *)(void *)in;

	if (off > m->bytes.len || len > m->bytes.len - off) {
		memin_beyond++;
		return err_set(ERR_INVALID, "read behind the file");
	}
	return sink_bytes(out, span_of(m->bytes.p + off, (size_t)len));
}

static void memin_close(struct tensor_in *in)
{
	free(in);
}

/* memin_new - bytes are borrowed */
__attribute__((unused)) static struct tensor_in *memin_new(struct span bytes)
{
	struct memin *m = calloc(1, sizeof *m);

	if (!m)
		abort();
	m->in = (struct tensor_in){ .size = bytes.len, .read = memin_read, .cat = memin_cat, .close = memin_close };
	m->bytes = bytes;
	return &m->in;
}

#endif
