/*
 * type.c - what kind of file this is, by its name
 * Names of types are IANA's where it has one.  What has no name of its own there is given as bytes rather than
 * left to guesses: a guess would read a model or an index as text.  Spec: gateway reference 16.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway_priv.h"

#define TEXT(name) name "; charset=utf-8"
#define BYTES "application/octet-stream"

/* In the order of strcmp; small letters.  HTML says itself what charset it has (16.4). */
static const struct ext { const char *ext, *type; } table[] = {
	{ "7z", "application/x-7z-compressed" }, { "aac", "audio/aac" },
	{ "ai", "application/postscript" }, { "aif", "audio/aiff" }, { "aiff", "audio/aiff" },
	{ "apk", "application/vnd.android.package-archive" }, { "apng", "image/apng" },
	{ "appcache", TEXT("text/cache-manifest") },
	{ "arrow", "application/vnd.apache.arrow.file" },
	{ "arrows", "application/vnd.apache.arrow.stream" },
	{ "asc", "application/pgp-signature" }, { "asciidoc", TEXT("text/plain") },
	{ "atom", "application/atom+xml" }, { "avi", "video/x-msvideo" },
	{ "avif", "image/avif" }, { "avro", "application/avro" },
	{ "azw", "application/vnd.amazon.ebook" }, { "bib", TEXT("text/plain") },
	{ "bin", BYTES }, { "bmp", "image/bmp" }, { "br", BYTES },
	{ "bz2", "application/x-bzip2" }, { "c", TEXT("text/x-c") },
	{ "car", "application/vnd.ipld.car" }, { "cbor", "application/cbor" },
	{ "cc", TEXT("text/x-c") }, { "cfg", TEXT("text/plain") },
	{ "cjs", TEXT("text/javascript") }, { "conf", TEXT("text/plain") },
	{ "cpp", TEXT("text/x-c") }, { "crt", "application/x-x509-ca-cert" },
	{ "css", TEXT("text/css") }, { "csv", TEXT("text/csv") }, { "dat", BYTES },
	{ "dcm", "application/dicom" }, { "deb", "application/vnd.debian.binary-package" },
	{ "dicom", "application/dicom" }, { "dmg", "application/x-apple-diskimage" },
	{ "doc", "application/msword" },
	{ "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
	{ "duckdb", BYTES }, { "eot", "application/vnd.ms-fontobject" },
	{ "eps", "application/postscript" }, { "epub", "application/epub+zip" },
	{ "exe", "application/vnd.microsoft.portable-executable" },
	{ "fasta", TEXT("text/plain") }, { "fb2", TEXT("text/xml") },
	{ "feather", "application/vnd.apache.arrow.file" }, { "fits", "image/fits" },
	{ "flac", "audio/flac" }, { "flatpak", "application/vnd.flatpak" },
	{ "flv", "video/x-flv" }, { "geojson", "application/geo+json" }, { "gguf", BYTES },
	{ "gif", "image/gif" }, { "glb", "model/gltf-binary" }, { "gltf", "model/gltf+json" },
	{ "go", TEXT("text/plain") }, { "gpg", "application/pgp-encrypted" },
	{ "gpx", "application/gpx+xml" }, { "graphql", "application/graphql" },
	{ "gz", "application/gzip" }, { "h", TEXT("text/x-c") }, { "h5", "application/x-hdf5" },
	{ "hdf5", "application/x-hdf5" }, { "heic", "image/heic" }, { "heif", "image/heif" },
	{ "hpp", TEXT("text/x-c") }, { "htm", "text/html" }, { "html", "text/html" },
	{ "ico", "image/x-icon" }, { "ics", TEXT("text/calendar") },
	{ "ini", TEXT("text/plain") }, { "ipynb", "application/x-ipynb+json" },
	{ "iso", "application/x-iso9660-image" }, { "jar", "application/java-archive" },
	{ "java", TEXT("text/x-java") }, { "jfif", "image/jpeg" }, { "joblib", BYTES },
	{ "jpe", "image/jpeg" }, { "jpeg", "image/jpeg" }, { "jpg", "image/jpeg" },
	{ "js", TEXT("text/javascript") }, { "json", "application/json" },
	{ "json5", "application/json5" }, { "jsonl", "application/x-ndjson" },
	{ "jsonld", "application/ld+json" }, { "jxl", "image/jxl" }, { "key", BYTES },
	{ "kml", "application/vnd.google-earth.kml+xml" },
	{ "kmz", "application/vnd.google-earth.kmz" }, { "less", TEXT("text/plain") },
	{ "log", TEXT("text/plain") }, { "lz4", "application/x-lz4" },
	{ "m3u8", "application/vnd.apple.mpegurl" }, { "m4a", "audio/mp4" },
	{ "m4s", "video/iso.segment" }, { "m4v", "video/x-m4v" }, { "map", "application/json" },
	{ "markdown", TEXT("text/markdown") }, { "md", TEXT("text/markdown") },
	{ "mdx", TEXT("text/markdown") }, { "mht", "multipart/related" },
	{ "mhtml", "multipart/related" }, { "mid", "audio/midi" }, { "midi", "audio/midi" },
	{ "mjs", TEXT("text/javascript") }, { "mkv", "video/x-matroska" },
	{ "mobi", "application/x-mobipocket-ebook" }, { "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" }, { "mp4", "video/mp4" }, { "mpd", "application/dash+xml" },
	{ "mpeg", "video/mpeg" }, { "mpg", "video/mpeg" },
	{ "msgpack", "application/vnd.msgpack" }, { "msi", "application/x-msi" },
	{ "nc", "application/x-netcdf" }, { "ndjson", "application/x-ndjson" }, { "nii", BYTES },
	{ "npy", BYTES }, { "npz", "application/zip" }, { "nq", "application/n-quads" },
	{ "nt", "application/n-triples" },
	{ "odg", "application/vnd.oasis.opendocument.graphics" },
	{ "odp", "application/vnd.oasis.opendocument.presentation" },
	{ "ods", "application/vnd.oasis.opendocument.spreadsheet" },
	{ "odt", "application/vnd.oasis.opendocument.text" }, { "oga", "audio/ogg" },
	{ "ogg", "audio/ogg" }, { "ogv", "video/ogg" }, { "onnx", BYTES },
	{ "opus", "audio/ogg" }, { "orc", BYTES }, { "otf", "font/otf" },
	{ "owl", "application/rdf+xml" }, { "parquet", "application/vnd.apache.parquet" },
	{ "pbf", "application/x-protobuf" }, { "pdf", "application/pdf" },
	{ "pem", "application/x-pem-file" }, { "pickle", BYTES }, { "pkl", BYTES },
	{ "ply", BYTES }, { "pmtiles", "application/vnd.pmtiles" }, { "png", "image/png" },
	{ "ppt", "application/vnd.ms-powerpoint" },
	{ "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
	{ "proto", TEXT("text/plain") }, { "ps", "application/postscript" }, { "pt", BYTES },
	{ "pth", BYTES }, { "py", TEXT("text/x-python") }, { "r", TEXT("text/plain") },
	{ "rar", "application/vnd.rar" }, { "rdf", "application/rdf+xml" },
	{ "rpm", "application/x-rpm" }, { "rs", TEXT("text/plain") },
	{ "rss", "application/rss+xml" }, { "rst", TEXT("text/x-rst") },
	{ "rtf", "application/rtf" }, { "safetensors", BYTES }, { "scss", TEXT("text/plain") },
	{ "sh", TEXT("text/x-shellscript") }, { "sig", "application/pgp-signature" },
	{ "sol", TEXT("text/plain") }, { "sql", "application/sql" },
	{ "sqlite", "application/vnd.sqlite3" }, { "sqlite3", "application/vnd.sqlite3" },
	{ "srt", "application/x-subrip" }, { "stl", "model/stl" }, { "svg", "image/svg+xml" },
	{ "svgz", "image/svg+xml" }, { "swf", "application/x-shockwave-flash" },
	{ "tar", "application/x-tar" }, { "tex", "application/x-tex" },
	{ "text", TEXT("text/plain") }, { "tflite", BYTES }, { "tgz", "application/gzip" },
	{ "tif", "image/tiff" }, { "tiff", "image/tiff" }, { "toml", "application/toml" },
	{ "torrent", "application/x-bittorrent" }, { "trig", "application/trig" },
	{ "ts", "video/mp2t" }, { "tsv", TEXT("text/tab-separated-values") },
	{ "tsx", TEXT("text/plain") }, { "ttc", "font/collection" }, { "ttf", "font/ttf" },
	{ "ttl", TEXT("text/turtle") }, { "txt", TEXT("text/plain") },
	{ "usdz", "model/vnd.usdz+zip" }, { "vcf", TEXT("text/vcard") },
	{ "vtt", TEXT("text/vtt") }, { "wasm", "application/wasm" },
	{ "wat", TEXT("text/plain") }, { "wav", "audio/wav" }, { "weba", "audio/webm" },
	{ "webm", "video/webm" }, { "webmanifest", "application/manifest+json" },
	{ "webp", "image/webp" }, { "whl", "application/zip" }, { "wmv", "video/x-ms-wmv" },
	{ "woff", "font/woff" }, { "woff2", "font/woff2" }, { "xhtml", "application/xhtml+xml" },
	{ "xls", "application/vnd.ms-excel" },
	{ "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ "xml", TEXT("text/xml") }, { "xpi", "application/x-xpinstall" },
	{ "xsl", TEXT("text/xml") }, { "xslt", "application/xslt+xml" },
	{ "xz", "application/x-xz" }, { "yaml", "application/yaml" },
	{ "yml", "application/yaml" }, { "z", "application/x-compress" }, { "zarr", BYTES },
	{ "zim", BYTES }, { "zip", "application/zip" }, { "zst", "application/zstd" },
};
enum { EXT_MAX = 15 };

static int by_ext(const void *key, const void *row)
{
	return strcmp(key, ((const struct ext *)row)->ext);
}

const char *gw_type_by_name(struct span name)
{
	char low[EXT_MAX + 1];
	const struct ext *e;
	size_t dot, i, n;

	for (dot = name.len; dot > 0 && name.p[dot - 1] != '.'; dot--)
		if (name.p[dot - 1] == '/')
			return NULL;
	n = name.len - dot;
	if (dot == 0 || n == 0 || n > EXT_MAX)
		return NULL;
	for (i = 0; i < n; i++) {
		uint8_t c = name.p[dot + i];

		if (c == 0)
			return NULL;
		low[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c;
	}
	low[n] = 0;
	e = bsearch(low, table, sizeof table / sizeof *table, sizeof *table, by_ext);
	return e ? e->type : NULL;
}

/* is `word` the end of the type's own name ("+json"), which `len` bytes have? */
static int ends(const char *type, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && !memcmp(type + len - n, word, n);
}

int gw_compressible(const char *type)
{
	static const char *const yes[] = {
		"application/atom+xml", "application/graphql", "application/javascript", "application/json",
		"application/json5", "application/n-quads", "application/n-triples", "application/rtf",
		"application/sql", "application/toml", "application/trig", "application/vnd.apple.mpegurl",
		"application/vnd.ipld.dag-json", "application/vnd.ms-fontobject", "application/wasm",
		"application/x-ndjson", "application/x-pem-file", "application/x-subrip", "application/x-tex",
		"application/yaml", "font/otf", "font/ttf", "image/bmp", "image/x-icon", "model/stl"
	};
	size_t len, i;

	if (!type)
		return 0;
	len = strcspn(type, "; ");
	if (len > 5 && !memcmp(type, "text/", 5))
		return 1;
	if (ends(type, len, "+json") || ends(type, len, "+xml"))
		return 1;
	for (i = 0; i < sizeof yes / sizeof *yes; i++)
		if (strlen(yes[i]) == len && !memcmp(yes[i], type, len))
			return 1;
	return 0;
}
