/*
 * link_fuzz.c - what a worker that was taken over may put into a bundle: refused, or messages that lie inside it and
 * make the same bundle again.
 */
#include <stdlib.h>

#include "base/err.h"
#include "serve/link.h"

static void must(int yes)
{
	if (!yes)
		abort();
}

static void look_at(const struct link_msg *m, struct span all)
{
	must(m->fd == -1);
	must(!m->data.len || (m->data.p >= all.p && m->data.p + m->data.len <= all.p + all.len));
	switch (m->type) {
	case LINK_HEAD:
		must(m->status >= 200 && m->status <= 599);
		break;
	case LINK_BYTES:
		must(m->data.len > 0 && m->data.len <= LINK_DATA);
		break;
	case LINK_EXTENT:
		must(m->slot < LINK_SLOTS && m->len > 0 && m->len <= INT64_MAX && m->off <= INT64_MAX - m->len);
		break;
	case LINK_END:
		must((m->status & ~(LINK_WHOLE | LINK_LAST)) == 0);
		break;
	default:
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of(data, size), rest = all, done;
	struct buf again = BUF_INIT(LINK_MAX);
	struct link_msg m;
	int rc;

	if (size > LINK_MAX)
		return 0;
	for (;;) {
		done = span_of(data, size - rest.len);
		rc = link_unpack(&rest, &m);
		if (rc != 1)
			break;
		look_at(&m, all);
		must(rest.len < size - done.len);
		must(link_pack(&again, &m) == 0);
	}
	must(rc == 0 || rc == ERR_INVALID);
	must(span_equal(buf_span(&again), done));
	buf_clear(&again);
	return 0;
}
