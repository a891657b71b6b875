/* front.c - every request passes here: counted, coded, answered */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "front_priv.h"
#include "ops/coproc.h"

static const struct route routes[] = {
	{ "GET", "/health", health_now, 0 },
	{ "GET", "/health/live", health_live, 0 },
	{ "GET", "/health/ready", health_ready, 0 },
	{ "GET", "/metrics", metrics_page, 0 },
};
enum { N_ROUTES = sizeof routes / sizeof *routes };

/* ---- making ---- */

static void read_codings(struct front *f)
{
	struct span words = span_str(front_text(f->c, "compress.codings")), w;
	int i;

	while (front_word(&words, &w))
		for (i = 0; i < HTTP_CODINGS && f->n_codings < HTTP_CODINGS; i++)
			if (span_equal(w, span_str(http_coding_name((enum http_coding)i)))) {
				f->which[f->n_codings] = (enum http_coding)i;
				f->coding[f->n_codings++] = http_coding_name((enum http_coding)i);
			}
	f->coding_min = front_number(f->c, "compress.min-size");
	f->level = !strcmp(front_text(f->c, "compress.level"), "fastest") ? 1 :
		   !strcmp(front_text(f->c, "compress.level"), "best") ? 9 :
		   (int)front_number(f->c, "compress.level");	/* balanced: 0, what suits */
}

/* the command that fetches: the gateways are told to it, for a setting may be of this run only */
static int read_upstream(struct front *f)
{
	const char *const argv[] = { "ipfrs-fetch", "-q", "-S", f->path, "-c" };
	size_t n = sizeof argv / sizeof *argv;
	char *word, *save = NULL;

	f->wants_upstream = !strcmp(front_text(f->c, "gateway.upstream"), "yes");
	if (!f->wants_upstream)
		return 0;
	memcpy(f->fetch, argv, sizeof argv);
	f->fetch_words = strdup(front_text(f->c, "fetch.gateways"));
	if (!f->fetch_words)
		return err_nomem();
	for (word = strtok_r(f->fetch_words, " \t,", &save); word; word = strtok_r(NULL, " \t,", &save)) {
		if (n + 3 > sizeof f->fetch / sizeof *f->fetch)
			return err_set(ERR_USAGE, "fetch.gateways: too many");
		f->fetch[n++] = "-g";
		f->fetch[n++] = word;
	}
	if (n == sizeof argv / sizeof *argv)
		return err_set(ERR_USAGE, "gateway.upstream wants gateways in fetch.gateways");
	return 0;
}

static int read_settings(struct front *f)
{
	const char *who = front_text(f->c, "serve.metrics"), *box = front_text(f->c, "serve.sandbox");

	if (f->roles & FRONT_GATEWAY)
		f->requests = (unsigned)front_number(f->c, "rate.requests");
	f->burst = (double)front_number(f->c, "rate.burst");
	f->per_second = (double)f->requests / (double)front_number(f->c, "rate.seconds");
	if (f->requests && f->burst > (double)f->requests) {
		if (front_is_set(f->c, "rate.burst"))
			return err_set(ERR_USAGE, "rate.burst is more than rate.requests");
		f->burst = (double)f->requests;
	}
	f->trusted = span_str(front_text(f->c, "rate.trusted"));
	if (trusted_check(f->trusted) < 0)
		return ERR_USAGE;
	f->origins = span_str(front_text(f->c, "cors.origins"));
	f->any_origin = front_worded(f->origins, span_str("*"));
	f->credentials = !strcmp(front_text(f->c, "cors.credentials"), "yes");
	if (f->credentials && (f->any_origin || !f->origins.len))
		return err_set(ERR_USAGE, "cors.credentials wants the origins named in cors.origins");
	f->writes = STORE_WRITE | (strcmp(front_text(f->c, "rpc.unsynced"), "yes") ? 0 : STORE_UNSYNCED);
	f->metrics = !strcmp(who, "all") ? 2 : !strcmp(who, "local");
	f->sandbox = !strcmp(box, "must") ? 2 : !strcmp(box, "yes");
	read_codings(f);
	return 0;
}

/* What servers that ended without a word left in gauges is none of ours, unless another one runs: all of a server's
 * processes hold its lock, as long as one of them lives. */
static void lock_gauges(struct front *f, const char *path)
{
	f->serving = open(path, O_RDWR | O_CLOEXEC);
	if (f->serving < 0)
		return;
	if (flock(f->serving, LOCK_EX | LOCK_NB) == 0)
		board_gauges_reset(f->series);
	flock(f->serving, LOCK_SH | LOCK_NB);
}

/* measurements and buckets are a convenience: a store on read-only media is served without */
static void open_board(struct front *f)
{
	char *path = NULL;

	if (asprintf(&path, "%s/board/series", f->path) > 0) {
		if (board_series_open(&f->series, path) < 0)
			log_info("front", "no measurements: %s", err_text());
		else
			lock_gauges(f, path);
	}
	free(path);
	path = NULL;
	if (f->requests && asprintf(&path, "%s/board/rates", f->path) > 0 && board_buckets_open(&f->buckets, path) < 0)
		log_warn("front", "no limit on requests: %s", err_text());
	free(path);
}

int front_new(struct front **out, const char *path, const struct config *c, int roles)
{
	struct front *f = calloc(1, sizeof *f);
	int rc;

	*out = NULL;
	if (!f)
		return err_nomem();
	f->c = c;
	f->roles = roles;
	f->serving = f->statm = -1;
	f->started = time(NULL);
	f->path = strdup(path);
	rc = f->path ? read_settings(f) : err_nomem();
	if (rc == 0)
		rc = read_upstream(f);
	if (rc == 0)
		rc = cors_new(f);
	if (rc == 0)
		rc = gateway_new(&f->gateway, c);
	if (rc == 0)
		rc = rpc_new(f);
	if (rc < 0) {
		front_free(f);
		return rc;
	}
	open_board(f);
	*out = f;
	return 0;
}

void front_free(struct front *f)
{
	if (!f)
		return;
	if (f->pumps)
		metric_pump_end(f);
	front_close(f);
	buf_clear(&f->cors);
	gateway_free(f->gateway);
	kubo_free(f->kubo);
	board_series_close(f->series);
	board_buckets_close(f->buckets);
	if (f->serving >= 0)
		close(f->serving);
	free(f->path);
	free(f->fetch_words);
	free(f);
}

int front_reload(struct front *f)
{
	struct gateway *g;
	int rc = gateway_new(&g, f->c);

	if (rc == 0) {
		gateway_free(f->gateway);
		f->gateway = g;
		f->caches = (struct gateway_caches){ 0 };
		rc = rpc_reload(f);
	}
	return rc;
}

int front_guarded(const struct front *f)
{
	return f->kubo && kubo_guarded(f->kubo);
}

/* ---- fences ---- */

static int fenced(struct front *f, const struct sandbox *box)
{
	int rc = sandbox_enter(box, f->sandbox == 2 ? SANDBOX_ALL : 0);

	if (rc < 0)
		log_warn("front", "no sandbox: %s", err_text());
	return rc < 0 ? rc : 0;
}

int front_spawner(void *ctx)
{
	struct front *f = ctx;
	struct sandbox box = { .stage = SANDBOX_PARENT, .net = gateway_wants_net(f->gateway) };

	if (!f->sandbox || f->wants_upstream)	/* workers have a program to start, before they are fenced in */
		return 0;
	f->spawned = 1;
	return fenced(f, &box);
}

/* the folder of a file that is opened anew, perhaps under another number */
static const char *folder_of(const char *path, char room[4096])
{
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(room, 4096, "%.*s/", (int)(slash - path), path) : snprintf(room, 4096, ".");

	return n > 0 && n < 4096 && *path ? room : NULL;
}

int front_pump(void *ctx)
{
	static const char *const files[] = { "serve.tls-cert", "serve.tls-key", "serve.tls-ocsp", "gateway.deny" };
	struct front *f = ctx;
	char room[4][4096], log[4096];
	const char *read[8] = { "/etc/localtime", "/usr/share/misc", "/usr/lib/file" }, *write[2] = { NULL };
	struct sandbox box = { .read = read, .write = write, .net = 1 };
	size_t i, n = 3;

	f->pumps = 1;
	metric_pump_begin(f);
	if (!f->sandbox)
		return 0;
	for (i = 0; i < 4; i++) {
		read[n] = folder_of(front_text(f->c, files[i]), room[i]);
		n += read[n] != NULL;
	}
	write[0] = folder_of(front_text(f->c, "serve.log-file"), log);
	return fenced(f, &box);
}

/* ---- in a worker ---- */

void front_brief(struct front *f)
{
	f->reads_only = 1;
}

static int resolve(void *ctx, const char *path, struct buf *out)
{
	struct front *f = ctx;

	return coproc_resolve(f->upstream, path, out);
}

/* ipfrs-fetch, which asks the network and writes to the store, so that the worker need not be able to */
static int start_upstream(struct front *f)
{
	int rc = coproc_new(&f->upstream, front_source(f), f->fetch);

	if (rc == 0)
		rc = coproc_start(f->upstream);
	if (rc < 0) {
		coproc_free(f->upstream);
		f->upstream = NULL;
		return rc;
	}
	gateway_upstream(f->gateway, resolve, f);
	return 0;
}

int front_store(struct front *f, int flags)
{
	struct store **st = &f->open[(flags & STORE_WRITE) != 0];
	int rc;

	if (flags & STORE_WRITE && f->reads_only) {
		front_close(f);			/* it would keep us from writing */
		f->reads_only = 0;
	}
	rc = *st ? store_wake(*st) : 1;

	if (rc != 0) {
		store_close(*st);
		*st = NULL;
	}
	if (rc == 1)
		rc = store_open(st, f->path, flags | (f->reads_only ? STORE_READ_ONLY : 0));
	f->st = *st;
	return rc;
}

void front_rest(struct front *f)
{
	if (f->st && store_rest(f->st))
		front_close(f);
	f->st = NULL;
}

void front_close(struct front *f)
{
	store_close(f->open[1]);
	store_close(f->open[0]);
	f->st = f->open[0] = f->open[1] = NULL;
}

static int fence_in(struct front *f)
{
	static const char *const resolver[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf" };
	const char *read[8] = { f->path, STORE_BOOT_ID }, *write[RPC_FOLDERS + 1] = { store_tmpdir(f->st) };
	char *room[RPC_FOLDERS] = { NULL };
	struct sandbox box = { .stage = f->spawned ? SANDBOX_CHILD : SANDBOX_WHOLE, .read = read, .write = write,
			       .files = 256, .file_bytes = UINT64_C(1) << 40 };
	int rc = f->roles & FRONT_RPC ? rpc_fence(f, room, write) : 0;
	size_t i;

	box.net = gateway_wants_net(f->gateway);
	for (i = 0; box.net && i < sizeof resolver / sizeof *resolver; i++)
		read[i + 2] = resolver[i];
	if (rc == 0)
		rc = fenced(f, &box);
	for (i = 0; i < RPC_FOLDERS; i++)
		free(room[i]);
	return rc;
}

int front_begin(void *ctx)
{
	struct front *f = ctx;
	int rc = front_store(f, STORE_READ);

	if (rc < 0) {
		log_warn("front", "%s", err_text());
		return 0;		/* requests are answered: with what is wrong; and the next one tries again */
	}
	store_board(f->st);		/* opened when it is wanted, and for writing: behind the fence it could not be */
	rc = f->wants_upstream ? start_upstream(f) : 0;
	if (rc < 0)
		log_warn("front", "no upstream: %s", err_text());
	rc = f->sandbox ? fence_in(f) : 0;
	if (rc < 0)
		front_end(f);		/* a store that is open would be served from without a fence */
	f->settled = rc == 0;
	return rc;
}

void front_end(void *ctx)
{
	struct front *f = ctx;

	gateway_upstream(f->gateway, NULL, NULL);
	coproc_free(f->upstream);
	f->upstream = NULL;
	front_close(f);
}

int front_find(const struct request *rq, const struct route **row, int *status, const char **allow)
{
	return route_find(routes, N_ROUTES, rq, row, status, allow);
}

int front_run(struct front *f, struct request *rq, struct reply *r)
{
	return route_run(routes, N_ROUTES, rq, r, f);
}

/* ---- the v1 interface ---- */

static int v1_denied(void *arg, struct span path, const struct cid *cid)
{
	return gateway_denied(((struct front *)arg)->gateway, path, cid);
}

static void v1_tensor_told(void *arg, int sliced, uint64_t bytes)
{
	struct front *f = arg;

	metric_add(f, METRIC_TENSOR, "", 1);
	if (sliced)
		metric_add(f, METRIC_TENSOR_SLICES, "", 1);
	metric_observe(f, METRIC_TENSOR_BYTES, "", (double)bytes);
}

static int handle_v1(struct front *f, struct dag_source *src, struct request *rq, struct reply *r)
{
	const struct v1_env e = { .st = f->st, .src = src, .denied = v1_denied, .tensor = v1_tensor_told,
				  .verifiable_only = gateway_trustless(f->gateway, rq), .arg = f };

	return v1_answer(&e, rq, r);
}

static int handle(struct front *f, struct request *rq, struct reply *r)
{
	struct dag_source *src = front_source(f);
	const struct route *row;
	const char *allow;
	int status, rc, site = gateway_is_site(f->gateway, rq);	/* it may have pages of our names */

	if (!site && kubo_wants(rq))
		return rpc_not_here(r);
	if (span_equal(rq->method, span_str("OPTIONS")))
		return cors_preflight(f, rq, r);
	rc = front_find(rq, &row, &status, &allow);
	if ((rc == 1 || status == 405) && !site)
		return front_run(f, rq, r);
	if (!f->st)
		return reply_status(rq, r, 503, "the store cannot be opened");
	if (f->upstream && !http_listed(request_field(rq, "cache-control"), "only-if-cached"))
		src = front_sources(f);
	if (!site && v1_wants(rq))
		return handle_v1(f, src, rq, r);
	rc = gateway_answer(f->gateway, f->st, src, rq, r);
	metric_caches(f);
	return rc;
}

int front_answer(struct request *rq, struct reply *r, void *ctx)
{
	struct front *f = ctx;
	int rc;

	if (span_equal(rq->method, span_str("HEAD")))
		r->head_only = 1;
	/* where the store could not be opened, perhaps it can now; and not without a fence */
	if (!f->settled && front_begin(f) < 0)
		return reply_status(rq, r, 503, "there is no sandbox to work in");
	if (rpc_wants(f, rq)) {
		if (kubo_wants(rq) && front_guarded(f))
			metric_attempt(f, request_field(rq, "authorization"), kubo_allows(f->kubo, rq));
		return rpc_answer(f, rq, r);
	}
	if (f->settled && front_store(f, STORE_READ) < 0)
		log_warn("front", "%s", err_text());
	rc = coding_begin(f, rq, r);
	if (rc == 0)
		rc = cors_fields(f, rq, r);
	if (rc == 0)
		rc = handle(f, rq, r);
	if (rc < 0 && rc != ERR_INTERRUPTED)	/* before the head an error; behind it the answer is cut */
		rc = reply_error(rq, r, rc);
	return coding_end(r, rc);
}

/* ---- in a pump ---- */

/* Those who look after us are not counted; but where every path is content's, such a one is no exception. */
static int is_of_ours(const struct front *f, const struct front_wish *w)
{
	struct http_forwarded told = { .tls = -1 };
	size_t i;

	for (i = 0; i < N_ROUTES; i++)
		if (span_equal(w->path, span_str(routes[i].path)))
			break;
	if (i == N_ROUTES)
		return 0;
	if (w->local)
		http_forwarded_x(span_of(NULL, 0), w->forwarded_host, span_of(NULL, 0), &told);
	return gateway_is_ours(f->gateway, told.host.len ? told.host : w->host);
}

int front_admit(struct front *f, const struct front_wish *w, unsigned *limit, unsigned *left, unsigned *wait_s)
{
	uint8_t room[16];
	struct span who;
	int ok;

	*limit = *left = *wait_s = 0;
	if (!f->requests || is_of_ours(f, w))
		return 1;
	who = client_key(f, w->peer, w->forwarded, room);
	*limit = f->requests;
	ok = board_take(f->buckets, who.p, who.len, f->burst, f->per_second, left, wait_s);
	if (!ok)
		metric_limited(f, w->path);
	return ok;
}
