/* ipfrs-key - the keys names are signed with */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "base/tmpfile.h"
#include "cmd/cmd.h"
#include "multi/mb.h"
#include "ops/key.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'f', NULL, "rename, import: in the place of a key that has the name" },
	CMD_OPT_J,
	{ 'o', "file", "export: write to this file, that only you may read" },
	{ 'p', NULL, "print ids as peers have them, 12D3KooW…" },
	{ 'P', NULL, "export: as PEM (PKCS #8)" },
	{ 't', "type", "gen: ed25519 (the default), rsa, secp256k1 or ecdsa" },
	{ 'z', "bits", "gen: size of an RSA key (default: 2048)" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-key", "[name ...]", "make and keep the keys names are signed with", opts
};

static int force, json, peer, pem;
static enum key_type type = KEY_ED25519;
static uint64_t bits;
static const char *output;

/* one line: the id, and with it the name where it was not given */
static int print(const char *name, const struct cid *id, const char *kind, int with_name)
{
	struct buf line = BUF_INIT(65536), text = BUF_INIT(CID_TEXT_MAX);
	int rc = peer ? key_id_peer(id, &text) : cid_format(id, NULL, &text);

	if (rc == 0 && json) {
		if ((rc = buf_u8(&line, '{')) == 0 && (rc = json_field(&line, "name", span_str(name))) == 0 &&
		    (rc = json_field(&line, "id", buf_span(&text))) == 0 &&
		    (rc = kind ? json_field(&line, "type", span_str(kind)) : 0) == 0)
			rc = buf_u8(&line, '}');
	} else if (rc == 0) {
		rc = buf_add(&line, buf_span(&text));
		if (rc == 0 && with_name)
			rc = buf_printf(&line, "\t%s\t%s", name, kind ? kind : "");
	}
	if (rc == 0)
		cmd_record(buf_span(&line));
	buf_clear(&text);
	buf_clear(&line);
	return rc;
}

static int gen_one(struct store *st, const char *name)
{
	struct key *k = NULL;
	int rc = key_name_check(name);

	(void)st;
	if (rc == 0)
		rc = key_generate(type, (unsigned)(bits > UINT32_MAX ? 1 : bits), &k);
	if (rc == 0)
		rc = key_save(cmd_store(), name, k, 0);
	if (rc == 0)
		rc = print(name, key_name(k), key_type_name(type), 0);
	key_free(k);
	return rc;
}

static int gen(struct store *st)
{
	return cmd_each(st, gen_one);
}

static int list_one(void *arg, const char *name)
{
	struct key *k = NULL;
	int rc = key_load(cmd_store(), name, &k);

	(void)arg;
	if (rc < 0) {
		cmd_complain(rc, NULL);
		return 0;
	}
	rc = print(name, key_name(k), key_type_name(key_type(k)), 1);
	key_free(k);
	return rc;
}

static int list(struct store *st)
{
	(void)st;
	return key_each(cmd_store(), list_one, NULL);
}

static int rename_key(struct store *st)
{
	int rc = key_rename(cmd_store(), cmd_operand(0), cmd_operand(1), force);

	(void)st;
	return rc < 0 ? rc : 0;
}

static int rm_one(struct store *st, const char *name)
{
	(void)st;
	return key_remove(cmd_store(), name);
}

static int rm(struct store *st)
{
	return cmd_each(st, rm_one);
}

static int write_file(struct span bytes)
{
	struct tmpfile t;
	int rc = tmpfile_open_any(&t, output, 0600);

	if (rc < 0)
		return rc;
	rc = io_write(t.fd, bytes.p, bytes.len, output);
	if (rc == 0)
		rc = tmpfile_commit(&t, 1);
	tmpfile_close(&t);
	return rc;
}

static int export(struct store *st)
{
	struct buf out = BUF_INIT(KEY_TEXT_MAX);
	struct key *k = NULL;
	int rc = key_load(cmd_store(), cmd_operand(0), &k);

	(void)st;
	if (rc == 0)
		rc = pem ? key_pem(k, &out) : key_encode(k, &out);
	if (rc == 0 && output && strcmp(output, "-"))
		rc = write_file(buf_span(&out));
	else if (rc == 0)
		rc = io_write(STDOUT_FILENO, out.data, out.len, "standard output");
	key_wipe(&out);
	key_free(k);
	return rc;
}

static int import(struct store *st)
{
	uint8_t bytes[KEY_TEXT_MAX + 1];
	const char *name = cmd_operand(0), *file = cmd_operand(1);
	struct key *k = NULL;
	int fd, rc = key_name_check(name);
	ssize_t n;

	(void)st;
	if (rc < 0)
		return rc;
	fd = cmd_open(file ? file : "-");
	if (fd < 0)
		return fd;
	n = io_read(fd, bytes, sizeof bytes, cmd_shown(file ? file : "-"));
	rc = n < 0 ? (int)n : key_parse(span_of(bytes, (size_t)n), &k);
	if (n >= 0 && rc < 0)
		err_add(rc, "%s", cmd_shown(file ? file : "-"));
	explicit_bzero(bytes, sizeof bytes);
	cmd_close(fd);
	if (rc == 0)
		rc = key_save(cmd_store(), name, k, force);
	if (rc == 0)
		rc = print(name, key_name(k), key_type_name(key_type(k)), 0);
	key_free(k);
	return rc;
}

/* a key of the store, or any text form of an id */
static int id_one(struct store *st, const char *name)
{
	struct key *k = NULL;
	struct cid id;
	int rc;

	(void)st;
	rc = key_name_check(name) == 0 ? key_load(cmd_store(), name, &k) : ERR_NOTFOUND;
	if (rc == 0)
		rc = print(name, key_name(k), key_type_name(key_type(k)), 0);
	else if (rc == ERR_NOTFOUND && key_id_parse(span_str(name), &id) == 0)
		rc = print(name, &id, NULL, 0);
	else if (rc == ERR_NOTFOUND)
		rc = err_set(ERR_NOTFOUND, "no key of this name, and not the name of one");
	key_free(k);
	return rc;
}

static int id(struct store *st)
{
	return cmd_each(st, id_one);
}

static int read_data(const char *file, struct buf *data)
{
	int rc, fd = cmd_open(file ? file : "-");

	if (fd < 0)
		return fd;
	rc = io_slurp(fd, data, cmd_shown(file ? file : "-"));
	cmd_close(fd);
	return rc;
}

static int sign(struct store *st)
{
	struct buf data = BUF_INIT(OPS_SIGN_MAX), sig = BUF_INIT(KEY_SIG_MAX), text = BUF_INIT(MB_TEXT_MAX);
	struct key *k = NULL;
	int rc = ops_key_load(cmd_store(), cmd_operand(0), &k);

	(void)st;
	if (rc == 0)
		rc = read_data(cmd_operand(1), &data);
	if (rc == 0)
		rc = ops_key_sign(k, buf_span(&data), &sig);
	if (rc == 0)
		rc = mb_encode(mb_by_name("base64url"), buf_span(&sig), &text);
	if (rc == 0)
		cmd_record(buf_span(&text));
	key_free(k);
	buf_clear(&text);
	buf_clear(&sig);
	buf_clear(&data);
	return rc;
}

static int verify(struct store *st)
{
	struct buf data = BUF_INIT(OPS_SIGN_MAX), sig = BUF_INIT(KEY_SIG_MAX);
	struct cid id;
	int kept, rc = mb_decode(span_str(cmd_operand(1)), &sig, NULL);

	(void)st;
	if (rc < 0)
		err_add(rc, "the signature");
	if (rc == 0)
		rc = read_data(cmd_operand(2), &data);
	if (rc == 0)
		rc = ops_key_verify(cmd_store(), cmd_operand(0), buf_span(&data), buf_span(&sig), &id, &kept);
	if (rc == 0)
		rc = err_set(ERR_DIFFER, "the signature is none of this key over these bytes");
	buf_clear(&sig);
	buf_clear(&data);
	return rc < 0 ? rc : 0;
}

static const struct cmd_verb verbs[] = {
	{ "gen", "0jptz", "[name ...]", "make keys", 0, -1, gen, CMD_NO_STORE },
	{ "list", "0jp", "", "list all keys", 0, 0, list, CMD_NO_STORE },
	{ "id", "0jp", "[name ...]", "print the ids of keys", 0, -1, id, CMD_NO_STORE },
	{ "rename", "f", "old new", "give a key another name", 2, 2, rename_key, CMD_NO_STORE },
	{ "rm", "0", "[name ...]", "delete keys for ever", 0, -1, rm, CMD_NO_STORE },
	{ "export", "oP", "name", "write a private key", 1, 1, export, CMD_NO_STORE },
	{ "import", "0fjp", "name [file]", "take in a private key", 1, 2, import, CMD_NO_STORE },
	{ "sign", "0", "name [file]", "sign bytes, to show that one has the key", 1, 2, sign, CMD_NO_STORE },
	{ "verify", "", "name signature [file]", "check such a signature", 2, 3, verify, CMD_NO_STORE },
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
		case 'f': force = 1; break;
		case 'j': json = 1; break;
		case 'o': output = cmd_arg(); break;
		case 'p': peer = 1; break;
		case 'P': pem = 1; break;
		case 't':
			if (key_type_by_name(cmd_arg(), &type) < 0)
				cmd_usage("%s", err_text());
			break;
		case 'z': bits = cmd_count(); break;
		}
	}
	return cmd_run(verb);
}
