/* accept.c - what a client likes best of what there is (RFC 9110 12.5.1, 12.5.3) */
#include "http_priv.h"
#include "field.h"

/* how closely a range names a type: 3 the type itself, 2 "text/" and a star, 1 both stars, 0 another */
static int closeness(struct span range, const char *type)
{
	const char *slash = strchr(type, '/');
	size_t major = slash ? (size_t)(slash - type) + 1 : 0;

	if (http_is(range, type))
		return 3;
	if (range.len == 3 && memcmp(range.p, "*/*", 3) == 0)
		return 1;
	if (major && range.len == major + 1 && range.p[major] == '*') {
		size_t i;

		for (i = 0; i < major; i++)
			if (http_lower(range.p[i]) != (uint8_t)type[i])
				return 0;
		return 2;
	}
	return 0;
}

int http_accept_q(struct span accept, const char *type)
{
	int best = 0, q = 0, any = 0, close;
	struct http_media m;

	while (http_media_next(&accept, &m)) {
		any = 1;
		close = closeness(m.type, type);
		/* the same range twice, with other parameters: the kinder one */
		if (close > best || (close && close == best && m.q > q)) {
			best = close;
			q = m.q;
		}
	}
	return any ? q : 1000;		/* nothing was said: anything is welcome */
}

int http_accept_pick(struct span accept, const char *const *offers, size_t n)
{
	int best = -1, best_q = 0, q;
	size_t i;

	for (i = 0; i < n; i++) {
		q = http_accept_q(accept, offers[i]);
		if (q > best_q) {
			best = (int)i;
			best_q = q;
		}
	}
	return best;
}

/* RFC 9110 8.4.1.3: x-gzip is gzip */
static int is_coding(struct span said, const char *coding)
{
	return http_is(said, coding) || (http_is(said, "x-gzip") && strcmp(coding, "gzip") == 0);
}

/* -1: not mentioned, not even by "*" */
static int coding_q(struct span accept, const char *coding)
{
	struct http_media m;
	int q = -1, star = -1;

	while (http_media_next(&accept, &m)) {
		if (is_coding(m.type, coding) && m.q > q)
			q = m.q;
		else if (m.type.len == 1 && m.type.p[0] == '*' && m.q > star)
			star = m.q;
	}
	return q >= 0 ? q : star;
}

int http_coding_pick(struct span accept_encoding, const char *const *offers, size_t n)
{
	struct span rest = accept_encoding;
	struct http_media m;
	int plain = -1, best = -1, best_q = 0, q;
	size_t i;

	while (http_media_next(&rest, &m))
		if (http_is(m.type, "identity") && m.q > plain)
			plain = m.q;
	for (i = 0; i < n; i++) {
		q = coding_q(accept_encoding, offers[i]);
		if (q > best_q) {
			best = (int)i;
			best_q = q;
		}
	}
	/* identity is acceptable unless refused, but only preferred when it is named */
	if (best >= 0 && best_q >= plain)
		return best;
	return plain == 0 || (plain < 0 && coding_q(accept_encoding, "identity") == 0) ? -2 : -1;
}
