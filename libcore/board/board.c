/* board.c - one mapped file of counters and operations */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "board/board.h"
#include "map.h"

enum { BOARD_MAGIC = 0x31425269, BOARD_ROOM = 64 };	/* counters the file has room for */

struct slot {
	_Atomic uint32_t seq;		/* odd while the owner writes */
	uint32_t pad;
	int64_t pid;
	uint64_t start_ms, total;
	_Atomic uint64_t done;
	char verb[BOARD_VERB_MAX], what[BOARD_WHAT_MAX];
};

struct page {
	_Atomic uint32_t magic;
	uint32_t pad;
	_Atomic uint64_t counters[BOARD_ROOM];
	struct slot ops[BOARD_OPS_MAX];
};

struct board {
	struct page *page;
	int fd, last;			/* the slot we had last */
	uint8_t mine[BOARD_OPS_MAX];	/* OFD locks do not show us our own */
};

_Static_assert((int)BOARD_N_COUNTERS <= (int)BOARD_ROOM, "counters outgrew the file");

int board_open(struct board **out, const char *path)
{
	struct board *b = calloc(1, sizeof *b);
	void *map;
	int rc = b ? map_shared(path, sizeof *b->page, BOARD_MAGIC, &map, &b->fd) : err_nomem();

	*out = NULL;
	if (rc < 0) {
		free(b);
		return rc;
	}
	b->page = map;
	*out = b;
	return 0;
}

void board_close(struct board *b)
{
	if (!b)
		return;
	if (b->page)
		munmap(b->page, sizeof *b->page);
	if (b->fd >= 0)
		close(b->fd);
	free(b);
}

void board_count(struct board *b, enum board_counter c, uint64_t n)
{
	if (b)
		atomic_fetch_add_explicit(&b->page->counters[c], n, memory_order_relaxed);
}

uint64_t board_value(struct board *b, enum board_counter c)
{
	return b ? atomic_load_explicit(&b->page->counters[c], memory_order_relaxed) : 0;
}

const char *board_counter_name(enum board_counter c)
{
	static const char *names[] = {
#define X(tail, name) name,
		BOARD_COUNTERS(X)
#undef X
	};

	return c < BOARD_N_COUNTERS ? names[c] : NULL;
}

/* the byte of the file that stands for a slot's owner */
static struct flock slot_lock(int slot, short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_len = 1,
			       .l_start = (off_t)(sizeof(struct page) + (size_t)slot) };
}

int board_op_begin(struct board *b, const char *verb, const char *what, uint64_t total)
{
	struct timespec now;
	int n, i;

	if (!b)
		return -1;
	/* from ours on, so that those who come again and again end up with one each */
	for (n = 0, i = b->last; n < BOARD_OPS_MAX; n++, i = (i + 1) % BOARD_OPS_MAX) {
		struct flock lock = slot_lock(i, F_WRLCK);
		struct slot *s = &b->page->ops[i];

		if (b->mine[i] || fcntl(b->fd, F_OFD_SETLK, &lock) < 0)
			continue;
		b->mine[i] = 1;
		b->last = i;
		clock_gettime(CLOCK_REALTIME, &now);
		atomic_fetch_or(&s->seq, 1);	/* a dead owner may have left it odd */
		s->pid = getpid();
		s->start_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
		s->total = total;
		atomic_store(&s->done, 0);
		snprintf(s->verb, sizeof s->verb, "%s", verb);
		snprintf(s->what, sizeof s->what, "%s", what ? what : "");
		atomic_fetch_add(&s->seq, 1);
		return i;
	}
	return -1;
}

void board_op_progress(struct board *b, int slot, uint64_t done)
{
	if (b && slot >= 0)
		atomic_store_explicit(&b->page->ops[slot].done, done, memory_order_relaxed);
}

void board_op_end(struct board *b, int slot)
{
	struct flock lock;

	if (!b || slot < 0)
		return;
	lock = slot_lock(slot, F_UNLCK);
	b->page->ops[slot].pid = 0;
	b->mine[slot] = 0;
	fcntl(b->fd, F_OFD_SETLK, &lock);
}

/* a copy of the slot that was not being written meanwhile; 0: it was */
static int slot_read(struct slot *s, struct board_op *op)
{
	uint32_t before = atomic_load(&s->seq);

	op->pid = (long)s->pid;
	op->start_ms = s->start_ms;
	op->total = s->total;
	op->done = atomic_load(&s->done);
	memcpy(op->verb, s->verb, sizeof op->verb);
	memcpy(op->what, s->what, sizeof op->what);
	op->verb[sizeof op->verb - 1] = op->what[sizeof op->what - 1] = 0;
	return !(before & 1) && atomic_load(&s->seq) == before;
}

int board_ops(struct board *b, struct board_op *out, int max)
{
	int i, n = 0;

	for (i = 0; b && i < BOARD_OPS_MAX && n < max; i++) {
		struct flock lock = slot_lock(i, F_WRLCK);

		if (!b->page->ops[i].pid)
			continue;
		if (!b->mine[i] && (fcntl(b->fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK))
			continue;		/* its process is gone */
		if (slot_read(&b->page->ops[i], &out[n]))
			n++;
	}
	return n;
}
