/* mb_test.c - multibase: every base, and what a strict reader refuses */
#include "multi/mb.h"
#include "tests/unit/multi/table.h"

static int decode(const char *text, struct buf *out, const struct mb_base **base)
{
	buf_reset(out);
	return mb_decode(span_str(text), out, base);
}

/* a field of the upstream CSV files: [ "text"] with \x00 for a NUL, in place */
static struct span unquote(char *f)
{
	char *from, *to;

	while (*f == ' ' || *f == '"')
		f++;
	f[strcspn(f, "\"")] = 0;
	for (from = to = f; *from; ) {
		unsigned v;

		if (sscanf(from, "\\x%2x", &v) == 1) {
			*to++ = (char)v;
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	return span_of(f, (size_t)(to - f));
}

static int upstream_file(const char *name, int encode, int rows)
{
	struct table t;
	struct span want;
	char *plain;
	struct buf out = BUF_INIT(1000);

	if (!table_open(&t, name, ',') || !table_next(&t))
		return 0;
	plain = unit_kept(100);
	want = unquote(t.field[1]);
	memcpy(plain, want.p, want.len);
	want.p = (uint8_t *)plain;
	while (table_next(&t)) {
		const struct mb_base *b = mb_by_name(t.field[0]), *said = NULL;
		struct span text = unquote(t.field[1]);

		CHECK(b != NULL);
		if (!b)
			continue;
		buf_reset(&out);
		CHECK(mb_decode(text, &out, &said) == 0);
		CHECK(said == b && span_equal(buf_span(&out), want));
		buf_reset(&out);
		if (encode) {
			CHECK(mb_encode(b, want, &out) == 0);
			CHECK(span_equal(buf_span(&out), text));
		}
	}
	buf_clear(&out);
	return t.rows == rows;
}

static void upstream(void)
{
	CHECK(upstream_file("multibase-basic.csv", 1, 24));
	CHECK(upstream_file("multibase-leading_zero.csv", 1, 24));
	CHECK(upstream_file("multibase-two_leading_zeros.csv", 1, 24));
	CHECK(upstream_file("multibase-case_insensitivity.csv", 0, 13));
}

/* every row of the registry: a base of ours under its prefix, or reserved */
static void registry(void)
{
	int bases = 0, reserved = 0;
	struct table t;

	NEED(table_open(&t, "multibase-table.csv", ','));
	NEED(table_next(&t));
	while (table_next(&t)) {
		unsigned cp = (unsigned)strtoul(t.field[0] + 2, NULL, 16);
		char *name = t.field[2] + strspn(t.field[2], " ");
		const struct mb_base *b;

		if (!strcmp(name, "none") && cp) {	/* NUL belongs to identity */
			char text[3] = { (char)cp, 'a', 0 };

			CHECK(mb_by_prefix(span_str(text)) == NULL);
			reserved++;
		} else if (cp) {
			b = mb_by_name(name);
			NEED(b != NULL);
			CHECK(cp < 0x80 ? b->prefix[0] == (char)cp :
			      !strcmp(b->prefix, "\xf0\x9f\x9a\x80"));
			CHECK(mb_by_prefix(span_str(b->prefix)) == b);
			bases++;
		}
	}
	CHECK(bases == 25 && reserved == 3);
}

static void list(void)
{
	static const char *first[] = {
		"identity", "base2", "base32", "base32upper", "base32pad", "base32padupper",
		"base16", "base16upper", "base36", "base36upper", "base64", "base64pad",
		"base32hexpad", "base32hexpadupper", "base64url", "base64urlpad", "base32hex",
		"base32hexupper", "base58btc", "base58flickr", "base256emoji",
	};
	const struct mb_base *b;
	int i;

	for (i = 0; (b = mb_each(i)); i++) {
		CHECK(b->kubo == (i < 21));
		if (i < 21)
			CHECK_STR(b->name, first[i]);
		CHECK(mb_by_name(b->name) == b);
	}
	CHECK(i == 26 && !mb_each(-1));
	CHECK(mb_by_name("z") == mb_by_name("base58btc"));	/* as Kubo's -b does */
	err_set(0, "%s", "");
	CHECK(!mb_by_name("base33") && strstr(err_text(), "base33"));
	CHECK(!mb_by_name(""));
}

/* bytes of every length, random and all zero, through every base and back */
static void round_trips(void)
{
	struct buf text = BUF_INIT(20000), back = BUF_INIT(20000);
	const struct mb_base *b, *said;
	uint8_t in[300];
	size_t n, k;
	int i, zero;

	for (i = 0; (b = mb_each(i)); i++)
		for (n = 0; n <= sizeof in; n += n < 70 ? 1 : 23)
			for (zero = 0; zero < 3; zero++) {
				for (k = 0; k < n; k++)
					in[k] = zero == 1 ? 0 : zero == 2 ? 0xff :
						(uint8_t)(k * 167 + n * 13 + k * k);
				buf_reset(&text);
				buf_reset(&back);
				CHECK(mb_encode(b, span_of(in, n), &text) == 0);
				CHECK(mb_decode(buf_span(&text), &back, &said) == 0);
				CHECK(said == b && span_equal(buf_span(&back), span_of(in, n)));
				CHECK(text.data[text.len] == 0);
			}
	buf_clear(&text);
	buf_clear(&back);
}

static void emoji(void)
{
	const struct mb_base *b = mb_by_name("base256emoji");
	struct buf out = BUF_INIT(100);
	struct table t;
	int n = 0;

	NEED(table_open(&t, "base256emoji.tsv", '\t'));
	while (table_next(&t)) {
		uint8_t byte = (uint8_t)strtoul(t.field[0], NULL, 0);

		CHECK(byte == n++);
		buf_reset(&out);
		CHECK(mb_encode_body(b, span_of(&byte, 1), &out) == 0);
		CHECK(span_equal(buf_span(&out), unit_hex(t.field[2])));
		buf_reset(&out);
		CHECK(mb_decode_body(b, unit_hex(t.field[2]), &out) == 0);
		CHECK(out.len == 1 && out.data[0] == byte);
	}
	CHECK(n == 256);
	buf_reset(&out);
	CHECK_ERR(decode("\xf0\x9f\x9a\x80" "a", &out, NULL), ERR_INVALID);
	CHECK_ERR(decode("\xf0\x9f\x9a\x80\xf0\x9f", &out, NULL), ERR_INVALID);
	/* a variation selector after a heart is one code point too many */
	CHECK_ERR(decode("\xf0\x9f\x9a\x80\xe2\x9d\xa4\xef\xb8\x8f", &out, NULL), ERR_INVALID);
	buf_clear(&out);
}

/* RFC 9285 4.3 and 4.4; arXiv 0901.4016 */
static void bases_kubo_lacks(void)
{
	struct buf b = BUF_INIT(100);

	CHECK(mb_encode(mb_by_name("base45"), span_str("AB"), &b) == 0);
	CHECK_STR((char *)b.data, "RBB8");
	buf_reset(&b);
	CHECK(mb_encode(mb_by_name("base45"), span_str("Hello!!"), &b) == 0);
	CHECK_STR((char *)b.data, "R%69 VD92EX0");
	buf_reset(&b);
	CHECK(mb_encode(mb_by_name("base45"), span_str("base-45"), &b) == 0);
	CHECK_STR((char *)b.data, "RUJCLQE7W581");
	CHECK(decode("RQED8WEX0", &b, NULL) == 0);
	CHECK_STR((char *)b.data, "ietf!");
	CHECK_ERR(decode("RGGW", &b, NULL), ERR_INVALID);	/* 65536 */
	CHECK(decode("RFGW", &b, NULL) == 0 && b.len == 2 && b.data[0] == 0xff);
	CHECK_ERR(decode("R:5", &b, NULL), ERR_INVALID);	/* 269 in one byte */
	CHECK_ERR(decode("RA", &b, NULL), ERR_INVALID);
	CHECK_ERR(decode("Rqed8wex0", &b, NULL), ERR_INVALID);	/* upper case only */
	buf_reset(&b);
	CHECK(mb_encode(mb_by_name("proquint"), unit_hex("7f0000013f54dcc1"), &b) == 0);
	CHECK_STR((char *)b.data, "pro-lusab-babad-gutih-tugad");
	CHECK(decode("pro-lusab-babad", &b, NULL) == 0);
	CHECK(span_equal(buf_span(&b), unit_hex("7f000001")));
	CHECK(decode("pro-lusab-bab", &b, NULL) == 0);
	CHECK(span_equal(buf_span(&b), unit_hex("7f0000")));
	CHECK(decode("pro-", &b, NULL) == 0 && b.len == 0);
	CHECK_ERR(decode("pro-lusab-", &b, NULL), ERR_INVALID);
	CHECK_ERR(decode("pro-lusabbabad", &b, NULL), ERR_INVALID);
	CHECK_ERR(decode("pro-lusab-bad", &b, NULL), ERR_INVALID);	/* unused bits */
	CHECK_ERR(decode("pro-LUSAB", &b, NULL), ERR_INVALID);
	CHECK_ERR(decode("pro-lud", &b, NULL), ERR_INVALID);		/* d is 0001 */
	CHECK_ERR(decode("pro-lu", &b, NULL), ERR_INVALID);
	CHECK_ERR(decode("plusab", &b, NULL), ERR_INVALID);
	buf_clear(&b);
}

/* reference 2.1: legal lengths, unused bits, padding, case, white space */
static void strict(void)
{
	static const char *bad[] = {
		"fa", "fabc", "fgg", "f 00", "f00\n",
		"ba", "bbaa", "baaaaaa", "baaaaaaaaa",		/* 1, 3, 6, 9 digits */
		"bab", "baaab", "baaaab", "baaaaaab",		/* unused bits */
		"bpfsxgidnmfxgsibb=", "baa======", "bp fsxgidnmfxgsib", "bpfsx\ngidnmfxgsibb",
		"bpfsx\r\ngidnmfxgsibb", "b1", "b8",
		"caa", "caa=====", "caa=======", "caa====== ", "ca=======", "caaa=====",
		"c========", "c=", "caa=a====", "caaaaaaaa========",
		"mA", "mAAAAA", "mAB", "mAAB", "mAA==", "mAAA=", "mA-", "m A", "mAA\n",
		"MAA", "MAA=", "MAA===", "MAAA", "MAAAA====", "MA===", "M=", "MAAAA=",
		"uA+", "uA/", "UAA", "U-_8",
		"0000000", "00000000", "0000000000", "0000000002", "00x0000000",
		"71", "712", "77777", "7001", "78",
		"h0", "hl", "v1", "vw", "tw0======",
		"k-", "kA ", "z0", "zO", "zI", "zl", "z ", "Z0", "zz\n", "9a", "9-1",
	};
	struct buf out = BUF_INIT(100);
	size_t i;

	CHECK(buf_str(&out, "kept") == 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		err_set(0, "%s", "");
		if (mb_decode(span_str(bad[i]), &out, NULL) != ERR_INVALID) {
			printf("# '%s' was taken\n", bad[i]);
			CHECK(!"strict");
		}
		CHECK(strcmp(err_text(), "unknown error") != 0);
		CHECK(out.len == 4 && !strcmp((char *)out.data, "kept"));
	}
	buf_clear(&out);
}

static void empty_and_reserved(void)
{
	const struct mb_base *b;
	struct buf out = BUF_INIT(100);

	CHECK_ERR(mb_decode(span_of(NULL, 0), &out, &b), ERR_INVALID);
	CHECK(decode("k", &out, &b) == 0 && out.len == 0);	/* only the prefix: no bytes */
	CHECK(decode("z", &out, &b) == 0 && out.len == 0);
	CHECK(decode("b", &out, &b) == 0 && out.len == 0);
	CHECK(decode("M", &out, &b) == 0 && out.len == 0);
	CHECK_ERR(decode("1abc", &out, &b), ERR_INVALID);
	CHECK(strstr(err_text(), "reserved") != NULL);
	CHECK_ERR(decode("Qabc", &out, &b), ERR_INVALID);
	CHECK_ERR(decode("/abc", &out, &b), ERR_INVALID);
	CHECK_ERR(decode("xabc", &out, &b), ERR_INVALID);
	CHECK_ERR(decode("\xff", &out, &b), ERR_INVALID);
	CHECK_ERR(decode("\xf0\x9f\x9a", &out, &b), ERR_INVALID);
	buf_reset(&out);
	CHECK(mb_decode(span_of("\0ab", 3), &out, &b) == 0 && out.len == 2);
	CHECK_STR(b->name, "identity");
	buf_clear(&out);
}

static void limits(void)
{
	static uint8_t text[MB_TEXT_MAX + 2];
	struct buf out = BUF_INIT(10), big = BUF_INIT(100000);
	const struct mb_base *b;
	int i;

	memset(text, 'z', sizeof text);
	CHECK(mb_decode(span_of(text, MB_TEXT_MAX + 1), &big, NULL) == 0);
	CHECK_ERR(mb_decode(span_of(text, MB_TEXT_MAX + 2), &big, NULL), ERR_LIMIT);
	memset(text, '1', sizeof text);
	text[0] = 'z';
	buf_reset(&big);
	CHECK(mb_decode(span_of(text, MB_TEXT_MAX + 1), &big, NULL) == 0 &&
	      big.len == MB_TEXT_MAX);
	CHECK_ERR(mb_decode(span_of(text, 100), &out, NULL), ERR_LIMIT);
	CHECK(out.len == 0);
	for (i = 0; (b = mb_each(i)); i++) {
		CHECK_ERR(mb_encode(b, span_of(text, 11), &out), ERR_LIMIT);
		CHECK(out.len == 0);
	}
	memset(text, 0xff, sizeof text);
	buf_reset(&big);
	CHECK_ERR(mb_encode(mb_by_name("base58btc"), span_of(text, MB_TEXT_MAX), &big), ERR_LIMIT);
	CHECK(mb_encode(mb_by_name("base58btc"), span_of(text, 5900), &big) == 0);
	CHECK(mb_encode(mb_by_name("base16"), span_of(text, MB_TEXT_MAX), &big) == 0);
	buf_clear(&out);
	buf_clear(&big);
}

/* text of one base with digits no other base would take must not hang or grow: the quadratic
 * bases at their largest finish at once */
static void worst_number(void)
{
	static const char *bases[] = { "base10", "base36", "base58btc" };
	static uint8_t body[MB_TEXT_MAX];
	struct buf out = BUF_INIT(MB_TEXT_MAX), text = BUF_INIT(MB_TEXT_MAX);
	size_t i;

	for (i = 0; i < 3; i++) {
		memset(body, i == 0 ? '9' : 'z', sizeof body);
		buf_reset(&out);
		buf_reset(&text);
		CHECK(mb_decode_body(mb_by_name(bases[i]), span_of(body, sizeof body), &out) == 0);
		CHECK(out.len > 3000 && out.data[0] != 0);
		CHECK_ERR(mb_encode(mb_by_name(bases[i]), buf_span(&out), &text), ERR_LIMIT);
		out.len = out.len * 9 / 10;
		CHECK(mb_encode(mb_by_name(bases[i]), buf_span(&out), &text) == 0);
	}
	buf_clear(&out);
	buf_clear(&text);
}

/* what is made piece by piece is what is made at once, in every base that says so */
static void pieces(void)
{
	static const uint8_t bytes[] = "The quick brown fox jumps over the lazy dog, and then again over it.";
	const size_t len = 4 * MB_PIECE + 7;
	struct buf whole = BUF_INIT(MB_TEXT_MAX), text = BUF_INIT(MB_TEXT_MAX);
	const struct mb_base *b;
	size_t at, n;
	int i, k = 0;

	for (i = 0; (b = mb_each(i)); i++) {
		if (!mb_piecewise(b))
			continue;
		k++;
		buf_reset(&whole);
		buf_reset(&text);
		CHECK(mb_encode_body(b, span_of(bytes, len), &whole) == 0);
		for (at = 0; at < len; at += n) {
			n = len - at < 2 * MB_PIECE ? len - at : 2 * MB_PIECE;
			CHECK(mb_encode_body(b, span_of(bytes + at, n), &text) == 0);
		}
		CHECK(span_equal(buf_span(&whole), buf_span(&text)));
		buf_reset(&text);
		for (at = 0; at < whole.len; at += n) {
			n = whole.len - at < 16 ? whole.len - at : 16;
			CHECK(mb_decode_body(b, span_of(whole.data + at, n), &text) == 0);
		}
		CHECK(span_equal(span_of(bytes, len), buf_span(&text)));
	}
	CHECK(k == 18);
	CHECK(!mb_piecewise(mb_by_name("base58btc")) && !mb_piecewise(mb_by_name("base256emoji")));
	CHECK(mb_code(mb_by_name("base256emoji")) == 0x1f680 && mb_code(mb_by_name("base32")) == 'b');
	CHECK(mb_code(mb_by_name("identity")) == 0);
	buf_clear(&whole);
	buf_clear(&text);
}

int main(void)
{
	RUN(upstream);
	RUN(registry);
	RUN(list);
	RUN(round_trips);
	RUN(emoji);
	RUN(bases_kubo_lacks);
	RUN(strict);
	RUN(empty_and_reserved);
	RUN(limits);
	RUN(worst_number);
	RUN(pieces);
	return UNIT_END();
}
