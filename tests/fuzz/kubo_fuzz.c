/*
 * kubo_fuzz.c - whole calls of Kubo's RPC, as anybody may send them, over a store.
 * The first line is the call with its query, then come fields of the head, a line each, then an empty line and the body.
 * Every call gets one head at most, an answer unless the client went away, and leaves nothing of itself behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/kubo/kubo_priv.h"
#include "base/log.h"

enum { FIELDS = 16, CALLS_A_STORE = 2000 };

static struct {
	char path[64];
	struct store *st;
	struct kubo *k;
	unsigned calls;
	struct span body;
	int starts;
	uint64_t bytes;
} rig;

static void must(int yes)
{
	if (!yes)
		abort();
}

static void drop_store(void)
{
	char cmd[128];

	if (!rig.st)
		return;
	store_close(rig.st);
	kubo_free(rig.k);
	snprintf(cmd, sizeof cmd, "rm -rf %s", rig.path);
	must(system(cmd) == 0);
	rig.st = NULL;
}

static void make_store(void)
{
	static int first = 1;
	const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	if (first)
		atexit(drop_store);
	first = 0;
	drop_store();
	snprintf(rig.path, sizeof rig.path, "%s/kubo-fuzz-%d", dir, (int)getpid());
	must(store_init(rig.path, "") == 0);
	must(store_open(&rig.st, rig.path, STORE_WRITE | STORE_UNSYNCED) == 0);
	must(kubo_new(&rig.k, rig.path, store_config(rig.st)) == 0);
	rig.calls = 0;
}

static int start(struct reply *r, uint64_t len)
{
	(void)len;
	must(r->status >= 200 && r->status <= 599 && rig.starts++ == 0);
	return 0;
}

static int put(struct sink *s, const struct piece *p)
{
	(void)s;
	rig.bytes += p->len;
	return rig.bytes > 1 << 24 ? err_set(ERR_INTERRUPTED, "the client has enough") : 0;
}

static ssize_t body_read(struct request *rq, void *p, size_t len)
{
	(void)rq;
	len = len < rig.body.len ? len : rig.body.len;
	if (len)
		memcpy(p, rig.body.p, len);
	rig.body = span_of(rig.body.p + len, rig.body.len - len);
	return (ssize_t)len;
}

static struct span line(struct span *in)
{
	const uint8_t *end = in->len ? memchr(in->p, '\n', in->len) : NULL;
	struct span l = span_of(in->p, end ? (size_t)(end - in->p) : in->len);

	*in = end ? span_of(end + 1, in->len - l.len - 1) : span_of(in->p + in->len, 0);
	return l;
}

/* what ends only with the client, ends the server, or takes seconds by what it is for */
static int left_out(struct span path)
{
	static const char *const words[] = { "shutdown", "log/tail", "key/gen", "diag/profile" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (memmem(path.p, path.len, words[i], strlen(words[i])))
			return 1;
	return path.len && memchr(path.p, '%', path.len) != NULL;	/* the same in other letters */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), target = line(&in), l, path;
	struct field f[FIELDS];
	struct request rq = { .method = span_str("POST"), .host = span_str("127.0.0.1:5001"), .id = span_str("id"),
			      .peer = span_str("127.0.0.1:1"), .local = 1, .field = f, .body_len = LEN_UNKNOWN,
			      .read = body_read };
	struct reply r = { .sink = { put }, .fields = BUF_INIT(REPLY_FIELDS_MAX), .trailers = BUF_INIT(65536), .start = start };
	const uint8_t *mark = target.len ? memchr(target.p, '?', target.len) : NULL, *colon;
	char *text;
	int rc;

	log_start("kubo_fuzz", -1);
	path = span_of(target.p, mark ? (size_t)(mark - target.p) : target.len);
	if (left_out(path) || (rig.st && rig.calls++ > CALLS_A_STORE) || !rig.st)
		make_store();
	if (left_out(path))
		return 0;
	must(asprintf(&text, "/api/v0/%.*s", (int)path.len, (const char *)path.p) >= 0);
	rq.path = span_str(text);
	rq.query = mark ? span_of(mark + 1, target.len - path.len - 1) : span_of(NULL, 0);
	while ((l = line(&in)).len && rq.n_fields < FIELDS)
		if ((colon = memchr(l.p, ':', l.len)))
			f[rq.n_fields++] = (struct field){ span_of(l.p, (size_t)(colon - l.p)),
							   span_of(colon + 1, l.len - (size_t)(colon + 1 - l.p)) };
	rig.body = in;
	rig.starts = 0;
	rig.bytes = 0;
	rc = kubo_answer(rig.k, rig.st, store_source(rig.st), &rq, &r);
	must(rc == ERR_INTERRUPTED || rig.starts == 1);
	buf_clear(&r.fields);
	buf_clear(&r.trailers);
	free(text);
	return 0;
}
