/*
 * pb_node.c - dag-pb in the data model: { "Data": bytes, "Links": [ { "Hash", "Name", "Tsize" } ] }.
 * Spec: ipld/ipld specs/codecs/dag-pb/spec.md, "Logical format".
 */

#include "base/err.h"
#include "codec_priv.h"

static int pb_block_links(struct span block, int flags, struct listener to)
{
	struct pb_node node;
	struct pb_link l;
	struct pb_iter it;
	struct cid cid;
	int rc = pb_decode(block, &node);

	(void)flags;
	if (rc < 0 || !to.link)
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

const struct codec codec_dag_pb = { CID_DAG_PB, NULL, NULL, pb_block_links };
