#include <fcntl.h>
#include <unistd.h>

#include "opstore.h"

static void bytes_reach_the_descriptor(void)
{
	struct store *st = opstore();
	struct oplink l = { .name = "f" };
	char *big = unit_kept(100000), got[100];
	struct cid dir, cid;
	FILE *f = tmpfile();

	memset(big, 'x', 100000);
	big[99999] = 'y';
	l.cid = opblock(st, 1, CID_RAW, span_of(big, 100000));
	dir = opdir(st, &l, 1);
	NEED(store_commit(st) == 0);
	CHECK(ops_resolve(st, oppath(&dir, "/f"), &cid) == 0 && cid_equal(&cid, &l.cid));
	CHECK(ops_cat(st, oppath(&dir, "/f"), 99998, UINT64_MAX, fileno(f)) == 0);
	CHECK(ops_cat(st, oppath(&dir, "/f"), 0, 3, fileno(f)) == 0);
	CHECK(ops_cat(st, oppath(&dir, "/f"), 100000, 3, fileno(f)) == 0);
	CHECK(pread(fileno(f), got, sizeof got, 0) == 5 && !memcmp(got, "xyxxx", 5));
	CHECK_ERR(ops_cat(st, oppath(&dir, ""), 0, UINT64_MAX, fileno(f)), ERR_INVALID);
	CHECK_ERR(ops_cat(st, oppath(&dir, "/g"), 0, UINT64_MAX, fileno(f)), ERR_NOTFOUND);
	CHECK_ERR(ops_cat(st, "g", 0, UINT64_MAX, fileno(f)), ERR_USAGE);
	fclose(f);
	store_close(st);
}

static void a_descriptor_that_fails(void)
{
	struct store *st = opstore();
	struct cid cid = opblock(st, 1, CID_RAW, span_str("hello"));
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	NEED(store_commit(st) == 0 && fd >= 0);
	CHECK(ops_cat(st, oppath(&cid, ""), 0, UINT64_MAX, fd) < 0);
	CHECK(strstr(err_text(), "output") != NULL);
	close(fd);
	store_close(st);
}

int main(void)
{
	RUN(bytes_reach_the_descriptor);
	RUN(a_descriptor_that_fails);
	return UNIT_END();
}
