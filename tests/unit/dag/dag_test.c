#include "../memdag.h"

/* 128 bytes are the most an identity CID may hold */
static struct cid inlined(uint64_t codec, size_t n)
{
	uint8_t bytes[128];
	struct cid cid;

	memset(bytes, 'B', sizeof bytes);
	if (cid_make(&cid, 1, codec, MH_IDENTITY, span_of(bytes, n)) < 0)
		abort();
	return cid;
}

static int never_put(struct dag_sink *s, const struct dag_block *b)
{
	(void)s;
	(void)b;
	return err_set(ERR_IO, "the sink was reached");
}

static void identity_cids_answer_themselves(void)
{
	struct dag_sink trap = { never_put };
	struct buf out = BUF_INIT(1024);
	struct cid cid = inlined(CID_RAW, 128);
	struct dag_block b = { .cid = &cid, .src_fd = -1 };
	struct memdag m;
	struct piece p;
	uint64_t len;

	memdag_init(&m);
	CHECK(dag_has(&m.source, &cid) == 1);
	CHECK(dag_size(&m.source, &cid, &len) == 0 && len == 128);
	CHECK(dag_get(&m.source, &cid, &out) == 0 && out.len == 128 && out.data[127] == 'B');
	CHECK(dag_extent(&m.source, &cid, &p) == 1 && p.fd < 0 && p.len == 128 &&
	      p.bytes.len == 128);
	CHECK(dag_put(&trap, &b) == 0);
	CHECK(m.n_gets == 0);
	buf_clear(&out);
}

static void policy_is_asked_first(void)
{
	struct memdag m;
	struct buf out = BUF_INIT(1024);
	struct dag_block b = { .src_fd = -1 };
	struct cid cid;
	struct piece p;
	uint64_t len;

	memdag_init(&m);
	/* murmur3 is a hash, but not one for blocks; sha1 cut to 4 bytes is too short */
	NEED(cid_make(&cid, 1, CID_RAW, MH_MURMUR3_X64_64, span_of("12345678", 8)) == 0);
	b.cid = &cid;
	CHECK_ERR(dag_get(&m.source, &cid, &out), ERR_DENIED);
	CHECK_ERR(dag_has(&m.source, &cid), ERR_DENIED);
	CHECK_ERR(dag_size(&m.source, &cid, &len), ERR_DENIED);
	CHECK_ERR(dag_extent(&m.source, &cid, &p), ERR_DENIED);
	CHECK_ERR(dag_put(&m.sink, &b), ERR_DENIED);
	NEED(cid_make(&cid, 1, CID_RAW, MH_SHA1, span_of("1234", 4)) == 0);
	CHECK_ERR(dag_has(&m.source, &cid), ERR_DENIED);
	buf_clear(&out);
}

static void source_and_sink_are_reached(void)
{
	struct memdag m;
	struct buf out = BUF_INIT(4);
	struct cid cid;
	struct piece p;
	uint64_t len;

	memdag_init(&m);
	cid = memdag_add(&m, 1, CID_RAW, span_str("hello"));
	CHECK(m.n_puts == 1 && dag_has(&m.source, &cid) == 1);
	CHECK(dag_size(&m.source, &cid, &len) == 0 && len == 5);
	CHECK(dag_extent(&m.source, &cid, &p) == 0);		/* this source has none */
	CHECK_ERR(dag_get(&m.source, &cid, &out), ERR_LIMIT);
	out.max = 5;
	CHECK(dag_get(&m.source, &cid, &out) == 0 && !memcmp(out.data, "hello", 5));
	NEED(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &(struct span){ NULL, 0 }, 1) == 0);
	CHECK(dag_has(&m.source, &cid) == 0);
	CHECK_ERR(dag_get(&m.source, &cid, &out), ERR_NOTFOUND);
	CHECK(out.len == 5);
	buf_clear(&out);
}

static void the_null_sink_forgets(void)
{
	struct cid cid;
	struct dag_block b = { .cid = &cid, .src_fd = -1 };

	NEED(cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &(struct span){ NULL, 0 }, 1) == 0);
	CHECK(dag_put(dag_sink_null(), &b) == 0);
}

int main(void)
{
	RUN(identity_cids_answer_themselves);
	RUN(policy_is_asked_first);
	RUN(source_and_sink_are_reached);
	RUN(the_null_sink_forgets);
	return UNIT_END();
}
