/*
 * count.c - the families of measurements (ipfrs-http-v1 section 16), and what a request adds to them.
 * Nothing a client writes becomes a label.  Families of which nobody has anything to count yet are in the table: who
 * draws them finds them empty, and not missing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front_priv.h"

static const double seconds[] = { .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };
static const double batch_seconds[] = { .01, .05, .1, .5, 1, 5, 10, 30 };
static const double bytes[] = { 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8 };
static const double tensor_bytes[] = { 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
static const double chunk_bytes[] = { 1024, 4096, 16384, 65536, 262144, 1048576 };
static const double many[] = { 1, 10, 50, 100, 500, 1000 };

#define COUNTER BOARD_COUNTER, NULL, 0
#define GAUGE BOARD_GAUGE, NULL, 0
#define FIRST(n, bounds) BOARD_HISTOGRAM, bounds, n
#define HIST(bounds) FIRST(sizeof bounds / sizeof *bounds, bounds)

const struct metric_family metric_families[METRIC_N] = {
	[METRIC_REQUESTS] = { "ipfrs_http_requests_total", "Requests answered.", COUNTER },
	[METRIC_REQUEST_SECONDS] = { "ipfrs_http_request_duration_seconds",
				     "From a request's head to the last byte of its answer.", HIST(seconds) },
	[METRIC_REQUEST_BYTES] = { "ipfrs_http_request_size_bytes", "Bytes of requests' bodies.", HIST(bytes) },
	[METRIC_RESPONSE_BYTES] = { "ipfrs_http_response_size_bytes", "Bytes of answers with their heads.", HIST(bytes) },
	[METRIC_CONNS] = { "ipfrs_http_connections_active", "Clients connected.", GAUGE },
	[METRIC_CUT] = { "ipfrs_http_answers_cut_total", "Answers that did not come to their end.", COUNTER },
	[METRIC_BLOCKS] = { "ipfrs_blocks_retrieved_total", "Blocks read for answers.", COUNTER },
	[METRIC_BLOCKS_STORED] = { "ipfrs_blocks_stored_total", "Blocks put into the store, by all programs.", COUNTER },
	[METRIC_BLOCK_ERRORS] = { "ipfrs_block_errors_total", "Blocks that could not be read.", COUNTER },
	[METRIC_BLOCK_SECONDS] = { "ipfrs_block_retrieval_duration_seconds", "To read a block for an answer.",
				   FIRST(9, seconds) },
	[METRIC_BATCH] = { "ipfrs_batch_operation_size", "Blocks of a batch.", HIST(many) },
	[METRIC_BATCH_SECONDS] = { "ipfrs_batch_operation_duration_seconds", "Of a batch of blocks.",
				   HIST(batch_seconds) },
	[METRIC_UPLOAD] = { "ipfrs_upload_bytes_total", "Bytes of bodies received.", COUNTER },
	[METRIC_DOWNLOAD] = { "ipfrs_download_bytes_total", "Bytes of answers sent.", COUNTER },
	[METRIC_STREAMS] = { "ipfrs_streaming_operations_active", "Requests that a worker is busy with.", GAUGE },
	[METRIC_CHUNKS] = { "ipfrs_streaming_chunk_size_bytes", "Pieces in which bodies of answers are sent.",
			    HIST(chunk_bytes) },
	[METRIC_CACHE_HITS] = { "ipfrs_cache_hits_total", "Found among what is kept.", COUNTER },
	[METRIC_CACHE_MISSES] = { "ipfrs_cache_misses_total", "Not found among what is kept.", COUNTER },
	[METRIC_CACHE_SIZE] = { "ipfrs_cache_size_bytes", "Memory of what is kept.", GAUGE },
	[METRIC_AUTH] = { "ipfrs_auth_attempts_total", "Requests that had to show that they may ask.", COUNTER },
	[METRIC_SESSIONS] = { "ipfrs_auth_sessions_active", "Users who are signed in.", GAUGE },
	[METRIC_LIMITED] = { "ipfrs_rate_limit_hits_total", "Requests refused because a client asked too often.", COUNTER },
	[METRIC_TOKENS] = { "ipfrs_rate_limit_tokens_available", "What a client may still ask.", GAUGE },
	[METRIC_WS] = { "ipfrs_websocket_connections_active", "WebSockets that are open.", GAUGE },
	[METRIC_WS_SENT] = { "ipfrs_websocket_messages_sent_total", "Messages to WebSockets.", COUNTER },
	[METRIC_WS_GOT] = { "ipfrs_websocket_messages_received_total", "Messages from WebSockets.", COUNTER },
	[METRIC_GRPC] = { "ipfrs_grpc_requests_total", "Calls by gRPC.", COUNTER },
	[METRIC_GRPC_SECONDS] = { "ipfrs_grpc_request_duration_seconds", "Of a call by gRPC.", FIRST(11, seconds) },
	[METRIC_TENSOR] = { "ipfrs_tensor_operations_total", "Tensors asked for.", COUNTER },
	[METRIC_TENSOR_SLICES] = { "ipfrs_tensor_slice_operations_total", "Slices of tensors asked for.", COUNTER },
	[METRIC_TENSOR_BYTES] = { "ipfrs_tensor_size_bytes", "Bytes of tensors.", HIST(tensor_bytes) },
	[METRIC_MEMORY] = { "ipfrs_memory_allocated_bytes", "Memory in use, of all processes of a kind.", GAUGE },
	[METRIC_TASKS] = { "ipfrs_async_tasks_active", "What waits to be done.", GAUGE },
};

void metric_add(struct front *f, enum metric m, const char *labels, uint64_t n)
{
	board_add(f->series, metric_families[m].name, labels, n);
}

void metric_observe(struct front *f, enum metric m, const char *labels, double value)
{
	const struct metric_family *x = &metric_families[m];

	board_observe(f->series, x->name, labels, x->bounds, x->n, value);
}

double metric_since(const struct timespec *from)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from->tv_sec) + (double)(to.tv_nsec - from->tv_nsec) / 1e9;
}

/* ---- a request ---- */

/* the route's pattern, never the path itself */
static const char *endpoint(const struct front *f, struct span path)
{
	static const struct { const char *begins, *is; } routes[] = {
		{ "/ipfs/", "/ipfs/{cid}" }, { "/ipns/", "/ipns/{name}" }, { "/v1/tensor/", "/v1/tensor/{cid}" }
	};
	static const char *const ends[] = { "/health", "/health/live", "/health/ready", "/metrics" };
	size_t i;

	for (i = 0; i < sizeof ends / sizeof *ends; i++)
		if (span_equal(path, span_str(ends[i])))
			return ends[i];
	if (f->roles & FRONT_RPC && path.len >= 7 && !memcmp(path.p, "/api/v0", 7))
		return "/api/v0";
	for (i = 0; i < sizeof routes / sizeof *routes; i++)
		if (path.len >= strlen(routes[i].begins) && !memcmp(path.p, routes[i].begins, strlen(routes[i].begins)))
			return routes[i].is;
	return "/";
}

static const char *method_of(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS" };
	size_t i;

	for (i = 0; i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(method, methods[i]))
			return methods[i];
	return "other";
}

void front_count(struct front *f, const struct front_done *d)
{
	const char *end = endpoint(f, span_str(d->path));
	char labels[128], plain[96];

	snprintf(plain, sizeof plain, "endpoint=\"%s\",method=\"%s\"", end, method_of(d->method));
	snprintf(labels, sizeof labels, "%s,status=\"%d\"", plain, d->status);
	metric_add(f, METRIC_REQUESTS, labels, 1);
	metric_observe(f, METRIC_REQUEST_SECONDS, plain, d->seconds);
	metric_observe(f, METRIC_RESPONSE_BYTES, plain, (double)d->sent);
	snprintf(labels, sizeof labels, "endpoint=\"%s\"", end);
	metric_add(f, METRIC_DOWNLOAD, labels, d->sent);
	if (d->received) {
		metric_observe(f, METRIC_REQUEST_BYTES, plain, (double)d->received);
		metric_add(f, METRIC_UPLOAD, labels, d->received);
	}
	if (!d->whole)
		metric_add(f, METRIC_CUT, labels, 1);
	front_levels(f, &d->load);
}

void metric_limited(struct front *f, struct span path)
{
	char labels[64];

	snprintf(labels, sizeof labels, "endpoint=\"%s\"", endpoint(f, path));
	metric_add(f, METRIC_LIMITED, labels, 1);
}

void metric_attempt(struct front *f, struct span shown, int yes)
{
	const char *method = !shown.p ? "none" : shown.len > 6 && http_is(span_of(shown.p, 6), "basic ") ? "basic" :
			     shown.len > 7 && http_is(span_of(shown.p, 7), "bearer ") ? "bearer" : "other";
	char labels[64];

	snprintf(labels, sizeof labels, "method=\"%s\",result=\"%s\"", method, yes ? "success" : "failure");
	metric_add(f, METRIC_AUTH, labels, 1);
}

/* Found or not since we were here last: the gateway, which knows no board, counts for itself. */
void metric_caches(struct front *f)
{
	struct gateway_caches now, *was = &f->caches;

	gateway_caches(f->gateway, &now);
	if (now.types_hits != was->types_hits)
		metric_add(f, METRIC_CACHE_HITS, "cache_type=\"types\"", now.types_hits - was->types_hits);
	if (now.types_misses != was->types_misses)
		metric_add(f, METRIC_CACHE_MISSES, "cache_type=\"types\"", now.types_misses - was->types_misses);
	if (now.names_hits != was->names_hits)
		metric_add(f, METRIC_CACHE_HITS, "cache_type=\"dnslink\"", now.names_hits - was->names_hits);
	if (now.names_misses != was->names_misses)
		metric_add(f, METRIC_CACHE_MISSES, "cache_type=\"dnslink\"", now.names_misses - was->names_misses);
	*was = now;
}

/* ---- levels: of a pump, which adds its own to those of the others ---- */

static void level(struct front *f, enum metric m, const char *labels, uint64_t now, uint64_t *last)
{
	if (now != *last)
		board_gauge(f->series, metric_families[m].name, labels, (int64_t)now - (int64_t)*last);
	*last = now;
}

void metric_pump_begin(struct front *f)
{
	if (f->statm < 0)
		f->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	/* levels are told from the start, also those that are 0 */
	board_gauge(f->series, metric_families[METRIC_CONNS].name, "", 0);
	board_gauge(f->series, metric_families[METRIC_STREAMS].name, "type=\"answer\"", 0);
	board_gauge(f->series, metric_families[METRIC_TASKS].name, "type=\"queued\"", 0);
}

/* what is resident; looked at once a second, for nobody asks more often */
static void memory(struct front *f)
{
	char text[128], *resident;
	struct timespec t;
	ssize_t n;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (f->statm < 0 || t.tv_sec == f->statm_at)
		return;
	f->statm_at = t.tv_sec;
	n = pread(f->statm, text, sizeof text - 1, 0);
	if (n <= 0)
		return;
	text[n] = 0;
	resident = strchr(text, ' ');
	if (resident)
		level(f, METRIC_MEMORY, "component=\"pump\"",
		      strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE), &f->last_memory);
}

void front_levels(struct front *f, const struct front_load *l)
{
	level(f, METRIC_CONNS, "", l->conns, &f->last_conns);
	level(f, METRIC_STREAMS, "type=\"answer\"", l->busy, &f->last_busy);
	level(f, METRIC_TASKS, "type=\"queued\"", l->queued, &f->last_queued);
	memory(f);
}

void metric_pump_end(struct front *f)
{
	static const struct front_load none;

	if (f->statm >= 0)
		close(f->statm);
	f->statm = -1;
	front_levels(f, &none);
	level(f, METRIC_MEMORY, "component=\"pump\"", 0, &f->last_memory);
}
