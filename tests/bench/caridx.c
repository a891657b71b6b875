/*
 * caridx - how fast an index of many entries is built, and how fast it is looked up in the mapped file.
 * usage: caridx FOLDER [ENTRIES [MEM]].  One line a figure: name TAB value TAB unit.
 * The archive has a section of four bytes for every entry (nobody hashes them here).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "car/car.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void must(int rc)
{
	if (rc < 0) {
		fprintf(stderr, "caridx: %s\n", err_text());
		exit(4);
	}
}

/* the i-th block: four bytes; its digest is as good as random and cheap to make */
static void nth(uint64_t i, struct cid *cid)
{
	uint64_t d[4], x = i * 0x9e3779b97f4a7c15u + 1;
	int k;

	for (k = 0; k < 4; k++) {		/* splitmix64 */
		uint64_t z = x += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		d[k] = z ^ z >> 31;
	}
	must(cid_make(cid, 1, CID_RAW, MH_SHA2_256, span_of(d, sizeof d)));
}

static void write_payload(struct car_out *o, struct sink *to, uint64_t n)
{
	struct cid cid;
	uint64_t i;

	must(car_out_start(o, to, NULL, NULL, 0));
	for (i = 0; i < n; i++) {
		nth(i, &cid);
		must(car_out_block(o, &cid, &(struct piece){ .bytes = span_of("four", 4), .fd = -1, .len = 4 }));
	}
}

static double write_index(int fd, const struct car_out *o, uint64_t n, size_t mem, const char *dir)
{
	uint64_t off = car_header_len(NULL, 0), i;
	struct car_index *x;
	struct sink_fd to;
	struct cid cid;
	double t, made;

	t = now();
	for (i = 0; i < n; i++)			/* what making the names costs is not the index's */
		nth(i, &cid);
	made = now() - t;
	t = now();
	must(car_index_new(&x, mem, dir, 0));
	for (i = 0; i < n; i++) {
		nth(i, &cid);
		must(car_index_add(x, &cid, off));
		off += car_section_len(&cid, 4);
	}
	if (off != o->pos)
		abort();
	printf("gather\t%.2f\tM/s\n", (double)n / (now() - t - made) / 1e6);
	must(sink_fd_start(&to, fd, "archive"));
	must(car_index_write(x, CAR_INDEX_MH_SORTED, &to.sink));
	must(sink_fd_end(&to));
	t = now() - t - made;
	car_index_free(x);
	return t;
}

static void look_up(const char *path, uint64_t n, int absent)
{
	uint64_t tries = n < 1000000 ? n : 1000000, i, seed = 12345, off, len;
	struct car_file *f;
	struct cid *cids = malloc(1000 * sizeof *cids);
	double t = 0, sum = 0;
	int rc = 0;

	if (!cids)
		exit(4);
	must(car_file_open(&f, path));
	for (i = 0; i < tries; i++) {
		if (i % 1000 == 0) {
			uint64_t k;

			for (k = 0; k < 1000; k++) {
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				nth((seed >> 20) % n + (absent ? n : 0), &cids[k]);
			}
			t = now();
		}
		rc = car_file_find(f, &cids[i % 1000], &off, &len);
		must(rc);
		if (rc != !absent)
			abort();
		if (i % 1000 == 999)
			sum += now() - t;
	}
	printf("%s\t%.0f\tns\n", absent ? "absent" : "lookup", sum / (double)(tries / 1000 * 1000) * 1e9);
	car_file_close(f);
	free(cids);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000000;
	size_t mem = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	uint8_t head[CAR_V2_HEADER] = { 0 };
	struct car_v2 v = { .data_off = CAR_V2_HEADER };
	struct car_out o;
	struct sink_fd to;
	char path[4096];
	double t;
	int fd, i;

	if (argc < 2) {
		fprintf(stderr, "usage: caridx FOLDER [ENTRIES [MEM]]\n");
		return 2;
	}
	snprintf(path, sizeof path, "%s/caridx.car", argv[1]);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	must(fd < 0 ? err_sys("opening '%s'", path) : 0);
	must(sink_fd_start(&to, fd, path));
	must(sink_bytes(&to.sink, span_of(head, sizeof head)));
	write_payload(&o, &to.sink, n);
	must(sink_fd_end(&to));
	t = write_index(fd, &o, n, mem, argv[1]);
	printf("index\t%.2f\tM/s\n", (double)n / t / 1e6);
	v.data_size = o.pos;
	v.index_off = CAR_V2_HEADER + o.pos;
	car_v2_encode(&v, head);
	must(io_pwrite(fd, head, sizeof head, 0, path));
	close(fd);
	for (i = 0; i < 2; i++) {		/* once cold, once with the page tables filled */
		look_up(path, n, 0);
		look_up(path, n, 1);
	}
	unlink(path);
	return 0;
}
