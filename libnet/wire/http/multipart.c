/* multipart.c - read multipart bodies as they come (RFC 2046 5.1) */
#include "base/err.h"
#include "http_priv.h"
#include "multipart.h"

enum { ON_PREAMBLE, ON_PART_DATA, ON_DELIM, ON_DASH, ON_PADDING, ON_DELIM_LF, ON_PART_HEAD, ON_EPILOGUE, ON_FAULT };

static enum multipart_event bad(struct multipart *m, const char *why)
{
	m->why = why;
	m->state = ON_FAULT;
	return MULTIPART_BAD;
}

/* RFC 2046 5.1.1: 1 to 70 of bchars, the last one not a blank */
static int is_boundary(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		uint8_t c = s.p[i], l = http_lower(c);

		if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || (c && strchr("'()+_,-./:=? ", c))))
			return 0;
	}
	return s.len > 0 && s.len <= MULTIPART_BOUNDARY_MAX && s.p[s.len - 1] != ' ';
}

int multipart_start(struct multipart *m, struct span content_type)
{
	struct http_media type;
	struct span b;

	memset(m, 0, sizeof *m);
	if (!http_media_parse(content_type, &type) || type.type.len < 11 ||
	    !http_is(span_of(type.type.p, 10), "multipart/"))
		return err_set(ERR_INVALID, "the body is not multipart");
	if (!http_param(type.params, "boundary", &b) || !is_boundary(b))
		return err_set(ERR_INVALID, "the body has no valid boundary");
	memcpy(m->delim, "\r\n--", 4);
	memcpy(m->delim + 4, b.p, b.len);
	m->delim_len = 4 + b.len;
	m->match = m->unseen = 2;	/* a delimiter at the very beginning has no CRLF before it */
	return 0;
}

static enum multipart_event delimited(struct multipart *m)
{
	int before = m->state == ON_PREAMBLE;

	m->match = m->unseen = 0;
	m->state = ON_DELIM;
	return before ? MULTIPART_MORE : MULTIPART_PART_END;
}

/*
 * Up to the next delimiter.  m->match bytes of one were held back, but for the first m->unseen; CR stands only at the beginning
 * of a delimiter, so when it goes on differently, none of the bytes held back can begin another.
 */
static enum multipart_event take_data(struct multipart *m, struct span in, size_t *used, struct span *data)
{
	const uint8_t *p = in.p + *used, *hit;
	size_t left = in.len - *used, n;

	if (m->match) {
		for (n = 0; n < left && m->match < m->delim_len && p[n] == m->delim[m->match]; n++)
			m->match++;
		*used += n;
		if (m->match == m->delim_len)
			return delimited(m);
		if (n == left)
			return MULTIPART_MORE;
		/* it was data after all */
		*data = span_of(m->delim + m->unseen, m->match - m->unseen);
		m->match = m->unseen = 0;
		return data->len ? MULTIPART_DATA : MULTIPART_MORE;
	}
	hit = memmem(p, left, m->delim, m->delim_len);
	if (hit == p) {
		*used += m->delim_len;
		return delimited(m);
	}
	n = hit ? (size_t)(hit - p) : left;
	if (!hit) {				/* what may be the beginning of one is held back */
		size_t tail = left < m->delim_len ? left : m->delim_len - 1;
		const uint8_t *cr = memrchr(p + left - tail, '\r', tail);

		if (cr && memcmp(cr, m->delim, (size_t)(p + left - cr)) == 0) {
			m->match = (size_t)(p + left - cr);
			n -= m->match;
		}
	}
	*used += n + m->match;
	*data = span_of(p, n);
	return n ? MULTIPART_DATA : MULTIPART_MORE;
}

/* ---- the head of a part ---- */

static const char *disposition(struct multipart *m, struct span value)
{
	struct http_media d;

	if (m->name.p || m->filename.p)
		return "a part with more than one Content-Disposition";
	if (!http_media_parse(value, &d))
		return "a Content-Disposition that is malformed";
	http_param(d.params, "name", &m->name);
	http_param(d.params, "filename", &m->filename);
	return NULL;
}

static const char *type_of(struct multipart *m, struct span value)
{
	struct http_media t;

	if (m->type.p)
		return "a part with more than one Content-Type";
	m->type = value;
	if (value.len >= 10 && http_is(span_of(value.p, 10), "multipart/") &&
	    !(m->nested && http_media_parse(value, &t) && http_is(t.type, "multipart/form-data")))
		return "a part that has parts";
	return NULL;
}

/* RFC 7578 4.7 deprecates it; what would have to be decoded is refused rather than taken as it is */
static const char *coding_of(struct span value)
{
	return http_is(value, "binary") || http_is(value, "8bit") || http_is(value, "7bit") ? NULL :
	       "a part in a transfer encoding";
}

static const char *field_line(struct multipart *m, struct span line)
{
	const uint8_t *colon = memchr(line.p, ':', line.len);
	struct http_field *f;

	if (!colon || !http_is_token(span_of(line.p, (size_t)(colon - line.p))))
		return "a part with a field that has no name";
	if (m->n_fields == MULTIPART_FIELDS_MAX)
		return "a part with too many fields";
	f = &m->field[m->n_fields++];
	f->name = span_of(line.p, (size_t)(colon - line.p));
	f->value = http_trim(span_of(colon + 1, line.len - f->name.len - 1));
	if (!http_is_value(f->value))
		return "a byte in a field of a part that may not stand there";
	if (http_is(f->name, "content-disposition"))
		return disposition(m, f->value);
	if (http_is(f->name, "content-type"))
		return type_of(m, f->value);
	if (http_is(f->name, "content-transfer-encoding"))
		return coding_of(f->value);
	return NULL;
}

/* the head is read when all of it is there */
static enum multipart_event take_head(struct multipart *m, struct span in, size_t *used)
{
	const uint8_t *p = in.p + *used, *end = NULL, *nl;
	size_t left = in.len - *used, from = m->seen > 3 ? m->seen - 3 : 0;
	const char *why = NULL;

	if (left > MULTIPART_HEAD_MAX)
		left = MULTIPART_HEAD_MAX;
	if (left >= 2 && p[0] == '\r' && p[1] == '\n')
		end = p + 2;				/* no fields at all */
	else if (left > from && (end = memmem(p + from, left - from, "\r\n\r\n", 4)))
		end += 4;
	if (!end) {
		m->seen = left;
		return left < MULTIPART_HEAD_MAX ? MULTIPART_MORE : bad(m, "a part with a head without end");
	}
	m->seen = m->n_fields = 0;
	m->name = m->filename = m->type = span_of(NULL, 0);
	for (; !why && p < end - 2; p = nl + 2) {
		nl = memmem(p, (size_t)(end - p), "\r\n", 2);
		why = field_line(m, span_of(p, (size_t)(nl - p)));
	}
	if (why)
		return bad(m, why);
	*used = (size_t)(end - in.p);
	m->state = ON_PART_DATA;
	m->match = m->unseen = 2;		/* the CRLF before a delimiter may be that of the head */
	return MULTIPART_PART;
}

/* one byte of what follows the boundary */
static enum multipart_event after_boundary(struct multipart *m, uint8_t c)
{
	switch (m->state) {
	case ON_DELIM:
		if (c == '-') {
			m->state = ON_DASH;
			return MULTIPART_MORE;
		}
		m->state = ON_PADDING;
		/* fall through */
	case ON_PADDING:			/* RFC 2046 5.1.1: blanks a mail system put there */
		if (c == '\r')
			m->state = ON_DELIM_LF;
		else if (c != ' ' && c != '\t')
			return bad(m, "a boundary that does not end its line");
		return MULTIPART_MORE;
	case ON_DASH:
		if (c != '-')
			return bad(m, "a boundary that does not end its line");
		m->state = ON_EPILOGUE;
		return MULTIPART_END;
	default:
		if (c != '\n')
			return bad(m, "a boundary that does not end its line");
		m->state = ON_PART_HEAD;
		m->seen = 0;
		return MULTIPART_MORE;
	}
}

enum multipart_event multipart_next(struct multipart *m, struct span in, size_t *used, struct span *data)
{
	enum multipart_event e;
	size_t before;

	*used = 0;
	*data = span_of(NULL, 0);
	for (;;) {
		if (m->state == ON_FAULT)
			return MULTIPART_BAD;
		if (m->state == ON_EPILOGUE) {
			*used = in.len;
			return MULTIPART_END;
		}
		if (*used == in.len)
			return MULTIPART_MORE;
		before = *used;
		switch (m->state) {
		case ON_PREAMBLE:
			e = take_data(m, in, used, data);
			m->preamble += *used - before;
			if (m->preamble > MULTIPART_PREAMBLE_MAX)
				return bad(m, "no boundary where the first part should begin");
			if (e == MULTIPART_DATA)
				e = MULTIPART_MORE;
			*data = span_of(NULL, 0);
			break;
		case ON_PART_DATA:
			e = take_data(m, in, used, data);
			break;
		case ON_PART_HEAD:
			e = take_head(m, in, used);
			if (e == MULTIPART_MORE)
				return e;
			break;
		default:
			e = after_boundary(m, in.p[(*used)++]);
		}
		if (e != MULTIPART_MORE)
			return e;
	}
}
