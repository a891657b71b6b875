/* repair.c - the parts of a check that look at files other than segments, and mending */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store_priv.h"

enum { GATHER = 1 << 20 };

void check_fault(struct check *c, int fixed, const char *fmt, ...)
{
	char text[CID_TEXT_MAX + 512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->left += !fixed;
	report_say(c->r, fixed, "%s", text);
}

static int check_dirs(struct check *c)
{
	struct stat sb;
	int i;

	for (i = 0; layout_dirs[i]; i++) {
		const char *d = layout_dirs[i];
		mode_t mode = layout_mode(d);

		if (fstatat(c->dirfd, d, &sb, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno != ENOENT)
				return err_sys("looking at '%s/%s'", c->path, d);
			if (c->repair && mkdirat(c->dirfd, d, mode) < 0)
				return err_sys("making folder '%s/%s'", c->path, d);
			check_fault(c, c->repair, "folder '%s' is missing", d);
		} else if (!S_ISDIR(sb.st_mode)) {
			check_fault(c, 0, "'%s' is not a folder; move it out of the way", d);
		} else if (mode == 0700 && (sb.st_mode & 077)) {
			if (c->repair && fchmodat(c->dirfd, d, mode, 0) < 0)
				return err_sys("closing folder '%s/%s'", c->path, d);
			check_fault(c, c->repair, "others may look into folder '%s'", d);
		}
	}
	return 0;
}

static int check_version(struct check *c)
{
	int rc = layout_version(c->dirfd, c->path);

	if (rc == 0 || rc == ERR_UNSUPPORTED)
		return rc;
	if (rc != ERR_CORRUPT && rc != ERR_NOTFOUND)
		return rc;
	if (c->repair) {
		rc = layout_write_version(c->dirfd);
		if (rc < 0)
			return rc;
	}
	check_fault(c, c->repair, "file 'version' is missing or damaged");
	return 0;
}

static int check_config(struct check *c)
{
	struct config *config = NULL;
	char why[512];
	int rc = store_config_load(c->path, &config);

	if (rc == 0 && faccessat(c->dirfd, "config", F_OK, 0) < 0) {
		if (c->repair)
			rc = store_config_save(c->path, config);
		if (rc == 0)
			check_fault(c, c->repair, "file 'config' is missing");
	} else if (rc == ERR_INVALID || rc == ERR_LIMIT) {
		snprintf(why, sizeof why, "%s", err_text());
		rc = 0;
		if (c->repair) {
			if (renameat(c->dirfd, "config", c->dirfd, "config.bad") < 0)
				return err_sys("renaming '%s/config'", c->path);
			rc = config_parse(&config, span_of(NULL, 0));
			if (rc == 0)
				rc = store_config_save(c->path, config);
		}
		if (rc == 0)
			check_fault(c, c->repair, "%s%s", why,
				    c->repair ? "; kept as 'config.bad'" : "");
	}
	config_free(config);
	return rc;
}

/* a shorter one is not damage: a cut came between making and sizing it */
static int check_slots(struct check *c, const char *name, long long most)
{
	struct stat sb;
	int rc;

	if (fstatat(c->dirfd, name, &sb, AT_SYMLINK_NOFOLLOW) < 0 || (S_ISREG(sb.st_mode) && sb.st_size <= most))
		return 0;
	rc = c->repair ? remove_tree(c->dirfd, name) : 0;
	if (rc == 0)
		check_fault(c, c->repair, "file '%s' is damaged", name);
	return rc;
}

/* nothing durable is on the board, so what is odd goes */
static int check_board(struct check *c)
{
	struct board *b = NULL;
	struct stat sb;
	char *path;
	int bad = 0, rc;

	if (fstatat(c->dirfd, "board/state", &sb, AT_SYMLINK_NOFOLLOW) == 0) {
		if (asprintf(&path, "%s/board/state", c->path) < 0)
			return err_nomem();
		rc = S_ISREG(sb.st_mode) && faccessat(c->dirfd, "board/state", W_OK, 0) == 0 ?
		     board_open(&b, path) : 0;
		bad = rc == ERR_CORRUPT || !S_ISREG(sb.st_mode);
		board_close(b);
		free(path);
		if (bad) {
			rc = c->repair ? remove_tree(c->dirfd, "board/state") : 0;
			if (rc < 0)
				return rc;
			check_fault(c, c->repair, "file 'board/state' is damaged");
		}
	}
	rc = check_slots(c, "board/leases", LEASE_SLOTS * LEASE_SLOT);
	return rc < 0 ? rc : check_slots(c, "board/commits", GROUP_END);
}

int check_layout(struct check *c)
{
	int rc = check_version(c);

	if (rc == 0)
		rc = check_dirs(c);
	if (rc == 0)
		rc = check_config(c);
	return rc < 0 ? rc : check_board(c);
}

/* ---- salvage ---- */

struct salvage {
	int fd;				/* of the new segment, -1 before its first record */
	uint32_t id;
	uint64_t pos;
	struct buf gather;
	uint64_t n;
};

static int salvage_begin(struct check *c, struct salvage *s)
{
	char name[SEG_NAME_MAX];
	uint8_t head[SEG_HEAD];
	uint32_t *ids, last;
	size_t n;
	int rc = seg_list(c->dirfd, &ids, &n);

	if (rc < 0)
		return rc;
	last = n ? ids[n - 1] : 0;
	free(ids);
	if (last == UINT32_MAX)
		return err_set(ERR_LIMIT, "no more numbers for segments");
	s->id = last + 1;
	s->fd = openat(c->dirfd, seg_name(s->id, name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (s->fd < 0)
		return err_sys("creating '%s/%s'", c->path, name);
	seg_head_encode(s->id, head);
	s->pos = 0;
	return buf_bytes(&s->gather, head, sizeof head);
}

static int salvage_flush(struct salvage *s)
{
	int rc = io_pwrite(s->fd, s->gather.data, s->gather.len, s->pos, "a segment");

	s->pos += s->gather.len;
	buf_reset(&s->gather);
	return rc;
}

static int salvage_record(struct check *c, struct salvage *s, const struct scanned *in)
{
	uint8_t head[REC_HEAD + REC_MH_MAX];
	int rc = s->fd < 0 ? salvage_begin(c, s) : 0;

	if (rc == 0)
		rc = buf_bytes(&s->gather, head, rec_encode(&in->rec, head));
	if (rc == 0)
		rc = buf_add(&s->gather, in->stored);
	if (rc == 0 && s->gather.len >= GATHER)
		rc = salvage_flush(s);
	s->n++;
	return rc;
}

/* does a record's block have the name the record says? */
int record_is_good(const struct scanned *in, struct buf *raw)
{
	int rc;

	if (in->bad)
		return 0;
	buf_reset(raw);
	rc = rec_unpack(&in->rec, in->stored, raw);
	if (rc < 0)
		return rc == ERR_NOMEM ? rc : 0;
	return mh_fits(span_of(in->rec.mh, in->rec.mh_len), buf_span(raw)) != 0;
}

int check_salvage(struct check *c, uint32_t id)
{
	struct salvage s = { .fd = -1, .gather = BUF_INIT(SIZE_MAX / 2) };
	struct buf raw = BUF_INIT(STORE_BLOCK_MAX);
	char old[SEG_NAME_MAX], fresh[SEG_NAME_MAX];
	struct scanned in;
	struct scan scan = { 0 };
	struct stat sb;
	int rc, good, fd = openat(c->dirfd, seg_name(id, old), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys("opening segment '%08x'", id);
	rc = fstat(fd, &sb) < 0 ? err_sys("looking at segment '%08x'", id) : 0;
	if (rc == 0)
		rc = scan_start(&scan, fd, (uint64_t)sb.st_size, "a segment");
	while (rc == 0 && (rc = scan_next(&scan, &in)) == 1) {
		good = in.rec.flags & REC_PAD ? 0 : record_is_good(&in, &raw);
		rc = good < 0 ? good : good ? salvage_record(c, &s, &in) : 0;
	}
	if (rc == 0 && s.fd >= 0) {
		rc = salvage_flush(&s);
		if (rc == 0)
			rc = io_sync(s.fd, "a segment");
		if (rc == 0)
			rc = io_sync_dir(c->dirfd, "seg");
	}
	if (rc == 0 && unlinkat(c->dirfd, old, 0) < 0)
		rc = err_sys("removing segment '%08x'", id);
	if (rc == 0)
		rc = io_sync_dir(c->dirfd, "seg");
	if (rc == 0)
		report_say(c->r, 1, "segment '%08x': its %" PRIu64 " good records are in segment "
			   "'%08x' now", id, s.n, s.fd >= 0 ? s.id : 0);
	else if (s.fd >= 0)
		unlinkat(c->dirfd, seg_name(s.id, fresh), 0);
	if (s.fd >= 0)
		close(s.fd);
	close(fd);
	scan_end(&scan);
	buf_clear(&s.gather);
	buf_clear(&raw);
	return rc;
}
