/* mb_priv.h - the ways of writing bytes behind the rows of mb.c */
#ifndef MULTI_MB_PRIV_H
#define MULTI_MB_PRIV_H

#include "multi/mb.h"

enum mb_kind { MB_IDENTITY, MB_BITS, MB_NUMBER, MB_BASE45, MB_PROQUINT, MB_EMOJI };

struct mb_row {
	struct mb_base base;	/* first: a struct mb_base of ours is a struct mb_row */
	enum mb_kind kind;
	int radix;		/* digits in the alphabet; MB_BITS: a power of two */
	int pad;		/* a multiple of this many characters with '='; 0: unpadded */
	int fold;		/* letters of either case are read */
	const char *digits;
};

/* Each appends to its buf; the decoders return 0, ERR_INVALID, ERR_LIMIT or ERR_NOMEM. */
int mb_bits_encode(const struct mb_row *r, struct span bytes, struct buf *text);
int mb_bits_decode(const struct mb_row *r, struct span body, struct buf *out);
int mb_number_encode(const struct mb_row *r, struct span bytes, struct buf *text);
int mb_number_decode(const struct mb_row *r, struct span body, struct buf *out);
int mb_base45_encode(const struct mb_row *r, struct span bytes, struct buf *text);
int mb_base45_decode(const struct mb_row *r, struct span body, struct buf *out);
int mb_proquint_encode(const struct mb_row *r, struct span bytes, struct buf *text);
int mb_proquint_decode(const struct mb_row *r, struct span body, struct buf *out);
int mb_emoji_encode(const struct mb_row *r, struct span bytes, struct buf *text);
int mb_emoji_decode(const struct mb_row *r, struct span body, struct buf *out);

/* mb_values - the value of every character: 0 … radix-1, or -1. */
void mb_values(const struct mb_row *r, int8_t values[256]);

/* mb_bad_digit - ERR_INVALID naming the character at `at` of the body. */
int mb_bad_digit(const struct mb_row *r, struct span body, size_t at);

#endif
