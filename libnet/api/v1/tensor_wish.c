/* tensor_wish.c - which tensor, which part of it, in which form: the path and the query (ipfrs-http-v1 5.3) */
#include <strings.h>

#include "tensor_priv.h"
#include "wire/http/field.h"

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
	struct span rest = w->a->path, word = span_of("", 0);
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

int wish_read(struct wish *w)
{
	int rc = read_path(w);

	if (rc == 0)
		rc = read_args(w);
	return rc == ERR_DIFFER ? 1 : rc;
}
