/*
 * tags.c - the entity tags of coded answers: those of the plain one with a word before the last quote.
 * Whoever answers knows only the plain ones; here the client's are shown to it as such.  Either being a hit for the
 * same content is safe where content does not change under its tag (gateway reference section 17).
 */
#include <stdio.h>

#include "base/err.h"
#include "front_priv.h"

static struct {
	const struct field *theirs;	/* the client's fields; `shown` are seen instead */
	struct field shown[HTTP_FIELDS_MAX];
	struct buf plain;		/* what stands in those that were changed */
	struct buf listed;		/* the If-None-Match of the client, all of it */
} now;

enum { SHOWN_MAX = 64 * 1024, LISTED_MAX = 1 << 20 };	/* bytes; longer lists are looked at as they are; a head */

static struct span trim(struct span s)
{
	for (; s.len && (*s.p == ' ' || *s.p == '\t'); s = span_of(s.p + 1, s.len - 1))
		;
	for (; s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'); s.len--)
		;
	return s;
}

/* the tag without the word of a coding, its quote missing; 0: it has none */
static size_t plain_len(const struct front *f, struct span tag)
{
	size_t i, n;

	for (i = 0; i < f->n_codings; i++) {
		n = strlen(f->coding[i]);
		if (tag.len > n + 3 && tag.p[tag.len - 1] == '"' && tag.p[tag.len - n - 2] == '-' &&
		    !memcmp(tag.p + tag.len - n - 1, f->coding[i], n))
			return tag.len - n - 2;
	}
	return 0;
}

/* The list with the plain tag behind every coded one.  A comma inside a tag (it may have them) does no harm: what
 * stands before it is copied as it is. */
static int show(const struct front *f, struct span in, struct buf *out)
{
	struct span tag;
	size_t n, plain;
	int rc = 0;

	while (rc == 0 && in.len) {
		const uint8_t *comma = memchr(in.p, ',', in.len);

		n = comma ? (size_t)(comma - in.p) : in.len;
		tag = trim(span_of(in.p, n));
		plain = plain_len(f, tag);
		rc = buf_bytes(out, in.p, n);
		if (rc == 0 && plain && memchr(tag.p, '"', plain))
			rc = buf_printf(out, ", %.*s\"", (int)plain, (const char *)tag.p);
		n += comma != NULL;
		in = span_of(in.p + n, in.len - n);
		if (rc == 0 && comma)
			rc = buf_str(out, ",");
	}
	return rc;
}

/* A client that wants a range gets plain bytes, and may insist on the tag of those. */
static int shown(const struct field *fd, int ranged)
{
	return http_is(fd->name, "if-none-match") || (!ranged && http_is(fd->name, "if-match"));
}

static int show_all(const struct front *f, struct request *rq)
{
	int ranged = request_field(rq, "range").p != NULL, any = 0, rc = 0;
	size_t i, room = 0, was;

	for (i = 0; i < rq->n_fields; i++)
		if (shown(&rq->field[i], ranged)) {
			room += 2 * rq->field[i].value.len + 4;
			any = 1;
		}
	if (!any || room > SHOWN_MAX || rq->n_fields > HTTP_FIELDS_MAX)
		return 0;
	rc = buf_reserve(&now.plain, room);	/* what the fields point at must not move */
	for (i = 0; rc == 0 && i < rq->n_fields; i++) {
		now.shown[i] = rq->field[i];
		if (!shown(&rq->field[i], ranged))
			continue;
		was = now.plain.len;
		rc = show(f, rq->field[i].value, &now.plain);
		now.shown[i].value = span_of(now.plain.data + was, now.plain.len - was);
	}
	if (rc == 0)
		rq->field = now.shown;
	return rc;
}

int tags_begin(const struct front *f, struct request *rq)
{
	int rc;

	now.theirs = rq->field;
	now.plain.max = SHOWN_MAX;
	now.listed.max = LISTED_MAX;
	buf_reset(&now.plain);
	buf_reset(&now.listed);
	if (!f->n_codings)
		return 0;
	rc = request_list(rq, "if-none-match", &now.listed);
	return rc < 0 ? rc : show_all(f, rq);
}

void tags_end(struct request *rq)
{
	rq->field = now.theirs;
}

/* 1; 0: the answer has no tag, or one too long to be one of ours */
static int coded(const struct reply *r, const char *coding, char *text, size_t max)
{
	struct span tag = reply_value(r, "etag");
	int n;

	if (tag.len < 2 || tag.p[tag.len - 1] != '"')
		return 0;
	n = snprintf(text, max, "%.*s-%s\"", (int)tag.len - 1, (const char *)tag.p, coding);
	return n > 0 && (size_t)n < max;
}

int tag_set(struct reply *r, const char *coding)
{
	char text[512];
	int good = coded(r, coding, text, sizeof text);

	reply_drop(r, "etag");
	return good ? reply_field(r, "etag", "%s", text) : 0;
}

const char *tag_listed(const struct front *f, const struct reply *r)
{
	struct span list = buf_span(&now.listed);
	char text[512];
	size_t i;

	if (!list.len || http_etag_listed(list, reply_value(r, "etag"), 1))
		return NULL;
	for (i = 0; i < f->n_codings; i++)
		if (coded(r, f->coding[i], text, sizeof text) && http_etag_listed(list, span_str(text), 1))
			return f->coding[i];
	return NULL;
}
