/*
 * encode.h - content codings, bit by bit: gzip, deflate, br, zstd.
 * Whether an answer is to be encoded, and how (http_coding_pick), is the caller's question.
 * Memory is bounded whatever goes through: windows are 256 KiB at most (gzip, deflate: 32 KiB), all of it a few
 * megabytes.
 * Spec: RFC 9110 8.4.1; RFC 1952, RFC 1950, RFC 7932, RFC 8878.
 */
#ifndef WIRE_HTTP_ENCODE_H
#define WIRE_HTTP_ENCODE_H

#include "base/buf.h"
#include "base/piece.h"

enum http_coding { HTTP_GZIP, HTTP_DEFLATE, HTTP_BR, HTTP_ZSTD, HTTP_CODINGS };

/* http_coding_name - as in Content-Encoding: "gzip", "deflate" (which is zlib's format), "br", "zstd". */
const char *http_coding_name(enum http_coding coding);

struct coder;

/* coder_new - level: 1 (fast) to 9 (small); 0: what suits content made on demand.  0 or ERR_NOMEM;
 * coder_free - NULL is accepted. */
int coder_new(struct coder **out, enum http_coding coding, int level);
void coder_free(struct coder *c);

/*
 * Each appends what it makes to `out`.  coder_write - take bytes (what comes out may be nothing for long);
 * coder_flush - all that was taken can be decoded from what came out; coder_end - the last.  After coder_end
 * only coder_free.  0, or ERR_LIMIT: it would pass out->max; ERR_NOMEM; the coding cannot go on then.
 */
int coder_write(struct coder *c, struct span in, struct buf *out);
int coder_flush(struct coder *c, struct buf *out);
int coder_end(struct coder *c, struct buf *out);

/* coder_sink - a sink that encodes what it is given, reading extents in pieces, and puts what comes out into
 * another (borrowed), 64 KiB at a time.  The coder is borrowed.  After the last piece coder_sink_end. */
struct coder_sink {
	struct sink sink;
	struct coder *coder;
	struct sink *to;
	uint8_t *room;			/* made when the first piece comes */
	size_t have;			/* bytes encoded and not put yet */
	uint64_t taken, given;		/* bytes in, bytes out */
};
void coder_sink_start(struct coder_sink *s, struct coder *coder, struct sink *to);
int coder_sink_flush(struct coder_sink *s);
int coder_sink_end(struct coder_sink *s);	/* the last bytes, and coder_sink_clear */
void coder_sink_clear(struct coder_sink *s);

#endif
