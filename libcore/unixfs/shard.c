/* shard.c - one block of a HAMT directory, checked before it is believed */
#include <inttypes.h>

#include "base/err.h"
#include "unixfs/read_priv.h"

enum { FANOUT_MAX = 1024 };

int shard_open(const struct read_node *n, struct shard *s)
{
	const struct unixfs_data *d = &n->data;
	struct span field = d->data;
	unsigned used = 0;
	size_t i;

	if (d->type != UNIXFS_HAMT)
		return err_set(ERR_INVALID, "node was not a dir shard");
	if (d->hash_type != MH_MURMUR3_X64_64)
		return err_set(ERR_INVALID, "only murmur3 supported as hash function");
	if (d->fanout == 0 || (d->fanout & (d->fanout - 1)))
		return err_set(ERR_INVALID, "hamt size should be a power of two");
	if (d->fanout > FANOUT_MAX)
		return err_set(ERR_INVALID, "hamt width (%" PRIu64 ") exceed maximum allowed (%d)",
			       d->fanout, FANOUT_MAX);
	if (d->fanout % 8)
		return err_set(ERR_INVALID, "bitfield size must be a multiple of 8; got %" PRIu64,
			       d->fanout);
	if (field.len > d->fanout / 8)
		return err_set(ERR_INVALID, "bitfield too small: got %" PRIu64 "; need %zu",
			       d->fanout, field.len * 8);
	while (field.len && *field.p == 0)
		field = span_of(field.p + 1, field.len - 1);
	for (i = 0; i < field.len; i++)
		used += (unsigned)__builtin_popcount(field.p[i]);
	if (used != n->pb.n_links)
		return err_set(ERR_INVALID, "invalid index passed to operate children "
			       "(likely corrupt bitfield)");
	*s = (struct shard){ .bits = __builtin_ctzll(d->fanout), .field = field };
	s->prefix = ((size_t)s->bits + 3) / 4;	/* hex digits of fanout - 1 */
	return 0;
}

/* The field is one big-endian number, bit i is slot i. */
static unsigned field_byte(const struct shard *s, unsigned i)
{
	return i < s->field.len ? s->field.p[s->field.len - 1 - i] : 0;
}

int shard_has(const struct shard *s, unsigned slot)
{
	return field_byte(s, slot / 8) >> (slot % 8) & 1;
}

unsigned shard_below(const struct shard *s, unsigned slot)
{
	unsigned i, n = 0;

	for (i = 0; i < slot / 8; i++)
		n += (unsigned)__builtin_popcount(field_byte(s, i));
	return n + (unsigned)__builtin_popcount(field_byte(s, slot / 8) & ((1u << slot % 8) - 1));
}
