/* kubo.c - from a request to a command, and what is around its answer */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "board/board.h"
#include "conf.h"
#include "ops/broker.h"

/* ---- settings ---- */

int kubo_new(struct kubo **out, const char *path, const struct config *conf)
{
	struct kubo *k = calloc(1, sizeof *k);
	int rc;

	*out = NULL;
	if (!k)
		return err_nomem();
	*k = (struct kubo){ .path = path, .c = conf, .text = BUF_INIT(CONF_MAX), .conf = NODE_INIT };
	rc = conf_read(k->path, &k->text, &k->conf);
	if (rc < 0) {
		kubo_free(k);
		return rc;
	}
	*out = k;
	return 0;
}

void kubo_free(struct kubo *k)
{
	if (!k)
		return;
	broker_free(k->broker);
	node_clear(&k->conf);
	if (k->text.data)
		explicit_bzero(k->text.data, k->text.len);
	buf_clear(&k->text);
	free(k);
}

int kubo_reach(struct kubo *k)
{
	return broker_new(&k->broker, "ipfrs-remote", remote_may);
}

int kubo_kept(const struct kubo *k)
{
	return k->broker ? broker_fd(k->broker) : -1;
}

void kubo_reach_as(struct kubo *k, struct kubo *other)
{
	k->broker = other->broker;
	other->broker = NULL;
}

int kubo_conf(const struct kubo *k, const char *key, size_t *at)
{
	const char *dot;

	*at = 0;
	if (!k->conf.n)
		return 0;
	for (; key; key = dot ? dot + 1 : NULL) {
		dot = strchr(key, '.');
		if (!node_field(&k->conf, *at, span_of(key, dot ? (size_t)(dot - key) : strlen(key)), at))
			return 0;
	}
	return 1;
}

int kubo_guarded(const struct kubo *k)
{
	size_t at;

	return kubo_conf(k, "API.Authorizations", &at) && k->conf.step[at].kind == NODE_MAP && k->conf.step[at].n > 0;
}

int kubo_wants(const struct request *rq)
{
	static const char at[] = "/api/v0";
	size_t n = sizeof at - 1;

	return rq->path.len >= n && memcmp(rq->path.p, at, n) == 0 && (rq->path.len == n || rq->path.p[n] == '/');
}

/* ---- running ---- */

/* where others see it while it runs */
static int run_shown(struct call *c)
{
	struct board *b = store_board(c->st);
	int rc, slot = board_op_begin(b, c->cmd->path, c->n_args ? c->arg[0] : "", 0);

	rc = c->cmd->run(c);
	board_op_end(b, slot);
	return rc;
}

static int run(struct call *c)
{
	if (!c->st && !(c->cmd->flags & CMD_NO_STORE))
		return err_set(ERR_BUSY, "the store cannot be opened: %s", err_text());
	log_info("kubo", "%s for %.*s", c->cmd->path, (int)c->rq->peer.len, (const char *)c->rq->peer.p);
	return c->st ? run_shown(c) : c->cmd->run(c);
}

/* the command, its arguments, what stands in the body: a status when that is as far as it goes */
static int prepare(struct call *c)
{
	int rc = query_parse(c);

	if (rc == 0)
		rc = parts_open(c);
	if (rc == 0 && c->cmd->flags & CMD_STDIN && c->parts)
		rc = parts_args(c);
	return rc == 0 ? query_finish(c) : rc;
}

static int call(struct call *c)
{
	int rc = prepare(c);

	if (rc > 0)
		return text_error(c->r, rc, err_text());
	if (rc == 0)
		rc = run(c);
	if (rc < 0 && rc != ERR_INTERRUPTED)
		return answer_error(c, rc);
	return rc < 0 ? rc : answer_end(c);
}

int kubo_answer(struct kubo *k, struct store *st, struct dag_source *src, struct request *rq, struct reply *r)
{
	struct call c = { .k = k, .st = st, .rq = rq, .r = r, .json = BUF_INIT(VALUE_MAX) };
	int rc = 0;

	if (admit(k, rq, r, &rc)) {
		guard_start(&c, src);
		rc = call(&c);
	}
	parts_free(&c);
	query_free(&c);
	buf_clear(&c.json);
	return rc;
}
