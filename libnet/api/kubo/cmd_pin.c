/* cmd_pin.c - pins of this store: pin/... */
#include <string.h>
#include <time.h>

#include "cmd_pin.h"
#include "ops/pin.h"

enum { PINS_MAX_BYTES = 64 * 1024 * 1024, PROGRESS_MS = 500 };

/* ---- {"Pins":[…]} ---- */

struct pins { struct buf json, text; };
#define PINS_INIT ((struct pins){ BUF_INIT(PINS_MAX_BYTES), BUF_INIT(PINS_MAX_BYTES) })

static int pins_add(const struct call *c, struct pins *p, const struct cid *cid, const char *before, const char *after)
{
	struct buf name = BUF_INIT(PIN_LINE_MAX);
	int rc = call_cid(c, cid, &name);

	if (rc == 0)
		rc = buf_str(&p->json, p->json.len ? "," : "{\"Pins\":[");
	if (rc == 0)
		rc = json_str(&p->json, buf_span(&name));
	if (rc == 0)
		rc = buf_printf(&p->text, "%s%s%s", before, (const char *)name.data, after);
	buf_clear(&name);
	return rc;
}

static int pins_end(struct pins *p)
{
	return buf_str(&p->json, "]}");
}

static void pins_clear(struct pins *p)
{
	buf_clear(&p->json);
	buf_clear(&p->text);
}

/* ---- add ---- */

struct adding {
	struct call *c;
	uint64_t blocks, bytes;
	struct timespec told;
	int rc;				/* of telling */
};

/* {"Progress":n,"Bytes":n}: what is 0 is left out */
static int tell_progress(struct adding *a)
{
	struct buf json = BUF_INIT(PIN_LINE_MAX);
	int rc = buf_u8(&json, '{');

	if (rc == 0 && a->blocks)
		rc = json_num(&json, "Progress", a->blocks);
	if (rc == 0 && a->bytes)
		rc = json_num(&json, "Bytes", a->bytes);
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = call_value(a->c, buf_span(&json), span_str(""));
	buf_clear(&json);
	return rc;
}

static int added(void *arg, uint64_t bytes)
{
	struct adding *a = arg;
	struct timespec now;

	a->blocks++;
	a->bytes += bytes;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - a->told.tv_sec) * 1000 + (now.tv_nsec - a->told.tv_nsec) / 1000000 < PROGRESS_MS)
		return 0;
	a->told = now;
	a->rc = tell_progress(a);
	return a->rc < 0;
}

static int add_one(struct call *c, const char *arg, struct call_pin *how, struct pins *done)
{
	struct ops_place p;
	int rc = call_place(c, arg, &p);

	if (rc == 0) {
		how->cid = &p.cid;
		rc = call_pin(c, how);
		if (rc < 0)
			err_add(rc, "pin");
	}
	if (rc == 0)
		rc = pins_add(c, done, &p.cid, "pinned ", how->mode == PIN_RECURSIVE ? " recursively\n" : " directly\n");
	ops_place_clear(&p);
	return rc;
}

static int add(struct call *c)
{
	struct adding a = { .c = c };
	struct call_pin how = { .from = { .progress = call_bool(c, "progress") ? added : NULL, .arg = &a } };
	struct pins done = PINS_INIT;
	size_t i;
	int rc = pin_name_check(call_text(c, "name"));

	how.mode = call_bool(c, "recursive") ? PIN_RECURSIVE : PIN_DIRECT;
	how.name = call_text(c, "name");	/* without one it loses the one it had, as in Kubo */
	clock_gettime(CLOCK_MONOTONIC, &a.told);
	for (i = 0; rc == 0 && i < c->n_args; i++)
		rc = add_one(c, c->arg[i], &how, &done);
	if (a.rc < 0)
		rc = a.rc;
	if (rc == 0)
		rc = pins_end(&done);
	if (rc == 0 && how.from.progress && a.blocks)
		rc = tell_progress(&a);
	if (rc == 0)
		rc = how.from.progress ? call_value(c, buf_span(&done.json), buf_span(&done.text)) :
					 call_one(c, buf_span(&done.json), buf_span(&done.text));
	pins_clear(&done);
	return rc;
}

/* ---- rm ---- */

static int rm_one(struct call *c, const char *arg, struct pins *done)
{
	struct ops_place p;
	int rc = call_place(c, arg, &p);

	if (rc == 0)
		rc = pin_rm(c->st, &p.cid, call_bool(c, "recursive") ? PIN_RECURSIVE : PIN_DIRECT);
	if (rc == 0)
		rc = pins_add(c, done, &p.cid, "unpinned ", "\n");
	ops_place_clear(&p);
	return rc;
}

static int rm(struct call *c)
{
	struct pins done = PINS_INIT;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->n_args; i++)
		rc = rm_one(c, c->arg[i], &done);
	if (rc == 0)
		rc = pins_end(&done);
	if (rc == 0)
		rc = call_one(c, buf_span(&done.json), buf_span(&done.text));
	pins_clear(&done);
	return rc;
}

/* ---- update ---- */

/* `get CID: …`, where a block is missing */
static int get_what(int rc)
{
	static const char head[] = "ipld: could not find ";
	const char *at = strstr(err_text(), head);

	return rc == ERR_NOTFOUND && at ? err_add(rc, "get %s", at + sizeof head - 1) : rc;
}

static int update(struct call *c)
{
	struct call_pin how = { .unpin = call_bool(c, "unpin") };
	struct pins done = PINS_INIT;
	struct ops_place from = { 0 }, to = { 0 };
	int rc = call_place(c, c->arg[0], &from);

	if (rc == 0)
		rc = call_place(c, c->arg[1], &to);
	how.old = &from.cid;
	how.cid = &to.cid;
	if (rc == 0)
		rc = get_what(call_pin(c, &how));
	if (rc == 0)
		rc = pins_add(c, &done, &from.cid, "updated ", "");
	if (rc == 0)
		rc = pins_add(c, &done, &to.cid, " to ", "\n");
	if (rc == 0)
		rc = pins_end(&done);
	if (rc == 0)
		rc = call_one(c, buf_span(&done.json), buf_span(&done.text));
	ops_place_clear(&to);
	ops_place_clear(&from);
	pins_clear(&done);
	return rc;
}

/* ---- verify ---- */

static int verdict_json(struct call *c, const struct cid *root, const struct cid *block, const char *why,
			struct buf *json)
{
	int rc = buf_u8(json, '{');

	if (rc == 0)
		rc = call_cid_field(c, json, "Cid", root);
	if (rc == 0 && !why)
		rc = json_bool(json, "Ok", 1);
	if (rc == 0 && why && !call_bool(c, "quiet")) {
		rc = buf_str(json, ",\"BadNodes\":[{");
		if (rc == 0)
			rc = call_cid_field(c, json, "Cid", block);
		if (rc == 0)
			rc = json_field(json, "Err", span_str(why));
		if (rc == 0)
			rc = buf_str(json, "}]");
	}
	return rc < 0 ? rc : buf_u8(json, '}');
}

static int verdict_text(struct call *c, const struct cid *root, const struct cid *block, const char *why,
			struct buf *text)
{
	int quiet = call_bool(c, "quiet"), rc = call_cid(c, root, text);

	if (rc == 0)
		rc = buf_str(text, quiet ? "\n" : why ? " broken\n  " : " ok\n");
	if (rc < 0 || quiet || !why)
		return rc;
	rc = call_cid(c, block, text);
	return rc < 0 ? rc : buf_printf(text, ": %s\n", why);
}

static int verdict(void *arg, const struct pin *p, const struct cid *block, const char *why)
{
	struct call *c = arg;
	struct buf json = BUF_INIT(PIN_LINE_MAX), text = BUF_INIT(PIN_LINE_MAX);
	struct buf words = BUF_INIT(PIN_LINE_MAX / 4);
	int rc = call_expired(c);

	if (rc < 0 || p->mode != PIN_RECURSIVE)
		return rc;
	/* one that is missing is called so by the source */
	if (why)
		rc = buf_str(&words, dag_need(c->src, block) == ERR_NOTFOUND ? err_text() : why);
	if (rc == 0)
		rc = verdict_json(c, &p->cid, block, (const char *)words.data, &json);
	if (rc == 0)
		rc = verdict_text(c, &p->cid, block, (const char *)words.data, &text);
	if (rc == 0)
		rc = call_value(c, buf_span(&json), buf_span(&text));
	buf_clear(&words);
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

static int verify(struct call *c)
{
	int rc;

	if (call_bool(c, "verbose") && call_bool(c, "quiet"))
		return err_set(ERR_USAGE, "the --verbose and --quiet options can not be used at the same time");
	rc = ops_pin_verify(c->st, call_bool(c, "verbose"), verdict, c);
	return rc < 0 ? rc : 0;
}

/* ---- */

static const struct opt add_opts[] = {
	{ "recursive,r", OPT_BOOL, "true" }, { "name,n", OPT_STRING, NULL }, { "progress", OPT_BOOL, NULL },
	{ "fast-provide-root", OPT_BOOL, NULL }, { "fast-provide-dag", OPT_BOOL, NULL },
	{ "fast-provide-wait", OPT_BOOL, NULL }, { 0 }
};
static const struct opt rm_opts[] = { { "recursive,r", OPT_BOOL, "true" }, { 0 } };
static const struct opt ls_opts[] = {
	{ "type,t", OPT_STRING, "all" }, { "quiet,q", OPT_BOOL, NULL }, { "name,n", OPT_STRING, NULL },
	{ "stream,s", OPT_BOOL, NULL }, { "names", OPT_BOOL, NULL }, { 0 }
};
static const struct opt update_opts[] = {
	{ "unpin", OPT_BOOL, "true" }, { "fast-provide-root", OPT_BOOL, NULL }, { "fast-provide-dag", OPT_BOOL, NULL },
	{ "fast-provide-wait", OPT_BOOL, NULL }, { 0 }
};
static const struct opt verify_opts[] = { { "verbose", OPT_BOOL, NULL }, { "quiet,q", OPT_BOOL, NULL }, { 0 } };

const struct command kubo_pin_commands[] = {
	{ "pin/add", "ipfs-path!...", NULL, add_opts, CMD_STDIN, add },
	{ "pin/rm", "ipfs-path!...", NULL, rm_opts, CMD_STDIN, rm },
	{ "pin/ls", "ipfs-path...", NULL, ls_opts, CMD_READS, pin_list },
	{ "pin/update", "from-path! to-path!", NULL, update_opts, 0, update },
	{ "pin/verify", NULL, NULL, verify_opts, CMD_READS, verify },
	{ 0 }
};
