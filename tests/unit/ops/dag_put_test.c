#include <fcntl.h>
#include <unistd.h>

#include "ops/dag.h"
#include "opstore.h"

/* what became of each node: '.' stored, 'x' refused */
struct told {
	char text[8192];
	int n, stop_at, waits;
	struct cid last;
};

static int put(void *arg, const struct cid *cid, int rc)
{
	struct told *t = arg;

	CHECK((cid == NULL) == (rc < 0));
	t->text[t->n++] = cid ? '.' : 'x';
	if (cid)
		t->last = *cid;
	else
		CHECK(*err_text());
	return t->n == t->stop_at ? 77 : 0;
}

static void wait_for_more(void *arg)
{
	((struct told *)arg)->waits++;
}

/* an unnamed file with this in it, at its start */
static int file_of(const char *text)
{
	char name[4200];
	int fd;

	snprintf(name, sizeof name, "%s/input", unit_tmpdir());
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static int run(struct store *st, struct ops_dag_put *o, const char *text, struct told *t)
{
	struct dag_putter *p;
	int fd = file_of(text), rc, end;

	o->put = put;
	o->wait = wait_for_more;
	o->arg = t;
	rc = ops_dag_put_begin(&p, st, o);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = ops_dag_put_fd(p, fd, "input");
	end = ops_dag_put_end(p);
	close(fd);
	return rc ? rc : end;
}

static void the_store_gets_what_was_told(void)
{
	struct store *st = opstore();
	struct ops_dag_put o;
	struct told t = { .n = 0 }, name = { .n = 0 };

	ops_dag_put_init(&o);
	CHECK(run(st, &o, "{\"a\":1}", &t) == 0);
	CHECK_STR(t.text, ".");
	CHECK(t.last.codec == CID_DAG_CBOR && dag_has(store_source(st), &t.last) == 1);
	CHECK(run(NULL, &o, "{\"a\":1}", &name) == 0);
	CHECK(cid_equal(&t.last, &name.last));
	memset(&name, 0, sizeof name);
	CHECK(run(NULL, &o, "{\"a\":2}", &name) == 0);
	CHECK(dag_has(store_source(st), &name.last) == 0);
	store_close(st);
}

static void lines_in_order_good_and_bad(void)
{
	struct store *st = opstore();
	struct ops_dag_put o;
	struct told t = { .n = 0 }, stop = { .stop_at = 2 };

	ops_dag_put_init(&o);
	o.lines = 1;
	CHECK(run(st, &o, "1\n\nx\n2\n3\ny\n\t \r\n4", &t) == 0);
	CHECK_STR(t.text, ".x..x.");
	CHECK(run(st, &o, "1\n2\n3\n", &stop) == 77 && stop.n == 2);
	store_close(st);
}

/* a file that is not there is told in its place, and the next is read */
static void files_by_name(void)
{
	struct told t = { .n = 0 };
	struct dag_putter *p;
	struct ops_dag_put o;
	char name[4200];
	int fd;

	snprintf(name, sizeof name, "%s/input", unit_tmpdir());
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	NEED(fd >= 0 && write(fd, "{}", 2) == 2 && close(fd) == 0);
	ops_dag_put_init(&o);
	o.put = put;
	o.arg = &t;
	NEED(ops_dag_put_begin(&p, NULL, &o) == 0);
	CHECK(ops_dag_put_path(p, name) == 0);
	CHECK(ops_dag_put_path(p, "/nonexistent/file") == 0);
	CHECK_STR(t.text, ".x");
	CHECK(ops_dag_put_path(p, name) == 0);
	CHECK(ops_dag_put_end(p) == 0);
	CHECK_STR(t.text, ".x.");
}

/* lines of a pipe are told before we wait for more */
static void a_pipe_is_answered(void)
{
	struct store *st = opstore();
	struct dag_putter *p;
	struct ops_dag_put o;
	struct told t = { .n = 0 };
	int fds[2];

	NEED(pipe(fds) == 0);
	ops_dag_put_init(&o);
	o.lines = 1;
	o.put = put;
	o.wait = wait_for_more;
	o.arg = &t;
	NEED(ops_dag_put_begin(&p, st, &o) == 0);
	CHECK(write(fds[1], "1\n2\n", 4) == 4);
	close(fds[1]);
	CHECK(ops_dag_put_fd(p, fds[0], "pipe") == 0);
	CHECK(ops_dag_put_end(p) == 0);
	CHECK_STR(t.text, "..");
	close(fds[0]);
	store_close(st);
}

static void codecs(void)
{
	struct ops_dag_put o;
	struct told t = { .n = 0 };

	ops_dag_put_init(&o);
	o.input = CID_LIBP2P_KEY;
	CHECK_ERR(run(NULL, &o, "", &t), ERR_UNSUPPORTED);
	ops_dag_put_init(&o);
	o.block.codec = CID_LIBP2P_KEY;
	CHECK_ERR(run(NULL, &o, "", &t), ERR_UNSUPPORTED);
	ops_dag_put_init(&o);
	o.block.codec = CID_DAG_PB;		/* a value it has no shape for */
	CHECK(run(NULL, &o, "{\"a\":1}", &t) == 0);
	CHECK_STR(t.text, "x");
	ops_dag_put_init(&o);
	o.input = CID_DAG_PB;
	o.block.codec = CID_DAG_PB;
	CHECK(run(NULL, &o, "", &t) == 0);	/* the empty node is one */
	CHECK_STR(t.text, "x.");
	CHECK(t.last.codec == CID_DAG_PB && t.last.version == 1);
}

static void forbidden_hashes(void)
{
	struct store *st = opstore();
	struct ops_dag_put o;
	struct told t = { .n = 0 };

	ops_dag_put_init(&o);
	o.block.hash = MH_MURMUR3_X64_64;
	CHECK(run(NULL, &o, "1", &t) == 0 && run(st, &o, "1", &t) == 0);
	CHECK_STR(t.text, "xx");
	store_close(st);
}

struct gives {
	const char *text;
	size_t left;
	int rc;
};

static ssize_t gives_read(void *arg, void *p, size_t len)
{
	struct gives *g = arg;
	size_t n = g->left < 3 ? g->left : 3;

	if (n > len)
		n = len;
	memcpy(p, g->text, n);
	g->text += n;
	g->left -= n;
	return n == 0 && g->rc ? err_set(g->rc, "the client is gone") : (ssize_t)n;
}

static void from_a_function(void)
{
	struct store *st = opstore();
	struct gives g = { "{\"a\":1}", 7, 0 };
	struct ops_dag_put o;
	struct dag_putter *p;
	struct told t = { .n = 0 };
	char text[CID_TEXT_MAX];

	ops_dag_put_init(&o);
	o.put = put;
	o.arg = &t;
	NEED(ops_dag_put_begin(&p, st, &o) == 0);
	CHECK(ops_dag_put_read(p, gives_read, &g) == 0);
	g = (struct gives){ "{bad", 4, 0 };
	CHECK(ops_dag_put_read(p, gives_read, &g) == 0);
	g = (struct gives){ "[1", 2, ERR_INTERRUPTED };
	CHECK_ERR(ops_dag_put_read(p, gives_read, &g), ERR_INTERRUPTED);
	CHECK(ops_dag_put_end(p) == 0);
	CHECK_STR(t.text, ".x");
	CHECK_STR(cid_text(&t.last, text), "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey");
	store_close(st);
}

/* its code is 0, which is not "none given" */
static void identity_is_a_hash(void)
{
	struct ops_dag_put o;
	struct told t = { .n = 0 };
	char text[CID_TEXT_MAX];

	ops_dag_put_init(&o);
	o.block.hash = MH_IDENTITY;
	CHECK(run(NULL, &o, "{\"a\":1}", &t) == 0);
	CHECK_STR(cid_text(&t.last, text), "bafyqabfbmfqqc");
}

int main(void)
{
	RUN(the_store_gets_what_was_told);
	RUN(lines_in_order_good_and_bad);
	RUN(files_by_name);
	RUN(a_pipe_is_answered);
	RUN(codecs);
	RUN(forbidden_hashes);
	RUN(from_a_function);
	RUN(identity_is_a_hash);
	return UNIT_END();
}
