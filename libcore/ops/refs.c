/* refs.c - links between blocks */
#include "base/err.h"
#include "ops/read.h"

struct refs {
	int (*fn)(void *arg, const struct ops_ref *ref);
	void *arg;
	int stop;
};

static int tell(void *arg, const struct dag_visit *v)
{
	struct refs *r = arg;
	struct ops_ref ref = { v->parent, v->cid, v->name };

	if (!v->parent)
		return 0;		/* the root is nobody's link */
	r->stop = r->fn(r->arg, &ref);
	return r->stop ? ERR_INTERRUPTED : 0;
}

int ops_refs_below(struct dag_source *src, const char *tmpdir, const struct cid *root, const struct ops_refs *opts,
		   int (*fn)(void *arg, const struct ops_ref *ref), void *arg)
{
	struct refs r = { fn, arg, 0 };
	struct dag_walk w = { .once = opts->unique, .tmpdir = tmpdir,
			      .depth_max = opts->recursive ? opts->depth_max : 1,
			      .visit = tell, .arg = &r };
	int rc = dag_walk(src, root, &w);

	return r.stop ? r.stop : rc;
}

int ops_refs(struct dag_source *src, const char *tmpdir, const char *path, const struct ops_refs *opts,
	     int (*fn)(void *arg, const struct ops_ref *ref), void *arg)
{
	struct cid cid;
	int rc = unixfs_resolve(src, path, &cid);

	return rc < 0 ? rc : ops_refs_below(src, tmpdir, &cid, opts, fn, arg);
}

int ops_refs_format(const char *format, const struct ops_ref *ref, struct buf *out)
{
	int rc = 0;

	while (rc == 0 && *format) {
		if (!strncmp(format, "<src>", 5)) {
			rc = cid_format(ref->src, NULL, out);
			format += 5;
		} else if (!strncmp(format, "<dst>", 5)) {
			rc = cid_format(ref->dst, NULL, out);
			format += 5;
		} else if (!strncmp(format, "<linkname>", 10)) {
			rc = buf_add(out, ref->name);
			format += 10;
		} else if (format[0] == '\\' && (format[1] == 'n' || format[1] == 't')) {
			rc = buf_u8(out, format[1] == 'n' ? '\n' : '\t');
			format += 2;
		} else {
			rc = buf_u8(out, (uint8_t)*format++);
		}
	}
	return rc;
}

struct local {
	int (*fn)(void *arg, const struct cid *cid);
	void *arg;
};

static int local_entry(void *arg, const struct store_entry *e)
{
	struct local *l = arg;
	struct cid cid;
	int rc = cid_make_mh(&cid, 1, CID_RAW, e->mh);

	return rc < 0 ? rc : l->fn(l->arg, &cid);
}

int ops_refs_local(struct store *st, int (*fn)(void *arg, const struct cid *cid), void *arg)
{
	struct local l = { fn, arg };

	return store_each(st, local_entry, &l);
}
