/* ipfrs-remote - pins that a service keeps: asked for, listed, given up */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "ops/read.h"
#include "peer/pinning/pinning.h"

enum { KEY_MAX = 4096, POLL_NS = 500 * 1000 * 1000 };

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'b', NULL, "add: do not wait until it is pinned" },
	{ 'e', "url", "the service (default: $IPFRS_PINNING_URL)" },
	{ 'f', NULL, "rm: also when several pins are meant" },
	CMD_OPT_J,
	{ 'k', "file", "its key, - is standard input (default: $IPFRS_PINNING_KEY)" },
	{ 'n', "name", "add: give the pin a name; ls, rm: those of this name" },
	{ 's', "states", "ls, rm: those queued, pinning, pinned (default) or failed" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-remote", "[cid ...]", "have a pinning service keep what is in the store", opts
};

static struct pinning *service;
static const char *endpoint, *key_file, *name;
static int background, force, json, states;
static struct buf line = { .max = 1 << 20 };

/* ---- records ---- */

static int record(const struct pinning_pin *p)
{
	const char *status = pinning_status_name(p->status);
	char text[CID_TEXT_MAX];
	int rc;

	cid_text(&p->cid, text);
	if (json) {
		if ((rc = buf_u8(&line, '{')) == 0 && (rc = json_field(&line, "status", span_str(status))) == 0 &&
		    (rc = json_field(&line, "cid", span_str(text))) == 0 &&
		    (rc = json_field(&line, "name", span_str(p->name))) == 0 &&
		    (rc = json_field(&line, "id", span_str(p->id))) == 0 &&
		    (rc = json_field(&line, "created", span_str(p->created))) == 0)
			rc = buf_u8(&line, '}');
	} else if ((rc = buf_printf(&line, "%s\t%s\t", status, text)) == 0) {
		rc = ops_name_form(span_str(p->name), cmd_zero() ? OPS_PLAIN : OPS_TEXT, &line);
	}
	return cmd_told(&line, rc);
}

static int tell(void *arg, const struct pinning_pin *p)
{
	(void)arg;
	return record(p);
}

/* ---- add ---- */

struct asked {
	char id[256];
	int status;
	int silent;			/* its record comes when it is settled */
};

static int heard(void *arg, const struct pinning_pin *p)
{
	struct asked *a = arg;

	snprintf(a->id, sizeof a->id, "%s", p->id);
	a->status = p->status;
	return !a->silent || a->status & (PINNING_PINNED | PINNING_FAILED) ? record(p) : 0;
}

static int wait_for(struct asked *a)
{
	const struct timespec nap = { .tv_nsec = POLL_NS };
	int rc = 0;

	while (rc == 0 && !(a->status & (PINNING_PINNED | PINNING_FAILED))) {
		nanosleep(&nap, NULL);
		rc = pinning_get(service, a->id, heard, a);
	}
	if (rc == 0 && a->status == PINNING_FAILED)
		rc = err_set(ERR_DIFFER, "remote service failed to pin requestid=\"%s\"", a->id);
	return rc;
}

static int add_one(struct store *st, const char *text)
{
	struct asked a = { .silent = !background };
	struct cid cid;
	int rc = cid_parse(span_str(text), &cid, NULL);

	(void)st;
	if (rc == 0)
		rc = pinning_add(service, &cid, name, heard, &a);
	return rc < 0 || background ? rc : wait_for(&a);
}

static int add(struct store *st)
{
	return cmd_each(st, add_one);
}

/* ---- ls and rm ---- */

static int query(struct pinning_query *q)
{
	const char *text;
	int i, n = cmd_operands(0, PINNING_CIDS_MAX), rc = 0;

	*q = (struct pinning_query){ .name = name, .statuses = states ? states : PINNING_PINNED, .n_cids = (size_t)n };
	for (i = 0; rc == 0 && i < n; i++) {
		text = cmd_operand(i);
		rc = cid_parse(span_str(text), &q->cid[i], NULL);
		if (rc < 0)
			err_add(rc, "%s", text);
	}
	return rc;
}

static int ls(struct store *st)
{
	struct pinning_query q;
	int rc = query(&q);

	(void)st;
	return rc < 0 ? rc : pinning_ls(service, &q, tell, NULL);
}

struct doomed {
	char **id;
	size_t n, cap;
};

static int doom(void *arg, const struct pinning_pin *p)
{
	struct doomed *d = arg;
	char **more;

	if (d->n == d->cap) {
		more = realloc(d->id, (d->cap + 64) * sizeof *more);
		if (!more)
			return err_nomem();
		d->id = more;
		d->cap += 64;
	}
	d->id[d->n] = strdup(p->id);
	return d->id[d->n] ? (d->n++, 0) : err_nomem();
}

static int rm(struct store *st)
{
	struct doomed d = { 0 };
	struct pinning_query q;
	size_t i;
	int rc = query(&q);

	(void)st;
	if (rc == 0) {
		rc = pinning_ls(service, &q, doom, &d);
		if (rc < 0)
			err_add(rc, "error while listing remote pins");
	}
	if (rc == 0 && d.n > 1 && !force)
		rc = err_set(ERR_DIFFER, "multiple remote pins are matching this query, add --force to confirm the bulk removal");
	for (i = 0; rc == 0 && i < d.n; i++) {
		rc = pinning_rm(service, d.id[i]);
		if (rc < 0)
			err_add(rc, "removing pin identified by requestid=\"%s\" failed", d.id[i]);
	}
	for (i = 0; i < d.n; i++)
		free(d.id[i]);
	free(d.id);
	return rc;
}

/* ---- stat ---- */

static int stat_(struct store *st)
{
	uint64_t n;
	int i, rc = 0;

	(void)st;
	for (i = 0; rc == 0 && i < 4; i++) {
		rc = pinning_count(service, 1 << i, &n);
		if (rc == 0 && json)
			rc = buf_printf(&line, "%s\"%s\":%" PRIu64, i ? "," : "{", pinning_status_name(1 << i), n);
		else if (rc == 0)
			cmd_print("%s\t%" PRIu64, pinning_status_name(1 << i), n);
	}
	if (rc == 0 && json)
		rc = cmd_told(&line, buf_u8(&line, '}'));
	return rc;
}

static const struct cmd_verb verbs[] = {
	{ "add", "0bejkn", "cid ...", "ask for pins, and wait for them", 1, -1, add, CMD_NO_STORE },
	{ "ls", "0ejkns", "[cid ...]", "list pins, the newest first", 0, PINNING_CIDS_MAX, ls, CMD_NO_STORE },
	{ "rm", "efkns", "[cid ...]", "give pins up", 0, PINNING_CIDS_MAX, rm, CMD_NO_STORE },
	{ "stat", "0ejk", "", "count pins by their states", 0, 0, stat_, CMD_NO_STORE },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL, 0 }
};

/* ---- the service ---- */

static void set_states(const char *text)
{
	char *copy = strdup(text), *word, *save = NULL;
	int s;

	for (word = strtok_r(copy, ", ", &save); word; word = strtok_r(NULL, ", ", &save)) {
		s = pinning_status(word);
		if (s < 0)
			cmd_usage("%s", err_text());
		states |= s;
	}
	free(copy);
}

/* the first line of the file */
static int read_key(struct buf *key)
{
	int fd = cmd_open(key_file), rc;

	if (fd < 0)
		return fd;
	rc = io_slurp(fd, key, cmd_shown(key_file));
	cmd_close(fd);
	if (rc == 0 && key->data)
		key->data[strcspn((char *)key->data, "\r\n")] = 0;
	return rc;
}

static int open_service(void)
{
	struct buf key = BUF_INIT(KEY_MAX);
	const char *env = getenv("IPFRS_PINNING_KEY");
	int rc = 0;

	if (!endpoint)
		endpoint = getenv("IPFRS_PINNING_URL");
	if (!endpoint)
		cmd_usage("which service? give its URL with -e, or in $IPFRS_PINNING_URL");
	if (key_file)
		rc = read_key(&key);
	else if (env)
		rc = buf_str(&key, env);
	if (rc == 0)
		rc = pinning_new(&service, endpoint, key.data ? (const char *)key.data : "");
	if (key.data)
		explicit_bzero(key.data, key.len);
	buf_clear(&key);
	return rc;
}

int main(int argc, char **argv)
{
	const struct cmd_verb *verb;
	int c, rc;

	cmd_start(&info, argc, argv);
	verb = cmd_pick(verbs);
	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'b': background = 1; break;
		case 'e': endpoint = cmd_arg(); break;
		case 'f': force = 1; break;
		case 'j': json = 1; break;
		case 'k': key_file = cmd_arg(); break;
		case 'n': name = cmd_arg(); break;
		case 's': set_states(cmd_arg()); break;
		}
	}
	rc = open_service();
	c = rc < 0 ? cmd_fail(rc) : cmd_run(verb);
	pinning_free(service);
	buf_clear(&line);
	return c;
}
