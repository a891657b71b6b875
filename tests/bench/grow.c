/*
 * grow.c put|pin|tree N FIRST - blocks FIRST .. FIRST+N-1 of a reproducible series in $IPFRS_PATH.
 * Each block is 64 to 191 bytes of raw data that begins with its number, so any of them can be
 * named again without keeping a list.  `put` stores them and prints the CID of block FIRST; `pin`
 * pins each directly; `tree` puts dag-pb nodes above them, pins the root and prints it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pin/pin.h"
#include "store/store.h"

enum { FAN = 1000, MANY = 4096 };

static size_t make(uint64_t i, uint8_t *p)
{
	size_t len = 64 + (size_t)(i * 2654435761u % 128), k;

	for (k = 0; k < len; k++)
		p[k] = (uint8_t)(k < 8 ? i >> (8 * k) : i * 31 + k);
	return len;
}

static int name(uint64_t i, struct cid *cid, uint8_t bytes[256], struct span *s)
{
	*s = span_of(bytes, make(i, bytes));
	return cid_sum(cid, 1, CID_RAW, MH_SHA2_256, s, 1);
}

static int put(struct store *st, const struct cid *cid, struct span s)
{
	struct dag_block b = { .cid = cid, .parts = { s }, .n_parts = 1, .src_fd = -1 };

	return store_put(st, &b);
}

static void show(const struct cid *cid)
{
	char text[CID_TEXT_MAX];

	puts(cid_text(cid, text));
}

static int put_all(struct store *st, uint64_t n, uint64_t first)
{
	uint8_t bytes[256];
	struct span s;
	struct cid cid;
	uint64_t i;
	int rc = 0;

	for (i = first; rc >= 0 && i < first + n; i++) {
		rc = name(i, &cid, bytes, &s);
		if (rc >= 0)
			rc = put(st, &cid, s);
		if (i == first)
			show(&cid);
	}
	return rc < 0 ? rc : store_commit(st);
}

static int told(void *arg, size_t i, int rc)
{
	(void)arg;
	(void)i;
	return rc < 0 ? rc : 0;
}

static int pin_all(struct store *st, uint64_t n, uint64_t first)
{
	struct cid *cids = calloc(MANY, sizeof *cids);
	uint8_t bytes[256];
	struct span s;
	size_t have = 0;
	uint64_t i;
	int rc = cids ? 0 : err_nomem();

	for (i = first; rc >= 0 && i < first + n; i++) {
		rc = name(i, &cids[have++], bytes, &s);
		if (rc >= 0 && (have == MANY || i + 1 == first + n)) {
			rc = pin_add_many(st, cids, have, PIN_DIRECT, NULL, told, NULL);
			have = 0;
		}
	}
	free(cids);
	return rc;
}

/* put the node made so far, link it into the one above */
static int end_node(struct store *st, struct buf *node, struct buf *above, struct cid *cid)
{
	struct span s = buf_span(node);
	int rc = cid_sum(cid, 1, CID_DAG_PB, MH_SHA2_256, &s, 1);

	if (rc >= 0)
		rc = put(st, cid, s);
	if (rc >= 0 && above)
		rc = pb_put_link(above, cid_span(cid), span_str(""), 1);
	buf_reset(node);
	return rc;
}

static int tree(struct store *st, uint64_t n, uint64_t first)
{
	struct buf node = BUF_INIT(BLOCK_MAX), root = BUF_INIT(BLOCK_MAX);
	uint8_t bytes[256];
	struct span s;
	struct cid cid;
	uint64_t i;
	int rc = 0;

	for (i = first; rc >= 0 && i < first + n; i++) {
		rc = name(i, &cid, bytes, &s);
		if (rc >= 0)
			rc = pb_put_link(&node, cid_span(&cid), span_str(""), s.len);
		if (rc >= 0 && ((i - first) % FAN == FAN - 1 || i + 1 == first + n))
			rc = end_node(st, &node, &root, &cid);
	}
	if (rc >= 0)
		rc = end_node(st, &root, NULL, &cid);
	if (rc >= 0)
		rc = store_commit(st);
	if (rc >= 0)
		rc = pin_add(st, &cid, PIN_RECURSIVE, NULL);
	if (rc >= 0)
		show(&cid);
	buf_clear(&node);
	buf_clear(&root);
	return rc;
}

int main(int argc, char **argv)
{
	struct store *st = NULL;
	uint64_t n, first;
	int rc;

	if (argc != 4)
		return 2;
	n = strtoull(argv[2], NULL, 10);
	first = strtoull(argv[3], NULL, 10);
	rc = store_open(&st, getenv("IPFRS_PATH"), STORE_WRITE);
	if (rc >= 0)
		rc = !strcmp(argv[1], "put") ? put_all(st, n, first) :
		     !strcmp(argv[1], "pin") ? pin_all(st, n, first) : tree(st, n, first);
	if (rc < 0)
		fprintf(stderr, "grow: %s\n", err_text());
	store_close(st);
	return err_exit(rc);
}
