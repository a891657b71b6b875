/* codec.c - the table of codecs */
#include <inttypes.h>

#include "base/err.h"
#include "codec_priv.h"

static const struct codec *const codecs[] = {
	&codec_raw,
	&codec_dag_pb,
	&codec_dag_cbor,
	&codec_cbor,
	&codec_dag_json,
	&codec_json,
	&codec_git_raw,
	&codec_libp2p_key,
};

static const struct codec *find(uint64_t code)
{
	size_t i;

	for (i = 0; i < sizeof codecs / sizeof codecs[0]; i++)
		if (codecs[i]->code == code)
			return codecs[i];
	return NULL;
}

int codec_can_decode(uint64_t code)
{
	const struct codec *c = find(code);

	return c && c->decode;
}

int codec_can_encode(uint64_t code)
{
	const struct codec *c = find(code);

	return c && c->encode;
}

/* no bytes have no address; readers reckon with one */
static struct span somewhere(struct span block)
{
	return block.p ? block : span_of("", 0);
}

int codec_decode(uint64_t code, struct span block, int flags, struct node *nd)
{
	const struct codec *c = find(code);

	node_reset(nd);
	if (!c || !c->decode)
		return err_set(ERR_UNSUPPORTED, "no decoder registered for multicodec code %" PRIu64
			       " (0x%" PRIx64 ")", code, code);
	return c->decode(somewhere(block), flags, nd);
}

int codec_encode(uint64_t code, const struct node *nd, size_t at, struct buf *out)
{
	const struct codec *c = find(code);
	size_t was = out->len;
	int rc;

	if (!c || !c->encode)
		return err_set(ERR_UNSUPPORTED, "no encoder registered for multicodec code %" PRIu64
			       " (0x%" PRIx64 ")", code, code);
	rc = c->encode(nd, at, out);
	if (rc < 0 && out->data) {
		out->len = was;
		out->data[was] = 0;
	}
	return rc;
}

int codec_check(uint64_t code, struct span block, int flags,
		int (*link)(void *arg, const struct cid *cid, struct span name), void *arg)
{
	const struct codec *c = find(code);
	const char *name = codec_name(code);

	if (!c)
		return err_set(ERR_UNSUPPORTED, "codec %s (0x%" PRIx64 ") is not built in",
			       name ? name : "?", code);
	return c->links(somewhere(block), flags, (struct listener){ link, arg });
}

int codec_links(uint64_t code, struct span block,
		int (*link)(void *arg, const struct cid *cid, struct span name), void *arg)
{
	return codec_check(code, block, 0, link, arg);
}
