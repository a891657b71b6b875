/* header.c - what an archive begins with: the header of a CARv1, pragma and header of a CARv2 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "base/rd.h"
#include "car_priv.h"

const uint8_t car_pragma[11] = { 0x0a, 0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x02 };

enum { FULLY_INDEXED = 0x80 };		/* of the first byte of the characteristics */

/*
 * ---- CARv1: { "roots": [ links ], "version": 1 } in dag-cbor ----
 * Nothing but a map of these two can stand there, so it is read as what it has to be, without building a
 * node of it: a header of 32 MiB costs its roots.
 */

enum cbor { CBOR_UINT, CBOR_NINT, CBOR_BYTES, CBOR_TEXT, CBOR_LIST, CBOR_MAP, CBOR_TAG, CBOR_OTHER };

static const char *const names[] = {
	"an integer", "a negative integer", "bytes", "a text", "a list", "a map", "a link or tag",
	"a float, bool or null",
};

struct header {
	struct rd r;
	struct span all;
	int loose;
	int has_roots, has_version;
	struct car_head *out;
};

static int bad(const struct header *h, const char *what, const char *is)
{
	return err_set(ERR_INVALID, "byte %zu: %s%s", h->all.len - h->r.left, what, is);
}

/* The head of an item: its kind and its number, which must be written in as few bytes as can be. */
static int head(struct header *h, enum cbor *kind, uint64_t *n)
{
	static const uint64_t least[] = { 24, 0x100, 0x10000, 0x100000000 };
	uint8_t first = rd_u8(&h->r);
	unsigned more = first & 31, i;

	*kind = (enum cbor)(first >> 5);
	*n = more;
	if (more >= 28)
		return bad(h, "dag-cbor has no items without a length", "");
	for (i = 0, *n = more < 24 ? more : 0; more >= 24 && i < 1u << (more - 24); i++)
		*n = *n << 8 | rd_u8(&h->r);
	if (!rd_ok(&h->r))
		return bad(h, "unexpected end", "");
	if (more >= 24 && *kind != CBOR_OTHER && *n < least[more - 24])
		return bad(h, "a number is written longer than it has to be", "");
	return 0;
}

/* The head of an item that must be a `want`. */
static int expect(struct header *h, enum cbor want, const char *what, uint64_t *n)
{
	struct rd before = h->r;
	enum cbor kind;
	int rc = head(h, &kind, n);

	if (rc < 0 || kind == want)
		return rc;
	h->r = before;
	return bad(h, what, names[kind]);
}

/* ipld/ipld specs/codecs/dag-cbor, "Links": tag 42, and bytes with 00 before the CID */
static int take_link(struct header *h, struct cid *cid)
{
	struct span bytes;
	uint64_t tag, len;
	int rc = expect(h, CBOR_TAG, "a root is not a link but ", &tag);

	if (rc == 0 && tag != 42)
		rc = bad(h, "the one tag of dag-cbor is 42", "");
	if (rc == 0)
		rc = expect(h, CBOR_BYTES, "a link holds no bytes but ", &len);
	if (rc < 0)
		return rc;
	bytes = rd_bytes(&h->r, len);
	if (!rd_ok(&h->r))
		return bad(h, "unexpected end of a link", "");
	if (bytes.len == 0 || bytes.p[0] != 0)
		return bad(h, "the bytes of a link do not begin with 00", "");
	rc = cid_decode(span_of(bytes.p + 1, bytes.len - 1), cid);
	return rc < 0 ? err_add(rc, "byte %zu: a root", h->all.len - h->r.left) : 0;
}

static int take_roots(struct header *h)
{
	uint64_t n, i;
	int rc;

	if (h->has_roots++)
		return bad(h, "\"roots\" stands there twice", "");
	rc = expect(h, CBOR_LIST, "\"roots\" is not a list but ", &n);
	if (rc < 0)
		return rc;
	if (n > CAR_ROOTS_MAX)
		return err_set(ERR_LIMIT, "%" PRIu64 " roots, at most %d are taken", n, CAR_ROOTS_MAX);
	if (n > h->r.left)
		return bad(h, "there are fewer roots than announced", "");
	h->out->roots = calloc(n ? (size_t)n : 1, sizeof *h->out->roots);
	if (!h->out->roots)
		return err_nomem();
	for (i = 0; rc == 0 && i < n; i++)
		rc = take_link(h, &h->out->roots[i]);
	h->out->n_roots = (size_t)i;
	return rc;
}

static int take_version(struct header *h)
{
	uint64_t n;
	int rc;

	if (h->has_version++)
		return bad(h, "\"version\" stands there twice", "");
	rc = expect(h, CBOR_UINT, "\"version\" is not 1 or 2 but ", &n);
	if (rc < 0)
		return rc;
	if (n != 1 && n != 2)
		return err_set(ERR_INVALID, "version %" PRIu64 " is not known (1 and 2 are)", n);
	h->out->version = (int)n;
	return 0;
}

static int take_field(struct header *h)
{
	struct span key;
	uint64_t len;
	int rc = expect(h, CBOR_TEXT, "a key is not a text but ", &len);

	if (rc < 0)
		return rc;
	key = rd_bytes(&h->r, len);
	if (!rd_ok(&h->r))
		return bad(h, "unexpected end of a key", "");
	if (span_equal(key, span_str("version")))
		return take_version(h);
	if (!span_equal(key, span_str("roots")))
		return err_set(ERR_INVALID, "byte %zu: the field \"%.*s\" does not belong there",
			       h->all.len - h->r.left - key.len, key.len < 64 ? (int)key.len : 64,
			       (const char *)key.p);
	if (h->has_version && !h->loose)
		return bad(h, "the keys are not sorted (\"roots\" comes first)", "");
	return take_roots(h);
}

static int take_map(struct header *h)
{
	uint64_t n, i;
	int rc = expect(h, CBOR_MAP, "not a map but ", &n);

	for (i = 0; rc == 0 && i < n; i++)	/* the third field is one too many, so this ends */
		rc = take_field(h);
	if (rc < 0)
		return rc;
	if (h->r.left)
		return bad(h, "bytes behind the end of the map", "");
	if (!h->has_version)
		return err_set(ERR_INVALID, "it has no \"version\"");
	if (h->out->version == 1 && !h->has_roots)
		return err_set(ERR_INVALID, "it has no \"roots\"");
	if (h->out->version == 2 && h->has_roots)
		return err_set(ERR_INVALID, "version 2 begins with a pragma, which has no \"roots\"");
	return 0;
}

int car_head_decode(struct span in, int loose, struct car_head *out)
{
	struct header h = { .r = rd_from(in), .all = in, .loose = loose, .out = out };
	int rc;

	*out = (struct car_head){ 0 };
	rc = take_map(&h);
	if (rc < 0) {
		free(out->roots);
		*out = (struct car_head){ 0 };
	}
	return rc;
}

/* ---- CARv2: ipld/ipld specs/transport/car/carv2, "Header" ---- */

static void put64(uint8_t *p, uint64_t v)
{
	int i;

	for (i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void car_v2_encode(const struct car_v2 *v, uint8_t out[CAR_V2_HEADER])
{
	memset(out, 0, CAR_V2_HEADER);
	memcpy(out, car_pragma, sizeof car_pragma);
	out[11] = v->full ? FULLY_INDEXED : 0;
	put64(out + 27, v->data_off);
	put64(out + 35, v->data_size);
	put64(out + 43, v->index_off);
}

static int v2_check(const struct car_v2 *v, uint64_t file_size)
{
	uint64_t end;

	if (v->data_off < CAR_V2_HEADER)
		return err_set(ERR_INVALID, "offset 27: the payload begins at %" PRIu64
			       ", inside the header of %d bytes", v->data_off, CAR_V2_HEADER);
	if (v->data_size == 0)
		return err_set(ERR_INVALID, "offset 35: the size of the payload is 0");
	if (num_add(v->data_off, v->data_size, &end) < 0 || end > INT64_MAX)
		return err_set(ERR_INVALID, "offset 35: a payload of %" PRIu64 " bytes at %" PRIu64
			       " does not fit into any file", v->data_size, v->data_off);
	if (end > file_size)
		return err_set(ERR_INVALID, "offset 35: the payload ends at %" PRIu64 ", behind the end "
			       "of the file at %" PRIu64, end, file_size);
	if (v->index_off && v->index_off < end)
		return err_set(ERR_INVALID, "offset 43: the index begins at %" PRIu64 ", before the end "
			       "of the payload at %" PRIu64, v->index_off, end);
	if (v->index_off && v->index_off >= file_size)
		return err_set(ERR_INVALID, "offset 43: the index begins at %" PRIu64 ", behind the end "
			       "of the file at %" PRIu64, v->index_off, file_size);
	return 0;
}

int car_v2_decode(struct span in, uint64_t file_size, struct car_v2 *v)
{
	struct rd r = rd_from(in);
	struct span pragma = rd_bytes(&r, sizeof car_pragma);

	if (!span_equal(pragma, span_of(car_pragma, sizeof car_pragma)))
		return err_set(ERR_INVALID, "offset 0: no CARv2 pragma");
	*v = (struct car_v2){ .full = rd_u8(&r) & FULLY_INDEXED ? 1 : 0 };
	rd_bytes(&r, 15);			/* other characteristics: not known yet, to be ignored */
	v->data_off = rd_le64(&r);
	v->data_size = rd_le64(&r);
	v->index_off = rd_le64(&r);
	if (!rd_ok(&r))
		return err_set(ERR_INVALID, "offset 11: the CARv2 header is cut short: %zu bytes, not %d",
			       in.len, CAR_V2_HEADER);
	return v2_check(v, file_size);
}
