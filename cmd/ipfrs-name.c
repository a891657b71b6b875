/* ipfrs-name - what names stand for: IPNS records, made, read, kept and followed */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/num.h"
#include "base/tmpfile.h"
#include "cmd/cmd.h"
#include "name/name.h"
#include "ops/key.h"
#include "ops/read.h"

enum { HOUR = 3600, MINUTE = 60, DAY = 86400, NS = 1000000000, PATH_ROOM = 65536 };

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ '1', NULL, "resolve: one step only" },
	{ '2', NULL, "publish: without the copies for old readers" },
	{ 'e', "number", "publish: the sequence of the record (default: the next)" },
	{ 'f', NULL, "publish: a path that need not lead anywhere; put: a record that counts less" },
	CMD_OPT_J,
	{ 'k', "key", "publish: sign with this key (default: self)" },
	{ 'o', "file", "get, publish: write the record to this file, - is standard output" },
	{ 't', "time", "publish: how long the record is good (default: 48h)" },
	{ 'T', "time", "publish: how long others may keep the answer (default: 5m)" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-name", "[name ...]", "publish names, and find what they stand for", opts
};

static int once, v2_only, force, json;
static const char *key = "self", *output;
static uint64_t sequence = UINT64_MAX, life = 48 * HOUR, ttl = 5 * MINUTE;
static struct buf line = { .max = 1 << 20 };

/* "48h", "1h30m", "90" (seconds): a sum of numbers with units, in seconds */
static uint64_t duration(const char *text)
{
	static const char units[] = "smhd";
	static const uint64_t secs[] = { 1, MINUTE, HOUR, DAY };
	const char *p = text, *unit;
	uint64_t sum = 0, v;

	if (!*p)
		cmd_usage("'%s' is no time, like 48h or 1h30m", text);
	while (*p) {
		size_t n = strspn(p, "0123456789");
		char number[21];

		if (n == 0 || n >= sizeof number)
			cmd_usage("'%s' is no time, like 48h or 1h30m", text);
		snprintf(number, sizeof number, "%.*s", (int)n, p);
		p += n;
		unit = *p ? strchr(units, *p) : units;
		if (!unit || num_parse(number, &v) < 0 || num_mul(v, secs[unit - units], &v) < 0 ||
		    num_add(sum, v, &sum) < 0)
			cmd_usage("'%s' is no time, like 48h or 1h30m", text);
		p += *p != 0;
	}
	if (sum > (uint64_t)INT64_MAX / NS)
		cmd_usage("'%s' is too long", text);
	return sum;
}

/* an operand that is a name: any text form of an id, with /ipns/ in front or not, or a key of the store */
static int name_of(const char *text, struct cid *id)
{
	struct key *k = NULL;
	int rc;

	if (!strncmp(text, "/ipns/", 6))
		text += 6;
	if (key_id_parse(span_str(text), id) == 0)
		return 0;
	rc = key_name_check(text) == 0 ? key_load(cmd_store(), text, &k) : ERR_NOTFOUND;
	if (rc == ERR_NOTFOUND)
		return err_set(ERR_USAGE, "neither a name nor a key of the store");
	if (rc == 0)
		*id = *key_name(k);
	key_free(k);
	return rc;
}

/* ---- records as text ---- */

static int number_line(const char *what, uint64_t v)
{
	return buf_printf(&line, "%s\t%" PRIu64 "%c", what, v, cmd_end());
}

static int describe(const struct name_record *r, size_t size)
{
	const char *kind = r->sig_v1.len ? "V1+V2" : "V2";
	int rc;

	buf_reset(&line);
	if (json) {
		if ((rc = buf_u8(&line, '{')) == 0 && (rc = json_field(&line, "value", r->value)) == 0 &&
		    (rc = json_field(&line, "validity", r->validity)) == 0 &&
		    (rc = json_num(&line, "sequence", r->sequence)) == 0 &&
		    (rc = json_num(&line, "ttl_ns", r->ttl_ns)) == 0 &&
		    (rc = json_num(&line, "size", size)) == 0 &&
		    (rc = json_field(&line, "signatures", span_str(kind))) == 0)
			rc = buf_u8(&line, '}');
		if (rc == 0)
			cmd_record(buf_span(&line));
		return rc;
	}
	if ((rc = buf_str(&line, "value\t")) == 0 && (rc = ops_name_text(r->value, &line)) == 0 &&
	    (rc = buf_printf(&line, "%cvalidity\t%.*s%c", cmd_end(), (int)r->validity.len,
			     (const char *)r->validity.p, cmd_end())) == 0 &&
	    (rc = number_line("sequence", r->sequence)) == 0 &&
	    (rc = buf_printf(&line, "ttl\t%" PRIu64 ".%09" PRIu64 "%c", r->ttl_ns / NS, r->ttl_ns % NS,
			     cmd_end())) == 0 && (rc = number_line("size", size)) == 0 &&
	    (rc = buf_printf(&line, "signatures\t%s", kind)) == 0)
		cmd_record(buf_span(&line));
	return rc;
}

static int read_record(const char *file, struct buf *bytes)
{
	int fd = cmd_open(file), rc;

	if (fd < 0)
		return fd;
	rc = io_slurp(fd, bytes, cmd_shown(file));
	cmd_close(fd);
	return rc;
}

static int write_record(struct span bytes)
{
	struct tmpfile t;
	int rc;

	if (!output || !strcmp(output, "-"))
		return io_write(STDOUT_FILENO, bytes.p, bytes.len, "standard output");
	rc = tmpfile_open_any(&t, output, 0666);
	if (rc < 0)
		return rc;
	rc = io_write(t.fd, bytes.p, bytes.len, output);
	if (rc == 0)
		rc = tmpfile_commit(&t, 0);
	tmpfile_close(&t);
	return rc;
}

/* ---- the verbs ---- */

/* "CID/a" is "/ipfs/CID/a"; it must lead somewhere, unless -f */
static int value_of(struct store *st, const char *path, struct buf *value)
{
	struct ops_place place = { 0 };
	int rc;

	if (!strncmp(path, "/ipns/", 6))
		return buf_str(value, path);
	rc = buf_printf(value, "%s%s", *path == '/' ? "" : "/ipfs/", path);
	if (rc == 0 && !force) {
		rc = ops_resolve_place(st, (char *)value->data, &place);
		ops_place_clear(&place);
	}
	return rc;
}

static int publish(struct store *st)
{
	struct buf value = BUF_INIT(NAME_VALUE_MAX), record = BUF_INIT(NAME_RECORD_MAX);
	struct name_create c = { .sequence = sequence, .ttl_ns = (ttl < life ? ttl : life) * NS,
				 .v2_only = v2_only };
	struct key *k = NULL;
	struct cid id;
	char text[CID_TEXT_MAX];
	int rc;

	if (life == 0)
		cmd_usage("a record that is good for no time");
	clock_gettime(CLOCK_REALTIME, &c.ends);
	c.ends.tv_sec += (time_t)life;
	rc = ops_key_find(cmd_store(), key, &k);
	if (rc == ERR_NOTFOUND && key_name_check(key) == 0 && key_id_parse(span_str(key), &id) < 0)
		rc = err_set(rc, "no key named '%s'; run 'ipfrs-key gen %s'", key, key);
	if (rc == 0)
		rc = value_of(st, cmd_operand(0), &value);
	c.value = buf_span(&value);
	if (rc == 0)
		rc = name_publish(st, k, &c, &record);
	if (rc == 0 && output)
		rc = write_record(buf_span(&record));
	else if (rc == 0)
		cmd_print("%s\t%s", cid_text(key_name(k), text), (char *)value.data);
	key_free(k);
	buf_clear(&record);
	buf_clear(&value);
	return rc;
}

static int resolve_one(struct store *st, const char *name)
{
	struct buf out = BUF_INIT(PATH_ROOM), path = BUF_INIT(PATH_ROOM);
	struct cid id;
	char text[CID_TEXT_MAX];
	size_t n;
	int rc;

	if (!strncmp(name, "/ipns/", 6))
		name += 6;
	n = strcspn(name, "/");
	rc = buf_bytes(&path, name, n);
	if (rc == 0 && n && (rc = name_of((char *)path.data, &id)) == 0)
		rc = once ? 0 : buf_printf(&out, "/ipns/%s%s", cid_text(&id, text), name + n);
	else if (rc == 0)
		rc = err_set(ERR_USAGE, "no name");
	buf_reset(&path);
	if (rc == 0 && once)
		rc = name_resolve_once(st, span_str(cid_text(&id, text)), NULL, NULL, &path, NULL);
	else if (rc == 0)
		rc = name_resolve(st, buf_span(&out), NULL, NULL, &path, NULL);
	if (rc == 0 && once)
		rc = buf_str(&path, name + n);
	if (rc == 0)
		cmd_record(buf_span(&path));
	buf_clear(&path);
	buf_clear(&out);
	return rc;
}

static int resolve(struct store *st)
{
	return cmd_each(st, resolve_one);
}

static int inspect(struct store *st)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	const char *file = cmd_operand(0) ? cmd_operand(0) : "-";
	struct name_record r;
	int rc = read_record(file, &bytes);

	(void)st;
	if (rc == 0)
		rc = name_decode(buf_span(&bytes), &r);
	if (rc == 0)
		rc = describe(&r, bytes.len);
	buf_clear(&bytes);
	return rc;
}

static int verify(struct store *st)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	struct cid id;
	int rc = name_of(cmd_operand(0), &id);

	(void)st;
	if (rc < 0)
		return err_add(rc, "%s", cmd_operand(0));
	rc = read_record(cmd_operand(1) ? cmd_operand(1) : "-", &bytes);
	if (rc == 0)
		rc = name_verify(buf_span(&bytes), &id, NULL, &r);
	if (rc == 0 && !cmd_quiet())
		rc = describe(&r, bytes.len);
	buf_clear(&bytes);
	return rc;
}

static int put(struct store *st)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct cid id;
	int rc = name_of(cmd_operand(0), &id);

	if (rc < 0)
		return err_add(rc, "%s", cmd_operand(0));
	rc = read_record(cmd_operand(1) ? cmd_operand(1) : "-", &bytes);
	if (rc == 0)
		rc = name_put(st, &id, buf_span(&bytes), force);
	if (rc == 0)
		cmd_note("the record that is here counts as much, and stays");
	buf_clear(&bytes);
	return rc < 0 ? rc : 0;
}

static int get(struct store *st)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct cid id;
	int rc = name_of(cmd_operand(0), &id);

	if (rc < 0)
		return err_add(rc, "%s", cmd_operand(0));
	rc = name_get(st, &id, &bytes, NULL);
	if (rc == 0)
		rc = write_record(buf_span(&bytes));
	buf_clear(&bytes);
	return rc;
}

static int ls_one(void *arg, const struct cid *id)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	char text[CID_TEXT_MAX];
	struct name_record r;
	int rc = name_get(arg, id, &bytes, &r);

	cid_text(id, text);
	buf_reset(&line);
	if (rc < 0)
		cmd_complain(rc, text);
	else if (json) {
		if ((rc = buf_u8(&line, '{')) == 0 && (rc = json_field(&line, "name", span_str(text))) == 0 &&
		    (rc = json_field(&line, "value", r.value)) == 0 &&
		    (rc = json_field(&line, "validity", r.validity)) == 0 &&
		    (rc = json_num(&line, "sequence", r.sequence)) == 0 && (rc = buf_u8(&line, '}')) == 0)
			cmd_record(buf_span(&line));
	} else if ((rc = buf_printf(&line, "%s\t", text)) == 0 &&
		   (rc = ops_name_form(r.value, cmd_zero() ? OPS_PLAIN : OPS_TEXT, &line)) == 0) {
		cmd_record(buf_span(&line));
	}
	buf_clear(&bytes);
	return rc == ERR_NOMEM || rc == ERR_LIMIT ? rc : 0;
}

static int ls(struct store *st)
{
	return name_each(st, ls_one, st);
}

static int rm_one(struct store *st, const char *name)
{
	struct cid id;
	int rc = name_of(name, &id);

	return rc < 0 ? rc : name_remove(st, &id);
}

static int rm(struct store *st)
{
	return cmd_each(st, rm_one);
}

static const struct cmd_verb verbs[] = {
	{ "publish", "2efkotT", "path", "make a name stand for a path", 1, 1, publish, STORE_READ },
	{ "resolve", "01", "[name ...]", "print what names stand for", 0, -1, resolve, STORE_READ },
	{ "inspect", "0j", "[file]", "tell what is in a record", 0, 1, inspect, CMD_NO_STORE },
	{ "verify", "0j", "name [file]", "check that a record is a good one of a name", 1, 2, verify,
	  CMD_NO_STORE },
	{ "put", "f", "name [file]", "keep a record", 1, 2, put, STORE_READ },
	{ "get", "o", "name", "write the record of a name", 1, 1, get, STORE_READ },
	{ "ls", "0j", "", "list the names there are records of", 0, 0, ls, STORE_READ },
	{ "rm", "0", "[name ...]", "forget the records of names", 0, -1, rm, STORE_READ },
	{ 0 }
};

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c;

	cmd_start(&info, argc, argv);
	verb = cmd_pick(verbs);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case '1': once = 1; break;
		case '2': v2_only = 1; break;
		case 'e': sequence = cmd_count(); break;
		case 'f': force = 1; break;
		case 'j': json = 1; break;
		case 'k': key = cmd_arg(); break;
		case 'o': output = cmd_arg(); break;
		case 't': life = duration(cmd_arg()); break;
		case 'T': ttl = duration(cmd_arg()); break;
		}
	}
	c = cmd_run(verb);
	buf_clear(&line);
	return c;
}
