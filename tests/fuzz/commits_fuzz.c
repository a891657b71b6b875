/*
 * commits_fuzz.c - a request in board/commits of any bytes, with right checksums, is done or left alone; what is
 * counted stays what is there.  The transaction is left, so that every input meets the same store.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "store/store_priv.h"

enum { FIRST = 4096, ROW = 32 };

static struct store *st;
static int fd;
static uint64_t seq = 1;

static int put(const char *text)
{
	struct span s = span_str(text);
	struct cid cid;
	struct dag_block b = { .cid = &cid, .parts = { s }, .n_parts = 1, .src_fd = -1 };
	int rc = cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &s, 1);

	return rc < 0 ? rc : store_put(st, &b);
}

/* a store with two blocks in segment 1 */
static void begin(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[4096], file[4200];

	snprintf(dir, sizeof dir, "%s/ipfrs-commits.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir) || store_init(dir, "") < 0 || store_open(&st, dir, STORE_WRITE) < 0 || put("one") < 0 ||
	    put("two") < 0 || store_commit(st) < 0)
		abort();
	snprintf(file, sizeof file, "%s/board/commits", dir);
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0 || remove_tree(AT_FDCWD, dir) < 0)	/* what is open goes on */
		abort();
}

static int lead(struct wtx *w, void *arg)
{
	struct stats was = w->stats;
	int *n = arg;

	*n = group_lead(st, w, 1000);
	if (*n < 0 || w->stats.n_blocks < was.n_blocks)
		abort();
	if (*n == 0 && memcmp(&was, &w->stats, sizeof was))
		abort();
	/* and not a second time in the same transaction */
	if (group_lead(st, w, 1000) != 0)
		abort();
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf row = BUF_INIT(ROW);
	uint32_t seg = 0;
	uint64_t end;
	int n = 0;

	if (!st)
		begin();
	if (size > GROUP_SLOT)
		return 0;
	if (size >= 8)
		seg = (uint32_t)data[4] | (uint32_t)data[5] << 8 | (uint32_t)data[6] << 16 | (uint32_t)data[7] << 24;
	if (buf_le64(&row, seq++) < 0 || buf_le32(&row, seg) < 0 || buf_le32(&row, (uint32_t)size) < 0 ||
	    buf_le32(&row, crc32c(0, span_of(data, size))) < 0 || buf_le64(&row, 0) < 0 ||
	    buf_le32(&row, crc32c(0, buf_span(&row))) < 0 || io_pwrite(fd, data, size, FIRST, "fuzz") < 0 ||
	    io_pwrite(fd, row.data, row.len, 0, "fuzz") < 0)
		abort();
	st->group.slot = -1;
	end = st->w.pos;
	group_gather(st);
	if (index_write(st->ix, INDEX_LIGHT, lead, &n) != 1)
		abort();
	group_drop(st);
	writer_shed(st, end);
	buf_clear(&row);
	return 0;
}
