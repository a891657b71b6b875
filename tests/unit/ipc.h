/*
 * ipc.h - read an Arrow IPC stream, strictly, and say what is in it.
 * Everything that the format or FlatBuffers' verifier asks is asked: framing, bounds, alignment, what a field points at.
 * Nothing of this is what the writer uses.
 */
#ifndef TESTS_IPC_H
#define TESTS_IPC_H

#include "base/rd.h"
#include "tests/unit/unit.h"

struct ipc {
	struct buf text;		/* a line a field, node, buffer */
	struct span body;		/* of the last batch */
	uint64_t rows;
	size_t n_buffers, n_nodes;
	struct { uint64_t off, len; } buffer[256];
	const char *bad;		/* what is wrong first */
	size_t tables;
};

#define IPC_BAD(c, why) do { if (!(c)->bad) (c)->bad = (why); } while (0)

static inline uint64_t ipc_num(struct ipc *c, struct span m, size_t at, size_t bytes)
{
	uint64_t v = 0;
	size_t i;

	if (at % bytes || at > m.len || m.len - at < bytes) {
		IPC_BAD(c, "a number out of bounds or place");
		return 0;
	}
	for (i = 0; i < bytes; i++)
		v |= (uint64_t)m.p[at + i] << (8 * i);
	return v;
}

static inline size_t ipc_follow(struct ipc *c, struct span m, size_t at)
{
	uint64_t v = ipc_num(c, m, at, 4);

	if (v == 0 || at + v >= m.len)
		IPC_BAD(c, "a reference that leads nowhere");
	return c->bad ? 0 : at + (size_t)v;
}

/* where field `slot` of the table at `at` is, `bytes` wide; 0: absent */
static inline size_t ipc_field(struct ipc *c, struct span m, size_t at, unsigned slot, size_t bytes)
{
	uint64_t back = ipc_num(c, m, at, 4), vtable, size, off;

	if (c->bad || back > at) {
		IPC_BAD(c, "no vtable");
		return 0;
	}
	vtable = ipc_num(c, m, at - back, 2);
	size = ipc_num(c, m, at - back + 2, 2);
	if (c->bad || vtable < 4 || vtable % 2 || at - back + vtable > m.len || size < 4 || at + size > m.len ||
	    c->tables++ > 1000000) {
		IPC_BAD(c, "a malformed vtable");
		return 0;
	}
	if (4 + 2 * slot >= vtable)
		return 0;
	off = ipc_num(c, m, at - back + 4 + 2 * slot, 2);
	if (off && (off < 4 || off + bytes > size || (at + off) % bytes))
		IPC_BAD(c, "a field out of its table or place");
	return c->bad || !off ? 0 : at + off;
}

static inline uint64_t ipc_get(struct ipc *c, struct span m, size_t at, unsigned slot, size_t bytes, uint64_t otherwise)
{
	size_t f = ipc_field(c, m, at, slot, bytes);

	return f ? ipc_num(c, m, f, bytes) : otherwise;
}

static inline struct span ipc_string(struct ipc *c, struct span m, size_t at, unsigned slot)
{
	size_t f = ipc_field(c, m, at, slot, 4), s = f ? ipc_follow(c, m, f) : 0;
	uint64_t len = s ? ipc_num(c, m, s, 4) : 0;

	if (s && (s + 4 + len >= m.len || m.p[s + 4 + len] != 0))
		IPC_BAD(c, "a string without its end");
	return s && !c->bad ? span_of(m.p + s + 4, (size_t)len) : span_of("", 0);
}

/* where the items of a vector begin, and their number; 0: absent */
static inline size_t ipc_vector(struct ipc *c, struct span m, size_t at, unsigned slot, size_t size, size_t align, uint64_t *n)
{
	size_t f = ipc_field(c, m, at, slot, 4), v = f ? ipc_follow(c, m, f) : 0;

	*n = v ? ipc_num(c, m, v, 4) : 0;
	if (v && ((v + 4) % align || *n > (m.len - v - 4) / size))
		IPC_BAD(c, "a vector out of bounds or place");
	return v && !c->bad ? v + 4 : 0;
}

static inline void ipc_pairs(struct ipc *c, struct span m, size_t at, unsigned slot)
{
	uint64_t n, i;
	size_t v = ipc_vector(c, m, at, slot, 4, 4, &n), t;

	for (i = 0; !c->bad && i < n; i++) {
		struct span key, value;

		t = ipc_follow(c, m, v + 4 * i);
		key = ipc_string(c, m, t, 0);
		value = ipc_string(c, m, t, 1);
		buf_printf(&c->text, " {%.*s=%.*s}", (int)key.len, (const char *)key.p, (int)value.len, (const char *)value.p);
	}
}

static inline void ipc_type(struct ipc *c, struct span m, unsigned type, size_t t)
{
	static const char *const name[] = { "none", "null", "int", "float", "binary", "utf8", "bool", "decimal", "date", "time",
		"timestamp", "interval", "list", "struct", "union", "fixed_binary", "fixed_list", "map", "duration",
		"large_binary", "large_utf8", "large_list" };
	struct span zone;

	if (type == 0 || type >= sizeof name / sizeof *name) {
		IPC_BAD(c, "an unknown type");
		return;
	}
	buf_str(&c->text, type == 2 && !ipc_get(c, m, t, 1, 1, 0) ? "uint" : name[type]);
	switch (type) {
	case 2:
	case 15:
	case 16:
		buf_printf(&c->text, "(%d)", (int)ipc_get(c, m, t, 0, 4, 0));
		break;
	case 3:
		buf_printf(&c->text, "(%d)", 16 << ipc_get(c, m, t, 0, 2, 0));
		break;
	case 8:
		buf_printf(&c->text, "(%d)", (int)ipc_get(c, m, t, 0, 2, 1));
		break;
	case 10:
		zone = ipc_string(c, m, t, 1);
		buf_printf(&c->text, "(%d%s%.*s)", (int)ipc_get(c, m, t, 0, 2, 0), zone.len ? " " : "", (int)zone.len,
			   (const char *)zone.p);
		break;
	default:
		ipc_get(c, m, t, 0, 1, 0);	/* for its vtable */
	}
}

static inline void ipc_fields(struct ipc *c, struct span m, size_t at, unsigned slot, int depth)
{
	uint64_t n, i;
	size_t v = ipc_vector(c, m, at, slot, 4, 4, &n), t, type;

	if (!v || depth > 30)
		IPC_BAD(c, "no list of fields, or too deep");
	for (i = 0; !c->bad && i < n; i++) {
		struct span name;

		t = ipc_follow(c, m, v + 4 * i);
		name = ipc_string(c, m, t, 0);
		buf_printf(&c->text, "%*s%.*s%s ", depth + 1, "", (int)name.len, (const char *)name.p,
			   ipc_get(c, m, t, 1, 1, 0) ? "?" : "");
		type = ipc_field(c, m, t, 3, 4);
		type = type ? ipc_follow(c, m, type) : 0;
		if (!type || ipc_field(c, m, t, 4, 4))
			IPC_BAD(c, "no type, or a dictionary");
		else
			ipc_type(c, m, (unsigned)ipc_get(c, m, t, 2, 1, 0), type);
		ipc_pairs(c, m, t, 6);
		buf_str(&c->text, "\n");
		ipc_fields(c, m, t, 5, depth + 1);
	}
}

static inline void ipc_schema(struct ipc *c, struct span m, size_t t)
{
	if (ipc_get(c, m, t, 0, 2, 0) != 0)
		IPC_BAD(c, "not little-endian");
	buf_str(&c->text, "schema");
	ipc_pairs(c, m, t, 2);
	buf_str(&c->text, "\n");
	ipc_fields(c, m, t, 1, 0);
}

static inline void ipc_batch(struct ipc *c, struct span m, size_t t)
{
	uint64_t n, i, end = 0;
	size_t v;

	c->rows = ipc_get(c, m, t, 0, 8, 0);
	buf_printf(&c->text, "batch %" PRIu64 " nodes", c->rows);
	v = ipc_vector(c, m, t, 1, 16, 8, &n);
	c->n_nodes = (size_t)n;
	for (i = 0; !c->bad && i < n; i++)
		buf_printf(&c->text, " %" PRIu64 ",%" PRIu64, ipc_num(c, m, v + 16 * i, 8), ipc_num(c, m, v + 16 * i + 8, 8));
	buf_str(&c->text, " buffers");
	v = ipc_vector(c, m, t, 2, 16, 8, &n);
	c->n_buffers = (size_t)n;
	for (i = 0; !c->bad && i < n && i < 256; i++) {
		uint64_t off = ipc_num(c, m, v + 16 * i, 8), len = ipc_num(c, m, v + 16 * i + 8, 8);

		c->buffer[i].off = off;
		c->buffer[i].len = len;
		if (off % 8 || off < end || off > c->body.len || len > c->body.len - off)
			IPC_BAD(c, "a buffer out of the body or place");
		end = off + len;
		buf_printf(&c->text, " %" PRIu64 "+%" PRIu64, off, len);
	}
	if (ipc_field(c, m, t, 3, 4))
		IPC_BAD(c, "compressed");
	buf_printf(&c->text, " body %zu\n", c->body.len);
}

/* one message; 1, or 0 at the end of the stream */
static inline int ipc_message(struct ipc *c, struct rd *r)
{
	uint32_t mark = rd_le32(r), size = rd_le32(r);
	struct span m;
	uint64_t body, header;
	size_t root, t;

	if (!rd_ok(r) || mark != 0xffffffff || size % 8 || size < 8) {
		if (mark != 0xffffffff || size)
			IPC_BAD(c, "no message begins here");
		else
			buf_str(&c->text, "end\n");
		return 0;
	}
	m = rd_bytes(r, size);
	if (!rd_ok(r)) {
		IPC_BAD(c, "a message ends early");
		return 0;
	}
	root = ipc_follow(c, m, 0);
	if (ipc_get(c, m, root, 0, 2, 0) != 4)
		IPC_BAD(c, "not V5");
	header = ipc_get(c, m, root, 1, 1, 0);
	t = ipc_field(c, m, root, 2, 4);
	t = t ? ipc_follow(c, m, t) : 0;
	body = ipc_get(c, m, root, 3, 8, 0);
	c->body = rd_bytes(r, body);
	if (body % 8 || !rd_ok(r))
		IPC_BAD(c, "a body that ends early or is not padded");
	if (c->bad)
		return 0;
	if (header == 1)
		ipc_schema(c, m, t);
	else if (header == 3)
		ipc_batch(c, m, t);
	else
		IPC_BAD(c, "an unknown message");
	return !c->bad;
}

/* ipc_read - 0, or -1 and c->bad.  The stream has one batch at least to be asked for its buffers. */
__attribute__((unused)) static int ipc_read(struct ipc *c, struct span stream)
{
	struct rd r = rd_from(stream);

	buf_reset(&c->text);
	c->text.max = 1 << 20;
	c->bad = NULL;
	c->tables = 0;
	while (ipc_message(c, &r))
		;
	if (!c->bad && !rd_done(&r))
		c->bad = "something behind the end";
	return c->bad ? -1 : 0;
}

__attribute__((unused)) static struct span ipc_buffer(const struct ipc *c, size_t i)
{
	return i < c->n_buffers ? span_of(c->body.p + c->buffer[i].off, (size_t)c->buffer[i].len) : span_of("", 0);
}

#endif
