/* tensor.c - GET /v1/tensor/{cid}: a container as it is stored, what is in it, slices of it (ipfrs-http-v1 5.3 to 5.6) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "api/body/body.h"
#include "multi/mh.h"
#include "ops/tensor.h"
#include "unixfs/unixfs.h"
#include "v1_priv.h"
#include "wire/http/field.h"

enum {
	ARG_MAX_BYTES = 64 * 1024,	/* of an argument; names of tensors are the longest */
	PATH_MAX_BYTES = 4096
};

enum what { AS_STORED, INFO, ARROW, MMAP };

/* What is asked. */
struct wish {
	struct v1_ask *a;
	enum what what;
	struct cid cid;
	struct buf path;		/* "CID/a/b": what is asked for */
	struct buf name, slice;
	int has_name, has_slice;
	int form, to;			/* -1: not said */
	struct ops_tensor t;
	struct tensor_body body;
	struct dag_source guard;	/* what is not served is not read, either */
	struct tensor_place place;	/* nor are files of a name that is not served; t.place is behind it */
	int in_dir, refused;		/* the path is of a folder; the status for what is not served */
};

/* ---- the request ---- */

static int argument(struct wish *w, const char *name, struct buf *out)
{
	int rc = request_arg(w->a->rq, name, out);

	if (rc == ERR_INVALID || rc == ERR_LIMIT) {
		rc = v1_fail(w->a, 400, "INVALID_PARAMETER", "Invalid parameter '%s': %s", name, err_text());
		return rc < 0 ? rc : ERR_DIFFER;
	}
	return rc;
}

/* Answered: 1.  What comes behind is not looked at. */
static int bad(struct wish *w, const char *name, const char *why)
{
	return v1_fail(w->a, 400, "INVALID_PARAMETER", "Invalid parameter '%s': %s", name, why);
}

static int read_form(struct wish *w)
{
	struct buf arg = BUF_INIT(64);
	enum tensor_form form;
	enum tensor_dtype to;
	int rc = argument(w, "format", &arg);

	w->form = w->to = -1;
	if (rc > 0 && !tensor_form_find(buf_span(&arg), &form)) {
		rc = bad(w, "format", "it is none of raw, npy, safetensors, arrow, arrow-rows, json");
		goto out;
	}
	if (rc > 0)
		w->form = (int)form;
	buf_reset(&arg);
	if (rc >= 0)
		rc = argument(w, "dtype", &arg);
	if (rc > 0 && !tensor_dtype_find(buf_span(&arg), 1, &to)) {
		rc = bad(w, "dtype", "there is no such type");
		goto out;
	}
	if (rc > 0)
		w->to = (int)to;
	rc = rc < 0 ? rc : 0;
out:
	buf_clear(&arg);
	return rc;
}

/* a word for yes or no, as the languages of clients print it ("True"): 1, 0, or -1: it is none */
static int truth(struct span s)
{
	static const char *const words[] = { "false", "true", "0", "1" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (s.len == strlen(words[i]) && !strncasecmp((const char *)s.p, words[i], s.len))
			return i % 2;
	return -1;
}

/* The path of a file below the CID, as it will be looked up: what is on the deny list is found under that, and no ".."
 * leads out of the CID. */
static int add_path(struct wish *w, const char *below)
{
	size_t cid_len = w->path.len;
	struct dag_path clean = { 0 };
	int rc = buf_printf(&w->path, "/%s", below);

	if (rc == 0)
		rc = dag_path_parse(&clean, (char *)w->path.data);
	if (rc == ERR_USAGE || rc == ERR_UNSUPPORTED || (rc == 0 && !cid_equal(&clean.root, &w->cid))) {
		rc = bad(w, "path", "it leads out of the CID");
	} else if (rc == 0) {
		w->path.len = cid_len;
		w->path.data[cid_len] = 0;
		rc = *clean.rest ? buf_printf(&w->path, "/%s", clean.rest) : 0;
	}
	dag_path_clear(&clean);
	return rc;
}

static int read_args(struct wish *w)
{
	struct buf arg = BUF_INIT(PATH_MAX_BYTES);
	int rc = argument(w, "slice", &w->slice), info;

	w->has_slice = rc == 1;
	if (rc >= 0)
		rc = argument(w, "tensor", &w->name);
	w->has_name = rc == 1;
	if (rc >= 0)
		rc = argument(w, "metadata_only", &arg);
	info = rc == 1 ? truth(buf_span(&arg)) : 0;
	if (info == 1)
		w->what = INFO;
	buf_reset(&arg);
	if (rc >= 0)
		rc = argument(w, "path", &arg);
	if (rc >= 0)
		rc = info < 0 ? bad(w, "metadata_only", "it is neither true nor false") :
		     arg.len ? add_path(w, (char *)arg.data) : 0;
	buf_clear(&arg);
	return rc ? rc : read_form(w);
}

static int read_what(struct wish *w, struct span word)
{
	static const struct { const char *word; enum what what; } known[] = {
		{ "", AS_STORED }, { "info", INFO }, { "arrow", ARROW }, { "mmap", MMAP }
	};
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (span_equal(word, span_str(known[i].word))) {
			w->what = known[i].what;
			return 0;
		}
	return v1_fail(w->a, 404, "NOT_FOUND", "nothing is served under this path");
}

/* {cid}, {cid}/info and so on */
static int read_path(struct wish *w)
{
	struct span rest = span_of(w->a->path.p + 7, w->a->path.len - 7), word = span_of("", 0);
	const uint8_t *slash = rest.len ? memchr(rest.p, '/', rest.len) : NULL;
	int rc;

	if (slash) {
		word = span_of(slash + 1, (size_t)(rest.p + rest.len - slash - 1));
		rest.len = (size_t)(slash - rest.p);
	}
	rc = read_what(w, word);
	if (rc)
		return rc;
	rc = http_unescape(rest, 0, &w->path);
	if (rc == 0)
		rc = cid_parse(buf_span(&w->path), &w->cid, NULL);
	if (rc < 0)
		return v1_fail(w->a, 400, "INVALID_CID", "Invalid CID: %s", err_text());
	return 0;
}

/* ---- what is not served here ---- */

static int judge(struct wish *w, struct span path, const struct cid *cid)
{
	const struct v1_env *e = w->a->e;
	int status = e->denied(e->arg, path, cid);

	if (!status)
		return 0;
	w->refused = status;
	return err_set(ERR_DENIED, "this content is not served here");
}

static int guarded(struct dag_source *s, const struct cid *cid)
{
	return judge((struct wish *)(void *)((char *)s - offsetof(struct wish, guard)), span_of("", 0), cid);
}

static struct dag_source *behind(struct dag_source *s)
{
	return ((struct wish *)(void *)((char *)s - offsetof(struct wish, guard)))->a->e->src;
}

static int guard_get(struct dag_source *s, const struct cid *cid, struct buf *out)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_get(behind(s), cid, out);
}

static int guard_has(struct dag_source *s, const struct cid *cid)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_has(behind(s), cid);
}

static int guard_size(struct dag_source *s, const struct cid *cid, uint64_t *len)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_size(behind(s), cid, len);
}

static int guard_extent(struct dag_source *s, const struct cid *cid, struct piece *p)
{
	int rc = guarded(s, cid);

	return rc < 0 ? rc : dag_extent(behind(s), cid, p);
}

/* the first `len` bytes of the path, and a name in that folder, if there is one */
static int judge_path(struct wish *w, size_t len, struct span name)
{
	struct buf path = BUF_INIT(PATH_MAX_BYTES + CID_TEXT_MAX + TENSOR_NAME_MAX);
	int rc = buf_printf(&path, "/ipfs/%.*s%s", (int)len, (char *)w->path.data, name.len ? "/" : "");

	if (rc == 0)
		rc = buf_add(&path, name);
	if (rc == 0)
		rc = judge(w, buf_span(&path), NULL);
	buf_clear(&path);
	return rc;
}

/* a file in the folder, or beside the file, that the path is of: a shard, or the one a folder stands for */
static int place_open(struct tensor_place *p, struct span name, struct tensor_in **in)
{
	struct wish *w = (struct wish *)(void *)((char *)p - offsetof(struct wish, place));
	const char *path = (const char *)w->path.data, *slash = strrchr(path, '/');
	size_t len = w->in_dir || !slash ? w->path.len : (size_t)(slash - path);
	int rc = name.len ? judge_path(w, len, name) : 0;

	if (rc == 0)
		rc = w->t.place->open(w->t.place, name, in);
	if (name.len == 0)
		w->in_dir = rc == 1;
	return rc;
}

static int place_list(struct tensor_place *p, int (*fn)(void *arg, struct span name), void *arg)
{
	struct wish *w = (struct wish *)(void *)((char *)p - offsetof(struct wish, place));

	return w->t.place->list(w->t.place, fn, arg);
}

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
	struct store *st = w->a->e->st;
	int rc;

	w->guard = (struct dag_source){ guard_get, guard_has, guard_size, guard_extent };
	w->place = (struct tensor_place){ .open = place_open, .list = place_list };
	rc = judge_path(w, w->path.len, span_of("", 0));
	if (rc == 0)
		rc = judge(w, span_of("", 0), &w->cid);
	if (rc == 0)
		rc = ops_tensor_place(&w->t.place, &w->guard, (char *)w->path.data, store_tmpdir(st), &w->t.cid);
	if (rc == 0)
		rc = tensor_open(&w->t.set, &w->place, store_tmpdir(st), store_cachedir(st));
	if (rc < 0)
		ops_tensor_close(&w->t);
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
	int rc = read_path(w);

	if (rc == 0)
		rc = read_args(w);
	if (rc)
		return rc == ERR_DIFFER ? 1 : rc;
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
