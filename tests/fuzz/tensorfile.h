/*
 * tensorfile.h - fuzz input as the file of a container: what every container promises, whatever its bytes are.
 * No read goes outside of the file; every tensor lies within it; what is deflated can be read to its end or fails.
 */
#ifndef FUZZ_TENSORFILE_H
#define FUZZ_TENSORFILE_H

#include "../unit/tensor/memin.h"

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s: %s\n", #x, err_text()); abort(); } } while (0)

enum { TENSORFILE_MAX = 1 << 20, TENSORFILE_READ = 1 << 20 };

static int tensorfile_key(void *arg, struct span key, struct span value)
{
	uint64_t *n = arg;

	MUST((key.len == 0 || key.p) && (value.len == 0 || value.p));
	*n += key.len + value.len;
	return 0;
}

/* up to so many bytes of a deflated tensor, in two steps of one stream */
static void tensorfile_inflate(struct tensor_in *in, const struct tensor_info *t)
{
	static uint8_t p[4096];
	struct member *m;
	uint64_t left = t->len < TENSORFILE_READ ? t->len : TENSORFILE_READ;
	int rc = member_open(&m, in, t);

	while (rc == 0 && left) {
		size_t n = left < sizeof p ? (size_t)left : sizeof p;

		rc = member_read(m, p, n);
		left -= n;
	}
	MUST(rc == 0 || rc == ERR_INVALID);
	MUST(rc < 0 || m);
	member_close(m);
}

static void tensorfile_tensor(struct tensor_set *set, uint64_t i)
{
	struct tensor_info t, again;
	struct tensor_in *in;
	uint64_t off, type_len;
	int rc = tensor_get(set, i, &t);

	MUST(rc == 0);
	MUST(tensor_part(set, t.part, &in) == 0);
	MUST(t.rank <= TENSOR_RANK_MAX && t.off <= in->size && t.packed <= in->size - t.off);
	MUST(t.deflated || t.packed == t.len);
	MUST(t.bits == 0 || t.len == (t.n * t.bits + 7) / 8);
	off = t.off;
	type_len = t.type.len;
	if (t.name.len) {			/* found by its own name */
		struct buf name = BUF_INIT(TENSOR_NAME_MAX);

		MUST(buf_add(&name, t.name) == 0 && tensor_find(set, buf_span(&name), &again) == 0);
		MUST(again.off == off && again.type.len == type_len);
		buf_clear(&name);
	}
	if (t.deflated)
		tensorfile_inflate(in, &t);
}

/* tensorfile - open these bytes as a container of the kind `format`, and ask it everything. */
__attribute__((unused)) static void tensorfile(const uint8_t *data, size_t size, const struct tensor_format *format)
{
	struct tensor_set *set;
	uint64_t i, n = 0;
	int rc;

	if (size > TENSORFILE_MAX)
		return;
	rc = set_open_in(&set, memin_new(span_of(data, size)), format, NULL, NULL, 64 * 1024);
	MUST(rc == 0 || rc == ERR_INVALID || rc == ERR_UNSUPPORTED || rc == ERR_LIMIT);
	if (rc == 0) {
		for (i = 0; i < tensor_count(set) && i < 200; i++)
			tensorfile_tensor(set, i);
		MUST(tensor_meta(set, tensorfile_key, &n) == 0);
	}
	MUST(!memin_beyond);
	tensor_close(set);
}

#endif
