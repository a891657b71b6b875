/*
 * tablefile.c - tables of long headers, kept for those who ask next.
 * A file is named by the CID of the container: a head, then the image.  It is written whole or not at all, without
 * syncing: what a power cut leaves of it has a wrong checksum.  What cannot be read, or is strange, is not there; someone
 * makes it anew.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "base/tmpfile.h"
#include "table_priv.h"

enum {
	KEY = 128,			/* bytes of a key in the head, zeros behind it */
	HEAD = 8 + 2 * 4 + 4 * 8 + KEY + 4,
	COPY = 64 * 1024,
	IN_MEMORY = 1 << 20,		/* images up to this long are read at once */
	FILES_MAX = 256			/* of a folder; the oldest go first */
};
#define FILE_BYTES ((uint64_t)256 << 20)	/* of one, at most */
#define FOLDER_BYTES ((uint64_t)512 << 20)

static const char magic[8] = "ipfrsTt1";	/* the last one is the version */

static int key_is_name(const char *key)
{
	return *key && *key != '.' && strlen(key) < KEY && !strchr(key, '/');
}

static int head_encode(struct buf *b, const struct table_image *im, const char *key, enum tensor_kind kind, uint64_t size,
		       uint32_t crc)
{
	char padded[KEY] = "";

	memcpy(padded, key, strlen(key));
	buf_bytes(b, magic, sizeof magic);
	buf_le32(b, kind);
	buf_le32(b, crc);
	buf_le64(b, size);
	buf_le64(b, im->n);
	buf_le64(b, im->len);
	buf_le64(b, im->note_len);
	buf_bytes(b, padded, sizeof padded);
	return buf_le32(b, crc32c(0, buf_span(b)));	/* the buf is as large as all of it */
}

/* 1: it is the head of a file for this key, and the lengths agree with each other and with that of the file */
static int head_decode(struct span head, uint64_t file, const char *key, enum tensor_kind kind, uint64_t size,
		       struct table_image *im, uint32_t *crc)
{
	struct rd r = rd_from(head);
	struct span m = rd_bytes(&r, sizeof magic), name;
	uint32_t what = rd_le32(&r);
	uint64_t of;

	*crc = rd_le32(&r);
	of = rd_le64(&r);
	im->n = rd_le64(&r);
	im->len = rd_le64(&r);
	im->note_len = rd_le64(&r);
	name = rd_bytes(&r, KEY);
	if (rd_le32(&r) != crc32c(0, span_of(head.p, HEAD - 4)) || !rd_done(&r))
		return 0;
	return memcmp(m.p, magic, sizeof magic) == 0 && what == kind && of == size &&
	       strncmp((const char *)name.p, key, KEY) == 0 && file <= FILE_BYTES && im->len == file - HEAD &&
	       im->note_len <= TENSOR_NOTE_MAX && im->note_len <= im->len && im->n < im->len / 8 &&
	       (im->n + 1) * 8 <= im->len - im->note_len;
}

/* ---- loading ---- */

/* the sum of all of it; what is short is kept in memory on the way */
static int check_image(struct table_image *im, uint8_t *copy, uint32_t want)
{
	uint32_t crc = 0;
	uint64_t off;
	size_t n;

	for (off = 0; off < im->len; off += n) {
		n = im->len - off < COPY ? (size_t)(im->len - off) : COPY;
		if (image_read(im, off, copy, n) < 0)
			return 0;
		crc = crc32c(crc, span_of(copy, n));
		if (im->len <= IN_MEMORY)
			copy += n;
	}
	return crc == want;
}

static int load(struct table **t, int fd, const char *key, enum tensor_kind kind, uint64_t size)
{
	struct table_image im = { .fd = fd, .base = HEAD };
	uint8_t head[HEAD], *copy;
	struct stat st;
	uint32_t crc;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < HEAD ||
	    io_pread(fd, head, HEAD, 0, "a table of tensors") != HEAD ||
	    !head_decode(span_of(head, HEAD), (uint64_t)st.st_size, key, kind, size, &im, &crc)) {
		image_clear(&im);
		return 0;
	}
	copy = malloc(im.len <= IN_MEMORY ? (size_t)im.len : COPY);
	if (!copy || !check_image(&im, copy, crc)) {
		free(copy);
		image_clear(&im);
		return 0;
	}
	futimens(fd, NULL);		/* used lately; where that is not allowed, it is older */
	if (im.len <= IN_MEMORY) {
		close(im.fd);
		im.fd = -1;
		im.mem = copy;
	} else {
		free(copy);
	}
	return table_of_image(t, &im) == 0;
}

int table_load(struct table **t, const char *dir, const char *key, enum tensor_kind kind, uint64_t size)
{
	int d, fd;

	*t = NULL;
	if (!key_is_name(key))
		return 0;
	d = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d < 0)
		return 0;
	fd = openat(d, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close(d);
	return fd < 0 ? 0 : load(t, fd, key, kind, size);
}

/* ---- saving ---- */

static int write_all(int fd, const struct table_image *im, uint8_t *copy, const char *key, enum tensor_kind kind,
		     uint64_t size)
{
	struct buf head = BUF_INIT(HEAD);
	uint32_t crc = 0;
	uint64_t off;
	size_t n;
	int rc = 0;

	for (off = 0; rc == 0 && off < im->len; off += n) {
		n = im->len - off < COPY ? (size_t)(im->len - off) : COPY;
		rc = image_read(im, off, copy, n);
		if (rc == 0)
			rc = io_pwrite(fd, copy, n, HEAD + off, "a table of tensors");
		if (rc == 0)
			crc = crc32c(crc, span_of(copy, n));
	}
	if (rc == 0)
		rc = head_encode(&head, im, key, kind, size, crc);
	if (rc == 0)
		rc = io_pwrite(fd, head.data, head.len, 0, "a table of tensors");
	buf_clear(&head);
	return rc;
}

struct oldest {
	uint64_t files, bytes;
	struct timespec when;
	char name[256];
};

static void count_file(int dir, const char *name, struct oldest *o)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	if (o->files == 0 || st.st_mtim.tv_sec < o->when.tv_sec ||
	    (st.st_mtim.tv_sec == o->when.tv_sec && st.st_mtim.tv_nsec < o->when.tv_nsec)) {
		o->when = st.st_mtim;
		memcpy(o->name, name, strlen(name) + 1);
	}
	o->files++;
	o->bytes += (uint64_t)st.st_size;
}

/* remove the oldest file if there is too much: 1, or 0 */
static int prune_one(int dir)
{
	struct oldest o = { 0 };
	struct dirent *e;
	DIR *list;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((e = readdir(list)))
		if (*e->d_name != '.' && strlen(e->d_name) < sizeof o.name)
			count_file(dir, e->d_name, &o);
	closedir(list);
	return (o.files > FILES_MAX || o.bytes > FOLDER_BYTES) && unlinkat(dir, o.name, 0) == 0;
}

void table_save(struct table *t, const char *path, const char *key, enum tensor_kind kind, uint64_t size)
{
	const struct table_image *im = table_image(t);
	struct tmpfile f = { .fd = -1, .slot = -1 };
	uint8_t *copy = malloc(COPY);
	int dir = -1, tries = 16;

	if (copy && key_is_name(key) && im->len <= FILE_BYTES - HEAD) {
		mkdir(path, 0777);
		dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (dir >= 0 && tmpfile_open(&f, dir, key, 0666) == 0 && write_all(f.fd, im, copy, key, kind, size) == 0 &&
	    tmpfile_commit(&f, 0) == 0)
		while (tries-- && prune_one(dir))
			;
	tmpfile_close(&f);
	free(copy);
	if (dir >= 0)
		close(dir);
}
