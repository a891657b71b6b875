/*
 * add_body.c - the bytes of one file into blocks; with ops_add.tensors, cut where the tensors in it begin.
 *
 * An ordinary file is asked where they are.  Of what comes only once the header is taken into a nameless file before
 * anything is added: that of safetensors says all.  What has no tensors, or is malformed, is a file as any other.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "base/tmpfile.h"
#include "ops/add_priv.h"
#include "tensor/tensor.h"

enum { HEAD = 9, COPY = 64 * 1024 };	/* bytes: a length, and the brace behind it */

int add_body_start(struct adder *a)
{
	struct chunker *c;
	int rc;

	unixfs_cuts_init(&a->cuts);
	rc = unixfs_builder_cut(a->b, &a->cuts);
	if (rc < 0)
		return err_add(rc, "cutting files where tensors begin");
	rc = chunker_new(&c, a->o.dag.chunker);
	if (rc < 0)
		return rc;
	a->chunk = chunker_max(c);
	chunker_free(c);
	return 0;
}

/* ---- what is in a file ---- */

/* One file is all there is: a sharded model is added file by file. */
struct alone {
	struct tensor_place place;
	int fd;
	uint64_t size;
	const char *what;
};

static int alone_open(struct tensor_place *p, struct span name, struct tensor_in **in)
{
	struct alone *al = (struct alone *)(void *)p;
	int fd, rc;

	if (name.len)
		return err_set(ERR_NOTFOUND, "other files are not looked at");
	fd = dup(al->fd);
	if (fd < 0)
		return err_sys("reading '%s'", al->what);
	rc = tensor_in_fd(in, fd, al->what);
	if (rc == 0)
		(*in)->size = al->size;
	return rc;
}

static int alone_list(struct tensor_place *p, int (*fn)(void *arg, struct span name), void *arg)
{
	(void)p;
	(void)fn;
	(void)arg;
	return 0;
}

static int cut_here(void *arg, uint64_t off)
{
	return unixfs_cuts_add(arg, off);
}

static int cuts_of(struct adder *a, int fd, uint64_t size, const char *what)
{
	struct alone al = { .place = { .open = alone_open, .list = alone_list }, .fd = fd, .size = size, .what = what };
	struct tensor_set *set = NULL;
	int rc = tensor_open(&set, &al.place, a->st ? store_tmpdir(a->st) : NULL, NULL);

	if (rc < 0)
		return rc;
	rc = tensor_cuts(set, a->chunk, cut_here, &a->cuts);
	tensor_close(set);
	return rc;
}

/* JSON text, in which an index of shards might be: not worth reading to its end */
static int is_text(struct span head)
{
	return head.len < HEAD || (head.p[0] == '{' && head.p[7]);
}

/* an error of what stands in the file, and not of reading it */
static int is_content(int rc)
{
	return rc == ERR_INVALID || rc == ERR_UNSUPPORTED || rc == ERR_LIMIT || rc == ERR_CORRUPT || rc == ERR_NOTFOUND;
}

/* Tell the builder.  *why: what was said of a file that has none, else NULL; gives, free() it. */
static int find_cuts(struct adder *a, int fd, uint64_t size, struct span head, const char *what, char **why)
{
	int rc;

	unixfs_cuts_clear(&a->cuts);
	rc = is_text(head) ? err_set(ERR_INVALID, "not a file of tensors") : cuts_of(a, fd, size, what);
	if (rc == 0)
		rc = unixfs_builder_cut(a->b, &a->cuts);
	if (rc == 0 || !is_content(rc))
		return rc;
	unixfs_cuts_clear(&a->cuts);		/* not at those that were found before it went wrong */
	*why = strdup(err_text());
	return *why ? 0 : err_nomem();
}

/* ---- counting ---- */

/* what is read is measured from here */
static struct store_puts mark(const struct adder *a)
{
	return a->o.measure ? add_puts(a) : (struct store_puts){ 0 };
}

static int body_done(struct adder *a, const char *path, const struct store_puts *from, const char *why,
		     const struct unixfs_node *node)
{
	struct ops_add_file f = { .path = path, .size = node->size, .puts = puts_since(mark(a), from), .whole = why };

	a->read = f.puts;
	if ((!a->o.measure && !a->o.tensors) || !a->o.file || a->o.file(a->o.arg, &f) == 0)
		return 0;
	a->user_rc = 1;
	return err_set(ERR_INTERRUPTED, "stopped");
}

/* ---- what comes only once ---- */

struct stream {
	struct adder *a;
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
	uint8_t head[HEAD];
	int fd;				/* a nameless file, in which `len` bytes are, head included; -1: only head */
	uint64_t len, given;
};

/* all of len bytes, unless the end comes */
static ssize_t fill(struct stream *s, uint8_t *p, size_t len)
{
	size_t have = 0;
	ssize_t n = 1;

	while (have < len && n > 0) {
		n = s->read(s->arg, p + have, len - have);
		have += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? n : (ssize_t)have;
}

/* the header is `want` bytes long, with its length */
static int hold(struct stream *s, uint64_t want)
{
	uint8_t *room = malloc(COPY);
	ssize_t n = (ssize_t)s->len;
	int rc = room ? 0 : err_nomem();

	if (rc == 0)
		rc = s->fd = tmpfile_nameless(s->a->st ? store_tmpdir(s->a->st) : NULL);
	if (rc >= 0)
		rc = io_write(s->fd, s->head, s->len, "a nameless file");
	while (rc == 0 && n > 0 && s->len < want) {
		n = fill(s, room, want - s->len < COPY ? want - s->len : COPY);
		rc = n < 0 ? (int)n : io_write(s->fd, room, (size_t)n, "a nameless file");
		s->len += n > 0 ? (uint64_t)n : 0;
	}
	free(room);
	return rc;
}

/* the header, if it looks like one of safetensors; else as little as tells */
static int take_head(struct stream *s, const char *path, char **why)
{
	ssize_t n = fill(s, s->head, HEAD);
	uint64_t len;
	struct rd r;
	int rc;

	if (n < 0)
		return (int)n;
	s->len = (uint64_t)n;
	r = rd_from(span_of(s->head, s->len));
	len = rd_le64(&r);
	if (n < HEAD || len > TENSOR_HEADER_MAX || !strchr("{ \t\r\n", s->head[8]) || !s->head[8]) {
		*why = strdup("not safetensors, of which alone the header comes first");
		return *why ? 0 : err_nomem();
	}
	rc = hold(s, 8 + len);
	return rc < 0 ? rc : find_cuts(s->a, s->fd, TENSOR_UNSIZED, span_of(s->head, HEAD), path, why);
}

static ssize_t give(void *arg, void *p, size_t len)
{
	struct stream *s = arg;
	ssize_t n;

	if (s->given == s->len)
		return s->read(s->arg, p, len);
	if (len > s->len - s->given)
		len = s->len - s->given;
	n = (ssize_t)len;
	if (s->fd < 0)
		memcpy(p, s->head + s->given, len);
	else
		n = io_pread(s->fd, p, len, s->given, "a nameless file");
	s->given += n > 0 ? (uint64_t)n : 0;
	return n;
}

int add_body_read(struct adder *a, const char *path, ssize_t (*read)(void *arg, void *p, size_t len), void *arg,
		  const struct unixfs_meta *meta, struct unixfs_node *out)
{
	struct stream s = { .a = a, .read = read, .arg = arg, .fd = -1 };
	struct store_puts from = mark(a);
	char *why = NULL;
	int rc = a->o.tensors ? take_head(&s, path, &why) : 0;

	if (rc == 0)
		rc = unixfs_add_read(a->b, give, &s, meta, out);
	if (rc == 0)
		rc = body_done(a, path, &from, why, out);
	if (s.fd >= 0)
		close(s.fd);
	free(why);
	return rc;
}

/* ---- files ---- */

struct pipe_in {
	struct adder *a;
	int fd;
	const char *what;
};

static ssize_t pipe_read(void *arg, void *p, size_t len)
{
	struct pipe_in *in = arg;
	ssize_t n = io_read(in->fd, p, len, in->what);

	if (n > 0 && add_progress(in->a, (uint64_t)n))
		return err_set(ERR_INTERRUPTED, "stopped");
	return n;
}

/* 1: it can be asked, and what is read from here on is all of it */
static int is_whole(int fd, struct stat *sb)
{
	return fstat(fd, sb) == 0 && S_ISREG(sb->st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
}

static int look_at(struct adder *a, int fd, const struct stat *sb, const char *path, char **why)
{
	uint8_t head[HEAD];
	ssize_t n = io_pread(fd, head, HEAD, 0, path);

	return n < 0 ? (int)n : find_cuts(a, fd, (uint64_t)sb->st_size, span_of(head, (size_t)n), path, why);
}

int add_body_fd(struct adder *a, int fd, const char *path, int clonable, const struct unixfs_meta *meta,
		struct unixfs_node *out)
{
	struct pipe_in in = { a, fd, path };
	struct store_puts from = mark(a);
	char *why = NULL;
	struct stat sb;
	int rc = 0;

	if (a->o.tensors && !is_whole(fd, &sb))
		return add_body_read(a, path, pipe_read, &in, meta, out);
	if (a->o.tensors)
		rc = look_at(a, fd, &sb, path, &why);
	if (rc == 0)
		rc = unixfs_add_fd(a->b, fd, path, clonable, meta, add_progress, a, out);
	if (rc == 0)
		rc = body_done(a, path, &from, why, out);
	free(why);
	return rc;
}
