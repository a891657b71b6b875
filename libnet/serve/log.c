/* log.c - a line for every request: the forms of NCSA, with its id and the seconds it took behind; or JSON */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "pump_priv.h"

enum { LINE_MAX = 8192 };

int log_open(struct pump *p)
{
	int fd;

	if (!p->o->log_path)
		return 0;
	fd = open(p->o->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return err_sys("opening the log '%s'", p->o->log_path);
	if (p->log_fd >= 0)
		close(p->log_fd);
	p->log_fd = fd;
	return 0;
}

/* what a client sent, without what could end the line or move a terminal's cursor; "-" for nothing */
static void tame(struct buf *out, const char *in)
{
	if (!*in)
		buf_u8(out, '-');
	for (; *in; in++) {
		unsigned char c = (unsigned char)*in;

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			buf_printf(out, "\\x%02x", c);
		else
			buf_u8(out, c);
	}
}

static void host_of(const char *peer, char out[PEER_TEXT_MAX])
{
	char *colon;

	snprintf(out, PEER_TEXT_MAX, "%s", *peer ? peer : "-");
	colon = strrchr(out, ':');
	if (colon && colon != out && strncmp(out, "unix:", 5) != 0)
		*colon = 0;
}

static void line_ncsa(struct buf *b, const struct serve_done *d, int combined)
{
	char when[40], host[PEER_TEXT_MAX];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S %z", &tm);
	host_of(d->peer, host);
	buf_printf(b, "%s - - [%s] \"", host, when);
	tame(b, d->method);
	if (*d->method) {
		buf_u8(b, ' ');
		tame(b, d->path);
		if (*d->query) {
			buf_u8(b, '?');
			tame(b, d->query);
		}
		buf_printf(b, " %s", d->protocol);
	}
	buf_printf(b, "\" %d %llu", d->status, (unsigned long long)d->sent);
	if (combined) {
		buf_str(b, " \"");
		tame(b, d->referer);
		buf_str(b, "\" \"");
		tame(b, d->agent);
		buf_str(b, "\"");
	}
	buf_u8(b, ' ');
	tame(b, d->id);
	buf_printf(b, " %.3f\n", d->seconds);
}

static void line_json(struct buf *b, const struct serve_done *d)
{
	char when[40], host[PEER_TEXT_MAX];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	host_of(d->peer, host);
	buf_u8(b, '{');
	json_field(b, "time", span_str(when));
	json_field(b, "client", span_str(host));
	json_field(b, "method", span_str(d->method));
	json_field(b, "host", span_str(d->host));
	json_field(b, "path", span_str(d->path));
	json_field(b, "query", span_str(d->query));
	json_field(b, "protocol", span_str(d->protocol));
	json_bool(b, "tls", d->tls);
	json_num(b, "status", (uint64_t)d->status);
	json_bool(b, "whole", d->whole);
	json_num(b, "sent", d->sent);
	json_num(b, "received", d->received);
	json_key(b, "seconds");
	buf_printf(b, "%.3f", d->seconds);
	json_field(b, "referer", span_str(d->referer));
	json_field(b, "agent", span_str(d->agent));
	json_field(b, "request_id", span_str(d->id));
	buf_str(b, "}\n");
}

void log_stream(const struct pump *p, const struct stream *s)
{
	const struct note *n = &s->note;
	struct serve_done d = {
		.status = n->status, .sent = n->sent, .received = n->received, .whole = n->whole,
		.seconds = (double)(p->now_ms - n->began_ms) / 1000, .method = n->method, .path = n->path,
		.query = n->query, .host = n->host, .agent = n->agent, .referer = n->referer,
		.peer = s->conn->peer, .id = n->id, .protocol = s->conn->proto->name, .tls = s->conn->tls != NULL,
		.conns = p->n_conns, .busy = p->n_workers - p->n_idle, .queued = p->n_queued
	};
	int fd = p->log_fd >= 0 ? p->log_fd : p->o->log_fd;
	struct buf b = BUF_INIT(LINE_MAX);

	if (p->o->done)
		p->o->done(p->o->ctx, &d);
	if (fd < 0 || p->o->log == SERVE_LOG_OFF)
		return;
	if (p->o->log == SERVE_LOG_JSON)
		line_json(&b, &d);
	else
		line_ncsa(&b, &d, p->o->log == SERVE_LOG_COMBINED);
	/* a log that cannot be written is no reason to stop; one write, so that lines of pumps do not mix */
	if (b.len && write(fd, b.data, b.len) < 0)
		errno = 0;
	buf_clear(&b);
}
