/* v1_priv.h - what the files of the v1 interface share */
#ifndef API_V1_PRIV_H
#define API_V1_PRIV_H

#include "base/err.h"
#include "v1.h"

struct v1_ask {
	const struct v1_env *e;
	struct request *rq;
	struct reply *r;
	struct span path;		/* behind what says which part of the interface is meant, as sent */
};

/*
 * An answer was given: 1.  v1_fail - an error of section 1.4: {"error","code","request_id"}; behind the head it marks the
 * reply.  v1_fail_rc - err_text() behind `prefix` (may be ""), with the status and code of rc; `invalid` is the code
 * where it is the data that is malformed.  Both give 1, or the error of the transport.
 */
int v1_fail(struct v1_ask *a, int status, const char *code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int v1_fail_rc(struct v1_ask *a, int rc, const char *invalid, const char *prefix);

int v1_tensor(struct v1_ask *a);		/* tensor.c: /v1/tensor/… */

#endif
