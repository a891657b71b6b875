/* cmd_name.c - names published and followed; records in and out: name/... */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kubo_priv.h"
#include "name/name.h"
#include "ops/cidfmt.h"
#include "ops/key.h"
#include "ops/read.h"

enum { PATH_BYTES = 64 * 1024, LIFE_HOURS = 48, TTL_MINUTES = 5 };

#define NS INT64_C(1000000000)

static const char offline[] = "this action must be run in online mode, try running 'ipfs daemon' first";
static const char both[] = "cannot use both --allow-offline and --allow-delegated flags";
static const char no_delegates[] = "no delegated publishers configured: add Ipns.DelegatedPublishers or use "
	"--allow-offline for local-only publishing";

/* {"Name":…,"Value":…} */
static int tell_entry(struct call *c, const char *name, struct span value, const char *text)
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

/* ---- publish ---- */

static int lifetime(struct call *c, int64_t *life)
{
	const char *text = call_text(c, "lifetime");

	*life = LIFE_HOURS * 3600 * NS;
	if (!call_given(c, "lifetime"))
		return 0;
	if (call_duration(text, life) < 0)
		return err_add(ERR_USAGE, "error parsing lifetime option");
	return *life > 0 ? 0 : err_set(ERR_USAGE, "lifetime must be greater than zero, got %s", text);
}

static int too_long(int64_t ttl, int64_t life)
{
	struct buf a = BUF_INIT(64), b = BUF_INIT(64);
	int rc = call_duration_text(ttl, &a);

	if (rc == 0)
		rc = call_duration_text(life, &b);
	if (rc == 0)
		rc = err_set(ERR_USAGE, "ttl (%s) must not be greater than lifetime (%s)", (char *)a.data, (char *)b.data);
	buf_clear(&a);
	buf_clear(&b);
	return rc;
}

/* how long it is good, and how long others may keep it: as Kubo, the standard is cut where it would be too long */
static int times(struct call *c, struct name_create *n)
{
	int64_t life, ttl = TTL_MINUTES * 60 * NS;
	int rc = lifetime(c, &life);

	if (rc == 0 && call_given(c, "ttl"))
		rc = call_duration(call_text(c, "ttl"), &ttl);
	else if (ttl > life)
		ttl = life;
	if (rc == 0 && ttl < 0)
		rc = err_set(ERR_USAGE, "ttl must not be negative, got %s", call_text(c, "ttl"));
	if (rc == 0 && ttl > life)
		rc = too_long(ttl, life);
	if (rc < 0)
		return rc;
	n->ttl_ns = (uint64_t)ttl;
	clock_gettime(CLOCK_REALTIME, &n->ends);
	n->ends.tv_sec += (time_t)(life / NS);
	n->ends.tv_nsec += (long)(life % NS);
	if (n->ends.tv_nsec >= NS) {
		n->ends.tv_sec++;
		n->ends.tv_nsec -= (long)NS;
	}
	return 0;
}

/* there is something at its end */
static int leads_somewhere(struct call *c, const char *arg)
{
	struct buf path = BUF_INIT(PATH_BYTES);
	struct ops_place place = { 0 };
	uint64_t size;
	int rc = call_path(c, arg, &path);

	if (rc == 0)
		rc = ops_place_from(c->src, (const char *)path.data, &place);
	if (rc == 0)
		rc = c->src->size(c->src, &place.cid, &size);
	ops_place_clear(&place);
	buf_clear(&path);
	return rc;
}

static int signer(struct call *c, struct key **k)
{
	const char *who = call_text(c, "key");
	struct cid id;
	int rc = ops_key_find(c->k->path, who, k);

	if (rc != ERR_NOTFOUND && rc != ERR_USAGE)
		return rc;
	return err_set(ERR_NOTFOUND, "no key by the given name %swas found",
		       key_id_parse(span_str(who), &id) == 0 ? "or PeerID " : "");
}

/* a sequence that is asked for has to be a new one, also for the same value */
static int sequence(struct call *c, const struct key *k, uint64_t *seq)
{
	static const char old[] = "sequence number must be greater than the current record sequence";
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	int rc = 0;

	*seq = call_given(c, "sequence") ? call_uint(c, "sequence") : UINT64_MAX;
	if (*seq != UINT64_MAX && name_get(c->st, key_name(k), &bytes, &r) == 0 && r.sequence >= *seq)
		rc = err_set(ERR_DIFFER, "%s", old);
	buf_clear(&bytes);
	return rc;
}

static int tell_published(struct call *c, const struct key *k, struct span value)
{
	struct buf text = BUF_INIT(8 * NAME_VALUE_MAX);
	char name[CID_TEXT_MAX];
	int rc;

	cid_text(key_name(k), name);
	rc = call_bool(c, "quieter") ? buf_printf(&text, "%s\n", name) :
	     buf_printf(&text, "Published to %s: %.*s\n", name, (int)value.len, (const char *)value.p);
	if (rc == 0)
		rc = tell_entry(c, name, value, (const char *)text.data);
	buf_clear(&text);
	return rc;
}

static int sign_and_keep(struct call *c, struct name_create *n)
{
	struct key *k = NULL;
	int rc = signer(c, &k);

	if (rc == 0)
		rc = sequence(c, k, &n->sequence);
	if (rc == 0)
		rc = name_publish(c->st, k, n, NULL);
	if (rc == 0)
		rc = tell_published(c, k, n->value);
	key_free(k);
	return rc;
}

static int publish(struct call *c)
{
	struct buf value = BUF_INIT(NAME_VALUE_MAX);
	struct name_create n = { .v2_only = !call_bool(c, "v1compat") };
	int here = call_bool(c, "allow-offline"), delegated = call_bool(c, "allow-delegated");
	int rc = here && delegated ? err_set(ERR_USAGE, both) : times(c, &n);

	if (rc == 0)
		rc = call_path_as_given(c->arg[0], &value);
	if (rc == 0 && call_bool(c, "resolve"))
		rc = leads_somewhere(c, c->arg[0]);
	if (rc == 0 && !here)
		rc = err_set(ERR_UNSUPPORTED, delegated ? no_delegates :
			     "can't publish while offline: pass `--allow-offline` to override or `--allow-delegated` if "
			     "Ipns.DelegatedPublishers are set up");
	n.value = buf_span(&value);
	if (rc == 0)
		rc = sign_and_keep(c, &n);
	buf_clear(&value);
	return rc;
}

/* ---- resolve ---- */

/* what may be told: nothing here asks anybody else */
static int unresolved(const char *name, int rc)
{
	struct cid id;
	size_t n = strcspn(name, "/");

	if (rc == ERR_LIMIT)
		return err_set(rc, "could not resolve name (recursion limit exceeded)");
	if (rc != ERR_NOTFOUND)
		return rc;
	return key_id_parse(span_of(name, n), &id) == 0 ? err_set(rc, "could not resolve name") :
	       err_set(rc, "DNSLink lookup for \"%.*s.\" failed: could not resolve name: DNSLink lookup could not find a TXT record "
		       "(https://docs.ipfs.tech/concepts/dnslink/)", (int)n, name);
}

/* "X/rest" behind "/ipns/" */
static int follow(struct call *c, const char *path, struct buf *out)
{
	const char *name = path + 6;
	size_t n = strcspn(name, "/");
	int rc;

	if (call_bool(c, "recursive")) {
		rc = name_resolve(c->st, span_str(path), NULL, NULL, out, NULL);
	} else {
		rc = name_resolve_once(c->st, span_of(name, n), NULL, NULL, out, NULL);
		if (rc == 0)
			rc = buf_str(out, name + n);
	}
	return unresolved(name, rc);
}

/* the argument as a path of /ipns/ */
static int name_path(struct call *c, struct buf *path)
{
	const char *arg = c->n_args ? c->arg[0] : "";
	struct key *k = NULL;
	int rc;

	if (!c->n_args) {
		rc = key_self(c->k->path, &k);
		if (rc == 0)
			rc = buf_str(path, "/ipns/");
		if (rc == 0)
			rc = cid_format(key_name(k), NULL, path);
		key_free(k);
		return rc;
	}
	if (*arg == '/' || strchr(arg, ':'))
		rc = call_path_as_given(arg, path);
	else
		rc = *arg ? buf_printf(path, "/ipns/%s", arg) :
			    err_set(ERR_USAGE, "invalid path \"/ipns/\": path does not have enough components");
	if (rc == 0 && strncmp((char *)path->data, "/ipns/", 6))
		rc = err_set(ERR_USAGE, "\"%s\" is not an IPNS name", arg);
	return rc;
}

static int resolve(struct call *c)
{
	struct buf path = BUF_INIT(PATH_BYTES), out = BUF_INIT(PATH_BYTES), json = BUF_INIT(8 * PATH_BYTES);
	int64_t wait;
	int rc = call_duration(call_text(c, "dht-timeout"), &wait);

	if (rc == 0 && wait < 0)
		rc = err_set(ERR_USAGE, "DHT timeout value must be >= 0");
	if (rc == 0)
		rc = name_path(c, &path);
	if (rc == 0)
		rc = follow(c, (char *)path.data, &out);
	if (rc == 0)
		rc = buf_u8(&json, '{');
	if (rc == 0)
		rc = json_field(&json, "Path", buf_span(&out));
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = buf_u8(&out, '\n');
	if (rc == 0)
		rc = (call_bool(c, "stream") ? call_value : call_one)(c, buf_span(&json), buf_span(&out));
	buf_clear(&json);
	buf_clear(&out);
	buf_clear(&path);
	return rc;
}

/* ---- records ---- */

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

static int get(struct call *c)
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
static int put(struct call *c)
{
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	int here = call_bool(c, "allow-offline"), delegated = call_bool(c, "allow-delegated");
	char text[CID_TEXT_MAX], line[CID_TEXT_MAX + 1] = "";
	struct name_record r;
	struct cid id;
	int rc = here && delegated ? err_set(ERR_USAGE, both) : delegated ? err_set(ERR_UNSUPPORTED, no_delegates) : 0;

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
		rc = tell_entry(c, text, r.value, line);
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

static int inspect(struct call *c)
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

/* ---- pubsub: there is none ---- */

static int pubsub_state(struct call *c)
{
	return call_one(c, span_str("{\"Enabled\":false}"), span_str("disabled\n"));
}

static int no_pubsub(struct call *c)
{
	return call_client_error(c, "IPNS pubsub subsystem is not enabled");
}

/* ---- the table ---- */

static const struct opt publish_opts[] = {
	{ "key,k", OPT_STRING, "self" }, { "resolve", OPT_BOOL, "true" }, { "lifetime,t", OPT_STRING, NULL },
	{ "ttl", OPT_STRING, NULL }, { "quieter,Q", OPT_BOOL, NULL }, { "v1compat", OPT_BOOL, "true" },
	{ "allow-offline", OPT_BOOL, NULL }, { "allow-delegated", OPT_BOOL, NULL }, { "sequence", OPT_UINT64, NULL },
	{ "ipns-base", OPT_STRING, "base36" }, { NULL }
};
static const struct opt resolve_opts[] = {
	{ "recursive,r", OPT_BOOL, "true" }, { "nocache,n", OPT_BOOL, NULL }, { "dht-record-count,dhtrc", OPT_UINT, "16" },
	{ "dht-timeout,dhtt", OPT_STRING, "1m0s" }, { "stream,s", OPT_BOOL, NULL }, { NULL }
};
static const struct opt inspect_opts[] = { { "verify", OPT_STRING, NULL }, { "dump", OPT_BOOL, "true" }, { NULL } };
static const struct opt put_opts[] = {
	{ "force,f", OPT_BOOL, NULL }, { "allow-offline", OPT_BOOL, NULL }, { "allow-delegated", OPT_BOOL, NULL },
	{ "quiet,q", OPT_BOOL, NULL }, { NULL }
};
static const struct opt subs_opts[] = { { "ipns-base", OPT_STRING, "base36" }, { NULL } };

const struct command kubo_name_commands[] = {
	{ "name/get", "name!", NULL, NULL, 0, get },
	{ "name/inspect", NULL, "record!", inspect_opts, CMD_FILE | CMD_NO_STORE, inspect },
	{ "name/publish", "ipfs-path!", NULL, publish_opts, CMD_STDIN, publish },
	{ "name/pubsub/cancel", "name!", NULL, NULL, CMD_NO_STORE, no_pubsub },
	{ "name/pubsub/state", NULL, NULL, NULL, CMD_NO_STORE, pubsub_state },
	{ "name/pubsub/subs", NULL, NULL, subs_opts, CMD_NO_STORE, no_pubsub },
	{ "name/put", "name!", "record!", put_opts, CMD_FILE, put },
	{ "name/resolve", "name", NULL, resolve_opts, 0, resolve },
	{ NULL }
};
