/* raw.c - raw blocks are one value of bytes; a libp2p key is a name, not a node */
#include "base/err.h"
#include "codec_priv.h"

static int raw_decode(struct span block, int flags, struct node *nd)
{
	(void)flags;
	return node_add(nd, NODE_BYTES, block);
}

static int raw_encode(const struct node *nd, size_t at, struct buf *out)
{
	if (nd->step[at].kind != NODE_BYTES)
		return err_set(ERR_INVALID, "raw holds only bytes, not a %s",
			       node_kind_name(nd->step[at].kind));
	return buf_add(out, node_span(nd, at));
}

static int no_links(struct span block, int flags, struct listener to)
{
	(void)block;
	(void)flags;
	(void)to;
	return 0;
}

const struct codec codec_raw = { CID_RAW, raw_decode, raw_encode, no_links };
const struct codec codec_libp2p_key = { CID_LIBP2P_KEY, NULL, NULL, no_links };
