/*
 * crc32c.h - the Castagnoli checksum (RFC 3720 B.4), with the processor's instruction where
 * there is one.  Guards segment records against bit rot; not a defence against people.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/span.h"

/* crc32c - extend `crc` (0 to begin) by the bytes. */
uint32_t crc32c(uint32_t crc, struct span s);

#endif
