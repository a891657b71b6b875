/* data_test.c - the Data message: reference/unixfs.md section 3 */
#include "tests/unit/memdag.h"
#include "unixfs/unixfs.h"

static void encodes(const struct unixfs_data *d, const uint64_t *sizes, size_t n, const char *hex)
{
	struct buf b = BUF_INIT(BLOCK_MAX);
	struct unixfs_data back;
	struct unixfs_sizes it;
	uint64_t size;
	size_t i;

	CHECK(unixfs_encode(&b, d, sizes, n) == 0);
	CHECK(span_equal(buf_span(&b), unit_hex(hex)));
	NEED(unixfs_decode(buf_span(&b), &back) == 0);
	CHECK(back.type == d->type && back.has_data == d->has_data && span_equal(back.data, d->data));
	CHECK(back.has_filesize == d->has_filesize && back.filesize == d->filesize);
	CHECK(back.hash_type == d->hash_type && back.fanout == d->fanout);
	CHECK(back.meta.mode == d->meta.mode && back.meta.has_mtime == d->meta.has_mtime);
	CHECK(back.meta.mtime == d->meta.mtime && back.meta.nsec == d->meta.nsec);
	CHECK(back.n_blocksizes == n);
	it = unixfs_blocksizes(&back);
	for (i = 0; i < n; i++)
		CHECK(unixfs_blocksize_next(&it, &size) == 1 && size == sizes[i]);
	CHECK(unixfs_blocksize_next(&it, &size) == 0);
	buf_clear(&b);
}

static void canonical(void)
{
	static const uint64_t sizes[] = { 8, 300, UINT64_MAX };
	struct unixfs_data d = { .type = UNIXFS_FILE, .has_filesize = 1 };

	encodes(&d, NULL, 0, "08021800");			/* empty file */
	d.filesize = 16;
	encodes(&d, sizes, 2, "080218102008" "20ac02");
	encodes(&d, sizes, 3, "080218102008" "20ac02" "20ffffffffffffffffff01");
	d = (struct unixfs_data){ .type = UNIXFS_RAW, .has_data = 1, .data = span_str("hi"),
				  .has_filesize = 1, .filesize = 2 };
	encodes(&d, NULL, 0, "080012026869" "1802");
	d = (struct unixfs_data){ .type = UNIXFS_RAW, .has_data = 1, .has_filesize = 1 };
	encodes(&d, sizes, 0, "080012001800");			/* present but empty, section 15.4 */
	d = (struct unixfs_data){ .type = UNIXFS_DIRECTORY };
	encodes(&d, NULL, 0, "0801");
	d = (struct unixfs_data){ .type = UNIXFS_SYMLINK, .has_data = 1, .data = span_str("foo") };
	encodes(&d, NULL, 0, "08041203666f6f");
	d = (struct unixfs_data){ .type = UNIXFS_HAMT, .has_data = 1, .data = unit_hex("0200"),
				  .hash_type = 0x22, .fanout = 256 };
	encodes(&d, NULL, 0, "080512020200" "282230" "8002");
	d = (struct unixfs_data){ .type = UNIXFS_DIRECTORY, .meta = { 0640, 1, 1604320482, 0 } };
	encodes(&d, NULL, 0, "0801" "38a003" "420608" "e2f9fffc05");
	d.meta = (struct unixfs_meta){ 0, 1, -1, 54321 };
	encodes(&d, NULL, 0, "0801" "421008" "ffffffffffffffffff01" "1531d40000");
	d.meta = (struct unixfs_meta){ 0, 1, 0, 0 };
	encodes(&d, NULL, 0, "0801" "42020800");
}

static void encode_is_whole_or_nothing(void)
{
	struct unixfs_data d = { .type = UNIXFS_FILE, .has_data = 1, .data = span_str("too long"),
				 .has_filesize = 1 };
	struct buf b = BUF_INIT(8);

	CHECK(buf_u8(&b, 7) == 0);
	CHECK_ERR(unixfs_encode(&b, &d, NULL, 0), ERR_LIMIT);
	CHECK(b.len == 1);
	buf_clear(&b);
}

/* as any proto2 reader: any order, the last scalar wins, unknown fields and wire types pass */
static void foreign_writers(void)
{
	struct unixfs_data d;
	struct unixfs_sizes it;
	uint64_t size, sum = 0;

	CHECK(unixfs_decode(unit_hex("1803" "120161" "0802" "1805" "120162" "0800"), &d) == 0);
	CHECK(d.type == UNIXFS_RAW && d.filesize == 5 && span_equal(d.data, span_str("b")));
	/* packed and plain sizes mixed */
	CHECK(unixfs_decode(unit_hex("0802" "2001" "220402ac0203" "2004"), &d) == 0);
	CHECK(d.n_blocksizes == 5);
	for (it = unixfs_blocksizes(&d); unixfs_blocksize_next(&it, &size); )
		sum += size;
	CHECK(sum == 1 + 2 + 300 + 3 + 4);
	/* unknown: field 15 varint, field 16 bytes, fixed64, fixed32, a group with a group in it */
	CHECK(unixfs_decode(unit_hex("7801" "820101aa" "790102030405060708" "7d01020304"
				     "7b08012b2c7c" "0801"), &d) == 0);
	CHECK(d.type == UNIXFS_DIRECTORY);
	/* a known field of another wire type is unknown */
	CHECK(unixfs_decode(unit_hex("0801" "1007" "1d01020304"), &d) == 0);
	CHECK(!d.has_data && !d.has_filesize);
	/* mode: upper bits are not ours */
	CHECK(unixfs_decode(unit_hex("0801" "38ffffffff0f"), &d) == 0 && d.meta.mode == 07777);
	/* a time in two parts merges */
	CHECK(unixfs_decode(unit_hex("0801" "42020805" "42051507000000"), &d) == 0);
	CHECK(d.meta.has_mtime && d.meta.mtime == 5 && d.meta.nsec == 7);
	/* nanoseconds out of range make the time unknown, as in Kubo */
	CHECK(unixfs_decode(unit_hex("0801" "4207" "0805" "1500000000"), &d) == 0 && !d.meta.has_mtime);
	CHECK(unixfs_decode(unit_hex("0801" "4207" "0805" "1500ca9a3b"), &d) == 0 && !d.meta.has_mtime);
	CHECK(unixfs_decode(unit_hex("0801" "4207" "0805" "15ffc99a3b"), &d) == 0 && d.meta.has_mtime);
	/* types nobody knows are kept apart from ours */
	CHECK(unixfs_decode(unit_hex("0806"), &d) == 0 && d.type > UNIXFS_HAMT);
	CHECK(unixfs_decode(unit_hex("08ffffffffffffffffff01"), &d) == 0 && d.type > UNIXFS_HAMT);
	CHECK(unixfs_decode(unit_hex("088280808010"), &d) == 0 && d.type > UNIXFS_HAMT);
}

static void broken(const char *hex, const char *words)
{
	struct unixfs_data d;

	CHECK_ERR(unixfs_decode(unit_hex(hex), &d), ERR_INVALID);
	CHECK_STR(err_text(), words);
}

static void malformed(void)
{
	static const char form[] = "proto: cannot parse invalid wire-format data";
	char deep[2 * 200 + 1];
	int i;

	broken("", "proto: required field \"Type\" not set");
	broken("1800", "proto: required field \"Type\" not set");
	broken("0801" "420515" "07000000", "proto: required field \"Seconds\" not set");
	/* reference section 17 */
	broken("0001020304", form);
	broken("010203", form);
	broken("736f6d652064617461", form);
	broken("08", form);
	broken("0802" "1205" "61", form);
	broken("0802" "18ffffffffffffffffff02", form);
	broken("0802" "2202" "01ff", form);
	broken("0801" "4202" "08ff", form);
	broken("0801" "7c", form);
	broken("0801" "7b" "08", form);
	broken("0801" "7b" "84" "01", form);
	broken("0801" "06", form);
	broken("0801" "07", form);
	memcpy(deep, "0801", 4);
	for (i = 0; i < 99; i++)
		memcpy(deep + 4 + 2 * i, "7b", 2);
	deep[4 + 2 * 99] = 0;
	broken(deep, form);
}

int main(void)
{
	RUN(canonical);
	RUN(encode_is_whole_or_nothing);
	RUN(foreign_writers);
	RUN(malformed);
	return UNIT_END();
}
