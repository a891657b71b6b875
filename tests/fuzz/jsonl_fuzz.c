/* jsonl_fuzz - anything as lines of JSON, with types found out and with types given */
#include "fuzztable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const columns[8] = {
		NULL, NULL, NULL, "a,...", "a:int8,b:float16", "a:binary,b:list<utf8>", "a:json,b:bool", "b:list<int8>,...",
	};
	struct table_opts o = { .form = TABLE_JSONL, .record_max = 65536 };

	if (size < 2 || size > 100000)
		return 0;
	o.rows_max = data[1] >> 4;
	fuzz_table(&o, span_of(data + 2, size - 2), 1 + (data[1] & 15), columns[data[0] & 7]);
	return 0;
}
