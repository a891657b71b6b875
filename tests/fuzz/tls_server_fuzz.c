/* tls_server_fuzz - bytes from a client in pieces; what is held for it stays bounded */
#include <stdlib.h>

#include "wire/tls/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const alpn[] = { "h2", "http/1.1", NULL };
	static struct tls_creds *creds;
	struct buf cert = BUF_INIT(1 << 16), key = BUF_INIT(1 << 16);
	uint8_t plain[1000], ticket[TLS_TICKET_KEY] = { 1 };
	struct tls *t;
	size_t n;
	int rc = 0;

	if (!creds) {
		if (tls_self_signed("h.example", &cert, &key) < 0 ||
		    tls_creds_pem(&creds, buf_span(&cert), buf_span(&key), span_of(NULL, 0)) < 0)
			abort();
		tls_creds_tickets(creds, ticket);
		buf_clear(&cert);
		buf_clear(&key);
	}
	if (tls_new(&t, creds, alpn) < 0)
		return 0;
	while (rc >= 0 && len) {
		n = (size_t)data[0] % 64 + 1;
		if (n > len)
			n = len;
		n = tls_feed(t, span_of(data, n));
		if (n == 0)
			break;
		data += n;
		len -= n;
		rc = tls_shake(t);
		if (rc == 1)
			rc = (int)tls_read(t, plain, sizeof plain);
		if (tls_out(t).len > TLS_OUT_MAX)
			abort();
		tls_sent(t, tls_out(t).len);
	}
	tls_eof(t);
	if (rc >= 0 && tls_shake(t) == 1 && tls_write(t, "x", 1) < 0)
		abort();
	tls_bye(t);
	tls_free(t);
	return 0;
}
