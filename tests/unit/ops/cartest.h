/*
 * cartest.h - DAGs and archives for the tests of the verbs about archives.
 */
#ifndef TESTS_OPS_CARTEST_H
#define TESTS_OPS_CARTEST_H

#include <fcntl.h>
#include <unistd.h>

#include "base/tmpfile.h"
#include "ops/car_priv.h"
#include "opstore.h"

/* a block, kept as long as the test */
struct carblock {
	struct cid cid;
	struct span bytes;
};

__attribute__((unused)) static struct carblock carblock(uint64_t codec, struct span bytes)
{
	struct carblock b;
	uint8_t *p = unit_kept(bytes.len + 1);

	if (bytes.len)
		memcpy(p, bytes.p, bytes.len);
	b.bytes = span_of(p, bytes.len);
	if (cid_sum(&b.cid, 1, codec, MH_SHA2_256, &b.bytes, 1) < 0)
		abort();
	return b;
}

/* raw bytes that depend on i */
__attribute__((unused)) static struct carblock carleaf(size_t len, unsigned i)
{
	uint8_t *p = malloc(len + 1);
	struct carblock b;
	size_t k;

	if (!p)
		abort();
	for (k = 0; k < len; k++)
		p[k] = (uint8_t)((i += k + 1) * 2654435761u >> 24);
	b = carblock(CID_RAW, span_of(p, len));
	free(p);
	return b;
}

/* a dag-pb node with links to n blocks */
__attribute__((unused)) static struct carblock carnode(const struct carblock *to, size_t n)
{
	struct buf b = BUF_INIT(1 << 20);
	struct carblock out;
	char name[24];
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%06zu", i);
		if (pb_put_link(&b, cid_span(&to[i].cid), span_str(name), 1) < 0)
			abort();
	}
	if (pb_put_data(&b, span_str("\x08\x01")) < 0)
		abort();
	out = carblock(CID_DAG_PB, buf_span(&b));
	buf_clear(&b);
	return out;
}

/* an archive of these blocks in a file without a name, read from its start */
__attribute__((unused)) static int carfile(const struct cid *roots, size_t n_roots,
					   const struct carblock *b, size_t n)
{
	int fd = tmpfile_nameless(NULL);
	struct sink_fd s;
	struct car_out o;
	size_t i;

	if (fd < 0 || sink_fd_start(&s, fd, "archive") < 0 ||
	    car_out_start(&o, &s.sink, NULL, roots, n_roots) < 0)
		abort();
	for (i = 0; i < n; i++) {
		struct piece p = { .bytes = b[i].bytes, .fd = -1, .len = b[i].bytes.len };

		if (car_out_block(&o, &b[i].cid, &p) < 0)
			abort();
	}
	if (sink_fd_end(&s) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

/* the same fd from its start, with one byte turned over */
__attribute__((unused)) static void carflip(int fd, uint64_t at)
{
	uint8_t c;

	if (pread(fd, &c, 1, (off_t)at) != 1)
		abort();
	c ^= 0x55;
	if (pwrite(fd, &c, 1, (off_t)at) != 1 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
}

__attribute__((unused)) static void carput(struct store *st, const struct carblock *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct dag_block d = { .cid = &b[i].cid, .parts = { b[i].bytes }, .n_parts = 1, .src_fd = -1 };

		if (dag_put(store_sink(st), &d) < 0)
			abort();
	}
}

#endif
