/* cmd_refs.c - links between blocks, and what names stand for: refs, refs/local, repo/ls, resolve */
#include <stdlib.h>
#include <string.h>

#include "base/idset.h"
#include "call.h"
#include "name/name.h"

enum { REF_MAX = 1 << 20, PATH_BYTES = 64 * 1024, ID = 16, SEEN_MEM = 4 << 20 };

/* {"Ref":…,"Err":…}; as text an error is one */
static int tell(struct call *c, struct span ref, const char *why)
{
	struct buf json = BUF_INIT(8 * REF_MAX), text = BUF_INIT(REF_MAX + 1);
	int rc = buf_str(&json, "{");

	if (rc == 0)
		rc = json_field(&json, "Ref", ref);
	if (rc == 0)
		rc = json_field(&json, "Err", span_str(why));
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = buf_printf(&text, "%.*s\n", (int)ref.len, ref.len ? (const char *)ref.p : "");
	if (rc == 0)
		rc = call_value(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- refs ---- */

struct walk {
	struct call *c;
	const char *format;
	struct idset *seen;		/* of several roots with `unique`: what was told of any */
	struct buf text;
	int rc;				/* the client is gone, or no memory */
};

static int starts(const char *text, const char *head)
{
	return strncmp(text, head, strlen(head)) == 0;
}

static int put_ref(const struct walk *w, const struct ops_ref *ref, struct buf *out)
{
	const char *f = w->format;
	int rc = *f ? 0 : call_cid(w->c, ref->dst, out);

	while (rc == 0 && *f) {
		if (starts(f, "<src>")) {
			rc = call_cid(w->c, ref->src, out);
			f += 5;
		} else if (starts(f, "<dst>")) {
			rc = call_cid(w->c, ref->dst, out);
			f += 5;
		} else if (starts(f, "<linkname>")) {
			rc = buf_add(out, ref->name);
			f += 10;
		} else {
			rc = buf_u8(out, (uint8_t)*f++);
		}
	}
	return rc;
}

static int one(void *arg, const struct ops_ref *ref)
{
	struct walk *w = arg;
	uint8_t id[ID];
	int rc = 1;

	if (w->seen) {
		dag_id(ref->dst, id);
		rc = idset_add(w->seen, id);
	}
	if (rc == 0)
		return 0;
	buf_reset(&w->text);
	if (rc > 0)
		rc = put_ref(w, ref, &w->text);
	if (rc == 0)
		rc = tell(w->c, buf_span(&w->text), "");
	w->rc = rc;
	return rc;
}

/* What is wrong below a root is told beside the others.  That a link cannot be followed Kubo says in its own way. */
static int below(struct walk *w, const struct cid *root, const struct ops_refs *o)
{
	struct call *c = w->c;
	int rc = ops_refs_below(c->src, store_tmpdir(c->st), root, o, one, w);
	char *why;

	if (rc >= 0 || w->rc < 0 || rc == ERR_NOMEM || rc == ERR_INTERRUPTED)
		return w->rc < 0 ? w->rc : rc;
	if (rc == ERR_NOTFOUND && dag_has(c->src, root) == 1)
		err_set(rc, "failed to fetch all nodes");
	if (c->enc == ENC_TEXT) {
		int begun = call_begin(c);

		return begun < 0 ? begun : rc;
	}
	why = strdup(err_text());
	rc = why ? tell(c, span_of(NULL, 0), why) : err_nomem();
	free(why);
	return rc;
}

static int all_below(struct walk *w, const struct cid *roots, const struct ops_refs *o)
{
	struct call *c = w->c;
	size_t i;
	int rc = 0;

	if (o->unique && c->n_args > 1)
		rc = idset_new(&w->seen, ID, SEEN_MEM, store_tmpdir(c->st));
	for (i = 0; rc == 0 && i < c->n_args; i++)
		rc = below(w, &roots[i], o);
	idset_free(w->seen);
	return rc;
}

/* the blocks of all arguments are known before anything is told */
static int refs(struct call *c)
{
	struct ops_refs o = { call_bool(c, "recursive"), call_bool(c, "unique"), (int)call_int(c, "max-depth") };
	struct walk w = { .c = c, .format = call_text(c, "format"), .text = BUF_INIT(REF_MAX) };
	struct cid *roots;
	struct ops_place place;
	size_t i;
	int rc = call_base(c);

	if (rc < 0)
		return rc;
	if (call_bool(c, "edges")) {
		if (strcmp(w.format, "<dst>") != 0)
			return err_set(ERR_USAGE, "using format argument with edges is not allowed");
		w.format = "<src> -> <dst>";
	}
	if (o.depth_max < 0)
		o.depth_max = -1;
	roots = calloc(c->n_args, sizeof *roots);
	if (!roots)
		return err_nomem();
	for (i = 0; rc == 0 && i < c->n_args; i++) {
		rc = call_place(c, c->arg[i], &place);
		roots[i] = place.cid;
		ops_place_clear(&place);
	}
	if (rc == 0)
		rc = all_below(&w, roots, &o);
	buf_clear(&w.text);
	free(roots);
	return rc;
}

/* ---- refs/local ---- */

static int local_one(void *arg, const struct cid *cid)
{
	struct buf text = BUF_INIT(CID_TEXT_MAX);
	struct call *c = arg;
	int rc = call_expired(c);

	if (rc == 0)
		rc = call_cid(c, cid, &text);
	if (rc == 0)
		rc = tell(c, buf_span(&text), "");
	buf_clear(&text);
	return rc;
}

static int local(struct call *c)
{
	int rc = call_base(c);

	return rc < 0 ? rc : ops_refs_local(c->st, local_one, c);
}

/* ---- resolve ---- */

static int tell_path(struct call *c, struct span path)
{
	struct buf json = BUF_INIT(8 * PATH_BYTES), text = BUF_INIT(2 * PATH_BYTES);
	int rc = buf_str(&json, "{");

	if (rc == 0)
		rc = json_field(&json, "Path", path);
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = buf_printf(&text, "%.*s\n", (int)path.len, (const char *)path.p);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* "x" of "/ipns/x", "ipns://x", "ipns:x"; NULL: it is no name */
static const char *name_in(const char *arg)
{
	return starts(arg, "/ipns/") ? arg + 6 : starts(arg, "ipns://") ? arg + 7 : starts(arg, "ipns:") ? arg + 5 : NULL;
}

/* one step, and the rest of the path behind what it led to */
static int resolve_once(struct call *c, const char *name)
{
	struct buf path = BUF_INIT(PATH_BYTES);
	size_t n = strcspn(name, "/");
	int rc = name_resolve_once(c->st, span_of(name, n), NULL, NULL, &path, NULL);

	if (rc == 0)
		rc = buf_str(&path, name + n);
	if (rc == 0)
		rc = tell_path(c, buf_span(&path));
	buf_clear(&path);
	return rc;
}

/* As the client wants CIDs, or else as the one in the argument was written, which makes all of them v1. */
static int put_place(const struct call *c, const struct ops_place *p, int by_name, struct buf *out)
{
	struct cid one = p->cid;

	if (!*call_text(c, "cid-base") && !by_name && p->base) {
		if (one.version == 0 && cid_make_mh(&one, 1, p->cid.codec, cid_mh(&p->cid)) < 0)
			return ERR_INVALID;
		return cid_format(&one, p->base, out);
	}
	return call_cid(c, &p->cid, out);
}

static int resolve(struct call *c)
{
	const char *arg = c->arg[0], *name = name_in(arg);
	struct buf path = BUF_INIT(PATH_BYTES);
	struct ops_place place;
	int ipld = starts(arg, "/ipld/") || starts(arg, "ipld:"), rc;

	if (name && !call_bool(c, "recursive"))
		return resolve_once(c, name);
	rc = call_place(c, arg, &place);
	if (rc == 0)
		rc = buf_str(&path, ipld ? "/ipld/" : "/ipfs/");
	if (rc == 0)
		rc = put_place(c, &place, name != NULL, &path);
	if (rc == 0 && *place.rest)
		rc = buf_printf(&path, "/%s", place.rest);
	if (rc == 0)
		rc = tell_path(c, buf_span(&path));
	ops_place_clear(&place);
	buf_clear(&path);
	return rc;
}

/* ---- the table ---- */

static const struct opt refs_opts[] = {
	{ "format", OPT_STRING, "<dst>" }, { "edges,e", OPT_BOOL, NULL }, { "unique,u", OPT_BOOL, NULL },
	{ "recursive,r", OPT_BOOL, NULL }, { "max-depth", OPT_INT, "-1" }, { 0 }
};
static const struct opt resolve_opts[] = {
	{ "recursive,r", OPT_BOOL, "true" }, { "dht-record-count,dhtrc", OPT_INT, NULL },
	{ "dht-timeout,dhtt", OPT_STRING, NULL }, { 0 }
};

const struct command kubo_refs_commands[] = {
	{ "refs", "ipfs-path!...", NULL, refs_opts, CMD_STDIN | CMD_READS, refs },
	{ "refs/local", NULL, NULL, NULL, CMD_READS, local },
	{ "repo/ls", NULL, NULL, NULL, CMD_READS, local },
	{ "resolve", "name!", NULL, resolve_opts, CMD_STDIN | CMD_READS, resolve },
	{ 0 }
};
