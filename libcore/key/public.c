/* public.c - serialised public keys, and signatures by them */
#include <string.h>

#include "key_priv.h"

static const struct key_kind *const kinds[] = { &key_rsa, &key_ed25519, &key_secp256k1, &key_ecdsa };

const struct key_kind *key_kind(enum key_type t)
{
	return (unsigned)t < sizeof kinds / sizeof *kinds ? kinds[t] : NULL;
}

const char *key_type_name(enum key_type t)
{
	const struct key_kind *kind = key_kind(t);

	return kind ? kind->name : "unknown";
}

int key_type_by_name(const char *name, enum key_type *t)
{
	unsigned i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(name, kinds[i]->name)) {
			*t = (enum key_type)i;
			return 0;
		}
	return err_set(ERR_USAGE, "unrecognized key type: %s", name);
}

int key_public_decode(struct span pb, struct key_public *out)
{
	struct rd r = rd_from(pb);
	uint64_t type, len;

	if (pb.len > KEY_PUBLIC_MAX)
		return err_set(ERR_INVALID, "public key: over %d bytes", KEY_PUBLIC_MAX);
	/* peer-ids.md: deterministic encoding, as a name is the hash of it */
	if (rd_u8(&r) != 0x08)
		rd_fail(&r, "it does not begin with a type");
	type = rd_uvarint(&r);
	if (rd_u8(&r) != 0x12)
		rd_fail(&r, "no data behind the type");
	len = rd_uvarint(&r);
	out->data = rd_bytes(&r, len);
	if (!rd_done(&r))
		return err_set(ERR_INVALID, "public key: %s", r.bad ? r.bad : "bytes behind its end");
	if (type >= sizeof kinds / sizeof *kinds)
		return err_set(ERR_UNSUPPORTED, "public key: type %llu is not known", (unsigned long long)type);
	out->type = (enum key_type)type;
	return kinds[type]->check(out->data);
}

int key_public_encode(const struct key_public *k, struct buf *pb)
{
	size_t was = pb->len;
	int rc = buf_u8(pb, 0x08);

	if (rc == 0)
		rc = buf_varint(pb, k->type);
	if (rc == 0)
		rc = buf_u8(pb, 0x12);
	if (rc == 0)
		rc = buf_varint(pb, k->data.len);
	if (rc == 0)
		rc = buf_add(pb, k->data);
	if (rc < 0)
		pb->len = was;
	return rc;
}

int key_digest(const struct span *parts, int n, uint8_t digest[KEY_DIGEST])
{
	uint8_t d[MH_DIGEST_MAX];
	int rc = mh_sum(MH_SHA2_256, parts, n, 0, d);

	if (rc < 0)
		return rc;
	memcpy(digest, d, KEY_DIGEST);
	return 0;
}

int key_verify(const struct key_public *k, const struct span *parts, int n, struct span sig)
{
	const struct key_kind *kind = key_kind(k->type);
	int rc;

	if (!kind || n < 0 || n > KEY_PARTS_MAX)
		return err_set(ERR_UNSUPPORTED, "no such kind of signature");
	rc = sig.len > KEY_SIG_MAX ? 0 : kind->verify(k->data, parts, n, sig);
	if (rc == 0)
		return err_set(ERR_CORRUPT, "the signature is not one by this %s key", kind->name);
	return rc < 0 ? rc : 0;
}
