/* format.c - in which form is it wanted?  (reference 6; IPIP-523; RFC 9110 12.5.1) */
#include <stdlib.h>
#include <strings.h>

#include "base/err.h"
#include "gateway_priv.h"

enum { ACCEPT_MAX = 64 * 1024, ARGS_MAX = 256 };

static const struct form { enum gw_format format; const char *name, *type; } forms[] = {
	{ GW_RAW, "raw", "application/vnd.ipld.raw" },
	{ GW_CAR, "car", "application/vnd.ipld.car" },
	{ GW_RECORD, "ipns-record", "application/vnd.ipfs.ipns-record" },
	{ GW_TAR, "tar", "application/x-tar" },
	{ GW_JSON, "json", "application/json" },
	{ GW_CBOR, "cbor", "application/cbor" },
	{ GW_DAG_JSON, "dag-json", "application/vnd.ipld.dag-json" },
	{ GW_DAG_CBOR, "dag-cbor", "application/vnd.ipld.dag-cbor" },
	{ GW_ZIP, "zip", NULL },
	{ GW_TAR_GZ, "tar.gz", NULL },
	{ GW_TAR_ZST, "tar.zst", NULL },
};
enum { N_FORMS = sizeof forms / sizeof *forms };

static int same(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.p, word, s.len) == 0;
}

static int begins(struct span s, const char *word)
{
	return s.len >= strlen(word) && strncasecmp((const char *)s.p, word, strlen(word)) == 0;
}

static const struct form *form_of(enum gw_format format)
{
	size_t i;

	for (i = 0; i < N_FORMS; i++)
		if (forms[i].format == format)
			return &forms[i];
	return NULL;
}

static const struct form *form_by_type(struct span type)
{
	size_t i;

	for (i = 0; i < N_FORMS; i++)
		if (forms[i].type && same(type, forms[i].type))
			return &forms[i];
	return NULL;
}

/* one entry of a list, without the blanks around it; a comma between quotes is none */
static int next_entry(struct span *rest, struct span *entry)
{
	int quoted = 0;
	size_t i;

	if (!rest->len)
		return 0;
	for (i = 0; i < rest->len && (quoted || rest->p[i] != ','); i++) {
		if (rest->p[i] == '\\' && quoted)
			i++;
		else if (rest->p[i] == '"')
			quoted = !quoted;
	}
	if (i > rest->len)
		i = rest->len;
	*entry = span_of(rest->p, i);
	i += i < rest->len;
	*rest = span_of(rest->p + i, rest->len - i);
	while (entry->len && strchr(" \t", entry->p[0]))
		*entry = span_of(entry->p + 1, entry->len - 1);
	while (entry->len && strchr(" \t", entry->p[entry->len - 1]))
		entry->len--;
	return 1;
}

/* Reference 8.5: version 1, order dfs or unk, dups y or n; what else an entry says is not ours to judge. */
static int car_can(struct span params)
{
	struct span v;

	if (http_param(params, "version", &v) && !same(v, "1"))
		return 0;
	if (http_param(params, "order", &v) && !same(v, "dfs") && !same(v, "unk"))
		return 0;
	return !http_param(params, "dups", &v) || same(v, "y") || same(v, "n");
}

/* What an Accept field comes to. */
struct choice {
	const struct form *form;
	int q, html;			/* of the form; of text/html; 0: neither is wanted */
	struct span params;
	struct span bad;		/* an entry that has to be refused if no other will do */
};

/*
 * `only`: the form that was chosen already, whose parameters are looked for; NULL: any.
 */
static void choose(struct span accept, const struct form *only, struct choice *c)
{
	const struct form *f;
	struct http_media m;
	struct span entry;

	*c = (struct choice){ 0 };
	while (next_entry(&accept, &entry)) {
		int vendor = begins(entry, "application/vnd.ipld") || begins(entry, "application/vnd.ipfs");

		if (!entry.len)
			continue;
		if (!http_media_parse(entry, &m)) {
			c->bad = vendor && !c->bad.p ? entry : c->bad;
			continue;
		}
		if (m.q == 0)
			continue;
		if (same(m.type, "text/html") && m.q > c->html)
			c->html = m.q;
		f = form_by_type(m.type);
		if (f == NULL || (f->format == GW_CAR && !car_can(m.params))) {
			c->bad = vendor && !c->bad.p ? entry : c->bad;
			continue;
		}
		if ((!only || f == only) && m.q > c->q) {
			c->form = f;
			c->q = m.q;
			c->params = m.params;
		}
	}
}

static const struct form *form_by_arg(struct gw_ask *a)
{
	struct buf v = BUF_INIT(GW_TEXT_MAX);
	const struct form *f = NULL;
	size_t i;

	if (gw_arg(a, "format", &v))
		for (i = 0; !f && i < N_FORMS; i++)
			if (span_equal(buf_span(&v), span_str(forms[i].name)))
				f = &forms[i];
	buf_clear(&v);
	return f;
}

static int pick(struct gw_ask *a, struct span accept)
{
	const struct form *f = form_by_arg(a);
	struct choice c;

	choose(accept, f, &c);
	a->html = c.html > 0;
	a->by_accept = 0;
	if (!f) {
		if (!c.form && c.bad.p)
			return gw_fail(a, 400, "no form of content: \"%.*s\" in Accept",
				       c.bad.len < 100 ? (int)c.bad.len : 100, (const char *)c.bad.p);
		if (!c.form || c.html > c.q)
			return 0;
		f = c.form;
		a->by_accept = 1;
	}
	a->format = f->format;
	buf_reset(&a->accept_params);
	if (!c.form || !c.params.len)
		return 0;
	if (buf_u8(&a->accept_params, ';') < 0)
		return ERR_NOMEM;
	return buf_add(&a->accept_params, c.params);
}

int gw_negotiate(struct gw_ask *a)
{
	struct buf accept = BUF_INIT(ACCEPT_MAX);
	int rc;

	a->format = GW_NONE;
	rc = request_list(a->rq, "accept", &accept);
	if (rc >= 0)
		rc = pick(a, buf_span(&accept));
	buf_clear(&accept);
	return rc;
}

int gw_wants_html(const struct request *rq)
{
	struct buf accept = BUF_INIT(ACCEPT_MAX);
	struct choice c = { 0 };

	if (request_list(rq, "accept", &accept) > 0)
		choose(buf_span(&accept), NULL, &c);
	buf_clear(&accept);
	return c.html > 0;
}

/* ---- Content-Location (reference 6.4) ---- */

struct arg { struct span name, value; int encoded; };

static int by_name(const void *a, const void *b)
{
	const struct arg *x = *(const struct arg *const *)a, *y = *(const struct arg *const *)b;
	int c = span_cmp(x->name, y->name);

	return c ? c : (x > y) - (x < y);
}

static int has_arg(const struct arg *arg, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (span_equal(arg[i].name, span_str(name)))
			return 1;
	return 0;
}

/* The arguments of the URL as they stand there, `format`, and what the chosen entry of Accept said. */
static size_t all_args(struct gw_ask *a, struct arg arg[ARGS_MAX + 4])
{
	static const char *const car[][2] = {
		{ "version", "car-version" }, { "order", "car-order" }, { "dups", "car-dups" }
	};
	struct span rest = a->rq->query, name, value;
	size_t n = 0, i;

	while (n < ARGS_MAX && http_query_next(&rest, &name, &value))
		if (!span_equal(name, span_str("format")))
			arg[n++] = (struct arg){ name, value, 1 };
	arg[n++] = (struct arg){ span_str("format"), span_str(form_of(a->format)->name), 0 };
	for (i = 0; a->format == GW_CAR && a->accept_params.len && i < 3; i++) {
		struct span params = span_of(a->accept_params.data + 1, a->accept_params.len - 1);

		if (http_param(params, car[i][0], &value) && !has_arg(arg, n, car[i][1]))
			arg[n++] = (struct arg){ span_str(car[i][1]), value, 0 };
	}
	return n;
}

static int put_args(struct buf *out, const struct arg *arg, size_t n)
{
	const struct arg *sorted[ARGS_MAX + 4];
	size_t i;
	int rc = 0;

	for (i = 0; i < n; i++)
		sorted[i] = &arg[i];
	qsort(sorted, n, sizeof *sorted, by_name);
	for (i = 0; rc == 0 && i < n; i++) {
		rc = buf_u8(out, i ? '&' : '?');
		if (rc == 0)
			rc = buf_add(out, sorted[i]->name);
		if (rc == 0 && sorted[i]->value.p) {
			rc = buf_u8(out, '=');
			if (rc == 0 && sorted[i]->encoded)
				rc = buf_add(out, sorted[i]->value);
			else if (rc == 0)
				rc = gw_escape(out, sorted[i]->value);
		}
	}
	return rc;
}

int gw_content_location(struct gw_ask *a)
{
	struct arg arg[ARGS_MAX + 4];
	struct buf v = BUF_INIT(16 * 1024);
	int rc;

	if (a->format == GW_NONE || form_by_arg(a) == form_of(a->format))
		return 0;
	rc = gw_escape(&v, buf_span(&a->web));
	if (rc == 0)
		rc = put_args(&v, arg, all_args(a, arg));
	if (rc == 0)
		rc = reply_field(a->r, "content-location", "%s", (char *)v.data);
	buf_clear(&v);
	/* too long, or not fit for a field: then it is not said */
	return rc == ERR_LIMIT || rc == ERR_INVALID ? 0 : rc;
}

const char *gw_format_name(enum gw_format format)
{
	const struct form *f = form_of(format);

	return f ? f->name : NULL;
}

const char *gw_format_type(enum gw_format format)
{
	const struct form *f = form_of(format);

	return f ? f->type : NULL;
}
