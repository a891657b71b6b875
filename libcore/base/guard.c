/* guard.c - files mapped for reading that may be cut short meanwhile */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/guard.h"

enum { SLOTS = 64 };

/* What the handler looks at.  from is set last and cleared first; 0: free. */
static struct {
	_Atomic uintptr_t from, to;
	_Atomic int hit;
} slots[SLOTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction others;
static int handling;
static uintptr_t page;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr, from, to;
	int i;

	for (i = 0; i < SLOTS; i++) {
		from = slots[i].from;
		to = slots[i].to;
		if (!from || at < from || at >= to)
			continue;
		at -= at % page;
		if (mmap((void *)at, to - at, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    MAP_FAILED)
			break;
		slots[i].hit = 1;
		return;
	}
	if (others.sa_flags & SA_SIGINFO)
		others.sa_sigaction(sig, info, context);
	else if (others.sa_handler != SIG_DFL && others.sa_handler != SIG_IGN)
		others.sa_handler(sig);
	else
		signal(SIGBUS, SIG_DFL);	/* on return it happens again, and ends us */
}

static void handle(void)
{
	struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER };

	if (handling)
		return;
	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigemptyset(&sa.sa_mask);
	handling = sigaction(SIGBUS, &sa, &others) == 0;
}

static int take_slot(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (!slots[i].from)
			return i;
	return -1;
}

int guard_open(struct guard *g, int fd, uint64_t off, uint64_t len)
{
	void *p = MAP_FAILED;
	int i;

	*g = (struct guard){ { NULL, 0 }, -1 };
	if (len == 0 || len > SIZE_MAX / 2)
		return 0;
	pthread_mutex_lock(&lock);
	handle();
	i = handling ? take_slot() : -1;
	if (i >= 0)
		p = mmap(NULL, (size_t)len, PROT_READ, MAP_SHARED, fd, (off_t)off);
	if (p != MAP_FAILED) {
		slots[i].hit = 0;
		slots[i].to = (uintptr_t)p + (size_t)len;
		slots[i].from = (uintptr_t)p;
		*g = (struct guard){ span_of(p, (size_t)len), i };
	}
	pthread_mutex_unlock(&lock);
	return p != MAP_FAILED;
}

void guard_close(struct guard *g)
{
	if (!g->map.p)
		return;
	pthread_mutex_lock(&lock);
	slots[g->slot].from = 0;
	munmap((void *)(uintptr_t)g->map.p, g->map.len);
	pthread_mutex_unlock(&lock);
	*g = (struct guard){ { NULL, 0 }, -1 };
}

int guard_hit(const struct guard *g)
{
	return g->map.p && slots[g->slot].hit;
}
