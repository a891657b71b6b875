/*
 * car_priv.h - what the verbs about archives share.
 */
#ifndef OPS_CAR_PRIV_H
#define OPS_CAR_PRIV_H

#include "base/tmpfile.h"
#include "ops/car.h"

/* ---- car_target.c: where an archive goes ---- */

struct target {
	const struct ops_car_to *to;
	struct car_out out;
	struct sink_fd fd_sink;
	struct sink *sink;		/* that, or the one that was given */
	struct car_index *index;	/* of a CARv2 */
	struct tmpfile tmp;		/* tmp.fd -1: not in use */
	int fd;				/* of a device or fifo that was opened here, else -1 */
};
/* open - nothing appears before target_end; start writes the header. */
int target_open(struct target *t, const struct ops_car_to *to);
int target_start(struct target *t, const struct cid *roots, size_t n);
int target_end(struct target *t);	/* what is still to be written; the file appears */
/* cut - the end of one that failed with rc: what was gathered for a pipe goes out.  Returns rc, with its
 * message. */
int target_cut(struct target *t, int rc);
void target_close(struct target *t);

/* ---- car_file.c ---- */

/* at_section - context for an error: `'WHAT', section at offset N, block 'CID': …`; returns rc. */
int at_section(int rc, const char *what, const struct car_section *s);

/* ---- car_undo.c: the blocks a session brought ---- */

struct undo;
int undo_new(struct undo **u, struct store *st);
void undo_free(struct undo *u);
int undo_note(struct undo *u, const struct cid *cid);
/* run - take them out of the store again, but for those that are pinned by now.  ERR_BUSY: another
 * program may rely on some; the others may be gone. */
int undo_run(struct undo *u);

/* ---- car_log.c: CIDs put aside in a file without a name ---- */

struct cidlog {
	int fd;				/* -1: all in memory */
	const char *tmpdir;
	struct buf tail;		/* not written yet */
	uint64_t pos;			/* read so far */
	uint64_t len;			/* written, without the tail */
	uint8_t *in;
	size_t in_pos, in_have;
};
void cidlog_init(struct cidlog *l, const char *tmpdir);
void cidlog_clear(struct cidlog *l);
int cidlog_add(struct cidlog *l, const struct cid *cid);
/* next - from the first on, once no more are added: 1, 0 at the end, or an error. */
int cidlog_next(struct cidlog *l, struct cid *cid);

#endif
