/*
 * metrics.c - what was counted, for Prometheus (text exposition format 0.0.4; ipfrs-http-v1 section 16).
 * Families are listed before their first use, too.  Those that come from the store are read when asked for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "front_priv.h"

static const double seconds[] = { .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };
static const double bytes[] = { 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };

static const struct family {
	const char *name, *help;
	enum board_kind kind;
	const double *bounds;
	size_t n;
} families[] = {
#define HIST(bounds) BOARD_HISTOGRAM, bounds, sizeof bounds / sizeof *bounds
	{ "ipfrs_http_requests_total", "Requests answered.", BOARD_COUNTER, NULL, 0 },
	{ "ipfrs_http_request_duration_seconds", "From a request's head to the last byte of its answer.", HIST(seconds) },
	{ "ipfrs_http_request_size_bytes", "Bytes of requests' bodies.", HIST(bytes) },
	{ "ipfrs_http_response_size_bytes", "Bytes of answers with their heads.", HIST(bytes) },
	{ "ipfrs_http_connections_active", "Clients connected.", BOARD_GAUGE, NULL, 0 },
	{ "ipfrs_http_answers_cut_total", "Answers that did not come to their end.", BOARD_COUNTER, NULL, 0 },
	{ "ipfrs_upload_bytes_total", "Bytes of bodies received.", BOARD_COUNTER, NULL, 0 },
	{ "ipfrs_download_bytes_total", "Bytes of answers sent.", BOARD_COUNTER, NULL, 0 },
	{ "ipfrs_blocks_retrieved_total", "Blocks read for answers.", BOARD_COUNTER, NULL, 0 },
	{ "ipfrs_block_errors_total", "Blocks that could not be read.", BOARD_COUNTER, NULL, 0 },
	{ "ipfrs_rate_limit_hits_total", "Requests refused because a client asked too often.", BOARD_COUNTER, NULL, 0 },
};

void front_count(struct front *f, const struct front_done *d)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS" };
	static const char *const ends[] = { "/health", "/health/live", "/health/ready", "/metrics" };
	const char *method = "other", *end = "/";
	char labels[128], plain[96];
	size_t i;

	for (i = 0; i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(d->method, methods[i]))
			method = methods[i];
	for (i = 0; i < sizeof ends / sizeof *ends; i++)
		if (!strcmp(d->path, ends[i]))
			end = ends[i];
	if (!strncmp(d->path, "/api/v0", 7) && f->roles & FRONT_RPC)
		end = "/api/v0";
	else if (!strncmp(d->path, "/ipfs/", 6))
		end = "/ipfs/{cid}";
	else if (!strncmp(d->path, "/ipns/", 6))
		end = "/ipns/{name}";
	snprintf(plain, sizeof plain, "endpoint=\"%s\",method=\"%s\"", end, method);
	snprintf(labels, sizeof labels, "%s,status=\"%d\"", plain, d->status);
	board_add(f->series, "ipfrs_http_requests_total", labels, 1);
	board_observe(f->series, "ipfrs_http_request_duration_seconds", plain, seconds, 12, d->seconds);
	board_observe(f->series, "ipfrs_http_response_size_bytes", plain, bytes, 8, (double)d->sent);
	snprintf(labels, sizeof labels, "endpoint=\"%s\"", end);
	board_add(f->series, "ipfrs_download_bytes_total", labels, d->sent);
	if (d->received) {
		board_observe(f->series, "ipfrs_http_request_size_bytes", plain, bytes, 8, (double)d->received);
		board_add(f->series, "ipfrs_upload_bytes_total", labels, d->received);
	}
	if (!d->whole)
		board_add(f->series, "ipfrs_http_answers_cut_total", labels, 1);
	if (d->conns != f->last_conns) {
		board_gauge(f->series, "ipfrs_http_connections_active", "", (int64_t)d->conns - (int64_t)f->last_conns);
		f->last_conns = d->conns;
	}
}

/* ---- the page ---- */

struct page {
	struct buf *out;
	const struct family *family;
};

/* a sample's name and labels, one more label behind them, if there is one */
static int named(struct buf *out, const char *name, const char *tail, const char *labels, const char *le)
{
	int rc = buf_printf(out, "%s%s", name, tail);

	if (rc == 0 && (*labels || *le))
		rc = buf_printf(out, "{%s%s%s}", labels, *labels && *le ? "," : "", le);
	return rc;
}

/* The numbers may change while we read them: what is told adds up. */
static int histogram(struct buf *out, const struct family *f, const struct board_sample *x)
{
	uint64_t below = 0;
	char le[40];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i <= f->n; i++) {
		below += x->in[i];
		if (i < f->n)
			snprintf(le, sizeof le, "le=\"%g\"", f->bounds[i]);
		rc = named(out, f->name, "_bucket", x->labels, i < f->n ? le : "le=\"+Inf\"");
		if (rc == 0)
			rc = buf_printf(out, " %llu\n", (unsigned long long)below);
	}
	if (rc == 0)
		rc = named(out, f->name, "_sum", x->labels, "");
	if (rc == 0)
		rc = buf_printf(out, " %.6f\n", x->sum);
	if (rc == 0)
		rc = named(out, f->name, "_count", x->labels, "");
	return rc < 0 ? rc : buf_printf(out, " %llu\n", (unsigned long long)below);
}

static int sample(void *arg, const struct board_sample *x)
{
	struct page *p = arg;
	int rc;

	if (x->kind != p->family->kind || strcmp(x->family, p->family->name) != 0)
		return 0;
	if (x->kind == BOARD_HISTOGRAM)
		return histogram(p->out, p->family, x);
	rc = named(p->out, x->family, "", x->labels, "");
	if (rc == 0 && x->kind == BOARD_GAUGE)
		rc = buf_printf(p->out, " %lld\n", (long long)x->level);
	else if (rc == 0)
		rc = buf_printf(p->out, " %llu\n", (unsigned long long)x->value);
	return rc;
}

static int head(struct buf *out, const char *name, const char *help, const char *kind)
{
	return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static int one(struct buf *out, const char *name, const char *help, const char *kind, uint64_t v)
{
	int rc = head(out, name, help, kind);

	return rc < 0 ? rc : buf_printf(out, "%s %llu\n", name, (unsigned long long)v);
}

/* what the store counts itself */
static int of_store(struct front *f, struct buf *out)
{
	struct board *b = store_board(f->st);
	struct store_stat s = { 0 };
	const char *name;
	char text[96], help[96];
	int i, rc = store_stat(f->st, &s);

	if (rc == 0)
		rc = one(out, "ipfrs_storage_blocks_total", "Blocks in the store.", "gauge", s.n_blocks);
	if (rc == 0)
		rc = one(out, "ipfrs_storage_bytes_total", "Bytes of the blocks.", "gauge", s.raw_bytes);
	if (rc == 0)
		rc = one(out, "ipfrs_storage_stored_bytes", "Bytes of the blocks as they are stored.", "gauge", s.stored_bytes);
	if (rc == 0)
		rc = one(out, "ipfrs_storage_dead_bytes", "Bytes that a collection would free.", "gauge", s.dead_bytes);
	if (rc == 0)
		rc = one(out, "ipfrs_storage_segments", "Segments of the store.", "gauge", s.n_segments);
	if (rc == 0)
		rc = one(out, "ipfrs_storage_max_bytes", "The quota, 0: none.", "gauge", s.max_bytes);
	for (i = 0; rc == 0 && i < BOARD_N_COUNTERS; i++) {
		name = board_counter_name((enum board_counter)i);
		snprintf(text, sizeof text, "ipfrs_store_%s_total", name);
		snprintf(help, sizeof help, "%s, of all programs.", name);
		rc = one(out, text, help, "counter", board_value(b, (enum board_counter)i));
	}
	return rc;
}

/* what the machine says of this server */
static int of_process(struct front *f, struct buf *out)
{
	int rc = head(out, "ipfrs_build_info", "Always 1; which version this is.", "gauge");

	if (rc == 0)
		rc = buf_str(out, "ipfrs_build_info{version=\"" IPFRS_VERSION "\"} 1\n");
	if (rc == 0)
		rc = one(out, "ipfrs_start_time_seconds", "When the server was started, since 1970.", "gauge",
			 (uint64_t)f->started);
	return rc < 0 ? rc : one(out, "ipfrs_metrics_lost_total", "Measurements for which there was no room.", "counter",
				 board_lost(f->series));
}

int metrics_page(struct request *rq, struct reply *r, void *ctx)
{
	static const char *const kinds[] = { "", "counter", "gauge", "histogram" };
	struct front *f = ctx;
	struct buf out = BUF_INIT(16 * 1024 * 1024);
	struct page p = { .out = &out };
	int rc = 0;
	size_t i;

	if (!f->metrics || (f->metrics == 1 && !rq->local))
		return reply_status(rq, r, 403, "metrics are not for you (serve.metrics)");
	for (i = 0; rc == 0 && i < sizeof families / sizeof *families; i++) {
		p.family = &families[i];
		rc = head(&out, p.family->name, p.family->help, kinds[p.family->kind]);
		if (rc == 0)
			rc = board_each(f->series, sample, &p);
	}
	if (rc == 0 && f->st)
		rc = of_store(f, &out);
	if (rc == 0)
		rc = of_process(f, &out);
	if (rc == 0)
		rc = reply_field(r, "Cache-Control", "no-store");
	if (rc == 0)
		rc = reply_whole(r, 200, "text/plain; version=0.0.4; charset=utf-8", buf_span(&out));
	buf_clear(&out);
	return rc;
}
