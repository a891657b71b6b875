/*
 * cidfmt.h - CIDs shown, converted and taken apart: the verbs behind ipfrs-cid.
 * Spec: Kubo core/commands/cid.go, ipfs/go-cidutil format.go.
 *
 *     %%  literal %                       %L  digest length in bytes
 *     %b  base name                       %m  multihash in the base
 *     %B  base prefix                     %M  the same without prefix
 *     %v  cidv0, cidv1                    %d  digest in the base
 *     %V  0, 1                            %D  the same without prefix
 *     %c  codec name   %C  its code       %s  CID in the base (v0: without prefix)
 *     %h  hash name    %H  its code       %S  CID without prefix
 *     %P  %v-%c-%h-%L
 */
#ifndef OPS_CIDFMT_H
#define OPS_CIDFMT_H

#include "multi/cid.h"

/* cidfmt_parse - cid_parse, its errors in go-cid's words: "invalid cid: cid too short". */
int cidfmt_parse(const char *text, struct cid *cid, const struct mb_base **base);

/* cidfmt_check - 0, or ERR_USAGE: no % at all, an unknown verb, a % at the end. */
int cidfmt_check(const char *format);

/* cidfmt_write - append the CID as `format` says, digests and multihashes in `base` (NULL: the
 * default of cid_format).  ERR_USAGE as cidfmt_check, or a v0 in another base than base58btc;
 * ERR_LIMIT, ERR_NOMEM; on failure `out` is as it was. */
int cidfmt_write(const struct cid *cid, const struct mb_base *base, const char *format,
		 struct buf *out);

/* What to make of CIDs before they are shown; CID_CONVERT_NONE keeps them. */
struct cid_convert {
	int version;			/* 0, 1, -1: keep (v1 when a base or another codec is asked) */
	int have_codec;
	uint64_t codec;
	const struct mb_base *base;	/* NULL: that of the input */
};

#define CID_CONVERT_NONE ((struct cid_convert){ .version = -1 })

/* cid_convert_check - 0, or ERR_USAGE: v0 with another codec than dag-pb or another base than
 * base58btc; a version other than 0, 1 and -1. */
int cid_convert_check(const struct cid_convert *how);

/* cid_convert_apply - `in`, written in in_base, converted; both outputs may be the inputs'
 * storage.  *out_base is the base to show it in.  ERR_USAGE as cid_convert_check; ERR_INVALID:
 * this CID has no v0 form. */
int cid_convert_apply(const struct cid_convert *how, const struct cid *in,
		      const struct mb_base *in_base, struct cid *out,
		      const struct mb_base **out_base);

/*
 * cid_inspect_text, cid_inspect_json - append what the CID in `text` says: nine lines, or one
 * line of JSON (without newline) with the keys of Kubo's `ipfs cid inspect --enc=json`.
 * ERR_INVALID: no CID, with a message that helps where `text` is a peer ID; cid_inspect_json
 * then appends the object with errorMsg all the same.  ERR_LIMIT, ERR_NOMEM.
 */
int cid_inspect_text(const char *text, struct buf *out);
int cid_inspect_json(const char *text, struct buf *out);

/*
 * cidlist_base, cidlist_codec, cidlist_hash - append row i of the multibases (name, prefix, its code
 * point), the codecs (name, code, "usable" or "-"), or the hashes a block may be named by (name, code,
 * bytes of a digest), fields by TAB.  1 (nothing is appended where the row is not for us), 0: no such
 * row, ERR_LIMIT, ERR_NOMEM.
 */
int cidlist_base(int i, struct buf *out);
int cidlist_codec(int i, struct buf *out);
int cidlist_hash(int i, struct buf *out);

#endif
