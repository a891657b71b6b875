/* private.c - private keys: from bytes and to bytes, made, used, forgotten */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "key_priv.h"

void key_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_clear(b);
}

int key_secret_init(struct buf *b, size_t room)
{
	buf_init(b, room);
	return buf_reserve(b, room);
}

int key_random(uint8_t *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys("reading random bytes");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

void key_random_fn(void *ctx, size_t len, uint8_t *p)
{
	int *rc = ctx, now = key_random(p, len);

	if (now < 0) {
		memset(p, 1, len);	/* the caller throws away what comes of it */
		*rc = now;
	}
}

void key_free(struct key *k)
{
	if (!k)
		return;
	key_wipe(&k->secret);
	buf_clear(&k->public_pb);
	free(k);
}

/* a key that cannot make signatures which its public half accepts is none */
static int works(const struct key *k, const struct key_kind *kind, struct span data)
{
	static const char text[] = "does it fit?";
	struct span part = span_of(text, sizeof text - 1);
	struct buf sig = BUF_INIT(KEY_SIG_MAX);
	int rc = kind->sign(buf_span(&k->secret), &part, 1, &sig);

	if (rc == 0)
		rc = kind->verify(data, &part, 1, buf_span(&sig));
	buf_clear(&sig);
	return rc == 1 ? 0 : rc < 0 && rc != ERR_CORRUPT ? rc :
	       err_set(ERR_INVALID, "private key: its halves do not fit");
}

int key_make(enum key_type t, struct span secret, struct key **out)
{
	const struct key_kind *kind = key_kind(t);
	struct buf data = BUF_INIT(KEY_PUBLIC_MAX);
	struct key *k = calloc(1, sizeof *k);
	int rc;

	if (!k)
		return err_nomem();
	k->type = t;
	buf_init(&k->public_pb, KEY_PUBLIC_MAX);
	rc = key_secret_init(&k->secret, KEY_PRIVATE_MAX);
	if (rc == 0)
		rc = kind->open(secret, &k->secret, &data);
	if (rc == 0)
		rc = works(k, kind, buf_span(&data));
	if (rc == 0)
		rc = key_public_encode(&(struct key_public){ t, buf_span(&data) }, &k->public_pb);
	if (rc == 0)
		rc = key_id(buf_span(&k->public_pb), &k->id);
	buf_clear(&data);
	if (rc < 0)
		key_free(k);
	else
		*out = k;
	return rc;
}

int key_decode(struct span pb, struct key **k)
{
	struct rd r = rd_from(pb);
	struct span data;
	uint64_t type, len;

	if (pb.len > KEY_PRIVATE_MAX)
		return err_set(ERR_INVALID, "private key: over %d bytes", KEY_PRIVATE_MAX);
	if (rd_u8(&r) != 0x08)
		rd_fail(&r, "it does not begin with a type");
	type = rd_uvarint(&r);
	if (rd_u8(&r) != 0x12)
		rd_fail(&r, "no data behind the type");
	len = rd_uvarint(&r);
	data = rd_bytes(&r, len);
	if (!rd_done(&r))
		return err_set(ERR_INVALID, "private key: %s", r.bad ? r.bad : "bytes behind its end");
	if (type > KEY_ECDSA)
		return err_set(ERR_UNSUPPORTED, "private key: type %llu is not known", (unsigned long long)type);
	return key_make((enum key_type)type, data, k);
}

int key_encode(const struct key *k, struct buf *pb)
{
	struct key_public as = { k->type, buf_span(&k->secret) };
	int rc = buf_reserve(pb, k->secret.len + 16);

	return rc == 0 ? key_public_encode(&as, pb) : rc;
}

int key_generate(enum key_type t, unsigned bits, struct key **k)
{
	const struct key_kind *kind = key_kind(t);
	struct buf secret;
	int rc = key_secret_init(&secret, KEY_PRIVATE_MAX);

	if (rc == 0)
		rc = kind ? kind->generate(bits, &secret) : err_set(ERR_USAGE, "no such type of key");
	if (rc == 0)
		rc = key_make(t, buf_span(&secret), k);
	key_wipe(&secret);
	return rc;
}

enum key_type key_type(const struct key *k)
{
	return k->type;
}

struct span key_public_pb(const struct key *k)
{
	return buf_span(&k->public_pb);
}

const struct cid *key_name(const struct key *k)
{
	return &k->id;
}

int key_sign(const struct key *k, const struct span *parts, int n, struct buf *sig)
{
	if (n < 0 || n > KEY_PARTS_MAX)
		return err_set(ERR_USAGE, "too many parts to sign");
	return key_kind(k->type)->sign(buf_span(&k->secret), parts, n, sig);
}
