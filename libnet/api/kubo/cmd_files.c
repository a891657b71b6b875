/* cmd_files.c - files: the mutable files, as Kubo's MFS answers */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "ops/files.h"

static void options(const struct call *c, struct ops_files *o)
{
	ops_files_init(o);
	o->flush = call_bool(c, "flush");
	o->unflushed_max = OPS_FILES_UNFLUSHED;
	o->src = c->src;
}

/* what new nodes are named by, for commands that have these options */
static void naming(const struct call *c, struct ops_files *o)
{
	if (call_given(c, "cid-version"))
		o->cid_version = (int)call_int(c, "cid-version");
	if (call_given(c, "hash"))
		o->hash = call_text(c, "hash");
}

/* a path of names is followed first; gives text in `room`, or the argument itself */
static int source(struct call *c, const char *arg, struct buf *room, const char **path)
{
	int rc = 0;

	*path = arg;
	if (strncmp(arg, "/ipns/", 6) == 0 || strncmp(arg, "ipns:", 5) == 0 || strncmp(arg, "ipfs:", 5) == 0) {
		rc = call_path(c, arg, room);
		*path = (const char *)room->data;
	}
	return rc;
}

/* a command whose success is silence */
static int silent(struct call *c, int rc)
{
	return rc < 0 ? rc : call_empty(c);
}

/* ---- stat ---- */

static const char usual_format[] = "<hash>\nSize: <size>\nCumulativeSize: <cumulsize>\nChildBlocks: <childs>\n"
				   "Type: <type>\nMode: <mode> (<mode-octal>)\nMtime: <mtime>";

struct seen {
	struct ops_files_stat s;
	int with_local, local;
	uint64_t local_size;
};

static int is_dir(const struct seen *n)
{
	return unixfs_is_dir(n->s.node.type);
}

/* a symlink has one always */
static uint32_t mode(const struct seen *n)
{
	return n->s.node.meta.mode || n->s.node.type != UNIXFS_SYMLINK ? n->s.node.meta.mode : 0777;
}

/* octal of os.FileMode, which has bits of its own for directories, set-id and sticky */
static uint32_t go_mode(const struct seen *n)
{
	uint32_t m = mode(n);

	return (m & 0777) | (m & 04000 ? 0x800000 : 0) | (m & 02000 ? 0x400000 : 0) | (m & 01000 ? 0x100000 : 0) |
	       (is_dir(n) ? 0x80000000 : n->s.node.type == UNIXFS_SYMLINK ? 0x8000000 : 0);
}

static int stat_json(struct call *c, const struct seen *n, struct buf *b)
{
	const struct unixfs_meta *m = &n->s.node.meta;
	int rc = buf_str(b, "{");

	if (rc == 0)
		rc = call_cid_field(c, b, "Hash", &n->s.cid);
	if (rc == 0)
		rc = json_num(b, "Size", is_dir(n) ? 0 : n->s.node.size);
	if (rc == 0)
		rc = json_num(b, "CumulativeSize", n->s.node.cumulative);
	if (rc == 0)
		rc = json_num(b, "Blocks", n->s.node.n_links);
	if (rc == 0)
		rc = json_field(b, "Type", span_str(ops_files_type(n->s.node.type)));
	if (rc == 0 && n->with_local)
		rc = json_bool(b, "WithLocality", 1);
	if (rc == 0 && n->with_local && n->local)
		rc = json_bool(b, "Local", 1);
	if (rc == 0 && n->with_local && n->local_size)
		rc = json_num(b, "SizeLocal", n->local_size);
	if (rc == 0 && m->has_mtime && m->mtime)
		rc = buf_printf(b, ",\"Mtime\":%lld", (long long)m->mtime);
	if (rc == 0 && m->has_mtime && m->nsec)
		rc = json_num(b, "MtimeNsecs", m->nsec);
	if (rc == 0 && mode(n))
		rc = buf_printf(b, ",\"Mode\":\"%04o\"", go_mode(n));
	return rc < 0 ? rc : buf_str(b, "}");
}

static int put_mode(const struct seen *n, int octal, struct buf *b)
{
	static const char bits[] = "rwxrwxrwx";
	uint32_t m = mode(n);
	char text[11];
	int i;

	if (!m)
		return buf_str(b, "not set");
	if (octal)
		return buf_printf(b, "%04o", m & 0777);
	text[0] = is_dir(n) ? 'd' : n->s.node.type == UNIXFS_SYMLINK ? 'l' : '-';
	for (i = 0; i < 9; i++)
		text[1 + i] = m & (0400u >> i) ? bits[i] : '-';
	text[10] = 0;
	return buf_str(b, text);
}

static int put_mtime(const struct seen *n, struct buf *b)
{
	time_t t = (time_t)n->s.node.meta.mtime;
	char text[64];
	struct tm tm;

	if (!n->s.node.meta.has_mtime)
		return buf_str(b, "not set");
	/* Go pads days with a zero; names of months are those of the C locale */
	if (!gmtime_r(&t, &tm) || strftime(text, sizeof text, "%d %b %Y, %H:%M:%S UTC", &tm) == 0)
		return buf_str(b, "not set");
	return buf_str(b, text);
}

static int put_token(struct call *c, const struct seen *n, const char *word, struct buf *b)
{
	if (strcmp(word, "hash") == 0)
		return call_cid(c, &n->s.cid, b);
	if (strcmp(word, "size") == 0)
		return buf_printf(b, "%llu", (unsigned long long)(is_dir(n) ? 0 : n->s.node.size));
	if (strcmp(word, "cumulsize") == 0)
		return buf_printf(b, "%llu", (unsigned long long)n->s.node.cumulative);
	if (strcmp(word, "childs") == 0)
		return buf_printf(b, "%llu", (unsigned long long)n->s.node.n_links);
	if (strcmp(word, "type") == 0)
		return buf_str(b, ops_files_type(n->s.node.type));
	if (strcmp(word, "mode") == 0 || strcmp(word, "mode-octal") == 0)
		return put_mode(n, word[4] == '-', b);
	return put_mtime(n, b);
}

static int stat_text(struct call *c, const struct seen *n, const char *format, struct buf *b)
{
	static const char *const words[] = { "hash", "size", "cumulsize", "childs", "type", "mode", "mode-octal", "mtime" };
	size_t i, len;
	int rc = 0;

	while (rc == 0 && *format) {
		for (i = 0; i < sizeof words / sizeof *words; i++) {
			len = strlen(words[i]);
			if (*format == '<' && !strncmp(format + 1, words[i], len) && format[1 + len] == '>')
				break;
		}
		if (i < sizeof words / sizeof *words) {
			rc = put_token(c, n, words[i], b);
			format += strlen(words[i]) + 2;
		} else {
			rc = buf_u8(b, (uint8_t)*format++);
		}
	}
	return rc < 0 ? rc : buf_u8(b, '\n');
}

static const char *format_of(const struct call *c)
{
	if (call_bool(c, "hash"))
		return "<hash>";
	return call_bool(c, "size") ? "<cumulsize>" : call_text(c, "format");
}

static int look(struct call *c, struct seen *n)
{
	struct buf room = BUF_INIT(64 * 1024);
	const char *path;
	int rc = source(c, c->arg[0], &room, &path);

	if (rc == 0 && strncmp(path, "/ipfs/", 6) == 0) {
		rc = call_resolve(c, path, &n->s.cid);
		if (rc == 0 && n->s.cid.codec != CID_DAG_PB && n->s.cid.codec != CID_RAW)
			rc = err_set(ERR_INVALID, "not unixfs node (proto or raw)");
		if (rc == 0)
			rc = unixfs_stat(c->src, &n->s.cid, &n->s.node);
	} else if (rc == 0) {
		rc = ops_files_stat(c->st, path, &n->s);
	}
	if (rc == 0 && n->with_local)
		rc = ops_files_local(c->st, &n->s.cid, &n->local, &n->local_size);
	buf_clear(&room);
	return rc;
}

static int files_stat(struct call *c)
{
	struct seen n = { .with_local = call_bool(c, "with-local") };
	struct buf json = BUF_INIT(64 * 1024), text = BUF_INIT(1 << 20);
	int rc;

	if (call_bool(c, "hash") + call_bool(c, "size") + (strcmp(call_text(c, "format"), usual_format) != 0) > 1)
		return call_client_error(c, "invalid parameters: format was set by multiple options. Only one format option "
					    "is allowed");
	rc = look(c, &n);
	if (rc == 0)
		rc = stat_json(c, &n, &json);
	if (rc == 0)
		rc = stat_text(c, &n, format_of(c), &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&json);
	buf_clear(&text);
	return rc;
}

/* ---- ls ---- */

struct listing {
	struct call *c;
	int whole, any;			/* long; an entry was told */
	struct buf json, text;
};

/* a directory's entries are named in the default form whatever cid-base says */
static int tell_entry(void *arg, const struct ops_files_entry *e)
{
	struct listing *l = arg;
	char cid[CID_TEXT_MAX];
	int rc;

	buf_reset(&l->json);
	buf_reset(&l->text);
	rc = buf_str(&l->json, l->any ? ",{" : "{\"Entries\":[{");
	l->any = 1;
	if (rc == 0)
		rc = json_str(&l->json, span_str("Name"));
	if (rc == 0)
		rc = buf_u8(&l->json, ':');
	if (rc == 0)
		rc = json_str(&l->json, e->name);
	if (rc == 0)
		rc = json_num(&l->json, "Type", l->whole && e->dir);
	if (rc == 0)
		rc = json_num(&l->json, "Size", l->whole ? e->size : 0);
	if (rc == 0)
		rc = json_field(&l->json, "Hash", span_str(l->whole ? cid_text(&e->cid, cid) : ""));
	if (rc == 0)
		rc = buf_str(&l->json, "}");
	if (rc == 0)
		rc = buf_add(&l->text, e->name);
	if (rc == 0 && l->whole)
		rc = buf_printf(&l->text, "%s\t%s\t%llu", e->dir ? "/" : "", cid, (unsigned long long)e->size);
	if (rc == 0)
		rc = buf_str(&l->text, "\n");
	return rc < 0 ? rc : call_more(l->c, buf_span(&l->json), buf_span(&l->text));
}

static int files_ls(struct call *c)
{
	struct listing l = { c, call_bool(c, "long"), 0, BUF_INIT(64 * 1024), BUF_INIT(64 * 1024) };
	int rc = ops_files_ls(c->st, c->n_args ? c->arg[0] : "/", l.whole, tell_entry, &l);

	if (rc == 0)
		rc = l.any ? call_more(c, span_str("]}"), span_of("", 0)) :
			     call_one(c, span_str("{\"Entries\":null}"), span_of("", 0));
	buf_clear(&l.json);
	buf_clear(&l.text);
	return rc;
}

/* ---- read and write ---- */

static int heed_time(void *arg, uint64_t bytes)
{
	(void)bytes;
	return call_expired(arg);
}

static int files_read(struct call *c)
{
	int64_t off = call_int(c, "offset"), count = call_int(c, "count");
	uint64_t size, n;
	struct cid cid;
	int rc;

	if (off < 0)
		return err_set(ERR_USAGE, "cannot specify negative offset");
	if (call_given(c, "count") && count < 0)
		return err_set(ERR_USAGE, "cannot specify negative 'count'");
	rc = ops_files_open(c->st, c->arg[0], &cid, &size);
	if (rc == 0 && (uint64_t)off > size)
		rc = err_set(ERR_INVALID, "offset was past end of file (%lld > %llu)", (long long)off,
			     (unsigned long long)size);
	if (rc < 0)
		return rc;
	n = size - (uint64_t)off;
	if (call_given(c, "count") && (uint64_t)count < n)
		n = (uint64_t)count;
	rc = call_bytes(c, NULL, LEN_UNKNOWN);
	/* of what was opened, whatever became of the path since */
	return rc < 0 || n == 0 ? rc : unixfs_cat(c->src, &cid, (uint64_t)off, n, &c->r->sink, heed_time, c);
}

static int files_write(struct call *c)
{
	struct ops_files_in in = { call_read_arg, c, UINT64_MAX };
	int64_t off = call_int(c, "offset"), count = call_int(c, "count");
	struct ops_files o;
	int rc;

	options(c, &o);
	naming(c, &o);
	o.create = call_bool(c, "create");
	o.parents = call_bool(c, "parents");
	o.truncate = call_bool(c, "truncate");
	if (call_given(c, "raw-leaves"))
		o.raw_leaves = call_bool(c, "raw-leaves");
	if (off < 0)
		return err_set(ERR_USAGE, "cannot have negative write offset");
	if (call_given(c, "count")) {
		if (count < 0)
			return err_set(ERR_USAGE, "cannot have negative byte count");
		in.max = (uint64_t)count;
	}
	rc = call_part(c);
	if (rc == 0)
		return err_set(ERR_USAGE, "file argument 'data' is required");
	if (rc < 0)
		return rc;
	if (c->part.kind == PART_DIR)
		return err_set(ERR_USAGE, "expected a regular file");
	return silent(c, ops_files_write(c->st, c->arg[0], (uint64_t)off, &in, &o));
}

/* ---- the others ---- */

static int files_mkdir(struct call *c)
{
	struct ops_files o;

	options(c, &o);
	naming(c, &o);
	o.parents = call_bool(c, "parents");
	return silent(c, ops_files_mkdir(c->st, c->arg[0], &o));
}

static int files_cp(struct call *c)
{
	struct buf room = BUF_INIT(64 * 1024);
	struct ops_files o;
	const char *path;
	int rc;

	options(c, &o);
	o.force = call_bool(c, "force");
	o.parents = call_bool(c, "parents");
	rc = source(c, c->arg[0], &room, &path);
	if (rc < 0)
		err_add(rc, "cp: cannot get node from path %s", c->arg[0]);
	else
		rc = ops_files_cp(c->st, path, c->arg[1], &o);
	buf_clear(&room);
	return silent(c, rc);
}

static int files_mv(struct call *c)
{
	struct ops_files o;

	options(c, &o);
	return silent(c, ops_files_mv(c->st, c->arg[0], c->arg[1], &o));
}

/* a path that stays: a string, which Kubo emits, too */
static int told_stays(void *arg, const char *path, int rc)
{
	struct buf json = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
	struct call *c = arg;

	(void)path;
	rc = json_str(&json, span_str(err_text()));
	if (rc == 0)
		rc = buf_printf(&text, "%s\n", err_text());
	if (rc == 0)
		rc = call_value(c, buf_span(&json), buf_span(&text));
	buf_clear(&json);
	buf_clear(&text);
	return rc;
}

static int files_rm(struct call *c)
{
	struct ops_files o;

	options(c, &o);
	if (!o.flush)
		return err_set(ERR_USAGE, "files rm always flushes for safety. The --flush flag cannot be set to false for "
					  "this command");
	o.recursive = call_bool(c, "recursive");
	o.force = call_bool(c, "force");
	return silent(c, ops_files_rm(c->st, (const char *const *)c->arg, c->n_args, &o, told_stays, c));
}

static int files_flush(struct call *c)
{
	struct buf json = BUF_INIT(CID_TEXT_MAX + 64), text = BUF_INIT(CID_TEXT_MAX + 64);
	struct cid cid;
	int rc = ops_files_flush(c->st, c->n_args ? c->arg[0] : "/", &cid);

	if (rc == 0)
		rc = buf_str(&json, "{");
	if (rc == 0)
		rc = call_cid_field(c, &json, "Cid", &cid);
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = call_cid(c, &cid, &text);
	if (rc == 0)
		rc = buf_str(&text, "\n");
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&json);
	buf_clear(&text);
	return rc;
}

static int files_chcid(struct call *c)
{
	struct ops_files o;

	options(c, &o);
	naming(c, &o);
	return silent(c, ops_files_chcid(c->st, c->arg[0], &o));
}

static int files_chmod(struct call *c)
{
	struct ops_files o;
	uint32_t mode;
	int rc;

	options(c, &o);
	rc = ops_files_mode(c->arg[0], &mode);
	return silent(c, rc < 0 ? rc : ops_files_chmod(c->st, c->arg[1], mode, &o));
}

static int files_touch(struct call *c)
{
	struct timespec t = { (time_t)call_int(c, "mtime"), (long)call_uint(c, "mtime-nsecs") };
	struct ops_files o;

	options(c, &o);
	if (call_uint(c, "mtime-nsecs") > 999999999)
		return err_set(ERR_USAGE, "mtime nanoseconds must be in range [1, 999999999]");
	return silent(c, ops_files_touch(c->st, c->arg[0], call_given(c, "mtime") ? &t : NULL, &o));
}

#define FLUSH { "flush,f", OPT_BOOL, "true" }
static const struct opt stat_opts[] = {
	FLUSH, { "format", OPT_STRING, usual_format }, { "hash", OPT_BOOL, NULL }, { "size", OPT_BOOL, NULL },
	{ "with-local", OPT_BOOL, NULL }, { 0 }
};
static const struct opt ls_opts[] = { FLUSH, { "long,l", OPT_BOOL, NULL }, { "U", OPT_BOOL, NULL }, { 0 } };
static const struct opt read_opts[] = {
	FLUSH, { "offset,o", OPT_INT64, NULL }, { "count,n", OPT_INT64, NULL }, { 0 }
};
static const struct opt write_opts[] = {
	FLUSH, { "offset,o", OPT_INT64, NULL }, { "create,e", OPT_BOOL, NULL }, { "parents,p", OPT_BOOL, NULL },
	{ "truncate,t", OPT_BOOL, NULL }, { "count,n", OPT_INT64, NULL }, { "raw-leaves", OPT_BOOL, NULL },
	{ "cid-version,cid-ver", OPT_INT, NULL }, { "hash", OPT_STRING, NULL }, { 0 }
};
static const struct opt mkdir_opts[] = {
	FLUSH, { "parents,p", OPT_BOOL, NULL }, { "cid-version,cid-ver", OPT_INT, NULL }, { "hash", OPT_STRING, NULL },
	{ 0 }
};
static const struct opt cp_opts[] = { FLUSH, { "force", OPT_BOOL, NULL }, { "parents,p", OPT_BOOL, NULL }, { 0 } };
static const struct opt rm_opts[] = { FLUSH, { "recursive,r", OPT_BOOL, NULL }, { "force", OPT_BOOL, NULL }, { 0 } };
static const struct opt chcid_opts[] = {
	FLUSH, { "cid-version,cid-ver", OPT_INT, NULL }, { "hash", OPT_STRING, NULL }, { 0 }
};
static const struct opt touch_opts[] = {
	FLUSH, { "mtime", OPT_INT64, NULL }, { "mtime-nsecs", OPT_UINT, NULL }, { 0 }
};
static const struct opt flush_opts[] = { FLUSH, { 0 } };

const struct command kubo_files_commands[] = {
	{ "files/stat", "path!", NULL, stat_opts, CMD_READS, files_stat },
	{ "files/ls", "path", NULL, ls_opts, CMD_READS, files_ls },
	{ "files/read", "path!", NULL, read_opts, CMD_READS, files_read },
	{ "files/write", "path!", "data!", write_opts, CMD_FILE, files_write },
	{ "files/mkdir", "path!", NULL, mkdir_opts, 0, files_mkdir },
	{ "files/cp", "source! dest!", NULL, cp_opts, 0, files_cp },
	{ "files/mv", "source! dest!", NULL, flush_opts, 0, files_mv },
	{ "files/rm", "path!...", NULL, rm_opts, 0, files_rm },
	{ "files/flush", "path", NULL, flush_opts, 0, files_flush },
	{ "files/chcid", "path!", NULL, chcid_opts, 0, files_chcid },
	{ "files/chmod", "mode! path!", NULL, flush_opts, 0, files_chmod },
	{ "files/touch", "path!", NULL, touch_opts, 0, files_touch },
	{ 0 }
};
