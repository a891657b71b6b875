/* resolve_test - where content paths lead: names, chains of them, what is denied, and what each answer says of its way */
#include "ask.h"

#define GATEWAY "tests/golden/gateway/"
#define RECORDS GATEWAY "records/"

#define CACHE_ROOT "bafybeib3ffl2teiqdncv3mkz4r23b5ctrwkzrrhctdbne6iboayxuxk5ui"
#define ROOT2 "bafybeih2w7hjocxjg6g2ku25hvmd53zj7og4txpby3vsusfefw5rrg5sii"
#define ROOT3 "bafybeiawdvhmjcz65x5egzx4iukxc72hg4woks6v6fvgyupiyt3oczk5ja"
#define HELLO "bafkqabtimvwgy3yk"
#define KEY_ROOT "k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe"
#define KEY_SUBPATH "k51qzi5uqu5djokp3m1keo36hoxtd6u3a1d2rg1camf6al7p3huy63dojlm57c"
#define KEY_INLINE "k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w"
#define KEY_V2 "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f"
#define KEY_BROKEN "k51qzi5uqu5diamp7qnnvs1p1gzmku3eijkeijs3418j23j077zrkok63xdm8c"

static char *chain(int from, int to)
{
	char *text = unit_kept(20000);
	int i, n = 0;

	for (i = from; i < to; i++)
		n += sprintf(text + n, ",n%d.example.org:/ipns/n%d.example.org", i, i + 1);
	sprintf(text + n, ",n%d.example.org:/ipfs/" HELLO, to);
	return text;
}

static void setup(void)
{
	char *config = unit_kept(30000);

	snprintf(config, 30000, "gateway.names = to-key.example.org:/ipns/" KEY_SUBPATH "/root3,"
		 "loop.example.org:/ipns/loop.example.org,to-nowhere.example.org:/ipns/nowhere.example.org%s\n", chain(0, 40));
	ask_open(config);
	ask_import(GATEWAY "gateway-cache.car");
	CHECK(ask_record(RECORDS KEY_ROOT ".ipns-record") == 1);
	CHECK(ask_record(RECORDS KEY_SUBPATH ".ipns-record") == 1);
	CHECK(ask_record(RECORDS KEY_INLINE "_v1-v2.ipns-record") == 1);
	CHECK(ask_record(RECORDS KEY_V2 "_v2.ipns-record") == 1);
	CHECK(ask_record(RECORDS KEY_BROKEN "_v1-v2-broken-signature-v2.ipns-record") < 0);
}

static void keys(void)
{
	CHECK(ask_get("/ipns/" KEY_INLINE) == 200 && !strcmp(ask_body(), "v1+v2 record"));
	CHECK(ask_field_is("cache-control", "public, max-age=1800") && ask_field_is("x-ipfs-path", "/ipns/" KEY_INLINE));
	CHECK(!ask_field("last-modified") && ask_field_has("etag", "\"bafkqaddwgevxmmraojswg33smq\""));
	CHECK(ask_get("/ipns/" KEY_V2 "/") == 200 && !strcmp(ask_body(), "v2-only record"));
	CHECK(ask_get("/ipns/" KEY_ROOT "/root2/root3/root4/") == 200 && !strcmp(ask_body(), "hello\n"));
	/* of a record that may be kept for longer than a number says */
	CHECK(ask_field_is("cache-control", "public, max-age=2147483647"));
	CHECK(ask_get("/ipns/" KEY_SUBPATH "/root3/root4/index.html") == 200);
	CHECK(ask_field_has("x-ipfs-roots", CACHE_ROOT "," ROOT2 "," ROOT3 ",") &&
	      ask_field_is("cache-control", "public, max-age=1800"));
	CHECK(ask_get("/ipns/" KEY_BROKEN) == 500 && !ask_field("etag") && !ask_field("cache-control"));
	CHECK(ask_with("/ipns/" KEY_BROKEN, "cache-control: only-if-cached\n") == 412);
}

static void one_address_a_key(void)
{
	CHECK(ask_get("/ipns/12D3KooWRBy97UB99e3J6hiPesre1MZeuNQvfan4gBziswrRJsNK/root2/?a=%20b") == 302);
	CHECK(ask_field_is("location",
			   "/ipns/k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8/root2/?a=%20b"));
	CHECK(ask_get("/ipns/QmcJM7PRfkSbcM5cf1QugM5R37TLRKyJGgBEhXjLTB8uA2/%C4%85") == 302);
	CHECK(ask_field_is("location", "/ipns/k2k4r8ol4m8kkcqz509c1rcjwunebj02gcnm5excpx842u736nja8ger/%C4%85"));
	CHECK(ask_get("/ipns/k50rm9yjlt0jey4fqg6wafvqprktgbkpgkqdg27tpqje6iimzxewnhvtin9hhq") == 302);
	CHECK(ask_field_is("location", "/ipns/k51qzi5uqu5dk3v4rmjber23h16xnr23bsggmqqil9z2gduiis5se8dht36dam"));
}

static void chains(void)
{
	CHECK(ask_get("/ipns/to-key.example.org/root4/index.html") == 200 && !strcmp(ask_body(), "hello\n"));
	/* the map says nothing of how long; the record does */
	CHECK(ask_field_is("cache-control", "public, max-age=1800"));
	CHECK(ask_get("/ipns/to-nowhere.example.org/") == 404 && ask_get("/ipns/nowhere.example.org") == 404);
	CHECK(ask_get("/ipns/loop.example.org/") == 400);
	CHECK(ask_get("/ipns/n0.example.org") == 400 && ask_get("/ipns/n9.example.org") == 200);
	CHECK(ask_get("/ipns/n8.example.org") == 400 && !ask_field("cache-control"));
	CHECK(ask_get("/ipns/not%20a%20name/") == 404);
	CHECK(ask_with("/ipns/nowhere.example.org", "cache-control: only-if-cached\n") == 412);
}

/* a list that does not fit is left out, not cut */
static void too_many_roots(void)
{
	struct unixfs_builder *b;
	struct unixfs_opts o;
	struct unixfs_node n = { .tsize = 6, .size = 6, .type = UNIXFS_RAW };
	struct unixfs_dir *d;
	char *target = unit_kept(4096), text[CID_TEXT_MAX];
	int i;

	unixfs_opts_init(&o);
	o.cid_version = 1;
	NEED(unixfs_opts_finish(&o, 0) == 0 && unixfs_builder_new(&b, &o, store_sink(ask_now.st), NULL) == 0);
	cid_parse(span_str(HELLO), &n.cid, NULL);
	for (i = 0; i < 200; i++)
		NEED(unixfs_dir_new(&d, b, NULL) == 0 && unixfs_dir_add(d, span_str("a"), &n) == 0 &&
		     unixfs_dir_end(d, &n) == 0);
	unixfs_builder_free(b);
	NEED(store_commit(ask_now.st) == 0);
	snprintf(target, 4096, "/ipfs/%s", cid_text(&n.cid, text));
	for (i = 0; i < 100; i++)
		strcat(target, "/a");
	CHECK(ask_get(target) == 301);
	strcat(target, "?format=raw");
	CHECK(ask_get(target) == 200 && ask_field_has("x-ipfs-roots", text));
	target[strlen(target) - 11] = 0;
	for (i = 0; i < 100; i++)
		strcat(target, "/a");
	CHECK(ask_get(target) == 200 && !strcmp(ask_body(), "hello\n") && !ask_field("x-ipfs-roots"));
}

/* one for each segment, also of those that stay in a block */
static void roots_inside_a_block(void)
{
#define DOC "bafyreibs4utpgbn7uqegmd2goqz4bkyflre2ek2iwv743fhvylwi4zeeim"
	ask_import(GATEWAY "dag-cbor-traversal.car");
	CHECK(ask_get("/ipfs/" DOC "/foo/link/bar?format=raw") == 200);
	CHECK(ask_field_is("x-ipfs-roots", DOC "," DOC ",bafyreig5alecq2l2akgajxywgnv22kuxh6xcagsnelepylqovt4t5jxt6u,"
			   "bafyreiaefvpp22slf5bzd4lqgzwbztqahwlldtqkpgmlhv7mh23pudle7y"));
	CHECK(ask_get("/ipfs/" DOC "/foo?format=car") == 200 && ask_field_is("x-ipfs-roots", DOC "," DOC));
}

/* digests too short to name anything, and hashes that are not to be trusted */
static void policy(void)
{
	CHECK(ask_get("/ipfs/bafkreaabaeaqcaibaeaqcaibaeaq?format=raw") >= 400);
	CHECK(ask_get("/ipfs/f015512040102030f?format=raw") == 400);
	CHECK(ask_get("/ipfs/f0155d51000000000000000000000000000000000?format=raw") == 400);
	CHECK(!ask_field("cache-control"));
}

static void denied(void)
{
	char path[4200], config[4400];
	FILE *f;

	snprintf(path, sizeof path, "%s/deny", unit_tmpdir());
	f = fopen(path, "w");
	NEED(f);
	fprintf(f, "/ipfs/" ROOT3 "/*\n/ipfs/" HELLO " # gateway_status:451 is no hint in here\n/ipns/" KEY_INLINE "\n");
	fclose(f);
	snprintf(config, sizeof config, "gateway.deny = %s\n", path);
	ask_open(config);
	ask_import(GATEWAY "gateway-cache.car");
	CHECK(ask_record(RECORDS KEY_INLINE "_v1-v2.ipns-record") == 1);
	CHECK(ask_get("/ipfs/" ROOT3 "/") == 410 && !ask_field("etag") && !ask_field("cache-control"));
	CHECK(ask_get("/ipfs/" ROOT3 "?format=raw") == 410 && ask_get("/ipfs/" CACHE_ROOT "/root2/root3/") == 410);
	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/root3/root4/index.html") == 410);
	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/?format=raw") == 200);
	CHECK(ask_get("/ipfs/f0155000668656c6c6f0a") >= 410);
	CHECK(ask_get("/ipns/" KEY_INLINE) == 410 && ask_get("/ipns/" KEY_INLINE "?format=ipns-record") == 410);
}

/* a rule for the page of a directory is for the directory that shows it, too */
static void denied_page(void)
{
	char path[4200], config[4400];
	FILE *f;

	snprintf(path, sizeof path, "%s/deny", unit_tmpdir());
	f = fopen(path, "w");
	NEED(f);
	fprintf(f, "/ipfs/" CACHE_ROOT "/root2/root3/root4/index.html\n");
	fclose(f);
	snprintf(config, sizeof config, "gateway.deny = %s\n", path);
	ask_open(config);
	ask_import(GATEWAY "gateway-cache.car");
	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/root3/root4/index.html") == 410);
	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/root3/root4/") == 410 && !ask_field("etag"));
	CHECK(ask_get("/ipfs/" CACHE_ROOT "/root2/root3/") == 200 && ask_get("/ipfs/" ROOT3 "/root4/") == 200);
}

int main(void)
{
	setup();
	RUN(keys);
	RUN(one_address_a_key);
	RUN(chains);
	RUN(too_many_roots);
	RUN(roots_inside_a_block);
	RUN(policy);
	RUN(denied);
	RUN(denied_page);
	ask_close();
	return UNIT_END();
}
