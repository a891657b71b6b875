/* repo_test.c - the store as a whole; the answers are those of Kubo 0.43.1 */
#include <dirent.h>
#include <sys/stat.h>

#include "ops/read.h"
#include "rpc.h"

#define RAW "bafkreieoltxmuosdqe247ujxf2x6s2omyrcapghdpdmlr3jeeqxqe2tqj4"	/* "raw\n" */
#define A "bafyreihltcnuuyqp2jm24aqydpnlj7b6w3ogwrplomrjtg5rifv44mmjey"	/* {"a":1} */
#define OTHER "bafkreid6j6roxdd2ycexhhk557cerh5nncqqbwjaqlfdlrvubjcsjaq7q4"	/* "other\n" */

static void put(const char *text)
{
	struct ops_block_put o;
	struct cid cid;

	ops_block_put_init(&o);
	if (ops_block_put_bytes(rpc_now.st, &o, span_str(text), &cid) < 0 || ops_block_commit(rpc_now.st, &o, &cid, 1) < 0)
		abort();
}

/* as another program that opens the store: collections spare what a handle that is open has put */
static void reopen(void)
{
	store_close(rpc_now.st);
	if (store_open(&rpc_now.st, rpc_now.path, STORE_WRITE | STORE_UNSYNCED) < 0)
		abort();
}

/* change the first of these bytes, wherever it lies in a segment */
static int damage(const char *bytes)
{
	char dir[4300], path[4700];
	struct buf all = BUF_INIT(64 << 20);
	struct dirent *e;
	uint8_t *at;
	int fd, done = 0;
	DIR *d;

	snprintf(dir, sizeof dir, "%s/seg", rpc_now.path);
	d = opendir(dir);
	while (d && !done && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		buf_reset(&all);
		fd = open(path, O_RDWR);
		if (fd >= 0 && *e->d_name != '.' && io_slurp(fd, &all, path) == 0 && all.len &&
		    (at = memmem(all.data, all.len, bytes, strlen(bytes))) != NULL)
			done = io_pwrite(fd, "X", 1, (uint64_t)(at - all.data), path) == 0;
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
	buf_clear(&all);
	return done;
}

static void collecting(void)
{
	rpc_open("");
	put("raw\n");
	put("other\n");
	rpc("pin/add?arg=" OTHER);
	reopen();
	CHECK(rpc_gives("repo/gc", "{\"Key\":{\"/\":\"" RAW "\"}}\n"));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(rpc_gives("repo/gc?stream-errors=true", ""));
	rpc("pin/rm?arg=" OTHER);
	CHECK(rpc_gives("repo/gc?enc=text", "removed " OTHER "\n"));
	put("raw\n");
	reopen();
	CHECK(rpc_gives("repo/gc?enc=text&quiet=1", RAW "\n"));
	put("raw\n");
	reopen();
	CHECK(rpc_gives("repo/gc?silent=1", ""));
	CHECK_STR(rpc_field("x-chunked-output"), "1");
	CHECK(rpc("repo/stat") == 200);
	CHECK(strstr(rpc_body(), "\"NumObjects\":0,") != NULL);
}

/* what a pin is short of may have kept what is below it: nothing is deleted */
static void collecting_where_a_pin_is_broken(void)
{
	struct cid cid;

	rpc_open("");
	rpc_file("x", "{\"a\":1}");
	rpc_file("x", "{\"l\":{\"/\":\"" A "\"}}");
	rpc_send("dag/put?pin=true");
	put("other\n");
	NEED(cid_parse(span_str(A), &cid, NULL) == 0 && rpc("pin/rm?arg=" A) == 200 && store_delete(rpc_now.st, &cid) == 0 && store_commit(rpc_now.st) == 0);
	reopen();
	CHECK(rpc("repo/gc") == 500);
	CHECK(strstr(rpc_body(), A) != NULL);
	CHECK(rpc("repo/gc?stream-errors=true") == 200);
	CHECK(strncmp(rpc_body(), "{\"Key\":null,\"Error\":\"", 21) == 0);
	CHECK_STR(rpc_trailer("x-stream-error"), "encountered errors during gc run");
	CHECK(rpc("repo/gc?stream-errors=true&enc=text") == 200);
	CHECK(strncmp(rpc_body(), "Error: ", 7) == 0);
	NEED(cid_parse(span_str(OTHER), &cid, NULL) == 0);
	CHECK(store_has(rpc_now.st, &cid) == 1);
}

/* a client that goes away does not stop what it began */
static void collecting_for_nobody(void)
{
	struct store_stat s;
	char text[16];
	int i;

	rpc_open("");
	for (i = 0; i < 300; i++) {
		snprintf(text, sizeof text, "%d", i);
		put(text);
	}
	reopen();
	rpc_now.heard.room = 1000;
	CHECK(rpc("repo/gc") == 200);
	rpc_now.heard.room = 0;
	CHECK(store_stat(rpc_now.st, &s) == 0 && s.n_blocks == 0);
}

static void counting(void)
{
	char want[5000];
	struct store_stat s;

	rpc_open("");
	put("raw\n");
	NEED(store_stat(rpc_now.st, &s) == 0);
	snprintf(want, sizeof want, "{\"RepoSize\":%llu,\"StorageMax\":18446744073709551615,\"NumObjects\":1,\"RepoPath\":\"%s\","
		 "\"Version\":\"fs-repo@18\"}\n", (unsigned long long)s.disk_bytes, rpc_now.path);
	CHECK(rpc_gives("repo/stat", want));
	CHECK(rpc_gives("stats/repo", want));
	snprintf(want, sizeof want, "{\"RepoSize\":%llu,\"StorageMax\":18446744073709551615,\"NumObjects\":0,\"RepoPath\":\"\","
		 "\"Version\":\"\"}\n", (unsigned long long)s.disk_bytes);
	CHECK(rpc_gives("repo/stat?size-only=true", want));
	snprintf(want, sizeof want, "NumObjects: 1\nRepoSize:   %llu\nStorageMax: 18446744073709551615\nRepoPath:   %s\n"
		 "Version:    fs-repo@18\n", (unsigned long long)s.disk_bytes, rpc_now.path);
	CHECK(rpc_gives("repo/stat?enc=text", want));
	rpc_open("store.max = 10G\n");
	CHECK(rpc("repo/stat?enc=text&human=true&size-only=1") == 200);
	CHECK(strstr(rpc_body(), "\nStorageMax: 10 GB\n") != NULL);
	CHECK(strstr(rpc_body(), "NumObjects") == NULL);
	CHECK(rpc_gives("repo/version", "{\"Version\":\"18\"}\n"));
	CHECK(rpc_gives("repo/version?enc=text", "ipfs repo version fs-repo@18\n"));
	CHECK(rpc_gives("repo/version?enc=text&quiet=1", "fs-repo@18\n"));
}

#define WAS_CORRUPT "block " RAW " was corrupt (block in storage has different hash than requested)"

static void verifying(void)
{
	struct cid cid;

	rpc_open("");
	put("raw\n");
	put("other\n");
	CHECK(rpc_gives("repo/verify", "{\"Msg\":\"\",\"Progress\":1}\n{\"Msg\":\"\",\"Progress\":2}\n"
		 "{\"Msg\":\"verify complete, all blocks validated.\",\"Progress\":0}\n"));
	CHECK(rpc_gives("repo/verify?enc=text", "1 blocks processed.\r2 blocks processed.\rverify complete, all blocks validated.\n"));
	CHECK(rpc_says("repo/verify?heal=true", "this command must be run in online mode. Try running 'ipfs daemon' first"));
	CHECK(rpc_says("repo/verify?heal-timeout=xx", "invalid heal-timeout: time: invalid duration \\\"xx\\\""));
	reopen();
	NEED(damage("raw\n"));
	CHECK(rpc("repo/verify") == 200);
	CHECK_STR(rpc_body(), "{\"Msg\":\"\",\"Progress\":1}\n{\"Msg\":\"" WAS_CORRUPT "\",\"Progress\":0}\n"
		  "{\"Msg\":\"\",\"Progress\":2}\n");
	CHECK_STR(rpc_trailer("x-stream-error"), "verify complete, 1 blocks corrupt");
	CHECK(rpc_gives("repo/verify?drop=true", "{\"Msg\":\"\",\"Progress\":1}\n{\"Msg\":\"" WAS_CORRUPT ", removed\",\"Progress\":0}\n"
		 "{\"Msg\":\"\",\"Progress\":2}\n{\"Msg\":\"verify complete, 1 blocks corrupt, 1 removed\",\"Progress\":0}\n"));
	CHECK_STR(rpc_trailer("x-stream-error"), "");
	NEED(cid_parse(span_str(RAW), &cid, NULL) == 0);
	CHECK(store_has(rpc_now.st, &cid) == 0);
	CHECK(rpc_gives("repo/verify", "{\"Msg\":\"\",\"Progress\":1}\n"
		 "{\"Msg\":\"verify complete, all blocks validated.\",\"Progress\":0}\n"));
}

int main(void)
{
	RUN(collecting);
	RUN(collecting_where_a_pin_is_broken);
	RUN(collecting_for_nobody);
	RUN(counting);
	RUN(verifying);
	rpc_close();
	return UNIT_END();
}
