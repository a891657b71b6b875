/*
 * place_priv.h - directories built from paths that come in order (inside ops only).
 *
 * Entries are placed by the path below one top, sorted as arch_path_cmp does: what is below a name right
 * behind it.  Folders nobody spoke of are made.  One folder a level is open.
 */
#ifndef OPS_PLACE_PRIV_H
#define OPS_PLACE_PRIV_H

#include "ops/add_priv.h"

struct place {
	struct adder *a;
	const char *what;		/* for messages */
	const char *shown;		/* entries are told below it; "": by their own path */
	int only_dirs;			/* tell no others */
	struct place_open *open;
	int n, cap;
	struct buf path;		/* of the deepest open directory */
	struct buf text;
	struct unixfs_node root;
};

void place_init(struct place *p, struct adder *a, const char *what, const char *shown);
void place_clear(struct place *p);
/* place_top - `dir`, taken in any case, is the top. */
int place_top(struct place *p, struct unixfs_dir *dir);
/* place_dir - a directory with metadata ("": the top, before everything); place_node - something else.
 * ERR_LIMIT: deeper than ops_add.depth_max. */
int place_dir(struct place *p, struct span path, const struct unixfs_meta *of);
int place_node(struct place *p, struct span path, const struct unixfs_node *node);
/* place_end - the top is complete. */
int place_end(struct place *p, struct unixfs_node *out);

#endif
