/*
 * archive_priv.h - records of an archive's entries, which reading makes, links turn into files, and
 * building uses up (inside ops only).
 */
#ifndef OPS_ARCHIVE_PRIV_H
#define OPS_ARCHIVE_PRIV_H

#include "base/spill.h"
#include "ops/add_priv.h"
#include "tar/tar.h"

enum { ARCH_SPILL_MEM = 4 * 1024 * 1024, ARCH_RECORD = 3 * TAR_PATH_MAX + 1024 };

enum arch_kind {
	ARCH_FILE, ARCH_DIR,		/* ARCH_FILE: also symlinks; there is a node */
	ARCH_LINK,			/* a hard link not yet looked up */
	ARCH_DATA			/* data that came with a later link: they are the file's */
};

/* As bytes: u32 length of path, path, u64 ~num, u8 kind, then by kind.  The number is turned around so
 * that the latest comes first. */
struct record {
	struct span path;		/* "" the top */
	uint64_t num;			/* of the entry in the archive */
	enum arch_kind kind;
	struct unixfs_meta meta;	/* ARCH_DIR */
	struct unixfs_node node;	/* ARCH_FILE, ARCH_DATA */
	struct span target;		/* ARCH_LINK */
};

struct arch {
	struct adder *a;
	const char *what;
	struct tar_reader *r;
	struct spill *all, *links;	/* all records; links once more, under what they point to */
	struct buf rec;
	uint64_t num, n_links;
	/* the first bytes of an entry, read ahead */
	uint8_t *first;
	size_t have, used;
};

/* arch_path_cmp - byte order, but what is below a name stands right behind it; arch_cmp - of records, the
 * latest of one path first. */
int arch_path_cmp(struct span a, struct span b);
int arch_cmp(struct span a, struct span b);

/* arch_record - make one of *r, arch_keep - and add it; arch_get - take one apart. */
int arch_record(struct buf *out, const struct record *r);
int arch_keep(struct arch *x, struct spill *s, const struct record *r);
int arch_get(struct span bytes, struct record *r);

/* The records of one path, latest first: what the path was at each time. */
struct group {
	struct unixfs_node data;	/* that came later, for the next file below */
	int have_data;
};
/* arch_settle - the node of a file, with data that came later. */
void arch_settle(struct group *g, struct record *r);

/* arch_resolve - replace all hard links by the files they point to: the last entry of that path before
 * the link.  ERR_INVALID: there is none; ERR_LIMIT: too many links to links. */
int arch_resolve(struct arch *x);

/* where spills go */
const char *arch_tmpdir(const struct arch *x);

#endif
