#include "unit.h"

#include "peer/fetch/fetch_priv.h"

static const char *linked(const char *text)
{
	static char kept[256];
	struct span path;

	if (!dns_link_text(span_str(text), &path))
		return "none";
	snprintf(kept, sizeof kept, "%.*s", (int)path.len, (const char *)path.p);
	return kept;
}

static void texts(void)
{
	CHECK_STR(linked("dnslink=/ipfs/bafkqaaa"), "/ipfs/bafkqaaa");
	CHECK_STR(linked("dnslink=/ipns/example.com/a"), "/ipns/example.com/a");
	CHECK_STR(linked("dnslink=/ipfs/"), "none");
	CHECK_STR(linked("dnslink=bafkqaaa"), "none");
	CHECK_STR(linked("dnslink="), "none");
	CHECK_STR(linked("v=spf1 -all"), "none");
	CHECK_STR(linked(""), "none");
}

/* an answer about a.b with these records; each a type and the strings in it, in hexadecimal */
static struct span answer(int n, const char *const *rdata, const int *type)
{
	static struct buf msg = { .max = 4096 };
	struct span q = unit_hex("0161016200" "0010" "0001");
	int i;

	buf_reset(&msg);
	buf_add(&msg, unit_hex("123485800001"));
	buf_u8(&msg, 0);
	buf_u8(&msg, (unsigned)n);
	buf_add(&msg, unit_hex("00000000"));
	buf_add(&msg, q);
	for (i = 0; i < n; i++) {
		struct span r = unit_hex(rdata[i]);

		buf_add(&msg, unit_hex("c00c00"));
		buf_u8(&msg, (unsigned)type[i]);
		buf_add(&msg, unit_hex("00010000003c"));
		buf_u8(&msg, (unsigned)(r.len >> 8));
		buf_u8(&msg, (unsigned)r.len & 255);
		buf_add(&msg, r);
	}
	return buf_span(&msg);
}

#define LINK "07646e736c696e6b" "123d2f697066732f6261666b716161612f6162"	/* "dnslink" "=/ipfs/bafkqaaa/ab" */
#define SPF "06763d73706631"

static int look(struct span msg, struct buf *value, int64_t *ttl)
{
	buf_reset(value);
	*ttl = -1;
	return dns_link_answer(msg.p, msg.len, value, ttl);
}

static void answers(void)
{
	struct buf value = BUF_INIT(1024);
	int64_t ttl;
	struct span msg;
	size_t n;

	/* the strings of a record are one text */
	msg = answer(2, (const char *[]){ SPF, LINK }, (int[]){ 16, 16 });
	CHECK(look(msg, &value, &ttl) == 1 && ttl == 60);
	CHECK_STR((char *)value.data, "/ipfs/bafkqaaa/ab");
	for (n = 0; n < msg.len; n++)
		CHECK(look(span_of(msg.p, n), &value, &ttl) == ERR_INVALID && value.len == 0);
	CHECK(look(answer(1, (const char *[]){ SPF }, (int[]){ 16 }), &value, &ttl) == 0);
	CHECK(look(answer(1, (const char *[]){ LINK }, (int[]){ 1 }), &value, &ttl) == 0);
	CHECK_ERR(look(answer(2, (const char *[]){ LINK, LINK }, (int[]){ 16, 16 }), &value, &ttl), ERR_INVALID);
	CHECK(value.len == 0);
	/* a string that is longer than its record */
	CHECK(look(answer(1, (const char *[]){ "ff646e736c696e6b3d" }, (int[]){ 16 }), &value, &ttl) == 0);
	buf_clear(&value);
}

static void domains(void)
{
	struct buf value = BUF_INIT(1024);
	int64_t ttl;

	CHECK(dns_link(span_str("nodots"), "127.0.0.1:1", 1000, &value, &ttl) == 0);
	CHECK_ERR(dns_link(span_str("a.b"), "example", 1000, &value, &ttl), ERR_USAGE);
	CHECK_ERR(dns_link(span_str("a.b"), "127.0.0.1:x", 1000, &value, &ttl), ERR_USAGE);
	CHECK_ERR(dns_link(span_str("a.b"), "127.0.0.1:70000", 1000, &value, &ttl), ERR_USAGE);
	CHECK(value.len == 0);
	buf_clear(&value);
}

int main(void)
{
	RUN(texts);
	RUN(answers);
	RUN(domains);
	return UNIT_END();
}
