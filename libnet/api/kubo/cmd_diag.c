/* cmd_diag.c - the machine, what runs on the store, and whether it works: diag/... */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "board/board.h"
#include "cmd_node.h"

enum { TEXT_MAX = 1024 * 1024 };

/* ---- diag/sys: what cannot be learned in the sandbox is 0, or not there ---- */

static int put_disk(struct call *c, struct buf *json)
{
	struct statfs s = { 0 };

	if (statfs(c->k->path, &s) < 0)
		s = (struct statfs){ 0 };
	return buf_printf(json, "{\"diskinfo\":{\"free_space\":%" PRIu64 ",\"fstype\":\"%ld\",\"total_space\":%" PRIu64 "}",
			  (uint64_t)s.f_bfree * (uint64_t)s.f_bsize, (long)s.f_type,
			  (uint64_t)s.f_blocks * (uint64_t)s.f_bsize);
}

static int put_environment(struct call *c, struct buf *json)
{
	const char *go = getenv("GOPATH");
	int rc = json_key(json, "environment");

	if (rc == 0)
		rc = buf_u8(json, '{');
	if (rc == 0)
		rc = json_field(json, "GOPATH", span_str(go ? go : ""));
	if (rc == 0)
		rc = json_field(json, "IPFS_PATH", span_str(c->k->path));
	return rc < 0 ? rc : buf_u8(json, '}');
}

static int put_memory(struct buf *json)
{
	struct rusage use = { .ru_maxrss = 0 };
	struct sysinfo si = { .totalswap = 0 };

	getrusage(RUSAGE_SELF, &use);
	sysinfo(&si);
	return buf_printf(json, ",\"ipfs_commit\":\"ipfrs-" IPFRS_VERSION "\",\"ipfs_version\":\"" KUBO_VERSION "\","
			  "\"memory\":{\"swap\":%" PRIu64 ",\"virt\":%" PRIu64 "}",
			  (uint64_t)(si.totalswap - si.freeswap) * si.mem_unit, (uint64_t)use.ru_maxrss * 1024);
}

static int put_addresses(struct buf *json)
{
	struct ifaddrs *all = NULL, *a;
	char text[INET6_ADDRSTRLEN];
	int rc = 0, family, any = 0;

	if (getifaddrs(&all) < 0)
		return 0;
	for (a = all; rc == 0 && a; a = a->ifa_next) {
		family = a->ifa_addr ? a->ifa_addr->sa_family : 0;
		if (family != AF_INET && family != AF_INET6)
			continue;
		inet_ntop(family, family == AF_INET ? (void *)&((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr :
			  (void *)&((struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr, text, sizeof text);
		rc = buf_printf(json, "%s\"/ip%c/%s\"", any++ ? "," : "", family == AF_INET ? '4' : '6', text);
	}
	freeifaddrs(all);
	return rc;
}

int diag_sys(struct call *c)
{
	struct buf json = BUF_INIT(TEXT_MAX);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int rc = put_disk(c, &json);

	if (rc == 0)
		rc = put_environment(c, &json);
	if (rc == 0)
		rc = put_memory(&json);
	if (rc == 0)
		rc = buf_str(&json, ",\"net\":{\"interface_addresses\":[");
	if (rc == 0)
		rc = put_addresses(&json);
	if (rc == 0)
		rc = buf_printf(&json, "],\"online\":false},\"runtime\":{\"arch\":\"%s\",\"compiler\":\"%s\","
				"\"gomaxprocs\":%ld,\"numcpu\":%ld,\"numgoroutines\":1,\"os\":\"linux\",\"version\":\"C%ld\"}}",
				node_arch(),
#ifdef __clang__
				"clang",
#else
				"gcc",
#endif
				cpus, cpus, __STDC_VERSION__ / 100 % 100);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), span_of(NULL, 0));
	buf_clear(&json);
	return rc;
}

/* ---- diag/cmds: what runs on the store, of this and of other programs; what is over is not kept ---- */

static int by_start(const void *a, const void *b)
{
	const struct board_op *x = a, *y = b;

	return x->start_ms < y->start_ms ? -1 : x->start_ms > y->start_ms;
}

static int put_time(uint64_t ms, struct buf *out)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;
	char text[64];

	gmtime_r(&t, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	return ms % 1000 ? buf_printf(out, "%s.%03uZ", text, (unsigned)(ms % 1000)) : buf_printf(out, "%sZ", text);
}

static int put_value(const struct call *c, const struct opt *o, struct buf *json)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(o->names, ","), o->names);
	switch (o->type) {
	case OPT_BOOL: return json_bool(json, name, call_bool(c, name));
	case OPT_STRING:
	case OPT_STRINGS: return json_field(json, name, span_str(call_text(c, name)));
	default: return json_num(json, name, call_uint(c, name));
	}
}

/* what this very call was told; of others that is not known */
static int put_options(const struct call *c, struct buf *json)
{
	size_t i, k;
	int rc = buf_u8(json, '{');

	if (rc == 0 && !call_given(c, "encoding"))
		rc = json_field(json, "encoding", span_str(call_text(c, "encoding")));
	for (i = 0; rc == 0 && i < c->query->n; i++) {
		for (k = 0; k < i && c->query->option[k].o != c->query->option[i].o; k++)
			;
		if (k == i)
			rc = put_value(c, c->query->option[i].o, json);
	}
	return rc < 0 ? rc : buf_u8(json, '}');
}

static int put_op(const struct call *c, const struct board_op *op, struct buf *json)
{
	int rc = buf_str(json, "{\"StartTime\":\"");

	if (rc == 0)
		rc = put_time(op->start_ms, json);
	if (rc == 0)
		rc = buf_str(json, "\",\"EndTime\":\"0001-01-01T00:00:00Z\",\"Active\":true");
	if (rc == 0)
		rc = json_field(json, "Command", span_str(op->verb));
	if (rc == 0)
		rc = buf_str(json, ",\"Options\":");
	if (rc == 0)
		rc = op->pid == getpid() && !strcmp(op->verb, c->cmd->path) ? put_options(c, json) : buf_str(json, "{}");
	if (rc == 0)
		rc = buf_str(json, ",\"Args\":[");
	if (rc == 0 && *op->what)
		rc = json_str(json, span_str(op->what));
	return rc < 0 ? rc : buf_printf(json, "],\"ID\":%ld}", op->pid);
}

static int row(const struct board_op *op, int verbose, uint64_t now_ms, struct buf *text)
{
	time_t t = (time_t)(op->start_ms / 1000);
	struct tm tm;
	char when[64];
	int rc = verbose ? buf_printf(text, "%ld\t", op->pid) : 0;

	localtime_r(&t, &tm);
	strftime(when, sizeof when, "%b %e %H:%M:%S", &tm);
	if (rc == 0)
		rc = verbose ? buf_printf(text, "%s\t[%s]\t[]\t", op->verb, op->what) : buf_printf(text, "%s\t", op->verb);
	if (rc == 0)
		rc = buf_printf(text, "true\t%s\t", when);
	if (rc == 0)
		rc = call_duration_text((int64_t)(now_ms > op->start_ms ? now_ms - op->start_ms : 0) * 1000000, text);
	return rc < 0 ? rc : buf_u8(text, '\n');
}

int diag_cmds(struct call *c)
{
	struct buf json = BUF_INIT(TEXT_MAX), rows = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);
	struct board_op *op = calloc(BOARD_OPS_MAX, sizeof *op);
	int i, n = op ? board_ops(store_board(c->st), op, BOARD_OPS_MAX) : 0, rc = op ? 0 : err_nomem();
	int verbose = call_bool(c, "verbose");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (rc == 0)
		rc = buf_u8(&json, '[');
	if (rc == 0)
		rc = buf_printf(&rows, "%sCommand\t%sActive\tStartTime\tRunTime\n", verbose ? "ID\t" : "",
				verbose ? "Arguments\tOptions\t" : "");
	if (n)
		qsort(op, (size_t)n, sizeof *op, by_start);
	for (i = 0; rc == 0 && i < n; i++) {
		rc = i ? buf_u8(&json, ',') : 0;
		if (rc == 0)
			rc = put_op(c, &op[i], &json);
		if (rc == 0)
			rc = row(&op[i], verbose, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, &rows);
	}
	if (rc == 0)
		rc = buf_u8(&json, ']');
	if (rc == 0)
		rc = call_columns(buf_span(&rows), &text);
	if (rc == 0)
		rc = call_one(c, buf_span(&json), buf_span(&text));
	free(op);
	buf_clear(&text);
	buf_clear(&rows);
	buf_clear(&json);
	return rc;
}

int diag_clear(struct call *c)
{
	return call_empty(c);
}

int diag_set_time(struct call *c)
{
	int64_t ns;
	int rc = call_duration(c->arg[0], &ns);

	return rc < 0 ? rc : call_empty(c);
}

/* ---- diag/healthy: the store is open, its index answers, and the node knows its name ---- */

int diag_healthy(struct call *c)
{
	struct span nothing = span_of("\x0a\x02\x08\x01", 4);	/* the empty folder, which Kubo asks for, too */
	struct cid probe;
	int rc = cid_sum(&probe, 0, CID_DAG_PB, MH_SHA2_256, &nothing, 1);

	if (rc == 0)
		rc = c->src->has(c->src, &probe);
	if (rc < 0)
		return err_add(rc, "probe fetch");
	return call_one(c, span_str("\"ok\""), span_str("ok"));
}
