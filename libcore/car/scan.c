/* scan.c - a table of an archive that has no index */
#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "file_priv.h"
#include "index_priv.h"

int scan_id(const struct cid *cid, uint8_t id[SCAN_ID])
{
	struct cid one;
	int rc = 0;

	/* links name blocks by whatever codec and version they like: the multihash counts */
	if (cid->version != 1 || cid->codec != CID_RAW) {
		rc = cid_make_mh(&one, 1, CID_RAW, cid_mh(cid));
		cid = &one;
	}
	if (rc == 0)
		dag_id(cid, id);
	return rc;
}

static int gather(struct car_file *f, struct pile *pile)
{
	uint8_t id[SCAN_ID];
	struct span inlined;
	struct place p;
	uint64_t off;
	int rc = 0;

	for (off = f->first; rc == 0 && off < f->v2.data_size; off = p.next) {
		rc = file_section(f, off, &p);
		if (rc < 0)
			return err_add(rc, "'%s', offset %" PRIu64, f->path, f->v2.data_off + off);
		if (cid_identity(&p.cid, &inlined))
			continue;
		rc = scan_id(&p.cid, id);
		if (rc == 0)
			rc = pile_add(pile, span_of(id, sizeof id), off);
	}
	return rc;
}

/* The pile in order, in one piece. */
static int settle(struct car_file *f, struct pile *pile)
{
	uint8_t *mem = malloc(pile->n * pile->width + 1);
	uint64_t i;
	int rc = mem ? pile_read(pile) : err_nomem();

	for (i = 0; rc == 0 && i < pile->n; i++) {
		rc = pile_next(pile);
		if (rc == 0)
			memcpy(mem + i * pile->width, pile->now, pile->width);
	}
	if (rc < 0) {
		free(mem);
		return rc;
	}
	f->scan = (struct table){ .n = pile->n, .width = pile->width, .mem = mem };
	f->scanned = 1;
	return 0;
}

int car_file_scan(struct car_file *f)
{
	struct pile pile = { .width = SCAN_ID + 8 };
	int rc, cut;

	if (f->scanned)
		return 0;
	rc = gather(f, &pile);
	cut = file_cut(f);
	if (cut < 0)
		rc = cut;
	if (rc == 0)
		rc = settle(f, &pile);
	pile_clear(&pile);
	return rc;
}
