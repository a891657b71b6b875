/*
 * apifile.h - the file that says where the RPC listens, as a multiaddr; Kubo's clients look for one.
 * It appears when we are ready, whole, and goes when we end, unless somebody else has written it meanwhile.
 */
#ifndef CMD_APIFILE_H
#define CMD_APIFILE_H

#include "base/buf.h"

struct apifile {
	const char *path;		/* borrowed; NULL: none is wanted */
	struct buf text;		/* what it says; empty: not written yet */
};

/* apifile_check - could it be written?  0, or why not. */
int apifile_check(const char *path);
/* apifile_write - the address is as serve says it when ready: "127.0.0.1:5001", "tls:[::1]:5001", "unix:/run/x".  Nothing
 * happens the second time. */
int apifile_write(struct apifile *f, const char *address);
void apifile_end(struct apifile *f);

/* apifile_multiaddr - of such an address, appended: "/ip4/127.0.0.1/tcp/5001", "/unix/run/x".  Where all addresses are
 * listened at, it is that of loopback.  ERR_INVALID: it is none. */
int apifile_multiaddr(const char *address, struct buf *out);

#endif
