/*
 * metrics.c - the page of what was counted, for Prometheus (text exposition format 0.0.4; ipfrs-http-v1 section 16).
 * Families are listed before their first use, too.  Those that come from the store are read when asked for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "front_priv.h"

struct page {
	struct front *f;
	struct buf *out;
	const struct metric_family *family;
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
static int histogram(struct buf *out, const struct metric_family *f, const struct board_sample *x)
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

/* ---- families of which somebody else keeps account ---- */

static int blocks_stored(struct front *f, struct buf *out)
{
	return f->st ? buf_printf(out, "ipfrs_blocks_stored_total{destination=\"blockstore\"} %llu\n",
				  (unsigned long long)board_value(store_board(f->st), BOARD_BLOCKS_PUT)) : 0;
}

static int cache_size(struct front *f, struct buf *out)
{
	struct gateway_caches c;

	gateway_caches(f->gateway, &c);
	return buf_printf(out, "ipfrs_cache_size_bytes{cache_type=\"types\"} %llu\n", (unsigned long long)c.types_bytes);
}

static int family(struct page *p, enum metric m)
{
	static const char *const kinds[] = { "", "counter", "gauge", "histogram" };
	int rc;

	p->family = &metric_families[m];
	rc = head(p->out, p->family->name, p->family->help, kinds[p->family->kind]);
	if (rc == 0)
		rc = board_each(p->f->series, sample, p);
	if (rc == 0 && m == METRIC_BLOCKS_STORED)
		rc = blocks_stored(p->f, p->out);
	if (rc == 0 && m == METRIC_CACHE_SIZE)
		rc = cache_size(p->f, p->out);
	return rc;
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
	struct front *f = ctx;
	struct buf out = BUF_INIT(16 * 1024 * 1024);
	struct page p = { .f = f, .out = &out };
	int rc = 0, m;

	if (!f->metrics || (f->metrics == 1 && !rq->local))
		return reply_status(rq, r, 403, "metrics are not for you (serve.metrics)");
	for (m = 0; rc == 0 && m < METRIC_N; m++)
		rc = family(&p, (enum metric)m);
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
