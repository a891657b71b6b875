/* config.c - the configuration: one `key = value` a line */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/tmpfile.h"
#include "config_keys.h"
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

	for (i = 0; config_keys[i].name; i++)
		if (span_equal(name, span_str(config_keys[i].name)))
			return i;
	return -1;
}

static int n_keys(void)
{
	int n = 0;

	while (config_keys[n].name)
		n++;
	return n;
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
				config_keys[l.key].name);
			goto fail;
		}
	l.value = strndup((const char *)value.p, value.len);
	if (!l.value) {
		rc = err_nomem();
		goto fail;
	}
	if (!config_keys[l.key].ok(l.value)) {
		err_set(rc, "config line %d: '%s' is not a value of '%s', which wants %s",
			number_of, shown(value, show), config_keys[l.key].name, config_keys[l.key].wants);
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
	*value = l ? l->value : config_keys[i].otherwise;
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
	if (!config_keys[i].ok(value))
		return err_set(ERR_USAGE, "'%s' is not a value of '%s', which wants %s",
			       shown(span_str(value), show), config_keys[i].name, config_keys[i].wants);
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
			     : buf_printf(text, "%s = %s\n", config_keys[l->key].name, l->value);
	}
	if (rc < 0)
		text->len = was;
	return rc;
}

int config_each(const struct config *c, int i, const char **key, const char **value,
		int *set, const char **help)
{
	struct line *l;

	if (i < 0 || i >= n_keys())
		return 0;
	l = line_of(c, i);
	*key = config_keys[i].name;
	*value = l ? l->value : config_keys[i].otherwise;
	*set = l != NULL;
	*help = config_keys[i].help;
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
