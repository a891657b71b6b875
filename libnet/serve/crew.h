/*
 * crew.h - the parent's view: groups of addresses, and the pumps of each (inside serve only).
 */
#ifndef SERVE_CREW_H
#define SERVE_CREW_H

#include <signal.h>

#include "pump_priv.h"

enum { PUMPS_MAX = 256, CREWS_MAX = 8 };

struct child {
	pid_t pid;			/* 0: none */
	int64_t born_ms, again_ms;	/* of the last; when it may be started anew, 0: not at all */
	uint64_t peer_key;		/* of a client with a pump of its own */
};

/* One group. */
struct crew {
	struct house *house;
	const struct serve_opts *o;
	struct serve_opts each;		/* the share of one pump */
	struct listener l[LISTEN_MAX];
	size_t n_l;
	struct child *pumps;
	unsigned n_pumps, n_alive;
	int own;			/* a pump for each client */
	struct peers *peers;
	struct secrets *secrets;	/* NULL: no TLS */
};

struct house {
	struct crew *crews;
	size_t n_crews;
	int sigfd, ask_fd;		/* ask_fd: a pump writes to it when all shall end */
	sigset_t mask;			/* as it was before */
	int ending;
	int64_t kill_ms;
};

int64_t crew_clock_ms(void);

/* crew_begin - fork its pumps, and hear whether they are ready; 0, or why one is not.  crew_clear - what it has; its
 * pumps are no more. */
int crew_begin(struct crew *c);
void crew_clear(struct crew *c);
void crew_tell(struct crew *c, int sig);
void crew_reap(struct crew *c);
/* crew_start_again - those whose time has come; when the next one's does, INT64_MAX: never. */
int64_t crew_start_again(struct crew *c);
int crew_waits(const struct crew *c);	/* for one to be started again */
/* crew_take_client - a pump for whoever comes to l, if crew_has_place. */
int crew_has_place(const struct crew *c);
void crew_take_client(struct crew *c, const struct listener *l);

#endif
