/* fsck.c - is the store whole, and what can be mended? */
#include <stdio.h>

#include "ops/fsck.h"
#include "pin/pin.h"

enum { SAY_MAX = 4096 };

/* a pin that is not complete: nothing can mend it but adding the block again */
static int say_pin(void *arg, const struct pin *p, const struct cid *block, const char *why)
{
	struct store_report *r = arg;
	char root[CID_TEXT_MAX], text[CID_TEXT_MAX], line[SAY_MAX];

	if (!r->say)
		return 0;
	cid_text(&p->cid, root);
	if (block && !cid_equal(block, &p->cid))
		snprintf(line, sizeof line, "pin '%s'%s%s: block '%s': %s", root,
			 *p->name ? " named " : "", p->name, cid_text(block, text), why);
	else
		snprintf(line, sizeof line, "pin '%s'%s%s: %s", root, *p->name ? " named " : "",
			 p->name, why);
	r->say(r->arg, 0, line);
	return 0;
}

/* What the index alone knows, in case it will be made anew; it may be beyond reading. */
static void keep_root(const char *path)
{
	struct store *st;

	if (store_open(&st, path, STORE_READ) < 0)
		return;
	pin_mfs_keep(st);
	store_close(st);
}

int ops_fsck(const char *path, int repair, struct store_report *report)
{
	struct store *st = NULL;
	int left, rc;

	if (repair)
		keep_root(path);
	left = store_check(path, repair, report);
	if (left < 0)
		return left;
	rc = store_open(&st, path, repair ? STORE_WRITE : STORE_READ);
	if (rc < 0 && left > 0)
		return left;		/* said already what is wrong with it */
	if (rc < 0)
		return rc;
	rc = pin_check(st, repair, report);
	if (rc >= 0) {
		left += rc;
		rc = pin_mfs_check(st, repair, report);
	}
	if (rc >= 0) {
		left += rc;
		rc = pin_verify(st, say_pin, report);
	}
	store_close(st);
	return rc < 0 ? rc : left + rc;
}

int ops_reindex(const char *path, struct store_report *report)
{
	struct store *st = NULL;
	int rc;

	keep_root(path);
	rc = store_reindex(path, report);
	if (rc < 0)
		return rc;
	rc = store_open(&st, path, STORE_WRITE);
	if (rc == 0)
		rc = pin_check(st, 1, report);
	if (rc >= 0 && st)
		rc = store_commit(st);
	store_close(st);
	return rc < 0 ? rc : 0;
}
