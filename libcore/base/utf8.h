/*
 * utf8.h - what is UTF-8 and what is not.
 * Spec: RFC 3629, section 4: no overlong forms, no surrogates, at most U+10FFFF.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/* utf8_valid - 1: all of it is UTF-8 (as no bytes at all are), or 0. */
int utf8_valid(struct span text);

/* utf8_valid_plain - the same on any processor; utf8_valid is that, where nothing faster is known. */
int utf8_valid_plain(struct span text);

/* utf8_len - bytes of the character that begins `text` (which is not empty); 0: none does. */
size_t utf8_len(struct span text);

/* utf8_unfinished - bytes at the end that may begin a character which goes on behind it: 0 to 3. */
size_t utf8_unfinished(struct span text);

/* utf8_put - the character as UTF-8 (it is no surrogate, and at most U+10FFFF); its bytes, 1 to 4. */
size_t utf8_put(uint32_t c, uint8_t *out);

#endif
