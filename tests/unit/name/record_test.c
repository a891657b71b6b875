/* record_test.c - records taken apart, verified and compared */
#include <fcntl.h>

#include "base/io.h"
#include "codec/codec.h"
#include "name/name.h"
#include "tests/unit/key/vectors.h"

static const struct timespec now = { 1790000000, 0 };		/* September 2026 */

/* ---- the fixtures of ipfs/gateway-conformance ---- */

static int load(const char *file, struct buf *bytes)
{
	char path[512];

	snprintf(path, sizeof path, "tests/golden/gateway/records/%s.ipns-record", file);
	buf_reset(bytes);
	return io_slurp_file(AT_FDCWD, path, bytes);
}

#define LONG_TTL UINT64_C(3155760000)

static void golden(void)
{
	static const struct {
		const char *file;
		size_t size;
		int rc;
		const char *value;
		uint64_t ttl;		/* seconds */
		const char *validity;	/* how it begins */
		int v1;
	} rows[] = {
		{ "k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe", 394, 0,
		  "/ipfs/bafybeib3ffl2teiqdncv3mkz4r23b5ctrwkzrrhctdbne6iboayxuxk5ui", LONG_TTL, "2123-04-12", 1 },
		{ "k51qzi5uqu5djokp3m1keo36hoxtd6u3a1d2rg1camf6al7p3huy63dojlm57c", 409, 0,
		  "/ipfs/bafybeib3ffl2teiqdncv3mkz4r23b5ctrwkzrrhctdbne6iboayxuxk5ui/root2", 1800, "2126-01-31", 1 },
		{ "k51qzi5uqu5dghjous0agrwavl8vzl64xckoqzwqeqwudfr74kfd11zcyk3b7l", 394, 0,
		  "/ipfs/bafyreibs4utpgbn7uqegmd2goqz4bkyflre2ek2iwv743fhvylwi4zeeim", LONG_TTL, "2123-04-13", 1 },
		{ "k51qzi5uqu5dhjghbwdvbo6mi40htrq6e2z4pwgp15pgv3ho1azvidttzh8yy2", 398, 0,
		  "/ipfs/baguqeeram5ujjqrwheyaty3w5gdsmoz6vittchvhk723jjqxk7hakxkd47xq", LONG_TTL, "2123-04-13", 1 },
		{ "12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d", 394, 0,
		  "/ipfs/bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am", LONG_TTL, "2123-04-12", 1 },
		{ "QmVujd5Vb7moysJj8itnGufN7MEtPRCNHkKpNuA4onsRa3", 1082, 0,
		  "/ipfs/bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am", LONG_TTL, "2123-04-12", 1 },
		{ "k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w_v1-v2", 326, 0,
		  "/ipfs/bafkqaddwgevxmmraojswg33smq", 1800, "2123-08-14", 1 },
		{ "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f_v2", 188, 0,
		  "/ipfs/bafkqadtwgiww63tmpeqhezldn5zgi", 1800, "2123-08-14", 0 },
		{ "k51qzi5uqu5dilgf7gorsh9vcqqq4myo6jd4zmqkuy9pxyxi5fua3uf7axph4y_v1-v2-broken-signature-v1", 334, 0,
		  "/ipfs/bafkqahtwgevxmmrao5uxi2bamjzg623fnyqhg2lhnzqxi5lsmuqhmmi", 1800, "2123-08-14", 1 },
		{ "k51qzi5uqu5dm4tm0wt8srkg9h9suud4wuiwjimndrkydqm81cqtlb5ak6p7ku_v1", 144, ERR_INVALID,
		  NULL, 0, NULL, 0 },
		{ "k51qzi5uqu5dlmit2tuwdvnx4sbnyqgmvbxftl0eo3f33wwtb9gr7yozae9kpw_v1-v2-broken-v1-value", 377,
		  ERR_INVALID, NULL, 0, NULL, 0 },
		{ "k51qzi5uqu5diamp7qnnvs1p1gzmku3eijkeijs3418j23j077zrkok63xdm8c_v1-v2-broken-signature-v2", 334,
		  ERR_CORRUPT, NULL, 0, NULL, 0 },
	};
	struct buf bytes = BUF_INIT(NAME_RECORD_MAX);
	struct name_record r;
	struct cid name, first = { 0 };
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span text = span_of(rows[i].file, strcspn(rows[i].file, "_"));

		NEED(load(rows[i].file, &bytes) == 0 && key_id_parse(text, &name) == 0);
		CHECK(bytes.len == rows[i].size);
		if (rows[i].rc) {
			CHECK_ERR(name_verify(buf_span(&bytes), &name, &now, &r), rows[i].rc);
			continue;
		}
		CHECK(name_verify(buf_span(&bytes), &name, &now, &r) == 0);
		CHECK(span_equal(r.value, span_str(rows[i].value)));
		CHECK(r.ttl_ns == rows[i].ttl * 1000000000 && r.sequence == 0);
		CHECK(!strncmp((const char *)r.validity.p, rows[i].validity, 10));
		CHECK((r.sig_v1.len > 0) == rows[i].v1);
		CHECK(name_max_age(&r, &now) == (int64_t)(rows[i].ttl < 3055760000 ? rows[i].ttl :
				(uint64_t)(r.ends.tv_sec - now.tv_sec)));
		/* of no other name */
		if (first.len)
			CHECK(name_verify(buf_span(&bytes), &first, &now, NULL) < 0);
		first = name;
	}
	buf_clear(&bytes);
}

/* ---- records with one thing wrong ---- */

struct make {
	struct key *k;
	const char *value, *validity;
	uint64_t type, sequence, ttl;
	int negative_ttl, no_ttl, text_value, extra, not_a_map, v1, pb_value_only, pub, drop_sig, drop_data;
	uint64_t old_sequence, old_ttl, old_type;
	const char *old_value, *old_validity;
};

static void put_bytes(struct buf *b, unsigned no, struct span s)
{
	buf_u8(b, no << 3 | 2);
	buf_varint(b, s.len);
	buf_add(b, s);
}

static void put_number(struct buf *b, unsigned no, uint64_t v)
{
	buf_u8(b, no << 3);
	buf_varint(b, v);
}

static void field(struct node *nd, const char *key)
{
	node_add(nd, NODE_STRING, span_str(key));
}

static void make_data(const struct make *m, struct buf *data)
{
	struct node nd = NODE_INIT;
	size_t at, in;

	node_open(&nd, m->not_a_map ? NODE_LIST : NODE_MAP, &at);
	if (!m->not_a_map) {
		field(&nd, "Value");
		node_add(&nd, m->text_value ? NODE_STRING : NODE_BYTES, span_str(m->value));
		field(&nd, "Validity");
		node_add(&nd, NODE_BYTES, span_str(m->validity));
		field(&nd, "ValidityType");
		node_uint(&nd, m->type);
		field(&nd, "Sequence");
		node_uint(&nd, m->sequence);
		if (!m->no_ttl) {
			field(&nd, "TTL");
			if (m->negative_ttl)
				node_int(&nd, -5);
			else
				node_uint(&nd, m->ttl);
		}
		if (m->extra) {
			field(&nd, "_more");
			node_open(&nd, NODE_MAP, &in);
			node_close(&nd, in);
		}
	}
	node_close(&nd, at);
	if (codec_encode(CID_DAG_CBOR, &nd, 0, data) < 0)
		abort();
	node_clear(&nd);
}

static struct span made(const struct make *m)
{
	struct buf data = BUF_INIT(NAME_RECORD_MAX), sig = BUF_INIT(KEY_SIG_MAX), out = BUF_INIT(65536);
	struct span parts[2] = { span_str("ipns-signature:") };
	uint8_t *kept;
	size_t len;

	make_data(m, &data);
	parts[1] = buf_span(&data);
	if (key_sign(m->k, parts, 2, &sig) < 0)
		abort();
	if (m->v1 || m->pb_value_only)
		put_bytes(&out, 1, span_str(m->old_value ? m->old_value : m->value));
	if (m->v1) {
		put_bytes(&out, 2, span_str("whatever"));
		if (m->old_type)
			put_number(&out, 3, m->old_type - 1);
		put_bytes(&out, 4, span_str(m->old_validity ? m->old_validity : m->validity));
		put_number(&out, 5, m->old_sequence ? m->old_sequence : m->sequence);
		put_number(&out, 6, m->old_ttl ? m->old_ttl : m->ttl);
	}
	if (m->pub)
		put_bytes(&out, 7, key_public_pb(m->k));
	if (!m->drop_sig)
		put_bytes(&out, 8, buf_span(&sig));
	if (!m->drop_data)
		put_bytes(&out, 9, buf_span(&data));
	len = out.len;
	kept = unit_kept(len + 1);
	memcpy(kept, out.data, len);
	buf_clear(&out);
	buf_clear(&data);
	buf_clear(&sig);
	return span_of(kept, len);
}

static struct key *the_key(const char *section)
{
	struct key *k = NULL;

	if (key_decode(vector(section).private_pb, &k) < 0)
		abort();
	return k;
}

static struct make good(struct key *k)
{
	return (struct make){ .k = k, .value = "/ipfs/bafkqaaa", .validity = "2027-01-02T03:04:05.6Z",
			      .sequence = 7, .ttl = 5000000000 };
}

static int verify(const struct make *m)
{
	return name_verify(made(m), key_name(m->k), &now, NULL);
}

static int code(int rc, const char *word)
{
	if (!strstr(err_text(), word))
		printf("# '%s' is not in '%s'\n", word, err_text());
	return strstr(err_text(), word) ? rc : 0;
}

static void each_rule(void)
{
	struct key *k = the_key("ed25519-seed1"), *rsa = the_key("rsa2048");
	struct make m = good(k);

	CHECK(verify(&m) == 0);
	m.v1 = 1;
	CHECK(verify(&m) == 0);
	/* 2: signature and data */
	m = good(k), m.drop_sig = 1;
	CHECK_ERR(code(verify(&m), "signatureV2"), ERR_INVALID);
	m = good(k), m.drop_data = 1;
	CHECK_ERR(code(verify(&m), "signatureV2"), ERR_INVALID);
	/* 3: the key */
	m = good(k), m.pub = 1;
	CHECK(verify(&m) == 0);
	CHECK_ERR(code(name_verify(made(&m), key_name(rsa), &now, NULL), "another name"), ERR_INVALID);
	m = good(rsa);
	CHECK_ERR(code(verify(&m), "no public key"), ERR_INVALID);
	m.pub = 1;
	CHECK(verify(&m) == 0);
	/* 4: data */
	m = good(k), m.not_a_map = 1;
	CHECK_ERR(code(verify(&m), "no map"), ERR_INVALID);
	m = good(k), m.no_ttl = 1;
	CHECK_ERR(code(verify(&m), "'TTL'"), ERR_INVALID);
	m = good(k), m.text_value = 1;
	CHECK_ERR(code(verify(&m), "'Value'"), ERR_INVALID);
	m = good(k), m.negative_ttl = 1;
	CHECK_ERR(code(verify(&m), "'TTL'"), ERR_INVALID);
	m = good(k), m.ttl = UINT64_C(1) << 63;
	CHECK_ERR(code(verify(&m), "negative"), ERR_INVALID);
	m = good(k), m.extra = 1, m.v1 = 1;
	CHECK(verify(&m) == 0);
	/* 6: the copies */
	m = good(k), m.v1 = 1, m.old_value = "/ipfs/bafkqaalb";
	CHECK_ERR(code(verify(&m), "value"), ERR_INVALID);
	m = good(k), m.v1 = 1, m.old_validity = "2028-01-02T03:04:05.6Z";
	CHECK_ERR(code(verify(&m), "validity"), ERR_INVALID);
	m = good(k), m.v1 = 1, m.old_type = 2;
	CHECK_ERR(code(verify(&m), "validityType"), ERR_INVALID);
	m = good(k), m.v1 = 1, m.old_sequence = 8;
	CHECK_ERR(code(verify(&m), "sequence"), ERR_INVALID);
	m = good(k), m.v1 = 1, m.old_ttl = 1;
	CHECK_ERR(code(verify(&m), "ttl"), ERR_INVALID);
	m = good(k), m.pb_value_only = 1;	/* the others read as 0 and as nothing */
	CHECK_ERR(code(verify(&m), "validity"), ERR_INVALID);
	/* 7: the time */
	m = good(k), m.type = 1;
	CHECK_ERR(code(verify(&m), "validityType"), ERR_INVALID);
	m = good(k), m.validity = "tomorrow";
	CHECK_ERR(code(verify(&m), "RFC 3339"), ERR_INVALID);
	m = good(k), m.validity = "2026-01-01T00:00:00Z";
	CHECK_ERR(code(verify(&m), "expired"), ERR_TIMEOUT);
	key_free(k);
	key_free(rsa);
}

/* 5: not one byte may be changed where the signature looks */
static void signature(void)
{
	struct key *k = the_key("ed25519-seed1");
	struct make m = good(k);
	struct span in = made(&m);
	uint8_t *bytes = unit_kept(in.len);
	size_t i;

	memcpy(bytes, in.p, in.len);
	for (i = 0; i < in.len; i++) {
		bytes[i] ^= 1;
		CHECK(name_verify(span_of(bytes, in.len), key_name(k), &now, NULL) < 0);
		bytes[i] ^= 1;
		CHECK(name_verify(span_of(bytes, i), key_name(k), &now, NULL) < 0);
	}
	key_free(k);
}

/* 1: the size */
static void size(void)
{
	struct key *k = the_key("ed25519-seed1");
	struct make m = good(k);
	struct buf big = BUF_INIT(SIZE_MAX / 2);
	struct span in = made(&m);
	static uint8_t zeros[NAME_RECORD_MAX];

	buf_add(&big, in);
	buf_varint(&big, 20 << 3 | 2);	/* a field nobody knows */
	buf_varint(&big, NAME_RECORD_MAX - in.len - 4);
	buf_bytes(&big, zeros, NAME_RECORD_MAX - in.len - 4);
	CHECK(big.len == NAME_RECORD_MAX);
	CHECK(name_verify(buf_span(&big), key_name(k), &now, NULL) == 0);
	buf_varint(&big, 21 << 3);
	buf_u8(&big, 0);
	CHECK_ERR(name_verify(buf_span(&big), key_name(k), &now, NULL), ERR_LIMIT);
	buf_clear(&big);
	key_free(k);
}

static void compare(void)
{
	struct key *k = the_key("ed25519-seed1");
	struct make m = good(k), n = good(k);
	struct name_record a, b;

	NEED(name_decode(made(&m), &a) == 0);
	n.sequence = 8, n.validity = "2026-12-01T00:00:00Z";
	NEED(name_decode(made(&n), &b) == 0);
	CHECK(name_compare(&b, &a) > 0 && name_compare(&a, &b) < 0 && name_compare(&a, &a) == 0);
	n.sequence = 7;
	NEED(name_decode(made(&n), &b) == 0);
	CHECK(name_compare(&b, &a) < 0 && name_compare(&a, &b) > 0);
	n = good(k), n.value = "/ipfs/bafkqaalb";
	NEED(name_decode(made(&n), &b) == 0);
	CHECK(name_compare(&b, &a) * name_compare(&a, &b) < 0);
	key_free(k);
}

static void max_age(void)
{
	struct name_record r = { .ends = { 1000, 500 }, .ttl_ns = UINT64_C(60999999999) };
	struct timespec t = { 900, 0 };

	CHECK(name_max_age(&r, &t) == 60);
	t.tv_sec = 970;
	CHECK(name_max_age(&r, &t) == 30);
	t.tv_sec = 1000;
	CHECK(name_max_age(&r, &t) == 0);
	t.tv_sec = 1001;
	CHECK(name_max_age(&r, &t) == 0);
	t.tv_sec = 0;
	r.ttl_ns = 999999999;
	CHECK(name_max_age(&r, &t) == 0);
}

int main(void)
{
	RUN(golden);
	RUN(each_rule);
	RUN(signature);
	RUN(size);
	RUN(compare);
	RUN(max_age);
	return UNIT_END();
}
