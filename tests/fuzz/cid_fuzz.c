/*
 * cid_fuzz.c - CIDs from anywhere: binary and text.
 * The first byte chooses: binary, text, or what `ipfrs-cid` does with the text.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/err.h"
#include "ops/cidfmt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* what holds of every CID that was taken: it says the same bytes again in every form */
static void check(const struct cid *cid)
{
	struct buf text = BUF_INIT(CID_TEXT_MAX - 1), out = BUF_INIT(10000);
	const struct mb_base *base, *said;
	uint8_t digest[MH_DIGEST_MAX];
	char array[CID_TEXT_MAX];
	struct cid again;
	struct span in;
	struct mh mh;
	int i;

	assert(cid->len <= CID_BYTES_MAX && cid->mh_off < cid->len && cid->version <= 1);
	assert(cid_decode(cid_span(cid), &again) == 0 && cid_equal(cid, &again));
	assert(mh_decode(cid_mh(cid), &mh) == 0 && mh.digest.len <= MH_DIGEST_MAX);
	assert(cid_make(&again, cid->version, cid->codec, mh.code, mh.digest) == 0);
	assert(cid_equal(cid, &again));
	assert(cid_parse(span_str(cid_text(cid, array)), &again, NULL) == 0);
	assert(cid_equal(cid, &again));
	for (i = 0; (base = mb_each(i)); i++) {
		buf_reset(&text);
		assert(cid_format(cid, base, &text) == 0);
		assert(cid_parse(buf_span(&text), &again, &said) == 0 && said == base);
		assert(span_equal(cid_mh(cid), cid_mh(&again)));
		assert(cid->version == 0 || cid_equal(cid, &again));
	}
	if (cid_identity(cid, &in))
		assert(cid_verify(cid, in) == 0);
	else if (cid_verify(cid, in = span_str("?")) == 0)	/* libFuzzer does find this one */
		assert(mh_sum(mh.code, &in, 1, mh.digest.len, digest) == (int)mh.digest.len &&
		       span_equal(mh.digest, span_of(digest, mh.digest.len)));
	assert(cidfmt_write(cid, NULL, "%b%B%v%V%c%C%h%H%L%m%M%d%D%s%S%P", &out) == 0);
	mh_allowed(&mh);
	buf_clear(&text);
	buf_clear(&out);
}

static void binary(struct span bytes)
{
	struct cid cid = { .len = 0 }, same;
	int n = cid_read(bytes, &cid);

	if (n < 0) {
		assert(cid_decode(bytes, &same) < 0);
		return;
	}
	assert((size_t)n <= bytes.len && n == cid.len);
	assert(span_equal(cid_span(&cid), span_of(bytes.p, (size_t)n)));
	assert((cid_decode(bytes, &same) == 0) == ((size_t)n == bytes.len));
	check(&cid);
}

static void text(struct span s)
{
	const struct mb_base *base = NULL;
	struct buf again = BUF_INIT(CID_TEXT_MAX);
	struct cid cid;

	if (cid_parse(s, &cid, &base) < 0)
		return;
	assert(base);
	check(&cid);
	assert(cid_format(&cid, base, &again) == 0);
	assert(again.len == s.len);	/* only the case of letters may differ */
	buf_clear(&again);
}

static void program(struct span s)
{
	struct buf out = BUF_INIT(1 << 16);
	char *line = malloc(s.len + 1);
	struct cid_convert how = CID_CONVERT_NONE;
	const struct mb_base *base;
	uint64_t code;
	struct cid cid, other;

	assert(line);
	memcpy(line, s.p, s.len);
	line[s.len] = 0;
	if (cid_inspect_text(line, &out) < 0)
		assert(out.len == 0);
	cid_inspect_json(line, &out);
	if (cidfmt_check(line) == 0 && cid_parse(span_str("bafkqaaa"), &cid, NULL) == 0)
		cidfmt_write(&cid, NULL, line, &out);
	codec_by_name(line, &code);
	mh_by_name(line, &code);
	for (how.version = -1; how.version <= 1; how.version++)
		if (cid_parse(span_str(line), &cid, &base) == 0 &&
		    cid_convert_apply(&how, &cid, base, &other, &base) == 0)
			check(&other);
	free(line);
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size == 0)
		return 0;
	rest = span_of(data + 1, size - 1);
	switch (data[0] % 3) {
	case 0: binary(rest); break;
	case 1: text(rest); break;
	default: program(rest);
	}
	return 0;
}
