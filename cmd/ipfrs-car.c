/* ipfrs-car - move blocks between the store and content archives */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "ops/car.h"
#include "ops/dag.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ '1', NULL, "export, join, index: CARv1, without an index, also into a file" },
	{ 'B', NULL, "get: only the block itself, to standard output" },
	{ 'b', NULL, "import: allow blocks over 2 MiB, which other peers may refuse" },
	{ 'D', NULL, "export, join: a block as often as it is met" },
	{ 'd', "levels", "export: go down at most so many links" },
	CMD_OPT_J,
	{ 'k', NULL, "import: keep the blocks that came before a fault" },
	{ 'l', "bytes", "export: at most so much of a file; split: of a piece" },
	{ 'm', NULL, "export: leave out what is missing; verify: do not look for it" },
	{ 'N', "name", "import: name the pins" },
	{ 'o', "target", "export, join, index, get: write to this; split: names of pieces begin so" },
	{ 'P', NULL, "export: begin with the blocks that lead to the path" },
	{ 'p', NULL, "import: pin the roots and all below, when all is in" },
	{ 'R', NULL, "ls: the roots instead of the blocks" },
	{ 's', "bytes", "export: start this far into a file" },
	{ 'x', "selector", "export: only what this selector visits (dag-json, or a file of it)" },
	{ 'z', NULL, "take zeros behind the last block, and a header in another order" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-car", "[path or file ...]", "move blocks between the store and content archives", opts
};

static int roots_only, flags;
static enum ops_form form;		/* of records; PLAIN with -0, JSON with -j */
static struct ops_car_export how;
static struct ops_car_import in;
static struct ops_car_to to = { .fd = 1 };
static struct buf line = { .max = SIZE_MAX };

/* where export and join write; "-" is standard output */
static void check_target(void)
{
	if (to.path && !strcmp(to.path, "-"))
		to.path = NULL;
	if (!to.path && isatty(1))
		cmd_usage("an archive is not for the terminal; redirect it, or use -o");
}

/* ---- export ---- */

static const char *selector;		/* text, or the name of a file with it */

/* names become what they stand for */
static int follow_names(struct store *st, const char **paths, size_t n)
{
	const char *found;
	char *own;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		rc = cmd_name(st, paths[i], &found);
		if (rc < 0)
			return err_add(rc, "%s", paths[i]);
		if (found == paths[i])
			continue;
		own = strdup(found);
		if (!own)
			return err_nomem();
		free((void *)(uintptr_t)paths[i]);
		paths[i] = own;
	}
	return 0;
}

static int export(struct store *st)
{
	struct dag_selector *sel = NULL;
	char size[NUM_SIZE_MAX];
	const char **paths;
	size_t n;
	int rc = selector ? ops_dag_selector(selector, &sel) : 0;

	if (rc < 0)
		return rc;
	check_target();
	how.selector = sel;
	paths = cmd_gather(&n);
	rc = follow_names(st, paths, n);
	if (rc < 0) {
		cmd_scatter(paths, n);
		dag_selector_free(sel);
		return rc;
	}
	how.progress = cmd_worked;
	to.tmpdir = store_tmpdir(st);
	progress_start(cmd_progress(), "exporting", 0, 1);
	rc = ops_car_export(store_source(st), paths, n, &how, &to);
	progress_end(cmd_progress());
	if (rc < 0 && n == 1)
		err_add(rc, "%s", paths[0]);
	else if (how.n_missing)
		cmd_note("%" PRIu64 " blocks are not here, and were left out with what is below them",
			 how.n_missing);
	if (rc == 0 && cmd_verbose())
		cmd_note("%" PRIu64 " blocks, %s", how.n_blocks, num_format_size(how.bytes, size));
	cmd_scatter(paths, n);
	dag_selector_free(sel);
	return rc;
}

/* ---- import ---- */

static int came(void *arg, const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	cid_text(cid, text);
	if (form == OPS_JSON)
		cmd_print("{\"root\":\"%s\",\"pinned\":%s}", text, in.pin ? "true" : "false");
	else if (!cmd_quiet())
		cmd_print("%s", text);
	return 0;
}

static int counted(struct ops_car_counts n)
{
	if (form != OPS_JSON && cmd_verbose())
		cmd_note("imported %" PRIu64 " blocks (%" PRIu64 " bytes), %" PRIu64 " of them new (%" PRIu64
			 " bytes)", n.blocks, n.bytes, n.new_blocks, n.new_bytes);
	return form == OPS_JSON ? cmd_told(&line, ops_car_counts_json(&n, &line)) : 0;
}

static int import_one(struct car_importer *m, const char *name)
{
	int fd = cmd_open(name), rc;

	rc = fd < 0 ? fd : ops_car_import_fd(m, fd, cmd_shown(name));
	cmd_close(fd);
	if (rc < 0)
		cmd_complain(rc, NULL);		/* the message has the name */
	return rc;
}

static int import(struct store *st)
{
	struct car_importer *m;
	const char **names;
	size_t n, i;
	int rc, undone;

	in.progress = cmd_worked;
	in.flags = flags;
	names = cmd_gather(&n);
	rc = ops_car_import_begin(&m, st, &in);
	if (rc < 0)
		goto out;
	progress_start(cmd_progress(), "importing", cmd_size(names, n), 1);
	for (i = 0; rc == 0 && i < n; i++)
		rc = import_one(m, names[i]);
	progress_end(cmd_progress());
	if (rc == 0) {
		rc = ops_car_import_end(m, came, NULL);
		if (rc < 0)
			cmd_complain(rc, NULL);
	}
	if (rc == 0 && (rc = counted(ops_car_import_counts(m))) < 0)
		cmd_complain(rc, NULL);
	undone = ops_car_import_drop(m);
	if (undone < 0)
		cmd_complain(undone, rc < 0 && !in.keep ?
			     "blocks of what failed stay until ipfrs-gc takes them" : NULL);
	rc = 0;				/* all was said */
out:
	cmd_scatter(names, n);
	return rc;
}

/* ---- ls ---- */

static int ls_roots(void *arg, const struct cid *roots, size_t n)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	for (; n; n--, roots++)
		cmd_print(form == OPS_JSON ? "{\"root\":\"%s\"}" : "%s", cid_text(roots, text));
	return 0;
}

static int ls_block(void *arg, const struct car_section *s)
{
	(void)arg;
	return cmd_told(&line, ops_car_section_text(s, form == OPS_JSON, &line));
}

static int ls_one(const char *name, int fd)
{
	struct ops_car_ls o = { .flags = flags, .block = ls_block };

	if (roots_only)
		o = (struct ops_car_ls){ .flags = flags, .roots = ls_roots };
	return ops_car_ls(fd, cmd_shown(name), &o);
}

/* ---- verify ---- */

static int missing(void *arg, const struct cid *cid)
{
	cmd_status(1);
	return form != OPS_JSON && cmd_quiet() ? 0 : cmd_told(&line, ops_car_missing_text(arg, cid, form, &line));
}

static int verified(const char *name, const struct ops_car_verify *v)
{
	if (form != OPS_JSON && (cmd_quiet() || v->n_missing))
		return 0;
	return cmd_told(&line, ops_car_verify_text(name, v, form, &line));
}

static int verify_one(const char *name, int fd)
{
	struct ops_car_verify v = { .flags = flags, .path = strcmp(name, "-") ? name : NULL, .partial = how.partial,
				    .missing = missing, .progress = cmd_worked,
				    .arg = (void *)(uintptr_t)cmd_shown(name) };
	int rc;

	progress_start(cmd_progress(), "verifying", cmd_size(&name, 1), 1);
	rc = ops_car_verify(fd, cmd_shown(name), &v);
	progress_end(cmd_progress());
	if (rc < 0)
		return rc;
	if (v.index_codec && !v.indexed)
		cmd_note("%s: the index is of codec 0x%" PRIx64 ", which is not known here", name,
			 v.index_codec);
	if (v.n_opaque)
		cmd_note("%s: %" PRIu64 " blocks of unknown codecs were taken as without links", cmd_shown(name),
			 v.n_opaque);
	return verified(cmd_shown(name), &v);
}

/* ---- index ---- */

static int index_one(const char *name, int fd)
{
	if (to.path)
		return ops_car_index(fd, cmd_shown(name), flags, &to);
	if (!strcmp(name, "-"))
		return err_set(ERR_USAGE, "what comes from standard input needs -o");
	return ops_car_index_file(fd, name, flags, &to);
}

/* ---- get ---- */

static int written(void *arg, const char *path, int new)
{
	(void)arg;
	if (cmd_verbose())
		cmd_note("%s%s", path, new ? "" : " (was there)");
	return 0;
}

static int trouble(void *arg, int rc, const char *path)
{
	(void)arg;
	cmd_complain(rc, path);
	return 0;
}

static struct ops_car_get got = { .fd = 1, .get = { trouble, written, cmd_worked, NULL } };

static void get_path(struct car_file *f, const char *path)
{
	int rc = ops_car_get(f, path, &got);

	if (rc < 0)
		cmd_complain(rc, path);
}

static int get(struct store *none)
{
	char text[CID_TEXT_MAX];
	const struct cid *roots;
	struct car_file *f;
	int n = cmd_operands(1, -1), i, rc;
	size_t n_roots, k;

	(void)none;
	rc = ops_car_open(&f, cmd_operand(0), flags);
	if (rc < 0)
		return rc;
	roots = car_file_roots(f, &n_roots);
	got.into = n > 2 || (n == 1 && n_roots > 1);
	got.target = to.path;
	if (got.block || (to.path && !strcmp(to.path, "-")))
		got.what = "standard output";
	progress_start(cmd_progress(), "getting", 0, 1);
	for (i = 1; i < n; i++)
		get_path(f, cmd_operand(i));
	for (k = 0; n == 1 && k < n_roots; k++)
		get_path(f, cid_text(&roots[k], text));
	progress_end(cmd_progress());
	car_file_close(f);
	return 0;
}

/* ---- split, join ---- */

static int piece(void *arg, const char *path, uint64_t bytes, uint64_t blocks)
{
	(void)arg;
	if (form == OPS_JSON)
		return cmd_told(&line, ops_car_piece_json(path, bytes, blocks, &line));
	return cmd_quiet() ? 0 : cmd_told(&line, buf_str(&line, path));
}

static int split(struct store *none)
{
	const char *name = cmd_operand(0);
	char *prefix;
	size_t len;
	int fd, rc;

	(void)none;
	if (how.len == UINT64_MAX)
		cmd_usage("say how large a piece may be, with -l");
	if (!to.path && !strcmp(name, "-"))
		cmd_usage("what comes from standard input needs -o for the names of its pieces");
	prefix = strdup(to.path ? to.path : name);
	if (!prefix)
		return err_nomem();
	len = strlen(prefix);
	if (!to.path && len > 4 && !strcmp(prefix + len - 4, ".car"))
		prefix[len - 4] = 0;
	fd = cmd_open(name);
	rc = fd < 0 ? fd : ops_car_split(fd, cmd_shown(name), flags, prefix, how.len, piece, NULL);
	cmd_close(fd);
	free(prefix);
	return rc;
}

static int join(struct store *none)
{
	const char **names;
	size_t n;
	int rc;

	(void)none;
	check_target();
	names = cmd_gather(&n);
	rc = ops_car_join(names, n, flags, how.dups, &to);
	cmd_scatter(names, n);
	return rc;
}

/* ---- verbs ---- */

static int ls(struct store *none)
{
	(void)none;
	return cmd_each_file(ls_one);
}

static int verify(struct store *none)
{
	(void)none;
	return cmd_each_file(verify_one);
}

static int index_all(struct store *none)
{
	(void)none;
	if (to.path)
		cmd_operands(1, 1);
	return cmd_each_file(index_one);
}

static const struct cmd_verb verbs[] = {
	{ "export", "01DdlmoPsx", "[path ...]", "write DAGs of the store to an archive", 0, -1, export,
	  STORE_READ },
	{ "import", "0bjkNpz", "[file ...]", "put the blocks of archives into the store", 0, -1, import,
	  STORE_WRITE },
	{ "ls", "0jRz", "[file ...]", "list the blocks of archives", 0, -1, ls, CMD_NO_STORE },
	{ "verify", "0jmz", "[file ...]", "check that archives are true and complete", 0, -1, verify,
	  CMD_NO_STORE },
	{ "index", "01oz", "[file ...]", "give archives an index", 0, -1, index_all, CMD_NO_STORE },
	{ "get", "Boz", "file [path ...]", "write files or blocks of an archive to disk", 1, -1, get,
	  CMD_NO_STORE },
	{ "split", "jloz", "file", "cut an archive into smaller ones", 1, 1, split, CMD_NO_STORE },
	{ "join", "01Doz", "[file ...]", "make one archive of many", 0, -1, join, CMD_NO_STORE },
	{ 0 }
};

static void option(int c)
{
	switch (c) {
	case '1': to.plain = 1; break;
	case 'B': got.block = 1; break;
	case 'b': in.allow_big = 1; break;
	case 'D': how.dups = 1; break;
	case 'd': how.depth_max = cmd_count() < DAG_DEPTH_MAX ? (int)cmd_count() : -1; break;
	case 'j': form = OPS_JSON; break;
	case 'k': in.keep = 1; break;
	case 'l': how.len = cmd_bytes(); how.ranged = 1; break;
	case 'm': how.partial = 1; break;
	case 'N': in.pin_name = cmd_arg(); break;
	case 'o': to.path = cmd_arg(); break;
	case 'P': how.way = 1; break;
	case 'p': in.pin = 1; break;
	case 'R': roots_only = 1; break;
	case 's': how.start = cmd_bytes(); how.ranged = 1; break;
	case 'x': selector = cmd_arg(); break;
	case 'z': flags = CAR_ZERO_ENDS | CAR_LOOSE_HEADER; break;
	}
}

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c;

	cmd_start(&info, argc, argv);
	verb = cmd_pick(verbs);
	ops_car_export_init(&how);
	while ((c = cmd_getopt()) != -1)
		option(c);
	if (form == OPS_TEXT && cmd_zero())
		form = OPS_PLAIN;
	c = cmd_run(verb);
	buf_clear(&line);
	return c;
}
