/* pax.c - heads of entries in the pax format, IEEE 1003.1 "pax Interchange Format" and "ustar Interchange Format".
 * libarchive has one, too, but ends the names of directories with a slash, which readers that look for a root of one
 * name do not take. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "tar/tar_priv.h"

enum { NAME_LEN = 100, PREFIX_LEN = 155 };
static const uint64_t most = 077777777777;	/* what eleven digits hold */

struct ustar {
	char name[NAME_LEN], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[NAME_LEN];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[PREFIX_LEN], rest[12];
};
_Static_assert(sizeof(struct ustar) == PAX_BLOCK, "a head is a block");

/* digits up to the NUL at the end of the field */
static void octal(char *field, size_t len, uint64_t v)
{
	field[--len] = 0;
	for (; len; v >>= 3)
		field[--len] = (char)('0' + (v & 7));
}

static int is_plain(const char *s)
{
	for (; *s; s++)
		if (*s < 0x20 || *s > 0x7e)
			return 0;
	return 1;
}

/* where a path is cut into prefix and name: at a slash, or 0: it need not be.  -1: it does not fit */
static int cut(const char *path)
{
	size_t len = strlen(path);
	const char *p;

	if (len <= NAME_LEN)
		return 0;
	p = strchr(path + len - NAME_LEN - 1, '/');
	return p && p[1] && p > path && p - path <= PREFIX_LEN ? (int)(p - path) : -1;
}

/* IEEE 1003.1, "pax Extended Header": the length counts itself */
static int record(struct buf *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3;
	size_t len = rest + (size_t)snprintf(NULL, 0, "%zu", rest);

	len = rest + (size_t)snprintf(NULL, 0, "%zu", len);
	return buf_printf(out, "%zu %s=%s\n", len, key, value);
}

static int time_record(struct buf *out, const struct unixfs_meta *m)
{
	/* -1 s and 250,000,000 ns is -0.75 */
	int down = m->mtime < 0 && m->nsec;
	int64_t sec = m->mtime + down;
	uint32_t nsec = down ? 1000000000 - m->nsec : m->nsec;
	char text[48];
	int n;

	n = snprintf(text, sizeof text, "%s%" PRId64, down && sec == 0 ? "-" : "", sec);
	if (nsec) {
		n += snprintf(text + n, sizeof text - (size_t)n, ".%09" PRIu32, nsec);
		while (text[n - 1] == '0')
			text[--n] = 0;
	}
	return record(out, "mtime", text);
}

/* what the head cannot hold */
static int records(struct buf *out, const struct tar_entry *e, uint64_t size)
{
	const struct unixfs_meta *m = &e->meta;
	char text[24];
	int rc = 0;

	/* values are UTF-8, if nothing else is said in front of them */
	if (!utf8_valid(span_str(e->path)) || (e->link && !utf8_valid(span_str(e->link))))
		rc = record(out, "hdrcharset", "BINARY");
	if (rc == 0 && (!is_plain(e->path) || cut(e->path) < 0))
		rc = record(out, "path", e->path);
	if (rc == 0 && e->link && (!is_plain(e->link) || strlen(e->link) > NAME_LEN))
		rc = record(out, "linkpath", e->link);
	if (rc == 0 && size > most) {
		snprintf(text, sizeof text, "%" PRIu64, size);
		rc = record(out, "size", text);
	}
	if (rc == 0 && m->has_mtime && (m->nsec || m->mtime < 0 || (uint64_t)m->mtime > most))
		rc = time_record(out, m);
	return rc;
}

static void copy(char *field, size_t room, const char *s, size_t len)
{
	memcpy(field, s, len < room ? len : room);
}

static int head(struct buf *out, const struct tar_entry *e, uint64_t size, char type, unsigned mode)
{
	struct ustar h = { .magic = "ustar", .version = { '0', '0' }, .type = type };
	const struct unixfs_meta *m = &e->meta;
	int at = cut(e->path);
	unsigned sum = 0;
	size_t i;

	if (at > 0)
		copy(h.prefix, sizeof h.prefix, e->path, (size_t)at);
	at = at > 0 ? at + 1 : 0;
	copy(h.name, sizeof h.name, e->path + at, strlen(e->path + at));
	if (e->link)
		copy(h.link, sizeof h.link, e->link, strlen(e->link));
	octal(h.mode, sizeof h.mode, mode);
	octal(h.uid, sizeof h.uid, 0);
	octal(h.gid, sizeof h.gid, 0);
	octal(h.size, sizeof h.size, size > most ? 0 : size);
	octal(h.mtime, sizeof h.mtime, m->has_mtime && m->mtime >= 0 && (uint64_t)m->mtime <= most ? (uint64_t)m->mtime : 0);
	octal(h.major, sizeof h.major, 0);
	octal(h.minor, sizeof h.minor, 0);
	memset(h.sum, ' ', sizeof h.sum);
	for (i = 0; i < sizeof h; i++)
		sum += ((unsigned char *)&h)[i];
	octal(h.sum, 7, sum);			/* six digits, NUL, blank */
	return buf_bytes(out, &h, sizeof h);
}

int pax_pad(struct buf *out, uint64_t size)
{
	static const char zero[PAX_BLOCK];

	return buf_bytes(out, zero, (size_t)(-size % PAX_BLOCK));
}

int pax_head(struct buf *out, const struct tar_entry *e, uint64_t size, unsigned mode)
{
	static const char types[] = { '0', '5', '2', '1' };
	const struct tar_entry more = { .path = "PaxHeaders.0/entry" };
	struct buf text = BUF_INIT(4 * TAR_PATH_MAX);
	int rc = records(&text, e, size);

	if (rc == 0 && text.len) {
		rc = head(out, &more, text.len, 'x', 0644);
		if (rc == 0)
			rc = buf_add(out, buf_span(&text));
		if (rc == 0)
			rc = pax_pad(out, text.len);
	}
	buf_clear(&text);
	return rc < 0 ? rc : head(out, e, size, types[e->kind], mode);
}
