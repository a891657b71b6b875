/* mb_other.c - base45 (RFC 9285) and proquint (arXiv 0901.4016), which Kubo lacks */
#include "base/err.h"
#include "multi/mb_priv.h"

static int restore(struct buf *b, size_t len, int rc)
{
	if (rc < 0 && b->len > len) {
		b->len = len;
		b->data[len] = 0;
	}
	return rc;
}

/* RFC 9285 4: two bytes are three digits, the least significant first; a last one is two */
int mb_base45_encode(const struct mb_row *r, struct span bytes, struct buf *text)
{
	size_t i, before = text->len;
	int rc = 0;

	for (i = 0; rc == 0 && i < bytes.len; i += 2) {
		int pair = i + 1 < bytes.len;
		unsigned v = pair ? bytes.p[i] * 256u + bytes.p[i + 1] : bytes.p[i];
		char d[3] = { r->digits[v % 45], r->digits[v / 45 % 45], r->digits[v / 2025] };

		rc = buf_bytes(text, d, pair ? 3 : 2);
	}
	return restore(text, before, rc);
}

int mb_base45_decode(const struct mb_row *r, struct span body, struct buf *out)
{
	size_t at, i, before = out->len;
	int8_t values[256];
	int rc = 0;

	if (body.len % 3 == 1)
		return err_set(ERR_INVALID, "base45 text cannot have %zu digits", body.len);
	mb_values(r, values);
	for (at = 0; rc == 0 && at < body.len; at += 3) {
		size_t n = body.len - at < 3 ? body.len - at : 3;
		unsigned v = 0, weight = 1;

		for (i = 0; rc == 0 && i < n; i++, weight *= 45) {
			if (values[body.p[at + i]] < 0)
				rc = mb_bad_digit(r, body, at + i);
			else
				v += weight * (unsigned)values[body.p[at + i]];
		}
		if (rc == 0 && v > (n == 3 ? 0xffffu : 0xffu))
			rc = err_set(ERR_INVALID, "base45 group at character %zu of the body "
				     "exceeds %d bytes", at + 1, n == 3 ? 2 : 1);
		if (rc == 0 && n == 3)
			rc = buf_u8(out, v >> 8);
		if (rc == 0)
			rc = buf_u8(out, v & 0xff);
	}
	return restore(out, before, rc);
}

static const char consonants[] = "bdfghjklmnprstvz", vowels[] = "aiou";

/* The word in five letters: 4 bits, 2, 4, 2, 4, most significant first; a last single byte
 * takes the first three, its two unused bits zero. */
int mb_proquint_encode(const struct mb_row *r, struct span bytes, struct buf *text)
{
	size_t i, before = text->len;
	int rc = 0;

	(void)r;
	for (i = 0; rc == 0 && i < bytes.len; i += 2) {
		int pair = i + 1 < bytes.len;
		unsigned v = bytes.p[i] * 256u + (pair ? bytes.p[i + 1] : 0u);
		char d[6] = { '-', consonants[v >> 12], vowels[v >> 10 & 3],
			      consonants[v >> 6 & 15], vowels[v >> 4 & 3], consonants[v & 15] };

		rc = buf_bytes(text, i ? d : d + 1, (pair ? 5u : 3u) + (i != 0));
	}
	return restore(text, before, rc);
}

static int letter(const char *set, uint8_t c)
{
	const char *hit = c ? strchr(set, c) : NULL;

	return hit ? (int)(hit - set) : -1;
}

int mb_proquint_decode(const struct mb_row *r, struct span body, struct buf *out)
{
	size_t at = 0, before = out->len;
	int rc = 0;

	while (rc == 0 && at < body.len) {
		unsigned v = 0, i, n;

		if (at && body.p[at++] != '-')
			return restore(out, before, mb_bad_digit(r, body, at - 1));
		n = body.len - at == 3 ? 3 : 5;
		if (body.len - at < n)
			return restore(out, before, err_set(ERR_INVALID, "proquint text ends inside "
							    "a word of five letters"));
		for (i = 0; rc == 0 && i < n; i++, at++) {
			int d = letter(i % 2 ? vowels : consonants, body.p[at]);

			if (d < 0)
				rc = mb_bad_digit(r, body, at);
			else
				v = v << (i % 2 ? 2 : 4) | (unsigned)d;
		}
		if (rc < 0)
			break;
		if (n == 3 && v & 3)
			rc = err_set(ERR_INVALID, "proquint text has unused bits that are not zero");
		else if (n == 3)
			rc = buf_u8(out, v >> 2);
		else if ((rc = buf_u8(out, v >> 8)) == 0)
			rc = buf_u8(out, v & 0xff);
	}
	return restore(out, before, rc);
}
