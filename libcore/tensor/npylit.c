/* npylit.c - words of the Python literal in the head of an .npy: no expressions, no comments */
#include "base/err.h"
#include "base/utf8.h"
#include "npy_priv.h"

int npy_lit_bad(const struct npy_lit *l, const char *want)
{
	return err_set(ERR_INVALID, "InvalidHeaderDeserialization: %s at byte %zu of the dictionary", want,
		       (size_t)(l->p - l->start));
}

char npy_lit_peek(struct npy_lit *l)
{
	while (l->p < l->end && (*l->p == ' ' || *l->p == '\t' || *l->p == '\n' || *l->p == '\r' || *l->p == '\f'))
		l->p++;
	return l->p < l->end ? *l->p : 0;
}

int npy_lit_take(struct npy_lit *l, char c)
{
	if (npy_lit_peek(l) != c || l->p == l->end)
		return 0;
	l->p++;
	return 1;
}

int npy_lit_need(struct npy_lit *l, char c)
{
	char want[] = "no ' '";

	if (npy_lit_take(l, c))
		return 0;
	want[4] = c;
	return npy_lit_bad(l, want);
}

int npy_lit_comma(struct npy_lit *l, char close)
{
	if (npy_lit_take(l, close))
		return 0;
	if (!npy_lit_take(l, ','))
		return npy_lit_bad(l, "no comma");
	return !npy_lit_take(l, close);
}

int npy_utf8(struct buf *out, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	for (i = n - 1; i > 0; i--, c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
	return buf_bytes(out, b, n);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* as many digits as the escape wants */
static int escaped_hex(struct npy_lit *l, int n, struct buf *out)
{
	uint32_t c = 0;

	while (n--) {
		if (l->p == l->end || hex(*l->p) < 0)
			return npy_lit_bad(l, "bad escape");
		c = c << 4 | (uint32_t)hex(*l->p++);
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return npy_lit_bad(l, "no character");
	return npy_utf8(out, c);
}

static int escaped_octal(struct npy_lit *l, struct buf *out)
{
	uint32_t c = 0;
	int n;

	for (n = 0; n < 3 && l->p < l->end && *l->p >= '0' && *l->p <= '7'; n++)
		c = c << 3 | (uint32_t)(*l->p++ - '0');
	return npy_utf8(out, c);
}

static int escaped(struct npy_lit *l, struct buf *out)
{
	static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
	const char *at;
	char c;

	if (l->p == l->end)
		return npy_lit_bad(l, "no end of the string");
	c = *l->p;
	if (c >= '0' && c <= '7')
		return escaped_octal(l, out);
	l->p++;
	if (c == 'x' || c == 'u' || c == 'U')
		return escaped_hex(l, c == 'x' ? 2 : c == 'u' ? 4 : 8, out);
	at = c ? strchr(from, c) : NULL;
	if (!at)
		return npy_lit_bad(l, "bad escape");
	return buf_u8(out, (uint8_t)to[at - from]);
}

/* one character of a string, or of what a string cannot hold */
static int plain(struct npy_lit *l, struct buf *out)
{
	size_t n;

	if (*l->p == '\n' || *l->p == '\r' || !*l->p)
		return npy_lit_bad(l, "no end of the string");
	if (l->latin1)
		return npy_utf8(out, (uint8_t)*l->p++);
	n = utf8_len(span_of(l->p, (size_t)(l->end - l->p)));
	if (!n)
		return err_set(ERR_INVALID, "InvalidHeader: the head is not UTF-8");
	l->p += n;
	return buf_bytes(out, l->p - n, n);
}

int npy_lit_str(struct npy_lit *l, struct buf *out)
{
	char quote = npy_lit_peek(l);
	int rc = 0;

	buf_reset(out);
	if (quote != '\'' && quote != '"')
		return npy_lit_bad(l, "no string");
	for (l->p++; rc == 0; ) {
		if (l->p == l->end)
			return npy_lit_bad(l, "no end of the string");
		if (*l->p == quote) {
			l->p++;
			break;
		}
		if (*l->p == '\\') {
			l->p++;
			rc = escaped(l, out);
		} else {
			rc = plain(l, out);
		}
	}
	/* two strings side by side would be one */
	if (rc == 0 && (npy_lit_peek(l) == '\'' || npy_lit_peek(l) == '"'))
		return npy_lit_bad(l, "two strings");
	return rc;
}

int npy_lit_uint(struct npy_lit *l, uint64_t *v)
{
	const char *first;

	if (npy_lit_peek(l) == '-')
		return npy_lit_bad(l, "a negative number");
	for (first = l->p, *v = 0; l->p < l->end && *l->p >= '0' && *l->p <= '9'; l->p++)
		if (__builtin_mul_overflow(*v, (uint64_t)10, v) ||
		    __builtin_add_overflow(*v, (uint64_t)(*l->p - '0'), v))
			return err_set(ERR_INVALID, "ValidationOverflow: a length of over 64 bits");
	if (l->p == first)
		return npy_lit_bad(l, "no number");
	if (*first == '0' && *v)
		return npy_lit_bad(l, "a number that begins with 0");
	if (l->latin1 && l->p < l->end && *l->p == 'L')		/* a long of Python 2 */
		l->p++;
	return 0;
}

/* `word` and no letter behind it */
static int word(struct npy_lit *l, const char *w)
{
	size_t n = strlen(w);

	npy_lit_peek(l);
	if ((size_t)(l->end - l->p) < n || memcmp(l->p, w, n))
		return 0;
	if ((size_t)(l->end - l->p) > n && strchr(" \t\r\n\f,}", l->p[n]) == NULL)
		return 0;
	l->p += n;
	return 1;
}

int npy_lit_bool(struct npy_lit *l, int *v)
{
	*v = word(l, "True");
	return *v || word(l, "False") ? 0 : npy_lit_bad(l, "neither True nor False");
}

int npy_lit_shape(struct npy_lit *l, unsigned *rank, uint64_t shape[TENSOR_RANK_MAX])
{
	int rc = npy_lit_need(l, '(');

	*rank = 0;
	if (rc < 0 || npy_lit_take(l, ')'))
		return rc;
	do {
		if (*rank == TENSOR_RANK_MAX)
			return err_set(ERR_LIMIT, "more than %d dimensions", TENSOR_RANK_MAX);
		rc = npy_lit_uint(l, &shape[*rank]);
		if (rc < 0)
			return rc;
		++*rank;
		if (*rank == 1 && npy_lit_peek(l) == ')')	/* (5) is a number, (5,) a tuple */
			return npy_lit_bad(l, "no tuple");
		rc = npy_lit_comma(l, ')');
	} while (rc == 1);
	return rc;
}
