/*
 * lease.c - what a sweep must leave alone for the sake of running writers.
 *
 * board/leases is a row of slots.  A writer holds a lock on its slot, which the kernel lets go
 * of when the process dies, and has written into it the last transaction it knew when it began:
 * nothing older than that is promised to it, everything newer is.  0 protects everything.
 *
 * A slot: u64 lease, u32 sequence, u32 length of the announced root, the root, 0…, u32 crc.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "base/rd.h"
#include "store_priv.h"

enum { CRC_AT = LEASE_SLOT - 4, ROOT_AT = 16, READ_TRIES = 1000 };

_Static_assert(ROOT_AT + CID_BYTES_MAX <= CRC_AT, "a root fits its slot");

static const char *const lease_file = "board/leases";

static struct flock slot_lock(int slot, short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_len = LEASE_SLOT,
			       .l_start = (off_t)slot * LEASE_SLOT };
}

int lease_open(struct store *st, int *out)
{
	struct stat sb;
	int fd;

	*out = -1;
	if (mkdirat(st->dirfd, "board", 0755) < 0 && errno != EEXIST)
		return err_sys("making folder '%s/board'", st->path);
	fd = openat(st->dirfd, lease_file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys("opening '%s/%s'", st->path, lease_file);
	if (fstat(fd, &sb) == 0 && sb.st_size < LEASE_SLOTS * LEASE_SLOT &&
	    ftruncate(fd, LEASE_SLOTS * LEASE_SLOT) < 0) {
		int rc = err_sys("sizing '%s/%s'", st->path, lease_file);

		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

static int slot_write(struct store *st, uint64_t lease, const struct cid *root)
{
	struct span r = root ? cid_span(root) : span_of(NULL, 0);
	struct buf b = BUF_INIT(LEASE_SLOT);
	int rc;

	rc = buf_reserve(&b, LEASE_SLOT);
	if (rc < 0)
		return rc;
	memset(b.data, 0, LEASE_SLOT);
	rc = buf_le64(&b, lease);
	if (rc == 0)
		rc = buf_le32(&b, ++st->lease_seq);
	if (rc == 0)
		rc = buf_le32(&b, (uint32_t)r.len);
	if (rc == 0)
		rc = buf_add(&b, r);
	while (rc == 0 && b.len < CRC_AT)
		rc = buf_u8(&b, 0);
	if (rc == 0)
		rc = buf_le32(&b, crc32c(0, span_of(b.data, CRC_AT)));
	if (rc == 0)
		rc = io_pwrite(st->lease_fd, b.data, LEASE_SLOT,
			       (uint64_t)st->lease_slot * LEASE_SLOT, lease_file);
	buf_clear(&b);
	return rc;
}

static int lock_slot(struct store *st, int slot, short type)
{
	struct flock lock = slot_lock(slot, type);

	return fcntl(st->lease_fd, F_OFD_SETLK, &lock) == 0;
}

/* A free slot, from the one we had last on, so that those who come again and again end up with one each; LEASE_SLOTS:
 * there is none. */
static int find_slot(struct store *st)
{
	int i, slot;

	for (i = 0; i < LEASE_SLOTS; i++) {
		slot = (st->lease_was + i) % LEASE_SLOTS;
		if (lock_slot(st, slot, F_WRLCK))
			return slot;
	}
	return LEASE_SLOTS;
}

int lease_take(struct store *st)
{
	int rc = 0, slot, tries;

	if (st->lease_slot >= 0)
		return 0;
	for (tries = 0; tries < 10; tries++) {
		if (st->lease_fd < 0)
			rc = lease_open(st, &st->lease_fd);
		if (rc < 0)
			return rc;
		slot = find_slot(st);
		if (slot == LEASE_SLOTS) {
			lease_drop(st);
			return err_set(ERR_BUSY, "%d writers already", LEASE_SLOTS);
		}
		st->lease_slot = st->lease_was = slot;
		/* the file we locked is still the one others look at */
		if (layout_same(st->dirfd, lease_file, st->lease_fd)) {
			/* first everything, then from the last transaction on: a sweep that
			 * saw the slot empty began before the transaction we read now */
			rc = slot_write(st, 0, NULL);
			if (rc == 0)
				rc = store_seen_txn(st, &st->lease);
			if (rc == 0)
				rc = slot_write(st, st->lease, NULL);
			if (rc < 0)
				lease_drop(st);
			return rc;
		}
		lease_drop(st);
	}
	return err_set(ERR_BUSY, "'%s/%s' does not stay", st->path, lease_file);
}

void lease_drop(struct store *st)
{
	if (st->lease_fd >= 0)
		close(st->lease_fd);
	st->lease_fd = st->lease_slot = -1;
}

void lease_rest(struct store *st)
{
	if (st->lease_slot >= 0 && !lock_slot(st, st->lease_slot, F_UNLCK))
		lease_drop(st);
	st->lease_slot = -1;
}

int store_protect(struct store *st, const struct cid *root)
{
	int rc;

	if (!(st->flags & STORE_WRITE))
		return err_set(ERR_DENIED, "the store is open for reading only");
	if (!root && st->lease_slot < 0)
		return 0;
	rc = lease_take(st);
	return rc < 0 ? rc : slot_write(st, st->lease, root);
}

/* 1: the slot was read while nobody wrote it */
static int slot_read(int fd, int slot, uint64_t *lease, struct cid *root)
{
	uint8_t bytes[LEASE_SLOT];
	struct rd r;
	ssize_t got;
	uint32_t len;

	got = io_pread(fd, bytes, sizeof bytes, (uint64_t)slot * LEASE_SLOT, lease_file);
	if (got < 0)
		return (int)got;
	if (got < LEASE_SLOT)
		return 0;
	r = rd_from(span_of(bytes + CRC_AT, 4));
	if (rd_le32(&r) != crc32c(0, span_of(bytes, CRC_AT)))
		return 0;
	r = rd_from(span_of(bytes, CRC_AT));
	*lease = rd_le64(&r);
	rd_le32(&r);
	len = rd_le32(&r);
	root->len = 0;
	return len == 0 || cid_decode(rd_bytes(&r, len), root) == 0;
}

static int slot_held(int fd, int slot)
{
	struct flock lock = slot_lock(slot, F_WRLCK);

	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return err_sys("looking at the locks of '%s'", lease_file);
	return lock.l_type != F_UNLCK;
}

int lease_read(int fd, uint64_t *least, int (*root)(void *arg, const struct cid *cid), void *arg)
{
	struct flock any = slot_lock(0, F_WRLCK);
	uint64_t lease = 0;
	struct cid cid;
	int slot, rc, tries;

	*least = UINT64_MAX;
	any.l_len = (off_t)LEASE_SLOTS * LEASE_SLOT;
	if (fcntl(fd, F_OFD_GETLK, &any) < 0)
		return err_sys("looking at the locks of '%s'", lease_file);
	if (any.l_type == F_UNLCK)
		return 0;
	for (slot = 0; slot < LEASE_SLOTS; slot++) {
		rc = slot_held(fd, slot);
		if (rc == 0)
			continue;
		for (tries = 0; rc > 0 && tries < READ_TRIES; tries++) {
			rc = slot_read(fd, slot, &lease, &cid);
			if (rc != 0)
				break;
			sched_yield();
			rc = slot_held(fd, slot);	/* it may have died writing */
		}
		if (rc < 0)
			return rc;
		if (tries == READ_TRIES)
			lease = 0, cid.len = 0;		/* unreadable: touch nothing */
		else if (rc == 0)
			continue;
		if (lease < *least)
			*least = lease;
		if (cid.len && root) {
			rc = root(arg, &cid);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}
