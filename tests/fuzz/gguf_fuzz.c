/* gguf_fuzz.c - strange bytes as a GGUF file */
#include "tensorfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tensorfile(data, size, &tensor_gguf);
	return 0;
}
