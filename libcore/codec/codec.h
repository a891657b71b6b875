/*
 * codec.h - blocks as nodes: which bytes mean what, and which links they hold.
 * dag-pb and raw; other codecs join here as rows of one table.
 * Spec: ipld/ipld specs/codecs/dag-pb/spec.md; strictness as real nodes have it (Kubo).
 */
#ifndef CODEC_CODEC_H
#define CODEC_CODEC_H

#include "base/buf.h"
#include "multi/cid.h"

enum { BLOCK_MAX = 2 * 1024 * 1024 };	/* bytes; larger blocks are not exchanged by the network */

/* One dag-pb link; hash is a valid binary CID.  All borrow from the block. */
struct pb_link {
	struct span hash, name;		/* an absent name is empty */
	uint64_t tsize;			/* an absent Tsize is 0 */
};

/* A decoded dag-pb node: the whole block was checked. */
struct pb_node {
	struct span block, data;
	int has_data;			/* absent and empty Data are different blocks */
	size_t n_links;
};

/* pb_decode - check the block from end to end.  0, or ERR_INVALID with the rule broken, in the
 * words of go-codec-dagpb ("protobuf: (PBNode) duplicate Data section"); Tsize of 2^63 and more is
 * refused.  Allocates nothing.  The node borrows the block. */
int pb_decode(struct span block, struct pb_node *node);

/* pb_links, pb_next - the links of a decoded node in wire order: 1, or 0 at the end. */
struct pb_iter { struct span rest; };
struct pb_iter pb_links(const struct pb_node *node);
int pb_next(struct pb_iter *it, struct pb_link *link);

/* pb_put_link, pb_put_data - the canonical encoding: every link first (Hash, Name, Tsize always
 * written), in an order the caller sorted, then Data.  A node without Data writes none. */
int pb_put_link(struct buf *out, struct span hash, struct span name, uint64_t tsize);
int pb_put_data(struct buf *out, struct span data);

/* pb_link_len - bytes pb_put_link adds. */
size_t pb_link_len(size_t hash_len, size_t name_len, uint64_t tsize);

/*
 * codec_links - call `link` for every link of a block, in order; names are empty where the codec
 * has none.  Stops at the first nonzero return of `link` and returns it.  0; ERR_INVALID: the
 * block is not what its codec says; ERR_UNSUPPORTED: a codec not built in (an opaque block; raw
 * and libp2p-key have no links and succeed).
 */
int codec_links(uint64_t codec, struct span block,
		int (*link)(void *arg, const struct cid *cid, struct span name), void *arg);

#endif
