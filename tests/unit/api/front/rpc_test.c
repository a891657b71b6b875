/* requests to the RPC, and what becomes of them where it is answered and where not; what its workers can write */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/sandbox.h"
#include "key/key.h"
#include "name/name.h"
#include "ops/add.h"
#include "pin/pin.h"
#include "tests/unit/api/front/rig.h"

/* ---- roles ---- */

#define FORM "content-type: multipart/form-data; boundary=x\n"

static int rpc_says_so(void)		/* GET is refused by the RPC, in its words */
{
	int status = rig_ask("GET", "/api/v0/version", "origin: http://a.example\n");

	return status == 405 && !strcmp(rig_body(), "405 - Method Not Allowed\n") && !strcmp(rig_field("allow"), "OPTIONS, POST");
}

static void only_the_gateway(void)
{
	rig_roles = FRONT_GATEWAY;
	rig_open("");
	CHECK(rig_ask("GET", "/api/v0/version", NULL) == 404);
	CHECK_STR(rig_body(), "404 page not found\n");
	CHECK(rig_ask("POST", "/api/v0/version", NULL) == 404);
	CHECK(rig_ask("OPTIONS", "/api/v0/version", "access-control-request-method: POST\norigin: http://a\n") == 404);
	rig_host = "bafkqaaa.ipfs.localhost:8080";	/* such a path of a site is content, and not here */
	CHECK(rig_ask("GET", "/api/v0/version", NULL) == 404 && strcmp(rig_body(), "404 page not found\n"));
	rig_host = "127.0.0.1:8080";
	CHECK(rig_ask("GET", "/ipfs/bafkqaaa", NULL) == 200);
	CHECK(!front_guarded(rig.f));
	rig_close();
}

static void only_the_rpc(void)
{
	static const char *const paths[] = { "/", "/ipfs/bafkqaaa", "/ipns/a", "/api", "/api/v1/x", "/api/v00", "/favicon.ico" };
	size_t i;

	rig_roles = FRONT_RPC;
	rig_open("rate.requests = 1\nrate.burst = 1\n");
	CHECK(rpc_says_so());
	CHECK_STR(rig_field("access-control-allow-origin"), "");
	CHECK_STR(rig_field("vary"), "Origin");
	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		CHECK(rig_ask("GET", paths[i], "accept-encoding: gzip\n") == 404);
		CHECK_STR(rig_body(), "404 page not found\n");
		CHECK_STR(rig_field("content-type"), "text/plain; charset=utf-8");
		CHECK_STR(rig_field("access-control-allow-origin"), "");
		CHECK(rig_ask("POST", paths[i], NULL) == 404);
	}
	CHECK(rig_ask("GET", "/health", NULL) == 200 && rig_ask("GET", "/health/ready", NULL) == 200);
	CHECK(strstr(rig_body(), "\"healthy\""));
	CHECK(rig_ask("GET", "/metrics", NULL) == 200 && rig_ask("POST", "/metrics", NULL) == 405);
	rig_close();
}

/* the names of sites are the gateway's also where both answer */
static void both(void)
{
	rig_roles = FRONT_GATEWAY | FRONT_RPC;
	rig_open("");
	CHECK(rpc_says_so());
	CHECK(rig_ask("GET", "/ipfs/bafkqaaa", NULL) == 200);
	CHECK(rig_ask("GET", "/health", NULL) == 200);
	rig_host = "bafkqaaa.ipfs.localhost:8080";
	CHECK(!rpc_says_so() && rig.heard.r.status == 404);
	rig_host = "127.0.0.1:8080";
	CHECK(rpc_says_so());
	rig_close();
}

static int reads_at_most(void) { return !rig.f->st || store_flags(rig.f->st) == STORE_READ; }

/* what waits for the next request holds neither the lock of writers nor a lease */
static void a_writer_does_not_wait(void)
{
	struct store_report none = { 0 };

	rig_roles = FRONT_RPC;
	rig_open("");
	CHECK(rpc_says_so() && reads_at_most());
	CHECK(store_reindex(rig.path, &none) == 0);
	CHECK(rig_ask("POST", "/api/v0/repo/gc", NULL) == 200 && !rig.f->st);
	CHECK(store_reindex(rig.path, &none) == 0);
	CHECK(rig_ask("GET", "/health/ready", NULL) == 200 && rig.f->st && store_flags(rig.f->st) == STORE_READ);
	CHECK(store_reindex(rig.path, &none) == 0);
	CHECK(rpc_says_so() && reads_at_most());
	rig_close();
}

/* one store for all that is written, which is opened once, and opened anew when it is another one */
static void a_writer_stays(void)
{
	struct store *was;
	struct config *c;

	rig_roles = FRONT_RPC;
	rig_open("");
	CHECK(rig.f->writes == STORE_WRITE);
	CHECK(rig_ask("POST", "/api/v0/files/mkdir?arg=/a", NULL) == 200 && rig.f->open[1] && !rig.f->st);
	was = rig.f->open[1];
	CHECK(rig_ask("POST", "/api/v0/files/mkdir?arg=/b", NULL) == 200 && rig.f->open[1] == was);
	CHECK(rpc_says_so() && rig.f->open[1] == was);
	CHECK(store_config_load(rig.path, &c) == 0 && config_set(c, "store.max", "1GiB") == 0);
	CHECK(store_config_save(rig.path, c) == 0);
	config_free(c);
	CHECK(rig_ask("POST", "/api/v0/files/mkdir?arg=/c", NULL) == 200);
	CHECK(store_max_bytes(rig.f->open[1]) == 1 << 30);
	CHECK(rig_ask("POST", "/api/v0/files/stat?arg=/c", NULL) == 200);
	rig_close();
}

/* workers of one request each: what only reads keeps others in its process from writing, and is closed for who writes */
static void a_brief_one(void)
{
	struct store *st = NULL;

	rig_roles = FRONT_RPC;
	rig_open("");
	front_end(rig.f);
	front_brief(rig.f);
	CHECK(rpc_says_so() && store_flags(rig.f->st) == STORE_READ_ONLY);
	CHECK_ERR(store_open(&st, rig.path, STORE_WRITE), ERR_DENIED);
	CHECK(rig_ask("POST", "/api/v0/files/mkdir?arg=/a", NULL) == 200 && rig.f->open[1] && !rig.f->open[0]);
	CHECK(rig_ask("POST", "/api/v0/files/stat?arg=/a", NULL) == 200 && store_flags(rig.f->st) == STORE_READ);
	CHECK(rig_ask("POST", "/api/v0/files/mkdir?arg=/b", NULL) == 200);
	CHECK(rig_ask("POST", "/api/v0/files/stat?arg=/b", NULL) == 200);
	rig_close();
}

static void a_writer_may_be_hasty(void)
{
	rig_roles = FRONT_RPC;
	rig_open("rpc.unsynced = yes\n");
	CHECK(rig_ask("POST", "/api/v0/files/mkdir?arg=/a", NULL) == 200);
	CHECK(store_flags(rig.f->open[1]) == (STORE_WRITE | STORE_UNSYNCED));
	rig_close();
}

static void no_store(void)
{
	char away[4300];

	rig_roles = FRONT_RPC;
	rig_open("");
	snprintf(away, sizeof away, "%s.away", rig.path);
	CHECK(rpc_says_so());
	NEED(rename(rig.path, away) == 0);
	CHECK(rpc_says_so());			/* that needs none */
	CHECK(rig_ask("GET", "/health/ready", NULL) == 503);
	NEED(rename(away, rig.path) == 0);
	CHECK(rig_ask("GET", "/health/ready", NULL) == 200);
	rig_close();
}

/* ---- who may ask ---- */

static int put(const char *text)
{
	char path[4300];
	FILE *out;

	snprintf(path, sizeof path, "%s/token/kubo.json", rig.path);
	out = fopen(path, "w");
	if (!out)
		return -1;
	fputs(text, out);
	return fclose(out);
}

static void guarded(void)
{
	rig_roles = FRONT_RPC;
	rig_open("");
	CHECK(!front_guarded(rig.f) && rpc_says_so());
	NEED(put("{\"API\":{\"Authorizations\":{\"a\":{\"AuthSecret\":\"bearer:t\",\"AllowedPaths\":[\"/api/v0\"]}}}}") == 0);
	CHECK(front_reload(rig.f) == 0 && front_guarded(rig.f));
	CHECK(rig_ask("GET", "/api/v0/version", NULL) == 403);
	CHECK(rig_ask("GET", "/api/v0/version", "authorization: Bearer t\n") == 405);
	NEED(put("{") == 0);
	CHECK(front_reload(rig.f) < 0 && front_guarded(rig.f));
	NEED(put("{}") == 0);
	CHECK_ERR(front_reload(rig.f), ERR_DENIED);
	CHECK(front_guarded(rig.f) && rig_ask("GET", "/api/v0/version", NULL) == 403);
	rig_close();
}

/* ---- fences ---- */

static int in_store(const char *name, int flags)
{
	char path[4300];
	int fd;

	snprintf(path, sizeof path, "%s/%s", rig.path, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static struct cid last;

static int added(void *arg, const struct ops_added *e)
{
	(void)arg;
	last = e->node.cid;
	return 0;
}

static int add(struct store *st, int fd, int pin)
{
	struct adder *a = NULL;
	struct ops_add o;
	int rc;

	ops_add_init(&o);
	o.pin = pin;
	o.entry = added;
	rc = lseek(fd, 0, SEEK_SET) < 0 ? ERR_IO : ops_add_begin(&a, st, &o);
	if (rc == 0)
		rc = ops_add_fd(a, fd, "x", NULL);
	if (rc == 0)
		return ops_add_end(a);
	ops_add_free(a);
	return rc;
}

static int keys_and_names(struct store *st)
{
	struct buf record = BUF_INIT(NAME_RECORD_MAX);
	struct name_create c = { .value = span_str("/ipfs/bafkqaaa"), .ttl_ns = 1 };
	struct key *k = NULL;
	int rc = key_generate(KEY_ED25519, 0, &k);

	clock_gettime(CLOCK_REALTIME, &c.ends);
	c.ends.tv_sec += 1000;
	if (rc == 0)
		rc = key_save(rig.path, "one", k, 0);
	if (rc == 0)
		rc = key_rename(rig.path, "one", "two", 0);
	if (rc == 0)
		rc = name_publish(st, k, &c, &record);
	if (rc == 0)
		rc = name_remove(st, key_name(k));
	if (rc == 0)
		rc = key_remove(rig.path, "two");
	key_free(k);
	buf_clear(&record);
	return rc;
}

static int files(struct store *st)
{
	struct pin_mfs m;
	int rc = pin_mfs_begin(st, &m);

	if (rc == 0)
		rc = pin_mfs_set(&m, &last, NULL, 2);
	pin_mfs_end(&m);
	return rc;
}

/* All a writer does, from behind the fence; the number of the step that failed. */
static int writes(int data)
{
	struct pin_gc gc = { .keep_bytes = UINT64_MAX };
	struct pin_gc again = { .keep_bytes = UINT64_MAX };
	int step = 1, rc = front_store(rig.f, STORE_WRITE), more;

#define STEP(call) do { step++; if (rc >= 0) rc = (call); if (rc < 0) goto out; } while (0)
	STEP(rc);
	STEP(add(rig.f->st, data, 1));
	STEP(add(rig.f->st, data, 0));
	STEP(pin_rm(rig.f->st, &last, PIN_RECURSIVE));
	STEP(pin_add(rig.f->st, &last, PIN_RECURSIVE, "a name"));
	STEP(pin_rm(rig.f->st, &last, PIN_RECURSIVE));
	STEP(keys_and_names(rig.f->st));
	front_close(rig.f);
	STEP(front_store(rig.f, STORE_WRITE));
	STEP(pin_gc(rig.f->st, &gc));
	STEP(gc.n_deleted && gc.disk_freed ? 0 : err_set(ERR_IO, "nothing was freed"));
	STEP(add(rig.f->st, data, 0));
	STEP(files(rig.f->st));
	front_close(rig.f);
	STEP(front_store(rig.f, STORE_WRITE));
	STEP(pin_gc(rig.f->st, &again));
	more = again.n_deleted == 0 && again.n_marked > 0;
	STEP(more ? 0 : err_set(ERR_IO, "what is below the files' root was not kept"));
	step = 0;
out:
	if (step)
		printf("# step %d: %s\n", step, err_text());
	fflush(stdout);
	return step;
#undef STEP
}

/* and what it does not; bits */
static int escapes(int have)
{
	struct config *c = rig_config("");
	int bad = 0;

	if (!(have & SANDBOX_PATHS))
		return 0;
	bad |= in_store("config", O_WRONLY) != EACCES;
	bad |= (in_store("lock", O_WRONLY) != EACCES) << 1;
	bad |= (in_store("version", O_RDWR) != EACCES) << 2;
	bad |= (in_store("new", O_WRONLY | O_CREAT) != EACCES) << 3;
	bad |= (store_config_save(rig.path, c) != ERR_DENIED) << 4;
	bad |= (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES || open(STORE_BOOT_ID, O_RDONLY) < 0) << 5;
	bad |= (in_store("../x", O_WRONLY | O_CREAT) != EACCES) << 6;
	if (have & SANDBOX_CALLS)
		bad |= (fork() != -1 || errno != EPERM) << 7;
	config_free(c);
	return bad;
}

static int reads_only(int have)
{
	if (!(have & SANDBOX_PATHS))
		return 0;
	front_close(rig.f);
	return (front_store(rig.f, STORE_WRITE) >= 0) | (in_store("pins/x", O_WRONLY | O_CREAT) != EACCES) << 1 |
	       (in_store("seg/x", O_WRONLY | O_CREAT) != EACCES) << 2 | (in_store("key/x", O_WRONLY | O_CREAT) != EACCES) << 3;
}

static int fences(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct sandbox s = { 0 };
		int got = sandbox_enter(&s, 0);

		_exit(got < 0 ? 0 : got);
	}
	return waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : 0;
}

/* a worker in a process of its own */
static int worker(int (*what)(int), int arg, int spawned)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (spawned && front_spawner(rig.f) < 0)
			_exit(250);
		pid = spawned ? fork() : 0;
		if (pid == 0)
			_exit(front_begin(rig.f) < 0 ? 251 : what(arg));
		_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 252);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* a store with nothing in it but some data in a file, which is opened */
static int some_data(void)
{
	char path[4300];
	FILE *data;
	int i;

	rig_open("");
	front_close(rig.f);			/* a handle is of the process that opened it */
	rig.f->settled = 0;
	rig.f->sandbox = 1;
	snprintf(path, sizeof path, "%s/tmp/data", rig.path);
	data = fopen(path, "w");
	for (i = 0; data && i < 300000; i++)
		fprintf(data, "line %d\n", i);
	return data && fclose(data) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

static void what_may_be_written(void)
{
	static const int roles[] = { FRONT_RPC, FRONT_GATEWAY | FRONT_RPC };
	int have = fences(), spawned, i, fd;

	for (spawned = 0; spawned < 2; spawned++)
		for (i = 0; i < 2; i++) {
			rig_roles = roles[i];
			fd = some_data();
			NEED(fd >= 0);
			CHECK(worker(writes, fd, spawned) == 0);
			CHECK(worker(escapes, have, spawned) == 0);
			close(fd);
			rig_close();
		}
	for (spawned = 0; spawned < 2; spawned++) {
		rig_roles = FRONT_GATEWAY;
		fd = some_data();
		CHECK(fd >= 0 && worker(reads_only, have, spawned) == 0);
		close(fd);
		rig_close();
	}
}

int main(void)
{
	RUN(only_the_gateway);
	RUN(only_the_rpc);
	RUN(both);
	RUN(a_writer_does_not_wait);
	RUN(a_writer_stays);
	RUN(a_brief_one);
	RUN(a_writer_may_be_hasty);
	RUN(no_store);
	RUN(guarded);
	RUN(what_may_be_written);
	return UNIT_END();
}
