/* tensor_priv.h - what the files that answer for tensors share */
#ifndef API_V1_TENSOR_PRIV_H
#define API_V1_TENSOR_PRIV_H

#include "ops/tensor.h"
#include "v1_priv.h"

enum {
	ARG_MAX_BYTES = 64 * 1024,	/* of an argument; names of tensors are the longest */
	PATH_MAX_BYTES = 4096
};

enum what { AS_STORED, INFO, ARROW, MMAP };

/* What is asked. */
struct wish {
	struct v1_ask *a;
	enum what what;
	struct cid cid;
	struct buf path;		/* "CID/a/b": what is asked for */
	struct buf name, slice;
	int has_name, has_slice;
	int form, to;			/* -1: not said */
	struct ops_tensor t;
	struct tensor_body body;
	struct dag_source guard;	/* what is not served is not read, either */
	struct tensor_place place;	/* nor are files of a name that is not served; t.place is behind it */
	int in_dir, refused;		/* the path is of a folder; the status for what is not served */
};

/* wish_read - what is asked, of path and query.  0; 1: answered; or the error of the transport. */
int wish_read(struct wish *w);

/*
 * wish_open - what the path of the wish leads to: w->t.  Whatever is on the deny list is neither opened nor read, be it
 * named by a path, be it a block: ERR_DENIED, and w->refused is the status.  Else as ops_tensor_place and tensor_open; on
 * failure nothing is open.
 */
int wish_open(struct wish *w);

#endif
