/* cmd_record.c - records of names in and out: name/get, name/put, name/inspect, routing/put */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_name.h"
#include "name/name.h"
#include "ops/cidfmt.h"

static const char offline[] = "this action must be run in online mode, try running 'ipfs daemon' first";
const char name_both[] = "cannot use both --allow-offline and --allow-delegated flags";
const char name_no_delegates[] = "no delegated publishers configured: add Ipns.DelegatedPublishers or use --allow-offline for "
	"local-only publishing";

int name_tell(struct call *c, const char *name, struct span value, const char *text)
{
	struct buf json = BUF_INIT(8 * NAME_VALUE_MAX);
	int rc = buf_u8(&json, '{');

	if (rc == 0)
		rc = json_field(&json, "Name", span_str(name));
	if (rc == 0)
		rc = json_field(&json, "Value", value);
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = call_one(c, buf_span(&json), span_str(text));
	buf_clear(&json);
	return rc;
}

int name_arg(const char *arg, struct cid *id)
{
	const char *name = strncmp(arg, "/ipns/", 6) ? arg : arg + 6;
	const struct mb_base *base;
	struct cid cid;
	int rc = key_id_parse(span_str(name), id);

	if (rc < 0 && *name != '1' && strncmp(name, "Qm", 2) && cidfmt_parse(name, &cid, &base) < 0)
		return err_add(ERR_INVALID, "failed to parse peer ID");
	return rc < 0 ? err_add(rc, "failed to parse peer ID") : 0;
}

int name_cmd_get(struct call *c)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct cid id;
	int rc = name_arg(c->arg[0], &id);

	if (rc == 0) {
		rc = name_get(c->st, &id, &bytes, NULL);
		if (rc == ERR_NOTFOUND)
			err_set(rc, "routing: not found");
	}
	if (rc == 0)
		rc = call_bytes(c, "application/vnd.ipfs.ipns-record", LEN_UNKNOWN);
	if (rc == 0)
		rc = sink_bytes(&c->r->sink, buf_span(&bytes));
	buf_clear(&bytes);
	return rc;
}

/* name_decode, in Kubo's words; what it has none for is told behind them */
static int decode(struct span bytes, struct name_record *r)
{
	const char *known;
	char *why;
	int rc = name_decode(bytes, r);

	if (rc == 0)
		return 0;
	known = strstr(err_text(), "not a protobuf") ? "proto: cannot parse invalid wire-format data" :
		strstr(err_text(), "no signatureV2 and data") ? "record is missing the dag-cbor data field" : err_text();
	why = strdup(known);
	rc = why ? err_set(rc, "record is malformed\n%s", why) : err_nomem();
	free(why);
	return rc;
}

/* what name_verify says, in Kubo's words */
static int reason(int rc)
{
	switch (rc) {
	case ERR_CORRUPT: return err_set(rc, "signature verification failed");
	case ERR_TIMEOUT: return err_set(rc, "record is expired");
	default: return rc;
	}
}

/* is it one of that name, and newer than what is here?  The same bytes again are good. */
static int may_put(struct call *c, const struct cid *id, struct span bytes, int here, struct name_record *r)
{
	struct buf old = BUF_INIT(NAME_RECORD_MAX);
	struct name_record now;
	int rc = decode(bytes, r);

	if (rc < 0)
		return err_add(rc, "invalid IPNS record");
	rc = reason(name_verify(bytes, id, NULL, NULL));
	if (rc < 0)
		return err_add(rc, "record validation failed");
	if (!here)
		return err_set(ERR_UNSUPPORTED, offline);
	if (!call_bool(c, "force") && name_get(c->st, id, &old, &now) == 0 && !span_equal(buf_span(&old), bytes) &&
	    now.sequence >= r->sequence)
		rc = err_set(ERR_DIFFER, "existing IPNS record has sequence %" PRIu64 " >= new record sequence %" PRIu64
			     ", use 'ipfs name put --force' to skip this check", now.sequence, r->sequence);
	buf_clear(&old);
	return rc;
}

static int read_record(struct call *c, struct buf *bytes)
{
	int rc = call_file(c);

	if (rc == 0)
		rc = call_slurp(c, bytes);
	return rc == ERR_LIMIT ? err_set(rc, "record exceeds maximum size of %d bytes", NAME_RECORD_MAX) : rc;
}

/* `force` is about the sequence; a record that is none is kept for nobody */
int name_cmd_put(struct call *c)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	int here = call_bool(c, "allow-offline"), delegated = call_bool(c, "allow-delegated");
	char text[CID_TEXT_MAX], line[CID_TEXT_MAX + 1] = "";
	struct name_record r;
	struct cid id;
	int rc = here && delegated ? err_set(ERR_USAGE, "%s", name_both) : delegated ? err_set(ERR_UNSUPPORTED, "%s", name_no_delegates) : 0;

	if (rc == 0 && (rc = name_arg(c->arg[0], &id)) < 0)
		err_add(rc, "invalid IPNS name");
	if (rc == 0)
		rc = read_record(c, &bytes);
	if (rc == 0 && !bytes.len)
		rc = err_set(ERR_INVALID, "record is empty");
	if (rc == 0)
		rc = may_put(c, &id, buf_span(&bytes), here, &r);
	if (rc == 0)
		rc = name_put(c->st, &id, buf_span(&bytes), call_bool(c, "force"));
	if (rc >= 0) {
		cid_text(&id, text);
		if (!call_bool(c, "quiet"))
			strcat(strcpy(line, text), "\n");
		rc = name_tell(c, text, r.value, line);
	}
	buf_clear(&bytes);
	return rc;
}

static int tell_put(struct call *c, const struct cid *id)
{
	struct buf json = BUF_INIT(4096), text = BUF_INIT(CID_TEXT_MAX);
	int rc = key_id_peer(id, &text);

	if (rc == 0)
		rc = buf_printf(&json, "{\"ID\":\"%s\",\"Type\":5,\"Responses\":null,\"Extra\":\"\"}", (char *)text.data);
	if (rc == 0)
		rc = buf_u8(&text, '\n');
	if (rc == 0)
		rc = call_value(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

int name_routing_put(struct call *c)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	const char *arg = c->arg[0];
	struct cid id;
	int rc = call_bool(c, "allow-offline") ? 0 :
		 err_set(ERR_UNSUPPORTED, "can't put while offline: pass `--allow-offline` to override");

	if (rc == 0 && (strncmp(arg, "/ipns/", 6) || strchr(arg + 6, '/')))
		rc = err_set(ERR_USAGE, "invalid key");
	if (rc == 0)
		rc = name_arg(arg, &id);
	if (rc == 0)
		rc = read_record(c, &bytes);
	if (rc == 0)
		rc = reason(name_put(c->st, &id, buf_span(&bytes), 0));
	if (rc >= 0)
		rc = tell_put(c, &id);
	buf_clear(&bytes);
	return rc;
}

/* ---- inspect ---- */

/* as encoding/hex's Dump */
static int hex_dump(struct span s, struct buf *out)
{
	size_t at, i;
	int rc = 0;

	for (at = 0; rc == 0 && at < s.len; at += 16) {
		rc = buf_printf(out, "%08zx", at);
		for (i = at; rc == 0 && i < at + 16; i++) {
			rc = i % 8 ? 0 : buf_u8(out, ' ');
			if (rc == 0)
				rc = i < s.len ? buf_printf(out, " %02x", s.p[i]) : buf_str(out, "   ");
		}
		if (rc == 0)
			rc = buf_str(out, "  |");
		for (i = at; rc == 0 && i < at + 16 && i < s.len; i++)
			rc = buf_u8(out, s.p[i] < 32 || s.p[i] > 126 ? '.' : s.p[i]);
		if (rc == 0)
			rc = buf_str(out, "|\n");
	}
	return rc;
}

struct inspection {
	struct name_record r;
	size_t size;
	int verified, valid;
	char name[CID_TEXT_MAX];
	struct buf why, when, dump;
};

static int put_validation(const struct inspection *x, struct buf *json)
{
	int rc = json_key(json, "Validation");

	if (rc < 0 || !x->verified)
		return rc < 0 ? rc : buf_str(json, "null");
	rc = buf_u8(json, '{');
	if (rc == 0)
		rc = json_bool(json, "Valid", x->valid);
	if (rc == 0)
		rc = json_field(json, "Reason", buf_span(&x->why));
	if (rc == 0)
		rc = json_field(json, "Name", span_str(x->name));
	return rc < 0 ? rc : buf_u8(json, '}');
}

static const char *signatures(const struct inspection *x)
{
	return x->r.sig_v1.len || x->r.old_value.len ? "V1+V2" : "V2";
}

static int inspect_json(const struct inspection *x, struct buf *json)
{
	int rc = buf_str(json, "{\"Entry\":{");

	if (rc == 0)
		rc = json_field(json, "Value", x->r.value);
	if (rc == 0)
		rc = json_num(json, "ValidityType", 0);
	if (rc == 0)
		rc = json_field(json, "Validity", buf_span(&x->when));
	if (rc == 0)
		rc = json_num(json, "Sequence", x->r.sequence);
	if (rc == 0)
		rc = json_num(json, "TTL", x->r.ttl_ns);
	if (rc == 0)
		rc = buf_u8(json, '}');
	if (rc == 0)
		rc = json_num(json, "PbSize", x->size);
	if (rc == 0)
		rc = json_field(json, "SignatureType", span_str(signatures(x)));
	if (rc == 0)
		rc = json_field(json, "HexDump", buf_span(&x->dump));
	if (rc == 0)
		rc = put_validation(x, json);
	return rc < 0 ? rc : buf_u8(json, '}');
}

/* two columns; name and value are theirs to escape */
static int inspect_text(const struct inspection *x, struct buf *text)
{
	struct buf rows = BUF_INIT(8 * NAME_VALUE_MAX), ttl = BUF_INIT(64);
	int rc = call_duration_text((int64_t)x->r.ttl_ns, &ttl);

	if (rc == 0)
		rc = buf_str(&rows, "Value:\t");
	if (rc == 0)
		rc = json_str(&rows, x->r.value);
	if (rc == 0)
		rc = buf_printf(&rows, "\nValidity Type:\t0\nValidity:\t\"%s\"\nSequence:\t%" PRIu64 "\nTTL:\t%s\n"
				"Protobuf Size:\t%zu\nSignature Type:\t%s\n", (char *)x->when.data, x->r.sequence,
				(char *)ttl.data, x->size, signatures(x));
	if (rc == 0)
		rc = call_columns(buf_span(&rows), text);
	buf_reset(&rows);
	if (rc == 0 && !x->verified)
		rc = buf_str(text, "\nThis record was not verified. Pass '--verify k51...' to verify.\n");
	else if (rc == 0)
		rc = buf_printf(&rows, "\tValid:\t%s\n", x->valid ? "true" : "false");
	if (rc == 0 && x->why.len)
		rc = buf_printf(&rows, "\tReason:\t%s\n", (char *)x->why.data);
	if (rc == 0 && x->verified)
		rc = buf_printf(&rows, "\tName:\t%s\n", x->name);
	if (rc == 0 && x->verified)
		rc = buf_str(text, "\nValidation results:\n");
	if (rc == 0)
		rc = call_columns(buf_span(&rows), text);
	if (rc == 0 && x->dump.len)
		rc = buf_printf(text, "\nHex Dump:\n%s", (char *)x->dump.data);
	buf_clear(&ttl);
	buf_clear(&rows);
	return rc;
}

static int validate(struct call *c, struct span bytes, struct inspection *x)
{
	struct cid id;
	int rc = name_arg(call_text(c, "verify"), &id);

	if (rc < 0)
		return rc;
	x->verified = 1;
	cid_text(&id, x->name);
	rc = reason(name_verify(bytes, &id, NULL, NULL));
	x->valid = rc == 0;
	return rc == 0 || rc == ERR_NOMEM ? rc : buf_str(&x->why, err_text());
}

int name_cmd_inspect(struct call *c)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX), json = BUF_INIT(512 * 1024), text = BUF_INIT(512 * 1024);
	struct inspection x = { .why = BUF_INIT(4096), .when = BUF_INIT(64), .dump = BUF_INIT(8 * NAME_RECORD_MAX) };
	int rc = read_record(c, &bytes);

	if (rc == 0)
		rc = decode(buf_span(&bytes), &x.r);
	x.size = bytes.len;
	if (rc == 0)
		rc = name_time_format(&x.r.ends, &x.when);
	if (rc == 0 && call_given(c, "verify"))
		rc = validate(c, buf_span(&bytes), &x);
	if (rc == 0 && call_bool(c, "dump"))
		rc = hex_dump(buf_span(&bytes), &x.dump);
	if (rc == 0)
		rc = inspect_json(&x, &json);
	if (rc == 0)
		rc = inspect_text(&x, &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&x.why);
	buf_clear(&x.when);
	buf_clear(&x.dump);
	buf_clear(&text);
	buf_clear(&json);
	buf_clear(&bytes);
	return rc;
}
