/* option.c - options of commands: their names and types, as Go reads them, and what is given */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "kubo_priv.h"

enum { BAD_REQUEST = 400 };

/* those of every command */
static const struct opt global[] = {
	{ "encoding,enc", OPT_STRING, "json" }, { "timeout", OPT_STRING, NULL }, { "cid-base", OPT_STRING, NULL },
	{ "upgrade-cidv0-in-output", OPT_BOOL, NULL }, { "offline", OPT_BOOL, NULL }, { "local,L", OPT_BOOL, NULL },
	{ "stream-channels", OPT_BOOL, NULL }, { "debug,D", OPT_BOOL, NULL }, { "help", OPT_BOOL, NULL },
	{ "h", OPT_BOOL, NULL }, { 0 }
};

const struct opt *query_options(void)
{
	return global;
}

/* ---- types ---- */

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* where a name stands among "recursive,r"; NULL: nowhere */
static const char *is_named(const char *names, const char *name)
{
	size_t n = strlen(name);
	const char *at;

	for (at = names; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, n) == 0 && (at[n] == ',' || !at[n]))
			return at;
	}
	return NULL;
}

static const struct opt *opt_of(const struct opt *list, const char *name)
{
	for (; list && list->names; list++)
		if (is_named(list->names, name))
			return list;
	return NULL;
}

static const char *type_name(enum opt_type t)
{
	static const char *const names[] = { "bool", "int", "int64", "uint", "uint64", "float", "string", "array" };

	return names[t];
}

/* strconv.ParseBool, of lower case */
static int parse_bool(const char *text)
{
	if (!*text || !strcasecmp(text, "1") || !strcasecmp(text, "t") || !strcasecmp(text, "true"))
		return 1;
	return !strcasecmp(text, "0") || !strcasecmp(text, "f") || !strcasecmp(text, "false") ? 0 : -1;
}

/* strconv.ParseInt(text, 0, 64): an underscore stands between digits or behind the base */
static int unsigned_text(const char *text, uint64_t *v)
{
	int base = 10, digit, any = 0, under = 0;

	*v = 0;
	if (*text == '0' && text[1]) {
		base = strchr("xX", text[1]) ? 16 : strchr("oO", text[1]) ? 8 : strchr("bB", text[1]) ? 2 : 0;
		text += base ? 2 : 1;
		any = under = !base;			/* an old octal number: its 0 counts */
		base = base ? base : 8;
		under = 1;
	}
	for (; *text; text++) {
		if (*text == '_') {
			if (!(under && text[1] && text[1] != '_'))
				return 0;
			continue;
		}
		digit = hex((uint8_t)*text);
		if (digit < 0 || digit >= base || num_mul(*v, (uint64_t)base, v) < 0 ||
		    num_add(*v, (uint64_t)digit, v) < 0)
			return 0;
		any = under = 1;
	}
	return any;
}

static int signed_text(const char *text, int64_t *v)
{
	int neg = *text == '-';
	uint64_t u;

	if (!unsigned_text(text + (neg || *text == '+'), &u) || u > (uint64_t)INT64_MAX + (uint64_t)neg)
		return 0;
	*v = neg ? (int64_t)(0 - u) : (int64_t)u;
	return 1;
}

static int fits(enum opt_type t, const char *text)
{
	uint64_t u;
	int64_t i;
	char *end;

	switch (t) {
	case OPT_BOOL: return parse_bool(text) >= 0;
	case OPT_INT:
	case OPT_INT64: return signed_text(text, &i);
	case OPT_UINT:
	case OPT_UINT64: return unsigned_text(text, &u);
	case OPT_FLOAT: return strtod(text, &end), end != text && !*end && !isspace((unsigned char)*text);
	default: return 1;
	}
}

static const struct option *given(const struct call *c, const struct opt *o)
{
	size_t i;

	for (i = 0; c->query && i < c->query->n; i++)
		if (c->query->option[i].o == o)
			return &c->query->option[i];
	return NULL;
}

/* under this very name it was given before: under another of its names it may be given again, and then the first counts */
static const struct option *given_as(const struct call *c, const char *as)
{
	size_t i;

	for (i = 0; i < c->query->n; i++)
		if (c->query->option[i].as == as)
			return &c->query->option[i];
	return NULL;
}

static int check_value(const struct call *c, const struct opt *o, const char *name, const char *value)
{
	const struct option *before = o->type == OPT_STRINGS ? NULL : given_as(c, is_named(o->names, name));

	if (before) {
		err_set(ERR_USAGE, "expected key %s to have only a single value, received [%s %s]", name, before->text, value);
		return BAD_REQUEST;
	}
	if (fits(o->type, value))
		return 0;
	if (*value)
		err_set(ERR_USAGE, "could not convert value \"%s\" to type \"%s\" (for option \"-%s\")", value,
			type_name(o->type), name);
	else
		err_set(ERR_USAGE, "could not convert empty value to type \"%s\" (for option \"-%s\")",
			type_name(o->type), name);
	return BAD_REQUEST;
}

static int keep_option(struct call *c, const struct opt *o, const char *name, char *value)
{
	struct option *more = realloc(c->query->option, (c->query->n + 1) * sizeof *more);

	if (!more)
		return err_nomem();
	c->query->option = more;
	more[c->query->n++] = (struct option){ o, is_named(o->names, name), value };
	return 0;
}

int option_take(struct call *c, const char *name, char *value)
{
	const struct opt *o = opt_of(c->cmd->opts, name);
	int rc = 0;

	if (!o)
		o = opt_of(global, name);
	if (o)
		rc = check_value(c, o, name, value);
	if (o && rc == 0)
		rc = keep_option(c, o, name, value);
	if (!o || rc)
		free(value);
	return rc;
}

/* ---- asking ---- */

static const struct opt *opt_must(const struct call *c, const char *name)
{
	const struct opt *o = opt_of(c->cmd->opts, name);

	if (!o)
		o = opt_of(global, name);
	if (!o)
		abort();
	return o;
}

int call_given(const struct call *c, const char *name)
{
	return given(c, opt_must(c, name)) != NULL;
}

const char *call_text(const struct call *c, const char *name)
{
	const struct opt *o = opt_must(c, name);
	const struct option *v = given(c, o);

	return v ? v->text : o->standard ? o->standard : "";
}

const char *call_each(const struct call *c, const char *name, size_t i)
{
	const struct opt *o = opt_must(c, name);
	size_t k;

	for (k = 0; k < c->query->n; k++)
		if (c->query->option[k].o == o && i-- == 0)
			return c->query->option[k].text;
	return NULL;
}

int call_bool(const struct call *c, const char *name)
{
	const struct opt *o = opt_must(c, name);
	const struct option *v = given(c, o);

	return v ? parse_bool(v->text) : o->standard && !strcmp(o->standard, "true");
}

int64_t call_int(const struct call *c, const char *name)
{
	const char *text = call_text(c, name);
	int64_t v = 0;

	return *text && signed_text(text, &v) ? v : 0;
}

uint64_t call_uint(const struct call *c, const char *name)
{
	const char *text = call_text(c, name);
	uint64_t v = 0;

	return *text && unsigned_text(text, &v) ? v : 0;
}

double call_float(const struct call *c, const char *name)
{
	return strtod(call_text(c, name), NULL);
}
