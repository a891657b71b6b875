/*
 * mfs.c - the root of the mutable files: names/mfs, two slots written in turn, and a row of the index.
 *
 * Readers take no lock: while one slot is being written the other is whole, and says what was so before.  Of the slots
 * and the row the highest sequence counts.
 *
 * A small change, which waits for the disk, is made by the row: it is committed in the transaction that has the change's
 * blocks, so that both are there or neither, and need no sync of their own.  The slot is written after that and not
 * synced.  It is for who makes the index anew (which has no row then), so it must not be too far behind:
 * - what the collection after a new root may delete, it deletes when the slot is synced (mfs_settle);
 * - who makes the index anew on purpose has the slot synced before (pin_mfs_keep);
 * - who dies between the row and the slot leaves that to the next who changes the files.
 * Only a power cut and the loss of the index after it, together, bring back an older root, the last that reached the
 * disk by itself; all that is below it is still there, by the first of these.
 *
 * Any other change is made by the slot, after its blocks were committed.  A row must go before that: else it would be what
 * is left when both slots are torn, and older than they were.  And before it goes the slot is synced which says the same.
 * So while there is a row it is newer than every slot that was torn or never reached the disk, and where there is none
 * the slot that is not being written is on the disk, as far as that was waited for.
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
#include "base/log.h"
#include "base/rd.h"
#include "pin/pin_priv.h"

enum { CRC_AT = MFS_USED - 4, CID_AT = 8 + 8 + 4 + 4, READ_TRIES = 100 };

#define SEQ_MAX (UINT64_MAX / 2)		/* more changes than anyone makes */

_Static_assert(CID_AT + CID_BYTES_MAX <= CRC_AT, "a root fits its slot");

static const char magic[8] = { 'i', 'p', 'f', 'r', 's', 'm', 'f', 's' };
static const char *const what = "names/mfs";

enum { SLOTS = 2, ROW = SLOTS, PLACES };	/* where a root may stand */
enum { LITTLE = 4 << 20 };			/* bytes that may be synced while others wait for the lock of the pins */

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

struct places {
	struct slot s[PLACES];
	enum got got[PLACES];
};

static struct span row_key(void)
{
	return span_str("mfs");
}

static int row_read(struct store *st, struct places *p)
{
	struct buf b = BUF_INIT(MFS_USED);
	int rc = store_table_find(st, STORE_META, row_key(), &b);

	p->got[ROW] = SLOT_BLANK;
	if (rc == 1)
		p->got[ROW] = b.len == MFS_USED ? slot_decode(buf_span(&b), &p->s[ROW]) : SLOT_BAD;
	buf_clear(&b);
	return rc < 0 ? rc : 0;
}

/* both slots; what is behind the end of the file is blank, and so are they where there is no file */
static int slots_read(int fd, struct places *p)
{
	uint8_t bytes[MFS_USED];
	ssize_t n;
	int i;

	for (i = 0; i < SLOTS; i++) {
		memset(bytes, 0, sizeof bytes);
		n = fd < 0 ? 0 : io_pread(fd, bytes, sizeof bytes, (uint64_t)i * MFS_SLOT, what);
		if (n < 0)
			return (int)n;
		p->got[i] = slot_decode(span_of(bytes, sizeof bytes), &p->s[i]);
	}
	return 0;
}

/* the one of the first n that counts; -1: none */
static int newest(const struct places *p, int n)
{
	int i, best = -1;

	for (i = 0; i < n; i++)
		if (p->got[i] == SLOT_GOOD && (best < 0 || p->s[i].seq > p->s[best].seq))
			best = i;
	return best;
}

/* The row first: a slot that is written meanwhile says what the row said, or what came later. */
static int places_read(struct store *st, int fd, struct places *p)
{
	int rc = row_read(st, p);

	return rc < 0 ? rc : slots_read(fd, p);
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
	struct places p;
	int rc, tries, i = -1;

	m->root.len = 0;
	m->seq = 0;
	m->unsynced = 0;
	for (tries = 0; tries < (alone ? 1 : READ_TRIES); tries++) {
		rc = places_read(m->st, fd, &p);
		if (rc < 0)
			return rc;
		m->row = p.got[ROW] != SLOT_BLANK;
		i = newest(&p, SLOTS);
		if (i >= 0 || p.got[0] == SLOT_BLANK)
			break;
		sched_yield();			/* both were written while we looked */
	}
	m->behind = p.got[ROW] == SLOT_GOOD && (i < 0 || p.s[ROW].seq > p.s[i].seq);
	i = newest(&p, PLACES);
	if (i < 0 && p.got[0] == SLOT_BLANK)	/* just being made, or that was cut off */
		return 0;
	if (i < 0)
		return err_set(ERR_CORRUPT, "%s: the root of the files is damaged; run 'ipfrs-fsck -r'", what);
	m->root = p.s[i].root;
	m->seq = p.s[i].seq;
	m->unsynced = p.s[i].unsynced;
	return m->root.len > 0;
}

int pin_mfs_get(struct store *st, struct pin_mfs *m)
{
	int fd, rc = open_file(st, O_RDONLY, &fd);

	*m = (struct pin_mfs){ .st = st, .fd = -1 };
	if (rc < 0)
		return rc;
	rc = load(m, fd, 0);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- the slot follows the row ---- */

/* into the slot that does not count */
static int write_slot(int fd, const struct slot *s)
{
	uint8_t bytes[MFS_USED];
	struct places old;
	int rc = slots_read(fd, &old), to;

	if (rc == 0)
		rc = slot_encode(s, bytes);
	if (rc < 0)
		return rc;
	to = newest(&old, SLOTS) == 0;
	return io_pwrite(fd, bytes, sizeof bytes, (uint64_t)to * MFS_SLOT, what);
}

/* A slot says what the row says, if that is newer, and is on the disk.  Holding the lock of the file or that of the pins:
 * who has the other one meanwhile writes the same bytes to the same place. */
static int save(struct store *st, int fd)
{
	struct places p;
	int rc = places_read(st, fd, &p), i;

	if (rc < 0)
		return rc;
	i = newest(&p, SLOTS);
	if (p.got[ROW] == SLOT_GOOD && (i < 0 || p.s[ROW].seq > p.s[i].seq))
		rc = write_slot(fd, &p.s[ROW]);
	return rc < 0 ? rc : io_sync(fd, what);
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
	struct pins *p;
	int fd, rc = pins_of(st, &p);

	if (rc == 0)
		rc = open_file(st, pins_write(p) ? O_RDWR : O_RDONLY, &fd);
	if (rc < 0 || fd < 0)
		return rc;
	if (m->unsynced)
		rc = sync_others(st, fd);
	if (rc == 0 && !pins_write(p)) {
		rc = io_sync(fd, what);
	} else if (rc == 0 && (rc = pins_lock(p)) == 0) {
		rc = save(st, fd);
		pins_unlock(p);
	}
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
	m->put = store_puts(st).bytes;
	rc = open_file(st, O_RDWR | O_CREAT, &m->fd);
	if (rc == 0)
		rc = lock_file(m->fd);
	if (rc == 0)
		rc = make_last(m);
	if (rc == 0)
		rc = load(m, m->fd, 1);
	if (rc >= 0 && m->behind)		/* somebody died */
		rc = save(st, m->fd);
	if (rc < 0)
		pin_mfs_end(m);
	return rc < 0 ? rc : m->root.len > 0;
}

void pin_mfs_end(struct pin_mfs *m)
{
	if (m->fd >= 0)
		close(m->fd);			/* and the lock is gone */
	m->fd = -1;
}

/* With the lock of the pins, if no more was deleted since *sweeps: 0; 1: there was. */
static int lock_pins(struct pin_mfs *m, const uint64_t *sweeps, struct pins **p)
{
	uint64_t now = 0;
	int rc = pins_of(m->st, p);

	if (rc == 0)
		rc = pins_lock(*p);
	if (rc < 0)
		return rc;
	if (sweeps)
		rc = store_sweeps(m->st, &now);
	if (rc == 0 && sweeps && now != *sweeps)
		rc = 1;
	if (rc != 0)
		pins_unlock(*p);
	return rc;
}

static int next_slot(const struct pin_mfs *m, const struct cid *root, struct slot *s)
{
	*s = (struct slot){ .seq = m->seq + 1, .root = *root };
	return m->seq < SEQ_MAX ? 0 : err_set(ERR_LIMIT, "%s: no number is left for another change", what);
}

static void is_now(struct pin_mfs *m, const struct slot *s)
{
	m->root = s->root;
	m->seq = s->seq;
	m->unsynced = s->unsynced;
}

/* There will be no row: what it says is in a slot, and on the disk. */
static int drop_row(struct pin_mfs *m)
{
	int rc = m->row ? save(m->st, m->fd) : 0;

	if (rc < 0 || !m->row)
		return rc;
	rc = store_table_del(m->st, STORE_META, row_key());
	if (rc == 0)
		rc = store_commit(m->st);
	m->row = rc < 0;
	return rc;
}

int pin_mfs_set(struct pin_mfs *m, const struct cid *root, const uint64_t *sweeps, int sync)
{
	struct slot s;
	struct pins *p;
	int rc = next_slot(m, root, &s);

	if (store_flags(m->st) & STORE_UNSYNCED && sync < 2)
		sync = 0;
	s.unsynced = sync ? 0 : m->unsynced + 1;
	if (rc == 0)
		rc = drop_row(m);
	/* what others left to be synced is below this root, too */
	if (rc == 0 && sync && m->unsynced)
		rc = sync_others(m->st, m->fd);
	if (rc == 0)
		rc = lock_pins(m, sweeps, &p);
	if (rc != 0)
		return rc;
	rc = write_slot(m->fd, &s);
	if (rc == 0 && sync)
		rc = io_sync(m->fd, what);
	pins_unlock(p);
	if (rc == 0)
		is_now(m, &s);
	return rc;
}

/* … by the row */
static int set_row(struct pin_mfs *m, const struct cid *root, const uint64_t *sweeps)
{
	uint8_t bytes[MFS_USED];
	struct slot s;
	struct pins *p;
	int rc = next_slot(m, root, &s);

	if (rc == 0)
		rc = slot_encode(&s, bytes);
	if (rc == 0)
		rc = lock_pins(m, sweeps, &p);
	if (rc != 0)
		return rc;
	rc = store_table_put(m->st, STORE_META, row_key(), span_of(bytes, sizeof bytes));
	if (rc == 0)
		rc = store_commit(m->st);
	if (rc == 0) {				/* it is done, whatever becomes of the slot, */
		if (write_slot(m->fd, &s) < 0)
			log_warn("pin", "%s", err_text());
		sync_file_range(m->fd, 0, 0, SYNC_FILE_RANGE_WRITE);	/* which is on its way, and not waited for */
	}
	pins_unlock(p);
	if (rc == 0) {
		is_now(m, &s);
		m->row = 1;
	}
	return rc;
}

int pin_mfs_commit(struct pin_mfs *m, const struct cid *root, const uint64_t *sweeps, int sync)
{
	int little = store_puts(m->st).bytes - m->put <= LITTLE, rc;

	if (sync == 1 && little && !m->unsynced && !(store_flags(m->st) & STORE_UNSYNCED))
		return set_row(m, root, sweeps);
	rc = store_commit(m->st);
	return rc < 0 ? rc : pin_mfs_set(m, root, sweeps, sync);
}

int pin_mfs_keep(struct store *st)
{
	int fd, rc = open_file(st, O_RDWR, &fd);

	if (rc < 0 || fd < 0)
		return rc;
	rc = lock_file(fd);
	if (rc == 0)
		rc = save(st, fd);
	close(fd);
	return rc;
}

/* ---- fsck ---- */

struct check {
	struct store *st;
	struct store_report *r;
	int repair, fd;
	struct places at;
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

/* No slot is whole: only the row can say what the root was. */
static int begin_anew(struct check *c)
{
	static const uint8_t zeros[MFS_USED];
	int known = c->at.got[ROW] == SLOT_GOOD, rc = 0, i;

	say(c->r, 0, known ? "%s: both slots are damaged" : "%s: both slots are damaged, the root of the files is lost", what);
	if (!c->repair)
		return 1;
	for (i = 0; rc == 0 && i < SLOTS; i++)
		rc = io_pwrite(c->fd, zeros, sizeof zeros, (uint64_t)i * MFS_SLOT, what);
	if (rc == 0)
		rc = save(c->st, c->fd);
	if (rc == 0)
		say(c->r, 1, known ? "%s: begun anew with the root the index has" : "%s: begun anew; there are no files", what);
	return rc;
}

/* The root is known and its block is not here; perhaps that of one before is. */
static int go_back(struct check *c, int lost)
{
	struct pin_mfs m = { .st = c->st, .fd = c->fd, .seq = c->at.s[lost].seq, .unsynced = c->at.s[lost].unsynced,
			     .row = c->at.got[ROW] != SLOT_BLANK };
	const struct slot *before;
	char text[CID_TEXT_MAX];
	int rc, i;

	say(c->r, 0, "%s: the root of the files, %s: %s", what, cid_text(&c->at.s[lost].root, text), err_text());
	for (i = 0; i < PLACES; i++)		/* others that say the same say no more */
		if (c->at.got[i] == SLOT_GOOD && c->at.s[i].seq == m.seq)
			c->at.got[i] = SLOT_BAD;
	i = newest(&c->at, PLACES);
	before = i < 0 ? NULL : &c->at.s[i];
	if (!c->repair || !before || before->root.len == 0)
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
		rc = places_read(c->st, c->fd, &c->at);
		i = rc == 0 ? newest(&c->at, SLOTS) : -1;
	}
	if (rc < 0)
		return rc;
	if (i < 0 && c->at.got[0] != SLOT_BLANK) {
		rc = begin_anew(c);
		if (rc != 0)
			return rc;
	}
	i = newest(&c->at, PLACES);
	if (i < 0)
		return 0;
	rc = is_here(c->st, &c->at.s[i].root);
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
