/* create_test.c - records that are made are good ones, and as others make them */
#include <fcntl.h>

#include "base/io.h"
#include "codec/codec.h"
#include "name/name.h"
#include "tests/unit/key/vectors.h"

static const struct timespec now = { 1790000000, 0 };

static void round_trips(void)
{
	struct vector v;
	FILE *f = NULL;

	while (vectors_next(&f, &v)) {
		int v2;

		for (v2 = 0; v2 < 2; v2++) {
			struct name_create c = { span_str("/ipfs/bafkqaaa/a b"), 3, 60000000000, { 1790001000, 5 }, v2 };
			struct buf out = BUF_INIT(NAME_RECORD_MAX);
			struct name_record r;
			struct key_public pub;
			struct span old[3];
			struct key *k = NULL;

			NEED(key_decode(v.private_pb, &k) == 0 && name_create(k, &c, &out) == 0);
			NEED(name_verify(buf_span(&out), key_name(k), &now, &r) == 0);
			CHECK(span_equal(r.value, c.value) && r.sequence == 3 && r.ttl_ns == c.ttl_ns);
			CHECK(r.ends.tv_sec == c.ends.tv_sec && r.ends.tv_nsec == 5);
			CHECK((r.sig_v1.p == NULL) == v2 && (r.old_value.p == NULL) == v2);
			CHECK((r.public_pb.p != NULL) == (v.public_pb.len > KEY_INLINE_MAX));
			NEED(key_public_decode(v.public_pb, &pub) == 0);
			old[0] = r.value, old[1] = r.validity, old[2] = span_str("EOL");
			if (!v2)
				CHECK(key_verify(&pub, old, 3, r.sig_v1) == 0);
			key_free(k);
			buf_clear(&out);
		}
	}
}

/* The bytes are those that js-ipns made of the same things: data, and the order of the fields. */
static void as_others(void)
{
	static const char *files[] = {
		"k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w_v1-v2",
		"k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f_v2",
		"k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe"
	};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct buf theirs = BUF_INIT(NAME_RECORD_MAX), ours = BUF_INIT(NAME_RECORD_MAX);
		struct name_record r, o;
		struct name_create c;
		struct key *k = NULL;
		char path[256];

		snprintf(path, sizeof path, "tests/golden/gateway/records/%s.ipns-record", files[i]);
		NEED(io_slurp_file(AT_FDCWD, path, &theirs) == 0 && name_decode(buf_span(&theirs), &r) == 0);
		c = (struct name_create){ r.value, r.sequence, r.ttl_ns, r.ends, r.sig_v1.p == NULL };
		NEED(key_decode(vector("ed25519-seed1").private_pb, &k) == 0 && name_create(k, &c, &ours) == 0);
		NEED(name_decode(buf_span(&ours), &o) == 0);
		CHECK(span_equal(o.data, r.data));
		/* but for the signatures, and a key that need not be there, nothing differs */
		CHECK(ours.len == theirs.len - (r.public_pb.len ? r.public_pb.len + 2 : 0));
		key_free(k);
		buf_clear(&theirs);
		buf_clear(&ours);
	}
}

static void refused(void)
{
	static const char *bad[] = {
		"", "bafkqaaa", "/", "/ipfs/", "/ipfs/x", "/ipns/", "/ipns//x", "/ipfx/bafkqaaa", "ipfs/bafkqaaa"
	};
	struct name_create c = { .ttl_ns = 1, .ends = { 1790001000, 0 } };
	struct buf out = BUF_INIT(NAME_RECORD_MAX), big = BUF_INIT(65536);
	struct key *k = NULL;
	size_t i;

	NEED(key_generate(KEY_ED25519, 0, &k) == 0);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		c.value = span_str(bad[i]);
		CHECK_ERR(name_create(k, &c, &out), ERR_USAGE);
	}
	c.value = span_of("/ipfs/bafkqaaa\0x", 16);
	CHECK_ERR(name_create(k, &c, &out), ERR_USAGE);
	c.value = span_str("/ipns/example.com/a");
	CHECK(name_create(k, &c, &out) == 0);
	buf_reset(&out);
	c.ttl_ns = UINT64_C(1) << 63;
	CHECK_ERR(name_create(k, &c, &out), ERR_USAGE);
	c.ttl_ns = 1;
	c.ends.tv_sec = INT64_C(1) << 60;
	CHECK_ERR(name_create(k, &c, &out), ERR_USAGE);
	c.ends.tv_sec = 1790001000;
	/* the value is there twice */
	CHECK(buf_str(&big, "/ipfs/bafkqaaa/") == 0);
	while (big.len < 6000)
		buf_u8(&big, 'x');
	c.value = buf_span(&big);
	CHECK_ERR(name_create(k, &c, &out), ERR_LIMIT);
	CHECK(out.len == 0);
	c.v2_only = 1;
	CHECK(name_create(k, &c, &out) == 0);
	key_free(k);
	buf_clear(&out);
	buf_clear(&big);
}

int main(void)
{
	RUN(round_trips);
	RUN(as_others);
	RUN(refused);
	return UNIT_END();
}
