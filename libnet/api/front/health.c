/* health.c - is there anybody, and can they do what they are for? (ipfrs-http-v1 section 17) */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "front_priv.h"

static int answer(struct reply *r, int status, struct buf *body, int rc)
{
	if (rc == 0)
		rc = reply_field(r, "Cache-Control", "no-store");
	if (rc == 0)
		rc = reply_whole(r, status, "application/json", buf_span(body));
	buf_clear(body);
	return rc;
}

int health_now(struct request *rq, struct reply *r, void *ctx)
{
	struct buf body = BUF_INIT(4096);
	int rc = buf_str(&body, "{\"status\":\"ok\",\"service\":\"ipfrs-gateway\",\"version\":\"" IPFRS_VERSION "\"}\n");

	(void)rq;
	(void)ctx;
	return answer(r, 200, &body, rc);
}

struct component {
	const char *name, *status;
	char message[256];
	double ms;
};

static int system_health(struct front *f, struct buf *out, const struct component *c)
{
	struct timespec ts;
	struct tm tm;
	char when[32];
	int rc;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	rc = buf_printf(out, "{\"status\":\"%s\",\"uptime_seconds\":%lld,\"components\":[{\"name\":\"%s\",\"status\":\"%s\"",
			c->status, (long long)(ts.tv_sec - f->started), c->name, c->status);
	if (rc == 0 && c->message[0])
		rc = json_field(out, "message", span_str(c->message));
	return rc < 0 ? rc : buf_printf(out, ",\"duration_ms\":%.3f}],\"timestamp\":\"%s\"}\n", c->ms, when);
}

int health_live(struct request *rq, struct reply *r, void *ctx)
{
	struct component c = { .name = "process", .status = "healthy" };
	struct buf body = BUF_INIT(4096);

	(void)rq;
	return answer(r, 200, &body, system_health(ctx, &body, &c));
}

/* write, read and delete a few bytes where the store's temporary files are; reading only is fine for a server that
 * only reads, so a store that cannot be written is degraded and not unhealthy */
static int probe(struct store *st)
{
	static const char text[] = "are you there?";
	char path[4096], back[sizeof text];
	int fd, n = snprintf(path, sizeof path, "%s/health-XXXXXX", store_tmpdir(st)), rc = 0;

	if (n < 0 || (size_t)n >= sizeof path)
		return err_set(ERR_LIMIT, "the path of the store is too long");
	fd = mkstemp(path);
	if (fd < 0)
		return err_sys("writing to the store");
	if (write(fd, text, sizeof text) != sizeof text || pread(fd, back, sizeof back, 0) != sizeof back ||
	    memcmp(text, back, sizeof text) != 0)
		rc = err_sys("writing to the store");
	if (unlink(path) < 0 && rc == 0)
		rc = err_sys("deleting in the store");
	close(fd);
	return rc;
}

int health_ready(struct request *rq, struct reply *r, void *ctx)
{
	struct front *f = ctx;
	struct component c = { .name = "storage", .status = "healthy" };
	struct buf body = BUF_INIT(4096);
	struct timespec from, to;
	struct store_stat stat;
	int rc;

	(void)rq;
	clock_gettime(CLOCK_MONOTONIC, &from);
	rc = f->st ? store_stat(f->st, &stat) : err_set(ERR_NOTFOUND, "the store is not open");
	if (rc < 0) {
		c.status = "unhealthy";
	} else {
		rc = probe(f->st);
		c.status = rc == 0 ? "healthy" : rc == ERR_DENIED ? "degraded" : "unhealthy";
	}
	if (rc < 0)
		snprintf(c.message, sizeof c.message, "%s", err_name(rc));	/* no paths to strangers */
	clock_gettime(CLOCK_MONOTONIC, &to);
	c.ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	rc = system_health(f, &body, &c);
	return answer(r, !strcmp(c.status, "unhealthy") ? 503 : 200, &body, rc);
}
