/* dag_select.c - selectors as people hand them in */
#include <fcntl.h>

#include "base/io.h"
#include "ops/car.h"
#include "ops/dag.h"

enum { SELECTOR_TEXT_MAX = 1024 * 1024 };

int ops_dag_selector(const char *arg, struct dag_selector **sel)
{
	struct buf text = BUF_INIT(SELECTOR_TEXT_MAX);
	int rc;

	if (*arg == '{')
		return ops_car_selector(span_str(arg), sel);
	rc = strcmp(arg, "-") ? io_slurp_file(AT_FDCWD, arg, &text) :
	     io_slurp(0, &text, "standard input");
	if (rc == 0)
		rc = ops_car_selector(buf_span(&text), sel);
	buf_clear(&text);
	return rc;
}
