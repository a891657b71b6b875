/*
 * tar_priv.h - what reader and writer share.
 */
#ifndef TAR_PRIV_H
#define TAR_PRIV_H

#include <locale.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/buf.h"
#include "tar/tar.h"

/* tar_fail - a failure of libarchive as one of ours: `op 'what': its words`. */
int tar_fail(struct archive *a, int code, const char *op, const char *what);

/* pax_head - append the head of an entry with `size` bytes of data.  pax_pad - what fills the last block of them. */
enum { PAX_BLOCK = 512 };
int pax_head(struct buf *out, const struct tar_entry *e, uint64_t size, unsigned mode);
int pax_pad(struct buf *out, uint64_t size);

/* tar_locale - enter a locale for this thread; leave with uselocale(old). */
struct tar_locale {
	locale_t loc, old;
};
int tar_locale_new(struct tar_locale *l, int utf8);	/* 0 or an error */
void tar_locale_free(struct tar_locale *l);
static inline void tar_enter(struct tar_locale *l) { l->old = uselocale(l->loc); }
static inline void tar_leave(struct tar_locale *l) { uselocale(l->old); }

#endif
