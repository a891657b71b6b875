/*
 * mfs.c - the root of the mutable files: names/mfs, two slots written in turn.
 * Readers take no lock: while one slot is being written the other is whole, and says what was so before.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "pin/pin_priv.h"

enum { CRC_AT = MFS_USED - 4, CID_AT = 8 + 8 + 4 + 4, READ_TRIES = 100 };

#define SEQ_MAX (UINT64_MAX / 2)		/* more changes than anyone makes */

_Static_assert(CID_AT + CID_BYTES_MAX <= CRC_AT, "a root fits its slot");

static const char magic[8] = { 'i', 'p', 'f', 'r', 's', 'm', 'f', 's' };
static const char *const what = "names/mfs";

/* ---- slots ---- */

struct slot {
	uint64_t seq;
	uint32_t unsynced;
	struct cid root;
};

enum got { SLOT_BLANK, SLOT_GOOD, SLOT_BAD };

static enum got slot_decode(struct span bytes, struct slot *s)
{
	static const uint8_t zeros[MFS_USED];
	struct rd r = rd_from(span_of(bytes.p + CRC_AT, 4));
	uint32_t len;

	if (memcmp(bytes.p, zeros, MFS_USED) == 0)
		return SLOT_BLANK;
	if (memcmp(bytes.p, magic, sizeof magic) || rd_le32(&r) != crc32c(0, span_of(bytes.p, CRC_AT)))
		return SLOT_BAD;
	r = rd_from(span_of(bytes.p + sizeof magic, CRC_AT - sizeof magic));
	s->seq = rd_le64(&r);
	s->unsynced = rd_le32(&r);
	len = rd_le32(&r);
	s->root.len = 0;
	if (s->seq == 0 || s->seq > SEQ_MAX)
		return SLOT_BAD;
	return len == 0 || cid_decode(rd_bytes(&r, len), &s->root) == 0 ? SLOT_GOOD : SLOT_BAD;
}

static int slot_encode(const struct slot *s, uint8_t bytes[MFS_USED])
{
	struct buf b = BUF_INIT(MFS_USED);
	int rc = buf_bytes(&b, magic, sizeof magic);

	if (rc == 0)
		rc = buf_le64(&b, s->seq);
	if (rc == 0)
		rc = buf_le32(&b, s->unsynced);
	if (rc == 0)
		rc = buf_le32(&b, s->root.len);
	if (rc == 0)
		rc = buf_add(&b, cid_span(&s->root));
	while (rc == 0 && b.len < CRC_AT)
		rc = buf_u8(&b, 0);
	if (rc == 0)
		rc = buf_le32(&b, crc32c(0, buf_span(&b)));
	if (rc == 0)
		memcpy(bytes, b.data, MFS_USED);
	buf_clear(&b);
	return rc;
}

/* both slots; what is behind the end of the file is blank */
static int slots_read(int fd, struct slot s[2], enum got got[2])
{
	uint8_t bytes[MFS_USED];
	ssize_t n;
	int i;

	for (i = 0; i < 2; i++) {
		memset(bytes, 0, sizeof bytes);
		n = io_pread(fd, bytes, sizeof bytes, (uint64_t)i * MFS_SLOT, what);
		if (n < 0)
			return (int)n;
		got[i] = slot_decode(span_of(bytes, sizeof bytes), &s[i]);
	}
	return 0;
}

/* the one that counts: 0 or 1; -1: none */
static int slot_newest(const struct slot s[2], const enum got got[2])
{
	if (got[0] == SLOT_GOOD && (got[1] != SLOT_GOOD || s[0].seq > s[1].seq))
		return 0;
	return got[1] == SLOT_GOOD ? 1 : -1;
}

/* ---- reading ---- */

/* *fd -1: there is no file (and no message, unless it was to be made) */
static int open_file(struct store *st, int flags, int *fd)
{
	struct buf path = BUF_INIT(8192);
	int rc = buf_printf(&path, "%s/%s", store_path(st), what);

	*fd = -1;
	if (rc == 0) {
		*fd = open((char *)path.data, flags | O_CLOEXEC, 0644);
		if (*fd < 0 && (errno != ENOENT || flags & O_CREAT))
			rc = err_sys("opening '%s'", (char *)path.data);
	}
	buf_clear(&path);
	return rc;
}

/* `alone`: nobody else writes */
static int load(struct pin_mfs *m, int fd, int alone)
{
	struct slot s[2];
	enum got got[2];
	int rc, tries, i;

	m->root.len = 0;
	m->seq = 0;
	m->unsynced = 0;
	for (tries = 0; tries < (alone ? 1 : READ_TRIES); tries++) {
		rc = slots_read(fd, s, got);
		if (rc < 0)
			return rc;
		i = slot_newest(s, got);
		if (i >= 0) {
			m->root = s[i].root;
			m->seq = s[i].seq;
			m->unsynced = s[i].unsynced;
			return m->root.len > 0;
		}
		if (got[0] == SLOT_BLANK)	/* just being made, or that was cut off */
			return 0;
		sched_yield();			/* both were written while we looked */
	}
	return err_set(ERR_CORRUPT, "%s: the root of the files is damaged; run 'ipfrs-fsck -r'", what);
}

int pin_mfs_get(struct store *st, struct pin_mfs *m)
{
	int fd, rc = open_file(st, O_RDONLY, &fd);

	*m = (struct pin_mfs){ .st = st, .fd = -1 };
	if (rc < 0 || fd < 0)
		return rc;
	rc = load(m, fd, 0);
	close(fd);
	return rc;
}

/* blocks and root that were written without waiting for the disk */
static int sync_others(struct store *st, int fd)
{
	if ((store_flags(st) & (STORE_WRITE | STORE_UNSYNCED)) == STORE_WRITE)
		return store_commit(st);	/* it sees to what others left */
	return syncfs(fd) < 0 ? err_sys("syncing '%s'", store_path(st)) : 0;
}

int mfs_settle(struct store *st, const struct pin_mfs *m)
{
	int fd, rc = open_file(st, O_RDONLY, &fd);

	if (rc < 0 || fd < 0)
		return rc;
	if (m->unsynced)
		rc = sync_others(st, fd);
	if (rc == 0)
		rc = io_sync(fd, what);
	close(fd);
	return rc;
}

/* ---- changing ---- */

static int lock_file(int fd)
{
	int rc;

	do {
		rc = flock(fd, LOCK_EX);
	} while (rc < 0 && errno == EINTR);
	return rc < 0 ? err_sys("locking '%s'", what) : 0;
}

/* A file that was just made gets a slot that says so, and must last before what is in it does. */
static int make_last(struct pin_mfs *m)
{
	static const struct slot first = { .seq = 1 };
	struct buf dir = BUF_INIT(8192);
	uint8_t bytes[MFS_USED];
	struct stat sb;
	int rc;

	if (fstat(m->fd, &sb) < 0)
		return err_sys("opening '%s'", what);
	if (sb.st_size >= MFS_SLOT + MFS_USED)
		return 0;
	rc = slot_encode(&first, bytes);
	if (rc == 0)
		rc = io_pwrite(m->fd, bytes, sizeof bytes, MFS_SLOT, what);
	if (rc < 0 || store_flags(m->st) & STORE_UNSYNCED)
		return rc;
	if (fsync(m->fd) < 0)
		rc = err_sys("syncing '%s'", what);
	if (rc == 0)
		rc = buf_printf(&dir, "%s/names", store_path(m->st));
	if (rc == 0)
		rc = io_sync_dir(AT_FDCWD, (char *)dir.data);
	buf_clear(&dir);
	return rc;
}

int pin_mfs_begin(struct store *st, struct pin_mfs *m)
{
	int rc;

	*m = (struct pin_mfs){ .st = st, .fd = -1 };
	if (!(store_flags(st) & STORE_WRITE))
		return err_set(ERR_DENIED, "the store is open for reading only");
	rc = open_file(st, O_RDWR | O_CREAT, &m->fd);
	if (rc == 0)
		rc = lock_file(m->fd);
	if (rc == 0)
		rc = make_last(m);
	if (rc == 0)
		rc = load(m, m->fd, 1);
	if (rc < 0)
		pin_mfs_end(m);
	return rc;
}

void pin_mfs_end(struct pin_mfs *m)
{
	if (m->fd >= 0)
		close(m->fd);			/* and the lock is gone */
	m->fd = -1;
}

/* Into the slot that does not count. */
static int write_slot(struct pin_mfs *m, const struct slot *s, int sync)
{
	uint8_t bytes[MFS_USED];
	struct slot old[2];
	enum got got[2];
	int rc = slots_read(m->fd, old, got), to;

	if (rc == 0)
		rc = slot_encode(s, bytes);
	if (rc < 0)
		return rc;
	to = slot_newest(old, got) == 0;
	rc = io_pwrite(m->fd, bytes, sizeof bytes, (uint64_t)to * MFS_SLOT, what);
	if (rc == 0 && sync)
		rc = io_sync(m->fd, what);
	return rc;
}

int pin_mfs_set(struct pin_mfs *m, const struct cid *root, const uint64_t *sweeps, int sync)
{
	struct slot s = { .seq = m->seq + 1, .root = *root };
	struct pins *p;
	uint64_t now = 0;
	int rc = pins_of(m->st, &p);

	if (m->seq >= SEQ_MAX)
		return err_set(ERR_LIMIT, "%s: no number is left for another change", what);
	if (store_flags(m->st) & STORE_UNSYNCED && sync < 2)
		sync = 0;
	s.unsynced = sync ? 0 : m->unsynced + 1;
	/* what others left to be synced is below this root, too */
	if (rc == 0 && sync && m->unsynced)
		rc = sync_others(m->st, m->fd);
	if (rc == 0)
		rc = pins_lock(p);
	if (rc < 0)
		return rc;
	if (sweeps)
		rc = store_sweeps(m->st, &now);
	if (rc == 0 && sweeps && now != *sweeps)
		rc = 1;
	if (rc == 0)
		rc = write_slot(m, &s, sync);
	pins_unlock(p);
	if (rc == 0) {
		m->root = *root;
		m->seq = s.seq;
		m->unsynced = s.unsynced;
	}
	return rc;
}

/* ---- fsck ---- */

struct check {
	struct store *st;
	struct store_report *r;
	int repair, fd;
	struct slot s[2];
	enum got got[2];
};

static void say(struct store_report *r, int fixed, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct store_report *r, int fixed, const char *fmt, ...)
{
	char text[2 * CID_TEXT_MAX];
	va_list ap;

	if (!r || !r->say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->say(r->arg, fixed, text);
}

/* 1: it is, or there is none, or it is the empty directory, which is never missed */
static int is_here(struct store *st, const struct cid *root)
{
	static const uint8_t empty[] = { 0x0a, 0x02, 0x08, 0x01 };
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	int rc;

	if (root->len == 0 || cid_verify(root, span_of(empty, sizeof empty)) == 0)
		return 1;
	rc = dag_get(store_source(st), root, &block);
	buf_clear(&block);
	return rc == 0 ? 1 : rc == ERR_NOMEM ? rc : 0;
}

/* No slot is whole: nothing says any more what the root was. */
static int begin_anew(struct check *c)
{
	static const uint8_t zeros[MFS_USED];
	int rc = 0, i;

	say(c->r, 0, "%s: both slots are damaged, the root of the files is lost", what);
	if (!c->repair)
		return 1;
	for (i = 0; rc == 0 && i < 2; i++)
		rc = io_pwrite(c->fd, zeros, sizeof zeros, (uint64_t)i * MFS_SLOT, what);
	if (rc == 0)
		rc = io_sync(c->fd, what);
	if (rc == 0)
		say(c->r, 1, "%s: begun anew; there are no files", what);
	return rc;
}

/* The root is known and its block is not here; perhaps that of the one before is. */
static int go_back(struct check *c, int newest)
{
	const struct slot *lost = &c->s[newest], *before = &c->s[!newest];
	struct pin_mfs m = { .st = c->st, .fd = c->fd, .seq = lost->seq, .unsynced = lost->unsynced };
	char text[CID_TEXT_MAX];
	int rc;

	say(c->r, 0, "%s: the root of the files, %s: %s", what, cid_text(&lost->root, text), err_text());
	if (!c->repair || c->got[!newest] != SLOT_GOOD || before->root.len == 0)
		return 1;
	rc = is_here(c->st, &before->root);
	if (rc != 1)
		return rc < 0 ? rc : 1;
	rc = pin_mfs_set(&m, &before->root, NULL, 1);
	if (rc == 0)
		say(c->r, 1, "%s: back at the root before it, %s", what, cid_text(&before->root, text));
	return rc;
}

static int look(struct check *c)
{
	int rc = c->repair ? lock_file(c->fd) : 0, i = -1, tries;

	for (tries = 0; rc == 0 && i < 0 && tries < READ_TRIES; tries++) {
		rc = slots_read(c->fd, c->s, c->got);
		i = rc == 0 ? slot_newest(c->s, c->got) : -1;
	}
	if (rc < 0)
		return rc;
	if (i < 0)
		return c->got[0] == SLOT_BLANK ? 0 : begin_anew(c);
	rc = is_here(c->st, &c->s[i].root);
	return rc < 0 ? rc : rc == 1 ? 0 : go_back(c, i);
}

int pin_mfs_check(struct store *st, int repair, struct store_report *r)
{
	struct check c = { .st = st, .r = r, .repair = repair };
	int rc = open_file(st, repair ? O_RDWR : O_RDONLY, &c.fd);

	if (rc < 0 || c.fd < 0)
		return rc;
	rc = look(&c);
	close(c.fd);
	return rc;
}
