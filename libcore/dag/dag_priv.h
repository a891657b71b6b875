/* dag_priv.h - what the files of this room share */
#ifndef DAG_DAG_PRIV_H
#define DAG_DAG_PRIV_H

#include "dag/dag.h"

/* tap_identity - tell a tap, and those below it, of an identity block; 0 for other sources. */
int tap_identity(struct dag_source *s, const struct cid *cid, struct span bytes);

/* dag_keyed - as dag_id, of any bytes. */
void dag_keyed(struct span bytes, uint8_t id[16]);

#endif
