/*
 * git_commit.c - commits and tags: lines of headers, an empty line, a message.
 * Kubo's reader knows some headers and keeps the others as lines.  Signatures that it refuses (those of
 * SSH and X.509) are such lines here.
 */
#include "base/err.h"
#include "git_priv.h"

int git_line(struct git_rd *r, struct span *line)
{
	const uint8_t *end;

	if (r->p == r->end)
		return 0;
	end = memchr(r->p, '\n', (size_t)(r->end - r->p));
	*line = span_of(r->p, (size_t)((end ? end : r->end) - r->p));
	r->p = end ? end + 1 : r->end;
	return 1;
}

static int starts(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && memcmp(s.p, prefix, n) == 0;
}

/* what stands behind a prefix; 1, or 0: it does not start so */
static int behind(struct span s, const char *prefix, struct span *rest)
{
	size_t n = strlen(prefix);

	if (!starts(s, prefix))
		return 0;
	*rest = span_of(s.p + n, s.len - n);
	return 1;
}

/* ---- headers ---- */

/* the lines from here that begin with a space, with their ends */
static struct span continued(struct git_rd *r)
{
	const uint8_t *first = r->p;
	struct span line;

	while (r->p < r->end && *r->p == ' ')
		git_line(r, &line);
	return span_of(first, (size_t)(r->p - first));
}

/*
 * The lines of a PGP signature between its BEGIN and its END, with their ends.  1; 0 and nothing read if it
 * is not of the form that Kubo reads and writes.
 */
static int signature(struct git_rd *r, struct span value, struct span *lines)
{
	struct git_rd was = *r;
	struct span line;
	int n;

	if (!span_equal(value, span_str("-----BEGIN PGP SIGNATURE-----")))
		return 0;
	for (n = 0; r->p < r->end && *r->p == ' '; n++) {
		const uint8_t *first = r->p;

		git_line(r, &line);
		if (n == 0 && line.len > 1 && !starts(line, " Version: ") && !starts(line, " Comment: "))
			break;
		/* an END without an end of line would come back with one */
		if (n > 0 && span_equal(line, span_str(" -----END PGP SIGNATURE-----")) &&
		    r->p[-1] == '\n') {
			*lines = span_of(was.p, (size_t)(first - was.p));
			return 1;
		}
	}
	*r = was;
	return 0;
}

int git_field(struct git_rd *r, struct git_field_line *f)
{
	static const struct { enum git_field field; const char *prefix; } known[] = {
		{ GIT_OF_TREE, "tree " }, { GIT_PARENT, "parent " }, { GIT_AUTHOR, "author " },
		{ GIT_COMMITTER, "committer " }, { GIT_ENCODING, "encoding " },
		{ GIT_MERGETAG, "mergetag object " }, { GIT_SIGNATURE, "gpgsig " },
	};
	struct span line;
	size_t i;

	if (!git_line(r, &line) || line.len == 0)
		return 0;
	*f = (struct git_field_line){ .field = GIT_OTHER, .value = line };
	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (behind(line, known[i].prefix, &f->value)) {
			f->field = known[i].field;
			break;
		}
	if (f->field == GIT_MERGETAG)
		f->more = continued(r);
	if (f->field == GIT_SIGNATURE && !signature(r, f->value, &f->more)) {
		f->field = GIT_OTHER;
		f->value = line;
	}
	return 1;
}

/* a word up to a space or the end; *s moves behind it and one space */
static struct span word(struct span *s)
{
	const uint8_t *space = s->len ? memchr(s->p, ' ', s->len) : NULL;
	struct span w = *s;

	if (!space) {
		*s = span_of(s->p + s->len, 0);
		return w;
	}
	w.len = (size_t)(space - w.p);
	*s = span_of(space + 1, s->len - w.len - 1);
	return w;
}

int git_person(struct span s, struct git_person *who)
{
	size_t i, j;

	*who = (struct git_person){ .name = span_of(s.p, 0) };
	while (s.len > 0 && *s.p == ' ')
		s = span_of(s.p + 1, s.len - 1);
	/* the email begins with the first word that begins with '<' */
	for (i = 0; i < s.len && !(s.p[i] == '<' && (i == 0 || s.p[i - 1] == ' ')); i++)
		;
	/* and ends with the first word that ends with '>' */
	for (j = i + 1; j < s.len && !(s.p[j] == '>' && (j + 1 == s.len || s.p[j + 1] == ' ')); j++)
		;
	if (j >= s.len)
		return 0;
	who->name = span_of(s.p, i > 0 ? i - 1 : 0);
	who->email = span_of(s.p + i + 1, j - i - 1);
	s = j + 2 <= s.len ? span_of(s.p + j + 2, s.len - j - 2) : span_of(s.p + s.len, 0);
	who->date = word(&s);
	who->timezone = word(&s);
	return 1;
}

/* ---- nodes ---- */

static int put_key(struct node *nd, const char *key)
{
	return node_add(nd, NODE_STRING, span_str(key));
}

static int put_text(struct node *nd, const char *key, struct span text)
{
	int rc = put_key(nd, key);

	return rc < 0 ? rc : node_add(nd, NODE_STRING, text);
}

static int put_person(struct node *nd, const struct git_person *who)
{
	size_t at;
	int rc = node_open(nd, NODE_MAP, &at);

	if (rc == 0)
		rc = put_text(nd, "date", who->date);
	if (rc == 0)
		rc = put_text(nd, "timezone", who->timezone);
	if (rc == 0)
		rc = put_text(nd, "email", who->email);
	if (rc == 0)
		rc = put_text(nd, "name", who->name);
	return rc < 0 ? rc : node_close(nd, at);
}

static int read_person(const struct git_rd *r, struct span text, struct node *nd)
{
	struct git_person who;

	if (!git_person(text, &who))
		return git_bad(r, text.p, "a person without an email in angle brackets");
	return put_person(nd, &who);
}

/* The tagger; old tags have none, and Kubo then shows one of empty texts. */
static int read_tagger(const struct git_rd *r, struct span text, struct node *nd)
{
	struct span none = span_of(r->p, 0);

	if (text.len > 0)
		return read_person(r, text, nd);
	return put_person(nd, &(struct git_person){ none, none, none, none });
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* a link from the hex digits of an id */
static int read_id(const struct git_rd *r, struct span hex, struct node *nd)
{
	uint8_t sha[GIT_SHA_LEN];
	size_t i;

	for (i = 0; hex.len == 2 * GIT_SHA_LEN && i < hex.len; i += 2) {
		int hi = hex_value(hex.p[i]), lo = hex_value(hex.p[i + 1]);

		if (hi < 0 || lo < 0)
			break;
		sha[i / 2] = (uint8_t)(hi << 4 | lo);
	}
	if (hex.len != 2 * GIT_SHA_LEN || i < hex.len)
		return git_bad(r, hex.p, "an id that is not 40 hex digits");
	return git_put_link(nd, sha);
}

/* A tag within a commit: its lines, each with a space in front, which those of the message keep. */
static int read_mergetag(const struct git_rd *r, const struct git_field_line *f, struct node *nd)
{
	struct git_rd in = { f->more.p, f->more.p + f->more.len, r->start };
	struct span line, none = span_of(f->more.p, 0), type = none, tag = none, tagger = none;
	size_t at;
	int rc;

	while (git_line(&in, &line) && line.len > 1)
		(void)(behind(line, " type ", &type) || behind(line, " tag ", &tag) ||
		       behind(line, " tagger ", &tagger));
	rc = node_open(nd, NODE_MAP, &at);
	if (rc == 0 && (rc = put_key(nd, "object")) == 0)
		rc = read_id(r, f->value, nd);
	if (rc == 0)
		rc = put_text(nd, "type", type);
	if (rc == 0)
		rc = put_text(nd, "tag", tag);
	if (rc == 0 && (rc = put_key(nd, "tagger")) == 0)
		rc = read_tagger(r, tagger, nd);
	if (rc == 0)
		rc = put_text(nd, "message", span_of(in.p, (size_t)(in.end - in.p)));
	return rc < 0 ? rc : node_close(nd, at);
}

/* one header as a value */
static int read_field(const struct git_rd *r, const struct git_field_line *f, struct node *nd)
{
	switch (f->field) {
	case GIT_OF_TREE:
	case GIT_PARENT: return read_id(r, f->value, nd);
	case GIT_AUTHOR:
	case GIT_COMMITTER: return read_person(r, f->value, nd);
	case GIT_MERGETAG: return read_mergetag(r, f, nd);
	case GIT_SIGNATURE: return node_add(nd, NODE_STRING, f->more);
	case GIT_ENCODING:
	case GIT_OTHER: break;
	}
	return node_add(nd, NODE_STRING, f->value);
}

/* the one header of this name, or null */
static int put_one(struct git_rd r, const char *key, enum git_field field, struct node *nd)
{
	struct git_field_line f;
	int rc = put_key(nd, key), n = 0;

	while (rc == 0 && git_field(&r, &f)) {
		if (f.field != field)
			continue;
		if (n++ > 0)
			return git_bad(&r, f.value.p, "a header that a commit has only once");
		rc = read_field(&r, &f, nd);
	}
	return rc == 0 && n == 0 ? node_null(nd) : rc;
}

/* all headers of this name */
static int put_all(struct git_rd r, const char *key, enum git_field field, struct node *nd)
{
	struct git_field_line f;
	size_t at;
	int rc = put_key(nd, key);

	if (rc == 0)
		rc = node_open(nd, NODE_LIST, &at);
	while (rc == 0 && git_field(&r, &f))
		if (f.field == field)
			rc = read_field(&r, &f, nd);
	return rc < 0 ? rc : node_close(nd, at);
}

static int put_message(struct git_rd r, struct node *nd)
{
	struct git_field_line f;

	while (git_field(&r, &f))
		;
	return put_text(nd, "message", span_of(r.p, (size_t)(r.end - r.p)));
}

int git_commit_node(struct git_rd *r, struct node *nd)
{
	size_t at;
	int rc = node_open(nd, NODE_MAP, &at);

	if (rc == 0)
		rc = put_one(*r, "tree", GIT_OF_TREE, nd);
	if (rc == 0 && nd->step[at + 2].kind != NODE_LINK)
		return git_bad(r, r->p, "a commit without a tree");
	if (rc == 0)
		rc = put_all(*r, "parents", GIT_PARENT, nd);
	if (rc == 0)
		rc = put_message(*r, nd);
	if (rc == 0)
		rc = put_one(*r, "author", GIT_AUTHOR, nd);
	if (rc == 0)
		rc = put_one(*r, "committer", GIT_COMMITTER, nd);
	if (rc == 0)
		rc = put_one(*r, "encoding", GIT_ENCODING, nd);
	if (rc == 0)
		rc = put_one(*r, "signature", GIT_SIGNATURE, nd);
	if (rc == 0)
		rc = put_all(*r, "mergetag", GIT_MERGETAG, nd);
	if (rc == 0)
		rc = put_all(*r, "other", GIT_OTHER, nd);
	return rc < 0 ? rc : node_close(nd, at);
}

int git_tag_node(struct git_rd *r, struct node *nd)
{
	struct span none = span_of(r->p, 0), line, object = none, type = none, tag = none, tagger = none;
	const struct git_rd start = *r;
	size_t at;
	int rc = node_open(nd, NODE_MAP, &at);

	/* other headers are lost, as with Kubo */
	while (git_line(r, &line) && line.len > 0)
		(void)(behind(line, "object ", &object) || behind(line, "type ", &type) ||
		       behind(line, "tag ", &tag) || behind(line, "tagger ", &tagger));
	if (object.len == 0)
		return git_bad(&start, start.p, "a tag without an object");
	if (rc == 0 && (rc = put_key(nd, "object")) == 0)
		rc = read_id(r, object, nd);
	if (rc == 0)
		rc = put_text(nd, "type", type);
	if (rc == 0)
		rc = put_text(nd, "tag", tag);
	if (rc == 0 && (rc = put_key(nd, "tagger")) == 0)
		rc = read_tagger(r, tagger, nd);
	if (rc == 0)
		rc = put_text(nd, "message", span_of(r->p, (size_t)(r->end - r->p)));
	return rc < 0 ? rc : node_close(nd, at);
}
