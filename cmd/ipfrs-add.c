/* ipfrs-add - add files, directories and archives to the store */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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
	{ 'T', NULL, "cut files of tensors where the tensors begin, so that variants share blocks" },
	{ 't', "seconds", "store this time of modification, since 1970, with a fraction" },
	{ 'u', NULL, "do not wait for the disk" },
	{ 'w', NULL, "wrap everything in one directory" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-add", "[path ...]", "add files, directories and archives to the store", opts
};

static int json, roots_only, archives, unsynced;
static struct progress progress;
static struct buf line = { .max = SIZE_MAX };

static int added(void *arg, const struct ops_added *e)
{
	int rc;

	(void)arg;
	buf_reset(&line);
	rc = json ? ops_added_json(e, &line) : roots_only ? cid_format(&e->node.cid, NULL, &line) :
	     ops_added_text(e, cmd_zero(), &line);
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

/* what of it the store had: with -n it may have been no store's business */
static void note_shared(const char *what, const struct store_puts *p)
{
	char had[NUM_SIZE_MAX], all[NUM_SIZE_MAX];

	if (p->n_blocks)
		cmd_note("%s: shared %s of %s, %" PRIu64 " of %" PRIu64 " blocks", what,
			 num_format_size(p->had_bytes, had), num_format_size(p->bytes, all), p->had_blocks, p->n_blocks);
}

static int read_one(void *arg, const struct ops_add_file *f)
{
	const struct ops_add *o = arg;
	const char *path;

	buf_reset(&line);			/* archives have names of their own */
	path = ops_name_text(span_str(f->path), &line) < 0 || !line.len ? "?" : (const char *)line.data;
	if (o->tensors && f->whole)
		cmd_note("%s: added as any file: %s", path, f->whole);
	if (o->tensors || cmd_verbose() > 1)
		note_shared(path, &f->puts);
	return 0;
}

static int worked(void *arg, uint64_t bytes, uint64_t files)
{
	(void)arg;
	progress_add(&progress, bytes, files);
	return 0;
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

static int setting(const char *text)
{
	int rc = settings.len ? buf_u8(&settings, ',') : 0;

	return rc < 0 ? rc : buf_str(&settings, text);
}

static int option(struct ops_add *o, int c)
{
	switch (c) {
	case '1': return setting("cid-version=1");
	case 'a': archives = 1; break;
	case 'c': o->cache = 1; break;
	case 'D': o->follow = o->follow ? o->follow : OPS_FOLLOW_TOP; break;
	case 'H': o->hidden = 1; break;
	case 'i': *(strchr(cmd_arg(), '/') ? &o->ignore_rules : &o->ignore_name) = cmd_arg(); break;
	case 'j': json = 1; break;
	case 'L': o->follow = OPS_FOLLOW_ALL; break;
	case 'M': return ops_add_mode(o, cmd_arg());
	case 'N': o->pin_name = cmd_arg(); break;
	case 'n': o->only_hash = 1; break;
	case 'O': return setting(cmd_arg());
	case 'P': o->pin = 0; break;
	case 'p': return ops_add_preserve(o, cmd_arg());
	case 'Q': roots_only = 1; break;
	case 'r': o->recursive = 1; break;
	case 'T': return setting("tensor-align=yes");
	case 't': return ops_add_mtime(o, cmd_arg());
	case 'u': unsynced = STORE_UNSYNCED; break;
	case 'w': o->wrap = 1; break;
	}
	return 0;
}

/* records on the terminal show how it goes */
static void start_progress(void)
{
	struct stat sb;
	uint64_t size = 0;

	if (cmd_operands(0, -1) == 1 && stat(cmd_operand(0), &sb) == 0 && S_ISREG(sb.st_mode))
		size = (uint64_t)sb.st_size;
	if (!roots_only && isatty(1))
		progress_enable(0);
	progress_start(&progress, "adding", size, 1);
}

/* Nothing is stored, but what would be new?  Only a store knows. */
static int compare(struct ops_add *o)
{
	int rc = store_open(&o->against, cmd_store(), STORE_READ);

	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int add_all(struct adder *a)
{
	struct ops_add_counts n;
	char size[NUM_SIZE_MAX];
	const char *path;
	int rc = 0;

	start_progress();
	while (rc == 0 && cmd_next(&path)) {
		rc = add_operand(a, path);
		if (rc == 0 && cmd_waits())	/* do not keep others waiting */
			rc = ops_add_flush(a);
	}
	n = ops_add_counts(a);
	if (rc == 0)
		rc = ops_add_end(a);
	else
		ops_add_free(a);
	progress_end(&progress);
	if (rc == 0 && cmd_verbose())
		cmd_note("%" PRIu64 " files, %" PRIu64 " of them as they were; %s read", n.files, n.cached,
			 num_format_size(n.bytes, size));
	if (rc == 0 && cmd_verbose())
		note_shared("in all", &n.puts);
	return rc;
}

int main(int argc, char **argv)
{
	struct ops_add o;
	struct adder *a = NULL;
	struct store *st = NULL;
	int c, rc;

	cmd_start(&info, argc, argv);
	ops_add_init(&o);
	o.entry = added;
	o.trouble = trouble;
	o.progress = worked;
	o.arg = &o;
	while ((c = cmd_getopt()) != -1) {
		rc = option(&o, c);
		if (rc == ERR_USAGE)
			cmd_usage("option '-%c': %s", c, err_text());
		if (rc < 0)
			return cmd_fail(rc);
	}
	roots_only |= cmd_quiet();
	o.all = !roots_only;
	o.measure = cmd_verbose() > 0;
	o.file = cmd_verbose() ? read_one : NULL;
	if (archives)
		bound_memory();
	rc = ops_add_open(&o, cmd_store(), STORE_WRITE | unsynced, (char *)settings.data, &st);
	if (rc == 0 && o.only_hash && o.measure)
		rc = compare(&o);
	if (rc == 0)
		rc = ops_add_begin(&a, st, &o);
	if (rc == 0)
		rc = add_all(a);
	store_close(st);
	store_close(o.against);
	buf_clear(&settings);
	buf_clear(&line);
	return rc < 0 ? cmd_fail(rc) : cmd_finish();
}
