/*
 * fetchcar_fuzz - an archive from a gateway, in pieces, and an answer of the DNS about a DNSLink.
 * The first byte says which, and how long the pieces are.  What is stored hashes to its name, and no more than the
 * root leads to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer/fetch/fetch_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store *st;
static struct fetch *f;
static struct cid root;

static void start(void)
{
	static const char *const gateways[] = { "http://127.0.0.1:1" };
	static char dir[] = "/tmp/ipfrs-fuzz.XXXXXX";
	struct fetch_opts o;
	char command[64];

	fetch_opts_init(&o);
	o.gateways = gateways;
	o.n_gateways = 1;
	o.block_max = 4096;
	/* the root of the seeds */
	if (cid_parse(span_str("bafkreigmq5xizaiytnzog2eis6ammibnlrwftblc6e5ptw4tertcq7ovzu"), &root, NULL) < 0)
		abort();
	if (!mkdtemp(dir) || store_init(dir, "") < 0 || store_open(&st, dir, STORE_WRITE) < 0 ||
	    fetch_new(&f, st, &o) < 0)
		abort();
	/* it stays usable while it is open */
	snprintf(command, sizeof command, "rm -rf %s", dir);
	if (system(command) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf value = BUF_INIT(4096);
	struct take *t = NULL;
	size_t step, n;
	int64_t ttl;
	int rc;

	if (!st)
		start();
	if (size < 1)
		return 0;
	if (data[0] & 0x80) {
		rc = dns_link_answer(data + 1, size - 1, &value, &ttl);
		if (rc != (value.len > 0) && !(rc < 0 && value.len == 0))
			abort();
		buf_clear(&value);
		return 0;
	}
	step = (size_t)data[0] + 1;
	data++;
	size--;
	rc = take_new(&t, f, &root);
	while (rc == 0 && size) {
		n = size < step ? size : step;
		rc = take_bytes(t, span_of(data, n));
		data += n;
		size -= n;
	}
	if (t && take_stored(t) > 1)	/* the root is a leaf */
		abort();
	take_free(t);
	store_rollback(st);
	f->fatal = 0;
	f->uncommitted = 0;
	return 0;
}
