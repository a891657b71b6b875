/* cmd_read.c - files as bytes: cat, get */
#include <stdlib.h>
#include <string.h>

#include "cmd_read.h"
#include "ops/get.h"
#include "wire/http/encode.h"

/* ---- what a path leads to ---- */

/* A block that is no part of a file or directory is an error in Kubo's words. */
static int look(struct call *c, const char *arg, struct cid *cid, struct unixfs_stat *st)
{
	struct ops_place place;
	int rc = call_place(c, arg, &place);

	if (rc == 0 && *place.rest)
		rc = err_set(ERR_INVALID, "unknown node type");
	if (rc == 0 && place.cid.codec != CID_DAG_PB && place.cid.codec != CID_RAW) {
		rc = dag_need(c->src, &place.cid);
		if (rc == 0)
			rc = err_set(ERR_INVALID, "unknown node type");
	}
	if (rc == 0)
		rc = unixfs_stat(c->src, &place.cid, st);
	*cid = place.cid;
	ops_place_clear(&place);
	return rc;
}

/* ---- cat ---- */

struct slice {
	struct cid cid;
	uint64_t off, len;
};

struct slices {
	struct slice *s;
	size_t n, cap;
	uint64_t off, left;		/* to be skipped; to be given */
	uint64_t all;
};

static int keep(struct slices *l, const struct cid *cid, uint64_t off, uint64_t len)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 4;
		struct slice *more = realloc(l->s, cap * sizeof *more);

		if (!more)
			return err_nomem();
		l->s = more;
		l->cap = cap;
	}
	l->s[l->n++] = (struct slice){ *cid, off, len };
	return 0;
}

/* the offset counts over all files; one that ends right there is not skipped */
static int plan(struct call *c, const char *arg, struct slices *l)
{
	struct unixfs_stat st;
	struct cid cid;
	uint64_t len;
	int rc = look(c, arg, &cid, &st);

	if (rc == 0 && unixfs_is_dir(st.type))
		rc = err_set(ERR_INVALID, "this dag node is a directory");
	if (rc < 0)
		return rc;
	if (l->off > st.size) {
		l->off -= st.size;
		return 0;
	}
	len = st.size - l->off < l->left ? st.size - l->off : l->left;
	rc = len ? keep(l, &cid, l->off, len) : 0;
	l->off = 0;
	l->left -= len;
	l->all += len;
	return rc;
}

static int cat(struct call *c)
{
	int64_t off = call_int(c, "offset"), len = call_int(c, "length");
	struct slices l = { .off = (uint64_t)off, .left = call_given(c, "length") ? (uint64_t)len : UINT64_MAX };
	size_t i;
	int rc = 0;

	if (off < 0)
		return err_set(ERR_USAGE, "cannot specify negative offset");
	if (len < 0)
		return err_set(ERR_USAGE, "cannot specify negative length");
	for (i = 0; rc == 0 && l.left && i < c->n_args; i++)
		rc = plan(c, c->arg[i], &l);
	if (rc == 0)
		rc = call_bytes(c, NULL, l.all);
	for (i = 0; rc == 0 && i < l.n; i++)
		rc = unixfs_cat(c->src, &l.s[i].cid, l.s[i].off, l.s[i].len, &c->r->sink, NULL, NULL);
	free(l.s);
	return rc;
}

/* ---- get ---- */

/* the last part of the argument, as it was written; gives, free() it */
static char *name_of(const char *arg)
{
	const char *colon = strchr(arg, ':'), *slash;
	size_t len = strlen(arg), from;

	while (len && arg[len - 1] == '/')
		len--;
	slash = memrchr(arg, '/', len);
	from = slash ? (size_t)(slash + 1 - arg) : colon ? (size_t)(colon + 1 - arg) : 0;
	return strndup(arg + from, len - from);
}

/* stop at what cannot be had, with its message as it is */
static int trouble(void *arg, int rc, const char *path)
{
	(void)arg;
	(void)path;
	return rc;
}

static int get_archive(struct call *c, const struct cid *cid, const char *format)
{
	struct timespec now;
	struct ops_get o = { .trouble = trouble };
	char *name = name_of(c->arg[0]);
	int rc;

	if (!name)
		return err_nomem();
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec = 0;
	rc = ops_get_archive_sink(c->src, cid, name, &now, &c->r->sink, format, &o);
	free(name);
	return rc;
}

static int get_packed(struct call *c, const struct cid *cid, int level)
{
	struct coder_sink s;
	struct coder *coder;
	int rc = coder_new(&coder, HTTP_GZIP, level);

	if (rc < 0)
		return rc;
	coder_sink_start(&s, coder, &c->r->sink);
	rc = unixfs_cat(c->src, cid, 0, UINT64_MAX, &s.sink, NULL, NULL);
	if (rc == 0)
		rc = coder_sink_end(&s);
	else
		coder_sink_clear(&s);
	coder_free(coder);
	return rc;
}

static int get(struct call *c)
{
	int packed = call_bool(c, "compress"), archive = call_bool(c, "archive");
	int64_t level = call_int(c, "compression-level");
	struct unixfs_stat st;
	struct cid cid;
	int rc;

	if (packed && call_given(c, "compression-level") && (level < 1 || level > 9))
		return err_set(ERR_USAGE, "compression level must be between 1 and 9");
	rc = look(c, c->arg[0], &cid, &st);
	if (rc == 0 && packed && !archive && unixfs_is_dir(st.type))
		rc = err_set(ERR_INVALID, "file is not regular");
	if (rc == 0)
		rc = call_bytes(c, packed ? "application/gzip" : "application/x-tar",
				unixfs_is_dir(st.type) ? st.cumulative : st.size);
	if (rc < 0)
		return rc;
	if (packed && !archive)
		return get_packed(c, &cid, (int)level);
	return get_archive(c, &cid, packed ? "pax.gz" : "pax");
}

/* ---- the table ---- */

static const struct opt cat_opts[] = {
	{ "offset,o", OPT_INT64, NULL }, { "length,l", OPT_INT64, NULL }, { "progress,p", OPT_BOOL, NULL }, { 0 }
};
static const struct opt get_opts[] = {
	{ "output,o", OPT_STRING, NULL }, { "archive,a", OPT_BOOL, NULL }, { "compress,C", OPT_BOOL, NULL },
	{ "compression-level,l", OPT_INT, NULL }, { "progress,p", OPT_BOOL, NULL }, { 0 }
};
static const struct opt ls_opts[] = {
	{ "headers,v", OPT_BOOL, NULL }, { "resolve-type", OPT_BOOL, "true" }, { "size", OPT_BOOL, "true" },
	{ "stream,s", OPT_BOOL, NULL }, { "long,l", OPT_BOOL, NULL }, { "human,H", OPT_BOOL, NULL },
	{ "sort-size,S", OPT_BOOL, NULL }, { 0 }
};

const struct command kubo_read_commands[] = {
	{ "cat", "ipfs-path!...", NULL, cat_opts, CMD_STDIN | CMD_READS, cat },
	{ "get", "ipfs-path!", NULL, get_opts, CMD_STDIN | CMD_READS, get },
	{ "ls", "ipfs-path!...", NULL, ls_opts, CMD_STDIN | CMD_READS, read_ls },
	{ 0 }
};
