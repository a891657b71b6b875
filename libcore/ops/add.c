/* add.c - a session of adding: options, roots, and what is told when it is durable */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/rd.h"
#include "ops/add_priv.h"
#include "ops/read.h"

enum {
	TOLD_MAX = 4 * 1024 * 1024,	/* bytes of entries that wait to be told */
	ROOTS_MAX = 1024,		/* roots that wait for one commit */
	WAIT_MAX = 64 * 1024 * 1024,	/* bytes added that wait with them */
	PATH_ROOM = 1 << 20,
	NAME_ID = 16, NAMES_MEM = 1 << 20
};

void ops_add_init(struct ops_add *o)
{
	*o = (struct ops_add){ .pin = 1, .depth_max = OPS_ADD_DEPTH };
	unixfs_opts_init(&o->dag);
}

int ops_add_config(struct ops_add *o, const struct config *c)
{
	const char *key, *value, *help;
	int i, set, rc = 0;

	for (i = 0; rc == 0 && config_each(c, i, &key, &value, &set, &help); i++)
		if (set && !strncmp(key, "import.", 7) && strcmp(key + 7, "tensor-align"))
			rc = unixfs_opts_set(&o->dag, key + 7, value);
	return rc;
}

static int set(struct ops_add *o, const char *key, const char *value)
{
	int rc;

	if (strcmp(key, "tensor-align"))
		return unixfs_opts_set(&o->dag, key, value);
	rc = unixfs_opts_flag(key, value);
	if (rc >= 0)
		o->tensors = rc;
	return rc < 0 ? rc : 0;
}

int ops_add_set(struct ops_add *o, const char *text)
{
	int rc = 0;

	while (rc == 0 && *text) {
		size_t len = strcspn(text, ",");
		char *pair = strndup(text, len), *eq = pair ? strchr(pair, '=') : NULL;

		if (!pair)
			return err_nomem();
		if (!eq) {
			rc = err_set(ERR_USAGE, "'%s' is not key=value", pair);
		} else {
			*eq = 0;
			rc = set(o, pair, eq + 1);
		}
		free(pair);
		text += len + (text[len] == ',');
	}
	return rc;
}

/* ---- begin ---- */

/* nothing is stored: would the block be new? */
static int compare(struct watch *w, const struct dag_block *b)
{
	uint64_t len = 0;
	int i, rc = store_has(w->against, b->cid);

	for (i = 0; i < b->n_parts; i++)
		len += b->parts[i].len;
	w->puts.n_blocks++;
	w->puts.bytes += len;
	w->puts.had_blocks += rc > 0;
	w->puts.had_bytes += rc > 0 ? len : 0;
	return rc < 0 ? rc : 0;
}

static int watch_put(struct dag_sink *s, const struct dag_block *b)
{
	struct watch *w = (struct watch *)(void *)s;
	int rc = w->against ? compare(w, b) : w->to->put(w->to, b);

	if (rc < 0)
		w->rc = rc;
	return rc;
}

struct store_puts puts_since(struct store_puts now, const struct store_puts *from)
{
	return (struct store_puts){ now.n_blocks - from->n_blocks, now.bytes - from->bytes,
				    now.had_blocks - from->had_blocks, now.had_bytes - from->had_bytes };
}

struct store_puts add_puts(const struct adder *a)
{
	return a->o.only_hash ? a->watch.puts : puts_since(store_puts(a->st), &a->before);
}

static int rules_load(struct adder *a)
{
	struct buf text = BUF_INIT(IGNORE_TEXT_MAX);
	int rc = ignore_new(&a->rules);

	if (rc == 0)
		rc = io_slurp_file(AT_FDCWD, a->o.ignore_rules, &text);
	if (rc == 0)
		rc = ignore_push(a->rules, "", buf_span(&text), a->o.ignore_rules);
	buf_clear(&text);
	return rc;
}

static int options_agree(const struct ops_add *o)
{
	if (o->pin_name && *o->pin_name && !o->pin)
		return err_set(ERR_USAGE, "pin-name option requires pin to be set");
	if (o->pin_name && strlen(o->pin_name) > PIN_NAME_MAX)
		return err_set(ERR_USAGE, "the name of a pin has at most %d bytes", PIN_NAME_MAX);
	if (o->meta.mode > 0777)
		return err_set(ERR_USAGE, "mode %o: only the permissions 0777 can be given",
			       o->meta.mode);
	return 0;
}

static int begin(struct adder *a, const struct ops_add *o)
{
	int with_meta = o->keep_mode || o->keep_mtime || o->meta.mode || o->meta.has_mtime;
	char path[4096];
	int rc;

	a->o = *o;
	buf_init(&a->told, 2 * TOLD_MAX + PATH_ROOM);
	a->board_op = -1;
	if (a->o.only_hash)
		a->o.pin = a->o.cache = 0;
	rc = options_agree(&a->o);
	if (rc == 0)
		rc = unixfs_opts_finish(&a->o.dag, with_meta);
	if (rc == 0 && a->o.ignore_rules)
		rc = rules_load(a);
	if (rc < 0)
		return rc;
	a->watch = (struct watch){ .sink = { watch_put },
				   .to = a->o.only_hash ? dag_sink_null() : store_sink(a->st),
				   .against = a->o.only_hash && a->o.measure ? a->o.against : NULL };
	if (!a->o.only_hash)
		a->before = store_puts(a->st);
	rc = unixfs_builder_new(&a->b, &a->o.dag, &a->watch.sink, a->st ? store_tmpdir(a->st) : NULL);
	if (rc == 0 && a->o.tensors)
		rc = add_body_start(a);
	if (rc == 0 && a->o.wrap)
		rc = idset_new(&a->names, NAME_ID, NAMES_MEM, a->st ? store_tmpdir(a->st) : NULL);
	if (rc == 0 && a->o.wrap)
		rc = unixfs_dir_new(&a->wrap, a->b, add_meta(a, NULL, 0, &(struct unixfs_meta){ 0 }));
	if (rc < 0 || a->o.only_hash)
		return rc;
	a->roots = calloc(ROOTS_MAX, sizeof *a->roots);
	a->again = calloc(ROOTS_MAX, sizeof *a->again);
	if (!a->roots || !a->again)
		return err_nomem();
	if ((size_t)snprintf(path, sizeof path, "%s/board/state", store_path(a->st)) < sizeof path &&
	    board_open(&a->board, path) == 0)
		a->board_op = board_op_begin(a->board, "add", "", 0);
	a->alone = store_max_bytes(a->st) > 0;
	rc = store_sweeps(a->st, &a->sweeps);
	if (rc == 0 && a->o.cache)
		rc = cache_start(a);
	return rc;
}

int ops_add_begin(struct adder **out, struct store *st, const struct ops_add *o)
{
	struct adder *a = calloc(1, sizeof *a);
	int rc;

	*out = NULL;
	if (!a)
		return err_nomem();
	a->st = st;
	rc = begin(a, o);
	if (rc < 0) {
		ops_add_free(a);
		return rc;
	}
	*out = a;
	return 0;
}

void ops_add_free(struct adder *a)
{
	if (!a)
		return;
	feed_free(a->feed);
	unixfs_dir_free(a->wrap);
	idset_free(a->names);
	unixfs_builder_free(a->b);
	while (a->n_roots)
		free(a->again[--a->n_roots]);
	free(a->roots);
	free(a->again);
	unixfs_cuts_clear(&a->cuts);
	ignore_free(a->rules);
	board_op_end(a->board, a->board_op);
	board_close(a->board);
	buf_clear(&a->told);
	if (a->st && !a->o.only_hash)
		store_rollback(a->st);
	free(a);
}

/* ---- what happens on the way ---- */

const struct unixfs_meta *add_meta(const struct adder *a, const struct unixfs_meta *of, int symlink,
				   struct unixfs_meta *m)
{
	*m = a->o.meta;
	if (of && a->o.keep_mode && !m->mode)
		m->mode = of->mode & 07777;
	if (of && a->o.keep_mtime && !m->has_mtime && of->has_mtime) {
		m->has_mtime = 1;
		m->mtime = of->mtime;
		m->nsec = of->nsec;
	}
	if (symlink)
		m->mode = 0;		/* reference section 10: a symlink has a time only */
	return m->mode || m->has_mtime ? m : NULL;
}

int add_fatal(const struct adder *a, int rc)
{
	return a->watch.rc < 0 || a->user_rc || rc == ERR_NOMEM;
}

int add_trouble(struct adder *a, int rc, const char *path)
{
	if (!a->o.trouble)
		return err_add(rc, "'%s'", path);
	if (a->o.trouble(a->o.arg, rc, path) == 0)
		return 0;
	a->user_rc = 1;
	return rc;
}

int add_progress(void *arg, uint64_t bytes)
{
	struct adder *a = arg;

	a->waiting += bytes;
	a->counts.bytes += bytes;
	board_op_progress(a->board, a->board_op, a->counts.bytes);
	if (!a->o.progress || a->o.progress(a->o.arg, bytes, 0) == 0)
		return 0;
	a->user_rc = 1;
	return 1;
}

int add_counted(struct adder *a, int cached)
{
	a->counts.files++;
	a->counts.cached += cached != 0;
	board_count(a->board, cached ? BOARD_FILES_CACHED : BOARD_FILES_ADDED, 1);
	if (!a->o.progress || a->o.progress(a->o.arg, 0, 1) == 0)
		return 0;
	a->user_rc = 1;
	return err_set(ERR_INTERRUPTED, "stopped");
}

/* ---- the end of things asked for ---- */

static const char *pin_name(const struct adder *a)
{
	return a->o.pin_name && *a->o.pin_name ? a->o.pin_name : NULL;
}

/* Blocks the cache vouched for are gone: read everything again. */
static int pin_again(struct adder *a, size_t i)
{
	struct unixfs_node node;
	int rc;

	a->cache_off = 1;
	rc = add_tree(a, a->again[i], a->again[i], &node);
	a->cache_off = 0;
	if (rc == 0 || (rc > 0 && !cid_equal(&node.cid, &a->roots[i])))
		return err_set(ERR_BUSY, "'%s' changed, and blocks were collected, while it was added",
			       a->again[i]);
	if (rc > 0)
		rc = store_commit(a->st);
	return rc < 0 ? rc : pin_add(a->st, &a->roots[i], PIN_RECURSIVE, pin_name(a));
}

static int pinned(void *arg, size_t i, int rc)
{
	struct adder *a = arg;

	if (rc == ERR_NOTFOUND && a->again[i])
		rc = pin_again(a, i);
	return rc;
}

/*
 * Blocks that the cache vouched for were not put through our handle, so its lease does not keep them from
 * a sweep.  If nothing at all was deleted since the session began they are there, and while we hold the
 * pins nothing is.  Else every one is looked at (pin_add), and if some are gone the thing is added anew.
 */
static int pin_roots(struct adder *a)
{
	uint64_t now = 0;
	int rc;

	/* one sync for all is worth a look at what they hold */
	if (a->n_roots > 1)
		return pin_add_many(a->st, a->roots, a->n_roots, PIN_RECURSIVE, pin_name(a), pinned, a);
	if (!a->vouched)
		return pin_added(a->st, &a->roots[0], pin_name(a));
	rc = pin_hold(a->st);
	if (rc < 0)
		return rc;
	rc = store_sweeps(a->st, &now);
	if (rc == 0 && now == a->sweeps)
		rc = pin_added(a->st, &a->roots[0], pin_name(a));
	pin_release(a->st);
	if (rc < 0 || now == a->sweeps)
		return rc;
	return pinned(a, 0, pin_add(a->st, &a->roots[0], PIN_RECURSIVE, pin_name(a)));
}

/* also in the middle of something, whose root does not wait yet */
int add_flush(struct adder *a)
{
	size_t i;
	int rc = a->rc;

	if (a->o.only_hash || rc < 0)
		return rc;
	for (i = 0; rc == 0 && !a->o.pin && i < a->n_roots; i++)
		rc = pin_note(a->st, &a->roots[i]);
	if (rc == 0)
		rc = store_commit(a->st);
	for (i = 0; rc == 0 && i < a->n_roots; i++)
		rc = pin_quota(a->st, a->o.pin ? &a->roots[i] : NULL);
	if (rc == 0 && a->o.pin && a->n_roots)
		rc = pin_roots(a);
	while (a->n_roots)
		free(a->again[--a->n_roots]);
	a->waiting = 0;
	if (rc == 0)
		rc = add_tell_all(a);
	if (rc < 0)
		a->rc = rc;
	return rc;
}

int ops_add_flush(struct adder *a)
{
	int rc = add_flush(a);

	/* all that the cache vouched for is pinned: what it says from now on is measured by the deletions
	 * up to now */
	if (rc == 0 && a->o.cache && !a->wrap) {
		a->vouched = 0;
		rc = store_sweeps(a->st, &a->sweeps);
	}
	return rc;
}

int ops_add_hurry(struct adder *a)
{
	return a->n_roots ? ops_add_flush(a) : 0;
}

int ops_add_fail(struct adder *a, int rc)
{
	char *why = a->o.tell_early && a->rc == 0 && !a->user_rc && a->n_roots ? strdup(err_text()) : NULL;

	if (why) {
		add_flush(a);			/* if that fails as well, the first error is the better one */
		err_set(rc, "%s", why);
	}
	free(why);
	a->rc = rc;
	return rc;
}

static int root_waits(struct adder *a, const struct unixfs_node *node, const char *again)
{
	char *path = a->o.cache && again ? strdup(again) : NULL;

	if (a->o.cache && again && !path)
		return err_nomem();
	a->roots[a->n_roots] = node->cid;
	a->again[a->n_roots++] = path;
	if (a->n_roots == ROOTS_MAX || a->waiting > WAIT_MAX || a->told.len > TOLD_MAX ||
	    a->alone || unixfs_is_dir(node->type))
		return ops_add_flush(a);
	return 0;
}

/* 1: nothing in the wrapper is called so yet */
static int name_is_new(struct adder *a, const char *name)
{
	struct span s = span_str(name);
	uint8_t id[MH_DIGEST_MAX];
	int rc = mh_sum(MH_SHA2_256, &s, 1, 0, id);

	return rc < 0 ? rc : idset_add(a->names, id);
}

/* reference section 13: unnamed entries use their CID as name */
static int into_wrapper(struct adder *a, const char *path, const char *name,
			const struct unixfs_node *node)
{
	char text[CID_TEXT_MAX];
	int rc;

	name = name ? name : cid_text(&node->cid, text);
	rc = name_is_new(a, name);
	if (rc == 0)
		return add_trouble(a, err_set(ERR_EXISTS, "directory already has entry by that name"),
				   path);
	if (rc > 0)
		rc = unixfs_dir_add(a->wrap, span_str(name), node);
	return rc < 0 ? rc : add_told(a, path, node, 0);
}

int add_top(struct adder *a, const char *path, const char *name, const struct unixfs_node *node,
	    const char *again)
{
	int rc;

	if (a->o.wrap)
		return into_wrapper(a, path, name, node);
	rc = add_told(a, path, node, 1);
	return rc < 0 || a->o.only_hash ? rc : root_waits(a, node, again);
}

struct ops_add_counts ops_add_counts(const struct adder *a)
{
	struct ops_add_counts n = a->counts;

	n.puts = add_puts(a);
	return n;
}

int ops_add_end(struct adder *a)
{
	struct unixfs_node node;
	int rc = a->rc;

	if (rc == 0)
		rc = ops_add_feed_end(a);
	if (rc == 0 && a->wrap) {
		rc = unixfs_dir_end(a->wrap, &node);
		a->wrap = NULL;
		a->o.wrap = 0;
		if (rc == 0)
			rc = add_top(a, "", NULL, &node, NULL);
	}
	if (rc == 0)
		rc = ops_add_flush(a);
	ops_add_free(a);
	return rc;
}
