/*
 * codec_priv.h - what the codecs share inside their room.
 */
#ifndef CODEC_CODEC_PRIV_H
#define CODEC_CODEC_PRIV_H

#include "codec/codec.h"

/* who hears of the links; link may be NULL */
struct listener {
	int (*link)(void *arg, const struct cid *cid, struct span name);
	void *arg;
};

/* A row of the table.  decode and encode may be NULL. */
struct codec {
	uint64_t code;
	int (*decode)(struct span block, int flags, struct node *nd);
	int (*encode)(const struct node *nd, size_t at, struct buf *out);
	int (*links)(struct span block, int flags, struct listener to);
};

/* The rows, one a file. */
extern const struct codec codec_raw, codec_libp2p_key;	/* raw.c */
extern const struct codec codec_dag_pb;			/* pb_node.c */

/* node_grow - room for at least one more step. */
int node_grow(struct node *nd);

#endif
