/* names.c - what names stand for: records of keys, verified, and the DNSLinks of domains */
#include <stdio.h>
#include <string.h>

#include "key/key.h"
#include "name/name.h"
#include "peer/fetch/fetch_priv.h"

enum { GRACE_MS = 1000 };		/* for the other gateways, once a good record came */

/* ask every gateway on its own */
static int ask_all(struct fetch *f, enum job_kind kind, const char *target, const void *owner)
{
	struct job *j;
	int i, rc = 0;

	for (i = 0; rc == 0 && i < f->n_gw; i++) {
		rc = job_new(&j, f, kind, NULL, target);
		if (rc < 0)
			break;
		j->owner = owner;
		j->absent = ~gateway_bit(i);
		fetch_submit(f, j);
	}
	return rc;
}

/* a good record is kept, if it is the best so far; worst: what to say if none is good */
static int hear_record(struct fetch *f, const struct cid *key, struct job *j, int *n_good, int *worst, char why[512])
{
	int rc = j->rc;

	if (rc == 0) {
		rc = name_put(f->st, key, buf_span(&j->body), 0);
		if (rc >= 0) {
			(*n_good)++;
			return 0;
		}
		if (rc == ERR_NOMEM || rc == ERR_NOSPACE || rc == ERR_IO || rc == ERR_DENIED)
			return rc;
		if (rc == ERR_CORRUPT || rc == ERR_INVALID)
			f->gw[j->gw].stat.n_wrong++;
		snprintf(j->why, sizeof j->why, "%s: %.400s", f->gw[j->gw].url, err_text());
	}
	if (*worst == 0 || *worst == ERR_NOTFOUND) {
		*worst = rc;
		snprintf(why, 512, "%s", j->why);
	}
	return 0;
}

/* 0: the store has what the gateways have */
static int ask_record(struct fetch *f, const struct cid *key)
{
	char target[CID_TEXT_MAX + 32], text[CID_TEXT_MAX], why[512] = "";
	int left = f->n_gw, n_good = 0, worst = 0, rc;
	uint64_t until = 0;
	struct job *j;

	snprintf(target, sizeof target, "/ipns/%s?format=ipns-record", cid_text(key, text));
	rc = ask_all(f, JOB_RECORD, target, key);
	while (rc == 0 && left && (!until || fetch_now() < until)) {
		while (rc == 0 && (j = fetch_take_done(f, key)) != NULL) {
			rc = hear_record(f, key, j, &n_good, &worst, why);
			job_free(j);
			left--;
		}
		if (n_good && !until)
			until = fetch_now() + GRACE_MS;
		if (rc == 0 && left)
			rc = fetch_turn(f, 100, -1);
	}
	fetch_cancel(f, key);
	if (rc < 0 || n_good)
		return rc;
	return err_set(worst ? worst : ERR_NOTFOUND, "no good record of %s: %s", text, why);
}

/* the first of the CIDs a gateway has gone through */
static int ask_dnslink(struct fetch *f, struct span domain, struct buf *value)
{
	char target[320];
	struct job *j;
	struct cid cid;
	struct span root;
	size_t was = value->len;
	int rc;

	snprintf(target, sizeof target, "/ipns/%.*s/", (int)domain.len, (const char *)domain.p);
	rc = job_new(&j, f, JOB_HEAD, NULL, target);
	if (rc < 0)
		return rc;
	j->owner = target;
	fetch_submit(f, j);
	rc = fetch_wait(f, target, &j);
	if (rc < 0) {
		fetch_cancel(f, target);
		return rc;
	}
	root = buf_span(&j->body);
	if (j->rc < 0) {
		rc = j->rc == ERR_NOTFOUND ? 0 : err_set(j->rc, "%s", j->why);
	} else {
		const uint8_t *comma = root.len ? memchr(root.p, ',', root.len) : NULL;

		if (comma)
			root.len = (size_t)(comma - root.p);
		rc = cid_parse(root, &cid, NULL) == 0 ? buf_str(value, "/ipfs/") : 0;
		if (value->len > was && rc == 0)
			rc = cid_format(&cid, NULL, value);
		if (rc == 0)
			rc = value->len > was;
	}
	job_free(j);
	return rc;
}

/* 0: the store has a good record, from now or from before */
static int ask_key(struct fetch *f, const struct cid *key)
{
	struct buf record = BUF_INIT(NAME_RECORD_MAX);
	char why[512];
	int rc = ask_record(f, key);

	if (rc < 0 && !f->fatal) {
		snprintf(why, sizeof why, "%s", err_text());
		rc = name_get(f->st, key, &record, NULL) == 0 ? 0 : err_set(rc, "%s", why);
	}
	buf_clear(&record);
	return rc;
}

static int ask(void *arg, struct span name, struct buf *value, int64_t *ttl)
{
	struct fetch *f = arg;
	struct cid key;

	*ttl = -1;
	if (key_id_parse(name, &key) == 0)
		return ask_key(f, &key);
	if (name.len > 253 || strspn((const char *)name.p, "-._abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
						       "0123456789") < name.len)
		return 0;
	return f->o.trust_dnslink ? ask_dnslink(f, name, value)
				  : dns_link(name, f->dns, f->o.connect_ms, value, ttl);
}

int fetch_resolve(struct fetch *f, const char *path, struct buf *out)
{
	return name_resolve(f->st, span_str(path), ask, f, out, NULL);
}
