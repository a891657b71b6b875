/* archive_test.c - trees as archives, and trees that want to climb out of them */
#include <sys/stat.h>
#include <sys/wait.h>

#include "form.h"
#include "tar/tar.h"
#include "tests/unit/memdag.h"

#define ROOT "bafybeig6ka5mlwkl4subqhaiatalkcleo4jgnr3hqwvpmsqfca27cijp3i"
#define FILE_CID "bafkreialihlqnf5uwo4byh4n3cmwlntwqzxxs2fg5vanqdi3d7tb2l5xkm"
#define INSIDE "bafybeibfevfxlvxp5vxobr5oapczpf7resxnleb7tkqmdorc4gl5cdva3y"
#define OUTSIDE "bafybeicaj7kvxpcv4neaqzwhrqqmdstu4dhrwfpknrgebq6nzcecfucvyu"

static struct memdag mem;
static char *dir;

static int answer_file(void)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof path, "%s/archive", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || io_write(fd, ask_now.heard.body.data, ask_now.heard.body.len, path) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

/* the entry of that name in the answer, its bytes in `data`; 1 or 0.  n: of all entries */
static struct tar_entry found;
static char data[70000];
static int n_entries;

static int entry(const char *name)
{
	struct tar_reader *r = NULL;
	struct tar_entry e;
	int fd = answer_file(), rc, hit = 0;

	n_entries = 0;
	rc = tar_reader_new(&r, fd, "answer");
	while (rc >= 0 && (rc = tar_reader_next(r, &e)) > 0) {
		ssize_t n;

		n_entries++;
		if (strcmp(e.path, name))
			continue;
		hit = 1;
		found = e;
		found.link = e.link ? strcpy(unit_kept(strlen(e.link) + 1), e.link) : NULL;
		n = tar_reader_data(r, data, sizeof data - 1);
		data[n > 0 ? n : 0] = 0;
	}
	if (rc < 0) {
		printf("# %s\n", err_text());
		hit = 0;
	}
	tar_reader_free(r);
	close(fd);
	return hit;
}

/* what tar(1) says is in it */
static int tar_lists(const char *line)
{
	char cmd[4300], text[65536];
	FILE *p;
	size_t n;

	close(answer_file());
	snprintf(cmd, sizeof cmd, "tar tf %s/archive 2>&1", dir);
	p = popen(cmd, "r");
	if (!p)
		abort();
	n = fread(text, 1, sizeof text - 1, p);
	text[n] = 0;
	return pclose(p) == 0 && strstr(text, line);
}

static void own(void)
{
	form_open();
	memdag_init(&mem);
	ask_now.src = &mem.source;
}

/* cases 051 and 053 of the conformance suite */
static void fixtures(void)
{
	struct form f = { .path = "/ipfs/" FILE_CID, .cid = FILE_CID, .format = GW_TAR };

	form_open();
	ask_import("tests/golden/gateway/path-gateway-tar.car");
	CHECK(form(&f, gw_archive) == 200 && ask_now.heard.rc == 1 && !ask_now.heard.r.failed);
	CHECK(ask_field_is("content-type", "application/x-tar"));
	CHECK(ask_field_is("etag", "W/\"" FILE_CID ".x-tar\""));
	CHECK(ask_field_is("content-disposition", "attachment; filename=\"" FILE_CID ".tar\"; filename*=UTF-8''"
			   FILE_CID ".tar"));
	CHECK(ask_field_is("x-content-type-options", "nosniff"));
	CHECK(ask_field_is("cache-control", "public, max-age=29030400, immutable"));
	CHECK(ask_field_is("last-modified", NULL) && ask_now.heard.len == LEN_UNKNOWN);
	CHECK(entry(FILE_CID) && n_entries == 1 && found.kind == TAR_FILE && found.meta.mode == 0644);
	CHECK_STR(data, "I am a txt file on path with utf8\n");
	CHECK(ask_now.heard.body.len % 512 == 0);
	f = (struct form){ .path = "/ipfs/" ROOT "/", .cid = ROOT, .format = GW_TAR };
	CHECK(form(&f, gw_archive) == 200);
	CHECK(entry(ROOT "/\xc4\x85/\xc4\x99/file-\xc5\xba\xc5\x82.txt"));
	CHECK_STR(data, "I am a txt file on path with utf8\n");
	CHECK(entry(ROOT) && found.kind == TAR_DIR && found.meta.mode == 0755);
	CHECK(tar_lists(ROOT "/ipfs/"));
	f.query = "filename=test\xd1\x82.tar&format=tar";
	CHECK(form(&f, gw_archive) == 200 && ask_field_has("content-disposition", "attachment; filename=\"test_.tar\""));
}

static void climbing_inside_is_resolved(void)
{
	struct form f = { .path = "/ipfs/" INSIDE, .cid = INSIDE, .format = GW_TAR };

	form_open();
	ask_import("tests/golden/gateway/inside-root.car");
	CHECK(form(&f, gw_archive) == 200 && !ask_now.heard.r.failed);
	CHECK(entry(INSIDE "/foobar/file"));
	CHECK(tar_lists(INSIDE "/foobar/file\n"));
}

static void climbing_out_is_refused(void)
{
	struct form f = { .path = "/ipfs/" OUTSIDE, .cid = OUTSIDE, .format = GW_TAR };

	form_open();
	ask_import("tests/golden/gateway/outside-root.car");
	CHECK(form(&f, gw_archive) == 400 && ask_now.heard.rc == 1);
	CHECK(form_has("leads out of the directory") && ask_field_is("etag", NULL));
	CHECK(ask_field_is("content-disposition", NULL));
	f.format = GW_ZIP;
	CHECK(form(&f, gw_archive) == 400);
}

static const uint8_t folder[] = { 0x08, 0x01 };

static struct cid one(const char *name, struct cid what)
{
	struct memdag_link link = { what, name, 1 };

	return memdag_node(&mem, 1, &link, 1, span_of(folder, sizeof folder));
}

static void names_that_lead_elsewhere(void)
{
	static const char *const bad[] = {
		"..", ".", "", "../x", "a/../../x", "a/../../" INSIDE "/x", "a/..", "a/", "a//", "./"
	};
	static const struct { const char *name, *is; } good[] = {
		{ "/etc/passwd", "/etc/passwd" }, { "./x", "/x" }, { "a/../x", "/x" }, { "a//x", "/a/x" },
		{ "...", "/..." }, { "..x", "/..x" }
	};
	struct form f = { .path = "/ipfs/x", .format = GW_TAR };
	char want[300], text[CID_TEXT_MAX];
	struct cid leaf;
	size_t i;

	own();
	leaf = memdag_add(&mem, 1, CID_RAW, span_str("leaf"));
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		f.of = one(bad[i], leaf);
		if (form(&f, gw_archive) != 400) {
			printf("# '%s' was not refused\n", bad[i]);
			CHECK(0);
		}
		/* one level down the same names may stay within, or not */
		f.of = one("d", one("e", one("../../../x", leaf)));
		CHECK(form(&f, gw_archive) == 400);
	}
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		f.of = one(good[i].name, leaf);
		CHECK(form(&f, gw_archive) == 200 && !ask_now.heard.r.failed);
		snprintf(want, sizeof want, "%s%s", cid_text(&f.of, text), good[i].is);
		CHECK(entry(want));
	}
	/* nothing of the name in front of the root's is taken off: "bafy…x" is not below "bafy…" */
	f.of = one("../x", leaf);
	CHECK(form(&f, gw_archive) == 400);
}

/* what a file or symlink of UnixFS says of itself */
static struct cid node(enum unixfs_type type, const char *text, uint32_t mode, int64_t mtime)
{
	struct unixfs_data d = { .type = type, .has_data = 1, .data = span_str(text), .has_filesize = 1,
				 .filesize = strlen(text), .meta = { mode, mtime != 0, mtime, 0 } };
	struct buf b = BUF_INIT(1 << 16);
	struct cid cid;

	if (unixfs_encode(&b, &d, NULL, 0) < 0)
		abort();
	cid = memdag_node(&mem, 1, NULL, 0, buf_span(&b));
	buf_clear(&b);
	return cid;
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

static void modes_links_and_long_names(void)
{
	struct memdag_link links[5];
	static const enum gw_format formats[] = { GW_TAR, GW_TAR_GZ, GW_TAR_ZST, GW_ZIP };
	struct form f = { .path = "/ipfs/x/photos", .name = "photos" };
	char text[CID_TEXT_MAX], want[500];
	size_t i;

	own();
	links[0] = (struct memdag_link){ node(UNIXFS_FILE, "#!/bin/sh\n", 04755, 1600000000), "run", 1 };
	links[1] = (struct memdag_link){ node(UNIXFS_SYMLINK, "../\xc3\xa9/../../etc", 0, 0), "link", 1 };
	links[2] = (struct memdag_link){ node(UNIXFS_FILE, "long", 0, 0), LONG LONG LONG LONG, 1 };
	links[3] = (struct memdag_link){ node(UNIXFS_FILE, "", 0, 0), "empty", 1 };
	links[4] = (struct memdag_link){ node(UNIXFS_FILE, "bytes", 0, 0), "\xff\xfe", 1 };
	for (i = 0; i < 4; i++) {
		size_t n = formats[i] == GW_ZIP ? 4 : 5;	/* names in a zip are text */
		const char *top = "photos";

		f.of = memdag_node(&mem, 1, links, n, span_of(folder, sizeof folder));
		if (formats[i] == GW_TAR)
			top = cid_text(&f.of, text);

		f.format = formats[i];
		CHECK(form(&f, gw_archive) == 200 && !ask_now.heard.r.failed);
		snprintf(want, sizeof want, "%s/run", top);
		CHECK(entry(want) && found.kind == TAR_FILE && found.meta.mode == 0755 && n_entries == (int)n + 1);
		CHECK(found.meta.mtime == 1600000000 && !strcmp(data, "#!/bin/sh\n"));
		snprintf(want, sizeof want, "%s/link", top);
		CHECK(entry(want) && found.kind == TAR_SYMLINK && !strcmp(found.link, "../\xc3\xa9/../../etc"));
		snprintf(want, sizeof want, "%s/%s", top, LONG LONG LONG LONG);
		CHECK(entry(want) && !strcmp(data, "long"));
		snprintf(want, sizeof want, "%s/empty", top);
		CHECK(entry(want) && found.size == 0 && found.meta.mode == 0644);
		snprintf(want, sizeof want, "%s/run\n", top);
		CHECK(formats[i] == GW_ZIP || tar_lists(want));
	}
	CHECK(ask_field_is("content-type", "application/zip"));
	CHECK(ask_field_has("content-disposition", "filename=\"photos.zip\"") && ask_field_has("etag", ".zip\""));
	/* a symlink by itself, and a file with a time */
	f = (struct form){ .path = "/ipfs/x", .of = links[1].cid, .format = GW_TAR };
	CHECK(form(&f, gw_archive) == 200 && entry(cid_text(&f.of, text)) && found.kind == TAR_SYMLINK);
	f.of = links[0].cid;
	CHECK(form(&f, gw_archive) == 200 && ask_field_is("last-modified", "Sun, 13 Sep 2020 12:26:40 GMT"));
}

static void what_is_no_file(void)
{
	struct form f = { .path = "/ipfs/x", .format = GW_TAR };

	own();
	f.of = memdag_add(&mem, 1, CID_DAG_CBOR, unit_hex("a0"));
	CHECK(form(&f, gw_archive) == 406);
	f.of = one("x", memdag_add(&mem, 1, CID_RAW, span_str("x")));
	f.no_archives = 1;
	CHECK(form(&f, gw_archive) == 406);
	f.of = memdag_add(&mem, 1, CID_RAW, span_str("x"));
	CHECK(form(&f, gw_archive) == 200);
}

static void head_and_again(void)
{
	struct form f = { .path = "/ipfs/x", .format = GW_TAR, .head = 1 };
	char fields[256];

	own();
	f.of = one("x", memdag_add(&mem, 1, CID_RAW, span_str("x")));
	CHECK(form(&f, gw_archive) == 200 && ask_now.heard.body.len == 0 && ask_now.heard.rc == 1);
	snprintf(fields, sizeof fields, "if-none-match: %s", ask_field("etag"));
	f.fields = fields;
	CHECK(form(&f, gw_archive) == 304);
}

/* a block is missing: known early it is 404, else the archive is cut where it shows */
static void what_is_not_there(void)
{
	struct form f = { .path = "/ipfs/x", .format = GW_TAR };
	struct cid gone, leaf;
	struct span bytes = span_str("not kept");
	struct memdag_link *links;
	size_t i;

	own();
	if (cid_sum(&gone, 1, CID_RAW, MH_SHA2_256, &bytes, 1) < 0)
		abort();
	f.of = one("a", one("b", gone));
	CHECK(form(&f, gw_archive) == 404 && ask_field_is("etag", NULL));
	leaf = memdag_add(&mem, 1, CID_RAW, span_str("leaf"));
	links = unit_kept(3000 * sizeof *links);
	for (i = 0; i < 3000; i++) {
		char *name = unit_kept(16);

		snprintf(name, 16, "%04zu", i);
		links[i] = (struct memdag_link){ i == 2999 ? gone : leaf, name, 4 };
	}
	f.of = memdag_node(&mem, 1, links, 3000, span_of(folder, sizeof folder));
	CHECK(form(&f, gw_archive) == 200 && ask_now.heard.r.failed && ask_now.heard.rc == 1);
	links[2999] = (struct memdag_link){ leaf, "../x", 4 };
	f.of = memdag_node(&mem, 1, links, 3000, span_of(folder, sizeof folder));
	CHECK(form(&f, gw_archive) == 200 && ask_now.heard.r.failed && !entry("x"));
}

static void the_client_leaves(void)
{
	struct form f = { .path = "/ipfs/x", .format = GW_TAR };
	static char large[300000];

	own();
	memset(large, 'x', sizeof large - 1);
	f.of = memdag_add(&mem, 1, CID_RAW, span_str(large));
	ask_now.heard.room = 1;
	form(&f, gw_archive);
	CHECK(ask_now.heard.rc == ERR_INTERRUPTED);
	ask_now.heard.room = 0;
	/* from the store, whose large blocks are extents */
	CHECK(form(&f, gw_archive) == 200 && ask_now.heard.body.len > sizeof large);
}

int main(void)
{
	dir = unit_tmpdir();
	memdag_init(&mem);
	RUN(fixtures);
	RUN(climbing_inside_is_resolved);
	RUN(climbing_out_is_refused);
	RUN(names_that_lead_elsewhere);
	RUN(modes_links_and_long_names);
	RUN(what_is_no_file);
	RUN(head_and_again);
	RUN(what_is_not_there);
	RUN(the_client_leaves);
	form_close();
	return UNIT_END();
}
