/*
 * verify.c - is every pin complete and readable?
 * Every block below all pins is read once.  Only when some are bad are the pins walked one by one, by
 * links alone, to say which of them have one of those.
 */
#include "base/err.h"
#include "pin/pin_priv.h"

enum { SEEN_MEM = 8 * 1024 * 1024 };

struct verify {
	struct store *st;
	struct reach reach;
	struct idset *seen, *bad;
	int naming;			/* the second time round */
	struct cid block;		/* the first bad one of this pin */
	int found, n;
	int (*fn)(void *arg, const struct pin *p, const struct cid *block, const char *why);
	void *arg;
};

/* its bytes, whatever they are */
static int read_block(struct verify *v, const struct cid *cid)
{
	buf_reset(&v->reach.block);
	return dag_get(store_source(v->st), cid, &v->reach.block);
}

static int verify_enter(void *arg, const struct cid *cid)
{
	struct verify *v = arg;
	uint8_t id[16];
	int rc;

	dag_id(cid, id);
	rc = idset_add(v->seen, id);
	if (rc != 1 || !v->naming)
		return rc;
	rc = idset_has(v->bad, id);
	if (rc == 0) {
		rc = cid->codec == CID_RAW ? 1 : dag_leaf(store_source(v->st), cid);
		if (rc != ERR_NOTFOUND)
			return rc < 0 ? rc : !rc;
		rc = 1;				/* gone since the first time round */
	}
	if (rc == 1) {
		v->block = *cid;
		v->found = 1;
		rc = ERR_INTERRUPTED;
	}
	return rc < 0 ? rc : !rc;
}

static int verify_trouble(void *arg, const struct cid *cid, int rc)
{
	struct verify *v = arg;
	uint8_t id[16];

	(void)rc;
	dag_id(cid, id);
	rc = idset_add(v->bad, id);
	return rc < 0 ? rc : 0;
}

static int verify_pin(void *arg, const struct pin *p)
{
	struct verify *v = arg;
	struct cid root = p->cid;
	int rc;

	if (p->mode == PIN_RECURSIVE)
		return reach(&v->reach, &root);
	rc = read_block(v, &root);
	return rc < 0 && rc != ERR_NOMEM ? verify_trouble(v, &root, rc) : rc;
}

static int no_link(void *arg, const struct cid *cid, struct span name)
{
	(void)arg;
	(void)cid;
	(void)name;
	return 0;
}

static int name_pin(void *arg, const struct pin *p)
{
	struct verify *v = arg;
	struct pin pin = *p;
	enum pin_mode mode;
	uint8_t id[16];
	int rc;

	v->found = 0;
	idset_free(v->seen);
	v->seen = NULL;
	rc = idset_new(&v->seen, 16, SEEN_MEM, store_tmpdir(v->st));
	if (rc < 0)
		return rc;
	if (p->mode == PIN_RECURSIVE) {
		rc = reach(&v->reach, &pin.cid);
	} else {
		dag_id(&pin.cid, id);
		rc = idset_has(v->bad, id);
		v->found = rc == 1;
		v->block = pin.cid;
	}
	if (!v->found)
		return rc < 0 ? rc : 0;
	/* whoever unpins and collects meanwhile has done no harm */
	rc = pin_get(v->st, &pin.cid, &mode, NULL);
	if (rc <= 0)
		return rc;
	v->n++;
	rc = read_block(v, &v->block);		/* for what is wrong with it */
	if (rc == 0)
		rc = codec_links(v->block.codec, buf_span(&v->reach.block), no_link, NULL);
	return v->fn(v->arg, &pin, &v->block, rc < 0 ? err_text() : "damaged a moment ago");
}

int pin_verify(struct store *st, int (*bad)(void *arg, const struct pin *p, const struct cid *block,
					     const char *why), void *arg)
{
	struct verify v = { .st = st, .fn = bad, .arg = arg };
	int rc = reach_init(&v.reach, st);

	v.reach.enter = verify_enter;
	v.reach.trouble = verify_trouble;
	v.reach.arg = &v;
	if (rc == 0)
		rc = idset_new(&v.seen, 16, SEEN_MEM, store_tmpdir(st));
	if (rc == 0)
		rc = idset_new(&v.bad, 16, SEEN_MEM, store_tmpdir(st));
	if (rc == 0)
		rc = pin_each(st, PIN_NONE, verify_pin, &v);
	if (rc == 0 && idset_count(v.bad) > 0) {
		v.naming = 1;
		rc = pin_each(st, PIN_NONE, name_pin, &v);
	}
	idset_free(v.seen);
	idset_free(v.bad);
	reach_clear(&v.reach);
	return rc < 0 ? rc : v.n;
}
