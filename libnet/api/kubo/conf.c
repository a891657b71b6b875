/* conf.c - the document and its file */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "base/tmpfile.h"
#include "conf.h"

/* ---- trees ---- */

int conf_copy(struct node *out, const struct node *nd, size_t at)
{
	const struct node_step *s = &nd->step[at];
	size_t i, end, head;
	int rc;

	switch (s->kind) {
	case NODE_NULL: return node_null(out);
	case NODE_BOOL: return node_bool(out, s->neg);
	case NODE_INT: return s->neg ? node_nint(out, s->u) : node_uint(out, s->u);
	case NODE_FLOAT: return node_float(out, s->f);
	case NODE_STRING:
	case NODE_BYTES:
	case NODE_LINK: return node_add(out, s->kind, node_span(nd, at));
	}
	end = (size_t)s->end;
	rc = node_open(out, s->kind, &head);
	for (i = at + 1; rc == 0 && i < end; i = node_next(nd, i))	/* keys and values alike */
		rc = conf_copy(out, nd, i);
	return rc < 0 ? rc : node_close(out, head);
}

static int has_entry(const struct node *list, size_t at, const struct node *nd, size_t entry)
{
	size_t i, v;

	for (i = 0; node_entry(list, at, i, &v); i++)
		if (node_equal(list, v, nd, entry) == 1)
			return 1;
	return 0;
}

/* those of `under` that are to stay, and those of `over` that are to come */
static int join_lists(struct node *out, const struct node *under, size_t u, const struct node *over, size_t o,
		      enum conf_lists how)
{
	size_t i, v, head;
	int rc = node_open(out, NODE_LIST, &head);

	for (i = 0; rc == 0 && node_entry(under, u, i, &v); i++)
		if (how == CONF_UNITE || !has_entry(over, o, under, v))
			rc = conf_copy(out, under, v);
	for (i = 0; rc == 0 && how == CONF_UNITE && node_entry(over, o, i, &v); i++)
		if (!has_entry(under, u, over, v))
			rc = conf_copy(out, over, v);
	return rc < 0 ? rc : node_close(out, head);
}

static int join_maps(struct node *out, const struct node *under, size_t u, const struct node *over, size_t o,
		     enum conf_lists how)
{
	size_t i, v, head, end = (size_t)under->step[u].end;
	int rc = node_open(out, NODE_MAP, &head);

	for (i = u + 1; rc == 0 && i < end; i = node_next(under, i + 1)) {
		rc = conf_copy(out, under, i);
		if (rc == 0)
			rc = node_field(over, o, node_span(under, i), &v) ?
			     conf_merge(out, under, i + 1, over, v, how) : conf_copy(out, under, i + 1);
	}
	for (i = o + 1, end = (size_t)over->step[o].end; rc == 0 && i < end; i = node_next(over, i + 1))
		if (!node_field(under, u, node_span(over, i), &v)) {
			rc = conf_copy(out, over, i);
			if (rc == 0)
				rc = conf_copy(out, over, i + 1);
		}
	return rc < 0 ? rc : node_close(out, head);
}

static int is(const struct node *nd, size_t at, enum node_kind kind)
{
	return at != CONF_NONE && nd->n && nd->step[at].kind == kind;
}

int conf_merge(struct node *out, const struct node *under, size_t u, const struct node *over, size_t o,
	       enum conf_lists how)
{
	if (is(under, u, NODE_MAP) && is(over, o, NODE_MAP))
		return join_maps(out, under, u, over, o, how);
	if (how != CONF_REPLACE && is(under, u, NODE_LIST) && is(over, o, NODE_LIST))
		return join_lists(out, under, u, over, o, how);
	return conf_copy(out, over, o);
}

int conf_set(struct node *out, const struct node *nd, size_t at, const char *key, const struct node *value, size_t v)
{
	const char *dot = key ? strchr(key, '.') : NULL;
	struct span name = key ? span_of(key, dot ? (size_t)(dot - key) : strlen(key)) : span_of(NULL, 0);
	size_t i, head;
	int rc, found = 0;

	if (!key)
		return conf_copy(out, value, v);
	rc = node_open(out, NODE_MAP, &head);
	for (i = at + 1; rc == 0 && is(nd, at, NODE_MAP) && i < nd->step[at].end; i = node_next(nd, i + 1)) {
		rc = conf_copy(out, nd, i);
		if (rc == 0 && span_equal(node_span(nd, i), name)) {
			found = 1;
			rc = conf_set(out, nd, i + 1, dot ? dot + 1 : NULL, value, v);
		} else if (rc == 0) {
			rc = conf_copy(out, nd, i + 1);
		}
	}
	if (rc == 0 && !found) {
		rc = node_add(out, NODE_STRING, name);
		if (rc == 0)
			rc = conf_set(out, nd, CONF_NONE, dot ? dot + 1 : NULL, value, v);
	}
	return rc < 0 ? rc : node_close(out, head);
}

int conf_find(const struct node *nd, const char *key, size_t *at)
{
	const char *part = key, *dot;
	int sofar;

	for (; part; part = dot ? dot + 1 : NULL) {
		dot = strchr(part, '.');
		sofar = (int)(part - key);
		if (nd->step[*at].kind != NODE_MAP)
			return err_set(ERR_NOTFOUND, "%.*s key is not a map", sofar ? sofar - 1 : 0, key);
		if (!node_field(nd, *at, span_of(part, dot ? (size_t)(dot - part) : strlen(part)), at))
			return err_set(ERR_NOTFOUND, "%.*s not found", dot ? (int)(dot - key) : (int)strlen(key), key);
	}
	return 1;
}

/* ---- what nobody is shown ---- */

/* a glob of one key: "*" is any */
static const char *const secrets[][6] = {
	{ "Identity", "PrivKey" }, { "API", "Authorizations" }, { "Pinning", "RemoteServices", "*", "API", "Key" }
};

/* which of the secrets the keys so far may lead to, a bit each; *whole: one of them ends here */
static unsigned leads_to(unsigned mask, size_t depth, struct span key, int *whole)
{
	unsigned out = 0, i;
	char name[64];

	*whole = 0;
	snprintf(name, sizeof name, "%.*s", (int)(key.len < 63 ? key.len : 63), (const char *)key.p);
	for (i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		const char *want = secrets[i][depth];

		if (!(mask & 1u << i) || !want || (strcmp(want, "*") && strcasecmp(want, name)))
			continue;
		out |= 1u << i;
		*whole |= !secrets[i][depth + 1];
	}
	return out;
}

static int scrub(struct node *out, const struct node *nd, size_t at, unsigned mask, size_t depth)
{
	size_t i, head, end;
	unsigned below;
	int rc, whole;

	if (!mask || nd->step[at].kind != NODE_MAP)
		return conf_copy(out, nd, at);
	end = (size_t)nd->step[at].end;
	rc = node_open(out, NODE_MAP, &head);
	for (i = at + 1; rc == 0 && i < end; i = node_next(nd, i + 1)) {
		below = leads_to(mask, depth, node_span(nd, i), &whole);
		if (whole)
			continue;
		rc = conf_copy(out, nd, i);
		if (rc == 0)
			rc = scrub(out, nd, i + 1, below, depth + 1);
	}
	return rc < 0 ? rc : node_close(out, head);
}

int conf_scrub(struct node *out, const struct node *nd)
{
	node_reset(out);
	return scrub(out, nd, 0, ~0u, 0);
}

/* ---- the document ---- */

int conf_read(const char *path, struct buf *text, struct node *nd)
{
	char *name = NULL;
	int rc;

	if (asprintf(&name, "%s/" CONF_FILE, path) < 0)
		return err_nomem();
	buf_reset(text);
	rc = io_slurp_file(AT_FDCWD, name, text);
	if (rc == ERR_NOTFOUND)
		rc = buf_str(text, "{}");
	if (rc == 0) {
		rc = codec_decode(CID_JSON, buf_span(text), 0, nd);
		if (rc == 0 && nd->step[0].kind != NODE_MAP)
			rc = err_set(ERR_INVALID, "it holds no object");
		if (rc < 0)
			err_add(rc, "%s", name);
	}
	free(name);
	return rc;
}

int conf_open(struct call *c, struct conf *d)
{
	int rc;

	*d = (struct conf){ .file_text = BUF_INIT(CONF_MAX), .base_text = BUF_INIT(CONF_MAX) };
	rc = conf_read(c->k->path, &d->file_text, &d->file);
	if (rc == 0)
		rc = conf_base(c, &d->base_text);
	if (rc == 0)
		rc = codec_decode(CID_JSON, buf_span(&d->base_text), 0, &d->base);
	return rc < 0 ? rc : conf_merge(&d->all, &d->base, 0, &d->file, 0, CONF_REPLACE);
}

void conf_close(struct conf *d)
{
	node_clear(&d->all);
	node_clear(&d->base);
	node_clear(&d->file);
	if (d->file_text.data)
		explicit_bzero(d->file_text.data, d->file_text.len);
	buf_clear(&d->file_text);
	buf_clear(&d->base_text);
}

/* the folder of the file, locked until it is closed */
static int lock(const char *path, int *fd)
{
	char *name = NULL;
	int rc = 0, r;

	*fd = -1;
	if (asprintf(&name, "%s/token", path) < 0)
		return err_nomem();
	*fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		rc = err_sys("opening '%s'", name);
	do
		r = rc < 0 ? 0 : flock(*fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		rc = err_sys("locking '%s'", name);
	free(name);
	return rc;
}

static int save(int dirfd, const struct node *nd)
{
	struct buf text = BUF_INIT(CONF_MAX);
	struct tmpfile t;
	int rc = conf_put(nd, 0, 0, &text);

	if (rc == 0)
		rc = buf_u8(&text, '\n');
	if (rc == 0)
		rc = tmpfile_open(&t, dirfd, strchr(CONF_FILE, '/') + 1, 0600);
	if (rc == 0) {
		rc = io_write(t.fd, text.data, text.len, CONF_FILE);
		if (rc == 0)
			rc = tmpfile_commit(&t, 1);
		tmpfile_close(&t);
	}
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_clear(&text);
	return rc;
}

int conf_edit(struct call *c, int (*edit)(void *arg, const struct conf *d, struct node *out), void *arg)
{
	struct node out = NODE_INIT;
	struct conf d;
	int fd, rc = lock(c->k->path, &fd), rc2 = rc < 0 ? rc : conf_open(c, &d);

	if (rc == 0 && rc2 == 0)
		rc2 = edit(arg, &d, &out);
	if (rc2 > 0)
		rc2 = save(fd, &out);
	node_clear(&out);
	if (rc == 0)
		conf_close(&d);
	if (fd >= 0)
		close(fd);
	return rc2;
}
