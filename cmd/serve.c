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
	p->listen = BUF_INIT(64 * 1024);
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

void plan_listen(struct serve_plan *p, const char *address)
{
	if ((p->listen.len && buf_str(&p->listen, " ") < 0) || buf_str(&p->listen, address) < 0)
		cmd_usage("%s", err_text());
}

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
	return rc;
}

/* those of serving only; a certificate's path is no secret, and keys are only named by path */
int plan_show(struct serve_plan *p)
{
	static const char *const rooms[] = { "serve.", "rate.", "cors.", "compress.", "gateway." };
	const char *key, *value, *help;
	size_t k;
	int i, set;

	for (i = 0; config_each(p->config, i, &key, &value, &set, &help); i++)
		for (k = 0; k < sizeof rooms / sizeof *rooms; k++)
			if (!strncmp(key, rooms[k], strlen(rooms[k])))
				cmd_print("%s = %s", key, value);
	return front_new(&p->front, p->path, p->config, FRONT_GATEWAY);	/* do they fit together? */
}

/* ---- what the pumps ask ---- */

static int admit(void *ctx, struct span peer, struct serve_admit *a)
{
	struct span forwarded = span_of(NULL, 0);
	size_t i;

	for (i = 0; i < a->head->n_fields; i++)
		if (span_equal(a->head->field[i].name, span_str("x-forwarded-for")))
			forwarded = a->head->field[i].value;
	return front_admit(ctx, peer, forwarded, a->head->path, &a->limit, &a->remaining,
			   &a->retry_after_s);
}

static void done(void *ctx, const struct serve_done *d)
{
	struct front_done f = { .method = d->method, .path = d->path, .status = d->status, .sent = d->sent,
				.received = d->received, .seconds = d->seconds, .whole = d->whole, .conns = d->conns };

	front_count(ctx, &f);
}

static void reload(void *ctx)
{
	if (front_reload(ctx) < 0)
		log_warn("serve", "what was read before stays: %s", err_text());
}

static int say_url;

static void ready(void *ctx, const char *text)
{
	int tls = !strncmp(text, "tls:", 4), plain = !strncmp(text, "unix:", 5);
	const char *scheme = plain ? "" : tls ? "https://" : "http://", *end = plain ? "" : "/";

	(void)ctx;
	text += tls ? 4 : 0;
	cmd_note("listening at %s%s%s", scheme, text, end);
	if (say_url) {
		printf("%s%s%s\n", scheme, text, end);
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

static int addresses(const char *text, char **room, const char *list[PLAN_LISTEN_MAX + 1])
{
	char *save = NULL, *word;
	int n = 0;

	*room = strdup(text);
	if (!*room)
		return err_nomem();
	for (word = strtok_r(*room, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		if (n == PLAN_LISTEN_MAX)
			return err_set(ERR_USAGE, "more than %d addresses", PLAN_LISTEN_MAX);
		list[n++] = word;
	}
	list[n] = NULL;
	return n ? 0 : err_set(ERR_USAGE, "no address to listen at");
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
	const char *list[PLAN_LISTEN_MAX + 1], *mode = front_text(p->config, "serve.mode");
	struct serve_opts o;
	char *room = NULL;
	int rc;

	if (p->given)
		talk_elsewhere();
	serve_opts_init(&o);
	fill(&o, p->config);
	if (!o.tls_cert != !o.tls_key && !(o.tls_cert && !strcmp(o.tls_cert, "self")))
		return err_set(ERR_USAGE, "a certificate and its key go together");
	if (!p->given) {
		rc = addresses(front_text(p->config, "serve.listen"), &room, list);
		if (rc < 0) {
			free(room);
			return rc;
		}
		o.listen = list;
	}
	o.pool = !strcmp(mode, "pool") || (!p->given && !strcmp(mode, "auto"));
	rc = front_new(&p->front, p->path, p->config, FRONT_GATEWAY);
	o.begin = front_begin;
	o.answer = front_answer;
	o.end = front_end;
	o.spawn = front_spawner;
	o.fence = front_pump;
	o.ctx = p->front;
	o.ready = ready;
	o.admit = admit;
	o.done = done;
	o.reload = reload;
	say_url = p->say_url;
	if (rc == 0)
		rc = serve_run(&o);
	free(room);
	return rc;
}

void plan_end(struct serve_plan *p)
{
	front_free(p->front);
	config_free(p->config);
	buf_clear(&p->listen);
	while (p->n_options) {
		free(p->option[--p->n_options].key);
		free(p->option[p->n_options].value);
	}
}
