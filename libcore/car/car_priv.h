/*
 * car_priv.h - what the files of this room share.
 */
#ifndef CAR_CAR_PRIV_H
#define CAR_CAR_PRIV_H

#include <endian.h>
#include <zlib.h>
#include <zstd.h>

#include "car/car.h"

/* ---- input.c: bytes from a descriptor, unpacked on the way ---- */

enum packing { PACK_NONE, PACK_GZIP, PACK_ZSTD };

struct input {
	int fd;				/* borrowed; -1: read(arg, …) instead */
	ssize_t (*read)(void *arg, void *p, size_t len);
	void *arg;
	int plain;			/* nothing is unpacked */
	int stop_fd;			/* readable: give up; -1 */
	int regular;
	const char *what;		/* borrowed */
	enum packing packed;
	_Atomic uint64_t n_read;	/* from fd */
	uint8_t *raw;			/* read, from `pos` on not used */
	size_t pos, have;
	int end;			/* of the file: read returned 0 */
	z_stream gz;
	int gz_on;
	ZSTD_DCtx *zs;
	int inside;			/* a gzip member or zstd frame has begun and not ended */
	uint64_t begun;			/* how many have begun */
};

/* input_open - looks at the first bytes.  input_clear accepts what input_open left after an error. */
int input_open(struct input *in, int fd, const char *what, int plain);
int input_from(struct input *in, ssize_t (*read)(void *arg, void *p, size_t len), void *arg, const char *what,
	       int plain);
void input_clear(struct input *in);
/* input_read - some bytes, at most len: their number, 0 at the end (a packed stream that is cut short is
 * ERR_INVALID). */
ssize_t input_read(struct input *in, uint8_t *p, size_t len);
/* input_full - as input_read, less than len only at the end. */
ssize_t input_full(struct input *in, uint8_t *p, size_t len);
/* input_skip - pass over bytes: how many were there, at most n; or an error. */
int input_skip(struct input *in, uint64_t n, uint64_t *skipped);
/* input_ready - 1: input_read would not wait for somebody else. */
int input_ready(struct input *in);
uint64_t input_left(const struct input *in);	/* in a plain regular file; else UINT64_MAX */

/* ---- header.c ---- */

struct car_head {
	int version;
	struct cid *roots;		/* owned */
	size_t n_roots;
};
/* car_head_decode - the dag-cbor of a CARv1 header, or the map of a pragma; `loose`: keys in any order.
 * ERR_INVALID, ERR_LIMIT.  Gives h->roots. */
int car_head_decode(struct span in, int loose, struct car_head *h);

extern const uint8_t car_pragma[11];

/* ---- digests ---- */

/* digest_prefix - the first 8 bytes as a number that sorts as they do; digests may be shorter. */
static inline uint64_t digest_prefix(const uint8_t *digest, size_t len)
{
	uint64_t v = 0;
	size_t i;

	if (len >= 8) {
		memcpy(&v, digest, 8);
		return be64toh(v);
	}
	for (i = 0; i < len; i++)
		v |= (uint64_t)digest[i] << (56 - 8 * i);
	return v;
}

/* ---- section.c ---- */

/* car_section_length - the length varint at the start of `in` and what it says: its bytes, 0 when more are
 * needed to tell; ERR_INVALID, ERR_LIMIT.  A length of 0 is the caller's to judge. */
int car_section_length(struct span in, uint64_t *len);
/* car_section_cid - the CID at the start of a section (`in` is the section without its length, or as much
 * of it as is at hand); its bytes, or ERR_INVALID, or ERR_DENIED by the block policy. */
int car_section_cid(struct span in, struct cid *cid);

#endif
