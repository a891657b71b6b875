/* cidlist.c - the tables CIDs are made with, row by row */
#include <inttypes.h>

#include "multi/mb.h"
#include "multi/mh.h"
#include "ops/cidfmt.h"

int cidlist_base(int i, struct buf *out)
{
	const struct mb_base *b = mb_each(i);
	int rc;

	if (!b)
		return 0;
	rc = buf_printf(out, "%s\t%s\t%" PRIu32, b->name, b->prefix, mb_code(b));
	return rc < 0 ? rc : 1;
}

int cidlist_codec(int i, struct buf *out)
{
	uint64_t code;
	int usable, rc;

	if (!codec_each(i, &code, &usable))
		return 0;
	rc = buf_printf(out, "%s\t%" PRIu64 "\t%s", codec_name(code), code, usable ? "usable" : "-");
	return rc < 0 ? rc : 1;
}

int cidlist_hash(int i, struct buf *out)
{
	static const uint8_t zero[MH_DIGEST_MAX];
	struct mh mh = { .digest = span_of(zero, 0) };
	int len, rc;

	if (!mh_each(i, &mh.code))
		return 0;
	len = mh_native(mh.code);
	if (len < 0)
		return 1;		/* not computable here */
	mh.digest.len = (size_t)len;
	if (mh_allowed(&mh) < 0)
		return 1;
	rc = buf_printf(out, "%s\t%" PRIu64 "\t%d", mh_name(mh.code), mh.code, len);
	return rc < 0 ? rc : 1;
}
