/*
 * style_priv.h - how our pages look.
 */
#ifndef API_GATEWAY_STYLE_PRIV_H
#define API_GATEWAY_STYLE_PRIV_H

extern const char gw_style[];

#endif
