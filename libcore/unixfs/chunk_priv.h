/* chunk_priv.h - content-defined chunkers, as chunker.c calls them */
#ifndef UNIXFS_CHUNK_PRIV_H
#define UNIXFS_CHUNK_PRIV_H

#include "base/span.h"

/* Bounds of a content-defined chunk, bytes. */
struct cut {
	size_t min, max;
	uint64_t mask;			/* a cut where no bit of it is left in the fingerprint */
};

enum { RABIN_WINDOW = 16, BUZ_MIN = 128 * 1024, BUZ_MAX = 512 * 1024 };

/* rabin_cut, buzhash_cut - length of the first chunk of a window that holds max bytes or all up to
 * the end of input; the window is not empty.  rabin: min is at least RABIN_WINDOW. */
size_t rabin_cut(const struct cut *c, struct span window);
size_t buzhash_cut(struct span window);

void rabin_setup(void);			/* before the first rabin_cut; may be called again */

#endif
