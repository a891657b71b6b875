/*
 * tensortable_fuzz.c - strange bytes as a table of tensors that was kept under a CID.
 * The first byte says whether the sums and lengths are set right, so that what is behind them is reached.  Whatever the
 * table says, no tensor lies outside of its file, and nothing but "damaged" comes of it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "tensorfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 180, FILE_BYTES = 64 };	/* of the table's file, before the image; of the container */

static char dir[300], path[400];

static void clean(void)
{
	unlink(path);
	rmdir(dir);
}

static void make_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	if (*dir)
		return;
	snprintf(dir, sizeof dir, "%.250s/tensortable.XXXXXX", tmp ? tmp : "/tmp");
	MUST(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/key", dir);
	atexit(clean);
}

static void put_le(uint8_t *p, uint64_t v, int n)
{
	int i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* what a table of this container would have there */
static void set_right(uint8_t *p, size_t size)
{
	memcpy(p, "ipfrsTt1", 8);
	put_le(p + 8, TENSOR_SAFETENSORS, 4);
	put_le(p + 12, crc32c(0, span_of(p + HEAD, size - HEAD)), 4);
	put_le(p + 16, FILE_BYTES, 8);
	put_le(p + 32, size - HEAD, 8);
	memset(p + 48, 0, 128);
	memcpy(p + 48, "key", 3);
	put_le(p + 176, crc32c(0, span_of(p, 176)), 4);
}

static void ask(struct tensor_set *set)
{
	struct tensor_info t;
	uint64_t i, n = 0;
	int rc;

	for (i = 0; i < tensor_count(set) && i < 200; i++) {
		rc = tensor_get(set, i, &t);
		MUST(rc == 0 || rc == ERR_CORRUPT);
		MUST(rc < 0 || (t.off <= FILE_BYTES && t.packed <= FILE_BYTES - t.off && t.rank <= TENSOR_RANK_MAX));
		MUST(rc < 0 || t.dtype == TENSOR_OTHER || t.bits == tensor_dtype_bits(t.dtype));
	}
	rc = tensor_find(set, span_str("w"), &t);
	MUST(rc == 0 || rc == ERR_CORRUPT || rc == ERR_NOTFOUND);
	rc = tensor_meta(set, tensorfile_key, &n);
	MUST(rc == 0 || rc == ERR_INVALID || rc == ERR_CORRUPT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t container[FILE_BYTES];
	struct tensor_in *in = memin_new(span_of(container, FILE_BYTES));
	uint8_t copy[4096];
	struct tensor_set *set;
	int fd;

	make_folder();
	if (size > 0 && size <= sizeof copy) {
		memcpy(copy, data + 1, size - 1);
		if (*data && size - 1 >= HEAD)
			set_right(copy, size - 1);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		MUST(fd >= 0 && io_write(fd, copy, size - 1, path) == 0);
		close(fd);
	}
	memin_beyond = 0;
	snprintf(in->key, sizeof in->key, "key");
	/* the container itself is none */
	if (set_open_in(&set, in, &tensor_safetensors, NULL, dir, 1 << 20) == 0)
		ask(set);
	tensor_close(set);
	MUST(!memin_beyond);
	return 0;
}
