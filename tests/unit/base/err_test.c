/* err_test.c - codes, statuses, and the last message */
#include <errno.h>
#include <pthread.h>

#include "tests/unit/unit.h"

static void set_and_add(void)
{
	char long_text[5000];

	CHECK(err_set(ERR_CORRUPT, "segment '%s', offset %d: bad", "0007", 4096) == ERR_CORRUPT);
	CHECK_STR(err_text(), "segment '0007', offset 4096: bad");
	CHECK(err_add(ERR_CORRUPT, "reading pin '%s'", "site") == ERR_CORRUPT);
	CHECK_STR(err_text(), "reading pin 'site': segment '0007', offset 4096: bad");
	err_set(ERR_IO, "x%sx", err_text());		/* the old message in the new one */
	CHECK_STR(err_text(), "xreading pin 'site': segment '0007', offset 4096: badx");
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = 0;
	err_set(ERR_IO, "%s", long_text);
	CHECK(strlen(err_text()) == 2047);
	err_add(ERR_IO, "%s", "front");
	CHECK(strlen(err_text()) == 2047 && !strncmp(err_text(), "front: aaa", 10));
	err_add(ERR_IO, "%s", long_text);
	CHECK(strlen(err_text()) <= 2047);
}

static void from_errno(void)
{
	static const struct { int e, code; } rows[] = {
		{ ENOENT, ERR_NOTFOUND }, { ENOTDIR, ERR_NOTFOUND }, { EEXIST, ERR_EXISTS },
		{ EACCES, ERR_DENIED }, { EPERM, ERR_DENIED }, { EROFS, ERR_DENIED },
		{ ENOSPC, ERR_NOSPACE }, { EDQUOT, ERR_NOSPACE }, { EFBIG, ERR_NOSPACE },
		{ ENOMEM, ERR_NOMEM }, { EAGAIN, ERR_BUSY }, { EINTR, ERR_INTERRUPTED },
		{ ETIMEDOUT, ERR_TIMEOUT }, { EIO, ERR_IO }, { ENOTTY, ERR_IO },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		errno = rows[i].e;
		CHECK(err_sys("opening '%s'", "f") == rows[i].code);
		CHECK(!strncmp(err_text(), "opening 'f': ", 13));
		CHECK_STR(err_text() + 13, strerror(rows[i].e));
	}
	CHECK_ERR(err_nomem(), ERR_NOMEM);
}

static void statuses(void)
{
	CHECK(err_exit(0) == 0 && err_exit(5) == 0 && err_http(0) == 200 && err_grpc(1) == 0);
	CHECK(err_exit(ERR_NOTFOUND) == 1 && err_http(ERR_NOTFOUND) == 404 &&
	      err_grpc(ERR_NOTFOUND) == 5);
	CHECK(err_exit(ERR_USAGE) == 2 && err_exit(ERR_BUSY) == 3 && err_exit(ERR_CORRUPT) == 4);
	CHECK_STR(err_name(ERR_NOTFOUND), "NOTFOUND");
	CHECK_STR(err_name(0), "OK");
	CHECK_STR(err_name(7), "OK");
	CHECK_STR(err_name(-1000), "IO");	/* not ours: trouble, whatever it is */
	CHECK(err_exit(-1000) == 4);
	CHECK(ERR_NOTFOUND == -1 && ERR_INTERRUPTED == -15);	/* the numbers are stable */
#define X(name, e, h, g, text) CHECK(ERR_##name < 0 && err_exit(ERR_##name) == e && \
		err_http(ERR_##name) == h && err_grpc(ERR_##name) == g);
	ERR_TABLE(X)
#undef X
}

static void *other(void *seen)
{
	*(int *)seen = strcmp(err_text(), "unknown error");
	err_set(ERR_IO, "theirs");
	return NULL;
}

static void by_thread(void)
{
	pthread_t id;
	int seen = 1;

	err_set(ERR_IO, "ours");
	NEED(pthread_create(&id, NULL, other, &seen) == 0);
	pthread_join(id, NULL);
	CHECK(seen == 0);
	CHECK_STR(err_text(), "ours");
}

int main(void)
{
	RUN(set_and_add);
	RUN(from_errno);
	RUN(statuses);
	RUN(by_thread);
	return UNIT_END();
}
