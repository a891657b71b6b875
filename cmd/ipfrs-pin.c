/* ipfrs-pin - say what must stay in the store */
#include <stdlib.h>

#include "cmd/cmd.h"
#include "ops/pin.h"
#include "ops/read.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'd', NULL, "add, rm: only the block itself, not what is below it" },
	CMD_OPT_J,
	{ 'k', NULL, "update: keep the old pin, too" },
	{ 'N', "name", "add: name the pins; ls: only those with this in their name" },
	{ 't', "type", "ls: all, recursive, direct or indirect (default: the first two of these)" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-pin", "[path ...]", "say what must stay in the store", opts
};

static int json, direct, keep, types;
static const char *name;
static struct buf line = { .max = SIZE_MAX };

static int print_pin(const struct pin *p, const struct cid *through)
{
	int rc;

	buf_reset(&line);
	rc = json ? ops_pin_json(p, through, &line) :
	     cmd_quiet() ? cid_format(&p->cid, NULL, &line) :
	     ops_pin_text(p, through, cmd_zero(), &line);
	if (rc == 0)
		cmd_record(buf_span(&line));
	return rc;
}

/* ---- add, rm ---- */

static const struct cid *cids;		/* those that are dealt with */
static enum pin_mode *was;		/* … and how they were pinned */

/* what add, rm and update answer: the CID, when its pin is safe on the disk, or gone from it */
static int print_done(const struct cid *cid, enum pin_mode mode)
{
	struct pin p = { .cid = *cid, .mode = mode, .name = "" };
	char text[CID_TEXT_MAX];

	if (json)
		return print_pin(&p, NULL);
	if (!cmd_quiet())
		cmd_print("%s", cid_text(cid, text));
	return 0;
}

static int told(void *arg, size_t i, int rc)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	if (rc == 0)
		return print_done(&cids[i], was ? was[i] : direct ? PIN_DIRECT : PIN_RECURSIVE);
	cmd_complain(rc, cid_text(&cids[i], text));
	return 0;
}

static int add_some(struct store *st, const struct cid *some, size_t n)
{
	cids = some;
	return pin_add_many(st, cids, n, direct ? PIN_DIRECT : PIN_RECURSIVE, name, told, NULL);
}

static int rm_some(struct store *st, const struct cid *some, size_t n)
{
	size_t i;
	int rc = 0;

	cids = some;
	was = calloc(n, sizeof *was);
	if (!was)
		return err_nomem();
	for (i = 0; json && rc >= 0 && i < n; i++)
		rc = pin_get(st, &cids[i], &was[i], NULL);
	if (rc >= 0)
		rc = pin_rm_many(st, cids, n, direct ? PIN_DIRECT : PIN_RECURSIVE, told, NULL);
	free(was);
	was = NULL;
	return rc;
}

static int add(struct store *st)
{
	return cmd_cids(st, add_some);
}

static int rm(struct store *st)
{
	return cmd_cids(st, rm_some);
}

/* ---- ls, update, verify ---- */

static int list_one(void *arg, const struct pin *p)
{
	(void)arg;
	return print_pin(p, NULL);
}

static int ls(struct store *st)
{
	struct buf call = BUF_INIT(PIN_NAME_MAX);
	struct cid root;
	struct pin p;
	const char *path;
	int rc;

	if (cmd_operands(0, -1) == 0)
		return ops_pin_ls(st, types ? types : OPS_PIN_RECURSIVE | OPS_PIN_DIRECT, name,
				  list_one, NULL);
	while (cmd_next(&path)) {
		buf_reset(&call);
		rc = ops_pin_look(st, path, types ? types : OPS_PIN_ALL, &p, &call, &root);
		if (rc == 0)
			rc = print_pin(&p, p.mode == PIN_INDIRECT ? &root : NULL);
		if (rc < 0)
			cmd_complain(rc, NULL);	/* names the path itself */
	}
	buf_clear(&call);
	return 0;
}

static int update(struct store *st)
{
	struct cid from, to;
	int rc;

	rc = ops_resolve(st, cmd_operand(0), &from);
	if (rc < 0)
		return err_add(rc, "%s", cmd_operand(0));
	rc = ops_resolve(st, cmd_operand(1), &to);
	if (rc == 0)
		rc = pin_update(st, &from, &to, !keep);
	return rc < 0 ? err_add(rc, "%s", cmd_operand(1)) : print_done(&to, PIN_RECURSIVE);
}

static int verified(void *arg, const struct pin *p, const struct cid *block, const char *why)
{
	int rc;

	(void)arg;
	if (block)
		cmd_status(1);
	if (cmd_quiet() && !json)
		return 0;
	buf_reset(&line);
	rc = (json ? ops_pin_verify_json : ops_pin_verify_text)(&p->cid, block, why, &line);
	if (rc == 0)
		cmd_record(buf_span(&line));
	return rc;
}

static int verify(struct store *st)
{
	int rc;

	if (cmd_quiet() && cmd_verbose())
		cmd_usage("the -v and -q options can not be used at the same time");
	rc = ops_pin_verify(st, cmd_verbose() > 0, verified, NULL);
	return rc < 0 ? rc : 0;
}

static const struct cmd_verb verbs[] = {
	{ "add", "0djN", "[path ...]", "pin what paths lead to", 0, -1, add, STORE_WRITE },
	{ "rm", "0dj", "[path ...]", "remove pins", 0, -1, rm, STORE_WRITE },
	{ "ls", "0jNt", "[path ...]", "list all pins, or those of paths", 0, -1, ls, STORE_READ },
	{ "update", "0jk", "old new", "move a recursive pin to the next version", 2, 2, update,
	  STORE_WRITE },
	{ "verify", "0j", "", "read every pinned block and check it", 0, 0, verify, STORE_READ },
	{ 0 }
};

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c;

	cmd_start(&info, argc, argv);
	verb = cmd_pick(verbs);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'd': direct = 1; break;
		case 'j': json = 1; break;
		case 'k': keep = 1; break;
		case 'N': name = cmd_arg(); break;
		case 't':
			types = ops_pin_type(cmd_arg());
			if (types < 0)
				cmd_usage("%s", err_text());
		}
	}
	c = cmd_run(verb);
	buf_clear(&line);
	return c;
}
