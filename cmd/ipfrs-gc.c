/* ipfrs-gc - delete what no pin keeps */
#include <inttypes.h>

#include "base/json.h"
#include "base/num.h"
#include "cmd/cmd.h"
#include "multi/cid.h"
#include "ops/add.h"
#include "pin/pin.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'c', NULL, "print the CIDs of the blocks that go, instead of the report" },
	CMD_OPT_J,
	{ 'k', "bytes", "delete only until the store takes at most this much disk" },
	CMD_OPT_N,
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-gc", "", "delete what no pin keeps", opts
};

static int json;

/* the store knows multihashes: as in Kubo, a CIDv1 of raw bytes stands for the block */
static int print_cid(void *arg, struct span mh, uint64_t raw_len)
{
	char text[CID_TEXT_MAX];
	struct cid cid;
	int rc = cid_make_mh(&cid, 1, CID_RAW, mh);

	(void)arg;
	if (rc < 0)
		return rc;
	if (json)
		cmd_print("{\"cid\":\"%s\",\"size\":%" PRIu64 "}", cid_text(&cid, text), raw_len);
	else
		cmd_print("%s", cid_text(&cid, text));
	return 0;
}

static int report(const struct pin_gc *gc)
{
	struct buf line = BUF_INIT(1024);
	int rc;

	if (!json) {
		if (cmd_quiet())
			return 0;
		cmd_print("blocks\t%" PRIu64, gc->n_deleted);
		cmd_print("bytes\t%" PRIu64, gc->bytes_deleted);
		cmd_print("kept\t%" PRIu64, gc->n_marked);
		if (!gc->dry_run)
			cmd_print("freed\t%" PRIu64, gc->disk_freed);
		cmd_print("disk\t%" PRIu64, gc->disk_after);
		return 0;
	}
	rc = buf_u8(&line, '{');
	if (rc == 0)
		rc = json_num(&line, "blocks", gc->n_deleted);
	if (rc == 0)
		rc = json_num(&line, "bytes", gc->bytes_deleted);
	if (rc == 0)
		rc = json_num(&line, "kept", gc->n_marked);
	if (rc == 0 && !gc->dry_run)
		rc = json_num(&line, "freed", gc->disk_freed);
	if (rc == 0)
		rc = json_num(&line, "disk", gc->disk_after);
	if (rc == 0)
		rc = json_bool(&line, "dry_run", gc->dry_run);
	if (rc == 0)
		rc = buf_u8(&line, '}');
	if (rc == 0)
		cmd_record(buf_span(&line));
	buf_clear(&line);
	return rc;
}

int main(int argc, char **argv)
{
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	char have[NUM_SIZE_MAX], want[NUM_SIZE_MAX];
	struct store *st = NULL;
	uint64_t forgotten = 0;
	int c, rc;

	cmd_start(&info, argc, argv);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'c': gc.deleted = print_cid; break;
		case 'j': json = 1; break;
		case 'k': gc.keep_bytes = cmd_bytes(); break;
		case 'n': gc.dry_run = 1; break;
		}
	}
	cmd_operands(0, 0);
	rc = store_open(&st, cmd_store(), STORE_WRITE);
	if (rc == 0)
		rc = pin_gc(st, &gc);
	if (rc == 0 && !gc.dry_run)
		rc = ops_add_forget(st, &forgotten);
	if (rc == 0 && forgotten && cmd_verbose())
		cmd_note("%" PRIu64 " files forgotten that ipfrs-add -c remembered", forgotten);
	if (rc == 0 && !gc.deleted)
		rc = report(&gc);
	if (rc == 0 && !gc.dry_run && gc.disk_after > gc.keep_bytes) {
		cmd_note("the store still takes %s, more than %s: what is left is pinned or in use",
			 num_format_size(gc.disk_after, have), num_format_size(gc.keep_bytes, want));
		cmd_status(1);
	}
	store_close(st);
	return rc < 0 ? cmd_fail(rc) : cmd_finish();
}
