/* cid.c - content identifiers: binary, text, and made from parts */
#include <inttypes.h>

#include "base/err.h"
#include "base/rd.h"
#include "multi/cid.h"
#include "multi/uvarint.h"

enum {
	V0_BYTES = 34, V0_TEXT = 46,
	PARSE_MAX = 1024	/* bytes of decoded text looked at; no CID has as many */
};

static int is_v0(struct span bytes)
{
	return bytes.len >= 2 && bytes.p[0] == MH_SHA2_256 && bytes.p[1] == 32;
}

static void fill(struct cid *cid, int version, uint64_t codec, size_t mh_off, struct span bytes)
{
	cid->version = (uint8_t)version;
	cid->codec = codec;
	cid->mh_off = (uint8_t)mh_off;
	cid->len = (uint16_t)bytes.len;
	memcpy(cid->bytes, bytes.p, bytes.len);
}

int cid_read(struct span bytes, struct cid *cid)
{
	struct rd r = rd_from(bytes);
	uint64_t version, codec;
	size_t mh_off;
	struct mh mh;
	int n;

	if (is_v0(bytes)) {		/* this first: 12 20 would be version 18 */
		if (bytes.len < V0_BYTES)
			return err_set(ERR_INVALID, "CIDv0 is truncated: %zu bytes, not 34",
				       bytes.len);
		fill(cid, 0, CID_DAG_PB, 0, span_of(bytes.p, V0_BYTES));
		return V0_BYTES;
	}
	version = rd_uvarint(&r);
	if (!rd_ok(&r))
		return err_set(ERR_INVALID, "CID version: %s", r.bad);
	if (version == 0 && bytes.len > 1)
		return err_set(ERR_INVALID, "a binary CID does not begin with 00 (the multibase "
			       "prefix of identity)");
	if (version != 1)
		return err_set(ERR_INVALID, "CID version %" PRIu64 " is not known", version);
	codec = rd_uvarint(&r);
	if (!rd_ok(&r))
		return err_set(ERR_INVALID, "CID codec: %s", r.bad);
	mh_off = bytes.len - r.left;
	n = mh_read(rd_rest(&r), &mh);
	if (n < 0)
		return n;
	if (mh.digest.len > MH_DIGEST_MAX)
		return err_set(ERR_INVALID, "CID with a digest of %zu bytes, at most %d are taken",
			       mh.digest.len, MH_DIGEST_MAX);
	fill(cid, 1, codec, mh_off, span_of(bytes.p, mh_off + (size_t)n));
	return cid->len;
}

int cid_decode(struct span bytes, struct cid *cid)
{
	struct cid c;
	int n;

	if (bytes.len < 2)
		return err_set(ERR_INVALID, "CID is too short: %zu bytes", bytes.len);
	n = cid_read(bytes, &c);
	if (n < 0)
		return n;
	if ((size_t)n < bytes.len)
		return err_set(ERR_INVALID, "%zu bytes after the end of the CID",
			       bytes.len - (size_t)n);
	*cid = c;
	return 0;
}

/* a buf over the caller's storage, which it never outgrows */
static struct buf buf_over(void *storage, size_t size)
{
	return (struct buf){ .data = storage, .cap = size, .max = size - 1 };
}

static int parse_v0(struct span text, struct cid *cid, const struct mb_base **base)
{
	const struct mb_base *b = mb_by_name("base58btc");
	uint8_t storage[V0_TEXT + 2];
	struct buf bytes = buf_over(storage, sizeof storage);
	int rc = mb_decode_body(b, text, &bytes);

	if (rc < 0)
		return rc;
	if (bytes.len != V0_BYTES || !is_v0(buf_span(&bytes)))
		return err_set(ERR_INVALID, "a CIDv0 is a sha2-256 multihash of 34 bytes; this "
			       "text has %zu", bytes.len);
	fill(cid, 0, CID_DAG_PB, 0, buf_span(&bytes));
	if (base)
		*base = b;
	return 0;
}

int cid_parse(struct span text, struct cid *cid, const struct mb_base **base)
{
	uint8_t storage[PARSE_MAX];
	struct buf bytes = buf_over(storage, sizeof storage);
	const struct mb_base *b = NULL;
	struct cid c;
	int rc;

	if (text.len < 2)
		return err_set(ERR_INVALID, "CID is too short: %zu characters", text.len);
	if (text.p[0] == 'Q' && text.p[1] == 'm') {
		if (text.len == V0_TEXT)
			return parse_v0(text, cid, base);
		return err_set(ERR_INVALID, "a CIDv0 has exactly 46 characters, this has %zu",
			       text.len);
	}
	rc = mb_decode(text, &bytes, &b);
	if (rc == ERR_LIMIT)
		return err_set(ERR_INVALID, "CID is too long: %zu characters", text.len);
	if (rc < 0)
		return rc;
	if (is_v0(buf_span(&bytes)))
		return err_set(ERR_INVALID, "a CIDv0 is written without multibase prefix");
	rc = cid_decode(buf_span(&bytes), &c);
	if (rc < 0)
		return rc;
	*cid = c;
	if (base)
		*base = b;
	return 0;
}

int cid_format(const struct cid *cid, const struct mb_base *base, struct buf *text)
{
	const struct mb_base *b58;
	struct cid v1;
	int rc;

	if (cid->version == 0) {
		b58 = mb_by_name("base58btc");
		if (!base || base == b58)
			return mb_encode_body(b58, cid_span(cid), text);
		rc = cid_make_mh(&v1, 1, CID_DAG_PB, cid_mh(cid));
		return rc < 0 ? rc : mb_encode(base, cid_span(&v1), text);
	}
	if (!base)
		base = mb_by_name(cid->codec == CID_LIBP2P_KEY ? "base36" : "base32");
	return mb_encode(base, cid_span(cid), text);
}

char *cid_text(const struct cid *cid, char text[CID_TEXT_MAX])
{
	struct buf b = buf_over(text, CID_TEXT_MAX);

	text[0] = 0;
	cid_format(cid, NULL, &b);		/* always fits */
	return text;
}

int cid_make(struct cid *cid, int version, uint64_t codec, uint64_t mh_code, struct span digest)
{
	uint8_t head[1 + 3 * UVARINT_MAX];
	size_t n = 0, mh_off;

	if (version == 0) {
		if (codec != CID_DAG_PB)
			return err_set(ERR_USAGE, "can't convert non-dag-pb nodes to cidv0");
		if (mh_code != MH_SHA2_256 || digest.len != 32)
			return err_set(ERR_USAGE, "a CIDv0 takes sha2-256 with 32 bytes and nothing "
				       "else");
	} else if (version != 1) {
		return err_set(ERR_USAGE, "CID version %d is not known", version);
	} else if (codec > INT64_MAX || mh_code > INT64_MAX) {
		return err_set(ERR_USAGE, "multicodec exceeds 63 bits");
	} else if (digest.len == 0 && mh_native(mh_code) > 0) {
		return err_set(ERR_USAGE, "a %s digest is not empty", mh_name(mh_code));
	}
	if (digest.len > MH_DIGEST_MAX)
		return err_set(ERR_LIMIT, "CID with a digest of %zu bytes, at most %d are taken",
			       digest.len, MH_DIGEST_MAX);
	if (version) {
		head[n++] = 1;
		n += uvarint_put(head + n, codec);
	}
	mh_off = n;
	n += uvarint_put(head + n, mh_code);
	n += uvarint_put(head + n, digest.len);
	if (digest.len)
		memmove(cid->bytes + n, digest.p, digest.len);	/* it may be a part of *cid */
	memcpy(cid->bytes, head, n);
	cid->version = (uint8_t)version;
	cid->codec = codec;
	cid->mh_off = (uint8_t)mh_off;
	cid->len = (uint16_t)(n + digest.len);
	return 0;
}

int cid_make_mh(struct cid *cid, int version, uint64_t codec, struct span bytes)
{
	struct mh mh;
	int rc = mh_decode(bytes, &mh);

	if (rc < 0)
		return rc;
	return cid_make(cid, version, codec, mh.code, mh.digest);
}

int cid_sum(struct cid *cid, int version, uint64_t codec, uint64_t mh_code,
	    const struct span *parts, int n)
{
	uint8_t digest[MH_DIGEST_MAX];
	int len = mh_sum(mh_code, parts, n, 0, digest);

	if (len < 0)
		return len;
	return cid_make(cid, version, codec, mh_code, span_of(digest, (size_t)len));
}

static int mismatch(const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	return err_set(ERR_CORRUPT, "the bytes do not hash to '%s'", cid_text(cid, text));
}

int cid_verify(const struct cid *cid, struct span bytes)
{
	uint8_t digest[MH_DIGEST_MAX];
	struct mh mh;
	int n = mh_decode(cid_mh(cid), &mh);

	if (n < 0)
		return n;
	if (mh.code == MH_IDENTITY)
		return span_equal(mh.digest, bytes) ? 0 : mismatch(cid);
	n = mh_sum(mh.code, &bytes, 1, mh.digest.len, digest);
	if (n == ERR_USAGE)		/* longer than the function's digests: nothing has it */
		return err_set(ERR_CORRUPT, "no bytes have a %s digest of %zu bytes",
			       mh_name(mh.code), mh.digest.len);
	if (n < 0)
		return n;
	return span_equal(mh.digest, span_of(digest, (size_t)n)) ? 0 : mismatch(cid);
}

int cid_identity(const struct cid *cid, struct span *bytes)
{
	struct mh mh;

	if (cid->len == 0 || cid->bytes[cid->mh_off] != MH_IDENTITY)
		return 0;
	if (mh_decode(cid_mh(cid), &mh) < 0)
		return 0;
	*bytes = mh.digest;
	return 1;
}
