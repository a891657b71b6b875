/* key.c - signatures that show that one has a key */
#include <string.h>

#include "base/err.h"
#include "ops/key.h"

static const char prefix[] = "libp2p-key signed message:";

int ops_key_load(const char *path, const char *name, struct key **k)
{
	return !*name || !strcmp(name, "self") ? key_self(path, k) : key_load(path, name, k);
}

int ops_key_find(const char *path, const char *who, struct key **k)
{
	struct buf name = BUF_INIT(KEY_NAME_MAX);
	struct cid id;
	int is_id = key_id_parse(span_str(who), &id) == 0, rc = ops_key_load(path, who, k);

	if ((rc != ERR_NOTFOUND && rc != ERR_USAGE) || !is_id)
		return rc;
	rc = key_self(path, k);
	if (rc == 0 && cid_equal(key_name(*k), &id))
		return 0;
	if (rc == 0)
		key_free(*k);
	*k = NULL;
	rc = rc < 0 ? rc : key_find(path, &id, &name);
	if (rc == 0)
		rc = key_load(path, (char *)name.data, k);
	buf_clear(&name);
	return rc;
}

static void message(struct span data, struct span parts[2])
{
	parts[0] = span_of(prefix, sizeof prefix - 1);
	parts[1] = data;
}

int ops_key_sign(const struct key *k, struct span data, struct buf *sig)
{
	struct span parts[2];

	message(data, parts);
	return key_sign(k, parts, 2, sig);
}

static int good(const struct key_public *k, struct span data, struct span sig)
{
	struct span parts[2];
	int rc;

	message(data, parts);
	rc = key_verify(k, parts, 2, sig);
	return rc == ERR_CORRUPT ? 0 : rc < 0 ? rc : 1;
}

int ops_key_verify(const char *path, const char *who, struct span data, struct span sig, struct cid *id, int *kept)
{
	struct key *k = NULL;
	struct key_public p;
	int rc = ops_key_load(path, who, &k);

	*kept = rc == 0;
	if (rc == 0) {
		*id = *key_name(k);
		rc = key_public_decode(key_public_pb(k), &p);
		if (rc == 0)
			rc = good(&p, data, sig);
		key_free(k);
		return rc;
	}
	if (rc != ERR_NOTFOUND && rc != ERR_USAGE)
		return rc;
	if (key_id_parse(span_str(who), id) < 0)
		return err_set(ERR_USAGE, "'%s' is no key of the store, and not the name of one", who);
	return key_id_public(id, &p) ? good(&p, data, sig) :
	       err_set(ERR_UNSUPPORTED, "the name of this key does not hold it");
}
