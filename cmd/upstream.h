/*
 * upstream.h - the option -g of programs that read: what is not in the store is fetched from gateways and kept.
 * ipfrs-fetch does that, started at the first miss; so nothing is loaded for it, and nothing happens without -g.
 */
#ifndef CMD_UPSTREAM_H
#define CMD_UPSTREAM_H

#include "dag/dag.h"
#include "store/store.h"

#define CMD_OPT_G { 'g', "url", "fetch what is not here from this gateway (-: from those of fetch.gateways)" }

void cmd_gateway(const char *url);	/* for -g, which may be repeated */
/* cmd_source - the store, and with -g the gateways behind it; lives until cmd_source_end.  Ends the program when memory
 * runs out. */
struct dag_source *cmd_source(struct store *st);
/* cmd_path - what a path "/ipns/…" stands for, with -g as the gateways know it, else as cmd_name; any other path as it is.  *out is valid until the next call. */
int cmd_path(const char *path, const char **out);
/* cmd_source_end - before the store is closed: waits until what was fetched is safe. */
void cmd_source_end(void);

#endif
