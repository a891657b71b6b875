/* log_test.c - talk for people, by room */
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "tests/unit/unit.h"

static void levels(void)
{
	unsetenv("IPFRS_LOG");
	log_start("test", 0);
	CHECK(log_wants("store", LOG_ERROR_) && log_wants("store", LOG_WARN_));
	CHECK(!log_wants("store", LOG_INFO_));
	log_start("test", 1);
	CHECK(log_wants("store", LOG_INFO_) && !log_wants("store", LOG_DEBUG_));
	log_start("test", -1);
	CHECK(log_wants("store", LOG_ERROR_) && !log_wants("store", LOG_WARN_));
	log_start("test", 0);
	setenv("IPFRS_LOG", "store=debug,http=info", 1);
	CHECK(log_wants("store", LOG_DEBUG_) && log_wants("http", LOG_INFO_));
	CHECK(!log_wants("http", LOG_DEBUG_) && !log_wants("pin", LOG_INFO_));
	CHECK(!log_wants("stor", LOG_INFO_) && !log_wants("stores", LOG_INFO_));
	setenv("IPFRS_LOG", "info,store=error", 1);
	CHECK(log_wants("pin", LOG_INFO_) && !log_wants("store", LOG_WARN_));
	setenv("IPFRS_LOG", "nonsense,,=,store=loud", 1);
	CHECK(log_wants("store", LOG_WARN_) && !log_wants("store", LOG_INFO_));
	unsetenv("IPFRS_LOG");
}

/* a line longer than its buffer still ends as a line */
static void lines(void)
{
	struct buf got = BUF_INIT(10000);
	int saved = dup(2), p[2];
	char text[4000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	NEED(saved >= 0 && pipe(p) == 0 && dup2(p[1], 2) == 2);
	close(p[1]);
	log_warn("store", "block '%s' is gone", "b");
	log_debug("store", "not %s", "said");
	log_warn("store", "%s", text);
	dup2(saved, 2);
	close(saved);
	NEED(io_slurp(p[0], &got, "pipe") == 0);
	close(p[0]);
	CHECK(!strncmp((char *)got.data, "test: block 'b' is gone\ntest: xxx", 33));
	CHECK(got.data[got.len - 1] == '\n' && got.len < 24 + 2048);
	buf_clear(&got);
}

int main(void)
{
	RUN(levels);
	RUN(lines);
	return UNIT_END();
}
