/* codecname.c - multicodec names and numbers as people write them */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "multi/cid.h"
#include "multi/multicodec.h"

#define PRIVATE_FIRST 0x300000u
#define PRIVATE_LAST 0x3fffffu

const char *codec_name(uint64_t code)
{
	const struct multicodec *m = multicodec_find(code);

	return m ? m->name : NULL;
}

/* decimal, 0x, 0o or 0b, the whole of `text`; 1 if it is such a number below 2^63 */
static int number(const char *text, uint64_t *out)
{
	uint64_t v = 0, base = 10, digit;
	const char *p = text;

	if (p[0] == '0' && p[1]) {
		int c = p[1] | 0x20;

		base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
		p += 2;
	}
	if (base == 0 || !*p)
		return 0;
	for (; *p; p++) {
		if (*p >= '0' && *p <= '9')
			digit = (uint64_t)(*p - '0');
		else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')
			digit = (uint64_t)((*p | 0x20) - 'a' + 10);
		else
			return 0;
		if (digit >= base || v > (INT64_MAX - digit) / base)
			return 0;
		v = v * base + digit;
	}
	*out = v;
	return 1;
}

int codec_by_name(const char *text, uint64_t *code)
{
	const struct multicodec *m;
	uint64_t v;
	int i;

	if (number(text, &v) &&
	    ((v >= PRIVATE_FIRST && v <= PRIVATE_LAST) || multicodec_find(v))) {
		*code = v;
		return 0;
	}
	for (i = 0; (m = multicodec_each(i)); i++) {
		if (!strcmp(m->name, text)) {
			*code = m->code;
			return 0;
		}
	}
	return err_set(ERR_NOTFOUND, "unknown multicodec: \"%s\"", text);
}

int codec_each(int i, uint64_t *code, int *usable)
{
	static const uint16_t kubo[] = { CID_CBOR, CID_RAW, CID_DAG_PB, CID_DAG_CBOR,
					 CID_LIBP2P_KEY, CID_GIT_RAW, 0x85 /* dag-jose */,
					 CID_DAG_JSON, CID_JSON };
	const struct multicodec *m;
	size_t j;
	int k;

	for (k = 0; i >= 0 && (m = multicodec_each(k)); k++) {
		if (m->kind != MULTICODEC_IPLD || i-- > 0)
			continue;
		*code = m->code;
		*usable = 0;
		for (j = 0; j < sizeof kubo / sizeof *kubo; j++)
			*usable |= kubo[j] == m->code;
		return 1;
	}
	return 0;
}
