/*
 * http1 - how fast heads and bodies of requests are read, in bytes a second of processor time.
 * http1 [SECONDS]: each kind for that long (1); a line each: kind, MB/s, requests or bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/http/http.h"
#include "wire/http/multipart.h"

static const char small[] = "GET /ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPbdG HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

/* what a browser sends for a picture on a page */
static const char browser[] =
	"GET /ipfs/bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/wiki/Vincent_van_Gogh.html?a=b HTTP/1.1\r\n"
	"Host: en.wikipedia-on-ipfs.org:8080\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n"
	"Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n"
	"Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
	"Accept-Encoding: gzip, deflate, br, zstd\r\n"
	"Referer: http://en.wikipedia-on-ipfs.org:8080/ipfs/bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/wiki/\r\n"
	"Connection: keep-alive\r\n"
	"Cookie: session=4f1c3b0e8f2d4a7c9e6b5d3f; theme=dark; lang=en; consent=yes\r\n"
	"sec-ch-ua: \"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"126\", \"Google Chrome\";v=\"126\"\r\n"
	"sec-ch-ua-mobile: ?0\r\n"
	"sec-ch-ua-platform: \"Linux\"\r\n"
	"Sec-Fetch-Dest: image\r\n"
	"Sec-Fetch-Mode: no-cors\r\n"
	"Sec-Fetch-Site: same-origin\r\n"
	"If-None-Match: W/\"DirIndex-2b567f6r5vvdg_CID-bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi\"\r\n"
	"\r\n";

static double now(void)		/* seconds of processor time */
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);	/* others may be at work */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void heads(const char *name, const char *text, double seconds)
{
	static struct http_head head;
	static uint8_t room[4096];
	size_t len = strlen(text), used, n = 0, i;
	double start = now(), took;
	struct http1 h;

	http1_start(&h, &http_limits_default, &head);
	do {
		for (i = 0; i < 1000; i++, n++) {
			memcpy(room, text, len);	/* reading makes names lower case */
			if (http1_head(&h, room, len, &used) != HTTP1_HEAD || used != len)
				exit(1);
			http1_next(&h);
		}
	} while ((took = now() - start) < seconds);
	printf("%s\t%.0f MB/s\t%.2f million a second\n", name, (double)n * (double)len / took / 1e6,
	       (double)n / took / 1e6);
}

static void chunked(size_t size, double seconds)
{
	static uint8_t room[1 << 20], headed[256];
	static struct http_head head;
	size_t at = 0, used, off;
	uint64_t bytes = 0;
	double start, took;
	struct http1 h;
	struct span data;
	enum http1_event e;

	memset(room, 'x', sizeof room);
	while (at + size + 32 < sizeof room) {
		at += (size_t)sprintf((char *)room + at, "%zx\r\n", size);
		room[at] = 'x';
		at += size;
		memcpy(room + at, "\r\n", 2);
		at += 2;
	}
	off = (size_t)sprintf((char *)headed, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
	http1_start(&h, &http_limits_default, &head);
	if (http1_head(&h, headed, off, &used) != HTTP1_HEAD)
		exit(1);
	start = now();
	do {
		for (off = 0; off < at; off += used) {
			e = http1_body(&h, span_of(room + off, at - off), &used, &data);
			if (e == HTTP1_BAD)
				exit(1);
			bytes += data.len;
		}
	} while ((took = now() - start) < seconds);
	printf("chunks of %zu\t%.0f MB/s\n", size, (double)bytes / took / 1e6);
}

/* the worst and the best of bodies for someone who looks for CR */
static void parts(const char *name, const char *fill, double seconds)
{
	static uint8_t room[1 << 20];
	uint64_t bytes = 0;
	struct multipart m;
	struct span data;
	double start, took;
	size_t used, off;

	for (off = 0; off < sizeof room; off++)
		room[off] = (uint8_t)fill[off % strlen(fill)];
	if (multipart_start(&m, span_str("multipart/form-data; boundary=------------------------d74496d66958873e")) < 0 ||
	    multipart_next(&m, span_str("--------------------------d74496d66958873e\r\n\r\n"), &used, &data) != MULTIPART_PART)
		exit(1);
	start = now();
	do {
		for (off = 0; off < sizeof room; off += used) {
			if (multipart_next(&m, span_of(room + off, sizeof room - off), &used, &data) == MULTIPART_BAD)
				exit(1);
			bytes += data.len;
		}
	} while ((took = now() - start) < seconds);
	printf("%s\t%.0f MB/s\n", name, (double)bytes / took / 1e6);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 1;

	heads("small head", small, seconds);
	heads("browser's head", browser, seconds);
	chunked(16, seconds);
	chunked(4096, seconds);
	parts("part of text", "x", seconds);
	parts("part of CRs", "\r", seconds);
	parts("part of near boundaries", "\r\n--------------------------d74496d66958873f", seconds);
	parts("part of dashes", "-", seconds);
	return 0;
}
