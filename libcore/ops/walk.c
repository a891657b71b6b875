/* walk.c - a tree of files, entry by entry */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/spill.h"
#include "base/tmpfile.h"
#include "ops/dirs.h"
#include "ops/walk.h"

enum { READ = 64 * 1024, PATH_LIMIT = 1024 * 1024 };

/* A folder that was entered.  Its names are in memory, each behind its d_type and ended by NUL and
 * sorted by `order`, or in the file of names. */
struct frame {
	struct stat st;
	size_t path_len;		/* of the folder's own path */
	char *names;
	size_t names_len;
	uint32_t *order, n, next;
	uint64_t off, end;		/* in the file of names, when names is NULL */
};

struct walk {
	const struct walk_opts *opts;
	struct buf path;
	size_t top_len;			/* of the path the walk began with */
	int started;
	int leave;			/* the top frame was told as left: pop it */
	struct frame *frame;
	int n, cap;
	struct dirs dirs;		/* the folder of each frame */
	size_t mem;			/* names in memory, all frames */
	/* names that do not fit into memory: one file, the last frame's at its end */
	int names_fd;
	uint64_t names_end;
	char *in;			/* a stretch of the file */
	uint64_t in_off;
	size_t in_len;
};

int walk_new(struct walk **out, const char *path, const struct walk_opts *opts)
{
	struct walk *w = calloc(1, sizeof *w);
	size_t len = strlen(path);
	int rc;

	*out = NULL;
	if (!w)
		return err_nomem();
	w->opts = opts;
	w->dirs.follow = opts->follow;
	w->names_fd = -1;
	buf_init(&w->path, PATH_LIMIT);
	while (len > 1 && path[len - 1] == '/')
		len--;
	rc = len ? buf_bytes(&w->path, path, len) : err_set(ERR_USAGE, "an empty path");
	if (rc < 0) {
		walk_free(w);
		return rc;
	}
	w->top_len = len;
	*out = w;
	return 0;
}

static void frame_clear(struct walk *w, struct frame *f)
{
	w->mem -= f->names_len;
	if (!f->names && f->end)
		w->names_end = f->off;		/* nobody else's is behind */
	free(f->names);
	free(f->order);
}

void walk_free(struct walk *w)
{
	if (!w)
		return;
	while (w->n)
		frame_clear(w, &w->frame[--w->n]);
	free(w->frame);
	dirs_clear(&w->dirs);
	if (w->names_fd >= 0)
		close(w->names_fd);
	free(w->in);
	buf_clear(&w->path);
	free(w);
}

const char *walk_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFBLK: return "a block device";
	case S_IFCHR: return "a character device";
	case S_IFIFO: return "a fifo";
	case S_IFSOCK: return "a socket";
	default: return "of an unknown kind";
	}
}

/* ---- the names of a folder ---- */

static int by_name(struct span a, struct span b)
{
	return span_cmp(span_of(a.p + 1, a.len - 1), span_of(b.p + 1, b.len - 1));
}

static int by_order(const void *a, const void *b, void *names)
{
	return strcmp((char *)names + *(const uint32_t *)a + 1,
		      (char *)names + *(const uint32_t *)b + 1);
}

static int names_open(struct walk *w)
{
	if (w->names_fd >= 0)
		return 0;
	w->in = malloc(READ);
	if (!w->in)
		return err_nomem();
	w->names_fd = tmpfile_nameless(w->opts->tmpdir);
	return w->names_fd < 0 ? w->names_fd : 0;
}

/* the sorted names of a huge folder to the end of the file of names */
static int names_store(struct walk *w, struct frame *f, struct spill *s)
{
	struct span r;
	size_t have = 0;
	int rc = names_open(w);

	f->off = f->end = w->names_end;
	w->in_len = 0;				/* `in` is the way out, too */
	if (rc == 0)
		rc = spill_read(s);
	while (rc == 0 && (rc = spill_next(s, &r)) > 0) {
		rc = 0;
		if (have + r.len > READ) {
			rc = io_pwrite(w->names_fd, w->in, have, f->end, "temporary file");
			f->end += have;
			have = 0;
		}
		memcpy(w->in + have, r.p, r.len);
		have += r.len;
	}
	if (rc == 0 && have)
		rc = io_pwrite(w->names_fd, w->in, have, f->end, "temporary file");
	f->end += have;
	w->names_end = f->end;
	return rc;
}

static int frame_sort(struct frame *f)
{
	uint32_t i, at = 0;

	f->order = malloc((f->n + 1) * sizeof *f->order);
	if (!f->order)
		return err_nomem();
	for (i = 0; i < f->n; i++) {
		f->order[i] = at;
		at += 2 + (uint32_t)strlen(f->names + at + 1);
	}
	qsort_r(f->order, f->n, sizeof *f->order, by_order, f->names);
	return 0;
}

/* too many for memory: hand over what we have to a spill */
static int to_spill(struct walk *w, struct buf *names, struct spill **s)
{
	size_t at = 0;
	int rc = spill_new(s, w->opts->tmpdir, 1024 * 1024, by_name);

	while (rc == 0 && at < names->len) {
		size_t len = 2 + strlen((char *)names->data + at + 1);

		rc = spill_add(*s, span_of(names->data + at, len));
		at += len;
	}
	buf_clear(names);
	return rc;
}

static int list_entries(struct walk *w, struct frame *f, DIR *d, struct buf *names, struct spill **s)
{
	struct dirent *e;
	int rc = 0;

	while (rc == 0) {
		size_t len;

		errno = 0;
		e = readdir(d);
		if (!e)
			return errno ? err_sys("reading folder") : 0;
		if (e->d_name[0] == '.' && (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2]) ||
					    !w->opts->hidden))
			continue;
		len = strlen(e->d_name);
		if (len > NAME_MAX)
			return err_set(ERR_LIMIT, "a name is longer than %d bytes", NAME_MAX);
		if (!*s && (f->n >= WALK_SORT_MAX || w->mem + names->len + len > WALK_NAMES_MEM))
			rc = to_spill(w, names, s);
		if (rc == 0 && *s) {
			char r[NAME_MAX + 2];

			r[0] = (char)e->d_type;
			memcpy(r + 1, e->d_name, len + 1);
			rc = spill_add(*s, span_of(r, len + 2));
		} else if (rc == 0) {
			rc = buf_u8(names, e->d_type);
			if (rc == 0)
				rc = buf_bytes(names, e->d_name, len + 1);
		}
		f->n++;
	}
	return rc;
}

static int list(struct walk *w, struct frame *f, int dirfd)
{
	struct buf names = BUF_INIT(WALK_NAMES_MEM + 512);
	struct spill *s = NULL;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		rc = err_sys("opening folder");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	rc = list_entries(w, f, d, &names, &s);
	closedir(d);
	if (rc == 0 && s) {
		rc = names_store(w, f, s);
	} else if (rc == 0 && names.len) {
		f->names_len = names.len;
		f->names = buf_take(&names);
		w->mem += f->names_len;
		rc = f->names ? frame_sort(f) : err_nomem();
	}
	spill_free(s);
	buf_clear(&names);
	return rc;
}

/* 1 and the next name of the deepest folder, 0: no more */
static int next_name(struct walk *w, uint8_t *type, char name[NAME_MAX + 1])
{
	struct frame *f = &w->frame[w->n - 1];
	const char *at, *nul;

	if (f->names) {
		if (f->next == f->n)
			return 0;
		at = f->names + f->order[f->next++];
		*type = (uint8_t)*at;
		strcpy(name, at + 1);
		return 1;
	}
	if (f->off == f->end)
		return 0;
	for (;;) {
		ssize_t n;

		if (f->off >= w->in_off && f->off < w->in_off + w->in_len) {
			size_t pos = (size_t)(f->off - w->in_off);

			at = w->in + pos;
			nul = pos + 1 < w->in_len ? memchr(at + 1, 0, w->in_len - pos - 1) : NULL;
			if (nul)
				break;
		}
		n = io_pread(w->names_fd, w->in, READ, f->off, "temporary file");
		if (n < 2)
			return n < 0 ? (int)n : err_set(ERR_IO, "a temporary file was cut");
		w->in_off = f->off;
		w->in_len = (size_t)n;
	}
	*type = (uint8_t)*at;
	memcpy(name, at + 1, (size_t)(nul - at));
	f->off += (size_t)(nul - at) + 1;
	return 1;
}

/* ---- events ---- */

static int told(struct walk *w, struct walk_entry *e, enum walk_event ev)
{
	size_t rel = w->path.len > w->top_len ? w->top_len + (w->path.data[w->top_len] == '/') : w->path.len;
	const char *slash;

	if (w->top_len == 1 && w->path.data[0] == '/')
		rel = 1;
	e->path = (const char *)w->path.data;
	e->rel = e->path + rel;
	slash = *e->rel ? strrchr(e->rel, '/') : NULL;
	e->name = slash ? slash + 1 : e->rel;
	if (!*e->rel)
		e->name = e->path;		/* the top, found from where we stand */
	return ev;
}

static int failed(struct walk *w, struct walk_entry *e, int rc)
{
	e->rc = rc;
	return told(w, e, WALK_FAIL);
}

/* room for one more frame */
static int frame_room(struct walk *w)
{
	int cap = w->cap ? 2 * w->cap : 16;
	struct frame *more;

	if (w->n < w->cap)
		return 0;
	more = realloc(w->frame, (size_t)cap * sizeof *more);
	if (!more)
		return err_nomem();
	w->frame = more;
	w->cap = cap;
	return 0;
}

/* the folder at the path's end, found in dirfd */
static int enter(struct walk *w, struct walk_entry *e, int dirfd, const char *name, int follow)
{
	struct frame *f;
	int fd, rc = 0;

	if (w->n > w->opts->depth_max)
		return failed(w, e, err_set(ERR_LIMIT, "folders are nested deeper than %d",
					    w->opts->depth_max));
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return failed(w, e, err_sys("opening folder"));
	if (fstat(fd, &e->st) < 0)
		rc = err_sys("looking at it");
	else if (w->opts->follow && dirs_has(&w->dirs, &e->st))
		rc = err_set(ERR_INVALID, "is a folder above itself, by a symlink");
	if (rc < 0) {
		close(fd);
		return failed(w, e, rc);
	}
	rc = dirs_push(&w->dirs, fd, name, &e->st);
	if (rc < 0)
		return rc;
	rc = frame_room(w);
	if (rc < 0)
		return rc;
	f = &w->frame[w->n++];
	*f = (struct frame){ .st = e->st, .path_len = w->path.len };
	rc = list(w, f, fd);
	if (rc < 0) {
		frame_clear(w, f);
		w->n--;
		dirs_pop(&w->dirs);
		return rc == ERR_NOMEM || rc == ERR_NOSPACE ? rc : failed(w, e, rc);
	}
	e->dirfd = fd;
	e->has_stat = 1;
	e->depth = w->n - 1;
	return told(w, e, WALK_ENTER);
}

static int first(struct walk *w, struct walk_entry *e)
{
	const char *path = (const char *)w->path.data;
	int follow = w->opts->follow || w->opts->follow_top;

	e->dirfd = AT_FDCWD;
	if (fstatat(AT_FDCWD, path, &e->st, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return failed(w, e, err_sys("looking at it"));
	e->has_stat = 1;
	switch (e->st.st_mode & S_IFMT) {
	case S_IFDIR: return enter(w, e, AT_FDCWD, path, follow);
	case S_IFREG: return told(w, e, WALK_FILE);
	case S_IFLNK: return told(w, e, WALK_LINK);
	default: return told(w, e, WALK_OTHER);
	}
}

/* what an entry is: WALK_ENTER stands for a folder */
static int look(struct walk *w, struct walk_entry *e, uint8_t type, const char *name)
{
	int need = w->opts->want_stat || type == DT_UNKNOWN || (type == DT_LNK && w->opts->follow);

	if (!need || type == DT_DIR) {
		switch (type) {
		case DT_REG: return WALK_FILE;
		case DT_DIR: return WALK_ENTER;
		case DT_LNK:
			if (!need)
				return WALK_LINK;
			break;
		default:
			break;
		}
	}
	if (fstatat(e->dirfd, name, &e->st, w->opts->follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys("looking at it");
	e->has_stat = 1;
	switch (e->st.st_mode & S_IFMT) {
	case S_IFDIR: return WALK_ENTER;
	case S_IFREG: return WALK_FILE;
	case S_IFLNK: return WALK_LINK;
	default: return WALK_OTHER;
	}
}

int walk_next(struct walk *w, struct walk_entry *e)
{
	char name[NAME_MAX + 1];
	struct frame *f;
	uint8_t type = DT_UNKNOWN;
	int rc, kind;

	*e = (struct walk_entry){ .dirfd = AT_FDCWD };
	if (!w->started) {
		w->started = 1;
		return first(w, e);
	}
	for (;;) {
		if (w->leave) {
			frame_clear(w, &w->frame[--w->n]);
			dirs_pop(&w->dirs);
			w->leave = 0;
		}
		if (!w->n)
			return WALK_END;
		f = &w->frame[w->n - 1];
		w->path.len = f->path_len;
		w->path.data[w->path.len] = 0;
		e->dirfd = dirs_fd(&w->dirs);
		if (e->dirfd < 0)
			return err_add(e->dirfd, "'%s'", (char *)w->path.data);
		rc = next_name(w, &type, name);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			e->st = f->st;
			e->has_stat = 1;
			e->depth = w->n - 1;
			w->leave = 1;
			return told(w, e, WALK_LEAVE);
		}
		if (f->path_len > 1 || w->path.data[0] != '/') {
			rc = buf_u8(&w->path, '/');
			if (rc < 0)
				return rc;
		}
		rc = buf_str(&w->path, name);
		if (rc < 0)
			return rc;
		e->depth = w->n;
		kind = look(w, e, type, name);
		if (kind < 0)
			return failed(w, e, kind);
		told(w, e, kind);
		if (w->opts->want && !w->opts->want(w->opts->arg, e->rel, kind == WALK_ENTER))
			continue;
		if (kind == WALK_ENTER)
			return enter(w, e, e->dirfd, name, w->opts->follow);
		return kind;
	}
}

int walk_open(struct walk *w, const struct walk_entry *e, struct stat *st)
{
	int follow = w->opts->follow || (!*e->rel && w->opts->follow_top);
	/* nonblocking: should it be a fifo by now, do not wait for its writer */
	int fd = openat(e->dirfd, e->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
			(follow ? 0 : O_NOFOLLOW));
	int rc;

	if (fd < 0)
		return err_sys("opening it");
	if (fstat(fd, st) < 0)
		rc = err_sys("looking at it");
	else if (!S_ISREG(st->st_mode))
		rc = err_set(ERR_INVALID, "was exchanged by something that is not a file");
	else
		return fd;
	close(fd);
	return rc;
}
