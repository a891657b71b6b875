/*
 * codec.c FILE.json ... - how fast nodes are read and written, in MB of the input a second, one thread:
 * dag-json decoded; dag-json to dag-cbor; dag-cbor checked with its links listed; dag-cbor decoded; and
 * back to dag-json.  With -o DIR the dag-cbor is left there as NAME.cbor.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "codec/codec.h"

enum { FOR_MS = 400 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct job {
	struct span json, cbor;
	struct node nd;
	struct buf out;
	size_t n_links;
};

static int count(void *arg, const struct cid *cid, struct span name)
{
	(void)cid;
	(void)name;
	++*(size_t *)arg;
	return 0;
}

static int json_in(struct job *j)
{
	return codec_decode(CID_DAG_JSON, j->json, 0, &j->nd);
}

static int json_to_cbor(struct job *j)
{
	int rc = json_in(j);

	buf_reset(&j->out);
	return rc < 0 ? rc : codec_encode(CID_DAG_CBOR, &j->nd, 0, &j->out);
}

static int cbor_links(struct job *j)
{
	j->n_links = 0;
	return codec_check(CID_DAG_CBOR, j->cbor, CODEC_STRICT, count, &j->n_links);
}

static int cbor_in(struct job *j)
{
	return codec_decode(CID_DAG_CBOR, j->cbor, CODEC_STRICT, &j->nd);
}

static int cbor_to_json(struct job *j)
{
	int rc = cbor_in(j);

	buf_reset(&j->out);
	return rc < 0 ? rc : codec_encode(CID_DAG_JSON, &j->nd, 0, &j->out);
}

static double rate(int (*fn)(struct job *j), struct job *j, size_t bytes)
{
	double from = now(), best = 1e9, t;

	while (now() - from < FOR_MS / 1000.0) {
		t = now();
		if (fn(j) < 0) {
			fprintf(stderr, "codec: %s\n", err_text());
			exit(4);
		}
		t = now() - t;
		best = t < best ? t : best;
	}
	return (double)bytes / best / 1e6;
}

static void leave(const char *dir, const char *name, struct span bytes)
{
	char path[4096];
	const char *base = strrchr(name, '/');
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.cbor", dir, base ? base + 1 : name);
	f = fopen(path, "w");
	if (!f || fwrite(bytes.p, 1, bytes.len, f) != bytes.len || fclose(f))
		exit(4);
}

int main(int argc, char **argv)
{
	const char *dir = NULL;
	int i, c;

	while ((c = getopt(argc, argv, "o:")) == 'o')
		dir = optarg;
	printf("document\tMB\tjson in\tjson->cbor\tcbor check+links\tcbor in\tcbor->json\tlinks\n");
	for (i = optind; i < argc; i++) {
		struct buf in = BUF_INIT(1 << 30), cbor = BUF_INIT(1 << 30);
		struct job j = { .out = BUF_INIT(1 << 30) };
		int fd = open(argv[i], O_RDONLY);

		if (fd < 0 || io_slurp(fd, &in, argv[i]) < 0)
			return 4;
		j.json = buf_span(&in);
		if (json_to_cbor(&j) < 0) {
			fprintf(stderr, "codec: %s: %s\n", argv[i], err_text());
			return 4;
		}
		buf_add(&cbor, buf_span(&j.out));
		j.cbor = buf_span(&cbor);
		if (dir)
			leave(dir, argv[i], j.cbor);
		printf("%s\t%.1f\t%.0f\t%.0f", argv[i], (double)in.len / 1e6, rate(json_in, &j, in.len),
		       rate(json_to_cbor, &j, in.len));
		printf("\t%.0f", rate(cbor_links, &j, cbor.len));
		printf("\t%.0f\t%.0f\t%zu\n", rate(cbor_in, &j, cbor.len), rate(cbor_to_json, &j, cbor.len),
		       j.n_links);
		node_clear(&j.nd);
		buf_clear(&in);
		buf_clear(&cbor);
		buf_clear(&j.out);
		close(fd);
	}
	return 0;
}
