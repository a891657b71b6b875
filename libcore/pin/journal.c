/* journal.c - the journal of pins: reading its tail, adding to it */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "pin/pin_priv.h"

enum { VIEW_TRIES = 20 };

static const char *const journal = "journal";

/* ---- what a handle keeps ---- */

static void pins_free(void *arg)
{
	struct pins *p = arg;

	if (p->fd >= 0)
		close(p->fd);
	if (p->lockfd >= 0)
		close(p->lockfd);
	if (p->dirfd >= 0)
		close(p->dirfd);
	overlay_clear(&p->over);
	board_close(p->board);
	free(p);
}

struct board *pins_board(struct pins *p)
{
	char *path = NULL;

	if (!p->board_tried && asprintf(&path, "%s/board/state", store_path(p->st)) >= 0) {
		if (board_open(&p->board, path) < 0)
			log_debug("pin", "%s", err_text());
		free(path);
	}
	p->board_tried = 1;
	return p->board;
}

static int open_dir(struct pins *p)
{
	const char *path = store_path(p->st);
	int top, rc = 0;

	if (p->dirfd >= 0)
		return 0;
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_sys("opening '%s'", path);
	if (pins_write(p) && mkdirat(top, "pins", 0755) < 0 && errno != EEXIST)
		rc = err_sys("making folder '%s/pins'", path);
	if (rc == 0)
		p->dirfd = openat(top, "pins", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rc == 0 && p->dirfd < 0 && errno != ENOENT)
		rc = err_sys("opening '%s/pins'", path);
	close(top);
	return rc;
}

int pins_of(struct store *st, struct pins **out)
{
	struct pins *p = store_attached(st);

	if (!p) {
		p = calloc(1, sizeof *p);
		if (!p)
			return err_nomem();
		p->st = st;
		p->dirfd = p->lockfd = p->fd = -1;
		overlay_init(&p->over);
		store_attach(st, p, pins_free);
	}
	*out = p;
	return open_dir(p);
}

int pins_lock(struct pins *p)
{
	int rc;

	if (!pins_write(p))
		return err_set(ERR_DENIED, "the store is open for reading only");
	if (p->locked++)
		return 0;
	if (p->lockfd < 0)
		p->lockfd = openat(p->dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (p->lockfd < 0) {
		p->locked = 0;
		return err_sys("opening '%s/pins/lock'", store_path(p->st));
	}
	do {
		rc = flock(p->lockfd, LOCK_EX);
	} while (rc < 0 && errno == EINTR);
	if (rc == 0)
		return 0;
	p->locked = 0;
	return err_sys("locking '%s/pins/lock'", store_path(p->st));
}

void pins_unlock(struct pins *p)
{
	if (p->locked && --p->locked == 0)
		flock(p->lockfd, LOCK_UN);
}

/* ---- reading ---- */

static void forget(struct pins *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->end = 0;
}

int pins_open(struct pins *p, uint64_t *len)
{
	struct stat sb;
	int fd;

	*len = 0;
	if (p->dirfd < 0)
		return 0;
	if (fstatat(p->dirfd, journal, &sb, 0) < 0) {
		if (errno != ENOENT)
			return err_sys("opening '%s/pins/journal'", store_path(p->st));
		forget(p);
		return 1;
	}
	*len = (uint64_t)sb.st_size;
	if (p->fd >= 0 && sb.st_ino == p->ino && sb.st_dev == p->dev)
		return 0;
	fd = openat(p->dirfd, journal, (pins_write(p) ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return pins_open(p, len);
	if (fd < 0 || fstat(fd, &sb) < 0) {
		int rc = err_sys("opening '%s/pins/journal'", store_path(p->st));

		if (fd >= 0)
			close(fd);
		return rc;
	}
	forget(p);
	p->fd = fd;
	p->ino = sb.st_ino;
	p->dev = sb.st_dev;
	*len = (uint64_t)sb.st_size;
	return 1;
}

/* the first line that is one; PIN_LINE_GOOD, PIN_LINES_END or an error */
static int first_line(int fd, uint64_t len, const char *what, struct pin_line *l)
{
	struct pin_lines r;
	int rc = pin_lines_begin(&r, fd, 0, len, what);

	if (rc == 0)
		do {
			rc = pin_lines_next(&r, l);
		} while (rc == PIN_LINE_BAD);
	pin_lines_end(&r);
	return rc;
}

int snapshot_open(struct pins *p, int *fd, uint64_t *seq, uint64_t *len)
{
	struct pin_line l;
	struct stat sb;
	int rc;

	*seq = *len = 0;
	*fd = p->dirfd < 0 ? -1 : openat(p->dirfd, "snapshot", O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return p->dirfd < 0 || errno == ENOENT ? 0 :
		       err_sys("opening '%s/pins/snapshot'", store_path(p->st));
	if (fstat(*fd, &sb) < 0) {
		rc = err_sys("opening '%s/pins/snapshot'", store_path(p->st));
	} else {
		*len = (uint64_t)sb.st_size;
		rc = first_line(*fd, *len, "pins/snapshot", &l);
	}
	if (rc < 0) {
		close(*fd);
		*fd = -1;
		return rc;
	}
	if (rc == PIN_LINE_GOOD)
		*seq = l.seq;			/* every line of a snapshot has its number */
	return 1;
}

/* the change after which the journal begins */
static int journal_base(struct pins *p, uint64_t len, uint64_t *base)
{
	struct pin_line l;
	uint64_t n;
	int rc = p->fd < 0 ? 0 : first_line(p->fd, len, "pins/journal", &l), fd;

	if (rc == PIN_LINE_GOOD) {
		*base = l.op == PIN_BASE || l.seq == 0 ? l.seq : l.seq - 1;
		return 0;
	}
	if (rc == 0)
		rc = snapshot_open(p, &fd, base, &n);
	if (rc == 1)
		close(fd);
	return rc < 0 ? rc : 0;
}

/* does the line that ends at off have this checksum? */
static int line_ends(const struct pins *p, uint64_t off, uint32_t crc)
{
	char want[16], got[9];

	if (p->fd < 0 || off < sizeof got)
		return 0;
	snprintf(want, sizeof want, "%08x\n", crc);
	return io_pread(p->fd, got, sizeof got, off - sizeof got, "pins/journal") == sizeof got &&
	       !memcmp(got, want, sizeof got);
}

int pins_behind(struct pins *p, const struct head *h, uint64_t len, uint64_t *from)
{
	uint64_t base;
	int rc;

	*from = h->off;
	if (h->off && h->off <= len && line_ends(p, h->off, h->crc))
		return 0;
	*from = 0;
	rc = journal_base(p, len, &base);
	return rc < 0 ? rc : base > h->seq;
}

static int take_line(struct pins *p, const struct pin_line *l)
{
	if (l->op == PIN_BASE || l->seq <= p->head.seq)
		return 0;			/* the copy has it */
	if (l->seq <= p->seq || l->op == PIN_END) {
		p->n_bad++;			/* a number that was */
		return 0;
	}
	p->seq = l->seq;
	return overlay_set(&p->over, &l->cid, l->op == PIN_SET ? l->mode : PIN_NONE, l->name);
}

static void warn(struct pins *p)
{
	if (!p->warned)
		log_warn("pin", "'%s/pins/journal' has damaged lines; run 'ipfrs-fsck -r'",
			 store_path(p->st));
	p->warned = 1;
}

/* everything from p->end on; a damaged end may be a write under way and waits */
static int take_tail(struct pins *p, uint64_t len)
{
	uint64_t n_bad = 0, from = p->end;
	struct pin_lines r;
	struct pin_line l;
	int rc;

	if (len <= p->end)
		return 0;
	rc = pin_lines_begin(&r, p->fd, p->end, len, "pins/journal");
	while (rc >= 0) {
		rc = pin_lines_next(&r, &l);
		if (rc == PIN_LINES_END)
			break;
		if (rc == PIN_LINE_BAD)
			n_bad++;
		if (rc != PIN_LINE_GOOD)
			continue;
		rc = take_line(p, &l);
		if (rc < 0)
			break;
		p->n_bad += n_bad;
		n_bad = 0;
		p->end = r.off;
		p->crc = l.crc;
	}
	pin_lines_end(&r);
	p->tail += p->end - from;
	if (p->n_bad)
		warn(p);
	return rc < 0 ? rc : 0;
}

int pins_follow(struct pins *p, const struct head *h)
{
	uint64_t len, from;
	int other = pins_open(p, &len), rc;

	if (other < 0)
		return other;
	if (!other && p->end && h->seq >= p->head.seq && line_ends(p, p->end, p->crc) &&
	    (p->tail <= OVERLAY_MAX || h->seq == p->head.seq)) {
		p->head.gen = h->gen;		/* the copy may have gone on: we know more */
		return take_tail(p, len);
	}
	overlay_clear(&p->over);
	p->head = *h;
	p->end = p->tail = p->n_bad = 0;
	p->seq = h->seq;
	p->crc = h->crc;
	rc = pins_behind(p, h, len, &from);
	if (rc == 0 && len > from && len - from > OVERLAY_MAX)
		rc = 1;
	if (rc != 0)
		return rc;
	p->end = from;
	return take_tail(p, len);
}

int pins_view(struct pins *p)
{
	struct head h, was = { .seq = UINT64_MAX };
	int rc = 0, tries;

	for (tries = 0; tries < VIEW_TRIES; tries++) {
		rc = copy_head(p->st, &h);
		if (rc >= 0)
			rc = pins_follow(p, &h);
		if (rc != 1)
			return rc;
		if (pins_write(p)) {
			rc = pins_lock(p);
			if (rc < 0)
				return rc;
			rc = copy_bring(p, NULL);
			pins_unlock(p);
			if (rc < 0)
				return err_add(rc, "reading the pins");
		} else if (h.seq == was.seq && h.gen == was.gen) {
			return 1;		/* nobody is about to mend it */
		}
		was = h;
	}
	return 1;
}

/* ---- writing ---- */

int pins_sync(struct pins *p)
{
	return p->fd < 0 ? 0 : io_sync(p->fd, "pins/journal");
}

static int create(struct pins *p)
{
	struct stat sb;

	p->fd = openat(p->dirfd, journal, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (p->fd < 0 || fstat(p->fd, &sb) < 0) {
		int rc = err_sys("making '%s/pins/journal'", store_path(p->st));

		forget(p);
		return rc;
	}
	p->ino = sb.st_ino;
	p->dev = sb.st_dev;
	return io_sync_dir(p->dirfd, ".");
}

/* what was not finished when its writer died */
static int cut_tail(struct pins *p)
{
	struct stat sb;

	if (fstat(p->fd, &sb) < 0)
		return err_sys("reading '%s/pins/journal'", store_path(p->st));
	if ((uint64_t)sb.st_size <= p->end)
		return 0;
	log_warn("pin", "cutting %llu unfinished bytes off '%s/pins/journal'",
		 (unsigned long long)sb.st_size - (unsigned long long)p->end, store_path(p->st));
	if (ftruncate(p->fd, (off_t)p->end) < 0)
		return err_sys("cutting '%s/pins/journal'", store_path(p->st));
	return 0;
}

int pins_append(struct pins *p, const struct change *c, int n)
{
	struct buf text = BUF_INIT(1024 * 1024);
	struct pin_line l;
	int rc = 0, i;

	if (p->seq > PIN_SEQ_MAX - (uint64_t)n)
		rc = err_set(ERR_LIMIT, "the changes of pins have run out of numbers");
	if (rc == 0 && p->fd < 0)
		rc = create(p);
	if (rc == 0)
		rc = cut_tail(p);
	for (i = 0; rc == 0 && i < n; i++) {
		l = (struct pin_line){ .seq = p->seq + 1 + (uint64_t)i, .op = c[i].op,
				       .mode = c[i].mode, .cid = *c[i].cid };
		snprintf(l.name, sizeof l.name, "%s", c[i].name ? c[i].name : "");
		rc = pin_line_format(&l, &text);
	}
	if (rc == 0) {
		rc = io_pwrite(p->fd, text.data, text.len, p->end, "pins/journal");
		if (rc == 0 && !(store_flags(p->st) & STORE_UNSYNCED))
			rc = pins_sync(p);
		/* nobody was told yes: take it back, so that nobody builds on it */
		if (rc < 0 && ftruncate(p->fd, (off_t)p->end) < 0)
			log_warn("pin", "the journal of pins may hold a change that failed");
	}
	if (rc == 0)
		rc = take_tail(p, p->end + text.len);
	buf_clear(&text);
	return rc;
}
