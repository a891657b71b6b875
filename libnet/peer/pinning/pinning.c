/* pinning.c - pins of a service: asked for, listed, given up */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "peer/pinning/pinning_priv.h"

enum { PAGE = 100, TEXT_MAX = 1024, ID_MAX = 255 };

static const char *const states[] = { "queued", "pinning", "pinned", "failed" };

const char *pinning_status_name(int status)
{
	int i;

	for (i = 0; i < 3 && !(status & (1 << i)); i++)
		;
	return states[i];
}

int pinning_status(const char *name)
{
	int i;

	for (i = 0; i < 4; i++)
		if (strcmp(name, states[i]) == 0)
			return 1 << i;
	return err_set(ERR_USAGE, "status \"%s\" is not valid", name);
}

/* ---- one pin ---- */

struct text { char bytes[TEXT_MAX + 1]; };

/* a field of a map as text that ends in NUL; 0: it is none, or too long */
static int take(const struct node *nd, size_t map, const char *key, size_t max, struct text *out)
{
	struct span s;
	size_t at;

	if (!node_field(nd, map, span_str(key), &at) || nd->step[at].kind != NODE_STRING)
		return 0;
	s = node_span(nd, at);
	if (s.len > max || (s.len && memchr(s.p, 0, s.len)))
		return 0;
	if (s.len)
		memcpy(out->bytes, s.p, s.len);
	out->bytes[s.len] = 0;
	return 1;
}

static int malformed(const char *what)
{
	return err_set(ERR_INVALID, "the answer of the remote pinning service: %s", what);
}

/* the PinStatus at `at` */
static int tell(const struct node *nd, size_t at, int (*fn)(void *arg, const struct pinning_pin *pin), void *arg)
{
	struct text id, status, created, name, cid;
	struct pinning_pin pin = { .id = id.bytes, .name = name.bytes, .created = created.bytes };
	size_t inner;

	if (!take(nd, at, "requestid", ID_MAX, &id) || !id.bytes[0])
		return malformed("a pin without requestid");
	if (!take(nd, at, "status", TEXT_MAX, &status) || (pin.status = pinning_status(status.bytes)) < 0)
		return malformed("a pin without a status that is one");
	if (!take(nd, at, "created", TEXT_MAX, &created))
		created.bytes[0] = 0;
	if (!node_field(nd, at, span_str("pin"), &inner) || !take(nd, inner, "cid", TEXT_MAX, &cid) ||
	    cid_parse(span_str(cid.bytes), &pin.cid, NULL) < 0)
		return malformed("a pin without a CID");
	if (!take(nd, inner, "name", PINNING_NAME_MAX, &name))
		name.bytes[0] = 0;
	return fn(arg, &pin);
}

/* of an id what may stand in a path */
static int put_escaped(struct buf *b, const char *text)
{
	int rc = 0;

	for (; rc == 0 && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-_.~", c))
			rc = buf_u8(b, c);
		else
			rc = buf_printf(b, "%%%02X", c);
	}
	return rc;
}

static int ask_id(struct pinning *p, const char *method, const char *id)
{
	struct buf path = BUF_INIT(4096);
	int rc = buf_str(&path, "/pins/");

	if (rc == 0)
		rc = put_escaped(&path, id);
	if (rc == 0)
		rc = pinning_ask(p, method, (const char *)path.data, NULL);
	buf_clear(&path);
	return rc;
}

int pinning_add(struct pinning *p, const struct cid *cid, const char *name,
		int (*fn)(void *arg, const struct pinning_pin *pin), void *arg)
{
	struct buf body = BUF_INIT(16 * 1024);
	char text[CID_TEXT_MAX];
	int rc;

	if (name && strlen(name) > PINNING_NAME_MAX)
		return err_set(ERR_USAGE, "a pin's name has up to %d bytes", PINNING_NAME_MAX);
	rc = buf_str(&body, "{");
	if (rc == 0)
		rc = json_field(&body, "cid", span_str(cid_text(cid, text)));
	if (rc == 0 && name && *name)
		rc = json_field(&body, "name", span_str(name));
	if (rc == 0)
		rc = buf_str(&body, "}");
	if (rc == 0)
		rc = pinning_ask(p, "POST", "/pins", (const char *)body.data);
	if (rc == 0)
		rc = tell(&p->nd, 0, fn, arg);
	buf_clear(&body);
	return rc;
}

int pinning_get(struct pinning *p, const char *id, int (*fn)(void *arg, const struct pinning_pin *pin), void *arg)
{
	int rc = ask_id(p, "GET", id);

	return rc < 0 ? rc : tell(&p->nd, 0, fn, arg);
}

int pinning_rm(struct pinning *p, const char *id)
{
	return ask_id(p, "DELETE", id);
}

/* ---- lists ---- */

static int put_query(struct buf *b, const struct pinning_query *q, unsigned limit, const char *before)
{
	char text[CID_TEXT_MAX];
	int rc = buf_printf(b, "/pins?limit=%u", limit), i, any = 0;
	size_t k;

	for (k = 0; rc == 0 && k < q->n_cids; k++)
		rc = buf_printf(b, "%s%s", k ? "," : "&cid=", cid_text(&q->cid[k], text));
	if (rc == 0 && q->name) {
		rc = buf_str(b, "&name=");
		if (rc == 0)
			rc = put_escaped(b, q->name);
	}
	for (i = 0; rc == 0 && i < 4; i++)
		if (q->statuses & (1 << i))
			rc = buf_printf(b, "%s%s", any++ ? "," : "&status=", states[i]);
	if (rc == 0 && before && *before) {
		rc = buf_str(b, "&before=");
		if (rc == 0)
			rc = put_escaped(b, before);
	}
	return rc;
}

static int ask_list(struct pinning *p, const struct pinning_query *q, unsigned limit, const char *before, uint64_t *count,
		    size_t *results)
{
	struct buf path = BUF_INIT(64 * 1024);
	size_t at;
	int rc = put_query(&path, q, limit, before);

	if (rc == 0)
		rc = pinning_ask(p, "GET", (const char *)path.data, NULL);
	buf_clear(&path);
	if (rc < 0)
		return rc;
	if (!node_field(&p->nd, 0, span_str("count"), &at) || p->nd.step[at].kind != NODE_INT || p->nd.step[at].neg)
		return malformed("a list without its count");
	*count = p->nd.step[at].u;
	if (!node_field(&p->nd, 0, span_str("results"), results) || p->nd.step[*results].kind != NODE_LIST)
		return malformed("a list without results");
	return 0;
}

struct page {
	int (*fn)(void *arg, const struct pinning_pin *pin);
	void *arg;
	char before[TEXT_MAX + 1];	/* when the last one was made */
	uint64_t n;
};

static int told(void *arg, const struct pinning_pin *pin)
{
	struct page *pg = arg;

	pg->n++;
	snprintf(pg->before, sizeof pg->before, "%s", pin->created);
	return pg->fn(pg->arg, pin);
}

int pinning_ls(struct pinning *p, const struct pinning_query *q, int (*fn)(void *arg, const struct pinning_pin *pin),
	       void *arg)
{
	struct page pg = { .fn = fn, .arg = arg };
	char last[TEXT_MAX + 1];
	uint64_t count;
	size_t list, at, i;
	int rc, more = 1;

	while (more) {
		snprintf(last, sizeof last, "%s", pg.before);
		pg.n = 0;
		rc = ask_list(p, q, PAGE, last, &count, &list);
		for (i = 0; rc == 0 && node_entry(&p->nd, list, i, &at); i++)
			rc = tell(&p->nd, at, told, &pg);
		if (rc != 0)
			return rc;
		/* what does not go on by the time it was made would go on for ever */
		more = pg.n > 0 && count > pg.n && strcmp(pg.before, last) != 0;
	}
	return 0;
}

int pinning_count(struct pinning *p, int statuses, uint64_t *n)
{
	const struct pinning_query q = { .statuses = statuses };
	size_t list;

	return ask_list(p, &q, 1, NULL, n, &list);
}
