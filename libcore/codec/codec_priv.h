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

extern const struct codec codec_dag_cbor, codec_cbor;	/* cbor_read.c */
extern const struct codec codec_dag_json, codec_json;	/* json_read.c */
extern const struct codec codec_git_raw;		/* git.c */

/* node_grow - room for at least one more step. */
int node_grow(struct node *nd);

/* ---- keys.c ---- */

/* Keys of maps, one map after the other: a stack for a writer that goes down and comes back. */
struct key {
	uint64_t head;			/* its first eight bytes, to compare */
	const uint8_t *p;
	uint32_t len, at;		/* at: its step */
};
struct keys {
	struct key *v;
	size_t n, cap;
};
#define KEYS_INIT ((struct keys){ 0 })
void keys_clear(struct keys *k);

/* keys_push - append the keys of the map at `at` in bytewise order.  1; 0: one of them is there twice;
 * ERR_NOMEM.  Time n log n, whoever chose the keys. */
int keys_push(struct keys *k, const struct node *nd, size_t at);

#endif
