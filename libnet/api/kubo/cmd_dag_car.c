/* cmd_dag_car.c - archives in and out: dag/import, dag/export */
#include <string.h>

#include "cmd_dag.h"
#include "ops/car.h"

enum { LINE_MAX_BYTES = 64 * 1024 };	/* of what is said about one root */

/* ---- import ---- */

/* where it went wrong is told by the blocks around it */
static int at_block(const struct ops_car_fault *f, int rc)
{
	char text[CID_TEXT_MAX];

	if (f->block && rc != ERR_CORRUPT)
		return err_add(rc, "import failed at block \"%s\"", cid_text(f->block, text));
	if (f->before)
		return err_add(rc, "import failed after block \"%s\"", cid_text(f->before, text));
	return err_add(rc, "import failed");
}

static int other_content(const struct ops_car_fault *f)
{
	char want[CID_TEXT_MAX], got[CID_TEXT_MAX];
	struct cid cid;
	struct mh mh;
	int rc = mh_decode(cid_mh(f->block), &mh);

	if (rc == 0)
		rc = cid_sum(&cid, f->block->version, f->block->codec, mh.code, &f->data, 1);
	if (rc < 0)
		return rc;
	return err_set(ERR_CORRUPT, "mismatch in content integrity, expected: %s, got: %s", cid_text(f->block, want),
		       cid_text(&cid, got));
}

static int no_decoder(const struct ops_car_fault *f, int rc)
{
	unsigned long long codec = f->block->codec;

	return err_set(rc, "could not choose a decoder: no decoder registered for multicodec code %llu (0x%llx)", codec,
		       codec);
}

/* a message from what stands behind `mark` on, where it has that */
static int behind(int rc, const char *before, const char *mark)
{
	const char *at = strstr(err_text(), mark);

	return err_set(rc, "%s%s", before, at ? at + strlen(mark) : err_text());
}

/* the same in the words of Kubo and of go-car */
static int fault(void *arg, const struct ops_car_fault *f, int rc)
{
	(void)arg;
	if (rc == ERR_INTERRUPTED)
		return rc;
	if (f->cut)
		rc = err_set(rc, "unexpected EOF");
	else if (f->head && !f->read)
		rc = behind(rc, "invalid header: ", "the header: ");
	if (f->head)
		return rc;
	if (f->read)
		return at_block(f, rc);
	if (rc == ERR_DENIED)			/* Kubo's store says it, which does not know the place */
		return behind(rc, "", "': ");
	if (rc == ERR_CORRUPT && f->block)
		rc = other_content(f);
	else if (rc == ERR_LIMIT && f->block)
		rc = err_set(rc, "produced block is over 2MiB: big blocks can't be exchanged with other peers. consider "
			     "using UnixFS for automatic chunking of bigger files, or pass --allow-big-block to override");
	else if (rc == ERR_LIMIT)
		rc = err_set(rc, "invalid section data, length of read beyond allowable maximum");
	else if (rc == ERR_UNSUPPORTED && f->block)
		rc = no_decoder(f, rc);
	return at_block(f, rc);
}

/* one root: it is pinned if all of it is here, and why not if not */
static int pin_root(struct call *c, const struct cid *cid, struct buf *why)
{
	struct call_pin p = { .cid = cid, .mode = PIN_RECURSIVE };
	char text[CID_TEXT_MAX];
	int rc = dag_has(c->src, cid);

	if (rc == 0)
		rc = err_set(ERR_NOTFOUND, "ipld: could not find %s", cid_text(cid, text));
	if (rc > 0)
		rc = pin_quota(c->st, cid);
	if (rc == 0)
		rc = call_pin(c, &p);
	return rc < 0 && rc != ERR_TIMEOUT ? buf_str(why, err_text()) : rc;
}

/* Kubo ends a text with the first that fails */
static int root_text(const struct call *c, const struct cid *cid, const struct buf *why, struct buf *text)
{
	struct buf name = BUF_INIT(CID_TEXT_MAX);
	int rc = call_cid(c, cid, &name);

	if (rc == 0)
		rc = why->len ? err_set(ERR_INVALID, "pinning root \"%s\" FAILED: %s", (const char *)name.data,
					(const char *)why->data) :
				buf_printf(text, "Pinned root\t%s\tsuccess\n", (const char *)name.data);
	buf_clear(&name);
	return rc;
}

static int tell_root(struct call *c, const struct cid *cid, const struct buf *why)
{
	struct buf json = BUF_INIT(LINE_MAX_BYTES), text = BUF_INIT(LINE_MAX_BYTES);
	int rc = buf_str(&json, "{\"Root\":{\"Cid\":");

	if (rc == 0)
		rc = call_cid_link(&json, cid);
	if (rc == 0)
		rc = json_field(&json, "PinErrorMsg", buf_span(why));
	if (rc == 0)
		rc = buf_str(&json, "}}");
	if (rc == 0 && c->enc == ENC_TEXT && !call_bool(c, "silent"))
		rc = root_text(c, cid, why, &text);
	if (rc == 0)
		rc = call_value(c, buf_span(&json), span_of(text.data ? text.data : (const uint8_t *)"", text.len));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

static int root(void *arg, const struct cid *cid)
{
	struct call *c = arg;
	struct buf why = BUF_INIT(LINE_MAX_BYTES / 4);
	int rc = pin_root(c, cid, &why);

	if (rc == 0)
		rc = tell_root(c, cid, &why);
	buf_clear(&why);
	return rc;
}

static int tell_stats(struct call *c, const struct ops_car_counts *n)
{
	struct buf json = BUF_INIT(LINE_MAX_BYTES), text = BUF_INIT(LINE_MAX_BYTES);
	int rc = buf_printf(&json, "{\"Stats\":{\"BlockCount\":%llu,\"BlockBytesCount\":%llu}}",
			    (unsigned long long)n->blocks, (unsigned long long)n->bytes);

	if (rc == 0 && !call_bool(c, "silent"))
		rc = buf_printf(&text, "Imported %llu blocks (%llu bytes)\n", (unsigned long long)n->blocks,
				(unsigned long long)n->bytes);
	if (rc == 0)
		rc = call_value(c, buf_span(&json), span_of(text.data ? text.data : (const uint8_t *)"", text.len));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

static int import_files(struct call *c, struct car_importer *m)
{
	int rc;

	while ((rc = call_part(c)) == 1) {
		if (c->part.kind != PART_FILE || strchr(c->part.path, '/'))
			return err_set(ERR_USAGE, "expected a file handle");
		rc = ops_car_import_read(m, call_read_arg, c, NULL);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* which roots are pinned is found out at the end, one by one: whatever sticks */
static int import_all(struct call *c, int pin)
{
	struct ops_car_import o = { .keep = 1, .allow_big = call_bool(c, "allow-big-block"),
				    .flags = CAR_PLAIN | CAR_LOOSE_HEADER, .fault = fault };
	struct ops_car_counts n = { 0 };
	struct car_importer *m = NULL;
	struct buf why = BUF_INIT(LINE_MAX_BYTES);
	int rc = ops_car_import_begin(&m, c->st, &o), end;

	if (rc == 0)
		rc = import_files(c, m);
	if (rc == 0)
		rc = ops_car_import_end(m, pin ? root : NULL, c);
	if (rc == 0)
		n = ops_car_import_counts(m);
	if (rc < 0)
		buf_str(&why, err_text());
	end = ops_car_import_drop(m);		/* what came before a fault stays */
	if (rc == 0)
		rc = end;
	else
		err_set(rc, "%s", why.data ? (const char *)why.data : "out of memory");
	buf_clear(&why);
	return rc == 0 && call_bool(c, "stats") ? tell_stats(c, &n) : rc;
}

int dag_import(struct call *c)
{
	int local = call_bool(c, "local-only"), pin = call_bool(c, "pin-roots");

	if (local && pin && call_given(c, "pin-roots"))
		return err_set(ERR_USAGE, "--local-only implies --pin-roots=false and cannot be combined with "
			       "--pin-roots=true; please drop one of them");
	return import_all(c, pin && !local);
}

/* ---- export ---- */

/* The head goes out with the first bytes: by then the options are known to be good, and the root to be here. */
struct out {
	struct sink sink;
	struct call *c;
	int begun, rc;			/* rc: of the client */
};

static int out_put(struct sink *s, const struct piece *p)
{
	struct out *o = (struct out *)(void *)s;

	if (!o->begun)
		o->rc = call_bytes(o->c, "application/vnd.ipld.car", LEN_UNKNOWN);
	o->begun = 1;
	if (o->rc == 0)
		o->rc = sink_put(&o->c->r->sink, p);
	return o->rc;
}

static int export_root(struct call *c, const struct cid *root)
{
	struct out out = { .sink = { out_put }, .c = c };
	struct ops_car_to to = { .sink = &out.sink, .tmpdir = store_tmpdir(c->st) };
	char text[CID_TEXT_MAX];
	const char *path = cid_text(root, text);
	struct ops_car_export o;
	int rc;

	ops_car_export_init(&o);
	o.partial = call_bool(c, "local-only");
	rc = ops_car_export(c->src, &path, 1, &o, &to);
	if (rc == ERR_NOTFOUND && out.rc == 0) {
		rc = err_add(rc, "walk failed");
		return err_set(rc, "%s (currently offline, perhaps retry %s)", err_text(), call_bool(c, "offline") ?
			       "without the offline flag" : "after attaching to the network");
	}
	return rc;
}

int dag_export(struct call *c)
{
	struct ops_place p = { 0 };
	int rc = 0;

	if (call_bool(c, "local-only") && call_given(c, "offline") && !call_bool(c, "offline"))
		return err_set(ERR_USAGE, "--local-only implies --offline and cannot be combined with --offline=false; "
			       "please drop one of them");
	rc = call_place(c, c->arg[0], &p);
	if (rc == 0)
		rc = dag_need(c->src, &p.cid);
	if (rc == 0)
		rc = export_root(c, &p.cid);
	ops_place_clear(&p);
	return rc;
}
