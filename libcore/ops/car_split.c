/* car_split.c - one archive into pieces, and many into one */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/idset.h"
#include "ops/car_priv.h"

enum { PATH_LIMIT = 1 << 16, SEEN_MEM = 16 * 1024 * 1024 };

/* ---- split ---- */

struct splitter {
	const char *what, *prefix;
	uint64_t most;
	int (*piece)(void *arg, const char *path, uint64_t bytes, uint64_t blocks);
	void *arg;
	const struct cid *roots;
	size_t n_roots;
	unsigned n;			/* pieces begun */
	int open;
	struct ops_car_to to;
	struct target t;
	struct buf path;
	uint64_t blocks;		/* of this piece */
};

static int name_piece(struct splitter *s, unsigned i)
{
	buf_reset(&s->path);
	return buf_printf(&s->path, "%s-%04u.car", s->prefix, i);
}

static int begin_piece(struct splitter *s)
{
	int rc = name_piece(s, s->n + 1);

	if (rc < 0)
		return rc;
	s->to = (struct ops_car_to){ .path = (const char *)s->path.data, .plain = 1 };
	rc = target_open(&s->t, &s->to);
	if (rc < 0)
		return rc;
	s->open = 1;
	s->blocks = 0;
	return target_start(&s->t, s->roots, s->n_roots);
}

static int end_piece(struct splitter *s)
{
	int rc = target_end(&s->t);

	target_close(&s->t);
	s->open = 0;
	if (rc < 0)
		return rc;
	s->n++;
	return s->piece ? s->piece(s->arg, s->to.path, s->t.out.pos, s->blocks) : 0;
}

static int split_block(struct splitter *s, const struct car_section *sec)
{
	struct piece p = { .bytes = sec->data, .fd = -1, .len = sec->data.len };
	uint64_t len = car_section_len(&sec->cid, sec->data.len);
	int rc = 0;

	if (s->open && s->blocks && s->t.out.pos + len > s->most)
		rc = end_piece(s);
	if (rc == 0 && !s->open)
		rc = begin_piece(s);
	if (rc == 0 && s->t.out.pos + len > s->most)
		return at_section(err_set(ERR_LIMIT, "it takes %" PRIu64 " bytes with the header of its "
					  "piece, more than the %" PRIu64 " allowed", s->t.out.pos + len,
					  s->most), s->what, sec);
	if (rc == 0)
		rc = car_out_block(&s->t.out, &sec->cid, &p);
	s->blocks++;
	return rc;
}

static void remove_pieces(struct splitter *s)
{
	unsigned i;

	for (i = 1; i <= s->n; i++)
		if (name_piece(s, i) == 0)
			unlink((const char *)s->path.data);
}

int ops_car_split(int fd, const char *what, int flags, const char *prefix, uint64_t most,
		  int (*piece)(void *arg, const char *path, uint64_t bytes, uint64_t blocks), void *arg)
{
	struct splitter s = { .what = what, .prefix = prefix, .most = most, .piece = piece, .arg = arg,
			      .path = BUF_INIT(PATH_LIMIT) };
	struct car_section sec;
	struct car_in *c;
	int rc = car_in_open(&c, fd, what, flags);

	if (rc < 0)
		return rc;
	s.roots = car_in_roots(c, &s.n_roots);
	while (rc == 0 && (rc = car_in_next(c, &sec)) == 1)
		rc = split_block(&s, &sec);
	if (rc == 0 && !s.open && s.n == 0)	/* no blocks: still an archive */
		rc = begin_piece(&s);
	if (rc == 0 && s.open)
		rc = end_piece(&s);
	if (s.open)
		target_close(&s.t);
	if (rc < 0)
		remove_pieces(&s);
	buf_clear(&s.path);
	car_in_close(c);
	return rc;
}

/* ---- join ---- */

struct joiner {
	const struct ops_car_to *to;
	int flags;
	struct idset *seen;		/* of roots, then of blocks; NULL: duplicates stay */
	struct cid *roots;
	size_t n, cap;
	struct car_in *from_stdin;	/* can be opened once only */
	struct target t;
};

static int is_stdin(const char *path)
{
	return !strcmp(path, "-");
}

static int open_path(struct joiner *j, const char *path, struct car_in **c)
{
	int fd, rc;

	if (is_stdin(path)) {
		if (!j->from_stdin)
			return car_in_open(c, 0, "standard input", j->flags);
		*c = j->from_stdin;
		j->from_stdin = NULL;
		return 0;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys("opening '%s'", path);
	rc = car_in_open(c, fd, path, j->flags);
	if (rc < 0)
		close(fd);
	return rc < 0 ? rc : fd;
}

static void close_path(struct car_in *c, int fd)
{
	car_in_close(c);
	if (fd > 0)
		close(fd);
}

static int is_new(struct idset *set, const struct cid *cid)
{
	uint8_t id[16];

	dag_id(cid, id);
	return idset_add(set, id);
}

static int add_roots(struct joiner *j, struct car_in *c)
{
	size_t n, i;
	const struct cid *roots = car_in_roots(c, &n);
	int rc = 0;

	for (i = 0; rc >= 0 && i < n; i++) {
		rc = is_new(j->seen, &roots[i]);
		if (rc != 1)
			continue;
		if (j->n == CAR_ROOTS_MAX)
			return err_set(ERR_LIMIT, "more than %d roots", CAR_ROOTS_MAX);
		if (j->n == j->cap) {
			size_t cap = j->cap ? 2 * j->cap : 16;
			struct cid *more = realloc(j->roots, cap * sizeof *more);

			if (!more)
				return err_nomem();
			j->roots = more;
			j->cap = cap;
		}
		j->roots[j->n++] = roots[i];
	}
	return rc < 0 ? rc : 0;
}

static int take_roots(struct joiner *j, const char *path)
{
	struct car_in *c;
	int fd, rc;

	if (is_stdin(path) && j->from_stdin)
		return err_set(ERR_USAGE, "standard input can be joined once only");
	fd = open_path(j, path, &c);
	if (fd < 0)
		return fd;
	rc = add_roots(j, c);
	if (is_stdin(path))
		j->from_stdin = c;
	else
		close_path(c, fd);
	return rc;
}

static int take_blocks(struct joiner *j, const char *path)
{
	struct car_section s;
	struct car_in *c;
	int fd = open_path(j, path, &c), rc = 0;

	if (fd < 0)
		return fd;
	while (rc == 0 && (rc = car_in_next(c, &s)) == 1) {
		struct piece p = { .bytes = s.data, .fd = -1, .len = s.data.len };

		rc = j->seen ? is_new(j->seen, &s.cid) : 1;
		if (rc == 1)
			rc = car_out_block(&j->t.out, &s.cid, &p);
	}
	close_path(c, fd);
	return rc;
}

static int join_all(struct joiner *j, const char *const *paths, size_t n)
{
	size_t i;
	int rc = target_open(&j->t, j->to);

	if (rc < 0)
		return rc;
	rc = target_start(&j->t, j->roots, j->n);
	for (i = 0; rc == 0 && i < n; i++)
		rc = take_blocks(j, paths[i]);
	rc = rc == 0 ? target_end(&j->t) : target_cut(&j->t, rc);
	target_close(&j->t);
	return rc;
}

int ops_car_join(const char *const *paths, size_t n, int flags, int dups, const struct ops_car_to *to)
{
	struct joiner j = { .to = to, .flags = flags };
	size_t i;
	int rc = idset_new(&j.seen, 16, SEEN_MEM, to->tmpdir);

	for (i = 0; rc == 0 && i < n; i++)
		rc = take_roots(&j, paths[i]);
	idset_free(j.seen);
	j.seen = NULL;
	if (rc == 0 && !dups)
		rc = idset_new(&j.seen, 16, SEEN_MEM, to->tmpdir);
	if (rc == 0)
		rc = join_all(&j, paths, n);
	car_in_close(j.from_stdin);
	idset_free(j.seen);
	free(j.roots);
	return rc;
}
