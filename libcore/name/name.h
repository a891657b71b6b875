/*
 * name.h - IPNS: signed records that say what a key's name stands for, and names followed to their ends.
 *
 * Records are bytes; a struct name_record is one taken apart, and borrows from them.  Those of a store are files in
 * its folder names/, one a name, replaced whole; any number of processes may read and put them.
 * Names are the CIDs of key.h (key_id_parse).
 * Spec: ipfs/specs src/ipns/ipns-record.md.
 */
#ifndef NAME_NAME_H
#define NAME_NAME_H

#include <time.h>

#include "key/key.h"
#include "store/store.h"

enum {
	NAME_RECORD_MAX = 10240,	/* bytes of a record */
	NAME_VALUE_MAX = 8192,		/* bytes of a value here */
	NAME_DEPTH_MAX = 32		/* names that lead to names */
};

struct name_record {
	/* of the signed copy, the one that counts */
	struct span value;		/* "/ipfs/…", "/ipns/…" */
	struct span validity;		/* RFC 3339, as written */
	struct timespec ends;		/* the same: it is good before this */
	uint64_t sequence;
	uint64_t ttl_ns;		/* how long it may be kept before one asks again */
	/* of the envelope; p NULL: not there */
	struct span old_value, sig_v1;	/* the legacy copy and signature */
	struct span public_pb;		/* the key, when the name does not hold it */
	struct span sig_v2, data;	/* signature over `data`, which is dag-cbor */
};

/*
 * name_decode - take a record apart and check its form: size, signatureV2 and data are there, data is a dag-cbor map
 * with the fields it must have, and the legacy copies, if there are any, are the same (rules 1, 2, 4, 6).  Neither
 * signature nor time is looked at.  ERR_INVALID: `IPNS record: …`; ERR_LIMIT: over NAME_RECORD_MAX.
 */
int name_decode(struct span bytes, struct name_record *r);

/*
 * name_verify - is this a good record of that name, now?  All rules.  now NULL: the system's clock.  *r (may be NULL) is
 * filled when the form was right, also on the last two.
 * 0; ERR_INVALID, ERR_LIMIT: as name_decode, or there is no key, or another's; ERR_UNSUPPORTED: a kind of key that is
 * not known here; ERR_CORRUPT: the signature is wrong; ERR_TIMEOUT: it was good, and has expired.
 */
int name_verify(struct span bytes, const struct cid *name, const struct timespec *now, struct name_record *r);

/* name_compare - which of two good records counts?  > 0: a; < 0: b; 0: they say the same.  The higher sequence, then the
 * later end, then, so that all choose alike, the bytes of data. */
int name_compare(const struct name_record *a, const struct name_record *b);

/* name_max_age - seconds for which an answer made from the record may be kept: its ttl, but not beyond its end; 0 when
 * that has come.  now NULL: the system's clock. */
int64_t name_max_age(const struct name_record *r, const struct timespec *now);

/* ---- making ---- */
struct name_create {
	struct span value;		/* a path */
	uint64_t sequence;
	uint64_t ttl_ns;
	struct timespec ends;
	int v2_only;			/* without the legacy copies and signature (IPIP-428) */
};
/* name_create - appends a signed record.  ERR_USAGE: the value is no path, the times make no sense; ERR_LIMIT. */
int name_create(const struct key *k, const struct name_create *c, struct buf *record);

/* RFC 3339 (UTC, fractions of up to nine digits).  time_parse: ERR_INVALID. */
int name_time_format(const struct timespec *t, struct buf *text);
int name_time_parse(struct span text, struct timespec *t);

/* ---- records of a store ---- */

/* name_get - the record of `name` into `bytes` (reset first) and, taken apart and verified, *r (may be NULL), which
 * borrows from bytes.  0; ERR_NOTFOUND: there is none; else as name_verify, and bytes has it all the same. */
int name_get(struct store *st, const struct cid *name, struct buf *bytes, struct name_record *r);

/* name_put - verify, and keep it if it counts more than what is here.  1: it is kept; 0: what was here counts as much or
 * more, and stays; else as name_verify.  Durable unless the store was opened STORE_UNSYNCED.  A record here that is no
 * longer good counts for nothing.  force: keep it, though it counts less. */
int name_put(struct store *st, const struct cid *name, struct span record, int force);

/* name_publish - make and keep a record with c->value, c->ttl_ns, c->ends.  The sequence is c->sequence, or with
 * UINT64_MAX: that of the record here, one more when the value is another, 0 for the first.  *record (may be NULL) is
 * reset and gets the bytes.  ERR_DIFFER: c->sequence is below that of the record here, or the
 * same for another value. */
int name_publish(struct store *st, const struct key *k, const struct name_create *c, struct buf *record);

int name_remove(struct store *st, const struct cid *name);	/* ERR_NOTFOUND */
/* name_each - the names there are records of, in the order of their text; stops at a nonzero return. */
int name_each(struct store *st, int (*fn)(void *arg, const struct cid *name), void *arg);

/* ---- following ---- */

/*
 * name_resolve - what a path stands for: "/ipns/X/rest" becomes "/ipfs/CID/…/rest" through as many names as it takes, up
 * to NAME_DEPTH_MAX; a path of another name space is the answer itself.  `path` and the answer, appended to `out`, are
 * not decoded or cleaned; a slash at the end of the path is kept.
 *
 * dnslink (may be NULL) is asked first about every X, keys too, so that a static map may speak: 1 and the path the name
 * stands for, appended to `value`, with its ttl in seconds or -1; 0: it knows none; or an error.  An X it does not know
 * is looked for among the records of st (NULL: none) when it is a key in any text form.
 *
 * *ttl (may be NULL): seconds the answer may be kept, the least known on the way; -1: not known.
 * ERR_NOTFOUND: `no record of the name "k51…"`, `"example.com" has no DNSLink`; ERR_LIMIT: too many names; ERR_INVALID: a
 * value is no path of /ipfs/ or /ipns/; ERR_USAGE: "/ipns/" with no name; else as name_get and dnslink.
 */
int name_resolve(struct store *st, struct span path,
		 int (*dnslink)(void *arg, struct span name, struct buf *value, int64_t *ttl), void *arg,
		 struct buf *out, int64_t *ttl);

/* name_resolve_once - one step of the same: what the name X itself stands for, "/ipfs/…" or "/ipns/…", appended. */
int name_resolve_once(struct store *st, struct span name,
		      int (*dnslink)(void *arg, struct span name, struct buf *value, int64_t *ttl), void *arg,
		      struct buf *out, int64_t *ttl);

#endif
