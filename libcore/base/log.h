/*
 * log.h - talk for people, by room, on standard error (or wherever the program says).
 * IPFRS_LOG=store=debug,http=info picks the level by room; a word without '=' is the level of
 * all rooms.  The default is `warn`.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_ERROR_, LOG_WARN_, LOG_INFO_, LOG_DEBUG_ };

/* log_start - the name in front of every line (borrowed, lives on) and `more` levels above
 * what IPFRS_LOG says (-v adds one, -q is -1). */
void log_start(const char *program, int more);

/* log_to_syslog - from now on there: standard error is not ours (under inetd it is the client). */
void log_to_syslog(void);

int log_wants(const char *room, enum log_level level);
void log_line(const char *room, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* log_once - the same, unless another process said it a moment ago: all of them are told to do something (SIGHUP) and find
 * the same fault.  Without log_share, and for who says it again itself: as log_line. */
void log_once(const char *room, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- what the processes of one program share: those forked behind log_share ---- */

/* log_share - from now on levels can be changed for all of them, and each can hear what the others say.  0, ERR_NOMEM:
 * all goes on as it was.  Again: 0. */
int log_share(void);
const char *log_room(int i);		/* the rooms that talk; NULL ends */
const char *log_level_name(enum log_level level);		/* "warn"; static */
int log_level_parse(const char *name, enum log_level *level);	/* 0; ERR_USAGE */
/* log_level - of a room; NULL: of those nobody said a word about.  ERR_NOTFOUND: no such room. */
int log_level(const char *room, enum log_level *level);
/* log_set - of a room, NULL: of all.  ERR_NOTFOUND: no such room; ERR_UNSUPPORTED: nothing is shared. */
int log_set(const char *room, enum log_level level);

struct log_entry {
	int64_t time_ms;		/* since the epoch */
	enum log_level level;
	char room[16], text[480];	/* cut where they are longer */
};
/* log_now - the number of the line to come.  log_next - line number *at, which goes on by one: 1; 0: there is none yet.
 * Lines nobody fetched in time are passed over. */
uint64_t log_now(void);
int log_next(uint64_t *at, struct log_entry *e);

#define log_warn(room, ...)  log_line(room, LOG_WARN_, __VA_ARGS__)
#define log_info(room, ...)  log_line(room, LOG_INFO_, __VA_ARGS__)
#define log_debug(room, ...) do { if (log_wants(room, LOG_DEBUG_)) \
	log_line(room, LOG_DEBUG_, __VA_ARGS__); } while (0)

#endif
