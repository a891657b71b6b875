/* worker.h - the other end of a link: requests to the handler, its pieces to the pump (inside serve only) */
#ifndef SERVE_WORKER_H
#define SERVE_WORKER_H

#include "serve/serve.h"

/* worker_run - serve the link `fd` until the pump closes it, or, without a pool, one request.  The exit
 * status of the process. */
int worker_run(int fd, const struct serve_opts *o);

#endif
