/* cidfmt.c - CIDs shown and converted */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/cidfmt.h"

static const char verbs[] = "%bBvVcChHLmMdDsSP";

int cidfmt_parse(const char *text, struct cid *cid, const struct mb_base **base)
{
	char *why;
	int rc = cid_parse(span_str(text), cid, base);

	if (rc == 0)
		return 0;
	if (strlen(text) < 2)
		return err_set(ERR_INVALID, "invalid cid: cid too short");
	why = strdup(err_text());
	if (!why)
		return err_nomem();
	rc = mb_by_prefix(span_str(text)) || strncmp(text, "Qm", 2) == 0 ? err_set(rc, "invalid cid: %s", why) :
		err_set(ERR_INVALID, "invalid cid: selected encoding not supported");
	free(why);
	return rc;
}

int cidfmt_check(const char *format)
{
	const char *p = strchr(format, '%');

	if (!p)
		return err_set(ERR_USAGE, "invalid format string: \"%s\" has no %%", format);
	for (; p; p = strchr(p + 2, '%')) {
		if (!p[1])
			return err_set(ERR_USAGE, "premature end of format string");
		if (!strchr(verbs, p[1]))
			return err_set(ERR_USAGE, "unrecognized specifier in format string: %%%c",
				       p[1]);
	}
	return 0;
}

static int put_codec(uint64_t codec, struct buf *out)
{
	const char *name = codec_name(codec);

	return name ? buf_str(out, name) : buf_printf(out, "Code(%" PRIu64 ")", codec);
}

static int put_hash(uint64_t code, struct buf *out)
{
	const char *name = mh_name(code);

	return name ? buf_str(out, name) : buf_printf(out, "hash?%" PRIu64, code);
}

/* bytes in the base; capital verbs leave the prefix away */
static int put_bytes(const struct mb_base *base, struct span bytes, int bare, struct buf *out)
{
	return bare ? mb_encode_body(base, bytes, out) : mb_encode(base, bytes, out);
}

static int put_prefix(const struct mb_base *base, struct buf *out)
{
	return *base->prefix ? buf_str(out, base->prefix) : buf_u8(out, 0);
}

static int put(char verb, const struct cid *cid, const struct mh *mh,
	       const struct mb_base *base, struct buf *out)
{
	int rc;

	switch (verb) {
	case '%': return buf_u8(out, '%');
	case 'b': return buf_str(out, base->name);
	case 'B': return put_prefix(base, out);
	case 'v': return buf_printf(out, "cidv%u", cid->version);
	case 'V': return buf_printf(out, "%u", cid->version);
	case 'c': return put_codec(cid->codec, out);
	case 'C': return buf_printf(out, "%" PRIu64, cid->codec);
	case 'h': return put_hash(mh->code, out);
	case 'H': return buf_printf(out, "%" PRIu64, mh->code);
	case 'L': return buf_printf(out, "%zu", mh->digest.len);
	case 'm': case 'M': return put_bytes(base, cid_mh(cid), verb == 'M', out);
	case 'd': case 'D': return put_bytes(base, mh->digest, verb == 'D', out);
	case 's': return cid_format(cid, base, out);
	case 'S': return mb_encode_body(base, cid_span(cid), out);
	}
	rc = buf_printf(out, "cidv%u-", cid->version);		/* %P */
	if (rc == 0)
		rc = put_codec(cid->codec, out);
	if (rc == 0)
		rc = buf_u8(out, '-');
	if (rc == 0)
		rc = put_hash(mh->code, out);
	return rc < 0 ? rc : buf_printf(out, "-%zu", mh->digest.len);
}

int cidfmt_write(const struct cid *cid, const struct mb_base *base, const char *format,
		 struct buf *out)
{
	const struct mb_base *b58 = mb_by_name("base58btc");
	size_t before = out->len;
	struct mh mh;
	int rc = cidfmt_check(format);

	if (rc == 0)
		rc = mh_decode(cid_mh(cid), &mh);
	if (rc == 0 && cid->version == 0 && base && base != b58)
		rc = err_set(ERR_USAGE, "a CIDv0 is written in base58btc only");
	if (rc < 0)
		return rc;
	if (!base)
		base = cid->version == 0 ? b58 :
		       mb_by_name(cid->codec == CID_LIBP2P_KEY ? "base36" : "base32");
	while (rc == 0 && *format) {
		size_t n = strcspn(format, "%");

		rc = buf_bytes(out, format, n);
		format += n;
		if (rc == 0 && *format) {
			rc = put(format[1], cid, &mh, base, out);
			format += 2;
		}
	}
	if (rc < 0 && out->len > before) {
		out->len = before;
		out->data[before] = 0;
	}
	return rc;
}

int cid_convert_check(const struct cid_convert *how)
{
	if (how->version < -1 || how->version > 1)
		return err_set(ERR_USAGE, "invalid cid version: \"%d\"", how->version);
	if (how->version != 0)
		return 0;
	if (how->have_codec && how->codec != CID_DAG_PB)
		return err_set(ERR_USAGE, "cannot convert to CIDv0 with any codec other than "
			       "dag-pb");
	if (how->base && how->base != mb_by_name("base58btc"))
		return err_set(ERR_USAGE, "cannot convert to CIDv0 with any multibase other than "
			       "the implicit base58btc");
	return 0;
}

int cid_convert_apply(const struct cid_convert *how, const struct cid *in,
		      const struct mb_base *in_base, struct cid *out,
		      const struct mb_base **out_base)
{
	uint64_t codec = how->have_codec ? how->codec : in->codec;
	int version = how->version, rc = cid_convert_check(how);
	struct cid c = *in;

	if (rc < 0)
		return rc;
	if (version < 0)
		version = how->base || codec != in->codec ? 1 : in->version;
	rc = cid_make_mh(&c, version, codec, cid_mh(in));
	if (rc == ERR_USAGE)
		return err_set(ERR_INVALID, "%s", err_text());
	if (rc < 0)
		return rc;
	*out = c;
	*out_base = version == 0 ? mb_by_name("base58btc") : how->base ? how->base : in_base;
	return 0;
}
