/* the other program is a shell script here, which answers as it likes */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../memdag.h"
#include "ops/coproc.h"

static struct memdag m;
static struct cid here, there;

/* a program that runs this; argv for it */
static const char *const *program(const char *script)
{
	char *path = unit_kept(4096);
	const char **argv = unit_kept(2 * sizeof *argv);
	int fd;

	snprintf(path, 4096, "%s/program", unit_tmpdir());
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0 || dprintf(fd, "#!/bin/sh\n%s\n", script) < 0 || close(fd) < 0)
		abort();
	argv[0] = path;
	argv[1] = NULL;
	return argv;
}

static void setup(void)
{
	struct memdag other;

	memdag_init(&m);
	memdag_init(&other);
	here = memdag_add(&m, 1, CID_RAW, span_str("here"));
	there = memdag_add(&other, 1, CID_RAW, span_str("there"));
}

static int get(struct coproc *p, const struct cid *cid, const char *want)
{
	struct buf out = BUF_INIT(100);
	int rc = dag_get(coproc_source(p), cid, &out);

	if (rc == 0)
		CHECK_STR((char *)out.data, want);
	else
		CHECK(out.len == 0);
	buf_clear(&out);
	return rc;
}

static void answers(void)
{
	struct coproc *p;
	struct buf out = BUF_INIT(100);
	uint64_t len = 0;

	setup();
	NEED(coproc_new(&p, &m.source, program("while read -r line; do case $line in\n"
					       "/*) printf 'OK 6\\n/ipfs/' ;;\n"
					       "bafkrei*) printf 'OK 5\\nthere' ;;\nesac; done")) == 0);
	CHECK(get(p, &here, "here") == 0);
	CHECK(get(p, &there, "there") == 0);
	CHECK(dag_has(coproc_source(p), &there) == 1);
	CHECK(dag_size(coproc_source(p), &there, &len) == 0 && len == 5);
	CHECK(coproc_resolve(p, "/ipns/x", &out) == 0);
	CHECK_STR((char *)out.data, "/ipfs/");
	CHECK_ERR(coproc_resolve(p, "/ipns/a\nb", &out), ERR_USAGE);
	coproc_free(p);
	buf_clear(&out);
}

/* it is started only when something is missing */
static void idle(void)
{
	static const char *const none[] = { "/nonexistent/program", NULL };
	struct coproc *p;

	setup();
	NEED(coproc_new(&p, &m.source, none) == 0);
	CHECK(get(p, &here, "here") == 0);
	CHECK_ERR(get(p, &there, ""), ERR_IO);
	CHECK_ERR(get(p, &there, ""), ERR_IO);
	coproc_free(p);
}

static void refuses(void)
{
	struct coproc *p;

	setup();
	NEED(coproc_new(&p, &m.source, program("while read -r line; do printf 'NOTFOUND 5\\nsorry'; done")) == 0);
	CHECK_ERR(get(p, &there, ""), ERR_NOTFOUND);
	CHECK(strstr(err_text(), "sorry"));
	CHECK(dag_has(coproc_source(p), &there) == 0);
	coproc_free(p);
}

/* what it says is not believed, and nothing it does ends us */
static void bad(void)
{
	static const struct { const char *script; int rc; } t[] = {
		{ "read -r line; printf 'OK 5\\nother'", ERR_CORRUPT },
		{ "read -r line; printf 'OK 5\\nthe'", ERR_IO },
		{ "read -r line; printf 'OK'", ERR_IO },
		{ "read -r line; printf 'OK five\\n'", ERR_IO },
		{ "read -r line; printf 'OK 99999999999\\n'", ERR_LIMIT },
		{ "read -r line; printf 'SURPRISE 2\\nno'", ERR_IO },
		{ "read -r line; yes | tr -d '\\n'", ERR_IO },
		{ "exit 1", ERR_IO },
		{ "exec <&-; sleep 0.1; exit 1", ERR_IO },
	};
	struct coproc *p;
	size_t i;

	setup();
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		NEED(coproc_new(&p, &m.source, program(t[i].script)) == 0);
		CHECK_ERR(get(p, &there, ""), t[i].rc);
		CHECK(get(p, &here, "here") == 0);
		coproc_free(p);
	}
}

static void other_side(void)
{
	char got[64] = "";
	int fd[2];

	NEED(pipe(fd) == 0);
	CHECK(coproc_answer(fd[1], 0, span_str("block")) == 0);
	err_set(ERR_BUSY, "later");
	CHECK(coproc_answer(fd[1], ERR_BUSY, span_str("")) == 0);
	CHECK(coproc_answer(fd[1], 0, span_of(NULL, 0)) == 0);
	close(fd[1]);
	CHECK(read(fd[0], got, sizeof got - 1) > 0);
	CHECK_STR(got, "OK 5\nblockBUSY 5\nlaterOK 0\n");
	close(fd[0]);
}

int main(void)
{
	RUN(answers);
	RUN(idle);
	RUN(refuses);
	RUN(bad);
	RUN(other_side);
	return UNIT_END();
}
