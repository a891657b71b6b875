/* add_opts.c - what people write for the options of adding, and what was added as one record */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "ops/add.h"
#include "ops/read.h"

int ops_add_mode(struct ops_add *o, const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 8);

	if (*end || end == text || *text < '0' || v > 07777)
		return err_set(ERR_USAGE, "'%s' is not an octal mode", text);
	o->meta.mode = (uint32_t)v;
	return 0;
}

int ops_add_mtime(struct ops_add *o, const char *text)
{
	long long seconds;
	uint32_t nsec = 0;
	int digits = 0;
	char *end;

	seconds = strtoll(text, &end, 10);
	if (*end == '.') {
		for (end++; *end >= '0' && *end <= '9' && digits < 9; end++, digits++)
			nsec = nsec * 10 + (uint32_t)(*end - '0');
		for (; digits < 9; digits++)
			nsec *= 10;
	}
	if (*end || end == text || *text == ' ')
		return err_set(ERR_USAGE, "'%s' is not a time in seconds", text);
	o->meta.mtime = seconds;
	o->meta.nsec = nsec;
	o->meta.has_mtime = 1;
	return 0;
}

int ops_add_preserve(struct ops_add *o, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ",");

		if (n == 4 && !strncmp(text, "mode", n))
			o->keep_mode = 1;
		else if (n == 5 && !strncmp(text, "mtime", n))
			o->keep_mtime = 1;
		else
			return err_set(ERR_USAGE, "mode, mtime or both can be preserved, not '%s'", text);
		text += n + (text[n] == ',');
	}
	return 0;
}

/* What the store asks for its own programs: who speaks for Kubo gets what Kubo would make. */
static int settings_of(struct ops_add *o, const struct config *c)
{
	const char *align;
	int rc = ops_add_config(o, c);

	if (rc == 0)
		rc = config_get(c, "import.tensor-align", &align);
	if (rc == 0)
		o->tensors = !strcmp(align, "yes");
	return rc;
}

int ops_add_open(struct ops_add *o, const char *path, int flags, const char *settings,
		 struct store **st)
{
	struct config *c;
	int rc;

	if (o->only_hash) {
		rc = store_config_load(path, &c);
		if (rc == 0) {
			rc = settings_of(o, c);
			config_free(c);
		} else if (rc == ERR_NOTFOUND) {	/* naming needs no store */
			rc = 0;
		}
	} else {
		rc = store_open(st, path, flags);
		if (rc == 0)
			rc = settings_of(o, store_config(*st));
	}
	return rc < 0 || !settings ? rc : ops_add_set(o, settings);
}

int ops_added_text(const struct ops_added *e, int plain, struct buf *out)
{
	int rc = cid_format(&e->node.cid, NULL, out);

	if (rc == 0)
		rc = buf_u8(out, '\t');
	if (rc < 0)
		return rc;
	return plain ? buf_str(out, e->path) : ops_name_text(span_str(e->path), out);
}

static int json_puts(const struct store_puts *p, struct buf *out)
{
	int rc = json_num(out, "blocks", p->n_blocks);

	if (rc == 0)
		rc = json_num(out, "bytes", p->bytes);
	if (rc == 0)
		rc = json_num(out, "shared_blocks", p->had_blocks);
	return rc < 0 ? rc : json_num(out, "shared_bytes", p->had_bytes);
}

int ops_added_json(const struct ops_added *e, struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc = buf_u8(out, '{');

	if (rc == 0)
		rc = json_field(out, "path", span_str(e->path));
	if (rc == 0)
		rc = json_field(out, "cid", span_str(cid_text(&e->node.cid, text)));
	if (rc == 0)
		rc = json_field(out, "type", span_str(ops_type_name(e->node.type)));
	if (rc == 0 && !unixfs_is_dir(e->node.type))
		rc = json_num(out, "size", e->node.size);
	if (rc == 0)
		rc = json_num(out, "cumulative", e->node.tsize);
	if (rc == 0 && e->puts.n_blocks)
		rc = json_puts(&e->puts, out);
	if (rc == 0)
		rc = json_bool(out, "root", e->root);
	return rc < 0 ? rc : buf_u8(out, '}');
}
