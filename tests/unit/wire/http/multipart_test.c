/* multipart_test - bodies in parts, at every split, and parts going out */
#include "base/rd.h"
#include "wire/http/multipart.h"
#include "tests/unit/unit.h"

static int nested;

/* what a body comes to, as text; the end is "<end>", "<cut>" or "<bad>" */
static char *hear(const char *type, struct span in, size_t step)
{
	static struct multipart m;
	struct buf text = BUF_INIT(1 << 20);
	uint8_t *room = malloc(in.len + 1);
	size_t have = 0, given = 0, used, at;
	enum multipart_event e = MULTIPART_MORE;
	uint64_t rnd = 88172645463325252u + in.len + step;
	struct span data;

	if (multipart_start(&m, span_str(type)) < 0) {
		free(room);
		return strdup("<type>");
	}
	m.nested = nested;
	while (e != MULTIPART_BAD && e != MULTIPART_END) {
		at = step ? step : 1 + (rnd = rnd * 6364136223846793005u + 1442695040888963407u) / 3 % 9;
		if (at > in.len - given)
			at = in.len - given;
		if (at == 0)
			break;
		/* fresh memory each time, so that a span kept too long is seen */
		memcpy(room + have, in.p + given, at);
		have += at;
		given += at;
		for (at = 0; ; at += used) {
			e = multipart_next(&m, span_of(room + at, have - at), &used, &data);
			if (e == MULTIPART_DATA)
				buf_add(&text, data);
			else if (e == MULTIPART_PART)
				buf_printf(&text, "[%zu %.*s|%.*s|%.*s]", m.n_fields, (int)m.name.len, (const char *)m.name.p,
					   (int)m.filename.len, (const char *)m.filename.p,
					   (int)m.type.len, (const char *)m.type.p);
			else if (e == MULTIPART_PART_END)
				buf_str(&text, "[/]");
			else
				break;
		}
		at += used;
		memmove(room, room + at, have - at);
		have -= at;
		memset(room + have, 0xaa, in.len - have);
		CHECK(e == MULTIPART_BAD || have <= MULTIPART_HEAD_MAX);
	}
	CHECK((e == MULTIPART_BAD) == (m.why != NULL));
	buf_str(&text, e == MULTIPART_END ? "<end>" : e == MULTIPART_BAD ? "<bad>" : "<cut>");
	free(room);
	return buf_take(&text);
}

static void expect_bytes(const char *type, struct span in, const char *want)
{
	size_t steps[] = { in.len ? in.len : 1, 1, 2, 3, 5, 0, 0, 0 }, i;

	for (i = 0; i < sizeof steps / sizeof *steps; i++) {
		char *got = hear(type, in, steps[i]);

		if (strcmp(got, want))
			printf("# in steps of %zu: %.200s\n", steps[i], (const char *)in.p);
		CHECK_STR(got, want);
		free(got);
	}
}

static void expect(const char *in, const char *want)
{
	expect_bytes("multipart/form-data; boundary=AaB03x", span_str(in), want);
}

#define D "Content-Disposition: form-data; "

static void bodies(void)
{
	expect("--AaB03x\r\n" D "name=\"a\"\r\n\r\nLarry\r\n--AaB03x\r\n" D "name=\"files\"; filename=\"f.txt\"\r\n"
	       "Content-Type: text/plain\r\n\r\n...\r\n--AaB03x--\r\n",
	       "[1 a||]Larry[/][2 files|f.txt|text/plain]...[/]<end>");
	/* preamble, epilogue, blanks behind boundaries, no CRLF before the first */
	expect("pre\r\namble\r\n--AaB03x \t\r\n\r\nx\r\n--AaB03x--epilogue\r\n--AaB03x\r\n", "[0 ||]x[/]<end>");
	/* empty parts, in both spellings */
	expect("--AaB03x\r\n\r\n\r\n--AaB03x\r\n\r\n--AaB03x\r\n" D "name=a\r\n\r\n--AaB03x--", "[0 ||][/][0 ||][/][1 a||][/]<end>");
	expect("--AaB03x--", "<end>");
	/* almost a boundary */
	expect("--AaB03x\r\n\r\n\r\n--AaB03\r\n-\r\r\n--\r\n\n--AaB03x\r\r\n--AaB03x--",
	       "[0 ||]\r\n--AaB03\r\n-\r\r\n--\r\n\n--AaB03x\r[/]<end>");
	expect("--AaB03x\r\n\r\n--AaB03-\r\r\r\n--AaB03x--", "[0 ||]--AaB03-\r\r[/]<end>");
	expect("--AaB03x\r\n\r\n-\r\n--AaB03x--", "[0 ||]-[/]<end>");
	/* names as curl, Go and browsers write them */
	expect("--AaB03x\r\n" D "name=\"a\\\"b\"; filename=\"\xc3\xa9%22.txt\"\r\n\r\n\r\n--AaB03x--",
	       "[1 a\\\"b|\xc3\xa9%22.txt|][/]<end>");
	/* cut short */
	expect("", "<cut>");
	expect("--AaB03x\r\n" D "name=\"a\"\r\n", "<cut>");
	expect("--AaB03x\r\n\r\nabc\r\n--AaB03", "[0 ||]abc<cut>");
	expect("--AaB03x\r\n\r\nabc\r\n--AaB03x\r\n", "[0 ||]abc[/]<cut>");
	expect("--AaB03x\r\n\r\nabc\r\n--AaB03x-", "[0 ||]abc[/]<cut>");
	/* js-kubo-rpc-client: the boundary may end in what looks like the end */
	expect_bytes("multipart/form-data; boundary=\"abc_-\"", span_str("--abc_-\r\n\r\n--abc_\r\n--abc_---"),
		     "[0 ||]--abc_[/]<end>");
	/* not text */
	expect_bytes("multipart/form-data; boundary=AaB03x", span_of("--AaB03x\r\n\r\n\r\r\r\r\n\r\r\n--AaB03x--", 31),
		     "[0 ||]\r\r\r\r\n\r[/]<end>");
}

static void refused(void)
{
	char *big = unit_kept(20000);

	expect("--AaB03xy\r\n\r\n", "<bad>");
	expect("--AaB03x\n\r\n", "<bad>");
	expect("--AaB03x\rx", "<bad>");
	expect("--AaB03x-x", "<bad>");
	expect("--AaB03x\r\n\r\nabc\r\n--AaB03xyz\r\n", "[0 ||]abc[/]<bad>");
	expect("--AaB03x\r\nno colon\r\n\r\n", "<bad>");
	expect("--AaB03x\r\nX : a\r\n\r\n", "<bad>");
	expect("--AaB03x\r\n" D "name=a;\r\n filename=b\r\n\r\n", "<bad>");
	expect("--AaB03x\r\nX: a\nY: b\r\n\r\n", "<bad>");
	expect("--AaB03x\r\n" D "name=\"a\r\n\r\n", "<bad>");
	expect("--AaB03x\r\n" D "name=a\r\n" D "name=b\r\n\r\n", "<bad>");
	expect("--AaB03x\r\nContent-Type: a/b\r\ncontent-type: a/b\r\n\r\n", "<bad>");
	expect("--AaB03x\r\nContent-Transfer-Encoding: base64\r\n\r\n", "<bad>");
	expect("--AaB03x\r\nContent-Type: Multipart/mixed; boundary=b\r\n\r\n", "<bad>");
	expect("--AaB03x\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n", "<bad>");
	nested = 1;
	expect("--AaB03x\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--AaB03x--",
	       "[1 ||multipart/form-data; boundary=b][/]<end>");
	expect("--AaB03x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", "<bad>");
	nested = 0;
	expect_bytes("multipart/form-data; boundary=AaB03x", span_of("--AaB03x\r\nX: \0\r\n\r\n", 19), "<bad>");
	strcpy(big, "--AaB03x\r\nX: ");
	memset(big + 13, 'a', 9000);
	strcpy(big + 9013, "\r\n\r\n");
	expect(big, "<bad>");
	memset(big, 'a', 9000);
	strcpy(big + 9000, "\r\n--AaB03x--");
	expect(big, "<bad>");
}

static void types(void)
{
	static const char *const wrong[] = {
		"", "text/plain; boundary=a", "multipart/form-data", "multipart/form-data; boundary=",
		"multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"a \"",
		"multipart/form-data; boundary=\"a;b\"", "multipart/; boundary=a",
		"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
	};
	struct multipart m;
	size_t i;

	for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECK_ERR(multipart_start(&m, span_str(wrong[i])), ERR_INVALID);
	CHECK(multipart_start(&m, span_str("Multipart/Form-Data; charset=x; Boundary=\"a b'()+_,-./:=?\"")) == 0);
	CHECK(multipart_start(&m, span_str("multipart/form-data; boundary="
		"0123456789012345678901234567890123456789012345678901234567890123456789")) == 0);
}

/* parts of random bytes out of few kinds, put together and taken apart again */
static void round_trips(void)
{
	static const char kinds[] = "\r\n-ab";
	uint64_t rnd = 7;
	int round;

	for (round = 0; round < 3000; round++) {
		struct buf in = BUF_INIT(1 << 16), want = BUF_INIT(1 << 16);
		size_t n, k, parts;

		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		parts = (rnd >> 40) % 4;
		for (; parts; parts--) {
			char part[40];
			size_t len;

			rnd = rnd * 6364136223846793005u + 1442695040888963407u;
			n = (rnd >> 40) % 30;
			for (len = 0; len < n; len++) {
				rnd = rnd * 6364136223846793005u + 1442695040888963407u;
				part[len] = kinds[(rnd >> 40) % 5];
			}
			part[len] = 0;
			/* what holds the boundary is no part */
			for (k = 0; k + 4 < len; k++)
				if (!memcmp(part + k, "\r\n--a", 5))
					part[k] = 'x';
			if (!strncmp(part, "--a", 3))
				part[0] = 'x';
			buf_printf(&in, "\r\n--a\r\n\r\n%s", part);
			buf_printf(&want, "[0 ||]%s[/]", part);
		}
		buf_str(&in, "\r\n--a--");
		buf_str(&want, "<end>");
		expect_bytes("multipart/mixed; boundary=a", buf_span(&in), (const char *)want.data);
		buf_clear(&in);
		buf_clear(&want);
	}
}

/* RFC 9110 14.6; read back with our own reader */
static void ranges(void)
{
	struct http_range r[2] = { { 500, 4 }, { 7000, 5 } };
	struct span b = span_str("THIS_STRING_SEPARATES"), type = span_str("application/pdf");
	struct buf out = BUF_INIT(4096);
	uint64_t len;

	CHECK(byteranges_head(&out, 1, b, type, &r[0], 8000) == 0 && buf_str(&out, "abcd") == 0);
	CHECK(byteranges_head(&out, 0, b, type, &r[1], 8000) == 0 && buf_str(&out, "efghi") == 0);
	CHECK(byteranges_end(&out, b) == 0);
	CHECK_STR((const char *)out.data,
		  "--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\nContent-Range: bytes 500-503/8000\r\n\r\nabcd\r\n"
		  "--THIS_STRING_SEPARATES\r\nContent-Type: application/pdf\r\nContent-Range: bytes 7000-7004/8000\r\n\r\nefghi\r\n"
		  "--THIS_STRING_SEPARATES--\r\n");
	CHECK(byteranges_len(b, type, r, 2, 8000, &len) == 0 && len == out.len);
	expect_bytes("multipart/byteranges; boundary=THIS_STRING_SEPARATES", buf_span(&out),
		     "[2 ||application/pdf]abcd[/][2 ||application/pdf]efghi[/]<end>");
	CHECK(byteranges_len(b, span_of(NULL, 0), r, 2, 8000, &len) == 0 && len == out.len - 2 * 31);
	CHECK_ERR(byteranges_head(&out, 1, b, span_str("a\r\nX: b"), &r[0], 8000), ERR_INVALID);
	r[0] = (struct http_range){ 0, UINT64_MAX };
	CHECK_ERR(byteranges_len(b, type, r, 2, UINT64_MAX, &len), ERR_LIMIT);
	out.max = out.len + 20;
	CHECK_ERR(byteranges_head(&out, 1, b, type, &r[1], 8000), ERR_LIMIT);
	buf_clear(&out);
}

int main(void)
{
	RUN(bodies);
	RUN(refused);
	RUN(types);
	RUN(round_trips);
	RUN(ranges);
	return UNIT_END();
}
