/*
 * pinjournal_fuzz.c - strange bytes as journal and snapshot of pins.
 * A line that ends with TAB ! gets the checksum it should have, so that mutations get past it.
 * Lines are parsed and must come back as they were; then the bytes (up to the first NUL the journal,
 * behind it the snapshot) lie in a store, which is read, checked, added to and mended: whatever they
 * are, a pin added is there, and after a repair nothing is left to complain about.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "pin/pin_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s: %s\n", #x, err_text()); abort(); } } while (0)

static char top[64];

static int remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void lines(struct span bytes)
{
	struct buf text = BUF_INIT(PIN_LINE_MAX);
	struct pin_line l;

	while (bytes.len) {
		const uint8_t *lf = memchr(bytes.p, '\n', bytes.len);
		size_t len = lf ? (size_t)(lf - bytes.p) : bytes.len;

		if (pin_line_parse(span_of(bytes.p, len), &l) == 0) {
			struct pin_line again;

			buf_reset(&text);
			MUST(pin_line_format(&l, &text) == 0);
			MUST(pin_line_parse(span_of(text.data, text.len - 1), &again) == 0);
			MUST(again.seq == l.seq && again.op == l.op && again.count == l.count &&
			     cid_equal(&again.cid, &l.cid) && !strcmp(again.name, l.name));
		}
		bytes = span_of(bytes.p + len, bytes.len - len);
		if (bytes.len)
			bytes = span_of(bytes.p + 1, bytes.len - 1);
	}
	buf_clear(&text);
}

static void spew(const char *name, struct span bytes)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/store/pins/%s", top, name);
	unlink(path);
	if (!bytes.p)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	MUST(fd >= 0 && write(fd, bytes.p, bytes.len) == (ssize_t)bytes.len);
	close(fd);
}

/* the input with its checksums filled in */
static void sign(struct span in, struct buf *out)
{
	size_t from = 0, i;

	for (i = 0; i < in.len; i++) {
		size_t at = out->len;

		if (in.p[i] == '!' && i > from && in.p[i - 1] == '\t' &&
		    (i + 1 == in.len || in.p[i + 1] == '\n')) {
			MUST(buf_printf(out, "%08x", crc32c(0, span_of(out->data + at - (i - from),
									i - from))) == 0);
			continue;
		}
		MUST(buf_u8(out, in.p[i]) == 0);
		if (in.p[i] == '\n' || in.p[i] == 0)
			from = i + 1;
	}
}

static int count(void *arg, const struct pin *p)
{
	MUST(p->mode == PIN_RECURSIVE || p->mode == PIN_DIRECT);
	++*(uint64_t *)arg;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int made;
	struct buf in = BUF_INIT(1 << 20);
	const uint8_t *nul;
	struct span j, s = { NULL, 0 };
	struct cid cid;
	struct span word = span_str("word");
	struct dag_block b = { .cid = &cid, .parts = { word }, .n_parts = 1, .src_fd = -1 };
	enum pin_mode mode;
	struct store *st;
	char path[128];
	uint64_t n = 0, m = 0;
	int rc;

	if (size > 1 << 16)
		return 0;
	sign(span_of(data, size), &in);
	data = in.data;
	size = in.len;
	nul = size ? memchr(data, 0, size) : NULL;
	j = span_of(data, nul ? (size_t)(nul - data) : size);
	lines(span_of(data, size));
	if (!made) {
		const char *dir = access("/dev/shm", W_OK) ? getenv("TMPDIR") : "/dev/shm";

		snprintf(top, sizeof top, "%.40s/pinfuzz.XXXXXX", dir ? dir : "/tmp");
		MUST(mkdtemp(top));
		made = 1;
		atexit(clean_up);
		snprintf(path, sizeof path, "%s/store", top);
		MUST(store_init(path, "") == 0);
		setenv("IPFRS_LOG", "error", 0);
	}
	snprintf(path, sizeof path, "%s/store", top);
	if (nul)
		s = span_of(nul + 1, size - (size_t)(nul + 1 - data));
	MUST(store_open(&st, path, STORE_WRITE | STORE_UNSYNCED) == 0);
	MUST(store_table_clear(st, STORE_PINS) == 0 && store_commit(st) == 0);
	spew("journal", j);
	spew("snapshot", s);
	store_close(st);

	MUST(store_open(&st, path, STORE_READ) == 0);
	if (pin_each(st, PIN_NONE, count, &n) == 0)
		MUST(pin_count(st, &m) == 0 && n == m);
	pin_check(st, 0, NULL);
	store_close(st);

	MUST(store_open(&st, path, STORE_WRITE | STORE_UNSYNCED) == 0);
	MUST(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &word, 1) == 0 && store_put(st, &b) == 0);
	if (pin_get(st, &cid, &mode, NULL) >= 0 && pin_add(st, &cid, PIN_RECURSIVE, "x") == 0)
		MUST(pin_get(st, &cid, &mode, NULL) == 1 && mode == PIN_RECURSIVE);
	MUST(pin_check(st, 1, NULL) == 0);
	MUST(pin_check(st, 0, NULL) == 0);
	rc = pin_add(st, &cid, PIN_RECURSIVE, "y");
	MUST(rc == 0 || rc == ERR_LIMIT);	/* numbers may have run out */
	MUST(rc < 0 || (pin_get(st, &cid, &mode, NULL) == 1 && mode == PIN_RECURSIVE));
	store_close(st);
	buf_clear(&in);
	return 0;
}
