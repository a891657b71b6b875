/* map.c - a shared file of fixed size */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "map.h"

int map_shared(const char *path, size_t size, uint32_t magic, void **out, int *opened)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	uint32_t none = 0;
	struct stat sb;
	void *map;
	int rc = 0;

	if (fd < 0)
		return err_sys("opening '%s'", path);
	/* growing to a fixed size is idempotent: two processes may do it at once; and dear enough to be done once */
	map = (fstat(fd, &sb) < 0 || sb.st_size != (off_t)size) && ftruncate(fd, (off_t)size) < 0 ? MAP_FAILED :
	      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		rc = err_sys("mapping '%s'", path);
	else if (!atomic_compare_exchange_strong((_Atomic uint32_t *)map, &none, magic) && none != magic) {
		rc = err_set(ERR_CORRUPT, "'%s' is something else; delete it", path);
		munmap(map, size);
	}
	if (rc < 0 || !opened)
		close(fd);
	else
		*opened = fd;
	if (rc == 0)
		*out = map;
	return rc;
}

uint64_t map_hash(const void *p, size_t len, uint64_t seed)
{
	const uint8_t *b = p;
	uint64_t h = 0xcbf29ce484222325u ^ seed;

	for (; len; len--)
		h = (h ^ *b++) * 0x100000001b3u;
	h ^= h >> 32;
	return h ? h : 1;
}
