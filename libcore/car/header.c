/* header.c - what an archive begins with: the header of a CARv1, pragma and header of a CARv2 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/num.h"
#include "base/rd.h"
#include "car_priv.h"

const uint8_t car_pragma[11] = { 0x0a, 0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x02 };

enum { FULLY_INDEXED = 0x80 };		/* of the first byte of the characteristics */

/* ---- CARv1: { "roots": [ links ], "version": 1 } in dag-cbor ---- */

static int take_roots(const struct node *nd, size_t at, struct car_head *h)
{
	size_t i, n = nd->step[at].n;
	int rc;

	if (nd->step[at].kind != NODE_LIST)
		return err_set(ERR_INVALID, "\"roots\" is not a list but a %s",
			       node_kind_name(nd->step[at].kind));
	if (n > CAR_ROOTS_MAX)
		return err_set(ERR_LIMIT, "%zu roots, at most %d are taken", n, CAR_ROOTS_MAX);
	h->roots = calloc(n ? n : 1, sizeof *h->roots);
	if (!h->roots)
		return err_nomem();
	for (i = 0, at++; i < n; i++, at = node_next(nd, at)) {
		if (nd->step[at].kind != NODE_LINK)
			return err_set(ERR_INVALID, "root %zu is not a link but a %s", i,
				       node_kind_name(nd->step[at].kind));
		rc = cid_decode(node_span(nd, at), &h->roots[i]);
		if (rc < 0)
			return err_add(rc, "root %zu", i);
	}
	h->n_roots = n;
	return 0;
}

static int take_version(const struct node *nd, size_t at, struct car_head *h)
{
	const struct node_step *s = &nd->step[at];

	if (s->kind != NODE_INT)
		return err_set(ERR_INVALID, "\"version\" is not an integer but a %s", node_kind_name(s->kind));
	if (s->neg || (s->u != 1 && s->u != 2))
		return err_set(ERR_INVALID, "version %s%" PRIu64 " is not known (1 and 2 are)",
			       s->neg ? "-" : "", s->neg ? s->u + 1 : s->u);
	h->version = (int)s->u;
	return 0;
}

static int take_map(const struct node *nd, struct car_head *h)
{
	size_t at = 1, i;
	struct span key;
	int rc = 0;

	if (nd->step[0].kind != NODE_MAP)
		return err_set(ERR_INVALID, "not a map but a %s", node_kind_name(nd->step[0].kind));
	for (i = 0; rc == 0 && i < nd->step[0].n; i++, at = node_next(nd, at)) {
		key = node_span(nd, at++);
		if (span_equal(key, span_str("roots")))
			rc = take_roots(nd, at, h);
		else if (span_equal(key, span_str("version")))
			rc = take_version(nd, at, h);
		else
			rc = err_set(ERR_INVALID, "the field \"%.*s\" does not belong there",
				     key.len < 64 ? (int)key.len : 64, (const char *)key.p);
	}
	if (rc == 0 && !h->version)
		rc = err_set(ERR_INVALID, "it has no \"version\"");
	if (rc == 0 && h->version == 1 && !h->roots)
		rc = err_set(ERR_INVALID, "it has no \"roots\"");
	if (rc == 0 && h->version == 2 && h->roots)
		rc = err_set(ERR_INVALID, "version 2 begins with a pragma, which has no \"roots\"");
	return rc;
}

int car_head_decode(struct span in, int loose, struct car_head *h)
{
	struct node nd = NODE_INIT;
	int rc = codec_decode(CID_DAG_CBOR, in, loose ? 0 : CODEC_STRICT, &nd);

	*h = (struct car_head){ 0 };
	if (rc == 0)
		rc = take_map(&nd, h);
	node_clear(&nd);
	if (rc < 0) {
		free(h->roots);
		h->roots = NULL;
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
