/* table_test.c - what is in a container, sorted; in memory, in a file, and kept for others */
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/io.h"
#include "memplace.h"

static struct tensor_info row_of(unsigned i, char name[32])
{
	struct tensor_info r = { .dtype = TENSOR_F32, .bits = 32, .rank = 2, .shape = { i, 2 }, .n = 2 * i, .len = 8 * i,
				 .packed = 8 * i, .off = 1000 * (uint64_t)i, .part = i % 3 };

	snprintf(name, 32, "t%u", i * 7919 % 100000);
	r.name = span_str(name);
	return r;
}

/* n rows, and "note" */
static struct table *filled(unsigned n, size_t mem)
{
	struct tensor_info r;
	struct table *t;
	char name[32];
	unsigned i;

	if (table_new(&t, NULL, mem) < 0)
		abort();
	for (i = 0; i < n; i++) {
		r = row_of(i, name);
		if (table_add(t, &r) < 0)
			abort();
	}
	if (table_end(t, span_str("note")) < 0)
		abort();
	return t;
}

static int same_row(const struct tensor_info *a, const struct tensor_info *b)
{
	return span_equal(a->name, b->name) && a->dtype == b->dtype && a->rank == b->rank && a->shape[0] == b->shape[0] &&
	       a->shape[1] == b->shape[1] && a->n == b->n && a->len == b->len && a->off == b->off && a->packed == b->packed &&
	       a->part == b->part && a->column_order == b->column_order && a->big_endian == b->big_endian &&
	       a->deflated == b->deflated && a->skip == b->skip && a->crc == b->crc && a->bits == b->bits;
}

/* all n rows are there, in order, by place and by name */
static int complete(struct table *t, unsigned n)
{
	struct buf last = BUF_INIT(100);
	struct tensor_info r, want;
	char name[32];
	uint64_t i, at;
	int good = table_count(t) == n && span_equal(table_note(t), span_str("note"));

	for (i = 0; good && i < n; i++) {
		good = table_get(t, i, &r) == 0 && (i == 0 || span_cmp(buf_span(&last), r.name) < 0);
		buf_reset(&last);
		buf_add(&last, r.name);
	}
	for (i = 0; good && i < n; i++) {
		want = row_of((unsigned)i, name);
		good = table_find(t, want.name, &at) == 1 && table_get(t, at, &r) == 0 && same_row(&r, &want) &&
		       span_equal(r.type, span_str("F32"));
	}
	buf_clear(&last);
	return good && table_find(t, span_str("nothing"), &at) == 0;
}

static void in_memory_and_in_a_file(void)
{
	static const unsigned n[] = { 0, 1, 2, 1000, 20000 };
	size_t i;

	for (i = 0; i < sizeof n / sizeof *n; i++) {
		struct table *small = filled(n[i], 0), *large = filled(n[i], 16 << 20);

		CHECK(complete(small, n[i]));
		CHECK(complete(large, n[i]));
		table_free(small);
		table_free(large);
	}
	table_free(NULL);
}

static void all_of_a_row(void)
{
	struct tensor_info r = { .name = span_str("w"), .dtype = TENSOR_OTHER, .type = span_str("<M8[ns]"), .bits = 64, .rank = 64,
				 .n = 2, .len = 16, .off = UINT64_MAX - 5, .packed = 5, .part = 7, .column_order = 1,
				 .deflated = 1, .skip = 128, .crc = 0xdeadbeef }, got;
	struct table *t;
	unsigned i;

	for (i = 0; i < 64; i++)
		r.shape[i] = i == 63 ? 2 : 1;
	NEED(table_new(&t, NULL, 1 << 20) == 0);
	CHECK(table_add(t, &r) == 0);
	r.name = span_str("big");
	r.big_endian = 1;
	CHECK(table_add(t, &r) == 0);
	CHECK(table_end(t, span_of(NULL, 0)) == 0);
	CHECK(table_get(t, 0, &got) == 0 && same_row(&got, &r) && span_equal(got.type, r.type) && got.shape[63] == 2);
	CHECK(table_get(t, 1, &got) == 0 && !got.big_endian && got.column_order == 1);
	table_free(t);
}

static void refused(void)
{
	struct tensor_info r = { .name = span_of(unit_kept(TENSOR_NAME_MAX + 1), TENSOR_NAME_MAX + 1), .dtype = TENSOR_OTHER };
	struct table *t;

	memset((void *)(uintptr_t)r.name.p, 'n', r.name.len);
	NEED(table_new(&t, NULL, 1 << 20) == 0);
	CHECK_ERR(table_add(t, &r), ERR_LIMIT);
	r = (struct tensor_info){ .name = span_str("a\nb"), .dtype = TENSOR_OTHER, .n = 1 };
	CHECK(table_add(t, &r) == 0 && table_add(t, &r) == 0);
	CHECK_ERR(table_end(t, span_str("")), ERR_INVALID);
	CHECK_STR(err_text(), "DuplicateKey: two tensors 'a?b'");
	table_free(t);
}

/* rows nobody could have meant */
static void rows_that_contradict_themselves(void)
{
	const struct tensor_info good = { .name = span_str("w"), .dtype = TENSOR_F32, .bits = 32, .rank = 1, .shape = { 4 },
					  .n = 4, .len = 16, .packed = 16, .off = 8 };
	struct tensor_info bad[8], got;
	struct table *t;
	int i;

	for (i = 0; i < 8; i++)
		bad[i] = good;
	bad[0].n = 5;
	bad[1].len = 15;
	bad[2].packed = 17;
	bad[3].off = UINT64_MAX - 3;
	bad[4].bits = 8;
	bad[5].dtype = TENSOR_DTYPES;
	bad[6].dtype = TENSOR_C64;
	bad[7].shape[0] = UINT64_MAX;
	for (i = 0; i < 8; i++) {
		NEED(table_new(&t, NULL, 1 << 20) == 0);
		CHECK(table_add(t, &bad[i]) == 0 && table_end(t, span_str("")) == 0);
		CHECK_ERR(table_get(t, 0, &got), ERR_CORRUPT);
		table_free(t);
	}
}

/* ---- kept for others ---- */

static int load(struct table **t, const char *dir, const char *key, uint64_t size)
{
	return table_load(t, dir, key, TENSOR_SAFETENSORS, size);
}

static void kept(void)
{
	static const unsigned n[] = { 0, 1, 100, 30000 };	/* the last is read as it is wanted */
	char dir[4200];
	struct table *t, *again;
	size_t i;

	snprintf(dir, sizeof dir, "%s/cache", unit_tmpdir());
	for (i = 0; i < sizeof n / sizeof *n; i++) {
		t = filled(n[i], i % 2 ? 0 : 16 << 20);
		table_save(t, dir, "bafkey", TENSOR_SAFETENSORS, 12345);
		NEED(load(&again, dir, "bafkey", 12345) == 1);
		CHECK(complete(again, n[i]));
		table_free(again);
		table_free(t);
	}
	/* of another kind, size or file */
	CHECK(table_load(&again, dir, "bafkey", TENSOR_GGUF, 12345) == 0 && !again);
	CHECK(load(&again, dir, "bafkey", 12346) == 0);
	CHECK(load(&again, dir, "bafother", 12345) == 0);
	CHECK(load(&again, "/nonexistent", "bafkey", 12345) == 0);
	CHECK(load(&again, dir, "../bafkey", 12345) == 0 && load(&again, dir, "", 12345) == 0);
}

static void where_nothing_can_be_kept(void)
{
	struct table *t = filled(3, 1 << 20);
	char dir[4200];

	table_save(t, "/proc/none", "bafkey", TENSOR_SAFETENSORS, 1);
	table_save(t, "/dev/null", "bafkey", TENSOR_SAFETENSORS, 1);
	snprintf(dir, sizeof dir, "%s/cache", unit_tmpdir());
	table_save(t, dir, "a/b", TENSOR_SAFETENSORS, 1);
	table_save(t, dir, "", TENSOR_SAFETENSORS, 1);
	CHECK(access(dir, F_OK) < 0);
	table_free(t);
}

/* every byte that is changed, and every length, is seen */
static void damaged(void)
{
	struct table *t = filled(5, 1 << 20), *again;
	struct buf file = BUF_INIT(1 << 20);
	char dir[4200], path[4300];
	size_t i, taken = 0;
	int fd;

	snprintf(dir, sizeof dir, "%s/cache", unit_tmpdir());
	snprintf(path, sizeof path, "%s/bafkey", dir);
	table_save(t, dir, "bafkey", TENSOR_SAFETENSORS, 99);
	NEED(io_slurp_file(AT_FDCWD, path, &file) == 0);
	NEED((fd = open(path, O_RDWR)) >= 0);
	for (i = 0; i < file.len; i++) {
		file.data[i] ^= 0x10;
		NEED(pwrite(fd, file.data + i, 1, (off_t)i) == 1);
		taken += load(&again, dir, "bafkey", 99) != 0;
		file.data[i] ^= 0x10;
		NEED(pwrite(fd, file.data + i, 1, (off_t)i) == 1);
	}
	CHECK(taken == 0);
	for (i = file.len; i-- > 0; ) {
		NEED(ftruncate(fd, (off_t)i) == 0);
		taken += load(&again, dir, "bafkey", 99) != 0;
	}
	CHECK(taken == 0);
	NEED(pwrite(fd, file.data, file.len, 0) == (ssize_t)file.len && pwrite(fd, "x", 1, (off_t)file.len) == 1);
	CHECK(load(&again, dir, "bafkey", 99) == 0);
	NEED(ftruncate(fd, (off_t)file.len) == 0);
	NEED(load(&again, dir, "bafkey", 99) == 1);
	table_free(again);
	/* a link, a folder */
	NEED(unlink(path) == 0 && symlink("/etc/passwd", path) == 0);
	CHECK(load(&again, dir, "bafkey", 99) == 0);
	NEED(unlink(path) == 0 && mkdir(path, 0700) == 0);
	CHECK(load(&again, dir, "bafkey", 99) == 0);
	table_save(t, dir, "bafkey", TENSOR_SAFETENSORS, 99);
	CHECK(load(&again, dir, "bafkey", 99) == 0);
	close(fd);
	table_free(t);
	buf_clear(&file);
}

/* a table somebody made up, with sums that are right, leads nowhere either */
static void made_up(void)
{
	struct table *t = filled(1, 1 << 20);
	struct buf file = BUF_INIT(1 << 20);
	char dir[4200], path[4300];
	struct tensor_info info;
	struct tensor_set *set;
	struct span st = memfile_st("{\"t0\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4);
	struct tensor_in *in = memin_new(st);
	uint32_t sum;
	size_t i;
	int fd;

	snprintf(dir, sizeof dir, "%s/cache", unit_tmpdir());
	snprintf(path, sizeof path, "%s/bafkey", dir);
	table_free(t);
	NEED(table_new(&t, NULL, 1 << 20) == 0);
	info = (struct tensor_info){ .name = span_str("t0"), .dtype = TENSOR_U8, .bits = 8, .n = 1, .len = 1, .packed = 1,
				     .off = st.len };
	NEED(table_add(t, &info) == 0 && table_end(t, span_str("")) == 0);
	table_save(t, dir, "bafkey", TENSOR_SAFETENSORS, st.len);
	snprintf(in->key, sizeof in->key, "bafkey");
	NEED(set_open_in(&set, in, NULL, NULL, dir, 1 << 20) == 0);
	CHECK_ERR(tensor_find(set, span_str("t0"), &info), ERR_CORRUPT);
	tensor_close(set);
	/* offsets that lead out of the image: fixed up so that only they are wrong */
	NEED(io_slurp_file(AT_FDCWD, path, &file) == 0 && (fd = open(path, O_RDWR)) >= 0);
	for (i = 0; i < 8; i++)
		file.data[180 + i] = 0xff;	/* the first offset, behind the head of 180 bytes */
	sum = crc32c(0, span_of(file.data + 180, file.len - 180));
	memcpy(file.data + 12, &sum, 4);
	sum = crc32c(0, span_of(file.data, 176));
	memcpy(file.data + 176, &sum, 4);
	NEED(pwrite(fd, file.data, file.len, 0) == (ssize_t)file.len);
	close(fd);
	in = memin_new(st);
	snprintf(in->key, sizeof in->key, "bafkey");
	NEED(set_open_in(&set, in, NULL, NULL, dir, 1 << 20) == 0);
	CHECK_ERR(tensor_get(set, 0, &info), ERR_CORRUPT);
	CHECK_ERR(tensor_find(set, span_str("t0"), &info), ERR_CORRUPT);
	tensor_close(set);
	table_free(t);
	buf_clear(&file);
}

/* nor where a place in the data and the place of the data are more than 64 bits together with a length */
static void made_up_sums(void)
{
	struct tensor_info info = { .name = span_str("t0"), .dtype = TENSOR_U8, .bits = 8, .rank = 1, .shape = { 100 },
				    .n = 100, .len = 100, .packed = 100, .off = UINT64_MAX - 200 };
	static const uint8_t note[8] = { 150 }, file[200] = "GGUF";
	struct tensor_in *in = memin_new(span_of(file, sizeof file));
	struct tensor_set *set;
	char *dir = unit_tmpdir();
	struct table *t;

	NEED(table_new(&t, NULL, 1 << 20) == 0 && table_add(t, &info) == 0 && table_end(t, span_of(note, 8)) == 0);
	table_save(t, dir, "bafkey", TENSOR_GGUF, sizeof file);
	table_free(t);
	snprintf(in->key, sizeof in->key, "bafkey");
	NEED(set_open_in(&set, in, NULL, NULL, dir, 1 << 20) == 0);
	CHECK(tensor_set_kind(set) == TENSOR_GGUF && tensor_count(set) == 1);
	CHECK_ERR(tensor_get(set, 0, &info), ERR_CORRUPT);
	tensor_close(set);
}

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

/* the oldest go; what was used lately stays */
static void oldest_go(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct table *t = filled(1, 1 << 20), *again;
	char dir[4200], key[32], path[4300];
	unsigned i;

	snprintf(dir, sizeof dir, "%s/cache", unit_tmpdir());
	for (i = 0; i < 256; i++) {
		snprintf(key, sizeof key, "key%u", i);
		table_save(t, dir, key, TENSOR_SAFETENSORS, 1);
		snprintf(path, sizeof path, "%s/%s", dir, key);
		old[0].tv_sec = old[1].tv_sec = 1000 + i;
		NEED(utimensat(AT_FDCWD, path, old, 0) == 0);
	}
	CHECK(entries(dir) == 256);
	NEED(load(&again, dir, "key0", 1) == 1);
	table_free(again);
	table_save(t, dir, "new", TENSOR_SAFETENSORS, 1);
	CHECK(entries(dir) == 256);
	CHECK(load(&again, dir, "key1", 1) == 0);
	CHECK(load(&again, dir, "key0", 1) == 1);
	table_free(again);
	CHECK(load(&again, dir, "new", 1) == 1);
	table_free(again);
	table_free(t);
}

/* ---- a header as long as may be ---- */

/* entries of one length: any byte of the file can be made when it is read */
enum { ENTRY = 100, ENTRIES = 1000000 };

struct made {
	struct tensor_in in;
	uint64_t n_reads;
};

static void make_entry(unsigned i, char text[ENTRY + 1])
{
	unsigned n = (unsigned)(i * 7919ull % ENTRIES), len;	/* all of them, and not in the order of names */

	len = (unsigned)snprintf(text, ENTRY + 1, "%c\"layer.%07u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%u,%u]}",
				 i ? ',' : '{', n, i, i + 1);
	memset(text + len, ' ', ENTRY - len);
	if (i == ENTRIES - 1)
		text[ENTRY - 1] = '}';
}

static int made_read(struct tensor_in *in, uint64_t off, void *p, size_t len)
{
	char text[ENTRY + 1];
	uint8_t *to = p;

	in->n_bytes += len;
	for (; len; off++, len--, to++) {
		uint64_t at = off - 8, part = at % ENTRY;
		size_t n = ENTRY - part < len ? ENTRY - part : len;

		if (off < 8) {
			*to = (uint8_t)((uint64_t)ENTRY * ENTRIES >> 8 * off);
			continue;
		}
		if (at / ENTRY >= ENTRIES)
			return err_set(ERR_INVALID, "the data is not there");
		make_entry((unsigned)(at / ENTRY), text);
		memcpy(to, text + part, n);
		off += n - 1;
		len -= n - 1;
		to += n - 1;
	}
	return 0;
}

static void made_close(struct tensor_in *in)
{
	free(in);
}

static struct tensor_in *made_new(void)
{
	struct made *m = calloc(1, sizeof *m);

	if (!m)
		abort();
	m->in = (struct tensor_in){ .size = 8 + (uint64_t)ENTRY * ENTRIES + ENTRIES, .read = made_read, .close = made_close };
	snprintf(m->in.key, sizeof m->in.key, "bafmillion");
	return &m->in;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int million(const char *dir)
{
	struct tensor_set *set;
	struct tensor_info t;
	double at = seconds();
	uint64_t i, wrong = 0;
	char name[32];

	if (set_open_in(&set, made_new(), NULL, NULL, dir, 4 << 20) < 0)
		return 0;
	printf("# a million tensors: %.2f s", seconds() - at);
	at = seconds();
	for (i = 0; i < ENTRIES; i += 9973) {
		snprintf(name, sizeof name, "layer.%07u", (unsigned)i);
		wrong += tensor_find(set, span_str(name), &t) != 0 || !span_equal(t.name, span_str(name)) || t.len != 1;
	}
	for (i = 0; i < ENTRIES; i++)
		wrong += tensor_get(set, i, &t) != 0;
	printf(", each of them again %.2f s\n", seconds() - at);
	wrong += tensor_count(set) != ENTRIES || tensor_find(set, span_str("layer.1000000"), &t) != ERR_NOTFOUND;
	tensor_close(set);
	return wrong == 0;
}

/* in the memory of any verb: 64 MiB of addresses, the program among them */
static void a_million_tensors(void)
{
	struct rlimit space = { 64 << 20, 64 << 20 };
	int status = 0;
	char *dir = unit_tmpdir();
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
#ifndef __SANITIZE_ADDRESS__
		if (setrlimit(RLIMIT_AS, &space) < 0)
			_exit(2);
#else
		(void)space;
#endif
		status = million(dir) && million(dir);	/* the second time from what was kept */
		if (!status)
			printf("# %s\n", err_text());
		fflush(stdout);
		_exit(!status);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(entries(dir) == 1);
}

int main(void)
{
	RUN(in_memory_and_in_a_file);
	RUN(all_of_a_row);
	RUN(refused);
	RUN(rows_that_contradict_themselves);
	RUN(kept);
	RUN(where_nothing_can_be_kept);
	RUN(damaged);
	RUN(made_up);
	RUN(made_up_sums);
	RUN(oldest_go);
	RUN(a_million_tensors);
	return UNIT_END();
}
