/* map.h - a file of fixed size, shared by all who map it (inside board only) */
#ifndef BOARD_MAP_H
#define BOARD_MAP_H

#include <stddef.h>
#include <stdint.h>

/* map_shared - *out: `size` bytes of the file at path, made if absent, zero at first; its first four bytes are
 * `magic`.  fd: gets the open file (NULL: it is closed).  0, or an error: it cannot be had, or is something else. */
int map_shared(const char *path, size_t size, uint32_t magic, void **out, int *fd);
uint64_t map_hash(const void *p, size_t len, uint64_t seed);	/* FNV-1a; never 0 */

#endif
