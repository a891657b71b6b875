/* fill.c - slabs of whole sections, and the hashing of what is in them */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "read_priv.h"

/* ---- what ends a slab for good ---- */

static uint64_t file_offset(const struct car_in *c, const struct slab *s, size_t at)
{
	return c->base + s->off + at;
}

/* The archive ends here, with the error whose message is set: it will be said again, by another thread. */
static void stop_at(struct slab *s, int rc)
{
	s->last = 1;
	s->rc = rc;
	snprintf(s->text, sizeof s->text, "%s", err_text());
}

static int fail_at(const struct car_in *c, const struct slab *s, int rc)
{
	return car_at(c, rc, file_offset(c, s, s->end));
}

/* There is a part of a section, and no more bytes. */
static int cut_off(const struct car_in *c, const struct slab *s)
{
	struct span part = span_of(s->data + s->end, s->have - s->end);
	const char *where = c->version == 2 && c->left == 0 ? "payload" : "file";
	char text[CID_TEXT_MAX];
	uint64_t len;
	struct cid cid;
	int n = car_section_length(part, &len);

	if (n <= 0)
		return err_set(ERR_INVALID, "unexpected end of the %s inside the length of a section", where);
	part = span_of(part.p + n, part.len - (size_t)n);
	if (part.len == 0)
		return err_set(ERR_INVALID, "unexpected end of the %s: a section of %" PRIu64
			       " bytes is announced and none follow", where, len);
	if (car_section_cid(part, &cid) < 0)
		return err_set(ERR_INVALID, "unexpected end of the %s after %zu of the %" PRIu64
			       " bytes of a section", where, part.len, len);
	return err_set(ERR_INVALID, "unexpected end of the %s after %zu of the %" PRIu64 " bytes of the "
		       "section of '%s'", where, part.len, len, cid_text(&cid, text));
}

/* ---- whole sections ---- */

/* Go over the sections that are whole: 0 and in *want the bytes from s->end on that the next one takes (as
 * far as is known), 1 at a section of length 0 that ends the archive, or an error. */
static int frame(const struct car_in *c, struct slab *s, size_t *want)
{
	uint64_t len;
	int n;

	for (;;) {
		n = car_section_length(span_of(s->data + s->end, s->have - s->end), &len);
		if (n < 0)
			return n;
		*want = n == 0 ? s->have - s->end + 1 : (size_t)n + (size_t)len;
		if (n == 0)
			return 0;
		if (len == 0)
			return c->flags & CAR_ZERO_ENDS ? 1 :
				err_set(ERR_INVALID, "a section of length 0 (padding is not allowed)");
		if (*want > s->have - s->end)
			return 0;
		s->end += *want;
	}
}

/* room for `cap` bytes */
static int grow(struct slab *s, size_t cap)
{
	uint8_t *p;

	if (cap <= s->cap)
		return 0;
	p = realloc(s->data, cap);
	if (!p)
		return err_nomem();
	s->data = p;
	s->cap = cap;
	return 0;
}

/* Read some more: 1, 0 when the payload or the file is at its end, or an error. */
static int more(struct car_in *c, struct slab *s, size_t want)
{
	size_t room;
	ssize_t n;
	int rc = 0;

	if (s->have == s->cap)		/* a long section: as it comes, not as it announces itself */
		rc = grow(s, want < 2 * s->cap ? want : 2 * s->cap);
	if (rc < 0)
		return rc;
	room = s->cap - s->have;
	if (room > c->left)
		room = (size_t)c->left;
	n = input_read(&c->in, s->data + s->have, room);
	if (n < 0)
		return (int)n;
	s->have += (size_t)n;
	if (c->left != UINT64_MAX)
		c->left -= (uint64_t)n;
	return n > 0;
}

/* Whoever writes into the pipe shall get rid of the index behind the payload; and a packed file shall show
 * that it is whole. */
static int drain(struct car_in *c)
{
	uint64_t n;

	return c->in.regular && !c->in.packed ? 0 : input_skip(&c->in, UINT64_MAX, &n);
}

static int at_end(struct car_in *c, struct slab *s)
{
	s->cut = s->have > s->end || (c->version == 2 && c->left > 0);
	if (s->have > s->end)
		return fail_at(c, s, cut_off(c, s));
	if (c->version == 2 && c->left > 0)
		return fail_at(c, s, err_set(ERR_INVALID, "unexpected end of the file, %" PRIu64
					     " bytes before that of the payload", c->left));
	return drain(c);
}

/* 0: goes on, 1: was the last one; or an error */
static int fill(struct car_in *c, struct slab *s)
{
	size_t want;
	int rc, got = 1;

	for (;;) {
		rc = frame(c, s, &want);
		if (rc < 0)
			return fail_at(c, s, rc);
		if (rc == 1) {
			rc = drain(c);
			return rc < 0 ? rc : 1;
		}
		if (s->end > 0 && (s->have == s->cap || s->end + want > s->cap || !input_ready(&c->in)))
			return 0;
		got = more(c, s, want);
		if (got < 0)
			return got;
		if (got == 0) {
			rc = at_end(c, s);
			return rc < 0 ? rc : 1;
		}
	}
}

void slab_fill(struct car_in *c, struct slab *s, const struct slab *before)
{
	size_t rest = before ? before->have - before->end : 0;
	int rc = grow(s, rest > SLAB ? rest : SLAB);

	s->end = s->have = 0;
	s->off = before ? before->off + before->end : s->off;
	s->last = s->rc = s->cut = s->n_jobs = 0;
	if (rc == 0 && rest) {
		memcpy(s->data, before->data + before->end, rest);
		s->have = rest;
	}
	if (rc == 0)
		rc = fill(c, s);
	if (rc < 0)
		stop_at(s, rc);
	else
		s->last = rc;
}

/* ---- hashing ---- */

int slab_section(const struct slab *s, size_t at, struct cid *cid, struct span *data)
{
	uint64_t len;
	int n = car_section_length(span_of(s->data + at, s->end - at), &len), k;

	k = car_section_cid(span_of(s->data + at + n, (size_t)len), cid);
	if (k < 0)
		return k;
	*data = span_of(s->data + at + n + k, (size_t)len - (size_t)k);
	return n + (int)len;
}

static void job_run(struct pool_job *pj)
{
	struct slab_job *j = (struct slab_job *)(void *)pj;
	struct span data;
	struct cid cid;
	size_t at;
	int n;

	for (at = j->from; at < j->to; at += (size_t)n) {
		n = slab_section(j->slab, at, &cid, &data);
		if (n < 0 || cid_verify(&cid, data) < 0) {
			j->bad = at;		/* car_in_next finds the words */
			return;
		}
	}
}

/* Where the first section begins at or behind `to`. */
static size_t section_from(const struct slab *s, size_t at, size_t to)
{
	uint64_t len;

	while (at < to && at < s->end)
		at += (size_t)car_section_length(span_of(s->data + at, s->end - at), &len) + (size_t)len;
	return at;
}

void slab_hash(struct car_in *c, struct slab *s)
{
	size_t each = s->end / JOBS > JOB_MIN ? s->end / JOBS : JOB_MIN, at = 0;
	struct slab_job *j;

	while (at < s->end) {
		j = &s->job[s->n_jobs];
		*j = (struct slab_job){ .job.run = job_run, .slab = s, .from = at, .bad = SIZE_MAX };
		at = s->n_jobs + 1 == JOBS ? s->end : section_from(s, at, at + each);
		j->to = at;
		s->n_jobs++;
		pool_submit(c->pool, &j->job);
	}
}
