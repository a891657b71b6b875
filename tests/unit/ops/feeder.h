/*
 * feeder.h - entries for feeds from short texts, as tests/golden/kubo_add.txt writes them.
 */
#ifndef TESTS_OPS_FEEDER_H
#define TESTS_OPS_FEEDER_H

#include "ops/add.h"
#include "tests/unit/ops/told.h"

/* the bytes of an entry; `step` at a time, 0: as many as are wanted; fails at the `cut`-th read, 0: never */
struct feeder {
	char text[256], fill;
	size_t len, at, step;
	int *cut;
};

__attribute__((unused)) static ssize_t feeder_read(void *arg, void *p, size_t len)
{
	struct feeder *f = arg;

	if (f->cut && *f->cut && --*f->cut == 0)
		return err_set(ERR_IO, "the client went away");
	if (f->step && len > f->step)
		len = f->step;
	if (len > f->len - f->at)
		len = f->len - f->at;
	if (f->fill)
		memset(p, f->fill, len);
	else
		memcpy(p, f->text + f->at, len);
	f->at += len;
	return (ssize_t)len;
}

/* the next entry of *script, "KIND[@mode[,mtime[,nsec]]]:PATH "; 1 or 0; the path is kept */
__attribute__((unused)) static int feeder_next(const char **script, struct ops_add_feed_entry *e, struct feeder *f)
{
	size_t len = strcspn(*script, " "), head = strcspn(*script, ":");
	const char *s = *script;
	char *path = unit_kept(len + 1);
	long long mtime = 0;
	unsigned mode = 0, nsec = 0;

	if (!len)
		return 0;
	snprintf(path, len + 1, "%.*s", (int)(len - head - 1), s + head + 1);
	*f = (struct feeder){ .fill = 0 };
	*e = (struct ops_add_feed_entry){ .path = path, .read = feeder_read, .arg = f };
	e->what = *s == 'd' ? OPS_FEED_DIR : *s == 'l' ? OPS_FEED_LINK : OPS_FEED_FILE;
	snprintf(f->text, sizeof f->text, "%s", *s == 'f' ? "x" : *s == 'y' ? "yy" : *s == 'l' ? "tgt" : "");
	f->len = strlen(f->text);
	if (*s == 'z') {
		f->fill = 'z';
		f->len = 600000;
	}
	if (s[1] == '@') {
		sscanf(s + 2, "%o,%lld,%u", &mode, &mtime, &nsec);
		e->meta = (struct unixfs_meta){ mode, 1, mtime, nsec };
	}
	*script = s + len + (s[len] == ' ');
	return 1;
}

/* all of a script into `a`, then its end; `cut`: as above, over all reads */
__attribute__((unused)) static int feeder_all(struct adder *a, const char *script, size_t step, int *cut)
{
	struct ops_add_feed_entry e;
	struct feeder f;
	int rc = 0;

	while (rc == 0 && feeder_next(&script, &e, &f)) {
		f.step = step;
		f.cut = cut;
		rc = ops_add_feed(a, &e);
	}
	return rc < 0 ? rc : ops_add_feed_end(a);
}

#endif
