/*
 * mb_number.c - the bases that write bytes as one large number: 10, 36, 58.
 * Leading zero bytes are leading zero digits.  The work is quadratic, so several digits go at
 * a time and the text is bounded (MB_TEXT_MAX).
 */
#include "base/err.h"
#include "multi/mb_priv.h"

enum { LIMBS = MB_TEXT_MAX / 4 + 2 };	/* of 32 bits */

/* as many digits as fit a limb, and radix to that power */
static unsigned digits_per_limb(unsigned radix, uint32_t *power)
{
	unsigned n = 0;
	uint64_t p = 1;

	while (p * radix <= UINT32_MAX) {
		p *= radix;
		n++;
	}
	*power = (uint32_t)p;
	return n;
}

/* big-endian limbs divided by d in place, from limb `from`; returns the remainder */
static uint32_t divide(uint32_t *limb, size_t from, size_t n, uint32_t d)
{
	uint64_t rem = 0;

	for (; from < n; from++) {
		rem = rem << 32 | limb[from];
		limb[from] = (uint32_t)(rem / d);
		rem %= d;
	}
	return (uint32_t)rem;
}

int mb_number_encode(const struct mb_row *r, struct span bytes, struct buf *text)
{
	uint32_t limb[LIMBS], power, rem;
	unsigned radix = (unsigned)r->radix, per = digits_per_limb(radix, &power), k;
	size_t zeros = 0, n, from = 0, i, most, len;
	uint8_t *p, *end;
	int rc;

	while (zeros < bytes.len && bytes.p[zeros] == 0)
		zeros++;
	n = (bytes.len - zeros + 3) / 4;
	/* digits per byte: 2.409 (base10), 1.548 (base36), 1.366 (base58) at most */
	most = bytes.len > MB_TEXT_MAX ? MB_TEXT_MAX + 1 :
	       zeros + (bytes.len - zeros) * (radix == 10 ? 2409 : radix == 36 ? 1548 : 1366) /
	       1000 + 1;
	if (most > MB_TEXT_MAX)
		return err_set(ERR_LIMIT, "%zu bytes are too many for %s", bytes.len, r->base.name);
	rc = buf_reserve(text, most);
	if (rc < 0)
		return rc;
	memset(limb, 0, n * sizeof *limb);
	for (i = 0; i < bytes.len - zeros; i++)		/* from the last byte upwards */
		limb[n - 1 - i / 4] |= (uint32_t)bytes.p[bytes.len - 1 - i] << (8 * (i % 4));
	end = p = text->data + text->len + most;
	while (from < n) {
		rem = divide(limb, from, n, power);
		while (from < n && limb[from] == 0)
			from++;
		for (k = 0; k < per && (from < n || rem); k++, rem /= radix)
			*--p = (uint8_t)r->digits[rem % radix];
	}
	for (i = 0; i < zeros; i++)
		*--p = (uint8_t)r->digits[0];
	len = (size_t)(end - p);
	memmove(text->data + text->len, p, len);
	text->len += len;
	text->data[text->len] = 0;
	return 0;
}

int mb_number_decode(const struct mb_row *r, struct span body, struct buf *out)
{
	uint32_t limb[LIMBS], power;
	unsigned radix = (unsigned)r->radix, per = digits_per_limb(radix, &power);
	size_t zeros = 0, n = 0, at, i, len;
	int8_t values[256];
	int rc;

	mb_values(r, values);
	while (zeros < body.len && body.p[zeros] == (uint8_t)r->digits[0])
		zeros++;
	for (at = zeros; at < body.len; ) {		/* little-endian limbs times power plus next */
		size_t take = (body.len - at) % per;
		uint64_t carry = 0, mul = 1;

		for (take = take ? take : per; take > 0; take--, at++) {
			int v = values[body.p[at]];

			if (v < 0)
				return mb_bad_digit(r, body, at);
			carry = carry * radix + (unsigned)v;
			mul *= radix;
		}
		for (i = 0; i < n; i++) {
			carry += limb[i] * mul;
			limb[i] = (uint32_t)carry;
			carry >>= 32;
		}
		if (carry)
			limb[n++] = (uint32_t)carry;
	}
	len = n * 4;
	while (len && limb[(len - 1) / 4] >> (8 * ((len - 1) % 4)) == 0)
		len--;
	rc = buf_reserve(out, zeros + len);
	if (rc < 0)
		return rc;
	memset(out->data + out->len, 0, zeros);
	out->len += zeros;
	for (i = len; i-- > 0; )
		out->data[out->len++] = (uint8_t)(limb[i / 4] >> (8 * (i % 4)));
	out->data[out->len] = 0;
	return 0;
}
