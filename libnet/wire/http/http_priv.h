/* http_priv.h - what the files of this room share */
#ifndef WIRE_HTTP_HTTP_PRIV_H
#define WIRE_HTTP_HTTP_PRIV_H

#include "wire/http/http.h"

/* of each byte: may it stand in a token, a field value, a request target? */
enum { HTTP_TOKEN = 1, HTTP_VALUE = 2, HTTP_TARGET = 4 };
extern const uint8_t http_chars[256];

static inline uint8_t http_lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

int http_is_target(struct span s);		/* what may stand in a request target */
struct span http_trim(struct span s);		/* blanks and tabs around it */
/* http_list_next - the next word of a list with commas that is not empty; 0 at the end. */
int http_list_next(struct span *rest, struct span *word);

/* http_is_authority - RFC 3986 3.2 without userinfo: a name or address, and perhaps (or surely) a port. */
int http_is_authority(struct span s, int port_due);

/* http1_bad - set the status to answer with; returns HTTP1_BAD. */
enum http1_event http1_bad(struct http1 *h, int status, const char *why);

/* The states: each takes what the one before left. */
enum {
	ON_HEAD, ON_BODY, ON_SIZE, ON_EXTENSION, ON_SIZE_LF, ON_CHUNK, ON_CHUNK_CR, ON_CHUNK_LF,
	ON_TRAILER, ON_TRAILER_NAME, ON_TRAILER_VALUE, ON_TRAILER_LF, ON_END_LF, ON_END, ON_BAD
};

/* http1_target - take the target of the request line apart. */
int http1_target(struct http1 *h);
/* http1_fields - the rules between the fields of a head: host, length, connection. */
int http1_fields(struct http1 *h);

#endif
