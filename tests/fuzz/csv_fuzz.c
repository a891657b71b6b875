/* csv_fuzz - anything as CSV, with types found out and with types given */
#include "fuzztable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const columns[8] = {
		NULL, NULL, NULL, "a,...", "a:int8,b:float16", "f0:binary,f1:timestamp[ms]", "a:large_utf8,b:bool", "b:date64,...",
	};
	static const struct span null = { (const uint8_t *)"NA", 2 };
	struct table_opts o = { .record_max = 65536 };

	if (size < 2 || size > 100000)
		return 0;
	o.no_header = data[0] >> 3 & 1;
	o.sep = data[0] & 16 ? ',' : 0;
	o.null = &null;
	o.n_null = data[0] >> 5 & 1;
	o.rows_max = data[1] >> 4;
	fuzz_table(&o, span_of(data + 2, size - 2), 1 + (data[1] & 15), columns[data[0] & 7]);
	return 0;
}
