/* ipfrs-block - single blocks: get, put, rm, has, stat */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'b', NULL, "put: allow blocks over 2 MiB, which other peers may refuse" },
	{ 'c', "codec", "put: name it by this codec (default raw; v0: dag-pb as CIDv0)" },
	{ 'f', NULL, "rm: remove pinned blocks too, and do not mind absent ones" },
	{ 'l', "bytes", "put: length of the digest (default: what the hash has)" },
	{ 'p', NULL, "put: pin it, too" },
	{ 't', "hash", "put: name it by this hash (default sha2-256)" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-block", "[path or file ...]", "read, write and remove single blocks", opts
};

enum { BATCH = 1024, BATCH_BYTES = 64 * 1024 * 1024 };	/* what one commit takes */

static struct ops_block_put how;
static int force;
static struct cid batch[BATCH];
static size_t n_batch;

static int parse(int c)
{
	if (c == 'f')
		force = 1;
	else if (c == 'b')
		how.allow_big = 1;
	else if (c == 'p')
		how.pin = 1;
	else if (c == 'l')
		how.digest_len = (size_t)cmd_bytes();
	else if (c == 't')
		return mh_by_name(cmd_arg(), &how.hash);
	else if (c == 'c' && strcmp(cmd_arg(), "v0"))
		return codec_by_name(cmd_arg(), &how.codec);
	else if (c == 'c') {
		how.codec = CID_DAG_PB;
		how.version = 0;
	}
	return 0;
}

static void print_cid(const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	cmd_print("%s", cid_text(cid, text));
}

/* a CID is printed when it is safe on the disk */
static int put_batch(struct store *st)
{
	size_t i, n = n_batch;
	int rc = ops_block_commit(st, &how, batch, n);

	n_batch = 0;
	for (i = 0; rc == 0 && i < n; i++)
		print_cid(&batch[i]);
	return rc;
}

static int put(struct store *st)
{
	uint64_t bytes = 0, len;
	const char *name;
	int fd, rc = 0;

	while (rc == 0 && cmd_next(&name)) {
		fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : 0;
		rc = fd < 0 ? err_sys("opening") : ops_block_put(st, &how, fd, name, &batch[n_batch]);
		if (fd > 0)
			close(fd);
		if (rc == ERR_IO || rc == ERR_NOSPACE)
			return err_add(rc, "%s", name);	/* not only this one's trouble */
		if (rc < 0) {
			cmd_complain(rc, name);
			rc = 0;
			continue;
		}
		if (dag_size(store_source(st), &batch[n_batch++], &len) == 0)
			bytes += len;
		if (n_batch == BATCH || bytes >= BATCH_BYTES) {
			rc = put_batch(st);
			bytes = 0;
		}
	}
	return rc == 0 && n_batch ? put_batch(st) : rc;
}

static int removed(void *arg, const struct cid *cid, int rc)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	if (rc < 0)
		cmd_complain(rc, cid_text(cid, text));
	else
		batch[n_batch++] = *cid;
	return 0;
}

static int rm_some(struct store *st, const struct cid *cids, size_t n)
{
	size_t i;
	int rc;

	n_batch = 0;
	rc = ops_block_rm(st, cids, n, force, removed, NULL);
	for (i = 0; rc >= 0 && i < n_batch; i++)
		print_cid(&batch[i]);
	return rc;
}

static int rm(struct store *st)
{
	return cmd_cids(st, rm_some);
}

/* get, has, stat: one block each */
static int each(struct store *st, int (*look)(struct store *st, const struct cid *cid, const char *name))
{
	const char *name;
	struct cid cid;
	int rc;

	while (cmd_next(&name)) {
		rc = ops_resolve(st, name, &cid);
		if (rc == 0)
			rc = look(st, &cid, name);
		if (rc < 0)
			cmd_complain(rc, name);
	}
	return 0;
}

static int get_one(struct store *st, const struct cid *cid, const char *name)
{
	(void)name;
	return ops_block_get(st, cid, 1);
}

static int has_one(struct store *st, const struct cid *cid, const char *name)
{
	int rc = dag_has(store_source(st), cid);

	if (rc == 0)
		cmd_status(1);			/* no */
	else if (rc == 1 && !cmd_quiet())
		cmd_print("%s", name);
	return rc;
}

static int stat_one(struct store *st, const struct cid *cid, const char *name)
{
	char text[CID_TEXT_MAX];
	uint64_t len;
	int rc = dag_size(store_source(st), cid, &len);

	(void)name;
	if (rc == 0)
		cmd_print("%s\t%" PRIu64, cid_text(cid, text), len);
	return rc;
}

static int get(struct store *st)
{
	return each(st, get_one);
}

static int has(struct store *st)
{
	return each(st, has_one);
}

static int stat(struct store *st)
{
	return each(st, stat_one);
}

static const struct cmd_verb verbs[] = {
	{ "get", "0", "[path ...]", "write blocks to standard output", 0, -1, get, STORE_READ },
	{ "put", "0bclpt", "[file ...]", "store files as blocks", 0, -1, put, STORE_WRITE },
	{ "rm", "0f", "[path ...]", "remove blocks", 0, -1, rm, STORE_WRITE },
	{ "has", "0", "[path ...]", "print those that are here", 0, -1, has, STORE_READ },
	{ "stat", "0", "[path ...]", "print CIDs and sizes in bytes", 0, -1, stat, STORE_READ },
	{ 0 }
};

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c;

	cmd_start(&info, argc, argv);
	verb = cmd_pick(verbs);
	ops_block_put_init(&how);
	while ((c = cmd_getopt()) != -1)
		if (parse(c) < 0)
			cmd_usage("%s", err_text());
	return cmd_run(verb);
}
