/*
 * segment_fuzz.c - a segment of any bytes is read to its end, in order and without overlap.
 * The first byte says how: even, the rest is the file; odd, the rest tells of records to make with
 * right checksums and where to damage them, so that the reader is met behind its checksums too.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/rd.h"
#include "store/store_priv.h"

static int build(struct span in, struct buf *file)
{
	uint8_t head[REC_HEAD + REC_MH_MAX];
	struct rd r = rd_from(in);
	int rc = 0;

	rc = buf_reserve(file, SEG_HEAD);
	if (rc < 0)
		return rc;
	seg_head_encode(1, file->data);
	file->len = SEG_HEAD;
	while (rc == 0 && r.left && rd_ok(&r)) {
		struct rec rec = { .flags = rd_u8(&r) & 3 };
		uint8_t what = rd_u8(&r);
		struct span body;
		size_t at = file->len;

		rec.mh_len = rec.flags & REC_PAD ? 0 : rd_u8(&r) % 40;
		rec.raw_len = rd_le16(&r);
		rec.stored_len = what & 1 ? rd_u8(&r) : rec.raw_len;
		if (rec.flags & REC_PAD)
			rec.raw_len = 0;
		body = rd_bytes(&r, rec.stored_len < r.left ? rec.stored_len : r.left);
		rec.crc = crc32c(0, body);
		memset(rec.mh, what, sizeof rec.mh);
		rc = buf_bytes(file, head, rec_encode(&rec, head));
		if (rc == 0)
			rc = buf_add(file, body);
		if (rc == 0 && (what & 6) == 6)		/* now and then a wrong byte */
			file->data[at + what % (file->len - at)] ^= what;
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = BUF_INIT(1 << 20), raw = BUF_INIT(1 << 22);
	uint64_t end = 0, at = SEG_HEAD;
	struct scanned s;
	struct scan scan;
	int fd, rc;

	if (size == 0 || size > 1 << 16)
		return 0;
	rc = data[0] & 1 ? build(span_of(data + 1, size - 1), &file)
			 : buf_bytes(&file, data + 1, size - 1);
	fd = memfd_create("segment", MFD_CLOEXEC);
	if (rc < 0 || fd < 0 || write(fd, file.data, file.len) != (ssize_t)file.len)
		goto out;
	end = file.len;
	if (end >= SEG_HEAD)
		seg_head_check(file.data, 1);
	if (scan_start(&scan, fd, end, "fuzz") < 0)
		goto out;
	while ((rc = scan_next(&scan, &s)) == 1) {
		uint64_t total = rec_total(s.rec.mh_len, s.rec.stored_len);

		if (s.gap_at != at || s.rec.off != at + s.gap_len || s.rec.off + total > end ||
		    scan.off != s.rec.off + total)
			abort();
		at = scan.off;
		if (s.rec.flags & REC_PAD)
			continue;
		if (!s.bad && crc32c(0, s.stored) != s.rec.crc)
			abort();
		buf_reset(&raw);
		if (rec_unpack(&s.rec, s.stored, &raw) == 0 && raw.len != s.rec.raw_len)
			abort();
		mh_fits(span_of(s.rec.mh, s.rec.mh_len), buf_span(&raw));
	}
	if (rc != 0 || (end > SEG_HEAD && s.gap_at + s.gap_len != end))
		abort();
	scan_end(&scan);
out:
	if (fd >= 0)
		close(fd);
	buf_clear(&file);
	buf_clear(&raw);
	return 0;
}
