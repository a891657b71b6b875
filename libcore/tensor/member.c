/* member.c - the data of a deflated member of an .npz as a stream */
#include <stdlib.h>
#include <zlib.h>

#include "base/err.h"
#include "tensor_priv.h"

enum { PACKED = 16384 };

struct member {
	struct tensor_in *in;		/* borrowed */
	uint64_t off, end;		/* the packed bytes to come */
	uint64_t at, skip, size;	/* of the member, unpacked */
	uint32_t crc, want;
	int ended;			/* the stream said so */
	z_stream z;
	uint8_t packed[PACKED];
};

static int bad(const char *what)
{
	return err_set(ERR_INVALID, "InvalidOffset: a deflated member %s", what);
}

static int more(struct member *m)
{
	size_t n = m->end - m->off < PACKED ? (size_t)(m->end - m->off) : PACKED;
	int rc;

	if (n == 0)
		return bad("ends within its stream");
	rc = m->in->read(m->in, m->off, m->packed, n);
	m->off += n;
	m->z.next_in = m->packed;
	m->z.avail_in = (unsigned)n;
	return rc;
}

/* up to len bytes; fewer only at the end of the stream */
static ssize_t inflated(struct member *m, uint8_t *p, size_t len)
{
	int rc, z;

	m->z.next_out = p;
	m->z.avail_out = (unsigned)len;
	while (m->z.avail_out && !m->ended) {
		/* it may have taken all there is and not told yet what that was */
		z = inflate(&m->z, Z_NO_FLUSH);
		if (z == Z_MEM_ERROR)
			return err_nomem();
		if (z == Z_BUF_ERROR && m->z.avail_in == 0) {
			rc = more(m);
			if (rc < 0)
				return rc;
		} else if (z != Z_OK && z != Z_STREAM_END) {
			return bad("is no such stream");
		}
		m->ended = z == Z_STREAM_END;
	}
	return (ssize_t)(len - m->z.avail_out);
}

/* behind the last byte: nothing more, and the checksum */
static int check(struct member *m)
{
	uint8_t one;
	ssize_t n = inflated(m, &one, 1);

	if (n < 0)
		return (int)n;
	if (n > 0)
		return bad("is longer than it says");
	if (m->z.avail_in || m->off < m->end)
		return bad("has bytes behind its stream");
	return m->crc == m->want ? 0 : bad("has another checksum than it says");
}

static int take(struct member *m, uint8_t *p, size_t len)
{
	enum { STEP = 1 << 20 };
	ssize_t n;

	if (len > m->size - m->at)
		return bad("has no more bytes");
	for (; len; p += n, len -= (size_t)n) {
		size_t want = len < STEP ? len : STEP;

		n = inflated(m, p, want);
		if (n < 0)
			return (int)n;
		if ((size_t)n < want)
			return bad("is shorter than it says");
		m->crc = (uint32_t)crc32(m->crc, p, (unsigned)n);
		m->at += (uint64_t)n;
	}
	return m->at == m->size ? check(m) : 0;
}

int member_read(struct member *m, void *p, size_t len)
{
	return len ? take(m, p, len) : 0;
}

int member_skip(struct member *m, uint64_t len)
{
	uint8_t gone[8192];
	int rc = len > m->size - m->at ? bad("has no more bytes") : 0;

	while (rc == 0 && len) {
		size_t n = len < sizeof gone ? (size_t)len : sizeof gone;

		rc = take(m, gone, n);
		len -= n;
	}
	return rc;
}

uint64_t member_at(const struct member *m)
{
	return m->at - m->skip;
}

int member_open(struct member **out, struct tensor_in *in, const struct tensor_info *t)
{
	struct member *m = calloc(1, sizeof *m);
	int rc;

	*out = NULL;
	if (!m)
		return err_nomem();
	m->in = in;
	m->off = t->off;
	m->skip = t->skip;
	m->want = t->crc;
	if (__builtin_add_overflow(t->off, t->packed, &m->end) || m->end > in->size ||
	    __builtin_add_overflow(t->len, t->skip, &m->size)) {
		free(m);
		return bad("is not within its file");
	}
	rc = inflateInit2(&m->z, -MAX_WBITS) == Z_OK ? member_skip(m, t->skip) : err_nomem();
	if (rc < 0) {
		member_close(m);
		return rc;
	}
	*out = m;
	return 0;
}

void member_close(struct member *m)
{
	if (!m)
		return;
	inflateEnd(&m->z);
	free(m);
}
