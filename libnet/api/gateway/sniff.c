/*
 * sniff.c - what kind of file this is, by its first bytes
 * The kinds that web sites and data sets are made of are told apart here; the rest is libmagic's to say, and
 * only for what is not text: of text it would make source code of many languages.  Nothing but our own rules
 * ever says that something is HTML or SVG, which a browser would run.  Spec: gateway reference 16.3.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <magic.h>

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "sniff_priv.h"

struct gw_types {
	magic_t magic;			/* NULL: its table could not be read */
};

/* ---- signatures ---- */

static const struct sign {
	unsigned off, len;
	const char *bytes, *type;
} signs[] = {
#define S(off, bytes, type) { off, sizeof bytes - 1, bytes, type }
	S(0, "\x89PNG\r\n\x1a\n", "image/png"),
	S(0, "\xff\xd8\xff", "image/jpeg"),
	S(0, "GIF87a", "image/gif"), S(0, "GIF89a", "image/gif"),
	S(0, "II*\0", "image/tiff"), S(0, "MM\0*", "image/tiff"),
	S(0, "\0\0\1\0", "image/x-icon"),
	S(0, "\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"), S(0, "\xff\x0a", "image/jxl"),
	S(0, "%PDF-", "application/pdf"),
	S(0, "%!PS-", "application/postscript"),
	S(0, "\0asm", "application/wasm"),
	S(0, "\x1f\x8b\x08", "application/gzip"),
	S(0, "PK\3\4", "application/zip"), S(0, "PK\5\6", "application/zip"),
	S(0, "\x28\xb5\x2f\xfd", "application/zstd"),
	S(0, "\xfd" "7zXZ\0", "application/x-xz"),
	S(0, "BZh", "application/x-bzip2"),
	S(0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
	S(0, "Rar!\x1a\7", "application/vnd.rar"),
	S(0, "\x04\x22\x4d\x18", "application/x-lz4"),
	S(257, "ustar", "application/x-tar"),
	S(0, "\x0a\xa1\x67version\2", "application/vnd.ipld.car"),
	S(0, "OggS", "audio/ogg"),
	S(0, "fLaC", "audio/flac"),
	S(0, "ID3", "audio/mpeg"),
	S(0, "\xff\xfb", "audio/mpeg"), S(0, "\xff\xf3", "audio/mpeg"), S(0, "\xff\xf2", "audio/mpeg"),
	S(0, "MThd\0\0\0\6", "audio/midi"),
	S(0, "FLV\1", "video/x-flv"),
	S(0, "wOFF", "font/woff"), S(0, "wOF2", "font/woff2"),
	S(0, "OTTO", "font/otf"), S(0, "\0\1\0\0\0", "font/ttf"), S(0, "ttcf", "font/collection"),
	S(0, "PAR1", "application/vnd.apache.parquet"),
	S(0, "ARROW1\0\0", "application/vnd.apache.arrow.file"),
	S(0, "Obj\1", "application/avro"),
	S(0, "SQLite format 3\0", "application/vnd.sqlite3"),
	S(0, "\x89HDF\r\n\x1a\n", "application/x-hdf5"),
	S(0, "glTF", "model/gltf-binary"),
	S(0, "!<arch>\ndebian", "application/vnd.debian.binary-package"),
	S(0, "GGUF", "application/octet-stream"),
	S(0, "\x93NUMPY", "application/octet-stream"),
#undef S
};

static int at(struct span s, size_t off, const char *bytes, size_t len)
{
	return s.len >= off + len && !memcmp(s.p + off, bytes, len);
}

/* RIFF and ISO media: a box whose kind stands further in */
static const char *by_brand(struct span s)
{
	static const struct { const char *brand, *type; } brands[] = {
		{ "avif", "image/avif" }, { "avis", "image/avif" }, { "heic", "image/heic" },
		{ "heix", "image/heic" }, { "mif1", "image/heif" }, { "msf1", "image/heif" },
		{ "M4A ", "audio/mp4" }, { "M4B ", "audio/mp4" }, { "M4V ", "video/x-m4v" },
		{ "qt  ", "video/quicktime" }
	};
	size_t i;

	if (at(s, 0, "RIFF", 4) && at(s, 8, "WEBP", 4))
		return "image/webp";
	if (at(s, 0, "RIFF", 4) && at(s, 8, "WAVE", 4))
		return "audio/wav";
	if (at(s, 0, "RIFF", 4) && at(s, 8, "AVI ", 4))
		return "video/x-msvideo";
	if (at(s, 0, "FORM", 4) && (at(s, 8, "AIFF", 4) || at(s, 8, "AIFC", 4)))
		return "audio/aiff";
	if (at(s, 4, "ftyp", 4)) {
		for (i = 0; i < sizeof brands / sizeof *brands; i++)
			if (at(s, 8, brands[i].brand, 4))
				return brands[i].type;
		return "video/mp4";
	}
	if (at(s, 0, "\x1a\x45\xdf\xa3", 4)) {		/* EBML: the kind of document is near its start */
		size_t n = s.len < 64 ? s.len : 64;

		return memmem(s.p, n, "webm", 4) ? "video/webm" : "video/x-matroska";
	}
	return NULL;
}

/* safetensors: the length of a header, and the header is JSON.  CARv1: the length of a header, a map with roots. */
static const char *by_header(struct span s)
{
	size_t i;

	if (s.len > 9 && s.p[8] == '{' && !s.p[7] && !s.p[6] && !s.p[5] && !s.p[4] && (s.p[0] || s.p[1]) &&
	    (s.p[9] == '"' || s.p[9] == '}' || s.p[9] == ' '))
		return "application/octet-stream";
	for (i = 1; i <= 3; i++)
		if (at(s, i, "\xa2\x65roots", 7))
			return "application/vnd.ipld.car";
	return NULL;
}

static const char *by_signature(struct span s)
{
	size_t i;

	for (i = 0; i < sizeof signs / sizeof *signs; i++)
		if (at(s, signs[i].off, signs[i].bytes, signs[i].len))
			return signs[i].type;
	return NULL;
}

/* ---- text ---- */

/* UTF-8 without control bytes; the last character may have been cut */
static int is_text(struct span s)
{
	size_t i, cut;

	for (i = 0; i < s.len; i++)
		if ((s.p[i] < 0x20 && !strchr("\t\n\r\f\x1b", s.p[i])) || s.p[i] == 0 || s.p[i] == 0x7f)
			return 0;
	for (cut = 0; cut <= 3 && cut <= s.len; cut++) {
		if (cut && s.p[s.len - cut] < 0x80)
			break;
		if (utf8_valid(span_of(s.p, s.len - cut)))
			return cut == 0 || s.len >= GW_SNIFF;
	}
	return 0;
}

static int starts(struct span s, const char *word)
{
	size_t n = strlen(word);

	return s.len >= n && !strncasecmp((const char *)s.p, word, n);
}

static struct span skip_blank(struct span s)
{
	while (s.len && strchr(" \t\r\n\f", *s.p) && *s.p) {
		s.p++;
		s.len--;
	}
	return s;
}

/* behind comments and what an XML file begins with; 1 and *xml: there was a declaration */
static struct span skip_prologue(struct span s, int *xml)
{
	for (;;) {
		const uint8_t *end;
		const char *stop;

		s = skip_blank(s);
		if (starts(s, "<!--"))
			stop = "-->";
		else if (starts(s, "<?xml") || starts(s, "<!doctype svg"))
			stop = ">";
		else
			return s;
		*xml |= starts(s, "<?xml") || starts(s, "<!doctype svg");
		end = memmem(s.p, s.len, stop, strlen(stop));
		if (!end)
			return span_of(s.p + s.len, 0);
		end += strlen(stop);
		s = span_of(end, s.len - (size_t)(end - s.p));
	}
}

/* a tag is one only where its name ends */
static int tag(struct span s, const char *word)
{
	size_t n = strlen(word);

	return starts(s, word) && (s.len == n || strchr(" \t\r\n\f/>", s.p[n]));
}

static const char *by_text(struct span all)
{
	struct span s = all;
	int xml = 0;

	if (at(s, 0, "\xef\xbb\xbf", 3))
		s = span_of(s.p + 3, s.len - 3);
	s = skip_prologue(s, &xml);
	if (tag(s, "<!doctype html") || tag(s, "<html") || tag(s, "<head") || tag(s, "<body"))
		return xml ? "application/xhtml+xml" : "text/html";
	if (tag(s, "<svg"))
		return "image/svg+xml";
	if (xml)
		return "text/xml; charset=utf-8";
	if (s.len && (*s.p == '{' || *s.p == '[') && gw_json_begins(s, all.len >= GW_SNIFF))
		return "application/json";
	return "text/plain; charset=utf-8";
}

/* ---- libmagic, for the rest ---- */

int gw_types_new(struct gw_types **out)
{
	/* only what its table says: no looking into archives, at source code, or for a charset */
	static const int flags = MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
				 MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_ENCODING |
				 MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_APPTYPE;
	static const struct { int name; size_t most; } bounds[] = {
		{ MAGIC_PARAM_INDIR_MAX, 8 }, { MAGIC_PARAM_NAME_MAX, 32 }, { MAGIC_PARAM_REGEX_MAX, 1024 },
		{ MAGIC_PARAM_BYTES_MAX, GW_SNIFF }
	};
	struct gw_types *t = calloc(1, sizeof *t);
	size_t i;

	*out = NULL;
	if (!t)
		return err_nomem();
	t->magic = magic_open(flags);
	if (!t->magic) {
		free(t);
		return err_nomem();
	}
	if (magic_load(t->magic, NULL) < 0) {
		log_warn("gateway", "no table of magic numbers (%s): files without a known name or beginning "
			 "are given as bytes", magic_error(t->magic));
		magic_close(t->magic);
		t->magic = NULL;
	}
	for (i = 0; t->magic && i < sizeof bounds / sizeof *bounds; i++)
		magic_setparam(t->magic, bounds[i].name, &bounds[i].most);
	*out = t;
	return 0;
}

void gw_types_free(struct gw_types *t)
{
	if (!t)
		return;
	if (t->magic)
		magic_close(t->magic);
	free(t);
}

static const char *by_magic(struct gw_types *t, struct span s)
{
	const char *type = t && t->magic ? magic_buffer(t->magic, s.p, s.len) : NULL;
	const char *c;

	/*
	 * It is put into a field as it is: a name of a type and nothing else.  TGA has no magic number,
	 * but a few small numbers that any bytes may begin with.
	 */
	if (!type || !strchr(type, '/') || strlen(type) > 100 || starts(span_str(type), "inode/") ||
	    starts(span_str(type), "text/") || strstr(type, "xml") || strstr(type, "script") || strstr(type, "x-tga"))
		return NULL;
	for (c = type; *c; c++)
		if (*c <= 0x20 || *c >= 0x7f || strchr("\"(),:;<=>?@[\\]{}", *c))
			return NULL;
	return type;
}

const char *gw_type_by_bytes(struct gw_types *t, struct span first)
{
	const char *type;

	if (first.len == 0)
		return "text/plain; charset=utf-8";
	if (first.len > GW_SNIFF)
		first.len = GW_SNIFF;
	type = by_brand(first);
	if (!type)
		type = by_signature(first);
	if (!type && is_text(first))
		return by_text(first);
	if (!type)
		type = by_header(first);
	if (!type)
		type = by_magic(t, first);
	return type ? type : "application/octet-stream";
}
