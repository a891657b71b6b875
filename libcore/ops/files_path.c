/* files_path.c - paths of the mutable files, taken apart */
#include <stdlib.h>
#include <strings.h>

#include "ops/files_priv.h"

/* Go's path.Clean, keeping a slash at the end */
static int clean(const char *path, struct buf *out, struct span **names, size_t *n)
{
	const char *end = path + strlen(path);
	struct span *name = NULL, *more;
	size_t cap = 0, at = 1, i;
	int rc = 0;

	*n = 0;
	while (path < end) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2)) {
			*n -= *n > 0;
		} else if (len && !(len == 1 && *path == '.')) {
			if (*n == cap) {
				cap = cap ? 2 * cap : 16;
				more = realloc(name, cap * sizeof *name);
				if (!more) {
					free(name);
					return err_nomem();
				}
				name = more;
			}
			name[(*n)++] = span_of(path, len);
		}
		path += len + (path[len] == '/');
	}
	for (i = 0; rc == 0 && i < *n; i++) {
		rc = buf_u8(out, '/');
		if (rc == 0)
			rc = buf_add(out, name[i]);
	}
	if (rc == 0 && (end[-1] == '/' || *n == 0))
		rc = buf_u8(out, '/');
	for (i = 0; rc == 0 && i < *n; at += 1 + name[i++].len)
		name[i].p = out->data + at;
	*names = name;
	return rc;
}

static int parse(struct fpath *p, const char *path)
{
	int rc = clean(path, &p->text, &p->name, &p->n);

	p->slash = rc == 0 && p->n && p->text.data[p->text.len - 1] == '/';
	if (rc == 0 && p->n > FILES_DEPTH)
		rc = err_set(ERR_LIMIT, "more than %d directories in each other", FILES_DEPTH);
	return rc;
}

int fpath_parse(struct fpath *p, const char *path)
{
	*p = (struct fpath){ .text = BUF_INIT(FILES_PATH_MAX) };
	if (!*path)
		return err_set(ERR_USAGE, "paths must not be empty");
	if (*path != '/')
		return err_set(ERR_USAGE, "paths must start with a leading slash");
	return parse(p, path);
}

int fpath_loose(struct fpath *p, const char *path)
{
	*p = (struct fpath){ .text = BUF_INIT(FILES_PATH_MAX) };
	return *path ? parse(p, path) : err_set(ERR_USAGE, "paths must not be empty");
}

void fpath_clear(struct fpath *p)
{
	free(p->name);
	buf_clear(&p->text);
}

int fpath_add(struct fpath *p, struct span name)
{
	struct buf whole = BUF_INIT(FILES_PATH_MAX);
	struct fpath longer;
	int rc = buf_printf(&whole, "%s/", fpath_text(p));

	if (rc == 0)
		rc = buf_add(&whole, name);
	if (rc == 0) {
		rc = fpath_parse(&longer, (char *)whole.data);
		fpath_clear(p);
		*p = longer;
	}
	buf_clear(&whole);
	return rc;
}

int fpath_span(const struct fpath *p, size_t n, struct buf *out)
{
	size_t i;
	int rc = n == 0 ? buf_u8(out, '/') : 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = buf_u8(out, '/');
		if (rc == 0)
			rc = buf_add(out, p->name[i]);
	}
	return rc;
}

int ops_files_path(const char *path, struct buf *out)
{
	struct fpath p;
	int rc = fpath_parse(&p, path);

	buf_reset(out);
	if (rc == 0)
		rc = buf_add(out, buf_span(&p.text));
	fpath_clear(&p);
	return rc;
}

int is_content(const char *path)
{
	return !strncmp(path, "/ipfs/", 6) || !strncmp(path, "/ipld/", 6) || !strncasecmp(path, "ipfs:", 5);
}

int not_a_dir(const struct fpath *p, size_t n)
{
	struct buf text = BUF_INIT(FILES_PATH_MAX);
	int rc = fpath_span(p, n, &text);

	if (rc == 0)
		rc = err_set(ERR_INVALID, "%s is not a directory", (char *)text.data);
	buf_clear(&text);
	return rc;
}
