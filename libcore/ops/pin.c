/* pin.c - listing pins, looking one up, verifying all */
#include <string.h>

#include "base/err.h"
#include "base/idset.h"
#include "ops/pin.h"
#include "ops/read.h"

enum { BAD_MEM = 1024 * 1024 };

int ops_pin_type(const char *text)
{
	if (!strcmp(text, "all"))
		return OPS_PIN_ALL;
	if (!strcmp(text, "recursive"))
		return OPS_PIN_RECURSIVE;
	if (!strcmp(text, "direct"))
		return OPS_PIN_DIRECT;
	if (!strcmp(text, "indirect"))
		return OPS_PIN_INDIRECT;
	return err_set(ERR_USAGE, "invalid type '%s', must be one of {direct, indirect, recursive, "
		       "all}", text);
}

const char *ops_pin_mode_name(enum pin_mode mode)
{
	return mode == PIN_RECURSIVE ? "recursive" : mode == PIN_DIRECT ? "direct" : "indirect";
}

static int in_types(int types, enum pin_mode mode)
{
	return (mode == PIN_RECURSIVE && (types & OPS_PIN_RECURSIVE)) ||
	       (mode == PIN_DIRECT && (types & OPS_PIN_DIRECT)) ||
	       (mode == PIN_INDIRECT && (types & OPS_PIN_INDIRECT));
}

/* ---- ls ---- */

struct ls {
	const char *name;
	int (*fn)(void *arg, const struct pin *p);
	void *arg;
};

static int named(void *arg, const struct pin *p)
{
	struct ls *ls = arg;

	return !ls->name || strstr(p->name, ls->name) ? ls->fn(ls->arg, p) : 0;
}

int ops_pin_ls(struct store *st, int types, const char *name,
	       int (*fn)(void *arg, const struct pin *p), void *arg)
{
	struct ls ls = { name, fn, arg };
	int both = OPS_PIN_RECURSIVE | OPS_PIN_DIRECT, rc = 0;

	if (types & both)
		rc = pin_each(st, (types & both) == both ? PIN_NONE : types & OPS_PIN_DIRECT ?
			      PIN_DIRECT : PIN_RECURSIVE, named, &ls);
	if (rc == 0 && (types & OPS_PIN_INDIRECT) && !(name && *name))
		rc = pin_each_indirect(st, fn, arg);
	return rc;
}

int ops_pin_look(struct store *st, const char *path, int types, struct pin *p, struct buf *name,
		 struct cid *root)
{
	size_t was = name->len;
	enum pin_mode mode;
	int rc = ops_resolve(st, path, &p->cid);

	if (rc < 0)
		return err_add(rc, "%s", path);
	rc = pin_get(st, &p->cid, &mode, name);
	if (rc < 0)
		return rc;
	if (rc == 1 && in_types(types, mode)) {
		p->mode = mode;
		p->name = (const char *)name->data + was;
		if (!name->data)
			p->name = "";
		return 0;
	}
	name->len = was;
	p->name = "";
	p->mode = PIN_INDIRECT;
	/* as in Kubo: what is pinned recursively counts as that alone, what is pinned directly may be both */
	rc = types & OPS_PIN_INDIRECT && !(rc == 1 && mode == PIN_RECURSIVE) ? pin_why(st, &p->cid, root) : 0;
	if (rc == 0)
		return err_set(ERR_NOTFOUND, "path '%s' is not pinned", path);
	return rc < 0 ? rc : 0;
}

/* ---- verify ---- */

struct verify {
	struct idset *bad;
	int (*fn)(void *arg, const struct pin *p, const struct cid *block, const char *why);
	void *arg;
};

static int tell_bad(void *arg, const struct pin *p, const struct cid *block, const char *why)
{
	struct verify *v = arg;
	uint8_t id[16];
	int rc = v->fn(v->arg, p, block, why);

	if (rc == 0 && v->bad) {
		dag_id(&p->cid, id);
		rc = idset_add(v->bad, id);
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

static int tell_good(void *arg, const struct pin *p)
{
	struct verify *v = arg;
	uint8_t id[16];
	int rc;

	dag_id(&p->cid, id);
	rc = idset_has(v->bad, id);
	return rc == 0 ? v->fn(v->arg, p, NULL, NULL) : rc < 0 ? rc : 0;
}

int ops_pin_verify(struct store *st, int all,
		   int (*fn)(void *arg, const struct pin *p, const struct cid *block,
			     const char *why), void *arg)
{
	struct verify v = { .fn = fn, .arg = arg };
	int rc = all ? idset_new(&v.bad, 16, BAD_MEM, store_tmpdir(st)) : 0, n = 0;

	if (rc == 0)
		rc = n = pin_verify(st, tell_bad, &v);
	if (rc >= 0 && all)
		rc = pin_each(st, PIN_NONE, tell_good, &v);
	idset_free(v.bad);
	return rc != 0 && !(rc == n) ? rc : n;
}
