/*
 * spawn.h - a tiny process that forks the others (inside serve only).
 * Forking is cheap from a process that has little memory, so one is split off before the pump opens
 * anything.  It makes a worker when it is asked, hands its link to the pump, and reaps.
 */
#ifndef SERVE_SPAWN_H
#define SERVE_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

struct spawner {
	pid_t pid;
	int fd;			/* the pump's end; does not block */
};

/* spawn_start - fork the spawner.  `begin` (may be NULL) is what it does first: 0, or it ends.  `work` is what a worker does with its end of a link; it returns its exit
 * status.  `reload` (may be NULL) is what the spawner does when it is told to.  Of the descriptors it keeps 2
 * only, and `kept` (from 4 on; -1: none).  Call before there are threads, secrets, and large memory in use. */
int spawn_start(struct spawner *s, int (*begin)(void *arg), int (*work)(int fd, void *arg),
		void (*reload)(void *arg), void *arg, int kept);
/* spawn_close - all descriptors from `from` on, but one of them. */
void spawn_close(int from, int but);

/* spawn_ask - ask for `n` workers more; they arrive at spawn_next.  0; ERR_INTERRUPTED: the spawner is gone. */
int spawn_ask(struct spawner *s, unsigned n);

/* spawn_kill - end a worker that does not end by itself; nothing happens where `pid` is none of the spawner's own that
 * live.  As spawn_ask; ERR_BUSY: later, perhaps. */
int spawn_kill(struct spawner *s, pid_t pid);

/* spawn_reload - workers that are forked from now on are of the next generation.  As spawn_ask. */
int spawn_reload(struct spawner *s);

/* What the spawner tells: a new worker, or the end of one. */
struct spawn_news {
	pid_t pid;
	int fd;			/* of a new worker: the pump's end of its link; else -1 */
	unsigned generation;	/* of a new worker: how many times the spawner had reloaded */
	int status;		/* of an ended one, as from waitpid; -1: none could be made */
};
/* spawn_next - 1 and the news, 0: none now, ERR_INTERRUPTED: the spawner is gone. */
int spawn_next(struct spawner *s, struct spawn_news *news);

/* What passes between the two: an order, and what is told; spawn_tell sends the latter to the pump, with the pump's end
 * of a link, or -1. */
enum spawn_what { SPAWN_WORKERS, SPAWN_RELOAD, SPAWN_KILL };
struct spawn_order {
	uint32_t what;
	uint32_t n;		/* how many; whom */
};
struct spawn_told {
	int32_t pid, status;
	uint32_t generation;
};
void spawn_tell(int fd, const struct spawn_told *told, int link);

/* spawn_stop - let it go, and wait until it and its workers have ended; after `patience_ms` they are killed. */
void spawn_stop(struct spawner *s, int patience_ms);

#endif
