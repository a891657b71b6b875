/* cat.c - the bytes of a slice of a tensor in a set */
#include "base/err.h"
#include "gather_priv.h"

/* the data of a deflated tensor: one that was read before and goes on, or in its own or the oldest's stead from its beginning */
static int unpacked(struct tensor_set *set, const struct tensor_info *t, struct tensor_in *under, unsigned *at)
{
	unsigned i;
	int rc;

	for (i = 0; i < SET_UNPACKED; i++)
		if (set->unpacked[i].in && set->unpacked[i].off == t->off && set->unpacked[i].part == t->part) {
			*at = i;
			return 0;
		}
	*at = i = set->n_unpacked++ % SET_UNPACKED;
	tensor_in_close(set->unpacked[i].in);
	set->unpacked[i].in = NULL;
	rc = member_in(&set->unpacked[i].in, under, t);
	set->unpacked[i].off = t->off;
	set->unpacked[i].part = t->part;
	return rc;
}

int tensor_cat(struct tensor_set *set, const struct tensor_info *t, const struct tensor_slice *s, uint64_t off, uint64_t len,
	       struct sink *out, int (*progress)(void *arg, uint64_t bytes), void *arg)
{
	struct gather g = { .base = t->off, .out = out, .progress = progress, .arg = arg };
	unsigned at = 0;
	int rc = tensor_part(set, t->part, &g.in);

	if (rc == 0 && t->deflated) {
		rc = unpacked(set, t, g.in, &at);
		g.in = set->unpacked[at].in;
		g.base = 0;
	}
	if (rc == 0)
		rc = gather_cat(&g, t, s, off, len);
	if (rc < 0 && t->deflated) {		/* who knows where it stands */
		tensor_in_close(set->unpacked[at].in);
		set->unpacked[at].in = NULL;
	}
	return rc;
}
