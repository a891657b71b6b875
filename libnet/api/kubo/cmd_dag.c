/* cmd_dag.c - nodes, and graphs of them: dag/... */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd_dag.h"
#include "ops/dag.h"

enum {
	LINE_MAX_BYTES = 64 * 1024,	/* of what is said about one CID */
	NODE_MAX_BYTES = 64 * 1024 * 1024,	/* of a node, and of what is said about many */
	PROGRESS_MS = 500
};

/* ---- put ---- */

struct put {
	struct call *c;
	int pin;
};

/* a decoder's words stand as they are; of what is too big Kubo names the option of its command line */
static int refused(int rc)
{
	static const char too_big[] = "produced block is over 2MiB";

	if (rc == ERR_LIMIT && strncmp(err_text(), too_big, sizeof too_big - 1) == 0)
		return err_set(rc, "%s: big blocks can't be exchanged with other peers. consider using UnixFS for automatic "
			       "chunking of bigger files, or pass --allow-big-block to override", too_big);
	return rc;
}

static int pin_node(struct call *c, const struct cid *cid)
{
	struct call_pin p = { .cid = cid, .mode = PIN_RECURSIVE };
	int rc = call_pin(c, &p);

	if (rc < 0 && rc != ERR_TIMEOUT)
		rc = err_add(rc, "pin");
	return rc < 0 ? rc : pin_quota(c->st, cid);
}

static int was_put(void *arg, const struct cid *cid, int rc)
{
	struct put *p = arg;
	struct buf json = BUF_INIT(LINE_MAX_BYTES), text = BUF_INIT(LINE_MAX_BYTES);

	if (!cid)
		return refused(rc);
	rc = p->pin ? pin_node(p->c, cid) : 0;
	if (rc == 0)
		rc = buf_str(&json, "{\"Cid\":");
	if (rc == 0)
		rc = call_cid_link(&json, cid);
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = call_cid(p->c, cid, &text);
	if (rc == 0)
		rc = buf_u8(&text, '\n');
	if (rc == 0)
		rc = call_value(p->c, buf_span(&json), buf_span(&text));
	buf_clear(&json);
	buf_clear(&text);
	return rc;
}

static int put_files(struct call *c, struct dag_putter *p)
{
	int rc;

	while ((rc = call_part(c)) == 1) {
		if (c->part.kind != PART_FILE || strchr(c->part.path, '/'))
			return err_set(ERR_USAGE, "expected a regular file");
		rc = ops_dag_put_read(p, call_read_arg, c);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int put(struct call *c)
{
	struct put to = { c, call_bool(c, "pin") };
	struct ops_dag_put o;
	struct dag_putter *p = NULL;
	const char *hash = call_text(c, "hash");
	struct buf why = BUF_INIT(LINE_MAX_BYTES);
	int rc = 0, end;

	ops_dag_put_init(&o);
	o.put = was_put;
	o.arg = &to;
	o.block.allow_big = call_bool(c, "allow-big-block");
	if (!*hash)
		rc = config_get(store_config(c->st), "import.hash", &hash);
	if (rc == 0)
		rc = codec_by_name(call_text(c, "input-codec"), &o.input);
	if (rc == 0)
		rc = codec_by_name(call_text(c, "store-codec"), &o.block.codec);
	if (rc == 0)
		rc = codec_by_name(hash, &o.block.hash);
	if (rc == 0)
		rc = ops_dag_put_begin(&p, c->st, &o);
	if (rc == 0)
		rc = put_files(c, p);
	if (rc < 0)
		buf_str(&why, err_text());
	end = ops_dag_put_end(p);		/* those that came before a fault stay */
	if (rc < 0 && why.data)
		err_set(rc, "%s", (const char *)why.data);
	buf_clear(&why);
	return rc < 0 ? rc : end;
}

/* ---- get, resolve ---- */

/* what is left of a path inside a block goes by the data model */
static int node_path(const struct ops_place *p, struct buf *path)
{
	int rc = buf_str(path, "/ipld/");

	if (rc == 0)
		rc = cid_format(&p->cid, NULL, path);
	return rc < 0 || !*p->rest ? rc : buf_printf(path, "/%s", p->rest);
}

static int can_show(uint64_t codec, const char *name)
{
	if (codec_can_encode(codec))
		return 0;
	return err_set(ERR_UNSUPPORTED, "invalid encoding: %s - no encoder registered for multicodec code %llu (0x%llx)",
		       codec_name(codec) ? codec_name(codec) : name, (unsigned long long)codec,
		       (unsigned long long)codec);
}

static int get(struct call *c)
{
	struct buf path = BUF_INIT(LINE_MAX_BYTES), node = BUF_INIT(NODE_MAX_BYTES);
	struct ops_place place = { 0 };
	uint64_t codec;
	int rc = codec_by_name(call_text(c, "output-codec"), &codec);

	if (rc == 0)
		rc = call_place(c, c->arg[0], &place);
	if (rc == 0)
		rc = dag_need(c->src, &place.cid);
	if (rc == 0)
		rc = can_show(codec, call_text(c, "output-codec"));
	if (rc == 0)
		rc = node_path(&place, &path);
	if (rc == 0)
		rc = ops_dag_get(c->src, (const char *)path.data, codec, &node);
	if (rc == 0)
		rc = call_bytes(c, NULL, LEN_UNKNOWN);
	if (rc == 0)
		rc = sink_bytes(&c->r->sink, buf_span(&node));
	ops_place_clear(&place);
	buf_clear(&node);
	buf_clear(&path);
	return rc;
}

/* as text it keeps the base the CID was written in, unless another is asked for */
static int place_text(const struct call *c, const struct ops_place *p, struct buf *text)
{
	struct cid cid = p->cid;
	int rc = 0;

	if (c->base || !p->base)
		rc = call_cid(c, &cid, text);
	else
		rc = cid_format(&cid, p->base, text);
	return rc < 0 || !*p->rest ? rc : buf_printf(text, "/%s", p->rest);
}

static int resolve(struct call *c)
{
	struct buf json = BUF_INIT(NODE_MAX_BYTES), text = BUF_INIT(NODE_MAX_BYTES), rest = BUF_INIT(NODE_MAX_BYTES);
	struct ops_place p;
	int rc = call_place(c, c->arg[0], &p);

	if (rc == 0)
		rc = buf_str(&json, "{\"Cid\":");
	if (rc == 0)
		rc = call_cid_link(&json, &p.cid);
	if (rc == 0 && *p.rest)
		rc = buf_printf(&rest, "/%s", p.rest);
	if (rc == 0)
		rc = json_field(&json, "RemPath", buf_span(&rest));
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = place_text(c, &p, &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	ops_place_clear(&p);
	buf_clear(&rest);
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- stat ---- */

struct count {
	struct call *c;
	struct dag_counter *counter;
	struct ops_dag_root root;	/* the one that is counted now */
	struct buf name;		/* of it, as the client wants it */
	struct buf rows;		/* those that were */
	struct timespec told;
	int progress, rc;
};

/* final: with what can be said at the end only */
static int tell_count(struct count *k, int final)
{
	enum ops_form form = k->c->enc == ENC_TEXT ? OPS_TEXT : OPS_JSON;
	struct ops_dag_sum sum = ops_dag_count_sum(k->counter);
	struct buf out = BUF_INIT(NODE_MAX_BYTES);
	size_t before = k->rows.len;
	int rc = 0;

	k->root.name = (const char *)k->name.data;
	if (!final) {
		sum.n_blocks = sum.shared = 0;
		sum.ratio = 0;
		rc = ops_dag_root_text(&k->root, form, &k->rows);
	}
	if (rc == 0)
		rc = ops_dag_sum_text(&sum, buf_span(&k->rows), form, &out);
	if (rc == 0 && form == OPS_TEXT)
		rc = buf_u8(&out, '\n');
	if (rc == 0)
		rc = call_value(k->c, buf_span(&out), buf_span(&out));
	k->rows.len = before;
	buf_clear(&out);
	return rc;
}

static int counted(void *arg, uint64_t bytes, uint64_t blocks)
{
	struct count *k = arg;
	struct timespec now;

	(void)bytes;
	(void)blocks;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!k->progress ||
	    (now.tv_sec - k->told.tv_sec) * 1000 + (now.tv_nsec - k->told.tv_nsec) / 1000000 < PROGRESS_MS)
		return 0;
	k->told = now;
	k->rc = tell_count(k, 0);
	return k->rc < 0;
}

static int count_root(struct count *k, const char *arg)
{
	struct buf path = BUF_INIT(LINE_MAX_BYTES);
	struct ops_place p;
	int rc = call_place(k->c, arg, &p);

	if (rc == 0 && *p.rest)
		rc = err_set(ERR_USAGE, "cannot return size for anything other than a DAG with a root CID");
	if (rc == 0)
		rc = dag_need(k->c->src, &p.cid);
	if (rc == 0)
		rc = node_path(&p, &path);
	buf_reset(&k->name);
	if (rc == 0)
		rc = call_cid(k->c, &p.cid, &k->name);
	if (rc == 0) {
		rc = ops_dag_count_root(k->counter, (const char *)path.data, &k->root);
		rc = k->rc < 0 ? k->rc : rc < 0 ? err_add(rc, "error traversing DAG") : 0;
	}
	k->root.name = (const char *)k->name.data;
	if (rc == 0)
		rc = ops_dag_root_text(&k->root, k->c->enc == ENC_TEXT ? OPS_TEXT : OPS_JSON, &k->rows);
	ops_place_clear(&p);
	buf_clear(&path);
	return rc;
}

static int stat(struct call *c)
{
	struct count k = { .c = c, .name = BUF_INIT(LINE_MAX_BYTES), .rows = BUF_INIT(NODE_MAX_BYTES),
			   .progress = call_bool(c, "progress") };
	size_t i;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &k.told);
	rc = ops_dag_count_begin(&k.counter, c->src, c->n_args > 1, store_tmpdir(c->st), counted, &k);
	for (i = 0; rc == 0 && i < c->n_args; i++)
		rc = count_root(&k, c->arg[i]);
	if (rc == 0)
		rc = tell_count(&k, 1);
	ops_dag_count_end(k.counter);
	buf_clear(&k.rows);
	buf_clear(&k.name);
	return rc;
}

/* ---- */

static const struct opt put_opts[] = {
	{ "store-codec", OPT_STRING, "dag-cbor" }, { "input-codec", OPT_STRING, "dag-json" }, { "pin", OPT_BOOL, NULL },
	{ "hash", OPT_STRING, NULL }, { "allow-big-block", OPT_BOOL, "false" }, { 0 }
};
static const struct opt get_opts[] = { { "output-codec", OPT_STRING, "dag-json" }, { 0 } };
static const struct opt stat_opts[] = { { "progress,p", OPT_BOOL, "true" }, { 0 } };
static const struct opt import_opts[] = {
	{ "pin-roots", OPT_BOOL, "true" }, { "local-only", OPT_BOOL, NULL }, { "silent", OPT_BOOL, NULL },
	{ "stats", OPT_BOOL, NULL }, { "allow-big-block", OPT_BOOL, "false" }, { "fast-provide-root", OPT_BOOL, NULL },
	{ "fast-provide-dag", OPT_BOOL, NULL }, { "fast-provide-wait", OPT_BOOL, NULL }, { 0 }
};
static const struct opt export_opts[] = {
	{ "progress,p", OPT_BOOL, NULL }, { "local-only", OPT_BOOL, NULL }, { 0 }
};

const struct command kubo_dag_commands[] = {
	{ "dag/put", NULL, "object data!...", put_opts, CMD_FILE, put },
	{ "dag/get", "ref!", NULL, get_opts, CMD_STDIN | CMD_READS, get },
	{ "dag/resolve", "ref!", NULL, NULL, CMD_STDIN | CMD_READS, resolve },
	{ "dag/import", NULL, "path!...", import_opts, CMD_FILE, dag_import },
	{ "dag/export", "root!", NULL, export_opts, CMD_STDIN | CMD_READS, dag_export },
	{ "dag/stat", "root!...", NULL, stat_opts, CMD_STDIN | CMD_READS, stat },
	{ 0 }
};
