/* car_target.c - where an archive goes: a pipe, or a file that appears whole, with its index */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "ops/car_priv.h"

enum { INDEX_CODEC = 0x0401 };

static int open_file(struct target *t)
{
	const struct ops_car_to *to = t->to;
	struct stat st;
	int there = stat(to->path, &st) == 0, rc;

	/* a device or a fifo is not to be replaced, but written to */
	if (there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		t->fd = open(to->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return t->fd < 0 ? err_sys("opening '%s'", to->path) : 0;
	}
	rc = tmpfile_open(&t->tmp, AT_FDCWD, to->path, 0666);
	if (rc == 0 && there && fchmod(t->tmp.fd, st.st_mode & 0777) < 0)
		rc = err_sys("setting the mode of '%s'", to->path);
	if (rc == 0 && !to->plain)
		rc = car_index_new(&t->index, 0, to->tmpdir, 0);
	return rc;
}

int target_open(struct target *t, const struct ops_car_to *to)
{
	int rc = 0, fd = to->fd;

	*t = (struct target){ .to = to, .fd = -1, .tmp = { .fd = -1, .slot = -1 } };
	t->sink = to->sink ? to->sink : &t->fd_sink.sink;
	if (to->sink)
		return 0;
	if (to->path) {
		rc = open_file(t);
		fd = t->fd >= 0 ? t->fd : t->tmp.fd;
	}
	if (rc == 0)
		rc = sink_fd_start(&t->fd_sink, fd, to->path ? to->path : "standard output");
	if (rc < 0)
		target_close(t);
	return rc;
}

int target_start(struct target *t, const struct cid *roots, size_t n)
{
	static const uint8_t room[CAR_V2_HEADER];	/* written last, when the sizes are known */
	int rc = t->index ? sink_bytes(t->sink, span_of(room, sizeof room)) : 0;

	return rc < 0 ? rc : car_out_start(&t->out, t->sink, t->index, roots, n);
}

static int end_v2(struct target *t)
{
	struct car_v2 v = { .data_off = CAR_V2_HEADER, .data_size = t->out.pos,
			    .index_off = CAR_V2_HEADER + t->out.pos };
	uint8_t head[CAR_V2_HEADER];
	int rc = car_index_write(t->index, INDEX_CODEC, t->sink);

	if (rc == 0)
		rc = sink_fd_end(&t->fd_sink);
	car_v2_encode(&v, head);
	return rc < 0 ? rc : io_pwrite(t->tmp.fd, head, sizeof head, 0, t->to->path);
}

int target_end(struct target *t)
{
	int rc = t->to->sink ? 0 : t->index ? end_v2(t) : sink_fd_end(&t->fd_sink);

	if (rc == 0 && t->tmp.fd >= 0)
		rc = tmpfile_commit(&t->tmp, t->to->sync);
	if (rc == 0 && t->fd >= 0) {
		if (close(t->fd) < 0)
			rc = err_sys("closing '%s'", t->to->path);
		t->fd = -1;
	}
	return rc;
}

int target_cut(struct target *t, int rc)
{
	char *why;

	if (t->tmp.fd >= 0 || !t->fd_sink.gather)
		return rc;
	why = strdup(err_text());
	sink_fd_end(&t->fd_sink);
	if (why)
		err_set(rc, "%s", why);
	free(why);
	return rc;
}

void target_close(struct target *t)
{
	sink_fd_clear(&t->fd_sink);
	tmpfile_close(&t->tmp);
	car_index_free(t->index);
	t->index = NULL;
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}
