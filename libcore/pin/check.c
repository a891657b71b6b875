/* check.c - do journal, snapshot and the copy in the index say the same? */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "pin/pin_priv.h"

enum { COMPARE_TRIES = 10 };

static void say(struct store_report *r, int fixed, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct store_report *r, int fixed, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!r || !r->say)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->say(r->arg, fixed, text);
}

/* All pins as one number: both sides tell them in the same order. */
struct digest {
	uint32_t crc;
	uint64_t n;
};

static int digest_pin(void *arg, const struct pin *p)
{
	struct digest *d = arg;
	uint8_t mode = (uint8_t)p->mode;

	d->crc = crc32c(d->crc, cid_span(&p->cid));
	d->crc = crc32c(d->crc, span_of(&mode, 1));
	d->crc = crc32c(d->crc, span_of(p->name, strlen(p->name) + 1));
	d->n++;
	return 0;
}

struct check {
	struct pins *p;
	struct store_report *r;
	int quiet;
	uint64_t n_bad;			/* damaged lines */
	int gap;			/* journal and snapshot do not meet */
	int has_copy, differs;
};

static void told(void *arg, const char *text)
{
	struct check *c = arg;

	if (!c->quiet)
		say(c->r, 0, "%s", text);
}

/* One look at all three, while nobody writes; 1: someone did. */
static int look(struct check *c)
{
	struct digest files = { 0 }, copy = { 0 };
	struct head h;
	uint64_t seq = 0;
	int rc = copy_head(c->p->st, &h);

	if (rc < 0)
		return rc;
	c->has_copy = rc;
	c->gap = c->differs = 0;
	if (c->has_copy) {
		rc = pins_follow(c->p, &h);
		if (rc == 1)
			c->has_copy = 0;	/* an old one: the next writer makes it anew */
		if (rc < 0)
			return rc;
		seq = c->p->seq;
	}
	if (c->has_copy) {
		rc = pin_each(c->p->st, PIN_NONE, digest_pin, &copy);
		if (rc < 0)
			return rc == ERR_BUSY ? 1 : rc;
	}
	rc = scan_each(c->p, digest_pin, &files, &c->n_bad, told, c);
	if (rc == ERR_CORRUPT) {
		c->gap = 1;
		say(c->r, 0, "%s", err_text());
		return 0;
	}
	if (rc < 0 || !c->has_copy)
		return rc;
	rc = copy_head(c->p->st, &h);
	if (rc >= 0)
		rc = pins_follow(c->p, &h);
	if (rc != 0 || c->p->seq != seq)
		return rc < 0 ? rc : 1;
	c->differs = files.crc != copy.crc || files.n != copy.n;
	return 0;
}

static int mend(struct check *c)
{
	int files = c->n_bad > 0 || c->gap, anew, rc = 0;
	uint64_t lost;
	struct head h;

	/* the copy knows what damaged lines said that it had taken in before; only those behind it
	 * are lost */
	if (files && c->has_copy) {
		rc = copy_head(c->p->st, &h);
		if (rc >= 0)
			rc = pins_follow(c->p, &h);
		lost = c->p->n_bad;
		if (rc >= 0)
			rc = copy_fold(c->p);
		if (rc == 0 && lost)
			say(c->r, 1, "pins: snapshot and journal written anew; %" PRIu64
			    " changes that were not in the index yet are lost", lost);
		else if (rc == 0)
			say(c->r, 1, "pins: snapshot and journal written anew from the copy in the "
			    "index; nothing is lost");
		return rc;
	}
	anew = 1;
	rc = copy_bring(c->p, &anew);
	if (rc == 0 && c->differs)
		say(c->r, 1, "pins: the copy in the index was made anew");
	if (rc == 0 && files) {
		rc = copy_fold(c->p);
		if (rc == 0)
			say(c->r, 1, "pins: snapshot and journal written anew from their good lines; "
			    "what the damaged ones held is lost");
	}
	return rc;
}

/* what a writer that died left at the end; no fault */
static int cut(struct check *c)
{
	struct stat sb;
	uint64_t len;
	int rc = pins_open(c->p, &len);

	if (rc < 0 || c->p->fd < 0)
		return rc < 0 ? rc : 0;
	rc = pins_view(c->p);
	if (rc < 0 || fstat(c->p->fd, &sb) < 0 || (uint64_t)sb.st_size <= c->p->end)
		return rc < 0 ? rc : 0;
	if (ftruncate(c->p->fd, (off_t)c->p->end) < 0)
		return err_sys("cutting '%s/pins/journal'", store_path(c->p->st));
	say(c->r, 1, "pins/journal: %llu bytes of an unfinished line cut off",
	    (unsigned long long)sb.st_size - (unsigned long long)c->p->end);
	return 0;
}

int pin_check(struct store *st, int repair, struct store_report *r)
{
	struct check c = { .r = r };
	int rc = pins_of(st, &c.p), left = 0, tries;

	if (rc == 0 && repair)
		rc = store_commit(st);
	if (rc == 0 && repair)
		rc = pins_lock(c.p);
	if (rc < 0)
		return rc;
	for (rc = 1, tries = 0; rc == 1 && tries < COMPARE_TRIES; tries++) {
		rc = look(&c);
		c.quiet = 1;			/* damaged lines are told once */
	}
	if (rc == 1)
		rc = 0;				/* too busy to compare; the lines were looked at */
	if (rc == 0) {
		if (c.differs && c.n_bad == 0)
			say(r, 0, "pins: the copy in the index differs from the journal");
		left = c.n_bad > 0 || c.gap || c.differs;
	}
	if (rc == 0 && repair && (left || !c.has_copy)) {
		rc = mend(&c);
		if (rc == 0)
			left = 0;
	}
	if (rc == 0 && repair)
		rc = cut(&c);
	if (repair)
		pins_unlock(c.p);
	return rc < 0 ? rc : left;
}
