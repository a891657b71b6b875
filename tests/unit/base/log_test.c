/* log_test.c - talk for people, by room */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
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

/* what one process sets holds for those that were there before; what one says others can read */
static void processes_share(void)
{
	int saved = dup(2), null = open("/dev/null", O_WRONLY | O_CLOEXEC), go[2], status;
	enum log_level level;
	struct log_entry e;
	uint64_t at, n;
	pid_t pid;

	unsetenv("IPFRS_LOG");
	CHECK_ERR(log_set("store", LOG_DEBUG_), ERR_UNSUPPORTED);
	NEED(log_share() == 0 && log_share() == 0 && pipe(go) == 0);
	CHECK(log_level("store", &level) == 0 && level == LOG_WARN_);
	pid = fork();
	if (pid == 0) {
		char c;

		dup2(null, 2);
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		log_debug("store", "number %d", 1);
		log_debug("pin", "number %d", 2);
		_exit(0);
	}
	at = log_now();
	CHECK(log_set("store", LOG_DEBUG_) == 0);
	CHECK(!log_next(&at, &e));
	CHECK(write(go[1], "g", 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	NEED(log_next(&at, &e) == 1);
	CHECK_STR(e.text, "number 1");
	CHECK_STR(e.room, "store");
	CHECK(e.level == LOG_DEBUG_ && e.time_ms > INT64_C(1600000000000));
	CHECK(!log_next(&at, &e));
	CHECK_ERR(log_set("nowhere", LOG_DEBUG_), ERR_NOTFOUND);
	CHECK_ERR(log_level("nowhere", &level), ERR_NOTFOUND);
	CHECK_ERR(log_level_parse("loud", &level), ERR_USAGE);
	/* all at once, and more lines than are kept: the oldest are passed over */
	CHECK(log_set(NULL, LOG_INFO_) == 0 && log_level("store", &level) == 0 && level == LOG_INFO_);
	dup2(null, 2);
	for (n = 0; n < 1000; n++)
		log_info("pin", "line %d", (int)n);
	dup2(saved, 2);
	for (n = 0; log_next(&at, &e); n++)
		;
	CHECK(n > 0 && n < 1000 && at == log_now());
	CHECK_STR(e.text, "line 999");
	CHECK(log_set(NULL, LOG_WARN_) == 0);
	close(saved);
	close(null);
	close(go[0]);
	close(go[1]);
}

/* lines of the text that is read from fd */
static int count_lines(int fd, const char *line)
{
	struct buf got = BUF_INIT(100000);
	int n = 0;
	char *p;

	CHECK(io_slurp(fd, &got, "pipe") == 0 && buf_u8(&got, 0) == 0);
	for (p = (char *)got.data; p && (p = strstr(p, line)); p++)
		n++;
	buf_clear(&got);
	return n;
}

/* a fault that all processes of a server find was told by each of them */
static void many_say_the_same(void)
{
	int saved = dup(2), p[2], i, status;
	pid_t pid[8];

	NEED(log_share() == 0 && saved >= 0 && pipe(p) == 0 && dup2(p[1], 2) == 2);
	close(p[1]);
	for (i = 0; i < 8; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			log_once("serve", LOG_WARN_, "the list of '%s' is broken", "x");
			log_once("serve", LOG_WARN_, "process %d", i);
			_exit(0);
		}
	}
	for (i = 0; i < 8; i++)
		CHECK(waitpid(pid[i], &status, 0) == pid[i] && status == 0);
	/* who says it again has been told to again */
	log_once("serve", LOG_WARN_, "twice");
	log_once("serve", LOG_WARN_, "twice");
	log_once("serve", LOG_INFO_, "not wanted");
	dup2(saved, 2);
	close(saved);
	CHECK(count_lines(p[0], "\n") == 1 + 8 + 2);
	close(p[0]);
}

int main(void)
{
	RUN(levels);
	RUN(lines);
	RUN(processes_share);
	RUN(many_say_the_same);
	return UNIT_END();
}
