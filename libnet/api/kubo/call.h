/*
 * call.h - one call of a command: its arguments and options, the parts of its body, and how it answers.
 * A command is a row of a table and a function.  The function looks at its arguments, checks what can be checked, and
 * answers in one of four ways: one value, a stream of values, bytes, or nothing.  What it returns as an error before
 * that becomes Kubo's error object; behind it, a trailer.
 */
#ifndef API_KUBO_CALL_H
#define API_KUBO_CALL_H

#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "kubo.h"
#include "multi/cid.h"
#include "ops/read.h"
#include "pin/pin.h"
#include "wire/http/multipart.h"

/* ---- commands ---- */

enum opt_type { OPT_BOOL, OPT_INT, OPT_INT64, OPT_UINT, OPT_UINT64, OPT_FLOAT, OPT_STRING, OPT_STRINGS };

struct opt {
	const char *names;		/* "recursive,r": the first is the one call_* is asked for */
	enum opt_type type;
	const char *standard;		/* what it is when it is not given, as text; NULL: nothing (0, "", false) */
};

enum command_flags {
	CMD_FILE = 1,			/* the body holds files: c->part_next */
	CMD_STDIN = 2,			/* the last argument may come from the body, a line each */
	CMD_NO_STORE = 4,		/* answers though the store cannot be opened */
	CMD_READS = 8			/* changes nothing: a store open for reading will do */
};

struct call;
struct command {
	const char *path;		/* "pin/add" */
	/* Arguments by name, with blanks between: "name!" must be given, "name" may, "name…" repeats (as "..."):
	 * "ipfs-path!...", "name! newName!"; a TAB is a blank within a name.  Files of a CMD_FILE come behind them and
	 * are named in `file`. */
	const char *args;
	const char *file;		/* "data!..."; NULL: no files */
	const struct opt *opts;		/* up to one without names; may be NULL */
	int flags;
	int (*run)(struct call *c);
};
/* The families, each a table up to a row without path. */
extern const struct command kubo_add_commands[], kubo_read_commands[], kubo_block_commands[], kubo_dag_commands[],
	kubo_pin_commands[], kubo_refs_commands[], kubo_cid_commands[], kubo_node_commands[], kubo_repo_commands[],
	kubo_key_commands[], kubo_name_commands[], kubo_files_commands[], kubo_config_commands[], kubo_net_commands[],
	kubo_remote_commands[], kubo_object_commands[];

/* ---- the body ---- */

enum part_kind { PART_FILE, PART_DIR, PART_LINK };
struct part {
	enum part_kind kind;
	const char *path;		/* cleaned, without a slash in front; "": it has no name */
	const char *abspath;		/* where the client says it is on its disk; "" */
	uint32_t mode;			/* as os.FileMode of Go, its low nine bits and its own of set-id and sticky made ours;
					 * 0: not said */
	int has_mtime;
	int64_t mtime;
	uint32_t nsec;
};

/* ---- a call ---- */

enum call_enc { ENC_JSON, ENC_TEXT, ENC_XML };

struct call {
	struct kubo *k;
	struct store *st;
	struct dag_source *src;		/* of blocks; heeds `timeout`, and tells of blocks that are missing as Kubo does */
	struct request *rq;
	struct reply *r;
	const struct command *cmd;
	char **arg;
	size_t n_args;
	struct part part;		/* the last part_next gave */
	int (*waits)(void *arg);	/* called before the client is waited for longer; may be NULL.  An error ends the body */
	void *waits_arg;
	/* the rest is the frame's */
	struct query *query;
	struct parts *parts;
	enum call_enc enc;
	const struct mb_base *base;	/* cid-base, or NULL */
	int no_base;			/* … it was no such */
	int upgrade;			/* CIDv0 is shown as v1 */
	int streams;			/* the head is out, as of a stream of values or bytes */
	int one;			/* … as of one value */
	int code;			/* of the error object: 0 normal, 1 the client's fault */
	struct guard {
		struct dag_source src;
		struct call *c;
		struct dag_source *under;
		int strict, wanted;
	} guard;
	struct timespec deadline;	/* of CLOCK_MONOTONIC; 0: none */
	struct timespec flushed;	/* when values were last sent on their way */
	struct buf json;		/* the value on its way */
};

/* Options by their first name.  call_given - 1: it was in the query.  Asking for a name that the command does not
 * have ends the program. */
int call_given(const struct call *c, const char *name);
int call_bool(const struct call *c, const char *name);
int64_t call_int(const struct call *c, const char *name);	/* all INT kinds */
uint64_t call_uint(const struct call *c, const char *name);
double call_float(const struct call *c, const char *name);
const char *call_text(const struct call *c, const char *name);	/* "" when it is not given and has no standard */
/* call_each - the values of a repeated option in their order: NULL behind the last. */
const char *call_each(const struct call *c, const char *name, size_t i);

/* call_part - the next part of the body into c->part: 1; 0: that was the last one; ERR_INVALID: no multipart that can
 * be read; ERR_INTERRUPTED.  What was not read of the part before is passed over. */
int call_part(struct call *c);
/* call_file - the first part, which has to be a file: 0, or an error in Kubo's words. */
int call_file(struct call *c);
/* call_read - bytes of the part, 0 at its end.  call_read_arg: the same as a function for ops, with the call as arg. */
ssize_t call_read(struct call *c, void *p, size_t len);
ssize_t call_read_arg(void *call, void *p, size_t len);
/* call_slurp - all of a part, at most out->max bytes (ERR_LIMIT). */
int call_slurp(struct call *c, struct buf *out);

/* ---- answers.  0, or the error of the transport, to be returned at once ---- */

/* call_one - the one value; JSON as base/json.h writes it (what Go escapes besides is escaped here).  `text`: for
 * encoding=text, p NULL: the same as the JSON.
 * call_value - one of a stream; it is on its way to the client on return. */
int call_one(struct call *c, struct span json, struct span text);
int call_value(struct call *c, struct span json, struct span text);
/* call_value_soon - the same for those that come fast and in great numbers: it may wait for the next ones, some
 * milliseconds long and as long as there is no next one. */
int call_value_soon(struct call *c, struct span json, struct span text);
/* call_value_last - the same for those behind which there is nothing to wait for: they go along with the end. */
int call_value_last(struct call *c, struct span json, struct span text);
/* call_more - the one value in pieces, for those that may be long; a piece holds whole characters.  `text` as above, p NULL
 * or empty: nothing of this piece. */
int call_more(struct call *c, struct span json, struct span text);
/* call_begin - the head of a stream of values, before the first of them or in place of any: headers out. */
int call_begin(struct call *c);
/* call_bytes - the head of an answer of bytes; then put pieces into c->r->sink.  type NULL: text/plain.  len: told as
 * X-Content-Length, LEN_UNKNOWN: not told. */
int call_bytes(struct call *c, const char *type, uint64_t len);
int call_empty(struct call *c);		/* no value */
int call_flush(struct call *c);		/* what was put is on its way */

/* call_client_error - as err_set(ERR_USAGE, …), for errors that Kubo calls the client's (Code 1, status 400). */
int call_client_error(struct call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- words ---- */

/* call_base - is cid-base one at all?  For those who do something before they tell a CID. */
int call_base(const struct call *c);
/* call_cid - append a CID as the client wants it (cid-base, upgrade-cidv0-in-output).  call_cid_link - {"/":"cid"}, always
 * the default form; cid NULL: null. */
int call_cid(const struct call *c, const struct cid *cid, struct buf *out);
int call_cid_field(const struct call *c, struct buf *json, const char *key, const struct cid *cid);
int call_cid_link(struct buf *json, const struct cid *cid);
/* call_path - what an argument that is a path stands for, as "/ipfs/CID…", appended: names are followed.  Errors in
 * Kubo's words (`invalid path "x": …`).  call_resolve - and the CID at its end. */
int call_path(struct call *c, const char *arg, struct buf *path);
/* call_path_as_given - the same, but names stay names. */
int call_path_as_given(const char *arg, struct buf *path);
int call_resolve(struct call *c, const char *arg, struct cid *cid);
/* call_place - the block at its end, and what is left of the path inside that; ops_place_clear in any case. */
int call_place(struct call *c, const char *arg, struct ops_place *place);
/* call_pin - pin what c->src has: pin_add_from, or with `old` pin_update_from.  The empty directory, which c->src has though
 * the store may not, is put there when it turns out to be below. */
struct call_pin {
	struct pin_from from;		/* its src is set here */
	const struct cid *cid, *old;
	enum pin_mode mode;
	const char *name;
	int unpin;
};
int call_pin(struct call *c, struct call_pin *p);
/* call_expired - ERR_TIMEOUT ("context deadline exceeded") when `timeout` has passed, else 0. */
int call_expired(const struct call *c);
/* call_columns - append lines whose cells end in TABs, with blanks in the place of these, so that all columns stand even. */
int call_columns(struct span in, struct buf *out);
/* call_duration_text - append a duration as Go writes it: "1h30m0s", "1.5ms". */
int call_duration_text(int64_t ns, struct buf *out);
/* call_duration - a duration of Go ("1m30s", "500ms"): nanoseconds.  ERR_USAGE in Go's words. */
int call_duration(const char *text, int64_t *ns);

#endif
