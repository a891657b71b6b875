#include "opstore.h"

static const char *shown(const char *name, size_t len)
{
	static struct buf out = { .max = 4096 };

	buf_reset(&out);
	if (buf_str(&out, "") < 0 || ops_name_text(span_of(name, len), &out) < 0)
		return "(failed)";
	return (char *)out.data;
}

static void names_for_a_terminal(void)
{
	static const struct { const char *name, *text; } rows[] = {
		{ "plain name.txt", "plain name.txt" },
		{ "ünï \"quoted\"", "ünï \"quoted\"" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },		/* an emoji is a picture */
		{ "a\\b", "a\\\\b" },
		{ "\a\b\t\n\v\f\r", "\\a\\b\\t\\n\\v\\f\\r" },
		{ "\x1b[2J", "\\x1b[2J" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b", "\\u009b" },			/* CSI, as one character */
		{ "\xe2\x80\x8b\xe2\x80\xae", "\\u200b\\u202e" },
		{ "\xef\xbb\xbf", "\\ufeff" },
		{ "\xf3\xa0\x80\x81", "\\U000e0001" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* a surrogate */
		{ "\xe2\x82", "\\xe2\\x82" },			/* cut off */
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_STR(shown(rows[i].name, strlen(rows[i].name)), rows[i].text);
	CHECK_STR(shown("a\0b", 3), "a\\x00b");
}

struct seen {
	int n, depth, rc;
	char name[64], target[64];
	enum unixfs_type type;
};

static int note(void *arg, const struct unixfs_visit *v)
{
	struct seen *s = arg;

	s->n++;
	s->depth = v->depth;
	s->rc = v->rc;
	snprintf(s->name, sizeof s->name, "%.*s", (int)v->path.len, (const char *)v->path.p);
	snprintf(s->target, sizeof s->target, "%.*s", (int)v->target.len, (const char *)v->target.p);
	s->type = v->stat ? v->stat->type : UNIXFS_METADATA;
	return 0;
}

static void directories_and_single_files(void)
{
	struct store *st = opstore();
	struct ops_ls plain = { 0 }, look = { .look = 1 }, deep = { .recursive = 1 };
	struct oplink l[2] = { { .name = "f" }, { .name = "l" } }, top = { .name = "d" };
	struct seen s = { 0 };
	struct cid dir;

	l[0].cid = opblock(st, 1, CID_RAW, span_str("hello"));
	l[1].cid = opblock(st, 1, CID_DAG_PB, unit_hex("0a07080412036c6e6b"));
	top.cid = opdir(st, l, 2);
	dir = opdir(st, &top, 1);
	NEED(store_commit(st) == 0);
	CHECK(ops_ls(st, oppath(&dir, ""), &plain, note, &s) == 0);
	CHECK(s.n == 1 && s.depth == 1 && s.type == UNIXFS_METADATA);		/* not looked at */
	CHECK(ops_ls(st, oppath(&dir, ""), &look, note, &s) == 0);
	CHECK(s.n == 2 && s.type == UNIXFS_DIRECTORY);
	CHECK(ops_ls(st, oppath(&dir, ""), &deep, note, &s) == 0);
	CHECK(s.n == 5 && s.depth == 2);
	CHECK_STR(s.name, "d/l");
	CHECK_STR(s.target, "lnk");
	CHECK(ops_ls(st, oppath(&dir, "/d/l"), &plain, note, &s) == 0);
	CHECK(s.n == 6 && s.depth == 0 && s.type == UNIXFS_SYMLINK);
	CHECK_STR(s.name, "l");
	CHECK_STR(s.target, "lnk");
	CHECK(ops_ls(st, oppath(&l[0].cid, "/"), &plain, note, &s) == 0);
	CHECK(!strncmp(s.name, "bafkrei", 7) && s.type == UNIXFS_RAW);
	CHECK_ERR(ops_ls(st, oppath(&dir, "/x"), &plain, note, &s), ERR_NOTFOUND);
	store_close(st);
}

static void types_have_names(void)
{
	CHECK_STR(ops_type_name(UNIXFS_RAW), "file");
	CHECK_STR(ops_type_name(UNIXFS_FILE), "file");
	CHECK_STR(ops_type_name(UNIXFS_DIRECTORY), "directory");
	CHECK_STR(ops_type_name(UNIXFS_HAMT), "directory");
	CHECK_STR(ops_type_name(UNIXFS_SYMLINK), "symlink");
	CHECK_STR(ops_type_name(UNIXFS_METADATA), "metadata");
}

int main(void)
{
	RUN(names_for_a_terminal);
	RUN(directories_and_single_files);
	RUN(types_have_names);
	return UNIT_END();
}
