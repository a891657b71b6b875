/* ls.c - what is in a directory, and how names are shown */
#include "base/err.h"
#include "base/json.h"
#include "ops/read.h"

/* the path is a file: one entry, named by the last segment of the path */
static int lone(struct dag_source *src, const char *path, const struct cid *cid,
		const struct unixfs_stat *stat, int (*fn)(void *arg, const struct unixfs_visit *v),
		void *arg)
{
	struct unixfs_dirent e = { .cid = *cid, .tsize = stat->cumulative };
	struct unixfs_visit v = { .entry = &e, .stat = stat };
	struct buf target = BUF_INIT(DAG_BLOCK_MAX);
	char text[CID_TEXT_MAX];
	struct dag_path parts;
	const char *name;
	int rc = dag_path_parse(&parts, path);

	if (rc < 0)
		return rc;
	name = strrchr(parts.rest, '/');
	name = name ? name + 1 : parts.rest;
	e.name = v.path = span_str(*name ? name : cid_text(cid, text));
	if (stat->type == UNIXFS_SYMLINK)
		rc = unixfs_readlink(src, cid, &target);
	v.target = buf_span(&target);
	if (rc == 0)
		rc = fn(arg, &v);
	buf_clear(&target);
	dag_path_clear(&parts);
	return rc;
}

int ops_ls_from(struct dag_source *src, const char *path, const struct ops_ls *opts,
		int (*fn)(void *arg, const struct unixfs_visit *v), void *arg)
{
	struct unixfs_tree t = { .recursive = opts->recursive, .want_stat = opts->look, .fn = fn,
				 .arg = arg };
	struct unixfs_stat stat;
	struct cid cid;
	int rc = unixfs_resolve(src, path, &cid);

	if (rc == 0)
		rc = unixfs_stat(src, &cid, &stat);
	if (rc < 0)
		return rc;
	if (!unixfs_is_dir(stat.type))
		return lone(src, path, &cid, &stat, fn, arg);
	return unixfs_tree(src, &cid, &t);
}

int ops_ls(struct store *st, const char *path, const struct ops_ls *opts,
	   int (*fn)(void *arg, const struct unixfs_visit *v), void *arg)
{
	return ops_ls_from(store_source(st), path, opts, fn, arg);
}

const char *ops_type_name(enum unixfs_type type)
{
	switch (type) {
	case UNIXFS_DIRECTORY:
	case UNIXFS_HAMT:
		return "directory";
	case UNIXFS_SYMLINK:
		return "symlink";
	case UNIXFS_METADATA:
		return "metadata";
	default:
		return "file";
	}
}

/* ---- names on a line ---- */

/* Characters that move the cursor, turn the text around or cannot be seen (Unicode Cc, Cf, Zl, Zp,
 * the spaces other than U+0020, private use, noncharacters). */
static int hidden(uint32_t c)
{
	static const uint32_t range[][2] = {
		{ 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f }, { 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x1680, 0x1680 },
		{ 0x180e, 0x180e }, { 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
		{ 0x3000, 0x3000 }, { 0xe000, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x110bd, 0x110bd }, { 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a }, { 0xe0000, 0xe007f }, { 0xf0000, 0x10ffff }
	};
	size_t i;

	for (i = 0; i < sizeof range / sizeof *range; i++)
		if (c >= range[i][0] && c <= range[i][1])
			return 1;
	return c < 0x20;
}

/* the character at p and its length in bytes; 0: not UTF-8 */
static size_t character(struct span s, uint32_t *c)
{
	size_t n = *s.p < 0x80 ? 1 : *s.p < 0xe0 ? 2 : *s.p < 0xf0 ? 3 : 4, i;

	if (n > s.len || !utf8_valid(span_of(s.p, n)))
		return 0;
	*c = n == 1 ? *s.p : *s.p & (0x7fu >> n);
	for (i = 1; i < n; i++)
		*c = *c << 6 | (s.p[i] & 0x3f);
	return n;
}

static int escape(struct buf *out, uint32_t c)
{
	static const char plain[] = "abtnvfr";		/* of 7 to 13 */

	if (c == '\\')
		return buf_str(out, "\\\\");
	if (c >= 7 && c <= 13)
		return buf_printf(out, "\\%c", plain[c - 7]);
	if (c < 0x80)
		return buf_printf(out, "\\x%02x", (unsigned)c);
	return buf_printf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
}

int ops_name_text(struct span name, struct buf *out)
{
	int rc = 0;

	while (rc == 0 && name.len) {
		uint32_t c = 0;
		size_t n = character(name, &c);

		if (n == 0)
			rc = buf_printf(out, "\\x%02x", *name.p);
		else if (c == '\\' || hidden(c))
			rc = escape(out, c);
		else
			rc = buf_bytes(out, name.p, n);
		n += n == 0;
		name = span_of(name.p + n, name.len - n);
	}
	return rc;
}

int ops_name_form(struct span name, enum ops_form form, struct buf *out)
{
	return form == OPS_PLAIN ? buf_add(out, name) : ops_name_text(name, out);
}
