/* walk_test.c - trees of files: order, depth, width, symlinks, and what is not a file */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ops/walk.h"
#include "tests/unit/unit.h"

static char *dir;
static struct buf story;

static const char *at(const char *name)
{
	static char path[2][8192];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
	return path[turn];
}

static void touch(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		abort();
	close(fd);
}

/* the walk as a line: f:name d:name/ … */
static const char *tell(const char *path, const struct walk_opts *o)
{
	static const char marks[] = "-fl(){!";
	struct walk_entry e;
	struct walk *w;
	int ev;

	buf_init(&story, 1 << 20);
	story.data = NULL;
	story.len = story.cap = 0;
	if (walk_new(&w, path, o) < 0)
		return "no walk";
	while ((ev = walk_next(w, &e)) > 0) {
		if (ev == WALK_FAIL)
			buf_printf(&story, "%s%s!%s", story.len ? " " : "", e.rel, err_name(e.rc));
		else if (ev == WALK_OTHER)
			buf_printf(&story, "%s%s=%s", story.len ? " " : "", e.rel, walk_kind(e.st.st_mode));
		else
			buf_printf(&story, "%s%c%s", story.len ? " " : "", marks[ev], e.rel);
	}
	if (ev < 0)
		buf_printf(&story, " ended: %s", err_text());
	walk_free(w);
	return story.data ? (char *)story.data : "";
}

#define TELL(path, opts, text) do { CHECK_STR(tell(path, opts), text); buf_clear(&story); } while (0)

static void order_and_kinds(void)
{
	struct walk_opts o = { .depth_max = 100 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	mkdir(at("t"), 0755);
	mkdir(at("t/d"), 0755);
	mkdir(at("t/d/e"), 0755);
	mkdir(at("t/empty"), 0755);
	touch("t/b");
	touch("t/a.x");
	touch("t/a");
	touch("t/\xc3\xa9");
	touch("t/d/f");
	touch("t/.hidden");
	NEED(symlink("d", at("t/ld")) == 0 && symlink("nowhere", at("t/lx")) == 0);
	NEED(mkfifo(at("t/fifo"), 0600) == 0);
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", at("t/sock"));
	NEED(bind(s, (struct sockaddr *)&sun, sizeof sun) == 0);
	close(s);
	TELL(at("t"), &o, "( fa fa.x fb (d (d/e )d/e fd/f )d (empty )empty fifo=a fifo lld llx "
	     "sock=a socket f\xc3\xa9 )");
	o.want_stat = 1;
	TELL(at("t///"), &o, "( fa fa.x fb (d (d/e )d/e fd/f )d (empty )empty fifo=a fifo lld llx "
	     "sock=a socket f\xc3\xa9 )");
	o.hidden = 1;
	o.follow = 1;
	TELL(at("t"), &o, "( f.hidden fa fa.x fb (d (d/e )d/e fd/f )d (empty )empty fifo=a fifo "
	     "(ld (ld/e )ld/e fld/f )ld lx!NOTFOUND sock=a socket f\xc3\xa9 )");
	o = (struct walk_opts){ .depth_max = 1 };
	TELL(at("t/d"), &o, "( (e )e ff )");
	o.depth_max = 0;
	TELL(at("t/d"), &o, "( e!LIMIT ff )");
	TELL(at("t/a"), &o, "f");
	TELL(at("t/ld"), &o, "l");
	TELL(at("t/none"), &o, "!NOTFOUND");
	o.follow_top = 1;
	TELL(at("t/ld"), &o, "( e!LIMIT ff )");
}

static int not_d(void *arg, const char *rel, int is_dir)
{
	(void)arg;
	return strcmp(rel, "d") || !is_dir;
}

static void passed_over(void)
{
	struct walk_opts o = { .depth_max = 9, .want = not_d };

	TELL(at("t"), &o, "( fa fa.x fb (empty )empty fifo=a fifo lld llx sock=a socket f\xc3\xa9 )");
}

static void loops(void)
{
	struct walk_opts o = { .depth_max = 100, .follow = 1 };

	mkdir(at("loop"), 0755);
	mkdir(at("loop/a"), 0755);
	NEED(symlink("..", at("loop/a/up")) == 0 && symlink("self", at("loop/self")) == 0);
	TELL(at("loop"), &o, "( (a a/up!INVALID )a self!IO )");
}

static void deep(void)
{
	struct walk_opts o = { .depth_max = 100000 };
	struct rlimit lim = { 64, 64 }, old;
	enum { DEPTH = 2000 };
	int fd = open(dir, O_RDONLY | O_DIRECTORY), i, n = 0, most = 0, ev;
	struct walk_entry e;
	struct walk *w;

	/* two names at every level, so that every folder is needed again after the deeper one */
	for (i = 0; i < DEPTH; i++) {
		int sub;

		NEED(mkdirat(fd, "deep", 0755) == 0);
		sub = openat(fd, "deep", O_RDONLY | O_DIRECTORY);
		close(fd);
		NEED(sub >= 0);
		close(openat(sub, "zzz", O_WRONLY | O_CREAT, 0644));
		fd = sub;
	}
	close(fd);
	getrlimit(RLIMIT_NOFILE, &old);
	lim.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	NEED(walk_new(&w, at("deep"), &o) == 0);
	while ((ev = walk_next(w, &e)) > 0) {
		if (ev == WALK_FILE) {
			struct stat st;
			int f = walk_open(w, &e, &st);

			CHECK(f >= 0);
			close(f);
			n++;
		}
		if (e.depth > most)
			most = e.depth;
		if (ev == WALK_FAIL)
			CHECK(0);
	}
	CHECK(ev == 0);
	CHECK(n == DEPTH && most == DEPTH);
	walk_free(w);
	setrlimit(RLIMIT_NOFILE, &old);
}

/* more names than are sorted in memory, and folders inside that want the file of names, too */
static void wide(void)
{
	struct walk_opts o = { .depth_max = 5 };
	enum { N = 70000 };
	struct walk_entry e;
	struct walk *w;
	char name[64], before[64] = "";
	int i, n = 0, ev, fd, sub;

	mkdir(at("wide"), 0755);
	mkdir(at("wide/m"), 0755);
	fd = open(at("wide"), O_RDONLY | O_DIRECTORY);
	sub = open(at("wide/m"), O_RDONLY | O_DIRECTORY);
	NEED(fd >= 0 && sub >= 0);
	for (i = 0; i < N; i++) {
		snprintf(name, sizeof name, "%c%06d", "az"[i & 1], (i * 7919) % N);
		NEED(mknodat(fd, name, S_IFREG | 0644, 0) == 0);
		snprintf(name, sizeof name, "n%06d", (i * 7919) % N);
		NEED(mknodat(sub, name, S_IFREG | 0644, 0) == 0);
	}
	close(fd);
	close(sub);
	NEED(walk_new(&w, at("wide"), &o) == 0);
	while ((ev = walk_next(w, &e)) > 0) {
		if (ev == WALK_ENTER || ev == WALK_LEAVE) {
			snprintf(before, sizeof before, "%s", ev == WALK_LEAVE ? e.name : "");
			continue;
		}
		CHECK(ev == WALK_FILE && strcmp(before, e.name) < 0);
		snprintf(before, sizeof before, "%s", e.name);
		n++;
	}
	CHECK(ev == 0 && n == 2 * N);
	walk_free(w);
}

/* a folder that is renamed away while the walk is in it, and something else put in its place */
static void exchanged(void)
{
	struct walk_opts o = { .depth_max = 100 };
	char name[400];
	struct walk_entry e;
	struct walk *w;
	int ev, i, seen = 0;

	mkdir(at("x"), 0755);
	snprintf(name, sizeof name, "x");
	for (i = 0; i < 60; i++) {
		strcat(name, "/d");
		mkdir(at(name), 0755);
	}
	touch("x/d/z");
	touch("x/d/d/z");
	NEED(walk_new(&w, at("x"), &o) == 0);
	while ((ev = walk_next(w, &e)) > 0) {
		if (e.depth == 60 && !seen++) {
			NEED(rename(at("x/d"), at("away")) == 0);
			NEED(symlink("/etc", at("x/d")) == 0);
		}
		CHECK(strstr(e.path, "passwd") == NULL);
	}
	CHECK(ev < 0 && seen);		/* said, not silently wrong */
	walk_free(w);
}

int main(void)
{
	dir = unit_tmpdir();
	RUN(order_and_kinds);
	RUN(passed_over);
	RUN(loops);
	RUN(deep);
	RUN(wide);
	RUN(exchanged);
	return UNIT_END();
}
