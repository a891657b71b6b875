/*
 * err.h - error codes, and the message that goes with the last one.
 * A function that can fail returns 0 or a useful count, else a negative ERR_ code.  One table
 * gives every code its exit status, HTTP status and gRPC status, so that "not found" is 1, 404
 * and NOT_FOUND everywhere.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/*       name         exit http grpc  meaning */
#define ERR_TABLE(X) \
	X(NOTFOUND,    1, 404,  5, "not found") \
	X(DIFFER,      1, 412,  9, "different") \
	X(EXISTS,      1, 409,  6, "exists already") \
	X(USAGE,       2, 400,  3, "bad option or operand") \
	X(UNSUPPORTED, 2, 501, 12, "not supported") \
	X(BUSY,        3, 503, 14, "busy, try again later") \
	X(TIMEOUT,     3, 504,  4, "timed out") \
	X(INVALID,     4, 400,  3, "malformed data") \
	X(CORRUPT,     4, 500, 15, "corrupt data") \
	X(LIMIT,       4, 413,  8, "limit exceeded") \
	X(DENIED,      4, 403,  7, "permission denied") \
	X(NOSPACE,     4, 507,  8, "no space left") \
	X(NOMEM,       4, 503,  8, "out of memory") \
	X(IO,          4, 500, 13, "input/output error") \
	X(INTERRUPTED, 4, 499,  1, "interrupted")

enum err_index {
	ERR_INDEX_NONE,
#define X(name, e, h, g, text) ERR_INDEX_##name,
	ERR_TABLE(X)
#undef X
	ERR_INDEX_END
};

/* The codes are negative and their numbers are stable: add new rows at the end of a group only
 * together with a new major version of the C API. */
enum err_code {
#define X(name, e, h, g, text) ERR_##name = -(int)ERR_INDEX_##name,
	ERR_TABLE(X)
#undef X
	ERR_OK = 0
};

/* err_set - record code and message (printf style); returns `code`, so `return err_set(…)`. */
int err_set(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* err_add - put context in front of the current message: "context: message".  Returns `code`. */
int err_add(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* err_sys - as err_set, with ": " and strerror(errno) appended; the code is chosen from errno
 * (ENOENT: ERR_NOTFOUND, EACCES, EPERM, EROFS: ERR_DENIED, ENOSPC, EDQUOT, EFBIG: ERR_NOSPACE,
 * ENOMEM: ERR_NOMEM, EAGAIN, EWOULDBLOCK: ERR_BUSY, EINTR: ERR_INTERRUPTED, else ERR_IO). */
int err_sys(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* err_nomem - the one message for a failed allocation; returns ERR_NOMEM. */
int err_nomem(void);

/* err_text - the message of this thread's last failure; valid until the next one. */
const char *err_text(void);

/* err_exit, err_http, err_grpc - statuses of a code (0 or positive: success). */
int err_exit(int code);
int err_http(int code);
int err_grpc(int code);

/* err_name - "NOTFOUND" for ERR_NOTFOUND, "OK" for success; static. */
const char *err_name(int code);

#endif
