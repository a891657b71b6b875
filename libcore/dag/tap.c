/* tap.c - a source that tells what is read through it */
#include "dag_priv.h"

static int tell(struct dag_tap *t, const struct cid *cid, struct span bytes)
{
	if (t->quiet.len && cid_equal(&t->quiet, cid))
		return 0;
	return t->block(t->arg, cid, bytes);
}

/* An extent that turns out to be of no use is followed by a get: the same reading. */
static int told(struct dag_tap *t, const struct cid *cid)
{
	int same = t->taken.len && cid_equal(&t->taken, cid);

	t->taken.len = 0;
	return same;
}

static int tap_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct dag_tap *t = (struct dag_tap *)(void *)s;
	size_t was = out->len;
	int rc = t->under->get(t->under, cid, out);

	if (rc < 0 || told(t, cid))
		return rc;
	rc = tell(t, cid, span_of(out->len > was ? out->data + was : (const uint8_t *)"", out->len - was));
	if (rc < 0 && out->data) {
		out->len = was;
		out->data[was] = 0;
	}
	return rc < 0 ? rc : 0;
}

static int tap_has(struct dag_source *s, const struct cid *cid)
{
	struct dag_tap *t = (struct dag_tap *)(void *)s;

	return t->under->has(t->under, cid);
}

static int tap_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	struct dag_tap *t = (struct dag_tap *)(void *)s;

	return t->under->size(t->under, cid, len);
}

static int tap_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	struct dag_tap *t = (struct dag_tap *)(void *)s;
	int rc = t->under->extent ? t->under->extent(t->under, cid, p) : 0, heard;

	if (rc <= 0)
		return rc;
	heard = tell(t, cid, span_of(NULL, 0));
	t->taken = *cid;
	return heard < 0 ? heard : rc;
}

void dag_tap_init(struct dag_tap *t, struct dag_source *under,
		  int (*block)(void *arg, const struct cid *cid, struct span bytes), void *arg)
{
	*t = (struct dag_tap){ .source = { tap_get, tap_has, tap_size, tap_extent }, .under = under,
			       .block = block, .arg = arg };
}

struct dag_source *dag_tap_under(struct dag_source *s)
{
	while (s->get == tap_get)
		s = ((struct dag_tap *)(void *)s)->under;
	return s;
}

int tap_identity(struct dag_source *s, const struct cid *cid, struct span bytes)
{
	int rc = 0;

	if (!bytes.p)
		bytes = span_of("", 0);
	for (; rc >= 0 && s->get == tap_get; s = ((struct dag_tap *)(void *)s)->under)
		rc = tell((struct dag_tap *)(void *)s, cid, bytes);
	return rc < 0 ? rc : 0;
}
