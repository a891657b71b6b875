/* npz_fuzz.c - strange bytes as an archive of NumPy */
#include "tensorfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tensorfile(data, size, &tensor_npz);
	return 0;
}
