/*
 * conf.h - the document that is Kubo's config file: defaults, what the store's settings say, and over them kubo.json.
 * The file stands in the folder token/ of the store, which the RPC may write, and which nobody else may read: it holds
 * API.Authorizations.  It says only what differs.
 */
#ifndef API_KUBO_CONF_H
#define API_KUBO_CONF_H

#include "kubo_priv.h"

#define CONF_FILE "token/kubo.json"

/* conf_read - the file of the store at `path` as a map; an empty one when there is none.  The node borrows from text. */
int conf_read(const char *path, struct buf *text, struct node *nd);

/* A document: what the file says over what holds without it. */
struct conf {
	struct buf file_text, base_text;
	struct node file, base, all;
};
int conf_open(struct call *c, struct conf *d);	/* conf_close in any case */
void conf_close(struct conf *d);

/* conf_find - what the key "A.b.c" names in the value at *at: 1 and *at; 0; ERR_NOTFOUND and Kubo's words. */
int conf_find(const struct node *nd, const char *key, size_t *at);

/* conf_merge - `over` over `under`: maps are joined, all else is replaced; appended to `out`, which borrows from both.
 * CONF_NONE: nothing is there. */
enum conf_lists { CONF_REPLACE, CONF_UNITE, CONF_SUBTRACT };
#define CONF_NONE SIZE_MAX
int conf_merge(struct node *out, const struct node *under, size_t u, const struct node *over, size_t o,
	       enum conf_lists how);
/* conf_set - the map at `at` of nd (or CONF_NONE) with the value behind the key; appended to `out`. */
int conf_set(struct node *out, const struct node *nd, size_t at, const char *key, const struct node *value, size_t v);
int conf_copy(struct node *out, const struct node *nd, size_t at);

/* conf_put - append as JSON: keys sorted; indent -1: without white space, else as encoding/json's MarshalIndent with two
 * blanks, begun so many levels deep. */
int conf_put(const struct node *nd, size_t at, int indent, struct buf *out);

/* conf_scrub - a copy without what is secret: API.Authorizations, the keys of pinning services, Identity.PrivKey. */
int conf_scrub(struct node *out, const struct node *nd);

/*
 * conf_edit - change the file: `edit` makes its new content of the document.  It returns 1, 0: the file stays, or an error.
 * Nobody else changes it meanwhile; the new file is there whole, and durable, or not at all.
 */
int conf_edit(struct call *c, int (*edit)(void *arg, const struct conf *d, struct node *out), void *arg);

/* conf_base - what holds without the file, as JSON. */
int conf_base(struct call *c, struct buf *json);

/* ---- cmd_config.c, cmd_bootstrap.c ---- */
int bootstrap_list(struct call *c);
int bootstrap_add(struct call *c);
int bootstrap_rm(struct call *c);
int bootstrap_rm_all(struct call *c);
int config_profile_apply(struct call *c);

#endif
