/* ignore.c - rules that say which names a tree walk leaves out */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/ignore.h"

/*
 * A rule is compiled to a row of tokens, which is run as a set of states, so that no pattern can
 * make matching take longer than (length of pattern) x (length of path).
 */
enum kind {
	T_CHAR, T_ANY, T_CLASS,		/* take one byte */
	T_STAR, T_DSTAR,		/* any number of bytes; T_STAR none that is '/' */
	T_SKIP,				/* before T_DSTAR and its '/': both may be left out */
	T_END
};

struct token {
	uint8_t kind, c;
	uint16_t class;			/* index into the rule's sets */
};

struct set {
	uint8_t bit[32];
};

struct rule {
	int negate, dir_only, base_name, never;
	size_t n_literal;		/* bytes that are compared as they are, first */
	char *literal;
	int suffix;			/* "*" and the literal: compare at the end */
	struct token *token;		/* of the rest; NULL: nothing more */
	size_t n_tokens;
	struct set *set;
	size_t n_sets;
};

struct list {
	struct list *older;
	size_t base_len;		/* path bytes before what rules see, with the '/' */
	struct rule *rule;
	size_t n_rules;
	size_t memory;
};

struct ignore {
	struct list *newest;
	size_t memory;
};

int ignore_new(struct ignore **ig)
{
	*ig = calloc(1, sizeof **ig);
	return *ig ? 0 : err_nomem();
}

static void list_free(struct list *l)
{
	size_t i;

	for (i = 0; i < l->n_rules; i++) {
		free(l->rule[i].literal);
		free(l->rule[i].token);
		free(l->rule[i].set);
	}
	free(l->rule);
	free(l);
}

void ignore_pop(struct ignore *ig)
{
	struct list *l = ig->newest;

	if (!l)
		return;
	ig->newest = l->older;
	ig->memory -= l->memory;
	list_free(l);
}

void ignore_free(struct ignore *ig)
{
	if (!ig)
		return;
	while (ig->newest)
		ignore_pop(ig);
	free(ig);
}

/* ---- compiling ---- */

static int is_special(char c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

static int in_named_class(const char *name, size_t len, int c)
{
	int lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
	int digit = c >= '0' && c <= '9', graph = c > ' ' && c < 0x7f;
	static const char *const names[] = { "alnum", "alpha", "blank", "cntrl", "digit", "graph",
					     "lower", "print", "punct", "space", "upper", "xdigit" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			break;
	switch (i) {
	case 0: return lower || upper || digit;
	case 1: return lower || upper;
	case 2: return c == ' ' || c == '\t';
	case 3: return c < ' ' || c == 0x7f;
	case 4: return digit;
	case 5: return graph;
	case 6: return lower;
	case 7: return graph || c == ' ';
	case 8: return graph && !(lower || upper || digit);
	case 9: return c == ' ' || c == '\t' || c == '\n' || c == '\r';
	case 10: return upper;
	case 11: return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	default: return -1;
	}
}

static void set_add(struct set *s, unsigned from, unsigned to)
{
	for (; from <= to; from++)
		s->bit[from / 8] |= (uint8_t)(1u << from % 8);
}

/* a bracket expression; p is behind its '['.  Behind its ']', or NULL: it has no end. */
static const char *set_parse(struct set *s, const char *p)
{
	int negate = *p == '!' || *p == '^', c, prev = 0;
	size_t i;

	*s = (struct set){ { 0 } };
	p += negate;
	do {
		c = (uint8_t)*p++;
		if (!c)
			return NULL;
		if (c == '\\') {
			c = (uint8_t)*p++;
			if (!c)
				return NULL;
			set_add(s, (unsigned)c, (unsigned)c);
		} else if (c == '-' && prev && *p && *p != ']') {
			c = (uint8_t)*p++;
			if (c == '\\')
				c = (uint8_t)*p++;
			if (!c)
				return NULL;
			set_add(s, (unsigned)prev, (unsigned)c);
			c = 0;
		} else if (c == '[' && *p == ':') {
			size_t len = strcspn(p + 1, "]");

			if (!p[1 + len])
				return NULL;
			if (len == 0 || p[len] != ':') {	/* an ordinary '[' */
				set_add(s, '[', '[');
			} else {
				if (in_named_class(p + 1, len - 1, 0) < 0)
					return NULL;
				for (i = 0; i < 128; i++)
					if (in_named_class(p + 1, len - 1, (int)i))
						set_add(s, (unsigned)i, (unsigned)i);
				p += len + 2;
				c = 0;
			}
		} else {
			set_add(s, (unsigned)c, (unsigned)c);
		}
		prev = c;
	} while (*p != ']');
	for (i = 0; negate && i < sizeof s->bit; i++)
		s->bit[i] = (uint8_t)~s->bit[i];
	s->bit['/' / 8] &= (uint8_t)~(1u << '/' % 8);	/* never a slash */
	return p + 1;
}

static void token_add(struct rule *r, enum kind kind, uint8_t c)
{
	r->token[r->n_tokens++] = (struct token){ (uint8_t)kind, c, (uint16_t)r->n_sets };
}

/* tokens for the pattern p; 0, 1: it cannot match anything, or ERR_NOMEM */
static int compile(struct rule *r, const char *p)
{
	const char *start = p;
	size_t len = strlen(p), n_sets = 0, i;

	for (i = 0; i < len; i++)
		n_sets += p[i] == '[';
	r->token = calloc(len + len / 2 + 2, sizeof *r->token);
	r->set = calloc(n_sets + 1, sizeof *r->set);
	if (!r->token || !r->set)
		return err_nomem();
	while (*p) {
		const char *at = p;

		switch (*p++) {
		case '*':
			p += strspn(p, "*");
			/* "**" as a whole component crosses slashes, other stars do not */
			if (p - at < 2 || !(at == start || at[-1] == '/') ||
			    !(!*p || *p == '/' || (p[0] == '\\' && p[1] == '/'))) {
				token_add(r, T_STAR, 0);
				break;
			}
			if (*p == '/')
				token_add(r, T_SKIP, 0);
			token_add(r, T_DSTAR, 0);
			break;
		case '?':
			token_add(r, T_ANY, 0);
			break;
		case '[':
			p = set_parse(&r->set[r->n_sets], p);
			if (!p)
				return 1;
			token_add(r, T_CLASS, 0);
			r->n_sets++;
			break;
		case '\\':
			if (!*p)
				return 1;
			token_add(r, T_CHAR, (uint8_t)*p++);
			break;
		default:
			token_add(r, T_CHAR, (uint8_t)*at);
		}
	}
	token_add(r, T_END, 0);
	return 0;
}

/* one line without its end, NUL-terminated and ours to change */
static int rule_parse(struct rule *r, char *p)
{
	size_t len, i;
	int rc;

	*r = (struct rule){ 0 };
	if (*p == '!') {
		r->negate = 1;
		p++;
	}
	len = strlen(p);
	if (len && p[len - 1] == '/') {
		r->dir_only = 1;
		p[--len] = 0;
	}
	r->base_name = !strchr(p, '/');
	r->never = len == 0;
	if (!r->base_name && *p == '/')
		p++;
	for (i = 0; p[i] && !is_special(p[i]); i++)
		;
	if (r->base_name && *p == '*' && p[1] && !strpbrk(p + 1, "*?[\\")) {
		r->suffix = 1;
		p++;
		i = strlen(p);
	} else if (r->base_name && p[i]) {
		i = 0;				/* git cuts the literal off paths only */
	}
	r->literal = strndup(p, i);
	if (!r->literal)
		return err_nomem();
	r->n_literal = i;
	if (!p[i])
		return 0;
	rc = compile(r, p + i);
	if (rc > 0)
		r->never = 1;
	return rc < 0 ? rc : 0;
}

/* spaces at the end go, unless a backslash stands before them */
static void trim(char *p)
{
	char *space = NULL;

	for (; *p; p++) {
		if (*p == ' ') {
			if (!space)
				space = p;
			continue;
		}
		space = NULL;
		if (*p == '\\' && !*++p)
			return;
	}
	if (space)
		*space = 0;
}

static int list_fill(struct list *l, struct span text, const char *what)
{
	const uint8_t *p = text.p, *end = text.p + text.len, *eol;
	char line[IGNORE_LINE_MAX + 1];
	size_t cap = 0, n_line = 0;

	if (text.len >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	for (; p < end; p = eol + 1) {
		size_t len;
		int rc;

		eol = memchr(p, '\n', (size_t)(end - p));
		eol = eol ? eol : end;
		len = (size_t)(eol - p);
		n_line++;
		if (len && eol < end && p[len - 1] == '\r')
			len--;
		if (!len || *p == '#')
			continue;
		if (len > IGNORE_LINE_MAX)
			return err_set(ERR_LIMIT, "'%s', line %zu: a rule over %d bytes", what, n_line,
				       IGNORE_LINE_MAX);
		memcpy(line, p, len);
		line[len] = 0;
		trim(line);
		if (l->n_rules == cap) {
			size_t n = cap ? 2 * cap : 8;
			struct rule *more = realloc(l->rule, n * sizeof *more);

			if (!more)
				return err_nomem();
			l->rule = more;
			cap = n;
		}
		rc = rule_parse(&l->rule[l->n_rules++], line);
		if (rc < 0)
			return rc;
		l->memory += sizeof *l->rule + len * 3 * sizeof(struct token);
		if (l->memory > IGNORE_TOTAL_MAX)
			return err_set(ERR_LIMIT, "'%s': too many rules at once", what);
	}
	return 0;
}

int ignore_push(struct ignore *ig, const char *base, struct span text, const char *what)
{
	struct list *l;
	int rc;

	if (text.len > IGNORE_TEXT_MAX)
		return err_set(ERR_LIMIT, "'%s' is larger than %d bytes", what, IGNORE_TEXT_MAX);
	l = calloc(1, sizeof *l);
	if (!l)
		return err_nomem();
	l->base_len = *base ? strlen(base) + 1 : 0;
	rc = list_fill(l, text, what);
	if (rc == 0 && ig->memory + l->memory > IGNORE_TOTAL_MAX)
		rc = err_set(ERR_LIMIT, "'%s': too many rules at once", what);
	if (rc < 0) {
		list_free(l);
		return rc;
	}
	ig->memory += l->memory;
	l->older = ig->newest;
	ig->newest = l;
	return 0;
}

/* ---- matching ---- */

struct states {
	uint64_t bit[(IGNORE_LINE_MAX + IGNORE_LINE_MAX / 2 + 2) / 64 + 1];
};

static void enter(const struct rule *r, struct states *s, size_t i)
{
	/* a state that is in the set has brought what follows it */
	while (!(s->bit[i / 64] >> i % 64 & 1)) {
		s->bit[i / 64] |= 1ull << i % 64;
		if (r->token[i].kind == T_SKIP)
			enter(r, s, i + 3);	/* never two in a row: a '/' is between */
		else if (r->token[i].kind != T_STAR && r->token[i].kind != T_DSTAR)
			return;
		i++;
	}
}

static int takes(const struct rule *r, const struct token *t, uint8_t c)
{
	switch (t->kind) {
	case T_CHAR: return t->c == c;
	case T_ANY: case T_STAR: return c != '/';
	case T_CLASS: return r->set[t->class].bit[c / 8] >> c % 8 & 1;
	case T_DSTAR: return 1;
	default: return 0;
	}
}

static int run(const struct rule *r, const char *text)
{
	size_t words = r->n_tokens / 64 + 1, w;
	struct states now, next;

	memset(now.bit, 0, words * 8);
	enter(r, &now, 0);
	for (; *text; text++) {
		int alive = 0;

		memset(next.bit, 0, words * 8);
		for (w = 0; w < words; w++) {
			uint64_t left = now.bit[w];

			while (left) {
				size_t i = w * 64 + (size_t)__builtin_ctzll(left);
				const struct token *t = &r->token[i];

				left &= left - 1;
				if (!takes(r, t, (uint8_t)*text))
					continue;
				alive = 1;
				if (t->kind == T_STAR || t->kind == T_DSTAR)
					next.bit[i / 64] |= 1ull << i % 64;
				enter(r, &next, i + 1);
			}
		}
		if (!alive)
			return 0;
		memcpy(now.bit, next.bit, words * 8);
	}
	w = r->n_tokens - 1;			/* T_END */
	return now.bit[w / 64] >> w % 64 & 1;
}

static int rule_match(const struct rule *r, const char *path, const char *name)
{
	const char *p = r->base_name ? name : path;
	size_t len;

	if (r->suffix) {
		len = strlen(p);
		return len >= r->n_literal && !strcmp(p + len - r->n_literal, r->literal);
	}
	if (!r->token)
		return !strcmp(p, r->literal);
	if (r->n_literal && strncmp(p, r->literal, r->n_literal))
		return 0;
	return run(r, p + r->n_literal);
}

int ignore_match(const struct ignore *ig, const char *path, int is_dir)
{
	const char *name = strrchr(path, '/');
	const struct list *l;
	size_t i;

	name = name ? name + 1 : path;
	for (l = ig->newest; l; l = l->older) {
		for (i = l->n_rules; i-- > 0; ) {
			const struct rule *r = &l->rule[i];

			if (r->never || (r->dir_only && !is_dir))
				continue;
			if (rule_match(r, path + l->base_len, name))
				return !r->negate;
		}
	}
	return 0;
}
