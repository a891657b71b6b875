/* byteranges.c - several ranges in one body (RFC 9110 14.6, 15.3.7.2) */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/num.h"
#include "http_priv.h"
#include "multipart.h"

static int content_range(char out[96], const struct http_range *r, uint64_t size)
{
	return snprintf(out, 96, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
			r->off, r->off + r->len - 1, size);
}

static size_t head_len(int first, struct span boundary, struct span type, size_t range)
{
	return (first ? 0 : 2) + 2 + boundary.len + 2 + (type.len ? 14 + type.len + 2 : 0) + range;
}

int byteranges_head(struct buf *out, int first, struct span boundary, struct span type,
		    const struct http_range *r, uint64_t size)
{
	char range[96];
	int n = content_range(range, r, size), rc;

	if (!http_is_value(type))
		return err_set(ERR_INVALID, "a content type that may not stand in a field");
	rc = buf_reserve(out, head_len(first, boundary, type, (size_t)n));
	if (rc < 0)
		return rc;
	/* there is room: none of these can fail */
	buf_str(out, first ? "--" : "\r\n--");
	buf_add(out, boundary);
	buf_str(out, "\r\n");
	if (type.len) {
		buf_str(out, "Content-Type: ");
		buf_add(out, type);
		buf_str(out, "\r\n");
	}
	buf_bytes(out, range, (size_t)n);
	return 0;
}

int byteranges_end(struct buf *out, struct span boundary)
{
	int rc = buf_reserve(out, boundary.len + 8);

	if (rc < 0)
		return rc;
	buf_str(out, "\r\n--");
	buf_add(out, boundary);
	buf_str(out, "--\r\n");
	return 0;
}

int byteranges_len(struct span boundary, struct span type, const struct http_range *r, size_t n, uint64_t size,
		   uint64_t *len)
{
	uint64_t sum = boundary.len + 8;
	char range[96];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = num_add(sum, head_len(i == 0, boundary, type, (size_t)content_range(range, &r[i], size)), &sum);
		if (rc == 0)
			rc = num_add(sum, r[i].len, &sum);
	}
	*len = sum;
	return rc;
}
