/*
 * parts.c - the body of a call: a tree of files as parts, depth first, or arguments a line each.
 * It is read as it comes, and only as fast as the command takes it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kubo_priv.h"

enum { SOON_MS = 2, WINDOW = 64 * 1024, PATH_BYTES = 32 * 1024 };

struct parts {
	struct multipart m;
	uint8_t in[WINDOW];
	size_t at, len;			/* of `in`, what is not used */
	struct span data;		/* of the part, given by the parser and not read yet */
	int open, over;			/* a part is under way; all were given */
	int rc;				/* why it cannot be read any further */
	struct buf path, abspath;
};

static int starts(struct span s, const char *head)
{
	size_t n = strlen(head);

	return s.len >= n && strncasecmp((const char *)s.p, head, n) == 0;
}

int parts_open(struct call *c)
{
	struct span type = request_field(c->rq, "content-type");
	struct parts *p;
	int rc;

	if (!starts(type, "multipart/form-data"))
		return 0;
	p = malloc(sizeof *p);
	if (!p)
		return err_nomem();
	memset(p, 0, offsetof(struct parts, in));
	p->at = p->len = 0;
	p->data = span_of(NULL, 0);
	p->open = p->over = p->rc = 0;
	p->path = BUF_INIT(PATH_BYTES);
	p->abspath = BUF_INIT(PATH_BYTES);
	rc = multipart_start(&p->m, type);
	if (rc < 0) {
		free(p);
		err_set(rc, "no multipart boundary param in Content-Type");
		return 400;
	}
	p->m.nested = 1;
	c->parts = p;
	return 0;
}

void parts_free(struct call *c)
{
	if (!c->parts)
		return;
	buf_clear(&c->parts->path);
	buf_clear(&c->parts->abspath);
	free(c->parts);
	c->parts = NULL;
}

/* ---- bytes ---- */

static int fill(struct call *c, struct parts *p)
{
	int rc = call_expired(c);
	ssize_t n;

	memmove(p->in, p->in + p->at, p->len);
	p->at = 0;
	if (p->len == sizeof p->in)
		return err_set(ERR_LIMIT, "a part with too long a head");
	if (rc == 0 && c->waits && !(c->rq->ready && c->rq->ready(c->rq, SOON_MS)))
		rc = c->waits(c->waits_arg);
	if (rc < 0)
		return rc;
	n = c->rq->read(c->rq, p->in + p->len, sizeof p->in - p->len);
	if (n == 0)
		return err_set(ERR_INVALID, p->open ? "unexpected EOF" : "multipart: NextPart: EOF");
	if (n > 0)
		p->len += (size_t)n;
	return n < 0 ? (int)n : 0;
}

/* the next event but MULTIPART_MORE, or an error that stays */
static int next(struct call *c, struct parts *p)
{
	enum multipart_event e;
	size_t used;

	while (p->rc == 0) {
		e = multipart_next(&p->m, span_of(p->in + p->at, p->len), &used, &p->data);
		p->at += used;
		p->len -= used;
		if (e == MULTIPART_BAD)
			p->rc = err_set(ERR_INVALID, "multipart: %s", p->m.why);
		else if (e != MULTIPART_MORE)
			return (int)e;
		else
			p->rc = fill(c, p);
	}
	return p->rc;
}

ssize_t call_read(struct call *c, void *buf, size_t len)
{
	struct parts *p = c->parts;
	int e;

	if (!p || !p->open)
		return 0;
	while (!p->data.len) {
		e = next(c, p);
		if (e < 0)
			return e;
		if (e == MULTIPART_PART_END) {
			p->open = 0;
			p->data = span_of(NULL, 0);
			return 0;
		}
	}
	len = len < p->data.len ? len : p->data.len;
	memcpy(buf, p->data.p, len);
	p->data = span_of(p->data.p + len, p->data.len - len);
	return (ssize_t)len;
}

ssize_t call_read_arg(void *call, void *p, size_t len)
{
	return call_read(call, p, len);
}

int call_slurp(struct call *c, struct buf *out)
{
	uint8_t room[16384];
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (n = call_read(c, room, sizeof room)) != 0)
		rc = n < 0 ? (int)n : buf_bytes(out, room, (size_t)n);
	return rc;
}

/* ---- heads ---- */

/* "/" and the path, with ".", ".." and double slashes resolved, without that slash (path.Clean) */
static int clean(struct buf *b)
{
	char *text = (char *)b->data, *out = text, *word, *save = NULL;
	char *copy = strdup(text ? text : "");

	if (!copy)
		return err_nomem();
	for (word = strtok_r(copy, "/", &save); word; word = strtok_r(NULL, "/", &save)) {
		if (strcmp(word, ".") == 0)
			continue;
		if (strcmp(word, "..") == 0) {
			while (out > text && *--out != '/')
				;
			continue;
		}
		if (out > text)
			*out++ = '/';
		memmove(out, word, strlen(word));
		out += strlen(word);
	}
	if (text)
		*out = 0;
	b->len = text ? (size_t)(out - text) : 0;
	free(copy);
	return 0;
}

/* percent-encoded, or as it is where it is not well so */
static int decode(struct span in, struct buf *out)
{
	int rc;

	buf_reset(out);
	rc = request_unescape(in, out);
	if (rc == ERR_INVALID) {
		buf_reset(out);
		rc = buf_add(out, in);
	}
	if (rc == 0 && out->len && memchr(out->data, 0, out->len))
		rc = err_set(ERR_INVALID, "a file name with a zero byte in it");
	return rc == 0 && !out->data ? buf_str(out, "") : rc;
}

static int take_path(struct parts *p)
{
	struct buf plain = BUF_INIT(PATH_BYTES);
	int rc = p->m.filename.p ? http_unquote(p->m.filename, &plain) : 0;

	if (rc == 0)
		rc = decode(buf_span(&plain), &p->path);
	if (rc == 0)
		rc = clean(&p->path);
	buf_clear(&plain);
	return rc;
}

static int take_abspath(struct parts *p)
{
	size_t i;
	int rc;

	buf_reset(&p->abspath);
	rc = buf_str(&p->abspath, "");
	for (i = 0; rc == 0 && i < p->m.n_fields; i++) {
		const struct http_field *f = &p->m.field[i];

		if (f->name.len == 15 && strncasecmp((const char *)f->name.p, "abspath-encoded", 15) == 0)
			return decode(f->value, &p->abspath);
		if (f->name.len == 7 && strncasecmp((const char *)f->name.p, "abspath", 7) == 0) {
			buf_reset(&p->abspath);
			rc = buf_add(&p->abspath, f->value);
		}
	}
	return rc;
}

/* of os.FileMode: permissions, and its own bits of set-id and sticky */
static uint32_t mode_of(unsigned long m)
{
	return (uint32_t)((m & 0777) | (m & 0x800000 ? 04000 : 0) | (m & 0x400000 ? 02000 : 0) |
			  (m & 0x100000 ? 01000 : 0));
}

/* a number from end to end; a mode is octal */
static int number(const char *text, int base, long long *v)
{
	char *end;

	errno = 0;
	*v = strtoll(text, &end, base);
	return *text && !*end && errno == 0;
}

static int take_word(const char *word, struct part *out)
{
	long long v = 0;
	int ok = 1;

	if (strncmp(word, "mode=", 5) == 0) {
		ok = number(word + 5, 8, &v);
		out->mode = mode_of((unsigned long)v);
	} else if (strncmp(word, "mtime=", 6) == 0) {
		ok = number(word + 6, 10, &v);
		out->mtime = v;
	} else if (strncmp(word, "mtime-nsecs=", 12) == 0) {
		ok = number(word + 12, 10, &v) && v >= 0 && v <= UINT32_MAX;
		out->nsec = (uint32_t)v;
	}
	return ok;
}

/* name="file?mode=0644&mtime=5&mtime-nsecs=7": any '?' means that there is a time.  Where one of them is wrong, none of
 * them counts. */
static void take_meta(struct parts *p, struct part *out)
{
	struct span name = p->m.name;
	const uint8_t *mark = name.len ? memchr(name.p, '?', name.len) : NULL;
	struct part none = *out;
	char text[256], *word, *save = NULL;

	if (!mark)
		return;
	snprintf(text, sizeof text, "%.*s", (int)(name.len - (size_t)(mark + 1 - name.p)), (const char *)mark + 1);
	out->has_mtime = 1;
	for (word = strtok_r(text, "&", &save); word; word = strtok_r(NULL, "&", &save))
		if (!take_word(word, out)) {
			*out = none;
			return;
		}
}

static enum part_kind kind_of(struct span type)
{
	if (starts(type, "application/x-directory") || starts(type, "multipart/form-data"))
		return PART_DIR;
	return starts(type, "application/symlink") ? PART_LINK : PART_FILE;
}

static int take_head(struct parts *p, struct part *out)
{
	int rc = take_path(p);

	*out = (struct part){ .kind = kind_of(p->m.type) };
	if (rc == 0)
		rc = take_abspath(p);
	if (rc < 0)
		return rc;
	take_meta(p, out);
	out->path = (const char *)p->path.data;
	out->abspath = (const char *)p->abspath.data;
	return 1;
}

/* a part without Content-Disposition is none of ours */
static int disposed(const struct parts *p)
{
	size_t i;

	for (i = 0; i < p->m.n_fields; i++)
		if (p->m.field[i].name.len == 19 &&
		    strncasecmp((const char *)p->m.field[i].name.p, "content-disposition", 19) == 0)
			return 1;
	return 0;
}

int call_part(struct call *c)
{
	struct parts *p = c->parts;
	int e;

	if (!p || p->over)
		return 0;
	do {			/* what was not read of the one before is passed over, and what is no entry */
		e = next(c, p);
	} while (e == MULTIPART_DATA || e == MULTIPART_PART_END || (e == MULTIPART_PART && !disposed(p)));
	p->data = span_of(NULL, 0);
	if (e == MULTIPART_END)
		p->over = 1;
	p->open = e == MULTIPART_PART;
	if (e != MULTIPART_PART)
		return e < 0 ? e : 0;
	e = take_head(p, &c->part);
	if (e < 0)
		p->rc = e;
	return e;
}

int call_file(struct call *c)
{
	int rc = call_part(c);

	if (rc == 0)
		return err_set(ERR_USAGE, "expected a file argument");
	if (rc > 0 && c->part.kind != PART_FILE)
		return err_set(ERR_USAGE, "file argument was nil");
	return rc < 0 ? rc : 0;
}

/* ---- arguments ---- */

int parts_args(struct call *c)
{
	struct buf text = BUF_INIT(ARGS_MAX);
	const uint8_t *end;
	struct span rest, line;
	int rc = call_part(c);

	if (rc == 1)
		rc = call_slurp(c, &text);
	rest = buf_span(&text);
	while (rc == 0 && rest.len) {
		end = memchr(rest.p, '\n', rest.len);
		line = span_of(rest.p, end ? (size_t)(end - rest.p) : rest.len);
		rest = end ? span_of(end + 1, rest.len - line.len - 1) : span_of(NULL, 0);
		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		rc = query_add_arg(c, line);
	}
	buf_clear(&text);
	return rc;
}
