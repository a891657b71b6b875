/* cmd_repo.c - the store as a whole: repo/gc, repo/stat, repo/verify, repo/version, stats/repo */
#include <string.h>

#include "call.h"
#include "ops/add.h"
#include "ops/dag.h"
#include "ops/fsck.h"
#include "pin/pin.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

#define REPO_VERSION "18"		/* of the repository of the Kubo that we answer as */

/* ---- gc ---- */

struct collecting {
	struct call *c;
	int mute;			/* `silent`, or the client is gone: the collection goes on */
};

/* a block that is gone, or (cid NULL) what went wrong */
static int tell_gone(struct call *c, const struct cid *cid, const char *why)
{
	struct buf json = BUF_INIT(LINE_MAX_BYTES), text = BUF_INIT(LINE_MAX_BYTES);
	char name[CID_TEXT_MAX];
	int rc = buf_str(&json, "{\"Key\":");

	if (rc == 0)
		rc = call_cid_link(&json, cid);
	if (rc == 0 && why)
		rc = json_field(&json, "Error", span_str(why));
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = why ? buf_printf(&text, "Error: %s\n", why) :
			   buf_printf(&text, "%s%s\n", call_bool(c, "quiet") ? "" : "removed ", cid_text(cid, name));
	if (rc == 0)
		rc = call_value_soon(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* the store knows multihashes: as in Kubo, a CIDv1 of raw bytes stands for the block */
static int deleted(void *arg, struct span mh, uint64_t raw_len)
{
	struct collecting *g = arg;
	struct cid cid;
	int rc;

	(void)raw_len;
	if (g->mute)
		return 0;
	rc = cid_make_mh(&cid, 1, CID_RAW, mh);
	if (rc == 0 && tell_gone(g->c, &cid, NULL) < 0)
		g->mute = 1;
	return rc;
}

static int gc(struct call *c)
{
	struct collecting g = { .c = c, .mute = call_bool(c, "silent") };
	struct pin_gc gc = { .keep_bytes = UINT64_MAX, .deleted = deleted, .arg = &g };
	uint64_t forgotten;
	int rc = pin_gc(c->st, &gc);

	if (rc == 0)
		rc = ops_add_forget(c->st, &forgotten);
	if (rc == 0 || !call_bool(c, "stream-errors"))
		return rc;
	rc = tell_gone(c, NULL, err_text());
	return rc < 0 ? rc : err_set(ERR_IO, "encountered errors during gc run");
}

/* ---- stat ---- */

static int stat_text(struct call *c, const struct store_stat *s, uint64_t max, struct buf *text)
{
	int human = call_bool(c, "human"), all = !call_bool(c, "size-only"), rc = 0;
	char room[32];

	if (all)
		rc = buf_printf(text, "NumObjects: %llu\n", (unsigned long long)s->n_blocks);
	if (rc == 0)
		rc = human ? buf_printf(text, "RepoSize:   %s\n", ops_human(s->disk_bytes, room)) :
			     buf_printf(text, "RepoSize:   %llu\n", (unsigned long long)s->disk_bytes);
	if (rc == 0)
		rc = human ? buf_printf(text, "StorageMax: %s\n", ops_human(max, room)) :
			     buf_printf(text, "StorageMax: %llu\n", (unsigned long long)max);
	if (rc < 0 || !all)
		return rc;
	return buf_printf(text, "RepoPath:   %s\nVersion:    fs-repo@%s\n", store_path(c->st), REPO_VERSION);
}

static int stat(struct call *c)
{
	struct buf json = BUF_INIT(LINE_MAX_BYTES), text = BUF_INIT(LINE_MAX_BYTES);
	int all = !call_bool(c, "size-only");
	struct store_stat s;
	uint64_t max = UINT64_MAX;
	int rc = store_stat(c->st, &s);

	if (rc == 0 && s.max_bytes)
		max = s.max_bytes;
	if (rc == 0)
		rc = buf_u8(&json, '{');
	if (rc == 0)
		rc = json_num(&json, "RepoSize", s.disk_bytes);
	if (rc == 0)
		rc = json_num(&json, "StorageMax", max);
	if (rc == 0)
		rc = json_num(&json, "NumObjects", all ? s.n_blocks : 0);
	if (rc == 0)
		rc = json_field(&json, "RepoPath", span_str(all ? store_path(c->st) : ""));
	if (rc == 0)
		rc = json_field(&json, "Version", span_str(all ? "fs-repo@" REPO_VERSION : ""));
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = stat_text(c, &s, max, &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- verify ---- */

struct checking {
	struct call *c;
	uint64_t n, corrupt, removed, kept;
};

static int tell_state(struct call *c, const char *msg, uint64_t n)
{
	struct buf json = BUF_INIT(LINE_MAX_BYTES), text = BUF_INIT(LINE_MAX_BYTES);
	int rc = buf_u8(&json, '{');

	if (rc == 0)
		rc = json_field(&json, "Msg", span_str(msg));
	if (rc == 0)
		rc = json_num(&json, "Progress", n);
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = *msg ? buf_printf(&text, "%s\n", msg) :
			    buf_printf(&text, "%llu blocks processed.\r", (unsigned long long)n);
	if (rc == 0)
		rc = call_value_soon(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

static int tell_corrupt(struct checking *k, const struct ops_block_state *b)
{
	const char *why = b->rc == ERR_CORRUPT ? "block in storage has different hash than requested" : b->why;
	struct buf msg = BUF_INIT(LINE_MAX_BYTES);
	char cid[CID_TEXT_MAX];
	int rc = buf_printf(&msg, "block %s was corrupt (%s)", cid_text(&b->cid, cid), why);

	k->corrupt++;
	k->removed += b->dropped > 0;
	k->kept += b->dropped < 0;
	if (rc == 0 && b->dropped > 0)
		rc = buf_str(&msg, ", removed");
	if (rc == 0 && b->dropped < 0)
		rc = buf_printf(&msg, ", failed to remove (%s)", err_text());
	if (rc == 0)
		rc = tell_state(k->c, (const char *)msg.data, 0);
	buf_clear(&msg);
	return rc;
}

static int checked(void *arg, const struct ops_block_state *b)
{
	struct checking *k = arg;
	int rc = call_expired(k->c);

	if (rc == 0 && b->rc < 0)
		rc = tell_corrupt(k, b);
	return rc < 0 ? rc : tell_state(k->c, "", ++k->n);
}

static int sum_up(struct checking *k)
{
	struct buf sum = BUF_INIT(LINE_MAX_BYTES);
	int drop = call_bool(k->c, "drop"), rc;

	if (!k->corrupt)
		return tell_state(k->c, "verify complete, all blocks validated.", 0);
	rc = buf_printf(&sum, "verify complete, %llu blocks corrupt", (unsigned long long)k->corrupt);
	if (rc == 0 && k->removed)
		rc = buf_printf(&sum, ", %llu removed", (unsigned long long)k->removed);
	if (rc == 0 && k->kept)
		rc = buf_printf(&sum, ", %llu failed to remove", (unsigned long long)k->kept);
	if (rc == 0)
		rc = drop && !k->kept ? tell_state(k->c, (const char *)sum.data, 0) :
					err_set(ERR_CORRUPT, "%s", (const char *)sum.data);
	buf_clear(&sum);
	return rc;
}

static int verify(struct call *c)
{
	struct checking k = { .c = c };
	int64_t ns;
	int rc = call_duration(call_text(c, "heal-timeout"), &ns);

	if (rc < 0)
		return err_add(rc, "invalid heal-timeout");
	if (call_bool(c, "heal"))		/* from whom? */
		return err_set(ERR_UNSUPPORTED, "this command must be run in online mode. Try running 'ipfs daemon' first");
	rc = ops_blocks_check(c->st, call_bool(c, "drop"), checked, &k);
	return rc < 0 ? rc : sum_up(&k);
}

/* ---- version ---- */

static int version(struct call *c)
{
	return call_one(c, span_str("{\"Version\":\"" REPO_VERSION "\"}"),
			span_str(call_bool(c, "quiet") ? "fs-repo@" REPO_VERSION "\n" :
							 "ipfs repo version fs-repo@" REPO_VERSION "\n"));
}

/* ---- */

static const struct opt gc_opts[] = {
	{ "stream-errors", OPT_BOOL, NULL }, { "quiet,q", OPT_BOOL, NULL }, { "silent", OPT_BOOL, NULL }, { 0 }
};
static const struct opt stat_opts[] = { { "size-only,s", OPT_BOOL, NULL }, { "human,H", OPT_BOOL, NULL }, { 0 } };
static const struct opt verify_opts[] = {
	{ "drop", OPT_BOOL, NULL }, { "heal", OPT_BOOL, NULL }, { "heal-timeout", OPT_STRING, "30s" }, { 0 }
};
static const struct opt version_opts[] = { { "quiet,q", OPT_BOOL, NULL }, { 0 } };

const struct command kubo_repo_commands[] = {
	{ "repo/gc", NULL, NULL, gc_opts, 0, gc },
	{ "repo/stat", NULL, NULL, stat_opts, CMD_READS, stat },
	{ "stats/repo", NULL, NULL, stat_opts, CMD_READS, stat },
	{ "repo/verify", NULL, NULL, verify_opts, 0, verify },
	{ "repo/version", NULL, NULL, version_opts, CMD_READS, version },
	{ 0 }
};
