/*
 * dag_diff_priv.h - what the two halves of the comparison share: blocks, and values inside them.
 */
#ifndef OPS_DAG_DIFF_PRIV_H
#define OPS_DAG_DIFF_PRIV_H

#include "ops/dag.h"
#include "ops/dag_stash.h"

struct diff {
	const struct ops_dag_diff *o;
	struct dag_source *src;
	struct stash work;		/* pairs to be compared, as records */
	struct frame *frame;		/* the pairs we are in, the roots first */
	int n, cap;
	struct buf path, rec, a, b;	/* where we are; a record; the two blocks */
	uint64_t told;
	int idle;			/* pairs since something was told */
	int stop;			/* fn does not want to hear more */
};

/* diff_enter, diff_leave - a segment of the path more; leave takes what enter gave. */
int diff_enter(struct diff *d, struct span segment, size_t *mark);
void diff_leave(struct diff *d, size_t mark);
int diff_tell(struct diff *d, enum ops_dag_change_kind kind, struct ops_dag_side from,
	      struct ops_dag_side to);
/* diff_links - two links at the same place: equal, told at once, or to be compared later. */
int diff_links(struct diff *d, const struct cid *from, const struct cid *to);

/* diff_later - two things whose CIDs differ, at the place where we are: whole ones, or shards at the same
 * place of two HAMT directories. */
enum pair_kind { PAIR_NODES, PAIR_SHARDS };
int diff_later(struct diff *d, enum pair_kind kind, const struct cid *from, const struct cid *to);
/* diff_whole - tell what is only on one side; when asked to, with what is below. */
int diff_whole(struct diff *d, enum ops_dag_change_kind kind, const struct cid *cid);

/* Two directories: both with links by name, both HAMT shards of one fanout, or any other two.  What is equal
 * is told of by nobody. */
struct diff_dir {
	const struct cid *cid;
	const struct pb_node *pb;
	uint64_t fanout;		/* of a HAMT; 0: links by name */
};
int diff_named(struct diff *d, const struct diff_dir *from, const struct diff_dir *to);
int diff_shards(struct diff *d, const struct diff_dir *from, const struct diff_dir *to);
int diff_mixed(struct diff *d, const struct diff_dir *from, const struct diff_dir *to);

/* diff_values - two values inside blocks; tells at least once unless they are equal or links to be
 * compared later. */
int diff_values(struct diff *d, const struct node *from, size_t at, const struct node *to, size_t bt);

#endif
