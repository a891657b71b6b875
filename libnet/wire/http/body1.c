/* body1.c - bodies of HTTP/1 requests: counted, or in chunks (RFC 9112 6, 7.1) */
#include "http_priv.h"

enum { EXTENSION_MAX = 1024, DIGITS_MAX = 16 };

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = http_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* a line of chunk size ended: what comes now */
static enum http1_event size_known(struct http1 *h)
{
	if (h->left > h->limits->body - h->total)
		return http1_bad(h, 413, "the body is too large");
	h->total += h->left;
	h->extra = 0;
	h->state = h->left ? ON_CHUNK : ON_TRAILER;
	return HTTP1_MORE;
}

static enum http1_event size_digit(struct http1 *h, uint8_t c)
{
	int v = hex(c);

	if (v >= 0) {
		if (h->digits++ == DIGITS_MAX)
			return http1_bad(h, 413, "a chunk beyond all measure");
		h->left = h->left << 4 | (uint64_t)v;
		return HTTP1_MORE;
	}
	if (!h->digits)
		return http1_bad(h, 400, "a chunk without a size");
	if (c == '\r')
		h->state = ON_SIZE_LF;
	else if (c == ';')
		h->state = ON_EXTENSION;
	else
		return http1_bad(h, 400, "a chunk size that is not hexadecimal");
	return HTTP1_MORE;
}

static enum http1_event extension(struct http1 *h, uint8_t c)
{
	if (c == '\r')
		h->state = ON_SIZE_LF;
	else if (!(http_chars[c] & HTTP_VALUE))
		return http1_bad(h, 400, "a byte in a chunk extension that may not stand there");
	else if (++h->extra > EXTENSION_MAX)
		return http1_bad(h, 400, "chunk extensions without end");
	return HTTP1_MORE;
}

/* trailers: lines of fields, of which only the form is looked at */
static enum http1_event trailer(struct http1 *h, uint8_t c)
{
	if (++h->extra > h->limits->head)
		return http1_bad(h, 431, "the trailers are too long");
	switch (h->state) {
	case ON_TRAILER:			/* at the beginning of a line */
		if (c == '\r') {
			h->state = ON_END_LF;
			return HTTP1_MORE;
		}
		h->state = ON_TRAILER_NAME;
		return http_chars[c] & HTTP_TOKEN ? HTTP1_MORE :
		       http1_bad(h, 400, "a trailer that does not begin with a name");
	case ON_TRAILER_NAME:
		if (c == ':')
			h->state = ON_TRAILER_VALUE;
		else if (!(http_chars[c] & HTTP_TOKEN))
			return http1_bad(h, 400, "a trailer name that is not a token");
		return HTTP1_MORE;
	default:
		if (c == '\r')
			h->state = ON_TRAILER_LF;
		else if (!(http_chars[c] & HTTP_VALUE))
			return http1_bad(h, 400, "a byte in a trailer that may not stand there");
		return HTTP1_MORE;
	}
}

/* one byte of what is around the data of chunks */
static enum http1_event frame(struct http1 *h, uint8_t c)
{
	switch (h->state) {
	case ON_SIZE:
		return size_digit(h, c);
	case ON_EXTENSION:
		return extension(h, c);
	case ON_SIZE_LF:
		return c == '\n' ? size_known(h) : http1_bad(h, 400, "a chunk size that does not end in CRLF");
	case ON_CHUNK_CR:
		if (c != '\r')
			return http1_bad(h, 400, "a chunk longer than its size");
		h->state = ON_CHUNK_LF;
		return HTTP1_MORE;
	case ON_CHUNK_LF:
		if (c != '\n')
			return http1_bad(h, 400, "a chunk that does not end in CRLF");
		h->state = ON_SIZE;
		h->left = h->digits = 0;
		return HTTP1_MORE;
	case ON_TRAILER_LF:
		h->state = ON_TRAILER;
		return c == '\n' ? HTTP1_MORE : http1_bad(h, 400, "a trailer that does not end in CRLF");
	case ON_END_LF:
		if (c != '\n')
			return http1_bad(h, 400, "trailers that do not end in CRLF");
		h->state = ON_END;
		return HTTP1_END;
	default:
		return trailer(h, c);
	}
}

/* data of a counted body or a chunk */
static enum http1_event take_data(struct http1 *h, struct span in, size_t *used, struct span *data)
{
	size_t n = in.len - *used;

	if (n > h->left)
		n = (size_t)h->left;
	*data = span_of(in.p + *used, n);
	*used += n;
	h->left -= n;
	if (h->left == 0)
		h->state = h->state == ON_BODY ? ON_END : ON_CHUNK_CR;
	return HTTP1_DATA;
}

enum http1_event http1_body(struct http1 *h, struct span in, size_t *used, struct span *data)
{
	enum http1_event e;

	*used = 0;
	*data = span_of(NULL, 0);
	for (;;) {
		if (h->state == ON_END)
			return HTTP1_END;
		if (h->state == ON_BAD || h->state == ON_HEAD)
			return HTTP1_BAD;
		if (*used == in.len)
			return HTTP1_MORE;
		if (h->state == ON_BODY || h->state == ON_CHUNK)
			return take_data(h, in, used, data);
		e = frame(h, in.p[(*used)++]);
		if (e != HTTP1_MORE)
			return e;
	}
}
