/*
 * codec.h - blocks as nodes: which bytes mean what, and which links they hold.
 * Each codec is a row of one table (codec.c): how it is decoded, encoded, and read for its links.
 * Spec: ipld/ipld docs/data-model and specs/codecs; strictness as real nodes have it (Kubo) for dag-pb.
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
	int plain;			/* the block begins with all links, each as pb_put_link writes it, … */
	size_t links_len;		/* … which are so many bytes of it; else 0 */
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

/* ---- nodes: the data model ---- */

enum node_kind {
	NODE_NULL, NODE_BOOL, NODE_INT, NODE_FLOAT, NODE_STRING, NODE_BYTES, NODE_LINK, NODE_LIST, NODE_MAP
};

/* Limits, those of go-ipld-prime: levels of lists and maps; bytes of one string; and what a node may
 * cost in all: a list entry 4, a map entry 8, and the bytes of strings, bytes and links. */
enum { NODE_DEPTH_MAX = 1024, NODE_TEXT_MAX = 32 * 1024 * 1024, NODE_BUDGET = 10 * 1000 * 1000 };

/*
 * A node is a flat array of steps in document order: a scalar is one step; a list is its head and then
 * its entries; a map is its head and then key, value, key, value, where keys are NODE_STRING.  Maps keep
 * the order they were written in; every encoder puts its own.
 */
struct node_step {
	uint8_t kind;			/* enum node_kind */
	uint8_t neg;			/* NODE_INT: the value is -1 - u; NODE_BOOL: the value */
	uint8_t utf8;			/* NODE_STRING: 1: known to be UTF-8; 0: nobody looked */
	uint32_t n;			/* bytes of text, bytes or link; entries of a list or map */
	union {
		uint64_t u;		/* NODE_INT */
		double f;		/* NODE_FLOAT, finite */
		const uint8_t *p;	/* NODE_STRING, NODE_BYTES, NODE_LINK (a valid binary CID) */
		uint64_t end;		/* NODE_LIST, NODE_MAP: index of the step behind the last entry */
	};
};

/* Text is borrowed from the block that was decoded, or stands in the node's own arena.  Memory: 16
 * bytes a step, and at most the block's length again for text that had to be unescaped. */
struct node {
	struct node_step *step;
	size_t n, cap;
	struct node_arena *arena;	/* own text, in pieces that never move */
};

#define NODE_INIT ((struct node){ 0 })
void node_clear(struct node *nd);		/* accepts an empty one */
void node_reset(struct node *nd);		/* empty, memory kept for the next */

/* Building, step by step.  0, ERR_NOMEM, or ERR_LIMIT for text over NODE_TEXT_MAX.  node_open and
 * node_close stand around the entries of a list or map: `at` is what node_open gave, and close counts
 * the entries.  Text is borrowed; node_own first copies it into the node. */
int node_null(struct node *nd);
int node_bool(struct node *nd, int value);
int node_uint(struct node *nd, uint64_t value);
int node_nint(struct node *nd, uint64_t value);		/* the integer -1 - value */
int node_int(struct node *nd, int64_t value);
int node_float(struct node *nd, double value);
int node_add(struct node *nd, enum node_kind kind, struct span s);	/* STRING, BYTES, LINK */
int node_open(struct node *nd, enum node_kind kind, size_t *at);
int node_close(struct node *nd, size_t at);
int node_own(struct node *nd, struct span in, struct span *own);
uint8_t *node_room(struct node *nd, size_t len);	/* len bytes of own text to fill; NULL: no memory */

/* Reading.  `at` is the index of a step; 0 is the whole node. */
static inline struct span node_span(const struct node *nd, size_t at)
{
	return (struct span){ nd->step[at].p, nd->step[at].n };
}
/* node_next - the step behind the value at `at`: the next entry of the list around it. */
static inline size_t node_next(const struct node *nd, size_t at)
{
	return nd->step[at].kind >= NODE_LIST ? (size_t)nd->step[at].end : at + 1;
}
/* node_field - the value of a key of the map at `at`; node_entry - an entry of the list at `at`.  1 and
 * *value, or 0: not there, or not a map or list. */
int node_field(const struct node *nd, size_t at, struct span key, size_t *value);
int node_entry(const struct node *nd, size_t at, uint64_t i, size_t *value);
/* node_step_into - what a path segment names in the value at `at`: a field of a map, or an entry of a list
 * by its decimal index.  1 and *value, or ERR_NOTFOUND: no such entry, or nothing is below that kind. */
int node_step_into(const struct node *nd, size_t at, struct span segment, size_t *value);
/* node_equal - the same value (maps in any order; floats by their bits): 1 or 0.  Time n log n; memory: 48
 * bytes a key of the maps around one value. */
int node_equal(const struct node *a, size_t at, const struct node *b, size_t bt);
const char *node_kind_name(enum node_kind kind);	/* "map" */

/* ---- codecs ---- */

/*
 * CODEC_STRICT: only what a writer must produce.  Without it also what can be read without loss (dag-cbor
 * with keys in another order or short floats, dag-json with white space or sorted otherwise): the columns
 * "strict" and "lenient" of the reference.  Either way bytes that are not the codec's are ERR_INVALID with
 * the rule broken and the byte offset: "dag-cbor, offset 12: map keys are not sorted".
 */
enum { CODEC_STRICT = 1 };

/*
 * codec_decode - the node a block holds, from end to end.  The node is reset first and borrows from
 * the block.  ERR_INVALID; ERR_LIMIT: deeper than NODE_DEPTH_MAX, over NODE_BUDGET; ERR_UNSUPPORTED: no
 * such codec, or it has no nodes ("no decoder registered for multicodec code 42 (0x2a)").
 */
int codec_decode(uint64_t codec, struct span block, int flags, struct node *nd);

/*
 * codec_encode - append the canonical block of the value at `at`.  ERR_INVALID: this codec cannot hold it
 * (raw: only bytes; dag-pb: only its shape; json, cbor: no links …); ERR_UNSUPPORTED: no encoder;
 * ERR_LIMIT: over out->max.  On failure `out` is as it was.
 */
int codec_encode(uint64_t codec, const struct node *nd, size_t at, struct buf *out);

/*
 * codec_links - call `link` for every link of a block, in block order; names are the names of dag-pb links
 * and empty in other codecs.  Builds no node.  Stops at the first nonzero return of `link` and
 * returns it.  0; ERR_INVALID: the block is not what its codec says; ERR_UNSUPPORTED: a codec not built in
 * (an opaque block; raw and libp2p-key have no links and succeed).  Reads without CODEC_STRICT.
 */
int codec_links(uint64_t codec, struct span block,
		int (*link)(void *arg, const struct cid *cid, struct span name), void *arg);
/* codec_check - the same with flags; `link` may be NULL. */
int codec_check(uint64_t codec, struct span block, int flags,
		int (*link)(void *arg, const struct cid *cid, struct span name), void *arg);

/* codec_can - 1: the codec has a decoder (encoder); 0: it has not. */
int codec_can_decode(uint64_t codec);
int codec_can_encode(uint64_t codec);

#endif
