/* config.c - the configuration: one `key = value` a line */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/tmpfile.h"
#include "multi/mh.h"
#include "store_priv.h"

enum { CONFIG_MAX = 1 << 20 };		/* bytes of the file */

struct line {
	char *text;			/* as in the file, without LF; NULL: the value says it all */
	int key;			/* row of the table, -1: comment or blank */
	char *value;
};

struct config {
	struct line *lines;
	size_t n;
};

/* ---- checkers: 1 or 0 ---- */

static int is_word(const char *v, const char *const words[])
{
	for (; *words; words++)
		if (!strcmp(v, *words))
			return 1;
	return 0;
}

static int number(const char *v, uint64_t least, uint64_t most)
{
	uint64_t n;

	return num_parse(v, &n) == 0 && n >= least && n <= most;
}

static int size(const char *v, uint64_t least, uint64_t most)
{
	uint64_t n;

	return num_parse_size(v, &n) == 0 && n >= least && n <= most;
}

static int ok_segment(const char *v) { return size(v, 64 << 10, 3u << 30); }
static int ok_batch(const char *v) { return size(v, 1 << 20, UINT64_MAX); }
static int ok_size(const char *v) { return size(v, 0, UINT64_MAX); }
static int ok_percent(const char *v) { return number(v, 1, 100); }
static int ok_version(const char *v) { return number(v, 0, 1); }
static int ok_links(const char *v) { return number(v, 1, 1 << 20); }
static int ok_dir_links(const char *v) { return number(v, 0, UINT32_MAX); }

static int ok_flag(const char *v)
{
	static const char *const words[] = { "yes", "no", NULL };

	return is_word(v, words);
}

static int ok_align(const char *v)
{
	static const char *const words[] = { "auto", "always", "never", NULL };

	return is_word(v, words);
}

static int ok_layout(const char *v)
{
	static const char *const words[] = { "balanced", "trickle", NULL };

	return is_word(v, words);
}

static int ok_estimate(const char *v)
{
	static const char *const words[] = { "links", "block", "disabled", NULL };

	return is_word(v, words);
}

static int ok_compress(const char *v)
{
	static const char *const words[] = { "off", "zstd", NULL };

	return is_word(v, words) || (!strncmp(v, "zstd:", 5) && number(v + 5, 1, 19));
}

static int ok_inline(const char *v)
{
	static const char *const words[] = { "yes", "no", NULL };

	return is_word(v, words) || number(v, 0, MH_DIGEST_MAX);
}

static int ok_hash(const char *v)
{
	uint64_t code;

	return mh_by_name(v, &code) == 0;
}

static int ok_fanout(const char *v)
{
	uint64_t n;

	return num_parse(v, &n) == 0 && n >= 8 && n <= 1024 && !(n & (n - 1));
}

/* size-N, rabin[-avg | -min-avg-max], buzhash, default; the numbers' sense is the unixfs room's */
static int ok_chunker(const char *v)
{
	static const char *const words[] = { "default", "buzhash", "rabin", NULL };
	int parts, want_one = !strncmp(v, "size-", 5);
	const char *p;

	if (is_word(v, words))
		return 1;
	if (!want_one && strncmp(v, "rabin-", 6) != 0)
		return 0;
	p = strchr(v, '-') + 1;
	for (parts = 1;; parts++) {
		size_t digits;

		if (!want_one && isalpha((unsigned char)*p))	/* rabin-min:16-avg:32-max:64 */
			p += strcspn(p, ":") + (strchr(p, ':') != NULL);
		digits = strspn(p, "0123456789");
		if (digits == 0 || digits > 10)
			return 0;
		p += digits;
		if (!*p)
			return parts == 1 || (!want_one && parts == 3);
		if (*p++ != '-' || want_one)
			return 0;
	}
}

static const struct key {
	const char *name, *otherwise;
	int (*ok)(const char *value);
	const char *wants, *help;
} keys[] = {
	{ "store.segment", "256MiB", ok_segment, "a size from 64KiB to 3GiB",
	  "size at which a segment is full" },
	{ "store.compress", "off", ok_compress, "off, zstd or zstd:LEVEL (1 to 19)",
	  "compress blocks where it saves an eighth" },
	{ "store.align", "auto", ok_align, "auto, always or never",
	  "pad large blocks so that extents can be shared with files" },
	{ "store.max", "0", ok_size, "a size, 0 for none",
	  "quota: bytes on disk of the whole store" },
	{ "store.batch", "256MiB", ok_batch, "a size of at least 1MiB",
	  "bytes written before an automatic commit" },
	{ "gc.compact", "40", ok_percent, "1 to 100",
	  "percent of a segment that must be dead before it is compacted" },
	{ "import.chunker", "size-262144", ok_chunker,
	  "size-N, rabin[-MIN-AVG-MAX], buzhash or default", "how files are cut" },
	{ "import.layout", "balanced", ok_layout, "balanced or trickle",
	  "shape of the tree over a file" },
	{ "import.cid-version", "", ok_version, "0 or 1", "version of new CIDs" },
	{ "import.raw-leaves", "", ok_flag, "yes or no", "leaves of files are raw blocks" },
	{ "import.hash", "sha2-256", ok_hash, "the name of a hash function",
	  "hash function of new CIDs" },
	{ "import.inline", "no", ok_inline, "no, yes or a number of bytes up to 128",
	  "blocks up to so many bytes go into their CID" },
	{ "import.max-links", "174", ok_links, "a number from 1", "links of a file's node" },
	{ "import.dir-max-links", "0", ok_dir_links, "a number, 0 for no limit",
	  "links of a directory before it is sharded" },
	{ "import.hamt-fanout", "256", ok_fanout, "a power of two from 8 to 1024",
	  "width of a sharded directory" },
	{ "import.hamt-threshold", "262144", ok_size, "a size, 0 for never",
	  "size of a directory before it is sharded" },
	{ "import.hamt-estimate", "links", ok_estimate, "links, block or disabled",
	  "how the size of a directory is estimated" },
};
enum { N_KEYS = sizeof keys / sizeof *keys };

static const struct profile {
	const char *name, *version, *raw, *chunker, *links, *threshold, *fanout, *estimate;
} profiles[] = {
	{ "unixfs-v0-2015", "0", "no", "size-262144", "174", "262144", "256", "links" },
	{ "legacy-cid-v0", "0", "no", "size-262144", "174", "262144", "256", "links" },
	{ "unixfs-v1-2025", "1", "yes", "size-1048576", "1024", "262144", "256", "block" },
	{ "test-cid-v1", "1", "yes", "size-1048576", "174", "262144", "256", "links" },
	{ "test-cid-v1-wide", "1", "yes", "size-1048576", "1024", "1048576", "1024", "links" },
};
enum { N_PROFILES = sizeof profiles / sizeof *profiles };

static int key_of(struct span name)
{
	int i;

	for (i = 0; i < N_KEYS; i++)
		if (span_equal(name, span_str(keys[i].name)))
			return i;
	return -1;
}

static struct span trim(struct span s)
{
	while (s.len && strchr(" \t\r", s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && strchr(" \t\r", s.p[s.len - 1]))
		s.len--;
	return s;
}

static int line_add(struct config *c, const struct line *l)
{
	struct line *more = realloc(c->lines, (c->n + 1) * sizeof *more);

	if (!more)
		return err_nomem();
	c->lines = more;
	c->lines[c->n++] = *l;
	return 0;
}

static void line_clear(struct line *l)
{
	free(l->text);
	free(l->value);
}

/* a piece of someone's text for a message: printable and short */
static char *shown(struct span s, char out[64])
{
	size_t i, n = s.len < 60 ? s.len : 60;

	for (i = 0; i < n; i++)
		out[i] = s.p[i] >= ' ' && s.p[i] < 0x7f ? (char)s.p[i] : '?';
	out[n] = 0;
	return out;
}

static int parse_line(struct config *c, struct span text, int number_of)
{
	struct span s = trim(text), name, value;
	struct line l = { .key = -1 };
	const uint8_t *eq;
	char show[64];
	size_t i;
	int rc;

	if (memchr(text.p, 0, text.len))
		return err_set(ERR_INVALID, "config line %d: a NUL byte", number_of);
	l.text = strndup((const char *)text.p, text.len);
	if (!l.text)
		return err_nomem();
	if (s.len == 0 || s.p[0] == '#')
		goto add;
	rc = ERR_INVALID;
	eq = memchr(s.p, '=', s.len);
	if (!eq) {
		err_set(rc, "config line %d: no '=' in '%s'", number_of, shown(s, show));
		goto fail;
	}
	name = trim(span_of(s.p, (size_t)(eq - s.p)));
	value = trim(span_of(eq + 1, (size_t)(s.p + s.len - eq - 1)));
	l.key = key_of(name);
	if (l.key < 0) {
		err_set(rc, "config line %d: unknown key '%s'", number_of, shown(name, show));
		goto fail;
	}
	for (i = 0; i < c->n; i++)
		if (c->lines[i].key == l.key) {
			err_set(rc, "config line %d: '%s' is set a second time", number_of,
				keys[l.key].name);
			goto fail;
		}
	l.value = strndup((const char *)value.p, value.len);
	if (!l.value) {
		rc = err_nomem();
		goto fail;
	}
	if (!keys[l.key].ok(l.value)) {
		err_set(rc, "config line %d: '%s' is not a value of '%s', which wants %s",
			number_of, shown(value, show), keys[l.key].name, keys[l.key].wants);
		goto fail;
	}
add:
	rc = line_add(c, &l);
	if (rc == 0)
		return 0;
fail:
	line_clear(&l);
	return rc;
}

int config_parse(struct config **out, struct span text)
{
	struct config *c = calloc(1, sizeof *c);
	int number_of = 0, rc = 0;

	*out = NULL;
	if (!c)
		return err_nomem();
	if (text.len > CONFIG_MAX)
		rc = err_set(ERR_INVALID, "the configuration has more than %d bytes", CONFIG_MAX);
	while (rc == 0 && text.len) {
		const uint8_t *lf = memchr(text.p, '\n', text.len);
		size_t len = lf ? (size_t)(lf - text.p) : text.len;

		rc = parse_line(c, span_of(text.p, len), ++number_of);
		len += lf != NULL;
		text = span_of(text.p + len, text.len - len);
	}
	if (rc < 0) {
		config_free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void config_free(struct config *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < c->n; i++)
		line_clear(&c->lines[i]);
	free(c->lines);
	free(c);
}

static struct line *line_of(const struct config *c, int key)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->lines[i].key == key)
			return &c->lines[i];
	return NULL;
}

static int key_or_complain(const char *key)
{
	int i = key_of(span_str(key));
	char show[64];

	if (i < 0)
		return err_set(ERR_USAGE, "unknown key '%s'; 'ipfrs-config list' lists them",
			       shown(span_str(key), show));
	return i;
}

int config_get(const struct config *c, const char *key, const char **value)
{
	int i = key_or_complain(key);
	struct line *l;

	if (i < 0)
		return i;
	l = line_of(c, i);
	*value = l ? l->value : keys[i].otherwise;
	return 0;
}

int config_set(struct config *c, const char *key, const char *value)
{
	int i = key_or_complain(key), rc;
	struct line *l, fresh = { .key = i };
	char show[64];

	if (i < 0)
		return i;
	l = line_of(c, i);
	if (!value) {
		if (l) {
			line_clear(l);
			memmove(l, l + 1, (size_t)(c->lines + --c->n - l) * sizeof *l);
		}
		return 0;
	}
	if (!keys[i].ok(value))
		return err_set(ERR_USAGE, "'%s' is not a value of '%s', which wants %s",
			       shown(span_str(value), show), keys[i].name, keys[i].wants);
	fresh.value = strdup(value);
	if (!fresh.value)
		return err_nomem();
	if (l) {
		line_clear(l);
		*l = fresh;
		return 0;
	}
	rc = line_add(c, &fresh);
	if (rc < 0)
		line_clear(&fresh);
	return rc;
}

int config_format(const struct config *c, struct buf *text)
{
	size_t i, was = text->len;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->n; i++) {
		const struct line *l = &c->lines[i];

		rc = l->text ? buf_printf(text, "%s\n", l->text)
			     : buf_printf(text, "%s = %s\n", keys[l->key].name, l->value);
	}
	if (rc < 0)
		text->len = was;
	return rc;
}

int config_each(const struct config *c, int i, const char **key, const char **value,
		int *set, const char **help)
{
	struct line *l;

	if (i < 0 || i >= N_KEYS)
		return 0;
	l = line_of(c, i);
	*key = keys[i].name;
	*value = l ? l->value : keys[i].otherwise;
	*set = l != NULL;
	*help = keys[i].help;
	return 1;
}

const char *config_profile_name(int i)
{
	return i >= 0 && i < N_PROFILES ? profiles[i].name : NULL;
}

int config_profile(struct config *c, const char *name)
{
	const struct profile *p = NULL;
	char show[64];
	int i, rc = 0;

	for (i = 0; i < N_PROFILES; i++)
		if (!strcmp(name, profiles[i].name))
			p = &profiles[i];
	if (!p)
		return err_set(ERR_NOTFOUND, "no profile '%s'", shown(span_str(name), show));
	{
		const char *const sets[][2] = {
			{ "import.cid-version", p->version }, { "import.raw-leaves", p->raw },
			{ "import.chunker", p->chunker }, { "import.layout", "balanced" },
			{ "import.hash", "sha2-256" }, { "import.max-links", p->links },
			{ "import.dir-max-links", "0" }, { "import.hamt-fanout", p->fanout },
			{ "import.hamt-threshold", p->threshold },
			{ "import.hamt-estimate", p->estimate },
		};
		size_t k;

		for (k = 0; rc == 0 && k < sizeof sets / sizeof *sets; k++)
			rc = config_set(c, sets[k][0], sets[k][1]);
	}
	return rc;
}

int store_config_load(const char *path, struct config **c)
{
	struct buf text = BUF_INIT(CONFIG_MAX);
	int dirfd, rc;

	*c = NULL;
	rc = layout_open(path, &dirfd);
	if (rc < 0)
		return rc;
	rc = io_slurp_file(dirfd, "config", &text);
	if (rc == 0 || rc == ERR_NOTFOUND)	/* without a file everything is at its default */
		rc = config_parse(c, buf_span(&text));
	if (rc < 0)
		rc = err_add(rc, "'%s/config'", path);
	buf_clear(&text);
	close(dirfd);
	return rc;
}

int store_config_save(const char *path, const struct config *c)
{
	struct buf text = BUF_INIT(2 * CONFIG_MAX);
	struct tmpfile t = { .fd = -1, .slot = -1 };
	int dirfd = -1, rc;

	rc = layout_open(path, &dirfd);
	if (rc == 0)
		rc = config_format(c, &text);
	if (rc == 0)
		rc = tmpfile_open(&t, dirfd, "config", 0644);
	if (rc == 0)
		rc = io_write(t.fd, text.data, text.len, "config");
	if (rc == 0)
		rc = tmpfile_commit(&t, 1);
	tmpfile_close(&t);
	buf_clear(&text);
	if (dirfd >= 0)
		close(dirfd);
	return rc;
}
