/* log.c - a line for every request: the combined form of NCSA, then its id and the seconds it took */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "pump_priv.h"

/* what a client sent, without what could end the line or move a terminal's cursor */
static const char *tame(const char *in, char *out, size_t size)
{
	size_t n = 0;

	for (; *in && n + 5 < size; in++) {
		unsigned char c = (unsigned char)*in;

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
		else
			out[n++] = (char)c;
	}
	out[n] = 0;
	return n ? out : "-";
}

void log_request(const struct pump *p, const struct conn *c)
{
	char line[900], agent[500], referer[500], when[40], text[2600];
	char host[PEER_TEXT_MAX], *colon;
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (p->o->log_fd < 0)
		return;
	localtime_r(&now, &tm);
	strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S %z", &tm);
	snprintf(host, sizeof host, "%s", *c->peer ? c->peer : "-");
	colon = strrchr(host, ':');
	if (colon && colon != host && strncmp(host, "unix:", 5) != 0)
		*colon = 0;
	n = snprintf(text, sizeof text, "%s - - [%s] \"%s\" %d %llu \"%s\" \"%s\" %s %.3f\n", host, when,
		     tame(c->line, line, sizeof line), c->status, (unsigned long long)c->sent,
		     tame(c->referer, referer, sizeof referer), tame(c->agent, agent, sizeof agent),
		     *c->id ? c->id : "-", (double)(p->now_ms - c->began_ms) / 1000);
	if (n > 0 && write(p->o->log_fd, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1) < 0)
		return;				/* a log that cannot be written is no reason to stop */
}
