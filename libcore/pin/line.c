/* line.c - one line of the journal or the snapshot */
#include <stdio.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/num.h"
#include "pin/pin_priv.h"

enum { READ_AHEAD = 64 * 1024 };

/* ---- text to struct and back ---- */

static int add_name(struct buf *out, const char *name)
{
	int rc = 0;

	for (; rc == 0 && *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c < 0x20 || c == 0x7f || c == '%')
			rc = buf_printf(out, "%%%02X", c);
		else
			rc = buf_u8(out, c);
	}
	return rc;
}

int pin_line_format(struct pin_line *l, struct buf *out)
{
	char text[CID_TEXT_MAX] = "";
	size_t was = out->len;
	int change = l->op == PIN_SET || l->op == PIN_DROP, rc;

	if (change)
		cid_text(&l->cid, text);
	rc = buf_printf(out, "%llu\t%c\t%.*s\t%s\t", (unsigned long long)l->seq, l->op, change,
			l->mode == PIN_DIRECT ? "d" : "r", text);
	if (rc == 0 && change)
		rc = add_name(out, l->name);
	if (rc == 0 && l->op == PIN_END)
		rc = buf_printf(out, "%llu", (unsigned long long)l->count);
	if (rc == 0)
		rc = buf_u8(out, '\t');
	if (rc == 0) {
		l->crc = crc32c(0, span_of(out->data + was, out->len - was));
		rc = buf_printf(out, "%08x\n", l->crc);
	}
	if (rc < 0)
		out->len = was;
	return rc;
}

static int bad(const char *why)
{
	return err_set(ERR_CORRUPT, "a line of pins: %s", why);
}

static int hex(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* up to the next TAB; 0 when there is none */
static int field(struct span *rest, struct span *out)
{
	const uint8_t *tab = rest->len ? memchr(rest->p, '\t', rest->len) : NULL;

	if (!tab)
		return 0;
	*out = span_of(rest->p, (size_t)(tab - rest->p));
	*rest = span_of(tab + 1, rest->len - out->len - 1);
	return 1;
}

static int number(struct span text, uint64_t *n)
{
	char digits[24];

	if (text.len == 0 || text.len >= sizeof digits || (text.len > 1 && text.p[0] == '0'))
		return 0;
	memcpy(digits, text.p, text.len);
	digits[text.len] = 0;
	return num_parse(digits, n) == 0;
}

static int get_name(struct span text, char name[PIN_NAME_MAX + 1])
{
	size_t n = 0, i;

	for (i = 0; i < text.len; i++) {
		int c = text.p[i], hi, lo;

		if (c == '%') {
			if (text.len - i < 3)
				return 0;
			hi = hex(text.p[i + 1]);
			lo = hex(text.p[i + 2]);
			c = hi < 0 || lo < 0 ? 0 : hi << 4 | lo;
			i += 2;
		}
		if (c == 0 || n == PIN_NAME_MAX)
			return 0;
		name[n++] = (char)c;
	}
	name[n] = 0;
	return utf8_valid(span_of(name, n));
}

int pin_line_parse(struct span text, struct pin_line *l)
{
	struct span rest = text, seq, op, mode, cid, name;
	uint32_t crc = 0;
	int i;

	memset(l, 0, offsetof(struct pin_line, cid));
	l->cid.len = 0;
	l->count = 0;
	l->name[0] = 0;
	if (text.len < 8 || !field(&rest, &seq) || !field(&rest, &op) || !field(&rest, &mode) ||
	    !field(&rest, &cid) || !field(&rest, &name) || rest.len != 8)
		return bad("not six fields");
	for (i = 0; i < 8; i++) {
		if (hex(rest.p[i]) < 0 || (rest.p[i] >= 'A' && rest.p[i] <= 'F'))
			return bad("no checksum");
		crc = crc << 4 | (uint32_t)hex(rest.p[i]);
	}
	if (crc != crc32c(0, span_of(text.p, text.len - 8)))
		return bad("its checksum is of something else");
	l->crc = crc;
	if (!number(seq, &l->seq) || l->seq > PIN_SEQ_MAX || op.len != 1)
		return bad("number or operation");
	l->op = (char)op.p[0];
	switch (l->op) {
	case PIN_SET:
	case PIN_DROP:
		if (mode.len != 1 || (mode.p[0] != 'r' && mode.p[0] != 'd'))
			return bad("neither recursive nor direct");
		l->mode = mode.p[0] == 'r' ? PIN_RECURSIVE : PIN_DIRECT;
		if (!get_name(name, l->name))
			return bad("name");
		return cid_parse(cid, &l->cid, NULL) < 0 ? bad("CID") : 0;
	case PIN_BASE:
	case PIN_END:
		if (mode.len || cid.len || (l->op == PIN_END ? !number(name, &l->count) : name.len != 0))
			return bad("more than its number");
		return 0;
	default:
		return bad("unknown operation");
	}
}

/* ---- lines of a file ---- */

int pin_lines_begin(struct pin_lines *r, int fd, uint64_t from, uint64_t end, const char *what)
{
	*r = (struct pin_lines){ .fd = fd, .what = what, .off = from, .end = end };
	r->buf = malloc(READ_AHEAD);
	return r->buf ? 0 : err_nomem();
}

void pin_lines_end(struct pin_lines *r)
{
	free(r->buf);
	r->buf = NULL;
}

/* move what is left to the front and read on; 1, or 0 at the end */
static int refill(struct pin_lines *r)
{
	uint64_t at = r->off + r->have - r->pos, want;
	ssize_t n;

	memmove(r->buf, r->buf + r->pos, r->have - r->pos);
	r->have -= r->pos;
	r->pos = 0;
	want = READ_AHEAD - r->have;
	if (at >= r->end)
		return 0;
	if (want > r->end - at)
		want = r->end - at;
	n = io_pread(r->fd, r->buf + r->have, (size_t)want, at, r->what);
	if (n <= 0)
		return (int)n;
	r->have += (size_t)n;
	return 1;
}

int pin_lines_next(struct pin_lines *r, struct pin_line *l)
{
	for (;;) {
		size_t left = r->have - r->pos, len;
		const uint8_t *from = r->buf + r->pos;
		const uint8_t *lf = left ? memchr(from, '\n', left) : NULL;
		int rc, scrap = r->scrap;

		if (lf) {
			len = (size_t)(lf - from);
			r->pos += len + 1;
			r->off += len + 1;
			r->scrap = 0;
			if (scrap || len >= PIN_LINE_MAX || pin_line_parse(span_of(from, len), l) < 0)
				return PIN_LINE_BAD;
			return PIN_LINE_GOOD;
		}
		if (left >= PIN_LINE_MAX) {		/* no line is so long: look for its end */
			r->pos += left;
			r->off += left;
			r->scrap = 1;
		}
		rc = refill(r);
		if (rc <= 0)
			return rc < 0 ? rc : PIN_LINES_END;
	}
}
