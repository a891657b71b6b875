/* tar_fuzz.c - strange bytes as an archive */
#include <sys/mman.h>
#include <unistd.h>

#include "tar/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct tar_reader *r;
	struct tar_entry e;
	uint64_t total = 0;
	char buf[4096];
	ssize_t n;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	if (tar_reader_new(&r, fd, "fuzz") == 0) {
		while (total < (1u << 22) && tar_reader_next(r, &e) > 0)
			while (total < (1u << 22) && (n = tar_reader_data(r, buf, sizeof buf)) > 0)
				total += (uint64_t)n;
		tar_reader_free(r);
	}
	close(fd);
	return 0;
}
