/* meta.c - what a header in JSON says besides its tensors */
#include "base/err.h"
#include "base/jsonrd.h"
#include "tensor_priv.h"

/* a value as text: 1, 0: it has none, or an error */
static int value_text(struct jsonrd *j, int token, struct span *text)
{
	switch (token) {
	case JSONRD_STRING:
	case JSONRD_NUMBER:
		*text = buf_span(&j->text);
		return 1;
	case JSONRD_TRUE:
		*text = span_str("true");
		return 1;
	case JSONRD_FALSE:
		*text = span_str("false");
		return 1;
	case JSONRD_NULL:
		*text = span_str("null");
		return 1;
	}
	return jsonrd_skip(j, token);
}

static int each_member(struct jsonrd *j, struct buf *key, int (*fn)(void *arg, struct span key, struct span value),
		       void *arg)
{
	int t = jsonrd_next(j), rc = 0;
	struct span text;

	if (t >= 0 && t != JSONRD_OBJECT)
		return err_set(ERR_INVALID, "what a header says besides is no object");
	while (t >= 0 && (t = jsonrd_next(j)) == JSONRD_KEY) {
		buf_reset(key);
		rc = buf_add(key, buf_span(&j->text));
		t = rc < 0 ? rc : jsonrd_next(j);
		if (t < 0)
			break;
		rc = value_text(j, t, &text);
		if (rc == 1)
			rc = fn(arg, buf_span(key), text);
		if (rc != 0)
			return rc;
	}
	return t < 0 ? t : 0;
}

int meta_read(struct in_range *range, int (*fn)(void *arg, struct span key, struct span value), void *arg)
{
	struct buf key = BUF_INIT(TENSOR_NAME_MAX);
	struct jsonrd j;
	int rc;

	if (range->off >= range->end)
		return 0;		/* there is none */
	if (range->end > range->in->size)
		return err_set(ERR_CORRUPT, "a table of tensors is damaged");
	jsonrd_init(&j, in_range_read, range, META_VALUE_MAX);
	rc = each_member(&j, &key, fn, arg);
	jsonrd_clear(&j);
	buf_clear(&key);
	return rc;
}
