/* message_test.c - Arrow IPC messages: as others wrote them, and as a strict reader wants them */
#include <fcntl.h>

#include "arrow/arrow.h"
#include "base/io.h"
#include "tests/unit/ipc.h"

static void same_as(const char *name, const struct buf *b)
{
	struct buf want = BUF_INIT(4096);

	NEED(io_slurp_file(AT_FDCWD, name, &want) == 0);
	CHECK(span_equal(buf_span(b), buf_span(&want)));
	buf_clear(&want);
}

static void example_int32(void)
{
	struct arrow_field x = { .name = span_str("x"), .type = ARROW_INT, .bits = 32, .is_signed = 1 };
	struct arrow_node node = { 3, 0 };
	struct arrow_buffer buffer[] = { { 0, 0 }, { 0, 12 } };
	struct buf b = BUF_INIT(4096);

	CHECK(arrow_schema(&b, &x, 1, NULL, 0) == 0);
	CHECK(arrow_batch(&b, 3, &node, 1, buffer, 2, 16) == 0);
	CHECK(buf_bytes(&b, "\1\0\0\0\2\0\0\0\3\0\0\0\0\0\0\0", 16) == 0);
	CHECK(arrow_end(&b) == 0);
	same_as("tests/golden/arrow/int32-3rows.arrows", &b);
	buf_clear(&b);
}

static void example_tensor(void)
{
	struct arrow_pair pair[] = {
		{ span_str("ARROW:extension:name"), span_str("arrow.fixed_shape_tensor") },
		{ span_str("ARROW:extension:metadata"), span_str("{\"shape\":[2,2]}") },
	};
	struct arrow_field item = { .name = span_str("item"), .type = ARROW_FLOAT, .bits = 32 };
	struct arrow_field t = { .name = span_str("t"), .type = ARROW_FIXED_LIST, .size = 4, .child = &item, .n_children = 1,
				 .pair = pair, .n_pairs = 2 };
	struct arrow_node node[] = { { 2, 0 }, { 8, 0 } };
	struct arrow_buffer buffer[] = { { 0, 0 }, { 0, 0 }, { 0, 32 } };
	struct buf b = BUF_INIT(4096);
	int i;

	CHECK(arrow_schema(&b, &t, 1, NULL, 0) == 0);
	CHECK(arrow_batch(&b, 2, node, 2, buffer, 3, 32) == 0);
	for (i = 1; i <= 8; i++) {
		float f = (float)i;
		uint32_t u;

		memcpy(&u, &f, 4);
		CHECK(buf_le32(&b, u) == 0);
	}
	CHECK(arrow_end(&b) == 0);
	same_as("tests/golden/arrow/fixed-shape-tensor-2x2-f32.arrows", &b);
	buf_clear(&b);
}

/* every type, pairs of lengths that need different padding, nested fields */
static void all_types(void)
{
	const struct arrow_field leaf = { .name = span_str("element"), .nullable = 1, .type = ARROW_UTF8 };
	const struct arrow_field list = { .name = span_str("l"), .type = ARROW_LIST, .child = &leaf, .n_children = 1 };
	const struct arrow_field two[] = { list, { .name = span_str(""), .type = ARROW_BOOL } };
	const struct arrow_pair pair[] = {
		{ span_str("a"), span_str("") }, { span_str("abc"), span_str("1234") }, { span_str(""), span_str("12345") },
	};
	const struct arrow_field f[] = {
		{ .name = span_str("n"), .nullable = 1, .type = ARROW_NULL },
		{ .name = span_str("i8"), .type = ARROW_INT, .bits = 8, .is_signed = 1, .pair = pair, .n_pairs = 1 },
		{ .name = span_str("u64"), .nullable = 1, .type = ARROW_INT, .bits = 64 },
		{ .name = span_str("half"), .type = ARROW_FLOAT, .bits = 16 },
		{ .name = span_str("double"), .type = ARROW_FLOAT, .bits = 64, .pair = pair, .n_pairs = 3 },
		{ .name = span_str("bin"), .type = ARROW_BINARY },
		{ .name = span_str("d"), .type = ARROW_DATE, .unit = 0 },
		{ .name = span_str("dms"), .type = ARROW_DATE, .unit = 1 },
		{ .name = span_str("t"), .type = ARROW_TIMESTAMP, .unit = 3 },
		{ .name = span_str("tz"), .type = ARROW_TIMESTAMP, .unit = 2, .zone = span_str("Europe/Berlin") },
		{ .name = span_str("s"), .type = ARROW_STRUCT, .child = two, .n_children = 2, .pair = pair, .n_pairs = 2 },
		{ .name = span_str("fb"), .type = ARROW_FIXED_BINARY, .size = 16 },
		{ .name = span_str("fl"), .type = ARROW_FIXED_LIST, .size = INT32_MAX, .child = &leaf, .n_children = 1 },
		{ .name = span_str("lb"), .type = ARROW_LARGE_BINARY },
		{ .name = span_str("ls"), .type = ARROW_LARGE_UTF8 },
		{ .name = span_str("ll"), .type = ARROW_LARGE_LIST, .child = two, .n_children = 1 },
	};
	struct ipc c = { 0 };
	struct buf b = BUF_INIT(65536);

	NEED(arrow_schema(&b, f, sizeof f / sizeof *f, pair, 3) == 0 && arrow_end(&b) == 0);
	CHECK(ipc_read(&c, buf_span(&b)) == 0);
	CHECK_STR(c.bad ? c.bad : "", "");
	CHECK_STR((char *)c.text.data, "schema {a=} {abc=1234} {=12345}\n"
		  " n? null\n" " i8 int(8) {a=}\n" " u64? uint(64)\n" " half float(16)\n"
		  " double float(64) {a=} {abc=1234} {=12345}\n" " bin binary\n" " d date(0)\n" " dms date(1)\n"
		  " t timestamp(3)\n" " tz timestamp(2 Europe/Berlin)\n"
		  " s struct {a=} {abc=1234}\n  l list\n   element? utf8\n" "   bool\n" " fb fixed_binary(16)\n"
		  " fl fixed_list(2147483647)\n  element? utf8\n" " lb large_binary\n"
		  " ls large_utf8\n" " ll large_list\n  l list\n   element? utf8\n" "end\n");
	buf_clear(&c.text);
	buf_clear(&b);
}

/* schemas of all sizes: every alignment of what follows what */
static void alignments(void)
{
	static const char text[] = "abcdefghijklmnop";
	struct arrow_node node[9] = { 0 };
	struct arrow_buffer buffer[9] = { 0 };
	struct ipc c = { 0 };
	struct buf b = BUF_INIT(65536);
	size_t i, n;

	for (i = 0; i < 16 * 9; i++) {
		struct arrow_pair pair = { span_of(text, i % 16), span_of(text, i % 7) };
		struct arrow_field f[9];

		for (n = 0; n < i / 16; n++)
			f[n] = (struct arrow_field){ .name = span_of(text, (i + n) % 16),
						     .type = n % 2 ? ARROW_BOOL : ARROW_INT, .bits = 16,
						     .pair = &pair, .n_pairs = (i + n) % 3 == 0 };
		buf_reset(&b);
		CHECK(arrow_schema(&b, f, n, &pair, i % 2) == 0 && b.len % 8 == 0);
		CHECK(arrow_batch(&b, i, node, n, buffer, (i + n) % 9, 0) == 0 && b.len % 8 == 0);
		CHECK(arrow_batch(&b, UINT64_MAX / 2, node, n, buffer, 0, 0) == 0);
		CHECK(arrow_end(&b) == 0);
		CHECK(ipc_read(&c, buf_span(&b)) == 0);
		CHECK(c.rows == UINT64_MAX / 2 && c.n_nodes == n && c.n_buffers == 0);
	}
	buf_clear(&c.text);
	buf_clear(&b);
}

static void refused(void)
{
	struct arrow_field deep[40], x = { .name = span_str("x"), .type = ARROW_INT, .bits = 32, .is_signed = 1 };
	struct arrow_node node = { 1, 0 };
	struct buf b = BUF_INIT(400);
	size_t i;

	CHECK(buf_str(&b, "before") == 0);
	for (b.max = 6; b.max < 6 + 144; b.max++) {
		CHECK_ERR(arrow_schema(&b, &x, 1, NULL, 0), ERR_LIMIT);
		CHECK_STR((char *)b.data, "before");
	}
	CHECK(arrow_schema(&b, &x, 1, NULL, 0) == 0);
	CHECK_ERR(arrow_batch(&b, 1, &node, 1, NULL, 0, 0), ERR_LIMIT);
	CHECK_ERR(arrow_end(&b), ERR_LIMIT);
	CHECK(b.len == 150);
	b.max = 65536;
	CHECK_ERR(arrow_batch(&b, 1, &node, SIZE_MAX / 4, NULL, 0, 0), ERR_LIMIT);
	x = (struct arrow_field){ .name = span_str("x"), .type = ARROW_FIXED_BINARY, .size = (int64_t)INT32_MAX + 1 };
	CHECK_ERR(arrow_schema(&b, &x, 1, NULL, 0), ERR_LIMIT);
	x.size = -1;
	CHECK_ERR(arrow_schema(&b, &x, 1, NULL, 0), ERR_LIMIT);
	for (i = 0; i < 40; i++)
		deep[i] = (struct arrow_field){ .name = span_str("d"), .type = ARROW_LIST, .child = i ? &deep[i - 1] : NULL,
						.n_children = i != 0 };
	CHECK_ERR(arrow_schema(&b, &deep[39], 1, NULL, 0), ERR_LIMIT);
	CHECK(arrow_schema(&b, &deep[20], 1, NULL, 0) == 0);
	buf_clear(&b);
}

int main(void)
{
	RUN(example_int32);
	RUN(example_tensor);
	RUN(all_types);
	RUN(alignments);
	RUN(refused);
	return UNIT_END();
}
