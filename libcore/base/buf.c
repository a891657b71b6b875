/* buf.c - owned bytes that grow up to a ceiling */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_clear(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

int buf_reserve(struct buf *b, size_t n)
{
	size_t want, cap;
	uint8_t *p;

	if (n > b->max || b->len > b->max - n)
		return err_set(ERR_LIMIT, "more than %zu bytes", b->max);
	want = b->len + n + 1;
	if (want <= b->cap)
		return 0;
	cap = b->cap ? b->cap : 32;
	while (cap < want)
		cap = cap < SIZE_MAX / 2 ? cap * 2 : want;
	if (cap > b->max && b->max < SIZE_MAX)
		cap = b->max + 1 > want ? b->max + 1 : want;
	p = realloc(b->data, cap);
	if (!p)
		return err_nomem();
	p[b->len] = 0;
	b->data = p;
	b->cap = cap;
	return 0;
}

int buf_bytes(struct buf *b, const void *p, size_t len)
{
	int rc = buf_reserve(b, len);

	if (rc < 0)
		return rc;
	if (len)
		memcpy(b->data + b->len, p, len);
	b->len += len;
	b->data[b->len] = 0;
	return 0;
}

int buf_add(struct buf *b, struct span s)
{
	return buf_bytes(b, s.p, s.len);
}

int buf_str(struct buf *b, const char *s)
{
	return buf_bytes(b, s, strlen(s));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n, rc;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(ERR_INVALID, "cannot format text");
	rc = buf_reserve(b, (size_t)n);
	if (rc < 0)
		return rc;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

int buf_u8(struct buf *b, unsigned v)
{
	uint8_t c = (uint8_t)v;

	return buf_bytes(b, &c, 1);
}

static int buf_word(struct buf *b, uint64_t v, int bytes, int big)
{
	uint8_t w[8];
	int i;

	for (i = 0; i < bytes; i++)
		w[big ? bytes - 1 - i : i] = (uint8_t)(v >> (8 * i));
	return buf_bytes(b, w, (size_t)bytes);
}

int buf_le16(struct buf *b, uint16_t v) { return buf_word(b, v, 2, 0); }
int buf_le32(struct buf *b, uint32_t v) { return buf_word(b, v, 4, 0); }
int buf_le64(struct buf *b, uint64_t v) { return buf_word(b, v, 8, 0); }
int buf_be32(struct buf *b, uint32_t v) { return buf_word(b, v, 4, 1); }
int buf_be64(struct buf *b, uint64_t v) { return buf_word(b, v, 8, 1); }

int buf_varint(struct buf *b, uint64_t v)
{
	uint8_t w[10];
	size_t n = 0;

	while (v >= 0x80) {
		w[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	w[n++] = (uint8_t)v;
	return buf_bytes(b, w, n);
}

char *buf_take(struct buf *b)
{
	uint8_t *p;

	if (buf_reserve(b, 0) < 0)
		return NULL;
	p = b->data;
	*b = BUF_INIT(b->max);
	return (char *)p;
}
