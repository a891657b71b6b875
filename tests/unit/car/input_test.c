/* input_test.c - packed archives: members, frames, what is cut, damaged, or stands behind */
#include <zlib.h>
#include <zstd.h>

#include "cartest.h"

static void gzip(struct span in, struct buf *out)
{
	z_stream z = { 0 };

	if (deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    buf_reserve(out, in.len + 1000) < 0)
		abort();
	z.next_in = (uint8_t *)(uintptr_t)in.p;
	z.avail_in = (unsigned)in.len;
	z.next_out = out->data + out->len;
	z.avail_out = (unsigned)in.len + 1000;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	out->len += z.total_out;
	deflateEnd(&z);
}

static void zstd(struct span in, struct buf *out)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(in.len), n;

	if (!c || buf_reserve(out, room) < 0)
		abort();
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, out->data + out->len, room, in.p, in.len);
	if (ZSTD_isError(n))
		abort();
	out->len += n;
	ZSTD_freeCCtx(c);
}

typedef void packer(struct span in, struct buf *out);

static struct span sample(void)
{
	static struct span s;

	if (!s.p)
		s = slurp(GOLDEN "go-car/sample-v1.car");
	return s;
}

static void expect_sample(struct span packed)
{
	struct seen s = read_all(packed, 0);

	CHECK(s.rc == 0 && s.n == 1049 && s.bytes == 438130 && s.packed && s.version == 1);
}

static void one_piece(packer *pack)
{
	struct buf out = BUF_INIT(10 << 20);

	pack(sample(), &out);
	expect_sample(buf_span(&out));
	buf_clear(&out);
}

static void plain_gzip(void) { one_piece(gzip); }
static void plain_zstd(void) { one_piece(zstd); }

/* gzip members and zstd frames one behind the other are one stream; empty ones, too */
static void many_pieces(packer *pack)
{
	struct buf out = BUF_INIT(10 << 20);
	struct span in = sample();
	size_t at, n, step = 1;

	for (at = 0; at < in.len; at += n, step = step * 2 + 1) {
		n = in.len - at < step ? in.len - at : step;
		pack(span_of(in.p + at, n), &out);
		pack(span_of(in.p, 0), &out);
	}
	expect_sample(buf_span(&out));
	buf_clear(&out);
}

static void gzip_members(void) { many_pieces(gzip); }
static void zstd_frames(void) { many_pieces(zstd); }

/* skippable frames before, between and behind */
static void zstd_skippable(void)
{
	struct span skip = unit_hex("5a2a4d1803000000aabbcc"), in = sample();
	struct buf out = BUF_INIT(10 << 20);

	CHECK(buf_add(&out, skip) == 0);
	zstd(span_of(in.p, 1000), &out);
	CHECK(buf_add(&out, skip) == 0);
	zstd(span_of(in.p + 1000, in.len - 1000), &out);
	CHECK(buf_add(&out, skip) == 0);
	expect_sample(buf_span(&out));
	buf_clear(&out);
}

static void gzip_zeros_behind(void)
{
	struct buf out = BUF_INIT(10 << 20);
	int i;

	gzip(sample(), &out);
	for (i = 0; i < 1000; i++)
		CHECK(buf_u8(&out, 0) == 0);
	expect_sample(buf_span(&out));
	buf_clear(&out);
}

static void rubbish_behind(packer *pack, const char *says)
{
	struct buf out = BUF_INIT(10 << 20);
	struct seen s;

	pack(sample(), &out);
	CHECK(buf_str(&out, "rubbish") == 0);
	s = read_all(buf_span(&out), 0);
	CHECK(s.rc == ERR_INVALID && s.n == 1049 && strstr(s.text, says));
	buf_clear(&out);
}

static void gzip_rubbish(void) { rubbish_behind(gzip, "is not gzip"); }
static void zstd_rubbish(void) { rubbish_behind(zstd, "the zstd data is damaged near byte "); }

/* Cut anywhere, a packed archive is no shorter archive. */
static void cut_anywhere(packer *pack, const char *says)
{
	struct buf car = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	struct seen s;
	size_t i;

	hello(&car, 2, NULL);
	pack(buf_span(&car), &out);
	for (i = 4; i < out.len; i++) {
		s = read_all(span_of(out.data, i), 0);
		CHECK(s.rc == ERR_INVALID && strstr(s.text, says));
	}
	buf_clear(&car);
	buf_clear(&out);
}

static void gzip_cut(void) { cut_anywhere(gzip, "the gzip data is cut short after "); }
static void zstd_cut(void) { cut_anywhere(zstd, "the zstd data is cut short after "); }

/* A wrong bit is an error, unless it is one that fills up the last byte of the data and means nothing. */
static void flipped(packer *pack, size_t from)
{
	struct buf car = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	struct seen s;
	size_t i;
	int fd;

	hello(&car, 2, NULL);
	pack(buf_span(&car), &out);
	for (i = from; i < out.len; i++) {
		out.data[i] ^= 0x20;
		fd = as_file(buf_span(&out));
		s = read_fd(fd, 0);
		CHECK(s.rc < 0 || (s.n == 2 && s.bytes == 23 && i == out.len - 9));
		close(fd);
		out.data[i] ^= 0x20;
	}
	buf_clear(&car);
	buf_clear(&out);
}

/* behind the ten bytes of the gzip header, where a time and a system may be anything */
static void gzip_flipped(void) { flipped(gzip, 10); }
static void zstd_flipped(void) { flipped(zstd, 0); }

/* What stands behind the payload of a packed CARv2 is unpacked, too, so that its checksum is seen. */
static void packed_v2_to_its_end(void)
{
	struct span in = slurp(GOLDEN "go-car/sample-wrapped-v2.car");
	struct buf out = BUF_INIT(10 << 20);
	struct seen s;

	gzip(in, &out);
	s = read_all(buf_span(&out), 0);
	CHECK(s.rc == 0 && s.version == 2 && s.packed && s.n == 1049);
	s = read_all(span_of(out.data, out.len - 3), 0);
	CHECK(s.rc == ERR_INVALID && s.n == 1049);
	buf_clear(&out);
}

/* A gigabyte of nothing in a few bytes: refused at its first section, whatever it unpacks to. */
static void bomb(void)
{
	struct buf out = BUF_INIT(10 << 20), car = BUF_INIT(1 << 20);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	static uint8_t zeros[1 << 20];
	struct seen s;
	int i;

	hello(&car, 2, NULL);
	zstd(buf_span(&car), &out);
	NEED(c && buf_reserve(&out, 2 << 20) == 0);
	for (i = 0; i < 256; i++) {
		size_t n = ZSTD_compress2(c, out.data + out.len, ZSTD_compressBound(sizeof zeros), zeros,
					  sizeof zeros);

		NEED(!ZSTD_isError(n) && buf_reserve(&out, 2 << 20) == 0);
		out.len += n;
	}
	s = read_all(buf_span(&out), 0);
	CHECK(s.rc == ERR_INVALID && s.n == 2 && strstr(s.text, "offset 156: a section of length 0"));
	ZSTD_freeCCtx(c);
	buf_clear(&out);
	buf_clear(&car);
}

/* a frame that asks for a window of 2 GiB */
static void zstd_window(void)
{
	struct seen s = read_all(unit_hex("28b52ffd00a8010000"), 0);

	CHECK(s.rc == ERR_INVALID && strstr(s.text, "the zstd data is damaged near byte "));
}

/* A file that is positioned: what stands before is not looked at. */
static void from_where_it_stands(void)
{
	struct buf car = BUF_INIT(1 << 20);
	struct seen s;
	int fd;

	CHECK(buf_str(&car, "something else") == 0);
	hello(&car, 2, NULL);
	fd = as_file(buf_span(&car));
	CHECK(lseek(fd, 14, SEEK_SET) == 14);
	s = read_fd(fd, 0);
	CHECK(s.rc == 0 && s.n == 2 && !s.packed);
	close(fd);
	buf_clear(&car);
}

static void not_to_be_read(void)
{
	struct car_in *in;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	NEED(fd >= 0);
	CHECK_ERR(car_in_open(&in, fd, "/", 0), ERR_IO);
	close(fd);
}

int main(void)
{
	RUN(plain_gzip);
	RUN(plain_zstd);
	RUN(gzip_members);
	RUN(zstd_frames);
	RUN(zstd_skippable);
	RUN(gzip_zeros_behind);
	RUN(gzip_rubbish);
	RUN(zstd_rubbish);
	RUN(gzip_cut);
	RUN(zstd_cut);
	RUN(gzip_flipped);
	RUN(zstd_flipped);
	RUN(packed_v2_to_its_end);
	RUN(bomb);
	RUN(zstd_window);
	RUN(from_where_it_stands);
	RUN(not_to_be_read);
	return UNIT_END();
}
