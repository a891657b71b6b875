/* cmd.c - the manners all programs share: options, operands, complaints, exit status */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/names.h"
#include "base/num.h"
#include "base/progress.h"
#include "base/sig.h"
#include "cmd/cmd.h"
#include "cmd/help.h"

/* ours, because glibc loses what is printed when it cannot allocate its own, and says nothing */
static char out_room[65536];

static struct {
	const struct cmd_info *info;
	const struct cmd_verb *verbs, *verb;	/* the table, and what was picked of it, or NULL */
	int argc;
	char **argv;
	char letters[160];		/* the getopt string */
	const char *store;
	int letter;			/* the option cmd_getopt gave last */
	int zero, quiet, verbose;
	int done;			/* the options are behind us: optind is the first operand */
	int next;			/* operands cmd_next has given */
	struct names names;
	int reading;
	int status;
	int out_errno;			/* the first failed write to standard output */
} me;

static const struct cmd_opt no_opts[] = { { 0, NULL, NULL } };

/* Descriptors 0 to 2 are never someone else's file: a closed one becomes /dev/null, opened so that
 * using it fails. */
static void guard_fds(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
				_exit(4);
}

static void make_letters(const struct cmd_opt *opts)
{
	char *p = me.letters;

	*p++ = '+';			/* operands end the options, also under _GNU_SOURCE */
	*p++ = ':';			/* complaints are ours */
	for (; opts->letter; opts++) {
		if (p > me.letters + sizeof me.letters - 12)
			abort();	/* more options than letters exist */
		*p++ = opts->letter;
		if (opts->arg)
			*p++ = ':';
	}
	strcpy(p, "hqvVS:");
}

void cmd_start(const struct cmd_info *info, int argc, char **argv)
{
	guard_fds();
	me.info = info;
	me.argc = argc;
	me.argv = argv;
	make_letters(info->opts ? info->opts : no_opts);
	signal(SIGPIPE, SIG_DFL);	/* a parent may have ignored it; `| head` stays quiet */
	sig_start();
	log_start(info->name, 0);
	setvbuf(stdout, out_room, isatty(1) ? _IOLBF : _IOFBF, sizeof out_room);
	opterr = 0;
	optind = 1;
}

static void check_count(int min, int max)
{
	int n = me.argc - optind;

	if (n < min)
		cmd_usage("%s", n ? "an operand is missing" : "operands are missing");
	if (max >= 0 && n > max)
		cmd_usage(max ? "unexpected operand '%s'" : "no operands expected, but '%s'",
			  me.argv[optind + max]);
}

static void options_done(void)
{
	me.done = 1;
	log_start(me.info->name, me.verbose - me.quiet);
	progress_enable(!me.quiet && isatty(2));
	if (me.verb)
		check_count(me.verb->min, me.verb->max);
}

/* words that stand where an option may stand: --help, and --opts for scripts */
static void long_words(void)
{
	const char *w = optind < me.argc ? me.argv[optind] : NULL;

	if (!w || strncmp(w, "--", 2) != 0 || w[2] == 0)
		return;
	if (strcmp(w, "--help") == 0)
		cmd_help_manual(me.info, me.verbs);
	else if (strcmp(w, "--opts") == 0)
		cmd_help_table(me.info, me.verbs);
	else if (strcmp(w, "--version") == 0)
		cmd_help_version(me.info);
	else
		cmd_usage("unknown option '%s'", w);
	exit(cmd_finish());
}

/* one step of getopt(3); -h and -V are obeyed at once, mistakes end the program */
static int step(void)
{
	int c;

	long_words();
	c = getopt(me.argc, me.argv, me.letters);
	switch (c) {
	case '?':
		cmd_usage("unknown option '-%c'", optopt);
	case ':':
		cmd_usage("option '-%c' needs an argument", optopt);
	case 'h':
		if (me.verb)
			cmd_help_verb(me.info, me.verb);
		else
			cmd_help_text(me.info, me.verbs);
		exit(cmd_finish());
	case 'V':
		cmd_help_version(me.info);
		exit(cmd_finish());
	}
	return c;
}

int cmd_getopt(void)
{
	int c;

	while (!me.done) {
		c = step();
		switch (c) {
		case -1:
			options_done();
			break;
		case 'q':
			me.quiet = 1;
			break;
		case 'v':
			me.verbose++;
			break;
		case 'S':
			if (!*optarg)
				cmd_usage("option '-S' needs the name of a folder");
			me.store = optarg;
			break;
		default:
			if (me.verb && !strchr(me.verb->opts, c))
				cmd_usage("'%s' takes no option '-%c'", me.verb->name, c);
			if (c == '0')
				me.zero = 1;
			me.letter = c;
			return c;
		}
	}
	return -1;
}

const char *cmd_arg(void)
{
	return optarg;
}

uint64_t cmd_bytes(void)
{
	uint64_t v = 0;

	if (num_parse_size(optarg, &v) < 0)
		cmd_usage("option '-%c': %s", me.letter, err_text());
	return v;
}

uint64_t cmd_count(void)
{
	uint64_t v = 0;

	if (num_parse(optarg, &v) < 0)
		cmd_usage("option '-%c': %s", me.letter, err_text());
	return v;
}

/* the names of the verbs, with a space between two; gives a buffer of the whole run */
static const char *verb_names(void)
{
	static struct buf names = { .max = 4096 };
	const struct cmd_verb *v;

	buf_reset(&names);
	for (v = me.verbs; v->name; v++)
		if (buf_printf(&names, "%s%s", names.len ? " " : "", v->name) < 0)
			exit(cmd_fail(ERR_NOMEM));
	return (const char *)names.data;
}

static const struct cmd_verb *find_verb(const char *name)
{
	const struct cmd_verb *v = me.verbs;

	while (v->name && strcmp(v->name, name) != 0)
		v++;
	return v->name ? v : NULL;
}

const struct cmd_verb *cmd_pick_as(const struct cmd_verb *verbs, const char *name)
{
	me.verbs = verbs;
	return me.verb = find_verb(name);
}

const struct cmd_verb *cmd_pick(const struct cmd_verb *verbs)
{
	const struct cmd_verb *verb;
	int from, i;

	me.verbs = verbs;
	while (step() != -1)
		;			/* only looking for where the options end */
	if (optind >= me.argc)
		cmd_usage("a verb is needed: %s", verb_names());
	verb = find_verb(me.argv[optind]);
	if (!verb)
		cmd_usage("unknown verb '%s', it is one of: %s", me.argv[optind], verb_names());
	/* take the verb out (and a `--` before it), so that the options around it become one run */
	from = optind;
	if (from > 1 && strcmp(me.argv[from - 1], "--") == 0) {
		for (i = from - 1; i < me.argc; i++)
			me.argv[i] = me.argv[i + 1];
		me.argc--;
		from--;
	}
	for (i = from; i < me.argc; i++)
		me.argv[i] = me.argv[i + 1];
	me.argc--;
	optind = 0;			/* glibc, musl: begin anew */
	getopt(1, me.argv, me.letters);
	optind = 1;
	return me.verb = verb;
}

static void options_over(void)
{
	if (!me.done)
		while (cmd_getopt() != -1)
			;
}

int cmd_operands(int min, int max)
{
	options_over();
	check_count(min, max);
	return me.argc - optind;
}

const char *cmd_operand(int i)
{
	return i >= 0 && i < me.argc - optind ? me.argv[optind + i] : NULL;
}

int cmd_waits(void)
{
	return me.reading && names_wait(&me.names);
}

int cmd_next(const char **name)
{
	int rc;

	options_over();
	if (optind < me.argc) {
		if (me.next >= me.argc - optind)
			return 0;
		*name = me.argv[optind + me.next++];
		return 1;
	}
	if (!me.reading) {
		if (isatty(0))
			cmd_usage("name something, or send names to standard input");
		names_init(&me.names, 0, me.zero ? '\0' : '\n', "standard input");
		me.reading = 1;
	}
	if (cmd_waits())
		fflush(stdout);
	rc = names_next(&me.names, name);
	if (rc < 0)
		cmd_complain(rc, NULL);
	if (rc <= 0)
		names_clear(&me.names);
	return rc > 0;
}

const char *cmd_store(void)
{
	static char *home;
	const char *dir = me.store;
	struct passwd *pw;

	if (!dir || !*dir)
		dir = getenv("IPFRS_PATH");
	if (dir && *dir)
		return dir;
	if (home)
		return home;
	dir = getenv("HOME");
	if ((!dir || !*dir) && (pw = getpwuid(getuid())) != NULL)
		dir = pw->pw_dir;
	if (asprintf(&home, "%s/.ipfrs", dir && *dir ? dir : "") < 0) {
		home = NULL;
		return "/.ipfrs";
	}
	return home;
}

int cmd_zero(void)
{
	return me.zero;
}

char cmd_end(void)
{
	return me.zero ? '\0' : '\n';
}

int cmd_quiet(void)
{
	return me.quiet;
}

int cmd_verbose(void)
{
	return me.verbose;
}

static void out_failed(void)
{
	if (!me.out_errno)
		me.out_errno = errno ? errno : EIO;
}

void cmd_print(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintf(fmt, ap);
	va_end(ap);
	if (n < 0 || putchar(cmd_end()) == EOF)
		out_failed();
}

void cmd_record(struct span bytes)
{
	if ((bytes.len && fwrite(bytes.p, 1, bytes.len, stdout) != bytes.len) ||
	    putchar(cmd_end()) == EOF)
		out_failed();
}

/* Names in messages may come from anywhere: a terminal is not to take them for orders, also not as U+0080 to U+009F. */
static void defuse(char *text)
{
	unsigned char *p;

	for (p = (unsigned char *)text; *p; p++)
		if ((*p < 0x20 && *p != '\t' && *p != '\n') || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
}

static void say(const char *end, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0) {
		fprintf(stderr, "%s: out of memory%s", me.info->name, end);
		return;
	}
	defuse(text);
	fprintf(stderr, "%s: %s%s", me.info->name, text, end);
	free(text);
}

void cmd_note(const char *fmt, ...)
{
	va_list ap;

	if (me.quiet)
		return;
	va_start(ap, fmt);
	say("\n", fmt, ap);
	va_end(ap);
}

static void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("\n", fmt, ap);
	va_end(ap);
}

void cmd_status(int exit_status)
{
	if (exit_status > me.status)
		me.status = exit_status;
}

int cmd_complain(int rc, const char *what)
{
	if (what)
		complain("%s: %s", what, err_text());
	else
		complain("%s", err_text());
	cmd_status(err_exit(rc));
	return me.status;
}

int cmd_fail(int rc)
{
	cmd_complain(rc, NULL);
	return cmd_finish();
}

void cmd_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
	fprintf(stderr, "; see '%s%s%s -h'\n", me.info->name, me.verb ? " " : "",
		me.verb ? me.verb->name : "");
	cmd_status(2);
	exit(cmd_finish());
}

int cmd_finish(void)
{
	errno = 0;
	/* close(2) too, because NFS and quotas report a full disk there */
	if (fflush(stdout) != 0 || ferror(stdout))
		out_failed();
	if (close(1) != 0)
		out_failed();
	if (me.out_errno) {
		errno = me.out_errno;
		cmd_complain(err_sys("writing to standard output"), NULL);
		cmd_status(4);
	}
	return me.status;
}
