/*
 * file.c - files into blocks.
 * A file is read into a ring of slabs, each a stretch of it that ends at a chunk boundary.  Threads
 * name the chunks of a slab while later slabs are read and earlier ones written; blocks are handed
 * over in order, and their bytes are never copied.  Where it is known beforehand which bytes a slab
 * holds (an ordinary file, chunks of one size) the threads also read it, and holes are not read at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "unixfs/unixfs_priv.h"

enum {
	SLAB_FIRST = 256 * 1024,	/* bytes: less is not worth handing to a thread */
	SLAB_AIM = 1024 * 1024,		/* in a long file fewer, larger ones are better */
	SLABS_FIRST = 4,
	SLAB_MORE = 1024 * 1024,	/* content-defined chunks: this many behind the longest */
	SLAB_CHUNKS = 1024,
	CUT_CHUNKS = 256,		/* where there are cuts: so many at most */
	RING_MEM = 48 * 1024 * 1024, RING_MIN = 4, RING_MAX = 130,
	HEAD_MAX = 32, TAIL_MAX = 64	/* bytes of a dag-pb leaf around its chunk */
};

/* A chunk in a slab, and the leaf it becomes: head, chunk, tail (raw leaves have only the chunk). */
struct chunk {
	size_t off, len;
	uint8_t head[HEAD_MAX], tail[TAIL_MAX];
	size_t head_len, tail_len;
	struct cid cid;
};

struct slab {
	struct pool_job job;		/* first: the pool's handle on a slab */
	struct unixfs_builder *b;
	uint8_t *mem;
	size_t len;			/* bytes in mem */
	uint64_t off;			/* of mem[0] in the file */
	struct chunk *chunks;
	int n, cap;
	enum { FROM_MEM, FROM_FILE, FROM_HOLE } from;	/* FROM_FILE: the job reads its bytes */
	int fd;				/* … here */
	int rc;				/* of the job: 0, 1: the file ended early, or an error */
};

/* Where the bytes come from. */
struct input {
	int fd;				/* -1: from `read` */
	const char *what;
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
	int clonable;
	int (*progress)(void *arg, uint64_t bytes);
	void *progress_arg;
	int eof, advised;
	/* of an ordinary file in chunks of one size: */
	int planned;			/* slabs up to `size` may be read by their jobs */
	uint64_t size;			/* bytes, when it was opened */
	uint64_t data, hole;		/* file bytes [data, hole) are known to be data, and there is
					 * none between the last slab planned and `data` */
};

/* Make the framing of a leaf and name it.  Runs in threads: touches the chunk only. */
static int name_leaf(const struct unixfs_builder *b, struct chunk *c, struct span bytes,
		     const struct unixfs_meta *meta)
{
	struct unixfs_data d = { .type = b->opts.trickle ? UNIXFS_RAW : UNIXFS_FILE,
				 .has_filesize = 1, .filesize = c->len };
	uint8_t room[TAIL_MAX];
	struct buf rest = { room, 0, sizeof room, sizeof room - 1 };
	struct buf head = { c->head, 0, sizeof c->head, sizeof c->head - 1 };
	struct span parts[3];
	size_t data_len;
	int rc;

	c->head_len = c->tail_len = 0;
	if (b->opts.raw_leaves)
		return name_block(&b->as, CID_RAW, &bytes, 1, &c->cid);
	if (meta)
		d.meta = *meta;
	/* the message without its Data field: the type, behind which the chunk belongs, and the tail */
	rc = unixfs_encode(&rest, &d, NULL, 0);
	if (rc < 0)
		return rc;
	data_len = rest.len;
	if (c->len)
		data_len += 1 + varint_len(c->len) + c->len;
	buf_u8(&head, 0x0a);			/* all of it fits: no failures */
	buf_varint(&head, data_len);
	buf_bytes(&head, rest.data, 2);
	if (c->len) {
		buf_u8(&head, 0x12);
		buf_varint(&head, c->len);
	}
	c->head_len = head.len;
	c->tail_len = rest.len - 2;
	memcpy(c->tail, rest.data + 2, c->tail_len);
	parts[0] = span_of(c->head, c->head_len);
	parts[1] = bytes;
	parts[2] = span_of(c->tail, c->tail_len);
	return name_block(&b->as, CID_DAG_PB, parts, 3, &c->cid);
}

static int name_slab(struct slab *s, const struct unixfs_meta *meta)
{
	int i, rc = 0;

	for (i = 0; rc == 0 && i < s->n; i++)
		rc = name_leaf(s->b, &s->chunks[i], span_of(s->mem + s->chunks[i].off, s->chunks[i].len),
			       meta);
	return rc;
}

/* 1: the file is shorter than it was; s->len is what is left of it */
static int load_slab(struct slab *s, const char *what)
{
	size_t want = s->len;
	ssize_t got = io_pread(s->fd, s->mem, want, s->off, what);

	if (got < 0)
		return (int)got;
	s->len = (size_t)got;
	return s->len < want;
}

static void run_job(struct pool_job *job)
{
	struct slab *s = (struct slab *)(void *)job;

	s->rc = s->from == FROM_FILE ? load_slab(s, "") : 0;
	if (s->rc == 0)
		s->rc = name_slab(s, NULL);
}

/* ---- one file on its way ---- */

struct run {
	struct unixfs_builder *b;
	struct input *in;
	struct cutter cutter;		/* at the end of what was cut */
	uint64_t filled, submitted, collected;	/* slabs; slab i is slabs[i % n_slabs] */
	int ended;		/* a job found the end: what later slabs hold is not of the file */
};

static struct slab *slab_at(const struct run *r, uint64_t i)
{
	return &r->b->slabs[i % (uint64_t)r->b->n_slabs];
}

static int slab_ready(struct unixfs_builder *b, struct slab *s)
{
	int cap = b->cuts && b->slab_chunks < CUT_CHUNKS ? CUT_CHUNKS : b->slab_chunks;

	if (!s->mem)
		s->mem = malloc(b->slab_len);
	if (s->cap < cap) {			/* what is in it is of an earlier slab */
		free(s->chunks);
		s->chunks = malloc((size_t)cap * sizeof *s->chunks);
		s->cap = s->chunks ? cap : 0;
	}
	s->b = b;
	return s->mem && s->chunks ? 0 : err_nomem();
}

/* Two slabs are enough until there are threads; with them the ring grows.  Slabs 0 and 1 keep their
 * places. */
static int start_threads(struct unixfs_builder *b)
{
	int rc, n;

	if (b->pool)
		return 0;
	rc = pool_new(&b->pool, 0);
	if (rc < 0)
		return rc;
	n = 2 * pool_threads(b->pool) + 2;
	while (n > RING_MIN && (size_t)n * b->slab_len > RING_MEM)
		n--;
	b->n_slabs = n < RING_MAX ? n : RING_MAX;
	return 0;
}

static int tell(struct input *in, size_t bytes)
{
	int stop = in->progress ? in->progress(in->progress_arg, bytes) : 0;

	return stop <= 0 ? stop : err_set(ERR_INTERRUPTED, "stopped");
}

/* Bytes of a slab that is full.  It ends where a chunk does, if that is known. */
static size_t full_slab(const struct run *r, const struct slab *s)
{
	size_t len = r->filled < SLABS_FIRST ? r->b->slab_first : r->b->slab_len;

	return r->cutter.cuts ? cutter_ahead(r->cutter, len, s->cap) : len;
}

/* Read until the slab is full or the input at its end. */
static int fill(struct run *r, struct slab *s)
{
	struct input *in = r->in;
	size_t want = full_slab(r, s) - s->len, before = s->len;
	ssize_t got = 1;

	if (in->fd >= 0 && !in->advised && r->filled > 0) {
		posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);	/* pipes refuse: no matter */
		in->advised = 1;
	}
	if (in->planned && r->filled > 0 && lseek(in->fd, (off_t)(s->off + s->len), SEEK_SET) < 0)
		return err_sys("reading '%s'", in->what);
	while (want > 0 && got > 0) {
		got = in->fd >= 0 ? io_read(in->fd, s->mem + s->len, want, in->what)
				  : in->read(in->arg, s->mem + s->len, want);
		if (got < 0)
			return (int)got;
		s->len += (size_t)got;
		want -= (size_t)got;
		if (in->fd >= 0 && want > 0)
			got = 0;		/* io_read stops short only at the end */
	}
	in->eof = got == 0;
	return s->len > before ? tell(in, s->len - before) : 0;
}

/* ---- slabs that are known before they are read ---- */

static void look_at(struct unixfs_builder *b, struct input *in)
{
	struct stat sb;

	if (!in->clonable || chunker_min(b->chunker) != chunker_max(b->chunker) ||
	    fstat(in->fd, &sb) < 0 || !S_ISREG(sb.st_mode))
		return;
	in->size = (uint64_t)sb.st_size;
	in->planned = 1;
	/* no holes, no questions */
	in->data = 0;
	in->hole = (uint64_t)sb.st_blocks * 512 >= in->size ? in->size : 0;
}

/* Where the next data begins.  Where the filesystem cannot tell, all is data; and behind the end of a file
 * that was cut meanwhile there is no hole: reading finds that out. */
static uint64_t next_data(const struct input *in, uint64_t off)
{
	off_t at = lseek(in->fd, (off_t)off, SEEK_DATA);
	struct stat sb;

	if (at >= 0)
		return (uint64_t)at;
	if (errno == ENXIO && fstat(in->fd, &sb) == 0 && (uint64_t)sb.st_size >= in->size)
		return UINT64_MAX;
	return off;
}

/* 1: the file has no data in [off, off + len). */
static int is_hole(struct input *in, uint64_t off, uint64_t len)
{
	off_t at;

	if (off >= in->hole) {
		in->data = next_data(in, off);
		at = in->data == UINT64_MAX ? -1 : lseek(in->fd, (off_t)in->data, SEEK_HOLE);
		in->hole = at < 0 ? UINT64_MAX : (uint64_t)at;
	}
	return off + len <= in->data;
}

/* 1: this slab is wholly inside the file as it was, and its job reads it */
static int plan(struct run *r, struct slab *s)
{
	struct input *in = r->in;

	if (!in->planned || r->filled == 0 || s->len || s->off + r->b->slab_len > in->size)
		return 0;
	s->len = full_slab(r, s);
	s->fd = in->fd;
	s->from = is_hole(in, s->off, s->len) ? FROM_HOLE : FROM_FILE;
	return 1;
}

/* the leaf of so many zeros; most chunks of holes are alike */
static int name_zeros(struct unixfs_builder *b, size_t len)
{
	int rc;

	if (!b->zeros)
		b->zeros = calloc(1, chunker_max(b->chunker));
	if (!b->zero)
		b->zero = calloc(1, sizeof *b->zero);
	if (!b->zeros || !b->zero)
		return err_nomem();
	if (b->zero->len == len)
		return 0;
	b->zero->len = len;
	rc = name_leaf(b, b->zero, span_of(b->zeros, len), NULL);
	if (rc < 0)
		b->zero->len = 0;
	return rc;
}

static int name_hole(struct unixfs_builder *b, struct slab *s)
{
	struct chunk *c;
	int rc = 0;

	for (c = s->chunks; rc == 0 && c < s->chunks + s->n; c++) {
		rc = name_zeros(b, c->len);
		if (rc == 0) {
			b->zero->off = c->off;
			*c = *b->zero;
		}
	}
	return rc;
}

/* Cut the slab into chunks; returns the bytes used.  What is left may be a part of a chunk. */
static size_t cut(struct run *r, struct slab *s)
{
	struct chunker *chunker = r->b->chunker;
	size_t pos = 0, max = chunker_max(chunker), n;
	int all = r->in->eof || r->cutter.cuts;

	s->n = 0;
	while (pos < s->len && (all || s->len - pos >= max)) {
		n = r->cutter.cuts ? cutter_next(&r->cutter) :
		    chunker_next(chunker, span_of(s->mem + pos, s->len - pos), r->in->eof);
		n = n < s->len - pos ? n : s->len - pos;
		s->chunks[s->n].off = pos;
		s->chunks[s->n++].len = n;
		pos += n;
	}
	return pos;
}

/* the file ended before the slab did */
static void trim(struct slab *s)
{
	while (s->n && s->chunks[s->n - 1].off >= s->len)
		s->n--;
	if (s->n)
		s->chunks[s->n - 1].len = s->len - s->chunks[s->n - 1].off;
}

/* Hand the named chunks of a slab over and build upon them. */
static int emit(struct run *r, struct slab *s)
{
	struct unixfs_builder *b = r->b;
	struct dag_block block = { .src_fd = r->in->clonable && s->from != FROM_HOLE ? r->in->fd : -1 };
	struct unixfs_node leaf = { .type = UNIXFS_FILE };
	struct chunk *c;
	int rc = 0;

	for (c = s->chunks; rc == 0 && c < s->chunks + s->n; c++) {
		block.cid = &c->cid;
		block.n_parts = 0;
		if (c->head_len)
			block.parts[block.n_parts++] = span_of(c->head, c->head_len);
		block.parts[block.n_parts++] = span_of(s->from == FROM_HOLE ? b->zeros : s->mem + c->off,
						       c->len);
		if (c->tail_len)
			block.parts[block.n_parts++] = span_of(c->tail, c->tail_len);
		block.src_off = s->off + c->off;
		block.payload_at = (uint32_t)c->head_len;
		block.payload_len = (uint32_t)c->len;
		rc = dag_put(b->sink, &block);
		if (rc < 0)
			break;
		leaf.cid = c->cid;
		leaf.size = c->len;
		leaf.tsize = c->head_len + c->len + c->tail_len;
		rc = layout_leaf(&b->layout, &leaf);
	}
	return rc;
}

static void submit(struct run *r)
{
	struct slab *s = slab_at(r, r->submitted++);

	if (s->from == FROM_HOLE)
		return;
	s->job.run = run_job;
	pool_submit(r->b->pool, &s->job);
}

/* bytes of the chunks planned */
static size_t want_of(const struct slab *s)
{
	return s->n ? s->chunks[s->n - 1].off + s->chunks[s->n - 1].len : 0;
}

static int collect(struct run *r)
{
	struct slab *s = slab_at(r, r->collected++);
	int rc;

	if (s->from == FROM_HOLE) {
		rc = r->ended ? 0 : name_hole(r->b, s);
	} else {
		pool_wait(r->b->pool, &s->job);
		rc = s->rc;
	}
	if (r->ended)
		return 0;
	/* what went wrong is done once more here, where the message is heard */
	if (rc < 0 && s->from == FROM_FILE) {
		s->len = want_of(s);
		rc = load_slab(s, r->in->what);
	}
	if (rc != 0 && s->from != FROM_HOLE) {
		if (rc > 0) {
			r->ended = r->in->eof = 1;
			trim(s);
		}
		rc = name_slab(s, NULL);
	}
	if (rc == 0 && s->from != FROM_MEM)
		rc = tell(r->in, s->len);
	return rc < 0 ? rc : emit(r, s);
}

/* The whole input is in one slab: no threads for that. */
static int finish_small(struct run *r, const struct unixfs_meta *meta)
{
	struct slab *s = slab_at(r, 0);
	int balanced = !r->b->opts.trickle, rc;

	if (s->n == 0 && balanced) {		/* an empty file is an empty leaf */
		s->chunks[0].off = s->chunks[0].len = 0;
		s->n = 1;
	}
	rc = name_slab(s, s->n == 1 && balanced ? meta : NULL);
	return rc < 0 ? rc : emit(r, s);
}

/* Make room for the next slab and begin it with what the last one left over. */
static int carry_on(struct run *r, const struct slab *s, size_t used, size_t over)
{
	struct slab *next;
	int rc = 0;

	while (rc == 0 && r->filled - r->collected >= (uint64_t)r->b->n_slabs)
		rc = collect(r);
	if (rc < 0)
		return rc;
	next = slab_at(r, r->filled);
	rc = slab_ready(r->b, next);
	if (rc < 0)
		return rc;
	next->from = FROM_MEM;
	next->off = s->off + used;
	next->len = over;
	if (over)
		memcpy(next->mem, s->mem + used, over);
	return 0;
}

static int run_file(struct run *r, const struct unixfs_meta *meta)
{
	struct slab *s = slab_at(r, 0);
	size_t used, over;
	int rc = slab_ready(r->b, s);

	s->len = 0;
	s->off = 0;
	s->from = FROM_MEM;
	if (rc == 0)
		look_at(r->b, r->in);
	while (rc == 0 && !r->in->eof) {
		s = slab_at(r, r->filled);
		rc = plan(r, s) ? 0 : fill(r, s);
		if (rc < 0)
			return rc;
		used = cut(r, s);
		over = s->len - used;		/* from here on s->len may be its job's */
		if (r->filled == 0 ? r->in->eof : r->filled == 1 && s->n == 0)
			return finish_small(r, meta);
		r->filled++;
		if (r->filled > 1) {		/* the first slab waits until there is a second */
			rc = start_threads(r->b);
			while (rc == 0 && r->submitted < r->filled)
				submit(r);
		}
		if (rc == 0 && !r->in->eof)
			rc = carry_on(r, s, used, over);
	}
	while (rc == 0 && r->collected < r->filled)
		rc = collect(r);
	return rc;
}

static int add(struct unixfs_builder *b, struct input *in, const struct unixfs_meta *meta,
	       struct unixfs_node *out)
{
	struct run r = { .b = b, .in = in, .cutter = cutter_from(b->cuts, chunker_max(b->chunker)) };
	int rc;

	layout_start(&b->layout, b);
	rc = run_file(&r, meta);
	/* after a failure: nothing may work on the slabs when we leave */
	for (; r.collected < r.submitted; r.collected++)
		if (slab_at(&r, r.collected)->from != FROM_HOLE)
			pool_wait(b->pool, &slab_at(&r, r.collected)->job);
	if (rc == 0)
		rc = layout_end(&b->layout, meta, out);
	b->cuts = NULL;
	return rc;
}

int unixfs_add_fd(struct unixfs_builder *b, int fd, const char *what, int clonable,
		  const struct unixfs_meta *meta, int (*progress)(void *arg, uint64_t bytes), void *arg,
		  struct unixfs_node *out)
{
	struct input in = { .fd = fd, .what = what, .clonable = clonable, .progress = progress,
			    .progress_arg = arg };

	return add(b, &in, meta, out);
}

int unixfs_add_read(struct unixfs_builder *b, ssize_t (*read)(void *arg, void *p, size_t len), void *arg,
		    const struct unixfs_meta *meta, struct unixfs_node *out)
{
	struct input in = { .fd = -1, .read = read, .arg = arg };

	return add(b, &in, meta, out);
}

/* ---- the ring ---- */

void slabs_plan(struct unixfs_builder *b)
{
	size_t min = chunker_min(b->chunker), max = chunker_max(b->chunker), n;

	if (min == max) {			/* a slab is a whole number of chunks */
		n = SLAB_AIM / max;
		n = n < 1 ? 1 : n > SLAB_CHUNKS ? SLAB_CHUNKS : n;
		b->slab_len = n * max;
		n = SLAB_FIRST / max < n ? SLAB_FIRST / max : n;
		b->slab_first = (n < 1 ? 1 : n) * max;
	} else {
		n = SLAB_CHUNKS * min;
		b->slab_len = b->slab_first = max + (n < SLAB_MORE ? n : SLAB_MORE);
	}
	b->slab_chunks = (int)(b->slab_len / min) + 1;
}

int slabs_new(struct unixfs_builder *b)
{
	b->slabs = calloc(RING_MAX, sizeof *b->slabs);
	return b->slabs ? 0 : err_nomem();
}

void slabs_free(struct unixfs_builder *b)
{
	int i;

	for (i = 0; b->slabs && i < RING_MAX; i++) {
		free(b->slabs[i].mem);
		free(b->slabs[i].chunks);
	}
	free(b->slabs);
	free(b->zeros);
	free(b->zero);
}
