/* mh.c - multihashes: form, names and the block policy */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/rd.h"
#include "multi/mh.h"
#include "multi/multicodec.h"

/* the length of a digest is at most this (reference parsers keep it in a signed 32-bit int) */
#define DIGEST_LEN_MAX 0x7fffffffu

int mh_read(struct span bytes, struct mh *mh)
{
	struct rd r = rd_from(bytes);
	uint64_t code, len;

	if (bytes.len < 2)
		return err_set(ERR_INVALID, "multihash is too short: %zu bytes, at least 2",
			       bytes.len);
	code = rd_uvarint(&r);
	if (!rd_ok(&r))
		return err_set(ERR_INVALID, "multihash code: %s", r.bad);
	len = rd_uvarint(&r);
	if (!rd_ok(&r))
		return err_set(ERR_INVALID, "multihash length: %s", r.bad);
	if (len > DIGEST_LEN_MAX)
		return err_set(ERR_INVALID, "multihash length %" PRIu64 " is absurd", len);
	if (len > r.left)
		return err_set(ERR_INVALID, "multihash length inconsistent: %" PRIu64
			       " bytes announced, %zu left", len, r.left);
	if (len == 0 && mh_native(code) > 0)	/* an empty digest proves nothing */
		return err_set(ERR_INVALID, "multihash %s has an empty digest", mh_name(code));
	mh->code = code;
	mh->digest = rd_bytes(&r, len);
	return (int)(bytes.len - r.left);
}

int mh_decode(struct span bytes, struct mh *mh)
{
	int n = mh_read(bytes, mh);

	if (n < 0)
		return n;
	if ((size_t)n < bytes.len)
		return err_set(ERR_INVALID, "multihash length inconsistent: %zu bytes after the "
			       "digest", bytes.len - (size_t)n);
	return 0;
}

int mh_encode(struct buf *out, uint64_t code, struct span digest)
{
	int rc = buf_reserve(out, varint_len(code) + varint_len(digest.len) + digest.len);

	if (rc < 0)
		return rc;
	buf_varint(out, code);
	buf_varint(out, digest.len);
	return buf_add(out, digest);
}

const char *mh_name(uint64_t code)
{
	const struct multicodec *m = multicodec_find(code);

	return m && m->kind == MULTICODEC_HASH ? m->name : NULL;
}

static int same_letters(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return 0;
	return *a == *b;
}

int mh_by_name(const char *name, uint64_t *code)
{
	const struct multicodec *m;
	int i;

	if (same_letters(name, "sha3"))		/* go-multihash keeps the old name */
		name = "sha3-512";
	for (i = 0; (m = multicodec_each(i)); i++) {
		if (m->kind == MULTICODEC_HASH && same_letters(m->name, name)) {
			*code = m->code;
			return 0;
		}
	}
	return err_set(ERR_NOTFOUND, "unrecognized hash function: \"%s\"", name);
}

int mh_each(int i, uint64_t *code)
{
	const struct multicodec *m;
	int k;

	for (k = 0; i >= 0 && (m = multicodec_each(k)); k++) {
		if (m->kind == MULTICODEC_HASH && i-- == 0) {
			*code = m->code;
			return 1;
		}
	}
	return 0;
}

static int code_allowed(uint64_t code)
{
	switch (code) {
	case MH_IDENTITY: case MH_SHA1: case MH_SHA2_256: case MH_SHA2_512:
	case MH_SHA3_512: case MH_SHA3_384: case MH_SHA3_256: case MH_SHA3_224:
	case MH_SHAKE_256:
	case MH_KECCAK_224: case MH_KECCAK_256: case MH_KECCAK_384: case MH_KECCAK_512:
	case MH_BLAKE3: case MH_DBL_SHA2_256:
		return 1;
	}
	return (code >= MH_BLAKE2B_MIN + 19 && code <= MH_BLAKE2B_MAX) ||
	       (code >= MH_BLAKE2S_MIN + 19 && code <= MH_BLAKE2S_MAX);
}

int mh_allowed(const struct mh *mh)
{
	if (!code_allowed(mh->code))
		return err_set(ERR_DENIED, "potentially insecure hash functions not allowed");
	if (mh->code != MH_IDENTITY && mh->digest.len < MH_DIGEST_MIN)
		return err_set(ERR_DENIED, "digest too small: %s digest got %zu bytes, minimum %d",
			       mh_name(mh->code), mh->digest.len, MH_DIGEST_MIN);
	if (mh->digest.len > MH_DIGEST_MAX)
		return err_set(ERR_DENIED, "digest too large: %s digest got %zu bytes, maximum %d",
			       mh_name(mh->code), mh->digest.len, MH_DIGEST_MAX);
	return 0;
}
