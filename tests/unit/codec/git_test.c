/* git_test - git objects as nodes and back */
#include "codec/codec.h"
#include "golden.h"

static struct node nd = NODE_INIT, other = NODE_INIT;

/* ---- objects made by git ---- */

static size_t n_links;

static int count(void *arg, const struct cid *cid, struct span name)
{
	(void)arg;
	CHECK(cid->codec == CID_GIT_RAW && cid->len == 24 && name.len == 0);
	n_links++;
	return 0;
}

static size_t links_of(const struct node *n)
{
	size_t i, links = 0;

	for (i = 0; i < n->n; i++)
		links += n->step[i].kind == NODE_LINK;
	return links;
}

static void object(char **col)
{
	struct span block = unit_hex(col[1]), sha = unit_hex(col[0]);
	struct buf out = BUF_INIT(BLOCK_MAX);
	struct cid cid;

	NEED(codec_decode(CID_GIT_RAW, block, CODEC_STRICT, &nd) == 0);
	NEED(codec_encode(CID_GIT_RAW, &nd, 0, &out) == 0);
	if (!span_equal(buf_span(&out), block))
		printf("# %s\n%s\n", col[2], (const char *)out.data + strlen((char *)out.data) + 1);
	CHECK(span_equal(buf_span(&out), block));
	block = buf_span(&out);
	NEED(cid_sum(&cid, 1, CID_GIT_RAW, MH_SHA1, &block, 1) == 0);
	CHECK(memcmp(cid.bytes + 4, sha.p, 20) == 0);
	n_links = 0;
	CHECK(codec_links(CID_GIT_RAW, block, count, NULL) == 0);
	CHECK(n_links == links_of(&nd));
	if (strcmp(col[3], "-") != 0) {
		/* Kubo's text of it; and from there back to git's bytes */
		NEED(codec_decode(CID_DAG_JSON, span_str(col[3]), CODEC_STRICT, &other) == 0);
		if (!node_equal(&nd, 0, &other, 0))
			printf("# %s\n", col[2]);
		CHECK(node_equal(&nd, 0, &other, 0));
		buf_reset(&out);
		NEED(codec_encode(CID_GIT_RAW, &other, 0, &out) == 0);
		CHECK(span_equal(buf_span(&out), unit_hex(col[1])));
	}
	buf_clear(&out);
}

static void objects(void)
{
	CHECK(golden_each("tests/golden/git-raw/objects.tsv", object) == 18);
}

/* ---- by hand ---- */

#define ID "1234567890123456789012345678901234567890"

/* the object with this body */
static struct span with_header(const char *kind, const char *body)
{
	size_t len = strlen(body);
	char *s = unit_kept(len + 40);
	int n = sprintf(s, "%s %zu", kind, len);

	memcpy(s + n + 1, body, len);
	return span_of(s, (size_t)n + 1 + len);
}

/* the text of a path of two keys, or NULL */
static const char *text(const char *a, const char *b)
{
	size_t v = 0;
	char *s;

	if (!node_field(&nd, 0, span_str(a), &v) || (b && !node_field(&nd, v, span_str(b), &v)) ||
	    nd.step[v].kind != NODE_STRING)
		return NULL;
	s = unit_kept(nd.step[v].n + 1);
	memcpy(s, nd.step[v].p, nd.step[v].n);
	s[nd.step[v].n] = 0;
	return s;
}

static void persons(void)
{
	static const struct { const char *line, *name, *email, *date, *zone; } rows[] = {
		{ "A B <a@b> 12 +0100", "A B", "a@b", "12", "+0100" },
		{ "A  B <a@b> 12 +0100", "A  B", "a@b", "12", "+0100" },
		{ " <a@b> 12 +0100", "", "a@b", "12", "+0100" },
		{ "<a@b> 12 +0100", "", "a@b", "12", "+0100" },
		{ "A <> 12 +0100", "A", "", "12", "+0100" }, { "A <a@b>", "A", "a@b", "", "" },
		{ "A <a@b> 12", "A", "a@b", "12", "" }, { "A <a b, c> 12 +1", "A", "a b, c", "12", "+1" },
		{ "A<B <a@b> 12 +1 x", "A<B", "a@b", "12", "+1" }, { "A <a@b>> 1 2", "A", "a@b>", "1", "2" },
	};
	char body[300];
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sprintf(body, "tree " ID "\nauthor %s\n\nmessage", rows[i].line);
		NEED(codec_decode(CID_GIT_RAW, with_header("commit", body), 0, &nd) == 0);
		CHECK_STR(text("author", "name"), rows[i].name);
		CHECK_STR(text("author", "email"), rows[i].email);
		CHECK_STR(text("author", "date"), rows[i].date);
		CHECK_STR(text("author", "timezone"), rows[i].zone);
		CHECK_STR(text("message", NULL), "message");
	}
}

static void refused(void)
{
	static const struct { const char *kind, *body, *message; } rows[] = {
		{ "commit", "parent " ID "\n\n", "git-raw, offset 10: a commit without a tree" },
		{ "commit", "tree 12\n\n", "git-raw, offset 14: an id that is not 40 hex digits" },
		{ "commit", "tree " ID "\nauthor A\n\n",
		  "git-raw, offset 63: a person without an email in angle brackets" },
		{ "commit", "tree " ID "\ntree " ID "\n\n",
		  "git-raw, offset 61: a header that a commit has only once" },
		{ "tag", "type commit\n\n", "git-raw, offset 7: a tag without an object" },
		{ "tree", "x", "git-raw, offset 7: a mode of a tree entry that is not octal" },
		{ "tree", "100644 name", "git-raw, offset 15: a name of a tree entry without end" },
		{ "trea", "", "git-raw, offset 0: no kind of object (blob, tree, commit, tag)" },
	};
	static const char *const bytes[] = {
		"", "62", "626c6f62", "626c6f6220", "626c6f622030", "626c6f622d3000", "626c6f62203000ff",
		"626c6f6220303000", "626c6f622031360061", "626c6f622039393939393939393939393939393939393939393900",
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(codec_decode(CID_GIT_RAW, with_header(rows[i].kind, rows[i].body), 0, &nd) == ERR_INVALID);
		CHECK_STR(err_text(), rows[i].message);
	}
	for (i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
		CHECK_ERR(codec_decode(CID_GIT_RAW, unit_hex(bytes[i]), 0, &nd), ERR_INVALID);
		CHECK_ERR(codec_links(CID_GIT_RAW, unit_hex(bytes[i]), NULL, NULL), ERR_INVALID);
	}
}

static void trees_refused(void)
{
#define SHA_HEX "3132333435363738393031323334353637383930"
	static const struct { const char *hex, *message; } rows[] = {
		{ "7472656520323800" "31303036343420" "00" SHA_HEX,
		  "git-raw, offset 15: a tree entry without a name" },
		{ "7472656520323700" "31303036343420" "6100" "313233343536373839303132333435363738",
		  "git-raw, offset 16: an id of a tree entry that is cut short" },
		{ "7472656520353700" "31303036343420" "6100" SHA_HEX "343030303020" "6100" SHA_HEX,
		  "git-raw, offset 65: a tree has the same name twice" },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK(codec_decode(CID_GIT_RAW, unit_hex(rows[i].hex), 0, &nd) == ERR_INVALID);
		CHECK_STR(err_text(), rows[i].message);
	}
}

static void trees_are_put_in_the_order_of_git(void)
{
#define HASH "\"hash\":{\"/\":\"baf4bcfasgrlhreasgrlhreasgrlhreasgrlhrea\"}"
	static const char json[] =
		"{\"a\":{" HASH ",\"mode\":\"40000\"},\"a.b\":{" HASH ",\"mode\":\"100644\"},"
		"\"a0\":{" HASH ",\"mode\":\"100644\"}}";
	struct buf out = BUF_INIT(1000);

	NEED(codec_decode(CID_DAG_JSON, span_str(json), CODEC_STRICT, &other) == 0);
	NEED(codec_encode(CID_GIT_RAW, &other, 0, &out) == 0);
	NEED(codec_decode(CID_GIT_RAW, buf_span(&out), 0, &nd) == 0);
	CHECK(span_equal(node_span(&nd, 1), span_str("a.b")));
	CHECK(node_equal(&nd, 0, &other, 0));
	buf_clear(&out);
}

static void what_git_cannot_hold(void)
{
#define TREE "\"tree\":{\"/\":\"baf4bcfasgrlhreasgrlhreasgrlhreasgrlhrea\"}"
#define WHO(name, email, zone) "\"author\":{\"name\":\"" name "\",\"email\":\"" email "\"," \
	"\"date\":\"1\",\"timezone\":\"" zone "\"}"
	static const struct { const char *json; int rc; } rows[] = {
		{ "{" TREE "}", 0 }, { "{" TREE "," WHO("a", "b", "+1") "}", 0 },
		{ "{" TREE "," WHO("", "b", "+1") "}", 0 }, { "{" TREE ",\"author\":null}", 0 },
		{ "{" TREE "," WHO(" a", "b", "+1") "}", ERR_INVALID },
		{ "{" TREE "," WHO("a\\nb", "b", "+1") "}", ERR_INVALID },
		{ "{" TREE "," WHO("a <b", "b", "+1") "}", ERR_INVALID },
		{ "{" TREE "," WHO("a", "b> c", "+1") "}", ERR_INVALID },
		{ "{" TREE "," WHO("a", "b", "+1 x") "}", ERR_INVALID },
		{ "{" TREE ",\"other\":[\"HG:x\",\"gpgsig y\"]}", 0 },
		{ "{" TREE ",\"other\":[\"\"]}", ERR_INVALID }, { "{" TREE ",\"other\":[1]}", ERR_INVALID },
		{ "{" TREE ",\"other\":[\"author A <b>\"]}", ERR_INVALID },
		{ "{" TREE ",\"unknown\":1}", ERR_INVALID }, { "{" TREE ",\"message\":1}", ERR_INVALID },
		{ "{" TREE ",\"signature\":\"no space\\n\"}", ERR_INVALID },
		{ "{" TREE ",\"signature\":\" \\n x\\n\"}", 0 },
		{ "{\"tree\":{\"/\":\"bafkqaaa\"}}", ERR_INVALID },
		{ "{\"object\":{\"/\":\"baf4bcfasgrlhreasgrlhreasgrlhreasgrlhrea\"},\"type\":\"commit\"}", 0 },
		{ "{\"x\":{" HASH "}}", ERR_INVALID }, { "{\"x\":{" HASH ",\"mode\":\"9\"}}", ERR_INVALID },
		{ "{\"x\":{" HASH ",\"mode\":\"\"}}", ERR_INVALID }, { "{\"x\":1}", ERR_INVALID },
		{ "{\"\":{" HASH ",\"mode\":\"1\"}}", ERR_INVALID },
		{ "{\"x\":{" HASH ",\"mode\":\"1\",\"y\":1}}", ERR_INVALID },
		{ "{\"a\\u0000b\":{" HASH ",\"mode\":\"1\"}}", ERR_INVALID },
		{ "[]", ERR_INVALID }, { "{}", 0 }, { "{\"/\":{\"bytes\":\"AQI\"}}", ERR_INVALID },
	};
	struct buf out = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		NEED(codec_decode(CID_DAG_JSON, span_str(rows[i].json), 0, &nd) == 0);
		buf_reset(&out);
		if (codec_encode(CID_GIT_RAW, &nd, 0, &out) != rows[i].rc)
			printf("# %s\n", rows[i].json);
		buf_reset(&out);
		CHECK(codec_encode(CID_GIT_RAW, &nd, 0, &out) == rows[i].rc);
		CHECK(rows[i].rc == 0 || (strstr(err_text(), "not a git object: ") == err_text() && out.len == 0));
	}
	buf_clear(&out);
}

int main(void)
{
	RUN(objects);
	RUN(persons);
	RUN(refused);
	RUN(trees_refused);
	RUN(trees_are_put_in_the_order_of_git);
	RUN(what_git_cannot_hold);
	node_clear(&nd);
	node_clear(&other);
	return UNIT_END();
}
