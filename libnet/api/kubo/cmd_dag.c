/* cmd_dag.c */
#include "call.h"

const struct command kubo_dag_commands[] = {
	{ NULL }
};
