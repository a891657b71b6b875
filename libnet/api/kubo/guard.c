/*
 * guard.c - the source commands read blocks from: that of the server, with Kubo's words for what is missing, its empty
 * directory, and an end when the time the client allowed is over.
 */
#include "kubo_priv.h"

/* as a Kubo that is offline says it: clients look for these words */
static int absent(const struct cid *cid, int rc)
{
	char text[CID_TEXT_MAX];

	return rc == ERR_NOTFOUND ? err_set(rc, "block was not found locally (offline): ipld: could not find %s",
					    cid_text(cid, text)) : rc;
}

static struct call *call_of(struct dag_source *s)
{
	return ((struct guard *)(void *)s)->c;
}

static struct dag_source *under(struct dag_source *s)
{
	return ((struct guard *)(void *)s)->under;
}

/* every node of Kubo has the empty directory: recipes begin with it */
static const uint8_t empty_dir[] = { 0x0a, 0x02, 0x08, 0x01 };

static const uint8_t empty_mh[] = {
	0x12, 0x20, 0x59, 0x94, 0x84, 0x39, 0x06, 0x5f, 0x29, 0x61, 0x9e, 0xf4, 0x12, 0x80, 0xcb, 0xb9, 0x32, 0xbe, 0x52, 0xc5,
	0x6d, 0x99, 0xc5, 0x96, 0x6b, 0x65, 0xe0, 0x11, 0x12, 0x39, 0xf0, 0x98, 0xbb, 0xef
};

/* … but where somebody must know what is really here */
static int is_empty_dir(struct dag_source *s, const struct cid *cid)
{
	struct guard *g = (struct guard *)(void *)s;
	int is = span_equal(cid_mh(cid), span_of(empty_mh, sizeof empty_mh));

	g->wanted |= is && g->strict;
	return is && !g->strict;
}

static int guarded_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	int rc = call_expired(call_of(s));

	if (rc == 0)
		rc = under(s)->get(under(s), cid, out);
	if (rc == ERR_NOTFOUND && is_empty_dir(s, cid))
		rc = buf_bytes(out, empty_dir, sizeof empty_dir);
	return absent(cid, rc);
}

static int guarded_has(struct dag_source *s, const struct cid *cid)
{
	int rc = call_expired(call_of(s));

	return rc < 0 ? rc : under(s)->has(under(s), cid) || is_empty_dir(s, cid);
}

static int guarded_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	int rc = call_expired(call_of(s));

	if (rc == 0)
		rc = under(s)->size(under(s), cid, len);
	if (rc == ERR_NOTFOUND && is_empty_dir(s, cid)) {
		*len = sizeof empty_dir;
		rc = 0;
	}
	return absent(cid, rc);
}

static int guarded_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	int rc = call_expired(call_of(s));

	if (rc < 0 || !under(s)->extent)
		return rc;
	rc = under(s)->extent(under(s), cid, p);
	return rc == ERR_NOTFOUND && is_empty_dir(s, cid) ? 0 : absent(cid, rc);	/* 0: read it, then */
}

void guard_start(struct call *c, struct dag_source *src)
{
	c->guard = (struct guard){ .src = { guarded_get, guarded_has, guarded_size, guarded_extent }, .c = c, .under = src };
	c->src = &c->guard.src;
}

/* ---- pins ---- */

static int put_empty_dir(struct store *st)
{
	struct cid cid;
	struct dag_block b = { .cid = &cid, .parts = { span_of(empty_dir, sizeof empty_dir) }, .n_parts = 1, .src_fd = -1 };
	int rc = cid_make_mh(&cid, 1, CID_DAG_PB, span_of(empty_mh, sizeof empty_mh));

	return rc < 0 ? rc : dag_put(store_sink(st), &b);
}

/* a pin whose block is not here would keep collections from their work */
static int pin_what_is_here(struct call *c, const struct call_pin *p)
{
	int rc;

	c->guard.strict = 1;
	c->guard.wanted = 0;
	rc = p->old ? pin_update_from(c->st, &p->from, p->old, p->cid, p->unpin) :
		      pin_add_from(c->st, &p->from, p->cid, p->mode, p->name);
	c->guard.strict = 0;
	return rc;
}

int call_pin(struct call *c, struct call_pin *p)
{
	int rc;

	p->from.src = c->src;
	rc = pin_what_is_here(c, p);
	if (rc != ERR_NOTFOUND || !c->guard.wanted)
		return rc;
	rc = put_empty_dir(c->st);		/* pinning commits it */
	return rc < 0 ? rc : pin_what_is_here(c, p);
}
