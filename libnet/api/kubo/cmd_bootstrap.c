/* cmd_bootstrap.c - the list of peers a node would call first: bootstrap/... */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "key/key.h"

enum { LIST_MAX = 4 * 1024 * 1024 };

/* ---- addresses ---- */

enum value { NONE, IP4, IP6, PORT, PEER, TEXT, REST };

static const struct { const char *name; enum value value; } protocols[] = {
	{ "ip4", IP4 }, { "ip6", IP6 }, { "ip6zone", TEXT }, { "ipcidr", TEXT }, { "dns", TEXT }, { "dns4", TEXT },
	{ "dns6", TEXT }, { "dnsaddr", TEXT }, { "tcp", PORT }, { "udp", PORT }, { "p2p", PEER }, { "ipfs", PEER },
	{ "quic", NONE }, { "quic-v1", NONE }, { "webtransport", NONE }, { "webrtc", NONE }, { "webrtc-direct", NONE },
	{ "certhash", TEXT }, { "ws", NONE }, { "wss", NONE }, { "tls", NONE }, { "sni", TEXT }, { "http", NONE },
	{ "https", NONE }, { "p2p-circuit", NONE }, { "unix", REST }, { "onion3", TEXT }, { "garlic64", TEXT }
};

/* An address taken apart: what is in front of the peer at its end, and that peer. */
struct address {
	struct span transport;
	int has_peer;
	struct cid peer;
};

static int bad_address(const char *text, const char *why, struct span what)
{
	return err_set(ERR_USAGE, "failed to parse multiaddr \"%s\": %s%.*s", text, why, (int)what.len,
		       what.len ? (const char *)what.p : "");
}

static int value_fits(enum value kind, struct span v, struct cid *peer)
{
	uint8_t room[16];
	char text[64];
	size_t i;

	snprintf(text, sizeof text, "%.*s", (int)(v.len < 63 ? v.len : 63), (const char *)v.p);
	switch (kind) {
	case IP4: return inet_pton(AF_INET, text, room) == 1;
	case IP6: return inet_pton(AF_INET6, text, room) == 1;
	case PEER: return key_id_parse(v, peer) == 0;
	case PORT:
		for (i = 0; i < v.len && v.p[i] >= '0' && v.p[i] <= '9'; i++)
			;
		return i == v.len && i > 0 && i < 6 && atoi(text) < 65536;
	default: return v.len > 0;
	}
}

static struct span next_part(const char **at)
{
	struct span s;

	++*at;				/* the slash */
	s = span_of(*at, strcspn(*at, "/"));
	*at += s.len;
	return s;
}

static int take_apart(const char *text, struct address *a)
{
	const char *at = text, *before;
	struct span name, v;
	size_t i;

	*a = (struct address){ .has_peer = 0 };
	if (*text != '/')
		return bad_address(text, "must begin with /", span_of(NULL, 0));
	while (*at && at[1]) {
		before = at;
		name = next_part(&at);
		for (i = 0; i < sizeof protocols / sizeof *protocols && !span_equal(name, span_str(protocols[i].name)); i++)
			;
		if (i == sizeof protocols / sizeof *protocols)
			return bad_address(text, "unknown protocol ", name);
		a->has_peer = protocols[i].value == PEER;
		a->transport = span_of(text, (size_t)((a->has_peer ? before : at) - text));
		if (protocols[i].value == NONE)
			continue;
		if (!*at)
			return bad_address(text, "unexpected end of multiaddr", span_of(NULL, 0));
		v = protocols[i].value == REST ? span_of(at, strlen(at)) : next_part(&at);
		if (protocols[i].value == REST)
			at += v.len;
		if (!value_fits(protocols[i].value, v, &a->peer))
			return err_set(ERR_USAGE, "failed to parse multiaddr \"%s\": invalid value \"%.*s\" for protocol %s", text,
				       (int)v.len, (const char *)v.p, protocols[i].name);
		if (!a->has_peer)
			a->transport.len = (size_t)(at - text);
	}
	return 0;
}

/* ---- the list ---- */

/* the list in the document: 1 and *at; 0: there is none */
static int find_list(const struct conf *d, size_t *at)
{
	*at = 0;
	return conf_find(&d->all, "Bootstrap", at) == 1 && d->all.step[*at].kind == NODE_LIST;
}

static int autoconf(const struct conf *d)
{
	size_t at = 0;

	return !(conf_find(&d->all, "AutoConf.Enabled", &at) == 1 && d->all.step[at].kind == NODE_BOOL && !d->all.step[at].neg);
}

struct peers {
	struct call *c;
	struct buf json, text;		/* of the answer */
	const char *verb;		/* "added ": in front of a line of text */
	size_t n;
};

static int tell_peer(struct peers *p, struct span peer)
{
	int rc = p->n++ ? buf_u8(&p->json, ',') : 0;

	if (rc == 0)
		rc = json_str(&p->json, peer);
	if (rc == 0)
		rc = buf_str(&p->text, p->verb);
	if (rc == 0)
		rc = buf_add(&p->text, peer);
	return rc < 0 ? rc : buf_u8(&p->text, '\n');
}

static int peers_start(struct peers *p, struct call *c, const char *verb)
{
	*p = (struct peers){ .c = c, .json = BUF_INIT(LIST_MAX), .text = BUF_INIT(LIST_MAX), .verb = verb };
	return buf_str(&p->json, "{\"Peers\":[");
}

static int peers_tell(struct peers *p, int rc)
{
	if (rc == 0)
		rc = buf_str(&p->json, "]}");
	if (rc == 0)
		rc = call_one(p->c, buf_span(&p->json), p->text.len ? buf_span(&p->text) : span_of("", 0));
	buf_clear(&p->json);
	buf_clear(&p->text);
	return rc;
}

/* a list in any case: there are clients that go through it without a look */
int bootstrap_list(struct call *c)
{
	struct peers p;
	struct conf d;
	size_t at, i, v;
	int there = 0, rc = conf_open(c, &d), rc2 = peers_start(&p, c, "");

	if (rc == 0)
		rc = rc2;
	if (rc == 0)
		there = find_list(&d, &at);
	for (i = 0; rc == 0 && there && node_entry(&d.all, at, i, &v); i++)
		if (d.all.step[v].kind == NODE_STRING)
			rc = tell_peer(&p, node_span(&d.all, v));
	conf_close(&d);
	return peers_tell(&p, rc);
}

/* the file with another list: `list` at 0 of that node */
static int put_list(const struct conf *d, const struct node *list, struct node *out)
{
	int rc = conf_set(out, &d->file, 0, "Bootstrap", list, 0);

	return rc < 0 ? rc : 1;
}

/* ---- add ---- */

static int good_peer(const char *text)
{
	struct address a;
	int rc = strcmp(text, "auto") ? take_apart(text, &a) : 0;

	if (rc < 0 || !strcmp(text, "auto"))
		return rc;
	if (!a.has_peer)
		return err_set(ERR_USAGE, "invalid bootstrap address: %s", text);
	return a.transport.len ? 0 : err_set(ERR_USAGE, "bootstrap address without a transport: %s", text);
}

static const char *meant(const char *arg)
{
	return strcmp(arg, "default") ? arg : "auto";
}

/* is it one of the first n arguments? */
static int among(const struct call *c, size_t n, struct span peer)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (span_equal(span_str(meant(c->arg[i])), peer))
			return 1;
	return 0;
}

static int add(void *arg, const struct conf *d, struct node *out)
{
	struct peers *p = arg;
	struct call *c = p->c;
	struct node list = NODE_INIT;
	size_t i, at, v, head;
	int rc = node_open(&list, NODE_LIST, &head);

	for (i = 0; rc == 0 && i < c->n_args; i++)
		if (!strcmp(meant(c->arg[i]), "auto") && !autoconf(d))
			rc = err_set(ERR_UNSUPPORTED, "cannot add default bootstrap peers: AutoConf is disabled "
				     "(AutoConf.Enabled=false). Enable AutoConf by setting AutoConf.Enabled=true in your config, or "
				     "add specific peer addresses instead");
	for (i = 0; rc == 0 && i < c->n_args; i++)
		rc = good_peer(meant(c->arg[i]));
	for (i = 0; rc == 0 && i < c->n_args; i++)
		if (!among(c, i, span_str(meant(c->arg[i])))) {
			rc = node_add(&list, NODE_STRING, span_str(meant(c->arg[i])));
			if (rc == 0)
				rc = tell_peer(p, span_str(meant(c->arg[i])));
		}
	for (i = 0; rc == 0 && find_list(d, &at) && node_entry(&d->all, at, i, &v); i++)
		if (d->all.step[v].kind == NODE_STRING && !among(c, c->n_args, node_span(&d->all, v)))
			rc = conf_copy(&list, &d->all, v);
	if (rc == 0)
		rc = node_close(&list, head);
	if (rc == 0)
		rc = put_list(d, &list, out);
	node_clear(&list);
	return rc;
}

int bootstrap_add(struct call *c)
{
	struct peers p;
	int rc;

	if (!c->n_args)
		return err_set(ERR_USAGE, "no bootstrap peers to add");
	rc = peers_start(&p, c, "added ");
	return peers_tell(&p, rc < 0 ? rc : conf_edit(c, add, &p));
}

/* ---- rm ---- */

/* one of the arguments is the same address, or the same peer without an address; ERR_USAGE: not an address */
static int to_remove(const struct call *c, struct span entry)
{
	struct address have, a;
	char *text = strndup((const char *)entry.p, entry.len);
	size_t i;
	int rc = text ? 0 : err_nomem(), hit = 0, known = text && take_apart(text, &have) == 0 && have.has_peer;

	for (i = 0; rc == 0 && i < c->n_args; i++) {
		rc = take_apart(c->arg[i], &a);
		if (rc == 0 && !a.has_peer)
			rc = err_set(ERR_USAGE, "invalid p2p multiaddr");
		if (rc == 0 && known && cid_equal(&a.peer, &have.peer) &&
		    (!a.transport.len || span_equal(a.transport, have.transport)))
			hit = 1;
	}
	free(text);
	return rc < 0 ? rc : hit;
}

static int rm(void *arg, const struct conf *d, struct node *out)
{
	struct peers *p = arg;
	struct node list = NODE_INIT;
	size_t i, at = 0, v, head;
	int there = find_list(d, &at), rc = to_remove(p->c, span_of("", 0)), hit;	/* are they addresses at all? */

	for (i = 0; rc == 0 && there && autoconf(d) && node_entry(&d->all, at, i, &v); i++)
		if (d->all.step[v].kind == NODE_STRING && span_equal(node_span(&d->all, v), span_str("auto")))
			rc = err_set(ERR_UNSUPPORTED, "cannot remove individual bootstrap peers when using 'auto' placeholder: the "
				     "'auto' value is managed by AutoConf. Either disable AutoConf by setting "
				     "AutoConf.Enabled=false and replace 'auto' with specific peer addresses, or use 'ipfs "
				     "bootstrap rm --all' to remove all peers");
	if (rc == 0)
		rc = node_open(&list, NODE_LIST, &head);
	for (i = 0; rc == 0 && there && node_entry(&d->all, at, i, &v); i++) {
		hit = d->all.step[v].kind == NODE_STRING ? to_remove(p->c, node_span(&d->all, v)) : 0;
		rc = hit < 0 ? hit : hit ? tell_peer(p, node_span(&d->all, v)) : conf_copy(&list, &d->all, v);
	}
	if (rc == 0)
		rc = node_close(&list, head);
	if (rc == 0)
		rc = p->n ? put_list(d, &list, out) : 0;
	node_clear(&list);
	return rc;
}

static int rm_all(void *arg, const struct conf *d, struct node *out)
{
	struct peers *p = arg;
	struct node none = NODE_INIT;
	size_t i, at, v, head;
	int rc = node_open(&none, NODE_LIST, &head);

	if (rc == 0)
		rc = node_close(&none, head);
	for (i = 0; rc == 0 && find_list(d, &at) && node_entry(&d->all, at, i, &v); i++)
		if (d->all.step[v].kind == NODE_STRING)
			rc = tell_peer(p, node_span(&d->all, v));
	if (rc == 0)
		rc = put_list(d, &none, out);
	node_clear(&none);
	return rc;
}

int bootstrap_rm_all(struct call *c)
{
	struct peers p;
	int rc = peers_start(&p, c, "removed ");

	return peers_tell(&p, rc < 0 ? rc : conf_edit(c, rm_all, &p));
}

int bootstrap_rm(struct call *c)
{
	struct peers p;
	int rc;

	if (call_bool(c, "all"))
		return bootstrap_rm_all(c);
	rc = peers_start(&p, c, "removed ");
	return peers_tell(&p, rc < 0 ? rc : conf_edit(c, rm, &p));
}
