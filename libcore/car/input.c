/* input.c - bytes from a descriptor, unpacked on the way */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "car_priv.h"

enum {
	RAW = 128 * 1024,
	ZSTD_WINDOW_LOG = 27		/* 128 MiB, as zstd(1) itself takes without --long=N */
};

/* ---- the descriptor ---- */

/* Wait for bytes or for the word to stop. */
static int wait_for(struct input *in)
{
	struct pollfd p[2] = { { .fd = in->fd, .events = POLLIN }, { .fd = in->stop_fd, .events = POLLIN } };

	if (in->stop_fd < 0 || in->regular)
		return 0;
	while (poll(p, 2, -1) < 0)
		if (errno != EINTR && errno != EAGAIN)
			return err_sys("waiting for '%s'", in->what);
	return p[1].revents ? err_set(ERR_INTERRUPTED, "reading '%s' was given up", in->what) : 0;
}

static ssize_t read_fd(struct input *in, uint8_t *p, size_t len)
{
	ssize_t n;
	int rc;

	if (in->end)
		return 0;
	do {
		rc = wait_for(in);
		if (rc < 0)
			return rc;
		n = in->read ? in->read(in->arg, p, len) : read(in->fd, p, len);
		if (n < 0 && in->read)
			return n;
	} while (n < 0 && (errno == EINTR || (errno == EAGAIN && in->stop_fd >= 0)));
	if (n < 0)
		return err_sys("reading '%s'", in->what);
	in->end = n == 0;
	in->n_read += (uint64_t)n;
	return n;
}

/* Have some raw bytes: 1, or 0 at the end of the file. */
static int refill(struct input *in)
{
	ssize_t n;

	if (in->pos < in->have)
		return 1;
	n = read_fd(in, in->raw, RAW);
	if (n < 0)
		return (int)n;
	in->pos = 0;
	in->have = (size_t)n;
	return n > 0;
}

static ssize_t read_plain(struct input *in, uint8_t *p, size_t len)
{
	size_t n = in->have - in->pos;
	int rc;

	if (n == 0 && len >= RAW / 2)
		return read_fd(in, p, len);
	rc = refill(in);
	if (rc <= 0)
		return rc;
	n = in->have - in->pos < len ? in->have - in->pos : len;
	memcpy(p, in->raw + in->pos, n);
	in->pos += n;
	return (ssize_t)n;
}

/* ---- gzip: RFC 1952, any number of members ---- */

static int cut_short(const struct input *in, const char *of)
{
	return err_set(ERR_INVALID, "'%s': the %s is cut short after %" PRIu64 " bytes", in->what, of,
		       (uint64_t)in->n_read);
}

static int gz_fail(const struct input *in, int rc)
{
	if (rc == Z_MEM_ERROR)
		return err_nomem();
	return err_set(ERR_INVALID, "'%s': the gzip data is damaged near byte %" PRIu64 ": %s", in->what,
		       in->n_read - in->gz.avail_in, in->gz.msg ? in->gz.msg : "it makes no sense");
}

/* Behind a member there may be another, or zeros that fill up a block (gzip(1) takes both): 1 when a member
 * begins, 0 at the end. */
static int gz_member(struct input *in)
{
	int rc;

	while ((rc = refill(in)) == 1 && in->begun && in->raw[in->pos] == 0)
		in->pos++;
	if (rc <= 0)
		return rc;
	if (in->begun && in->raw[in->pos] != 0x1f)
		return err_set(ERR_INVALID, "'%s': what stands behind the gzip data at byte %" PRIu64
			       " is not gzip", in->what, in->n_read - (in->have - in->pos));
	if (inflateReset(&in->gz) != Z_OK)
		return gz_fail(in, Z_STREAM_ERROR);
	in->inside = 1;
	in->begun++;
	return 1;
}

static ssize_t read_gzip(struct input *in, uint8_t *p, size_t len)
{
	size_t had;
	int rc;

	if (len > 1u << 30)
		len = 1u << 30;			/* zlib counts in 32 bits */
	in->gz.next_out = p;
	in->gz.avail_out = (unsigned)len;
	while (in->gz.avail_out == len) {
		if (!in->inside) {
			rc = gz_member(in);
			if (rc <= 0)
				return rc;
		}
		rc = refill(in);
		if (rc < 0)
			return rc;
		had = in->have - in->pos;
		in->gz.next_in = in->raw + in->pos;
		in->gz.avail_in = (unsigned)had;
		rc = inflate(&in->gz, Z_NO_FLUSH);
		in->pos += had - in->gz.avail_in;
		if (rc == Z_STREAM_END)
			in->inside = 0;
		else if (rc == Z_BUF_ERROR && had == 0)
			return cut_short(in, "gzip data");
		else if (rc != Z_OK && rc != Z_BUF_ERROR)
			return gz_fail(in, rc);
	}
	return (ssize_t)(len - in->gz.avail_out);
}

/* ---- zstd: RFC 8878, any number of frames, skippable ones too ---- */

static ssize_t read_zstd(struct input *in, uint8_t *p, size_t len)
{
	ZSTD_outBuffer out = { p, len, 0 };
	ZSTD_inBuffer from;
	size_t rc;
	int more;

	while (out.pos == 0) {
		more = refill(in);
		if (more < 0)
			return more;
		if (!more && !in->inside)
			return 0;
		from = (ZSTD_inBuffer){ in->raw + in->pos, in->have - in->pos, 0 };
		rc = ZSTD_decompressStream(in->zs, &out, &from);
		in->pos += from.pos;
		if (ZSTD_isError(rc))
			return err_set(ERR_INVALID, "'%s': the zstd data is damaged near byte %" PRIu64
				       ": %s", in->what, in->n_read - (in->have - in->pos),
				       ZSTD_getErrorName(rc));
		in->inside = rc != 0;
		if (!more && out.pos == 0 && in->inside)
			return cut_short(in, "zstd data");
	}
	return (ssize_t)out.pos;
}

/* ---- the door ---- */

static int is_zstd(const uint8_t *p)
{
	/* a frame, or a skippable frame (pzstd and seekable files begin with one) */
	return (p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd) ||
	       ((p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18);
}

static int sniff(struct input *in)
{
	ssize_t n;

	while (in->have < 4) {
		n = read_fd(in, in->raw + in->have, RAW - in->have);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		in->have += (size_t)n;
	}
	if (in->plain)
		return 0;
	if (in->have >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b)
		in->packed = PACK_GZIP;
	else if (in->have >= 4 && is_zstd(in->raw))
		in->packed = PACK_ZSTD;
	return 0;
}

static int start(struct input *in)
{
	int rc;

	in->raw = calloc(1, RAW);
	if (!in->raw)
		return err_nomem();
	rc = sniff(in);
	if (rc < 0)
		return rc;
	if (in->packed == PACK_GZIP) {
		in->gz_on = inflateInit2(&in->gz, 16 + MAX_WBITS) == Z_OK;
		return in->gz_on ? 0 : err_nomem();
	}
	if (in->packed == PACK_ZSTD) {
		in->zs = ZSTD_createDCtx();
		if (!in->zs)
			return err_nomem();
		ZSTD_DCtx_setParameter(in->zs, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	}
	return 0;
}

int input_open(struct input *in, int fd, const char *what, int plain)
{
	struct stat st;

	*in = (struct input){ .fd = fd, .stop_fd = -1, .what = what, .plain = plain };
	in->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (!in->regular)
		fcntl(fd, F_SETPIPE_SZ, 1 << 20);	/* fewer turns between two processes, if we may */
	return start(in);
}

int input_from(struct input *in, ssize_t (*read)(void *arg, void *p, size_t len), void *arg, const char *what,
	       int plain)
{
	*in = (struct input){ .fd = -1, .read = read, .arg = arg, .stop_fd = -1, .what = what ? what : "archive",
			      .plain = plain };
	return start(in);
}

void input_clear(struct input *in)
{
	if (in->gz_on)
		inflateEnd(&in->gz);
	ZSTD_freeDCtx(in->zs);
	free(in->raw);
	in->gz_on = 0;
	in->zs = NULL;
	in->raw = NULL;
}

ssize_t input_read(struct input *in, uint8_t *p, size_t len)
{
	if (len == 0)
		return 0;
	switch (in->packed) {
	case PACK_GZIP:
		return read_gzip(in, p, len);
	case PACK_ZSTD:
		return read_zstd(in, p, len);
	default:
		return read_plain(in, p, len);
	}
}

ssize_t input_full(struct input *in, uint8_t *p, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = input_read(in, p + got, len - got);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

uint64_t input_left(const struct input *in)
{
	struct stat st;
	off_t at;

	if (!in->regular || in->packed || fstat(in->fd, &st) < 0 || (at = lseek(in->fd, 0, SEEK_CUR)) < 0)
		return UINT64_MAX;
	return (in->have - in->pos) + (st.st_size > at ? (uint64_t)(st.st_size - at) : 0);
}

/* A hole between header and payload of a file may be as long as the file can be: do not read it. */
static void seek_over(struct input *in, uint64_t n, uint64_t *skipped)
{
	uint64_t left = input_left(in), held = in->have - in->pos;

	if (left == UINT64_MAX || n > left || n <= held)
		return;
	if (lseek(in->fd, (off_t)(n - held), SEEK_CUR) < 0)
		return;
	in->pos = in->have;
	in->n_read += n - held;
	*skipped = n;
}

int input_skip(struct input *in, uint64_t n, uint64_t *skipped)
{
	uint8_t *waste;
	ssize_t got = 1;

	*skipped = 0;
	seek_over(in, n, skipped);
	if (*skipped == n)
		return 0;
	waste = malloc(RAW);
	if (!waste)
		return err_nomem();
	while (*skipped < n && got > 0) {
		got = input_read(in, waste, n - *skipped < RAW ? (size_t)(n - *skipped) : RAW);
		if (got > 0)
			*skipped += (uint64_t)got;
	}
	free(waste);
	return got < 0 ? (int)got : 0;
}

int input_ready(struct input *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	return in->regular || in->read || in->pos < in->have || in->end || poll(&p, 1, 0) > 0;
}
