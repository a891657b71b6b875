/* npz.c - NumPy's .npz: a ZIP archive of .npy members */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/utf8.h"
#include "npy_priv.h"
#include "zip_priv.h"

/* What is done for all members. */
struct npz {
	struct tensor_set *set;
	struct tensor_in *in;
	struct ranges places;		/* of members */
};

/* ---- one member ---- */

/* the bytes of a member, as npy_head wants them */
struct bytes {
	struct tensor_in *in;
	uint64_t off;
	struct member *member;		/* of a deflated one */
};

static int bytes_read(void *arg, void *p, size_t len)
{
	struct bytes *b = arg;
	int rc;

	if (b->member)
		return member_read(b->member, p, len);
	rc = b->in->read(b->in, b->off, p, len);
	b->off += len;
	return rc;
}

/* its head; `t` has where the bytes of the member are */
static int member_head(struct npz *z, const struct zip_entry *e, const struct tensor_info *t, struct npy *n)
{
	struct bytes b = { .in = z->in, .off = t->off };
	int rc = t->deflated ? member_open(&b.member, z->in, t) : 0;

	*n = (struct npy){ .head = 0 };
	if (rc == 0)
		rc = npy_head(n, e->plain, bytes_read, &b);
	member_close(b.member);
	if (rc == 0 && !n->object && n->info.len != e->plain - n->head)
		return err_set(ERR_INVALID, "MetadataIncompleteBuffer: %" PRIu64 " bytes behind the array",
			       e->plain - n->head - n->info.len);
	return rc;
}

static int member_row(struct npz *z, const struct zip_entry *e, uint64_t data, struct span name)
{
	struct tensor_info t = { .off = data, .packed = e->packed, .len = e->plain, .crc = e->crc };
	char quoted[QUOTED_MAX];
	struct npy n;
	int rc;

	t.deflated = e->method == ZIP_DEFLATED;
	rc = member_head(z, e, &t, &n);
	if (rc == 0 && n.object) {
		log_warn("tensor", "member %s has Python objects (pickle), which are never read: left out",
			 quoted_name(name, quoted));
	} else if (rc == 0) {
		n.info.name = name;
		n.info.off = t.deflated ? data : data + n.head;
		n.info.packed = t.deflated ? e->packed : n.info.len;
		n.info.deflated = t.deflated;
		n.info.skip = t.deflated ? n.head : 0;
		n.info.crc = t.deflated ? e->crc : 0;
		rc = table_add(z->set->rows, &n.info);
	}
	npy_clear(&n);
	return rc;
}

static int member(struct npz *z, const struct zip_entry *e, uint64_t limit)
{
	static const char ending[] = ".npy";
	struct span name = buf_span(&e->name);
	size_t n = sizeof ending - 1;
	char quoted[QUOTED_MAX];
	uint64_t data;
	int rc;

	if (name.len < n || memcmp(name.p + name.len - n, ending, n))
		return 0;
	if (!utf8_valid(name) || memchr(name.p, 0, name.len))
		return err_set(ERR_INVALID, "InvalidHeader: member %s has a name that is no text", quoted_name(name, quoted));
	rc = zip_locate(z->in, e, limit, &data);
	if (rc == 0)
		rc = ranges_add(&z->places, e->off, data + e->packed, name);
	if (rc == 0)
		rc = member_row(z, e, data, span_of(name.p, name.len - n));
	return rc < 0 ? class_add(rc, "member", name) : 0;
}

/* ---- the archive ---- */

static int each_member(struct npz *z)
{
	struct zip_entry e = { .name = BUF_INIT(UINT16_MAX), .extra = BUF_INIT(UINT16_MAX) };
	struct zip_dir d;
	struct feed *f = malloc(sizeof *f);
	uint64_t i;
	int rc = f ? zip_dir_find(z->in, &d) : err_nomem();

	if (rc == 0)
		feed_start(f, z->in, d.off, d.off + d.len);
	for (i = 0; rc == 0 && i < d.n; i++) {
		rc = zip_next(f, &e);
		if (rc == 0)
			rc = member(z, &e, d.off);
	}
	if (rc == 0 && feed_left(f))
		rc = err_set(ERR_INVALID, "InvalidHeader: bytes behind the last of %" PRIu64 " members of the directory",
			     d.n);
	buf_clear(&e.extra);
	buf_clear(&e.name);
	free(f);
	return rc;
}

static int npz_read(struct tensor_set *set, struct tensor_in *in)
{
	struct npz z = { .set = set, .in = in };
	int rc = ranges_new(&z.places, "member", set->tmpdir);

	if (rc == 0)
		rc = each_member(&z);
	if (rc == 0)
		rc = ranges_check(&z.places, in->size);
	ranges_free(&z.places);
	return rc;
}

static int npz_looks(struct span head, uint64_t size)
{
	return size != TENSOR_UNSIZED && head.len >= 4 &&
	       (!memcmp(head.p, "PK\3\4", 4) || !memcmp(head.p, "PK\5\6", 4));
}

const struct tensor_format tensor_npz = { .looks = npz_looks, .read = npz_read };
