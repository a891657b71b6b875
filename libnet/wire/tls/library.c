/* library.c - GnuTLS, loaded by the processes that speak TLS, when they begin to */
#include <dlfcn.h>
#include <stddef.h>

#include "base/err.h"
#include "tls_priv.h"

#define SONAME "libgnutls.so.30"		/* the number is that of the headers' ABI: GnuTLS 3.6 and later */

struct tls_library gnutls;

static const struct {
	const char *name;
	size_t at;
} calls[] = {
#define X(name) { "gnutls_" #name, offsetof(struct tls_library, name) },
	TLS_LIBRARY(X)
#undef X
};

int tls_load(void)
{
	static int loaded;
	void *lib, *call;
	size_t i;

	if (loaded)
		return 0;
	lib = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	for (i = 0; lib && i < sizeof calls / sizeof *calls; i++) {
		call = dlsym(lib, calls[i].name);
		if (!call)
			break;
		memcpy((char *)&gnutls + calls[i].at, &call, sizeof call);
	}
	if (!lib || i < sizeof calls / sizeof *calls)
		return err_set(ERR_UNSUPPORTED, "TLS wants GnuTLS: %s", dlerror());
	loaded = 1;
	return 0;
}
