/* pin_text.c - a pin as one record */
#include "base/err.h"
#include "base/json.h"
#include "ops/pin.h"
#include "ops/read.h"

int ops_pin_json(const struct pin *p, const struct cid *through, struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc = buf_u8(out, '{');

	if (rc == 0)
		rc = json_field(out, "cid", span_str(cid_text(&p->cid, text)));
	if (rc == 0)
		rc = json_field(out, "type", span_str(ops_pin_mode_name(p->mode)));
	if (rc == 0 && *p->name)
		rc = json_field(out, "name", span_str(p->name));
	if (rc == 0 && through)
		rc = json_field(out, "through", span_str(cid_text(through, text)));
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_pin_text(const struct pin *p, const struct cid *through, int plain, struct buf *out)
{
	char text[CID_TEXT_MAX], root[CID_TEXT_MAX];
	int rc = buf_printf(out, "%s\t%s", cid_text(&p->cid, text), ops_pin_mode_name(p->mode));

	if (rc == 0 && through)
		rc = buf_printf(out, " through %s", cid_text(through, root));
	if (rc == 0 && *p->name)
		rc = buf_u8(out, '\t');
	if (rc == 0 && *p->name)
		rc = plain ? buf_str(out, p->name) : ops_name_text(span_str(p->name), out);
	return rc;
}

int ops_pin_verify_json(const struct cid *cid, const struct cid *block, const char *why,
			struct buf *out)
{
	char text[CID_TEXT_MAX];
	int rc = buf_u8(out, '{');

	if (rc == 0)
		rc = json_field(out, "cid", span_str(cid_text(cid, text)));
	if (rc == 0)
		rc = json_bool(out, "ok", !block);
	if (rc == 0 && block)
		rc = json_field(out, "block", span_str(cid_text(block, text)));
	if (rc == 0 && block)
		rc = json_field(out, "error", span_str(why));
	return rc < 0 ? rc : buf_u8(out, '}');
}

int ops_pin_verify_text(const struct cid *cid, const struct cid *block, const char *why,
			struct buf *out)
{
	char text[CID_TEXT_MAX], bad[CID_TEXT_MAX];

	cid_text(cid, text);
	return block ? buf_printf(out, "%s\tbroken\t%s\t%s", text, cid_text(block, bad), why) :
	       buf_printf(out, "%s\tok", text);
}
