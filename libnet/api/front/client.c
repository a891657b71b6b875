/* client.c - who asks: an address, behind proxies we trust the one they were told (ipfrs-http-v1 8.2) */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/err.h"
#include "base/num.h"
#include "front_priv.h"

enum { TEXT_MAX = 80 };

/* An IPv4 address is the IPv6 address that stands for it (RFC 4291 2.5.5.2).  Ports, brackets and zones are passed over:
 * proxies write all of them.  1, or 0: it is no address. */
static int parse(struct span s, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	const uint8_t *end;
	char text[TEXT_MAX];

	if (s.len && s.p[0] == '[') {
		end = memchr(s.p, ']', s.len);
		s = end ? span_of(s.p + 1, (size_t)(end - s.p) - 1) : span_of(s.p, 0);
	} else {
		end = s.len ? memchr(s.p, ':', s.len) : NULL;
		if (end && !memchr(end + 1, ':', s.len - (size_t)(end + 1 - s.p)))
			s.len = (size_t)(end - s.p);
	}
	end = s.len ? memchr(s.p, '%', s.len) : NULL;
	if (end)
		s.len = (size_t)(end - s.p);
	if (!s.len || s.len >= sizeof text)
		return 0;
	memcpy(text, s.p, s.len);
	text[s.len] = 0;
	memcpy(out, mapped, sizeof mapped);
	return inet_pton(AF_INET, text, out + 12) == 1 || inet_pton(AF_INET6, text, out) == 1;
}

static int is_v4(const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	return !memcmp(a, mapped, sizeof mapped);
}

/* "192.0.2.0/24", "2001:db8::1": 1 and how many bits count, or 0 */
static int network(struct span word, uint8_t out[16], unsigned *bits)
{
	const uint8_t *slash = word.len ? memchr(word.p, '/', word.len) : NULL;
	size_t n = slash ? (size_t)(slash - word.p) : word.len, left = slash ? word.len - n - 1 : 0;
	uint64_t v = 128;
	char text[4];
	int colon;

	if (!parse(span_of(word.p, n), out))
		return 0;
	colon = memchr(word.p, ':', n) != NULL;
	if (slash) {
		if (left >= sizeof text)
			return 0;
		memcpy(text, slash + 1, left);
		text[left] = 0;
		if (num_parse(text, &v) < 0 || v > (colon ? 128 : 32))
			return 0;
		v += colon ? 0 : 96;
	}
	*bits = (unsigned)v;
	return 1;
}

static int within(const uint8_t a[16], const uint8_t net[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return !memcmp(a, net, whole) && (!rest || !((a[whole] ^ net[whole]) >> (8 - rest)));
}

/* a client of a unix socket has no address: its word is "unix" */
static int trusted(struct span words, struct span who)
{
	uint8_t a[16], net[16];
	int has = parse(who, a);
	unsigned bits;
	struct span w;

	while (front_word(&words, &w))
		if (span_equal(w, who) || (has && network(w, net, &bits) && within(a, net, bits)))
			return 1;
	return 0;
}

int trusted_check(struct span words)
{
	uint8_t net[16];
	unsigned bits;
	struct span w;

	while (front_word(&words, &w))
		if (!span_equal(w, span_str("unix")) && !network(w, net, &bits))
			return err_set(ERR_USAGE, "rate.trusted: '%.*s' is no address and no network",
				       (int)(w.len < 80 ? w.len : 80), (const char *)w.p);
	return 0;
}

/* the last of a list with commas, which becomes shorter: 1, or 0 */
static int last_of(struct span *list, struct span *word)
{
	size_t n = list->len, from;

	if (!n)
		return 0;
	while (n && (list->p[n - 1] == ' ' || list->p[n - 1] == ',' || list->p[n - 1] == '\t'))
		n--;
	for (from = n; from && list->p[from - 1] != ' ' && list->p[from - 1] != ',' && list->p[from - 1] != '\t'; from--)
		;
	*word = span_of(list->p + from, n - from);
	list->len = from;
	return n > from;
}

/* From the nearest on: as long as those who say so are trusted, what they say counts, if it is an address. */
struct span client_key(const struct front *f, struct span peer, struct span forwarded, uint8_t room[16])
{
	struct span who = peer, told;
	uint8_t a[16];

	while (f->trusted.len && trusted(f->trusted, who) && last_of(&forwarded, &told) && parse(told, a))
		who = told;
	if (!parse(who, a))
		return who;
	memcpy(room, a, sizeof a);
	return span_of(room, is_v4(a) ? 16 : 8);
}
