/*
 * npy_fuzz.c - strange bytes as an array of NumPy.
 * A head that was understood is written anew, and understood in the same way.
 */
#include "tensor/npy_priv.h"
#include "tensorfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int next(void *arg, void *p, size_t len)
{
	struct span *s = arg;

	MUST(len <= s->len);
	if (len)
		memcpy(p, s->p, len);
	*s = span_of(s->p + len, s->len - len);
	return 0;
}

static void again(const struct npy *n)
{
	struct buf head = BUF_INIT(1 << 20);
	struct npy other;
	struct span s;
	int rc;

	MUST(tensor_npy_head(&head, n->info.type, n->info.column_order, n->info.rank, n->info.shape) == 0);
	MUST(head.len % 64 == 0);
	s = buf_span(&head);
	rc = npy_head(&other, head.len + n->info.len, next, &s);
	/* ours is longer: an array that just fit the limit may not any more, and strings are not escaped again */
	MUST(rc == 0 || !strncmp(err_text(), "HeaderTooLarge", 14) || n->info.type.p[0] != '[');
	if (rc == 0) {
		MUST(other.head == head.len && other.info.len == n->info.len && other.info.rank == n->info.rank);
		MUST(other.info.dtype == n->info.dtype && other.info.bits == n->info.bits && other.object == n->object);
		MUST(other.info.column_order == n->info.column_order && other.info.big_endian == n->info.big_endian);
		MUST(!memcmp(other.info.shape, n->info.shape, n->info.rank * sizeof *n->info.shape));
		MUST(span_equal(other.info.type, n->info.type));
	}
	npy_clear(&other);
	buf_clear(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of(data, size);
	struct npy n;
	int rc = npy_head(&n, size, next, &s);

	MUST(rc == 0 || rc == ERR_INVALID || rc == ERR_LIMIT);
	if (rc == 0)
		again(&n);
	npy_clear(&n);
	tensorfile(data, size, &tensor_npy);
	return 0;
}
