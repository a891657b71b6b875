/* err.c - the thread's last message, and the status table */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { ERR_TEXT_MAX = 2048 };

static _Thread_local char err_buf[ERR_TEXT_MAX];

static const struct {
	const char *name, *text;
	int exit, http, grpc;
} err_rows[] = {
	[ERR_INDEX_NONE] = { "OK", "success", 0, 200, 0 },
#define X(name, e, h, g, text) [ERR_INDEX_##name] = { #name, text, e, h, g },
	ERR_TABLE(X)
#undef X
};

static int err_row(int code)
{
	if (code >= 0)
		return ERR_INDEX_NONE;
	return -code < ERR_INDEX_END ? -code : ERR_INDEX_IO;
}

int err_set(int code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];	/* the arguments may point into err_buf */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	memcpy(err_buf, text, strlen(text) + 1);
	return code;
}

int err_add(int code, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	size_t len, tail = strlen(err_text());
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text - 2, fmt, ap);
	va_end(ap);
	len = strlen(text);
	memcpy(text + len, ": ", 2);
	len += 2;
	if (tail > sizeof text - len - 1)
		tail = sizeof text - len - 1;
	memcpy(text + len, err_text(), tail);
	text[len + tail] = 0;
	memcpy(err_buf, text, len + tail + 1);
	return code;
}

static int err_from_errno(int e)
{
	switch (e) {
	case ENOENT: case ENOTDIR: return ERR_NOTFOUND;
	case EEXIST: return ERR_EXISTS;
	case EACCES: case EPERM: case EROFS: return ERR_DENIED;
	case ENOSPC: case EDQUOT: case EFBIG: return ERR_NOSPACE;
	case ENOMEM: return ERR_NOMEM;
	case EAGAIN:
#if EWOULDBLOCK != EAGAIN
	case EWOULDBLOCK:
#endif
		return ERR_BUSY;
	case EINTR: return ERR_INTERRUPTED;
	case ETIMEDOUT: return ERR_TIMEOUT;
	default: return ERR_IO;
	}
}

int err_sys(const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	int e = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(err_from_errno(e), "%s: %s", text, strerror(e));
}

int err_nomem(void)
{
	return err_set(ERR_NOMEM, "out of memory");
}

const char *err_text(void)
{
	return err_buf[0] ? err_buf : "unknown error";
}

int err_exit(int code) { return err_rows[err_row(code)].exit; }
int err_http(int code) { return err_rows[err_row(code)].http; }
int err_grpc(int code) { return err_rows[err_row(code)].grpc; }
const char *err_name(int code) { return err_rows[err_row(code)].name; }
