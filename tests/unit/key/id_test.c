/* id_test.c - the names of keys in every text form */
#include "tests/unit/key/vectors.h"

static void vectors(void)
{
	struct vector v;
	FILE *f = NULL;
	int n = 0;

	while (vectors_next(&f, &v)) {
		static const char *bases[] = { "base16", "base58btc", "base64url", "base32upper" };
		struct buf text = BUF_INIT(CID_TEXT_MAX);
		char canonical[CID_TEXT_MAX];
		struct key_public k;
		struct cid id, again, pb;
		size_t i;

		NEED(key_id(v.public_pb, &id) == 0);
		CHECK(span_equal(cid_mh(&id), v.mh));
		CHECK_STR(cid_text(&id, canonical), v.base36);
		CHECK(key_id_peer(&id, &text) == 0);
		CHECK_STR((char *)text.data, v.peer);
		CHECK(key_id_parse(span_str(v.peer), &again) == 0 && cid_equal(&id, &again));
		CHECK(key_id_parse(span_str(v.base32), &again) == 0 && cid_equal(&id, &again));
		CHECK(key_id_parse(span_str(v.base36), &again) == 0 && cid_equal(&id, &again));
		CHECK(key_id_from_mh(v.mh, &again) == 0 && cid_equal(&id, &again));
		for (i = 0; i < sizeof bases / sizeof *bases; i++) {
			buf_reset(&text);
			CHECK(cid_format(&id, mb_by_name(bases[i]), &text) == 0);
			CHECK(key_id_parse(buf_span(&text), &again) == 0 && cid_equal(&id, &again));
		}
		/* of old URLs: the same multihash as dag-pb */
		buf_reset(&text);
		CHECK(cid_make_mh(&pb, 1, CID_DAG_PB, v.mh) == 0 && cid_format(&pb, NULL, &text) == 0);
		CHECK(key_id_parse(buf_span(&text), &again) == 0 && cid_equal(&id, &again));
		if (key_id_public(&id, &k))
			CHECK(span_equal(k.data, span_of(v.public_pb.p + 4, v.public_pb.len - 4)));
		else
			CHECK(v.public_pb.len > KEY_INLINE_MAX);
		buf_clear(&text);
		n++;
	}
	CHECK(n == 6);
}

static void others(void)
{
	static const char *bad[] = {
		"", "1", "12D3KooW", "Qm", "QmInvalid", "en.wikipedia.org", "k51", "self",
		"12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq ",
		"bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",	/* raw */
		"bafyrgqbvz3cqyqt5sjmnjjmlkk4dpu6bivnxxmiyqifl3nbk2npvibwphv7ib6ac66x6l5fvj6mamfaeuspi2fl5v53e64mnzb4hsrnfhyvy4",
			/* a hash no key has */
		"bafzaaca",							/* identity, empty */
		"bafzaafaaaaaaa"
	};
	struct cid id;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(key_id_parse(span_str(bad[i]), &id), ERR_INVALID);
	CHECK_ERR(key_id_from_mh(unit_hex("0000"), &id), ERR_INVALID);
	CHECK_ERR(key_id_from_mh(unit_hex("1220"), &id), ERR_INVALID);
}

int main(void)
{
	RUN(vectors);
	RUN(others);
	return UNIT_END();
}
