/*
 * sniff_priv.h - is this JSON?
 */
#ifndef API_GATEWAY_SNIFF_PRIV_H
#define API_GATEWAY_SNIFF_PRIV_H

#include "gateway_priv.h"

/* gw_json_begins - 1: the bytes are one JSON text (RFC 8259), at most GW_SNIFF of them; cut: the bytes may be
 * its beginning. */
int gw_json_begins(struct span s, int cut);

#endif
