/*
 * json_priv.h - JSON text: what its reader and its writer share.
 * Spec: RFC 8259 for the grammar; ipld/ipld specs/codecs/dag-json/spec.md for links and bytes; where
 * the text of a value is free, that of Kubo (refmt), so that the names of blocks agree.
 */
#ifndef CODEC_JSON_PRIV_H
#define CODEC_JSON_PRIV_H

#include "base/jsonscan.h"
#include "codec_priv.h"

/* ---- numbers: json_num.c ---- */

/*
 * json_num_read - the number that begins at `p` (a digit or a minus sign) as a step of kind NODE_INT or
 * NODE_FLOAT.  Returns the byte behind it, or NULL with the rule broken in *why.  A number of digits only
 * is an integer, -2^64 .. 2^64-1; any other is the nearest double.  *minus_zero: the integer -0.
 */
const uint8_t *json_num_read(const uint8_t *p, const uint8_t *end, struct node_step *s, int *minus_zero,
			     const char **why);

/* json_num_int - the text of a whole number; bytes written, at most JSON_NUM_MAX.  (Floats: decimal_put_double.) */
enum { JSON_NUM_MAX = 32 };
size_t json_num_int(uint64_t u, int neg, char *text);

/* ---- strings: json_text.c ---- */

/* A string as it stands between its quotes. */
struct json_raw {
	struct span raw;
	int escaped, wide;		/* has a backslash; has bytes beyond ASCII */
};

/*
 * json_text_plain - most strings: no escapes, and not at the very end of the block.  The closing quote, or
 * NULL: json_text_scan knows more.
 */
static inline const uint8_t *json_text_plain(const uint8_t *p, const uint8_t *end, int *wide)
{
	uint64_t all = 0;

	p = json_run(p, end, &all);
	*wide = (all & JSON_EACH(0x80)) != 0;
	return p < end && *p == '"' ? p : NULL;
}

/* json_text_scan - the string whose first byte is `p`, behind the opening quote.  Returns the closing
 * quote, or NULL with the place and the rule broken. */
const uint8_t *json_text_scan(const uint8_t *p, const uint8_t *end, struct json_raw *raw,
			      const uint8_t **where, const char **why);

/* json_text_unescape - into `out`, which has room for raw.len bytes.  `strict` refuses escapes that no
 * writer makes.  Returns the length, or -1 with the place and the rule broken. */
ptrdiff_t json_text_unescape(struct span raw, int strict, uint8_t *out, const uint8_t **where,
			     const char **why);

/* json_text_put - append in quotes, escaped as Kubo does; ERR_INVALID: not UTF-8. */
int json_text_put(struct buf *out, struct span text);

/* ---- base64 without padding: json_base64.c ---- */

/* json_base64_put - appends.  json_base64_room - bytes that text of `len` characters may hold. */
int json_base64_put(struct buf *out, struct span bytes);
static inline size_t json_base64_room(size_t len) { return len / 4 * 3 + 3; }

/* json_base64_read - into `out`; the length, or -1 with the rule broken.  `strict` refuses padding. */
ptrdiff_t json_base64_read(struct span text, int strict, uint8_t *out, const char **why);

/* ---- CIDs of links: json_cid.c ---- */

/* json_cid_read - any text of a CID.  *canonical, if not NULL: it is as json_cid_put writes it.
 * 0 or ERR_INVALID. */
int json_cid_read(struct span text, struct cid *cid, int *canonical);

/* json_cid_put - append: base32, or base58btc for version 0. */
int json_cid_put(const struct cid *cid, struct buf *out);

/* ---- json_write.c ---- */

int dag_json_encode(const struct node *nd, size_t at, struct buf *out);
int json_encode(const struct node *nd, size_t at, struct buf *out);

#endif
