/* ipfrs-pin - say what must stay in the store */
#include "base/json.h"
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
	"ipfrs-pin", "[path ...]", "say what must stay in the store", opts, NULL
};

enum { BATCH = 1024 };

static int json, direct, keep, types;
static const char *name;
static struct buf line = { .max = SIZE_MAX };

/* ---- one record ---- */

static int print_json(const struct pin *p, const struct cid *through)
{
	char text[CID_TEXT_MAX];
	int rc = buf_u8(&line, '{');

	if (rc == 0)
		rc = json_field(&line, "cid", span_str(cid_text(&p->cid, text)));
	if (rc == 0)
		rc = json_field(&line, "type", span_str(ops_pin_mode_name(p->mode)));
	if (rc == 0 && *p->name)
		rc = json_field(&line, "name", span_str(p->name));
	if (rc == 0 && through)
		rc = json_field(&line, "through", span_str(cid_text(through, text)));
	return rc < 0 ? rc : buf_u8(&line, '}');
}

static int print_text(const struct pin *p, const struct cid *through)
{
	char text[CID_TEXT_MAX], root[CID_TEXT_MAX];
	int rc = buf_printf(&line, "%s", cid_text(&p->cid, text));

	if (rc < 0 || cmd_quiet())
		return rc;
	rc = buf_printf(&line, "\t%s", ops_pin_mode_name(p->mode));
	if (rc == 0 && through)
		rc = buf_printf(&line, " through %s", cid_text(through, root));
	if (rc == 0 && *p->name)
		rc = buf_u8(&line, '\t');
	if (rc == 0 && *p->name)
		rc = cmd_zero() ? buf_str(&line, p->name) :
		     ops_name_text(span_str(p->name), &line);
	return rc;
}

static int print_pin(const struct pin *p, const struct cid *through)
{
	int rc;

	buf_reset(&line);
	rc = json ? print_json(p, through) : print_text(p, through);
	if (rc == 0)
		cmd_record(buf_span(&line));
	return rc;
}

/* what add, rm and update answer: the CID */
static int print_done(const struct cid *cid, enum pin_mode mode)
{
	struct pin p = { .cid = *cid, .mode = mode, .name = "" };

	if (json || !cmd_quiet()) {
		buf_reset(&line);
		if (json)
			return print_pin(&p, NULL);
		cid_format(cid, NULL, &line);
		cmd_record(buf_span(&line));
	}
	return 0;
}

/* ---- add, rm ---- */

static struct cid batch[BATCH];
static size_t n_batch;

static int added(void *arg, size_t i, int rc)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	if (rc < 0) {
		cmd_complain(rc, cid_text(&batch[i], text));
		return 0;
	}
	return print_done(&batch[i], direct ? PIN_DIRECT : PIN_RECURSIVE);
}

static enum pin_mode was[BATCH];

static int removed(void *arg, size_t i, int rc)
{
	char text[CID_TEXT_MAX];

	(void)arg;
	if (rc < 0) {
		cmd_complain(rc, cid_text(&batch[i], text));
		return 0;
	}
	return print_done(&batch[i], was[i]);
}

/* a CID is printed when its pin is safe on the disk, or gone from it */
static int add_batch(struct store *st)
{
	return pin_add_many(st, batch, n_batch, direct ? PIN_DIRECT : PIN_RECURSIVE, name, added,
			    NULL);
}

static int rm_batch(struct store *st)
{
	size_t i;
	int rc = 0;

	for (i = 0; json && rc >= 0 && i < n_batch; i++)
		rc = pin_get(st, &batch[i], &was[i], NULL);
	return rc < 0 ? rc : pin_rm_many(st, batch, n_batch, direct ? PIN_DIRECT : PIN_RECURSIVE,
					 removed, NULL);
}

static int each_batch(struct store *st, int (*deal)(struct store *st))
{
	const char *path;
	int rc = 0;

	while (rc == 0 && cmd_next(&path)) {
		rc = ops_resolve(st, path, &batch[n_batch]);
		if (rc < 0) {
			cmd_complain(rc, path);
			rc = 0;
		} else {
			n_batch++;
		}
		if (n_batch == BATCH || (n_batch && cmd_waits())) {
			rc = deal(st);		/* also when the next name is not there yet */
			n_batch = 0;
		}
	}
	return rc == 0 && n_batch ? deal(st) : rc;
}

static int add(struct store *st)
{
	return each_batch(st, add_batch);
}

static int rm(struct store *st)
{
	return each_batch(st, rm_batch);
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
	char text[CID_TEXT_MAX], bad[CID_TEXT_MAX];
	int rc = 0;

	(void)arg;
	if (block)
		cmd_status(1);
	if (cmd_quiet() && !json)
		return 0;
	cid_text(&p->cid, text);
	if (!json) {
		if (block)
			cmd_print("%s\tbroken\t%s\t%s", text, cid_text(block, bad), why);
		else
			cmd_print("%s\tok", text);
		return 0;
	}
	buf_reset(&line);
	rc = buf_u8(&line, '{');
	if (rc == 0)
		rc = json_field(&line, "cid", span_str(text));
	if (rc == 0)
		rc = json_bool(&line, "ok", !block);
	if (rc == 0 && block)
		rc = json_field(&line, "block", span_str(cid_text(block, bad)));
	if (rc == 0 && block)
		rc = json_field(&line, "error", span_str(why));
	if (rc == 0)
		rc = buf_u8(&line, '}');
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
