/* fetch.c - the handle: all requests, a turn at a time */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "peer/fetch/fetch_priv.h"

uint64_t fetch_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- options ---- */

void fetch_opts_init(struct fetch_opts *o)
{
	*o = (struct fetch_opts){ .tries = 4, .backoff_ms = 250, .retry_after_max_s = 60, .redirects = 5,
				  .block_max = BLOCK_MAX };
}

/* the words of a list with blanks or commas between them, as pointers and, behind those, their text */
static int words(const char *list, const char *const **out, size_t *n)
{
	size_t len = strlen(list), most = len / 2 + 1;
	char **at = calloc(1, most * sizeof *at + len + 1), *text, *word, *more;

	*out = NULL;
	*n = 0;
	if (!at)
		return err_nomem();
	text = (char *)(at + most);
	memcpy(text, list, len + 1);
	for (word = strtok_r(text, " \t,", &more); word; word = strtok_r(NULL, " \t,", &more))
		at[(*n)++] = word;
	*out = (const char *const *)(void *)at;
	return 0;
}

/* a setting, where *v is 0; in `unit`s */
static int fill(const struct config *c, const char *key, int unit, int *v)
{
	const char *text;
	uint64_t n = 0;
	int rc;

	if (*v)
		return 0;
	rc = config_get(c, key, &text);
	if (rc == 0)
		rc = num_parse(text, &n);
	if (rc == 0)
		*v = (int)n * unit;
	return rc;
}

int fetch_opts_config(struct fetch_opts *o, const struct config *c)
{
	const char *text;
	int rc;

	o->list = NULL;
	rc = fill(c, "fetch.parallel", 1, &o->parallel);
	if (rc == 0)
		rc = fill(c, "fetch.stall-seconds", 1000, &o->stall_ms);
	if (rc == 0)
		rc = fill(c, "fetch.connect-seconds", 1000, &o->connect_ms);
	if (rc == 0)
		rc = config_get(c, "fetch.form", &text);
	if (rc == 0 && !o->form)
		o->form = !strcmp(text, "raw") ? FETCH_RAW : !strcmp(text, "car") ? FETCH_CAR : FETCH_AUTO;
	if (rc == 0)
		rc = config_get(c, "fetch.gateways", &text);
	if (rc < 0 || o->n_gateways)
		return rc;
	rc = words(text, &o->gateways, &o->n_gateways);
	o->list = (void *)(uintptr_t)o->gateways;
	return rc;
}

/* ---- the handle ---- */

static int copy(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? err_nomem() : 0;
}

static int add_gateways(struct fetch *f, const struct fetch_opts *o)
{
	size_t i;
	int rc = 0;

	if (o->n_gateways == 0)
		return err_set(ERR_USAGE, "no gateway to ask; name one with -g, or set fetch.gateways");
	if (o->n_gateways > FETCH_GATEWAYS_MAX)
		return err_set(ERR_USAGE, "more than %d gateways", FETCH_GATEWAYS_MAX);
	f->gw = calloc(o->n_gateways, sizeof *f->gw);
	if (!f->gw)
		return err_nomem();
	for (i = 0; rc == 0 && i < o->n_gateways; i++) {
		struct gateway *g = &f->gw[f->n_gw];
		int k;

		rc = gateway_parse(o->gateways[i], &g->url, &g->https);
		g->stat.gateway = g->url;
		for (k = 0; rc == 0 && k < f->n_gw; k++)
			if (!strcmp(f->gw[k].url, g->url))
				break;
		if (rc == 0 && k < f->n_gw) {		/* named twice */
			free(g->url);
			*g = (struct gateway){ 0 };
		} else if (rc == 0) {
			f->n_gw++;
		}
	}
	return rc;
}

static int check(struct fetch_opts *o)
{
	o->form = o->form ? o->form : FETCH_AUTO;
	o->parallel = o->parallel ? o->parallel : 16;
	o->connect_ms = o->connect_ms ? o->connect_ms : 10000;
	o->stall_ms = o->stall_ms ? o->stall_ms : 30000;
	if (o->parallel < 1 || o->parallel > FETCH_PARALLEL_MAX)
		return err_set(ERR_USAGE, "requests at once: 1 to %d", FETCH_PARALLEL_MAX);
	if (o->block_max < 1 || o->block_max > STORE_BLOCK_MAX)
		return err_set(ERR_USAGE, "a block has at most %d bytes", STORE_BLOCK_MAX);
	return 0;
}

int fetch_new(struct fetch **out, struct store *st, const struct fetch_opts *o)
{
	struct fetch_opts with = *o;
	struct fetch *f;
	int rc = check(&with), i;

	*out = NULL;
	if (rc < 0)
		return rc;
	f = calloc(1, sizeof *f);
	if (!f)
		return err_nomem();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(f);
		return err_set(ERR_IO, "libcurl does not start");
	}
	f->st = st;
	f->o = with;
	f->commit_ms = fetch_now();
	for (i = 0; i < LISTS; i++)
		buf_init(&f->list[i].links, 2 * STORE_BLOCK_MAX);
	source_init(f);
	rc = add_gateways(f, o);
	if (rc == 0)
		rc = copy(o->proxy, &f->proxy);
	if (rc == 0)
		rc = copy(o->ca_file, &f->ca_file);
	if (rc == 0)
		rc = copy(o->dns, &f->dns);
	if (rc == 0 && !(f->multi = curl_multi_init()))
		rc = err_nomem();
	if (rc < 0) {
		fetch_free(f);
		return rc;
	}
	curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)(2 * with.parallel));
	*out = f;
	return 0;
}

static void free_jobs(struct fetch *f, struct job *j)
{
	struct job *next;

	for (; j; j = next) {
		next = j->next;
		if (j->easy)
			curl_multi_remove_handle(f->multi, j->easy);
		job_free(j);
	}
}

void fetch_free(struct fetch *f)
{
	int i;

	if (!f)
		return;
	free_jobs(f, f->jobs);
	free_jobs(f, f->done);
	curl_multi_cleanup(f->multi);
	for (i = 0; i < f->n_gw; i++)
		free(f->gw[i].url);
	for (i = 0; i < LISTS; i++)
		buf_clear(&f->list[i].links);
	free(f->gw);
	free(f->proxy);
	free(f->ca_file);
	free(f->dns);
	free(f);
	curl_global_cleanup();
}

int fetch_each_stat(const struct fetch *f, int i, struct fetch_stat *s)
{
	if (i < 0 || i >= f->n_gw)
		return 0;
	*s = f->gw[i].stat;
	return 1;
}

void fetch_count(const struct fetch *f, uint64_t *n_blocks, uint64_t *bytes)
{
	*n_blocks = f->n_stored;
	*bytes = f->stored_bytes;
}

/* ---- what is kept ---- */

int fetch_ends(struct fetch *f, int rc)
{
	if (!f->fatal) {
		f->fatal = rc;
		snprintf(f->fatal_why, sizeof f->fatal_why, "%s", err_text());
	}
	return rc;
}

int fetch_keep(struct fetch *f, const struct cid *cid, struct span bytes)
{
	struct dag_block b = { .cid = cid, .parts = { bytes }, .n_parts = 1, .src_fd = -1 };
	int was = store_has(f->st, cid), rc = was < 0 ? was : store_put(f->st, &b);

	if (rc < 0)
		return fetch_ends(f, rc);
	if (was)
		return 0;
	f->n_stored++;
	f->stored_bytes += bytes.len;
	f->uncommitted += bytes.len + 1;
	return 1;
}

int fetch_commit(struct fetch *f)
{
	int rc = store_commit(f->st);

	f->uncommitted = 0;
	f->commit_ms = fetch_now();
	return rc < 0 ? fetch_ends(f, rc) : 0;
}

int fetch_now_and_then(struct fetch *f)
{
	uint64_t bytes = f->bytes - f->told_bytes, blocks = f->n_stored - f->told_blocks;

	if (f->uncommitted > COMMIT_BYTES || (f->uncommitted && fetch_now() - f->commit_ms > COMMIT_MS))
		if (fetch_commit(f) < 0)
			return f->fatal;
	f->told_bytes = f->bytes;
	f->told_blocks = f->n_stored;
	if (f->o.progress && f->o.progress(f->o.arg, bytes, blocks) != 0)
		return fetch_ends(f, err_set(ERR_INTERRUPTED, "stopped"));
	return 0;
}

/* ---- one block ---- */

int fetch_block(struct fetch *f, const struct cid *cid, struct buf *out)
{
	struct job *j = NULL;
	char target[CID_TEXT_MAX + 32], text[CID_TEXT_MAX];
	struct mh mh;
	int rc;

	rc = out ? store_get(f->st, cid, out) : store_has(f->st, cid);
	if (rc > 0 || (rc == 0 && out))
		return 0;
	if (rc < 0 && rc != ERR_NOTFOUND)
		return rc;
	rc = mh_decode(cid_mh(cid), &mh);
	if (rc == 0)
		rc = mh_allowed(&mh);
	while (rc == 0 && fetch_find(f, cid))		/* it was asked for ahead */
		rc = fetch_turn(f, 500, -1);
	if (rc == 0 && store_has(f->st, cid) == 1)
		return out ? store_get(f->st, cid, out) : 0;
	snprintf(target, sizeof target, "/ipfs/%s?format=raw", cid_text(cid, text));
	if (rc == 0)
		rc = job_new(&j, f, JOB_BLOCK, cid, target);
	if (rc < 0)
		return rc;
	j->owner = cid;
	j->keep = out != NULL;
	fetch_submit(f, j);
	rc = fetch_wait(f, cid, &j);
	if (rc < 0) {
		fetch_cancel(f, cid);
		return rc;
	}
	rc = j->rc < 0 ? err_set(j->rc, "%s", j->why) : out ? buf_add(out, buf_span(&j->body)) : 0;
	job_free(j);
	return rc;
}
