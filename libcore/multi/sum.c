/* sum.c - computing digests: one running hash over nettle, libb2 and our own functions */
#include <blake2.h>
#include <inttypes.h>
#include <nettle/nettle-meta.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "multi/blake3.h"
#include "multi/keccak.h"
#include "multi/mh.h"
#include "multi/murmur3_priv.h"

enum { NATIVE_MAX = 64 };		/* bytes; only XOFs give more */

struct mh_ctx {
	uint64_t code;
	const struct nettle_hash *nettle;	/* NULL: one of the others */
	union {
		_Alignas(64) struct md5_ctx md5;	/* libb2 wants vectors aligned */
		struct sha1_ctx sha1;
		struct sha256_ctx sha256;
		struct sha512_ctx sha512;
		struct sha3_224_ctx sha3_224;
		struct sha3_256_ctx sha3_256;
		struct sha3_384_ctx sha3_384;
		struct sha3_512_ctx sha3_512;
		struct keccak keccak;
		blake2b_state blake2b;
		blake2s_state blake2s;
		struct blake3 blake3;
		struct murmur3 murmur3;
	} u;
};

static int is_blake2b(uint64_t code) { return code >= MH_BLAKE2B_MIN && code <= MH_BLAKE2B_MAX; }
static int is_blake2s(uint64_t code) { return code >= MH_BLAKE2S_MIN && code <= MH_BLAKE2S_MAX; }

/* functions whose output may have any length */
static int is_xof(uint64_t code)
{
	return code == MH_BLAKE3 || code == MH_SHAKE_128 || code == MH_SHAKE_256;
}

static const struct nettle_hash *nettle_of(uint64_t code)
{
	switch (code) {
	case MH_SHA1: return &nettle_sha1;
	case MH_SHA2_256: case MH_DBL_SHA2_256: return &nettle_sha256;
	case MH_SHA2_512: return &nettle_sha512;
	case MH_SHA3_512: return &nettle_sha3_512;
	case MH_SHA3_384: return &nettle_sha3_384;
	case MH_SHA3_256: return &nettle_sha3_256;
	case MH_SHA3_224: return &nettle_sha3_224;
	case MH_SHA2_384: return &nettle_sha384;
	case MH_MD5: return &nettle_md5;
	case MH_SHA2_224: return &nettle_sha224;
	case MH_SHA2_512_224: return &nettle_sha512_224;
	case MH_SHA2_512_256: return &nettle_sha512_256;
	default: return NULL;
	}
}

/* the sponge behind a code: its rate in bytes and padding, 0 when it is no sponge of ours */
static unsigned sponge_of(uint64_t code, uint8_t *pad)
{
	*pad = code == MH_SHAKE_128 || code == MH_SHAKE_256 ? 0x1f : 0x01;
	switch (code) {
	case MH_SHAKE_128: return 168;
	case MH_SHAKE_256: return 136;
	case MH_KECCAK_224: return 144;
	case MH_KECCAK_256: return 136;
	case MH_KECCAK_384: return 104;
	case MH_KECCAK_512: return 72;
	default: return 0;
	}
}

int mh_native(uint64_t code)
{
	const struct nettle_hash *n = nettle_of(code);

	if (n)
		return (int)n->digest_size;
	if (is_blake2b(code))
		return (int)(code - MH_BLAKE2B_MIN + 1);
	if (is_blake2s(code))
		return (int)(code - MH_BLAKE2S_MIN + 1);
	switch (code) {
	case MH_IDENTITY: return 0;
	case MH_SHAKE_128: case MH_KECCAK_256: case MH_BLAKE3: return 32;
	case MH_SHAKE_256: case MH_KECCAK_512: return 64;
	case MH_KECCAK_224: return 28;
	case MH_KECCAK_384: return 48;
	case MH_MURMUR3_X64_64: return 8;
	default: return -1;
	}
}

static int cannot(uint64_t code)
{
	const char *name = mh_name(code);

	if (!name)
		return err_set(ERR_UNSUPPORTED, "hash function with code 0x%" PRIx64
			       " is not known here", code);
	return err_set(ERR_UNSUPPORTED, "hash function %s cannot be computed here", name);
}

/* the digest's length when `want` is asked for; ERR_UNSUPPORTED, ERR_USAGE.  Not identity. */
static int length_of(uint64_t code, size_t want)
{
	int native = mh_native(code), most = is_xof(code) ? MH_DIGEST_MAX : native;

	if (native < 0)
		return cannot(code);
	if (want > (size_t)most)
		return err_set(ERR_USAGE, "%s digests have at most %d bytes, not %zu",
			       mh_name(code), most, want);
	return want ? (int)want : native;
}

static void start(struct mh_ctx *h, uint64_t code)
{
	uint8_t pad;
	unsigned rate = sponge_of(code, &pad);

	h->code = code;
	h->nettle = nettle_of(code);
	if (h->nettle)
		h->nettle->init(&h->u);
	else if (rate)
		keccak_start(&h->u.keccak, rate, pad);
	else if (is_blake2b(code))
		blake2b_init(&h->u.blake2b, (size_t)(code - MH_BLAKE2B_MIN + 1));
	else if (is_blake2s(code))
		blake2s_init(&h->u.blake2s, (size_t)(code - MH_BLAKE2S_MIN + 1));
	else if (code == MH_BLAKE3)
		blake3_start(&h->u.blake3);
	else
		murmur3_start(&h->u.murmur3);
}

void mh_update(struct mh_ctx *h, struct span s)
{
	uint8_t pad;

	if (s.len == 0)
		return;
	if (h->nettle)
		h->nettle->update(&h->u, s.len, s.p);
	else if (sponge_of(h->code, &pad))
		keccak_update(&h->u.keccak, s);
	else if (is_blake2b(h->code))
		blake2b_update(&h->u.blake2b, s.p, s.len);
	else if (is_blake2s(h->code))
		blake2s_update(&h->u.blake2s, s.p, s.len);
	else if (h->code == MH_BLAKE3)
		blake3_update(&h->u.blake3, s);
	else
		murmur3_update(&h->u.murmur3, s);
}

/* len comes from length_of */
static void finish(struct mh_ctx *h, int len, uint8_t *digest)
{
	uint8_t whole[NATIVE_MAX], pad;
	int i, native = mh_native(h->code);
	uint64_t h1;

	if (h->code == MH_DBL_SHA2_256) {
		sha256_digest(&h->u.sha256, SHA256_DIGEST_SIZE, whole);	/* starts it again */
		sha256_update(&h->u.sha256, SHA256_DIGEST_SIZE, whole);
	}
	if (h->nettle) {
		h->nettle->digest(&h->u, (size_t)len, digest);
		return;
	}
	if (sponge_of(h->code, &pad)) {
		keccak_end(&h->u.keccak, digest, (size_t)len);
		return;
	}
	if (h->code == MH_BLAKE3) {
		blake3_end(&h->u.blake3, digest, (size_t)len);
		return;
	}
	if (is_blake2b(h->code)) {
		blake2b_final(&h->u.blake2b, whole, (size_t)native);
	} else if (is_blake2s(h->code)) {
		blake2s_final(&h->u.blake2s, whole, (size_t)native);
	} else {
		h1 = murmur3_end(&h->u.murmur3);
		for (i = 0; i < 8; i++)
			whole[i] = (uint8_t)(h1 >> (56 - 8 * i));
	}
	memcpy(digest, whole, (size_t)len);
}

/* the name of some bytes is the bytes */
static int copy(const struct span *parts, int n, size_t want, uint8_t *digest)
{
	size_t len = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (parts[i].len > MH_DIGEST_MAX - len)
			return err_set(ERR_LIMIT, "identity digests have at most %d bytes",
				       MH_DIGEST_MAX);
		if (parts[i].len)
			memcpy(digest + len, parts[i].p, parts[i].len);
		len += parts[i].len;
	}
	if (want && want != len)
		return err_set(ERR_USAGE, "the identity digest of %zu bytes cannot have %zu",
			       len, want);
	return (int)len;
}

int mh_sum(uint64_t code, const struct span *parts, int n, size_t want, uint8_t *digest)
{
	struct mh_ctx h;
	int i, len;

	if (code == MH_IDENTITY)
		return copy(parts, n, want, digest);
	len = length_of(code, want);
	if (len < 0)
		return len;
	start(&h, code);
	for (i = 0; i < n; i++)
		mh_update(&h, parts[i]);
	finish(&h, len, digest);
	return len;
}

int mh_begin(struct mh_ctx **ctx, uint64_t code)
{
	int rc = code == MH_IDENTITY ? err_set(ERR_UNSUPPORTED, "identity is no running hash") :
		 length_of(code, 0);
	void *p;

	*ctx = NULL;
	if (rc < 0)
		return rc;
	if (posix_memalign(&p, _Alignof(struct mh_ctx), sizeof **ctx))
		return err_nomem();
	*ctx = p;
	start(*ctx, code);
	return 0;
}

int mh_end(struct mh_ctx *h, size_t want, uint8_t *digest)
{
	int len = length_of(h->code, want);

	if (len > 0)
		finish(h, len, digest);
	mh_free(h);
	return len;
}

void mh_free(struct mh_ctx *h)
{
	free(h);
}
