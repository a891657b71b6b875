/*
 * cmd_add.c - add: a tree of files in, an event for each of them out while the rest is still coming.
 * Spec: Kubo RPC reference 7.1, UnixFS reference 6 and 13.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "ops/add.h"
#include "ops/files.h"

enum { EVENT_MAX = 256 * 1024 };

/* ---- options ---- */

/* --inline with a limit of 0 is about what is empty */
static int inline_limit(const struct call *c)
{
	int64_t n = call_int(c, "inline-limit");

	if (!call_bool(c, "inline") || n < 0)
		return 0;
	return n ? (int)n : UNIXFS_INLINE_EMPTY;
}

/* what shapes the DAG */
static int shape(const struct call *c, struct ops_add *o)
{
	const char *hash = call_text(c, "hash"), *chunker = call_text(c, "chunker");
	int64_t fanout = call_int(c, "max-hamt-fanout"), version = call_int(c, "cid-version");
	static const uint8_t zeros[32];
	int rc = 0;

	if (call_given(c, "trickle"))
		o->dag.trickle = call_bool(c, "trickle");
	if (call_given(c, "raw-leaves"))
		o->dag.raw_leaves = call_bool(c, "raw-leaves");
	if (version > 1)
		return err_set(ERR_USAGE, "unknown CID version: %lld", (long long)version);
	if (call_given(c, "cid-version"))
		o->dag.cid_version = version < 0 ? -1 : (int)version;
	if (*hash) {
		rc = mh_by_name(hash, &o->dag.hash);
		o->dag.hash_set = 1;
	}
	if (rc == 0)
		rc = mh_allowed(&(struct mh){ o->dag.hash, span_of(zeros, sizeof zeros) });
	if (rc == 0 && *chunker)
		rc = unixfs_opts_set(&o->dag, "chunker", chunker);
	if (call_given(c, "inline"))
		o->dag.inline_limit = inline_limit(c);
	if (call_int(c, "max-file-links") > 0)
		o->dag.max_links = (uint32_t)call_int(c, "max-file-links");
	if (call_given(c, "max-directory-links"))
		o->dag.dir_max_links = call_int(c, "max-directory-links") > 0 ?
				       (uint32_t)call_int(c, "max-directory-links") : 0;
	if (rc == 0 && call_given(c, "max-hamt-fanout")) {
		if (fanout < 8 || fanout > 1024 || (fanout & (fanout - 1)))
			return err_set(ERR_USAGE, "HAMT fanout must be a power of 2, between 8 and 1024 (got %lld)",
				       (long long)fanout);
		o->dag.hamt_fanout = (uint32_t)fanout;
	}
	return rc;
}

/* modes and times; of a mode only the permissions are stored, as by Kubo */
static int metadata(const struct call *c, struct ops_add *o)
{
	uint64_t mode = call_uint(c, "mode"), nsec = call_uint(c, "mtime-nsecs");
	int64_t mtime = call_int(c, "mtime");

	o->keep_mode = call_bool(c, "preserve-mode") && !mode;
	o->keep_mtime = call_bool(c, "preserve-mtime") && !mtime;
	if (!mtime && nsec)
		return err_set(ERR_USAGE, "option \"mtime-nsecs\" requires \"mtime\" to be provided as well");
	if (nsec > 999999999)
		return err_set(ERR_USAGE, "mtime nanoseconds must be in range [1, 999999999]");
	o->meta = (struct unixfs_meta){ (uint32_t)mode & 0777, mtime != 0, mtime, (uint32_t)nsec };
	if (!mode && !mtime && !o->keep_mode && !o->keep_mtime)
		return 0;
	if (o->dag.raw_leaves == 1)
		return err_set(ERR_USAGE, "raw-leaves can't be used with UnixFS metadata like mode or modification time");
	o->dag.raw_leaves = 0;
	return 0;
}

/* what cannot be meant together, in the order Kubo looks at it */
static int conflicts(const struct call *c, const struct ops_add *o)
{
	if (o->only_hash && call_given(c, "to-files"))
		return err_set(ERR_USAGE, "only-hash and to-files options are not compatible");
	if (!o->pin && call_given(c, "pin-name"))
		return err_set(ERR_USAGE, "pin-name option requires pin to be set");
	if (o->wrap && call_given(c, "to-files"))
		return err_set(ERR_USAGE, "wrap-with-directory and to-files options are not compatible");
	return 0;
}

static int no_filestore(const struct call *c, const struct ops_add *o)
{
	if (!call_bool(c, "nocopy"))
		return 0;
	if (o->dag.raw_leaves == 0)
		return err_set(ERR_USAGE, "nocopy option requires '--raw-leaves' to be enabled as well");
	return err_set(ERR_UNSUPPORTED, "either the filestore or the urlstore must be enabled to use nocopy, see: "
		       "https://github.com/ipfs/kubo/blob/master/docs/experimental-features.md#ipfs-filestore");
}

static int options(struct call *c, struct ops_add *o)
{
	int rc;

	ops_add_init(o);
	o->all = o->tell_early = 1;
	o->wrap = call_bool(c, "wrap-with-directory");
	o->only_hash = call_bool(c, "only-hash");
	o->pin = call_bool(c, "pin") && !o->only_hash;
	o->pin_name = call_text(c, "pin-name");
	o->drop_empty = !call_bool(c, "empty-dirs");
	if (call_bool(c, "inline") && call_int(c, "inline-limit") > UNIXFS_INLINE_MAX)
		return err_set(ERR_USAGE, "inline-limit %lld exceeds maximum allowed size of %d bytes",
			       (long long)call_int(c, "inline-limit"), UNIXFS_INLINE_MAX);
	if (strlen(o->pin_name) > PIN_NAME_MAX)
		return err_set(ERR_USAGE, "pin name is %zu bytes (max %d bytes)", strlen(o->pin_name), PIN_NAME_MAX);
	rc = ops_add_config(o, store_config(c->st));
	if (rc == 0)
		rc = shape(c, o);
	if (rc == 0)
		rc = metadata(c, o);
	if (rc == 0)
		rc = conflicts(c, o);
	if (rc == 0)
		rc = call_base(c);
	return rc < 0 ? rc : no_filestore(c, o);
}

/* ---- events ---- */

struct adding {
	struct call *c;
	int silent;
	int rc;				/* the client is gone */
	/* what the top under way said of itself, which all its events repeat; mode as os.FileMode of Go */
	uint32_t mode;
	int64_t mtime;
	uint32_t nsec;
	/* to-files: the top that is complete, and how many were linked */
	char *name;
	struct cid root;
	int to_link;
	unsigned linked;
};

static int put_meta(const struct adding *x, struct buf *json)
{
	int rc = x->mode ? buf_printf(json, ",\"Mode\":\"0%o\"", x->mode) : 0;

	if (rc == 0 && x->mtime)
		rc = buf_printf(json, ",\"Mtime\":%lld", (long long)x->mtime);
	return rc == 0 && x->nsec ? buf_printf(json, ",\"MtimeNsecs\":%u", x->nsec) : rc;
}

/* {"Name","Hash"?,"Bytes"?,"Size"?,"Mode"?,"Mtime"?,"MtimeNsecs"?}: node NULL: of progress */
static int event(struct adding *x, const char *name, const struct unixfs_node *node, uint64_t bytes)
{
	struct buf json = BUF_INIT(EVENT_MAX);
	int rc = buf_str(&json, "{");

	if (rc == 0)
		rc = json_field(&json, "Name", span_str(name));
	if (rc == 0 && node)
		rc = call_cid_field(x->c, &json, "Hash", &node->cid);
	if (rc == 0 && bytes)
		rc = json_num(&json, "Bytes", bytes);
	if (rc == 0 && node)
		rc = buf_printf(&json, ",\"Size\":\"%llu\"", (unsigned long long)node->tsize);
	if (rc == 0)
		rc = put_meta(x, &json);
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = call_value(x->c, buf_span(&json), span_of(NULL, 0));
	buf_clear(&json);
	x->rc = rc;
	return rc;
}

static int told(void *arg, const struct ops_added *e)
{
	struct adding *x = arg;

	if (e->root) {
		x->root = e->node.cid;
		x->to_link = 1;
	}
	if (x->silent && !unixfs_is_dir(e->node.type))
		return 0;
	return event(x, e->path, &e->node, 0);
}

static int told_bytes(void *arg, const char *path, uint64_t so_far, int end)
{
	(void)end;
	return event(arg, path, NULL, so_far);
}

/* ---- tops ---- */

/* the top before is told: its place among the files (to-files) */
static int link_top(struct adding *x)
{
	struct ops_files o;

	if (!x->to_link || !call_given(x->c, "to-files"))
		return 0;
	x->to_link = 0;
	ops_files_init(&o);
	return ops_files_link(x->c->st, &x->root, x->name, call_text(x->c, "to-files"), &x->linked, &o);
}

/* the same when what came behind it failed, which is the error to tell */
static int link_before(struct adding *x, int rc)
{
	char *why = strdup(err_text());

	link_top(x);
	if (why)
		err_set(rc, "%s", why);
	free(why);
	return rc;
}

static uint32_t go_mode(const struct ops_add_feed_entry *e)
{
	uint32_t m = e->meta.mode;

	if (e->what == OPS_FEED_LINK)
		return 0x8000000 | 0777;
	return (m & 0777) | (m & 04000 ? 0x800000 : 0) | (m & 02000 ? 0x400000 : 0) | (m & 01000 ? 0x100000 : 0);
}

static int top(void *arg, const char *name, const struct ops_add_feed_entry *e)
{
	struct adding *x = arg;
	int rc = link_top(x);

	free(x->name);
	x->name = strdup(name);
	x->mode = e ? go_mode(e) : 0;
	x->mtime = e && e->meta.has_mtime ? e->meta.mtime : 0;
	x->nsec = e && e->meta.has_mtime ? e->meta.nsec : 0;
	return rc < 0 ? rc : x->name ? 0 : err_nomem();
}

/* ---- adding ---- */

static int feed_all(struct call *c, struct adder *a, int wrap)
{
	struct ops_add_feed_entry e = { .read = call_read_arg, .arg = c };
	uint64_t n;
	int rc;

	for (n = 0; (rc = call_part(c)) > 0; n++) {
		e.path = c->part.path;
		e.what = c->part.kind == PART_DIR ? OPS_FEED_DIR : c->part.kind == PART_LINK ? OPS_FEED_LINK :
											       OPS_FEED_FILE;
		e.meta = (struct unixfs_meta){ c->part.mode, c->part.has_mtime, c->part.mtime, c->part.nsec };
		rc = ops_add_feed(a, &e);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		return ops_add_fail(a, rc);
	return n || wrap ? 0 : err_set(ERR_USAGE, "expected a file argument");
}

/* nobody waits for an event while we wait for what he sends next */
static int hurry(void *a)
{
	return ops_add_hurry(a);
}

static int add(struct call *c)
{
	struct adding x = { .c = c, .silent = call_bool(c, "silent") };
	struct adder *a = NULL;
	struct ops_add o;
	int rc = options(c, &o);

	o.entry = told;
	o.bytes = call_bool(c, "progress") ? told_bytes : NULL;
	o.top = top;
	o.arg = &x;
	if (rc == 0)
		rc = ops_add_begin(&a, o.only_hash ? NULL : c->st, &o);
	if (rc == 0) {
		c->waits = hurry;
		c->waits_arg = a;
		rc = feed_all(c, a, o.wrap);
		c->waits = NULL;
	}
	if (rc == 0)
		rc = ops_add_end(a);
	else
		ops_add_free(a);
	if (rc == 0)
		rc = link_top(&x);
	else if (x.to_link)
		rc = link_before(&x, rc);
	free(x.name);
	return x.rc < 0 ? x.rc : rc;
}

/* ---- the table ---- */

static const struct opt opts[] = {
	{ "quiet,q", OPT_BOOL, NULL }, { "quieter,Q", OPT_BOOL, NULL }, { "silent", OPT_BOOL, NULL },
	{ "progress,p", OPT_BOOL, NULL }, { "trickle,t", OPT_BOOL, NULL }, { "only-hash,n", OPT_BOOL, NULL },
	{ "wrap-with-directory,w", OPT_BOOL, NULL }, { "chunker,s", OPT_STRING, NULL },
	{ "raw-leaves", OPT_BOOL, NULL }, { "cid-version", OPT_INT, NULL }, { "hash", OPT_STRING, NULL },
	{ "inline", OPT_BOOL, NULL }, { "inline-limit", OPT_INT, "32" }, { "pin", OPT_BOOL, "true" },
	{ "pin-name", OPT_STRING, NULL }, { "to-files", OPT_STRING, NULL }, { "nocopy", OPT_BOOL, NULL },
	{ "fscache", OPT_BOOL, NULL }, { "max-file-links", OPT_INT, NULL }, { "max-directory-links", OPT_INT, NULL },
	{ "max-hamt-fanout", OPT_INT, NULL }, { "preserve-mode", OPT_BOOL, NULL },
	{ "preserve-mtime", OPT_BOOL, NULL }, { "mode", OPT_UINT, NULL }, { "mtime", OPT_INT64, NULL },
	{ "mtime-nsecs", OPT_UINT, NULL }, { "empty-dirs,E", OPT_BOOL, "true" },
	{ "fast-provide-root", OPT_BOOL, NULL }, { "fast-provide-dag", OPT_BOOL, NULL },
	{ "fast-provide-wait", OPT_BOOL, NULL },
	/* what the client does before it sends anything */
	{ "recursive,r", OPT_BOOL, NULL }, { "dereference-args", OPT_BOOL, NULL },
	{ "dereference-symlinks", OPT_BOOL, NULL }, { "stdin-name", OPT_STRING, NULL }, { "hidden,H", OPT_BOOL, NULL },
	{ "ignore", OPT_STRINGS, NULL }, { "ignore-rules-path", OPT_STRING, NULL }, { 0 }
};

const struct command kubo_add_commands[] = {
	{ "add", NULL, "path!...", opts, CMD_FILE, add },
	{ 0 }
};
