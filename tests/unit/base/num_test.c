/* num_test.c - numbers from outside */
#include "base/num.h"
#include "tests/unit/unit.h"

static void checked(void)
{
	uint64_t v;

	CHECK(num_add(UINT64_MAX - 1, 1, &v) == 0 && v == UINT64_MAX);
	CHECK_ERR(num_add(UINT64_MAX, 1, &v), ERR_LIMIT);
	CHECK(num_mul(1ull << 32, (1ull << 32) - 1, &v) == 0 && v == 0xffffffff00000000);
	CHECK_ERR(num_mul(1ull << 32, 1ull << 32, &v), ERR_LIMIT);
	CHECK(num_mul(0, UINT64_MAX, &v) == 0 && v == 0);
}

static void decimal(void)
{
	static const char *bad[] = { "", " 1", "1 ", "+1", "-1", "0x10", "1.0", "abc", "1a",
				     "18446744073709551616", "99999999999999999999999" };
	uint64_t v = 7;
	size_t i;

	CHECK(num_parse("0", &v) == 0 && v == 0);
	CHECK(num_parse("007", &v) == 0 && v == 7);
	CHECK(num_parse("18446744073709551615", &v) == 0 && v == UINT64_MAX);
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(num_parse(bad[i], &v), ERR_USAGE);
}

static void sizes(void)
{
	static const struct { const char *text; uint64_t bytes; } rows[] = {
		{ "0", 0 }, { "4096", 4096 }, { "12B", 12 }, { "1k", 1000 }, { "1kB", 1000 },
		{ "1K", 1024 }, { "64KiB", 65536 }, { "64 KiB", 65536 }, { "1.5K", 1536 },
		{ "1MB", 1000000 }, { "1M", 1000000 }, { "1MiB", 1048576 }, { "1Mi", 1048576 },
		{ "1.5GB", 1500000000 }, { "2GiB", 2147483648 }, { "1TB", 1000000000000 },
		{ "1TiB", 1099511627776 }, { "0.5TiB", 549755813888 },
		{ "16777215TiB", 18446742974197923840u },
	};
	static const char *bad[] = { "", "KiB", "1Q", "1KIB", "-1", "1.", ".5", "1..5", "1.5.5",
				     "16777216TiB", "18446744073709551616", "1k ", "1 k k",
				     "1.123456789" };
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK(num_parse_size(rows[i].text, &v) == 0);
		CHECK(v == rows[i].bytes);
	}
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_ERR(num_parse_size(bad[i], &v), ERR_USAGE);
}

static void shown(void)
{
	char t[NUM_SIZE_MAX];

	CHECK_STR(num_format_size(0, t), "0 B");
	CHECK_STR(num_format_size(1023, t), "1023 B");
	CHECK_STR(num_format_size(1024, t), "1.00 KiB");
	CHECK_STR(num_format_size(1536, t), "1.50 KiB");
	CHECK_STR(num_format_size(10 * 1024 + 512, t), "10.5 KiB");
	CHECK_STR(num_format_size(1ull << 30, t), "1.00 GiB");
	CHECK_STR(num_format_size(UINT64_MAX, t), "16.0 EiB");
}

int main(void)
{
	RUN(checked);
	RUN(decimal);
	RUN(sizes);
	RUN(shown);
	return UNIT_END();
}
