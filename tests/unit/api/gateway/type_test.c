/* type_test.c - what kind of file it is, by its name and by its first bytes */
#include "api/gateway/sniff_priv.h"
#include "tests/unit/unit.h"

static const char *named(const char *name)
{
	const char *t = gw_type_by_name(span_str(name));

	return t ? t : "(none)";
}

static void by_name(void)
{
	CHECK_STR(named("index.html"), "text/html");
	CHECK_STR(named("INDEX.HTM"), "text/html");
	CHECK_STR(named("a/b.css"), "text/css; charset=utf-8");
	CHECK_STR(named("a.b.mjs"), "text/javascript; charset=utf-8");
	CHECK_STR(named("x.json"), "application/json");
	CHECK_STR(named("x.xml"), "text/xml; charset=utf-8");
	CHECK_STR(named("x.svg"), "image/svg+xml");
	CHECK_STR(named("x.JPeG"), "image/jpeg");
	CHECK_STR(named("x.avif"), "image/avif");
	CHECK_STR(named("x.wasm"), "application/wasm");
	CHECK_STR(named("x.txt"), "text/plain; charset=utf-8");
	CHECK_STR(named("x.mp4"), "video/mp4");
	CHECK_STR(named("x.webm"), "video/webm");
	CHECK_STR(named("x.mp3"), "audio/mpeg");
	CHECK_STR(named("x.woff2"), "font/woff2");
	CHECK_STR(named("x.car"), "application/vnd.ipld.car");
	CHECK_STR(named("x.parquet"), "application/vnd.apache.parquet");
	CHECK_STR(named("x.arrow"), "application/vnd.apache.arrow.file");
	CHECK_STR(named("x.jsonl"), "application/x-ndjson");
	CHECK_STR(named("model.safetensors"), "application/octet-stream");
	CHECK_STR(named("model.onnx"), "application/octet-stream");
	/* the first and the last row, and all between in order */
	CHECK_STR(named("x.7z"), "application/x-7z-compressed");
	CHECK_STR(named("x.zst"), "application/zstd");
}

static void names_without_a_kind(void)
{
	CHECK_STR(named(""), "(none)");
	CHECK_STR(named("README"), "(none)");
	CHECK_STR(named("json"), "(none)");
	CHECK_STR(named("x."), "(none)");
	CHECK_STR(named("a.html/b"), "(none)");
	CHECK_STR(named("x.html "), "(none)");
	CHECK_STR(named("x.averyveryverylongextension"), "(none)");
	CHECK(gw_type_by_name(span_of("x.html\0", 7)) == NULL);
	CHECK(gw_type_by_name(span_of("x.\0html", 7)) == NULL);
}

static struct gw_types *types;

static const char *bytes(struct span s) { return gw_type_by_bytes(types, s); }
static const char *text(const char *s) { return bytes(span_str(s)); }

static void by_signature(void)
{
	CHECK_STR(bytes(unit_hex("89504e470d0a1a0a0000000d49484452")), "image/png");
	CHECK_STR(bytes(unit_hex("ffd8ffe000104a464946")), "image/jpeg");
	CHECK_STR(bytes(unit_hex("52494646000000005745425056503820")), "image/webp");
	CHECK_STR(bytes(unit_hex("0000001c6674797061766966")), "image/avif");
	CHECK_STR(bytes(unit_hex("000000186674797069736f6d")), "video/mp4");
	CHECK_STR(bytes(unit_hex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d")), "video/webm");
	CHECK_STR(bytes(unit_hex("0061736d01000000")), "application/wasm");
	CHECK_STR(bytes(unit_hex("1f8b0800")), "application/gzip");
	CHECK_STR(bytes(unit_hex("28b52ffd0400")), "application/zstd");
	CHECK_STR(text("%PDF-1.7\n"), "application/pdf");
	CHECK_STR(text("PAR1\x15\x04"), "application/vnd.apache.parquet");
	CHECK_STR(bytes(span_of("\x19\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F32\"}}   ", 33)),
		  "application/octet-stream");
	/* a CARv1 header, and the pragma of CARv2 */
	CHECK_STR(bytes(unit_hex("3aa265726f6f747381d82a5825000171")), "application/vnd.ipld.car");
	CHECK_STR(bytes(unit_hex("0aa16776657273696f6e02")), "application/vnd.ipld.car");
}

static void text_is_told_apart(void)
{
	CHECK_STR(text(""), "text/plain; charset=utf-8");
	CHECK_STR(text("hello\n"), "text/plain; charset=utf-8");
	CHECK_STR(text("gr\xc3\xbc\xc3\x9f dich\n"), "text/plain; charset=utf-8");
	CHECK_STR(text("<!DOCTYPE html><title>x</title>"), "text/html");
	CHECK_STR(text("\xef\xbb\xbf\n <!-- c --> <HTML>"), "text/html");
	CHECK_STR(text("<htmlx>"), "text/plain; charset=utf-8");
	CHECK_STR(text("see <html>"), "text/plain; charset=utf-8");
	CHECK_STR(text("<?xml version=\"1.0\"?><!-- drawn --><svg xmlns=\"x\">"), "image/svg+xml");
	CHECK_STR(text("<?xml version=\"1.0\"?><feed>"), "text/xml; charset=utf-8");
	CHECK_STR(text("<?xml version"), "text/xml; charset=utf-8");
	CHECK_STR(text("#!/bin/sh\necho\n"), "text/plain; charset=utf-8");
	/* not UTF-8, or with controls: bytes */
	CHECK_STR(text("gr\xfc\xdf dich\xff"), "application/octet-stream");
	CHECK_STR(bytes(span_of("a\0b", 3)), "application/octet-stream");
}

static void json_is_exactly_that(void)
{
	static const char *const good[] = {
		"{ \"test\": \"i am a plain json file\" }\n", "[]", "{}", " [1,-0.5e+3,true,false,null,\"\\u00e9\"] ",
		"{\"a\":{\"b\":[{},[[]]]},\"c\":0}"
	};
	static const char *const bad[] = {
		"{", "[1,]", "{\"a\"}", "{\"a\":1,}", "[01]", "[1 2]", "{} x", "[tru]", "{a:1}", "[\"\\x\"]", "[1.]", "[-]",
		"[\"a\nb\"]", "]", "[}"
	};
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		CHECK_STR(text(good[i]), "application/json");
	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_STR(text(bad[i]), "text/plain; charset=utf-8");
}

/* the beginning of a larger file: what was cut is no fault */
static void what_was_cut(void)
{
	static char big[GW_SNIFF + 8];
	size_t i;

	memset(big, '[', sizeof big);
	CHECK_STR(bytes(span_of(big, sizeof big)), "application/json");
	for (i = 0; i + 2 <= sizeof big; i += 2)
		memcpy(big + i, "\xc3\xa9", 2);
	CHECK_STR(bytes(span_of(big, sizeof big)), "text/plain; charset=utf-8");
	CHECK_STR(bytes(span_of(big + 1, GW_SNIFF)), "application/octet-stream");
	CHECK_STR(bytes(span_of(big, GW_SNIFF - 1)), "application/octet-stream");
	memmove(big + 1, big, GW_SNIFF - 1);
	big[0] = 'a';
	CHECK_STR(bytes(span_of(big, GW_SNIFF)), "text/plain; charset=utf-8");
}

/* libmagic's part: a kind no rule of ours knows, and never one that a browser runs */
static void the_rest(void)
{
	const char *t = bytes(unit_hex("38425053000100000000000000030000000100000001000800030000"));

	CHECK(!strcmp(t, "image/vnd.adobe.photoshop") || !strcmp(t, "image/x-photoshop"));
	CHECK_STR(bytes(span_of("\0\1\2\3<html><script>alert(1)</script>", 35)), "application/octet-stream");
	/* to libmagic the beginning of a TGA image */
	CHECK_STR(bytes(unit_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")), "application/octet-stream");
	CHECK_STR(gw_type_by_bytes(NULL, unit_hex("3842505300010000")), "application/octet-stream");
	CHECK_STR(gw_type_by_bytes(NULL, span_str("x")), "text/plain; charset=utf-8");
}

static void what_coding_helps(void)
{
	CHECK(gw_compressible("text/html") && gw_compressible("text/plain; charset=utf-8"));
	CHECK(gw_compressible("application/json") && gw_compressible("application/geo+json; x=y"));
	CHECK(gw_compressible("image/svg+xml") && gw_compressible("application/wasm"));
	CHECK(!gw_compressible("image/png") && !gw_compressible("application/zip"));
	CHECK(!gw_compressible("application/vnd.ipld.raw") && !gw_compressible("application/vnd.ipld.car; version=1"));
	CHECK(!gw_compressible(NULL) && !gw_compressible("") && !gw_compressible("application/jso"));
}

int main(void)
{
	RUN(by_name);
	RUN(names_without_a_kind);
	if (gw_types_new(&types) < 0)
		abort();
	RUN(by_signature);
	RUN(text_is_told_apart);
	RUN(json_is_exactly_that);
	RUN(what_was_cut);
	RUN(the_rest);
	RUN(what_coding_helps);
	gw_types_free(types);
	return UNIT_END();
}
