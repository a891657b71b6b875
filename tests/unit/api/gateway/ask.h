/*
 * ask.h - a gateway over a store of fixtures, and requests to it without a server.
 *
 *	ask_open("gateway.hosts = example.com subdomains\n");
 *	ask_import("tests/golden/gateway/gateway-cache.car");
 *	CHECK(ask_get("/ipfs/bafy…/") == 200 && !strcmp(ask_field("etag"), "\"bafy…\""));
 *	CHECK_STR(ask_body(), "hello\n");
 *	ask("HEAD", "/ipfs/bafy…?format=raw", "example.com:8080", "range: bytes=0-1\nif-none-match: *\n");
 */
#ifndef TESTS_GATEWAY_ASK_H
#define TESTS_GATEWAY_ASK_H

#include <fcntl.h>
#include <unistd.h>

#include "api/gateway/gateway_priv.h"
#include "name/name.h"
#include "ops/car.h"
#include "tests/unit/api/heard.h"

static struct {
	struct store *st;
	struct gateway *g;
	struct dag_source *src;		/* NULL: the store itself */
	int tls, remote;		/* of the requests to come */
	struct heard heard;		/* of the last answer */
} ask_now;

/* ask_open - a new empty store and a gateway with these settings */
__attribute__((unused)) static void ask_open(const char *config)
{
	static int n;
	static char *dir;
	char path[4200];

	if (!dir)
		dir = unit_tmpdir();
	store_close(ask_now.st);
	gateway_free(ask_now.g);
	ask_now.st = NULL;
	ask_now.g = NULL;
	snprintf(path, sizeof path, "%s/store%d", dir, n++);
	if (store_init(path, config) < 0 || store_open(&ask_now.st, path, STORE_WRITE | STORE_UNSYNCED) < 0 ||
	    gateway_new(&ask_now.g, store_config(ask_now.st)) < 0) {
		printf("# no gateway: %s\n", err_text());
		abort();
	}
}

__attribute__((unused)) static void ask_close(void)
{
	store_close(ask_now.st);
	gateway_free(ask_now.g);
	heard_clear(&ask_now.heard);
	memset(&ask_now, 0, sizeof ask_now);
}

/* ask_import - the blocks of an archive, without pins */
__attribute__((unused)) static void ask_import(const char *path)
{
	struct ops_car_import o = { .keep = 1 };
	struct car_importer *m = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ops_car_import_begin(&m, ask_now.st, &o) < 0 || ops_car_import_fd(m, fd, path) < 0 ||
	    ops_car_import_end(m, NULL, NULL) < 0 || ops_car_import_drop(m) < 0) {
		printf("# %s: %s\n", path, err_text());
		abort();
	}
	close(fd);
}

/* ask_record - the record of a file named after its key; 1: kept, or the error of name_put */
__attribute__((unused)) static int ask_record(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	struct buf record = BUF_INIT(1 << 20);
	struct cid id;
	int rc = io_slurp_file(AT_FDCWD, path, &record);

	if (rc == 0)
		rc = key_id_parse(span_of(name, strcspn(name, "_.")), &id);
	if (rc == 0)
		rc = name_put(ask_now.st, &id, buf_span(&record), 0);
	buf_clear(&record);
	return rc;
}

/* ask - the status of the answer; 0: none was given.  Names of fields in lower case. */
__attribute__((unused)) static int ask(const char *method, const char *target, const char *host, const char *fields)
{
	struct field f[HEARD_FIELDS_MAX];
	struct request rq = heard_request(method, target, host, fields, f);
	struct heard *h = &ask_now.heard;

	rq.tls = ask_now.tls;
	rq.local = !ask_now.remote;
	heard_begin(h);
	h->r.head_only = !strcmp(method, "HEAD");
	h->rc = gateway_answer(ask_now.g, ask_now.st, ask_now.src ? ask_now.src : store_source(ask_now.st), &rq, &h->r);
	return h->r.status;
}

__attribute__((unused)) static int ask_get(const char *target)
{
	return ask("GET", target, "127.0.0.1:8080", NULL);
}

__attribute__((unused)) static int ask_with(const char *target, const char *fields)
{
	return ask("GET", target, "127.0.0.1:8080", fields);
}

/* ask_field - the value of a field of the answer, several joined with ", "; NULL: it has none.  Kept. */
__attribute__((unused)) static const char *ask_field(const char *name)
{
	return heard_line(&ask_now.heard.r.fields, name);
}

__attribute__((unused)) static int ask_field_is(const char *name, const char *value)
{
	const char *is = ask_field(name);

	if (!is || !value ? is == value : !strcmp(is, value))
		return 1;
	printf("# %s: is \"%s\", not \"%s\"\n", name, is ? is : "(none)", value ? value : "(none)");
	return 0;
}

__attribute__((unused)) static int ask_field_has(const char *name, const char *part)
{
	const char *is = ask_field(name);

	if (is && strstr(is, part))
		return 1;
	printf("# %s: \"%s\" has no \"%s\"\n", name, is ? is : "(none)", part);
	return 0;
}

__attribute__((unused)) static const char *ask_body(void)
{
	return ask_now.heard.body.data ? (const char *)ask_now.heard.body.data : "";
}

#endif
