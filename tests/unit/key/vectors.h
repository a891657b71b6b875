/* vectors.h - tests/golden/keys/keys.txt, section by section */
#ifndef TESTS_KEY_VECTORS_H
#define TESTS_KEY_VECTORS_H

#include "key/key.h"
#include "tests/unit/unit.h"

struct vector {
	char section[64];
	char type[16];
	struct span private_pb, public_pb, mh, message, signature, noise_pub, noise_sig;
	char peer[128], base32[128], base36[128];
};

/* vectors_next - the next key of the file: 1, or 0 at the end.  *f NULL at first. */
static inline int vectors_next(FILE **f, struct vector *v)
{
	static char line[16384];
	char *eq, *value;

	if (!*f)
		*f = fopen("tests/golden/keys/keys.txt", "r");
	if (!*f)
		return 0;
	memset(v, 0, sizeof *v);
	while (fgets(line, sizeof line, *f)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '[')
			snprintf(v->section, sizeof v->section, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
		if (!line[0] && v->private_pb.p)
			return 1;
		eq = strstr(line, " = ");
		if (!eq)
			continue;
		*eq = 0;
		value = eq + 3;
		if (!strcmp(line, "type"))
			snprintf(v->type, sizeof v->type, "%s", value);
		else if (!strcmp(line, "private_key_protobuf"))
			v->private_pb = unit_hex(value);
		else if (!strcmp(line, "public_key_protobuf"))
			v->public_pb = unit_hex(value);
		else if (!strcmp(line, "peer_id_multihash"))
			v->mh = unit_hex(value);
		else if (!strcmp(line, "message"))
			v->message = unit_hex(value);
		else if (!strcmp(line, "signature"))
			v->signature = unit_hex(value);
		else if (!strcmp(line, "noise_static_pub_for_sig"))
			v->noise_pub = unit_hex(value);
		else if (!strcmp(line, "noise_identity_sig"))
			v->noise_sig = unit_hex(value);
		else if (!strcmp(line, "peer_id_base58"))
			snprintf(v->peer, sizeof v->peer, "%s", value);
		else if (!strcmp(line, "peer_id_cid_base32"))
			snprintf(v->base32, sizeof v->base32, "%s", value);
		else if (!strcmp(line, "peer_id_cid_base36"))
			snprintf(v->base36, sizeof v->base36, "%s", value);
	}
	fclose(*f);
	*f = NULL;
	return 0;
}

/* one of them by its section, or an abort */
static inline struct vector vector(const char *section)
{
	struct vector v;
	FILE *f = NULL;

	while (vectors_next(&f, &v))
		if (!strcmp(v.section, section)) {
			fclose(f);
			return v;
		}
	abort();
}

#endif
