/*
 * zip_priv.h - the directory of a ZIP archive, as far as an .npz has need of it.
 * One disk, no encryption, members stored or deflated; ZIP64.
 * Spec: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3.
 */
#ifndef TENSOR_ZIP_PRIV_H
#define TENSOR_ZIP_PRIV_H

#include "feed_priv.h"

enum { ZIP_STORED = 0, ZIP_DEFLATED = 8 };

struct zip_dir {
	uint64_t off, len, n;		/* of the directory; entries */
};
struct zip_entry {
	uint16_t flags, method;
	uint32_t crc;
	uint64_t packed, plain;		/* bytes */
	uint64_t off;			/* of the member's own head */
	struct buf name, extra;		/* of the caller, with their ceilings */
};

/* zip_dir_find - from the end of the file.  zip_next - the next entry of it, from a feed over the directory. */
int zip_dir_find(struct tensor_in *in, struct zip_dir *d);
int zip_next(struct feed *f, struct zip_entry *e);
/* zip_locate - compare the member's own head with its entry, and find where its data begins; all of it lies before `limit`.
 * ERR_UNSUPPORTED: encrypted, or packed in another way. */
int zip_locate(struct tensor_in *in, const struct zip_entry *e, uint64_t limit, uint64_t *data);

#endif
