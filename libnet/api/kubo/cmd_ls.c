/*
 * cmd_ls.c - ls: what is in directories, and the chunks of files.
 * Whole listings are sorted by name, on disk when they are large, and nothing is answered before all is known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "base/spill.h"
#include "cmd_read.h"
#include "name/name.h"
#include "ops/dag.h"

enum {
	TYPE_UNKNOWN = 0, TYPE_DIR = 1, TYPE_FILE = 2, TYPE_LINK = 4,	/* Data.Type, as far as it is told */
	SORT_MEM = 4 << 20,
	LINE_MAX_BYTES = 4 << 20,	/* bytes of one link as JSON */
	TEXT_MAX = 32 << 20		/* of a directory as text, whose columns are even from end to end */
};

struct link {
	struct span name, target;
	struct cid cid;
	uint64_t size;
	int type;
	struct unixfs_meta meta;
};

struct ls {
	struct call *c;
	size_t i;			/* of the argument */
	int look;
	struct spill *sorted;		/* NULL: a stream */
	struct buf record, line, target;
};

/* ---- how a link is told ---- */

/* os.FileMode of Go; 0: not stored */
static uint32_t go_mode(const struct link *l)
{
	uint32_t m = l->meta.mode;

	if (!m)
		return 0;
	return (m & 0777) | (m & 04000 ? 0x800000 : 0) | (m & 02000 ? 0x400000 : 0) | (m & 01000 ? 0x100000 : 0) |
	       (l->type == TYPE_DIR ? 0x80000000 : l->type == TYPE_LINK ? 0x8000000 : 0);
}

static int put_time(const struct link *l, struct buf *out)
{
	struct timespec t = { (time_t)l->meta.mtime, (long)l->meta.nsec };

	if (l->meta.has_mtime && name_time_format(&t, out) == 0)
		return 0;
	return buf_str(out, "0001-01-01T00:00:00Z");
}

static int put_json(const struct call *c, const struct link *l, struct buf *out)
{
	int rc = buf_str(out, "{");

	if (rc == 0)
		rc = json_field(out, "Name", l->name);
	if (rc == 0)
		rc = call_cid_field(c, out, "Hash", &l->cid);
	if (rc == 0)
		rc = json_num(out, "Size", l->size);
	if (rc == 0)
		rc = json_num(out, "Type", (uint64_t)l->type);
	if (rc == 0)
		rc = json_field(out, "Target", l->target);
	if (rc == 0)
		rc = json_num(out, "Mode", go_mode(l));
	if (rc == 0)
		rc = buf_str(out, ",\"ModTime\":\"");
	if (rc == 0)
		rc = put_time(l, out);
	return rc < 0 ? rc : buf_str(out, "\"}");
}

/* "drwxr-xr-x", or "-": not stored */
static void mode_text(const struct link *l, char out[11])
{
	static const char bits[] = "rwxrwxrwx";
	uint32_t m = l->meta.mode;
	int i;

	if (!m) {
		memcpy(out, "-", 2);
		return;
	}
	out[0] = l->type == TYPE_DIR ? 'd' : l->type == TYPE_LINK ? 'l' : '-';
	for (i = 0; i < 9; i++)
		out[1 + i] = m & (0400u >> i) ? bits[i] : '-';
	if (m & 04000)
		out[3] = m & 0100 ? 's' : 'S';
	if (m & 02000)
		out[6] = m & 0010 ? 's' : 'S';
	if (m & 01000)
		out[9] = m & 0001 ? 't' : 'T';
	out[10] = 0;
}

/* as ls(1): the time of day for the last six months, else the year */
static int put_date(const struct link *l, struct buf *out)
{
	time_t t = (time_t)l->meta.mtime, now = time(NULL), ago;
	char text[64];
	struct tm tm, then;

	if (!l->meta.has_mtime || !gmtime_r(&t, &tm) || !gmtime_r(&now, &then))
		return buf_str(out, "-");
	then.tm_mon -= 6;
	ago = timegm(&then);
	if (strftime(text, sizeof text, t > ago && t < now + 86400 ? "%b %d %H:%M" : "%b %d  %Y", &tm) == 0)
		return buf_str(out, "-");
	return buf_str(out, text);
}

/* a line whose cells end in TABs */
static int put_text(const struct call *c, const struct link *l, struct buf *out)
{
	char room[32], mode[11];
	int lng = call_bool(c, "long"), rc = 0;

	mode_text(l, mode);
	if (lng)
		rc = buf_printf(out, "%s\t", mode);
	if (rc == 0)
		rc = call_cid(c, &l->cid, out);
	if (rc == 0)
		rc = buf_u8(out, '\t');
	if (rc == 0 && call_bool(c, "size")) {
		snprintf(room, sizeof room, "%llu", (unsigned long long)l->size);
		rc = buf_printf(out, "%s\t", l->type == TYPE_DIR ? "-" : call_bool(c, "human") ?
			       ops_human(l->size, room) : room);
	}
	if (rc == 0 && lng)
		rc = put_date(l, out);
	if (rc == 0 && lng)
		rc = buf_u8(out, '\t');
	if (rc == 0)
		rc = ops_name_text(l->name, out);
	return rc < 0 ? rc : buf_str(out, l->type == TYPE_DIR ? "/\n" : "\n");
}

/* ---- records, in the order they are told in: argument, size if asked for, name ---- */

enum { RECORD_HEAD = 4 + 8 };

static int record_cmp(struct span a, struct span b)
{
	struct rd x = rd_from(a), y = rd_from(b);
	int c = memcmp(a.p, b.p, RECORD_HEAD);

	rd_bytes(&x, RECORD_HEAD);
	rd_bytes(&y, RECORD_HEAD);
	return c ? c : span_cmp(rd_bytes(&x, rd_le32(&x)), rd_bytes(&y, rd_le32(&y)));
}

static int keep(struct ls *s, const struct link *l)
{
	struct buf *b = &s->record;
	int rc;

	buf_reset(b);
	rc = buf_reserve(b, l->name.len + l->target.len + CID_BYTES_MAX + 128);
	if (rc < 0)
		return rc;
	buf_be32(b, (uint32_t)s->i);		/* room was made */
	buf_be64(b, call_bool(s->c, "sort-size") ? ~l->size : 0);
	buf_le32(b, (uint32_t)l->name.len);
	buf_add(b, l->name);
	buf_le64(b, l->size);
	buf_u8(b, (unsigned)l->type);
	buf_le32(b, l->meta.mode);
	buf_u8(b, (unsigned)l->meta.has_mtime);
	buf_le64(b, (uint64_t)l->meta.mtime);
	buf_le32(b, l->meta.nsec);
	buf_u8(b, l->cid.len);
	buf_add(b, cid_span(&l->cid));
	buf_add(b, l->target);
	return spill_add(s->sorted, buf_span(b));
}

static int take(struct span record, size_t *i, struct link *l)
{
	struct rd r = rd_from(record);
	struct span cid;

	*i = rd_be32(&r);
	rd_be64(&r);
	l->name = rd_bytes(&r, rd_le32(&r));
	l->size = rd_le64(&r);
	l->type = rd_u8(&r);
	l->meta.mode = rd_le32(&r);
	l->meta.has_mtime = rd_u8(&r);
	l->meta.mtime = (int64_t)rd_le64(&r);
	l->meta.nsec = rd_le32(&r);
	cid = rd_bytes(&r, rd_u8(&r));
	l->target = rd_rest(&r);
	return cid_decode(cid, &l->cid);
}

/* ---- streams ---- */

/* a line in columns of at least ten, since what comes is not known yet */
static int put_stream_text(const struct call *c, const struct link *l, struct buf *out)
{
	struct buf cells = BUF_INIT(LINE_MAX_BYTES);
	const char *at, *tab;
	int rc = put_text(c, l, &cells);

	for (at = (const char *)cells.data; rc == 0 && (tab = strchr(at, '\t')); at = tab + 1)
		rc = buf_printf(out, "%-9.*s ", (int)(tab - at), at);
	if (rc == 0)
		rc = buf_str(out, at);
	buf_clear(&cells);
	return rc;
}

static int tell(struct ls *s, const struct link *l)
{
	struct buf text = BUF_INIT(LINE_MAX_BYTES);
	int rc = buf_str(&s->line, "{\"Objects\":[{");

	if (rc == 0)
		rc = json_field(&s->line, "Hash", span_str(s->c->arg[s->i]));
	if (rc == 0)
		rc = buf_str(&s->line, ",\"Links\":[");
	if (rc == 0)
		rc = put_json(s->c, l, &s->line);
	if (rc == 0)
		rc = buf_str(&s->line, "]}]}");
	if (rc == 0)
		rc = put_stream_text(s->c, l, &text);
	if (rc == 0)
		rc = call_value(s->c, buf_span(&s->line), buf_span(&text));
	buf_reset(&s->line);
	buf_clear(&text);
	return rc;
}

/* ---- finding links ---- */

/* of a child that is dag-pb: its own block tells */
static int look_at(struct ls *s, struct link *l)
{
	struct unixfs_stat st;
	int rc = unixfs_stat(s->c->src, &l->cid, &st);

	if (rc < 0)
		return rc;
	l->meta = st.meta;
	if (unixfs_is_file(st.type)) {
		l->type = TYPE_FILE;
		l->size = st.size;
	} else if (st.type == UNIXFS_SYMLINK) {
		l->type = TYPE_LINK;
		l->size = st.size;
		rc = unixfs_readlink(s->c->src, &l->cid, &s->target);
		l->target = buf_span(&s->target);
	} else {
		l->type = TYPE_DIR;
	}
	return rc;
}

static int found(void *arg, const struct unixfs_dirent *e)
{
	struct ls *s = arg;
	struct link l = { .name = e->name, .cid = e->cid };
	int rc = 0;

	buf_reset(&s->target);
	if (e->cid.codec == CID_RAW) {
		l.type = TYPE_FILE;
		l.size = e->tsize;
	} else if (e->cid.codec == CID_DAG_PB && s->look) {
		rc = look_at(s, &l);
	}
	if (rc == 0)
		rc = s->sorted ? keep(s, &l) : tell(s, &l);
	return rc;
}

static int found_link(void *arg, const struct cid *cid, struct span name)
{
	(void)name;
	return found(arg, &(struct unixfs_dirent){ .cid = *cid });
}

/* the links of a dag-pb block that is no directory */
static int links_of(struct ls *s, const struct pb_node *node)
{
	struct pb_iter it = pb_links(node);
	struct unixfs_dirent e;
	struct pb_link link;
	int rc = 0;

	while (rc == 0 && pb_next(&it, &link)) {
		e = (struct unixfs_dirent){ .name = link.name, .tsize = link.tsize };
		rc = cid_decode(link.hash, &e.cid);
		if (rc == 0)
			rc = found(s, &e);
	}
	return rc;
}

static int list_pb(struct ls *s, const struct cid *cid, struct span block)
{
	struct unixfs_data data;
	struct pb_node node;
	int rc = pb_decode(block, &node);

	if (rc == 0)
		rc = unixfs_decode(node.data, &data);
	if (rc < 0)
		return rc;
	return unixfs_is_dir(data.type) ? unixfs_ls(s->c->src, cid, found, s) : links_of(s, &node);
}

static int list(struct ls *s, const char *arg)
{
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct ops_place place;
	int rc = call_place(s->c, arg, &place);

	if (rc == 0)
		rc = dag_get(s->c->src, &place.cid, &block);
	if (rc == 0 && place.cid.codec == CID_DAG_PB)
		rc = list_pb(s, &place.cid, buf_span(&block));
	else if (rc == 0)
		rc = codec_links(place.cid.codec, buf_span(&block), found_link, s);
	ops_place_clear(&place);
	buf_clear(&block);
	return rc;
}

/* ---- the whole of it ---- */

/* the next link of argument i, or what comes behind it: 1; 0: there is no more */
struct cursor {
	struct spill *s;
	struct link l;
	size_t i;
	int more;
};

static int step(struct cursor *k)
{
	struct span record;
	int rc = spill_next(k->s, &record);

	k->more = rc > 0;
	return rc > 0 ? take(record, &k->i, &k->l) : rc;
}

static int json_object(struct ls *s, struct cursor *k)
{
	int rc = buf_str(&s->line, s->i ? ",{" : "{"), n = 0;

	if (rc == 0)
		rc = json_field(&s->line, "Hash", span_str(s->c->arg[s->i]));
	if (rc == 0)
		rc = buf_str(&s->line, ",\"Links\":[");
	for (; rc == 0 && k->more && k->i == s->i; n++) {
		rc = n ? buf_str(&s->line, ",") : 0;
		if (rc == 0)
			rc = put_json(s->c, &k->l, &s->line);
		if (rc == 0)
			rc = call_more(s->c, buf_span(&s->line), span_of(NULL, 0));
		buf_reset(&s->line);
		if (rc == 0)
			rc = step(k);
	}
	if (rc == 0)
		rc = buf_str(&s->line, "]}");
	if (rc == 0)
		rc = call_more(s->c, buf_span(&s->line), span_of(NULL, 0));
	buf_reset(&s->line);
	return rc;
}

static int put_headers(const struct call *c, struct buf *out)
{
	return buf_printf(out, "%sHash\t%s%sName\n", call_bool(c, "long") ? "Mode\t" : "",
			  call_bool(c, "size") ? "Size\t" : "", call_bool(c, "long") ? "ModTime\t" : "");
}

static int text_object(struct ls *s, struct cursor *k)
{
	struct buf cells = BUF_INIT(TEXT_MAX), out = BUF_INIT(2 * TEXT_MAX);
	int rc = 0;

	if (s->c->n_args > 1)
		rc = buf_printf(&out, "%s%s:\n", s->i ? "\n" : "", s->c->arg[s->i]);
	if (rc == 0 && call_bool(s->c, "headers"))
		rc = put_headers(s->c, &cells);
	while (rc == 0 && k->more && k->i == s->i) {
		rc = put_text(s->c, &k->l, &cells);
		if (rc == 0)
			rc = step(k);
	}
	if (rc == 0)
		rc = call_columns(buf_span(&cells), &out);
	if (rc == 0)
		rc = call_more(s->c, span_of(NULL, 0), buf_span(&out));
	buf_clear(&cells);
	buf_clear(&out);
	return rc;
}

static int tell_all(struct ls *s)
{
	static const struct span nothing;
	int text = s->c->enc == ENC_TEXT, rc;
	struct cursor k = { .s = s->sorted };

	rc = spill_read(s->sorted);
	if (rc == 0)
		rc = step(&k);
	if (rc == 0)
		rc = call_more(s->c, span_str("{\"Objects\":["), nothing);
	for (s->i = 0; rc == 0 && s->i < s->c->n_args; s->i++)
		rc = text ? text_object(s, &k) : json_object(s, &k);
	return rc == 0 ? call_more(s->c, span_str("]}"), nothing) : rc;
}

static int run(struct ls *s)
{
	struct call *c = s->c;
	int stream = call_bool(c, "stream"), rc = 0;

	if (!stream)
		rc = spill_new(&s->sorted, store_tmpdir(c->st), SORT_MEM, record_cmp);
	for (s->i = 0; rc == 0 && s->i < c->n_args; s->i++)
		rc = list(s, c->arg[s->i]);
	return rc < 0 || stream ? rc : tell_all(s);
}

int read_ls(struct call *c)
{
	struct ls s = { .c = c, .look = call_bool(c, "size") || call_bool(c, "resolve-type"),
			.record = BUF_INIT(SPILL_RECORD_MAX), .line = BUF_INIT(LINE_MAX_BYTES),
			.target = BUF_INIT(DAG_BLOCK_MAX) };
	int rc;

	if (call_bool(c, "sort-size") && call_bool(c, "stream"))
		return call_client_error(c, "cannot use --sort-size with --stream");
	if (call_bool(c, "sort-size") && !call_bool(c, "size"))
		return call_client_error(c, "cannot use --sort-size with --size=false");
	rc = call_base(c);
	if (rc == 0)
		rc = run(&s);
	spill_free(s.sorted);
	buf_clear(&s.record);
	buf_clear(&s.line);
	buf_clear(&s.target);
	return rc;
}
