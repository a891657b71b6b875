/* peers.c - a table a pump: open addressing, one writer, and readers who may be a moment late */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "peers.h"

struct count {
	_Atomic uint64_t key;		/* 0: free */
	_Atomic unsigned n;
};

struct peers {
	unsigned rows;
	size_t size;			/* of a row: a power of two, twice what can be in it */
	uint64_t seed;			/* or clients could choose where they stand */
	struct count row[];
};

struct peers *peers_new(unsigned rows, unsigned conns)
{
	size_t size = 64;
	struct peers *ps;

	while (size < 2 * ((size_t)conns + 64))
		size *= 2;
	ps = mmap(NULL, sizeof *ps + rows * size * sizeof(struct count), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ps == MAP_FAILED)
		return NULL;
	ps->rows = rows;
	ps->size = size;
	if (getrandom(&ps->seed, sizeof ps->seed, GRND_NONBLOCK) < 0)
		ps->seed = (uint64_t)(uintptr_t)ps;
	return ps;
}

uint64_t peers_key(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;
	const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)&a)->sin6_addr;
	uint32_t four;
	uint64_t key;

	if (getpeername(fd, (struct sockaddr *)&a, &len) < 0)
		return 0;
	if (a.ss_family == AF_INET) {
		four = ((const struct sockaddr_in *)(const void *)&a)->sin_addr.s_addr;
	} else if (a.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six)) {
		memcpy(&four, six->s6_addr + 12, 4);
	} else if (a.ss_family == AF_INET6) {
		memcpy(&key, six->s6_addr, 8);
		return key ? key : 1;
	} else {
		return 0;
	}
	return 1ull << 32 | four;
}

/* a finalizer as of splitmix64 */
static size_t home(const struct peers *ps, uint64_t key)
{
	uint64_t x = key ^ ps->seed;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (size_t)(x ^ x >> 31) & (ps->size - 1);
}

/* where the key is, or the free place it would take; NULL: neither, the row is full */
static struct count *find(struct peers *ps, unsigned row, uint64_t key)
{
	struct count *r = ps->row + row * ps->size;
	size_t i = home(ps, key), n;
	uint64_t k;

	for (n = 0; n < ps->size; n++, i = (i + 1) & (ps->size - 1)) {
		k = atomic_load_explicit(&r[i].key, memory_order_relaxed);
		if (k == key || k == 0)
			return &r[i];
	}
	return NULL;
}

unsigned peers_add(struct peers *ps, unsigned row, uint64_t key)
{
	struct count *c = find(ps, row, key);
	unsigned all = 0, i;

	if (!c)
		return 0;
	if (atomic_load_explicit(&c->key, memory_order_relaxed) == 0) {
		atomic_store_explicit(&c->n, 0, memory_order_relaxed);
		atomic_store_explicit(&c->key, key, memory_order_release);
	}
	atomic_fetch_add_explicit(&c->n, 1, memory_order_relaxed);
	for (i = 0; i < ps->rows; i++) {
		c = find(ps, i, key);
		if (c && atomic_load_explicit(&c->key, memory_order_acquire) == key)
			all += atomic_load_explicit(&c->n, memory_order_relaxed);
	}
	return all;
}

/* the hole is filled with what would not be found behind it */
static void close_up(struct peers *ps, struct count *r, size_t hole)
{
	size_t mask = ps->size - 1, i = hole;
	uint64_t k;

	for (;;) {
		i = (i + 1) & mask;
		k = atomic_load_explicit(&r[i].key, memory_order_relaxed);
		if (k == 0)
			break;
		if (((i - home(ps, k)) & mask) < ((i - hole) & mask))
			continue;		/* it stands between its home and here: behind the hole */
		atomic_store_explicit(&r[hole].n, atomic_load_explicit(&r[i].n, memory_order_relaxed),
				      memory_order_relaxed);
		atomic_store_explicit(&r[hole].key, k, memory_order_release);
		hole = i;
	}
	atomic_store_explicit(&r[hole].key, 0, memory_order_release);
}

void peers_drop(struct peers *ps, unsigned row, uint64_t key)
{
	struct count *c = find(ps, row, key), *r = ps->row + row * ps->size;

	if (!c || atomic_load_explicit(&c->key, memory_order_relaxed) != key)
		return;
	if (atomic_fetch_sub_explicit(&c->n, 1, memory_order_relaxed) == 1)
		close_up(ps, r, (size_t)(c - r));
}

void peers_clear(struct peers *ps, unsigned row)
{
	struct count *r = ps->row + row * ps->size;
	size_t i;

	for (i = 0; i < ps->size; i++)
		if (atomic_load_explicit(&r[i].key, memory_order_relaxed))
			atomic_store_explicit(&r[i].key, 0, memory_order_release);
}
