/*
 * safetensors_fuzz.c - strange bytes as a safetensors file.
 * The first byte says whether the rest is the file (0), or its header, behind which come so many bytes of data less one.
 * What is taken has no byte of data that belongs to no tensor, or to two; a table in a file says the same as one in memory.
 */
#include "tensorfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the tensors lie next to each other and fill the file */
static void filled(struct span file)
{
	struct tensor_set *set, *other;
	struct tensor_info t, again;
	uint64_t i, sum = 0, first = file.len;

	if (set_open_in(&set, memin_new(file), &tensor_safetensors, NULL, NULL, 0) < 0)
		return;
	MUST(set_open_in(&other, memin_new(file), &tensor_safetensors, NULL, NULL, 1 << 20) == 0);
	MUST(tensor_count(set) == tensor_count(other));
	for (i = 0; i < tensor_count(set); i++) {
		MUST(tensor_get(set, i, &t) == 0 && tensor_get(other, i, &again) == 0);
		MUST(span_equal(t.name, again.name) && t.off == again.off && t.dtype == again.dtype && t.rank == again.rank);
		sum += t.len;
		first = t.off < first ? t.off : first;
	}
	MUST(first + sum == file.len);
	tensor_close(set);
	tensor_close(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = size ? size - 1 : 0, tail = size && *data ? *data - 1u : 0, i;
	uint8_t *file;

	if (size == 0 || *data == 0) {
		tensorfile(data + (size > 0), head, &tensor_safetensors);
		filled(span_of(data + (size > 0), head));
		return 0;
	}
	file = calloc(1, 8 + head + tail);
	if (!file)
		abort();
	for (i = 0; i < 8; i++)
		file[i] = (uint8_t)((uint64_t)head >> 8 * i);
	memcpy(file + 8, data + 1, head);
	tensorfile(file, 8 + head + tail, &tensor_safetensors);
	filled(span_of(file, 8 + head + tail));
	free(file);
	return 0;
}
