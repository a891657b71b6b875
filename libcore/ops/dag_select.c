/* dag_select.c - selectors as people hand them in */
#include <fcntl.h>

#include "base/err.h"
#include "base/io.h"
#include "ops/dag.h"

enum { SELECTOR_TEXT_MAX = 1024 * 1024 };

static int parse(struct span text, struct dag_selector **sel)
{
	struct node nd = NODE_INIT;
	int rc = codec_decode(CID_DAG_JSON, text, 0, &nd);

	if (rc == 0)
		rc = dag_selector_parse(&nd, 0, sel);
	node_clear(&nd);
	return rc;
}

int ops_dag_selector(const char *arg, struct dag_selector **sel)
{
	struct buf text = BUF_INIT(SELECTOR_TEXT_MAX);
	int rc;

	if (*arg == '{')
		rc = buf_str(&text, arg);
	else
		rc = strcmp(arg, "-") ? io_slurp_file(AT_FDCWD, arg, &text) :
		     io_slurp(0, &text, "standard input");
	if (rc == 0)
		rc = parse(buf_span(&text), sel);
	buf_clear(&text);
	return rc == ERR_INVALID ? err_set(ERR_USAGE, "%s", err_text()) : rc;
}
