/* deny_priv.h - the list of what is not served, as denylist.c reads it and deny.c looks into it */
#ifndef API_GATEWAY_DENY_PRIV_H
#define API_GATEWAY_DENY_PRIV_H

#include "gateway_priv.h"

enum {
	DENY_CODES_MAX = 8,		/* hash functions of "//" rules in one list */
	DENY_KEY_LEN = 16,
	DENY_NOT = 0			/* a status: it is served */
};

struct deny_rule {
	uint8_t key[DENY_KEY_LEN];
	uint32_t place;			/* in the file: the last counts */
	uint16_t status;		/* DENY_NOT, 410, 451 */
};

struct deny_prefix {
	uint8_t root[DENY_KEY_LEN], key[DENY_KEY_LEN];
	uint32_t place, len;		/* bytes of the path that must be the same */
	uint16_t status;
};

struct gw_deny {
	struct deny_rule *rule;
	struct deny_prefix *prefix;
	size_t n_rules, cap_rules, n_prefixes, cap_prefixes;
	uint64_t code[DENY_CODES_MAX];	/* code[0]: sha2-256, of plain rules */
	size_t n_codes;
	uint32_t place;
	uint16_t status;		/* of rules that do not say */
};

/* the two names of a root: "Qm…" or "/ipns/name", and of old "bafy…" or "name" */
struct deny_root { struct buf text, legacy; };

/* deny_hash - the key of these bytes together; zeros: the function is not known.  deny_root_of - the names of a block. */
void deny_hash(uint64_t code, const struct span *parts, int n, uint8_t key[DENY_KEY_LEN]);
int deny_root_of(struct deny_root *r, const struct cid *cid);
/* deny_take_apart - "/ipfs/CID/a/b" to its root and "/a/b", which has no slash at its end.  1; 0: it is no such path */
int deny_take_apart(struct span path, struct deny_root *r, struct span *rest);

#endif
