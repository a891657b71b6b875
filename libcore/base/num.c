/* num.c - numbers from outside */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/num.h"

int num_add(uint64_t a, uint64_t b, uint64_t *out)
{
	if (__builtin_add_overflow(a, b, out))
		return err_set(ERR_LIMIT, "sum exceeds 64 bits");
	return 0;
}

int num_mul(uint64_t a, uint64_t b, uint64_t *out)
{
	if (__builtin_mul_overflow(a, b, out))
		return err_set(ERR_LIMIT, "product exceeds 64 bits");
	return 0;
}

/* digits of `text` into *out; returns what follows them, NULL on none or overflow */
static const char *num_digits(const char *text, uint64_t *out)
{
	uint64_t v = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return NULL;
	*out = v;
	return p == text ? NULL : p;
}

int num_parse(const char *text, uint64_t *out)
{
	const char *end = num_digits(text, out);

	if (!end || *end)
		return err_set(ERR_USAGE, "'%s' is not a number", text);
	return 0;
}

int num_parse_size(const char *text, uint64_t *out)
{
	static const struct { const char *name; uint64_t mul; } units[] = {
		{ "", 1 }, { "B", 1 }, { "b", 1 },
		{ "k", 1000 }, { "kB", 1000 }, { "KB", 1000 },
		{ "M", 1000000 }, { "MB", 1000000 },
		{ "G", 1000000000 }, { "GB", 1000000000 },
		{ "T", 1000000000000 }, { "TB", 1000000000000 },
		{ "K", 1ULL << 10 }, { "Ki", 1ULL << 10 }, { "KiB", 1ULL << 10 },
		{ "Mi", 1ULL << 20 }, { "MiB", 1ULL << 20 },
		{ "Gi", 1ULL << 30 }, { "GiB", 1ULL << 30 },
		{ "Ti", 1ULL << 40 }, { "TiB", 1ULL << 40 },
	};
	uint64_t whole, frac = 0, scale = 1, part;
	const char *p = num_digits(text, &whole);
	size_t i;

	if (!p)
		goto bad;
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++) {
			if (scale > 1000000)
				goto bad;
			frac = frac * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
		if (scale == 1)
			goto bad;
	}
	while (*p == ' ')
		p++;
	for (i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(p, units[i].name))
			continue;
		if (num_mul(whole, units[i].mul, &whole) < 0 ||
		    num_mul(frac, units[i].mul, &part) < 0 ||
		    num_add(whole, part / scale, out) < 0)
			return err_set(ERR_USAGE, "size '%s' is too large", text);
		return 0;
	}
bad:
	return err_set(ERR_USAGE, "'%s' is not a size (such as 4096, 64KiB or 1.5GB)", text);
}

char *num_format_size(uint64_t bytes, char *out)
{
	static const char *units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	int u = 0;

	while (v >= 1024 && u < 6) {
		v /= 1024;
		u++;
	}
	if (u == 0)
		snprintf(out, NUM_SIZE_MAX, "%" PRIu64 " B", bytes);
	else
		snprintf(out, NUM_SIZE_MAX, v < 10 ? "%.2f %s" : v < 100 ? "%.1f %s" : "%.0f %s",
			 v, units[u]);
	return out;
}
