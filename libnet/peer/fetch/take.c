/*
 * take.c - an archive as it comes: each block is hashed, and taken if something taken before leads to it.
 * So a gateway can send no more than the DAG has, in whatever order, and what it sends beside that ends the
 * transfer soon.
 * Spec: ipld/ipld specs/transport/car/carv1; trustless gateway, "CAR responses".
 */
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "peer/fetch/fetch_priv.h"

enum {
	HEADER_MAX = 64 * 1024,
	SET_MEM = 2 * 1024 * 1024,
	IDLE_MAX = 4 * 1024 * 1024,	/* bytes that are of no use: repetitions, blocks nobody asked for */
	KNOWN_MIN = 4 * 1024 * 1024	/* bytes that were here, before it is asked whether to go on */
};

struct take {
	struct fetch *f;
	struct buf in;			/* at most one section */
	int begun;			/* the header is behind us */
	struct idset *due, *had;
	uint64_t n_new, new_bytes, known_bytes, idle_bytes;
};

static int due(void *arg, const struct cid *cid, struct span name)
{
	struct take *t = arg;
	uint8_t id[16];
	int rc;

	(void)name;
	dag_id(cid, id);
	rc = idset_add(t->due, id);
	return rc < 0 ? rc : 0;
}

int take_new(struct take **out, struct fetch *f, const struct cid *root)
{
	struct take *t = calloc(1, sizeof *t);
	int rc;

	*out = NULL;
	if (!t)
		return err_nomem();
	t->f = f;
	buf_init(&t->in, f->o.block_max + CID_BYTES_MAX + 9 + CURL_MAX_WRITE_SIZE + HEADER_MAX);
	rc = idset_new(&t->due, 16, SET_MEM, store_tmpdir(f->st));
	if (rc == 0)
		rc = idset_new(&t->had, 16, SET_MEM, store_tmpdir(f->st));
	if (rc == 0)
		rc = due(t, root, span_of(NULL, 0));
	if (rc < 0)
		take_free(t);
	else
		*out = t;
	return rc;
}

void take_free(struct take *t)
{
	if (!t)
		return;
	idset_free(t->due);
	idset_free(t->had);
	buf_clear(&t->in);
	free(t);
}

int take_whole(const struct take *t)
{
	return t->begun && t->in.len == 0;
}

uint64_t take_stored(const struct take *t)
{
	return t->n_new;
}

static int idle(struct take *t, size_t len)
{
	t->idle_bytes += len;
	if (t->idle_bytes <= IDLE_MAX)
		return 0;
	return err_set(ERR_CORRUPT, "sends blocks that nobody asked for");
}

static int block(struct take *t, const struct cid *cid, struct span bytes)
{
	char text[CID_TEXT_MAX];
	struct mh mh;
	uint8_t id[16];
	int rc;

	dag_id(cid, id);
	rc = idset_has(t->due, id);
	if (rc == 1)
		rc = idset_add(t->had, id);
	if (rc <= 0)
		return rc < 0 ? rc : idle(t, bytes.len + cid->len);
	rc = mh_decode(cid_mh(cid), &mh);
	if (rc == 0)
		rc = mh_allowed(&mh);
	if (rc == 0)
		rc = cid_verify(cid, bytes);
	if (rc < 0)
		return rc == ERR_CORRUPT ? err_set(rc, "sent other bytes as block %s", cid_text(cid, text)) : rc;
	rc = mh.code == MH_IDENTITY ? 0 : fetch_keep(t->f, cid, bytes);
	if (rc < 0)
		return rc;
	t->n_new += (uint64_t)rc;
	*(rc ? &t->new_bytes : &t->known_bytes) += bytes.len;
	rc = codec_links(cid->codec, bytes, due, t);
	if (rc < 0 && rc != ERR_INVALID && rc != ERR_UNSUPPORTED)
		return rc;		/* what is no node leads nowhere; the walk will say so */
	if (t->known_bytes > KNOWN_MIN && t->known_bytes > 2 * t->new_bytes)
		return err_set(ERR_EXISTS, "most of what it sends is here");
	return 0;
}

/* {"roots": […], "version": 1}; the roots mean nothing here */
static int header(struct span bytes)
{
	struct node nd = NODE_INIT;
	size_t at;
	int rc = codec_decode(CID_DAG_CBOR, bytes, 0, &nd);

	if (rc == 0 && (node_field(&nd, 0, span_str("version"), &at) != 1 || nd.step[at].kind != NODE_INT ||
			nd.step[at].neg || nd.step[at].u != 1))
		rc = ERR_INVALID;
	node_clear(&nd);
	return rc < 0 ? err_set(ERR_INVALID, "its answer is no archive (CARv1)") : 0;
}

static int section(struct take *t, struct span bytes)
{
	struct cid cid;
	int n;

	if (!t->begun) {
		t->begun = 1;
		return header(bytes);
	}
	n = cid_read(bytes, &cid);
	if (n < 0)
		return err_set(ERR_INVALID, "its archive is broken");
	if (bytes.len - (size_t)n > t->f->o.block_max)
		return err_set(ERR_LIMIT, "a block of more than %zu bytes", t->f->o.block_max);
	return block(t, &cid, span_of(bytes.p + n, bytes.len - (size_t)n));
}

/* the bytes of the length and what it counts at the start of `in`; 0: more are needed */
static int next(const struct take *t, struct span in, struct span *what, size_t *used)
{
	uint64_t max = t->begun ? t->f->o.block_max + CID_BYTES_MAX : HEADER_MAX, len;
	struct rd r = rd_from(in);
	size_t i;

	for (i = 0; i < in.len && i < 9 && in.p[i] & 0x80; i++)
		;
	if (i == in.len)
		return 0;
	len = rd_uvarint(&r);
	if (!rd_ok(&r) || len == 0)
		return err_set(ERR_INVALID, t->begun ? "its archive is broken" : "its answer is no archive (CARv1)");
	if (len > max)
		return t->begun ? err_set(ERR_LIMIT, "a block of more than %zu bytes", t->f->o.block_max)
				: err_set(ERR_INVALID, "its answer is no archive (CARv1)");
	if (len > r.left)
		return 0;
	*what = span_of(r.p, (size_t)len);
	*used = in.len - r.left + (size_t)len;
	return 1;
}

int take_bytes(struct take *t, struct span in)
{
	struct span rest, what = { NULL, 0 };
	size_t used = 0;
	int rc = buf_add(&t->in, in);

	rest = buf_span(&t->in);
	while (rc == 0 && (rc = next(t, rest, &what, &used)) == 1) {
		rc = section(t, what);
		rest = span_of(rest.p + used, rest.len - used);
	}
	if (rc == 0 && rest.len != t->in.len) {
		memmove(t->in.data, rest.p, rest.len);
		t->in.len = rest.len;
	}
	return rc;
}
