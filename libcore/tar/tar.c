/* tar.c - what reader and writer share: errors, and the locale libarchive looks at */
#include <errno.h>

#include "base/err.h"
#include "tar/tar_priv.h"

int tar_fail(struct archive *a, int code, const char *op, const char *what)
{
	const char *why = archive_error_string(a);
	int e = archive_errno(a);

	if (e == ENOMEM)
		code = ERR_NOMEM;
	else if (e == EIO)
		code = ERR_IO;
	return err_set(code, "%s '%s': %s", op, what, why ? why : "libarchive gave no reason");
}

/*
 * libarchive converts names to the charset of the current locale.  Tar and cpio names are bytes,
 * which the "C" locale leaves alone; in any UTF-8 locale they would be brought to normal form C
 * and so be other names.  Zip and 7z keep Unicode and need a UTF-8 locale to be read at all.
 */
int tar_locale_new(struct tar_locale *l, int utf8)
{
	l->old = (locale_t)0;
	l->loc = newlocale(LC_ALL_MASK, utf8 ? "C.UTF-8" : "C", (locale_t)0);
	if (!l->loc && utf8)
		l->loc = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return l->loc ? 0 : err_nomem();
}

void tar_locale_free(struct tar_locale *l)
{
	if (l->loc)
		freelocale(l->loc);
	l->loc = (locale_t)0;
}
