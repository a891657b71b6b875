/* encode.c - content codings: three libraries behind one step */
#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/err.h"
#include "base/io.h"
#include "encode.h"

enum {
	OUT = 16 * 1024,		/* bytes of room made at a time */
	WINDOW_LOG = 18			/* 256 KiB: what a decoder has to keep, and we */
};

enum op { WRITE, FLUSH, END };

struct coder {
	enum http_coding coding;
	z_stream z;			/* gzip, deflate */
	BrotliEncoderState *br;
	ZSTD_CCtx *zstd;
};

const char *http_coding_name(enum http_coding coding)
{
	static const char *const names[] = { "gzip", "deflate", "br", "zstd" };

	return names[coding];
}

/* ---- coming and going ---- */

static int new_zlib(struct coder *c, int level)
{
	int bits = c->coding == HTTP_GZIP ? MAX_WBITS + 16 : MAX_WBITS;

	return deflateInit2(&c->z, level ? level : 5, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

/* Beyond 6 its tables take tens of megabytes; and some megabytes if it is not told that little will come. */
static int new_brotli(struct coder *c, int level)
{
	static const uint8_t quality[] = { 4, 1, 2, 3, 4, 4, 5, 5, 6, 6 };

	c->br = BrotliEncoderCreateInstance(NULL, NULL, NULL);
	return c->br && BrotliEncoderSetParameter(c->br, BROTLI_PARAM_QUALITY, quality[level]) &&
	       BrotliEncoderSetParameter(c->br, BROTLI_PARAM_LGWIN, WINDOW_LOG) &&
	       BrotliEncoderSetParameter(c->br, BROTLI_PARAM_LGBLOCK, 16) &&
	       BrotliEncoderSetParameter(c->br, BROTLI_PARAM_SIZE_HINT, 1 << 16);
}

static int set(struct coder *c, ZSTD_cParameter what, int to)
{
	return !ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, what, to));
}

/* The tables are bounded as well as the window: levels alone would give them megabytes. */
static int new_zstd(struct coder *c, int level)
{
	c->zstd = ZSTD_createCCtx();
	return c->zstd && set(c, ZSTD_c_compressionLevel, level ? level : 3) &&
	       set(c, ZSTD_c_windowLog, WINDOW_LOG) && set(c, ZSTD_c_hashLog, WINDOW_LOG - 1) &&
	       set(c, ZSTD_c_chainLog, WINDOW_LOG - 1);
}

int coder_new(struct coder **out, enum http_coding coding, int level)
{
	struct coder *c = calloc(1, sizeof *c);
	int good;

	if (!c)
		return err_nomem();
	c->coding = coding;
	level = level < 0 ? 1 : level > 9 ? 9 : level;
	good = coding == HTTP_BR ? new_brotli(c, level) : coding == HTTP_ZSTD ? new_zstd(c, level) : new_zlib(c, level);
	if (!good) {
		coder_free(c);
		return err_nomem();
	}
	*out = c;
	return 0;
}

void coder_free(struct coder *c)
{
	if (!c)
		return;
	if (c->coding == HTTP_BR && c->br)
		BrotliEncoderDestroyInstance(c->br);
	else if (c->coding == HTTP_ZSTD)
		ZSTD_freeCCtx(c->zstd);
	else if (c->coding != HTTP_BR)
		deflateEnd(&c->z);
	free(c);
}

/* ---- one step: take from *in what can be taken, put up to `cap` bytes to `to` ---- */

/* Each returns 1: call again, there is more to come out; 0: all is done; or an error. */

static int zlib_step(struct coder *c, struct span *in, enum op op, uint8_t *to, size_t cap, size_t *got)
{
	static const int flush[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	size_t n = in->len < (1u << 30) ? in->len : 1u << 30;
	int rc;

	c->z.next_in = (Bytef *)(uintptr_t)in->p;
	c->z.avail_in = (uInt)n;
	c->z.next_out = to;
	c->z.avail_out = (uInt)cap;
	rc = deflate(&c->z, n < in->len ? Z_NO_FLUSH : flush[op]);
	n -= c->z.avail_in;
	*in = span_of(in->p + n, in->len - n);
	*got = cap - c->z.avail_out;
	if (rc == Z_STREAM_ERROR)
		return err_set(ERR_INVALID, "a content coding that was ended already");
	return op == END ? rc != Z_STREAM_END : c->z.avail_out == 0 || in->len > 0;
}

static int brotli_step(struct coder *c, struct span *in, enum op op, uint8_t *to, size_t cap, size_t *got)
{
	static const BrotliEncoderOperation how[] = {
		BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH
	};
	size_t left = cap;

	if (!BrotliEncoderCompressStream(c->br, how[op], &in->len, &in->p, &left, &to, NULL))
		return err_nomem();
	*got = cap - left;
	if (op == END)
		return !BrotliEncoderIsFinished(c->br);
	return in->len > 0 || BrotliEncoderHasMoreOutput(c->br);
}

static int zstd_step(struct coder *c, struct span *in, enum op op, uint8_t *to, size_t cap, size_t *got)
{
	static const ZSTD_EndDirective how[] = { ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end };
	ZSTD_inBuffer from = { in->p, in->len, 0 };
	ZSTD_outBuffer out = { to, cap, 0 };
	size_t left = ZSTD_compressStream2(c->zstd, &out, &from, how[op]);

	if (ZSTD_isError(left))
		return err_set(ERR_NOMEM, "zstd: %s", ZSTD_getErrorName(left));
	*in = span_of(in->p + from.pos, in->len - from.pos);
	*got = out.pos;
	return op == WRITE ? in->len > 0 || out.pos == cap : left > 0;
}

static int step(struct coder *c, struct span *in, enum op op, uint8_t *to, size_t cap, size_t *got)
{
	switch (c->coding) {
	case HTTP_BR: return brotli_step(c, in, op, to, cap, got);
	case HTTP_ZSTD: return zstd_step(c, in, op, to, cap, got);
	default: return zlib_step(c, in, op, to, cap, got);
	}
}

/* ---- into a buf ---- */

static int into_buf(struct coder *c, struct span in, enum op op, struct buf *out)
{
	uint8_t room[OUT];
	size_t got;
	int rc, more;

	if (!in.p)
		in = span_of("", 0);		/* the libraries want to see an address */
	do {
		more = step(c, &in, op, room, sizeof room, &got);
		rc = more < 0 ? more : buf_add(out, span_of(room, got));
	} while (rc == 0 && more);
	return rc;
}

int coder_write(struct coder *c, struct span in, struct buf *out)
{
	return in.len ? into_buf(c, in, WRITE, out) : 0;
}

int coder_flush(struct coder *c, struct buf *out)
{
	return into_buf(c, span_of(NULL, 0), FLUSH, out);
}

int coder_end(struct coder *c, struct buf *out)
{
	return into_buf(c, span_of(NULL, 0), END, out);
}

/* ---- into a sink ---- */

enum { SINK_IN = 64 * 1024, SINK_OUT = 64 * 1024 };

static int sink_give(struct coder_sink *s)
{
	size_t n = s->have;

	s->have = 0;
	s->given += n;
	return sink_bytes(s->to, span_of(s->room + SINK_IN, n));
}

static int into_sink(struct coder_sink *s, struct span in, enum op op)
{
	size_t got;
	int rc = 0, more;

	if (!s->room && !(s->room = malloc(SINK_IN + SINK_OUT)))
		return err_nomem();
	s->taken += in.len;
	if (!in.p)
		in = span_of("", 0);
	do {
		more = step(s->coder, &in, op, s->room + SINK_IN + s->have, SINK_OUT - s->have, &got);
		if (more < 0)
			return more;
		s->have += got;
		if (s->have == SINK_OUT || (!more && op != WRITE))
			rc = sink_give(s);
	} while (rc == 0 && more);
	return rc;
}

static int coder_put(struct sink *sink, const struct piece *p)
{
	struct coder_sink *s = (struct coder_sink *)sink;
	uint64_t done = 0;
	ssize_t n;
	int rc = 0;

	if (p->fd < 0)
		return p->bytes.len ? into_sink(s, p->bytes, WRITE) : 0;
	if (!s->room && !(s->room = malloc(SINK_IN + SINK_OUT)))
		return err_nomem();
	while (rc == 0 && done < p->len) {
		size_t want = p->len - done < SINK_IN ? (size_t)(p->len - done) : SINK_IN;

		n = io_pread(p->fd, s->room, want, p->off + done, "segment");
		if (n < 0)
			return (int)n;
		if ((size_t)n < want)
			return err_set(ERR_CORRUPT, "a segment ends before its record does");
		rc = into_sink(s, span_of(s->room, want), WRITE);
		done += want;
	}
	return rc;
}

void coder_sink_start(struct coder_sink *s, struct coder *coder, struct sink *to)
{
	*s = (struct coder_sink){ .sink = { coder_put }, .coder = coder, .to = to };
}

int coder_sink_flush(struct coder_sink *s)
{
	return into_sink(s, span_of(NULL, 0), FLUSH);
}

int coder_sink_end(struct coder_sink *s)
{
	int rc = into_sink(s, span_of(NULL, 0), END);

	coder_sink_clear(s);
	return rc;
}

void coder_sink_clear(struct coder_sink *s)
{
	free(s->room);
	s->room = NULL;
	s->have = 0;
}
