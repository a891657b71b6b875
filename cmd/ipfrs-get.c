/* ipfrs-get - write files and directories of the store to disk, or as an archive */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/tmpfile.h"
#include "cmd/cmd.h"
#include "cmd/upstream.h"
#include "ops/get.h"
#include "ops/read.h"
#include "tar/tar.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	CMD_OPT_G,
	{ 'o', "target", "write to this file or folder; - is standard output" },
	{ 't', "format", "make an archive: tar, tar.gz, tar.zst, cpio, zip, 7z, ..." },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-get", "[path ...]", "write files and directories of the store to disk, or as an archive",
	opts
};

static struct progress progress;
static struct dag_source *src;

static int trouble(void *arg, int rc, const char *path)
{
	(void)arg;
	cmd_complain(rc, path);
	return 0;
}

static int written(void *arg, const char *path, int new)
{
	(void)arg;
	if (cmd_verbose())
		cmd_note("%s%s", path, new ? "" : " (was there)");
	return 0;
}

static int worked(void *arg, uint64_t bytes, uint64_t files)
{
	(void)arg;
	progress_add(&progress, bytes, files);
	return 0;
}

static const struct ops_get how = { trouble, written, worked, NULL };

static int get_archive(const char *path, const char *target, const char *format)
{
	struct tmpfile t;
	int rc;

	if (!target || !strcmp(target, "-")) {
		if (isatty(1))
			cmd_usage("an archive is not for the terminal; redirect it, or use -o");
		return ops_get_archive_from(src, path, 1, "standard output", format, &how);
	}
	rc = tmpfile_open_any(&t, target, 0666);
	if (rc < 0)
		return rc;
	rc = ops_get_archive_from(src, path, t.fd, target, format, &how);
	if (rc == 0)
		rc = tmpfile_commit(&t, 0);
	tmpfile_close(&t);
	return rc;
}

/* into a folder, each under its own name */
static int get_into(const char *path, const char *folder)
{
	char *name, *target;
	int rc = ops_get_name(path, &name);

	if (rc < 0)
		return rc;
	if (asprintf(&target, "%s/%s", folder, name) < 0) {
		free(name);
		return err_nomem();
	}
	rc = ops_get_from(src, path, target, &how);
	free(target);
	free(name);
	return rc;
}

static void check_format(const char *format)
{
	const char *name;
	int i;

	for (i = 0; (name = tar_format_name(i)); i++)
		if (!strcmp(name, format))
			return;
	cmd_usage("no archive format '%s': it is tar, cpio, each also with .gz .zst .xz .bz2 .lz4, pax, pax.gz, zip or 7z",
		  format);
}

int main(int argc, char **argv)
{
	const char *target = NULL, *format = NULL, *path, *found;
	struct store *st = NULL;
	int c, n, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'g': cmd_gateway(cmd_arg()); break;
		case 'o': target = cmd_arg(); break;
		case 't': format = cmd_arg(); break;
		}
	}
	n = cmd_operands(0, format ? 1 : -1);
	if (format) {
		check_format(format);
		if (n == 0)
			cmd_usage("with -t, one path is needed");
		setenv("TZ", "UTC0", 1);	/* zip keeps local time: let it be the same everywhere */
	}
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	src = cmd_source(st);
	progress_start(&progress, "getting", 0, 1);
	while (cmd_next(&path)) {
		rc = cmd_path(path, &found);
		if (rc < 0)
			;
		else if (format)
			rc = get_archive(found, target, format);
		else if (target && !strcmp(target, "-"))
			rc = ops_cat_from(src, found, 0, UINT64_MAX, 1);
		else if (target && n != 1)
			rc = get_into(found, target);
		else
			rc = ops_get_from(src, found, target, &how);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	progress_end(&progress);
	cmd_source_end();
	store_close(st);
	return cmd_finish();
}
