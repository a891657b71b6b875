/* der.c - the little of X.690 that keys and signatures are written in */
#include "key_priv.h"

static const uint8_t alg_rsa[] = {
	0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
};
static const uint8_t alg_p256[] = {
	0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
};
static const uint8_t alg_ed25519[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 };

const struct span der_alg_rsa = { alg_rsa, sizeof alg_rsa };
const struct span der_alg_p256 = { alg_p256, sizeof alg_p256 };
const struct span der_alg_ed25519 = { alg_ed25519, sizeof alg_ed25519 };
const struct span der_oid_ec = { alg_p256 + 2, 9 };
const struct span der_oid_p256 = { alg_p256 + 11, 10 };

unsigned der_next(const struct rd *r)
{
	return rd_ok(r) && r->left ? *r->p : 0;
}

struct span der_read(struct rd *r, unsigned tag)
{
	uint64_t len;
	int n;

	if (der_next(r) != tag) {
		rd_fail(r, "another value is expected");
		return span_of(NULL, 0);
	}
	rd_u8(r);
	len = rd_u8(r);
	if (len >= 0x80) {
		n = (int)(len & 0x7f);
		if (n < 1 || n > 4)
			rd_fail(r, "a length is indefinite or too long");
		for (len = 0; rd_ok(r) && n > 0; n--) {
			len = len << 8 | rd_u8(r);
			if (len == 0)
				rd_fail(r, "a length is not in its shortest form");
		}
		if (len < 0x80)
			rd_fail(r, "a length is not in its shortest form");
	}
	return rd_bytes(r, len);
}

struct rd der_enter(struct rd *r, unsigned tag)
{
	struct rd in = rd_from(der_read(r, tag));

	if (!rd_ok(r))
		rd_fail(&in, r->bad);
	return in;
}

struct span der_uint(struct rd *r)
{
	struct span s = der_read(r, DER_INT);

	if (!rd_ok(r))
		return s;
	if (s.len == 0 || s.p[0] & 0x80 || (s.len > 1 && s.p[0] == 0 && !(s.p[1] & 0x80))) {
		rd_fail(r, "a number is negative or not in its shortest form");
		return span_of(NULL, 0);
	}
	return s.len > 1 && s.p[0] == 0 ? span_of(s.p + 1, s.len - 1) : s;
}

struct span der_bits(struct rd *r)
{
	struct span s = der_read(r, DER_BITS);

	if (!rd_ok(r))
		return s;
	if (s.len == 0 || s.p[0] != 0) {
		rd_fail(r, "bits are no whole bytes");
		return span_of(NULL, 0);
	}
	return span_of(s.p + 1, s.len - 1);
}

static int head(struct buf *b, unsigned tag, size_t len)
{
	int rc = buf_u8(b, tag), n = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;

	if (len >= 1 << 24)
		return err_set(ERR_LIMIT, "too long for a key");
	if (rc == 0 && n)
		rc = buf_u8(b, 0x80u | (unsigned)n);
	if (rc == 0 && n > 2)
		rc = buf_u8(b, len >> 16 & 0xff);
	if (rc == 0 && n > 1)
		rc = buf_u8(b, len >> 8 & 0xff);
	return rc == 0 ? buf_u8(b, len & 0xff) : rc;
}

int der_put(struct buf *b, unsigned tag, struct span body)
{
	int rc = head(b, tag, body.len);

	return rc == 0 ? buf_add(b, body) : rc;
}

int der_put_uint(struct buf *b, struct span s)
{
	int pad, rc;

	while (s.len > 1 && s.p[0] == 0)
		s = span_of(s.p + 1, s.len - 1);
	pad = s.len == 0 || s.p[0] & 0x80;
	rc = head(b, DER_INT, s.len + (size_t)pad);
	if (rc == 0 && pad)
		rc = buf_u8(b, 0);
	return rc == 0 ? buf_add(b, s) : rc;
}
