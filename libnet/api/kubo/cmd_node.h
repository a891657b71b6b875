/* cmd_node.h - the commands of the node are in several files; what the table knows them by */
#ifndef API_KUBO_CMD_NODE_H
#define API_KUBO_CMD_NODE_H

#include "kubo_priv.h"

/* ---- cmd_node.c ---- */
#define AGENT "kubo/" KUBO_VERSION "/ipfrs-" IPFRS_VERSION

/* ---- cmd_tree.c ---- */
int tree_commands(struct call *c);

/* ---- cmd_diag.c ---- */
int diag_sys(struct call *c);
int diag_cmds(struct call *c);
int diag_clear(struct call *c);
int diag_set_time(struct call *c);
int diag_healthy(struct call *c);

/* ---- cmd_log.c ---- */
int log_cmd_level(struct call *c);
int log_cmd_ls(struct call *c);
int log_cmd_tail(struct call *c);

/* node_offline - what needs peers */
int node_offline(struct call *c);
/* node_system - "amd64/linux", as Go calls it; arch alone without os */
const char *node_arch(void);

#endif
