/*
 * explain.h - which options give this file or folder that CID?
 */
#ifndef OPS_EXPLAIN_H
#define OPS_EXPLAIN_H

#include "base/buf.h"
#include "multi/cid.h"

struct ops_explain {
	/* options of ipfrs-add that give the CID, "" for none; nonzero stops.  Several are found only
	 * among profiles, which are tried first.  got: what comes out; another version of the CID when
	 * nothing gives that very one. */
	int (*found)(void *arg, const char *options, const struct cid *got);
	int (*progress)(void *arg, uint64_t bytes);	/* read; may be NULL; nonzero stops */
	void *arg;
};

/*
 * ops_explain - name what is at `path` in one way after the other until the CID comes out: profiles,
 * then chunkers, leaves, layouts, links of a node, inlining, and for folders hidden files, HAMT
 * thresholds and fan-outs; alone and wrapped in a directory.  Version and hash are those of the CID, and ways
 * that cannot make a difference for this file are left out.  Reads the file once a way.
 * 1, or 0: none of these ways gives it.
 * ERR_NOTFOUND …: the path cannot be read; ERR_UNSUPPORTED: a codec or hash that adding does not make.
 */
int ops_explain(const char *path, const struct cid *cid, const struct ops_explain *e);

#endif
