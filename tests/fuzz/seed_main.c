/* seed_main.c - run a fuzz target over seed files, once each: an ordinary test.  TAP. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 16 * 1024 * 1024 };

int main(int argc, char **argv)
{
	static const uint8_t nothing[1];
	int i, bad = 0;

	LLVMFuzzerTestOneInput(nothing, 0);
	printf("ok 1 - %s, empty input\n", argv[0]);
	for (i = 1; i < argc; i++) {
		struct buf seed = BUF_INIT(SEED_MAX);
		int rc = io_slurp_file(AT_FDCWD, argv[i], &seed);
		uint8_t *exact = NULL;

		fflush(stdout);		/* what passed is seen even if this one kills us */
		if (rc == 0 && seed.len) {
			exact = malloc(seed.len);	/* no NUL behind: ASan sees a byte too far */
			if (!exact)
				rc = err_nomem();
		}
		if (rc == 0) {
			if (exact)
				memcpy(exact, seed.data, seed.len);
			LLVMFuzzerTestOneInput(exact ? exact : nothing, seed.len);
			printf("ok %d - %s\n", i + 1, argv[i]);
		} else {
			printf("not ok %d - %s: %s\n", i + 1, argv[i], err_text());
			bad = 1;
		}
		free(exact);
		buf_clear(&seed);
	}
	printf("1..%d\n", argc);
	return bad;
}
