/* log.c - talk for people, by room */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char *log_program = "ipfrs";
static int log_more, log_syslog;

void log_start(const char *program, int more)
{
	log_program = program;
	log_more = more;
}

static int level_of(const char *word, size_t len, int otherwise)
{
	int i;

	for (i = 0; i < 4; i++)
		if (strlen(level_names[i]) == len && memcmp(level_names[i], word, len) == 0)
			return i;
	return otherwise;
}

/* what IPFRS_LOG says; room NULL: to rooms it does not name */
static int env_level(const char *room)
{
	const char *p = getenv("IPFRS_LOG");
	int have = LOG_WARN_;

	while (p && *p) {
		size_t len = strcspn(p, ",");
		const char *eq = memchr(p, '=', len);

		if (!eq)
			have = level_of(p, len, have);
		else if (room && strlen(room) == (size_t)(eq - p) && memcmp(room, p, strlen(room)) == 0) {
			have = level_of(eq + 1, len - (size_t)(eq - p) - 1, have);
			break;			/* a room's own word beats the general one */
		}
		p += len + (p[len] == ',');
	}
	return have + log_more;
}

/* ---- shared ---- */

static const char *const rooms[] = { "fetch", "front", "gateway", "kubo", "pin", "serve", "store", "tensor", NULL };
enum { N_ROOMS = sizeof rooms / sizeof *rooms - 1, LINES = 128, SAID = 16, MOMENT_S = 5 };

/* A line is whole when its number stands in it: 0 while it is written. */
struct line {
	_Atomic uint64_t number;
	struct log_entry entry;
};

static struct shared {
	_Atomic int room[N_ROOMS], all;		/* one more than the level; 0: nobody said */
	_Atomic uint64_t said[SAID];		/* log_once: by whom, and when */
	_Atomic uint64_t next;
	struct line line[LINES];
} *shared;

int log_share(void)
{
	void *p;

	if (shared)
		return 0;
	p = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_nomem();
	shared = p;
	return 0;
}

const char *log_room(int i)
{
	return i >= 0 && i < N_ROOMS ? rooms[i] : NULL;
}

static int room_index(const char *room)
{
	int i;

	for (i = 0; i < N_ROOMS; i++)
		if (!strcmp(rooms[i], room))
			return i;
	return -1;
}

static int now_level(const char *room)
{
	int i = shared && room ? room_index(room) : -1, said;

	said = i >= 0 ? shared->room[i] : 0;
	if (!said && shared)
		said = shared->all;
	return said ? said - 1 : env_level(room);
}

int log_wants(const char *room, enum log_level level)
{
	return (int)level <= now_level(room);
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

int log_level_parse(const char *name, enum log_level *level)
{
	int found = level_of(name, strlen(name), -1);

	if (found < 0)
		return err_set(ERR_USAGE, "'%s' is none of error, warn, info and debug", name);
	*level = (enum log_level)found;
	return 0;
}

static int no_room(const char *room)
{
	return err_set(ERR_NOTFOUND, "'%s' is no room that talks", room);
}

int log_level(const char *room, enum log_level *level)
{
	int have = now_level(room);

	if (room && room_index(room) < 0)
		return no_room(room);
	*level = have < LOG_ERROR_ ? LOG_ERROR_ : have > LOG_DEBUG_ ? LOG_DEBUG_ : (enum log_level)have;
	return 0;
}

int log_set(const char *room, enum log_level level)
{
	int i = room ? room_index(room) : 0;

	if (i < 0)
		return no_room(room);
	if (!shared)
		return err_set(ERR_UNSUPPORTED, "levels are those of IPFRS_LOG");
	if (room) {
		shared->room[i] = (int)level + 1;
		return 0;
	}
	shared->all = (int)level + 1;
	for (i = 0; i < N_ROOMS; i++)
		shared->room[i] = 0;
	return 0;
}

static void keep(const char *room, enum log_level level, const char *fmt, va_list ap)
{
	uint64_t n = atomic_fetch_add(&shared->next, 1);
	struct line *l = &shared->line[n % LINES];
	struct timespec now;

	atomic_store(&l->number, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	l->entry.time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	l->entry.level = level;
	snprintf(l->entry.room, sizeof l->entry.room, "%s", room);
	vsnprintf(l->entry.text, sizeof l->entry.text, fmt, ap);
	atomic_store(&l->number, n + 1);
}

uint64_t log_now(void)
{
	return shared ? atomic_load(&shared->next) : 0;
}

int log_next(uint64_t *at, struct log_entry *e)
{
	uint64_t end = log_now();
	struct line *l;

	if (shared && end > LINES && *at < end - LINES)
		*at = end - LINES;
	if (*at >= end)
		return 0;
	l = &shared->line[*at % LINES];
	if (atomic_load(&l->number) != *at + 1)
		return 0;			/* on its way; or overtaken, as the next call will find */
	*e = l->entry;
	if (atomic_load(&l->number) != *at + 1)
		return 0;
	e->room[sizeof e->room - 1] = e->text[sizeof e->text - 1] = 0;
	++*at;
	return 1;
}

/* ---- talk ---- */

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
	if (shared) {
		va_start(ap, fmt);
		keep(room, level, fmt, ap);
		va_end(ap);
	}
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

/* A word of the table: the line's hash (22 bits), who said it (22, as pid_max has it at most), and when (20, of seconds). */
static int said_by_another(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325), was, me, age;
	_Atomic uint64_t *place;
	struct timespec now;

	for (; *text; text++)		/* FNV-1a */
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	clock_gettime(CLOCK_MONOTONIC, &now);
	me = (h >> 42) << 42 | ((uint64_t)getpid() & 0x3fffff) << 20 | ((uint64_t)now.tv_sec & 0xfffff);
	place = &shared->said[(h ^ h >> 32) % SAID];
	was = atomic_load(place);
	do {
		age = (me - was) & 0xfffff;
		if (was >> 42 == me >> 42 && (was >> 20) != (me >> 20) && age <= MOMENT_S)
			return 1;
	} while (!atomic_compare_exchange_weak(place, &was, me));
	return 0;
}

void log_once(const char *room, enum log_level level, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!shared || !said_by_another(text))
		log_line(room, level, "%s", text);
}
