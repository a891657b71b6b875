/* car.h - the blocks of a CAR file into a memdag; for fixtures only, not a strict reader */
#ifndef TESTS_UNIXFS_CAR_H
#define TESTS_UNIXFS_CAR_H

#include "../memdag.h"
#include "base/io.h"
#include "base/rd.h"
#include "unixfs/unixfs.h"

__attribute__((unused)) static void car_load(struct memdag *m, const char *name)
{
	struct buf all = BUF_INIT(1 << 24);
	char path[256];
	struct rd r;

	snprintf(path, sizeof path, "tests/golden/unixfs/%s", name);
	if (io_slurp_file(-100, path, &all) < 0) {	/* AT_FDCWD */
		printf("# %s\n", err_text());
		abort();
	}
	r = rd_from(buf_span(&all));
	if (all.len > 51 && all.data[0] == 0x0a) {	/* the pragma of a CARv2; its payload */
		uint64_t off, len;

		rd_bytes(&r, 27);
		off = rd_le64(&r);
		len = rd_le64(&r);
		if (off > all.len || len > all.len - off)
			abort();
		r = rd_from(span_of(all.data + off, (size_t)len));
	}
	rd_bytes(&r, rd_uvarint(&r));			/* the header */
	while (r.left > 0) {
		struct span section = rd_bytes(&r, rd_uvarint(&r)), bytes;
		struct dag_block b = { .n_parts = 1, .src_fd = -1 };
		struct cid cid;
		int n = cid_read(section, &cid);

		if (!rd_ok(&r) || n < 0)
			abort();
		bytes = span_of(section.p + n, section.len - (size_t)n);
		if (cid_verify(&cid, bytes) < 0)
			abort();
		b.cid = &cid;
		b.parts[0] = bytes;
		dag_put(&m->sink, &b);
	}
	buf_clear(&all);
}

__attribute__((unused)) static struct cid the_cid(const char *text)
{
	struct cid cid;

	if (cid_parse(span_str(text), &cid, NULL) < 0) {
		printf("# '%s': %s\n", text, err_text());
		abort();
	}
	return cid;
}

/* a UnixFS message; sizes may be NULL */
__attribute__((unused)) static struct span message(enum unixfs_type type, struct span data,
						    int64_t filesize, const uint64_t *sizes, size_t n)
{
	struct unixfs_data d = { .type = type, .has_data = data.p != NULL, .data = data,
				 .has_filesize = filesize >= 0, .filesize = (uint64_t)filesize };
	struct buf b = BUF_INIT(64 * 1024 * 1024);
	struct span out;

	if (type == UNIXFS_HAMT) {
		d.hash_type = MH_MURMUR3_X64_64;
		d.fanout = n;
	}
	if (unixfs_encode(&b, &d, sizes, sizes ? n : 0) < 0)
		abort();
	out = memdag_kept(&(struct span){ b.data, b.len }, 1);
	buf_clear(&b);
	return out;
}

#endif
