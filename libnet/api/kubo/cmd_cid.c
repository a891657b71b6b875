/* cmd_cid.c - CIDs and multibase text: cid/..., multibase/... */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "multi/mb.h"
#include "ops/cidfmt.h"

enum {
	TEXT_MAX = 256 * 1024,		/* bytes of what is said about one CID, or of one table */
	/* What is encoded at one time, a multiple of MB_PIECE and a little below what other bases take in all */
	PIECE_BYTES = 3000, PIECE_TEXT = 7680
};

static const struct mb_base *base_of(const char *name)
{
	const struct mb_base *base = mb_by_name(name);

	if (!base)
		err_set(ERR_USAGE, "unsupported multibase encoding: %s", name);
	return base;
}

/* ---- cid/format, cid/base32 ---- */

/* {"CidStr":…,"Formatted":…,"ErrorMsg":…} */
static int tell(struct call *c, const char *cid, struct span text, const char *why)
{
	struct buf json = BUF_INIT(TEXT_MAX), line = BUF_INIT(TEXT_MAX);
	int rc = buf_u8(&json, '{');

	if (rc == 0)
		rc = json_field(&json, "CidStr", span_str(cid));
	if (rc == 0)
		rc = json_field(&json, "Formatted", text);
	if (rc == 0)
		rc = json_field(&json, "ErrorMsg", span_str(why));
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = *why ? buf_printf(&line, "%s: %s\n", cid, why) :
			    buf_printf(&line, "%.*s\n", (int)text.len, text.len ? (const char *)text.p : "");
	if (rc == 0)
		rc = call_value(c, buf_span(&json), buf_span(&line));
	buf_clear(&line);
	buf_clear(&json);
	return rc;
}

/* what is wrong with one of them is told beside it */
static int format_one(struct call *c, const char *text, const struct cid_convert *how, const char *format)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	const struct mb_base *base;
	struct cid cid;
	char *why = NULL;
	int rc = cidfmt_parse(text, &cid, &base);

	if (rc == 0)
		rc = cid_convert_apply(how, &cid, base, &cid, &base);
	if (rc == 0)
		rc = cidfmt_write(&cid, base, format, &out);
	if (rc < 0 && !(why = strdup(err_text())))
		rc = err_nomem();
	else
		rc = tell(c, text, buf_span(&out), why ? why : "");
	free(why);
	buf_clear(&out);
	return rc;
}

static int format_all(struct call *c, const struct cid_convert *how, const char *format)
{
	size_t i;
	int rc = call_begin(c);

	for (i = 0; rc == 0 && i < c->n_args; i++)
		rc = format_one(c, c->arg[i], how, format);
	return rc;
}

/* the options of cid/format, in the order Kubo looks at them */
static int conversion(struct call *c, struct cid_convert *how)
{
	const char *version = call_text(c, "v"), *codec = call_text(c, "mc"), *base = call_text(c, "b");

	*how = CID_CONVERT_NONE;
	how->have_codec = *codec != 0;
	if (*codec && codec_by_name(codec, &how->codec) < 0)
		return err_set(ERR_USAGE, "unknown multicodec: \"%s\"", codec);
	if (*version && strcmp(version, "0") && strcmp(version, "1"))
		return err_set(ERR_USAGE, "invalid cid version: \"%s\"", version);
	how->version = *version ? *version - '0' : *base ? 1 : -1;
	if (*base && !(how->base = base_of(base)))
		return ERR_USAGE;
	return cid_convert_check(how);
}

static int format(struct call *c)
{
	const char *form = call_text(c, "f");
	struct cid_convert how;
	int rc = strchr(form, '%') ? conversion(c, &how) :
				     err_set(ERR_USAGE, "invalid format string: \"%s\"", form);

	if (rc == 0)
		rc = cidfmt_check(form);
	return rc < 0 ? rc : format_all(c, &how, form);
}

static int base32(struct call *c)
{
	struct cid_convert how = { .version = 1, .base = mb_by_name("base32") };

	return format_all(c, &how, "%s");
}

/* ---- cid/inspect ---- */

static int inspect(struct call *c)
{
	struct buf json = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	int bad = cid_inspect_json(c->arg[0], &json), rc = json.len ? 0 : bad;

	/* as text it is an error, as JSON an object that tells of one */
	if (c->enc == ENC_TEXT)
		rc = cid_inspect_text(c->arg[0], &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- tables ---- */

struct table {
	struct buf json, text;
	int prefix, numeric, width;
};

static int add_row(struct table *t, const char *name, uint64_t code, const char *prefix)
{
	int rc = buf_printf(&t->json, "%s{\"Code\":%llu", t->json.len > 1 ? "," : "", (unsigned long long)code);

	if (rc == 0)
		rc = json_field(&t->json, "Name", span_str(name));
	if (rc == 0)
		rc = buf_u8(&t->json, '}');
	if (rc == 0 && t->prefix)
		rc = buf_printf(&t->text, "%s ", prefix);
	if (rc == 0 && t->numeric)
		rc = buf_printf(&t->text, "%*llu ", t->width, (unsigned long long)code);
	return rc < 0 ? rc : buf_printf(&t->text, "%s%s\n", t->prefix || t->numeric ? " " : "", name);
}

static int tell_table(struct call *c, struct table *t, int rc)
{
	if (rc == 0)
		rc = buf_u8(&t->json, ']');
	if (rc == 0)
		rc = call_one(c, buf_span(&t->json), buf_span(&t->text));
	buf_clear(&t->json);
	buf_clear(&t->text);
	return rc;
}

static int bases(struct call *c)
{
	struct table t = { BUF_INIT(TEXT_MAX), BUF_INIT(TEXT_MAX), call_bool(c, "prefix"), call_bool(c, "numeric"), 7 };
	const struct mb_base *b;
	int i, rc = buf_u8(&t.json, '[');

	for (i = 0; rc == 0 && (b = mb_each(i)); i++)
		if (b->kubo)		/* others are understood, but have no place in a list of Kubo's */
			rc = add_row(&t, b->name, mb_code(b), *b->prefix ? b->prefix : " ");
	return tell_table(c, &t, rc);
}

static int codecs(struct call *c)
{
	struct table t = { BUF_INIT(TEXT_MAX), BUF_INIT(TEXT_MAX), 0, call_bool(c, "numeric"), 5 };
	int i, usable, rc = buf_u8(&t.json, '[');
	uint64_t code;

	for (i = 0; rc == 0 && codec_each(i, &code, &usable); i++)
		if (usable || !call_bool(c, "supported"))
			rc = add_row(&t, codec_name(code), code, "");
	return tell_table(c, &t, rc);
}

static int hashes(struct call *c)
{
	struct table t = { BUF_INIT(TEXT_MAX), BUF_INIT(TEXT_MAX), 0, call_bool(c, "numeric"), 5 };
	static const uint8_t zero[MH_DIGEST_MAX];
	int i, len, rc = buf_u8(&t.json, '[');
	struct mh mh;

	for (i = 0; rc == 0 && mh_each(i, &mh.code); i++) {
		len = mh_native(mh.code);
		mh.digest = span_of(zero, len < 0 ? 0 : (size_t)len);
		if (len >= 0 && mh_allowed(&mh) == 0)
			rc = add_row(&t, mh_name(mh.code), mh.code, "");
	}
	return tell_table(c, &t, rc);
}

/* ---- multibase ---- */

/* Bytes on their way into text: piece by piece where the base allows that, else all of them. */
struct writer {
	const struct mb_base *base;
	struct buf bytes, text;
	int begun;
};

static void writer_init(struct writer *w, const struct mb_base *base)
{
	*w = (struct writer){ base, BUF_INIT(PIECE_BYTES), BUF_INIT(4 * MB_TEXT_MAX), 0 };
}

static void writer_clear(struct writer *w)
{
	buf_clear(&w->bytes);
	buf_clear(&w->text);
}

/* with base NULL: bytes as they are */
static int put(struct call *c, struct writer *w)
{
	int rc = 0;

	buf_reset(&w->text);
	if (!w->base)
		rc = buf_add(&w->text, buf_span(&w->bytes));
	else
		rc = w->begun ? mb_encode_body(w->base, buf_span(&w->bytes), &w->text) :
				mb_encode(w->base, buf_span(&w->bytes), &w->text);
	if (rc == 0 && !w->begun)
		rc = call_bytes(c, NULL, LEN_UNKNOWN);
	if (rc == 0)
		w->begun = 1;
	if (rc == 0 && w->text.len)
		rc = sink_bytes(&c->r->sink, buf_span(&w->text));
	buf_reset(&w->bytes);
	return rc;
}

static int add(struct call *c, struct writer *w, struct span s)
{
	size_t n;
	int rc = 0;

	while (rc == 0 && s.len) {
		if (w->bytes.len == w->bytes.max) {
			if (w->base && !mb_piecewise(w->base))
				return err_set(ERR_LIMIT, "more than %zu bytes are not encoded as %s", w->bytes.max,
					       w->base->name);
			rc = put(c, w);
		}
		n = w->bytes.max - w->bytes.len < s.len ? w->bytes.max - w->bytes.len : s.len;
		if (rc == 0)
			rc = buf_bytes(&w->bytes, s.p, n);
		s = span_of(s.p + n, s.len - n);
	}
	return rc;
}

static int the_file(struct call *c)
{
	int rc = call_file(c);

	return rc == ERR_USAGE ? err_add(rc, "failed to access file") : rc;
}

static int encode(struct call *c)
{
	const struct mb_base *base = base_of(call_text(c, "b"));
	uint8_t room[16384];
	struct writer w;
	ssize_t n = 0;
	int rc = base ? the_file(c) : ERR_USAGE;

	writer_init(&w, base);
	while (rc >= 0 && (n = call_read(c, room, sizeof room)) > 0)
		rc = add(c, &w, span_of(room, (size_t)n));
	if (rc >= 0 && n < 0)
		rc = (int)n;
	if (rc >= 0)
		rc = put(c, &w);
	writer_clear(&w);
	return rc;
}

/* Text on its way into bytes. */
struct reader {
	const struct mb_base *base;	/* NULL: its prefix has not come yet */
	struct buf text, bytes;
	int over;			/* a piece was filled up: nothing may follow */
};

static int undecodable(int rc)
{
	return err_add(rc, "failed to decode multibase");
}

/* the prefix goes away: 1; 0: more has to come */
static int take_prefix(struct reader *r, int last)
{
	size_t n;

	if (!r->text.len)
		return last ? undecodable(err_set(ERR_INVALID, "cannot decode multibase for zero length string")) : 0;
	if (r->text.len < 4 && !last)
		return 0;
	r->base = mb_by_prefix(buf_span(&r->text));
	if (!r->base)
		return undecodable(err_set(ERR_INVALID, "selected encoding not supported"));
	n = *r->base->prefix ? strlen(r->base->prefix) : 1;
	r->text.len -= n;
	memmove(r->text.data, r->text.data + n, r->text.len);
	return 1;
}

static int decode_piece(struct reader *r, int last)
{
	size_t before = r->bytes.len;
	int rc;

	if (!last && !mb_piecewise(r->base))
		return undecodable(err_set(ERR_LIMIT, "multibase text of more than %d bytes", PIECE_TEXT));
	if (r->over && r->text.len)
		return undecodable(err_set(ERR_INVALID, "more text behind the end of %s", r->base->name));
	rc = mb_decode_body(r->base, buf_span(&r->text), &r->bytes);
	if (rc < 0)
		return undecodable(rc);
	r->over = (r->bytes.len - before) * 8 != (uint64_t)mb_piecewise(r->base) * r->text.len && !last;
	buf_reset(&r->text);
	return 0;
}

/* identity is bytes; nothing else has ends of lines, and they do not count, as in what a shell made */
static int is_line_end(const struct reader *r, uint8_t ch)
{
	return (ch == '\n' || ch == '\r') && (r->base ? *r->base->prefix : r->text.len && r->text.data[0]);
}

/* one more byte of text */
static int take(struct reader *r, uint8_t ch)
{
	int rc = 0;

	if (is_line_end(r, ch))
		return 0;
	if (!r->base)
		rc = take_prefix(r, 0);
	if (rc >= 0 && r->base && r->text.len == PIECE_TEXT)
		rc = decode_piece(r, 0);
	return rc < 0 ? rc : buf_u8(&r->text, ch);
}

/* decoded, into the writer; what is wrong with a short text is known before anything is answered */
static int decode_into(struct call *c, struct writer *w)
{
	struct reader r = { NULL, BUF_INIT(PIECE_TEXT), BUF_INIT(2 * PIECE_TEXT), 0 };
	uint8_t room[4096];
	ssize_t n = 0, i;
	int rc = the_file(c);

	while (rc >= 0 && (n = call_read(c, room, sizeof room)) > 0)
		for (i = 0; rc >= 0 && i < n; i++) {
			rc = take(&r, room[i]);
			if (rc == 0 && r.bytes.len) {
				rc = add(c, w, buf_span(&r.bytes));
				buf_reset(&r.bytes);
			}
		}
	if (rc >= 0 && n < 0)
		rc = (int)n;
	if (rc >= 0 && !r.base)
		rc = take_prefix(&r, 1);
	if (rc >= 0)
		rc = decode_piece(&r, 1);
	if (rc >= 0)
		rc = add(c, w, buf_span(&r.bytes));
	buf_clear(&r.text);
	buf_clear(&r.bytes);
	return rc < 0 ? rc : put(c, w);
}

static int decode(struct call *c)
{
	struct writer w;
	int rc;

	writer_init(&w, NULL);
	rc = decode_into(c, &w);
	writer_clear(&w);
	return rc;
}

static int transcode(struct call *c)
{
	const struct mb_base *base = base_of(call_text(c, "b"));
	struct writer w;
	int rc;

	if (!base)
		return ERR_USAGE;
	writer_init(&w, base);
	rc = decode_into(c, &w);
	writer_clear(&w);
	return rc;
}

/* ---- the table ---- */

static const struct opt format_opts[] = {
	{ "f", OPT_STRING, "%s" }, { "v", OPT_STRING, NULL }, { "mc", OPT_STRING, NULL }, { "b", OPT_STRING, NULL },
	{ 0 }
};
static const struct opt bases_opts[] = { { "prefix", OPT_BOOL, NULL }, { "numeric", OPT_BOOL, NULL }, { 0 } };
static const struct opt codes_opts[] = { { "numeric,n", OPT_BOOL, NULL }, { "supported,s", OPT_BOOL, NULL }, { 0 } };
static const struct opt base_opts[] = { { "b", OPT_STRING, "base64url" }, { 0 } };

const struct command kubo_cid_commands[] = {
	{ "cid/base32", "cid!...", NULL, NULL, CMD_STDIN | CMD_NO_STORE | CMD_READS, base32 },
	{ "cid/bases", NULL, NULL, bases_opts, CMD_NO_STORE | CMD_READS, bases },
	{ "cid/codecs", NULL, NULL, codes_opts, CMD_NO_STORE | CMD_READS, codecs },
	{ "cid/format", "cid!...", NULL, format_opts, CMD_STDIN | CMD_NO_STORE | CMD_READS, format },
	{ "cid/hashes", NULL, NULL, codes_opts, CMD_NO_STORE | CMD_READS, hashes },
	{ "cid/inspect", "cid!", NULL, NULL, CMD_STDIN | CMD_NO_STORE | CMD_READS, inspect },
	{ "multibase/decode", NULL, "encoded_file!", NULL, CMD_FILE | CMD_NO_STORE | CMD_READS, decode },
	{ "multibase/encode", NULL, "file!", base_opts, CMD_FILE | CMD_NO_STORE | CMD_READS, encode },
	{ "multibase/list", NULL, NULL, bases_opts, CMD_NO_STORE | CMD_READS, bases },
	{ "multibase/transcode", NULL, "encoded_file!", base_opts, CMD_FILE | CMD_NO_STORE | CMD_READS, transcode },
	{ 0 }
};
