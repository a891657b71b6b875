/* codec.c - the codecs built in, and the links of their blocks */
#include <inttypes.h>

#include "base/err.h"
#include "codec/codec.h"

/* who hears of the links */
struct listener {
	int (*link)(void *arg, const struct cid *cid, struct span name);
	void *arg;
};

static int pb_block_links(struct span block, struct listener to)
{
	struct pb_node node;
	struct pb_link l;
	struct pb_iter it;
	struct cid cid;
	int rc = pb_decode(block, &node);

	if (rc < 0)
		return rc;
	for (it = pb_links(&node); pb_next(&it, &l); ) {
		rc = cid_decode(l.hash, &cid);
		if (rc == 0)
			rc = to.link(to.arg, &cid, l.name);
		if (rc)
			return rc;
	}
	return 0;
}

static int no_links(struct span block, struct listener to)
{
	(void)block;
	(void)to;
	return 0;
}

static const struct codec {
	uint64_t code;
	int (*links)(struct span block, struct listener to);
} codecs[] = {
	{ CID_RAW, no_links },
	{ CID_DAG_PB, pb_block_links },
	{ CID_LIBP2P_KEY, no_links },
};

int codec_links(uint64_t codec, struct span block,
		int (*link)(void *arg, const struct cid *cid, struct span name), void *arg)
{
	const char *name;
	size_t i;

	for (i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
		if (codecs[i].code == codec)
			return codecs[i].links(block, (struct listener){ link, arg });
	name = codec_name(codec);
	return err_set(ERR_UNSUPPORTED, "codec %s (0x%" PRIx64 ") is not built in", name ? name : "?",
		       codec);
}
