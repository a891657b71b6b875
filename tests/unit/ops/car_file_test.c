#include <sys/stat.h>

#include "cartest.h"

static struct carblock b[5];

static void setup(void)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		b[i] = carleaf(100 * i, i);
	b[4] = carnode(b, 4);
}

static int tell(void *arg, const struct car_section *s)
{
	int *i = arg;

	CHECK(cid_equal(&b[*i].cid, &s->cid) && span_equal(b[*i].bytes, s->data));
	++*i;
	return *i == 5 ? 77 : 0;
}

static void ls(void)
{
	int n = 0, fd;
	struct ops_car_ls o = { .block = tell, .arg = &n };

	setup();
	fd = carfile(&b[4].cid, 1, b, 4);
	CHECK(ops_car_ls(fd, "test", &o) == 0 && n == 4);
	close(fd);
	n = 0;
	fd = carfile(&b[4].cid, 1, b, 5);
	CHECK(ops_car_ls(fd, "test", &o) == 77);	/* what the caller returned */
	close(fd);
	n = 0;
	fd = carfile(&b[4].cid, 1, b, 5);
	CHECK(ftruncate(fd, 300) == 0);
	CHECK_ERR(ops_car_ls(fd, "test", &o), ERR_INVALID);
	close(fd);
}

/* with an index and without, the same blocks come out; the file that is replaced keeps its mode */
static void open_both(void)
{
	struct carblock none = carleaf(9, 9);
	char *path = unit_kept(8300);
	int plain, fd, i;

	setup();
	snprintf(path, 8300, "%s/x.car", unit_tmpdir());
	for (plain = 0; plain < 2; plain++) {
		struct ops_car_to to = { .path = path, .plain = plain };
		struct buf out = BUF_INIT(1 << 20);
		struct car_file *f;
		struct stat sb;

		fd = carfile(&b[4].cid, 1, b, 5);
		NEED(ops_car_index(fd, "test", 0, &to) == 0);
		NEED(stat(path, &sb) == 0);
		if (plain)
			CHECK((sb.st_mode & 0777) == 0640);
		NEED(chmod(path, 0640) == 0);
		NEED(ops_car_open(&f, path, 0) == 0);
		CHECK(car_file_version(f) == 2 - plain);
		for (i = 0; i < 5; i++) {
			buf_reset(&out);
			CHECK(dag_get(car_file_source(f), &b[i].cid, &out) == 0);
			CHECK(span_equal(buf_span(&out), b[i].bytes));
		}
		CHECK_ERR(dag_get(car_file_source(f), &none.cid, &out), ERR_NOTFOUND);
		car_file_close(f);
		buf_clear(&out);
		close(fd);
	}
}

/* in its place: the file behind a symlink */
static void index_in_place(void)
{
	char *path = unit_kept(8300), *name = unit_kept(8300);
	struct ops_car_to plain = { .path = path, .plain = 1 }, to = { .fd = -1 };
	struct car_file *f;
	struct stat sb;
	int fd;

	setup();
	snprintf(path, 8300, "%s/x.car", unit_tmpdir());
	snprintf(name, 8300, "%s.link", path);
	fd = carfile(&b[4].cid, 1, b, 5);
	NEED(ops_car_index(fd, "test", 0, &plain) == 0 && symlink("x.car", name) == 0);
	close(fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	CHECK(ops_car_index_file(fd, name, 0, &to) == 0);
	CHECK(lstat(name, &sb) == 0 && S_ISLNK(sb.st_mode));
	NEED(ops_car_open(&f, path, 0) == 0);
	CHECK(car_file_version(f) == 2);
	car_file_close(f);
	CHECK_ERR(ops_car_index_file(fd, "/nonexistent/file", 0, &to), ERR_NOTFOUND);
	close(fd);
}

static void faults(void)
{
	char *path = unit_kept(8300);
	struct ops_car_to to = { .path = path };
	struct car_file *f;
	int fd;

	setup();
	snprintf(path, 8300, "%s/x.car", unit_tmpdir());
	fd = carfile(&b[4].cid, 1, b, 5);
	NEED(ftruncate(fd, 300) == 0);
	CHECK_ERR(ops_car_index(fd, "test", 0, &to), ERR_INVALID);
	CHECK(access(path, F_OK) < 0);		/* whole or not at all */
	CHECK_ERR(ops_car_open(&f, path, 0), ERR_NOTFOUND);
	close(fd);
}

int main(void)
{
	RUN(ls);
	RUN(open_both);
	RUN(index_in_place);
	RUN(faults);
	return UNIT_END();
}
