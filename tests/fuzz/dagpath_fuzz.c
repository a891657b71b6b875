/* dagpath_fuzz.c - path text: what is accepted is clean, and is accepted again */
#include <stdlib.h>
#include <string.h>

#include "dag/dag.h"

static int clean(const char *rest)
{
	size_t n;

	if (!*rest)
		return 1;
	for (;;) {
		n = strcspn(rest, "/");
		if (n == 0 || (n == 1 && rest[0] == '.') || (n == 2 && !strncmp(rest, "..", 2)))
			return 0;
		if (!rest[n])
			return 1;
		rest += n + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), cid[CID_TEXT_MAX];
	struct buf again = BUF_INIT(SIZE_MAX);
	struct dag_path p, q;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	if (dag_path_parse(&p, text) == 0) {
		if (!clean(p.rest))
			abort();
		if (buf_printf(&again, "/%s/%s/%s", p.ipld ? "ipld" : "ipfs", cid_text(&p.root, cid),
			       p.rest) < 0)
			abort();
		if (dag_path_parse(&q, (char *)again.data) < 0 || !cid_equal(&p.root, &q.root) ||
		    strcmp(p.rest, q.rest) || p.ipld != q.ipld)
			abort();
		dag_path_clear(&q);
		dag_path_clear(&p);
	}
	buf_clear(&again);
	free(text);
	return 0;
}
