/*
 * multipart.h - bodies in parts: multipart/form-data coming in, multipart/byteranges going out.
 * Nothing is copied: what is read points into what came in.
 * Spec: RFC 2046 5.1, RFC 7578, RFC 9110 14.6.
 */
#ifndef WIRE_HTTP_MULTIPART_H
#define WIRE_HTTP_MULTIPART_H

#include "wire/http/http.h"
#include "wire/http/field.h"

enum {
	MULTIPART_BOUNDARY_MAX = 70,
	MULTIPART_HEAD_MAX = 8192,		/* bytes of the head of a part */
	MULTIPART_FIELDS_MAX = 16,
	MULTIPART_PREAMBLE_MAX = 8192
};

enum multipart_event {
	MULTIPART_MORE,		/* more bytes are needed, behind those that were not used */
	MULTIPART_PART,		/* a part begins; its head is in the state */
	MULTIPART_DATA,		/* bytes of it */
	MULTIPART_PART_END,
	MULTIPART_END,		/* the last one ended; what follows is passed over */
	MULTIPART_BAD
};

struct multipart {
	/* of the part, valid after MULTIPART_PART until the bytes it was read from go: */
	struct http_field field[MULTIPART_FIELDS_MAX];	/* names in the case they came in */
	size_t n_fields;
	struct span name, filename, type;	/* of Content-Disposition and Content-Type; p NULL: none.  With
						 * their backslashes: see http_unquote */
	const char *why;			/* after MULTIPART_BAD; static */
	/* Some Kubo clients name folders by parts of the type multipart/form-data: set this after
	 * multipart_start to be given such parts.  Otherwise parts in parts are refused. */
	int nested;
	/* the state: */
	int state;
	size_t match, unseen, seen, preamble;
	uint8_t delim[4 + MULTIPART_BOUNDARY_MAX];	/* CR LF - - boundary */
	size_t delim_len;
};

/* multipart_start - `content_type` is that of the body.  ERR_INVALID: not multipart, or its boundary is
 * missing or none (RFC 2046 5.1.1). */
int multipart_start(struct multipart *m, struct span content_type);

/*
 * multipart_next - take bytes of the body, *used of them.  *data is set with MULTIPART_DATA: it points into
 * `in`, or into the state (bytes that might have been a boundary) and is then valid until the next call.
 * After MULTIPART_MORE call again with the bytes not used and more; at most MULTIPART_HEAD_MAX are ever left.
 * A body that ends before MULTIPART_END is not whole.
 */
enum multipart_event multipart_next(struct multipart *m, struct span in, size_t *used, struct span *data);

/* ---- multipart/byteranges ---- */

/* byteranges_head - append what goes in front of the bytes of a range; `first`: of the first one.  `type` may be
 * empty.  ERR_INVALID: bytes in it that may not stand in a field; ERR_LIMIT, ERR_NOMEM. */
int byteranges_head(struct buf *out, int first, struct span boundary, struct span type,
		    const struct http_range *r, uint64_t size);
/* byteranges_end - append what goes behind the last. */
int byteranges_end(struct buf *out, struct span boundary);
/* byteranges_len - *len: bytes of the whole body, ERR_LIMIT: more than a number holds. */
int byteranges_len(struct span boundary, struct span type, const struct http_range *r, size_t n, uint64_t size,
		   uint64_t *len);

#endif
