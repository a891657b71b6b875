/*
 * body.h - containers of one tensor, and slices of it in a form, for the tests of the forms.
 * The last container that was put is open; `body` and `whole` are what was made of it last.
 */
#ifndef TESTS_BODY_H
#define TESTS_BODY_H

#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "tensor/tensor.h"
#include "tests/unit/unit.h"

/* ---- containers ---- */

static char *dir;
static struct tensor_place *place;
static struct tensor_set *set;

static void put_file(const char *name, const struct buf *b)
{
	char path[4200];
	int fd;

	tensor_close(set);
	tensor_place_free(place);
	set = NULL;
	place = NULL;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || io_write(fd, b->data, b->len, path) < 0 || close(fd) < 0)
		abort();
	CHECK(tensor_place_path(&place, path) == 0);
	if (place)
		CHECK(tensor_open(&set, place, dir, NULL) == 0);
}

/* a safetensors file with one tensor "w"; shape as JSON has it */
__attribute__((unused)) static void put_tensor(const char *dtype, const char *shape, const uint8_t *p, size_t len)
{
	struct buf head = BUF_INIT(4096), b = BUF_INIT(4u << 20);

	if (buf_printf(&head, "{\"w\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[0,%zu]}}", dtype, shape, len) < 0 ||
	    buf_le64(&b, head.len) < 0 || buf_add(&b, buf_span(&head)) < 0 || buf_bytes(&b, p, len) < 0)
		abort();
	put_file("w.safetensors", &b);
	buf_clear(&head);
	buf_clear(&b);
}

__attribute__((unused)) static void put_npy(const char *descr, const char *shape, const uint8_t *p, size_t len)
{
	struct buf b = BUF_INIT(65536);

	if (buf_bytes(&b, "\x93NUMPY\1\0\0\1", 10) < 0 ||
	    buf_printf(&b, "{'descr': %s, 'fortran_order': False, 'shape': (%s), }", descr, shape) < 0)
		abort();
	while (b.len < 265)
		if (buf_u8(&b, ' ') < 0)
			abort();
	if (buf_u8(&b, '\n') < 0 || buf_bytes(&b, p, len) < 0)
		abort();
	put_file("w.npy", &b);
	buf_clear(&b);
}

/* bytes that are the same every time */
static uint8_t bytes[1 << 20];

static void fill(void)
{
	size_t i;

	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 15);
}

/* a GGUF with "w", 3 rows of 64 elements in 6 blocks of 18 bytes: Q4_0 */
__attribute__((unused)) static void put_blocks(void)
{
	struct buf b = BUF_INIT(4096);

	CHECK(buf_str(&b, "GGUF") == 0 && buf_le32(&b, 3) == 0 && buf_le64(&b, 1) == 0 && buf_le64(&b, 0) == 0);
	CHECK(buf_le64(&b, 1) == 0 && buf_str(&b, "w") == 0 && buf_le32(&b, 2) == 0 && buf_le64(&b, 64) == 0);
	CHECK(buf_le64(&b, 3) == 0 && buf_le32(&b, 2) == 0 && buf_le64(&b, 0) == 0);
	while (b.len % 32)
		CHECK(buf_u8(&b, 0) == 0);
	CHECK(buf_bytes(&b, bytes, 128) == 0);
	put_file("w.gguf", &b);
	buf_clear(&b);
}

/* a safetensors file with "ab" under a name of 60000 bytes, which is no name of C; its length */
__attribute__((unused)) static size_t put_long_name(void)
{
	struct buf b = BUF_INIT(1u << 20), name = BUF_INIT(1u << 20);
	size_t i, len;

	for (i = 0; i < 20000; i++)
		CHECK(buf_str(&name, "\xc3\xa9.") == 0);
	len = name.len;
	CHECK(buf_le64(&b, len + 52) == 0);
	CHECK(buf_printf(&b, "{\"%s\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", (char *)name.data) == 0);
	CHECK(b.len == 8 + len + 52 && buf_str(&b, "ab") == 0);
	put_file("name.safetensors", &b);
	buf_clear(&name);
	buf_clear(&b);
	return len;
}

/* ---- bodies ---- */

static struct tensor_body body;
static struct buf whole;

/* the body of a slice (NULL: all), made and read: `whole` is it; the error of either */
__attribute__((unused)) static int make(enum tensor_form form, enum tensor_dtype to, const char *slice, const char *column)
{
	struct sink_buf out;
	int rc;

	tensor_body_clear(&body);
	body = (struct tensor_body){ .set = set, .form = form, .column = column };
	if (!set)
		return ERR_NOTFOUND;
	buf_reset(&whole);
	whole.max = 16u << 20;
	sink_buf_start(&out, &whole);
	rc = tensor_find(set, span_of("", 0), &body.info);
	if (rc < 0)
		return rc;
	body.to = to == TENSOR_DTYPES ? body.info.dtype : to;
	if (slice)
		rc = tensor_slice_parse(&body.slice, span_str(slice), 0, body.info.rank, body.info.shape);
	else
		tensor_slice_all(&body.slice, body.info.rank, body.info.shape);
	if (rc == 0)
		rc = tensor_body_make(&body);
	if (rc == 0)
		rc = tensor_body_cat(&body, 0, UINT64_MAX, &out.sink, NULL, NULL);
	if (rc == 0 && form != TENSOR_FORM_JSON)
		CHECK(body.len == whole.len);
	return rc;
}

/* body_start - before anything else.  body_end - after the last. */
static void body_start(void)
{
	dir = unit_tmpdir();
	fill();
}

static void body_end(void)
{
	tensor_body_clear(&body);
	buf_clear(&whole);
	tensor_close(set);
	tensor_place_free(place);
}

#endif
