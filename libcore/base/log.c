/* log.c - talk for people, by room */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/io.h"
#include "base/log.h"

static const char *log_program = "ipfrs";
static int log_more, log_syslog;

void log_start(const char *program, int more)
{
	log_program = program;
	log_more = more;
}

static int level_of(const char *word, size_t len, int otherwise)
{
	static const char *names[] = { "error", "warn", "info", "debug" };
	int i;

	for (i = 0; i < 4; i++)
		if (strlen(names[i]) == len && memcmp(names[i], word, len) == 0)
			return i;
	return otherwise;
}

int log_wants(const char *room, enum log_level level)
{
	const char *p = getenv("IPFRS_LOG");
	int have = LOG_WARN_;

	while (p && *p) {
		size_t len = strcspn(p, ",");
		const char *eq = memchr(p, '=', len);

		if (!eq)
			have = level_of(p, len, have);
		else if (strlen(room) == (size_t)(eq - p) && memcmp(room, p, strlen(room)) == 0) {
			have = level_of(eq + 1, len - (size_t)(eq - p) - 1, have);
			break;			/* a room's own word beats the general one */
		}
		p += len + (p[len] == ',');
	}
	return (int)level <= have + log_more;
}

void log_to_syslog(void)
{
	openlog(log_program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
	log_syslog = 1;
}

void log_line(const char *room, enum log_level level, const char *fmt, ...)
{
	static const int priority[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
	char text[2048];
	va_list ap;
	int n;

	if (!log_wants(room, level))
		return;
	if (log_syslog) {
		va_start(ap, fmt);
		vsyslog(priority[level], fmt, ap);
		va_end(ap);
		return;
	}
	n = snprintf(text, sizeof text, "%s: ", log_program);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof text - (size_t)n - 1, fmt, ap);
	va_end(ap);
	strcat(text, "\n");
	if (io_write(2, text, strlen(text), "standard error") < 0)
		return;				/* nowhere left to say it */
}
