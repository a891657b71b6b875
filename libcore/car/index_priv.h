/*
 * index_priv.h - piles: the entries of one hash function and digest length, on their way into an index.
 * An entry is what the index will hold: the digest and the offset, 8 bytes, little-endian.
 */
#ifndef CAR_INDEX_PRIV_H
#define CAR_INDEX_PRIV_H

#include "base/spill.h"
#include "car_priv.h"

enum {
	PILES_MAX = 256,		/* the block policy allows 140 plain hashes and lengths */
	PILE_SORT = 16			/* bytes an entry costs while it is sorted, apart from itself */
};

struct pile_key;

struct pile {
	uint64_t code;
	size_t width;			/* bytes of an entry */
	uint64_t n;			/* entries in all */
	uint8_t *entry;			/* those in memory */
	uint32_t have, cap;
	struct spill *runs;		/* the others */
	/* reading */
	struct pile_key *key;		/* in order */
	uint32_t next;
	const uint8_t *now;		/* borrowed until pile_next; NULL at the end */
};

static inline size_t pile_cost(const struct pile *p)
{
	return p->have * (p->width + PILE_SORT);
}

int pile_add(struct pile *p, struct span digest, uint64_t off);
/* pile_flush - what is in memory goes to disk, sorted. */
int pile_flush(struct pile *p, const char *tmpdir);
/* pile_read - the end of adding; pile_next puts the entries into p->now by digest: 0 or an error. */
int pile_read(struct pile *p);
int pile_next(struct pile *p);
void pile_clear(struct pile *p);

#endif
