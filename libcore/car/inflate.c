/* inflate.c - one zlib stream, as git keeps its objects */
#include <zlib.h>

#include "base/err.h"
#include "car/car.h"

enum { STEP = 65536 };

/* until the end of the stream, the end of the input, or out->max */
static int run(z_stream *z, struct buf *out)
{
	int rc = 0, z_rc = Z_OK;

	while (rc == 0 && z_rc == Z_OK) {
		size_t room = out->max - out->len < STEP ? out->max - out->len + 1 : STEP;

		/* a byte more than may be, to see that it is too much */
		out->max++;
		rc = buf_reserve(out, room);
		out->max--;
		if (rc < 0)
			break;
		z->next_out = out->data + out->len;
		z->avail_out = (unsigned)room;
		z_rc = inflate(z, Z_NO_FLUSH);
		out->len += room - z->avail_out;
		if (out->len > out->max)
			rc = err_set(ERR_LIMIT, "zlib: over %zu bytes when unpacked", out->max);
	}
	if (rc == 0 && z_rc != Z_STREAM_END)
		rc = err_set(z_rc == Z_MEM_ERROR ? ERR_NOMEM : ERR_INVALID, "zlib, offset %lu: %s",
			     z->total_in, z_rc == Z_BUF_ERROR ? "the stream is cut short" :
			     z->msg ? z->msg : "not a zlib stream");
	return rc;
}

int car_inflate(struct span in, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p };
	size_t before = out->len;
	int rc;

	if (in.len > UINT32_MAX)
		return err_set(ERR_LIMIT, "zlib: a stream of over 4 GiB");
	z.avail_in = (unsigned)in.len;
	if (inflateInit(&z) != Z_OK)
		return err_nomem();
	rc = run(&z, out);
	if (rc == 0 && z.avail_in)
		rc = err_set(ERR_INVALID, "zlib, offset %lu: bytes behind the end of the stream", z.total_in);
	inflateEnd(&z);
	if (rc < 0)
		out->len = before;
	return rc;
}
