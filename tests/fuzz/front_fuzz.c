/*
 * front_fuzz.c - lists of entity tags and of proxies, as clients send them.
 * What a client listed is still listed when tags of codings are shown without them; who a client is, is an address
 * or what the socket says.  The first byte chooses.
 */
#include <stdlib.h>

#include "api/front/front_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct front front = {
	.coding = { "zstd", "br", "gzip" }, .which = { HTTP_ZSTD, HTTP_BR, HTTP_GZIP }, .n_codings = 3
};

static void tags(struct span list)
{
	static const char *const mine[] = { "\"t\"", "W/\"t\"", "\"\"", "\"a,b\"", "\"t-gzip\"" };
	struct field f[2] = { { span_str("if-none-match"), list }, { span_str("accept"), span_str("*/*") } };
	struct request rq = { .method = span_str("GET"), .field = f, .n_fields = 2 };
	struct reply r = { .fields = BUF_INIT(4096) };
	const char *coding;
	size_t i;

	if (tags_begin(&front, &rq) < 0 || rq.n_fields != 2 || !span_equal(rq.field[1].value, span_str("*/*")))
		__builtin_trap();
	for (i = 0; i < sizeof mine / sizeof *mine; i++) {
		if (http_etag_listed(list, span_str(mine[i]), 1) &&
		    !http_etag_listed(rq.field[0].value, span_str(mine[i]), 1))
			__builtin_trap();
		buf_reset(&r.fields);
		if (reply_field(&r, "etag", "%s", mine[i]) < 0)
			__builtin_trap();
		coding = tag_listed(&front, &r);
		if (coding && (http_etag_listed(list, span_str(mine[i]), 1) || tag_set(&r, coding) < 0 ||
			       !http_etag_listed(list, reply_value(&r, "etag"), 1)))
			__builtin_trap();
	}
	tags_end(&rq);
	if (rq.field != f)
		__builtin_trap();
	buf_clear(&r.fields);
}

static void client(struct span forwarded)
{
	static const char *const peers[] = { "10.0.0.1", "2001:db8::1", "unix", "192.0.2.1" };
	struct span who, peer;
	uint8_t room[16];
	size_t i;

	front.trusted = span_str("10.0.0.0/8 2001:db8::/32 unix");
	for (i = 0; i < 4; i++) {
		peer = span_str(peers[i]);
		who = client_key(&front, peer, forwarded, room);
		if (who.p == room ? who.len != 16 && who.len != 8 : !span_equal(who, peer))
			__builtin_trap();
		if (i == 3 && memcmp(who.p + 12, "\300\0\2\1", 4) != 0)	/* nobody trusts it */
			__builtin_trap();
	}
	trusted_check(forwarded);
	front.trusted = forwarded;			/* and of a setting */
	client_key(&front, span_str("::1"), span_str("a, 10.0.0.1"), room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p;

	if (!size || size > 16384)
		return 0;
	p = malloc(size > 1 ? size - 1 : 1);	/* of its own, so that a byte beyond is seen */
	if (!p)
		return 0;
	memcpy(p, data + 1, size - 1);
	if (data[0] & 1)
		client(span_of(p, size - 1));
	else
		tags(span_of(p, size - 1));
	free(p);
	return 0;
}
