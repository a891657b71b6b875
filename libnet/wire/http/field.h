/*
 * field.h - what the fields of a request mean: dates, conditions, ranges, preferences, parameters.
 * Values are given as they stand in the head, several fields of one name joined with ", " (RFC 9110 5.3);
 * a span whose p is NULL: not sent.  Nothing here allocates but for the buf a caller hands in.
 */
#ifndef WIRE_HTTP_FIELD_H
#define WIRE_HTTP_FIELD_H

#include "base/buf.h"

/* ---- dates (RFC 9110 5.6.7) ---- */

enum { HTTP_DATE_LEN = 29 };

/* http_date - seconds since 1970, in the years 0 to 9999, as "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL. */
void http_date(int64_t t, char out[HTTP_DATE_LEN + 1]);

/* http_date_parse - 1 and *t; 0: in none of the three forms, or no such day.  `now` settles the century of
 * a year of two digits. */
int http_date_parse(struct span s, int64_t now, int64_t *t);

/* ---- conditions (RFC 9110 13) ---- */

struct http_conditions {
	struct span match, none_match, modified_since, unmodified_since, if_range;
};

struct http_validators {
	int exists;			/* there is something at the target */
	struct span etag;		/* with its quotes, W/ in front of a weak one; p NULL: none */
	int has_modified;
	int64_t modified;		/* seconds since 1970 */
};

/* http_condition - 0: go on; 304; 412.  `safe`: the method is GET or HEAD. */
int http_condition(const struct http_conditions *c, int safe, const struct http_validators *v, int64_t now);

/* http_if_range - 1: a Range is to be heeded: no If-Range, or one that holds (strong comparison). */
int http_if_range(const struct http_conditions *c, const struct http_validators *v, int64_t now);

/* http_etag_listed - is the tag in a list as in If-Match ("*" lists all)?  weak: by weak comparison.  What
 * stands behind a fault in the list does not count. */
int http_etag_listed(struct span list, struct span etag, int weak);
int http_is_etag(struct span s);

/* ---- ranges (RFC 9110 14) ---- */

struct http_range { uint64_t off, len; };	/* bytes; len > 0 */

enum { HTTP_RANGES_MAX = 64 };

/*
 * http_ranges - the ranges of a Range field, cut to `size` bytes, in ascending order, those that overlap or
 * touch made one.  Returns how many; 0: the field is to be ignored (another unit, malformed, more than
 * HTTP_RANGES_MAX, or nothing to cut from), -1: none of them can be satisfied (416).
 */
int http_ranges(struct span value, uint64_t size, struct http_range out[HTTP_RANGES_MAX]);

/* ---- parameters (RFC 9110 5.6.6) ---- */

/* A word with parameters, as in Content-Type, Accept, Content-Disposition. */
struct http_media {
	struct span type;		/* "text/html", "form-data", a coding: a token, or two with '/' */
	struct span params;		/* what follows the first ';', or empty */
	int q;				/* 0 to 1000, of a "q" parameter; else 1000 */
};

/* http_media_parse - one such value.  1, or 0: malformed. */
int http_media_parse(struct span value, struct http_media *m);
/* http_media_next - the next of a list with commas; malformed ones are passed over.  1, or 0 at the end. */
int http_media_next(struct span *rest, struct http_media *m);

/* http_param_next - the next parameter.  1; 0 at the end; -1: malformed.  The value of a quoted one is what
 * stands between the quotes; http_unquote appends it to `out` without the backslashes. */
int http_param_next(struct span *rest, struct span *name, struct span *value);
int http_unquote(struct span value, struct buf *out);
/* http_param - the value of the first parameter of that name (lower case), as above.  1, or 0. */
int http_param(struct span params, const char *lower, struct span *value);

/* ---- preferences (RFC 9110 12) ---- */

/* http_accept_q - how much a media type is wanted by an Accept field: 0 (not at all) to 1000.  The most
 * specific range decides; parameters of ranges other than q are not looked at. */
int http_accept_q(struct span accept, const char *type);
/* http_accept_pick - the offer wanted most, the earlier one of equals; -1: none is acceptable. */
int http_accept_pick(struct span accept, const char *const *offers, size_t n);

/* http_coding_pick - the same for Accept-Encoding and codings in lower case ("br", "gzip").  -1: no coding
 * ("identity") is wanted more, or nothing was said; -2: not even identity is acceptable. */
int http_coding_pick(struct span accept_encoding, const char *const *offers, size_t n);

/* ---- targets (RFC 3986 2.1) ---- */

/* http_unescape - percent-decode, appending to `out`; plus: "+" is a blank.  ERR_INVALID: an escape without
 * two hexadecimal digits, or a NUL; ERR_LIMIT, ERR_NOMEM.  On failure `out` is as it was.  Whether "..",
 * or a decoded "/", mean something is the caller's question. */
int http_unescape(struct span s, int plus, struct buf *out);
/* http_query_next - the next argument "name=value" (value.p NULL: no '='), still encoded.  1, 0 at the end. */
int http_query_next(struct span *rest, struct span *name, struct span *value);

/* ---- what a proxy in front of us says (RFC 7239) ---- */

struct http_forwarded {
	struct span host, client;	/* p NULL: not said, or not valid; client: "192.0.2.1", "[::1]:4711" */
	int tls;			/* 1: proto=https, 0: http, -1: not said */
};

/* http_forwarded - of the proxy nearest to the client.  1; 0: malformed, and nothing in it counts. */
int http_forwarded(struct span value, struct http_forwarded *f);
/* http_forwarded_x - the same of X-Forwarded-For, -Host and -Proto. */
int http_forwarded_x(struct span client, struct span host, struct span proto, struct http_forwarded *f);

#endif
