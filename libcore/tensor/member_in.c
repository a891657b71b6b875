/* member_in.c - the data of a deflated tensor as a file, for who reads forward */
#include <stdlib.h>

#include "base/err.h"
#include "gather_priv.h"

struct unpacked {
	struct tensor_in in;
	struct tensor_in *under;	/* borrowed */
	struct tensor_info t;		/* without its names */
	struct member *m;
};

static int unpacked_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	struct unpacked *u = (struct unpacked *)in;
	int rc = 0;

	if (off > in->size || len > in->size - off)
		return err_set(ERR_INVALID, "the tensor ends before that");
	if (u->m && off < member_at(u->m)) {
		member_close(u->m);
		u->m = NULL;
	}
	if (!u->m)
		rc = member_open(&u->m, u->under, &u->t);
	if (rc == 0)
		rc = member_skip(u->m, off - member_at(u->m));
	return rc < 0 ? rc : member_read(u->m, p, len);
}

static int unpacked_cat(struct tensor_in *in, uint64_t off, uint64_t len, struct sink *out)
{
	uint8_t p[16384];
	size_t n;
	int rc = 0;

	for (; rc == 0 && len; off += n, len -= n) {
		n = len < sizeof p ? (size_t)len : sizeof p;
		rc = unpacked_read(in, off, p, n);
		if (rc == 0)
			rc = sink_bytes(out, span_of(p, n));
	}
	return rc;
}

static void unpacked_close(struct tensor_in *in)
{
	member_close(((struct unpacked *)in)->m);
	free(in);
}

int member_in(struct tensor_in **in, struct tensor_in *under, const struct tensor_info *t)
{
	struct unpacked *u = calloc(1, sizeof *u);

	if (!u)
		return err_nomem();
	u->in = (struct tensor_in){ .size = t->len, .read = unpacked_read, .cat = unpacked_cat, .close = unpacked_close };
	u->under = under;
	u->t = *t;
	u->t.name = u->t.type = span_of(NULL, 0);
	*in = &u->in;
	return 0;
}
