/* path.c - paths as they come in, and paths and names as they go out */
#include "base/err.h"
#include "gateway_priv.h"

/* RFC 3986 5.2.4, on decoded text: append the segment behind the last slash of `out` (from `base` on). */
static int put_segment(struct buf *out, size_t base, struct span seg, int last)
{
	int rc;

	if (seg.len == 0 || (seg.len == 1 && seg.p[0] == '.'))
		return 0;
	if (seg.len == 2 && seg.p[0] == '.' && seg.p[1] == '.') {
		if (out->len - base <= 1)
			return err_set(ERR_INVALID, "the path climbs out of its root");
		do
			out->len--;
		while (out->data[out->len - 1] != '/');
		out->data[out->len] = 0;
		return 0;
	}
	rc = buf_add(out, seg);
	return rc < 0 || last ? rc : buf_u8(out, '/');
}

static int clean(struct span s, struct buf *out)
{
	size_t base = out->len, n;
	const uint8_t *slash;
	int rc = buf_u8(out, '/');

	while (rc == 0 && s.len) {
		slash = memchr(s.p, '/', s.len);
		n = slash ? (size_t)(slash - s.p) : s.len;
		rc = put_segment(out, base, span_of(s.p, n), !slash);
		n += slash != NULL;
		s = span_of(s.p + n, s.len - n);
	}
	return rc;
}

int gw_clean(struct span raw, struct buf *out)
{
	struct buf plain = BUF_INIT(GW_PATH_MAX);
	size_t was = out->len;
	int rc;

	if (raw.len == 0 || raw.p[0] != '/')
		return err_set(ERR_INVALID, "a path begins with a slash");
	rc = http_unescape(raw, 0, &plain);
	if (rc == 0)
		rc = clean(buf_span(&plain), out);
	if (rc < 0 && out->data) {
		out->len = was;
		out->data[was] = 0;
	}
	buf_clear(&plain);
	return rc;
}

static int stays(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-_.~$&+,/:;=@", c));
}

int gw_escape(struct buf *out, struct span path)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, run = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < path.len; i++) {
		uint8_t c = path.p[i];
		char esc[3] = { '%', hex[c >> 4], hex[c & 15] };

		if (stays(c))
			continue;
		rc = buf_add(out, span_of(path.p + run, i - run));
		if (rc == 0)
			rc = buf_bytes(out, esc, 3);
		run = i + 1;
	}
	return rc == 0 && run < path.len ? buf_add(out, span_of(path.p + run, path.len - run)) : rc;
}

/* RFC 3629: no overlong forms, no surrogates, at most U+10FFFF */
int gw_rune(struct span *s, uint32_t *rune)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t c = s->p[0];
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0, i;
	uint32_t r = n < 2 ? c : c & (0x7fu >> n);

	for (i = 1; i < n; i++) {
		if (i >= s->len || (s->p[i] & 0xc0) != 0x80) {
			n = 0;
			break;
		}
		r = r << 6 | (s->p[i] & 0x3f);
	}
	if (n > 1 && (r < least[n] || r > 0x10ffff || (r >= 0xd800 && r < 0xe000)))
		n = 0;
	*rune = n ? r : c;
	*s = span_of(s->p + (n ? n : 1), s->len - (n ? n : 1));
	return n > 0;
}

/* Characters that are not seen, or turn the line around (Unicode 9.1 "Bidirectional Ordering Controls"). */
static int unseen(uint32_t r)
{
	return (r >= 0x7f && r < 0xa0) || r == 0x200e || r == 0x200f || (r >= 0x2028 && r <= 0x202e) ||
	       (r >= 0x2066 && r <= 0x2069) || r == 0xfeff;
}

static const char *reference(uint32_t r)
{
	switch (r) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&#34;";
	case '\'': return "&#39;";
	}
	return NULL;
}

int gw_html(struct buf *out, struct span text)
{
	uint32_t r;
	int rc = 0;

	while (rc == 0 && text.len) {
		const uint8_t *from = text.p;
		int good = gw_rune(&text, &r);
		const char *ref = good ? reference(r) : NULL;

		if (ref)
			rc = buf_str(out, ref);
		else if (good && r < 0x20)	/* U+2400: the pictures of the controls */
			rc = buf_printf(out, "\xe2\x90%c", (int)(0x80 + r));
		else if (!good || unseen(r))
			rc = buf_str(out, "\xef\xbf\xbd");
		else
			rc = buf_bytes(out, from, (size_t)(text.p - from));
	}
	return rc;
}
