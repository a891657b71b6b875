/* ipfrs-refs - list the links of blocks */
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/upstream.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'a', NULL, "list every block of the store, as CIDv1 of codec raw" },
	{ 'd', "levels", "go down at most so many links (with -r)" },
	{ 'e', NULL, "print edges: source -> target" },
	{ 'f', "format", "print each link so: <src>, <dst> and <linkname> are replaced" },
	CMD_OPT_G,
	CMD_OPT_J,
	CMD_OPT_R,
	{ 'u', NULL, "print each CID once" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-refs", "[path ...]", "list the links of blocks", opts
};

static const char *format = "<dst>";
static int json;
static struct buf line = { .max = SIZE_MAX };	/* one record, used again and again */

static int print_json(const struct ops_ref *ref)
{
	char src[CID_TEXT_MAX], dst[CID_TEXT_MAX];
	int rc = buf_str(&line, "{");

	if (rc == 0)
		rc = json_field(&line, "src", span_str(cid_text(ref->src, src)));
	if (rc == 0)
		rc = json_field(&line, "dst", span_str(cid_text(ref->dst, dst)));
	if (rc == 0)
		rc = json_field(&line, "name", ref->name);
	return rc < 0 ? rc : buf_str(&line, "}");
}

static int print_ref(void *arg, const struct ops_ref *ref)
{
	struct ops_ref shown = *ref;
	struct buf name = BUF_INIT(SIZE_MAX);
	int rc = 0;

	(void)arg;
	buf_reset(&line);
	if (json) {
		rc = print_json(ref);
	} else {
		if (!cmd_zero() && ref->name.len) {
			rc = ops_name_text(ref->name, &name);
			shown.name = buf_span(&name);
		}
		if (rc == 0)
			rc = ops_refs_format(format, &shown, &line);
	}
	if (rc == 0)
		cmd_record(buf_span(&line));
	buf_clear(&name);
	return rc;
}

static int print_cid(void *arg, const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	cid_text(cid, text);
	if (json)
		cmd_print("{\"cid\":\"%s\"}", text);
	else
		cmd_print("%s", text);
	return 0;
}

int main(int argc, char **argv)
{
	struct ops_refs how = { .depth_max = -1 };
	int all = 0, edges = 0, own_format = 0, c, rc;
	struct store *st = NULL;
	struct dag_source *src;
	const char *path, *found;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'a': all = 1; break;
		case 'd': how.depth_max = cmd_count() < DAG_DEPTH_MAX ? (int)cmd_count() : -1; break;
		case 'e': edges = 1; break;
		case 'f': own_format = 1; format = cmd_arg(); break;
		case 'g': cmd_gateway(cmd_arg()); break;
		case 'j': json = 1; break;
		case 'r': how.recursive = 1; break;
		case 'u': how.unique = 1; break;
		}
	}
	if (edges && own_format)
		cmd_usage("-e and -f exclude each other");
	if (edges)
		format = "<src> -> <dst>";
	if (all)
		cmd_operands(0, 0);
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	src = cmd_source(st);
	if (all) {
		rc = ops_refs_local(st, print_cid, NULL);
		if (rc < 0)
			cmd_complain(rc, NULL);
	}
	while (!all && cmd_next(&path)) {
		rc = cmd_path(path, &found);
		if (rc == 0)
			rc = ops_refs(src, store_tmpdir(st), found, &how, print_ref, NULL);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	cmd_source_end();
	store_close(st);
	buf_clear(&line);
	return cmd_finish();
}
