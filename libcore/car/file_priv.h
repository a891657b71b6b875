/*
 * file_priv.h - an archive at hand, and the tables in which its sections are looked up.
 */
#ifndef CAR_FILE_PRIV_H
#define CAR_FILE_PRIV_H

#include "base/guard.h"
#include "car_priv.h"

enum {
	TABLES_MAX = 1024,		/* kinds and lengths of hashes in one index */
	DIGEST_INDEX_MAX = 2048,	/* bytes of a digest in an index; longer ones are not for us */
	PEEK_MAX = DIGEST_INDEX_MAX + 8,
	MARK_BITS = 16,			/* at most 2^16 places of a table are remembered: 1 MiB */
	MARK_EVERY = 64			/* one for so many entries */
};

/* Where searches have been: an entry, by the first bits of its digest.  0 in `at`: nowhere yet. */
struct mark {
	uint64_t at;			/* of the entry, and 1 */
	uint64_t key;
};

/* Entries of one width in order: digest, then the offset in the inner CARv1. */
struct table {
	uint64_t code;			/* of the hash; with 0x0400 not known */
	uint64_t off, n;		/* in the file; entries */
	size_t width;
	struct mark *mark;		/* 2^mark_bits, owned; NULL in small tables */
	unsigned mark_bits;
	uint8_t *mem;			/* instead of the file: made by car_file_scan; owned */
};

struct car_file {
	struct dag_source source;	/* first */
	int fd;
	char *path;
	uint64_t size;
	int version;
	struct car_v2 v2;
	uint64_t first;			/* offset of the first section in the inner CARv1 */
	struct car_head head;
	struct guard guard;
	uint8_t peeked[PEEK_MAX];	/* where there is no mapping */
	uint64_t codec;			/* of the index in the file; 0: none */
	struct table *table;
	size_t n_tables;
	struct table scan;		/* what car_file_scan made, by scan_id */
	int scanned;
};

/* file_peek - up to `len` bytes (at most PEEK_MAX, fewer than that at the end of the file) at `off`,
 * borrowed until the next call; ERR_CORRUPT: the file has become shorter. */
int file_peek(struct car_file *f, uint64_t off, size_t len, struct span *out);
/* file_cut - 0, or ERR_CORRUPT when the file has become shorter since it was mapped. */
int file_cut(const struct car_file *f);

/* A section by its offset in the inner CARv1. */
struct place {
	uint64_t off, len;		/* of the block, in the file */
	uint64_t next;			/* offset of the section behind it, in the inner CARv1 */
	struct cid cid;
};
/* file_section - what stands at `off`; ERR_INVALID … with the offset.  Policy is not asked. */
int file_section(struct car_file *f, uint64_t off, struct place *p);

/* scan.c: scan_id - what stands for a multihash in the table of a scan: keyed, so that nobody outside can
 * make two meet.  0 or ERR_INVALID. */
enum { SCAN_ID = 16 };
int scan_id(const struct cid *cid, uint8_t id[SCAN_ID]);

/* tables.c: tables_open reads where the tables of the index are. */
int tables_open(struct car_file *f);
void tables_clear(struct car_file *f);

#endif
