/* roundtrip_test - values through every codec: what goes in comes out, and always as the same bytes */
#include "golden.h"
#include "random_value.h"

enum { VALUES = 1500 };

static int count(void *arg, const struct cid *cid, struct span name)
{
	(void)cid;
	(void)name;
	++*(size_t *)arg;
	return 0;
}

/* the node as a block; the block as a node, which is the same; and again as the same block */
static void through(uint64_t codec, const struct node *nd)
{
	struct buf one = BUF_INIT(SIZE_MAX / 2), two = BUF_INIT(SIZE_MAX / 2);
	struct node back = NODE_INIT;
	size_t links = 0, i;

	CHECK(codec_encode(codec, nd, 0, &one) == 0);
	CHECK(codec_decode(codec, buf_span(&one), CODEC_STRICT, &back) == 0);
	CHECK(node_equal(nd, 0, &back, 0));
	CHECK(codec_encode(codec, &back, 0, &two) == 0);
	CHECK(span_equal(buf_span(&one), buf_span(&two)));
	CHECK(codec_check(codec, buf_span(&one), CODEC_STRICT, count, &links) == 0);
	for (i = 0; i < nd->n; i++)
		links -= nd->step[i].kind == NODE_LINK;
	CHECK(links == 0);
	node_clear(&back);
	buf_clear(&one);
	buf_clear(&two);
}

static void values(uint64_t codec, int whole_floats)
{
	struct random r = { 0x9e3779b97f4a7c15, whole_floats };
	struct node nd = NODE_INIT;
	int i;

	for (i = 0; i < VALUES && unit_bad == 0; i++) {
		node_reset(&nd);
		NEED(random_value(&r, &nd, i % 6) == 0);
		through(codec, &nd);
	}
	node_clear(&nd);
}

static void random_values_through_dag_json(void)
{
	values(CID_DAG_JSON, 0);
}

static void random_values_through_dag_cbor(void)
{
	values(CID_DAG_CBOR, 1);
}

/* cut short or changed by a byte, a block is refused or another value, and never trouble */
static void broken_blocks(void)
{
	static const uint64_t codecs[] = { CID_DAG_JSON, CID_DAG_CBOR, CID_JSON, CID_CBOR };
	struct random r = { 0x2545f4914f6cdd1d, 0 };
	struct node nd = NODE_INIT, other = NODE_INIT;
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	int i, k, rc;
	size_t c;

	for (i = 0; i < 200; i++) {
		node_reset(&nd);
		NEED(random_value(&r, &nd, 3) == 0);
		for (c = 0; c < 2; c++) {
			buf_reset(&out);
			NEED(codec_encode(codecs[c], &nd, 0, &out) == 0);
			for (k = 0; k < 50; k++) {
				size_t at = random_below(&r, (unsigned)out.len);
				uint8_t was = out.data[at];
				uint8_t *exact = malloc(at ? at : 1);

				NEED(exact != NULL);
				memcpy(exact, out.data, at);
				rc = codec_decode(codecs[c], span_of(exact, at), 0, &other);
				/* the beginning of a number may be one, too */
				CHECK(rc == ERR_INVALID || nd.n == 1);
				free(exact);
				out.data[at] = (uint8_t)random_next(&r);
				rc = codec_decode(codecs[c], buf_span(&out), 0, &other);
				CHECK(rc == 0 || rc == ERR_INVALID || rc == ERR_LIMIT);
				CHECK(codec_links(codecs[c], buf_span(&out), NULL, NULL) == rc);
				rc = codec_decode(codecs[c + 2], buf_span(&out), 0, &other);
				CHECK(rc == 0 || rc == ERR_INVALID || rc == ERR_LIMIT);
				out.data[at] = was;
			}
		}
	}
	node_clear(&nd);
	node_clear(&other);
	buf_clear(&out);
}

/* ---- the fixtures, each from each of its codecs ---- */

struct form {
	uint64_t codec;
	const char *table, *name;
	struct span block;
};
static struct form forms[400];
static int n_forms;
static uint64_t codec_now;

static void remember(char **col)
{
	char *name = unit_kept(strlen(col[2]) + 1);

	NEED(n_forms < (int)(sizeof forms / sizeof *forms));
	strcpy(name, col[2]);
	forms[n_forms++] = (struct form){ .codec = codec_now, .name = name, .block = unit_hex(col[1]) };
}

static void fixtures_from_and_to_each_codec(void)
{
	struct node a = NODE_INIT, b = NODE_INIT;
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	int i, j, pairs = 0;

	codec_now = CID_DAG_JSON;
	NEED(golden_each(GOLDEN "dag-json-blocks.tsv", remember) == 128);
	codec_now = CID_DAG_CBOR;
	NEED(golden_each(GOLDEN "dag-cbor-blocks.tsv", remember) == 128);
	codec_now = CID_DAG_PB;
	NEED(golden_each(GOLDEN "dag-pb-blocks.tsv", remember) == 17);
	for (i = 0; i < n_forms; i++) {
		NEED(codec_decode(forms[i].codec, forms[i].block, CODEC_STRICT, &a) == 0);
		for (j = 0; j < n_forms; j++) {
			if (strcmp(forms[i].name, forms[j].name) != 0)
				continue;
			pairs++;
			buf_reset(&out);
			CHECK(codec_encode(forms[j].codec, &a, 0, &out) == 0);
			if (!span_equal(buf_span(&out), forms[j].block))
				printf("# %s\n", forms[i].name);
			CHECK(span_equal(buf_span(&out), forms[j].block));
			CHECK(codec_decode(forms[j].codec, forms[j].block, CODEC_STRICT, &b) == 0);
			CHECK(node_equal(&a, 0, &b, 0));
		}
	}
	/* 111 values in two codecs, 17 in three */
	CHECK(pairs == 111 * 4 + 17 * 9);
	node_clear(&a);
	node_clear(&b);
	buf_clear(&out);
}

int main(void)
{
	RUN(random_values_through_dag_json);
	RUN(random_values_through_dag_cbor);
	RUN(broken_blocks);
	RUN(fixtures_from_and_to_each_codec);
	return UNIT_END();
}
