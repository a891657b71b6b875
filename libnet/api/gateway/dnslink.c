/*
 * dnslink.c - which content a name stands for: a static map, then TXT records, whose answers (also those that
 * there is nothing) are kept for a while, as every unknown Host asks for one.
 * Spec: dnslink.dev; ipfs/specs src/http-gateways/dnslink-gateway.md; IPFS_NS_MAP as Kubo and Rainbow read it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/err.h"
#include "dns_priv.h"
#include "gateway_priv.h"
#include "key/key.h"

enum {
	VALUE_MAX = 4096,		/* bytes of a path that a name stands for */
	SETS = 256, WAYS = 4,		/* answers that are kept */
	KEEP_MAX = 3600,		/* seconds, whatever a record says */
	KEEP_NOTHING = 60, KEEP_NOTHING_MIN = 5, KEEP_NOTHING_MAX = 300,
	KEEP_FAULT = 5,
	DNS_MS = 5000			/* when nothing is configured */
};

struct map_entry { char *name, *value; size_t place; };

struct kept {
	char *name;			/* NULL: free */
	char *value;			/* the path, or the message of a failure; NULL: there is none */
	int rc;
	int64_t ttl;			/* of the records, from `since` on; -1: not known */
	time_t since, until;
};

struct gw_names {
	struct map_entry *map;		/* sorted */
	size_t n_map;
	struct dns_servers system;
	uint64_t seed;
	struct kept kept[SETS][WAYS];
};

/* ---- names and paths ---- */

static int is_label_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_';
}

/* two labels or more, of which the last is no number (so that an IPv4 address is none) */
int gw_is_dns_name(struct span s)
{
	size_t i, label = 0, dots = 0, digits = 0;

	if (s.len && s.p[s.len - 1] == '.')
		s.len--;
	if (!s.len || s.len > DNS_NAME_MAX)
		return 0;
	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '.') {
			if (!label)
				return 0;
			dots++;
			label = digits = 0;
			continue;
		}
		if (!is_label_byte(s.p[i]) || ++label > 63)
			return 0;
		digits += s.p[i] >= '0' && s.p[i] <= '9';
	}
	return dots && label && digits < label;
}

/* One text for all ways to write a name: those of the DNS in lower case, keys as base36. */
static int one_form(struct span name, struct buf *out)
{
	char text[CID_TEXT_MAX];
	struct cid id;
	size_t i;
	int rc;

	if (name.len && !memchr(name.p, '.', name.len) && key_id_parse(name, &id) == 0)
		return buf_str(out, cid_text(&id, text));
	if (name.len && name.p[name.len - 1] == '.')
		name.len--;
	rc = buf_add(out, name);
	for (i = 0; rc == 0 && i < name.len; i++) {
		uint8_t *c = out->data + out->len - name.len + i;

		if (*c >= 'A' && *c <= 'Z')
			*c |= 0x20;
	}
	return rc;
}

static struct span next_segment(struct span *rest)
{
	const uint8_t *slash;
	struct span s;

	while (rest->len && rest->p[0] == '/')
		*rest = span_of(rest->p + 1, rest->len - 1);
	slash = rest->len ? memchr(rest->p, '/', rest->len) : NULL;
	s = span_of(rest->p, slash ? (size_t)(slash - rest->p) : rest->len);
	*rest = span_of(rest->p + s.len, rest->len - s.len);
	return s;
}

static int is_clean(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return 0;
	return !(s.len == 1 && s.p[0] == '.') && !(s.len == 2 && s.p[0] == '.' && s.p[1] == '.');
}

/* "/ipfs/CID/a/b" or "/ipns/name/a/b", appended without a slash at the end; 1, 0: no such name space, -1: malformed */
static int content_path(struct span s, struct buf *out)
{
	struct span ns, segment;
	size_t was = out->len;
	struct cid cid;
	int rc, ipfs;

	if (!s.len || s.p[0] != '/')
		return 0;
	ns = next_segment(&s);
	ipfs = span_equal(ns, span_str("ipfs"));
	if (!ipfs && !span_equal(ns, span_str("ipns")))
		return 0;
	segment = next_segment(&s);
	if (!segment.len || segment.len > CID_TEXT_MAX || (ipfs && cid_parse(segment, &cid, NULL) < 0))
		return -1;
	rc = buf_str(out, ipfs ? "/ipfs" : "/ipns");
	for (; rc == 0 && segment.len; segment = next_segment(&s)) {
		rc = is_clean(segment) ? buf_u8(out, '/') : -1;
		if (rc == 0)
			rc = buf_add(out, segment);
	}
	if (rc < 0 && out->data) {
		out->len = was;
		out->data[was] = 0;
	}
	return rc < 0 ? -1 : 1;
}

/* ---- the map ---- */

static int by_name(const void *a, const void *b)
{
	const struct map_entry *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x->place > y->place) - (x->place < y->place);
}

static struct span trim(struct span s)
{
	while (s.len && (s.p[0] <= ' '))
		s = span_of(s.p + 1, s.len - 1);
	while (s.len && s.p[s.len - 1] <= ' ')
		s.len--;
	return s;
}

static int map_entry(struct gw_names *n, struct span entry)
{
	struct buf name = BUF_INIT(CID_TEXT_MAX), value = BUF_INIT(VALUE_MAX);
	const uint8_t *colon = memchr(entry.p, ':', entry.len);
	struct map_entry *more;
	int rc = ERR_USAGE;

	if (colon && colon > entry.p &&
	    content_path(trim(span_of(colon + 1, entry.len - (size_t)(colon + 1 - entry.p))), &value) == 1)
		rc = one_form(trim(span_of(entry.p, (size_t)(colon - entry.p))), &name);
	if (rc == ERR_USAGE || rc == ERR_LIMIT)
		rc = err_set(ERR_USAGE, "'%.*s' in the map of names is not NAME:/ipfs/CID or NAME:/ipns/NAME",
			     entry.len > 200 ? 200 : (int)entry.len, (const char *)entry.p);
	more = rc == 0 ? realloc(n->map, (n->n_map + 1) * sizeof *more) : NULL;
	if (rc == 0 && !more)
		rc = err_nomem();
	if (more) {
		n->map = more;
		more += n->n_map;
		*more = (struct map_entry){ buf_take(&name), buf_take(&value), n->n_map };
		n->n_map++;
		if (!more->name || !more->value)
			rc = err_nomem();
	}
	buf_clear(&name);
	buf_clear(&value);
	return rc;
}

int gw_names_new(struct gw_names **names, const char *map)
{
	struct gw_names *n = calloc(1, sizeof *n);
	int rc = n ? 0 : err_nomem();
	struct span entry;

	*names = NULL;
	while (rc == 0 && map && *map) {
		size_t len = strcspn(map, ",");

		entry = trim(span_of(map, len));
		if (entry.len)
			rc = map_entry(n, entry);
		map += len + (map[len] != 0);
	}
	if (rc == 0 && getrandom(&n->seed, sizeof n->seed, 0) != sizeof n->seed)
		rc = err_sys("random bytes");
	if (rc < 0) {
		gw_names_free(n);
		return rc;
	}
	if (n->n_map)
		qsort(n->map, n->n_map, sizeof *n->map, by_name);
	dns_system(&n->system);
	*names = n;
	return 0;
}

static void forget(struct kept *k)
{
	free(k->name);
	free(k->value);
	*k = (struct kept){ NULL, NULL, 0, 0, 0, 0 };
}

void gw_names_free(struct gw_names *n)
{
	size_t i;

	if (!n)
		return;
	for (i = 0; i < n->n_map; i++) {
		free(n->map[i].name);
		free(n->map[i].value);
	}
	free(n->map);
	for (i = 0; i < SETS * WAYS; i++)
		forget(&n->kept[i / WAYS][i % WAYS]);
	free(n);
}

/* of several entries for a name the first */
static const char *mapped(const struct gw_names *n, const char *name)
{
	size_t low = 0, high = n->n_map, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(n->map[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n->n_map && strcmp(n->map[low].name, name) == 0 ? n->map[low].value : NULL;
}

/* ---- what is kept ---- */

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static struct kept *set_of(struct gw_names *n, const char *name)
{
	uint64_t h = n->seed ^ 0xcbf29ce484222325u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3u;
	return n->kept[(h ^ h >> 32) % SETS];
}

static const struct kept *find_kept(struct gw_names *n, const char *name, time_t now)
{
	struct kept *set = set_of(n, name);
	int i;

	for (i = 0; i < WAYS; i++)
		if (set[i].name && set[i].until > now && strcmp(set[i].name, name) == 0)
			return &set[i];
	return NULL;
}

/* in place of the one that would be forgotten first; without memory nothing is kept */
static void keep(struct gw_names *n, const char *name, const char *value, int rc, int64_t ttl, int64_t life,
		 time_t now)
{
	struct kept *set = set_of(n, name), *k = set;
	int i;

	if (life <= 0)
		return;
	for (i = 0; i < WAYS; i++) {
		if (!set[i].name || strcmp(set[i].name, name) == 0) {
			k = &set[i];
			break;
		}
		if (set[i].until < k->until)
			k = &set[i];
	}
	forget(k);
	*k = (struct kept){ strdup(name), value ? strdup(value) : NULL, rc, ttl, now, now + (time_t)life };
	if (!k->name || (value && !k->value))
		forget(k);
}

static int64_t within(int64_t n, int64_t low, int64_t high)
{
	return n < low ? low : n > high ? high : n;
}

/* ---- records ---- */

/* the path in a TXT record, also in the forms of old: a path or a CID alone, "dnslink=CID".  1, 0: it is about
 * something else, -1: malformed */
static int link_of(struct span text, struct buf *out)
{
	static const char mark[] = "dnslink=";
	int marked = text.len >= sizeof mark - 1 && memcmp(text.p, mark, sizeof mark - 1) == 0;
	struct cid cid;
	int rc;

	if (marked)
		text = trim(span_of(text.p + sizeof mark - 1, text.len - (sizeof mark - 1)));
	if (!text.len)
		return marked ? -1 : 0;
	if (text.p[0] == '/') {
		rc = content_path(text, out);
		return marked || rc == 1 ? rc : 0;
	}
	if (text.len >= CID_TEXT_MAX || cid_parse(text, &cid, NULL) < 0)
		return marked ? -1 : 0;
	rc = buf_str(out, "/ipfs/");
	return rc == 0 && buf_add(out, text) == 0 ? 1 : -1;
}

static int choose(const struct dns_texts *t, const char *name, struct buf *out)
{
	struct buf other = BUF_INIT(VALUE_MAX);
	int rc = 0, found = 0, faulty = 0;
	size_t i, n = t->n, max = sizeof t->at / sizeof t->at[0];

	for (i = 0; rc == 0 && i < n && i < max; i++) {
		buf_reset(&other);
		switch (link_of(dns_text(t, i), found ? &other : out)) {
		case 1:
			if (found && !span_equal(buf_span(&other), buf_span(out)))
				rc = err_set(ERR_INVALID, "'%s' has several DNSLinks", name);
			found = 1;
			break;
		case -1:
			faulty = 1;
			break;
		}
	}
	if (rc == 0 && n > max)
		rc = err_set(ERR_INVALID, "'%s' has more than %zu TXT records", name, max);
	if (rc == 0 && !found && faulty)
		rc = err_set(ERR_INVALID, "the DNSLink of '%s' is malformed", name);
	buf_clear(&other);
	return rc < 0 ? rc : found;
}

static int ask(struct gateway *g, const char *name, struct buf *out, int64_t *ttl)
{
	struct dns_servers own;
	struct dns_texts t = { .n = 0 };
	char full[sizeof "_dnslink." + DNS_NAME_MAX];
	int rc = g->dns_server[0] ? dns_parse(&own, g->dns_server) : 0;

	snprintf(full, sizeof full, "_dnslink.%s", name);
	*ttl = -1;
	if (rc < 0 || strlen(full) > DNS_NAME_MAX)
		return rc;
	rc = dns_txt(g->dns_server[0] ? &own : &g->names->system, full, g->dns_ms > 0 ? g->dns_ms : DNS_MS, &t);
	*ttl = t.ttl;
	if (rc == 1)
		rc = choose(&t, name, out);
	buf_clear(&t.text);
	return rc;
}

/* not in the map and not kept: the DNS has to say */
static int look_up(struct gateway *g, const char *name, struct buf *out, int64_t *ttl)
{
	int64_t life;
	int rc = ask(g, name, out, ttl);

	if (rc == 1)
		life = *ttl < 0 ? KEEP_NOTHING : within(*ttl, 0, KEEP_MAX);
	else if (rc == 0)
		life = *ttl < 0 ? KEEP_NOTHING : within(*ttl, KEEP_NOTHING_MIN, KEEP_NOTHING_MAX);
	else
		life = KEEP_FAULT;
	if (rc != ERR_NOMEM && rc != ERR_LIMIT)
		keep(g->names, name, rc == 1 ? (const char *)out->data : rc < 0 ? err_text() : NULL, rc, *ttl, life,
		     seconds());
	return rc;
}

static int from_kept(const struct kept *k, time_t now, struct buf *out, int64_t *ttl)
{
	int rc;

	*ttl = k->ttl < 0 ? -1 : within(k->ttl - (now - k->since), 0, k->ttl);
	if (k->rc < 0)
		return err_set(k->rc, "%s", k->value ? k->value : "");
	if (k->rc == 0)
		return 0;
	rc = buf_str(out, k->value);
	return rc < 0 ? rc : 1;
}

int gw_dns_server_check(const char *text)
{
	struct dns_servers s;

	return dns_parse(&s, text);
}

int gw_dnslink(struct gateway *g, struct span name, struct buf *value, int64_t *ttl)
{
	struct buf form = BUF_INIT(CID_TEXT_MAX), found = BUF_INIT(VALUE_MAX);
	const struct kept *kept;
	const char *fixed;
	time_t now = seconds();
	int rc, none;

	*ttl = -1;
	rc = one_form(name, &form);
	none = rc == ERR_LIMIT || !form.len;	/* too long for any name */
	fixed = rc == 0 && !none ? mapped(g->names, (const char *)form.data) : NULL;
	if (none || rc < 0) {
		rc = none ? 0 : rc;
	} else if (fixed) {
		rc = buf_str(&found, fixed);
		rc = rc < 0 ? rc : 1;
	} else if (g->dns && gw_is_dns_name(buf_span(&form))) {
		kept = find_kept(g->names, (const char *)form.data, now);
		*(kept ? &g->caches.names_hits : &g->caches.names_misses) += 1;
		rc = kept ? from_kept(kept, now, &found, ttl) :
			    look_up(g, (const char *)form.data, &found, ttl);
	}
	if (rc == 1) {
		rc = buf_add(value, buf_span(&found));
		rc = rc < 0 ? rc : 1;
	}
	buf_clear(&form);
	buf_clear(&found);
	return rc;
}
