/*
 * jsonrd.h - read JSON text as it streams by, token by token.
 * Strict (RFC 8259): UTF-8, no comments, no comma at the end, no text behind the value unless `lines`.  Memory: the
 * longest key or string, within text.max.
 */
#ifndef BASE_JSONRD_H
#define BASE_JSONRD_H

#include <sys/types.h>

#include "base/buf.h"

enum { JSONRD_DEPTH_MAX = 64 };

enum jsonrd_token {
	JSONRD_DONE,			/* behind the value (of lines: behind the last) */
	JSONRD_OBJECT, JSONRD_OBJECT_END, JSONRD_ARRAY, JSONRD_ARRAY_END,
	JSONRD_KEY, JSONRD_STRING,	/* unescaped, in text */
	JSONRD_NUMBER,			/* as written, in text */
	JSONRD_TRUE, JSONRD_FALSE, JSONRD_NULL,
	JSONRD_LINE			/* with `lines`: between two values */
};

struct jsonrd {
	/* set by the caller: the next bytes; their number, 0 at the end, or an error */
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
	int lines;			/* values one after the other, each on a line (or more) of its own */
	int drop;			/* keys, strings and numbers are checked, but not kept: text stays empty */
	struct buf text;		/* its max is the caller's */
	uint64_t off;			/* of the byte behind the token, from the start */
	/* its own: */
	uint8_t in[16384];
	size_t at, have;
	uint64_t before;		/* bytes of the text in front of in[0] */
	int eof, depth, state;
	uint64_t stack;			/* a bit a level: 1 object, 0 array */
};

void jsonrd_init(struct jsonrd *j, ssize_t (*read)(void *arg, void *p, size_t len), void *arg, size_t text_max);
void jsonrd_clear(struct jsonrd *j);
/* jsonrd_next - the next token, or ERR_INVALID ("byte 17: ..."), ERR_LIMIT (text.max, or nested deeper than
 * JSONRD_DEPTH_MAX), or the error of read.  Behind an error, and behind JSONRD_DONE, there is nothing but that. */
int jsonrd_next(struct jsonrd *j);
/* jsonrd_skip - the rest of the value whose first token was `token` (nothing, unless something is opened there); nothing of
 * it is kept.  jsonrd_uint - the number in text as a whole number
 * without sign, point or exponent: 1, or 0: it is none, or needs over 64 bits. */
int jsonrd_skip(struct jsonrd *j, int token);
int jsonrd_uint(const struct jsonrd *j, uint64_t *v);

#endif
