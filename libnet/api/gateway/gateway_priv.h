/*
 * gateway_priv.h - what the files of the gateway share.
 * A request goes host.c (whose name was it sent to?) -> answer.c (what is meant, in which form?) -> one of the
 * files that make a form.  Every function that takes an ask and "answers" returns 1 when it has, 0 to go on, and a
 * negative value when the transport failed; whatever else goes wrong it answers itself (gw_fail).
 */
#ifndef API_GATEWAY_PRIV_H
#define API_GATEWAY_PRIV_H

#include <time.h>

#include "gateway.h"
#include "unixfs/unixfs.h"
#include "wire/http/field.h"

enum {
	GW_PATH_MAX = 8192,		/* bytes of a decoded path */
	GW_REDIRECTS_MAX = 65536,	/* bytes of _redirects */
	GW_DEPTH_MAX = 32,		/* names that lead to names */
	GW_TEXT_MAX = 512
};

enum gw_view { GW_PATH, GW_SUBDOMAIN, GW_DNSLINK };	/* the last two have an origin of their own */
enum gw_format {
	GW_NONE, GW_RAW, GW_CAR, GW_RECORD, GW_TAR, GW_JSON, GW_CBOR, GW_DAG_JSON, GW_DAG_CBOR,
	GW_ZIP, GW_TAR_GZ, GW_TAR_ZST	/* ?format= only: zip, tar.gz, tar.zst */
};

struct gw_host { char *name; unsigned flags; };

struct gw_deny;
struct gw_types;
struct gw_names;
struct gw_known;
struct gw_asked;

struct gateway {			/* conf.c fills it */
	struct gw_host *hosts;
	size_t n_hosts;
	unsigned flags;			/* for names not listed: GATEWAY_TRUSTLESS, GATEWAY_NO_DNSLINK */
	int dns;			/* ask the DNS for DNSLinks, not only the map */
	int dns_ms;			/* and wait so long for it, at most */
	char dns_server[64];		/* whom to ask: "192.0.2.1", "[::1]:5353"; "": the system's servers */
	int archives;			/* zip and tar of directories are made */
	int precompressed;		/* NAME.br stands in for NAME */
	struct gw_names *names;		/* dnslink.c: the static map, and answers kept for a while */
	struct gw_deny *deny;		/* deny.c; NULL: nothing is denied */
	struct gw_types *types;		/* type.c */
	struct gw_known *known;		/* known.c; NULL: nothing is remembered */
	struct gateway_caches caches;	/* counted as we go */
	int (*resolve)(void *ctx, const char *path, struct buf *out);	/* gateway_upstream */
	void *resolve_ctx;
	struct gw_asked *asked;		/* learn.c: when whom was asked; NULL: not known */
	uint64_t listing_max;		/* entries on one page of a listing, 0: all */
	uint64_t car_bytes_max;		/* of one CAR with duplicates */
};

struct gw_ask {
	struct gateway *g;
	struct store *st;
	struct dag_source *src;
	struct request *rq;
	struct reply *r;

	/* host.c */
	enum gw_view view;
	int https;
	struct buf host;		/* effective host, with its port: "example.com:8080" */
	struct buf gw_host;		/* GW_SUBDOMAIN: the gateway's own name in it, with the port */
	unsigned flags;			/* of the host */
	struct buf web;			/* decoded, cleaned path as the client sees it: "/a/b/" */
	struct buf path;		/* the content path: "/ipfs/CID/a/b/", "/ipns/name/a" */

	/* answer.c, format.c */
	enum gw_format format;
	int by_accept;			/* the format came from Accept */
	int html;			/* text/html is in Accept */
	struct buf accept_params;	/* of the Accept entry chosen: ";order=dfs;dups=y" */
	int mutable_path;		/* /ipns/ */
	int64_t ttl;			/* seconds, of a mutable path; -1: not known */
	int only_cached;		/* Cache-Control: only-if-cached */

	/* resolve.c: after gw_resolve */
	struct buf now;			/* the immutable path: "/ipfs/CID/a/b" */
	struct cid root, cid;		/* of the path's first and of its last block */
	const char *rest;		/* segments inside the last block, "" for none; into `now` */
	struct buf roots;		/* X-Ipfs-Roots: "cid,cid" */
	int is_unixfs;			/* stat is right */
	struct unixfs_stat stat;
	struct span name;		/* the last segment of the content path; empty for a root */
	int in_dir;			/* a name led to `cid`, in the directory (or other dag-pb node) `dir` */
	struct cid dir;
};

/* ---- host.c, and hostname.c and uri.c behind it: dispatch (reference sections 1 to 3, 20) ---- */
/* gw_host - find out who was asked: fills view, https, host, gw_host, flags, web, path; or answers (redirects to
 * subdomains, 400, 404, the URI router, OPTIONS is answer.c's). */
int gw_host(struct gw_ask *a);
/* gw_connect - answer CONNECT: 200 where the name is ours, and the transport goes on with requests; else 403. */
int gw_connect(struct gw_ask *a);
/* The text of a label for a CID or key: appended.  ns "ipfs" or "ipns".  ERR_LIMIT: over 63 bytes. */
int gw_label(const struct cid *cid, const char *ns, struct buf *out);

/* ---- dnslink.c (section 21) ---- */
/* gw_names_new - the map's text may be NULL.  ERR_USAGE. */
int gw_names_new(struct gw_names **n, const char *map);
void gw_names_free(struct gw_names *n);
/* gw_dnslink - the path a DNS name stands for ("/ipfs/…", "/ipns/…"), appended to `value`, *ttl in seconds or -1.
 * 1; 0: there is none; ERR_TIMEOUT or ERR_INVALID: several, or a malformed one.  The map comes first. */
int gw_dnslink(struct gateway *g, struct span name, struct buf *value, int64_t *ttl);
int gw_is_dns_name(struct span s);
/* gw_dns_server_check - is it good for gateway.dns_server?  0 or ERR_USAGE. */
int gw_dns_server_check(const char *text);

/* ---- redirects.c (section 22): pure, over the text of a _redirects file ---- */
struct gw_rule { int status; struct buf to; };	/* `to` owned by the caller; zeroed at first */
/* gw_redirects - the first rule that fits `path` ("/a/b", decoded).  1; 0: none; ERR_INVALID: the file is broken
 * (err_text gives the line and the rule, without "could not parse _redirects:").  `to` has everything put in: of a
 * 3xx it is a finished Location, with `query` (of the request; p NULL: none) merged in; else a decoded path below
 * the root (or the URL of the rule). */
int gw_redirects(struct span file, struct span path, struct span query, struct gw_rule *out);

/* ---- denylist.c, deny.c ---- */
/* gw_deny_open - a list in the compact denylist format (see denylist.c), in any order; 24 bytes of memory a rule.
 * ERR_INVALID: a line that is no rule, so that nothing is served by a slip; ERR_UNSUPPORTED: another version;
 * ERR_LIMIT: over 16 million rules; ERR_NOTFOUND, ERR_IO. */
int gw_deny_open(struct gw_deny **d, const char *path);
void gw_deny_free(struct gw_deny *d);
/* gw_denied - 410 or 451 when the content path or the CID is listed; 0: it is not.  d may be NULL. */
int gw_denied(struct gw_deny *d, struct span path, const struct cid *cid);

/* ---- path.c (sections 2.2, 4) ---- */
/* gw_clean - decode a request path once, collapse slashes, resolve dots, keep one slash at the end; appended.
 * ERR_INVALID: a bad escape, %00, or it climbs out. */
int gw_clean(struct span raw, struct buf *out);
/* gw_escape - append a path in output encoding.  gw_html - append text escaped for HTML (& < > " '), invalid UTF-8
 * and controls made visible. */
int gw_escape(struct buf *out, struct span path);
int gw_html(struct buf *out, struct span text);
/* gw_rune - take the next character of UTF-8 off a span that is not empty.  1; 0: none, *rune is the one byte. */
int gw_rune(struct span *s, uint32_t *rune);

/* ---- reply.c: what every answer needs (sections 10 to 13, 15, 19) ---- */
/* gw_fail - the error page: plain text, or HTML for who accepts it.  Always 1 or negative.  Caching fields go out
 * first.  gw_fail_rc - with err_text and the status of section 19.2. */
int gw_fail(struct gw_ask *a, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int gw_fail_rc(struct gw_ask *a, int rc);
/* gw_fail_with - the same, with one more field. */
int gw_fail_with(struct gw_ask *a, int status, const char *name, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int gw_redirect(struct gw_ask *a, int status, struct span location);	/* encoded already */
enum gw_cache { GW_CACHE_FILE, GW_CACHE_LISTING, GW_CACHE_NONE };
/* gw_validators - set Etag (with its quotes; W/ in front of a weak one), Last-Modified if has_mtime, Cache-Control, and
 * look at the conditions: 1: answered 304 or 412. */
int gw_validators(struct gw_ask *a, const char *etag, int has_mtime, int64_t mtime, enum gw_cache cache);
int gw_cache_control(struct gw_ask *a, enum gw_cache cache);	/* Cache-Control alone; 0 or an error */
/* gw_disposition - Content-Disposition: `word` ("inline", "attachment"; NULL: only when ?filename or ?download ask for
 * it) and the file's name when ?filename gives none. */
int gw_disposition(struct gw_ask *a, const char *word, struct span name);
/* gw_arg - a query argument, decoded, into `out` (reset first): 1, or 0. */
int gw_arg(struct gw_ask *a, const char *name, struct buf *out);
/* gw_body - start 200 or 206 for a body of `size` bytes, of which Range chose some (multipart, too), and put it:
 * `cat` is called for each range.  HEAD is respected.  Content-Type is `type` (NULL: none). */
int gw_body(struct gw_ask *a, const char *type, uint64_t size,
	    int (*cat)(void *arg, uint64_t off, uint64_t len, struct sink *out), void *arg);

/* ---- resolve.c (section 5) ---- */
/* gw_resolve - the content path to its last block: fills now to name; or answers 404, 501, 500, 412, ... ;
 * with `quiet`, a missing path is ERR_NOTFOUND and not answered. */
int gw_resolve(struct gw_ask *a, int quiet);
/* gw_resolve_now - the same from the immutable path in `now` on, which the caller set. */
int gw_resolve_now(struct gw_ask *a, int quiet);
/* gw_fail_missing - 404 with err_text, or 412 for who wants it from the cache only. */
int gw_fail_missing(struct gw_ask *a);
/* gw_last_segment - of a content path; empty for a root. */
struct span gw_last_segment(struct span path);

/* ---- learn.c ---- */
int gw_asked_new(struct gw_asked **k);
void gw_asked_free(struct gw_asked *k);
/* gw_learn - see to it that the store has what the upstream knows of this key, if it is time to ask.  0, also when nobody
 * knows it; or why that cannot be told. */
int gw_learn(struct gw_ask *a, const struct cid *key);

/* ---- format.c (section 6) ---- */
/* gw_negotiate - fills format, by_accept, html, accept_params; or answers 400. */
int gw_negotiate(struct gw_ask *a);
int gw_wants_html(const struct request *rq);	/* 1: text/html stands in Accept */
int gw_content_location(struct gw_ask *a);	/* set Content-Location where it is due; 0 or an error */
const char *gw_format_name(enum gw_format format);	/* "raw"; NULL: GW_NONE */
const char *gw_format_type(enum gw_format format);	/* its media type; NULL: none */

/* ---- site.c (section 22): _redirects of the site applied to a missing path ---- */
/* gw_site - after gw_resolve, quiet, found nothing: 1: answered; 0: another path was resolved instead, go on. */
int gw_site(struct gw_ask *a);

/* ---- type.c (section 16) ---- */
enum { GW_SNIFF = 3072 };		/* bytes of the start of a file that tell what it is */
int gw_types_new(struct gw_types **t);
void gw_types_free(struct gw_types *t);
/* gw_type_by_name - by the extension; NULL: not known.  gw_type_by_bytes - by the first bytes of the file. Static, or
 * good until the next call. */
const char *gw_type_by_name(struct span name);
const char *gw_type_by_bytes(struct gw_types *t, struct span first);
/* gw_known_get - the type of this file, if somebody looked lately; good until the next call.  NULL: not known. */
int gw_known_new(struct gw_known **k);
void gw_known_free(struct gw_known *k);
uint64_t gw_known_bytes(const struct gw_known *k);	/* its memory */
const char *gw_known_get(struct gw_known *k, const struct cid *cid);
void gw_known_put(struct gw_known *k, const struct cid *cid, const char *type);
/* gw_compressible - 1: a coding saves bytes of this type. */
int gw_compressible(const char *type);

/* ---- sibling.c (section 17): NAME.br, NAME.zst, NAME.gz in place of NAME ---- */
struct gw_sibling {
	struct cid cid;
	struct unixfs_stat stat;
	const char *coding;		/* "br", "zstd", "gzip" */
};
/* gw_sibling - what to send in place of the file `name` in `dir` (NULL: none): 1; 0: the file itself; or an error.
 * One look into the directory for each coding the client takes, at most; sets Vary.  `name` not of the request's query. */
int gw_sibling(struct gw_ask *a, const struct cid *dir, struct span name, struct gw_sibling *s);
/* gw_sibling_head - its fields; `plain` is the tag of the file itself.  Answers a condition, as gw_validators.
 * gw_sibling_body - then start and put it, under the type of the file itself (NULL: none): 1 or negative. */
int gw_sibling_head(struct gw_ask *a, const struct gw_sibling *s, const char *plain);
int gw_sibling_body(struct gw_ask *a, const struct gw_sibling *s, const char *type);

/* ---- the forms ---- */
int gw_file(struct gw_ask *a);			/* file.c: files, raw leaves, symlinks */
/* gw_index - index.html of the directory a->cid: with the tag of the directory */
int gw_index(struct gw_ask *a, const struct cid *file, const struct unixfs_stat *stat);
int gw_block(struct gw_ask *a);			/* block.c: raw, json, cbor, dag-json, dag-cbor, as they are */
int gw_directory(struct gw_ask *a);		/* directory.c: slash, index.html, else gw_listing */
int gw_slash(struct gw_ask *a);			/* 301 where the path as the client sees it has no slash at its end */
int gw_listing(struct gw_ask *a);		/* listing.c: HTML, JSON (?list=json or GW_JSON) or lines (?list=jsonl) */
/* gw_listing_asked - 1: the listing itself is wanted, as JSON, whether there is an index.html or not */
int gw_listing_asked(struct gw_ask *a);
int gw_preview(struct gw_ask *a);		/* preview.c: dag-json and dag-cbor for people */
/* gw_error_html - a whole page for an error; page.c */
int gw_error_html(struct gw_ask *a, int status, const char *text, struct buf *out);
const char *gw_page_version(void);		/* page.c: <h> of section 11: a short hash of the pages' text */
int gw_car(struct gw_ask *a);			/* car.c (8.5) */
int gw_archive(struct gw_ask *a);		/* archive.c: tar (8.6), zip, tar.gz, tar.zst */
int gw_record(struct gw_ask *a);		/* record.c (8.9) */

#endif
