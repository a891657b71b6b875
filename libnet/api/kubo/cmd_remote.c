/*
 * cmd_remote.c - pin/remote: pins that a service keeps, as of the Pinning Service API.
 * A worker has no network: ipfrs-remote, which a broker starts for it, asks the service, and is told the key on its
 * standard input.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/broker.h"
#include "remote.h"

enum { WORDS_MAX = 40, LINE_BYTES = 64 * 1024, CIDS_MAX = 10 };

/* ---- what ipfrs-remote may be told: nothing that has it read a file ---- */

int remote_may(const char *const *args)
{
	static const char *const verbs[] = { "add", "ls", "rm", "stat" };
	size_t i, known = 0;

	for (i = 0; i < sizeof verbs / sizeof *verbs; i++)
		known |= strcmp(args[0], verbs[i]) == 0;
	for (i = 1; known && args[i] && strcmp(args[i], "--") != 0; i++) {
		if (!strcmp(args[i], "-j") || !strcmp(args[i], "-b") || !strcmp(args[i], "-f"))
			continue;
		if (!args[i + 1])
			return 0;
		if (strcmp(args[i], "-e") != 0 && strcmp(args[i], "-n") != 0 && strcmp(args[i], "-s") != 0 &&
		    !(strcmp(args[i], "-k") == 0 && strcmp(args[i + 1], "-") == 0))
			return 0;
		i++;
	}
	return known != 0;
}

/* ---- asking it ---- */

struct words {
	const char *w[WORDS_MAX + 1];
	size_t n;
	char cid[CIDS_MAX][CID_TEXT_MAX];
};

static void say(struct words *w, const char *word)
{
	if (w->n < WORDS_MAX)
		w->w[w->n++] = word;
	w->w[w->n] = NULL;
}

/* a line of its output: a record, or why there is none */
static int heard(struct buf *line, int (*fn)(void *arg, const struct node *nd), void *arg)
{
	static const char who[] = "ipfrs-remote: ";
	struct node nd = NODE_INIT;
	const char *text = (const char *)line->data;
	int rc;

	if (*text != '{')
		return err_set(ERR_IO, "%s", strncmp(text, who, sizeof who - 1) == 0 ? text + sizeof who - 1 : text);
	rc = codec_decode(CID_JSON, buf_span(line), 0, &nd);
	if (rc == 0)
		rc = fn(arg, &nd);
	node_clear(&nd);
	return rc;
}

/* what does not come while the client still waits is not waited for */
static ssize_t more(struct call *c, int fd, char *room, size_t len)
{
	struct timeval t = { .tv_sec = 1 };
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	do {
		if (call_expired(c) < 0)
			return ERR_TIMEOUT;
		n = recv(fd, room, len, 0);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return n < 0 ? err_sys("hearing ipfrs-remote") : n;
}

/* a line, unless it is the last one: how it ended */
static int take_line(struct buf *line, int *ended, int (*fn)(void *arg, const struct node *nd), void *arg)
{
	const char *text = (const char *)line->data;

	if (strncmp(text, "exit ", 5) != 0)
		return heard(line, fn, arg);
	*ended = 1;
	return strcmp(text + 5, "0") == 0 ? 0 : err_set(ERR_IO, "ipfrs-remote ended with status %s", text + 5);
}

static int hear(struct call *c, int fd, int (*fn)(void *arg, const struct node *nd), void *arg)
{
	struct buf line = BUF_INIT(LINE_BYTES);
	char room[4096];
	ssize_t n = 0, i;
	int rc = 0, ended = 0;

	while (rc == 0 && (n = more(c, fd, room, sizeof room)) > 0)
		for (i = 0; rc == 0 && i < n; i++) {
			if (room[i] != '\n') {
				rc = buf_u8(&line, (uint8_t)room[i]);
			} else if (line.len) {
				rc = take_line(&line, &ended, fn, arg);
				buf_reset(&line);
			}
		}
	buf_clear(&line);
	if (rc == 0 && n < 0)
		return (int)n;
	return rc == 0 && !ended ? err_set(ERR_IO, "ipfrs-remote did not say how it ended") : rc;
}

/* the key, a line; what has ended already says why itself */
static void tell_key(int fd, const char *key)
{
	struct iovec v[2] = { { (void *)(uintptr_t)key, strlen(key) }, { (void *)(uintptr_t)"\n", 1 } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };

	while (sendmsg(fd, &m, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	shutdown(fd, SHUT_WR);
}

/* `w` said to a program of its own, with the key; each record goes to fn */
static int ask(struct call *c, const struct service *s, const struct words *w,
	       int (*fn)(void *arg, const struct node *nd), void *arg)
{
	int fd, rc;

	if (!c->k->broker)
		return err_set(ERR_UNSUPPORTED, "this server asks no pinning services");
	fd = broker_run(c->k->broker, w->w);
	if (fd < 0)
		return fd;
	tell_key(fd, s->key);
	rc = hear(c, fd, fn, arg);
	close(fd);
	return rc;
}

static void begin(struct words *w, const char *verb, const struct service *s)
{
	w->n = 0;
	say(w, verb);
	say(w, "-k");
	say(w, "-");
	say(w, "-e");
	say(w, s->endpoint);
}

/* ---- the service that is meant ---- */

static int which(struct call *c, struct service *s)
{
	const char *name = call_text(c, "service");

	if (!*name)
		return err_set(ERR_USAGE, "a service name must be passed");
	return service_find(c, name, s);
}

/* ---- pins ---- */

static struct span text_of(const struct node *nd, const char *key)
{
	size_t at;

	return node_field(nd, 0, span_str(key), &at) && nd->step[at].kind == NODE_STRING ? node_span(nd, at) :
											   span_of("", 0);
}

static int tell_pin(void *arg, const struct node *nd)
{
	struct span status = text_of(nd, "status"), cid = text_of(nd, "cid"), name = text_of(nd, "name");
	struct buf json = BUF_INIT(LINE_BYTES), text = BUF_INIT(LINE_BYTES);
	int rc = buf_str(&json, "{");

	if (rc == 0)
		rc = json_field(&json, "Status", status);
	if (rc == 0)
		rc = json_field(&json, "Cid", cid);
	if (rc == 0)
		rc = json_field(&json, "Name", name);
	if (rc == 0)
		rc = buf_str(&json, "}");
	if (rc == 0)
		rc = buf_printf(&text, "%.*s\t%.*s\t%.*s\n", (int)cid.len, (const char *)cid.p, (int)status.len,
				(const char *)status.p, (int)name.len, (const char *)name.p);
	if (rc == 0)
		rc = call_value(arg, buf_span(&json), buf_span(&text));
	buf_clear(&json);
	buf_clear(&text);
	return rc;
}

static int remote_add(struct call *c)
{
	struct service s = { 0 };
	struct words w = { 0 };
	struct cid cid;
	int rc = which(c, &s);

	if (rc == 0)
		rc = call_resolve(c, c->arg[0], &cid);
	if (rc == 0) {
		begin(&w, "add", &s);
		say(&w, "-j");
		if (call_bool(c, "background"))
			say(&w, "-b");
		if (*call_text(c, "name")) {
			say(&w, "-n");
			say(&w, call_text(c, "name"));
		}
		say(&w, "--");
		say(&w, cid_text(&cid, w.cid[0]));
		rc = ask(c, &s, &w, tell_pin, c);
	}
	service_clear(&s);
	return rc;
}

/* the filters of ls and rm behind what was said; states in `room` */
static int filters(struct call *c, struct words *w, struct buf *room)
{
	const char *text;
	struct cid cid;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && (text = call_each(c, "status", i)); i++) {
		if (strcmp(text, "queued") && strcmp(text, "pinning") && strcmp(text, "pinned") && strcmp(text, "failed"))
			return err_set(ERR_USAGE, "status \"%s\" is not valid", text);
		rc = buf_printf(room, "%s%s", i ? "," : "", text);
	}
	if (rc == 0 && i) {
		say(w, "-s");
		say(w, (const char *)room->data);
	}
	if (*call_text(c, "name")) {
		say(w, "-n");
		say(w, call_text(c, "name"));
	}
	say(w, "--");
	for (i = 0; rc == 0 && (text = call_each(c, "cid", i)); i++) {
		if (i == CIDS_MAX)
			return err_set(ERR_LIMIT, "more than %d CIDs", CIDS_MAX);
		rc = call_resolve(c, text, &cid);
		if (rc < 0)
			return err_add(rc, "CID \"%s\" cannot be parsed", text);
		say(w, cid_text(&cid, w->cid[i]));
	}
	return rc;
}

static int remote_ls(struct call *c)
{
	struct buf states = BUF_INIT(256);
	struct service s = { 0 };
	struct words w = { 0 };
	int rc = which(c, &s);

	if (rc == 0) {
		begin(&w, "ls", &s);
		say(&w, "-j");
		rc = filters(c, &w, &states);
	}
	if (rc == 0)
		rc = ask(c, &s, &w, tell_pin, c);
	service_clear(&s);
	buf_clear(&states);
	return rc < 0 ? rc : call_empty(c);
}

static int nothing(void *arg, const struct node *nd)
{
	(void)arg;
	(void)nd;
	return 0;
}

static int remote_rm(struct call *c)
{
	struct buf states = BUF_INIT(256);
	struct service s = { 0 };
	struct words w = { 0 };
	int rc = which(c, &s);

	if (rc == 0) {
		begin(&w, "rm", &s);
		if (call_bool(c, "force"))
			say(&w, "-f");
		rc = filters(c, &w, &states);
	}
	if (rc == 0)
		rc = ask(c, &s, &w, nothing, NULL);
	service_clear(&s);
	buf_clear(&states);
	return rc < 0 ? rc : call_empty(c);
}

/* ---- services ---- */

/* the counts as ipfrs-remote has them, with Kubo's names */
static int take_counts(void *arg, const struct node *nd)
{
	static const char *const keys[][2] = {
		{ "queued", "Queued" }, { "pinning", "Pinning" }, { "pinned", "Pinned" }, { "failed", "Failed" }
	};
	struct buf *b = arg;
	size_t i, at;
	int rc = buf_str(b, "{");

	for (i = 0; rc == 0 && i < 4; i++)
		rc = json_num(b, keys[i][1], node_field(nd, 0, span_str(keys[i][0]), &at) ? nd->step[at].u : 0);
	return rc < 0 ? rc : buf_str(b, "}");
}

static int put_stat(struct call *c, const struct service *s, struct buf *json)
{
	struct buf counts = BUF_INIT(1024);
	struct words w = { 0 };
	int rc;

	begin(&w, "stat", s);
	say(&w, "-j");
	rc = ask(c, s, &w, take_counts, &counts);
	if (rc == 0 && counts.len)
		rc = buf_printf(json, ",\"Stat\":{\"Status\":\"valid\",\"PinCount\":%s}", (char *)counts.data);
	else
		rc = buf_str(json, ",\"Stat\":{\"Status\":\"invalid\"}");
	buf_clear(&counts);
	return rc;
}

struct listed {
	struct call *c;
	struct buf json, text;
};

static int tell_service(void *arg, const struct service *s)
{
	struct listed *l = arg;
	int rc = buf_str(&l->json, l->json.data[l->json.len - 1] == '[' ? "{" : ",{");

	if (rc == 0)
		rc = json_field(&l->json, "Service", span_str(s->name));
	if (rc == 0)
		rc = json_field(&l->json, "ApiEndpoint", span_str(s->endpoint));
	if (rc == 0 && call_bool(l->c, "stat"))
		rc = put_stat(l->c, s, &l->json);
	if (rc == 0)
		rc = buf_str(&l->json, "}");
	return rc < 0 ? rc : buf_printf(&l->text, "%s\t%s\n", s->name, s->endpoint);
}

static int service_ls(struct call *c)
{
	struct listed l = { c, BUF_INIT(1 << 22), BUF_INIT(1 << 22) };
	struct buf even = BUF_INIT(1 << 22);
	int rc = buf_str(&l.json, "{\"RemoteServices\":[");

	if (rc == 0)
		rc = service_each(c, tell_service, &l);
	if (rc == 0)
		rc = buf_str(&l.json, "]}");
	if (rc == 0)
		rc = call_columns(buf_span(&l.text), &even);
	if (rc == 0)
		rc = call_one(c, buf_span(&l.json), even.len ? buf_span(&even) : span_of("", 0));
	buf_clear(&l.json);
	buf_clear(&l.text);
	buf_clear(&even);
	return rc;
}

static int service_add_(struct call *c)
{
	int rc = service_add(c, c->arg[0], c->arg[1], c->arg[2]);

	return rc < 0 ? rc : call_empty(c);
}

static int service_rm_(struct call *c)
{
	int rc = service_rm(c, c->arg[0]);

	return rc < 0 ? rc : call_empty(c);
}

static const struct opt add_opts[] = {
	{ "service", OPT_STRING, NULL }, { "name", OPT_STRING, NULL }, { "background", OPT_BOOL, NULL }, { 0 }
};
static const struct opt ls_opts[] = {
	{ "service", OPT_STRING, NULL }, { "name", OPT_STRING, NULL }, { "cid", OPT_STRINGS, NULL },
	{ "status", OPT_STRINGS, NULL }, { 0 }
};
static const struct opt rm_opts[] = {
	{ "service", OPT_STRING, NULL }, { "name", OPT_STRING, NULL }, { "cid", OPT_STRINGS, NULL },
	{ "status", OPT_STRINGS, NULL }, { "force", OPT_BOOL, NULL }, { 0 }
};
static const struct opt stat_opts[] = { { "stat", OPT_BOOL, NULL }, { 0 } };

const struct command kubo_remote_commands[] = {
	{ "pin/remote/add", "ipfs-path!", NULL, add_opts, 0, remote_add },
	{ "pin/remote/ls", "", NULL, ls_opts, 0, remote_ls },
	{ "pin/remote/rm", "", NULL, rm_opts, 0, remote_rm },
	{ "pin/remote/service/add", "service! endpoint! key!", NULL, NULL, 0, service_add_ },
	{ "pin/remote/service/ls", "", NULL, stat_opts, 0, service_ls },
	{ "pin/remote/service/rm", "service!", NULL, NULL, 0, service_rm_ },
	{ 0 }
};
