/* encode_test.c - what is encoded can be decoded, all of it and at any flush */
#include <brotli/decode.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "unit.h"
#include "wire/http/encode.h"

enum { BIG = 3 * 1000 * 1000 + 17 };

/* ---- what is to be encoded: words, and bytes that cannot be made smaller ---- */

static struct span sample(void)
{
	static const char *const words[] = { "block ", "link ", "segment ", "\"cid\": ", "0123456789\n" };
	static uint8_t *p;
	uint32_t r = 1;
	size_t i, n;

	if (p)
		return span_of(p, BIG);
	p = unit_kept(BIG + 16);
	for (i = 0; i < BIG; i += n) {
		r = r * 1664525u + 1013904223u;
		if (i > BIG / 2 && i < BIG / 2 + 300000) {
			p[i] = (uint8_t)(r >> 24);
			n = 1;
			continue;
		}
		n = strlen(words[(r >> 20) % 5]);
		memcpy(p + i, words[(r >> 20) % 5], n);
	}
	return span_of(p, BIG);
}

/* ---- decoders: 1: to the end, 0: so far, -1: malformed ---- */

static int inflate_all(struct span in, int bits, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.len };
	int rc = Z_OK;

	if (inflateInit2(&z, bits) != Z_OK)
		return -1;
	while (rc == Z_OK) {
		if (buf_reserve(out, 65536) < 0)
			break;
		z.next_out = out->data + out->len;
		z.avail_out = 65536;
		rc = inflate(&z, Z_SYNC_FLUSH);
		out->len += 65536 - z.avail_out;
		if (rc == Z_OK && z.avail_in == 0 && z.avail_out)
			break;
	}
	inflateEnd(&z);
	return rc == Z_STREAM_END ? (z.avail_in == 0 ? 1 : -1) : rc == Z_OK || rc == Z_BUF_ERROR ? 0 : -1;
}

static int unbrotli(struct span in, struct buf *out)
{
	BrotliDecoderState *d = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	BrotliDecoderResult rc = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	size_t left;
	uint8_t *to;

	while (d && rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && buf_reserve(out, 65536) == 0) {
		left = 65536;
		to = out->data + out->len;
		rc = BrotliDecoderDecompressStream(d, &in.len, &in.p, &left, &to, NULL);
		out->len += 65536 - left;
	}
	BrotliDecoderDestroyInstance(d);
	return rc == BROTLI_DECODER_RESULT_SUCCESS ? (in.len == 0 ? 1 : -1) :
	       rc == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT ? 0 : -1;
}

static int unzstd(struct span in, struct buf *out)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ZSTD_inBuffer from = { in.p, in.len, 0 };
	size_t rc = 1, had;

	/* a decoder that has no more than the window we promise */
	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, 18);
	do {
		ZSTD_outBuffer to = { NULL, 65536, 0 };

		if (buf_reserve(out, 65536) < 0)
			break;
		to.dst = out->data + out->len;
		had = from.pos;
		rc = ZSTD_decompressStream(d, &to, &from);
		out->len += ZSTD_isError(rc) ? 0 : to.pos;
		if (to.pos == 0 && from.pos == had)
			break;
	} while (!ZSTD_isError(rc) && rc != 0);
	ZSTD_freeDCtx(d);
	return ZSTD_isError(rc) ? -1 : rc == 0 && from.pos == in.len;
}

static int decode(enum http_coding coding, struct span in, struct buf *out)
{
	switch (coding) {
	case HTTP_GZIP: return inflate_all(in, MAX_WBITS + 16, out);
	case HTTP_DEFLATE: return inflate_all(in, MAX_WBITS, out);
	case HTTP_BR: return unbrotli(in, out);
	default: return unzstd(in, out);
	}
}

/* ---- tests ---- */

static void round_trip(enum http_coding coding, int level, size_t len, size_t step)
{
	struct buf mid = BUF_INIT(8 << 20), out = BUF_INIT(8 << 20);
	struct span in = span_of(sample().p, len);
	struct coder *c = NULL;
	size_t at, n;

	NEED(coder_new(&c, coding, level) == 0);
	for (at = 0; at < len; at += n) {
		n = len - at < step ? len - at : step;
		CHECK(coder_write(c, span_of(in.p + at, n), &mid) == 0);
	}
	CHECK(coder_end(c, &mid) == 0);
	coder_free(c);
	CHECK(mid.len > 0);
	CHECK(len < 10000 || mid.len < len / 2);
	CHECK(decode(coding, buf_span(&mid), &out) == 1);
	CHECK(span_equal(buf_span(&out), in));
	buf_clear(&mid);
	buf_clear(&out);
}

static void what_goes_in_comes_out(void)
{
	int coding, level;

	for (coding = 0; coding < HTTP_CODINGS; coding++) {
		for (level = 0; level <= 9; level += 3)
			round_trip((enum http_coding)coding, level, 200000, 7777);
		round_trip((enum http_coding)coding, 0, BIG, BIG);
		round_trip((enum http_coding)coding, 0, BIG, 65536);
		round_trip((enum http_coding)coding, 0, 1000, 1);
	}
}

static void an_empty_body_is_still_one(void)
{
	int coding;

	for (coding = 0; coding < HTTP_CODINGS; coding++)
		round_trip((enum http_coding)coding, 0, 0, 1);
}

static void after_a_flush_all_of_it_can_be_read(void)
{
	struct span in = sample();
	int coding;

	for (coding = 0; coding < HTTP_CODINGS; coding++) {
		struct buf mid = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
		struct coder *c = NULL;
		size_t at;

		NEED(coder_new(&c, (enum http_coding)coding, 0) == 0);
		for (at = 0; at < 5000; at += 1000) {
			CHECK(coder_write(c, span_of(in.p + at, 1000), &mid) == 0);
			CHECK(coder_flush(c, &mid) == 0);
			buf_reset(&out);
			CHECK(decode((enum http_coding)coding, buf_span(&mid), &out) == 0);
			CHECK(span_equal(buf_span(&out), span_of(in.p, at + 1000)));
		}
		CHECK(coder_flush(c, &mid) == 0);		/* and once more, with nothing new */
		CHECK(coder_end(c, &mid) == 0);
		buf_reset(&out);
		CHECK(decode((enum http_coding)coding, buf_span(&mid), &out) == 1);
		CHECK(span_equal(buf_span(&out), span_of(in.p, 5000)));
		coder_free(c);
		buf_clear(&mid);
		buf_clear(&out);
	}
}

static void a_ceiling_holds(void)
{
	struct span noise = span_of(sample().p + BIG / 2 + 100, 200000);
	int coding;

	for (coding = 0; coding < HTTP_CODINGS; coding++) {
		struct buf mid = BUF_INIT(1000);
		struct coder *c = NULL;
		int rc;

		NEED(coder_new(&c, (enum http_coding)coding, 0) == 0);
		rc = coder_write(c, noise, &mid);
		if (rc == 0)
			rc = coder_end(c, &mid);
		CHECK(rc == ERR_LIMIT);
		CHECK(mid.len <= 1000);
		coder_free(c);
		buf_clear(&mid);
	}
}

static void names_are_those_of_the_registry(void)
{
	CHECK_STR(http_coding_name(HTTP_GZIP), "gzip");
	CHECK_STR(http_coding_name(HTTP_DEFLATE), "deflate");
	CHECK_STR(http_coding_name(HTTP_BR), "br");
	CHECK_STR(http_coding_name(HTTP_ZSTD), "zstd");
}

/* a sink that looks at how large what it is given is */
struct looking { struct sink sink; struct buf *out; size_t most, n; };

static int look(struct sink *sink, const struct piece *p)
{
	struct looking *l = (struct looking *)sink;

	if (p->fd >= 0 || p->bytes.len == 0)
		return err_set(ERR_INVALID, "not bytes");
	if (p->bytes.len > l->most)
		l->most = p->bytes.len;
	l->n++;
	return buf_add(l->out, p->bytes);
}

static int sample_file(void)
{
	char name[] = "/tmp/ipfrs-encode.XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || write(fd, sample().p, BIG) != BIG)
		abort();
	unlink(name);
	return fd;
}

static void a_sink_takes_bytes_and_extents(void)
{
	struct span in = sample();
	int coding, fd = sample_file();

	for (coding = 0; coding < HTTP_CODINGS; coding++) {
		struct buf mid = BUF_INIT(8 << 20), out = BUF_INIT(8 << 20);
		struct looking to = { { look }, &mid, 0, 0 };
		struct piece extent = { .fd = fd, .off = 1000, .len = BIG - 2000 };
		struct coder *c = NULL;
		struct coder_sink s;

		NEED(coder_new(&c, (enum http_coding)coding, 0) == 0);
		coder_sink_start(&s, c, &to.sink);
		CHECK(sink_bytes(&s.sink, span_of(in.p, 1000)) == 0);
		CHECK(coder_sink_flush(&s) == 0);
		CHECK(decode((enum http_coding)coding, buf_span(&mid), &out) == 0);
		CHECK(span_equal(buf_span(&out), span_of(in.p, 1000)));
		CHECK(sink_put(&s.sink, &extent) == 0);
		CHECK(sink_bytes(&s.sink, span_of(in.p + BIG - 1000, 1000)) == 0);
		CHECK(coder_sink_end(&s) == 0);
		CHECK(s.taken == BIG && s.given == mid.len);
		CHECK(to.most == 64 * 1024 && to.n <= mid.len / (64 * 1024) + 2);
		buf_reset(&out);
		CHECK(decode((enum http_coding)coding, buf_span(&mid), &out) == 1);
		CHECK(span_equal(buf_span(&out), in));
		coder_free(c);
		buf_clear(&mid);
		buf_clear(&out);
	}
	close(fd);
}

static void a_sink_passes_trouble_on(void)
{
	int fd = sample_file();
	struct buf small = BUF_INIT(100);
	struct looking to = { { look }, &small, 0, 0 };
	struct piece beyond = { .fd = fd, .off = BIG - 10, .len = 20 }, all = { .fd = fd, .len = BIG };
	struct coder *c = NULL;
	struct coder_sink s;

	NEED(coder_new(&c, HTTP_GZIP, 0) == 0);
	coder_sink_start(&s, c, &to.sink);
	CHECK_ERR(sink_put(&s.sink, &beyond), ERR_CORRUPT);
	CHECK(sink_put(&s.sink, &all) == ERR_LIMIT);
	coder_sink_clear(&s);
	coder_sink_clear(&s);
	coder_free(c);
	coder_free(NULL);
	buf_clear(&small);
	close(fd);
}

static void a_sink_that_got_nothing_ends_well(void)
{
	struct buf mid = BUF_INIT(1000), out = BUF_INIT(100000);
	struct looking to = { { look }, &mid, 0, 0 };
	struct coder *c = NULL;
	struct coder_sink s;

	NEED(coder_new(&c, HTTP_ZSTD, 0) == 0);
	coder_sink_start(&s, c, &to.sink);
	CHECK(coder_sink_end(&s) == 0);
	CHECK(mid.len > 0 && decode(HTTP_ZSTD, buf_span(&mid), &out) == 1 && out.len == 0);
	coder_free(c);
	buf_clear(&mid);
	buf_clear(&out);
}

int main(void)
{
	RUN(what_goes_in_comes_out);
	RUN(an_empty_body_is_still_one);
	RUN(after_a_flush_all_of_it_can_be_read);
	RUN(a_ceiling_holds);
	RUN(names_are_those_of_the_registry);
	RUN(a_sink_takes_bytes_and_extents);
	RUN(a_sink_passes_trouble_on);
	RUN(a_sink_that_got_nothing_ends_well);
	return UNIT_END();
}
