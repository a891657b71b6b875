/* pin_text_test.c - a pin as one record */
#include "ops/pin.h"
#include "tests/unit/unit.h"

static struct pin pin = { .mode = PIN_RECURSIVE, .name = "a\nb" };
static struct cid other;
static struct buf out = { .max = 1000 };

static const char *text(int rc)
{
	return rc < 0 ? err_text() : (const char *)out.data;
}

static void pins(void)
{
	NEED(cid_parse(span_str("bafkqaaa"), &pin.cid, NULL) == 0);
	NEED(cid_parse(span_str("bafyaabakaieac"), &other, NULL) == 0);
	buf_reset(&out);
	CHECK_STR(text(ops_pin_text(&pin, NULL, 0, &out)), "bafkqaaa\trecursive\ta\\nb");
	buf_reset(&out);
	CHECK_STR(text(ops_pin_text(&pin, NULL, 1, &out)), "bafkqaaa\trecursive\ta\nb");
	buf_reset(&out);
	CHECK_STR(text(ops_pin_json(&pin, NULL, &out)),
		  "{\"cid\":\"bafkqaaa\",\"type\":\"recursive\",\"name\":\"a\\nb\"}");
	pin.mode = PIN_INDIRECT;
	pin.name = "";
	buf_reset(&out);
	CHECK_STR(text(ops_pin_text(&pin, &other, 0, &out)),
		  "bafkqaaa\tindirect through bafyaabakaieac");
	buf_reset(&out);
	CHECK_STR(text(ops_pin_json(&pin, &other, &out)),
		  "{\"cid\":\"bafkqaaa\",\"type\":\"indirect\",\"through\":\"bafyaabakaieac\"}");
}

static void verified(void)
{
	buf_reset(&out);
	CHECK_STR(text(ops_pin_verify_text(&pin.cid, NULL, NULL, &out)), "bafkqaaa\tok");
	buf_reset(&out);
	CHECK_STR(text(ops_pin_verify_text(&pin.cid, &other, "gone", &out)),
		  "bafkqaaa\tbroken\tbafyaabakaieac\tgone");
	buf_reset(&out);
	CHECK_STR(text(ops_pin_verify_json(&pin.cid, NULL, NULL, &out)), "{\"cid\":\"bafkqaaa\",\"ok\":true}");
	buf_reset(&out);
	CHECK_STR(text(ops_pin_verify_json(&pin.cid, &other, "\"gone\"", &out)),
		  "{\"cid\":\"bafkqaaa\",\"ok\":false,\"block\":\"bafyaabakaieac\",\"error\":\"\\\"gone\\\"\"}");
	buf_clear(&out);
	out.max = 4;
	CHECK_ERR(ops_pin_json(&pin, NULL, &out), ERR_LIMIT);
}

int main(void)
{
	RUN(pins);
	RUN(verified);
	buf_clear(&out);
	return UNIT_END();
}
