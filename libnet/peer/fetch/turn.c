/* turn.c - requests: which may start, whom they ask, and what becomes of them */
#include <stdio.h>

#include "peer/fetch/fetch_priv.h"

/* ---- the list of requests ---- */

void fetch_submit(struct fetch *f, struct job *j)
{
	struct job **at = &f->jobs;

	while (*at)
		at = &(*at)->next;
	j->next = NULL;
	*at = j;
	f->n_ahead += !j->owner;
}

struct job *fetch_find(struct fetch *f, const struct cid *cid)
{
	struct job *j;

	for (j = f->jobs; j; j = j->next)
		if (j->kind == JOB_BLOCK && cid_equal(&j->cid, cid))
			return j;
	return NULL;
}

static void unlink_job(struct job **list, struct job *j)
{
	while (*list != j)
		list = &(*list)->next;
	*list = j->next;
}

static void stop_running(struct fetch *f, struct job *j)
{
	if (j->state != JOB_RUNS)
		return;
	f->gw[j->gw].in_flight--;
	f->n_running--;
	f->n_takes -= j->kind == JOB_CAR;
	j->state = JOB_WAITS;
}

void fetch_cancel(struct fetch *f, const void *owner)
{
	struct job *j, *next;

	for (j = f->jobs; j; j = next) {
		next = j->next;
		if (j->owner != owner)
			continue;
		if (j->easy)
			curl_multi_remove_handle(f->multi, j->easy);
		stop_running(f, j);
		unlink_job(&f->jobs, j);
		f->n_ahead -= !owner;
		job_free(j);
	}
	while ((j = fetch_take_done(f, owner)) != NULL)
		job_free(j);
}

struct job *fetch_take_done(struct fetch *f, const void *owner)
{
	struct job *j;

	for (j = f->done; j; j = j->next)
		if (j->owner == owner) {
			unlink_job(&f->done, j);
			j->next = NULL;
			return j;
		}
	return NULL;
}

static void finish(struct fetch *f, struct job *j, int rc)
{
	struct job **at = &f->done;

	unlink_job(&f->jobs, j);
	j->state = JOB_DONE;
	j->rc = rc;
	j->next = NULL;
	if (!j->owner) {
		f->n_ahead--;
		job_free(j);
		return;
	}
	while (*at)
		at = &(*at)->next;
	*at = j;
}

/* ---- whom to ask ---- */

static int usable(const struct fetch *f, const struct job *j, int i, uint64_t now)
{
	const struct gateway *g = &f->gw[i];

	return g->stat.n_wrong < WRONG_MAX && !(j->absent & gateway_bit(i)) && !(j->kind == JOB_CAR && g->no_car) &&
	       (g->not_before <= now || g->not_before - now <= (uint64_t)f->o.retry_after_max_s * 1000);
}

/* the best one not asked in this round; -1: none.  *wait: until one of them may be asked */
static int pick(const struct fetch *f, const struct job *j, uint64_t now, uint64_t *wait)
{
	int best = -1, i;

	*wait = UINT64_MAX;
	for (i = 0; i < f->n_gw; i++) {
		const struct gateway *g = &f->gw[i], *b = best >= 0 ? &f->gw[best] : NULL;

		if (!usable(f, j, i, now) || j->asked & gateway_bit(i))
			continue;
		if (g->not_before > now) {
			if (g->not_before < *wait)
				*wait = g->not_before;
			continue;
		}
		if (!b || 4 * (g->fails + (int)g->stat.n_wrong) + g->in_flight <
			  4 * (b->fails + (int)b->stat.n_wrong) + b->in_flight)
			best = i;
	}
	return best;
}

/* no gateway is left to ask for it */
static void give_up(struct fetch *f, struct job *j)
{
	char text[CID_TEXT_MAX], why[sizeof j->why];
	int liars = 0, i;

	for (i = 0; i < f->n_gw; i++)
		liars += f->gw[i].stat.n_wrong >= WRONG_MAX;
	if (!j->rc) {
		j->rc = liars == f->n_gw ? ERR_CORRUPT : ERR_BUSY;
		snprintf(j->why, sizeof j->why, liars == f->n_gw ? "every gateway sent wrong bytes too often"
								 : "no gateway can be asked now");
	}
	if (j->kind == JOB_BLOCK) {
		snprintf(why, sizeof why, "%s", j->why);
		snprintf(j->why, sizeof j->why, "block %s: %.400s", cid_text(&j->cid, text), why);
	}
	finish(f, j, j->rc);
}

/* 1: it runs; 0: it waits, or is done */
static int try_start(struct fetch *f, struct job *j, uint64_t now)
{
	uint64_t wait;
	int i, rc;

	j->gw = pick(f, j, now, &wait);
	if (j->gw < 0 && wait == UINT64_MAX && j->round + 1 < f->o.tries) {
		for (i = 0; i < f->n_gw; i++)
			if (usable(f, j, i, now))
				break;
		if (i < f->n_gw) {
			j->round++;
			j->asked = 0;
			j->gw = pick(f, j, now, &wait);
		}
	}
	if (j->gw < 0) {
		j->not_before = wait;
		if (wait == UINT64_MAX)
			give_up(f, j);
		return 0;
	}
	rc = job_start(f, j);
	if (rc < 0) {
		snprintf(j->why, sizeof j->why, "%s", err_text());
		finish(f, j, rc);
		return 0;
	}
	j->state = JOB_RUNS;
	f->gw[j->gw].in_flight++;
	f->n_running++;
	f->n_takes += j->kind == JOB_CAR;
	return 1;
}

/* *wait_ms: not longer than until the next may start */
static void start_some(struct fetch *f, int *wait_ms)
{
	uint64_t now = fetch_now();
	struct job *j, *next;

	for (j = f->jobs; j && f->n_running < f->o.parallel; j = next) {
		next = j->next;
		if (j->state != JOB_WAITS || (j->kind == JOB_CAR && f->n_takes >= TAKES_MAX))
			continue;
		if (j->not_before <= now && try_start(f, j, now))
			continue;
		/* what is done now is seen without waiting; next stays good, for finish unlinks j alone */
		if (f->done)
			*wait_ms = 0;
	}
	for (j = f->jobs; j; j = j->next)
		if (j->state == JOB_WAITS && j->not_before > now && j->not_before - now < (uint64_t)*wait_ms)
			*wait_ms = (int)(j->not_before - now);
}

/* ---- a turn ---- */

static void ended(struct fetch *f, struct job *j, CURLcode code)
{
	struct gateway *g = &f->gw[j->gw];
	int before = j->rc;
	int64_t retry_after;
	enum verdict v;

	curl_multi_remove_handle(f->multi, j->easy);
	v = job_ended(f, j, code, &retry_after);
	stop_running(f, j);
	j->asked |= gateway_bit(j->gw);
	switch (v) {
	case ANSWER_GOOD:
		gateway_fine(g);
		finish(f, j, 0);
		return;
	case ANSWER_FATAL:
		finish(f, j, j->rc);
		return;
	case ANSWER_ABSENT:
		gateway_fine(g);
		j->absent |= gateway_bit(j->gw);
		g->stat.n_absent++;
		/* "not there" is a worse answer than what may be otherwise next time */
		if (j->rc == ERR_NOTFOUND && before && before != ERR_NOTFOUND)
			j->rc = before;
		break;
	case ANSWER_RETRY:
		gateway_failed(f, g, fetch_now(), retry_after);
		break;
	case ANSWER_WRONG:
		g->stat.n_wrong++;
		g->no_car |= j->kind == JOB_CAR;
		j->absent |= gateway_bit(j->gw);
		break;
	}
	/* an archive is a short cut: try no second gateway for it, the walk sees what is missing now */
	if (j->kind == JOB_CAR)
		finish(f, j, j->rc);
}

int fetch_turn(struct fetch *f, int wait_ms, int fd)
{
	struct curl_waitfd in = { .fd = fd, .events = CURL_WAIT_POLLIN };
	struct job *j, *next;
	CURLMsg *msg;
	int n;

	if (!f->fatal)
		start_some(f, &wait_ms);
	if (!f->fatal && curl_multi_perform(f->multi, &n) != CURLM_OK)
		fetch_ends(f, err_set(ERR_IO, "libcurl fails"));
	if (!f->fatal && f->n_running == n && wait_ms > 0 &&
	    curl_multi_poll(f->multi, fd >= 0 ? &in : NULL, fd >= 0, wait_ms, NULL) != CURLM_OK)
		fetch_ends(f, err_set(ERR_IO, "libcurl fails"));
	while (!f->fatal && (msg = curl_multi_info_read(f->multi, &n)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		for (j = f->jobs; j; j = next) {
			next = j->next;
			if (j->easy == msg->easy_handle) {
				ended(f, j, msg->data.result);
				break;
			}
		}
	}
	if (!f->fatal)
		fetch_now_and_then(f);
	return f->fatal ? err_set(f->fatal, "%s", f->fatal_why) : 0;
}

int fetch_wait(struct fetch *f, const void *owner, struct job **j)
{
	int rc = 0;

	while (rc == 0 && !(*j = fetch_take_done(f, owner)))
		rc = fetch_turn(f, 500, -1);
	return rc;
}
