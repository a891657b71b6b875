/* sig.c - signals end the program, but tidily */
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "base/sig.h"

enum { SIG_SLOTS = 32 };

static struct {
	_Atomic(const char *) path;	/* NULL: free; slot_claim: being filled */
	int dirfd;
} slots[SIG_SLOTS];

static const char slot_claim[] = "";

static void on_signal(int sig)
{
	int i;

	for (i = 0; i < SIG_SLOTS; i++) {
		const char *p = atomic_load(&slots[i].path);

		if (p && p != slot_claim)
			unlinkat(slots[i].dirfd, p, 0);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

void sig_start(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal }, old;
	size_t i;

	sigfillset(&sa.sa_mask);
	for (i = 0; i < sizeof sigs / sizeof *sigs; i++)
		if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(sigs[i], &sa, NULL);	/* nohup stays nohup */
	if (sigaction(SIGXFSZ, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		signal(SIGXFSZ, SIG_IGN);	/* write(2) says EFBIG then, and who wrote tidies up */
}

int sig_unlink_later(int dirfd, const char *path)
{
	int i;

	for (i = 0; i < SIG_SLOTS; i++) {
		const char *none = NULL;

		if (!atomic_compare_exchange_strong(&slots[i].path, &none, slot_claim))
			continue;
		slots[i].dirfd = dirfd;
		atomic_store(&slots[i].path, path);
		return i;
	}
	return -1;
}

void sig_unlink_done(int slot)
{
	if (slot >= 0)
		atomic_store(&slots[slot].path, NULL);
}
