#include "cartest.h"
#include "ops/dag.h"

static struct store *st;
static struct carblock a, b, sub, top, apart;

/* top { sub { a, b }, a, sub }, and apart { a } */
static void setup(void)
{
	struct carblock l[3];

	st = opstore();
	a = carleaf(20000, 1);
	b = carleaf(300, 2);
	l[0] = a;
	l[1] = b;
	sub = carnode(l, 2);
	l[0] = sub;
	l[1] = a;
	l[2] = sub;
	top = carnode(l, 3);
	apart = carnode(&a, 1);
	l[0] = a;
	l[1] = b;
	carput(st, l, 2);
	carput(st, &sub, 1);
	carput(st, &top, 1);
	carput(st, &apart, 1);
	if (store_commit(st) < 0)
		abort();
}

/* the blocks of an archive as letters */
static int letter(void *arg, const struct car_section *s)
{
	char *p = arg;
	const struct carblock *all[] = { &a, &b, &sub, &top, &apart };
	size_t i;

	for (i = 0; i < 5 && !cid_equal(&all[i]->cid, &s->cid); i++)
		;
	p[strlen(p)] = "absto?"[i];
	CHECK(i < 5 && span_equal(all[i]->bytes, s->data));
	return strlen(p) > 60;
}

static int n_roots;

static int count_roots(void *arg, const struct cid *roots, size_t n)
{
	(void)arg;
	(void)roots;
	n_roots = (int)n;
	return 0;
}

static int run(const char *const *paths, size_t n, struct ops_car_export *o, char out[64])
{
	struct ops_car_ls ls = { .block = letter, .roots = count_roots, .arg = out };
	int fd = tmpfile_nameless(NULL), rc;
	struct ops_car_to to = { .fd = fd };

	memset(out, 0, 64);
	rc = ops_car_export(store_source(st), paths, n, o, &to);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) == 0)
		rc = ops_car_ls(fd, "test", &ls);
	close(fd);
	return rc;
}

static void order(void)
{
	const char *paths[3];
	struct ops_car_export o;
	char got[64];

	setup();
	paths[0] = oppath(&top.cid, "");
	paths[1] = oppath(&apart.cid, "");
	paths[2] = oppath(&top.cid, "/000000");
	ops_car_export_init(&o);
	CHECK(run(paths, 1, &o, got) == 0 && n_roots == 1);
	CHECK_STR(got, "tsab");
	CHECK(o.n_blocks == 4 && o.bytes == 20300 + sub.bytes.len + top.bytes.len);
	CHECK(run(paths, 3, &o, got) == 0 && n_roots == 3);
	CHECK_STR(got, "tsabo");
	paths[1] = paths[0];
	CHECK(run(paths, 2, &o, got) == 0 && n_roots == 1);
	CHECK_STR(got, "tsab");
	CHECK(run(paths, 0, &o, got) == 0 && n_roots == 0);
	CHECK_STR(got, "");
	o.dups = 1;
	CHECK(run(paths, 1, &o, got) == 0);
	CHECK_STR(got, "tsabasab");
	CHECK(run(paths, 2, &o, got) == 0);
	CHECK_STR(got, "tsabasabtsabasab");
	store_close(st);
}

/* what is met again higher up reaches deeper, also from another root */
static void depth(void)
{
	const char *paths[2];
	struct ops_car_export o;
	char got[64];

	setup();
	paths[0] = oppath(&top.cid, "");
	paths[1] = oppath(&sub.cid, "");
	ops_car_export_init(&o);
	o.depth_max = 0;
	CHECK(run(paths, 2, &o, got) == 0);
	CHECK_STR(got, "ts");
	o.depth_max = 1;
	CHECK(run(paths, 1, &o, got) == 0);
	CHECK_STR(got, "tsa");
	CHECK(run(paths, 2, &o, got) == 0);
	CHECK_STR(got, "tsab");
	store_close(st);
}

static void way(void)
{
	const char *paths[2];
	struct ops_car_export o;
	char got[64];

	setup();
	paths[0] = oppath(&top.cid, "/000000/000001");
	paths[1] = oppath(&top.cid, "");
	ops_car_export_init(&o);
	o.way = 1;
	CHECK(run(paths, 1, &o, got) == 0 && n_roots == 1);
	CHECK_STR(got, "tsb");
	/* the way to one thing is not yet all that is below the other */
	CHECK(run(paths, 2, &o, got) == 0 && n_roots == 1);
	CHECK_STR(got, "tsba");
	store_close(st);
}

static void missing(void)
{
	const char *path;
	struct ops_car_export o;
	char got[64];

	setup();
	path = oppath(&top.cid, "");
	NEED(store_delete(st, &sub.cid) == 0 && store_commit(st) == 0);
	ops_car_export_init(&o);
	CHECK_ERR(run(&path, 1, &o, got), ERR_NOTFOUND);
	o.partial = 1;
	CHECK(run(&path, 1, &o, got) == 0 && o.n_missing > 0);
	CHECK_STR(got, "ta");
	o.ranged = 1;
	CHECK_ERR(run(&path, 1, &o, got), ERR_USAGE);
	o.partial = 0;
	o.depth_max = 3;
	CHECK_ERR(run(&path, 1, &o, got), ERR_USAGE);
	store_close(st);
}

static int stop(void *arg, uint64_t bytes, uint64_t blocks)
{
	(void)bytes;
	(void)blocks;
	return ++*(int *)arg == 2;
}

static void stopped(void)
{
	const char *path;
	struct ops_car_export o;
	char got[64];
	int n = 0;

	setup();
	path = oppath(&top.cid, "");
	ops_car_export_init(&o);
	o.progress = stop;
	o.arg = &n;
	CHECK_ERR(run(&path, 1, &o, got), ERR_INTERRUPTED);
	CHECK(n == 2);
	store_close(st);
}


static void selectors(void)
{
	static const char root_only[] = "{\".\":{}}";
	static const char all[] = "{\"R\":{\"l\":{\"none\":{}},\":>\":{\"a\":{\">\":{\"@\":{}}}}}}";
	struct dag_selector *sel = NULL;
	struct ops_car_export o;
	const char *path;
	char got[64];

	setup();
	path = oppath(&top.cid, "");
	ops_car_export_init(&o);
	NEED(ops_dag_selector(root_only, &sel) == 0);
	o.selector = sel;
	CHECK(run(&path, 1, &o, got) == 0);
	CHECK_STR(got, "t");
	dag_selector_free(sel);
	NEED(ops_dag_selector(all, &sel) == 0);
	o.selector = sel;
	CHECK(run(&path, 1, &o, got) == 0);
	CHECK_STR(got, "tsab");
	dag_selector_free(sel);
	store_close(st);
}

int main(void)
{
	RUN(order);
	RUN(depth);
	RUN(way);
	RUN(missing);
	RUN(stopped);
	RUN(selectors);
	return UNIT_END();
}
