/* mb.c - multibase: the table, prefixes, and the bases made of groups of bits */
#include "base/err.h"
#include "multi/mb.h"
#include "multi/mb_priv.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define BASE58_UPPER "ABCDEFGHJKLMNPQRSTUVWXYZ"
#define BASE58_LOWER "abcdefghijkmnopqrstuvwxyz"

#define BITS(name, prefix, kubo, radix, pad, fold, digits) \
	{ { name, prefix, kubo }, MB_BITS, radix, pad, fold, digits }
#define NUMBER(name, prefix, kubo, fold, digits) \
	{ { name, prefix, kubo }, MB_NUMBER, sizeof digits - 1, 0, fold, digits }

/* in the order of `ipfs cid bases`, then those Kubo lacks */
static const struct mb_row rows[] = {
	{ { "identity", "", 1 }, MB_IDENTITY, 0, 0, 0, NULL },
	BITS("base2", "0", 1, 2, 0, 0, "01"),
	BITS("base32", "b", 1, 32, 0, 1, LOWER "234567"),
	BITS("base32upper", "B", 1, 32, 0, 1, UPPER "234567"),
	BITS("base32pad", "c", 1, 32, 8, 1, LOWER "234567"),
	BITS("base32padupper", "C", 1, 32, 8, 1, UPPER "234567"),
	BITS("base16", "f", 1, 16, 0, 1, "0123456789abcdef"),
	BITS("base16upper", "F", 1, 16, 0, 1, "0123456789ABCDEF"),
	NUMBER("base36", "k", 1, 1, "0123456789" LOWER),
	NUMBER("base36upper", "K", 1, 1, "0123456789" UPPER),
	BITS("base64", "m", 1, 64, 0, 0, UPPER LOWER "0123456789+/"),
	BITS("base64pad", "M", 1, 64, 4, 0, UPPER LOWER "0123456789+/"),
	BITS("base32hexpad", "t", 1, 32, 8, 1, "0123456789abcdefghijklmnopqrstuv"),
	BITS("base32hexpadupper", "T", 1, 32, 8, 1, "0123456789ABCDEFGHIJKLMNOPQRSTUV"),
	BITS("base64url", "u", 1, 64, 0, 0, UPPER LOWER "0123456789-_"),
	BITS("base64urlpad", "U", 1, 64, 4, 0, UPPER LOWER "0123456789-_"),
	BITS("base32hex", "v", 1, 32, 0, 1, "0123456789abcdefghijklmnopqrstuv"),
	BITS("base32hexupper", "V", 1, 32, 0, 1, "0123456789ABCDEFGHIJKLMNOPQRSTUV"),
	NUMBER("base58btc", "z", 1, 0, "123456789" BASE58_UPPER BASE58_LOWER),
	NUMBER("base58flickr", "Z", 1, 0, "123456789" BASE58_LOWER BASE58_UPPER),
	{ { "base256emoji", "\xf0\x9f\x9a\x80", 1 }, MB_EMOJI, 256, 0, 0, NULL },
	BITS("base8", "7", 0, 8, 0, 0, "01234567"),
	NUMBER("base10", "9", 0, 0, "0123456789"),
	BITS("base32z", "h", 0, 32, 0, 1, "ybndrfg8ejkmcpqxot1uwisza345h769"),
	{ { "base45", "R", 0 }, MB_BASE45, 45, 0, 0,
	  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:" },
	{ { "proquint", "pro-", 0 }, MB_PROQUINT, 0, 0, 0, NULL },
};

enum { N_ROWS = sizeof rows / sizeof *rows };

static const struct mb_row *row_of(const struct mb_base *base)
{
	return (const struct mb_row *)base;
}

const struct mb_base *mb_each(int i)
{
	return i >= 0 && i < N_ROWS ? &rows[i].base : NULL;
}

const struct mb_base *mb_by_name(const char *name)
{
	int i;

	for (i = 0; i < N_ROWS; i++)		/* Kubo takes the prefix for a name, too */
		if (!strcmp(rows[i].base.name, name) ||
		    (*name && !strcmp(rows[i].base.prefix, name)))
			return &rows[i].base;
	err_set(ERR_NOTFOUND, "unsupported multibase encoding: \"%s\"", name);
	return NULL;
}

const struct mb_base *mb_by_prefix(struct span text)
{
	int i, c;

	if (text.len == 0) {
		err_set(ERR_INVALID, "empty text has no multibase prefix");
		return NULL;
	}
	c = text.p[0];
	if (c == 0)
		return &rows[0].base;
	for (i = 1; i < N_ROWS; i++) {
		size_t n = strlen(rows[i].base.prefix);

		if (n <= text.len && !memcmp(rows[i].base.prefix, text.p, n))
			return &rows[i].base;
	}
	if (c == '1' || c == 'Q' || c == '/')
		err_set(ERR_INVALID, "'%c' is no multibase prefix: it is reserved", c);
	else if (c > ' ' && c < 0x7f)
		err_set(ERR_INVALID, "'%c' is no multibase prefix", c);
	else
		err_set(ERR_INVALID, "byte 0x%02x is no multibase prefix", (unsigned)c);
	return NULL;
}

uint32_t mb_code(const struct mb_base *base)
{
	const uint8_t *p = (const uint8_t *)base->prefix;

	if (p[0] < 0xf0)
		return p[0];		/* the only prefix beyond ASCII is a rocket */
	return (p[0] & 7u) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u);
}

static unsigned bits_of(const struct mb_row *r)
{
	return (unsigned)__builtin_ctz((unsigned)r->radix);
}

int mb_piecewise(const struct mb_base *base)
{
	const struct mb_row *r = row_of(base);

	return r->kind == MB_IDENTITY ? 8 : r->kind == MB_BITS ? (int)bits_of(r) : 0;
}

int mb_encode_body(const struct mb_base *base, struct span bytes, struct buf *text)
{
	const struct mb_row *r = row_of(base);

	switch (r->kind) {
	case MB_BITS: return mb_bits_encode(r, bytes, text);
	case MB_NUMBER: return mb_number_encode(r, bytes, text);
	case MB_BASE45: return mb_base45_encode(r, bytes, text);
	case MB_PROQUINT: return mb_proquint_encode(r, bytes, text);
	case MB_EMOJI: return mb_emoji_encode(r, bytes, text);
	case MB_IDENTITY: break;
	}
	return buf_add(text, bytes);
}

int mb_encode(const struct mb_base *base, struct span bytes, struct buf *text)
{
	size_t before = text->len;
	int rc = row_of(base)->kind == MB_IDENTITY ? buf_u8(text, 0) : buf_str(text, base->prefix);

	if (rc == 0)
		rc = mb_encode_body(base, bytes, text);
	if (rc < 0 && text->len > before) {
		text->len = before;
		text->data[before] = 0;
	}
	return rc;
}

int mb_decode_body(const struct mb_base *base, struct span body, struct buf *out)
{
	const struct mb_row *r = row_of(base);

	if (body.len > MB_TEXT_MAX)
		return err_set(ERR_LIMIT, "multibase text of more than %d bytes", MB_TEXT_MAX);
	switch (r->kind) {
	case MB_BITS: return mb_bits_decode(r, body, out);
	case MB_NUMBER: return mb_number_decode(r, body, out);
	case MB_BASE45: return mb_base45_decode(r, body, out);
	case MB_PROQUINT: return mb_proquint_decode(r, body, out);
	case MB_EMOJI: return mb_emoji_decode(r, body, out);
	case MB_IDENTITY: break;
	}
	return buf_add(out, body);
}

int mb_decode(struct span text, struct buf *out, const struct mb_base **base)
{
	const struct mb_base *b = mb_by_prefix(text);
	size_t n;
	int rc;

	if (!b)
		return ERR_INVALID;
	n = b == &rows[0].base ? 1 : strlen(b->prefix);
	rc = mb_decode_body(b, span_of(text.p + n, text.len - n), out);
	if (rc == 0 && base)
		*base = b;
	return rc;
}

void mb_values(const struct mb_row *r, int8_t values[256])
{
	int i;

	memset(values, -1, 256);
	for (i = 0; i < r->radix; i++) {
		uint8_t c = (uint8_t)r->digits[i];

		values[c] = (int8_t)i;
		if (r->fold && ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
			values[c ^ 0x20] = (int8_t)i;
	}
}

int mb_bad_digit(const struct mb_row *r, struct span body, size_t at)
{
	uint8_t c = body.p[at];

	if (c > ' ' && c < 0x7f)
		return err_set(ERR_INVALID, "'%c' is no %s digit (character %zu of the body)", c,
			       r->base.name, at + 1);
	return err_set(ERR_INVALID, "byte 0x%02x is no %s digit (character %zu of the body)", c,
		       r->base.name, at + 1);
}

/* RFC 4648 section 3 to 8: groups of bits, the last filled with zeros on the right */
int mb_bits_encode(const struct mb_row *r, struct span bytes, struct buf *text)
{
	unsigned bits = bits_of(r), have = 0, acc = 0;
	size_t i, pad = (size_t)r->pad, len;
	uint8_t *p;
	int rc;

	if (bytes.len > text->max)		/* and so the sums below fit */
		return err_set(ERR_LIMIT, "more than %zu bytes", text->max);
	len = bytes.len / bits * 8 + (bytes.len % bits * 8 + bits - 1) / bits;
	if (pad)
		len = (len + pad - 1) / pad * pad;
	rc = buf_reserve(text, len);
	if (rc < 0)
		return rc;
	p = text->data + text->len;
	text->len += len;
	for (i = 0; i < bytes.len; i++) {
		acc = acc << 8 | bytes.p[i];
		for (have += 8; have >= bits; have -= bits)
			*p++ = (uint8_t)r->digits[acc >> (have - bits) & (unsigned)(r->radix - 1)];
		acc &= 0xff;			/* at most 5 bits are left */
	}
	if (have)
		*p++ = (uint8_t)r->digits[acc << (bits - have) & (unsigned)(r->radix - 1)];
	while (p < text->data + text->len)
		*p++ = '=';
	*p = 0;
	return 0;
}

int mb_bits_decode(const struct mb_row *r, struct span body, struct buf *out)
{
	unsigned bits = bits_of(r), have = 0, acc = 0;
	size_t n = body.len, pad = 0, want, i;
	int8_t values[256];
	uint8_t *p;
	int rc;

	if (r->pad) {
		while (n && body.p[n - 1] == '=')
			n--;
		pad = body.len - n;
		want = ((size_t)r->pad - n % (size_t)r->pad) % (size_t)r->pad;
		if (pad != want)
			return err_set(ERR_INVALID, "%s text of %zu digits needs %zu '=' at its "
				       "end, not %zu", r->base.name, n, want, pad);
	}
	rc = buf_reserve(out, n * bits / 8);
	if (rc < 0)
		return rc;
	mb_values(r, values);
	p = out->data + out->len;
	for (i = 0; i < n; i++) {
		int v = values[body.p[i]];

		if (v < 0) {
			out->data[out->len] = 0;
			return mb_bad_digit(r, body, i);
		}
		acc = acc << bits | (unsigned)v;
		have += bits;
		if (have >= 8) {
			have -= 8;
			*p++ = (uint8_t)(acc >> have);
			acc &= (1u << have) - 1;
		}
	}
	if (have >= bits || acc) {
		out->data[out->len] = 0;
		return have >= bits ?
		       err_set(ERR_INVALID, "%s text cannot have %zu digits", r->base.name, n) :
		       err_set(ERR_INVALID, "%s text has unused bits that are not zero",
			       r->base.name);
	}
	out->len = (size_t)(p - out->data);
	*p = 0;
	return 0;
}
