/* source.c - the store and the gateways as one source, and what a reader of a file will ask for next */
#include <poll.h>
#include <stdio.h>

#include "base/rd.h"
#include "peer/fetch/fetch_priv.h"

/*
 * The links of the last few nodes of files that were read are remembered, as they have no names.  When two of a list
 * were read one after the other, the next are asked for.
 */

static int add_link(void *arg, const struct cid *cid, struct span name)
{
	struct buf *links = arg;
	int rc;

	if (name.len)
		return 1;		/* a directory: who reads one entry need not want the next */
	rc = buf_le16(links, cid->len);
	return rc < 0 ? rc : buf_add(links, cid_span(cid));
}

void ahead_block(struct fetch *f, const struct cid *cid, struct span block)
{
	struct list *l = &f->list[f->next_list];

	if (cid->codec != CID_DAG_PB)
		return;
	buf_reset(&l->links);
	*l = (struct list){ .links = l->links };
	/* on any error there is no list, and nothing is asked for ahead */
	if (codec_links(cid->codec, block, add_link, &l->links) == 0 && l->links.len)
		f->next_list = (f->next_list + 1) % LISTS;
	else
		buf_reset(&l->links);
}

/* the link at *pos: 1 */
static int link_at(const struct list *l, size_t *pos, struct cid *cid)
{
	struct rd r = rd_from(span_of(l->links.data + *pos, l->links.len - *pos));

	if (*pos >= l->links.len || cid_decode(rd_bytes(&r, rd_le16(&r)), cid) < 0)
		return 0;
	*pos = l->links.len - r.left;
	return 1;
}

static int ask_ahead(struct fetch *f, const struct cid *cid)
{
	char target[CID_TEXT_MAX + 32], text[CID_TEXT_MAX];
	struct job *j;
	struct mh mh;
	int rc = store_has(f->st, cid);

	if (rc != 0 || mh_decode(cid_mh(cid), &mh) < 0 || mh_allowed(&mh) < 0 || mh.code == MH_IDENTITY ||
	    fetch_find(f, cid))
		return rc < 0 ? rc : 0;
	snprintf(target, sizeof target, "/ipfs/%s?format=raw", cid_text(cid, text));
	rc = job_new(&j, f, JOB_BLOCK, cid, target);
	if (rc == 0)
		fetch_submit(f, j);
	return rc;
}

/* `cid` is read: is it the next of a list? */
static int advance(struct list *l, const struct cid *cid)
{
	size_t pos = l->pos, n;
	struct cid c;

	for (n = 0; n < 2 && link_at(l, &pos, &c); n++)
		if (cid_equal(&c, cid)) {
			l->pos = pos;
			l->last += n + 1;
			l->run++;
			if (l->ahead < l->last) {
				l->ahead = l->last;
				l->ahead_pos = pos;
			}
			return 1;
		}
	return 0;
}

int ahead_read(struct fetch *f, const struct cid *cid)
{
	struct cid c;
	int i, rc = 0;

	for (i = 0; i < LISTS; i++) {
		struct list *l = &f->list[i];

		if (!l->links.len || !advance(l, cid))
			continue;
		/* one more than is read, so that a second list can run ahead as well */
		while (rc == 0 && l->run >= 2 && l->ahead < l->last + (size_t)f->o.parallel &&
		       f->n_ahead < f->o.parallel && link_at(l, &l->ahead_pos, &c)) {
			l->ahead++;
			rc = ask_ahead(f, &c);
		}
		break;
	}
	return rc;
}

/* ---- the source ---- */

static struct fetch *of(struct dag_source *s)
{
	return (struct fetch *)(void *)((char *)s - offsetof(struct fetch, source));
}

static int source_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	struct fetch *f = of(s);
	size_t was = out->len;
	int rc = ahead_read(f, cid);

	if (rc == 0)
		rc = fetch_block(f, cid, out);
	if (rc == 0)
		ahead_block(f, cid, span_of(out->data + was, out->len - was));
	return rc;
}

static int source_has(struct dag_source *s, const struct cid *cid)
{
	int rc = fetch_block(of(s), cid, NULL);

	return rc == 0 ? 1 : rc == ERR_NOTFOUND ? 0 : rc;
}

static int source_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	int rc = fetch_block(of(s), cid, NULL);

	return rc < 0 ? rc : store_size(of(s)->st, cid, len);
}

static int source_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	int rc = ahead_read(of(s), cid);

	if (rc == 0)
		rc = fetch_block(of(s), cid, NULL);
	return rc < 0 ? rc : store_extent(of(s)->st, cid, p);
}

void source_init(struct fetch *f)
{
	f->source = (struct dag_source){ source_get, source_has, source_size, source_extent };
}

struct dag_source *fetch_source(struct fetch *f)
{
	return &f->source;
}

int fetch_idle(struct fetch *f, int fd)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	int rc = 0;

	while (rc == 0 && f->jobs && poll(&in, 1, 0) == 0)
		rc = fetch_turn(f, 500, fd);
	return rc;
}
