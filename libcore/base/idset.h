/*
 * idset.h - a set of ids of 8 or 16 bytes that may outgrow memory.
 * Open addressing at a load between one half and four fifths, so at most twice the bytes of the
 * ids.  Up to `mem_bytes` it is an array in memory (while it grows the old one stands beside the
 * new); beyond, a file without a name: mapped, or under ulimit -v read and written by pages through
 * a cache of a quarter of that.  Ids are any bytes; they are hashed with a seed drawn when the set
 * is made, so that nobody outside can choose ids that collide.
 */
#ifndef BASE_IDSET_H
#define BASE_IDSET_H

#include <stddef.h>
#include <stdint.h>

struct idset;

/* idset_new - `width` 8 or 16, bytes of an id.  `tmpdir` (NULL: $TMPDIR or /tmp, which also serve
 * when it cannot be written to) is borrowed and must live as long as the set.  Gives *s; ERR_NOMEM,
 * ERR_USAGE. */
int idset_new(struct idset **s, size_t width, size_t mem_bytes, const char *tmpdir);
void idset_free(struct idset *s);			/* accepts NULL */

/* idset_add - 1: new, 0: was known; or ERR_NOMEM, ERR_NOSPACE, ERR_IO. */
int idset_add(struct idset *s, const void *id);
int idset_has(struct idset *s, const void *id);		/* 1 or 0, or ERR_IO */
uint64_t idset_count(const struct idset *s);

#endif
