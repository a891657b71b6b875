/* serve.c - the settings of a server put together, and the server run */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/front/front.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/serve.h"
#include "serve/serve.h"

int plan_begin(struct serve_plan *p)
{
	p->listen = p->rpc = BUF_INIT(64 * 1024);
	return config_parse(&p->config, span_of("", 0));
}

void plan_set(struct serve_plan *p, const char *key, const char *value)
{
	if (p->n_options == PLAN_OPTIONS_MAX)
		cmd_usage("more than %d settings", PLAN_OPTIONS_MAX);
	if (config_set(p->config, key, value) < 0)
		cmd_usage("%s", err_text());
	p->option[p->n_options].key = strdup(key);
	p->option[p->n_options].value = strdup(value);
	if (!p->option[p->n_options].key || !p->option[p->n_options].value)
		cmd_usage("out of memory");
	p->n_options++;
}

void plan_set_text(struct serve_plan *p, const char *text)
{
	const char *eq = strchr(text, '=');
	char *key = eq ? strndup(text, (size_t)(eq - text)) : NULL;

	if (!key)
		cmd_usage("'%s' is not KEY=VALUE", text);
	plan_set(p, key, eq + 1);
	free(key);
}

static void gather(struct buf *list, const char *address)
{
	if ((list->len && buf_str(list, " ") < 0) || buf_str(list, address) < 0)
		cmd_usage("%s", err_text());
}

void plan_listen(struct serve_plan *p, const char *address) { gather(&p->listen, address); }
void plan_rpc(struct serve_plan *p, const char *address) { gather(&p->rpc, address); }

int plan_settle(struct serve_plan *p, const char *path)
{
	int i, rc;

	config_free(p->config);
	p->config = NULL;
	p->path = path;
	rc = store_config_load(path, &p->config);
	if (rc == 0 && p->preset)
		rc = front_preset(p->config, p->preset);
	if (rc == 0)
		rc = front_env(p->config);
	for (i = 0; rc == 0 && i < p->n_options; i++)
		rc = config_set(p->config, p->option[i].key, p->option[i].value);
	if (rc == 0 && p->listen.len)
		rc = config_set(p->config, "serve.listen", (const char *)p->listen.data);
	if (rc == 0 && p->rpc.len)
		rc = config_set(p->config, "serve.rpc", (const char *)p->rpc.data);
	if (rc == 0 && p->rpc.len && p->given)
		rc = err_set(ERR_USAGE, "-i takes what is given, and -r wants to listen: serve.given says what is answered");
	return rc;
}

/* ---- what the pumps ask ---- */

static int admit(void *ctx, struct span peer, struct serve_admit *a)
{
	struct front_load load = { a->conns, a->busy, a->queued };
	struct front_wish w = { .peer = peer, .host = a->head->host, .path = a->head->path, .local = a->local };
	size_t i;

	front_levels(ctx, &load);
	for (i = 0; i < a->head->n_fields; i++) {
		const struct http_field *f = &a->head->field[i];

		if (span_equal(f->name, span_str("x-forwarded-for")))
			w.forwarded = f->value;
		else if (span_equal(f->name, span_str("x-forwarded-host")) && !w.forwarded_host.p)
			w.forwarded_host = f->value;
	}
	return front_admit(ctx, &w, &a->limit, &a->remaining, &a->retry_after_s);
}

static void done(void *ctx, const struct serve_done *d)
{
	struct front_done f = { .method = d->method, .path = d->path, .status = d->status, .sent = d->sent,
				.received = d->received, .seconds = d->seconds, .whole = d->whole,
				.load = { d->conns, d->busy, d->queued } };

	front_count(ctx, &f);
}

static void reload(void *ctx)
{
	if (front_reload(ctx) < 0)
		log_once("serve", LOG_WARN_, "what was read before stays: %s", err_text());
}

static struct serve_plan *running;	/* for ready, which knows a front only */

static int roles_of(const void *front)
{
	size_t i;

	for (i = 0; i < running->n_groups; i++)
		if (running->group[i].front == front)
			return running->group[i].roles;
	return 0;
}

static void ready(void *ctx, const char *text)
{
	int tls = !strncmp(text, "tls:", 4), plain = !strncmp(text, "unix:", 5), roles = roles_of(ctx);
	const char *scheme = plain ? "" : tls ? "https://" : "http://";
	const char *end = plain ? "" : roles == FRONT_RPC ? "/api/v0/" : "/", *bare = text + (tls ? 4 : 0);

	if (roles & FRONT_RPC && apifile_write(&running->api, text) < 0)
		log_warn("serve", "%s", err_text());
	cmd_note("%slistening at %s%s%s", roles == FRONT_RPC ? "RPC " : "", scheme, bare, end);
	if (running->say_url) {
		printf("%s%s%s\n", scheme, bare, end);
		fflush(stdout);
	}
}

/* ---- settings to options ---- */

static int ms(const struct config *c, const char *key) { return (int)front_number(c, key) * 1000; }
static unsigned number(const struct config *c, const char *key) { return (unsigned)front_number(c, key); }

static const char *path_or_null(const struct config *c, const char *key)
{
	const char *v = front_text(c, key);

	return *v ? v : NULL;
}

static void fill(struct serve_opts *o, const struct config *c)
{
	static const char *const logs[] = { "off", "common", "combined", "json" };
	int i;

	o->pumps = number(c, "serve.pumps");
	o->workers = number(c, "serve.workers");
	o->spares = number(c, "serve.spares");
	o->conns = number(c, "serve.conns");
	o->conns_per_ip = number(c, "serve.conns-per-ip");
	o->queue = number(c, "serve.queue");
	o->streams = number(c, "serve.streams");
	o->limits.line = front_number(c, "serve.line-max");
	o->limits.head = front_number(c, "serve.head-max");
	o->limits.body = front_number(c, "serve.body-max");
	o->head_ms = ms(c, "serve.head-seconds");
	o->idle_ms = ms(c, "serve.idle-seconds");
	o->body_ms = ms(c, "serve.body-seconds");
	o->send_ms = ms(c, "serve.send-seconds");
	o->drain_ms = ms(c, "serve.drain-seconds");
	o->answer_ms = ms(c, "serve.answer-seconds");
	o->log_path = path_or_null(c, "serve.log-file");
	for (i = 0; i < 4; i++)
		if (!strcmp(front_text(c, "serve.log"), logs[i]))
			o->log = (enum serve_log)i;
	o->log_fd = o->log == SERVE_LOG_OFF || o->log_path ? -1 : STDERR_FILENO;
	o->tls_cert = path_or_null(c, "serve.tls-cert");
	o->tls_key = path_or_null(c, "serve.tls-key");
	o->tls_ocsp = path_or_null(c, "serve.tls-ocsp");
}

/* Clients of the RPC upload what they like, at their pace, and a collection takes the time it takes. */
static void fill_rpc(struct serve_opts *o, const struct config *c)
{
	uint64_t most = front_number(c, "rpc.max-body");

	o->limits.body = most ? most : UINT64_MAX;
	o->answer_ms = o->body_ms = o->send_ms = 0;
}

/* "none" is no address; "default" is where clients of the RPC look first */
static int addresses(struct plan_group *g, const char *text)
{
	char *save = NULL, *word;
	int n = 0;

	g->words = strdup(text);
	if (!g->words)
		return err_nomem();
	for (word = strtok_r(g->words, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (!strcmp(word, "none"))
			continue;
		if (n == PLAN_LISTEN_MAX)
			return err_set(ERR_USAGE, "more than %d addresses", PLAN_LISTEN_MAX);
		g->listen[n++] = g->roles == FRONT_RPC && !strcmp(word, "default") ? "127.0.0.1:5001" : word;
	}
	return n;
}

static int is_yes(const struct config *c, const char *key) { return !strcmp(front_text(c, key), "yes"); }

static int make_opts(struct serve_plan *p, struct plan_group *g)
{
	const char *mode = front_text(p->config, "serve.mode");
	struct serve_opts *o = malloc(sizeof *o);

	if (!o)
		return err_nomem();
	g->opts = o;
	serve_opts_init(o);
	fill(o, p->config);
	if (g->roles & FRONT_RPC)
		fill_rpc(o, p->config);
	o->listen = p->given ? NULL : g->listen;
	o->pool = !strcmp(mode, "pool") || (!p->given && !strcmp(mode, "auto"));
	o->begin = front_begin;
	o->answer = front_answer;
	o->end = front_end;
	o->spawn = front_spawner;
	o->kept = front_kept(g->front);
	o->fence = front_pump;
	o->ctx = g->front;
	if (!o->pool)
		front_brief(g->front);
	o->ready = ready;
	o->admit = admit;
	o->done = done;
	o->reload = reload;
	o->stale = front_stale;
	o->may_end = (g->roles & FRONT_RPC) != 0;
	if (g->roles & FRONT_RPC && !front_guarded(g->front) && !is_yes(p->config, "rpc.public"))
		o->only_local = "others could change the store: set API.Authorizations in its token/kubo.json, or rpc.public";
	return 0;
}

/* addresses is NULL where they are given */
static int add_group(struct serve_plan *p, int roles, const char *text)
{
	struct plan_group *g = &p->group[p->n_groups];
	int rc;

	g->roles = roles;
	rc = text ? addresses(g, text) : 1;
	if (rc <= 0) {				/* not wanted */
		free(g->words);
		*g = (struct plan_group){ 0 };
		return rc;
	}
	p->n_groups++;
	rc = front_new(&g->front, p->path, p->config, roles);
	return rc < 0 ? rc : make_opts(p, g);
}

/* who answers what, and where */
static int plan_groups(struct serve_plan *p)
{
	const struct config *c = p->config;
	const char *given = front_text(c, "serve.given");
	int rc;

	if (p->given) {
		rc = add_group(p, !strcmp(given, "rpc") ? FRONT_RPC : !strcmp(given, "both") ? FRONT_GATEWAY | FRONT_RPC :
			       FRONT_GATEWAY, NULL);
	} else {
		rc = add_group(p, is_yes(c, "rpc.share") ? FRONT_GATEWAY | FRONT_RPC : FRONT_GATEWAY,
			       front_text(c, "serve.listen"));
		if (rc == 0)
			rc = add_group(p, FRONT_RPC, front_text(c, "serve.rpc"));
	}
	return rc == 0 && !p->n_groups ? err_set(ERR_USAGE, "no address to listen at") : rc;
}

/* those of serving only; a certificate's path is no secret, and keys are only named by path */
int plan_show(struct serve_plan *p)
{
	static const char *const rooms[] = { "serve.", "rate.", "cors.", "compress.", "gateway.", "rpc." };
	const char *key, *value, *help;
	size_t k;
	int i, set;

	for (i = 0; config_each(p->config, i, &key, &value, &set, &help); i++)
		for (k = 0; k < sizeof rooms / sizeof *rooms; k++)
			if (!strncmp(key, rooms[k], strlen(rooms[k])))
				cmd_print("%s = %s", key, value);
	return plan_groups(p);	/* do they fit together? */
}

/* Under inetd standard error is often the client, who shall not read our talk. */
static void talk_elsewhere(void)
{
	struct stat in, err;
	int null;

	if (fstat(STDIN_FILENO, &in) < 0 || fstat(STDERR_FILENO, &err) < 0 || !S_ISSOCK(err.st_mode) ||
	    in.st_ino != err.st_ino || in.st_dev != err.st_dev)
		return;
	log_to_syslog();
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

int plan_run(struct serve_plan *p)
{
	const struct serve_opts *opts[PLAN_GROUPS];
	size_t i;
	int rc;

	if (p->given)
		talk_elsewhere();
	rc = plan_groups(p);
	for (i = 0; rc == 0 && i < p->n_groups; i++) {
		const struct serve_opts *o = opts[i] = p->group[i].opts;

		if (!o->tls_cert != !o->tls_key && !(o->tls_cert && !strcmp(o->tls_cert, "self")))
			rc = err_set(ERR_USAGE, "a certificate and its key go together");
	}
	p->api.path = path_or_null(p->config, "rpc.api-file");
	if (rc == 0 && p->api.path)
		rc = apifile_check(p->api.path);
	running = p;
	return rc < 0 ? rc : serve_run_groups(opts, p->n_groups);
}

void plan_end(struct serve_plan *p)
{
	apifile_end(&p->api);
	while (p->n_groups) {
		struct plan_group *g = &p->group[--p->n_groups];

		front_free(g->front);
		free(g->opts);
		free(g->words);
	}
	config_free(p->config);
	buf_clear(&p->listen);
	buf_clear(&p->rpc);
	while (p->n_options) {
		free(p->option[--p->n_options].key);
		free(p->option[p->n_options].value);
	}
}
