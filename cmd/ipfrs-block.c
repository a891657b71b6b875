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
	"ipfrs-block", "get|put|rm|has|stat [cid or file ...]",
	"read, write and remove single blocks", opts, "get put rm has stat"
};

enum { BATCH = 1024, BATCH_BYTES = 64 * 1024 * 1024 };	/* what one commit takes */

static struct ops_block_put put;
static struct cid batch[BATCH];
static size_t n_batch;

static int parse_put(int c)
{
	if (c == 'b')
		put.allow_big = 1;
	else if (c == 'p')
		put.pin = 1;
	else if (c == 'l')
		put.digest_len = (size_t)cmd_bytes();
	else if (c == 't')
		return mh_by_name(cmd_arg(), &put.hash);
	else if (c == 'c' && strcmp(cmd_arg(), "v0"))
		return codec_by_name(cmd_arg(), &put.codec);
	else if (c == 'c') {
		put.codec = CID_DAG_PB;
		put.version = 0;
	}
	return 0;
}

static void print_cid(const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	cmd_print("%s", cid_text(cid, text));
}

/* a CID is printed when it is safe on the disk */
static int put_commit(struct store *st)
{
	size_t i, n = n_batch;
	int rc = ops_block_commit(st, &put, batch, n);

	n_batch = 0;
	for (i = 0; rc == 0 && i < n; i++)
		print_cid(&batch[i]);
	return rc;
}

static int put_all(struct store *st)
{
	uint64_t bytes = 0, len;
	const char *name;
	int fd, rc = 0;

	while (rc == 0 && cmd_next(&name)) {
		fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : 0;
		rc = fd < 0 ? err_sys("opening") : ops_block_put(st, &put, fd, name, &batch[n_batch]);
		if (fd > 0)
			close(fd);
		if (rc < 0) {
			cmd_complain(rc, name);
			if (rc != ERR_IO && rc != ERR_NOSPACE)
				rc = 0;		/* this one's trouble: go on */
			continue;
		}
		if (dag_size(store_source(st), &batch[n_batch++], &len) == 0)
			bytes += len;
		if (n_batch == BATCH || bytes >= BATCH_BYTES) {
			rc = put_commit(st);
			bytes = 0;
			if (rc < 0)
				cmd_complain(rc, NULL);
		}
	}
	if (rc == 0 && n_batch && (rc = put_commit(st)) < 0)
		cmd_complain(rc, NULL);
	return rc;
}

static int removed(void *arg, const struct cid *cid, int rc)
{
	char text[CID_TEXT_MAX];

	if (rc < 0)
		cmd_complain(rc, cid_text(cid, text));
	else
		batch[n_batch++] = *cid;	/* overwrites only what was handled */
	(void)arg;
	return 0;
}

static int rm_commit(struct store *st, int force)
{
	size_t n = n_batch, i;
	int rc;

	n_batch = 0;
	rc = ops_block_rm(st, batch, n, force, removed, NULL);
	if (rc < 0)
		cmd_complain(rc, NULL);
	for (i = 0; rc >= 0 && i < n_batch; i++)
		print_cid(&batch[i]);
	n_batch = 0;
	return rc;
}

static int rm_all(struct store *st, int force)
{
	const char *name;
	int rc = 0;

	while (rc >= 0 && cmd_next(&name)) {
		rc = ops_resolve(st, name, &batch[n_batch]);
		if (rc < 0) {
			cmd_complain(rc, name);
			rc = 0;
		} else if (++n_batch == BATCH) {
			rc = rm_commit(st, force);
		}
	}
	return rc >= 0 && n_batch ? rm_commit(st, force) : rc;
}

/* get, has, stat: one block */
static int look(struct store *st, char verb, const char *name)
{
	char text[CID_TEXT_MAX];
	struct cid cid;
	uint64_t len;
	int rc = ops_resolve(st, name, &cid);

	if (rc < 0)
		return rc;
	if (verb == 'g')
		return ops_block_get(st, &cid, 1);
	if (verb == 's') {
		rc = dag_size(store_source(st), &cid, &len);
		if (rc == 0)
			cmd_print("%s\t%" PRIu64, cid_text(&cid, text), len);
		return rc;
	}
	rc = dag_has(store_source(st), &cid);
	if (rc == 0)
		cmd_status(1);			/* no */
	else if (rc == 1 && !cmd_quiet())
		cmd_print("%s", name);
	return rc < 0 ? rc : 0;
}

int main(int argc, char **argv)
{
	struct store *st = NULL;
	const char *verb, *name;
	int force = 0, write, c, rc;

	cmd_start(&info, argc, argv);
	verb = cmd_verb();
	ops_block_put_init(&put);
	while ((c = cmd_getopt()) != -1) {
		if (c == 'f')
			force = 1;
		else if (parse_put(c) < 0)
			cmd_usage("%s", err_text());
	}
	write = *verb == 'p' || *verb == 'r';
	rc = store_open(&st, cmd_store(), write ? STORE_WRITE : STORE_READ);
	if (rc < 0)
		return cmd_fail(rc);
	if (*verb == 'p')
		put_all(st);
	else if (*verb == 'r')
		rm_all(st, force);
	while (!write && cmd_next(&name)) {
		rc = look(st, *verb, name);
		if (rc < 0)
			cmd_complain(rc, name);
	}
	store_close(st);
	return cmd_finish();
}
