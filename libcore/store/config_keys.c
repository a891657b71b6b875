/* config_keys.c - which settings there are, what each may be, and what it is when nobody says */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "config_keys.h"
#include "multi/mh.h"

/* ---- checkers: 1 or 0 ---- */

static int is_word(const char *v, const char *const words[])
{
	for (; *words; words++)
		if (!strcmp(v, *words))
			return 1;
	return 0;
}

static int number(const char *v, uint64_t least, uint64_t most)
{
	uint64_t n;

	return num_parse(v, &n) == 0 && n >= least && n <= most;
}

static int size(const char *v, uint64_t least, uint64_t most)
{
	uint64_t n;

	return num_parse_size(v, &n) == 0 && n >= least && n <= most;
}

static int ok_segment(const char *v) { return size(v, 64 << 10, 3u << 30); }
static int ok_batch(const char *v) { return size(v, 1 << 20, UINT64_MAX); }
static int ok_size(const char *v) { return size(v, 0, UINT64_MAX); }
static int ok_percent(const char *v) { return number(v, 1, 100); }
static int ok_version(const char *v) { return number(v, 0, 1); }
static int ok_links(const char *v) { return number(v, 1, 1 << 20); }
static int ok_dir_links(const char *v) { return number(v, 0, UINT32_MAX); }

static int ok_flag(const char *v)
{
	static const char *const words[] = { "yes", "no", NULL };

	return is_word(v, words);
}

static int ok_align(const char *v)
{
	static const char *const words[] = { "auto", "always", "never", NULL };

	return is_word(v, words);
}

static int ok_layout(const char *v)
{
	static const char *const words[] = { "balanced", "trickle", NULL };

	return is_word(v, words);
}

static int ok_estimate(const char *v)
{
	static const char *const words[] = { "links", "block", "disabled", NULL };

	return is_word(v, words);
}

static int ok_compress(const char *v)
{
	static const char *const words[] = { "off", "zstd", NULL };

	return is_word(v, words) || (!strncmp(v, "zstd:", 5) && number(v + 5, 1, 19));
}

static int ok_inline(const char *v)
{
	static const char *const words[] = { "yes", "no", NULL };

	return is_word(v, words) || number(v, 0, MH_DIGEST_MAX);
}

static int ok_hash(const char *v)
{
	uint64_t code;

	return mh_by_name(v, &code) == 0;
}

static int ok_fanout(const char *v)
{
	uint64_t n;

	return num_parse(v, &n) == 0 && n >= 8 && n <= 1024 && !(n & (n - 1));
}

/* size-N, rabin[-avg | -min-avg-max], buzhash, default; the numbers' sense is the unixfs room's */
static int ok_chunker(const char *v)
{
	static const char *const words[] = { "default", "buzhash", "rabin", NULL };
	int parts, want_one = !strncmp(v, "size-", 5);
	const char *p;

	if (is_word(v, words))
		return 1;
	if (!want_one && strncmp(v, "rabin-", 6) != 0)
		return 0;
	p = strchr(v, '-') + 1;
	for (parts = 1;; parts++) {
		size_t digits;

		if (!want_one && isalpha((unsigned char)*p))	/* rabin-min:16-avg:32-max:64 */
			p += strcspn(p, ":") + (strchr(p, ':') != NULL);
		digits = strspn(p, "0123456789");
		if (digits == 0 || digits > 10)
			return 0;
		p += digits;
		if (!*p)
			return parts == 1 || (!want_one && parts == 3);
		if (*p++ != '-' || want_one)
			return 0;
	}
}

/* ---- of ipfrs-serve ---- */

static int ok_any(const char *v) { return strlen(v) < 64 * 1024; }
static int ok_some(const char *v) { return v[0] && ok_any(v); }
static int ok_count(const char *v) { return number(v, 0, 1000000); }
static int ok_some_count(const char *v) { return number(v, 1, 1000000); }
static int ok_seconds(const char *v) { return number(v, 1, 86400); }
static int ok_head(const char *v) { return size(v, 1024, 1 << 20); }

static int ok_mode(const char *v)
{
	static const char *const words[] = { "auto", "fork", "pool", NULL };

	return is_word(v, words);
}

static int ok_log(const char *v)
{
	static const char *const words[] = { "off", "common", "combined", "json", NULL };

	return is_word(v, words);
}

static int ok_level(const char *v)
{
	static const char *const words[] = { "fastest", "balanced", "best", NULL };

	return is_word(v, words) || number(v, 1, 9);
}

static int ok_codings(const char *v)
{
	static const char *const words[] = { "zstd", "br", "gzip", "deflate", NULL };
	char word[16];
	size_t n;

	while (*(v += strspn(v, " ,"))) {
		n = strcspn(v, " ,");
		if (n >= sizeof word)
			return 0;
		memcpy(word, v, n);
		word[n] = 0;
		if (!is_word(word, words))
			return 0;
		v += n;
	}
	return 1;
}

static int ok_sandbox(const char *v)
{
	static const char *const words[] = { "yes", "no", "must", NULL };

	return is_word(v, words);
}

static int ok_form(const char *v)
{
	static const char *const words[] = { "auto", "raw", "car", NULL };

	return is_word(v, words);
}

static int ok_parallel(const char *v) { return number(v, 1, 256); }

static int ok_who(const char *v)
{
	static const char *const words[] = { "local", "all", "off", NULL };

	return is_word(v, words);
}

/* ---- of the gateway ---- */

/* "example.com subdomains inline, *.example.org trustless" */
static int ok_hosts(const char *v)
{
	static const char *const words[] = { "path", "subdomains", "inline", "no-dnslink", "trustless", "no-ipfs",
					     "no-ipns", NULL };
	char word[64];
	int nth = 0;
	size_t n;

	for (; *(v += strspn(v, " \t")); v += n) {
		n = *v == ',' ? 1 : strcspn(v, " \t,");
		nth = *v == ',' ? 0 : nth + 1;
		if (nth < 2)		/* a comma, or a name */
			continue;
		if (n >= sizeof word)
			return 0;
		memcpy(word, v, n);
		word[n] = 0;
		if (!is_word(word, words))
			return 0;
	}
	return 1;
}

static int ok_given(const char *v)
{
	static const char *const words[] = { "gateway", "rpc", "both", NULL };

	return is_word(v, words);
}

static int ok_dnslink(const char *v)
{
	static const char *const words[] = { "off", "map", "dns", NULL };

	return is_word(v, words);
}

static int ok_names(const char *v) { return !*v || strstr(v, ":/ip") != NULL; }
static int ok_path(const char *v) { return !*v || *v == '/'; }
static int ok_wait(const char *v) { return number(v, 1, 60000); }

const struct config_key config_keys[] = {
	{ "store.segment", "256MiB", ok_segment, "a size from 64KiB to 3GiB",
	  "size at which a segment is full" },
	{ "store.compress", "off", ok_compress, "off, zstd or zstd:LEVEL (1 to 19)",
	  "compress blocks where it saves an eighth" },
	{ "store.align", "auto", ok_align, "auto, always or never",
	  "pad large blocks so that extents can be shared with files" },
	{ "store.max", "0", ok_size, "a size, 0 for none",
	  "quota: bytes on disk of the whole store" },
	{ "store.batch", "256MiB", ok_batch, "a size of at least 1MiB",
	  "bytes written before an automatic commit" },
	{ "gc.compact", "40", ok_percent, "1 to 100",
	  "percent of a segment that must be dead before it is compacted" },
	{ "import.chunker", "size-262144", ok_chunker,
	  "size-N, rabin[-MIN-AVG-MAX], buzhash or default", "how files are cut" },
	{ "import.layout", "balanced", ok_layout, "balanced or trickle",
	  "shape of the tree over a file" },
	{ "import.cid-version", "", ok_version, "0 or 1", "version of new CIDs" },
	{ "import.raw-leaves", "", ok_flag, "yes or no", "leaves of files are raw blocks" },
	{ "import.hash", "sha2-256", ok_hash, "the name of a hash function",
	  "hash function of new CIDs" },
	{ "import.inline", "no", ok_inline, "no, yes or a number of bytes up to 128",
	  "blocks up to so many bytes go into their CID" },
	{ "import.max-links", "174", ok_links, "a number from 1", "links of a file's node" },
	{ "import.dir-max-links", "0", ok_dir_links, "a number, 0 for no limit",
	  "links of a directory before it is sharded" },
	{ "import.hamt-fanout", "256", ok_fanout, "a power of two from 8 to 1024",
	  "width of a sharded directory" },
	{ "import.hamt-threshold", "262144", ok_size, "a size, 0 for never",
	  "size of a directory before it is sharded" },
	{ "import.hamt-estimate", "links", ok_estimate, "links, block or disabled",
	  "how the size of a directory is estimated" },
	{ "import.tensor-align", "no", ok_flag, "yes or no",
	  "ipfrs-add cuts files of tensors where the tensors begin" },
	{ "gateway.upstream", "no", ok_flag, "yes or no",
	  "fetch what is not here from the gateways of fetch.gateways, and keep it" },
	{ "gateway.hosts", "localhost subdomains", ok_hosts,
	  "names with commas between, each with words: path, subdomains, inline, no-dnslink, trustless, no-ipfs, no-ipns",
	  "names clients reach the gateway by" },
	{ "gateway.dnslink", "map", ok_dnslink, "off, map or dns",
	  "DNS names that stand for content: none, those of gateway.names, or what the DNS says, too" },
	{ "gateway.names", "", ok_names, "NAME:PATH, with commas between", "content that names stand for" },
	{ "gateway.dns-server", "", ok_any, "an address, as 192.0.2.1 or [2001:db8::1]:53",
	  "name server to ask instead of the system's" },
	{ "gateway.dns-timeout", "3000", ok_wait, "1 to 60000", "milliseconds to wait for the DNS" },
	{ "gateway.trustless", "no", ok_flag, "yes or no", "serve only what a client can verify" },
	{ "gateway.deny", "", ok_path, "the path of a file, from the root on", "list of content that is not served" },
	{ "gateway.listing", "1000", ok_count, "a number, 0 for all", "entries on one page of a listing" },
	{ "gateway.archives", "yes", ok_flag, "yes or no", "make zip and compressed tar of directories" },
	{ "gateway.precompressed", "yes", ok_flag, "yes or no",
	  "send NAME.br, NAME.zst or NAME.gz in place of NAME to those who take the coding" },
	{ "gateway.car-max", "16GiB", ok_size, "a size", "bytes of a CAR with duplicates, at most" },
	{ "fetch.gateways", "", ok_any, "URLs, separated by blanks", "trustless gateways that are asked for blocks" },
	{ "fetch.form", "auto", ok_form, "auto, raw or car", "ask them for archives or single blocks" },
	{ "fetch.parallel", "16", ok_parallel, "a number from 1 to 256", "requests to them at one time" },
	{ "fetch.connect-seconds", "10", ok_seconds, "seconds from 1", "patience for a connection" },
	{ "fetch.stall-seconds", "30", ok_seconds, "seconds from 1", "patience with one that sends next to nothing" },
	{ "serve.listen", "127.0.0.1:8080", ok_some, "addresses, separated by blanks",
	  "where to listen: HOST:PORT, tls:HOST:PORT, unix:PATH; none" },
	{ "serve.rpc", "", ok_any, "addresses, separated by blanks, or default",
	  "where Kubo's RPC is answered: as serve.listen; default: 127.0.0.1:5001" },
	{ "serve.given", "gateway", ok_given, "gateway, rpc or both",
	  "what is answered on sockets that inetd or systemd give" },
	{ "serve.mode", "auto", ok_mode, "auto, fork or pool",
	  "a process for each request, or some that stay; auto: pool where we listen" },
	{ "serve.pumps", "0", ok_count, "a number, 0 for one a processor", "processes that speak to clients" },
	{ "serve.workers", "64", ok_some_count, "a number from 1", "processes that answer, at most" },
	{ "serve.spares", "4", ok_count, "a number", "workers started ahead" },
	{ "serve.conns", "20000", ok_some_count, "a number from 1", "clients at one time" },
	{ "serve.conns-per-ip", "0", ok_count, "a number, 0 for any", "clients at one time from one address" },
	{ "serve.queue", "1024", ok_count, "a number", "requests that wait for a worker; more get 503" },
	{ "serve.streams", "128", ok_some_count, "a number from 1", "requests at one time of a client (HTTP/2)" },
	{ "serve.line-max", "8KiB", ok_head, "a size from 1KiB to 1MiB", "bytes of a request line; more get 414" },
	{ "serve.head-max", "32KiB", ok_head, "a size from 1KiB to 1MiB", "bytes of a head; more get 431" },
	{ "serve.body-max", "100MiB", ok_size, "a size", "bytes of a request's body; more get 413" },
	{ "serve.head-seconds", "10", ok_seconds, "seconds from 1", "patience for a head" },
	{ "serve.idle-seconds", "60", ok_seconds, "seconds from 1", "patience between requests" },
	{ "serve.body-seconds", "30", ok_seconds, "seconds from 1", "patience with a body that does not come on" },
	{ "serve.send-seconds", "30", ok_seconds, "seconds from 1", "patience with a client that does not read" },
	{ "serve.answer-seconds", "3600", ok_seconds, "seconds from 1", "time of a worker for an answer; then 504" },
	{ "serve.drain-seconds", "30", ok_seconds, "seconds from 1", "time to finish after SIGTERM" },
	{ "serve.log", "combined", ok_log, "off, common, combined or json", "how requests are logged" },
	{ "serve.log-file", "", ok_any, "a path, nothing for standard error", "where requests are logged" },
	{ "serve.tls-cert", "", ok_any, "a path, or self", "certificate (PEM); self: one is made up" },
	{ "serve.tls-key", "", ok_any, "a path", "its key (PEM)" },
	{ "serve.tls-ocsp", "", ok_any, "a path", "its OCSP response (DER)" },
	{ "serve.sandbox", "yes", ok_sandbox, "yes, no or must",
	  "fence workers and pumps in; must: do not start where the kernel cannot" },
	{ "serve.metrics", "local", ok_who, "local, all or off", "who may read /metrics" },
	{ "rpc.share", "no", ok_flag, "yes or no", "the gateway's addresses answer the RPC, too" },
	{ "rpc.public", "no", ok_flag, "yes or no",
	  "the RPC may be reached from elsewhere though nobody has to show that it may use it" },
	{ "rpc.max-body", "0", ok_size, "a size, 0 for any", "bytes of the body of a request to the RPC; more get 413" },
	{ "rpc.unsynced", "no", ok_flag, "yes or no",
	  "answers of the RPC do not wait for the disk: a power cut loses what was written last" },
	{ "rpc.api-file", "", ok_any, "a path, nothing for none", "where to write the address of the RPC, as a multiaddr" },
	{ "rate.requests", "0", ok_count, "a number, 0 for any", "requests of a client in a window" },
	{ "rate.seconds", "60", ok_seconds, "seconds from 1", "length of the window" },
	{ "rate.burst", "10", ok_some_count, "a number from 1", "requests a client may make at once" },
	{ "rate.trusted", "", ok_any, "addresses and networks, separated by blanks",
	  "proxies whose X-Forwarded-For says who a client is" },
	{ "cors.origins", "*", ok_any, "origins separated by blanks, * for any, nothing for none",
	  "whose pages may read answers" },
	{ "cors.methods", "GET, HEAD, OPTIONS", ok_any, "methods", "what pages of others may do" },
	{ "cors.headers", "Cache-Control, Content-Type, If-None-Match, Range, User-Agent, X-Requested-With", ok_any,
	  "names of fields", "fields their requests may have" },
	{ "cors.expose", "Accept-Ranges, Content-Length, Content-Location, Content-Range, ETag, Retry-After, "
			 "X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Request-ID, X-Stream-Output, X-Tensor-Dtype, "
			 "X-Tensor-Elements, X-Tensor-Format, X-Tensor-Full-Shape, X-Tensor-Name, X-Tensor-Shape", ok_any,
	  "names of fields", "fields of answers they may see" },
	{ "cors.credentials", "no", ok_flag, "yes or no", "their requests may carry credentials" },
	{ "cors.max-age", "86400", ok_count, "seconds", "how long a browser may remember this" },
	{ "compress.codings", "zstd br gzip", ok_codings, "zstd, br, gzip, deflate; nothing for none",
	  "content codings, the best liked first" },
	{ "compress.level", "balanced", ok_level, "fastest, balanced, best or 1 to 9", "how hard they try" },
	{ "compress.min-size", "1KiB", ok_size, "a size", "smaller answers are sent as they are" },
	{ 0 }
};
