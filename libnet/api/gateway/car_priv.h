/* car_priv.h - which blocks a CAR is to hold (reference 8.5) */
#ifndef API_GATEWAY_CAR_PRIV_H
#define API_GATEWAY_CAR_PRIV_H

#include "gateway_priv.h"

enum car_scope { CAR_BLOCK, CAR_ENTITY, CAR_ALL };

struct car_wish {
	enum car_scope scope;
	int ranged;			/* only what these bytes of the entity need */
	int64_t from, to;		/* both inclusive; negative: from its end */
	int to_end;			/* `to` is "*" */
	int dups;			/* a block as often as it is met */
	int any_order;			/* "unk" was asked for: what is sent is dfs all the same */
};

/* car_wish - from the URL and, parameter by parameter where that says nothing, from Accept.  0 or ERR_USAGE. */
int car_wish(struct gw_ask *a, struct car_wish *w);
/* car_bytes - "from:to"; 0 or ERR_USAGE.  car_range - the same of an entity of `size` bytes.  1; 0: no byte of it is
 * meant, but something near it; ERR_USAGE: the whole of it lies behind the end. */
int car_bytes(struct span text, struct car_wish *w);
int car_range(const struct car_wish *w, uint64_t size, uint64_t *off, uint64_t *len);

#endif
