/*
 * reader.c - any bytes of a file, again and again.
 * Kept open are the nodes on the way to the last place, each with its own place among its children, and the leaf: a
 * block that was read and checked, or an extent.  Of an extent a descriptor is kept, or for whoever wants to look
 * at many places in it, a window of its segment in memory.  A segment may be unlinked, or in a collection on a full disk cut
 * short: then its blocks are elsewhere by now, and the leaf is opened anew.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/guard.h"
#include "base/io.h"
#include "unixfs/read_priv.h"

enum {
	WINDOW = 4 * 1024 * 1024,	/* bytes of a segment in memory; a multiple of the page size */
	MARKS_MAX = 128			/* places kept of a node, to go back to */
};

/* Before a child of a node: the file's offset there, and how to go on. */
struct spot {
	uint64_t off;
	struct pb_iter links;
	struct unixfs_sizes sizes;
};

struct place {				/* of the node on the same level of the stack */
	uint64_t start, end;		/* what of the file is below it */
	struct spot now;
	uint64_t i, every;		/* number of the child; so many between two marks */
	struct spot *mark;
	size_t n_marks, cap;
};

struct leaf {
	uint64_t start, len;		/* len 0: none is open */
	int extent, mapped;		/* mapped: an extent all of which is in the window */
	int fd, borrowed;		/* of an extent */
	uint64_t off;			/* of the bytes in the segment */
	struct span bytes;		/* no extent: in `block`, or mapped */
};

struct file {				/* which one, and bytes in it when we looked; size 0: nobody did */
	dev_t dev;
	ino_t ino;
	uint64_t size;
};

struct window {
	struct guard map;		/* not mapped: none */
	int fd;				/* what it is of; its own */
	struct file file;
	uint64_t off;
};

struct unixfs_reader {
	struct dag_source *src;
	struct cid root;
	uint64_t size;
	struct dag_stack stack;
	struct place *place;
	size_t n_places;
	struct buf block;
	struct leaf leaf;
	struct file file;		/* of the extent opened last */
	struct window window;
	int shown, cut;			/* since it was asked: something was seen in a window; one that was cut */
	struct unixfs_read_count count;
};

static int lied(const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	return err_set(ERR_INVALID, "block %s: the sizes in it and above it contradict each other", cid_text(cid, text));
}

/* ---- places in inner nodes ---- */

static int add_mark(struct place *p)
{
	struct spot *more;
	size_t cap;

	if (p->n_marks == p->cap) {
		cap = p->cap ? 2 * p->cap : 4;
		more = realloc(p->mark, cap * sizeof *more);
		if (!more)
			return err_nomem();
		p->mark = more;
		p->cap = cap;
	}
	p->mark[p->n_marks++] = p->now;
	return 0;
}

/* the first child of the node in `block` */
static int place_begin(struct place *p, const struct buf *block)
{
	struct read_node n;
	int rc = read_decode(block, &n);

	if (rc < 0)
		return rc;
	if (n.data.n_blocksizes != n.pb.n_links)
		return err_set(ERR_INVALID, "file does not support seeking");
	p->now = (struct spot){ p->start, pb_links(&n.pb), unixfs_blocksizes(&n.data) };
	p->i = p->n_marks = 0;
	p->every = n.pb.n_links / MARKS_MAX + 16;
	return add_mark(p);
}

static void go_back(struct place *p, uint64_t off)
{
	size_t lo = 0, hi = p->n_marks, mid;	/* mark[lo] is not behind off */

	while (hi - lo > 1) {
		mid = lo + (hi - lo) / 2;
		if (p->mark[mid].off <= off)
			lo = mid;
		else
			hi = mid;
	}
	p->now = p->mark[lo];
	p->i = lo * p->every;
}

/* the child with the byte at `off`: 1, or 0: there is none */
static int find_child(struct place *p, uint64_t off, struct cid *cid, uint64_t *size)
{
	struct pb_link link;
	struct spot next;
	int rc;

	if (off < p->now.off)
		go_back(p, off);
	for (;;) {
		next = p->now;
		if (!pb_next(&next.links, &link) || !unixfs_blocksize_next(&next.sizes, size))
			return 0;
		if (*size > p->end - next.off)
			return 0;
		if (off - next.off < *size)
			break;
		next.off += *size;
		p->now = next;
		if (++p->i == p->n_marks * p->every) {
			rc = add_mark(p);
			if (rc < 0)
				return rc;
		}
	}
	rc = cid_decode(link.hash, cid);
	return rc < 0 ? rc : 1;
}

/* takes the block */
static int push(struct unixfs_reader *r, const struct cid *cid, struct buf *block, uint64_t start, uint64_t size)
{
	size_t n = (size_t)r->stack.n, cap;
	struct place *p;
	int rc;

	if (n == r->n_places) {
		cap = n ? 2 * n : 8;
		p = realloc(r->place, cap * sizeof *p);
		if (!p)
			return err_nomem();
		memset(p + n, 0, (cap - n) * sizeof *p);
		r->place = p;
		r->n_places = cap;
	}
	rc = dag_stack_push(&r->stack, cid, block);
	if (rc < 0)
		return rc;
	p = &r->place[n];
	p->start = start;
	p->end = start + size;
	rc = place_begin(p, &r->stack.level[n].block);
	if (rc < 0)
		dag_stack_pop(&r->stack);
	return rc;
}

/* ---- the window ---- */

/* 1: what it showed was there.  A page that is cut within is half of zeros, and no signal tells of it. */
static int whole(const struct window *w)
{
	struct stat st;

	return !guard_hit(&w->map) && fstat(w->fd, &st) == 0 && (uint64_t)st.st_size >= w->off + w->map.map.len;
}

static void close_window(struct unixfs_reader *r)
{
	struct window *w = &r->window;

	if (!w->map.map.p)
		return;
	r->cut |= r->shown && !whole(w);
	guard_close(&w->map);
	close(w->fd);
}

/* 1: the window shows [off, off + len) of the file it is of */
static int covers(const struct window *w, uint64_t off, uint64_t len)
{
	return off >= w->off && off - w->off <= w->map.map.len && len <= w->map.map.len - (off - w->off);
}

/* 1: the window is of the file the descriptor is of */
static int same_file(struct unixfs_reader *r, int fd)
{
	struct file *f = &r->file;
	struct stat st;

	if (f->size == 0) {
		if (fstat(fd, &st) < 0)
			return 0;
		*f = (struct file){ st.st_dev, st.st_ino, (uint64_t)st.st_size };
	}
	return r->window.map.map.p && r->window.file.dev == f->dev && r->window.file.ino == f->ino;
}

/* a few bytes around a leaf: in the window, if they are there */
static ssize_t peek(void *arg, int fd, void *to, size_t len, uint64_t off)
{
	struct unixfs_reader *r = arg;
	const struct window *w = &r->window;

	if (!w->map.map.p || !same_file(r, fd) || !covers(w, off, len))
		return io_pread(fd, to, len, off, "segment");
	memcpy(to, w->map.map.p + (off - w->off), len);
	return (ssize_t)len;		/* cut off meanwhile: zeros, with which nothing begins or ends */
}

/* the window over the place of the leaf at `off`: 1, or 0: not to be had */
static int look(struct unixfs_reader *r, uint64_t off)
{
	uint64_t at = r->leaf.off + (off - r->leaf.start), from = at - at % WINDOW;
	uint64_t rest;

	if (same_file(r, r->leaf.fd) && covers(&r->window, at, 1) && !guard_hit(&r->window.map))
		return 1;
	if (r->file.size < r->leaf.off + r->leaf.len)
		return 0;		/* cut short: reading finds out what became of it */
	close_window(r);
	rest = r->file.size - from;
	r->window = (struct window){ .file = r->file, .off = from, .fd = fcntl(r->leaf.fd, F_DUPFD_CLOEXEC, 0) };
	if (r->window.fd < 0)
		return 0;
	if (guard_open(&r->window.map, r->leaf.fd, from, rest < WINDOW ? rest : WINDOW))
		return 1;
	close(r->window.fd);
	return 0;
}

/* ---- the leaf ---- */

static void close_leaf(struct unixfs_reader *r)
{
	if (r->leaf.fd >= 0 && !r->leaf.borrowed)
		close(r->leaf.fd);
	r->leaf = (struct leaf){ .fd = -1 };
}

/* open what is at this CID, `size` bytes of the file from `start`: 1: a leaf, 0: a node, which is on the stack now */
static int enter(struct unixfs_reader *r, const struct cid *cid, uint64_t start, uint64_t size)
{
	struct piece p;
	struct read_node n = { .data.data = { NULL, 0 } };
	struct leaf leaf = { .start = start, .len = size, .fd = -1 };
	struct read_bytes from = { peek, r };
	int rc;

	r->file.size = 0;
	rc = read_leaf_extent(r->src, cid, &from, &p);
	if (rc < 0)
		return rc;
	r->count.blocks++;
	if (rc) {
		leaf.extent = leaf.borrowed = 1;
		leaf.fd = p.fd;
		leaf.off = p.off;
		r->leaf = leaf;
		if (p.len == size)
			return 1;
		close_leaf(r);
		return lied(cid);
	}
	if (cid->codec == CID_RAW) {
		buf_reset(&r->block);
		rc = dag_get(r->src, cid, &r->block);
	} else {
		rc = read_get(r->src, cid, &r->block, &n);
	}
	if (rc < 0)
		return rc;
	r->count.bytes += r->block.len;
	if (cid->codec != CID_RAW && !unixfs_is_file(n.data.type))
		return read_wrong_node(n.data.type, 0);
	if (cid->codec != CID_RAW && n.pb.n_links)
		return push(r, cid, &r->block, start, size);
	leaf.bytes = cid->codec == CID_RAW ? buf_span(&r->block) : n.data.data;
	if (leaf.bytes.len != size)
		return lied(cid);
	r->leaf = leaf;
	return 1;
}

/* the node to go on from: 1, or 0: none is open */
static int deepest(struct unixfs_reader *r, uint64_t off, struct place **p)
{
	struct dag_level *l;
	int rc;

	while (r->stack.n && (off < r->place[r->stack.n - 1].start || off >= r->place[r->stack.n - 1].end))
		dag_stack_pop(&r->stack);
	rc = dag_stack_top(&r->stack, &l);
	if (rc <= 0)
		return rc;
	*p = &r->place[r->stack.n - 1];
	if (rc == 1)
		return 1;
	rc = place_begin(*p, &l->block);	/* it was read again: the spans are stale */
	if (rc == 0)
		return 1;
	dag_stack_pop(&r->stack);
	return rc;
}

/* open the leaf with the byte at `off` < size */
static int locate(struct unixfs_reader *r, uint64_t off)
{
	struct cid cid = r->root;
	uint64_t start = 0, size = r->size;
	char text[CID_TEXT_MAX];
	struct place *p;
	int rc = 0;

	if (off - r->leaf.start < r->leaf.len)
		return 0;
	close_leaf(r);
	while (rc == 0) {
		rc = deepest(r, off, &p);
		if (rc > 0) {
			rc = find_child(p, off, &cid, &size);
			start = p->now.off;
			if (rc == 0)
				rc = lied(&r->stack.level[r->stack.n - 1].cid);
		} else if (rc == 0) {
			rc = 1;
		}
		if (rc > 0)
			rc = enter(r, &cid, start, size);
		if (rc == ERR_INVALID)
			err_add(rc, "file %s", cid_text(&r->root, text));
	}
	return rc < 0 ? rc : 0;
}

/* The descriptor of an extent is the source's until its next call: if not all of the leaf was used, one of our own. */
static void keep(struct unixfs_reader *r, uint64_t used)
{
	struct leaf *l = &r->leaf;

	if (!l->extent || !l->borrowed)
		return;
	l->fd = used < l->len ? fcntl(l->fd, F_DUPFD_CLOEXEC, 0) : -1;
	l->borrowed = 0;
	if (l->fd < 0)
		close_leaf(r);
}

/* the next `len` bytes of the leaf: 1; 0: it was cut off; or an error */
static int try_copy(struct unixfs_reader *r, uint64_t off, void *p, size_t len)
{
	const struct leaf *l = &r->leaf;
	ssize_t n;

	if (!l->extent) {
		memcpy(p, l->bytes.p + (off - l->start), len);
		return !l->mapped || whole(&r->window);
	}
	n = io_pread(l->fd, p, len, l->off + (off - l->start), "segment");
	return n < 0 ? (int)n : (size_t)n == len;
}

/* all of the next bytes of the leaf at `off`, up to `len`; *n: how many */
static int copy(struct unixfs_reader *r, uint64_t off, void *p, size_t len, size_t *n)
{
	int rc = 0, tries;

	for (tries = 0; rc == 0 && tries < 3; tries++) {
		if (tries)
			close_leaf(r);		/* what was cut off is found elsewhere */
		rc = locate(r, off);
		if (rc < 0)
			return rc;
		*n = (size_t)(r->leaf.start + r->leaf.len - off < len ? r->leaf.start + r->leaf.len - off : len);
		rc = try_copy(r, off, p, *n);
	}
	if (rc == 0)
		rc = err_set(ERR_CORRUPT, "a segment ends before its record does");
	if (rc == 1 && (r->leaf.mapped || r->leaf.extent))
		r->count.bytes += *n;
	keep(r, *n);
	return rc < 0 ? rc : 0;
}

/* what the window shows of the leaf, from *start on */
static struct span shown(struct unixfs_reader *r, uint64_t *start)
{
	const struct window *w = &r->window;
	const struct leaf *l = &r->leaf;
	uint64_t from = l->off > w->off ? l->off : w->off, end = l->off + l->len;

	if (end > w->off + w->map.map.len)
		end = w->off + w->map.map.len;
	*start = l->start + (from - l->off);
	r->shown = 1;
	return span_of(w->map.map.p + (from - w->off), (size_t)(end - from));
}

/* ---- the door ---- */

static int check_range(const struct unixfs_reader *r, uint64_t off, uint64_t len)
{
	return off <= r->size && len <= r->size - off ? 0 : err_set(ERR_INVALID, "the file ends before that");
}

static int open_root(struct unixfs_reader *r)
{
	struct unixfs_stat st;
	struct read_node n;
	int rc;

	if (r->root.codec == CID_RAW)
		return dag_size(r->src, &r->root, &r->size);
	rc = read_get(r->src, &r->root, &r->block, &n);
	if (rc < 0)
		return rc;
	if (!unixfs_is_file(n.data.type))
		return read_wrong_node(n.data.type, 1);
	r->count.blocks++;
	r->count.bytes += r->block.len;
	read_stat(&n, &st);
	r->size = st.size;
	if (n.pb.n_links)
		return push(r, &r->root, &r->block, 0, r->size);
	r->size = n.data.data.len;
	r->leaf = (struct leaf){ .len = r->size, .fd = -1, .bytes = n.data.data };
	return 0;
}

int unixfs_reader_open(struct unixfs_reader **out, struct dag_source *src, const struct cid *cid)
{
	struct unixfs_reader *r = calloc(1, sizeof *r);
	int rc;

	if (!r)
		return err_nomem();
	r->src = src;
	r->root = *cid;
	r->leaf.fd = -1;
	buf_init(&r->block, DAG_BLOCK_MAX);
	dag_stack_init(&r->stack, src);
	rc = open_root(r);
	if (rc < 0)
		unixfs_reader_close(r);
	else
		*out = r;
	return rc;
}

void unixfs_reader_close(struct unixfs_reader *r)
{
	size_t i;

	if (!r)
		return;
	close_leaf(r);
	close_window(r);
	for (i = 0; i < r->n_places; i++)
		free(r->place[i].mark);
	free(r->place);
	dag_stack_clear(&r->stack);
	buf_clear(&r->block);
	free(r);
}

uint64_t unixfs_reader_size(const struct unixfs_reader *r)
{
	return r->size;
}

struct unixfs_read_count unixfs_reader_count(const struct unixfs_reader *r)
{
	return r->count;
}

int unixfs_reader_read(struct unixfs_reader *r, uint64_t off, void *p, size_t len)
{
	uint8_t *to = p;
	size_t n = 0;
	int rc = check_range(r, off, len);

	while (rc == 0 && len > 0) {
		rc = copy(r, off, to, len, &n);
		to += n;
		off += n;
		len -= n;
	}
	return rc;
}

int unixfs_reader_cat(struct unixfs_reader *r, uint64_t off, uint64_t len, struct sink *out)
{
	struct leaf *l = &r->leaf;
	struct piece p;
	int rc = check_range(r, off, len);

	while (rc == 0 && len > 0) {
		if (l->mapped)
			close_leaf(r);	/* to have it as an extent again */
		rc = locate(r, off);
		if (rc < 0)
			break;
		p = (struct piece){ .fd = -1, .len = l->start + l->len - off };
		if (p.len > len)
			p.len = len;
		if (l->extent) {
			p.fd = l->fd;
			p.off = l->off + (off - l->start);
		} else {
			p.bytes = span_of(l->bytes.p + (off - l->start), (size_t)p.len);
		}
		if (l->extent)
			r->count.bytes += p.len;
		rc = sink_put(out, &p);
		keep(r, p.len);
		off += p.len;
		len -= p.len;
	}
	return rc;
}

int unixfs_reader_view(struct unixfs_reader *r, uint64_t off, uint64_t *start, struct span *bytes)
{
	struct leaf *l = &r->leaf;
	int rc = check_range(r, off, 1);

	if (rc == 0)
		rc = locate(r, off);
	if (rc < 0)
		return rc;
	*start = l->start;
	*bytes = l->bytes;
	if (l->mapped)
		r->shown = 1;
	if (!l->extent)
		return l->mapped ? 1 : 2;
	if (!look(r, off)) {
		keep(r, 0);
		return 0;
	}
	*bytes = shown(r, start);
	if (bytes->len == l->len) {		/* all of it: no descriptor needed */
		if (!l->borrowed)
			close(l->fd);
		l->fd = -1;
		l->borrowed = l->extent = 0;
		l->mapped = 1;
		l->bytes = *bytes;
	} else {
		keep(r, 0);
	}
	return 1;
}

int unixfs_reader_seen(struct unixfs_reader *r)
{
	int good = !r->cut && !(r->shown && r->window.map.map.p && !whole(&r->window));

	if (!good) {			/* what is shown next is something else */
		close_leaf(r);
		close_window(r);
	}
	r->shown = r->cut = 0;
	return good;
}
