/* cmd_name.c - names published and followed: name/... */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_name.h"
#include "name/name.h"
#include "ops/cidfmt.h"
#include "ops/key.h"
#include "ops/read.h"

enum { PATH_BYTES = 64 * 1024, LIFE_HOURS = 48, TTL_MINUTES = 5 };

#define NS INT64_C(1000000000)

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
		rc = name_tell(c, name, value, (const char *)text.data);
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
	int rc = here && delegated ? err_set(ERR_USAGE, "%s", name_both) : times(c, &n);

	if (rc == 0)
		rc = call_path_as_given(c->arg[0], &value);
	if (rc == 0 && call_bool(c, "resolve"))
		rc = leads_somewhere(c, c->arg[0]);
	if (rc == 0 && !here)
		rc = err_set(ERR_UNSUPPORTED, "%s", delegated ? name_no_delegates :
			     "can't publish while offline: pass `--allow-offline` to override or `--allow-delegated` if "
			     "Ipns.DelegatedPublishers are set up");
	n.value = buf_span(&value);
	if (rc == 0)
		rc = sign_and_keep(c, &n);
	buf_clear(&value);
	return rc;
}

/* ---- resolve ---- */

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
	return name_unresolved(path, rc);
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
	{ "ipns-base", OPT_STRING, "base36" }, { 0 }
};
static const struct opt resolve_opts[] = {
	{ "recursive,r", OPT_BOOL, "true" }, { "nocache,n", OPT_BOOL, NULL }, { "dht-record-count,dhtrc", OPT_UINT, "16" },
	{ "dht-timeout,dhtt", OPT_STRING, "1m0s" }, { "stream,s", OPT_BOOL, NULL }, { 0 }
};
static const struct opt inspect_opts[] = { { "verify", OPT_STRING, NULL }, { "dump", OPT_BOOL, "true" }, { 0 } };
static const struct opt put_opts[] = {
	{ "force,f", OPT_BOOL, NULL }, { "allow-offline", OPT_BOOL, NULL }, { "allow-delegated", OPT_BOOL, NULL },
	{ "quiet,q", OPT_BOOL, NULL }, { 0 }
};
static const struct opt subs_opts[] = { { "ipns-base", OPT_STRING, "base36" }, { 0 } };

const struct command kubo_name_commands[] = {
	{ "name/get", "name!", NULL, NULL, CMD_READS, name_cmd_get },
	{ "name/inspect", NULL, "record!", inspect_opts, CMD_FILE | CMD_NO_STORE, name_cmd_inspect },
	{ "name/publish", "ipfs-path!", NULL, publish_opts, CMD_STDIN, publish },
	{ "name/pubsub/cancel", "name!", NULL, NULL, CMD_NO_STORE, no_pubsub },
	{ "name/pubsub/state", NULL, NULL, NULL, CMD_NO_STORE, pubsub_state },
	{ "name/pubsub/subs", NULL, NULL, subs_opts, CMD_NO_STORE, no_pubsub },
	{ "name/put", "name!", "record!", put_opts, CMD_FILE, name_cmd_put },
	{ "name/resolve", "name", NULL, resolve_opts, CMD_READS, resolve },
	{ 0 }
};
