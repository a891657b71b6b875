/* block.c - a block as it is: raw, and documents in the codec they have (reference 8.4, 8.7) */
#include <stdio.h>

#include "base/err.h"
#include "gateway_priv.h"

/* Part of a block.  An extent is not hashed on the way: whoever asks for a block by its CID can and should. */
static int cat_block(void *arg, uint64_t off, uint64_t len, struct sink *out)
{
	struct gw_ask *a = arg;
	struct buf block = BUF_INIT(DAG_BLOCK_MAX);
	struct piece p;
	int rc = dag_extent(a->src, &a->cid, &p);

	if (rc > 0 && p.len >= len && off <= p.len - len) {
		if (p.fd < 0)
			p.bytes = span_of(p.bytes.p + off, (size_t)len);
		p.off += off;
		p.len = len;
		return sink_put(out, &p);
	}
	if (rc >= 0)
		rc = dag_get(a->src, &a->cid, &block);
	if (rc == 0)
		rc = off <= block.len && len <= block.len - off
			? sink_bytes(out, span_of(block.data + off, (size_t)len))
			: err_set(ERR_CORRUPT, "a block is shorter than it was");
	buf_clear(&block);
	return rc;
}

static const struct kind {
	enum gw_format format;
	const char *word, *ending;	/* of Content-Disposition */
} kinds[] = {
	{ GW_RAW, "attachment", "bin" },
	{ GW_JSON, "inline", "json" },
	{ GW_CBOR, "attachment", "cbor" },
	{ GW_DAG_JSON, "inline", "json" },
	{ GW_DAG_CBOR, "attachment", "cbor" },
};

static const struct kind *kind_of(enum gw_format format)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].format == format)
			return &kinds[i];
	return NULL;
}

int gw_block(struct gw_ask *a)
{
	const struct kind *k = kind_of(a->format);
	char cid[CID_TEXT_MAX], etag[CID_TEXT_MAX + 32], name[CID_TEXT_MAX + 8];
	uint64_t size;
	int rc;

	if (!k)
		return gw_fail(a, 406, "not a form of a block");
	rc = dag_size(a->src, &a->cid, &size);
	if (rc == ERR_NOTFOUND)
		return gw_fail_missing(a);
	if (rc < 0)
		return gw_fail_rc(a, rc);
	cid_text(&a->cid, cid);
	snprintf(etag, sizeof etag, "\"%s.%s\"", cid, gw_format_name(a->format));
	snprintf(name, sizeof name, "%s.%s", cid, k->ending);
	rc = gw_validators(a, etag, 0, 0, GW_CACHE_FILE);
	if (rc == 0)
		rc = gw_disposition(a, k->word, span_str(name));
	if (rc == 0)
		rc = reply_field(a->r, "x-content-type-options", "nosniff");
	return rc ? rc : gw_body(a, gw_format_type(a->format), size, cat_block, a);
}
