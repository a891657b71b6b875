/* table_priv.h - the image of a table: what table.c makes and tablefile.c keeps */
#ifndef TENSOR_TABLE_PRIV_H
#define TENSOR_TABLE_PRIV_H

#include "tensor_priv.h"

/*
 * The image is n + 1 offsets (u64) of the rows and of their end, counted from the first byte of the image; the rows; the
 * note.  It is in memory, or in a file from `base` on.
 */
struct table_image {
	uint64_t n, len, note_len;
	uint8_t *mem;
	int fd;				/* -1: in memory */
	uint64_t base;
};

/* image_read - ERR_IO where the file ends before.  table_of_image - takes it, also on failure. */
int image_read(const struct table_image *im, uint64_t off, void *p, size_t len);
void image_clear(struct table_image *im);
int table_of_image(struct table **t, struct table_image *im);
const struct table_image *table_image(const struct table *t);

#endif
