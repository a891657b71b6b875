/*
 * unit.h - the test harness: checks that name their line, one `ok`/`not ok` line a test.
 * A test is a void function; RUN(name) runs it.  CHECK goes on after a failure, NEED leaves the
 * test.  CHECK_ERR checks a code and that a message was left.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

__attribute__((unused)) static int unit_bad, unit_failed, unit_count;

#define CHECK(cond) do { if (!(cond)) { unit_bad++; \
	printf("# %s:%d: %s (last message: %s)\n", __FILE__, __LINE__, #cond, err_text()); \
	} } while (0)
#define NEED(cond) do { if (!(cond)) { unit_bad++; \
	printf("# %s:%d: needed %s (last message: %s)\n", __FILE__, __LINE__, #cond, err_text()); \
	return; } } while (0)
#define CHECK_ERR(call, code) do { int rc_; err_set(0, "%s", ""); rc_ = (call); \
	if (rc_ != (code) || !strcmp(err_text(), "unknown error")) { unit_bad++; \
	printf("# %s:%d: %s is %s, not %s (message: %s)\n", __FILE__, __LINE__, #call, \
	err_name(rc_), err_name(code), err_text()); } } while (0)
#define CHECK_STR(a, b) do { const char *a_ = (a), *b_ = (b); if (!a_ || strcmp(a_, b_)) { \
	unit_bad++; printf("# %s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #a, \
	a_ ? a_ : "(null)", b_); } } while (0)
#define RUN(test) do { unit_bad = 0; test(); unit_count++; unit_failed += unit_bad != 0; \
	printf("%s %d - %s %s\n", unit_bad ? "not ok" : "ok", unit_count, unit_name(__FILE__), \
	#test); fflush(stdout); } while (0)
#define UNIT_END() (printf("1..%d\n", unit_count), unit_failed ? 1 : 0)

static inline const char *unit_name(const char *file)
{
	const char *p = strstr(file, "tests/unit/");

	return p ? p + 11 : file;
}

/* unit_kept - an allocation that lives as long as the test program (and is no leak) */
__attribute__((unused)) static void *unit_kept(size_t n)
{
	static void **chain;
	void **p = malloc(n + sizeof *p);

	if (!p)
		abort();
	*p = chain;
	chain = p;
	return p + 1;
}

/* unit_hex - the bytes of a hex string in an allocation that is kept */
__attribute__((unused)) static struct span unit_hex(const char *hex)
{
	size_t n = strlen(hex) / 2, i;
	uint8_t *p = unit_kept(n + 1);

	for (i = 0; i < n; i++) {
		unsigned v;

		if (sscanf(hex + 2 * i, "%2x", &v) != 1)
			abort();
		p[i] = (uint8_t)v;
	}
	return span_of(p, n);
}

/* unit_tmpdir - a fresh empty folder below $TMPDIR, removed by nobody but the test runner */
__attribute__((unused)) static char *unit_tmpdir(void)
{
	const char *base = getenv("TMPDIR");
	char *p = unit_kept(4096);

	snprintf(p, 4096, "%s/ipfrs-unit.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(p))
		abort();
	return p;
}

#endif
