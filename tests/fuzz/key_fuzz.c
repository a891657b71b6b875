/*
 * key_fuzz.c - keys, their names and signatures from anywhere.
 * The first byte chooses: a public key and behind it a signature (two bytes tell the length), a private key, its text, a name.
 */
#include <assert.h>

#include "base/err.h"
#include "base/rd.h"
#include "key/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* a public key that was taken says the same bytes again, and has a name that leads back to it */
static void public_key(struct span in)
{
	struct buf again = BUF_INIT(KEY_PUBLIC_MAX), text = BUF_INIT(CID_TEXT_MAX);
	struct rd r = rd_from(in);
	size_t cut = rd_u8(&r) | (size_t)rd_u8(&r) << 8;
	struct span pb, sig, part = span_str("message");
	struct key_public k, own;
	struct cid id, back;

	pb = rd_bytes(&r, cut < r.left ? cut : r.left);
	sig = rd_rest(&r);
	if (key_public_decode(pb, &k) < 0) {
		assert(*err_text());
		return;
	}
	assert(key_public_encode(&k, &again) == 0 && span_equal(buf_span(&again), pb));
	assert(key_id(pb, &id) == 0 && key_id_from_mh(cid_mh(&id), &back) == 0 && cid_equal(&id, &back));
	assert(key_id_peer(&id, &text) == 0 && key_id_parse(buf_span(&text), &back) == 0);
	assert(cid_equal(&id, &back));
	assert(key_id_public(&id, &own) == (pb.len <= KEY_INLINE_MAX));
	key_verify(&k, &part, 1, sig);
	buf_clear(&again);
	buf_clear(&text);
}

/* a private key that was taken signs, and its public half agrees */
static void private_key(struct span in, int (*read)(struct span in, struct key **k))
{
	struct buf sig = BUF_INIT(KEY_SIG_MAX), pb = BUF_INIT(KEY_PRIVATE_MAX + 16);
	struct span part = span_str("message");
	struct key *k = NULL, *again = NULL;
	struct key_public pub;

	if (read(in, &k) < 0) {
		assert(*err_text());
		return;
	}
	assert(key_public_decode(key_public_pb(k), &pub) == 0);
	assert(key_sign(k, &part, 1, &sig) == 0 && key_verify(&pub, &part, 1, buf_span(&sig)) == 0);
	assert(key_encode(k, &pb) == 0 && key_decode(buf_span(&pb), &again) == 0);
	assert(cid_equal(key_name(k), key_name(again)));
	key_free(k);
	key_free(again);
	key_wipe(&pb);
	buf_clear(&sig);
}

static void name(struct span text)
{
	struct cid id, again;
	char canonical[CID_TEXT_MAX];

	if (key_id_parse(text, &id) < 0)
		return;
	assert(id.version == 1 && id.codec == CID_LIBP2P_KEY);
	assert(key_id_parse(span_str(cid_text(&id, canonical)), &again) == 0 && cid_equal(&id, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_of(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0: public_key(rest); break;
	case 1: private_key(rest, key_decode); break;
	case 2: private_key(rest, key_parse); break;
	default: name(rest);
	}
	return 0;
}
