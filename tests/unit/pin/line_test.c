/* line.c: lines of pins as text, and files of them */
#include "base/crc32c.h"
#include "pintest.h"

static struct pin_line sample(char op, const char *name)
{
	struct pin_line l = { .seq = PIN_SEQ_MAX, .op = op, .mode = PIN_DIRECT,
			      .cid = some_cid(1) };

	snprintf(l.name, sizeof l.name, "%s", name);
	return l;
}

static void there_and_back(void)
{
	static const char *const names[] = {
		"", "site", "a b", "tab\there", "new\nline", "100%", "\x7f\x01", "\xc3\xa4\xe2\x82\xac"
	};
	struct buf text = BUF_INIT(PIN_LINE_MAX);
	struct pin_line l, back;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		buf_reset(&text);
		l = sample(i & 1 ? PIN_SET : PIN_DROP, names[i]);
		NEED(pin_line_format(&l, &text) == 0);
		CHECK(text.data[text.len - 1] == '\n');
		CHECK(!memchr(text.data, '\n', text.len - 1));
		NEED(pin_line_parse(span_of(text.data, text.len - 1), &back) == 0);
		CHECK(back.seq == l.seq && back.op == l.op && back.mode == PIN_DIRECT);
		CHECK(cid_equal(&back.cid, &l.cid) && back.crc == l.crc);
		CHECK_STR(back.name, names[i]);
	}
	buf_clear(&text);
}

static void as_documented(void)
{
	struct buf text = BUF_INIT(PIN_LINE_MAX);
	struct pin_line l = { .seq = 7, .op = PIN_SET, .mode = PIN_RECURSIVE, .name = "a\tb" };

	NEED(cid_parse(span_str("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"), &l.cid, NULL) == 0);
	NEED(pin_line_format(&l, &text) == 0);
	CHECK_STR((char *)text.data,
		  "7\t+\tr\tQmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn\ta%09b\t8dc10453\n");
	buf_reset(&text);
	l = (struct pin_line){ .seq = 9, .op = PIN_BASE };
	NEED(pin_line_format(&l, &text) == 0);
	CHECK_STR((char *)text.data, "9\t=\t\t\t\t7a8a5a04\n");
	buf_clear(&text);
}

static void the_longest_name_fits(void)
{
	struct buf text = BUF_INIT(PIN_LINE_MAX);
	struct pin_line l = sample(PIN_SET, ""), back;
	uint8_t digest[MH_DIGEST_MAX];

	memset(l.name, '\n', PIN_NAME_MAX);
	l.name[PIN_NAME_MAX] = 0;
	memset(digest, 0xee, sizeof digest);
	NEED(cid_make(&l.cid, 1, CID_RAW, MH_SHA2_512, span_of(digest, sizeof digest)) == 0);
	NEED(pin_line_format(&l, &text) == 0);
	NEED(pin_line_parse(span_of(text.data, text.len - 1), &back) == 0);
	CHECK_STR(back.name, l.name);
	buf_clear(&text);
}

/* every change of one byte is noticed */
static void any_wrong_byte_is_noticed(void)
{
	struct buf text = BUF_INIT(PIN_LINE_MAX);
	struct pin_line l = sample(PIN_SET, "name"), back;
	size_t i;

	NEED(pin_line_format(&l, &text) == 0);
	for (i = 0; i < text.len - 1; i++) {
		text.data[i] ^= 1;
		CHECK_ERR(pin_line_parse(span_of(text.data, text.len - 1), &back), ERR_CORRUPT);
		text.data[i] ^= 1;
	}
	for (i = 0; i < text.len - 1; i++)
		CHECK_ERR(pin_line_parse(span_of(text.data, i), &back), ERR_CORRUPT);
	buf_clear(&text);
}

/* a right checksum does not make a line right */
static void refuses_well_signed_nonsense(void)
{
	static const char *const bad[] = {
		"", "\t\t\t\t\t", "1\t+\tr\t\t\t", "1\t+\tx\t%s\t\t", "01\t+\tr\t%s\t\t",
		"1\t*\tr\t%s\t\t", "1\t++\tr\t%s\t\t", "-1\t+\tr\t%s\t\t", "1\t+\tr\t%s\t%%\t",
		"1\t+\tr\t%s\t%%00\t", "1\t+\tr\t%s\t%%zz\t", "1\t+\tr\t%s\t\xff\t", "1\t+\tr\t%s\t",
		"1\t+\tr\t%s\t\t\t", "1\t=\tr\t\t\t", "1\t=\t\t%s\t\t", "1\t.\t\t\tx\t",
		"1000000000000000001\t+\tr\t%s\t\t", "99999999999999999999\t+\tr\t%s\t\t", "1\t+\tr\tQm\t\t",
	};
	struct cid cid = some_cid(4);
	char text[CID_TEXT_MAX], line[2048];
	struct pin_line l;
	size_t i, n;

	cid_text(&cid, text);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(line, sizeof line, bad[i], text);
#pragma GCC diagnostic pop
		n = strlen(line);
		snprintf(line + n, sizeof line - n, "%08x", crc32c(0, span_of(line, n)));
		CHECK_ERR(pin_line_parse(span_str(line), &l), ERR_CORRUPT);
	}
}

/* ---- files ---- */

static int open_text(const struct buf *b)
{
	char *path = unit_kept(4096);

	snprintf(path, 4096, "%s/lines", unit_tmpdir());
	spew(path, buf_span(b));
	return open(path, O_RDONLY);
}

static void reads_a_file_of_lines(void)
{
	struct buf text = BUF_INIT(8 * 1024 * 1024);
	struct pin_lines r;
	struct pin_line l;
	int fd, i, rc, good = 0, bad = 0;
	uint64_t ends[4] = { 0 };

	for (i = 1; i <= 5000; i++) {		/* over several refills */
		l = sample(PIN_SET, "x");
		l.seq = (uint64_t)i;
		NEED(pin_line_format(&l, &text) == 0);
		if (i == 100)
			buf_str(&text, "garbage\n");
		if (i == 200) {			/* longer than any line, longer than the buffer */
			int k;

			for (k = 0; k < 100000; k++)
				buf_u8(&text, 'x');
			buf_u8(&text, '\n');
		}
		if (i == 300)
			buf_u8(&text, '\n');
	}
	ends[0] = text.len;
	buf_str(&text, "torn");
	fd = open_text(&text);
	NEED(pin_lines_begin(&r, fd, 0, text.len, "lines") == 0);
	while ((rc = pin_lines_next(&r, &l)) > 0) {
		if (rc == PIN_LINE_BAD) {
			bad++;
			continue;
		}
		good++;
		CHECK(l.seq == (uint64_t)good);
	}
	CHECK(rc == PIN_LINES_END && good == 5000 && bad == 3);
	CHECK(r.off == ends[0]);
	pin_lines_end(&r);
	close(fd);
	buf_clear(&text);
}

static void does_not_read_beyond_the_end(void)
{
	struct buf text = BUF_INIT(4096);
	struct pin_lines r;
	struct pin_line l = sample(PIN_SET, "");
	uint64_t one;
	int fd;

	NEED(pin_line_format(&l, &text) == 0);
	one = text.len;
	NEED(pin_line_format(&l, &text) == 0);
	fd = open_text(&text);
	NEED(pin_lines_begin(&r, fd, one, text.len - 1, "lines") == 0);
	CHECK(pin_lines_next(&r, &l) == PIN_LINES_END && r.off == one);
	pin_lines_end(&r);
	NEED(pin_lines_begin(&r, fd, one, text.len, "lines") == 0);
	CHECK(pin_lines_next(&r, &l) == PIN_LINE_GOOD && r.off == text.len);
	pin_lines_end(&r);
	close(fd);
	buf_clear(&text);
}

int main(void)
{
	RUN(there_and_back);
	RUN(as_documented);
	RUN(the_longest_name_fits);
	RUN(any_wrong_byte_is_noticed);
	RUN(refuses_well_signed_nonsense);
	RUN(reads_a_file_of_lines);
	RUN(does_not_read_beyond_the_end);
	return UNIT_END();
}
