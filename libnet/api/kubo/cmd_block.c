/* cmd_block.c - single blocks: block/get, block/put, block/rm, block/stat */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "ops/add.h"

enum { VALUE_MAX = 4096 };

/* the block an argument leads to, or is inside of */
static int block_of(struct call *c, const char *arg, struct cid *cid)
{
	struct ops_place place;
	int rc = call_place(c, arg, &place);

	if (rc == 0)
		*cid = place.cid;
	ops_place_clear(&place);
	return rc;
}

static int get(struct call *c)
{
	struct buf block = BUF_INIT(STORE_BLOCK_MAX);
	struct cid cid;
	int rc = block_of(c, c->arg[0], &cid);

	if (rc == 0)
		rc = dag_get(c->src, &cid, &block);
	if (rc == 0)
		rc = call_bytes(c, "application/vnd.ipld.raw", LEN_UNKNOWN);
	if (rc == 0)
		rc = sink_bytes(&c->r->sink, buf_span(&block));
	buf_clear(&block);
	return rc;
}

/* {"Key":…,"Size":…} */
static int key_and_size(struct call *c, const struct cid *cid, uint64_t size, struct buf *json)
{
	int rc = buf_str(json, "{");

	if (rc == 0)
		rc = call_cid_field(c, json, "Key", cid);
	if (rc == 0)
		rc = json_num(json, "Size", size);
	return rc < 0 ? rc : buf_str(json, "}");
}

static int stat(struct call *c)
{
	struct buf json = BUF_INIT(VALUE_MAX), text = BUF_INIT(VALUE_MAX);
	struct cid cid;
	uint64_t len = 0;
	int rc = block_of(c, c->arg[0], &cid);

	if (rc == 0)
		rc = dag_size(c->src, &cid, &len);
	if (rc == 0)
		rc = key_and_size(c, &cid, len, &json);
	if (rc == 0)
		rc = buf_str(&text, "Key: ");
	if (rc == 0)
		rc = call_cid(c, &cid, &text);
	if (rc == 0)
		rc = buf_printf(&text, "\nSize: %llu\n", (unsigned long long)len);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- put ---- */

/* names of hash functions are in lower case here, as Kubo has them */
static int take_hash(const struct call *c, struct ops_block_put *o)
{
	const char *name = call_text(c, "mhtype"), *p;
	int64_t len = call_int(c, "mhlen");
	struct ops_add import;
	int rc;

	if (!*name) {
		ops_add_init(&import);
		rc = ops_add_config(&import, store_config(c->st));
		o->hash = import.dag.hash;
		if (rc < 0)
			return rc;
	}
	for (p = name; *p && !isupper((unsigned char)*p); p++)
		;
	if (*p || (*name && mh_by_name(name, &o->hash) < 0))
		return err_set(ERR_USAGE, "unrecognized multihash function: %s", name);
	if (len == 0 && o->hash != MH_IDENTITY)
		return err_set(ERR_USAGE, "digest too small: %s digest got 0 bytes, minimum 20", mh_name(o->hash));
	o->digest_len = len < 0 || o->hash == MH_IDENTITY ? 0 : (size_t)len;
	return 0;
}

/* a CIDv0 has one hash and one length */
static int plain_hash(const struct ops_block_put *o)
{
	if (o->hash == MH_SHA2_256 && (o->digest_len == 0 || o->digest_len == 32))
		return 0;
	return err_set(ERR_USAGE, "only sha2-255-32 is allowed with CIDv0");
}

static int take_codec(const struct call *c, struct ops_block_put *o)
{
	const char *codec = call_text(c, "cid-codec"), *format = call_text(c, "format");

	if (*format && *codec && strcmp(codec, "raw") != 0)
		return err_set(ERR_USAGE, "unable to use \"format\" (deprecated) and a custom \"cid-codec\" at the same time");
	if (*format)
		codec = strcmp(format, "v0") == 0 || strcmp(format, "protobuf") == 0 ? "dag-pb" :
			strcmp(format, "cbor") == 0 ? "dag-cbor" : format;
	if (*codec && codec_by_name(codec, &o->codec) < 0)
		return err_set(ERR_USAGE, "unknown multicodec: \"%s\"", codec);
	o->version = strcmp(format, "v0") != 0;
	return o->version ? 0 : plain_hash(o);
}

static int put_options(const struct call *c, struct ops_block_put *o)
{
	int rc = call_base(c);

	ops_block_put_init(o);
	o->pin = call_bool(c, "pin");
	o->allow_big = call_bool(c, "allow-big-block");
	if (rc == 0)
		rc = take_hash(c, o);
	return rc < 0 ? rc : take_codec(c, o);
}

/* the bytes of one part; what is too big is known before it is all here */
static int slurp(struct call *c, const struct ops_block_put *o, struct buf *bytes)
{
	int rc;

	*bytes = BUF_INIT(o->allow_big ? STORE_BLOCK_MAX : BLOCK_MAX);
	rc = call_slurp(c, bytes);
	if (rc != ERR_LIMIT)
		return rc;
	if (o->allow_big)
		return err_set(rc, "a block of more than %d MiB", STORE_BLOCK_MAX >> 20);
	return err_set(rc, "produced block is over 2MiB: big blocks can't be exchanged with other peers. consider using "
		       "UnixFS for automatic chunking of bigger files, or pass --allow-big-block to override");
}

/* blocks that were put and wait for company on their way to the disk, and what is told of them then */
enum { TOGETHER = 256 };
struct putting {
	struct call *c;
	const struct ops_block_put *o;
	struct cid cid[TOGETHER];
	uint64_t size[TOGETHER];
	size_t n;
	int last;			/* no more will come */
};

static int tell_block(struct putting *p, const struct cid *cid, uint64_t size)
{
	struct buf json = BUF_INIT(VALUE_MAX), text = BUF_INIT(VALUE_MAX);
	struct call *c = p->c;
	int rc = key_and_size(c, cid, size, &json);

	if (rc == 0)
		rc = call_cid(c, cid, &text);
	if (rc == 0)
		rc = buf_u8(&text, '\n');
	if (rc == 0)
		rc = (p->last ? call_value_last : call_value_soon)(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* all of them are durable, and told */
static int settle(void *arg)
{
	struct putting *p = arg;
	size_t i, n = p->n;
	int rc = n ? ops_block_commit(p->c->st, p->o, p->cid, n) : 0;

	p->n = 0;
	if (rc < 0)
		store_rollback(p->c->st);
	for (i = 0; rc == 0 && i < n; i++)
		rc = tell_block(p, &p->cid[i], p->size[i]);
	return rc == 0 && n && !p->last ? call_flush(p->c) : rc;
}

static int put_one(struct putting *p)
{
	const struct ops_block_put *o = p->o;
	struct buf bytes = BUF_INIT(0);
	struct call *c = p->c;
	int rc;

	if (c->part.kind == PART_DIR || strchr(c->part.path, '/'))
		return err_set(ERR_INVALID, "expected a file");
	rc = slurp(c, o, &bytes);
	if (rc == 0 && o->hash == MH_IDENTITY && bytes.len > 128)
		rc = err_set(ERR_LIMIT, "digest too large: identity digest got %zu bytes, maximum 128", bytes.len);
	if (rc == 0)
		rc = ops_block_put_bytes(c->st, o, buf_span(&bytes), &p->cid[p->n]);
	if (rc == ERR_USAGE && o->digest_len)
		rc = err_set(rc, "invalid cid: requested length was too large for digest");
	if (rc == 0)
		p->size[p->n++] = bytes.len;
	buf_clear(&bytes);
	/* what a pin wants to be whole is looked at for each, so that the first that is not is the one that is told */
	return rc == 0 && (o->pin || p->n == TOGETHER) ? settle(p) : rc;
}

/* those that came before a fault stay */
static int put_all(struct call *c, struct putting *p)
{
	struct buf why = BUF_INIT(VALUE_MAX);
	int rc, end;

	c->waits = settle;
	c->waits_arg = p;
	while ((rc = call_part(c)) > 0 && (rc = put_one(p)) == 0)
		;
	c->waits = NULL;
	if (rc < 0)
		buf_str(&why, err_text());
	p->last = 1;
	end = settle(p);
	if (rc < 0 && why.data)
		err_set(rc, "%s", (const char *)why.data);
	buf_clear(&why);
	return rc < 0 ? rc : end;
}

static int put(struct call *c)
{
	struct putting *p = malloc(sizeof *p);
	struct ops_block_put o;
	int rc = p ? put_options(c, &o) : err_nomem();

	if (rc == 0) {
		p->c = c;
		p->o = &o;
		p->n = 0;
		p->last = 0;
		rc = put_all(c, p);
	}
	free(p);
	return rc;
}

/* ---- rm ---- */

struct fate {
	int force;			/* no block is as good as one that was removed */
	char error[512];		/* "": it is gone */
};

static int fate_of(void *arg, const struct cid *cid, int rc)
{
	struct fate *f = arg;

	(void)cid;
	if (rc == ERR_NOTFOUND && f->force)
		rc = 0;
	snprintf(f->error, sizeof f->error, "%s", rc < 0 ? err_text() : "");
	return 0;
}

/* {"Hash":…,"Error"?:…} */
static int tell_fate(struct call *c, const struct cid *cid, const struct fate *f)
{
	struct buf json = BUF_INIT(VALUE_MAX);
	int rc;

	if (!*f->error && call_bool(c, "quiet"))
		return 0;
	rc = buf_str(&json, "{");
	if (rc == 0)
		rc = call_cid_field(c, &json, "Hash", cid);
	if (rc == 0 && *f->error)
		rc = json_field(&json, "Error", span_str(f->error));
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = call_value(c, buf_span(&json), span_of(NULL, 0));
	buf_clear(&json);
	return rc;
}

static int rm(struct call *c)
{
	struct fate f = { .force = call_bool(c, "force") };
	struct cid cid;
	size_t i;
	int rc = call_base(c);

	for (i = 0; rc == 0 && i < c->n_args; i++) {
		rc = block_of(c, c->arg[i], &cid);
		if (rc == 0)		/* pinned blocks stay, force or not */
			rc = ops_block_rm(c->st, &cid, 1, 0, fate_of, &f);
		if (rc == 0)
			rc = tell_fate(c, &cid, &f);
	}
	return rc;
}

/* ---- the table ---- */

static const struct opt put_opts[] = {
	{ "cid-codec", OPT_STRING, "raw" }, { "mhtype", OPT_STRING, NULL }, { "mhlen", OPT_INT, "-1" },
	{ "pin", OPT_BOOL, NULL }, { "allow-big-block", OPT_BOOL, NULL }, { "format,f", OPT_STRING, NULL }, { 0 }
};
static const struct opt rm_opts[] = { { "force,f", OPT_BOOL, NULL }, { "quiet,q", OPT_BOOL, NULL }, { 0 } };

const struct command kubo_block_commands[] = {
	{ "block/get", "cid!", NULL, NULL, CMD_STDIN | CMD_READS, get },
	{ "block/put", NULL, "data!...", put_opts, CMD_FILE, put },
	{ "block/rm", "cid!...", NULL, rm_opts, 0, rm },
	{ "block/stat", "cid!", NULL, NULL, CMD_STDIN | CMD_READS, stat },
	{ 0 }
};
