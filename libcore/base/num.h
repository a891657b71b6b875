/*
 * num.h - numbers from outside: checked sums and products, sizes and counts as text.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* num_add, num_mul - *out = a op b; 0, or ERR_LIMIT on overflow (with a message). */
int num_add(uint64_t a, uint64_t b, uint64_t *out);
int num_mul(uint64_t a, uint64_t b, uint64_t *out);

/* num_parse - unsigned decimal, the whole text; 0 or ERR_USAGE. */
int num_parse(const char *text, uint64_t *out);

/* num_parse_size - bytes: a decimal number with an optional fraction and one of the units
 * B, k or kB, M, MB, G, GB, T, TB (powers of 1000) or K, Ki, KiB, Mi, MiB, Gi, GiB, Ti, TiB
 * (powers of 1024; a lone K is 1024 as in coreutils).  0 or ERR_USAGE. */
int num_parse_size(const char *text, uint64_t *out);

/* num_format_size - "1.2 MiB"; `out` has at least NUM_SIZE_MAX bytes.  Returns out. */
enum { NUM_SIZE_MAX = 24 };
char *num_format_size(uint64_t bytes, char *out);

#endif
