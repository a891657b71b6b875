/* car_file.c - listing archives, indexing them, and opening one to read blocks from */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "ops/car_priv.h"

int at_section(int rc, const char *what, const struct car_section *s)
{
	char text[CID_TEXT_MAX];

	return err_add(rc, "'%s', section at offset %" PRIu64 ", block '%s'", what, s->off,
		       cid_text(&s->cid, text));
}

int ops_car_ls(int fd, const char *what, const struct ops_car_ls *o)
{
	const struct cid *roots;
	struct car_section s;
	struct car_in *c;
	size_t n;
	int rc = car_in_open(&c, fd, what, CAR_NO_HASH | o->flags);

	if (rc < 0)
		return rc;
	roots = car_in_roots(c, &n);
	rc = o->roots ? o->roots(o->arg, roots, n) : 0;
	while (rc == 0 && o->block && (rc = car_in_next(c, &s)) == 1)
		rc = o->block(o->arg, &s);
	car_in_close(c);
	return rc;
}

int ops_car_index(int fd, const char *what, int flags, const struct ops_car_to *to)
{
	const struct cid *roots;
	struct car_section s;
	struct target t;
	struct car_in *c;
	size_t n;
	int rc = car_in_open(&c, fd, what, CAR_NO_HASH | flags);

	if (rc < 0)
		return rc;
	rc = target_open(&t, to);
	if (rc < 0) {
		car_in_close(c);
		return rc;
	}
	roots = car_in_roots(c, &n);
	rc = target_start(&t, roots, n);
	while (rc == 0 && (rc = car_in_next(c, &s)) == 1) {
		struct piece p = { .bytes = s.data, .fd = -1, .len = s.data.len };

		rc = car_out_block(&t.out, &s.cid, &p);
	}
	rc = rc == 0 ? target_end(&t) : target_cut(&t, rc);
	target_close(&t);
	car_in_close(c);
	return rc;
}

int ops_car_index_file(int fd, const char *path, int flags, const struct ops_car_to *to)
{
	struct ops_car_to t = *to;
	char *real = realpath(path, NULL);
	int rc;

	if (!real)
		return err_sys("looking for '%s'", path);
	t.path = real;
	t.sync = 1;
	rc = ops_car_index(fd, path, flags, &t);
	free(real);
	return rc;
}

int ops_car_open(struct car_file **f, const char *path, int flags)
{
	int rc = car_file_open_flags(f, path, flags & CAR_LOOSE_HEADER);

	if (rc == 0 && !car_file_indexed(*f)) {
		rc = car_file_scan(*f);
		if (rc < 0) {
			car_file_close(*f);
			*f = NULL;
		}
	}
	return rc;
}
