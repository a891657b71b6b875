/*
 * buf.h - owned bytes that grow up to a ceiling.
 * Every function that appends returns 0, or ERR_LIMIT: it would pass `max`; ERR_NOMEM.  On
 * failure the contents are as they were.  There is always a NUL after the last byte (not
 * counted), so `data` of a non-empty buf serves as a C string.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/span.h"

struct buf {
	uint8_t *data;		/* NULL while nothing was added */
	size_t len, cap, max;	/* bytes; max is the ceiling of len */
};

#define BUF_INIT(ceiling) ((struct buf){ .max = (ceiling) })

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);			/* frees; the ceiling stays */
static inline void buf_reset(struct buf *b) { b->len = 0; if (b->data) b->data[0] = 0; }

/* buf_reserve - make room for `n` more bytes behind len; the caller fills and adds to len. */
int buf_reserve(struct buf *b, size_t n);

int buf_add(struct buf *b, struct span s);
int buf_bytes(struct buf *b, const void *p, size_t len);
int buf_str(struct buf *b, const char *s);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_u8(struct buf *b, unsigned v);
int buf_le16(struct buf *b, uint16_t v);
int buf_le32(struct buf *b, uint32_t v);
int buf_le64(struct buf *b, uint64_t v);
int buf_be32(struct buf *b, uint32_t v);
int buf_be64(struct buf *b, uint64_t v);
int buf_varint(struct buf *b, uint64_t v);	/* unsigned LEB128, minimal, up to 10 bytes */

/* buf_take - gives the bytes, NUL-terminated (never NULL unless out of memory); release with
 * free().  The buf is empty afterwards. */
char *buf_take(struct buf *b);

static inline struct span buf_span(const struct buf *b) { return span_of(b->data, b->len); }

/* varint_len - bytes that buf_varint would add. */
static inline size_t varint_len(uint64_t v)
{
	size_t n = 1;

	while (v >= 0x80) {
		v >>= 7;
		n++;
	}
	return n;
}

#endif
