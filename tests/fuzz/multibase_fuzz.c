/*
 * multibase_fuzz.c - multibase text from anywhere.
 * What is taken says the same text again, but for the case of letters; what was written is
 * always taken.
 */
#include <assert.h>

#include "base/err.h"
#include "multi/mb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static void taken(struct span text)
{
	struct buf bytes = BUF_INIT(2 * MB_TEXT_MAX), again = BUF_INIT(4 * MB_TEXT_MAX);
	const struct mb_base *base = NULL;
	size_t i;

	if (mb_decode(text, &bytes, &base) < 0) {
		assert(bytes.len == 0);
	} else {
		assert(base && mb_encode(base, buf_span(&bytes), &again) == 0);
		assert(again.len == text.len);
		for (i = 0; i < text.len; i++)
			assert(lower(again.data[i]) == lower(text.p[i]));
	}
	buf_clear(&bytes);
	buf_clear(&again);
}

static void written(struct span bytes)
{
	struct buf text = BUF_INIT(1 << 17), back = BUF_INIT(1 << 14);
	const struct mb_base *base, *said;
	int i;

	for (i = 0; (base = mb_each(i)); i++) {
		buf_reset(&text);
		buf_reset(&back);
		if (mb_encode(base, bytes, &text) < 0 || text.len > MB_TEXT_MAX)
			continue;
		assert(mb_decode(buf_span(&text), &back, &said) == 0 && said == base);
		assert(span_equal(buf_span(&back), bytes));
	}
	buf_clear(&text);
	buf_clear(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 0xfe)	/* no text begins so: these are bytes to write */
		written(span_of(data + 1, size - 1));
	else
		taken(span_of(data, size));
	return 0;
}
