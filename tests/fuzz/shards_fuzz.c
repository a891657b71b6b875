/*
 * shards_fuzz.c - strange bytes as the index of a model in several files.
 * No file is opened whose name leads out of the folder; what a tensor says is true of the file it is in.
 */
#include "../unit/tensor/memplace.h"
#include "tensorfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int checked_open(struct tensor_place *place, struct span name, struct tensor_in **in)
{
	MUST(name.len == 0 || (!memchr(name.p, '/', name.len) && !span_equal(name, span_str("..")) &&
			       !span_equal(name, span_str("."))));
	return memplace_open(place, name, in);
}

static void ask(struct tensor_set *set)
{
	struct tensor_info t;
	struct tensor_in *in;
	struct span name;
	uint64_t i, blocks, bytes;
	int rc;

	for (i = 0; i < tensor_count(set) && i < 200; i++) {
		rc = tensor_get(set, i, &t);
		MUST(rc == 0 || rc == ERR_INVALID || rc == ERR_NOTFOUND);
		if (rc < 0)
			continue;
		MUST(tensor_part_name(set, t.part, &name) == 0);
		MUST(span_equal(name, span_str(t.rank ? "a" : "b")));
		MUST(tensor_part(set, t.part, &in) == 0 && t.off <= in->size && t.packed <= in->size - t.off);
	}
	tensor_opened(set, &blocks, &bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memfile files[4];
	struct memplace place;
	struct tensor_set *set;
	uint64_t n = 0;
	int rc;

	if (!files[0].name) {
		files[0] = (struct memfile){ "a", memfile_st("{\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4), NULL };
		files[1] = (struct memfile){ "b", memfile_st("{\"v\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4), NULL };
	}
	if (size > TENSORFILE_MAX)
		return 0;
	files[2] = (struct memfile){ "index", span_of(data, size), NULL };
	memplace_init(&place, files, "index");
	place.place.open = checked_open;
	rc = tensor_open(&set, &place.place, NULL, NULL);
	if (rc == 0 && tensor_set_kind(set) == TENSOR_SHARDED) {
		ask(set);
		rc = tensor_meta(set, tensorfile_key, &n);
		MUST(rc == 0 || rc == ERR_INVALID);
	}
	MUST(!memin_beyond);
	tensor_close(set);
	return 0;
}
