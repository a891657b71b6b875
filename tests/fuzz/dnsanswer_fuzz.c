/* dnsanswer_fuzz - a packet from a name server, behind two bytes: its id is right and it may be about our name */
#include <stdlib.h>

#include "api/gateway/dns_priv.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "_dnslink.docs.ipfs.tech", "a.b" };
	struct dns_texts t = { .n = 0 };
	uint16_t id = size > 1 ? (uint16_t)(data[0] << 8 | data[1]) : 0;
	size_t i, bytes = 0;
	int n, rc;

	for (n = 0; n < 2; n++) {
		rc = dns_answer(span_of(data, size), id, names[n], &t);
		if ((rc == 1) != (t.n > 0 && rc >= 0) || rc > 2)
			abort();
		for (i = 0; rc == 1 && i < t.n && i < sizeof t.at / sizeof t.at[0]; i++)
			bytes += dns_text(&t, i).len;
		if (rc == 1 && bytes > 2 * DNS_TEXT_MAX)
			abort();
	}
	buf_clear(&t.text);
	return 0;
}
