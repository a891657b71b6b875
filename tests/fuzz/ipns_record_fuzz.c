/*
 * ipns_record_fuzz.c - IPNS records from anywhere.
 * What could be taken apart stays inside its bytes, and a record made of the same things says the same.
 */
#include <assert.h>

#include "base/err.h"
#include "name/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[] = {		/* a private key, of RFC 8032 7.1, test 1 */
	0x08, 0x01, 0x12, 0x40,
	0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
	0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
	0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
	0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a
};

static int inside(struct span s, struct span all)
{
	return s.len == 0 || (s.p >= all.p && s.p + s.len <= all.p + all.len);
}

static void again(const struct key *k, const struct name_record *r)
{
	struct name_create c = { r->value, r->sequence, r->ttl_ns, r->ends, r->sig_v1.p == NULL };
	struct buf out = BUF_INIT(NAME_RECORD_MAX);
	struct name_record same;

	if (name_create(k, &c, &out) == 0) {
		assert(name_decode(buf_span(&out), &same) == 0);
		assert(span_equal(same.value, r->value) && same.sequence == r->sequence);
		assert(same.ttl_ns == r->ttl_ns && same.ends.tv_sec == r->ends.tv_sec);
		assert(same.ends.tv_nsec == r->ends.tv_nsec);
	} else {
		assert(out.len == 0);
	}
	buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct timespec now = { 1790000000, 0 };
	struct span all = span_of(data, size);
	struct key *k = NULL;
	struct name_record r;
	struct cid id;
	int rc;

	assert(key_decode(span_of(seed, sizeof seed), &k) == 0);
	rc = name_decode(all, &r);
	if (rc < 0) {
		assert(*err_text());
		assert(name_verify(all, key_name(k), &now, NULL) == rc);
	} else {
		assert(inside(r.value, all) && inside(r.validity, all) && inside(r.data, all));
		assert(inside(r.old_value, all) && inside(r.sig_v1, all) && inside(r.sig_v2, all));
		assert(name_compare(&r, &r) == 0 && name_max_age(&r, &now) >= 0);
		if (r.public_pb.len && key_id(r.public_pb, &id) == 0)
			name_verify(all, &id, &now, NULL);
		name_verify(all, key_name(k), &now, NULL);
		again(k, &r);
	}
	key_free(k);
	return 0;
}
