/* job.c - one request, from its URL to what came of it */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "peer/fetch/fetch_priv.h"
#include "name/name.h"

static const char *const accepts[] = {
	[JOB_BLOCK] = "Accept: application/vnd.ipld.raw",
	[JOB_CAR] = "Accept: application/vnd.ipld.car; version=1; order=dfs; dups=n",
	[JOB_RECORD] = "Accept: application/vnd.ipfs.ipns-record",
	[JOB_HEAD] = "Accept: */*"
};

int job_new(struct job **out, struct fetch *f, enum job_kind kind, const struct cid *cid, const char *target)
{
	struct job *j = calloc(1, sizeof *j);

	*out = j;
	if (!j)
		return err_nomem();
	j->kind = kind;
	j->gw = -1;
	if (cid)
		j->cid = *cid;
	buf_init(&j->body, kind == JOB_RECORD ? NAME_RECORD_MAX : f->o.block_max);
	j->target = strdup(target);
	if (j->target)
		return 0;
	job_free(j);
	*out = NULL;
	return err_nomem();
}

/* what belongs to one try */
static void let_go(struct job *j)
{
	curl_easy_cleanup(j->easy);
	curl_slist_free_all(j->head);
	take_free(j->take);
	j->easy = NULL;
	j->head = NULL;
	j->take = NULL;
}

void job_free(struct job *j)
{
	if (!j)
		return;
	let_go(j);
	buf_clear(&j->body);
	free(j->target);
	free(j);
}

void job_says(struct fetch *f, struct job *j, int rc, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(j->why, sizeof j->why, "%s: ", j->gw >= 0 ? f->gw[j->gw].url : "no gateway");

	if (n < 0 || (size_t)n >= sizeof j->why)
		n = 0;
	va_start(ap, fmt);
	vsnprintf(j->why + n, sizeof j->why - (size_t)n, fmt, ap);
	va_end(ap);
	j->rc = rc;
	log_debug("fetch", "%s%s: %s", j->gw >= 0 ? f->gw[j->gw].url : "", j->target, j->why);
}

/* ---- bytes that come ---- */

struct call { struct fetch *f; struct job *j; };

static int stop(struct job *j, int rc)
{
	j->fault = rc;
	snprintf(j->why, sizeof j->why, "%s", err_text());
	return 0;
}

/* 1: took them */
static int take_in(struct fetch *f, struct job *j, struct span in)
{
	int rc;

	if (f->o.bytes_max && f->bytes > f->o.bytes_max) {
		fetch_ends(f, err_set(ERR_LIMIT, "more than the %" PRIu64 " bytes that are allowed came", f->o.bytes_max));
		return stop(j, ERR_LIMIT);
	}
	rc = j->kind == JOB_CAR ? take_bytes(j->take, in) : buf_add(&j->body, in);
	if (rc == ERR_LIMIT && j->kind != JOB_CAR)
		err_set(ERR_LIMIT, "more than %zu bytes", j->body.max);
	return rc < 0 ? stop(j, rc) : 1;
}

static size_t on_bytes(char *p, size_t size, size_t n, void *arg)
{
	struct job *j = arg;
	struct fetch *f = NULL;
	size_t len = size * n;
	long status = 0;

	curl_easy_getinfo(j->easy, CURLINFO_PRIVATE, (char **)&f);
	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	f->bytes += len;
	j->came += len;
	f->gw[j->gw].stat.bytes += len;
	if (status != 200)		/* an error page: not for us */
		return j->came <= ERROR_BODY_MAX ? len : 0;
	return take_in(f, j, span_of(p, len)) ? len : 0;
}

/* ---- asking ---- */

static int set_up(struct fetch *f, struct job *j)
{
	const struct gateway *g = &f->gw[j->gw];
	const struct fetch_opts *o = &f->o;
	char url[8192];
	CURL *e = j->easy;
	int n = snprintf(url, sizeof url, "%s%s", g->url, j->target);

	if (n < 0 || (size_t)n >= sizeof url)
		return err_set(ERR_LIMIT, "the path is too long for a URL");
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, j->head);
	curl_easy_setopt(e, CURLOPT_PRIVATE, f);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, j);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "ipfrs/" IPFRS_VERSION);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	/* who came over TLS shall not be sent elsewhere without */
	curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, g->https ? "https" : "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)o->redirects);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)o->total_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)FETCH_SPEED_MIN);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)((o->stall_ms + 999) / 1000));
	if (j->kind != JOB_CAR)
		curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)j->body.max);
	if (j->kind == JOB_HEAD)
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (f->proxy)
		curl_easy_setopt(e, CURLOPT_PROXY, f->proxy);
	if (f->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_file);
	return 0;
}

int job_start(struct fetch *f, struct job *j)
{
	int rc = 0;

	buf_reset(&j->body);
	j->came = 0;
	j->fault = 0;
	j->easy = curl_easy_init();
	j->head = curl_slist_append(NULL, accepts[j->kind]);
	if (!j->easy || !j->head)
		rc = err_nomem();
	if (rc == 0 && j->kind == JOB_CAR)
		rc = take_new(&j->take, f, &j->cid);
	if (rc == 0)
		rc = set_up(f, j);
	if (rc == 0 && curl_multi_add_handle(f->multi, j->easy) != CURLM_OK)
		rc = err_set(ERR_IO, "libcurl does not take the request");
	if (rc < 0) {
		let_go(j);
		return rc;
	}
	log_debug("fetch", "GET %s%s", f->gw[j->gw].url, j->target);
	f->gw[j->gw].stat.n_requests++;
	return 0;
}

/* ---- what came of it ---- */

/* our own callback stopped it */
static enum verdict faulty(struct fetch *f, struct job *j)
{
	char why[sizeof j->why];

	snprintf(why, sizeof why, "%s", j->why);
	job_says(f, j, j->fault, "%s", why);
	if (f->fatal)
		return ANSWER_FATAL;
	switch (j->fault) {
	case ERR_EXISTS:		/* an archive of what we have */
		return ANSWER_ABSENT;
	case ERR_INVALID:
	case ERR_CORRUPT:
	case ERR_LIMIT:
	case ERR_DENIED:
		return ANSWER_WRONG;
	}
	return ANSWER_FATAL;
}

static enum verdict no_answer(struct fetch *f, struct job *j, CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		job_says(f, j, ERR_TIMEOUT, "%s", j->came ? "too slow" : "no answer in time");
		return ANSWER_RETRY;
	case CURLE_FILESIZE_EXCEEDED:
		job_says(f, j, ERR_LIMIT, "more than %zu bytes", j->body.max);
		return ANSWER_WRONG;
	case CURLE_TOO_MANY_REDIRECTS:
		job_says(f, j, ERR_IO, "more than %d redirects", f->o.redirects);
		return ANSWER_ABSENT;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		job_says(f, j, ERR_IO, "it redirects to what is not to be followed");
		return ANSWER_ABSENT;
	case CURLE_OUT_OF_MEMORY:
		job_says(f, j, err_nomem(), "out of memory");
		return ANSWER_FATAL;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
		job_says(f, j, ERR_IO, "the answer was cut short");
		return ANSWER_RETRY;
	default:
		job_says(f, j, ERR_IO, "%s", curl_easy_strerror(code));
		return ANSWER_RETRY;
	}
}

static enum verdict refused(struct fetch *f, struct job *j, long status, int64_t *retry_after)
{
	curl_off_t wait = 0;

	switch (status) {
	case 404:
		job_says(f, j, ERR_NOTFOUND, "not there (404)");
		return ANSWER_ABSENT;
	case 410:
	case 451:
		job_says(f, j, ERR_DENIED, "it does not give this away (%ld)", status);
		return ANSWER_ABSENT;
	case 429:
	case 503:
		if (curl_easy_getinfo(j->easy, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
			*retry_after = wait;
		job_says(f, j, ERR_BUSY, "asks for patience (%ld)", status);
		return ANSWER_RETRY;
	case 408:
	case 504:
		job_says(f, j, ERR_TIMEOUT, "did not find it in time (%ld)", status);
		return ANSWER_RETRY;
	case 400:
	case 406:
	case 415:
	case 501:
		if (j->kind == JOB_CAR)
			f->gw[j->gw].no_car = 1;
		break;
	}
	job_says(f, j, ERR_IO, "answers with status %ld", status);
	return status >= 500 ? ANSWER_RETRY : ANSWER_ABSENT;
}

/* a whole answer with status 200 */
static enum verdict good(struct fetch *f, struct job *j)
{
	struct gateway *g = &f->gw[j->gw];
	struct curl_header *h;
	int rc;

	switch (j->kind) {
	case JOB_BLOCK:
		rc = cid_verify(&j->cid, buf_span(&j->body));
		if (rc == ERR_CORRUPT) {
			job_says(f, j, rc, "sent other bytes");
			return ANSWER_WRONG;
		}
		if (rc == 0)
			rc = fetch_keep(f, &j->cid, buf_span(&j->body));
		if (rc < 0) {
			job_says(f, j, rc, "%s", err_text());
			return ANSWER_FATAL;
		}
		g->stat.n_blocks += (uint64_t)rc;
		break;
	case JOB_CAR:
		g->stat.n_blocks += take_stored(j->take);
		if (!take_whole(j->take)) {
			job_says(f, j, ERR_IO, "its archive is cut short");
			return ANSWER_RETRY;
		}
		break;
	case JOB_HEAD:
		if (curl_easy_header(j->easy, "X-Ipfs-Roots", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
			rc = buf_str(&j->body, h->value);
		break;
	case JOB_RECORD:
		break;
	}
	return ANSWER_GOOD;
}

enum verdict job_ended(struct fetch *f, struct job *j, CURLcode code, int64_t *retry_after)
{
	enum verdict v;
	long status = 0;

	*retry_after = 0;
	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_WRITE_ERROR && j->fault)
		v = faulty(f, j);
	else if (status >= 300 && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
		v = refused(f, j, status, retry_after);
	else if (code != CURLE_OK)
		v = no_answer(f, j, code);
	else if (status != 200)
		v = refused(f, j, status, retry_after);
	else
		v = good(f, j);
	if (v != ANSWER_GOOD && j->take)
		f->gw[j->gw].stat.n_blocks += take_stored(j->take);
	let_go(j);
	if (!j->keep && j->kind == JOB_BLOCK)
		buf_clear(&j->body);
	return v;
}
