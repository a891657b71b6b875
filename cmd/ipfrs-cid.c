/* ipfrs-cid - convert CIDs, and tell what is in them */
#include <inttypes.h>
#include <string.h>

#include "base/progress.h"
#include "cmd/cmd.h"
#include "multi/cid.h"
#include "multi/mb.h"
#include "ops/cidfmt.h"
#include "ops/explain.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'b', "base", "format: print in this multibase" },
	{ 'C', "version", "format: convert to this version, 0 or 1" },
	{ 'c', "codec", "format: convert to this codec" },
	{ 'e', "file", "explain: this file or folder" },
	{ 'f', "format", "format: print this text, with %s, %h and others replaced" },
	{ 'j', NULL, "inspect: print JSON lines" },
	{ 0 }
};
static const struct cmd_info info = {
	"ipfrs-cid", "[cid ...]", "convert CIDs, and tell what is in them", opts
};

enum { RECORD_MAX = 65536 };

/* one CID as text to one record: a verb of this program */
typedef int make_record(const char *text, void *arg, struct buf *out);

static int each(make_record *make, void *arg)
{
	struct buf out = BUF_INIT(RECORD_MAX);
	const char *text;
	int rc;

	while (cmd_next(&text)) {
		buf_reset(&out);
		rc = make(text, arg, &out);
		if (out.len && (rc == 0 || out.data[0] == '{'))	/* JSON tells its errors, too */
			cmd_record(buf_span(&out));
		if (rc == ERR_USAGE)
			cmd_usage("%s", err_text());	/* nothing of the kind can be made */
		if (rc < 0)
			cmd_complain(rc, text);
	}
	buf_clear(&out);
	return 0;
}

static struct cid_convert convert = CID_CONVERT_NONE;
static const char *template = "%s", *file;
static int json;

static int format_one(const char *text, void *arg, struct buf *out)
{
	const struct mb_base *base;
	struct cid cid;
	int rc = cid_parse(span_str(text), &cid, &base);

	(void)arg;
	if (rc == 0)
		rc = cid_convert_apply(&convert, &cid, base, &cid, &base);
	return rc < 0 ? rc : cidfmt_write(&cid, base, template, out);
}

static int format(struct store *st)
{
	int rc = cid_convert_check(&convert);

	(void)st;
	if (rc == 0)
		rc = cidfmt_check(template);
	if (rc < 0)
		cmd_usage("%s", err_text());
	return each(format_one, NULL);
}

static int base32(struct store *st)
{
	(void)st;
	convert = (struct cid_convert){ .version = 1, .base = mb_by_name("base32") };
	return each(format_one, NULL);
}

static int inspect_one(const char *text, void *arg, struct buf *out)
{
	int rc, *told = arg;

	if (json)
		return cid_inspect_json(text, out);
	rc = *told ? buf_u8(out, '\n') : 0;	/* an empty line between two */
	if (rc == 0)
		rc = cid_inspect_text(text, out);
	if (rc == 0) {
		out->len--;			/* the record brings its own end */
		*told = 1;
	}
	return rc;
}

static int inspect(struct store *st)
{
	int told = 0;

	(void)st;
	return each(inspect_one, &told);
}

static int rows(int (*row)(int i, struct buf *out))
{
	struct buf out = BUF_INIT(RECORD_MAX);
	int i, rc = 1;

	for (i = 0; rc > 0; i++) {
		buf_reset(&out);
		rc = row(i, &out);
		if (rc > 0 && out.len)
			cmd_record(buf_span(&out));
	}
	buf_clear(&out);
	return rc;
}

static int bases(struct store *st)
{
	(void)st;
	return rows(cidlist_base);
}

static int codecs(struct store *st)
{
	(void)st;
	return rows(cidlist_codec);
}

static int hashes(struct store *st)
{
	(void)st;
	return rows(cidlist_hash);
}

struct explained {
	const char *cid;
	struct progress progress;
};

static int explained(void *arg, const char *options, const struct cid *got)
{
	const struct explained *x = arg;
	char text[CID_TEXT_MAX];
	struct cid cid;

	if (cid_parse(span_str(x->cid), &cid, NULL) == 0 && !cid_equal(&cid, got))
		cmd_print("%s\t%s\t%s", x->cid, options, cid_text(got, text));
	else
		cmd_print("%s\t%s", x->cid, options);
	return 0;
}

static int reading(void *arg, uint64_t bytes)
{
	progress_add(&((struct explained *)arg)->progress, bytes, 0);
	return 0;
}

/* which options of ipfrs-add give the file these CIDs? */
static int explain(struct store *st)
{
	struct explained x;
	const struct ops_explain how = { explained, reading, &x };
	struct cid cid;
	int rc;

	(void)st;
	if (!file)
		cmd_usage("'-e' with a file is needed");
	while (cmd_next(&x.cid)) {
		rc = cid_parse(span_str(x.cid), &cid, NULL);
		progress_start(&x.progress, "reading", 0, 1);
		if (rc == 0)
			rc = ops_explain(file, &cid, &how);
		progress_end(&x.progress);
		if (rc == 0)
			rc = err_set(ERR_NOTFOUND, "no options known here give '%s' this CID", file);
		if (rc < 0)
			cmd_complain(rc, x.cid);
	}
	return 0;
}

static void option(int c)
{
	uint64_t version;

	switch (c) {
	case 'b':
		convert.base = mb_by_name(cmd_arg());
		if (!convert.base)
			cmd_usage("%s", err_text());
		break;
	case 'C':
		version = cmd_count();
		if (version > 1)
			cmd_usage("a CID has version 0 or 1, not %" PRIu64, version);
		convert.version = (int)version;
		break;
	case 'c':
		if (codec_by_name(cmd_arg(), &convert.codec) < 0)
			cmd_usage("%s", err_text());
		convert.have_codec = 1;
		break;
	case 'e': file = cmd_arg(); break;
	case 'f': template = cmd_arg(); break;
	case 'j': json = 1; break;
	}
}

static const struct cmd_verb verbs[] = {
	{ "format", "0bCcf", "[cid ...]", "print CIDs in another form", 0, -1, format, CMD_NO_STORE },
	{ "base32", "0", "[cid ...]", "print as CIDv1 in base32", 0, -1, base32, CMD_NO_STORE },
	{ "inspect", "0j", "[cid ...]", "tell what is in CIDs", 0, -1, inspect, CMD_NO_STORE },
	{ "explain", "0e", "[cid ...]", "find the options of ipfrs-add that give a file these CIDs",
	  0, -1, explain, CMD_NO_STORE },
	{ "bases", "0", "", "list the multibases", 0, 0, bases, CMD_NO_STORE },
	{ "codecs", "0", "", "list the codecs", 0, 0, codecs, CMD_NO_STORE },
	{ "hashes", "0", "", "list the hashes", 0, 0, hashes, CMD_NO_STORE },
	{ 0 }
};

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c, rc;

	cmd_start(&info, argc, argv);
	/* -e says enough: the verb may be left out */
	verb = argc > 1 && !strncmp(argv[1], "-e", 2) ? cmd_pick_as(verbs, "explain") :
	       cmd_pick(verbs);
	while ((c = cmd_getopt()) != -1)
		option(c);
	rc = verb->run(NULL);
	return rc < 0 ? cmd_fail(rc) : cmd_finish();
}
