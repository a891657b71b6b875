/* tensor.c - GET /v1/tensor/{cid}: a container as it is stored, what is in it, slices of it (ipfrs-http-v1 5.3 to 5.6) */
#include <inttypes.h>
#include <stdio.h>

#include "api/body/body.h"
#include "multi/mh.h"
#include "tensor_priv.h"
#include "unixfs/unixfs.h"

/* ---- opening ---- */

static int open_failed(struct wish *w, int rc)
{
	char before[CID_TEXT_MAX + 64];

	if (rc == ERR_DENIED && w->refused)
		return v1_fail(w->a, w->refused, "FORBIDDEN", "%s", err_text());
	if (rc == ERR_LIMIT)		/* of the container's: no body of the request is too large */
		rc = ERR_INVALID;
	snprintf(before, sizeof before, "Tensor not found: %s: ", (char *)w->path.data);
	return v1_fail_rc(w->a, rc, "INVALID_TENSOR", rc == ERR_NOTFOUND ? before :
			  rc == ERR_INVALID ? "Invalid tensor format: " : "");
}

/* 1: answered; 0: it is open, or, where it is to be sent as it is stored, may be no container: then t.set is NULL */
static int open_set(struct wish *w, int may_fail)
{
	int rc = wish_open(w);

	if (may_fail && (rc == ERR_INVALID || rc == ERR_UNSUPPORTED || rc == ERR_LIMIT))
		return 0;
	return rc < 0 ? open_failed(w, rc) : 0;
}

/* ---- fields ---- */

/* A name may be anything: what may not stand in a field is percent-encoded. */
static int put_name(struct reply *r, struct span name)
{
	struct buf v = BUF_INIT(3 * TENSOR_NAME_MAX);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < name.len; i++)
		rc = name.p[i] > 0x20 && name.p[i] < 0x7f && name.p[i] != '%' ? buf_u8(&v, name.p[i])
									    : buf_printf(&v, "%%%02X", name.p[i]);
	if (rc == 0 && v.len && v.len < 8192)	/* a longer one is no help in a head */
		rc = reply_field(r, "x-tensor-name", "%s", (char *)v.data);
	buf_clear(&v);
	return rc;
}

static int put_shape(struct reply *r, const char *field, unsigned rank, const uint64_t *shape)
{
	struct buf v = BUF_INIT(32 * TENSOR_RANK_MAX);
	int rc = ops_tensor_shape(rank, shape, &v);

	if (rc == 0)
		rc = reply_field(r, field, "%s", (char *)v.data);
	buf_clear(&v);
	return rc;
}

static int describe(struct wish *w, const char *form, const struct tensor_info *t, struct span dtype, unsigned rank,
		    const uint64_t *shape)
{
	struct reply *r = w->a->r;
	int rc = reply_field(r, "x-tensor-format", "%s", form);

	if (rc == 0)
		rc = put_shape(r, "x-tensor-shape", rank, shape);
	if (rc == 0)
		rc = reply_field(r, "x-tensor-dtype", "%.*s", (int)dtype.len, (const char *)dtype.p);
	if (rc == 0)
		rc = put_shape(r, "x-tensor-full-shape", t->rank, t->shape);
	if (rc == 0)
		rc = put_name(r, t->name);
	if (rc == 0 && w->what == MMAP)
		rc = reply_field(r, "x-served-by", "mmap");
	return rc;
}

static int cached(struct wish *w, const char *etag)
{
	int rc = reply_field(w->a->r, "etag", "%s", etag);

	if (rc == 0)
		rc = reply_field(w->a->r, "cache-control", "public, max-age=29030400, immutable");
	if (rc == 0)
		rc = body_conditions(w->a->rq, w->a->r, etag, 0, 0);
	if (rc == 412)
		return v1_fail(w->a, 412, "VALIDATION", "the condition of the request does not hold");
	return rc == 304 ? 1 : rc;
}

/* The tag of a form of a part: what was asked for, hashed. */
static int cached_part(struct wish *w)
{
	char etag[CID_TEXT_MAX + 64], cid[CID_TEXT_MAX], hex[33], form[32];
	uint8_t digest[MH_DIGEST_MAX];
	struct span parts[4] = { buf_span(&w->name), span_of("", 1), buf_span(&w->slice) };
	int i, rc;

	snprintf(form, sizeof form, "/%d/%d/%d/%d%d", (int)w->what, w->form, w->to, w->has_name, w->has_slice);
	parts[3] = span_str(form);
	rc = mh_sum(MH_SHA2_256, parts, 4, 0, digest);
	if (rc < 0)
		return rc;
	for (i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(etag, sizeof etag, "\"%s.%s\"", cid_text(&w->t.cid, cid), hex);
	return cached(w, etag);
}

/* ---- answers ---- */

static int cat_stored(void *arg, uint64_t off, uint64_t len, struct sink *out)
{
	struct wish *w = arg;

	return unixfs_cat(&w->guard, &w->t.cid, off, len, out, NULL, NULL);
}

static int cat_part(void *arg, uint64_t off, uint64_t len, struct sink *out)
{
	struct wish *w = arg;

	return tensor_body_cat(&w->body, off, len, out, NULL, NULL);
}

static int no_range(struct wish *w, uint64_t size)
{
	int rc = reply_field(w->a->r, "content-range", "bytes */%" PRIu64, size);

	return rc < 0 ? rc : v1_fail(w->a, 416, "RANGE_NOT_SATISFIABLE", "none of the ranges lies in %" PRIu64 " bytes", size);
}

static void told(struct wish *w, int sliced, uint64_t bytes)
{
	const struct v1_env *e = w->a->e;

	if (e->tensor)
		e->tensor(e->arg, sliced, bytes);
}

static int ranged(struct wish *w, const char *type, uint64_t size,
		  int (*cat)(void *arg, uint64_t off, uint64_t len, struct sink *out))
{
	int rc = body_send(w->a->rq, w->a->r, type, size, cat, w);

	return rc == BODY_NO_RANGE ? no_range(w, size) : rc;
}

/* the whole container, whatever it is */
static int send_stored(struct wish *w)
{
	char etag[CID_TEXT_MAX + 8], cid[CID_TEXT_MAX];
	const char *type = "application/octet-stream";
	struct tensor_info t;
	struct unixfs_stat st;
	int rc = 0;

	if (!w->t.cid.len)		/* it is no container */
		rc = unixfs_resolve(&w->guard, (char *)w->path.data, &w->t.cid);
	if (rc == 0)
		rc = unixfs_stat(&w->guard, &w->t.cid, &st);
	if (rc < 0)
		return open_failed(w, rc);
	if (!unixfs_is_file(st.type))
		return v1_fail(w->a, 400, "MISSING_PARAMETER", "Missing required parameter: tensor: this is no single file");
	if (w->t.set) {
		if (tensor_set_kind(w->t.set) == TENSOR_SAFETENSORS)
			type = tensor_form_type(TENSOR_FORM_SAFETENSORS);
		rc = tensor_count(w->t.set) ? tensor_find(w->t.set, span_of("", 0), &t) : ERR_NOTFOUND;
		if (rc == 0)
			rc = describe(w, tensor_kind_name(tensor_set_kind(w->t.set)), &t, ops_tensor_dtype(&t), t.rank, t.shape);
		else if (rc == ERR_NOTFOUND)
			rc = 0;
	} else {
		rc = reply_field(w->a->r, "x-tensor-format", "raw");
	}
	snprintf(etag, sizeof etag, "\"%s\"", cid_text(&w->t.cid, cid));
	if (rc == 0)
		rc = cached(w, etag);
	if (rc)
		return rc;
	told(w, 0, st.size);
	return ranged(w, type, st.size, cat_stored);
}

static int slice_failed(struct wish *w, int rc)
{
	if (rc == ERR_NOTFOUND)
		return v1_fail_rc(w->a, rc, "", "Tensor not found: ");
	if (rc == ERR_UNSUPPORTED)
		return v1_fail_rc(w->a, rc, "", "Unsupported dtype: ");
	if (rc == ERR_USAGE)
		return v1_fail_rc(w->a, rc, "", "Invalid parameter 'slice': ");
	return open_failed(w, rc);
}

static int make_part(struct wish *w)
{
	enum tensor_form form = w->what == ARROW ? w->form == TENSOR_FORM_ARROW_ROWS ? TENSOR_FORM_ARROW_ROWS : TENSOR_FORM_ARROW
			      : w->form < 0 ? TENSOR_FORM_RAW : (enum tensor_form)w->form;
	int rc;

	w->body.column = form == TENSOR_FORM_ARROW || form == TENSOR_FORM_ARROW_ROWS ? "data" : NULL;
	/* a slice of nothing is one, and not all there is */
	rc = ops_tensor_body(&w->body, w->t.set, buf_span(&w->name),
			     w->has_slice ? span_of(w->slice.len ? w->slice.data : (const uint8_t *)"", w->slice.len)
					  : span_of(NULL, 0), SLICE_KEEP | SLICE_EXACT | SLICE_NONEMPTY, form,
			     w->to < 0 ? TENSOR_DTYPES : (enum tensor_dtype)w->to);
	return rc < 0 ? slice_failed(w, rc) : 0;
}

static int send_part(struct wish *w)
{
	struct reply *r = w->a->r;
	struct tensor_body *b = &w->body;
	struct span dtype;
	int rc = make_part(w);

	if (rc)
		return rc;
	dtype = b->to == b->info.dtype ? ops_tensor_dtype(&b->info) : span_str(tensor_dtype_name(b->to));
	rc = describe(w, tensor_form_name(b->form), &b->info, dtype, b->rank, b->shape);
	if (rc == 0 && w->what == ARROW)
		rc = reply_field(r, "x-tensor-elements", "%" PRIu64, b->rows);
	if (rc == 0)
		rc = cached_part(w);
	if (rc)
		return rc;
	told(w, w->has_slice, b->data);
	if (!w->has_slice && b->len != UINT64_MAX)
		return ranged(w, tensor_form_type(b->form), b->len, cat_part);
	rc = reply_field(r, "content-type", "%s", tensor_form_type(b->form));
	if (rc == 0)
		rc = reply_start(r, w->has_slice && w->what != ARROW ? 206 : 200, b->len == UINT64_MAX ? LEN_UNKNOWN : b->len);
	if (rc == 0 && !r->head_only)
		rc = cat_part(w, 0, b->len, &r->sink);
	return rc < 0 ? rc : 1;
}

/* A shard that is missing, or lacks what the index says, is told in an answer and not by the lack of its end. */
static int check_shards(struct wish *w)
{
	uint64_t i, n = tensor_set_kind(w->t.set) == TENSOR_SHARDED ? tensor_count(w->t.set) : 0;
	struct tensor_info t;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++)
		rc = tensor_get(w->t.set, i, &t);
	return rc < 0 ? open_failed(w, rc) : 0;
}

static int send_info(struct wish *w)
{
	struct tensor_info t;
	int rc;

	if (!tensor_count(w->t.set))
		return v1_fail(w->a, 400, "INVALID_TENSOR", "Invalid tensor format: there is no tensor in it");
	rc = tensor_find(w->t.set, buf_span(&w->name), &t);
	if (rc < 0)
		return slice_failed(w, rc);
	rc = cached_part(w);
	if (rc == 0)
		rc = check_shards(w);
	if (rc == 0)
		rc = reply_field(w->a->r, "content-type", "application/json");
	if (rc)
		return rc;
	told(w, 0, 0);
	rc = reply_start(w->a->r, 200, LEN_UNKNOWN);
	if (rc == 0 && !w->a->r->head_only)
		rc = ops_tensor_info(&w->t, buf_span(&w->name), &w->a->r->sink);
	return rc < 0 ? rc : 1;
}

/* the container itself: nothing of it was asked for, or what it is */
static int is_whole(const struct wish *w)
{
	if (w->what == INFO || w->what == ARROW || w->has_slice || w->has_name || w->to >= 0)
		return 0;
	return w->form < 0 || (w->t.set && w->form == TENSOR_FORM_SAFETENSORS &&
			       tensor_set_kind(w->t.set) == TENSOR_SAFETENSORS);
}

static int answer(struct wish *w)
{
	int rc = wish_read(w);

	if (rc)
		return rc;
	if (w->a->e->verifiable_only)
		return v1_fail(w->a, 406, "FEATURE_DISABLED", "Feature not available: only what can be verified is served here");
	rc = open_set(w, is_whole(w));
	if (rc)
		return rc;
	if (is_whole(w))
		return send_stored(w);
	return w->what == INFO ? send_info(w) : send_part(w);
}

int v1_tensor(struct v1_ask *a)
{
	struct wish w = { .a = a, .path = BUF_INIT(PATH_MAX_BYTES + CID_TEXT_MAX), .name = BUF_INIT(ARG_MAX_BYTES),
			  .slice = BUF_INIT(ARG_MAX_BYTES) };
	int rc = answer(&w);

	tensor_body_clear(&w.body);
	ops_tensor_close(&w.t);
	buf_clear(&w.path);
	buf_clear(&w.name);
	buf_clear(&w.slice);
	return rc;
}
