/* remote.h - the pinning services of the configuration: Pinning.RemoteServices */
#ifndef API_KUBO_REMOTE_H
#define API_KUBO_REMOTE_H

#include "conf.h"

struct service {
	char *name, *endpoint, *key;
};
void service_clear(struct service *s);		/* wipes the key */

/* service_find - ERR_NOTFOUND: "service not known".  service_each - in the order of their names; a nonzero return stops and
 * is returned. */
int service_find(struct call *c, const char *name, struct service *s);
int service_each(struct call *c, int (*fn)(void *arg, const struct service *s), void *arg);
/* service_add - ERR_EXISTS: "service already present"; ERR_USAGE: not an endpoint.  service_rm - also when there is none. */
int service_add(struct call *c, const char *name, const char *endpoint, const char *key);
int service_rm(struct call *c, const char *name);

#endif
