/* cat.c - the bytes of a slice of a tensor in a set */
#include "base/err.h"
#include "gather_priv.h"

int tensor_cat(struct tensor_set *set, const struct tensor_info *t, const struct tensor_slice *s, uint64_t off, uint64_t len,
	       struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct gather g = { .base = t->off, .out = out, .progress = progress, .arg = arg };
	struct tensor_in *in, *unpacked = NULL;
	int rc = tensor_part(set, t->part, &in);

	if (rc == 0 && t->deflated) {
		rc = member_in(&unpacked, in, t);
		in = unpacked;
		g.base = 0;
	}
	if (rc < 0)
		return rc;
	g.in = in;
	rc = gather_cat(&g, t, s, off, len);
	tensor_in_close(unpacked);
	return rc;
}
