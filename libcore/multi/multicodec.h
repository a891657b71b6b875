/*
 * multicodec.h - the multicodec table: codes of hashes, codecs, keys and everything else.
 * Spec: multiformats/multicodec table.csv.
 */
#ifndef MULTI_MULTICODEC_H
#define MULTI_MULTICODEC_H

#include <stdint.h>

enum { MULTICODEC_OTHER, MULTICODEC_IPLD, MULTICODEC_KEY, MULTICODEC_HASH };

struct multicodec {
	uint32_t code;
	uint8_t kind;		/* HASH stands for the table's multihash and hash */
	char name[35];
};

const struct multicodec *multicodec_each(int i);	/* ascending by code; NULL ends */
const struct multicodec *multicodec_find(uint64_t code);	/* NULL: not in the table */

#endif
