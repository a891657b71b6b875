/*
 * log.h - talk for people, by room, on standard error (or wherever the program says).
 * IPFRS_LOG=store=debug,http=info picks the level by room; a word without '=' is the level of
 * all rooms.  The default is `warn`.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR_, LOG_WARN_, LOG_INFO_, LOG_DEBUG_ };

/* log_start - the name in front of every line (borrowed, lives on) and `more` levels above
 * what IPFRS_LOG says (-v adds one, -q is -1). */
void log_start(const char *program, int more);

/* log_to_syslog - from now on there: standard error is not ours (under inetd it is the client). */
void log_to_syslog(void);

int log_wants(const char *room, enum log_level level);
void log_line(const char *room, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_warn(room, ...)  log_line(room, LOG_WARN_, __VA_ARGS__)
#define log_info(room, ...)  log_line(room, LOG_INFO_, __VA_ARGS__)
#define log_debug(room, ...) do { if (log_wants(room, LOG_DEBUG_)) \
	log_line(room, LOG_DEBUG_, __VA_ARGS__); } while (0)

#endif
