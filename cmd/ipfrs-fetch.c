/* ipfrs-fetch - bring DAGs from trustless gateways into the store */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/names.h"
#include "base/num.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "name/name.h"
#include "ops/coproc.h"
#include "ops/read.h"
#include "peer/fetch/fetch.h"

static const struct cmd_opt opts[] = {
	CMD_OPT_0,
	{ 'c', NULL, "answer requests for blocks, for another program" },
	{ 'd', "levels", "fetch so many levels of links and no more; 0: the block alone" },
	{ 'D', NULL, "believe the gateway about the DNSLinks of domains" },
	{ 'g', "url", "ask this gateway; may be repeated (default: fetch.gateways)" },
	CMD_OPT_J,
	{ 'k', "file", "trust the certificate authorities in this file only" },
	{ 'l', "bytes", "fetch at most this much of each file" },
	{ 'm', "bytes", "no block is larger (default: 2MiB)" },
	{ 'M', "bytes", "give up when so much came" },
	{ 'n', NULL, "only list the blocks that are missing; asks nobody" },
	{ 'N', "name", "name the pins; implies -p" },
	{ 'p', NULL, "pin what was fetched" },
	{ 'P', "count", "requests at one time (default: 16)" },
	{ 'r', "address", "DNS server for the DNSLinks of domains (default: the system's)" },
	{ 'R', "count", "rounds over the gateways before a block is given up (default: 4)" },
	{ 's', "bytes", "start this far into each file" },
	{ 't', "form", "ask for auto, raw (single blocks) or car (archives)" },
	{ 'T', "what=seconds", "patience: connect, stall, total, retry or backoff" },
	{ 'x', "url", "ask through this proxy; an empty one: through none" },
	{ 0, NULL, NULL }
};
static const struct cmd_info info = {
	"ipfrs-fetch", "[path ...]", "bring DAGs from trustless gateways into the store", opts
};

static struct fetch *f;
static struct buf line = { .max = 1 << 20 };
static int json, pin, levels = -1, dry, part;
static uint64_t start, length = UINT64_MAX;
static const char *pin_name;
static int absent;			/* a block of this DAG is not to be had: its exit status */
static uint64_t n_absent;

/* ---- what is said ---- */

static int say_missing(const struct cid *cid)
{
	char text[CID_TEXT_MAX];
	int rc;

	cid_text(cid, text);
	if (!json) {
		cmd_print("%s", text);
		return 0;
	}
	rc = buf_str(&line, "{");
	if (rc == 0)
		rc = json_field(&line, "missing", span_str(text));
	if (rc == 0)
		rc = buf_str(&line, "}");
	return cmd_told(&line, rc);
}

static int missing(void *arg, const struct cid *cid, int rc)
{
	(void)arg;
	if (dry && rc == ERR_NOTFOUND) {
		cmd_status(1);
		n_absent++;
		return say_missing(cid);
	}
	/* what is not there today is no reason to leave the rest; other trouble will not get better */
	if (rc != ERR_NOTFOUND && rc != ERR_DENIED && rc != ERR_UNSUPPORTED && rc != ERR_INVALID)
		return rc;
	progress_end(cmd_progress());
	absent = cmd_complain(rc, NULL);
	n_absent++;
	return 0;
}

static int say_done(const char *path, const struct cid *cid, const struct fetch_dag *d)
{
	char text[CID_TEXT_MAX];
	int rc;

	cid_text(cid, text);
	if (!json) {
		cmd_print("%s", text);
		return 0;
	}
	rc = buf_str(&line, "{");
	if (rc == 0)
		rc = json_field(&line, "path", span_str(path));
	if (rc == 0)
		rc = json_field(&line, "cid", span_str(text));
	if (rc == 0 && !part)
		rc = json_num(&line, "blocks", d->n_blocks);
	if (rc == 0 && !part)
		rc = json_num(&line, "bytes", d->bytes);
	if (rc == 0)
		rc = json_num(&line, "new_blocks", d->n_new);
	if (rc == 0)
		rc = json_num(&line, "new_bytes", d->new_bytes);
	if (rc == 0)
		rc = json_bool(&line, "pinned", pin);
	if (rc == 0)
		rc = buf_str(&line, "}");
	return cmd_told(&line, rc);
}

static void say_stats(void)
{
	char size[NUM_SIZE_MAX];
	struct fetch_stat s;
	int i;

	for (i = 0; cmd_verbose() && f && fetch_each_stat(f, i, &s); i++)
		cmd_note("%s: %" PRIu64 " requests, %" PRIu64 " failed, %" PRIu64 " absent, %" PRIu64 " wrong, %"
			 PRIu64 " blocks, %s", s.gateway, s.n_requests, s.n_failed, s.n_absent, s.n_wrong,
			 s.n_blocks, num_format_size(s.bytes, size));
}

/* ---- one DAG ---- */

/* "/ipns/…", "ipns://…" to a path of blocks; else the path as it is.  gives *out */
static int without_names(struct store *st, const char *path, char **out)
{
	struct buf name = BUF_INIT(65536), text = BUF_INIT(65536);
	int rc = 0;

	if (!strncmp(path, "ipns://", 7))
		rc = buf_printf(&name, "/ipns/%s", path + 7);
	else
		rc = buf_str(&name, path);
	if (rc == 0 && strncmp((char *)name.data, "/ipns/", 6) != 0)
		rc = buf_str(&text, path);
	else if (rc == 0 && f)
		rc = fetch_resolve(f, (char *)name.data, &text);
	else if (rc == 0)
		rc = name_resolve(st, buf_span(&name), NULL, NULL, &text, NULL);
	if (rc == 0 && !(*out = buf_take(&text)))
		rc = err_nomem();
	buf_clear(&name);
	buf_clear(&text);
	return rc;
}

static int64_t last_byte(void)
{
	if (length == UINT64_MAX || start + length < start || start + length > INT64_MAX)
		return -1;
	return (int64_t)(start + length - 1);
}

/* the path's blocks, and what they lead to */
static int find(struct store *st, const char *path, struct cid *cid)
{
	struct dag_source *src = f ? fetch_source(f) : store_source(st);
	struct ops_place place;
	struct dag_path p;
	int rc = dag_path_parse(&p, path);

	if (rc < 0)
		return rc;
	if (f && part && length)
		rc = fetch_ahead(f, &p.root, p.rest, FETCH_ENTITY, (int64_t)start, last_byte());
	else if (f && *p.rest && store_has(st, &p.root) == 0)
		rc = fetch_ahead(f, &p.root, p.rest, FETCH_BLOCK, -1, -1);
	dag_path_clear(&p);
	if (rc == 0)
		rc = ops_place_from(src, path, &place);
	if (rc == 0) {
		*cid = place.cid;
		ops_place_clear(&place);
	}
	return rc;
}

static int get_part(const struct cid *cid)
{
	struct sink_null null;
	int rc;

	sink_null_start(&null);
	rc = unixfs_cat(fetch_source(f), cid, start, length, &null.sink, NULL, NULL);
	return rc < 0 ? rc : fetch_commit(f);
}

/* what is whole is pinned, or noted as what a quota may take first */
static int settle(struct store *st, const struct cid *cid)
{
	int rc;

	if (pin)
		rc = pin_add(st, cid, levels == 0 ? PIN_DIRECT : PIN_RECURSIVE, pin_name);
	else
		rc = pin_note(st, cid);
	if (rc == ERR_EXISTS)		/* the block alone, and more of it is pinned already */
		rc = 0;
	if (rc == 0)
		rc = store_commit(st);
	return rc < 0 ? rc : pin_quota(st, cid);
}

static int fetch_one(struct store *st, const char *path)
{
	struct fetch_dag d = { .depth_max = levels, .missing = missing };
	uint64_t before = n_absent, n = 0, bytes = 0;
	char *blocks = NULL;
	struct cid cid;
	int rc = without_names(st, path, &blocks);

	if (f)
		fetch_count(f, &n, &bytes);
	if (rc == 0)
		rc = find(st, blocks, &cid);
	if (rc == 0 && dry)
		rc = fetch_missing(st, &cid, &d);
	else if (rc == 0)
		rc = part ? get_part(&cid) : fetch_dag(f, &cid, &d);
	free(blocks);
	if (rc == 0 && n_absent == before && !dry)
		rc = settle(st, &cid);
	if (rc < 0 || dry)
		return rc;
	if (n_absent > before)
		return err_set(absent == 1 ? ERR_NOTFOUND : ERR_IO, "%" PRIu64 " blocks are not to be had",
			       n_absent - before);
	fetch_count(f, &d.n_new, &d.new_bytes);		/* with the blocks of the path */
	d.n_new -= n;
	d.new_bytes -= bytes;
	return say_done(path, &cid, &d);
}

/* ---- for another program ---- */

static int answer(const char *what)
{
	struct buf out = BUF_INIT(STORE_BLOCK_MAX);
	struct cid cid;
	int rc;

	if (*what == '/')
		rc = fetch_resolve(f, what, &out);
	else if ((rc = cid_parse(span_str(what), &cid, NULL)) == 0)
		rc = dag_get(fetch_source(f), &cid, &out);
	rc = coproc_answer(1, rc, buf_span(&out));
	buf_clear(&out);
	return rc;
}

static int serve(void)
{
	struct names asks;
	const char *what;
	int rc;

	names_init(&asks, 0, '\n', "standard input");
	do {
		rc = fetch_idle(f, 0);
		if (rc == 0)
			rc = names_next(&asks, &what);
		if (rc == 1 && answer(what) < 0)
			rc = 0;		/* nobody listens any more */
	} while (rc == 1);
	names_clear(&asks);
	return rc < 0 ? rc : fetch_commit(f);
}

/* ---- options ---- */

static void patience(struct fetch_opts *o, const char *text)
{
	static const char *const whats[] = { "connect", "stall", "total", "retry", "backoff" };
	const char *eq = strchr(text, '=');
	double s;
	char *end;
	int i;

	for (i = 0; eq && i < 5; i++)
		if (strlen(whats[i]) == (size_t)(eq - text) && !strncmp(text, whats[i], (size_t)(eq - text)))
			break;
	if (!eq || i == 5)
		cmd_usage("-T wants connect, stall, total, retry or backoff, '=' and seconds, not '%s'", text);
	s = strtod(eq + 1, &end);
	if (end == eq + 1 || *end || !(s >= 0 && s <= 86400))
		cmd_usage("-T: '%s' are no seconds", eq + 1);
	switch (i) {
	case 0: o->connect_ms = (int)(s * 1000); break;
	case 1: o->stall_ms = (int)(s * 1000); break;
	case 2: o->total_ms = (int)(s * 1000); break;
	case 3: o->retry_after_max_s = (int)s; break;
	case 4: o->backoff_ms = (int)(s * 1000); break;
	}
}

static enum fetch_form form(const char *text)
{
	static const char *const forms[] = { "auto", "raw", "car" };
	int i;

	for (i = 0; i < 3; i++)
		if (!strcmp(text, forms[i]))
			return (enum fetch_form)(FETCH_AUTO + i);
	cmd_usage("-t wants auto, raw or car, not '%s'", text);
}

static int small(uint64_t v, uint64_t max)
{
	if (v > max)
		cmd_usage("%" PRIu64 " is more than %" PRIu64, v, max);
	return (int)v;
}

static void add_gateway(struct fetch_opts *o, const char *url)
{
	static const char *urls[FETCH_GATEWAYS_MAX];

	if (o->n_gateways == FETCH_GATEWAYS_MAX)
		cmd_usage("more than %d gateways", FETCH_GATEWAYS_MAX);
	o->gateways = urls;
	urls[o->n_gateways++] = url;
}

static int read_opts(struct fetch_opts *o)
{
	int c, coproc = 0;

	while ((c = cmd_getopt()) != -1) {
		switch (c) {
		case 'c': coproc = 1; break;
		case 'd': levels = small(cmd_count(), DAG_DEPTH_MAX); break;
		case 'D': o->trust_dnslink = 1; break;
		case 'g': add_gateway(o, cmd_arg()); break;
		case 'j': json = 1; break;
		case 'k': o->ca_file = cmd_arg(); break;
		case 'l': length = cmd_bytes(); part = 1; break;
		case 'm': o->block_max = (size_t)small(cmd_bytes(), STORE_BLOCK_MAX); break;
		case 'M': o->bytes_max = cmd_bytes(); break;
		case 'n': dry = 1; break;
		case 'N': pin_name = cmd_arg(); pin = 1; break;
		case 'p': pin = 1; break;
		case 'P': o->parallel = small(cmd_count(), FETCH_PARALLEL_MAX); break;
		case 'r': o->dns = cmd_arg(); break;
		case 'R': o->tries = small(cmd_count(), 1000); break;
		case 's': start = cmd_bytes(); part = 1; break;
		case 't': o->form = form(cmd_arg()); break;
		case 'T': patience(o, cmd_arg()); break;
		case 'x': o->proxy = cmd_arg(); break;
		}
	}
	if (part && (dry || levels >= 0))
		cmd_usage("-s and -l go neither with -n nor with -d");
	if (pin && (part || levels > 0))
		cmd_usage("what is not whole cannot be pinned: no -p with -s, -l or levels");
	if (pin && dry)
		cmd_usage("nothing is pinned with -n");
	if (part && start > INT64_MAX)
		cmd_usage("no file is that long");
	return coproc;
}

/* the settings too, and the handle */
static int begin(struct store *st, struct fetch_opts *o)
{
	int rc = fetch_opts_config(o, store_config(st));

	o->progress = cmd_worked;
	if (rc == 0)
		rc = fetch_new(&f, st, o);
	free(o->list);
	return rc;
}

int main(int argc, char **argv)
{
	struct fetch_opts o;
	struct store *st = NULL;
	int rc, coproc;

	cmd_start(&info, argc, argv);
	fetch_opts_init(&o);
	coproc = read_opts(&o);
	rc = store_open(&st, cmd_store(), dry ? STORE_READ : STORE_WRITE);
	if (rc == 0 && !dry)
		rc = begin(st, &o);
	if (rc == 0 && coproc) {
		rc = serve();
	} else if (rc == 0) {
		progress_start(cmd_progress(), "fetching", 0, 1);
		cmd_each(st, fetch_one);
		progress_end(cmd_progress());
	}
	if (rc < 0)
		cmd_complain(rc, NULL);
	say_stats();
	fetch_free(f);
	store_close(st);
	buf_clear(&line);
	return cmd_finish();
}
