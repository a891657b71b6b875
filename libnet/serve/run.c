/*
 * run.c - the parent: it listens, has pumps started, and passes signals on.
 * It takes no client itself, except where every one gets a pump of its own.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "crew.h"

enum { KILL_MS = 5000 };

void serve_opts_init(struct serve_opts *o)
{
	*o = (struct serve_opts){
		.workers = 64, .spares = 4, .conns = 20000, .queue = 1024, .limits = http_limits_default,
		.head_ms = 10000, .idle_ms = 60000, .body_ms = 30000, .send_ms = 30000, .drain_ms = 30000,
		.tls_ms = 10000, .answer_ms = 3600000, .streams = 128, .log_fd = -1, .kept = -1,
		.log = SERVE_LOG_COMBINED
	};
}

/* ---- the loop ---- */

static void tell_all(struct house *h, int sig)
{
	size_t i;

	for (i = 0; i < h->n_crews; i++)
		crew_tell(&h->crews[i], sig);
}

static void end_all(struct house *h)
{
	int drain_ms = 0;
	size_t i;

	for (i = 0; i < h->n_crews; i++) {
		struct crew *c = &h->crews[i];

		if (c->o->drain_ms > drain_ms)
			drain_ms = c->o->drain_ms;
		listen_close(c->l, c->n_l);	/* the next server may have the addresses */
		c->n_l = 0;
	}
	h->kill_ms = crew_clock_ms() + (h->ending ? 0 : drain_ms) + KILL_MS;
	h->ending = 1;
	tell_all(h, SIGTERM);
}

static void reload(struct house *h)
{
	size_t i;

	for (i = 0; i < h->n_crews; i++)
		if (h->crews[i].o->reload)
			h->crews[i].o->reload(h->crews[i].o->ctx);
	tell_all(h, SIGHUP);
}

static void signals(struct house *h)
{
	struct signalfd_siginfo s;
	size_t i;

	while (read(h->sigfd, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT)
			end_all(h);
		if (s.ssi_signo == SIGHUP)
			reload(h);
	}
	for (i = 0; i < h->n_crews; i++)
		crew_reap(&h->crews[i]);
}

/* Is there nobody left, and will nobody come?  since: when it last had a client. */
static int is_over(const struct crew *c, int64_t since, int64_t now)
{
	return c->n_alive == 0 && !crew_waits(c) &&
	       (c->house->ending || !c->own || (c->o->quiet_ms > 0 && now - since >= c->o->quiet_ms));
}

/* those that have to be started; how long until there is something to do, -1: for ever */
static int look_after(struct house *h, int64_t quiet_from[CREWS_MAX], int *over)
{
	int64_t now = crew_clock_ms(), next = INT64_MAX, at;
	int often = h->ending;
	size_t i;

	*over = 1;
	for (i = 0; i < h->n_crews; i++) {
		struct crew *c = &h->crews[i];

		at = crew_start_again(c);
		next = at < next ? at : next;
		if (c->n_alive)
			quiet_from[i] = now;
		*over &= is_over(c, quiet_from[i], now);
		often |= c->own && c->o->quiet_ms > 0;
	}
	return often ? 500 : next == INT64_MAX ? -1 : next <= now ? 1 : (int)(next - now) + 1;
}

/* the listeners of groups whose clients get a pump each, and have room for one more */
static size_t doors(struct house *h, struct pollfd *fds, struct listener **l, struct crew **of)
{
	size_t i, k, n = 0;

	for (i = 0; i < h->n_crews; i++) {
		struct crew *c = &h->crews[i];

		for (k = 0; c->own && !h->ending && crew_has_place(c) && k < c->n_l; k++, n++) {
			fds[n] = (struct pollfd){ .fd = c->l[k].fd, .events = POLLIN };
			l[n] = &c->l[k];
			of[n] = c;
		}
	}
	return n;
}

static void loop(struct house *h)
{
	enum { DOORS = CREWS_MAX * LISTEN_MAX };
	struct pollfd fds[2 + DOORS] = { { .fd = h->sigfd, .events = POLLIN }, { .events = POLLIN } };
	struct listener *l[DOORS];
	struct crew *of[DOORS];
	int64_t quiet_from[CREWS_MAX];
	int timeout, over;
	size_t i, n;

	for (i = 0; i < h->n_crews; i++)
		quiet_from[i] = crew_clock_ms();
	for (;;) {
		timeout = look_after(h, quiet_from, &over);
		if (over)
			return;
		if (h->ending && crew_clock_ms() >= h->kill_ms)
			tell_all(h, SIGKILL);
		n = doors(h, fds + 2, l, of);
		fds[1].fd = h->ending ? -1 : h->ask_fd;
		if (poll(fds, 2 + n, timeout) <= 0)
			continue;
		for (i = 0; i < n; i++)
			if (fds[2 + i].revents)
				crew_take_client(of[i], l[i]);
		if (fds[1].revents)
			end_all(h);
		if (fds[0].revents)
			signals(h);
	}
}

/* ---- beginning ---- */

static int hear_signals(struct house *h)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &h->mask);
	h->sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	h->ask_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return h->sigfd < 0 || h->ask_fd < 0 ? err_sys("waiting for signals") : 0;
}

/* the addresses of a group; how: what was given, where it has none of its own */
static int listen_at(struct crew *c, int *how)
{
	const char *const *spec;
	int rc = 0, tls = c->o->tls_given && !c->o->listen;
	size_t i;

	if (!c->o->listen)
		rc = *how = listen_given(c->l, &c->n_l);
	for (spec = c->o->listen; rc == 0 && spec && *spec; spec++)
		rc = listen_open(*spec, c->l, &c->n_l);
	for (i = 0; i < c->n_l; i++) {
		if (!c->o->listen)
			c->l[i].tls = c->o->tls_given;
		tls |= c->l[i].tls;
	}
	return rc >= 0 && tls ? secrets_make(&c->secrets, c->o) : rc < 0 ? rc : 0;
}

/* may that be reached by others? */
static int check_local(const struct crew *c, int how)
{
	size_t i;

	if (!c->o->only_local)
		return 0;
	if (!c->o->listen && how == LISTEN_CONNECTED && !socket_is_local(0))
		return err_set(ERR_USAGE, "the socket that was given: %s", c->o->only_local);
	for (i = 0; i < c->n_l; i++)
		if (!c->l[i].is_local)
			return err_set(ERR_USAGE, "'%s': %s", c->l[i].text, c->o->only_local);
	return 0;
}

static void say_ready(const struct crew *c)
{
	size_t i;

	for (i = 0; c->o->ready && i < c->n_l; i++)
		c->o->ready(c->o->ctx, c->l[i].text);
}

static int keep_house(struct house *h)
{
	int rc = hear_signals(h);
	size_t i;

	for (i = 0; rc == 0 && i < h->n_crews; i++)
		rc = crew_begin(&h->crews[i]);
	for (i = 0; rc == 0 && i < h->n_crews; i++)
		say_ready(&h->crews[i]);
	if (rc < 0)
		end_all(h);
	if (h->sigfd >= 0) {
		loop(h);
		close(h->sigfd);
		if (h->ask_fd >= 0)
			close(h->ask_fd);
		sigprocmask(SIG_SETMASK, &h->mask, NULL);
	}
	return rc;
}

static int run(struct house *h)
{
	struct pump_start one = { .fd = 0, .report = -1, .ask_fd = -1 };
	int rc = 0, how = LISTEN_NONE;
	size_t i;

	for (i = 0; rc == 0 && i < h->n_crews; i++) {
		rc = listen_at(&h->crews[i], &how);
		if (rc == 0)
			rc = check_local(&h->crews[i], how);
	}
	if (rc < 0)
		return rc;
	if (how == LISTEN_CONNECTED && h->n_crews > 1)
		return err_set(ERR_USAGE, "a client was given: there is nobody who could listen, too");
	if (how == LISTEN_CONNECTED) {
		one.o = h->crews->o;
		one.tls = one.o->tls_given;
		one.secrets = h->crews->secrets;
		return pump_run(&one);
	}
	for (i = 0; i < h->n_crews; i++)
		if (h->crews[i].n_l == 0)
			return err_set(ERR_USAGE, "no address to listen at, and no socket was given");
	return keep_house(h);
}

int serve_run_groups(const struct serve_opts *const *groups, size_t n)
{
	struct house h = { .n_crews = n, .sigfd = -1, .ask_fd = -1 };
	size_t i, given = 0;
	int rc;

	for (i = 0; i < n; i++)
		given += !groups[i]->listen;
	if (n == 0 || n > CREWS_MAX || given > 1)
		return err_set(ERR_USAGE, "%zu groups of addresses, %zu of them given", n, given);
	if (log_share() < 0)
		log_info("serve", "processes say the same one after the other: %s", err_text());
	h.crews = calloc(n, sizeof *h.crews);
	if (!h.crews)
		return err_nomem();
	for (i = 0; i < n; i++) {
		h.crews[i].house = &h;
		h.crews[i].o = groups[i];
	}
	rc = run(&h);
	for (i = 0; i < n; i++)
		crew_clear(&h.crews[i]);
	free(h.crews);
	return rc;
}

int serve_run(const struct serve_opts *o)
{
	return serve_run_groups(&o, 1);
}
