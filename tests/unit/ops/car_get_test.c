/* car_get_test - things out of an archive: which path, and where to */
#include <sys/stat.h>

#include "cartest.h"

static struct cid root;

/* an archive of a folder with the file "f" in it; `roots` times the root */
static struct car_file *opened(size_t roots)
{
	struct carblock b[2] = { carblock(CID_RAW, span_str("hello\n")) };
	struct buf dir = BUF_INIT(1 << 16);
	struct cid list[2];
	struct car_file *f;
	char *path = unit_kept(8300);
	struct ops_car_to to = { .path = path };
	int fd;

	if (pb_put_link(&dir, cid_span(&b[0].cid), span_str("f"), 6) < 0 || pb_put_data(&dir, span_str("\x08\x01")) < 0)
		abort();
	b[1] = carblock(CID_DAG_PB, buf_span(&dir));
	buf_clear(&dir);
	root = list[0] = b[1].cid;
	list[1] = b[0].cid;
	snprintf(path, 8300, "%s/x.car", unit_tmpdir());
	fd = carfile(list, roots, b, 2);
	if (ops_car_index(fd, "test", 0, &to) < 0 || ops_car_open(&f, path, 0) < 0)
		abort();
	close(fd);
	return f;
}

static int holds(const char *path, const char *text)
{
	char got[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof got);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) && memcmp(got, text, (size_t)n) == 0;
}

static void to_files(void)
{
	struct car_file *f = opened(1);
	char target[4200], in[8300];
	struct ops_car_get o = { .target = target };

	snprintf(target, sizeof target, "%s/out", unit_tmpdir());
	CHECK(ops_car_get(f, "/f", &o) == 0);
	CHECK(holds(target, "hello\n"));
	CHECK_ERR(ops_car_get(f, "/none", &o), ERR_NOTFOUND);
	CHECK_ERR(ops_car_get(f, "", &o), ERR_USAGE);
	NEED(unlink(target) == 0 && mkdir(target, 0755) == 0);
	o.into = 1;
	CHECK(ops_car_get(f, oppath(&root, ""), &o) == 0);
	snprintf(in, sizeof in, "%s/%s/f", target, oppath(&root, "") + 6);
	CHECK(holds(in, "hello\n"));
	car_file_close(f);
}

static void to_a_descriptor(void)
{
	struct car_file *f = opened(1);
	int fd = tmpfile_nameless(NULL);
	struct ops_car_get o = { .what = "output", .fd = fd };
	char got[64];

	NEED(fd >= 0);
	CHECK(ops_car_get(f, "/f", &o) == 0);
	CHECK(pread(fd, got, sizeof got, 0) == 6 && memcmp(got, "hello\n", 6) == 0);
	CHECK_ERR(ops_car_get(f, oppath(&root, ""), &o), ERR_INVALID);	/* a folder is no file */
	o.block = 1;
	NEED(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(ops_car_get(f, oppath(&root, ""), &o) == 0);
	CHECK(pread(fd, got, sizeof got, 0) > 36);
	close(fd);
	car_file_close(f);
}

static void short_paths_need_one_root(void)
{
	struct car_file *f = opened(2);
	int fd = tmpfile_nameless(NULL);
	struct ops_car_get o = { .what = "output", .fd = fd };

	NEED(fd >= 0);
	CHECK_ERR(ops_car_get(f, "/f", &o), ERR_USAGE);
	CHECK(ops_car_get(f, oppath(&root, "/f"), &o) == 0);
	close(fd);
	car_file_close(f);
}

int main(void)
{
	RUN(to_files);
	RUN(to_a_descriptor);
	RUN(short_paths_need_one_root);
	return UNIT_END();
}
