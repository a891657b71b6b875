/*
 * jsonrd_fuzz.c - strange bytes as JSON text.
 * The first byte picks the length of the pieces it comes in, lines, and whether strings are kept.  The tokens are
 * the same as of the whole; written down again they read the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/jsonrd.h"
#include "tests/unit/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the token as JSON text */
static void write_token(struct buf *out, const struct jsonrd *j, int t)
{
	static const char *const text[] = { [JSONRD_OBJECT] = "{", [JSONRD_OBJECT_END] = "}", [JSONRD_ARRAY] = "[",
		[JSONRD_ARRAY_END] = "]", [JSONRD_TRUE] = "true", [JSONRD_FALSE] = "false", [JSONRD_NULL] = "null",
		[JSONRD_LINE] = "\n" };
	uint8_t last = out->len ? out->data[out->len - 1] : '\n';
	int rc = 0;

	if (t != JSONRD_OBJECT_END && t != JSONRD_ARRAY_END && t != JSONRD_LINE && !strchr("{[:\n", last))
		rc = buf_u8(out, ',');
	if (t == JSONRD_KEY || t == JSONRD_STRING)
		rc |= json_str(out, buf_span(&j->text));
	else
		rc |= t == JSONRD_NUMBER ? buf_add(out, buf_span(&j->text)) : buf_str(out, text[t]);
	if (t == JSONRD_KEY)
		rc |= buf_u8(out, ':');
	if (rc)
		abort();
}

/* how it ended */
static int read_all(struct span text, size_t step, unsigned bits, struct buf *out, uint64_t *off)
{
	struct feed f = { text, step, 0 };
	struct jsonrd j;
	int t;

	jsonrd_init(&j, feed_read, &f, 1 << 20);
	j.lines = bits & 1;
	j.drop = bits >> 1 & 1;
	while ((t = jsonrd_next(&j)) > 0) {
		if (j.drop && j.text.len)
			abort();
		if (!j.drop)
			write_token(out, &j, t);
	}
	*off = j.off;
	jsonrd_clear(&j);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data + (size > 0), size - (size > 0));
	struct buf whole = BUF_INIT(64 << 20), parts = BUF_INIT(64 << 20);
	unsigned bits = size ? *data : 0;
	uint64_t off, end;
	int rc = read_all(text, SIZE_MAX, bits & 1, &whole, &off), again;

	again = read_all(text, 1 + (bits >> 2), bits, &parts, &end);
	if (again != rc || (rc == 0 && end != off) || (!(bits & 2) && !span_equal(buf_span(&whole), buf_span(&parts))))
		abort();
	if (rc == 0) {
		buf_reset(&parts);
		if (read_all(buf_span(&whole), SIZE_MAX, bits & 1, &parts, &end) != 0 ||
		    !span_equal(buf_span(&whole), buf_span(&parts)))
			abort();
	}
	buf_clear(&whole);
	buf_clear(&parts);
	return 0;
}
