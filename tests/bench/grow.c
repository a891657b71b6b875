/*
 * grow.c N FIRST [PINS] - put blocks FIRST .. FIRST+N-1 of a reproducible series into $IPFRS_PATH.
 * Each block is 64 to 191 bytes of dag-pb-less raw data that begins with its number, so any of
 * them can be named again without keeping a list.  Prints the CID of block FIRST.  With PINS, the
 * first so many of them are pinned (directly) instead of put.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "pin/pin.h"
#include "store/store.h"

static size_t make(uint64_t i, uint8_t *p)
{
	size_t len = 64 + (size_t)(i * 2654435761u % 128), k;

	for (k = 0; k < len; k++)
		p[k] = (uint8_t)(k < 8 ? i >> (8 * k) : i * 31 + k);
	return len;
}

int main(int argc, char **argv)
{
	uint64_t n, first, pins, i;
	struct store *st = NULL;
	uint8_t bytes[256];
	struct cid cid;
	int rc;

	if (argc < 3)
		return 2;
	n = strtoull(argv[1], NULL, 10);
	first = strtoull(argv[2], NULL, 10);
	pins = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	rc = store_open(&st, getenv("IPFRS_PATH"), STORE_WRITE);
	for (i = first; rc >= 0 && i < first + n; i++) {
		struct span s = span_of(bytes, make(i, bytes));
		struct dag_block b = { .cid = &cid, .parts = { s }, .n_parts = 1, .src_fd = -1 };
		char text[CID_TEXT_MAX];

		rc = cid_sum(&cid, 1, CID_RAW, MH_SHA2_256, &s, 1);
		if (rc < 0)
			break;
		if (i == first)
			puts(cid_text(&cid, text));
		if (!pins)
			rc = store_put(st, &b);
		else if (i < first + pins)
			rc = pin_add(st, &cid, PIN_DIRECT, NULL);
	}
	if (rc >= 0)
		rc = store_commit(st);
	if (rc < 0)
		fprintf(stderr, "grow: %s\n", err_text());
	store_close(st);
	return err_exit(rc);
}
