/*
 * mfsroot_fuzz.c - strange bytes as the root of the mutable files.
 * The first byte says which slots get the checksum they should have (1, 2), so that mutations get past it, and how
 * much of the file is there (4: not the second slot; 8: nothing).  Whatever the bytes are, reading ends with a root,
 * none, or an error; a repair leaves a file one can go on with; and a root that was set is the root.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "pin/pin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s: %s\n", #x, err_text()); abort(); } } while (0)

static char top[64];
static struct store *st;

static int remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	store_close(st);
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_store(void)
{
	const char *dir = access("/dev/shm", W_OK) ? getenv("TMPDIR") : "/dev/shm";
	char path[128];

	snprintf(top, sizeof top, "%.40s/mfsfuzz.XXXXXX", dir ? dir : "/tmp");
	MUST(mkdtemp(top));
	snprintf(path, sizeof path, "%s/store", top);
	MUST(store_init(path, "") == 0);
	MUST(store_open(&st, path, STORE_WRITE | STORE_UNSYNCED) == 0);
	atexit(clean_up);
}

/* a slot of the input: its bytes, zeros, and perhaps the checksum */
static void slot(uint8_t out[MFS_USED], struct span *in, int sign)
{
	size_t n = in->len < MFS_USED ? in->len : MFS_USED;
	uint32_t crc;
	int i;

	memset(out, 0, MFS_USED);
	if (n)
		memcpy(out, in->p, n);
	*in = span_of(in->p + n, in->len - n);
	crc = crc32c(0, span_of(out, MFS_USED - 4));
	for (i = 0; sign && i < 4; i++)
		out[MFS_USED - 4 + i] = (uint8_t)(crc >> 8 * i);
}

static void spew(const uint8_t slots[2][MFS_USED], int how)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/store/names/mfs", top);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	MUST(fd >= 0);
	if (!(how & 8))
		MUST(pwrite(fd, slots[0], MFS_USED, 0) == MFS_USED);
	if (!(how & 12))
		MUST(pwrite(fd, slots[1], MFS_USED, MFS_SLOT) == MFS_USED);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t slots[2][MFS_USED];
	struct span in = span_of(data, size), word = span_str("word");
	struct pin_mfs m, before;
	struct cid cid;
	int how, rc, faults;

	if (!size)
		return 0;
	if (!st)
		open_store();
	how = data[0];
	in = span_of(in.p + 1, in.len - 1);
	slot(slots[0], &in, how & 1);
	slot(slots[1], &in, how & 2);
	spew((const uint8_t (*)[MFS_USED])slots, how);

	rc = pin_mfs_get(st, &before);
	MUST(rc == 0 || rc == 1 || rc == ERR_CORRUPT);
	MUST((rc == 1) == (before.root.len > 0));
	faults = pin_mfs_check(st, 0, NULL);
	MUST(faults >= 0 && (rc != ERR_CORRUPT || faults == 1));
	faults = pin_mfs_check(st, 1, NULL);
	MUST(faults == 0 || (faults == 1 && rc == 1));	/* a root that is not here */
	MUST(pin_mfs_check(st, 0, NULL) == faults);
	MUST(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &word, 1) == 0);
	MUST(pin_mfs_begin(st, &m) >= 0);
	rc = pin_mfs_set(&m, &cid, NULL, 1);
	pin_mfs_end(&m);
	MUST(rc == 0 || rc == ERR_LIMIT);	/* numbers may have run out */
	MUST(pin_mfs_get(st, &m) >= 0 && (rc < 0 || cid_equal(&m.root, &cid)));
	return 0;
}
