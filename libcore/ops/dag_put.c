/* dag_put.c - nodes in any codec into the store */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "car/car.h"
#include "ops/dag.h"

enum { BATCH = 16384, BATCH_BYTES = 64 * 1024 * 1024,	/* what one commit takes */
       INPUT_MAX = 64 * 1024 * 1024,		/* bytes of one node as it comes in */
       GIT_LOOSE = 0x300078 };			/* Kubo's number for git-raw packed by zlib */

struct dag_putter {
	struct store *st;
	struct ops_dag_put o;
	struct cid batch[BATCH];
	size_t n;
	uint64_t bytes;
	struct node nd;
	struct buf in, plain, block;	/* what was read; unpacked; encoded */
};

void ops_dag_put_init(struct ops_dag_put *o)
{
	*o = (struct ops_dag_put){ .input = CID_DAG_JSON, .end = '\n' };
	ops_block_put_init(&o->block);
	o->block.codec = CID_DAG_CBOR;
	o->block.hash = OPS_DAG_HASH;
}

int ops_dag_put_begin(struct dag_putter **p, struct store *st, const struct ops_dag_put *o)
{
	struct dag_putter *d;

	if (o->input != GIT_LOOSE && !codec_can_decode(o->input))
		return err_set(ERR_UNSUPPORTED, "no decoder registered for multicodec code %" PRIu64 " (0x%" PRIx64 ")",
			       o->input, o->input);
	if (!codec_can_encode(o->block.codec) && o->block.codec != CID_GIT_RAW)
		return err_set(ERR_UNSUPPORTED, "no encoder registered for multicodec code %" PRIu64 " (0x%" PRIx64 ")",
			       o->block.codec, o->block.codec);
	d = calloc(1, sizeof *d);
	if (!d)
		return err_nomem();
	d->st = st;
	d->o = *o;
	if (d->o.input == GIT_LOOSE)
		d->o.input = CID_GIT_RAW;
	if (d->o.block.hash == OPS_DAG_HASH)	/* git's own name of the object */
		d->o.block.hash = o->block.codec == CID_GIT_RAW ? MH_SHA1 : MH_SHA2_256;
	d->in = BUF_INIT(INPUT_MAX);
	d->plain = BUF_INIT(INPUT_MAX);
	d->block = BUF_INIT(DAG_BLOCK_MAX);
	*p = d;
	return 0;
}

/* ---- batches ---- */

static int flush(struct dag_putter *p)
{
	size_t i, n = p->n;
	int rc = p->st && n ? ops_block_commit(p->st, &p->o.block, p->batch, n) : 0;

	p->n = 0;
	p->bytes = 0;
	for (i = 0; rc == 0 && i < n; i++)
		rc = p->o.put(p->o.arg, &p->batch[i], 0);
	return rc;
}

/* is this the trouble of one node, or of all that follow? */
static int only_this(int rc)
{
	return rc != ERR_IO && rc != ERR_NOSPACE && rc != ERR_NOMEM && rc != ERR_BUSY &&
	       rc != ERR_INTERRUPTED;
}

/* what was put before is told before this */
static int tell_refused(struct dag_putter *p, int rc)
{
	struct buf why = BUF_INIT(SIZE_MAX);
	int done;

	buf_str(&why, err_text());
	done = flush(p);
	if (done == 0) {
		err_set(rc, "%s", why.data ? (char *)why.data : "out of memory");
		done = p->o.put(p->o.arg, NULL, rc);
	}
	buf_clear(&why);
	return done;
}

static int refuse(struct dag_putter *p, int rc)
{
	return only_this(rc) ? tell_refused(p, rc) : rc;
}

/* ---- one node ---- */

/* RFC 1950 2.2: deflate, and the check of the header; git objects begin with other letters */
static int is_zlib(struct span s)
{
	return s.len > 2 && (s.p[0] & 0x0f) == 8 && (s.p[0] << 8 | s.p[1]) % 31 == 0;
}

static int encode(struct dag_putter *p, struct span in, struct span *block)
{
	const struct ops_dag_put *o = &p->o;
	int rc;

	if (o->input == CID_GIT_RAW && is_zlib(in)) {
		buf_reset(&p->plain);
		rc = car_inflate(in, &p->plain);
		if (rc < 0)
			return err_add(rc, "git-raw");
		in = buf_span(&p->plain);
	}
	if (o->input == CID_GIT_RAW && o->block.codec == CID_GIT_RAW) {
		*block = in;		/* the bytes are the object: no encoder promises them */
		return codec_check(CID_GIT_RAW, in, CODEC_STRICT, NULL, NULL);
	}
	rc = codec_decode(o->input, in, 0, &p->nd);
	buf_reset(&p->block);
	if (rc == 0)
		rc = codec_encode(o->block.codec, &p->nd, 0, &p->block);
	*block = buf_span(&p->block);
	return rc;
}

static int name_only(const struct ops_block_put *o, struct span block, struct cid *cid)
{
	struct mh mh;
	int rc = cid_sum(cid, 1, o->codec, o->hash, &block, 1);

	if (rc == 0)
		rc = mh_decode(cid_mh(cid), &mh);
	if (rc == 0)
		rc = mh_allowed(&mh);
	if (rc == 0 && block.len > BLOCK_MAX && !o->allow_big)
		rc = err_set(ERR_LIMIT, "produced block is over 2MiB");
	return rc;
}

/* line 0: all of an input */
static int one(struct dag_putter *p, struct span in, uint64_t line)
{
	struct span block = { NULL, 0 };
	struct cid *cid = &p->batch[p->n];
	int rc = encode(p, in, &block);

	if (rc == 0)
		rc = p->st ? ops_block_put_bytes(p->st, &p->o.block, block, cid) :
		     name_only(&p->o.block, block, cid);
	if (rc < 0 && line)
		err_add(rc, "line %" PRIu64, line);
	if (rc < 0)
		return refuse(p, rc);
	p->n++;
	p->bytes += block.len;
	return p->n == BATCH || p->bytes >= BATCH_BYTES ? flush(p) : 0;
}

/* ---- lines ---- */

static int would_wait(int fd)
{
	struct pollfd f = { .fd = fd, .events = POLLIN };

	return poll(&f, 1, 0) == 0;
}

static int blank(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r')
			return 0;
	return 1;
}

/* the whole lines in p->in; what is left moves to the front */
static int whole_lines(struct dag_putter *p, size_t *scanned, uint64_t *line)
{
	size_t from = 0, at = *scanned;
	uint8_t *end;
	int rc = 0;

	while (rc == 0 && at < p->in.len &&
	       (end = memchr(p->in.data + at, p->o.end, p->in.len - at)) != NULL) {
		size_t len = (size_t)(end - p->in.data) - from;

		++*line;
		if (!blank(span_of(p->in.data + from, len)))
			rc = one(p, span_of(p->in.data + from, len), *line);
		from = at = (size_t)(end - p->in.data) + 1;
	}
	if (from) {
		memmove(p->in.data, p->in.data + from, p->in.len - from);
		p->in.len -= from;
	}
	*scanned = p->in.len;
	return rc;
}

static int lines(struct dag_putter *p, int fd, const char *what)
{
	enum { STEP = 65536 };
	size_t scanned = 0;
	uint64_t line = 0;
	ssize_t n = 1;
	int rc = 0;

	while (rc == 0 && n > 0) {
		if (would_wait(fd)) {
			rc = flush(p);
			if (rc == 0 && p->o.wait)
				p->o.wait(p->o.arg);
		}
		if (rc == 0)
			rc = buf_reserve(&p->in, STEP);
		if (rc < 0)
			return rc == ERR_LIMIT ? err_set(rc, "line %" PRIu64 ": more than %d MiB",
							 line + 1, INPUT_MAX >> 20) : rc;
		if (rc > 0)
			break;
		do
			n = read(fd, p->in.data + p->in.len, STEP);	/* what there is: lines should not wait */
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_sys("reading %s", what);
		p->in.len += (size_t)n;
		rc = whole_lines(p, &scanned, &line);
	}
	if (rc == 0 && !blank(buf_span(&p->in)))
		rc = one(p, buf_span(&p->in), line + 1);
	return rc;
}

/* all of an input is in p->in, or rc says why not */
static int whole(struct dag_putter *p, int rc)
{
	if (rc == ERR_LIMIT)
		return refuse(p, err_set(rc, "more than %d MiB", INPUT_MAX >> 20));
	return rc < 0 ? rc : one(p, buf_span(&p->in), 0);
}

int ops_dag_put_fd(struct dag_putter *p, int fd, const char *what)
{
	buf_reset(&p->in);
	return p->o.lines ? lines(p, fd, what) : whole(p, io_slurp(fd, &p->in, what));
}

int ops_dag_put_read(struct dag_putter *p, ssize_t (*read)(void *arg, void *p, size_t len), void *arg)
{
	enum { STEP = 65536 };
	ssize_t n;
	int rc;

	buf_reset(&p->in);
	do {
		rc = buf_reserve(&p->in, STEP);
		if (rc < 0)
			return whole(p, rc);
		n = read(arg, p->in.data + p->in.len, STEP);
		if (n < 0)
			return (int)n;
		p->in.len += (size_t)n;
	} while (n > 0);
	return whole(p, 0);
}

int ops_dag_put_path(struct dag_putter *p, const char *path)
{
	int fd, rc;

	if (!strcmp(path, "-"))
		return ops_dag_put_fd(p, 0, "standard input");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return tell_refused(p, err_sys("opening"));
	rc = ops_dag_put_fd(p, fd, path);
	close(fd);
	return rc;
}

int ops_dag_put_end(struct dag_putter *p)
{
	int rc = p ? flush(p) : 0;

	if (p) {
		node_clear(&p->nd);
		buf_clear(&p->in);
		buf_clear(&p->plain);
		buf_clear(&p->block);
		free(p);
	}
	return rc;
}
