/* create.c - making records (ipns-record.md, "Record Creation") */
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "dag/dag.h"
#include "name_priv.h"

int name_parts(struct span path, struct span *name, struct span *rest)
{
	static const char space[] = "/ipns/";
	const uint8_t *slash;

	if (path.len < sizeof space - 1 || memcmp(path.p, space, sizeof space - 1))
		return 0;
	path = span_of(path.p + sizeof space - 1, path.len - (sizeof space - 1));
	slash = path.len ? memchr(path.p, '/', path.len) : NULL;
	*name = span_of(path.p, slash ? (size_t)(slash - path.p) : path.len);
	*rest = span_of(path.p + name->len, path.len - name->len);
	return name->len ? 1 : err_set(ERR_USAGE, "invalid path: no name behind /ipns/");
}

static int check_value(struct span value)
{
	struct span name, rest;
	struct dag_path path;
	char *text;
	int rc;

	if (value.len == 0 || value.len > NAME_VALUE_MAX || value.p[0] != '/' || memchr(value.p, 0, value.len))
		return err_set(ERR_USAGE, "a name stands for a path, /ipfs/… or /ipns/…");
	rc = name_parts(value, &name, &rest);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	text = strndup((const char *)value.p, value.len);
	if (!text)
		return err_nomem();
	rc = dag_path_parse(&path, text);
	if (rc == 0)
		dag_path_clear(&path);
	free(text);
	return rc;
}

static int put_data(const struct name_create *c, struct span validity, struct buf *data)
{
	struct node nd = NODE_INIT;
	size_t at;
	int rc;

	/* the encoder puts the keys in the order of dag-cbor */
	if ((rc = node_open(&nd, NODE_MAP, &at)) == 0 &&
	    (rc = node_add(&nd, NODE_STRING, span_str("Value"))) == 0 &&
	    (rc = node_add(&nd, NODE_BYTES, c->value)) == 0 &&
	    (rc = node_add(&nd, NODE_STRING, span_str("Validity"))) == 0 &&
	    (rc = node_add(&nd, NODE_BYTES, validity)) == 0 &&
	    (rc = node_add(&nd, NODE_STRING, span_str("ValidityType"))) == 0 && (rc = node_uint(&nd, 0)) == 0 &&
	    (rc = node_add(&nd, NODE_STRING, span_str("Sequence"))) == 0 &&
	    (rc = node_uint(&nd, c->sequence)) == 0 && (rc = node_add(&nd, NODE_STRING, span_str("TTL"))) == 0 &&
	    (rc = node_uint(&nd, c->ttl_ns)) == 0 && (rc = node_close(&nd, at)) == 0)
		rc = codec_encode(CID_DAG_CBOR, &nd, 0, data);
	node_clear(&nd);
	return rc;
}

static int put_bytes(struct buf *out, unsigned no, struct span s)
{
	int rc = buf_u8(out, no << 3 | 2);

	if (rc == 0)
		rc = buf_varint(out, s.len);
	return rc == 0 ? buf_add(out, s) : rc;
}

static int put_number(struct buf *out, unsigned no, uint64_t v)
{
	int rc = buf_u8(out, no << 3);

	return rc == 0 ? buf_varint(out, v) : rc;
}

/* The copies that readers of old want, and the signature over them. */
static int put_old(const struct key *k, const struct name_create *c, struct span validity, struct buf *out)
{
	struct span parts[3] = { c->value, validity, span_str(NAME_SIGN_EOL) };
	struct buf sig = BUF_INIT(KEY_SIG_MAX);
	int rc = key_sign(k, parts, 3, &sig);

	if (rc == 0 && (rc = put_bytes(out, 1, c->value)) == 0 &&
	    (rc = put_bytes(out, 2, buf_span(&sig))) == 0 && (rc = put_number(out, 3, 0)) == 0 &&
	    (rc = put_bytes(out, 4, validity)) == 0 && (rc = put_number(out, 5, c->sequence)) == 0)
		rc = put_number(out, 6, c->ttl_ns);
	buf_clear(&sig);
	return rc;
}

int name_create(const struct key *k, const struct name_create *c, struct buf *record)
{
	struct buf validity = BUF_INIT(64), data = BUF_INIT(NAME_RECORD_MAX), sig = BUF_INIT(KEY_SIG_MAX),
		   out = BUF_INIT(NAME_RECORD_MAX);
	struct span parts[2] = { span_str(NAME_SIGN_PREFIX) };
	int rc = check_value(c->value);

	if (rc == 0 && c->ttl_ns > INT64_MAX)
		rc = err_set(ERR_USAGE, "the ttl is too long");
	if (rc == 0)
		rc = name_time_format(&c->ends, &validity);
	if (rc == 0)
		rc = put_data(c, buf_span(&validity), &data);
	parts[1] = buf_span(&data);
	if (rc == 0)
		rc = key_sign(k, parts, 2, &sig);
	if (rc == 0 && !c->v2_only)
		rc = put_old(k, c, buf_span(&validity), &out);
	if (rc == 0 && key_public_pb(k).len > KEY_INLINE_MAX)
		rc = put_bytes(&out, 7, key_public_pb(k));
	if (rc == 0 && (rc = put_bytes(&out, 8, buf_span(&sig))) == 0 &&
	    (rc = put_bytes(&out, 9, buf_span(&data))) == 0)
		rc = buf_add(record, buf_span(&out));
	buf_clear(&out);
	buf_clear(&sig);
	buf_clear(&data);
	buf_clear(&validity);
	return rc;
}
