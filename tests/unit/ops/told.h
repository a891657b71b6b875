/*
 * told.h - sessions of adding for tests, what they and others tell, counted, and when to stop them.
 */
#ifndef TESTS_OPS_TOLD_H
#define TESTS_OPS_TOLD_H

#include "ops/add.h"
#include "tests/unit/ops/opstest.h"

static struct {
	struct ops_added last;
	char path[4096];		/* of last */
	struct unixfs_node root;	/* the last */
	int entries, roots, written, troubles, trouble_rc;
	uint64_t bytes, files;
	int stop_entry;			/* at so many entries; 0: never */
	int stop_progress, stop_trouble;
} got;

__attribute__((unused)) static int entry(void *arg, const struct ops_added *e)
{
	(void)arg;
	got.last = *e;
	snprintf(got.path, sizeof got.path, "%s", e->path);
	got.entries++;
	got.roots += e->root;
	if (e->root)
		got.root = e->node;
	return got.stop_entry && got.entries >= got.stop_entry;
}

__attribute__((unused)) static int trouble(void *arg, int rc, const char *path)
{
	(void)arg;
	(void)path;
	got.troubles++;
	got.trouble_rc = rc;
	return got.stop_trouble;
}

__attribute__((unused)) static int progress(void *arg, uint64_t bytes, uint64_t files)
{
	(void)arg;
	got.bytes += bytes;
	got.files += files;
	return got.stop_progress;
}

/* options that tell everything to the three above; nothing was told yet */
__attribute__((unused)) static struct ops_add options(void)
{
	struct ops_add o;

	memset(&got, 0, sizeof got);
	ops_add_init(&o);
	o.recursive = 1;
	o.all = 1;
	o.entry = entry;
	o.trouble = trouble;
	o.progress = progress;
	return o;
}

/* a path, or else an archive from its beginning, in a session of its own */
__attribute__((unused)) static int add_one(const struct ops_add *o, const char *path, int archive)
{
	struct adder *a;
	int rc = ops_add_begin(&a, o->only_hash ? NULL : st, o);

	if (rc < 0)
		return rc;
	if (!path && lseek(archive, 0, SEEK_SET) < 0)
		abort();
	rc = path ? ops_add_path(a, path) : ops_add_archive(a, archive, "x.tar", "x.tar");
	if (rc < 0) {
		ops_add_free(a);
		return rc;
	}
	return ops_add_end(a);
}

#endif
