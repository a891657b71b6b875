/* ipfrs-files - the directory tree of a store that can be changed */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/describe.h"
#include "ops/add.h"
#include "ops/files.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ '1', NULL, "name what is new by CIDv1, as -O cid-version=1" },
	{ 'e', NULL, "write: create the file if it is not there" },
	{ 'f', NULL, "cp: in the place of a file; rm: whatever it is, if it is there; chroot: really" },
	CMD_OPT_J,
	{ 'l', NULL, "ls: print CIDs and sizes, too" },
	{ 'n', "bytes", "read, write: at most so many" },
	{ 'O', "key=value", "set cid-version, hash or raw-leaves of what is new; repeatable" },
	{ 'o', "offset", "read, write: begin there in the file" },
	{ 'p', NULL, "make the directories above, too; mkdir: it may be there already" },
	{ 'r', NULL, "rm: directories, too" },
	{ 'T', "seconds", "touch: this time, since 1970, with a fraction (default: now)" },
	{ 't', NULL, "write: empty the file first" },
	{ 'u', NULL, "do not wait for the disk" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-files", "[path ...]", "read and change the mutable files of a store", opts
};

static struct ops_files how;
static int json, longer;
static uint64_t off, count = UINT64_MAX;
static const char *seconds;
static struct buf line = { .max = SIZE_MAX };

/* ---- looking ---- */

static int entry_json(const struct ops_files_entry *e)
{
	struct buf cid = BUF_INIT(CID_TEXT_MAX);
	int rc = buf_u8(&line, '{');

	if (rc == 0)
		rc = json_field(&line, "name", e->name);
	if (rc == 0)
		rc = cid_format(&e->cid, NULL, &cid);
	if (rc == 0)
		rc = json_field(&line, "cid", buf_span(&cid));
	if (rc == 0 && e->looked)
		rc = json_field(&line, "type", span_str(e->dir ? "directory" : "file"));
	if (rc == 0 && e->looked)
		rc = json_num(&line, "size", e->size);
	buf_clear(&cid);
	return rc < 0 ? rc : buf_u8(&line, '}');
}

static int entry_text(const struct ops_files_entry *e)
{
	int rc = ops_name_form(e->name, cmd_zero() ? OPS_PLAIN : OPS_TEXT, &line);

	if (rc < 0 || !longer)
		return rc;
	rc = buf_str(&line, e->dir ? "/\t" : "\t");
	if (rc == 0)
		rc = cid_format(&e->cid, NULL, &line);
	return rc < 0 ? rc : buf_printf(&line, "\t%" PRIu64, e->size);
}

static int print_entry(void *arg, const struct ops_files_entry *e)
{
	(void)arg;
	return cmd_told(&line, json ? entry_json(e) : entry_text(e));
}

static int ls_one(struct store *st, const char *path)
{
	return ops_files_ls(st, path, longer, print_entry, NULL);
}

static int ls(struct store *st)
{
	return cmd_operands(0, -1) ? cmd_each(st, ls_one) : ls_one(st, "/");
}

static int stat_one(struct store *st, const char *path)
{
	static int n;
	char cid[CID_TEXT_MAX];
	struct ops_files_stat s;
	const char *found;
	int rc = cmd_name(st, path, &found);

	if (rc == 0)
		rc = ops_files_stat(st, found, &s);
	if (rc < 0)
		return rc;
	if (n++ && !json)
		cmd_print("%s", "");		/* an empty record between two descriptions */
	describe_begin(json);
	describe_text("path", path);
	describe_text("cid", cid_text(&s.cid, cid));
	describe_text("type", ops_files_type(s.node.type));
	describe_number("size", s.node.size);
	describe_number("cumulative", s.node.cumulative);
	describe_number("links", s.node.n_links);
	describe_meta(&s.node.meta);
	describe_end();
	return 0;
}

static int stat_all(struct store *st)
{
	return cmd_each(st, stat_one);
}

static int read_one(struct store *st, const char *path)
{
	struct sink_fd out;
	int rc = sink_fd_start(&out, STDOUT_FILENO, "standard output");

	if (rc == 0)
		rc = ops_files_read(st, path, off, count, &out.sink, NULL, NULL);
	if (rc == 0)
		return sink_fd_end(&out);
	sink_fd_clear(&out);
	return rc;
}

static int read_all(struct store *st)
{
	return cmd_each(st, read_one);
}

/* ---- changing ---- */

static ssize_t input(void *arg, void *p, size_t len)
{
	return io_read(*(int *)arg, p, len, cmd_shown(cmd_operand(1) ? cmd_operand(1) : "-"));
}

static int write_file(struct store *st)
{
	int fd = cmd_open(cmd_operand(1) ? cmd_operand(1) : "-"), rc;
	struct ops_files_in in = { input, &fd, count };

	rc = fd < 0 ? fd : ops_files_write(st, cmd_operand(0), off, &in, &how);
	cmd_close(fd);
	return rc;
}

static int mkdir_one(struct store *st, const char *path)
{
	return ops_files_mkdir(st, path, &how);
}

static int mkdirs(struct store *st)
{
	return cmd_each(st, mkdir_one);
}

static int cp(struct store *st)
{
	const char *source;
	int rc = cmd_name(st, cmd_operand(0), &source);

	return rc < 0 ? rc : ops_files_cp(st, source, cmd_operand(1), &how);
}

static int mv(struct store *st)
{
	return ops_files_mv(st, cmd_operand(0), cmd_operand(1), &how);
}

static int rm_failed(void *arg, const char *path, int rc)
{
	(void)arg;
	(void)path;
	cmd_complain(rc, NULL);			/* names the path itself */
	return 0;
}

static int rm(struct store *st)
{
	const char **paths;
	size_t n;
	int rc;

	paths = cmd_gather(&n);
	rc = ops_files_rm(st, paths, n, &how, rm_failed, NULL);
	cmd_scatter(paths, n);
	return rc == ERR_DIFFER ? 0 : rc;	/* all said already */
}

static int flush(struct store *st)
{
	char text[CID_TEXT_MAX];
	struct cid cid;
	int rc = ops_files_flush(st, cmd_operand(0) ? cmd_operand(0) : "/", &cid);

	if (rc == 0)
		cmd_print("%s", cid_text(&cid, text));
	return rc;
}

static int chcid_one(struct store *st, const char *path)
{
	return ops_files_chcid(st, path, &how);
}

static int chcid(struct store *st)
{
	return cmd_each(st, chcid_one);
}

static int chmod_all(struct store *st)
{
	uint32_t mode;
	int i, rc = ops_files_mode(cmd_operand(0), &mode);

	if (rc < 0)
		return rc;
	for (i = 1; cmd_operand(i); i++) {
		rc = ops_files_chmod(st, cmd_operand(i), mode, &how);
		if (rc < 0)
			cmd_complain(rc, cmd_operand(i));
	}
	return 0;
}

static struct timespec when;

static int touch_one(struct store *st, const char *path)
{
	return ops_files_touch(st, path, seconds ? &when : NULL, &how);
}

static int touch(struct store *st)
{
	return cmd_each(st, touch_one);
}

static int chroot_to(struct store *st)
{
	char text[CID_TEXT_MAX];
	struct cid root, old;
	int rc = 0;

	if (!how.force)
		cmd_usage("the files that are there will be garbage; say -f to do it");
	if (cmd_operand(0))
		rc = ops_resolve(st, cmd_operand(0), &root);
	if (rc == 0)
		rc = ops_files_chroot(st, cmd_operand(0) ? &root : NULL, &old, &how);
	if (rc == 0 && old.len)
		cmd_print("%s", cid_text(&old, text));
	return rc;
}

static const struct cmd_verb verbs[] = {
	{ "ls", "0jl", "[path ...]", "list directories (default: /)", 0, -1, ls, STORE_READ },
	{ "stat", "0j", "[path ...]", "describe files and directories", 0, -1, stat_all, STORE_READ },
	{ "read", "0no", "[path ...]", "write the contents of files to standard output", 0, -1, read_all,
	  STORE_READ },
	{ "write", "1Oenoptu", "path [file]", "write into a file what is in another, or standard input", 1, 2,
	  write_file, STORE_WRITE },
	{ "mkdir", "01Opu", "[path ...]", "make directories", 0, -1, mkdirs, STORE_WRITE },
	{ "cp", "1Ofpu", "source dest", "copy a file or directory, or content", 2, 2, cp, STORE_WRITE },
	{ "mv", "u", "source dest", "move or rename", 2, 2, mv, STORE_WRITE },
	{ "rm", "0fr", "[path ...]", "remove files and directories", 0, -1, rm, STORE_WRITE },
	{ "flush", "", "[path]", "wait for the disk, and print the CID", 0, 1, flush, STORE_WRITE },
	{ "chcid", "01Ou", "[path ...]", "name directories in another way", 0, -1, chcid, STORE_WRITE },
	{ "chmod", "u", "mode path ...", "set the mode (octal)", 2, -1, chmod_all, STORE_WRITE },
	{ "touch", "0Tu", "[path ...]", "set the time of modification", 0, -1, touch, STORE_WRITE },
	{ "chroot", "f", "[path]", "begin anew with another directory (default: an empty one)", 0, 1, chroot_to,
	  STORE_WRITE },
	{ 0 }
};

static int option(int c)
{
	switch (c) {
	case '1': return ops_files_set(&how, "cid-version=1");
	case 'e': how.create = 1; break;
	case 'f': how.force = 1; break;
	case 'j': json = 1; break;
	case 'l': longer = 1; break;
	case 'n': count = cmd_bytes(); break;
	case 'O': return ops_files_set(&how, cmd_arg());
	case 'o': off = cmd_bytes(); break;
	case 'p': how.parents = 1; break;
	case 'r': how.recursive = 1; break;
	case 'T': seconds = cmd_arg(); break;
	case 't': how.truncate = 1; break;
	case 'u': how.flush = 0; break;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct cmd_verb verb;
	struct ops_add times;
	int c;

	cmd_start(&info, argc, argv);
	ops_files_init(&how);
	verb = *cmd_pick(verbs);
	while ((c = cmd_getopt()) != -1)
		if (option(c) < 0)
			cmd_usage("option '-%c': %s", c, err_text());
	ops_add_init(&times);
	if (seconds && ops_add_mtime(&times, seconds) < 0)
		cmd_usage("option '-T': %s", err_text());
	when = (struct timespec){ .tv_sec = times.meta.mtime, .tv_nsec = times.meta.nsec };
	if (!how.flush)
		verb.store |= STORE_UNSYNCED;
	c = cmd_run(&verb);
	describe_done();
	buf_clear(&line);
	return c;
}
