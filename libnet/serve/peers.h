/*
 * peers.h - how many clients an address has, counted by all pumps together (inside serve only).
 * Each pump writes a row of its own and reads those of all, without locks: a count may be off by those who come
 * or go at the same moment.
 */
#ifndef SERVE_PEERS_H
#define SERVE_PEERS_H

#include <stddef.h>
#include <stdint.h>

struct peers;

/* peers_new - rows for so many pumps, with so many clients each, in memory that is shared with children.
 * NULL: no memory.  It is never released: it lasts as long as the processes. */
struct peers *peers_new(unsigned rows, unsigned conns);

/* peers_key - the number an address is counted by: IPv4 whole, of IPv6 the first 64 bits, which is what one
 * client has of them.  0: not counted (a unix socket, or no socket). */
uint64_t peers_key(int fd);

/* peers_add - one more in this row; returns how many there are now in all.  peers_drop - one less. */
unsigned peers_add(struct peers *ps, unsigned row, uint64_t key);
void peers_drop(struct peers *ps, unsigned row, uint64_t key);
void peers_clear(struct peers *ps, unsigned row);	/* the pump has died */

#endif
