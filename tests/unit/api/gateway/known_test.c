/* what was found by looking is remembered, by all processes */
#include <sys/wait.h>
#include <unistd.h>

#include "api/gateway/gateway_priv.h"
#include "base/err.h"
#include "unit.h"

static struct cid cid_of(unsigned n)
{
	struct cid c = { .version = 1, .codec = 0x55, .len = 40 };

	memcpy(c.bytes, &n, sizeof n);
	memcpy(c.bytes + 36, &n, sizeof n);
	return c;
}

static void another_process_knows(void)
{
	struct gw_known *k;
	struct cid a = cid_of(1), b = cid_of(2);
	int status;
	pid_t pid;

	NEED(gw_known_new(&k) == 0);
	CHECK(!gw_known_get(k, &a) && !gw_known_get(NULL, &a));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		gw_known_put(k, &a, "text/html");
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(gw_known_get(k, &a) && !strcmp(gw_known_get(k, &a), "text/html"));
	CHECK(!gw_known_get(k, &b));
	gw_known_put(k, &a, "image/png");
	CHECK(!strcmp(gw_known_get(k, &a), "image/png"));
	gw_known_free(k);
}

static void many_at_once(void)
{
	static const char *const types[] = { "a/a", "bbbbbbbbbbbbbbbbb/bbbbbbbbbbbbbbbbbbbb", "c/ccccccc" };
	struct gw_known *k;
	int n, status, bad = 0;
	unsigned i;
	pid_t pid[3];

	NEED(gw_known_new(&k) == 0);
	fflush(stdout);
	for (n = 0; n < 3; n++)
		if ((pid[n] = fork()) == 0) {
			for (i = 0; i < 300000; i++) {
				struct cid c = cid_of(i % 7);
				const char *t;

				gw_known_put(k, &c, types[i % 7 % 3]);
				t = gw_known_get(k, &c);
				bad += t && strcmp(t, types[i % 7 % 3]) != 0;
			}
			_exit(bad ? 1 : 0);
		}
	for (n = 0; n < 3; n++)
		CHECK(waitpid(pid[n], &status, 0) == pid[n] && status == 0);
	gw_known_free(k);
}

int main(void)
{
	RUN(another_process_knows);
	RUN(many_at_once);
	return UNIT_END();
}
