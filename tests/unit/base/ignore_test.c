/* ignore_test.c - rules of .gitignore files, against what git says (tests/golden/gitignore) */
#include <time.h>

#include "base/ignore.h"
#include "tests/unit/unit.h"

enum { MAX = 200 };

static char *line_of(FILE *f)
{
	static char *line;
	static size_t cap;
	ssize_t n = getline(&line, &cap, f);

	if (n < 0)
		return NULL;
	if (n && line[n - 1] == '\n')
		line[n - 1] = 0;
	return line;
}

/* as a walk sees it: what is in a folder left out is left out */
static int out(struct ignore *top, struct ignore *both, const char *path, int is_dir)
{
	char parent[256];
	const char *p;

	for (p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(parent, sizeof parent, "%.*s", (int)(p - path), path);
		if (ignore_match(strncmp(parent, "a/", 2) ? top : both, parent, 1))
			return 1;
	}
	return ignore_match(strncmp(path, "a/", 2) ? top : both, path, is_dir);
}

static void as_git_does(void)
{
	FILE *f = fopen("tests/golden/gitignore/cases", "r");
	char *path[MAX], kind[MAX], *line;
	int n = 0, i, n_cases = 0;

	NEED(f);
	while ((line = line_of(f)) && strcmp(line, "--") && n < MAX) {
		path[n] = unit_kept(strlen(line));
		kind[n] = line[0];
		strcpy(path[n++], line + 2);
	}
	while ((line = line_of(f))) {
		struct span t = unit_hex(line), nested = unit_hex(line_of(f));
		struct ignore *top, *both;

		NEED(ignore_new(&top) == 0 && ignore_new(&both) == 0);
		NEED(ignore_push(top, "", t, "top") == 0);
		NEED(ignore_push(both, "", t, "top") == 0);
		NEED(ignore_push(both, "a", nested, "a") == 0);
		line = line_of(f);
		NEED(line && strlen(line) == (size_t)n);
		for (i = 0; i < n; i++) {
			int is = out(top, both, path[i], kind[i] == 'd');

			if (is == (line[i] == '1'))
				continue;
			printf("# case %d, '%s': %d; rules %.*s; in a/: %.*s\n", n_cases, path[i], is,
			       (int)t.len, (const char *)t.p, (int)nested.len,
			       (const char *)nested.p);
			CHECK(0);
		}
		ignore_free(top);
		ignore_free(both);
		n_cases++;
	}
	CHECK(n_cases > 600);
	fclose(f);
}

static void pushed_and_popped(void)
{
	struct ignore *ig;

	NEED(ignore_new(&ig) == 0);
	CHECK(ignore_match(ig, "x", 0) == 0);
	CHECK(ignore_push(ig, "", span_str("x\n"), "t") == 0);
	CHECK(ignore_match(ig, "d/x", 0) == 1);
	CHECK(ignore_push(ig, "d", span_str("!x\n/y"), "t") == 0);
	CHECK(ignore_match(ig, "d/x", 0) == 0);
	CHECK(ignore_match(ig, "d/y", 0) == 1);
	CHECK(ignore_match(ig, "d/e/y", 0) == 0);
	ignore_pop(ig);
	CHECK(ignore_match(ig, "d/x", 0) == 1);
	CHECK(ignore_match(ig, "d/y", 0) == 0);
	ignore_pop(ig);
	ignore_pop(ig);
	CHECK(ignore_match(ig, "d/x", 0) == 0);
	ignore_free(ig);
	ignore_free(NULL);
}

static void bounds(void)
{
	struct buf b = BUF_INIT(IGNORE_TEXT_MAX + 10);
	struct ignore *ig;
	int i, rc = 0;

	NEED(ignore_new(&ig) == 0);
	for (i = 0; i < IGNORE_LINE_MAX; i++)
		buf_u8(&b, 'x');
	CHECK(ignore_push(ig, "", buf_span(&b), "t") == 0);
	buf_u8(&b, 'x');
	CHECK_ERR(ignore_push(ig, "", buf_span(&b), "long"), ERR_LIMIT);
	CHECK(strstr(err_text(), "'long', line 1"));
	buf_reset(&b);
	while (b.len < IGNORE_TEXT_MAX)
		buf_str(&b, "ab\n");
	CHECK_ERR(ignore_push(ig, "", buf_span(&b), "big"), ERR_LIMIT);
	b.len = 100000;
	for (i = 0; i < 1000 && rc == 0; i++)
		rc = ignore_push(ig, "", buf_span(&b), "many");
	CHECK(rc == ERR_LIMIT && i > 1);
	ignore_free(ig);
	buf_clear(&b);
}

/* patterns that make a backtracking matcher take forever */
static void not_slow(void)
{
	static const char *const parts[] = { "*a", "**/", "a*/**/", "[ab]*", "?*", "*", NULL };
	struct buf rule = BUF_INIT(IGNORE_LINE_MAX), path = BUF_INIT(8192);
	clock_t start = clock();
	struct ignore *ig;
	int i;

	while (path.len < 4000)
		buf_str(&path, path.len % 9 ? "a" : "a/");
	for (i = 0; parts[i]; i++) {
		buf_reset(&rule);
		while (rule.len + 10 < IGNORE_LINE_MAX)
			buf_str(&rule, parts[i]);
		buf_str(&rule, "/b");
		NEED(ignore_new(&ig) == 0);
		NEED(ignore_push(ig, "", buf_span(&rule), "t") == 0);
		CHECK(ignore_match(ig, (const char *)path.data, 0) == 0);
		ignore_free(ig);
	}
	CHECK((double)(clock() - start) / CLOCKS_PER_SEC < 20);
	buf_clear(&rule);
	buf_clear(&path);
}

int main(void)
{
	RUN(as_git_does);
	RUN(pushed_and_popped);
	RUN(bounds);
	RUN(not_slow);
	return UNIT_END();
}
