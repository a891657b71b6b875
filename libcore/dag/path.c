/* path.c - the text of a path, taken apart (boxo path.NewPath, path.NewPathFromURI) */
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "dag/dag.h"

static int bad(const char *text, const char *why)
{
	return err_set(ERR_USAGE, "invalid path \"%s\": %s", text, why);
}

/* the part behind "ipfs:", "ipns:" or "ipld:" in any letter case, and "/ipfs/" and so on for it */
static const char *behind_scheme(const char *text, const char **space)
{
	static const char *const schemes[] = { "ipfs:", "ipns:", "ipld:" };
	static const char *const spaces[] = { "/ipfs/", "/ipns/", "/ipld/" };
	size_t i;

	for (i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (!strncasecmp(text, schemes[i], 5)) {
			*space = spaces[i];
			return text + 5;
		}
	return NULL;
}

/* POSIX cleaning in place: the parts without "", "." and "..", joined by '/', none in front */
static void clean(char *path)
{
	char *in = path, *out = path;

	while (*in) {
		size_t n = strcspn(in, "/");
		int dots = n == 2 && in[0] == '.' && in[1] == '.';

		if (dots) {
			while (out > path && *--out != '/')
				;
		} else if (n && !(n == 1 && in[0] == '.')) {
			if (out > path)
				*out++ = '/';
			memmove(out, in, n);
			out += n;
		}
		in += n + (in[n] == '/');
	}
	*out = 0;
}

int dag_path_parse(struct dag_path *p, const char *text)
{
	const char *space = "", *rest = behind_scheme(text, &space);
	struct buf all = BUF_INIT(SIZE_MAX);
	char *name, *root, *below;
	int rc;

	*p = (struct dag_path){ 0 };
	if (!rest) {
		rest = text;
		space = *text && *text != '/' ? "/ipfs/" : "";
	}
	rc = buf_reserve(&all, 1);
	if (rc == 0)
		rc = buf_printf(&all, "%s%s", space, rest);
	if (rc < 0)
		goto out;
	name = (char *)all.data;
	clean(name);
	root = strchr(name, '/');
	if (!root) {
		rc = bad(text, "path does not have enough components");
		goto out;
	}
	*root++ = 0;
	below = strchr(root, '/');
	if (below)
		*below++ = 0;
	if (!strcmp(name, "ipns")) {
		rc = err_set(ERR_UNSUPPORTED, "invalid path \"%s\": names cannot be resolved here, "
			     "only /ipfs/ and /ipld/ paths", text);
		goto out;
	}
	p->ipld = !strcmp(name, "ipld");
	if (!p->ipld && strcmp(name, "ipfs")) {
		rc = err_set(ERR_USAGE, "invalid path \"%s\": unknown namespace: \"%s\"", text, name);
		goto out;
	}
	if (cid_parse(span_str(root), &p->root, &p->base) < 0) {
		err_add(ERR_USAGE, "invalid cid");
		rc = err_add(ERR_USAGE, "invalid path \"%s\"", text);
		goto out;
	}
	p->rest = strdup(below ? below : "");
	rc = p->rest ? 0 : err_nomem();
out:
	buf_clear(&all);
	return rc;
}

void dag_path_clear(struct dag_path *p)
{
	free(p->rest);
	*p = (struct dag_path){ 0 };
}
