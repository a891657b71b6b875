/* cidinspect.c - a CID taken apart, for people and for programs */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/json.h"
#include "ops/cidfmt.h"

struct parts {
	struct cid cid;
	const struct mb_base *base;
	struct mh mh;
	const char *codec, *hash;	/* "unknown" without a name */
	char v0[CID_TEXT_MAX];		/* empty: there is none */
	char v1[CID_TEXT_MAX];
};

/* A peer ID of the old form is a bare multihash in base58btc; say what it is as a CID. */
static int peer_note(const char *text)
{
	struct buf bytes = BUF_INIT(CID_BYTES_MAX);
	char name[CID_TEXT_MAX];
	int rc = ERR_INVALID;
	struct cid cid;
	char why[512];

	strncpy(why, err_text(), sizeof why - 1);
	why[sizeof why - 1] = 0;
	if ((text[0] == '1' || !strncmp(text, "Qm", 2)) &&
	    mb_decode_body(mb_by_name("base58btc"), span_str(text), &bytes) == 0 &&
	    cid_make_mh(&cid, 1, CID_LIBP2P_KEY, buf_span(&bytes)) == 0)
		rc = err_set(ERR_INVALID, "invalid CID: %s\nNote: the value is a PeerID; inspect "
			     "its CID representation instead:\n  %s", why, cid_text(&cid, name));
	else
		err_set(rc, "invalid CID: %s", why);
	buf_clear(&bytes);
	return rc;
}

static int take_apart(const char *text, struct parts *p)
{
	struct cid other;
	int rc = cidfmt_parse(text, &p->cid, &p->base);

	if (rc == 0)
		rc = mh_decode(cid_mh(&p->cid), &p->mh);
	if (rc < 0)
		return peer_note(text);
	p->codec = codec_name(p->cid.codec);
	p->hash = mh_name(p->mh.code);
	if (!p->codec)
		p->codec = "unknown";
	if (!p->hash)
		p->hash = "unknown";
	p->v0[0] = 0;
	if (p->cid.codec == CID_DAG_PB && p->mh.code == MH_SHA2_256 && p->mh.digest.len == 32 &&
	    cid_make_mh(&other, 0, CID_DAG_PB, cid_mh(&p->cid)) == 0)
		cid_text(&other, p->v0);
	rc = cid_make_mh(&other, 1, p->cid.codec, cid_mh(&p->cid));
	if (rc == 0)
		cid_text(&other, p->v1);
	return rc;
}

static int put_hex(struct span s, struct buf *out)
{
	return mb_encode_body(mb_by_name("base16"), s, out);
}

/* Appends of one record: after the first failure the record is taken back. */
static int settle(struct buf *out, size_t before, int rc)
{
	if (rc < 0 && out->len > before) {
		out->len = before;
		out->data[before] = 0;
	}
	return rc < 0 ? rc : 0;
}

static int put_v0(const struct parts *p, struct buf *out)
{
	if (p->v0[0])
		return buf_printf(out, "CIDv0:      %s\n", p->v0);
	if (p->cid.codec != CID_DAG_PB)
		return buf_printf(out, "CIDv0:      not possible, requires dag-pb (0x70), got %s "
				  "(0x%" PRIx64 ")\n", p->codec, p->cid.codec);
	if (p->mh.code != MH_SHA2_256)
		return buf_printf(out, "CIDv0:      not possible, requires sha2-256 (0x12), got %s "
				  "(0x%" PRIx64 ")\n", p->hash, p->mh.code);
	return buf_printf(out, "CIDv0:      not possible, requires 32-byte digest, got %zu\n",
			  p->mh.digest.len);
}

int cid_inspect_text(const char *text, struct buf *out)
{
	size_t before = out->len;
	const char *implicit;
	struct parts p;
	int rc = take_apart(text, &p);

	if (rc < 0)
		return rc;
	implicit = p.cid.version == 0 ? ", implicit" : "";
	rc = buf_printf(out, "CID:        %s\nVersion:    %u\nMultibase:  %s (%s)\n", text,
			p.cid.version, p.base->name,
			p.cid.version == 0 ? "implicit" : p.base->prefix);
	if (rc == 0)
		rc = buf_printf(out, "Multicodec: %s (0x%" PRIx64 "%s)\n", p.codec, p.cid.codec,
				implicit);
	if (rc == 0)
		rc = buf_printf(out, "Multihash:  %s (0x%" PRIx64 "%s)\n  Length:   %zu bytes\n"
				"  Digest:   ", p.hash, p.mh.code, implicit, p.mh.digest.len);
	if (rc == 0)
		rc = put_hex(p.mh.digest, out);
	if (rc == 0)
		rc = buf_u8(out, '\n');
	if (rc == 0)
		rc = put_v0(&p, out);
	if (rc == 0)
		rc = buf_printf(out, "CIDv1:      %s\n", p.v1);
	return settle(out, before, rc);
}

/* one member after the other until one fails */
#define THEN(rc, call) do { if ((rc) == 0) (rc) = (call); } while (0)

static int named(struct buf *out, const char *key, uint64_t code, const char *name)
{
	int rc = json_key(out, key);

	THEN(rc, buf_u8(out, '{'));
	THEN(rc, json_num(out, "code", code));
	THEN(rc, json_field(out, "name", span_str(name)));
	return rc;
}

int cid_inspect_json(const char *text, struct buf *out)
{
	size_t before = out->len;
	struct parts p = { .codec = "", .hash = "" };
	int bad = take_apart(text, &p), rc;
	char why[2048];

	if (bad < 0)		/* Kubo's object then has every key, with nothing in it */
		p = (struct parts){ .codec = "", .hash = "" };
	snprintf(why, sizeof why, "%s", bad < 0 ? err_text() : "");
	rc = buf_u8(out, '{');
	THEN(rc, json_field(out, "cid", span_str(text)));
	THEN(rc, json_num(out, "version", p.cid.version));
	THEN(rc, json_key(out, "multibase"));
	THEN(rc, buf_u8(out, '{'));
	THEN(rc, json_field(out, "prefix", span_str(p.base ? p.base->prefix : "")));
	THEN(rc, json_field(out, "name", span_str(p.base ? p.base->name : "")));
	THEN(rc, buf_u8(out, '}'));
	THEN(rc, named(out, "multicodec", p.cid.codec, p.codec));
	THEN(rc, buf_u8(out, '}'));
	THEN(rc, named(out, "multihash", p.mh.code, p.hash));
	THEN(rc, json_num(out, "length", p.mh.digest.len));
	THEN(rc, json_key(out, "digest"));
	THEN(rc, buf_u8(out, '"'));
	THEN(rc, put_hex(p.mh.digest, out));
	THEN(rc, buf_str(out, "\"}"));
	if (p.v0[0])
		THEN(rc, json_field(out, "cidV0", span_str(p.v0)));
	THEN(rc, json_field(out, "cidV1", span_str(p.v1)));
	if (bad < 0)
		THEN(rc, json_field(out, "errorMsg", span_str(why)));
	THEN(rc, buf_u8(out, '}'));
	rc = settle(out, before, rc);
	return rc < 0 ? rc : bad < 0 ? err_set(bad, "%s", why) : 0;
}
