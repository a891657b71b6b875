/* cmd_config.c - the config file as Kubo's commands see it: config/... */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf.h"
#include "key/key.h"

/* ---- answers ---- */

/* {"Key":…,"Value":…}; as text the value, a string without quotes */
static int tell_field(struct call *c, const char *key, const struct node *nd, size_t at, int silent)
{
	struct buf json = BUF_INIT(2 * CONF_MAX), text = BUF_INIT(2 * CONF_MAX);
	int rc = buf_u8(&json, '{');

	if (rc == 0)
		rc = json_field(&json, "Key", span_str(key));
	if (rc == 0)
		rc = json_key(&json, "Value");
	if (rc == 0)
		rc = conf_put(nd, at, -1, &json);
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0 && !silent)
		rc = nd->step[at].kind == NODE_STRING ? buf_add(&text, node_span(nd, at)) : conf_put(nd, at, 0, &text);
	if (rc == 0 && !silent)
		rc = buf_u8(&text, '\n');
	if (rc == 0)
		rc = call_one(c, buf_span(&json), silent ? span_of("", 0) : buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- keys ---- */

/* one of the parts of `key` after the other is one of `glob`, as far as both go */
static int matches(const char *key, const char *const glob[])
{
	const char *part = key, *dot;
	size_t n;

	for (; part && *glob; glob++, part = dot ? dot + 1 : NULL) {
		dot = strchr(part, '.');
		n = dot ? (size_t)(dot - part) : strlen(part);
		if (strcmp(*glob, "*") && (strlen(*glob) != n || strncasecmp(*glob, part, n)))
			return 0;
	}
	return 1;
}

static int forbidden(const char *key)
{
	static const char *const pins[] = { "Pinning", "RemoteServices", "*", "API", "Key", NULL };

	if (!strcasecmp(key, "Identity") || !strcasecmp(key, "Identity.PrivKey"))
		return err_set(ERR_DENIED, "cannot show or change private key through API");
	return matches(key, pins) ? err_set(ERR_DENIED, "cannot show or change pinning services credentials") : 0;
}

/* ---- get ---- */

/* an error of the text before, in quotes */
static int failed(int rc, const char *what, const char *tail)
{
	char *why = strdup(err_text());

	if (!why)
		return err_nomem();
	err_set(rc, *tail ? "failed to %s config value: %s%s" : "failed to %s config value: \"%s\"%s", what, why, tail);
	free(why);
	return rc;
}

static int get(struct call *c, const char *key)
{
	struct node shown = NODE_INIT;
	struct conf d;
	size_t at = 0;
	int rc = conf_open(c, &d);

	if (rc == 0)
		rc = conf_scrub(&shown, &d.all);
	if (rc == 0) {
		rc = conf_find(&shown, key, &at);
		if (rc < 0)
			failed(rc, "get", "");
	}
	if (rc > 0)
		rc = tell_field(c, key, &shown, at, 0);
	node_clear(&shown);
	conf_close(&d);
	return rc;
}

/* ---- set ---- */

struct change {
	const char *key;
	const struct node *value;
};

static const char *go_type(const struct node *nd, size_t at)
{
	switch (nd->step[at].kind) {
	case NODE_BOOL: return "bool";
	case NODE_INT:
	case NODE_FLOAT: return "number";
	case NODE_STRING: return "string";
	case NODE_LIST: return "array";
	case NODE_MAP: return "object";
	default: return "null";
	}
}

/* may the one stand where the other stood?  A list of addresses may be one of them, and the other way round. */
static int fits(const struct node *old, size_t o, const struct node *new)
{
	const char *a = go_type(old, o), *b = go_type(new, 0);
	int texts = old->step[o].kind == NODE_STRING || old->step[o].kind == NODE_LIST;

	return !strcmp(a, b) || !strcmp(a, "null") || !strcmp(b, "null") ||
	       (texts && (new->step[0].kind == NODE_STRING || new->step[0].kind == NODE_LIST));
}

/* Kubo knows what there is by its types; here it is what the document has, and whatever is below that */
static int may_set(const struct change *ch, const struct conf *d)
{
	const char *dot = strchr(ch->key, '.'), *part;
	size_t at = 0, first;
	int rc;

	if (!node_field(&d->base, 0, span_of(ch->key, dot ? (size_t)(dot - ch->key) : strlen(ch->key)), &first))
		return err_set(ERR_NOTFOUND, "%.*s not found", dot ? (int)(dot - ch->key) : (int)strlen(ch->key), ch->key);
	if (!strncasecmp(ch->key, "Identity.", 9))
		return err_set(ERR_NOTFOUND, "%s not found", ch->key);
	for (part = ch->key; part; part = dot ? dot + 1 : NULL) {
		dot = strchr(part, '.');
		if (part == dot || !*part)
			return err_set(ERR_NOTFOUND, "%s not found", ch->key);
	}
	rc = conf_find(&d->all, ch->key, &at);
	if (rc == ERR_NOTFOUND)
		return strstr(err_text(), "is not a map") && d->all.step[at].kind != NODE_NULL ? rc : 0;
	if (rc < 0 || fits(&d->all, at, ch->value))
		return rc < 0 ? rc : 0;
	return err_set(ERR_USAGE, "failure to decode config: json: cannot unmarshal %s into Go struct field %s of type %s",
		       go_type(ch->value, 0), ch->key, go_type(&d->all, at));
}

static int put_change(void *arg, const struct conf *d, struct node *out)
{
	const struct change *ch = arg;
	int rc = may_set(ch, d);

	if (rc < 0)
		return failed(rc, "set", " (maybe use --json?)");
	rc = conf_set(out, &d->file, 0, ch->key, ch->value, 0);
	return rc < 0 ? rc : 1;
}

/* the value as it was given: text, or with `bool` and `json` what that says */
static int value_of(struct call *c, const char *text, struct node *value)
{
	int rc;

	if (call_bool(c, "json")) {
		rc = codec_decode(CID_JSON, span_str(text), 0, value);
		return rc < 0 ? err_add(rc, "failed to unmarshal json. invalid JSON") : 0;
	}
	return call_bool(c, "bool") ? node_bool(value, !strcmp(text, "true")) :
				      node_add(value, NODE_STRING, span_str(text));
}

/* it is what it is, in any form; anything else would not be the node's */
static int set_peer(struct call *c, const struct node *value)
{
	struct node told = NODE_INIT;
	struct buf peer = BUF_INIT(CID_TEXT_MAX);
	struct key *k = NULL;
	struct cid id;
	int rc = key_self(c->k->path, &k);

	if (rc == 0 && (value->step[0].kind != NODE_STRING || key_id_parse(node_span(value, 0), &id) < 0 ||
			!cid_equal(&id, key_name(k))))
		rc = err_set(ERR_USAGE, "cannot set Identity.PeerID to a value that does not match the node's private key; use "
			     "'ipfs key rotate' to change the node identity");
	if (rc == 0)
		rc = key_id_peer(key_name(k), &peer);
	if (rc == 0)
		rc = node_add(&told, NODE_STRING, buf_span(&peer));
	if (rc == 0)
		rc = tell_field(c, c->arg[0], &told, 0, 1);
	node_clear(&told);
	buf_clear(&peer);
	key_free(k);
	return rc;
}

static int set(struct call *c, const char *key, const char *text)
{
	static const char *const hidden[] = { "API", "Authorizations", NULL };
	struct node value = NODE_INIT, nothing = NODE_INIT, shown = NODE_INIT;
	struct change ch = { key, &value };
	int rc = value_of(c, text, &value);

	if (rc == 0 && !strcasecmp(key, "Identity.PeerID")) {
		rc = set_peer(c, &value);
	} else if (rc == 0) {
		rc = conf_edit(c, put_change, &ch);
		if (rc == 0)
			rc = node_null(&nothing);
		if (rc == 0 && !strcasecmp(key, "API"))	/* what was given, without its secrets */
			rc = conf_scrub(&shown, &value);
		if (rc == 0)
			rc = tell_field(c, key, matches(key, hidden) ? &nothing : &value, 0, 1);
	}
	node_clear(&shown);
	node_clear(&nothing);
	node_clear(&value);
	return rc;
}

static int config(struct call *c)
{
	const char *key = c->arg[0];
	int rc = forbidden(key);

	if (rc < 0)
		return rc;
	if (c->n_args < 2)
		return get(c, key);
	if (call_bool(c, "expand-auto"))
		return err_set(ERR_USAGE, "--expand-auto can only be used for reading config values, not for setting them");
	return set(c, key, c->arg[1]);
}

/* ---- all of it ---- */

static int show(struct call *c)
{
	struct buf json = BUF_INIT(2 * CONF_MAX), text = BUF_INIT(2 * CONF_MAX);
	struct node shown = NODE_INIT;
	struct conf d;
	int rc = conf_open(c, &d);

	if (rc == 0)
		rc = conf_scrub(&shown, &d.all);
	if (rc == 0)
		rc = conf_put(&shown, 0, -1, &json);
	if (rc == 0)
		rc = conf_put(&shown, 0, 0, &text);
	if (rc == 0)
		rc = buf_u8(&text, '\n');
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	node_clear(&shown);
	conf_close(&d);
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* What a client cannot see it cannot give back: secrets that are not in the new one stay as they are. */
static int put_replaced(void *arg, const struct conf *d, struct node *out)
{
	const struct node *new = arg;
	struct node with = NODE_INIT;
	size_t at = 0, own;
	int rc, guarded = conf_find(&d->file, "API.Authorizations", &at) == 1;
	struct node none = NODE_INIT;

	own = 0;
	rc = node_open(&none, NODE_MAP, &own);
	if (rc == 0)
		rc = node_close(&none, own);
	own = 0;
	if (rc == 0 && guarded && conf_find(new, "API.Authorizations", &own) != 1) {
		rc = conf_set(&with, new, 0, "API.Authorizations", &d->file, at);
		new = &with;
	}
	if (rc == 0)
		rc = conf_set(out, new, 0, "Identity", &none, 0);	/* the key is not in the document */
	node_clear(&none);
	node_clear(&with);
	return rc < 0 ? rc : 1;
}

static int replace(struct call *c)
{
	struct buf text = BUF_INIT(CONF_MAX);
	struct node new = NODE_INIT;
	size_t at = 0;
	int rc = call_file(c);

	if (rc == 0)
		rc = call_slurp(c, &text);
	if (rc == 0 && (codec_decode(CID_JSON, buf_span(&text), 0, &new) < 0 || new.step[0].kind != NODE_MAP))
		rc = err_set(ERR_INVALID, "failed to decode file as config");
	if (rc == 0 && conf_find(&new, "Identity.PrivKey", &at) == 1)
		rc = err_set(ERR_DENIED, "setting private key with API is not supported");
	if (rc == 0)
		rc = conf_edit(c, put_replaced, &new);
	if (rc == 0)
		rc = call_empty(c);
	node_clear(&new);
	if (text.data)
		explicit_bzero(text.data, text.len);
	buf_clear(&text);
	return rc;
}

/* ---- the table ---- */

static const struct opt config_opts[] = {
	{ "bool", OPT_BOOL, NULL }, { "json", OPT_BOOL, NULL }, { "expand-auto", OPT_BOOL, NULL }, { 0 }
};
static const struct opt show_opts[] = { { "expand-auto", OPT_BOOL, NULL }, { 0 } };
static const struct opt apply_opts[] = { { "dry-run", OPT_BOOL, NULL }, { 0 } };
static const struct opt rm_opts[] = { { "all", OPT_BOOL, NULL }, { 0 } };

const struct command kubo_config_commands[] = {
	{ "bootstrap", NULL, NULL, show_opts, CMD_NO_STORE, bootstrap_list },
	{ "bootstrap/add", "peer...", NULL, NULL, CMD_STDIN | CMD_NO_STORE, bootstrap_add },
	{ "bootstrap/list", NULL, NULL, show_opts, CMD_NO_STORE, bootstrap_list },
	{ "bootstrap/rm", "peer...", NULL, rm_opts, CMD_STDIN | CMD_NO_STORE, bootstrap_rm },
	{ "bootstrap/rm/all", NULL, NULL, NULL, CMD_NO_STORE, bootstrap_rm_all },
	{ "config", "key! value", NULL, config_opts, CMD_NO_STORE, config },
	{ "config/profile/apply", "profile!", NULL, apply_opts, CMD_NO_STORE, config_profile_apply },
	{ "config/replace", NULL, "file!", NULL, CMD_FILE | CMD_NO_STORE, replace },
	{ "config/show", NULL, NULL, show_opts, CMD_NO_STORE, show },
	{ 0 }
};
