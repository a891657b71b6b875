/* section.c - the shape of one section: length, CID, block */
#include <inttypes.h>

#include "base/err.h"
#include "base/rd.h"
#include "car_priv.h"
#include "multi/uvarint.h"

int car_section_length(struct span in, uint64_t *len)
{
	struct rd r = rd_from(in);
	uint64_t n = rd_uvarint(&r);

	if (!rd_ok(&r)) {
		if (in.len < UVARINT_MAX && !strcmp(r.bad, "truncated"))
			return 0;
		return err_set(ERR_INVALID, "the length of the section: %s", r.bad);
	}
	if (n > CAR_SECTION_MAX)
		return err_set(ERR_LIMIT, "a section of %" PRIu64 " bytes, at most %d are taken", n,
			       CAR_SECTION_MAX);
	*len = n;
	return (int)(in.len - r.left);
}

/* What cid_read refuses: was it a digest too long for the policy?  Then that is the thing to say. */
static int refused(struct span in)
{
	struct rd r = rd_from(in);
	struct mh mh;

	if (rd_uvarint(&r) != 1)
		return ERR_INVALID;
	rd_uvarint(&r);
	if (!rd_ok(&r) || mh_read(rd_rest(&r), &mh) < 0 || mh.digest.len <= MH_DIGEST_MAX)
		return ERR_INVALID;
	return mh_allowed(&mh);
}

int car_section_cid(struct span in, struct cid *cid)
{
	char text[CID_TEXT_MAX];
	struct mh mh;
	int n, rc;

	if (in.len < 4)			/* 01 55 00 00 is the shortest there is */
		return err_set(ERR_INVALID, "a section of %zu bytes is too short for a CID", in.len);
	n = cid_read(in, cid);
	if (n < 0) {
		rc = refused(in);
		if (rc == ERR_DENIED)
			return rc;
		cid_read(in, cid);	/* its words again */
		return err_add(ERR_INVALID, "the section's CID");
	}
	rc = mh_decode(cid_mh(cid), &mh);
	if (rc == 0)
		rc = mh_allowed(&mh);
	if (rc < 0)
		return err_add(rc, "block '%s'", cid_text(cid, text));
	return n;
}
