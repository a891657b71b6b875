/* header_test.c - pragma and header of a CARv2, and CARv1 headers as nodes */
#include "cartest.h"
#include "car/car_priv.h"

static void there_and_back(void)
{
	static const struct car_v2 all[] = {
		{ 51, 1, 0, 0 },
		{ 51, 156, 207, 1 },
		{ 64, 156, 284, 0 },
		{ (uint64_t)1 << 40, (uint64_t)1 << 50, ((uint64_t)1 << 40) + ((uint64_t)1 << 50), 1 },
	};
	uint8_t raw[CAR_V2_HEADER];
	struct car_v2 v;
	size_t i;

	for (i = 0; i < sizeof all / sizeof all[0]; i++) {
		car_v2_encode(&all[i], raw);
		CHECK(car_v2_decode(span_of(raw, sizeof raw), UINT64_MAX, &v) == 0);
		CHECK(v.data_off == all[i].data_off && v.data_size == all[i].data_size &&
		      v.index_off == all[i].index_off && v.full == all[i].full);
	}
}

/* reference 17.2 */
static void worked_example(void)
{
	struct car_v2 v = { 51, 156, 207, 0 };
	uint8_t raw[CAR_V2_HEADER];

	car_v2_encode(&v, raw);
	CHECK(span_equal(span_of(raw, sizeof raw),
			 unit_hex("0aa16776657273696f6e02" "00000000000000000000000000000000"
				  "3300000000000000" "9c00000000000000" "cf00000000000000")));
}

static void refused(struct car_v2 v, uint64_t file_size, const char *says)
{
	uint8_t raw[CAR_V2_HEADER];
	struct car_v2 out;

	car_v2_encode(&v, raw);
	CHECK_ERR(car_v2_decode(span_of(raw, sizeof raw), file_size, &out), ERR_INVALID);
	if (!strstr(err_text(), says))
		printf("# %s\n", err_text());
	CHECK(strstr(err_text(), says));
}

static void rules(void)
{
	uint8_t raw[CAR_V2_HEADER];
	struct car_v2 v = { 51, 156, 207, 0 }, out;
	size_t i;

	refused((struct car_v2){ 50, 156, 0, 0 }, UINT64_MAX, "offset 27: the payload begins at 50");
	refused((struct car_v2){ 0, 156, 0, 0 }, UINT64_MAX, "offset 27: ");
	refused((struct car_v2){ 51, 0, 0, 0 }, UINT64_MAX, "offset 35: the size of the payload is 0");
	refused((struct car_v2){ 51, 156, 0, 0 }, 206, "offset 35: the payload ends at 207");
	refused((struct car_v2){ 51, UINT64_MAX - 50, 0, 0 }, UINT64_MAX, "does not fit into any file");
	refused((struct car_v2){ UINT64_MAX, 1, 0, 0 }, UINT64_MAX, "does not fit into any file");
	refused((struct car_v2){ 51, INT64_MAX, 0, 0 }, UINT64_MAX, "does not fit into any file");
	refused((struct car_v2){ 51, 156, 206, 0 }, UINT64_MAX, "offset 43: the index begins at 206, before");
	refused((struct car_v2){ 51, 156, 1, 0 }, 1000, "offset 43: ");
	refused((struct car_v2){ 51, 156, 1000, 0 }, 1000, "offset 43: the index begins at 1000, behind");
	car_v2_encode(&v, raw);
	CHECK(car_v2_decode(span_of(raw, sizeof raw), 208, &out) == 0);
	for (i = 0; i < sizeof raw; i++)
		CHECK_ERR(car_v2_decode(span_of(raw, i), UINT64_MAX, &out), ERR_INVALID);
	for (i = 0; i < 11; i++) {
		raw[i] ^= 1;
		CHECK_ERR(car_v2_decode(span_of(raw, sizeof raw), UINT64_MAX, &out), ERR_INVALID);
		raw[i] ^= 1;
	}
	for (i = 11; i < 27; i++)		/* characteristics that are not known are ignored */
		raw[i] = 0x7f;
	CHECK(car_v2_decode(span_of(raw, sizeof raw), UINT64_MAX, &out) == 0 && !out.full);
}

static void heads(void)
{
	struct car_head h;

	CHECK(car_head_decode(unit_hex("a265726f6f7473806776657273696f6e01"), 0, &h) == 0);
	CHECK(h.version == 1 && h.n_roots == 0 && h.roots);
	free(h.roots);
	CHECK(car_head_decode(unit_hex("a16776657273696f6e02"), 0, &h) == 0);
	CHECK(h.version == 2 && !h.roots);
	CHECK_ERR(car_head_decode(unit_hex("a26776657273696f6e0165726f6f747380"), 0, &h), ERR_INVALID);
	CHECK(car_head_decode(unit_hex("a26776657273696f6e0165726f6f747380"), 1, &h) == 0);
	free(h.roots);
	CHECK_ERR(car_head_decode(unit_hex("a26776657273696f6e0165726f6f747381f6"), 1, &h), ERR_INVALID);
	CHECK(!h.roots);
}

int main(void)
{
	RUN(there_and_back);
	RUN(worked_example);
	RUN(rules);
	RUN(heads);
	return UNIT_END();
}
