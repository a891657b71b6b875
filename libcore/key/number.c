/* number.c - large integers between GMP and DER */
#include "key_priv.h"

enum { NUMBER_MAX = KEY_RSA_MAX / 8 + 8 };		/* bytes */

void number_set(mpz_t x, struct span s)
{
	nettle_mpz_set_str_256_u(x, s.len, s.p);
}

int number_put(struct buf *der, const mpz_t x)
{
	uint8_t bytes[NUMBER_MAX];
	size_t len = nettle_mpz_sizeinbase_256_u(x);
	int rc;

	if (len > sizeof bytes)
		return err_set(ERR_LIMIT, "too large for a key");
	nettle_mpz_get_str_256(len, bytes, x);
	rc = der_put_uint(der, span_of(bytes, len));
	explicit_bzero(bytes, sizeof bytes);
	return rc;
}

void number_wipe(mpz_t x)
{
	explicit_bzero(x->_mp_d, (size_t)x->_mp_alloc * sizeof *x->_mp_d);
	mpz_clear(x);
}

int number_sig_put(struct buf *sig, const mpz_t r, const mpz_t s)
{
	struct buf body = BUF_INIT(KEY_SIG_MAX);
	int rc = number_put(&body, r);

	if (rc == 0)
		rc = number_put(&body, s);
	if (rc == 0)
		rc = der_put(sig, DER_SEQ, buf_span(&body));
	buf_clear(&body);
	return rc;
}

int number_sig_get(struct span sig, mpz_t r, mpz_t s)
{
	struct rd out = rd_from(sig), in = der_enter(&out, DER_SEQ);
	struct span a = der_uint(&in), b = der_uint(&in);

	if (!rd_done(&in) || !rd_done(&out))
		return 0;
	number_set(r, a);
	number_set(s, b);
	return 1;
}
