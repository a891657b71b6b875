/* ipfrs-ls - list directories */
#include <inttypes.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/upstream.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ '1', NULL, "print names alone; looks at no entry unless -r asks for it" },
	{ 'c', NULL, "print CIDs and names alone; looks at no entry unless -r asks for it" },
	CMD_OPT_G,
	CMD_OPT_J,
	{ 'p', NULL, "print whole paths: the operand in front of the name" },
	CMD_OPT_R,
	{ 't', NULL, "print the type, too: file, directory or symlink" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-ls", "[path ...]", "list directories", opts
};

static int bare, cids, json, paths, types;
static struct buf line = { .max = SIZE_MAX };	/* one record, used again and again */

static int add_name(const char *operand, const struct unixfs_visit *v)
{
	struct span name = v->path;
	size_t len = strlen(operand);
	int rc = 0;

	while (len && operand[len - 1] == '/')
		len--;
	if (paths)			/* of a file, depth 0, the operand is the whole path */
		rc = cmd_zero() || json ? buf_bytes(&line, operand, len)
					: ops_name_text(span_of(operand, len), &line);
	if (rc == 0 && paths && v->depth > 0)
		rc = buf_str(&line, "/");
	if (rc == 0 && (!paths || v->depth > 0))
		rc = cmd_zero() || json ? buf_add(&line, name) : ops_name_text(name, &line);
	if (rc == 0 && !json && v->stat && unixfs_is_dir(v->stat->type))
		rc = buf_str(&line, "/");
	return rc;
}

static int text_line(const char *operand, const struct unixfs_visit *v)
{
	const struct unixfs_stat *s = v->stat;
	int rc = 0;

	if (!bare)
		rc = cid_format(&v->entry->cid, NULL, &line);
	if (rc == 0 && !bare)
		rc = buf_str(&line, "\t");
	if (rc == 0 && !bare && !cids) {
		if (s && !unixfs_is_dir(s->type))
			rc = buf_printf(&line, "%" PRIu64 "\t", s->size);
		else
			rc = buf_str(&line, s ? "-\t" : "?\t");
	}
	if (rc == 0 && types)
		rc = buf_printf(&line, "%s\t", s ? ops_type_name(s->type) : "?");
	return rc < 0 ? rc : add_name(operand, v);
}

static int json_stat(const struct unixfs_visit *v)
{
	const struct unixfs_stat *s = v->stat;
	int rc = json_field(&line, "type", span_str(ops_type_name(s->type)));

	if (rc == 0)
		rc = json_num(&line, "size", s->size);
	if (rc == 0 && s->type == UNIXFS_SYMLINK)
		rc = json_field(&line, "target", v->target);
	if (rc == 0 && s->meta.mode)
		rc = json_num(&line, "mode", s->meta.mode);
	if (rc == 0 && s->meta.has_mtime && (rc = json_key(&line, "mtime")) == 0)
		rc = buf_printf(&line, "%" PRId64, s->meta.mtime);
	if (rc == 0 && s->meta.has_mtime && s->meta.nsec)
		rc = json_num(&line, "nsec", s->meta.nsec);
	return rc;
}

static int json_line(const char *operand, const struct unixfs_visit *v)
{
	struct buf name = BUF_INIT(SIZE_MAX);
	char text[CID_TEXT_MAX];
	int rc = add_name(operand, v);

	name = line;			/* made in line, and moved out of the way */
	buf_init(&line, SIZE_MAX);
	if (rc == 0)
		rc = buf_str(&line, "{");
	if (rc == 0)
		rc = json_field(&line, "name", buf_span(&name));
	if (rc == 0)
		rc = json_field(&line, "cid", span_str(cid_text(&v->entry->cid, text)));
	if (rc == 0)
		rc = json_num(&line, "cumulative", v->entry->tsize);
	if (rc == 0 && v->stat)
		rc = json_stat(v);
	if (rc == 0)
		rc = buf_str(&line, "}");
	buf_clear(&name);
	return rc;
}

static int print_entry(void *arg, const struct unixfs_visit *v)
{
	const char *operand = *(const char **)arg;
	int rc;

	buf_reset(&line);
	if (v->rc < 0) {		/* say so, show what the directory knows, go on */
		rc = ops_name_text(v->path, &line);
		cmd_complain(v->rc, rc < 0 ? NULL : (char *)line.data);
		buf_reset(&line);
	}
	rc = json ? json_line(operand, v) : text_line(operand, v);
	if (rc == 0)
		cmd_record(buf_span(&line));
	return rc;
}

int main(int argc, char **argv)
{
	struct ops_ls how = { 0 };
	struct dag_source *src;
	struct store *st = NULL;
	const char *path, *found;
	int c, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case '1': bare = 1; break;
		case 'c': cids = 1; break;
		case 'g': cmd_gateway(cmd_arg()); break;
		case 'j': json = 1; break;
		case 'p': paths = 1; break;
		case 'r': how.recursive = 1; break;
		case 't': types = 1; break;
		}
	}
	how.look = types || (!bare && !cids);
	if (cmd_operands(0, -1) != 1)	/* whose entry is it? */
		paths = 1;
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	src = cmd_source(st);
	while (cmd_next(&path)) {
		rc = cmd_path(path, &found);
		if (rc == 0)
			rc = ops_ls_from(src, found, &how, print_entry, &path);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	cmd_source_end();
	store_close(st);
	buf_clear(&line);
	return cmd_finish();
}
