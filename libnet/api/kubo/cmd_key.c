/* cmd_key.c - the keys of the store: key/... */
#include <stdlib.h>
#include <string.h>

#include "kubo_priv.h"
#include "ops/key.h"

enum { LIST_MAX = 4 * 1024 * 1024, FIXED_BITS = 256 };

/* ---- ids ---- */

int id_base(struct call *c, const char *option, struct id_base *b)
{
	const char *name = call_text(c, option);

	*b = (struct id_base){ .peer = !strcmp(name, "b58mh") || !strcmp(name, "v0") };
	if (!b->peer && !(b->base = mb_by_name(name)))
		return err_set(ERR_USAGE, "unsupported multibase encoding: %s", name);
	return 0;
}

int id_text(const struct id_base *b, const struct cid *id, struct buf *text)
{
	return b->peer ? key_id_peer(id, text) : cid_format(id, b->base, text);
}

static int id_field(struct buf *json, const char *key, const struct id_base *b, const struct cid *id)
{
	struct buf text = BUF_INIT(CID_TEXT_MAX);
	int rc = id_text(b, id, &text);

	if (rc == 0)
		rc = json_field(json, key, buf_span(&text));
	buf_clear(&text);
	return rc;
}

/* {"Name":…,"Id":…} */
static int put_key(const struct id_base *b, const char *name, const struct cid *id, struct buf *json)
{
	int rc = buf_u8(json, '{');

	if (rc == 0)
		rc = json_field(json, "Name", span_str(name));
	if (rc == 0)
		rc = id_field(json, "Id", b, id);
	return rc < 0 ? rc : buf_u8(json, '}');
}

/* the answer of gen and import; as text the id alone */
static int tell_key(struct call *c, const struct id_base *b, const char *name, const struct cid *id)
{
	struct buf json = BUF_INIT(LIST_MAX), text = BUF_INIT(CID_TEXT_MAX);
	int rc = put_key(b, name, id, &json);

	if (rc == 0)
		rc = id_text(b, id, &text);
	if (rc == 0)
		rc = buf_u8(&text, '\n');
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

/* ---- lists ---- */

struct list {
	struct call *c;
	struct id_base base;
	struct buf json, text;
};

static int list_start(struct list *l, struct call *c)
{
	int rc;

	*l = (struct list){ .c = c, .json = BUF_INIT(LIST_MAX), .text = BUF_INIT(LIST_MAX) };
	rc = id_base(c, "ipns-base", &l->base);
	return rc < 0 ? rc : buf_str(&l->json, "{\"Keys\":[");
}

static int list_add(struct list *l, const char *name, const struct cid *id)
{
	int rc = l->json.data[l->json.len - 1] == '[' ? 0 : buf_u8(&l->json, ',');

	if (rc == 0)
		rc = put_key(&l->base, name, id, &l->json);
	if (rc < 0 || !call_bool(l->c, "l"))
		return rc < 0 ? rc : buf_printf(&l->text, "%s\n", name);
	rc = id_text(&l->base, id, &l->text);
	return rc < 0 ? rc : buf_printf(&l->text, "\t%s\t\n", name);
}

static int list_tell(struct list *l, int rc)
{
	struct buf even = BUF_INIT(2 * LIST_MAX);

	if (rc == 0)
		rc = buf_str(&l->json, "]}");
	if (rc == 0)
		rc = call_columns(buf_span(&l->text), &even);
	if (rc == 0)
		rc = call_one(l->c, buf_span(&l->json), buf_span(&even));
	buf_clear(&even);
	buf_clear(&l->text);
	buf_clear(&l->json);
	return rc;
}

/* one that cannot be read is passed over, as Kubo does */
static int list_one(void *arg, const char *name)
{
	struct list *l = arg;
	struct key *k;
	int rc;

	if (!strcmp(name, "self") || key_load(l->c->k->path, name, &k) < 0)
		return 0;
	rc = list_add(l, name, key_name(k));
	key_free(k);
	return rc;
}

static int list(struct call *c)
{
	struct key *self = NULL;
	struct list l;
	int rc = list_start(&l, c);

	if (rc == ERR_USAGE)
		err_add(rc, "cannot get key encoder");
	if (rc == 0)
		rc = key_self(c->k->path, &self);
	if (rc == 0)
		rc = list_add(&l, "self", key_name(self));
	key_free(self);
	if (rc == 0)
		rc = key_each(c->k->path, list_one, &l);
	return list_tell(&l, rc);
}

/* ---- making and changing ---- */

/* what becomes of a name is for the node to say where it is its own */
static int not_self(const char *name, const char *what)
{
	return strcmp(name, "self") ? 0 : err_set(ERR_USAGE, "cannot %s key with name 'self'", what);
}

static int new_name(const char *name)
{
	return *name ? key_name_check(name) : err_set(ERR_USAGE, "key name must be at least one character");
}

/* a key that has to be there */
static int load(struct call *c, const char *name, struct key **k)
{
	int rc = key_load(c->k->path, name, k);

	return rc == ERR_NOTFOUND || rc == ERR_USAGE ? err_set(ERR_NOTFOUND, "no key named %s was found", name) : rc;
}

static int type_of(const char *name, int64_t bits, enum key_type *t)
{
	if (!strcmp(name, "ecdsa") || key_type_by_name(name, t) < 0)
		return err_set(ERR_USAGE, "unrecognized key type: %s", name);
	if (*t != KEY_RSA)
		return bits == -1 || bits == FIXED_BITS ? 0 :
		       err_set(ERR_USAGE, "invalid key size %lld: %s keys are always %d bits", (long long)bits, name,
			       FIXED_BITS);
	if (bits != -1 && bits < KEY_RSA_MIN)
		return err_set(ERR_USAGE, "rsa keys must be >= %d bits to be useful", KEY_RSA_MIN);
	return bits > KEY_RSA_MAX ? err_set(ERR_USAGE, "rsa keys must be <= %d bits", KEY_RSA_MAX) : 0;
}

static int gen(struct call *c)
{
	int64_t bits = call_given(c, "size") ? call_int(c, "size") : -1;
	const char *name = c->arg[0];
	struct key *k = NULL, *old = NULL;
	struct id_base b;
	enum key_type t = KEY_ED25519;
	int rc = not_self(name, "create");

	if (rc == 0)
		rc = id_base(c, "ipns-base", &b);
	if (rc == 0 && (rc = new_name(name)) == 0 && key_load(c->k->path, name, &old) == 0) {
		key_free(old);
		rc = err_set(ERR_EXISTS, "key with name '%s' already exists", name);
	}
	if (rc == 0)
		rc = type_of(call_text(c, "type"), bits, &t);
	if (rc == 0)
		rc = key_generate(t, t == KEY_RSA && bits != -1 ? (unsigned)bits : 0, &k);
	if (rc == 0)
		rc = key_save(c->k->path, name, k, 0);
	if (rc == 0)
		rc = tell_key(c, &b, name, key_name(k));
	key_free(k);
	return rc;
}

static int tell_rename(struct call *c, const struct cid *id, const struct id_base *b, int replaced)
{
	struct buf json = BUF_INIT(LIST_MAX), text = BUF_INIT(LIST_MAX);
	int rc = buf_u8(&json, '{');

	if (rc == 0)
		rc = json_field(&json, "Was", span_str(c->arg[0]));
	if (rc == 0)
		rc = json_field(&json, "Now", span_str(c->arg[1]));
	if (rc == 0)
		rc = id_field(&json, "Id", b, id);
	if (rc == 0)
		rc = json_bool(&json, "Overwrite", replaced);
	if (rc == 0)
		rc = buf_u8(&json, '}');
	if (rc == 0)
		rc = buf_str(&text, "Key ");
	if (rc == 0)
		rc = id_text(b, id, &text);
	if (rc == 0)
		rc = buf_printf(&text, " renamed to %s%s\n", c->arg[1], replaced ? " with overwriting" : "");
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	buf_clear(&text);
	buf_clear(&json);
	return rc;
}

static int rename_key(struct call *c)
{
	const char *old = c->arg[0], *new = c->arg[1];
	struct key *k = NULL;
	struct id_base b;
	int rc = id_base(c, "ipns-base", &b), replaced = 0;

	if (rc == 0)
		rc = not_self(old, "rename");
	if (rc == 0)
		rc = not_self(new, "overwrite");
	if (rc == 0)
		rc = load(c, old, &k);
	if (rc == 0 && (rc = new_name(new)) == 0 && strcmp(old, new))
		rc = replaced = key_rename(c->k->path, old, new, call_bool(c, "force"));
	if (rc == ERR_EXISTS)
		err_set(rc, "key by that name already exists, refusing to overwrite");
	if (rc >= 0)
		rc = tell_rename(c, key_name(k), &b, replaced);
	key_free(k);
	return rc;
}

/* all are looked at before the first is gone */
static int rm(struct call *c)
{
	struct key *k = NULL;
	struct list l;
	int rc = list_start(&l, c);
	size_t i;

	for (i = 0; rc == 0 && i < c->n_args; i++) {
		rc = not_self(c->arg[i], "remove");
		if (rc == 0)
			rc = load(c, c->arg[i], &k);
		if (rc == 0)
			rc = list_add(&l, c->arg[i], key_name(k));
		key_free(k);
		k = NULL;
	}
	for (i = 0; rc == 0 && i < c->n_args; i++) {
		rc = key_remove(c->k->path, c->arg[i]);
		if (rc == ERR_NOTFOUND)
			err_set(rc, "no key named %s was found", c->arg[i]);
	}
	return list_tell(&l, rc);
}

/* ---- import ---- */

static int from_protobuf(struct span file, struct key **k)
{
	int rc = key_decode(file, k);

	if (rc < 0 && file.len && memmem(file.p, file.len, "-----BEGIN ", 11))
		return err_set(ERR_USAGE, "unexpected PEM block for format=libp2p-protobuf-cleartext: try again with "
			       "format=pem-pkcs8-cleartext");
	return rc < 0 ? err_add(rc, "unable to unmarshall format=libp2p-protobuf-cleartext") : 0;
}

static int from_pem(struct span file, struct key **k)
{
	const char *begin = file.len ? memmem(file.p, file.len, "-----BEGIN ", 11) : NULL;
	size_t left, n;
	int rc;

	if (!begin)
		return err_set(ERR_INVALID, "PEM block not found in input data");	/* which may be a key: not shown */
	begin += 11;
	left = file.len - (size_t)(begin - (const char *)file.p);
	for (n = 0; n < left && begin[n] != '-' && begin[n] != '\n'; n++)
		;
	if (n != 11 || memcmp(begin, "PRIVATE KEY", n))
		return err_set(ERR_INVALID, "expected PRIVATE KEY type in PEM block but got: %.*s", (int)(n < 64 ? n : 64),
			       begin);
	rc = key_parse(file, k);
	return rc < 0 ? err_add(rc, "parsing PKCS8 format") : 0;
}

static int read_key(struct call *c, struct key **k)
{
	const char *format = call_text(c, "format");
	struct buf file = BUF_INIT(KEY_TEXT_MAX);
	int rc = call_file(c);

	if (rc == 0 && (rc = buf_reserve(&file, KEY_TEXT_MAX)) == 0)
		rc = call_slurp(c, &file);
	if (rc == ERR_LIMIT)
		err_set(rc, "a key of more than %d bytes", KEY_TEXT_MAX);
	else if (rc == 0 && !strcmp(format, "libp2p-protobuf-cleartext"))
		rc = from_protobuf(buf_span(&file), k);
	else if (rc == 0 && !strcmp(format, "pem-pkcs8-cleartext"))
		rc = from_pem(buf_span(&file), k);
	else if (rc == 0)
		rc = err_set(ERR_USAGE, "unrecognized import format: %s", format);
	key_wipe(&file);
	return rc;
}

static int import(struct call *c)
{
	const char *name = c->arg[0];
	struct key *k = NULL;
	struct id_base b;
	int rc = not_self(name, "import");

	if (rc == 0)
		rc = id_base(c, "ipns-base", &b);
	if (rc == 0 && (rc = new_name(name)) == 0)
		rc = read_key(c, &k);
	if (rc == 0 && key_type(k) == KEY_ECDSA && !call_bool(c, "allow-any-key-type"))
		rc = err_set(ERR_USAGE, "key type *crypto.ECDSAPrivateKey is not allowed to be imported, only RSA, Ed25519, "
			     "or Secp256k1; use flag --allow-any-key-type if you are sure of what you're doing");
	if (rc == 0)
		rc = key_save(c->k->path, name, k, 0);
	if (rc == 0)
		rc = tell_key(c, &b, name, key_name(k));
	key_free(k);
	return rc;
}

/* ---- signatures ---- */

/* "Key":{…},`what` with braces around both; as a stream of one, as Kubo has it */
static int tell_signed(struct call *c, const struct id_base *b, const char *name, const struct cid *id, const char *what)
{
	struct buf json = BUF_INIT(LIST_MAX);
	int rc = buf_str(&json, "{\"Key\":");

	if (rc == 0)
		rc = put_key(b, name, id, &json);
	if (rc == 0)
		rc = buf_printf(&json, ",%s}", what);
	if (rc == 0)
		rc = call_value(c, buf_span(&json), span_of(NULL, 0));
	buf_clear(&json);
	return rc;
}

static int read_data(struct call *c, struct buf *data)
{
	int rc = call_file(c);

	if (rc == 0)
		rc = call_slurp(c, data);
	return rc == ERR_LIMIT ? err_set(rc, "more than %d bytes cannot be signed", OPS_SIGN_MAX) : rc;
}

static int sign(struct call *c)
{
	const char *name = call_text(c, "key");
	struct buf data = BUF_INIT(OPS_SIGN_MAX), sig = BUF_INIT(KEY_SIG_MAX), text = BUF_INIT(4 * KEY_SIG_MAX);
	struct key *k = NULL;
	struct id_base b;
	int rc = id_base(c, "ipns-base", &b);

	if (rc == 0)
		rc = read_data(c, &data);
	if (rc == 0) {
		rc = ops_key_load(c->k->path, name, &k);
		if (rc == ERR_NOTFOUND || rc == ERR_USAGE)
			err_set(rc, "no key by the given name was found");
	}
	if (rc == 0)
		rc = ops_key_sign(k, buf_span(&data), &sig);
	if (rc == 0)
		rc = buf_str(&text, "\"Signature\":\"");
	if (rc == 0)
		rc = mb_encode(mb_by_name("base64url"), buf_span(&sig), &text);
	if (rc == 0)
		rc = buf_u8(&text, '"');
	if (rc == 0)
		rc = tell_signed(c, &b, *name ? name : "self", key_name(k), (const char *)text.data);
	key_free(k);
	buf_clear(&text);
	buf_clear(&sig);
	buf_clear(&data);
	return rc;
}

static int signature(const char *text, struct buf *sig)
{
	if (!*text)
		return err_set(ERR_USAGE, "cannot decode multibase for zero length string");
	return mb_by_prefix(span_str(text)) ? mb_decode(span_str(text), sig, NULL) :
					      err_set(ERR_USAGE, "selected encoding not supported");
}

static int verify(struct call *c)
{
	const char *key = call_text(c, "key"), *who = strncmp(key, "/ipns/", 6) ? key : key + 6;
	struct buf data = BUF_INIT(OPS_SIGN_MAX), sig = BUF_INIT(MB_TEXT_MAX);
	struct id_base b;
	struct cid id;
	int rc = id_base(c, "ipns-base", &b), kept;

	if (rc == 0)
		rc = signature(call_text(c, "signature"), &sig);
	if (rc == 0)
		rc = read_data(c, &data);
	if (rc == 0) {
		rc = ops_key_verify(c->k->path, who, buf_span(&data), buf_span(&sig), &id, &kept);
		if (rc == ERR_USAGE)
			err_set(rc, "'\"%s\"' is not a known key, an IPNS Name, or a valid PeerID", key);
		else if (rc == ERR_UNSUPPORTED)
			err_set(rc, "public key is not embedded in peer ID");
	}
	if (rc >= 0)
		rc = tell_signed(c, &b, !kept ? "" : *who ? who : "self", &id,
				 rc ? "\"SignatureValid\":true" : "\"SignatureValid\":false");
	buf_clear(&sig);
	buf_clear(&data);
	return rc;
}

/* ---- the table ---- */

#define IPNS_BASE { "ipns-base", OPT_STRING, "base36" }

static const struct opt gen_opts[] = {
	{ "type,t", OPT_STRING, "ed25519" }, { "size,s", OPT_INT, NULL }, IPNS_BASE, { 0 }
};
static const struct opt list_opts[] = { { "l", OPT_BOOL, NULL }, IPNS_BASE, { 0 } };
static const struct opt rename_opts[] = { { "force,f", OPT_BOOL, NULL }, IPNS_BASE, { 0 } };
static const struct opt import_opts[] = {
	IPNS_BASE, { "format,f", OPT_STRING, "libp2p-protobuf-cleartext" },
	{ "allow-any-key-type", OPT_BOOL, "false" }, { 0 }
};
static const struct opt sign_opts[] = { { "key,k", OPT_STRING, NULL }, IPNS_BASE, { 0 } };
static const struct opt verify_opts[] = {
	{ "key,k", OPT_STRING, NULL }, { "signature,s", OPT_STRING, NULL }, IPNS_BASE, { 0 }
};

const struct command kubo_key_commands[] = {
	{ "key/gen", "name!", NULL, gen_opts, CMD_NO_STORE, gen },
	{ "key/import", "name!", "key!", import_opts, CMD_FILE | CMD_NO_STORE, import },
	{ "key/list", NULL, NULL, list_opts, CMD_NO_STORE, list },
	{ "key/ls", NULL, NULL, list_opts, CMD_NO_STORE, list },
	{ "key/rename", "name! newName!", NULL, rename_opts, CMD_NO_STORE, rename_key },
	{ "key/rm", "name!...", NULL, list_opts, CMD_STDIN | CMD_NO_STORE, rm },
	{ "key/sign", NULL, "data!", sign_opts, CMD_FILE | CMD_NO_STORE, sign },
	{ "key/verify", NULL, "data!", verify_opts, CMD_FILE | CMD_NO_STORE, verify },
	{ 0 }
};
