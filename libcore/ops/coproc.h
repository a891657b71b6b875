/*
 * coproc.h - blocks and names that another program knows, asked over its standard input and output.
 * So a small program has blocks from the network when it needs them, and loads nothing for it when it does not.
 *
 * A request is a line: a CID, or a path "/ipns/…".  The answer is a line "OK LEN" and LEN bytes: the block, or the path
 * "/ipfs/…"; or "CODE LEN", with a name as err_name has it, and a message of LEN bytes.  One answer to a request, in
 * order; the end of input ends the program.
 */
#ifndef OPS_COPROC_H
#define OPS_COPROC_H

#include "dag/dag.h"

struct coproc;

/*
 * coproc_new - a source for what `under` has, and behind it the program.  It is started at the first miss, from the folder
 * of ourselves, else from PATH; argv (NULL-ended) and under are borrowed.  gives *p.  The source answers as dag_source
 * says, with the errors the program gave, or ERR_IO: it cannot be started, or does not answer.  Blocks are hashed
 * here, too.
 */
int coproc_new(struct coproc **p, struct dag_source *under, const char *const *argv);
/* coproc_start - start it now: 0, also when it runs already; ERR_IO.  For who cannot later. */
int coproc_start(struct coproc *p);
/* coproc_free - ends the program and waits until it has put away what it has. */
void coproc_free(struct coproc *p);		/* accepts NULL */
struct dag_source *coproc_source(struct coproc *p);
/* coproc_resolve - what a path "/ipns/…" stands for, appended. */
int coproc_resolve(struct coproc *p, const char *path, struct buf *out);

/* coproc_exec - become the program argv names, from the folder of ourselves, else from PATH.  Returns when there is none. */
void coproc_exec(const char *program, const char *const *argv);

/* ---- the other side ---- */
/* coproc_answer - to fd: `rc` 0 and bytes, or an error and err_text(). */
int coproc_answer(int fd, int rc, struct span bytes);

#endif
