#include "dag/dag.h"
#include "../unit.h"

#define V0 "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
#define V1 "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"

static void good_paths(void)
{
	static const struct { const char *text, *rest; int version, ipld; } rows[] = {
		{ V0, "", 0, 0 },
		{ V0 "/", "", 0, 0 },
		{ V0 "/a/b", "a/b", 0, 0 },
		{ "/ipfs/" V1, "", 1, 0 },
		{ "/ipfs/" V1 "//a/./b/", "a/b", 1, 0 },
		{ "/ipfs//" V1 "/a/../b/..", "", 1, 0 },
		{ "//ipfs/./" V1 "/a/b/../c", "a/c", 1, 0 },
		{ "/../ipfs/" V1 "/x", "x", 1, 0 },
		{ "/ipld/" V1 "/Links/0/Hash", "Links/0/Hash", 1, 1 },
		{ "ipfs://" V1 "/a%20b", "a%20b", 1, 0 },
		{ "IPFS:" V0, "", 0, 0 },
		{ "ipfs:/" V0 "/...", "...", 0, 0 },
		{ "ipfs:///" V0 "/x", "x", 0, 0 },
		{ "ipld://" V0, "", 0, 1 },
		{ V1 "/../" V0 "/x", "x", 0, 0 },		/* as Kubo cleans it */
		{ V0 "/\xff\x01", "\xff\x01", 0, 0 },
	};
	struct dag_path p;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		NEED(dag_path_parse(&p, rows[i].text) == 0);
		CHECK_STR(p.rest, rows[i].rest);
		CHECK(p.root.version == rows[i].version && p.ipld == rows[i].ipld);
		CHECK(p.base != NULL);
		dag_path_clear(&p);
		CHECK(p.rest == NULL);
	}
}

static void bad_paths(void)
{
	static const struct { const char *text, *says; int code; } rows[] = {
		{ "", "invalid path \"\": path does not have enough components", ERR_USAGE },
		{ "/", "invalid path \"/\": path does not have enough components", ERR_USAGE },
		{ "/ipfs", "path does not have enough components", ERR_USAGE },
		{ "/ipfs/", "path does not have enough components", ERR_USAGE },
		{ "ipfs://", "path does not have enough components", ERR_USAGE },
		{ "/ipfs/" V0 "/..", "path does not have enough components", ERR_USAGE },
		{ "/foo/" V0, "unknown namespace: \"foo\"", ERR_USAGE },
		{ "/ipfs/foo", "invalid path \"/ipfs/foo\": invalid cid: ", ERR_USAGE },
		{ "bafyfoo", "invalid path \"bafyfoo\": invalid cid: ", ERR_USAGE },
		{ "/ipfs/" V0 "x/a", "invalid cid: ", ERR_USAGE },
		{ "/ipns/example.com", "/ipns/example.com", ERR_UNSUPPORTED },
		{ "ipns://k51/x", "ipns://k51/x", ERR_UNSUPPORTED },
	};
	struct dag_path p;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_ERR(dag_path_parse(&p, rows[i].text), rows[i].code);
		if (!strstr(err_text(), rows[i].says))
			CHECK_STR(err_text(), rows[i].says);
		CHECK(p.rest == NULL);
	}
}

static void long_paths_take_linear_time(void)
{
	size_t n = 1 << 20;
	char *text = unit_kept(n + 100);
	struct dag_path p;

	memset(text, '/', n);
	strcpy(text, "/ipfs/" V0);
	text[strlen(text)] = '/';
	memset(text + n - 50, '.', 48);
	strcpy(text + n, "/x");
	text[n - 1] = '/';
	NEED(dag_path_parse(&p, text) == 0);
	CHECK(strlen(p.rest) > 40);
	dag_path_clear(&p);
}

int main(void)
{
	RUN(good_paths);
	RUN(bad_paths);
	RUN(long_paths_take_linear_time);
	return UNIT_END();
}
