/* ipfrs-stat - describe files, directories, blocks, or the store */
#include "cmd/cmd.h"
#include "cmd/describe.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'a', NULL, "describe the store as a whole" },
	{ 'b', NULL, "count the blocks below, each once, and their bytes" },
	CMD_OPT_J,
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-stat", "[path ...]", "describe files, directories, blocks, or the store", opts
};

static int json;

static void print_node(const struct unixfs_stat *n)
{
	describe_text("type", ops_type_name(n->type));
	describe_number("size", n->size);
	describe_number("cumulative", n->cumulative);
	describe_number("links", n->n_links);
	if (n->type == UNIXFS_HAMT)
		describe_text("layout", "hamt");
	describe_meta(&n->meta);
}

static int describe(struct store *st, const char *path, int count)
{
	char cid[CID_TEXT_MAX];
	struct ops_stat s;
	int rc = cmd_name(st, path, &path);

	if (rc == 0)
		rc = ops_stat(st, path, count, &s);
	if (rc < 0)
		return rc;
	describe_begin(json);
	describe_text("path", path);
	describe_text("cid", cid_text(&s.cid, cid));
	if (s.is_unixfs)
		print_node(&s.node);
	else
		describe_text("type", "block");
	describe_number("block", s.block_len);
	if (count) {
		describe_number("blocks", s.all.n_blocks);
		describe_number("bytes", s.all.bytes);
	}
	describe_end();
	return 0;
}

static int describe_store(struct store *st)
{
	struct store_stat s;
	uint64_t pins;
	int rc = store_stat(st, &s);

	if (rc == 0)
		rc = pin_count(st, &pins);
	if (rc < 0)
		return rc;
	describe_begin(json);
	describe_text("path", store_path(st));
	describe_number("blocks", s.n_blocks);
	describe_number("bytes", s.raw_bytes);
	describe_number("stored", s.stored_bytes);
	describe_number("dead", s.dead_bytes);
	describe_number("segments", s.n_segments);
	describe_number("disk", s.disk_bytes);
	describe_number("max", s.max_bytes);
	describe_number("pins", pins);
	describe_end();
	return 0;
}

int main(int argc, char **argv)
{
	int all = 0, count = 0, n = 0, c, rc;
	struct store *st = NULL;
	const char *path;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'a': all = 1; break;
		case 'b': count = 1; break;
		case 'j': json = 1; break;
		}
	}
	if (all)
		cmd_operands(0, 0);
	rc = store_open(&st, cmd_store(), STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	if (all) {
		rc = describe_store(st);
		if (rc < 0)
			cmd_complain(rc, NULL);
	}
	while (!all && cmd_next(&path)) {
		if (n++ && !json)
			cmd_print("%s", "");	/* an empty record between two descriptions */
		rc = describe(st, path, count);
		if (rc < 0)
			cmd_complain(rc, path);
	}
	store_close(st);
	describe_done();
	return cmd_finish();
}
