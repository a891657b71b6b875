/* apifile.c - where the RPC listens, for clients to find */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/tmpfile.h"
#include "cmd/apifile.h"

enum { TEXT_MAX = 4096 };

/* a socket may be named from where we stand, and clients stand elsewhere */
static int unix_addr(const char *path, struct buf *out)
{
	char *whole = realpath(path, NULL);
	int rc = buf_printf(out, "/unix%s", whole ? whole : path);

	free(whole);
	return rc;
}

int apifile_multiaddr(const char *address, struct buf *out)
{
	int tls = !strncmp(address, "tls:", 4), v6, any;
	const char *host, *port;
	size_t len;

	if (!strncmp(address, "unix:", 5))
		return unix_addr(address + 5, out);
	host = address + (tls ? 4 : 0);
	port = strrchr(host, ':');
	v6 = *host == '[';
	if (!port || !port[1] || (v6 && (port - host < 3 || port[-1] != ']')))
		return err_set(ERR_INVALID, "'%s' is no address", address);
	len = (size_t)(port - host) - (v6 ? 2 : 0);
	host += v6;
	any = v6 ? len == 2 && !memcmp(host, "::", 2) : len == 7 && !memcmp(host, "0.0.0.0", 7);
	return buf_printf(out, "/%s/%.*s/tcp/%s%s", v6 ? "ip6" : "ip4", any ? (v6 ? 3 : 9) : (int)len,
			  any ? (v6 ? "::1" : "127.0.0.1") : host, port + 1, tls ? "/https" : "");
}

int apifile_check(const char *path)
{
	struct tmpfile t;
	int rc = tmpfile_open(&t, AT_FDCWD, path, 0644);

	tmpfile_close(&t);
	return rc;
}

int apifile_write(struct apifile *f, const char *address)
{
	struct tmpfile t;
	int rc;

	if (!f->path || f->text.len)
		return 0;
	f->text = BUF_INIT(TEXT_MAX);
	rc = apifile_multiaddr(address, &f->text);
	if (rc < 0)
		return rc;
	rc = tmpfile_open(&t, AT_FDCWD, f->path, 0644);
	if (rc == 0)
		rc = io_write(t.fd, f->text.data, f->text.len, f->path);
	if (rc == 0)
		rc = tmpfile_commit(&t, 0);
	tmpfile_close(&t);
	return rc;
}

void apifile_end(struct apifile *f)
{
	struct buf now = BUF_INIT(TEXT_MAX);

	if (f->text.len && io_slurp_file(AT_FDCWD, f->path, &now) == 0 && span_equal(buf_span(&now), buf_span(&f->text)))
		unlink(f->path);
	buf_clear(&now);
	buf_clear(&f->text);
}
