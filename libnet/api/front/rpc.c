/*
 * rpc.c - requests to Kubo's RPC: answered by rules of their own, without codings, CORS and rates of the gateway.
 * Many of them write.  The store stays open for that, but rests between requests: a writer that waits would keep
 * collections from what was put since, and repairs from the store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "front_priv.h"

int rpc_new(struct front *f)
{
	int rc;

	if (f->roles & FRONT_RPC && log_share() < 0)
		log_info("front", "levels of the log cannot be changed: %s", err_text());
	if (!(f->roles & FRONT_RPC))
		return 0;
	f->folders = rpc_folders(f);
	rc = kubo_new(&f->kubo, f->path, f->c);
	if (rc == 0 && kubo_reach(f->kubo) < 0)
		log_warn("front", "no pinning services: %s", err_text());
	return rc;
}

int front_kept(const struct front *f)
{
	return f->kubo ? kubo_kept(f->kubo) : -1;
}

int rpc_reload(struct front *f)
{
	struct kubo *k;
	int rc = f->kubo && !f->pumps ? kubo_new(&k, f->path, f->c) : 1;

	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (kubo_guarded(f->kubo) && !kubo_guarded(k)) {
		kubo_free(k);
		return err_set(ERR_DENIED, "API.Authorizations is gone, and only a new start opens what was guarded");
	}
	kubo_reach_as(k, f->kubo);
	kubo_free(f->kubo);
	f->kubo = k;
	return 0;
}

/* what a writer changes; not the configuration, nor the lock, nor what else lies there */
static const char *const folders[RPC_FOLDERS] = {
	"seg", "index", "pins", "names", "key", "token", "board", "tmp"
};

uint64_t rpc_folders(const struct front *f)
{
	char path[4096];
	struct stat sb;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < RPC_FOLDERS; i++) {
		snprintf(path, sizeof path, "%s/%s", f->path, folders[i]);
		if (stat(path, &sb) < 0)
			sb.st_ino = sb.st_dev = 0;
		sum = (sum ^ sb.st_ino ^ (uint64_t)sb.st_dev << 40) * 0x100000001b3u;	/* as FNV-1a */
	}
	return sum;
}

int front_stale(void *ctx)
{
	struct front *f = ctx;
	uint64_t was = f->folders;

	if (!f->sandbox || !f->kubo)
		return 0;
	f->folders = rpc_folders(f);
	return f->folders != was;
}

int rpc_fence(const struct front *f, char *room[RPC_FOLDERS], const char *write[RPC_FOLDERS + 1])
{
	size_t i;

	for (i = 0; i < RPC_FOLDERS; i++) {
		if (asprintf(&room[i], "%s/%s", f->path, folders[i]) < 0) {
			room[i] = NULL;
			return err_nomem();
		}
		write[i] = room[i];
	}
	write[i] = NULL;
	return 0;
}

int rpc_not_here(struct reply *r)
{
	int rc = reply_field(r, "x-content-type-options", "nosniff");

	return rc < 0 ? rc : reply_whole(r, 404, "text/plain; charset=utf-8", span_str("404 page not found\n"));
}

int rpc_wants(struct front *f, const struct request *rq)
{
	if (!(f->roles & FRONT_RPC))
		return 0;
	if (!(f->roles & FRONT_GATEWAY))
		return 1;
	return kubo_wants(rq) && !gateway_is_site(f->gateway, rq);	/* a site may have such a path */
}

int rpc_answer(struct front *f, struct request *rq, struct reply *r)
{
	const struct route *row;
	const char *allow;
	int rc, status, reads = kubo_reads(rq);

	if (!kubo_wants(rq)) {
		if (front_find(rq, &row, &status, &allow) == 0 && status != 405)
			return rpc_not_here(r);
		front_store(f, STORE_READ);	/* health is about whether it can be opened */
		return front_run(f, rq, r);
	}
	rc = front_store(f, reads ? STORE_READ : f->writes);
	if (rc == ERR_DENIED) {			/* it can be read, at least */
		log_warn("front", "the RPC cannot write: %s", err_text());
		rc = front_store(f, STORE_READ);
	}
	rc = kubo_answer(f->kubo, f->st, front_sources(f), rq, r);
	if (!reads)
		front_rest(f);
	return rc;
}
