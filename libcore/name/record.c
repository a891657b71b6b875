/* record.c - records taken apart, checked and compared (ipfs/specs src/ipns/ipns-record.md) */
#include <string.h>

#include "base/rd.h"
#include "codec/codec.h"
#include "name_priv.h"

enum { VALIDITY_EOL = 0, NS = 1000000000 };

/* the protobuf IpnsEntry as it stands; numbers that are not there read as 0 */
struct entry {
	struct span value, sig_v1, validity, public_pb, sig_v2, data;
	uint64_t validity_type, sequence, ttl;
};

static int bad(const char *why)
{
	return err_set(ERR_INVALID, "IPNS record: %s", why);
}

static void bytes_field(struct entry *e, uint64_t no, struct span s)
{
	switch (no) {
	case 1: e->value = s; break;
	case 2: e->sig_v1 = s; break;
	case 4: e->validity = s; break;
	case 7: e->public_pb = s; break;
	case 8: e->sig_v2 = s; break;
	case 9: e->data = s; break;
	}
}

static void number_field(struct entry *e, uint64_t no, uint64_t v)
{
	switch (no) {
	case 3: e->validity_type = v; break;
	case 5: e->sequence = v; break;
	case 6: e->ttl = v; break;
	}
}

/* As protobuf has it: fields in any order, of the same the last counts, unknown ones are passed over. */
static int envelope(struct span bytes, struct entry *e)
{
	struct rd r = rd_from(bytes);

	*e = (struct entry){ 0 };
	while (rd_ok(&r) && r.left) {
		uint64_t key = rd_varint(&r), no = key >> 3;

		if (no == 0 || no >= 1u << 29)
			rd_fail(&r, "a field without a number");
		switch (key & 7) {
		case 0: number_field(e, no, rd_varint(&r)); break;
		case 1: rd_le64(&r); break;
		case 2: bytes_field(e, no, rd_bytes(&r, rd_varint(&r))); break;
		case 5: rd_le32(&r); break;
		default: rd_fail(&r, "a field of unknown type");
		}
	}
	return rd_ok(&r) ? 0 : err_set(ERR_INVALID, "IPNS record: not a protobuf: %s", r.bad);
}

/* ---- data, the signed copy ---- */

static int data_bytes(const struct node *nd, const char *key, struct span *out)
{
	size_t at;

	if (!node_field(nd, 0, span_str(key), &at) || nd->step[at].kind != NODE_BYTES)
		return err_set(ERR_INVALID, "IPNS record: no bytes '%s' in data", key);
	*out = node_span(nd, at);
	return 0;
}

static int data_number(const struct node *nd, const char *key, uint64_t *out)
{
	size_t at;

	if (!node_field(nd, 0, span_str(key), &at) || nd->step[at].kind != NODE_INT || nd->step[at].neg)
		return err_set(ERR_INVALID, "IPNS record: no number '%s' in data", key);
	*out = nd->step[at].u;
	return 0;
}

/* Other keys may stand beside these and are signed, too.  What dag-cbor gives borrows from the block. */
static int signed_copy(struct span data, struct name_record *r, uint64_t *type)
{
	struct node nd = NODE_INIT;
	int rc = codec_decode(CID_DAG_CBOR, data, 0, &nd);

	if (rc < 0)
		rc = err_add(rc == ERR_NOMEM ? rc : ERR_INVALID, "IPNS record: data");
	else if (nd.step[0].kind != NODE_MAP)
		rc = bad("data is no map");
	if (rc == 0 && (rc = data_bytes(&nd, "Value", &r->value)) == 0 &&
	    (rc = data_bytes(&nd, "Validity", &r->validity)) == 0 &&
	    (rc = data_number(&nd, "ValidityType", type)) == 0 &&
	    (rc = data_number(&nd, "Sequence", &r->sequence)) == 0)
		rc = data_number(&nd, "TTL", &r->ttl_ns);
	node_clear(&nd);
	return rc;
}

static int same_copies(const struct entry *e, const struct name_record *r, uint64_t type)
{
	if (!span_equal(e->value, r->value))
		return bad("its value is not that of data");
	if (!span_equal(e->validity, r->validity))
		return bad("its validity is not that of data");
	if (e->validity_type != type)
		return bad("its validityType is not that of data");
	if (e->sequence != r->sequence)
		return bad("its sequence is not that of data");
	if (e->ttl != r->ttl_ns)
		return bad("its ttl is not that of data");
	return 0;
}

int name_decode(struct span bytes, struct name_record *r)
{
	struct entry e;
	uint64_t type = 0;
	int rc;

	*r = (struct name_record){ 0 };
	if (bytes.len > NAME_RECORD_MAX)
		return err_set(ERR_LIMIT, "IPNS record: over %d bytes", NAME_RECORD_MAX);
	rc = envelope(bytes, &e);
	if (rc < 0)
		return rc;
	if (e.sig_v2.len == 0 || e.data.len == 0)
		return bad("no signatureV2 and data");
	rc = signed_copy(e.data, r, &type);
	if (rc == 0 && (e.sig_v1.len || e.value.len))
		rc = same_copies(&e, r, type);
	if (rc < 0)
		return rc;
	if (type != VALIDITY_EOL)
		return bad("a validityType that is not known");
	if (r->ttl_ns > INT64_MAX)
		return bad("its ttl is negative");
	if (name_time_parse(r->validity, &r->ends) < 0)
		return err_add(ERR_INVALID, "IPNS record: validity");
	r->old_value = e.value;
	r->sig_v1 = e.sig_v1;
	r->public_pb = e.public_pb;
	r->sig_v2 = e.sig_v2;
	r->data = e.data;
	return 0;
}

/* ---- verifying ---- */

/* the key: of the record, when it is that of the name, else the one in the name */
static int key_of(const struct name_record *r, const struct cid *name, struct key_public *k)
{
	struct cid id;
	int rc;

	if (r->public_pb.len == 0) {
		if (key_id_public(name, k))
			return 0;
		return bad("no public key, neither in it nor in its name");
	}
	rc = key_public_decode(r->public_pb, k);
	if (rc == 0)
		rc = key_id(r->public_pb, &id);
	if (rc < 0)
		return err_add(rc, "IPNS record");
	return cid_equal(&id, name) ? 0 : bad("its public key is that of another name");
}

int name_verify(struct span bytes, const struct cid *name, const struct timespec *clock, struct name_record *out)
{
	struct timespec now = name_now(clock);
	struct span parts[2] = { span_str(NAME_SIGN_PREFIX) };
	struct name_record r;
	struct key_public k;
	int rc = name_decode(bytes, &r);

	if (out)
		*out = r;
	if (rc == 0)
		rc = key_of(&r, name, &k);
	if (rc < 0)
		return rc;
	parts[1] = r.data;
	rc = key_verify(&k, parts, 2, r.sig_v2);
	if (rc < 0)
		return err_add(rc, "IPNS record");
	if (!name_before(&now, &r.ends))
		return err_set(ERR_TIMEOUT, "IPNS record: it has expired, on %.*s", (int)r.validity.len,
			       (const char *)r.validity.p);
	return 0;
}

int name_compare(const struct name_record *a, const struct name_record *b)
{
	if (a->sequence != b->sequence)
		return a->sequence > b->sequence ? 1 : -1;
	if (name_before(&a->ends, &b->ends))
		return -1;
	return name_before(&b->ends, &a->ends) ? 1 : span_cmp(a->data, b->data);
}

int64_t name_max_age(const struct name_record *r, const struct timespec *clock)
{
	struct timespec now = name_now(clock);
	int64_t ttl = (int64_t)(r->ttl_ns / NS), left = r->ends.tv_sec - now.tv_sec;

	if (!name_before(&now, &r->ends) || left < 0)
		return 0;
	return ttl < left ? ttl : left;
}
