/*
 * rest.c - a handle that writes, kept open by somebody who has nothing to write at the moment.
 * Open stay the index, the folder and what was read of them.  What others would wait for is let go of: the lease, which
 * keeps collections from blocks; the segment, from compactions and other writers; the lock, from repairs.
 */
#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include "store_priv.h"

enum { KEEP = 64 << 10, KEEP_BLOCKS = 1024 };	/* bytes of a buffer, blocks of a batch, that need not go */

static void trim(struct buf *b)
{
	if (b->cap > KEEP)
		buf_clear(b);
}

int store_rest(struct store *st)
{
	int i;

	if (!(st->flags & STORE_WRITE))
		return 0;
	store_rollback(st);
	writer_rest(st);
	lease_rest(st);
	for (i = 0; i < SEG_FDS; i++)		/* else the room of one that is unlinked is not given back */
		if (st->fds[i].fd >= 0) {
			close(st->fds[i].fd);
			st->fds[i] = (struct seg_fd){ .fd = -1 };
		}
	trim(&st->scratch);
	trim(&st->group.wants);
	trim(&st->packed);
	trim(&st->batch.mhs);
	trim(&st->batch.ops);
	flock(st->lockfd, LOCK_UN);
	/* LMDB keeps the pages of the largest transaction there was */
	return st->batch.most > KEEP_BLOCKS;
}

int store_wake(struct store *st)
{
	int rc;

	if (!(st->flags & STORE_WRITE))
		return 0;
	do
		rc = flock(st->lockfd, LOCK_SH | LOCK_NB);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return errno == EWOULDBLOCK ? layout_busy(st->path, LOCK_SH) : err_sys("locking '%s/lock'", st->path);
	group_wake(st);
	return !layout_same(st->dirfd, "lock", st->lockfd) || index_stale(st->ix) || config_moved(st);
}
