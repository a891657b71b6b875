/* json_cid.c - the text of links: nearly always base32 of a CIDv1, which has a way of its own */
#include "json_priv.h"

/* the values of the digits of base32 from '2' to 'z'; 32: it is none */
static const uint8_t values[] = {
	26, 27, 28, 29, 30, 31, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32,
	32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32,
	32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 0,
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 21, 22, 23, 24, 25
};

static inline uint64_t value(uint8_t c)
{
	c = (uint8_t)(c - '2');
	return c < sizeof values ? values[c] : 32;
}

/* base32 in lower case without padding, to at most CID_BYTES_MAX bytes; their number, or -1 */
static int read_base32(struct span s, uint8_t *out)
{
	uint64_t v = 0, d, all = 0;
	size_t i, k, n = s.len * 5 / 8;
	unsigned spare = s.len * 5 % 8;

	if (n > CID_BYTES_MAX || spare >= 5)
		return -1;
	for (i = 0; i + 8 <= s.len; i += 8) {
		for (k = 0; k < 8; k++) {
			d = value(s.p[i + k]);
			all |= d;
			v = v << 5 | d;
		}
		for (k = 0; k < 5; k++)
			*out++ = (uint8_t)(v >> (32 - 8 * k));
	}
	for (v = 0, k = i; k < s.len; k++) {
		d = value(s.p[k]);
		all |= d;
		v = v << 5 | d;
	}
	if (all & 32 || v & ((1u << spare) - 1))
		return -1;
	v >>= spare;
	for (k = n - i / 8 * 5; k-- > 0; )
		*out++ = (uint8_t)(v >> 8 * k);
	return (int)n;
}

int json_cid_read(struct span text, struct cid *cid, int *canonical)
{
	uint8_t bytes[CID_BYTES_MAX];
	char again[CID_TEXT_MAX];
	struct buf b = { (uint8_t *)again, 0, sizeof again, sizeof again - 1 };
	int n, rc;

	if (text.len > 1 && text.p[0] == 'b') {
		n = read_base32(span_of(text.p + 1, text.len - 1), bytes);
		if (canonical)
			*canonical = 1;
		if (n >= 0 && cid_decode(span_of(bytes, (size_t)n), cid) == 0 && cid->version == 1)
			return 0;
	}
	/* anything else, and the words for what is wrong */
	rc = cid_parse(text, cid, NULL);
	if (rc == 0 && canonical) {
		rc = json_cid_put(cid, &b);
		*canonical = rc == 0 && span_equal(text, buf_span(&b));
	}
	return rc;
}

int json_cid_put(const struct cid *cid, struct buf *out)
{
	return cid_format(cid, cid->version == 0 ? NULL : mb_by_name("base32"), out);
}
