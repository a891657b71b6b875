/* ipfrs-add - add files, directories and archives to the store */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/num.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "ops/add.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ '1', NULL, "make CIDv1, as -O cid-version=1" },
	{ 'a', NULL, "operands are archives: add what is in them" },
	{ 'c', NULL, "remember what was added, and do not read it again" },
	{ 'D', NULL, "follow symlinks that are operands" },
	{ 'H', NULL, "add hidden files, too" },
	{ 'i', "rules", "leave out what files of this name say, as .gitignore; with a / one file" },
	CMD_OPT_J,
	{ 'L', NULL, "follow all symlinks" },
	{ 'M', "mode", "store this mode (octal)" },
	{ 'N', "name", "name the pins" },
	{ 'n', NULL, "only name: print the CIDs, store nothing" },
	{ 'O', "key=value", "set what shapes the DAG; repeatable, or a list with commas" },
	{ 'P', NULL, "do not pin" },
	{ 'p', "what", "preserve mode, mtime or mode,mtime" },
	{ 'Q', NULL, "print only the CIDs of the roots (so does -q)" },
	CMD_OPT_R,
	{ 'T', "seconds", "store this time of modification, since 1970, with a fraction" },
	{ 'u', NULL, "do not wait for the disk" },
	{ 'w', NULL, "wrap everything in one directory" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-add", "[path ...]", "add files, directories and archives to the store", opts, NULL
};

static int json, roots_only, archives, unsynced;
static struct progress progress;
static struct buf line = { .max = SIZE_MAX };

static int text_line(const struct ops_added *e)
{
	int rc = cid_format(&e->node.cid, NULL, &line);

	if (rc < 0 || roots_only)
		return rc;
	rc = buf_u8(&line, '\t');
	if (rc == 0)
		rc = cmd_zero() ? buf_str(&line, e->path) : ops_name_text(span_str(e->path), &line);
	return rc;
}

static int json_line(const struct ops_added *e)
{
	char text[CID_TEXT_MAX];
	int rc = buf_u8(&line, '{');

	if (rc == 0)
		rc = json_field(&line, "path", span_str(e->path));
	if (rc == 0)
		rc = json_field(&line, "cid", span_str(cid_text(&e->node.cid, text)));
	if (rc == 0)
		rc = json_field(&line, "type", span_str(ops_type_name(e->node.type)));
	if (rc == 0 && !unixfs_is_dir(e->node.type))
		rc = json_num(&line, "size", e->node.size);
	if (rc == 0)
		rc = json_num(&line, "cumulative", e->node.tsize);
	if (rc == 0)
		rc = json_bool(&line, "root", e->root);
	return rc < 0 ? rc : buf_u8(&line, '}');
}

static int added(void *arg, const struct ops_added *e)
{
	int rc;

	(void)arg;
	buf_reset(&line);
	rc = json ? json_line(e) : text_line(e);
	if (rc == 0)
		cmd_record(buf_span(&line));
	else
		cmd_complain(rc, e->path);
	return 0;
}

static int trouble(void *arg, int rc, const char *path)
{
	(void)arg;
	cmd_complain(rc, path);
	return 0;
}

static int worked(void *arg, uint64_t bytes, uint64_t files)
{
	(void)arg;
	progress_add(&progress, bytes, files);
	return 0;
}

static void set_mtime(struct unixfs_meta *m, const char *text)
{
	char *end;
	int digits = 0;

	m->mtime = strtoll(text, &end, 10);
	if (*end == '.') {
		for (end++; *end >= '0' && *end <= '9' && digits < 9; end++, digits++)
			m->nsec = m->nsec * 10 + (uint32_t)(*end - '0');
		for (; digits < 9; digits++)
			m->nsec *= 10;
	}
	m->has_mtime = 1;
	if (*end || end == text || *text == ' ')
		cmd_usage("'%s' is not a time in seconds", text);
}

static void set_mode(struct unixfs_meta *m, const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 8);

	if (*end || end == text || *text < '0' || v > 07777)
		cmd_usage("'%s' is not an octal mode", text);
	m->mode = (uint32_t)v;
}

static void set_preserve(struct ops_add *o, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ",");

		if (n == 4 && !strncmp(text, "mode", n))
			o->keep_mode = 1;
		else if (n == 5 && !strncmp(text, "mtime", n))
			o->keep_mtime = 1;
		else
			cmd_usage("'-p' takes mode, mtime or both, not '%s'", text);
		text += n + (text[n] == ',');
	}
}

/* Decompressors take what an archive asks for: let them ask for too much and be told so. */
static void bound_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct rlimit r;

	if (getrlimit(RLIMIT_DATA, &r) == 0 && r.rlim_cur > (rlim_t)512 << 20) {
		r.rlim_cur = (rlim_t)512 << 20;
		setrlimit(RLIMIT_DATA, &r);
	}
#endif
}

static int add_operand(struct adder *a, const char *path)
{
	static int stdin_read;
	const char *slash = strrchr(path, '/');
	int fd = 0, rc;

	if (!strcmp(path, "-") && (stdin_read++ || cmd_operands(0, -1) == 0))
		return trouble(NULL, err_set(ERR_USAGE, "standard input is in use already"), path);
	if (!strcmp(path, "-"))
		return archives ? ops_add_archive(a, 0, path, NULL) : ops_add_fd(a, 0, path, NULL);
	if (!archives)
		return ops_add_path(a, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return trouble(NULL, err_sys("opening it"), path);
	rc = ops_add_archive(a, fd, path, slash && slash[1] ? slash + 1 : path);
	close(fd);
	return rc;
}

static struct buf settings = { .max = SIZE_MAX };	/* of -1 and -O, in order */

static void setting(const char *text)
{
	if ((settings.len && buf_u8(&settings, ',') < 0) || buf_str(&settings, text) < 0)
		cmd_usage("%s", err_text());
}

static void options(struct ops_add *o)
{
	int c;

	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case '1': setting("cid-version=1"); break;
		case 'a': archives = 1; break;
		case 'c': o->cache = 1; break;
		case 'D': o->follow = o->follow ? o->follow : OPS_FOLLOW_TOP; break;
		case 'H': o->hidden = 1; break;
		case 'i':
			*(strchr(cmd_arg(), '/') ? &o->ignore_rules : &o->ignore_name) = cmd_arg();
			break;
		case 'j': json = 1; break;
		case 'L': o->follow = OPS_FOLLOW_ALL; break;
		case 'M': set_mode(&o->meta, cmd_arg()); break;
		case 'N': o->pin_name = cmd_arg(); break;
		case 'n': o->only_hash = 1; break;
		case 'O': setting(cmd_arg()); break;
		case 'P': o->pin = 0; break;
		case 'p': set_preserve(o, cmd_arg()); break;
		case 'Q': roots_only = 1; break;
		case 'r': o->recursive = 1; break;
		case 'T': set_mtime(&o->meta, cmd_arg()); break;
		case 'u': unsynced = STORE_UNSYNCED; break;
		case 'w': o->wrap = 1; break;
		}
	}
	roots_only |= cmd_quiet();
	o->all = !roots_only;
}

/* the store's settings, then those of the command line; the store, unless nothing is stored */
static int open_store(struct ops_add *o, struct store **st)
{
	struct config *c;
	int rc;

	if (o->only_hash) {
		rc = store_config_load(cmd_store(), &c);
		if (rc == 0) {
			rc = ops_add_config(o, c);
			config_free(c);
		} else if (rc == ERR_NOTFOUND) {	/* naming needs no store */
			rc = 0;
		}
	} else {
		rc = store_open(st, cmd_store(), STORE_WRITE | unsynced);
		if (rc == 0)
			rc = ops_add_config(o, store_config(*st));
	}
	return rc < 0 || !settings.len ? rc : ops_add_set(o, (char *)settings.data);
}

int main(int argc, char **argv)
{
	struct ops_add o;
	struct adder *a = NULL;
	struct store *st = NULL;
	const char *path;
	struct ops_add_counts n = { 0 };
	char size[NUM_SIZE_MAX];
	struct stat sb;
	int rc;

	cmd_start(&info, argc, argv);
	ops_add_init(&o);
	o.entry = added;
	o.trouble = trouble;
	o.progress = worked;
	options(&o);
	if (archives)
		bound_memory();
	rc = open_store(&o, &st);
	if (rc == 0)
		rc = ops_add_begin(&a, st, &o);
	/* records on the terminal show how it goes */
	if (!roots_only && isatty(1))
		progress_enable(0);
	progress_start(&progress, "adding", cmd_operands(0, -1) == 1 &&
		       stat(cmd_operand(0), &sb) == 0 && S_ISREG(sb.st_mode) ? (uint64_t)sb.st_size : 0, 1);
	while (rc == 0 && cmd_next(&path)) {
		rc = add_operand(a, path);
		if (rc == 0 && cmd_waits())	/* do not keep others waiting */
			rc = ops_add_flush(a);
	}
	if (rc == 0)
		n = ops_add_counts(a);
	if (rc == 0)
		rc = ops_add_end(a);
	else
		ops_add_free(a);
	progress_end(&progress);
	if (rc == 0 && cmd_verbose())
		cmd_note("%" PRIu64 " files, %" PRIu64 " of them as they were; %s read", n.files, n.cached,
			 num_format_size(n.bytes, size));
	store_close(st);
	buf_clear(&settings);
	buf_clear(&line);
	return rc < 0 ? cmd_fail(rc) : cmd_finish();
}
