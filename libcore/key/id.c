/* id.c - the names of keys (libp2p/specs peer-ids/peer-ids.md, "Peer Ids") */
#include <string.h>

#include "key_priv.h"

int key_id(struct span pb, struct cid *id)
{
	uint8_t digest[KEY_DIGEST];
	int rc;

	if (pb.len <= KEY_INLINE_MAX)
		return cid_make(id, 1, CID_LIBP2P_KEY, MH_IDENTITY, pb);
	rc = key_digest(&pb, 1, digest);
	return rc < 0 ? rc : cid_make(id, 1, CID_LIBP2P_KEY, MH_SHA2_256, span_of(digest, sizeof digest));
}

int key_id_from_mh(struct span bytes, struct cid *id)
{
	struct key_public k;
	struct mh mh;
	int rc = mh_decode(bytes, &mh);

	if (rc < 0)
		return err_add(ERR_INVALID, "not the name of a key");
	if (mh.code == MH_IDENTITY) {
		rc = key_public_decode(mh.digest, &k);
		if (rc < 0)
			return err_add(ERR_INVALID, "not the name of a key");
	} else if (mh.code != MH_SHA2_256 || mh.digest.len != KEY_DIGEST) {
		return err_set(ERR_INVALID, "not the name of a key: its hash is neither sha2-256 nor identity");
	}
	return cid_make_mh(id, 1, CID_LIBP2P_KEY, bytes);
}

static int parse_peer(struct span text, struct cid *id)
{
	struct buf mh = BUF_INIT(MH_BYTES_MAX);
	int rc = mb_decode_body(mb_by_name("base58btc"), text, &mh);

	rc = rc < 0 ? err_add(ERR_INVALID, "not the name of a key") : key_id_from_mh(buf_span(&mh), id);
	buf_clear(&mh);
	return rc;
}

int key_id_parse(struct span text, struct cid *id)
{
	struct cid cid;

	if (text.len >= CID_TEXT_MAX)
		return err_set(ERR_INVALID, "not the name of a key: too long");
	if ((text.len && text.p[0] == '1') || (text.len > 1 && text.p[0] == 'Q' && text.p[1] == 'm'))
		return parse_peer(text, id);
	if (cid_parse(text, &cid, NULL) < 0)
		return err_add(ERR_INVALID, "not the name of a key");
	if (cid.codec != CID_LIBP2P_KEY && cid.codec != CID_DAG_PB)
		return err_set(ERR_INVALID, "not the name of a key: a CID of another codec");
	return key_id_from_mh(cid_mh(&cid), id);
}

int key_id_peer(const struct cid *id, struct buf *text)
{
	return mb_encode_body(mb_by_name("base58btc"), cid_mh(id), text);
}

int key_id_public(const struct cid *id, struct key_public *k)
{
	struct span pb;

	return cid_identity(id, &pb) && key_public_decode(pb, k) == 0;
}
