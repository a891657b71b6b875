/* read.c - an archive front to back: the door of the reader */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rd.h"
#include "multi/uvarint.h"
#include "read_priv.h"

enum { HEAD_STEP = 64 * 1024 };		/* bytes of a header read at a time: its length is only a claim */

int car_at(const struct car_in *c, int rc, uint64_t off)
{
	return c->what ? err_add(rc, "'%s', offset %" PRIu64, c->what, off) : rc;
}

/* ---- headers ---- */

/* The next varint of the input into p: its bytes. */
static int read_varint(struct car_in *c, uint8_t p[UVARINT_MAX], uint64_t *value)
{
	ssize_t got;
	struct rd r;
	int n = 0;

	do {
		got = input_full(&c->in, p + n, 1);
		if (got < 0)
			return (int)got;
		if (got == 0 && n == 0)
			return err_set(ERR_INVALID, "there is nothing where the header should begin");
		if (got == 0)
			return err_set(ERR_INVALID, "the length of the header is cut short");
	} while (p[n++] & 0x80 && n < UVARINT_MAX);
	r = rd_from(span_of(p, (size_t)n));
	*value = rd_uvarint(&r);
	return rd_ok(&r) ? n : err_set(ERR_INVALID, "the length of the header: %s", r.bad);
}

/* Append `len` bytes to out. */
static int read_bytes(struct car_in *c, struct buf *out, uint64_t len)
{
	size_t n;
	ssize_t got;
	int rc;

	for (; len > 0; len -= n) {
		n = len < HEAD_STEP ? (size_t)len : HEAD_STEP;
		rc = buf_reserve(out, n);
		if (rc < 0)
			return rc;
		got = input_full(&c->in, out->data + out->len, n);
		if (got < 0)
			return (int)got;
		out->len += (size_t)got;
		if ((size_t)got < n)
			return err_set(ERR_INVALID, "the header is cut short: %" PRIu64 " bytes of it are "
				       "missing", len - (uint64_t)got);
	}
	return 0;
}

/* A header as it stands in the file, with its length, into `raw`; decoded into c->head.  A payload's header
 * ends where the payload does. */
static int read_head(struct car_in *c, struct buf *raw)
{
	uint8_t start[UVARINT_MAX];
	uint64_t len = 0;
	int n = read_varint(c, start, &len), rc;

	if (n < 0)
		return n;
	if (len == 0)
		return err_set(ERR_INVALID, "the length of the header is 0");
	if (len > CAR_HEADER_MAX)
		return err_set(ERR_LIMIT, "a header of %" PRIu64 " bytes, at most %d are taken", len,
			       CAR_HEADER_MAX);
	if (c->left != UINT64_MAX && len + (uint64_t)n > c->left)
		return err_set(ERR_INVALID, "a header of %" PRIu64 " bytes in a payload of %" PRIu64, len,
			       c->left);
	buf_bytes(raw, start, (size_t)n);
	rc = read_bytes(c, raw, len);
	if (rc < 0)
		return rc;
	rc = car_head_decode(span_of(raw->data + n, (size_t)len), c->flags & CAR_LOOSE_HEADER, &c->head);
	if (rc < 0)
		return err_add(rc, "the header");
	if (c->left != UINT64_MAX)
		c->left -= raw->len;
	return 0;
}

/* The pragma stands in `raw`: on to the payload. */
static int read_v2(struct car_in *c, struct buf *raw)
{
	uint64_t size = input_left(&c->in), skipped;
	struct car_v2 *v = &c->v2;
	ssize_t got;
	int rc;

	rc = buf_reserve(raw, CAR_V2_HEADER);
	if (rc < 0)
		return rc;
	got = input_full(&c->in, raw->data + raw->len, CAR_V2_HEADER - raw->len);
	if (got < 0)
		return (int)got;
	if (size != UINT64_MAX)
		size += raw->len;
	raw->len += (size_t)got;
	rc = car_v2_decode(buf_span(raw), size, v);
	if (rc < 0)
		return c->what ? err_add(rc, "'%s'", c->what) : rc;
	rc = input_skip(&c->in, v->data_off - CAR_V2_HEADER, &skipped);
	if (rc == 0 && skipped < v->data_off - CAR_V2_HEADER)
		return car_at(c, err_set(ERR_INVALID, "unexpected end of the file before the payload at %" PRIu64,
					 v->data_off), CAR_V2_HEADER + skipped);
	c->base = v->data_off;
	c->left = v->data_size;
	return rc;
}

static int read_heads(struct car_in *c)
{
	struct buf raw = BUF_INIT(CAR_HEADER_MAX + UVARINT_MAX);
	int rc = read_head(c, &raw);

	c->version = c->head.version;
	if (rc < 0) {
		rc = car_at(c, rc, 0);
	} else if (c->version == 2) {
		rc = read_v2(c, &raw);
		buf_reset(&raw);
		if (rc == 0 && (rc = read_head(c, &raw)) == 0 && c->head.version != 1)
			rc = err_set(ERR_INVALID, "the payload of a CARv2 must be a CARv1, not version %d",
				     c->head.version);
		if (rc < 0 && c->base)
			rc = car_at(c, rc, c->base);
	}
	c->slab[0].off = raw.len;
	buf_clear(&raw);
	return rc;
}

/* ---- the thread that fills slabs ---- */

static void *filler(void *arg)
{
	struct car_in *c = arg;
	struct slab *s;
	int last = 0;

	pthread_mutex_lock(&c->lock);
	while (!last && !c->quit) {
		if (c->filled - c->freed == N_SLABS) {
			pthread_cond_wait(&c->turn, &c->lock);
			continue;
		}
		pthread_mutex_unlock(&c->lock);
		s = &c->slab[c->filled % N_SLABS];
		slab_fill(c, s, &c->slab[(c->filled - 1) % N_SLABS]);
		if (c->pool)
			slab_hash(c, s);
		last = s->last;
		pthread_mutex_lock(&c->lock);
		c->filled++;
		pthread_cond_broadcast(&c->turn);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* More than a slab is coming: read ahead, or, where that is not for another thread to do, hash together.  Without
 * threads car_in_next does everything itself. */
static void start_thread(struct car_in *c)
{
	pthread_attr_t attr;
	sigset_t all, old;

	if (!c->in.read && pipe2(c->stop, O_CLOEXEC) < 0)
		return;
	if (!(c->flags & CAR_NO_HASH) && pool_new(&c->pool, 0) < 0)
		c->pool = NULL;
	if (c->in.read)
		return;
	c->in.stop_fd = c->stop[0];
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	sigfillset(&all);			/* signals are for the main thread */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	c->threaded = pthread_create(&c->thread, &attr, filler, c) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!c->threaded) {
		c->in.stop_fd = -1;
		close(c->stop[0]);
		close(c->stop[1]);
	}
}

static void stop_thread(struct car_in *c)
{
	if (!c->threaded)
		return;
	pthread_mutex_lock(&c->lock);
	c->quit = 1;
	pthread_cond_broadcast(&c->turn);
	pthread_mutex_unlock(&c->lock);
	if (write(c->stop[1], "", 1) < 0) {
		/* an empty pipe takes a byte */
	}
	pthread_join(c->thread, NULL);
	close(c->stop[0]);
	close(c->stop[1]);
}

/* The slab behind the one that is used up. */
static void next_slab(struct car_in *c)
{
	const struct slab *before = c->now;

	if (!c->threaded && c->filled == 1)
		start_thread(c);
	if (c->threaded) {
		pthread_mutex_lock(&c->lock);
		c->freed++;
		pthread_cond_broadcast(&c->turn);
		while (c->filled == c->freed)
			pthread_cond_wait(&c->turn, &c->lock);
		pthread_mutex_unlock(&c->lock);
		c->now = &c->slab[c->freed % N_SLABS];
	} else {
		c->now = &c->slab[c->filled % N_SLABS];
		slab_fill(c, c->now, before);
		if (c->pool)
			slab_hash(c, c->now);
		c->filled++;
	}
	c->pos = 0;
	c->at_job = 0;
}

/* ---- the door ---- */

static struct car_in *new_in(const char *what, int flags)
{
	struct car_in *c = calloc(1, sizeof *c);

	if (!c) {
		err_nomem();
		return NULL;
	}
	c->what = what;
	c->flags = flags;
	c->left = UINT64_MAX;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->turn, NULL);
	return c;
}

/* its input was opened, or is why not */
static int begin(struct car_in **out, struct car_in *c, int rc)
{
	if (rc == 0)
		rc = read_heads(c);
	if (rc < 0) {
		car_in_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

int car_in_open(struct car_in **out, int fd, const char *what, int flags)
{
	struct car_in *c = new_in(what, flags);

	return c ? begin(out, c, input_open(&c->in, fd, what, flags & CAR_PLAIN)) : ERR_NOMEM;
}

int car_in_from(struct car_in **out, ssize_t (*read)(void *arg, void *p, size_t len), void *arg, const char *what,
		int flags)
{
	struct car_in *c = new_in(what, flags);

	return c ? begin(out, c, input_from(&c->in, read, arg, what, flags & CAR_PLAIN)) : ERR_NOMEM;
}

void car_in_close(struct car_in *c)
{
	int i;

	if (!c)
		return;
	stop_thread(c);
	pool_free(c->pool);			/* behind it nobody looks at the slabs */
	for (i = 0; i < N_SLABS; i++)
		free(c->slab[i].data);
	free(c->head.roots);
	input_clear(&c->in);
	pthread_cond_destroy(&c->turn);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int car_in_version(const struct car_in *c)
{
	return c->version;
}

int car_in_packed(const struct car_in *c)
{
	return c->in.packed != PACK_NONE;
}

const struct cid *car_in_roots(const struct car_in *c, size_t *n)
{
	*n = c->head.n_roots;
	return c->head.roots;
}

uint64_t car_in_bytes(const struct car_in *c)
{
	return c->in.n_read;
}

/* Was the block at pos hashed, and well?  Else do it here, where its message is wanted. */
static int check_hash(struct car_in *c, const struct cid *cid, struct span data)
{
	struct slab *s = c->now;
	struct slab_job *j;

	if (c->flags & CAR_NO_HASH)
		return 0;
	if (s->n_jobs == 0)
		return cid_verify(cid, data);
	while (c->pos >= s->job[c->at_job].to)
		c->at_job++;
	j = &s->job[c->at_job];
	if (c->pos == j->from)
		pool_wait(c->pool, &j->job);
	return c->pos < j->bad ? 0 : cid_verify(cid, data);
}

static int section(struct car_in *c, struct car_section *s)
{
	uint64_t off = c->now->off + c->pos;
	int n = slab_section(c->now, c->pos, &s->cid, &s->data), rc;

	rc = n < 0 ? n : check_hash(c, &s->cid, s->data);
	if (rc < 0)
		return car_at(c, rc, c->base + off);
	s->off = off;
	s->len = (uint64_t)n;
	c->pos += (size_t)n;
	return 1;
}

int car_in_next(struct car_in *c, struct car_section *s)
{
	int rc;

	if (c->done)
		return c->done == 1 ? 0 : err_set(c->done, "'%s' was read as far as it is good", c->in.what);
	if (!c->now) {
		c->now = &c->slab[0];
		slab_fill(c, c->now, NULL);
		c->filled = 1;
	}
	while (c->pos == c->now->end && !c->now->last)
		next_slab(c);
	if (c->pos < c->now->end) {
		rc = section(c, s);
	} else {
		rc = c->now->rc < 0 ? err_set(c->now->rc, "%s", c->now->text) : 0;
		c->cut = c->now->cut;
	}
	if (rc <= 0)
		c->done = rc < 0 ? rc : 1;
	return rc;
}

int car_in_cut(const struct car_in *c)
{
	return c->cut;
}
