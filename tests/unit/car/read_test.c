/* read_test.c - the reader over every fixture, cut at every byte, through files and pipes */
#include <time.h>

#include "cartest.h"

/* what a strict reader that hashes says; code ERR_OK: n blocks of `bytes` in all */
static const struct {
	const char *file;
	int code, flags;
	uint64_t n, bytes;
	const char *says;
} cases[] = {
	{ "derived/v1-one-raw.car", ERR_OK, 0, 1, 11, NULL },
	{ "derived/v1-two-raw.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v1-duplicate-block.car", ERR_OK, 0, 2, 22, NULL },
	{ "derived/v1-identity-section.car", ERR_OK, 0, 2, 17, NULL },
	{ "derived/v1-no-roots.car", ERR_OK, 0, 1, 11, NULL },
	{ "derived/v1-header-only.car", ERR_OK, 0, 0, 0, NULL },
	{ "derived/v1-two-roots.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v1-root-missing.car", ERR_OK, 0, 1, 11, NULL },
	{ "derived/v1-empty-block.car", ERR_OK, 0, 1, 0, NULL },
	{ "derived/v1-null-padding.car", ERR_INVALID, 0, 1, 11, "offset 107: a section of length 0" },
	{ "derived/v1-null-padding.car", ERR_OK, CAR_ZERO_ENDS, 1, 11, NULL },
	{ "derived/v1-truncated-at-boundary.car", ERR_OK, 0, 1, 11, NULL },
	{ "derived/v1-truncated-in-data.car", ERR_INVALID, 0, 1, 11,
	  "offset 107: unexpected end of the file after 45 of the 48 bytes of the section of 'bafkreigtq6r7h" },
	{ "derived/v1-truncated-in-cid.car", ERR_INVALID, 0, 1, 11,
	  "offset 107: unexpected end of the file after 4 of the 48 bytes of a section" },
	{ "derived/v1-truncated-in-length.car", ERR_INVALID, 0, 1, 11,
	  "offset 107: unexpected end of the file inside the length of a section" },
	{ "derived/v1-truncated-after-length.car", ERR_INVALID, 0, 1, 11,
	  "offset 107: unexpected end of the file: a section of 48 bytes is announced and none follow" },
	{ "derived/v1-hash-mismatch.car", ERR_CORRUPT, 0, 0, 0,
	  "'test.car', offset 59: the bytes do not hash to 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao" },
	{ "derived/v1-hash-mismatch.car", ERR_OK, CAR_NO_HASH, 1, 11, NULL },
	{ "derived/v1-section-shorter-than-cid.car", ERR_INVALID, 0, 0, 0, "offset 59: the section's CID: " },
	{ "derived/v1-length-nonminimal.car", ERR_INVALID, 0, 0, 0,
	  "offset 59: the length of the section: varint is not minimal" },
	{ "derived/v1-length-huge.car", ERR_LIMIT, 0, 0, 0, "offset 59: a section of " },
	{ "derived/v1-header-unsorted.car", ERR_INVALID, 0, 0, 0, "the header: byte 16: the keys are not sorted" },
	{ "derived/v1-header-unsorted.car", ERR_OK, CAR_LOOSE_HEADER, 1, 11, NULL },
	{ "derived/v1-header-extra-key.car", ERR_INVALID, 0, 0, 0, "does not belong there" },
	{ "derived/v1-version-3.car", ERR_INVALID, 0, 0, 0, "version 3 is not known" },
	{ "derived/v1-header-length-zero.car", ERR_INVALID, 0, 0, 0, "the length of the header is 0" },
	{ "derived/v1-cidv0-section.car", ERR_OK, 0, 1, 0, NULL },
	{ "derived/v2-no-index.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v2-index-0400.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v2-index-0401.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v2-index-0401-padded.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v2-fully-indexed-identity.car", ERR_OK, 0, 2, 17, NULL },
	{ "derived/v2-index-unknown-codec.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v2-index-offset-mismatch.car", ERR_OK, 0, 2, 23, NULL },
	{ "derived/v2-data-offset-50.car", ERR_INVALID, 0, 0, 0, "offset 27: the payload begins at 50" },
	{ "derived/v2-data-size-zero.car", ERR_INVALID, 0, 0, 0, "offset 35: the size of the payload is 0" },
	{ "derived/v2-data-past-eof.car", ERR_INVALID, 0, 0, 0, "offset 35: the payload ends at 307, behind" },
	{ "derived/v2-index-inside-data.car", ERR_INVALID, 0, 0, 0,
	  "offset 43: the index begins at 60, before the end of the payload at 207" },
	{ "derived/v2-header-truncated.car", ERR_INVALID, 0, 0, 0, "the CARv2 header is cut short" },
	{ "derived/v2-inner-version-2.car", ERR_INVALID, 0, 0, 0,
	  "offset 51: the header: version 2 begins with a pragma" },
	{ "go-car/badheaderlength.car", ERR_LIMIT, 0, 0, 0, "offset 0: a header of " },
	{ "go-car/badsectionlength.car", ERR_LIMIT, 0, 0, 0, "offset 18: a section of " },
	{ "go-car/sample-corrupt-pragma.car", ERR_INVALID, 0, 0, 0, "offset 0: the header is cut short" },
	{ "go-car/sample-rootless-v42.car", ERR_INVALID, 0, 0, 0, "version 42 is not known" },
	{ "go-car/sample-rw-bs-v2.car", ERR_OK, 0, 3, 20, NULL },
	{ "go-car/sample-unixfs-v2.car", ERR_OK, 0, 3, 114, NULL },
	{ "go-car/sample-v1-noidentity.car", ERR_OK, 0, 1043, 438063, NULL },
	{ "go-car/sample-v1-tailing-corrupt-section.car", ERR_INVALID, 0, 1048, 437781,
	  "offset 479518: unexpected end of the file" },
	{ "go-car/sample-v1-with-zero-len-section.car", ERR_INVALID, 0, 1049, 438130,
	  "offset 479907: a section of length 0" },
	{ "go-car/sample-v1-with-zero-len-section.car", ERR_OK, CAR_ZERO_ENDS, 1049, 438130, NULL },
	{ "go-car/sample-v1-with-zero-len-section2.car", ERR_OK, CAR_ZERO_ENDS, 20, 19958, NULL },
	{ "go-car/sample-v1-with-zero-len-section2.car", ERR_INVALID, 0, 20, 19958,
	  "offset 20819: a section of length 0" },
	{ "go-car/sample-v1.car", ERR_OK, 0, 1049, 438130, NULL },
	{ "go-car/sample-v2-corrupt-data-and-index.car", ERR_INVALID, 0, 0, 0, "offset 35: a payload of " },
	{ "go-car/sample-v2-indexless.car", ERR_OK, 0, 1049, 438130, NULL },
	{ "go-car/sample-wrapped-v2.car", ERR_OK, 0, 1049, 438130, NULL },
	{ "go-car/simple-unixfs-missing-blocks.car", ERR_OK, 0, 17, 964, NULL },
	{ "go-car/simple-unixfs.car", ERR_OK, 0, 22, 1102, NULL },
	{ "go-car/wikipedia-cryptographic-hash-function.car", ERR_OK, 0, 5, 161481, NULL },
	{ "ipld-spec/carv1-basic.car", ERR_OK, 0, 8, 323, NULL },
	{ "ipld-spec/carv2-basic.car", ERR_OK, 0, 5, 211, NULL },
};

static void every_fixture(void)
{
	char path[256];
	struct seen s;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(path, sizeof path, GOLDEN "%s", cases[i].file);
		s = read_all(slurp(path), cases[i].flags);
		if (s.rc != cases[i].code || s.n != cases[i].n || s.bytes != cases[i].bytes ||
		    (cases[i].says && !strstr(s.text, cases[i].says)))
			printf("# %s: %s, %" PRIu64 " blocks, %" PRIu64 " bytes: %s\n", cases[i].file,
			       err_name(s.rc), s.n, s.bytes, s.text);
		CHECK(s.rc == cases[i].code);
		CHECK(s.n == cases[i].n && s.bytes == cases[i].bytes);
		CHECK(!cases[i].says || strstr(s.text, cases[i].says));
		CHECK(s.rc < 0 || s.version == (strstr(path, "v2") ? 2 : 1));
	}
}

/* The list that came with the small ones says the same, of all of them. */
static void expected_verdicts(void)
{
	struct span text = slurp(GOLDEN "derived/expected.tsv");
	char *line = strtok((char *)(uintptr_t)text.p, "\n");
	int n = 0;

	for (; line; line = strtok(NULL, "\n")) {
		char *tab = strchr(line, '\t');
		size_t i, found = 0;

		if (line[0] == '#' || !tab)
			continue;
		*tab++ = 0;
		for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
			const char *name = strchr(cases[i].file, '/') + 1;

			if (cases[i].flags || strcmp(name, line))
				continue;
			found++;
			CHECK((cases[i].code == ERR_OK) == !!strncmp(tab, "reject", 6));
		}
		if (found != 1)
			printf("# %s\n", line);
		CHECK(found == 1);
		n++;
	}
	CHECK(n == 37);
}

/* Cut between sections an archive is a shorter archive; anywhere else it is an error. */
static void cut_at_every_byte(void)
{
	struct buf car = BUF_INIT(1 << 20);
	struct seen s;
	size_t i;

	hello(&car, 2, NULL);
	CHECK(car.len == 156);
	for (i = 0; i <= car.len; i++) {
		s = read_all(span_of(car.data, i), 0);
		CHECK(s.rc == (i == 59 || i == 107 || i == 156 ? 0 : ERR_INVALID));
		CHECK(s.n == (i >= 156 ? 2u : i >= 107 ? 1u : 0u));
		CHECK(s.rc == 0 || strstr(s.text, i < 59 ? "offset 0: " : i < 107 ? "offset 59: " : "offset 107: "));
	}
	buf_clear(&car);
}

static void cut_v2_at_every_byte(void)
{
	struct buf car = BUF_INIT(1 << 20), inner = BUF_INIT(1 << 20);
	struct car_index *x;
	struct feed f;
	struct seen s;
	size_t i;
	int fd;

	NEED(car_index_new(&x, 0, NULL, 0) == 0);
	hello(&inner, 2, x);
	wrap(&car, buf_span(&inner), x, CAR_INDEX_MH_SORTED);
	CHECK(car.len == 317);
	for (i = 0; i <= car.len; i++) {
		fd = as_file(span_of(car.data, i));
		s = read_fd(fd, 0);
		close(fd);
		/* a file knows its length, and that the index should be in it */
		CHECK(s.rc == (i > 207 ? 0 : ERR_INVALID));
		s = read_fd(feed_start(&f, span_of(car.data, i), 5), 0);
		feed_end(&f);
		CHECK(s.rc == (i >= 207 ? 0 : ERR_INVALID));
		CHECK(s.n == (i >= 207 ? 2u : i >= 158 ? 1u : 0u));
	}
	car_index_free(x);
	buf_clear(&car);
	buf_clear(&inner);
}

static void put_section(struct buf *out, const char *cid_hex, struct span data)
{
	struct span cid = unit_hex(cid_hex);

	CHECK(buf_varint(out, cid.len + data.len) == 0 && buf_add(out, cid) == 0 && buf_add(out, data) == 0);
}

static void empty_archive(struct buf *out)
{
	struct sink_buf to;
	struct car_out o;

	buf_reset(out);
	sink_buf_start(&to, out);
	CHECK(car_out_start(&o, &to.sink, NULL, NULL, 0) == 0 && out->len == 18);
}

static void one_section(const char *cid_hex, struct span data, int code, const char *says)
{
	struct buf car = BUF_INIT(1 << 20);
	struct seen s;

	empty_archive(&car);
	put_section(&car, cid_hex, data);
	s = read_all(buf_span(&car), 0);
	if (s.rc != code || (says && !strstr(s.text, says)))
		printf("# %s: %s %s\n", cid_hex, err_name(s.rc), s.text);
	CHECK(s.rc == code);
	CHECK(!says || (strstr(s.text, says) && strstr(s.text, "offset 18: ")));
	buf_clear(&car);
}

static void cids_and_policy(void)
{
	static uint8_t zeros[200];
	char hex[600];
	struct buf text = BUF_INIT(600);
	int i;

	one_section("01550000", span_of(NULL, 0), ERR_OK, NULL);
	one_section("0155000461626364", span_str("abcd"), ERR_OK, NULL);
	one_section("0155000461626364", span_str("abce"), ERR_CORRUPT, "do not hash to");
	/* what the block policy forbids: murmur3, a digest cut too short, identity of 129 bytes */
	one_section("0155220800112233445566ff", span_str("x"), ERR_DENIED,
		    "potentially insecure hash functions not allowed");
	one_section("0155120400112233", span_str("x"), ERR_DENIED, "digest too small");
	CHECK(buf_str(&text, "0155008101") == 0);
	for (i = 0; i < 129; i++)
		CHECK(buf_str(&text, "00") == 0);
	snprintf(hex, sizeof hex, "%s", (char *)text.data);
	one_section(hex, span_of(zeros, 129), ERR_DENIED, "digest too large: identity digest got 129 bytes");
	/* a CID that is none */
	one_section("05551220", span_of(zeros, 32), ERR_INVALID, "the section's CID: CID version 5 is not known");
	one_section("00551220", span_of(zeros, 32), ERR_INVALID, "the section's CID: ");
	one_section("01d5001220", span_of(zeros, 32), ERR_INVALID, "varint is not minimal");
	one_section("0155ffffffffffffffffff01", span_of(zeros, 32), ERR_INVALID, "varint is longer than 9 bytes");
	one_section("015512ffffffff7f", span_of(zeros, 32), ERR_INVALID, "multihash length");
	one_section("0155", span_of(NULL, 0), ERR_INVALID, "too short for a CID");
	buf_clear(&text);
}

static void varints(void)
{
	struct buf car = BUF_INIT(1 << 20);
	struct seen s;

	empty_archive(&car);
	CHECK(buf_add(&car, unit_hex("ffffffffffffffff7f")) == 0);	/* 2^63 - 1 */
	s = read_all(buf_span(&car), 0);
	CHECK(s.rc == ERR_LIMIT && strstr(s.text, "9223372036854775807 bytes"));
	empty_archive(&car);
	CHECK(buf_add(&car, unit_hex("80808080808080808001")) == 0);	/* 2^63 */
	s = read_all(buf_span(&car), 0);
	CHECK(s.rc == ERR_INVALID && strstr(s.text, "offset 18: the length of the section: varint is longer"));
	empty_archive(&car);
	CHECK(buf_add(&car, unit_hex("8180808004")) == 0);		/* 1 GiB and 1 */
	s = read_all(buf_span(&car), 0);
	CHECK(s.rc == ERR_LIMIT);
	s = read_all(unit_hex("80808080808080808001"), 0);
	CHECK(s.rc == ERR_INVALID && strstr(s.text, "the length of the header: varint is longer"));
	s = read_all(unit_hex("8180808010"), 0);
	CHECK(s.rc == ERR_LIMIT && strstr(s.text, "a header of 4294967297 bytes"));
	buf_clear(&car);
}

/* Headers that claim much and bring little are refused for what they are, and cost what they bring. */
static void strange_headers(void)
{
	static const struct { const char *hex, *says; } bad[] = {
		{ "", "there is nothing where the header should begin" },
		{ "80", "the length of the header is cut short" },
		{ "ffffff0f", "the header is cut short" },
		{ "0180", "not a map but a list" },
		{ "01a0", "it has no \"version\"" },
		{ "0aa16776657273696f6e01", "it has no \"roots\"" },
		{ "11a265726f6f7473a06776657273696f6e01", "\"roots\" is not a list but a map" },
		{ "11a265726f6f7473806776657273696f6e00", "version 0 is not known" },
		{ "11a265726f6f7473806776657273696f6e20", "\"version\" is not 1 or 2 but a negative integer" },
		{ "11a265726f6f7473806776657273696f6ef5", "byte 16: \"version\" is not 1 or 2 but a float" },
		{ "12a265726f6f747381006776657273696f6e01", "byte 8: a root is not a link but an integer" },
		{ "11a265726f6f7473806776657273696f6e02", "version 2 begins with a pragma" },
		{ "11a265726f6f7473806776657273696f6e18", "the header: byte 17: unexpected end" },
		{ "12a265726f6f7473806776657273696f6e1801", "a number is written longer than it has to be" },
		{ "12b80265726f6f7473806776657273696f6e01", "a number is written longer" },
		{ "12bf65726f6f7473806776657273696f6e01ff", "dag-cbor has no items without a length" },
		{ "12a265726f6f74739fff6776657273696f6e01", "dag-cbor has no items without a length" },
		{ "0fa265726f6f74738065726f6f747380", "\"roots\" stands there twice" },
		{ "13a26776657273696f6e016776657273696f6e01", "\"version\" stands there twice" },
		{ "07a165726f6f7473", "unexpected end" },
		{ "04a1657265", "unexpected end of a key" },
		{ "03a1f601", "a key is not a text but a float, bool or null" },
		{ "0ba265726f6f74739affffff", "unexpected end" },
		{ "0ba265726f6f747399ff0000", "fewer roots than announced" },
		{ "15a265726f6f747381d82b4101016776657273696f6e", "the one tag of dag-cbor is 42" },
		{ "0ca265726f6f747381d82a6101", "a link holds no bytes but a text" },
		{ "0ca265726f6f747381d82a4101", "do not begin with 00" },
		{ "0ca265726f6f747381d82a4100", "a root: CID is too short" },
		{ "0da265726f6f747381d82a582500", "unexpected end of a link" },
		{ "0ba16576657273696f6e01f6", "does not belong there" },
		{ "08a165726f6f747380", "it has no \"version\"" },
		{ "13a265726f6f7473806776657273696f6e010000", "byte 17: bytes behind the end of the map" },
	};
	struct seen s;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		s = read_all(unit_hex(bad[i].hex), 0);
		if (s.rc != ERR_INVALID || !strstr(s.text, bad[i].says))
			printf("# %s: %s %s\n", bad[i].hex, err_name(s.rc), s.text);
		CHECK(s.rc == ERR_INVALID);
		CHECK(strstr(s.text, "'test.car', offset 0: ") && strstr(s.text, bad[i].says));
	}
}

/* ---- archives of many slabs ---- */

enum { BIG = 3000 };

/* Blocks from nothing to 20 kB, a megabyte and more now and then; about 36 MB. */
static struct span big_block(int i, uint8_t *room)
{
	size_t len = i % 700 == 699 ? 1500000 : i % 3 ? (size_t)(i * 37 % 20000) : (size_t)(i % 40);
	uint64_t x = (uint64_t)i * 0x9e3779b97f4a7c15u;
	size_t k;

	for (k = 0; k < len; k++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		room[k] = (uint8_t)(x >> 56);
	}
	return span_of(room, len);
}

static void big_archive(struct buf *out, uint64_t *offs)
{
	uint8_t *room = malloc(2000000);
	struct sink_buf to;
	struct car_out o;
	int i;

	if (!room)
		abort();
	sink_buf_start(&to, out);
	CHECK(car_out_start(&o, &to.sink, NULL, NULL, 0) == 0);
	for (i = 0; i < BIG; i++) {
		offs[i] = o.pos;
		put_block(&o, big_block(i, room));
	}
	free(room);
}

static void many_slabs(void)
{
	struct buf car = BUF_INIT(100 << 20);
	uint64_t *offs = unit_kept(BIG * sizeof *offs);
	uint8_t *room = unit_kept(2000000);
	struct car_section s;
	struct car_in *in;
	struct feed f;
	struct seen seen;
	int fd, i, rc = 0;

	big_archive(&car, offs);
	fd = feed_start(&f, buf_span(&car), 1 << 16);
	NEED(car_in_open(&in, fd, "pipe", 0) == 0);
	for (i = 0; i < BIG; i++) {
		struct span want = big_block(i, room);

		rc = car_in_next(in, &s);
		if (rc != 1 || s.off != offs[i] || !span_equal(s.data, want))
			break;
	}
	CHECK(i == BIG && car_in_next(in, &s) == 0);
	CHECK(car_in_bytes(in) == car.len);
	car_in_close(in);
	feed_end(&f);
	/* one bit is wrong, far behind: every block before it comes */
	car.data[offs[2500] + 60] ^= 4;
	fd = as_file(buf_span(&car));
	seen = read_fd(fd, 0);
	CHECK(seen.rc == ERR_CORRUPT && seen.n == 2500 && seen.off == offs[2500]);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	seen = read_fd(fd, CAR_NO_HASH);
	CHECK(seen.rc == 0 && seen.n == BIG);
	close(fd);
	buf_clear(&car);
}

/* The largest section there may be, and one more byte. */
static void largest_section(void)
{
	struct buf car = BUF_INIT(20 << 20), block = BUF_INIT(9 << 20);
	struct sink_buf to;
	struct car_out o;
	struct seen s;
	struct cid cid;
	struct piece p;

	NEED(buf_reserve(&block, CAR_SECTION_MAX) == 0);
	memset(block.data, 7, CAR_SECTION_MAX);
	block.len = CAR_SECTION_MAX - 36;
	sink_buf_start(&to, &car);
	NEED(car_out_start(&o, &to.sink, NULL, NULL, 0) == 0);
	put_block(&o, span_str("before"));
	put_block(&o, buf_span(&block));
	put_block(&o, span_str("behind"));
	s = read_all(buf_span(&car), 0);
	CHECK(s.rc == 0 && s.n == 3);
	block.len++;
	cid = raw_cid(buf_span(&block));
	p = (struct piece){ .bytes = buf_span(&block), .fd = -1, .len = block.len };
	CHECK_ERR(car_out_block(&o, &cid, &p), ERR_LIMIT);
	CHECK(o.pos == car.len);
	buf_clear(&car);
	buf_clear(&block);
}

/* A block that came is handed out though the next one is not there yet. */
static void does_not_wait_for_more(void)
{
	struct buf car = BUF_INIT(1 << 20);
	struct car_section s;
	struct car_in *in;
	int fd[2], i;

	hello(&car, 2, NULL);
	NEED(pipe(fd) == 0);
	CHECK(write(fd[1], car.data, 120) == 120);
	NEED(car_in_open(&in, fd[0], "pipe", 0) == 0);
	CHECK(car_in_next(in, &s) == 1 && s.off == 59);
	CHECK(write(fd[1], car.data + 120, car.len - 120) == (ssize_t)car.len - 120);
	CHECK(car_in_next(in, &s) == 1 && s.off == 107);
	/* and the reader is closed though nobody writes and nobody closes: the thread that reads is told */
	for (i = 0; i < 2; i++)
		usleep(1000);
	car_in_close(in);
	close(fd[0]);
	close(fd[1]);
	buf_clear(&car);
}

/* From a function: many slabs, which others hash; and without a name the reason stands alone. */
static void from_a_function(void)
{
	struct buf car = BUF_INIT(100 << 20);
	uint64_t *offs = unit_kept(BIG * sizeof *offs);
	struct gives g;
	struct car_section s;
	struct car_in *in;
	struct seen seen;
	int rc;

	big_archive(&car, offs);
	seen = read_from(buf_span(&car), 1 << 16, 0);
	CHECK(seen.rc == 0 && seen.n == BIG);
	g = (struct gives){ span_of(car.data, offs[2500] - 3), 5000 };
	NEED(car_in_from(&in, gives_read, &g, NULL, 0) == 0);
	while ((rc = car_in_next(in, &s)) == 1)
		;
	CHECK(rc == ERR_INVALID && car_in_cut(in) == 1);
	CHECK(strncmp(err_text(), "unexpected end of the file after ", 33) == 0);
	car_in_close(in);
	car.data[offs[2500] + 60] ^= 4;
	g = (struct gives){ buf_span(&car), 1 << 16 };
	NEED(car_in_from(&in, gives_read, &g, NULL, 0) == 0);
	while ((rc = car_in_next(in, &s)) == 1)
		;
	CHECK(rc == ERR_CORRUPT && car_in_cut(in) == 0);
	CHECK(s.data.p != NULL && cid_verify(&s.cid, s.data) == ERR_CORRUPT);	/* it can be looked at */
	car_in_close(in);
	buf_clear(&car);
}

static ssize_t gives_up(void *arg, void *p, size_t len)
{
	struct gives *g = arg;

	return g->left.len ? gives_read(arg, p, len) : err_set(ERR_TIMEOUT, "too late");
}

/* its error is ours, in the header and behind it */
static void from_a_function_that_fails(void)
{
	struct buf car = BUF_INIT(1 << 20);
	struct car_section s;
	struct car_in *in;
	struct gives g;

	hello(&car, 2, NULL);
	g = (struct gives){ span_of(car.data, 20), 7 };
	CHECK_ERR(car_in_from(&in, gives_up, &g, NULL, 0), ERR_TIMEOUT);
	CHECK_STR(err_text(), "too late");
	g = (struct gives){ span_of(car.data, 70), 7 };
	NEED(car_in_from(&in, gives_up, &g, "x", 0) == 0);
	CHECK_ERR(car_in_next(in, &s), ERR_TIMEOUT);
	CHECK_STR(err_text(), "too late");
	car_in_close(in);
	buf_clear(&car);
}

/* what is packed is no archive to someone who does not want it unpacked */
static void plain_only(void)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
					16, 17, 18, 19, 20, 21, 22, 23, 24 };
	struct seen s = read_all(span_of(gzip, sizeof gzip), CAR_PLAIN);

	CHECK(s.rc == ERR_INVALID && strstr(s.text, "the header: byte 0: not a map but") != NULL);
}

/* Closed in the middle, while all threads are at work. */
static void closed_early(void)
{
	struct buf car = BUF_INIT(100 << 20);
	uint64_t *offs = unit_kept(BIG * sizeof *offs);
	struct car_section s;
	struct car_in *in;
	int fd, i, stop;

	big_archive(&car, offs);
	fd = as_file(buf_span(&car));
	for (stop = 0; stop < BIG; stop += 397) {
		CHECK(lseek(fd, 0, SEEK_SET) == 0);
		NEED(car_in_open(&in, fd, "file", 0) == 0);
		for (i = 0; i < stop && car_in_next(in, &s) == 1; i++)
			;
		CHECK(i == stop);
		car_in_close(in);
	}
	close(fd);
	buf_clear(&car);
}

/* A hole of 2^40 bytes before the payload is not read. */
static void sparse_padding(void)
{
	struct buf inner = BUF_INIT(1 << 20);
	struct car_v2 v = { (uint64_t)1 << 40, 0, 0, 0 };
	uint8_t head[CAR_V2_HEADER];
	struct seen s;
	int fd = memfd_create("sparse", MFD_CLOEXEC);

	hello(&inner, 2, NULL);
	v.data_size = inner.len;
	car_v2_encode(&v, head);
	NEED(io_pwrite(fd, head, sizeof head, 0, "memfd") == 0);
	NEED(io_pwrite(fd, inner.data, inner.len, v.data_off, "memfd") == 0);
	s = read_fd(fd, 0);
	CHECK(s.rc == 0 && s.n == 2 && s.version == 2);
	close(fd);
	buf_clear(&inner);
}

static void roots_come_as_they_are(void)
{
	struct span block = span_str("hello world");
	struct cid root = raw_cid(block), v0;
	struct buf car = BUF_INIT(1 << 20);
	const struct cid *roots;
	struct cid list[3];
	struct sink_buf to;
	struct car_in *in;
	struct car_out o;
	size_t n;
	int fd;

	NEED(cid_sum(&v0, 0, CID_DAG_PB, MH_SHA2_256, &block, 1) == 0);
	list[0] = list[2] = root;
	list[1] = v0;
	sink_buf_start(&to, &car);
	NEED(car_out_start(&o, &to.sink, NULL, list, 3) == 0);
	fd = as_file(buf_span(&car));
	NEED(car_in_open(&in, fd, "file", 0) == 0);
	roots = car_in_roots(in, &n);
	CHECK(n == 3 && cid_equal(&roots[0], &root) && cid_equal(&roots[1], &v0) && cid_equal(&roots[2], &root));
	car_in_close(in);
	close(fd);
	buf_clear(&car);
}

int main(void)
{
	RUN(every_fixture);
	RUN(expected_verdicts);
	RUN(cut_at_every_byte);
	RUN(cut_v2_at_every_byte);
	RUN(cids_and_policy);
	RUN(varints);
	RUN(strange_headers);
	RUN(many_slabs);
	RUN(largest_section);
	RUN(does_not_wait_for_more);
	RUN(from_a_function);
	RUN(from_a_function_that_fails);
	RUN(plain_only);
	RUN(closed_early);
	RUN(sparse_padding);
	RUN(roots_come_as_they_are);
	return UNIT_END();
}
