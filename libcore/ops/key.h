/*
 * key.h - signatures over bytes that are no record: to show that one has a key.
 * What is signed is "libp2p-key signed message:" and then the bytes, so that nothing else can be made of it.
 * Spec: Kubo core/coreapi/key.go.
 */
#ifndef OPS_KEY_H
#define OPS_KEY_H

#include "key/key.h"

enum { OPS_SIGN_MAX = 64 * 1024 * 1024 };	/* bytes that are signed, for those who read them in */

/* ops_key_load - a key of the store at `path` by its name; "" and "self" are the node's own, which is made when there is
 * none.  Gives *k.  Errors as key_load, ops_key_find too. */
int ops_key_load(const char *path, const char *name, struct key **k);
/* ops_key_find - the same by its name or, in any text form, by its id. */
int ops_key_find(const char *path, const char *who, struct key **k);

int ops_key_sign(const struct key *k, struct span data, struct buf *sig);

/*
 * ops_key_verify - is `sig` one over `data` by the key `who`: the name of one of the store, or any text form of an id that
 * holds the key.  1, 0; *id is the key's and *kept: it is one of the store.  ERR_USAGE: `who` is neither;
 * ERR_UNSUPPORTED: the id does not hold the key.
 */
int ops_key_verify(const char *path, const char *who, struct span data, struct span sig, struct cid *id, int *kept);

#endif
