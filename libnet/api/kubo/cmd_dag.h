/* cmd_dag.h - what is in cmd_dag_car.c: archives in and out */
#ifndef API_KUBO_CMD_DAG_H
#define API_KUBO_CMD_DAG_H

#include "call.h"

int dag_import(struct call *c);
int dag_export(struct call *c);

#endif
